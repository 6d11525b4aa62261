"""The fleet as JSON, `"schema": "maildoctor-fleet/1"`: fleet.schema.json describes it."""

import json
from dataclasses import asdict

from maildoctor import __version__
from maildoctor.fleet.summary import WORST_FIRST, Fleet
from maildoctor.render.escape import unicode
from maildoctor.render.style import Style

SCHEMA = "maildoctor-fleet/1"


def render(fleet: Fleet, style: Style | None = None) -> str:
    """All of it, in pure ASCII."""
    document = {
        "schema": SCHEMA,
        "tool": {"name": "maildoctor", "version": __version__},
        "summary": {
            "hosts": len(fleet.hosts),
            "verdicts": {code or "in_part": fleet.having(code) for code in WORST_FIRST},
            "problems": len(fleet.problems),
        },
        "hosts": [asdict(host) for host in fleet.hosts],
        "causes": [asdict(cause) for cause in fleet.causes],
        "differences": [
            {
                "name": one.name,
                "usual": one.usual,
                "hosts": one.count,
                "others": [{"value": value, "hosts": hosts} for value, hosts in one.others],
            }
            for one in fleet.differences
        ],
        "problems": [asdict(problem) for problem in fleet.problems],
    }
    text = json.dumps(document, indent=2, ensure_ascii=True, default=list)
    return unicode(text).replace("\x7f", "\\u007f") + "\n"

"""`maildoctor list`: all checks."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

from maildoctor.check import Check
from maildoctor.cli import options as shared
from maildoctor.cli.looks import style_for
from maildoctor.cli.stdout import say
from maildoctor.engine import load_library
from maildoctor.render.escape import prose, shown
from maildoctor.render.style import Style
from maildoctor.render.text import Block, written


def parser() -> argparse.ArgumentParser:
    """The options of `list`."""
    p = shared.Parser("list", "All checks: code, severity, name, title.")
    p.add_argument("--json", action="store_true", help="as JSON")
    shared.add_checks(p)
    shared.add_looks(p)
    return p


def run(words: Sequence[str]) -> int:
    """Print the list."""
    options = shared.read(parser(), words)
    checks = load_library(options.checks).checks
    if options.json:
        say(json.dumps({"checks": [_plain(check) for check in checks]}, indent=2) + "\n")
    else:
        style = style_for(sys.stdout, options)
        say(written(_table(checks, style), style))
    return 0


def _plain(check: Check) -> dict[str, str]:
    return {"code": check.code, "severity": check.severity, "name": check.name, "title": check.title}


def _table(checks: Sequence[Check], style: Style) -> Iterator[Block]:
    rows = [(check, shown(f"{check.code:8} {check.severity:8} {check.name}", style.ascii)) for check in checks]
    # Where a name is long, its title starts a line of its own rather than squeeze all the others.
    column = min(max((len(head) for _, head in rows), default=0), style.width // 2) + 2
    for check, head in rows:
        title = prose(check.title, style.ascii)
        if len(head) + 2 > column:
            yield Block(head, "", tone=check.severity)
            yield Block("", title, column)
        else:
            yield Block(head.ljust(column), title, tone=check.severity)

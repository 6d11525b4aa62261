"""The fleet as one HTML file, as `render/html.py` makes it of one report."""

from maildoctor.fleet.summary import Fleet
from maildoctor.fleet.text import VERDICTS, names, summed
from maildoctor.render.html import TONES, page
from maildoctor.render.style import Style


def render(fleet: Fleet, style: Style) -> str:
    """Hosts that need someone first; those that are well folded."""
    return page(
        "fleet.html.j2",
        fleet=fleet,
        summed=summed(fleet),
        tone={0: "ok", 1: "error"}.get(fleet.status, "unjudged"),
        unwell=[host for host in fleet.hosts if host.status],
        well=[host for host in fleet.hosts if not host.status],
        verdicts=VERDICTS,
        tones=TONES,
        names=names,
    )

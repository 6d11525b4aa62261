"""The ladder for a person: each rung of the way in that matters most, in a line; with -v those of every way in."""

from collections.abc import Iterator, Sequence

from maildoctor.model import Report, Route, RouteRung
from maildoctor.render.escape import shown
from maildoctor.render.style import Style, Tone

_FIRST = ("587", "465", "2525", "25")
"""Ports in the order in which they matter to users."""


def rungs(report: Report, causes: Sequence[str], style: Style) -> Iterator[tuple[str, str, Tone]]:
    """Lines as what stands before the words, the words, and their tone. `causes`: fingerprints of the causes as they
    are numbered, the first is 1."""
    routes = sorted(report.routes, key=_weight)
    kept = routes if style.verbosity > 0 else routes[:1]
    for route in kept:
        yield "", "", "plain"
        if len(routes) > 1:
            yield "  ", shown(f"{route.service} {route.listener}".strip(), style.ascii), "dim"
        for rung in route.rungs:
            word, tone = _mark(rung, causes)
            yield f"  {rung.rung:<10} {word:<3} ", _words(rung, style), tone
    if len(kept) < len(routes):
        others = ", ".join(r.listener or r.service for r in routes[1:4])
        more = f" and {len(routes) - 4} more" if len(routes) > 4 else ""
        yield "  ", shown(f"also {others}{more}: -v", style.ascii), "dim"


def _weight(route: Route) -> tuple[int, int]:
    port = route.listener.rpartition(":")[2]
    place = _FIRST.index(port) if port in _FIRST else len(_FIRST)
    return (sum(r.state != "broken" for r in route.rungs), place)


def _mark(rung: RouteRung, causes: Sequence[str]) -> tuple[str, Tone]:
    if rung.state == "holds":
        return "ok", "ok"
    if rung.state == "broken":
        return (f"x{causes.index(rung.finding) + 1}" if rung.finding in causes else "x"), "error"
    return ("?", "unjudged") if rung.state == "not_shown" else ("-", "dim")


def _words(rung: RouteRung, style: Style) -> str:
    text = rung.summary
    if rung.state == "not_shown":
        text = "not shown" + (f": {rung.would_show}" if rung.would_show else "")
    if rung.state == "not_reached":
        text = rung.summary or "not reached"
    most = max(style.width - 18, 40)
    text = shown(text, style.ascii)
    return text if len(text) <= most or style.verbosity > 0 else f"{text[: most - 4]} ..."

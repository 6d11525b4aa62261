"""The ladder for a person: each rung of the way in that matters most, in a line; with -v those of every way in."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from maildoctor.model import Report, Route, RouteRung
from maildoctor.render.escape import shown
from maildoctor.render.style import Style, Tone

_FIRST = ("587", "465", "2525", "25")
"""Ports in the order in which they matter to users."""


@dataclass(frozen=True, slots=True)
class Line:
    """The words of a line and what stands before them; `command`: they are one, to be copied whole."""

    lead: str
    text: str
    tone: Tone
    command: bool = False


def rungs(report: Report, causes: Sequence[str], style: Style) -> Iterator[Line]:
    """`causes`: fingerprints of the causes as they are numbered, the first is 1."""
    routes = by_weight(report.routes)
    kept = routes if style.verbosity > 0 else routes[:1]
    for route in kept:
        yield Line("", "", "plain")
        if len(routes) > 1:
            yield Line("  ", shown(f"{route.service} {route.listener}".strip(), style.ascii), "dim")
        for rung in route.rungs:
            word, tone = _mark(rung, causes)
            lead = f"  {rung.rung:<10} {word:<3} "
            if rung.state == "not_shown" and rung.would_show:
                yield from _with_command(lead, tone, shown(rung.would_show, style.ascii), style)
            else:
                yield Line(lead, _words(rung, style), tone)
    if len(kept) < len(routes):
        others = ", ".join(r.listener or r.service for r in routes[1:4])
        more = f" and {len(routes) - 4} more" if len(routes) > 4 else ""
        yield Line("  ", shown(f"also {others}{more}: -v", style.ascii), "dim")


def by_weight(routes: Iterable[Route]) -> list[Route]:
    """The way in that matters most first: what is broken, then by its port."""
    return sorted(routes, key=_weight)


def _with_command(lead: str, tone: Tone, command: str, style: Style) -> Iterator[Line]:
    """What would show a rung, on a line of its own where it would be broken beside the words: it is to be copied."""
    words = "not shown: "
    if len(lead) + len(words) + len(command) <= style.width:
        yield Line(lead, f"{words}{command}", tone)
    else:
        yield Line(lead, words.strip(), tone)
        yield Line(" " * 4, command, "command", command=True)


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
        text = "not shown"
    if rung.state == "not_reached":
        text = rung.summary or "not reached"
    most = max(style.width - 18, 40)
    text = shown(text, style.ascii)
    return text if len(text) <= most or style.verbosity > 0 else f"{text[: most - 4]} ..."

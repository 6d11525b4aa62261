"""The fleet for a person: hosts that need someone, causes by how many hosts they hit, what differs, the sum last."""

from collections.abc import Iterator, Sequence

from maildoctor import __version__
from maildoctor.fleet.summary import Fleet
from maildoctor.model import VerdictCode
from maildoctor.render.escape import prose, shown
from maildoctor.render.style import Style, Tone
from maildoctor.render.text import Block, mark, written

VERDICTS: dict[VerdictCode | None, str] = {
    "works": "users can log in",
    "ready": "the files are ready",
    "partly": "some users cannot log in",
    "broken": "nobody can log in",
    "not_shown": "it is not shown",
    "nothing_to_judge": "there is nothing to judge",
    None: "only a part was judged",
}
"""Verdicts on hosts, in a few words."""

_GOOD = ("works", "ready")
_FEW_HOSTS = 30
_FEW_NAMES = 5
_GAP = Block("", "")


def render(fleet: Fleet, style: Style) -> str:
    """Quiet: a line for each host that needs someone, nothing where there is none. Verbose: every host."""
    return written(_quiet(fleet, style) if style.verbosity < 0 else _whole(fleet, style), style)


def names(hosts: Sequence[str], few: int = _FEW_NAMES) -> str:
    """`a, b and 10 more`."""
    more = len(hosts) - few
    return ", ".join(hosts[:few]) + (f" and {more:,} more" if more > 0 else "")


def summed(fleet: Fleet) -> str:
    """How many hosts there are of each verdict, in a sentence."""
    counts = [f"{words} on {count:,}" for code, words in VERDICTS.items() if (count := fleet.having(code))]
    hosts = f"{len(fleet.hosts):,} {'host' if len(fleet.hosts) == 1 else 'hosts'}"
    return f"{hosts}: {', '.join(counts)}." if counts else f"{hosts}."


def _quiet(fleet: Fleet, style: Style) -> Iterator[Block]:
    for host in fleet.hosts:
        if host.status:
            yield Block("", shown(f"{host.name}: {host.sentence}", style.ascii), wrap="never")


def _whole(fleet: Fleet, style: Style) -> Iterator[Block]:
    yield Block(f"maildoctor {__version__}  ", "fleet", tone="dim")
    yield from _hosts(fleet, style)
    yield from _causes(fleet, style)
    yield from _differences(fleet, style)
    if fleet.problems:
        yield _GAP
        yield Block("", "Reports that are left out or missing:")
        for problem in fleet.problems if style.verbosity > 0 else fleet.problems[:_FEW_HOSTS]:
            text = shown(f"{problem.source}: {problem.why}", style.ascii)
            yield Block(f"{mark('unjudged', style)} ", text, tone="unjudged", wrap="fold")
        yield from _more(len(fleet.problems), style)
    yield _GAP
    unused = len(fleet.problems)
    rest = f" {unused:,} {'report is' if unused == 1 else 'reports are'} left out or missing." if unused else ""
    yield Block("", summed(fleet) + rest)


def _hosts(fleet: Fleet, style: Style) -> Iterator[Block]:
    wanted = [host for host in fleet.hosts if host.status or style.verbosity > 0]
    if not wanted:
        return
    yield _GAP
    width = min(max(len(host.name) for host in wanted), 32)
    for host in wanted if style.verbosity > 0 else wanted[:_FEW_HOSTS]:
        tone: Tone = "ok" if host.verdict in _GOOD else "error" if host.status == 1 else "unjudged"
        text = f"{host.sentence or VERDICTS[host.verdict]} {' '.join(host.causes[:_FEW_NAMES])}".strip()
        lead = f"{mark(tone, style)} {shown(host.name, style.ascii).ljust(width)}  "
        yield Block(lead, prose(text, style.ascii), tone=tone, wrap="fold")
    yield from _more(len(wanted), style)


def _causes(fleet: Fleet, style: Style) -> Iterator[Block]:
    if not fleet.causes:
        return
    yield _GAP
    yield Block("", "Causes, the most severe first, then by how many hosts have them:")
    for cause in fleet.causes if style.verbosity > 0 else fleet.causes[:_FEW_HOSTS]:
        count = f"{len(cause.hosts):>6,} {'host ' if len(cause.hosts) == 1 else 'hosts'} "
        yield Block(
            f"{count}{mark(cause.severity, style)} ",
            shown(f"{cause.code} {cause.name}: {names(cause.hosts)}", style.ascii),
            tone=cause.severity,
            wrap="fold",
        )
    yield from _more(len(fleet.causes), style)


def _differences(fleet: Fleet, style: Style) -> Iterator[Block]:
    if not fleet.differences:
        return
    yield _GAP
    yield Block("", "Hosts that differ from the others:")
    for difference in fleet.differences:
        yield Block("  ", shown(f"{difference.name}: {difference.usual} on {difference.count:,}", style.ascii))
        others = difference.others if style.verbosity > 0 else difference.others[:_FEW_NAMES]
        for value, hosts in others:
            yield Block("    ", shown(f"{value} on {names(hosts)}", style.ascii), wrap="fold")


def _more(count: int, style: Style) -> Iterator[Block]:
    if style.verbosity == 0 and count > _FEW_HOSTS:
        yield Block("", f"({count - _FEW_HOSTS:,} more; -v shows them)")

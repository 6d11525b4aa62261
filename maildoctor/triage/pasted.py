"""Lines of a log, replies of servers and what commands printed, out of a paste, beside what checks find in the rest.

A line that speaks of what a check found is evidence of that. All others count as they do in `triage`: nobody pastes a
line of which the fault is over.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from maildoctor.model import SEVERITIES, Evidence, LogRead, Ranked, Report
from maildoctor.triage.builtin import builtin
from maildoctor.triage.engine import Finds
from maildoctor.triage.judge import judge
from maildoctor.triage.judge import read as figures
from maildoctor.triage.scan import Scan
from maildoctor.triage.witness import by_rule

_MOST = 2
"""Lines that are added to one finding of a check."""
_TOP = 5
_ALONE = 60
"""Stretches that are read each alone."""


def understood(
    stretches: Iterable[tuple[int, Sequence[str]]], name: str, now: float
) -> tuple[tuple[Ranked, ...], LogRead]:
    """What the log rules make of these lines, each stretch with the number of its first line; and the figures."""
    rules = builtin().rules
    scan = Scan(rules, Finds, now)
    before = 0
    for first, lines in _laid_out(list(stretches)):
        text = "\n".join(lines).encode("utf-8", "surrogateescape") + b"\n"
        for _ in scan.feed(io.BytesIO(text), name, lines=first - 1, offset=before):
            pass
        before += len(text)
    return judge(rules, scan.seen, _TOP), figures(rules, scan.seen, _TOP)


def _laid_out(stretches: list[tuple[int, Sequence[str]]]) -> list[tuple[int, Sequence[str]]]:
    """Each alone costs a look for every needle: where there are very many, they are one, with empty lines between."""
    if len(stretches) <= _ALONE:
        return stretches
    rows: list[str] = []
    for first, lines in stretches:
        rows += [""] * (first - stretches[0][0] - len(rows))
        rows += lines
    return [(stretches[0][0], rows)]


def together(report: Report, lines: Sequence[Ranked], witnesses: Mapping[str, Sequence[str]]) -> Report:
    """The report with what the lines say. `witnesses`: as for `witness.received`."""
    speaking = by_rule(witnesses)
    stands_for: dict[str, str] = {}
    more: dict[str, list[Ranked]] = {}
    for r in lines:
        same = next((x.finding for x in report.ranked if x.finding.code in speaking.get(r.finding.code, ())), None)
        if same is not None:
            stands_for[r.finding.fingerprint] = same.fingerprint
            more.setdefault(same.fingerprint, []).append(r)
    checked = [_with(r, more.get(r.finding.fingerprint, [])) for r in report.ranked]
    said = [
        replace(r, explained_by=stands_for.get(r.explained_by or "", r.explained_by))
        for r in lines
        if r.finding.fingerprint not in stands_for
    ]
    return replace(report, ranked=_laid(checked, said))


def _with(ranked: Ranked, lines: Sequence[Ranked]) -> Ranked:
    """With the lines as evidence, and as grave as what they say: what might do harm has done it."""
    if not lines:
        return ranked
    finding = ranked.finding
    severity = min(finding.severity, *(r.finding.severity for r in lines), key=SEVERITIES.index)
    said: list[Evidence] = [e for r in lines for e in r.finding.evidence[:1]]
    return replace(ranked, finding=replace(finding, severity=severity, evidence=(*finding.evidence, *said[:_MOST])))


def _laid(checked: Sequence[Ranked], said: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """Roots by severity, those of checks before those of lines, each with what it explains behind it."""
    everything = [*checked, *said]
    known = {r.finding.fingerprint for r in everything}
    below: dict[str, list[Ranked]] = {}
    roots = []
    for r in everything:
        if r.explained_by is None or r.explained_by not in known:
            roots.append(replace(r, explained_by=None))
        else:
            below.setdefault(r.explained_by, []).append(r)
    roots.sort(key=lambda r: SEVERITIES.index(r.finding.severity))
    laid: list[Ranked] = []
    todo = roots[::-1]
    while todo:
        r = todo.pop()
        laid.append(replace(r, rank=len(laid) + 1))
        todo += below.pop(r.finding.fingerprint, [])[::-1]
    left = [r for some in below.values() for r in some]
    return (*laid, *(replace(r, rank=n) for n, r in enumerate(left, len(laid) + 1)))

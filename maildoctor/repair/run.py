"""A plan is done cause by cause; after each the host is judged again, and what did not help is taken back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from maildoctor.errors import DoctorError
from maildoctor.filesystem import State
from maildoctor.model import Report
from maildoctor.repair import steps
from maildoctor.repair.journal import Entry, Journal
from maildoctor.repair.plan import Leave, Repair, plan

Result = Literal["fixed", "waits", "unseen", "gone", "changed", "refused", "failed", "no_help", "worse"]
"""`waits`: done, and without effect before the restart or the step that is left. `unseen`: whether it is a fault could
not be judged any more. `gone`: no fault any more when its turn came. `changed`: the host is no longer as it was judged.
The last four were taken back, or not begun."""

_WORST = ("works", "ready", "partly", "not_shown", "broken", "nothing_to_judge")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one finding. `after`: the host as it is judged now; `entries`: the steps that stand; `why`: in
    words, where there is more to say."""

    repair: Repair
    result: Result
    after: Report
    entries: tuple[Entry, ...] = ()
    why: str = ""


def carried_out(
    planned: Sequence[Repair],
    leave: Leave,
    report: Report,
    examine: Callable[[], Report],
    journal: Journal,
    judged: Mapping[str, State] | None = None,
) -> Iterator[Done]:
    """Do the steps that are allowed. `judged`: what stood at the paths that they change when the host was examined for
    this report, as `steps.seen` has it. Raises JournalError where what is there cannot be kept; then nothing more is
    done."""
    allowed = [one.step for repair in planned for one in repair.steps if not one.left]
    judged = dict(judged or {})
    for repair in planned:
        if not repair.does:
            continue
        now = {m.finding.fingerprint: m for m in plan(report, leave)}.get(repair.finding.fingerprint)
        if now is None and _is_there(repair, report):
            yield Done(repair, "changed", report, why="it follows from another finding now: see maildoctor fix")
            continue
        if now is None:
            yield Done(repair, "unseen" if report.unjudged(repair.finding.code) else "gone", report)
            continue
        if now.steps != repair.steps:
            yield Done(repair, "changed", report, why="its remedy is another one now: see maildoctor fix")
            continue
        began, earlier = len(journal.entries), judged
        try:
            for one in repair.steps:
                if not one.left:
                    entry = steps.do(one.step, repair.finding.code, repair.finding.message, journal, judged)
                    # a service may write when it starts, and a package anywhere
                    anywhere = entry.restart or entry.lasting
                    judged = steps.seen(allowed) if anywhere else {**judged, **entry.after}
        except DoctorError as error:
            done = journal.entries[began:]
            why = f"{error.what}: {error.where}"
            if not isinstance(error, steps.Refused | steps.Failed):
                yield Done(repair, "failed", report, why=_and(why, _take_back(done, journal)))
                raise
            result: Result = "refused" if isinstance(error, steps.Refused) and not done else "failed"
            why = _and(why, _take_back(done, journal))
            judged = earlier
            if any(entry.restart or entry.lasting for entry in done):
                judged, report = steps.seen(allowed), examine()
            yield Done(repair, result, report, why=why)
            continue
        judged, after = steps.seen(allowed), examine()
        result, why = _judged(repair, report, after)
        entries = tuple(journal.entries[began:])
        if result in ("no_help", "worse"):
            why = _and(why, _take_back(entries, journal))
            judged, after, entries = steps.seen(allowed), examine(), ()
        report = after
        yield Done(repair, result, report, entries, why)


def _take_back(entries: Sequence[Entry], journal: Journal) -> str:
    """In words what was taken back, or what could not be, which the journal keeps; empty where nothing was done."""
    if changed := steps.changed_since(entries):
        return f"not taken back, for someone changed it meanwhile: {', '.join(changed)}"
    left = [entry.command for entry in entries if entry.lasting]
    try:
        for entry in reversed(entries):
            if entry.stage != "undone" and not entry.lasting:
                steps.take_back(entry, journal)
    except steps.Refused as error:
        return f"not all is taken back: {error.what}: {error.where}"
    try:
        steps.restart(entries, journal)
    except steps.Failed as error:
        return f"{error.where} must be done by hand, for it failed: {error.what}"
    if left:
        return f"it is not known what this changed, so it is not taken back: {'; '.join(left)}"
    return "what was done is taken back" if entries else ""


def _and(why: str, more: str) -> str:
    return f"{why}; {more}" if more else why


def _judged(repair: Repair, before: Report, after: Report) -> tuple[Result, str]:
    """Whether the steps helped: the finding is gone, and nothing worse came."""
    known = {r.finding.fingerprint for r in before.ranked}
    new = [r.finding for r in after.ranked if r.finding.severity == "error" and r.finding.fingerprint not in known]
    worse = _rank(after) > _rank(before)
    # what takes effect with a restart is seen as a daemon that is older than its files until then
    new = [f for f in new if f.rung != "program" or not repair.incomplete]
    if new and (worse or repair.finding.severity != "error"):
        return "worse", f"it brought {new[0].code}: {new[0].message}"
    if not _is_there(repair, after):
        return ("unseen", "") if after.unjudged(repair.finding.code) else ("fixed", "")
    return ("waits", "") if repair.incomplete else ("no_help", "it is still there after all its steps")


def _is_there(repair: Repair, report: Report) -> bool:
    return repair.finding.fingerprint in {r.finding.fingerprint for r in report.ranked}


def _rank(report: Report) -> int:
    return _WORST.index(report.verdict.code) if report.verdict else 0

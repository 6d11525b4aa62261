"""`maildoctor fix`: the plan of repair; with --apply it is done, judged, and taken back where it did not help."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from maildoctor import filesystem
from maildoctor.cli import options as shared
from maildoctor.cli.differences import difference
from maildoctor.cli.progress import Progress
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.signals import obeyed
from maildoctor.cli.stdout import say
from maildoctor.cli.suppressions import Entry, configured, suppressed
from maildoctor.engine import Selection, examine
from maildoctor.host.deadline import SECONDS, Deadline
from maildoctor.library import Library, load_library
from maildoctor.model import Finding, Report, Step
from maildoctor.render.escape import shown
from maildoctor.render.verdict import sentence
from maildoctor.repair.journal import FOLDER, Journal, journals, prepare
from maildoctor.repair.plan import Leave, Repair, plan
from maildoctor.repair.preview import Preview
from maildoctor.repair.run import Done, Result, carried_out
from maildoctor.repair.steps import Refused, loosened, seen
from maildoctor.triage.witness import received

_STATUS = """\
exit status:
  0  nothing is to be fixed, or all that was begun is fixed
  1  there is a plan and --apply was not given, or something is left
  2  wrong usage, or maildoctor itself failed

Nothing is changed without --apply. What was changed is kept in /var/lib/maildoctor: see maildoctor undo.
"""

_RESULTS: dict[Result, str] = {
    "fixed": "fixed",
    "waits": "done; it waits for the steps that are left",
    "unseen": "cannot tell whether it is fixed, for it was not judged: run maildoctor check",
    "gone": "was no fault any more",
    "changed": "not done: the host is no longer as it was judged",
    "refused": "not done",
    "failed": "a command failed",
    "no_help": "did not help",
    "worse": "made it worse",
}


def parser() -> argparse.ArgumentParser:
    """The options of `fix`."""
    p = shared.Parser("fix", "Show what would repair this host, in order; with --apply, do it.", _STATUS)
    p.add_argument("codes", nargs="*", metavar="CODE", help="only these findings, and their risky steps too")
    p.add_argument("--apply", action="store_true", help="do the steps that are safe, and those of the findings named")
    p.add_argument("--yes", action="store_true", help="the risky steps of all findings too")
    p.add_argument("--restart", action="store_true", help="services may be restarted")
    shared.add_checks(p)
    return p


def run(words: Sequence[str]) -> int:
    """Plan, and repair where that is asked for."""
    options = shared.read(parser(), words)
    library = load_library(options.checks)
    codes = tuple(options.codes)
    unknown = [c for c in codes if "*" not in c and c.upper() not in {check.code for check in library.checks}]
    if unknown:
        raise UsageError(f"there is no check {unknown[0]}", "CODE", "maildoctor list has them all")
    leave = Leave(codes, options.yes, options.restart)
    look = _looking(library, configured(None))
    report = look()
    planned = plan(report, leave)
    say("".join(f"{line}\n" for line in _plan(report, planned, options.apply)))
    if not options.apply:
        return 1 if planned else 0
    if not any(repair.does for repair in planned):
        return 1 if planned else 0
    return _apply(planned, leave, report, look)


def _looking(library: Library, suppressions: Sequence[Entry]) -> Callable[[], Report]:
    def look() -> Report:
        from maildoctor.host.live import Live

        host = Live()
        with Deadline(SECONDS) as deadline, Progress(wanted=True) as progress:
            report = examine(
                host, library, Selection(), progress.looking_at, deadline,
                lambda report, history: received(host, report, library.witnesses, history),
            )  # fmt: skip
        return suppressed(report, suppressions) if suppressions else report

    return look


def _plan(report: Report, planned: Sequence[Repair], applies: bool) -> Iterator[str]:
    if not planned:
        wrong = any(ranked.finding.severity != "info" for ranked in report.ranked)
        yield (
            "Nothing is to be fixed by a command: maildoctor check says what is wrong."
            if wrong
            else f"Nothing is to be fixed{_as_far(report)}. {sentence(report)}"
        )
        return
    preview = Preview()
    for number, repair in enumerate(planned, 1):
        yield f"{number}. {repair.finding.code} {shown(repair.finding.message)}"
        left: Preview | None = None  # the host with what is left too, for the steps behind it
        for one in repair.steps:
            yield f"   {'-' if one.left else '+'} {shown(one.step.command)}"
            about = (
                one.left and f"left: {one.left}",
                one.step.effect,
                "cannot be taken back by maildoctor undo" if one.step.lasting and not one.left else "",
            )
            if words := "; ".join(filter(None, about)):
                yield f"     {shown(words)}"
            if not applies:  # then it is shown once it is done
                left = left or (preview.copy() if one.left else None)
                yield from (f"     {line}" for line in _foreseen(one.step, left if one.left and left else preview))
        yield f"   {_cures(report, repair)}"
    does = sum(repair.does for repair in planned)
    yield ""
    yield from _stays(report, planned)
    if not applies:
        yield f"Nothing was changed. maildoctor fix --apply does the steps with +, for {does} of {len(planned)}."
    elif not does:
        yield "Nothing was done: every step is left, for the reason below it."


def _as_far(report: Report) -> str:
    """What must be said where not all was looked at."""
    unjudged = report.counted("not_judged")
    checks = f"{unjudged} check{'s' * (unjudged != 1)}"
    return f", as far as it was judged: {checks} could not look, see maildoctor check" if unjudged else ""


def _foreseen(step: Step, preview: Preview) -> Iterator[str]:
    """What a step will make of the host, path by path."""
    try:
        changes = preview.foreseen(step)
    except Refused as error:
        yield f"would be refused: {shown(error.what)}: {shown(error.where)}"
        return
    unknown = []
    for change in changes:
        if change.words:
            yield f"{shown(change.path)}: {shown(change.words)}" if change.path else shown(change.words)
        elif change.after is None or change.before is None:
            unknown.append(change.path)
        elif lines := list(difference(change.path, change.before, change.after)):
            yield from lines
        elif change.after.kind != "nothing":
            yield f"{shown(change.path)}: stays as it is"
    if unknown:
        yield f"changes too: {', '.join(map(shown, unknown))}"


def _cures(report: Report, repair: Repair) -> str:
    """What goes from the report once all its steps are done: the finding, and all that it explains."""
    explained = _explained(report, repair.finding.fingerprint)
    codes = ", ".join(dict.fromkeys(finding.code for finding in explained))
    what = f"{repair.finding.code}{f' and what follows from it: {codes}' if codes else ''}"
    return f"with the steps that are left it cures {what}" if repair.incomplete else f"cures {what}"


def _explained(report: Report, fingerprint: str) -> list[Finding]:
    """All findings below a cause, in the order of the report."""
    known, found = {fingerprint}, []
    for ranked in report.ranked:
        if ranked.explained_by in known:
            known.add(ranked.finding.fingerprint)
            found.append(ranked.finding)
    return found


def _stays(report: Report, planned: Sequence[Repair]) -> Iterator[str]:
    """The causes that no step of this plan is about."""
    about = {repair.finding.fingerprint for repair in planned}
    stays = [
        ranked.finding
        for ranked in report.ranked
        if ranked.explained_by is None
        and not ranked.suppressed
        and ranked.finding.severity != "info"
        and ranked.finding.fingerprint not in about
    ]
    if stays:
        yield f"Stays in the report: {', '.join(dict.fromkeys(finding.code for finding in stays))}."


def _apply(planned: Sequence[Repair], leave: Leave, report: Report, look: Callable[[], Report]) -> int:
    if os.geteuid():
        raise UsageError("only root may repair a host", "--apply", "run as root")
    allowed = [one.step for repair in planned for one in repair.steps if not one.left]
    prepare(frozenset[str]().union(*map(loosened, allowed)))
    fixed = 0
    with filesystem.locked(FOLDER) as lock, obeyed():
        if lock is None:
            raise UsageError("another maildoctor repairs this host", FOLDER, "wait for it to end")
        _whole()
        journal = Journal.new(report.started, lock)
        try:
            # the plan was made before the lock was ours: another repair may have ended in between
            judged = seen(allowed)
            after = look()
            for done in carried_out(planned, leave, after, look, journal, judged):
                after = done.after
                fixed += done.result in ("fixed", "gone")
                say("".join(f"{line}\n" for line in _result(done)))
        except BaseException:
            if journal.open:
                sys.stderr.write(f"maildoctor: broken off; maildoctor undo {journal.id} puts back what was done\n")
            raise
        journal.ended = True
        journal.save()
    say(f"\n{sentence(after)}\n")
    if any(entry.stage == "done" for entry in journal.entries):
        say(f"What was changed is kept: maildoctor undo {journal.id}\n")
    return 0 if fixed == len(planned) else 1


def _whole() -> None:
    """A run that was broken off comes first."""
    for name in journals():
        if not (before := Journal.read(name)).ended and before.open:
            raise UsageError("an earlier run was broken off", before.folder, f"maildoctor undo {name}")


def _result(done: Done) -> Iterator[str]:
    repair = done.repair
    yield f"{repair.finding.code}: {_RESULTS[done.result]}{': ' if done.why else ''}{shown(done.why)}"
    first = {path: state for entry in reversed(done.entries) for path, state in entry.before.items()}
    for path, before in first.items():
        with contextlib.suppress(OSError):
            now = filesystem.state(path, frozenset({path}))
            yield from (f"  {line}" for line in difference(path, before, now))

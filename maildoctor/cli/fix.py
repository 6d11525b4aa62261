"""`maildoctor fix`: the plan of repair; with --apply it is done, judged, and taken back where it did not help."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from maildoctor import filesystem
from maildoctor.cli import options as shared
from maildoctor.cli.progress import Progress
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.signals import obeyed
from maildoctor.cli.stdout import say
from maildoctor.cli.suppressions import Entry, configured, suppressed
from maildoctor.engine import Selection, examine
from maildoctor.host.deadline import SECONDS, Deadline
from maildoctor.library import Library, load_library
from maildoctor.model import Report
from maildoctor.render.escape import shown
from maildoctor.render.verdict import sentence
from maildoctor.repair.journal import FOLDER, Journal, journals, leaves_traces, prepare
from maildoctor.repair.plan import Leave, Repair, plan
from maildoctor.repair.run import Done, Result, carried_out
from maildoctor.repair.steps import loosened
from maildoctor.triage.witness import received

_STATUS = """\
exit status:
  0  nothing is to be fixed, or all that was begun is fixed
  1  there is a plan and --apply was not given, or something is left
  2  wrong usage, or maildoctor itself failed

Nothing is changed without --apply. What was changed is kept in /var/lib/maildoctor: see maildoctor undo.
"""

_LONGEST_DIFFERENCE = 40
"""Lines of one file's difference that are shown."""

_SETTINGS = (".cf", ".conf", ".mc")
"""How files of settings end."""

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
            else f"Nothing is to be fixed. {sentence(report)}"
        )
        return
    for number, repair in enumerate(planned, 1):
        finding = repair.finding
        yield f"{number}. {finding.code} {shown(finding.message)}"
        for one in repair.steps:
            yield f"   {'-' if one.left else '+'} {shown(one.step.command)}"
            about = [one.left and f"left: {one.left}", one.step.effect]
            about += [f"changes {', '.join(one.step.changes)}"] if one.step.changes and not one.left else []
            lasts = not one.step.changes and leaves_traces(one.step.command, restarts=one.step.kind == "restarts")
            about += ["cannot be taken back by maildoctor undo"] if lasts and not one.left else []
            if words := "; ".join(filter(None, about)):
                yield f"     {shown(words)}"
    does = sum(repair.does for repair in planned)
    yield ""
    if not applies:
        yield f"Nothing was changed. maildoctor fix --apply does the steps with +, for {does} of {len(planned)}."
    elif not does:
        yield "Nothing was done: every step is left, for the reason below it."


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
            after = look()
            for done in carried_out(planned, leave, after, look, journal):
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
        yield from _difference(path, before)


def _difference(path: str, before: filesystem.State) -> Iterator[str]:
    """What a file of settings that all may read was and is, secrets in it struck out by the one masker. Others may have
    secrets where no masker knows them: a key, the rows of a table of passwords."""
    from difflib import unified_diff

    from maildoctor.masking import masked

    try:
        now = filesystem.state(path, frozenset({path}))
    except OSError:
        return
    old, new = (_lines(state.data) for state in (before, now))
    public = path.endswith(_SETTINGS) and all(state.kind == "nothing" or state.mode & 0o004 for state in (before, now))
    if public and old is not None and new is not None and old != new:
        lines = list(unified_diff(old, new, path, path, lineterm="", n=1))[:_LONGEST_DIFFERENCE]
        yield from (f"  {shown(line)}" for line in masked("\n".join(lines), settings=True).split("\n"))
    elif before.kind == now.kind == "file" and before.data != now.data:
        yield f"  {shown(path)}: {len(before.data)} bytes -> {len(now.data)} bytes"
    elif before.kind == now.kind and (before.mode, before.uid, before.gid) != (now.mode, now.uid, now.gid):
        was, is_ = (f"{s.uid}:{s.gid} {s.mode & 0o7777:04o}" for s in (before, now))
        yield f"  {shown(path)}: {was} -> {is_}"


def _lines(data: bytes) -> list[str] | None:
    if b"\0" in data or len(data) > 1024 * 1024:
        return None
    return data.decode(errors="replace").splitlines()

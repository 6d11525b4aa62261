"""What changed between an earlier report of a host and this one: `check --since`."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

from maildoctor import __version__, filesystem
from maildoctor.cli.output import Output
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.stored import Stored, stored
from maildoctor.model import SEVERITIES, Finding, Gone, Outcome, Report, Since, Target
from maildoctor.render.escape import unicode

_SETTLED = ("pass", "fail", "not_applicable")
"""Outcomes of a check that looked."""


def earlier(path: str, outputs: Sequence[Output]) -> Stored | None:
    """The report to compare with, read before anything is written. None where there is none yet, and this run writes
    the first one to the same file. Raises UsageError."""
    if os.path.abspath(path) in {os.path.abspath(o.path) for o in outputs if o.format == "json"}:
        try:
            filesystem.status(path, follow=False)
        except FileNotFoundError:
            return None
        except OSError:
            pass  # it is told below
    return stored(path)


def compared(report: Report, before: Stored | None, path: str) -> Report:
    """The report with what changed since `before`, which was read from `path`. What is suppressed is no news, and what
    was and is no more came back. Raises UsageError where `before` is of another target."""
    now = _counted(report)
    if before is None:
        return replace(report, since=Since("", "", tuple(now)))
    old = before.report
    _refuse_another(report, old, path)
    then = _counted(old)
    present = {unicode(r.finding.fingerprint) for r in report.ranked}
    came = tuple(mark for mark, f in now.items() if mark not in then or _worse(f, then[mark]))
    outcomes = {o.code: o for o in report.outcomes}
    went = tuple(
        Gone(mark, f.code, f.severity, f.message, judged)
        for mark, f in then.items()
        if mark not in present and (judged := _looked_for(f, outcomes, report)) is not None
    )
    verdict = old.verdict.code if old.verdict else ""
    remarks = tuple(_remarks(report, old, before.version))
    return replace(report, since=Since(old.started, before.version, came, went, verdict, remarks))


def _counted(report: Report) -> dict[str, Finding]:
    return {unicode(r.finding.fingerprint): r.finding for r in report.ranked if not r.suppressed}


def _worse(now: Finding, then: Finding) -> bool:
    return SEVERITIES.index(now.severity) < SEVERITIES.index(then.severity)


def _looked_for(finding: Finding, outcomes: dict[str, Outcome], report: Report) -> bool | None:
    """Whether this run would have found it again; None where nobody asked for its check. What a log rule said has no
    outcome, and is over where the log holds it no more."""
    outcome = outcomes.get(finding.code)
    if outcome is None:
        return True if report.verdict is not None else None
    return outcome.outcome in _SETTLED and not (outcome.outcome == "fail" and outcome.reason)


def _refuse_another(report: Report, old: Report, path: str) -> None:
    was, now = old.target, report.target
    another = (was.kind, bool(was.candidates)) != (now.kind, bool(now.candidates))
    if another or (now.kind == "host" and was.name != now.name):
        what = f"it is the report of {_called(was)}, and this is {_called(now)}: nothing can be said of what changed"
        raise UsageError(what, path, "keep a report for each host, and compare a host with itself")


def _called(target: Target) -> str:
    return f"{'a candidate for ' if target.candidates else ''}{target.kind} {target.name}"


def _remarks(report: Report, old: Report, version: str) -> Iterator[str]:
    if old.target.name != report.target.name:
        yield f"the earlier report is of {old.target.kind} {old.target.name}"
    if version != __version__:
        yield f"the earlier report is by maildoctor {version or 'of no known release'}: a check may be what is new"
    if (old.verdict is None) != (report.verdict is None):
        yield "only one of the two looked at everything (--select)"

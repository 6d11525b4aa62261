"""Which steps of a report's remedies are done, in which order, and which are left to a person and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from maildoctor.model import Finding, Report, Step


@dataclass(frozen=True, slots=True)
class Leave:
    """What the person who calls allows. `named`: codes or globs; `all_steps`: the risky ones of every finding too;
    `restarts`: services may be restarted."""

    named: tuple[str, ...] = ()
    all_steps: bool = False
    restarts: bool = False

    def names(self, finding: Finding) -> bool:
        """Whether this finding was named."""
        return any(fnmatchcase(finding.code, word.upper()) for word in self.named)


@dataclass(frozen=True, slots=True)
class Planned:
    """One step of a remedy. `left`: why it is not done; empty where it is."""

    step: Step
    left: str = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """A finding and the steps that cure it, in order."""

    finding: Finding
    steps: tuple[Planned, ...]

    @property
    def does(self) -> bool:
        """Whether anything is done."""
        return any(not planned.left for planned in self.steps)

    @property
    def incomplete(self) -> bool:
        """Whether a step is left."""
        return any(planned.left for planned in self.steps)


def plan(report: Report, leave: Leave) -> list[Repair]:
    """The causes of a report that are worse than a note and that nobody chose to live with, or, where codes are named,
    the findings of these codes, in the order of the report."""
    chosen = [
        ranked.finding
        for ranked in report.ranked
        if (leave.names(ranked.finding) if leave.named else ranked.explained_by is None and not ranked.suppressed)
        and (leave.named or ranked.finding.severity != "info")
    ]
    return [Repair(finding, tuple(_steps(finding, leave))) for finding in chosen if finding.fix]


def _steps(finding: Finding, leave: Leave) -> Iterator[Planned]:
    """A step behind one that is left could do harm, or nothing: it is left too."""
    stopped = False
    for step in finding.fix:
        if step.kind == "looks":
            continue
        why = _left(step, finding, leave)
        yield Planned(step, why or ("it follows a step that is left" if stopped else ""))
        # a restart is the last thing that is lacking, and hinders no step behind it
        stopped = stopped or (bool(why) and step.kind != "restarts")


_BY_HAND = "by hand"
_UNKNOWN = "a command to be made complete"


def _left(step: Step, finding: Finding, leave: Leave) -> str:
    """Why a step is not done, empty where it is."""
    if step.kind == "by_hand" or step.safety == "manual":
        return _BY_HAND
    if not step.kind:
        return _UNKNOWN
    if step.kind == "restarts":
        if not leave.restarts:
            return "needs --restart"
        return "" if not step.changes else _unless_named(step, finding, leave)
    return _unless_named(step, finding, leave)


def _unless_named(step: Step, finding: Finding, leave: Leave) -> str:
    if (step.safety == "safe" and step.changes) or leave.all_steps or leave.names(finding):
        return ""
    starts = any(other.kind == "restarts" for other in finding.fix) and not leave.restarts
    return f"risky: maildoctor fix {finding.code} --apply{' --restart' if starts else ''} does it"

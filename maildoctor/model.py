"""What is said: findings, outcomes and the report. Frozen values, no I/O.

The JSON form of a `Report` is `maildoctor/report.schema.json`; it changes by adding, never by renaming.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "info"]
Verdict = Literal["pass", "fail", "not_judged", "not_applicable", "broke"]
Safety = Literal["safe", "risky", "manual"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""From the worst to the mildest."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of the host itself. `source` is a path, `path:line`, or the command that printed `text`."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a remedy. `undo` is the command that takes it back, empty where there is none."""

    command: str
    safety: Safety = "manual"
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong on one subject. Identity is `code` and `labels`, never the sentence."""

    code: str
    name: str
    severity: Severity
    message: str
    why: str
    advice: str
    fix: tuple[Step, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    refs: tuple[str, ...] = ()
    count: int = 1
    first: str | None = None
    last: str | None = None

    @property
    def fingerprint(self) -> str:
        """`CODE:label=value,…`: the same fault on the same thing has the same one in every run."""
        return ":".join([self.code, ",".join(f"{k}={v}" for k, v in sorted(self.labels.items()))]).rstrip(":")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A finding in its place: `rank` from 1, `explained_by` the fingerprint of its cause (None: it is a root)."""

    finding: Finding
    rank: int
    explained_by: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one check. `reason` and `remedy` say why it was not judged and what would let it be."""

    code: str
    name: str
    outcome: Verdict
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A program found on the target, e.g. `sendmail` `8.17.1.9`; version empty where it could not be told."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Target:
    """What was examined. `kind`: host, root, container, snapshot, log or endpoint."""

    kind: str
    name: str
    mta: tuple[Product, ...] = ()
    sasl: tuple[Product, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole diagnosis. `started` is ISO 8601 in UTC; `seconds` is wall time; `commands` are those that were run."""

    target: Target
    started: str
    seconds: float
    ranked: tuple[Ranked, ...]
    outcomes: tuple[Outcome, ...]
    commands: tuple[str, ...] = ()

    @property
    def roots(self) -> tuple[Ranked, ...]:
        """The findings that no other finding explains, the most likely and most severe first."""
        return tuple(r for r in self.ranked if r.explained_by is None)

    def counted(self, verdict: Verdict) -> int:
        """How many checks had this outcome."""
        return sum(o.outcome == verdict for o in self.outcomes)

    def severe(self, severity: Severity) -> int:
        """How many findings have this severity, symptoms included."""
        return sum(r.finding.severity == severity for r in self.ranked)

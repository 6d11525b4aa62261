"""The exit status, decided here and nowhere else: one for every format, another for monitoring plugins."""

from collections.abc import Set
from dataclasses import dataclass

from maildoctor.model import Report
from maildoctor.render import verdict
from maildoctor.render.style import FailOn

CLEAN, FINDINGS, OUR_FAILURE, NOT_JUDGED = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user lets count. `known`: fingerprints of the baseline, which do not count."""

    fail_on: FailOn = "error"
    allow_unknown: bool = False
    exit_zero: bool = False
    known: Set[str] = frozenset()


def status(report: Report, policy: Policy) -> int:
    """0 users can log in, or nothing in files stands in the way; 1 findings; 2 a check of ours broke; 3 nothing was
    found, and it is not shown that users can log in."""
    counted = any(verdict.counts(ranked, policy.fail_on, policy.known) for ranked in report.ranked)
    if counted or (policy.fail_on != "never" and verdict.is_down(report)):
        return CLEAN if policy.exit_zero else FINDINGS
    if report.counted("broke"):
        return OUR_FAILURE
    # a gate that looked at nothing must not be passed, so `allow_unknown` speaks of parts only
    if not verdict.passes(report) and not (policy.allow_unknown and verdict.about_something(report)):
        return CLEAN if policy.exit_zero else NOT_JUDGED
    return CLEAN


def plugin_status(report: Report, policy: Policy) -> int:
    """0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. A warning is one whatever `fail_on` is, unless that is `never`."""
    state = verdict.state(report, policy.known)
    if state in (verdict.WARNING, verdict.CRITICAL):
        if policy.exit_zero:
            return verdict.OK
        if policy.fail_on == "never":
            state = verdict.UNKNOWN if report.counted("broke") or not verdict.passes(report) else verdict.OK
    allowed = policy.exit_zero or (policy.allow_unknown and verdict.about_something(report))
    if state == verdict.UNKNOWN and allowed and not report.counted("broke"):
        return verdict.OK
    return state

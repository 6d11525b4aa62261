"""What a report comes to, for all formats alike: what is new in it, what was not judged, and the state it means."""

from collections.abc import Set

from maildoctor.model import SEVERITIES, Mechanism, Ranked, Report, Severity
from maildoctor.render.escape import unicode

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
"""What monitoring plugins exit with (Monitoring Plugins Development Guidelines, "Plugin Return Codes")."""


def fresh(report: Report, known: Set[str] | None) -> list[Ranked]:
    """The findings that a baseline does not know, the causes first."""
    return sorted((r for r in report.ranked if not is_known(r, known)), key=lambda r: r.rank)


def is_known(ranked: Ranked, known: Set[str] | None) -> bool:
    """The baseline holds it."""
    return unicode(ranked.finding.fingerprint) in (known or frozenset())


def unjudged(report: Report) -> bool:
    """Something was not judged; or nothing was, because there is nothing here to look at, or no log to read."""
    if report.target.kind == "log":
        return report.log is None or bool(report.log.damage) or not report.log.bytes
    return report.counted("not_judged") > 0 or not judged(report)


def judged(report: Report) -> bool:
    """Anything was looked at: a check passed or failed, or a log had something in it."""
    read = report.log is not None and report.log.bytes > 0
    return read or report.counted("pass") + report.counted("fail") > 0


def worst(ranked: list[Ranked]) -> Severity | None:
    """The most severe severity among these; None of nothing."""
    return min((r.finding.severity for r in ranked), key=SEVERITIES.index, default=None)


def usable(row: Mechanism) -> bool:
    """Clients can log in by it and send, as far as is known: what the words of `matrix` mean."""
    return row.verdict in ("works", "usable", "would_be_usable")


def state(report: Report, known: Set[str] | None = None) -> int:
    """The report in the words of monitoring: OK, WARNING, CRITICAL or UNKNOWN. What was found outweighs what was not
    seen, for it is certain."""
    grave = worst(fresh(report, known))
    if grave in ("error", "warning"):
        return CRITICAL if grave == "error" else WARNING
    return UNKNOWN if report.counted("broke") or unjudged(report) else OK

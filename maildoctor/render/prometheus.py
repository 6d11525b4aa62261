"""The report as metrics for the textfile collector of node_exporter.

Labels are bounded: codes, mechanisms, severities and outcomes, never a name, an address or a path. Samples have no
timestamps: that collector refuses them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import get_args

from maildoctor.model import SEVERITIES, CheckResult, Report
from maildoctor.render.moment import moment
from maildoctor.render.style import Style
from maildoctor.render.verdict import judged, usable

_MECHANISM = re.compile(r"[A-Z0-9_-]{1,20}")
"""RFC 4422, section 3.1: what the name of a mechanism may be."""
_MOST_MECHANISMS = 100
_MOST_PORTS = 20

Samples = Mapping[tuple[tuple[str, str], ...], float]


def render(report: Report, style: Style) -> str:
    """Metrics in the text format, version 0.0.4."""
    return "".join(f"{line}\n" for metric in _metrics(report) for line in lines(*metric))


def _metrics(report: Report) -> Iterator[tuple[str, str, str, Samples]]:
    yield "maildoctor_up", "gauge", "Whether anything could be judged.", {(): int(judged(report))}
    yield (
        "maildoctor_login_works",
        "gauge",
        "1 a login is shown to work, 0 not all work, absent: not shown.",
        _works(report),
    )
    yield "maildoctor_verdict", "gauge", "1 of the verdict that the run came to.", _verdict(report)
    yield (
        "maildoctor_check_status",
        "gauge",
        "Of each check that judged: 1 it found a fault, 0 none.",
        _statuses(report),
    )
    yield "maildoctor_checks", "gauge", "Checks by outcome.", _outcomes(report)
    yield "maildoctor_findings", "gauge", "Findings by severity, symptoms included.", _findings(report)
    if report.suppressed:
        count = len(report.suppressed)
        yield "maildoctor_findings_suppressed", "gauge", "Findings that somebody chose to live with.", {(): count}
    if report.since is not None:
        changes: Samples = {
            _labels(change="came"): len(report.since.came),
            _labels(change="went"): sum(gone.judged for gone in report.since.went),
        }
        yield "maildoctor_findings_changed", "gauge", "Findings that came and went since the report before.", changes
    yield "maildoctor_causes", "gauge", "Findings that no other explains.", {(): len(report.roots)}
    yield "maildoctor_log_events_total", "counter", "Lines of the log of each kind of finding.", _events(report)
    yield "maildoctor_mechanism_usable", "gauge", "Whether clients can log in by a SASL mechanism.", _mechanisms(report)
    yield (
        "maildoctor_cert_not_after_timestamp_seconds",
        "gauge",
        "When the first certificate of a port ends, in Unix time.",
        _certificates(report),
    )
    yield "maildoctor_run_duration_seconds", "gauge", "Wall time of the run.", {(): round(report.seconds, 3)}
    ended = moment(report.started)
    stamp: Samples = {(): round(ended.timestamp() + report.seconds, 3)} if ended else {}
    yield "maildoctor_last_run_timestamp_seconds", "gauge", "When the run ended, in Unix time.", stamp


def _works(report: Report) -> Samples:
    code = report.verdict.code if report.verdict else ""
    return {(): int(code == "works")} if code in ("works", "partly", "broken") else {}


def _verdict(report: Report) -> Samples:
    return {_labels(verdict=report.verdict.code): 1} if report.verdict else {}


def _statuses(report: Report) -> Samples:
    """A check that passed has the severity `none`: what it might have found is not in the report."""
    most_severe: dict[str, str] = {}
    counted = {r.finding.code for r in report.ranked if not r.suppressed}
    left_out = {r.finding.code for r in report.suppressed} - counted
    for severity in reversed(SEVERITIES):
        most_severe.update({r.finding.code: severity for r in report.ranked if r.finding.severity == severity})
    outcomes = [o for o in report.outcomes if o.outcome in ("pass", "fail")]
    reported = {o.code: o.outcome == "fail" and o.code not in left_out for o in outcomes}
    return {
        _labels(code=code, severity=most_severe.get(code, "none")): int(failed) for code, failed in reported.items()
    }


def _outcomes(report: Report) -> Samples:
    return {_labels(outcome=outcome): report.counted(outcome) for outcome in get_args(CheckResult)}


def _findings(report: Report) -> Samples:
    return {_labels(severity=severity): report.severe(severity) for severity in SEVERITIES}


def _events(report: Report) -> Samples:
    events: Counter[str] = Counter()
    for r in report.ranked:
        if r.finding.traffic is not None:
            events[r.finding.code] += r.finding.count
    return {_labels(code=code): count for code, count in sorted(events.items())}


def _mechanisms(report: Report) -> Samples:
    """A server may offer what it likes as a mechanism: only what can be one is a label, and only so many."""
    rows = report.matrix.rows if report.matrix else ()
    reported = [row for row in rows if _MECHANISM.fullmatch(row.mech)][:_MOST_MECHANISMS]
    return {_labels(mech=row.mech): int(usable(row)) for row in reported}


def _certificates(report: Report) -> Samples:
    """Ports are few; of many servers the one that ends first counts."""
    ends: dict[str, float] = {}
    for talk in report.talks:
        until, port = moment(talk.until), talk.endpoint.rpartition(":")[2]
        if until is not None and port.isdecimal() and (port in ends or len(ends) < _MOST_PORTS):
            ends[port] = min(until.timestamp(), ends.get(port, until.timestamp()))
    return {_labels(port=port): end for port, end in sorted(ends.items())}


def _labels(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(labels.items())


def lines(name: str, kind: str, text: str, samples: Samples) -> Iterator[str]:
    """One metric: its help, its type and its samples; nothing where there is none."""
    if not samples:
        return
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples.items():
        inside = ",".join(f'{label}="{_quoted(word)}"' for label, word in labels)
        yield f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"


def _quoted(word: str) -> str:
    plain = word.encode("ascii", "backslashreplace").decode("ascii")
    return plain.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n").replace("\r", " ")

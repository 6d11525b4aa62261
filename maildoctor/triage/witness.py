"""What the host's own recent log says of a diagnosis made from files and processes.

A line in a log tells of a moment that may be over. Each kind of line that speaks of the same fault as some check is
confirmed or refuted by that check: *still true*, then the line becomes evidence of the finding; *fixed since*, then
it is only counted; *cannot be told*, where the check could not look, then it is a note that says so. Where no check
speaks of it, a line that the running mail server, or what it asks, wrote since it was started counts as what it says,
unless logins went well after it; an older one is passed on as a note.
"""

import io
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from maildoctor.host import Host
from maildoctor.model import Evidence, Finding, Outcome, Ranked, Report
from maildoctor.stamps import written

if TYPE_CHECKING:
    from maildoctor.facts.login_history import LoginHistory
    from maildoctor.triage.rules import Cause, Rule

LOGS = (
    ("/var/log/mail.log", "/var/log/maillog", "/var/log/mail"),
    ("/var/log/auth.log", "/var/log/secure", "/var/log/authlog"),
    ("/var/log/exim4/mainlog", "/var/log/exim/main.log", "/var/log/exim/mainlog", "/var/spool/exim/log/mainlog"),
)
"""Where this host logs mail and logins; of each row the first that is there."""

_MOST = 2
"""Lines of the log that are added to one finding."""

_RECOVERED = 60
"""Seconds after a line of trouble in which a login may have gone well in spite of it."""


def received(
    host: Host, report: Report, witnesses: Mapping[str, Sequence[str]], history: "LoginHistory | None" = None
) -> Report:
    """Hold the log against the report. `witnesses`: code of a check to codes of log rules that speak of the same;
    `history`: what came of logins since the mail server was started, None where nothing is known of them."""
    reported = list(_recent(host))
    if not reported:
        return report
    from maildoctor.triage.builtin import builtin

    rules, errors = builtin()
    broken = tuple(Outcome(_code(e.where), "log-rule", "broke", f"{e}: this log rule was left out") for e in errors)
    checks = by_rule(witnesses)
    outcomes = {o.code: o for o in report.outcomes}
    rules = tuple(_in_view(rule, outcomes) for rule in rules)
    causes = {rule.code: rule.causes for rule in rules}
    more: dict[str, list[Evidence]] = {}
    notes: list[Finding] = []
    fixed: list[str] = []
    now = _seconds(report.started)
    for finding, is_fault in _findings(rules, reported, now):
        speaking = [outcomes[c] for c in checks.get(finding.code, ()) if c in outcomes]
        proofs = [outcomes[c] for cause in causes.get(finding.code, ()) for c in cause.checks if c in outcomes]
        codes = [o.code for o in (*speaking, *proofs)]
        if not speaking and all(cause.checks for cause in causes.get(finding.code, ())):
            speaking = proofs
        still = next((r.finding for r in report.ranked if r.finding.code in codes and _same(r.finding, finding)), None)
        if still is not None:
            more.setdefault(still.fingerprint, []).extend(_line(e) for e in finding.evidence[-1:])
        elif not is_fault:
            continue
        elif _over(speaking, report.target.kind):
            fixed.append(f"{finding.code} {finding.name}")
        elif finding.severity == "error" and not speaking:
            notes.append(replace(finding, message=f"The log says: {finding.message}"))
        elif finding.severity == "error" and (open_still := _unsettled(speaking, report.target.kind)):
            words = f"The log says: {finding.message} (whether that is still so cannot be told: {open_still})"
            notes.append(replace(finding, message=words))
    present = _present(history, rules, reported, now) if notes and history else frozenset()
    notes = [f if f.fingerprint in present else replace(f, severity="info") for f in notes]
    ranked = [_with(r, more.get(r.finding.fingerprint, [])) for r in report.ranked]
    return replace(
        report,
        ranked=_among(ranked, notes),
        outcomes=(*report.outcomes, *broken),
        fixed=tuple(fixed),
    )


def by_rule(witnesses: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    """Code of a log rule to codes of the checks that speak of the same."""
    checks: dict[str, list[str]] = {}
    for check, rules in witnesses.items():
        for rule in rules:
            checks.setdefault(rule, []).append(check)
    return checks


_AT_REST = ("root", "snapshot")
"""Targets on which nothing runs: what a check says of what runs does not apply there, and settles nothing."""

_SUBJECTS = ("path", "map", "plugin", "mechanism", "port")
"""Labels by which two findings of one kind are told apart."""
_OF_FILES = ("path", "map")
_BUILT = (".db", ".lmdb", ".cdb", ".pag", ".dir")


def _same(seen: Finding, line: Finding) -> bool:
    """Whether a line may speak of this finding: it names no other file, plug-in, mechanism or port."""
    pairs = ((k, seen.labels.get(k, ""), line.labels.get(k, "")) for k in _SUBJECTS)
    both = [(_bare(a), _bare(b)) for k, a, b in pairs if a and b and (k not in _OF_FILES or ("/" in a and "/" in b))]
    return all(a.endswith(b) or b.endswith(a) for a, b in both)


def _bare(subject: str) -> str:
    """A table by the name of its source, a file without the type of table before it."""
    path = subject.lower().rpartition(":")[2] if subject.partition(":")[2].startswith("/") else subject.lower()
    return next((path.removesuffix(end) for end in _BUILT if path.endswith(end)), path)


def _in_view(rule: "Rule", outcomes: Mapping[str, Outcome]) -> "Rule":
    """With its causes in the order that this host shows: first what a check found, last what checks looked for in
    vain."""
    if not any(cause.checks for cause in rule.causes):
        return rule
    ordered = sorted(rule.causes, key=lambda cause: _likely(cause.checks, outcomes))
    return replace(rule, causes=tuple(_refuted(c) if _likely(c.checks, outcomes) == _LAST else c for c in ordered))


_LAST = 2


def _likely(checks: Sequence[str], outcomes: Mapping[str, Outcome]) -> int:
    said = [outcomes[c].outcome for c in checks if c in outcomes]
    if "fail" in said:
        return 0
    return _LAST if said and all(word == "pass" for word in said) else 1


def _refuted(cause: "Cause") -> "Cause":
    return replace(cause, name=f"{cause.name} (not so on this host now: {', '.join(cause.checks)})")


def _settling(speaking: Sequence[Outcome], kind: str) -> list[Outcome]:
    """Those that can say whether it is over: of what does not apply to a running host nothing can be left."""
    some = [o for o in speaking if kind in _AT_REST or o.outcome != "not_applicable"]
    return some or list(speaking)


def _over(speaking: Sequence[Outcome], kind: str) -> bool:
    """Whether every check that speaks of it looked, and found nothing, or another file or port than the line names."""
    some = _settling(speaking, kind)
    return bool(some) and all(o.outcome in ("pass", "fail") for o in some)


def _unsettled(speaking: Sequence[Outcome], kind: str) -> str:
    """Why it cannot be told whether it is over, where some check could not look; empty where none had to."""
    lacking = (o for o in _settling(speaking, kind) if o.outcome in ("not_judged", "broke"))
    at_rest = (o for o in speaking if kind in _AT_REST and o.outcome == "not_applicable")
    return next((o.reason or o.code for o in (*lacking, *at_rest)), "")


def _among(ranked: Sequence[Ranked], notes: Sequence[Finding]) -> tuple[Ranked, ...]:
    """What only the log tells stands behind what is seen, among causes of the same severity."""
    grave = [r.finding.severity for r in ranked if r.explained_by is None]
    behind = len(ranked)
    for severity in ("warning", "info"):
        if severity in grave:
            behind = next(n for n, r in enumerate(ranked) if r.explained_by is None and r.finding.severity == severity)
            break
    errors = [Ranked(f, 0, None) for f in notes if f.severity == "error"]
    others = [Ranked(f, 0, None) for f in notes if f.severity != "error"]
    placed = [*ranked[:behind], *errors, *ranked[behind:], *others]
    return tuple(replace(r, rank=n) for n, r in enumerate(placed, 1))


def _present(
    history: "LoginHistory", rules: "Sequence[Rule]", reported: Sequence[tuple[str, str]], now: float
) -> frozenset[str]:
    """Fingerprints of what the lines say that were written since the mail server was started, and not more than a
    minute before a login went well."""
    if not history.since:
        return frozenset()
    done = max((written(record.success, now) or 0 for record in history.by_mechanism.values()), default=0)
    since = max(_seconds(history.since), done - _RECOVERED)
    later = [
        (path, "\n".join(line for line in text.split("\n") if (written(line, now) or 0) >= int(since)))
        for path, text in reported
    ]
    return frozenset(f.fingerprint for f, is_fault in _findings(rules, later, now) if is_fault)


def _recent(host: Host) -> Iterator[tuple[str, str]]:
    for row in LOGS:
        for path in row:
            answer = host.ask("recent", path)
            if isinstance(answer, str):
                if answer:
                    yield path, answer
                break


def _code(where: str) -> str:
    """The code of the rule at this place: `sasl.toml: rule 3 (SASL120)`; that of no rule where it has none."""
    found = re.search(r"\(([A-Z]+[1-9][0-9]{2,})\)", where)
    return found[1] if found else "LOG100"


def _line(evidence: Evidence) -> Evidence:
    """Without the number of the line: only some lines of the log were looked at."""
    return replace(evidence, source=evidence.source.rpartition(":")[0] or evidence.source)


def _with(ranked: Ranked, lines: Sequence[Evidence]) -> Ranked:
    if not lines:
        return ranked
    finding = ranked.finding
    return replace(ranked, finding=replace(finding, evidence=(*finding.evidence, *lines[:_MOST])))


def _seconds(stamp: str) -> float:
    """The time of the report, by which the year of a stamp without one is guessed; a replay must guess the same."""
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return time.time()


def _findings(
    rules: "Sequence[Rule]", reported: Sequence[tuple[str, str]], now: float
) -> Iterator[tuple[Finding, bool]]:
    """What the log rules make of these lines, each with whether it is a fault rather than a symptom or an attack."""
    from maildoctor.triage.engine import Finds
    from maildoctor.triage.footprints import CODE as OWN_PROBE
    from maildoctor.triage.judge import judge
    from maildoctor.triage.scan import Scan

    scan = Scan(rules, Finds, now)
    for path, text in reported:
        for _ in scan.feed(io.BytesIO(text.encode("utf-8", "surrogateescape") + b"\n"), path):
            pass
    faults = {rule.code for rule in rules if rule.kind == "fault"}
    judged = judge(rules, scan.seen)
    own = next((r.finding.fingerprint for r in judged if r.finding.code == OWN_PROBE), "")
    for ranked in judged:
        if own and own in (ranked.finding.fingerprint, ranked.explained_by):  # what a probe of ours left is no witness
            continue
        yield ranked.finding, ranked.finding.code in faults

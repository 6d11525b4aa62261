"""Gather only what the checks ask for, judge, keep every outcome."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from maildoctor.check import Check
from maildoctor.collect import knowledge, target
from maildoctor.collect.knowledge import Know
from maildoctor.correlate import rank
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.names import Names, server_realm, unnamed
from maildoctor.facts.plugins import Plugins
from maildoctor.facts.program import SendmailProgram
from maildoctor.facts.sasl_conf import SaslConf
from maildoctor.facts.saslauthd import Saslauthd
from maildoctor.facts.sasldb import SaslDb
from maildoctor.facts.sendmail_cf import SendmailCf
from maildoctor.facts.wire import Wire
from maildoctor.host import Host
from maildoctor.library import Library
from maildoctor.matrix import Sources, matrix, talk_summary
from maildoctor.model import Finding, Matrix, Outcome, Report, Talk, Verdict


@dataclass(frozen=True, slots=True)
class Selection:
    """Which checks to run: codes, names or globs; nothing selected means all, `ignore` wins."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def takes(self, check: Check) -> bool:
        """Whether this check is to be run."""
        return (not self.select or _named(check, self.select)) and not _named(check, self.ignore)


def _named(check: Check, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(check.code, p.upper()) or fnmatchcase(check.name, p.lower()) for p in patterns)


def examine(
    host: Host, library: Library, selection: Selection, progress: Callable[[str], None] | None = None
) -> Report:
    """The diagnosis of a host. A fault in one check or collector never ends the run."""
    started = host.ask("clock")
    know = knowledge(host, progress or (lambda _: None))
    outcomes: list[Outcome] = list(library.broken)
    findings: dict[str, Finding] = {}
    for check in library.checks:
        if selection.takes(check):
            outcome, found = _judge(check, know)
            outcomes.append(outcome)
            for f in found:
                findings.setdefault(f.fingerprint, f)
    ranked = rank(list(findings.values()), library.causes)
    about = target(host, know)
    table = None if selection.select else _matrix(know)
    elapsed = host.ask("elapsed")
    return Report(
        target=about,
        started=started if isinstance(started, str) else "",
        seconds=float(elapsed) if isinstance(elapsed, str) else 0.0,
        ranked=ranked,
        outcomes=tuple(outcomes),
        commands=host.commands,
        matrix=table,
        talks=_talks(know),
    )


def _matrix(know: Know) -> Matrix | None:
    get = know.get
    cf, sasldb, names, program = get(SendmailCf), get(SaslDb), get(Names), get(SendmailProgram)
    here = None
    if cf and sasldb and names and (cf.auth_realm or unnamed(cf, names, program) is None):
        here = sasldb.in_realm(server_realm(cf, names, program))
    return matrix(Sources(cf, get(SaslConf), get(Plugins), sasldb, get(Saslauthd), know.already(Wire), here))


def _talks(know: Know) -> tuple[Talk, ...]:
    """What was said, if anything asked for it."""
    wire = know.already(Wire)
    return (
        tuple(Talk(c.endpoint, talk_summary(c), c.lines, c.purpose == "look", c.certificate_until) for c in wire.all)
        if wire
        else ()
    )


def _judge(check: Check, know: Know) -> tuple[Outcome, list[Finding]]:
    facts: dict[str, Any] = {p.name: know(p.fact) for p in check.parameters}
    lacking = [facts[p.name] for p in check.parameters if not p.optional and isinstance(facts[p.name], Unknown)]
    if lacking:
        # what is not there at all settles the matter, whatever else could not be looked at
        why: Unknown = next((u for u in lacking if isinstance(u, Absent)), lacking[0])
        verdict: Verdict = "not_applicable" if isinstance(why, Absent) else "not_judged"
        return Outcome(check.code, check.name, verdict, why.reason, why.remedy), []
    try:
        told = list(check.findings(facts))
    except (Exception, SystemExit) as error:
        reason = f"this check itself failed: {type(error).__name__} in {check.judge.__name__}"
        return Outcome(check.code, check.name, "broke", reason, "please report it"), []
    found = [f for f in told if isinstance(f, Finding)]
    gap = next((u for u in told if isinstance(u, Unknown)), None)
    if gap is not None and not found:
        return Outcome(check.code, check.name, "not_judged", gap.reason, gap.remedy), []
    return Outcome(check.code, check.name, "fail" if found else "pass"), found

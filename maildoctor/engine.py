"""Gather only what the checks ask for, judge, keep every outcome."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, TypeVar

from maildoctor.auth import dovecot
from maildoctor.auth.matrix import Sources, matrix, talk_summary
from maildoctor.auth.service import LoginService
from maildoctor.check import Check, Shown
from maildoctor.collect import knowledge, target
from maildoctor.collect.inside import run_in
from maildoctor.collect.knowledge import FactStore
from maildoctor.correlate import rank
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.announced import Announced
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.dovecot.settings import Dovecot
from maildoctor.facts.dovecot.users import PasswdFiles
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.facts.startup import Startup
from maildoctor.facts.system import System
from maildoctor.facts.tls import Tls
from maildoctor.facts.wire import Wire
from maildoctor.host import Host
from maildoctor.host.deadline import Deadline, Overdue
from maildoctor.ladder import Ground, Seen, climb
from maildoctor.library import Library
from maildoctor.model import CheckResult, Finding, Logins, Matrix, Outcome, Report, Route, Talk, Target
from maildoctor.model import Step as Command
from maildoctor.verdict import conclude, order, places

FINDINGS = 500
"""Findings of one check that are told; nobody reads more, and a stranger may make a line for each."""

_UNPACKED = ("root", "snapshot")
"""Kinds of targets on which nothing may run, and nothing is wrong with that."""

T = TypeVar("T")


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
    host: Host,
    library: Library,
    selection: Selection,
    progress: Callable[[str], None] | None = None,
    deadline: Deadline | None = None,
    witness: Callable[[Report, LoginHistory | None], Report] = lambda report, _: report,
) -> Report:
    """The diagnosis of a host, see `examined`."""
    return examined(host, library, selection, progress, deadline, witness)[0]


def examined(
    host: Host,
    library: Library,
    selection: Selection,
    progress: Callable[[str], None] | None = None,
    deadline: Deadline | None = None,
    witness: Callable[[Report, LoginHistory | None], Report] = lambda report, _: report,
) -> tuple[Report, tuple[FactStore, ...]]:
    """The diagnosis of a host, and what is known of each of its login services. A fault in one check or collector never
    ends the run, nor does one that takes too long: what the deadline or an interruption leaves no time for is not
    judged. `witness` adds what the host's log says, before the verdict; it is given what came of logins too."""
    late = deadline or Deadline()
    started = host.ask("clock")
    services = knowledge(host, progress or (lambda _: None), late)
    know = services[0]
    outcomes: list[Outcome] = list(library.broken)
    findings: dict[str, Finding] = {}
    proofs: dict[FactStore, list[Shown]] = {service: [] for service in services}
    for check in library.checks:
        if selection.takes(check):
            try:
                outcome, found = _together([_judge(check, service, late, proofs) for service in services])
            except KeyboardInterrupt as stop:
                late.stop(stop)
                outcome, found = Outcome(check.code, check.name, "not_judged", late.reason, late.remedy), []
            outcomes.append(outcome)
            for f in found:
                findings.setdefault(f.fingerprint, f)
    known = places(library.checks)
    ranked = rank(list(findings.values()), library.causes, lambda f: order(f, known))
    about = _or(
        late,
        lambda: target(host, services),
        Target(host.kind, host.name, run_in=run_in(host.kind, host.name, host.commands)),
    )
    whole = not selection.select
    table = _or(late, lambda: _matrix(know), None) if whole else None
    nothing: tuple[tuple[Route, ...], Logins | None] = ((), None)
    routes, logins = _or(late, lambda: _ladder(host.kind, services, proofs), nothing) if whole else nothing
    elapsed = host.ask("elapsed")
    report = Report(
        target=about,
        started=started if isinstance(started, str) else "",
        seconds=float(elapsed) if isinstance(elapsed, str) else 0.0,
        ranked=ranked,
        outcomes=tuple(outcomes),
        commands=host.commands,
        matrix=table,
        talks=_talks(know),
        routes=routes,
        logins=logins,
    )
    report = _or(late, lambda: witness(report, know.already(LoginHistory) if whole else None), report)
    wire = know.already(Wire)
    return conclude(report, known, bool(wire and wire.without_login)) if whole else report, services


def _or(deadline: Deadline, work: Callable[[], T], otherwise: T) -> T:
    """What `work` gives, or something else where there is no time for it."""
    try:
        return deadline.within(work)
    except Overdue:
        return otherwise


def _matrix(know: FactStore) -> Matrix | None:
    get = know.get
    service, sasldb, in_realm = get(LoginService), get(SaslDb), None
    if service and sasldb and service.realm and service.realm_unknown is None:
        in_realm = sasldb.in_realm(service.realm)
    known = (service, get(SaslConf), get(Plugins), sasldb, get(Saslauthd), know.already(Wire), in_realm)
    asked = get(Dovecot) if service and dovecot.is_asked(service) else None
    if asked is None:
        return matrix(Sources(*known))
    files = get(PasswdFiles)
    return matrix(Sources(*known, dovecot.served(asked, files) if files else {}, dovecot.stores(asked)))


def _ladder(
    kind: str, services: Sequence[FactStore], proofs: Mapping[FactStore, Sequence[Shown]]
) -> tuple[tuple[Route, ...], Logins | None]:
    """The ways in, and what came of the logins that the log tells of."""
    know = services[0]
    wire, running = know.get(Wire), know.get(Processes)
    history = know.get(LoginHistory) if kind != "endpoint" else None
    ground = Ground(kind in _UNPACKED and running is None, running, know.get(Listeners), wire, history)
    seen = [
        Seen(
            s.product,
            s.get(LoginService),
            s.get(SaslConf),
            s.get(SaslDb),
            s.get(LoginHistory),
            tuple(proofs[s]),
            *((s.get(Plugins), s.get(Saslauthd), s.get(Tls), _later(s), _users_later(s)) if ground.still else ()),
        )
        for s in services
        if s.product
    ]
    return climb(ground, seen), _logins(history) if history else None


def _users_later(know: FactStore) -> str:
    """Why files do not show the users of a container: its start makes them; empty where it does not."""
    users = know(SaslDb)
    return users.reason if isinstance(users, Unknown) and users.kind == "later" else ""


_OF_LOGIN = ("smtpd_sasl_", "smtpd_tls_", "smtpd_use_tls")


def _later(know: FactStore) -> str:
    """Why files do not show what the logins of a container will be: its start writes the configuration; empty where it
    does not."""
    service, start = know(LoginService), know.get(Startup)
    if isinstance(service, Unknown):
        return service.reason if service.kind == "later" else ""
    names = [name for name in (start.settings if start else ()) if name.startswith(_OF_LOGIN)]
    return f"{names[0]} is set at the start ({start.settings[names[0]]})" if start and names else ""


def _logins(history: LoginHistory) -> Logins:
    done = sorted(history.by_mechanism.values(), key=lambda r: -r.succeeded)
    mechs = tuple((r.mechanism, r.succeeded) for r in done if r.mechanism and r.succeeded)
    return Logins(history.succeeded, history.failed, mechs, since=history.since)


def _talks(know: FactStore) -> tuple[Talk, ...]:
    """What was said, if anything asked for it; what a domain announces first."""
    wire, announced = know.already(Wire), know.already(Announced)
    said = (
        [Talk(c.endpoint, talk_summary(c), c.lines, c.purpose, c.certificate_until) for c in wire.all] if wire else []
    )
    return (*([Talk(announced.domain, announced.summary, announced.lines, "announced")] if announced else ()), *said)


_WEIGHT: tuple[CheckResult, ...] = ("fail", "broke", "not_judged", "pass", "not_applicable")
"""What one check says of several login services, the heaviest first."""


def _together(judged: Sequence[tuple[Outcome, list[Finding]]]) -> tuple[Outcome, list[Finding]]:
    """What became of one check in all login services of a host."""
    outcome = min((o for o, _ in judged), key=lambda o: _WEIGHT.index(o.outcome))
    return outcome, [f for _, found in judged for f in found]


def _product(check: Check, know: FactStore) -> str:
    """In whose login service the check judges; empty where all that it asks for is of the whole host."""
    return know.product if any(know.own(p.fact) for p in check.parameters) else ""


def _judge(
    check: Check, know: FactStore, late: Deadline, proofs: Mapping[FactStore, list[Shown]]
) -> tuple[Outcome, list[Finding]]:
    facts: dict[str, Any] = {p.name: know(p.fact) for p in check.parameters}
    lacking = [facts[p.name] for p in check.parameters if not p.optional and isinstance(facts[p.name], Unknown)]
    if lacking:
        # what is not there at all settles the matter, whatever else could not be looked at
        why: Unknown = next((u for u in lacking if isinstance(u, Absent)), lacking[0])
        verdict: CheckResult = "not_applicable" if isinstance(why, Absent) or why.kind == "later" else "not_judged"
        return Outcome(check.code, check.name, verdict, why.reason, why.remedy), []
    try:
        reported = late.within(lambda: list(islice(check.findings(facts, lambda: know.get(System)), FINDINGS + 1)))
    except Overdue:
        reason = late.reason if late.over else f"it took too long: half of what was left of the {late.seconds:g} s"
        return Outcome(check.code, check.name, "not_judged", reason, late.remedy), []
    except (Exception, SystemExit) as error:
        reason = f"this check itself failed: {type(error).__name__} in {check.judge.__name__}"
        return Outcome(check.code, check.name, "broke", reason, "please report it"), []
    proofs[know].extend(f for f in reported if isinstance(f, Shown))
    reported = [*_when_started(reported, know)]
    found = [f for f in reported[:FINDINGS] if isinstance(f, Finding)]
    cut = next(filter(None, (know.gap(p.fact) for p in check.parameters)), None)
    if found and len(reported) > FINDINGS:
        cut = Unknown(f"only the first {FINDINGS} of its findings are told")
    if found:
        product = _product(check, know)
        failed = Outcome(check.code, check.name, "fail", *((cut.reason, cut.remedy) if cut else ()))
        return failed, [replace(f, product=product) for f in found]
    gap = next((u for u in reported if isinstance(u, Unknown)), cut)
    if gap is not None:
        later: CheckResult = "not_applicable" if gap.kind == "later" else "not_judged"
        return Outcome(check.code, check.name, later, gap.reason, gap.remedy), []
    return Outcome(check.code, check.name, "pass"), []


def _when_started(reported: Iterable[Finding | Unknown | Shown], know: FactStore) -> Iterator[Finding | Unknown]:
    """What a check says of a container whose start writes settings, owners and modes: of one that does not run, what it
    found in them is not judged; of one that runs, its remedy would be undone at the next start."""
    start, still = know.get(Startup), know.get(Processes) is None
    for f in reported:
        if isinstance(f, Shown):
            continue
        words = next(filter(None, map(start.later, f.evidence)), "") if start and isinstance(f, Finding) else ""
        if not words or not isinstance(f, Finding):
            yield f
        elif still:
            yield Unknown(words, "examine the running container")
        else:
            again = f"# {words}: change it there or in what it is made of, else the next start undoes this"
            yield replace(f, fix=(*f.fix, Command(again, "manual")))

"""The ladder: what must hold for users to log in, rung by rung, for each way in; and the verdict that follows from it.

`climb` makes the routes from positive evidence alone: a rung holds where something shows it, never because nothing was
found against it. `conclude` lays the findings on them and decides the verdict, in this place and nowhere else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from maildoctor.auth.service import LoginService
from maildoctor.check import Axis, Check, Direction, Role, Rung, Shown
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.facts.wire import Conversation, Wire
from maildoctor.model import (
    Evidence,
    Finding,
    Ranked,
    Report,
    Route,
    RouteRung,
    RungName,
    Verdict,
)

RUNGS: tuple[RungName, ...] = get_args(RungName)
"""From the lowest to the highest."""

_PASSWORDS = ("PLAIN", "LOGIN")

_SUBMISSION = (465, 587, 2525)

_FEW = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one login service; None where it is not. `shown`: what checks have proved of it."""

    product: str
    service: LoginService | None = None
    conf: SaslConf | None = None
    sasldb: SaslDb | None = None
    history: LoginHistory | None = None
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the whole target. `still`: nothing runs on it, it is an image or an unpacked root."""

    still: bool = False
    processes: Processes | None = None
    listeners: Listeners | None = None
    wire: Wire | None = None


def climb(ground: Ground, services: Sequence[Seen]) -> tuple[Route, ...]:
    """Each way in with what is shown of it; where nothing answers, one for each login service."""
    by_product = {s.product: s for s in services}
    looks = [c for c in ground.wire.looks if c.banner or c.hello] if ground.wire else []
    doors = [c for c in looks if c.port in _SUBMISSION or (c.hello and c.hello.auth)] or looks
    routes = []
    for c in doors:
        # a server that does not say what it is is taken for the one that is here
        seen = by_product.get(c.server) or (services[0] if services and not c.server else Seen(c.server))
        routes.append(Route(seen.product, c.endpoint, tuple(_rungs(ground, seen, c))))
    answered = {r.service for r in routes}
    for seen in services:
        if seen.product and seen.product not in answered:
            routes.append(Route(seen.product, "", tuple(_rungs(ground, seen, None))))
    return tuple(routes)


def _rungs(ground: Ground, seen: Seen, c: Conversation | None) -> Iterator[RouteRung]:
    proofs = {step.rung: step for step in reversed([*_proofs(ground, seen, c)])}
    for rung in RUNGS:
        lower = rung in ("program", "listener")
        if rung in proofs:
            yield proofs[rung]
        elif lower and ground.still:
            yield RouteRung(rung, "not_reached", "nothing runs here")
        else:
            yield RouteRung(rung, "not_shown", would_show=_would_show(rung, ground, c))


def _would_show(rung: RungName, ground: Ground, c: Conversation | None) -> str:
    if c is None or RUNGS.index(rung) < RUNGS.index("verifier"):
        return ""
    more = {"policy": " --relay-test ADDRESS", "hand-over": " --send-test ADDRESS"}.get(rung, "")
    return f"maildoctor probe {c.endpoint} --user NAME{more}"


def _proofs(ground: Ground, seen: Seen, c: Conversation | None) -> Iterator[RouteRung]:
    """What shows a rung, the best proof of each first."""
    if c is not None:
        yield from _on_the_wire(ground, c)
        yield from _by_login(ground, c)
    yield from _by_history(seen.history)
    for shown in seen.shown:
        yield RouteRung(shown.rung, "holds", shown.summary, shown.evidence)
    yield from _by_files(seen)


def _on_the_wire(ground: Ground, c: Conversation) -> Iterator[RouteRung]:
    holder = next((x for x in ground.listeners.on(c.port) if x.pid), None) if ground.listeners else None
    running = ground.processes.all if ground.processes and holder else ()
    process = next((p for p in running if holder and p.pid == holder.pid), None)
    yield RouteRung(
        "program",
        "holds",
        f"{c.server or 'a mail server'} runs" if process else f"{c.server or 'a mail server'} answers",
        (process.evidence,) if process else (c.evidence("220"),),
    )
    if c.hello is None:
        return
    took = c.noted("took")
    address = holder.address if holder else ""
    where = f"{address}:{c.port}" if address and ":" not in address else f"[{address}]:{c.port}" if address else ""
    yield RouteRung(
        "listener", "holds", f"{where or c.endpoint} answers{f' in {took} s' if took else ''}", (c.evidence("220"),)
    )
    if c.in_tls is not None:
        how = "TLS from the first byte" if c.implicit else "STARTTLS"
        until = c.certificate_until[:10]
        words = f"{how}, {c.tls_version}" + (f", certificate until {until}" if until else "")
        yield RouteRung("tls", "holds", words, (c.evidence("STARTTLS", "=== tls", "certificate"),))
    if mechs := c.hello.auth:
        yield RouteRung("mechanism", "holds", " ".join(mechs), (c.evidence("AUTH"),))
        common = [m for m in _PASSWORDS if m in mechs] or list(mechs)
        yield RouteRung(
            "offer", "holds", f"{' '.join(common)} {'in TLS' if c.in_tls else 'in clear'}", (c.evidence("AUTH"),)
        )


def _by_login(ground: Ground, c: Conversation) -> Iterator[RouteRung]:
    """Logins, a relay test and a message of our own."""
    tries = [x for x in (ground.wire.all if ground.wire else ()) if x.endpoint == c.endpoint]
    if done := next((x for x in tries if x.purpose == "login" and x.outcome[0] == "ok"), None):
        words = f"a login by {done.mechanism}" + (f" as {done.user}" if done.user else "")
        yield RouteRung("verifier", "holds", words, (done.evidence("235"),))
        yield RouteRung("account", "holds", words, (done.evidence("235"),))
    relayed = next(
        (x for x in tries if x.purpose in ("relay-auth", "send") and x.outcome[0] in ("ok", "sent", "arrived")), None
    )
    if relayed:
        yield RouteRung("policy", "holds", "mail is taken after login", (relayed.evidence("RCPT", "250"),))
    if sent := next((x for x in tries if x.purpose == "send" and x.outcome[0] in ("ok", "sent", "arrived")), None):
        yield RouteRung("hand-over", "holds", " ".join(sent.outcome), (sent.evidence("250"),))


def _by_history(history: LoginHistory | None) -> Iterator[RouteRung]:
    if history is None or not history.succeeded:
        return
    done = sorted((r for r in history.by_mechanism.values() if r.succeeded), key=lambda r: -r.succeeded)
    by = " ".join(r.mechanism for r in done if r.mechanism)
    words = f"{history.succeeded} logins since {history.since}" + (f" by {by}" if by else "")
    evidence = history.evidence(done[0].success)
    yield RouteRung("verifier", "holds", words, evidence)
    who = sorted(history.let_in)
    named = ", ".join(who[:_FEW]) + (f" and {len(who) - _FEW} more" if len(who) > _FEW else "")
    yield RouteRung("account", "holds", f"{named} logged in" if named else words, evidence)
    if history.taken and not history.refused:
        yield RouteRung("policy", "holds", "mail was taken after login", history.evidence(history.taken))
    if history.passed_on and not history.held_up:
        yield RouteRung("hand-over", "holds", "mail was passed on after login", history.evidence(history.passed_on))


def _by_files(seen: Seen) -> Iterator[RouteRung]:
    """What files alone show: the store that a login asks, and who of it can be served."""
    service, sasldb = seen.service, seen.sasldb
    stored = seen.conf is None or not seen.conf.verifies_by("saslauthd")
    if sasldb is not None and sasldb.state == "ok" and sasldb.users and stored:
        evidence = (Evidence(sasldb.path, f"{len(sasldb.users)} users"),)
        yield RouteRung("verifier", "holds", f"sasldb, {_counted(len(sasldb.users), 'user')}", evidence)
        if service is not None and service.realm and service.realm_unknown is None:
            able = [u for u in sasldb.in_realm(service.realm) if u.mechanisms]
            if able:
                words = f"{_counted(len(able), 'user')} of {len(sasldb.users)} in realm {service.realm}"
                yield RouteRung("account", "holds", words, evidence)
    if service is not None and service.trusted:
        words = f"trusted to relay: {' '.join(service.trusted)}"
        yield RouteRung("policy", "holds", words, (service.evidence("trusted"),))


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


# ---- the findings laid on it, and the verdict


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands in a login; see `Check`."""

    rung: Rung
    role: Role
    direction: Direction
    scope: tuple[Axis, ...] = ()


_FAMILIES: Mapping[str, RungName] = {
    **dict.fromkeys(("RUN", "CONF", "SYS"), "program"),
    "WIRE": "listener",
    "TLS": "tls",
    "LINK": "mechanism",
    "MECH": "offer",
    **dict.fromkeys(("NET", "KRB", "SASL", "PERM"), "verifier"),
    "USER": "account",
    **dict.fromkeys(("MAP", "ABUSE", "RELAY"), "policy"),
    "QUEUE": "hand-over",
}
"""The rung of what a log rule tells, by the letters of its code."""

_NOWHERE = Place("none", "note", "server")


def places(checks: Sequence[Check]) -> Mapping[str, Place]:
    """Where the findings of each check stand, by its code."""
    return {c.code: Place(c.rung, c.role, c.direction, c.scope) for c in checks}


def _place(finding: Finding, known: Mapping[str, Place]) -> Place:
    if (place := known.get(finding.code)) is not None:
        return place
    family = finding.code.rstrip("0123456789")
    return Place(_FAMILIES[family], "symptom", "server") if family in _FAMILIES else _NOWHERE


def conclude(report: Report, known: Mapping[str, Place], lacking: bool = False) -> Report:
    """The report with its findings laid on the routes, and the verdict. `known`: see `places`; `lacking`: a login was
    asked for and was not tried at some server."""
    report = replace(report, ranked=_attributed(report.ranked, known))
    breaking = [r for r in report.ranked if _breaks(r.finding, _place(r.finding, known))]
    routes = tuple(_laid(route, report, breaking, known) for route in report.routes)
    return replace(report, routes=routes, verdict=_verdict(report, routes, breaking, known, lacking))


def _attributed(ranked: Sequence[Ranked], known: Mapping[str, Place]) -> tuple[Ranked, ...]:
    """Failing logins that no check explains stand under what the log names as the reason."""
    roots = [r for r in ranked if r.explained_by is None and r.finding.severity == "error"]
    told = next((r for r in roots if r.finding.code not in known), None)
    if told is None:
        return tuple(ranked)
    rung = _place(told.finding, known).rung
    explained = {
        r.finding.fingerprint
        for r in roots
        if (place := known.get(r.finding.code)) and place.role == "symptom" and "none" not in (rung, place.rung)
        if r.finding.code.startswith(_OF_LOGINS) and RUNGS.index(rung) <= RUNGS.index(place.rung)
    }
    if not explained:
        return tuple(ranked)
    moved = [replace(r, explained_by=told.finding.fingerprint) for r in ranked if r.finding.fingerprint in explained]
    rest = [r for r in ranked if r.finding.fingerprint not in explained]
    at = rest.index(told) + 1
    return tuple(replace(r, rank=n) for n, r in enumerate([*rest[:at], *moved, *rest[at:]], 1))


_OF_LOGINS = "LOGIN"
"""Checks of what came of logins: the log's own words about a reason stand above them."""


def _breaks(finding: Finding, place: Place) -> bool:
    return finding.severity == "error" and place.rung != "none" and place.role not in ("risk", "note")


def _laid(route: Route, report: Report, breaking: Sequence[Ranked], known: Mapping[str, Place]) -> Route:
    """A route whose broken rungs name their finding; what lies above one that stops all logins is not reached, unless
    it is shown by itself."""
    above = {r.finding.fingerprint: r.explained_by for r in report.ranked}
    broken: dict[str, Ranked] = {}
    stopped_at = len(RUNGS)
    for r in breaking:
        place = _place(r.finding, known)
        if place.direction != "server" or not _concerns(r.finding, route):
            continue
        broken.setdefault(place.rung, r)
        if not _confined(r.finding, place):
            stopped_at = min(stopped_at, RUNGS.index(place.rung))
    steps = []
    for at, step in enumerate(route.rungs):
        if (found := broken.get(step.rung)) is not None:
            root = _root(found.finding.fingerprint, above)
            steps.append(replace(step, state="broken", summary=found.finding.message, finding=root, would_show=""))
        elif at > stopped_at and step.state != "holds":
            steps.append(replace(step, state="not_reached", would_show=""))
        else:
            steps.append(step)
    return replace(route, rungs=tuple(steps))


def _root(mark: str, above: Mapping[str, str | None]) -> str:
    seen = {mark}
    while (parent := above.get(mark)) is not None and parent not in seen:
        seen.add(parent)
        mark = parent
    return mark


def _concerns(finding: Finding, route: Route) -> bool:
    """Whether a finding is about this route: another service's is not, nor one of another port."""
    if finding.product and route.service and finding.product != route.service:
        return False
    ports = _ports(finding)
    return not ports or not route.listener or route.listener.rpartition(":")[2] in ports


def _ports(finding: Finding) -> frozenset[str]:
    """The ports that a finding names; none: it is about all, or about none in particular."""
    if port := finding.labels.get("port"):
        return frozenset(port.split(","))
    host, colon, ports = finding.labels.get("endpoint", "").rpartition(":")
    return frozenset(ports.split(",")) if host and colon else frozenset()


def _confined(finding: Finding, place: Place) -> bool:
    """Whether it leaves other mechanisms, users or clients untouched."""
    return any(axis in place.scope for axis in ("mechanism", "user", "client"))


def _verdict(
    report: Report, routes: Sequence[Route], breaking: Sequence[Ranked], known: Mapping[str, Place], lacking: bool
) -> Verdict:
    shown = report.logins.succeeded if report.logins else 0
    ok = [m.mech for m in report.matrix.rows if m.login == "ok"] if report.matrix else []
    if not routes and not breaking and not shown:
        return Verdict("nothing_to_judge")
    here = [r for r in breaking if _place(r.finding, known).direction == "server"]
    first = next((r.finding.message for r in report.ranked if r in breaking), "")
    if here:
        stops = [r for r in here if not _confined(r.finding, _place(r.finding, known))]
        dead = {route.listener for route in routes if _dead(route)}
        if shown or ok or not stops or (routes and len(dead) < len(routes)):
            without = tuple(dict.fromkeys(word for r in here for word in _without(r.finding)))
            return Verdict("partly", shown + len(ok), without, first)
        return Verdict("broken", because=first)
    if breaking:
        return Verdict("partly", shown + len(ok), (), first)
    if (shown or ok) and not lacking:
        return Verdict("works", shown + len(ok))
    if _still(routes) and _is_ready(report):
        return Verdict("ready")
    unseen = next((s.rung for r in routes for s in r.rungs if s.state == "not_shown"), "")
    return Verdict("not_shown", because=unseen)


def _still(routes: Sequence[Route]) -> bool:
    """Nothing runs on this target, and nothing was expected to."""
    first = [route.rungs[0] for route in routes if route.rungs]
    return bool(first) and all(r.state == "not_reached" for r in first)


def _dead(route: Route) -> bool:
    """Whether nobody gets through: a rung is broken and what lies above is not reached."""
    states = [s.state for s in route.rungs]
    return "broken" in states and ("not_reached" in states or states[-1] == "broken")


def _without(finding: Finding) -> Iterator[str]:
    for key in ("mechanism", "mech", "plugin", "user", "endpoint", "port"):
        if word := finding.labels.get(key):
            yield word


def _is_ready(report: Report) -> bool:
    """Whether, once it runs, somebody can log in: one mechanism with a password would be usable."""
    if report.matrix is None:
        return False
    return any(row.verdict in ("would_be_usable", "usable") and row.secret is not False for row in report.matrix.rows)

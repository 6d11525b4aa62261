"""The ladder: what must hold for users to log in, rung by rung, for each way in.

Routes are made from positive evidence alone: a rung holds where something shows it, never because nothing was found
against it. `verdict` lays the findings on them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from maildoctor.auth.mechanisms import mechanisms, uses_sasldb
from maildoctor.auth.service import LoginService
from maildoctor.check import Shown
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.facts.tls import Tls
from maildoctor.facts.wire import Conversation, Wire
from maildoctor.model import Evidence, Route, RouteRung, RungName, RungState
from maildoctor.verdict import RUNGS

_PASSWORDS = ("PLAIN", "LOGIN")

_SUBMISSION = (465, 587, 2525)

_FEW = 3

_NO_SERVER = "libsasl"
"""What stands for any application of libsasl: no way in of its own where something else answers."""

_OF_ANOTHER: tuple[RungName, ...] = ("mechanism", "offer", "verifier", "account")
"""What a server that checks logins for the mail server tells, once both run."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one login service; None where it is not. `shown`: what checks have proved of it."""

    product: str
    service: LoginService | None = None
    conf: SaslConf | None = None
    sasldb: SaslDb | None = None
    history: LoginHistory | None = None
    shown: tuple[Shown, ...] = ()
    plugins: Plugins | None = None
    saslauthd: Saslauthd | None = None
    tls: Tls | None = None
    later: str = ""
    """why these files cannot show what logins will be: the start of the container writes them"""
    users_later: str = ""
    """the same of the user database"""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the whole target. `still`: nothing runs on it, it is an image or an unpacked root."""

    still: bool = False
    processes: Processes | None = None
    listeners: Listeners | None = None
    wire: Wire | None = None
    history: LoginHistory | None = None
    """logins by whatever mail server it is"""


def climb(ground: Ground, services: Sequence[Seen]) -> tuple[Route, ...]:
    """Each way in with what is shown of it; where nothing answers, one for each login service."""
    by_product = {s.product: s for s in services}
    answering = [c for c in ground.wire.per_endpoint if c.banner or c.hello] if ground.wire else []
    doors = [c for c in answering if c.port in _SUBMISSION or (c.hello and c.hello.auth)] or answering
    routes = [route for seen in services for route in _elsewhere(seen)]
    sends_only = {route.service for route in routes} - {s.product for s in services if s.service and s.service.wanted}
    for c in doors:
        # a server that does not say what it is is taken for the one that is here
        seen = by_product.get(c.server) or (
            services[0] if services and not c.server else Seen(c.server, history=ground.history)
        )
        if seen.product in sends_only:
            continue
        routes.append(Route(seen.product, c.endpoint, tuple(_rungs(ground, seen, c))))
    answered = {r.service for r in routes}
    for seen in services:
        if seen.product and seen.product not in answered and not (answered and seen.product == _NO_SERVER):
            routes.append(Route(seen.product, "", tuple(_rungs(ground, seen, None))))
    return tuple(routes)


def _elsewhere(seen: Seen) -> Iterator[Route]:
    """How this host logs in at others: what its log tells since the mail server was started."""
    for hub in seen.history.hubs.values() if seen.history else ():
        if hub.now in ("", "out"):  # it is one at which no login was to be
            continue
        done = hub.now == "in"
        evidence = seen.history.evidence(hub.success if done else hub.failure) if seen.history else ()
        state: RungState = "holds" if done else "not_shown"
        taken = seen.history.evidence(hub.taken) if seen.history and hub.taken and not hub.refused else ()
        yield Route(
            seen.product,
            hub.name,
            (
                RouteRung("mechanism", state, hub.mechanism if done else "", evidence),
                RouteRung("account", state, f"logged in at {hub.name}" if done else "", evidence),
                RouteRung("hand-over", "holds" if taken else "not_shown", "mail was taken" if taken else "", taken),
            ),
            "relay",
        )


def _rungs(ground: Ground, seen: Seen, c: Conversation | None) -> Iterator[RouteRung]:
    proofs = {step.rung: step for step in reversed([*_proofs(ground, seen, c)])}
    for rung in RUNGS:
        lower = rung in ("program", "listener")
        if rung in proofs:
            yield proofs[rung]
        elif lower and ground.still:
            yield RouteRung(rung, "not_reached", "nothing runs here")
        elif seen.later and RUNGS.index(rung) < RUNGS.index("policy"):
            yield RouteRung(rung, "not_shown", seen.later)
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
    if ground.still:
        yield from _at_rest(seen)


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
    sent = next((x for x in tries if x.purpose == "send" and x.outcome[0] == "sent"), None)
    relayed = sent or next((x for x in tries if x.purpose == "relay-auth" and x.outcome[0] == "accepted"), None)
    if relayed:
        yield RouteRung("policy", "holds", "mail is taken after login", (relayed.evidence("RCPT", "250"),))
    if sent:
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


def _at_rest(seen: Seen) -> Iterator[RouteRung]:
    """Where nothing runs, what files promise of it once it does; what only then can be seen is not reached."""
    service = seen.service
    if service is not None and service.wanted and service.provider != "libsasl":
        words = "seen when it runs" if service.provider == seen.product else f"{service.provider} is asked when it runs"
        for rung in _OF_ANOTHER:
            yield RouteRung(rung, "not_reached", words)
    if service is None or not service.offer_known or seen.plugins is None:
        return
    offers = mechanisms(service, seen.conf, seen.plugins, seen.sasldb)
    in_tls = next(certificates(seen.tls), None)
    if loads := [o for o in offers.all if o.loads and o.configured and o.listed]:
        files = dict.fromkeys(o.plugin.path for o in loads if o.plugin is not None)
        evidence = tuple(Evidence(path, "loads") for path in files)
        yield RouteRung("mechanism", "holds", " ".join(o.name for o in loads), evidence)
    clear = offers.offered(tls=False)
    if in_tls is not None:
        yield RouteRung("tls", "holds", f"certificate until {in_tls.text}", (in_tls,))
    elif clear and service.without_tls:
        yield RouteRung("tls", "not_reached", f"none: {service.without_tls}")
    if names := offers.offered(tls=in_tls is not None):
        common = " ".join([m for m in _PASSWORDS if m in names] or names)
        words = f"{common} {'in TLS' if in_tls else 'in clear'}"
        yield RouteRung("offer", "holds", words, (service.evidence("mechanisms"),))
    yield from _asked_later(seen)


def certificates(tls: Tls | None) -> Iterator[Evidence]:
    """Those that are good today and whose key is there, with the day on which they end."""
    keys = {f.public_key for f in tls.of("key") if f.state == "ok"} if tls else set()
    for file in tls.of("certificate") if tls else ():
        for one in file.certificates[:1]:
            if tls and one.not_before <= tls.now < one.not_after and one.public_key in keys:
                yield Evidence(file.path, f"{datetime.fromtimestamp(one.not_after, UTC):%Y-%m-%d}")


def _asked_later(seen: Seen) -> Iterator[RouteRung]:
    """Who knows the passwords, where that is told by what runs and not by a file."""
    conf, daemon = seen.conf, seen.saslauthd
    if conf is not None and conf.verifies_by("saslauthd"):
        if daemon is not None and daemon.installed:
            asked = f"saslauthd ({daemon.mechanism})" if daemon.mechanism else "saslauthd"
            yield RouteRung("verifier", "not_reached", f"{asked} is asked when it runs")
            yield RouteRung("account", "not_reached", "not in these files")
    elif conf is not None and not uses_sasldb(conf):
        yield RouteRung("verifier", "not_reached", f"{' '.join(conf.auxprop_plugins or ())} is asked when it runs")
        yield RouteRung("account", "not_reached", "not in these files")
    elif seen.users_later:
        yield RouteRung("verifier", "not_reached", seen.users_later)
        yield RouteRung("account", "not_reached", "not in these files")
    elif seen.sasldb is not None and seen.sasldb.users and seen.service and seen.service.realm_unknown is not None:
        yield RouteRung("account", "not_reached", "the realm is the name that the host has when it runs")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"

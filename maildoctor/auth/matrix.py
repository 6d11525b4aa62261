"""The mechanism matrix: what files, configuration, wire and user database say of each SASL mechanism, in one row.

Pure: made of facts, any of which may be missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from maildoctor.auth.mechanisms import Offer, mechanisms, uses_sasldb
from maildoctor.auth.service import LoginService
from maildoctor.facts.cyrus.conf import DEFAULT_PWCHECK, SaslConf
from maildoctor.facts.cyrus.mechanism_flags import PLAINTEXT, WITHOUT_SECRET
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb, User
from maildoctor.facts.wire import Conversation, Wire
from maildoctor.model import ClientKind, LoginResult, Matrix, Mechanism, PluginState, Strategy, Usability

_STRENGTH = (
    *(f"SCRAM-SHA-{size}" for size in ("512", "384", "256", "224", "1")),
    "DIGEST-MD5",
    "CRAM-MD5",
    "PLAIN",
    "LOGIN",
)
"""What a client with a password would take, the strongest first; -PLUS and tickets aside."""

ROWS = 200
"""Mechanisms that are told, those that are offered first; IANA knows 60."""

_FEW = 5

_PURPOSES = {"relay": "relaying without login", "relay-auth": "relaying after login", "send": "message"}


@dataclass(frozen=True, slots=True)
class Sources:
    """The facts of which a matrix is made; None where one is not known. `in_realm`: the users in the realm in which
    this server looks up a name without `@`, None where that realm is not known."""

    service: LoginService | None = None
    conf: SaslConf | None = None
    plugins: Plugins | None = None
    sasldb: SaslDb | None = None
    saslauthd: Saslauthd | None = None
    wire: Wire | None = None
    in_realm: tuple[User, ...] | None = None
    served: Mapping[str, tuple[bool, tuple[str, ...]]] = field(default_factory=dict)
    """of another provider than libsasl: whether its users' passwords can serve a mechanism, and who, if they are few"""
    stores: tuple[str, ...] = ()
    """of another provider: whom it asks"""


def matrix(facts: Sources) -> Matrix | None:
    """One row a mechanism, those that are offered first; None where nothing speaks of any."""
    clear, tls = _offers(facts.wire)
    names = tuple(dict.fromkeys((*(tls or ()), *(clear or ()))))
    tried = {c.mechanism for c in facts.wire.logins} if facts.wire else set()
    if facts.service is not None:
        offers = {o.name: o for o in mechanisms(facts.service, facts.conf, facts.plugins, facts.sasldb, names).all}
    else:
        offers = {}
    order = dict.fromkeys((*names, *offers, *sorted(tried)))
    rows = tuple(_row(name, offers.get(name), facts, clear, tls) for name in order)
    rows = tuple(r for r in rows if _worth_a_row(r))
    return Matrix(rows[:ROWS], tuple(_strategies(rows)), len(rows[ROWS:])) if rows else None


def _offers(wire: Wire | None) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Names that EHLO shows in clear and in TLS, over all endpoints; None where none was reached."""
    servers = [c for c in wire.per_endpoint if c.hello] if wire else []
    clear = [c.in_clear for c in servers if c.in_clear]
    tls = [c.in_tls for c in servers if c.in_tls]
    both = (tuple(dict.fromkeys(m for hello in some for m in hello.auth)) if some else None for some in (clear, tls))
    first, second = both
    return first, second


def _worth_a_row(row: Mechanism) -> bool:
    """Plug-ins that lie about and that nothing else speaks of are no matter."""
    spoken_of = row.configured or row.offered_plain or row.offered_tls or row.login != "not_tried"
    return bool(spoken_of or (row.trusted and row.plugin == "loads"))


def _row(
    name: str, offer: Offer | None, facts: Sources, clear: tuple[str, ...] | None, tls: tuple[str, ...] | None
) -> Mechanism:
    secret, users = _secret(name, facts)
    row = Mechanism(
        mech=name,
        plugin=_plugin(name, offer, facts.plugins),
        configured=offer.configured if offer else None,
        listed=offer.listed if offer and facts.conf is not None else None,
        trusted=offer.trusted if offer else None,
        offered_plain=None if clear is None else name in clear,
        offered_tls=None if tls is None else name in tls,
        secret=secret,
        login=_login(name, facts.wire),
        verdict="not_offered",
        users=users,
        stores=_stores(name, facts),
    )
    mixed = row.login == "ok" and any(w in _FAILED for w in _outcomes(name, facts.wire))
    verdict: Usability = "works_not_everywhere" if mixed else _verdict(row, offer, _elsewhere(name, facts))
    return replace(row, verdict=verdict)


def _elsewhere(name: str, facts: Sources) -> bool:
    """Whether all whom it could serve are in other realms: they must say theirs behind their name."""
    if facts.in_realm is None or facts.sasldb is None or not uses_sasldb(facts.conf) or not facts.sasldb.able(name):
        return False
    if name in PLAINTEXT and facts.conf is not None and facts.conf.verifies_by("saslauthd"):
        return False
    return not any(name in u.mechanisms for u in facts.in_realm)


def _plugin(name: str, offer: Offer | None, plugins: Plugins | None) -> PluginState:
    if name == "EXTERNAL":
        return "builtin"
    if plugins is None or offer is None:
        return "unknown"
    if offer.plugin is None:
        return "missing"
    return "loads" if offer.plugin.loads else "broken"


def _secret(name: str, facts: Sources) -> tuple[bool | None, tuple[str, ...]]:
    """Whether anything can serve it, and who of a sasldb, if they are few."""
    if name in WITHOUT_SECRET or facts.service is None:
        return None, ()
    if facts.service.provider != "libsasl":
        return facts.served.get(name, (None, ()))
    if name in PLAINTEXT and facts.conf is not None and facts.conf.verifies_by("saslauthd"):
        runs = facts.saslauthd is not None and bool(facts.saslauthd.processes)
        return (True if runs else False if facts.saslauthd and facts.saslauthd.processes_seen else None), ()
    if not uses_sasldb(facts.conf) or facts.sasldb is None:
        return None, ()
    able = facts.sasldb.able(name)
    some = [f"{u.name}@{u.realm}" for u in facts.sasldb.users if name in u.mechanisms] if able <= _FEW else []
    return able > 0, tuple(some)


def _stores(name: str, of: Sources) -> tuple[str, ...]:
    """Whose users it serves: a challenge those whose secret libsasl can fetch, PLAIN and LOGIN those of whom one of
    pwcheck_method is asked."""
    if name in WITHOUT_SECRET or of.service is None:
        return ()
    if of.service.provider != "libsasl":
        return of.stores
    fetched = ("sasldb",) if uses_sasldb(of.conf) else (of.conf.auxprop_plugins or ()) if of.conf else ()
    if name not in PLAINTEXT:
        return fetched
    asked: dict[str, None] = {}
    for method in of.conf.pwcheck_methods if of.conf else (DEFAULT_PWCHECK,):
        if method.lower() == DEFAULT_PWCHECK:
            asked |= dict.fromkeys(fetched)
        elif method.lower() == "saslauthd":
            back = of.saslauthd.mechanism if of.saslauthd else ""
            asked |= {"sasldb" if back == "sasldb" else f"saslauthd ({back})" if back else "saslauthd": None}
    return tuple(asked)


def _login(name: str, wire: Wire | None) -> LoginResult:
    words = _outcomes(name, wire)
    if "ok" in words:
        return "ok"
    if any(w in _FAILED for w in words):
        return "failed"
    return "refused" if words else "not_tried"


_FAILED = ("failed", "later", "broken", "unproven")


def _outcomes(name: str, wire: Wire | None) -> list[str]:
    """What came of the logins by this mechanism, under the name that was asked for: others are a guess at its realm."""
    tries = wire.logins if wire else ()
    user = tries[0].user if tries else ""
    return [c.outcome[0] for c in tries if c.mechanism == name and c.user in (user, "")]


def _verdict(row: Mechanism, offer: Offer | None, elsewhere: bool) -> Usability:
    """The first hindrance on the way of a client, in the order in which it meets them."""
    wire = row.offered_plain, row.offered_tls
    predicted = offer is not None and (offer.offered(False) or offer.offered(True))
    offered = True in wire if wire != (None, None) else predicted
    if row.login == "ok":
        return "works_no_relaying" if row.trusted is False else "works"
    if row.login == "failed":
        return "login_fails"
    if row.plugin == "missing" and row.configured:
        return "no_plugin"
    if row.plugin == "broken" and row.configured:
        return "does_not_load"
    if not offered:
        return _not_offered(row, offer, predicted)
    if row.secret is False:
        return "nobody"
    if elsewhere:
        return "with_realm_only"
    if row.trusted is False:
        return "may_not_relay"
    if row.offered_plain and row.mech in PLAINTEXT:
        return "in_clear"
    return "usable" if wire != (None, None) else "would_be_usable"


def _not_offered(row: Mechanism, offer: Offer | None, predicted: bool) -> Usability:
    if row.configured is False:
        return "not_configured"
    if row.listed is False:
        return "hidden"
    if offer is not None and offer.lacks_in_tls:
        return "against_options"
    return "offer_lacks_it" if predicted else "not_offered"


def _strategies(rows: tuple[Mechanism, ...]) -> Iterable[Strategy]:
    """What clients with a password would do, given TLS where it is to be had."""
    offered = [r for r in rows if (r.offered_tls if r.offered_tls is not None else r.offered_plain)]
    if not offered:
        offered = [r for r in rows if r.verdict == "would_be_usable"]
    known = {r.mech: r for r in offered if r.mech in _STRENGTH}
    choices: dict[ClientKind, Mechanism | None] = {
        "strongest": next((known[m] for m in _STRENGTH if m in known), None),
        "servers_order": next(iter(known.values()), None),
        "plain_only": known.get("PLAIN"),
    }
    for client, row in choices.items():
        yield Strategy(client, row.mech if row else "", row.verdict if row else "finds_none")


def talk_summary(c: Conversation) -> str:
    """What came of one conversation, in one line."""
    if c.trouble is not None:
        return f"{c.trouble[0]}: {c.trouble[1]}"
    if c.purpose != "look":
        return f"{_what(c)}: {' '.join(c.outcome)}".strip()
    said = [c.tls_version or "no TLS"]
    clear = c.in_clear.auth if c.in_clear else ()
    tls = c.in_tls.auth if c.in_tls else ()
    if tls:
        said.append(f"AUTH {' '.join(tls)}")
    if clear and clear != tls:
        said.append(f"in clear {' '.join(clear)}")
    return ", ".join(said if tls or clear else [*said, "no AUTH"])


def _what(c: Conversation) -> str:
    if c.purpose == "login":
        return c.noted("purpose")
    how = f" by {c.mechanism}" if c.purpose == "relay-auth" and c.mechanism else ""
    return f"{_PURPOSES.get(c.purpose, c.purpose)}{how}"

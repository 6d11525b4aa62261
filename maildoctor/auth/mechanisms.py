"""Which mechanisms a mail server with libsasl really offers, and who can use them: the meeting of plug-ins, libsasl's
configuration, the mail server's own and the user database. Pure: made of other facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maildoctor.auth.service import LoginService
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.mechanism_flags import PLAINTEXT, lacks
from maildoctor.facts.cyrus.plugins import Plugin, Plugins
from maildoctor.facts.cyrus.sasldb import SaslDb


@dataclass(frozen=True, slots=True)
class Offer:
    """One mechanism and what becomes of it. `plugin` is None for EXTERNAL (built in) and where there is none."""

    name: str
    plugin: Plugin | None
    loads: bool
    configured: bool
    """the mail server's own configuration lets it through"""
    listed: bool
    """in mech_list, or there is no mech_list"""
    trusted: bool
    """whoever logs in by it may relay"""
    lacks: frozenset[str]
    """letters of the required properties that keep it from being offered without TLS"""
    lacks_in_tls: frozenset[str]
    """the same in TLS"""
    needs_tls: bool
    """nothing is offered without TLS"""
    users: int
    """users of the sasldb who can log in by it, in any realm"""

    def offered(self, tls: bool) -> bool:
        """Whether EHLO names it, with and without TLS."""
        if self.needs_tls and not tls:
            return False
        return self.loads and self.configured and self.listed and not (self.lacks_in_tls if tls else self.lacks)


@dataclass(frozen=True, slots=True)
class Mechanisms:
    """All mechanisms that anything on the host speaks of, in the order of the configuration."""

    all: tuple[Offer, ...]

    def offered(self, tls: bool) -> tuple[str, ...]:
        """Names that EHLO shows."""
        return tuple(o.name for o in self.all if o.offered(tls))

    def named(self, name: str) -> Offer | None:
        """One of them."""
        return next((o for o in self.all if o.name == name), None)


def mechanisms(
    service: LoginService,
    conf: SaslConf | None,
    plugins: Plugins | None,
    sasldb: SaslDb | None,
    also: tuple[str, ...] = (),
) -> Mechanisms:
    """The meeting of all four. What is not known (None) hinders nothing. `also` are further names to look at."""
    listed = None if conf is None or conf.mechs is None else {m.upper() for m in conf.mechs}
    configured = dict.fromkeys(m.upper() for m in service.mechanisms or ())
    trusted = {m.upper() for m in service.trusted or ()}
    loadable = dict.fromkeys(() if plugins is None else plugins.mechanisms)
    bringing: dict[str, list[Plugin]] = {}
    for plugin in plugins.plugins if plugins else ():
        for mechanism in plugin.mechanisms:
            bringing.setdefault(mechanism, []).append(plugin)
    if service.mechanisms is None and plugins is None and listed is None:
        also = (*also, *sorted(PLAINTEXT))  # whatever libsasl has: these it always has
    names = dict.fromkeys([*configured, *loadable, *sorted(trusted), *sorted(listed or ()), *also])
    return Mechanisms(
        tuple(
            Offer(
                name,
                _plugin(name, bringing),
                plugins is None or name == "EXTERNAL" or name in loadable,
                service.mechanisms is None or name in configured,
                listed is None or name in listed,
                service.trusted is None or name in trusted,
                lacks(name, service.requires),
                lacks(name, service.requires_in_tls),
                service.needs_tls,
                sasldb.able(name) if sasldb else 0,
            )
            for name in names
        )
    )


def _plugin(name: str, bringing: Mapping[str, Sequence[Plugin]]) -> Plugin | None:
    wanted = name.upper().removesuffix("-PLUS")
    found = bringing.get(wanted) or (bringing.get("GS2-KRB5", ()) if wanted[:4] == "GS2-" else ())
    return next((p for p in found if p.loads), found[0] if found else None)


def uses_sasldb(conf: SaslConf | None) -> bool:
    """Whether secrets are looked for in the sasldb alone: another auxprop plug-in (sql, ldapdb) may have users that
    no file shows."""
    return conf is None or not conf.auxprop_plugins or set(conf.auxprop_plugins) == {"sasldb"}


def asks_auxprop(conf: SaslConf | None) -> bool:
    """Whether any login is decided by a stored password: not where PLAIN and LOGIN are all there is, and others check
    these (lib/canonusr.c: that no plug-in knows the user is then no error)."""
    if conf is None or not conf.mechs or not {m.upper() for m in conf.mechs} <= PLAINTEXT:
        return True
    return any(m.lower().startswith("auxprop") for m in conf.pwcheck_methods)

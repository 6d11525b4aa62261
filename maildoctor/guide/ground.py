"""What the steps of the guide are judged by: the report of the checks, the facts they rest on, and what is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, TypeVar, cast

from maildoctor.auth.service import LoginService
from maildoctor.facts import Unknown
from maildoctor.facts.addresses import Addresses
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.exim.conf import Exim
from maildoctor.facts.names import Names
from maildoctor.facts.opensmtpd.conf import OpenSmtpd
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.sendmail.mc import SendmailMc
from maildoctor.facts.services import Services
from maildoctor.facts.system import System
from maildoctor.install import exim as of_exim
from maildoctor.install import opensmtpd as of_opensmtpd
from maildoctor.install import postfix as of_postfix
from maildoctor.install import sendmail as of_sendmail
from maildoctor.install.accounts import NOBODY, person
from maildoctor.install.wanted import STORES, MailServer, SetUp, Store, Wanted
from maildoctor.model import Finding, Report, Route, RouteRung, RungName
from maildoctor.verdict import Place, place_of

F = TypeVar("F")

KNOWN_SERVERS: tuple[MailServer, ...] = ("sendmail", "postfix", "exim", "opensmtpd")

WITHOUT_LIBSASL: tuple[MailServer, ...] = ("exim", "opensmtpd")
"""Those that have mechanisms of their own."""

_BY_SAYING: dict[str, Store] = {"": "system", "pam": "system", "shadow": "system", "getpwent": "system", "ldap": "ldap"}
"""Whom saslauthd asks (saslauthd/mechanisms.c), as the guide knows it; empty: nobody said it."""

_FIRST = ("587", "465", "2525", "25")
"""Ports in the order in which mail programs use them."""


class Facts(Protocol):
    """Where facts come from: a `FactStore`."""

    def __call__(self, fact: type[F]) -> F | Unknown:
        """The fact, or why there is none."""

    def get(self, fact: type[F]) -> F | None:
        """The fact, or None."""


@dataclass(frozen=True)
class Ground:
    """`facts`: of the login service that is guided; `known`: where the findings of each check stand, see `places`."""

    report: Report
    facts: Facts
    asked: Wanted
    known: Mapping[str, Place]

    @cached_property
    def system(self) -> System | None:
        """What kind of system this is."""
        return self.facts.get(System)

    @cached_property
    def installed(self) -> tuple[str, ...]:
        """The mail servers that are in use here."""
        return tuple(p.name for p in self.report.target.mta if p.in_use and p.name not in ("dovecot", "saslauthd"))

    @cached_property
    def mta(self) -> MailServer:
        """The mail server that is guided: the one that is asked for, else the one that is here; empty: neither."""
        return self.asked.mta or next((m for m in KNOWN_SERVERS if m in self.installed), "")

    @cached_property
    def is_installed(self) -> bool:
        """Whether that mail server is installed."""
        return bool(self.mta) and self.mta in self.installed

    @cached_property
    def service(self) -> LoginService | None:
        """Its logins, as its configuration has them."""
        return self.facts.get(LoginService) if self.is_installed else None

    @cached_property
    def realm(self) -> str:
        """In which names are looked up; the host's name before there is a mail server."""
        names = self.facts.get(Names)
        return (self.service.realm if self.service else "") or (names.canonical.lower() if names else "")

    @cached_property
    def beside(self) -> tuple[str, ...] | None:
        """Which of dovecot and saslauthd are installed; None where that is not known."""
        services = self.facts.get(Services)
        return services.beside if services else None

    @cached_property
    def serves(self) -> bool:
        """Whether users are to log in here: as it is asked for; else not where this host only logs in elsewhere."""
        if self.asked.serves is not None:
            return self.asked.serves
        return not self.relay_now or (self.service is not None and self.service.wanted)

    @cached_property
    def relay(self) -> str:
        """The smart host at which this host is to log in: the one that is asked for; where nothing is asked, the one
        that is set up; empty: none."""
        return self.asked.relay or ("" if self.asked.serves else self.relay_now)

    @cached_property
    def relay_now(self) -> str:
        """The smart host at which it logs in by its configuration, as `HOST:PORT`; empty: none."""
        if not self.is_installed:
            return ""
        get = self.facts.get
        if self.mta == "postfix":
            return of_postfix.relay_of(get(Postfix))
        return of_sendmail.relay_of(get(SendmailCf)) if self.mta == "sendmail" else ""

    @cached_property
    def relay_is_set_up(self) -> bool:
        """Whether the configuration in use names the smart host that is wanted."""
        now, wanted = self.relay_now, self.wanted
        return bool(now) and now.lower() == f"{wanted.relay_host}:{wanted.relay_port}".lower()

    @cached_property
    def store(self) -> Store:
        """Where accounts are, or are to be: as it is asked for, as it is set up, as is usual here."""
        if self.asked.accounts:
            return self.asked.accounts
        if self.mta == "postfix" and not (self.service and self.service.wanted):
            return of_postfix.usual_store(self.beside)
        if self.service and self.service.wanted:
            return self.store_now
        return STORES.get(self.mta, ("sasldb",))[0]

    @cached_property
    def store_now(self) -> Store:
        """Where they are by the configuration; empty where AUTH is not set up, or they are where the guide makes none:
        in a table of SQL, on an IMAP server."""
        service = self.service
        if service is None or not service.wanted:
            return ""
        if self.mta in WITHOUT_LIBSASL:
            return self._store_of_its_own
        if service.provider != "libsasl":
            return cast(Store, service.provider) if service.provider == "dovecot" else ""
        conf, daemon = self.facts.get(SaslConf), self.facts.get(Saslauthd)
        if conf is None or not conf.verifies_by("saslauthd"):
            plugins = (conf.auxprop_plugins if conf else None) or ("sasldb",)
            return "sasldb" if "sasldb" in plugins else ""
        return _BY_SAYING.get(daemon.mechanism, "") if daemon is not None else "system"

    @property
    def _store_of_its_own(self) -> Store:
        """Where Exim and OpenSMTPD, which do without libsasl, look users up."""
        exim, smtpd, daemon = self.facts.get(Exim), self.facts.get(OpenSmtpd), self.facts.get(Saslauthd)
        if exim is not None and self.mta == "exim":
            by_saslauthd: Store = "ldap" if daemon is not None and daemon.mechanism == "ldap" else "system"
            return by_saslauthd if exim.store == "saslauthd" else exim.store
        tables = [x.table for x in smtpd.logins] if smtpd else []
        if not any(tables):
            return "system"
        return "file" if smtpd and smtpd.tables.get(tables[0], "").startswith("file:") else "other"

    @cached_property
    def is_set_up(self) -> bool:
        """Whether AUTH is switched on, and the mail server asks who knows the accounts that are wanted; where no users
        are to log in, whether the smart host is named."""
        if not self.serves:
            return self.relay_is_set_up
        return self.is_installed and _asked_by(self.store_now) == _asked_by(self.store)

    @cached_property
    def wanted(self) -> Wanted:
        """What is asked for, with what is usual where nothing is."""
        return replace(self.asked, mta=self.mta, accounts=self.store, serves=self.serves, relay=self.relay)

    @cached_property
    def set_up(self) -> SetUp:
        """The steps that set up logins on this host."""
        get = self.facts.get
        names = get(Names)
        full = names.canonical.lower() if names and "." in names.canonical else ""
        wanted = replace(self.wanted, host=self.asked.host or full)  # a realm need not be a name of the host
        conf, daemon = (get(SaslConf), get(Saslauthd)) if self.is_installed else (None, None)
        if self.mta == "exim":
            exim = get(Exim) if self.is_installed else None
            return of_exim.set_up(wanted, self.system, self.beside, exim, daemon, self.realm)
        if self.mta == "opensmtpd":
            smtpd, addresses = (get(OpenSmtpd), get(Addresses)) if self.is_installed else (None, None)
            by_ipv6 = addresses is not None and any(":" in a for a in addresses.shown())
            return of_opensmtpd.set_up(wanted, self.system, smtpd, self.realm, by_ipv6)
        if self.mta == "postfix":
            main = get(Postfix) if self.is_installed else None
            return of_postfix.set_up(wanted, self.system, self.beside, main, conf, daemon, self.realm)
        cf, mc = (get(SendmailCf), get(SendmailMc)) if self.is_installed else (None, None)
        return of_sendmail.set_up(wanted, self.system, self.beside, cf, mc, conf, daemon, self.realm)

    @cached_property
    def user(self) -> str:
        """Who is to log in; empty where nobody said it and no single person is here."""
        name = person(self.wanted, self.system)
        return "" if name == NOBODY else name

    @cached_property
    def route(self) -> Route | None:
        """The way in that matters most to mail programs."""
        routes = [r for r in self.report.routes if r.direction == "server" and r.service in (self.mta, "")]
        return min(routes, key=_weight, default=None)

    def rung(self, name: RungName) -> RouteRung | None:
        """A rung of that way, where it holds."""
        rung = self.route.rung(name) if self.route else None
        return rung if rung is not None and rung.state == "holds" else None

    def place(self, finding: Finding) -> Place:
        """Where a finding stands in a login."""
        return place_of(finding, self.known)

    def passed(self, *codes: str) -> tuple[str, ...]:
        """Which of these checks found nothing, as `CODE name`."""
        good = {o.code: o.name for o in self.report.outcomes if o.outcome == "pass"}
        return tuple(f"{code} {good[code]}" for code in codes if code in good)


def _asked_by(store: Store) -> str:
    """Whom the mail server asks for accounts of that kind: what saslauthd asks in turn is not its to say."""
    return "saslauthd" if store in ("system", "ldap") else store


def _weight(route: Route) -> int:
    port = route.listener.rpartition(":")[2]
    return _FIRST.index(port) if port in _FIRST else len(_FIRST)

"""From a host to facts: what to look at, and in what order. `ADAPTERS` is the table of mail servers, `COLLECTORS` that
of facts.

What an answer means is for the fact to say; read here is only what tells where to look next (an include, a path)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect import (
    application,
    backends,
    cyrus,
    dovecot,
    exim,
    imap_server,
    imapd,
    mail_servers,
    opensmtpd,
    openssl,
    paths,
    postfix,
    reach,
    sendmail,
    spare_tls,
    system,
    wire,
)
from maildoctor.collect.inside import run_in
from maildoctor.collect.knowledge import Adapter, Collector, FactStore
from maildoctor.collect.startup import at_rest, startup
from maildoctor.facts import Absent
from maildoctor.facts.addresses import Addresses
from maildoctor.facts.announced import Announced
from maildoctor.facts.backends.accounts import Accounts
from maildoctor.facts.backends.courier import CourierAuth
from maildoctor.facts.backends.imap import RemoteImap
from maildoctor.facts.backends.kerberos import Kerberos
from maildoctor.facts.backends.ldap import LdapStore
from maildoctor.facts.backends.pam import PamService
from maildoctor.facts.backends.saslauthd import Verifier
from maildoctor.facts.bans import Bans
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.cyrus.outside import Outside
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.cyrus.shipped import Shipped
from maildoctor.facts.dovecot.databases import DovecotDatabases
from maildoctor.facts.dovecot.directory import DirectoryNames
from maildoctor.facts.dovecot.logins import TriedNames
from maildoctor.facts.dovecot.settings import Dovecot
from maildoctor.facts.dovecot.sockets import DovecotSockets
from maildoctor.facts.dovecot.users import PasswdFiles
from maildoctor.facts.exposed import Copies, Exposed
from maildoctor.facts.firewall import Firewall
from maildoctor.facts.kept import Kept
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.logins import Logins
from maildoctor.facts.mail_log import MailLog
from maildoctor.facts.name_switch import NameSwitch
from maildoctor.facts.names import Names
from maildoctor.facts.openssl_conf import OpensslConf
from maildoctor.facts.paths import Paths
from maildoctor.facts.port_names import PortNames
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.facts.resolver import Greeting, Resolver
from maildoctor.facts.sendmail.program import SendmailProgram
from maildoctor.facts.services import Services, named
from maildoctor.facts.startup import Startup
from maildoctor.facts.system import System
from maildoctor.facts.tls import SpareTls
from maildoctor.facts.wire import Wire
from maildoctor.facts.wrappers import TcpWrappers
from maildoctor.host import Host
from maildoctor.host.deadline import Deadline
from maildoctor.model import Product, Target

ADAPTERS: tuple[Adapter, ...] = (
    sendmail.ADAPTER,
    postfix.ADAPTER,
    exim.ADAPTER,
    opensmtpd.ADAPTER,
    imapd.ADAPTER,
)
"""The mail servers whose logins can be judged: a line each."""

_ALONE = (application.ADAPTER, imap_server.ADAPTER)
"""Whose logins are judged where none of them is there."""

_HOST: dict[type[Any], Collector] = {
    Names: system.names,
    System: system.system,
    Processes: system.processes,
    Listeners: system.listeners,
    TcpWrappers: system.wrappers,
    Services: system.services,
    Startup: startup,
    MailLog: system.mail_log,
    Kept: system.kept,
    Firewall: reach.firewall,
    Bans: reach.bans,
    Addresses: reach.addresses,
    NameSwitch: reach.name_switch,
    Resolver: reach.resolver,
    Greeting: reach.greeting,
    PortNames: reach.port_names,
    Shipped: cyrus.shipped,
    Wire: wire.wire,
    Announced: wire.announced,
    Dovecot: dovecot.dovecot,
    PasswdFiles: dovecot.users,
    DovecotDatabases: dovecot.databases,
    TriedNames: dovecot.tried,
    DirectoryNames: dovecot.directory_names,
    CourierAuth: backends.courier,
}
"""Facts of the whole host, whatever mail servers are on it."""

_SERVICE: dict[type[Any], Collector] = {
    LoginService: lambda host, know: dovecot.offered(know, know.adapter.login_service(host, know)),
    SaslApplication: lambda host, know: know.adapter.application(host, know),
    SaslFiles: cyrus.files,
    SaslConf: cyrus.conf,
    Plugins: cyrus.plugins,
    SaslDb: cyrus.sasldb,
    Saslauthd: cyrus.saslauthd,
    Outside: cyrus.outside,
    Verifier: backends.verifier,
    PamService: backends.pam,
    Accounts: backends.accounts,
    LdapStore: backends.ldap_store,
    Kerberos: backends.kerberos,
    RemoteImap: backends.remote_imap,
    DovecotSockets: dovecot.sockets,
    Logins: system.logins,
    LoginHistory: system.history,
    Paths: paths.paths,
    Exposed: paths.exposed,
    Copies: paths.copies,
    OpensslConf: openssl.conf,
    SpareTls: spare_tls.spare_tls,
}
"""Facts of one login service, collected for each."""


def _if_here(adapter: Adapter, collector: Collector) -> Collector:
    """Of a mail server that is not here nothing is looked at."""

    def collect(host: Host, know: FactStore) -> Any:
        if adapter.product in know.products:
            return collector(host, know)
        if why := know.unused.get(adapter.product):
            return Absent(f"{named(adapter.product)} is installed, but not in use: {why}")
        return Absent(f"{adapter.product.capitalize()} is not installed")

    return collect


COLLECTORS: dict[type[Any], Collector] = {
    **_HOST,
    **_SERVICE,
    **{fact: _if_here(adapter, collector) for adapter in ADAPTERS for fact, collector in adapter.facts.items()},
}


def knowledge(host: Host, progress: Callable[[str], None], deadline: Deadline | None = None) -> tuple[FactStore, ...]:
    """Nothing known yet, for each login service of the host; the first is that of its mail server. Where there is none
    it is Sendmail's, which says so."""
    host = at_rest(host)
    installed = [a for a in ADAPTERS if a.is_here(host)]
    unused = mail_servers.unused(host, mail_servers.services(host, [a.product for a in installed])) if installed else {}
    found = [a for a in installed if a.product not in unused]
    found = found or [a for a in _ALONE if a.is_here(host)][:1]
    adapters = tuple(found or ([_elsewhere(unused)] if unused else ADAPTERS[:1]))
    first = FactStore(host, COLLECTORS, progress, deadline, adapters, _HOST, unused)
    return (first, *(first.of(adapter) for adapter in adapters[1:]))


def _elsewhere(unused: Mapping[str, str]) -> Adapter:
    """Where the mail server that is in use has no adapter: nothing is said of logins by files."""
    lack = Absent("; ".join(f"{named(product)} is installed, but not in use: {why}" for product, why in unused.items()))
    return Adapter("", lambda _: False, lambda _host, _know: lack, lambda _host, _know: lack)


_WITH_RELEASE: dict[str, type[Postfix] | type[Dovecot]] = {"postfix": Postfix, "dovecot": Dovecot}


def _release(product: str, services: Sequence[FactStore]) -> str:
    """The release of a mail server, where somebody asked for it already; empty where it is not known."""
    for know in services:
        found = (
            know.already(Postfix) if product == "postfix" else know.already(Dovecot) if product == "dovecot" else None
        )
        if found is not None and found.version:
            return ".".join(map(str, found.version))
    return ""


def _idle(know: FactStore) -> list[str]:
    """The mail servers that are installed but not in use, those without an adapter too."""
    servers = know.get(Services)
    if servers is None or len(servers.smtp) < 2:
        return []
    return [p for p in servers.smtp if servers.idle(p, know.get(Listeners), know.get(Processes))]


def target(host: Host, services: Sequence[FactStore]) -> Target:
    """What was examined, with the programs found on it."""
    know = services[0]
    program = know.get(SendmailProgram)
    found = dict.fromkeys((*(s.adapter.product for s in services if s.adapter in ADAPTERS[1:]), *system.others(host)))
    idle = _idle(know)
    others = [name for name in found if name not in idle]
    return Target(
        host.kind,
        host.name,
        (
            *((Product("sendmail", program.version),) if program else ()),
            *(Product(name, _release(name, services)) for name in others),
            *(Product(name, "", in_use=False) for name in idle),
        ),
        tuple(Product("cyrus-sasl", v) for v in cyrus.version(host, know)),
        run_in(host.kind, host.name, host.commands),
    )

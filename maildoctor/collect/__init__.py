"""From a host to facts: what to look at, and in what order. `COLLECTORS` is the table, a line a fact.

What an answer means is for the fact to say; read here is only what tells where to look next (an include, a path)."""

from collections.abc import Callable, Mapping
from typing import Any

from maildoctor.collect import cyrus, mail, sendmail, system, wire
from maildoctor.collect.knowledge import Collector, Know
from maildoctor.facts.exposed import Exposed
from maildoctor.facts.logins import Logins
from maildoctor.facts.mail_maps import MailMaps
from maildoctor.facts.names import Names
from maildoctor.facts.paths import Paths
from maildoctor.facts.plugins import Plugins
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.facts.program import SendmailProgram
from maildoctor.facts.queues import Queues
from maildoctor.facts.sasl_conf import SaslConf
from maildoctor.facts.sasl_files import SaslFiles
from maildoctor.facts.saslauthd import Saslauthd
from maildoctor.facts.sasldb import SaslDb
from maildoctor.facts.sendmail_cf import SendmailCf, SubmitCf
from maildoctor.facts.sendmail_mc import SendmailMc
from maildoctor.facts.shipped import Shipped
from maildoctor.facts.site_config import SiteConfig
from maildoctor.facts.system import System
from maildoctor.facts.tls import Tls
from maildoctor.facts.wire import Wire
from maildoctor.facts.wrappers import TcpWrappers
from maildoctor.host import Host
from maildoctor.host.deadline import Deadline
from maildoctor.model import Product, Target

COLLECTORS: Mapping[type[Any], Collector] = {
    SendmailProgram: sendmail.program,
    SendmailCf: sendmail.cf,
    SubmitCf: sendmail.submit_cf,
    SendmailMc: sendmail.mc,
    SiteConfig: sendmail.site_config,
    Names: system.names,
    System: system.system,
    Processes: system.processes,
    Listeners: system.listeners,
    TcpWrappers: system.wrappers,
    SaslFiles: cyrus.files,
    SaslConf: cyrus.conf,
    Plugins: cyrus.plugins,
    Shipped: cyrus.shipped,
    SaslDb: cyrus.sasldb,
    Saslauthd: cyrus.saslauthd,
    Logins: mail.logins,
    MailMaps: mail.maps,
    Queues: mail.queues,
    Tls: mail.tls,
    Paths: mail.paths,
    Exposed: mail.exposed,
    Wire: wire.wire,
}


def knowledge(host: Host, progress: Callable[[str], None], deadline: Deadline | None = None) -> Know:
    """Nothing known yet."""
    return Know(host, COLLECTORS, progress, deadline)


def target(host: Host, know: Know) -> Target:
    """What was examined, with the programs found on it."""
    program = know.get(SendmailProgram)
    return Target(
        host.kind,
        host.name,
        (*((Product("sendmail", program.version),) if program else ()), *(Product(n, "") for n in system.others(host))),
        tuple(Product("cyrus-sasl", v) for v in cyrus.version(host, know)),
    )

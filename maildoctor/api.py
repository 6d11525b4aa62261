"""All that a check may import. These names are the promise to checks of others; they change by adding."""

from maildoctor.check import Findings, Found, check, found
from maildoctor.correlate import Cause, always
from maildoctor.facts import Absent, Unknown, gaps, known
from maildoctor.facts.client_auth import (
    ClientLogin,
    client_entries,
    client_login,
    consulted,
    consulted_entries,
    entry_for,
    looked_up,
    preferred,
)
from maildoctor.facts.exposed import Exposed
from maildoctor.facts.logins import USER_NOT_FOUND, WRONG_PASSWORD, Attempts, Logins
from maildoctor.facts.mail_maps import MailMap, MailMaps, authinfo_mechanisms
from maildoctor.facts.mechanisms import PLAINTEXT, Mechanisms, Offer, lacks, mechanisms, uses_sasldb
from maildoctor.facts.names import Names, own_name, server_realm, unnamed
from maildoctor.facts.packages import install_command, package_for
from maildoctor.facts.paths import Look, Paths, Trail
from maildoctor.facts.plugins import Plugin, Plugins, plugin_of
from maildoctor.facts.processes import Listener, Listeners, Process, Processes
from maildoctor.facts.program import SendmailProgram
from maildoctor.facts.queues import Queue, Queues
from maildoctor.facts.received import Trace, judge
from maildoctor.facts.safety import may, refusals, unsafe_folder
from maildoctor.facts.sasl_conf import PWCHECK_METHODS_OF_SASL_1, SaslConf
from maildoctor.facts.sasl_files import SaslFiles
from maildoctor.facts.saslauthd import Saslauthd
from maildoctor.facts.sasldb import SaslDb, User
from maildoctor.facts.sendmail_cf import Daemon, SendmailCf, SubmitCf
from maildoctor.facts.sendmail_mc import SendmailMc
from maildoctor.facts.shipped import Shipped
from maildoctor.facts.site_config import SiteConfig
from maildoctor.facts.system import System
from maildoctor.facts.tls import Certificate, Tls, TlsFile
from maildoctor.facts.wire import Conversation, Hello, Wire
from maildoctor.facts.wrappers import TcpWrappers
from maildoctor.model import Evidence, Severity, Step
from maildoctor.remedy import (
    add_user,
    build,
    by_hand,
    edit,
    is_plain,
    private,
    rebuild,
    restart,
    set_option,
    shell_word,
)

__all__ = [
    "PLAINTEXT",
    "PWCHECK_METHODS_OF_SASL_1",
    "USER_NOT_FOUND",
    "WRONG_PASSWORD",
    "Absent",
    "Attempts",
    "Cause",
    "Certificate",
    "ClientLogin",
    "Conversation",
    "Daemon",
    "Evidence",
    "Exposed",
    "Findings",
    "Found",
    "Hello",
    "Listener",
    "Listeners",
    "Logins",
    "Look",
    "MailMap",
    "MailMaps",
    "Mechanisms",
    "Names",
    "Offer",
    "Paths",
    "Plugin",
    "Plugins",
    "Process",
    "Processes",
    "Queue",
    "Queues",
    "SaslConf",
    "SaslDb",
    "SaslFiles",
    "Saslauthd",
    "SendmailCf",
    "SendmailMc",
    "SendmailProgram",
    "Severity",
    "Shipped",
    "SiteConfig",
    "Step",
    "SubmitCf",
    "System",
    "TcpWrappers",
    "Tls",
    "TlsFile",
    "Trace",
    "Trail",
    "Unknown",
    "User",
    "Wire",
    "add_user",
    "always",
    "authinfo_mechanisms",
    "build",
    "by_hand",
    "check",
    "client_entries",
    "client_login",
    "consulted",
    "consulted_entries",
    "edit",
    "entry_for",
    "found",
    "gaps",
    "install_command",
    "is_plain",
    "judge",
    "known",
    "lacks",
    "looked_up",
    "may",
    "mechanisms",
    "own_name",
    "package_for",
    "plugin_of",
    "preferred",
    "private",
    "rebuild",
    "refusals",
    "restart",
    "server_realm",
    "set_option",
    "shell_word",
    "unnamed",
    "unsafe_folder",
    "uses_sasldb",
]

"""All that a check may import. These names are the promise to checks of others; they change by adding."""

from maildoctor.auth.mechanisms import Mechanisms, Offer, mechanisms, uses_sasldb
from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.check import Findings, Found, check, found
from maildoctor.correlate import Cause, always
from maildoctor.facts import Absent, Unknown, gaps, known
from maildoctor.facts.cyrus.conf import PWCHECK_METHODS_OF_SASL_1, SaslConf
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.cyrus.mechanism_flags import PLAINTEXT, lacks
from maildoctor.facts.cyrus.plugins import Plugin, Plugins, plugin_of
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb, User
from maildoctor.facts.cyrus.shipped import Shipped
from maildoctor.facts.exposed import Exposed, is_of_people
from maildoctor.facts.logins import USER_NOT_FOUND, WRONG_PASSWORD, Attempts, Logins
from maildoctor.facts.names import Names, own_name, server_realm, unnamed
from maildoctor.facts.packages import install_command, package_for
from maildoctor.facts.paths import FilePurpose, Look, Paths, Trail
from maildoctor.facts.processes import Listener, Listeners, Process, Processes
from maildoctor.facts.received import Trace, judge
from maildoctor.facts.safety import may, refusals, unsafe_folder
from maildoctor.facts.sendmail.cf import Daemon, SendmailCf, SubmitCf
from maildoctor.facts.sendmail.client_auth import (
    ClientLogin,
    client_entries,
    client_login,
    consulted,
    consulted_entries,
    entry_for,
    looked_up,
    preferred,
)
from maildoctor.facts.sendmail.mail_maps import MailMap, MailMaps, authinfo_mechanisms
from maildoctor.facts.sendmail.mc import SendmailMc
from maildoctor.facts.sendmail.program import SendmailProgram
from maildoctor.facts.sendmail.queues import Queue, Queues
from maildoctor.facts.sendmail.site_config import SiteConfig
from maildoctor.facts.services import Services
from maildoctor.facts.system import System
from maildoctor.facts.tls import Certificate, Tls, TlsFile
from maildoctor.facts.wire import Conversation, Hello, Wire
from maildoctor.facts.wrappers import TcpWrappers
from maildoctor.model import Evidence, Finding, Purpose, Severity, Step
from maildoctor.remedy import (
    add_user,
    amend,
    build,
    by_hand,
    certificate,
    change,
    edit,
    is_plain,
    private,
    rebuild,
    restart,
    set_option,
    setting,
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
    "FilePurpose",
    "Finding",
    "Findings",
    "Found",
    "Hello",
    "Listener",
    "Listeners",
    "LoginService",
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
    "Purpose",
    "Queue",
    "Queues",
    "SaslApplication",
    "SaslConf",
    "SaslDb",
    "SaslFiles",
    "Saslauthd",
    "SendmailCf",
    "SendmailMc",
    "SendmailProgram",
    "Services",
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
    "amend",
    "authinfo_mechanisms",
    "build",
    "by_hand",
    "certificate",
    "change",
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
    "is_of_people",
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
    "setting",
    "shell_word",
    "unnamed",
    "unsafe_folder",
    "uses_sasldb",
]

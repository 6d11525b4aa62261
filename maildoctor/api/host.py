"""What checks may ask of the whole host, whatever its mail server: files, processes, names, TLS, logins."""

from maildoctor.facts.bans import Ban, Bans, address_of, is_private
from maildoctor.facts.exposed import Exposed, is_of_people
from maildoctor.facts.firewall import Firewall, Ruling
from maildoctor.facts.login_history import Hub, LoginHistory
from maildoctor.facts.logins import USER_NOT_FOUND, WRONG_PASSWORD, Attempts, Logins
from maildoctor.facts.mail_log import MailLog
from maildoctor.facts.names import Names, own_name, server_realm, unnamed
from maildoctor.facts.paths import READ_AT_START, FilePurpose, Look, Paths, Trail
from maildoctor.facts.port_names import PortNames
from maildoctor.facts.processes import Listener, Listeners, Process, Processes
from maildoctor.facts.resolver import Greeting, Resolver
from maildoctor.facts.safety import Reader, may, refusals, unsafe_folder
from maildoctor.facts.services import Services
from maildoctor.facts.system import System
from maildoctor.facts.tls import Certificate, Tls, TlsFile
from maildoctor.facts.wrappers import TcpWrappers

__all__ = [
    "READ_AT_START",
    "USER_NOT_FOUND",
    "WRONG_PASSWORD",
    "Attempts",
    "Ban",
    "Bans",
    "Certificate",
    "Exposed",
    "FilePurpose",
    "Firewall",
    "Greeting",
    "Hub",
    "Listener",
    "Listeners",
    "LoginHistory",
    "Logins",
    "Look",
    "MailLog",
    "Names",
    "Paths",
    "PortNames",
    "Process",
    "Processes",
    "Reader",
    "Resolver",
    "Ruling",
    "Services",
    "System",
    "TcpWrappers",
    "Tls",
    "TlsFile",
    "Trail",
    "address_of",
    "is_of_people",
    "is_private",
    "may",
    "own_name",
    "refusals",
    "server_realm",
    "unnamed",
    "unsafe_folder",
]

"""What checks may ask of the whole host, whatever its mail server: files, processes, names, TLS, logins."""

from maildoctor.facts.addresses import Addresses
from maildoctor.facts.bans import Ban, Bans, address_of, is_private
from maildoctor.facts.exposed import Copies, Exposed, is_of_people, readers_of
from maildoctor.facts.firewall import Firewall, Ruling
from maildoctor.facts.login_history import Hub, LoginHistory
from maildoctor.facts.logins import USER_NOT_FOUND, WRONG_PASSWORD, Attempts, Logins
from maildoctor.facts.mail_log import MailLog
from maildoctor.facts.name_switch import NameSwitch
from maildoctor.facts.names import Names, own_name, server_realm, unnamed
from maildoctor.facts.openssl_conf import OpensslConf
from maildoctor.facts.paths import READ_AT_START, FilePurpose, Look, Paths, Trail
from maildoctor.facts.port_names import PortNames
from maildoctor.facts.processes import Listener, Listeners, Process, Processes
from maildoctor.facts.resolver import Greeting, Resolver
from maildoctor.facts.safety import Reader, may, refusals, unsafe_folder
from maildoctor.facts.services import Services, counted_ports, daemons, named
from maildoctor.facts.startup import Startup, leaves_at_once
from maildoctor.facts.system import System
from maildoctor.facts.tls import Certificate, Pair, SpareTls, Tls, TlsFile
from maildoctor.facts.wrappers import TcpWrappers

__all__ = [
    "READ_AT_START",
    "USER_NOT_FOUND",
    "WRONG_PASSWORD",
    "Addresses",
    "Attempts",
    "Ban",
    "Bans",
    "Certificate",
    "Copies",
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
    "NameSwitch",
    "Names",
    "OpensslConf",
    "Pair",
    "Paths",
    "PortNames",
    "Process",
    "Processes",
    "Reader",
    "Resolver",
    "Ruling",
    "Services",
    "SpareTls",
    "Startup",
    "System",
    "TcpWrappers",
    "Tls",
    "TlsFile",
    "Trail",
    "address_of",
    "counted_ports",
    "daemons",
    "is_of_people",
    "is_private",
    "leaves_at_once",
    "may",
    "named",
    "own_name",
    "readers_of",
    "refusals",
    "server_realm",
    "unnamed",
    "unsafe_folder",
]

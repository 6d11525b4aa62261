"""cyrus-imapd, whose libsasl reads its options from imapd.conf."""

from maildoctor.auth import imapd
from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.cyrus import search
from maildoctor.collect.knowledge import Adapter, FactStore, first, unknown
from maildoctor.facts import Unknown
from maildoctor.facts.cyrus.imapd_conf import ImapdConf
from maildoctor.facts.names import Names
from maildoctor.facts.system import System
from maildoctor.host import Host, NoAnswer

_CONF = "/etc/imapd.conf"
_DAEMONS = ("/usr/lib/cyrus/bin/imapd", "/usr/libexec/cyrus-imapd/imapd", "/usr/lib/cyrus-imapd/imapd")


def _daemon(host: Host) -> str:
    return first(host, _DAEMONS)


def _is_here(host: Host) -> bool:
    return bool(first(host, (_CONF,)) and _daemon(host))


def conf(host: Host, _: FactStore) -> ImapdConf | Unknown:
    """imapd.conf."""
    answer = host.ask("read", _CONF)
    return unknown(answer) if isinstance(answer, NoAnswer) else ImapdConf.parse(f"# path: {_CONF}\n{answer}")


def login_service(_: Host, know: FactStore) -> LoginService | Unknown:
    """Where users log in by IMAP and POP3."""
    found = know(ImapdConf)
    return found if isinstance(found, Unknown) else imapd.login_service(found, know(Names), know.get(System))


def application(host: Host, know: FactStore) -> SaslApplication | Unknown:
    """How imapd uses libsasl."""
    program = _daemon(host)
    return SaslApplication(
        name="imapd",
        product=imapd.PRODUCT,
        program=program,
        plugins=search(host, know, program)[1],
        settings=_CONF,
        protocol="imap",
    )


ADAPTER = Adapter(
    product=imapd.PRODUCT,
    is_here=_is_here,
    login_service=login_service,
    application=application,
    facts={ImapdConf: conf},
)

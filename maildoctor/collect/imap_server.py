"""Dovecot without a mail server that asks it: its own logins, by IMAP and POP3."""

from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect import dovecot
from maildoctor.collect.knowledge import Adapter, FactStore
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.dovecot.settings import Dovecot
from maildoctor.host import Host

PRODUCT = "dovecot"


def _is_here(host: Host) -> bool:
    return dovecot.is_configured(host)


def login_service(_: Host, know: FactStore) -> LoginService | Unknown:
    """It decides by itself who logs in; in which realm is a matter of its passdbs."""
    found = know(Dovecot)
    if isinstance(found, Unknown):
        return found
    return LoginService(product=PRODUCT, path=found.main, provider=PRODUCT, wanted=True, offer_known=False)


def application(_host: Host, _know: FactStore) -> SaslApplication | Unknown:
    """libsasl has no part in it."""
    return Absent("Dovecot does not use libsasl")


ADAPTER = Adapter(product=PRODUCT, is_here=_is_here, login_service=login_service, application=application)

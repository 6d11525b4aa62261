"""What smtpd.conf of OpenSMTPD says of logins."""

from maildoctor.auth.service import LoginService
from maildoctor.facts.opensmtpd.conf import OpenSmtpd

PRODUCT = "opensmtpd"


def login_service(smtpd: OpenSmtpd) -> LoginService:
    """Where users log in by SMTP: PLAIN and LOGIN, in TLS only, checked by smtpd itself, whose parent is root."""
    return LoginService(
        product=PRODUCT,
        path=smtpd.path,
        provider=PRODUCT,
        offer_known=False,
        wanted=bool(smtpd.logins),
        needs_tls=True,
    )

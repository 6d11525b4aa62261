"""What Exim's configuration says of logins."""

from maildoctor.auth.service import Account, LoginService
from maildoctor.facts.exim.conf import Exim
from maildoctor.facts.system import System

PRODUCT = "exim"

_USERS = {"debian": "Debian-exim", "freebsd": "mailnull", "suse": "mail"}


def user(system: System | None) -> str:
    """As whom Exim works once it listens, and opens what its authenticators ask (EXIM_USER of the build)."""
    return _USERS.get(system.family if system else "", "exim")


def login_service(exim: Exim, system: System | None) -> LoginService:
    """Where users log in by SMTP. What it offers is a matter of expansions, and seen when it runs."""
    name = user(system)
    return LoginService(
        product=PRODUCT,
        path=exim.path,
        provider="dovecot" if any(a.store == "dovecot" for a in exim.servers) else PRODUCT,
        offer_known=False,
        wanted=bool(exim.servers),
        account=Account(name, system.groups_of(name) if system else ()),
    )

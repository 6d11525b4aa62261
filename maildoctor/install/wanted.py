"""What a person wants of a host, and the steps that it takes, by the parts of the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from maildoctor.plan.steps import Step

MailServer = Literal["sendmail", "postfix", ""]
Store = Literal["sasldb", "system", "ldap", "dovecot", ""]
"""Where accounts are kept: a sasldb; those of the system, by saslauthd and PAM; a directory, by saslauthd; whatever
Dovecot asks. Empty: nobody said it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`user`: the first user; `host`: the name by which clients reach this host; `relay`: the smart host at which it is
    to log in, `HOST` or `HOST:PORT`, and `relay_user` as whom; each empty where nobody said it. `serves`: users are to
    log in here. `ldap`: the URI of the directory, and `ldap_base` below which its users stand."""

    mta: MailServer = ""
    accounts: Store = ""
    user: str = ""
    host: str = ""
    relay: str = ""
    relay_user: str = ""
    serves: bool = True
    ldap: str = ""
    ldap_base: str = ""


@dataclass(frozen=True, slots=True)
class SetUp:
    """Typed steps by the part of the way that they are. `build` makes the configuration take effect."""

    packages: Sequence[Step] = ()
    configuration: Sequence[Step] = ()
    certificate: Sequence[Step] = ()
    build: Sequence[Step] = ()
    verifier: Sequence[Step] = ()
    users: Sequence[Step] = ()
    relay: Sequence[Step] = ()

    @property
    def steps(self) -> list[Step]:
        """All of them, in their order."""
        parts = (self.packages, self.certificate, self.configuration, self.users, self.verifier, self.build)
        return [step for part in parts for step in part]

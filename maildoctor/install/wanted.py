"""What a person wants of a host, and the steps that it takes, by the parts of the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from maildoctor.plan.steps import Step

MailServer = Literal["sendmail", "postfix", "exim", "opensmtpd", ""]
Store = Literal["sasldb", "system", "ldap", "dovecot", "file", "other", ""]
"""Where accounts are kept: a sasldb; those of the system, by saslauthd and PAM, or asked by OpenSMTPD itself; a
directory, by saslauthd; whatever Dovecot asks; a file of names and hashes. `other`: set up, and none of these. Empty:
nobody said it."""

STORES: Mapping[MailServer, tuple[Store, ...]] = {
    "sendmail": ("sasldb", "system", "ldap"),
    "postfix": ("sasldb", "system", "ldap", "dovecot"),
    "exim": ("file", "system", "ldap", "dovecot"),
    "opensmtpd": ("system", "file"),
}
"""What each mail server can be set up with; the usual one first."""


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

"""What a person wants of a host, and the steps that it takes, by the parts of the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from maildoctor.plan.steps import Step
from maildoctor.plan.words import shell_word

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

SUBMISSION = 587
"""The port for users' programs (RFC 6409, section 3.1)."""
TLS_AT_ONCE = 465
"""The same with TLS from the first byte (RFC 8314, section 3)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`user`: the first user; `host`: the name by which clients reach this host; `relay`: the smart host at which it is
    to log in, `HOST` or `HOST:PORT`, and `relay_user` as whom; each empty where nobody said it. `serves`: whether users
    are to log in here, None where nobody said it. `ldap`: the URI of the directory, and `ldap_base` below which its
    users stand. `send_to`: the address that gets the test message."""

    mta: MailServer = ""
    accounts: Store = ""
    user: str = ""
    host: str = ""
    relay: str = ""
    relay_user: str = ""
    serves: bool | None = None
    ldap: str = ""
    ldap_base: str = ""
    send_to: str = ""

    @property
    def relay_host(self) -> str:
        """The smart host's name."""
        return self.relay.partition(":")[0]

    @property
    def relay_port(self) -> int:
        """Its port; where none is named, that of submission, which is for logins."""
        return int(self.relay.partition(":")[2] or SUBMISSION)


@dataclass(frozen=True, slots=True)
class SetUp:
    """Typed steps by the part of the way that they are. `build` makes the configuration take effect, that of `relay`
    too, which names the smart host; `password` is how this host logs in there."""

    packages: Sequence[Step] = ()
    configuration: Sequence[Step] = ()
    certificate: Sequence[Step] = ()
    build: Sequence[Step] = ()
    verifier: Sequence[Step] = ()
    users: Sequence[Step] = ()
    relay: Sequence[Step] = ()
    password: Sequence[Step] = ()

    @property
    def steps(self) -> list[Step]:
        """All that let users log in here, in their order."""
        parts = (self.packages, self.certificate, self.configuration, self.users, self.verifier, self.build)
        return [step for part in parts for step in part]


def options(wanted: Wanted) -> str:
    """What was said, as options of `maildoctor guide`, each with a blank before it."""
    pairs = (
        ("--mta", wanted.mta), ("--accounts", wanted.accounts), ("--host", wanted.host), ("--user", wanted.user),
        ("--relay", wanted.relay), ("--relay-user", wanted.relay_user), ("--ldap", wanted.ldap),
        ("--ldap-base", wanted.ldap_base), ("--send-test", wanted.send_to),
    )  # fmt: skip
    both = " --server" if wanted.serves else ""
    return both + "".join(f" {option} {shell_word(value)}" for option, value in pairs if value)

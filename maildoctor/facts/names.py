"""What the host is called, and which realm follows from that."""

import re
from dataclasses import dataclass
from typing import Self

from maildoctor.facts import Unknown
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.sendmail.program import SendmailProgram


@dataclass(frozen=True, slots=True)
class HostsLine:
    """One line of /etc/hosts: the canonical name first, then its aliases."""

    number: int
    address: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """The node name and /etc/hosts. Text: `hostname: NAME`, then the lines of /etc/hosts."""

    hostname: str
    hosts: tuple[HostsLine, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        hostname, hosts = "", list[HostsLine]()
        for number, line in enumerate(text.splitlines()):
            if line.startswith("hostname:"):
                hostname = line.removeprefix("hostname:").strip()
                continue
            words = line.partition("#")[0].split()
            if len(words) > 1 and re.fullmatch(r"[0-9a-fA-F:.%\w]+", words[0]):
                hosts.append(HostsLine(number, words[0], tuple(words[1:])))
        return cls(hostname, tuple(hosts))

    @property
    def own_line(self) -> HostsLine | None:
        """The first line of /etc/hosts that knows the node name, as gethostbyname(3) takes it."""
        wanted = self.hostname.lower()
        return next((h for h in self.hosts if wanted in (n.lower() for n in h.names)), None)

    @property
    def aliases(self) -> tuple[str, ...]:
        """Names that /etc/hosts gives to the host's own address."""
        own = self.own_line
        there = [n for h in self.hosts if own and h.address == own.address for n in h.names]
        return tuple(n for n in dict.fromkeys(there) if "." in n and n != "localhost.localdomain")

    @property
    def canonical(self) -> str:
        """The host's full name as far as files tell: the first name with a dot on its line of /etc/hosts, canonical
        name before aliases (sendmail daemon.c, myhostname), else the node name."""
        own = self.own_line
        return next((n for n in (own.names if own else ()) if "." in n), self.hostname)


def own_name(cf: SendmailCf, names: Names, program: SendmailProgram | None) -> str:
    """Macro $j: what sendmail said it is, else Dj of sendmail.cf, else what the files tell."""
    if program is not None and "j" in program.identity:
        return program.identity["j"]
    w, _, m = names.canonical.partition(".")
    resolved = (
        cf.resolve_macros(cf.domain_name, w=w if "$m" in cf.domain_name else names.canonical, m=m)
        if cf.domain_name
        else None
    )
    return (resolved or names.canonical).rstrip(".")


def unnamed(cf: SendmailCf, names: Names, program: SendmailProgram | None) -> Unknown | None:
    """The lack of the full name where only a name server tells it, and nobody asked; None where it is known."""
    reported = program is not None and "j" in program.identity
    if reported or "." in own_name(cf, names, program):
        return None
    return Unknown("the host's full name ($j) stands in no file; a name server may know it", "examine the running host")


def server_realm(cf: SendmailCf, names: Names, program: SendmailProgram | None) -> str:
    """The realm in which a name without `@` is looked up: AuthRealm, else $j (srvrsmtp.c, sasl_server_new); libsasl
    puts it in lower case (lib/common.c, _sasl_conn_init)."""
    return (cf.auth_realm or own_name(cf, names, program)).lower()

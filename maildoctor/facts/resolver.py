"""How this host finds names: resolv.conf, the hosts line of nsswitch.conf, and how long a client waits for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.model import Evidence

_SOURCES_OF_DNS = frozenset(
    {"dns", "resolve", "ldap", "sss", "nis", "nisplus", "winbind", "wins", "cache", "extrausers"}
)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Text: the lines of resolv.conf (`nameserver ADDRESS`, `options …`), `hosts: files dns` of nsswitch.conf, `missing
    module: NAME` for a source of it whose library is not installed, and `asked ADDRESS: answers` (or why not) of a name
    server that was asked."""

    servers: tuple[str, ...]
    """as resolv.conf has them, three at most; without any the resolver asks this host itself"""
    sources: tuple[str, ...]
    """where names of hosts are looked up, empty where nsswitch.conf does not tell"""
    missing: frozenset[str]
    """sources whose library is not installed"""
    asked: Mapping[str, str]
    """what name servers that were asked did: `answers`, or why not"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        servers, sources, missing, asked = list[str](), tuple[str, ...](), set[str](), dict[str, str]()
        for line in text.splitlines():
            word, _, rest = line.strip().partition(" ")
            if word == "nameserver" and rest.split():
                servers.append(rest.split()[0])
            elif word == "hosts:":
                sources = tuple(w for w in re.sub(r"\[[^\]]{0,200}\]", " ", rest.partition("#")[0]).split())
            elif line.startswith("missing module: "):
                missing.add(line.removeprefix("missing module: ").strip())
            elif m := re.fullmatch(r"asked (\S{1,60}): (.{1,200})", line.strip()):
                asked[m[1]] = m[2]
        return cls(tuple(servers[:3]), sources, frozenset(missing), asked)

    @property
    def dead(self) -> tuple[str, ...]:
        """The name servers that were asked and did not answer."""
        return tuple(server for server, words in self.asked.items() if words != "answers")

    @property
    def usable(self) -> tuple[str, ...]:
        """The sources whose library is there."""
        return tuple(s for s in self.sources if s not in self.missing)

    @property
    def asks_the_dns(self) -> bool:
        """Whether names are looked for beyond this host's own files; true where that is not known."""
        return not self.sources or any(s in _SOURCES_OF_DNS or s.startswith("mdns") for s in self.usable)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What shows that names are found, as far as it was asked."""
        return tuple(Evidence(f"name server {server}", words) for server, words in self.asked.items())


@dataclass(frozen=True, slots=True)
class Greeting:
    """How long a client that /etc/hosts does not know waited for the greeting of this host's own mail server. Text:
    `PORT SECONDS BANNER`, the banner `-` where none came in that time."""

    port: int
    seconds: float
    banner: str
    """empty where none came"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From such a line."""
        m = re.search(r"(?m)^(\d{1,5}) (\d{1,6}(?:\.\d{1,6})?) (.{1,1024})$", text)
        return cls(int(m[1]), float(m[2]), "" if m[3] == "-" else m[3]) if m else cls(0, 0.0, "")

    @property
    def code(self) -> int:
        """The reply code of the banner, 0 where none came."""
        return int(self.banner[:3]) if re.match(r"[2-5]\d\d(?!\d)", self.banner) else 0

    @property
    def evidence(self) -> Evidence:
        """As swaks shows it."""
        return Evidence(
            f"a client at 127.0.0.77, port {self.port}", f"after {self.seconds:.1f} s: {self.banner or 'no greeting'}"
        )

"""hosts.allow and hosts.deny, as tcpd reads them (hosts_access(5))."""

import re
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One rule: `daemons : clients`. `path:line` says where it stands."""

    path: str
    line: int
    daemons: tuple[str, ...]
    clients: tuple[str, ...]
    text: str

    def speaks_of(self, daemon: str) -> bool:
        """Whether its list of daemons holds this one or ALL (compared without regard to case, hosts_access.c)."""
        return any(d.upper() == "ALL" or d.partition("@")[0].lower() == daemon for d in self.daemons)

    @property
    def every_client(self) -> bool:
        """Whether it means all clients."""
        return any(c.upper() == "ALL" for c in self.clients)


@dataclass(frozen=True, slots=True)
class TcpWrappers:
    """Text: `# path: /etc/hosts.allow` and its lines, then `# path: /etc/hosts.deny` and its lines."""

    allow: tuple[AccessRule, ...]
    deny: tuple[AccessRule, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From both files."""
        path, number, rules = "/etc/hosts.deny", 0, list[AccessRule]()
        for line in re.sub(r"\\\n", " ", text).splitlines():
            number += 1
            if line.startswith("# path: "):
                path, number = line.removeprefix("# path: ").strip(), 0
            elif ":" in line and not line.lstrip().startswith("#"):
                daemons, _, rest = line.partition(":")
                clients = re.split(r"(?<!\\):(?![^\[]*\])", rest)[0]
                rules.append(AccessRule(path, number, _words(daemons), _words(clients), line.strip()))
        return cls(
            tuple(r for r in rules if r.path.endswith("allow")), tuple(r for r in rules if r.path.endswith("deny"))
        )


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())

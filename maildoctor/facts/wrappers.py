"""hosts.allow and hosts.deny, as tcpd reads them (hosts_access(5))."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One rule: `daemons : clients : options`. `path:line` says where it stands."""

    path: str
    line: int
    daemons: tuple[str, ...]
    clients: tuple[str, ...]
    allows: bool
    """by its file, or by an option `allow` or `deny` (hosts_options(5))"""
    text: str

    def speaks_of(self, daemon: str) -> bool:
        """Whether its list of daemons holds this one or ALL, EXCEPT regarded (hosts_access.c, list_match)."""
        return _matches(self.daemons, lambda word: word.partition("@")[0] in ("all", daemon))

    @property
    def every_client(self) -> bool:
        """Whether it means all clients, without EXCEPT."""
        return any(c.upper() == "ALL" for c in self.clients) and not any(c.upper() == "EXCEPT" for c in self.clients)

    @property
    def this_host_only(self) -> bool:
        """Whether it means nobody but this host itself and hosts without a domain."""
        return bool(self.clients) and all(
            re.fullmatch(r"(?i)local|localhost|127\.\S*|\[?::1\]?\S*", c) for c in self.clients
        )


def _matches(words: tuple[str, ...], hit: Callable[[str], bool]) -> bool:
    """`a b EXCEPT c`: in the first list and not in the second, which may have its own EXCEPT."""
    at = next((i for i, w in enumerate(words) if w.upper() == "EXCEPT"), len(words))
    return any(hit(w.lower()) for w in words[:at]) and not _matches(words[at + 1 :], hit)


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
                clients, *options = re.split(r"(?<!\\):(?![^\[]*\])", rest)
                reported = [o for o in (option.strip().lower() for option in options) if o in ("allow", "deny")]
                allows = reported[-1] == "allow" if reported else path.endswith("allow")
                rules.append(AccessRule(path, number, _words(daemons), _words(clients), allows, line.strip()))
        return cls(
            tuple(r for r in rules if r.path.endswith("allow")), tuple(r for r in rules if r.path.endswith("deny"))
        )


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())

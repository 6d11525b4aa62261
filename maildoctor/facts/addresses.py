"""The addresses that this host has."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Self

from maildoctor.facts.names import Names


def _address(word: str) -> IPv4Address | IPv6Address | None:
    word = word.strip().strip("[]").partition("%")[0]
    try:
        found = ip_address(word[5:] if word.lower().startswith("ipv6:") else word)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


@dataclass(frozen=True, slots=True)
class Addresses:
    """Text: an address a line; `nonlocal` where a program may bind to others too (ip(7), ip_nonlocal_bind)."""

    all: frozenset[IPv4Address | IPv6Address]
    may_bind_others: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above; others are passed over."""
        lines = text.splitlines()
        return cls(frozenset(filter(None, map(_address, lines))), "nonlocal" in lines)

    def lacks(self, word: str, names: Names | None) -> str:
        """The address that a listener asks for, or that /etc/hosts gives to the name that it asks for, where this host
        does not have it; empty where it has it, or that is not known. Of several addresses of a name one is enough."""
        if not self.all or self.may_bind_others or not word:
            return ""
        asked = _address(word)
        if asked is None:
            lines = (h for h in names.hosts if word.lower() in (n.lower() for n in h.names)) if names else ()
            wanted = [a for a in (_address(line.address) for line in lines) if a]
        else:
            wanted = [asked]
        missing = [a for a in wanted if not (a in self.all or a.is_unspecified or a.is_loopback or a.is_multicast)]
        return str(missing[0]) if missing and len(missing) == len(wanted) else ""

    def shown(self, most: int = 6) -> Sequence[str]:
        """Those that others can reach, IPv4 first."""
        far = [a for a in self.all if not (a.is_loopback or a.is_link_local)]
        return [str(a) for a in sorted(far, key=lambda a: (a.version, int(a)))][:most]

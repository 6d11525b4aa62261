"""Single clients that this host turns away: routes that lead nowhere, sets and rules of a packet filter for the ports
of mail. That is how fail2ban and its like lock out addresses.

Sources: fail2ban config/action.d/ (route.conf, nftables.conf, iptables.conf, iptables-ipset.conf), ip-route(8), nft(8),
ipset(8).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from maildoctor.model import Evidence

_SOURCE = re.compile(r"# source: ([^\n]{1,200})")
_ROUTE = re.compile(r"(unreachable|prohibit|blackhole) ([0-9A-Fa-f.:]{2,45}(?:/\d{1,3})?)(?: |$)")
_ELEMENTS = re.compile(r"elements = \{([^}]{0,200000})\}")
_SET = re.compile(r"nft list set (\w{1,10}) (\S{1,100}) (\S{1,100})")
_ADDRESS = re.compile(r"(?:(?<=[\s,])|^)([0-9A-Fa-f.:]{2,45}(?:/\d{1,3})?)(?=[\s,]|$)")
_RULE = re.compile(r"(?:-A (\S{1,100}) .{0,200}?-s|.{0,200}?\bip6? saddr) ([0-9A-Fa-f.:]{2,45}(?:/\d{1,3})?)(?: |$)")
_MEMBER = re.compile(r"add (\S{1,100}) ([0-9A-Fa-f.:]{2,45}(?:/\d{1,3})?)(?: |$)")
_JAIL = re.compile(r"(?:f2b|fail2ban|addr6?-set)-(\S{1,60})")
_MOST = 2_000
"""Bans that are kept."""

_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "127.0.0.0/8")))

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def address_of(text: str) -> Address | None:
    """The address that this text is; None where it is none."""
    try:
        return ip_address(text.removeprefix("IPv6:"))
    except ValueError:
        return None


def is_private(net: Network) -> bool:
    """Whether it is of a private net, in which this host's own users sit."""
    return any(net.version == p.version and net.subnet_of(p) for p in _PRIVATE)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Ban:
    """One address or net. `by`: `route`, `set` or `rule`; `jail`: as fail2ban calls it, empty where that is not told;
    `name`: `FAMILY TABLE SET` of a set of nftables, the set of ipset, the chain; `text`: in the host's words."""

    net: Network
    by: str
    jail: str
    name: str
    source: str
    text: str

    @property
    def address(self) -> str:
        """As an admin writes it."""
        whole = self.net.prefixlen == self.net.max_prefixlen
        return str(self.net.network_address) if whole else str(self.net)

    @property
    def evidence(self) -> Evidence:
        """What says so."""
        return Evidence(self.source, self.text)


@dataclass(frozen=True, slots=True)
class Bans:
    """Text: `# source: ip route`, `# source: nft list set FAMILY TABLE NAME`, `# source: iptables-save -t filter`,
    `# source: ipset save NAME`, each with the lines of that program that turn somebody away; `# fail2ban` where that is
    installed."""

    all: tuple[Ban, ...]
    by_fail2ban: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        found, source, rows = list[Ban](), "ip route", list[str]()
        for line in (*text.splitlines(), "# source: the end"):
            if m := _SOURCE.match(line):
                found += _bans(source, rows)
                source, rows = m[1].strip(), []
            elif not line.startswith("#"):
                rows.append(line.strip())
        return cls(tuple(found[:_MOST]), "# fail2ban" in text.splitlines())


def _bans(source: str, rows: list[str]) -> Iterator[Ban]:
    if m := _SET.match(source):
        jail = _JAIL.search(m[3])
        for listed in _ELEMENTS.findall(" ".join(rows)):
            for word in _ADDRESS.findall(listed):
                yield from _ban(word, "set", jail[1] if jail else "", " ".join(m.groups()), source, word)
        return
    for row in rows:
        if route := _ROUTE.match(row):
            yield from _ban(route[2], "route", "", "", source, row)
        elif member := _MEMBER.match(row):
            jail = _JAIL.search(member[1])
            yield from _ban(member[2], "set", jail[1] if jail else "", member[1], source, row)
        elif rule := _RULE.match(row):
            jail = _JAIL.search(rule[1] or "")
            yield from _ban(rule[2], "rule", jail[1] if jail else "", rule[1] or "", source, row)


def _ban(words: str, by: str, jail: str, name: str, source: str, text: str) -> Iterator[Ban]:
    try:
        yield Ban(ip_network(words, strict=False), by, jail, name, source, text[:200])
    except ValueError:
        return

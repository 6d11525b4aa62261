"""Packet filters of this host: what becomes of a client that connects to a port, as far as simple rules tell.

A rule with a condition that is not understood neither lets pass nor stops: a port is `shut` only where rules that hold
for every client say so. Sources: nft(8), iptables(8).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from maildoctor.model import Evidence

_SERVICES = {
    "smtp": 25,
    "submission": 587,
    "smtps": 465,
    "submissions": 465,
    "urd": 465,
    "ssh": 22,
    "http": 80,
    "https": 443,
}
_LINE = 2000
_DEPTH = 16
"""Chains that call each other."""

Fate = Literal["passes", "dropped", "rejected", "unsure"]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What one rule does. `ports`: which TCP ports it is for, None: whatever port; `everybody`: it has no condition but
    that; `verdict`: accept, drop, reject, `return` or the chain it goes to."""

    ports: frozenset[int] | None
    everybody: bool
    verdict: str
    text: str

    def fits(self, port: int) -> bool:
        return self.ports is None or port in self.ports


@dataclass(frozen=True, slots=True)
class _Chain:
    """`hook`: packets for this host come by it; `policy`: what becomes of those no rule takes."""

    name: str
    hook: bool
    policy: str
    rules: tuple[_Rule, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a client at one port, and the rule that says so."""

    fate: Fate
    rule: str


@dataclass(frozen=True, slots=True)
class Firewall:
    """Text: `# source: nft list ruleset` and what it prints, `# source: iptables-save` likewise, or the file that they
    are loaded from (`# source: /etc/nftables.conf`)."""

    source: str
    chains: Mapping[str, _Chain]
    table_of: Mapping[str, str]
    """by the name of a set of nft, its table: `inet f2b-table`"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        m = re.match(r"# source:[ \t]*([^\n]*)\n?", text)
        source, body = (m[1].strip(), text[m.end() :]) if m else ("nft list ruleset", text)
        reader = _iptables if re.search(r"(?m)^\*filter", body) else _nft
        return cls(source, {chain.name: chain for chain in reader(body)}, _tables(body))

    def ruling(self, port: int) -> Ruling:
        """What becomes of a new connection from another machine to this TCP port."""
        worst = Ruling("passes", "")
        for chain in self.chains.values():
            if not chain.hook:
                continue
            fate, rule = self._through(chain, port, _DEPTH)
            if fate in ("drop", "reject"):
                return Ruling("dropped" if fate == "drop" else "rejected", rule)
            if fate == "unsure":
                worst = Ruling("unsure", rule)
        return worst

    def selective(self, ports: Iterable[int]) -> Iterator[str]:
        """Rules that turn away some clients of these ports, in their own words: those of single addresses or sets."""
        wanted = frozenset(ports)
        seen = dict.fromkeys(
            text for chain in self.chains.values() if chain.hook for text in self._turned_away(chain, wanted, _DEPTH)
        )
        yield from seen

    def _turned_away(self, chain: _Chain, ports: frozenset[int], depth: int) -> Iterator[str]:
        for rule in chain.rules:
            if rule.ports is not None and not rule.ports & ports:
                continue
            if rule.verdict in self.chains:
                if depth:
                    yield from self._turned_away(self.chains[rule.verdict], ports, depth - 1)
            elif rule.verdict in ("drop", "reject") and not rule.everybody:
                yield rule.text

    def evidence(self, ruling: Ruling) -> Evidence:
        """The rule in its own words."""
        return Evidence(self.source, ruling.rule)

    def _through(self, chain: _Chain, port: int, depth: int) -> tuple[str, str]:
        """The verdict of a chain and the rule that gave it: accept, drop, reject, unsure, or `return`."""
        some = ""
        for rule in chain.rules:
            if not rule.fits(port):
                continue
            verdict, text = rule.verdict, rule.text
            if verdict in self.chains:
                verdict, inner = self._through(self.chains[verdict], port, depth - 1) if depth else ("unsure", "")
                text = inner or text
                if verdict == "return":
                    continue
            if not rule.everybody:
                # whoever is let in here may be the very clients that matter
                some = some or (text if verdict in ("accept", "unsure") else "")
                continue
            if verdict in ("drop", "reject") and some:
                return "unsure", some
            if verdict in ("accept", "drop", "reject", "return", "unsure"):
                return verdict, text
        if chain.policy in ("drop", "reject"):
            return ("unsure", some) if some else (chain.policy, f"chain {chain.name}: policy {chain.policy}")
        if some and not chain.hook:
            return "unsure", some
        return ("accept" if chain.hook else "return"), ""


# ---- nft

_CHAIN = re.compile(r"chain (\S{1,100}) \{")
_HOOK = re.compile(r"type filter hook input priority [^;]{1,40};(?: *policy (\w{1,10});)?")
_DPORT = re.compile(r"\btcp dport (!= )?(\{[^}]{0,1000}\}|\S{1,60})")
_NOT_FOR_CLIENTS = re.compile(
    r'\b(?:iif|iifname) "?lo\b|\bct state \{?[ "]*(?:established|related|invalid|untracked)(?![^}]{0,200}\bnew\b)'
    r"|\bct state vmap \{(?![^}]{0,200}\bnew\b)|\budp\b"
    r"|\bicmpv?6?\b|\bip6? protocol (?!tcp)\S|\bmeta l4proto (?!tcp|\{)\S|\bip6? saddr 127\.|\bmeta pkttype\b"
)
"""Rules that are for no new connection of another machine."""
_HARMLESS = re.compile(
    r'\bcounter(?: packets \d{1,20} bytes \d{1,20})?|\blog(?: prefix "[^"]{0,120}")?(?: level \w{1,10})?'
    r'(?: flags \w{1,10})?|\bcomment "[^"]{0,200}"|\bct state \{?[ "]*new[ "]*\}?|\bmeta l4proto tcp'
    r"|\bip protocol tcp|\bmeta nfproto \w{1,6}"
    r"|\breject with .{1,80}$|# handle \d{1,9}"
)
"""What limits a rule to nobody."""
_VERDICT = re.compile(r"\b(accept|drop|reject|return)\b|\b(?:jump|goto) (\S{1,100})")


_TABLE = re.compile(r"table (\w{1,10} \S{1,100}) \{")
_SET = re.compile(r"\bset (\S{1,100}) \{")


def _tables(text: str) -> dict[str, str]:
    """The first table that has a set of this name."""
    tables, table = dict[str, str](), ""
    for line in text.splitlines():
        if m := _TABLE.search(line):
            table = m[1]
        elif (m := _SET.search(line)) and table:
            tables.setdefault(m[1], table)
    return tables


def _nft(text: str) -> Iterator[_Chain]:
    name, hook, policy, rules = "", False, "accept", list[_Rule]()
    for line in text.splitlines():
        row = line[:_LINE].strip()
        if m := _CHAIN.match(row):
            name, hook, policy, rules = m[1], False, "accept", []
        elif name and row == "}":
            yield _Chain(name, hook, policy, tuple(rules))
            name = ""
        elif name and (m := _HOOK.search(row)):
            hook, policy = True, m[1] or "accept"
        elif name and row and not row.startswith(("#", "type ")):
            rules += _nft_rule(row)


def _nft_rule(row: str) -> Iterator[_Rule]:
    if _NOT_FOR_CLIENTS.search(row.partition(" reject with ")[0]):
        return
    m = _DPORT.search(row)
    ports = _ports(m[2].strip("{}").replace(",", " ").split()) if m else None
    rest = _DPORT.sub("", row) if m else row
    rest = _HARMLESS.sub(lambda x: "reject" if x[0].startswith("reject") else "", rest)
    verdict = _VERDICT.search(rest)
    if verdict is None:
        return
    everybody = not _VERDICT.sub("", rest).strip() and ports != frozenset() and not (m and m[1])
    yield _Rule(None if ports == frozenset() or (m and m[1]) else ports, everybody, verdict[1] or verdict[2], row)


def _ports(words: list[str]) -> frozenset[int]:
    """Mail ports among these words: numbers, ranges, names. Of ranges only those that matter are counted."""
    found: set[int] = set()
    for word in words:
        low, _, high = word.replace(":", "-").partition("-")
        if word in _SERVICES:
            found.add(_SERVICES[word])
        elif re.fullmatch(r"\d{1,5}", low) and re.fullmatch(r"\d{0,5}", high):
            found |= {p for p in _MAIL if int(low) <= p <= int(high or low)} or {int(low)}
        else:
            return frozenset()
    return frozenset(found)


_MAIL = (25, 465, 587)

# ---- iptables

_POLICY = re.compile(r":(\S{1,100}) (ACCEPT|DROP|-)")
_APPEND = re.compile(r"-A (\S{1,100}) (.*)")
_IPT_PORTS = re.compile(r"--(?:dport|dports|destination-port|destination-ports) (\S{1,200})")
_IPT_JUMP = re.compile(r"-(?:j|g|-jump|-goto) (\S{1,100})(?: --reject-with \S{1,40})?")
_IPT_NOT = re.compile(
    r"-i lo\b|--(?:ct)?state (?:(?:RELATED|ESTABLISHED|INVALID|UNTRACKED),?)+(?: |$)|"
    r"-p (?:udp|icmp|icmpv6|ipv6-icmp|esp|ah|gre|2|igmp)\b"
    r"|-s 127\."
)
_IPT_HARMLESS = re.compile(
    r"-p tcp|-m (?:tcp|multiport|comment|state|conntrack)|--comment (?:\"[^\"]{0,256}\"|\S{1,256})|"
    r"--(?:ct)?state NEW(?: |$)|--syn"
    r"|--tcp-flags \S{1,60} \S{1,20}|-[cC] \d{1,20} \d{1,20}"
)


def _iptables(text: str) -> Iterator[_Chain]:
    policies: dict[str, str] = {}
    rules: dict[str, list[_Rule]] = {}
    table = ""
    for line in text.splitlines():
        row = re.sub(r"^\[\d{1,20}:\d{1,20}\] ", "", line[:_LINE].strip())
        if row.startswith("*"):
            table = row[1:]
        elif table == "filter" and (m := _POLICY.match(row)):
            policies[m[1]] = m[2]
        elif table == "filter" and (m := _APPEND.match(row)):
            rules.setdefault(m[1], []).extend(_iptables_rule(m[2], row))
    for name, policy in policies.items():
        yield _Chain(name, name == "INPUT", "drop" if policy == "DROP" else "accept", tuple(rules.get(name, ())))


def _iptables_rule(words: str, row: str) -> Iterator[_Rule]:
    jump = _IPT_JUMP.search(words)
    if _IPT_NOT.search(words) or jump is None or jump[1] in ("LOG", "NFLOG", "MARK", "CONNMARK"):
        return
    m = _IPT_PORTS.search(words)
    ports = _ports(m[1].split(",")) if m else None
    rest = _IPT_HARMLESS.sub("", _IPT_JUMP.sub("", _IPT_PORTS.sub("", words) if m else words))
    verdict = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "reject", "TARPIT": "drop", "RETURN": "return"}
    everybody = not rest.strip() and ports != frozenset()
    yield _Rule(None if ports == frozenset() else ports, everybody, verdict.get(jump[1], jump[1]), row)

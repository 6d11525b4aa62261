"""Password guessing: addresses that try many names or very often, as against a host on which nothing works."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from maildoctor.model import Evidence, Finding, Step
from maildoctor.triage.rules import QUIET, Rule
from maildoctor.triage.tally import NAMES_OF_ADDRESS, Tally
from maildoctor.triage.tops import Top

CODE, NAME = "ABUSE100", "password-guessing"

_MANY_NAMES = 10
_MANY_LINES = 50
_FEW_ADDRESSES = 5
_IN_BRACKETS = re.compile(rb"\[(?:IPv6:)?([0-9A-Fa-f:.]{3,45})\]")


@dataclass(slots=True)
class Guesser:
    """One address: how many lines of failing logins, by rule, and how many names it tried: of each rule 32 at most."""

    lines: dict[int, int] = field(default_factory=dict)
    names: set[bytes] = field(default_factory=set)

    @property
    def guesses(self) -> bool:
        """Many names, or a few over and over again: no person and no mail program does that."""
        return len(self.names) >= _MANY_NAMES or sum(self.lines.values()) >= _MANY_LINES


@dataclass(slots=True)
class Guessing:
    """The finding, the share of guessing in the lines of each rule, and the codes of what it explains."""

    finding: Finding
    shares: dict[int, float]
    codes: dict[str, None] = field(default_factory=dict)

    def share(self, rule: int) -> float:
        """How much of the lines of this rule comes from guessing, 0 to 1."""
        return self.shares.get(rule, 0.0)


def guessing(tally: Tally, rules: Sequence[Rule], explained: Set[int]) -> Guessing | None:
    """Who guesses passwords here. `explained`: rules whose lines have a cause on this host, so they accuse nobody."""
    lines: dict[int, int] = {}
    guessers: dict[bytes, Guesser] = {}
    scales = _scales(tally)
    for relay, by_rule in tally.addresses.items():
        guesser = guessers.setdefault(address(relay), Guesser())
        for rule, what in by_rule.items():
            if rules[rule].kind in QUIET or rule in explained or not is_refusal(rules[rule]):
                continue
            count = round(what.lines * scales[rule])
            guesser.lines[rule] = guesser.lines.get(rule, 0) + count
            guesser.names |= what.names
            lines[rule] = lines.get(rule, 0) + count
    guilty = {name: guesser for name, guesser in guessers.items() if guesser.guesses}
    if not guilty:
        return None
    shares = {rule: sum(g.lines.get(rule, 0) for g in guilty.values()) / total for rule, total in lines.items()}
    about = "about " if any(scales[rule] > 1 for rule in lines) else ""
    return Guessing(_finding(guilty, tally.forgotten_addresses, about), shares)


def sample() -> Finding:
    """What is said of one address that tried a dozen names."""
    names = {f"user{number}".encode() for number in range(1, 13)}
    return _finding({b"192.0.2.7": Guesser({0: 60}, names)}, 0, "")


def _scales(tally: Tally) -> dict[int, float]:
    """How many lines of a rule there were for each that was read: in a flood, addresses are taken from a part only."""
    counts: dict[int, tuple[int, int]] = {}
    for (rule, _), entry in tally.entries.items():
        count, read = counts.get(rule, (0, 0))
        counts[rule] = (count + entry.count, read + entry.read)
    return {rule: count / max(read, 1) for rule, (count, read) in counts.items()}


def is_refusal(rule: Rule) -> bool:
    """Whether lines of this rule say that a name and a password were refused."""
    return not rule.fields.isdisjoint(("user", "mech"))


def address(relay: bytes) -> bytes:
    """`host.example [192.0.2.1]` and `192.0.2.1` are one."""
    found = _IN_BRACKETS.search(relay)
    return found[1] if found else relay


def _finding(guilty: dict[bytes, Guesser], forgotten: int, about: str) -> Finding:
    busiest = Top(max(len(guilty), 1))
    for name, guesser in guilty.items():
        busiest.add(name, sum(guesser.lines.values()))
    worst = busiest.first(_FEW_ADDRESSES)
    names = len(set().union(*(g.names for g in guilty.values())))
    total = sum(count for _, count in busiest.first(len(guilty)))
    many = f"{len(guilty)} addresses" if len(guilty) > 1 else _text(worst[0][0])
    at_least = "at least " if forgotten or any(len(g.names) >= _MANY_NAMES for g in guilty.values()) else ""
    return Finding(
        code=CODE,
        name=NAME,
        severity="warning",
        message=f"Passwords are being guessed from {many}: {about}{total} refused logins"
        + (f", {at_least}{names} user names" if names else ""),
        why="One address that tries many names, or a few very often, is no user who forgot a password. The refusals "
        "that come from there say nothing of a fault on this host; every mail server on the Internet sees them.",
        advice="Ban addresses that fail often (fail2ban, or the firewall), limit the rate of connections and of AUTH "
        "attempts, and offer AUTH on the submission port (587, 465) only, after TLS. Look whether one of these "
        "addresses ever logged in: that password is known to strangers.",
        fix=(Step("apt-get install fail2ban"), Step("fail2ban-client status")),
        evidence=tuple(Evidence(_text(name), _summary(guilty[name])) for name, _ in worst),
        count=max(total, 1),
    )


def _summary(guesser: Guesser) -> str:
    names = sorted(guesser.names)[:3]
    shown = ", ".join(_text(name)[:40] for name in names)
    most = f"{len(guesser.names)} or more" if len(guesser.names) >= NAMES_OF_ADDRESS else str(len(guesser.names))
    tried = f", {most} names: {shown}, …" if len(names) > 2 else f", as {shown}" if names else ""
    return f"{sum(guesser.lines.values())} refused logins{tried}"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")

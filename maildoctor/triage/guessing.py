"""Password guessing: addresses that try many names or very often, and many addresses that try a few times each, as
against a host on which nothing works."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from maildoctor.model import Evidence, Finding, Step
from maildoctor.triage.rules import QUIET, Rule
from maildoctor.triage.tally import NAMES_OF_ADDRESS, Entry, Tally, is_checker, is_login
from maildoctor.triage.tops import Top

CODE, NAME = "ABUSE100", "password-guessing"

_MANY_NAMES = 10
_MANY_LINES = 50
_MANY_ADDRESSES = 40
_A_FEW_LINES = 5
_ROW = 3
_AN_HOUR = 60
_FEW_ADDRESSES = 5
_IN_BRACKETS = re.compile(rb"\[(?:IPv6:)?([0-9A-Fa-f:.]{3,45})\]")


@dataclass(slots=True)
class Guesser:
    """One address: how many lines of failing logins, by rule, and how many names it tried: of each rule 32 at most."""

    lines: dict[int, int] = field(default_factory=dict)
    names: set[bytes] = field(default_factory=set)
    checked: dict[int, int] = field(default_factory=dict)
    """the same of what a checker said to the mail program of these logins"""
    first: int = 0
    """the minute since 1970 of its first line, 0: not known"""

    @property
    def guesses(self) -> bool:
        """Many names, or a few over and over again: no person and no mail program does that."""
        return len(self.names) >= _MANY_NAMES or sum(self.lines.values()) >= _MANY_LINES

    def of_rule(self, rule: int) -> int:
        """How many lines of this rule it made."""
        return self.lines.get(rule, 0) + self.checked.get(rule, 0)


@dataclass(frozen=True, slots=True)
class Scattered:
    """Addresses that have only this in common: they try a few times each, and neither they nor the names they try ever
    logged in here. `minutes`: in how short a time the first 40 of the densest stretch came; 0: they came slowly.
    `sure`: while they were refused, others could log in."""

    guessers: dict[bytes, Guesser]
    minutes: int
    sure: bool


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
            if is_checker(rules[rule]):  # the mail program's line about the same login counts
                guesser.checked[rule] = guesser.checked.get(rule, 0) + count
            else:
                guesser.lines[rule] = guesser.lines.get(rule, 0) + count
            guesser.names |= what.names
            if what.first and (not guesser.first or what.first < guesser.first):
                guesser.first = what.first
            lines[rule] = lines.get(rule, 0) + count
    guilty = {name: guesser for name, guesser in guessers.items() if guesser.guesses}
    scattered = _scattered({name: g for name, g in guessers.items() if name not in guilty}, tally, rules)
    if not guilty and scattered is None:
        return None
    proved = guilty | scattered.guessers if scattered is not None and scattered.sure else guilty
    shares = {rule: sum(g.of_rule(rule) for g in proved.values()) / total for rule, total in lines.items()}
    about = "about " if any(scales[rule] > 1 for rule in lines) else ""
    return Guessing(_finding(guilty, scattered, tally.forgotten_addresses, about), shares)


def sample() -> Finding:
    """What is said of one address that tried a dozen names."""
    names = {f"user{number}".encode() for number in range(1, 13)}
    return _finding({b"192.0.2.7": Guesser({0: 60}, names)}, None, 0, "")


def _scattered(others: Mapping[bytes, Guesser], tally: Tally, rules: Sequence[Rule]) -> Scattered | None:
    """Whether many of these addresses are one guesser who changes his address with every few tries.

    A user who mistypes logs in a moment later, from the same address or at least by the same name; and where nobody can
    log in, no login is in the log. So strangers are many addresses that came within an hour, or, where it is known who
    logs in here, twice as many as ever logged in.
    """
    welcome = tally.welcome
    known = {address(relay) for relay in welcome.addresses}
    strangers = {
        name: guesser
        for name, guesser in others.items()
        if guesser.first
        and sum(guesser.lines.values()) <= _A_FEW_LINES
        and name not in known
        and guesser.names.isdisjoint(welcome.names)
    }
    if len(strangers) < _MANY_ADDRESSES:
        return None
    logins = [entry for (rule, _), entry in tally.entries.items() if is_login(rules[rule])]
    went_well = sum(entry.count for entry in logins)
    complete = welcome.complete and not any(entry.sampled for entry in logins)
    sure = went_well > 0 and (complete or len(strangers) >= went_well // 2)
    burst, minutes = _burst(strangers)
    if burst:
        return Scattered(burst, minutes, sure) if sure or not went_well else None
    if sure and complete and len(strangers) >= 2 * max(len(known), len(welcome.names)):
        return Scattered(strangers, 0, sure)
    return None


def _burst(strangers: Mapping[bytes, Guesser]) -> tuple[dict[bytes, Guesser], int]:
    """Those who came with 40 others within an hour, and the least number of minutes in which 40 came."""
    order = sorted(strangers, key=lambda name: strangers[name].first)
    times = [strangers[name].first for name in order]
    reach = _MANY_ADDRESSES - 1
    dense = [n for n in range(len(order) - reach) if times[n + reach] - times[n] < _AN_HOUR]
    if not dense:
        return {}, 0
    among = {order[n + k] for n in dense for k in range(_MANY_ADDRESSES)}
    return {name: strangers[name] for name in order if name in among}, 1 + min(
        times[n + reach] - times[n] for n in dense
    )


def _scales(tally: Tally) -> dict[int, float]:
    """How many lines of a rule there were for each that was read: in a flood, addresses are taken from a part only."""
    counts: dict[int, tuple[int, int]] = {}
    for (rule, _), entry in tally.entries.items():
        count, read = counts.get(rule, (0, 0))
        counts[rule] = (count + entry.count, read + entry.read)
    return {rule: count / max(read, 1) for rule, (count, read) in counts.items()}


def again_and_again(tally: Tally, rules: Sequence[Rule], rule: int, entry: Entry) -> float:
    """How much of the lines of an entry of a rule comes from addresses that were refused at least three times, 0 to 1.

    To them Dovecot's anvil delays its answer, by up to 15 seconds; Postfix waits ten and calls that a lost connection.
    """
    if any(other.own for other in tally.entries.values()):
        return 0.0  # `footprints` judges what followed the refusals of a probe of ours, by the minute
    refused: dict[bytes, int] = {}
    lines: dict[bytes, int] = {}
    for relay, by_rule in tally.addresses.items():
        for number, what in by_rule.items():
            which = (
                lines if number == rule else refused if rules[number].by_client and is_refusal(rules[number]) else None
            )
            if which is not None:
                name = address(relay)
                which[name] = which.get(name, 0) + what.lines
    waited = sum(count for name, count in lines.items() if refused.get(name, 0) >= _ROW)
    return waited / max(entry.read, 1)


def is_refusal(rule: Rule) -> bool:
    """Whether lines of this rule say that a name and a password were refused."""
    return not rule.fields.isdisjoint(("user", "mech"))


def address(relay: bytes) -> bytes:
    """`host.example [192.0.2.1]` and `192.0.2.1` are one."""
    found = _IN_BRACKETS.search(relay)
    return found[1] if found else relay


def _finding(single: Mapping[bytes, Guesser], scattered: Scattered | None, forgotten: int, about: str) -> Finding:
    guilty = {**single, **scattered.guessers} if scattered is not None else dict(single)
    busiest = Top(max(len(guilty), 1))
    for name, guesser in guilty.items():
        busiest.add(name, sum(guesser.lines.values()))
    worst = busiest.first(_FEW_ADDRESSES)
    names = len(set().union(*(g.names for g in guilty.values())))
    total = sum(count for _, count in busiest.first(len(guilty)))
    many = f"{len(guilty)} addresses" if len(guilty) > 1 else _text(worst[0][0])
    at_least = "at least " if forgotten or any(len(g.names) >= _MANY_NAMES for g in single.values()) else ""
    evidence = tuple(Evidence(_text(name), _summary(guilty[name])) for name, _ in worst)
    why, advice = _ONE, _BAN
    if scattered is not None:
        count = len(scattered.guessers)
        when = f", {_MANY_ADDRESSES} of them within {_minutes(scattered.minutes)}" if scattered.minutes else ""
        text = f"a few tries each{when}; none of them, and none of the names, logged in here"
        evidence = (Evidence(f"{count} addresses", text), *evidence[: _FEW_ADDRESSES - 1])
        why = (
            f"{_MANY}{'' if scattered.sure else _UNSURE} {_ONE}"
            if single
            else _MANY + ("" if scattered.sure else _UNSURE)
        )
        advice = _SCATTERED + (f" {_BAN}" if single else _LOOK)
    return Finding(
        code=CODE,
        name=NAME,
        severity="warning",
        message=f"Passwords are being guessed from {many}: {about}{total} refused logins"
        + (f", {at_least}{names} user names" if names else ""),
        why=why,
        advice=advice,
        fix=(Step("apt-get install fail2ban"), Step("fail2ban-client status")) if single else (),
        evidence=evidence,
        count=max(total, 1),
    )


_ONE = (
    "One address that tries many names, or a few very often, is no user who forgot a password. The refusals "
    "that come from there say nothing of a fault on this host; every mail server on the Internet sees them."
)
_MANY = (
    "Many addresses that try a few times each, by names that never log in here, are one guesser who rents them: users "
    "who mistype a password log in a moment later."
)
_UNSURE = (
    " No login that went well is in this log: if the names are those of your users and the addresses theirs, nobody "
    "can log in, and the refusals below say why."
)
_LOOK = " Look whether one of these addresses ever logged in: that password is known to strangers."
_BAN = (
    "Ban addresses that fail often (fail2ban, or the firewall), limit the rate of connections and of AUTH "
    "attempts, and offer AUTH on the submission port (587, 465) only, after TLS." + _LOOK
)
_SCATTERED = (
    "To ban single addresses does not stop a guesser who has many. Offer AUTH on the submission port (587, 465) only, "
    "not on port 25, refuse there what a block list of such hosts names, and see that no account has a password that "
    "can be guessed."
)


def _minutes(count: int) -> str:
    return "a minute" if count == 1 else f"{count} minutes"


def _summary(guesser: Guesser) -> str:
    names = sorted(guesser.names)[:3]
    shown = ", ".join(_text(name)[:40] for name in names)
    most = f"{len(guesser.names)} or more" if len(guesser.names) >= NAMES_OF_ADDRESS else str(len(guesser.names))
    tried = f", {most} names: {shown}, …" if len(names) > 2 else f", as {shown}" if names else ""
    return f"{sum(guesser.lines.values())} refused logins{tried}"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")

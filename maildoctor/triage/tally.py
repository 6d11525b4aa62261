"""Counts of what the log said, bounded however long the log and however odd the names in it.

A tally is a value that merges, in any order and grouping, to what one pass would have counted: what it keeps of many is
chosen by what it is (the earliest lines, the least names), never by what came first. Two things depend on the order of
reading: sessions that a cut tears apart, and which names, addresses and labels are kept where there are more than the
bounds below.
"""

from bisect import insort
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from maildoctor.triage.clock import Course
from maildoctor.triage.match import Hit
from maildoctor.triage.rules import QUIET, RELAYS, Rule
from maildoctor.triage.tops import Top

EXAMPLES = 5
LONGEST_EXAMPLE = 2000
_MOST_LABELS = 24
_MOST_NAMES = 400
_MOST_VALUES = 12
_MOST_ADDRESSES = 2000
NAMES_OF_ADDRESS = 32
_MOST_WELCOME = 20_000
_MOST_ASKED = 64
_SOON = 3
"""Seconds between a checker's refusal and the mail program's line about it."""
_MOST_SESSIONS = 4096
_MOST_IN_SESSION = 8
_LONGEST_VALUE = 256

OTHER = b"(others)"

Key = tuple[int, tuple[bytes, ...]]
"""A rule's number and the values of its labels."""


@dataclass(order=True, slots=True)
class Moment:
    """A stamp as it stands in the log, and its minute since 1970; 0 where it could not be told."""

    minute: int = 0
    stamp: bytes = b""


class Example(NamedTuple):
    """A line of the log, masked: the minute of its stamp, the log, the byte where it begins there, and the number of
    the line, 0 where it was not counted. The earliest are kept, so any pieces of a log keep the same."""

    minute: int
    log: str
    offset: int
    number: int
    text: bytes

    @property
    def source(self) -> str:
        """The log, and the line where it is known."""
        return f"{self.log}:{self.number}" if self.number else self.log


@dataclass(slots=True)
class Entry:
    """All lines of one rule with the same labels.

    `by_needle`: how many of them were counted at each needle, where all lines of a block were read.
    `read`: how many of them were read, line by line; `sampled`: others were counted by their needle only; `estimated`:
    and that count had to be shared with others.
    `after_login`: how many stood in a session with a login before.
    `own`: how many tell of a probe of ours (`footprints.py`).
    """

    count: int = 0
    first: Moment = field(default_factory=Moment)
    last: Moment = field(default_factory=Moment)
    course: Course = field(default_factory=Course)
    users: Top = field(default_factory=lambda: Top(_MOST_NAMES))
    relays: Top = field(default_factory=lambda: Top(_MOST_NAMES))
    values: dict[str, Top] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    by_needle: dict[int, int] = field(default_factory=dict)
    read: int = 0
    sampled: bool = False
    estimated: bool = False
    after_login: int = 0
    own: int = 0

    def seen(self, moment: Moment) -> None:
        """Widen the stretch of time by this moment."""
        if not self.first.stamp or moment < self.first:
            self.first = moment
        if moment >= self.last:
            self.last = moment

    def value(self, name: str) -> Top:
        """The values of a field that is no label, name or address."""
        top = self.values.get(name)
        if top is None:
            top = self.values[name] = Top(_MOST_VALUES)
        return top

    def wants(self, minute: int, log: str, offset: int) -> bool:
        """Whether the line that begins there is among its earliest."""
        return len(self.examples) < EXAMPLES or (minute, log, offset) < self.examples[-1][:3]

    def keep(self, example: Example) -> None:
        """One more of its lines, if it is among the earliest."""
        insort(self.examples, example)
        del self.examples[EXAMPLES:]

    def merge(self, other: "Entry") -> None:
        """Add all that another one counted, elsewhere in the log."""
        self.count += other.count
        for moment in (other.first, other.last):
            if moment.stamp:
                self.seen(moment)
        self.course.merge(other.course)
        self.users.merge(other.users)
        self.relays.merge(other.relays)
        for name, top in other.values.items():
            self.value(name).merge(top)
        self.examples = sorted(self.examples + other.examples)[:EXAMPLES]
        for needle, times in other.by_needle.items():
            self.by_needle[needle] = self.by_needle.get(needle, 0) + times
        self.sampled |= other.sampled
        self.estimated |= other.estimated
        self.read += other.read
        self.after_login += other.after_login
        self.own += other.own


@dataclass(slots=True)
class Address:
    """What came from one address: lines of failing logins, the names that were tried, the least 32 of them, and the
    minute since 1970 of the first line; 0 where no line has a time."""

    lines: int = 0
    names: set[bytes] = field(default_factory=set)
    first: int = 0

    def began(self, minute: int) -> None:
        """A line was written then, in minutes since 1970; 0 is no time."""
        if minute and (not self.first or minute < self.first):
            self.first = minute

    def tried(self, name: bytes) -> None:
        """A name was tried from there."""
        self.names.add(name)
        if len(self.names) > NAMES_OF_ADDRESS:
            self.names.remove(max(self.names))


@dataclass(slots=True)
class Welcome:
    """The addresses and the names that logged in, of each 20,000 at most; `complete`: none was left out."""

    addresses: set[bytes] = field(default_factory=set)
    names: set[bytes] = field(default_factory=set)
    complete: bool = True

    def add(self, relay: bytes, user: bytes) -> None:
        """One login that went well."""
        for value, known in ((relay, self.addresses), (user, self.names)):
            if value and value not in known:
                if len(known) < _MOST_WELCOME:
                    known.add(value)
                else:
                    self.complete = False

    def merge(self, other: "Welcome") -> None:
        """Add those of another one."""
        self.complete &= other.complete
        for address in sorted(other.addresses):
            self.add(address, b"")
        for name in sorted(other.names):
            self.add(b"", name)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What a checker such as saslauthd said of a name; it does not know from where the client comes."""

    second: int
    rule: int
    user: bytes
    entry: Entry


@dataclass(slots=True)
class _Session:
    """How many lines of which entries one session had, and from where its last login came; None: it had none."""

    counts: dict[Key, int] = field(default_factory=dict)
    login: bytes | None = None
    refused: list[Entry] = field(default_factory=list)
    """One for each line of a wrong name or password that no probe has claimed."""


class Tally:
    """Entries by rule and labels, addresses by what they did, and which entries met in one session."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._logins = frozenset(n for n, rule in enumerate(rules) if is_login(rule))
        self._joined = self._logins | _related(rules)
        self._checkers = frozenset(n for n, rule in enumerate(rules) if is_checker(rule))
        self._refusals: dict[bytes, list[_Refusal]] = {}
        self._probes = frozenset(program for rule in rules if rule.refusal == "probe" for program in rule.programs)
        self.entries: dict[Key, Entry] = {}
        self.addresses: dict[bytes, dict[int, Address]] = {}
        self.forgotten_addresses = 0
        self.welcome = Welcome()
        self.met: dict[tuple[Key, int], int] = {}
        """How many lines of an entry stood in one session with a line of another rule."""
        self._sessions: OrderedDict[tuple[bytes, ...], _Session] = OrderedDict()
        self._labels: dict[int, int] = {}

    def add(self, hit: Hit, minute: int) -> tuple[Key, Entry]:
        """Count one line; `minute` is that of its stamp. Gives its entry, for examples to be added."""
        key = self._key(hit)
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = Entry()
        times = hit.times
        entry.count += times
        entry.read += times
        head = hit.head
        if head.stamp:
            entry.seen(Moment(minute, head.stamp))
            entry.course.add(minute, times)
        user, relay = self._fields(hit, entry)
        rule = self._rules[hit.rule]
        if hit.rule in self._joined:
            self._join(key, hit, relay, entry)
        if relay and rule.kind not in QUIET:
            self._address(relay, hit.rule, user, times, minute)
            if self._refusals and minute and rule.refusal == "wrong":
                self._match(key, hit, minute, user, relay, entry)
        elif hit.rule in self._logins:
            self.welcome.add(relay, user)
        elif user and minute and hit.rule in self._checkers:
            self._checked(hit, minute, user, entry)
        return key, entry

    def _checked(self, hit: Hit, minute: int, user: bytes, entry: Entry) -> None:
        """Remember for some seconds what a checker refused."""
        if len(self._refusals) >= _MOST_ASKED:
            self._refusals.clear()
        waiting = self._refusals.setdefault(hit.head.host, [])
        waiting.append(_Refusal(_second(minute, hit.head.stamp), hit.rule, user, entry))
        del waiting[:-_MOST_ASKED]

    def _match(self, key: Key, hit: Hit, minute: int, user: bytes, relay: bytes, entry: Entry) -> None:
        """Join a mail program's line with what the checker said just before, where only one login can be meant."""
        now = _second(minute, hit.head.stamp)
        waiting = [r for r in self._refusals.get(hit.head.host, ()) if 0 <= now - r.second <= _SOON]
        meant = [r for r in waiting if not user or _same_name(r.user, user)]
        if len(meant) == 1:
            waiting.remove(meant[0])
            refusal = meant[0]
            refusal.entry.relays.add(relay, hit.times)
            self._address(relay, refusal.rule, refusal.user, hit.times, minute)
            if not user:
                entry.users.add(refusal.user, hit.times)
            self._meet(key, refusal.rule, 1)
        self._refusals[hit.head.host] = waiting

    def merge(self, other: "Tally") -> None:
        """Add all that another one counted, elsewhere in the log; that one stays as it is. Sessions across the border
        are not joined."""
        for key, entry in other.entries.items():
            self.entries.setdefault(self._bounded(key, new=True), Entry()).merge(entry)
        for relay, rules in other.addresses.items():
            for rule, theirs in rules.items():
                address = self.address_of(relay, rule)
                address.lines += theirs.lines
                for name in theirs.names:
                    address.tried(name)
                address.began(theirs.first)
        self.welcome.merge(other.welcome)
        for pair, times in other.met.items():
            self.met[pair] = self.met.get(pair, 0) + times
        self.forgotten_addresses += other.forgotten_addresses

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_sessions": OrderedDict(), "_rules": (), "_refusals": {}}

    def _key(self, hit: Hit) -> Key:
        labels = self._rules[hit.rule].labels
        if not labels:
            return (hit.rule, ())
        key = (hit.rule, tuple(hit.fields.get(name, b"")[:_LONGEST_VALUE] for name in labels))
        return key if key in self.entries else self._bounded(key, new=True)

    def _bounded(self, key: Key, new: bool = False) -> Key:
        """The same key, or that of all the others where a stranger chose too many labels."""
        if key in self.entries or not key[1]:
            return key
        if self._labels.get(key[0], 0) >= _MOST_LABELS:
            return (key[0], (OTHER,) * len(key[1]))
        if new:
            self._labels[key[0]] = self._labels.get(key[0], 0) + 1
        return key

    def _fields(self, hit: Hit, entry: Entry) -> tuple[bytes, bytes]:
        user = relay = b""
        labels = self._rules[hit.rule].labels
        for name, value in hit.fields.items():
            value = value[:_LONGEST_VALUE]
            if name == "user":
                user = value
                entry.users.add(user, hit.times)
            elif name in RELAYS:
                relay = relay or value
            elif name not in labels:
                entry.value(name).add(value, hit.times)
        if relay:
            entry.relays.add(relay, hit.times)
        return user, relay

    def _address(self, relay: bytes, rule: int, user: bytes, times: int, minute: int) -> None:
        address = self.address_of(relay, rule)
        address.lines += times
        address.began(minute)
        if user and user not in address.names:
            address.tried(user)

    def address_of(self, relay: bytes, rule: int) -> Address:
        """What came from an address by lines of this rule, nothing so far where it is new."""
        rules = self.addresses.get(relay)
        if rules is None:
            if len(self.addresses) >= _MOST_ADDRESSES:
                self._forget_addresses()
            rules = self.addresses[relay] = {}
        address = rules.get(rule)
        if address is None:
            address = rules[rule] = Address()
        return address

    def _forget_addresses(self) -> None:
        busiest = sorted(self.addresses.items(), key=lambda item: (-sum(a.lines for a in item[1].values()), item[0]))
        self.forgotten_addresses += len(busiest) - _MOST_ADDRESSES // 2
        self.addresses = dict(busiest[: _MOST_ADDRESSES // 2])

    def _join(self, key: Key, hit: Hit, relay: bytes, entry: Entry) -> None:
        """Join lines of one session: by process, and where there is one by queue id. Bare lines are one session."""
        head = hit.head
        sessions = [self._session((head.host, head.pid, b""))] if head.pid or not head.tag else []
        sessions += [self._session((head.host, b"", head.queue_id))] if head.queue_id else []
        others: dict[Key, int] = {}
        for session in sessions:
            others.update(session.counts)
        for rule in {other[0] for other in others}:
            self._meet(key, rule, 1)
        if key not in others:
            for other, times in others.items():
                self._meet(other, key[0], times)
        # A process may serve one client after another, so the login must be of the same one.
        entry.after_login += any(s.login is not None and (not relay or s.login in (b"", relay)) for s in sessions)
        for session in sessions:
            if key in session.counts or len(session.counts) < _MOST_IN_SESSION:
                session.counts[key] = session.counts.get(key, 0) + 1
            if hit.rule in self._logins:
                session.login = relay
        matched = self._rules[hit.rule]
        if head.queue_id and matched.refusal and not self._probes.isdisjoint(matched.programs):
            _claim(sessions[-1].refused, entry, matched)

    def _session(self, name: tuple[bytes, ...]) -> "_Session":
        session = self._sessions.get(name)
        if session is None:
            session = self._sessions[name] = _Session()
            if len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)
        else:
            self._sessions.move_to_end(name)
        return session

    def _meet(self, key: Key, rule: int, times: int) -> None:
        if key[0] != rule:
            self.met[key, rule] = self.met.get((key, rule), 0) + times


def _claim(refused: list[Entry], entry: Entry, rule: Rule) -> None:
    """Where our probe says that the refusals before it in its session are its own, they are, each once."""
    if rule.refusal == "probe":
        for before in refused:
            before.own += 1
        refused.clear()
    elif rule.refusal == "wrong" and len(refused) < _MOST_IN_SESSION:
        refused.append(entry)


def _related(rules: Sequence[Rule]) -> frozenset[int]:
    """The rules for which it matters what else stood in their sessions."""
    explained = {code for rule in rules if rule.scope == "session" for code in rule.explains}
    return frozenset(
        n
        for n, rule in enumerate(rules)
        if (rule.explains and rule.scope == "session")
        or rule.code in explained
        or rule.refusal
        or rule.by_words
        or any(cause.login is not None for cause in rule.causes)
    )


def is_login(rule: Rule) -> bool:
    """Whether the rule tells of a login that went well: a normal line with a mechanism or a user in it."""
    return rule.kind == "normal" and ("(?P<mech>" in rule.pattern or "(?P<user>" in rule.pattern)


def is_checker(rule: Rule) -> bool:
    """Whether the rule tells what saslauthd said of a name to a mail program that has a line of its own about it."""
    return rule.programs == ("saslauthd",) and "user" in rule.fields and rule.by_client


def _second(minute: int, stamp: bytes) -> int:
    """The second since 1970 of a stamp whose minute is known; that of its minute where it tells none."""
    seconds = stamp[17:19] if stamp[4:5] == b"-" else stamp[-2:]
    return 60 * minute + (int(seconds) if seconds.isdigit() else 0)


def _same_name(name: bytes, other: bytes) -> bool:
    """With a realm and without, a name is one."""
    return name.partition(b"@")[0] == other.partition(b"@")[0]

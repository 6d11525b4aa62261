"""What `maildoctor probe` itself left in the log of a server: refused logins that are nobody's fault.

Our lines are known by what a server writes of the client in the same line: the mechanism as we spell it (`pLAIN`, to
Postfix and Sendmail; `smtp/scripts.py`), or the name that we say in EHLO (Exim). Whoever is asked by the mail program
writes neither. What libsasl says within its process belongs to the refusal in the same session; lines of Dovecot and
saslauthd are counted against ours: as many at most, of the same users and addresses, in the same minutes. So is what is
left where the server delays its answer to a client it has just refused.
OpenSMTPD writes of a login nothing that a client could choose, but each command it refuses, with the number of the
session: after a refused login our probe greets it again, and that line (`refusal = "probe"`) claims those before it in
its session.

Anybody can imitate that, and gains nothing: a finding is only called ours where every line of it is, so lines of others
are never hidden, and the addresses of all are looked at for guessing as ever. Only rules with `refusal` can be called
ours, those of which a wrong name or password is all the cause.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from maildoctor.model import Evidence, Finding
from maildoctor.triage.clock import Course
from maildoctor.triage.match import Hit
from maildoctor.triage.rules import Rule
from maildoctor.triage.tally import Entry, Key, Tally

CODE, NAME = "ABUSE101", "own-probe"

_SPELLING = re.compile(rb"[a-z][A-Z0-9]+(?:-[A-Z0-9]+)*")
_EHLO = re.compile(rb"\(maildoctor\.invalid\) \[")
_ASKED = (("dovecot*",), ("saslauthd",))
"""Programs that mail programs ask, and that never learn how the client spelled anything."""
_WAITED = b"Connection lost"
"""What Postfix says where the mail program gave up waiting for an answer; where it cannot even connect to those who
answer, nobody was refused before."""
_FEW_ADDRESSES = 5
_LINES = 3


def is_own(hit: Hit) -> bool:
    """Whether the line tells of a client that bears the marks of ours."""
    mech = hit.fields.get("mech")
    return bool((mech and _SPELLING.fullmatch(mech)) or _EHLO.search(hit.head.message))


@dataclass(frozen=True, slots=True)
class Footprints:
    """The finding, and the entries that it explains."""

    finding: Finding
    keys: frozenset[Key]


def footprints(tally: Tally, rules: Sequence[Rule]) -> Footprints | None:
    """The entries that are nothing but refusals of our own probes."""
    wrong = {key: e for key, e in tally.entries.items() if rules[key[0]].refusal == "wrong" and not e.sampled}
    late = {key: e for key, e in tally.entries.items() if rules[key[0]].refusal == "delayed" and not e.sampled}
    ours = {key for key, e in wrong.items() if _all_own(e)}
    if not ours:
        return None
    left = {key: e for key, e in wrong.items() if not e.own}
    sole = {key[0] for key in ours} - {key[0] for key in tally.entries if key not in ours}
    within = {
        key
        for key, e in left.items()
        if not _names_a_client(rules[key[0]]) and any(tally.met.get((key, rule), 0) >= e.count for rule in sole)
    }
    certain = [entry for key, entry in wrong.items() if key in ours]
    whole = _Sum(certain)
    asked = {key for key, e in left.items() if rules[key[0]].programs in _ASKED and whole.covers(e)}
    # a server that delays what it says to a client it has just refused, until the mail program gives up
    delayed = {key for key, e in late.items() if _all_own(e) and _waited(key) and whole.refused_before(e)}
    most = sum(late[key].count for key in delayed)
    given_up = {
        key
        for key, e in late.items()
        if not e.own and e.count <= most and rules[key[0]].severity != "error" and whole.covers(e)
    }
    keys = frozenset(ours | within | asked | delayed | given_up)
    return Footprints(_finding(certain, whole.relays, _logins(ours, wrong, rules)), keys)


def sample() -> Finding:
    """What is said of two refused logins."""
    entry = Entry(count=2, own=2)
    return _finding([entry], Counter({b"192.0.2.7": 2}), entry.count)


def _logins(ours: Iterable[Key], entries: Mapping[Key, Entry], rules: Sequence[Rule]) -> int:
    """How many logins it were; OpenSMTPD tells of each by a line of more than one rule."""
    claimed = {rule.programs for rule in rules if rule.refusal == "probe"}
    twice: Counter[int] = Counter()
    once = 0
    for key in ours:
        if rules[key[0]].programs in claimed:
            twice[key[0]] += entries[key].count
        else:
            once += entries[key].count
    return once + max(twice.values(), default=0)


def _names_a_client(rule: Rule) -> bool:
    """Whether its lines could bear our marks, so that those without are another's."""
    return "(?P<mech>" in rule.pattern or "(?P<relay>" in rule.pattern


def _waited(key: Key) -> bool:
    return any(value.startswith(_WAITED) for value in key[1])


def _all_own(entry: Entry) -> bool:
    return entry.own >= entry.count > 0


class _Sum:
    """What our own lines come to: how many there are of each user and address, and in which minutes."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.users: Counter[bytes] = Counter()
        self.relays: Counter[bytes] = Counter()
        for entry in entries:
            for name, count in entry.users.counts.items():
                bare, at, _ = name.partition(b"@")
                # saslauthd writes the realm elsewhere
                self.users.update({name: count, bare: count} if at else {name: count})
            self.relays.update(entry.relays.counts)
        self._course = Course()
        for entry in entries:
            self._course.merge(entry.course)

    def covers(self, entry: Entry) -> bool:
        """Whether each user and address of these lines was refused as often among ours, in the same minutes. Lines that
        name no address (saslauthd) go by the user alone; those that name no user are not covered."""
        users, relays = entry.users.counts, entry.relays.counts
        return (
            sum(users.values()) == entry.count
            and sum(relays.values()) in (0, entry.count)
            and all(self.users[name] >= count for name, count in users.items())
            and all(self.relays[name] >= count for name, count in relays.items())
            and self._meets(entry)
        )

    def refused_before(self, entry: Entry) -> bool:
        """Whether all these lines are of addresses that were refused in the same minutes."""
        relays = entry.relays.counts
        return sum(relays.values()) == entry.count and relays.keys() <= self.relays.keys() and self._meets(entry)

    def _meets(self, entry: Entry) -> bool:
        """Whether each minute of these lines, or the one before or after it, is one of ours."""
        step = max(self._course.step, entry.course.step)
        ours = {n * self._course.step // step for n in self._course.bins}
        theirs = {n * entry.course.step // step for n in entry.course.bins}
        if not theirs:  # lines without a stamp
            return not ours
        near = (-1, 0, 1) if step == 1 else (0,)
        return all(any(n + beside in ours for beside in near) for n in theirs)


def _finding(entries: Sequence[Entry], relays: Counter[bytes], count: int) -> Finding:
    worst = sorted(relays.items(), key=lambda item: (-item[1], item[0]))[:_FEW_ADDRESSES]
    where = ", ".join(_text(name) for name, _ in worst) + (", …" if len(relays) > len(worst) else "")
    lines = sorted(example for entry in entries for example in entry.examples)
    return Finding(
        code=CODE,
        name=NAME,
        severity="info",
        message=f"{count} refused login{'s' if count > 1 else ''} of maildoctor's own probe"
        + (f" from {where}" if where else ""),
        why="maildoctor probe was given a name and a password there, and the server refused them. These lines tell of "
        "the probe; they are no fault of this host, and no other client had them. What came of the probe stands in its "
        "own report.",
        advice=f"Nothing is to be done. Where nobody ran maildoctor probe{' from there' if where else ''}, somebody "
        "imitates it: treat the address as one that guesses passwords.",
        fix=(),
        evidence=tuple(Evidence(line.source, _text(line.text)) for line in lines[:_LINES]),
        count=max(count, 1),
    )


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")

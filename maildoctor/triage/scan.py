"""Logs into a tally: blocks, the needles in them, the lines around the needles, what these lines mean.

Flood control: once a needle was found 1,000 times, its lines are read in one block of 128 only; in the others they are
counted where they are found and shared out afterwards, as the lines were that were read. Rare needles are never
sampled, nor are those that rules of different weight share (severity, and whether any client makes such lines): what
strangers repeat at will must not hide what they cannot. Of a needle that is found in lines of rules of another weight,
as strangers can write it into a name, only the lines are left out that hold a flooded needle of their own too. The same
blocks serve to estimate the number of lines of a long log.
"""

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from maildoctor.masking import masked_line
from maildoctor.triage.blocks import Blocks, Readable
from maildoctor.triage.clock import Clock, Course
from maildoctor.triage.engine import SMALL, Engine, Finds
from maildoctor.triage.footprints import is_own
from maildoctor.triage.headers import peel
from maildoctor.triage.match import LONGEST_LINE, Hit, Matcher
from maildoctor.triage.restored import Weight, restored
from maildoctor.triage.rules import Rule
from maildoctor.triage.shapes import SPEECH, Unmatched
from maildoctor.triage.tally import LONGEST_EXAMPLE, Entry, Example, Key, Moment, Tally

BUDGET = 1000
EVERY = 128
_RELIEF = 200_000
"""Reports that take as long as making an engine that does without them."""

_EXACT_LINES = 64
_FOLDED = b"last message repeated "
_LONGEST_HEAD = 500
_MOST_OF_THEM = 0.5
_MARK = 4096
_BITS = 16
_MASK = (1 << _BITS) - 1
_END = b"\n"
_NEWLINE = _END[0]


@dataclass(slots=True)
class Flood:
    """One needle that was found too often: how often, in blocks of which not all lines were read, and when."""

    found: int = 0
    last: Moment = field(default_factory=Moment)
    course: Course = field(default_factory=Course)


_OPENING = 64
"""Blocks in which a line of a mail program is looked for."""

_OF_MAIL = re.compile(
    rb"\b(?:sendmail|sm-mta|sm-msp|MTA|postfix|dovecot|exim|smtpd|saslauthd|slapd|submission|imapd?|pop3d?|qmail"
    rb"|courier|opendkim|milter|cyrus|lmtpd|spamd|amavis)[\w/.()-]{0,40}(?:\[\d{1,10}\])?: "
    rb"| (?:<=|=>|==|\*\*) \S{1,300} .{0,300}\b[HRP]="
)


@dataclass(slots=True)
class Seen:
    """What was read, in all.

    Of `counted` bytes the lines were counted, of `uncounted` they were not. `read`: how often each needle was found in
    blocks of which all lines were read; `floods`: how often in the others.
    """

    tally: Tally
    unmatched: Unmatched
    bytes: int = 0
    counted: int = 0
    counted_lines: int = 0
    uncounted: int = 0
    floods: dict[int, Flood] = field(default_factory=dict)
    read: dict[int, int] = field(default_factory=dict)
    of_mail: bool = False
    """a line of a mail program was seen, or of one that it asks"""
    names: list[str] = field(default_factory=list)
    """the logs that were read, in their order"""
    damage: list[str] = field(default_factory=list)
    """what could not be read, one sentence each"""
    marks: list[str] = field(default_factory=list)
    """how each log begins, as a digest, where that was asked for"""

    @classmethod
    def nothing(cls) -> "Seen":
        """What merges with another one to that one."""
        return cls(Tally(()), Unmatched())

    @property
    def lines(self) -> int:
        """How many lines there were; about, where `uncounted` is not 0."""
        return self.counted_lines + round(self.uncounted * self.counted_lines / max(self.counted, 1))

    def merge(self, other: "Seen") -> None:
        """Add what was read elsewhere in the log, which stays as it is."""
        self.tally.merge(other.tally)
        self.unmatched.merge(other.unmatched)
        self.of_mail |= other.of_mail
        self.bytes += other.bytes
        self.counted += other.counted
        self.counted_lines += other.counted_lines
        self.uncounted += other.uncounted
        for needle, flood in other.floods.items():
            mine = self.floods.setdefault(needle, Flood())
            mine.found += flood.found
            mine.last = max(mine.last, flood.last)
            mine.course.merge(flood.course)
        for needle, times in other.read.items():
            self.read[needle] = self.read.get(needle, 0) + times
        self.names += other.names
        self.damage += other.damage
        self.marks += other.marks


def together(parts: Iterable[Seen]) -> Seen:
    """All of them as one; they stay as they are."""
    total = Seen.nothing()
    for part in parts:
        total.merge(part)
    return total


@dataclass(slots=True)
class Place:
    """Where a block stands: in which log, behind how many of its lines (-1: not known), behind which line, and at which
    byte."""

    name: str
    lines: int
    previous: bytes
    offset: int


class Scan:
    """Reads one log after another into `seen`. `take` gives that, and what comes next is read as if it were first."""

    def __init__(
        self,
        rules: Sequence[Rule],
        engine: Callable[[Sequence[bytes]], Engine],
        now: float,
        exact: bool = False,
        unmatched: bool = False,
        reported: Callable[[Key, Entry], None] | None = None,
        marked: bool = False,
    ) -> None:
        """`engine` makes the engine when there is enough to read; `now`: when the log was last written, seconds since
        1970; `exact`: no flood control, and all lines are counted; `unmatched`: also gather lines that speak of logins
        and that no rule knows; `reported` is called with each new entry; `marked`: note how each log begins."""
        self._matcher = Matcher(rules)
        self.needles = [*self._matcher.needles, _FOLDED, *(SPEECH if unmatched else ())]
        self._make = engine
        self._engine: Engine = Finds(self.needles)
        self._clock = Clock(now)
        self._exact = exact or unmatched
        self._unmatched = unmatched
        self._reported = reported
        self._marked = marked
        self._weights = [(rule.severity, rule.by_client) for rule in rules]
        self._weight_of = [self._common(askers) for askers in self._matcher.askers]
        self._weight_of += [None] * (len(self.needles) - len(self._weight_of))
        self._begin()

    def _begin(self) -> None:
        self._hot = [False] * len(self.needles)
        self._heated: list[int] = []
        self._first: set[int] = set()
        self._own: dict[int, int] = {}
        self._quoted = [False] * len(self.needles)
        self._meant: dict[int, int] = {}
        self._idle: set[int] = set()
        self._wasted = 0
        self._budget = BUDGET
        self._flood_engine: Engine = self._engine
        self._blocks = 0
        self._matcher.forget()
        self.seen = Seen(Tally(self._matcher.rules), Unmatched())

    def take(self) -> Seen:
        """What was read since the last call."""
        seen = self.seen
        self._begin()
        return seen

    def feed(
        self,
        stream: Readable,
        name: str,
        eager: bool = False,
        lines: int = 0,
        offset: int = 0,
        budget: int = BUDGET,
    ) -> Iterator[int]:
        """Read one log called `name` to its end, and give the bytes of it so far after each block.

        `eager`: it is still being written; `lines`: how many lines of it are not read here, -1 if that is not known;
        `offset`: how many bytes; `budget`: how often a needle is found before it is flooded.
        """
        self._budget = budget
        blocks = Blocks(stream, Finds.block, eager)
        place = Place(name, lines, b"", offset)
        if not offset:
            self.seen.names.append(name)
        taken = 0
        for length in blocks:
            if self.seen.bytes + length > SMALL and isinstance(self._engine, Finds):
                self._engine = self._flood_engine = self._make(self.needles)
            blocks.grow(self._engine.block)
            place.offset = offset + blocks.offset
            if self._marked and not taken and not offset:
                self.seen.marks.append(_mark(bytes(blocks.view[: min(length, _MARK)])))
            whole = not eager and not taken and length <= SMALL
            self._block(blocks, self._as_pasted(blocks.buffer, length) if whole else length, place)
            self.seen.bytes += blocks.taken - taken
            taken = blocks.taken
            yield taken

    def _block(self, blocks: Blocks, length: int, place: Place) -> None:
        if not self.seen.of_mail and self._blocks < _OPENING:
            self.seen.of_mail = _OF_MAIL.search(memoryview(blocks.buffer)[:length]) is not None
        sampled = self._exact or self._blocks % EVERY == 0
        counted = self._count_lines(blocks.buffer, length, sampled)
        self._blocks += 1
        if sampled or not self._heated:
            self._whole(blocks, length, place)
        else:
            self._flooded(blocks, length, place)
        place.lines = place.lines + counted if counted and place.lines >= 0 else -1
        place.previous = _last_line(blocks.buffer, length)

    def _as_pasted(self, buffer: bytearray, length: int) -> int:
        """Make lines of a log of what somebody pasted, in place; the log is not longer than this block."""
        text = restored(bytes(buffer[:length]), self._weight)
        if len(text) <= len(buffer):
            buffer[: len(text)] = text
            length = len(text)
        return length

    def _weight(self, line: bytes) -> Weight:
        hit = self._matcher.read(line, self._matcher.inside(line))
        return (self._matcher.rules[hit.rule].literals, len(hit.fields)) if hit else (0, 0)

    def _count_lines(self, buffer: bytearray, length: int, sampled: bool) -> int:
        """How many lines the block has; 0 where they are not counted, for that costs as much as a third of a scan."""
        if not (sampled or self._blocks < _EXACT_LINES):
            self.seen.uncounted += length
            return 0
        lines = buffer.count(b"\n", 0, length) + (buffer[length - 1] != _NEWLINE)
        self.seen.counted += length
        self.seen.counted_lines += lines
        return lines

    def _whole(self, blocks: Blocks, length: int, place: Place) -> None:
        """Read every line of a block in which a needle is found."""
        hits: list[int] = []
        append = hits.append

        def found(needle: int, _start: int, end: int, _flags: int, _context: object) -> None:
            append(end << _BITS | needle)

        self._engine.scan(blocks.view[:length], found)
        for start, line, needles in _lines(blocks.buffer, length, hits):
            times, entry, rule = self._line(start, line, needles, blocks.buffer, place)
            self._shared(entry, rule, times, needles, needles)
        self._heat(hits)
        self._relieve()

    def _flooded(self, blocks: Blocks, length: int, place: Place) -> None:
        """Read the lines with rare needles; of the others, count the needles."""
        hits: list[int] = []
        append = hits.append
        hot, quoted, counts = self._hot, self._quoted, [0] * len(self.needles)
        flooded: list[int] = []
        doubtful: list[int] = []
        last = 0

        def found(needle: int, _start: int, end: int, _flags: int, _context: object) -> None:
            nonlocal last
            if hot[needle]:
                counts[needle] += 1
                last = end
                if quoted[needle]:
                    doubtful.append(end << _BITS | needle)
                else:
                    flooded.append(end)
            else:
                append(end << _BITS | needle)

        self._flood_engine.scan(blocks.view[:length], found)
        hits += _alone(doubtful, flooded, blocks.buffer, length)
        for start, line, _ in _lines(blocks.buffer, length, hits):
            needles = self._engine.inside(line)
            times, entry, rule = self._line(start, line, needles, blocks.buffer, place)
            self._shared(entry, rule, times, needles, [needle for needle in needles if not hot[needle]])
            for needle in needles:
                if hot[needle]:
                    counts[needle] -= 1
        self._heat(hits)
        moment = self._moment(blocks.buffer, length, last)
        for needle in self._heated:
            count = counts[needle]
            if needle not in self._first and not quoted[needle]:
                self._wasted += count
            if count > 0:
                flood = self.seen.floods.setdefault(needle, Flood())
                flood.found += count
                flood.last = max(flood.last, moment)
                flood.course.add(moment.minute, count)

    def _common(self, askers: Sequence[int]) -> tuple[str, bool] | None:
        """The weight that all these rules have."""
        weights = {self._weights[rule] for rule in askers}
        return weights.pop() if len(weights) == 1 else None

    def _shared(self, entry: Entry | None, rule: int, times: int, needles: Sequence[int], whole: Sequence[int]) -> None:
        """Note what becomes of lines with these needles, for those of which all lines of the block are read: `whole`.

        A line counts at its first needle only, so that it is shared out once.
        """
        read = self.seen.read
        for needle in whole:
            read[needle] = read.get(needle, 0) + 1
            if entry is not None:
                self._meant[needle] = self._meant.get(needle, 0) + 1
                if self._weights[rule] == self._weight_of[needle]:
                    self._own[needle] = self._own.get(needle, 0) + 1
        first = min(needles)
        if entry is not None and first in whole:
            entry.by_needle[first] = entry.by_needle.get(first, 0) + times
            self._first.add(first)
        if entry is not None:
            own = [needle for needle in needles if self._weight_of[needle] == self._weights[rule]]
            self._first.update(sorted(own)[:1])  # it vouches for the line where the first one is quoted

    def _heat(self, hits: Sequence[int]) -> None:
        if not self._exact:
            read = self.seen.read
            for needle in {hit & _MASK for hit in hits}:
                # Lines that only quote a needle must not hide those that mean it: then all of them are read.
                rare = self._meant.get(needle, 0) < _MOST_OF_THEM * read.get(needle, 0)
                often = read.get(needle, 0) >= self._budget
                if not self._hot[needle] and self._weight_of[needle] and often and not rare:
                    self._hot[needle] = True
                    self._quoted[needle] = self._own.get(needle, 0) < _MOST_OF_THEM * read[needle]
                    self._heated.append(needle)

    def _relieve(self) -> None:
        """In a flood, do without the needles at which no line is counted, for all their lines have longer ones too; as
        soon as their reports have cost as much as such an engine does."""
        idle = {needle for needle in self._heated if needle not in self._first and not self._quoted[needle]}
        if self._wasted > _RELIEF or not self._idle <= idle:
            self._wasted = 0
            self._idle = idle
            self._flood_engine = self._engine.without(idle) if idle else self._engine

    def _moment(self, buffer: bytearray, length: int, place: int) -> Moment:
        start = buffer.rfind(b"\n", 0, place) + 1
        stop = buffer.find(b"\n", place, length)
        stamp = peel(bytes(buffer[start : min(stop if stop >= 0 else length, start + _LONGEST_HEAD)])).stamp
        return Moment(self._clock.minute(stamp), stamp)

    # ---- one line

    def _line(
        self, start: int, line: bytes, needles: Sequence[int], buffer: bytearray, place: Place
    ) -> tuple[int, Entry | None, int]:
        """Count one line, as often as syslog says that it happened; the last of the three is the number of its rule, 0
        where it has none. What is kept of it passes the masker."""
        known = len(self._matcher.needles)
        ours = [n for n in needles if n < known]
        hit = self._matcher.read(line, ours) if ours else None
        if hit is None and known in needles:
            hit = self._repeated(line, start, buffer, place)
        if hit is None:
            if self._unmatched:
                head = peel(masked_line(line))
                self.seen.unmatched.add(head.tag, head.message)
            return 0, None, 0
        tally = self.seen.tally
        minute = self._clock.minute(hit.head.stamp)
        known_before = len(tally.entries)
        key, entry = tally.add(hit, minute)
        if self._matcher.rules[hit.rule].refusal and is_own(hit):
            entry.own += hit.times
        at = place.offset + start
        if entry.wants(minute, place.name, at):
            text = masked_line(line)[:LONGEST_EXAMPLE]
            entry.keep(Example(minute, place.name, at, _number(start, buffer, place), text))
        if self._reported is not None and len(tally.entries) > known_before:
            self._reported(key, entry)
        return hit.times, entry, hit.rule

    def _repeated(self, line: bytes, start: int, buffer: bytearray, place: Place) -> Hit | None:
        """`last message repeated 3 times` is what the line before it means, three times more."""
        head = peel(line)
        if head.message:
            return None
        end = max(start - 1, 0)
        before = bytes(buffer[buffer.rfind(b"\n", 0, end) + 1 : end]) if start else place.previous
        before = before.rstrip(b"\r")[:LONGEST_LINE]
        hit = self._matcher.read(before, self._matcher.inside(before))
        return replace(hit, times=head.repeat) if hit else None


def settled(seen: Seen) -> dict[Key, Entry]:
    """The entries with the lines that were counted by their needle only, shared out as those were that were read; in
    the order of their first lines."""
    shares: dict[int, list[Entry]] = {}
    for entry in seen.tally.entries.values():
        for needle in entry.by_needle:
            shares.setdefault(needle, []).append(entry)
    for needle, flood in seen.floods.items():
        entries = shares.get(needle, [])
        for entry in entries:
            share = entry.by_needle[needle] / max(seen.read.get(needle, 0), entry.by_needle[needle])
            entry.count += round(flood.found * share)
            entry.estimated |= share < 1
            entry.sampled = True
            for bin_, count in flood.course.bins.items():
                entry.course.add(bin_ * flood.course.step, round(count * share))
            if flood.last.stamp and share > _MOST_OF_THEM:
                entry.seen(flood.last)
    seen.floods.clear()
    seen.tally.entries = dict(sorted(seen.tally.entries.items(), key=lambda item: (item[1].examples[:1], item[0])))
    return seen.tally.entries


def _alone(doubtful: Sequence[int], flooded: list[int], buffer: bytearray, length: int) -> Iterator[int]:
    """Those of the doubtful hits in whose line none of the places `flooded` lies."""
    flooded.sort()
    for hit in doubtful:
        end = hit >> _BITS
        near = bisect(flooded, end)
        if near and buffer.find(b"\n", flooded[near - 1], end) < 0:
            continue
        if near < len(flooded) and buffer.find(b"\n", end, min(flooded[near], length)) < 0:
            continue
        yield hit


def _lines(buffer: bytearray, length: int, hits: list[int]) -> Iterator[tuple[int, bytes, list[int]]]:
    """Each line with a hit: where it starts, the line without its end, and the needles in it, in any order."""
    hits.sort()
    start, stop = 0, -1
    needles: list[int] = []
    for hit in hits:
        end = hit >> _BITS
        if end > stop:
            if needles:
                yield start, _cut(buffer, start, stop), needles
                needles = []
            start = buffer.rfind(b"\n", stop + 1, end) + 1 or stop + 1
            stop = buffer.find(b"\n", end, length)
            if stop < 0:
                stop = length
        if end - start <= LONGEST_LINE:
            needles.append(hit & _MASK)
    if needles:
        yield start, _cut(buffer, start, stop), needles


def _cut(buffer: bytearray, start: int, stop: int) -> bytes:
    return bytes(buffer[start : min(stop, start + LONGEST_LINE)]).rstrip(b"\r")


def _last_line(buffer: bytearray, length: int) -> bytes:
    end = length - 1 if buffer[length - 1] == _NEWLINE else length
    start = buffer.rfind(b"\n", 0, end) + 1
    return bytes(buffer[start : min(end, start + LONGEST_LINE)])


def _mark(begin: bytes) -> str:
    from hashlib import sha256  # seldom wanted, and it takes some milliseconds to import

    return sha256(begin).hexdigest()


def _number(start: int, buffer: bytearray, place: Place) -> int:
    return 0 if place.lines < 0 else place.lines + buffer.count(_END, 0, start) + 1

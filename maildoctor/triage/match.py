"""A line in which a needle was found: which rule knows it, and the fields in it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from maildoctor.masking import masked_line
from maildoctor.triage.headers import Head, peel
from maildoctor.triage.reader.needles import NEEDLES
from maildoctor.triage.rules import COUNTED, Rule

if TYPE_CHECKING:
    from maildoctor.triage.reader.reading import Reader

LONGEST_LINE = 64 * 1024
"""Of a longer line only so many bytes are looked at."""

_LONGEST_MESSAGE = 16 * 1024
_MOST_KNOWN = 4096
_MOST_VALUES = 128
"""Of a field that tells no findings apart: no more are shown than 12, the most frequent."""
_MOST_HARMLESS = 65536
_NAME = re.compile(rb"[a-z0-9._:+-]{1,45}(?:@[a-z0-9.-]{1,255})?")
"""No word of base64, and what else has this form as the name of a user nobody could know to be a secret."""
STRUCK = b"***"
"""What stands for a field in which there may be a secret."""

_QUOTED = re.compile(
    rb"(?:warning|info|reject|hold|discard|redirect|replace|prepend|filter|strip|bcc|milter-[a-z]{1,20}): "
    rb"(?:header|body) "
    rb"|from=.{0,1000}?, size=\d"
    rb"|Subject: "
)
"""How messages begin that do nothing but quote what a stranger sent: nothing in them is believed."""
_LONGEST_KNOWN = 512

_TROUBLE = frozenset(NEEDLES)

Fields = dict[str, bytes]


class _Begun:
    """A message of which each prefix is taken off once, whatever the number of rules that have it."""

    __slots__ = ("_behind", "_text")

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._behind: dict[str, re.Match[bytes] | None] = {}

    def fields(self, prefix: str, pattern: re.Pattern[bytes]) -> Fields | None:
        """The fields in prefix and message; None if this is another message."""
        if not prefix:
            found = pattern.match(self._text)
            return _named(found.groupdict()) if found else None
        if prefix in self._behind:
            before = self._behind[prefix]
        else:
            before = self._behind[prefix] = _compiled(prefix)(self._text)
        found = pattern.match(self._text, before.end()) if before else None
        if before is None or found is None:
            return None
        fields = found.groupdict()
        return _named(before.groupdict() | fields if before.re.groups else fields)


@cache
def _compiled(prefix: str) -> Callable[[bytes], re.Match[bytes] | None]:
    return re.compile(prefix.encode("ascii")).match


def _named(fields: dict[str, bytes]) -> Fields:
    return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class Hit:
    """One line that a rule knows, with no secret in its fields. `times`: how often it happened, as syslog folds what
    repeats itself."""

    rule: int
    fields: Fields
    head: Head
    times: int = 1


class Matcher:
    """Knows all rules; patterns are compiled when they are first needed, repeated messages are not read twice."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self._by_words = {rule.code: number for number, rule in enumerate(rules) if rule.by_words}
        self.needles, self.askers = _needles(rules)
        self._words = frozenset(n for n, needle in enumerate(self.needles) if self._by_words and needle in _TROUBLE)
        self._patterns: dict[int, re.Pattern[bytes]] = {}
        self._order: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._programs: dict[tuple[bytes, int], bool] = {}
        self._harmless: set[bytes] = set()
        self._looked: dict[tuple[int, str], int] = {}
        self._known: dict[tuple[bytes, bytes], tuple[int, Fields] | None] = {}
        self._reader: Reader | None = None

    def forget(self) -> None:
        """Read what comes as if nothing had been read before."""
        self._harmless.clear()
        self._looked.clear()
        self._known.clear()

    def inside(self, line: bytes) -> tuple[int, ...]:
        """The numbers of all needles that stand in this line."""
        return tuple(n for n, needle in enumerate(self.needles) if needle in line)

    def read(self, line: bytes, needles: Iterable[int]) -> Hit | None:
        """What this line means, without its newline; `needles` are the numbers of those that stand in it."""
        head = peel(line)
        message = head.message[:_LONGEST_MESSAGE]
        key = (head.tag, message)
        if key in self._known:
            known = self._known[key]
        else:
            known = None if _QUOTED.match(message) else self._search(head, message, needles)
            if known:
                known = known[0], self._shown(known[0], known[1], line)
            elif not self._words.isdisjoint(needles) and not _QUOTED.match(message):
                known = self._read(head, message, line)
            if len(message) <= _LONGEST_KNOWN:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[key] = known
        return Hit(known[0], known[1], head, head.repeat) if known else None

    def _search(self, head: Head, message: bytes, needles: Iterable[int]) -> tuple[int, Fields] | None:
        begun = _Begun(message)
        again: _Begun | None = None
        for number in self._candidates(needles):
            if not self._speaks(number, head.tag):
                continue
            pattern = self._patterns.get(number)
            if pattern is None:
                pattern = self._patterns[number] = self.rules[number].compiled()
            prefix = self.rules[number].prefix
            fields = begun.fields(prefix, pattern)
            if fields is None and head.queue_id:
                # Words such as "warning" have the shape of a queue id: perhaps one was taken off wrongly.
                again = again or _Begun(head.queue_id + b": " + message)
                fields = again.fields(prefix, pattern)
            if fields is not None:
                return number, fields
        return None

    def _read(self, head: Head, message: bytes, line: bytes) -> tuple[int, Fields] | None:
        """What a line that no rule knows says by its words. Nothing of it is believed to be free of secrets."""
        if self._reader is None:
            from maildoctor.triage.reader.reading import Reader  # its tables are large, and most logs have no such line

            self._reader = Reader()
        reading = self._reader.read(head.tag, message, bool(head.stamp or head.pid))
        if reading is None or reading.code not in self._by_words:
            return None
        masked = masked_line(line)
        if masked == line:
            return self._by_words[reading.code], dict(reading.fields)
        whole = reading.fields["object"] in masked or reading.fields["object"] not in line
        shown = {
            name: value if value in masked or (value not in line and whole) else STRUCK
            for name, value in reading.fields.items()
        }
        return self._by_words[reading.code], shown

    def _shown(self, rule: int, fields: Fields, line: bytes) -> Fields:
        """The fields without what may be a secret. To mask a line takes ten times as long as all else that is done with
        it, so that is left out where every value was shown before, or is the name or address of one who logs in; and a
        field that tells no findings apart, and has another value in each line, is left out after some of them."""
        fresh = [
            name
            for name, value in fields.items()
            if value not in self._harmless and not (name in COUNTED and _NAME.fullmatch(value))
        ]
        if not fresh:
            return fields
        if all(self._looked.get((rule, name), 0) >= _MOST_VALUES for name in fresh):
            return {name: value for name, value in fields.items() if name not in fresh}
        apart = (*COUNTED, *self.rules[rule].labels, "mech")
        for name in fresh:
            if name not in apart:
                self._looked[rule, name] = self._looked.get((rule, name), 0) + 1
        masked = masked_line(line)
        shown = {name: value if value in masked else STRUCK for name, value in fields.items()}
        if len(self._harmless) >= _MOST_HARMLESS:
            self._harmless.clear()
        self._harmless.update(shown.values())
        return shown

    def _candidates(self, needles: Iterable[int]) -> tuple[int, ...]:
        """The rules that have one of these needles, the one that demands the most literal text first."""
        key = tuple(sorted(set(needles)))
        order = self._order.get(key)
        if order is None:
            asked = {rule for n in key for rule in self.askers[n] if not self.rules[rule].by_words}
            order = tuple(sorted(asked, key=lambda rule: (-self.rules[rule].literals, self.rules[rule].code)))
            if len(self._order) >= _MOST_KNOWN:
                self._order.clear()
            self._order[key] = order
        return order

    def _speaks(self, rule: int, tag: bytes) -> bool:
        speaks = self._programs.get((tag, rule))
        if speaks is None:
            speaks = self.rules[rule].of_program(tag.decode("ascii", "replace"))
            if len(self._programs) >= _MOST_KNOWN:
                self._programs.clear()
            self._programs[tag, rule] = speaks
        return speaks


def _needles(rules: Sequence[Rule]) -> tuple[list[bytes], list[tuple[int, ...]]]:
    """Each needle once, the longest first, for it says the most; and beside it the rules that have it. Those of the
    rules by words stand in the same order."""
    askers: dict[bytes, list[int]] = {}
    for number, rule in enumerate(rules):
        for needle in rule.needles:
            askers.setdefault(needle, []).append(number)
    by_words = [number for number, rule in enumerate(rules) if rule.by_words]
    if by_words:
        for needle in NEEDLES:
            if needle not in askers:  # a line with a needle of a rule is read anyway
                askers[needle] = by_words
    needles = sorted(askers, key=lambda needle: (-len(needle), needle))
    return needles, [tuple(askers[needle]) for needle in needles]

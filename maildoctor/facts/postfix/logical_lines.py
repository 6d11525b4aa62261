"""The lines of main.cf and master.cf as Postfix joins them (util/readlline.c)."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

BLANKS = " \t\n\v\f\r"
"""What isspace(3) takes for blank in the C locale; nothing else ends a word in Postfix."""
_LONGEST = 1024 * 1024
"""Characters of one logical line that are looked at."""
_HEAD = re.compile(
    r"#+[ \t]*(?:[a-z][a-z0-9_]{1,80}[ \t]*="
    r"|[\w.:*\[\]-]{1,200}[ \t]+(?:inet|unix|unix-dgram|fifo|pass)[ \t]+[-yn][ \t])"
)
"""A comment that was the first line of an entry: `#name = value`, `#submission inet n …`."""


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """`text` as Postfix has it: the lines put together as they are. `starts`: where in it each line begins, `numbers`:
    which lines these are, from 1. `orphan`: number of the first line whose own head is a comment, and `commented` that
    head; 0 and empty where there is none. `headless`: it continues nothing, and Postfix drops it."""

    text: str
    starts: tuple[int, ...]
    numbers: tuple[int, ...]
    orphan: int = 0
    commented: str = ""
    headless: bool = False

    @property
    def number(self) -> int:
        """Of its first line."""
        return self.numbers[0]

    def line_of(self, at: int) -> int:
        """The number of the line in which a place of the text is."""
        return self.numbers[max(0, bisect_right(self.starts, at) - 1)]


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """A line that begins with a blank continues the one before; comments and empty lines between do not end it."""
    gathered = _Gathered()
    number, at, size = 0, 0, len(text)
    while at < size:
        end = text.find("\n", at)
        end = size if end < 0 else end
        number += 1
        line = text[at:end]
        at = end + 1
        bare = line.lstrip(BLANKS)
        if not bare or bare[0] == "#":
            gathered.comment(line)
        elif line[0] in BLANKS:
            gathered.add(number, line)
        else:
            yield from gathered.end()
            gathered.add(number, line)
    yield from gathered.end()


class _Gathered:
    """The lines of one entry, while they are read."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._parts: list[str] = []
        self._starts: list[int] = []
        self._numbers: list[int] = []
        self._length = 0
        self._head = ""
        """a comment that was the first line of an entry, as long as what follows may be the rest of it"""
        self._orphan, self._commented = 0, ""

    def comment(self, line: str) -> None:
        """A comment, or an empty line."""
        if line.startswith("#"):
            self._head = line.rstrip(BLANKS) if _HEAD.match(line) else self._head
        elif not line.strip(BLANKS):
            self._head = ""

    def add(self, number: int, line: str) -> None:
        """A line of the entry."""
        if self._head and self._parts and not self._orphan:
            self._orphan, self._commented = number, self._head
        self._head = ""
        if self._length < _LONGEST:
            self._starts.append(self._length)
            self._numbers.append(number)
            self._parts.append(line[: _LONGEST - self._length])
            self._length += len(self._parts[-1])

    def end(self) -> Iterator[LogicalLine]:
        """The entry is over."""
        if self._parts:
            text, starts, numbers = "".join(self._parts), tuple(self._starts), tuple(self._numbers)
            yield LogicalLine(text, starts, numbers, self._orphan, self._commented, text[0] in BLANKS)
        self._clear()

"""Text as people paste it, made lines of a log again: entities of web pages, marks of Markdown, lines that were broken.

Only for what is small enough to have been pasted. A log as it is written has none of this, and is not changed.
"""

import re
from collections.abc import Callable, Sequence

from maildoctor.triage.headers import peel

Weight = tuple[int, int]
"""How much of a line is known: the literal text that its rule demands, and the number of its fields; 0, 0 for none."""

_ENTITIES = {b"lt": b"<", b"gt": b">", b"amp": b"&", b"quot": b'"', b"apos": b"'", b"nbsp": b" "}
_entity = re.compile(rb"&(?:(lt|gt|amp|quot|apos|nbsp)|#(\d{1,3})|#[xX]([0-9a-fA-F]{1,2}));").sub
_escaped = re.compile(rb"\\([_*\[\]`])").sub
_end = re.compile(
    rb"(?m)(?:<br ?/?>|</(?:p|pre|code|div|li|span)>|\*\*|`{1,3}|\[/(?:code|quote)\]){1,4}[ \t\r]{0,8}$"
).sub

_MOST_PARTS = 4
"""In so many pieces one line is broken at most: a screen has 80 columns, a line that matters rarely 300 characters."""
_MOST_TRIES = 500


def restored(text: bytes, weight: Callable[[bytes], Weight]) -> bytes:
    """The same text with as many lines; what belonged to the line before stands there, and its own line is empty.

    Lines are only put together where a rule then knows more of them than before, so prose behind a line stays prose.
    """
    if b"&" in text:
        text = _entity(_meant, text)
    if b"\\" in text:
        text = _escaped(rb"\1", text)
    lines = _end(b"", text).split(b"\n")
    begins = [_begins(line) for line in lines]
    if not all(begins):
        _join(lines, begins, weight)
    return b"\n".join(lines)


def _meant(entity: re.Match[bytes]) -> bytes:
    if entity[1]:
        return _ENTITIES[entity[1]]
    number = int(entity[2]) if entity[2] else int(entity[3], 16)
    return bytes((number,)) if 32 <= number < 127 else b" "


def _begins(line: bytes) -> bool:
    """Whether a line names its time or its program, or is blank: such a one continues nothing."""
    head = peel(line)
    return bool(head.stamp or head.tag or head.repeat > 1 or not line.strip())


def _join(lines: list[bytes], begins: Sequence[bool], weight: Callable[[bytes], Weight]) -> None:
    """Put pieces behind the line that they belong to, in place."""
    tries = 0
    for n, line in enumerate(lines[:-1]):
        if not begins[n] or begins[n + 1] or not line.strip():
            continue
        best, whole, parts = weight(line), line, 0
        for joined, count in _longer(lines, begins, n):
            tries += 1
            if (known := weight(joined)) > best:
                best, whole, parts = known, joined, count
        if parts:
            lines[n : n + parts + 1] = [whole] + [b""] * parts
        if tries >= _MOST_TRIES:
            return


def _longer(lines: Sequence[bytes], begins: Sequence[bool], first: int) -> list[tuple[bytes, int]]:
    """This line with one, two and three of those behind it: broken between words, or within one at a screen's edge."""
    apart = together = lines[first].rstrip()
    found = []
    for count, n in enumerate(range(first + 1, min(first + _MOST_PARTS, len(lines))), 1):
        if begins[n]:
            break
        piece = peel(lines[n]).message.strip()
        apart, together = apart + b" " + piece, together + piece
        found += [(apart, count), (together, count)]
    return found

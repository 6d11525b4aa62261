"""Only the lines of a stretch of time: by bisection where a file can be read anywhere, else by leaving lines out.

Logs are in the order of time but for small steps back, of an hour where summer ends. What lies further than `SLACK`
from an end of the window is judged by the block, what lies nearer by the line.
"""

import os
from collections.abc import Callable
from datetime import tzinfo

from maildoctor.triage.headers import peel, when
from maildoctor.triage.sources.lines import whole_lines

SLACK = 3700.0
"""Seconds that time may go back within a log."""

_NEAR = 64 * 1024
"""Bytes at which bisection stops: reading them costs no more than one more look."""

_LOOK = 8 * 1024
_TRIES = 8
"""A look for a line with a time reads this much, and goes on so many times where there is none."""

_PROBES = 16
_LINE = 512
"""Bytes of a line that can hold its header."""


class Window:
    """Leaves out lines before `since` and after `until`, seconds since 1970, None for no such end. A line without a
    time goes with the one before it. `written` says when the log was last written."""

    def __init__(
        self, since: float | None, until: float | None, written: Callable[[], float], zone: tzinfo | None
    ) -> None:
        self.damage = ""
        self._since = float("-inf") if since is None else since
        self._until = float("inf") if until is None else until
        self._written, self._zone = written, zone
        self._keeping = True
        self._judged = False
        self._any = False

    def turn(self, text: bytes, *, last: bool) -> tuple[bytes, int]:
        """See `Turner`."""
        used = whole_lines(text, last=last)
        self._any = self._any or used > 0
        kept = self._of_block(text, used)
        if last and self._any and not self._judged:
            self.damage = "tells no time in its lines, so --since and --until could not be applied: all of it was read"
        return kept, used

    def time(self, line: bytes) -> float | None:
        """When a line was written, None where it does not say."""
        stamp = peel(line[:_LINE]).stamp
        return when(stamp, self._written(), self._zone) if stamp else None

    def _of_block(self, text: bytes, used: int) -> bytes:
        first, final = self.time(_first_line(text, used)), self._last_time(text, used)
        if first is not None and final is not None:
            low, high = min(first, final), max(first, final)
            if low >= self._since + SLACK and high <= self._until - SLACK:
                self._judged = self._keeping = True
                return text[:used]
            if high < self._since - SLACK or low > self._until + SLACK:
                self._judged, self._keeping = True, False
                return b""
        return self._by_line(text[:used])

    def _last_time(self, text: bytes, used: int) -> float | None:
        end = used
        for _ in range(_TRIES):
            start = text.rfind(b"\n", 0, max(0, end - 1)) + 1
            moment = self.time(text[start : start + _LINE].split(b"\n", 1)[0])
            if moment is not None or start == 0:
                return moment
            end = start
        return None

    def _by_line(self, text: bytes) -> bytes:
        kept = []
        for line in text.split(b"\n"):
            moment = self.time(line)
            if moment is not None:
                self._judged = True
                self._keeping = self._since <= moment <= self._until
            if self._keeping:
                kept.append(line)
        if not self._keeping:
            kept.append(b"")  # the last line kept ended, even where `text` stops within the next
        return b"\n".join(kept)


def stretch(fd: int, size: int, since: float | None, until: float | None, window: Window) -> tuple[int, int]:
    """The first byte, and the byte after the last, of the part of a plain log that can have lines of the window: both
    at the beginning of a line. All of it where its times are not in order or cannot be told. Raises OSError."""
    if size <= 2 * _NEAR or not _in_order(fd, size, window):
        return 0, size
    start = 0 if since is None else _lower(fd, size, since - SLACK, window)
    end = size if until is None else _upper(fd, size, until + SLACK, window)
    return (start, end) if start <= end else (start, start)


def _in_order(fd: int, size: int, window: Window) -> bool:
    """Whether looks at evenly spread places find no time that is before an earlier one: joined logs are not so."""
    before = float("-inf")
    for n in range(_PROBES):
        found = _time_at(fd, size * n // _PROBES, size, window)
        if found is None or found[1] < before - SLACK:
            return False
        before = max(before, found[1])
    return True


def _lower(fd: int, size: int, moment: float, window: Window) -> int:
    low, high, place = 0, size, 0
    while high - low > _NEAR:
        middle = (low + high) // 2
        found = _time_at(fd, middle, size, window)
        if found is not None and found[1] < moment:
            low, place = middle, found[0]
        else:
            high = middle
    return place


def _upper(fd: int, size: int, moment: float, window: Window) -> int:
    low, high, place = 0, size, size
    while high - low > _NEAR:
        middle = (low + high) // 2
        found = _time_at(fd, middle, size, window)
        if found is not None and found[1] <= moment:
            low = middle
        else:
            high, place = middle, found[0] if found is not None else place
    return place


def _time_at(fd: int, offset: int, size: int, window: Window) -> tuple[int, float] | None:
    """The place and the time of the first line that begins at or after `offset` and tells its time."""
    inside = offset > 0
    at = offset - 1 if inside else 0
    text = b""
    for look in range(_TRIES):
        text += os.pread(fd, min(_LOOK, size - at - len(text)), at + len(text))
        begin = text.find(b"\n") + 1 if inside else 0
        if inside and begin == 0:
            continue
        while begin < len(text):
            end = text.find(b"\n", begin)
            if end < 0 and len(text) - begin < _LINE and look < _TRIES - 1:
                break
            moment = window.time(text[begin : end if end >= 0 else len(text)])
            if moment is not None:
                return at + begin, moment
            if end < 0:
                break
            begin = end + 1
    return None


def _first_line(text: bytes, used: int) -> bytes:
    end = text.find(b"\n", 0, min(used, _LINE))
    return text[: end if end >= 0 else min(used, _LINE)]

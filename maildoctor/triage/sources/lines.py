"""A stream whose whole lines are turned into others on their way."""

from typing import Protocol

from maildoctor.triage.sources.raw import Stream

_BLOCK = 256 * 1024
_TAIL = 4096
_LONGEST = 1 << 20
"""Bytes of a line or record that are held to see it whole; a longer one goes through in pieces."""


class Turner(Protocol):
    """What turns lines. `damage`: what it could not do."""

    damage: str

    def turn(self, text: bytes, *, last: bool) -> tuple[bytes, int]:
        """What becomes of the beginning of `text`, and how many of its bytes that was. `last`: nothing more comes,
        or `text` is as long as can be held, and something must be taken of it."""
        ...


class Turned:
    """A stream seen through a `Turner`."""

    def __init__(self, stream: Stream, turner: Turner) -> None:
        self._stream, self._turner = stream, turner
        self._room = memoryview(bytearray(_BLOCK))
        self._held = b""
        self._ready = memoryview(b"")
        self._ended = False

    @property
    def damage(self) -> str:
        """See `Stream`."""
        return "; ".join(filter(None, (self._stream.damage, self._turner.damage)))

    def readinto(self, buffer: memoryview) -> int:
        """See `Stream`."""
        while not self._ready:
            if self._ended:
                return 0
            self._more()
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _more(self) -> None:
        count = self._stream.readinto(self._room)
        self._ended = count == 0
        text = self._held + self._room[:count]
        # The turner need not look at a piece without the end of a line; a long line would be searched again and again.
        if not self._ended and len(text) < _LONGEST and b"\n" not in self._room[:count].tobytes():
            self._held = text
            return
        out, used = self._turner.turn(text, last=self._ended or len(text) >= _LONGEST)
        self._ready, self._held = memoryview(out), text[used:]

    def close(self) -> None:
        """See `Stream`."""
        self._stream.close()


class WholeLines:
    """The lines of a stream that begin from byte `start` on and before byte `end`; the stream stands at the byte before
    `start`, which tells whether a line begins there. Any cuts give every line to one piece."""

    def __init__(self, stream: Stream, start: int, end: int) -> None:
        self._stream, self._end = stream, end
        self._at = max(start - 1, 0)
        self._skipping = start > 0
        self._over = start >= end

    @property
    def damage(self) -> str:
        """See `Stream`."""
        return self._stream.damage

    def readinto(self, buffer: memoryview) -> int:
        """See `Stream`."""
        while not self._over:
            inside = self._end - 1 - self._at
            room = buffer[:inside] if inside > 0 else buffer[:_TAIL]
            count = self._stream.readinto(room)
            self._at += count
            newline = bytes(room[:count]).find(b"\n") if self._skipping or inside <= 0 else -1
            self._over = count == 0 or (inside <= 0 and (newline >= 0 or (self._skipping and self._at >= self._end)))
            if not self._skipping:
                return newline + 1 or count
            if self._over:
                return 0
            if newline >= 0:
                self._skipping = False
                rest = bytes(room[newline + 1 : count])
                if rest:
                    buffer[: len(rest)] = rest
                    return len(rest)
        return 0

    def close(self) -> None:
        """See `Stream`."""
        self._stream.close()


def whole_lines(text: bytes, *, last: bool) -> int:
    """How many bytes of `text` are whole lines; all of it when nothing more comes."""
    return len(text) if last else text.rfind(b"\n") + 1

"""A stream of bytes as large blocks of whole lines, in one buffer that is used again and again."""

from collections.abc import Iterator
from typing import Protocol

from maildoctor.triage.match import LONGEST_LINE


class Readable(Protocol):
    """What blocks are made of. `readinto` fills a buffer, gives the number of bytes, 0 at the end."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Some bytes, at least one unless the stream has ended."""
        ...


class Blocks:
    """Iterate, and after each step `buffer[:length]` holds whole lines; only the last may lack its newline.

    Of a line that does not fit, the first part is kept and the rest dropped, as of any line nothing behind
    `LONGEST_LINE` is looked at. `taken` counts the bytes of the stream. `eager`: give what is there at once, for a
    stream that is still being written.
    """

    def __init__(self, stream: Readable, size: int, eager: bool = False) -> None:
        self.buffer = bytearray(max(size, 2 * LONGEST_LINE))
        self.view = memoryview(self.buffer)
        self.taken = 0
        self._stream = stream
        self._eager = eager
        self._filled = 0
        self._dropping = False

    @property
    def offset(self) -> int:
        """The byte of the stream with which the block begins."""
        return self.taken - self._filled

    def grow(self, size: int) -> None:
        """Take larger blocks from the next step on. The block at hand stays as it is, in the new `buffer`."""
        if size > len(self.buffer):
            self.view.release()
            self.buffer = self.buffer + bytearray(size - len(self.buffer))
            self.view = memoryview(self.buffer)

    def __iter__(self) -> Iterator[int]:
        """The length of one block after another."""
        while True:
            fresh = self._filled
            ended = self._fill()
            if self._dropping:
                self._drop(fresh)
            length = self.buffer.rfind(b"\n", fresh, self._filled) + 1
            if length:
                yield length
                self._keep(length)
            elif self._filled == len(self.buffer):
                yield self._filled
                self._filled = 0
                self._dropping = True
            if ended:
                if self._filled:
                    yield self._filled
                return

    def _fill(self) -> bool:
        """Read until the buffer is full or the stream ended, which is told."""
        while self._filled < len(self.buffer):
            got = self._stream.readinto(self.view[self._filled :])
            if not got:
                return True
            self._filled += got
            self.taken += got
            if self._eager:
                break
        return False

    def _drop(self, start: int) -> None:
        """Forget the rest of a line that was too long."""
        newline = self.buffer.find(b"\n", start, self._filled)
        end = newline + 1 if newline >= 0 else self._filled
        self._dropping = newline < 0
        self.buffer[start : start + self._filled - end] = self.view[end : self._filled].tobytes()
        self._filled -= end - start

    def _keep(self, length: int) -> None:
        rest = self._filled - length
        self.buffer[:rest] = self.view[length : self._filled].tobytes()
        self._filled = rest

"""A run of bytes in an open file: an archive, a layer in it, a file in that."""

import errno
import os
from dataclasses import dataclass


class Handle:
    """An open file, closed when nothing needs it any more."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


@dataclass(frozen=True, slots=True)
class Span:
    """`size` bytes from `start` on."""

    handle: Handle
    start: int
    size: int

    def read(self, at: int, length: int) -> bytes:
        """At most `length` bytes from `at` on, fewer only at the end of the span. Raises OSError; EIO where the file
        has become shorter than it was."""
        want = max(0, min(length, self.size - at))
        pieces = []
        while want:
            piece = os.pread(self.handle.fd, want, self.start + at)
            if not piece:
                raise OSError(errno.EIO, "the archive has become shorter while it was read")
            pieces.append(piece)
            at, want = at + len(piece), want - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def part(self, at: int, size: int) -> "Span":
        """A span within this one."""
        return Span(self.handle, self.start + at, size)

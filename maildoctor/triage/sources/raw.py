"""Bytes as they lie in a file or come through a pipe, and a look ahead at them."""

import errno
import fcntl
import os
import select
from typing import Protocol

PIPE = 1 << 20
"""Bytes a pipe is asked to hold, so that its writer and this reader seldom wait for each other."""


class Stream(Protocol):
    """Something that gives bytes until its end. Each wraps the one before it."""

    @property
    def damage(self) -> str:
        """What was wrong with it, empty if nothing."""
        ...

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` with the next bytes, at least one, and say how many; 0 is the end."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class Descriptor:
    """An open file descriptor, read from where it stands; a regular file up to `end`, the byte after the last one that
    is wanted, even if it grows meanwhile. `begun`: what was read of it before. Owns the descriptor."""

    def __init__(self, fd: int, end: int | None, begun: bytes = b"") -> None:
        self.fd, self.end, self.damage = fd, end, ""
        self._begun = begun
        self.position = 0 if end is None else os.lseek(fd, 0, os.SEEK_CUR)
        if end is None:
            _widen(fd)

    def readinto(self, buffer: memoryview) -> int:
        """See `Stream`."""
        if self._begun:
            buffer[:1], self._begun = self._begun[:1], self._begun[1:]
            self.position += 1
            return 1
        if self.end is not None:
            buffer = buffer[: max(0, self.end - self.position)]
            if not buffer:
                return 0
        try:
            count = self._read(buffer)
        except OSError as error:
            self.damage = f"could not be read beyond byte {self.position}: {error.strerror}"
            return 0
        if count == 0 and self.end is not None:
            self.damage = f"became shorter while it was read: it ended at byte {self.position} of {self.end}"
        self.position += count
        return count

    def seek(self, position: int) -> None:
        """Go on reading a regular file there."""
        self.position = os.lseek(self.fd, position, os.SEEK_SET)

    def reopen(self, fd: int, position: int) -> None:
        """Read this descriptor from there in place of the old one, which is closed."""
        self.close()
        self.fd, self.damage = fd, ""
        self.seek(position)

    def _read(self, buffer: memoryview) -> int:
        while True:
            try:
                return os.readv(self.fd, [buffer])
            except BlockingIOError:  # whoever shares the pipe may have made it so
                select.select([self.fd], [], [])

    def close(self) -> None:
        """See `Stream`."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Ahead:
    """A stream whose first bytes can be seen before they are taken."""

    def __init__(self, stream: Stream) -> None:
        self._stream, self._seen = stream, b""

    @property
    def damage(self) -> str:
        """See `Stream`."""
        return self._stream.damage

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end; waits for them."""
        room = memoryview(bytearray(count))
        while len(self._seen) < count and (got := self._stream.readinto(room[: count - len(self._seen)])):
            self._seen += room[:got]
        return self._seen[:count]

    def readinto(self, buffer: memoryview) -> int:
        """See `Stream`."""
        if not self._seen:
            return self._stream.readinto(buffer)
        count = min(len(buffer), len(self._seen))
        buffer[:count] = self._seen[:count]
        self._seen = self._seen[count:]
        return count

    def read(self, count: int) -> bytes:
        """At most `count` of the next bytes; empty at the end."""
        room = bytearray(count)
        return bytes(memoryview(room)[: self.readinto(memoryview(room))])

    def close(self) -> None:
        """See `Stream`."""
        self._stream.close()


def _widen(fd: int) -> None:
    ask = getattr(fcntl, "F_SETPIPE_SZ", None)
    if ask is None:
        return
    try:
        fcntl.fcntl(fd, ask, PIPE)
    except OSError as error:
        if error.errno not in (errno.EBADF, errno.EINVAL, errno.EPERM, errno.EBUSY, errno.ENOTTY):
            raise

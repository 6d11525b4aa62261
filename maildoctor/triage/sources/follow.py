"""Logs that grow: nothing of them is lost and nothing is read twice, however they are rotated.

A file that was renamed is read to its end and kept open for a while, because its writer learns of the rotation later. A
file that was copied and then cut to nothing is known by its first bytes, so what was not yet read is found in the copy.
Rotated files that came and went between two looks are found beside the log, by names such as `mail.log.2.gz`.
"""

import os
import re
import stat
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from maildoctor import filesystem
from maildoctor.triage.sources import SourceError
from maildoctor.triage.sources.raw import Ahead, Descriptor, Stream
from maildoctor.triage.sources.unpack import unpacked

PAUSE = 0.2
"""Seconds between two looks."""

_GRACE = 30.0
"""Seconds without news after which a rotated file is let go."""

_BLOCK = 256 * 1024
_HEAD = 256
"""Bytes at the beginning by which a file is known again in its copy."""

_LONGEST = 1 << 20
_OPEN = 16
"""Rotated files kept open at most."""

_SLACK_NS = 1_000_000_000
"""Nanoseconds by which some file systems and copying programs round times."""

_rotation = re.compile(r"[.-](?P<number>\d{1,14})(?:[.-]\d{1,10})?(?:\.(?:gz|xz|bz2|zst))?").fullmatch


class Read(NamedTuple):
    """What was read of a content: how it begins, how far, the line that has no end yet, and when it was written to."""

    head: bytes
    position: int
    held: bytes
    written: int


class _File:
    """One file of a log, read as far as it goes."""

    def __init__(self, fd: int, position: int = 0) -> None:
        self.fd, self.position = fd, position
        status = os.fstat(fd)
        self.identity = (status.st_dev, status.st_ino)
        self.written = status.st_mtime_ns
        self.head = os.pread(fd, _HEAD, 0)
        self.quiet_since = time.monotonic()
        self._held = b""

    def lines(self) -> bytes:
        """The whole lines that are new; a very long one in pieces."""
        while data := self._more():
            self.quiet_since = time.monotonic()
            data = self._held + data
            cut = data.rfind(b"\n") + 1 or (len(data) if len(data) > _LONGEST else 0)
            self._held = data[cut:]
            if cut:
                return data[:cut]
        return b""

    def _more(self) -> bytes:
        data = os.pread(self.fd, _BLOCK, self.position)
        if self.cut():
            return b""  # perhaps of other content than what was read before; it is found again in the copy
        self.position += len(data)
        return data

    def cut(self) -> bool:
        """Whether it was cut to nothing since it was last read, even if it has grown again. One that was empty shows
        that by no content; there it may be so whenever it was written to."""
        status = os.fstat(self.fd)
        head = os.pread(self.fd, _HEAD, 0)
        touched = not self.head and status.st_mtime_ns != self.written
        if touched or status.st_size < self.position or not head.startswith(self.head):
            return True
        self.head, self.written = head, status.st_mtime_ns
        return False

    def begins_like(self, head: bytes) -> bool:
        """Whether `head` can be the beginning of the same content."""
        return bool(head) and bool(self.head) and (self.head.startswith(head) or head.startswith(self.head))

    def skip(self, position: int, held: bytes) -> None:
        """Go on from there, where `held` is the beginning of a line that was read already."""
        self.position, self._held = position, held

    def restart(self) -> "Read":
        """Read the file as the new one that it is after it was cut. Gives what was read of the old content."""
        read = Read(self.head, self.position, self._held, self.written)
        self.written = os.fstat(self.fd).st_mtime_ns
        self.position, self.head, self._held = 0, os.pread(self.fd, _HEAD, 0), b""
        return read

    def rest(self) -> bytes:
        """The last line, if it has no end, with one."""
        rest, self._held = self._held, b""
        return rest + b"\n" if rest else b""

    def close(self) -> None:
        os.close(self.fd)


class _PackedFile(_File):
    """A rotated file that has been packed already."""

    def __init__(self, fd: int, stream: Stream) -> None:
        super().__init__(fd)
        self._stream = Ahead(stream)
        self.head = self._stream.peek(_HEAD)

    def skip(self, position: int, held: bytes) -> None:
        super().skip(position, held)
        while position and (data := self._stream.read(min(position, _BLOCK))):
            position -= len(data)

    def _more(self) -> bytes:
        data = self._stream.read(_BLOCK)
        self.position += len(data)
        return data

    def cut(self) -> bool:
        return False

    def close(self) -> None:
        self._stream.close()


class Tail:
    """One log by its path, through all its files. `take` gives what is new."""

    def __init__(self, path: str, fd: int, start: int) -> None:
        """`fd`: the open file, which becomes the tail's own; `start`: the first byte that is wanted."""
        self.path, self.consumed = path, 0
        self._files = [_File(fd, start)]
        self._left = b""
        self._known: deque[bytes] = deque(maxlen=64)
        for file in self._rotated(self._files[0].written):
            self._known.append(file.head)
            file.close()

    def take(self) -> bytes:
        """Whole lines that came since the last call; empty when there is nothing new."""
        while True:
            if self._left:
                left, self._left = self._left, b""
                return left
            for file in self._files:
                if lines := file.lines():
                    self.consumed += len(lines)
                    return lines
            if not self._rotation():
                return self._let_go()

    def finish(self) -> bytes:
        """The lines without an end, at the end of following."""
        return self._left + b"".join(file.rest() for file in self._files)

    def close(self) -> None:
        """Let go of all files."""
        for file in self._files:
            file.close()
        self._files = []

    def _rotation(self) -> bool:
        """Whether the log goes on in another file, which is then among `_files`."""
        # First the new file, then those between: the other way round one more rotation could hide a file from both.
        current = self._files[-1]
        if current.cut():
            read = current.restart()
            self._files[-1:-1] = self._copies(read)
            return True
        try:
            fd = filesystem.opened(self.path)
        except FileNotFoundError:
            unread = self._unread(current.written)
            self._files += unread
            return bool(unread)
        except OSError:
            return False  # no right to read the new one yet
        status = os.fstat(fd)
        if (status.st_dev, status.st_ino) == current.identity or not stat.S_ISREG(status.st_mode):
            os.close(fd)
            return False
        self._know(current.head)
        self._files.append(_File(fd))
        self._files[-1:-1] = self._unread(current.written)
        return True

    def _copies(self, read: Read) -> list[_File]:
        """After the current file was cut: the copy of what was read of it, from where it was read to, and all that were
        made since, the oldest first."""
        files = self._unread(read.written)
        self._know(read.head)
        copy = next((file for file in files if read.head and file.begins_like(read.head)), None)
        if copy is not None:
            copy.skip(read.position, read.held)
        elif read.held:
            self._left = read.held + b"\n"
        return files

    def _unread(self, since: int) -> list[_File]:
        """Rotated files that were written to since then and are not read yet, the oldest first."""
        files: list[_File] = []
        for file in self._rotated(since):
            if self._is_read(file, [*self._files, *files]):
                file.close()
            else:
                files.append(file)
        for file in files:
            self._know(file.head)
        return files

    def _is_read(self, file: _File, others: list[_File]) -> bool:
        """Whether this is one that was read, or that is being read, perhaps by another name or packed."""
        return any(file.identity == other.identity or file.begins_like(other.head) for other in others) or any(
            file.begins_like(head) for head in self._known
        )

    def _know(self, head: bytes) -> None:
        if head and head not in self._known:
            self._known.append(head)

    def _rotated(self, since: int) -> list[_File]:
        """The rotated files beside the log that were written to since then (nanoseconds), the oldest first."""
        for _ in range(20):
            names = self._names()
            files = [(name, file) for name, _ in names if (file := self._opened(name, since)) is not None]
            if self._names() == names:
                return [file for _, file in sorted(files, key=lambda f: (f[1].written, _order(f[0])))]
            for _, file in files:  # a rotation was going on meanwhile
                file.close()
            time.sleep(0.01)
        return []

    def _names(self) -> list[tuple[str, int]]:
        folder, base = os.path.split(self.path)
        try:
            return sorted(
                (name[len(base) :], inode)
                for name, inode in filesystem.numbered(folder or ".")
                if name.startswith(base) and _rotation(name[len(base) :])
            )
        except OSError:
            return []

    def _opened(self, suffix: str, since: int) -> _File | None:
        try:
            fd = filesystem.opened(self.path + suffix)
        except OSError:
            return None
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_mtime_ns < since - _SLACK_NS:
            os.close(fd)
            return None
        plain = Ahead(Descriptor(fd, status.st_size))
        try:
            stream = unpacked(plain, self.path + suffix, None)
        except SourceError:
            os.close(fd)
            return None
        file = _File(fd) if stream is plain else _PackedFile(fd, stream)
        if file.head:
            return file
        file.close()  # empty, or just being packed
        return None

    def _let_go(self) -> bytes:
        """Close the oldest rotated file if nothing came to it for long; its last line, if that has no end."""
        if len(self._files) == 1:
            return b""
        oldest = self._files[0]
        if len(self._files) <= _OPEN and time.monotonic() - oldest.quiet_since < _GRACE:
            return b""
        self._files.pop(0).close()
        return oldest.rest()


def _order(suffix: str) -> int:
    """Of two files of one moment: the higher number is the older, the later date the younger."""
    match = _rotation(suffix)
    number = int(match["number"]) if match else 0
    return number if number > 99999 else -number


class Followed:
    """Several tails as one stream, without end until `idle` says so. Whole lines only, so that none is mixed up."""

    def __init__(self, tails: list[Tail], idle: Callable[[], bool] | None) -> None:
        self._tails, self._idle = tails, idle
        self._ready = memoryview(b"")
        self._ended = False
        self.name, self.damage = ", ".join(tail.path for tail in tails), ""

    @property
    def position(self) -> int:
        """Bytes of all tails that were given out."""
        return sum(tail.consumed for tail in self._tails)

    def readinto(self, buffer: memoryview) -> int:
        """See `Stream`."""
        while not self._ready and not self._ended:
            self._ready = memoryview(self._next())
            if not self._ready:
                self._wait()
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _next(self) -> bytes:
        for tail in self._tails:
            try:
                lines = tail.take()
            except OSError as error:
                self.damage = f"{tail.path} could not be read further: {error.strerror}"
                continue
            if lines:
                self.name = tail.path
                # The others have their turn first next time: a log that is written without pause starves none.
                self._tails = [*(t for t in self._tails if t is not tail), tail]
                return lines
        return b""

    def _wait(self) -> None:
        if self._idle is not None and self._idle():
            self._ended = True
            self._ready = memoryview(b"".join(tail.finish() for tail in self._tails))
        else:
            time.sleep(PAUSE)

    def close(self) -> None:
        """See `Stream`."""
        for tail in self._tails:
            tail.close()

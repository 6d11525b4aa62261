"""Logs that grow: nothing of them is lost and nothing is read twice, however they are rotated.

A file is what its device and inode say, as long as it is open here: no other file can have these then. One that was
renamed is read to its end and kept open for a while, because its writer learns of the rotation later. What is another
file may still be the same content: copied before the log was cut to nothing, or packed. It is known by the last bytes
that were read, at their place, and by its first bytes. The first bytes alone tell nothing: many logs begin alike.
Rotated files that came and went between two looks are found beside the log, by names such as `mail.log.2.gz`.
"""

import os
import re
import stat
import time
from collections import deque
from collections.abc import Callable, Collection
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
_MARK = 256
"""Bytes at the beginning, and before the place read to, by which a content is known again in its copy."""

_MOST_KNOWN = 256
"""Contents that are remembered when their files are closed."""

_LONGEST = 1 << 20
_OPEN = 16
"""Rotated files kept open at most."""

_SLACK_NS = 1_000_000_000
"""Nanoseconds by which some file systems and copying programs round times."""

_rotation = re.compile(r"[.-](?P<number>\d{1,14})(?:[.-]\d{1,10})?(?:\.(?:gz|xz|bz2|zst))?").fullmatch


class Read(NamedTuple):
    """What was read of a content: how it begins, how far, the last bytes before that place, the line that has no end
    yet, and when it was written to."""

    head: bytes
    position: int
    tail: bytes
    held: bytes
    written: int


class _File:
    """One file of a log, read as far as it goes."""

    def __init__(self, fd: int, position: int = 0) -> None:
        self.fd, self.position = fd, position
        status = os.fstat(fd)
        self.identity = (status.st_dev, status.st_ino)
        self.written = status.st_mtime_ns
        self.head = os.pread(fd, _MARK, 0)
        self.quiet_since = time.monotonic()
        self._tail = self.before(position)
        self._held = b""

    def lines(self) -> bytes:
        """The whole lines that are new; a very long one in pieces."""
        while data := self._more():
            self.quiet_since = time.monotonic()
            self._tail = (self._tail + data)[-_MARK:]
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
        head = os.pread(self.fd, _MARK, 0)
        if not self.head and status.st_mtime_ns != self.written:
            return True
        if status.st_size < self.position or not head.startswith(self.head) or self.before(self.position) != self._tail:
            return True
        self.head, self.written = head, status.st_mtime_ns
        return False

    def before(self, position: int) -> bytes:
        """The last bytes before this place."""
        start = max(0, position - _MARK)
        return os.pread(self.fd, position - start, start)

    def survey(self, _places: Collection[int]) -> "_Survey":
        """What there is to compare with other contents, and what stands before these places."""
        size = os.fstat(self.fd).st_size
        return _Survey(self.head, size, self.before)

    def read(self) -> Read:
        """What was read of it so far."""
        return Read(self.head, self.position, self._tail, self._held, self.written)

    def skip(self, position: int, held: bytes) -> None:
        """Go on from there, where `held` is the beginning of a line that was read already."""
        self.position, self._held, self._tail = position, held, self.before(position)

    def restart(self) -> Read:
        """Read the file as the new one that it is after it was cut. Gives what was read of the old content."""
        read = self.read()
        self.written = os.fstat(self.fd).st_mtime_ns
        self.position, self.head, self._held, self._tail = 0, os.pread(self.fd, _MARK, 0), b"", b""
        return read

    def rest(self) -> bytes:
        """The last line, if it has no end, with one."""
        rest, self._held = self._held, b""
        return rest + b"\n" if rest else b""

    def close(self) -> None:
        os.close(self.fd)


class _Survey(NamedTuple):
    """How a content begins, how long it is, and what stands before a place in it."""

    head: bytes
    size: int
    before: Callable[[int], bytes]

    def goes_on_from(self, read: Read) -> bool:
        """Whether this is what was read there, or that and more. Of nothing that can be said of nothing."""
        if not 0 < read.position <= self.size or not self.head.startswith(read.head[: self.size]):
            return False
        return self.before(read.position) == read.tail

    def is_beginning_of(self, file: _File) -> bool:
        """Whether all of it stands in this file too, which may have grown since it was copied or packed."""
        if not file.head.startswith(self.head) or self.size > os.fstat(file.fd).st_size:
            return False
        return self.before(self.size) == file.before(self.size)


class _PackedFile(_File):
    """A rotated file that has been packed already."""

    def __init__(self, fd: int, name: str, stream: Stream) -> None:
        super().__init__(fd)
        self._stream, self._name = Ahead(stream), name
        self.head = self._stream.peek(_MARK)
        self._tail = b""

    def survey(self, places: Collection[int]) -> _Survey:
        """See `_File`; size -1 where it is not whole, as one that is just being packed."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        stream = unpacked(Ahead(Descriptor(os.dup(self.fd), os.fstat(self.fd).st_size)), self._name, None)
        room = memoryview(bytearray(_BLOCK))
        wanted, found, size, last = sorted(places), {}, 0, b""
        try:
            while count := stream.readinto(room):
                text = last + bytes(room[:count])
                size += count
                while wanted and wanted[0] <= size:
                    end = len(text) - (size - wanted[0])
                    found[wanted.pop(0)] = text[max(0, end - _MARK) : end]
                last = text[-_MARK:]
            whole = not stream.damage
        finally:
            stream.close()
        found[size] = last
        return _Survey(self.head, size if whole else -1, lambda place: found.get(place, b""))

    def skip(self, position: int, held: bytes) -> None:
        """See `_File`."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        left = position
        while left and (data := self._stream.read(min(left, _BLOCK))):
            left -= len(data)
        self.position, self._held = position, held

    def _more(self) -> bytes:
        data = self._stream.read(_BLOCK)
        self.position += len(data)
        return data

    def before(self, position: int) -> bytes:
        return b""

    def cut(self) -> bool:
        return False

    def close(self) -> None:
        self._stream.close()


_NOTHING = Read(b"", 0, b"", b"", 0)


class Tail:
    """One log by its path, through all its files. `take` gives what is new."""

    def __init__(self, path: str, fd: int, start: int) -> None:
        """`fd`: the open file, which becomes the tail's own; `start`: the first byte that is wanted."""
        self.path, self.consumed = path, 0
        self._files = [_File(fd, start)]
        self._left = b""
        self._known: deque[Read] = deque(maxlen=_MOST_KNOWN)
        self._settled: set[tuple[int, ...]] = set()
        """Rotated files of which it is known that nothing in them is to be read: device, inode, size, when written."""
        self._folder = 0
        """When a name in the folder was last seen to have changed, nanoseconds; 0 while that may go unseen."""
        self._looked = self._files[0].written
        for file in self._rotated(self._looked):
            self._settled.add(_state(file.fd))
            self._know(file.read() if isinstance(file, _PackedFile) else _File(file.fd, file.survey(()).size).read())
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
        since, self._looked = min(self._looked, current.written), current.written
        if current.cut():
            self._insert(self._unread(since, current.restart()))
            return True
        try:
            fd = filesystem.opened(self.path)
        except FileNotFoundError:
            unread = self._unread(since)
            self._files += unread
            return bool(unread)
        except OSError:
            return False  # permission denied: the new one cannot be read yet
        status = os.fstat(fd)
        if (status.st_dev, status.st_ino) == current.identity or not stat.S_ISREG(status.st_mode):
            os.close(fd)
            return self._folder_changed() and self._insert(self._unread(since))
        self._files.append(_File(fd))
        self._insert(self._unread(since))
        return True

    def _insert(self, files: list[_File]) -> bool:
        """Read these before the current file; whether there are any."""
        self._files[-1:-1] = files
        return bool(files)

    def _folder_changed(self) -> bool:
        """Whether a name beside the log may have changed since this was last asked."""
        try:
            changed = filesystem.status(os.path.dirname(self.path) or ".").st_mtime_ns
        except OSError:
            return False
        before, self._folder = self._folder, changed
        if abs(time.time_ns() - changed) < _SLACK_NS:  # another change could have the same time
            self._folder = 0
        return changed != before

    def _unread(self, since: int, lost: Read | None = None) -> list[_File]:
        """Rotated files that were written to since then and are not read yet, the oldest first; each at the place up to
        which its content was read. `lost`: what was read of the current file before it was cut."""
        files: list[_File] = []
        reads = [read for read in (*self._known, *(file.read() for file in self._files)) if read.position]
        for file in self._rotated(since):
            found = self._unread_of(file, [*self._files, *files], [*reads, lost] if lost else reads)
            if found is None:
                file.close()
                continue
            if found.position:
                current = self._files[-1]
                if lost is None and found == current.read():
                    current.restart()  # it was cut too, or its copy would not have more in it
                file.skip(found.position, found.held if lost is None or found is lost else b"")
                lost = None if found is lost else lost
            files.append(file)
        if lost is not None:
            self._know(lost)
            self._left += lost.held + b"\n" if lost.held else b""
        return files

    def _unread_of(self, file: _File, opened: list[_File], reads: list[Read]) -> Read | None:
        """What was read of this file's content already, perhaps nothing; None where nothing in it is to be read: it is
        open, or a copy of one that is, or was read to its end."""
        state = _state(file.fd)
        if state in self._settled or any(file.identity == other.identity for other in opened):
            return None
        survey = file.survey({read.position for read in reads})
        if survey.size < 0 or any(
            survey.is_beginning_of(other) for other in opened if not isinstance(other, _PackedFile) and not other.cut()
        ):
            return None
        same = max((read for read in reads if survey.goes_on_from(read)), key=lambda r: r.position, default=_NOTHING)
        if same.position < survey.size:
            return same
        if isinstance(file, _PackedFile):
            self._settled.add(state)
        return None

    def _know(self, read: Read) -> None:
        if read.position:
            self._known.append(read)

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
        file = _File(fd) if stream is plain else _PackedFile(fd, self.path + suffix, stream)
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
        self._know(oldest.read())
        self._files.pop(0).close()
        return oldest.rest()


def _state(fd: int) -> tuple[int, ...]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


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

"""From paths and options to sources: what may be opened, and which streams are put around it."""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from maildoctor import filesystem
from maildoctor.triage.sources import Source, SourceError, SourceOptions
from maildoctor.triage.sources.follow import Followed, Tail
from maildoctor.triage.sources.journal import Journal, argv
from maildoctor.triage.sources.lines import Turned, WholeLines
from maildoctor.triage.sources.raw import Ahead, Descriptor, Stream
from maildoctor.triage.sources.remote import Found, Remote, Unreachable, found_at, is_address, printable
from maildoctor.triage.sources.reshape import MAGIC, Export, turner_for
from maildoctor.triage.sources.unpack import unpacked
from maildoctor.triage.sources.window import Window, stretch

STDIN = "-"
WORTH_CUTTING = 32 << 20
"""Bytes of a plain log from which on it can be worth to read it in pieces."""

_PATIENCE = 2.0
"""Seconds that a FIFO is given to be opened by someone who writes."""

_WHAT = {
    stat.S_IFDIR: ("is a directory", "name the files in it: maildoctor triage {}/*"),
    stat.S_IFCHR: ("is a device, not a log", "name a log file, or pipe the log in"),
    stat.S_IFBLK: ("is a disk, not a log", "name a log file, or pipe the log in"),
    stat.S_IFSOCK: ("is a socket, not a log", "name a log file, or pipe the log in"),
}


class _Chain(Source):
    """Streams around one descriptor, or one file elsewhere."""

    def __init__(self, address: str, raw: Descriptor | Remote, stream: Stream, written: float, begin: int) -> None:
        self.address, self.written = address, written
        self.name = printable(address) if is_address(address) else address
        self.size = None if raw.end is None else raw.end - begin
        self.extent: tuple[int, int] | None = None
        self._raw, self._stream, self._begin = raw, stream, begin

    @property
    def position(self) -> int:
        return self._raw.position - self._begin

    @property
    def damage(self) -> str:
        return self._stream.damage

    def readinto(self, buffer: memoryview) -> int:
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()


class _Live(Source):
    """The journal or followed files: without a size."""

    size = None
    extent = None

    def __init__(self, inner: Followed | Journal, stream: Stream, name: str) -> None:
        self._inner, self._stream, self._name = inner, stream, name
        self.address = name
        self.written = time.time()

    @property
    def name(self) -> str:  # type: ignore[override]
        return self._inner.name if isinstance(self._inner, Followed) else self._name

    @property
    def position(self) -> int:
        return self._inner.position

    @property
    def damage(self) -> str:
        return self._stream.damage

    def readinto(self, buffer: memoryview) -> int:
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()


class _Gone(Source):
    """A file that could not be opened when its turn came, or an address at which nothing can be had."""

    size = 0
    extent = None

    def __init__(self, name: str, error: SourceError) -> None:
        self.name = self.address = name
        self.written, self._damage = time.time(), f"{error.what}; nothing of it was read"

    @property
    def position(self) -> int:
        return 0

    @property
    def damage(self) -> str:
        return self._damage

    def readinto(self, buffer: memoryview) -> int:
        return 0

    def close(self) -> None:
        pass


class _Elsewhere(Source):
    """A file elsewhere, opened when something of it is asked for."""

    def __init__(self, found: Found, options: SourceOptions) -> None:
        self.address, self.name = found.address, printable(found.address)
        self.size, self.written = found.size, found.written or options.now
        self._found, self._options = found, options
        self._inner: Source | None = None

    def _opened(self) -> Source:
        if self._inner is None:
            raw = Remote(self._found)
            try:
                self._inner = _chain(raw, self.address, self._options, self.written)
            except SourceError as error:
                self._inner = _Gone(self.name, error)
        return self._inner

    @property
    def extent(self) -> tuple[int, int] | None:  # type: ignore[override]
        # to look at the beginning of each of thousands of small files would take as long as reading them
        return self._opened().extent if (self.size or 0) >= WORTH_CUTTING else None

    @property
    def position(self) -> int:
        return self._inner.position if self._inner is not None else 0

    @property
    def damage(self) -> str:
        return self._opened().damage

    def readinto(self, buffer: memoryview) -> int:
        return self._opened().readinto(buffer)

    def close(self) -> None:
        if self._inner is not None:
            self._inner.close()


def open_sources(paths: Sequence[str], options: SourceOptions) -> Iterator[Source]:
    """The sources in the order of their time, each opened when the one before it was taken; close each after use. What
    lies elsewhere comes last, in the order of its names.

    `-` is standard input. Followed files are one source together. Raises SourceError at once, before anything is
    read, where a path cannot be a log: a directory, no such file, permission denied, a FIFO nobody writes to; of an
    address where nothing here can open such addresses. Else what is wrong at an address is damage of its source.
    """
    addresses = [path for path in paths if is_address(path)]
    if addresses:
        if options.follow:
            raise SourceError("cannot be followed", printable(addresses[0]), "leave out --follow, or name a file")
        local = [path for path in paths if not is_address(path)]
        elsewhere = [source for address in dict.fromkeys(addresses) for source in _elsewhere(address, options)]
        return chain(open_sources(local, options) if local or options.journal is not None else (), elsewhere)
    paths = _in_order_of_time([path for path in paths if _may_be_read(path)])
    if options.follow and paths and paths != [STDIN]:
        return iter([_followed(paths, options), *_journals(options)])
    if len(paths) == 1:  # nothing can change between the look at it and its turn
        return iter([_source(paths[0], options), *_journals(options)])
    return _one_by_one(paths, options)


def open_whole(found: Found, options: SourceOptions) -> Source:
    """One log that was found by `open_sources`, perhaps on another machine. Raises SourceError."""
    return _Elsewhere(found, options) if is_address(found.address) else _source(found.address, options)


def open_extent(path: str, start: int, end: int) -> Source:
    """The lines of a plain file that begin from byte `start` on and before byte `end`, for whoever shares the work.
    Raises SourceError."""
    before = max(start - 1, 0)
    if is_address(path):
        remote = Remote(Found(path, None, None))
        remote.seek(before)
        return _Chain(path, remote, WholeLines(remote, start, end), time.time(), before)
    fd, _ = _open(path)
    os.lseek(fd, before, os.SEEK_SET)
    raw = Descriptor(fd, max(os.fstat(fd).st_size, end))
    return _Chain(path, raw, WholeLines(raw, start, end), os.fstat(fd).st_mtime, before)


def _elsewhere(address: str, options: SourceOptions) -> Iterator[Source]:
    """What there is at an address; where that cannot be known, a source that says so."""
    try:
        for found in found_at(address):
            yield _Elsewhere(found, options)
    except Unreachable as error:
        yield _Gone(printable(address), error)


def _one_by_one(paths: list[str], options: SourceOptions) -> Iterator[Source]:
    for path in paths:
        try:
            source: Source = _source(path, options)
        except SourceError as error:
            source = _Gone(path, error)
        yield source
    yield from _journals(options)


def _may_be_read(path: str) -> bool:
    """True, or SourceError. Before the first byte of the first file is read, so that a wrong name costs no waiting."""
    if path == STDIN:
        return True
    try:
        status = filesystem.status(path)
    except OSError as error:
        raise _trouble(path, error) from error
    kind = stat.S_IFMT(status.st_mode)
    if kind in _WHAT and not (kind == stat.S_IFCHR and _harmless(path, status)):
        what, remedy = _WHAT[kind]
        raise SourceError(what, path, remedy.format(path.rstrip("/")))
    if not filesystem.may_read(path):
        raise _trouble(path, PermissionError(13, "Permission denied"))
    return True


def _harmless(path: str, status: os.stat_result) -> bool:
    return path in ("/dev/stdin", "/dev/fd/0") or status.st_rdev == filesystem.status(os.devnull).st_rdev


def _trouble(path: str, error: OSError) -> SourceError:
    if isinstance(error, FileNotFoundError):
        return SourceError("there is no such file", path, "look for its name: ls -lt /var/log")
    if isinstance(error, PermissionError):
        return SourceError("permission denied reading it", path, "run as root, or as a member of the group adm")
    return SourceError(f"cannot be opened: {error.strerror}", path, "name a log file that can be read")


def _in_order_of_time(paths: list[str]) -> list[str]:
    """The oldest first, as `mail.log*` does not give them, each file once. Pipes stay where they are."""
    seen: set[tuple[int, int]] = set()
    kept: list[tuple[float, str]] = []
    plain = True
    for path in paths:
        try:
            status = os.fstat(0) if path == STDIN else filesystem.status(path)
        except OSError:
            kept.append((0.0, path))
            continue
        key = (status.st_dev, status.st_ino)
        if key not in seen:
            kept.append((status.st_mtime, path))
        seen.add(key)
        plain = plain and stat.S_ISREG(status.st_mode)
    return [path for _, path in (sorted(kept, key=lambda k: k[0]) if plain else kept)]


def _source(path: str, options: SourceOptions) -> Source:
    fd, begun = _open(path)
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        # Of a redirected standard input, something may have been read before.
        raw = Descriptor(fd, max(os.lseek(fd, 0, os.SEEK_CUR), status.st_size))
        written = status.st_mtime
    else:
        raw, written = Descriptor(fd, None, begun), options.now
    try:
        return _chain(raw, path, options, written)
    except BaseException:
        raw.close()
        raise


def _chain(raw: Descriptor | Remote, path: str, options: SourceOptions, written: float) -> Source:
    """The streams around a descriptor that its first bytes and the options call for."""
    begin = raw.position
    regular = raw.end is not None

    def again() -> Ahead:
        if isinstance(raw, Remote):
            raw.seek(begin)
        else:
            raw.reopen(filesystem.opened(path), begin)
        return Ahead(raw)

    packed = Ahead(raw)
    stream = unpacked(packed, path, again if regular and path != STDIN else None)
    text = stream if isinstance(stream, Ahead) else Ahead(stream)
    turner = turner_for(text.peek(MAGIC))
    plain = regular and text is packed and turner is None
    if plain:
        raw.seek(begin)
        text = Ahead(raw)
        if _timed(options) and isinstance(raw, Descriptor):
            assert raw.end is not None
            begin, raw.end = _stretch(raw.fd, begin, raw.end, options)
            raw.seek(begin)
    shaped: Stream = Turned(text, turner) if turner is not None else text
    if _timed(options):
        shaped = Turned(shaped, _window(options, lambda: written))
    source = _Chain(path, raw, shaped, written, begin)
    if plain and not _timed(options) and path != STDIN and raw.end is not None:
        source.extent = (begin, raw.end)
    return source


def _stretch(fd: int, begin: int, end: int, options: SourceOptions) -> tuple[int, int]:
    """The bytes of a plain file, from `begin` to `end`, that the window can need."""
    if not _timed(options):
        return begin, end
    written = os.fstat(fd).st_mtime
    try:
        start, stop = stretch(fd, end, options.since, options.until, _window(options, lambda: written))
    except OSError:  # reading it will say so
        return begin, end
    return max(begin, start), max(begin, stop)


def _open(path: str) -> tuple[int, bytes]:
    """A descriptor to read from, and what was read already; of a FIFO only when someone writes to it. Raises
    SourceError."""
    if path == STDIN:
        return os.dup(0), b""
    try:
        fd = filesystem.opened(path, streams=True)
    except OSError as error:
        raise _trouble(path, error) from error
    begun = b""
    try:
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            begun = _await_writer(fd, path)
    except BaseException:
        os.close(fd)
        raise
    os.set_blocking(fd, True)
    return fd, begun


def _await_writer(fd: int, path: str) -> bytes:
    """Wait until someone has the FIFO open to write; the byte that was needed to know."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            byte = os.read(fd, 1)
        except BlockingIOError:
            return b""  # a writer who has nothing to say yet
        if byte:
            return byte
        time.sleep(0.02)
    raise SourceError("is a FIFO that nobody writes to", path, "start the program that writes to it, then maildoctor")


def _window(options: SourceOptions, written: Callable[[], float]) -> Window:
    return Window(options.since, options.until, written, options.zone)


def _timed(options: SourceOptions) -> bool:
    return options.since is not None or options.until is not None


def _followed(paths: list[str], options: SourceOptions) -> Source:
    tails: list[Tail] = []
    turner = None
    for path in paths:
        if path == STDIN or not filesystem.is_file(path):
            raise SourceError("cannot be followed beside files", path, "follow files only, or read the pipe alone")
        fd, _ = _open(path)
        turner = turner or turner_for(os.pread(fd, MAGIC, 0))
        try:
            tails.append(Tail(path, fd, _stretch(fd, 0, os.fstat(fd).st_size, options)[0]))
        except BaseException:
            os.close(fd)
            raise
    followed = Followed(tails, options.idle)
    stream: Stream = Turned(followed, turner) if turner is not None else followed
    if _timed(options):
        stream = Turned(stream, _window(options, _this_hour))
    return _Live(followed, stream, ", ".join(paths))


def _this_hour() -> float:
    """The time, in steps so that what is remembered of stamps is not forgotten at each call."""
    return time.time() // 3600 * 3600 + 3600


def _journals(options: SourceOptions) -> Iterator[Source]:
    if options.journal is None:
        return
    command = argv(options.journal, options.since, options.until, follow=options.follow)
    journal = Journal(command)
    yield _Live(journal, Turned(journal, Export()), " ".join(command))

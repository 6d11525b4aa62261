"""The one place where files and directories are opened, ours and others', for reading, listing, writing and deleting.

maildoctor runs as root among files that strangers own and may change at any moment. So nothing is judged by its path:
a name is looked up in a directory that is open already, what was found is judged on its descriptor, and that descriptor
is the one that is read. Three ways lead to a file, by who says where it lies:

- `Tree`: paths that a target names. Links are followed by hand inside the tree; no race leads out of it.
- `read`, `opened`, `names`, ...: a path of this machine that a person named, or that the kernel serves in /proc.
- `Trusted`: code that is to be run. Every directory, link and file on the way must be root's or ours.

Only regular files are opened, never a device, a FIFO or a socket: to open one can wait for ever or do things. Source of
the rules: open(2) (O_PATH, O_NOFOLLOW, dir_fd), path_resolution(7), symlink(7).
"""

import contextlib
import errno
import os
import stat
import sys
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

LIMIT = 256 * 1024 * 1024
"""Bytes read of one file at most; larger ones are refused. A sasldb of a million users has some 200 MB."""

LINKS = 40
"""Symbolic links followed in one path at most, as the Linux kernel does (path_resolution(7))."""

_LONGEST_PATH = 4096
"""Characters of a path at most: PATH_MAX of linux/limits.h."""

_KEPT_FOLDERS = 64
"""Directories of a tree that are kept open."""

_FOUND = getattr(os, "O_PATH", os.O_RDONLY | os.O_NONBLOCK)
"""Open a thing only to know which it is: Linux opens neither device nor FIFO for that. Elsewhere there is no such
flag, and what is no file or directory is refused before it is opened."""

_HAS_PATH = hasattr(os, "O_PATH")
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = _FOUND | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_KEPT_MODE = 0o664
"""What a file that is replaced hands on: nothing that runs it, least of all as root, nor for others to write."""

_LAST_SYSTEM_ACCOUNT = 999
"""SYS_UID_MAX of login.defs(5)."""

_USUAL_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"


class NotRegular(OSError):
    """It is no regular file. `strerror` says in words what it is, `filename` where."""


class IsDirectory(NotRegular):
    """It is a directory."""


class Unsafe(OSError):
    """Others could change it. `strerror` says in words what is unsafe, `filename` where."""


# ---- what a thing is


def regular(path: str, status: os.stat_result) -> os.stat_result:
    """The status, of a regular file. Raises NotRegular for any other kind."""
    if not stat.S_ISREG(status.st_mode):
        kind = IsDirectory if stat.S_ISDIR(status.st_mode) else NotRegular
        raise kind(errno.EINVAL, f"not a regular file but {kind_of(status.st_mode)}", path)
    return status


def kind_of(mode: int) -> str:
    """What a person calls this kind of file."""
    return {
        stat.S_IFREG: "a regular file",
        stat.S_IFDIR: "a directory",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a character device",
        stat.S_IFBLK: "a block device",
    }.get(stat.S_IFMT(mode), "something else")


# ---- the files of a target


class FileView(Protocol):
    """Files of a target by absolute path. All raise OSError; a link never leads out of the target."""

    def lstat(self, path: str) -> os.stat_result:
        """What `path` itself is, a last link not followed."""

    def stat(self, path: str) -> os.stat_result:
        """What `path` leads to."""

    def readlink(self, path: str) -> str:
        """Where the link `path` points, as it stands in the link."""

    def listdir(self, path: str) -> list[str]:
        """The names in a folder."""

    def statvfs(self, path: str) -> os.statvfs_result:
        """The file system that `path` lies on."""

    def getxattr(self, path: str, name: str) -> bytes:
        """One extended attribute."""

    def read(self, path: str, limit: int = LIMIT) -> bytes:
        """The whole of a regular file, or its first `limit` bytes; EFBIG beyond `LIMIT`."""

    def tail(self, path: str, length: int) -> bytes:
        """The last `length` bytes of a regular file, a line end before them where it is shorter."""

    def resolve(self, path: str) -> str:
        """The path with every link in it followed; what is not there stays as it is."""


class Links:
    """Follows links as the target would. `readlink` gives the target of a path that has no other link in it; it raises
    OSError as os.readlink() does."""

    def __init__(self, readlink: Callable[[str], str]) -> None:
        self._readlink = readlink
        self._real: dict[str, str] = {}

    def entry(self, path: str, *, follow: bool) -> str:
        """The path with its links followed, the last one too if `follow`. Raises OSError."""
        if "\0" in path:
            raise OSError(errno.EINVAL, "no path has a NUL in it", path)
        if len(path) > _LONGEST_PATH:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path[:80] + "...")
        head, tail = os.path.split(path.rstrip("/") or "/")
        return self.resolve(path) if follow or tail in (".", "..") else os.path.join(self.resolve(head), tail)

    def resolve(self, path: str) -> str:
        """The path with every link in it followed, as the target sees it; what is not there stays as it is. Raises
        OSError where links go round."""
        known = self._real.get(path)
        if known is not None:
            return known
        left, real, links = [p for p in reversed(path.split("/")) if p], "", 0
        while left:
            name = left.pop()
            if name in (".", ""):
                continue
            if name == "..":
                real = real.rpartition("/")[0]
                continue
            try:
                target = self._readlink(f"{real}/{name}")
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
                    raise
                real = f"{real}/{name}"
                continue
            links += 1
            if links > LINKS:
                raise OSError(errno.ELOOP, "too many symbolic links", path)
            if target.startswith("/"):
                real = ""
            left.extend(p for p in reversed(target.split("/")) if p)
        self._real[path] = real or "/"
        return self._real[path]


class Tree:
    """The files below one directory as those see them whose root it is; `/` is this machine itself.

    Links are read in directories that are open and followed by hand; then every directory on the way to the real path
    is opened in the one above it, never through a link. Whatever is renamed or turned into a link meanwhile, a look
    ends inside the tree or nowhere. All methods raise OSError.
    """

    def __init__(self, root: str = "/") -> None:
        """`root` itself may be reached by links: /proc/N/root is one that leads to another file system."""
        # not realpath(): /proc/N/root says that it is a link to `/`, and leads elsewhere
        self.root = os.path.abspath(root)
        self._folders = _Folders(os.open(self.root, _FOLDER))
        self._links = Links(self._folders.target)

    def lstat(self, path: str) -> os.stat_result:
        """What `path` itself is, a last link not followed."""
        folder, name = self._place(path, follow=False)
        return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def stat(self, path: str) -> os.stat_result:
        """What `path` leads to."""
        folder, name = self._place(path, follow=True)
        return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def readlink(self, path: str) -> str:
        """Where the link `path` points, as it stands in the link."""
        folder, name = self._place(path, follow=False)
        return os.readlink(name, dir_fd=folder)

    def listdir(self, path: str) -> list[str]:
        """The names in a directory."""
        folder, name = self._place(path, follow=True)
        fd = os.open(name, _READ | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        try:
            return os.listdir(fd)
        finally:
            os.close(fd)

    def statvfs(self, path: str) -> os.statvfs_result:
        """The file system that `path` lies on."""
        folder, name = self._place(path, follow=True)
        fd = os.open(name, _FOUND | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            return os.fstatvfs(fd)
        finally:
            os.close(fd)

    def getxattr(self, path: str, name: str) -> bytes:
        """One extended attribute of `path` itself."""
        folder, last = self._place(path, follow=False)
        if sys.platform != "linux":
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), path)
        return os.getxattr(f"/proc/self/fd/{folder}/{last}", name, follow_symlinks=False)

    def read(self, path: str, limit: int = LIMIT) -> bytes:
        """The whole of a regular file, or its first `limit` bytes; EFBIG beyond `LIMIT`."""
        folder, name = self._place(path, follow=True)
        fd = _open_regular(name, path, folder, os.O_NOFOLLOW)
        try:
            return _whole(fd, path, limit)
        finally:
            os.close(fd)

    def tail(self, path: str, length: int) -> bytes:
        """The last `length` bytes of a regular file, a line end before them where it is shorter."""
        folder, name = self._place(path, follow=True)
        fd = _open_regular(name, path, folder, os.O_NOFOLLOW)
        try:
            size = os.fstat(fd).st_size
            data = os.pread(fd, length, max(0, size - length))
        finally:
            os.close(fd)
        return data if size > length else b"\n" + data

    @contextlib.contextmanager
    def socket(self, path: str) -> Iterator[str]:
        """A name by which the socket at `path` can be connected to, whatever is put in its place meanwhile: Linux
        alone has one."""
        folder, name = self._place(path, follow=True)
        fd = os.open(name, _FOUND | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            mode = os.fstat(fd).st_mode
            if not stat.S_ISSOCK(mode):
                raise NotRegular(errno.ENOTSOCK, f"not a socket but {kind_of(mode)}", path)
            yield f"/proc/self/fd/{fd}"
        finally:
            os.close(fd)

    def resolve(self, path: str) -> str:
        """The path with every link in it followed, as the target sees it; what is not there stays as it is. Raises
        OSError where links go round."""
        return self._links.resolve(path)

    def _place(self, path: str, *, follow: bool) -> tuple[int, str]:
        """The open directory that `path` lies in, and its name there."""
        return self._folders.place(self._links.entry(path, follow=follow))


class _Folders:
    """The directories of a tree by their paths without links, each opened in the one above it; the latest used stay
    open. Raises OSError."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._open: OrderedDict[str, int] = OrderedDict()
        weakref.finalize(self, _close_all, top, self._open)

    def place(self, real: str) -> tuple[int, str]:
        """The open directory that a path without links lies in, and its name there."""
        folder, _, name = real.rpartition("/")
        return self._descriptor(folder), name or "."

    def target(self, real: str) -> str:
        """Where the link at a path without other links points."""
        folder, name = self.place(real)
        return os.readlink(name, dir_fd=folder)

    def _descriptor(self, real: str) -> int:
        if not real:
            return self._top
        known = self._open.get(real)
        if known is not None:
            self._open.move_to_end(real)
            return known
        missing = [real]  # and those above it that are not open either, the deepest first
        while (above := missing[-1].rpartition("/")[0]) and above not in self._open:
            missing.append(above)
        fd = self._open[above] if above else self._top
        for path in reversed(missing):
            fd = os.open(path.rpartition("/")[2], _FOLDER | os.O_NOFOLLOW, dir_fd=fd)
            self._open[path] = fd
        while len(self._open) > max(_KEPT_FOLDERS, len(missing)):
            os.close(self._open.popitem(last=False)[1])
        return fd


def _close_all(top: int, folders: Mapping[str, int]) -> None:
    for fd in (top, *folders.values()):
        os.close(fd)


# ---- files of this machine that a person named


def opened(path: str, *, streams: bool = False) -> int:
    """A descriptor to read a regular file by; the caller closes it. Links are followed, as for every program that is
    given a path. `streams`: a FIFO, /dev/null and what is open already (/dev/stdin, /dev/fd/63) will do too; a FIFO is
    not waited for, its reads do not block. Raises OSError."""
    given = _descriptor(path) if streams else None
    return _open_regular(path, path, None, 0, streams) if given is None else os.dup(given)


def read(path: str, limit: int = LIMIT) -> bytes:
    """The whole of a regular file, or its first `limit` bytes. What is open already, by a name such as /dev/fd/63, may
    be a pipe too, for shells write `<(command)` so. Raises OSError; EFBIG for what is larger than `LIMIT`."""
    given = _descriptor(path)
    fd = opened(path) if given is None else _copy(given, path)
    try:
        return _whole(fd, path, limit)
    finally:
        os.close(fd)


def tail(path: str, length: int) -> bytes:
    """The last `length` bytes of a regular file. Raises OSError."""
    fd = opened(path)
    try:
        return os.pread(fd, length, max(0, os.fstat(fd).st_size - length))
    finally:
        os.close(fd)


def awaited(fd: int, seconds: float) -> bool:
    """Whether somebody wrote to a FIFO, or had it open to write and closed it, within this time. From then on its reads
    wait. Raises OSError."""
    import select

    waiting = select.poll()
    waiting.register(fd, select.POLLIN)
    came = bool(waiting.poll(1000 * seconds))
    os.set_blocking(fd, True)
    return came


def real(fd: int, path: str) -> str:
    """Where the file that is open lies, all links followed."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/self/fd/{fd}")
    return os.path.realpath(path)


def kernel(path: str, limit: int) -> bytes:
    """What the kernel says in a file of /proc, its first `limit` bytes: no look before, since thousands are read and
    none is anything else. Raises OSError."""
    fd = os.open(path, _READ)
    try:
        parts, left = [], limit
        while left > 0 and (part := os.read(fd, min(left, 65536))):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    finally:
        os.close(fd)


def status(path: str, *, follow: bool = True) -> os.stat_result:
    """What `path` leads to, or is. Raises OSError."""
    return os.stat(path, follow_symlinks=follow)


def is_file(path: str) -> bool:
    """Whether `path` leads to a regular file."""
    with contextlib.suppress(OSError, ValueError):
        return stat.S_ISREG(os.stat(path).st_mode)
    return False


def is_folder(path: str) -> bool:
    """Whether `path` leads to a directory."""
    with contextlib.suppress(OSError, ValueError):
        return stat.S_ISDIR(os.stat(path).st_mode)
    return False


def link(path: str, folder: int | None = None) -> str:
    """Where a link points; `folder` is the open directory that a relative path begins in. Raises OSError."""
    return os.readlink(path, dir_fd=folder)


def names(path: str) -> list[str]:
    """The names in a directory. Raises OSError."""
    fd = folder(path, listed=True)
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)


def numbered(path: str) -> list[tuple[str, int]]:
    """The names in a directory, each with its inode. Raises OSError."""
    fd = folder(path, listed=True)
    try:
        with os.scandir(fd) as entries:
            return [(entry.name, entry.inode()) for entry in entries]
    finally:
        os.close(fd)


def may_read(path: str) -> bool:
    """Whether the permissions let us read it, without opening it."""
    return os.access(path, os.R_OK)


def folder(path: str, *, above: int | None = None, listed: bool = False) -> int:
    """A descriptor of a directory; the caller closes it. In an open directory `above` no link is followed. `listed`:
    its names are wanted, which needs the permission to read it. Raises OSError."""
    flags = (_READ | os.O_DIRECTORY) if listed else _FOLDER
    return os.open(path, flags | (os.O_NOFOLLOW if above is not None else 0), dir_fd=above)


def opened_in(above: int, name: str) -> int:
    """A descriptor to read a regular file by, in an open directory, not through a link. Raises OSError."""
    return _open_regular(name, name, above, os.O_NOFOLLOW)


def _open_regular(name: str, path: str, above: int | None, nofollow: int, streams: bool = False) -> int:
    """Known before it is opened: to open a device or a FIFO can do things. And judged again once it is open."""
    held = os.open(name, _FOUND | nofollow | os.O_CLOEXEC, dir_fd=above) if _HAS_PATH else None
    try:
        looked = os.stat(name, dir_fd=above, follow_symlinks=not nofollow) if held is None else os.fstat(held)
        found = _wanted(path, looked, streams)
        fd = _opened_again(held, name, above, nofollow)
    finally:
        if held is not None:
            os.close(held)
    try:
        if _identity(_wanted(path, os.fstat(fd), streams)) != _identity(found):
            raise OSError(errno.EAGAIN, "it was replaced by another file meanwhile", path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _opened_again(held: int | None, name: str, above: int | None, nofollow: int) -> int:
    """To read what is held; by its name where /proc, which could tell, is not mounted."""
    if held is not None:
        with contextlib.suppress(FileNotFoundError):
            return os.open(f"/proc/self/fd/{held}", _READ)
    return os.open(name, _READ | nofollow, dir_fd=above)


def _wanted(path: str, found: os.stat_result, streams: bool) -> os.stat_result:
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "it is a symbolic link, and none is followed here", path)
    if streams and (stat.S_ISFIFO(found.st_mode) or found.st_rdev == _null_device()):
        return found
    return regular(path, found)


def _null_device() -> int:
    return os.stat(os.devnull).st_rdev


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _descriptor(path: str) -> int | None:
    """The number of what is open already, by its names in /dev and /proc."""
    if path == "/dev/stdin":
        return 0
    for prefix in ("/dev/fd/", "/proc/self/fd/"):
        number = path.removeprefix(prefix)
        if number != path and number.isascii() and number.isdigit() and len(number) < 7:
            return int(number)
    return None


def _copy(given: int, path: str) -> int:
    fd = os.dup(given)
    try:
        _wanted(path, os.fstat(fd), streams=True)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _whole(fd: int, path: str, limit: int) -> bytes:
    """Up to `limit` bytes. What claims or turns out to be larger than `LIMIT` is refused, unless less is wanted."""
    if limit >= LIMIT and os.fstat(fd).st_size > LIMIT:
        raise OSError(errno.EFBIG, "larger than can be read safely", path)
    wanted = min(limit, LIMIT + 1)
    with os.fdopen(os.dup(fd), "rb") as file:
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            os.set_blocking(fd, True)
        data = file.read(wanted)
    if len(data) > LIMIT:
        raise OSError(errno.EFBIG, "larger than can be read safely", path)
    return data


def terminal() -> int:
    """A descriptor of the terminal that this process is controlled from; the caller closes it. Raises OSError."""
    return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)


# ---- writing


def nowhere() -> int:
    """A descriptor of /dev/null, for what nobody reads any more. Raises OSError."""
    return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def scratch() -> int:
    """A descriptor of a file without a name, in memory where the system has that: for what a program says whose
    children may go on speaking. Raises OSError."""
    return os.memfd_create("said", os.MFD_CLOEXEC) if hasattr(os, "memfd_create") else nowhere()


def so_far(fd: int, limit: int) -> bytes:
    """The last bytes of what `scratch` holds; empty where it holds nothing, or cannot be read. Closes it."""
    try:
        length = os.lseek(fd, 0, os.SEEK_END)
        return os.pread(fd, limit, max(0, length - limit))
    except OSError:
        return b""
    finally:
        os.close(fd)


def write(path: str, data: bytes, mode: int) -> None:
    """Put `data` at `path` in one move: a reader sees the old file or the new one, and a failure leaves the old.

    A file of root's or ours that is there keeps its permissions, but for others' to write; any other has `mode`,
    whatever the umask. What is there must be a regular file: a link is not followed, for in /tmp it may be a
    stranger's, nor is a stranger's on the way. Raises OSError.
    """
    above, name = _parent(path)
    try:
        with _draft(above) as (draft, fd):
            write_all(fd, data)
            os.fchmod(fd, _mode_of(name, above, path, mode))
            os.fsync(fd)
            os.replace(draft, name, src_dir_fd=above, dst_dir_fd=above)
    finally:
        os.close(above)


def append(path: str, text: Callable[[int], bytes], mode: int) -> None:
    """Add to the end of a regular file, not through a link, what `text` makes of its present size. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
    fd = os.open(path, flags, mode)  # not waiting for the reader of a FIFO
    try:
        found = regular(path, os.fstat(fd))
        if found.st_nlink != 1:
            raise OSError(errno.EMLINK, "it has another name, so it is another's file too", path)
        write_all(fd, text(found.st_size))
    finally:
        os.close(fd)


def new_folder(path: str, files: Mapping[str, bytes]) -> None:
    """Make a directory with these files, readable by the owner alone, in one move: whatever goes wrong, there is all of
    it or nothing. An empty directory may be there already. Raises OSError; FileExistsError if it has something in it.
    """
    above, name = _parent(path)
    try:
        draft = _unused()
        os.mkdir(draft, 0o700, dir_fd=above)
        inside = folder(draft, above=above)
        try:
            for file, data in files.items():
                fd = os.open(file, _NEW, 0o600, dir_fd=inside)
                try:
                    write_all(fd, data)
                    os.fsync(fd)
                finally:
                    os.close(fd)
            try:
                os.rename(draft, name, src_dir_fd=above, dst_dir_fd=above)
            except OSError as error:
                if error.errno == errno.ENOTEMPTY:  # the same as EEXIST, by another name
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
                raise
        except BaseException:
            for file in files:
                with contextlib.suppress(OSError):
                    os.unlink(file, dir_fd=inside)
            with contextlib.suppress(OSError):
                os.rmdir(draft, dir_fd=above)
            raise
        finally:
            os.close(inside)
    finally:
        os.close(above)


def _parent(path: str) -> tuple[int, str]:
    """The open directory that `path` is to be made in, and its name there."""
    above, name = os.path.split(path.rstrip("/"))
    if name in ("", ".", ".."):
        raise OSError(errno.EINVAL, "this names no file", path)
    return _walked(os.path.join(os.getcwd(), above), frozenset({0, os.geteuid()})), name


@contextlib.contextmanager
def _draft(above: int) -> Iterator[tuple[str, int]]:
    """A new file that is gone again unless it was renamed."""
    name = _unused()
    fd = os.open(name, _NEW, 0o600, dir_fd=above)
    try:
        yield name, fd
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=above)
        raise
    finally:
        os.close(fd)


_DRAFT = ".maildoctor-"


def _unused() -> str:
    return f"{_DRAFT}{os.urandom(8).hex()}"


def _mode_of(name: str, above: int, path: str, mode: int) -> int:
    try:
        found = os.stat(name, dir_fd=above, follow_symlinks=False)
    except FileNotFoundError:
        return mode
    ours = regular(path, found).st_uid in (0, os.geteuid())
    return found.st_mode & _KEPT_MODE if ours else mode


def write_all(fd: int, data: bytes) -> None:
    """Write it to what is open, a pipe too. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


# ---- what is changed, and put back


class State(NamedTuple):
    """What stands at a path. `kind`: `file`, `folder`, `link`, `other` (a device, a FIFO, a socket), or `nothing`; then
    all else is empty. Times in nanoseconds; `data`: a file's bytes, or where a link points."""

    kind: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    accessed: int = 0
    modified: int = 0
    xattrs: tuple[tuple[str, bytes], ...] = ()
    data: bytes = b""
    names: int = 0
    device: int = 0

    def same(self, other: "State") -> bool:
        """Whether it is the same but for the time of the last look, and how many names it has. A directory is the same
        whatever was made in it meanwhile, a socket or a device whenever it was last used."""
        return self._bare() == other._bare()

    @property
    def is_socket(self) -> bool:
        """Whether it is a socket, which the program that listens there makes anew whenever it starts."""
        return stat.S_ISSOCK(self.mode)

    def _bare(self) -> "State":
        modified = 0 if self.kind in ("folder", "other") else self.modified
        return self._replace(accessed=0, names=0, modified=modified)


def state(path: str, loose: frozenset[str] = frozenset()) -> State:
    """What stands at `path`, a link there not followed. Every directory above it must be safe from others, but for
    those in `loose`, which are to be fixed. Raises OSError, `Unsafe` where others could put something else there.

    A system account may own a directory on the way: on Debian smmta has /etc/mail, and as sendmail's TrustedUser
    decides what root's daemon does (conf.c, safefile.c of sendmail).
    """
    with _kept_from_others(path, loose) as (above, name):
        return _state(above, name, path)


def put_back(path: str, before: State, loose: frozenset[str] = frozenset()) -> None:
    """Make `path` what it was. A file gets its old bytes in one move: a reader sees the one or the other. What is as it
    was is not touched, for it may be immutable, or on a file system that is only for reading. Raises OSError."""
    with _kept_from_others(path, loose) as (above, name):
        now = _to_be_replaced(above, name, path, before)
        if now.same(before) or (before.is_socket and not now.is_socket):
            return
        kinds = stat.S_IFMT(now.mode), stat.S_IFMT(before.mode)
        if kinds[0] != kinds[1] or (now.data, now.device) != (before.data, before.device):
            _replaced(above, name, before, now)
        elif now.kind == "folder":
            before = before._replace(accessed=now.accessed, modified=now.modified)
        if before.kind not in ("nothing", "link"):
            fd = os.open(name, _FOUND | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
            try:
                _dress(f"/proc/self/fd/{fd}" if _HAS_PATH else fd, before)
            finally:
                os.close(fd)
        _settle(above)


def keep_attributes(path: str, before: State, loose: frozenset[str] = frozenset()) -> None:
    """Give a file the extended attributes that it had, where a program put a new file in its place without them: the
    label of SELinux, an ACL. `loose` as for `state`. Raises OSError."""
    if not before.xattrs or before.kind != "file":
        return
    with _kept_from_others(path, loose) as (above, name):
        try:
            fd = os.open(name, _READ | os.O_NOFOLLOW, dir_fd=above)
        except FileNotFoundError:
            return
        try:
            if stat.S_ISREG(os.fstat(fd).st_mode):
                has = os.listxattr(fd)
                for attribute, value in before.xattrs:
                    if attribute not in has:
                        os.setxattr(fd, attribute, value)
        finally:
            os.close(fd)


def _to_be_replaced(above: int, name: str, path: str, before: State) -> State:
    """What stands there now; of a file that is too large to be read, that it is another than before."""
    try:
        return _state(above, name, path)
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        return before._replace(kind="file", mode=stat.S_IFREG, data=before.data + b".")


def _settle(above: int) -> None:
    """What was made and renamed in a directory outlives a power failure from now on."""
    os.fsync(fd := os.open(".", _READ | os.O_DIRECTORY, dir_fd=above))
    os.close(fd)


def settle(path: str) -> None:
    """What was made and renamed in a directory of ours is on the disk. Raises OSError."""
    fd = folder(path)
    try:
        _settle(fd)
    finally:
        os.close(fd)


def set_times(path: str, accessed: int, modified: int, loose: frozenset[str] = frozenset()) -> None:
    """Give a directory its old times, in nanoseconds: what was put back in it is a change of it too. `loose` as for
    `state`. Raises OSError."""
    with _kept_from_others(path, loose) as (above, name):
        if os.stat(name, dir_fd=above, follow_symlinks=False).st_mtime_ns != modified:
            os.utime(name, ns=(accessed, modified), dir_fd=above, follow_symlinks=False)


def clear_drafts(path: str) -> None:
    """Drafts of ours that a kill left in a directory go. Raises OSError."""
    fd = folder(path, listed=True)
    try:
        for name in os.listdir(fd):
            if name.startswith(_DRAFT) and len(name) == len(_unused()):
                found = os.stat(name, dir_fd=fd, follow_symlinks=False)
                if found.st_uid == os.geteuid() and stat.S_ISREG(found.st_mode):
                    os.unlink(name, dir_fd=fd)
                elif found.st_uid == os.geteuid() and stat.S_ISDIR(found.st_mode):
                    _remove_folder(name, fd)
    finally:
        os.close(fd)


def _remove_folder(name: str, above: int) -> None:
    """A directory of ours with nothing but files in it."""
    inside = folder(name, above=above)
    try:
        fd = os.open(".", _READ | os.O_DIRECTORY, dir_fd=inside)
        try:
            for file in os.listdir(fd):
                os.unlink(file, dir_fd=fd)
        finally:
            os.close(fd)
    finally:
        os.close(inside)
    os.rmdir(name, dir_fd=above)


def private_folder(path: str, loose: frozenset[str] = frozenset()) -> None:
    """A directory of ours for nobody else, made where it is not there; `loose` as for `state`. Raises OSError, `Unsafe`
    where it is another's or others may read it."""
    with _kept_from_others(path, loose) as (above, name):
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=above)
            _settle(above)
        _ours_alone(os.stat(name, dir_fd=above, follow_symlinks=False), path)


def of_ours(path: str) -> None:
    """Raises OSError, `Unsafe` where a directory is not for us alone, so that others could have written what is in
    it."""
    _ours_alone(os.lstat(path), path)


def _ours_alone(found: os.stat_result, path: str) -> None:
    if not stat.S_ISDIR(found.st_mode):
        raise NotRegular(errno.ENOTDIR, f"not a directory but {kind_of(found.st_mode)}", path)
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise Unsafe(errno.EPERM, "it is not ours alone", path)


@contextlib.contextmanager
def locked(path: str) -> Iterator[int | None]:
    """A directory of ours is held by one process at a time, and by those that it hands the descriptor on to: None where
    others hold it. Raises OSError."""
    import fcntl

    fd = os.open(path, _READ | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _kept_from_others(path: str, loose: frozenset[str]) -> Iterator[tuple[int, str]]:
    """The open directory that holds `path`, and its name there; nobody but root and us can change the way to it."""
    folder_path, name = os.path.split(os.path.normpath(path))
    name = name or "."
    if not path.startswith("/") or name == "..":
        raise OSError(errno.EINVAL, "this names no file", path)
    owners = frozenset({0, os.geteuid()})

    def judge(found: os.stat_result, where: str, _: bool) -> None:
        if where in loose:
            return
        if found.st_uid > _LAST_SYSTEM_ACCOUNT:
            _owned(found, where, owners)
        if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            raise Unsafe(errno.EPERM, "others can write it", where)

    above = _walked(folder_path, owners, judge)
    try:
        yield above, name
    finally:
        os.close(above)


def _state(above: int, name: str, path: str) -> State:
    try:
        found = os.stat(name, dir_fd=above, follow_symlinks=False)
    except FileNotFoundError:
        return State("nothing")
    data, device = b"", 0
    xattrs: tuple[tuple[str, bytes], ...] = ()
    if stat.S_ISLNK(found.st_mode):
        kind, data = "link", os.fsencode(os.readlink(name, dir_fd=above))
    elif stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
        kind = "folder" if stat.S_ISDIR(found.st_mode) else "file"
        flags = os.O_DIRECTORY if kind == "folder" else 0
        fd = os.open(name, _READ | flags | os.O_NOFOLLOW, dir_fd=above)
        try:
            found, xattrs = os.fstat(fd), _xattrs(fd)
            data = b"" if kind == "folder" else _whole(fd, path, LIMIT)
        finally:
            os.close(fd)
    else:
        kind, device = "other", found.st_rdev
    return State(
        kind, found.st_mode, found.st_uid, found.st_gid, found.st_atime_ns, found.st_mtime_ns, xattrs, data,
        found.st_nlink, device,
    )  # fmt: skip


def _xattrs(fd: int) -> tuple[tuple[str, bytes], ...]:
    """With them the ACL (`system.posix_acl_access`) and the label of SELinux. Other systems than Linux: none."""
    if not hasattr(os, "listxattr"):
        return ()
    try:
        return tuple((name, os.getxattr(fd, name)) for name in sorted(os.listxattr(fd)))
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return ()
        raise


def _replaced(above: int, name: str, before: State, now: State) -> None:
    """Another kind of thing, or other bytes, under a name."""
    if before.kind == "folder" or now.kind == "folder":
        if now.kind != "nothing":
            (os.rmdir if now.kind == "folder" else os.unlink)(name, dir_fd=above)
        if before.kind == "folder":
            os.mkdir(name, 0o700, dir_fd=above)
            return
        now = State("nothing")
    if before.kind == "nothing":
        if now.kind != "nothing":
            os.unlink(name, dir_fd=above)
        return
    if before.kind == "file":
        try:
            _in_one_move(above, name, before)
        except OSError as error:
            if now.kind != "file" or error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            # what a failed step left there may be what fills the disk; the old bytes are kept elsewhere
            fd = os.open(name, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
            os.close(fd)
            _in_one_move(above, name, before)
        return
    draft = _unused()
    if before.kind == "link":
        os.symlink(os.fsdecode(before.data), draft, dir_fd=above)
        os.chown(draft, before.uid, before.gid, dir_fd=above, follow_symlinks=False)
        os.utime(draft, ns=(before.accessed, before.modified), dir_fd=above, follow_symlinks=False)
    else:
        os.mknod(draft, before.mode, before.device, dir_fd=above)
    os.replace(draft, name, src_dir_fd=above, dst_dir_fd=above)


def _in_one_move(above: int, name: str, before: State) -> None:
    with _draft(above) as (draft, fd):
        write_all(fd, before.data)
        _dress(fd, before)
        os.fsync(fd)
        os.replace(draft, name, src_dir_fd=above, dst_dir_fd=above)


def _dress(place: int | str, before: State) -> None:
    """Owner, mode, attributes and times as they were; the owner first, for that takes set-id bits away."""
    found = os.stat(place)
    if (found.st_uid, found.st_gid) != (before.uid, before.gid):
        os.chown(place, before.uid, before.gid)
    if stat.S_IMODE(os.stat(place).st_mode) != stat.S_IMODE(before.mode):
        os.chmod(place, stat.S_IMODE(before.mode))
    if hasattr(os, "listxattr") and before.kind in ("file", "folder"):
        wanted = dict(before.xattrs)
        for one in os.listxattr(place):
            if one not in wanted:
                os.removexattr(place, one)
            elif os.getxattr(place, one) == wanted[one]:
                del wanted[one]
        for one, value in wanted.items():
            os.setxattr(place, one, value)
    os.utime(place, ns=(before.accessed, before.modified))


# ---- code that is to be run


class Trusted:
    """A file or directory that nobody can change but root, ourselves and those in `owners`, nor put another in its
    place: that holds for it, for every directory above it and for every link on the way. Judged on the descriptors by
    which it is then read. `with` closes it. Raises OSError, `Unsafe` where it is not so.
    """

    def __init__(self, path: str, owners: frozenset[int] = frozenset()) -> None:
        self.path = path
        self._owners = owners | {0, os.geteuid()}
        self._fd = _walked(os.path.join(os.getcwd(), path), self._owners, self._judge)

    def __enter__(self) -> "Trusted":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def names(self) -> list[str]:
        """The names in the directory that this is."""
        fd = os.open(".", _READ | os.O_DIRECTORY, dir_fd=self._fd)
        try:
            return sorted(os.listdir(fd))
        finally:
            os.close(fd)

    def read(self, name: str, limit: int = LIMIT) -> bytes:
        """A file in the directory that this is. A link there is not followed."""
        where = os.path.join(self.path, name)
        fd = _open_regular(name, where, self._fd, os.O_NOFOLLOW)
        try:
            self._judge(os.fstat(fd), where)
            return _whole(fd, where, limit)
        finally:
            os.close(fd)

    def _judge(self, found: os.stat_result, where: str, last: bool = True) -> None:
        """In a directory with the sticky bit others can make files, but not put them in the place of what is there; so
        it will do on the way, not at the end."""
        _owned(found, where, self._owners)
        sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX and not last
        if found.st_mode & 0o022 and not sticky:
            raise Unsafe(errno.EPERM, "others can write it", where)


def _walked(path: str, owners: frozenset[int], judge: Callable[[os.stat_result, str, bool], None] | None = None) -> int:
    """A descriptor of what is at the end of a whole path. A link on the way must belong to one of `owners`; `judge` is
    told of every directory, and of what is at the end. The open ones above lie on a stack, so `..` is what we came
    from. Raises OSError."""
    left, links = [p for p in reversed(path.split("/")) if p], 0
    stack = [os.open("/", _FOLDER)]
    walked = [""]
    try:
        if judge is not None:
            judge(os.fstat(stack[0]), "/", not left)
        while left:
            name = left.pop()
            if name == ".":
                continue
            if name == "..":
                if len(stack) > 1:
                    os.close(stack.pop())
                    walked.pop()
                continue
            where = "/".join([*walked, name])
            found = os.stat(name, dir_fd=stack[-1], follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                links += 1
                if links > LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = _owned_link(name, stack[-1], where, owners)
                if target.startswith("/"):
                    while len(stack) > 1:
                        os.close(stack.pop())
                        walked.pop()
                left.extend(p for p in reversed(target.split("/")) if p)
                continue
            kind = os.O_DIRECTORY if left or stat.S_ISDIR(found.st_mode) else 0
            stack.append(os.open(name, _FOUND | kind | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=stack[-1]))
            walked.append(name)
            if judge is not None:
                judge(os.fstat(stack[-1]), where, not left)
        return os.dup(stack[-1])
    finally:
        for fd in stack:
            os.close(fd)


def _owned_link(name: str, above: int, where: str, owners: frozenset[int]) -> str:
    """Where a link points, if one of `owners` made it; a link has no mode, so its owner alone could change it."""
    if not _HAS_PATH:
        _owned(os.stat(name, dir_fd=above, follow_symlinks=False), where, owners)
        return os.readlink(name, dir_fd=above)
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        _owned(os.fstat(fd), where, owners)
        return os.readlink("", dir_fd=fd)
    finally:
        os.close(fd)


def _owned(found: os.stat_result, where: str, owners: frozenset[int]) -> None:
    if found.st_uid not in owners:
        raise Unsafe(errno.EPERM, "another user owns it", where)


# ---- programs


def program(name: str) -> str | None:
    """Where the program `name` lies by PATH, None where there is none that is safe to run: what others can change, and
    what PATH does not give a whole path of, is passed over."""
    for place in os.environ.get("PATH", _USUAL_PATH).split(":"):
        path = f"{place}/{name}"
        if place.startswith("/") and is_file(path) and os.access(path, os.X_OK):
            with contextlib.suppress(OSError), Trusted(path):
                return path
    return None

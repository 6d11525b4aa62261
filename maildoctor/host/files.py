"""Files of a target by absolute path, read-only: this machine's own, or those below a root that is never left.

Nothing here follows a link out of the root, waits on a FIFO or a device, or reads more than `LIMIT` bytes.
"""

import errno
import os
import stat
from collections.abc import Callable
from typing import Protocol

LIMIT = 256 * 1024 * 1024
"""Bytes read of one file at most; larger ones are refused. A sasldb of a million users has some 200 MB."""

LINKS = 40
"""Symbolic links followed in one path at most, as the Linux kernel does (path_resolution(7))."""


class FileView(Protocol):
    """Files of a target by absolute path. All raise OSError; a link never leads out of the target."""

    def lstat(self, path: str) -> os.stat_result:
        """What `path` itself is, a last link not followed."""
        ...

    def stat(self, path: str) -> os.stat_result:
        """What `path` leads to."""
        ...

    def readlink(self, path: str) -> str:
        """Where the link `path` points, as it stands in the link."""
        ...

    def listdir(self, path: str) -> list[str]:
        """The names in a folder."""
        ...

    def statvfs(self, path: str) -> os.statvfs_result:
        """The file system that `path` lies on."""
        ...

    def getxattr(self, path: str, name: str) -> bytes:
        """One extended attribute."""
        ...

    def read(self, path: str, limit: int = LIMIT) -> bytes:
        """The whole of a regular file, or its first `limit` bytes; EFBIG beyond `LIMIT`."""
        ...

    def tail(self, path: str, length: int) -> bytes:
        """The last `length` bytes of a regular file, a line end before them where it is shorter."""
        ...

    def resolve(self, path: str) -> str:
        """The path with every link in it followed; what is not there stays as it is."""
        ...


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


class Files:
    """Files as the target sees them. `root` is a folder of this machine; `/` is this machine itself."""

    def __init__(self, root: str = "/") -> None:
        # not realpath(): /proc/N/root says that it is a link to `/`, and leads elsewhere
        self.root = os.path.abspath(root)
        prefix = "" if self.root == "/" else self.root
        self._links = Links(lambda path: os.readlink(prefix + path))

    def lstat(self, path: str) -> os.stat_result:
        """What `path` itself is, a last link not followed. Raises OSError."""
        return os.lstat(self._here(path, follow=False))

    def stat(self, path: str) -> os.stat_result:
        """What `path` leads to. Raises OSError."""
        return os.lstat(self._here(path, follow=True))

    def readlink(self, path: str) -> str:
        """Where the link `path` points, as it stands in the link. Raises OSError."""
        return os.readlink(self._here(path, follow=False))

    def listdir(self, path: str) -> list[str]:
        """The names in a folder. Raises OSError."""
        return os.listdir(self._here(path, follow=True))

    def statvfs(self, path: str) -> os.statvfs_result:
        """The file system that `path` lies on. Raises OSError."""
        return os.statvfs(self._here(path, follow=True))

    def getxattr(self, path: str, name: str) -> bytes:
        """One extended attribute. Raises OSError."""
        return os.getxattr(self._here(path, follow=False), name, follow_symlinks=False)

    def read(self, path: str, limit: int = LIMIT) -> bytes:
        """The whole of a regular file, or its first `limit` bytes. Raises OSError; EFBIG beyond `LIMIT`."""
        here = self._here(path, follow=True)
        regular(path, os.lstat(here))  # before it is opened: opening a device or a FIFO can do things
        fd = os.open(here, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = regular(path, os.fstat(fd))
            if limit >= LIMIT and status.st_size > LIMIT:
                raise OSError(errno.EFBIG, "larger than can be read safely", path)
            with os.fdopen(fd, "rb", closefd=False) as file:
                return file.read(limit)
        finally:
            os.close(fd)

    def tail(self, path: str, length: int) -> bytes:
        """The last `length` bytes of a regular file, a line end before them where it is shorter. Raises OSError."""
        here = self._here(path, follow=True)
        regular(path, os.lstat(here))
        fd = os.open(here, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            size = regular(path, os.fstat(fd)).st_size
            data = os.pread(fd, length, max(0, size - length))
        finally:
            os.close(fd)
        return data if size > length else b"\n" + data

    def _here(self, path: str, *, follow: bool) -> str:
        """The path on this machine. Links are resolved by hand below a root, so that none leads out of it."""
        if self.root != "/":
            return self.root + self._links.entry(path, follow=follow)
        if "\0" in path:
            raise OSError(errno.EINVAL, "no path has a NUL in it", path)
        return self.resolve(path) if follow else path

    def resolve(self, path: str) -> str:
        """The path with every link in it followed, as the target sees it; what is not there stays as it is. Raises
        OSError where links go round."""
        return self._links.resolve(path)


def regular(path: str, status: os.stat_result) -> os.stat_result:
    """The status, of a regular file. Raises OSError for any other kind."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, f"not a regular file but {kind_of(status.st_mode)}", path)
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

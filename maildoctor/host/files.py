"""Files of a target by absolute path, read-only: this machine's own, or those below a root that is never left.

Nothing here follows a link out of the root, waits on a FIFO or a device, or reads more than `LIMIT` bytes.
"""

import errno
import os
import stat

LIMIT = 256 * 1024 * 1024
"""Bytes read of one file at most; larger ones are refused. A sasldb of a million users has some 200 MB."""

LINKS = 40
"""Symbolic links followed in one path at most, as the Linux kernel does (path_resolution(7))."""


class Files:
    """Files as the target sees them. `root` is a folder of this machine; `/` is this machine itself."""

    def __init__(self, root: str = "/") -> None:
        # not realpath(): /proc/N/root says that it is a link to `/`, and leads elsewhere
        self.root = os.path.abspath(root)
        self._real: dict[str, str] = {}

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
        _regular(path, os.lstat(here))  # before it is opened: opening a device or a FIFO can do things
        fd = os.open(here, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = _regular(path, os.fstat(fd))
            if limit >= LIMIT and status.st_size > LIMIT:
                raise OSError(errno.EFBIG, "larger than can be read safely", path)
            with os.fdopen(fd, "rb", closefd=False) as file:
                return file.read(limit)
        finally:
            os.close(fd)

    def tail(self, path: str, length: int) -> bytes:
        """The last `length` bytes of a regular file, a line end before them where it is shorter. Raises OSError."""
        here = self._here(path, follow=True)
        _regular(path, os.lstat(here))
        fd = os.open(here, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            size = _regular(path, os.fstat(fd)).st_size
            data = os.pread(fd, length, max(0, size - length))
        finally:
            os.close(fd)
        return data if size > length else b"\n" + data

    def _here(self, path: str, *, follow: bool) -> str:
        """The path on this machine. Links are resolved by hand below a root, so that none leads out of it."""
        if "\0" in path:
            raise OSError(errno.EINVAL, "no path has a NUL in it", path)
        if self.root == "/":
            return self.resolve(path) if follow else path
        head, tail = os.path.split(path.rstrip("/") or "/")
        real = self.resolve(path) if follow or tail in (".", "..") else os.path.join(self.resolve(head), tail)
        return self.root + real

    def resolve(self, path: str) -> str:
        """The path with every link in it followed, as the target sees it; what is not there stays as it is. Raises
        OSError where links go round."""
        known = self._real.get(path)
        if known is not None:
            return known
        left, real, links = [p for p in reversed(path.split("/")) if p], "", 0
        prefix = "" if self.root == "/" else self.root
        while left:
            name = left.pop()
            if name in (".", ""):
                continue
            if name == "..":
                real = real.rpartition("/")[0]
                continue
            try:
                target = os.readlink(f"{prefix}{real}/{name}")
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


def _regular(path: str, status: os.stat_result) -> os.stat_result:
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

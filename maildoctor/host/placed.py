"""Files of a target with others in the place of some: a configuration as it would stand if it were installed."""

import errno
import os
import posixpath
import stat
import time
from collections.abc import Mapping

from maildoctor.filesystem import LIMIT, FileView

_NEW_FILE = stat.S_IFREG | 0o644
_NEW_FOLDER = stat.S_IFDIR | 0o755


class Placed:
    """`below` with these files in place of what is there, and without those whose bytes are None. What is placed has
    the owner, the mode and the ACL of what it stands for, as a copy over it would; where nothing is there it is root's,
    mode 0644. It is of the moment. A `FileView`: all raise OSError."""

    def __init__(self, below: FileView, files: Mapping[str, bytes | None]) -> None:
        """`files` by absolute path; where a link leads from there, what it leads to is replaced."""
        self._below = below
        self._files = {below.resolve(path): data for path, data in files.items()}
        self._now = time.time_ns()
        self._was_read: set[str] = set()
        self._folders = {
            above
            for path, data in self._files.items()
            if data is not None
            for above in _above(path)
            if not self._is_there(above)
        }

    def lstat(self, path: str) -> os.stat_result:
        """What `path` itself is, a last link not followed."""
        place = self._place(path)
        return self._status(place) if self._is_ours(place) else self._below.lstat(path)

    def stat(self, path: str) -> os.stat_result:
        """What `path` leads to."""
        real = self._below.resolve(path)
        return self._status(real) if self._is_ours(real) else self._below.stat(path)

    def readlink(self, path: str) -> str:
        """Where the link `path` points."""
        if self._is_ours(self._place(path)):
            raise OSError(errno.EINVAL, "not a symbolic link", path)
        return self._below.readlink(path)

    def listdir(self, path: str) -> list[str]:
        """The names in a folder."""
        real = self._below.resolve(path)
        names = set() if real in self._folders else set(self._below.listdir(path))
        for place in (*self._files, *self._folders):
            folder, name = posixpath.split(place)
            if folder == real:
                (names.discard if self._files.get(place, b"") is None else names.add)(name)
        return list(names)

    def statvfs(self, path: str) -> os.statvfs_result:
        """The file system that `path` lies on."""
        return self._below.statvfs(path)

    def getxattr(self, path: str, name: str) -> bytes:
        """One extended attribute: that of what is replaced."""
        return self._below.getxattr(path, name)

    def read(self, path: str, limit: int = LIMIT) -> bytes:
        """The whole of a regular file, or its first `limit` bytes; EFBIG beyond `LIMIT`."""
        real = self._below.resolve(path)
        if not self._is_ours(real):
            return self._below.read(path, limit)
        data = self._data(real, path)
        self._was_read.add(real)
        return data[:limit]

    def was_read(self, path: str) -> bool:
        """Whether anybody has read what was placed there."""
        return self._below.resolve(path) in self._was_read

    def tail(self, path: str, length: int) -> bytes:
        """The last `length` bytes of a regular file, a line end before them where it is shorter."""
        real = self._below.resolve(path)
        if not self._is_ours(real):
            return self._below.tail(path, length)
        data = self._data(real, path)
        return data[-length:] if len(data) > length else b"\n" + data

    def resolve(self, path: str) -> str:
        """The path with every link in it followed; what is not there stays as it is."""
        return self._below.resolve(path)

    def _place(self, path: str) -> str:
        """Where `path` itself is, its last part not followed."""
        folder, name = posixpath.split(path.rstrip("/"))
        return posixpath.join(self._below.resolve(folder or "/"), name)

    def _is_ours(self, real: str) -> bool:
        return real in self._files or real in self._folders

    def _is_there(self, path: str) -> bool:
        try:
            self._below.lstat(path)
        except OSError:
            return False
        return True

    def _data(self, real: str, path: str) -> bytes:
        data = self._files.get(real, b"")
        if data is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if real in self._folders:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        return data

    def _status(self, real: str) -> os.stat_result:
        if real in self._folders:
            mode, owner, size = _NEW_FOLDER, (0, 0), 0
        else:
            size = len(self._data(real, real))
            mode, owner = _NEW_FILE, (0, 0)
            if self._is_there(real) and stat.S_ISREG((found := self._below.lstat(real)).st_mode):
                mode, owner = found.st_mode, (found.st_uid, found.st_gid)
        seconds = self._now // 1_000_000_000
        fields = (mode, 0, 0, 1, *owner, size, seconds, seconds, seconds)
        return os.stat_result(fields, {"st_mtime_ns": self._now, "st_ctime_ns": self._now})


def _above(path: str) -> list[str]:
    """The folders above a path, the lowest first."""
    folders = []
    while (path := posixpath.dirname(path)) != "/":
        folders.append(path)
    return folders

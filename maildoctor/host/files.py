"""What a target of files can be asked, wherever they lie: on a disk (`maildoctor.filesystem.Tree`) or in an archive."""

import os
from typing import Protocol

from maildoctor.filesystem import LIMIT


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

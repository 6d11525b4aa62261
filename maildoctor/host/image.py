"""A target in an archive: a container image, or a root file system as tar. It is read where it lies, never unpacked."""

import errno
import os
import re
import stat
from collections.abc import Callable

from maildoctor.filesystem import LIMIT, Links, kind_of, regular
from maildoctor.host import Answer, HostError, NoAnswer, Verb
from maildoctor.host.rooted import Rooted
from maildoctor.image import BadImage
from maildoctor.image.archive import open_image
from maildoctor.image.tree import Node, Tree, data_of

_ACL = re.compile(r"(user|group|mask|other):([^:\s]*):([r-][w-][x-])(?::\d+)?")
_NO_ATTRIBUTE = errno.ENODATA
_PLAIN_ACL = 3


class Image(Rooted):
    """The files of an image. What only a running system can tell is `unavailable`. Raises HostError."""

    def __init__(self, path: str, tag: str | None = None) -> None:
        try:
            image = open_image(path, tag, os.uname().machine)
        except BadImage as error:
            raise HostError(error.what, error.where, error.remedy) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no path has a NUL in it"
            raise HostError(f"it cannot be read: {reason}", path, "look whether it is there, and may be read") from None
        self._tree = TreeFiles(image.tree)
        self._start = image.start
        self._open(self._tree)
        file = os.path.basename(os.path.abspath(path))
        name = image.name if ":" in image.name else " ".join(filter(None, (file, image.name)))
        self.name = f"{name} ({image.platform})" if image.platform else name

    def _verbs(self) -> dict[Verb, Callable[[str], Answer]]:
        return {**super()._verbs(), "start": self._tell_start}

    def _tell_changed(self, path: str) -> Answer:
        return NoAnswer("unavailable", f"an archive does not say when {path} was changed")

    def _tell_start(self, _: str) -> Answer:
        return self._start or NoAnswer("absent", "the archive does not say what is started")

    def _tell_acl(self, path: str) -> Answer:
        text = self._tree.acl_text(path)
        if not text:
            return super()._tell_acl(path)
        users, groups = self._names()
        lines = []
        for tag, who, bits in text:
            names = users if tag == "user" else groups
            lines.append(f"{tag}:{names.get(int(who), who) if who.isdecimal() else who}:{bits}")
        return "\n".join(lines)


class TreeFiles:
    """The files of a merged tree, as a `FileView`."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._links = Links(self._link)

    def lstat(self, path: str) -> os.stat_result:
        """What `path` itself is, a last link not followed. Raises OSError."""
        return _status(self._node(path, follow=False))

    def stat(self, path: str) -> os.stat_result:
        """What `path` leads to. Raises OSError."""
        return _status(self._node(path, follow=True))

    def readlink(self, path: str) -> str:
        """Where the link `path` points, as it stands in the link. Raises OSError."""
        return _target(self._node(path, follow=False), path)

    def listdir(self, path: str) -> list[str]:
        """The names in a folder. Raises OSError."""
        children = self._node(path, follow=True).children
        if children is None:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return list(children)

    def statvfs(self, path: str) -> os.statvfs_result:
        """An archive has no free space."""
        raise OSError(errno.ENOTSUP, "an archive is no file system", path)

    def getxattr(self, path: str, name: str) -> bytes:
        """The access ACL, as the kernel keeps it or as text; no other attribute is known. Raises OSError."""
        acl = self._node(path, follow=False).entry.acl
        if name != "system.posix_acl_access" or not acl or (isinstance(acl, str) and not self.acl_text(path)):
            raise OSError(_NO_ATTRIBUTE, os.strerror(_NO_ATTRIBUTE), path)
        return acl.encode() if isinstance(acl, str) else acl

    def acl_text(self, path: str) -> list[tuple[str, str, str]]:
        """The entries of an ACL that the archive keeps as text: tag, user or group, permissions. None for an ACL that
        says no more than the mode."""
        acl = self._node(path, follow=False).entry.acl
        found = [_ACL.fullmatch(line.strip()) for line in re.split(r"[,\n]", acl)] if isinstance(acl, str) else []
        lines = [(line[1], line[2], line[3]) for line in found if line]
        return lines if len(lines) > _PLAIN_ACL else []

    def read(self, path: str, limit: int = LIMIT) -> bytes:
        """The whole of a regular file, or its first `limit` bytes. Raises OSError; EFBIG beyond `LIMIT`."""
        node = self._regular(path)
        if limit >= LIMIT and node.entry.size > LIMIT:
            raise OSError(errno.EFBIG, "larger than can be read safely", path)
        return data_of(node).read(0, limit)

    def tail(self, path: str, length: int) -> bytes:
        """The last `length` bytes of a regular file, a line end before them where it is shorter. Raises OSError."""
        span = data_of(self._regular(path))
        data = span.read(max(0, span.size - length), length)
        return data if span.size > length else b"\n" + data

    def resolve(self, path: str) -> str:
        """The path with every link in it followed; what is not there stays as it is. Raises OSError where links go
        round."""
        return self._links.resolve(path)

    def _node(self, path: str, *, follow: bool) -> Node:
        return self._tree.find(self._links.entry(path, follow=follow))

    def _regular(self, path: str) -> Node:
        node = self._node(path, follow=True)
        regular(path, _status(node))
        return node

    def _link(self, path: str) -> str:
        return _target(self._tree.find(path), path)


def _target(node: Node, path: str) -> str:
    if not stat.S_ISLNK(node.entry.mode):
        raise OSError(errno.EINVAL, f"not a symbolic link but {kind_of(node.entry.mode)}", path)
    return node.entry.link


def _status(node: Node) -> os.stat_result:
    """A directory has the names of its own, `.`, and `..` in each of its folders, as on most file systems."""
    entry, names = node.entry, node.names
    if node.children is not None:
        names = 2 + sum(child.children is not None for child in node.children.values())
    seconds = entry.mtime_ns // 1_000_000_000
    fields = (entry.mode, 0, 0, names, entry.uid, entry.gid, entry.size, seconds, seconds, seconds)
    return os.stat_result(fields, {"st_mtime_ns": entry.mtime_ns})

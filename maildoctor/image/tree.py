"""The tree of files that an image holds, and how a layer changes it (OCI image-spec, layer.md).

    a file or link      replaces what stood there, a directory with all in it too
    a directory         updates one that stands there and keeps what is in it, replaces all else
    .wh.NAME            NAME of the layers below is gone
    .wh..wh..opq        all that the layers below have in this directory is gone

Whiteouts touch the layers below only, wherever they stand in their own layer. A link to a directory is followed by
later entries of the same layer, as tar does it; an entry of a later layer makes a directory of it, as overlayfs does.
"""

import errno
import os
import stat
from collections.abc import Iterable
from typing import Self

from maildoctor.image.span import Span
from maildoctor.image.tar import Entry, Room

_LINKS = 40
"""Links followed for one entry, as the Linux kernel does (path_resolution(7))."""

_WHITEOUT, _OPAQUE, _AUFS = ".wh.", ".wh..wh..opq", ".wh..wh."

_IMPLIED = Entry("", stat.S_IFDIR | 0o755)
"""A directory that no entry names but that others lie in."""


class Node:
    """One file of the tree; a hard link is the same node under another name. `names`: how many it has."""

    __slots__ = ("children", "entry", "layer", "names")

    def __init__(self, entry: Entry, layer: int) -> None:
        self.entry, self.layer, self.names = entry, layer, 0
        self.children: dict[str, Self] | None = {} if stat.S_ISDIR(entry.mode) else None


class Tree:
    """The files of an image by absolute path. Links are not followed here."""

    def __init__(self) -> None:
        self.root = Node(_IMPLIED, 0)
        self._layers = 0

    def find(self, path: str) -> Node:
        """What stands at `path`, which has no link in it. Raises FileNotFoundError and NotADirectoryError."""
        node = self.root
        for name in path.split("/"):
            if name:
                if node.children is None:
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
                if name not in node.children:
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
                node = node.children[name]
        return node

    def apply(self, layer: Iterable[Entry], room: Room, where: str, *, whiteouts: bool = True) -> None:
        """Lay one more layer over it. `whiteouts`: whether names that begin with `.wh.` delete, as they do in a layer
        and not in an archive of files. Raises BadImage for a layer that asks for too much."""
        self._layers += 1
        entries = list(layer)
        if whiteouts:
            for entry in entries:
                self._white_out(entry.name, room, where)
        for entry in entries:
            parts = _parts(entry.name)
            if parts is None or (whiteouts and _is_sign(parts)):
                continue
            self._add(parts, entry, room, where)

    def count_names(self) -> None:
        """Count the names of every file, once all layers are there."""
        waiting = [self.root]
        for folder in waiting:
            for node in (folder.children or {}).values():
                node.names += 1
                if node.children is not None:
                    waiting.append(node)

    def _white_out(self, name: str, room: Room, where: str) -> None:
        if _WHITEOUT not in name:
            return
        parts = _parts(name)
        if not parts or not parts[-1].startswith(_WHITEOUT):
            return
        room.take(where, steps=len(parts))
        folder = self.root
        for part in parts[:-1]:
            below = (folder.children or {}).get(part)
            if below is None:
                return
            folder = below
        if folder.children is not None:
            if parts[-1] == _OPAQUE:
                folder.children.clear()
            elif not parts[-1].startswith(_AUFS):
                folder.children.pop(parts[-1].removeprefix(_WHITEOUT), None)

    def _add(self, parts: list[str], entry: Entry, room: Room, where: str) -> None:
        if not parts:
            if stat.S_ISDIR(entry.mode):
                self.root.entry = entry
            return
        folder, name = self._folder(parts[:-1], room, where), parts[-1]
        if folder is None or folder.children is None:
            return
        there = folder.children.get(name)
        if not stat.S_IFMT(entry.mode):
            self._link(folder.children, name, entry, room, where)
        elif there is not None and there.children is not None and stat.S_ISDIR(entry.mode):
            there.entry, there.layer = entry, self._layers
        else:
            folder.children[name] = Node(entry, self._layers)

    def _link(self, children: dict[str, Node], name: str, entry: Entry, room: Room, where: str) -> None:
        """A hard link, whose header speaks for the file that it links to. One that leads nowhere is no file that is
        not there, but one that cannot be read."""
        parts = _parts(entry.link)
        folder = self._folder(parts[:-1], room, where, make=False) if parts else None
        target = folder.children.get(parts[-1]) if parts and folder and folder.children is not None else None
        if target is None or target.children is not None:
            lost = entry._replace(mode=stat.S_IFREG | entry.mode, damage="it is a hard link to no file of the image")
            children[name] = Node(lost, self._layers)
            return
        old = target.entry
        mode = old.mode if stat.S_ISLNK(old.mode) else stat.S_IFMT(old.mode) | entry.mode
        target.entry = old._replace(
            mode=mode, uid=entry.uid, gid=entry.gid, mtime_ns=entry.mtime_ns, acl=entry.acl or old.acl
        )
        children[name] = target

    def _folder(self, parts: list[str], room: Room, where: str, *, make: bool = True) -> Node | None:
        """The directory of these names. `make`: make what is missing or no directory. None where links go round."""
        way, left, links = [self.root], parts[::-1], 0
        room.take(where, steps=len(left))
        while left:
            name = left.pop()
            if name in ("", ".", ".."):
                way = way[:-1] if name == ".." and len(way) > 1 else way
                continue
            children = way[-1].children
            assert children is not None, "only directories are on the way"
            node = children.get(name)
            if node is not None and stat.S_ISLNK(node.entry.mode) and node.layer == self._layers:
                links += 1
                if links > _LINKS:
                    return None
                if node.entry.link.startswith("/"):
                    way = [self.root]
                further = node.entry.link.split("/")
                room.take(where, steps=len(further))
                left.extend(reversed(further))
                continue
            if node is None or node.children is None:
                if not make:
                    return None
                room.take(where, entries=1)
                node = children[name] = Node(_IMPLIED, self._layers)
            way.append(node)
        return way[-1]


def _parts(name: str) -> list[str] | None:
    """The names that a path is made of, none for the root itself. None for a path that leads out of the image."""
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return parts


def _is_sign(parts: list[str]) -> bool:
    """Whether this is no file but tells of others: a whiteout, or what aufs kept for itself."""
    return bool(parts) and (parts[-1].startswith(_WHITEOUT) or any(part.startswith(_AUFS) for part in parts))


def data_of(node: Node) -> Span:
    """The bytes of a regular file. Raises OSError for one that is there and cannot be read."""
    if node.entry.data is None:
        raise OSError(errno.EIO, node.entry.damage or "not a regular file")
    return node.entry.data

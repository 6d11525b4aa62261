"""Which layers make an image, by the tables of its archive.

manifest.json                    docker save, podman save (moby image/spec/v1.2, "Combined Image JSON")
oci-layout, index.json, blobs/   OCI archives and directories (OCI image-spec: image-layout.md, image-index.md)
etc/ or usr/                     no image at all but a root file system, as docker export and podman export write it
"""

import hashlib
import json
import os
import posixpath
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from maildoctor import filesystem
from maildoctor.image import BadImage
from maildoctor.image.packing import Memory
from maildoctor.image.span import Handle, Span
from maildoctor.image.tar import Room, entries
from maildoctor.image.tree import Tree, data_of

TABLE = 4 << 20
"""Bytes of one manifest, index or configuration (the OCI distribution-spec asks registries for as much)."""

LAYERS = 500
"""Layers of one image; overlayfs can stack as many."""

_MANIFESTS, _NESTED = 1000, 4
"""Entries of all indexes together, and indexes within one another."""

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
"""Annotations that name an image, the full name first."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

_MACHINES = {
    "x86_64": ("amd64", ""), "aarch64": ("arm64", ""), "armv7l": ("arm", "v7"), "armv6l": ("arm", "v6"),
    "i686": ("386", ""), "i386": ("386", ""), "ppc64le": ("ppc64le", ""), "s390x": ("s390x", ""),
    "riscv64": ("riscv64", ""), "loongarch64": ("loong64", ""),
}  # fmt: skip
"""What this machine calls itself (uname -m), and what image indexes call it (Go's GOARCH and GOARM)."""


@dataclass(frozen=True, slots=True)
class Image:
    """The files of one image. `name`: its tag, empty where it has none; `platform`: as `linux/arm64`, where the archive
    holds the image for several; `start`: how a container is started from it, see `_start`."""

    tree: Tree
    name: str
    platform: str
    start: str = ""


@dataclass(frozen=True, slots=True)
class _Layer:
    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class _Choice:
    """One image that could be taken: for one platform, by one manifest."""

    names: tuple[str, ...]
    platform: str
    manifest: str


class _Store(Protocol):
    """Where the tables and layers lie."""

    def open(self, path: str) -> Span | None:
        """The bytes of a file in it, None where there is no such file. Raises OSError."""
        ...


def open_image(path: str, tag: str | None, machine: str) -> Image:
    """The image in the archive or OCI directory `path`; `tag` tells which, where it holds several; `machine` (uname -m)
    for which platform, if it can be had. Raises BadImage, and OSError where `path` itself cannot be read."""
    if filesystem.is_folder(path):
        return _image(_Folder(path), tag, machine, path, Memory(), Room())
    try:
        handle = Handle(filesystem.opened(path))
    except filesystem.NotRegular:
        raise BadImage("this is no regular file", path, "write the archive to a file") from None
    memory, room, outer = Memory(), Room(), Tree()
    try:
        span = memory.plain(Span(handle, 0, os.fstat(handle.fd).st_size), path)
        outer.apply(entries(span, room, path), room, path, whiteouts=False)
    except OSError as error:
        raise BadImage(f"it cannot be read: {error.strerror}", path) from None
    if outer.root.children and outer.root.children.keys() & {"etc", "usr"}:
        outer.count_names()
        return Image(outer, "", "")
    return _image(_Archive(outer), tag, machine, path, memory, room)


def _image(store: _Store, tag: str | None, machine: str, path: str, memory: Memory, room: Room) -> Image:
    tables = _Tables(store, path)
    if store.open("manifest.json") is not None:
        choice, layers, start = _docker(tables, tag)
    elif store.open("index.json") is not None:
        choice, layers, start = _oci(tables, tag, machine)
    else:
        what = "this is neither a container image nor a root file system"
        raise BadImage(what, path, "give what podman save, docker save or docker export wrote; a directory to --root")
    if len(layers) > LAYERS:
        raise BadImage(f"the image has {len(layers)} layers, more than {LAYERS}", path)
    tree, plain = Tree(), dict[_Layer, Span]()
    for number, layer in enumerate(layers, 1):
        where = f"{path}, layer {number} of {len(layers)}"
        try:
            if layer not in plain:
                plain[layer] = memory.plain(tables.layer(layer, where), where, layer.digest)
            tree.apply(entries(plain[layer], room, where), room, where)
        except OSError as error:
            raise BadImage(f"it cannot be read: {error.strerror}", where) from None
    tree.count_names()
    return Image(tree, choice.names[0] if choice.names else "", choice.platform, start)


# ---- where tables and layers lie


class _Archive:
    """The files of an outer archive. Its links are followed: podman stores each layer once and links to it."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def open(self, path: str) -> Span | None:
        for _ in range(4):
            path = posixpath.normpath("/" + path)
            try:
                node = self._tree.find(path)
            except (FileNotFoundError, NotADirectoryError):
                return None
            if not stat.S_ISLNK(node.entry.mode):
                return data_of(node)
            path = posixpath.join(posixpath.dirname(path), node.entry.link)
        return None


class _Folder:
    """An OCI layout on a disk. No link in it is followed: it would lead out."""

    def __init__(self, path: str) -> None:
        self._path = path

    def open(self, path: str) -> Span | None:
        parts = posixpath.normpath("/" + path).split("/")[1:]
        folder = Handle(filesystem.folder(self._path))
        try:
            for part in parts[:-1]:
                folder = Handle(filesystem.folder(part, above=folder.fd))
            handle = Handle(filesystem.opened_in(folder.fd, parts[-1]))
        except (FileNotFoundError, filesystem.NotRegular):
            return None
        return Span(handle, 0, os.fstat(handle.fd).st_size)


class _Tables:
    """The JSON of an archive, each value of the kind it has to be. Raises BadImage."""

    def __init__(self, store: _Store, path: str) -> None:
        self._store, self.path = store, path

    def read(self, name: str, digest: str = "") -> Any:
        """What a table holds."""
        where = f"{self.path}, {name}"
        data = self.bytes(name, digest)
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise BadImage("it is no JSON", where) from None

    def bytes(self, name: str, digest: str = "") -> bytes:
        """The text of a table, held against its digest."""
        where = f"{self.path}, {name}"
        try:
            span = self._store.open(name)
            if span is None:
                raise BadImage("it is missing in the archive", where)
            if span.size > TABLE:
                raise BadImage(f"it is larger than {TABLE >> 20} MiB", where)
            data = span.read(0, TABLE)
        except OSError as error:
            raise BadImage(f"it cannot be read: {error.strerror}", where) from None
        if digest and hashlib.new(digest.partition(":")[0], data).hexdigest() != digest.partition(":")[2]:
            raise BadImage("it is not what was packed: its digest is another one", where)
        return data

    def layer(self, layer: _Layer, where: str) -> Span:
        """The bytes of a layer, packed or not. Raises OSError too."""
        span = self._store.open(layer.path)
        if span is None:
            raise BadImage(f"{layer.path} is missing in the archive", where)
        return span

    def holds(self, name: str) -> bool:
        """Whether there is such a file."""
        try:
            return self._store.open(name) is not None
        except OSError:
            return True

    def bad(self, name: str, what: str) -> BadImage:
        """That a table is not as it has to be."""
        return BadImage(f"it is not as it has to be: {what}", f"{self.path}, {name}")


def _blob(tables: _Tables, digest: object, table: str) -> _Layer:
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise tables.bad(table, "a digest is none")
    return _Layer("blobs/" + digest.replace(":", "/"), digest)


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


# ---- manifest.json


def _docker(tables: _Tables, tag: str | None) -> tuple[_Choice, list[_Layer], str]:
    rows = list(_dicts(tables.read("manifest.json")))
    if not rows or len(rows) > _MANIFESTS:
        raise tables.bad("manifest.json", "no image is in it, or too many")
    choices = [_Choice(tuple(_strings(row.get("RepoTags"))), "", str(row.get("Config"))) for row in rows]
    choice = _chosen(choices, tag, tables.path)[0]
    start = ""
    if (found := re.search(r"([0-9a-f]{64})(?:\.json)?$", choice.manifest)) and tables.holds(choice.manifest):
        start = _start(tables.bytes(choice.manifest, f"sha256:{found[1]}"))
    layers = rows[choices.index(choice)].get("Layers")
    if not isinstance(layers, list) or len(_strings(layers)) != len(layers):
        raise tables.bad("manifest.json", "the image has no list of layers")
    return choice, [_Layer(path, _digest_in(path)) for path in layers], start


def _digest_in(path: str) -> str:
    """docker save names layers by their digest since it writes an OCI layout too."""
    found = re.fullmatch(r"blobs/(sha256)/([0-9a-f]{64})", path)
    return f"{found[1]}:{found[2]}" if found else ""


# ---- index.json


def _oci(tables: _Tables, tag: str | None, machine: str) -> tuple[_Choice, list[_Layer], str]:
    choices = list(_choices(tables, "index.json", "", (), 0, [_MANIFESTS]))
    if not choices:
        raise tables.bad("index.json", "no image is in it")
    choice = _for_machine(_chosen(choices, tag, tables.path), machine)
    blob = _blob(tables, choice.manifest, "index.json")
    manifest = tables.read(blob.path, blob.digest)
    layers = manifest.get("layers") if isinstance(manifest, dict) else None
    if not isinstance(layers, list):
        raise tables.bad(blob.path, "the image has no list of layers")
    config, start = manifest.get("config"), ""
    if isinstance(config, dict):
        about = _blob(tables, config.get("digest"), blob.path)
        if tables.holds(about.path):
            start = _start(tables.bytes(about.path, about.digest))
    found = [_blob(tables, item.get("digest") if isinstance(item, dict) else None, blob.path) for item in layers]
    return choice, found, start


_LISTED = 1000
"""Variables and volumes of one image that are told."""

_WORD = 4096
"""Characters of one word of the command, and of a path."""


def _start(data: bytes) -> str:
    """How a container is started, by the image's configuration, in the words of a Dockerfile: ENTRYPOINT, CMD, USER,
    VOLUME, ENV (OCI image-spec: config.md). Of a variable its name is told, and its value only if it is a path, for it
    may be a password. Empty where nothing is started; what is no configuration tells nothing."""
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    config = whole.get("config") if isinstance(whole, dict) else None
    if not isinstance(config, dict):
        return ""
    lines = [
        f"{name} {json.dumps([word[:_WORD] for word in words[:_LISTED]])}"
        for name, key in (("ENTRYPOINT", "Entrypoint"), ("CMD", "Cmd"))
        if (words := _strings(config.get(key)))
    ]
    user, volumes = config.get("User"), config.get("Volumes")
    if isinstance(user, str) and user:
        lines.append(f"USER {user[:_WORD]}")
    if isinstance(volumes, dict) and volumes:
        lines.append(f"VOLUME {json.dumps([volume[:_WORD] for volume in list(volumes)[:_LISTED]])}")
    for row in _strings(config.get("Env"))[:_LISTED]:
        name, _, value = row.partition("=")
        if re.fullmatch(r"\w{1,200}", name):
            lines.append(f"ENV {name}={value}" if re.fullmatch(r"/[\w./-]{1,400}", value) else f"ENV {name}")
    return "\n".join(line.replace("\n", " ") for line in lines)


def _choices(
    tables: _Tables, path: str, digest: str, names: tuple[str, ...], depth: int, room: list[int]
) -> Iterator[_Choice]:
    """The images of an index and of the indexes within. A name of the outer one is a name of all within."""
    index = tables.read(path, digest)
    for item in _dicts(index.get("manifests") if isinstance(index, dict) else None):
        room[0] -= 1
        if room[0] < 0 or depth > _NESTED:
            raise tables.bad(path, f"more than {_MANIFESTS} images, or indexes too deep in one another")
        notes: dict[str, object] = item["annotations"] if isinstance(item.get("annotations"), dict) else {}
        platform = _platform(item.get("platform"))
        if "vnd.docker.reference.type" in notes or platform == "unknown/unknown":
            continue  # it says how another image was built
        blob = _blob(tables, item.get("digest"), path)
        own = tuple(dict.fromkeys(str(notes[key]) for key in _NAMES if key in notes))
        if "index" in str(item.get("mediaType")) or "manifest.list" in str(item.get("mediaType")):
            yield from _choices(tables, blob.path, blob.digest, names or own, depth + 1, room)
        elif depth == 0 or tables.holds(blob.path):  # often only one platform of an index was pulled
            yield _Choice(names or own, platform, blob.digest)


def _platform(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    return "/".join(str(value[key]) for key in ("os", "architecture", "variant") if value.get(key))


def _for_machine(choices: list[_Choice], machine: str) -> _Choice:
    """That of this machine, else the first. Its platform is told only where there was a choice."""
    if len(choices) == 1:
        return _Choice(choices[0].names, "", choices[0].manifest)
    architecture, variant = _MACHINES.get(machine, (machine, ""))
    fitting = [choice for choice in choices if choice.platform.split("/")[:2] == ["linux", architecture]]
    exact = [choice for choice in fitting if choice.platform.split("/")[2:] == [variant]]
    return (exact or fitting or choices)[0]


# ---- which of several


def _chosen(choices: list[_Choice], tag: str | None, path: str) -> list[_Choice]:
    """Those of one image, one for each platform. Raises BadImage where it is not clear which image is wanted."""
    images: dict[tuple[str, ...], list[_Choice]] = {}
    for choice in choices:
        images.setdefault(choice.names or (() if choice.platform else (_short(choice),)), []).append(choice)
    if tag is not None:
        found = [key for key in images if tag in key] or [
            key for key in images if any(name.endswith((f"/{tag}", f":{tag}")) for name in key)
        ]
    else:
        found = list(images)
    if len({tuple(choice.manifest for choice in images[key]) for key in found}) == 1:
        return images[found[0]]
    known = sorted(name for key in images for name in key or ("(without a name)",))
    what = "it holds several images" if tag is None else f"no single image in it is called {tag}"
    reported = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    raise BadImage(what, path, f"choose one by --tag: {reported}")


def _short(choice: _Choice) -> str:
    """What an image without a name is called: the beginning of its digest."""
    found = re.search(r"[0-9a-f]{12}", choice.manifest)
    return found[0] if found else choice.manifest[:12]

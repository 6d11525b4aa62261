"""Makes small archives of images, healthy and hostile, for tests on machines without docker or podman."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a tar archive."""

    name: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: float = 1_700_000_000
    link: str = ""
    pax: Mapping[str, str] = field(default_factory=dict)

    def header(self) -> tarfile.TarInfo:
        """As tarfile writes it."""
        info = tarfile.TarInfo(self.name)
        info.type, info.mode, info.uid, info.gid = self.kind, self.mode, self.uid, self.gid
        info.mtime, info.linkname, info.size = self.mtime, self.link, len(self.data)
        info.pax_headers = dict(self.pax)
        return info


def folder(name: str, mode: int = 0o755) -> Item:
    """A directory."""
    return Item(name, kind=tarfile.DIRTYPE, mode=mode)


def link(name: str, target: str) -> Item:
    """A symbolic link."""
    return Item(name, kind=tarfile.SYMTYPE, mode=0o777, link=target)


def hard(name: str, target: str, mode: int = 0o644) -> Item:
    """A hard link."""
    return Item(name, kind=tarfile.LNKTYPE, mode=mode, link=target)


def tar(*items: Item, format: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format, errors="surrogateescape") as archive:
        for item in items:
            archive.addfile(item.header(), io.BytesIO(item.data))
    return out.getvalue()


def files(table: Mapping[str, bytes]) -> bytes:
    """A tar archive of plain files."""
    return tar(*(Item(name, data) for name, data in table.items()))


def docker_save(images: Mapping[str, Sequence[bytes]], start: Mapping[str, object] | None = None) -> dict[str, bytes]:
    """The files of `docker save`, first layout: a layer is a file of its own, named in manifest.json. `start`: how a
    container is started from each, as image configurations say it (`Entrypoint`, `Cmd`, `Env`, `Volumes`)."""
    table: dict[str, bytes] = {}
    rows = []
    for tag, layers in images.items():
        names = [f"{hashlib.sha256(layer).hexdigest()}/layer.tar" for layer in layers]
        config = json.dumps({"of": tag} | ({"config": start} if start else {})).encode()
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        table |= dict(zip(names, layers, strict=True)) | {name: config}
        rows.append({"Config": name, "RepoTags": [tag] if tag else None, "Layers": names})
    return table | {"manifest.json": json.dumps(rows).encode()}


def oci(images: Mapping[str, Sequence[bytes]]) -> dict[str, bytes]:
    """The files of an OCI layout."""
    table: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
    rows = [
        oci_manifest(table, layers, annotations={"org.opencontainers.image.ref.name": tag} if tag else {})
        for tag, layers in images.items()
    ]
    return table | {"index.json": json.dumps({"schemaVersion": 2, "manifests": rows}).encode()}


def oci_manifest(table: dict[str, bytes], layers: Sequence[bytes], **more: object) -> dict[str, object]:
    """Put one image into `table`; its descriptor."""
    manifest = {
        "schemaVersion": 2,
        "config": blob(table, json.dumps(more).encode()),
        "layers": [blob(table, layer) for layer in layers],
    }
    return oci_index_entry(table, manifest, "manifest") | more


def oci_index_entry(table: dict[str, bytes], value: object, kind: str) -> dict[str, object]:
    """Put a manifest or an index into `table`; its descriptor."""
    return blob(table, json.dumps(value).encode()) | {"mediaType": f"application/vnd.oci.image.{kind}.v1+json"}


def blob(table: dict[str, bytes], data: bytes) -> dict[str, object]:
    """Put bytes into `table`; their descriptor."""
    digest = hashlib.sha256(data).hexdigest()
    table[f"blobs/sha256/{digest}"] = data
    return {"digest": f"sha256:{digest}", "size": len(data)}


def lay_out(table: Mapping[str, bytes], where: Path) -> Path:
    """The files as files, as in an OCI directory."""
    for name, data in table.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_bytes(data)
    return where

"""Images in archives: every layout gives the same files, layers mean what they mean, nothing hostile gets through."""

import contextlib
import io
import json
import os
import shutil
import stat
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.__main__ import main
from maildoctor.filesystem import LIMIT
from maildoctor.host import Answer, HostError, NoAnswer
from maildoctor.host.image import Image, TreeFiles
from maildoctor.host.rooted import Rooted
from maildoctor.image import BadImage, packing, tar
from maildoctor.image.archive import open_image
from maildoctor.image.packing import Memory
from maildoctor.image.span import Handle, Span
from maildoctor.image.tar import Room, entries
from maildoctor.image.tree import Tree
from tests import image_maker as make
from tests.image_maker import PACKINGS, Item, folder, hard, link

BASE_ITEMS = (
    folder("etc"),
    folder("etc/mail", 0o2775),
    Item("etc/mail/sendmail.cf", b"V10\n", uid=0, gid=25, mode=0o640),
    Item("etc/passwd", b"root:x:0:0::/root:/bin/sh\nsmmsp:x:25:25::/:/bin/false\n"),
    Item("etc/group", b"root:x:0:\nsmmsp:x:25:\n"),
    link("lib", "usr/lib"),
    Item("usr/lib/sasl2/libplain.so", b"plain"),
    Item("usr/lib/sasl2/libcrammd5.so", b"cram"),
)
BASE = make.tar(*BASE_ITEMS)
UPPER = make.tar(Item("usr/lib/sasl2/.wh.libplain.so"), Item("etc/mail/sendmail.cf", b"V10/Berkeley\n", mode=0o644))


Layout = Callable[[Mapping[str, Sequence[bytes]]], dict[str, bytes]]


def said(answer: Answer) -> str:
    assert isinstance(answer, str), answer
    return answer


def image(where: Path, data: bytes, tag: str | None = None) -> Image:
    path = where / "image.tar"
    path.write_bytes(data)
    return Image(str(path), tag)


def rejected(where: Path, data: bytes, tag: str | None = None) -> HostError:
    with pytest.raises(HostError) as error:
        image(where, data, tag)
    assert error.value.what and "image.tar" in error.value.where and error.value.remedy
    return error.value


def layered(*layers: bytes) -> TreeFiles:
    """The tree of these layers, each a tar archive."""
    tree, room = Tree(), Room()
    for number, data in enumerate(layers):
        where = f"layer {number}"
        tree.apply(entries(Memory().plain(span_of(data), where), room, where), room, where)
    tree.count_names()
    return TreeFiles(tree)


def span_of(data: bytes) -> Span:
    fd = os.memfd_create("test")
    os.write(fd, data)
    return Span(Handle(fd), 0, len(data))


def everything(files: TreeFiles, path: str = "") -> Iterator[tuple[str, os.stat_result]]:
    for name in files.listdir(path or "/"):
        status = files.lstat(f"{path}/{name}")
        yield f"{path}/{name}", status
        if stat.S_ISDIR(status.st_mode):
            yield from everything(files, f"{path}/{name}")


# ---- layouts


@pytest.mark.parametrize("outer", PACKINGS)
@pytest.mark.parametrize("inner", PACKINGS)
@pytest.mark.parametrize("layout", [make.docker_save, make.oci])
def test_every_layout_and_packing_gives_the_same_files(layout: Layout, inner: str, outer: str, tmp_path: Path) -> None:
    table = layout({"example.com/mail:1": [PACKINGS[inner](BASE), PACKINGS[inner](UPPER)]})
    host = image(tmp_path, PACKINGS[outer](make.files(table)))
    assert host.name == "example.com/mail:1"
    assert host.kind == "root"
    assert host.ask("list", "/usr/lib/sasl2") == "libcrammd5.so"
    assert host.ask("real", "/lib/sasl2/libcrammd5.so") == "/usr/lib/sasl2/libcrammd5.so"
    assert host.ask("read", "/etc/mail/sendmail.cf") == "V10/Berkeley\n"
    assert (
        said(host.ask("look", "/etc/mail")) == "drwxrwsr-x 2 root root 0 2023-11-14 22:13:20.000000000 +0000 /etc/mail"
    )


def test_zstd_layers(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    table = make.oci({"": [zstandard.ZstdCompressor().compress(BASE)]})
    assert image(tmp_path, make.files(table)).ask("read", "/etc/mail/sendmail.cf") == "V10\n"


def test_zstd_without_a_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_module", lambda name: None)
    error = rejected(tmp_path, b"\x28\xb5\x2f\xfd" + bytes(100))
    assert "zstd" in error.what and "zstandard" in error.remedy


def test_gzip_without_an_accelerator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_module", lambda name: None)
    half = len(BASE) // 2
    joined = PACKINGS["gzip"](BASE[:half]) + PACKINGS["gzip"](BASE[half:])
    assert image(tmp_path, joined).ask("read", "/etc/mail/sendmail.cf") == "V10\n"


@pytest.mark.parametrize("packed", ["gzip", "xz", "bzip2"])
def test_packed_pieces_joined_are_one(packed: str, tmp_path: Path) -> None:
    pieces = [PACKINGS[packed](BASE[at : at + 700]) for at in range(0, len(BASE), 700)]
    assert image(tmp_path, b"".join(pieces)).ask("read", "/etc/mail/sendmail.cf") == "V10\n"


def test_an_oci_directory(tmp_path: Path) -> None:
    where = make.lay_out(make.oci({"v1": [BASE, UPPER]}), tmp_path / "layout")
    host = Image(str(where))
    assert (host.name, host.ask("list", "/usr/lib/sasl2")) == ("layout v1", "libcrammd5.so")


def test_an_oci_directory_does_not_lead_out_by_links(tmp_path: Path) -> None:
    where = make.lay_out(make.oci({"v1": [BASE]}), tmp_path / "layout")
    blobs = where / "blobs/sha256"
    for blob in list(blobs.iterdir()):
        if blob.read_bytes() == BASE:
            shutil.move(blob, tmp_path / "outside")
            blob.symlink_to(tmp_path / "outside")
    with pytest.raises(HostError, match="cannot be read"):
        Image(str(where))


def test_an_oci_directory_whose_blobs_are_elsewhere_is_not_followed(tmp_path: Path) -> None:
    where = make.lay_out(make.oci({"v1": [BASE]}), tmp_path / "layout")
    shutil.move(where / "blobs", tmp_path / "outside")
    (where / "blobs").symlink_to(tmp_path / "outside")
    with pytest.raises(HostError):
        Image(str(where))


def test_the_links_between_layers_that_podman_writes(tmp_path: Path) -> None:
    items = [
        Item("real.tar", BASE),
        link("abc/layer.tar", "../real.tar"),
        Item("manifest.json", json.dumps([{"Config": "x", "RepoTags": ["a:1"], "Layers": ["abc/layer.tar"]}]).encode()),
    ]
    assert image(tmp_path, make.tar(*items)).ask("read", "/etc/mail/sendmail.cf") == "V10\n"


def test_docker_save_with_an_oci_layout_too(tmp_path: Path) -> None:
    table = make.oci({"": [BASE]})
    layer = next(name for name, data in table.items() if data == BASE)
    table["manifest.json"] = json.dumps([{"Config": "x", "RepoTags": ["a:1"], "Layers": [layer]}]).encode()
    assert image(tmp_path, make.files(table)).name == "a:1"


def test_a_root_file_system_has_no_whiteouts(tmp_path: Path) -> None:
    host = image(tmp_path, make.tar(folder("./"), folder("./etc"), Item("./etc/a"), Item("./etc/.wh.a")))
    assert (host.name, host.ask("list", "/etc")) == ("image.tar", ".wh.a\na")


# ---- the same answers as from an unpacked root


def test_it_answers_as_an_unpacked_root_does(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc/mail/deep/er").mkdir(parents=True)
    (root / "etc/mail/access").write_text("x\n")
    (root / "etc/mail/access").chmod(0o4640)
    os.link(root / "etc/mail/access", root / "etc/other")
    (root / ("n" * 200)).write_text("long\n")
    os.mkfifo(root / "etc/fifo")
    (root / "etc/mail/große\nDatei").write_bytes(b"\xff\n")
    names = ["etc/absolute", "etc/relative", "etc/escape", "etc/loop", "etc/dangling", "etc/" + "l" * 120]
    targets = ["/etc/mail/access", "mail/deep", "../../../../etc/mail", "loop", "/nowhere/at/all", "mail/" + "./" * 90]
    for name, target in zip(names, targets, strict=True):
        (root / name).symlink_to(target)
    for there in (root, *root.rglob("*")):  # tarfile takes times for floating-point numbers
        os.utime(there, ns=(0, 1_700_000_000_250_000_000), follow_symlinks=False)
    with tarfile.open(tmp_path / "root.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(root, ".")
    gnu = tmp_path / "gnu.tar"
    with tarfile.open(gnu, "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(root, ".")
    asked = ["/", "/etc/mail/../other", "/etc/fifo/x", "/nowhere", "/etc/escape/access", "/etc/relative/er/..", "/a\0b"]
    asked += [f"/{path.relative_to(root)}" for path in root.rglob("*")]
    unpacked, packed, old = Rooted(str(root)), Image(str(tmp_path / "root.tar")), Image(str(gnu))
    for path in asked:
        for verb in ("look", "real", "list", "read", "recent"):
            wanted, got = unpacked.ask(verb, path), packed.ask(verb, path)
            if verb == "look" and isinstance(wanted, str) and wanted.startswith("d"):
                wanted, got = _no_size(wanted), _no_size(said(got))  # only a file system knows the size of a directory
            assert got == wanted
            if verb != "look":  # GNU tar's old format has whole seconds
                assert old.ask(verb, path) == wanted


def _no_size(line: str) -> str:
    words = line.split(" ")
    return " ".join([*words[:4], *words[5:]])


def test_check_finds_the_same_as_in_an_unpacked_root(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "root"
    (root / "etc/mail").mkdir(parents=True)
    (root / "etc/mail/sendmail.cf").write_text("V10/Berkeley\nO AuthMechanisms=PLAIN LOGIN\nDZ8.17.1\n")
    (root / "etc/sasldb2").write_bytes(b"\0" * 100)
    (root / "etc/sasldb2").chmod(0o666)
    with tarfile.open(tmp_path / "root.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(root, ".")
    reports = []
    for target in (["--root", str(root)], ["--image", str(tmp_path / "root.tar")]):
        main(["check", *target, "--json"])
        reports.append(json.loads(capsys.readouterr().out))
    assert reports[0]["findings"], "a sasldb that everybody may write is a finding"
    fingerprints = [[f["fingerprint"] for f in report["findings"]] for report in reports]
    assert fingerprints[0] == fingerprints[1]
    assert reports[1]["target"]["name"] == "root.tar"


def test_in_an_image_nothing_runs(tmp_path: Path) -> None:
    answer = image(tmp_path, BASE).ask("processes")
    assert isinstance(answer, NoAnswer) and answer.why == "lifeless"


# ---- layers


def test_whiteouts_delete_in_lower_layers_only() -> None:
    lower = make.tar(Item("a/old"), Item("a/both", b"old"), Item("b/x"), Item("c"))
    upper = make.tar(Item("a/both", b"new"), Item("a/.wh.both"), Item("a/.wh.old"), Item("b/y"), Item("b/.wh..wh..opq"),
                     Item(".wh.c"), Item(".wh..wh.plnk/1.2"), Item(".wh..wh.aufs"))  # fmt: skip
    files = layered(lower, upper)
    assert {path for path, _ in everything(files)} == {"/a", "/a/both", "/b", "/b/y"}
    assert files.read("/a/both") == b"new"


@pytest.mark.parametrize("name", [".wh..", ".wh...", ".wh.", "etc/.wh...", "../.wh.etc", "etc/../../.wh.etc", ".wh./x"])
def test_a_crooked_whiteout_deletes_nothing(name: str) -> None:
    files = layered(make.tar(Item("etc/passwd")), make.tar(Item(name)))
    assert files.read("/etc/passwd") == b""


def test_a_file_replaces_a_directory_and_the_reverse() -> None:
    files = layered(make.tar(Item("a/x"), Item("b")), make.tar(Item("a", b"file"), Item("b/y")))
    assert (files.read("/a"), files.listdir("/b")) == (b"file", ["y"])


def test_a_directory_that_comes_again_keeps_what_is_in_it() -> None:
    files = layered(make.tar(folder("a"), Item("a/x")), make.tar(folder("a", 0o770)))
    assert (files.listdir("/a"), stat.S_IMODE(files.lstat("/a").st_mode)) == (["x"], 0o770)


def test_directories_that_no_entry_names_are_roots_and_0755() -> None:
    status = layered(make.tar(Item("a/b/c"))).lstat("/a/b")
    assert (stat.filemode(status.st_mode), status.st_uid, status.st_gid) == ("drwxr-xr-x", 0, 0)


def test_the_root_directory_has_the_mode_of_its_entry() -> None:
    assert stat.S_IMODE(layered(make.tar(folder("./", 0o775), Item("a"))).lstat("/").st_mode) == 0o775


def test_hard_links_are_one_file_in_all_layers() -> None:
    files = layered(make.tar(Item("a", b"x"), hard("b", "a", 0o600)), make.tar(hard("d/c", "./b", 0o640)))
    assert files.read("/d/c") == b"x"
    assert {files.lstat(path).st_nlink for path in ("/a", "/b", "/d/c")} == {3}
    assert stat.S_IMODE(files.lstat("/a").st_mode) == 0o640


@pytest.mark.parametrize("target", ["nowhere", "", "../../etc/passwd", "dir", "/", "loop/x", "a/b"])
def test_a_hard_link_to_nothing_is_a_file_that_cannot_be_read(target: str) -> None:
    files = layered(make.tar(folder("dir"), link("loop", "loop"), hard("a", target)))
    assert stat.S_ISREG(files.lstat("/a").st_mode)
    with pytest.raises(OSError, match="hard link"):
        files.read("/a")


def test_an_entry_behind_a_link_of_its_own_layer_is_where_the_link_leads() -> None:
    files = layered(make.tar(link("lib", "/usr/lib"), link("out", "../../../../opt"), Item("lib/a"), Item("out/b")))
    assert {p for p, s in everything(files) if stat.S_ISREG(s.st_mode)} == {"/usr/lib/a", "/opt/b"}


def test_a_directory_of_a_later_layer_hides_a_link() -> None:
    """As in a running container: overlayfs knows no links when it stacks the layers."""
    files = layered(make.tar(Item("usr/lib/a"), link("lib", "usr/lib")), make.tar(Item("lib/b")))
    assert (files.listdir("/lib"), files.listdir("/usr/lib")) == (["b"], ["a"])


def test_the_last_of_two_entries_counts() -> None:
    assert layered(make.tar(Item("a", b"1"), Item("a", b"22"))).read("/a") == b"22"


def test_acls() -> None:
    raw = b"\2\0\0\0" + b"\1\0\6\0\xff\xff\xff\xff" + b"\2\0\4\0\x19\0\0\0"
    text = "user::rw-,user:25:r--,user:bob:rw-:1001,group::r--,mask::r--,other::---"
    items = [
        Item("etc/raw", pax={"SCHILY.xattr.system.posix_acl_access": raw.decode("utf-8", "surrogateescape")}),
        Item("etc/text", pax={"SCHILY.acl.access": text}),
        Item("etc/plain", pax={"SCHILY.acl.access": "user::rw-,group::r--,other::r--"}),
        Item("etc/none"),
    ]
    with tempfile.TemporaryDirectory() as where:
        host = image(Path(where), make.tar(*BASE_ITEMS, *items))
    answers = {name: said(host.ask("look", f"/etc/{name}")).split()[0][-1] for name in ("raw", "text", "plain", "none")}
    assert answers == {"raw": "+", "text": "+", "plain": "-", "none": "-"}
    assert host.ask("acl", "/etc/raw") == "user::rw-\nuser:smmsp:r--"
    assert said(host.ask("acl", "/etc/text")).splitlines()[1:3] == ["user:smmsp:r--", "user:bob:rw-"]


# ---- which image


def test_of_several_images_one_is_chosen_by_its_tag(tmp_path: Path) -> None:
    other = make.tar(Item("etc/other"))
    for layout in (make.docker_save, make.oci):
        data = make.files(layout({"example.com/a:1": [BASE], "example.com/b:1": [other]}))
        error = rejected(tmp_path, data)
        assert "example.com/a:1, example.com/b:1" in error.remedy and "--tag" in error.remedy
        assert "several" not in rejected(tmp_path, data, "c:1").what
        assert rejected(tmp_path, data, "1")
        assert image(tmp_path, data, "b:1").ask("list", "/etc") == "other"
        assert image(tmp_path, data, "example.com/b:1").name == "example.com/b:1"


def test_images_without_a_name_are_called_by_their_digest(tmp_path: Path) -> None:
    table: dict[str, bytes] = {}
    rows = [make.oci_manifest(table, [layer]) for layer in (BASE, make.tar(Item("etc/other")))]
    data = make.files(table | {"index.json": json.dumps({"manifests": rows}).encode()})
    name = str(rows[1]["digest"])[7:19]
    assert name in rejected(tmp_path, data).remedy
    assert image(tmp_path, data, name).ask("list", "/etc") == "other"


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    ("machine", "chosen"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("armv7l", "arm/v7"), ("vax", "arm/v6")]
)
def test_the_platform_of_this_machine_is_taken(nested: bool, machine: str, chosen: str, tmp_path: Path) -> None:
    table: dict[str, bytes] = {}
    rows = [
        make.oci_manifest(
            table,
            [make.tar(Item("etc/platform", platform.encode()))],
            platform=dict(zip(("architecture", "variant"), platform.split("/"), strict=False)) | {"os": "linux"},
        )
        for platform in ("arm/v6", "arm/v7", "arm64/v8", "amd64")
    ]
    rows.append(make.oci_manifest(table, [], annotations={"vnd.docker.reference.type": "attestation-manifest"}))
    rows.append(make.oci_manifest(table, [], platform={"os": "unknown", "architecture": "unknown"}))
    if nested:
        inner = make.oci_index_entry(table, {"manifests": rows}, "index")
        rows = [inner | {"annotations": {"io.containerd.image.name": "example.com/a:1"}}]
    path = tmp_path / "image.tar"
    path.write_bytes(make.files(table | {"index.json": json.dumps({"manifests": rows}).encode()}))
    found = open_image(str(path), None, machine)
    assert TreeFiles(found.tree).read("/etc/platform").decode().startswith(chosen)
    assert found.platform.startswith(f"linux/{chosen}")
    assert found.name == ("example.com/a:1" if nested else "")


# ---- what is broken or hostile


def test_what_is_no_image_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name in ("nowhere", "folder", "fifo", "nul\0"):
        with pytest.raises(HostError):
            Image(str(tmp_path / name))
    for data in (b"", b"text\n", bytes(10240), make.tar(Item("a")), b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0", b"PK\3\4"):
        rejected(tmp_path, data)


def test_blobs_are_held_against_their_digests(tmp_path: Path) -> None:
    table = make.oci({"a:1": [PACKINGS["gzip"](BASE)]})
    for name, data in table.items():
        if name.startswith("blobs/"):
            other = PACKINGS["gzip"](UPPER) if data.startswith(b"\x1f") else data.replace(b"{", b"{ ", 1)
            assert "another one" in rejected(tmp_path, make.files(table | {name: other})).what
            without = {key: value for key, value in table.items() if key != name}
            if b'"of"' not in data and b"annotations" not in data:
                assert "missing" in rejected(tmp_path, make.files(without)).what


def test_a_missing_layer_is_told(tmp_path: Path) -> None:
    table = {k: v for k, v in make.docker_save({"a:1": [BASE]}).items() if not k.endswith("layer.tar")}
    assert "missing" in rejected(tmp_path, make.files(table)).what


@pytest.mark.parametrize(
    "table",
    [
        b"", b"{", b"[]", b"{}", b"null", b"[null]", b"[" * 100_000, b"9" * 5000, b'[{"Layers": 1}]',
        b'[{"Layers": [1]}]',
        b'[{"Config": {}, "RepoTags": {"a": 1}, "Layers": null}]', b'[{"Layers": ["../../../etc/passwd"]}]',
        b'[{"Config": "manifest.json", "Layers": ["/etc/passwd"]}]', b"\xff\xfe", b"[{}, {}]",
        json.dumps([{"Layers": ["manifest.json"] * 501}]).encode(), json.dumps([{}] * 1001).encode(),
        b'{"manifests": 1}', b'{"manifests": [1, null, {}]}', b'{"manifests": [{"digest": "sha256:../../etc/passwd"}]}',
        b'{"manifests": [{"digest": 5, "annotations": 5, "platform": 5}]}',
        json.dumps({"manifests": [{"digest": f"sha256:{'a' * 64}", "annotations": {"x": []}}]}).encode(),
    ],
    ids=lambda table: str(table[:20]),
)  # fmt: skip
@pytest.mark.parametrize("name", ["manifest.json", "index.json"])
def test_crooked_tables(name: str, table: bytes, tmp_path: Path) -> None:
    rejected(tmp_path, make.files({name: table}))


def test_indexes_that_are_too_deep_in_one_another(tmp_path: Path) -> None:
    table: dict[str, bytes] = {}
    row = make.oci_manifest(table, [BASE])
    for _ in range(10):
        row = make.oci_index_entry(table, {"manifests": [row]}, "index")
    data = make.files(table | {"index.json": json.dumps({"manifests": [row]}).encode()})
    assert "too deep" in rejected(tmp_path, data).what


def _with_size(size: bytes) -> bytes:
    head = bytearray(make.tar(Item("etc/a", b"x"))[:512])
    head[124:136] = size
    head[148:156] = b"%06o\0 " % (sum(head) - sum(head[148:156]) + 8 * 32)
    return bytes(head) + bytes(2048)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (BASE[:700], "the archive ends in it"),
        (BASE[: 512 * 2] + b"x" * 512 + BASE[512 * 3 :], "checksum"),
        (_with_size(b"77777777777\0"), "are left in the archive"),
        (_with_size(b"\x80" + b"\xff" * 11), "are left in the archive"),
        (_with_size(b"\xff" * 12), "are left in the archive"),
        (_with_size(b"9" * 12), "a number in it is none"),
        (make.tar(Item("etc/a", kind=b"x", data=b"9999999 path=a\n")), "pax record"),
        (make.tar(Item("etc/a", kind=b"x", data=b"6 path")), "pax record"),
        (make.tar(Item("etc/a", kind=b"x", data=b"0 =")), "pax record"),
        (make.tar(Item("etc/a", kind=b"L", data=bytes(2 << 20))), "header of 2097152 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_broken_archives(data: bytes, says: str, tmp_path: Path) -> None:
    assert says in rejected(tmp_path, data).what


@pytest.mark.parametrize(
    "name",
    ["../etc/a", "x/../../etc/a", "", ".", "/", "x" * 256, "x/" * 2048 + "y", "b\0c"],
    ids=range(8),
)
def test_impossible_names_are_left_out(name: str) -> None:
    item = Item("x", pax={"path": name})
    assert {p for p, _ in everything(layered(make.tar(item, Item("a"))))} == {"/a"}


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names(format: int) -> None:
    name, target = "d" * 90 + "/" + "n" * 90, "t" * 99
    files = layered(make.tar(Item(name, b"x"), link("link", target), format=format))
    assert (files.read(f"/{name}"), files.readlink("/link")) == (b"x", target)


def test_a_file_that_is_too_large_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(_with_size(b"%011o\0" % (LIMIT + 1))[:512])
    os.truncate(tmp_path / "image.tar", LIMIT + 4096)  # a hole
    answer = Image(str(tmp_path / "image.tar")).ask("map", "plain /etc/a")
    assert isinstance(answer, NoAnswer) and "larger than can be read safely" in answer.reason


def test_impossible_links_are_left_out() -> None:
    links = [link("a", ""), link("b", "x" * 5000), Item("c", kind=tarfile.SYMTYPE, pax={"linkpath": "a\0b"})]
    assert [p for p, _ in everything(layered(make.tar(*links, link("d", "x"))))] == ["/d"]


def test_a_directory_of_unix_v7(tmp_path: Path) -> None:
    assert said(image(tmp_path, make.tar(Item("etc/", kind=b"\0", mode=0o750))).ask("look", "/etc")).startswith(
        "drwxr-x---"
    )


def test_absolute_names_are_below_the_root() -> None:
    assert layered(make.tar(Item("/etc/../etc//./a", b"x"))).read("/etc/a") == b"x"


def test_devices_and_fifos_are_never_read() -> None:
    kinds = {"c": tarfile.CHRTYPE, "b": tarfile.BLKTYPE, "p": tarfile.FIFOTYPE}
    files = layered(make.tar(*(Item(name, kind=kind) for name, kind in kinds.items()), Item("odd", kind=b"Z")))
    assert {stat.filemode(status.st_mode)[0] for _, status in everything(files)} == set(kinds)
    for name in kinds:
        with pytest.raises(OSError, match="not a regular file"):
            files.read(f"/{name}")


def test_a_sparse_file_is_there_and_cannot_be_read() -> None:
    old = bytearray(make.tar(Item("old", b"data", kind=tarfile.GNUTYPE_SPARSE))[:1024])
    old[482:495] = b"\1" + b"%011o\0" % 5000
    old[148:156] = b"%06o\0 " % (sum(old[:512]) - sum(old[148:156]) + 8 * 32)
    pax = {"GNU.sparse.major": "1", "GNU.sparse.name": "new", "GNU.sparse.realsize": "5000"}
    data = bytes(old[:512]) + bytes(512) + bytes(old[512:]) + make.tar(Item("x", b"data", pax=pax), Item("after", b"1"))
    files = layered(data)
    assert {path for path, _ in everything(files)} == {"/old", "/new", "/after"}
    for path in ("/old", "/new"):
        assert files.lstat(path).st_size == 5000
        with pytest.raises(OSError, match="sparse"):
            files.read(path)


def test_times_and_numbers_that_no_file_system_has(tmp_path: Path) -> None:
    times = ("9" * 20, "-" + "9" * 20, "1.5", "x")
    items = [Item(f"etc/{n}", pax={"mtime": text, "uid": "9" * 20}) for n, text in enumerate(times)]
    host = image(tmp_path, make.tar(*items))
    answers = [said(host.ask("look", f"/etc/{n}")).split()[5] for n in range(4)]
    assert answers == ["2514-05-30", "1901-12-13", "1970-01-01", "2023-11-14"]


@pytest.mark.slow
@pytest.mark.parametrize("packed", ["gzip", "xz", "bzip2"])
def test_a_bomb_is_refused_in_time(packed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = PACKINGS[packed](make.tar(Item("etc/zero", bytes(40 << 20))))
    monkeypatch.setattr(packing, "_MODEST", 4 << 20)
    assert "times as large" in rejected(tmp_path, bomb).what
    monkeypatch.setattr(packing, "RATIO", 1 << 20)
    monkeypatch.setattr(packing, "UNPACKED", 8 << 20)
    error = rejected(tmp_path, bomb)
    assert "8 MiB of memory" in error.what and "--root" in error.remedy


@pytest.mark.parametrize("packed", ["gzip", "xz", "bzip2"])
def test_a_million_packed_nothings_are_refused_in_time(
    packed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "_IDLE", 1 << 16)
    nothing = PACKINGS[packed](b"")
    began = time.monotonic()
    assert "nearly nothing" in rejected(tmp_path, nothing * (1 + (1 << 18) // len(nothing))).what
    assert time.monotonic() - began < 5


def test_too_many_entries_headers_or_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loops = [link("a", "./" * 500 + "b"), link("b", "./" * 500 + "a"), *(Item("a/x") for _ in range(50))]
    archives = {
        "ENTRIES": make.tar(*(Item(f"etc/{n}") for n in range(300))),
        "HEADERS": make.tar(*(Item("etc/x", pax={"comment": "x" * 5000}) for _ in range(20))),
        "STEPS": make.tar(folder("etc"), *loops),
    }
    for limit, data in archives.items():
        image(tmp_path, data)
        with monkeypatch.context() as patch:
            patch.setattr(tar, limit, {"ENTRIES": 299, "HEADERS": 100_000, "STEPS": 100_000}[limit])
            assert "more than" in rejected(tmp_path, data).what


def test_layers_together_have_one_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make.files(make.docker_save({"a:1": [BASE] * 50}))
    image(tmp_path, data)
    monkeypatch.setattr(tar, "ENTRIES", 100)
    assert "more than 100 entries" in rejected(tmp_path, data).what


def test_an_archive_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    host = image(tmp_path, BASE)
    os.truncate(tmp_path / "image.tar", 512)
    answer = host.ask("read", "/etc/mail/sendmail.cf")
    assert isinstance(answer, NoAnswer) and answer.why == "failed" and "shorter" in answer.reason


def test_nothing_is_written_to_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    before = set(os.listdir(tmp_path))
    image(tmp_path, PACKINGS["gzip"](make.files(make.oci({"a:1": [PACKINGS["xz"](BASE)]}))))
    assert set(os.listdir(tmp_path)) == before | {"image.tar"}


# ---- the command


def test_trouble_is_told_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.tar").write_bytes(make.files(make.docker_save({"a:1": [BASE], "b\x1b[2J:1": [UPPER]})))
    assert main(["check", "--image", str(tmp_path / "x.tar")]) == 2
    error = capsys.readouterr().err
    assert "what to do: choose one by --tag: a:1, b\\x1b[2J:1" in error and "\x1b" not in error
    assert main(["check", "--tag", "a:1"]) == 2
    assert "give --image FILE too" in capsys.readouterr().err


# ---- against a naive reference, and against noise

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.sampled_from(["a", "b", "/a", "../b", "a/b", "/c/a", "..", "."])
MODES = st.sampled_from([0o755, 0o750, 0o700])
ITEMS = st.one_of(
    st.builds(Item, PATHS, st.binary(max_size=3), mode=MODES),
    st.builds(folder, PATHS, MODES),
    st.builds(link, PATHS, TARGETS),
    st.builds(hard, PATHS, PATHS, MODES),
    st.builds(lambda path, name: Item(f"{path}/.wh.{name}"), PATHS, NAMES),
    st.builds(lambda name: Item(f".wh.{name}"), NAMES),
    st.builds(lambda path: Item(f"{path}/.wh..wh..opq"), PATHS),
)
LOST = b"hard link to nothing"


class Naive:
    """Layers written to a directory, one by one, in the plainest way."""

    def __init__(self, root: str) -> None:
        self.root, self.fresh = root, set[str]()

    def layer(self, items: list[Item]) -> None:
        self.fresh = set()
        for item in items:
            self.white_out(*os.path.split(item.name))
        for item in items:
            if ".wh." not in item.name:
                self.put(item)

    def white_out(self, folder: str, name: str) -> None:
        at = self.root
        for part in folder.split("/") if folder else []:
            at += f"/{part}"
            if os.path.islink(at) or not os.path.isdir(at):
                return
        if name == ".wh..wh..opq":
            for child in os.listdir(at):
                remove(f"{at}/{child}")
        elif name.startswith(".wh."):
            remove(f"{at}/{name[4:]}")

    def put(self, item: Item) -> None:
        folder, name = os.path.split(item.name)
        where = self.folder(folder, make=True)
        if where is None:
            return
        path = f"{where}/{name}"
        if item.kind == tarfile.LNKTYPE:
            self.hard_link(item, path)
            return
        if item.kind == tarfile.DIRTYPE:
            if os.path.islink(path) or not os.path.isdir(path):
                remove(path)
                os.mkdir(path)
        else:
            remove(path)
            if item.kind == tarfile.SYMTYPE:
                os.symlink(item.link, path)
                self.fresh.add(path)
                return
            Path(path).write_bytes(item.data)
        os.chmod(path, item.mode)

    def hard_link(self, item: Item, path: str) -> None:
        folder, name = os.path.split(item.link)
        where = self.folder(folder, make=False)
        source = f"{where}/{name}"
        if where is None or not os.path.lexists(source) or (os.path.isdir(source) and not os.path.islink(source)):
            remove(path)
            Path(path).write_bytes(LOST)
            os.chmod(path, item.mode)
            return
        if not os.path.lexists(path) or not os.path.samestat(os.lstat(source), os.lstat(path)):
            aside = f"{self.root}.aside"
            os.link(source, aside, follow_symlinks=False)
            if source in self.fresh:
                self.fresh.add(path)
            remove(path)
            os.rename(aside, path)
        if not os.path.islink(path):
            os.chmod(path, item.mode)

    def folder(self, path: str, *, make: bool) -> str | None:
        at, left, links = self.root, [p for p in reversed(path.split("/")) if p], 0
        while left:
            part = left.pop()
            if part in ("", "."):
                continue
            if part == "..":
                at = at if at == self.root else os.path.dirname(at)
                continue
            below = f"{at}/{part}"
            if below in self.fresh and os.path.islink(below):
                links += 1
                if links > 40:
                    return None
                target = os.readlink(below)
                at = self.root if target.startswith("/") else at
                left.extend(reversed(target.split("/")))
                continue
            if os.path.islink(below) or not os.path.isdir(below):
                if not make:
                    return None
                remove(below)
                os.mkdir(below)
                os.chmod(below, 0o755)  # noqa: S103
            at = below
        return at


def remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def on_disk(root: str) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for at, folders, names in os.walk(root):
        for name in folders + names:
            path = f"{at}/{name}"
            status = os.lstat(path)
            content = os.readlink(path) if stat.S_ISLNK(status.st_mode) else b""
            if stat.S_ISREG(status.st_mode):
                content = Path(path).read_bytes()
            found[path[len(root) :]] = shape(status, content)
    return found


def in_tree(files: TreeFiles) -> dict[str, tuple[object, ...]]:
    found = {}
    for path, status in everything(files):
        content: object = files.readlink(path) if stat.S_ISLNK(status.st_mode) else b""
        if stat.S_ISREG(status.st_mode):
            try:
                content = files.read(path)
            except OSError:
                content = LOST
        found[path] = shape(status, content)
    return found


def shape(status: os.stat_result, content: object) -> tuple[object, ...]:
    if stat.S_ISDIR(status.st_mode):
        return (oct(status.st_mode), None, content)
    return (oct(status.st_mode) if stat.S_ISREG(status.st_mode) else "link", status.st_nlink, content)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(ITEMS, max_size=12), max_size=4))
def test_layers_give_the_tree_that_a_naive_unpacking_gives(layers: list[list[Item]]) -> None:
    with tempfile.TemporaryDirectory() as where:
        naive = Naive(f"{where}/root")
        os.mkdir(naive.root)
        for items in layers:
            naive.layer(items)
        wanted = on_disk(naive.root)
    assert in_tree(layered(*(make.tar(*items) for items in layers))) == wanted


def survives(data: bytes) -> None:
    """Whatever it is: an image all of whose files can be asked for, or a clear error."""
    with tempfile.TemporaryDirectory() as where:
        try:
            host = image(Path(where), data)
        except HostError:
            return
        assert isinstance(host.files, TreeFiles)
        for path, _ in everything(host.files):
            for verb in ("look", "real", "list", "read", "acl", "recent", "sasldb", "map"):
                assert isinstance(host.ask(verb, path), str | NoAnswer)


CHANGES = st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=8)), max_size=4)
SEEDS = [
    make.files(make.docker_save({"a:1": [BASE, UPPER]})),
    make.files(make.oci({"a:1": [PACKINGS["gzip"](BASE), UPPER]})),
    make.tar(folder("etc"), Item("etc/" + "n" * 150, b"x", mtime=1.5, pax={"SCHILY.acl.access": "user::rw-"})),
    make.tar(folder("etc"), Item("etc/" + "n" * 150, b"x"), format=tarfile.GNU_FORMAT),
    PACKINGS["gzip"](BASE),
    PACKINGS["xz"](BASE),
]


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), CHANGES, st.integers(0, 3), st.booleans())
def test_mutated_archives(seed: bytes, changes: list[tuple[int, bytes]], cut: int, repair: bool) -> None:
    data = bytearray(seed)
    for at, new in changes:
        at %= len(data)
        data[at : at + len(new)] = new
        if repair:  # so that the change is seen behind a right checksum
            block = at - at % 512
            head = data[block : block + 512]
            with contextlib.suppress(IndexError):
                data[block + 148 : block + 156] = b"%06o\0 " % (sum(head) - sum(head[148:156]) + 8 * 32)
    survives(bytes(data[: len(data) * (4 - cut) // 4]))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000), st.sampled_from([b"", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"]))
def test_noise(data: bytes, magic: bytes) -> None:
    survives(magic + data)
    head = bytearray(make.tar(Item("etc/a", b"x"))[:512])
    head[: min(140, len(data))] = data[:140]
    head[148:156] = b"%06o\0 " % (sum(head) - sum(head[148:156]) + 8 * 32)
    survives(bytes(head) + data)


def test_a_layer_of_noise_raises_bad_image_only() -> None:
    with pytest.raises(BadImage), io.BytesIO(b"x" * 512) as noise:
        layered(noise.read())

"""The one place where files are opened: nothing leads out of a target, waits, or runs and writes what was not meant."""

import ast
import ctypes
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import maildoctor
from maildoctor import filesystem
from maildoctor.filesystem import NotRegular, Tree, Trusted, Unsafe

PACKAGE = Path(maildoctor.__file__).parent
OURS = [p for p in sorted(PACKAGE.rglob("*.py")) if p.parent.name != "fixtures"]

OS_CALLS = frozenset({
    "access", "chmod", "chown", "fwalk", "getxattr", "link", "listdir", "lstat", "makedirs", "mkdir", "mkfifo", "mknod",
    "open", "readlink", "remove", "removedirs", "rename", "renames", "replace", "rmdir", "scandir", "setxattr", "stat",
    "statvfs", "symlink", "truncate", "unlink", "utime", "walk",
})  # fmt: skip
PATH_CALLS = frozenset({
    "exists", "getatime", "getctime", "getmtime", "getsize", "isdir", "isfile", "islink", "ismount", "lexists",
    "realpath", "samefile",
})  # fmt: skip
MODULES = frozenset({"tempfile", "pathlib", "glob", "fileinput", "linecache", "pickle", "marshal", "shelve", "dbm"})
ALLOWED = {"cli/workers.py": frozenset({"pickle"})}
"""What a worker found comes through a pipe from a fork of ourselves; no file is ever unpickled."""
SHUTIL = frozenset({"get_terminal_size"})


def offences(source: str, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Where a module opens, lists, judges or deletes files by itself."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"line {node.lineno} imports {n}" for n in names if n.partition(".")[0] in MODULES - allowed]
            if isinstance(node, ast.ImportFrom) and node.module == "shutil":
                found += [f"line {node.lineno} imports shutil.{a.name}" for a in node.names if a.name not in SHUTIL]
            if isinstance(node, ast.ImportFrom) and node.module in ("os", "os.path", "io", "posix"):
                found += [f"line {node.lineno} imports {n}" for n in (a.name for a in node.names) if n != "StringIO"]
        if isinstance(node, ast.Name) and node.id == "open" and isinstance(node.ctx, ast.Load):
            found.append(f"line {node.lineno}: open")
        if isinstance(node, ast.Attribute):
            whole = ast.unparse(node)
            module, _, name = whole.rpartition(".")
            if (
                (module == "os" and name in OS_CALLS)
                or (module == "os.path" and name in PATH_CALLS)
                or whole in ("io.open", "io.FileIO", "codecs.open")
                or (module == "shutil" and name not in SHUTIL)
            ):
                found.append(f"line {node.lineno}: {whole}")
    return found


@pytest.mark.parametrize("path", OURS, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_are_opened_in_one_place_only(path: Path) -> None:
    if path != PACKAGE / "filesystem.py":
        allowed = ALLOWED.get(str(path.relative_to(PACKAGE)), frozenset())
        assert not (found := offences(path.read_text(encoding="utf-8"), allowed)), "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "open('/etc/passwd')", "import os\nos.unlink('x')", "import os\nf = os.listdir\nf('x')", "import tempfile",
        "from pathlib import Path", "import os\nos.path.isfile('x')", "from os import replace",
        "import io\nio.open('x')",
        "import shutil\nshutil.rmtree('x')", "from shutil import which", "import pickle",
    ],
)  # fmt: skip
def test_the_test_above_can_fail(source: str) -> None:
    assert offences(source)


# ---- what is no regular file


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    before = os.getcwd()
    os.chdir(path.parent)  # its name would be too long
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(before)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_fifo, _socket, _device, Path.mkdir])
@pytest.mark.parametrize("has_path", [True, False])
def test_what_is_no_file_is_refused_at_once(
    make: Callable[[Path], None], has_path: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystem, "_HAS_PATH", has_path)
    make(tmp_path / "it")
    began = time.monotonic()
    for read in (filesystem.read, Tree("/").read, lambda path: filesystem.tail(path, 10)):
        with pytest.raises(NotRegular, match="not a regular file but a"):
            read(str(tmp_path / "it"))
    with pytest.raises(OSError):
        filesystem.write(str(tmp_path / "it"), b"x", 0o600)
    assert time.monotonic() - began < 2


def test_a_fifo_is_not_even_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(NotRegular):
        filesystem.read(str(tmp_path / "fifo"))
    with pytest.raises(OSError):  # ENXIO: nobody has it open to read
        os.open(tmp_path / "fifo", os.O_WRONLY | os.O_NONBLOCK)


def test_a_pipe_of_the_shell_is_read(tmp_path: Path) -> None:
    code = "from maildoctor import filesystem; import sys; sys.stdout.buffer.write(filesystem.read(sys.argv[1], 100))"
    line = f"{sys.executable} -c '{code}' <(echo words)"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert done.stdout == "words\n", done.stderr


def test_more_than_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesystem, "LIMIT", 10)
    (tmp_path / "long").write_bytes(b"x" * 11)
    with pytest.raises(OSError, match="larger than can be read safely"):
        filesystem.read(str(tmp_path / "long"), 20)
    assert filesystem.read(str(tmp_path / "long"), 4) == b"xxxx"


# ---- races: whoever may change the tree never gets us out of it

RENAME_EXCHANGE = 2


@pytest.fixture
def swapped(tmp_path: Path) -> Iterator[Path]:
    """`root/inner/dir` and a link to `outside`, which take each other's place all the time; so do `root/inner/file` and
    a link to `outside/file`."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "inner/dir/sub").mkdir(parents=True)
    outside.mkdir()
    (outside / "sub").mkdir()
    for place in (root / "inner", root / "inner/dir", root / "inner/dir/sub"):
        (place / "file").write_text("inside")
    for place in (outside, outside / "sub"):
        (place / "file").write_text("outside")
        (place / "only-outside").write_text("outside")
    (root / "inner/dirlink").symlink_to(outside)
    (root / "inner/filelink").symlink_to(outside / "file")
    exchange = ctypes.CDLL(None, use_errno=True).renameat2
    ended = threading.Event()

    def flip() -> None:
        at = [os.fsencode(root / "inner" / name) for name in ("dir", "dirlink", "file", "filelink")]
        while not ended.is_set():
            exchange(-100, at[0], -100, at[1], RENAME_EXCHANGE)
            exchange(-100, at[2], -100, at[3], RENAME_EXCHANGE)

    flipper = threading.Thread(target=flip)
    flipper.start()
    yield root
    ended.set()
    flipper.join()


@pytest.mark.slow
def test_a_directory_that_becomes_a_link_leads_nowhere(swapped: Path) -> None:
    operations: dict[str, Callable[[Tree], object]] = {
        "read": lambda t: t.read("/inner/dir/file"),
        "read below": lambda t: t.read("/inner/dir/sub/file"),
        "read file": lambda t: t.read("/inner/file"),
        "tail": lambda t: t.tail("/inner/dir/file", 20).strip(),
        "list": lambda t: "only-outside" in t.listdir("/inner/dir"),
        "list below": lambda t: "only-outside" in t.listdir("/inner/dir/sub"),
        "lstat": lambda t: t.lstat("/inner/dir/only-outside"),
    }
    seen: dict[str, set[object]] = {name: set() for name in operations}
    until = time.monotonic() + 3
    while time.monotonic() < until:
        tree = Tree(str(swapped))
        for name, look in operations.items():
            try:
                seen[name].add(look(tree))
            except OSError:
                seen[name].add(None)
    assert seen.pop("lstat") == {None}
    for name in ("read", "read below", "read file", "tail"):
        assert seen[name] <= {b"inside", None} and b"inside" in seen[name], name
    assert True not in seen["list"] | seen["list below"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_code_that_a_stranger_swaps_in_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/check.py").write_text("mine")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/check.py").write_text("theirs")
    for path in (tmp_path / "theirs", tmp_path / "theirs/check.py"):
        os.chown(path, 12345, -1)
    exchange, ended = ctypes.CDLL(None, use_errno=True).renameat2, threading.Event()

    def flip() -> None:
        a, b = os.fsencode(tmp_path / "mine"), os.fsencode(tmp_path / "theirs")
        while not ended.is_set():
            exchange(-100, a, -100, b, RENAME_EXCHANGE)

    flipper = threading.Thread(target=flip)
    flipper.start()
    try:
        read = set()
        for _ in range(2000):
            try:
                with Trusted(str(tmp_path / "mine")) as trusted:
                    read.add(trusted.read("check.py"))
            except Unsafe:
                read.add(b"refused")
    finally:
        ended.set()
        flipper.join()
    assert read == {b"mine", b"refused"}


def test_a_tree_follows_links_as_its_own_root_would(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc/real").mkdir(parents=True)
    (root / "etc/real/f").write_text("here")
    (tmp_path / "f").write_text("outside")
    for name, target in {
        "abs": "/etc/real", "rel": "real", "up": "../../../../etc/real", "loop": "loop", "chain": "abs/../rel",
    }.items():  # fmt: skip
        (root / "etc" / name).symlink_to(target)
    tree = Tree(str(root))
    for name in ("abs", "rel", "up", "chain"):
        assert tree.read(f"/etc/{name}/f") == b"here", name
    assert tree.read("/../../etc/real/../abs/f") == b"here"
    with pytest.raises(OSError, match="symbolic links"):
        tree.read("/etc/loop/f")
    with pytest.raises(FileNotFoundError):
        tree.read("/etc/real/../../f")
    deep = "/".join(["d"] * 1500)
    with pytest.raises(FileNotFoundError):
        tree.read(f"/{deep}")
    with pytest.raises(OSError, match="too long"):
        tree.read("/" + deep * 2)


@pytest.mark.slow
def test_a_deep_tree_is_read_and_few_directories_stay_open(tmp_path: Path) -> None:
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(900):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=at))
    os.close(at)
    tree = Tree(str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    assert tree.read("/d" * 900 + "/f") == b""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        tree.listdir(f"/{name}")
        tree.read(f"/d/../{'d/' * 3}../d/../../..{'/d' * 900}/f")
    assert len(os.listdir("/proc/self/fd")) - before < 1000
    del tree
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)
    assert len(os.listdir("/proc/self/fd")) < before


# ---- writing


def test_a_report_never_goes_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("old")
    (tmp_path / "report").symlink_to(tmp_path / "victim")
    with pytest.raises(NotRegular):
        filesystem.write(str(tmp_path / "report"), b"new", 0o600)
    with pytest.raises(OSError):
        filesystem.append(str(tmp_path / "report"), lambda size: b"new", 0o600)
    assert (tmp_path / "victim").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["report", "victim"]


FULL_DISK = """
import sys
from maildoctor import filesystem
for work in (
    lambda: filesystem.write(sys.argv[1] + "/report", b"x" * 1000, 0o600),
    lambda: filesystem.new_folder(sys.argv[1] + "/kept", {"small": b"x", "large": b"x" * 1000}),
):
    try:
        work()
    except OSError as error:
        print(error.strerror)
"""


def test_a_full_disk_leaves_nothing_and_loses_nothing(tmp_path: Path) -> None:
    def full() -> None:
        """A disk with room for 100 bytes a file."""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    (tmp_path / "report").write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-B", "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, preexec_fn=full
    )
    assert done.stdout == 2 * "File too large\n", done.stderr
    assert os.listdir(tmp_path) == ["report"] and (tmp_path / "report").read_bytes() == b"old"


def test_a_new_directory_is_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        filesystem.new_folder(str(tmp_path / "kept"), {"a": b"1"})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "kept/a").stat().st_mode) == 0o600
    (tmp_path / "empty").mkdir()
    filesystem.new_folder(str(tmp_path / "empty"), {"a": b"1"})
    for taken in (tmp_path / "kept", tmp_path / "kept/a"):
        with pytest.raises(OSError):
            filesystem.new_folder(str(taken), {"a": b"2"})
    assert (tmp_path / "kept/a").read_bytes() == b"1"
    assert sorted(os.listdir(tmp_path)) == ["empty", "kept"]


def test_a_new_directory_does_not_take_the_place_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError):
        filesystem.new_folder(str(tmp_path / "link"), {"a": b"1"})
    assert (tmp_path / "link").is_symlink() and not os.listdir(tmp_path / "target")


# ---- programs


def test_a_program_that_others_can_change_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/zstd").write_text("#!/bin/sh\n")
    (tmp_path / "bin/zstd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    assert filesystem.program("zstd") == f"{tmp_path}/bin/zstd"
    (tmp_path / "bin").chmod(0o777)
    assert filesystem.program("zstd") is None
    (tmp_path / "bin").chmod(0o755)
    (tmp_path / "bin/zstd").chmod(0o775)
    assert filesystem.program("zstd") is None
    (tmp_path / "bin/zstd").chmod(0o755)
    monkeypatch.chdir(tmp_path / "bin")
    monkeypatch.setenv("PATH", ".::bin")
    assert filesystem.program("zstd") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_a_report_inherits_nothing_of_a_file_that_a_stranger_put_there(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    for mode, kept in ((0o6777, 0o600), (0o666, 0o600)):
        (tmp_path / "report").write_text("theirs")
        os.chown(tmp_path / "report", 12345, -1)
        (tmp_path / "report").chmod(mode)
        filesystem.write(str(tmp_path / "report"), b"ours", 0o600)
        assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == kept
        assert (tmp_path / "report").stat().st_uid == 0
    for mode, kept in ((0o640, 0o640), (0o6755, 0o644), (0o666, 0o664)):  # of our own the permissions stay
        (tmp_path / "report").chmod(mode)
        filesystem.write(str(tmp_path / "report"), b"ours", 0o600)
        assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == kept


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_a_link_of_a_stranger_leads_no_report_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/report").write_text("old")
    (tmp_path / "out").symlink_to(tmp_path / "precious")
    filesystem.write(str(tmp_path / "out/report"), b"new", 0o600)  # a link of our own is a way like any other
    os.chown(tmp_path / "out", 12345, -1, follow_symlinks=False)
    with pytest.raises(Unsafe, match="another user owns"):
        filesystem.write(str(tmp_path / "out/report"), b"newer", 0o600)
    with pytest.raises(Unsafe, match="another user owns"):
        filesystem.new_folder(str(tmp_path / "out/kept"), {"a": b""})
    assert (tmp_path / "precious/report").read_text() == "new" and os.listdir(tmp_path / "precious") == ["report"]


def test_nothing_is_appended_to_a_file_with_another_name(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("old")
    os.link(tmp_path / "theirs", tmp_path / "summary")
    with pytest.raises(OSError, match="another name"):
        filesystem.append(str(tmp_path / "summary"), lambda size: b"new", 0o600)
    assert (tmp_path / "theirs").read_text() == "old"

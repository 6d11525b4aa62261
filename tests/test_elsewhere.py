"""Logs that lie elsewhere, by address, and logs that are read by the workers of a Dask scheduler."""

import contextlib
import gzip
import json
import lzma
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maildoctor.__main__ import main
from maildoctor.cli.report_error import UsageError
from maildoctor.triage import shares
from maildoctor.triage.sources import SourceError, SourceOptions
from maildoctor.triage.sources.opening import open_sources
from maildoctor.triage.sources.remote import is_address, printable

fsspec = pytest.importorskip("fsspec")

ROOT = Path(__file__).parent.parent
LINE = "Jan 21 02:{n:02d}:07 mx sendmail[{n}]: 5AM3450j000123: AUTH failure (LOGIN): user not found (-20) SASL(-13): "
LINE += "user not found: checkpass failed, user=u{n}, relay=[192.0.2.{n}]\n"
CODE = "SASL120"


def log(first: int, after: int) -> bytes:
    return "".join(LINE.format(n=n) for n in range(first, after)).encode()


@pytest.fixture
def store() -> Iterator[Any]:
    """A store in memory: `memory://mail/NAME`."""
    system = fsspec.filesystem("memory")
    system.pipe("/mail/a.log", log(1, 10))
    system.pipe("/mail/b.log.gz", gzip.compress(log(10, 20)))
    system.pipe("/mail/c.log.xz", lzma.compress(log(20, 30)))
    yield system
    system.rm("/mail", recursive=True)


def report(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    status = main(["triage", "--json", *words])
    said = json.loads(capsys.readouterr().out)
    del said["started"], said["seconds"]
    return status, said


def on_this_machine(system: Any, folder: Path) -> list[str]:
    """The same files on this machine, in the order of their names."""
    for number, name in enumerate(sorted(system.ls("/mail", detail=False))):
        path = folder / Path(name).name
        path.write_bytes(system.cat(name))
        os.utime(path, (1e9 + number, 1e9 + number))
    return [str(path) for path in sorted(folder.iterdir())]


def test_a_pattern_gives_the_report_of_the_same_files_here(
    store: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    near = report(capsys, *on_this_machine(store, tmp_path))
    there = report(capsys, "memory://mail/*")
    assert [f["count"] for f in there[1]["findings"] if f["code"] == CODE] == [29]
    assert json.dumps(there).replace("memory:///mail", str(tmp_path)) == json.dumps(near)


@pytest.fixture
def on_a_host(store: Any) -> None:
    """The same store by `onahost://joe:PASSWORD@HOST/mail/NAME`, where the host is no part of a file's name, as with
    sftp://; a wrong password is refused."""

    class OnAHost(type(store)):  # type: ignore[misc]
        protocol = "onahost"
        cachable = False

        def __init__(self, host: str, by: str = "", **more: Any) -> None:
            super().__init__(**more)
            if by == "wrong":
                raise RuntimeError("authentication failed")

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            named = fsspec.utils.infer_storage_options(path)["path"] if "://" in path else path
            return str(named).rstrip("/")

        @staticmethod
        def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
            found = fsspec.utils.infer_storage_options(path)
            return {"host": found["host"], "by": found.get("password", "")}

    fsspec.register_implementation("onahost", OnAHost, clobber=True)


@pytest.mark.usefixtures("on_a_host")
def test_a_pattern_keeps_the_host_that_has_the_files(
    store: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    near = report(capsys, *on_this_machine(store, tmp_path))
    there = report(capsys, "onahost://joe:right@logs.example.com:22/mail/*")
    assert json.dumps(there).replace("onahost://joe:***@logs.example.com:22/mail", str(tmp_path)) == json.dumps(near)


@pytest.mark.usefixtures("on_a_host")
def test_who_lets_nobody_in_is_told_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mail.log").write_bytes(log(1, 5))
    status, said = report(capsys, "onahost://joe:wrong@logs.example.com/mail/*", str(tmp_path / "mail.log"))
    assert (status, said["log"]["lines"]) == (3, 4)
    (sentence,) = said["log"]["damage"]
    assert sentence.startswith("onahost://joe:***@logs.example.com/mail/*: cannot be opened: RuntimeError: authentic")


def test_files_on_this_machine_have_addresses_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mail.log.gz").write_bytes(gzip.compress(log(1, 5)))
    assert report(capsys, f"file://{tmp_path}/mail.log.gz")[1]["log"]["lines"] == 4


def test_one_broken_file_among_many_is_told_and_the_rest_goes_on(
    store: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = gzip.compress(log(30, 60))
    store.pipe("/mail/d.log.gz", packed[: len(packed) // 2])
    store.pipe("/mail/e.log.gz", packed[:40] + b"\0" * 40 + packed[80:])
    status, said = report(capsys, "--fail-on", "never", "memory://mail/*", "memory://nowhere/mail.log")
    assert status == 3
    damage = said["log"]["damage"]
    assert [sentence.partition(": ")[0] for sentence in damage] == [
        "memory:///mail/d.log.gz",
        "memory:///mail/e.log.gz",
        "memory://nowhere/mail.log",
    ]
    assert "ends in the middle of the gzip data" in damage[0] and "is broken" in damage[1]
    assert "there is no such file; nothing of it was read" in damage[2]
    assert next(f["count"] for f in said["findings"] if f["code"] == CODE) >= 29


def test_a_store_that_denies_or_breaks_off_is_told(
    store: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = type(store).open

    def opened(self: Any, path: str, *words: Any, **options: Any) -> Any:
        if path.endswith("b.log.gz"):
            raise PermissionError("AccessDenied")
        file = inner(self, path, *words, **options)
        if path.endswith("a.log"):
            file.truncate(400)
        return file

    monkeypatch.setattr(type(store), "open", opened)
    status, said = report(capsys, "--fail-on", "never", "memory://mail/*")
    assert status == 3
    assert said["log"]["damage"] == [
        f"memory:///mail/a.log: is truncated: it ended at byte 400 of {len(log(1, 10))}",
        "memory:///mail/b.log.gz: could not be read beyond byte 0: permission denied",
    ]

    def listed(*_: Any, **__: Any) -> Any:
        raise PermissionError("Forbidden for s3://key:secret@mail")

    monkeypatch.setattr(type(store), "glob", listed)
    status, said = report(capsys, "memory://mail/*")
    assert (status, said["verdict"]["code"]) == (3, "nothing_to_judge")
    assert said["log"]["damage"] == ["memory://mail/*: cannot be listed: permission denied; nothing of it was read"]


def test_a_large_plain_log_is_read_in_pieces_of_whole_lines(
    store: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import maildoctor.triage.sources.opening as opening

    whole = report(capsys, "memory://mail/a.log")
    monkeypatch.setattr(opening, "WORTH_CUTTING", 100)
    monkeypatch.setattr(shares, "WORTH_CUTTING", 100)
    monkeypatch.setattr(shares, "_PIECE", 150)
    (source,) = open_sources(["memory://mail/a.log"], SourceOptions())
    assert source.extent is not None and len(shares.pieces(*source.extent)) > 4
    cut = report(capsys, "memory://mail/a.log")
    for said in (whole[1], cut[1]):
        for finding in said["findings"]:
            del finding["evidence"]  # lines behind a cut have no number
    assert cut == whole


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("s3://bucket/mail-*.log", "s3://bucket/mail-*.log"),
        ("s3://AKIAABCDEFGHIJKLMNOP:s3cr3t/x@bucket/a.gz", "s3://***:***@bucket/a.gz"),
        ("sftp://root:hunter2@mx/var/log/mail.log", "sftp://root:***@mx/var/log/mail.log"),
        ("https://h/x.log?X-Amz-Signature=0123&X-Amz-Credential=AKIA", "https://h/x.log?***"),
        ("abfs://logs@account.dfs.core.windows.net/a", "abfs://logs@account.dfs.core.windows.net/a"),
        ("az://c/x?sv=2020&sig=abc%3D", "az://c/x?***"),
    ],
)
def test_credentials_in_an_address_are_never_printed(address: str, shown: str) -> None:
    assert is_address(address) and printable(address) == shown


def test_a_path_is_no_address() -> None:
    assert not any(map(is_address, ("mail.log", "/var/log/mail.log", "./s3:/x", "-", "C:/x", "a b://c")))


def test_an_address_cannot_be_followed() -> None:
    with pytest.raises(SourceError, match="cannot be followed"):
        open_sources(["memory://mail/a.log"], SourceOptions(follow=True))


def python(code: str, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MAILDOCTOR_")}
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, env=clean | environment, capture_output=True, text=True
    )


BARRED = """
import sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None
from maildoctor.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("barred", "words", "extra"),
    [
        ("fsspec", ("s3://bucket/mail.log",), "remote"),
        ("s3fs", ("s3://bucket/mail.log",), "remote"),
        ("distributed", ("--dask", "local", "README.md"), "cluster"),
    ],
)
def test_a_missing_extra_is_named_with_its_command(barred: str, words: tuple[str, ...], extra: str) -> None:
    done = python(BARRED, barred, "triage", *words)
    assert done.returncode == 2 and f"python3 -m pip install 'maildoctor[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_of_it_is_imported_for_plain_logs(tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_bytes(log(1, 5))
    code = (
        "import sys; from maildoctor.__main__ import main; main(sys.argv[1:]); "
        "print({'fsspec', 'dask', 'distributed', 'maildoctor.cli.cluster', 'maildoctor.cli.workers'}"
        " & sys.modules.keys())"
    )
    done = python(code, "triage", "-q", str(tmp_path / "mail.log"))
    assert done.stdout.splitlines()[-1] == "set()", done.stdout


# ---- Dask


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """A scheduler with two workers, processes of their own."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def logs(folder: Path, count: int) -> list[str]:
    paths = []
    for number in range(count):
        paths.append(folder / f"mail-{number:02d}.log.gz")
        paths[-1].write_bytes(gzip.compress(log(1 + number, 11 + number)))
        os.utime(paths[-1], (1e9 + number, 1e9 + number))
    return [str(path) for path in paths]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each log is a share of its own."""
    monkeypatch.setattr(shares, "_TOGETHER", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_workers_give_the_report_of_one_process(
    scheduler: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = logs(tmp_path, 70)
    (tmp_path / "mail-33.log.gz").write_bytes(b"\x1f\x8b rubbish")
    near = report(capsys, *paths)
    there = report(capsys, "--dask", scheduler.scheduler.address, *paths)
    assert there == near
    addresses = [f"file://{path}" for path in paths]
    assert report(capsys, "--dask", scheduler.scheduler.address, *addresses) == report(capsys, *addresses)


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_a_worker_that_dies_costs_nothing_and_is_told(
    scheduler: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from maildoctor.cli import cluster

    paths = logs(tmp_path, 40)
    near = report(capsys, *paths)
    killed: list[str] = []
    watched = cluster._Reading._watch

    def kill_one(self: Any, place: tuple[int, int]) -> None:
        if not killed:
            killed.append(min(scheduler.nthreads()))
            with contextlib.suppress(Exception):
                scheduler.run(os._exit, 1, workers=killed, on_error="ignore")
        watched(self, place)

    monkeypatch.setattr(cluster._Reading, "_watch", kill_one)
    monkeypatch.setattr(cluster, "_LOOK", 0.0)
    status = main(["triage", "--json", "--dask", scheduler.scheduler.address, *paths])
    said = capsys.readouterr()
    there = json.loads(said.out)
    del there["started"], there["seconds"]
    assert (status, there) == near
    assert f"the worker {killed[0]} went away; what it was reading is read again" in said.err
    scheduler.wait_for_workers(2)


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_a_worker_of_another_release_is_named_and_not_used(
    scheduler: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def pretend(version: str) -> None:
        import maildoctor

        maildoctor.__version__ = version

    import maildoctor

    paths = logs(tmp_path, 10)
    near = report(capsys, *paths)
    other = max(scheduler.nthreads())
    scheduler.run(pretend, "0.0.9", workers=[other])
    try:
        status, there = report(capsys, "--dask", scheduler.scheduler.address, *paths)
        (sentence,) = there["log"]["damage"]
        assert status == 3 and sentence.startswith(f"the worker {other} was not used: it has 0.0.9 rules ")
        assert there["findings"] == near[1]["findings"]
        scheduler.run(pretend, "0.0.9")
        with pytest.raises(UsageError, match="no worker has this release"):
            main_unguarded("triage", "--dask", scheduler.scheduler.address, *paths)
    finally:
        scheduler.run(pretend, maildoctor.__version__)


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_a_share_that_cannot_be_read_by_any_worker_is_told_and_the_rest_goes_on(
    scheduler: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(whole: bool) -> None:
        from maildoctor.cli import cluster as imported

        cluster: Any = imported

        def read(scan: Any, stretch: Any, options: Any) -> None:
            if stretch.name.endswith("mail-03.log.gz"):
                raise ValueError("s3://key:secret@bucket fails")
            inner(scan, stretch, options)

        inner = getattr(cluster, "whole_read_stretch", cluster._read_stretch)
        cluster.whole_read_stretch = inner
        cluster._read_stretch = inner if whole else read

    paths = logs(tmp_path, 20)
    near = report(capsys, *(path for path in paths if "-03" not in path))
    scheduler.run(broken, False)
    try:
        status, there = report(capsys, "--dask", scheduler.scheduler.address, *paths)
    finally:
        scheduler.run(broken, True)
    assert there["log"]["damage"] == [f"{paths[3]}: not read, or in part: ValueError: s3://key:***@bucket fails"]
    assert (status, there["findings"]) == (3, near[1]["findings"])


def main_unguarded(*words: str) -> None:
    from maildoctor.cli.triage import run

    run(words[1:])


@pytest.mark.slow
def test_a_scheduler_of_its_own_is_started_and_ended(tmp_path: Path) -> None:
    """As a script, which the processes that Dask starts import."""
    pytest.importorskip("distributed")
    paths = logs(tmp_path, 3)
    done = python("import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__')", "bin/maildoctor", "triage",
                  "--json", "--dask", "local", *paths)  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["log"]["names"] == paths


def descendants(pid: int) -> set[int]:
    """Its processes that run, and theirs."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent, *_ = stat.read_text().rpartition(")")[2].split()
            if state != "Z":
                parents[int(stat.parent.name)] = int(parent)
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in {pid, *found}} - found:
        found |= more
    return found


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def written(path: Path, size: int) -> Path:
    """So many bytes of failing logins, about."""
    part = log(1, 60) * 200
    with path.open("wb") as file:
        for _ in range(size // len(part)):
            file.write(part)
    return path


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_workers_and_what_they_read_is_told(
    tmp_path: Path, sent: signal.Signals, status: int
) -> None:
    """To all processes of the terminal, as Ctrl-C is sent."""
    pytest.importorskip("distributed")
    whole = written(tmp_path / "mail.log", 400 << 20)
    command = [sys.executable, "bin/maildoctor", "triage", "--json", "--exact", "--procs", "2", "--dask", "local"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MAILDOCTOR_")}
    child = subprocess.Popen([*command, str(whole)], cwd=ROOT, env=clean, stdout=-1, stderr=-1, start_new_session=True)
    try:
        until = time.monotonic() + 60
        while not any(reads(pid, whole) for pid in descendants(child.pid)):
            assert child.poll() is None and time.monotonic() < until, "no worker began to read"
            time.sleep(0.05)
        time.sleep(1.0)
        family = descendants(child.pid)
        os.killpg(child.pid, sent)
        out, error = child.communicate(timeout=60)
    finally:
        child.kill()
    said = json.loads(out)
    assert (child.returncode, error) == (status, b"")
    assert said["log"]["interrupted"] and not said["log"]["damage"]
    assert 0 < said["log"]["bytes"] < whole.stat().st_size
    assert CODE in {f["code"] for f in said["findings"]}
    until = time.monotonic() + 10  # multiprocessing's own tracker ends once it sees that we have
    while any(map(runs, family)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(runs, family))


def reads(pid: int, path: Path) -> bool:
    """Whether the process has the file open."""
    with contextlib.suppress(OSError):
        return any(os.readlink(fd) == str(path) for fd in Path(f"/proc/{pid}/fd").iterdir())
    return False


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--dask", "local"), "standard input cannot be shared"),
        (("--dask", "local", "-"), "standard input cannot be shared"),
        (("--dask", "local", "--follow", "mail.log"), "cannot be shared with other machines"),
        (("--dask", "local", "--journal", "mail.log"), "cannot be shared with other machines"),
    ],
)
def test_what_other_machines_cannot_read_is_refused(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        main_unguarded("triage", *words)

"""What `maildoctor triage` leaves behind: nothing in HOME, no process, no file; and what broken things cost it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import maildoctor

ROOT = Path(__file__).parent.parent
LINE = (
    "Jan 21 02:01:07 mx sendmail[{n}]: 5AM3450j000123: AUTH failure (LOGIN): user not found (-20) SASL(-13): user not "
)
LINE += "found: checkpass failed, user=u{n}, relay=[192.0.2.1]\n"
CODE = "SASL120"
QUIET = "Jan 21 02:02:07 mx CRON[1]: (root) CMD (true) " + 200 * "x" + "\n"
SCHEMA = json.loads((Path(maildoctor.__file__).parent / "report.schema.json").read_text())

pytestmark = pytest.mark.xdist_group("processes")  # signals to workers, and one large log for all
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are looked for in /proc")


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 MB: some seconds of work for two processes that read every line."""
    path = tmp_path_factory.mktemp("big") / "mail.log"
    part = 1000 * LINE.format(n=1).encode()
    with path.open("wb") as file:
        for _ in range(200 * 1024 * 1024 // len(part)):
            file.write(part)
    return path


def started(*words: str, root: Path = ROOT, **more: Any) -> "subprocess.Popen[bytes]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAILDOCTOR_")}
    environment |= {"PYTHONPATH": str(root), **more.pop("env", {})}
    command = [sys.executable, "-P", "-m", "maildoctor", *words]
    return subprocess.Popen(command, cwd=root, env=environment, stdout=-1, stderr=-1, **more)


def children(pid: int) -> list[int]:
    """Its children that run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent, *_ = stat.read_text().rpartition(")")[2].split()
            if int(parent) == pid and state != "Z":
                found.append(int(stat.parent.name))
    return found


def eventually(true: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What it gives as soon as that is something; fails after so long."""
    until = time.monotonic() + seconds
    while not (got := true()):
        assert time.monotonic() < until, "it did not come to this in time"
        time.sleep(0.02)
    return got


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


# ---- processes


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_two_workers_and_what_they_know_is_told(big: Path, sent: signal.Signals, status: int) -> None:
    child = started("triage", "--exact", "--json", "-q", "--procs", "2", str(big))
    workers = eventually(lambda: len(found := children(child.pid)) == 2 and found)
    time.sleep(1.0)
    child.send_signal(sent)
    out, error = child.communicate(timeout=20)
    said = json.loads(out)
    assert child.returncode == status and b"Traceback" not in error
    assert said["log"]["interrupted"] is True and CODE in {f["code"] for f in said["findings"]}
    assert 0 < said["log"]["bytes"] < big.stat().st_size
    assert all(map(gone, workers))


@pytest.mark.slow
@needs_proc
def test_a_worker_that_is_killed_loses_its_share_only(big: Path) -> None:
    child = started("triage", "--exact", "--json", "-q", "--procs", "2", str(big))
    workers = eventually(lambda: len(found := children(child.pid)) == 2 and found)
    os.kill(max(workers), signal.SIGKILL)
    out, _ = child.communicate(timeout=300)
    said = json.loads(out)
    jsonschema.validate(said, SCHEMA)
    assert child.returncode == 3  # so many from one address are guessing, no fault of this host
    assert 0.4 < said["log"]["bytes"] / big.stat().st_size < 0.6
    assert any("killed by signal 9" in sentence for sentence in said["log"]["damage"])


@needs_proc
def test_a_share_that_is_lost_is_not_a_clean_bill(tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.log"
    quiet.write_bytes(QUIET.encode() * (80 * 1024 * 1024 // len(QUIET)))
    child = started("triage", "--unmatched", "-q", "--procs", "2", str(quiet))
    os.kill(max(eventually(lambda: children(child.pid))), signal.SIGKILL)
    child.communicate(timeout=60)
    assert child.returncode == 3


@needs_proc
def test_workers_die_with_their_parent_whatever_kills_it(big: Path) -> None:
    child = started("triage", "--exact", "-q", "--procs", "2", str(big))
    workers = eventually(lambda: len(found := children(child.pid)) == 2 and found)
    child.kill()
    child.communicate()
    eventually(lambda: all(map(gone, workers)), 1.0)


def fake(folder: Path, name: str, script: str) -> dict[str, str]:
    """A program of this name, first on the PATH."""
    (folder / name).write_text("#!/bin/sh\n" + script)
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@needs_proc
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_the_journal_s_child_ends_too(tmp_path: Path, sent: signal.Signals, status: int) -> None:
    entry = "__CURSOR=1\nSYSLOG_IDENTIFIER=sendmail\nMESSAGE=" + LINE.format(n=1).partition("]: ")[2] + "\n"
    path = fake(tmp_path, "journalctl", f"cat {tmp_path}/entries\nexec sleep 100\n")
    (tmp_path / "entries").write_text(entry * 3)
    child = started("triage", "--journal", "--json", "-q", env=path)
    (journal,) = eventually(lambda: children(child.pid))
    time.sleep(0.5)
    child.send_signal(sent)
    out, _ = child.communicate(timeout=20)
    assert child.returncode == status
    eventually(lambda: gone(journal), 1.0)
    if sent != signal.SIGKILL:
        assert json.loads(out)["log"]["interrupted"] is True


def test_sigterm_ends_following_with_a_report(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LINE.format(n=1))
    child = started("triage", "--follow", "--json", str(log))
    assert child.stderr is not None and CODE.encode() in child.stderr.readline()
    child.terminate()
    out, _ = child.communicate(timeout=20)
    assert child.returncode == 143 and json.loads(out)["findings"][0]["code"] == CODE


@pytest.mark.slow
def test_a_giant_line_needs_no_memory(tmp_path: Path) -> None:
    """1 GB without a line's end, with two processes: less than 100 MB each."""
    giant = tmp_path / "giant.log"
    giant.touch()
    os.truncate(giant, 1 << 30)
    # by a small process between, for a child's peak begins with that of the one that forked it
    code = "import resource, subprocess, sys; r = subprocess.run(sys.argv[1:], stdout=-3)"
    code += "; print(r.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    words = [sys.executable, "-m", "maildoctor", "triage", "-q", "--procs", "2", str(giant)]
    out = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True).stdout
    status, peak = map(int, out.split())
    assert status == 3, "there is nothing of a mail server in it"
    assert peak < 100 * 1024 * (1024 if sys.platform == "darwin" else 1)


# ---- nothing is written

AUDIT = """
import os, sys
home = os.environ["HOME"]
told = []
def heard(event, args):
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    if event == "open" and isinstance(args[0], (str, bytes)) and isinstance(args[2], int) and args[2] & writes:
        if os.fsdecode(args[0]) != os.devnull:
            told.append((event, str(args[0])))
    if event in ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
                 "shutil.rmtree", "tempfile.mkstemp", "tempfile.mkdtemp"):
        told.append((event, str(args[0])))
sys.addaudithook(heard)
from maildoctor.__main__ import main
status = main(sys.argv[1:])
sys.stderr.write(repr(told))
"""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["", "grep", "stdlib"])
@pytest.mark.parametrize("command", ["triage", "list", "explain", "check"])
def test_nothing_is_written_or_deleted_in_a_home_of_somebody_else(tmp_path: Path, command: str, engine: str) -> None:
    """The cache's folder was a link there once, and what it led to was deleted."""
    home, precious, log = tmp_path / "home", tmp_path / "precious", tmp_path / "mail.log"
    precious.mkdir()
    for n in range(10):
        (precious / f"file{n}").write_text("dear")
    (home / ".cache").mkdir(parents=True)
    (home / ".cache" / "maildoctor").symlink_to(precious)
    log.write_text("".join(LINE.format(n=n) for n in range(1000)))
    (tmp_path / "root" / "var" / "log").mkdir(parents=True)
    shutil.copy(log, tmp_path / "root" / "var" / "log" / "mail.log")
    words = {
        "triage": ["triage", str(log)],
        "list": ["list"],
        "explain": ["explain", LINE.format(n=1)],
        "check": ["check", "--root", str(tmp_path / "root")],
    }[command]
    environment = {k: v for k, v in os.environ.items() if k not in ("XDG_CACHE_HOME", "MAILDOCTOR_ENGINE")}
    environment |= {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "MAILDOCTOR_ENGINE": engine}
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stderr.splitlines()[-1].endswith("[]"), done.stderr
    assert len(list(precious.iterdir())) == 10
    assert [str(p.relative_to(home)) for p in sorted(home.rglob("*"))] == [".cache", ".cache/maildoctor"]


# ---- rules


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """maildoctor as it lies in a checkout, with rules that may be edited."""
    root = tmp_path / "checkout"
    for name in ("maildoctor", "checks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    yield root


def edited(copy: Path, text: str, name: str = "cyrus/zz.toml") -> None:
    (copy / "checks" / name).write_text(text)


def run(copy: Path, *words: str) -> tuple[int, Any]:
    child = started(*words, root=copy, env={"PYTHONDONTWRITEBYTECODE": "1"})
    out, error = child.communicate(timeout=60)
    assert b"Traceback" not in error and out, error
    return child.returncode, json.loads(out)


GOOD = (ROOT / "checks" / "cyrus" / "store.toml").read_text()
LAST = GOOD[: GOOD.rindex("[[rule]]")].count("\n") + 2
BROKEN = {
    "no TOML": ("[[rule]\n", "cyrus/zz.toml:1: this is no TOML"),
    "nesting": ("a = " + 5000 * "[" + 5000 * "]", "zz.toml: this is not read: lists and tables are nested"),
    "number": ("a = " + 5000 * "9", "zz.toml: this is no TOML"),
    "no table": ("rule = 3\n", "zz.toml: 'rule' must be written as [[rule]]"),
    "no tables": ("rule = [3]\n", "zz.toml: rule 1: 'rule' must be written as [[rule]]"),
    "type": ('[[rule]]\ncode = ["SASL999"]\n', "zz.toml:1: 'code' must be a text"),
    "expression": ('[[rule]]\ncode = "SASL999"\npattern = "("\n', "zz.toml:1 (SASL999)"),
    "far below": ("# a line more\n[[rule]]\nnonsense = 1".join(GOOD.rsplit("[[rule]]", 1)), f"cyrus/zz.toml:{LAST} ("),
    "prefix": (
        '[[rule]]\ncode = "SASL999"\nprefix = "none"\npattern = "x"\n',
        "there is no prefix 'none' in prefixes.toml",
    ),
    "code twice": (GOOD, "is taken by cyrus/store.toml:"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("text", "reported"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_rule_file_breaks_itself_and_is_named(copy: Path, tmp_path: Path, text: str, reported: str) -> None:
    edited(copy, text)
    log = tmp_path / "mail.log"
    log.write_text(LINE.format(n=1))
    status, said = run(copy, "triage", "--json", str(log))
    jsonschema.validate(said, SCHEMA)
    assert (status, said["findings"][0]["code"]) == (3, CODE)
    assert any(reported in sentence and "left out" in sentence for sentence in said["log"]["damage"]), said["log"][
        "damage"
    ]
    log.write_text(QUIET)
    assert run(copy, "triage", "--json", str(log))[0] == 3


def test_a_broken_rule_of_an_edited_file_costs_only_itself(copy: Path, tmp_path: Path) -> None:
    """Its neighbours in the file go on, and what was parsed at the build is not taken for the file as it is now."""
    text = (copy / "checks" / "cyrus" / "store.toml").read_text()
    edited(copy, text.replace('severity = "', 'severity = "x', 1), "cyrus/store.toml")
    log = tmp_path / "mail.log"
    log.write_text(LINE.format(n=1))
    status, said = run(copy, "triage", "--json", str(log))
    assert status == 3 and len(said["log"]["damage"]) == 1 and "cyrus/store.toml:4 (RUN150)" in said["log"]["damage"][0]
    assert len(run(copy, "list", "--json")[1]["broken"]) == 1


def test_check_names_a_broken_log_rule_and_goes_on(copy: Path, tmp_path: Path) -> None:
    edited(copy, "[[rule]\n")
    (tmp_path / "root" / "var" / "log").mkdir(parents=True)
    (tmp_path / "root" / "var" / "log" / "mail.log").write_text(LINE.format(n=1))
    status, said = run(copy, "check", "--root", str(tmp_path / "root"), "--json")
    jsonschema.validate(said, SCHEMA)
    assert status in (1, 2)
    assert ["zz.toml" in o["reason"] for o in said["outcomes"] if o["outcome"] == "broke"] == [True]


@pytest.mark.slow
@pytest.mark.parametrize("kept", [b"", b"[]", b"{}", b"rubbish", b'{"cyrus/store.toml": {"digest": 1, "rules": 3}}'])
def test_what_was_parsed_at_the_build_is_checked_and_never_needed(copy: Path, tmp_path: Path, kept: bytes) -> None:
    (copy / "checks" / "rules.json").write_bytes(kept)
    log = tmp_path / "mail.log"
    log.write_text(LINE.format(n=1))
    status, said = run(copy, "triage", "--json", str(log))
    assert (status, said["log"]["damage"]) == (3, [])


def test_the_build_parses_as_the_run_does() -> None:
    from dataclasses import replace

    from maildoctor.triage import builtin
    from maildoctor.triage.rules import load, rule_files

    kept = json.loads(builtin.made(rule_files()))
    assert [rule for file in kept for rule in map(builtin._rule, kept[file]["rules"])] == [
        replace(rule, samples=(), counters=(), todo=()) for rule in load(rule_files())
    ]
    assert builtin.builtin().broken == ()

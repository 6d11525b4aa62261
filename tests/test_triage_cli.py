"""`maildoctor triage` as a command: what it reads, what it prints where, and its exit status."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import maildoctor
from maildoctor.__main__ import main
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.times import moment

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REFUSED = "Jan 21 02:0{n}:07 mx sendmail[{pid}]: 5AM3450j000123: AUTH failure (LOGIN): user not found (-20) SASL(-13)"
REFUSED += ": user not found: checkpass failed, user={user}, relay=[192.0.2.{n}]\n"
QUIET = "Jan 21 02:02:07 mx CRON[1]: (root) CMD (true)\n"
LOG = "".join(REFUSED.format(n=n, pid=n, user=f"u{n}") + QUIET for n in range(1, 9))
CODE = "SASL120"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("MAILDOCTOR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "mail.log"
    path.write_text(LOG)
    return path


def triage(*words: str, stdin: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "maildoctor", "triage", *words], input=stdin, capture_output=True, cwd=ROOT, timeout=60
    )


def report(*words: str, stdin: bytes | None = None) -> dict[str, Any]:
    """Its report, which keeps to the schema."""
    said: dict[str, Any] = json.loads(triage("--format", "json", *words, stdin=stdin).stdout)
    with open(os.path.join(os.path.dirname(maildoctor.__file__), "report.schema.json"), encoding="utf-8") as file:
        jsonschema.Draft202012Validator(json.load(file)).validate(said)
    return said


def test_a_log_gives_its_cause_with_count_time_and_names(log: Path) -> None:
    said = report(str(log))
    (finding,) = (f for f in said["findings"] if f["code"] == CODE)
    assert finding["count"] == 8
    assert finding["first"] < finding["last"]
    assert {u["name"] for u in finding["traffic"]["users"]} <= {f"u{n}" for n in range(1, 9)}
    assert sum(finding["traffic"]["counts"]) == 8
    assert finding["evidence"][0]["source"] == f"{log}:1"
    assert finding["evidence"][1]["source"] == f"{log}:3"
    assert (said["log"]["lines"], said["log"]["matched"], said["log"]["bytes"]) == (16, 8, len(LOG))
    assert said["target"]["kind"] == "log"


def test_a_pipe_a_dash_and_packed_files_are_the_same(log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "mail.log.1.gz"
    packed.write_bytes(gzip.compress(LOG.encode()))
    counts = [
        [(f["code"], f["count"]) for f in report(*words, stdin=stdin)["findings"]]
        for words, stdin in (([str(log)], None), (["-"], LOG.encode()), ([], LOG.encode()), ([str(packed)], None))
    ]
    assert counts[0] and all(some == counts[0] for some in counts)


FAULT = LOG + "Jan 21 02:09:07 mx sendmail[9]: cannot connect to saslauthd server: No such file or directory\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "stdin", "status"),
    [
        (["-"], FAULT, 1),
        (["--fail-on", "never", "-"], FAULT, 0),
        (["--exit-zero", "-"], FAULT, 0),
        (["-"], QUIET, 3),
        (["-"], "", 3),
        (["/no/such/file"], None, 2),
        (["/"], None, 2),
        (["--select", "NOSUCH*", "-"], "", 2),
        (["--since", "some day", "-"], "", 2),
        (["--top", "x", "-"], "", 2),
        (["--select", "RUN150,user*", "-"], FAULT, 1),
        (["--ignore", "*", "-"], FAULT, 0),
    ],
)
def test_the_exit_status(words: list[str], stdin: str | None, status: int) -> None:
    done = triage(*words, stdin=None if stdin is None else stdin.encode())
    assert done.returncode == status, done.stderr
    assert b"Traceback" not in done.stderr
    assert (done.returncode == 2) == (done.stdout == b"")


def test_damage_is_said_and_what_could_be_read_is_reported(tmp_path: Path) -> None:
    packed = tmp_path / "cut.gz"
    packed.write_bytes(gzip.compress(LOG.encode() * 50)[:-40])
    done = triage(str(packed))
    assert CODE.encode() in done.stdout and b"cut.gz" in done.stdout
    assert report(str(packed))["log"]["damage"]
    packed.write_bytes(gzip.compress(QUIET.encode() * 5000)[:-9])
    assert triage(str(packed)).returncode == 3


def test_text_has_the_rate_the_names_and_the_figures(log: Path) -> None:
    text = triage("--ascii", str(log)).stdout.decode()
    assert re.search(r"seen +8 times from 20\d\d-01-21T02:01:07", text)
    assert re.search(r"rate +\S+ +8 steps of a minute", text)
    assert re.search(r"users +u1 1, u2 1, u3 1, u4 1, u5 1\n", text)
    count, verdict = text.rstrip().splitlines()[-2:]
    assert count.startswith("1 cause") and verdict.startswith("It is not shown that users can")
    assert "16 lines" in text and "8 of them known" in text


def test_top_unmatched_and_output(log: Path, tmp_path: Path) -> None:
    with log.open("a") as file:
        file.write("Jan 21 02:09:07 mx newd[7]: AUTH is broken in a new way, attempt 7\n" * 3)
    wanted = tmp_path / "out.json"
    said = report("--top", "2", "--unmatched", "-o", f"json:{wanted}", str(log))
    assert said["log"]["unmatched"] == [{"shape": "newd: AUTH is broken in a new way, attempt <number>", "count": 3}]
    assert said["log"]["unknown"] == 3
    assert len(said["findings"][0]["traffic"]["users"]) == 2
    assert json.loads(wanted.read_text())["findings"] == said["findings"]


def test_since_and_until_take_a_stretch_of_time(log: Path) -> None:
    year = datetime.fromisoformat(report(str(log))["log"]["from"]).year
    said = report("--since", f"{year}-01-21 02:03", "--until", f"{year}-01-21 02:05:30", str(log))
    assert said["findings"][0]["count"] == 3


def test_what_strangers_wrote_is_shown_escaped() -> None:
    line = "Jan 21 02:02:07 mx sendmail[1]: AUTH failure (LOGIN): user not found (-20)"
    line += ", user=\x1b]0;x\x07[bold]\u202e, relay=x\n"
    for words in ([], ["--color", "always"]):
        out = triage(*words, "-", stdin=line.encode()).stdout
        assert b"\x1b]" not in out and b"\x07" not in out and "\u202e".encode() not in out


def test_several_processes_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = tmp_path / "big.log"
    big.write_text(LOG * 30_000)
    one, two = report("--procs", "1", str(big)), report("--procs", "2", str(big))
    for said in (one, two):
        del said["started"], said["seconds"]
        for finding in said["findings"]:
            del finding["evidence"]
    assert {f["code"]: f["count"] for f in one["findings"]}[CODE] == 240_000
    assert [(f["code"], f["count"]) for f in one["findings"]] == [(f["code"], f["count"]) for f in two["findings"]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hyperscan", "google-re2", "grep", "stdlib"])
def test_the_engine_can_be_named_and_makes_no_difference(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = tmp_path / "big.log"
    big.write_text(LOG * 200)
    expected = report(str(big))["findings"]
    monkeypatch.setenv("MAILDOCTOR_ENGINE", name)
    done = triage("--format", "json", str(big))
    if done.returncode == 2:
        pytest.skip(done.stderr.decode())
    assert json.loads(done.stdout)["findings"] == expected


def test_an_engine_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = tmp_path / "big.log"
    big.write_text(LOG * 200)
    monkeypatch.setenv("MAILDOCTOR_ENGINE", "warp")
    done = triage(str(big))
    assert done.returncode == 2 and b"warp" in done.stderr


def _started(*words: str, **more: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "maildoctor", "triage", *words], cwd=ROOT, stdout=-1, stderr=-1, **more
    )


@pytest.mark.slow
def test_ctrl_c_prints_what_it_has() -> None:
    child = _started("--format", "json", "-", stdin=-1)
    assert child.stdin is not None
    child.stdin.write((LOG * 2000).encode())
    child.stdin.flush()
    time.sleep(1.5)
    child.send_signal(signal.SIGINT)
    out, error = child.communicate(timeout=20)
    said = json.loads(out)
    assert said["log"]["interrupted"] is True
    assert CODE in {f["code"] for f in said["findings"]}
    assert b"Traceback" not in error


@pytest.mark.slow
def test_following_tells_what_is_new_at_once_and_ends_with_a_report(log: Path) -> None:
    child = _started("--follow", "--format", "json", str(log))
    time.sleep(1.0)
    with log.open("a") as file:
        file.write(REFUSED.format(n=9, pid=9, user="late"))
    time.sleep(1.5)
    child.send_signal(signal.SIGINT)
    out, error = child.communicate(timeout=20)
    assert CODE.encode() in error
    assert "late" in json.dumps(json.loads(out)["findings"])


def test_a_reader_that_goes_away(log: Path) -> None:
    log.write_text(LOG * 500)
    child = _started("-v", str(log))
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    assert child.wait(timeout=20) == 141
    assert child.stderr.read() == b""
    child.stderr.close()


def test_memory_is_flat(tmp_path: Path) -> None:
    small, big = tmp_path / "small", tmp_path / "big"
    small.write_text(LOG * 700)
    big.write_text(LOG * 35_000 + "x" * 30_000_000)
    peaks = []
    for path in (small, big):
        code = "import sys, resource; from maildoctor.__main__ import main; main(sys.argv[1:]); "
        code += "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"
        done = subprocess.run(
            [sys.executable, "-c", code, "triage", "-q", "--procs", "1", str(path)], capture_output=True, cwd=ROOT
        )
        peaks.append(int(done.stderr))
    assert peaks[1] < peaks[0] + 12_000


# ---- explain


def test_a_line_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", LOG.splitlines()[0]]) == 0
    out = capsys.readouterr().out
    assert CODE in out and re.search(r"user +u1\n", out) and re.search(r"program +sendmail\n", out)


def test_a_line_that_no_rule_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", QUIET.strip()]) == 0
    assert "No rule knows this line." in capsys.readouterr().out


def test_a_rule_has_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", CODE.lower()]) == 0
    assert "What it says of its own sample" in capsys.readouterr().out


# ---- moments


def test_moments() -> None:
    now = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    hour = 3600.0
    for text, then in (
        ("1h", now.timestamp() - hour),
        ("90 minutes ago", now.timestamp() - 1.5 * hour),
        ("2d", now.timestamp() - 48 * hour),
        ("yesterday", now.timestamp() - 34.5 * hour),
        ("09:00", now.timestamp() - 1.5 * hour),
        ("2026-11-22", now.timestamp() - 10.5 * hour),
        ("2026-11-22T10:30:00+01:00", now.timestamp() - hour),
    ):
        assert moment(text, "--since", now) == then, text
    for text in ("", "soon", "25:00", "2026-13-01"):
        with pytest.raises(UsageError):
            moment(text, "--since", now)


def test_the_judgement_on_guessing_has_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "password-guessing"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ABUSE100  password-guessing")
    assert "192.0.2.7" in said and "advice" in said

"""SIGTERM as an exception: what is left behind, what the exit status is, and what stays as it was."""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from maildoctor.__main__ import main
from maildoctor.cli.report_error import report_error
from maildoctor.cli.signals import Terminated, obeyed, status_of
from maildoctor.facts.wire import Wire
from maildoctor.host.deadline import Deadline
from maildoctor.host.network import own_ports
from tests.smtp_server import Server, closes, hangs, says

pytestmark = pytest.mark.xdist_group("signals")


def test_sigterm_is_raised_where_the_work_stands_and_the_old_way_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt) as stop, obeyed(), obeyed():
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert isinstance(stop.value, Terminated) and status_of(stop.value) == 143
    assert signal.getsignal(signal.SIGTERM) == before


def test_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert (report_error(KeyboardInterrupt(), ["check"]), report_error(Terminated(), ["check"])) == (130, 143)
    assert capsys.readouterr().err == 2 * "maildoctor: interrupted\n"


def test_an_ignored_sigterm_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with obeyed():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_changes_nothing() -> None:
    seen: list[object] = []

    def work() -> None:
        with obeyed():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


SLOW = '''
import time
from collections.abc import Iterator
from maildoctor.api import Found, check, found
from maildoctor.api.host import System

@check("AAA001", "quick", "warning", rung="none", role="note", fails=[{"system": "os: a"}], passes=[{"system": ""}])
def quick(system: System) -> Iterator[Found]:
    """Something is known already.

    Advice: look at it.
    """
    yield found("it is known", what="x")

@check("ZZZ001", "slow", "warning", rung="none", role="note", fails=[{"system": "os: a"}], passes=[{"system": ""}])
def slow(system: System) -> Iterator[Found]:
    """This takes long.

    Advice: wait.
    """
    open(MARK, "w").close()
    time.sleep(60)
    yield found("never told", what="x")
'''


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_check_that_is_interrupted_tells_what_it_knows(tmp_path: Path, number: int, status: int) -> None:
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "checks").mkdir(mode=0o755)
    mark = tmp_path / "begun"
    (tmp_path / "checks/slow.py").write_text(SLOW.replace("MARK", repr(str(mark))))
    (tmp_path / "checks/slow.py").chmod(0o644)
    words = ["check", "--root", str(tmp_path / "root"), "--checks", str(tmp_path / "checks"), "--json"]
    ours = subprocess.Popen(
        [sys.executable, "-m", "maildoctor", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    until = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.05)
    ours.send_signal(number)
    said, complaint = ours.communicate(timeout=20)
    assert ours.returncode == status and not complaint
    report = json.loads(said)
    assert "AAA001" in {f["code"] for f in report["findings"]}
    late = next(o for o in report["outcomes"] if o["code"] == "ZZZ001")
    assert (late["outcome"], late["reason"]) == ("not_judged", "it was interrupted")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_probe_that_is_interrupted_asks_nothing_more_and_ends_by_the_signal(number: int, status: int) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        ours = subprocess.Popen(
            [sys.executable, "-m", "maildoctor", "probe", where, "--timeout", "60", "--allow-unknown"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        silent.settimeout(30)
        first, _ = silent.accept()
        time.sleep(0.3)
        ours.send_signal(number)
        said, complaint = ours.communicate(timeout=20)
        first.close()
        silent.settimeout(0.1)
        with pytest.raises(TimeoutError):
            silent.accept()
    assert ours.returncode == status and not complaint
    assert "it was interrupted" in said


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_probe_that_is_interrupted_tells_of_the_servers_that_were_finished(number: int, status: int) -> None:
    with Server(says(b"554 5.7.1 No\r\n", closes), listeners=3) as server, Server(hangs, listeners=2) as silent:
        where = [f"127.0.0.1:{port}" for port in (*server.ports, *silent.ports)]
        ours = subprocess.Popen(
            [sys.executable, "-m", "maildoctor", "probe", *where, "--timeout", "60", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        until = time.monotonic() + 30
        while len(server.talks) + len(silent.talks) < len(where) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.3)
        ours.send_signal(number)
        said, complaint = ours.communicate(timeout=20)
    assert ours.returncode == status and not complaint
    report = json.loads(said)
    assert [f["code"] for f in report["findings"]] == ["WIRE002"]
    (lost,) = {o["reason"] for o in report["outcomes"] if o["outcome"] in ("fail", "not_judged")}
    assert lost == f"2 of 5 conversations were not had: it was interrupted: {', '.join(where[3:])}"


def test_the_deadline_costs_the_ports_that_were_not_finished() -> None:
    with Server(says(b"554 5.7.1 No\r\n", closes)) as server, Server(hangs) as silent, Deadline(2) as deadline:
        hung = silent.port
        reported = deadline.within(lambda: own_ports(f"127.0.0.1:{server.port} 127.0.0.1:{hung}"))
    wire = Wire.parse(reported)
    assert [c.trouble_kind for c in wire.per_endpoint] == ["rejected", "interrupted"]
    assert [c.port for c in wire.interrupted] == [hung]


def test_ctrl_c_while_a_target_is_opened_is_no_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    # by its name, now: other tests import the commands anew
    monkeypatch.setattr(importlib.import_module("maildoctor.cli.check"), "_host", stop)
    assert main(["check", "--root", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "maildoctor: interrupted\n"

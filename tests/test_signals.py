"""SIGTERM as an exception: what is left behind, what the exit status is, and what stays as it was."""

import os
import signal
import threading

import pytest

from maildoctor.cli.signals import Terminated, heeded, status_of
from maildoctor.cli.trouble import last_words


def test_sigterm_is_raised_where_the_work_stands_and_the_old_way_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt) as stop, heeded(), heeded():
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert isinstance(stop.value, Terminated) and status_of(stop.value) == 143
    assert signal.getsignal(signal.SIGTERM) == before


def test_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert (last_words(KeyboardInterrupt(), ["check"]), last_words(Terminated(), ["check"])) == (130, 143)
    assert capsys.readouterr().err == 2 * "maildoctor: interrupted\n"


def test_an_ignored_sigterm_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with heeded():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_changes_nothing() -> None:
    seen: list[object] = []

    def work() -> None:
        with heeded():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]

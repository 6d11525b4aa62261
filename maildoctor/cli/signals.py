"""SIGTERM as Ctrl-C is: an exception where the work stands, so that what is known is told and nothing is left behind.

    with obeyed():
        try:
            work()
        except KeyboardInterrupt as stop:
            ...  # say what is known so far, and that it was interrupted
            return status_of(stop)

Python turns SIGINT into KeyboardInterrupt by itself. Within `obeyed` SIGTERM becomes `Terminated`, which is one too, so
every `finally` runs and every `except KeyboardInterrupt` serves both. What is caught nowhere ends in
`trouble.report_error`, which asks `status_of` as well. Uses may be nested; who forks calls `unheeded` in the child.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM)

_SIGNALLED = 128
"""A shell's status of a command that a signal ended is this and the signal's number."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


@contextmanager
def obeyed() -> Iterator[None]:
    """Within, SIGTERM raises Terminated in the main thread. A SIGTERM that the caller had ignored (nohup and the like)
    stays ignored; in another thread, where Python sets no handler, nothing is changed."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        # None: set by something that is no Python, which cannot be put back by it either
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


@contextmanager
def noted() -> Iterator[Callable[[], KeyboardInterrupt | None]]:
    """Within, the first SIGINT or SIGTERM interrupts nothing; it is what the function that is given gives from then on.
    The second is obeyed as ever. In another thread than the main one nothing is changed."""
    came: list[KeyboardInterrupt] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    before = {
        number: handler for number in STOPS if callable(handler := signal.getsignal(number))
    }  # not what is ignored

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(Terminated() if number == signal.SIGTERM else KeyboardInterrupt())
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: came[0] if came else None
    finally:
        restore()


@contextmanager
def held_back() -> Iterator[None]:
    """SIGINT and SIGTERM come after this."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unheeded() -> None:
    """Let SIGTERM end this process at once, and SIGINT pass by: for a child of ours, whose parent hears the Ctrl-C of
    their terminal too and ends it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def passed_by() -> None:
    """Let both pass by: for a child of ours that must hand over what it has, which we end by other means."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


def status_of(stop: KeyboardInterrupt) -> int:
    """The exit status: 143 after SIGTERM, 130 after Ctrl-C."""
    return _SIGNALLED + (signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise Terminated

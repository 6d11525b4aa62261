"""One time limit for a whole run: nothing that a host holds or runs may keep its examiner waiting without end.

Every step stands behind a fence: half of the time that is left then. A step that takes longer is broken off wherever
it is, a loop of ours, a wait for a socket or for a program, by a signal (setitimer(2)) whose handler raises `Overdue`.
What cannot be broken off: a system call that the kernel does not let go, as a read from a network file system whose
server hangs (a process in state D), and one long call of a library in C. Signals are heard in the main thread alone;
in another one, steps are not broken off and only the next is not begun.
"""

import signal
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

SECONDS = 60.0
"""For a whole run, where nothing else was said."""

_SHARE = 0.5
_AGAIN = 1.0
"""Seconds until the signal comes again: an exception raised within `__del__` is lost."""


class Overdue(BaseException):
    """A step took longer than it may. No `Exception`: what catches those must not catch this."""


class Deadline:
    """`with Deadline(60) as deadline: deadline.within(work)`. Outside `with`, or without `seconds`, nothing is broken
    off."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds
        self._fences: list[float] = []
        self._before: Any = None
        self.stopped: KeyboardInterrupt | None = None
        """the Ctrl-C, or what stands for another signal, that ended a step and with it the time"""
        self._rings = self._deaf = False

    def __enter__(self) -> "Deadline":
        if self._end is not None and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGALRM, self._ring)
            self._rings = True
        return self

    def __exit__(self, *_: object) -> None:
        self._fences.clear()
        if self._rings:
            self._rings = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if self._before is None else self._before)

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return self._end is not None and time.monotonic() >= self._end

    @property
    def reason(self) -> str:
        """That there was no time, as a report says it."""
        if self.stopped is not None:
            return "it was interrupted"
        return f"the deadline of {self.seconds:g} s was reached"

    @property
    def remedy(self) -> str:
        """What would let us look."""
        return "let it run to its end" if self.stopped is not None else "give it more time with --deadline"

    def within(self, work: Callable[[], T], share: float = _SHARE) -> T:
        """What `work` gives. Raises Overdue where its share of the time, or all of it, is over, or where it is
        interrupted, which ends all time: what is known by then is still to be told. Steps may stand within
        one another: the time of an inner one is not taken from the outer one's share."""
        try:
            return self._fenced(work, share)
        except KeyboardInterrupt as stop:
            self.stop(stop)
            raise Overdue from stop

    def stop(self, by: KeyboardInterrupt) -> None:
        """No time is left, because of a signal."""
        self.stopped, self._end = by, time.monotonic()

    def _fenced(self, work: Callable[[], T], share: float) -> T:
        if self._end is None:
            return work()
        began = time.monotonic()
        if began >= self._end:
            raise Overdue
        depth = len(self._fences)
        self._fences.append(began + share * (self._end - began))
        try:
            self._set()
            return work()
        finally:
            self._deaf = True  # the signal may come again while the first one's exception is on its way
            spent = time.monotonic() - began
            self._fences = [min(fence + spent, self._end) for fence in self._fences[:depth]]
            self._deaf = False
            self._set()

    def _set(self) -> None:
        if self._rings:
            left = max(self._fences[-1] - time.monotonic(), 0.001) if self._fences else 0
            signal.setitimer(signal.ITIMER_REAL, left, _AGAIN if left else 0)

    def _ring(self, *_: object) -> None:
        if self._fences and not self._deaf and time.monotonic() >= self._fences[-1]:
            raise Overdue

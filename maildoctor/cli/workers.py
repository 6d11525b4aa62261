"""One piece of work for each of some forks of this process, which end when it ends, whatever ended it.

A worker that is killed or fails costs its own piece only, and the others never wait for it. What it found comes back
through a pipe that nobody else can write to.
"""

import os
import pickle
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeVar

from maildoctor import filesystem
from maildoctor.cli.signals import STOPS, held_back, unheeded

_PATIENCE = 2.0
"""Seconds that workers are given to hand over what they have, once they were told to stop."""

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Share(Generic[P, R]):
    """One piece, what was found in it, None where that is lost, and why it is not whole, empty where it is."""

    piece: P
    found: R | None
    trouble: str


@dataclass(slots=True)
class _Worker(Generic[P]):
    """One fork: what it works on, the pipe from it, what came through that so far."""

    piece: P
    pid: int
    pipe: int
    came: list[bytes] = field(default_factory=list)
    over: bool = False


class Workers(Generic[P, R]):
    """Use as a context: at its end no worker is left.

    `work` gets a piece and a question to ask now and then: whether to stop and give what there is.
    """

    def __init__(self, work: Callable[[P, Callable[[], bool]], R], pieces: Sequence[P]) -> None:
        self._work = work
        self._crew: list[_Worker[P]] = []
        # Nobody writes into the leash. Its other end closes with this process, which is what its readers wait for.
        self._leash, self._held = os.pipe()
        try:
            for piece in pieces:
                self._start(piece)
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> "Workers[P, R]":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def shares(self) -> Iterator[Share[P, R]]:
        """What became of each piece, in the order of the pieces."""
        for worker in self._crew:
            yield self._share(worker, None)

    def stopped(self) -> Iterator[Share[P, R]]:
        """The same after all were told to stop, of those that `shares` did not give yet."""
        left = [worker for worker in self._crew if not worker.over]
        for worker in left:
            os.kill(worker.pid, signal.SIGTERM)
        until = time.monotonic() + _PATIENCE
        for worker in left:
            yield self._share(worker, until)

    def _start(self, piece: P) -> None:
        with held_back():  # or a handler of this process would run in the child, or the child be forgotten
            out, into = os.pipe()
            pid = os.fork()
            if pid == 0:
                self._be_worker(piece, into)
            os.close(into)
            self._crew.append(_Worker(piece, pid, out))

    def _share(self, worker: _Worker[P], until: float | None) -> Share[P, R]:
        if not _hear(worker, until):
            os.kill(worker.pid, signal.SIGKILL)
        status = _wait(worker)
        if status < 0:
            return Share(worker.piece, None, f"the process that read it was killed by signal {-status}")
        if status or not worker.came:
            return Share(worker.piece, None, "the process that read it ended early")
        # Written by a fork of this process into a pipe that only the two hold.
        found, trouble = pickle.loads(b"".join(worker.came))  # noqa: S301
        worker.came.clear()
        return Share(worker.piece, found, trouble)

    def _end(self) -> None:
        for worker in self._crew:
            if not worker.over:
                os.kill(worker.pid, signal.SIGKILL)
                _wait(worker)
            os.close(worker.pipe)
        self._crew = []
        for end in (self._leash, self._held):
            os.close(end)

    def _be_worker(self, piece: P, into: int) -> NoReturn:
        status = 1
        try:
            os.close(self._held)
            threading.Thread(target=_end_with_parent, args=(self._leash,), daemon=True).start()
            stop = threading.Event()
            unheeded()
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            filesystem.write_all(into, self._outcome(piece, stop.is_set))
            status = 0
        finally:
            os._exit(status)  # nothing of the parent's own end is for this process: its output, its finally clauses

    def _outcome(self, piece: P, stopped: Callable[[], bool]) -> bytes:
        try:
            found: R | None = self._work(piece, stopped)
            trouble = "the process that read it was told to stop" if stopped() else ""
        except MemoryError:
            found, trouble = None, "the process that read it ran out of memory"
        except Exception as error:
            found, trouble = None, f"the process that read it failed: {type(error).__name__}"
        return pickle.dumps((found, trouble))


def _hear(worker: _Worker[P], until: float | None) -> bool:
    """Take what comes to the end of the pipe; False where it does not end in time."""
    while True:
        if until is not None and not select.select([worker.pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            return False
        select.select([worker.pipe], [], [])  # here a signal may interrupt, not between a read and its keeping
        with held_back():
            part = os.read(worker.pipe, 1 << 20)
            if not part:
                return True
            worker.came.append(part)


def _wait(worker: _Worker[P]) -> int:
    """Its exit status, or less than 0 for the signal that ended it. It has ended, or will in a moment."""
    with held_back():
        status = os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])
        worker.over = True
    return status


def _end_with_parent(leash: int) -> None:
    os.read(leash, 1)
    os._exit(1)

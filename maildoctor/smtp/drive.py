"""Sockets for many conversations at once, in one loop, each with a deadline of its own."""

import errno
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from maildoctor.smtp.session import Session

AT_ONCE = 256
"""Connections open at a time: each holds some 90 KiB while it speaks TLS."""
_PIECE = 65536

_KINDS = {
    errno.ECONNREFUSED: ("refused", "nothing listens there"),
    errno.ETIMEDOUT: ("timeout", "no answer to the connection attempt"),
    errno.EHOSTUNREACH: ("unreachable", "no route to the host"),
    errno.ENETUNREACH: ("unreachable", "no route to the network"),
    errno.EADDRNOTAVAIL: ("unreachable", "this machine has no address of that family"),
    errno.EAFNOSUPPORT: ("unreachable", "this machine has no address of that family"),
    errno.ECONNRESET: ("closed", "the server reset the connection"),
    errno.EPIPE: ("closed", "the server reset the connection"),
}

_NO_MORE = (errno.EMFILE, errno.ENFILE)


@dataclass(frozen=True, slots=True)
class Call:
    """One conversation to be had with `address`, an IP address."""

    address: str
    port: int
    session: Session


@dataclass(slots=True)
class _Line:
    """A call that is under way. Times are seconds of the monotonic clock."""

    call: Call
    socket: socket.socket
    began: float
    deadline: float
    connected: bool = False
    unsent: bytes = b""
    wanted: int = selectors.EVENT_WRITE


def converse(
    calls: Iterable[Call], timeout: float, at_once: int = AT_ONCE, done: Callable[[Call], None] = lambda _: None
) -> None:
    """Have all these conversations; each ends within `timeout` seconds. What came of it stands in its session. Where
    the limit of open files is lower than `at_once`, fewer are had at a time."""
    waiting: Iterator[Call] = iter(calls)
    lines: deque[_Line] = deque()  # in the order of their deadlines, for all have the same time
    with selectors.DefaultSelector() as selector, _hung_up_in_the_end(lines):
        open_lines = 0
        more = True
        while more or open_lines:
            while more and open_lines < at_once:
                call = next(waiting, None)
                if call is None:
                    more = False
                    continue
                try:
                    line = _dial(call, timeout, selector)
                except OSError as error:
                    if error.errno in _NO_MORE and open_lines:
                        at_once, waiting = open_lines, chain((call,), waiting)
                    else:
                        _failed(call.session, error.errno)
                        done(call)
                else:
                    lines.append(line)
                    open_lines += 1
            while lines and lines[0].call.session.finished:
                lines.popleft()
            pause = max(0.0, lines[0].deadline - time.monotonic()) if lines else 0.0
            for key, _ in selector.select(pause) if open_lines else ():
                line = key.data
                _attend(line, selector)
                open_lines -= _hung_up(line, selector, done)
            now = time.monotonic()
            while lines and (lines[0].deadline <= now or lines[0].call.session.finished):
                line = lines.popleft()
                if not line.call.session.finished:
                    line.call.session.late(timeout, line.connected)
                    open_lines -= _hung_up(line, selector, done)


@contextmanager
def _hung_up_in_the_end(lines: Iterable[_Line]) -> Iterator[None]:
    """However it ends, by a signal too, no connection is left open."""
    try:
        yield
    finally:
        for line in lines:
            line.socket.close()


def _dial(call: Call, timeout: float, selector: selectors.BaseSelector) -> _Line:
    """Raises OSError where not even an attempt can be made."""
    family = socket.AF_INET6 if ":" in call.address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    problem = sock.connect_ex((call.address, call.port))
    if problem not in (0, errno.EINPROGRESS):
        sock.close()
        raise OSError(problem, os.strerror(problem))
    now = time.monotonic()
    selector.register(sock, selectors.EVENT_WRITE, line := _Line(call, sock, now, now + timeout))
    return line


def _attend(line: _Line, selector: selectors.BaseSelector) -> None:
    session = line.call.session
    try:
        if not line.connected:
            if problem := line.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                _failed(session, problem)
                return
            line.connected = True
            line.unsent = session.opening()
        elif not line.unsent:
            line.unsent = session.hear(line.socket.recv(_PIECE))
        _flush(line, selector)
    except BlockingIOError:
        return
    except OSError as error:
        _failed(session, error.errno)


def _flush(line: _Line, selector: selectors.BaseSelector) -> None:
    if line.unsent:
        line.unsent = line.unsent[line.socket.send(line.unsent) :]
    wanted = selectors.EVENT_WRITE if line.unsent else selectors.EVENT_READ
    if wanted != line.wanted:
        line.wanted = wanted
        selector.modify(line.socket, wanted, line)


def _hung_up(line: _Line, selector: selectors.BaseSelector, done: Callable[[Call], None]) -> int:
    """1 if this conversation is over and its socket was put away."""
    if not line.call.session.finished or line.socket.fileno() < 0:
        return 0
    selector.unregister(line.socket)
    line.socket.close()
    line.call.session.note(f"took {time.monotonic() - line.began:.3f}")
    done(line.call)
    return 1


def _failed(session: Session, number: int | None) -> None:
    kind, words = _KINDS.get(number or 0, ("unreachable", os.strerror(number or 0).lower()))
    session.end(kind, words)

"""The namespaces of other processes: work that is done in one of them, and how their user ids are told here.

Source: namespaces(7), setns(2), user_namespaces(7).
"""

import errno
import os
from collections.abc import Callable
from typing import Literal, TypeVar

from maildoctor import filesystem
from maildoctor.host import HostError

T = TypeVar("T")

_FLAGS = {"net": 0x40000000, "uts": 0x04000000}
"""CLONE_NEWNET and CLONE_NEWUTS of linux/sched.h."""

_CALLED = {"net": "network", "uts": "host name"}

NOBODY = 65534
"""As what an id that has no place in a user namespace is seen in it (/proc/sys/kernel/overflowuid)."""

IdMap = tuple[tuple[int, int, int], ...]
"""Rows of a uid_map: the first id inside, the first id here, how many. Empty: ids are the same in both."""


def in_network(pid: int | None, work: Callable[[], T]) -> T:
    """What `work` gives when its sockets are those of the network namespace of process `pid`; None is our own.

    `work` runs in a thread of its own, which ends with it; threads and programs that it starts are in that namespace
    too. Files, such as /etc/resolv.conf, stay those of this machine. What `work` raises is raised here. Raises
    HostError where the process is gone or the right to join is missing, OSError where the kernel cannot.
    """
    return work() if pid is None else _joined("net", pid, work)


def node_name(pid: int) -> str:
    """The host name that process `pid` sees. Raises HostError, OSError."""
    return _joined("uts", pid, lambda: os.uname().nodename)


def same(kind: str, pid: int) -> bool:
    """Whether process `pid` is in our own namespace of this kind. Raises OSError."""
    return filesystem.link(f"/proc/{pid}/ns/{kind}") == filesystem.link(f"/proc/self/ns/{kind}")


def id_map(kind: Literal["uid", "gid"], pid: int) -> IdMap:
    """How the user namespace of process `pid` maps its ids to ours. Raises OSError."""
    if same("user", pid):  # the file would tell of the ids of the namespace above both
        return ()
    rows = [line.split() for line in filesystem.kernel(f"/proc/{pid}/{kind}_map", 65536).decode("ascii").splitlines()]
    return tuple((int(row[0]), int(row[1]), int(row[2])) for row in rows if len(row) == 3)


def inner(ids: IdMap, outer: int) -> int:
    """The id that those of the namespace see where we see `outer`."""
    if not ids:
        return outer
    return next((first + outer - base for first, base, count in ids if base <= outer < base + count), NOBODY)


def _joined(kind: str, pid: int, work: Callable[[], T]) -> T:
    """What `work` gives in a thread that has joined the namespace; nothing else of ours ever changes its own."""
    from concurrent.futures import Future
    from threading import Thread

    door = _door(kind, pid)
    if door is None:
        return work()
    received: Future[T] = Future()

    def there() -> None:
        try:
            _enter(door, kind, pid)
            received.set_result(work())
        except BaseException as error:
            received.set_exception(error)

    try:
        Thread(target=there, daemon=True, name=f"{kind} of {pid}").start()
        return received.result()
    finally:
        os.close(door)


def _door(kind: str, pid: int) -> int | None:
    """An open file that stands for the namespace; None where it is our own."""
    path = f"/proc/{pid}/ns/{kind}"
    try:
        return None if same(kind, pid) else filesystem.opened(path)
    except (FileNotFoundError, ProcessLookupError):
        raise HostError(f"there is no process {pid}", f"/proc/{pid}", "give the number of a running process") from None
    except PermissionError:
        raise _refused(kind, pid) from None


def _enter(door: int, kind: str, pid: int) -> None:
    try:
        _setns(door, _FLAGS[kind])
    except PermissionError:
        raise _refused(kind, pid) from None


def _refused(kind: str, pid: int) -> HostError:
    what = f"permission denied entering the {_CALLED[kind]} namespace of process {pid}"
    return HostError(what, f"/proc/{pid}/ns/{kind}", "run as root")


def _setns(door: int, flag: int) -> None:
    """os.setns, which Python has since 3.12."""
    if hasattr(os, "setns"):
        os.setns(door, flag)
        return
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "setns", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(door, flag) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

"""A running container, or any process that sees other files than we do, from outside: nothing is put or run in it.

What is told is what the processes inside would tell: their paths, their process numbers (so an admin who repeats the
evidence or a command does it inside), their names of users, their host name, their sockets.
"""

import os
import re
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from maildoctor import filesystem
from maildoctor.host import Answer, HostError, NoAnswer, Verb, procfs
from maildoctor.host.live import MAIL_PROGRAMS, Live
from maildoctor.host.namespaces import IdMap, id_map, in_network, inner, node_name

if TYPE_CHECKING:
    from maildoctor.host.child import Child

_WHAT_PID = "give --pid the number of a running process, as ps on this machine shows it"


class Contained(Live):
    """What the process `pid` sees. `resume`: how to let it go on, where it is paused. Raises HostError."""

    kind = "container"

    def __init__(self, pid: int, name: str = "", commands: tuple[str, ...] = (), resume: str = "") -> None:
        self.pid = pid
        self._resume = resume
        self._held = _hold(pid)
        weakref.finalize(self, os.close, self._held)
        super().__init__(name=name or f"pid {pid}")
        self._open(filesystem.Tree(f"/proc/{pid}/root"))
        self._run += commands

    def _answer(self, verb: Verb, subject: str) -> Answer:
        answer = super()._answer(verb, subject)
        if _has_root(self._held):
            return answer
        # of a process that has ended, files and sockets seem to be missing
        return NoAnswer("failed", f"process {self.pid} ended while it was examined", "start it and examine it again")

    def _tell_hostname(self, _: str) -> Answer:
        try:
            return node_name(self.pid)
        except HostError as error:
            return NoAnswer("refused", error.what, error.remedy)

    def _tell_processes(self, _: str) -> Answer:
        try:
            pids = procfs.beside(self.pid)
        except PermissionError:
            return NoAnswer("refused", "permission denied listing the processes in the container", "run as root")
        return procfs.running(pids, MAIL_PROGRAMS, f"/proc/{self.pid}/root/", self._user)

    def _tell_listeners(self, _: str) -> Answer:
        try:
            pids = procfs.beside(self.pid)
        except PermissionError:
            pids = {}
        return procfs.listening(pids, f"/proc/{self.pid}/net")

    def _tell_start(self, _: str) -> Answer:
        try:
            first = procfs.eldest(procfs.beside(self.pid))
        except OSError:
            first = None
        root = filesystem.status(f"/proc/{self.pid}/root/")
        # a program in a root of its own may share the processes of this machine
        return procfs.command_of(first if first and procfs.same_root(first, root) else self.pid)

    def _tell_routes(self, _: str) -> Answer:
        return procfs.refusing(f"/proc/{self.pid}/net")

    def _tell_addresses(self, _: str) -> Answer:
        return procfs.addresses(f"/proc/{self.pid}/net")

    def _tell_bound(self, path: str) -> Answer:
        return procfs.bound(path, f"/proc/{self.pid}/net")

    def _tell_probe(self, endpoints: str) -> Answer:
        # the container's 127.0.0.1 is not ours
        return self._asked(lambda: super(Contained, self)._tell_probe(endpoints))

    def _tell_greets(self, port: str) -> Answer:
        return self._asked(lambda: super(Contained, self)._tell_greets(port))

    def _tell_dns(self, address: str) -> Answer:
        return self._asked(lambda: super(Contained, self)._tell_dns(address))

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        if self._resume:  # the kernel still takes connections, so it would look like a firewall or a hanging server
            return NoAnswer("unavailable", "the container is paused, so nothing in it answers", self._resume)
        try:
            return in_network(self.pid, ask)
        except HostError as error:
            return NoAnswer("refused", error.what, error.remedy)

    def _tell_directory(self, question: str) -> Answer:
        return self._asked(lambda: super(Contained, self)._tell_directory(question))

    def _tell_imap(self, server: str) -> Answer:
        return self._asked(lambda: super(Contained, self)._tell_imap(server))

    def _tell_handshake(self, where: str) -> Answer:
        return self._asked(lambda: super(Contained, self)._tell_handshake(where))

    def _tell_kdc(self, question: str) -> Answer:
        return self._asked(lambda: super(Contained, self)._tell_kdc(question))

    def _start(self, command: str) -> "Child | NoAnswer":
        reason = f"`{command}` is not run: from outside nothing is executed in a container"
        return NoAnswer("unavailable", reason, "run maildoctor check inside it")

    def _user(self, uid: int) -> str:
        return str(self._names()[0].get(uid, uid))

    def _names(self) -> tuple[dict[int, str], dict[int, str]]:
        if self._owners is None:
            users, groups = super()._names()
            self._owners = _outer(users, id_map("uid", self.pid)), _outer(groups, id_map("gid", self.pid))
        return self._owners


class _Outer(dict[int, str]):
    """Names by the ids as we see them, from names by the ids as a user namespace sees them."""

    def __init__(self, names: dict[int, str], ids: IdMap) -> None:
        super().__init__(names)
        self._ids = ids

    def get(self, outer: int, default: Any = None) -> Any:
        ident = inner(self._ids, outer)
        return super().get(ident, str(ident))


def _outer(names: dict[int, str], ids: IdMap) -> dict[int, str]:
    return _Outer(names, ids) if ids else names


def by_pid(number: str) -> Contained:
    """What the process of this number sees. Raises HostError."""
    if not re.fullmatch(r"[1-9][0-9]{0,9}", number):
        raise HostError("this is no process number", number, _WHAT_PID)
    return Contained(int(number))


def by_name(name: str) -> Contained:
    """The container that docker or podman know by this name or id. Raises HostError."""
    from maildoctor.host.engines import find

    found = find(name)
    return Contained(found.pid, found.name, found.commands, found.resume)


def _hold(pid: int) -> int:
    """A file descriptor of the process's folder in /proc: it never comes to mean a later process of the same number."""
    folder = f"/proc/{pid}"
    try:
        held = filesystem.folder(folder)
    except OSError:
        if not filesystem.is_folder("/proc/self"):
            raise HostError("only Linux, with /proc mounted, shows containers", "/proc", "use --root DIR") from None
        raise HostError(f"there is no process {pid}", folder, _WHAT_PID) from None
    try:
        filesystem.link("root", held)
        filesystem.link("exe", held)
    except PermissionError:
        os.close(held)
        remedy = "run as root; for a container of your own: podman unshare maildoctor check ..."
        raise HostError(f"permission denied looking at process {pid}", f"{folder}/root", remedy) from None
    except OSError:
        os.close(held)
        what = f"process {pid} has no files: it is a thread of the kernel, or it has ended"
        raise HostError(what, f"{folder}/exe", _WHAT_PID) from None
    return held


def _has_root(held: int) -> bool:
    try:
        filesystem.link("root", held)
    except OSError:
        return False
    return True

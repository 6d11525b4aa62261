"""This machine: its files, its processes, its sockets, and the few programs that are run to ask them."""

import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from maildoctor import filesystem
from maildoctor.filesystem import Tree
from maildoctor.host import Answer, NoAnswer, Verb, procfs
from maildoctor.host.rooted import Rooted

if TYPE_CHECKING:
    import psutil

    from maildoctor.host.child import Child

MAIL_PROGRAMS = (
    "sendmail",
    "sm-mta",
    "sm-msp",
    "saslauthd",
    "postfix",
    "master",
    "smtpd",
    "exim",
    "dovecot",
    "opensmtpd",
    "syslogd",
    "rsyslogd",
    "syslog-ng",
    "systemd-journal",
    "logd",
    "milter",
    "slapd",
    "krb5kdc",
    "kdc",
)
"""Processes that are told of, by how their names begin."""


_QUESTION = 64 * 1024
"""Bytes of a file that a question to a back end needs."""


class Live(Rooted):
    """This machine."""

    kind = "host"
    asks_elsewhere = False
    """whether back ends on other machines may be asked too"""

    def __init__(self, name: str = "") -> None:
        self._open(Tree("/"))
        self.name = name or os.uname().nodename
        self._run: list[str] = []

    @property
    def commands(self) -> tuple[str, ...]:
        """The programs that were run, each as an admin can repeat it."""
        return tuple(self._run)

    def _verbs(self) -> dict[Verb, Callable[[str], Answer]]:
        return super()._verbs() | {
            "hostname": self._tell_hostname,
            "whoami": self._tell_whoami,
            "space": self._tell_space,
            "processes": self._tell_processes,
            "listeners": self._tell_listeners,
            "routes": self._tell_routes,
            "addresses": self._tell_addresses,
            "bound": self._tell_bound,
            "probe": self._tell_probe,
            "directory": self._tell_directory,
            "kdc": self._tell_kdc,
            "imap": self._tell_imap,
            "handshake": self._tell_handshake,
            "greets": self._tell_greets,
            "dns": self._tell_dns,
            "run": self._tell_run,
            "start": self._tell_start,
        }

    def _tell_start(self, _: str) -> Answer:
        return procfs.command_of(1) if procfs.serves() else NoAnswer("unavailable", "this is not Linux")

    def _tell_hostname(self, _: str) -> Answer:
        return os.uname().nodename

    def _tell_whoami(self, _: str) -> Answer:
        return "root" if os.geteuid() == 0 else str(os.geteuid())

    def _tell_space(self, path: str) -> Answer:
        status = self.files.statvfs(path)
        unit = status.f_frsize or status.f_bsize
        return (
            f"{status.f_bavail * unit // 1024} KiB free of {status.f_blocks * unit // 1024} KiB,"
            f" {status.f_favail} of {status.f_files} inodes free"
            + (", read-only" if status.f_flag & os.ST_RDONLY else "")
        )

    def _tell_processes(self, _: str) -> Answer:
        if not procfs.serves():
            return processes_by_psutil()
        pids = procfs.everyone()
        return procfs.running(pids, MAIL_PROGRAMS, "/", _user) if pids else procfs.NO_PROC

    def _tell_listeners(self, _: str) -> Answer:
        if not procfs.serves():
            return listeners_by_psutil()
        pids = procfs.everyone()
        return procfs.listening(pids, "/proc/net") if pids else procfs.NO_PROC

    def _tell_routes(self, _: str) -> Answer:
        return procfs.refusing("/proc/net") if procfs.serves() else NoAnswer("unavailable", "this is not Linux")

    def _tell_addresses(self, _: str) -> Answer:
        return procfs.addresses("/proc/net") if procfs.serves() else NoAnswer("unavailable", "this is not Linux")

    def _tell_bound(self, path: str) -> Answer:
        return procfs.bound(path, "/proc/net") if procfs.serves() else NoAnswer("unavailable", "this is not Linux")

    def _tell_probe(self, endpoints: str) -> Answer:
        from maildoctor.host.network import own_ports

        return own_ports(endpoints)

    def _tell_directory(self, question: str) -> Answer:
        from maildoctor.host.directory import ask

        return ask(question, self._text, self.asks_elsewhere)

    def _tell_kdc(self, question: str) -> Answer:
        from maildoctor.host.kdc import ask

        return ask(question, self.asks_elsewhere)

    def _tell_imap(self, server: str) -> Answer:
        from maildoctor.host.imap import ask

        return ask(server, self.asks_elsewhere)

    def _tell_handshake(self, where: str) -> Answer:
        from maildoctor.host.handshake import by_path, by_port

        if not where.startswith("/"):
            return by_port(where)
        if not procfs.serves() or not isinstance(self.files, Tree):
            return NoAnswer("unavailable", "this is not Linux")
        with self.files.socket(where) as name:
            return by_path(name)

    def _text(self, path: str) -> str:
        return self.files.read(path, _QUESTION).decode("utf-8", "surrogateescape")

    def _tell_greets(self, port: str) -> Answer:
        from maildoctor.host.asking import greeting

        return greeting(int(port))

    def _tell_dns(self, address: str) -> Answer:
        from maildoctor.host.asking import name_server

        return name_server(address)

    def _tell_run(self, command: str) -> Answer:
        """What a program says, run without a shell and without input."""
        child = self._start(command)
        return child if isinstance(child, NoAnswer) else child.words()

    def _start(self, command: str) -> "Child | NoAnswer":
        from maildoctor.host.child import start

        argv = shlex.split(command)
        if os.geteuid() != 0:
            return NoAnswer("refused", f"`{shlex.join(argv)}` tells the truth only to root", "run as root")
        program = argv[0] if "/" in argv[0] else filesystem.program(argv[0])
        if program is None:
            return NoAnswer("absent", f"there is no {argv[0]} that is safe to run")
        try:
            with filesystem.Trusted(program):  # whoever could change it, or put another in its place, is root or we
                child = start([program, *argv[1:]])
        except filesystem.Unsafe as error:
            reason = f"`{shlex.join(argv)}` is not run: {error.strerror}: {error.filename}"
            return NoAnswer("refused", reason, "let root alone own it and every directory above it")
        except OSError:
            return NoAnswer("absent", f"there is no {argv[0]}")
        if not isinstance(child, NoAnswer):
            self._run.append(shlex.join(argv) + " </dev/null")
        return child


def _user(uid: int) -> str:
    from pwd import getpwuid

    try:
        return getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


# ---- where /proc is not Linux's


def processes_by_psutil() -> Answer:
    """The running programs that have to do with mail, on any Unix."""
    import psutil

    own_root = filesystem.status("/")
    rows = []
    for process in psutil.process_iter(["name"]):
        name = process.info["name"] or ""
        if not name.startswith(MAIL_PROGRAMS) or not procfs.same_root(process.pid, own_root):
            continue
        try:
            command = " ".join(" ".join(process.cmdline())[: procfs.COMMAND].split()) or name
            started, program, owner = process.create_time(), procfs.program(process.pid, _user), _owner(process)
            rows.append((owner, f"{process.pid} {owner} {started:.2f} {program} {command}"))
        except psutil.Error:
            continue
    return procfs.some(rows)


def listeners_by_psutil() -> Answer:
    """The listening TCP sockets, on any Unix."""
    import psutil

    try:
        sockets = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return NoAnswer("refused", "permission denied listing the listening sockets", "run as root")
    names: dict[int, str] = {}
    rows = set()
    for s in sockets:
        if s.status != psutil.CONN_LISTEN:
            continue
        address: Any = s.laddr
        owner = "?"
        if s.pid is not None:
            if s.pid not in names:
                names[s.pid] = _name(s.pid)
            owner = names[s.pid]
        rows.add((address.port, address.ip, s.pid or 0, owner))
    return "\n".join(f"{ip} {port} {pid or '?'} {owner}" for port, ip, pid, owner in sorted(rows))


def _owner(process: "psutil.Process") -> str:
    import psutil

    try:
        return process.username()
    except KeyError:
        return str(process.uids().real)
    except psutil.Error:
        return "?"


def _name(pid: int) -> str:
    import psutil

    try:
        return psutil.Process(pid).name() or "?"
    except psutil.Error:
        return "?"

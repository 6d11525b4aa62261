"""Running programs and listening sockets."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

from maildoctor.model import Evidence

_PROCESS = re.compile(r"(\d{1,19}) (\S+) (\d{1,12}(?:\.\d+)?) (\S+) (.*)")
_HOLDER = re.compile(r"holds: (\d{1,19})")
_STOPPED = re.compile(r"stopped: (\d{1,19})")
_OLD_LIBRARY = re.compile(r"old library: (\d{1,19}) (/.*)")
_LIBSASL = re.compile(r"libsasl: (\d{1,19}) (/.*)")
_BEGAN = re.compile(r"began: (\d{1,19}) (\d{1,12}(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Process:
    """One running program. `started` is seconds since 1970, of a daemon that began anew in the same process (SIGHUP)
    the later time; `replaced`: the file on disk is another one by now; `file_of`: who owns that file, root where the
    line does not tell; `stopped`: a signal has suspended it; `old_libraries`: those in use that were replaced."""

    pid: int
    user: str
    started: float
    program: str
    replaced: bool
    command: str
    file_of: str = "root"
    stopped: bool = False
    old_libraries: tuple[str, ...] = ()
    libsasl: str = ""
    """the libsasl that it has in use; empty where that is not known"""

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """From one line as `Processes` describes it; None where it is no such line."""
        m = _PROCESS.fullmatch(line)
        if m is None:
            return None
        program, _, owner = m[4].rpartition("#of:") if "#of:" in m[4] else (m[4], "", "root")
        path = program.removesuffix("#deleted")
        return cls(int(m[1]), m[2], float(m[3]), path, path != program, m[5], owner)

    def trusted(self, users: Collection[str]) -> bool:
        """Whether it can be what its name says. Any user may call a process sendmail; a daemon is run by root, or by
        one of these `users`, and then its file is none that another user could have put there."""
        return self.user in ROOT or (self.user in users and (self.file_of in ROOT or self.file_of in users))

    @property
    def evidence(self) -> Evidence:
        """As ps shows it."""
        return Evidence("ps", f"{self.pid} {self.user} {self.command}")


ROOT = ("root", "0")

USERS = {
    "sendmail": ("smmta", "smmsp"),
    "saslauthd": ("saslauth", "saslauthd", "sasl", "cyrus"),
    "syslog": ("syslog", "systemd-journal"),
}
"""Whom distributions let run these daemons, where it is not root: accounts that nobody logs in with."""


@dataclass(frozen=True, slots=True)
class Processes:
    """Running programs that have to do with mail. Text: `PID USER STARTED PROGRAM COMMAND`, a line each; glued to
    PROGRAM `#deleted` where the file on disk is another by now, and `#of:OWNER` where it is not root's. Besides
    `started as: COMMAND` of sendmail's pid file, for its title in ps does not tell how it was called; `runs as: USER`,
    sendmail's RunAsUser; `holds: PID` for a process that listens on a port that only root may open; `began: PID
    SECONDS`, when it wrote its pid file; `stopped: PID`; `old library: PID PATH`; `libsasl: PID PATH`."""

    all: tuple[Process, ...]
    started_as: str = ""
    run_as: str = ""
    holders: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        lines = text.splitlines()
        stopped = {int(m[1]) for m in map(_STOPPED.fullmatch, lines) if m}
        began = {int(m[1]): float(m[2]) for m in map(_BEGAN.fullmatch, lines) if m}
        old: dict[int, list[str]] = {}
        for m in filter(None, map(_OLD_LIBRARY.fullmatch, lines)):
            old.setdefault(int(m[1]), []).append(m[2])
        libsasl = {int(m[1]): m[2] for m in map(_LIBSASL.fullmatch, lines) if m}
        found = (p for p in map(Process.parse, lines) if p)
        return cls(
            tuple(
                replace(
                    p,
                    started=max(p.started, began.get(p.pid, 0.0)),
                    stopped=p.pid in stopped,
                    old_libraries=tuple(old.get(p.pid, ())),
                    libsasl=libsasl.get(p.pid, ""),
                )
                if p.pid in stopped or p.pid in began or p.pid in old or p.pid in libsasl
                else p
                for p in found
            ),
            next((x.removeprefix("started as: ") for x in lines if x.startswith("started as: ")), ""),
            next((x.removeprefix("runs as: ") for x in lines if x.startswith("runs as: ")), ""),
            frozenset(int(m[1]) for m in map(_HOLDER.fullmatch, lines) if m),
        )

    @property
    def sendmail_daemons(self) -> tuple[Process, ...]:
        """Sendmail processes that accept mail, as far as they can be trusted."""
        users = (*USERS["sendmail"], self.run_as)
        return tuple(p for p in self.called_sendmail if p.trusted(users) or p.pid in self.holders)

    @property
    def called_sendmail(self) -> tuple[Process, ...]:
        """Whatever calls itself a sendmail that accepts mail, by its title or started with -bd (daemon.c)."""
        return tuple(
            p
            for p in self.all
            if re.search(r"\b(accepting|rejecting) (connections|new messages)|\s-b[dD]\b", p.command)
            and re.search(r"sendmail|sm-mta|^MTA", p.command)
        )

    @property
    def queue_runners(self) -> tuple[Process, ...]:
        """Sendmail processes that only run a queue (`-q15m` without -bd): nobody can connect to them."""
        daemons = {p.pid for p in self.called_sendmail}
        return tuple(
            p
            for p in self.all
            if p.pid not in daemons
            and re.search(r"sendmail|sm-mta|sm-msp|^MTA|^MSP", p.command)
            and re.search(r"\b[Qq]ueue [Rr]unner|\srunning queue|\s-q\d*[smhdwp]", p.command)
        )

    def named(self, *names: str, users: Collection[str] = ()) -> tuple[Process, ...]:
        """Processes of root, or of `users`, whose program or command begins with one of these names."""
        return tuple(
            p
            for p in self.all
            if p.trusted(users)
            and (
                p.program.rpartition("/")[2].startswith(names)
                or p.command.split(" ")[0].rpartition("/")[2].rstrip(":").startswith(names)
            )
        )


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening TCP socket. `program` is `?`, and `pid` is 0, where the owner could not be told."""

    address: str
    port: int
    program: str
    pid: int = 0

    @property
    def local_only(self) -> bool:
        """Reachable from this machine alone."""
        return self.address.startswith("127.") or self.address in ("::1", "::ffff:127.0.0.1")

    @property
    def evidence(self) -> Evidence:
        """As ss shows it."""
        return Evidence("ss -ltnp", f"LISTEN {self.address}:{self.port} {self.program}")


@dataclass(frozen=True, slots=True)
class Listeners:
    """Listening TCP sockets. Text: `ADDRESS PORT PID PROGRAM`, a line each."""

    all: tuple[Listener, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        rows = (line.split(None, 3) for line in text.splitlines())
        return cls(
            tuple(
                Listener(r[0], int(r[1]), r[3], int(r[2]) if re.fullmatch(r"\d{1,19}", r[2], re.ASCII) else 0)
                for r in rows
                if len(r) == 4 and re.fullmatch(r"\d{1,5}", r[1])
            )
        )

    def on(self, port: int) -> tuple[Listener, ...]:
        """The sockets of one port."""
        return tuple(x for x in self.all if x.port == port)

"""Running programs and listening sockets."""

import re
from dataclasses import dataclass
from typing import Self

from maildoctor.model import Evidence

_PROCESS = re.compile(r"(\d{1,19}) (\S+) (\d{1,12}(?:\.\d+)?) (\S+) (.*)")


@dataclass(frozen=True, slots=True)
class Process:
    """One running program. `started` is seconds since 1970; `replaced`: the file on disk is another one by now."""

    pid: int
    user: str
    started: float
    program: str
    replaced: bool
    command: str

    @property
    def evidence(self) -> Evidence:
        """As ps shows it."""
        return Evidence("ps", f"{self.pid} {self.user} {self.command}")


@dataclass(frozen=True, slots=True)
class Processes:
    """Running programs that have to do with mail. Text: `PID USER STARTED PROGRAM COMMAND`, a line each, and
    `started as: COMMAND` of sendmail's pid file: its title in ps does not tell how it was called."""

    all: tuple[Process, ...]
    started_as: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        rows = (m for m in map(_PROCESS.fullmatch, text.splitlines()) if m)
        return cls(
            tuple(
                Process(int(m[1]), m[2], float(m[3]), m[4].removesuffix("#deleted"), m[4].endswith("#deleted"), m[5])
                for m in rows
            ),
            next((x.removeprefix("started as: ") for x in text.splitlines() if x.startswith("started as: ")), ""),
        )

    @property
    def sendmail_daemons(self) -> tuple[Process, ...]:
        """Sendmail processes that accept mail: their title says so, or they were started with -bd (daemon.c)."""
        return tuple(
            p
            for p in self.all
            if re.search(r"\b(accepting|rejecting) (connections|new messages)|\s-b[dD]\b", p.command)
            and re.search(r"sendmail|sm-mta|^MTA", p.command)
        )

    def named(self, *names: str) -> tuple[Process, ...]:
        """Processes whose program or command begins with one of these names."""
        wanted = tuple(names)
        return tuple(
            p
            for p in self.all
            if p.program.rpartition("/")[2].startswith(wanted)
            or p.command.split(" ")[0].rpartition("/")[2].rstrip(":").startswith(wanted)
        )


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening TCP socket. `program` is `?` where the owner could not be told."""

    address: str
    port: int
    program: str

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
            tuple(Listener(r[0], int(r[1]), r[3]) for r in rows if len(r) == 4 and re.fullmatch(r"\d{1,5}", r[1]))
        )

    def on(self, port: int) -> tuple[Listener, ...]:
        """The sockets of one port."""
        return tuple(x for x in self.all if x.port == port)

"""saslauthd: what its defaults file says, whether it runs, and its socket."""

import re
import shlex
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look
from maildoctor.facts.processes import USERS, Process, Processes


@dataclass(frozen=True, slots=True)
class Saslauthd:
    """Text: lines of /etc/default/saslauthd (`MECHANISMS="pam"`), a process line (`PID USER STARTED PROGRAM COMMAND`),
    `ls -ld` lines of its run directory and socket, `socket /run/saslauthd/mux: missing`,
    or `no socket` where something else is there, `installed`,
    `START=yes is demanded` where its init script looks for it, `processes not seen` where nobody could look,
    `pam /etc/pam.d/smtp: missing`, and then the lines of /etc/pam.d/other behind `pam other: `.
    """

    settings: dict[str, str]
    processes: tuple[Process, ...]
    processes_seen: bool
    socket_path: str
    socket: Look | None
    socket_missing: bool
    folder: Look | None
    folder_instead: Look | None
    """what is at the socket's path, where that is a directory"""
    pam_missing: str
    """path of the PAM service file that is not there"""
    pam_other_asks: bool
    """whether the rules of /etc/pam.d/other, which count then, ask for a password and do not just deny"""
    installed: bool
    wants_start: bool
    """what starts it does so only with START=yes in /etc/default/saslauthd (Debian up to 12)"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        files = [x for x in map(Look.parse, text.splitlines()) if x]
        missing = re.search(r"(?m)^socket (/.*): missing$", text)
        wrong = re.search(r"(?m)^socket (/.*): no socket$", text)
        pam = re.search(r"(?m)^pam (/.*): missing$", text)
        socket = next((x for x in files if x.kind == "s"), None)
        folder = next((x for x in files if x.kind == "d"), None)
        # who owns the folder of the socket may make the socket, so that is whom libsasl asks
        users = (*USERS["saslauthd"], *([folder.owner] if folder and not folder.world_writable else []))
        other = re.findall(r"(?m)^pam other: *(@include +common-auth|-?auth\s+.*)$", text)
        return cls(
            dict(_setting(m) for m in re.finditer(r"(?m)^\s*([A-Z_]+)=(?!yes is demanded$)(.*)$", text)),
            Processes.parse(text).named("saslauthd", users=users),
            not re.search(r"(?m)^processes not seen$", text),
            socket.path if socket else missing[1] if missing else "",
            socket,
            bool(missing),
            folder,
            next((x for x in files if wrong and x.kind == "d" and x.path == wrong[1]), None),
            pam[1] if pam else "",
            bool(other) and not any("pam_deny" in row and "requi" in row for row in other),
            bool(re.search(r"(?m)^installed$", text)),
            bool(re.search(r"(?m)^START=yes is demanded$", text)),
        )

    @property
    def run_folder(self) -> str:
        """The folder of its socket, as the running process was told (-m); empty where it was not."""
        found = (re.search(r"\s-m\s*(/\S+)", process.command) for process in self.processes)
        return next((m[1].rstrip("/") for m in found if m), "")

    @property
    def is_kept_from_starting(self) -> bool:
        """Its init script would say that it is not enabled, and end as if all were well."""
        return self.wants_start and self.settings.get("START", "") != "yes"

    @property
    def mechanism(self) -> str:
        """What it asks: pam, shadow, sasldb, ldap …: of the running process (-a), else of the defaults file."""
        for process in self.processes:
            if m := re.search(r"\s-a\s*(\S+)", process.command):
                return m[1]
        return self.settings.get("MECHANISMS", self.settings.get("MECH", "")).split(" ")[0]


def _setting(m: re.Match[str]) -> tuple[str, str]:
    try:
        return m[1], " ".join(shlex.split(m[2], comments=True))
    except ValueError:
        return m[1], m[2].strip()

"""The sockets at which mail servers ask Dovecot's auth service, as they lie there and as they answer."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look, Paths, Trail
from maildoctor.facts.safety import may
from maildoctor.model import Evidence


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the service said on a socket, by `maildoctor.host.handshake`. `mechanisms`: names in capitals with their
    flags, in order; `connected`: empty where it could be connected to, else why not; `end`: `done`, or how it ended
    before: `closed`, `no answer`, `too much`."""

    connected: str
    version: tuple[int, ...]
    mechanisms: Mapping[str, frozenset[str]]
    names_itself: bool
    end: str
    strange: bool
    """it said something else besides"""

    @property
    def ready(self) -> bool:
        """Whether logins can be asked for there."""
        return self.end == "done" and self.version[:1] == (1,)

    @property
    def of_another_kind(self) -> bool:
        """Whether it is a socket for looking users up: VERSION and SPID, and then it waits."""
        return self.end == "no answer" and bool(self.version) and self.names_itself

    @property
    def gone(self) -> bool:
        """Whether it closed the connection before a word: the master holds the socket, the service does not start."""
        return self.end == "closed" and not self.version


@dataclass(frozen=True, slots=True)
class AuthSocket:
    """One place. `trail`: from `/` to it; `handshake`: None where it was not asked; `reason`: why it could not be
    looked at, or was not asked."""

    path: str
    trail: Trail
    handshake: Handshake | None
    reason: str = ""

    @property
    def file(self) -> Look | None:
        """The socket itself; None where nothing is there, or it could not be looked at."""
        return self.trail.file

    @property
    def missing(self) -> bool:
        """Whether it was looked for and there is none."""
        return self.file is None and not self.reason

    @property
    def last_folder(self) -> Look | None:
        """The innermost folder on the way that is there."""
        return self.trail.folders[-1] if self.trail.folders else None

    def refuses(self, user: str, groups: Collection[str]) -> Look | None:
        """The folder or the socket whose mode or owner keeps this user from connecting; None where nothing does.
        connect(2) wants write permission on the socket and search permission on the path."""
        if user in ("root", "0"):
            return None
        for folder in self.trail.folders:
            if not may(folder, user, groups, 1) and not folder.has_acl:
                return folder
        file = self.file
        if file is None or file.has_acl:
            return None
        return None if may(file, user, groups, 2) else file

    def evidence(self, word: str = "") -> Evidence:
        """What it said, or how it lies there."""
        if word and self.handshake is not None:
            return Evidence(f"connect to {self.path}", word)
        if self.file is not None:
            return self.file.evidence
        return Evidence(f"ls -ld {self.path}", self.reason or "No such file or directory")


def seen_by(path: str, queue: str, chrooted: bool) -> str:
    """Where smtpd finds smtpd_sasl_path, as the host sees it: it works in the queue directory, and in a chroot that is
    its root. `ADDRESS:PORT` of `inet:` (xsasl/xsasl_dovecot_server.c)."""
    if path.startswith("inet:"):
        return path.removeprefix("inet:")
    path = path.removeprefix("unix:")
    if path.startswith("/") and not chrooted:
        return path
    return f"{queue.rstrip('/')}/{path.lstrip('/')}"


_BLOCK = re.compile(r"(?m)^>> socket: (\S.*)$\n?")


@dataclass(frozen=True, slots=True)
class DovecotSockets:
    """Text: for each a line `>> socket: PATH`, the `ls -ld` lines of its trail, `unseen: WHY` where it could not be
    looked at or asked, and what it said."""

    all: Mapping[str, AuthSocket]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        parts = _BLOCK.split(text)
        return cls({path: _socket(path, body) for path, body in zip(parts[1::2], parts[2::2], strict=True)})

    def at(self, path: str) -> AuthSocket | None:
        """The one with this path, as it was looked for; None where nobody looked."""
        return self.all.get(path)


def _socket(path: str, body: str) -> AuthSocket:
    named = Paths.parse(f"{body}\n[configuration] {path}").trails if path[:1] == "/" else ()
    trail = named[-1] if named else Trail("configuration", path, (), False)
    reason = next((x.removeprefix("unseen: ") for x in body.splitlines() if x.startswith("unseen: ")), "")
    return AuthSocket(path, trail, _handshake(body), reason)


def _handshake(body: str) -> Handshake | None:
    connected, version, names, strange, end = None, tuple[int, ...](), False, False, ""
    mechanisms: dict[str, frozenset[str]] = {}
    for line in body.splitlines():
        word, _, rest = line.partition(" ")
        if word == "connect:":
            connected = "" if rest == "ok" else rest or "failed"
        elif word == "VERSION" and re.fullmatch(r"\d{1,6} \d{1,6}", rest):
            version = tuple(map(int, rest.split()))
        elif word == "MECH" and rest:
            name, *flags = rest.split()
            mechanisms.setdefault(name.upper(), frozenset(flags))
        elif line == "SPID":
            names = True
        elif line == "DONE":
            end = "done"
        elif word == "end:":
            end = rest
        elif line == "other":
            strange = True
    if connected is None:
        return None
    return Handshake(connected, version, mechanisms, names, end, strange)

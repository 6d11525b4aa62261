"""saslauthd whole: each instance that runs, by its own command line, and what its settings would start."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from maildoctor.facts.paths import Look
from maildoctor.facts.processes import USERS, Process, Processes
from maildoctor.model import Evidence

MECHANISMS = frozenset({
    "sasldb", "dce", "getpwent", "kerberos4", "kerberos5", "pam", "rimap", "shadow", "sia", "ldap", "httpform",
})  # fmt: skip
"""All that were ever built into saslauthd (saslauthd/mechanisms.c), compared without regard to case."""

READ_ONCE = frozenset({"ldap", "kerberos5", "httpform"})
"""Mechanisms whose file is read once: at start (auth_krb5_init, auth_httpform_init), or at a worker's first login
(auth_ldap.c: `static LAK *lak`). PAM's files, krb5.conf and shadow are read at each login."""

CACHE_SECONDS = 28800
"""CACHE_DEFAULT_TIMEOUT of saslauthd/cache.h."""

_DEFAULT_CONFIGURATION = {"freebsd": "/usr/local/etc/saslauthd.conf"}
_WITH_VALUE = "aOmnst"
_FLAG = re.compile(r"(?m)^# (file|asked|real|running): ?(.*)$")
_NAMES = {"MECHANISMS": "-a", "MECH": "-a", "SASLAUTHD_AUTHMECH": "-a", "MECH_OPTIONS": "-O", "SOCKETDIR": "-m"}
_MORE = ("OPTIONS", "FLAGS", "SASLAUTHD_OPTS", "SASLAUTHD_PARAMS", "saslauthd_flags", "THREADS")


@dataclass(frozen=True, slots=True)
class Flags:
    """What a command line of saslauthd asks for (saslauthd-main.c). `mechanism`: -a in lower case; `option`: -O;
    `folder`: -m, where its socket `mux` is, empty: the one compiled in; `joins_realm`: -r; `caches`: -c, for so many
    `seconds`; `workers`: -n, 0 is one for each login."""

    mechanism: str = ""
    option: str = ""
    folder: str = ""
    joins_realm: bool = False
    caches: bool = False
    seconds: int = CACHE_SECONDS
    workers: int = 5

    @classmethod
    def of(cls, words: list[str]) -> Self:
        """As getopt(3) takes them, `a:cdfhO:lm:n:rs:t:vV`; words behind `--` and others are passed over."""
        flags = cls()
        for letter, value in _options(words):
            if letter == "a":
                flags = replace(flags, mechanism=flags.mechanism or value.lower())
            elif letter == "O":
                flags = replace(flags, option=value)
            elif letter == "m":
                flags = replace(flags, folder=value)
            elif letter == "n":
                flags = replace(flags, workers=_number(value, 5))
            elif letter == "t":
                flags = replace(flags, seconds=_number(value, CACHE_SECONDS) or CACHE_SECONDS)
            elif letter == "r":
                flags = replace(flags, joins_realm=True)
            elif letter == "c":
                flags = replace(flags, caches=True)
        return flags

    @property
    def words(self) -> str:
        """Those that settle who is let in, as they are written."""
        return " ".join(
            filter(
                None,
                (
                    f"-a {self.mechanism}" if self.mechanism else "",
                    f"-O {self.option}" if self.option else "",
                    f"-m {self.folder}" if self.folder else "",
                    "-r" if self.joins_realm else "",
                ),
            )
        )


@dataclass(frozen=True, slots=True)
class Instance:
    """One saslauthd with its workers. `started`: the first of them; `folder`: of its socket, links followed, empty
    where it is the one compiled in."""

    flags: Flags
    processes: tuple[Process, ...]
    folder: str

    @property
    def started(self) -> float:
        """Seconds since 1970."""
        return min(p.started for p in self.processes)

    @property
    def user(self) -> str:
        """As whom it asks."""
        return self.processes[0].user

    @property
    def evidence(self) -> Evidence:
        """As ps shows it."""
        return self.processes[0].evidence


@dataclass(frozen=True, slots=True)
class Verifier:
    """saslauthd as it runs and as it is set up.

    Text: process lines (`PID USER STARTED PROGRAM COMMAND`); `# file: /etc/default/saslauthd` and then its lines;
    `ls -ld` lines of that file and of the file of its mechanism; `# asked: /run/saslauthd/mux` for the socket that the
    application asks, links followed; `# real: PATH REAL` for a folder of -m; `# running: unknown` where processes
    cannot be seen.
    """

    instances: tuple[Instance, ...]
    path: str
    """the file with its settings, empty where there is none"""
    settings: dict[str, str]
    configured: Flags
    asked: str
    """the socket that the application asks; empty where that is not known"""
    files: dict[str, Look]
    running_known: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        marks = [(m[1], m[2].strip()) for m in _FLAG.finditer(text)]
        real = dict(m.split(" ", 1) for kind, m in marks if kind == "real" and " " in m)
        files = {x.path: x for x in map(Look.parse, text.splitlines()) if x}
        path = next((m for kind, m in marks if kind == "file"), "")
        settings = _settings(text)
        return cls(
            _instances(Processes.parse(text).named("saslauthd", users=USERS["saslauthd"]), real),
            path,
            settings,
            _configured(settings),
            next((m for kind, m in marks if kind == "asked"), ""),
            files,
            not any(kind == "running" for kind, _ in marks),
        )

    @property
    def serving(self) -> Instance | None:
        """The instance whose socket the application asks; where that cannot be told, the only one that runs."""
        for one in self.instances:
            if self.asked and one.folder and f"{one.folder}/mux" == self.asked:
                return one
        others = [i for i in self.instances if not (self.asked and i.folder)]
        return others[0] if len(others) == 1 else None

    @property
    def flags(self) -> Flags | None:
        """With which logins are checked: of the instance that is asked, where none runs of the settings."""
        if self.serving is not None:
            return self.serving.flags
        return None if self.instances or not self.configured.mechanism else self.configured

    @property
    def mechanism(self) -> str:
        """Its back end; empty where it cannot be told."""
        return self.flags.mechanism if self.flags else ""

    def configuration(self, family: str) -> str:
        """The file that its mechanism reads (SASLAUTHD_CONF_FILE_DEFAULT, or -O)."""
        option = self.flags.option if self.flags else ""
        return option or _DEFAULT_CONFIGURATION.get(family, "/etc/saslauthd.conf")

    def evidence(self) -> Evidence:
        """What says which back end is asked."""
        if self.serving is not None:
            return self.serving.evidence
        return Evidence(self.path or "ps", self.configured.words or "saslauthd does not run")

    @property
    def proof(self) -> Evidence | None:
        """That a saslauthd runs behind the very socket that the application asks."""
        one = self.serving
        if one is None or not (self.asked and one.folder and f"{one.folder}/mux" == self.asked):
            return None
        return Evidence("ps", f"{one.processes[0].pid} {one.user} {one.processes[0].command} ({self.asked})")


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            return
        if not word.startswith("-"):
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in _WITH_VALUE:
                yield letter, letters or (left.pop(0) if left else "")
                break
            yield letter, ""


def _number(text: str, otherwise: int) -> int:
    """As atoi(3)."""
    m = re.match(r"-?\d{1,9}", text)
    return int(m[0]) if m else otherwise


def _instances(processes: tuple[Process, ...], real: dict[str, str]) -> tuple[Instance, ...]:
    grouped: dict[str, list[Process]] = {}
    for process in processes:
        words = process.command.split()
        if "-a" in words or any(w.startswith("-a") for w in words):
            grouped.setdefault(process.command, []).append(process)
    found = []
    for command, group in grouped.items():
        flags = Flags.of(command.split()[1:])
        found.append(Instance(flags, tuple(group), real.get(flags.folder or "default", flags.folder).rstrip("/")))
    return tuple(found)


def _settings(text: str) -> dict[str, str]:
    _, _, rest = text.partition("# file: ")
    found = {}
    for m in re.finditer(r"(?m)^[ \t]*(?:export[ \t]+)?(\w{1,40})=(.*)$", rest):
        try:
            found[m[1]] = " ".join(shlex.split(m[2], comments=True))
        except ValueError:
            found[m[1]] = m[2].strip()
    return found


def _configured(settings: dict[str, str]) -> Flags:
    words: list[str] = []
    for name, letter in _NAMES.items():
        if value := settings.get(name):
            words += [letter, value.split(" ")[0]]
    if "THREADS" in settings:
        words += ["-n", settings["THREADS"]]
    for name in _MORE[:-1]:
        words += settings.get(name, "").split()
    return Flags.of(words)

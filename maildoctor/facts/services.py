"""Which mail servers are installed, which of them is in use, and whose are the ports, the commands and the settings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from maildoctor.facts.processes import Listener, Listeners, Process, Processes
from maildoctor.model import Evidence

_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "sendmail": ("sendmail", "sm-mta"),
    "postfix": ("master", "smtpd", "postscreen"),
    "exim": ("exim",),
    "opensmtpd": ("smtpd",),
}
"""What the programs that listen are called, by product."""
_DAEMON: Mapping[str, re.Pattern[str]] = {
    "sendmail": re.compile(r"/sendmail|/sm\.bin/"),
    "postfix": re.compile(r"/postfix/"),
    "exim": re.compile(r"/exim4?(?:-[\w.-]{1,40})?$"),
    "opensmtpd": re.compile(r"(?<!/postfix)/s?bin/smtpd$|/opensmtpd/|/libexec/smtpd/"),
}
"""The files of these programs: `smtpd` is what both Postfix and OpenSMTPD call theirs."""
_PORTS = (25, 465, 587)

_LINE = re.compile(r"(?m)^(service|other|beside|not at boot): ([a-z0-9-]{1,40})$")
_WITH_PATH = re.compile(r"(?m)^(at boot|left): ([a-z0-9-]{1,40}) (/\S{1,1000})$")
_CLAIM = re.compile(r"(?m)^wants: ([a-z0-9-]{1,40}) (\d{1,5}) (/\S{1,1000})$")
_COMMAND = re.compile(r"(?m)^command: (sendmail|newaliases|mailq) ([a-z0-9-]{1,40}) (/\S{1,1000})$")
_CHANGED = re.compile(r"(?m)^changed: ([a-z0-9-]{1,40}) (\d{1,12}) (/\S{1,1000})$")

NAMES: Mapping[str, str] = {
    "sendmail": "Sendmail",
    "postfix": "Postfix",
    "exim": "Exim",
    "opensmtpd": "OpenSMTPD",
    "cyrus-imapd": "Cyrus IMAP",
}
"""As their makers write them."""


def named(product: str) -> str:
    """What people call it."""
    return NAMES.get(product, product)


@dataclass(frozen=True, slots=True)
class Command:
    """One of the commands that every mail server brings, and the file that it leads to."""

    name: str
    product: str
    path: str

    @property
    def evidence(self) -> Evidence:
        """The file behind it."""
        return Evidence(f"readlink -f $(command -v {self.name})", self.path)


@dataclass(frozen=True, slots=True)
class Services:
    """Text: `service: sendmail`, a line for each mail server whose configuration and program are there and whose logins
    can be judged; `other: exim`, one for each other that is installed; `beside: dovecot`, one for each of dovecot and
    saslauthd. Where there may be two mail servers also `left: sendmail PATH`, the configuration of one whose program is
    gone; `at boot: postfix PATH`, what starts it, or `not at boot: exim`; `wants: postfix 587 PATH`, a port on which it
    is to listen by its configuration; `command: mailq exim PATH`, whose it is; `changed: postfix SECONDS PATH`, the
    file of its configuration that was changed last."""

    products: tuple[str, ...]
    beside: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    at_boot: Mapping[str, str] = field(default_factory=dict)
    not_at_boot: frozenset[str] = frozenset()
    wants: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """ports, and the file that names them"""
    commands: tuple[Command, ...] = ()
    changed: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        found = _LINE.findall(text)
        kinds = {kind: tuple(dict.fromkeys(n for k, n in found if k == kind)) for kind in dict(found)}
        paths = [row for row in _WITH_PATH.findall(text) if row[1] in _PROGRAMS]
        wants: dict[str, dict[int, str]] = {}
        for product, port, path in _CLAIM.findall(text):
            if product in _PROGRAMS:
                wants.setdefault(product, {}).setdefault(int(port), path)
        commands = {row[0]: Command(*row) for row in _COMMAND.findall(text)}
        return cls(
            kinds.get("service", ()),
            kinds.get("beside", ()),
            kinds.get("other", ()),
            {name: path for kind, name, path in paths if kind == "left"},
            {name: path for kind, name, path in paths if kind == "at boot"},
            frozenset(kinds.get("not at boot", ())),
            wants,
            tuple(commands.values()),
            {name: (int(when), path) for name, when, path in _CHANGED.findall(text) if name in _PROGRAMS},
        )

    @property
    def smtp(self) -> tuple[str, ...]:
        """Those that would take mail by SMTP."""
        return tuple(p for p in (*self.products, *self.others) if p in _PROGRAMS)

    def claims(self, product: str) -> tuple[int, ...]:
        """The ports of mail that it would listen on, by its configuration; all where that does not tell."""
        return tuple(p for p in self.wants.get(product, ()) if p in _PORTS) or _PORTS

    def held(self, listeners: Listeners, processes: Processes | None = None) -> Iterator[tuple[int, str, Listener]]:
        """Each socket of a port of mail that one of them listens on: port, product, socket."""
        servers, files = self.smtp, {p.pid: p.program for p in processes.all} if processes else {}
        for port in _PORTS:
            for socket in listeners.on(port):
                called = [p for p in servers if socket.program.startswith(_PROGRAMS[p])]
                file = files.get(socket.pid, "") if socket.pid else ""
                if called:
                    yield port, next((p for p in called if _DAEMON[p].search(file)), called[0]), socket

    def holder(self, port: int, listeners: Listeners) -> tuple[str, Listener] | None:
        """Which of them listens on a port, and the socket; None where none of them does."""
        return next(((product, socket) for at, product, socket in self.held(listeners) if at == port), None)

    def idle(self, product: str, listeners: Listeners | None, processes: Processes | None = None) -> str:
        """Why this one is not what users meet here, as `ports 25 and 587 are Exim's`; empty where it may be. Of ports
        those decide that it would listen on; where nobody listens, what is started at boot."""
        held = list(self.held(listeners, processes)) if listeners else []
        if any(owner == product for _, owner, _ in held):
            return ""
        if held:
            taken = {port: owner for port, owner, _ in held if port in self.claims(product)}
            return "; ".join(_owned(taken, owner) for owner in dict.fromkeys(taken.values()))
        if product not in self.not_at_boot or (processes and (product not in _DAEMON or daemons(product, processes))):
            return ""
        started = [named(p) for p in self.smtp if p in self.at_boot and p != product]
        return f"{' and '.join(started)} is started at boot, {named(product)} is not" if started else ""


def daemons(product: str, processes: Processes) -> list[Process]:
    """The processes of one of these mail servers, by the files of its programs."""
    return [p for p in processes.all if _DAEMON[product].search(p.program)]


def _owned(ports: Mapping[int, str], owner: str) -> str:
    some = [str(port) for port, product in ports.items() if product == owner]
    return f"{counted_ports(some)} {'is' if len(some) == 1 else 'are'} {named(owner)}'s"


def counted_ports(ports: list[str]) -> str:
    """`port 25`, `ports 25 and 587`."""
    return f"port {ports[0]}" if len(ports) == 1 else f"ports {', '.join(ports[:-1])} and {ports[-1]}"

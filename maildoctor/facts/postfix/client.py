"""How Postfix logs in at its relay host: what smtp_sasl_password_maps hold, and which mechanisms its library has."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look
from maildoctor.facts.postfix.server import Postfix, Smtpd

_HEAD = re.compile(r"\[(\S{1,200})\] ([a-z]{1,20}):(/\S{1,4000})")
_HOP = re.compile(r"\[([\w.:-]{1,255})\](?::([\w-]{1,40}))?|([\w.-]{1,255})(?::([\w-]{1,40}))?")
_PORTS = {"smtp": 25, "submission": 587, "smtps": 465, "submissions": 465}


@dataclass(frozen=True, slots=True)
class PasswordEntry:
    """One entry. `shape` is its value with the password struck out: `relay:***`, `relay:(empty)`, `relay:(begins
    with a blank)`, `(no colon)`."""

    key: str
    shape: str


@dataclass(frozen=True, slots=True)
class PasswordMap:
    """One table of smtp_sasl_password_maps. `unread`: why its entries cannot be told, empty where they can."""

    parameter: str
    type: str
    path: str
    files: tuple[Look, ...]
    unread: str
    entries: tuple[PasswordEntry, ...]


@dataclass(frozen=True, slots=True)
class PasswordMaps:
    """Text: blocks of `[smtp_sasl_password_maps] hash:/etc/postfix/sasl_passwd` with `ls -l` lines of source and
    index, `entry: KEY<TAB>USER:***`, `unread: reason`; before them `plug-ins: libplain.so.2 …`, the files in the folder
    of libsasl's plug-ins, where that could be looked at."""

    all: tuple[PasswordMap, ...]
    plugins: tuple[str, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        blocks: list[tuple[re.Match[str], list[str]]] = []
        plugins: tuple[str, ...] | None = None
        for line in text.splitlines():
            if m := _HEAD.fullmatch(line):
                blocks.append((m, []))
            elif blocks:
                blocks[-1][1].append(line)
            elif line.startswith("plug-ins:"):
                plugins = tuple(line.removeprefix("plug-ins:").split())
        return cls(tuple(_map(m, lines) for m, lines in blocks), plugins)

    @property
    def whole(self) -> bool:
        """Whether the entries of every table are known."""
        return all(not m.unread for m in self.all)

    def entries(self) -> Iterator[tuple[PasswordMap, PasswordEntry]]:
        """All, in the order in which they are asked."""
        for m in self.all:
            yield from ((m, e) for e in m.entries)

    def asked(self, keys: tuple[str, ...]) -> tuple[PasswordMap, PasswordEntry] | None:
        """What the first of these keys that is there gives (smtp/smtp_sasl_glue.c, smtp_sasl_passwd_lookup): each key
        goes through all tables."""
        for key in keys:
            for m, entry in self.entries():
                if entry.key == key.lower():
                    return m, entry
        return None


@dataclass(frozen=True, slots=True)
class NextHop:
    """A relay host as main.cf has it: `[smtp.example.com]:587`. `bare`: in brackets, so that no MX is looked up."""

    text: str
    host: str
    port: int
    bare: bool

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None where it is empty or none that Postfix takes."""
        m = _HOP.fullmatch(text.strip())
        if m is None:
            return None
        service = m[2] or m[4] or "smtp"
        port = int(service) if service.isdecimal() and len(service) < 6 else _PORTS.get(service, 0)
        return cls(text.strip(), m[1] or m[3], port, m[1] is not None)

    @property
    def keys(self) -> tuple[str, ...]:
        """Under which an entry is looked for: the host that is connected, then this as written. Without brackets the
        host is what the name server gives, which may be this name itself."""
        return (self.host, self.text)


def client(postfix: Postfix) -> Smtpd | None:
    """The service that hands mail to the relay host: `smtp/unix`; None where master.cf is not known or has none."""
    services = postfix.master.services if postfix.master else ()
    return next((Smtpd(s, postfix) for s in services if s.kind == "unix" and s.name == "smtp"), None)


def _map(head: re.Match[str], lines: list[str]) -> PasswordMap:
    found = [line.removeprefix("entry: ").partition("\t") for line in lines if line.startswith("entry: ")]
    return PasswordMap(
        head[1],
        head[2],
        head[3],
        tuple(x for x in map(Look.parse, lines) if x),
        next((line.removeprefix("unread: ") for line in lines if line.startswith("unread: ")), ""),
        tuple(PasswordEntry(key, shape) for key, _, shape in found),
    )

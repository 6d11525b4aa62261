"""What takes a message once sendmail has it: delivery agents, mail filters, and the mailboxes of this host."""

import re
from dataclasses import dataclass
from typing import Literal, Self, get_args

from maildoctor.facts.paths import Look
from maildoctor.model import Evidence

Purpose = Literal["agent", "filter", "mailboxes"]
"""`agent`: the program P= of an M line; `filter`: the socket of a milter; `mailboxes`: the directory they lie in."""

_HEAD = re.compile(r"\[(agent|filter|mailboxes)(?: (\S{1,100}))?\] (/.*)")


@dataclass(frozen=True, slots=True)
class Place:
    """One file or directory. `look`: what stands there, links followed; None where it is `missing`, or `refused` tells
    why we could not look."""

    purpose: Purpose
    name: str
    path: str
    look: Look | None
    missing: bool
    refused: str
    deaf: bool = False
    """it is a socket, and no process listens on it"""
    above: tuple[Look, ...] = ()
    """directories above it that others may write"""

    @property
    def evidence(self) -> Evidence:
        """What ls says of it."""
        words = "No such file or directory" if self.missing else self.refused or "?"
        return self.look.evidence if self.look else Evidence(f"ls -ld {self.path}", words)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Text: blocks of `[agent local] /usr/bin/procmail`, `[filter NAME] /run/x.sock`, `[mailboxes] /var/mail`, each
    with the `ls -ld` line of what is at the end of that path, `missing`, or `refused: reason`; `bound: no` below a
    socket on which no process listens, `above: …` with the `ls -ld` line of a directory above it that others may
    write."""

    all: tuple[Place, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the blocks described above."""
        blocks: list[tuple[Purpose, str, str, list[str]]] = []
        for line in text.splitlines():
            m = _HEAD.fullmatch(line)
            purpose = next((p for p in get_args(Purpose) if m and m[1] == p), None)
            if m and purpose:
                blocks.append((purpose, m[2] or "", m[3], []))
            elif blocks:
                blocks[-1][3].append(line)
        return cls(tuple(_place(*block) for block in blocks))

    def of(self, purpose: Purpose) -> tuple[Place, ...]:
        """Those of one purpose."""
        return tuple(place for place in self.all if place.purpose == purpose)

    def named(self, purpose: Purpose, name: str) -> Place | None:
        """The one of this name."""
        return next((place for place in self.of(purpose) if place.name == name), None)


def _place(purpose: Purpose, name: str, path: str, lines: list[str]) -> Place:
    refused = next((x.removeprefix("refused: ") for x in lines if x.startswith("refused: ")), "")
    look = next((x for x in map(Look.parse, lines) if x), None)
    above = tuple(x for x in (Look.parse(y.removeprefix("above: ")) for y in lines if y.startswith("above: ")) if x)
    return Place(purpose, name, path, look, "missing" in lines and look is None, refused, "bound: no" in lines, above)

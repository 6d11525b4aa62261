"""Files, folders and sockets that Postfix' services need, as `ls -ld` shows them, most of them below its queue."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from maildoctor.facts.paths import Look
from maildoctor.facts.strays import Strays

_MISSING = re.compile(r"missing: (/.{0,4096})")
_UNSEEN = re.compile(r"unseen: (/[^:]{0,4096}): (.{0,400})")
_BOUND = re.compile(r"bound: (/.{0,4096}) (yes|no)")
_SPACE = re.compile(
    r"space: (/.{0,4096}?) (\d{1,19}) KiB free of (\d{1,19}) KiB"
    r"(?:, (\d{1,19}) of (\d{1,19}) inodes free)?(, read-only)?"
)
_ACCESS = re.compile(r"access: (\w{1,12}:/[^\t]{0,4096})\t([^\t]{1,400})\t(.{0,400})")
_ASKS = "chroot resolver: "
_ENTRY = re.compile(r"login: (/[^\t]{0,4096})\t([^\t]{1,400})\t(.{0,400})")


@dataclass(frozen=True, slots=True)
class Space:
    """Room of a file system in KiB; inodes are None where it has no fixed number of them."""

    path: str
    free: int
    size: int
    free_inodes: int | None
    inodes: int | None
    read_only: bool


@dataclass(frozen=True, slots=True)
class PostfixFiles:
    """Text: `ls -ld` lines, `missing: PATH`, `unseen: PATH: REASON`, `bound: PATH yes` where a process listens on a
    socket, `space: PATH 812 KiB free of 1024 KiB, 40 of 50 inodes free`, and of tables of senders
    `login: PATH<TAB>ADDRESS<TAB>NAMES`; of access tables `access: TYPE:PATH<TAB>PATTERN<TAB>ACTION`; `chroot resolver:
    192.0.2.1 …`, the name servers in resolv.conf below the queue directory; and lines as `Strays` has them."""

    by_path: Mapping[str, Look]
    missing: frozenset[str]
    unseen: Mapping[str, str]
    bound: Mapping[str, bool]
    spaces: tuple[Space, ...]
    owners: Mapping[str, tuple[tuple[str, str], ...]]
    """by the path of a table of smtpd_sender_login_maps, its addresses with the names that may use each"""
    access: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """by `TYPE:PATH`, the rows of an access table in their order: pattern and action"""
    name_servers: tuple[str, ...] = ()
    """those that a chrooted service asks"""
    strays: Strays = field(default_factory=Strays)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above; others are passed over."""
        lines = text.splitlines()
        owners: dict[str, list[tuple[str, str]]] = {}
        access: dict[str, list[tuple[str, str]]] = {}
        for m in filter(None, map(_ACCESS.fullmatch, lines)):
            access.setdefault(m[1], []).append((m[2], m[3]))
        for m in filter(None, map(_ENTRY.fullmatch, lines)):
            owners.setdefault(m[1], []).append((m[2], m[3]))
        return cls(
            {x.path: x for x in map(Look.parse, lines) if x},
            frozenset(m[1] for m in map(_MISSING.fullmatch, lines) if m),
            {m[1]: m[2] for m in map(_UNSEEN.fullmatch, lines) if m},
            {m[1]: m[2] == "yes" for m in map(_BOUND.fullmatch, lines) if m},
            tuple(_space(m) for m in map(_SPACE.fullmatch, lines) if m),
            {path: tuple(rows) for path, rows in owners.items()},
            {table: tuple(rows) for table, rows in access.items()},
            tuple(w for x in lines if x.startswith(_ASKS) for w in x.removeprefix(_ASKS).split()[:3]),
            Strays.parse(lines),
        )

    def look(self, path: str) -> Look | None:
        """What is there; None where nothing is, or nobody looked."""
        return self.by_path.get(path)

    def trail(self, path: str) -> tuple[Look, ...]:
        """The folders from `/` down to a path, as far as they were looked at, and what stands at its end."""
        steps = [p for p in path.split("/") if p]
        places = ["/", *("/" + "/".join(steps[: n + 1]) for n in range(len(steps)))]
        return tuple(self.by_path[p] for p in places if p in self.by_path)


def _space(m: re.Match[str]) -> Space:
    free_inodes, inodes = (int(g) if g else None for g in (m[4], m[5]))
    return Space(m[1], int(m[2]), int(m[3]), free_inodes, inodes, bool(m[6]))

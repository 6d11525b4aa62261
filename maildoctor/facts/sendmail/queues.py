"""Queue directories: there, whose, and how much room."""

import re
from dataclasses import dataclass, field
from typing import Literal, Self

from maildoctor.facts.paths import Look
from maildoctor.facts.strays import Strays

_HEAD = re.compile(r"\[(queue|submission queue)\] (/.*)")
_SPACE = re.compile(r"(\d{1,19}) KiB free of (\d{1,19}) KiB(?:, (\d{1,19}) of (\d{1,19}) inodes free)?")


_WAITING = re.compile(r"waiting: (\d{1,9}) (\d{1,12}(?:\.\d{1,9})?)")


QueuePurpose = Literal["queue", "submission queue"]


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue directory. `look` is None where it is missing; `free` and `size` are KiB, None where not known."""

    purpose: QueuePurpose
    path: str
    look: Look | None
    missing: bool
    free: int | None
    size: int | None
    free_inodes: int | None
    inodes: int | None
    read_only: bool = False
    """its file system takes no writes"""
    waiting: int = 0
    """messages in it, where they were counted"""
    oldest: float = 0.0
    """since when the oldest of them waits, in seconds since 1970"""
    strays: Strays = field(default_factory=Strays)


@dataclass(frozen=True, slots=True)
class Queues:
    """Text: blocks of `[queue] /var/spool/mqueue` with an `ls -ld` line or `missing`, and
    `812 KiB free of 1024 KiB, 40 of 50 inodes free` (`, read-only` behind it where that is so), and `waiting:
    NUMBER SECONDS`, how many messages are there and since when the oldest is; and lines as `Strays` has
    them."""

    all: tuple[Queue, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the blocks described above."""
        blocks: list[tuple[QueuePurpose, str, list[str]]] = []
        for line in text.splitlines():
            if m := _HEAD.fullmatch(line):
                blocks.append(("queue" if m[1] == "queue" else "submission queue", m[2], []))
            elif blocks:
                blocks[-1][2].append(line)
        return cls(tuple(_queue(*block) for block in blocks))


def _queue(purpose: QueuePurpose, path: str, lines: list[str]) -> Queue:
    look = next((x for x in map(Look.parse, lines) if x), None)
    space = next((m for m in map(_SPACE.search, lines) if m), None)
    free, size, inodes_free, inodes = [int(g) if g else None for g in space.groups()] if space else [None] * 4
    wait = next((m for m in map(_WAITING.fullmatch, lines) if m), None)
    return Queue(
        purpose,
        path,
        look,
        "missing" in lines,
        free,
        size,
        inodes_free,
        inodes,
        _read_only(lines),
        int(wait[1]) if wait else 0,
        float(wait[2]) if wait else 0.0,
        Strays.parse(lines),
    )


def _read_only(lines: list[str]) -> bool:
    return any(_SPACE.search(line) and line.endswith(", read-only") for line in lines)

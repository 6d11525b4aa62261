"""Files in a queue that are none of its messages, and fill its file system."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look

SPACE = re.compile(r"(\d{1,19}) KiB free of (\d{1,19}) KiB")


@dataclass(frozen=True, slots=True)
class Strays:
    """Text: `stray: LINE` of `ls -l` for each, and `room: PATH`, a folder on another file system that takes them."""

    files: tuple[Look, ...] = ()
    room: str = ""

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Self:
        """From such lines; others are passed over."""
        rows = list(lines)
        seen = (Look.parse(row.removeprefix("stray: ")) for row in rows if row.startswith("stray: "))
        room = next((row.removeprefix("room: ") for row in rows if row.startswith("room: /")), "")
        return cls(tuple(x for x in seen if x), room)

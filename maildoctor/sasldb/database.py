"""What every reader of a key/value file gives back."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

Pair = tuple[bytes, bytes]

ALL = sys.maxsize
HELD = 32 * 1024 * 1024
"""Bytes of the pairs that are taken, where not all are: what is made of them in memory is several times as large."""
LONGEST = 1024 * 1024
"""Bytes of a pair, likewise."""
COUNTED = 1_000_000
"""What is left out is counted so far: to count a file of tiny records to its end may take a minute."""


class NotADatabase(ValueError):
    """The bytes are no key/value file known here. The text says what they are instead, never what is in them."""


@dataclass(frozen=True, slots=True)
class Database:
    """A key/value file, read.

    `backend` is the library a program needs for it: berkeley, gdbm, lmdb, ndbm (the Berkeley DB 1.85 hash that libc's
    ndbm writes on BSD and macOS) or cdb. gdbm's own ndbm writes `.pag` files which are gdbm in every byte.
    `detail` names the format for a person. `damage` says why `pairs` may be incomplete; it never quotes the file.
    `counted` is the number of records which the header claims, None where such a number is not to be trusted.
    """

    backend: str
    detail: str
    # Values are passwords: they must not get into a traceback or a log by way of repr().
    pairs: list[Pair] = field(repr=False)
    damage: tuple[str, ...] = ()
    counted: int | None = None
    more: int = 0
    """pairs that were left out because no more were wanted, counted to `COUNTED`; then the rest was not even read"""


def some(pairs: Iterable[Pair], most: int) -> tuple[list[Pair], int]:
    """The first `most`, or as many as `HELD` bytes are, and how many more there are, counted to `COUNTED`. One longer
    than `LONGEST` is left out too."""
    rest, kept, held = iter(pairs), list[Pair](), 0
    if most == ALL:
        return list(rest), 0
    longer = 0
    for key, value in islice(rest, most):
        length = len(key) + len(value)
        if length > LONGEST:
            longer += 1
            continue
        kept.append((key, value))
        held += length
        if held > HELD:
            break
    return kept, longer + sum(1 for _ in islice(rest, COUNTED))


def cut(kept: int, more: int, what: str) -> str:
    """`only the first 10 of 25 entries`, in words."""
    return f"only the first {kept:,} of {'more than ' if more >= COUNTED else ''}{kept + more:,} {what}"


class Damage:
    """Collects what is wrong with a file. The same words about many places are one sentence, so this stays small."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: dict[str, tuple[int | None, int]] = {}

    def note(self, words: str, page: int | None = None) -> None:
        """`words` are fixed ones of the reader; `page` is where, if that is known."""
        first, more = self._places.get(words, (page, -1))
        self._places[words] = first, more + 1

    def __bool__(self) -> bool:
        return bool(self._places)

    def sentences(self) -> tuple[str, ...]:
        """One sentence for each kind of damage, with the first page and how many others."""
        return tuple(words + _where(first, more) for words, (first, more) in self._places.items())


def _where(page: int | None, more: int) -> str:
    if page is None:
        return f" ({more + 1} times)" if more else ""
    return f" (page {page} and {more} more)" if more else f" (page {page})"


def byte_order(order: str) -> str:
    """`<` or `>` of struct in words."""
    return "little-endian" if order == "<" else "big-endian"

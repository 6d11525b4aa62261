"""Maps of the MTA: what is in a source and in the database that was built of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Self

_SHOWN = 20


class Entry(NamedTuple):
    """One entry. `tag` is the same for equal values within one run; `shape` is what of the value may be seen, or ""."""

    key: str
    tag: str
    shape: str


class Keys(tuple[str, ...]):
    """The first 20 of some keys, sorted. `total` is how many there are."""

    total: int

    def __new__(cls, keys: Iterable[str]) -> Self:
        every = sorted(keys)
        self = super().__new__(cls, every[:_SHOWN])
        self.total = len(every)
        return self


@dataclass(frozen=True, slots=True)
class Entries:
    """All entries of one map by key. `trouble` says why some may be missing."""

    entries: Mapping[str, Entry]
    trouble: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read lines `key<TAB>tag[<TAB>shape]` and `# damage: words`, as `maildoctor.sasldb.entries` writes them."""
        entries: dict[str, Entry] = {}
        trouble = []
        for line in text.split("\n"):
            if line.startswith("#"):
                trouble.append(line.removeprefix("# damage: "))
                continue
            key, tab, rest = line.partition("\t")
            if tab:
                tag, _, shape = rest.partition("\t")
                entries[key] = Entry(key, tag, shape)
        return cls(MappingProxyType(entries), tuple(trouble))

    def difference(self, other: "Entries") -> tuple[Keys, Keys, Keys]:
        """Keys which only this map has, which only `other` has, and which have another value there.

        With the source as `self` and the database as `other`: missing from the database, extra in it, out of date.
        """
        mine, others = self.entries, other.entries
        return (
            Keys(mine.keys() - others.keys()),
            Keys(others.keys() - mine.keys()),
            Keys(key for key in mine.keys() & others.keys() if mine[key].tag != others[key].tag),
        )

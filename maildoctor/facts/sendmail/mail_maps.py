"""The maps that sendmail.cf names: source, built database, and what differs between the two."""

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self, get_args

from maildoctor.facts.paths import Look

_HEAD = re.compile(r"\[(map|unnamed) (\S+)\] (\S+) (/.*)")


Unreadable = Literal["unread", "refused", "too large", "unseen"]
"""`unread`: it is damaged, or no database at all; `unseen`: the target cannot tell what is in it."""


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One entry that matters for AUTH; `shape` is its value with secrets struck out."""

    key: str
    shape: str


@dataclass(frozen=True, slots=True)
class MailMap:
    """One map. `unread`: why it cannot be read, and `obstacle` the kind of that, both empty where it can. `path` is as
    sendmail.cf has it; `built_path` is the file that is really opened, empty for a type that
    is read as text. `only_source`, `only_built` and `changed` are keys (20 at most)."""

    name: str
    type: str
    path: str
    source: Look | None
    built_path: str
    built: Look | None
    unread: str
    obstacle: Unreadable | None
    only_source: tuple[str, ...]
    only_built: tuple[str, ...]
    changed: tuple[str, ...]
    entries: tuple[MapEntry, ...]

    @property
    def stale(self) -> bool:
        """Whether the database answers otherwise than its source says."""
        return bool(self.only_source or self.only_built or self.changed)


@dataclass(frozen=True, slots=True)
class MailMaps:
    """All maps of a configuration. `unnamed`: files with the entries of one that lie beside it, but no K line names.

    Text: blocks of `[map NAME] TYPE /path` (the K line of sendmail.cf) with `ls -l` lines of the source and the
    database, `only in source: KEY`, `only in database: KEY`, `changed: KEY`, `unread: reason` (or `refused:`, or
    `too large:`), and `entry: KEY<TAB>VALUE` with secrets struck out; `[unnamed NAME] …` likewise.
    """

    all: tuple[MailMap, ...]
    unnamed: tuple[MailMap, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the blocks described above."""
        blocks: list[tuple[str, tuple[str, str, str], list[str]]] = []
        for line in text.splitlines():
            if m := _HEAD.fullmatch(line):
                blocks.append((m[1], (m[2], m[3], m[4]), []))
            elif blocks:
                blocks[-1][2].append(line)
        maps = [(word, _map(*about, lines)) for word, about, lines in blocks]
        return cls(tuple(m for word, m in maps if word == "map"), tuple(m for word, m in maps if word == "unnamed"))

    def named(self, name: str) -> MailMap | None:
        """The map of this name."""
        return next((m for m in self.all if m.name == name), None)


def built_path(type_: str, path: str) -> str:
    """The file that sendmail opens for a map of this type; empty where the source itself is read (map.c)."""
    ending = {"hash": ".db", "btree": ".db", "dbm": ".pag", "cdb": ".cdb"}.get(type_)
    return "" if ending is None else path if path.endswith(ending) else path + ending


def _map(name: str, type_: str, path: str, lines: list[str]) -> MailMap:
    by_path = {x.path: x for x in map(Look.parse, lines) if x}
    built = built_path(type_, path)

    def after(word: str) -> tuple[str, ...]:
        return tuple(line.removeprefix(word) for line in lines if line.startswith(word))

    unread, obstacle = next(_unread(lines), ("", None))
    return MailMap(
        name,
        type_,
        path,
        by_path.get(path) if built != path else None,
        built,
        by_path.get(built),
        unread,
        obstacle,
        after("only in source: "),
        after("only in database: "),
        after("changed: "),
        tuple(MapEntry(*e.partition("\t")[::2]) for e in after("entry: ")),
    )


def _unread(lines: list[str]) -> Iterator[tuple[str, Unreadable]]:
    for line in lines:
        word, _, reason = line.partition(": ")
        yield from ((reason, obstacle) for obstacle in get_args(Unreadable) if obstacle == word)


def authinfo_mechanisms(maps: MailMaps | None) -> dict[str, str]:
    """Mechanisms that entries for other servers ask for (`M:`), each with the key of the first entry that does."""
    asked: dict[str, str] = {}
    used = (maps.named("authinfo") or maps.named("access")) if maps else None
    for entry in used.entries if used else ():
        if not entry.key.lower().startswith("authinfo:"):
            continue
        for mark, words in re.findall(r'"M([:=])([^"]*)"', entry.shape):
            for mechanism in (words if mark == ":" else _decoded(words)).upper().split(" "):
                if re.fullmatch(r"[A-Z0-9_-]+", mechanism):
                    asked.setdefault(mechanism, entry.key)
    return asked


def _decoded(words: str) -> str:
    try:
        return b64decode(words, validate=True).decode("ascii")
    except ValueError:
        return ""

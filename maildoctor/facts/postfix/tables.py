"""The lookup tables that Postfix' settings name: where they lie, whether their index is there and current, whether this
Postfix knows their type, and who opens them.

Sources: util/dict_open.c, global/mail_dict.c, global/dynamicmaps.c, util/dict_db.c, proxymap/proxymap.c."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from maildoctor.facts.paths import Look
from maildoctor.facts.postfix.defaults import parameter, programs_of
from maildoctor.facts.postfix.judgement import is_read_by
from maildoctor.facts.postfix.server import Postfix, ServiceSettings

INDEX: Mapping[str, str] = {
    "hash": ".db", "btree": ".db", "cdb": ".cdb", "lmdb": ".lmdb", "dbm": ".pag", "sdbm": ".pag",
}  # fmt: skip
"""What postmap(1) makes beside the source, by type of table."""
_PLAIN = frozenset(("texthash", "cidr", "regexp", "pcre"))
_CLIENTS = frozenset(("mysql", "pgsql", "ldap", "sqlite", "memcache", "mongodb"))
_WITHOUT_FILE = frozenset((
    "proxy", "unionmap", "pipemap", "randmap", "inline", "static", "unix", "environ", "nis", "tcp", "socketmap", "fail",
    "internal",
))  # fmt: skip
_BUILT_IN = frozenset((
    "environ", "internal", "unix", "tcp", "regexp", "static", "cidr", "texthash", "socketmap", "fail", "pipemap",
    "randmap", "unionmap", "inline", "proxy", "memcache",
))  # fmt: skip
"""Types of every build."""
_OF_A_LIBRARY: Mapping[str, str] = {
    "pcre": "HAS_PCRE", "cdb": "HAS_CDB", "sdbm": "HAS_SDBM", "lmdb": "HAS_LMDB", "ldap": "HAS_LDAP",
    "mysql": "HAS_MYSQL", "pgsql": "HAS_PGSQL", "sqlite": "HAS_SQLITE", "mongodb": "HAS_MONGODB",
}  # fmt: skip
"""Types that need a library: compiled in by this flag, or a plug-in that dynamicmaps.cf names."""
TYPES = frozenset((*INDEX, *_PLAIN, *_CLIENTS, *_WITHOUT_FILE))

_NAMED = re.compile(rf"(?<![\w:./-])((?:proxy:)*)({'|'.join(sorted(TYPES, reverse=True))}):(/[^\s,{{}}]{{1,1000}})")
_CACHE = re.compile(r"_cache(?:_database|_map|_name)$|^address_verify_map$|^alias_database$")
"""Tables that Postfix makes itself, or that it only makes an index of."""
_HEAD = re.compile(r"\[([a-z]{1,20}):(/\S{1,1000})\](?: (.{0,4000}))?")
_PLUGIN = re.compile(r"plug-in: ([a-z0-9]{1,20}) (/\S{1,1000}) (there|missing)")
_MANY = 500
"""Uses of tables that are gathered."""
_STALE = 100.0
"""Seconds by which a source may be newer than its index before Postfix warns (util/dict_db.c)."""


class TableUse(NamedTuple):
    """A setting that names a table. `service`: the one of master.cf whose `-o` it is, empty for main.cf; `proxied`: it
    is opened by proxymap(8) as mail_owner, else by the program itself as root, before it enters its chroot."""

    type: str
    path: str
    parameter: str
    service: str
    proxied: bool


def uses(postfix: Postfix) -> Iterator[TableUse]:
    """All settings that name tables in files, as far as a program that runs reads them; defaults are left out."""
    seen: set[TableUse] = set()
    programs = {s.service.program for s in postfix.services}

    def named(name: str, value: str, service: str) -> Iterator[TableUse]:
        for m in _NAMED.finditer(value):
            use = TableUse(m[2], m[3], name, service, bool(m[1]))
            if use not in seen and len(seen) < _MANY:
                seen.add(use)
                yield use

    for name in postfix.main.parameters:
        if ":" not in (value := postfix.value(name)) or _CACHE.search(name):
            continue
        if parameter(name, postfix.version) and any(is_read_by(programs_of(name), p) for p in programs):
            yield from named(name, value, "")
    for settings in postfix.services:
        for name in settings.service.options:
            if parameter(name, postfix.version) and is_read_by(programs_of(name), settings.service.program):
                yield from named(name, settings.value(name), settings.name)


def approved(postfix: Postfix) -> frozenset[str]:
    """What proxymap opens: `hash:/etc/postfix/virtual` (proxy_read_maps; proxymap/proxymap.c)."""
    service = next((ServiceSettings(s, postfix) for s in postfix.services_of("proxymap")), None)
    source = service or postfix
    text = f"{source.value('proxy_read_maps')} {source.value('proxy_write_maps')}"
    return frozenset(f"{m[2]}:{m[3]}" for m in _NAMED.finditer(text) if m[1])


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `source` and `index`: its files, None where they are not there; `unseen`: why one of them could not be
    looked at; `trail`: the folders above it; `only_source`, `only_index`, `changed`: keys in which the two differ,
    `compared` where they were read."""

    type: str
    path: str
    uses: tuple[TableUse, ...]
    source: Look | None = None
    index: Look | None = None
    unseen: str = ""
    trail: tuple[Look, ...] = ()
    compared: bool = False
    only_source: tuple[str, ...] = ()
    only_index: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As settings name it: `hash:/etc/postfix/virtual`."""
        return f"{self.type}:{self.path}"

    @property
    def index_path(self) -> str:
        """The file that Postfix reads: the index, or the file itself."""
        return f"{self.path}{INDEX.get(self.type, '')}"

    @property
    def file(self) -> Look | None:
        """The file that Postfix reads, None where it is not there."""
        return self.index if self.type in INDEX else self.source

    @property
    def is_older(self) -> bool:
        """The source is newer than the index, by more than Postfix leaves unsaid."""
        return bool(self.source and self.index and self.source.mtime > self.index.mtime + _STALE)

    @property
    def differs(self) -> bool:
        """Source and index were read, and have not the same entries."""
        return bool(self.only_source or self.only_index or self.changed)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The settings that name it."""
        return tuple(dict.fromkeys(u.parameter for u in self.uses))

    @property
    def of_client(self) -> bool:
        """It is asked only for mail that goes elsewhere."""
        return all(p.startswith(("smtp_", "lmtp_", "sender_dependent_")) for p in self.parameters)

    @property
    def proxied(self) -> bool:
        """proxymap opens it for some."""
        return any(u.proxied for u in self.uses)


@dataclass(frozen=True, slots=True)
class PostfixTables:
    """Text: blocks `[hash:/etc/postfix/virtual] PARAMETER PARAMETER@SERVICE proxy:PARAMETER`, below each `ls -ld` lines
    of its folders, source and index, `unseen: REASON`, `compared`, `only source: KEY`, `only index: KEY`,
    `changed: KEY`; before them `plug-in: lmdb /usr/lib/postfix/postfix-lmdb.so there` (or `missing`) for the entries of
    dynamicmaps.cf, and `dynamicmaps: read` where that file could be looked for."""

    all: tuple[Table, ...]
    plugins: Mapping[str, tuple[str, bool]]
    """by type: the file of the plug-in, and whether it is there"""
    knows_plugins: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above; others are passed over."""
        plugins: dict[str, tuple[str, bool]] = {}
        blocks: list[tuple[re.Match[str], list[str]]] = []
        known = False
        for line in text.splitlines():
            if m := _HEAD.fullmatch(line):
                blocks.append((m, []))
            elif blocks:
                blocks[-1][1].append(line)
            elif m := _PLUGIN.fullmatch(line):
                plugins[m[1]] = (m[2], m[3] == "there")
            known = known or line == "dynamicmaps: read"
        return cls(tuple(_table(m, lines) for m, lines in blocks), plugins, known)

    def knows(self, type: str, built: Collection[str], version: tuple[int, ...]) -> bool | None:
        """Whether this Postfix knows a type of table; None where that is not known."""
        if type in _BUILT_IN or not built:
            return True if type in _BUILT_IN else None
        if type in ("hash", "btree"):
            return "NO_DB" not in built
        if type not in _OF_A_LIBRARY:
            return None
        if "USE_DYNAMIC_MAPS" not in built:
            return any(flag.partition("=")[0] == _OF_A_LIBRARY[type] for flag in built)
        if not self.knows_plugins:
            return None
        return type in self.plugins and self.plugins[type][1]


def text_of_use(use: TableUse) -> str:
    """As the head of a block has it."""
    return f"{'proxy:' if use.proxied else ''}{use.parameter}{f'@{use.service}' if use.service else ''}"


def _use(kind: str, path: str, word: str) -> TableUse:
    name, _, service = word.removeprefix("proxy:").partition("@")
    return TableUse(kind, path, name, service, word.startswith("proxy:"))


def _table(head: re.Match[str], lines: list[str]) -> Table:
    kind, path = head[1], head[2]
    seen = [x for x in map(Look.parse, lines) if x]
    by_path = {x.path: x for x in seen}

    def keys(word: str) -> tuple[str, ...]:
        return tuple(line.removeprefix(f"{word}: ") for line in lines if line.startswith(f"{word}: "))

    index = by_path.get(f"{path}{INDEX[kind]}") if kind in INDEX else None
    return Table(
        kind,
        path,
        tuple(_use(kind, path, word) for word in (head[3] or "").split()),
        by_path.get(path),
        index,
        next(iter(keys("unseen")), ""),
        tuple(x for x in seen if x.kind == "d"),
        "compared" in lines,
        keys("only source"),
        keys("only index"),
        keys("changed"),
    )

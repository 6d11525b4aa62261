"""Files and folders by their `ls -ld` line, and the trails from `/` down to everything that mail trusts."""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, get_args

from maildoctor.model import Evidence

LINKS = 40
"""Symbolic links followed on one trail at most; sendmail's own limit is the system's MAXSYMLINKS."""

LONGEST = 4096
"""Characters of a path: the kernel opens none with more bytes (PATH_MAX)."""

_LINE = re.compile(
    r"(?P<mode>[-dlpscbD?][-rwxsStTlL]{9})(?P<acl>[+.@]?)\s+(?:\d+\s+)?(?P<owner>\S+)\s+(?P<group>\S+)\s+"
    r"(?:(?P<size>\d{1,20})\s+(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: [+-]\d{4})?"
    r"|[A-Z][a-z]{2}\s+\d{1,2}\s+[\d:]{4,5})\s+)?(?P<path>/.*)"
)
_BITS = ((1, 0o400), (2, 0o200), (3, 0o100), (4, 0o040), (5, 0o020), (6, 0o010), (7, 0o004), (8, 0o002), (9, 0o001))


@dataclass(frozen=True, slots=True)
class Look:
    """One file or folder as `ls -ld` shows it. `mtime` is seconds since 1970, 0.0 where the line has no full date."""

    line: str
    path: str
    kind: str
    """`-` file, `d` folder, `l` link, `s` socket, `p` FIFO, `c` and `b` devices"""
    mode: int
    """permission bits with set-id and sticky, e.g. 0o2775"""
    owner: str
    group: str
    size: int
    mtime: float
    target: str
    """where a link points, as it stands in the link; else empty"""
    has_acl: bool

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """From `drwxrwxr-x 2 root mail 4096 2026-11-22 06:00:00.0 +0000 /etc/mail`, from the line that plain `ls -l`
        prints, or shortest `drwxrwxr-x root mail /etc/mail`. None where it is no such line."""
        m = _LINE.fullmatch(line.strip())
        if m is None or len(m["path"]) > 2 * LONGEST:
            return None
        path, _, target = m["path"].partition(" -> ") if m["mode"][0] == "l" else (m["path"], "", "")
        return cls(
            line.strip(),
            path,
            m["mode"][0],
            _bits(m["mode"]),
            m["owner"],
            m["group"],
            int(m["size"] or 0),
            seconds(m["when"] or ""),
            target,
            m["acl"] == "+",
        )

    @property
    def octal(self) -> str:
        """The mode as chmod takes it, e.g. `0755` or `2755`."""
        return f"{self.mode:04o}"

    @property
    def evidence(self) -> Evidence:
        """The line itself."""
        return Evidence(f"ls -ld {self.path}", self.line)

    @property
    def group_writable(self) -> bool:
        """Anyone in its group may change it."""
        return bool(self.mode & 0o020)

    @property
    def world_writable(self) -> bool:
        """Anyone may change it."""
        return bool(self.mode & 0o002)

    @property
    def sticky(self) -> bool:
        """Only owners may remove entries, as in /tmp."""
        return bool(self.mode & 0o1000)


def _bits(text: str) -> int:
    mode = sum(bit for at, bit in _BITS if text[at] in "rwxst")
    for at, bit in ((3, 0o4000), (6, 0o2000), (9, 0o1000)):
        if text[at] in "sStT":
            mode |= bit
    return mode


_CHANGED = re.compile(r"changed (\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: [+-]\d{4})?) (/.*)")


def seconds(when: str) -> float:
    """A time as `stat -c %z` prints it, in seconds since 1970; 0.0 where it is none."""
    m = re.fullmatch(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)(:\d\d)?(\.\d+)?(?: ([+-]\d{4}))?", when)
    if m is None:
        return 0.0
    try:
        stamp = datetime.fromisoformat(f"{m[1]}T{m[2]}{m[3] or ':00'}{m[5] or '+0000'}")
    except ValueError:
        return 0.0
    return stamp.timestamp() + float(m[4] or 0)


FilePurpose = Literal[
    "configuration", "SASL configuration", "plug-in", "sasldb", "class file", "certificate", "key", "CA", "CA folder",
    "map", "map source", "aliases", "aliases source", "include file", "help file", "secret",
]  # fmt: skip
"""What a file is to mail; `secret`: credentials in clear stand in it."""

READ_AT_START: tuple[FilePurpose, ...] = (
    "configuration",
    "SASL configuration",
    "plug-in",
    "class file",
    "certificate",
    "key",
    "CA",
)
"""What a daemon reads at its start and never again: sendmail/main.c, readcf(), sasl_server_init() and initsrvtls(). A
sasldb is opened at each login, a map again when its file is another one (map.c)."""

_PURPOSES: Mapping[str, FilePurpose] = {purpose: purpose for purpose in get_args(FilePurpose)}

Glance = Callable[[str], Look | None]
"""How a path is looked at: None where there is nothing or permission denied."""


def walk(path: str, look: Glance) -> tuple[tuple[Look, ...], bool]:
    """Every element from `/` down to `path`, links followed, each element once: the order in which safedirpath()
    (libsmutil/safefile.c) judges them; and whether the end was reached, or an element is missing or the links go
    round."""
    left, at, links = [p for p in reversed(path.split("/")) if p], "/", 0
    elements = {"/": look("/")}
    while left:
        name = left.pop()
        if name == ".":
            continue
        if name == "..":
            at = posixpath.dirname(at)
            continue
        place = posixpath.join(at, name)
        found = elements[place] = look(place) if len(place) <= LONGEST else None
        if found is None or (found.kind == "l" and links == LINKS):
            return tuple(e for e in elements.values() if e), False
        if found.kind != "l":
            at = place
            continue
        links += 1
        if found.target.startswith("/"):
            at = "/"
        left.extend(p for p in reversed(found.target.split("/")) if p)
    return tuple(e for e in elements.values() if e), True


@dataclass(frozen=True, slots=True)
class Trail:
    """One path that mail trusts, and why. `elements` run from `/` to the file itself; `complete` is false where an
    element could not be looked at or is not there."""

    purpose: FilePurpose
    path: str
    elements: tuple[Look, ...]
    complete: bool

    @property
    def folders(self) -> tuple[Look, ...]:
        """The directories on the way."""
        return tuple(e for e in self.elements if e.kind == "d")

    @property
    def file(self) -> Look | None:
        """The file at the end."""
        return self.elements[-1] if self.complete and self.elements else None


@dataclass(frozen=True, slots=True)
class Paths:
    """Everything that mail trusts, by trails.

    Text: `ls -ld` lines in any order, then `[purpose] /path` lines; `/path: reason` for what could not be looked at;
    `group NAME: members` for groups that could write; `changed STAMP /path` as `stat -c %z`
    prints it. Without a `[purpose]` line every path is `configuration`.
    """

    by_path: Mapping[str, Look]
    trails: tuple[Trail, ...]
    gaps: Mapping[str, str]
    """paths that could not be looked at, with the reason"""
    groups: Mapping[str, tuple[str, ...]]
    folders: frozenset[str]
    """all that some path of `by_path` lies in"""
    changed: Mapping[str, float]
    """when contents, name, owner or mode of a path last changed, in seconds since 1970, where that was asked"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above; others are passed over."""
        by_path: dict[str, Look] = {}
        wanted: list[tuple[FilePurpose, str]] = []
        gaps: dict[str, str] = {}
        groups: dict[str, tuple[str, ...]] = {}
        changed: dict[str, float] = {}
        for line in text.splitlines():
            found = Look.parse(line)
            if found is not None:
                by_path[found.path] = found
            elif (m := re.fullmatch(r"\s*\[([^\]]+)\] (/.*)", line)) and m[1] in _PURPOSES:
                wanted.append((_PURPOSES[m[1]], m[2]))
            elif m := _CHANGED.fullmatch(line):
                changed[m[2]] = seconds(m[1])
            elif m := re.fullmatch(r"\s*group (\S+): ?(.*)", line):
                groups[m[1]] = tuple(m[2].replace(",", " ").split())
            elif m := re.fullmatch(r"\s*(/[^:]*): (.+)", line):
                gaps[m[1]] = m[2]
        wanted = wanted or [("configuration", path) for path in by_path]
        folders = _folders(by_path)
        trails = tuple(Trail(purpose, path, *_follow(path, by_path, folders)) for purpose, path in wanted)
        return cls(by_path, trails, gaps, groups, folders, changed)

    def of(self, *purposes: FilePurpose) -> tuple[Trail, ...]:
        """The trails of these purposes."""
        return tuple(t for t in self.trails if t.purpose in purposes)

    @property
    def last_change(self) -> tuple[str, float] | None:
        """Of what a daemon reads at its start, what changed last and when, by name, owner, mode or contents; None where
        nobody asked. What runs since is what lies on disk."""
        at_start = (t.file.path for t in self.of(*READ_AT_START) if t.file)
        known = [(path, self.changed[path]) for path in at_start if path in self.changed]
        return max(known, key=lambda one: one[1]) if known else None

    def file(self, path: str) -> Look | None:
        """What stands at the end of this path, links followed; None where it could not be reached."""
        return Trail("configuration", path, *_follow(path, self.by_path, self.folders)).file


def _folders(paths: Iterable[str]) -> frozenset[str]:
    folders: set[str] = set()
    for path in paths:
        folders.add("/")
        while (path := path.rpartition("/")[0]) and path not in folders:
            folders.add(path)
    return frozenset(folders)


def _follow(path: str, by_path: Mapping[str, Look], folders: frozenset[str]) -> tuple[tuple[Look, ...], bool]:
    """The elements of one trail that are known. A folder on the way may be left out of a pasted text: it is there."""

    def glance(place: str) -> Look | None:
        return by_path.get(place) or (_UNSEEN if place in folders else None)

    elements, complete = walk(path, glance)
    return tuple(e for e in elements if e is not _UNSEEN), complete


_UNSEEN = Look("", "", "d", 0o755, "?", "?", 0, 0.0, "", False)

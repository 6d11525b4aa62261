"""Files with credentials in clear, and who can read them."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look, Paths, Trail

_CLEAR = re.compile(r"clear (/[^\s:]+):([0-9]{1,9}) (\S+)", re.ASCII)
_UNREAD = re.compile(r"unread /\S+?: (.+)")
_SHARED = frozenset(("users", "staff", "nogroup", "nobody", "everyone", "www-data", "apache", "nginx", "www"))
"""Groups of people, and of the web server, which runs what strangers send."""
_OWN = frozenset((
    "root", "wheel", "bin", "sys", "adm", "daemon", "mail", "smmsp", "smmta", "sendmail", "mailnull", "postfix",
    "dovecot", "dovenull", "vmail", "exim", "Debian-exim", "sasl", "saslauth", "cyrus", "opensmtpd", "_smtpd",
))  # fmt: skip
"""Accounts and groups of mail programs: what they need to read is for them."""


def is_of_people(group: str, members: Collection[str]) -> bool:
    """Whether anybody but mail programs is in it, as far as its members tell."""
    return group in _SHARED or bool(set(members) - _OWN)


@dataclass(frozen=True, slots=True)
class Secret:
    """A line with a credential in clear: `name` is that of its setting, empty where it has none."""

    line: int
    name: str


def readers_of(paths: Paths, path: str) -> str:
    """Who but the owner and mail programs can read a file, in words; empty where nobody can."""
    trail = next((t for t in paths.trails if t.path == path), None)
    file = trail.file if trail else None
    if trail is None or file is None or file.kind != "-":
        return ""
    if file.mode & 0o004 and all(f.mode & 0o001 for f in trail.folders):
        return "every user of this system"
    return f"the group {file.group}" if _group_reads(paths, trail, file) else ""


def _group_reads(paths: Paths, trail: Trail, file: Look) -> bool:
    if not file.mode & 0o040 or not is_of_people(file.group, paths.groups.get(file.group, ())):
        return False
    return all(f.mode & 0o001 or (f.group == file.group and f.mode & 0o010) for f in trail.folders)


_COPY = re.compile(r"copy (/[^\n]{1,400}) of (/[^\n]{1,400})")

_ENDINGS = re.compile(
    r"(?:\.(?:db|lmdb|cdb|pag|dir))?(?:[._-](?:bak|backup|bkp|old|orig|original|save|saved|sav|copy|prev|previous|org|new|tmp|before|good|rpmsave|rpmorig"
    r"|rpmnew|dpkg-(?:old|dist|bak|new|tmp)|ucf-(?:old|dist|new)|pacsave|pacorig|pacnew|apk-new|sw[po])|~|\.~\d{1,4}~"
    r"|[._-]\d{1,14}|[._-]\d{4}-\d{2}-\d{2})+",
    re.IGNORECASE,
)


def is_copy(name: str, of: str) -> bool:
    """Whether a file of this name, in the same folder, is what people, editors and package managers make of another."""
    if name.startswith(".") and name.endswith((".swp", ".swo")):
        return name[1:-4] == of
    stem, dot, ending = of.rpartition(".")
    before = name[: -len(dot + ending)] if stem and name.endswith(dot + ending) else ""
    rests = [whole[len(start) :] for whole, start in ((name, of), (before, stem)) if start and whole.startswith(start)]
    return any(rest and _ENDINGS.fullmatch(rest) for rest in rests)


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of files with secrets, beside them. Text: `copy PATH of PATH`, and the `ls -ld` lines of the copies and of
    the folders above; `group NAME: members`."""

    of: Mapping[str, str]
    """the original of each copy"""
    paths: Paths

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above; others are passed over."""
        found = {m[1]: m[2] for m in filter(None, map(_COPY.fullmatch, text.splitlines()))}
        return cls(found, Paths.parse(text + "".join(f"\n[secret] {path}" for path in found)))


@dataclass(frozen=True, slots=True)
class Exposed:
    """Text: `clear PATH:LINE NAME` for each credential in clear (`-`: without a name), `unread PATH: REASON` for a file
    that could not be read; `ls -ld` lines of the files and of the folders above; `group NAME: members`."""

    secrets: Mapping[str, tuple[Secret, ...]]
    unread: tuple[str, ...]
    """why files could not be read"""
    paths: Paths

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above; others are passed over."""
        secrets: dict[str, list[Secret]] = {}
        for m in filter(None, map(_CLEAR.fullmatch, text.splitlines())):
            secrets.setdefault(m[1], []).append(Secret(int(m[2]), m[3].strip("-")))
        wanted = "".join(f"\n[secret] {path}" for path in secrets)
        unread = tuple(m[1] for m in filter(None, map(_UNREAD.fullmatch, text.splitlines())))
        return cls({path: tuple(lines) for path, lines in secrets.items()}, unread, Paths.parse(text + wanted))

    def readers(self, path: str) -> str:
        """Who but the owner and mail programs can read it, in words; empty where nobody can."""
        return readers_of(self.paths, path)

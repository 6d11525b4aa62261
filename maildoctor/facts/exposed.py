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
        secrets: dict[str, tuple[Secret, ...]] = {}
        for m in filter(None, map(_CLEAR.fullmatch, text.splitlines())):
            secrets[m[1]] = (*secrets.get(m[1], ()), Secret(int(m[2]), m[3].strip("-")))
        wanted = "".join(f"\n[secret] {path}" for path in secrets)
        unread = tuple(m[1] for m in filter(None, map(_UNREAD.fullmatch, text.splitlines())))
        return cls(secrets, unread, Paths.parse(text + wanted))

    def readers(self, path: str) -> str:
        """Who but the owner and mail programs can read it, in words; empty where nobody can."""
        trail = next((t for t in self.paths.trails if t.path == path), None)
        file = trail.file if trail else None
        if trail is None or file is None or file.kind != "-":
            return ""
        if file.mode & 0o004 and all(f.mode & 0o001 for f in trail.folders):
            return "every user of this system"
        return f"the group {file.group}" if self._group_reads(trail, file) else ""

    def _group_reads(self, trail: Trail, file: Look) -> bool:
        if not file.mode & 0o040 or not is_of_people(file.group, self.paths.groups.get(file.group, ())):
            return False
        return all(f.mode & 0o001 or (f.group == file.group and f.mode & 0o010) for f in trail.folders)

"""Sendmail's own safe-file rules (libsmutil/safefile.c; doc/op, "File modes"), judged from `ls -ld` lines.

DontBlameSendmail words are given in lower case, as `SendmailCf.dont_blame` has them.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from maildoctor.facts.paths import FilePurpose, Look, Trail

UnsafeBy = Literal[
    "World writable directory",
    "Group writable directory",
    "World writable file",
    "Group writable file",
    "World readable file",
    "Group readable file",
    "Owned by another user",
]
"""Sendmail's words for it (sm_errstring())."""

_EXCUSED_FOLDER: Mapping[FilePurpose, str] = {
    "map": "mapinunsafedirpath",
    "aliases": "mapinunsafedirpath",
    "class file": "classfileinunsafedirpath",
    "help file": "helpfileinunsafedirpath",
    "include file": "includefileinunsafedirpath",
}
"""What lets a file of this purpose lie below an unsafe directory."""

CHECKED: frozenset[FilePurpose] = frozenset(
    {"plug-in", "SASL configuration", "certificate", "key", "CA", "map", "aliases", "class file"}
)
"""Purposes for which sendmail asks for safe directories (SFF_SAFEDIRPATH)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why sendmail will not use a file: the element at fault, and the words that sm_errstring() has for it."""

    purpose: FilePurpose
    path: str
    culprit: Look
    reason: UnsafeBy


def refusals(trail: Trail, excused: Collection[str], trusted: Collection[str] = ()) -> Iterator[Refusal]:
    """What is unsafe on one trail, in the order sendmail meets it. `excused` are DontBlameSendmail words, `trusted`
    the users (TrustedUser, RunAsUser) who may own TLS files beside root."""
    if trail.purpose not in CHECKED:
        return
    if _EXCUSED_FOLDER.get(trail.purpose) not in excused:
        for folder in trail.folders:
            if reason := unsafe_folder(folder, excused):
                yield Refusal(trail.purpose, trail.path, folder, reason)
    file = trail.file
    if file is not None and file.kind == "-" and (reason := _unsafe_file(trail.purpose, file, excused, trusted)):
        yield Refusal(trail.purpose, trail.path, file, reason)


def unsafe_folder(folder: Look, excused: Collection[str]) -> UnsafeBy | None:
    """Rule 2 of safedirpath(): others' write always, the group's unless GroupWritableDirPathSafe; a sticky directory
    only with TrustStickyBit. The owner is never asked for. None where it is safe."""
    if folder.sticky and "truststickybit" in excused:
        return None
    if folder.world_writable:
        return "World writable directory"
    if folder.group_writable and "groupwritabledirpathsafe" not in excused:
        return "Group writable directory"
    return None


def _unsafe_file(
    purpose: FilePurpose, file: Look, excused: Collection[str], trusted: Collection[str]
) -> UnsafeBy | None:
    if purpose in ("plug-in", "SASL configuration"):
        return "World writable file" if file.world_writable else None
    if purpose not in ("certificate", "key", "CA"):
        return None
    if file.world_writable:
        return "World writable file"
    if file.group_writable:
        return "Group writable file"
    if purpose == "key" and file.mode & 0o004:
        return "World readable file"
    if purpose == "key" and file.mode & 0o040 and "groupreadablekeyfile" not in excused:
        return "Group readable file"
    if file.owner not in {"root", *trusted} and "certowner" not in excused:
        return "Owned by another user"
    return None


@dataclass(frozen=True, slots=True)
class Reader:
    """As whom sendmail judges a file that libsasl opens for it (safesaslfile(), with SFF_ROOTOK): RunAsUser, or root.

    `group` is its only group, None where that is not known. `listed` are the groups that name it in /etc/group, which
    count where RunAsUser is a name alone. `trusted` is TrustedUser, as good as root where sendmail stays root.
    """

    user: str = "root"
    group: str | None = "root"
    listed: Collection[str] = ()
    trusted: str = "root"

    def may_read(self, file: Look) -> bool | None:
        """safefile(): the right of the owner, else that of the group, else that of others; of TrustedUser's files a
        root that stays root is the owner. None: an unknown group decides it."""
        if file.owner in ({"root", self.trusted} if self.user == "root" else {self.user}):
            return bool(file.mode & 0o400)
        return self._as_other(file, 0o040, 0o004, exclusive=True)

    def may_search(self, folder: Look) -> bool | None:
        """safedirpath(): the owner's right, the group's or the others', whichever is there. TrustedUser's folders are
        anybody's. None: an unknown group decides it."""
        if folder.owner == self.user and folder.mode & 0o100:
            return True
        return self._as_other(folder, 0o010, 0o001, exclusive=False)

    def _as_other(self, look: Look, by_group: int, by_others: int, *, exclusive: bool) -> bool | None:
        group, others = bool(look.mode & by_group), bool(look.mode & by_others)
        with_group = group if exclusive else group or others
        if look.group == self.group or look.group in self.listed:
            return with_group
        return others if self.group is not None or others == with_group else None


def may(look: Look, user: str, groups: Collection[str], right: int) -> bool:
    """Whether `user` has `right` (4 read, 2 write, 1 search) by mode and group alone. Superuser rights do not count:
    safefile() tests the mode even for root unless the caller says otherwise (SFF_OPENASROOT)."""
    if look.owner == user:
        return bool(look.mode >> 6 & right)
    if look.group in groups:
        return bool(look.mode >> 3 & right)
    return bool(look.mode & right)

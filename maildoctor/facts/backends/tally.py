"""Failed logins that PAM has counted, and whether they lock somebody out: pam_faillock.c, check_tally(); pam_tally2.c,
tally_check()."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from maildoctor.model import Evidence

_RECORD = re.compile(r"([0-9]{1,20}) (valid|old) (\w{1,10}) (\S{1,60})")
_COUNTED = re.compile(r"count=([0-9]{1,6}) last=([0-9]{1,20})")
_NEVER = frozenset({"never", "0"})


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted for one user. Text: a line for each failure, `SECONDS valid|old KIND SOURCE`, or `count=N
    last=SECONDS`."""

    path: str
    failures: tuple[int, ...]
    """when those were that count; of pam_tally2 the last one, as often as it is counted"""
    sources: tuple[str, ...]

    @classmethod
    def parse(cls, path: str, lines: Sequence[str]) -> Self:
        """From the lines described above."""
        rows = [m for m in map(_RECORD.fullmatch, (x.strip() for x in lines)) if m and m[2] == "valid"]
        for m in filter(None, map(_COUNTED.fullmatch, lines)):
            return cls(path, (int(m[2]),) * int(m[1]), ())
        return cls(path, tuple(int(m[1]) for m in rows), tuple(dict.fromkeys(f"{m[3]} {m[4]}" for m in rows)))


@dataclass(frozen=True, slots=True)
class Lock:
    """Somebody is locked out by `module`. `until`: when that ends, in seconds since 1970; None where it does not by
    itself."""

    module: str
    path: str
    failures: int
    deny: int
    last: int
    until: int | None
    sources: tuple[str, ...]

    @property
    def evidence(self) -> Evidence:
        """What is counted."""
        by = f" ({', '.join(self.sources[:3])})" if self.sources else ""
        return Evidence(self.path, f"{self.failures} failed logins{by}, deny = {self.deny}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a row of PAM and the module's file ask for: `unlock_time` 0 is never."""

    deny: int
    interval: int
    unlock_time: int
    root_unlock_time: int
    denies_root: bool
    admins: str
    folder: str

    @classmethod
    def of_faillock(cls, settings: Mapping[str, str]) -> Self:
        """pam_faillock.c, args_parse()."""
        unlock = _number(settings, "unlock_time", 600)
        return cls(
            _number(settings, "deny", 3),
            _number(settings, "fail_interval", 900),
            unlock,
            _number(settings, "root_unlock_time", unlock),
            "even_deny_root" in settings,
            settings.get("admin_group", ""),
            settings.get("dir", "") or FOLDER,
        )

    @classmethod
    def of_tally2(cls, settings: Mapping[str, str]) -> Self:
        """pam_tally2.c, tally_parse_args()."""
        unlock = _number(settings, "unlock_time", 0)
        root = _number(settings, "root_unlock_time", unlock)
        denies_root = "even_deny_root" in settings or "root_unlock_time" in settings
        path = settings.get("file", "") or TALLY_LOG
        return cls(_number(settings, "deny", 0), 0, unlock, root, denies_root, "", path)

    def lock(self, module: str, tally: Tally, is_admin: bool, now: int) -> Lock | None:
        """Whether these failures lock an account out at this time."""
        if not self.deny or not tally.failures or (is_admin and not self.denies_root):
            return None
        last = max(tally.failures)
        count = sum(not self.interval or last - t < self.interval for t in tally.failures)
        wait = self.root_unlock_time if is_admin else self.unlock_time
        if count < self.deny or (wait and now and last + wait < now):
            return None
        return Lock(module, tally.path, count, self.deny, last, last + wait if wait else None, tally.sources)


FOLDER = "/var/run/faillock"
"""FAILLOCK_DEFAULT_TALLYDIR."""
TALLY_LOG = "/var/log/tallylog"
"""DEFAULT_LOGFILE of pam_tally2."""


def settings_of(lines: Sequence[str], arguments: Sequence[str]) -> dict[str, str]:
    """`name = value` lines of faillock.conf (faillock_config.c), over which the words of the row go."""
    found: dict[str, str] = {}
    for text in (*(line.partition("#")[0].strip() for line in lines), *arguments):
        name, _, value = text.partition("=")
        if re.fullmatch(r"[a-z_0-9]{1,30}", name.strip()):
            found[name.strip()] = value.strip()
    return found


def _number(settings: Mapping[str, str], name: str, otherwise: int) -> int:
    word = settings.get(name, "")
    if word in _NEVER:
        return 0
    return int(word) if re.fullmatch(r"[0-9]{1,9}", word) else otherwise

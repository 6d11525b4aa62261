"""Who of /etc/passwd could log in by a password, and whether shadow lets them: states and schemes, never a hash."""

import re
import time
from collections.abc import Iterator

MOST = 2000
"""Accounts that are listed."""

_PEOPLE = 1000
_NOBODY = (65534, 65535)
_NO_SHELL = frozenset({"nologin", "false", "sync", "halt", "shutdown", "true"})
_DAY = 86400

_BY_ID = {
    "1": "md5", "2": "bcrypt", "2a": "bcrypt", "2b": "bcrypt", "2x": "bcrypt", "2y": "bcrypt", "3": "nt",
    "5": "sha256", "6": "sha512", "7": "scrypt", "y": "yescrypt", "gy": "gost-yescrypt", "sha1": "sha1",
    "md5": "sunmd5", "sm3": "sm3", "sm3y": "sm3-yescrypt",
}  # fmt: skip
"""The names that crypt(5) gives them, by what stands between the first two `$`."""

_DES = re.compile(r"[./0-9A-Za-z]{13}")
_BSDI = re.compile(r"_[./0-9A-Za-z]{19}")


def scheme_of(field: str) -> str:
    """The scheme of a hash; empty where this is none."""
    if m := re.match(r"\$([0-9a-z]{1,6})[$,]", field):
        return _BY_ID.get(m[1], f"unknown-{m[1]}")
    if _DES.fullmatch(field):
        return "des"
    return "bsdi" if _BSDI.fullmatch(field) else ""


def accounts(passwd: str, shadow: str | None, today: int | None = None) -> Iterator[str]:
    """A line for each account that a person could use, as `facts.backends.accounts` reads it. `shadow` is None where
    there is none."""
    day = int(time.time() // _DAY) if today is None else today
    lines = {row[0]: row for row in (line.split(":") for line in (shadow or "").splitlines()) if len(row) >= 2}
    shadowed, listed, left = False, 0, 0
    for line in passwd.splitlines():
        row = line.split(":")
        if len(row) < 7 or not re.fullmatch(r"[0-9]{1,10}", row[2]) or not re.fullmatch(r"[0-9]{1,10}", row[3]):
            continue
        shadowed = shadowed or (row[1] == "x" and shadow is not None)
        uid, shell = int(row[2]), row[6].strip()
        person = uid >= _PEOPLE and uid not in _NOBODY
        if not person and (not shell or shell.rpartition("/")[2] in _NO_SHELL):
            continue
        if not re.fullmatch(r"[^\s:]{1,64}", row[0]) or not re.fullmatch(r"\S{0,200}", shell):
            continue
        if listed == MOST:
            left += 1
            continue
        listed += 1
        state = _state(lines.get(row[0]), day) if row[1] == "x" else _of_field(row[1])
        yield f"{row[0]} uid={uid} gid={int(row[3])} shell={shell} {state}"
    if shadowed:
        yield "passwd: shadowed"
    if left:
        yield f"more: {left}"


def _of_field(field: str) -> str:
    if not field:
        return "empty"
    scheme = scheme_of(field)
    if not scheme and field[0] not in "!*x" and len(field) > 1:
        return "no-hash"
    return f"usable {scheme}" if scheme else "locked"


def _state(row: list[str] | None, today: int) -> str:
    if row is None:
        return "none"
    state = _of_field(row[1])
    if not state.startswith("usable"):
        return state
    scheme = state.partition(" ")[2]
    changed, longest, expires = (_days(row, at) for at in (2, 4, 7))
    if expires is not None and today > expires:
        return f"expired {scheme} {_date(expires)}"
    if changed == 0:
        return f"must-change {scheme}"
    if changed is not None and longest is not None and changed + longest < today:
        return f"password-expired {scheme} {_date(changed + longest)}"
    return state


def _days(row: list[str], at: int) -> int | None:
    """A number of days since 1970; None where the field is empty, or says that it does not count."""
    return int(row[at]) if len(row) > at and re.fullmatch(r"[0-9]{1,7}", row[at]) else None


def _date(days: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(min(days, 2_000_000) * _DAY))

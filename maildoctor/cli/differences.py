"""What a path was and is, or will be, in lines: of a file of settings the lines that differ, without secrets."""

from collections.abc import Callable, Iterator
from difflib import unified_diff

from maildoctor.filesystem import State
from maildoctor.masking import masked
from maildoctor.render.escape import shown

_LONGEST = 40
"""Lines of one file's difference that are shown."""

_LARGEST = 1024 * 1024
"""Bytes of a file whose lines are compared."""

_SETTINGS = (".cf", ".conf", ".mc")
"""How files of settings end."""

_OF_SETTINGS = ("/etc/default/", "/etc/sysconfig/", "/etc/pam.d/", "/etc/hosts.allow", "/etc/hosts.deny")
"""Files of settings whose names have no such end."""

_KINDS = {"file": "a file", "folder": "a directory", "link": "a symbolic link", "other": "a device, FIFO or socket"}


def difference(path: str, before: State, after: State) -> Iterator[str]:
    """Lines for a terminal; none where nothing differs but times. The lines of a file are shown where it holds settings
    and all may read it. Others may have secrets where no masker knows them: a key, the rows of a table of passwords."""
    if before.kind != after.kind:
        yield from _another(path, before, after)
    elif before.data != after.data:
        yield from _contents(path, before, after)
    if before.kind == after.kind and _access(before) != _access(after):
        yield f"{shown(path)}: {_access(before)} -> {_access(after)}"


def _another(path: str, before: State, after: State) -> Iterator[str]:
    if after.kind == "file" and after.data:
        yield from _contents(path, before, after)
        if before.kind == "nothing":
            return
    if after.kind == "nothing":
        yield f"{shown(path)}: goes"
        return
    more = f" to {shown(after.data.decode(errors='surrogateescape'))}" if after.kind == "link" else ""
    yield f"{shown(path)}: {'new, ' if before.kind == 'nothing' else ''}{_KINDS[after.kind]}{more}, {_access(after)}"


def _contents(path: str, before: State, after: State) -> Iterator[str]:
    states = [state for state in (before, after) if state.kind != "nothing"]
    settings = path.endswith(_SETTINGS) or path.startswith(_OF_SETTINGS)
    public = settings and all(state.mode & 0o004 for state in states)
    old, new = _lines(before.data), _lines(after.data)
    if public and old is not None and new is not None:
        lines = list(unified_diff(old, new, path, path, lineterm="", n=1))
        cut = [f"... {len(lines) - _LONGEST} lines more"] if len(lines) > _LONGEST else []
        text = masked("\n".join(lines[:_LONGEST]), settings=True)
        yield from (shown(line) for line in (*text.split("\n"), *cut))
    elif before.kind == "nothing":
        yield f"{shown(path)}: new, {len(after.data)} bytes"
    else:
        yield f"{shown(path)}: {len(before.data)} bytes -> {len(after.data)} bytes"


def _lines(data: bytes) -> list[str] | None:
    if b"\0" in data or len(data) > _LARGEST:
        return None
    return data.decode(errors="replace").splitlines()


def _access(state: State) -> str:
    return f"{_user(state.uid)}:{_group(state.gid)} {state.mode & 0o7777:04o}"


def _user(number: int) -> str:
    from pwd import getpwuid

    return _name(number, lambda: getpwuid(number).pw_name)


def _group(number: int) -> str:
    from grp import getgrgid

    return _name(number, lambda: getgrgid(number).gr_name)


def _name(number: int, known: Callable[[], str]) -> str:
    try:
        return shown(known())
    except KeyError:
        return str(number)

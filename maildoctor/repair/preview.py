"""What a step will make of the host, as far as that is known before it is done. Nothing is written."""

import grp
import os
import pwd
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from stat import S_IFDIR, S_IFLNK, S_IFREG, S_IMODE

from maildoctor.filesystem import State
from maildoctor.model import Edit, Step
from maildoctor.repair.steps import ENVIRONMENT, loosened, may_change

_SECONDS = 10
"""For a program that changes the text of one file."""

_NEW_MODE = 0o644
"""Of a file that a command makes (see `steps.run`)."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one path, `after` None where that is not known; `words`: what does, or why it is not known."""

    path: str
    before: State | None
    after: State | None
    words: str = ""


class _Unknown(Exception):
    """What comes of an edit cannot be known; in words why."""


@dataclass(slots=True)
class Preview:
    """The host as it will be once the steps that were foreseen are done: paths that they change, None where it is not
    known what stands there then."""

    _changed: dict[str, State | None] = field(default_factory=dict)

    def copy(self) -> "Preview":
        """The same host, whose steps are not this one's."""
        return Preview(dict(self._changed))

    def foreseen(self, step: Step) -> list[Change]:
        """What the step changes, path by path in its order. Raises Refused where it would be refused."""
        loose = loosened(step)
        before = {path: self._changed.get(path) or may_change(step, path, loose) for path in step.changes}
        now: dict[str, State | None] = dict(before)
        words: dict[str, str] = {}
        untouched = set(before)
        for edit in step.edits:
            untouched -= {edit.path, *(edit.words if edit.way == "moved" else ())}
            if edit.path not in before:
                words[edit.path] = edit.words[0]
                continue
            try:
                now |= _after(edit, now[edit.path])
            except _Unknown as why:
                now[edit.path] = None
                words.setdefault(edit.path, str(why))
        now |= dict.fromkeys(untouched)
        self._changed |= now
        found = [Change(path, was, now[path], words.get(path, "")) for path, was in before.items()]
        return [*found, *(Change(path, None, None, text) for path, text in words.items() if path not in before)]


def _after(edit: Edit, before: State | None) -> Mapping[str, State | None]:
    """What stands at each path then. Raises _Unknown."""
    if edit.way == "described":
        raise _Unknown(edit.words[0])
    if before is None:
        raise _Unknown("what comes of it depends on the steps before it")
    if edit.way == "moved":
        return {edit.path: State("nothing"), edit.words[0]: before}
    if edit.unless and edit.unless.encode() in before.data.split(b"\n"):
        return {edit.path: before}
    return {edit.path: _WAYS[edit.way](edit.words, before)}


def _with(data: bytes, before: State) -> State:
    """A file with other bytes, or a new one."""
    if before.kind == "nothing":
        return State("file", S_IFREG | _NEW_MODE, os.geteuid(), os.getegid(), data=data, names=1)
    return before._replace(data=data)


def _filtered(words: tuple[str, ...], before: State) -> State:
    if before.kind != "file":
        raise _Unknown("the file is not there")
    try:
        done = subprocess.run(
            words, input=before.data, capture_output=True, cwd="/", env=ENVIRONMENT, timeout=_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise _Unknown(f"it cannot be shown: {type(error).__name__} of {words[0]}") from None
    if done.returncode:
        raise _Unknown(f"it cannot be shown: {words[0]} ends with status {done.returncode}")
    return _with(done.stdout, before)


_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_CONTINUES = re.compile(r"[^\S\n]")


def _parameter(words: tuple[str, ...], before: State) -> State:
    """As postconf -e and -X do it (postconf_edit.c): a new value wherever one stands, else at the end; remarks stay,
    also between the lines of a value."""
    if before.kind != "file":
        raise _Unknown("the file is not there")
    name, value = words[0], words[1:]
    kept, ours, found = [], False, False
    for line in _LINE.findall(before.data.decode(errors="surrogateescape")):
        bare = line.lstrip()
        if bare and not bare.startswith("#"):
            if not _CONTINUES.match(line):
                ours = re.split(r"[\s=]", bare, maxsplit=1)[0] == name
                kept += [f"{name} = {each}\n" for each in value if ours]
                found = found or ours
            if ours:
                continue
        kept.append(line)
    kept += [] if found else [f"{name} = {each}\n" for each in value]
    return _with("".join(kept).encode(errors="surrogateescape"), before)


_CLAUSE = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")
_WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777}
_BITS = {"r": 0o444, "w": 0o222, "x": 0o111, "X": 0o111, "s": 0o6000, "t": 0o1000}


def _mode(words: tuple[str, ...], before: State) -> State:
    """As chmod(1) has it. Of a directory it keeps the set-id bits where a number does not name them."""
    if before.kind == "nothing":
        raise _Unknown("it is not there")
    mode, [text] = S_IMODE(before.mode), words
    if re.fullmatch("[0-7]{1,4}", text):
        mode = int(text, 8) | (mode & 0o6000 if before.kind == "folder" and len(text) < 5 else 0)
        return before._replace(mode=before.mode & ~0o7777 | mode)
    for clause in text.split(","):
        if not (parts := _CLAUSE.fullmatch(clause)):
            raise _Unknown(f"it cannot be shown what {text} makes of it")
        who, sign, names = parts.groups()
        mask = 0
        for one in who or "a":
            mask |= _WHO[one]
        runs = before.kind == "folder" or mode & 0o111
        bits = 0
        for one in names:
            bits |= _BITS[one] if one != "X" or runs else 0
        bits &= mask
        mode = mode | bits if sign == "+" else mode & ~bits if sign == "-" else mode & ~mask | bits
    return before._replace(mode=before.mode & ~0o7777 | mode)


def _owner(words: tuple[str, ...], before: State) -> State:
    """chown(8) takes the set-id bits of a file away."""
    if before.kind == "nothing":
        raise _Unknown("it is not there")
    user, _, group = words[0].partition(":")
    uid = _number(user, lambda name: pwd.getpwnam(name).pw_uid) if user else before.uid
    gid = _number(group, lambda name: grp.getgrnam(name).gr_gid) if group else before.gid
    mode = before.mode & ~0o6000 if before.kind == "file" else before.mode
    return before._replace(uid=uid, gid=gid, mode=mode)


def _number(name: str, known: Callable[[str], int]) -> int:
    try:
        return int(name) if name.isascii() and name.isdigit() else known(name)
    except KeyError:
        raise _Unknown(f"{name} is not known on this host") from None


def _folder(words: tuple[str, ...], before: State) -> State:
    """As install -d does it: one that is there gets owner, group and mode too."""
    owner, group, mode = words
    made = before if before.kind == "folder" else State("folder", S_IFDIR)
    made = _owner((f"{owner}:{group}",), made)
    return made._replace(mode=made.mode & ~0o7777 | int(mode, 8))


_WAYS: Mapping[str, Callable[[tuple[str, ...], State], State]] = {
    "filtered": _filtered,
    "parameter": _parameter,
    "mode": _mode,
    "owner": _owner,
    "folder": _folder,
    "appended": lambda words, before: _with(before.data + os.fsencode(words[0]), before),
    "written": lambda words, before: _with(os.fsencode(words[0]), before),
    "gone": lambda _, __: State("nothing"),
    "link": lambda words, _: State("link", S_IFLNK | 0o777, os.geteuid(), os.getegid(), data=os.fsencode(words[0])),
}

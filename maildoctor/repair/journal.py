"""What was changed on this host, and what was there before: on disk before anything is done.

Each run of `fix --apply` has a folder below `/var/lib/maildoctor`, for root alone: `journal.json`, which is written
anew in one move before and after each step, and a copy of each file in its old state. A run that was killed leaves a
step that was begun and not ended; its copies are the old state.
"""

import contextlib
import errno
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from maildoctor import filesystem
from maildoctor.errors import DoctorError
from maildoctor.filesystem import State

FOLDER = "/var/lib/maildoctor"
_NAME = "journal.json"
_LARGEST = 16 * 1024 * 1024
_SCHEMA = "maildoctor-fix/2"
_OLDER = "maildoctor-fix/1"
"""Its steps say whether they restart a service, and not by which command where they change something first."""

Stage = Literal["begun", "done", "undone"]


class JournalError(DoctorError):
    """A journal cannot be written or read."""


@dataclass(slots=True)
class Entry:
    """One step. `restart`: the command that restarts what it restarted, and does nothing else, empty where it restarted
    nothing; `lasting`: nobody knows what it changed, so that it cannot be taken back. `before` and `after`: what stood
    at each path that it changes; `times` and `times_after`: when the directories around them were last looked at and
    changed, in nanoseconds."""

    code: str
    message: str
    command: str
    restart: str
    lasting: bool
    before: Mapping[str, State]
    times: Mapping[str, tuple[int, int]]
    after: Mapping[str, State] = field(default_factory=dict)
    times_after: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    stage: Stage = "begun"


@dataclass(slots=True)
class Journal:
    """The steps of one run. `ended`: the run came to its end, and was not broken off. `lock`: what keeps other runs
    away; a command that changes files holds it too, for it goes on when maildoctor is killed."""

    id: str
    started: str
    entries: list[Entry] = field(default_factory=list)
    ended: bool = False
    lock: int | None = None

    @property
    def folder(self) -> str:
        """Where it is kept."""
        return f"{FOLDER}/{self.id}"

    @property
    def open(self) -> bool:
        """Whether there is something that undo would take back."""
        return any(e.stage != "undone" for e in self.entries)

    def begin(self, entry: Entry) -> None:
        """Keep what stands there now, then note that the step begins. Raises JournalError, and then nothing may be
        done, and nothing is noted."""
        with _keeping(self.folder):
            for number, state in enumerate(entry.before.values()):
                if state.kind == "file":
                    filesystem.write(self._copy(len(self.entries), number), state.data, 0o600)
        self.entries.append(entry)
        try:
            self.save()
        except JournalError:
            self.entries.pop()
            raise

    def save(self) -> None:
        """Write it in one move. Raises JournalError."""
        with _keeping(self.folder):
            filesystem.write(f"{self.folder}/{_NAME}", self._plain(), 0o600)
            filesystem.settle(self.folder)

    def _plain(self) -> bytes:
        plain = {
            "schema": _SCHEMA,
            "id": self.id,
            "started": self.started,
            "ended": self.ended,
            "entries": [_plain(e) for e in self.entries],
        }
        return json.dumps(plain, indent=1).encode()

    def _copy(self, entry: int, number: int) -> str:
        return f"{self.folder}/{entry:03}-{number:03}"

    @classmethod
    def new(cls, started: str, lock: int | None = None) -> "Journal":
        """A run that begins, with a folder of its own, made in one move: a run that is killed here leaves none. Its
        name is later than all that are there, whatever the clock says. Raises JournalError."""
        name = started.translate(str.maketrans("", "", "-:TZ"))[:14]
        if (kept := journals()) and _order(kept[-1]) >= _order(name):
            first, _, number = kept[-1].partition(".")
            name = f"{first}.{int(number or 0) + 1}"
        journal = cls(name, started, lock=lock)
        with _keeping(journal.folder):
            for folder in (FOLDER, *(f"{FOLDER}/{old}" for old in kept)):
                filesystem.clear_drafts(folder)
            filesystem.new_folder(journal.folder, {_NAME: journal._plain()})
            filesystem.settle(FOLDER)
        return journal

    @classmethod
    def read(cls, name: str) -> "Journal":
        """The journal of a run. Raises JournalError."""
        if "/" in name or name.startswith("."):
            raise JournalError("this is no name of a run", name, "maildoctor undo --list has the names")
        journal = cls(name, "")
        with _keeping(journal.folder, "the journal cannot be read"):
            filesystem.of_ours(FOLDER)
            filesystem.of_ours(journal.folder)
            text = filesystem.read(f"{journal.folder}/{_NAME}", _LARGEST)
            try:
                plain = json.loads(text)
                if plain["schema"] not in (_SCHEMA, _OLDER):
                    raise JournalError(
                        f"this journal is of another release: {plain['schema']}", journal.folder,
                        "undo it with the maildoctor that wrote it",
                    )  # fmt: skip
                journal.started, journal.ended = str(plain["started"]), bool(plain["ended"])
                journal.entries = [_entry(e if plain["schema"] == _SCHEMA else _of_older(e)) for e in plain["entries"]]
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise JournalError(
                    f"this is no journal: {type(error).__name__}", journal.folder, "look at it, and move it away"
                ) from None
            for at, entry in enumerate(journal.entries):
                entry.before = {
                    path: old._replace(
                        data=filesystem.read(journal._copy(at, number)) if old.kind == "file" else old.data
                    )
                    for number, (path, old) in enumerate(entry.before.items())
                }
        return journal


def journals() -> list[str]:
    """The names of all runs that are kept, the newest last. Raises JournalError."""
    try:
        return sorted((name for name in filesystem.names(FOLDER) if _RUN.fullmatch(name)), key=_order)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise JournalError(f"the journals cannot be read: {error.strerror}", FOLDER, "run as root") from None


def prepare(loose: frozenset[str] = frozenset()) -> None:
    """Make the folder of all runs; `loose`: directories that others can change, and that a run repairs. Raises
    JournalError."""
    with _keeping(FOLDER):
        filesystem.private_folder(FOLDER, loose)


_RUN = re.compile(r"\d{1,14}(\.\d{1,6})?", re.ASCII)


def _order(name: str) -> tuple[int, int]:
    first, _, number = name.partition(".")
    return int(first), int(number or 0)


@contextlib.contextmanager
def _keeping(place: str, trouble: str = "what is there now cannot be kept") -> Iterator[None]:
    try:
        yield
    except (filesystem.Unsafe, filesystem.NotRegular) as error:
        raise JournalError(
            f"nothing can be kept there: {error.strerror}", error.filename or place, "see who made it, and move it away"
        ) from None
    except OSError as error:
        what = "make room, or mount it for writing"
        if error.errno in (errno.EPERM, errno.EACCES):
            what = "run as root" if os.geteuid() else "see what keeps root from it: lsattr -d, mount"
        # a draft has a name of its own for a moment, which nobody would find
        where = error.filename if str(error.filename).startswith("/") else place
        raise JournalError(f"{trouble}: {error.strerror}", where, what) from None


def _plain(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "message": entry.message,
        "command": entry.command,
        "restart": entry.restart,
        "lasting": entry.lasting,
        "stage": entry.stage,
        "before": {path: _plain_state(state, kept=True) for path, state in entry.before.items()},
        "after": {path: _plain_state(state, kept=False) for path, state in entry.after.items()},
        "times": entry.times,
        "times_after": entry.times_after,
    }


def _plain_state(state: State, *, kept: bool) -> dict[str, Any]:
    """Of a file that is kept beside the journal only what is not in its bytes; of one as it was left the digest."""
    data = "" if kept and state.kind == "file" else state.data.hex() if state.kind == "link" else state.data.decode()
    return {**state._asdict(), "data": data, "xattrs": [[name, value.hex()] for name, value in state.xattrs]}


def _entry(plain: Mapping[str, Any]) -> Entry:
    stage = plain["stage"]
    if stage not in ("begun", "done", "undone"):
        raise ValueError(stage)
    return Entry(
        str(plain["code"]),
        str(plain["message"]),
        str(plain["command"]),
        str(plain["restart"]),
        bool(plain["lasting"]),
        {str(path): _state(state) for path, state in plain["before"].items()},
        _times(plain["times"]),
        {str(path): _state(state) for path, state in plain["after"].items()},
        _times(plain["times_after"]),
        stage,
    )


def _of_older(plain: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry of `_OLDER`. The command that only restarts is given again; of one that changes something first its
    restart is a remark for a person."""
    restarts, changes = bool(plain["restarts"]), bool(plain["before"])
    restart = f"# restart what this restarted: {plain['command']}" if changes else plain["command"]
    return {**plain, "restart": restart if restarts else "", "lasting": not changes and not restarts}


def _times(plain: Mapping[str, Any]) -> Mapping[str, tuple[int, int]]:
    return {str(path): (int(accessed), int(modified)) for path, (accessed, modified) in plain.items()}


def _state(plain: Mapping[str, Any]) -> State:
    """With a file's digest in the place of its bytes."""
    numbers = {name: int(plain[name]) for name in ("mode", "uid", "gid", "accessed", "modified", "names", "device")}
    data = bytes.fromhex(plain["data"]) if plain["kind"] == "link" else str(plain["data"]).encode()
    attributes = tuple((str(name), bytes.fromhex(value)) for name, value in plain["xattrs"])
    return State(str(plain["kind"]), xattrs=attributes, data=data, **numbers)


def as_noted(state: State) -> State:
    """A state as a journal notes it: a digest in the place of a file's bytes."""
    from hashlib import sha256

    return state._replace(data=sha256(state.data).hexdigest().encode()) if state.kind == "file" else state

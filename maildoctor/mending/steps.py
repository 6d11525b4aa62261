"""One step is done as its command says, and taken back to the byte."""

import os
import subprocess
from collections.abc import Mapping

from maildoctor import filesystem
from maildoctor.errors import DoctorError
from maildoctor.filesystem import State
from maildoctor.mending.journal import Entry, Journal, as_noted
from maildoctor.model import Step

_SECONDS = 300
"""For one command: a package, a map of a million rows."""

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin", "LC_ALL": "C"}
_KEEPS_INODE = ("chmod ", "chown ", "chgrp ")
"""Commands that change a file and do not put another in its place."""


class Refused(DoctorError):
    """A step may not be done, or cannot be taken back; nothing was changed by it."""


class Failed(DoctorError):
    """A command ended with an error."""


def looked_at(step: Step) -> tuple[Mapping[str, State], Mapping[str, tuple[int, int]]]:
    """What stands at each path that a step changes, and the times of the folders around. Raises Refused where it is not
    safe to change it there, or not possible."""
    loose = frozenset(step.changes) if step.command.startswith(_KEEPS_INODE) else frozenset()
    before: dict[str, State] = {}
    for path in step.changes:
        try:
            before[path] = filesystem.state(path, loose)
        except FileNotFoundError:
            raise Refused("the folder around it is not there", path, "do it by hand") from None
        except OSError as error:
            raise Refused(f"{error.strerror}", str(error.filename or path), "do it by hand") from None
        if before[path].kind == "link":
            raise Refused("it is a symbolic link", path, "do it by hand, where it points")
        if before[path].kind == "file" and before[path].names > 1 and not loose:
            raise Refused("it has another name, so it is another's file too", path, "do it by hand")
    return before, {path: times for path in sorted({os.path.dirname(p) for p in before}) if (times := _times(path))}


def _times(path: str) -> tuple[int, int] | None:
    try:
        found = filesystem.status(path)
    except OSError:
        return None
    return found.st_atime_ns, found.st_mtime_ns


def do(step: Step, code: str, message: str, journal: Journal) -> Entry:
    """Keep what is there, note it, run the command, note what is there now. Raises Refused and JournalError before
    anything is changed, Failed where the command fails."""
    before, times = looked_at(step)
    entry = Entry(code, message, step.command, step.kind == "restarts", before, times)
    journal.begin(entry)
    try:
        _run(step)
    finally:
        entry.after = {path: as_noted(filesystem.state(path, frozenset(entry.before))) for path in entry.before}
        entry.stage = "done"
        journal.save()
    return entry


def _run(step: Step) -> None:
    asks = step.kind == "asks"
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", step.command],
            cwd="/",
            env={**_ENVIRONMENT, **({"TERM": os.environ.get("TERM", "dumb")} if asks else {})},
            stdin=None if asks else subprocess.DEVNULL,
            stdout=None if asks else subprocess.PIPE,
            stderr=None if asks else subprocess.STDOUT,
            timeout=None if asks else _SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"it took longer than {_SECONDS} s", step.command, "see what it waits for") from None
    if done.returncode:
        said = (done.stdout or b"").decode(errors="replace").strip().splitlines()[-1:] or [f"status {done.returncode}"]
        raise Failed(said[0][:300], step.command, "do it by hand to see why")


def take_back(entry: Entry, journal: Journal) -> None:
    """Every path as it was before the step. Raises Refused where a file cannot be put back."""
    loose = frozenset(entry.before)
    try:
        for path, before in reversed(list(entry.before.items())):
            filesystem.put_back(path, before, loose)
        for path, (accessed, modified) in entry.times.items():
            filesystem.set_times(path, accessed, modified)
    except OSError as error:
        raise Refused(f"it cannot be put back: {error.strerror}", str(error.filename or path), journal.folder) from None
    entry.stage = "undone"
    journal.save()


def changed_since(journal: Journal) -> list[str]:
    """Paths that are neither what the run left nor what was there before it: someone else changed them. Of a step that
    was broken off it is not known what it left."""
    last: dict[str, Entry] = {}
    for entry in journal.entries:
        if entry.stage != "undone":
            last.update(dict.fromkeys(entry.before, entry))
    changed = []
    for path, entry in last.items():
        try:
            now = as_noted(filesystem.state(path, frozenset(entry.before)))
        except OSError:
            changed.append(path)
            continue
        known = (entry.after.get(path, now), as_noted(entry.before[path]))
        if entry.stage == "done" and not any(now.same(one) for one in known):
            changed.append(path)
    return changed

"""One step is done as its command says, and taken back to the byte."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from maildoctor import filesystem
from maildoctor.errors import DoctorError
from maildoctor.filesystem import State
from maildoctor.model import Step
from maildoctor.repair.journal import Entry, Journal, as_noted

_SECONDS = 300
"""For one command: a package, a map of a million rows."""

_SAID = 300
"""Bytes of what a command said last that are reported."""

_PATIENCE = 10
"""Seconds that a command has to end when it is told to."""

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin",
    "LC_ALL": "C",
    "DEBIAN_FRONTEND": "noninteractive",
}
"""What a command finds around it."""


class Refused(DoctorError):
    """A step may not be done, or cannot be taken back; nothing was changed by it."""


class Failed(DoctorError):
    """A command ended with an error."""


def loosened(step: Step) -> frozenset[str]:
    """The directories whose owner or mode a step repairs: until then others can change the way through them."""
    return frozenset(edit.path for edit in step.edits if edit.way in ("mode", "owner"))


def looked_at(step: Step) -> tuple[Mapping[str, State], Mapping[str, tuple[int, int]]]:
    """What stands at each path that a step changes, and the times of the folders around. Raises Refused where it is not
    safe to change it there, or not possible."""
    loose = loosened(step)
    before = {path: may_change(step, path, loose) for path in step.changes}
    return before, _times(sorted({os.path.dirname(path) for path in before}))


def may_change(step: Step, path: str, loose: frozenset[str]) -> State:
    """What stands at a path that a step changes; `loose` as for `filesystem.state`. Raises Refused where it is not safe
    to change it there, or not possible."""
    try:
        before = filesystem.state(path, loose)
    except FileNotFoundError:
        raise Refused("the folder around it is not there", path, "do it by hand") from None
    except OSError as error:
        raise Refused(f"{error.strerror}", str(error.filename or path), "do it by hand") from None
    if before.kind == "link":
        raise Refused("it is a symbolic link", path, "do it by hand, where it points")
    if before.kind == "file" and before.names > 1:
        raise Refused("it has another name, so it is another's file too", path, "do it by hand")
    if before.kind == "folder" and any((edit.path, edit.way) == (path, "moved") for edit in step.edits):
        raise Refused("it is a directory, and no copy is kept of what is in it", path, "do it by hand")
    return before


def _times(folders: Iterable[str]) -> Mapping[str, tuple[int, int]]:
    """When directories were last looked at and changed, of those that are there."""
    times = {}
    for folder in folders:
        with contextlib.suppress(OSError):
            found = filesystem.status(folder)
            times[folder] = found.st_atime_ns, found.st_mtime_ns
    return times


def seen(steps: Iterable[Step]) -> dict[str, State]:
    """What stands at each path that these steps change, where that can be told: taken before the host is examined, so
    that what is judged is what is then changed."""
    found = {}
    for step in steps:
        for path in step.changes:
            with contextlib.suppress(OSError):
                found[path] = as_noted(filesystem.state(path, loosened(step)))
    return found


def _as_judged(before: Mapping[str, State], judged: Mapping[str, State]) -> None:
    """Raises Refused where someone changed a file since, but for its time. A socket is its program's."""
    for path, state in before.items():
        known = judged.get(path)
        if known is None or known.is_socket or state.is_socket:
            continue
        if not as_noted(state)._replace(modified=0).same(known._replace(modified=0)):
            raise Refused("someone changed it while the host was looked at", path, "maildoctor fix once more")


def do(step: Step, code: str, message: str, journal: Journal, judged: Mapping[str, State] | None = None) -> Entry:
    """Keep what is there, note it, run the command, note what is there now. `judged`: what stood there when the host
    was examined, as `seen` has it. Raises Refused and JournalError before anything is changed, Failed where the command
    fails. Whatever else ends it, the step stays as one that was begun."""
    before, times = looked_at(step)
    _as_judged(before, judged or {})
    entry = Entry(code, message, step.command, step.restarting, step.lasting, before, times)
    earlier = _as_left(journal) if entry.restart else {}
    journal.begin(entry)
    failed = None
    try:
        run(step, journal)
    except Failed as error:
        failed = error
    try:
        for path, state in before.items():
            filesystem.keep_attributes(path, state, frozenset(before))
        entry.after = {path: as_noted(filesystem.state(path, frozenset(before))) for path in before}
        for path, one in earlier.items():
            one.after = {**one.after, path: as_noted(filesystem.state(path, frozenset(one.before)))}
    except OSError as error:
        raise Failed(f"{error.strerror}", str(error.filename), "see what the command left there") from None
    entry.times_after = _times(times)
    entry.stage = "done"
    journal.save()
    if failed:
        raise failed
    return entry


def _as_left(journal: Journal) -> Mapping[str, Entry]:
    """Path -> the last step of this run that changed it, where it is as that step left it: what a service then writes
    there when it starts, as Debian's sendmail builds its maps, is our doing too."""
    last = {path: entry for entry in journal.entries if entry.stage == "done" for path in entry.before}
    changed = changed_since(journal.entries)
    return {path: entry for path, entry in last.items() if path not in changed}


def run(step: Step, journal: Journal) -> None:
    """The command of a step, until it ends. Raises Failed."""
    asks = step.kind == "asks"
    said = None if asks else filesystem.scratch()
    # not a daemon, which would hold it for ever
    held = () if journal.lock is None or not step.changes or step.kind == "restarts" else (journal.lock,)
    try:
        status = _ended(step, said, held)
    except subprocess.TimeoutExpired:
        raise Failed(f"it took longer than {_SECONDS} s", step.command, "see what it waits for") from None
    except OSError as error:
        raise Failed(f"it cannot be run: {error.strerror}", step.command, "do it by hand") from None
    finally:
        words = b"" if said is None else filesystem.so_far(said, _SAID)
    if status:
        last = words.decode(errors="replace").strip().splitlines()[-1:] or [f"status {status}"]
        raise Failed(last[0], step.command, "do it by hand to see why")


def _ended(step: Step, said: int | None, held: Sequence[int]) -> int:
    """Its status. A daemon that it starts goes on, and holds what it was given as its output: so the command's end is
    waited for, not the output's. What does not end, or may not go on, ends with all that it started."""
    asks = step.kind == "asks"
    process = subprocess.Popen(
        ["/bin/sh", "-c", step.command],
        cwd="/",
        env={**ENVIRONMENT, **({"TERM": os.environ.get("TERM", "dumb")} if asks else {})},
        stdin=None if asks else subprocess.PIPE if step.confirms else subprocess.DEVNULL,
        stdout=said,
        stderr=said,
        umask=0o022,
        pass_fds=held,
        start_new_session=not asks,  # one that asks needs the terminal
    )
    if process.stdin:
        with contextlib.suppress(BrokenPipeError), process.stdin as answer:
            answer.write(b"y\n")
    try:
        return process.wait(None if asks else _SECONDS)
    except BaseException:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number) if asks else os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
        raise


def restart(entries: Iterable[Entry], journal: Journal) -> None:
    """Services that were restarted by steps that are taken back start again with what they had before. Raises
    Failed."""
    for command in dict.fromkeys(entry.restart for entry in entries if entry.restart):
        run(Step(command, "risky", kind="restarts"), journal)


def take_back(entry: Entry, journal: Journal) -> None:
    """Every path as it was before the step, and the time of change of the directories around, where nothing else
    changed them. Raises Refused where a file cannot be put back."""
    loose = frozenset(entry.before)
    left = entry.times_after
    untouched = [path for path, times in _times(entry.times).items() if times[1] == left.get(path, times)[1]]
    try:
        for path, before in reversed(list(entry.before.items())):
            filesystem.put_back(path, before, loose)
        for path in untouched:
            filesystem.set_times(path, *entry.times[path], loose)
    except OSError as error:
        raise Refused(f"it cannot be put back: {error.strerror}", str(error.filename or path), journal.folder) from None
    entry.stage = "undone"
    journal.save()


def clear_drafts(journal: Journal) -> None:
    """Drafts that a kill left beside files that are put back, or beside the journal."""
    for folder in {journal.folder, *(os.path.dirname(path) for entry in journal.entries for path in entry.before)}:
        with contextlib.suppress(OSError):
            filesystem.clear_drafts(folder)


def changed_since(entries: Iterable[Entry]) -> list[str]:
    """Paths that are neither what the steps left nor what was there before them: someone else changed them. Of a step
    that was broken off it is not known what it left; a socket is made anew by its program."""
    last: dict[str, Entry] = {}
    for entry in entries:
        if entry.stage != "undone":
            last.update(dict.fromkeys(entry.before, entry))
    changed = []
    for path, entry in last.items():
        if entry.before[path].is_socket:
            continue
        try:
            now = as_noted(filesystem.state(path, frozenset(entry.before)))
            if now.kind == "folder" and entry.before[path].kind == "nothing" and filesystem.names(path):
                changed.append(path)  # it would have to go, with what others put there
                continue
        except OSError:
            changed.append(path)
            continue
        known = (entry.after.get(path, now), as_noted(entry.before[path]))
        if entry.stage == "done" and not any(now.same(one) for one in known):
            changed.append(path)
    return changed

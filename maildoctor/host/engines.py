"""From the name of a container to the number of its first process: by podman or docker, else by cgroups.

Only `inspect` is asked of them, and only engines of this machine: the process numbers of another mean nothing here.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from maildoctor import filesystem
from maildoctor.host import HostError, NoAnswer, procfs
from maildoctor.host.child import Child

ENGINES = ("podman", "docker")

_NAME = re.compile(r"(?:(podman|docker):)?([a-zA-Z0-9][a-zA-Z0-9_.-]{0,254})")
"""What both engines allow as a name; an id is one too. None begins with a dash, so none is taken for an option."""

_ID = re.compile(r"[0-9a-f]{12,64}")

_UNKNOWN = re.compile(r"(?i)no such (container|object)")

_WHAT_NAME = "`podman ps` or `docker ps` lists names; or give --pid the number of a process in it"


@dataclass(frozen=True, slots=True)
class Found:
    """A running container: the process that it began with, how it was called, and what was run to find it. `resume` is
    the command that lets it go on; empty where it is not paused."""

    pid: int
    name: str
    commands: tuple[str, ...]
    resume: str = ""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an engine says of a container; `pid` is 0 where it does not run."""

    engine: str
    ident: str
    pid: int
    status: str


@dataclass(frozen=True, slots=True)
class Failed:
    """An engine that could not tell."""

    engine: str
    reason: str


def find(name: str) -> Found:
    """The running container of this name, id or beginning of an id; `podman:` or `docker:` before it names the engine.

    Raises HostError.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise HostError("this is no name of a container", name or "--container", _WHAT_NAME)
    engine, bare = match[1], match[2]
    programs = dict(_installed((engine,) if engine else ENGINES))
    if engine and not programs:
        raise HostError(f"{engine} is not installed", "the folders in PATH", "give --pid the number of a process in it")
    commands = {e: [path, "inspect", "--type", "container", bare] for e, path in programs.items()}
    answers = [inspected(e, said) for e, said in _answers(commands)]
    known = [a for a in answers if isinstance(a, Inspected)]
    shown = tuple(shlex.join([e, *argv[1:]]) + " </dev/null" for e, argv in commands.items())
    if known:
        one = _the_one(known, bare)
        return Found(one.pid, name, shown, f"{one.engine} unpause {bare}" if one.status == "paused" else "")
    by_id = _by_cgroup(bare) if _ID.fullmatch(bare) else None
    if by_id is not None:
        return Found(by_id, name, shown)
    raise _not_found(name, programs, [a for a in answers if isinstance(a, Failed)])


def inspected(engine: str, said: str) -> Inspected | Failed | None:
    """From what `inspect` printed, warnings among it; None: this engine knows no such container."""
    found = next((item for item in _arrays(said) if item), None)
    if found is None:
        lines = [line.strip() for line in said.splitlines()[1:] if line.strip(" []")]
        return None if _UNKNOWN.search(said) else Failed(engine, lines[-1][:300] if lines else "it said nothing")
    try:
        state, ident = found[0]["State"], found[0]["Id"]
        pid, status = state["Pid"], state["Status"]
    except (TypeError, KeyError):
        return Failed(engine, "its answer names no process")
    if type(pid) is not int or not isinstance(ident, str):
        return Failed(engine, "its answer names no process")
    return Inspected(engine, ident, pid, str(status))


def _arrays(said: str) -> Iterator[Any]:
    """The JSON arrays that begin at the beginning of a line."""
    import json

    for start in re.finditer(r"(?m)^\[", said):
        try:
            yield json.JSONDecoder().raw_decode(said, start.start())[0]
        except (ValueError, RecursionError):
            continue


def _the_one(known: Sequence[Inspected], name: str) -> Inspected:
    """The container that all who know the name mean: podman may also go by the name of docker."""
    if len({found.ident for found in known}) > 1:
        what = "podman and docker both have a container of this name"
        raise HostError(what, name, f"say which: --container podman:{name} or --container docker:{name}")
    found = known[0]
    if found.pid <= 0:
        raise HostError(
            f"the container is not running: {found.status}",
            f"{found.engine} container {name}",
            f"{found.engine} start {name}; if it ends at once: {found.engine} logs {name}",
        )
    return found


def _not_found(name: str, programs: dict[str, str], failed: Sequence[Failed]) -> HostError:
    if not programs:
        return HostError("neither podman nor docker is installed", name, "give --pid the number of a process in it")
    reasons = dict.fromkeys(programs, "no such container") | {f.engine: f.reason for f in failed}
    where = "; ".join(f"{engine}: {reason}" for engine, reason in reasons.items())
    remedy = "run as root, start the engine, or give --pid N" if failed else _WHAT_NAME
    return HostError(f"the container {name} cannot be found", where, remedy)


def _installed(engines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for engine in engines:
        path = filesystem.program(engine)
        if path is not None:
            yield engine, path


def _answers(commands: dict[str, list[str]]) -> list[tuple[str, str]]:
    """What the engines say, asked at the same time."""
    started = [(engine, _start(argv)) for engine, argv in commands.items()]
    answers = [(engine, child if isinstance(child, NoAnswer) else child.words()) for engine, child in started]
    return [(engine, f"\n{a.reason}" if isinstance(a, NoAnswer) else a) for engine, a in answers]


def _start(argv: list[str]) -> Child | NoAnswer:
    # Unlike other programs these need the user's environment: where his own containers are, which configuration holds.
    try:
        return Child(
            argv,
            subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(),
                start_new_session=True,
            ),
        )
    except OSError as error:
        return NoAnswer("failed", f"{argv[0]} could not be run: {error.strerror}")


def _environment() -> dict[str, str]:
    """The user's, without what leads to the engine of another machine."""
    away = {"DOCKER_CONTEXT", "CONTAINER_CONNECTION"}
    away |= {k for k in ("DOCKER_HOST", "CONTAINER_HOST") if not os.environ.get(k, "").startswith("unix:")}
    return {k: v for k, v in os.environ.items() if k not in away} | {"DOCKER_CONTEXT": "default", "LC_ALL": "C"}


def _by_cgroup(prefix: str) -> int | None:
    """The first process of the container whose id begins so, by the names of the cgroups of all processes."""
    # podman's conmon, outside the container, is in libpod-conmon-ID.scope
    part = re.compile(rf"[/:-](?<!conmon-)({prefix}[0-9a-f]*)(?:\.scope)?(?:/|$)", re.MULTILINE)
    found: dict[str, list[int]] = {}
    for pid in procfs.everyone():
        for ident in set(part.findall(_cgroups(pid))):
            if len(ident) == 64:
                found.setdefault(ident, []).append(pid)
    if len(found) > 1:
        raise HostError("the ids of several containers begin so", prefix, "give more of the id")
    return procfs.eldest(next(iter(found.values()))) if found else None


def _cgroups(pid: int) -> str:
    try:
        return filesystem.kernel(f"/proc/{pid}/cgroup", 65536).decode("utf-8", "replace")
    except OSError:
        return ""

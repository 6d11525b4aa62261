"""Reading logs on many machines by Dask, `triage --dask`: a task for each share, put together as a tree.

Dask decides who reads what, moves results, and has the shares of a worker that died read again (the extra
`maildoctor[cluster]`); nothing of it is imported otherwise. The shares and the tree are those of one process, so the
report is the same.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from maildoctor.cli import options as shared
from maildoctor.cli.log_report import chosen_rules
from maildoctor.cli.logs import chosen_engine, opened, read_piece, wanted
from maildoctor.cli.progress import Progress
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.signals import held_back, noted, passed_by
from maildoctor.render.escape import shown
from maildoctor.render.log import size
from maildoctor.triage.builtin import builtin
from maildoctor.triage.rules import Rule
from maildoctor.triage.scan import Scan, Seen, together
from maildoctor.triage.shares import FAN, budget, divided
from maildoctor.triage.sources import SourceError, SourceOptions
from maildoctor.triage.sources.opening import STDIN, open_extent, open_whole
from maildoctor.triage.sources.remote import Found, is_address, printable

_INSTALL = "python3 -m pip install 'maildoctor[cluster]'"
_RETRIES = 3
"""How often a share is read again that failed; a worker that dies is Dask's own affair (`allowed-failures`)."""

_PATIENCE = 30
"""Seconds in which the scheduler must answer, and have a worker."""

_LOOK = 1.0
"""Seconds between two looks at who the workers are."""

_PAUSE = 0.02
"""Seconds between two looks for a share that was read."""

_GRACE = 3.0
"""Seconds that workers are given to hand over what they have, once they were told to stop."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A log, or the lines of one that begin from byte `start` on and before byte `end`, one of so many `pieces`.
    `lost`: why nothing of it can be read, empty where it can."""

    found: Found
    start: int = 0
    end: int | None = None
    pieces: int = 1
    lost: str = ""

    @property
    def name(self) -> str:
        """What it is called in the report."""
        return printable(self.found.address) if is_address(self.found.address) else self.found.address


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker must know besides its share. `run`: which reading it is of, like no other; `release`: see
    `_release`."""

    run: str
    release: tuple[str, str]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    exact: bool
    unmatched: bool
    marked: bool
    wanted: SourceOptions


class Cluster:
    """What a command line asks to be read, by the workers of a Dask scheduler. After `read`, `stop`: what ended the
    reading early, None where nothing did."""

    def __init__(self, rules: Sequence[Rule], options: argparse.Namespace, now: float) -> None:
        self.stop: KeyboardInterrupt | None = None
        self._options = options
        self._now = now
        for option, used in (("--follow", options.follow), ("--journal", options.journal is not None)):
            if used:
                raise UsageError("cannot be shared with other machines", option, "leave out --dask")
        if not options.files or STDIN in options.files:
            raise UsageError("standard input cannot be shared with other machines", "--dask", "name files or addresses")
        self._job = Job(
            token_hex(16),
            _release(),
            shared.listed(options.select),
            shared.listed(options.ignore),
            options.exact,
            options.unmatched,
            bool(options.partial),
            wanted(options, now),
        )

    def read(self) -> Seen:
        """Read all, or up to Ctrl-C or SIGTERM. Raises UsageError where there is nothing to read, or nobody to."""
        seen = Seen.nothing()
        try:
            shares = _shares(self._options, self._now)
            with _client(self._options) as client:
                seen = self._read(client, shares)
        except KeyboardInterrupt as stop:  # before anything was read, or when that was over, or a second one
            self.stop = stop
        except (OSError, CancelledError) as error:  # what was read was on the workers, who end with their scheduler
            remedy = "look at its own log, start it again, and then this"
            raise UsageError("the Dask scheduler went away", printable(self._options.dask), remedy) from error
        return seen

    def _read(self, client: Any, shares: Sequence[Sequence[Stretch]]) -> Seen:
        workers, damage = _fit(client, self._job.release)
        with Progress(wanted=not self._options.quiet) as progress, noted() as came:
            reading = _Reading(client, self._job, shares, workers, progress)
            seen = reading.whole(lambda: came() is not None)
            self.stop = came()
        seen.damage += damage
        return seen


class _Reading:
    """The tree of tasks: `FAN` shares that were read are put together by the next task, and so on."""

    def __init__(
        self,
        client: Any,
        job: Job,
        shares: Sequence[Sequence[Stretch]],
        workers: Sequence[str] | None,
        progress: Progress,
    ) -> None:
        from distributed import as_completed

        self._client, self._job, self._shares, self._progress = client, job, shares, progress
        self._only = {"workers": list(workers)} if workers is not None else {}
        self._widths = [len(shares)]
        while self._widths[-1] > 1:
            self._widths.append(-(-self._widths[-1] // FAN))
        self._sizes = [sum(map(_bytes, share)) for share in shares]
        self._done = 0
        self._began = time.monotonic()
        self._looked = 0.0
        self._present = set(client.nthreads())
        tasks = [self._task(read_share, job, share, retries=_RETRIES) for share in shares]
        self._ready: dict[tuple[int, int], Any] = {}
        """Results on the workers, or here where they were lost, that are not put together yet."""
        self._parts: dict[tuple[int, int], dict[tuple[int, int], Any]] = {}
        """Those that are being put together, until that is done."""
        self._where = {future.key: (0, n) for n, future in enumerate(tasks)}
        self._completed = as_completed(tasks)

    def whole(self, stopped: Callable[[], bool]) -> Seen:
        """All shares as one; what was read until then where `stopped` says so before all were."""
        while not stopped() and not self._completed.is_empty():
            self._take()
        if stopped():
            self._stop()
        return self._so_far()

    def _take(self) -> None:
        """See to what a worker did, or wait a moment."""
        if not self._completed.has_ready():
            time.sleep(_PAUSE)
            return
        future = next(self._completed)
        state = future.status
        if state in ("pending", "lost"):  # the worker that had it died meanwhile, so Dask has it read again
            self._completed.add(future)
            return
        place = self._where.pop(future.key)
        self._parts.pop(place, None)
        self._ready[place] = future if state == "finished" else self._lost(place, future)
        self._watch(place)
        self._put_together(place)

    def _stop(self) -> None:
        """Have the workers hand over what they have."""
        self._client.run(end_reading, self._job.run, wait=False, on_error="ignore", **self._only)
        until = time.monotonic() + _GRACE
        while time.monotonic() < until and not self._completed.is_empty():
            self._take()

    def _so_far(self) -> Seen:
        ready = dict(self._ready)
        for parts in self._parts.values():
            ready |= parts
        results = [ready[place] for place in sorted(ready, key=lambda place: place[1] * FAN ** place[0])]
        return together(self._client.gather(results, errors="skip"))

    def _put_together(self, place: tuple[int, int]) -> None:
        level, number = place
        if self._widths[level] == 1:
            return
        first = number // FAN * FAN
        group = [(level, n) for n in range(first, min(first + FAN, self._widths[level]))]
        if not all(one in self._ready for one in group):
            return
        parts = {one: self._ready.pop(one) for one in group}
        above = (level + 1, number // FAN)
        if len(parts) == 1:
            self._ready[above] = parts[group[0]]
            self._put_together(above)
            return
        future = self._task(together, list(parts.values()))
        self._where[future.key], self._parts[above] = above, parts
        self._completed.add(future)

    def _task(self, function: Callable[..., Seen], *words: object, retries: int = 0) -> Any:
        return self._client.submit(function, *words, pure=False, retries=retries, **self._only)

    def _lost(self, place: tuple[int, int], future: Any) -> Seen:
        level, number = place
        error = future.exception() if future.status == "error" else None
        said = f"{type(error).__name__}: {error}" if error is not None else "it was given up"
        below = FAN**level
        names = [s.name for share in self._shares[number * below : (number + 1) * below] for s in share]
        seen = Seen.nothing()
        what = printable(" ".join(said.split()))[:300]
        seen.damage += [f"{name}: not read, or in part: {what}" for name in dict.fromkeys(names)]
        return seen

    def _watch(self, place: tuple[int, int]) -> None:
        """Say how far it is, and which workers went away."""
        if place[0] == 0:
            self._done += self._sizes[place[1]]
        now = time.monotonic()
        total, rate = sum(self._sizes), self._done / max(now - self._began, 0.001)
        left = (total - self._done) / max(rate, 1)
        percent = 100 * self._done // max(total, 1)
        self._progress.looking_at(
            f"{size(self._done)} of {size(total)}, {percent} %, {left:.0f} s left, {size(int(rate))}/s"
        )
        if now - self._looked < _LOOK:
            return
        self._looked = now
        present = set(self._client.nthreads())
        for gone in sorted(self._present - present):
            _say(f"the worker {gone} went away; what it was reading is read again")
        self._present |= present
        self._present &= present


# ---- on a worker

_of_thread = threading.local()

_ended: set[str] = set()
"""The runs that were stopped."""


async def end_reading(run: str) -> None:
    """What is being read of this run is handed over as it is, and no more is read. Dask waits for no such function."""
    _ended.add(run)


def read_share(job: Job, share: Sequence[Stretch]) -> Seen:
    """Read one share, on a worker. What is wrong with a log is damage of what was seen."""
    if _release() != job.release:
        raise RuntimeError(f"this worker runs another maildoctor: {' '.join(_release())}")
    if getattr(_of_thread, "job", None) != job:
        rules = chosen_rules(builtin().rules, job.select, job.ignore)
        _of_thread.scan = Scan(rules, chosen_engine, job.wanted.now, job.exact, job.unmatched, marked=job.marked)
        _of_thread.job = job
    scan: Scan = _of_thread.scan
    try:
        for stretch in share:
            if job.run in _ended:
                break
            _read_stretch(scan, stretch, job)
    finally:
        seen = scan.take()
    return seen


def _read_stretch(scan: Scan, stretch: Stretch, job: Job) -> None:
    try:
        if stretch.lost:
            raise SourceError(stretch.lost, "", "")
        if stretch.end is None:
            source = open_whole(stretch.found, job.wanted)
        else:
            source = open_extent(stretch.found.address, stretch.start, stretch.end)
    except SourceError as error:
        scan.seen.names += [] if stretch.start else [stretch.name]
        nothing = "" if stretch.lost else "; nothing of it was read"
        scan.seen.damage.append(f"{stretch.name}: {error.what}{nothing}")
        return
    try:
        read_piece(scan, source, stretch.start, budget(stretch.pieces), lambda: job.run in _ended)
    finally:
        source.close()


# ---- here


def _shares(options: argparse.Namespace, now: float) -> list[list[Stretch]]:
    """The shares that one process would read one after the other."""
    shares: list[list[Stretch]] = []
    cut = True
    for source, fresh, pieces in divided(opened(options, now)):
        found = Found(source.address, source.size, source.written)
        if pieces:
            shares += [[Stretch(found, start, end, len(pieces))] for start, end in pieces]
        else:
            shares += [[]] if fresh or cut else []
            shares[-1].append(Stretch(found, lost=source.damage if source.size == 0 else ""))
        cut = bool(pieces)
        source.close()
    return shares


def _bytes(stretch: Stretch) -> int:
    return (stretch.found.size or 0) if stretch.end is None else stretch.end - stretch.start


@contextmanager
def _client(options: argparse.Namespace) -> Iterator[Any]:
    """A client of the scheduler at the address, or of one on this machine, which ends with it. Raises UsageError."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UsageError("the Python package distributed (Dask) is missing", "--dask", _INSTALL) from error
    if options.dask == "local":
        with held_back():
            workers = max(options.procs, 1)
            cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0")
            client = Client(cluster)
            client.run(passed_by)
        with cluster, client:
            yield client
        return
    try:
        client = Client(options.dask, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        remedy = "name it as tcp://host:8786, or take --dask local"
        raise UsageError("no Dask scheduler answers", printable(options.dask), remedy) from error
    with client:
        yield client


def _fit(client: Any, release: tuple[str, str]) -> tuple[list[str] | None, list[str]]:
    """The workers that can be used, None for all, and what is to be said of the others. Raises UsageError where there
    is none."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except (OSError, TimeoutError) as error:
        raise UsageError("the Dask scheduler has no worker", "--dask", "start one: dask worker ADDRESS") from error

    def installed() -> tuple[str, str] | str:
        # not a function of this module, which another release may not have: it goes there as code
        try:
            from maildoctor.cli.cluster import _release

            return _release()
        except ImportError as error:
            return f"no maildoctor, or an old one: {error}"

    answers: Mapping[str, Any] = client.run(installed, on_error="return")
    damage = [
        f"the worker {where} was not used: it has {_described(found)}, not {' '.join(release)}: "
        "install the same release there"
        for where, found in sorted(answers.items())
        if found != release
    ]
    fit = [where for where, found in answers.items() if found == release]
    if not fit:
        raise UsageError("no worker has this release of maildoctor", "--dask", damage[0])
    return (fit if damage else None), damage


def _described(found: object) -> str:
    return " ".join(found) if isinstance(found, tuple) else printable(" ".join(str(found).split()))[:200]


def _release() -> tuple[str, str]:
    """What tells whether two maildoctors read alike: the release, and a digest of the log rules."""
    from maildoctor import __version__
    from maildoctor.triage.partial import digest

    return __version__, f"rules {digest(builtin().rules)[:12]}"


def _say(sentence: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(shown(f"maildoctor: {sentence}", ascii=True) + "\n")
        sys.stderr.flush()

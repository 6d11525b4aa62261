"""Reading the logs that a command line names: one after another or in pieces side by side, with progress."""

import argparse
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from maildoctor import filesystem
from maildoctor.cli.progress import Progress
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.signals import Terminated
from maildoctor.cli.times import moment
from maildoctor.render.escape import shown
from maildoctor.render.log import size
from maildoctor.triage.engine import Engine, EngineError, fastest, named
from maildoctor.triage.rules import Rule
from maildoctor.triage.scan import Scan, Seen
from maildoctor.triage.sources import Source, SourceOptions
from maildoctor.triage.sources.opening import open_extent, open_sources
from maildoctor.triage.tally import Entry, Key

if TYPE_CHECKING:
    from maildoctor.cli.workers import Share

_WORTH_SHARING = 32 * 1024 * 1024
_NOTICE = 16
_LOOK = 64 * 1024
_LONGEST_CUT = 16 * 1024 * 1024
"""So far behind a cut the end of the line there is looked for."""


class Logs:
    """What a command line asks to be read. After `read`: `names` of the logs, `damage` that was met, and `stop`,
    what ended the reading early, None where nothing did."""

    def __init__(self, rules: Sequence[Rule], options: argparse.Namespace, now: float) -> None:
        self.names: list[str] = []
        self.damage: list[str] = []
        self.stop: KeyboardInterrupt | None = None
        self._rules = rules
        self._options = options
        self._now = now
        self._procs = min(options.procs, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)

    def read(self) -> Seen:
        """Read all, or up to Ctrl-C or SIGTERM. Raises UsageError where there is nothing to read."""
        options = self._options
        scan = self._scan(reported=self._tell if options.follow else None)
        try:
            with Progress(wanted=not options.quiet and not options.follow) as progress:
                for source in self._opened():
                    self.names.append(source.name)
                    try:
                        self._read_one(scan, source, progress)
                    finally:
                        source.close()
                    if source.damage:
                        self.damage.append(f"{source.name}: {source.damage}")
        except KeyboardInterrupt as stop:
            # Ctrl-C is how following ends; SIGTERM is somebody else's wish.
            self.stop = None if options.follow and not isinstance(stop, Terminated) else stop
        return scan.seen

    def _scan(
        self,
        reported: Callable[[Key, Entry], None] | None = None,
        engine: Callable[[Sequence[bytes]], Engine] | None = None,
    ) -> Scan:
        options = self._options
        return Scan(self._rules, engine or self._engine, self._now, options.exact, options.unmatched, reported)

    def _engine(self, needles: Sequence[bytes]) -> Engine:
        name = os.environ.get("MAILDOCTOR_ENGINE", "")
        try:
            return named(name, needles) if name else fastest(needles)
        except EngineError as error:
            raise UsageError(str(error), "the environment: MAILDOCTOR_ENGINE", "unset it") from error

    def _opened(self) -> Iterator[Source]:
        options = self._options
        now = datetime.fromtimestamp(self._now).astimezone()
        wanted = SourceOptions(
            follow=options.follow,
            since=moment(options.since, "--since", now) if options.since else None,
            until=moment(options.until, "--until", now) if options.until else None,
            journal=_units(options.journal),
            now=self._now,
        )
        files = list(options.files)
        if not files and options.journal is None and _piped():
            files = ["-"]
        return open_sources(files, wanted)

    def _read_one(self, scan: Scan, source: Source, progress: Progress) -> None:
        if self._procs > 1 and source.extent is not None and source.size is not None:
            start, end = source.extent
            if end - start >= _WORTH_SHARING:
                progress.looking_at(source.name)
                self._share(scan, source.name, start, end)
                return
        began = time.monotonic()
        for number, _ in enumerate(scan.feed(source, source.name, eager=self._options.follow)):
            if number % _NOTICE == 0:
                progress.looking_at(_state(source, time.monotonic() - began))

    # ---- side by side

    def _share(self, scan: Scan, path: str, start: int, end: int) -> None:
        """Read the pieces of a plain file in processes of their own."""
        from maildoctor.cli.workers import Workers

        pieces = _pieces(path, start, end, self._procs)
        engine = self._engine(scan.needles)  # once for all, and where there is none this is the place to say so

        def work(piece: tuple[int, int], stopped: Callable[[], bool]) -> Seen:
            return self._read_piece(path, piece, engine, stopped)

        with Workers(work, pieces) as workers:
            try:
                for share in workers.shares():
                    self._merge(scan, path, share)
            except KeyboardInterrupt:
                for share in workers.stopped():
                    self._merge(scan, path, share, reported=False)
                raise

    def _merge(self, scan: Scan, path: str, share: "Share[tuple[int, int], Seen]", reported: bool = True) -> None:
        if share.found is not None:
            scan.seen.merge(share.found)
        if share.trouble and reported:
            first, after = share.piece
            read = f"of the bytes {first} to {after} only {size(share.found.bytes) if share.found else 'nothing'}"
            self.damage.append(f"{path}: {read} was read: {share.trouble}")

    def _read_piece(self, path: str, piece: tuple[int, int], engine: Engine, stopped: Callable[[], bool]) -> Seen:
        start, end = piece
        scan = self._scan(engine=lambda _: engine)
        source = open_extent(path, start, end)
        try:
            for _ in scan.feed(source, path, lines=-1 if start else 0):
                if stopped():
                    break
        finally:
            source.close()
        return scan.seen

    # ---- as it comes

    def _tell(self, key: Key, _entry: Entry) -> None:
        """One line for each new kind of thing, while a log is followed."""
        rule = self._rules[key[0]]
        if rule.kind != "normal" and not self._options.quiet:
            labels = ", ".join(value.decode("utf-8", "surrogateescape") for value in key[1] if value)
            reported = f"{rule.code} {rule.name}" + (f" ({labels})" if labels else "")
            sys.stderr.write(shown(f"{time.strftime('%H:%M:%S')} {rule.severity:7} {reported}", ascii=True) + "\n")
            sys.stderr.flush()


def _piped() -> bool:
    """Whether standard input was meant to be read: cron's /dev/null and a terminal were not."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return not stat.S_ISCHR(mode)


def _units(given: Sequence[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(unit.strip() for option in given for unit in option.split(",") if unit.strip())


def _state(source: Source, seconds: float) -> str:
    done = source.position
    rate = done / max(seconds, 0.001)
    reported = f"{source.name}: {size(done)}"
    if source.size:
        left = (source.size - done) / max(rate, 1)
        reported += f" of {size(source.size)}, {100 * done // source.size} %, {left:.0f} s left"
    return f"{reported}, {size(int(rate))}/s"


def _pieces(path: str, start: int, end: int, count: int) -> list[tuple[int, int]]:
    """The stretch in so many pieces, each of whole lines; fewer where a line has no end near a cut."""
    cuts = [start]
    with os.fdopen(filesystem.opened(path), "rb", buffering=0) as file:
        for n in range(1, count):
            cuts.append(max(_line_after(file.fileno(), start + (end - start) * n // count, end), cuts[-1]))
    return [(a, b) for a, b in zip(cuts, [*cuts[1:], end], strict=True) if a < b]


def _line_after(fd: int, place: int, end: int) -> int:
    """Where the line after this place begins; 0 where that is not near. Never the whole of a giant line at once."""
    last = min(end, place + _LONGEST_CUT)
    while place < last and (some := os.pread(fd, min(_LOOK, last - place), place)):
        if (newline := some.find(b"\n")) >= 0:
            return place + newline + 1
        place += len(some)
    return 0

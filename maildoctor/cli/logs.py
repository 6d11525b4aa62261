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
from maildoctor.triage.scan import Scan, Seen, together
from maildoctor.triage.shares import Tree, budget, divided
from maildoctor.triage.sources import Source, SourceOptions
from maildoctor.triage.sources.opening import open_extent, open_sources
from maildoctor.triage.tally import Entry, Key

if TYPE_CHECKING:
    from maildoctor.cli.workers import Share

_NOTICE = 16


class Logs:
    """What a command line asks to be read. After `read`, `stop`: what ended the reading early, None where nothing
    did."""

    def __init__(self, rules: Sequence[Rule], options: argparse.Namespace, now: float) -> None:
        self.stop: KeyboardInterrupt | None = None
        self._rules = rules
        self._options = options
        self._now = now
        self._procs = min(options.procs, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
        self._tree: Tree[Seen] = Tree(together)

    def read(self) -> Seen:
        """Read all, or up to Ctrl-C or SIGTERM. Raises UsageError where there is nothing to read."""
        options = self._options
        scan = self._scan(reported=self._tell if options.follow else None)
        begun = False
        try:
            with Progress(wanted=not options.quiet and not options.follow) as progress:
                for source, fresh, pieces in divided(opened(options, self._now)):
                    try:
                        if begun and (fresh or pieces):
                            self._tree.add(scan.take())
                            begun = False
                        if pieces:
                            self._read_pieces(scan, source, pieces, progress)
                        else:
                            begun = True
                            self._read_one(scan, source, progress)
                    finally:
                        source.close()
        except KeyboardInterrupt as stop:
            # Ctrl-C is how following ends; SIGTERM is somebody else's wish.
            self.stop = None if options.follow and not isinstance(stop, Terminated) else stop
            begun = True
        if begun:
            self._tree.add(scan.take())
        return self._tree.whole() or scan.take()

    def _scan(
        self,
        reported: Callable[[Key, Entry], None] | None = None,
        engine: Callable[[Sequence[bytes]], Engine] | None = None,
    ) -> Scan:
        options = self._options
        return Scan(
            self._rules,
            engine or chosen_engine,
            self._now,
            options.exact,
            options.unmatched,
            reported,
            marked=bool(options.partial),
        )

    def _read_one(self, scan: Scan, source: Source, progress: Progress) -> None:
        began = time.monotonic()
        for number, _ in enumerate(scan.feed(source, source.name, eager=self._options.follow)):
            if number % _NOTICE == 0:
                progress.looking_at(_state(source, time.monotonic() - began))
        if source.damage:
            scan.seen.damage.append(f"{source.name}: {source.damage}")

    # ---- side by side

    def _read_pieces(self, scan: Scan, source: Source, pieces: Sequence[tuple[int, int]], progress: Progress) -> None:
        """Read the pieces of a plain log; of a file on this machine in processes of their own."""
        progress.looking_at(source.name)
        if self._procs == 1 or source.address != source.name or not filesystem.is_file(source.address):
            for start, end in pieces:
                piece = open_extent(source.address, start, end)
                try:
                    read_piece(scan, piece, start, budget(len(pieces)))
                finally:
                    piece.close()
                self._tree.add(scan.take())
            return
        from maildoctor.cli.workers import Workers

        engine = chosen_engine(scan.needles)  # once for all, and where there is none this is the place to say so
        count = min(self._procs, len(pieces))
        runs = [pieces[len(pieces) * n // count : len(pieces) * (n + 1) // count] for n in range(count)]

        def work(run: Sequence[tuple[int, int]], stopped: Callable[[], bool]) -> list[Seen]:
            return self._read_run(source.address, run, engine, budget(len(pieces)), stopped)

        with Workers(work, runs) as workers:
            try:
                for share in workers.shares():
                    self._add(source.name, share)
            except KeyboardInterrupt:
                for share in workers.stopped():
                    self._add(source.name, share, reported=False)
                raise

    def _add(self, name: str, share: "Share[Sequence[tuple[int, int]], list[Seen]]", reported: bool = True) -> None:
        found = share.found or []
        for seen in found:
            self._tree.add(seen)
        if share.trouble and reported:
            first, after = share.piece[0][0], share.piece[-1][1]
            read = size(sum(seen.bytes for seen in found)) if found else "nothing"
            lost = Seen.nothing()
            lost.damage.append(f"{name}: of the bytes {first} to {after} only {read} was read: {share.trouble}")
            self._tree.add(lost)

    def _read_run(
        self, path: str, run: Sequence[tuple[int, int]], engine: Engine, share: int, stopped: Callable[[], bool]
    ) -> list[Seen]:
        scan = self._scan(engine=lambda _: engine)
        found = []
        for start, end in run:
            piece = open_extent(path, start, end)
            try:
                read_piece(scan, piece, start, share, stopped)
            finally:
                piece.close()
            found.append(scan.take())
            if stopped():
                break
        return found

    # ---- as it comes

    def _tell(self, key: Key, _entry: Entry) -> None:
        """One line for each new kind of thing, while a log is followed."""
        rule = self._rules[key[0]]
        if rule.kind != "normal" and not self._options.quiet:
            labels = ", ".join(value.decode("utf-8", "surrogateescape") for value in key[1] if value)
            reported = f"{rule.code} {rule.name}" + (f" ({labels})" if labels else "")
            sys.stderr.write(shown(f"{time.strftime('%H:%M:%S')} {rule.severity:7} {reported}", ascii=True) + "\n")
            sys.stderr.flush()


def read_piece(scan: Scan, source: Source, start: int, share: int, stopped: Callable[[], bool] = lambda: False) -> None:
    """Read what `open_extent` gave, from byte `start` of the log on, until it ends or `stopped` says so. `share`: of
    the budget of the log."""
    for _ in scan.feed(source, source.name, lines=-1 if start else 0, offset=start, budget=share):
        if stopped():
            break
    if source.damage:
        scan.seen.damage.append(f"{source.name}: {source.damage}")


def chosen_engine(needles: Sequence[bytes]) -> Engine:
    """The engine that the environment names, else the fastest. Raises UsageError where that one is not to be had."""
    name = os.environ.get("MAILDOCTOR_ENGINE", "")
    try:
        return named(name, needles) if name else fastest(needles)
    except EngineError as error:
        raise UsageError(str(error), "the environment: MAILDOCTOR_ENGINE", "unset it") from error


def wanted(options: argparse.Namespace, now: float) -> SourceOptions:
    """What of the logs the command line asks for. Raises UsageError."""
    local = datetime.fromtimestamp(now).astimezone()
    return SourceOptions(
        follow=options.follow,
        since=moment(options.since, "--since", local) if options.since else None,
        until=moment(options.until, "--until", local) if options.until else None,
        journal=_units(options.journal),
        now=now,
    )


def opened(options: argparse.Namespace, now: float) -> Iterator[Source]:
    """The logs that the command line names. Raises UsageError where there is nothing to read."""
    files = list(options.files)
    if not files and options.journal is None and _piped():
        files = ["-"]
    return open_sources(files, wanted(options, now))


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

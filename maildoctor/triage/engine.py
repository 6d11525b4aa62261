"""Finding all needles in a block of log, in one pass. Several engines, one result; the fastest to be had is taken."""

import os
import subprocess
from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, Protocol

from maildoctor import filesystem

Report = Callable[[int, int, int, int, Any], object]
"""Called with a needle's number, where it starts (or 0), where it ends, and two things that are of no use here. Every
line that holds a needle is reported at least once for each needle in it; a needle never spans two lines."""

KIB, MIB = 1024, 1024 * 1024
SMALL = 64 * KIB
"""Up to so many bytes, looking for each needle in turn is over before an engine is imported."""

_LETTERS = bytes(byte if bytes([byte]).isalpha() else ord(" ") for byte in range(256))
_SHORTEST_PART = 3
"""What is left of a cut word must be so long to tell something."""


class Engine(Protocol):
    """Scans blocks of `block` bytes or about that."""

    name: str
    block: int

    def scan(self, block: memoryview, report: Report) -> object:
        """Report every needle in these whole lines."""
        ...

    def inside(self, line: bytes) -> Sequence[int]:
        """The needles in one line, each as often as `scan` would report it."""
        ...

    def without(self, needles: Container[int]) -> "Engine":
        """An engine that need not report these, if that makes it faster."""
        ...


class EngineError(Exception):
    """This engine is not to be had here."""


class Hyperscan:
    """Vectorscan by way of the hyperscan wheel: all needles at once, faster than ripgrep."""

    name = "hyperscan"
    block = 256 * KIB

    def __init__(self, needles: Sequence[bytes]) -> None:
        """Compiling takes some 30 ms, as long as 20 MB of log take: less than a kept database would cost in trust."""
        try:
            import hyperscan
        except ImportError as error:
            raise EngineError("the Python module hyperscan is missing") from error
        self._module = hyperscan
        self._needles = tuple(needles)
        self._database = self._compiled(range(len(needles)))

    def scan(self, block: memoryview, report: Report) -> object:
        """See Engine."""
        return self._database.scan(block, report)

    def inside(self, line: bytes) -> Sequence[int]:
        """See Engine."""
        found: list[int] = []
        append = found.append
        self._database.scan(line, lambda needle, _start, _end, _flags, _context: append(needle))
        return found

    def without(self, needles: Container[int]) -> "Hyperscan":
        """See Engine: each report costs a call of Python."""
        other = copy(self)
        other._database = self._compiled([n for n in range(len(self._needles)) if n not in needles])
        return other

    def _compiled(self, numbers: Sequence[int]) -> Any:
        database = self._module.Database(mode=self._module.HS_MODE_BLOCK)
        needles = [self._needles[n] for n in numbers]
        try:
            database.compile(expressions=needles, ids=list(numbers), flags=[0] * len(needles), literal=True)
        except self._module.error as error:
            raise EngineError(f"hyperscan cannot compile the needles: {error}") from error
        return database


class Re2:
    """RE2 by way of the google-re2 wheel: about as fast as ripgrep. It finds a line with a needle, then which needles
    stand in it."""

    name = "google-re2"
    block = 256 * KIB

    def __init__(self, needles: Sequence[bytes]) -> None:
        self._needles = tuple(needles)
        try:
            import re2
        except ImportError as error:
            raise EngineError("the Python module re2 (google-re2) is missing") from error
        try:
            options = re2.Options()
            options.encoding = options.Encoding.LATIN1
            options.never_capture = True
            options.max_mem = 64 * MIB
            self._any = re2.compile(b"|".join(re2.escape(n) for n in needles), options)
            self._which = re2.Set.SearchSet(options)
            for needle in needles:
                self._which.Add(re2.escape(needle))
            self._which.Compile()
        except (AttributeError, TypeError, re2.error) as error:
            raise EngineError(f"this re2 is not google-re2: {error}") from error

    def scan(self, block: memoryview, report: Report) -> object:
        """See Engine."""
        data = bytes(block)
        at = 0
        while at >= 0 and (found := self._any.search(data, at)):
            start, at = data.rfind(b"\n", 0, found.start()) + 1, data.find(b"\n", found.end())
            line = data[start : at if at >= 0 else len(data)]
            for number in self._which.Match(line):
                for end in _ends(line, self._needles[number]):
                    report(number, 0, start + end, 0, None)
        return None

    def inside(self, line: bytes) -> Sequence[int]:
        """See Engine."""
        return [number for number in self._which.Match(line) for _ in _ends(line, self._needles[number])]

    def without(self, _needles: Container[int]) -> Engine:
        """See Engine: here a report costs little."""
        return self


class InTurn:
    """What the engines share that look for one needle after the other, in the whole block."""

    name = ""
    block = 256 * KIB

    def __init__(self, needles: Sequence[bytes]) -> None:
        self._needles = tuple(needles)

    def scan(self, block: memoryview, report: Report) -> object:
        """See Engine."""
        data = bytes(block)
        needles = self._needles
        for end, number in sorted((end, n) for n in self._possible(data) for end in _ends(data, needles[n])):
            report(number, 0, end, 0, None)
        return None

    def inside(self, line: bytes) -> Sequence[int]:
        """See Engine."""
        return [n for n, needle in enumerate(self._needles) if needle in line for _ in _ends(line, needle)]

    def without(self, _needles: Container[int]) -> Engine:
        """See Engine: here a report costs little."""
        return self

    def _possible(self, _data: bytes) -> Iterable[int]:
        """The needles that may stand in there."""
        raise NotImplementedError


class Finds(InTurn):
    """Each needle in turn, for what is small."""

    name = "find"

    def _possible(self, _data: bytes) -> Iterable[int]:
        return range(len(self._needles))


class Words(InTurn):
    """Python alone: only those needles are looked for whose words are all among the words of the block.

    A log says the same again and again: the words of 256 KiB, taken as runs of ASCII letters, are a set of some 500,
    had by two calls into C, and few needles have all their words in it. One pattern of all needles, at which `re` tries
    every byte, takes three times as long. A needle's first and last word may be cut: what is there of it has to be a
    part of a word, which is looked up once for each word that the block before did not have.
    """

    name = "stdlib"

    def __init__(self, needles: Sequence[bytes]) -> None:
        super().__init__(needles)
        self._words = [_words(needle) for needle in needles]
        self._parts: dict[bytes, list[bytes]] = {}
        for part in {part for _, cut in self._words for part in cut}:
            self._parts.setdefault(part[:_SHORTEST_PART], []).append(part)
        self._known: dict[bytes, Sequence[bytes]] = {}

    def _possible(self, data: bytes) -> Iterable[int]:
        words = set(data.translate(_LETTERS).split())
        known = self._known
        self._known = {word: known[word] if word in known else self._parts_of(word) for word in words}
        parts = set().union(*self._known.values())
        return [n for n, (whole, cut) in enumerate(self._words) if cut <= parts and whole <= words]

    def _parts_of(self, word: bytes) -> Sequence[bytes]:
        return [
            part
            for at in range(len(word) - _SHORTEST_PART + 1)
            for part in self._parts.get(word[at : at + _SHORTEST_PART], ())
            if word.startswith(part, at)
        ]


class Grep(Words):
    """The system's grep as a child process, a block at a time: it finds the lines with a needle, and what Python alone
    would do with all of the log is done with these. To look for each needle in each of them takes a hundred times as
    long where every line is one."""

    name = "grep"
    block = 8 * MIB

    def __init__(self, needles: Sequence[bytes]) -> None:
        super().__init__(needles)
        # In one word of the command line, a line each, not in a file that a sudden end would leave behind.
        program = filesystem.program("grep")
        if program is None:
            raise EngineError("there is no grep that is safe to run")
        self._command: list[str | bytes] = [program, "-a", "-b", "-F", "-e", b"\n".join(needles)]
        try:
            if list(self._hits(memoryview(b"a\n\0" + needles[0] + b"\n"))) != [2]:
                raise EngineError("this grep does not tell where it found something")
        except (OSError, ValueError) as error:
            raise EngineError(f"grep cannot be used: {error}") from error

    def scan(self, block: memoryview, report: Report) -> object:
        """See Engine."""
        kept = _Kept()
        for line, start in self._lines(block):
            kept.add(line, start)
            if kept.length > Words.block:
                super().scan(kept.joined(), kept.translated(report))
                kept = _Kept()
        super().scan(kept.joined(), kept.translated(report))
        return None

    def _lines(self, block: memoryview) -> Iterator[tuple[bytes, int]]:
        """The lines with a needle in them, and where each begins."""
        data = bytes(block)
        for start in self._hits(block):
            stop = data.find(b"\n", start)
            yield data[start : stop if stop >= 0 else len(data)], start

    def _hits(self, block: memoryview) -> Iterator[int]:
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(
            self._command,
            input=block,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        if done.returncode > 1:
            raise EngineError(f"grep gave {done.returncode}")
        for line in done.stdout.split(b"\n"):
            place, colon, _ = line.partition(b":")
            if colon:
                yield int(place)


class _Kept:
    """Lines out of a block, one after the other, and where they stood in it."""

    def __init__(self) -> None:
        self.length = 0
        self._lines: list[bytes] = []
        self._starts: list[int] = []
        self._origins: list[int] = []

    def add(self, line: bytes, start: int) -> None:
        """One more, which began there."""
        self._lines.append(line)
        self._starts.append(self.length)
        self._origins.append(start)
        self.length += len(line) + 1

    def joined(self) -> memoryview:
        """All of them."""
        return memoryview(b"\n".join(self._lines))

    def translated(self, report: Report) -> Report:
        """What tells of places in the block, called with places in what is joined."""

        def reported(number: int, _start: int, end: int, flags: int, context: Any) -> object:
            at = bisect_left(self._starts, end) - 1
            return report(number, 0, self._origins[at] + end - self._starts[at], flags, context)

        return reported


ENGINES: Mapping[str, Callable[[Sequence[bytes]], Engine]] = {
    "hyperscan": Hyperscan,
    "google-re2": Re2,
    "grep": Grep,
    "stdlib": Words,
    "find": Finds,
}
"""By name, the fastest first; `find` is for small inputs only."""


def fastest(needles: Sequence[bytes]) -> Engine:
    """The fastest engine that is to be had here."""
    for maker in (Hyperscan, Re2, Grep):
        try:
            return maker(needles)
        except EngineError:
            continue
    return Words(needles)


def named(name: str, needles: Sequence[bytes]) -> Engine:
    """The engine with this name. Raises EngineError where it is not to be had."""
    if name not in ENGINES:
        raise EngineError(f"there is no engine {name!r}; there are {', '.join(ENGINES)}")
    return ENGINES[name](needles)


def _ends(text: bytes, needle: bytes) -> Iterator[int]:
    at = text.find(needle)
    while at >= 0:
        at += len(needle)
        yield at
        at = text.find(needle, at)


def _words(needle: bytes) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """The words that stand whole in the needle, and what there is of those that its ends may have cut."""
    words = (b"." + needle.translate(_LETTERS) + b".").split()
    cut = {word.strip(b".") for word in words if b"." in word}
    whole = frozenset(word for word in words if b"." not in word)
    return whole, frozenset(part for part in cut if len(part) >= _SHORTEST_PART)

"""A progress on stderr, for people only: one line, after a second, taken away again."""

import sys
import threading
from shutil import get_terminal_size
from types import TracebackType
from typing import Self

from maildoctor.render.escape import shown

_PATIENCE = 1.0
_BEAT = 0.2


class Progress:
    """`with Progress() as progress: examine(…, progress.looking_at)`. Silent unless stderr is a terminal."""

    def __init__(self, wanted: bool = True) -> None:
        self._wanted = wanted and sys.stderr is not None and sys.stderr.isatty()
        self._subject = ""
        self._written = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        if self._wanted:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._wanted:
            self._thread.join()

    def looking_at(self, subject: str) -> None:
        """What is being looked at now."""
        self._subject = subject

    def _watch(self) -> None:
        pause = _PATIENCE
        while not self._over.wait(pause):
            self._write(shown(f"looking at {self._subject}" if self._subject else "looking", ascii=True))
            pause = _BEAT
        if self._written:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _write(self, line: str) -> None:
        # Blanks instead of escape sequences: they work on every terminal.
        line = line[: max(get_terminal_size().columns - 1, 1)]
        sys.stderr.write("\r" + line.ljust(self._written))
        sys.stderr.flush()
        self._written = len(line)

"""Where log lines come from: files packed or not, pipes, containers' and the journal's own formats, logs that grow.

A source gives raw bytes of plain log text, unpacked and reshaped, never more than is asked for. What it wraps is a
chain of streams, each with `readinto`:

    descriptor   a file up to its size at opening, or a pipe          raw.py
    unpacking    gzip, xz, bzip2, zstd, known by content              unpack.py
    reshaping    docker json-file, journal export, JSON to lines      reshape.py
    window       only lines of a stretch of time                      window.py

A log that is followed (follow.py), the journal (journal.py) and what lies elsewhere (remote.py) feed into the same
chain; own.py finds the logs that this host writes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from maildoctor.errors import DoctorError


class SourceError(DoctorError):
    """Nothing can be read there."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What of the sources is wanted.

    `since`, `until`: seconds since 1970, both inclusive. `zone`: that of stamps that name none; None: this machine's.
    `journal`: units of the systemd journal to read besides the files; empty: all of it; None: no journal.
    `idle`: asked every 0.2 s while a followed log has nothing new; true ends the following.
    """

    follow: bool = False
    since: float | None = None
    until: float | None = None
    journal: tuple[str, ...] | None = None
    zone: tzinfo | None = None
    now: float = field(default_factory=time.time)
    idle: Callable[[], bool] | None = None


class Source:
    """One log, read once from its beginning to its end.

    `name`: the path as it was given, `-` or the journal's command; of several followed logs, the one read last; an
    address without the credentials in it. `address`: what opens it again, with them.
    `size`: bytes of the file that will be read, packed as it is; None where it cannot be known.
    `extent`: first byte and the byte after the last of a plain file that can also be read in pieces by `open_extent`;
    None where it cannot.
    `written`: when the log was last written, seconds since 1970: a stamp without a year is of the last such day before.
    """

    name: str
    address: str
    size: int | None
    extent: tuple[int, int] | None
    written: float

    @property
    def position(self) -> int:
        """Raw bytes consumed so far, packed as they are; against `size` this is the progress."""
        raise NotImplementedError

    @property
    def damage(self) -> str:
        """What was wrong with it, empty if nothing: all that could be read was delivered. Final after the end."""
        raise NotImplementedError

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` with the next bytes and say how many; 0 is the end. Lines may be cut anywhere. Never raises
        for what is in the log; OSError where the disk fails goes to `damage`."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of files and child processes."""
        raise NotImplementedError

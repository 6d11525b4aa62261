"""`maildoctor redact`: the masker as a filter, for text that is shown to others."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from maildoctor import filesystem
from maildoctor.cli import options as shared
from maildoctor.cli.trouble import Trouble
from maildoctor.masking.kinds import kind_of
from maildoctor.masking.lines import Masker
from maildoctor.masking.stream import masked_stream

_NOTE = """\
Without FILE, or with -, it reads standard input. A file is known by its name:
passwd, shadow, sasl_passwd, .pgpass and the like; NAME.log is a log.
What is not recognised is not struck out: look before you publish.
"""


def parser() -> argparse.ArgumentParser:
    """The options of `redact`."""
    p = shared.Parser("redact", "Print files with the passwords and other credentials in them struck out.", _NOTE)
    p.add_argument("files", nargs="*", metavar="FILE", help="a log or a configuration file; - is standard input")
    return p


def run(words: Sequence[str]) -> int:
    """Filter one file after the other."""
    options = shared.read(parser(), words)
    for path in options.files or ["-"]:
        if path == "-":
            _standard_input()
        else:
            _file(path)
    return 0


def _standard_input() -> None:
    if sys.stdin is None:
        raise Trouble("it is closed", "standard input", "name a file")
    fd = sys.stdin.fileno()
    _filter(lambda size: os.read(fd, size), "log")


def _file(path: str) -> None:
    try:
        with os.fdopen(filesystem.opened(path, streams=True), "rb", buffering=0) as file:
            os.set_blocking(file.fileno(), True)
            _filter(lambda size: file.read(size) or b"", _kind(path))
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise Trouble(f"cannot read it: {reason}", path, "name a file that can be read, or -") from None


def _kind(path: str) -> str:
    is_log = path.endswith(".log") or "/log/" in os.path.abspath(path)
    return "log" if is_log else kind_of(os.path.abspath(path))


def _filter(read: Callable[[int], bytes], kind: str) -> None:
    out = sys.stdout.buffer
    try:
        for piece in masked_stream(read, Masker(kind)):
            out.write(piece)
            out.flush()  # who pipes a log that is still written sees each line at once
    except BrokenPipeError:
        with suppress(OSError, ValueError):
            os.dup2(filesystem.nowhere(), sys.stdout.fileno())
        raise

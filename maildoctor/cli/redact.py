"""`maildoctor redact`: the masker as a filter, for text that is shown to others."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from maildoctor import filesystem
from maildoctor.cli import options as shared
from maildoctor.cli.report_error import UsageError
from maildoctor.masking.kinds import kind_of
from maildoctor.masking.lines import Masker
from maildoctor.masking.remarks import of_settings
from maildoctor.masking.stream import in_utf8, masked_stream
from maildoctor.triage.sources import SourceError
from maildoctor.triage.sources.raw import Ahead, Descriptor
from maildoctor.triage.sources.unpack import unpacked

_PACKED = (".gz", ".xz", ".bz2", ".zst")
_NOTE = """\
Without FILE, or with -, it reads standard input. What is packed is unpacked. A file is known by its name:
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
        raise UsageError("it is closed", "standard input", "name a file")
    _filter(os.dup(sys.stdin.fileno()), "standard input", Masker("log"))


def _file(path: str) -> None:
    try:
        fd = filesystem.opened(path, streams=True)
        os.set_blocking(fd, True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise UsageError(f"cannot read it: {reason}", path, "name a file that can be read, or -") from None
    full = os.path.abspath(path)
    for ending in _PACKED:
        full = full.removesuffix(ending)
    _filter(fd, path, Masker(_kind(full), settings=of_settings(full)))


def _kind(path: str) -> str:
    return "log" if path.endswith(".log") or "/log/" in path else kind_of(path)


def _filter(fd: int, where: str, masker: Masker) -> None:
    """What the descriptor gives, unpacked and in UTF-8, through the masker: in another writing no secret is seen."""
    source = Ahead(Descriptor(fd, None))
    out = sys.stdout.buffer
    try:
        text = Ahead(unpacked(source, where, None))
        for piece in masked_stream(in_utf8(text.read), masker):
            out.write(piece)
            out.flush()  # who pipes a log that is still written sees each line at once
    except SourceError as error:
        raise UsageError(
            f"it {error.what}", where, error.remedy.replace("maildoctor triage", "maildoctor redact")
        ) from None
    except BrokenPipeError:
        with suppress(OSError, ValueError):
            os.dup2(filesystem.nowhere(), sys.stdout.fileno())
        raise
    finally:
        source.close()
    if text.damage:
        raise UsageError(f"it {text.damage}", where, "what could be read of it was printed")

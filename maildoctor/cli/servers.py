"""Servers as they are named on a command line."""

import argparse
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from maildoctor import filesystem
from maildoctor.cli.report_error import UsageError
from maildoctor.host.network import Target

_LONGEST = 16 * 1024 * 1024
"""Bytes of a list of servers; what is longer is no list."""


def target_of(word: str, ports: Sequence[int], usual: bool = True) -> Iterator[Target]:
    """`HOST`, `HOST:PORT`, `[ADDRESS]:PORT` or a bare address of IPv6, at `ports` where it names none; `usual`: nor did
    anybody else. Raises UsageError."""
    if m := re.fullmatch(r"\[([^\]]{1,80})\](?::(\d{1,6}))?", word):
        host, port = m[1], m[2]
    elif word.count(":") == 1 and "/" not in word:
        host, _, port = word.partition(":")
    else:
        host, port = word, None
    if not host or not re.fullmatch(r"[^\s/@\[\]\x00-\x1f]{1,253}", host):
        raise UsageError("this names no server", word, "write HOST, HOST:PORT or [ADDRESS]:PORT")
    for number in [port_of(port, word)] if port is not None else ports:
        yield Target(host, number, usual and port is None)


def port_of(word: str, where: str) -> int:
    """A port. Raises UsageError."""
    if not re.fullmatch(r"[0-9]{1,5}", word) or not 0 < int(word) < 65536:
        raise UsageError(f"{word!r} is no port", where, "a port is a number from 1 to 65535")
    return int(word)


def listed_in(path: str) -> list[str]:
    """The servers in a file, one a line, `#` before a remark; `-` is the standard input. Raises UsageError."""
    try:
        text = filesystem.read("/dev/stdin" if path == "-" else path, _LONGEST + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(f"the list cannot be read: {reason}", path, "give a file with a server on each line") from None
    if len(text) > _LONGEST:
        raise UsageError(f"the list is longer than {_LONGEST >> 20} MiB", path, "give it in parts")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def seconds(word: str) -> float:
    """A time in seconds, `10` or `10s`, for argparse."""
    with suppress(ValueError):
        value = float(word.removesuffix("s"))
        if 0 <= value <= 86400:
            return value
    raise argparse.ArgumentTypeError(f"{word!r} is no number of seconds")


def some_seconds(word: str) -> float:
    """The same, but not none."""
    value = seconds(word)
    if not value:
        raise argparse.ArgumentTypeError("in no time nothing can be asked")
    return value

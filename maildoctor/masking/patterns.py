"""Patterns that are compiled when they are first used, and searches that end where no honest line would go on."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import cast

MOST = 32
"""More matches of one form are in no honest stretch of 1,500 characters: it is struck out as a whole."""


class Crowded(Exception):
    """A line made to keep us busy."""


class _Lazy:
    """A pattern that is compiled by its first use: to compile them all at the start takes longer than a short log."""

    def __init__(self, make: Callable[[], re.Pattern[str] | re.Pattern[bytes]]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> object:
        compiled = self._make()
        for method in ("match", "fullmatch", "search", "finditer", "findall", "sub"):
            setattr(self, method, getattr(compiled, method))
        return self.__dict__[name]


_POSSESSIVE = re.compile(r"(?<!\\)\)(\*|\+|\?|\{[0-9]{0,5},?[0-9]{0,5}\})\+")


def _portable(text: str) -> str:
    """Without possessive groups where Python cannot match them: before 3.11.5, as Debian 12 has it, they fail on groups
    that could match otherwise (CPython gh-106052). Greedy ones find the same, on hostile lines more slowly."""
    return text if sys.version_info >= (3, 11, 5) else _POSSESSIVE.sub(r")\1", text)


def pattern(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """A pattern over latin-1, of which only ASCII is letters and blanks, compiled when it is first used."""
    return cast("re.Pattern[str]", _Lazy(lambda: re.compile(_portable(text), flags | re.ASCII)))


def pattern_of_bytes(text: bytes, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[bytes]:
    """The same over bytes."""
    return cast(
        "re.Pattern[bytes]", _Lazy(lambda: re.compile(_portable(text.decode("latin-1")).encode("latin-1"), flags))
    )


def union(marks: Iterable[str]) -> str:
    """What matches one of the marks, those that begin alike written once: a search for hundreds of them that takes a
    fraction of the time of one look for each."""
    behind: dict[str, list[str]] = {}
    for mark in marks:
        behind.setdefault(mark[:1], []).append(mark[1:])
    if "" in behind:
        return ""
    parts = [re.escape(first) + union(rest) for first, rest in behind.items()]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def each(form: re.Pattern[str], line: str, most: int = MOST) -> Iterator[re.Match[str]]:
    """All matches. Raises Crowded instead of more than `most`."""
    for number, match in enumerate(form.finditer(line)):
        if number == most:
            raise Crowded
        yield match


def holds(text: str, marks: Iterable[str]) -> bool:
    """Whether one of the marks is in the text; a loop, for it is twice as fast as `any`."""
    for mark in marks:  # noqa: SIM110
        if mark in text:
            return True
    return False

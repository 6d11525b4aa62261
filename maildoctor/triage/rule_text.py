"""The text of a rule file: TOML whose tables are read key by key, and what is wrong with it told by file and line."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from maildoctor import toml
from maildoctor.errors import DoctorError

_T = TypeVar("_T", bound=str)
_AT_LINE = re.compile(r" ?\(at line (\d+), column \d+\)")
_LEXEMES = re.compile(
    toml.TEXTS + r"|^[ \t]*(?:\[\[[ \t]*(?P<table>\w+)[ \t]*\]\]|(?P<key>[\w-]+)[ \t]*=)",
    re.DOTALL | re.MULTILINE,
)
"""What can hide the look of a table or key, texts and comments, or is one."""


class RuleError(DoctorError):
    """A rule file cannot be used."""

    def __init__(self, what: str, where: str, remedy: str = "correct the rule; checks/*/*.toml hold models") -> None:
        super().__init__(what, where, remedy)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def document(text: bytes, name: str) -> dict[str, Any]:
    """The tables in the text of the file called `name`. Raises RuleError, with the line, where it is no TOML."""
    try:
        return toml.tables(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise RuleError("this is no TOML: a byte that is no UTF-8", f"{name}:{line}") from error
    except toml.TooMuch as error:
        raise RuleError(f"this is not read: {error}", name) from error
    except ValueError as error:  # beside TOMLDecodeError: numbers beyond what Python takes
        reported = str(error).partition("\n")[0] or type(error).__name__
        last = text.count(b"\n") + 1
        found = _AT_LINE.search(reported)
        if found:
            place = f"{name}:{found[1]}"
        else:
            place = f"{name}:{last}" if "end of document" in reported else name
        raise RuleError(f"this is no TOML: {_AT_LINE.sub('', reported)}", place) from error


def table_lines(text: bytes, table: str) -> list[int]:
    """The lines, from 1, on which `[[table]]` stands, in order; what stands in texts and comments is none."""
    return [line for line, found in _lexemes(text) if found["table"] == table]


def key_line(text: bytes, key: str) -> int | None:
    """The first line on which `key = …` stands."""
    return next((line for line, found in _lexemes(text) if found["key"] == key), None)


def _lexemes(text: bytes) -> Iterator[tuple[int, re.Match[str]]]:
    decoded, line, at = text.decode("utf-8"), 1, 0
    for found in _LEXEMES.finditer(decoded):
        line += decoded.count("\n", at, found.start())
        at = found.start()
        yield line, found


class Table:
    """A TOML table that is read key by key; `done` refuses what nobody asked for. All raise RuleError."""

    def __init__(self, table: dict[str, Any], place: str) -> None:
        self._left = dict(table)
        self.place = place

    def text(self, key: str, default: str | None = None) -> str:
        """A text without the spaces around it; lines of logs and patterns keep theirs."""
        value = self._left.pop(key, default)
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise RuleError(f"{key!r} must be a text" if value is not None else f"{key!r} is missing", self.place)
        return value if key in ("line", "pattern") else value.strip()

    def texts(self, key: str, needed: bool = False) -> tuple[str, ...]:
        """A list of texts; none, if it is not `needed`."""
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise RuleError(f"{key!r} must be a list of texts", self.place)
        if needed and not value:
            raise RuleError(f"{key!r} is missing", self.place)
        return tuple(value)

    def either(self, key: str) -> tuple[str, ...]:
        """One text or a list of them."""
        return self.texts(key, needed=True) if isinstance(self._left.get(key), list) else (self.text(key),)

    def one_of(self, key: str, allowed: Sequence[_T], default: _T | None = None) -> _T:
        """A text that is one of those allowed."""
        value = self._left.pop(key, default)
        if value not in allowed:
            raise RuleError(f"{key} {value!r} is none of {', '.join(allowed)}", self.place)
        return next(a for a in allowed if a == value)

    def flag(self, key: str) -> bool | None:
        """True, false, or None for a key that is not there."""
        value = self._left.pop(key, None)
        if value is None or isinstance(value, bool):
            return value
        raise RuleError(f"{key!r} must be true or false", self.place)

    def map(self, key: str) -> dict[str, str]:
        """A table of texts."""
        value = self._left.pop(key, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise RuleError(f"{key!r} must be a table of texts", self.place)
        return dict(value)

    def lists(self, key: str) -> dict[str, tuple[str, ...]]:
        """A table of lists of texts."""
        value = self._left.pop(key, {})
        if not isinstance(value, dict):
            raise RuleError(f"{key!r} must be a table of lists", self.place)
        inner = Table(value, f"{self.place}, {key}")
        return {name: inner.texts(name, needed=True) for name in value}

    def tables(self, key: str) -> list["Table"]:
        """The tables written as `[[rule.key]]`."""
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise RuleError(f"{key!r} must be written as [[rule.{key}]]", self.place)
        return [Table(v, f"{self.place}, {key} {n}") for n, v in enumerate(value, 1)]

    def done(self) -> None:
        """Raises RuleError for a key that was not read."""
        if self._left:
            raise RuleError(f"unknown key {min(self._left)!r}", self.place)

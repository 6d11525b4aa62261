"""Exim's configuration as Exim reads it, line by line: get_config_line() and macros_expand() in readconf.c.

A comment is a line whose first sign is `#`, also between a line and its continuation; a backslash at the end continues;
a macro is replaced wherever its name stands, also within a longer word; `.ifdef` holds where any macro stood in what
follows it.
"""

import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass

_MACRO = re.compile(r"([A-Z]\w{0,255})[ \t]*(={1,2})(?!=)[ \t]*(.*)", re.S)
_DIRECTIVE = re.compile(r"\.(ifdef|ifndef|elifdef|elifndef|else|endif|include|include_if_exists)(?:[ \t]+(.*))?", re.S)
_BUILT_IN = re.compile(r"(?<![A-Za-z0-9])_(?:HAVE|OPT|DRIVER|LKUP|EXP|OFF|LOG)_[A-Z0-9_]{1,200}")
"""Macros that Exim itself defines by what it was built with (macro_predef.c): taken as defined."""
_MACROS = 400
"""Macros that are kept; Debian's configuration has 120."""
_LENGTH = 16_384
"""Characters of a line that macros are replaced in (big_buffer_size)."""
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One line, continued ones joined and macros replaced, and where it begins."""

    text: str
    path: str
    number: int


def logical_lines(
    path: str, files: Mapping[str, str], macros: MutableMapping[str, str], missing: list[str]
) -> Iterator[LogicalLine]:
    """The lines that count. `files`: texts by path; `macros` is filled; `missing`: included files not there."""
    yield from _file(path, files, macros, missing, 0)


def _file(
    path: str, files: Mapping[str, str], macros: MutableMapping[str, str], missing: list[str], depth: int
) -> Iterator[LogicalLine]:
    holds: list[tuple[bool, bool]] = []  # whether this branch counts, whether one has counted
    for number, raw in _joined(files.get(path, "")):
        expanded, replaced = _expanded(raw, macros)
        directive = _DIRECTIVE.fullmatch(expanded)
        if directive is not None:
            word, rest = directive[1], directive[2] or ""
            if word.startswith("include"):
                if all(now for now, _ in holds):
                    yield from _included(word, rest, path, files, macros, missing, depth)
            else:
                _branch(word, replaced or bool(_BUILT_IN.search(rest)), holds)
        elif all(now for now, _ in holds):
            macro = _MACRO.fullmatch(expanded)
            if macro is None:
                yield LogicalLine(expanded, path, number)
            elif len(macros) < _MACROS or macro[1] in macros:
                macros[macro[1]] = macro[3].strip()


def _included(
    word: str,
    rest: str,
    path: str,
    files: Mapping[str, str],
    macros: MutableMapping[str, str],
    missing: list[str],
    depth: int,
) -> Iterator[LogicalLine]:
    named = rest.strip().strip('"')
    wanted = named if named.startswith("/") else f"{path.rpartition('/')[0]}/{named}"
    if wanted in files and depth < _DEPTH:
        yield from _file(wanted, files, macros, missing, depth + 1)
    elif word == "include":
        missing.append(wanted)


def _branch(word: str, defined: bool, holds: list[tuple[bool, bool]]) -> None:
    if word in ("ifdef", "ifndef"):
        now = defined == (word == "ifdef")
        holds.append((now, now))
    elif holds and word == "endif":
        holds.pop()
    elif holds:
        past = holds[-1][1]
        now = not past and (word == "else" or defined == (word == "elifdef"))
        holds[-1] = (now, past or now)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Each line with those that continue it, and its number."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \t\r\f\v")
        if stripped.startswith("#"):
            continue
        if not parts:
            first = number
        more = stripped.endswith("\\")
        parts.append(stripped[:-1] if more else stripped)
        if not more:
            if joined := "".join(parts).strip():
                yield first, joined
            parts = []
    if joined := "".join(parts).strip():
        yield first, joined


def _expanded(line: str, macros: Mapping[str, str]) -> tuple[str, bool]:
    """The line with macros replaced, and whether there was any; of a definition the name stays."""
    named = re.match(r"[A-Z]\w*[ \t]*=", line)
    head, rest = (line[: named.end()], line[named.end() :]) if named else ("", line)
    before = rest
    if any("A" <= c <= "Z" for c in rest):
        for name, value in macros.items():
            if name in rest and len(rest) < _LENGTH:
                rest = rest.replace(name, value)[:_LENGTH]
    return head + rest, rest != before

"""TOML that others wrote: a recording, or a file of log rules. What no such file holds is refused before it is parsed,
for tomllib takes time and memory with the square of a long key, and a kilobyte for each table of ten bytes."""

import re
from typing import Any

TEXTS = (
    r'"""(?:[^"\\]++|\\.|"(?!""))*(?:"{3,5}|\\?\Z)'
    r"|'''(?:[^']++|'(?!''))*(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]++|\\[^\n])*"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+"
)
"""Texts and comments. Each alternative also matches what does not end, so that nothing is looked at twice. No group is
possessive: before 3.11.5 Python cannot match these (CPython gh-106052)."""
_TEXTS = re.compile(TEXTS, re.DOTALL)
_DEEP_KEY = re.compile(r"^(?:[^.\n]*+\.){9}", re.MULTILINE)
"""A key cannot go over the end of a line. Rules have keys of two parts."""

BRACKETS = 50_000
"""Brackets, braces and dots outside of texts: what makes tables. A recording has two braces for each thing that could
not be looked at, some 200 in all."""
ENTRIES = 200_000
"""Keys in one file; a recording has one a question and three for each that was not answered, some 2,000 in all."""
_DEEPEST = 8
"""Lists and tables within one another; a recording and a rule have two."""


class TooMuch(ValueError):
    """It is larger, in this respect, than what we write or ask for. The message says in which."""


def tables(text: str) -> dict[str, Any]:
    """What the TOML says. Raises ValueError where it is none (tomllib.TOMLDecodeError, or a number that Python does
    not take) or `TooMuch`; RecursionError never."""
    import tomllib  # only where there is something to parse

    if excess := excessive(text):
        raise TooMuch(excess)
    return tomllib.loads(text)


def excessive(text: str) -> str:
    """What is more in this TOML than in any file of ours, in words; empty where nothing is. Takes time in proportion to
    the text."""
    bare = _TEXTS.sub("", text)
    if _DEEP_KEY.search(bare):
        return "a key has more than 8 dots"
    if sum(map(bare.count, "[]{}.")) > BRACKETS:
        return f"there are more than {BRACKETS:,} brackets and dots"
    if bare.count("=") > ENTRIES:
        return f"there are more than {ENTRIES:,} entries"
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", bare):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEEPEST:
            return f"lists and tables are nested more than {_DEEPEST} deep"
    return ""

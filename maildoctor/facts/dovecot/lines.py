"""The lines of Dovecot's configuration, as config_parse_line() takes them apart (config/config-parser.c)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

LineKind = Literal["value", "file", "variable", "begin", "end", "group", "include", "include_try", "error"]
"""`value`: a setting; `file`: one whose value is what a file holds (`<`); `variable`: one with a `$` in it, unquoted;
`begin` and `end` of a block; `group`: the beginning of a named group of 2.4; `error`: what Dovecot says to it."""

LONGEST = 64 * 1024
"""Characters of a line, joined lines together, that are looked at."""

_BLANKS = {3: " \t", 4: " \t\r\n\v\f"}
"""What parts words, by the minor number of the release."""
_KEY = {minor: re.compile(f"[^={blanks}]*") for minor, blanks in _BLANKS.items()}
_NAME = {minor: re.compile(f"[^{blanks}]*") for minor, blanks in _BLANKS.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: of `value` the text behind the sign, quotes taken off; of `begin` the name of the block.
    `number` is that of its last line, from 1, which is the one that Dovecot names."""

    kind: LineKind
    key: str
    value: str
    number: int
    quoted: bool = False


def lines(text: str, minor: int) -> Iterator[Line]:
    """The lines that say something; `minor` is 3 or 4. A comment or an empty line between joined lines ends them and
    is all that remains of them, as in Dovecot."""
    blanks = _BLANKS[minor]
    joined = ""
    for number, row in enumerate(text.split("\n"), 1):
        bare = row.removesuffix("\r").partition("\0")[0][:LONGEST].lstrip(blanks)
        if not bare or bare[0] == "#":
            joined = ""
            continue
        bare = _without_comment(bare).rstrip(blanks)
        if bare.endswith("\\"):
            part = bare[:-1].rstrip(blanks)
            joined = f"{joined}{part} "[:LONGEST] if part else joined
            continue
        whole, joined = joined + bare, ""
        yield _taken_apart(whole, number, minor, blanks)


_QUOTED_OR_COMMENT = re.compile(r"""(["'])(?:\\.|(?!\1)[^\\])*(?:\1|\\?$)|#""")


def _without_comment(line: str) -> str:
    """The line up to a `#` that stands in no quotes, whatever is before it."""
    if "#" not in line:
        return line
    for m in _QUOTED_OR_COMMENT.finditer(line):
        if m[0] == "#":
            return line[: m.start()]
    return line


def _taken_apart(line: str, number: int, minor: int, blanks: str) -> Line:
    key, rest = _key(line, minor, blanks)
    if key in ("!include", "!include_try"):
        return Line("include" if key == "!include" else "include_try", key, rest, number)
    if rest[:1] == "=":
        value = rest[1:].lstrip(blanks)
        if value[:1] == "<":
            return Line("file", key, value[1:].lstrip(blanks), number)
        if value[:1] not in ("'", '"') and "$" in value:
            return Line("variable", key, value, number)
        if value[:1] in ("'", '"') and value[-1] == value[0]:
            return Line("value", key, unescaped(value[1:-1]), number, quoted=True)
        return Line("value", key, value, number)
    if key == "}" and not rest:
        return Line("end", key, "", number)
    if rest[:1] == "{":
        name, quoted, rest = "", False, rest
    elif key == "group" and minor > 3:
        return _group(rest, number, blanks)
    else:
        name, quoted, rest = _name(rest, minor, blanks)
    if rest[:1] != "{":
        return Line("error", key, "Expecting '{'", number)
    if len(rest) > 1:
        return Line("error", key, "Garbage after '{'", number)
    return Line("begin", key, name, number, quoted)


_QUOTED_KEY = re.compile(r'"((?:\\.|[^"\\])*)"?')


def _key(line: str, minor: int, blanks: str) -> tuple[str, str]:
    """The first word, and what follows it, blanks taken off."""
    if minor > 3 and (m := _QUOTED_KEY.match(line)):
        return m[1], line[m.end() :].lstrip(blanks)
    word = _KEY[minor].match(line)
    key = word[0] if word else ""
    return key, line[len(key) :].lstrip(blanks)


def _name(rest: str, minor: int, blanks: str) -> tuple[str, bool, str]:
    """The name of a block, whether it was quoted, and what follows."""
    if rest[:1] == '"':
        name, _, after = rest[1:].partition('"')
        return unescaped(name), True, after.lstrip(blanks)
    word = _NAME[minor].match(rest)
    name = word[0] if word else ""
    return name, False, rest[len(name) :].lstrip(blanks)


def _group(rest: str, number: int, blanks: str) -> Line:
    words = re.split(f"[{re.escape(blanks)}]+", rest)
    if len(words) < 2:
        return Line("error", "group", "Expecting group name", number)
    if len(words) != 3 or words[2] != "{":
        return Line("error", "group", "Expecting '{'", number)
    return Line("group", words[0], words[1], number)


def unescaped(text: str) -> str:
    """A backslash makes the next character an ordinary one (lib/strescape.c)."""
    return re.sub(r"\\(.?)", r"\1", text, flags=re.DOTALL) if "\\" in text else text

"""Quoting, in one place: a name from the host can never become shell, m4 or a line of its own.

In a command of the shell a value is quoted (`shell_word`). What is to be written into a file is in one of many
languages, each with quotes of its own, and none that quotes all values; a value that is more than a plain word is left
out there, and its name in capitals stands in its place (`filled`). So it is in the commands of log rules.
"""

import re
import shlex
from collections.abc import Mapping, Sequence

Values = Sequence[tuple[str, str | Sequence[str]]]
"""Names with their value, or with several words."""

FIELD = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_ONE = re.compile(r"\{[a-z_][a-z0-9_]*\}")
_SIDE_BY_SIDE = re.compile(r"(?:\{[a-z_][a-z0-9_]*\}){2,8}")
_WORD = re.compile(r"[A-Za-z0-9_./@][A-Za-z0-9_./@:+,=-]*", re.ASCII)
_ENTRY = re.compile(r"[A-Za-z0-9_./@\[*][A-Za-z0-9_./@:+,=*\[\]-]*", re.ASCII)


def shell_word(text: str) -> str:
    """One operand of a shell command, quoted where it must be. One that begins with `-` would be an option of the
    program, quoted or not: `NAME` stands in its place."""
    return "NAME" if text.startswith("-") else shlex.quote(text)


def shell_words(*texts: str) -> str:
    """Words of a shell command with blanks between them."""
    return " ".join(map(shell_word, texts))


def is_plain(text: str) -> bool:
    """Whether this means only itself wherever it is written, in quotes of any kind or in none: letters, digits and a
    few signs that mean nothing to shell, m4, sed, LDAP and SQL; nothing that could be an option, or leads upwards."""
    return bool(_WORD.fullmatch(text)) and ".." not in text.split("/")


def filled(text: str, fields: Mapping[str, str]) -> str:
    """`{user}` becomes the field's value, or `USER` where it is not known: a shell would redirect to `<user>`. Of
    fields that stand side by side, `{reason}{what}`, the known ones are enough."""
    beside = _SIDE_BY_SIDE.sub(lambda m: "".join(f for f in _ONE.findall(m[0]) if fields.get(f[1:-1])) or m[0], text)
    return FIELD.sub(lambda m: fields.get(m[1]) or m[1].upper(), beside)


def quoted(text: str, values: Values) -> str:
    """A shell command: `{name}` in it becomes the value of that name, quoted."""
    return filled(text, {name: shell_words(*_several(value)) for name, value in values})


def remark(text: str, values: Values) -> str:
    """A comment of the shell: `{name}` in it becomes the value of that name, of a list its plain words, and `NAME`
    where that is not plain."""
    words = {name: " ".join(filter(None, map(_in_file, _several(value)))) for name, value in values}
    return f"# {filled(' '.join(text.split()), words)}"


def _several(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _in_file(value: str) -> str:
    """A plain word, or one with the brackets and the star that stand in keys of maps; else nothing."""
    return value if _ENTRY.fullmatch(value) and ".." not in value.split("/") else ""

"""References in a value, filled in as Postfix does it: `$name`, `${name?text}`, `${{$x} == {y} ? {a} : {b}}`.

Source: util/mac_parse.c and util/mac_expand.c; global/compat_level.c for `<level` and the like (3.6)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Lookup = Callable[[str], str | None]
"""The value of a name as written, None where it is not defined."""

_NAMED = re.compile(r"[A-Za-z0-9_]*")
_BLANKS = " \t\r\n"
_REFERENCE = re.compile(r"\$\$|\$[({]?[ \t\r\n]*([A-Za-z0-9_]+)")
_BLANK = re.compile(r"[ \t\r\n]*")
_BRACES = {"{": re.compile("[{}]"), "(": re.compile("[()]")}
_OPERATOR = re.compile(r"[<>!=?+\-*/~&|%]*")
_SUFFIX = re.compile(r"[A-Za-z0-9]*")
_LEVEL = re.compile(r"\s*\+?(\d{1,9})(?:\.\s*\+?(\d{1,9}))?(?:\.\s*\+?(\d{1,9}))?")
_DEEPEST = 100
"""References within references; beyond, Postfix stops (util/mac_expand.c)."""
_LONGEST = 64 * 1024
"""Characters of a value that is filled in."""
_MOST = 32 * _LONGEST
"""Characters of all values that are filled in for one."""
_EACH_OTHER = 200
"""Conditions within values within conditions."""
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Expansion:
    """A value filled in; `fault`: what Postfix says of it before it stops, empty where it does not; `undefined`: names
    that were referred to and are set nowhere, which counts as empty."""

    text: str
    fault: str = ""
    undefined: tuple[str, ...] = ()


class _Stop(Exception):
    """Postfix would stop here."""


def expand(text: str, lookup: Lookup, version: tuple[int, ...] = ()) -> Expansion:
    """Fill in what `text` refers to, with what Postfix of this release knows (empty: the newest); no more than 64
    Ki characters."""
    if "$" not in text:
        return Expansion(text[:_LONGEST])
    filler = _Filler(lookup, version)
    parts = list[str]()
    try:
        filler.fill(text, 0, parts)
    except _Stop as stop:
        return Expansion("".join(parts)[:_LONGEST], str(stop), tuple(filler.undefined))
    return Expansion("".join(parts)[:_LONGEST], "", tuple(filler.undefined))


def references(text: str) -> Iterator[str]:
    """The names that a value refers to, in whatever branch."""
    return (m[1] for m in _REFERENCE.finditer(text) if m[1])


def compatibility_level(text: str) -> tuple[int, int, int] | None:
    """`3.6` as a number that can be compared; None where it is none (compat_level_from_string)."""
    m = _LEVEL.fullmatch(text)
    return (int(m[1]), int(m[2] or 0), int(m[3] or 0)) if m else None


def _parsed(value: str) -> Iterator[tuple[bool, str]]:
    """Literal text, and what stands in references (mac_parse). Raises _Stop."""
    literal, at = list[str](), 0
    while (dollar := value.find("$", at)) >= 0:
        literal.append(value[at:dollar])
        after = value[dollar + 1 : dollar + 2]
        if after == "$":
            literal.append("$")
            at = dollar + 2
            continue
        if before := "".join(literal):
            yield False, before
        literal = []
        if after in ("(", "{"):
            at = _closing(value, dollar + 1)
            if at < 0:
                raise _Stop(f'truncated macro reference: "{value[:_SHOWN]}"')
            inner = value[dollar + 2 : at - 1]
        else:
            at = _NAMED.match(value, dollar + 1).end()  # type: ignore[union-attr]
            inner = value[dollar + 1 : at]
        if not inner:
            raise _Stop(f'empty macro name: "{value[:_SHOWN]}"')
        yield True, inner
    if last := "".join([*literal, value[at:]]):
        yield False, last


def _closing(text: str, at: int) -> int:
    """The place behind the parenthesis that closes the one at `at`; -1 where none does."""
    level, opening = 0, text[at]
    for m in _BRACES[opening].finditer(text, at):
        level += 1 if m[0] == opening else -1
        if level <= 0:
            return m.end()
    return -1


def _braced(text: str, at: int) -> tuple[str, int] | None:
    """What stands in the braces at `at`, blanks before them skipped, and the place of what follows; None where no
    brace stands there. Raises _Stop."""
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    if text[at : at + 1] != "{":
        return None
    end = _closing(text, at)
    if end < 0:
        raise _Stop(f'unbalanced {{}} in attribute expression: "{text[at:][:_SHOWN]}"')
    inner = text[at + 1 : end - 1]
    while end < len(text) and text[end] in _BLANKS:
        end += 1
    return inner, end


def _tested(inner: str) -> tuple[str, str, int]:
    """The name that a reference begins with, `?` or `:` behind it, and the place of what follows. Raises _Stop."""
    begin = _end(_BLANK, inner, 0)
    end = _end(_NAMED, inner, begin)
    at = _end(_BLANK, inner, end)
    if inner[at : at + 1] not in ("", "?", ":"):
        raise _Stop(f'attribute name syntax error at: "{inner[:_SHOWN]}"')
    return inner[begin:end], inner[at : at + 1], at + 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    m = pattern.match(text, at)
    return m.end() if m else at


class _Filler:
    """One value and what it refers to. Each name is filled in once, however often it is referred to."""

    def __init__(self, lookup: Lookup, version: tuple[int, ...]) -> None:
        self._lookup, self._version = lookup, version
        self._known: dict[str, tuple[str, int]] = {}
        self._open: set[str] = set()
        self._inside = 0
        self._left = _MOST
        self.undefined: dict[str, None] = {}

    def fill(self, text: str, level: int, parts: list[str]) -> int:
        """Append what `text` comes to; the result is how deep its references go. Raises _Stop."""
        deepest, length = 0, 0
        for is_reference, part in _parsed(text):
            if level > _DEEPEST:
                raise _Stop(f'unreasonable macro call nesting: "{part[:_SHOWN]}"')
            if not is_reference:
                parts.append(part)
                length += len(part)
            else:
                before = len(parts)
                deepest = max(deepest, 1 + self._reference(part, level, parts))
                length += sum(map(len, parts[before:]))
            if length > _LONGEST:
                break
        self._left -= length
        if self._left < 0:
            raise _Stop("more text than can be filled in")
        return deepest

    def _nested(self, text: str, level: int, parts: list[str]) -> int:
        self._inside += 1
        if self._inside > _EACH_OTHER:
            raise _Stop(f'unreasonable macro call nesting: "{text[:_SHOWN]}"')
        depth = self.fill(text, level, parts)
        self._inside -= 1
        return depth

    def _reference(self, inner: str, level: int, parts: list[str]) -> int:
        """What stands in one reference (mac_expand_callback)."""
        modern = self._version >= (3,) or not self._version
        if modern and inner.lstrip(_BLANKS).startswith("{"):
            truth, at = self._relation(inner)
            holds: str | None = "true" if truth else ""
            operator = inner[at : at + 1]
            if operator not in ("", "?", ":"):
                raise _Stop(f'"?" or ":" expected at: "...}}>>>{inner[at:][:20]}"')
            at += 1
            name = ""
        else:
            name, operator, at = _tested(inner)
            holds = self._lookup(name)
        if operator:
            return self._chosen(inner, at, operator, bool(holds), level, parts, modern)
        if holds is None:
            self.undefined[name] = None
        elif holds:
            return self._named(name, holds, level, parts) if name else self._nested(holds, level + 1, parts)
        return 0

    def _named(self, name: str, value: str, level: int, parts: list[str]) -> int:
        if name not in self._known:
            if name in self._open:
                raise _Stop(f'unreasonable macro call nesting: "{name}"')
            self._open.add(name)
            own = list[str]()
            depth = self._nested(value, level + 1, own)
            self._open.discard(name)
            self._known[name] = "".join(own)[:_LONGEST], depth
        text, depth = self._known[name]
        if level + depth > _DEEPEST:
            raise _Stop(f'unreasonable macro call nesting: "{name}"')
        parts.append(text)
        return depth

    def _chosen(
        self, inner: str, at: int, operator: str, holds: bool, level: int, parts: list[str], modern: bool
    ) -> int:
        """`?` with one or both results, or `:`. Text that stands in no braces goes to the end."""
        depth = 0
        if operator == "?":
            braced = _braced(inner, at) if modern else None
            result, at = braced or (inner[at:], len(inner))
            if holds:
                depth = self._nested(result, level + 1, parts)
            if at >= len(inner):
                return depth
            if inner[at] != ":":
                raise _Stop(f'":" expected at: "...{result}}}>>>{inner[at:][:20]}"')
            at += 1
        braced = _braced(inner, at) if modern else None
        result, at = braced or (inner[at:], len(inner))
        if not holds:
            depth = self._nested(result, level + 1, parts)
        if at < len(inner):
            raise _Stop(f'unexpected input at: "...{result}}}>>>{inner[at:][:20]}"')
        return depth

    def _relation(self, inner: str) -> tuple[bool, int]:
        """`{x} == {y}`: whether it holds, and the place behind it (mac_exp_parse_relational)."""
        left, at = _braced(inner, 0) or ("", 0)
        operator = _OPERATOR.match(inner, at)[0]  # type: ignore[index]
        if operator not in ("==", "!=", "<", "<=", ">=", ">"):
            raise _Stop(f'"==" or "!=" or "<" or "<=" or ">=" or ">" expected at: "...{left}}}>>>{inner[at:][:20]}"')
        at += len(operator)
        suffix = ""
        if self._version >= (3, 6) or not self._version:
            suffix = _SUFFIX.match(inner, at)[0]  # type: ignore[index]
            if suffix not in ("", "level"):
                raise _Stop(f'bad operator suffix at: "...{operator}>>>{suffix}"')
            at += len(suffix)
        right = _braced(inner, at)
        if right is None:
            raise _Stop(f'"{{expression}}" expected at: "...{{{left}}} {operator}>>>{inner[at:][:20]}"')
        values = []
        for operand in (left, right[0]):
            own = list[str]()
            self._nested(operand, 0, own)
            values.append("".join(own))
        return _compared(values[0], operator, values[1], suffix), right[1]


def _compared(left: str, operator: str, right: str, suffix: str) -> bool:
    """By number where both are digits only, else byte by byte; `level` as compatibility levels."""
    if suffix:
        levels = compatibility_level(left), compatibility_level(right)
        if None in levels:
            wrong = left if levels[0] is None else right
            raise _Stop(f'malformed compatibility level syntax: "{wrong[:_SHOWN]}"')
        order = (levels[0] > levels[1]) - (levels[0] < levels[1])  # type: ignore[operator]
    elif re.fullmatch("[0-9]+", left) and re.fullmatch("[0-9]+", right):
        if max(len(left), len(right)) > 18:
            raise _Stop(f"mac_exp_eval: bad conversion: {max(left, right, key=len)[:_SHOWN]}")
        order = (int(left) > int(right)) - (int(left) < int(right))
    else:
        order = (left > right) - (left < right)
    return {
        "==": order == 0,
        "!=": order != 0,
        "<": order < 0,
        "<=": order <= 0,
        ">=": order >= 0,
        ">": order > 0,
    }[operator]

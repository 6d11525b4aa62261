"""What can be proved of a pattern without running it: the literal text that each of its matches must hold."""

import re
from collections.abc import Iterable
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_SMALL_SET = 4
_FEW_TIMES = 8

Ways = dict[bytes, str]
"""The ways through a pattern so far that held no needle: the literal text that each ended with, and one such way."""


def unneedled(pattern: str, needles: Iterable[bytes]) -> str | None:
    """A way through the pattern that holds none of the needles, with `…` for what is no literal text; None where every
    match holds a needle."""
    tree = _parser.parse(pattern.encode("ascii"))
    if tree.state.flags & re.IGNORECASE:
        return "anything: the case is ignored"
    ways = _Walk(tuple(needles)).through(tree, {b"": ""})
    return next(iter(ways.values()), None)


def literals(pattern: str) -> int:
    """How many bytes of literal text each match holds at least."""
    return _least(_parser.parse(pattern.encode("ascii")))


class _Walk:
    """Goes through a pattern and lets those ways drop that have met a needle."""

    def __init__(self, needles: tuple[bytes, ...]) -> None:
        self._needles = needles
        self._longest = max(map(len, needles))

    def through(self, items: Iterable[Any], ways: Ways) -> Ways:
        for operator, argument in items:
            ways = self._item(operator, argument, ways)
        return ways

    def _item(self, operator: Any, argument: Any, ways: Ways) -> Ways:
        if operator is op.LITERAL:
            return self._text(argument, ways)
        if operator is op.IN and (small := _small_set(argument)):
            return _either(self._text(char, ways) for char in small)
        if operator in (op.AT, op.ASSERT, op.ASSERT_NOT):
            return ways
        if operator is op.BRANCH:
            return _either(self.through(branch, ways) for branch in argument[1])
        if operator is op.SUBPATTERN:
            return self.through(argument[3], ways)
        if operator is op.ATOMIC_GROUP:
            return self.through(argument, ways)
        if operator in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            low, high, body = argument
            return self._repeat(low, high, body, ways)
        return _gap(ways)

    def _text(self, char: int, ways: Ways) -> Ways:
        longer: Ways = {}
        for text, way in ways.items():
            text += bytes([char])
            if not text.endswith(self._needles):
                longer.setdefault(text[-self._longest :], way + chr(char))
        return longer

    def _repeat(self, low: int, high: int, body: Any, ways: Ways) -> Ways:
        if high == 1:
            once = self.through(body, ways)
            return once if low else _either([ways, once])
        if low == high <= _FEW_TIMES:
            return self.through(list(body) * low, ways)
        # At least once, perhaps: what follows the body's first pass is not told.
        return _gap(self.through(body, ways) if low else ways)


def _either(branches: Iterable[Ways]) -> Ways:
    union: Ways = {}
    for ways in branches:
        for text, way in ways.items():
            union.setdefault(text, way)
    return union


def _gap(ways: Ways) -> Ways:
    return {b"": next(iter(ways.values())) + "…"} if ways else {}


def _small_set(argument: Any) -> list[int]:
    chars = [value for kind, value in argument if kind is op.LITERAL]
    return chars if len(chars) == len(argument) <= _SMALL_SET else []


def _least(items: Iterable[Any]) -> int:
    return sum(_least_of(operator, argument) for operator, argument in items)


def _least_of(operator: Any, argument: Any) -> int:
    if operator is op.LITERAL or (operator is op.IN and _small_set(argument)):
        return 1
    if operator is op.BRANCH:
        return min(_least(branch) for branch in argument[1])
    if operator is op.SUBPATTERN:
        return _least(argument[3])
    if operator is op.ATOMIC_GROUP:
        return _least(argument)
    if operator in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        low, _, body = argument
        return min(int(low), _FEW_TIMES) * _least(body)
    return 0

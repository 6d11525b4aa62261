"""What can be proved of a pattern without running it: the literal text that each of its matches must hold."""

import re
from collections.abc import Iterable, Iterator
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_MOST_READINGS = 4096
_SMALL_SET = 4
_FEW_TIMES = 8

Reading = tuple[bytes, ...]
"""One way through a pattern: the literal texts that stand in it, in this order, with something else between them."""

_EMPTY: Reading = (b"",)
_ANYTHING: Reading = (b"", b"")


class Unprovable(Exception):
    """The pattern has too many ways through it."""


def unneedled(pattern: str, needles: Iterable[bytes]) -> Reading | None:
    """A way through the pattern that holds none of the needles, None where every match holds one. Raises Unprovable."""
    wanted = tuple(needles)
    for reading in readings(pattern):
        if not any(needle in text for text in reading for needle in wanted):
            return reading
    return None


def literals(pattern: str) -> int:
    """How many bytes of literal text each match holds at least; 0 where that cannot be told."""
    try:
        return min((sum(map(len, reading)) for reading in readings(pattern)), default=0)
    except Unprovable:
        return 0


def readings(pattern: str) -> list[Reading]:
    """All ways through the pattern. Raises Unprovable."""
    tree = _parser.parse(pattern.encode("ascii"))
    if tree.state.flags & re.IGNORECASE:
        return [_ANYTHING]
    return _sequence(tree)


def _sequence(items: Iterable[Any]) -> list[Reading]:
    ways: list[Reading] = [_EMPTY]
    for operator, argument in items:
        nexts = list(_item(operator, argument))
        if len(ways) * len(nexts) > _MOST_READINGS:
            raise Unprovable(f"more than {_MOST_READINGS} ways through the pattern")
        ways = list(dict.fromkeys(_joined(a, b) for a, b in product(ways, nexts)))
    return ways


def _joined(a: Reading, b: Reading) -> Reading:
    return (*a[:-1], a[-1] + b[0], *b[1:])


def _item(operator: Any, argument: Any) -> Iterator[Reading]:
    if operator is op.LITERAL:
        yield (bytes([argument]),)
    elif operator is op.IN and (small := _small_set(argument)):
        yield from ((bytes([c]),) for c in small)
    elif operator is op.AT or operator in (op.ASSERT, op.ASSERT_NOT):
        yield _EMPTY
    elif operator is op.BRANCH:
        for branch in argument[1]:
            yield from _sequence(branch)
    elif operator is op.SUBPATTERN:
        yield from _sequence(argument[3])
    elif operator is op.ATOMIC_GROUP:
        yield from _sequence(argument)
    elif operator in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        yield from _repeat(*argument)
    else:
        yield _ANYTHING


def _small_set(argument: Any) -> list[int]:
    chars = [value for kind, value in argument if kind is op.LITERAL]
    return chars if len(chars) == len(argument) <= _SMALL_SET else []


def _repeat(low: int, high: int, body: Any) -> Iterator[Reading]:
    if high == 1:
        yield from _sequence(body)
    elif low == high <= _FEW_TIMES:
        yield from _sequence(list(body) * low)
    elif low:
        # At least once: what the body begins and ends with stands there, what lies between is not told.
        yield from (_joined(way, _ANYTHING) for way in _sequence(body))
    else:
        yield _ANYTHING
    if low == 0 and high == 1:
        yield _EMPTY

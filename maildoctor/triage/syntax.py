"""A regular expression as a tree of our own: the one place that knows the private parser of Python's `re`.

`re` does not say how it reads a pattern. `re._parser` does, and is private: names and shapes may change with any
release of Python. `tests/test_syntax.py` holds every construct that is known here, and what is not known is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any


class UnknownSyntax(Exception):
    """This Python's `re` reads the pattern as something that is not known here."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of those; `any` where it is one of more than can be listed."""

    of: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Branch:
    """One of several sequences."""

    ways: tuple["Nodes", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A sequence from `low` to `high` times."""

    low: int
    high: int
    body: "Nodes"


@dataclass(frozen=True, slots=True)
class Reference:
    """The text of a group once more."""


Node = Chars | Branch | Repeat | Reference
Nodes = tuple[Node, ...]
"""What stands one after the other. Groups are their content; what takes no text (`^`, `\\b`, `(?=...)`) is left out."""

ANY = Chars(None)

_NO_TEXT = (op.AT, op.ASSERT, op.ASSERT_NOT)
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_OF_SETS = (op.RANGE, op.CATEGORY, op.NEGATE, op.LITERAL)


@dataclass(frozen=True, slots=True)
class Tree:
    """A pattern over bytes; `ignores_case` by a flag of its own."""

    nodes: Nodes
    ignores_case: bool


def tree(pattern: str) -> Tree:
    """How `re` reads the pattern. Raises re.error for one that is wrong, UnknownSyntax where this Python reads it as
    something that is not known here."""
    try:
        read = _parser.parse(pattern.encode("ascii"))
        return Tree(_sequence(read), bool(read.state.flags & op.SRE_FLAG_IGNORECASE))
    except (AttributeError, TypeError, ValueError) as error:
        raise UnknownSyntax(str(error)) from error


def _sequence(items: Iterable[Any]) -> Nodes:
    nodes: list[Node] = []
    for operator, argument in items:
        if operator in _NO_TEXT:
            continue
        if operator is op.SUBPATTERN:
            nodes += _sequence(argument[3])
        elif operator is op.ATOMIC_GROUP:
            nodes += _sequence(argument)
        else:
            nodes.append(_node(operator, argument))
    return tuple(nodes)


def _node(operator: Any, argument: Any) -> Node:
    if operator is op.LITERAL:
        return Chars(frozenset({int(argument)}))
    if operator is op.IN:
        if unknown := [kind for kind, _ in argument if kind not in _OF_SETS]:
            raise UnknownSyntax(f"{unknown[0]} in a set")
        listed = all(kind is op.LITERAL for kind, _ in argument)
        return Chars(frozenset(int(value) for _, value in argument)) if listed else ANY
    if operator in (op.ANY, op.NOT_LITERAL):
        return ANY
    if operator is op.BRANCH:
        return Branch(tuple(_sequence(way) for way in argument[1]))
    if operator in _REPEATS:
        low, high, body = argument
        return Repeat(int(low), int(high), _sequence(body))
    if operator is op.GROUPREF:
        return Reference()
    raise UnknownSyntax(str(operator))

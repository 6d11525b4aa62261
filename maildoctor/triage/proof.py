"""What can be proved of a pattern without running it: the literal text that each of its matches must hold."""

from collections.abc import Iterable

from maildoctor.triage.syntax import Branch, Chars, Node, Nodes, Repeat, tree

_SMALL_SET = 4
_FEW_TIMES = 8

Ways = dict[bytes, str]
"""The ways through a pattern so far that held no needle: the literal text that each ended with, and one such way."""


def unneedled(pattern: str, needles: Iterable[bytes]) -> str | None:
    """A way through the pattern that holds none of the needles, with `…` for what is no literal text; None where every
    match holds a needle."""
    read = tree(pattern)
    if read.ignores_case:
        return "anything: the case is ignored"
    ways = _Walk(tuple(needles)).through(read.nodes, {b"": ""})
    return next(iter(ways.values()), None)


def literals(pattern: str) -> int:
    """How many bytes of literal text each match holds at least."""
    return _least(tree(pattern).nodes)


class _Walk:
    """Goes through a pattern and lets those ways drop that have met a needle."""

    def __init__(self, needles: tuple[bytes, ...]) -> None:
        self._needles = needles
        self._longest = max(map(len, needles))

    def through(self, nodes: Nodes, ways: Ways) -> Ways:
        for node in nodes:
            ways = self._node(node, ways)
        return ways

    def _node(self, node: Node, ways: Ways) -> Ways:
        match node:
            case Chars(of) if of is not None and len(of) <= _SMALL_SET:
                return _either(self._text(char, ways) for char in of)
            case Branch(branches):
                return _either(self.through(branch, ways) for branch in branches)
            case Repeat(low, high, body):
                return self._repeat(low, high, body, ways)
        return _gap(ways)

    def _text(self, char: int, ways: Ways) -> Ways:
        longer: Ways = {}
        for text, way in ways.items():
            text += bytes([char])
            if not text.endswith(self._needles):
                longer.setdefault(text[-self._longest :], way + chr(char))
        return longer

    def _repeat(self, low: int, high: int, body: Nodes, ways: Ways) -> Ways:
        if high == 1:
            once = self.through(body, ways)
            return once if low else _either([ways, once])
        if low == high <= _FEW_TIMES:
            return self.through(body * low, ways)
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


def _least(nodes: Nodes) -> int:
    return sum(map(_least_of, nodes))


def _least_of(node: Node) -> int:
    match node:
        case Chars(of):
            return 1 if of is not None and len(of) <= _SMALL_SET else 0
        case Branch(ways):
            return min(map(_least, ways))
        case Repeat(low, _, body):
            return min(low, _FEW_TIMES) * _least(body)
    return 0

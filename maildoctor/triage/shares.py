"""How logs are divided into shares, each read by itself, and how the shares are put together.

Where a share begins follows from the list of logs alone, and so does the tree in which they are put together. So what
is estimated in a flood, and what is forgotten where there is too much of it, are the same whoever reads which share, in
whatever order: one process, several, or many machines.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

from maildoctor.triage.scan import BUDGET
from maildoctor.triage.sources import Source
from maildoctor.triage.sources.opening import WORTH_CUTTING

_TOGETHER = 64 << 20
"""Bytes of whole logs, as they lie there, up to which they are one share: sessions go on from one to the next."""

_PIECE = 512 << 20
"""Bytes of a large plain log that are a share of their own, about."""

_LEAST_BUDGET = 128

_MOST_PIECES = 256
FAN = 8

T = TypeVar("T")


def pieces(start: int, end: int) -> list[tuple[int, int]]:
    """The stretch of a plain log in pieces of about equal size, an even number of them, or one."""
    size = end - start
    count = 1 if size < WORTH_CUTTING else min(2 * -(-size // (2 * _PIECE)), _MOST_PIECES)
    cuts = [start + size * n // count for n in range(count + 1)]
    return list(pairwise(cuts))


def budget(count: int) -> int:
    """How often a needle is found in one of so many pieces of a log before it is flooded. Each begins to watch for
    floods anew; so that they read no more lines than one reader of all of it, they share what that one may read."""
    return max(BUDGET // count, _LEAST_BUDGET)


def divided(logs: Iterable[Source]) -> Iterator[tuple[Source, bool, Sequence[tuple[int, int]]]]:
    """Each log, whether a new share begins with it, and its pieces, each a share of its own; none where it is whole."""
    filled = 0
    for log in logs:
        cut = pieces(*log.extent) if log.extent is not None else []
        size = _TOGETHER if log.size is None or len(cut) > 1 else max(log.size, 1)
        fresh = filled > 0 and filled + size > _TOGETHER
        filled = (0 if fresh else filled) + size
        yield log, fresh, cut if len(cut) > 1 else ()


class Tree(Generic[T]):
    """Puts shares together in their order, eight at a time, and these again; few are held at once."""

    def __init__(self, together: Callable[[Sequence[T]], T]) -> None:
        self._together = together
        self._levels: list[list[T]] = []

    def add(self, share: T) -> None:
        """The next one."""
        for level in self._levels:
            level.append(share)
            if len(level) < FAN:
                return
            share = self._together(level)
            level.clear()
        self._levels.append([share])

    def whole(self) -> T | None:
        """All of them as one, None where there are none. Nothing can be added after."""
        rest: list[T] = []
        for level in self._levels:
            level += rest
            rest = [self._together(level)] if len(level) > 1 else level
        return rest[0] if rest else None

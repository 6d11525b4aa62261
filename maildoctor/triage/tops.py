"""The most frequent of any number of things, in bounded memory."""

from collections.abc import Iterable


class Top:
    """Counts of at most `most` keys. Where there are more, those seen least are forgotten, and `forgot` says so.

    A key's count is then at most `forgot` too low (lossy counting); the frequent ones are always kept. Up to
    `most` keys the counts are exact, and merging is associative and commutative; beyond that the bounds add up.
    """

    __slots__ = ("counts", "forgot", "most")

    def __init__(self, most: int) -> None:
        self.counts: dict[bytes, int] = {}
        self.most = most
        self.forgot = 0

    def add(self, key: bytes, times: int = 1) -> None:
        """See `key` so many times more."""
        counts = self.counts
        if key in counts:
            counts[key] += times
            return
        if len(counts) >= self.most:
            self._forget()
        counts[key] = times

    def merge(self, other: "Top") -> None:
        """Add all that another one counted."""
        for key, times in other.counts.items():
            self.add(key, times)
        self.forgot += other.forgot

    def first(self, how_many: int) -> list[tuple[bytes, int]]:
        """The most frequent keys with their counts, the most frequent first, among equals by name."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:how_many]

    def __len__(self) -> int:
        return len(self.counts)

    def _forget(self) -> None:
        # Half of them at once: what was seen least goes, so the work is shared by many additions.
        kept = sorted(self.counts.items(), key=lambda item: -item[1])
        half = self.most // 2
        self.forgot += kept[half][1]
        self.counts.clear()
        self.counts.update(kept[:half])


def merged(tops: Iterable[Top], most: int) -> Top:
    """All of them as one."""
    total = Top(most)
    for top in tops:
        total.merge(top)
    return total

"""When lines were written, to the minute, and how many there were over time."""

from maildoctor.triage.headers import when

_MOST_KNOWN = 50_000
_MOST_BINS = 512


class Clock:
    """Minutes since 1970 of syslog's stamps; each minute is worked out once."""

    def __init__(self, now: float) -> None:
        """`now`: seconds since 1970 when the log was last written; a stamp without a year is not later."""
        self._now = now
        self._known: dict[bytes, int] = {}

    def minute(self, stamp: bytes) -> int:
        """The minute of this stamp, 0 where it cannot be told."""
        # `2026-11-22T09:03:30.123+01:00` and `Nov 22 09:03:30`: what names the minute, and the zone.
        key = stamp[:16] + stamp[-6:] if stamp[4:5] == b"-" else stamp[:-3]
        minute = self._known.get(key)
        if minute is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            minute = self._known[key] = int(self.seconds(stamp) // 60)
        return minute

    def seconds(self, stamp: bytes) -> float:
        """Seconds since 1970, 0 where it cannot be told."""
        return max(when(stamp, self._now) or 0.0, 0.0) if stamp else 0.0


class Course:
    """Counts over time in at most 512 steps; the step, in minutes, doubles as the stretch of time grows."""

    __slots__ = ("bins", "step")

    def __init__(self) -> None:
        self.bins: dict[int, int] = {}
        self.step = 1

    def add(self, minute: int, times: int) -> None:
        """So many more in this minute since 1970; minute 0 is no time and is not counted."""
        if minute:
            self._add(minute // self.step, times)

    def _add(self, key: int, times: int) -> None:
        if key in self.bins:
            self.bins[key] += times
            return
        self.bins[key] = times
        while len(self.bins) > _MOST_BINS:
            self._coarsen(2 * self.step)

    def merge(self, other: "Course") -> None:
        """Add all that another one counted."""
        step = max(self.step, other.step)
        self._coarsen(step)
        for key, times in other.bins.items():
            self._add(key * other.step // self.step, times)

    def rates(self, most: int) -> tuple[int, int, list[int]]:
        """First minute, minutes per step, and the count of each step from the first to the last, `most` at most."""
        if not self.bins:
            return 0, self.step, []
        low, high = min(self.bins), max(self.bins)
        width = -(-(high - low + 1) // most)
        counts = [0] * (-(-(high - low + 1) // width))
        for key, times in self.bins.items():
            counts[(key - low) // width] += times
        return low * self.step, width * self.step, counts

    def _coarsen(self, step: int) -> None:
        if step == self.step:
            return
        old, self.bins = self.bins, {}
        for key, times in old.items():
            key = key * self.step // step
            self.bins[key] = self.bins.get(key, 0) + times
        self.step = step

"""The ledger `checks/CODES`: which code of a family is given next. A code that was given once is never given again."""

from collections.abc import Iterable

CHECKS = range(1, 100)
"""The numbers of checks."""
RULES = range(100, 1000)
"""The numbers of log rules."""


def free_code(ledger: Iterable[str], family: str, numbers: range) -> str | None:
    """The next code of `family` among these numbers: the one above all that were given, or the lowest gap where none
    is left above; None where all are taken. `ledger`: its lines, `CODE name`."""
    codes = (line.partition(" ")[0] for line in ledger)
    given = {int(code[-3:]) for code in codes if code[:-3] == family and int(code[-3:]) in numbers}
    above = range(max(given, default=numbers.start - 1) + 1, numbers.stop)
    free = next((n for n in (*above, *numbers) if n not in given), None)
    return None if free is None else f"{family}{free:03}"

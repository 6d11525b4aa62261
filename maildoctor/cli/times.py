"""Moments as people write them: a date, a time of today, or how long ago."""

import re
from datetime import datetime, timedelta

from maildoctor.cli.report_error import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGO = re.compile(r"([0-9]{1,6})\s*([smhdw])(?:in|ins|ours?|ays?|eeks?|econds?|inutes?)?(?:\s+ago)?")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


def moment(text: str, option: str, now: datetime) -> float:
    """Seconds since 1970. `now` has a zone, which is also that of a text that names none. Raises UsageError."""
    word = text.strip().lower()
    if found := _AGO.fullmatch(word):
        return (now - timedelta(seconds=int(found[1]) * _UNITS[found[2]])).timestamp()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}
    if word in days:
        return days[word].timestamp()
    try:
        if found := _CLOCK.fullmatch(word):
            return midnight.replace(hour=int(found[1]), minute=int(found[2]), second=int(found[3] or 0)).timestamp()
        then = datetime.fromisoformat(text.strip())
        return (then if then.tzinfo else then.replace(tzinfo=now.tzinfo)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is no time", option, "say 2026-11-22 09:00, 09:00, 1h, 3d or yesterday") from None

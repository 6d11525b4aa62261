"""The time that a log line's stamp says: every logger's form, months in the languages that syslogs write them in.

A stamp without a year is of the last such day before the log was written, so December comes before January.
"""

import calendar
import re
import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_AHEAD = 86400.0
"""Seconds a stamp may lie after the log's last writing: clocks differ, and zones by up to a day."""

_KEPT = 4096
"""Minutes whose start is remembered."""

_MONTHS = (
    "jan january janv januar enero ene gen gennaio sty stycznia янв января led oca tammi 1月 ιαν ian gener sij",
    "feb february févr fév fevr fev februar febrero febbraio lut фев февраля úno şub helmi febr 2月 φεβ vel",
    "mar march mars mär märz marz mrt maart мар марта bře maalis márc 3月 μαρ ožu",
    "apr april avr avril abr abril aprile kwi апр апреля dub nis huhti ápr 4月 απρ tra",
    "may mai mei maj mayo maggio mag май мая kvě touko máj 5月 μαι svi",
    "jun june juin juni junio giu giugno cze июн июня čen čvn haz kesä jún 6月 ιουν lip_hr",
    "jul july juil juli julio lug luglio lip июл июля čec čvc tem heinä júl 7月 ιουλ srp_hr",
    "aug august août aou aoû aout ago agosto sie авг августа srp ağu elo 8月 αυγ kol",
    "sep sept september set septembre wrz сен сентября zář eyl syys szept 9月 σεπ ruj",
    "oct october okt oktober ott ottobre octobre octubre out paź окт октября říj eki loka 10月 οκτ lis_hr",
    "nov november novembre noviembre ноя ноября lis kas marras 11月 νοε stu",
    "dec december déc décembre dez dezember dic dicembre gru дек декабря pro ara joulu 12月 δεκ des pro",
)
_NUMBER = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_ENGLISH = {name.encode(): number for number, name in enumerate(calendar.month_abbr) if name}

_bsd = re.compile(
    rb"(?:[A-Za-z\x80-\xff]{2,12}\.?,? )?"
    rb"(?P<month>[A-Za-z\x80-\xff]{2,12}\.?|\d{1,2}\xe6\x9c\x88) {1,2}(?P<day>\d{1,2})(?: (?P<year>\d{4}))?"
    rb" (?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d(?:\.\d{1,9})?)(?: (?P<half>[ap])m)?(?: (?P<late>\d{4}))?"
).fullmatch
_iso = re.compile(
    rb"(?:[A-Za-z\x80-\xff]{2,12}\.?,? )?(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d(?:[.,]\d{1,9})?)"
    rb"(?: ?(Z|[+-]\d\d:?\d\d|[A-Z]{3,5}))?"
).fullmatch
_page = re.compile(rb"(\d\d)/(\d\d)/(\d{4}), (\d\d):(\d\d):(\d\d)").fullmatch
_epoch = re.compile(rb"\d{9,11}(?:\.\d{1,9})?").fullmatch
_tai = re.compile(rb"@40000000([0-9a-f]{8})([0-9a-f]{8})").fullmatch
_words = re.compile(rb"[A-Za-z\x80-\xff]{2,12}|\d{1,2}\xe6\x9c\x88").findall

_TAI_OFFSET = 10
"""Seconds that multilog's TAI is ahead of UTC; it knows no leap seconds."""

_minutes: dict[tuple[bytes, bytes, float, tzinfo | None], float | None] = {}


def month(word: bytes) -> int:
    """The number of a month's name or abbreviation, UTF-8 or Latin-1; 0 where it is none."""
    if (number := _ENGLISH.get(word)) is not None:
        return number
    try:
        text = word.decode()
    except UnicodeDecodeError:
        text = word.decode("latin-1")
    return _NUMBER.get(text.rstrip(".").lower(), 0)


def names_a_day(stamp: bytes) -> bool:
    """Whether what has the shape of a stamp has a month where it has words at all."""
    words = _words(stamp)
    return not words or stamp[4:5] == b"-" or b"-" in stamp[:20] or any(month(word) for word in words)


def when(stamp: bytes, now: float, zone: tzinfo | None = None) -> float | None:
    """Seconds since 1970 of a stamp as `peel` gives it, None where it says none.

    `now`: when the log was last written, seconds since 1970; the year of a stamp without one follows from it. `zone`:
    of stamps that name none; None is this machine's. Never raises.
    """
    # By the minute: lines come by the thousand from one. A second is two digits at a place that the form gives.
    if stamp[3:4] == b" " and len(stamp) == 15:
        start, second, rest = stamp[:13], stamp[13:], b""
    elif stamp[10:11] in (b"T", b" ") and stamp[16:17] == b":" and stamp[4:5] == b"-":
        start, second, rest = stamp[:17], stamp[17:19], stamp[19:]
    else:
        return _read(stamp, now, zone)
    if not second.isdigit():
        return None
    fraction = 0.0
    if rest[:1] in (b".", b","):
        digits = len(rest) - len(rest[1:].lstrip(b"0123456789")) - 1
        fraction, rest = float(b"0." + rest[1 : digits + 1] + b"0"), rest[digits + 1 :]
    key = (start, rest, now, zone)
    try:
        minute = _minutes[key]
    except KeyError:
        if len(_minutes) >= _KEPT:
            _minutes.clear()
        minute = _minutes[key] = _read(start + b"00" + rest, now, zone)
    return None if minute is None else minute + int(second) + fraction


_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S{0,16}|[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d")


def written(line: str, now: float) -> float | None:
    """When a line was written that begins with its stamp, as syslog's files do: seconds since 1970; None where it does
    not say."""
    stamp = _STAMP.match(line)
    return when(stamp[0].encode(), now) if stamp else None


def _read(stamp: bytes, now: float, zone: tzinfo | None) -> float | None:
    try:
        return _by_month(stamp, now, zone) or _by_number(stamp, zone)
    except (ValueError, OverflowError, OSError):
        return None


def _by_month(stamp: bytes, now: float, zone: tzinfo | None) -> float | None:
    match = _bsd(stamp)
    if match is None or not (number := month(match["month"])):
        return None
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] == b"p" else 0)
    day, minute, second = int(match["day"]), int(match["minute"]), float(match["second"])
    if year := match["year"] or match["late"]:
        return _seconds(int(year), number, day, hour, minute, second, zone)
    this = time.gmtime(now + _AHEAD).tm_year
    for guess in range(this, this - 5, -1):  # the 29th of February may be as far away as that
        if day == 29 and number == 2 and not calendar.isleap(guess):
            continue
        seconds = _seconds(guess, number, day, hour, minute, second, zone)
        if seconds <= now + _AHEAD:
            return seconds
    return None


def _by_number(stamp: bytes, zone: tzinfo | None) -> float | None:
    if (match := _iso(stamp)) is not None:
        *date, second, offset = match.groups()
        year, number, day, hour, minute = map(int, date)
        return _seconds(year, number, day, hour, minute, float(second.replace(b",", b".")), _zone(offset, zone))
    if (match := _page(stamp)) is not None:
        day, number, year, hour, minute, whole = map(int, match.groups())
        return _seconds(year, number, day, hour, minute, whole, zone)
    if _epoch(stamp):
        return float(stamp)
    if (match := _tai(stamp)) is not None:
        return int(match[1], 16) - _TAI_OFFSET + int(match[2], 16) / 1e9
    return None


def _zone(offset: bytes | None, zone: tzinfo | None) -> tzinfo | None:
    if not offset or offset[:1] not in b"Z+-":
        return zone if offset not in (b"UTC", b"GMT") else UTC
    if offset == b"Z":
        return UTC
    sign = -1 if offset[:1] == b"-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:])))


def _seconds(
    year: int, number: int, day: int, hour: int, minute: int, second: float, zone: tzinfo | None
) -> float:  # fmt: skip
    """Seconds since 1970. A second of 60 is a leap second. Raises ValueError for a day that no calendar has."""
    whole = datetime(year, number, day, hour, minute, tzinfo=zone)
    return whole.timestamp() + second

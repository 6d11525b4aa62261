"""What was read of a part of the logs, as a file that can be put together with others: `triage --partial`.

JSON, so that nothing in it can run: text of the log as Latin-1, which gives every byte back. Rules and needles stand by
their numbers, so only the same rules can read it: the release and a digest of the rules stand on top. It holds what a
report holds, passed by the masker; who reads it believes none of it: every number and text is bounded.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from maildoctor import __version__
from maildoctor.triage.clock import Course
from maildoctor.triage.rules import Rule
from maildoctor.triage.scan import Flood, Seen
from maildoctor.triage.tally import EXAMPLES, LONGEST_EXAMPLE, Entry, Example, Key, Moment
from maildoctor.triage.tops import Top

FORM = "maildoctor-partial/1"
LARGEST = 64 << 20
"""Bytes of a partial, all bounds of a tally reached."""

_MOST = 2**53
_LONGEST = 4096
_LATEST = 2**35
"""Minutes since 1970: no log is written in the year 60,000."""

_MOST_KEPT = 100_000
"""Of anything that stands in a list."""

T = TypeVar("T")


class PartialError(ValueError):
    """This is no partial that can be put together with others here; says what is wrong."""


@dataclass(frozen=True, slots=True)
class Partial:
    """What was read, and by which rules: what --select and --ignore named. `interrupted`: before all of it was."""

    seen: Seen
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    interrupted: bool = False


def digest(rules: Sequence[Rule]) -> str:
    """Tells whether the numbers of rules and needles mean the same elsewhere."""
    from hashlib import sha256

    known = sha256()
    for rule in rules:
        known.update(repr((rule.code, rule.whole, rule.needles, rule.labels, rule.kind, rule.severity)).encode())
    return known.hexdigest()


def written(partial: Partial, rules: Sequence[Rule]) -> str:
    """The text of the file. `rules`: those it was read by; what was counted by needles is not shared out yet."""
    seen = partial.seen
    tally = seen.tally
    return json.dumps(
        {
            "partial": FORM,
            "version": __version__,
            "rules": digest(rules),
            "select": partial.select,
            "ignore": partial.ignore,
            "interrupted": partial.interrupted,
            "names": seen.names,
            "damage": seen.damage,
            "marks": seen.marks,
            "of_mail": seen.of_mail,
            "bytes": seen.bytes,
            "counted": seen.counted,
            "counted_lines": seen.counted_lines,
            "uncounted": seen.uncounted,
            "read": list(seen.read.items()),
            "floods": [
                [needle, flood.found, _moment(flood.last), _course(flood.course)]
                for needle, flood in seen.floods.items()
            ],
            "unmatched": [seen.unmatched.lines, _top(seen.unmatched.shapes)],
            "entries": [[_key(key), _entry(entry)] for key, entry in tally.entries.items()],
            "addresses": [
                [_text(relay), rule, what.lines, [_text(name) for name in sorted(what.names)], what.first]
                for relay, by_rule in tally.addresses.items()
                for rule, what in by_rule.items()
            ],
            "forgotten_addresses": tally.forgotten_addresses,
            "welcome": [
                [_text(relay) for relay in sorted(tally.welcome.addresses)],
                [_text(name) for name in sorted(tally.welcome.names)],
                tally.welcome.complete,
            ],
            "met": [[_key(key), rule, times] for (key, rule), times in tally.met.items()],
        },
        separators=(",", ":"),
    )


def stated(data: bytes) -> Mapping[str, Any]:
    """The object in a file, whose form and release are ours. Raises PartialError."""
    try:
        given = json.loads(data, parse_constant=_refused)
    except RecursionError as error:
        raise PartialError("it is nested too deeply") from error
    except ValueError as error:
        raise PartialError("it is no JSON, or not whole") from error
    if not isinstance(given, dict) or not isinstance(given.get("partial"), str):
        raise PartialError("it is no partial of maildoctor triage")
    if given["partial"] != FORM:
        raise PartialError(f"it is in another form than {FORM}; read the log again with this release")
    if given.get("version") != __version__:
        raise PartialError(f"another release than {__version__} wrote it; read the log again with this one")
    return given


def chosen_by(given: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What --select and --ignore named. Raises PartialError."""
    read = _Reader(given, ())
    return tuple(read.texts("select")), tuple(read.texts("ignore"))


def was_interrupted(given: Mapping[str, Any]) -> bool:
    """Whether the end of its logs was not read. Raises PartialError."""
    return _flag(given.get("interrupted"))


def seen_in(given: Mapping[str, Any], rules: Sequence[Rule]) -> Seen:
    """What was read by these rules. Raises PartialError."""
    if given.get("rules") != digest(rules):
        raise PartialError("it was made by other log rules; read the log again with these")
    return _Reader(given, rules).seen()


class _Reader:
    """Reads what anybody may have written: each value is of its type and within its bounds, or PartialError."""

    def __init__(self, given: Mapping[str, Any], rules: Sequence[Rule]) -> None:
        self._given, self._rules = given, rules

    def seen(self) -> Seen:
        seen, given = Seen.nothing(), self._given
        seen.names, seen.damage, seen.marks = self.texts("names"), self.texts("damage"), self.texts("marks")
        seen.of_mail = _flag(given.get("of_mail"))
        seen.bytes, seen.counted = _number(given.get("bytes")), _number(given.get("counted"))
        seen.counted_lines, seen.uncounted = _number(given.get("counted_lines")), _number(given.get("uncounted"))
        seen.read = {_number(needle): _number(times) for needle, times in _rows(given.get("read"), 2)}
        for needle, found, last, course in _rows(given.get("floods"), 4):
            seen.floods[_number(needle)] = Flood(_number(found), _a_moment(last), _a_course(course))
        lines, shapes = _row(given.get("unmatched"), 2)
        seen.unmatched.lines = _number(lines)
        _fill(seen.unmatched.shapes, shapes)
        self._tally(seen)
        return seen

    def texts(self, name: str) -> list[str]:
        texts = _list(self._given.get(name))
        if not all(isinstance(text, str) and len(text) <= _LONGEST for text in texts):
            raise _wrong()
        return texts

    def _tally(self, seen: Seen) -> None:
        given, tally = self._given, seen.tally
        for key, entry in _rows(given.get("entries"), 2):
            tally.entries[self._key(key)] = self._entry(self._key(key), entry)
        known = {rule for rule, _ in tally.entries}
        for relay, rule, lines, names, first in _rows(given.get("addresses"), 5):
            if self._rule(rule) not in known:
                raise _wrong()
            address = tally.address_of(_bytes(relay), rule)
            address.lines += _number(lines)
            for name in _list(names):
                address.tried(_bytes(name))
            address.began(_number(first, _LATEST))
        tally.forgotten_addresses = _number(given.get("forgotten_addresses"))
        relays, users, complete = _row(given.get("welcome"), 3)
        for relay in _list(relays):
            tally.welcome.add(_bytes(relay), b"")
        for user in _list(users):
            tally.welcome.add(b"", _bytes(user))
        tally.welcome.complete &= _flag(complete)
        for key, rule, times in _rows(given.get("met"), 3):
            tally.met[self._key(key), self._rule(rule)] = _number(times)

    def _rule(self, given: object) -> int:
        return _number(given, len(self._rules) - 1)

    def _key(self, given: object) -> Key:
        rule, labels = _row(given, 2)
        number, values = self._rule(rule), tuple(_bytes(label) for label in _list(labels))
        if len(values) != len(self._rules[number].labels):
            raise _wrong()
        return number, values

    def _entry(self, key: Key, given: object) -> Entry:
        if not isinstance(given, dict):
            raise _wrong()
        entry = Entry(_number(given.get("count")), _a_moment(given.get("first")), _a_moment(given.get("last")))
        entry.course = _a_course(given.get("course"))
        _fill(entry.users, given.get("users"))
        _fill(entry.relays, given.get("relays"))
        fields = self._rules[key[0]].fields
        for name, top in _rows(given.get("values"), 2):
            if name not in fields:
                raise _wrong()
            _fill(entry.value(name), top)
        entry.examples = sorted(map(_an_example, _rows(given.get("examples"), 5)))[:EXAMPLES]
        entry.by_needle = {_number(needle): _number(times) for needle, times in _rows(given.get("by_needle"), 2)}
        entry.read, entry.after_login = _number(given.get("read")), _number(given.get("after_login"))
        entry.own = _number(given.get("own"))
        entry.sampled, entry.estimated = _flag(given.get("sampled")), _flag(given.get("estimated"))
        return entry


# ---- plain data


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _key(key: Key) -> list[Any]:
    return [key[0], [_text(value) for value in key[1]]]


def _moment(moment: Moment) -> list[Any]:
    return [moment.minute, _text(moment.stamp)]


def _course(course: Course) -> list[Any]:
    return [course.step, list(course.bins.items())]


def _top(top: Top) -> list[Any]:
    return [top.forgot, [[_text(name), count] for name, count in top.counts.items()]]


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "count": entry.count,
        "first": _moment(entry.first),
        "last": _moment(entry.last),
        "course": _course(entry.course),
        "users": _top(entry.users),
        "relays": _top(entry.relays),
        "values": [[name, _top(top)] for name, top in entry.values.items()],
        "examples": [[*example[:4], _text(example.text)] for example in entry.examples],
        "by_needle": list(entry.by_needle.items()),
        "read": entry.read,
        "sampled": entry.sampled,
        "estimated": entry.estimated,
        "after_login": entry.after_login,
        "own": entry.own,
    }


# ---- and back


def _wrong() -> PartialError:
    return PartialError("something in it is not what a partial holds")


def _refused(_constant: str) -> NoReturn:
    raise ValueError


def _number(given: object, most: int = _MOST) -> int:
    if type(given) is not int or not 0 <= given <= most:
        raise _wrong()
    return given


def _flag(given: object) -> bool:
    if not isinstance(given, bool):
        raise _wrong()
    return given


def _bytes(given: object, longest: int = _LONGEST) -> bytes:
    if not isinstance(given, str) or len(given) > longest:
        raise _wrong()
    try:
        return given.encode("latin-1")
    except UnicodeEncodeError as error:
        raise _wrong() from error


def _list(given: object) -> list[Any]:
    if not isinstance(given, list) or len(given) > _MOST_KEPT:
        raise _wrong()
    return given


def _row(given: object, width: int) -> list[Any]:
    row = _list(given)
    if len(row) != width:
        raise _wrong()
    return row


def _rows(given: object, width: int) -> Iterator[list[Any]]:
    return (_row(row, width) for row in _list(given))


def _a_moment(given: object) -> Moment:
    minute, stamp = _row(given, 2)
    return Moment(_number(minute, _LATEST), _bytes(stamp, 64))


def _a_course(given: object) -> Course:
    step, bins = _row(given, 2)
    course = Course()
    course.step = 1 << (_number(step, _LATEST).bit_length() - 1 if step else 0)
    if course.step != step:
        raise _wrong()
    for key, times in _rows(bins, 2):
        course.add(_number(key, _LATEST) * course.step, _number(times))
    return course


def _fill(top: Top, given: object) -> None:
    forgot, counts = _row(given, 2)
    for name, times in _rows(counts, 2):
        top.add(_bytes(name), _number(times))
    top.forgot += _number(forgot)


def _an_example(given: list[Any]) -> Example:
    minute, log, offset, number, text = given
    if not isinstance(log, str) or len(log) > _LONGEST:
        raise _wrong()
    return Example(_number(minute, _LATEST), log, _number(offset), _number(number), _bytes(text, LONGEST_EXAMPLE + 64))

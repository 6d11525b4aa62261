"""Findings that somebody chose to live with, for a reason and until a day: `[[suppress]]` in /etc/maildoctor.toml.

    [[suppress]]
    code = "PERM004"                      # a code or name, or a glob
    labels = { path = "/etc/sasldb2" }    # globs; each of them must fit
    reason = "the backup reads it, ticket 4711"
    until = 2027-03-31                    # the last day, or "never"

A suppressed finding does not count. The verdict is decided before and knows nothing of it.
"""

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from typing import Any

from maildoctor import filesystem
from maildoctor.cli.report_error import UsageError
from maildoctor.model import Finding, Ranked, Report, Suppression
from maildoctor.render.escape import unicode

CONFIGURATION = "/etc/maildoctor.toml"
"""Read where it is there and no other file is named."""

_LARGEST = 256 * 1024
"""Bytes of the file: a thousand entries."""

_KEYS = ("code", "fingerprint", "labels", "reason", "until")
_FOR_GOOD = "never"
_REMEDY = "see maildoctor(1), SUPPRESSIONS"


@dataclass(frozen=True, slots=True)
class Entry:
    """One `[[suppress]]`: globs that a finding must fit, all of them that are not empty."""

    suppression: Suppression
    code: str
    fingerprint: str
    labels: tuple[tuple[str, str], ...]

    def fits(self, finding: Finding) -> bool:
        """Whether it is about this finding."""
        code = self.code.lower()
        return (
            (not code or any(fnmatchcase(name.lower(), code) for name in (finding.code, finding.name)))
            and (not self.fingerprint or fnmatchcase(unicode(finding.fingerprint), self.fingerprint))
            and all(fnmatchcase(unicode(finding.labels.get(key, "")), glob) for key, glob in self.labels)
        )


class NotObeyed(UsageError):
    """A file of suppressions that others could have written, or that cannot be read."""


def configured(path: str | None) -> tuple[Entry, ...]:
    """The suppressions of the file `path`, or of `CONFIGURATION`. Raises UsageError where it holds what nobody knows
    and, if it was named, where it cannot be read or others could change it. One that was not named is left out then,
    which is said: a host whose /etc others can write is to be examined all the same."""
    if path is None and not _is_there(CONFIGURATION):
        return ()
    try:
        return tuple(_entries(_text(path or CONFIGURATION), path or CONFIGURATION))
    except NotObeyed as error:
        if path is not None:
            raise
        with suppress(OSError, ValueError, AttributeError):  # stderr may be closed or full
            sys.stderr.write(f"maildoctor: nothing is suppressed: {error.what}: {unicode(error.where)}\n")
        return ()


def _is_there(path: str) -> bool:
    try:
        filesystem.status(path, follow=False)
    except OSError:
        return False
    return True


def _text(path: str) -> bytes:
    try:
        return _read(path)
    except FileNotFoundError:
        raise NotObeyed("there is no such file", path, "name a file of suppressions") from None
    except filesystem.Unsafe as error:
        what = f"a configuration is not obeyed where {error.strerror}"
        raise NotObeyed(what, str(error.filename), "keep it where root or you alone can write") from None
    except OSError as error:
        link = error.errno == errno.ELOOP
        reason = "it is a symbolic link" if link else f"it cannot be read: {error.strerror}"
        remedy = "make it a regular file that whoever runs maildoctor may read"
        raise NotObeyed(f"the configuration is not obeyed: {reason}", path, remedy) from None


def _read(path: str) -> bytes:
    folder, name = os.path.split(path)
    with filesystem.Trusted(folder or ".") as trusted:
        text = trusted.read(name, _LARGEST + 1)
    if len(text) > _LARGEST:
        raise UsageError(f"the configuration is larger than {_LARGEST // 1024} KiB", path, "take entries away")
    return text


def suppressed(report: Report, entries: Sequence[Entry]) -> Report:
    """The report with each finding that an entry is about marked, and the entries that are about none. An entry is over
    from the day after its last, in UTC, by the clock of the report."""
    today = report.started[:10] or datetime.now(UTC).date().isoformat()
    dated = [
        replace(e, suppression=replace(s, over=bool(s.until) and s.until < today))
        for e in entries
        for s in [e.suppression]
    ]
    used: set[str] = set()
    ranked = tuple(_marked(r, dated, used) for r in report.ranked)
    unused = tuple(e.suppression for e in dated if e.suppression.where not in used)
    return replace(report, ranked=ranked, unused_suppressions=unused)


def _marked(ranked: Ranked, entries: Sequence[Entry], used: set[str]) -> Ranked:
    """One that is in force goes before one that is over."""
    about = sorted((e.suppression for e in entries if e.fits(ranked.finding)), key=lambda s: s.over)
    used.update(s.where for s in about)
    return replace(ranked, suppression=about[0]) if about else ranked


# ---- the file


def _entries(text: bytes, path: str) -> Iterator[Entry]:
    from maildoctor.triage.rule_text import RuleError, document, key_line, table_lines

    try:
        found = document(text, path)
    except RuleError as error:
        raise UsageError(error.what, error.where, _REMEDY) from error
    for key in found:
        if key != "suppress":
            line = key_line(text, key) or next(iter(table_lines(text, key)), None)
            raise _wrong(f"unknown key {key!r}: there is only [[suppress]]", path, line)
    tables = found.get("suppress", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _wrong("each suppression is written below a line [[suppress]]", path, key_line(text, "suppress"))
    lines = table_lines(text, "suppress")
    if len(lines) != len(tables):
        raise _wrong("each suppression is written below a line [[suppress]]", path, key_line(text, "suppress"))
    for table, line in zip(tables, lines, strict=True):
        for key in table:
            if key not in _KEYS:
                what = f"unknown key {key!r}: a suppression has {', '.join(_KEYS)}"
                raise _wrong(what, path, _line_of(key, text, line))
        yield _entry(table, path, line)


def _line_of(key: str, text: bytes, start: int) -> int:
    """The line of a key of the entry that begins on the line `start`."""
    from maildoctor.triage.rule_text import key_line

    rest = b"\n".join(text.split(b"\n")[start - 1 :])
    return start - 1 + (key_line(rest, key) or 1)


def _wrong(what: str, path: str, line: int | None) -> UsageError:
    return UsageError(what, f"{path}:{line}" if line else path, _REMEDY)


def _entry(table: dict[str, Any], path: str, line: int) -> Entry:
    words = {key: table.get(key, "") for key in ("code", "fingerprint", "reason")}
    for key, word in words.items():
        if not isinstance(word, str):
            raise _wrong(f"{key} is no text", path, line)
    labels = table.get("labels", {})
    if not isinstance(labels, dict) or not all(isinstance(glob, str) for glob in labels.values()):
        raise _wrong('labels is written as { NAME = "GLOB" }', path, line)
    if not words["code"] and not words["fingerprint"]:
        raise _wrong("it names neither code nor fingerprint", path, line)
    if not words["reason"].strip():
        raise _wrong("it gives no reason", path, line)
    until = _until(table.get("until"), path, line)
    about = [words["code"] or words["fingerprint"], *(f"{key}={glob}" for key, glob in sorted(labels.items()))]
    suppression = Suppression(" ".join(about), words["reason"].strip(), until, f"{path}:{line}")
    return Entry(suppression, words["code"], words["fingerprint"], tuple(sorted(labels.items())))


def _until(value: object, path: str, line: int) -> str:
    if value == _FOR_GOOD:
        return ""
    text = value if isinstance(value, str) else ""
    if isinstance(value, date) and not isinstance(value, datetime):
        text = value.isoformat()
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        said = "it does not say until when" if value is None else "until is no day"
        raise _wrong(f'{said}: until = 2027-03-31, the last day, or "never"', path, line) from None

"""A JSON report that was kept: read back, with what is wrong with it told by its place."""

import json
import sys
from typing import NamedTuple, NoReturn

from maildoctor import filesystem
from maildoctor.cli.report_error import UsageError
from maildoctor.model import Report
from maildoctor.render.reread import LARGEST, SCHEMA, Malformed, report, version

_REMEDY = "give a report that maildoctor check --json or maildoctor triage --json wrote"


class Stored(NamedTuple):
    """A report, and which maildoctor wrote it."""

    report: Report
    version: str


def stored(path: str) -> Stored:
    """The report in the file `path`; `-` is standard input. Raises UsageError where it is none."""
    found = _bytes(path)
    try:
        document = json.loads(found, parse_constant=_refuse)
        return Stored(report(document), version(document))
    except Malformed as error:
        if error.place == "schema":
            raise UsageError(f"this is no report in the form {SCHEMA}", path, _REMEDY) from error
        raise UsageError(
            f"this is no report of maildoctor: {error.wrong}", f"{path}: {error.place}", _REMEDY
        ) from error
    except RecursionError as error:
        raise UsageError("this is no report of maildoctor: it is nested too deeply", path, _REMEDY) from error
    except ValueError as error:
        raise UsageError(f"this is no JSON{_how(found, error)}", path, _REMEDY) from error


def _how(found: bytes, error: ValueError) -> str:
    """What is wrong with it, where that is told: a report that was not sent or written whole."""
    if not found.strip():
        return ": it is empty"
    ends = isinstance(error, json.JSONDecodeError) and (
        error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip())
    )
    return ": it ends before it is whole" if ends else ""


def _bytes(path: str) -> bytes:
    """The whole file. Bytes: json knows the encoding by itself."""
    try:
        if path == "-":
            if sys.stdin is None:
                raise UsageError("standard input is closed", path, _REMEDY)
            found = sys.stdin.buffer.read(LARGEST + 1)
        else:
            found = filesystem.read(path, LARGEST + 1)
    except OSError as error:
        raise UsageError(f"cannot read the report: {error.strerror}", path, _REMEDY) from error
    if len(found) > LARGEST:
        raise UsageError(f"this is too large for a report: more than {LARGEST >> 20} MB", path, _REMEDY)
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and its like, which JSON does not know

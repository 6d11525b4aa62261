"""`maildoctor report`: a JSON report, made earlier or elsewhere, in another form; parts of one, put together."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import NoReturn

from maildoctor import filesystem
from maildoctor.cli import options as shared
from maildoctor.cli.output import planned, published
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.status import Policy
from maildoctor.cli.style_options import style_for
from maildoctor.model import Report
from maildoctor.render.reread import LARGEST, SCHEMA, Malformed, report

_REMEDY = "give a report that maildoctor check --json or maildoctor triage --json wrote"
_ABOUT = """\
render REPORT  print a JSON report, made earlier or elsewhere, in any form, and
               write it to files by -o; - is standard input
merge FILE...  put together what maildoctor triage --partial wrote of parts of
               the logs, and report it as triage does of all of them

  maildoctor check -o json:report.json
  maildoctor report render report.json -o junit:report.xml -o sarif:report.sarif
  maildoctor report merge mx1.partial mx2.partial

The exit status is what the report deserves:
  0  nothing at or above --fail-on
  1  findings
  2  wrong usage, or this is no report
  3  nothing found, but something was not judged or could not be merged

Each option has a environment variable: MAILDOCTOR_FORMAT for --format.
"""


def parser() -> argparse.ArgumentParser:
    """The options of `report`."""
    p = shared.Parser("report", "What can be done with a JSON report, or with parts of one.", _ABOUT)
    p.add_argument(
        "what",
        metavar="render|merge",
        choices=("render", "merge"),
        help="print the report in another form, or put partials together",
    )
    p.add_argument("report", nargs="+", metavar="REPORT", help="a JSON report, - is standard input; or partials")
    shared.add_report(p)
    shared.add_output(p)
    shared.add_verdict(p)
    shared.add_unknown(p)
    return p


def run(words: Sequence[str]) -> int:
    """Read, print, and give the exit status."""
    options = shared.read(parser(), words)
    outputs = planned(options.output, options.format)
    if options.what == "merge":
        from maildoctor.cli.partials import merged

        given = merged(options.report)
    elif len(options.report) > 1:
        raise UsageError("one report at a time is rendered", options.report[1], "leave out all but one")
    else:
        given = _read(options.report[0])
    policy = Policy(options.fail_on, options.allow_unknown, options.exit_zero)
    return published(given, options, outputs, style_for(sys.stdout, options), policy)


def _read(path: str) -> Report:
    try:
        return report(json.loads(_bytes(path), parse_constant=_refuse))
    except Malformed as error:
        if error.place == "schema":
            raise UsageError(f"this is no report in the form {SCHEMA}", path, _REMEDY) from error
        raise UsageError(
            f"this is no report of maildoctor: {error.wrong}", f"{path}: {error.place}", _REMEDY
        ) from error
    except RecursionError as error:
        raise UsageError("this is no report of maildoctor: it is nested too deeply", path, _REMEDY) from error
    except ValueError as error:
        raise UsageError("this is no JSON", path, _REMEDY) from error


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

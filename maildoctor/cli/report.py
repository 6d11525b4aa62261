"""`maildoctor report render`: a JSON report, made earlier or elsewhere, in another form."""

import argparse
import sys
from collections.abc import Sequence

from maildoctor.cli import options as shared
from maildoctor.cli.output import planned, published
from maildoctor.cli.status import Policy
from maildoctor.cli.stored import stored
from maildoctor.cli.style_options import style_for

_ABOUT = """\
render REPORT  print a JSON report, made earlier or elsewhere, in any form, and
               write it to files by -o; - is standard input

  maildoctor check -o json:report.json
  maildoctor report render report.json -o junit:report.xml -o sarif:report.sarif

The exit status is what the report deserves:
  0  nothing at or above --fail-on
  1  findings
  2  wrong usage, or this is no report
  3  nothing found, but something was not judged

Each option has a environment variable: MAILDOCTOR_FORMAT for --format.
"""


def parser() -> argparse.ArgumentParser:
    """The options of `report`."""
    p = shared.Parser("report", "What can be done with a JSON report.", _ABOUT)
    p.add_argument("what", metavar="render", choices=("render",), help="print the report in another form")
    p.add_argument("report", metavar="REPORT", help="a JSON report; - is standard input")
    shared.add_report(p)
    shared.add_output(p)
    shared.add_verdict(p)
    shared.add_unknown(p)
    return p


def run(words: Sequence[str]) -> int:
    """Read, print, and give the exit status."""
    options = shared.read(parser(), words)
    outputs = planned(options.output, options.format)
    given = stored(options.report).report
    policy = Policy(options.fail_on, options.allow_unknown, options.exit_zero)
    return published(given, options, outputs, style_for(sys.stdout, options), policy)

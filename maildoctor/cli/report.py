"""`maildoctor report`: JSON reports, made earlier or elsewhere: one in another form, or those of a fleet in one; and
parts of a report on logs, put together."""

import argparse
import sys
from collections.abc import Sequence

from maildoctor.cli import options as shared
from maildoctor.cli.output import planned, published
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.status import Policy
from maildoctor.cli.stored import stored
from maildoctor.cli.style_options import style_for

_ABOUT = """\
render REPORT    print a JSON report, made earlier or elsewhere, in any form,
                 and write it to files by -o; - is standard input
fleet REPORT...  many hosts' reports in one: who can log in where, what hits
                 most hosts, what differs; of a folder all its *.json
merge FILE...    put together what maildoctor triage --partial wrote of parts
                 of the logs, and report it as triage does of all of them

  maildoctor check -o json:report.json
  maildoctor report render report.json -o junit:report.xml -o sarif:report.sarif
  maildoctor report fleet reports/ --expect hosts.txt -o html:fleet.html
  maildoctor report merge mx1.partial mx2.partial

The exit status is what the report, or the worst of them, deserves:
  0  nothing at or above --fail-on
  1  findings
  2  wrong usage, or this is no report
  3  nothing found, but something was not judged, a report of a fleet could not
     be used, or something could not be merged

Each option has an environment variable: MAILDOCTOR_FORMAT for --format.
"""


def parser() -> argparse.ArgumentParser:
    """The options of `report`."""
    p = shared.Parser("report", "What can be done with JSON reports, or with parts of one.", _ABOUT)
    p.add_argument(
        "what",
        metavar="render|fleet|merge",
        choices=("render", "fleet", "merge"),
        help="one in another form; those of many hosts in one; partials put together",
    )
    p.add_argument("reports", metavar="REPORT", nargs="+", help="a JSON report, - is standard input; or partials")
    p.add_argument("--expect", metavar="FILE", help="fleet: names of hosts, one a line, that must have a report")
    shared.add_top(p, "merge: ")
    shared.add_report(p)
    shared.add_output(p)
    shared.add_verdict(p)
    shared.add_unknown(p)
    return p


def run(words: Sequence[str]) -> int:
    """Read, print, and give the exit status."""
    options = shared.read(parser(), words)
    policy = Policy(options.fail_on, options.allow_unknown, options.exit_zero)
    # of the environment it is meant for those commands that have it
    if options.what != "merge" and any(word.partition("=")[0] == "--top" for word in words):
        raise UsageError(f"{options.what} takes what the reports hold", "--top", "give it where the logs are read")
    if options.what == "fleet":
        from maildoctor.cli.fleet import published as of_fleet

        return of_fleet(options, policy)
    if options.expect:
        raise UsageError(f"{options.what} expects nothing", "--expect", "leave it out, or say: maildoctor report fleet")
    outputs = planned(options.output, options.format)
    if options.what == "merge":
        from maildoctor.cli.partials import merged

        given = merged(options.reports, options.top)
    elif len(options.reports) > 1:
        raise UsageError("render takes one report", options.reports[1], "maildoctor report fleet takes many")
    else:
        given = stored(options.reports[0]).report
    return published(given, options, outputs, style_for(sys.stdout, options), policy)

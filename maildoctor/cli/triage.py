"""`maildoctor triage`: read logs, name the causes."""

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from maildoctor.cli import options as shared
from maildoctor.cli.log_report import chosen_rules, concluded, left_out
from maildoctor.cli.output import Output, planned, published, refuse, write
from maildoctor.cli.signals import obeyed, status_of
from maildoctor.cli.status import Policy
from maildoctor.cli.style_options import style_for
from maildoctor.model import LogRead, Ranked
from maildoctor.triage.builtin import builtin
from maildoctor.triage.rule_text import RuleError
from maildoctor.triage.rules import Rule

if TYPE_CHECKING:
    from maildoctor.cli.cluster import Cluster
    from maildoctor.cli.logs import Logs

_STATUS = """\
Without FILE: standard input if it is a pipe, else the mail logs of this host.
FILE may be packed by gzip, xz, bzip2 or zstd; - is standard input.

exit status:
  0  nothing at or above --fail-on, and logins that went well
  1  findings
  2  wrong usage, or maildoctor itself failed
  3  nothing found, and no login, no line of a mail server, or
     something that could not be read
  130, 143  interrupted by Ctrl-C or SIGTERM; what was known so far is told

Each option has an environment variable: MAILDOCTOR_FORMAT for --format.
"""


def parser() -> argparse.ArgumentParser:
    """The options of `triage`."""
    p = shared.Parser("triage", "Read mail logs and say why SMTP AUTH fails.", _STATUS)
    p.add_argument("files", nargs="*", metavar="FILE", help="a log, packed or not; - is standard input")
    p.add_argument(
        "--journal",
        nargs="?",
        action="append",
        const="",
        metavar="UNIT",
        help="read the systemd journal, of these units only (repeatable, with commas)",
    )
    p.add_argument("--follow", action="store_true", help="go on reading what is written; Ctrl-C ends it")
    p.add_argument("--since", metavar="TIME", help="only lines from then on: 2026-11-22 09:00, 1h, 3d, yesterday")
    p.add_argument("--until", metavar="TIME", help="only lines up to then")
    shared.add_report(p)
    shared.add_output(p)
    shared.add_top(p)
    p.add_argument("--unmatched", action="store_true", help="also list lines about logins that no rule knows, by shape")
    p.add_argument("--exact", action="store_true", help="read every line of a flood; slower")
    p.add_argument("--dask", metavar="ADDRESS", help="read by the workers of this Dask scheduler; local: here")
    p.add_argument("--partial", metavar="FILE", help="also write what was counted, for maildoctor report merge")
    p.add_argument("--procs", type=int, default=2, metavar="N", help="read large files with so many processes (2)")
    p.add_argument("--select", action="append", default=[], metavar="RULES", help="only these: codes, names, globs")
    p.add_argument("--ignore", action="append", default=[], metavar="RULES", help="not these")
    shared.add_verdict(p)
    shared.add_unknown(p)
    return p


def run(words: Sequence[str]) -> int:
    """Read, print, and give the exit status."""
    options = shared.read(parser(), words)
    outputs = planned(options.output, options.format)
    if options.partial:
        refuse(options.partial)
    began = datetime.now(UTC)
    known, broken = builtin()
    rules = chosen_rules(known, shared.listed(options.select), shared.listed(options.ignore))
    with obeyed():
        return _reported(rules, broken, options, outputs, began)


def _reported(
    rules: Sequence[Rule],
    broken: Sequence[RuleError],
    options: argparse.Namespace,
    outputs: Sequence[Output],
    began: datetime,
) -> int:
    with _no_garbage():
        log, ranked, stop = _examined(rules, options)
    log = replace(log, damage=(*log.damage, *map(left_out, broken)))
    report = concluded(log, ranked, began, of_all=not options.select and not options.ignore)
    policy = Policy(options.fail_on, options.allow_unknown, options.exit_zero)
    status = published(report, options, outputs, style_for(sys.stdout, options), policy)
    return status if stop is None or options.format == "nagios" else status_of(stop)


def _examined(
    rules: Sequence[Rule], options: argparse.Namespace
) -> tuple[LogRead, tuple[Ranked, ...], KeyboardInterrupt | None]:
    """What was read, what it means, and what ended the reading early, if anything did."""
    from maildoctor.triage.judge import judge, read
    from maildoctor.triage.partial import Partial, written

    now = time.time()
    logs = _reader(rules, options, now)
    seen = logs.read()
    if options.partial:
        partial = Partial(seen, shared.listed(options.select), shared.listed(options.ignore), logs.stop is not None)
        write(options.partial, written(partial, rules))
    ranked = judge(rules, seen, options.top)
    log = read(rules, seen, options.top)
    return replace(log, interrupted=logs.stop is not None), ranked, logs.stop


def _reader(rules: Sequence[Rule], options: argparse.Namespace, now: float) -> "Logs | Cluster":
    if options.dask:
        from maildoctor.cli.cluster import Cluster

        return Cluster(rules, options, now)
    from maildoctor.cli.logs import Logs

    return Logs(rules, options, now)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """There are no cycles in a tally, and looking for them costs a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

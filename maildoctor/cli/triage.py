"""`maildoctor triage`: read logs, name the causes."""

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from maildoctor.cli import options as shared
from maildoctor.cli.output import Output, planned, published
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.signals import obeyed, status_of
from maildoctor.cli.status import Policy
from maildoctor.cli.style_options import style_for
from maildoctor.model import LogRead, Ranked, Report, Target
from maildoctor.triage.builtin import builtin
from maildoctor.triage.rule_text import RuleError
from maildoctor.triage.rules import Rule
from maildoctor.verdict import conclude_log

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

Each option has a environment variable: MAILDOCTOR_FORMAT for --format.
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
    p.add_argument("--top", type=int, default=5, metavar="N", help="how many names and addresses to tell (5)")
    p.add_argument("--unmatched", action="store_true", help="also list lines about logins that no rule knows, by shape")
    p.add_argument("--exact", action="store_true", help="read every line of a flood; slower")
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
    began = datetime.now(UTC)
    known, broken = builtin()
    rules = _chosen(known, shared.listed(options.select), shared.listed(options.ignore))
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
    log = replace(log, damage=(*log.damage, *(f"{error}: this log rule was left out" for error in broken)))
    report = Report(
        target=Target("log", ", ".join(log.names[:3]) + (", …" if len(log.names) > 3 else "") or "-"),
        started=began.isoformat(timespec="seconds"),
        seconds=(datetime.now(UTC) - began).total_seconds(),
        ranked=ranked,
        outcomes=(),
        log=log,
    )
    if not options.select and not options.ignore:  # some rules alone say nothing of logins
        report = conclude_log(report)
    policy = Policy(options.fail_on, options.allow_unknown, options.exit_zero)
    status = published(report, options, outputs, style_for(sys.stdout, options), policy)
    return status if stop is None or options.format == "nagios" else status_of(stop)


def _examined(
    rules: Sequence[Rule], options: argparse.Namespace
) -> tuple[LogRead, tuple[Ranked, ...], KeyboardInterrupt | None]:
    """What was read, what it means, and what ended the reading early, if anything did."""
    from maildoctor.cli.logs import Logs
    from maildoctor.triage.judge import judge, read

    now = time.time()
    logs = Logs(rules, options, now)
    seen = logs.read()
    ranked = judge(rules, seen, options.top)
    log = read(rules, seen, options.top, logs.names)
    return replace(log, damage=tuple(logs.damage), interrupted=logs.stop is not None), ranked, logs.stop


def _chosen(rules: Sequence[Rule], select: Sequence[str], ignore: Sequence[str]) -> tuple[Rule, ...]:
    """The rules that are asked for; normal lines count whatever is selected. UsageError for a word that names none."""
    for option, patterns in (("--select", select), ("--ignore", ignore)):
        for pattern in patterns:
            if not any(_named(rule, (pattern,)) for rule in rules):
                raise UsageError(f"there is no rule {pattern!r}", option, "maildoctor list shows all rules")
    return tuple(
        rule
        for rule in rules
        if (not select or rule.kind == "normal" or _named(rule, select)) and not _named(rule, ignore)
    )


def _named(rule: Rule, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(rule.code, p.upper()) or fnmatchcase(rule.name, p.lower()) for p in patterns)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """There are no cycles in a tally, and looking for them costs a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

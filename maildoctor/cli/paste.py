"""`maildoctor paste`: whatever was pasted into a ticket, judged together. No file but the one named is opened, and no
server is asked."""

import argparse
import re
import sys
import time
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from maildoctor import filesystem
from maildoctor.cli import options as shared
from maildoctor.cli.output import planned, published
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.status import Policy
from maildoctor.cli.style_options import style_for
from maildoctor.engine import Selection, examine
from maildoctor.host.deadline import SECONDS, Deadline
from maildoctor.host.pasted import Pasted
from maildoctor.library import Library, load_library
from maildoctor.model import Finding, Ranked, Report
from maildoctor.paste import Paste, read, to_paste_next
from maildoctor.paste.answers import sources
from maildoctor.triage.pasted import together, understood
from maildoctor.verdict import conclude_paste, places

LARGEST = 2 << 20
"""Bytes of a paste that are read; a large one has some ten thousand."""
LINES = 50_000
_QUOTED = 8
"""Characters of evidence that are enough to know it again."""
_STATUS = """\
Without FILE: standard input. A shell prompt with its command, ==> FILE <==, or a
line such as "my main.cf:" says what the next lines are; else their form does.

exit status:
  1  findings at or above --fail-on
  2  wrong usage, or maildoctor itself failed
  3  nothing found, which shows no login, or nothing of a mail server

Each option has an environment variable: MAILDOCTOR_FORMAT for --format.
"""


def parser() -> argparse.ArgumentParser:
    """The options of `paste`."""
    p = shared.Parser(
        "paste",
        "Read what was pasted into a ticket - logs, configuration, transcripts - and say what is wrong.",
        _STATUS,
    )
    p.add_argument("file", nargs="?", default="-", metavar="FILE", help="a text; - is standard input")
    shared.add_report(p)
    shared.add_output(p)
    shared.add_checks(p)
    shared.add_verdict(p)
    shared.add_unknown(p)
    return p


def run(words: Sequence[str]) -> int:
    """Read, judge, print, and give the exit status."""
    options = shared.read(parser(), words)
    outputs = planned(options.output, options.format)
    report = diagnosis(_text(options.file), _place(options.file), load_library(options.checks))
    policy = Policy(options.fail_on, options.allow_unknown, options.exit_zero)
    return published(report, options, outputs, style_for(sys.stdout, options), policy)


def diagnosis(text: str, name: str, library: Library, now: float | None = None) -> Report:
    """The report of a pasted text. `name`: what it is called; `now`: by which the year of a log's lines is guessed."""
    began, moment = time.monotonic(), time.time() if now is None else now
    paste = read(text)
    lines, figures = understood(sources(paste.reported), name, moment)
    paste.answers[("clock", "")] = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def witness(report: Report, _history: object) -> Report:
        return together(replace(report, ranked=_of_the_paste(report.ranked, paste)), lines, library.witnesses)

    with Deadline(SECONDS) as deadline:
        report = examine(Pasted(name, paste.answers), library, Selection(), None, deadline, witness)
    report = replace(report, pieces=paste.pieces, seconds=time.monotonic() - began)
    report = conclude_paste(report, places(library.checks), figures)
    mta = tuple(replace(p, version="") if p.name in paste.assumed else p for p in report.target.mta)
    report = replace(report, target=replace(report.target, mta=mta))
    return replace(report, requests=to_paste_next(paste, report))


def _of_the_paste(ranked: Sequence[Ranked], paste: Paste) -> tuple[Ranked, ...]:
    """Without what only follows from something that was not pasted: a file that nobody showed, or, where of some file
    a part was pasted, what is not quoted from it."""
    shown = {subject for _, subject in paste.answers}
    written = " ".join(paste.text.split())
    kept = [r for r in ranked if _is_shown(r.finding, shown)]
    if paste.parts:
        kept = [r for r in kept if r.finding.code.startswith("WIRE") or _is_quoted(r.finding, written)]
    return tuple(kept)


_MISSING = re.compile(r"(/[\w./@+-]{1,300}) (?:does not exist|is missing|is not there)")


def _is_shown(finding: Finding, shown: Set[str]) -> bool:
    texts = (finding.message, *(e.text for e in finding.evidence))
    if any("was not pasted" in text for text in texts):
        return False
    named = [finding.labels.get("path", ""), *(m[1] for text in texts for m in _MISSING.finditer(text))]
    return all(path in shown for path in named if path.startswith("/"))


def _is_quoted(finding: Finding, written: str) -> bool:
    rows = (" ".join(row.split()) for e in finding.evidence for row in e.text.split("\n"))
    return any(len(row) >= _QUOTED and row in written for row in rows)


def _text(path: str) -> str:
    try:
        data = _standard_input() if path == "-" else filesystem.read(path, LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise UsageError(f"cannot read it: {reason}", _place(path), "name a file that can be read, or -") from error
    if len(data) > LARGEST or data.count(b"\n") > LINES:
        what = f"it is larger than {LARGEST >> 20} MiB or {LINES:,} lines"
        raise UsageError(what, _place(path), "a log of this size is for maildoctor triage; paste what matters of it")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        raise UsageError("it is binary, no text", _place(path), "paste what the programs print, as text")
    return data.decode("utf-8", "surrogateescape")


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError(0, "it is closed")
    if sys.stdin.isatty():
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write("maildoctor: paste logs, configuration, transcripts; end with Enter and Ctrl-D\n")
            sys.stderr.flush()
    return sys.stdin.buffer.read(LARGEST + 1)


def _place(path: str) -> str:
    return "standard input" if path == "-" else path

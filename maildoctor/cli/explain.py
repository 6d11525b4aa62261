"""`maildoctor explain`: the page of one check or log rule, with what it says of its own sample; of a log line; or of
the header of a mail."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from maildoctor.check import Check
from maildoctor.cli import options as shared
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.selection import no_such
from maildoctor.cli.stdout import say
from maildoctor.cli.style_options import style_for
from maildoctor.library import load_library
from maildoctor.render.escape import prose, shown
from maildoctor.render.style import Style
from maildoctor.render.text import Block, finding_blocks, written

_WHAT = "CODE|NAME|LINE"


def parser() -> argparse.ArgumentParser:
    """The options of `explain`."""
    p = shared.Parser("explain", "The page of one check or log rule, or what one line of a log or a header means.")
    what = p.add_mutually_exclusive_group()
    what.add_argument(
        "check", nargs="?", metavar=_WHAT, help="a check or log rule, or a whole line of a log, in quotes"
    )
    what.add_argument(
        "--header", metavar="FILE", help="the header of a mail, or one Received line of it; - for standard input"
    )
    shared.add_checks(p)
    shared.add_style_options(p)
    return p


def run(words: Sequence[str]) -> int:
    """Print the page."""
    options = shared.read(parser(), words)
    style = style_for(sys.stdout, options)
    if options.header is not None:
        from maildoctor.cli.header_page import header_page

        say(header_page(options.header, style))
        return 0
    if options.check is None:
        parser().error(f"the following arguments are required: {_WHAT} or --header FILE")
    if " " in options.check.strip():
        from maildoctor.cli.rule_pages import line_page

        say(line_page(options.check, style))
        return 0
    checks = load_library(options.checks).checks
    wanted = options.check.lower()
    for check in checks:
        if wanted in (check.code.lower(), check.name.lower()):
            say(written(_page(check, style), style))
            return 0
    from maildoctor.cli.rule_pages import rule_page

    if page := rule_page(options.check, style):
        say(page)
        return 0
    raise _nowhere(options.check, checks)


def _nowhere(word: str, checks: Sequence[Check]) -> UsageError:
    from maildoctor.triage.builtin import builtin

    known = [name for check in checks for name in (check.code, check.name)]
    known += [name for rule in builtin().rules for name in (rule.code, rule.name)]
    return no_such("check or log rule", word, known, "maildoctor explain")


def _page(check: Check, style: Style) -> Iterator[Block]:
    yield Block(f"{check.code}  ", shown(f"{check.name}  {check.severity}", style.ascii), tone=check.severity)
    yield Block("", prose(check.title, style.ascii))
    for label, text in (("why", check.why), ("advice", check.advice)):
        if text:
            yield Block("", "")
            yield Block(label.ljust(8), prose(text, style.ascii))
    if check.refs:
        yield Block("", "")
    for number, ref in enumerate(check.refs):
        yield Block("" if number else "see     ", shown(ref, style.ascii), 8 if number else 0, wrap="fold")
    yield Block("", "")
    yield Block("", "What it says of its own sample:")
    for finding in check.on(check.fails[0]):
        # What stands above already is not said twice.
        why = "" if finding.why == check.why else finding.why
        advice = "" if finding.advice == check.advice else finding.advice
        yield Block("", "")
        yield from finding_blocks(replace(finding, why=why, advice=advice, refs=()), style)

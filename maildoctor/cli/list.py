"""`maildoctor list`: all checks of hosts and all rules of logs."""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import get_args

from maildoctor.check import Check, Rung
from maildoctor.cli import options as shared
from maildoctor.cli.stdout import say
from maildoctor.cli.style_options import style_for
from maildoctor.ledger import CHECKS, RULES, free_code
from maildoctor.library import load_library
from maildoctor.render.escape import prose, shown
from maildoctor.render.style import Style
from maildoctor.render.text import Block, written
from maildoctor.triage.builtin import builtin
from maildoctor.triage.rules import Rule, read, rules_folder


def parser() -> argparse.ArgumentParser:
    """The options of `list`."""
    p = shared.Parser("list", "All checks of hosts by rung, then all rules of logs: code, severity, name, title.")
    p.add_argument("--json", action="store_true", help="as JSON")
    p.add_argument("--free", metavar="FAMILY", type=_family, help="the next free codes of a family such as LINK")
    shared.add_checks(p)
    shared.add_style_options(p)
    return p


def run(words: Sequence[str]) -> int:
    """Print the list."""
    options = shared.read(parser(), words)
    if options.free:
        say(_free(options.free, options.json))
        return 0
    checks = load_library(options.checks).checks
    known = builtin()
    rules = sorted(known.rules, key=lambda rule: rule.code)
    broken = [str(error) for error in known.broken]
    if options.json:
        reported = {
            "checks": [{**_plain(c), **_declared(c)} for c in checks],
            "rules": [{**_plain(r), "kind": r.kind} for r in rules],
        }
        say(json.dumps({**reported, "broken": broken} if broken else reported, indent=2) + "\n")
    else:
        style = style_for(sys.stdout, options)
        lost = [Block("left out  ", shown(sentence, style.ascii), tone="warning") for sentence in broken]
        say(written([*_by_rung(checks, style), *_table(rules, style, "rules of logs"), *lost], style))
    return 0


def _family(word: str) -> str:
    if not re.fullmatch("[A-Z]{2,8}", word):
        raise argparse.ArgumentTypeError(f"{word!r} is no family of codes such as LINK")
    return word


def _free(family: str, as_json: bool) -> str:
    """The next codes that are free, for a check and for a log rule; none where all are taken."""
    ledger = read(os.path.join(rules_folder(), "CODES")).decode().splitlines()
    free = {"check": free_code(ledger, family, CHECKS), "rule": free_code(ledger, family, RULES)}
    if as_json:
        return json.dumps(free, indent=2) + "\n"
    return f"{free['check'] or 'none':12} for a check\n{free['rule'] or 'none':12} for a log rule\n"


def _plain(thing: Check | Rule) -> dict[str, str]:
    return {"code": thing.code, "severity": thing.severity, "name": thing.name, "title": _title(thing)}


def _declared(check: Check) -> dict[str, object]:
    """What a check declares of its place in a login and among other findings."""
    return {
        "rung": check.rung,
        "role": check.role,
        "direction": check.direction,
        "scope": check.scope,
        "shows": check.shows,
        "explains": check.explains,
        "witnesses": check.witnesses,
    }


def _title(thing: Check | Rule) -> str:
    """The title; what a rule fills in from the line, `{user}`, stands in capitals: USER."""
    return thing.title if isinstance(thing, Check) else re.sub(r"\{(\w+)\}", lambda m: m[1].upper(), thing.title)


def _by_rung(checks: Sequence[Check], style: Style) -> Iterator[Block]:
    """The checks by the first thing of a login that they speak of, the lowest first."""
    for rung in get_args(Rung):
        some = [c for c in checks if c.rung == rung]
        yield from _table(some, style, "no rung of a login" if rung == "none" else rung) if some else ()


def _table(things: Sequence[Check | Rule], style: Style, title: str) -> Iterator[Block]:
    yield Block("", title, tone="dim")
    rows = [(thing, shown(f"{thing.code:8} {thing.severity:8} {thing.name}", style.ascii)) for thing in things]
    # Where a name is long, its title starts a line of its own rather than squeeze all the others. Not in a pipe: there
    # a row is a line, so that grep finds it whole.
    column = min(max((len(head) for _, head in rows), default=0), style.width // 2) + 2
    for thing, head in rows:
        about = prose(_title(thing), style.ascii)
        if len(head) + 2 > column and style.fold:
            yield Block(head, "", tone=thing.severity)
            yield Block("", about, column)
        else:
            yield Block(f"{head}  ".ljust(column), about, tone=thing.severity, wrap="fold")
    yield Block("", "")

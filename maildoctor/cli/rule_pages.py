"""Pages of `maildoctor explain` about logs: what one line means, and one log rule with its own sample."""

import io
import time
from collections.abc import Iterator, Sequence

from maildoctor.masking import masked_line
from maildoctor.model import Finding
from maildoctor.render.escape import prose, shown
from maildoctor.render.style import Style
from maildoctor.render.text import Block, finding_blocks, written
from maildoctor.triage import footprints, guessing, joined
from maildoctor.triage.builtin import builtin
from maildoctor.triage.engine import Finds
from maildoctor.triage.headers import peel
from maildoctor.triage.judge import judge
from maildoctor.triage.match import Fields, Matcher
from maildoctor.triage.rules import Rule, rule_files, usable
from maildoctor.triage.scan import Scan

_WIDTH = 10


def line_page(line: str, style: Style) -> str:
    """What this line of a log means, with what was found in it."""
    raw = masked_line(line.encode("utf-8", "surrogateescape").strip(b"\r\n"))
    rules = builtin().rules
    matcher = Matcher(rules)
    hit = matcher.read(raw, matcher.inside(raw))
    rule = rules[hit.rule] if hit else None
    return written(_line(raw, rule, hit.fields if hit else {}, _findings(rules, raw), style), style)


def rule_page(word: str, style: Style) -> str | None:
    """The page of the rule with this code or name, with what it says of its own sample; None: there is no such rule."""
    for rule in usable(rule_files()).rules:
        if word.lower() in (rule.code.lower(), rule.name):
            return written(_rule(rule, style), style)
    for judged in (guessing, footprints, joined):
        if word.lower() in (judged.CODE.lower(), judged.NAME):
            return written(_judgement(judged.sample(), style), style)
    return None


def _judgement(finding: Finding, style: Style) -> Iterator[Block]:
    """Of what no single line tells, but many together."""
    yield Block(f"{finding.code}  ", f"{finding.name}  {finding.severity}, a judgement on many lines", tone="warning")
    yield Block("", "")
    yield from finding_blocks(finding, style)


def _findings(rules: Sequence[Rule], line: bytes) -> list[Finding]:
    now = time.time()
    scan = Scan(rules, Finds, now)
    for _ in scan.feed(io.BytesIO(line), "the line", lines=-1):
        pass
    return [ranked.finding for ranked in judge(rules, scan.seen)]


def _line(raw: bytes, rule: Rule | None, fields: Fields, findings: Sequence[Finding], style: Style) -> Iterator[Block]:
    head = peel(raw)
    found = {"time": head.stamp, "host": head.host, "program": head.tag, "queue id": head.queue_id, **fields}
    for name, value in found.items():
        if value:
            text = value.decode("utf-8", "surrogateescape")
            yield Block(name.ljust(_WIDTH), shown(text, style.ascii), wrap="fold")
    yield Block("", "")
    if rule is None:
        yield Block("", "No rule knows this line. Should one? maildoctor list shows all; --checks takes your own.")
    elif rule.kind == "normal":
        yield Block(f"{rule.code}  ", shown(rule.title, style.ascii), tone="ok")
        yield Block("", prose(f"This is how it should be. {rule.why}", style.ascii))
    for finding in findings:
        yield from finding_blocks(finding, style)


def _rule(rule: Rule, style: Style) -> Iterator[Block]:
    lead = f"{rule.name}  {rule.severity}, {rule.kind}"
    yield Block(f"{rule.code}  ", shown(lead, style.ascii), tone=rule.severity)
    yield Block("", prose(rule.title, style.ascii))
    yield Block("", "")
    yield Block("why".ljust(_WIDTH), prose(rule.why, style.ascii))
    if rule.programs:
        yield Block("said by".ljust(_WIDTH), shown(", ".join(rule.programs), style.ascii))
    for number, ref in enumerate(rule.refs):
        yield Block(("" if number else "see").ljust(_WIDTH), shown(ref, style.ascii), wrap="fold")
    yield Block("", "")
    yield Block("", f"What it says of its own sample ({shown(rule.samples[0].origin, style.ascii)}):")
    yield Block("", shown(rule.samples[0].line, style.ascii), 2, wrap="fold")
    for finding in _findings([rule], rule.samples[0].line.encode("utf-8", "surrogateescape")):
        yield Block("", "")
        yield from finding_blocks(finding, style)

"""The report for a person: each cause with its evidence and the command that fixes it, then what could not be judged.

The layout is a list of `Block`s, made without a thought of colour; they are then written plainly, or painted by rich,
which is imported for that only.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from maildoctor import __version__
from maildoctor.model import CheckResult, Evidence, Finding, Outcome, Product, Ranked, Report, Step, Target
from maildoctor.render.escape import prose, shown, unicode
from maildoctor.render.forest import trees
from maildoctor.render.style import Style, Tone

Wrap = Literal["words", "fold", "never"]

_MARKS: dict[Tone, tuple[str, str]] = {
    "error": ("[xx]", "[✗]"),
    "warning": ("[!!]", "[!]"),
    "info": ("[--]", "[–]"),
    "ok": ("[ok]", "[✓]"),
    "unjudged": ("[??]", "[?]"),
}
_LABEL = 10
_FEW_CANDIDATES = 3
"""Candidate causes, and candidate files, that are told without -v."""
_CANDIDATE = re.compile(r"[1-9]\. ").match
_PARTS = {"How to tell: ": "tell  ", "Do: ": "do    ", "Commands: ": "run   ", "Risky commands: ": "risky "}
"""How the paragraphs of a candidate begin (`triage/judge.py`), and what stands before them instead."""
_FEW_LINES = 6
_LONG_LINE = 240
_FEW_REASONS = 5
_FEW_LEFT_OPEN = 3
"""Lines of what was not judged where the report is to fit on one screen."""
_FEW_TALKS = 30
_FEW_ALIKE = 3


@dataclass(frozen=True, slots=True)
class Block:
    """Some text behind a `lead` (a mark, a label, a prompt); when it wraps, its lines hang under each other.

    `wrap`: `words` at the width; `fold` likewise but on a terminal only, so that grep finds it whole in a pipe, and
    within words where need be; `never` for what is to be copied.
    """

    lead: str
    text: str
    indent: int = 0
    tone: Tone = "plain"
    wrap: Wrap = "words"
    pieces: tuple[tuple[str, Tone], ...] = ()
    """the text once more where its parts have tones of their own; it is not wrapped then"""


_GAP = Block("", "")


def render(report: Report, style: Style) -> str:
    """The whole report; when quiet only its causes, one line each. Compared with an earlier one, only what came."""
    if report.since is not None:
        marks = {unicode(r.finding.fingerprint) for r in report.ranked}
        style = replace(style, known=marks - {*report.since.came} | (style.known or set()))
    if style.verbosity < 0:
        return written(_quiet(report, style), style)
    brief = style.verbosity == 0 and report.verdict is not None and report.log is None
    return written(_brief(report, style) if brief else _whole(report, style), style)


def finding_blocks(finding: Finding, style: Style, indent: int = 0) -> Iterator[Block]:
    """One finding in full: what is wrong, the evidence, the command, why it matters."""
    yield _headline(finding, style, indent)
    inside = indent + _inside(style)
    yield from _evidence(finding.evidence, style, inside)
    if finding.count > 1:
        span = f" from {finding.first} to {finding.last}" if finding.first and finding.last else ""
        about = "about " if finding.traffic and finding.traffic.about else ""
        yield _labelled("seen", shown(f"{about}{finding.count} times{span}", style.ascii), inside)
    if finding.traffic:
        from maildoctor.render.log import traffic_lines

        for label, text in traffic_lines(finding.traffic, style):
            yield _labelled(label, text, inside, "fold")
    if finding.why:
        yield _labelled("why", prose(finding.why, style.ascii), inside)
    yield from _advice(finding.advice, style, inside)
    for step in finding.fix:
        yield from _step(step, style, inside)
    if style.verbosity > 0:
        if finding.refs:
            yield _labelled("see", shown(", ".join(finding.refs), style.ascii), inside)
        yield _labelled("identity", shown(finding.fingerprint, style.ascii), inside, "fold")


def _advice(advice: str, style: Style, indent: int) -> Iterator[Block]:
    """Paragraph by paragraph; of candidates three, what, how to tell and what to do below each other; more by -v."""
    paragraphs = advice.split("\n") if advice else []
    candidates = [n for n, paragraph in enumerate(paragraphs) if _CANDIDATE(paragraph)]
    more = len(candidates) - _FEW_CANDIDATES
    if style.verbosity > 0 or more <= 0:
        more, kept = 0, paragraphs
    else:
        kept = paragraphs[: candidates[_FEW_CANDIDATES]]
    for number, paragraph in enumerate(kept):
        lead, text = "" if number else "advice", paragraph
        if candidates and (part := next((p for p in _PARTS if paragraph.startswith(p)), "")):
            lead, text = " " * (_LABEL + 3) + _PARTS[part], paragraph.removeprefix(part)
        yield _labelled(lead, prose(text, style.ascii), indent)
    if more:
        yield _labelled(
            "", f"({more} more {_plural('candidate', more)}; -v shows {'it' if more == 1 else 'them'})", indent
        )


def written(blocks: Iterable[Block], style: Style) -> str:
    """Blocks as text, in colour if the style says so."""
    return _painted(blocks, style) if style.colour else _plain(blocks, style)


def _whole(report: Report, style: Style) -> Iterator[Block]:
    fresh = _fresh(report, style)
    yield from _header(report, style)
    yield from _pieces(report, style)
    yield from _elsewhere(report, fresh, style)
    yield from _forest(fresh, style, few=_FEW_ALIKE if report.target.kind == "endpoint" else len(fresh))
    yield from _since(report, style)
    yield from _suppressed(report, style)
    yield from _matrix(report, style)
    yield from _talks(report, style)
    yield from _unjudged(report, style)
    if report.fixed:
        yield _GAP
        text = f"fixed since, by what is seen now; the log still tells of it: {', '.join(report.fixed)}"
        yield Block(f"{mark('ok', style)} ", shown(text, style.ascii), tone="ok", wrap="fold")
    if report.log is not None:
        from maildoctor.render.log import damage_lines, log_lines

        for text in damage_lines(report.log, style):
            yield Block(f"{mark('unjudged', style)} ", text, tone="unjudged", wrap="fold")
        lines = list(log_lines(report.log, style))
        yield from [_GAP] if lines else []
        for label, text in lines:
            yield _labelled(label, text, 0, "fold")
    if style.verbosity > 0:
        yield from _listed(report, "pass", "passed", style)
        yield from _listed(report, "not_applicable", "not applicable", style) if style.verbosity > 1 else ()
        yield from _commands(report, style)
    yield from _ladder(report, list(trees(fresh)), style)
    yield from _requests(report, style)
    yield _GAP
    yield _closing(report, fresh, style)
    if report.verdict is not None:
        from maildoctor.render.verdict import sentence

        yield Block("", shown(sentence(report), style.ascii), wrap="fold")


def _brief(report: Report, style: Style) -> Iterator[Block]:
    """What fits on one screen: causes with what was seen and what to run, the ladder, the verdict last."""
    fresh = _fresh(report, style)
    yield from _header(report, style)
    yield from _pieces(report, style)
    yield from _elsewhere(report, fresh, style)
    causes = list(trees(fresh))
    counted: dict[tuple[str, str], int] = {}
    folded = 0
    command = "paste" if report.target.kind == "paste" else "check"
    for number, (top, symptoms) in enumerate(causes, 1):
        key = (top.finding.code, top.finding.advice)
        counted[key] = counted.get(key, 0) + 1
        if counted[key] > _FEW_ALIKE and not symptoms:
            yield from [] if folded else [_GAP]
            yield _numbered(number, top.finding, style)
            folded += 1
            continue
        yield _GAP
        yield from _cause(number, top.finding, len(symptoms), style, command)
        yield from _lapsed(top, style, len(f"{number} "))
    if folded:
        yield _GAP
        yield Block("", f"{folded} {_plural('cause', folded)} in one line, as those above; -v shows them whole")
    yield from _since(report, style)
    yield from _suppressed(report, style)
    if report.target.kind == "endpoint":
        yield from _matrix(report, style)
        yield from _talks(report, style)
    yield from _ladder(report, causes, style)
    yield from _left_open(report, style)
    yield from _requests(report, style)
    yield from _ending(report, causes, style)


def _pieces(report: Report, style: Style) -> Iterator[Block]:
    if report.pieces:
        from maildoctor.render.pasted import piece_lines

        yield from (
            Block(f"  {span}".ljust(12), text, tone="dim", wrap="fold") for span, text in piece_lines(report, style)
        )


def _requests(report: Report, style: Style) -> Iterator[Block]:
    if report.requests:
        from maildoctor.render.pasted import request_lines

        yield _GAP
        yield Block("", "Paste next, below the same text:")
        for command, why in request_lines(report, style):
            yield Block("  $ ", command, tone="command", wrap="never")
            yield Block("      ", why)


def _ladder(report: Report, causes: Sequence[tuple[Ranked, object]], style: Style) -> Iterator[Block]:
    if report.routes:
        from maildoctor.render.ladder import rungs

        for line in rungs(report, [top.finding.fingerprint for top, _ in causes], style):
            yield Block(line.lead, line.text, tone=line.tone, wrap="never" if line.command else "fold")


def _cause(number: int, finding: Finding, symptoms: int, style: Style, command: str = "check") -> Iterator[Block]:
    head = _numbered(number, finding, style)
    yield head
    if finding.severity == "info":
        return
    inside = len(head.lead)
    if finding.evidence:
        yield _short_label("seen", _glimpse(finding.evidence[0], style), inside, "fold")
    if not finding.fix or not _acts(finding.fix):
        yield _short_label("do", prose(_beginning(finding.advice), style.ascii), inside, "words")
    for n, step in enumerate(finding.fix):
        yield from _run(step, inside, style, first=n == 0)
    if symptoms:
        text = f"{symptoms} {_plural('symptom', symptoms)} of it: maildoctor {command} -v"
        yield _short_label("with", text, inside, "words")


def _beginning(advice: str) -> str:
    """The first sentences of a paragraph, as many as fit into three lines; -v has the rest."""
    paragraphs = advice.split("\n")
    does = [text.removeprefix("Do: ") for text in paragraphs if text.startswith("Do: ")]
    first, *more = re.split(r"(?<=[.;]) ", (does or paragraphs)[0])
    while more and len(first) + len(more[0]) < _GLIMPSE:
        first = f"{first} {more.pop(0)}"
    return first


def _since(report: Report, style: Style) -> Iterator[Block]:
    """What went since an earlier report; what came stands before it, as new."""
    if report.since is None:
        return
    from maildoctor.render.verdict import compared_words

    yield _GAP
    yield from _gone(report, style)
    for text in (compared_words(report.since, report), *report.since.remarks):
        yield Block("", prose(f"{text[:1].upper()}{text[1:]}.", style.ascii), wrap="fold")


def _gone(report: Report, style: Style) -> Iterator[Block]:
    from maildoctor.render.verdict import gone_words

    for gone in report.since.went if report.since else ():
        tone: Tone = "ok" if gone.judged else "unjudged"
        yield Block(f"{mark(tone, style)} ", shown(gone_words(gone), style.ascii), tone=tone, wrap="fold")


def _suppressed(report: Report, style: Style) -> Iterator[Block]:
    """That findings are suppressed, in one line; by -v which, and what suppressions are about nothing."""
    from maildoctor.render.verdict import suppressed_words

    count = len(report.suppressed)
    if count:
        yield _GAP
        more = "" if style.verbosity > 0 else f": -v shows {'it' if count == 1 else 'them'}"
        yield Block("", f"{count} {_plural('finding', count)} suppressed{more}")
    if style.verbosity < 1:
        return
    for r in report.suppressed:
        yield _headline(r.finding, replace(style, known=None), 2)
        if r.suppression is not None:
            yield Block("", shown(suppressed_words(r.suppression), style.ascii), 2 + _inside(style), "dim", "fold")
    if report.unused_suppressions:
        yield _GAP
    for one in report.unused_suppressions:
        text = f"suppression that is about no finding: {one.what} ({one.where}): {one.reason}"
        yield Block(f"{mark('info', style)} ", shown(text, style.ascii), tone="info", wrap="fold")


def _lapsed(ranked: Ranked, style: Style, indent: int = 0) -> Iterator[Block]:
    """That its suppression is over, and what the reason was."""
    if ranked.suppression is not None:
        from maildoctor.render.verdict import suppressed_words

        text = shown(suppressed_words(ranked.suppression), style.ascii)
        label = "again".ljust(_SHORT if indent else _LABEL)
        yield Block(label, text, indent + _inside(style), wrap="fold")


def _numbered(number: int, finding: Finding, style: Style) -> Block:
    head = _headline(finding, style)
    return replace(head, lead=f"{number} {head.lead}")


def _acts(steps: Sequence[Step]) -> bool:
    return any(not step.command.startswith("# ") for step in steps)


def _glimpse(evidence: Evidence, style: Style) -> str:
    """The first line of what was seen; more by -v."""
    line = next(_words(evidence, style))
    if len(line) <= _GLIMPSE:
        return line
    return line[:_GLIMPSE] if style.ascii else f"{line[: _GLIMPSE - 2]} …"


def _run(step: Step, indent: int, style: Style, first: bool) -> Iterator[Block]:
    command = shown(step.command, style.ascii)
    if command.startswith("# "):
        block = _by_hand(command[2:], indent)
        yield replace(block, lead=f"{block.lead.strip()} ".ljust(_SHORT))
    else:
        effect = f"   # {shown(step.effect, style.ascii)}" if step.effect else ""
        yield _short_label("run" if first else "", f"{command}{effect}", indent, "never")
    if command != step.command:
        yield _short_label("", "it holds characters that cannot be printed: do not copy it", indent, "words")


def _short_label(label: str, text: str, indent: int, wrap: Wrap) -> Block:
    return Block(label.ljust(_SHORT), text, indent, "command" if wrap == "never" else "plain", wrap)


_SHORT = 6
_GLIMPSE = 150
"""Characters of evidence that are shown at once."""


def _left_open(report: Report, style: Style) -> Iterator[Block]:
    """What was not judged, by its reasons in a few lines; what broke, whole. Of a paste, `_requests` says it."""
    if report.target.kind == "paste":
        yield from _broken(report, style)
        return
    groups = _by_reason(o for o in report.outcomes if o.outcome == "not_judged")
    listed = groups if len(groups) <= _FEW_LEFT_OPEN else groups[: _FEW_LEFT_OPEN - 1]
    lines = [
        f"{len(some)} {_plural('check', len(some))} not judged: {reason}{f'; {remedy}' if remedy else ''}"
        for (reason, remedy), some in listed
    ]
    if rest := groups[len(listed) :]:
        count = sum(len(some) for _, some in rest)
        lines.append(f"{count} {_plural('check', count)} not judged for {len(rest)} other reasons: -v")
    yield from [_GAP] if lines else []
    for line in lines:
        yield Block(f"{mark('unjudged', style)} ", prose(line, style.ascii), tone="unjudged", wrap="fold")
    yield from _broken(report, style)


def _ending(report: Report, causes: Sequence[tuple[Ranked, object]], style: Style) -> Iterator[Block]:
    """The verdict, and what to do first."""
    from maildoctor.render.verdict import OPEN, sentence

    yield _GAP
    code = report.verdict.code if report.verdict else "not_shown"
    tone: Tone = "ok" if code in ("works", "ready") else "unjudged" if code in OPEN else "error"
    text = shown(sentence(report), style.ascii)
    yield Block("", text, tone=tone, wrap="fold")
    if code == "nothing_to_judge" and not causes:
        return
    known = f", {left_out}" if (left_out := _known(report, _fresh(report, style))) else ""
    counts = f"{report.counted('pass')} checks passed, {report.counted('not_judged')} not judged{known}"
    new = "new " if style.known is not None else ""
    tops = [top.finding for top, _ in causes]
    other = "other " if report.suppressed else ""
    found = f"{_causes(tops, new)}. {counts}" if tops else f"No {new or other}fault was found; {counts}"
    yield Block("", f"{found}  {report.seconds:.1f} s", wrap="fold")
    if any(f.fix and _acts(f.fix) and f.severity != "info" for f in tops) and report.target.kind == "host":
        unset = report.verdict is not None and report.verdict.because == "set-up"
        after = "Start with 1, then run maildoctor check again."
        yield Block("", "maildoctor guide leads there step by step." if unset else after)


def _forest(fresh: Sequence[Ranked], style: Style, few: int) -> Iterator[Block]:
    """Each cause with its symptoms; of those that are told alike of many servers, the first `few`, then a line each."""
    reported: dict[tuple[str, str], int] = {}
    folded = 0
    before = False
    for top, symptoms in trees(fresh):
        key = (top.finding.code, top.finding.advice)
        reported[key] = reported.get(key, 0) + 1
        brief = reported[key] > few and not symptoms and style.verbosity == 0
        yield from [] if brief and before else [_GAP]
        yield from [_headline(top.finding, style)] if brief else finding_blocks(top.finding, style)
        yield from _lapsed(top, style)
        yield from _symptoms(symptoms, style)
        folded, before = folded + brief, brief
    if folded:
        yield _GAP
        yield Block("", f"{folded} {_plural('cause', folded)} in one line, as those above; -v shows them whole")


def _quiet(report: Report, style: Style) -> Iterator[Block]:
    for top, _ in trees(_fresh(report, style)):
        yield replace(_headline(top.finding, style), wrap="never")
    yield from (replace(block, wrap="never") for block in _gone(report, style))


def _fresh(report: Report, style: Style) -> list[Ranked]:
    from maildoctor.render.verdict import fresh

    return fresh(report, style.known)


def _known(report: Report, fresh: Sequence[Ranked]) -> str:
    """How many findings are not told because an earlier report has them."""
    count = len(report.ranked) - len(report.suppressed) - len(fresh)
    return f"{count} {'as before' if report.since else 'known left out'}" if count else ""


def _header(report: Report, style: Style) -> Iterator[Block]:
    target = report.target
    if report.log is not None:
        yield Block(f"maildoctor {__version__}  ", shown(f"log {target.name}", style.ascii), tone="dim", wrap="fold")
        return
    if target.kind == "endpoint":
        yield Block(f"maildoctor {__version__}  ", shown(target.name, style.ascii), tone="dim", wrap="fold")
        return
    products = [" + ".join(_product(p) for p in some) for some in (target.mta, target.sasl) if some]
    found = " + ".join(products) or ("" if target.kind == "paste" else "no mail server found")
    about = f"{target.kind} {target.name}"
    if target.candidates:
        about = f"candidate for {'this host' if about == 'root /' else about}"
    text = shown(f"{about}  {found}", style.ascii)
    yield Block(f"maildoctor {__version__}  ", text, tone="dim", wrap="fold")
    yield from _candidates(target, style)


def _candidates(target: Target, style: Style) -> Iterator[Block]:
    """Which files were taken for the installed ones; more than a few by -v."""
    listed = target.candidates if style.verbosity > 0 else target.candidates[:_FEW_CANDIDATES]
    for one in listed:
        there = f"in place of {one.path}, owner and mode as there" if one.replaces else f"as {one.path}, which is new"
        unread = "" if one.used else "; nothing reads it there"
        text = f"{one.file} {there} ({one.owned}){unread}"
        yield Block("  ", shown(text, style.ascii), tone="dim", wrap="fold")
    if more := len(target.candidates) - len(listed):
        yield Block("  ", f"and {more} more {_plural('file', more)}: -v", tone="dim")


def _elsewhere(report: Report, fresh: Sequence[Ranked], style: Style) -> Iterator[Block]:
    """Where the commands are to be run, if that is not here and there are any."""
    where = report.target.run_in
    if report.target.candidates and any(r.finding.fix for r in fresh):
        yield _GAP
        yield Block("", "Paths below are those of the installed files: change the candidate instead.")
    if not where or report.target.candidates or not any(r.finding.fix for r in fresh):
        return
    yield _GAP
    yield Block("", "Files and commands below are the target's, not this host's. Run them in:")
    if where.startswith("# "):
        yield _by_hand(where[2:], 0)
    else:
        yield Block("$ ", shown(where, style.ascii), 0, "command", "never")
    if report.target.kind == "container":
        yield Block("", _LOST)


_LOST = "What is changed there is lost with the container: change its image, its volumes or its environment too."


def _product(product: Product) -> str:
    return (
        f"{product.name} {product.version or '(version unknown)'}" if product.in_use else f"{product.name} (not in use)"
    )


def _headline(finding: Finding, style: Style, indent: int = 0) -> Block:
    text = shown(f"{finding.code} {finding.message}", style.ascii)
    new = "new: " if style.known is not None else ""
    return Block(f"{mark(finding.severity, style)} ", new + text, indent, finding.severity, "fold")


def mark(tone: Tone, style: Style) -> str:
    """The sign before a line of this tone."""
    return _MARKS[tone][0 if style.ascii else 1]


def _inside(style: Style) -> int:
    """Where the text stands behind a mark."""
    return len(mark("error", style)) + 1


def _labelled(label: str, text: str, indent: int, wrap: Wrap = "words") -> Block:
    return Block(label.ljust(_LABEL), text, indent, "dim" if label == "identity" else "plain", wrap)


def _evidence(evidence: Sequence[Evidence], style: Style, indent: int) -> Iterator[Block]:
    lines = [line for e in evidence for line in _words(e, style)]
    kept = lines if style.verbosity > 1 else lines[:_FEW_LINES]
    for number, line in enumerate(kept):
        yield _labelled("" if number else "evidence", line, indent, "fold")
    if len(kept) < len(lines):
        yield _labelled("", f"({len(lines) - len(kept)} more lines; -vv shows them)", indent)


def _words(evidence: Evidence, style: Style) -> Iterator[str]:
    """The host's words, line by line; the first names where they stand."""
    source = shown(evidence.source, style.ascii)
    lines = evidence.text.strip("\n").split("\n")
    for number, line in enumerate(lines):
        text = shown(line, style.ascii)
        if style.verbosity < 2 and len(text) > _LONG_LINE:
            text = f"{text[:_LONG_LINE]} ({len(text) - _LONG_LINE} more characters; -vv shows them)"
        yield f"  {text}" if number else f"{source}: {text}" if text else source


def _step(step: Step, style: Style, indent: int) -> Iterator[Block]:
    command = shown(step.command, style.ascii)
    if command.startswith("# "):
        yield _by_hand(command[2:], indent)
    else:
        yield Block("$ ", command, indent, "command", "never")
    if command != step.command:
        yield _labelled("escaped", "it holds characters that cannot be printed: do not copy it", indent)
    if step.effect:
        yield _labelled("", f"# {shown(step.effect, style.ascii)}", indent)
    if step.undo:
        yield _labelled("undo", shown(step.undo, style.ascii), indent, "never")


def _by_hand(words: str, indent: int) -> Block:
    """A step that no command does, written as a comment of the shell: `# in FILE: CHANGE` is shown as an edit."""
    label, text = ("edit", words[3:]) if words.startswith("in ") else ("by hand", words)
    return Block(label.ljust(_LABEL), text, indent, "command", "never")


def _symptoms(symptoms: Sequence[tuple[int, Ranked]], style: Style) -> Iterator[Block]:
    if not symptoms:
        return
    inside = _inside(style)
    yield Block("explains: ", f"{len(symptoms)} {_plural('symptom', len(symptoms))}", inside)
    for depth, symptom in symptoms:
        indent = inside + 2 + 2 * depth
        if style.verbosity > 0:
            yield from finding_blocks(symptom.finding, style, indent)
            yield from _lapsed(symptom, style)
        else:
            yield _headline(symptom.finding, style, indent)


def _matrix(report: Report, style: Style) -> Iterator[Block]:
    if report.matrix is None:
        return
    from maildoctor.render.matrix import table

    yield _GAP
    hosts = {talk.endpoint.rpartition(":")[0] for talk in report.talks if talk.looked}
    if len(hosts) > 1:
        yield Block("", f"of {len(hosts)} hosts together; each alone stands below", tone="dim")
    for pieces in table(report.matrix, style):
        yield Block("", "".join(text for text, _ in pieces), wrap="never", pieces=pieces)


def _talks(report: Report, style: Style) -> Iterator[Block]:
    """For endpoints a line each, logins aside, which stand in the matrix; whole transcripts where all is wanted."""
    asked = report.target.kind == "endpoint"
    talks = [t for t in report.talks if style.verbosity > 1 or (asked and t.purpose != "login")]
    kept = talks if style.verbosity > 0 else talks[:_FEW_TALKS]
    yield from [_GAP] if kept else []
    for talk in kept:
        yield Block(f"{shown(talk.endpoint, style.ascii)}  ", shown(talk.summary, style.ascii), wrap="fold")
        for line in talk.lines if style.verbosity > 1 else ():
            yield Block("", shown(line, style.ascii), 2, "dim", "never")
    if len(kept) < len(talks):
        yield Block("", f"and {len(talks) - len(kept)} more servers; -v shows them")


def _unjudged(report: Report, style: Style) -> Iterator[Block]:
    groups = _by_reason(o for o in report.outcomes if o.outcome == "not_judged")
    broken = [o for o in report.outcomes if o.outcome == "broke"]
    if groups or broken:
        yield _GAP
    kept = groups if style.verbosity > 0 else groups[:_FEW_REASONS]
    for (reason, remedy), outcomes in kept:
        count = len(outcomes)
        text = f"{count} {_plural('check', count)} not judged: {reason or 'no reason given'}"
        yield Block(
            f"{mark('unjudged', style)} ",
            prose(f"{text}; {remedy}" if remedy else text, style.ascii),
            tone="unjudged",
            wrap="fold",
        )
        if style.verbosity > 0:
            yield from _named(outcomes, style)
    if len(kept) < len(groups):
        rest = groups[_FEW_REASONS:]
        count = sum(len(outcomes) for _, outcomes in rest)
        yield Block(
            "", f"and {count} more for {len(rest)} other {_plural('reason', len(rest))}; -v shows them", _inside(style)
        )
    yield from _broken(report, style)


def _broken(report: Report, style: Style) -> Iterator[Block]:
    cut = _by_reason(o for o in report.outcomes if o.outcome == "fail" and o.reason)
    for (reason, remedy), outcomes in cut[:_FEW_REASONS]:
        text = f"{', '.join(o.code for o in outcomes)}: {reason}"
        yield Block("", prose(f"{text}; {remedy}" if remedy else text, style.ascii), wrap="fold")
    for o in (o for o in report.outcomes if o.outcome == "broke"):
        text = shown(
            f"{o.code} {o.name} broke, a fault of maildoctor or of a check added to it: {o.reason}", style.ascii
        )
        yield Block(f"{mark('error', style)} ", f"{text}; please report this", tone="error", wrap="fold")


def _by_reason(outcomes: Iterable[Outcome]) -> list[tuple[tuple[str, str], list[Outcome]]]:
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for o in outcomes:
        groups.setdefault((o.reason, o.remedy), []).append(o)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _named(outcomes: Iterable[Outcome], style: Style) -> Iterator[Block]:
    for o in outcomes:
        yield Block(f"{o.code.ljust(_LABEL - 2)}  ", shown(o.name, style.ascii), _inside(style), "dim")


def _listed(report: Report, verdict: CheckResult, title: str, style: Style) -> Iterator[Block]:
    outcomes = [o for o in report.outcomes if o.outcome == verdict]
    if outcomes:
        tone: Tone = "ok" if verdict == "pass" else "info"
        yield _GAP
        yield Block(f"{mark(tone, style)} ", f"{len(outcomes)} {title}", tone=tone)
        yield from _named(outcomes, style)


def _commands(report: Report, style: Style) -> Iterator[Block]:
    if report.commands:
        yield _GAP
        yield Block("", "run to find this out:")
        for command in report.commands:
            yield Block("$ ", shown(command, style.ascii), _inside(style), "dim", "never")


def _closing(report: Report, fresh: Sequence[Ranked], style: Style) -> Block:
    passed, unjudged = report.counted("pass"), report.counted("not_judged")
    tops = [top.finding for top, _ in trees(fresh)]
    counts = [f"{unjudged} not judged", f"{report.counted('not_applicable')} not applicable"]
    counts += [f"{broke} broke"] if (broke := report.counted("broke")) else []
    counts += [left_out] if (left_out := _known(report, fresh)) else []
    new = "new " if style.known is not None else ""
    if report.log is not None:
        from maildoctor.render.log import closing

        found = _causes(tops, new) if tops else f"No {new}fault found"
        if report.verdict is not None and report.verdict.code == "nothing_to_judge":
            found = "Nothing found"
        if not report.log.bytes:
            return Block("", f"Nothing was read: there was no line  {report.seconds:.1f} s")
        text = f"{found} in {closing(report.log)}  {report.seconds:.1f} s"
        return Block("", text, tone="error" if tops else "plain" if report.log.damage else "ok", wrap="fold")
    if tops:
        text = ", ".join([_causes(tops, new), f"{passed} passed", *counts])
    elif judged := passed + report.counted("fail"):
        other = "other " if report.suppressed else ""
        text = f"No {new or other}fault found in {judged} {_plural('check', judged)}. {', '.join(counts)}"
    else:
        reason = next((f": {reason}" for (reason, _), _ in _by_reason(report.outcomes) if reason), "")
        text = prose(f"Nothing could be judged{reason}. {', '.join(counts)}", style.ascii)
    tone: Tone = "error" if tops else "plain" if unjudged or not passed else "ok"
    return Block("", f"{text}  {report.seconds:.1f} s", tone=tone, wrap="fold")


def _causes(tops: Sequence[Finding], new: str) -> str:
    """`2 causes (1 error, 1 warning)`: a lone warning is a cause too, and the line must not count it twice."""
    kinds = [(sum(f.severity == s for f in tops), word) for s, word in _WORDS]
    reported = ", ".join(f"{n} {_plural(word, n)}" for n, word in kinds if n)
    return f"{len(tops)} {new}{_plural('cause', len(tops))} ({reported})"


_WORDS = (("error", "error"), ("warning", "warning"), ("info", "note"))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _plain(blocks: Iterable[Block], style: Style) -> str:
    return "".join(f"{line}\n" for block in blocks for line in _lines(block, style))


def _lines(block: Block, style: Style) -> list[str]:
    first = " " * block.indent + block.lead
    if block.wrap == "never" or (block.wrap == "fold" and not style.fold):
        return [(first + block.text).rstrip()]
    lines = textwrap.wrap(
        block.text,
        width=style.width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=block.wrap == "fold",
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return [line.rstrip() for line in lines] or [first.rstrip()]


_PAINT: dict[Tone, tuple[str, str]] = {
    "plain": ("dim", ""),
    "dim": ("dim", "dim"),
    "error": ("bold red", "bold"),
    "warning": ("bold yellow", "bold"),
    "info": ("bold cyan", "bold"),
    "ok": ("bold green", ""),
    "unjudged": ("magenta", ""),
    "command": ("dim", "bold green"),
}


_CELL: dict[Tone, str] = {
    **{tone: text for tone, (_, text) in _PAINT.items()},
    "error": "bold red",
    "warning": "yellow",
    "ok": "green",
}
"""Of parts of a line, which have no mark before them."""


def _painted(blocks: Iterable[Block], style: Style) -> str:
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    paper = StringIO()
    console = Console(
        file=paper,
        force_terminal=True,
        force_jupyter=False,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        width=style.width,
        height=25,
    )
    for block in blocks:
        lead_paint, text_paint = _PAINT[block.tone]
        lead = Text(" " * block.indent) + Text(block.lead, lead_paint)
        text = (
            Text.assemble(*((t, _CELL[tone]) for t, tone in block.pieces))
            if block.pieces
            else Text(block.text, text_paint)
        )
        room = max(style.width - lead.cell_len, 20)
        free = block.wrap == "never" or (block.wrap == "fold" and not style.fold)
        lines = [text] if free or not block.text else list(text.wrap(console, room, overflow="fold"))
        for number, line in enumerate(lines):
            line.rstrip()
            whole = Text(" " * lead.cell_len) + line if number else lead + line
            whole.rstrip()
            console.print(whole, soft_wrap=True)
    return paper.getvalue()

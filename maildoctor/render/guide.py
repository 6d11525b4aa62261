"""The guide for a person, on one screen: every step in a line, then the next one in full; and as plain data."""

import json
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from maildoctor import __version__
from maildoctor.guide.step import ClientSettings, Guide, GuideStep, State
from maildoctor.model import Step
from maildoctor.render.codec import encoded
from maildoctor.render.escape import prose, shown, unicode
from maildoctor.render.style import Style, Tone
from maildoctor.render.text import Block, written

_MARKS: dict[State, tuple[str, Tone]] = {
    "done": ("done", "ok"),
    "wrong": ("wrong", "error"),
    "to_do": ("to do", "plain"),
    "unknown": ("?", "unjudged"),
}
_TITLE = 13
_LABEL = 6
_FEW_NOTED = 3
_SCREEN = 23
"""Lines of a terminal, but one for the prompt that comes next."""
_FEW_DONE = 3
"""Steps that are not worth a line of their own together."""
_GLIMPSE = 150
"""Characters of what a step comes to that are shown at once."""
_GAP = Block("", "")


def text(guide: Guide, style: Style, whole: bool = False) -> str:
    """The plan and the next step; of the `whole` way, each step that can be done now. Where that is more than a screen
    holds, as many of the first steps as need be share a line if they are done."""
    drawn = written(_blocks(guide, style, whole), style)
    if style.verbosity > 0:
        return drawn
    done = len(list(takewhile(lambda step: step.state == "done", guide.steps)))
    for folded in range(_FEW_DONE, done + 1):
        if drawn.count("\n") <= _SCREEN:
            break
        drawn = written(_blocks(guide, style, whole, folded), style)
    return drawn


def client_text(settings: ClientSettings, style: Style) -> str:
    """What to type into a mail program, and nothing else."""
    return written(_settings(settings, style), style)


def document(guide: Guide) -> dict[str, Any]:
    """The guide as plain data."""
    client = guide.client
    return {
        "schema": "maildoctor/guide/1",
        "tool": {"name": "maildoctor", "version": __version__},
        "about": guide.about,
        "steps": [encoded(step) for step in guide.steps],
        "next": guide.next,
        "way": list(guide.way),
        "client": encoded(client) | {"rows": [list(row) for row in client.rows]} if client else None,
        "noted": list(guide.noted),
        "run_in": guide.run_in,
    }


def as_json(data: dict[str, Any]) -> str:
    """Plain data as JSON, pure ASCII."""
    return json.dumps(_encodable(data), indent=2, ensure_ascii=True).replace("\x7f", "\\u007f") + "\n"


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return unicode(value)
    if isinstance(value, dict):
        return {key: _encodable(v) for key, v in value.items()}
    return [_encodable(v) for v in value] if isinstance(value, list | tuple) else value


def _blocks(guide: Guide, style: Style, whole: bool, folded: int = 0) -> Iterator[Block]:
    yield Block("", f"maildoctor guide  {shown(guide.about, style.ascii)}")
    yield _GAP
    if folded:
        yield Block(
            f" 1-{folded} done ", "; ".join(step.title for step in guide.steps[:folded]), tone="ok", wrap="fold"
        )
    for number, step in enumerate(guide.steps[folded:], folded + 1):
        yield _line(number, step, style)
    following = guide.step(guide.next)
    yield _GAP
    if following is None:
        proved = {"login": "users can log in", "relay-login": "this host logs in at its smart host"}
        done = [s.name for s in guide.steps if s.state == "done"]
        who = next((f": {words}" for name, words in proved.items() if name in done), "")
        yield Block("", f"Every step is done{who}.", tone="ok")
    else:
        if guide.run_in:
            yield Block("In:   ", shown(guide.run_in, style.ascii), tone="command", wrap="never")
        way = [step for step in map(guide.step, guide.way) if whole and step is not None] or [following]
        for n, step in enumerate(way):
            yield from _following("Then" if n else "Next", guide.steps.index(step) + 1, step, style, brief=len(way) > 1)
        if not way[-1].asks:
            yield Block("", "Then run maildoctor guide again.", tone="dim")
    if following is None and guide.client is not None:
        one = guide.client
        words = f"{one.server} port {one.port}, {one.tls}, user name {one.user or 'of the account'}, {one.method}"
        yield Block("Mail program: ", shown(words, style.ascii))
    for note in guide.noted[:_FEW_NOTED] if following is None else ():
        yield Block("note  ", shown(note, style.ascii), tone="warning")


def _line(number: int, step: GuideStep, style: Style) -> Block:
    word, tone = _MARKS[step.state]
    lead = f"{number:>3} {word:<5} {step.title:<{_TITLE}} "
    most = style.width - len(lead)
    summary = shown(step.summary, style.ascii)
    if len(summary) > most and style.verbosity == 0:
        summary = f"{summary[: most - 4]} ..."
    return Block(lead, summary, tone=tone, wrap="fold")


def _following(word: str, number: int, step: GuideStep, style: Style, brief: bool) -> Iterator[Block]:
    summary = shown(step.summary, style.ascii)
    if len(summary) > _GLIMPSE and style.verbosity == 0:
        summary = f"{summary[: _GLIMPSE - 4]} ..."
    yield Block("", f"{word}: {number} {step.title}. {summary}", tone="info")
    if step.why and not brief:
        yield Block("  why ", prose(step.why, style.ascii))
    for n, command in enumerate(step.commands):
        yield from _run(command, style, first=n == 0)
    for choice in step.choices:
        yield Block("  or  ", shown(f"{choice.option}  {choice.means}", style.ascii))
    if not step.commands and step.reason:
        yield Block("  ?   ", prose(step.reason, style.ascii))


def _run(step: Step, style: Style, first: bool) -> Iterator[Block]:
    command = shown(step.command, style.ascii)
    if command.startswith("# "):
        yield Block("  do  ", command[2:])
        return
    effect = f"   # {shown(step.effect, style.ascii)}" if step.effect else ""
    yield Block("  run " if first else "      ", f"{command}{effect}", tone="command", wrap="never")


def _settings(settings: ClientSettings, style: Style) -> Iterator[Block]:
    for name, value in settings.rows:
        yield Block(f"  {name:<15}", shown(value, style.ascii))
    if settings.remark:
        yield Block("  note ", prose(settings.remark, style.ascii), tone="warning")
    word = f"shown by {settings.proof}" if settings.proof else "not shown by a login yet"
    yield Block("  ", shown(word, style.ascii), tone="ok" if settings.proof else "unjudged")

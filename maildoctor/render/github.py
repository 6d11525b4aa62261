"""The report for GitHub Actions: annotations as workflow commands, and the table of a job summary.

GitHub shows at most ten annotations of a kind a step and drops the rest, so the worst come first, and a notice before
them counts all. How data is escaped: actions/toolkit, packages/core/src/command.ts.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from maildoctor.model import SEVERITIES, Finding, Ranked, Report, Severity
from maildoctor.render.escape import shown
from maildoctor.render.place import place
from maildoctor.render.style import Style
from maildoctor.render.verdict import compared_words, fresh, sentence

_KINDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_MOST_OF_A_KIND = 10
_LONGEST = 4000
SUMMARY_ROOM = 1 << 20
"""Bytes of a step's summary; GitHub drops all of a longer one."""
_ROOM_FOR_LAST_WORDS = 80


def render(report: Report, style: Style) -> str:
    """One line an annotation, and a last line that is none."""
    found = fresh(report, style.known)
    lines = [line for severity in SEVERITIES for line in _annotations(report, found, severity)]
    if len(lines) < len(found):
        text = f"{_counts(report, found)}. Not all are shown here: the summary of the job has the rest."
        lines = [_command("notice", {"title": "maildoctor"}, text), *lines]
    return "\n".join([*lines, f"maildoctor: {_counts(report, found)}"]) + "\n"


def summary(report: Report, style: Style, room: int = SUMMARY_ROOM) -> str:
    """The whole report as a Markdown table of at most `room` bytes; empty where not even its head has room."""
    found = fresh(report, style.known)
    head = f"### maildoctor: {_safe(report.target.name)}\n\n{_counts(report, found, _safe)}\n"
    head += "\n| | Finding | Evidence | What to do |\n|---|---|---|---|\n" if found else ""
    rows: list[str] = []
    rest = room - len(head.encode()) - _ROOM_FOR_LAST_WORDS
    if rest < 0:
        return ""
    for row in (_row(r, report) for r in found):
        rest -= len(row.encode())
        if rest < 0:
            return f"{head}{''.join(rows)}\n{len(found) - len(rows)} more have no room here.\n"
        rows.append(row)
    return head + "".join(rows)


def _annotations(report: Report, found: Sequence[Ranked], severity: Severity) -> Iterator[str]:
    mine = [r for r in found if r.finding.severity == severity]
    # the notice that counts all is one of the notices
    most = _MOST_OF_A_KIND - 1 if severity == "info" else _MOST_OF_A_KIND
    for r in sorted(mine, key=lambda r: (r.explained_by is not None, r.rank))[:most]:
        at = place(r.finding, report.target.kind)
        elsewhere = report.target.kind == "endpoint" and not at.path.startswith("/")
        properties = {} if elsewhere else {"file": _in_checkout(at.path, report)}
        properties |= {"line": str(at.line)} if at.line else {}
        title = f"{r.finding.code} {shown(r.finding.name)}"
        yield _command(_KINDS[severity], {**properties, "title": title}, "\n".join(_words(r))[:_LONGEST])


def _in_checkout(path: str, report: Report) -> str:
    """A file of an unpacked root lies below it, perhaps in the repository; so named, GitHub shows it in place."""
    if report.target.kind != "root":
        return shown(path)
    return shown(posixpath.normpath(posixpath.join(report.target.name, path.lstrip("/"))))


def _words(ranked: Ranked) -> Iterator[str]:
    f: Finding = ranked.finding
    yield shown(f.message)
    if ranked.explained_by is not None:
        yield f"Explained by {shown(ranked.explained_by)}"
    yield from (shown(text) for text in (f.why, *f.advice.split("\n")) if text)
    yield from (f"$ {shown(step.command)}" for step in f.fix)


def _command(kind: str, properties: dict[str, str], text: str) -> str:
    reported = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {reported}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _counts(report: Report, found: Sequence[Ranked], escaped: Callable[[str], str] = shown) -> str:
    numbers = [(sum(r.finding.severity == s for r in found), _KINDS[s]) for s in SEVERITIES]
    said = [f"{number} {kind}{'' if number == 1 else 's'}" for number, kind in numbers]
    suppressed = len(report.suppressed)
    known = len(report.ranked) - len(found) - suppressed
    outcomes = f"{report.counted('pass')} passed, {report.counted('not_judged')} not judged"
    verdict = f"{escaped(sentence(report))} " if report.verdict else ""
    left_out = f", {suppressed} suppressed" if suppressed else ""
    since = f"; {escaped(compared_words(report.since, report))}" if report.since else ""
    return verdict + ", ".join(said) + (f", {known} known" if known else "") + left_out + f"; {outcomes}{since}"


def _row(ranked: Ranked, report: Report) -> str:
    f = ranked.finding
    at = place(f, report.target.kind)
    where = f"{at.path}:{at.line}" if at.line else at.path
    cause = f"<br>explained by {_safe(ranked.explained_by)}" if ranked.explained_by else ""
    todo = [*map(_safe, f.advice.split("\n")), *(f"<code>{_safe(step.command)}</code>" for step in f.fix)]
    evidence = [f"{_safe(e.source)}: {_safe(e.text[:_LONGEST])}" for e in f.evidence] or [_safe(where)]
    cells = (f.severity, f"<b>{_safe(f.code)}</b> {_safe(f.message)}{cause}", "<br>".join(evidence), "<br>".join(todo))
    return f"| {' | '.join(cells)} |\n"


def _safe(text: str) -> str:
    """Text that is neither Markdown nor HTML: of ASCII, all but letters, digits and harmless signs as a number."""
    return re.sub(r"[!-+:-@\[-`{-~]", lambda m: f"&#{ord(m[0])};", shown(text))

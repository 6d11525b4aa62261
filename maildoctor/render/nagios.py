"""One line for Nagios, Icinga and similar programs, the causes below it (Monitoring Plugins Development Guidelines)."""

from collections.abc import Iterator

from maildoctor.model import SEVERITIES, LogRead, Ranked, Report
from maildoctor.render.escape import prose
from maildoctor.render.moment import moment
from maildoctor.render.style import Style
from maildoctor.render.verdict import UNKNOWN, compared_words, fresh, gone_words, sentence, state, usable

WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_LINE = 79
_MOST_BYTES = 4000
"""Nagios reads 4 KB of a plugin's output and drops the rest."""

_HARMFUL = str.maketrans({"|": r"\x7c", "<": r"\x3c", ">": r"\x3e"})
"""What begins performance data, and what a web page would take for markup."""


def render(report: Report, style: Style) -> str:
    """`SMTP AUTH STATE - text | perfdata`, then lines about each cause. ASCII only, less than 4 KB."""
    found = fresh(report, style.known)
    number = state(report, style.known) if style.state is None else style.state
    head = _cut(f"SMTP AUTH {WORDS[number]} - ", _summary(report, found, number))
    lines = [f"{head} | {' '.join(_numbers(report, found))}"]
    if style.verbosity >= 0:
        lines += _within(_long(report, found), _MOST_BYTES - len(lines[0]))
    return "\n".join(lines) + "\n"


def unknown(text: str) -> str:
    """The line of a plugin that could not do its work."""
    return _cut(f"SMTP AUTH {WORDS[UNKNOWN]} - ", plain(text)) + "\n"


def plain(text: str) -> str:
    """Text in which nothing means anything to a monitoring system."""
    return prose(text, ascii=True).translate(_HARMFUL)


def _cut(head: str, text: str) -> str:
    room = _LINE - len(head)
    return head + (text if len(text) <= room else text[: room - 3] + "...")


def _summary(report: Report, found: list[Ranked], number: int) -> str:
    if found and number != UNKNOWN:
        most_severe = min(
            found, key=lambda r: (SEVERITIES.index(r.finding.severity), r.explained_by is not None, r.rank)
        )
        more = f" (+{len(found) - 1})" if len(found) > 1 else ""
        text = plain(most_severe.finding.message)
        room = _LINE - len(f"SMTP AUTH {WORDS[number]} - {most_severe.finding.code} {more}")
        return f"{most_severe.finding.code} {text if len(text) <= room else text[: room - 3] + '...'}{more}"
    if report.counted("broke"):
        return f"{_checks(report.counted('broke'))} broke"
    if report.target.kind == "log" and report.log is not None and report.log.damage:
        return plain(report.log.damage[0]) or "not all could be read"
    if report.verdict is not None:
        return plain(sentence(report))
    if report.target.kind == "log":
        return _of_log(report.log)
    if unseen := [o for o in report.outcomes if o.outcome == "not_judged"]:
        return f"{_checks(len(unseen))} not judged: {plain(unseen[0].reason)}"
    return f"{_checks(report.counted('pass'))} passed" if report.counted("pass") else "nothing could be judged"


def _of_log(log: LogRead | None) -> str:
    if log is not None and log.damage:
        return plain(log.damage[0])
    return f"{log.lines} lines read, no fault found" if log is not None and log.bytes else "there was nothing to read"


def _checks(count: int) -> str:
    return f"{count} check" if count == 1 else f"{count} checks"


def _numbers(report: Report, found: list[Ranked]) -> Iterator[str]:
    """`label=value[unit];warn;crit;min`: one warning warns and one error is critical, fewer mechanisms than one too. Of
    certificates the one that ends first counts, as the check WIRE025 judges it."""
    severities = [r.finding.severity for r in found]
    yield f"time={report.seconds:.3f}s;;;0"
    yield f"causes={sum(r.explained_by is None for r in found)};;;0"
    yield f"errors={severities.count('error')};;0;0"
    yield f"warnings={severities.count('warning')};0;;0"
    yield f"not_judged={report.counted('not_judged')};;;0"
    if report.suppressed:
        yield f"suppressed={len(report.suppressed)};;;0"
    if report.since is not None:
        yield f"came={len(report.since.came)};;;0"
        yield f"went={sum(gone.judged for gone in report.since.went)};;;0"
    if report.matrix and report.matrix.rows:
        yield f"mechs={sum(map(usable, report.matrix.rows))};;1:;0"
    days = [
        (until - began).days for t in report.talks if (until := moment(t.until)) and (began := moment(report.started))
    ]
    if days:
        yield f"cert_days={min(days)};14:;1:"


def _long(report: Report, found: list[Ranked]) -> Iterator[str]:
    for r in found:
        f = r.finding
        if r.explained_by is not None:
            yield f"  explains {f.code} {plain(f.message)}"
            continue
        yield f"{f.severity} {f.code} {plain(f.message)}"
        yield from (f"  run: {plain(step.command)}" for step in f.fix)
    if report.suppressed:
        yield f"{len(report.suppressed)} suppressed: {plain(', '.join(r.finding.code for r in report.suppressed))}"
    if report.since is not None:
        yield from map(plain, (compared_words(report.since, report), *map(gone_words, report.since.went)))
    for reason in dict.fromkeys(o.reason for o in report.outcomes if o.outcome == "not_judged"):
        yield f"not judged: {plain(reason)}"
    if report.log is not None:
        yield from (f"not read: {plain(sentence)}" for sentence in report.log.damage)


def _within(lines: Iterator[str], room: int) -> Iterator[str]:
    """The lines that fit, and a word of those that do not."""
    last = "... and more: see --format text"
    for line in lines:
        room -= len(line) + 1
        if room < len(last) + 1:
            yield last
            return
        yield line

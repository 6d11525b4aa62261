"""The report as one HTML file, to be sent and looked at: the verdict and the ladder first, what can be long folded.

It needs Jinja2 (the extra `html`). The file loads nothing, runs nothing and is readable without a mail client's or
browser's help: no script, its style inside, its charts as SVG. Words of strangers pass `shown`, then the escaping of
Jinja2; a policy in the file itself forbids whatever might slip through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from maildoctor import __version__
from maildoctor.model import Finding, Outcome, Report, VerdictCode
from maildoctor.render.escape import shown
from maildoctor.render.forest import trees
from maildoctor.render.ladder import by_weight
from maildoctor.render.log import damage_lines, log_lines, traffic_lines
from maildoctor.render.matrix import columns, remarks
from maildoctor.render.moment import moment
from maildoctor.render.style import Style, Tone
from maildoctor.render.verdict import fresh, gone_words, sentence, suppressed_words

_WIDTH, _HEIGHT = 640, 72
"""Of a chart, in units of its own: it is as wide as there is room."""
_FEWEST_STEPS = 3

TONES: Mapping[VerdictCode | None, Tone] = {
    "works": "ok",
    "ready": "ok",
    "not_shown": "unjudged",
    "nothing_to_judge": "unjudged",
    "partly": "error",
    "broken": "error",
    None: "plain",
}
"""What colour a verdict has."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of a chart; `words` say when it was and how many there were."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """How often a finding's lines stood in the log, over time."""

    finding: Finding
    bars: tuple[Bar, ...]
    most: int
    about: tuple[tuple[str, str], ...]
    """who and from where, as label and text"""


def render(report: Report, style: Style) -> str:
    """The whole report; what text leaves to -v is there, folded."""
    causes = [(number, top, symptoms) for number, (top, symptoms) in enumerate(trees(fresh(report, style.known)), 1)]
    numbers = {top.finding.fingerprint: number for number, top, _ in causes}
    log = report.log
    return page(
        "report.html.j2",
        report=report,
        sentence=sentence(report),
        tone=TONES[report.verdict.code if report.verdict else None],
        causes=causes,
        known=len(report.ranked) - len(report.suppressed) - len(fresh(report, style.known)),
        gone_words=gone_words,
        suppressed_words=suppressed_words,
        routes=by_weight(report.routes),
        numbers=numbers,
        columns=columns(report.matrix, style) if report.matrix else None,
        remarks=list(remarks(report.matrix, style)) if report.matrix else [],
        width=_WIDTH,
        height=_HEIGHT,
        charts=[chart for r in fresh(report, style.known) if (chart := _chart(r.finding, style))],
        log=[*log_lines(log, style)] if log else [],
        damage=[*damage_lines(log, style)] if log else [],
        left_open=_by_reason(report),
    )


def page(template: str, **words: Any) -> str:
    """One of the pages of this folder; `words` are what its template names."""
    text = _ENVIRONMENT.get_template(template).render(version=__version__, **words)
    return f"{text.rstrip()}\n"


def _harmless(value: object) -> object:
    """Markup is what a macro of ours has put together, each of its words having passed this already."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_ENVIRONMENT = Environment(
    loader=PackageLoader("maildoctor.render", "pages"),
    autoescape=True,
    finalize=_harmless,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _by_reason(report: Report) -> list[tuple[str, str, list[Outcome]]]:
    """What was not judged or broke, once for each reason."""
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in report.outcomes:
        if outcome.outcome in ("not_judged", "broke"):
            groups.setdefault((outcome.reason, outcome.remedy), []).append(outcome)
    return [(reason, remedy, some) for (reason, remedy), some in groups.items()]


def _chart(finding: Finding, style: Style) -> Chart | None:
    traffic = finding.traffic
    if traffic is None or len(traffic.counts) < _FEWEST_STEPS or not max(traffic.counts):
        return None
    about = tuple(line for line in traffic_lines(traffic, style) if line[0] != "rate")
    return Chart(finding, _bars(traffic.counts, traffic.start or "", traffic.minutes), max(traffic.counts), about)


def _later(began: datetime | None, minutes: int) -> str:
    """A time so much later; empty where there is no such time, as a stranger's report may have it."""
    try:
        return f"{began + timedelta(minutes=minutes):%Y-%m-%d %H:%M}" if began else ""
    except OverflowError:
        return ""


def _bars(counts: Sequence[int], start: str, minutes: int) -> tuple[Bar, ...]:
    most, width, began = max(counts), _WIDTH / len(counts), moment(start)
    bars = []
    for number, count in enumerate(counts):
        height = round(_HEIGHT * count / most, 1)
        when = _later(began, minutes * number) or f"step {number + 1}"
        bars.append(Bar(round(width * number, 1), _HEIGHT - height, round(width * 0.9, 1), height, f"{when}: {count}"))
    return tuple(bars)

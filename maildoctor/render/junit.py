"""The report as JUnit XML, for Jenkins, GitLab, Azure and all that show test results.

One test case a check, by the same name in every run, so that its history is one, and one of the verdict. What fails is
what the exit status fails for (`--fail-on`); what does not stands in `system-out`. It keeps both to junit-10.xsd of
Jenkins' xunit plugin and to the stricter schema of Ant's format (JUnit.xsd of windyroad), which knows no attribute on
`testsuites`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree

from maildoctor import __version__
from maildoctor.model import Finding, Outcome, Ranked, Report
from maildoctor.render.escape import shown
from maildoctor.render.moment import moment
from maildoctor.render.style import Style
from maildoctor.render.verdict import compared_words, counts, gone_words, is_down, is_known, sentence, suppressed_words

_EPOCH = "1970-01-01T00:00:00"

Findings = Mapping[str, Sequence[Ranked]]
"""The findings by code, causes first."""

Causes = Mapping[str, Finding]
"""All findings by fingerprint."""


def render(report: Report, style: Style) -> str:
    """One suite. What XML cannot hold stands in it as an escape, as in text."""
    causes = {r.finding.fingerprint: r.finding for r in reversed(report.ranked)}
    cases = [*_of_verdict(report, style), *_of_checks(report, causes, style), *_of_logs(report, causes, style)]
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", _attributes(report, cases))
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(report):
        ElementTree.SubElement(properties, "property", name=name, value=shown(value))
    suite.extend(cases)
    ElementTree.SubElement(suite, "system-out").text = "\n\n".join(_notes(report, causes, style)) or None
    ElementTree.SubElement(suite, "system-err")
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _attributes(report: Report, cases: Sequence[ElementTree.Element]) -> dict[str, str]:
    began = moment(report.started)

    def having(tag: str) -> str:
        return str(sum(case.find(tag) is not None for case in cases))

    return {
        "name": "maildoctor",
        "package": "maildoctor",
        "id": "0",
        "hostname": re.sub(r" +", " ", shown(report.target.name)).strip() or "-",
        "timestamp": began.strftime("%Y-%m-%dT%H:%M:%S") if began and began.year > 999 else _EPOCH,
        "tests": str(len(cases)),
        "failures": having("failure"),
        "errors": having("error"),
        "skipped": having("skipped"),
        "time": f"{report.seconds:.3f}",
    }


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    yield "maildoctor", __version__
    yield "target", f"{report.target.kind} {report.target.name}"
    for product in (*report.target.mta, *report.target.sasl):
        yield "product", f"{product.name} {product.version}".strip()


def _of_verdict(report: Report, style: Style) -> Iterator[ElementTree.Element]:
    if report.verdict is None:
        return
    case = ElementTree.Element("testcase", name="users can log in", classname="maildoctor", time="0")
    new = any(counts(r, style.fail_on, style.known) for r in report.ranked)
    new |= style.fail_on != "never" and is_down(report)
    if report.verdict.code in ("broken", "partly") and new:
        ElementTree.SubElement(case, "failure", type=report.verdict.code, message=shown(sentence(report)))
    elif report.verdict.code not in ("works", "ready"):
        ElementTree.SubElement(case, "skipped", message=shown(sentence(report)))
    yield case


def _of_checks(report: Report, causes: Causes, style: Style) -> Iterator[ElementTree.Element]:
    found = _by_code(report)
    for outcome in report.outcomes:
        case = _case(outcome.code, outcome.name)
        if outcome.outcome == "fail":
            _judge(case, found.get(outcome.code, ()), causes, style)
        elif outcome.outcome == "broke":
            broke = ElementTree.SubElement(case, "error", type="broke", message="a fault in maildoctor itself")
            broke.text = shown(outcome.reason)
        elif outcome.outcome != "pass":
            ElementTree.SubElement(case, "skipped", message=_reason(outcome))
        yield case


def _of_logs(report: Report, causes: Causes, style: Style) -> Iterator[ElementTree.Element]:
    """What logs tell has no outcome of a check."""
    checks = {outcome.code for outcome in report.outcomes}
    for code, ranked in _by_code(report).items():
        if code not in checks:
            case = _case(code, ranked[0].finding.name)
            _judge(case, ranked, causes, style)
            yield case
    for number, damage in enumerate(report.log.damage if report.log else (), 1):
        case = _case("LOG", f"unread-{number}")
        ElementTree.SubElement(case, "skipped", message=shown(damage))
        yield case


def _by_code(report: Report) -> Findings:
    found: dict[str, list[Ranked]] = {}
    for r in sorted(report.ranked, key=lambda r: (r.explained_by is not None, r.rank)):
        found.setdefault(r.finding.code, []).append(r)
    return found


def _case(code: str, name: str) -> ElementTree.Element:
    family = code.rstrip("0123456789")
    return ElementTree.Element("testcase", name=f"{code} {shown(name)}", classname=f"maildoctor.{family}", time="0")


def _reason(outcome: Outcome) -> str:
    said = "; ".join(shown(part) for part in (outcome.reason, outcome.remedy) if part)
    return f"{outcome.outcome.replace('_', ' ')}{': ' if said else ''}{said}"


def _judge(case: ElementTree.Element, ranked: Sequence[Ranked], causes: Causes, style: Style) -> None:
    """One failure with all findings: of several, the readers of this format show only the first."""
    faults = [r for r in ranked if r.finding.severity != "info"]
    new = [r for r in faults if counts(r, style.fail_on, style.known)]
    if new:
        more = f" (and {len(new) - 1} more)" if len(new) > 1 else ""
        most_severe = "error" if any(r.finding.severity == "error" for r in new) else "warning"
        message = shown(new[0].finding.message) + more
        failure = ElementTree.SubElement(case, "failure", type=most_severe, message=message)
        failure.text = "\n\n".join("\n".join(_words(r, causes)) for r in new)
    elif any(is_known(r, style.known) for r in faults):
        ElementTree.SubElement(case, "skipped", message="known: the baseline holds it")
    elif said := next((r.suppression for r in faults if r.suppression and r.suppressed), None):
        ElementTree.SubElement(case, "skipped", message=shown(suppressed_words(said)))


def _notes(report: Report, causes: Causes, style: Style) -> Iterator[str]:
    for r in sorted(report.ranked, key=lambda r: r.rank):
        if not counts(r, style.fail_on, style.known) and not is_known(r, style.known):
            yield "\n".join(_words(r, causes))
    if report.since is not None:
        lines = [compared_words(report.since, report), *map(gone_words, report.since.went), *report.since.remarks]
        yield "\n".join(map(shown, lines))


def _words(ranked: Ranked, causes: Causes) -> Iterator[str]:
    f: Finding = ranked.finding
    yield f"{f.severity} {f.code} {shown(f.message)}"
    yield from [shown(suppressed_words(ranked.suppression))] if ranked.suppression else []
    if ranked.explained_by is not None:
        cause = causes.get(ranked.explained_by)
        yield f"explained by: {f'{cause.code} {shown(cause.message)}' if cause else shown(ranked.explained_by)}"
    yield from (f"evidence: {shown(e.source)}: {shown(e.text)}" for e in f.evidence)
    yield from [f"why: {shown(f.why)}"] if f.why else []
    yield from (f"advice: {shown(paragraph)}" for paragraph in f.advice.split("\n") if paragraph)
    for step in f.fix:
        yield f"$ {shown(step.command)}{f'  # {shown(step.effect)}' if step.effect else ''}"
    if f.count > 1:
        yield f"seen: {f.count} times"

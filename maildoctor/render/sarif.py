"""The report as SARIF 2.1.0 (OASIS), for GitHub code scanning and all that show findings beside files.

Results are defects only. A command is no SARIF fix, which is an edit of a file: commands stand in the message, and as
they are in the property bag. What was not judged is a notification of the run.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from maildoctor import __version__
from maildoctor.model import Finding, Ranked, Report, Suppression
from maildoctor.render.escape import shown, unicode
from maildoctor.render.moment import moment
from maildoctor.render.place import Place, place, reported
from maildoctor.render.style import Page, Style
from maildoctor.render.verdict import gone_words, is_known

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://pypi.org/project/maildoctor/"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_ROOT = "TARGET"
_URI = "%/:?#[]@!$&'()*+,;=~"
_MOST_RELATED = 20


def render(report: Report, style: Style) -> str:
    """A log of one run, in ASCII."""
    text = json.dumps(_log(report, style), indent=2, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f") + "\n"


def _log(report: Report, style: Style) -> dict[str, Any]:
    ranked = sorted(report.ranked, key=lambda r: r.rank)
    rules = _rules(ranked, style.pages)
    places = {rule["id"]: number for number, rule in enumerate(rules)}
    causes = {r.finding.fingerprint: r.finding for r in reversed(ranked)}
    release = {"semanticVersion": __version__, "version": __version__}
    driver = {"name": "maildoctor", "informationUri": _HOME, **release, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(report, places)],
        **_bases(report),
        "results": [*(_result(r, report, style, places, causes) for r in ranked), *_absent(report)],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(ranked: Sequence[Ranked], pages: Mapping[str, Page]) -> list[dict[str, Any]]:
    """What is general about the findings of one code, the same in every run; of a code that has no page here the first
    finding that is met speaks for all."""
    first: dict[str, Finding] = {}
    for r in ranked:
        first.setdefault(unicode(r.finding.code), r.finding)
    return [_rule(code, finding, pages.get(code) or _page(finding)) for code, finding in sorted(first.items())]


def _page(finding: Finding) -> Page:
    title = finding.name.replace("-", " ")
    return Page(title[:1].upper() + title[1:], finding.why, finding.advice, finding.severity)


def _rule(code: str, finding: Finding, page: Page) -> dict[str, Any]:
    seen = [f"See: {', '.join(finding.refs)}"] if finding.refs else []
    pages = [ref for ref in finding.refs if re.fullmatch(r"https?://[!-~]+", ref) and quote(ref, safe=_URI) == ref]
    return {
        "id": code,
        "name": shown(finding.name),
        "shortDescription": _message([page.title]),
        "fullDescription": _message([page.why or page.title]),
        "help": _message([*(page.advice or page.title).split("\n"), *seen]),
        **({"helpUri": pages[0]} if pages else {}),
        "defaultConfiguration": {"level": _LEVELS[page.severity]},
    }


def _result(
    ranked: Ranked, report: Report, style: Style, rules: Mapping[str, int], causes: Mapping[str, Finding]
) -> dict[str, Any]:
    f = ranked.finding
    at = place(f, report.target.kind)
    state: dict[str, Any] = {}
    if style.known is not None:
        state = {"baselineState": "unchanged" if is_known(ranked, style.known) else "new"}
    elif report.since is not None:
        state = {"baselineState": "new" if unicode(f.fingerprint) in report.since.came else "unchanged"}
    if report.suppressed:  # all results have them, or none (3.27.23)
        state["suppressions"] = [_suppression(ranked.suppression)] if ranked.suppression and ranked.suppressed else []
    return {
        "ruleId": unicode(f.code),
        "ruleIndex": rules[unicode(f.code)],
        "level": _LEVELS[f.severity],
        **state,
        "message": _message(_words(ranked, causes)),
        "locations": [_location(at, report, f)],
        "relatedLocations": list(_related(f, at, report)),
        "occurrenceCount": f.count,
        "partialFingerprints": _fingerprints(f),
        "properties": {
            "explainedBy": ranked.explained_by and unicode(ranked.explained_by),
            "commands": [unicode(step.command) for step in f.fix],
        },
    }


def _suppression(suppression: Suppression) -> dict[str, Any]:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": shown(f"{suppression.reason} (until {suppression.until or 'for good'})"),
    }


def _absent(report: Report) -> Iterator[dict[str, Any]]:
    """What an earlier report had and this one has not (3.27.24), unless it was not judged and may be there still."""
    for gone in (gone for gone in (report.since.went if report.since else ()) if gone.judged):
        yield {
            "ruleId": unicode(gone.code),
            "level": _LEVELS[gone.severity],
            "baselineState": "absent",
            **({"suppressions": []} if report.suppressed else {}),
            "message": _message([gone_words(gone)]),
            "partialFingerprints": {"maildoctor/v1": unicode(gone.fingerprint)},
        }


def _words(ranked: Ranked, causes: Mapping[str, Finding]) -> Iterator[str]:
    f = ranked.finding
    yield f.message
    if ranked.explained_by is not None:
        cause = causes.get(ranked.explained_by)
        yield f"Explained by: {f'{cause.code} {cause.message}' if cause else ranked.explained_by}"
    if f.advice:
        yield from f.advice.split("\n")
    for step in f.fix:
        yield f"$ {step.command}" + (f"  # {step.effect}" if step.effect else "")


def _message(lines: Iterator[str] | Sequence[str]) -> dict[str, str]:
    """Plain text: braces are doubled (3.11.5), and nothing looks like an embedded link (3.11.6)."""
    text = "\n".join(shown(line) for line in lines)
    return {"text": text.replace("{", "{{").replace("}", "}}").replace("](", "\\](")}


def _location(at: Place, report: Report, finding: Finding) -> dict[str, Any]:
    logical = {"fullyQualifiedName": unicode(finding.fingerprint), "kind": "resource"}
    where = _physical(at, report)
    if at.path.startswith("/"):  # GitHub shows no result without a line
        where["physicalLocation"].setdefault("region", {"startLine": 1})
    return {**where, "logicalLocations": [logical]}


def _related(finding: Finding, first: Place, report: Report) -> Iterator[dict[str, Any]]:
    """The other files of the evidence, and what they say."""
    for number, evidence in enumerate(finding.evidence[:_MOST_RELATED], 1):
        at = reported(evidence.source, report.target.kind) or first
        yield {"id": number, **_physical(at, report), "message": _message([f"{evidence.source}: {evidence.text}"])}


def _physical(at: Place, report: Report) -> dict[str, Any]:
    region = {"region": {"startLine": at.line}} if at.line else {}
    return {"physicalLocation": {"artifactLocation": _artifact(at.path, report), **region}}


def _artifact(path: str, report: Report) -> dict[str, str]:
    if not path.startswith("/"):
        return {"uri": _quoted(path)}
    if report.target.kind in ("host", "log", "endpoint"):
        return {"uri": "file://" + _quoted("/" + path.lstrip("/"))}
    return {"uri": _quoted(path.lstrip("/")) or ".", "uriBaseId": _ROOT}


def _bases(report: Report) -> dict[str, Any]:
    if report.target.kind in ("host", "log", "endpoint"):
        return {}
    base: dict[str, Any] = {"description": _message([f"the {report.target.kind} {report.target.name}"])}
    if report.target.kind == "root" and report.target.name.startswith("/"):
        base["uri"] = "file://" + _quoted("/" + report.target.name.strip("/") + "/").replace("//", "/")
    return {"originalUriBaseIds": {_ROOT: base}}


def _quoted(path: str) -> str:
    """Percent-encoded; a byte that is no UTF-8 is that byte again."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "surrogatepass"))


def _fingerprints(finding: Finding) -> dict[str, str]:
    """GitHub knows a result again by `primaryLocationLineHash` alone."""
    identity = unicode(finding.fingerprint)
    return {
        "primaryLocationLineHash": hashlib.sha256(identity.encode()).hexdigest()[:16] + ":1",
        "maildoctor/v1": identity,
    }


def _invocation(report: Report, rules: Mapping[str, int]) -> dict[str, Any]:
    began = moment(report.started)
    stamp = {"startTimeUtc": began.strftime("%Y-%m-%dT%H:%M:%SZ")} if began and began.year > 999 else {}
    notifications = list(_notifications(report, rules))
    return {"executionSuccessful": not report.counted("broke"), **stamp, "toolExecutionNotifications": notifications}


def _notifications(report: Report, rules: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for o in report.outcomes:
        if o.outcome in ("not_judged", "broke"):
            reason = "; ".join(part for part in (o.reason, o.remedy) if part)
            code = unicode(o.code)
            rule = {"associatedRule": {"id": code, "index": rules[code]}} if code in rules else {}
            message = _message([f"{o.code} {o.name} {o.outcome.replace('_', ' ')}: {reason}"])
            yield {"level": "error" if o.outcome == "broke" else "warning", "message": message, **rule}
    for sentence in report.log.damage if report.log else ():
        yield {"level": "warning", "message": _message([f"not read: {sentence}"])}

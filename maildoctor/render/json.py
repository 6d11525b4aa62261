"""The whole report as JSON, `"schema": "maildoctor/1"`: report.schema.json describes it."""

import json
from collections.abc import Mapping
from typing import Any

from maildoctor import __version__
from maildoctor.model import LogRead, Mechanism, Ranked, Report, Strategy
from maildoctor.render.codec import encoded
from maildoctor.render.escape import unicode
from maildoctor.render.matrix import CLIENTS, VERDICTS
from maildoctor.render.style import Style
from maildoctor.render.verdict import sentence

_FINDING = (
    "fingerprint", "code", "name", "severity", "rank", "explained_by", "message", "why", "advice", "fix", "evidence",
    "labels", "count", "first", "last", "refs", "traffic",
    "product", "rung", "direction", "suppression",
)  # fmt: skip
_MECHANISM = (
    "mech", "plugin", "configured", "listed", "trusted", "offered_plain", "offered_tls", "secret", "users", "stores",
    "login", "verdict", "verdict_code",
)  # fmt: skip
_STRATEGY = ("client", "client_code", "mech", "verdict", "verdict_code")
_TALK = ("endpoint", "summary", "purpose", "looked", "certificate_until", "lines")
_LOG = (
    "lines", "bytes", "matched", "unknown", "from", "to", "names", "lines_exact", "interrupted", "of_mail", "damage",
    "sampled", "logins", "unmatched", "fixed",
)  # fmt: skip


def render(report: Report, style: Style | None = None) -> str:
    """The report as JSON. It is pure ASCII, so it passes every terminal, locale and pipe unharmed."""
    text = json.dumps(_encodable(document(report)), indent=2, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f") + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as plain data, its keys in the order of the schema. A baseline leaves nothing out here."""
    log = encoded(report.log or LogRead((), 0, 0, 0)) | {"fixed": list(report.fixed)}
    return {
        "schema": "maildoctor/1",
        "tool": {"name": "maildoctor", "version": __version__},
        "target": encoded(report.target),
        "started": report.started,
        "seconds": round(report.seconds, 3),
        "summary": {
            "causes": len(report.roots),
            "errors": report.severe("error"),
            "warnings": report.severe("warning"),
            "info": report.severe("info"),
            "passed": report.counted("pass"),
            "not_judged": report.counted("not_judged"),
            "not_applicable": report.counted("not_applicable"),
        },
        "findings": [_finding(r) for r in sorted(report.ranked, key=lambda r: r.rank)],
        "outcomes": [encoded(o) for o in report.outcomes],
        "matrix": [_mechanism(m) for m in report.matrix.rows] if report.matrix else [],
        "matrix_more": report.matrix.more if report.matrix else 0,
        "strategies": [_strategy(s) for s in report.matrix.strategies] if report.matrix else [],
        "talks": [_ordered(encoded(t) | {"looked": t.looked}, _TALK) for t in report.talks],
        "log": _ordered(log, _LOG),
        "verdict": encoded(report.verdict) | {"sentence": sentence(report)} if report.verdict else None,
        "routes": [encoded(r) for r in report.routes],
        "logins": encoded(report.logins) if report.logins else None,
        "pieces": [encoded(piece) for piece in report.pieces],
        "requests": [encoded(request) for request in report.requests],
        "since": encoded(report.since) if report.since else None,
        "unused_suppressions": [encoded(one) for one in report.unused_suppressions],
    }


def _finding(ranked: Ranked) -> dict[str, Any]:
    place = {"fingerprint": ranked.finding.fingerprint, "rank": ranked.rank, "explained_by": ranked.explained_by}
    suppression = encoded(ranked.suppression) if ranked.suppression else None
    return _ordered(encoded(ranked.finding) | place | {"suppression": suppression}, _FINDING)


def _mechanism(row: Mechanism) -> dict[str, Any]:
    return _ordered(encoded(row) | {"verdict": VERDICTS[row.verdict]}, _MECHANISM)


def _strategy(one: Strategy) -> dict[str, Any]:
    words = {"client": CLIENTS[one.client], "verdict": VERDICTS[one.verdict]}
    return _ordered(encoded(one) | words, _STRATEGY)


def _ordered(reported: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: reported[key] for key in keys}


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return unicode(value)
    if isinstance(value, dict):
        return {unicode(k): _encodable(v) for k, v in value.items()}
    return [_encodable(v) for v in value] if isinstance(value, list) else value

"""The whole report as JSON, `"schema": "maildoctor/1"`: report.schema.json describes it."""

import json
from collections.abc import Sequence
from typing import Any

from maildoctor import __version__
from maildoctor.model import (
    Finding,
    Logins,
    LogRead,
    Mechanism,
    Outcome,
    Product,
    Ranked,
    Report,
    Strategy,
    Talk,
    Traffic,
)
from maildoctor.render.escape import unicode
from maildoctor.render.matrix import CLIENTS, VERDICTS
from maildoctor.render.style import Style


def render(report: Report, style: Style | None = None) -> str:
    """The report as JSON. It is pure ASCII, so it passes every terminal, locale and pipe unharmed."""
    text = json.dumps(_encodable(document(report)), indent=2, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f") + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as plain data, its keys in the order of the schema. A baseline leaves nothing out here."""
    return {
        "schema": "maildoctor/1",
        "tool": {"name": "maildoctor", "version": __version__},
        "target": {
            "kind": report.target.kind,
            "name": report.target.name,
            "mta": [_product(p) for p in report.target.mta],
            "sasl": [_product(p) for p in report.target.sasl],
        },
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
        "outcomes": [_outcome(o) for o in report.outcomes],
        "matrix": [_mechanism(m) for m in report.matrix.rows] if report.matrix else [],
        "matrix_more": report.matrix.more if report.matrix else 0,
        "strategies": [_strategy(s) for s in report.matrix.strategies] if report.matrix else [],
        "talks": [_talk(t) for t in report.talks],
        "log": _log(report.log or LogRead((), 0, 0, 0), report.mended),
    }


def _mechanism(row: Mechanism) -> dict[str, Any]:
    return {
        "mech": row.mech,
        "plugin": row.plugin,
        "configured": row.configured,
        "listed": row.listed,
        "trusted": row.trusted,
        "offered_plain": row.offered_plain,
        "offered_tls": row.offered_tls,
        "secret": row.secret,
        "users": list(row.users),
        "login": row.login,
        "verdict": VERDICTS[row.verdict],
        "verdict_code": row.verdict,
    }


def _talk(talk: Talk) -> dict[str, Any]:
    return {
        "endpoint": talk.endpoint,
        "summary": talk.summary,
        "purpose": talk.purpose,
        "looked": talk.looked,
        "certificate_until": talk.until or None,
        "lines": list(talk.lines),
    }


def _strategy(strategy: Strategy) -> dict[str, Any]:
    return {
        "client": CLIENTS[strategy.client],
        "client_code": strategy.client,
        "mech": strategy.mech,
        "verdict": VERDICTS[strategy.verdict],
        "verdict_code": strategy.verdict,
    }


def _log(log: LogRead, mended: Sequence[str]) -> dict[str, Any]:
    return {
        "lines": log.lines,
        "bytes": log.bytes,
        "matched": log.matched,
        "unknown": log.unknown,
        "from": log.first,
        "to": log.last,
        "names": list(log.names),
        "lines_exact": log.lines_exact,
        "interrupted": log.interrupted,
        "damage": list(log.damage),
        "sampled": list(log.sampled),
        "logins": _logins(log.logins),
        "unmatched": _ranking(log.shapes, "shape"),
        "mended": list(mended),
    }


def _logins(logins: Logins | None) -> dict[str, Any] | None:
    if logins is None:
        return None
    return {
        "succeeded": logins.succeeded,
        "failed": logins.failed,
        "mechs": _ranking(logins.mechs),
        "users": _ranking(logins.users),
        "relays": _ranking(logins.relays),
    }


def _ranking(pairs: Sequence[tuple[str, int]], key: str = "name") -> list[dict[str, Any]]:
    return [{key: name, "count": count} for name, count in pairs]


def _product(product: Product) -> dict[str, str]:
    return {"name": product.name, "version": product.version}


def _finding(ranked: Ranked) -> dict[str, Any]:
    f: Finding = ranked.finding
    return {
        "fingerprint": f.fingerprint,
        "code": f.code,
        "name": f.name,
        "severity": f.severity,
        "rank": ranked.rank,
        "explained_by": ranked.explained_by,
        "message": f.message,
        "why": f.why,
        "advice": f.advice,
        "fix": [{"command": s.command, "safety": s.safety, "undo": s.undo} for s in f.fix],
        "evidence": [{"source": e.source, "text": e.text} for e in f.evidence],
        "labels": dict(sorted(f.labels.items())),
        "count": f.count,
        "first": f.first,
        "last": f.last,
        "refs": list(f.refs),
        "traffic": _traffic(f.traffic),
        "product": f.product or None,
    }


def _traffic(traffic: Traffic | None) -> dict[str, Any] | None:
    if traffic is None:
        return None
    return {
        "start": traffic.start,
        "minutes": traffic.minutes,
        "counts": list(traffic.counts),
        "users": _ranking(traffic.users),
        "relays": _ranking(traffic.relays),
        "about": traffic.about,
        "forgotten": traffic.forgotten,
    }


def _outcome(o: Outcome) -> dict[str, str]:
    return {"code": o.code, "name": o.name, "outcome": o.outcome, "reason": o.reason, "remedy": o.remedy}


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return unicode(value)
    if isinstance(value, dict):
        return {unicode(k): _encodable(v) for k, v in value.items()}
    return [_encodable(v) for v in value] if isinstance(value, list) else value

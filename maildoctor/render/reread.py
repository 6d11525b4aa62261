"""A JSON report as a `Report` again: the reverse of `render.json`.

What the form has got by and by may be missing, and what it will get is passed over; the rest must be there and be what
it is to be, for a report may come from anywhere. Not in the JSON are the commands that were run; and printed
again as JSON, the report names the version that prints it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from maildoctor.model import LogRead, Matrix, Ranked, Report
from maildoctor.render.codec import Malformed, decoded, field, mapping

__all__ = ["LARGEST", "SCHEMA", "Malformed", "report", "version"]

SCHEMA = "maildoctor/1"
LARGEST = 8 << 20
"""Bytes of a report that are read; one with a thousand findings has 2 MB."""

_DEEPEST = 50


def report(document: object) -> Report:
    """The report that this decoded JSON holds. Raises Malformed."""
    top = mapping(document, "the report")
    if top.get("schema") != SCHEMA:
        raise Malformed("schema", f"it is not {SCHEMA}")
    reported = {
        name: field(Report, name, top, "")
        for name in (
            "target",
            "started",
            "seconds",
            "ranked",
            "outcomes",
            "talks",
            "routes",
            "verdict",
            "logins",
            "pieces",
            "requests",
            "since",
            "unused_suppressions",
        )
    }
    _refuse_chains(reported["ranked"])
    log = None if top.get("log") is None else mapping(top["log"], "log")
    return Report(
        **reported,
        matrix=_matrix(top),
        log=None if log is None else _log(log, reported["target"].kind),
        fixed=() if log is None else field(Report, "fixed", log, "log"),
    )


def version(document: object) -> str:
    """Which maildoctor wrote this decoded JSON; empty where it does not say. Raises Malformed."""
    tool = mapping(document, "the report").get("tool")
    said = tool.get("version") if isinstance(tool, Mapping) else None
    return said if isinstance(said, str) else ""


def _matrix(top: Mapping[str, Any]) -> Matrix | None:
    matrix: Matrix = decoded(Matrix, top, "")
    if matrix.strategies and not matrix.rows:
        raise Malformed("strategies", "there is no matrix that they could be about")
    return matrix if matrix.rows else None


def _log(table: Mapping[str, Any], kind: str) -> LogRead | None:
    log = decoded(LogRead, table, "log")
    # zeros stand where no log was read
    return None if kind != "log" and log == LogRead((), 0, 0, 0) else log


def _refuse_chains(ranked: Sequence[Ranked]) -> None:
    """Symptoms of symptoms, without end or in a ring, are no diagnosis."""
    above = {r.finding.fingerprint: r.explained_by for r in ranked}
    for number, r in enumerate(ranked):
        if len(list(_causes(r, above))) > _DEEPEST:
            raise Malformed(f"findings[{number}].explained_by", "it leads round, or on and on")


def _causes(ranked: Ranked, above: Mapping[str, str | None]) -> Iterator[str]:
    cause, steps = ranked.explained_by, 0
    while cause is not None and steps <= _DEEPEST:
        yield cause
        cause, steps = above.get(cause), steps + 1

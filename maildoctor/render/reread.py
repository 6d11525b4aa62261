"""A JSON report as a `Report` again: the reverse of `render.json`.

What the form has got by and by may be missing, and what it will get is passed over; the rest must be there and be what
it is to be, for a report may come from anywhere. Not in the JSON are the commands that were run; and printed
again as JSON, the report names the version that prints it.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from maildoctor.model import (
    Evidence,
    Finding,
    LoginResult,
    Logins,
    LogRead,
    Matrix,
    Mechanism,
    Outcome,
    PluginState,
    Product,
    Purpose,
    Ranked,
    Report,
    Safety,
    Severity,
    Step,
    Strategy,
    Talk,
    Target,
    Traffic,
    Verdict,
)
from maildoctor.render.matrix import CLIENTS, VERDICTS
from maildoctor.render.moment import moment

SCHEMA = "maildoctor/1"
LARGEST = 8 << 20
"""Bytes of a report that are read; one with a thousand findings has 2 MB."""

_LARGEST = 2**63
_DEEPEST = 50
_KINDS = ("host", "root", "container", "snapshot", "log", "endpoint")
_USABILITY = {code: words for code, words in VERDICTS.items() if code != "finds_none"}
_CODE = re.compile(r"[A-Z]{1,30}[0-9]{1,12}")

T = TypeVar("T")
Pairs = tuple[tuple[str, int], ...]


class Malformed(ValueError):
    """What is no report: `place` as `findings[0].severity`, and what is wrong there. It quotes nothing of it."""

    def __init__(self, place: str, wrong: str) -> None:
        super().__init__(f"{place}: {wrong}")
        self.place = place
        self.wrong = wrong


def report(document: object) -> Report:
    """The report that this decoded JSON holds. Raises Malformed."""
    top = _Table(document, "the report")
    if top.text("schema") != SCHEMA:
        raise Malformed("schema", f"it is not {SCHEMA}")
    target, log = top.table("target"), top.table_or_none("log")
    rows, strategies = top.each("matrix", _mechanism), top.each("strategies", _strategy)
    if strategies and not rows:
        raise Malformed("strategies", "there is no matrix that they could be about")
    ranked = top.each("findings", _ranked)
    _refuse_chains(ranked)
    return Report(
        target=Target(
            target.choice("kind", _KINDS),
            target.text("name"),
            target.each("mta", _product),
            target.each("sasl", _product),
        ),
        started=top.stamp("started"),
        seconds=top.seconds("seconds"),
        ranked=ranked,
        outcomes=top.each("outcomes", _outcome),
        log=_log(log, target.text("kind")) if log else None,
        mended=log.texts("mended") if log else (),
        matrix=Matrix(rows, strategies, top.count("matrix_more", 0)) if rows else None,
        talks=top.each("talks", _talk),
    )


class _Table:
    """An object of the JSON and where it stands; each question says what the answer must be."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, Mapping):
            raise Malformed(place, "it is no object")
        self._fields: Mapping[str, Any] = value
        self._place = "" if place == "the report" else f"{place}."

    def _get(self, key: str, wanted: type[T] | tuple[type[T], ...], what: str, default: T | None = None) -> T:
        value: T | None = self._fields.get(key, default)
        right = isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool)
        if value is None or not right:
            raise Malformed(self._place + key, f"it is no {what}" if key in self._fields else "it is missing")
        return value

    def text(self, key: str, default: str | None = None, empty: bool = True) -> str:
        value = self._get(key, str, "text", default)
        if not value and not empty:
            raise Malformed(self._place + key, "it is empty")
        return value

    def text_or_none(self, key: str) -> str | None:
        return None if self._fields.get(key) is None else self.text(key)

    def choice(self, key: str, among: Sequence[str], default: str | None = None) -> Any:
        value = self.text(key, default)
        if value not in among:
            raise Malformed(self._place + key, f"it is none of {', '.join(among)}")
        return value

    def spoken(self, key: str, words: Mapping[Any, str]) -> Any:
        """What stands both in words and, by KEY_code, as one of these codes; reports had the words alone at first."""
        if f"{key}_code" in self._fields:
            return self.choice(f"{key}_code", tuple(words))
        said = self.choice(key, tuple(words.values()))
        return next(code for code, word in words.items() if word == said)

    def code(self, key: str) -> str:
        value = self.text(key)
        if not _CODE.fullmatch(value):
            raise Malformed(self._place + key, "it is no code such as LINK001")
        return value

    def stamp(self, key: str) -> str:
        value = self.text(key)
        if value and moment(value) is None:
            raise Malformed(self._place + key, "it is no time as ISO 8601")
        return value

    def count(self, key: str, default: int | None = None, least: int = 0) -> int:
        value = self._get(key, int, "whole number", default)
        if not least <= value < _LARGEST:
            raise Malformed(self._place + key, f"it is less than {least}, or too large")
        return value

    def seconds(self, key: str) -> float:
        value = self._get(key, (int, float), "number")
        if not (0 <= value < _LARGEST and math.isfinite(value)):
            raise Malformed(self._place + key, "it is no time that a run can take")
        return value

    def flag(self, key: str, default: bool) -> bool:
        return self._get(key, bool, "true or false", default)

    def flag_or_none(self, key: str) -> bool | None:
        return None if self._fields.get(key) is None else self.flag(key, False)

    def table(self, key: str) -> "_Table":
        return _Table(self._fields.get(key), self._place + key)

    def table_or_none(self, key: str) -> "_Table | None":
        return None if self._fields.get(key) is None else self.table(key)

    def each(self, key: str, read: Callable[["_Table"], T]) -> tuple[T, ...]:
        values = enumerate(self._get(key, list, "list", []))
        return tuple(read(_Table(value, f"{self._place}{key}[{number}]")) for number, value in values)

    def texts(self, key: str) -> tuple[str, ...]:
        values: list[object] = self._get(key, list, "list", [])
        return tuple(_text(value, f"{self._place}{key}[{number}]") for number, value in enumerate(values))

    def counts(self, key: str) -> tuple[int, ...]:
        values: list[object] = self._get(key, list, "list", [])
        if not all(type(value) is int and 0 <= value < _LARGEST for value in values):
            raise Malformed(self._place + key, "not all are whole numbers from 0")
        return tuple(value for value in values if isinstance(value, int))

    def labels(self, key: str) -> dict[str, str]:
        values: Mapping[str, object] = self._get(key, dict, "object", {})
        return {name: _text(value, f"{self._place}{key}") for name, value in values.items()}

    def pairs(self, key: str, name: str = "name") -> Pairs:
        return self.each(key, lambda t: (t.text(name), t.count("count")))


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise Malformed(place, "it is no text")
    return value


def _product(t: _Table) -> Product:
    return Product(t.text("name", empty=False), t.text("version", ""))


def _outcome(t: _Table) -> Outcome:
    verdict: Verdict = t.choice("outcome", get_args(Verdict))
    return Outcome(t.code("code"), t.text("name"), verdict, t.text("reason", ""), t.text("remedy", ""))


def _ranked(t: _Table) -> Ranked:
    severity: Severity = t.choice("severity", get_args(Severity))
    traffic = t.table_or_none("traffic")
    finding = Finding(
        code=t.code("code"),
        name=t.text("name", empty=False),
        severity=severity,
        message=t.text("message", empty=False),
        why=t.text("why", ""),
        advice=t.text("advice", ""),
        fix=t.each("fix", _step),
        evidence=t.each("evidence", lambda e: Evidence(e.text("source"), e.text("text"))),
        labels=t.labels("labels"),
        refs=t.texts("refs"),
        count=t.count("count", 1, least=1),
        first=t.text_or_none("first"),
        last=t.text_or_none("last"),
        traffic=_traffic(traffic) if traffic else None,
        product=t.text_or_none("product") or "",
    )
    return Ranked(finding, t.count("rank", least=1), t.text_or_none("explained_by"))


def _step(t: _Table) -> Step:
    safety: Safety = t.choice("safety", get_args(Safety))
    return Step(t.text("command", empty=False), safety, t.text("undo", ""))


def _traffic(t: _Table) -> Traffic:
    return Traffic(
        start=t.text_or_none("start"),
        minutes=t.count("minutes", least=1),
        counts=t.counts("counts"),
        users=t.pairs("users"),
        relays=t.pairs("relays"),
        about=t.flag("about", False),
        forgotten=t.flag("forgotten", False),
    )


def _log(t: _Table, kind: str) -> LogRead | None:
    logins = t.table_or_none("logins")
    log = LogRead(
        names=t.texts("names"),
        lines=t.count("lines", 0),
        bytes=t.count("bytes", 0),
        matched=t.count("matched", 0),
        lines_exact=t.flag("lines_exact", True),
        unknown=t.count("unknown", 0),
        first=t.text_or_none("from"),
        last=t.text_or_none("to"),
        logins=_logins(logins) if logins else None,
        shapes=t.pairs("unmatched", "shape"),
        damage=t.texts("damage"),
        sampled=t.texts("sampled"),
        interrupted=t.flag("interrupted", False),
    )
    # zeros stand where no log was read
    return None if kind != "log" and log == LogRead((), 0, 0, 0) else log


def _logins(t: _Table) -> Logins:
    mechs, users, relays = (t.pairs(key) for key in ("mechs", "users", "relays"))
    return Logins(t.count("succeeded"), t.count("failed"), mechs, users, relays)


def _mechanism(t: _Table) -> Mechanism:
    return Mechanism(
        mech=t.text("mech", empty=False),
        plugin=t.choice("plugin", get_args(PluginState), "unknown"),
        configured=t.flag_or_none("configured"),
        listed=t.flag_or_none("listed"),
        trusted=t.flag_or_none("trusted"),
        offered_plain=t.flag_or_none("offered_plain"),
        offered_tls=t.flag_or_none("offered_tls"),
        secret=t.flag_or_none("secret"),
        login=t.choice("login", get_args(LoginResult)),
        verdict=t.spoken("verdict", _USABILITY),
        users=t.texts("users"),
    )


def _strategy(t: _Table) -> Strategy:
    return Strategy(t.spoken("client", CLIENTS), t.text("mech"), t.spoken("verdict", VERDICTS))


def _talk(t: _Table) -> Talk:
    looked: Purpose = "look" if t.flag("looked", True) else "login"
    return Talk(
        t.text("endpoint"),
        t.text("summary"),
        t.texts("lines"),
        t.choice("purpose", get_args(Purpose), looked),
        t.text_or_none("certificate_until") or "",
    )


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

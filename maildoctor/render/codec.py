"""Values of the model as plain data for JSON, and back: one reading of the fields of their classes serves both ways.

A field stands under its name, its type says what it is, and what has no value in the class may be missing where a list,
an object or null can stand for it. `_FORMS` says what else is to be known.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin

from maildoctor import model
from maildoctor.render.moment import moment

_LARGEST = 2**63
_CODE = re.compile(r"[A-Z]{1,30}[0-9]{1,12}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NEEDED = object()
_SCALARS: Mapping[object, tuple[str, Any]] = {
    str: ("text", str), bool: ("true or false", bool), int: ("whole number", int), float: ("number", (int, float)),
}  # fmt: skip

T = TypeVar("T")


class Malformed(ValueError):
    """What is no report: `place` as `findings[0].severity`, and what is wrong there. It quotes nothing of it."""

    def __init__(self, place: str, wrong: str) -> None:
        super().__init__(f"{place}: {wrong}")
        self.place = place
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class _Form:
    """What a field has that its name and type do not say. `key`: its name in JSON; `missing`: what it is where that is
    not there; `fault`: what is wrong with a value of its type, empty if nothing; `blank`: "" stands as null; `of`: what
    the names in pairs of a name and a count are called."""

    key: str = ""
    missing: object = None
    fault: Callable[[Any], str] | None = None
    blank: bool = False
    of: str = "name"


def _among(values: Sequence[str]) -> Callable[[Any], str]:
    return lambda value: "" if value in values else f"it is none of {', '.join(values)}"


def _from(least: int) -> Callable[[Any], str]:
    return lambda value: "" if least <= value < _LARGEST else f"it is less than {least}, or too large"


def _a_time(seconds: float) -> str:
    return "" if 0 <= seconds < _LARGEST and math.isfinite(seconds) else "it is no time that a run can take"


_FULL = _Form(fault=lambda text: "" if text else "it is empty")
_CODED = _Form(fault=lambda text: "" if _CODE.fullmatch(text) else "it is no code such as LINK001")
_MOMENT = _Form(fault=lambda text: "it is no time as ISO 8601" if text and moment(text) is None else "")
_EMPTY, _ZERO, _FROM_ONE = _Form(missing=""), _Form(missing=0), _Form(fault=_from(1))

_FORMS: Mapping[tuple[object, str], _Form] = {
    (model.Target, "kind"): _Form(fault=_among(("host", "root", "container", "snapshot", "log", "endpoint", "paste"))),
    (model.Target, "run_in"): _EMPTY,
    (model.Candidate, "file"): _FULL,
    (model.Candidate, "path"): _FULL,
    (model.Product, "name"): _FULL,
    (model.Product, "version"): _EMPTY,
    (model.Report, "started"): _MOMENT,
    (model.Report, "seconds"): _Form(fault=_a_time),
    (model.Report, "ranked"): _Form("findings"),
    (model.Finding, "code"): _CODED,
    (model.Finding, "name"): _FULL,
    (model.Finding, "message"): _FULL,
    (model.Finding, "why"): _EMPTY,
    (model.Finding, "advice"): _EMPTY,
    (model.Finding, "count"): _FROM_ONE,
    (model.Finding, "product"): _Form(blank=True),
    (model.Finding, "rung"): _Form(blank=True),
    (model.Finding, "direction"): _Form(blank=True),
    (model.Ranked, "rank"): _FROM_ONE,
    (model.Step, "command"): _FULL,
    (model.Step, "safety"): _Form(missing=_NEEDED),
    (model.Step, "kind"): _EMPTY,
    (model.Traffic, "minutes"): _FROM_ONE,
    (model.Outcome, "code"): _CODED,
    (model.Matrix, "rows"): _Form("matrix"),
    (model.Matrix, "more"): _Form("matrix_more", missing=0, fault=_from(0)),
    (model.Mechanism, "mech"): _FULL,
    (model.Mechanism, "plugin"): _Form(missing="unknown"),
    (model.Mechanism, "verdict"): _Form("verdict_code"),
    (model.Strategy, "client"): _Form("client_code"),
    (model.Strategy, "verdict"): _Form("verdict_code"),
    (model.Talk, "until"): _Form("certificate_until", blank=True),
    (model.Piece, "first"): _FROM_ONE,
    (model.Piece, "last"): _FROM_ONE,
    (model.Piece, "name"): _EMPTY,
    (model.Piece, "note"): _EMPTY,
    (model.Request, "command"): _FULL,
    (model.Request, "why"): _EMPTY,
    (model.Request, "caution"): _EMPTY,
    (model.Suppression, "until"): _Form(blank=True, fault=lambda text: "" if _DAY.fullmatch(text) else "it is no day"),
    (model.Gone, "code"): _CODED,
    (model.Gone, "message"): _FULL,
    (model.Since, "started"): _MOMENT,
    (model.Since, "version"): _EMPTY,
    (model.Since, "verdict"): _Form(blank=True, fault=_among(get_args(model.VerdictCode))),
    (model.LogRead, "lines"): _ZERO,
    (model.LogRead, "bytes"): _ZERO,
    (model.LogRead, "matched"): _ZERO,
    (model.LogRead, "first"): _Form("from"),
    (model.LogRead, "last"): _Form("to"),
    (model.LogRead, "shapes"): _Form("unmatched", of="shape"),
}


class _Field(NamedTuple):
    key: str
    type: Any
    missing: object
    form: _Form


@cache
def _fields(cls: Any) -> Mapping[str, _Field]:
    found = {}
    for one in fields(cls):
        if model.NOT_REPORTED in one.metadata:
            continue
        form = _FORMS.get((cls, one.name), _Form())
        default = _NEEDED if one.default is MISSING else one.default
        missing = default if form.missing is None else form.missing
        if missing is _NEEDED and NoneType in get_args(one.type):
            missing = None
        found[one.name] = _Field(form.key or one.name, one.type, missing, form)
    return found


def encoded(value: Any) -> dict[str, Any]:
    """The fields of this value of the model as plain data, in their order; labels are sorted."""
    reported = {}
    for name, one in _fields(value.__class__).items():
        given = getattr(value, name)
        reported[one.key] = (given or None) if one.form.blank else _plain(given, one.form)
    return reported


def _plain(value: Any, form: _Form) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return dict(sorted(value.items()))
    if not isinstance(value, tuple):
        return encoded(value)
    return [{form.of: v[0], "count": v[1]} if isinstance(v, tuple) else _plain(v, form) for v in value]


def decoded(cls: Callable[..., T], value: object, place: str) -> T:
    """A value of the model from the plain data that stands at `place`. Raises Malformed."""
    table = mapping(value, place)
    return cls(**{name: field(cls, name, table, place) for name in _fields(cls)})


def field(cls: Callable[..., object], name: str, table: Mapping[str, Any], place: str) -> Any:
    """One field of a class, read from the object that stands at `place` ("" on top). Raises Malformed."""
    key, kind, missing, form = _fields(cls)[name]
    where = f"{place}.{key}" if place else key
    if cls is model.Ranked and name == "finding":  # which stands beside its rank
        return decoded(model.Finding, table, place)
    if form.blank:
        return "" if table.get(key) is None else _read(str, table[key], where, form)
    if key not in table:
        if get_origin(kind) in (tuple, Mapping):
            return () if get_origin(kind) is tuple else {}
        if missing is not _NEEDED:
            return missing
        if not is_dataclass(kind):
            raise Malformed(where, "it is missing")
    return _read(kind, table.get(key), where, form)


def mapping(value: object, place: str) -> Mapping[str, Any]:
    """An object of JSON. Raises Malformed."""
    if not isinstance(value, Mapping):
        raise Malformed(place, "it is no object")
    return value


def _read(kind: Any, value: object, place: str, form: _Form) -> Any:
    """A value of this type; what is wrong with it is told with its place. Raises Malformed."""
    if kind in _SCALARS:
        return _scalar(kind, value, place, form)
    if NoneType in get_args(kind):
        return None if value is None else _read(get_args(kind)[0], value, place, form)
    if is_dataclass(kind):
        return decoded(kind, value, place)  # type: ignore[arg-type]
    if get_origin(kind) is tuple:
        return _list(get_args(kind)[0], value, place, form)
    if get_origin(kind) is Mapping:
        # its keys are a stranger's too, so the place does not name them
        return {key: _scalar(str, text, place, form) for key, text in mapping(value, place).items()}
    assert get_origin(kind) is Literal, "the model has no other types"
    return _scalar(str, value, place, _Form(fault=_among(get_args(kind))))


def _list(kind: Any, value: object, place: str, form: _Form) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Malformed(place, "it is no list")
    if kind is int and not all(type(number) is int and 0 <= number < _LARGEST for number in value):
        raise Malformed(place, "not all are whole numbers from 0")
    if get_origin(kind) is not tuple:
        return tuple(_read(kind, one, f"{place}[{number}]", form) for number, one in enumerate(value))
    return tuple(_pair(one, f"{place}[{number}]", form.of) for number, one in enumerate(value))


def _pair(value: object, place: str, name: str) -> tuple[str, int]:
    table = mapping(value, place)
    for key in (name, "count"):
        if key not in table:
            raise Malformed(f"{place}.{key}", "it is missing")
    text, count = ((kind, table[key], f"{place}.{key}", _Form()) for key, kind in ((name, str), ("count", int)))
    return _scalar(*text), _scalar(*count)


def _scalar(kind: type, value: object, place: str, form: _Form) -> Any:
    word, wanted = _SCALARS[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise Malformed(place, f"it is no {word}")
    fault = form.fault or (_from(0) if kind is int else None)
    if fault and (wrong := fault(value)):
        raise Malformed(place, wrong)
    return value

"""A check: inert data around one pure function whose signature is its declaration.

    @check("MECH002", "advertised-without-secret", "warning", rung="account", role="derived",
           fails=[{"cf": "…"}], passes=[{"cf": "…"}])
    def advertised_without_secret(cf: SendmailCf, sasldb: SaslDb) -> Iterator[Found]:
        \"\"\"First line: what is wrong.

        Then why it matters.

        Advice: what to do.
        \"\"\"

A parameter's annotation names the fact it needs; `T | Unknown` takes the fact also when it could not be had. Samples
map parameter names to the text its fact is parsed from. The decorator registers nothing: the engine discovers values.
"""

import inspect
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, Protocol, Self

from maildoctor.facts import Absent, Unknown
from maildoctor.facts.system import System
from maildoctor.model import Evidence, Finding, RungName, Severity
from maildoctor.model import Step as Command
from maildoctor.plan.shell import rendered
from maildoctor.plan.steps import Step


class Fact(Protocol):
    """What every fact can do."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The fact from the host's own words."""
        ...


Sample = Mapping[str, str]

Rung = Literal[RungName, "none"]
"""What a login needs, the lowest first. A check's rung is the first one that its finding breaks, which need not be its
subject: a missing queue directory stops the daemon. `none`: nothing that a login needs."""

Role = Literal["cause", "symptom", "derived", "risk", "note"]
"""`cause`: wrong in files or in the state of the host. `symptom`: seen in processes, on the wire or in a log, for
whatever cause. `derived`: follows from several facts, each of which may be meant. `risk`: logins work and are unsafe.
`note`: worth knowing."""

Direction = Literal["server", "relay", "local"]
"""Which login: that of users at this host, that of this host elsewhere, or none, where its own programs submit."""

Axis = Literal["listener", "mechanism", "map", "user", "client"]
"""By what a finding may be confined; its labels say to which."""

Effect = Literal[
    "stopped",
    "no-answer",
    "no-starttls",
    "no-offer",
    "login-fails",
    "refused-after-login",
    "user-refused",
    "certificate-refused",
    "not-started",
]
"""What several symptoms have in common, so that a cause explains all of them in one word, those of later checks too.
`not-started`: the program that the label `daemon` names does not run; what it wrote of that itself stands above it."""

_CODE = re.compile(r"[A-Z]+[0-9]+")


@dataclass(frozen=True, slots=True)
class Found:
    """What a check yields: the particulars of one fault; everything general stands in the check."""

    message: str
    evidence: tuple[Evidence, ...]
    fix: tuple[Step, ...]
    labels: Mapping[str, str]
    severity: Severity | None = None
    advice: str | None = None
    rung: "Rung | None" = None
    direction: "Direction | None" = None


def found(
    message: str,
    *,
    evidence: Iterable[Evidence] = (),
    fix: Iterable[Step] = (),
    severity: Severity | None = None,
    advice: str | None = None,
    rung: Rung | None = None,
    direction: Direction | None = None,
    **labels: str,
) -> Found:
    """One fault. `labels` are its identity: the subject, never a changing number or a secret. `rung` and `direction`
    where they depend on the subject and are not those of the check."""
    return Found(message, tuple(evidence), tuple(fix), labels, severity, advice, rung, direction)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a check proves: that its rung holds, in a few words, with what shows it."""

    summary: str
    evidence: tuple[Evidence, ...]
    rung: RungName = "program"


def shown(summary: str, *evidence: Evidence) -> Shown:
    """The rung of the check that yields this holds: `sasldb, 3 users`."""
    return Shown(summary, evidence)


Findings = Iterator[Found | Unknown | Shown]
"""What a check gives: faults; an `Unknown` for each part of a fact that could not be looked at, because of which
to find no fault is no pass; and what shows that its rung holds."""

Judge = Callable[..., Iterable[Found | Unknown | Shown]]


LONGEST = 4000
"""Characters of a message, of a piece of evidence, of a command (a terminal's line holds 4,095)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One fact a check asks for; `optional`: the function also takes it as `Unknown`."""

    name: str
    fact: type[Fact]
    optional: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A check as the engine sees it. `title`, `why` and `advice` come from the function's docstring.

    `scope`: what its findings are confined by, all of the service where it is empty. `shows`: the effects that it is a
    symptom of. `explains`: the codes and effects that are a consequence of its findings, whatever these are about; what
    needs a condition stands in `checks/causes.py`. `witnesses`: log rules that speak of the same fault.
    """

    code: str
    name: str
    severity: Severity
    judge: Judge
    title: str
    why: str
    advice: str
    fails: tuple[Sample, ...]
    passes: tuple[Sample, ...]
    refs: tuple[str, ...]
    rung: Rung
    role: Role
    direction: Direction = "server"
    scope: tuple[Axis, ...] = ()
    shows: tuple[Effect, ...] = ()
    explains: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The facts asked for, read from the function's annotations when they are needed."""
        hints = typing.get_type_hints(self.judge)
        return tuple(_parameter(name, hints[name]) for name in inspect.signature(self.judge).parameters)

    def on(self, sample: Sample, system: System | None = None) -> list[Finding]:
        """The findings on one sample, with commands for this system: facts not named in it are `Absent`."""
        known = {
            p.name: p.fact.parse(sample[p.name]) if p.name in sample else Absent("not in this sample")
            for p in self.parameters
        }
        return [f for f in self.findings(known, lambda: system) if isinstance(f, Finding)]

    def findings(
        self, facts: Mapping[str, Any], system: Callable[[], System | None] = lambda: None
    ) -> Iterator[Finding | Unknown | Shown]:
        """Judge, and dress each `Found` with what is general; its steps become commands for this system, which is asked
        for where there is a step."""
        for f in self.judge(**facts):
            if isinstance(f, Shown):
                yield from () if self.rung == "none" else (replace(f, summary=_short(f.summary), rung=self.rung),)
                continue
            if isinstance(f, Unknown):
                yield f
                continue
            yield Finding(
                code=self.code,
                name=self.name,
                severity=f.severity or self.severity,
                message=_short(f.message),
                why=self.why,
                advice=f.advice or self.advice,
                fix=tuple(_commands(f.fix, system() or System.parse(""))) if f.fix else (),
                evidence=tuple(replace(e, text=_short(e.text)) if len(e.text) > LONGEST else e for e in f.evidence),
                labels=f.labels,
                refs=self.refs,
                rung=f.rung or self.rung,
                direction=f.direction or self.direction,
            )


def _commands(steps: Iterable[Step], system: System) -> Iterator[Command]:
    """Half a command is another command: one that no terminal takes is left out, the advice stands."""
    return (s for s in rendered(steps, system) if max(len(s.command), len(s.undo)) <= LONGEST)


def _short(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 40]} … ({len(words):,} characters)"


def check(
    code: str,
    name: str,
    severity: Severity,
    *,
    rung: Rung,
    role: Role,
    fails: Sequence[Sample],
    passes: Sequence[Sample],
    refs: Sequence[str] = (),
    direction: Direction = "server",
    scope: Sequence[Axis] = (),
    shows: Sequence[Effect] = (),
    explains: Sequence[str] = (),
    witnesses: Sequence[str] = (),
) -> Callable[[Judge], Check]:
    """Make a `Check` of a pure function. Raises ValueError without samples, without an advice paragraph, and where a
    word is none of those that it may be."""
    _demand(code, "rung", [rung], Rung)
    _demand(code, "role", [role], Role)
    _demand(code, "direction", [direction], Direction)
    _demand(code, "scope", scope, Axis)
    _demand(code, "shows", shows, Effect)
    _demand(code, "explains", [word for word in explains if not _CODE.fullmatch(word)], Effect)

    def dress(judge: Judge) -> Check:
        title, why, advice = _page(code, inspect.getdoc(judge) or _written(judge))
        if not fails or not passes:
            raise ValueError(f"{code}: a check needs a failing and a passing sample")
        return Check(
            code,
            name,
            severity,
            judge,
            title,
            why,
            advice,
            tuple(fails),
            tuple(passes),
            tuple(refs),
            rung,
            role,
            direction,
            tuple(scope),
            tuple(shows),
            tuple(explains),
            tuple(witnesses),
        )

    return dress


def _demand(code: str, what: str, words: Iterable[str], literal: Any) -> None:
    """mypy says so too, but nobody runs it on the checks of an admin."""
    known = typing.get_args(literal)
    for word in words:
        if word not in known:
            raise ValueError(f"{code}: {what} {word!r} is none of {', '.join(known)}")


def _written(judge: Judge) -> str:
    """The docstring as it stands in the source: Python leaves docstrings out where it runs with -OO."""
    about = getattr(judge, "__globals__", {})
    code = getattr(judge, "__code__", None)
    loader = about.get("__loader__")
    if code is None or not hasattr(loader, "get_source"):
        return ""
    return _docstrings(loader, about["__name__"]).get((code.co_name, code.co_firstlineno), "")


@lru_cache(maxsize=64)
def _docstrings(loader: Any, module: str) -> Mapping[tuple[str, int], str]:
    """The docstrings of a module's functions, by their name and first line (of the decorator, where there is one)."""
    import ast

    functions = (n for n in ast.walk(ast.parse(loader.get_source(module) or "")) if isinstance(n, ast.FunctionDef))
    return {
        (f.name, min([f.lineno, *(d.lineno for d in f.decorator_list)])): ast.get_docstring(f) or "" for f in functions
    }


def _page(code: str, doc: str) -> tuple[str, str, str]:
    title, _, rest = doc.partition("\n\n")
    why, mark, advice = rest.partition("Advice:")
    if not title or not mark:
        raise ValueError(f"{code}: the docstring needs a first line and a paragraph that begins with 'Advice:'")
    return " ".join(title.split()), " ".join(why.split()), " ".join(advice.split())


def _parameter(name: str, hint: Any) -> Parameter:
    args = [a for a in typing.get_args(hint) if a is not type(None)] or [hint]
    facts = [a for a in args if not (isinstance(a, type) and issubclass(a, Unknown))]
    if len(facts) != 1:
        raise TypeError(f"parameter {name}: {hint} does not name one fact")
    return Parameter(name, facts[0], optional=len(args) > len(facts))

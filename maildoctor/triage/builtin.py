"""The built-in log rules, ready to be used: parsed when maildoctor was built, and again where a file is another now.

Parsing all of them takes half a second, so `rules.json` lies beside the rule files: for each file the digest of its
text and the rules in it. It is made by the build (setup.py, release/pyz.py), is only ever read, and nothing depends on
it: a file whose digest is another, or that is missing there, is parsed. `python -m maildoctor.triage.builtin` writes it
in a checkout.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import cache
from typing import Any, get_args

from maildoctor import filesystem
from maildoctor.model import SEVERITIES
from maildoctor.triage.rule_text import RuleError
from maildoctor.triage.rules import (
    KINDS,
    Cause,
    Direction,
    Refusal,
    Rule,
    Rules,
    Rung,
    Scope,
    beside,
    name_of,
    parsed,
    read,
    rule_files,
    rules_folder,
    unique,
)

NAME = "rules.json"

_MODE = 0o644
_PARSERS = ("rule_text.py", "prefixes.py", "rules.py", "proof.py", "syntax.py")

_LEFT_OUT = frozenset({"samples", "counters", "todo"})
_KEPT = tuple(f.name for f in fields(Rule) if f.name not in _LEFT_OUT)
_TEXTS = ("code", "name", "prefix", "pattern", "title", "why", "place")
_LISTS = ("programs", "needles", "labels", "explains", "refs")


def builtin() -> Rules:
    """The built-in rules without their samples, and what is wrong with those that cannot be used. Raises RuleError
    where there are none at all."""
    return _loaded(rule_files())


def _loaded(paths: Sequence[str]) -> Rules:
    ready = _ready()
    files = []
    for path in paths:
        name = name_of(path)
        try:
            text = read(path)
        except RuleError as error:
            files.append(Rules((), (error,)))
            continue
        shared = beside(path)
        digest, rules = ready.get(name, ("", ()))
        files.append(Rules(rules, ()) if digest == _digest(text, shared) else parsed(text, name, shared))
    return unique(files)


def made(paths: Sequence[str]) -> bytes:
    """What is kept of these files: nothing of one with a fault, which is to be told each time."""
    kept: dict[str, Any] = {}
    for path in paths:
        text, shared = read(path), beside(path)
        rules, broken = parsed(text, name_of(path), shared)
        if not broken:
            kept[name_of(path)] = {"digest": _digest(text, shared), "rules": [_table(rule) for rule in rules]}
    return json.dumps(kept, separators=(",", ":"), sort_keys=True).encode()


def _ready() -> dict[str, tuple[str, tuple[Rule, ...]]]:
    """What was parsed before: digest and rules by the name of their file. Empty where there is nothing of use."""
    try:
        kept = json.loads(read(os.path.join(rules_folder(), NAME)))
        return {name: (str(file["digest"]), tuple(map(_rule, file["rules"]))) for name, file in kept.items()}
    except (RuleError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _digest(text: bytes, shared: bytes) -> str:
    """Of a rule file, of the prefixes beside it and of what parses both."""
    digest = hashlib.sha256(_parser())
    for part in (shared, text):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


@cache
def _parser() -> bytes:
    try:
        folder = os.path.dirname(__file__)
        sources = [read(os.path.join(folder, name)) for name in _PARSERS]
        return hashlib.sha256(b"".join(sources)).digest()
    except RuleError:  # without its source: the parser is that of the build
        return b""


def _table(rule: Rule) -> dict[str, Any]:
    table = {name: getattr(rule, name) for name in _KEPT}
    table["needles"] = [needle.decode("latin-1") for needle in rule.needles]
    table["causes"] = [asdict(cause) for cause in rule.causes]
    return table


def _rule(table: dict[str, Any]) -> Rule:
    """Raises ValueError, TypeError or KeyError for what is no rule."""
    values: dict[str, Any] = {name: _text(table[name]) for name in _TEXTS}
    values |= {name: _texts(table[name]) for name in _LISTS}
    if table.keys() != set(_KEPT):
        raise ValueError("these are other fields")
    needles = tuple(needle.encode("latin-1") for needle in values.pop("needles"))
    return Rule(
        **values,
        needles=needles,
        literals=_number(table["literals"]),
        severity=_one_of(table["severity"], SEVERITIES),
        kind=_one_of(table["kind"], KINDS),
        scope=_one_of(table["scope"], get_args(Scope)),
        by_client=_one_of(table["by_client"], (False, True)),
        refusal=_one_of(table["refusal"], get_args(Refusal)),
        by_words=_one_of(table["by_words"], (False, True)),
        rung=_one_of(table["rung"], get_args(Rung)),
        direction=_one_of(table["direction"], get_args(Direction)),
        causes=tuple(_cause(**cause) for cause in table["causes"]),
    )


def _cause(
    name: str, when: str, advice: str, commands: list[str], login: bool | None, refused: bool | None, checks: list[str]
) -> Cause:
    if not all(flag is None or isinstance(flag, bool) for flag in (login, refused)):
        raise TypeError("this is no flag")
    return Cause(_text(name), _text(when), _text(advice), _texts(commands), login, refused, _texts(checks))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("this is no text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("this is no list")
    return tuple(map(_text, value))


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("this is no number")
    return value


def _one_of(value: object, allowed: Sequence[Any]) -> Any:
    if value not in allowed:
        raise ValueError("this is no such word")
    return value


def main() -> int:
    """Write what is kept beside the rule files of this checkout."""
    filesystem.write(os.path.join(rules_folder(), NAME), made(rule_files()), _MODE)
    return 0


if __name__ == "__main__":
    import sys

    sys.exit(main())

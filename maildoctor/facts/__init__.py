"""What is known about a host: one module a subject, each fact made by `parse` from text an admin could paste. No I/O.

A fact that could not be had is `Unknown` (could not look) or `Absent` (looked: there is no such thing here).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

F = TypeVar("F")

_PATH = re.compile(r"# path:[ \t]*([^\n]*)\n?")


Obstacle = Literal["directory", "too_large", "later"]
"""`directory`: it is one, where a file was asked for; `later`: it is made when the container starts, so these files
cannot show it."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Could not look. `remedy` says what would let us, e.g. "run as root". `subject`: the path that was looked at,
    where it is one; `kind`: what stood in the way, where a check must know it."""

    reason: str
    remedy: str = ""
    subject: str = ""
    kind: Obstacle | None = None


@dataclass(frozen=True, slots=True)
class Absent(Unknown):
    """Looked, and the subject does not exist on this host, so that checks about it do not apply."""


def known(fact: F | Unknown) -> F | None:
    """The fact, or None where there is none for whatever reason."""
    return None if isinstance(fact, Unknown) else fact


def of_file(text: str, default: str) -> tuple[str, str]:
    """The path of a file, as a first line `# path: PATH` tells it, and its text, to which that line does not belong."""
    named = _PATH.match(text)
    return (named[1].strip(), text[named.end() :]) if named else (default, text)


def gaps(*facts: object) -> Iterator[Unknown]:
    """Those facts that could not be had though they may be there: a check that did without them has not judged all."""
    yield from (f for f in facts if isinstance(f, Unknown) and not isinstance(f, Absent) and f.kind != "later")

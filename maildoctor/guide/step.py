"""One step on the way to a login: what it is, how it stands, and the commands that do it."""

from dataclasses import dataclass
from typing import Literal

from maildoctor.model import Evidence, Step

State = Literal["done", "wrong", "to_do", "unknown"]
"""`done`: evidence shows it. `wrong`: a finding hits it. `to_do`: it was looked for and is not there. `unknown`: it could
not be looked at, or nothing shows it yet."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What only a person can say: the `option` that says it, as `--mta sendmail|postfix`, and what it `means`."""

    option: str
    means: str


@dataclass(frozen=True, slots=True)
class GuideStep:
    """A step of the guide. `name` is a plain word that stays the same (`packages`, `certificate`), `title` says in a few
    words what is done, `summary` in one line what is so. `why`: one sentence. `commands`: complete, for the system that
    was examined, in their order. `findings`: fingerprints of what makes it wrong. `choices`: what the commands took for
    granted, or what is missing for them. `reason`: why it is unknown, and what would tell."""

    name: str
    title: str
    state: State
    summary: str
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    commands: tuple[Step, ...] = ()
    findings: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    reason: str = ""

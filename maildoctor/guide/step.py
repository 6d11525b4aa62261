"""What the guide says: the steps on the way to a login, how each stands and the commands that do it; and what to type
into a mail program."""

from dataclasses import dataclass
from typing import Literal

from maildoctor.model import Evidence, Step

State = Literal["done", "wrong", "to_do", "unknown"]
"""`done`: evidence shows it. `wrong`: a finding hits it. `to_do`: it was looked for and is not there. `unknown`: it
could not be looked at, or nothing shows it yet."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What only a person can say: the `option` that says it, as `--mta sendmail|postfix|…`, and what it `means`."""

    option: str
    means: str


@dataclass(frozen=True, slots=True)
class GuideStep:
    """A step of the guide. `name`: a plain word that stays the same (`packages`, `certificate`); `title`: what is done,
    in a few words; `summary`: in one line what is so; `why`: one sentence. `commands`: complete, for the system that
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

    @property
    def asks(self) -> bool:
        """Whether a person must choose first: its commands are the guide's own, with what is to be said."""
        return bool(self.choices) and any(c.command.startswith("maildoctor guide") for c in self.commands)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """`tls`: `STARTTLS`, `TLS` (from the first byte) or `none`; `mechanism` as SASL names it, `method` as mail programs
    do; `remark`: what a person meets besides. `proof`: the login that shows them, empty where none does."""

    server: str
    port: int
    tls: str
    user: str
    mechanism: str
    method: str
    proof: str = ""
    remark: str = ""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Name and value, as a person reads them off."""
        encryption = {"STARTTLS": "STARTTLS", "TLS": "SSL/TLS"}.get(self.tls, "none")
        return (
            ("server", self.server),
            ("port", str(self.port)),
            ("encryption", encryption),
            ("user name", self.user or "the name of the account"),
            ("authentication", f"{self.method} ({self.mechanism})"),
        )


@dataclass(frozen=True, slots=True)
class Guide:
    """The whole way. `about`: what was examined, for a heading; `next`: the name of the step that comes next, empty
    where all are done; `way`: the names of all that can be done now, in their order; `client`: None where the server
    offers no login; `noted`: findings that keep no step from being done, as `CODE message`; `run_in`: as in
    `model.Target`."""

    about: str
    steps: tuple[GuideStep, ...]
    next: str = ""
    way: tuple[str, ...] = ()
    client: ClientSettings | None = None
    noted: tuple[str, ...] = ()
    run_in: str = ""

    def step(self, name: str) -> GuideStep | None:
        """One of its steps."""
        return next((s for s in self.steps if s.name == name), None)

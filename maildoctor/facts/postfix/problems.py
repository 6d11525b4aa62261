"""What is wrong with Postfix's configuration, each with its place."""

from dataclasses import dataclass
from typing import Literal

from maildoctor.model import Evidence

Kind = Literal[
    # main.cf, and -o of master.cf
    "no-equals", "no-name", "overridden", "orphan", "no-head", "nul", "byte-order-mark", "comment-behind",
    "not-ascii-blank", "boolean", "number", "time", "range", "length", "level", "interfaces", "expansion",
    "undefined", "unknown", "removed", "deprecated", "read-only",
    # master.cf
    "fields", "type", "flag", "wakeup", "limit", "inet-private", "name", "braces", "option", "argument",
    "service-twice", "option-twice",
]  # fmt: skip
"""`no-head`: lines that continue nothing and are dropped; `orphan`: lines whose own first line is a comment, so that
they continue the entry above it; `flag`: private, unprivileged or chroot is neither y, n nor -; `argument`: a word that
is no option, where the program takes none; `option`: -o without name or `=`."""

MOST = 1000
"""Problems of one file that are told."""


@dataclass(frozen=True, slots=True)
class PostfixProblem:
    """`line` is 0 where no line is meant; `text`: the line or setting; `message`: what Postfix or postconf says, or
    would; `fatal`: a program stops with it: all of them, or those of `service` (`submission/inet`); `name`: the
    parameter; `last`: the last line of it, where there are more."""

    path: str
    line: int
    text: str
    kind: Kind
    fatal: bool
    message: str
    name: str = ""
    service: str = ""
    last: int = 0

    @property
    def evidence(self) -> Evidence:
        """The line."""
        return Evidence(f"{self.path}:{self.line}" if self.line else self.path, self.text)

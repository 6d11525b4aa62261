"""How a report is to look. Decided by the command line, obeyed by the renderers."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

from maildoctor.model import Severity

FailOn = Literal["error", "warning", "never"]
"""The least severity of a finding because of which a run fails."""

Tone = Literal["plain", "dim", "error", "warning", "info", "ok", "unjudged", "command"]
"""What a line is about, for those who see colours."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is general about the findings of one code, whatever they say of one host."""

    title: str
    why: str
    advice: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Style:
    """`verbosity` -1 quiet, 0, 1, 2. `fold`: also break long evidence at `width`, for a terminal.

    `known` are fingerprints of a baseline, left out of the text; None: there is no baseline. `state` is what a
    monitoring plugin is to say, 0 to 3; None: what the report alone means. `fail_on`: the least severity that counts.
    `pages`: code -> page, for formats that tell what is general apart from what was found.
    """

    verbosity: int = 0
    colour: bool = False
    ascii: bool = False
    width: int = 80
    fold: bool = False
    known: Set[str] | None = None
    state: int | None = None
    fail_on: FailOn = "error"
    pages: Mapping[str, Page] = field(default_factory=dict)

"""How a report is to look. Decided by the command line, obeyed by the renderers."""

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """`verbosity` -1 quiet, 0, 1, 2. `fold`: also break long evidence at `width`, for a terminal.

    `known` are fingerprints of a baseline, left out of the text; None: there is no baseline.
    """

    verbosity: int = 0
    colour: bool = False
    ascii: bool = False
    width: int = 80
    fold: bool = False
    known: Set[str] | None = None

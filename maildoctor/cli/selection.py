"""Which checks are meant: by code, name or glob, upper or lower case."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from maildoctor.check import Check
from maildoctor.cli.trouble import Trouble
from maildoctor.engine import Library, Selection


def chosen(library: Library, select: Sequence[str], ignore: Sequence[str]) -> Selection:
    """The selection; Trouble for a pattern that no check answers to, so that a slip never gives an empty green run."""
    for option, patterns in (("--select", select), ("--ignore", ignore)):
        for pattern in patterns:
            if not any(Selection((pattern,)).takes(check) for check in library.checks):
                raise unknown(pattern, library.checks, option)
    return Selection(tuple(select), tuple(ignore))


def unknown(word: str, checks: Iterable[Check], where: str) -> Trouble:
    """The error for a word that no check answers to, with the nearest that are."""
    names = {name.lower(): name for check in checks for name in (check.code, check.name)}
    near = [names[n] for n in get_close_matches(word.lower(), names, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}?" if near else "maildoctor list shows all checks"
    return Trouble(f"there is no check {word!r}", where, hint)

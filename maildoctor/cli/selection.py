"""Which checks are meant: by code, name or glob, upper or lower case."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import takewhile

from maildoctor.check import Check
from maildoctor.cli.report_error import UsageError
from maildoctor.engine import Selection
from maildoctor.library import Library


def chosen(library: Library, select: Sequence[str], ignore: Sequence[str]) -> Selection:
    """The selection; UsageError for a pattern that no check answers to, so that a slip never gives an empty green run."""
    for option, patterns in (("--select", select), ("--ignore", ignore)):
        for pattern in patterns:
            if not any(Selection((pattern,)).takes(check) for check in library.checks):
                raise unknown(pattern, library.checks, option)
    return Selection(tuple(select), tuple(ignore))


def unknown(word: str, checks: Iterable[Check], where: str) -> UsageError:
    """The error for a word that no check answers to, with the nearest that are."""
    return no_such("check", word, [name for check in checks for name in (check.code, check.name)], where)


def no_such(kind: str, word: str, known: Iterable[str], where: str) -> UsageError:
    """The error for a word that names none of the `known`, with the nearest of them."""
    names = {name.lower(): name for name in known}
    alike = get_close_matches(word.lower(), names, n=20, cutoff=0.5)
    # Of codes that are as much alike, those that begin as the word does are more likely meant.
    alike.sort(key=lambda name: -_same_start(name, word.lower()))
    near = [names[name] for name in alike[:3]]
    hint = f"did you mean {' or '.join(near)}?" if near else f"maildoctor list shows every {kind}"
    return UsageError(f"there is no {kind} {word!r}", where, hint)


def _same_start(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))

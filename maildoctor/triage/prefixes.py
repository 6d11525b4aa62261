"""What the rules of one folder share, `prefixes.toml`: what stands before a message, and pieces of patterns.

    [pieces]
    level = '(?:warning|error|fatal): '

    [prefixes]
    postfix = '{level}?'

`{level}` in a prefix, in a pattern or in a later piece stands for the whole of that piece, so a quantifier may follow
it. A prefix is taken off a message as far as it goes, once, before the patterns of its rules are tried on what is left.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from maildoctor.triage.rule_text import RuleError, document, key_line

NAME = "prefixes.toml"

_PIECE = re.compile(r"(?<!\\)\{([a-z_]+)\}")

Parts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shared:
    """Prefixes and pieces by name, as regular expressions, and what is wrong with those that are left out."""

    prefixes: Parts = field(default_factory=dict)
    pieces: Parts = field(default_factory=dict)
    broken: tuple[RuleError, ...] = ()


def whole(text: str, pieces: Parts) -> str:
    """The pattern with its pieces filled in. Raises KeyError with the name of one that there is not."""
    return _PIECE.sub(lambda found: f"(?:{pieces[found[1]]})", text)


def shared(text: bytes, name: str) -> Shared:
    """What is shared by this text of the file called `name`."""
    try:
        tables = document(text, name)
    except RuleError as error:
        return Shared(broken=(error,))
    broken = [RuleError(f"unknown key {key!r}", name) for key in sorted(set(tables) - {"pieces", "prefixes"})]
    pieces: dict[str, str] = {}
    prefixes: dict[str, str] = {}

    def place(key: str) -> str:
        line = key_line(text, key)
        return f"{name}:{line}" if line else name

    for key, into in (("pieces", pieces), ("prefixes", prefixes)):
        table = tables.get(key, {})
        if isinstance(table, dict):
            broken += _filled(table, pieces, into, place)
        else:
            broken.append(RuleError(f"{key!r} must be a table of texts", place(key)))
    return Shared(prefixes, pieces, tuple(broken))


def _filled(
    table: Mapping[str, object], pieces: Parts, into: dict[str, str], place: Callable[[str], str]
) -> list[RuleError]:
    """Put what can be used into `into`; give what is wrong with the rest."""
    broken = []
    for name, text in table.items():
        try:
            if not isinstance(text, str):
                raise RuleError(f"{name!r} must be a text", place(name))
            pattern = whole(text, pieces)
            re.compile(pattern.encode("ascii"))
        except RuleError as error:
            broken.append(error)
        except KeyError as error:
            broken.append(RuleError(f"{name}: there is no piece {error} above it", place(name)))
        except (re.error, UnicodeEncodeError, OverflowError, RecursionError) as error:
            broken.append(RuleError(f"{name} is no regular expression over ASCII: {error}", place(name)))
        else:
            into[name] = pattern
    return broken

"""Options that commands share, and their environment variables: MAILDOCTOR_FORMAT for --format, and so on.

An environment variable counts where neither its option nor a rival of it is given. Lists are separated by commas.
"""

import argparse
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from maildoctor.cli.report_error import UsageError
from maildoctor.render import FORMATS

_YES = ("1", "true", "yes", "on")
_NO = ("", "0", "false", "no", "off")


class Parser(argparse.ArgumentParser):
    """A parser of one command whose errors look like all errors of maildoctor."""

    def __init__(self, command: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=f"maildoctor {command}",
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Wrong usage ends in `UsageError`, which ends in exit status 2."""
        unknown = re.match(r"(unrecognized arguments: -[\w-]+)[= ]", message)
        if unknown:
            message = f"{unknown[1]} ..."  # what follows may be a password given by mistake
        raise UsageError(message, self.prog, f"see {self.prog} --help")


def add_style_options(parser: argparse.ArgumentParser) -> None:
    """How text is to look: colours and signs."""
    colour = parser.add_mutually_exclusive_group()
    colour.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (auto)")
    colour.add_argument("--no-color", dest="color", action="store_const", const="never", help="no colours")
    parser.add_argument("--ascii", action="store_true", help="no sign beyond ASCII")


def add_report(parser: argparse.ArgumentParser) -> None:
    """How a report is to be printed: form, detail, looks."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="the form of the report (text)")
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="short for --format json")
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument("-v", "--verbose", action="count", default=0, help="more detail; -vv all evidence in full")
    detail.add_argument("-q", "--quiet", action="store_true", help="only the causes, one line each")
    add_style_options(parser)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Files that the report is written to as well."""
    parser.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="[FORMAT:]FILE",
        help="also write the report to FILE (repeatable)",
    )


def add_top(parser: argparse.ArgumentParser, of: str = "") -> None:
    """How much of what is ranked is told. `of`: which of several uses it is for."""
    parser.add_argument("--top", type=int, default=5, metavar="N", help=f"{of}how many names and addresses to tell (5)")


def add_verdict(parser: argparse.ArgumentParser) -> None:
    """What makes the exit status."""
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "never"),
        default="error",
        help="the least severe finding that makes the exit status 1 (error)",
    )
    parser.add_argument("--exit-zero", action="store_true", help="exit status 0 whatever was found")


def add_unknown(parser: argparse.ArgumentParser) -> None:
    """Whether gaps count."""
    parser.add_argument(
        "--allow-unknown", action="store_true", help="exit status 0 also where something was not judged"
    )


def add_checks(parser: argparse.ArgumentParser) -> None:
    """Where more checks come from."""
    parser.add_argument(
        "--checks", action="append", default=[], metavar="DIR", help="load the checks in DIR too (repeatable)"
    )


def read(
    parser: argparse.ArgumentParser, words: Sequence[str], environ: Mapping[str, str] = os.environ
) -> argparse.Namespace:
    """The options of a command line and, where it says nothing, of the environment."""
    given = _given(parser, words)
    from_environment: list[str] = []
    for action in parser._actions:
        flag = action.option_strings[-1] if action.option_strings else ""
        name = "MAILDOCTOR_" + flag.lstrip("-").replace("-", "_").upper()
        if flag.startswith("--") and flag != "--help" and name in environ and not _settled(parser, action, given):
            from_one = list(_variable(action, flag, name, environ[name]))
            try:
                parser.parse_args([*from_one, *words])
            except UsageError as error:
                raise UsageError(error.what, f"the environment: {name}", error.remedy) from error
            from_environment += from_one
    return parser.parse_args([*from_environment, *words])


def listed(values: Sequence[str]) -> tuple[str, ...]:
    """`["a,b", "c"]` as a, b, c."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def _given(parser: argparse.ArgumentParser, words: Sequence[str]) -> set[str]:
    # argparse sets no default where an attribute is there already, so what is still None was not given.
    blank = argparse.Namespace(**{a.dest: None for a in parser._actions if a.option_strings})
    return {dest for dest, value in vars(parser.parse_args(words, blank)).items() if value is not None}


def _settled(parser: argparse.ArgumentParser, action: argparse.Action, given: set[str]) -> bool:
    rivals = [group._group_actions for group in parser._mutually_exclusive_groups if action in group._group_actions]
    return action.dest in given or any(rival.dest in given for group in rivals for rival in group)


def _variable(action: argparse.Action, flag: str, name: str, value: str) -> Iterator[str]:
    if action.nargs != 0:
        parts = value.split(",") if isinstance(action.default, list) else [value]
        yield from (f"{flag}={part}" for part in parts if part)
    elif isinstance(action.default, int) and not isinstance(action.default, bool) and value.isdecimal():
        yield from [flag] * min(int(value), 9)
    elif value.lower() in _YES:
        yield flag
    elif value.lower() not in _NO:
        raise UsageError(f"{value!r} is neither yes nor no", f"the environment: {name}", f"set {name}=1, or unset it")

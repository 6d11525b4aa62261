"""Writes all that tells the options once more, from the parsers of the commands, which declare them.

    python -m release.documents

It writes `maildoctor --help` (maildoctor/cli/usage.txt), the completion of bash, zsh and fish (maildoctor/completion/,
by shtab), the table of commands in README.md, and in the manual the synopsis and the heading of each option. What the
manual says below such a heading is written by hand; an option that is new there gets its help as its first words.
tests/test_documents.py holds that all of them are what the parsers give.
"""

import argparse
import importlib
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import shtab

from maildoctor.cli import options as shared
from maildoctor.cli.commands import COMMANDS
from maildoctor.cli.completion import FILES, SHELLS
from maildoctor.cli.password import add_login

ROOT = Path(__file__).resolve().parent.parent
_COMPLETED = {"FILE": shtab.FILE, "[FORMAT:]FILE": shtab.FILE, "PATH": shtab.FILE, "REPORT": shtab.FILE,
              "NEW": shtab.FILE, "DIR": shtab.DIRECTORY}  # fmt: skip
"""Which arguments are paths, by their names."""

_COUNTS = ("--select", "--ignore", "--checks", "--baseline", "--since", "--config")
_TITLES = {
    "check": ("what check examines (without these: this host):", "What is examined"),
    "probe": ("what probe asks (a host without a port: 25, 465 and 587):", "What probe asks"),
    "login": ("who logs in (probe, healthcheck, guide):", "Who logs in"),
    "guide": ("what guide leads to:", "What guide leads to"),
    "triage": ("what triage reads (without FILE: a pipe, or the logs of this host):", "What triage reads"),
    "printed": ("what is printed:", "What is printed"),
    "counts": ("what counts:", "What counts"),
}
"""The groups of options in the order of the help: their titles there and in the manual."""

_OWN = {"triage": ("--since",)}
"""Options that another command has under the same name, and that mean something else here."""

_ROWS = {
    "check": (
        "--root",
        "--image",
        "--container",
        "--pid",
        "--record",
        "--snapshot",
        "--candidate",
        "--deadline",
        "--since",
    ),
    "triage": ("--follow",),
}
"""Options that have a row of their own in the README, by command."""

_HEAD = """\
usage: maildoctor COMMAND [options]

Says why SMTP AUTH fails on a mail server, shows the evidence and gives the
command that fixes it. It reads; nothing is changed but by fix --apply.
"""
_TAIL = f"""\
  -h, --help          this text; maildoctor COMMAND --help for one command
  -V, --version       the version
  --completion {"|".join(SHELLS)}
                      what that shell needs to complete commands and options

exit status:
  0  judged, and nothing at or above --fail-on (default: error)
  1  findings
  2  wrong usage, or maildoctor itself failed
  3  nothing found, but something was not judged (permission denied reading it,
     nothing to look at)
with --format nagios: 0 OK, 1 warnings, 2 errors, 3 unknown or failed

Each option has a environment variable, MAILDOCTOR_FORMAT for --format;
the option wins. NO_COLOR is obeyed. Manual: maildoctor(1).
"""

Parsers = Mapping[str, argparse.ArgumentParser]
Options = dict[str, argparse.Action]
"""Options by the last, longest of their names, in the order of their declaration."""


def written() -> dict[Path, str]:
    """Every file that is made here and its text, which for README.md and the manual rests on what is there now."""
    parsers = declared()
    made = {ROOT / "maildoctor" / "cli" / "usage.txt": usage(parsers)}
    made |= {ROOT / "maildoctor" / "completion" / FILES[shell]: completion(parsers, shell) for shell in SHELLS}
    for path, renewed in ((ROOT / "README.md", readme), (ROOT / "docs" / "maildoctor.1", manual)):
        made[path] = renewed(parsers, path.read_text(encoding="utf-8"))
    return made


def declared() -> Parsers:
    """The parser of each command."""
    return {name: importlib.import_module(f"maildoctor.cli.{name}").parser() for name in COMMANDS}


def grouped(parsers: Parsers) -> dict[str, Options]:
    """The options of all commands, each once, by group; of a command without a group by the command's name."""
    groups: dict[str, Options] = {
        name: _options(parsers[name]) if name in parsers else {} for name in (*_TITLES, *parsers)
    }
    groups["login"] = _added(add_login)
    groups["printed"] = _added(shared.add_report, shared.add_output)
    groups["counts"] = {
        **{name: option for name, option in groups["check"].items() if name in _COUNTS},
        **_added(shared.add_verdict, shared.add_unknown),
    }
    seen = {name for group in ("login", "printed", "counts") for name in groups[group]}
    for group in (group for group in groups if group in parsers):
        own = _OWN.get(group, ())
        groups[group] = {name: option for name, option in groups[group].items() if name not in seen or name in own}
        seen |= groups[group].keys()
    return {group: options for group, options in groups.items() if options}


def _options(parser: argparse.ArgumentParser) -> Options:
    return {a.option_strings[-1]: a for a in parser._actions if a.option_strings and a.dest != "help"}


def _added(*adders: Callable[[argparse.ArgumentParser], None]) -> Options:
    parser = argparse.ArgumentParser(add_help=False)
    for add in adders:
        add(parser)
    return _options(parser)


# ---- maildoctor --help


def usage(parsers: Parsers) -> str:
    """All commands and all options, at most 80 columns wide."""
    parts = ["\n".join(["commands:", *(_row(_called(n, p), _does(p)) for n, p in parsers.items())])]
    reported = parts[0]
    for group, options in grouped(parsers).items():
        title = _TITLES[group][0] if group in _TITLES else f"what {group} takes:"
        rows = [_row(_named(option), _help(option)) for name, option in options.items() if f"{name} " not in reported]
        parts += ["\n".join([title, *rows])] if rows else []
    return "\n".join([_HEAD, *(f"{part}\n" for part in parts), _TAIL])


def _row(name: str, text: str) -> str:
    lines = textwrap.wrap(text, 80 - 22, break_on_hyphens=False)
    if len(name) > 19:
        return "\n".join([f"  {name}", *(" " * 22 + line for line in lines)])
    return "\n".join([f"  {name:20}{lines[0]}", *(" " * 22 + line for line in lines[1:])])


def _called(command: str, parser: argparse.ArgumentParser) -> str:
    """The command with what it is given: `probe [HOST[:PORT] ...]`."""
    words = []
    for argument in (a for a in parser._actions if not a.option_strings):
        rivals = next((g._group_actions for g in parser._mutually_exclusive_groups if argument in g._group_actions), [])
        word = "|".join([_metavar(argument), *(_named(rival) for rival in rivals if rival is not argument)])
        words.append({"*": f"[{word} ...]", "?": word if rivals else f"[{word}]"}.get(str(argument.nargs), word))
    return " ".join([command, *words])


def _named(option: argparse.Action) -> str:
    """All names of an option and its argument: `-o, --output [FORMAT:]FILE`."""
    argument = _metavar(option) if not _long(option) else option.dest.upper()
    given = "" if option.nargs == 0 else f" [{argument}]" if option.nargs == "?" else f" {argument}"
    return ", ".join(option.option_strings) + given


def _metavar(argument: argparse.Action) -> str:
    if isinstance(argument.metavar, str):
        return argument.metavar
    return "|".join(map(str, argument.choices)) if argument.choices else argument.dest.upper()


def _long(option: argparse.Action) -> bool:
    """Whether it has more choices than a heading can hold; they are told with its help then."""
    return len(list(option.choices or ())) > 4


def _help(option: argparse.Action) -> str:
    text = (option.help or "") % vars(option)
    return f"{text}: {', '.join(map(str, option.choices or ()))}" if _long(option) else text


def _does(parser: argparse.ArgumentParser) -> str:
    """What a command does, or what its one word does, as a phrase."""
    word = next((a.help for a in parser._actions if a.choices and not a.option_strings), None)
    phrase = (word or parser.description or "").removesuffix(".")
    return phrase[:1].lower() + phrase[1:]


# ---- completion


def completion(parsers: Parsers, shell: str) -> str:
    """What this shell loads to complete commands, options and their arguments."""
    program = argparse.ArgumentParser(prog="maildoctor")
    program.add_argument("-V", "--version", action="version", version="", help="the version")
    program.add_argument("--completion", choices=SHELLS, help="what that shell needs to complete commands and options")
    commands = program.add_subparsers(dest="command", metavar="COMMAND")
    for name, parser in parsers.items():
        for argument in parser._actions:
            if argument.metavar in _COMPLETED:
                argument.complete = _COMPLETED[str(argument.metavar)]  # type: ignore[attr-defined]
        commands.add_parser(name, parents=[parser], add_help=False, help=parser.description)
    return shtab.complete(program, shell).rstrip() + "\n"


# ---- README.md


def readme(parsers: Parsers, text: str) -> str:
    """README.md with its table of commands made anew."""
    rows = [f"| `maildoctor {_cell(what)}` | {_cell(does)} |" for what, does in _table(parsers)]
    table = "\n".join(["| command | does |", "|---|---|", *rows, ""])
    renewed, count = re.subn(r"^\| command \| does \|\n(\|.*\n)+", lambda _: table, text, flags=re.M)
    assert count == 1, "README.md has one table of commands"
    return renewed


def _table(parsers: Parsers) -> Iterator[tuple[str, str]]:
    for name, parser in parsers.items():
        yield _called(name, parser), _does(parser)
        for flag in _ROWS.get(name, ()):
            option = _options(parser)[flag]
            yield f"{name} {_named(option)}", _help(option)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# ---- the manual


def manual(parsers: Parsers, page: str) -> str:
    """The manual with its synopsis and the headings of its options made anew."""
    page = _between(page, ".Sh SYNOPSIS\n", ".Sh DESCRIPTION\n", "".join(f"{line}\n" for line in _synopsis(parsers)))
    groups = grouped(parsers)
    for group, (_, title) in _TITLES.items():
        start = f".Ss {title}\n.Bl -tag -width Ds\n"
        body = page.partition(start)[2]
        assert body, f"the manual has a section {title}"
        page = _between(page, start, "\n.El\n" + _after_list(body), "".join(_items(groups[group], body)).rstrip("\n"))
    return page


def _between(page: str, start: str, end: str, text: str) -> str:
    head, _, rest = page.partition(start)
    return head + start + text + rest[rest.index(end) :]


def _after_list(body: str) -> str:
    """The rest of the page behind the end of the list that `body` begins with."""
    return body[len("".join(_list(body))) + len(".El\n") :]


def _list(body: str) -> Iterator[str]:
    """The lines of a list up to its own end, lists within it included."""
    depth = 0
    for line in body.splitlines(keepends=True):
        depth += line.startswith(".Bl") - line.startswith(".El")
        if depth < 0:
            return
        yield line


def _items(options: Options, body: str) -> Iterator[str]:
    """The items of a list of options: those that are there in their order, then those that are new."""
    left = dict(options)
    for heading, prose in re.findall(r"(?m)^\.It (Fl .*)\n((?:(?!\.It Fl ).*\n)*)", "".join(_list(body))):
        known = [left.pop(name) for name in re.findall(r"(?<=[ ,])--[\w-]+", _flags(heading)) if name in left]
        if known:
            yield f".It {' , '.join(map(_heading, known))}\n{prose}"
    for option in left.values():
        text = _help(option)
        yield f".It {_heading(option)}\n{text[:1].upper()}{text[1:]}.\n"


def _flags(heading: str) -> str:
    """The long options of a heading as a shell has them."""
    return re.sub(r"(?:Fl|,) -(?=\w)", " --", heading)


def _heading(option: argparse.Action) -> str:
    """An option as mdoc(7) has it: `Fl o , -output Oo Ar FORMAT : Oc Ns Ar FILE`."""
    return "Fl " + " , ".join(flag[1:] for flag in option.option_strings) + _argument(option)


def _argument(option: argparse.Action) -> str:
    if option.nargs == 0:
        return ""
    if option.choices and not _long(option):
        return f" Cm {' | '.join(map(str, option.choices))}"
    return f" {'Op ' if option.nargs == '?' else ''}{_typeset(_metavar(option) if not _long(option) else 'FORM')}"


def _typeset(metavar: str) -> str:
    """The name of an argument; what is optional in it, as in `HOST[:PORT]` and `[FORMAT:]FILE`, in brackets."""
    if found := re.fullmatch(r"\[(\w+):\](\w+)", metavar):
        return f"Oo Ar {found[1]} : Oc Ns Ar {found[2]}"
    if found := re.fullmatch(r"(\w+)\[:(\w+)\]", metavar):
        return f"Ar {found[1]} Ns Oo : Ns Ar {found[2]} Oc"
    return "Ar " + metavar.replace("|", " | ")


def _synopsis(parsers: Parsers) -> Iterator[str]:
    for name, parser in parsers.items():
        given = [a for a in parser._actions if not a.option_strings]
        yield ".Nm"
        yield " ".join([f".Cm {name}", *(str(a.metavar) for a in given if a.choices)])
        reported: set[str] = set()
        for option in _options(parser).values():
            rivals = _rivals(parser, option)
            if option.dest not in reported and not any(rival in given for rival in rivals):
                words = ["Fl " + r.option_strings[0][1:] + _argument(r) for r in rivals or [option]]
                # a line cannot be broken within .Op
                yield ".Op " + " | ".join(words) if len(words) < 3 else ".Oo\n." + " |\n.".join(words) + "\n.Oc"
            reported |= {rival.dest for rival in rivals}
        for argument in (a for a in given if not a.choices):
            yield _given(argument, [rival for rival in _rivals(parser, argument) if rival is not argument])
    yield from (".Nm", ".Fl -help | Fl -version | Fl -completion Cm " + " | ".join(SHELLS))


def _rivals(parser: argparse.ArgumentParser, option: argparse.Action) -> Sequence[argparse.Action]:
    """The options that exclude each other, this one among them; of one that is short for another, only the latter."""
    group = next((g._group_actions for g in parser._mutually_exclusive_groups if option in g._group_actions), [])
    return [rival for number, rival in enumerate(group) if rival.dest not in {r.dest for r in group[:number]}]


def _given(argument: argparse.Action, rivals: Sequence[argparse.Action]) -> str:
    words = _typeset(_metavar(argument))
    if rivals:
        return f".{words} | " + " | ".join(_heading(rival) for rival in rivals)
    return {"*": f".Op {words} ...", "?": f".Op {words}"}.get(str(argument.nargs), f".{words}")


if __name__ == "__main__":
    for path, text in written().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

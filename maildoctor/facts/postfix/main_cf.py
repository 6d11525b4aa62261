"""main.cf as Postfix reads it: the last setting of a name counts, `$name` is filled in when a value is used."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from maildoctor.facts import of_file
from maildoctor.facts.postfix.expansion import Expansion, expand
from maildoctor.facts.postfix.logical_lines import BLANKS, LogicalLine, logical_lines
from maildoctor.facts.postfix.problems import MOST, Kind, PostfixProblem
from maildoctor.model import Evidence

_NAME_AND_VALUE = re.compile(r"([^ \t\n\v\f\r=]+)[ \t\n\v\f\r]*(=?)", re.DOTALL)
_RUN = re.compile(r"[ \t\n\r]+")
_STRUCK_OUT = re.compile(r"(?:[;/]+|dnl)[ \t]*\*\*\*")
"""What is left of a line that the door takes for a remark though Postfix does not."""
_OTHER_BLANK = re.compile("[\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]")
"""Characters that look like a blank, or like nothing, and are part of a word for Postfix."""
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value as written, runs of blanks as one, and the number of its first line, from 1."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class PostfixMain:
    """The whole file. Source: util/readlline.c for lines, util/dict.c (dict_load_fp) for settings, global/mail_conf.c
    for values. `earlier`: settings that a later one of the same name replaces, in the order of the file. `problems`:
    what can be told from this file alone."""

    path: str
    parameters: Mapping[str, Parameter]
    earlier: Mapping[str, tuple[Parameter, ...]] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[PostfixProblem, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read any text; a first line `# path: /etc/postfix/main.cf` names the file and is not counted."""
        path, body = of_file(text, "/etc/postfix/main.cf")
        found: dict[str, Parameter] = {}
        earlier: dict[str, list[Parameter]] = {}
        problems = list[PostfixProblem]()
        for line in logical_lines(body):
            name, value, reported = setting_of(path, line)
            if len(problems) < MOST:
                problems += reported
            if not name:
                continue
            if name in found:
                before = earlier.setdefault(name, [])
                if len(before) < MOST:
                    before.append(found[name])
                if found[name].value != value and len(problems) < MOST:
                    problems.append(_overridden(path, line.number, name, value, found[name]))
            found[name] = Parameter(value, line.number)
        return cls(path, found, {name: tuple(before) for name, before in earlier.items()}, tuple(problems))

    def value(
        self,
        name: str,
        default: str = "",
        overrides: Mapping[str, str] | None = None,
        defaults: Callable[[str], str | None] = lambda _: "",
    ) -> str:
        """A parameter with all references filled in; `overrides` are those of a service in master.cf (`-o`),
        `defaults` what is compiled in for the parameters that are referred to."""
        written = self._raw(name, overrides or {})
        return self.expanded(default if written is None else written, overrides, defaults).text

    def expanded(
        self,
        text: str,
        overrides: Mapping[str, str] | None = None,
        defaults: Callable[[str], str | None] = lambda _: "",
        version: tuple[int, ...] = (),
    ) -> Expansion:
        """Any text with all references filled in, as `value` does it."""
        own = overrides or {}

        def lookup(name: str) -> str | None:
            written = self._raw(name, own)
            return defaults(name) if written is None else written

        return expand(text, lookup, version)

    def is_yes(self, name: str, overrides: Mapping[str, str] | None = None) -> bool:
        """A yes-or-no parameter whose default is no."""
        return self.value(name, "no", overrides).lower() == "yes"

    def evidence(self, name: str) -> Evidence:
        """The line that sets it, or that none does."""
        found = self.parameters.get(name)
        if found is None:
            return Evidence(self.path, f"no {name}: the default applies")
        return Evidence(f"{self.path}:{found.line}", f"{name} = {found.value}")

    def _raw(self, name: str, overrides: Mapping[str, str]) -> str | None:
        if name in overrides:
            return overrides[name]
        found = self.parameters.get(name)
        return found.value if found else None


def name_and_value(text: str) -> tuple[str, str, Kind | None]:
    """`name = value` taken apart, and why it cannot be (util/split_nameval.c). Blanks around both are cut."""
    text = text.lstrip(BLANKS)
    m = _NAME_AND_VALUE.match(text)
    if m is None:
        return "", "", "no-name"
    return (m[1], text[m.end() :].strip(BLANKS), None) if m[2] else (m[1], "", "no-equals")


SAID: Mapping[str, str] = {"no-name": "missing attribute name", "no-equals": "missing '=' after attribute name"}
"""The words of Postfix for what `name_and_value` finds."""


def single_blanks(text: str) -> str:
    """Runs of blanks as one blank."""
    return _RUN.sub(" ", text)


def setting_of(path: str, line: LogicalLine) -> tuple[str, str, list[PostfixProblem]]:
    """Name, value and problems of one entry of main.cf; the name is empty where there is none."""
    reported = list(of_the_line(path, line))
    if line.headless:
        return "", "", reported
    text = line.text.partition("\0")[0]
    name, value, why = name_and_value(text)
    if why is None:
        return name, single_blanks(value), reported
    if not _STRUCK_OUT.match(text):
        message = f'{path}, line {line.number}: {SAID[why]}: "{text[:_SHOWN]}"'
        shown = single_blanks(text[:_SHOWN])
        reported.append(PostfixProblem(path, line.number, shown, why, True, message, last=line.numbers[-1]))
    return "", "", reported


def of_the_line(path: str, line: LogicalLine) -> Iterator[PostfixProblem]:
    """What is wrong with it as a line, in main.cf and in master.cf."""
    shown = single_blanks(line.text[:_SHOWN].strip(BLANKS))
    if line.headless:
        rest = "..." if len(line.text) > 30 else ""
        message = f'{path}: logical line must not start with whitespace: "{line.text[:30]}{rest}"'
        yield PostfixProblem(path, line.number, shown, "no-head", False, message)
        return
    if line.orphan:
        at = line.starts[line.numbers.index(line.orphan)] if line.orphan in line.numbers else 0
        part = single_blanks(line.text[at : at + _SHOWN].strip(BLANKS))
        message = f'belongs to the entry of line {line.number}: "{line.commented[:_SHOWN]}" above it is a comment'
        entry = shown.partition(" ")[0]
        yield PostfixProblem(path, line.orphan, part, "orphan", False, message, entry, last=line.numbers[-1])
    if "\0" in line.text:
        last = f"-{line.numbers[-1]}" if len(line.numbers) > 1 else ""
        message = f"{path}, line {line.number}{last}: text after null byte may be ignored"
        yield PostfixProblem(path, line.number, shown.replace("\0", "\\0"), "nul", False, message)
    if line.text.isascii():
        return
    if line.number == 1 and line.text.startswith("\ufeff"):
        message = "the file begins with a byte order mark, which is part of the first word for Postfix"
        yield PostfixProblem(path, 1, shown.replace("\ufeff", "\\ufeff"), "byte-order-mark", False, message)
    elif m := _OTHER_BLANK.search(line.text):
        message = f"U+{ord(m[0]):04X} looks like a blank and is part of a word for Postfix"
        number, visible = line.line_of(m.start()), _OTHER_BLANK.sub(lambda x: f"\\u{ord(x[0]):04x}", shown)
        yield PostfixProblem(path, number, visible, "not-ascii-blank", False, message)


def _overridden(path: str, line: int, name: str, value: str, old: Parameter) -> PostfixProblem:
    message = f"{path}, line {line}: overriding earlier entry: {name}={old.value[:_SHOWN]}"
    return PostfixProblem(path, line, f"{name} = {value[:_SHOWN]}", "overridden", False, message, name)

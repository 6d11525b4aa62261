"""master.cf: the services of Postfix, each with its parameters of its own."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from maildoctor.facts import of_file
from maildoctor.facts.postfix.logical_lines import BLANKS, LogicalLine, logical_lines
from maildoctor.facts.postfix.main_cf import SAID, name_and_value, of_the_line, single_blanks
from maildoctor.facts.postfix.problems import MOST, Kind, PostfixProblem

_FIELDS = 8
"""service, type, private, unprivileged, chroot, wake-up, process limit, command (master/master_ent.c)."""
_WORD = re.compile(r"[^ \t\r\n]+")
_TYPES = ("inet", "unix", "fifo", "pass", "unix-dgram")
_FLAGS = ("private", "unprivileged", "chroot")
_TAKE_NO_ARGUMENTS = frozenset((
    "anvil", "bounce", "cleanup", "discard", "dnsblog", "error", "flush", "local", "nqmgr", "oqmgr", "pickup",
    "postlogd", "proxymap", "qmgr", "qmqpd", "scache", "showq", "smtpd", "tlsmgr", "tlsproxy", "trivial-rewrite",
    "verify", "virtual",
))  # fmt: skip
"""Programs that stop at a word that is no option; pipe and spawn need some, the SMTP client ignores them."""
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class PostfixService:
    """One entry. `name`: `smtp`, `submission`, `192.0.2.1:587`; `kind`: its type; `chroot`: `y`, `n` or `-`, as
    `private` and `unprivileged`; `limit`: how many processes, `-` for default_process_limit; `command`: the program;
    `options`: those of `-o`, the last of a name; `arguments`: all words behind the program as Postfix takes them apart,
    braces taken off; `lines`: the line of each of `options`."""

    name: str
    kind: str
    chroot: str
    command: str
    options: Mapping[str, str]
    line: int
    private: str = "-"
    unprivileged: str = "-"
    wakeup: str = "-"
    limit: str = "-"
    arguments: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def title(self) -> str:
        """As postconf(1) names it: `submission/inet`."""
        return f"{self.name}/{self.kind}"

    @property
    def program(self) -> str:
        """The name of its program, without a folder."""
        return self.command.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class PostfixMaster:
    """The whole file. Text: that of master.cf, a first line `# path: /etc/postfix/master.cf` names the file and is not
    counted. `problems`: what can be told from this file alone."""

    path: str
    services: tuple[PostfixService, ...]
    problems: tuple[PostfixProblem, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Lines with too few fields are no service (Postfix refuses to start on them)."""
        path, body = of_file(text, "/etc/postfix/master.cf")
        services, problems = list[PostfixService](), list[PostfixProblem]()
        titles: dict[str, int] = {}
        for line in logical_lines(body):
            entry = _Entry(path, line)
            service = entry.service()
            if service is not None:
                services.append(service)
                if service.title in titles:
                    entry.report("service-twice", False, f"the entry of line {titles[service.title]} is replaced")
                titles[service.title] = service.line
            problems += entry.problems[: MOST - len(problems)]
        return cls(path, tuple(services), tuple(problems))

    @property
    def smtpd(self) -> tuple[PostfixService, ...]:
        """Services that take mail by SMTP from the network; `pass`: from postscreen."""
        return tuple(s for s in self.services if s.kind in ("inet", "pass") and s.program == "smtpd")


class _Entry:
    """One entry, taken apart."""

    def __init__(self, path: str, line: LogicalLine) -> None:
        self._path, self._line = path, line
        self._text = line.text.partition("\0")[0]
        self._title = ""
        self.problems = list(of_the_line(path, line))

    def report(self, kind: Kind, fatal: bool, message: str, text: str = "", at: int = 0, name: str = "") -> None:
        """One more problem; `at`: where in the entry it is."""
        shown = text or single_blanks(self._text[:_SHOWN].strip(BLANKS))
        number = self._line.line_of(at)
        service = self._title if kind in ("option", "argument", "option-twice") else ""
        if len(self.problems) < MOST:
            self.problems.append(PostfixProblem(self._path, number, shown, kind, fatal, message, name, service))

    def service(self) -> PostfixService | None:
        """The service; None where Postfix has none of it."""
        if self._line.headless:
            return None
        words = _words(self._text)
        if len(words) < _FIELDS:
            if words and not re.match(r"(?:[;/]+|dnl)[ \t]*\*\*\*", self._text):
                self.report("fields", True, f"file {self._path}: line {self._line.number}: bad field count")
            return None
        name, kind, private, unprivileged, chroot, wakeup, limit, command = (w for w, _ in words[:_FIELDS])
        self._title = f"{name}/{kind}"
        self._judge(name, kind, (private, unprivileged, chroot), wakeup, limit)
        arguments, options, lines = self._arguments(words[_FIELDS:], command.rpartition("/")[2])
        return PostfixService(
            name, kind, chroot, command, options, self._line.number, private, unprivileged, wakeup, limit,
            tuple(arguments), lines,
        )  # fmt: skip

    def _judge(self, name: str, kind: str, flags: tuple[str, ...], wakeup: str, limit: str) -> None:
        """The fields (postconf/postconf_master.c, which `postfix start` runs, and master/master_ent.c)."""
        if kind not in _TYPES:
            self.report("type", True, f'invalid type field "{kind}"', kind)
        for flag, value in zip(_FLAGS, flags, strict=True):
            if value not in ("y", "n", "-"):
                self.report("flag", True, f'invalid {flag} field "{value}"', f"{name} {kind} … {value}", name=flag)
        if kind == "inet" and flags[0] in ("y", "-"):
            self.report("inet-private", True, "inet service cannot be private", f"{name} {kind} {flags[0]}")
        if wakeup != "-" and not re.fullmatch(r"[0-9]*\??", wakeup):
            self.report("wakeup", True, f'invalid wakeup field "{wakeup}"', f"{name} {kind} … {wakeup}")
        if limit != "-" and not re.fullmatch(r"[0-9]+", limit):
            self.report("limit", True, f'invalid process_limit field "{limit}"', f"{name} {kind} … {limit}")
        if kind == "inet" and name.endswith((":", "]")):
            self.report("name", True, f'missing service name in "{name}"', name)

    def _arguments(
        self, words: list[tuple[str, int]], program: str
    ) -> tuple[list[str], dict[str, str], dict[str, int]]:
        """Options and other words (postconf/postconf_master.c, pcf_normalize_daemon_args; master/single_server.c)."""
        taken, options, lines = list[str](), dict[str, str](), dict[str, int]()
        waiting = iter(words)
        plain = False
        for word, at in waiting:
            if not plain and word.startswith("-") and word != "--":
                letters, o, value = word.partition("o")
                if not o:
                    taken.append(word)
                    continue
                if len(letters) > 1:
                    taken.append(letters)
                taken.append("-o")
                if not value:
                    value, at = next(waiting, ("", at))
                    if not value:
                        self.report("option", True, "option requires an argument -- 'o'", word, at)
                        continue
                taken.append(self._option(value, at, options, lines))
                continue
            plain = True
            if word.startswith("{"):
                word = self._in_braces(word, at)
            taken.append(word)
            if word != "--" and program in _TAKE_NO_ARGUMENTS:
                self.report("argument", True, f"unexpected command-line argument: {word[:_SHOWN]}", word[:_SHOWN], at)
        return taken, options, lines

    def _option(self, value: str, at: int, options: dict[str, str], lines: dict[str, int]) -> str:
        """The value of one `-o`, as the program gets it."""
        braced = value.startswith("{")
        if braced:
            value = self._in_braces(value, at)
        name, setting, why = name_and_value(value)
        if why is not None:
            message = f'invalid "-o {value[:_SHOWN]}" option value: {SAID[why]}'
            self.report("option", True, message, f"-o {value[:_SHOWN]}", at)
            return value
        if name in options and options[name] != single_blanks(setting):
            message = f"-o {name}={options[name][:_SHOWN]} stands before it, and the last one counts"
            self.report("option-twice", False, message, f"-o {name}={setting[:_SHOWN]}", at, name)
        options[name], lines[name] = single_blanks(setting), self._line.line_of(at)
        return f"{name}={setting}" if braced else value

    def _in_braces(self, word: str, at: int) -> str:
        """What stands in `{ }` (util/extpar.c)."""
        level = 0
        for m in re.finditer("[{}]", word):
            level += 1 if m[0] == "{" else -1
            if level == 0:
                if m.end() < len(word):
                    self.report("braces", True, f"syntax error after '}}' in \"{word[:_SHOWN]}\"", word[:_SHOWN], at)
                return word[1 : m.start()].strip(BLANKS)
        self.report("braces", True, f"missing '}}' in \"{word[:_SHOWN]}\"", word[:_SHOWN], at)
        return word[1:].strip(BLANKS)


def _words(text: str) -> list[tuple[str, int]]:
    """The words and their places; blanks in braces end none (util/mystrtok.c, mystrtokq)."""
    if "{" not in text:
        return [(m[0], m.start()) for m in _WORD.finditer(text)]
    return list(_braced_words(text))


def _braced_words(text: str) -> Iterator[tuple[str, int]]:
    start, level = -1, 0
    for m in re.finditer(r"[{}]|[ \t\r\n]+|[^{} \t\r\n]+", text):
        first = m[0][0]
        if first in " \t\r\n" and level == 0:
            if start >= 0:
                yield text[start : m.start()], start
            start = -1
            continue
        if start < 0:
            start = m.start()
        if first == "{":
            level += 1
        elif first == "}" and level:
            level -= 1
    if start >= 0:
        yield text[start:], start

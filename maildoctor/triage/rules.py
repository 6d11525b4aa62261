"""Log rules: what a line of a mail log means and what to do about it. Data in checks/*/*.toml, validated as it loads.

`python -m maildoctor.triage [FILE…]` says what is wrong with rule files, samples and speed included.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple, get_args
from zipimport import zipimporter

from maildoctor import filesystem
from maildoctor.model import SEVERITIES, RungName, Severity
from maildoctor.triage import prefixes
from maildoctor.triage.prefixes import Shared
from maildoctor.triage.rule_text import RuleError, Table, document, table_lines

Kind = Literal["fault", "symptom", "abuse", "harmless", "normal"]
Scope = Literal["session", "host"]
Rung = Literal["", RungName, "none"]
"""The first thing a login needs that the fault breaks; empty: that of the family of its code (`verdict`)."""
Direction = Literal["", "server", "relay", "local"]
"""Whose login: that of users here, which is meant where it is empty, of this host elsewhere, or of its own programs."""
Refusal = Literal["", "wrong", "delayed", "probe"]
"""wrong: lines of this rule are what a wrong name or password leaves, on a host without any fault too; delayed: what is
left where the server delays its answer to one who was refused in the same minute; probe: what our own probe leaves
behind a refusal in the same session."""

KINDS: tuple[Kind, ...] = ("fault", "symptom", "abuse", "harmless", "normal")
QUIET: tuple[Kind, ...] = ("harmless", "normal")
"""Kinds that are nobody's fault: they must have severity info."""
RELAYS = ("relay", "rip", "rhost")
"""The named groups that hold the other side's address, in the order of preference."""
COUNTED = ("user", *RELAYS)
"""Named groups with too many values to be identity."""

_READ_FIELDS = """
    read speaker verb object error path server port library setting map mechname account service principal
"""
READ_FIELDS = frozenset(_READ_FIELDS.split())
"""The fields that a line read by its words can have."""

_SHORTEST_NEEDLE = 6
_NEVER = "(?!)"
"""The pattern of a rule that has none."""
_CODE = re.compile(r"[A-Z]+[1-9][0-9]{2,}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_GROUP = re.compile(r"\(\?P<(\w+)>")


@dataclass(frozen=True, slots=True)
class Cause:
    """One candidate cause of a message. `when` tells it from the others; `commands` hold `{field}`.

    `login`: holds only in sessions with (True) or without (False) a login that went well before; None: in both.
    `refused`: likewise, where nearly all lines are of clients that were refused again and again (True), or not (False).
    `checks`: codes of checks any of which shows on a host that it is so, and all of which pass where it is not.
    """

    name: str
    when: str
    advice: str
    commands: tuple[str, ...]
    login: bool | None = None
    refused: bool | None = None
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """A log line, where it comes from, and the fields that must be found in it."""

    origin: str
    line: str
    match: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one shape of message means. `prefix` matches what stands before it, `pattern` what follows, both with
    their pieces filled in. `place` says where it was written: file and line.

    `by_client`: whoever can reach the server makes such lines, with a wrong name or password or a mechanism that is not
    offered, whatever state the server is in; so it is of every rule of kind abuse. Of the others a flood of lines says
    that the server has a fault, whoever met it.

    `by_words`: speaks of lines that no pattern knows, of one general class each (`reader/reading.py`); it has neither
    needle nor pattern, severity warning, and stands behind every rule that knows its lines.
    """

    code: str
    name: str
    severity: Severity
    kind: Kind
    programs: tuple[str, ...]
    needles: tuple[bytes, ...]
    prefix: str
    pattern: str
    literals: int
    title: str
    why: str
    labels: tuple[str, ...]
    explains: tuple[str, ...]
    scope: Scope
    refs: tuple[str, ...]
    causes: tuple[Cause, ...]
    place: str
    by_client: bool = False
    refusal: Refusal = ""
    by_words: bool = False
    rung: Rung = ""
    direction: Direction = ""
    samples: tuple[Sample, ...] = ()
    counters: tuple[Sample, ...] = ()
    todo: tuple[Sample, ...] = ()

    def compiled(self) -> re.Pattern[bytes]:
        """The pattern over bytes; `re` keeps no more than some hundred of them, so hold on to it."""
        return re.compile(self.pattern.encode("ascii"))

    @property
    def whole(self) -> str:
        """Prefix and pattern as one regular expression: the prefix gives nothing back."""
        return f"(?>{self.prefix})(?:{self.pattern})"

    @property
    def fields(self) -> frozenset[str]:
        """The names of the groups in prefix and pattern; of a rule by words, those that any reading can have."""
        if self.by_words:
            return READ_FIELDS
        return frozenset(_GROUP.findall(self.prefix) + _GROUP.findall(self.pattern))

    def of_program(self, tag: str) -> bool:
        """Whether this rule speaks of the program with this syslog tag; a bare message may be anyone's."""
        return not tag or not self.programs or any(fnmatchcase(tag, p) for p in self.programs)


# ---- loading


def rules_folder() -> str:
    """Where the built-in rule files lie, in a folder for each product: in the package of checks, or beside it in a
    checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    beside = os.path.join(os.path.dirname(package), "checks")
    return beside if filesystem.is_folder(beside) else os.path.join(package, "checks")


def rule_files() -> list[str]:
    """The paths of the built-in rule files, sorted."""
    folder = rules_folder()
    names = _unpacked(folder) if filesystem.is_folder(folder) else _packed()
    if not names:
        raise RuleError("there are no log rules", folder, "install maildoctor again")
    return sorted(os.path.join(folder, name) for name in names)


def name_of(path: str) -> str:
    """What a rule file is called: `sendmail/auth.toml` for one that is built in."""
    folder = rules_folder() + os.sep
    return path.removeprefix(folder) if path.startswith(folder) else os.path.basename(path)


def _unpacked(folder: str) -> list[str]:
    products = [product for product in filesystem.names(folder) if filesystem.is_folder(os.path.join(folder, product))]
    return [
        os.path.join(product, name)
        for product in products
        for name in filesystem.names(os.path.join(folder, product))
        if _holds_rules(name)
    ]


def _packed() -> list[str]:
    """The names of the rule files in a wheel or zipapp, which is no folder."""
    from importlib.resources import files

    try:
        products = [entry for entry in files("maildoctor.checks").iterdir() if entry.is_dir()]
        return [f"{p.name}/{file.name}" for p in products for file in p.iterdir() if _holds_rules(file.name)]
    except (ModuleNotFoundError, OSError):
        return []


def _holds_rules(name: str) -> bool:
    return name.endswith(".toml") and name != prefixes.NAME


class Rules(NamedTuple):
    """Rules that can be used, and what is wrong with those that cannot."""

    rules: tuple[Rule, ...]
    broken: tuple[RuleError, ...]


def load(paths: Sequence[str]) -> tuple[Rule, ...]:
    """The rules of these files. Raises RuleError at the first that cannot be used, or for a code taken twice."""
    return _strict(unique([Rules(parse(read(path), name_of(path), beside(path)), ()) for path in paths]))


def usable(paths: Sequence[str]) -> Rules:
    """The same rules, where what cannot be used costs only itself."""
    files = []
    for path in paths:
        try:
            files.append(parsed(read(path), name_of(path), beside(path)))
        except RuleError as error:
            files.append(Rules((), (error,)))
    return unique(files)


def unique(files: Sequence[Rules]) -> Rules:
    """The rules of several files together; of two with one code the first is kept."""
    taken: dict[str, Rule] = {}
    # what is wrong with the prefixes of a folder is told by each of its files
    broken = list({str(error): error for file in files for error in file.broken}.values())
    for rule in (rule for file in files for rule in file.rules):
        first = taken.setdefault(rule.code, rule)
        if first is not rule:
            broken.append(RuleError(f"{rule.code} is taken by {first.place} too", rule.place))
    return Rules(tuple(taken.values()), tuple(broken))


def read(path: str) -> bytes:
    """The bytes of a rule file. Raises RuleError where it cannot be read."""
    try:
        return _bytes(path)
    except OSError as error:
        raise RuleError(f"cannot be read: {error.strerror}", path, "name a TOML file with rules") from error


def _bytes(path: str) -> bytes:
    loader = globals()["__loader__"]
    if isinstance(loader, zipimporter) and path.startswith(loader.archive):
        return loader.get_data(path)
    return filesystem.read(path)


def beside(path: str) -> bytes:
    """The text of the prefixes and pieces for the rule file at `path`; empty where there are none."""
    try:
        return _bytes(os.path.join(os.path.dirname(path), prefixes.NAME))
    except OSError:
        return b""


def parse(text: bytes, name: str, shared: bytes = b"") -> tuple[Rule, ...]:
    """The rules in the text of one file called `name`, with the prefixes in the text `shared`. Raises RuleError."""
    return _strict(parsed(text, name, shared))


def parsed(text: bytes, name: str, shared: bytes = b"") -> Rules:
    """The same, but a rule that is wrong costs only itself, and a file that is no TOML only that file."""
    parts = prefixes.shared(shared, os.path.join(os.path.dirname(name), prefixes.NAME))
    try:
        tables = document(text, name)
    except RuleError as error:
        return Rules((), (*parts.broken, error))
    broken = [*parts.broken]
    broken += [RuleError(f"unknown key {key!r}", name) for key in sorted(set(tables) - {"prefix", "rule"})]
    found, prefix = tables.get("rule", []), tables.get("prefix", "")
    if not isinstance(found, list):
        return Rules((), (*broken, RuleError("'rule' must be written as [[rule]]", name)))
    lines = table_lines(text, "rule")
    rules: list[Rule] = []
    for number, table in enumerate(found):
        place = f"{name}:{lines[number]}" if len(lines) == len(found) else f"{name}: rule {number + 1}"
        try:
            if not isinstance(table, dict):
                raise RuleError("'rule' must be written as [[rule]]", place)
            rules.append(_rule(Table({"prefix": prefix, **table}, place), parts))
        except RuleError as error:
            broken.append(error)
    return Rules(tuple(rules), tuple(broken))


def _strict(found: Rules) -> tuple[Rule, ...]:
    if found.broken:
        raise found.broken[0]
    return found.rules


def _rule(reader: Table, shared: Shared) -> Rule:
    code = reader.text("code")
    reader.place += f" ({code})"
    by_words = bool(reader.flag("by_words"))
    prefix, pattern = (reader.text("prefix", ""), _NEVER) if by_words else _patterns(reader, shared)
    kind = reader.one_of("kind", KINDS)
    rule = Rule(
        code=code,
        name=reader.text("name"),
        severity=reader.one_of("severity", SEVERITIES),
        kind=kind,
        programs=reader.texts("programs"),
        needles=tuple(n.encode("utf-8") for n in reader.texts("needle", needed=not by_words)),
        prefix=prefix,
        pattern=pattern,
        literals=0,
        title=reader.text("title"),
        why=" ".join(reader.text("why").split()),
        labels=reader.texts("labels"),
        explains=reader.texts("explains"),
        scope=reader.one_of("scope", ("session", "host"), "session"),
        refs=reader.texts("refs"),
        causes=tuple(_cause(t) for t in reader.tables("cause")),
        place=reader.place,
        by_client=bool(reader.flag("by_client")) or kind == "abuse",
        refusal=reader.one_of("refusal", ("", "wrong", "delayed", "probe"), ""),
        by_words=by_words,
        rung=reader.one_of("rung", get_args(Rung), ""),
        direction=reader.one_of("direction", get_args(Direction), ""),
        samples=tuple(_sample(t) for t in reader.tables("sample")),
        counters=tuple(_sample(t) for t in reader.tables("counter")),
        todo=tuple(_sample(t, origin_needed=False) for t in reader.tables("todo")),
    )
    reader.done()
    if problem := next(_problems(rule), None):
        raise RuleError(problem, rule.place)
    return rule if by_words else replace(rule, literals=_literals(rule))


def _literals(rule: Rule) -> int:
    # only where the rules were not parsed before: so a Python whose parser is another can use what the build parsed
    from maildoctor.triage.proof import literals
    from maildoctor.triage.syntax import UnknownSyntax

    try:
        return literals(rule.whole)
    except UnknownSyntax as error:
        raise RuleError(f"pattern cannot be judged: {error}", rule.place) from error


def _patterns(reader: Table, shared: Shared) -> tuple[str, str]:
    """The prefix and the pattern of a rule, with their pieces filled in: those of `one_of` are its own."""
    name, alternatives, own = reader.text("prefix", ""), reader.either("pattern"), reader.lists("one_of")
    if name and name not in shared.prefixes:
        raise RuleError(f"there is no prefix {name!r} in {prefixes.NAME}", reader.place)
    try:
        pieces = dict(shared.pieces)
        for key, texts in own.items():
            pieces[key] = "|".join(prefixes.whole(text, pieces) for text in texts)
        pattern = "|".join(prefixes.whole(text, pieces) for text in alternatives)
    except KeyError as error:
        raise RuleError(f"there is no piece {error} in {prefixes.NAME} or one_of", reader.place) from error
    return shared.prefixes.get(name, ""), pattern


def _cause(reader: Table) -> Cause:
    cause = Cause(
        name=" ".join(reader.text("name").split()),
        when=" ".join(reader.text("when", "").split()),
        advice=" ".join(reader.text("advice").split()),
        commands=reader.texts("commands"),
        login=reader.flag("login"),
        refused=reader.flag("refused"),
        checks=reader.texts("checks"),
    )
    reader.done()
    return cause


def _sample(reader: Table, origin_needed: bool = True) -> Sample:
    sample = Sample(
        origin=reader.text("from", None if origin_needed else ""), line=reader.text("line"), match=reader.map("match")
    )
    reader.done()
    return sample


def _problems(rule: Rule) -> Iterator[str]:
    if not _CODE.fullmatch(rule.code):
        yield f"code {rule.code!r} is not a family of capital letters and a number from 100 on"
    if not _NAME.fullmatch(rule.name):
        yield f"name {rule.name!r} is not lower case joined by '-'"
    if rule.kind in QUIET and rule.severity != "info":
        yield f"a rule of kind {rule.kind} has severity info, not {rule.severity}"
    if rule.by_words and (rule.severity != "warning" or rule.needles or rule.by_client or rule.explains):
        yield "a rule by words has severity warning, and neither needle nor explains nor by_client"
    for needle in rule.needles:
        if len(needle) < _SHORTEST_NEEDLE or b"\n" in needle:
            yield f"needle {needle!r} must be one line of {_SHORTEST_NEEDLE} bytes or more"
    try:
        rule.compiled()
    except (re.error, UnicodeEncodeError, OverflowError, RecursionError) as error:
        yield f"pattern is no regular expression over ASCII: {error}"
        return
    if twice := set(_GROUP.findall(rule.prefix)) & set(_GROUP.findall(rule.pattern)):
        yield f"group {min(twice)!r} stands in the prefix too"
    if absent := set(rule.labels) - rule.fields:
        yield f"label {min(absent)!r} is no named group of the pattern"
    if many := set(rule.labels) & set(COUNTED):
        yield f"{min(many)!r} has too many values to be a label"
    if not rule.samples:
        yield "a rule needs a sample"
    if rule.kind not in QUIET and not rule.causes:
        yield f"a rule of kind {rule.kind} needs a cause"

"""Dovecot's configuration as one tree, with what it would say to it: includes followed, later lines over earlier ones
(config/config-parser.c of 2.3 and of 2.4). Pure: made of the text of all files that it names."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from maildoctor.facts.dovecot.defaults import default
from maildoctor.facts.dovecot.known import OF_2_3, OF_2_4, Kind
from maildoctor.facts.dovecot.lines import Line, lines
from maildoctor.model import Evidence

ProblemKind = Literal[
    "unknown", "syntax", "unclosed", "no-match", "recursive", "value", "version", "storage", "generation", "incomplete"
]
"""`unknown`: no such setting; `value`: one that cannot be meant; `generation`: a file of 2.3 for 2.4, or of 2.4 for
2.3; `version`: dovecot_config_version is missing, not the first setting, or of another release; `storage`:
dovecot_storage_version is missing; `incomplete`: something is missing of what a block must have."""

PROBLEMS = 50
"""Problems that are kept; Dovecot stops at the first."""

_LINES = 250_000
"""Logical lines that are taken in, those of a file that is included again counted again."""
_OPENED = 2_000
"""Files that are opened by includes."""
_DEEPEST = 100
"""Blocks within blocks."""

_SCOPES = ("protocol", "local", "local_name", "remote")
_BY_ADDRESS = ("local", "local_name", "remote")
_OF_AUTH = frozenset({
    "passdb", "userdb", "base_dir", "verbose_proctitle", "first_valid_uid", "last_valid_uid", "first_valid_gid",
    "last_valid_gid",
})  # fmt: skip
"""Settings of the auth service whose names do not begin with `auth_`: it serves all addresses alike."""
_OF_SERVICE = ("unix_listener", "fifo_listener", "inet_listener")
_BLOCKS: Mapping[str, tuple[str, ...]] = {
    "": ("passdb", "userdb", "service", "namespace", "plugin", "dict", "metric", "event_exporter"),
    "service": _OF_SERVICE,
    "namespace": ("mailbox",),
}
"""Which blocks 2.3 has in which others; those of a scope are those of the top."""
_ANY = ("plugin", "dict")
"""Blocks of 2.3 that take any setting."""
_OF_PLUGINS = ("sieve", "imapsieve", "managesieve", "fts", "xaps", "antispam")
"""First words of settings of 2.4 that belong to plug-ins, Pigeonhole above all: any of these is taken."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `value` with what it refers to filled in, `written` as it stands there. `file`: the path of the file
    whose content is the value (`<`), empty where it stands there itself."""

    value: str
    written: str
    path: str
    line: int
    file: str = ""

    @property
    def evidence(self) -> Evidence:
        """Its place and its value."""
        return Evidence(f"{self.path}:{self.line}", self.written)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something because of which Dovecot does not start: `text` is what it says, `subject` the setting, block or path
    that it is about."""

    kind: ProblemKind
    text: str
    path: str
    line: int
    subject: str = ""

    @property
    def evidence(self) -> Evidence:
        """Its place, and what Dovecot says."""
        return Evidence(f"{self.path}:{self.line}" if self.line else self.path, self.text)


@dataclass(slots=True)
class Section:
    """A block: `kind` and `name` as in `unix_listener /run/x {`; the top has neither. `settings` by their whole name
    (`unix_listener_mode` in 2.4, `mode` in 2.3). `lists`: by the name of a list of 2.4 its members and what was said of
    each."""

    kind: str = ""
    name: str = ""
    path: str = ""
    line: int = 0
    settings: dict[str, Setting] = field(default_factory=dict)
    sections: dict[tuple[str, str], "Section"] = field(default_factory=dict)
    lists: dict[str, dict[str, Setting]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    """lists that were set as a whole, so that the default counts no more"""

    def of(self, *kinds: str) -> tuple["Section", ...]:
        """Its blocks of these kinds, in order."""
        return tuple(s for s in self.sections.values() if s.kind in kinds)

    def get(self, name: str) -> Setting | None:
        """A setting of this block by its short name."""
        return self.settings.get(f"{self.kind}_{name}") or self.settings.get(name)

    def value(self, name: str, default: str = "") -> str:
        """Its value."""
        found = self.get(name)
        return found.value if found else default

    @property
    def title(self) -> str:
        """As its first line has it."""
        return f"{self.kind} {self.name}".strip()

    @property
    def evidence(self) -> Evidence:
        """Where it begins."""
        return Evidence(f"{self.path}:{self.line}", f"{self.title} {{")


@dataclass(slots=True)
class _Open:
    """A block that has not been closed. `list`: the name of the list that it is, empty where it is none."""

    section: Section
    path: str
    line: int
    parent: "_Open | None" = None
    list: str = ""
    passed_over: bool = False


@dataclass(slots=True)
class Tree:
    """What was read: the top, problems in the order in which they were met, files in the order in which they were
    included. `config_version`: dovecot_config_version, empty where it is not set."""

    minor: int
    top: Section = field(default_factory=Section)
    problems: list[Problem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    config_version: str = ""
    cut: str = ""
    """what was not read, where there was too much"""


def includes(text: str) -> Iterator[tuple[str, bool]]:
    """What a file includes, as it is written, and whether it must be there: for whoever fetches the files."""
    for line in lines(text, 3):
        if line.kind in ("include", "include_try"):
            yield line.value, line.kind == "include"


def beside(path: str, name: str) -> str:
    """A name in a file with this path: relative to its folder."""
    return name if name.startswith("/") else f"{path.rpartition('/')[0]}/{name}"


_BRACES = re.compile(r"\{([^{}]*)\}")
_CHOICES = 200


def patterns(glob: str) -> list[str]:
    """A pattern with braces as patterns without (GLOB_BRACE of glob(3))."""
    todo, done = [glob], list[str]()
    while todo and len(todo) + len(done) < _CHOICES:
        one = todo.pop(0)
        m = _BRACES.search(one)
        if m is None or m[1] == "":
            done.append(one)
        else:
            todo += (f"{one[: m.start()]}{choice}{one[m.end() :]}" for choice in m[1].split(","))
    return done


def matching(glob: str, paths: Mapping[str, object]) -> list[str]:
    """Which of these paths a pattern names, in the order of glob(3); a `*` matches no `/`, and no `.` that begins a
    name."""
    found: list[str] = []
    for one in patterns(glob):
        one = posixpath.normpath(one)
        if not re.search(r"[*?\[]", one):
            found += [one] if one in paths else []
            continue
        depth = one.count("/")
        found += sorted(
            path
            for path in paths
            if path.count("/") == depth
            and all(
                fnmatchcase(part, wanted) and (part[:1] != "." or wanted[:1] == ".")
                for part, wanted in zip(path.split("/"), one.split("/"), strict=True)
            )
        )
    return found


_NUMBERS = ("number", "time", "size", "octal")
"""Kinds of settings whose value is a number (settings-parser.c)."""


class Reader:
    """Reads the main file and all that it includes. `files`: their text by path; `unread`: paths that are there and
    could not be read."""

    def __init__(self, files: Mapping[str, str], unread: Mapping[str, str], minor: int) -> None:
        self._files, self._unread = files, unread
        self.tree = Tree(minor)
        self._known: Mapping[str, Kind] = OF_2_4
        self._opened, self._left, self._blocks = 0, _LINES, 0
        self._open = _Open(self.tree.top, "", 0)
        self._storage = False

    def read(self, main: str) -> Tree:
        """The whole configuration."""
        tree = self.tree
        stack: list[tuple[str, Iterator[Line]]] = [(main, lines(self._files.get(main, ""), tree.minor))]
        tree.files.append(main)
        while stack:
            path, rest = stack[-1]
            line = next(rest, None)
            if line is None:
                stack.pop()
                continue
            self._left -= 1
            if self._left < 0:
                tree.cut = f"more than {_LINES:,} lines"
                break
            if line.kind in ("include", "include_try"):
                included = self._included(path, line, [p for p, _ in stack])
                stack += ((found, lines(self._files[found], tree.minor)) for found in reversed(included))
                tree.files += included
                continue
            self._take(path, line)
        self._finish(main)
        return tree

    # ---- what stands where

    def _problem(self, kind: ProblemKind, text: str, path: str, line: int, subject: str = "") -> None:
        if len(self.tree.problems) < PROBLEMS:
            self.tree.problems.append(Problem(kind, text[:500], path, line, subject[:200]))

    def _included(self, path: str, line: Line, chain: list[str]) -> list[str]:
        pattern = beside(path, line.value)
        self._version_is_first(path, line)
        found = matching(pattern, self._files)
        must = line.kind == "include"
        if not found:
            unread = matching(pattern, self._unread)
            if must and not unread:
                self._problem("no-match", "No matches", path, line.number, pattern)
            return []
        for one in [f for f in found if f in chain]:
            self._problem("recursive", f"Recursive include file: {one}", path, line.number, one)
            found.remove(one)
        self._opened += len(found)
        if self._opened > _OPENED:
            self.tree.cut = f"more than {_OPENED:,} included files"
            return []
        return found

    def _version_is_first(self, path: str, line: Line) -> None:
        """2.4: nothing may stand before dovecot_config_version (config_parser_get_version())."""
        if self.tree.config_version or self.tree.minor < 4 or any(p.kind == "version" for p in self.tree.problems):
            return
        self._problem("version", "The first setting must be dovecot_config_version", path, line.number, line.key)

    def _take(self, path: str, line: Line) -> None:
        if line.kind == "error":
            self._problem("syntax", line.value, path, line.number, line.key)
            if line.value.startswith("Garbage"):
                self._begin(path, line, known=False)
            return
        if self.tree.minor > 3:
            if line.key == "dovecot_config_version" and line.kind == "value":
                self._version(path, line)
                return
            self._version_is_first(path, line)
        if line.kind == "end":
            if self._open.parent is None:
                self._problem("syntax", "Unexpected '}'", path, line.number)
            else:
                self._open, self._blocks = self._open.parent, self._blocks - 1
        elif line.kind in ("begin", "group"):
            self._begin(path, line)
        elif not self._open.passed_over:
            self._set(path, line)

    def _version(self, path: str, line: Line) -> None:
        if self.tree.config_version and self.tree.config_version != line.value:
            words = "dovecot_config_version value can't be changed once set"
            self._problem("version", words, path, line.number, line.key)
        self.tree.config_version = self.tree.config_version or line.value or "?"
        self._open.section.settings[line.key] = Setting(line.value, _written(line), path, line.number)

    # ---- blocks

    def _begin(self, path: str, line: Line, known: bool = True) -> None:
        parent = self._open
        self._blocks += 1
        if self._blocks > _DEEPEST:
            self.tree.cut = f"blocks more than {_DEEPEST} deep"
            known = False
        if not known or parent.passed_over:
            self._open = _Open(Section(), path, line.number, parent, passed_over=True)
            return
        self._open = (self._begin_new if self.tree.minor > 3 else self._begin_old)(path, line, parent)

    def _begin_old(self, path: str, line: Line, parent: _Open) -> _Open:
        section, key = parent.section, line.key
        inside = "" if section.kind in _SCOPES else section.kind
        if key in _SCOPES and not inside:
            return _Open(_child(section, key, line.value, path, line.number), path, line.number, parent)
        if key not in _BLOCKS.get(inside, ()):
            whole = " { ".join([*_names(parent), key])
            if key not in OF_2_3[""] or inside:
                self._problem("unknown", f"Unknown setting: {whole}", path, line.number, key)
            return _Open(Section(key), path, line.number, parent, passed_over=True)
        if self._is_of_auth(parent, key):
            self._of_auth(path, line)
        name = line.value or ("" if key in _ANY else str(len(section.sections)))
        return _Open(_child(section, key, name, path, line.number), path, line.number, parent)

    def _begin_new(self, path: str, line: Line, parent: _Open) -> _Open:
        section, key = parent.section, line.key
        if line.kind == "group" or key in _SCOPES:
            kind = f"group {key}" if line.kind == "group" else key
            return _Open(_child(section, kind, line.value, path, line.number), path, line.number, parent)
        for longer in (f"{section.kind}_{section.name}_{key}", f"{section.kind}_{key}") if section.kind else ():
            if self._known.get(longer, "filter") != "filter":
                key = longer
                break
        kind_of = self._known.get(key)
        if kind_of in ("boollist", "strlist"):
            return _Open(section, path, line.number, parent, list=key)
        if kind_of == "array" and not line.value and not line.quoted:
            words = f"{key} {{ }} is missing section name"
            self._problem("generation" if key in _BLOCKS[""] else "syntax", words, path, line.number, key)
        elif kind_of == "filter" and line.value:
            words = f"{key} {{ }} must not have a section name"
            self._problem("syntax", words, path, line.number, key)
        elif kind_of not in ("array", "filter"):
            if kind_of is None and key.partition("_")[0] not in _OF_PLUGINS:
                words = f"Unknown section name: {key}"
                self._problem("unknown", words, path, line.number, key)
            return _Open(Section(key), path, line.number, parent, passed_over=True)
        name = line.value if line.value or kind_of == "filter" else str(len(section.sections))
        return _Open(_child(section, key, name, path, line.number), path, line.number, parent)

    # ---- settings

    def _set(self, path: str, line: Line) -> None:
        place = self._open
        section, key = place.section, line.key
        if place.list:
            members = section.lists.setdefault(place.list, {})
            members[key] = Setting(line.value, _written(line), path, line.number)
            return
        if self.tree.minor > 3:
            home, key, kind = self._resolved(place, key)
        else:
            home, kind = section, self._kind_of_old(section, key)
        if kind is None:
            self._unknown(path, line)
            return
        if self._is_of_auth(place, key):
            self._of_auth(path, line)
            return
        value, file = line.value, ""
        if line.kind == "file":
            value, file = "", beside(path, line.value)
        elif line.kind == "variable":
            value = self._filled(place, key, line.value)
            # in a text it stays as it is written, and only what reads the text may mind
            if kind in _NUMBERS and (unknown := self._unknown_variable(place, line.value)):
                self._problem("unknown", f"Unknown variable: {unknown}", path, line.number, unknown)
        setting = Setting(value, _written(line), path, line.number, file)
        if kind == "boollist":
            self._whole_list(home, key, setting)
        elif kind in ("filter", "array", "strlist") and value:
            words = {
                "filter": f"Setting is a named filter, use '{key} {{'",
                "array": f"Setting is a named list filter, use '{key} {value} {{'",
            }.get(kind, f"Setting is a string list, use '{key} {{'")
            self._problem("value", f"{line.key}: {words}", path, line.number, line.key)
            return
        elif line.kind != "file" and (words := _refused(kind, value, self.tree.minor)):
            text = words if self.tree.minor < 4 else f"{line.key}: {words}"
            self._problem("value", text, path, line.number, line.key)
        home.settings[key] = setting

    @staticmethod
    def _is_of_auth(place: _Open, key: str) -> bool:
        """Whether a setting of the auth service stands in a block for some addresses."""
        if key not in _OF_AUTH and (key[:5] != "auth_" or key == "auth_socket_path"):
            return False
        at: _Open | None = place
        while at is not None and at.section.kind not in _BY_ADDRESS:
            at = at.parent
        return at is not None

    def _of_auth(self, path: str, line: Line) -> None:
        words = f"Auth settings not supported inside local/remote blocks: {line.key}"
        self._problem("syntax", words if self.tree.minor < 4 else f"{line.key}: {words}", path, line.number, line.key)

    def _kind_of_old(self, section: Section, key: str) -> Kind | None:
        if section.kind in _ANY:
            return "text"
        kind = "" if section.kind in _SCOPES else section.kind
        return OF_2_3.get("unix_listener" if kind == "fifo_listener" else kind, {}).get(key)

    def _resolved(self, place: _Open, key: str) -> tuple[Section, str, Kind | None]:
        """Where a setting of 2.4 belongs, its whole name and its kind (config_apply_line_full())."""
        section, head = place.section, key.partition("/")[0]
        kind = section.kind.removeprefix("group @") if section.kind.startswith("group ") else section.kind
        if kind and section.kind not in _SCOPES:
            if self._known.get(section.kind) != "filter":
                long = f"{kind}_{section.name}_{head}"
                if self._known.get(long, "filter") != "filter":
                    return section, long, self._known[long]
                long = f"{kind}_{head}"
                if self._known.get(long, "filter") != "filter":
                    return section, long, self._known[long]
            else:
                outer = place.parent.section if place.parent else section
                long = head if head.startswith(f"{kind}_") else f"{kind}_{head}"
                if self._known.get(long, "filter") != "filter":
                    return outer, long, self._known[long]
        if head != key and self._known.get(head) in ("boollist", "strlist"):
            return section, key, "text"
        free = key[:1] == "@" or key.partition("_")[0] in _OF_PLUGINS
        return section, key, self._known.get(key) or ("text" if free else None)

    def _unknown(self, path: str, line: Line) -> None:
        key = line.key
        if self.tree.minor < 4 and key in ("dovecot_config_version", "dovecot_storage_version"):
            self._problem("generation", f"Unknown setting: {key}", path, line.number, key)
            return
        names = _names(self._open)
        if self.tree.minor > 3:
            of_old = key in OF_2_3[""] or any(key in OF_2_3.get(s, {}) for s in names)
            kind: ProblemKind = "generation" if of_old else "unknown"
            self._problem(kind, f"{key}: Unknown setting: {key}", path, line.number, key)
            return
        kind = "generation" if key in OF_2_4 and key not in OF_2_3[""] and not names else "unknown"
        whole = " { ".join([*names, key])
        self._problem(kind, f"Unknown setting: {whole}", path, line.number, key)

    def _whole_list(self, home: Section, key: str, setting: Setting) -> None:
        home.whole.add(key)
        home.lists[key] = {
            word: Setting("yes", setting.written, setting.path, setting.line) for word in words_of(setting.value)
        }

    def _filled(self, place: _Open, key: str, text: str) -> str:
        """`$name` of 2.3, `$SET:name` of 2.4: what the setting is so far, here or where this block stands."""
        parts: list[str] = []
        for word in re.split(r"( +)", text):
            sign = "$SET:" if self.tree.minor > 3 else "$"
            if word.startswith("$ENV:"):
                continue
            name = word[len(sign) :] if word.startswith(sign) else ""
            parts.append(self._so_far(place, name) if name in self._known or name in OF_2_3[""] else word)
        return "".join(parts)[:65536]

    def _unknown_variable(self, place: _Open | None, text: str) -> str:
        """2.3: a `$name` that is no setting, of which Dovecot says nothing good (config_get_value()); empty where there
        is none. What a plug-in brings may be known to it."""
        names = re.findall(r"(?<!\S)\$([A-Za-z][A-Za-z0-9_]*)(?!\S)", text) if self.tree.minor < 4 else []
        for name in (n for n in names if n not in OF_2_3[""] and n.partition("_")[0] not in _OF_PLUGINS):
            at = place
            while at is not None and name not in at.section.settings and name not in OF_2_3.get(at.section.kind, {}):
                at = at.parent
            if at is None:
                return f"${name}"
        return ""

    def _so_far(self, place: _Open | None, name: str) -> str:
        while place is not None:
            if name in place.section.settings:
                return place.section.settings[name].value
            place = place.parent
        return default(name, self.tree.minor)

    # ---- at the end

    def _finish(self, main: str) -> None:
        tree = self.tree
        if self._open.parent is not None and not tree.cut:
            place = self._open
            words = f"Missing '}}' (section started at {place.path}:{place.line})"
            self._problem("unclosed", words, place.path, place.line, place.section.title)
        if tree.minor > 3 and not tree.config_version and not tree.problems:
            words = "The first setting must be dovecot_config_version"
            self._problem("version", words, main, 0, "dovecot_config_version")
        if tree.minor > 3 and tree.config_version and "dovecot_storage_version" not in tree.top.settings:
            words = "dovecot_storage_version setting must be set"
            self._problem("storage", words, main, 0, "dovecot_storage_version")


def _names(place: _Open | None) -> list[str]:
    """The kinds of the blocks round a place, scopes left out, the outermost first."""
    found: list[str] = []
    while place is not None:
        if place.section.kind and place.section.kind not in _SCOPES:
            found.append(place.section.kind)
        place = place.parent
    return found[::-1]


def _child(section: Section, kind: str, name: str, path: str, line: int) -> Section:
    return section.sections.setdefault((kind, name), Section(kind, name, path, line))


def _written(line: Line) -> str:
    sign = "<" if line.kind == "file" else ""
    return f"{line.key} = {sign}{line.value}"[:2000]


_WORD_OF_LIST = re.compile(r'"((?:\\.|[^"\\])*)"|([^\s,]+)')


def words_of(value: str) -> list[str]:
    """The members of a list that is written in one line."""
    return [re.sub(r"\\(.)", r"\1", m[1]) if m[1] is not None else m[2] for m in _WORD_OF_LIST.finditer(value)]


_TIME = re.compile(
    r"(\d{1,20}) *(|s|se|sec|secs|seco|secon|second|seconds|m|mi|min|mins|minu|minut|minute|minutes|h|ho|hou|hour|hours"
    r"|d|da|day|days|w|we|wee|week|weeks|ms|mse|msec|msecs|millisecs|milliseconds|mseconds)",
    re.IGNORECASE,
)
_SIZE = re.compile(r"\d{1,20} *(?:|B|[KMGT]I?B?)", re.IGNORECASE)


def _refused(kind: Kind, value: str, minor: int) -> str:
    """What Dovecot says to a value that cannot be meant; empty where it takes it (lib-settings/settings-parser.c)."""
    if "%{" in value or "$" in value:
        return ""
    if minor > 3 and value == "unlimited" and kind in ("number", "octal", "time", "size"):
        return ""
    if kind == "bool" and value.lower() not in ("yes", "y", "no") and value != "1":
        return f"Invalid boolean value: {value} (use yes or no)"
    if kind in ("number", "octal") and not re.fullmatch(r"[0-9]{1,20}", value):
        return f"Invalid number {value}"
    if kind == "octal" and value[:1] == "0" and not re.fullmatch(r"[0-7]{1,20}", value):
        return f"Invalid number: {value}"
    if kind == "time":
        m = _TIME.fullmatch(value)
        if m is None:
            return f"Invalid time interval: {value}"
        if not m[2] and int(m[1]):
            return f"Time interval '{value}' is missing units (add e.g. 's' for seconds)"
    if kind == "size" and not _SIZE.fullmatch(value):
        return f"Invalid size: {value}"
    return ""

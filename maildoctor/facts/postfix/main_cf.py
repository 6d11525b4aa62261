"""main.cf as Postfix reads it: the last setting of a name counts, `$name` is filled in when a value is used."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts import of_file
from maildoctor.model import Evidence

_REFERENCE = re.compile(r"\$(?:\$|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\}|\(([A-Za-z0-9_]+)\))")
_DEEPEST = 20
"""References within references that are followed; Postfix stops with an error beyond 100 (util/mac_expand.c)."""
_LONGEST = 64 * 1024
"""Characters of a value that is filled in."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value as written, continuation lines joined, and the number of its first line, from 1."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class PostfixMain:
    """The whole file. Source: util/readlline.c for lines, global/mail_conf.c for values."""

    path: str
    parameters: Mapping[str, Parameter]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read any text; a first line `# path: /etc/postfix/main.cf` names the file and is not counted."""
        path, body = of_file(text, "/etc/postfix/main.cf")
        found: dict[str, Parameter] = {}
        for number, line in logical_lines(body):
            name, equals, setting = line.partition("=")
            if equals and (name := name.rstrip()):
                found[name] = Parameter(" ".join(setting.split()), number)
        return cls(path, found)

    def value(
        self,
        name: str,
        default: str = "",
        overrides: Mapping[str, str] | None = None,
        defaults: Callable[[str], str] = lambda _: "",
    ) -> str:
        """A parameter with all references filled in; `overrides` are those of a service in master.cf (`-o`),
        `defaults` what is compiled in for the parameters that are referred to."""
        overrides = overrides or {}
        return self._filled(overrides[name] if name in overrides else self._raw(name, default), overrides, defaults)

    def is_yes(self, name: str, overrides: Mapping[str, str] | None = None) -> bool:
        """A yes-or-no parameter whose default is no."""
        return self.value(name, "no", overrides).lower() == "yes"

    def evidence(self, name: str) -> Evidence:
        """The line that sets it, or that none does."""
        found = self.parameters.get(name)
        if found is None:
            return Evidence(self.path, f"no {name}: the default applies")
        return Evidence(f"{self.path}:{found.line}", f"{name} = {found.value}")

    def _raw(self, name: str, default: str = "") -> str:
        found = self.parameters.get(name)
        return found.value if found else default

    def _filled(self, text: str, overrides: Mapping[str, str], defaults: Callable[[str], str]) -> str:
        """Each name is filled in once, however often it is referred to, and no more than `_LONGEST` characters."""
        known: dict[str, str] = {}
        open_names: list[str] = []

        def named(name: str) -> str:
            if name in known:
                return known[name]
            if name in open_names or len(open_names) >= _DEEPEST:
                return ""
            open_names.append(name)
            known[name] = filled(overrides[name] if name in overrides else self._raw(name, defaults(name)))
            open_names.pop()
            return known[name]

        def filled(text: str) -> str:
            parts, left, at = list[str](), _LONGEST, 0
            for reference in _REFERENCE.finditer(text):
                name = reference[1] or reference[2] or reference[3]
                for part in (text[at : reference.start()], "$" if name is None else named(name)):
                    parts.append(part[:left])
                    left -= len(parts[-1])
                at = reference.end()
                if not left:
                    return "".join(parts)
            return "".join([*parts, text[at:]])[:_LONGEST]

        return filled(text) if "$" in text else text


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with something in them and their number: one that begins with white space continues the one before;
    comments and empty lines between belong to nobody (util/readlline.c)."""
    start, parts = 0, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if line[0] in " \t" and parts:
            parts.append(bare)
            continue
        if parts:
            yield start, " ".join(parts)
        start, parts = number, [bare]
    if parts:
        yield start, " ".join(parts)

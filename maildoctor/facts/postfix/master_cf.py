"""master.cf: the services of Postfix, each with its parameters of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts import of_file
from maildoctor.facts.postfix.main_cf import logical_lines

_FIELDS = 8
"""service, type, private, unprivileged, chroot, wake-up, process limit, command (master/master_ent.c)."""


@dataclass(frozen=True, slots=True)
class PostfixService:
    """One line. `name`: `smtp`, `submission`, `192.0.2.1:587`; `chroot`: `y`, `n` or `-`; `options`: those of `-o`."""

    name: str
    kind: str
    chroot: str
    command: str
    options: Mapping[str, str]
    line: int


@dataclass(frozen=True, slots=True)
class PostfixMaster:
    """The whole file. Text: that of master.cf, a first line `# path: /etc/postfix/master.cf` names the file and is not
    counted."""

    path: str
    services: tuple[PostfixService, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Lines with too few fields are no service (Postfix refuses to start on them)."""
        path, body = of_file(text, "/etc/postfix/master.cf")
        return cls(
            path,
            tuple(
                PostfixService(words[0], words[1], words[4], words[7], _options(words[8:]), number)
                for number, line in logical_lines(body)
                if len(words := line.split()) >= _FIELDS
            ),
        )

    @property
    def smtpd(self) -> tuple[PostfixService, ...]:
        """Services that take mail by SMTP from the network."""
        return tuple(s for s in self.services if s.kind == "inet" and s.command == "smtpd")


def _options(words: list[str]) -> dict[str, str]:
    """`-o name=value` and `-oname=value`; `{ name = value }` of 3.0 too. Others (`-v`) are of no matter here."""
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-o"):
            continue
        setting = word[2:] or next(rest, "")
        if setting.startswith("{"):
            while not setting.endswith("}") and (more := next(rest, "")):
                setting += f" {more}"
            setting = setting.strip("{}")
        name, _, value = setting.partition("=")
        found[name.strip()] = value.strip()
    return found

"""Under which names users tried to log in, whole, as the mail server's log has them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts import of_file
from maildoctor.model import Evidence

_NAMES = 200
_FAILED = re.compile(
    r": SASL (?P<mech>[\w-]{1,20}) authentication failed:.{0,300}, sasl_username=(?P<name>[^\s,]{1,200})$"
    r"|(?P<by>[\w-]{1,40}) authenticator failed for .{1,300}\(set_id=(?P<id>[^)]{1,200})\)$"
)
_FROM = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]: SASL ")
_DONE = re.compile(r", sasl_method=[\w-]{1,20}, sasl_username=(?P<name>[^\s,]{1,200})")


@dataclass(frozen=True, slots=True)
class TriedNames:
    """Text: lines of a mail log; a first line `# path: /var/log/mail.log` names it. `failed`: the last line of each
    name that was refused and was not let in later."""

    path: str
    failed: Mapping[str, str]
    let_in: frozenset[str]
    guessing: bool
    """more names were tried than any company has typists"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines; others are passed over."""
        path, rest = of_file(text, "the log")
        failed: dict[str, str] = {}
        let_in: set[str] = set()
        more = False
        for line in rest.split("\n"):
            line = line.rstrip()[:2000]
            if "authenticat" in line and (m := _FAILED.search(line)):
                name = m["name"] or m["id"]
                if name.startswith("("):
                    continue  # smtpd_sasl_glue.c: (unavailable), where no name was told
                if name in failed or len(failed) < _NAMES:
                    failed[name] = line[:300]
                else:
                    more = True
            elif "sasl_method=" in line and (m := _DONE.search(line)) and len(let_in) < _NAMES:
                failed.pop(m["name"], None)
                let_in.add(m["name"])
        return cls(path, failed, frozenset(let_in), more or len(failed) > _NAMES // 4)

    def address(self, name: str) -> str:
        """Whence it was refused last; empty where the line does not say."""
        found = _FROM.search(self.failed.get(name, ""))
        return found[1] if found else ""

    def evidence(self, name: str) -> Evidence:
        """The last line about it."""
        return Evidence(self.path, self.failed.get(name, ""))

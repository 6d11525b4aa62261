"""Where glibc looks up users and groups: /etc/nsswitch.conf, and which of its modules are installed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

_ACTION = re.compile(r"\[[^\]]{0,200}\]")

DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "passwd": ("files",),
    "group": ("files",),
    "shadow": ("files",),
}
"""What applies to a database that the file does not name (glibc: nss/nss_database.c; older ones ask nis too)."""


@dataclass(frozen=True, slots=True)
class Database:
    """One line: the services that are asked, in order; `line` is 0 where the file does not name it."""

    name: str
    services: tuple[str, ...]
    line: int
    written: str


@dataclass(frozen=True, slots=True)
class NameSwitch:
    """Text: the file; then `>> missing: NAME` for each service whose module (libnss_NAME.so.2) is not installed."""

    databases: Mapping[str, Database]
    missing: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above. Of several lines for one database the last counts (nss_database.c)."""
        body, _, rest = text.partition("\n>> ")
        found = {name: Database(name, services, 0, "") for name, services in DEFAULTS.items()}
        for number, line in enumerate(body.splitlines(), 1):
            words = line.partition("#")[0].strip()
            name, colon, services = words.partition(":")
            if colon and (name := name.strip().lower()) in found:
                found[name] = Database(name, tuple(_ACTION.sub(" ", services).split()), number, words)
        return cls(found, frozenset(re.findall(r"(?m)^(?:>> )?missing: (\S{1,100})$", rest)))

    def works(self, name: str) -> tuple[str, ...]:
        """The services of a database that can be asked."""
        return tuple(s for s in self.databases[name].services if s not in self.missing)

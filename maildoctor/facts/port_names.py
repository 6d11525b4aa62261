"""Names of TCP ports by /etc/services."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts import of_file


@dataclass(frozen=True, slots=True)
class PortNames:
    """Text: /etc/services; a first line `# path: PATH` names it. `missing: PATH` where there is no such file."""

    path: str
    missing: bool
    ports: Mapping[str, int]
    """of TCP alone, aliases too"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the file; lines that are none of its form are passed over."""
        path, body = of_file(text, "/etc/services")
        ports: dict[str, int] = {}
        for line in body.splitlines():
            words = line.partition("#")[0].split()
            number, slash, protocol = words[1].partition("/") if len(words) > 1 else ("", "", "")
            if slash and protocol == "tcp" and number.isascii() and number.isdecimal() and len(number) < 6:
                for name in (words[0], *words[2:]):
                    ports.setdefault(name, int(number))
        return cls(path, body.startswith("missing: "), ports)

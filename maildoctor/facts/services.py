"""Which mail servers are installed, and who holds the ports."""

import re
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.processes import Listener, Listeners

_PROGRAMS = {
    "sendmail": ("sendmail", "sm-mta"),
    "postfix": ("master", "smtpd", "postscreen"),
}
"""What the programs that listen are called, by product."""


@dataclass(frozen=True, slots=True)
class Services:
    """Text: `service: sendmail`, a line for each mail server whose configuration and program are there."""

    products: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        return cls(tuple(re.findall(r"(?m)^service: ([a-z0-9-]{1,40})$", text)))

    @property
    def smtp(self) -> tuple[str, ...]:
        """Those that would take mail by SMTP."""
        return tuple(p for p in self.products if p in _PROGRAMS)

    def holder(self, port: int, listeners: Listeners) -> tuple[str, Listener] | None:
        """Which of them listens on a port, and the socket; None where none of them does."""
        for socket in listeners.on(port):
            for product in self.smtp:
                if socket.program.startswith(_PROGRAMS[product]):
                    return product, socket
        return None

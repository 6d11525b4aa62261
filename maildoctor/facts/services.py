"""Which mail servers are installed, what checks passwords beside them, and who holds the ports."""

import re
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.processes import Listener, Listeners

_PROGRAMS = {
    "sendmail": ("sendmail", "sm-mta"),
    "postfix": ("master", "smtpd", "postscreen"),
}
"""What the programs that listen are called, by product."""
_PORTS = (25, 465, 587)


@dataclass(frozen=True, slots=True)
class Services:
    """Text: `service: sendmail`, a line for each mail server whose configuration and program are there; `beside:
    dovecot`, one for each of dovecot and saslauthd that is installed."""

    products: tuple[str, ...]
    beside: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        found = re.findall(r"(?m)^(service|beside): ([a-z0-9-]{1,40})$", text)
        return cls(*(tuple(dict.fromkeys(n for key, n in found if key == kind)) for kind in ("service", "beside")))

    @property
    def smtp(self) -> tuple[str, ...]:
        """Those that would take mail by SMTP."""
        return tuple(p for p in self.products if p in _PROGRAMS)

    def idle(self, product: str, listeners: Listeners) -> bool:
        """Whether another mail server has the ports that this one would listen on."""
        holders = {held[0] for port in _PORTS if (held := self.holder(port, listeners))}
        return bool(holders) and product not in holders

    def holder(self, port: int, listeners: Listeners) -> tuple[str, Listener] | None:
        """Which of them listens on a port, and the socket; None where none of them does."""
        for socket in listeners.on(port):
            for product in self.smtp:
                if socket.program.startswith(_PROGRAMS[product]):
                    return product, socket
        return None

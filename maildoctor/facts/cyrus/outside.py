"""What libsasl would find at a login if its program did not work in a root of its own, as a chrooted smtpd does."""

from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look


@dataclass(frozen=True, slots=True)
class Outside:
    """Text: `ls -ld` lines of the user database and of saslauthd's socket, where they are outside of that root."""

    sasldb: Look | None
    socket: Look | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above; the first of each kind counts."""
        files = [x for x in map(Look.parse, text.splitlines()) if x]
        return cls(next((x for x in files if x.kind == "-"), None), next((x for x in files if x.kind == "s"), None))

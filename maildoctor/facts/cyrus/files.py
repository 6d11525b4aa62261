"""Which files libsasl looks for as the application's configuration, and which it finds."""

import re
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class SaslFiles:
    """Text: `searched: /etc/sasl2` in libsasl's order, `found: /etc/sasl2/Sendmail.conf` for each copy in that order,
    `misnamed: /etc/sasl2/sendmail.conf` for one whose name differs only in case,
    `elsewhere: /etc/mail/Sendmail.conf` for one in a folder that is not searched."""

    searched: tuple[str, ...]
    found: tuple[str, ...]
    misnamed: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""

        def after(word: str) -> tuple[str, ...]:
            return tuple(re.findall(rf"(?m)^{word}: (/.*)$", text))

        return cls(after("searched"), after("found"), after("misnamed"), after("elsewhere"))

    @property
    def used(self) -> str:
        """The copy that wins; empty where there is none."""
        return self.found[0] if self.found else ""

    @property
    def shadowed(self) -> tuple[str, ...]:
        """Copies that are never read."""
        return self.found[1:]

"""Which files libsasl looks for as the application's configuration, and which it finds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class SaslFiles:
    """Text: `searched: /etc/sasl2` in libsasl's order, `found: /etc/sasl2/Sendmail.conf` for each copy in that order,
    `misnamed: /etc/sasl2/sendmail.conf` for one whose name differs only in case,
    `elsewhere: /etc/mail/Sendmail.conf` for one in a folder that is not searched,
    `says: /etc/sasl2/Sendmail.conf pwcheck_method: saslauthd` for what each of several copies sets."""

    searched: tuple[str, ...]
    found: tuple[str, ...]
    misnamed: tuple[str, ...]
    elsewhere: tuple[str, ...]
    says: Mapping[str, Mapping[str, str]]
    """what each of several copies sets, by its path"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""

        def after(word: str) -> tuple[str, ...]:
            return tuple(re.findall(rf"(?m)^{word}: (/.*)$", text))

        says: dict[str, dict[str, str]] = {}
        for path, option, value in re.findall(r"(?m)^says: (/\S*) ([\w-]{1,60}): ?(.*)$", text):
            says.setdefault(path, {})[option] = value.strip()
        return cls(after("searched"), after("found"), after("misnamed"), after("elsewhere"), says)

    @property
    def used(self) -> str:
        """The copy that wins; empty where there is none."""
        return self.found[0] if self.found else ""

    @property
    def shadowed(self) -> tuple[str, ...]:
        """Copies that are never read."""
        return self.found[1:]

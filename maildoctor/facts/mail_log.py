"""The lines about logins in the log that this host writes, as two facts are made of them."""

from dataclasses import dataclass
from typing import Self

from maildoctor.facts import of_file


@dataclass(frozen=True, slots=True)
class MailLog:
    """Text: lines of a mail log behind a first line `# path: /var/log/mail.log`."""

    path: str
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        return cls(*of_file(text, "the log"))

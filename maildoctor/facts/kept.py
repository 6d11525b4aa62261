"""Copies of a mail server's configuration from before AUTH was set up."""

from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look

FOLDERS = ("/etc/mail", "/etc/postfix", "/etc/dovecot", "/usr/local/etc/postfix", "/usr/local/etc/dovecot")
"""What is copied, by whatever mail server is here."""

SUFFIX = ".before-auth"
"""What is put behind the name of a folder for its copy."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Text: `ls -ld` lines of folders with a configuration, and of their copies, whose names end in `SUFFIX`."""

    folders: tuple[str, ...]
    copies: tuple[Look, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        found = [x for x in map(Look.parse, text.splitlines()) if x and x.kind == "d"]
        copies = tuple(x for x in found if x.path.endswith(SUFFIX))
        return cls(tuple(x.path for x in found if x not in copies), copies)

    def copy_of(self, folder: str) -> Look | None:
        """The copy of a folder; None where there is none."""
        return next((x for x in self.copies if x.path == folder + SUFFIX), None)

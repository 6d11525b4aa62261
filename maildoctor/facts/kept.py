"""Copies of a mail server's configuration from before AUTH was set up."""

from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look

FOLDERS = (
    "/etc/mail", "/etc/postfix", "/etc/dovecot", "/usr/local/etc/postfix", "/usr/local/etc/dovecot", "/etc/exim4",
    "/etc/exim", "/usr/local/etc/exim", "/etc/smtpd.conf", "/etc/smtpd/smtpd.conf", "/etc/opensmtpd/smtpd.conf",
    "/usr/local/etc/mail/smtpd.conf",
)  # fmt: skip
"""What is copied, by whatever mail server is here: folders, and the one file of OpenSMTPD."""

SUFFIX = ".before-auth"
"""What is put behind the name of a folder for its copy."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Text: `ls -ld` lines of folders or files with a configuration, and of their copies, whose names end in
    `SUFFIX`."""

    folders: tuple[str, ...]
    copies: tuple[Look, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        found = [x for x in map(Look.parse, text.splitlines()) if x and x.kind in "d-"]
        copies = tuple(x for x in found if x.path.endswith(SUFFIX))
        return cls(tuple(x.path for x in found if x not in copies), copies)

    def copy_of(self, folder: str) -> Look | None:
        """The copy of a folder; None where there is none."""
        return next((x for x in self.copies if x.path == folder + SUFFIX), None)

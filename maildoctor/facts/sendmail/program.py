"""The sendmail program: where it is, what it was built with, which libraries it needs, what it says of itself."""

import re
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look

_IDENTITY = re.compile(r"\$([wjmk]) = (\S+)")
_COMPLAINT = re.compile(r"(/\S+): line (\d{1,9}): (.+)")
_ASKED = "sendmail -d0.1 -bt </dev/null"
_NEEDED = re.compile(r"\t(\S+) => (.+)")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What sendmail says of a line of its configuration."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class SendmailProgram:
    """One sendmail program.

    Text: its `ls -l` line, what ldd says (`\\tlibsasl2.so.2 => /lib/…`), and what `sendmail -d0.1 -bt` prints.
    """

    look: Look | None
    version: str
    flags: frozenset[str]
    """words after "Compiled with:", e.g. SASLv2 STARTTLS TCPWRAPPERS; empty where they could not be had"""
    libraries: frozenset[str]
    missing_libraries: tuple[str, ...]
    identity: dict[str, str]
    """what it says of itself: macros w (short name), j (canonical name), m (domain), k"""
    complaints: tuple[Complaint, ...]
    source: str
    """where version and flags come from"""
    named_by: str = _ASKED
    """where `identity` comes from: the program's own words, or the endpoint at which its daemon told its name"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        look, flags, compiled, version, source = None, set[str](), False, "", _ASKED
        named_by = _ASKED
        libraries: set[str] = set()
        missing: list[str] = []
        complaints: list[Complaint] = []
        for line in text.splitlines():
            if line.startswith("source: "):
                source = line.removeprefix("source: ")
            elif line.startswith("named by: "):
                named_by = line.removeprefix("named by: ")
            elif line.startswith("Version "):
                version = line.removeprefix("Version ").strip().removeprefix("unknown")
            elif "Compiled with:" in line or (compiled and line.startswith("\t\t")):
                flags.update(line.rpartition("Compiled with:")[2].split())
                compiled = True
                continue
            elif m := _NEEDED.match(line):
                libraries.add(m[1])
                if m[2].strip() == "not found":
                    missing.append(m[1])
            elif m := _COMPLAINT.match(line):
                complaints.append(Complaint(m[1], int(m[2]), m[3]))
            look = look or Look.parse(line)
            compiled = False
        identity = {m[1]: m[2] for m in _IDENTITY.finditer(text)}
        return cls(
            look,
            version,
            frozenset(flags),
            frozenset(libraries),
            tuple(missing),
            identity,
            tuple(complaints),
            source,
            named_by,
        )

    @property
    def has_sasl(self) -> bool | None:
        """Whether it can do AUTH at all; None where neither its flags nor its libraries are known."""
        if self.flags:
            return bool(self.flags & {"SASL", "SASLv2"})
        if self.libraries:
            return any(name.startswith("libsasl") for name in self.libraries)
        return None

    @property
    def has_tls(self) -> bool | None:
        """Whether it can do STARTTLS; None where its flags are not known."""
        return "STARTTLS" in self.flags if self.flags else None

    @property
    def loads_whole_chain(self) -> bool | None:
        """Whether all certificates of ServerCertFile are sent, as Red Hat and Gentoo build it, or the first alone
        (tls.c, _FFR_TLS_USE_CERTIFICATE_CHAIN_FILE); None where that is not known."""
        return "_FFR_TLS_USE_CERTIFICATE_CHAIN_FILE" in self.flags if self.flags else None

    @property
    def asks_tcp_wrappers(self) -> bool:
        """Whether hosts.allow and hosts.deny count (conf.c, TCPWRAPPERS)."""
        return "TCPWRAPPERS" in self.flags or any(name.startswith("libwrap") for name in self.libraries)

    def at_least(self, release: str) -> bool | None:
        """Whether it is of this release or a later one; None where its release is not known, or nothing is here that
        can put releases in order."""
        try:
            from packaging.version import InvalidVersion, Version
        except ImportError:
            return None
        try:
            return Version(self.version) >= Version(release)
        except InvalidVersion:
            return None

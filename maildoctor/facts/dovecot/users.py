"""The passwd-files that Dovecot looks passwords up in: who is in them, and how the passwords are stored."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Self

from maildoctor.facts.paths import Look, Paths, Trail
from maildoctor.model import Evidence

_BLOCK = re.compile(r"(?m)^>> file: (/\S.*)$\n?")

PLAIN_SCHEMES = frozenset({"PLAIN", "CLEAR", "CLEARTEXT", "PLAIN-TRUNC"})
WEAK = frozenset({
    "MD5", "MD5-CRYPT", "DES-CRYPT", "SMD5", "HMAC-MD5", "PLAIN-MD4", "PLAIN-MD5", "LDAP-MD5",
})  # fmt: skip
"""Schemes that 2.4 refuses without auth_allow_weak_schemes (lib-auth/password-scheme.c); of CRYPT the hashes of DES and
MD5 too."""
SERVED: Mapping[str, frozenset[str]] = {
    "CRAM-MD5": frozenset({"CRAM-MD5", "HMAC-MD5"}),
    "DIGEST-MD5": frozenset({"DIGEST-MD5"}),
    "SCRAM-SHA-1": frozenset({"SCRAM-SHA-1"}),
    "SCRAM-SHA-256": frozenset({"SCRAM-SHA-256"}),
    "SCRAM-SHA-1-PLUS": frozenset({"SCRAM-SHA-1"}),
    "SCRAM-SHA-256-PLUS": frozenset({"SCRAM-SHA-256"}),
    "APOP": frozenset(),
    "NTLM": frozenset({"NTLM", "LANMAN"}),
    "OTP": frozenset({"OTP"}),
}
"""What each challenge can be answered from besides the plain password (auth/password-scheme.c, auth/mech-*.c). PLAIN
and LOGIN can be verified against every scheme."""
_SCHEMES = frozenset({
    "MD5", "MD5-CRYPT", "SHA", "SHA1", "SHA256", "SHA512", "SMD5", "SSHA", "SSHA256", "SSHA512", "CRAM-MD5",
    "SCRAM-SHA-1", "SCRAM-SHA-256", "HMAC-MD5", "DIGEST-MD5", "PLAIN-MD4", "PLAIN-MD5", "LDAP-MD5", "OTP", "PBKDF2",
    "CRYPT", "DES-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "BLF-CRYPT", "ARGON2I", "ARGON2ID",
}) | PLAIN_SCHEMES  # fmt: skip
_OLD_SCHEMES = frozenset({"LANMAN", "NTLM", "SKEY", "RPA"})
"""What password_schemes_init() registers (auth/password-scheme.c), and what it did up to 2.3."""
_SINCE: Mapping[str, tuple[int, ...]] = {
    "SCRAM-SHA-1": (2, 2), "PBKDF2": (2, 3), "ARGON2I": (2, 3), "ARGON2ID": (2, 3), "SCRAM-SHA-256": (2, 3, 10),
}  # fmt: skip
_ENCODINGS = frozenset({"", "HEX", "B64", "BASE64"})
_DIGESTS = frozenset({
    "SHA", "SHA1", "SHA256", "SHA512", "SMD5", "SSHA", "SSHA256", "SSHA512", "PLAIN-MD5", "LDAP-MD5",
})  # fmt: skip
"""Schemes of a digest in hexadecimal or base64 (auth/password-scheme.c)."""
LABELS: Mapping[str, tuple[str, str]] = {"sha512": ("6", "SHA512-CRYPT"), "sha256": ("5", "SHA256-CRYPT")}
"""Shape of a hash -> what stands between its first dollar signs, and the scheme that it is of."""
_CRYPTED = ("des", "bsdi", "md5", "bcrypt", "sha256", "sha512", "yescrypt", "scrypt", "sha1", "sunmd5", "gost-yescrypt")
"""Shapes that are a hash of crypt(3), whatever is written before them."""


@dataclass(frozen=True, slots=True)
class DovecotUser:
    """One line: `scheme` as written, in capitals, empty where none is; `shape`: what the rest looks like, by
    `maildoctor.host.passwd_file`; `fields`: names of extra fields; `networks`: of allow_nets, None where it is not
    there."""

    name: str
    scheme: str
    shape: str
    fields: tuple[str, ...] = ()
    networks: tuple[str, ...] | None = None

    def is_let_in_from(self, address: str) -> bool:
        """Whether allow_nets has an address (auth/auth-request.c, auth_request_validate_networks()): a bare address is
        that host alone, what is no network matches nobody. True of an address that cannot be read."""
        try:
            client = ip_address(address)
        except ValueError:
            return True
        return self.networks is None or any(_holds(network, client) for network in self.networks)

    def is_known_scheme(self, default: str, version: tuple[int, ...]) -> bool:
        """Whether Dovecot knows the scheme of the password; `version`: empty where that is not known. Where it does
        not, every login of the user fails (auth/auth-request.c: Unknown scheme)."""
        scheme, _, encoding = (self.scheme or default).upper().partition(".")
        if scheme in _OLD_SCHEMES:
            return version[:2] < (2, 4)
        return scheme in _SCHEMES and encoding in _ENCODINGS and (not version or version >= _SINCE.get(scheme, ()))

    @property
    def is_crypted(self) -> bool:
        """Whether it looks like a hash of crypt(3)."""
        return self.shape in _CRYPTED

    @property
    def is_mislabelled(self) -> bool:
        """Whether a hash of crypt(3) has a scheme before it that takes a bare digest: SHA512 for SHA512-CRYPT."""
        return self.shape in LABELS and self.scheme.partition(".")[0] in _DIGESTS

    def stored(self, default: str) -> str:
        """The scheme as it counts, without the suffix of its encoding."""
        return (self.scheme or default).upper().partition(".")[0]

    def is_weak(self, default: str) -> bool:
        """Whether 2.4 refuses it unless auth_allow_weak_schemes is set."""
        scheme = self.stored(default)
        return scheme in WEAK or (scheme == "CRYPT" and self.shape in ("des", "bsdi", "md5"))

    def serves(self, mechanism: str, default: str) -> bool:
        """Whether this user can log in by a mechanism as far as the stored password goes."""
        if "nopassword" in self.fields or mechanism not in SERVED:
            return True
        if not self.is_known_scheme(default, ()):
            return True  # it serves none at all, which is another fault
        scheme = self.stored(default)
        return scheme in PLAIN_SCHEMES or scheme in SERVED[mechanism]


@dataclass(frozen=True, slots=True)
class PasswdFile:
    """One file. `users`: of several lines of a name the first, as Dovecot takes it (auth/db-passwd-file.c,
    passwd_file_add()); `repeated`: names of several lines; `reason`: why it could not be read; `lines_without`: lines
    that are no user."""

    path: str
    trail: Trail
    users: Mapping[str, DovecotUser]
    repeated: tuple[str, ...]
    lines_without: int
    reason: str = ""

    @property
    def file(self) -> Look | None:
        """The file itself, None where it is not there or could not be looked at."""
        return self.trail.file

    @property
    def missing(self) -> bool:
        """Whether it was looked for and is not there."""
        return self.file is None and not self.reason

    @property
    def evidence(self) -> Evidence:
        """How it lies there."""
        if self.file is not None:
            return self.file.evidence
        return Evidence(f"ls -ld {self.path}", self.reason or "No such file or directory")


@dataclass(frozen=True, slots=True)
class PasswdFiles:
    """Text: for each a line `>> file: PATH`, the `ls -ld` lines of its trail, `unseen: WHY` where it could not be read,
    and the lines that the door's `passwd-file` gives."""

    all: Mapping[str, PasswdFile]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        parts = _BLOCK.split(text)
        return cls({path: _file(path, body) for path, body in zip(parts[1::2], parts[2::2], strict=True)})

    def at(self, path: str) -> PasswdFile | None:
        """The one with this path; None where nobody looked."""
        return self.all.get(path)


def _file(path: str, body: str) -> PasswdFile:
    rows = body.split("\n")
    files = "\n".join(row for row in rows if "\t" not in row)
    trail = Paths.parse(f"{files}\n[configuration] {path}").trails[-1]
    reason = next((row.removeprefix("unseen: ") for row in rows if row.startswith("unseen: ")), "")
    without = re.search(r"(?m)^# lines without a user: (\d{1,9})$", files)
    found: dict[str, DovecotUser] = {}
    repeated: dict[str, None] = {}
    for user in _users(rows):
        if user.name in found:
            repeated[user.name] = None
        found.setdefault(user.name, user)
    return PasswdFile(path, trail, found, tuple(repeated), int(without[1]) if without else 0, reason)


def _users(rows: list[str]) -> Iterator[DovecotUser]:
    for row in rows:
        fields = row.split("\t")
        if len(fields) > 2:
            scheme = "" if fields[1] == "-" else fields[1].upper()
            extra = [w.partition("=") for w in fields[3].split()] if len(fields) > 3 else []
            networks = next((tuple(v.split(",")) for n, _, v in extra if n == "allow_nets" and v), None)
            yield DovecotUser(fields[0], scheme, fields[2], tuple(n for n, _, _ in extra), networks)


def _holds(network: str, client: IPv4Address | IPv6Address) -> bool:
    try:
        return client in ip_network(network.strip(), strict=False)
    except ValueError:
        return False

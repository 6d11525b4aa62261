"""Certificate, key and CA files that sendmail.cf names, and what stands in them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from maildoctor.facts import Unknown
from maildoctor.model import Evidence

_HEAD = re.compile(r"\[(certificate|key|CA|CA folder|CRL)\] (/.*)")

_MORE = re.compile(r"# more: ([\d,]{1,12}) certificates")
SOON = 14 * 86400.0
"""Seconds before its end from which a certificate should be renewed."""
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]{1,2}")
"""Names that c_rehash(1) gives."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate. Times are seconds since 1970; `names` are subjectAltName's, else the common name."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: float
    not_after: float
    public_key: str
    key: tuple[str, int] = ("", 0)
    """kind and bits of its key; `("", 0)` where it is not told"""
    cut: str = ""
    """what was left out of `names`, `only the first 1,000 of 5,000 names are told`; empty where nothing was"""

    def covers(self, *hosts: str) -> bool:
        """Whether a client that asked for one of these accepts it (RFC 6125: one `*` as the whole left-most label). Of
        a certificate with more names than are known nobody can say that it does not."""
        names = {n.lower().rstrip(".") for n in self.names}
        asked = (host.lower().rstrip(".") for host in hosts)
        return bool(self.cut) or any(host in names or "*." + host.partition(".")[2] in names for host in asked)

    def is_valid(self, now: float) -> bool:
        """Whether it is at that time, and for the next two weeks."""
        return bool(now) and self.not_before <= now < self.not_after - SOON

    @property
    def is_self_signed(self) -> bool:
        """Whether no authority signed it."""
        return self.subject == self.issuer

    @property
    def gap(self) -> Unknown | None:
        """Why it cannot be told that a name is not in it; None where it can."""
        return (
            Unknown(f"{self.subject}: {self.cut}", "look for the name by openssl x509 -noout -text")
            if self.cut
            else None
        )


@dataclass(frozen=True, slots=True)
class TlsFile:
    """One file. `state`: ok, missing, refused (permission denied), broken (cannot be used) or unread (we cannot)."""

    purpose: str
    path: str
    state: str
    reason: str
    certificates: tuple[Certificate, ...]
    public_key: str
    hashed: bool = False
    """a folder in which OpenSSL finds certificates, by names that are their digests"""
    more: tuple[str, ...] = ()
    """subjects of further certificates, of a file that holds many"""
    whole: bool = True
    """all certificates of the file are known, at least by their subjects"""
    key_behind: bool = False
    """a file of certificates has a private key, too, and it comes after the first of them"""

    def evidence(self, text: str) -> Evidence:
        """Words about this file."""
        return Evidence(self.path, text)


@dataclass(frozen=True, slots=True)
class Tls:
    """All TLS files of a configuration, and the clock they are judged by.

    Text: `now: 2026-11-22T06:00:00Z`, `served: NAME …`, then blocks that begin with `[certificate] /path` (or key, CA,
    CA folder, CRL) and hold what `openssl x509` would say, or one of `missing`, `refused: …`, `broken: …`, `unread: …`,
    `encrypted: …`.
    """

    now: float
    files: tuple[TlsFile, ...]
    served: tuple[str, ...]
    """names for which this host takes mail, by the files of class w (local-host-names)"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the blocks described above."""
        now, served, blocks = 0.0, list[str](), list[tuple[str, str, list[str]]]()
        for line in text.splitlines():
            if m := _HEAD.fullmatch(line):
                blocks.append((m[1], m[2], []))
            elif line.startswith("now: "):
                now = _seconds(line.removeprefix("now: "))
            elif line.startswith("served: "):
                served += line.partition("#")[0].split()[1:]
            elif blocks:
                blocks[-1][2].append(line)
        return cls(now, tuple(_file(*block) for block in blocks), tuple(served))

    def of(self, purpose: str) -> tuple[TlsFile, ...]:
        """The files of one purpose."""
        return tuple(f for f in self.files if f.purpose == purpose)

    def serves(self, *hosts: str) -> bool:
        """Whether all certificates and keys can be used: they are there, valid, fit each other, and are for one of
        these names, where there are any."""
        own = [f.certificates[0] for f in self.of("certificate") if f.certificates]
        keys = {f.public_key for f in self.of("key")}
        return all(f.state == "ok" for f in (*self.of("certificate"), *self.of("key"))) and all(
            c.is_valid(self.now) and c.public_key in keys and (not hosts or c.covers(*hosts)) for c in own
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, by the files that hold them."""

    path: str
    key: str
    certificate: Certificate
    is_private: bool = False
    """the file of the certificate holds a private key, too"""

    @property
    def evidence(self) -> Evidence:
        """Where it lies, for whom it is, and until when."""
        until = datetime.fromtimestamp(self.certificate.not_after, UTC).strftime("%Y-%m-%d")
        words = f"for {', '.join(self.certificate.names[:4])} until {until}; its key: {self.key}"
        return Evidence(self.path, words)


class SpareTls(Tls):
    """Certificates and keys that lie on the host and are not in use. Text as that of `Tls`, of files that can be used
    alone; `served` are the names by which clients may know this host."""

    def instead(self, used: Tls, path: str, key: str, *more: str) -> Pair | None:
        """What can take the place of the certificate at `path` and its `key`: valid at the time of `used`, for one of
        the host's names or of `more`, with its key. One of the two files may stay. What an authority signed comes
        first, then what keeps a file, then what is valid longest; what nobody signed is taken only where a file
        stays."""
        files = (*used.files, *self.files)
        keys: dict[str, str] = {}
        for file in sorted((f for f in files if f.purpose == "key" and f.public_key), key=lambda f: f.path != key):
            keys.setdefault(file.public_key, file.path)
        pairs = [
            Pair(f.path, keys[c.public_key], c, any(k.path == f.path and k.purpose == "key" for k in files))
            for f in files
            if f.purpose == "certificate"
            for c in f.certificates[:1]
            if c.public_key in keys and c.is_valid(used.now) and c.covers(*self.served, *more)
        ]

        def rank(pair: Pair) -> tuple[bool, int, float]:
            stays = (pair.path == path) + (pair.key == key)
            return not pair.certificate.is_self_signed, stays, pair.certificate.not_after

        fit = [p for p in pairs if (p.path, p.key) != (path, key) and max(rank(p)[:2])]
        return max(fit, key=rank, default=None)


def _file(purpose: str, path: str, lines: list[str]) -> TlsFile:
    first = lines[0] if lines else ""
    state, _, reason = first.partition(":")
    if state not in ("missing", "refused", "broken", "unread", "encrypted"):
        state, reason = "ok", ""
    keys = [line.removeprefix("public key: ") for line in lines if line.startswith("public key: ")]
    certificates = tuple(certificate_of(c.splitlines()) for c in "\n".join(lines).split("\n\n") if "not after:" in c)
    hashed = purpose == "CA folder" and any(map(_HASHED.fullmatch, lines))
    more = tuple(line.removeprefix("also: ") for line in lines if line.startswith("also: "))
    beyond = next((m[1] for m in map(_MORE.match, lines) if m), "0").replace(",", "")
    whole = int(beyond) == len(more)
    behind = "# key: behind the certificate" in lines
    return TlsFile(
        purpose, path, state, reason.strip(), certificates, keys[0] if keys else "", hashed, more, whole, behind
    )


def certificate_of(lines: list[str]) -> Certificate:
    """From the lines of one certificate: `subject: …`, `name: …`, `not after: …` and so on."""
    rows = [line.partition(": ")[::2] for line in lines]
    one = dict(rows)
    names = tuple(v for k, v in rows if k == "name") or tuple(v for k, v in rows if k == "common name")
    return Certificate(
        one.get("subject", ""),
        one.get("issuer", ""),
        names,
        _seconds(one.get("not before", "")),
        _seconds(one.get("not after", "")),
        one.get("public key", ""),
        _size(one.get("key", "")),
        one.get("# cut", ""),
    )


def _size(words: str) -> tuple[str, int]:
    m = re.fullmatch(r"(\w{1,20}) (\d{1,6}) bits", words)
    return (m[1], int(m[2])) if m else ("", 0)


def _seconds(stamp: str) -> float:
    try:
        return datetime.fromisoformat(stamp.strip()).timestamp()
    except ValueError:
        return 0.0

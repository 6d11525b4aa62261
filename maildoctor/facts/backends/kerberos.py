"""Kerberos on this host: the keytab that the service uses, whose keys are in it, and krb5.conf."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from maildoctor.facts.paths import Look
from maildoctor.model import Evidence

_KEY = re.compile(r"(\S{1,500}) kvno=([0-9]{1,10}) enctype=(\S{1,40}) written=([0-9]{1,11})")
_WEAK = re.compile(r"des-|des3-|arcfour-")

KeytabState = Literal["listed", "missing", "unreadable"]


_OF_THIS_HOST = re.compile(r"(?:(?:tcp|udp)/)?(?:127\.|localhost\b|\[?::1)")


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a keytab: never the key itself."""

    principal: str
    kvno: int
    enctype: str
    written: int

    @property
    def name(self) -> str:
        """Without the realm: `smtp/mail.example.com`."""
        return self.principal.rpartition("@")[0]

    @property
    def realm(self) -> str:
        """Behind the `@`."""
        return self.principal.rpartition("@")[2]

    @property
    def is_old(self) -> bool:
        """Of a kind that MIT's krb5 has no more (DES, since 1.18) or refuses unless it is told to (RC4, 3DES: 1.21)."""
        return bool(_WEAK.match(self.enctype))


_STRONGEST_FIRST = (
    "aes256-cts-hmac-sha384-192", "aes256-cts-hmac-sha1-96", "camellia256-cts-cmac", "aes128-cts-hmac-sha256-128",
    "aes128-cts-hmac-sha1-96", "camellia128-cts-cmac", "des3-cbc-sha1", "arcfour-hmac",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KdcAnswer:
    """What a KDC said of one principal. `refused`: why there was no answer; `code`: of its error, 0 where it gave a
    ticket; `ticket`: enctype and version of the key by which it made one, the version None where it does not tell;
    `keys`: enctypes of the keys that it has, the strongest first; `ahead`: seconds that its clock is before ours."""

    kdc: str
    principal: str
    refused: str
    code: int | None
    words: str
    ticket: tuple[str, int | None] | None
    keys: tuple[str, ...]
    ahead: int | None

    @property
    def is_known(self) -> bool:
        """Whether the principal exists: a ticket, or a question for a proof (KDC_ERR_PREAUTH_REQUIRED)."""
        return self.code in (0, 25)

    @property
    def evidence(self) -> Evidence:
        """What it said of the keys."""
        what = f"keys of {', '.join(self.keys)}" if self.keys else self.words or self.refused
        if self.ticket:
            what = "a ticket by a key of " + self.ticket[0] + (f", kvno {self.ticket[1]}" if self.ticket[1] else "")
        return Evidence(f"KDC {self.kdc}", f"{self.principal}: {what}")

    @property
    def key(self) -> tuple[str, int | None] | None:
        """The key that the service must have: that of the ticket, else the strongest one."""
        return self.ticket or ((self.keys[0], None) if self.keys else None)


@dataclass(frozen=True, slots=True)
class Kerberos:
    """Text: `>> keytab: PATH`, then the lines of the door's verb `keytab` (`PRINCIPAL kvno=N enctype=NAME
    written=SECONDS`) and the `ls -ld` line; `>> missing` or `>> unreadable: WHY` in their place; `>> by: TEXT` for what
    names that keytab; `>> verify: SERVICE/HOST` for the key by which saslauthd -a kerberos5 makes sure of the KDC, the
    host empty where it is this one; `>> ask ADDRESS:PORT PRINCIPAL` and then what that KDC said, as the verb `kdc` has
    it; `>> krb5.conf: PATH` and then its lines."""

    path: str
    state: KeytabState
    reason: str
    keys: tuple[Key, ...]
    look: Look | None
    named_by: str
    verifies: str
    """`host/`, or what saslauthd's file names in its place; empty where saslauthd does not ask Kerberos"""
    conf: str
    """the path of krb5.conf, empty where there is none"""
    libdefaults: Mapping[str, str]
    kdcs: Mapping[str, tuple[str, ...]]
    """of each realm in [realms]"""
    asked: tuple[KdcAnswer, ...] = ()
    realms_of: Mapping[str, str] = field(default_factory=dict)
    """[domain_realm]: hosts, and domains with a dot before them, in lower case"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        head, _, conf = text.partition(">> krb5.conf:")
        marks = {m[1]: m[2].strip() for m in re.finditer(r"(?m)^>> (keytab|missing|unreadable|by|verify):?(.*)$", head)}
        path, _, lines = conf.partition("\n")
        libdefaults, kdcs, realms_of = _krb5_conf(lines)
        return cls(
            marks.get("keytab", ""),
            "missing" if "missing" in marks else "unreadable" if "unreadable" in marks else "listed",
            marks.get("unreadable", ""),
            tuple(Key(m[1], int(m[2]), m[3], int(m[4])) for m in map(_KEY.fullmatch, head.splitlines()) if m),
            next((x for x in map(Look.parse, head.splitlines()) if x), None),
            marks.get("by", ""),
            marks.get("verify", ""),
            path.strip(),
            libdefaults,
            kdcs,
            tuple(_asked(head)),
            realms_of,
        )

    @property
    def kdc_is_here(self) -> bool:
        """Whether krb5.conf names no other KDC of its realm than this host."""
        kdcs = self.kdcs.get(self.realm, ())
        return bool(kdcs) and all(_OF_THIS_HOST.match(kdc) for kdc in kdcs)

    def mapped(self, host: str) -> tuple[str, str]:
        """The line of [domain_realm] that counts for a host, and the realm in it: its own name, else the nearest domain
        above it (lib/krb5/os/hostrealm_profile.c); empty where there is none."""
        host = host.lower().rstrip(".")
        labels = host.split(".")
        names = [host]
        for at in range(1, len(labels)):
            rest = ".".join(labels[at:])
            names += [f".{rest}", rest]
        return next(((name, self.realms_of[name]) for name in names if name in self.realms_of), ("", ""))

    def of_service(self, service: str) -> tuple[Key, ...]:
        """The keys of `service/…`, whatever the host."""
        return tuple(k for k in self.keys if k.name.partition("/")[0] == service)

    def of_host(self, service: str, host: str) -> tuple[Key, ...]:
        """The keys of `service/host`; Kerberos has host names in lower case."""
        return tuple(k for k in self.of_service(service) if k.name.partition("/")[2] == host.lower().rstrip("."))

    @property
    def any_host(self) -> bool:
        """ignore_acceptor_hostname: the key of any host of the keytab will do."""
        return self.libdefaults.get("ignore_acceptor_hostname", "").lower() in ("true", "yes", "1", "y", "t", "on")

    @property
    def principals(self) -> tuple[str, ...]:
        """Whose keys are in it, each once."""
        return tuple(dict.fromkeys(k.principal for k in self.keys))

    @property
    def realm(self) -> str:
        """default_realm of krb5.conf."""
        return self.libdefaults.get("default_realm", "")

    def answered(self, service: str) -> tuple[KdcAnswer, ...]:
        """What KDCs said of principals of this service."""
        return tuple(a for a in self.asked if a.principal.partition("/")[0] == service)

    @property
    def skew(self) -> int:
        """Seconds by which clocks may differ (krb5.conf(5), clockskew)."""
        word = self.libdefaults.get("clockskew", "")
        return int(word) if re.fullmatch(r"[0-9]{1,6}", word) else 300

    def proof(self, service: str, host: str) -> Evidence | None:
        """That the keytab holds a key by which clients can recognize this very service."""
        keys = [k for k in self.of_host(service, host) if not k.is_old]
        if not keys:
            return None
        newest = max(keys, key=lambda k: k.kvno)
        return Evidence(f"klist -k {self.path}", f"{newest.principal} kvno {newest.kvno} ({newest.enctype})")


def _asked(text: str) -> Iterator[KdcAnswer]:
    for block in re.split(r"(?m)^>> ask ", text)[1:]:
        head, _, rest = block.partition("\n")
        m = re.fullmatch(r"(\S{1,300}) (\S{1,500})", head.strip())
        if m is None:
            continue
        lines = rest.partition("\n>> ")[0].splitlines()
        said = dict(line.split(": ", 1) for line in reversed(lines) if ": " in line)
        code = re.match(r"([0-9]{1,4})\b", said.get("answer", ""))
        keys = [k[1] for k in (re.fullmatch(r"key: (\S{1,40})", line.strip()) for line in lines) if k]
        ticket = re.fullmatch(r"(\S{1,40})(?: kvno=([0-9]{1,10}))?", said.get("ticket", ""))
        ahead = re.fullmatch(r"[+-][0-9]{1,12}", said.get("clock", ""))
        connect = said.get("connect", "")
        refused = "" if connect.endswith(" ok") else connect
        yield KdcAnswer(
            m[1],
            m[2],
            refused or said.get("silent", "") or said.get("broken", ""),
            int(code[1]) if code else None,
            said.get("answer", ""),
            (ticket[1], int(ticket[2]) if ticket[2] else None) if ticket else None,
            tuple(sorted(keys, key=_rank)),
            int(ahead[0]) if ahead else None,
        )


def _rank(enctype: str) -> int:
    return _STRONGEST_FIRST.index(enctype) if enctype in _STRONGEST_FIRST else len(_STRONGEST_FIRST)


def _krb5_conf(text: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]], dict[str, str]]:
    """[libdefaults], the KDCs of [realms], and [domain_realm] (krb5.conf(5))."""
    section, realm = "", ""
    defaults: dict[str, str] = {}
    kdcs: dict[str, list[str]] = {}
    realms_of: dict[str, str] = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if m := re.fullmatch(r"\[([^\]]{1,100})\]\*?", line):
            section, realm = m[1].strip(), ""
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if section == "realms" and equals and value.startswith("{"):
            realm = name
            kdcs.setdefault(realm, [])
            kdcs[realm] += re.findall(r"\b(?:kdc|master_kdc|primary_kdc)\s*=\s*([^\s}]{1,300})", value)
        elif line.startswith("}"):
            realm = ""
        elif section == "realms" and realm and name in ("kdc", "master_kdc", "primary_kdc"):
            kdcs[realm].append(value)
        elif section == "libdefaults" and equals:
            defaults.setdefault(name, value)
        elif section == "domain_realm" and equals:
            realms_of.setdefault(name.lower(), value)
    return defaults, {name: tuple(those) for name, those in kdcs.items()}, realms_of

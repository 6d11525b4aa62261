"""What a domain announces to mail programs: SRV records (RFC 6186, RFC 8314 section 5.1) and autoconfig files.

Text, as the door's verb `announced` writes it and `dig` prints records:

    ; domain example.com
    ; SRV _submissions._tcp.example.com.: NOERROR
    _submissions._tcp.example.com. 300 IN SRV 0 1 465 mail.example.com.
    ; address mail.example.com.: NOERROR
    mail.example.com. 300 IN A 192.0.2.1
    ; GET https://autoconfig.example.com/mail/config-v1.1.xml: 200 text/xml
    | <clientConfig version="1.1"> …

A question's word is the DNS's own (NOERROR, NXDOMAIN, SERVFAIL) or `timeout`, `malformed`; a GET's is the status, or
`unresolved`, `unreachable`, `untrusted`, `timeout`, `too-large`, `failed` and why. `; cut: …` tells what was left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Self

from maildoctor.facts.autoconfig import ClientConfig, ClientServer
from maildoctor.model import Evidence

SUBMISSIONS, SUBMISSION, IMAPS = "_submissions._tcp", "_submission._tcp", "_imaps._tcp"
"""RFC 8314 section 5.1: TLS from the first byte on; RFC 6186 section 3.1: STARTTLS; section 3.2, for reading mail."""

_QUESTION = re.compile(r"; (SRV|address) (\S{1,1100}): ([A-Za-z-]{1,40})(?: (.{0,300}))?")
_GET = re.compile(r"; GET (\S{1,2000}): (\S{1,40})(?: (.{0,300}))?")
_RECORD = re.compile(r"(\S{1,1100})\s{1,20}\d{1,10}\s{1,20}IN\s{1,20}(SRV|CNAME|A|AAAA)\s{1,20}(\S.{0,1200})")
_SRV = re.compile(r"(\d{1,5})\s{1,20}(\d{1,5})\s{1,20}(\d{1,5})\s{1,20}(\S{1,1100})")
_HOST = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_FAILED = ("SERVFAIL", "timeout", "malformed", "REFUSED", "failed")


@dataclass(frozen=True, slots=True)
class Srv:
    """One SRV record. `target` without its last dot; empty where it is the root, which says: not offered here."""

    service: str
    priority: int
    weight: int
    port: int
    target: str
    line: str

    @property
    def endpoint(self) -> str:
        """`mail.example.com:465`."""
        return f"{self.target}:{self.port}"

    @property
    def not_offered(self) -> bool:
        """RFC 2782: a target of "." says that the service is decidedly not available at this domain."""
        return not self.target

    @property
    def implicit(self) -> bool:
        """Clients begin TLS with the first byte."""
        return self.service == SUBMISSIONS

    @property
    def fault(self) -> str:
        """Why no client can use it; empty where one can."""
        if self.not_offered:
            return ""
        if _is_address(self.target):
            return "its target is an address, and must be the name of a host"
        if not _HOST.fullmatch(self.target.lower()):
            return "its target is no name of a host"
        return "" if self.port else "its port is 0"


@dataclass(frozen=True, slots=True)
class Name:
    """What the DNS says of the addresses of a name. `answer`: its word; `alias`: what it is an alias for, empty where
    it is none."""

    answer: str
    addresses: tuple[str, ...]
    alias: str
    lines: tuple[str, ...]

    @property
    def could_not_look(self) -> bool:
        """The DNS did not say whether it has any."""
        return self.answer in _FAILED


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One autoconfig file that was asked for. `outcome`: the HTTP status or what went wrong, with its `reason`."""

    url: str
    outcome: str
    reason: str
    config: ClientConfig | None
    lines: tuple[str, ...]

    @property
    def host(self) -> str:
        """Whose it is."""
        return self.url.partition("://")[2].partition("/")[0]

    def evidence(self, *words: str) -> Evidence:
        """The lines that hold one of these, or the first ones."""
        some = [line for line in self.lines if any(w in line for w in words)][:6]
        said = " ".join(part for part in (self.outcome, self.reason) if part)
        return Evidence(self.url, "\n".join(line.strip() for line in (some or self.lines[:4])) or said)


@dataclass(frozen=True)
class Announced:
    """All of it. `answers`: the DNS's word to each service that was asked for; `names`: by host in lower case; `cut`:
    what was left out of it."""

    domain: str
    answers: Mapping[str, str]
    srv: tuple[Srv, ...]
    names: Mapping[str, Name]
    files: tuple[ConfigFile, ...]
    cut: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above; others are passed over."""
        domain, cut = "", list[str]()
        answers: dict[str, str] = {}
        asked: dict[str, str] = {}
        rows: dict[str, list[tuple[str, str, str]]] = {}
        files: list[tuple[str, str, str, list[str]]] = []
        for line in text.split("\n"):
            if line.startswith("| ") and files:
                files[-1][3].append(line[2:])
            elif line.startswith("; domain "):
                domain = line[9:].strip().rstrip(".").lower()
            elif line.startswith("; cut: "):
                cut.append(line[7:])
            elif m := _QUESTION.fullmatch(line):
                (answers if m[1] == "SRV" else asked)[_bare(m[2])] = m[3]
            elif m := _GET.fullmatch(line):
                files.append((m[1], m[2], m[3] or "", []))
            elif m := _RECORD.fullmatch(line):
                rows.setdefault(_bare(m[1]), []).append((m[2], m[3].strip(), line))
        services = {
            name.removesuffix(f".{domain}"): word for name, word in answers.items() if name.endswith(f".{domain}")
        }
        records = [
            srv
            for service in services
            for kind, value, line in rows.get(f"{service}.{domain}", ())
            if kind == "SRV" and (srv := _srv(service, value, line))
        ]
        return cls(
            domain,
            services,
            tuple(sorted(records, key=lambda r: (r.priority, -r.weight))),
            {name: _name(word, name, rows) for name, word in asked.items()},
            tuple(_file(*file) for file in files),
            tuple(cut),
            tuple(text.split("\n")),
        )

    def of(self, *services: str) -> tuple[Srv, ...]:
        """The records of these services, the first choice of clients first."""
        return tuple(r for r in self.srv if r.service in services)

    @cached_property
    def submission(self) -> tuple[Srv, ...]:
        """The records of handing mail in that name a host."""
        return tuple(r for r in self.of(SUBMISSIONS, SUBMISSION) if not r.not_offered)

    @cached_property
    def config(self) -> ConfigFile | None:
        """The file that mail programs take: the first that can be read."""
        return next((f for f in self.files if f.config and not f.config.fault), None)

    @property
    def files_found(self) -> bool:
        """Whether there is a file at one of the addresses, be it readable or not; pages of a web site are none."""
        return any(f.config is not None and not f.config.page for f in self.files)

    def answered(self, service: str) -> bool:
        """Whether the DNS said whether it has records of this service."""
        return self.answers.get(service) in ("NOERROR", "NXDOMAIN")

    @cached_property
    def servers(self) -> tuple[ClientServer, ...]:
        """The servers of that file to which mail is handed in."""
        found = self.config.config.outgoing if self.config and self.config.config else ()
        return tuple(s for s in found if s.type.lower() == "smtp")

    @cached_property
    def endpoints(self) -> tuple[tuple[str, int, bool], ...]:
        """Host, port and whether TLS begins with the first byte, of all servers that clients can find to hand mail in,
        each once, in the order in which clients try them."""
        found = [(r.target.lower(), r.port, r.implicit) for r in self.submission if not r.fault]
        found += [(s.hostname.lower(), s.number, s.implicit) for s in self.servers if s.number and is_host(s.hostname)]
        return tuple(dict.fromkeys(found))

    @property
    def summary(self) -> str:
        """What clients find to hand mail in, in one line."""
        found = [f"{r.service} {r.endpoint}" for r in self.submission]
        found += [f"autoconfig {s.endpoint} {s.socket_type}".rstrip() for s in self.servers]
        return ", ".join(found) or "nothing is announced for handing mail in"

    def known(self, host: str) -> Name | None:
        """What the DNS says of this host, if it was asked."""
        return self.names.get(host.lower())

    def evidence(self, *services: str) -> Evidence:
        """What the DNS answered to these questions."""
        lines = [r.line for r in self.of(*services)]
        lines += [
            f"{service}.{self.domain} SRV: {self.answers[service]}, no record"
            for service in services
            if service in self.answers and not self.of(service)
        ]
        return Evidence(f"dns {self.domain}", "\n".join(lines))


def is_host(name: str) -> bool:
    """Whether a client can look this name up, or connect to it."""
    return _is_address(name) or bool(_HOST.fullmatch(name.lower().removesuffix(".")))


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def _bare(name: str) -> str:
    return name.lower().removesuffix(".")


def _srv(service: str, value: str, line: str) -> Srv | None:
    m = _SRV.fullmatch(value)
    return Srv(service, int(m[1]), int(m[2]), int(m[3]), m[4].removesuffix("."), line) if m else None


def _name(word: str, name: str, rows: Mapping[str, list[tuple[str, str, str]]]) -> Name:
    own = rows.get(name, [])
    alias = next((_bare(value) for kind, value, _ in own if kind == "CNAME"), "")
    behind = rows.get(alias, []) if alias else []
    held = [row for row in (*own, *behind) if row[0] in ("A", "AAAA")]
    return Name(word, tuple(value for _, value, _ in held), alias, tuple(_lines(own, behind)))


def _lines(*groups: list[tuple[str, str, str]]) -> Iterator[str]:
    yield from dict.fromkeys(line for rows in groups for _, _, line in rows)


def _file(url: str, outcome: str, reason: str, lines: list[str]) -> ConfigFile:
    config = ClientConfig.parse("\n".join(lines)) if outcome == "200" else None
    return ConfigFile(url, outcome, reason, config, tuple(lines))

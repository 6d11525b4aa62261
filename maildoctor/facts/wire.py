"""What servers say on the wire: transcripts of conversations, read as facts.

Text: conversations one after the other, each as `maildoctor.smtp.session` writes it: `===` what was done and found,
`<-`/`<~` heard in clear/in TLS, ` ->`/` ~>` said, `***` what ended it.
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Literal, Self, TypeVar, get_args

from maildoctor.facts.tls import Certificate, certificate_of
from maildoctor.model import Evidence, Purpose

_CONNECT = re.compile(r"=== connect (\S{1,80}):(\d{1,5}) (\S+)(?: for (\S{1,255}))?")
_RECEIVED = re.compile(r"<([-~])  (\d{3})([ -]?)(.*)")
_SENT = re.compile(r"sent \d{1,2}: (.{0,2000}); issued by (.{0,2000})")
_EVIDENCE = 8
"""Lines of a transcript that are shown with a finding."""
_SAID = re.compile(r" ([-~])> (.*)")
_MASKED_WORD = re.compile(r"X{3,}[A-Z]?")
_MASKED_BANNER = re.compile(r"(?=.*\*{6})[*02 ]+")
_LABEL = 80
"""Characters of a label."""

K = TypeVar("K", bound=Hashable)

TalkOutcome = Literal[
    "",
    "ok", "failed", "later", "broken", "unproven", "weak",
    "not-sent", "withheld",
    "accepted", "refused", "sender-refused", "sent",
]  # fmt: skip
"""What came of a login: it went well, was refused, cannot be had now, could not be gone through with, the server did
not prove itself, what it asked for is too weak; it was not tried, or not without TLS. Of a relay test or a message:
accepted, refused, its sender refused, taken. Empty: nothing is noted."""

Verification = Literal[
    "", "yes", "self-signed", "no-ca", "form", "invalid", "no-anchors", "no-library", "not-judged", "not-shown"
]
"""Whether a client would believe a certificate: yes; it is self-signed, no known CA stands above it, its form is not
that of today's CAs, something else is wrong with it. Not known: no CA certificates or no library to read it on this
machine, reading it would be too dear, the server showed none. Empty: nothing is noted."""

DISTRUSTED: frozenset[Verification] = frozenset({"self-signed", "no-ca", "form", "invalid"})
UNVERIFIED: frozenset[Verification] = frozenset({"no-anchors", "no-library", "not-judged", "not-shown"})

Detail = Literal["", "banner", "handshake", "login", "delay", "no-tls", "not-smtp"]
"""What the kind of trouble alone does not tell: it ended before the banner, in the TLS handshake, within a login; the
server delays answers after failed logins; what came was no TLS, or no SMTP."""


@dataclass(frozen=True, slots=True)
class Hello:
    """A reply to EHLO. `name` is what the server calls itself; `auth` the mechanisms in the order it gives them.

    `keywords`: the extensions in capitals; `old_form`: it also, or only, writes `AUTH=` (clients of 1998 wanted it).
    `esmtp`: false where only HELO was understood. `greeting`: the first line, name and all.
    """

    name: str
    keywords: tuple[str, ...]
    auth: tuple[str, ...]
    old_form: bool
    only_old_form: bool
    esmtp: bool
    greeting: str = ""

    @property
    def masked(self) -> bool:
        """Whether words were replaced by X on the way, as the SMTP inspection of Cisco's PIX and ASA does."""
        return any(map(_MASKED_WORD.fullmatch, self.keywords))

    @property
    def starttls(self) -> bool:
        """Whether TLS is offered."""
        return "STARTTLS" in self.keywords


def hello_of(lines: tuple[str, ...], esmtp: bool = True) -> Hello:
    """The meaning of the lines of a reply to EHLO, codes cut off (RFC 5321 section 4.1.1.1, RFC 4954)."""
    keywords = tuple(line.split(" ", 1)[0].upper() for line in lines[1:])
    modern = [line.split()[1:] for line in lines[1:] if line.upper().startswith("AUTH ") or line.upper() == "AUTH"]
    old = [line[5:].split() for line in lines[1:] if line.upper().startswith("AUTH=")]
    names = dict.fromkeys(m.upper() for some in (*modern, *old) for m in some)
    name = lines[0].split(" ", 1)[0] if lines else ""
    return Hello(name, keywords, tuple(names), bool(old), bool(old) and not modern, esmtp, lines[0] if lines else "")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `asked`: the first word said before, in capitals, empty for the banner; `secure`: it came in TLS."""

    asked: str
    code: int
    text: str
    secure: bool


@dataclass(frozen=True)
class Conversation:
    """One conversation. `trouble`: what ended it, as kind and words; kinds are refused, unreachable, unresolved,
    timeout, closed, rejected, protocol, flood, tls, untrusted, injection, no-starttls, interrupted (by us)."""

    address: str
    port: int
    mode: str
    name: str
    purpose: Purpose
    lines: tuple[str, ...]
    banner: str
    in_clear: Hello | None
    in_tls: Hello | None
    notes: tuple[str, ...]
    trouble: tuple[str, str] | None
    replies: tuple[Reply, ...] = ()
    detail: Detail = ""
    """what `trouble` was within, or more exactly"""

    @property
    def host(self) -> str:
        """What was asked for: the name, else the address."""
        return self.name or self.address

    @property
    def loopback(self) -> bool:
        """Whether the server is this machine."""
        return self.address.startswith("127.") or self.address == "::1"

    @property
    def private(self) -> bool:
        """Whether only neighbours can reach the server (RFC 1918, RFC 3927, RFC 4193, RFC 4291)."""
        a = self.address.lower()
        if a.startswith(("10.", "192.168.", "169.254.", "fc", "fd", "fe8")):
            return ":" in a or a[0] == "1"
        second = a[4:].partition(".")[0]
        return a.startswith("172.") and second.isdecimal() and 16 <= int(second) <= 31

    @property
    def server(self) -> str:
        """Which program answers, see `server_kind`."""
        return server_kind(self)

    @property
    def masked(self) -> bool:
        """Whether a firewall on the way replaced words of the server's."""
        hellos = (h for h in (self.in_clear, self.in_tls) if h)
        return bool(_MASKED_BANNER.fullmatch(self.banner)) or any(h.masked for h in hellos)

    def reply_to(self, command: str) -> Reply | None:
        """The last reply to this command; to none, `""`: the banner."""
        return next((r for r in reversed(self.replies) if r.asked == command), None)

    @property
    def trouble_kind(self) -> str:
        """The kind of `trouble`, empty where there is none."""
        return self.trouble[0] if self.trouble else ""

    @property
    def broke_in_handshake(self) -> bool:
        """Whether TLS was begun and did not come to stand."""
        return self.trouble_kind == "tls" or self.detail == "handshake"

    @property
    def endpoint(self) -> str:
        """`address:port`, the address in brackets where it is one of IPv6; by name where a name was asked for."""
        host = self.name or self.address
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def hello(self) -> Hello | None:
        """The last reply to EHLO: what a client that uses TLS where it can goes by."""
        return self.in_tls or self.in_clear

    @property
    def implicit(self) -> bool:
        """TLS from the first byte on."""
        return self.mode == "implicit" or (self.mode == "auto" and self.port == 465)

    def noted(self, key: str) -> str:
        """The rest of the first note that begins with this word; empty where there is none."""
        return self._noted.get(key, "")

    @cached_property
    def _noted(self) -> dict[str, str]:
        words = (note.partition(" ") for note in reversed(self.notes))
        return {key: rest for key, _, rest in words}

    @cached_property
    def certificate(self) -> Certificate | None:
        """What the server showed of itself."""
        rows = [n.removeprefix("certificate ") for n in self.notes if n.startswith("certificate ")]
        return certificate_of(rows) if rows else None

    @cached_property
    def sent(self) -> tuple[tuple[str, str], ...]:
        """Subject and issuer of each certificate that the server sent, its own first; empty where that is not told."""
        rows = (m for m in map(_SENT.fullmatch, self.notes) if m)
        return tuple((m[1], m[2]) for m in rows)

    @property
    def usual_port(self) -> bool:
        """Nobody named this port; it was asked because mail servers use it."""
        return "usual port" in self.notes

    def certificate_noted(self, key: str) -> str:
        """What is noted of the certificate under this name."""
        head = f"certificate {key}: "
        return next((note.removeprefix(head) for note in self.notes if note.startswith(head)), "")

    @property
    def certificate_until(self) -> str:
        """The end of the certificate that was shown, ISO 8601; empty without one."""
        return self.certificate_noted("not after")

    @property
    def tls_version(self) -> str:
        """`TLSv1.3`, empty without TLS."""
        return self.noted("tls").partition(" ")[0]

    @property
    def asked_name(self) -> str:
        """The name that the certificate must hold; empty where only an address was given."""
        return self.noted("tls-name") or self.name

    @property
    def at(self) -> float:
        """When the conversation was had, in seconds since 1970; 0 where it is not told."""
        try:
            return datetime.fromisoformat(self.noted("at")).timestamp()
        except ValueError:
            return 0.0

    @property
    def verified(self) -> tuple[Verification, str]:
        """Whether a client would believe the certificate, and what else was said of it."""
        code, _, why = self.noted("verified").partition(": ")
        return next((known for known in get_args(Verification) if known == code), ""), why

    @property
    def key(self) -> tuple[str, int]:
        """Kind and size in bits of the certificate's key: `RSA`, 2048; 0 where it is not told."""
        words = self.noted("key").split()
        return (words[0], int(words[1])) if len(words) > 1 and words[1].isdecimal() else ("", 0)

    @property
    def user(self) -> str:
        """Whose login was tried, where it is told."""
        return self.noted("user")

    @property
    def outcome(self) -> tuple[TalkOutcome, str]:
        """What came of a login, a relay test or a message: a code and the rest. A relay test that logged in before has
        noted that too; the last one counts."""
        reported = next((n for n in reversed(self.notes) if n.startswith("outcome ")), "")
        code, _, rest = reported.removeprefix("outcome ").partition(" ")
        return next((known for known in get_args(TalkOutcome) if known == code), ""), rest

    @property
    def mechanism(self) -> str:
        """The mechanism of a login; empty where none was tried."""
        return self.noted("mechanism") or self.noted("purpose").partition(" ")[2]

    def evidence(self, *wanted: str) -> Evidence:
        """The lines of the transcript that hold one of these words, or the last ones."""
        some = islice((line for line in self.lines if any(w in line for w in wanted)), _EVIDENCE)
        return Evidence(self.endpoint, "\n".join(some) or "\n".join(self.lines[-3:]))

    def received(self, code: str) -> tuple[str, ...]:
        """Texts of the replies with this code."""
        return tuple(m[4] for m in map(_RECEIVED.fullmatch, self.lines) if m and m[2] == code)


@dataclass(frozen=True, slots=True)
class Ports:
    """Conversations with one host of which the same is true."""

    all: tuple[Conversation, ...]

    @property
    def first(self) -> Conversation:
        """One that stands for all."""
        return self.all[0]

    @property
    def endpoint(self) -> str:
        """`host:25,587`, shortened in the middle where it would be too long for a label."""
        host, _, _ = self.first.endpoint.rpartition(":")
        ports = ",".join(map(str, dict.fromkeys(sorted(c.port for c in self.all))))
        return shortened(f"{host}:{ports}")

    def evidence(self, *wanted: str) -> tuple[Evidence, ...]:
        """Of the first three conversations, the lines that hold one of these words."""
        return tuple(c.evidence(*wanted) for c in self.all[:3])


def shortened(text: str) -> str:
    """What fits into a label."""
    return text if len(text) <= _LABEL else f"{text[:39]}…{text[-40:]}"


@dataclass(frozen=True)
class Wire:
    """Conversations with servers."""

    all: tuple[Conversation, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From transcripts. What stands before the first `=== connect` is passed over."""
        blocks: list[list[str]] = []
        for line in text.split("\n"):
            if line.startswith("=== connect ") and _CONNECT.fullmatch(line):
                blocks.append([])
            if blocks and line:
                blocks[-1].append(line)
        return cls(tuple(map(_conversation, blocks)))

    @cached_property
    def per_endpoint(self) -> tuple[Conversation, ...]:
        """One conversation an endpoint: the one that only looked, or where there is none, the first."""
        found: dict[str, Conversation] = {}
        for c in self.all:
            if found.setdefault(c.endpoint, c).purpose != "look" == c.purpose:
                found[c.endpoint] = c
        return tuple(found.values())

    @cached_property
    def logins(self) -> tuple[Conversation, ...]:
        """Those that tried to log in."""
        return tuple(c for c in self.all if c.purpose == "login")

    @cached_property
    def interrupted(self) -> tuple[Conversation, ...]:
        """Those that we broke off, or did not begin any more: they say nothing of the server."""
        return tuple(c for c in self.all if c.trouble_kind == "interrupted")

    @cached_property
    def without_login(self) -> tuple[Conversation, ...]:
        """Where a login was asked for, a conversation with each host at which none was tried, so that nothing is known
        of it."""
        tried = {c.host for c in self.logins if c.outcome[0] not in ("", "not-sent", "withheld")}
        asked = {c.host: c for c in reversed(self.per_endpoint) if "login asked for" in c.notes}
        return tuple(c for host, c in asked.items() if host not in tried)

    def together(self, judged: Iterable[tuple[Conversation, K | None]]) -> Iterator[tuple["Ports", K]]:
        """Conversations of which the same was judged, by host; those of which nothing (None) was are passed over."""
        groups: dict[tuple[str, K], list[Conversation]] = {}
        for c, what in judged:
            if what is not None:
                groups.setdefault((c.host, what), []).append(c)
        for (_, what), some in groups.items():
            yield Ports(tuple(some)), what

    def of(self, purpose: Purpose) -> tuple[Conversation, ...]:
        """Those of one purpose."""
        return tuple(c for c in self.all if c.purpose == purpose)


def _conversation(lines: list[str]) -> Conversation:
    m = _CONNECT.fullmatch(lines[0])
    assert m is not None
    banner, clear, tls, trouble, detail = "", None, None, None, ""
    reply: list[str] = []
    replies: list[Reply] = []
    asked, notes = "", list[str]()
    for line in lines[1:]:
        if line.startswith("=== "):
            notes.append(line[4:])
        elif line.startswith("*** "):
            kinds, _, words = line[4:].partition(": ")
            kind, _, detail = kinds.partition(" ")
            trouble = (kind, words)
        elif s := _SAID.fullmatch(line):
            asked = s[2].partition(" ")[0].upper()
        elif h := _RECEIVED.fullmatch(line):
            reply.append(h[4])
            if h[3] == "-":
                continue
            replies.append(Reply(asked, int(h[2]), " ".join(reply), h[1] == "~"))
            if not asked:
                banner = " ".join(reply)
            elif asked in ("EHLO", "HELO") and h[2][0] == "2":
                hello = hello_of(tuple(reply), asked == "EHLO")
                clear, tls = (clear, hello) if h[1] == "~" else (hello, tls)
            reply = []
    stated = next((n.removeprefix("purpose ").partition(" ")[0] for n in notes if n.startswith("purpose ")), "look")
    return Conversation(
        m[1].strip("[]"),
        int(m[2]),
        m[3],
        m[4] or "",
        next((purpose for purpose in get_args(Purpose) if purpose == stated), "look"),
        tuple(lines),
        banner,
        clear,
        tls,
        tuple(notes),
        trouble,
        tuple(replies),
        next((known for known in get_args(Detail) if known == detail), ""),
    )


_BANNERS = (
    ("sendmail", ("sendmail ", "sendmail/")),
    ("postfix", ("postfix",)),
    ("exim", ("exim",)),
    ("opensmtpd", ("opensmtpd",)),
    ("dovecot", ("dovecot",)),
    ("exchange", ("microsoft esmtp", "microsoft exchange")),
)


def server_kind(conversation: Conversation) -> str:
    """Which program answers, by its banner or, where that was changed, by the manner of its EHLO: sendmail, postfix,
    exim, opensmtpd, dovecot, exchange, or empty. Sources: each program's own EHLO in its order (srvrsmtp.c, smtpd.c,
    smtp_in.c, smtp_session.c, submission's cmd-helo)."""
    banner = conversation.banner.lower() + " "
    for kind, words in _BANNERS:
        if any(w in banner for w in words):
            return kind
    hello = conversation.in_clear or conversation.in_tls
    if hello is None or not hello.keywords:
        return ""
    first = hello.keywords[0]
    if "pleased to meet you" in hello.greeting:
        return "sendmail" if first == "ENHANCEDSTATUSCODES" else "opensmtpd" if first == "8BITMIME" else ""
    if "BURL" in hello.keywords:
        return "dovecot"
    if "X-EXPS" in hello.keywords or "X-ANONYMOUSTLS" in hello.keywords:
        return "exchange"
    if hello.keywords[:2] == ("PIPELINING", "SIZE") and hello.greeting == hello.name:
        return "postfix"
    return "exim" if first == "SIZE" and " Hello " in hello.greeting else ""

"""Who handed a mail in, and how, by the Received lines of its header (RFC 5321 section 4.4, RFC 3848, RFC 8601).

A server writes its line above all others, so the newest stands first, and whatever stands below the line of the first
server that is believed is the word of whoever sent the mail. Hostile text costs time in proportion to its length.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice, pairwise
from typing import Literal, NamedTuple, Self

Local = Literal["", "program", "loopback", "delivery", "inside", "web", "mapi"]
"""How mail came in if not from another host by SMTP: from a program of this host (no SMTP, or a pipe), by SMTP over the
loopback, by LMTP into a mailbox, within one mail system, by a web mailer, by Exchange's own protocol."""

_LONGEST = 16_384
"""Characters of one field that are read; sendmail writes no more than 1000 or so."""
_MOST = 100
"""Received lines that are read; mail programs take 25 (sendmail) to 50 (Postfix) for a loop."""
_FIELDS = 2_000
_ALL = 64 * 1024
"""Characters of all fields together that are read: sixty-four lines as long as sendmail writes them."""

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>]*+>|\\.|[^\s()<>;"\\]++|.', re.DOTALL)
_QUOTED = re.compile(r"[ \t]*+>(?:[ \t]?>)* ?")
_NAMED = re.compile(r"^[> \t]*+received[ \t]*+:", re.IGNORECASE | re.MULTILINE)
_NAMELESS = re.compile(r"(?:from|by)\s|\(", re.IGNORECASE)
# A quoted local part may hold anything: the sender's stands in a comment (envelope-from …) and must not end it.
_PAREN = re.compile(r'\\.|<"(?:[^"\\]|\\.)*"|[()]', re.DOTALL)
_CLAUSES = frozenset({"from", "by", "via", "with", "id", "for"})

# RFC 3848, RFC 6531 (UTF8); Exim adds local-, ssmtp for TLS from the start, and once wrote asmtp (src/smtp_in.c).
_TYPE = re.compile(
    r"(?:UTF8)?(?:LOCAL-)?(?P<old>A?)(?:(?P<lmtp>LMTP)|E?(?P<early>S?)SMTP)(?P<tls>S?)(?P<auth>A?)", re.IGNORECASE
)
_ADDRESS = re.compile(r"\[(?:IPv6:)?([0-9a-f:.]{2,45}|local)(?:%\w{1,20})?\]", re.IGNORECASE)
_BARE = re.compile(
    r"(?:(\S{1,256})@)?(?:IPv6:)?((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4}:[0-9a-f]{0,4}:[0-9a-f:.]{0,40})(?:%\w+)?", re.I
)

_LOGINS = (
    re.compile(r"authenticated(?: bits=(?P<bits>\d{1,5})| \((?P<old>\d{1,5}) bits\))?", re.I),  # sendmail
    re.compile(
        r"user=(?P<user>\S+)(?: author=(?P<author>\S*))? mech=(?P<mech>[\w-]+)(?: bits=(?P<bits>\d{1,5}))?"
    ),  # sendmail with _REC_FULL_AUTH_
    re.compile(r"Authenticated sender: (?P<user>.+)", re.I | re.S),  # Postfix, smtpd_sasl_authenticated_header
    re.compile(r"AUTH: (?P<mech>[\w-]+) (?P<user>[^,\s]+)(?:,.*)?", re.S),  # Courier
    re.compile(r"smtp-auth username (?P<user>\S+), mechanism (?P<mech>[\w-]+)"),  # qpsmtpd
    re.compile(r"auth=(?P<user>\S+)"),  # Qsmtpd
    re.compile(r"authenticated as (?P<user>\S+)"),  # Critical Path
)
_TLS = (
    re.compile(r"version=(?P<version>[^\s,]+)[,\s]+cipher=(?P<cipher>[^\s,]+)"),  # sendmail since 8.12, Gmail, Exchange
    re.compile(r"using (?P<version>\S+) with cipher (?P<cipher>\S+)"),  # Postfix, Dovecot, sendmail 8.11
    re.compile(r"(?P<version>(?:TLS|SSL)v?\d[\w./]*)(?::(?P<cipher>[\w-]+))?"),  # Exim, OpenSMTPD
    re.compile(r"(?:(?P<version>(?:TLS|SSL)v?\d[\w.]*):)?(?P<cipher>[\w-]+) encrypted"),  # qpsmtpd, Axigen
    re.compile(r"AUTH: [^,]*, (?:TLS|SSL): (?P<version>[^,\s]+)(?:,[^,]*,(?P<cipher>[\w-]+))?"),  # Courier
    re.compile(r"(?P<version>TLS)$"),  # Exchange, old
)
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_HELO = re.compile(r'\b(?:HELO|EHLO|helo=) ?([^\s"]+)')
_SENDMAIL = re.compile(r"(8\.\d[\w.+-]*)/")
_PASSED = re.compile(r";\s*auth=pass\b(?:\s*\((?P<mech>[^()]{1,40})\))?(?P<rest>[^;]*)", re.IGNORECASE)
_AUTH_NAME = re.compile(r'\bsmtp\.auth\s*=\s*("[^"]*"|[^\s;]+)', re.IGNORECASE)
_SAYS = frozenset(
    {"authentication-results", "authenticated-sender", "x-authuser", "x-auth-user", "x-ms-exchange-organization-authas"}
)


class _Word(NamedTuple):
    text: str
    end: int
    comment: bool


class _Clause(NamedTuple):
    words: list[str]
    comments: list[str]


@dataclass(frozen=True, slots=True)
class Received:
    """One Received line. What it does not tell is empty or None.

    `helo`: what the client called itself; `peer`: its name as the server found it, `address`: its IP address. `user`,
    `author`, `mech`, `bits` (of the security layer of SASL; TLS has its own) are those of the login, if there was one.
    """

    text: str
    helo: str = ""
    peer: str = ""
    address: str = ""
    by: str = ""
    software: str = ""
    """e.g. `Sendmail 8.17.1`, `Postfix`, `Exim 4.96`"""
    protocol: str = ""
    date: str = ""
    local: Local = ""
    authenticated: bool | None = None
    tls: bool | None = None
    user: str = ""
    author: str = ""
    mech: str = ""
    bits: int | None = None
    tls_version: str = ""
    cipher: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """One field, with or without its name, folded or not. Never raises; only its first 16 KiB count."""
        text = " ".join(text[:_LONGEST].split())
        if text[:9].lower() == "received:":
            text = text[9:].lstrip()
        clauses, date = _clauses(text)
        origin, by, way = clauses["from"], clauses["by"], clauses["with"]
        software = _software(clauses)
        helo, peer, address, ident, later = _client(origin, software)
        protocol, kind = _protocol(way)
        named = bool(kind and (kind["old"] or kind["auth"]))
        login = _login([*origin.comments[later:], *by.comments], named, clauses)
        secured = bool(kind and (kind["early"] or kind["tls"]))
        tls = _tls(clauses, later, secured)
        if named and not login.get("user") and software == "qmail":
            login["user"] = ident
        return cls(
            text=text,
            helo=helo,
            peer=peer,
            address=address,
            by=_host(by.words),
            software=software,
            protocol=protocol,
            date=date,
            local=_local(clauses, protocol, kind, address),
            authenticated=_authenticated(named or "login" in login, kind, software),
            tls=True if tls or secured else False if kind else None,
            user=login.get("user", ""),
            author=login.get("author", ""),
            mech=login.get("mech", ""),
            bits=int(login["bits"]) if login.get("bits") else None,
            tls_version=tls.get("version", ""),
            cipher=tls.get("cipher") or _after(way.words, "tls"),
        )

    @property
    def when(self) -> datetime | None:
        """When it was written; None where the date cannot be read."""
        from email.utils import parsedate_to_datetime

        try:
            return parsedate_to_datetime(self.date[:100])
        except (ValueError, TypeError, IndexError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class Said:
    """A field that tells of a login, other than Received. `above`: how many Received lines stand above it."""

    name: str
    value: str
    above: int

    @property
    def login(self) -> re.Match[str] | None:
        """What an Authentication-Results says of a login that went well (RFC 8601, section 2.7.4): `mech`, and in
        `rest` the name. A comment does not count: it quotes strangers."""
        if self.name.lower() != "authentication-results":
            return None
        comments = _closing(self.value).items()
        found = islice(_PASSED.finditer(self.value), _MOST // 10)
        return next((m for m in found if not any(start < m.start() < end for start, end in comments)), None)

    @property
    def server(self) -> str:
        """Who says so, of an Authentication-Results."""
        return (self.value.split(";", 1)[0].split() or [""])[0].lower().rstrip(".")


@dataclass(frozen=True, slots=True)
class Trace:
    """A mail's header, as pasted: its Received lines, the newest first, and what else tells of a login.

    `more`: there were more lines than are read.
    """

    hops: tuple[Received, ...]
    said: tuple[Said, ...] = ()
    more: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """A header, a whole mail, a quoted or indented one, or a single line without its name. Never raises."""
        hops: list[Received] = []
        said: list[Said] = []
        more, left = False, _ALL
        for name, value in _fields(text):
            reported = value[: min(_LONGEST, left)]
            if name.lower() == "received":
                more = more or len(hops) == _MOST or not left
                hops += [Received.parse(reported)] if len(hops) < _MOST and left else []
            elif len(said) < _MOST and (name.lower() in _SAYS or name.lower().startswith("x-authenticated")):
                said += [Said(name, " ".join(reported.split()), len(hops))] if left else []
            else:
                continue
            left -= len(reported)
        return cls(tuple(hops), tuple(said), more)

    def shown(self, clean: Callable[[str], str]) -> Self:
        """The same, with everything in it as `clean` leaves the lines `Name: value` of its fields."""

        def value(name: str, text: str) -> str:
            return clean(f"{name}: {text}").partition(": ")[2]

        hops = ((hop, value("Received", hop.text)) for hop in self.hops)
        return replace(
            self,
            hops=tuple(hop if reported == hop.text else Received.parse(reported) for hop, reported in hops),
            said=tuple(replace(s, value=value(s.name, s.value)) for s in self.said),
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a mail was handed in by a client that logged in. None: the line does not tell.

    `hop` is the Received line that says so, None where there is none to believe. `bits`, `mech`, `user` as there. The
    `sentence` holds words of strangers: escape it where it is shown.
    """

    authenticated: bool | None
    tls: bool | None
    bits: int | None
    mech: str
    user: str
    hop: Received | None
    sentence: str = field(compare=False)


def judge(trace: Trace, by: str | None = None) -> Judgement:
    """Judge the hop at which the mail was handed in: the lowest believed one with a login, or the lowest believed one.

    `by`: the name of the server (or its domain) whose word is wanted; without it the topmost line is believed.
    """
    chain = believed(trace, by)
    if not chain:
        whose = f"by {by}" if by and trace.hops else "here"
        return Judgement(None, None, None, "", "", None, f"No Received line was written {whose}")
    reported = [n for n in chain if trace.hops[n].authenticated]
    came = [n for n in chain if trace.hops[n].local not in ("inside", "delivery")]
    number = (reported or came or chain)[-1]
    hop = trace.hops[number]
    authenticated, user, mech = hop.authenticated, hop.user, hop.mech
    if result := _result(trace, number):
        authenticated = True
        mech = mech or (result["mech"] or "").strip().upper()
        name = _AUTH_NAME.search(result["rest"])
        user = user or (name[1].strip('"') if name else "")
    return Judgement(authenticated, hop.tls, hop.bits, mech, user, hop, _sentence(hop, authenticated, user, mech))


def believed(trace: Trace, by: str | None = None) -> tuple[int, ...]:
    """The hops, from the top, that hang together: each written by the server that the one above names as its client.

    The name that counts is the one that the upper server found by itself, never what the client called itself.
    """
    start = next((n for n, hop in enumerate(trace.hops) if by is None or _within(hop.by, by)), None)
    if start is None:
        return ()
    end = start
    for upper, lower in pairwise(trace.hops[start:]):
        if not _linked(upper, lower) or not (by is None or _within(lower.by, by) or lower.by.startswith("localhost")):
            break
        end += 1
    return tuple(range(start, end + 1))


# ---- one line


def _clauses(text: str) -> tuple[dict[str, _Clause], str]:
    """The clauses by their first word, "" for what stands before; and the date behind the last semicolon."""
    words = list(_words(text))
    end = next((n for n in range(len(words) - 1, -1, -1) if words[n].text == ";"), len(words))
    # Before the last "by" all is the client's clause: its HELO name may have held a "by" too.
    by = max((n for n in range(end) if words[n].text.lower() == "by" and not _by_uid(words, n)), default=-1)
    clauses = {name: _Clause([], []) for name in ("", *_CLAUSES)}
    now = ""
    for number, word in enumerate(words[:end]):
        lower = word.text.lower()
        if not word.comment and lower in _CLAUSES and (number >= by or lower == "from" != now):
            now = lower
        else:
            (clauses[now].comments if word.comment else clauses[now].words).append(word.text)
    return clauses, text[words[end].end :].strip() if end < len(words) else ""


def _by_uid(words: Sequence[_Word], number: int) -> bool:
    """Whether it is the `by uid 82` of qmail-scanner, which names no server."""
    return number + 1 < len(words) and words[number + 1].text == "uid"


def _words(text: str) -> Iterator[_Word]:
    """Words, quoted strings, bracketed addresses and whole comments; never a blank."""
    closing = _closing(text)
    at = 0
    while at < len(text):
        if at in closing:
            yield _Word(text[at + 1 : closing[at]].strip(), closing[at] + 1, True)
            at = closing[at] + 1
            continue
        found = _WORD.match(text, at)
        word = found[0] if found else text[at]
        at += len(word)
        if word.strip(" ()"):
            yield _Word(word, at, False)


def _closing(text: str) -> dict[int, int]:
    """Where each outermost or inner comment ends, by where it begins. One that never ends is no comment."""
    open_, closing = [], {}
    for found in _PAREN.finditer(text):
        if found[0] == "(":
            open_.append(found.start())
        elif found[0] == ")" and open_:
            closing[open_.pop()] = found.start()
    return closing


def _client(origin: _Clause, software: str) -> tuple[str, str, str, str, int]:
    """HELO name, name found, address, ident, and the number of the first comment that the client did not write.

    The comment with the address is the server's own, the last such one if the HELO name was made to look like it.
    """
    first = origin.words[0] if origin.words else ""
    helo = next((m[1] for c in origin.comments if (m := _HELO.search(c))), "")
    for number in range(len(origin.comments) - 1, -1, -1):
        comment = origin.comments[number]
        bracketed = _ADDRESS.search(comment)
        bare = None if bracketed else _BARE.fullmatch(comment.split(" ")[-1])
        if bracketed is None and bare is None:
            continue
        if bracketed:
            address, ident = bracketed[1], ""
            name = comment[: bracketed.start()].strip().split(" ")[-1].rpartition("@")[2]
        else:
            assert bare is not None
            address, ident, name = bare[2], bare[1] or "", comment.rpartition(" ")[0]
        if not name and software.startswith(("Exim", "qmail")):
            name = first  # the name that was found stands first there, the HELO name in the comment
        name = "" if "may be forged" in comment or name.startswith("[") or name == "unknown" else name
        return helo or first, name, address.lower(), ident, number + 1
    bracketed = _ADDRESS.search(" ".join(origin.words))
    return helo or first, "", bracketed[1].lower() if bracketed else "", "", 0


def _protocol(way: _Clause) -> tuple[str, re.Match[str] | None]:
    for word in way.words[:8]:
        if kind := _TYPE.fullmatch(word):
            return word, kind
    return " ".join(way.words[: 3 if way.words[:1] == ["Microsoft"] else 1]), None


def _login(comments: Sequence[str], named: bool, clauses: dict[str, _Clause]) -> dict[str, str]:
    """What is said of a login; `login` is in it if that is said at all. Later clauses count only where the protocol
    names a login: a sender's address stands in them, in comments that it may break out of."""
    later = [c for name in ("with", "id", "for") for c in clauses[name].comments] if named else []
    found = _first(_LOGINS, [*comments, *later])
    if found is None:
        words = clauses["id"].words
        return {"login": "", "user": _after(words, "user=")} if "auth=yes" in words else {}
    said = {name: value for name, value in found.groupdict().items() if value}
    said["bits"] = said.get("bits") or said.pop("old", "")
    xtext = "mech" in said and found.re is _LOGINS[1]
    for name in ("user", "author") if xtext else ():
        said[name] = _XTEXT.sub(lambda m: chr(int(m[1], 16)), said.get(name, ""))
    said["user"] = said.get("user", "").strip()
    said["mech"] = said.get("mech", "").upper()
    return {"login": "", **said}


def _tls(clauses: dict[str, _Clause], later: int, secured: bool) -> dict[str, str]:
    """Version and cipher, if anything is said of them. Gmail does so behind the recipient, which is a stranger's word:
    there it only adds to what the protocol tells (`secured`)."""
    behind = [c for name in ("by", "with", "id") for c in clauses[name].comments]
    behind += clauses["for"].comments if secured else []
    found = _first(_TLS, [*clauses["from"].comments[later:], *behind])
    return found.groupdict(default="") if found else {}


def _first(shapes: Sequence[re.Pattern[str]], comments: Sequence[str]) -> re.Match[str] | None:
    return next((m for comment in comments for shape in shapes if (m := shape.match(comment)) and _whole(m)), None)


def _whole(found: re.Match[str]) -> bool:
    """A login must be the whole comment; of TLS servers go on to tell this and that."""
    return found.re in _TLS or found.end() == len(found.string)


def _authenticated(reported: bool, kind: re.Match[str] | None, software: str) -> bool | None:
    """A protocol of RFC 3848 without A denies a login, but qmail writes plain SMTP whatever happened."""
    return True if reported else False if kind and not software.startswith(("qmail", "Exchange")) else None


def _software(clauses: dict[str, _Clause]) -> str:
    by = clauses["by"].comments
    for comment in by:
        if version := _SENDMAIL.match(comment):
            return f"Sendmail {version[1]}"
        if comment.startswith(("Postfix", "OpenSMTPD", "Dovecot", "Haraka", "MDaemon", "Axigen")):
            return re.split(r"[\s,/]", comment)[0]
    for comment in (c for name in ("with", "by", "id") for c in clauses[name].comments):
        if version := re.match(r"Exim (\d[\w.]*)", comment):
            return f"Exim {version[1]}"
    if clauses["with"].words[:2] == ["Microsoft", "SMTP"] or "mapi" in clauses["with"].words:
        return "Exchange"
    if any(c.startswith(("HELO ", "qmail ")) for c in [*clauses["from"].comments, *clauses[""].comments]):
        return "qmail"
    return "Gmail" if re.search(r"\.(?:google|gmail)\.com$", _host(clauses["by"].words)) else ""


def _local(clauses: dict[str, _Clause], protocol: str, kind: re.Match[str] | None, address: str) -> Local:
    said = [*clauses["by"].comments, *clauses[""].comments]
    if protocol.lower().startswith("local") or address == "local":
        return "program"
    if any(re.search(r"/Submit$|, from userid \d|^qmail \d+ invoked (?:by|for) ", c) for c in said):
        return "program"
    if kind and kind["lmtp"]:
        return "delivery"
    if protocol.upper() in ("HTTP", "HTTPS") or _host(clauses["via"].words) in ("http", "https"):
        return "web"
    if protocol.lower() == "mapi":
        return "mapi"
    if address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1"):
        return "loopback"
    return "inside" if clauses["by"].words and not clauses["from"].words else ""


def _host(words: Sequence[str]) -> str:
    return words[0].strip("[]").rstrip(".").lower() if words else ""


def _after(words: Sequence[str], name: str) -> str:
    """The value of `name=value`, or the word behind `name`."""
    for number, word in enumerate(words):
        if name.endswith("=") and word.startswith(name):
            return word[len(name) :]
        if word == name and number + 1 < len(words):
            return words[number + 1]
    return ""


# ---- a whole header


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Name and value of each field up to the end of the header: the first empty line behind a Received line."""
    fields: list[tuple[str, list[str]]] = []
    head = text[:_LONGEST]
    nameless = not _NAMED.search(text) and re.search(r"\bby\s", head) and re.search(r";|\bwith\s", head)
    for line in _lines(text):
        if not line.strip():
            if any(name.lower() == "received" for name, _ in fields):
                break
            fields.clear()  # words before the header, or an envelope
            continue
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if colon and 0 < len(name) <= 76 and name.isascii() and name.isprintable() and " " not in name:
            if len(fields) >= _FIELDS:
                break
            fields.append((name, [value]))
        elif fields:
            fields[-1][1].append(line)  # also where pasting lost the blanks before it
        elif nameless and _NAMELESS.match(line.lstrip()):
            fields.append(("Received", [line]))
    yield from ((name, " ".join(lines)) for name, lines in fields)


def _lines(text: str) -> Iterator[str]:
    """The lines, freed of marks of quotation and of what they are all indented by."""
    margin: str | None = None
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = _unquoted(line)
        if margin is None and line.strip():
            margin = line[: len(line) - len(line.lstrip(" \t"))]
        yield line.removeprefix(margin or "")


def _unquoted(line: str) -> str:
    quoted = _QUOTED.match(line)
    return line[quoted.end() :] if quoted else line


def _linked(upper: Received, lower: Received) -> bool:
    """Whether the server of the upper line had the mail from the one of the lower line, by what it saw itself."""
    if upper.local == "inside":
        return True
    if upper.local == "program" or not lower.by:
        return False
    if upper.local == "loopback":
        return lower.by in (upper.by, upper.helo.lower()) or lower.by.startswith("localhost")
    names = {upper.peer.lower().rstrip(".")}
    if upper.local in ("delivery", "mapi") or _private(upper.address):
        names.add(upper.helo.lower().rstrip("."))  # of a neighbour its own word will do
    return lower.by in names


def _private(address: str) -> bool:
    """Addresses of RFC 1918, RFC 4193 and links."""
    shapes = r"10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:|fe80:"
    return bool(re.match(shapes, address))


def _within(host: str, domain: str) -> bool:
    domain = domain.lower().strip("[].")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _result(trace: Trace, number: int) -> re.Match[str] | None:
    """What the server of this line says of the login in an Authentication-Results above the line: one that stands
    below may be the sender's."""
    if trace.hops[number].authenticated and trace.hops[number].user and trace.hops[number].mech:
        return None
    by = trace.hops[number].by
    own = (s.login for s in trace.said if s.above <= number and "." in s.server and _within(by, s.server))
    return next((login for login in own if login), None)


_PLACES: dict[Local, str] = {
    "program": "A program on {by} handed the mail in, for which nobody logs in",
    "loopback": "The mail was handed in on {by} itself, over the loopback, without a login",
    "delivery": "The line of {by} tells only of delivery to a mailbox",
    "inside": "The line of {by} tells only of mail that was passed on within it",
    "web": "The mail was written in a web mailer at {by}; this line does not tell of a login",
    "mapi": "The mail was handed in by Exchange's own protocol, not by SMTP",
}


def _sentence(hop: Received, authenticated: bool | None, user: str, mech: str) -> str:
    by = hop.by or "the server"
    tls = {True: "over TLS", False: "without TLS", None: "TLS not told"}[hop.tls]
    if authenticated:
        who = f"as {user} " if user else ""
        return f"{by} recorded that the client logged in {who}{tls}{f' by {mech}' if mech else ''}"
    if hop.local:
        return _PLACES[hop.local].format(by=by)
    if authenticated is None:
        return f"The line of {by} does not tell whether the client logged in"
    return f"{by} took the mail without a login, {tls}"

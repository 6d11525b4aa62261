"""Conversations as telnet, swaks, openssl s_client, web mailers and libraries show them, in the form of `facts.wire`.

What a client says after a 334 is never kept, nor what stands behind the mechanism of an AUTH command."""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress

from maildoctor.paste.dialects import Listener, Said

_COMMANDS = ("EHLO", "HELO", "AUTH", "MAIL", "RCPT", "DATA", "STARTTLS", "QUIT", "RSET", "NOOP", "VRFY")
_REPLY = re.compile(r"(?:< )?(\d{3})(?:([ -])(.*))?")
_CURL_SAID = re.compile(r"> (\S.*)")
_TRYING = re.compile(r"(?:=== |\* +)?Trying (\[?[\w.:-]{1,80}?\]?)(?::(\d{1,5}))?\.\.\.$")
_CONNECTED = re.compile(r"(?:=== |\* )?Connected to (\[?[\w.-]{1,80}\]?)(?: \(([\d.:a-f]{3,45})\) port (\d{1,5}))?")
_CONNECT = re.compile(r"connect: (?:to )?\('([\w.:-]{1,80})', (\d{1,5})\)")
_SERVER = (
    re.compile(r"\btelnet (\S{1,80})(?: (\d{1,5}|smtp|submission|smtps))?"),
    re.compile(r"-connect (\[?[\w.:-]{1,80}?\]?):(\d{1,5}|smtp|submission|smtps)"),
    re.compile(r"swaks .{0,300}?(?:--server|-s)[ =](\[?[\w.-]{1,80}\]?)(?::(\d{1,5}))?"),
    re.compile(r"smtps?://([\w.-]{1,80})(?::(\d{1,5}))?"),
    re.compile(r"\bn(?:c|cat) (\S{1,80}) (\d{1,5})"),
)
_PORTS = {"smtp": "25", "submission": "587", "smtps": "465"}
_SHOWS_TLS = re.compile(r"=== TLS started|\* SSL connection using|New, TLSv1|CONNECTED\(|SSL-Session:")
_VERSION = re.compile(r"\b(TLSv1(?:\.[0-3])?)\b")
_CODES = {
    "18": "self-signed",
    "19": "no-ca",
    "20": "no-ca",
    "21": "no-ca",
    "0": "yes",
    "10": "invalid",
    "62": "invalid",
}
_VERIFIED = re.compile(r"\s*Verif(?:y return code|ication error): (?:(\d{1,3}) )?\(?([^)]{1,100})\)?")
_GREETING = re.compile(r"220[ -]((?=[\w.-]{0,79}[a-zA-Z])[\w.-]{1,80})")
_OPENED = re.compile(
    r"(?:Connecting to|Connection: opening to|Connection opened:|trying to connect to host|Connected to) "
    r"(?:(?P<scheme>tls|ssl|smtps?)://)?\"?(?P<host>[A-Za-z0-9][\w.-]{0,99})\"?(?:, port |:)(?P<port>\d{1,5})"
    r"(?:, isSSL (?P<ssl>true|false))?"
)
"""Roundcube, PHPMailer, Ruby, JavaMail, MailKit."""
_NO_AUTH = re.compile(r"AUTH extension not supported|server does(?: not|n't) support (?:SMTP )?(?:AUTH|authentication)")
_TRACED = re.compile(
    r"DEBUG SMTPS?: (?:AUTH )?(LOGIN|PLAIN|XOAUTH2|DIGEST-MD5|NTLM) authentication command trace suppressed"
)
_PROMPTS = ("UGFzc3dvcmQ6", "VXNlcm5hbWU6")


def conversation(command: str, lines: Iterable[str]) -> str:
    """The transcript of one conversation; empty where there is no reply of a server in it. `command`: how it was
    begun, as far as that was pasted."""
    talk = _Talk(command)
    for line in lines:
        talk.take(line)
    return talk.written()


class _Talk:
    """What was said so far."""

    def __init__(self, command: str) -> None:
        self.host, self.port, self.address = "", "", ""
        self.secure = self.begun = self.asked = self.begins_tls = False
        self.rows: list[str] = []
        self.notes: list[str] = []
        self.mechanism = self.outcome = self.reply = ""
        self.trouble = ""
        self.listener = Listener()
        self.wanted = self.clear = self.logged = False
        self.implicit = "s_client" in command and "-starttls" not in command
        for shape in _SERVER:
            if m := shape.search(command):
                self.host, self.port = m[1].strip("[]"), _PORTS.get(m[2] or "", m[2] or "")
                if "telnet" in command and not self.port:
                    self.port = "23"
                break
        if not self.port and "smtps://" in command:
            self.port, self.implicit = "465", True
        self.swaks = "swaks" in command
        named = re.search(r"(?:--auth-user|-au|--user|-u)[ =]['\"]?([\w.@+-]{1,100})", command)
        self.user = named[1] if named else ""

    def take(self, line: str) -> None:
        """One line of it."""
        if self._set_up(line):
            return
        if spoken := self.listener.hear(line):
            self.logged = True
            for said in spoken:
                self.secure = self.secure if said.tls is None else said.tls
                (self._received if said.who == "server" else self._said)(said.text)
        elif (m := _REPLY.fullmatch(line)) and (m[2] or not line[3:]):
            self._received(line.removeprefix("< "))
        elif m := _CURL_SAID.match(line):
            self._said(m[1])
        elif line and (line.split(" ")[0].upper().rstrip(":") in _COMMANDS or (self.asked and " " not in line.strip())):
            self._said(line.strip())

    def _set_up(self, line: str) -> bool:
        if m := _TRYING.match(line):
            self.address, self.port = m[1].strip("[]"), m[2] or self.port
        elif m := _CONNECTED.match(line):
            self.host, self.address, self.port = (
                m[1].strip("[]").rstrip(".") or self.host,
                m[2] or self.address,
                m[3] or self.port,
            )
        elif m := _CONNECT.match(line):
            self.host, self.port = m[1], m[2]
        elif m := _VERIFIED.match(line):
            code = _CODES.get(m[1] or "", "self-signed" if "self" in m[2] else "invalid")
            self.notes.append(f"verified {code}: {m[2]}" if code != "yes" else "verified yes")
        elif _SHOWS_TLS.match(line):
            self.secure, self.begun = True, True
            if m := _VERSION.search(line):
                self.notes.append(f"tls {m[1]}")
        elif m := _OPENED.search(line):
            self.host, self.port = m["host"] or self.host, m["port"] or self.port
            self.implicit = self.implicit or m["scheme"] in ("ssl", "smtps") or m["ssl"] == "true"
            self.clear = m["ssl"] == "false"
            self.secure = self.secure or self.implicit
        elif _NO_AUTH.search(line):
            self.wanted = True
        elif m := _TRACED.match(line):
            self._said(f"AUTH {m[1]} ***")
        elif "Connection refused" in line:
            self.trouble = "refused: connection refused"
        else:
            return False
        return True

    def _received(self, text: str) -> None:
        arrow = "<~ " if self.secure else "<- "
        going_on = self.reply[:3] == text[:3] and self.reply[3:4] == "-"
        self.reply = self.reply if going_on else text
        self.rows.append(f"{arrow} {text}")
        self.asked = text.startswith("334")
        if self.begins_tls and text.startswith("220"):
            self.secure = True
        self.begins_tls = False
        if self.mechanism and text[:3] in ("235", "535", "534", "454", "504", "501", "538", "530"):
            words = f"{text[:3]} {self.reply[4:]}"  # what a long reply begins with says more than its last line
            self.outcome = f"{'ok' if text[:3] == '235' else 'later' if text[0] == '4' else 'failed'} {words}"
        if not self.host and not self.rows[1:] and (m := _GREETING.match(text)):
            self.host = m[1]

    def _said(self, text: str) -> None:
        verb = text.split(" ")[0].upper().rstrip(":")
        if self.asked or verb not in _COMMANDS:
            text = "***"
        elif verb == "AUTH":
            self.mechanism = [*text.split(), ""][1].upper()[:30]
            text = f"AUTH {self.mechanism}" + (" ***" if len(text.split()) > 2 else "")
        self.asked = False
        self.begins_tls = verb == "STARTTLS"
        self.rows.append(f" {'~' if self.secure else '-'}> {text}")

    @property
    def asks(self) -> bool:
        """Whether the client logs in, or would if it could."""
        return bool(self.mechanism) or self.wanted

    def _offers_in_tls(self) -> bool:
        """Whether AUTH is offered and STARTTLS is not: a library that does not tell its port has begun with TLS."""
        offered = " ".join(row for row in self.rows if row.startswith(("<-  250", "<~  250")))
        return "AUTH" in offered and "STARTTLS" not in offered and not any("STARTTLS" in row for row in self.rows)

    def written(self) -> str:
        """All of it."""
        unanswered = self.clear and self.port == "465" and not self.rows
        if not any(row.startswith("<") for row in self.rows) and not self.trouble and not unanswered:
            return ""
        if self.logged and not self.swaks and not self.port and not self.begun and self._offers_in_tls():
            self.implicit, self.rows = True, [_in_tls(row) for row in self.rows]
        # where nobody says the port: who tries to log in is a client, and what is between servers is port 25
        port = self.port or ("465" if self.implicit else "587" if self.asks and not self.swaks else "25")
        address = self.address or self.host or "server"
        name = f" for {self.host}" if self.host and self.host != address else ""
        mode = "clear" if unanswered else "implicit" if self.implicit else "starttls" if self.begun else "auto"
        purpose = f"login {self.mechanism}" if self.mechanism else "look"
        head = [f"=== connect {address}:{port} {mode}{name}", f"=== purpose {purpose}", "=== pasted"]
        head += [f"=== user {self.user}"] if self.user and self.mechanism else []
        head += [f"=== {note}" for note in dict.fromkeys(self.notes)]
        tail = [f"=== mechanism {self.mechanism}", f"=== outcome {self.outcome}"] if self.outcome else []
        return "\n".join([*head, *self.rows, *tail, *([f"*** {self.trouble}"] if self.trouble else [])])


def _in_tls(row: str) -> str:
    return f"{row[0]}~{row[2:]}" if row[:2] in ("<-", " -") else row


def replies(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Lines with the replies of the server alone that refuse something, as log rules read them."""
    listener = Listener()
    for line in lines:
        spoken = listener.hear(line)
        for said in spoken:
            if said.who == "server" and said.text[:1] in "45":
                yield line, said.text
                break
        if spoken:
            continue
        if m := _REPLY.fullmatch(line):
            if m[1][0] in "45":
                yield line, line.removeprefix("< ")
        elif " " in line and line[:2] not in ("> ", "  ") and not _NOTED.match(line):
            yield line, line


_NOTED = re.compile(
    r"(?:\S{6,12}[ \t]\S{6,20}[ \t]{1,4})?(?:SMTP (?:ERROR|Error|->|NOTICE)|DEBUG|CLIENT -|SERVER -)|reply: |\["
)
"""What programs add of their own: it repeats a reply, or tells how they are built."""
_LEAST = 5
"""Characters of a secret that is looked for elsewhere; shorter ones are words that stand anywhere."""
_MOST_SECRETS = 40


def secrets(lines: Iterable[str]) -> tuple[str, ...]:
    """What clients said as secrets, encoded and decoded, so that a reply which repeats it can be struck out."""
    talk, listener, found = "", Listener(), dict[str, None]()
    for line in lines:
        if len(found) >= _MOST_SECRETS:
            break
        for said in listener.hear(line) or _unmarked(line):
            text = said.text.strip()
            if said.who == "server":
                talk = text if text.startswith("334") else ""
                continue
            words = text.split()
            if words and words[0].upper() == "AUTH" and len(words) > 2:
                found.update(dict.fromkeys(_decoded(words[2], True)))
            elif talk and len(words) == 1:
                found.update(dict.fromkeys(_decoded(words[0], not talk.endswith(_PROMPTS[1]))))
            talk = ""
    return tuple(sorted((s for s in found if len(s) >= _LEAST and s not in _PROMPTS), key=len, reverse=True))


def _unmarked(line: str) -> tuple[Said, ...]:
    if _REPLY.fullmatch(line):
        return (Said("server", line.removeprefix("< ")),)
    return (Said("client", line.removeprefix("> ")),) if line and len(line) < 2000 else ()


def _decoded(word: str, is_secret: bool) -> Iterator[str]:
    """A response, and the password in it: the last part of PLAIN's, all of LOGIN's second."""
    if not is_secret or not re.fullmatch(r"[A-Za-z0-9+/]{4,1000}={0,2}", word):
        return
    yield word
    with suppress(ValueError):
        clear = b64decode(word, validate=True).rpartition(b"\0")[2].decode("ascii")
        if clear.isprintable():
            yield clear

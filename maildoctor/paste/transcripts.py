"""Conversations as telnet, swaks, openssl s_client, smtplib and curl show them, in the form of `facts.wire`.

What a client says after a 334 is never kept, nor what stands behind the mechanism of an AUTH command."""

import re
from collections.abc import Iterable, Iterator

_COMMANDS = ("EHLO", "HELO", "AUTH", "MAIL", "RCPT", "DATA", "STARTTLS", "QUIT", "RSET", "NOOP", "VRFY")
_SWAKS = re.compile(r"<([-~*]{1,2})[*-]? {1,3}(\d{3}[ -].*|\d{3}$)")
_SWAKS_SAID = re.compile(r" ([-~])> (.*)")
_REPLY = re.compile(r"(?:< )?(\d{3})(?:([ -])(.*))?")
_LIBRARY = re.compile(r"(send|reply): (?:b)?(['\"])(.*)\2")
_NOTICE = re.compile(r" (Out|In):  ?(.*)")
"""As Postfix's notices to the postmaster have it (smtpd/smtpd_chat.c)."""
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
_GREETING = re.compile(r"220[ -]([\w.-]{1,80})")


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
        self.mechanism = self.outcome = ""
        self.trouble = ""
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
        if m := _SWAKS.match(line):
            self.secure = "~" in m[1]
            self._received(m[2])
        elif m := _SWAKS_SAID.match(line):
            self.secure = m[1] == "~"
            self._said(m[2])
        elif m := _NOTICE.match(line):
            (self._received if m[1] == "Out" else self._said)(m[2])
        elif m := _LIBRARY.match(line):
            for part in re.split(r"(?:\\r)?\\n", m[3])[:200]:
                if part:
                    (self._said if m[1] == "send" else self._received)(part)
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
        elif "Connection refused" in line:
            self.trouble = "refused: connection refused"
        else:
            return False
        return True

    def _received(self, text: str) -> None:
        arrow = "<~ " if self.secure else "<- "
        self.rows.append(f"{arrow} {text}")
        self.asked = text.startswith("334")
        if self.begins_tls and text.startswith("220"):
            self.secure = True
        self.begins_tls = False
        if self.mechanism and text[:3] in ("235", "535", "534", "454", "504", "501", "538", "530"):
            self.outcome = f"{'ok' if text[:3] == '235' else 'later' if text[0] == '4' else 'failed'} {text}"
        if not self.host and (m := _GREETING.match(text)):
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

    def written(self) -> str:
        """All of it."""
        if not any(row.startswith("<") for row in self.rows) and not self.trouble:
            return ""
        # where nobody says the port: who tries to log in is a client, and what is between servers is port 25
        port = self.port or ("465" if self.implicit else "587" if self.mechanism and not self.swaks else "25")
        address = self.address or self.host or "server"
        name = f" for {self.host}" if self.host and self.host != address else ""
        mode = "implicit" if self.implicit else "starttls" if self.begun else "auto"
        purpose = f"login {self.mechanism}" if self.mechanism else "look"
        head = [f"=== connect {address}:{port} {mode}{name}", f"=== purpose {purpose}", "=== pasted"]
        head += [f"=== user {self.user}"] if self.user and self.mechanism else []
        head += [f"=== {note}" for note in dict.fromkeys(self.notes)]
        tail = [f"=== mechanism {self.mechanism}", f"=== outcome {self.outcome}"] if self.outcome else []
        return "\n".join([*head, *self.rows, *tail, *([f"*** {self.trouble}"] if self.trouble else [])])


def replies(lines: Iterable[str]) -> Iterator[str]:
    """The replies of the server alone that refuse something, as log rules read them."""
    for line in lines:
        m = _SWAKS.match(line) or _NOTICE.match(line)
        text = m[2] if m else line
        if m := _LIBRARY.match(line):
            text = re.split(r"(?:\\r)?\\n", m[3])[0] if m[1] == "reply" else ""
        if (m := _REPLY.fullmatch(text)) and m[1][0] in "45":
            yield text.removeprefix("< ")
        elif not m and not _SWAKS_SAID.match(line) and " " in text and text[:2] not in ("> ", "  "):
            yield text

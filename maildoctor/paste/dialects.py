"""Who says what in a line of a conversation, in the words of the programs that log one: web mailers and libraries.

Sources: Roundcube (Net_SMTP's debug handler), PHPMailer (SMTP.php, edebug), Nodemailer (smtp-connection), smtplib,
JavaMail (SMTPTransport), Ruby's net/smtp, Swift Mailer, MailKit (ProtocolLogger), msmtp, go-mail, Exim (-d), swaks,
curl, and Postfix's notices (smtpd_chat.c)."""

import re
from typing import Literal, NamedTuple

Speaker = Literal["server", "client"]


class Said(NamedTuple):
    """One line of one side. `tls`: whether it came in TLS, None where the program does not tell."""

    who: Speaker
    text: str
    tls: bool | None = None


_SWAKS = re.compile(r"<([-~*]{1,2})[*-]? {1,3}(\d{3}[ -].*|\d{3}$)")
_SWAKS_SAID = re.compile(r" ([-~])> (.*)")
_NOTICE = re.compile(r" (Out|In):  ?(.*)")
_WHEN = (
    r"(?:\[?[\d.,:TZ+/ -]{8,40}\]?[: \t]{1,4}|\[[\d]{1,2}-[A-Z][a-z]{2}-\d{4} [\d:]{8}(?:\.\d{1,6})? ?[+\w-]{0,8}\]: )?"
)
_TAGGED = re.compile(
    _WHEN + r"(?:<[\w-]{1,40}> |(?:DEBUG|TRACE|INFO)\b:? {1,4}|\[(?:DEBUG|[\w-]{1,40})\]:? ){0,3}"
    r"(?P<who>Recv|Send|SERVER -(?:>|&gt;) CLIENT|CLIENT -(?:>|&gt;) SERVER|Server|Client|[SC]"
    r"|[CS] (?:-->|<--) [CS]|SMTP(?:<<|>>)|<<|>>|<--|-->): ?(?P<text>.*)"
)
_ARROWS = re.compile(_WHEN + r"(?P<who> {0,2}SMTP(?:<<|>>)|<<|>>|<--|-->) (?P<text>\S.*)")
_RUBY = re.compile(r"(?P<who><-|->) \"(?P<text>.{0,4000})\"$")
_LIBRARY = re.compile(_WHEN + r"(send|reply): (?:b)?(['\"])(.*)\2")
_OBJECT = re.compile(r"\{ type: '(server|client)',(?: message: '(.*?)'? ?\}?,?)?$")
_MESSAGE = re.compile(r"  message: '(.*?)'? ?\}?,?$")
_SERVERS = frozenset({"Recv", "Server", "S", "S --> C", "C <-- S", "<<", "<--"})
_COMMANDS = frozenset("EHLO HELO AUTH MAIL RCPT DATA STARTTLS QUIT RSET NOOP VRFY LHLO".split())  # noqa: SIM905
_CODE = re.compile(r"\d{3}(?:[ -]|$)")
_ABOUT = re.compile(
    _WHEN + r"(?:<[\w-]{1,40}> |(?:DEBUG|INFO)\b:? {1,4}|\[[\w-]{1,40}\] ){0,3}"
    r"(?:Connecting to \S{1,120}:\d{1,5}\.\.\.|Connection(?: opened)?: \S{1,120}|Connection: (?:opening to|opened)"
    r"|DEBUG SMTPS?: |DEBUG: (?:getProvider|setDebug|JavaMail|Jakarta Mail)|SMTP (?:ERROR|Error|NOTICE|INBOUND|->) ?:?"
    r"|Secure connection established|Connection (?:established|upgraded with STARTTLS)|Connection secured"
    r"|Resolved \S{1,255} as |reply: retcode \(|(?:connect|data): (?:to )?[\[('b])"
    r"|(?:smtplib\.|javax\.mail\.|jakarta\.mail\.)\w{4,60}(?:Error|Exception)\b"
    r"|\[Errno \d{1,3}\] |DEBUG SMTP"
)
"""Lines about a conversation, of which the words tell something more, or nothing."""


def is_of_conversation(line: str) -> bool:
    """Whether some program that logs conversations wrote this line."""
    return bool(spoken(line)) or bool(_ABOUT.match(line)) or bool(_OBJECT.match(line))


class Listener:
    """Takes lines in their order; remembers who speaks where that stands a line before what is said."""

    def __init__(self) -> None:
        self._speaker: Speaker | None = None

    def hear(self, line: str) -> tuple[Said, ...]:
        """What is said in this line; empty where nothing is, or where it is not marked who speaks."""
        if self._speaker and (m := _MESSAGE.match(line)):
            said = _unfolded(self._speaker, m[1])
            self._speaker = None
            return said
        self._speaker = None
        if (m := _OBJECT.match(line)) and m[2] is None:
            self._speaker = "server" if m[1] == "server" else "client"
            return ()
        return spoken(line)


def spoken(line: str) -> tuple[Said, ...]:
    """What one line alone says."""
    if m := _SWAKS.match(line):
        return (Said("server", m[2], "~" in m[1]),)
    if m := _SWAKS_SAID.match(line):
        return (Said("client", m[2], m[1] == "~"),)
    if m := _NOTICE.match(line):
        return (Said("server" if m[1] == "Out" else "client", m[2]),)
    if m := _LIBRARY.match(line):
        return _unfolded("client" if m[1] == "send" else "server", m[3])
    if m := _OBJECT.match(line):
        return _unfolded("server" if m[1] == "server" else "client", m[2]) if m[2] else ()
    if m := _RUBY.match(line):
        return _unfolded("server" if m["who"] == "->" else "client", m["text"])
    if m := _TAGGED.match(line) or _ARROWS.match(line):
        return _tagged(" ".join(m["who"].replace("&gt;", ">").split()), m["text"].strip())
    return ()


def _tagged(who: str, text: str) -> tuple[Said, ...]:
    if not text:
        return ()
    server = who in _SERVERS or who.startswith("SERVER")
    if who.startswith("SMTP"):  # Exim: as a server it writes >> before its own replies, as a client before commands
        server = bool(_CODE.match(text))
    if server:
        return tuple(Said("server", part) for part in _replies(text)) if _CODE.match(text) else ()
    if who in ("C", "Client") and not _is_command(text):
        return ()  # a tag of IMAP, or words of a person
    return (Said("client", text.removesuffix("\\r\\n")),)


def _is_command(text: str) -> bool:
    first = text.split(" ")[0].upper().rstrip(":")
    return first in _COMMANDS or (" " not in text and bool(re.fullmatch(r"[\w+/=*.<>-]{2,2000}", text)))


def _replies(text: str) -> list[str]:
    """The lines of a reply; what shows them in one row has lost the ends of lines (PHPMailer in HTML)."""
    if text[3:4] != "-":
        return [text]
    parts = re.split(rf"(?={text[:3]}[- ](?:[A-Z0-9]|\d\.\d))", text)
    return [part for part in parts if part][:100]


def _unfolded(who: Speaker, text: str) -> tuple[Said, ...]:
    parts = re.split(r"(?:\\r)?\\n", text)[:200]
    return tuple(Said(who, part) for part in parts if part and (who == "client" or _CODE.match(part)))

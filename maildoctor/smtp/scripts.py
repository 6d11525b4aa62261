"""What is said to a server: the greeting that all begin with, and what follows it.

Never is a command sent in the packet of EHLO or before the banner: Sendmail answers 554 and then refuses STARTTLS
(sendmail/srvrsmtp.c, the check of pending input).
"""

import ssl
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from maildoctor.sasl import NEEDS_SECRET, PLAINTEXT, TOKEN, SaslError, ServerNotProven, ServerRefused, ServerWeak
from maildoctor.smtp.replies import Reply
from maildoctor.smtp.session import Action, Broken, Leave, Listen, Say, Script, Secure, Session

EHLO_NAME = "maildoctor.invalid"
"""Names itself, so that the line in the server's log can be explained later; .invalid never resolves (RFC 2606)."""

Mode = Literal["auto", "clear", "starttls", "implicit"]
"""auto: implicit TLS on port 465, elsewhere STARTTLS where it is offered; starttls: no further without it."""

_AUTH_LINE = 500
"""Bytes of an AUTH line with its initial response; what is longer is sent after a 334 (RFC 4954 section 4)."""
_ROUNDS = 12
_WORDS = {ServerNotProven: "unproven", ServerRefused: "failed", ServerWeak: "weak"}


@dataclass(frozen=True, slots=True)
class Approach:
    """How a server is approached. `context` makes the TLS context; `describe` tells of a finished handshake."""

    mode: Mode
    port: int
    server_name: str
    context: Callable[[], ssl.SSLContext]
    describe: Callable[[ssl.SSLObject], Sequence[str]]
    ehlo: str = EHLO_NAME


class Exchange(Protocol):
    """The client's half of one SASL exchange (`maildoctor.sasl.exchange`)."""

    @property
    def reported(self) -> str:
        """What the server said of the failure within the exchange; empty where it said nothing."""
        ...

    @property
    def remark(self) -> str:
        """What is weak in the demand that was answered last; empty where nothing is."""
        ...

    def first(self) -> bytes | None:
        """The initial response; None where the server speaks first."""
        ...

    def answer(self, challenge: bytes) -> bytes:
        """The answer to a challenge. Raises SaslError."""
        ...

    def finish(self, extra: bytes | None) -> None:
        """The server says that it went well. Raises ServerNotProven."""
        ...


Part = Generator[Action, "Reply | ssl.SSLObject | None", Reply]


def look(approach: Approach) -> Callable[[Session], Script]:
    """Banner, EHLO, STARTTLS, EHLO again, QUIT: 3 round trips in clear, 6 with STARTTLS, the first being TCP's."""

    def script(session: Session) -> Script:
        yield from greeting(session, approach)
        yield Leave()

    return script


def login(
    approach: Approach,
    choose: Callable[[Reply], str],
    begin: Callable[[str, bytes], Exchange],
    *,
    hidden: Sequence[bytes] = (),
    in_clear: bool = False,
) -> Callable[[Session], Script]:
    """One login. `choose` names the mechanism, given the reply to EHLO, or none; `begin` makes the exchange, given the
    mechanism and the server's certificate (DER, empty without TLS); `hidden` is struck out where the server repeats it;
    `in_clear` lets mechanisms that need a secret do so without TLS."""

    def script(session: Session) -> Script:
        hello = yield from greeting(session, approach)
        mechanism = choose(hello)
        said_before = "\n".join(session.lines)
        for word in hidden:
            session.hidden.parts(word, said_before)
        if mechanism:
            session.note(f"mechanism {mechanism}")
            yield from authenticated(session, mechanism, lambda cert: begin(mechanism, cert), in_clear)
        else:
            session.note("outcome not-sent the server offers no mechanism that could be tried")
        yield Leave()

    return script


def relayed(sender: str, recipient: str, before: Callable[[Session], Script]) -> Callable[[Session], Script]:
    """Whether a recipient elsewhere is accepted: MAIL, RCPT, RSET; no DATA, so no mail. `before` greets or logs in."""

    def script(session: Session) -> Script:
        yield from _without_quit(before(session))
        reply = yield from said(f"MAIL FROM:<{sender}>")
        if reply.kind == 2:
            reply = yield from said(f"RCPT TO:<{recipient}>")
            session.note(f"outcome {'accepted' if reply.kind == 2 else 'refused'} {reply.code} {reply.text}")
            yield from said("RSET")
        else:
            session.note(f"outcome sender-refused {reply.code} {reply.text}")
        yield Leave()

    return script


def sent(
    sender: str, recipient: str, message: bytes, before: Callable[[Session], Script]
) -> Callable[[Session], Script]:
    """One message. `message` has CRLF line ends and no line that begins with a dot."""

    def script(session: Session) -> Script:
        yield from _without_quit(before(session))
        for line in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
            reply = yield from said(line)
            if reply.kind not in (2, 3):
                session.note(f"outcome refused {reply.code} {reply.text}")
                yield Leave()
                return
        reply = yield from _reply(Say(message + b".", "(one message, then a dot)"))
        session.note(f"outcome {'sent' if reply.kind == 2 else 'refused'} {reply.code} {reply.text}")
        yield Leave()

    return script


# ---- parts


def greeting(session: Session, approach: Approach) -> Part:
    """The reply to the last EHLO. Raises Broken where the server does not get that far."""
    implicit = approach.mode == "implicit" or (approach.mode == "auto" and approach.port == 465)
    if implicit:
        yield from _secured(session, approach)
    banner = yield from _reply(Listen())
    if banner.kind != 2:
        raise Broken("rejected", f"the server greets with {banner.code} {banner.text}")
    hello = yield from _hello(approach)
    if implicit or approach.mode == "clear":
        return hello
    if "STARTTLS" not in {line.upper().strip() for line in hello.lines[1:]}:
        if approach.mode == "starttls":
            raise Broken("no-starttls", "the server does not offer STARTTLS")
        return hello
    ready = yield from said("STARTTLS")
    if ready.code != 220:
        if approach.mode == "starttls":
            raise Broken("no-starttls", f"STARTTLS is offered and refused: {ready.code} {ready.text}")
        return hello
    yield from _secured(session, approach)
    return (yield from _hello(approach))


def authenticated(session: Session, mechanism: str, begin: Callable[[bytes], Exchange], in_clear: bool) -> Script:
    """AUTH by one mechanism; what came of it is noted as `outcome …`."""
    if mechanism in NEEDS_SECRET and not session.secure and not in_clear:
        session.note(f"outcome withheld {exposed(mechanism)}")
        return
    try:
        exchange = begin(session.certificate)
        first = exchange.first()
    except SaslError as error:
        session.note(f"outcome not-sent {error.shown(session.masked)}")
        return
    said_as = spelled(mechanism, session.lines)
    opening, waiting = f"AUTH {said_as}".encode(), None
    if first is not None:
        encoded = _encoded(session, mechanism, first) or b"="
        if len(opening) + 1 + len(encoded) <= _AUTH_LINE:
            opening += b" " + encoded
        else:
            waiting = first
    reply = yield from _reply(Say(opening, f"AUTH {said_as}{' ***' if b' ' in opening[5:] else ''}"))
    for _ in range(_ROUNDS):
        if reply.code != 334:
            break
        try:
            answer = waiting if waiting is not None else exchange.answer(_challenge(reply))
        except SaslError as error:
            word = _WORDS.get(type(error), "broken")
            session.note(f"outcome {word} {error.shown(session.masked)}")
            yield from _reply(Say(b"*"))
            return
        waiting = None
        if exchange.remark:
            session.note(f"weak {exchange.remark}")
        reply = yield from _reply(Say(_encoded(session, mechanism, answer), "***"))
    if reply.code != 235:
        reported = f" ({session.masked(exchange.reported)})" if exchange.reported else ""
        session.note(f"outcome {'later' if reply.kind == 4 else 'failed'} {reply.code} {reply.text}{reported}")
        if _program(session.lines, "opensmtpd"):
            yield from said(f"EHLO {EHLO_NAME}")  # refused, and so in its log: see `spelled`
        return
    try:
        exchange.finish(None)
    except SaslError as error:
        session.note(f"outcome unproven {error.shown(session.masked)}")
        return
    session.note(f"outcome ok {reply.code} {reply.text}")


def spelled(mechanism: str, lines: Sequence[str]) -> str:
    """The mechanism as it is named to the server of this transcript: to those that log the name as it came, with a
    small letter first, so that the lines of a refused probe can be told from those of other clients later
    (`triage/footprints.py`). Case does not matter there: RFC 5321 section 2.4; sendmail/srvrsmtp.c, iteminlist();
    Cyrus SASL lib/server.c and Dovecot's auth/mech.c compare without it. Other servers get what the standard writes.

    OpenSMTPD logs neither mechanism nor name, but with the session's number each command that it refuses: after a
    refused login it is greeted again, which it does not allow (smtp_session.c, smtp_check_ehlo())."""
    return mechanism[0].lower() + mechanism[1:] if _program(lines, "postfix", "sendmail") else mechanism


def _program(lines: Sequence[str], *names: str) -> bool:
    """Whether the server of this transcript names itself as one of these programs."""
    banner = next((line.lower() for line in lines if line[:1] == "<"), "")
    return any(f"esmtp {name}" in banner for name in names)


def exposed(mechanism: str) -> str:
    """Why a mechanism is not tried without TLS: what a listener, or a server that only poses as one, would gain."""
    gain = "guesses can be tried on its answer, offline"
    if mechanism in PLAINTEXT:
        gain = f"it sends the {'token' if mechanism in TOKEN else 'password'} itself"
    return f"not tried without TLS: {mechanism} ({gain}); --insecure-plaintext would"


def said(line: str) -> Part:
    """One command and its reply."""
    return (yield from _reply(Say(line.encode("utf-8", "surrogateescape"))))


def _hello(approach: Approach) -> Part:
    reply = yield from said(f"EHLO {approach.ehlo}")
    if reply.kind == 5:
        reply = yield from said(f"HELO {approach.ehlo}")
    if reply.kind != 2:
        raise Broken("rejected", f"the server answers our greeting with {reply.code} {reply.text}")
    return reply


def _secured(session: Session, approach: Approach) -> Generator[Action, "Reply | ssl.SSLObject | None", None]:
    tls = yield Secure(approach.context(), approach.server_name or None)
    if isinstance(tls, ssl.SSLObject):
        session.describe(approach.describe(tls))


def _reply(action: Say | Listen) -> Part:
    reply = yield action
    if not isinstance(reply, Reply):
        raise Broken("protocol", "no reply came")
    return reply


def _encoded(session: Session, mechanism: str, message: bytes) -> bytes:
    """In base64; neither form is to be seen where the server repeats it, but for the user name of LOGIN."""
    session.secret_sent()
    encoded = b64encode(message)
    session.hidden.parts(encoded)
    if mechanism != "LOGIN":
        session.hidden.whole(message)
    return encoded


def _challenge(reply: Reply) -> bytes:
    try:
        return b64decode("".join(reply.lines).strip(), validate=True)
    except (BadBase64, ValueError):
        raise SaslError("the server's challenge is no base64") from None


def _without_quit(script: Script) -> Script:
    """A script up to its QUIT."""
    reply: Reply | ssl.SSLObject | None = None
    while True:
        try:
            action = script.send(reply)
        except StopIteration:
            return
        if isinstance(action, Leave):
            script.close()
            return
        reply = yield action

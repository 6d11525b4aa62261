"""One conversation with a server: bytes in, bytes out, the transcript kept. No sockets here, so a test needs none.

The transcript's arrows are those that swaks writes, which mail admins read fluently:

    === connect 192.0.2.1:587 starttls     what was done
    <-  220 mail.example.com ESMTP         heard
     -> EHLO maildoctor.invalid            said
    <~  ~>                                 the same within TLS
    *** closed login: …                    what ended it: the kind, where it tells more a detail, then words
"""

import ssl
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from maildoctor.smtp.hiding import Hidden
from maildoctor.smtp.replies import BadReply, Reply, ReplyReader, one_line

TALK_LIMIT = 256 * 1024
"""Bytes that a server may send in one conversation; an honest one sends some thousand."""


Detail = Literal["", "banner", "handshake", "login", "delay", "no-tls", "not-smtp"]
"""What the kind of trouble alone does not tell: it ended before the banner, in the TLS handshake, within a login; the
server delays answers after failed logins; what came was no TLS, or no SMTP."""


class Broken(Exception):
    """The conversation cannot go on. `kind` and `detail` are words of the transcript, `words` say it to a person."""

    def __init__(self, kind: str, words: str, detail: Detail = "") -> None:
        super().__init__(f"{kind}: {words}")
        self.kind, self.words, self.detail = kind, words, detail


@dataclass(frozen=True, slots=True)
class Say:
    """Send a line and wait for its reply. `shown` stands in the transcript where the line holds a secret."""

    line: bytes
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for a reply to nothing: the banner."""


@dataclass(frozen=True, slots=True)
class Secure:
    """Begin TLS. The script is given the session's `ssl.SSLObject`."""

    context: ssl.SSLContext
    server_name: str | None


@dataclass(frozen=True, slots=True)
class Leave:
    """Send QUIT, and do not wait for its reply."""


Action = Say | Listen | Secure | Leave
Script = Generator[Action, "Reply | ssl.SSLObject | None", None]


class Session:
    """A script being played. `opening` begins it, `hear` goes on; both give the bytes to be sent."""

    def __init__(self, script: Callable[["Session"], Script], heading: tuple[str, ...] = ()) -> None:
        self.lines: list[str] = [f"=== {line}" for line in heading]
        self.finished = False
        self.trouble = ""
        """the kind of what ended it, empty where it went to its end"""
        self._script = script(self)
        self._reader = ReplyReader()
        self._received = 0
        self._out = bytearray()
        self._secure = False
        self._tls: ssl.SSLObject | None = None
        self._in_bio: ssl.MemoryBIO | None = None
        self._out_bio: ssl.MemoryBIO | None = None
        self._shaking = False
        self._last = ""
        self._within: Detail = ""
        self.delayed = False
        """the server has refused a login before, and may delay what it says to the next"""
        self.hidden = Hidden()
        for line in heading:
            self.hidden.open.said(line)

    @property
    def secure(self) -> bool:
        """Whether what is said now goes through TLS."""
        return self._secure

    @property
    def certificate(self) -> bytes:
        """The server's certificate in DER, empty without TLS."""
        return (self._tls.getpeercert(binary_form=True) or b"") if self._tls is not None and self._secure else b""

    def note(self, words: str) -> None:
        """A remark of our own in the transcript."""
        self.lines.append(f"=== {one_line(words)}")

    def masked(self, text: str) -> str:
        """Words of the server without those that are hidden."""
        return self.hidden.masked(text)

    def secret_sent(self) -> None:
        """From now on the server knows something that it must not repeat here."""
        if not self.hidden.closed:
            self.hidden.open.received(_words(self.lines))
            self.hidden.close()

    def received_before(self, lines: list[str]) -> None:
        """The server heard a secret in an earlier conversation. `lines`: a transcript from the time before that."""
        self.hidden.open.received(_words(lines))
        self.hidden.close()

    def describe(self, notes: Iterable[str]) -> None:
        """Notes of a handshake; a certificate that is new since the server has heard a secret could hold it."""
        for note in notes:
            if not self.hidden.closed or note.startswith("tls ") or self.hidden.open.had(one_line(note)):
                self.note(note)

    def opening(self) -> bytes:
        """The connection stands."""
        self._step(lambda: next(self._script))
        return self._sent()

    def hear(self, data: bytes) -> bytes:
        """The server sent this; empty where it closed the connection."""
        if self.finished:
            return b""
        if not data:
            return self.end("closed", "the server closed the connection")
        self._received += len(data)
        if self._received > TALK_LIMIT:
            self._throw(Broken("flood", f"the server sent more than {TALK_LIMIT // 1024} KiB"))
            return self._sent()
        if self._in_bio is not None:
            self._in_bio.write(data)
        else:
            self._reader.feed(data)
        self._go_on()
        return self._sent()

    def end(self, kind: str, words: str) -> bytes:
        """Something outside ended it: no connection, no time left."""
        if not self.finished:
            self._throw(Broken(kind, f"{words} {self._last}".rstrip() + self._begun(), self._within))
        return self._sent()

    def late(self, seconds: float, connected: bool) -> bytes:
        """No time is left: it had so many seconds."""
        if self.delayed and self._within == "login":
            self._within = "delay"
            return self.end("timeout", f"the server delays answers after failed logins: none within {seconds:.3g} s")
        return self.end(
            "timeout", f"no answer{'' if connected else ' to the connection attempt'} within {seconds:.3g} s"
        )

    def break_off(self, why: str) -> None:
        """We end it, or do not begin it any more: that says nothing of the server."""
        if not self.finished:
            self._throw(Broken("interrupted", why))

    def leave_out(self, outcome: str, why: str) -> None:
        """This conversation is not had. `outcome`: its code in the transcript."""
        self.note(f"outcome {outcome} {why}")
        self._finish()

    # ---- within

    def _begun(self) -> str:
        words, said = self._reader.begun
        return words + self.masked(said)

    def _go_on(self) -> None:
        try:
            if self._shaking and not self._shaken():
                return
            while self._tls is not None and (plain := self._decrypted()):
                self._reader.feed(plain)
            # a script that begins TLS takes what follows as TLS, so the loop asks anew each time
            while not self.finished and not self._shaking and (reply := self._next()):
                self._note_reply(reply)
                self._step(lambda reply=reply: self._script.send(reply))  # type: ignore[misc]
        except BadReply as error:
            self._throw(Broken("protocol", error.words + self.masked(error.said), "not-smtp" if error.said else ""))
        except Broken as error:
            self._throw(error)

    def _step(self, go: Callable[[], Action]) -> None:
        try:
            self._do(go())
        except StopIteration:
            self._finish()
        except Broken as error:
            self._throw(error)

    def _throw(self, error: Broken) -> None:
        """Note what ended the conversation, and end it."""
        self.trouble = error.kind
        kind = f"{error.kind} {error.detail}".rstrip()
        self.lines.append(f"*** {kind}: {one_line(error.words)}")
        self._finish()

    def _finish(self) -> None:
        self.finished = True
        self._script.close()
        self._tls = None  # some 50 KiB, and a session is kept for its lines

    def _do(self, action: Action) -> None:
        match action:
            case Listen():
                self._last, self._within = "before its banner", "banner"
            case Say(line, shown):
                self._say(line, shown)
            case Secure(context, server_name):
                self._begin_tls(context, server_name)
            case Leave():
                self._say(b"QUIT", None)
                self._finish()

    def _say(self, line: bytes, shown: str | None) -> None:
        if self._reader.pending:
            raise Broken("protocol", f"the server sent more than it was asked for {self._last}")
        words = one_line(shown if shown is not None else line.decode("utf-8", "backslashreplace"))
        if shown is None:
            self.hidden.open.said(words)
        self.lines.append(f" {'~' if self._secure else '-'}> {words}")
        command = words.partition(" ")[0]
        self._last, self._within = f"after {command or 'our answer'}", "login" if command in ("AUTH", "***") else ""
        if self._tls is None:
            self._out += line + b"\r\n"
        else:
            self._tls.write(line + b"\r\n")

    def _next(self) -> Reply | None:
        reply = self._reader.next()
        if reply is None or reply.code == 334:  # a challenge is for the mechanism, and never shown
            return reply
        return replace(reply, lines=self.hidden.lines(reply.lines))

    def _note_reply(self, reply: Reply) -> None:
        arrow = "<~" if self._secure else "<-"
        last = len(reply.lines) - 1
        for number, text in enumerate(reply.lines):
            sign = " " if number == last else "-"
            # what a challenge of SASL holds is not for reports
            self.lines.append(f"{arrow}  {reply.code}{sign}{'***' if reply.code == 334 and text else text}".rstrip())

    def _begin_tls(self, context: ssl.SSLContext, server_name: str | None) -> None:
        if self._reader.pending:
            raise Broken(
                "injection",
                "bytes came behind the reply to STARTTLS, in clear: they could be taken for words within TLS",
            )
        self._last, self._within = "in the TLS handshake", "handshake"
        self._in_bio, self._out_bio = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self._tls = context.wrap_bio(self._in_bio, self._out_bio, server_hostname=server_name)
        except (ValueError, TypeError):
            raise Broken("tls", f"{server_name or 'nothing'} can be no name of a TLS server") from None
        self._shaking = True
        self._shaken()

    def _shaken(self) -> bool:
        """Whether the handshake is over; if so the script goes on."""
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLCertVerificationError as error:
            raise Broken("untrusted", error.verify_message or "the certificate cannot be verified") from None
        except (ssl.SSLError, OSError, ValueError) as error:
            raise _no_tls(error) from None
        self._shaking, self._secure = False, True
        self._last, self._within = "after the TLS handshake", ""
        self._step(lambda: self._script.send(self._tls))
        return True

    def _decrypted(self) -> bytes:
        assert self._tls is not None
        try:
            return self._tls.read(65536)
        except ssl.SSLWantReadError:
            return b""
        except (ssl.SSLError, OSError) as error:
            raise _no_tls(error) from None

    def _sent(self) -> bytes:
        out = bytes(self._out)
        self._out.clear()
        if self._out_bio is not None:
            out += self._out_bio.read()
        if self.finished:
            self._in_bio = self._out_bio = None  # as much again
        return out


def _words(lines: list[str]) -> Iterator[str]:
    """What a transcript holds of the server's words and of notes about it, without arrows and codes."""
    for line in lines:
        if line.startswith("=== "):
            yield line[4:]
        elif line[:1] == "<":
            yield line[8:]


def _no_tls(error: Exception) -> Broken:
    """What OpenSSL says, without its file and line."""
    reason = getattr(error, "reason", None)
    words = str(reason).replace("_", " ").lower() if reason else str(error)
    if "wrong version number" in words or "record layer failure" in words:
        return Broken("tls", f"the server does not speak TLS there ({words})", "no-tls")
    return Broken("tls", words)

"""SMTP servers for tests, the honest one and many odd ones, on ports of loopback that the kernel chooses.

A server is what it does with one connection: a function that is given a `Talk`. `Manners` are an honest server, with
another reply here and a sabotage there. What a client must never do (speak before the banner, send something behind
EHLO) is noted in `Server.wrongs`, and so is what fails in the server itself.
"""

import hashlib
import hmac
import re
import selectors
import socket
import ssl
import struct
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import NoReturn, Self

NAME = "mail.example.com"
USER, PASSWORD = "test", "s3cr3t-pässword"
NONCE = "3rfcNHYJY1ZVvWVs7j"

Play = Callable[["Talk"], None]


class Gone(Exception):
    """This connection is over."""


class Talk:
    """One connection as the server sees it. What is sent and heard goes through TLS once `secure` was called."""

    def __init__(self, connection: socket.socket, wrongs: list[str]) -> None:
        self.lines: list[bytes] = []
        """What the client said, without line ends."""
        self.secrets: list[bytes] = []
        """Of that, the answers within AUTH, as they came and decoded."""
        self.flights = 0
        """How often the client had to wait for us."""
        self.left = threading.Event()
        """Set when the client has hung up."""
        self._socket, self._wrongs = connection, wrongs
        self._ours = False
        self._left = b""
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls: ssl.SSLObject | None = None

    def send(self, data: bytes, pieces: int = 0, pause: float = 0.0) -> None:
        """All at once, or in pieces of so many bytes with pauses between. Raises Gone."""
        if self.tls is not None:
            self.tls.write(data)
            data = self._out.read()
        for at in range(0, len(data), pieces or max(1, len(data))):
            self._push(data[at : at + (pieces or len(data))])
            if pause and self.left.wait(pause):
                raise Gone

    def line(self) -> bytes:
        """What the client says next; that it says no more than this is looked after. Raises Gone."""
        while b"\n" not in self._left:
            self._left += self._received()
        line, _, rest = self._left.partition(b"\n")
        self._left = rest
        if rest:
            self.wrong(f"{rest[:80]!r} came in the packet of {line!r}")
        if not line.endswith(b"\r"):
            self.wrong(f"{line!r} ends with a bare LF")
        self.lines.append(line.removesuffix(b"\r"))
        return self.lines[-1]

    def message(self) -> bytes:
        """What follows DATA, up to the dot."""
        while not self._left.endswith(b"\r\n.\r\n"):
            self._left += self._received()
        text, self._left = self._left, b""
        return text

    def silent(self, seconds: float = 0.02) -> None:
        """The client has nothing to say now."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            if selector.select(seconds) and (early := self._socket.recv(100, socket.MSG_PEEK)):
                self.wrong(f"{early!r} came before it was asked for")

    def secure(self, context: ssl.SSLContext, stop: Play | None = None) -> None:
        """The handshake; `stop` is played when half of our first flight has gone out. Raises Gone."""
        tls = context.wrap_bio(self._in, self._out, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                flight = self._out.read()
                if flight and stop is not None:
                    self._push(flight[: len(flight) // 2])
                    stop(self)
                self._push(flight)
                self._in.write(self._raw())
            except ssl.SSLError as error:
                self._push(self._out.read())
                raise Gone from error
        self._push(self._out.read())
        self.tls = tls

    def message_of_tls(self) -> bytes:
        """The first message of the client's handshake, as it came. Raises Gone."""
        return self._raw()

    def part(self, data: bytes) -> NoReturn:
        """Say this and end TLS, all in one packet. Raises Gone."""
        assert self.tls is not None
        self.tls.write(data)
        with suppress(ssl.SSLError):
            self.tls.unwrap()
        self._push(self._out.read())
        raise Gone

    def hang(self) -> NoReturn:
        """Say nothing more, until the client has had enough. Raises Gone."""
        while True:
            self._raw()

    def close(self) -> NoReturn:
        """Hang up. Raises Gone."""
        raise Gone

    def reset(self) -> NoReturn:
        """Hang up by RST. Raises Gone."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def wrong(self, words: str) -> None:
        """The client did what it must not."""
        self._wrongs.append(words)

    def end(self) -> None:
        """Put the socket away."""
        self.left.set()
        with suppress(OSError):
            self._socket.close()

    def cut(self) -> None:
        """Wake the thread that waits here, for the test is over."""
        self.left.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _received(self) -> bytes:
        while True:
            if self.tls is None:
                return self._raw()
            with suppress(ssl.SSLWantReadError):
                if data := self.tls.read(65536):
                    return data
            self._in.write(self._raw())

    def _raw(self) -> bytes:
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.left.set()
            raise Gone
        self._ours = False
        return data

    def _push(self, data: bytes) -> None:
        if data and not self._ours:
            self._ours = True
            self.flights += 1
        try:
            self._socket.sendall(data)
        except OSError:
            self.left.set()
            raise Gone from None


class Server:
    """Listens while it is entered. `listeners`: on so many ports. `port`: not one of the kernel's choice."""

    def __init__(self, play: Play, *, address: str = "127.0.0.1", listeners: int = 1, port: int = 0) -> None:
        self.talks: list[Talk] = []
        self.wrongs: list[str] = []
        self._play, self._address = play, address
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._sockets = [socket.socket(family, socket.SOCK_STREAM) for _ in range(listeners)]
        for listener in self._sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
        self._threads: list[threading.Thread] = []
        self._wake, self._woken = socket.socketpair()

    @property
    def ports(self) -> list[int]:
        """Where it listens."""
        return [int(listener.getsockname()[1]) for listener in self._sockets]

    @property
    def port(self) -> int:
        """Where it listens, if at one port."""
        (port,) = self.ports
        return port

    @property
    def talk(self) -> Talk:
        """The last connection."""
        return self.talks[-1]

    @property
    def said(self) -> list[bytes]:
        """All that clients said."""
        return [line for talk in self.talks for line in talk.lines]

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until all connections so far are over on this side too."""
        until = time.monotonic() + seconds
        for thread in self._threads[1:]:
            thread.join(max(0.0, until - time.monotonic()))

    def __enter__(self) -> Self:
        for listener in self._sockets:
            listener.listen(64)
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._wake.close()
        self._threads[0].join(5)
        for talk in self.talks:
            talk.cut()
        self.settle()
        for listener in (*self._sockets, self._woken):
            listener.close()
        assert kind is not None or not self.wrongs, self.wrongs

    def _start(self, run: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            for listener in (*self._sockets, self._woken):
                selector.register(listener, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._woken:
                        return
                    assert isinstance(key.fileobj, socket.socket)
                    connection, _ = key.fileobj.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.talks.append(talk := Talk(connection, self.wrongs))
                    self._start(lambda talk=talk: self._serve(talk))  # type: ignore[misc]

    def _serve(self, talk: Talk) -> None:
        try:
            self._play(talk)
        except Gone:
            pass
        except Exception as error:
            self.wrongs.append(f"the server itself failed: {error!r}")
        finally:
            talk.end()


# ---- the honest one


@dataclass(frozen=True)
class Scram:
    """What a server of SCRAM may do wrong."""

    iterations: str = "4096"
    nonce: Callable[[str], str] = lambda own: own + NONCE
    proof: Callable[[bytes], bytes] = lambda right: right
    proves: bool = True
    """False: 235 comes at once, without v=."""


@dataclass(frozen=True)
class Manners:
    """An honest server, and where it is not one.

    `acts`: what is done at a step in its place: connect, banner, ehlo, starttls, handshake (amid it), secured, ehlo2,
    auth, answer, mail, rcpt, data, quit. `replies`: whole replies to a command instead of the honest one.
    """

    banner: bytes = b"220 mail.example.com ESMTP\r\n"
    extensions: tuple[str, ...] = ("PIPELINING", "SIZE 10240000", "8BITMIME")
    auth: tuple[str, ...] = ()
    auth_sign: str = " "
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    user: str = USER
    password: str = PASSWORD
    replies: Mapping[str, bytes] = field(default_factory=dict)
    acts: Mapping[str, Play] = field(default_factory=dict)
    scram: Scram = Scram()
    digest_proof: Callable[[bytes], bytes] = lambda right: right

    def __call__(self, talk: Talk) -> None:
        """Serve one connection."""
        self._at("connect", talk)
        if self.implicit and self.tls is not None:
            talk.secure(self.tls, self.acts.get("handshake"))
        else:
            talk.silent()
        self._at("banner", talk)
        talk.send(self.banner)
        while True:
            self._answer(talk, talk.line())

    def _at(self, step: str, talk: Talk) -> None:
        if act := self.acts.get(step):
            act(talk)

    def _answer(self, talk: Talk, line: bytes) -> None:
        verb, _, rest = line.partition(b" ")
        word = verb.decode("ascii", "replace").upper()
        self._at("ehlo2" if word == "EHLO" and talk.tls and not self.implicit else word.lower(), talk)
        if word in self.replies:
            talk.send(self.replies[word])
            return
        match word:
            case "EHLO":
                talk.send(self.hello(talk.tls is not None))
            case "STARTTLS" if self.tls is not None:
                talk.send(b"220 2.0.0 go ahead\r\n")
                talk.secure(self.tls, self.acts.get("handshake"))
                self._at("secured", talk)
            case "AUTH":
                self._auth(talk, rest)
            case "QUIT":
                talk.send(b"221 2.0.0 bye\r\n")
                talk.close()
            case "DATA":
                talk.send(b"354 go on\r\n")
                talk.lines.append(talk.message())
                talk.send(b"250 2.0.0 queued\r\n")
            case "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP":
                talk.send(b"250 2.0.0 ok\r\n")
            case _:
                talk.send(b"502 5.5.2 command not recognized\r\n")

    def hello(self, secure: bool) -> bytes:
        """The reply to EHLO."""
        lines = [NAME, *self.extensions]
        if self.tls is not None and not secure:
            lines.append("STARTTLS")
        if self.auth:
            lines.append(f"AUTH{self.auth_sign}{' '.join(self.auth)}")
        return reply(250, *lines)

    def _auth(self, talk: Talk, rest: bytes) -> None:
        mechanism, _, initial = rest.decode("ascii").partition(" ")
        first = None if not initial else b"" if initial == "=" else b64decode(initial)
        if initial:
            talk.secrets += [initial.encode(), first or b""]

        def ask(challenge: bytes) -> bytes:
            talk.send(b"334 " + b64encode(challenge) + b"\r\n")
            answer = talk.line()
            if answer == b"*":
                raise ValueError("cancelled")
            talk.secrets += [answer, b64decode(answer)]
            self._at("answer", talk)
            return talk.secrets[-1]

        try:
            done = self._known(mechanism, ask, first)
        except (ValueError, KeyError, IndexError, AttributeError):
            talk.send(b"501 5.5.2 malformed\r\n")
            return
        talk.send(b"235 2.7.0 welcome\r\n" if done else b"535 5.7.8 authentication failed\r\n")

    def _known(self, mechanism: str, ask: Callable[[bytes], bytes], first: bytes | None) -> bool:
        """Whether this is the user."""
        if mechanism == "PLAIN":
            _, user, password = (first if first is not None else ask(b"")).split(b"\0")
            return (user.decode(), password.decode()) == (self.user, self.password)
        if mechanism == "LOGIN":
            return (ask(b"Username:").decode(), ask(b"Password:").decode()) == (self.user, self.password)
        if mechanism == "CRAM-MD5":
            challenge = b"<1896.697170952@mail.example.com>"
            user, _, digest = ask(challenge).rpartition(b" ")
            right = hmac.digest(self.password.encode(), challenge, "md5").hex().encode()
            return user.decode() == self.user and digest == right
        if mechanism == "DIGEST-MD5":
            return self._digest_md5(ask)
        if mechanism.startswith("SCRAM-SHA-"):
            return self._scram(mechanism, ask, first if first is not None else ask(b""))
        raise ValueError(mechanism)

    def _digest_md5(self, ask: Callable[[bytes], bytes]) -> bool:
        """RFC 2831, qop auth."""
        challenge = f'realm="{NAME}",nonce="{NONCE}",qop="auth",charset=utf-8,algorithm=md5-sess'.encode()
        said = dict(re.findall(rb'([a-z-]+)="?([^",]*)"?', ask(challenge)))
        user = f"{self.user}:{NAME}:{self.password}".encode("iso-8859-1")
        start = _md5(user).digest() + b":" + said[b"nonce"] + b":" + said[b"cnonce"]
        middle = b":".join((said[b"nonce"], said[b"nc"], said[b"cnonce"], said[b"qop"]))

        def proof(verb: bytes) -> bytes:
            end = _md5(verb + b":" + said[b"digest-uri"]).hexdigest().encode()
            return _md5(_md5(start).hexdigest().encode() + b":" + middle + b":" + end).hexdigest().encode()

        if said[b"response"] != proof(b"AUTHENTICATE"):
            return False
        ask(b"rspauth=" + self.digest_proof(proof(b"")))
        return True

    def _scram(self, mechanism: str, ask: Callable[[bytes], bytes], first: bytes) -> bool:
        """RFC 5802 without channel binding."""
        digest = mechanism.removeprefix("SCRAM-").replace("-", "").lower()
        bare = first.split(b",", 2)[2]
        own = bare.partition(b",r=")[2].decode()
        salt = b"0123456789abcdef"
        opening = f"r={self.scram.nonce(own)},s={b64encode(salt).decode()},i={self.scram.iterations}".encode()
        final = ask(opening)
        count = int(self.scram.iterations)
        if not 0 < count < 100_000:
            raise ValueError(count)
        claim, _, proof = final.rpartition(b",p=")
        salted = hashlib.pbkdf2_hmac(digest, self.password.encode(), salt, count)
        message = b",".join((bare, opening, claim))
        key = hmac.digest(salted, b"Client Key", digest)
        signature = hmac.digest(hashlib.new(digest, key).digest(), message, digest)
        if bytes(a ^ b for a, b in zip(b64decode(proof), signature, strict=True)) != key:
            return False
        if self.scram.proves:
            right = hmac.digest(hmac.digest(salted, b"Server Key", digest), message, digest)
            ask(b"v=" + b64encode(self.scram.proof(right)))
        return True


def _md5(data: bytes) -> "hashlib._Hash":
    return hashlib.md5(data, usedforsecurity=False)


def reply(code: int, *lines: str) -> bytes:
    """A reply of one line or more."""
    signs = ["-"] * (len(lines) - 1) + [" "]
    return "".join(f"{code}{sign}{line}\r\n" for sign, line in zip(signs, lines, strict=True)).encode()


# ---- acts of sabotage


def closes(talk: Talk) -> None:
    """Hangs up."""
    talk.close()


def resets(talk: Talk) -> None:
    """Hangs up by RST."""
    talk.reset()


def hangs(talk: Talk) -> None:
    """Says nothing any more."""
    talk.hang()


def says(data: bytes, then: Play = hangs) -> Play:
    """Says this, then waits, or does something else."""

    def act(talk: Talk) -> None:
        talk.send(data)
        then(talk)

    return act


def trickles(data: bytes, pause: float) -> Play:
    """Says this byte by byte."""

    def act(talk: Talk) -> None:
        talk.send(data, 1, pause)
        talk.hang()

    return act


def pours(piece: bytes, total: int) -> Play:
    """Says this again and again, as fast as it goes, up to so many bytes."""

    def act(talk: Talk) -> None:
        for _ in range(total // len(piece)):
            talk.send(piece)
        talk.hang()

    return act


def endless(piece: Callable[[int], bytes]) -> Play:
    """Asks on and on, and hears what is answered."""

    def act(talk: Talk) -> None:
        for number in range(100_000):
            talk.send(piece(number))
            talk.line()

    return act


def in_turn(*plays: Play) -> Play:
    """A server whose connections differ: the first play is for the first one; the last for all that are left."""
    left: Iterator[Play] = iter(plays)
    lock = threading.Lock()

    def play(talk: Talk) -> None:
        with lock:
            one = next(left, plays[-1])
        one(talk)

    return play

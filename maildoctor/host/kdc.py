"""A question to a KDC: whether it knows a service, and by which keys. Nothing secret is sent, and of what comes back
only numbers are told: the error, enctypes and versions of keys, how far its clock is from ours."""

import os
import shlex
import socket
import time

from maildoctor.host import Answer, NoAnswer
from maildoctor.host.directory import is_loopback
from maildoctor.krb5 import ENCTYPES, ERRORS, TOO_BIG, BadBer, answer, as_req
from maildoctor.krb5 import Answer as Said

PATIENCE = 2.0
"""Seconds for one answer."""

_ENCTYPES = (20, 18, 19, 17, 23)
"""Kinds of key that KDCs use now, each of which is asked for by itself."""
_NONE = 77
"""A kind of key that there is not: the error that it brings tells the KDC's clock."""
_MOST = 65536
_PROOF = 25
"""KDC_ERR_PREAUTH_REQUIRED: the principal is there, and must prove who it is."""


def ask(words: str, everywhere: bool) -> Answer:
    """What the KDC says to `kdc=ADDRESS:PORT principal=SERVICE/HOST realm=REALM`, a line each: `connect`, `answer`,
    `ticket` or `key`, `clock`. Where not `everywhere` only an address of the loopback is asked."""
    wanted = dict(word.partition("=")[::2] for word in shlex.split(words))
    name, _, port = wanted.get("kdc", "").rpartition(":")
    if not (everywhere or is_loopback(name)):
        return NoAnswer("unavailable", f"{name} is another machine, which is not asked", "use --ask-backends")
    principal, realm = wanted.get("principal", ""), wanted.get("realm", "")
    lines: list[str] = []
    try:
        talk = _Talk(name, int(port))
        first = talk.say(principal, realm, (*_ENCTYPES, 26, 25, 16))
        lines += [f"connect: {name}:{port} ok", f"answer: {first.code} {ERRORS.get(first.code, 'error')}"]
        ahead = _ahead(first)
        if first.ticket:
            enctype, kvno = first.ticket
            lines.append(f"ticket: {_named(enctype)}" + ("" if kvno is None else f" kvno={kvno}"))
            ahead = _ahead(talk.say(principal, realm, (_NONE,)))
        elif first.code == _PROOF:
            said = [key for enctype in _ENCTYPES for key in talk.say(principal, realm, (enctype,)).keys]
            lines += [f"key: {_named(key)}" for key in dict.fromkeys(said or first.keys)]
        if ahead is not None:
            lines.append(f"clock: {ahead:+d}")
    except TimeoutError:
        lines.append(f"{'silent' if lines else 'connect'}: {name}:{port} no answer within {PATIENCE:.0f} s")
    except OSError as error:
        lines.append(f"{'broken' if lines else 'connect'}: {name}:{port} {error.strerror or error}")
    except (BadBer, ValueError) as error:
        lines.append(f"broken: {error}")
    return "\n".join(lines)


def _named(enctype: int) -> str:
    return ENCTYPES.get(enctype, f"enctype-{enctype}")


def _ahead(said: Said) -> int | None:
    return None if said.time is None else said.time - int(time.time())


class _Talk:
    """Questions to one KDC: by UDP, and by TCP where that brings nothing."""

    def __init__(self, name: str, port: int) -> None:
        self._address, self._by_tcp = (name, port), False

    def say(self, principal: str, realm: str, enctypes: tuple[int, ...]) -> Said:
        """What it says. Raises OSError, BadBer."""
        request = as_req(principal, realm, enctypes, int.from_bytes(os.urandom(4), "big") >> 1)
        if not self._by_tcp:
            try:
                said = answer(self._datagram(request))
                if said.code != TOO_BIG:
                    return said
            except OSError:
                pass  # by TCP it may yet answer
            self._by_tcp = True
        return answer(self._stream(request))

    def _datagram(self, request: bytes) -> bytes:
        family, _, _, _, address = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as talk:
            talk.settimeout(PATIENCE)
            talk.connect(address)
            talk.send(request)
            return talk.recv(_MOST)

    def _stream(self, request: bytes) -> bytes:
        end = time.monotonic() + PATIENCE
        with socket.create_connection(self._address, PATIENCE) as talk:
            talk.sendall(len(request).to_bytes(4, "big") + request)
            received, size = b"", 4
            while len(received) < size:
                talk.settimeout(max(0.01, end - time.monotonic()))
                piece = talk.recv(_MOST)
                if not piece:
                    raise ConnectionResetError("the KDC ended the conversation")
                received += piece
                if len(received) >= 4:
                    size = 4 + int.from_bytes(received[:4], "big")
                if size > _MOST:
                    raise BadBer("the answer is larger than is taken")
        return received[4:size]

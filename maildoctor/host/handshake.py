"""What Dovecot's auth service tells a mail server that connects, before any login: harmless to it and in no log.

Source: dovecot auth/auth-client-connection.c. 2.3 says all of it unasked, 2.4 waits for the VERSION line of the client,
which 2.3 takes too. Nothing more is said to it: no CPID, no AUTH.
"""

import os
import re
import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address

from maildoctor.host import Answer, NoAnswer

PATIENCE = 2.0
"""Seconds for all of it."""

_MOST = 64 * 1024
"""Bytes that are taken: a real one has a few hundred."""

_MECHANISMS = 100

_WORD = re.compile(rb"[A-Za-z0-9_.-]{1,40}")
_VERSION = re.compile(rb"VERSION\t(\d{1,6})\t(\d{1,6})")


def by_path(path: str) -> Answer:
    """The words of the service behind a socket of this name, as `ask` has them."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
        return "\n".join(ask(talk, path))


def by_port(where: str) -> Answer:
    """The same at `ADDRESS:PORT`, if that is an address of the loopback."""
    name, _, port = where.rpartition(":")
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return NoAnswer("failed", f"{name} is no address")
    if not address.is_loopback:
        return NoAnswer("unavailable", f"{name} is another machine, which is not asked")
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as talk:
        return "\n".join(ask(talk, (str(address), int(port))))


def ask(talk: socket.socket, where: "str | tuple[str, int]") -> Iterator[str]:
    """`connect: ok`, or why not; `VERSION 1 2`; `MECH NAME flag …`; `SPID`; and at last `DONE`, `end: closed`, `end: no
    answer` or `end: too much`. Numbers and the cookie are left out."""
    until = time.monotonic() + PATIENCE
    try:
        talk.settimeout(PATIENCE)
        talk.connect(where)
    except OSError as error:
        yield f"connect: {_words(error)}"
        return
    yield "connect: ok"
    received, passed, end = b"", 0, ""
    try:
        talk.sendall(b"VERSION\t1\t0\n")
    except OSError:
        end = "closed"  # what it had said before can still be read
    while True:
        whole = received.split(b"\n")[:-1]
        for line in whole[passed:]:
            yield from _shown(line[:400])
            if line == b"DONE":
                return
        passed = len(whole)
        if len(received) > _MOST or passed > _MECHANISMS:
            yield "end: too much"
            return
        try:
            talk.settimeout(max(0.01, until - time.monotonic()))
            piece = talk.recv(4096)
        except TimeoutError:
            end = "no answer"
            break
        except OSError:
            piece = b""
        if not piece:
            end = "closed"
            break
        if time.monotonic() > until:
            end = "no answer"
            break
        received += piece
    yield f"end: {end}"


def _shown(line: bytes) -> Iterator[str]:
    """A line as it may leave: words that are known, none that a stranger could have chosen freely."""
    word, *fields = line.split(b"\t")
    if m := _VERSION.fullmatch(line):
        yield f"VERSION {int(m[1])} {int(m[2])}"
    elif word == b"MECH" and fields and all(_WORD.fullmatch(f) for f in fields[:10]):
        yield "MECH " + " ".join(f.decode("ascii") for f in fields[:10])
    elif word in (b"SPID", b"DONE"):
        yield word.decode("ascii")
    elif word not in (b"CUID", b"COOKIE"):
        yield "other"


def _words(error: OSError) -> str:
    return "no answer" if isinstance(error, TimeoutError) else os.strerror(error.errno or 0)

"""A question to an IMAP server, as far as saslauthd -a rimap goes before it sends a password."""

import socket
import time

from maildoctor.host import Answer, NoAnswer
from maildoctor.host.directory import is_loopback

PATIENCE = 3.0
"""Seconds for one answer."""

_MOST = 8192
_TAG = b"md1"


def ask(server: str, everywhere: bool) -> Answer:
    """What the server at `HOST:PORT` says, a line each: `connect`, `greeting`, `capability`. Where not `everywhere`
    only an address of the loopback is asked."""
    name, _, port = server.rpartition(":")
    if not (everywhere or is_loopback(name)):
        return NoAnswer("unavailable", f"{name} is another machine, which is not asked", "use --ask-backends")
    lines: list[str] = []
    try:
        with socket.create_connection((name, int(port)), PATIENCE) as talk:
            lines.append(f"connect: {server} ok")
            greeting = _lines(talk, b"")
            lines.append(f"greeting: {_plain(greeting[0]) if greeting else ''}")
            if greeting and greeting[0].startswith(b"* OK"):
                talk.sendall(_TAG + b" CAPABILITY\r\n")
                said = _lines(talk, _TAG)
                known = [line for line in said if line.upper().startswith(b"* CAPABILITY ")]
                lines += [f"capability: {_plain(line[13:])}" for line in known[:1]]
                talk.sendall(_TAG + b" LOGOUT\r\n")
    except TimeoutError:
        lines.append(f"{'silent' if lines else 'connect'}: {server} no answer within {PATIENCE:.0f} s")
    except (OSError, ValueError) as error:
        lines.append(f"{'broken' if lines else 'connect'}: {server} {getattr(error, 'strerror', None) or error}")
    return "\n".join(lines)


def _lines(talk: socket.socket, tag: bytes) -> list[bytes]:
    """The lines up to the one that begins with the tag; without a tag the first. Raises OSError."""
    end, received = time.monotonic() + PATIENCE, b""
    while len(received) < _MOST:
        whole = received.split(b"\n")[:-1]
        if whole and (not tag or any(line.startswith(tag) for line in whole)):
            break
        talk.settimeout(max(0.01, end - time.monotonic()))
        piece = talk.recv(4096)
        if not piece:
            break
        received += piece
    return [line.rstrip(b"\r") for line in received.split(b"\n") if line.strip()]


def _plain(line: bytes) -> str:
    text = line[:500].decode("ascii", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

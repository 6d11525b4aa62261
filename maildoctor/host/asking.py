"""What this machine's own daemons answer to a first word: the greeting of a mail server, a sign from a name server.

Only addresses of the loopback interface are asked, so that nothing leaves the machine.
"""

import errno
import os
import socket
import time
from ipaddress import ip_address

from maildoctor.host import Answer, NoAnswer

STRANGER = "127.0.0.77"
"""An address of this machine that no /etc/hosts has: a mail server looks its name up as it does that of any client."""

GREETING = 7.0
"""Seconds that a greeting is waited for: a resolver gives up its first name server after five."""

_LOOKUP = 2.0
"""Seconds that a name server has: one that is alive answers at once from what it knows."""

_BANNER = 1024
_QUESTION = b"\x4d\x44\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01"
"""RFC 1035: the address of localhost, without recursion, so that no other server is asked for it."""


def greeting(port: int) -> Answer:
    """How long a client that is not known here waits for the greeting on this port of 127.0.0.1: `SECONDS BANNER`, or
    `SECONDS -` where none came."""
    began = time.monotonic()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as talk:
            talk.settimeout(GREETING)
            talk.bind((STRANGER, 0))
            talk.connect(("127.0.0.1", port))
            banner = _first_line(talk, began + GREETING)
            took = time.monotonic() - began
            if banner:
                talk.sendall(b"QUIT\r\n")
    except TimeoutError:
        return f"{time.monotonic() - began:.3f} -"
    except OSError as error:
        return NoAnswer("failed", f"127.0.0.1:{port} from {STRANGER}: {os.strerror(error.errno or 0)}")
    return f"{took:.3f} {banner or '-'}"


def _first_line(talk: socket.socket, until: float) -> str:
    received = b""
    while b"\n" not in received and len(received) < _BANNER:
        talk.settimeout(max(0.01, until - time.monotonic()))
        piece = talk.recv(_BANNER)
        if not piece:
            break
        received += piece
    words = received.partition(b"\n")[0].decode("ascii", "replace")
    return "".join(c for c in words if c.isprintable()).strip()


def name_server(address: str) -> Answer:
    """`answers`, or why not, of a name server at an address of this machine's loopback interface."""
    try:
        asked = ip_address(address)
    except ValueError:
        return NoAnswer("failed", f"{address} is no address")
    if not asked.is_loopback:
        return NoAnswer("unavailable", f"{address} is another machine, which is not asked")
    family = socket.AF_INET6 if asked.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as talk:
            talk.settimeout(_LOOKUP)
            talk.connect((address, 53))
            talk.send(_QUESTION)
            talk.recv(4096)
    except TimeoutError:
        return f"no answer within {_LOOKUP:g} s"
    except OSError as error:
        refused = error.errno == errno.ECONNREFUSED
        return "nothing listens there" if refused else f"no answer: {os.strerror(error.errno or 0)}"
    return "answers"

"""Lines that speak of logins and that no rule knew: by shape, so that a thousand of one kind are one."""

import re

from maildoctor.triage.tops import Top

SPEECH = (
    b"auth", b"Auth", b"AUTH", b"sasl", b"SASL", b"Sasl", b"dlopen", b"TLS", b"tls", b"SSL", b"ssl", b"login", b"Login",
    b"LOGIN", b"password", b"Password",
)  # fmt: skip
"""Words that make a line worth a look."""

_LONGEST_SHAPE = 240
_MOST_SHAPES = 2000

_STRANGE = re.compile(rb"[^\x20-\x7e]+")
_VARIABLE = re.compile(
    rb"(?P<mail>[\w.+=-]{1,64}@[\w.-]{1,255})"
    rb"|(?P<address>\[?\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b\]?|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F:]{0,39})"
    rb"|(?P<quoted>\"[^\"]{0,200}\"|'[^']{0,200}'|<[^<>]{0,200}>)"
    rb"|(?P<path>(?<![\w.])/[\w./+-]{1,200})"
    rb"|(?P<host>\b[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63}){2,8}\b)"
    rb"|(?P<number>\b(?=[A-Za-z]{0,20}[0-9])[0-9A-Za-z]{8,64}\b|-?\b[0-9]+\b)"
)


def shape(tag: bytes, message: bytes) -> bytes:
    """The message with all that varies replaced: `sendmail: AUTH failure (<quoted>): <number>`."""
    text = _STRANGE.sub(b"?", message[: 4 * _LONGEST_SHAPE])
    return (tag[:40] + b": " if tag else b"") + _VARIABLE.sub(_named, text)[:_LONGEST_SHAPE]


def _named(found: re.Match[bytes]) -> bytes:
    return b"<" + (found.lastgroup or "").encode() + b">"


class Unmatched:
    """Shapes and their counts, at most 2,000."""

    def __init__(self) -> None:
        self.shapes = Top(_MOST_SHAPES)
        self.lines = 0

    def add(self, tag: bytes, message: bytes) -> None:
        """Count one line."""
        self.lines += 1
        self.shapes.add(shape(tag, message))

    def merge(self, other: "Unmatched") -> None:
        """Add all that another one counted."""
        self.lines += other.lines
        self.shapes.merge(other.shapes)

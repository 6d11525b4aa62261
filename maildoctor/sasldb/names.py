"""Names of users, realms and keys on one line.

A byte of a character that is not printable (control characters, terminal sequences, odd white space, marks that turn
the direction of writing), a byte that is no UTF-8, and the backslash are written as `\\xNN`. So the written form is
reversible, and two names are equal exactly if their written forms are.
"""

import re

_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


def escape(name: bytes, also: str = "") -> str:
    """The printable form of a name; the characters of `also` are escaped too."""
    text = name.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text and not any(c in text for c in also):
        return text
    return "".join(c if c.isprintable() and c != "\\" and c not in also else _hex(c) for c in text)


def escape_first(shown: str) -> str:
    """The first character as `\\xNN` where a line that begins with the name would pass for another kind of line."""
    return _hex(shown[0]) + shown[1:] if shown.startswith(("#", "user: ")) else shown


def unescape(shown: str) -> bytes:
    """The name itself, from its printable form."""
    return b"".join(
        bytes.fromhex(part) if i % 2 else part.encode("utf-8", "surrogateescape")
        for i, part in enumerate(_ESCAPED.split(shown))
    )


def _hex(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))

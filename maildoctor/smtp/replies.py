"""Replies of an SMTP server (RFC 5321 section 4.2), read from whatever a stranger sends."""

import re
from dataclasses import dataclass

LINE_LIMIT = 8192
"""Bytes of one line; RFC 5321 section 4.5.3.1.5 allows 512, some servers send more."""
REPLY_LINES = 400
"""Lines of one reply; the longest EHLO replies have some 30."""

_SHOWN = 200
_TLS = (b"\x15\x03", b"\x16\x03")
"""How an alert and a handshake of TLS begin (RFC 8446 section 5.1)."""

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class BadReply(Exception):
    """What came is no reply of SMTP, or too much of one. The words are for a person; `said`, their end: what came."""

    def __init__(self, words: str, said: str = "") -> None:
        super().__init__(words + said)
        self.words, self.said = words, said


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `lines` are its texts without the code, one a line, undecodable bytes escaped."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines in one."""
        return " ".join(self.lines)

    @property
    def kind(self) -> int:
        """The first digit: 2 done, 3 go on, 4 not now, 5 no."""
        return self.code // 100


class ReplyReader:
    """Bytes in, replies out. Memory stays below one reply at its limits however much comes."""

    def __init__(self) -> None:
        self._left = bytearray()
        self._code = 0
        self._lines: list[str] = []

    @property
    def begun(self) -> tuple[str, str]:
        """What came of a reply that is not whole: the end of a sentence, and the server's words behind it; empty where
        nothing did."""
        data = bytes(self._left[:_SHOWN])
        if not data:
            return ("; the last line of its reply did not come" if self._lines else ""), ""
        return "; this came, and no end of line: ", printable(data)

    @property
    def pending(self) -> bool:
        """Whether bytes are left that are no whole reply yet, or are more than one."""
        return bool(self._left or self._lines)

    def feed(self, data: bytes) -> None:
        """More of what the server sent."""
        self._left += data

    def next(self) -> Reply | None:
        """The next whole reply, None where more bytes are needed. Raises BadReply."""
        while True:
            if self._left.startswith(_TLS):
                raise BadReply("it speaks TLS where SMTP was expected")
            end = self._left.find(b"\n", 0, LINE_LIMIT + 1)
            if end < 0:
                if len(self._left) > LINE_LIMIT:
                    raise BadReply(f"a line of more than {LINE_LIMIT} bytes came")
                return None
            line = bytes(self._left[:end]).removesuffix(b"\r")
            del self._left[: end + 1]
            if self._take(line):
                reply = Reply(self._code, tuple(self._lines))
                self._lines = []
                return reply

    def _take(self, line: bytes) -> bool:
        m = _LINE.fullmatch(line)
        if m is None:
            raise BadReply("this is no reply of SMTP: ", printable(line[:_SHOWN]))
        code = int(m[1])
        if self._lines and code != self._code:
            raise BadReply(f"the code changes within a reply, from {self._code} to {code}")
        if len(self._lines) >= REPLY_LINES:
            raise BadReply(f"a reply of more than {REPLY_LINES} lines came")
        self._code = code
        self._lines.append(printable(m[3] or b""))
        return m[2] != b"-"


def printable(data: bytes) -> str:
    """One line of text; control characters and what is no UTF-8 become `\\xNN`."""
    return one_line(data.decode("utf-8", "backslashreplace"))


def one_line(text: str) -> str:
    """The same for what is text already."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

"""Words that must not stand in a transcript, whoever repeats them: servers echo what they did not understand."""

import re
from base64 import b64encode
from collections.abc import Iterable

from maildoctor.sasl import Secret
from maildoctor.smtp.replies import printable
from maildoctor.smtp.vocabulary import CUT, WORDS, Vocabulary, shortened

_SHORTEST = 4
"""Characters below which a word is no secret, and its loss would tear the words of a reply."""
_RUN = 8
"""Characters of a secret that are struck out wherever they stand."""
_NO_WORD = "\N{REPLACEMENT CHARACTER}"
"""Stands for what was struck out where only known words are kept, so that it is none of them."""
_PIECE = re.compile(r"[^\W_]{5,}")
_WORD = re.compile(r"[^\W_]+")
_LINES = 12
"""Lines that are kept of a reply once the server has heard a secret, but for those that it had said before."""


def forms(secret: Secret, authid: str, authzid: str = "") -> list[bytes]:
    """A password as it goes over the wire, and as a server may turn it."""
    word = secret.reveal()
    names = (name.encode("utf-8", "surrogateescape") for name in (authzid, authid))
    plain = b"\0".join((*names, word))
    return [word, word[::-1], word.hex().encode(), b64encode(word).rstrip(b"="), b64encode(plain).rstrip(b"=")]


class Hidden:
    """What is hidden so far. From `close` on, when the server has heard a secret, only what it can be no echo of one is
    kept of its words; what is known to be a secret is struck out before that too."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._runs: set[str] = set()
        self._earlier: list[str] = []
        self._openly = ""
        self.open = Vocabulary()
        self.closed = False

    def close(self) -> None:
        """The server has now heard a secret, or what was made of one."""
        self.closed = True

    def lines(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """A reply without them."""
        if not self.closed:
            return tuple(map(self.masked, lines)) if self._words or self._earlier else lines
        most = max(_LINES, sum(map(self.open.had, lines)) + 1)
        return shortened(map(self.masked, lines), most)

    def whole(self, word: bytes) -> None:
        """Strike out this word, in capitals too."""
        text = _small(printable(word))
        if len(text) >= _SHORTEST:
            self._words.add(text)

    def parts(self, word: bytes, said_before: str = "") -> None:
        """Strike out this word and every run of some characters of it; but what the server `said_before` it could know
        the word is no echo, and must stay readable."""
        text = _small(printable(word))
        if text and text not in _small(said_before):
            self.whole(word)
            self._runs |= {text[i : i + _RUN] for i in range(len(text) - _RUN + 1)}

    def received_earlier(self, words: Iterable[bytes], openly: str) -> None:
        """The server may have heard these in another run, and repeat them whole or in pieces before it hears anything
        of us in this one. What mail servers write anyway stays, and what was said `openly`: the server's own name."""
        self._openly = _small(openly)
        self._earlier = [text for text in (_small(printable(word)) for word in words) if len(text) >= _SHORTEST]
        unusual = [text for text in self._earlier if not all(map(self._usual, _WORD.findall(text)))]
        self._runs |= {text[i : i + _RUN] for text in unusual for i in range(len(text) - _RUN + 1)}

    def masked(self, text: str) -> str:
        """The text without them."""
        mark = _NO_WORD if self.closed else CUT
        text = self._struck(text, mark)
        if self._earlier:
            text = _PIECE.sub(lambda m: mark if self._repeats(_small(m[0])) else m[0], text)
        return self.open.only(text) if self.closed else text

    def _usual(self, piece: str) -> bool:
        return piece in WORDS or piece in self._openly

    def _repeats(self, piece: str) -> bool:
        return not self._usual(piece) and any(piece in word or word in piece for word in self._earlier)

    def _struck(self, text: str, mark: str) -> str:
        small = _small(text)
        struck = bytearray(len(text))
        for word in self._words:
            start = small.find(word)
            while start >= 0:
                struck[start : start + len(word)] = b"\1" * len(word)
                start = small.find(word, start + 1)
        if self._runs:
            for start in range(len(small) - _RUN + 1):
                if small[start : start + _RUN] in self._runs:
                    struck[start : start + _RUN] = b"\1" * _RUN
        if not any(struck):
            return text
        kept = ("" if hit else char for char, hit in zip(text, struck, strict=True))
        marks = (mark if hit and (n == 0 or not struck[n - 1]) else "" for n, hit in enumerate(struck))
        return "".join(before + char for before, char in zip(marks, kept, strict=True))


def _small(text: str) -> str:
    """Lower case, one for one: some letters have two of them."""
    small = text.lower()
    return small if len(small) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)

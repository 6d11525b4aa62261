"""How a mechanism is written and played: a script is a generator that yields what to say and is sent what was heard."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

LONGEST = 64 * 1024
"""Bytes of a challenge that are looked at. RFC 4954, section 4.3, lets a line of base64 have 12288; Kerberos tickets
with many groups are longer in practice."""

_SHOWN = 200


class SaslError(Exception):
    """An exchange that cannot begin or go on. The words are for a person and hold no secret of ours; what they quote of
    the server, `said`, is short and not escaped, and a server may quote what it was sent."""

    def __init__(self, words: str, said: str = "") -> None:
        super().__init__(words)
        self._said = said

    def shown(self, masked: Callable[[str], str]) -> str:
        """The words, those of the server masked."""
        return str(self).replace(self._said, masked(self._said)) if self._said else str(self)


class ServerRefused(SaslError):
    """The server said within the exchange, in the mechanism's own way, that it refuses."""


class ServerNotProven(SaslError):
    """The server did not prove that it knows the password, where the mechanism demands it: perhaps it is another."""


class ServerWeak(SaslError):
    """The server asks for an answer from which the password could be found out, so it is given none."""


@dataclass(frozen=True, slots=True)
class Say:
    """One message of the client; None: the server speaks first. `proven`: nothing is left for the server to prove.

    `told`: the server's own words about why it will refuse, in mechanisms where the client has to answer to them.
    `remark`: our own words about what the server asked for, where it is weak and answered all the same.
    """

    message: bytes | None = field(repr=False)
    proven: bool = True
    reported: str = ""
    remark: str = ""


Script = Generator[Say, bytes, None]


class Exchange:
    """One login by one mechanism, without the wire: bytes in and out are not in base64."""

    __slots__ = ("_first", "_said", "_script", "mechanism")

    def __init__(self, mechanism: str, script: Script) -> None:
        self.mechanism = mechanism
        self._script = script
        self._first = self._said = next(script)

    @property
    def reported(self) -> str:
        """Why the server will refuse, in its own words (XOAUTH2 and OAUTHBEARER); empty where it did not say."""
        return self._said.reported

    @property
    def remark(self) -> str:
        """What is weak in the demand that was answered last, in our own words; empty where nothing is."""
        return self._said.remark

    def first(self) -> bytes | None:
        """The initial response. None: the server speaks first; b"" is "=" on the line of AUTH (RFC 4954, section 4).

        A client that sends none with AUTH sends this to the server's first, empty challenge.
        """
        return self._first.message

    def answer(self, challenge: bytes) -> bytes:
        """The next message. Raises SaslError for a challenge out of place, malformed or hostile: then the client
        cancels. ServerRefused and ServerNotProven are such errors too."""
        if len(challenge) > LONGEST:
            raise SaslError(f"the server's challenge is longer than {LONGEST} bytes")
        try:
            self._said = self._script.send(challenge)
        except StopIteration:
            raise SaslError(f"the server goes on asking where {self.mechanism} is over") from None
        return self._said.message or b""

    def finish(self, extra: bytes | None = None) -> None:
        """To be called when the server accepts; `extra` is what it sent along for the mechanism, which SMTP does not
        do. Raises ServerNotProven; with `extra` also SaslError, as `answer` does."""
        if extra is not None:
            self.answer(extra)
        if self._said.reported:
            raise ServerNotProven(
                f"the server accepts a login that it has just refused: {self._said.reported}", self._said.reported
            )
        if not self._said.proven:
            raise ServerNotProven(f"the server accepts, but did not prove itself, as {self.mechanism} demands")


def quoted(words: str) -> str:
    """Words of the server, cut to a length that fits into a sentence."""
    return words if len(words) <= _SHOWN else words[:_SHOWN] + "…"

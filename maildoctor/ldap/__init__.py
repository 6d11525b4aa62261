"""LDAP (RFC 4511) as far as a question needs it: a simple bind, StartTLS, one search. Bytes in, bytes out."""

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.ldap.ber import BadBer, elements, integer, octets, one, tagged

START_TLS = b"1.3.6.1.4.1.1466.20037"

RESULTS = {
    0: "success", 1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded",
    7: "authMethodNotSupported", 8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded",
    13: "confidentialityRequired", 16: "noSuchAttribute", 18: "inappropriateMatching", 21: "invalidAttributeSyntax",
    32: "noSuchObject", 34: "invalidDNSyntax", 48: "inappropriateAuthentication", 49: "invalidCredentials",
    50: "insufficientAccessRights", 51: "busy", 52: "unavailable", 53: "unwillingToPerform", 80: "other",
}  # fmt: skip
"""The names that RFC 4511 gives result codes."""

SCOPES = {"base": 0, "one": 1, "sub": 2}


@dataclass(frozen=True, slots=True)
class Answer:
    """One message of a server. `kind`: its tag; `entry`: the names of the attributes of an entry that was found;
    `name`: its own; `values`: where they were asked for."""

    kind: int
    code: int = 0
    text: str = ""
    entry: tuple[str, ...] = ()
    name: str = ""
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()


BIND_RESPONSE, ENTRY, SEARCH_DONE, REFERENCE, EXTENDED_RESPONSE = 0x61, 0x64, 0x65, 0x73, 0x78


def bind(number: int, name: str, password: bytes) -> bytes:
    """A simple bind; with an empty name and password an anonymous one."""
    return _message(number, tagged(0x60, integer(3) + octets(name.encode()) + tagged(0x80, password)))


def start_tls(number: int) -> bytes:
    """A request for TLS."""
    return _message(number, tagged(0x77, tagged(0x80, START_TLS)))


def search(
    number: int,
    base: str,
    scope: str,
    filter_: bytes,
    attributes: tuple[str, ...],
    most: int = 1,
    values: bool = False,
) -> bytes:
    """A search that gives back names of attributes alone (typesOnly), unless their `values` are asked for."""
    names = b"".join(octets(a.encode()) for a in attributes)
    body = octets(base.encode()) + one(SCOPES[scope]) + one(0) + integer(most) + integer(5)
    return _message(
        number, tagged(0x63, body + (b"\x01\x01\0" if values else b"\x01\x01\xff") + filter_ + tagged(0x30, names))
    )


def unbind(number: int) -> bytes:
    """The end of a conversation."""
    return _message(number, b"\x42\x00")


def answers(data: bytes) -> Iterator[tuple[Answer, int]]:
    """The whole messages in `data`, each with the place behind it. Raises BadBer."""
    for tag, body, end in elements(data):
        if tag != 0x30:
            raise BadBer("this is no message of LDAP")
        parts = [(t, b) for t, b, _ in elements(body, whole=True)]
        if len(parts) < 2:
            raise BadBer("a message of LDAP has two parts")
        yield _answer(*parts[1]), end


def _answer(tag: int, body: bytes) -> Answer:
    parts = [(t, b) for t, b, _ in elements(body, whole=True)] if tag != REFERENCE else []
    if tag == ENTRY:
        rows = []
        if len(parts) > 1:
            for _, attribute, _ in elements(parts[1][1], whole=True):
                halves = [(t, b) for t, b, _ in elements(attribute, whole=True)]
                found = [_text(b) for t, part in halves if t == 0x31 for _, b, _ in elements(part, whole=True)]
                rows += [(_text(b), tuple(found)) for t, b in halves if t == 4][:1]
        return Answer(tag, 0, "", tuple(n for n, _ in rows), _text(parts[0][1]) if parts else "", tuple(rows))
    if tag in (BIND_RESPONSE, SEARCH_DONE, EXTENDED_RESPONSE) and len(parts) >= 3:
        return Answer(tag, int.from_bytes(parts[0][1][:4], "big"), parts[2][1].decode("utf-8", "replace"))
    return Answer(tag)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _message(number: int, operation: bytes) -> bytes:
    return tagged(0x30, integer(number) + operation)

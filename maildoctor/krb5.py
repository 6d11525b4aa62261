"""Kerberos (RFC 4120) as far as one question needs it: an AS-REQ without proof of who asks, and what a KDC says to it.
Bytes in, bytes out; what an answer holds in cipher is passed over."""

import re
from calendar import timegm
from dataclasses import dataclass

from maildoctor.ldap.ber import BadBer, elements, integer, tagged

ENCTYPES = {
    1: "des-cbc-crc", 2: "des-cbc-md4", 3: "des-cbc-md5", 16: "des3-cbc-sha1", 17: "aes128-cts-hmac-sha1-96",
    18: "aes256-cts-hmac-sha1-96", 19: "aes128-cts-hmac-sha256-128", 20: "aes256-cts-hmac-sha384-192",
    23: "arcfour-hmac", 24: "arcfour-hmac-exp", 25: "camellia128-cts-cmac", 26: "camellia256-cts-cmac",
}  # fmt: skip
"""As MIT's klist names them."""

ERRORS = {
    0: "AS_REP", 1: "KDC_ERR_NAME_EXP", 2: "KDC_ERR_SERVICE_EXP", 6: "KDC_ERR_C_PRINCIPAL_UNKNOWN",
    7: "KDC_ERR_S_PRINCIPAL_UNKNOWN", 12: "KDC_ERR_POLICY", 14: "KDC_ERR_ETYPE_NOSUPP", 18: "KDC_ERR_CLIENT_REVOKED",
    23: "KDC_ERR_KEY_EXPIRED", 25: "KDC_ERR_PREAUTH_REQUIRED", 29: "KDC_ERR_SVC_UNAVAILABLE",
    52: "KRB_ERR_RESPONSE_TOO_BIG", 60: "KRB_ERR_GENERIC", 68: "KDC_ERR_WRONG_REALM",
}  # fmt: skip
"""RFC 4120, section 7.5.9; 0 stands for an answer that is no error."""

TOO_BIG = 52
_AS_REQ, _AS_REP, _KRB_ERROR = 0x6A, 0x6B, 0x7E
_ETYPE_INFO, _ETYPE_INFO2 = 11, 19
_PRINCIPAL, _SERVICE = 1, 2
_TIME = re.compile(rb"[0-9]{14}Z")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a KDC said. `code`: of the error, 0 where it is none; `ticket`: enctype and, where it tells, version of the
    key by which it made a ticket for the service; `keys`: enctypes by which it would let the principal prove itself;
    `time`: its clock, in seconds since 1970, which only an error tells."""

    code: int
    ticket: tuple[int, int | None] | None = None
    keys: tuple[int, ...] = ()
    time: int | None = None


def as_req(principal: str, realm: str, enctypes: tuple[int, ...], nonce: int) -> bytes:
    """Asks for a ticket for `principal` in its own name, with nothing that proves it."""
    body = b"".join((
        _field(0, tagged(0x03, bytes(5))),
        _field(1, _name(_PRINCIPAL, principal.split("/"))),
        _field(2, _string(realm)),
        _field(3, _name(_SERVICE, principal.split("/"))),
        _field(5, tagged(0x18, b"19700101000000Z")),  # as long as the KDC gives
        _field(7, integer(nonce)),
        _field(8, tagged(0x30, b"".join(map(integer, enctypes)))),
    ))  # fmt: skip
    parts = _field(1, integer(5)) + _field(2, integer(10)) + _field(4, tagged(0x30, body))
    return tagged(_AS_REQ, tagged(0x30, parts))


def answer(data: bytes) -> Answer:
    """What these bytes say. Raises BadBer where they are no answer of a KDC."""
    tag, body = _only(data)
    if tag not in (_AS_REP, _KRB_ERROR):
        raise BadBer("this is no answer of a KDC")
    fields = _fields(_only(body)[1])
    if tag == _AS_REP:
        ticket = _fields(_only(_in(fields, 5))[1])  # a sequence in its tag of an application
        sealed = _fields(_in(ticket, 3))
        return Answer(0, (_number(_value(sealed, 0)), _number(sealed[1]) if 1 in sealed else None))
    stamp = _only(_value(fields, 4))[1]
    code = _number(_value(fields, 6))
    return Answer(code, None, _hinted(fields[12]) if code == 25 and 12 in fields else (), _seconds(stamp))


def _hinted(data: bytes) -> tuple[int, ...]:
    """The enctypes of PA-ETYPE-INFO2, or of its forerunner, in the METHOD-DATA of an error."""
    found: dict[int, list[int]] = {}
    for _, hint, _ in elements(_only(_only(data)[1])[1], whole=True):
        fields = _fields(hint)
        kind = _number(_value(fields, 1))
        if kind in (_ETYPE_INFO, _ETYPE_INFO2) and (value := _only(_value(fields, 2))[1]):
            rows = elements(_only(value)[1], whole=True)
            found[kind] = [_number(_value(_fields(row), 0)) for _, row, _ in rows]
    return tuple(found.get(_ETYPE_INFO2) or found.get(_ETYPE_INFO) or ())


def _seconds(stamp: bytes) -> int | None:
    if not _TIME.fullmatch(stamp):
        return None
    text = stamp.decode()
    moment = tuple(int(text[a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14)))
    return timegm((*moment, 0, 0, 0)) if 1970 <= moment[0] < 10000 and 1 <= moment[1] <= 12 else None


def _field(number: int, content: bytes) -> bytes:
    return tagged(0xA0 | number, content)


def _string(text: str) -> bytes:
    return tagged(0x1B, text.encode())


def _name(kind: int, parts: list[str]) -> bytes:
    words = tagged(0x30, b"".join(map(_string, parts)))
    return tagged(0x30, _field(0, integer(kind)) + _field(1, words))


def _only(data: bytes) -> tuple[int, bytes]:
    """The one element that this is."""
    found = [(tag, body) for tag, body, _ in elements(data, whole=True)]
    if len(found) != 1:
        raise BadBer("one element was expected")
    return found[0]


def _fields(data: bytes) -> dict[int, bytes]:
    """The fields of a sequence by their numbers."""
    return {tag & 0x1F: body for tag, body, _ in elements(data, whole=True)}


def _value(fields: dict[int, bytes], number: int) -> bytes:
    if number not in fields:
        raise BadBer("a field is missing")
    return fields[number]


def _in(fields: dict[int, bytes], number: int) -> bytes:
    return _only(_value(fields, number))[1]


def _number(data: bytes) -> int:
    return int.from_bytes(_only(data)[1][:8], "big", signed=True)


__all__ = ["ENCTYPES", "ERRORS", "TOO_BIG", "Answer", "BadBer", "answer", "as_req"]

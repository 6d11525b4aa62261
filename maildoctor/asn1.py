"""Certificates and keys before OpenSSL is given them: a number of 20,000 bits or a curve of one's own costs it minutes
in one call, in which no signal is heard. No arithmetic is done here, and nothing of a key is kept.

Sources: ITU-T X.690 (DER), RFC 7468 (PEM), RFC 5208 and 8017 (private keys), RFC 5915 and 3279 (curves).
"""

import binascii
import re
from collections.abc import Iterator

BITS = 16_384
"""Bits of the longest number: OpenSSL takes no longer RSA modulus (OPENSSL_RSA_MAX_MODULUS_BITS)."""
_ELEMENTS = 50_000
"""Elements of one certificate or key; one with 5,000 names has 5,000 and some."""

_INTEGER, _BITS, _OCTETS, _OID, _SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30
_CONSTRUCTED = 0x20

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_HEADER = re.compile(rb"\s*[A-Za-z-]{1,40}: [^\n]*\n")


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for number in (40 * first + second, *rest):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        octets += bytes(reversed(groups))
    return bytes(octets)


_KEYS = {
    _oid(dotted): name
    for dotted, name in {
        "1.2.840.113549.1.1.1": "RSA",
        "1.2.840.113549.1.1.10": "RSASSA-PSS",
        "1.2.840.10045.2.1": "EC",
        "1.3.101.112": "Ed25519",
        "1.3.101.113": "Ed448",
    }.items()
}
"""Kinds of private key that serve TLS now. Of a DSA or DH key OpenSSL computes the public half when it is loaded."""
_OWN_CURVE = {_oid("1.2.840.10045.1.1"), _oid("1.2.840.10045.1.2")}
"""prime-field and characteristic-two-field: a curve that is written out instead of named."""


class NotDer(ValueError):
    """It is no DER: it ends too soon, goes on too long, or says its length in more octets than needed."""


def blocks(pem: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Label and DER of each block of a PEM file, in order, e.g. `("CERTIFICATE", b"0…")`. None for the DER of a block
    that is encrypted in the old way (RFC 1421); an empty one where it is no base64 or does not end."""
    for begin in _BEGIN.finditer(pem):
        label, stop = begin[1].decode(), pem.find(b"-----", begin.end())
        is_whole = pem.startswith(b"-----END " + begin[1] + b"-----", stop) if stop >= 0 else False
        text = pem[begin.end() : stop if stop >= 0 else len(pem)]
        start, encrypted = 0, False
        while header := _HEADER.match(text, start):
            start, encrypted = header.end(), encrypted or b"ENCRYPTED" in header[0]
        if encrypted:
            yield label, None
            continue
        try:
            yield label, binascii.a2b_base64(b"".join(text[start:].split()), strict_mode=True) if is_whole else b""
        except binascii.Error:
            yield label, b""


def not_certificate(der: bytes) -> str:
    """Why a certificate should not be given to OpenSSL, in words; empty where it may be. Takes time in proportion to
    its length. Raises NotDer."""
    return _excess(der)


def not_key(der: bytes) -> str:
    """Why a private key should not be given to OpenSSL, in words; empty where it may be. Raises NotDer."""
    parts = [(tag, start, end) for _, a, b in _one(der) for tag, start, end in _elements(der, a, b)]
    kinds = bytes(tag for tag, _, _ in parts)
    inner = b""
    if kinds[:3] == bytes((_INTEGER, _SEQUENCE, _OCTETS)):  # PKCS #8: version, algorithm, key
        tag, start, end = next(_elements(der, *parts[1][1:]), (0, 0, 0))
        if tag != _OID or der[start:end] not in _KEYS:
            return _OTHER_KIND
        inner = der[parts[2][1] : parts[2][2]]
    elif kinds[:2] == bytes((_INTEGER, _INTEGER)):  # RSA has nine numbers; DSA, as OpenSSL wrote it of old, six
        if len(kinds) < _RSA_NUMBERS:
            return _OTHER_KIND
    elif kinds[:2] not in (bytes((_INTEGER, _OCTETS)), bytes((_SEQUENCE, _OCTETS))):  # EC; encrypted
        raise NotDer("no private key")
    return _excess(der) or _excess(inner)


def rsa_public(der: bytes) -> tuple[int, int] | None:
    """Modulus and exponent, the public half, of a private RSA key; None of another kind. Raises NotDer."""
    parts = [(tag, der[start:end]) for _, a, b in _one(der) for tag, start, end in _elements(der, a, b)]
    kinds = bytes(tag for tag, _ in parts)
    if kinds[:3] == bytes((_INTEGER, _SEQUENCE, _OCTETS)):
        kind = next(_elements(parts[1][1], 0, len(parts[1][1])), (0, 0, 0))
        return rsa_public(parts[2][1]) if _KEYS.get(parts[1][1][kind[1] : kind[2]]) == "RSA" else None
    if len(kinds) < _RSA_NUMBERS or kinds[:_RSA_NUMBERS] != bytes([_INTEGER] * _RSA_NUMBERS):
        return None
    return int.from_bytes(parts[1][1], "big"), int.from_bytes(parts[2][1], "big")


def is_rsa(der: bytes) -> bool:
    """Whether it says to be a private key of RSA, RSASSA-PSS included. Raises NotDer."""
    return any(tag == _OID and _KEYS.get(der[a:b], "").startswith("RSA") for tag, a, b in _walk(der))


_RSA_NUMBERS = 9
_OTHER_KIND = f"it is of none of the kinds that are read: {', '.join(_KEYS.values())}"


def _excess(der: bytes) -> str:
    for count, (tag, start, end) in enumerate(_walk(der)):
        if count == _ELEMENTS:
            return f"it has more than {_ELEMENTS:,} elements"
        if tag == _INTEGER and (bits := 8 * len(der[start:end].lstrip(b"\0"))) > BITS:
            return f"it holds a number of {bits:,} bits, and OpenSSL takes no key of more than {BITS:,}"
        if tag == _OID and der[start:end] in _OWN_CURVE:
            return "its curve is written out instead of named, which no TLS server takes"
    return ""


def _walk(der: bytes) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of every element, and of those that stand in octet and bit strings, where what stands there
    looks so. Raises NotDer, not for what stands in a string."""
    waiting = [(_elements(der, 0, len(der)), False)]
    while waiting:
        try:
            found = next(waiting[-1][0], None)
        except NotDer:
            if not waiting[-1][1]:
                raise
            found = None  # digests and signatures may begin like anything
        if found is None:
            waiting.pop()
            continue
        yield found
        tag, start, end = found
        if tag & _CONSTRUCTED:
            waiting.append((_elements(der, start, end), waiting[-1][1]))
        elif tag in (_BITS, _OCTETS):
            # a bit string begins with the number of bits that do not count
            waiting.append((_elements(der, start + (tag == _BITS), end), True))


def _one(der: bytes) -> list[tuple[int, int, int]]:
    """The one sequence that it is. Raises NotDer."""
    found = next(_elements(der, 0, len(der)), None)
    if found is None or found[0] != _SEQUENCE or found[2] != len(der):
        raise NotDer("it is not one sequence")
    return [found]


def _elements(der: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of the contents of each element from `start` to `end`. Raises NotDer."""
    while start < end:
        tag, start = der[start], start + 1
        if tag & 0x1F == 0x1F:
            raise NotDer("a tag of more than one octet")
        if start >= end:
            raise NotDer("it ends behind a tag")
        length, start = der[start], start + 1
        if length & 0x80:
            octets = length & 0x7F
            length = int.from_bytes(der[start : start + octets], "big")
            start += octets
            if not 1 <= octets <= 4 or start > end or length < 0x80 or not length >> 8 * (octets - 1):
                raise NotDer("a length that is not as short as it can be")
        if start + length > end:
            raise NotDer("an element is longer than what it stands in")
        yield tag, start, start + length
        start += length

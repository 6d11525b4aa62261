"""The Basic Encoding Rules (X.690) of LDAP: definite lengths, one byte of tag."""

from collections.abc import Iterator


class BadBer(Exception):
    """The bytes are none that BER could make, or more than is taken."""


MOST = 1024 * 1024
"""Bytes of one element that are taken."""


def tagged(tag: int, body: bytes) -> bytes:
    """An element."""
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def one(value: int) -> bytes:
    """An ENUMERATED."""
    return tagged(0x0A, bytes([value]))


def octets(value: bytes) -> bytes:
    """An OCTET STRING."""
    return tagged(0x04, value)


def elements(data: bytes, whole: bool = False) -> Iterator[tuple[int, bytes, int]]:
    """Tag, body and end of each element; an element that is cut at the end is left out, or, where all must be `whole`,
    refused. Raises BadBer."""
    at = 0
    while at + 2 <= len(data):
        tag, size, start = data[at], data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4:
                raise BadBer("a length is of no known form")
            if start + count > len(data):
                break
            size = int.from_bytes(data[start : start + count], "big")
            start += count
        if size > MOST:
            raise BadBer("an element is larger than is taken")
        if start + size > len(data):
            break
        at = start + size
        yield tag, data[start:at], at
    if whole and at != len(data):
        raise BadBer("an element is cut")

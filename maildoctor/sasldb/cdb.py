"""Constant databases (cdb, tinycdb) of up to 4 GB, as bytes. Layout: https://cr.yp.to/cdb/cdb.txt.

256 pairs of position and length of the hash tables; the records; the hash tables, until the end of the file. There is
no magic number, so a file is one only if all of that fits together.
"""

import struct
from collections.abc import Iterator

from maildoctor.sasldb.database import ALL, Database, NotADatabase, Pair, some

_HEADER = 2048


def recognises(data: bytes) -> bool:
    """Whether the hash tables which the header names fill the end of the file exactly."""
    if len(data) < _HEADER:
        return False
    words = struct.unpack_from("<512I", data)
    tables = sorted(zip(words[::2], words[1::2], strict=True))
    end = tables[0][0]
    if end < _HEADER:
        return False
    for position, slots in tables:
        if position != end:
            return False
        end += 8 * slots
    return bool(end == len(data))


def read(data: bytes, most: int = ALL) -> Database:
    """The pairs, `most` at most. Raises NotADatabase if this is no cdb file."""
    if not recognises(data):
        raise NotADatabase("not a cdb file")
    words = struct.unpack_from("<512I", data)
    end = min(words[::2])
    at, count = _HEADER, 0
    for place in _places(data, end):
        at, count = place[0], count + 1
    # Each hash table has two slots a record. Where the sums are wrong no border can be trusted: a cdb is made whole
    if at != end or 2 * count != sum(words[1::2]):
        return Database("cdb", "cdb", [], ("the records do not fill their place",))
    pairs, more = some(_pairs(data, end), most)
    return Database("cdb", "cdb", pairs, more=more)


def _places(data: bytes, end: int) -> Iterator[tuple[int, int, int]]:
    """Of each record where it ends, and where its key and value begin."""
    lengths = struct.Struct("<2I")
    at = _HEADER
    while at + 8 <= end:
        key_length, value_length = lengths.unpack_from(data, at)
        key_at = at + 8
        value_at = key_at + key_length
        at = value_at + value_length
        yield at, key_at, value_at


def _pairs(data: bytes, end: int) -> Iterator[Pair]:
    for at, key_at, value_at in _places(data, end):
        yield data[key_at:value_at], data[value_at:at]

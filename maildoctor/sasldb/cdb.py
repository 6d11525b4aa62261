"""Constant databases (cdb, tinycdb) of up to 4 GB, as bytes. Layout: https://cr.yp.to/cdb/cdb.txt.

256 pairs of position and length of the hash tables; the records; the hash tables, until the end of the file. There is
no magic number, so a file is one only if all of that fits together.
"""

import struct

from maildoctor.sasldb.database import Database, NotADatabase, Pair

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


def read(data: bytes) -> Database:
    """Every pair. Raises NotADatabase if this is no cdb file."""
    if not recognises(data):
        raise NotADatabase("not a cdb file")
    words = struct.unpack_from("<512I", data)
    pairs: list[Pair] = []
    at, end = _HEADER, min(words[::2])
    while at + 8 <= end:
        key_length, value_length = struct.unpack_from("<2I", data, at)
        key_at = at + 8
        at = key_at + key_length + value_length
        if at > end:
            break
        pairs.append((data[key_at : key_at + key_length], data[key_at + key_length : at]))
    # Each hash table has two slots a record. Where the sums are wrong no border can be trusted: a cdb is made whole
    if at != end or 2 * len(pairs) != sum(words[1::2]):
        return Database("cdb", "cdb", [], ("the records do not fill their place",))
    return Database("cdb", "cdb", pairs)

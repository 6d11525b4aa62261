"""GNU dbm files, and the `.pag` files of its ndbm, as bytes. Layouts: gdbm src/gdbmdefs.h, src/gdbmconst.h.

The header names a directory of bucket offsets; a bucket is a table of where keys and values lie.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.sasldb.database import ALL, Damage, Database, NotADatabase, Pair, byte_order, some

_MAGICS = {
    0x13579ACE: "old format",
    0x13579ACD: "32-bit",
    0x13579ACF: "64-bit",
    0x13579AD0: "32-bit, numsync",
    0x13579AD1: "64-bit, numsync",
}
_HEADER = 32
_FREE_SLOT = -1


@dataclass(frozen=True, slots=True)
class _Layout:
    """Sizes that follow from the width of a file offset and from how the compiler aligned it.

    `count` is the place of a bucket's record count, the table of elements follows it (after padding).
    """

    offset: str
    count: int
    elements: int
    element: str
    size: int


_LAYOUTS = (
    _Layout("q", 108, 112, "i4sqii", 24),
    _Layout("q", 80, 84, "i4sqii", 24),  # 64-bit offsets in a program of i386, which aligns them to 4 bytes
    _Layout("i", 56, 60, "i4siii", 20),
)


def order_of(data: bytes) -> str | None:
    """The byte order of a gdbm file for struct, None if it is no such file."""
    if len(data) < 4:
        return None
    return next((order for order in "<>" if struct.unpack_from(order + "I", data)[0] in _MAGICS), None)


def read(data: bytes, most: int = ALL) -> Database:
    """The pairs, `most` at most. Raises NotADatabase if this is no gdbm file."""
    order = order_of(data)
    if order is None:
        raise NotADatabase("not a gdbm file")
    magic = struct.unpack_from(order + "I", data)[0]
    detail = f"GDBM {_MAGICS[magic]}, {byte_order(order)}"
    if len(data) < _HEADER:
        return Database("gdbm", detail, [], ("the file ends within its header",))
    damage = Damage()
    pairs, more = some(_pairs(data, order, damage), most)
    return Database("gdbm", detail, pairs, damage.sentences(), more=more)


def _pairs(data: bytes, order: str, damage: Damage) -> Iterator[Pair]:
    for layout in _LAYOUTS:
        directory, size, bits, bucket_size, elements = struct.unpack_from(f"{order}{layout.offset}4i", data, 8)
        # How many elements fit in a bucket is another number in each layout; the old magic number tells none
        if elements > 0 and (bucket_size - layout.elements) // layout.size == elements:
            break
    else:
        damage.note("the header is broken")
        return
    entries = size // struct.calcsize("<" + layout.offset)
    if not 0 < directory <= len(data) - size or entries < 1 or entries != 1 << min(max(bits, 0), 31):
        damage.note("the directory of buckets is broken or lies outside the file")
        return
    # Neighbours in the directory share a bucket
    offsets = list(dict.fromkeys(struct.unpack_from(f"{order}{entries}{layout.offset}", data, directory)))
    if len(offsets) * bucket_size > len(data):
        damage.note("the file is shorter than its buckets")
        offsets = offsets[: len(data) // bucket_size]
    yield from _buckets(data, order, layout, offsets, bucket_size, damage)


def _buckets(
    data: bytes, order: str, layout: _Layout, offsets: list[int], bucket_size: int, damage: Damage
) -> Iterator[Pair]:
    elements = struct.Struct(order + layout.element)
    table_size = (bucket_size - layout.elements) // layout.size * layout.size
    left = len(data)
    for offset in offsets:
        if not 0 < offset <= len(data) - bucket_size:
            damage.note("a bucket lies outside the file")
            continue
        counted = struct.unpack_from(order + "i", data, offset + layout.count)[0]
        table = data[offset + layout.elements : offset + layout.elements + table_size]
        found = 0
        for hashed, beginning, at, key_size, value_size in elements.iter_unpack(table):
            if hashed == _FREE_SLOT:
                continue
            end = at + key_size + value_size
            # Honest records do not overlap, so together they are no longer than the file
            left -= key_size + value_size
            if at <= 0 or key_size < 0 or value_size < 0 or end > len(data) or left < 0:
                damage.note("a record lies outside the file")
                break
            key = data[at : at + key_size]
            if key[:4] != beginning[:key_size]:
                damage.note("a record is not where its bucket says")
                continue
            found += 1
            yield key, data[at + key_size : end]
        if found != counted:
            damage.note("a bucket does not have the records it counts")

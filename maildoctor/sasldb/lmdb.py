"""LMDB data files (of a 64-bit system, either byte order), as bytes. Layouts: OpenLDAP libraries/liblmdb/mdb.c.

The newer of the two meta pages names the root; the tree is walked and a page is read once at most.
"""

import struct
from collections.abc import Iterator

from maildoctor.sasldb.database import ALL, COUNTED, Damage, Database, NotADatabase, Pair, byte_order, some

_MAGIC = 0xBEEFC0DE
_HEADER = 16
_META_END = 152
_NO_ROOT = 2**64 - 1

_BRANCH, _LEAF, _OVERFLOW = 0x01, 0x02, 0x04
_BIG, _SUB_DATABASE, _DUPLICATES = 0x01, 0x02, 0x04


def order_of(data: bytes) -> str | None:
    """The byte order of an LMDB file for struct, None if it is no such file."""
    if len(data) < 20:
        return None
    return next((order for order in "<>" if struct.unpack_from(order + "I", data, 16)[0] == _MAGIC), None)


def read(data: bytes, most: int = ALL) -> Database:
    """The pairs of the main database, `most` at most. Raises NotADatabase if this is no LMDB file."""
    order = order_of(data)
    if order is None:
        raise NotADatabase("not an LMDB file")
    if len(data) < _META_END:
        return Database("lmdb", "LMDB", [], ("the file ends within its header",))
    version, size = struct.unpack_from(order + "I16xI", data, 20)
    detail = f"LMDB version {version}, {byte_order(order)}"
    if version != 1:
        return Database("lmdb", detail, [], ("this version of the format is not known",))
    if size & (size - 1) or not 256 <= size <= 65536:
        return Database("lmdb", detail, [], ("the page size in the header is not possible",))
    file = _File(data, order, size)
    root, entries = file.newest()
    pairs, more = some(file.pairs(root), most)
    if more < COUNTED and len(pairs) + more != entries and not file.damage:
        file.damage.note("the tree does not have the records that its header counts")
    return Database("lmdb", detail, pairs, file.damage.sentences(), more=more)


class _File:
    """One file and which of its pages were read."""

    __slots__ = ("count", "damage", "data", "left", "order", "seen", "size")

    def __init__(self, data: bytes, order: str, size: int) -> None:
        self.data, self.order, self.size = data, order, size
        self.damage = Damage()
        self.seen: set[int] = set()
        self.count = len(data) // size
        self.left = len(data)

    def newest(self) -> tuple[int, int]:
        """Root and number of entries, from the meta page with the higher transaction."""
        metas = []
        for at in (0, self.size):
            if len(self.data) >= at + _META_END and self._magic(at) == _MAGIC:
                entries, root, last, transaction = struct.unpack_from(self.order + "4Q", self.data, at + 120)
                metas.append((transaction, root, entries, last))
        if len(metas) < 2:
            self.damage.note("one of the two meta pages is broken")
        _, root, entries, last = max(metas)
        # Free pages at the end need not exist in the file, but one behind the last page that is in use cannot matter
        if len(self.data) % self.size and last >= self.count:
            self.damage.note("the file ends in the middle of a page")
        return root, entries

    def _magic(self, at: int) -> int:
        magic: int = struct.unpack_from(self.order + "I", self.data, at + 16)[0]
        return magic

    def pairs(self, root: int) -> Iterator[Pair]:
        """The pairs below a root, in the order of their keys."""
        stack = [] if root == _NO_ROOT else [root]
        while stack:
            number = stack.pop()
            if not 1 < number < self.count or number in self.seen:
                self.damage.note("a pointer to a page that is missing or was read already")
                continue
            self.seen.add(number)
            own, flags, lower = struct.unpack_from(self.order + "Q2xHH", self.data, number * self.size)
            if own != number:
                self.damage.note("a page with another page's number", number)
            if flags & _LEAF:
                yield from self._leaf(number, self._nodes(number, lower))
            elif flags & _BRANCH:
                stack.extend(self._children(number, self._nodes(number, lower)))
            else:
                self.damage.note("a page of unknown type", number)
            if len(stack) > self.count:  # there are not that many pages
                self.damage.note("a page with a broken index", number)
                return

    def _nodes(self, number: int, lower: int) -> tuple[int, ...]:
        """Where the nodes of a page begin, from the beginning of the page."""
        if not _HEADER <= lower <= self.size or lower % 2:
            self.damage.note("a page with a broken index", number)
            return ()
        start = number * self.size
        nodes = struct.unpack_from(f"{self.order}{(lower - _HEADER) // 2}H", self.data, start + _HEADER)
        if nodes and max(nodes) + 8 > self.size:
            self.damage.note("a page with a broken index", number)
            return ()
        return nodes

    def _children(self, number: int, nodes: tuple[int, ...]) -> list[int]:
        """The pages a branch points to, last first, so that a stack gives them in order."""
        children = []
        for node in reversed(nodes):
            low, high, highest = struct.unpack_from(self.order + "3H", self.data, number * self.size + node)
            if self.order == ">":  # mn_lo and mn_hi change places
                low, high = high, low
            children.append(low | high << 16 | highest << 32)
        return children

    def _leaf(self, number: int, nodes: tuple[int, ...]) -> Iterator[Pair]:
        data, start = self.data, number * self.size
        head = struct.Struct(self.order + "IHH")
        places = sorted(set(nodes))
        ends = dict(zip(places, [*places[1:], self.size], strict=False))
        for node in nodes:
            length, flags, key_length = head.unpack_from(data, start + node)
            key_at = start + node + 8
            value_at = key_at + key_length
            stored = 8 if flags & _BIG else length
            # Honest nodes do not overlap; otherwise a part of one would be read as another
            if node + 8 + key_length + stored > ends[node]:
                self.damage.note("a page with a broken index", number)
                return
            if flags & (_SUB_DATABASE | _DUPLICATES):
                self.damage.note("a database within the database is not read", number)
            elif flags & _BIG:
                value = self._big(struct.unpack_from(self.order + "Q", data, value_at)[0], length)
                if value is not None:
                    yield data[key_at:value_at], value
            else:
                yield data[key_at:value_at], data[value_at : value_at + length]

    def _big(self, number: int, length: int) -> bytes | None:
        """A value with pages of its own, which lie one after the other."""
        at = number * self.size
        self.left -= length
        if not 1 < number < self.count or at + _HEADER + length > len(self.data) or self.left < 0:
            self.damage.note("a long value lies outside the file")
            return None
        if not struct.unpack_from(self.order + "H", self.data, at + 10)[0] & _OVERFLOW:
            self.damage.note("a long value is missing", number)
            return None
        return self.data[at + _HEADER : at + _HEADER + length]

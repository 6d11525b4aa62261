"""Berkeley DB 3.1 to 5.3 (hash version 7 to 9, btree version 8 and 9), as bytes; 18.1 has the same records.

Layouts: libdb src/dbinc/db_page.h. Pages are found by their type and not by following buckets or the tree: a freed page
has type 0, so each record is met once and no ring of pages can keep the reader busy. Only chains of overflow pages and
trees of duplicates are followed, and the number of pages they may visit in all is bounded.
"""

import struct
from collections.abc import Iterator
from operator import gt

from maildoctor.sasldb.database import ALL, Damage, Database, NotADatabase, Pair, byte_order, some

_NAMES = {0x061561: "hash", 0x053162: "btree", 0x042253: "queue", 0x074582: "heap"}
_VERSIONS = {"hash": range(7, 11), "btree": range(8, 11)}
_HEADER = 26
_META = 512

# Page types
_FREE, _HASH_UNSORTED, _BTREE_INNER, _RECNO_INNER, _BTREE_LEAF, _RECNO_LEAF = 0, 2, 3, 4, 5, 6
_OVERFLOW, _DUPLICATE_LEAF, _HASH = 7, 12, 13
_HASH_PAGES = frozenset((_HASH_UNSORTED, _HASH))
_LEAVES = frozenset((_RECNO_LEAF, _DUPLICATE_LEAF))
_KNOWN = frozenset(range(1, 14)) | {_FREE}

# Item types: of a hash page …
_PLAIN, _ON_PAGE_DUPLICATES, _OFF_PAGE, _OFF_PAGE_DUPLICATES = 1, 2, 3, 4
# … and of a btree page, where the highest bit marks an item that is deleted
_B_PLAIN, _B_DUPLICATES, _B_OVERFLOW, _B_DELETED = 1, 2, 3, 0x80


def order_of(data: bytes) -> str | None:
    """The byte order of a Berkeley DB file of version 2 or later for struct, None if it is no such file."""
    if len(data) < 24:
        return None
    return next((order for order in "<>" if struct.unpack_from(order + "I", data, 12)[0] in _NAMES), None)


def read(data: bytes, most: int = ALL) -> Database:
    """The pairs of a hash or btree, `most` at most. Raises NotADatabase for anything else, queue and heap files
    included."""
    order = order_of(data)
    if order is None:
        raise NotADatabase("not a Berkeley DB file")
    magic, version, size = struct.unpack_from(order + "3I", data, 12)
    kind = _NAMES[magic]
    if kind not in _VERSIONS:
        raise NotADatabase(f"a Berkeley DB {kind}, which has no keys")
    detail = f"Berkeley DB {kind} version {version}, {byte_order(order)}"
    refusal = _refusal(data, kind, version, size)
    if refusal:
        return Database("berkeley", detail, [], (refusal,))
    file = _File(data, order, version, size)
    if kind == "btree":
        pairs, more = some(file.btree(), most)
        return Database("berkeley", detail, pairs, file.damage.sentences(), more=more)
    file.check_buckets()
    pairs, more = some(file.hash(), most)
    return Database("berkeley", detail, pairs, file.damage.sentences(), file.counted(), more)


def _refusal(data: bytes, kind: str, version: int, size: int) -> str:
    """Why this file cannot be read at all, or nothing."""
    if version not in _VERSIONS[kind]:
        return f"{kind} version {version} is not one that Berkeley DB 3 to 18 can read without db_upgrade"
    if size & (size - 1) or not 512 <= size <= 65536:
        return "the page size in the header is not possible"
    if len(data) < _META:
        return "the file ends within its header"
    if data[24]:
        return "the file is encrypted"
    return ""


class _File:
    """One readable file: its pages, and the walks over them."""

    __slots__ = ("count", "damage", "data", "index", "order", "size", "visits")

    def __init__(self, data: bytes, order: str, version: int, size: int) -> None:
        self.data, self.order, self.size = data, order, size
        self.damage = Damage()
        # DBMETA_CHKSUM: the header of every page is longer by a checksum
        self.index = _HEADER + 6 if data[26] & 1 else _HEADER
        self.count = self._pages(version)
        # A page of a chain belongs to one item, or to two where a btree key was copied
        self.visits = 2 * self.count

    def _pages(self, version: int) -> int:
        """How many pages to read: those which both the header names and the file has."""
        whole, rest = divmod(len(self.data), self.size)
        if rest:
            self.damage.note("the file ends in the middle of a page")
        named = self._word(32) + 1
        if named == 1 and version < 9:  # before Berkeley DB 4.1 the header did not name the last page
            return whole
        if named > whole:
            self.damage.note("the file is shorter than its header says")
        elif named < whole:
            self.damage.note("the file is longer than its header says")
        return min(named, whole)

    def _word(self, offset: int) -> int:
        word: int = struct.unpack_from(self.order + "I", self.data, offset)[0]
        return word

    def counted(self) -> int | None:
        """The header's count of records. A fill factor or a size hint given by a program (ndbm, makemap) is mixed into
        it; saslpasswd2 gives neither, and only the fill factor can be seen."""
        return self._word(88) if self._word(84) == 0 else None

    def check_buckets(self) -> None:
        """Every bucket of the table must have a page, even if it is one that was never written (all zero)."""
        last = self._word(72)
        if last >= self.count:
            self.damage.note("the header names more buckets than there are pages")
            return
        spares = struct.unpack_from(self.order + "32I", self.data, 96)
        for bucket in range(last + 1):
            number = bucket + spares[bucket.bit_length()]  # BUCKET_TO_PAGE
            if not 0 < number < self.count:
                self.damage.note("a bucket lies outside the file")
            elif self.data[number * self.size + 25] not in _HASH_PAGES and self._written(number):
                self.damage.note("the page of a bucket is of another type", number)

    def _written(self, number: int) -> bool:
        return self.data.count(0, number * self.size, (number + 1) * self.size) != self.size

    def hash(self) -> Iterator[Pair]:
        """The pairs of all hash pages, in the order of the file."""
        for number in range(1, self.count):
            kind = self.data[number * self.size + 25]
            if kind in _HASH_PAGES:
                yield from self._hash_page(number)
            elif kind not in _KNOWN:
                self.damage.note("a page of unknown type", number)

    def _offsets(self, number: int) -> tuple[int, ...]:
        """Where the items of a page begin, from the beginning of the page; none if the page is broken.

        A page is taken whole or not at all: with a shifted index passwords would stand where keys should.
        """
        start = number * self.size
        own, entries, lowest = struct.unpack_from(self.order + "8xI8x2H", self.data, start)
        if own != number:
            self.damage.note("a page with another page's number", number)
        if self.index + 2 * entries > self.size:
            self.damage.note("a page with a broken index", number)
            return ()
        offsets: tuple[int, ...] = struct.unpack_from(f"{self.order}{entries}H", self.data, start + self.index)
        if offsets and not self.index + 2 * entries <= min(offsets) == lowest:
            self.damage.note("a page with a broken index", number)
            return ()
        return offsets

    def _hash_page(self, number: int) -> Iterator[Pair]:
        """Items lie from the end of the page downwards, key and value in turn, each up to the one before it."""
        data, start, end = self.data, number * self.size, self.size
        offsets = self._offsets(number)
        if len(offsets) % 2 or not all(map(gt, (end, *offsets), offsets)):
            self.damage.note("a page with a broken index", number)
            return
        for key_at, value_at in zip(offsets[::2], offsets[1::2], strict=True):
            key_item = data[start + key_at : start + end]
            value_item = data[start + value_at : start + key_at]
            end = value_at
            if key_item[0] == value_item[0] == _PLAIN:
                yield key_item[1:], value_item[1:]
                continue
            key = next(self._hash_item(key_item, number), None)
            if key is not None:
                yield from ((key, value) for value in self._hash_item(value_item, number))

    def _hash_item(self, item: bytes, number: int) -> Iterator[bytes]:
        """The value, or the several values, that an item of a hash page stands for."""
        kind = item[0]
        if kind == _PLAIN:
            yield item[1:]
        elif kind == _ON_PAGE_DUPLICATES:
            yield from self._on_page_duplicates(item, number)
        elif kind == _OFF_PAGE and len(item) >= 12:
            yield from self._overflow(*struct.unpack_from(self.order + "2I", item, 4))
        elif kind == _OFF_PAGE_DUPLICATES and len(item) >= 8:
            yield from self._duplicate_tree(struct.unpack_from(self.order + "I", item, 4)[0])
        else:
            self.damage.note("an item of unknown type", number)

    def _on_page_duplicates(self, item: bytes, number: int) -> Iterator[bytes]:
        """Each is its length, itself, and its length again."""
        at = 1
        while at + 4 <= len(item):
            length = struct.unpack_from(self.order + "H", item, at)[0]
            if at + 4 + length > len(item):
                break
            yield item[at + 2 : at + 2 + length]
            at += 4 + length
        if at != len(item):
            self.damage.note("a broken set of duplicates", number)

    def _visit(self, number: int, kinds: frozenset[int]) -> bool:
        """Whether a page that something points to may be read, as one of these types."""
        if not 0 < number < self.count or self.data[number * self.size + 25] not in kinds:
            self.damage.note("a pointer to a page that is missing or of another type")
            return False
        self.visits -= 1
        if self.visits < 0:
            self.damage.note("chains of pages run into each other")
            return False
        return True

    def _overflow(self, number: int, length: int) -> Iterator[bytes]:
        """The one item of `length` bytes that lies on a chain of overflow pages; nothing if the chain is broken."""
        parts = []
        left = length
        while left > 0 and self._visit(number, frozenset((_OVERFLOW,))):
            start = number * self.size
            number, used = struct.unpack_from(self.order + "I2xH", self.data, start + 16)
            if not 0 < used <= min(left, self.size - self.index):
                self.damage.note("an overflow page of impossible length")
                return
            parts.append(self.data[start + self.index : start + self.index + used])
            left -= used
        if left == 0:
            yield b"".join(parts)

    def btree(self) -> Iterator[Pair]:
        """The pairs of all leaves of the main tree, in the order of the file."""
        for number in range(1, self.count):
            kind = self.data[number * self.size + 25]
            if kind == _BTREE_LEAF:
                yield from self._btree_leaf(number)
            elif kind not in _KNOWN:
                self.damage.note("a page of unknown type", number)

    def _btree_leaf(self, number: int) -> Iterator[Pair]:
        """Key and value in turn; the keys of on-page duplicates are one item with several entries in the index."""
        offsets = self._disjoint(number)
        key_at, key = -1, None
        for next_at, value_at in zip(offsets[::2], offsets[1::2], strict=False):
            if next_at != key_at:
                key_at = next_at
                key = next(self._single(number, key_at), None)
            if key is not None:
                for value in self._values(number, value_at):
                    yield key, value

    def _disjoint(self, number: int) -> tuple[int, ...]:
        """The offsets of a btree page; none if two items overlap, for then a part of one would be read as another."""
        offsets = self._offsets(number)
        places = sorted(set(offsets))
        for place, end in zip(places, [*places[1:], self.size], strict=False):
            if place + self._length(number, place) > end:
                self.damage.note("a page with a broken index", number)
                return ()
        return offsets

    def _length(self, number: int, offset: int) -> int:
        """The bytes a plain item takes on its page, 1 at least."""
        if offset + 3 > self.size:
            return 1
        at = number * self.size + offset
        if self.data[at + 2] & ~_B_DELETED != _B_PLAIN:
            return 12
        length: int = struct.unpack_from(self.order + "H", self.data, at)[0]
        return length + 3

    def _values(self, number: int, offset: int) -> Iterator[bytes]:
        """The value, or the several values, that an item in the place of a value stands for."""
        at = number * self.size + offset
        if offset <= self.size - 12 and self.data[at + 2] == _B_DUPLICATES:
            yield from self._duplicate_tree(self._word(at + 4))
        else:
            yield from self._single(number, offset)

    def _single(self, number: int, offset: int) -> Iterator[bytes]:
        """The one value that an item of a btree leaf stands for; none if it is deleted."""
        at = number * self.size + offset
        kind = self.data[at + 2] if self.index <= offset <= self.size - 3 else 0
        if kind & _B_DELETED:
            return
        if kind == _B_PLAIN:
            yield self.data[at + 3 : at + self._length(number, offset)]
        elif kind == _B_OVERFLOW:
            yield from self._overflow(*struct.unpack_from(self.order + "2I", self.data, at + 4))
        else:
            self.damage.note("an item of unknown type", number)

    def _duplicate_tree(self, root: int) -> Iterator[bytes]:
        """All values of a tree of duplicates (sorted ones make a btree, unsorted ones a recno tree)."""
        stack = [root]
        while stack:
            number = stack.pop()
            if not self._visit(number, _LEAVES | {_BTREE_INNER, _RECNO_INNER}):
                return
            kind = self.data[number * self.size + 25]
            if kind in _LEAVES:
                for offset in self._disjoint(number):
                    yield from self._single(number, offset)
            else:
                stack.extend(self._children(number, self._offsets(number), 4 if kind == _BTREE_INNER else 0))
            if len(stack) > self.visits:  # each costs a visit, so this cannot be an honest tree
                self.damage.note("chains of pages run into each other")
                return

    def _children(self, number: int, offsets: tuple[int, ...], within: int) -> list[int]:
        """The pages an inner page points to, last first, so that a stack gives them in order."""
        if any(offset + within + 4 > self.size for offset in offsets):
            self.damage.note("a page with a broken index", number)
            return []
        return [self._word(number * self.size + offset + within) for offset in reversed(offsets)]

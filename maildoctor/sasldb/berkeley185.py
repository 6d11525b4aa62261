"""The hash of Berkeley DB 1.85, as bytes: what libc's ndbm writes on FreeBSD and macOS (`/usr/local/etc/sasldb2.db`).

Layouts: FreeBSD lib/libc/db/hash/hash.h, page.h, hash_bigkey.c. A page has no type and no number, so buckets are
followed; a page is read once at most, which ends every ring.
"""

import struct
from collections.abc import Iterator

from maildoctor.sasldb.database import ALL, Damage, Database, NotADatabase, Pair, byte_order, some

_HASH, _BTREE = 0x061561, 0x053162
_HEADER = 260
_ORDERS = {1234: "<", 4321: ">"}

# In place of a value's offset stands what else the entry is; a real offset is larger (REAL_KEY)
_LINK, _KEY_GOES_ON, _KEY_ENDS, _KEY_AND_VALUE = 0, 1, 2, 3

Words = tuple[int, ...]


def recognises(data: bytes) -> bool:
    """Whether the magic number of a 1.85 file stands at the beginning."""
    return data[:4] in {struct.pack(order + "I", magic) for order in "<>" for magic in (_HASH, _BTREE)}


def read(data: bytes, most: int = ALL) -> Database:
    """The pairs, `most` at most. Raises NotADatabase if this is no 1.85 file, or a btree (which no sasldb is)."""
    if not recognises(data):
        raise NotADatabase("not a Berkeley DB 1.85 file")
    if data[:4] != struct.pack(">I", _HASH):  # the header of a hash is big-endian everywhere
        raise NotADatabase("a Berkeley DB 1.85 btree")
    if len(data) < _HEADER:
        return Database("ndbm", "Berkeley DB 1.85 hash", [], ("the file ends within its header",))
    version, order_mark, size = struct.unpack_from(">3I", data, 4)
    order = _ORDERS.get(order_mark)
    detail = f"Berkeley DB 1.85 hash version {version}"
    if order is None or size & (size - 1) or not 64 <= size <= 32768:
        return Database("ndbm", detail, [], ("the header is broken",))
    file = _File(data, order, size)
    pairs, more = some(file.pairs(), most)
    counted = struct.unpack_from(">I", data, 56)[0]
    return Database("ndbm", f"{detail}, {byte_order(order)}", pairs, file.damage.sentences(), counted, more)


class _File:
    """One file and which of its pages were read."""

    __slots__ = ("count", "damage", "data", "first", "order", "seen", "size", "spares")

    def __init__(self, data: bytes, order: str, size: int) -> None:
        self.data, self.order, self.size = data, order, size
        self.damage = Damage()
        self.seen: set[int] = set()
        self.first = struct.unpack_from(">I", data, 60)[0]
        self.spares = struct.unpack_from(">32I", data, 68)
        self.count, rest = divmod(len(data), size)
        if rest:
            self.damage.note("the file ends in the middle of a page")

    def pairs(self) -> Iterator[Pair]:
        """The pairs of every bucket."""
        last = struct.unpack_from(">I", self.data, 40)[0]
        if last >= self.count:
            self.damage.note("the header names more buckets than there are pages")
        for bucket in range(min(last + 1, self.count)):
            number = self._bucket_page(bucket)
            # The highest buckets may not have been written yet; libc takes a page past the end as an empty one.
            if number >= self.count and bucket == last:
                continue
            yield from self._chain(number)

    def _bucket_page(self, bucket: int) -> int:
        """BUCKET_TO_PAGE: pages of the header, then buckets, with spare pages in between at each doubling."""
        number: int = bucket + self.first + (self.spares[bucket.bit_length() - 1] if bucket else 0)
        return number

    def _overflow_page(self, address: int) -> int:
        """OADDR_TO_PAGE: the upper five bits are the doubling after which the page lies, the others its place there."""
        return self._bucket_page((1 << (address >> 11)) - 1) + (address & 0x7FF)

    def _page(self, number: int) -> Words | None:
        """The index of a page: count, entries, free space, lowest offset. None if it is broken or was read already."""
        if not 0 < number < self.count or number in self.seen:
            self.damage.note("a pointer to a page that is missing or belongs to another bucket")
            return None
        self.seen.add(number)
        at = number * self.size
        entries = struct.unpack_from(self.order + "H", self.data, at)[0]
        if entries == 0:
            return (0,)
        if entries % 2 or 2 * (entries + 3) > self.size:
            self.damage.note("a page with a broken index", number)
            return None
        return struct.unpack_from(f"{self.order}{entries + 3}H", self.data, at)

    def _chain(self, number: int | None) -> Iterator[Pair]:
        """The pairs of one bucket: its page, then the overflow pages that are linked from it."""
        while number is not None:
            words = self._page(number)
            if words is None or words[0] == 0:
                return
            if words[2] in (_KEY_GOES_ON, _KEY_ENDS, _KEY_AND_VALUE):
                pair, number = self._big(number, words)
                if pair:
                    yield pair
            else:
                yield from self._small(number, words)
                number = self._overflow_page(words[words[0] - 1]) if words[words[0]] == _LINK else None

    def _small(self, number: int, words: Words) -> Iterator[Pair]:
        """Pairs that lie on one page, from its end downwards."""
        start, end, entries = number * self.size, self.size, words[0]
        floor = 2 * (entries + 3)
        for at in range(1, entries, 2):
            key, value = words[at], words[at + 1]
            if value == _LINK and at == entries - 1:
                return
            if not floor <= value <= key <= end:
                self.damage.note("a page with a broken index", number)
                return
            yield self.data[start + key : start + end], self.data[start + value : start + key]
            end = value

    def _big(self, number: int, words: Words) -> tuple[Pair | None, int | None]:
        """A pair with pages of its own (hash_bigkey.c): all of the key, then the value; and the page after it."""
        key: list[bytes] = []
        value: list[bytes] = []
        reading_key = True
        while True:
            entries, offset, state = words[0], words[1], words[2]
            if not 2 * (entries + 3) <= offset <= self.size or state > _KEY_AND_VALUE or entries > 4:
                self.damage.note("a page with a broken index", number)
                return None, None
            start = number * self.size
            (key if reading_key else value).append(self.data[start + offset : start + self.size])
            following = self._overflow_page(words[3]) if entries == 4 else None
            if reading_key and state == _KEY_AND_VALUE:
                # The value begins below the key. It ends here if there is free space left: libc's own rule
                if entries != 4 or not 2 * (entries + 3) <= words[4] <= offset:
                    self.damage.note("a page with a broken index", number)
                    return None, None
                value.append(self.data[start + words[4] : start + offset])
                if words[5]:
                    return (b"".join(key), b"".join(value)), following
                reading_key = False
            elif state == _KEY_AND_VALUE:
                return (b"".join(key), b"".join(value)), following
            elif state == _KEY_ENDS:
                reading_key = False
            next_words = None if following is None else self._page(following)
            if following is None or next_words is None or next_words[0] == 0:
                self.damage.note("a long record without its end", number)
                return None, None
            number, words = following, next_words

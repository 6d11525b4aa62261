"""The headers of a tar archive: ustar, GNU and pax (POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar's tar.h).

A reader of our own, because tarfile takes a header of any length into memory and raises what it likes on broken ones.
What has no meaning in a file system, such as a name with a NUL in it, is left out; a header that is broken is BadImage.
"""

import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from maildoctor.image import BadImage
from maildoctor.image.span import Span

BLOCK = 512

ENTRIES = 1_000_000
"""Entries in all layers of an image together. The largest images in use have some 500,000."""

HEADERS = 1 << 30
"""Bytes of headers in all layers together; what is kept of them in memory is about as much."""

EXTENDED = 1 << 20
"""Bytes of one pax header or one long name."""

STEPS = 20_000_000
"""Parts of paths and records of pax headers in all layers together; a million entries of usual depth have half that."""

_PATH, _NAME = 4095, 255
"""PATH_MAX and NAME_MAX of Linux: what is longer cannot be in any file system."""

_ACL = 4096
_TIMES = (-(1 << 31), (1 << 34) - 1)
"""Seconds that ext4 can hold; other ones are lies."""

_KINDS = {
    b"\0": stat.S_IFREG,
    b"0": stat.S_IFREG,
    b"1": 0,  # a hard link: of the kind that its target has
    b"2": stat.S_IFLNK,
    b"3": stat.S_IFCHR,
    b"4": stat.S_IFBLK,
    b"5": stat.S_IFDIR,
    b"6": stat.S_IFIFO,
    b"7": stat.S_IFREG,
    b"S": stat.S_IFREG,
}
_BEFORE = (b"x", b"g", b"L", b"K")
"""Headers that speak of the entry behind them."""

_WITHOUT_DATA = (b"1", b"2", b"3", b"4", b"5", b"6")
_SPARSE = "it is stored as a sparse file, which cannot be read inside an archive"


class Entry(NamedTuple):
    """One entry. A tuple, since there may be a million. `mode` has the type bits, none for a hard link; `link` is the
    target of a symbolic or hard link; `damage` says why a regular file has no `data`."""

    name: str
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime_ns: int = 0
    link: str = ""
    acl: bytes | str = b""
    data: Span | None = None
    damage: str = ""


class Room:
    """How much may still be read of the headers of one image."""

    def __init__(self) -> None:
        self._entries, self._headers, self._steps = ENTRIES, HEADERS, STEPS

    def take(self, where: str, *, entries: int = 0, headers: int = 0, steps: int = 0) -> None:
        """Raises BadImage when there is no more."""
        self._entries -= entries
        self._headers -= headers
        self._steps -= steps
        if min(self._entries, self._headers, self._steps) < 0:
            what = f"it has more than {ENTRIES:,} entries, {HEADERS >> 20} MiB of headers or {STEPS:,} parts of paths"
            raise BadImage(what, where, "unpack it, and give --root")


def is_tar(span: Span) -> bool:
    """Whether it begins with a header or with the end of an empty archive, or is empty itself."""
    head = span.read(0, BLOCK)
    return len(head) in (0, BLOCK) and (not head.strip(b"\0") or _sum_is_right(head))


def entries(span: Span, room: Room, where: str) -> Iterator[Entry]:
    """All entries in their order. Raises BadImage where the archive is broken or cut short."""
    at, extended = 0, _Extended()
    while (head := span.read(at, BLOCK)).strip(b"\0"):
        kind, entry = head[156:157], None
        try:
            data = _data(span, at, head, extended)
            end = data.start + data.size - span.start
            if kind in _BEFORE:
                room.take(where, headers=end - at, steps=extended.take(kind, data))
            else:
                room.take(where, entries=1, headers=data.start - span.start - at)
                entry, extended = _entry(head, kind, data, extended), _Extended()
        except ValueError as error:
            raise BadImage(f"its header at byte {at} is broken: {error}", where) from None
        if entry is not None:
            yield entry
        at = end + -end % BLOCK


def _data(span: Span, at: int, head: bytes, extended: "_Extended") -> Span:
    """The bytes that belong to the header at `at`. Raises ValueError where they cannot be there."""
    if len(head) < BLOCK:
        raise ValueError("the archive ends in it")
    if not _sum_is_right(head):
        raise ValueError("its checksum is wrong")
    kind = head[156:157]
    begin = at + BLOCK + (_more_sparse(span, at, head) if kind == b"S" else 0)
    size = 0 if kind in _WITHOUT_DATA else _number(head[124:136])
    if kind not in _BEFORE and kind not in _WITHOUT_DATA:
        size = extended.size(size)
    if not 0 <= size <= span.size - begin:
        raise ValueError(f"it tells of {size} bytes, and {max(0, span.size - begin)} are left in the archive")
    if size > EXTENDED and kind in _BEFORE:
        raise ValueError(f"it tells of a header of {size} bytes")
    return span.part(begin, size)


def _entry(head: bytes, kind: bytes, data: Span, extended: "_Extended") -> Entry | None:
    """What a header says, None for what is no file."""
    name = extended.name if extended.name is not None else _ustar_name(head)
    link = extended.link if extended.link is not None else _text(head[157:257])
    if kind not in _KINDS or not _possible(name) or b"\0" in link or len(link) > _PATH or (kind == b"2" and not link):
        return None
    mode = _KINDS[kind] | (_number(head[100:108]) & 0o7777 if head[100:108].strip(b"\0 ") else 0)
    if kind in (b"\0", b"0") and name.endswith(b"/"):
        mode = stat.S_IFDIR | stat.S_IMODE(mode)  # as Unix V7 wrote directories
    regular = stat.S_ISREG(mode)
    sparse = regular and (kind == b"S" or extended.sparse)
    size = data.size if regular else len(link) if kind == b"2" else 0
    if sparse:
        size = extended.real_size if extended.sparse else _number(head[483:495])
    return Entry(
        os.fsdecode(name),
        mode,
        extended.number("uid", head[108:116]) % (1 << 32),
        extended.number("gid", head[116:124]) % (1 << 32),
        min(size, (1 << 63) - 1),
        extended.mtime_ns if extended.mtime_ns is not None else _time(_number(head[136:148]), 0),
        os.fsdecode(link),
        extended.acl,
        data if regular and not sparse else None,
        _SPARSE if sparse else "",
    )


def _possible(name: bytes) -> bool:
    return b"\0" not in name and len(name) <= _PATH and (len(name) <= _NAME or max(map(len, name.split(b"/"))) <= _NAME)


def _ustar_name(head: bytes) -> bytes:
    name = _text(head[:100])
    prefix = _text(head[345:500]) if head[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes) -> int:
    """An octal number, or one of base 256 as GNU tar writes it. Raises ValueError."""
    if field[0] & 0x80:
        sign = 1 << (8 * len(field) - 1)
        return int.from_bytes(field, "big") % sign - (sign if field[0] & 0x40 else 0)
    digits = field.partition(b"\0")[0].strip(b" ")
    if digits.strip(b"01234567"):
        raise ValueError("a number in it is none")
    return int(digits or b"0", 8)


def _sum_is_right(head: bytes) -> bool:
    """The sum of all bytes, its own field taken as blanks. Old programs took bytes for signed numbers."""
    try:
        reported = _number(head[148:156])
    except ValueError:
        return False
    rest = head[:148] + head[156:]
    total = sum(rest) + 8 * ord(" ")
    return reported == total or reported == total - 256 * sum(byte > 127 for byte in rest)


def _more_sparse(span: Span, at: int, head: bytes) -> int:
    """Bytes of the maps of a sparse file that follow its header."""
    count = 0
    more = head[482]
    while more:
        count += BLOCK
        block = span.read(at + count, BLOCK)
        if len(block) < BLOCK or count > EXTENDED:
            raise ValueError("the map of a sparse file does not end")
        more = block[504]
    return count


def _time(seconds: int, nanoseconds: int) -> int:
    return min(max(seconds, _TIMES[0]), _TIMES[1]) * 1_000_000_000 + nanoseconds


_RECORD = re.compile(rb"(\d{1,7}) ")
_MTIME = re.compile(rb"(-?)(\d{1,20})(?:\.(\d*))?")


class _Extended:
    """What the pax headers and GNU long names before a header say of its entry."""

    def __init__(self) -> None:
        self.name: bytes | None = None
        self.link: bytes | None = None
        self.mtime_ns: int | None = None
        self.acl: bytes | str = b""
        self.sparse = False
        self.real_size = 0
        self._numbers: dict[str, int] = {}

    def size(self, reported: int) -> int:
        """Bytes of data."""
        return self._numbers.get("size", reported)

    def number(self, key: str, field: bytes) -> int:
        """The number of a pax header, else that of the field. Raises ValueError."""
        known = self._numbers.get(key)
        return _number(field) if known is None else known

    def take(self, kind: bytes, data: Span) -> int:
        """Read one more of them, and tell how many records it had. Raises ValueError. The global ones (`g`) hold
        comments, which no container engine obeys."""
        text = data.read(0, data.size)
        if kind == b"L":
            self.name = _text(text)
        elif kind == b"K":
            self.link = _text(text)
        elif kind == b"x":
            records = list(_records(text))
            for key, value in records:
                self._record(key, value)
            return len(records)
        return 1

    def _record(self, key: bytes, value: bytes) -> None:
        if key == b"GNU.sparse.name" or (key == b"path" and not self.sparse):
            self.name = value
        elif key == b"linkpath":
            self.link = value
        elif key in (b"size", b"uid", b"gid"):
            if re.fullmatch(rb"\d{1,20}", value):
                self._numbers[key.decode()] = int(value)
        elif key == b"mtime":
            if found := _MTIME.fullmatch(value):
                fraction = int((found[3] or b"")[:9].ljust(9, b"0"))
                sign = -1 if found[1] else 1
                self.mtime_ns = _time(sign * int(found[2]), sign * fraction)
        elif key == b"SCHILY.xattr.system.posix_acl_access" and len(value) <= _ACL:
            self.acl = value
        elif key == b"SCHILY.acl.access" and len(value) <= _ACL and not self.acl:
            self.acl = value.decode("utf-8", "backslashreplace")
        if key.startswith(b"GNU.sparse."):  # GNU tar writes these before `path`, which then is a made-up name
            self.sparse = True
            if key in (b"GNU.sparse.size", b"GNU.sparse.realsize") and re.fullmatch(rb"\d{1,19}", value):
                self.real_size = int(value)


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """`LENGTH KEY=VALUE` and a line end, LENGTH the bytes of all that. Raises ValueError."""
    at = 0
    while at < len(data) and data[at]:
        length = _RECORD.match(data, at)
        end = at + int(length[1]) if length else 0
        if length is None or not length.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise ValueError("a pax record has another length")
        key, equals, value = data[length.end() : end - 1].partition(b"=")
        if not equals:
            raise ValueError("a pax record has no value")
        yield key, value
        at = end

"""One ELF file: header, dynamic section, symbol versions, and symbols by hash. No I/O.

Everything is found through the program headers, as the loader finds it; a stripped section table is no hindrance.
Definitions are looked up through the file's own hash table and never listed: a crypto library has thousands of them.

Sources: ELF gABI, chapters "ELF Header", "Program Header", "Dynamic Section", "Hash Table"; the Linux Standard Base,
"Symbol Versioning"; glibc `elf/dl-lookup.c` for what counts as a match and for DT_GNU_HASH.
"""

import re
import struct
from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from typing import Literal, NamedTuple

Buffer = bytes | bytearray | memoryview
"""A mapped file is given as `memoryview(mmap)`."""

# A damaged file may claim any number of anything; honest libraries stay far below these.
_MOST_SEGMENTS = 256
_MOST_DYNAMIC = 4096
_MOST_NEEDED = 512
_MOST_VERSIONS = 8192
_MOST_SYMBOLS = 50_000
_MOST_RELOCATIONS = 500_000
_LONGEST_CHAIN = 512
_LONGEST_STRING = 8192
_MOST_NAMES = 2 << 20
_A_NAME = 64  # bytes that a name costs beside its letters

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_RELA, _DT_RELASZ, _DT_STRSZ = 1, 4, 5, 6, 7, 8, 10
_DT_SONAME, _DT_RPATH, _DT_BIND_NOW, _DT_RUNPATH, _DT_FLAGS = 14, 15, 24, 29, 30
_DT_GNU_HASH, _DT_VERSYM, _DT_FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFB
_DT_VERDEF, _DT_VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
_TABLES = (_DT_HASH, _DT_STRTAB, _DT_RELA, _DT_GNU_HASH, _DT_VERSYM, _DT_VERDEF, _DT_VERNEED, 17, 23)
_DF_BIND_NOW, _DF_1_NOW, _DF_1_PIE = 0x8, 0x1, 0x08000000
_STB_GLOBAL, _STB_WEAK, _STB_GNU_UNIQUE = 1, 2, 10
_STT_TLS, _SHN_ABS = 6, 0xFFF1
_VER_FLG_BASE, _VER_FLG_WEAK, _HIDDEN, _VERSION = 0x1, 0x2, 0x8000, 0x7FFF

_MACHINES = {
    2: "SPARC", 3: "Intel 80386", 4: "Motorola m68k", 8: "MIPS", 15: "PA-RISC", 18: "SPARC32PLUS", 20: "PowerPC",
    21: "64-bit PowerPC", 22: "IBM S/390", 40: "ARM", 42: "Renesas SH", 43: "SPARC V9", 50: "IA-64", 62: "x86-64",
    183: "ARM aarch64", 243: "UCB RISC-V", 258: "LoongArch", 0x9026: "Alpha",
}  # fmt: skip
_ABIS = {0: "SYSV", 1: "HP-UX", 2: "NetBSD", 3: "GNU/Linux", 6: "Solaris", 9: "FreeBSD", 12: "OpenBSD"}
_TYPES = {0: "no file type", 1: "relocatable", 2: "executable", 3: "shared object", 4: "core file"}


class NotElf(ValueError):
    """The bytes do not begin as an ELF file does. The message says what they are instead, e.g. `text`."""


class EmptyFile(NotElf):
    """There are no bytes."""


class BadElf(ValueError):
    """It begins as an ELF file and then contradicts itself, ends too soon, or is larger than any honest file."""


class Symbol(NamedTuple):
    """A symbol the file uses and does not define. `version` and `library` are empty where none is asked for."""

    name: str
    version: str
    library: str
    weak: bool


class Requirement(NamedTuple):
    """A version the file wants `library` to have (DT_VERNEED); the loader forgives the absence of a weak one."""

    library: str
    version: str
    weak: bool


class _Layout(NamedTuple):
    """How the records of one class and byte order are packed."""

    header: struct.Struct
    segment: struct.Struct
    dynamic: struct.Struct
    symbol: struct.Struct
    rela: struct.Struct
    word: struct.Struct
    long: struct.Struct
    half: struct.Struct
    verneed: struct.Struct
    vernaux: struct.Struct
    verdef: struct.Struct


@cache
def _layout(bits: int, order: str) -> _Layout:
    by_class = {
        64: ("HHIQQQIHHH", "IIQQQQQQ", "QQ", "IBBHQQ", "QQq", "I", "Q", "H"),
        32: ("HHIIIIIHHH", "IIIIIIII", "II", "IIIBBH", "IIi", "I", "I", "H"),
    }
    versions = ("HHIII", "IHHII", "HHHHIII")
    return _Layout(*(struct.Struct(order + form) for form in by_class[bits] + versions))


class _GnuHash(NamedTuple):
    """DT_GNU_HASH: header, then a Bloom filter, then buckets, then a chain entry for each symbol from `first` on."""

    buckets: int
    first: int
    blooms: int
    shift: int
    bloom_at: int
    bucket_at: int
    chain_at: int


class Elf:
    """One ELF file over a buffer that must not change while this object is in use.

    Raises `NotElf` and `BadElf` on construction and, as tables are read only when they are asked for, `BadElf` later.
    """

    def __init__(self, data: Buffer) -> None:
        self._data = memoryview(data)
        self._size = len(self._data)
        ident = bytes(self._data[:16])
        if ident[:4] != b"\x7fELF":
            raise (NotElf if len(self._data) else EmptyFile)(_sort(bytes(self._data[:512])))
        if len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise BadElf("neither 32-bit nor 64-bit, or of no byte order")
        self.bits: Literal[32, 64] = 64 if ident[4] == 2 else 32
        self.byte_order: Literal["LSB", "MSB"] = "LSB" if ident[5] == 1 else "MSB"
        self.os_abi = _ABIS.get(ident[7], f"ABI {ident[7]}")
        self._as = _layout(self.bits, "<" if ident[5] == 1 else ">")
        header = self._unpack(self._as.header, 16)
        self.type_number, self.machine_number = header[0], header[1]
        self._loads: list[tuple[int, int, int]] = []
        self._places: dict[int, int | None] = {}
        self.names_read = 0
        """Bytes that the names cost which were read of it, of libraries, versions and undefined symbols."""
        self.interpreter: str | None = None
        """The run-time loader a program asks for (PT_INTERP)."""
        dynamic = self._read_segments(header[4], header[8], header[9])
        self._dynamic, self._needed = self._read_dynamic(*dynamic) if dynamic else ({}, [])

    # What kind of file it is

    @property
    def machine(self) -> str:
        """The processor, in the words of file(1)."""
        return _MACHINES.get(self.machine_number, f"machine {self.machine_number}")

    @property
    def type(self) -> str:
        """In the words of file(1): `shared object`, `pie executable`, `executable`, `relocatable`, …"""
        if self.type_number == 3 and self._dynamic.get(_DT_FLAGS_1, 0) & _DF_1_PIE:
            return "pie executable"
        return _TYPES.get(self.type_number, f"type {self.type_number}")

    @property
    def description(self) -> str:
        """The beginning of what file(1) says, e.g. `ELF 64-bit LSB shared object, x86-64`."""
        return f"ELF {self.bits}-bit {self.byte_order} {self.type}, {self.machine}"

    def runs_with(self, other: "Elf") -> bool:
        """Whether both can stand in one process: same class, byte order and machine."""
        mine = (self.bits, self.byte_order, self.machine_number)
        return mine == (other.bits, other.byte_order, other.machine_number)

    # The dynamic section

    @property
    def is_dynamic(self) -> bool:
        """Whether there is a dynamic section at all; a static program has none."""
        return bool(self._dynamic)

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The libraries asked for by name (DT_NEEDED), in order."""
        return tuple(self._string(at) for at in self._needed)

    @cached_property
    def soname(self) -> str | None:
        """The name the library gives itself (DT_SONAME)."""
        return self._string(self._dynamic[_DT_SONAME]) if _DT_SONAME in self._dynamic else None

    @cached_property
    def rpath(self) -> tuple[str, ...]:
        """DT_RPATH; the loader ignores it where there is a DT_RUNPATH (ld.so(8))."""
        return self._path(_DT_RPATH)

    @cached_property
    def runpath(self) -> tuple[str, ...]:
        """DT_RUNPATH."""
        return self._path(_DT_RUNPATH)

    @property
    def bind_now(self) -> bool:
        """Whether all symbols are wanted at start even without RTLD_NOW."""
        flags, flags_1 = self._dynamic.get(_DT_FLAGS, 0), self._dynamic.get(_DT_FLAGS_1, 0)
        return _DT_BIND_NOW in self._dynamic or bool(flags & _DF_BIND_NOW or flags_1 & _DF_1_NOW)

    # Symbol versions

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The versions that libraries must have, in the order of DT_VERNEED."""
        return tuple(r for _, r in self._verneed)

    @cached_property
    def versions(self) -> frozenset[str]:
        """The versions this library has (DT_VERDEF), its own name excluded; empty: it knows no versions."""
        return frozenset(v.decode("utf-8", "surrogateescape") for v in self._verdef.values())

    @cached_property
    def _verneed(self) -> tuple[tuple[int, Requirement], ...]:
        """(index in DT_VERSYM, what is required)"""
        found: list[tuple[int, Requirement]] = []
        at = self._table(_DT_VERNEED)
        while at is not None:
            _, count, file, aux, after = self._unpack(self._as.verneed, at)
            library = self._string(file)
            entry = at + aux
            for _ in range(count):
                _, flags, other, name, step = self._unpack(self._as.vernaux, entry)
                weak = bool(flags & _VER_FLG_WEAK)
                found.append((other & _VERSION, Requirement(library, self._string(name), weak)))
                if len(found) > _MOST_VERSIONS:
                    raise BadElf("too many versions are needed")
                entry += step
                if not step:
                    break
            at = self._next(at, after, len(found))
        return tuple(found)

    @cached_property
    def _verdef(self) -> dict[int, bytes]:
        """index in DT_VERSYM -> version. The base entry is the file's own name and matches nothing (dl-version.c)."""
        found: dict[int, bytes] = {}
        at, seen = self._table(_DT_VERDEF), 0
        while at is not None:
            _, flags, index, _, _, aux, after = self._unpack(self._as.verdef, at)
            if not flags & _VER_FLG_BASE:
                (name,) = self._unpack(self._as.word, at + aux)
                found[index & _VERSION] = self._bytes(name)
            seen += 1
            at = self._next(at, after, seen)
        return found

    def _next(self, at: int, step: int, seen: int) -> int | None:
        if seen > _MOST_VERSIONS:
            raise BadElf("too many versions")
        return at + step if step else None

    # Symbols

    def undefined(self) -> list[Symbol]:
        """The symbols that have to come from elsewhere, weak ones included, in the order of the symbol table."""
        start, count = self._table(_DT_SYMTAB), self._undefined_end
        if start is None or not count:
            return []
        size = self._as.symbol.size
        if start + count * size > self._size:
            raise BadElf("the symbol table ends too soon")
        versym = self._table(_DT_VERSYM)
        required = dict(self._verneed) if versym is not None else {}
        found = []
        for index, record in enumerate(self._as.symbol.iter_unpack(self._data[start : start + count * size])):
            name, info, section, _ = self._fields(record)
            if section or not name or info >> 4 not in (_STB_GLOBAL, _STB_WEAK):
                continue
            need = required.get(self._half(versym + 2 * index) & _VERSION) if versym is not None else None
            version, library = (need.version, need.library) if need else ("", "")
            found.append(Symbol(self._string(name), version, library, info >> 4 == _STB_WEAK))
        return found

    def defines(self, name: str, version: str = "", *, any_version: bool = False) -> bool:
        """Whether a reference to `name`, at `version` if not empty, would be satisfied by this file.

        The rules are those of `check_match` in glibc's dl-lookup.c: a file without versions satisfies any version; a
        reference without version takes an unversioned or base definition, else the only default one.
        `any_version` is musl's rule: the default definition, whatever its version (`find_sym` in dynlink.c).
        """
        versym = self._table(_DT_VERSYM)
        defaults = 0
        for index in self._named(name.encode("utf-8", "surrogateescape")):
            if versym is None:
                return True
            mark = self._half(versym + 2 * index)
            if any_version:
                if not mark & _HIDDEN:
                    return True
            elif version:
                its = self._verdef.get(mark & _VERSION)
                if its == version.encode("utf-8", "surrogateescape") or (its is None and not mark & _HIDDEN):
                    return True
            elif mark & _VERSION < 3:
                return True
            elif not mark & _HIDDEN:
                defaults += 1
        return defaults == 1

    def _named(self, name: bytes) -> Iterator[int]:
        """The indices of the definitions of `name`; a name may be defined once for each version."""
        symtab, strtab = self._table(_DT_SYMTAB), self._table(_DT_STRTAB)
        if symtab is None or strtab is None:
            return
        whole = name + b"\0"
        for index in self._candidates(name):
            record = self._unpack(self._as.symbol, symtab + index * self._as.symbol.size)
            at, info, section, value = self._fields(record)
            usable = value or section == _SHN_ABS or info & 15 == _STT_TLS
            if not section or not usable or info >> 4 not in (_STB_GLOBAL, _STB_WEAK, _STB_GNU_UNIQUE):
                continue
            if bytes(self._data[strtab + at : strtab + at + len(whole)]) == whole:
                yield index

    def _candidates(self, name: bytes) -> Iterator[int]:
        if self._gnu_hash is not None:
            return self._by_gnu_hash(self._gnu_hash, name)
        if self._table(_DT_HASH) is not None:
            return self._by_hash(name)
        return iter(range(1, self._symbols_at_most))

    def _by_gnu_hash(self, table: _GnuHash, name: bytes) -> Iterator[int]:
        """dl-lookup.c, do_lookup_x: the filter says no at once to nearly all that is not here."""
        value = _gnu_hash(name)
        long = self._as.long
        (filtered,) = self._unpack(long, table.bloom_at + value // self.bits % table.blooms * long.size)
        if not filtered >> value % self.bits & filtered >> (value >> table.shift) % self.bits & 1:
            return
        index = self._word(table.bucket_at + value % table.buckets * 4)
        if index < table.first:
            return
        for symbol in range(index, index + _LONGEST_CHAIN):
            hashed = self._word(table.chain_at + (symbol - table.first) * 4)
            if (hashed ^ value) >> 1 == 0:
                yield symbol
            if hashed & 1:
                return
        raise BadElf("a hash chain does not end")

    def _by_hash(self, name: bytes) -> Iterator[int]:
        """ELF gABI, "Hash Table": nbucket, nchain, buckets, chains."""
        start = self._table(_DT_HASH)
        assert start is not None
        buckets, chains = self._word(start), self._word(start + 4)
        if not buckets:
            return
        index = self._word(start + 8 + _sysv_hash(name) % buckets * 4)
        for _ in range(_LONGEST_CHAIN):
            if not index:
                return
            if index >= chains:
                raise BadElf("a hash chain leaves its table")
            yield index
            index = self._word(start + 8 + (buckets + index) * 4)
        raise BadElf("a hash chain does not end")

    @cached_property
    def _gnu_hash(self) -> _GnuHash | None:
        start = self._table(_DT_GNU_HASH)
        if start is None:
            return None
        buckets, first, blooms, shift = (self._word(start + 4 * i) for i in range(4))
        if not buckets or not blooms or shift > 63:
            raise BadElf("the hash table has no buckets or no filter")
        bucket_at = start + 16 + blooms * self.bits // 8
        return _GnuHash(buckets, first, blooms, shift, start + 16, bucket_at, bucket_at + 4 * buckets)

    @cached_property
    def _undefined_end(self) -> int:
        """An index above all undefined symbols. Linkers put those before the first one that DT_GNU_HASH knows; where
        it knows none, its word is worth nothing and the table is read to its end."""
        table = self._gnu_hash
        return _honest(table.first) if table is not None and table.first > 1 else self._symbols_at_most

    @cached_property
    def _symbols_at_most(self) -> int:
        """DT_HASH counts the symbols; without it the table ends at the latest where the next one begins."""
        hashed = self._table(_DT_HASH)
        if hashed is not None:
            return _honest(self._word(hashed + 4))
        start = self._dynamic.get(_DT_SYMTAB, 0)
        ends = [self._dynamic[t] for t in _TABLES if self._dynamic.get(t, 0) > start > 0]
        return _honest((min(ends) - start) // self._as.symbol.size) if ends else 0

    def _fields(self, record: tuple[int, ...]) -> tuple[int, int, int, int]:
        """name, info, section, value"""
        if self.bits == 64:
            return record[0], record[1], record[3], record[4]
        return record[0], record[3], record[5], record[1]

    # Addresses, for reading data that the loader would relocate

    def relative(self) -> dict[int, int]:
        """address of a word -> the address it will hold, from DT_RELA entries without symbol."""
        start, size = self._table(_DT_RELA), self._dynamic.get(_DT_RELASZ, 0)
        if start is None:
            return {}
        size = min(size, self._size - start) // self._as.rela.size * self._as.rela.size
        if size // self._as.rela.size > _MOST_RELOCATIONS:
            raise BadElf("too many relocations")
        symbol = 32 if self.bits == 64 else 8
        entries = self._as.rela.iter_unpack(self._data[start : start + size])
        return {at: addend for at, info, addend in entries if not info >> symbol}

    def address(self, offset: int) -> int | None:
        """Where the loader puts the byte at this place of the file, before relocation."""
        for where, address, length in self._loads:
            if where <= offset < where + length:
                return address + offset - where
        return None

    def offset(self, address: int) -> int | None:
        """The place in the file of the byte at this address, before relocation."""
        for where, start, length in self._loads:
            if start <= address < start + length:
                place = where + address - start
                return place if place < self._size else None
        return None

    @property
    def pointer(self) -> struct.Struct:
        """How an address is packed."""
        return self._as.long

    # Reading

    def _read_segments(self, start: int, size: int, count: int) -> tuple[int, int] | None:
        """Notes what is loaded and the interpreter; returns place and length of the dynamic section."""
        if not count:
            return None
        if size < self._as.segment.size or count > _MOST_SEGMENTS:
            raise BadElf("unlikely program headers")
        dynamic = None
        for index in range(count):
            p = self._unpack(self._as.segment, start + index * size)
            kind, offset, address, length = (p[0], p[2], p[3], p[5]) if self.bits == 64 else (p[0], p[1], p[2], p[4])
            if kind == _PT_LOAD:
                self._loads.append((offset, address, length))
            elif kind == _PT_DYNAMIC:
                dynamic = offset, length
            elif kind == _PT_INTERP:
                self.interpreter = self._text(bytes(self._data[offset : offset + min(length, _LONGEST_STRING)]))
        return dynamic

    def _read_dynamic(self, start: int, length: int) -> tuple[dict[int, int], list[int]]:
        """(tag -> value, the values of DT_NEEDED)"""
        values: dict[int, int] = {}
        needed: list[int] = []
        step = self._as.dynamic.size
        for at in range(start, min(start + min(length, _MOST_DYNAMIC * step), self._size) - step + 1, step):
            tag, value = self._unpack(self._as.dynamic, at)
            if not tag:
                break
            if tag == _DT_NEEDED:
                needed.append(value)
            else:
                values[tag] = value
        if len(needed) > _MOST_NEEDED:
            raise BadElf(f"{len(needed)} libraries are needed")
        return values, needed

    def _table(self, tag: int) -> int | None:
        """The place in the file of a table of the dynamic section."""
        if tag not in self._places:
            self._places[tag] = self._place(self._dynamic[tag]) if tag in self._dynamic else None
        return self._places[tag]

    def _place(self, address: int) -> int:
        place = self.offset(address)
        if place is None:
            raise BadElf("a table of the dynamic section lies outside of the file")
        return place

    def _path(self, tag: int) -> tuple[str, ...]:
        return tuple(self._string(self._dynamic[tag]).split(":")) if tag in self._dynamic else ()

    def _string(self, at: int) -> str:
        return self._bytes(at).decode("utf-8", "surrogateescape")

    def _bytes(self, at: int) -> bytes:
        start = self._table(_DT_STRTAB)
        if start is None or at > self._dynamic.get(_DT_STRSZ, self._size):
            raise BadElf("a string lies outside of the string table")
        # Nearly all names are short: look near by before looking far.
        for length in (64, _LONGEST_STRING):
            found, end, _ = bytes(self._data[start + at : start + at + length]).partition(b"\0")
            if end:
                self._count(len(found) + _A_NAME)
                return found
        raise BadElf("a string does not end")

    def _count(self, size: int) -> None:
        """Thousands of entries may all name one long string."""
        self.names_read += size
        if self.names_read > _MOST_NAMES:
            raise BadElf("its names are longer than those of any honest file")

    @staticmethod
    def _text(raw: bytes) -> str:
        return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")

    def _unpack(self, record: struct.Struct, at: int) -> tuple[int, ...]:
        if at + record.size > self._size:
            raise BadElf("the file ends too soon")
        return record.unpack_from(self._data, at)

    def _word(self, at: int) -> int:
        return self._unpack(self._as.word, at)[0]

    def _half(self, at: int) -> int:
        return self._unpack(self._as.half, at)[0]


def _honest(symbols: int) -> int:
    if symbols > _MOST_SYMBOLS:
        raise BadElf(f"{symbols} symbols")
    return symbols


@lru_cache(maxsize=4096)
def _gnu_hash(name: bytes) -> int:
    value = 5381
    for byte in name:
        value = value * 33 + byte & 0xFFFFFFFF
    return value


@lru_cache(maxsize=4096)
def _sysv_hash(name: bytes) -> int:
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high & 0xFFFFFFFF
    return value


def _sort(head: bytes) -> str:
    """What a file is that is not ELF, from its beginning."""
    if not head:
        return "empty file"
    if head.startswith(b"!<arch>\n"):
        return "archive"
    if head.startswith(b"#!"):
        return "script"
    if b"libtool" in head:
        return "libtool description"
    if head[:4] in (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe"):
        return "Mach-O"
    return "text" if not re.search(rb"[^\t\n\f\r\x20-\x7e\x80-\xff]", head) else "data"


# Sendmail's options are an array of pointers to words, ended by a null pointer (sendmail/conf.c, CompileOptions).
_ANCHORS = (b"\0MIME8TO7\0", b"\0NETINET\0", b"\0NAMED_BIND\0")
_OPTION = rb"[A-Z][A-Za-z0-9_]{1,40}(?:=[\w.]{1,20})?\0"
_RELEASE = rb"8\.\d{1,2}\.\d{1,2}(?:\.\d{1,8}){0,3}(?:[-+A-Za-z][\w.+~-]{0,31})?\0"
_MOST_OPTIONS = 200
_LARGEST_PROGRAM = 8 << 20


def sendmail_build(data: Buffer) -> tuple[str | None, tuple[str, ...]]:
    """Sendmail's version and what it was compiled with, e.g. `("8.17.1.9", ("DNSMAP", …, "SASLv2", …))`.

    The words are those that `sendmail -d0.1 -bt` prints after "Compiled with:", in that order, read without running it;
    `_FFR_TLS_USE_CERTIFICATE_CHAIN_FILE` of one that loads all certificates of ServerCertFile (tls.c). `(None, ())` for
    any other program. Raises `NotElf`, `BadElf`.
    """
    elf = Elf(data)
    if len(data) > _LARGEST_PROGRAM:
        return None, ()
    raw = bytes(data)
    options = _options(elf, raw)
    if options and b"SSL_CTX_use_certificate_chain_file\0" in raw:
        options = (*options, "_FFR_TLS_USE_CERTIFICATE_CHAIN_FILE")
    return (_release(raw) if options else None), options


def _release(raw: bytes) -> str | None:
    release = re.compile(_RELEASE)
    at = raw.find(b"8.")
    while at >= 0:
        match = release.match(raw, at)
        if match and not 0x20 <= raw[at - 1] < 0x7F:
            return match[0][:-1].decode("ascii")
        at = raw.find(b"8.", at + 1)
    return None


def _options(elf: Elf, raw: bytes) -> tuple[str, ...]:
    """Find one word that every Sendmail has, the pointer to it, and the neighbours of that pointer."""
    relative = elf.relative()
    step = elf.pointer.size
    option = re.compile(_OPTION)

    def word(slot: int) -> str | None:
        """What the pointer at this address points to, if it is the name of an option."""
        at = elf.offset(slot)
        if at is None or at + step > len(raw):
            return None
        target = elf.offset(relative.get(slot) or elf.pointer.unpack_from(raw, at)[0])
        match = option.match(raw, target) if target else None
        return match[0][:-1].decode("ascii") if match else None

    slot = _slot(elf, raw, relative)
    if slot is None:
        return ()
    first = slot
    while first > slot - _MOST_OPTIONS * step and word(first - step):
        first -= step
    found: list[str] = []
    while len(found) < _MOST_OPTIONS and (name := word(first + len(found) * step)):
        found.append(name)
    return tuple(found)


def _slot(elf: Elf, raw: bytes, relative: dict[int, int]) -> int | None:
    """The address of a pointer to a well-known option: among the relocations, or, where those keep no addends, in the
    data itself."""
    anchor = next((at for word in _ANCHORS if (at := raw.find(word)) >= 0), None)
    address = elf.address(anchor + 1) if anchor is not None else None
    if address is None:
        return None
    for slot, target in relative.items():
        if target == address:
            return slot
    try:
        packed = elf.pointer.pack(address)
    except struct.error:
        raise BadElf("an address is too large") from None
    at = raw.find(packed)
    return elf.address(at) if at >= 0 else None

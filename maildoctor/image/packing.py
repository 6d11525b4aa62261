"""Packed archives and layers: gzip, xz, bzip2 and zstd, unpacked once into memory that no disk ever holds.

An image may hold secrets, so there is no temporary file. Every decoder is asked for a piece at a time, so a bomb is
found out before it has taken more than is allowed.
"""

import hashlib
import importlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from maildoctor.image import BadImage
from maildoctor.image.span import Handle, Span
from maildoctor.image.tar import is_tar

UNPACKED = 4 << 30
"""Bytes of memory for all that is unpacked of one image; never more than half of the machine's own."""

RATIO, _MODEST = 200, 64 << 20
"""How much larger something may be when unpacked, once it has some megabytes. Layers get 2 to 10 times as large."""

_WINDOW = 128 << 20
"""Bytes an xz or zstd stream may ask for; what the programs take by default needs no more."""

_PIECE = 1 << 20
_SMALL = 64 << 10
_IDLE = 8 << 20
"""Bytes that a decoder may take without giving any: a million empty members make nothing, slowly."""

_BY_HAND = "unpack it, and give --root"


def packing(span: Span) -> str:
    """gzip, xz, bzip2 or zstd; empty for what is not packed, or by nothing known."""
    magic = span.read(0, 6)
    if magic.startswith(b"\x1f\x8b"):
        return "gzip"
    if magic.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if magic.startswith(b"BZh"):
        return "bzip2"
    if magic.startswith(b"\x28\xb5\x2f\xfd") or (magic[1:4] == b"\x2a\x4d\x18" and 0x50 <= magic[0] <= 0x5F):
        return "zstd"
    return ""


class Memory:
    """What was unpacked of one image."""

    def __init__(self) -> None:
        half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        self._most = min(UNPACKED, half)
        self._used = 0
        self._handle: Handle | None = None

    def plain(self, span: Span, where: str, digest: str = "") -> Span:
        """The tar archive in the span: the span itself, or unpacked. A packed one is held against its `digest`
        (`sha256:...`) on the way; one that is read in place is not, since most of it is never read. Raises BadImage."""
        if is_tar(span):
            return span
        name = packing(span)
        if not name:
            raise BadImage("it is no tar archive, nor one packed by gzip, xz, bzip2 or zstd", where)
        plain = self._unpacked(_Source(span, digest, where), name, where)
        if not is_tar(plain):
            raise BadImage(f"what is packed in it by {name} is no tar archive", where)
        return plain

    def _unpacked(self, source: "_Source", name: str, where: str) -> Span:
        if not hasattr(os, "memfd_create"):
            raise BadImage("this system has no files in memory to unpack it into", where, _BY_HAND)
        if self._handle is None:
            self._handle = Handle(os.memfd_create("image", os.MFD_CLOEXEC))
        begin = self._used
        pieces = _decoder(name, where)(source)
        while True:
            try:
                piece = next(pieces, b"")
            except BadImage:
                raise
            except Exception as error:  # each library raises errors of its own, zlib.error, LZMAError, EOFError...
                raise BadImage(f"it is broken: {name} says {error}", where) from None
            if not piece:
                break
            source.given += len(piece)
            size = source.given
            if size > _MODEST and size > RATIO * source.at:
                raise BadImage(f"it is more than {RATIO} times as large when unpacked", where, _BY_HAND)
            if self._used + len(piece) > self._most:
                what = f"it needs more than the {self._most >> 20} MiB of memory that are allowed"
                raise BadImage(what, where, _BY_HAND)
            self._write(piece, where)
        source.check()
        return Span(self._handle, begin, self._used - begin)

    def _write(self, piece: bytes, where: str) -> None:
        assert self._handle is not None, "made by `_unpacked`"
        rest = memoryview(piece)
        while rest:
            try:
                count = os.write(self._handle.fd, rest)
            except OSError as error:
                raise BadImage(f"no memory to unpack it: {error.strerror}", where, _BY_HAND) from None
            self._used += count
            rest = rest[count:]


class _Source:
    """A span as the file that decoders want, hashed on the way."""

    def __init__(self, span: Span, digest: str, where: str) -> None:
        self._span, self._where = span, where
        self.at, self.given = 0, 0
        self._algorithm, _, self._expected = digest.partition(":")
        self._hash = hashlib.new(self._algorithm) if digest else None

    def read(self, size: int = -1) -> bytes:
        if self.at > 2 * self.given + _IDLE:
            raise BadImage("it is packed, and nearly nothing is in it", self._where, _BY_HAND)
        return self._next(size if size >= 0 else _PIECE)

    def readinto(self, buffer: bytearray) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        data = self._span.read(self.at, size)
        self.at += len(data)
        if self._hash is not None:
            self._hash.update(data)
        return data

    def check(self) -> None:
        """Raises BadImage where the digest is another one."""
        while self._hash is not None and self._next(_PIECE):
            continue
        if self._hash is not None and self._hash.hexdigest() != self._expected:
            raise BadImage(f"it is not what was packed: its {self._algorithm} is another one", self._where)


_Pieces = Callable[[_Source], Iterator[bytes]]


def _decoder(name: str, where: str) -> _Pieces:
    if name == "gzip":
        return _gzip
    if name == "xz":
        import lzma

        return lambda source: _members(source, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_WINDOW))
    if name == "bzip2":
        import bz2

        return lambda source: _members(source, bz2.BZ2Decompressor)
    return _zstd(where)


def _gzip(source: Any) -> Iterator[bytes]:
    if (fast := _module("isal.igzip")) is not None:  # twice as fast
        return _read(fast.IGzipFile(fileobj=source, mode="rb"))
    import gzip

    return _read(gzip.GzipFile(fileobj=source, mode="rb"))


def _zstd(where: str) -> _Pieces:
    if (zstd := _module("compression.zstd")) is not None:  # of Python 3.14
        options = {zstd.DecompressionParameter.window_log_max: _WINDOW.bit_length() - 1}
        return lambda source: _read(zstd.ZstdFile(source, options=options))
    if (zstandard := _module("zstandard")) is not None:
        decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        return lambda source: _read(decoder.stream_reader(source, read_across_frames=True, closefd=False))
    raise BadImage("it is packed by zstd, and nothing here can unpack that", where, "pip install zstandard")


def _module(name: str) -> Any:
    """A module that need not be there, None where it is not."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _read(file: Any) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _members(source: _Source, decoder: Callable[[], Any]) -> Iterator[bytes]:
    """Packed pieces one behind the other, as where packed files were joined."""
    fresh = source.read(_SMALL)
    while fresh.strip(b"\0"):
        decode = decoder()
        while not decode.eof:
            if decode.needs_input and not fresh:
                fresh = source.read(_SMALL)
                if not fresh:
                    raise EOFError("it ends in the middle")
            piece = decode.decompress(fresh, _PIECE)
            fresh = b""
            if piece:
                yield piece
        fresh = decode.unused_data or source.read(_SMALL)

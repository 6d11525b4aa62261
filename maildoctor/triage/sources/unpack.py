"""Packed logs: gzip, xz, bzip2 and zstd, known by their first bytes. What can be read of a broken one is delivered.

Every decoder is asked for no more than a buffer's worth at a time, so a bomb costs time but no memory.
"""

import contextlib
import importlib
import subprocess
import threading
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from maildoctor import filesystem
from maildoctor.triage.sources import SourceError
from maildoctor.triage.sources.raw import Ahead, Stream
from maildoctor.triage.sources.tied import tied

MAGIC = 6
"""Bytes at the beginning that tell a format."""

_PACKED = 64 * 1024
_MEMORY = 128 << 20
"""Bytes an xz or zstd stream may ask for; what the programs take by default needs no more."""

_STEP = 64
"""Bytes asked for at a time just before a break, so that no more than this is lost."""

_UNREADABLE = {
    b"\x1f\x9d": "compress (.Z)",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
    b"\x89LZO": "lzop",
    b"LZIP": "lzip",
    b"7z\xbc\xaf": "7-Zip",
}
_BY_HAND = {"compress (.Z)": "zcat", "lz4": "lz4 -dc", "zip": "unzip -p", "lzop": "lzop -dc", "lzip": "lzip -dc"}


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def unpacked(stream: Ahead, where: str, again: Callable[[], Ahead] | None) -> Stream:
    """The stream without its packing, itself where it has none. `again` opens it once more from its beginning, None
    for a pipe. Raises SourceError for a format that cannot be unpacked here."""
    magic = stream.peek(MAGIC)
    name = _format(magic)
    if name:
        if name == "zstd" and _zstd_library() is None:
            return _Child(stream, "zstd", where)
        return _Unpacked(stream, name, again)
    for begin, other in _UNREADABLE.items():
        if magic.startswith(begin):
            by_hand = f"unpack it: {_BY_HAND.get(other, '7z x -so')} FILE | maildoctor triage -"
            raise SourceError(f"is packed by {other}, which maildoctor cannot unpack", where, by_hand)
    return stream


def _format(magic: bytes) -> str:
    if magic.startswith(b"\x1f\x8b"):
        return "gzip"
    if magic.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if magic.startswith(b"BZh") and magic[3:4] in (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9"):
        return "bzip2"
    if magic.startswith(b"\x28\xb5\x2f\xfd") or (magic[1:4] == b"\x2a\x4d\x18" and 0x50 <= magic[0] <= 0x5F):
        return "zstd"
    return ""


class _Unpacked:
    def __init__(self, stream: Ahead, name: str, again: Callable[[], Ahead] | None) -> None:
        self._stream, self._name, self._again = stream, name, again
        self._decode = _decoder(name, fast=again is not None)
        # A break loses what one call would have given; of a pipe, which cannot be read again, that must be little.
        self._limit = 1 << 30 if again is not None else 4096
        self._fresh = b""
        self._delivered = 0
        self._over = False
        self._damage = ""

    @property
    def damage(self) -> str:
        return self._damage or self._stream.damage

    def readinto(self, buffer: memoryview) -> int:
        while not self._over:
            try:
                out = self._some(min(len(buffer), self._limit))
            except Exception as error:  # each library raises errors of its own, zlib.error, LZMAError, OSError...
                self._damage = f"is broken after {self._delivered} bytes of text: {self._name} says {error}"
                if self._again is None or not self._salvage(self._again):
                    self._over = True
                continue
            if out:
                buffer[: len(out)] = out
                self._delivered += len(out)
                return len(out)
        return 0

    def _some(self, limit: int) -> bytes:
        """At most `limit` bytes; none, and `_over` set, at the end."""
        while True:
            if self._decode.eof and not self._next_member():
                self._over = True
                return b""
            if not self._fresh and self._decode.needs_input:
                self._fresh = self._stream.read(_PACKED)
                if not self._fresh:
                    self._over = True
                    self._damage = self._damage or f"ends in the middle of the {self._name} data"
                    return b""
            fresh, self._fresh = self._fresh, b""
            out = self._decode.decompress(fresh, limit)
            if out:
                return out

    def _next_member(self) -> bool:
        """Whether another packed piece follows the one that ended, as where packed files were joined."""
        rest = self._decode.unused_data
        while len(rest) < MAGIC or not rest.strip(b"\0"):
            more = self._stream.read(_PACKED)
            if not more:
                break
            rest = rest.strip(b"\0") + more
        rest = rest.lstrip(b"\0")  # padding up to a whole block of a tape or of xz
        if not rest:
            return False
        if _format(rest[:MAGIC]) != self._name:
            self._damage = f"has something after the {self._name} data that is none; it was left out"
            return False
        self._decode, self._fresh = _decoder(self._name, fast=self._again is not None), rest
        return True

    def _salvage(self, again: Callable[[], Ahead]) -> bool:
        """Go back to the beginning, skip what was delivered, and go on in small steps up to the break."""
        self._again = None
        self._stream.close()
        try:
            self._stream = again()
        except (OSError, SourceError):
            return False
        damage, self._decode, self._fresh = self._damage, _decoder(self._name, fast=False), b""
        left = self._delivered
        try:
            while left and (out := self._some(min(left, _PACKED))):
                left -= len(out)
        except Exception:
            return False
        self._damage, self._limit = damage, _STEP
        return left == 0

    def close(self) -> None:
        self._stream.close()


def _decoder(name: str, *, fast: bool) -> _Decoder:
    """A decoder of one member. `fast`: by an accelerator where there is one."""
    if name == "gzip":
        return _Gzip(fast)
    if name == "xz":
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    if name == "bzip2":
        import bz2

        return bz2.BZ2Decompressor()
    library = _zstd_library()
    assert library is not None, "asked for by `unpacked`"
    return library()


class _Gzip:
    """zlib's decoder, or isal's, with the ways of those of the other formats."""

    def __init__(self, fast: bool) -> None:
        library = _module("isal.isal_zlib") if fast else None  # twice as fast
        self._inner: Any = (library or zlib).decompressobj(31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        left = self._inner.unconsumed_tail
        out: bytes = self._inner.decompress(left + data if left else data, max_length)
        # A full buffer may have left something inside the decoder although nothing of the input is left.
        self.needs_input = len(out) < max_length and not self._inner.unconsumed_tail
        return out


def _zstd_library() -> Callable[[], _Decoder] | None:
    """What makes a decoder of zstd in this process, None where nothing does."""
    if (zstd := _module("compression.zstd")) is not None:  # of Python 3.14
        options = {zstd.DecompressionParameter.window_log_max: _MEMORY.bit_length() - 1}
        return lambda: zstd.ZstdDecompressor(options=options)
    if (zstandard := _module("zstandard")) is not None:
        return lambda: _Zstandard(zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj())
    return None


def _module(name: str) -> Any:
    """A module that need not be there, None where it is not."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


class _Zstandard:
    """The decoder of the package zstandard. It gives all it has at once, so it is fed in pieces of which even a bomb
    makes no more than some megabytes: four bytes make 128 KiB at most."""

    _PIECE = 256

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._in = self._out = memoryview(b"")

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof) and not self._out

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data) + bytes(self._in)

    @property
    def needs_input(self) -> bool:
        return not self._in and not self._out

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._in = memoryview(bytes(self._in) + data)
        while self._in and not self._out and not self._inner.eof:
            piece, self._in = self._in[: self._PIECE], self._in[self._PIECE :]
            self._out = memoryview(self._inner.decompress(piece))
        out, self._out = bytes(self._out[:max_length]), self._out[max_length:]
        return out


class _Child:
    """Unpacked by a program beside this one, fed through a pipe: no slower than a library, and on a processor of its
    own."""

    def __init__(self, stream: Ahead, program: str, where: str) -> None:
        path = filesystem.program(program)
        if path is None:
            raise SourceError(
                f"is packed by {program}, and nothing here can unpack that", where,
                f"install the program {program}, or use Python 3.14 or later",
            )  # fmt: skip
        self._stream, self._program, self._damage = stream, program, ""
        self._process = subprocess.Popen(
            [path, "-dcq"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            preexec_fn=tied(),
        )
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        self._feeder.start()

    @property
    def damage(self) -> str:
        return self._damage or self._stream.damage

    def _feed(self) -> None:
        assert self._process.stdin is not None
        # Where the program ends first, its status says why.
        with contextlib.suppress(OSError), self._process.stdin as into:
            while data := self._stream.read(_PACKED):
                into.write(data)

    def readinto(self, buffer: memoryview) -> int:
        assert self._process.stdout is not None
        count = self._process.stdout.readinto(buffer)  # type: ignore[attr-defined]
        if count == 0 and not self._damage and self._process.wait() != 0:
            assert self._process.stderr is not None
            words = self._process.stderr.read(4096).decode("utf-8", "replace").split("\n")[0]
            self._damage = f"is broken: {self._program} says {words or self._process.returncode}"
        return int(count)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._feeder.join(1)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written to a dead program
                    pipe.close()
        self._stream.close()

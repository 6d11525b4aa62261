"""Makes small ELF files of any class and byte order, for tests on machines without a cross compiler."""

import struct
from collections.abc import Sequence

_HEADERS = {64: "HHIQQQIHHHHHH", 32: "HHIIIIIHHHHHH"}


def _sysv_hash(name: bytes) -> int:
    value = 0
    for byte in name:
        value = (value << 4) + byte
        value ^= (value & 0xF0000000) >> 24
        value &= 0x0FFFFFFF
    return value


def shared_object(
    *,
    bits: int = 64,
    order: str = "<",
    machine: int = 62,
    needed: Sequence[str] = (),
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
    interpreter: str = "",
    defines: Sequence[str] = (),
    uses: Sequence[str] = (),
    weak: Sequence[str] = (),
) -> bytes:
    """A shared object with a DT_HASH table and no sections at all, mapped at address 0x10000."""
    base = 0x10000
    word = "Q" if bits == 64 else "I"
    names = [*uses, *weak, *defines]
    strings = b"\0"
    places: dict[str, int] = {}
    for text in dict.fromkeys([*names, *needed, soname, rpath, runpath]):
        places[text] = len(strings)
        strings += text.encode() + b"\0"

    def symbol(name: str, info: int, section: int, value: int) -> bytes:
        if bits == 64:
            return struct.pack(order + "IBBHQQ", places[name], info, 0, section, value, 0)
        return struct.pack(order + "IIIBBH", places[name], value, 0, info, 0, section)

    symbols = b"\0" * (24 if bits == 64 else 16)
    symbols += b"".join(symbol(n, 1 << 4, 0, 0) for n in uses)
    symbols += b"".join(symbol(n, 2 << 4, 0, 0) for n in weak)
    symbols += b"".join(symbol(n, 1 << 4 | 2, 1, base) for n in defines)
    buckets, chains = [0] * 3, [0] * (len(names) + 1)
    for index, name in enumerate(names, 1):
        slot = _sysv_hash(name.encode()) % 3
        buckets[slot], chains[index] = index, buckets[slot]
    hashes = struct.pack(f"{order}{5 + len(chains)}I", 3, len(chains), *buckets, *chains)

    header_size, segment_size = (64, 56) if bits == 64 else (52, 32)
    at = header_size + 3 * segment_size
    interp_at, at = at, at + len(interpreter) + 1
    at += -at % 8
    symbols_at, hash_at = at, at + len(symbols)
    strings_at = hash_at + len(hashes)
    dynamic_at = strings_at + len(strings)
    dynamic_at += -dynamic_at % 8
    entries = [(1, places[n]) for n in needed]
    entries += [(tag, places[text]) for tag, text in ((14, soname), (15, rpath), (29, runpath)) if text]
    entries += [(4, base + hash_at), (5, base + strings_at), (6, base + symbols_at), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack(order + word * 2, *e) for e in entries)
    total = dynamic_at + len(dynamic)

    def segment(kind: int, start: int, length: int) -> bytes:
        if bits == 64:
            return struct.pack(order + "IIQQQQQQ", kind, 4, start, base + start, base + start, length, length, 8)
        return struct.pack(order + "8I", kind, start, base + start, base + start, length, length, 4, 8)

    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + b"\0" * 9
    header = ident + struct.pack(
        order + _HEADERS[bits], 3, machine, 1, 0, header_size, 0, 0, header_size, segment_size, 3, 0, 0, 0
    )
    interp = segment(3 if interpreter else 4, interp_at, len(interpreter) + 1)
    body = header + segment(1, 0, total) + segment(2, dynamic_at, len(dynamic)) + interp
    body += interpreter.encode() + b"\0"
    body = body.ljust(symbols_at, b"\0") + symbols + hashes + strings
    return body.ljust(dynamic_at, b"\0") + dynamic


def sendmail(
    version: str = "8.17.1.9", options: Sequence[str] = ("MIME8TO7", "NAMED_BIND", "SASLv2", "STARTTLS")
) -> bytes:
    """A program that is a Sendmail to whoever does not run it: its release, and the list of what it was compiled with.
    It needs libsasl2.so.2, which any `shared_object` can be."""
    base, needed = 0x10000, ("libsasl2.so.2",)
    words = b"".join(b"\0" + word.encode() + b"\0" for word in (version, *options))
    plain = shared_object(needed=needed, interpreter="/lib64/ld-linux-x86-64.so.2")
    at = len(plain) + -len(plain) % 8
    pointers = [base + at + words.index(b"\0" + word.encode() + b"\0") + 1 for word in options]
    array = at + len(words) + -len(words) % 8
    whole = (plain.ljust(at, b"\0") + words).ljust(array, b"\0")
    whole += b"".join(struct.pack("<Q", pointer) for pointer in (*pointers, 0))
    # the first segment, which is the one that is loaded, is as long as the file
    return whole[: 64 + 32] + struct.pack("<QQ", len(whole), len(whole)) + whole[64 + 48 :]

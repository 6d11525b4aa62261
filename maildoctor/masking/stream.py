"""A stream through the masker: memory stays flat on files of any size and on one endless line."""

import codecs
import re
from collections.abc import Callable, Iterator

from maildoctor.masking.lines import AUTH, BLOB, MARKS, OTHER_MARKS, Masker
from maildoctor.masking.patterns import pattern_of_bytes

_BLOCK = 256 * 1024
_LONGEST = 1024 * 1024
"""Of a longer line, pieces are masked one by one."""
_LAP = 64 * 1024
_NAME = 256
"""Bytes that a name may have before the mark in it, and a mark at most."""
_BETWEEN = frozenset(b" \t,;{[(&?|<>")
_SHAPED = pattern_of_bytes(
    rb"^(?:\[[\w.:-]{1,255}\](?::\w{1,20})?[ \t]|[^\s:#]{1,64}:[^:\s]*:\d{1,10}:\d{1,10}:)", re.MULTILINE
)
"""Lines of passwd and of sasl_passwd tell by their beginning what they are."""


def masked_stream(read: Callable[[int], bytes], masker: Masker) -> Iterator[bytes]:
    """What `read` gives, in pieces, with what is secret struck out. Bytes that are no text and line ends stay."""
    rest = b""
    while block := read(_BLOCK):
        rest += block
        end = rest.rfind(b"\n") + 1
        if end:
            yield _lines(rest[:end], masker)
            rest = rest[end:]
        while len(rest) > _LONGEST:
            cut = _cut(rest)
            yield masker.line(rest[:cut])
            rest = rest[cut:]
    if rest:
        yield _lines(rest, masker)


def _cut(line: bytes) -> int:
    """Where a long line is cut: before the last name of a secret, so that its value follows it in the next piece; where
    there is none near, between words, else anywhere."""
    begin = _LONGEST - _LAP
    near = line[begin : _LONGEST + _NAME].lower()
    mark = max((near.rfind(mark, 0, _LAP + len(mark) - 1) for mark in (*MARKS, *OTHER_MARKS, b"auth")), default=-1)
    if mark > 0:
        least = max(mark - _NAME, 0)
        while mark > least and near[mark - 1] not in _BETWEEN:
            mark -= 1
        return begin + mark
    cut = max(line.rfind(b" ", 0, _LONGEST), line.rfind(b"\t", 0, _LONGEST)) + 1
    return cut if cut > begin else _LONGEST


def in_utf8(read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """The same text in UTF-8, where it begins as UTF-16 or UTF-32 do; else as it is."""
    decoder: codecs.IncrementalDecoder | None = None
    begun = False

    def _read(size: int) -> bytes:
        nonlocal decoder, begun
        while block := read(size):
            if not begun:
                begun, name = True, _wide(block)
                decoder = codecs.getincrementaldecoder(name)("replace") if name else None
            if decoder is None:
                return block
            if text := decoder.decode(block):
                return text.encode("utf-8", "replace")
        rest = decoder.decode(b"", final=True) if decoder is not None else ""
        return rest.encode("utf-8", "replace")

    return _read


def _wide(head: bytes) -> str:
    """The encoding of a text of which these are the first bytes, empty for one that has a byte for a letter."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = head[:64]
    if len(head) >= 4 and not any(head[1::2]) and all(head[::2]):
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 4 and not any(head[::2]) and all(head[1::2]) else ""


def _lines(data: bytes, masker: Masker) -> bytes:
    """Whole lines. Where the masker looks only at lines with a mark, the others are not even taken apart."""
    if masker.kind != "log":
        return b"\n".join([_one(line, masker) for line in data.split(b"\n")[: None if data[-1:] != b"\n" else -1]]) + (
            b"\n" if data[-1:] == b"\n" else b""
        )
    low = data.lower()
    looked = sorted(_starts(data, low))
    parts, done, length, number = [], 0, len(data), 0
    while done < length:
        while number < len(looked) and looked[number] < done:
            number += 1
        if masker.waits:
            at = done
        elif number < len(looked):
            at = looked[number]
        else:
            break
        stop = data.find(b"\n", at)
        stop = length if stop < 0 else stop
        masker.skip(data.count(b"\n", done, at))
        parts += [data[done:at], _one(data[at:stop], masker), data[stop : stop + 1]]
        done = stop + 1
    masker.skip(data.count(b"\n", done))
    parts.append(data[done:])
    return b"".join(parts)


def _starts(data: bytes, low: bytes) -> set[int]:
    """Where the lines begin that must be looked at: one search for each mark, and one look at each line with it."""
    starts = set()
    for mark in MARKS if low.isascii() else MARKS + OTHER_MARKS:
        at = low.find(mark)
        while at >= 0:
            starts.add(data.rfind(b"\n", 0, at) + 1)
            end = data.find(b"\n", at)
            at = low.find(mark, end) if end >= 0 else -1
    at = low.find(b"auth")
    while at >= 0:
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        start = data.rfind(b"\n", 0, at) + 1
        if AUTH.search(low, at, end) is not None or BLOB.search(low, start, end) is not None:
            starts.add(start)
        at = low.find(b"auth", end)
    starts.update(match.start() for match in _SHAPED.finditer(data))
    return starts


def _one(line: bytes, masker: Masker) -> bytes:
    if line[-1:] == b"\r":
        return masker.line(line[:-1]) + b"\r"
    return masker.line(line)

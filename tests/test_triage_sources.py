"""Logs of every packing and form, pipes, stretches of time, and logs that are rotated while they are followed."""

import bz2
import gzip
import io
import json
import lzma
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.host import Answer, NoAnswer, Verb
from maildoctor.triage.headers import peel, when
from maildoctor.triage.sources import Source, SourceError, SourceOptions
from maildoctor.triage.sources.follow import Tail
from maildoctor.triage.sources.journal import argv
from maildoctor.triage.sources.lines import Turned, WholeLines
from maildoctor.triage.sources.opening import open_extent, open_sources
from maildoctor.triage.sources.own import OwnLogs, own_logs
from maildoctor.triage.sources.raw import Ahead, Stream
from maildoctor.triage.sources.reshape import Docker, Export, Json, turner_for
from maildoctor.triage.sources.window import SLACK

PLAIN = SourceOptions()


def drain(source: Source, size: int = 65536) -> bytes:
    buffer, out = memoryview(bytearray(size)), []
    while count := source.readinto(buffer):
        out.append(bytes(buffer[:count]))
    return b"".join(out)


def read(paths: list[str], options: SourceOptions = PLAIN, size: int = 65536) -> tuple[bytes, list[str]]:
    """All that the sources give, and what was wrong with them."""
    out, damage = b"", []
    for source in open_sources(paths, options):
        out += drain(source, size)
        damage += [source.damage] if source.damage else []
        source.close()
    return out, damage


def some_log(lines: int = 5000) -> bytes:
    chance = random.Random(7)
    return b"".join(
        b"Oct %2d %02d:%02d:%02d mx postfix/smtpd[%d]: connect from unknown[192.0.2.%d]\n"
        % (1 + n * 28 // lines, n * 672 // lines % 24, n % 60, n % 60, chance.randrange(99999), chance.randrange(255))
        for n in range(lines)
    )


LOG = some_log()


# -- files, pipes and what is neither --------------------------------------------------------------


def test_a_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(LOG)
    (source,) = open_sources([str(path)], PLAIN)
    assert (source.name, source.size, source.extent) == (str(path), len(LOG), (0, len(LOG)))
    assert source.written == pytest.approx(path.stat().st_mtime)
    assert drain(source, 1000) == LOG
    assert (source.position, source.damage) == (len(LOG), "")
    source.close()
    source.close()


def test_a_piece_of_a_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(LOG)
    piece = open_extent(str(path), 100, 5000)
    first, after = LOG.index(b"\n", 99) + 1, LOG.index(b"\n", 4999) + 1
    assert drain(piece, 77) == LOG[first:after]
    piece.close()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=12), st.data())
def test_any_cuts_give_every_line_to_one_piece(lines: list[bytes], data: st.DataObject) -> None:
    log = b"\n".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=5)))
    found = []
    for start, end in pairwise([0, *cuts, len(log)]):
        stream = Ahead(io.BytesIO(log))  # type: ignore[arg-type]
        stream.read(max(start - 1, 0))
        piece, room = WholeLines(stream, start, end), bytearray(data.draw(st.integers(1, 9)))
        while count := piece.readinto(memoryview(room)):
            found.append(bytes(room[:count]))
    assert b"".join(found) == log


def test_several_files_the_oldest_first_and_each_once(tmp_path: Path) -> None:
    for age, name in enumerate(["mail.log", "mail.log.1", "mail.log.2.gz"]):
        text = b"%d\n" % age
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    names = [str(tmp_path / name) for name in ("mail.log", "mail.log.1", "mail.log.2.gz", "mail.log")]
    assert read(names) == (b"2\n1\n0\n", [])


def test_a_file_that_grows_is_read_to_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(LOG)
    (source,) = open_sources([str(path)], PLAIN)
    with path.open("ab") as more:
        more.write(b"later\n")
    assert drain(source) == LOG


def test_a_file_that_becomes_shorter_says_so(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(LOG)
    (source,) = open_sources([str(path)], PLAIN)
    os.truncate(path, 500)
    assert drain(source) == LOG[:500]
    assert "shorter" in source.damage


def test_a_file_that_vanishes_before_its_turn(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(b"%s\n" % name.encode())
    sources = open_sources([str(tmp_path / "a"), str(tmp_path / "b")], PLAIN)
    first = next(sources)
    rest = {"a", "b"} - {Path(first.name).name}
    (tmp_path / rest.pop()).unlink()
    second = next(sources)
    assert (drain(second), second.position, second.size) == (b"", 0, 0)
    assert "no such file" in second.damage
    second.close()


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.close()


@pytest.mark.slow
@pytest.mark.parametrize(("make", "what"), [
    (lambda path: None, "no such file"), (Path.mkdir, "directory"), (fifo, "nobody writes"), (listening, "socket"),
])  # fmt: skip
def test_what_cannot_be_read(tmp_path: Path, make: Callable[[Path], None], what: str) -> None:
    make(tmp_path / "x")
    with pytest.raises(SourceError) as caught:
        read([str(tmp_path / "x")])
    assert what in caught.value.what and caught.value.where == str(tmp_path / "x") and caught.value.remedy


def test_no_device_but_null() -> None:
    assert read(["/dev/null"]) == (b"", [])
    with pytest.raises(SourceError, match="device"):
        read(["/dev/zero"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_right(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(LOG)
    (tmp_path / "x").chmod(0)
    with pytest.raises(SourceError, match="no right"):
        read([str(tmp_path / "x")])


@pytest.mark.parametrize("late", [0.0, 0.3])
def test_a_fifo_with_a_writer(tmp_path: Path, late: float) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)

    def write() -> None:
        time.sleep(late)
        path.write_bytes(LOG)

    writer = threading.Thread(target=write)
    writer.start()
    assert read([str(path)]) == (LOG, [])
    writer.join()


def run(code: str, **how: Any) -> bytes:
    """What a Python program prints that has read its sources."""
    prelude = "import sys\nfrom maildoctor.triage.sources.opening import *\n"
    drain_all = textwrap.dedent("""
        buffer = memoryview(bytearray(65536))
        for source in open_sources(['-'], SourceOptions()):
            while count := source.readinto(buffer):
                sys.stdout.buffer.write(buffer[:count])
            print(source.damage, source.size, file=sys.stderr)
    """)
    program = prelude + (code or drain_all)
    done: subprocess.CompletedProcess[bytes] = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, **how
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_standard_input_by_a_pipe(pack: Callable[[bytes], bytes]) -> None:
    assert run("", input=pack(LOG)) == LOG + b" None\n"


def test_standard_input_from_a_file_goes_on_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"seen\n" + LOG)
    with (tmp_path / "x").open("rb", buffering=0) as file:
        file.seek(5)
        assert run("", stdin=file) == LOG + b" %d\n" % len(LOG)


# -- packed ----------------------------------------------------------------------------------------


def zstd(data: bytes) -> bytes:
    if shutil.which("zstd") is None:
        pytest.skip("no zstd here")
    return subprocess.run(["zstd", "-cq"], input=data, capture_output=True, check=True).stdout


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": zstd,
}
BIG = some_log(40000)
NOISE = random.Random(1).randbytes(300_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("size", [999, 262144])
def test_packed_is_known_by_content(tmp_path: Path, name: str, size: int) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(PACKERS[name](BIG))
    (source,) = open_sources([str(path)], PLAIN)
    assert drain(source, size) == BIG
    assert (source.damage, source.position, source.extent) == ("", source.size, None)
    source.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKERS)
def test_packed_pieces_that_were_joined(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(PACKERS[name](BIG) + PACKERS[name](LOG) + PACKERS[name](b"") + PACKERS[name](LOG))
    assert read([str(path)]) == (BIG + LOG + LOG, [])


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("cut", [1, 9, 20000])
def test_packed_and_cut_short(tmp_path: Path, name: str, cut: int) -> None:
    path = tmp_path / "mail.log"
    packed = PACKERS[name](BIG + NOISE)
    path.write_bytes(packed[:-cut])
    out, damage = read([str(path)])
    assert (BIG + NOISE).startswith(out) and len(damage) == 1
    assert len(out) >= (0 if name == "bzip2" else len(BIG) - 131072)  # bzip2 gives blocks of 900 kB


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKERS)
def test_packed_and_broken(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mail.log"
    packed = bytearray(PACKERS[name](BIG + NOISE))
    place = len(packed) - 100_000
    packed[place : place + 2000] = os.urandom(2000)
    path.write_bytes(packed)
    out, damage = read([str(path)])
    sure = len(BIG) - (900_000 if name == "bzip2" else 131_072 if name == "zstd" else 0)  # their blocks
    assert out[:sure] == BIG[:sure]
    assert len(damage) == 1 and ("broken" in damage[0] or "middle" in damage[0])


@pytest.mark.slow
def test_broken_gzip_gives_all_up_to_the_break(tmp_path: Path) -> None:
    """As much as zlib itself gives when asked byte by byte."""
    path = tmp_path / "mail.log.gz"
    packed = bytearray(gzip.compress(BIG))
    packed[len(packed) // 2 : len(packed) // 2 + 50] = b"\xff" * 50
    path.write_bytes(packed)
    import zlib

    decoder, best = zlib.decompressobj(31), b""
    try:
        for byte in packed:
            best += decoder.decompress(bytes([byte]))
    except zlib.error:
        pass
    out, damage = read([str(path)])
    assert best.startswith(out) or out.startswith(best)
    assert len(out) >= len(best) - 64
    assert damage and "gzip" in damage[0]
    assert best[: len(out) - 4096].startswith(run("", input=bytes(packed))[: len(out) - 8192])


def test_zeros_after_gzip_are_padding_and_other_things_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "mail.log.gz"
    path.write_bytes(gzip.compress(LOG) + bytes(1024))
    assert read([str(path)]) == (LOG, [])
    path.write_bytes(gzip.compress(LOG) + b"something else")
    out, damage = read([str(path)])
    assert out == LOG and "left out" in damage[0]


@pytest.mark.slow
def test_without_accelerators_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("isal", "isal.isal_zlib", "zstandard", "compression.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    for name in PACKERS:
        (tmp_path / name).write_bytes(PACKERS[name](BIG))
        assert read([str(tmp_path / name)]) == (BIG, [])
    (tmp_path / "zstd").write_bytes(zstd(BIG + NOISE)[:-500])
    out, damage = read([str(tmp_path / "zstd")])
    assert (BIG + NOISE).startswith(out) and damage
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SourceError, match="zstd"):
        read([str(tmp_path / "zstd")])


@pytest.mark.parametrize("magic", [b"\x1f\x9d\x90", b"\x04\x22\x4d\x18", b"PK\x03\x04", b"7z\xbc\xaf\x27"])
def test_other_packings_are_named(tmp_path: Path, magic: bytes) -> None:
    (tmp_path / "x").write_bytes(magic + bytes(50))
    with pytest.raises(SourceError, match="packed by") as caught:
        read([str(tmp_path / "x")])
    assert "| maildoctor triage -" in caught.value.remedy


@pytest.mark.slow
def test_a_bomb_needs_no_memory(tmp_path: Path) -> None:
    """A gigabyte of zeros is read within an address space of half of one."""
    path = tmp_path / "bomb"
    inner = gzip.compress(bytes(1 << 27))
    path.write_bytes(inner * 4)
    code = f"""
import resource
(source,) = open_sources([{str(path)!r}], SourceOptions())
buffer, total = memoryview(bytearray(1 << 18)), 0
resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))
while count := source.readinto(buffer):
    total += count
print(total)
"""
    assert run(code) == b"%d\n" % (1 << 29)


# -- containers and the journal --------------------------------------------------------------------


class Pieces:
    """A stream that gives what it has in pieces of odd sizes."""

    damage = ""

    def __init__(self, data: bytes, seed: int) -> None:
        self._data, self._chance = data, random.Random(seed)

    def readinto(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self._data), self._chance.choice([1, 7, 100, 5000]))
        buffer[:count], self._data = self._data[:count], self._data[count:]
        return count

    def close(self) -> None:
        pass


def turned(data: bytes, seed: int = 0) -> bytes:
    turner = turner_for(data[:64])
    stream: Stream = Pieces(data, seed)
    stream = stream if turner is None else Turned(stream, turner)
    buffer, out = memoryview(bytearray(3000)), b""
    while count := stream.readinto(buffer):
        out += buffer[:count]
    return out


def docker(log: str, stream: str = "stdout", stamp: str = "2026-07-31T01:00:00.5Z", **more: object) -> bytes:
    text = json.dumps({"log": log, "stream": stream, **more, "time": stamp}, separators=(",", ":"), ensure_ascii=False)
    for sign, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, escape)
    return text.encode("utf-8", "surrogatepass") + b"\n"


@pytest.mark.parametrize(
    "text",
    ["plain", "a <b@example.com> & c", 'quote " and \\', "ends in \\n", "\\\\n", "tab\t", "é 𝄞", "\x1b[31mred", ""],
)
def test_docker(text: str) -> None:
    assert turned(docker(text + "\n")) == b"2026-07-31T01:00:00.5Z stdout F " + text.encode() + b"\n"


def test_docker_makes_long_lines_whole_and_mixes_no_streams() -> None:
    data = (
        docker("one ") + docker("ERR\n", "stderr") + docker("two") + docker("\n") + docker("next\n", attrs={"tag": "x"})
    )
    assert [peel(line).message for line in turned(data).splitlines()] == [b"ERR", b"one two", b"next"]
    whole = docker("one ") + docker("two\n") + docker("next\n")
    assert turned(whole) == b"2026-07-31T01:00:00.5Z stdout F one two\n2026-07-31T01:00:00.5Z stdout F next\n"


def test_a_stranger_cannot_forge_a_line_in_a_container() -> None:
    forged = "x\nJul 31 01:00:00 mx sm-mta[1]: AUTH failure\n"
    assert turned(docker(forged)).count(b"\n") == 1
    assert turned(docker('x\n","stream":"stdout","time":"1"}\n')).count(b"\n") == 1


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=40),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 99),
)
def test_docker_agrees_with_json(texts: list[str], seed: int) -> None:
    data = b"".join(docker(text + "\n") for text in texts)
    want = b"".join(b"2026-07-31T01:00:00.5Z stdout F " + t.encode("utf-8", "replace") + b"\n" for t in texts)
    assert turned(data, seed) == want


def test_docker_file_with_other_lines() -> None:
    odd = b"not a record\n" + b'{"log":"cut off'
    assert turned(docker("a\n") + odd) == b"2026-07-31T01:00:00.5Z stdout F a\n" + odd


ENTRY = {
    "__CURSOR": "s=1", "__REALTIME_TIMESTAMP": "1767225600123456", "_HOSTNAME": "mx",
    "SYSLOG_IDENTIFIER": "postfix/smtpd", "_PID": "77", "MESSAGE": "warning: SASL failed",
}  # fmt: skip
LINE = b"2026-01-01T00:00:00.123456+00:00 mx postfix/smtpd[77]: warning: SASL failed\n"


def export(entry: dict[str, str]) -> bytes:
    out = b""
    for key, value in entry.items():
        data = value.encode("utf-8", "surrogateescape")
        if b"\n" in data or any(byte < 32 for byte in data):
            out += key.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
        else:
            out += key.encode() + b"=" + data + b"\n"
    return out + b"\n"


def test_journal_export() -> None:
    second = ENTRY | {
        "MESSAGE": "line\n\n__CURSOR=x\nMESSAGE=forged",
        "SYSLOG_PID": "5",
        "_SOURCE_REALTIME_TIMESTAMP": "1767225601000000",
    }
    without = {key: value for key, value in ENTRY.items() if key != "MESSAGE"}
    data = export(ENTRY) + export(second) + export(without) + export(ENTRY)
    forged = b"2026-01-01T00:00:01.000000+00:00 mx postfix/smtpd[5]: line#012#012__CURSOR=x#012MESSAGE=forged\n"
    for seed in range(5):
        assert turned(data, seed) == LINE + forged + LINE
    assert turned(data[:-1]) == LINE + forged + LINE or turned(data[:-1]) == LINE + forged


@pytest.mark.parametrize("length", [10, 13, 255, 256, 2560, 2570, 2623, 65546])
def test_journal_export_where_a_length_looks_like_line_ends(length: int) -> None:
    inner = "\nMESSAGE=forged\n\nMESSAGE=forged\n\n" * 2000
    data = export(ENTRY) + export(ENTRY | {"OTHER": inner[:length]}) + export(ENTRY)
    assert turned(data, length) == LINE * 3


def test_journal_export_broken_off() -> None:
    turner = Export()
    stream = Turned(Pieces(export(ENTRY) + export(ENTRY | {"MESSAGE": "a\nb"})[:-9], 3), turner)
    buffer = memoryview(bytearray(999))
    out = b""
    while count := stream.readinto(buffer):
        out += buffer[:count]
    assert out == LINE and "broken" in stream.damage


def test_journal_export_with_a_memory_dump() -> None:
    """A field of 9 MB is left out without being held, and what comes after it is read."""
    data = export(ENTRY) + export(ENTRY | {"COREDUMP": "\n" + "x" * (9 << 20)}) + export(ENTRY)
    stream = Turned(Big(data), turner := Export())
    buffer, out = memoryview(bytearray(65536)), b""
    while count := stream.readinto(buffer):
        out += buffer[:count]
    assert out.startswith(LINE) and out.endswith(LINE) and len(out) <= 3 * len(LINE)
    assert out.count(b"\n") == 3 or turner.damage


class Big(Pieces):
    def __init__(self, data: bytes) -> None:
        super().__init__(b"", 0)
        self._view = memoryview(data)

    def readinto(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self._view))
        buffer[:count], self._view = self._view[:count], self._view[count:]
        return count


def test_journal_json() -> None:
    numbers = ENTRY | {"MESSAGE": [104, 105, 10, 255]}
    data = b"".join(json.dumps(entry).encode() + b"\n" for entry in (ENTRY, numbers, [1], {"x": 1}))
    head = LINE[: LINE.index(b"warning")]
    assert turned(data) == LINE + head + b"hi#012\xff\n" + b'[1]\n{"x": 1}\n'
    assert turned(b"[" * 100_000 + b"\n").startswith(b"[")


def test_other_json() -> None:
    rsyslog = {
        "@timestamp": "2026-01-01T00:00:00Z",
        "host": "mx",
        "syslogtag": "sm-mta[7]:",
        "message": " AUTH failure\n",
    }
    assert turned(json.dumps(rsyslog).encode() + b"\n") == b"2026-01-01T00:00:00Z mx sm-mta[7]:  AUTH failure\n"
    collector = {"time": "2026-01-01T00:00:00Z", "stream": "stdout", "log": "AUTH failure\n"}
    assert peel(turned(json.dumps(collector).encode() + b"\n").rstrip()).message == b"AUTH failure"
    assert isinstance(turner_for(b'{ "a":'), Json) and isinstance(turner_for(b'{"log":"x'), Docker)


def test_a_program_cannot_name_itself_into_another_part_of_the_header() -> None:
    entry = ENTRY | {"SYSLOG_IDENTIFIER": "x: sm-mta[1]", "_HOSTNAME": "a b"}
    head = peel(turned(export(entry)).rstrip())
    assert (head.host, head.tag, head.message) == (b"a_b", b"x__sm-mta_1_", b"warning: SASL failed")


def test_packed_container_log(tmp_path: Path) -> None:
    path = tmp_path / "x-json.log"
    path.write_bytes(gzip.compress(docker("hello\n") * 1000))
    assert read([str(path)]) == (b"2026-07-31T01:00:00.5Z stdout F hello\n" * 1000, [])


def test_journal_command() -> None:
    assert argv(["sendmail", "-x; rm"], 1767225600.9, None, follow=False) == [
        "journalctl", "--no-pager", "--output=export", "--unit=sendmail", "--unit=-x; rm", "--since=@1767225600",
    ]  # fmt: skip
    assert argv([], None, 5.0, follow=True)[3:] == ["--until=@5", "--follow", "--no-tail"]


def fake_journalctl(folder: Path, script: str) -> None:
    (folder / "journalctl").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "journalctl").chmod(0o755)


def test_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "entries").write_bytes(export(ENTRY) * 3)
    old = 'case "$*" in *output-fields*) echo "unrecognized option --output-fields" >&2; exit 1;; esac\n'
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    options = SourceOptions(journal=("sendmail",))
    for begin in ("", old):
        fake_journalctl(tmp_path, f"{begin}cat {tmp_path}/entries")
        assert read([], options) == (LINE * 3, [])
    fake_journalctl(
        tmp_path, f"cat {tmp_path}/entries; echo 'Hint: You are currently not seeing messages from other users' >&2"
    )
    out, damage = read([], options)
    assert out == LINE * 3 and "part of the journal" in damage[0]
    fake_journalctl(tmp_path, "echo No journal files were found >&2; exit 1")
    assert read([], options) == (b"", ["journalctl ended with status 1: No journal files were found"])
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SourceError, match="journalctl"):
        read([], options)


# -- a stretch of time -----------------------------------------------------------------------------


def moment(line: bytes, now: float) -> float | None:
    return when(peel(line).stamp, now, UTC)


@lru_cache(maxsize=2)
def _dated(log: bytes, now: float) -> list[tuple[bytes, float | None]]:
    """Each line with its time; many windows are taken of one log."""
    return [(line, moment(line.rstrip(b"\n"), now)) for line in log.splitlines(keepends=True)]


def naive(log: bytes, since: float | None, until: float | None, now: float) -> bytes:
    keeping, out = True, []
    for line, at in _dated(log, now):
        if at is not None:
            keeping = (since is None or at >= since) and (until is None or at <= until)
        out += [line] if keeping else []
    return b"".join(out)


def year_end_log(form: str, step: int, lines: int) -> bytes:
    """From the middle of December on, a line each `step` seconds; now and then one that goes on without a time."""
    out, at = [], datetime(2025, 12, 15, tzinfo=UTC).timestamp()
    for n in range(lines):
        stamp = datetime.fromtimestamp(at + n * step, UTC)
        text = stamp.strftime("%b %d %H:%M:%S" if form == "bsd" else "%Y-%m-%dT%H:%M:%S+00:00")
        out.append(
            f"{text} mx postfix/smtpd[{n}]: connect from unknown[192.0.2.1]\n" + ("  goes on\n" if n % 97 == 0 else "")
        )
    return "".join(out).encode()


NOW = datetime(2026, 1, 14, 12, tzinfo=UTC).timestamp()


def window(
    log: bytes, path: Path, since: float | None, until: float | None, now: float = NOW
) -> tuple[bytes, list[str]]:
    path.write_bytes(log)
    os.utime(path, (now, now))
    return read([str(path)], SourceOptions(since=since, until=until, zone=UTC, now=now))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["bsd", "iso"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_window_equals_a_naive_filter_across_new_year(
    tmp_path: Path, form: str, pack: Callable[[bytes], bytes]
) -> None:
    log = year_end_log(form, 130, 20000)
    for seed in range(12):
        chance = random.Random(seed)
        a, b = sorted(NOW - chance.random() * 40 * 86400 for _ in range(2))
        since, until = (a, b) if seed % 3 == 0 else (a, None) if seed % 3 == 1 else (None, b)
        path = tmp_path / "mail.log"
        path.write_bytes(pack(log))
        os.utime(path, (NOW, NOW))
        out, damage = read([str(path)], SourceOptions(since=since, until=until, zone=UTC, now=NOW))
        assert out == naive(log, since, until, NOW) and not damage


@pytest.mark.slow
def test_window_reads_only_its_part(tmp_path: Path) -> None:
    log = year_end_log("bsd", 30, 86000)
    since = datetime(2026, 1, 13, 23, tzinfo=UTC).timestamp()
    path = tmp_path / "mail.log"
    path.write_bytes(log)
    os.utime(path, (NOW, NOW))
    (source,) = open_sources([str(path)], SourceOptions(since=since, zone=UTC))
    assert drain(source) == naive(log, since, None, NOW)
    assert source.size is not None and source.size < len(log) / 20 and source.position == source.size


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_window_with_time_going_back(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """By an hour, as at the end of summer, and a little everywhere, as where many programs write."""
    chance = random.Random(seed)
    at, lines = NOW - 20 * 86400.0, []
    while at < NOW:
        at += chance.random() * 400
        if chance.random() < 0.001:
            at -= 3600
        stamp = datetime.fromtimestamp(at - chance.random() * 20, UTC).strftime("%b %d %H:%M:%S")
        lines.append(f"{stamp} mx x[1]: " + "text " * chance.randrange(30) + "\n")
    log = "".join(lines).encode()
    a, b = sorted(NOW - chance.random() * 20 * 86400 for _ in range(2))
    path = tmp_path_factory.getbasetemp() / "back.log"
    assert window(log, path, a, b)[0] == naive(log, a, b, NOW)


def test_window_over_logs_joined_in_the_wrong_order(tmp_path: Path) -> None:
    log = year_end_log("bsd", 130, 20000)
    middle = log.index(b"\n", len(log) // 2) + 1
    joined = log[middle:] + log[:middle]
    since = datetime(2026, 1, 5, tzinfo=UTC).timestamp()
    out = window(joined, tmp_path / "x", since, None)[0]
    assert out.splitlines() == naive(joined, since, None, NOW).splitlines()


def test_window_without_times_says_so(tmp_path: Path) -> None:
    log = b"warning: SASL authentication failure: x\n" * 9000
    out, damage = window(log, tmp_path / "x", NOW - 5, None)
    assert out == log and "no time" in damage[0]
    assert window(b"", tmp_path / "x", NOW - 5, None) == (b"", [])


def test_window_with_a_line_without_end(tmp_path: Path) -> None:
    log = b"Jan 10 00:00:00 mx x[1]: " + b"y" * (3 << 20) + b"\nJan 13 00:00:00 mx x[1]: z"
    since = datetime(2026, 1, 12, tzinfo=UTC).timestamp()
    assert window(log, tmp_path / "x", since, None)[0] == b"Jan 13 00:00:00 mx x[1]: z"
    assert window(log, tmp_path / "x", None, since)[0].rstrip() == log.splitlines()[0]


def test_slack_is_more_than_summer_time() -> None:
    assert SLACK > 3600


# -- followed --------------------------------------------------------------------------------------


class Follower:
    """Follows logs in a thread and gathers what comes until it is stopped."""

    def __init__(self, *paths: Path, **options: Any) -> None:
        self.text, self._stop = b"", threading.Event()
        (self.source,) = open_sources(
            [str(p) for p in paths], SourceOptions(follow=True, idle=self._stop.is_set, **options)
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        buffer = memoryview(bytearray(65536))
        while count := self.source.readinto(buffer):
            self.text += buffer[:count]

    def finish(self, quiet: float = 0.6) -> bytes:
        time.sleep(quiet)
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
        self.source.close()
        return self.text


def line(n: int) -> bytes:
    return b"Jan 10 00:00:00 mx counter[1]: n=%d %s\n" % (n, b"x" * (n % 50))


def numbers(text: bytes) -> list[int]:
    assert all(re.fullmatch(rb"Jan 10 00:00:00 mx counter\[1\]: n=\d+ x*", part) for part in text.splitlines())
    return [int(n) for n in re.findall(rb"n=(\d+)", text)]


def rename_rotate(log: Path, keep: int = 60) -> None:
    for n in range(keep, 0, -1):
        old = log.with_name(f"{log.name}.{n}")
        if old.exists():
            old.rename(log.with_name(f"{log.name}.{n + 1}"))
    log.rename(log.with_name(f"{log.name}.1"))


def copy_rotate(log: Path, keep: int = 60, pack: bool = False) -> None:
    for n in range(keep, 0, -1):
        for end in ("", ".gz"):
            old = log.with_name(f"{log.name}.{n}{end}")
            if old.exists():
                old.rename(log.with_name(f"{log.name}.{n + 1}{end}"))
    first = log.with_name(f"{log.name}.1")
    shutil.copyfile(log, first)
    os.truncate(log, 0)
    if pack:
        subprocess.run(["gzip", str(first)], check=True)


BANNER = b"#" * 299 + b"\n"
"""How every file of some logs begins, longer than what is remembered of a beginning."""


def pack_rotated(log: Path, program: str) -> None:
    """What logrotate's delaycompress leaves for the next time."""
    second = log.with_name(f"{log.name}.2")
    if second.exists() and shutil.which(program):
        subprocess.run([program, "-q", *(["--rm"] if program == "zstd" else []), str(second)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.0, 0.05, 0.3])
@pytest.mark.parametrize(("program", "end"), [("gzip", "gz"), ("xz", "xz"), ("bzip2", "bz2"), ("zstd", "zst")])
def test_follow_where_all_files_begin_alike(tmp_path: Path, pause: float, program: str, end: str) -> None:
    """Renamed and packed later, then copied and cut, in turns; no line is lost and none is told twice."""
    log = tmp_path / "mail.log"
    log.write_bytes(BANNER)
    follower, n = Follower(log), 0
    file = log.open("ab", buffering=0)
    for turn in range(8):
        for _ in range(20):
            file.write(line(n))
            n += 1
        time.sleep(pause / 2)
        if turn % 2:
            copy_rotate(log)
            file.write(BANNER)
        else:
            pack_rotated(log, program)
            packed = tmp_path / f"mail.log.2.{end}"
            if packed.exists():
                packed.rename(tmp_path / f"mail.log.{turn + 100}.{end}")
            rename_rotate(log)
            file.write(line(n))  # the writer does not know yet
            n += 1
            file.close()
            file = log.open("ab", buffering=0)
            file.write(BANNER)
        time.sleep(pause / 2)
    file.write(line(n))
    file.close()
    text = follower.finish(1.0).replace(BANNER, b"")
    assert sorted(numbers(text)) == list(range(n + 1))


@given(st.lists(st.sampled_from(["write", "rename", "copy", "pack", "date", "delete", "empty", "look"]), max_size=25))
@settings(max_examples=150, deadline=None)
def test_follow_any_course_of_rotations(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """Without threads: whatever happens between two looks, each line comes once, in files that begin alike."""
    log = tmp_path_factory.mktemp("course") / "mail.log"
    log.write_bytes(BANNER)
    tail = Tail(str(log), os.open(log, os.O_RDONLY), 0)
    got, n, dates = b"", 0, 0
    for step in steps:
        first = log.with_name("mail.log.1")
        if step == "write":
            with log.open("ab") as file:
                file.writelines(line(n + i) for i in range(3))
            n += 3
        elif step == "rename":
            rename_rotate(log, 30)
            log.write_bytes(BANNER)
        elif step == "copy":
            copy_rotate(log, 30)
            log.write_bytes(BANNER)
        elif step == "pack" and first.exists():
            first.with_name("mail.log.1.gz").write_bytes(gzip.compress(first.read_bytes()))
            first.unlink()
            first.with_name("mail.log.1.gz").rename(log.with_name(f"mail.log.{100 + dates}.gz"))
            dates += 1
        elif step == "date":
            log.rename(log.with_name(f"mail.log-2026{1000 + dates}"))
            log.write_bytes(BANNER)
            dates += 1
        elif step == "delete":
            got += b"".join(iter(tail.take, b""))  # what is deleted unread is lost to everybody
            for old in sorted(log.parent.glob("mail.log[.-]*"))[:1]:
                old.unlink()  # its inode may come again
        elif step == "empty":
            rename_rotate(log, 30)
            log.write_bytes(b"")
        else:
            got += b"".join(iter(tail.take, b""))
    got += b"".join(iter(tail.take, b"")) + tail.finish()
    tail.close()
    assert sorted(numbers(got.replace(BANNER, b""))) == list(range(n))


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.0, 0.03, 0.3])
def test_follow_renamed(tmp_path: Path, pause: float) -> None:
    """Every rotation, those between two looks too; the writer goes on in the old file for a while."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"")
    follower, n = Follower(log), 0
    file = log.open("ab", buffering=0)
    for _ in range(12):
        for _ in range(20):
            file.write(line(n))
            n += 1
        rename_rotate(log)
        file.write(line(n))
        n += 1
        time.sleep(pause / 2)
        file.write(line(n))
        n += 1
        file.close()
        file = log.open("ab", buffering=0)
        time.sleep(pause / 2)
    file.write(line(n))
    file.close()
    assert sorted(numbers(follower.finish())) == list(range(n + 1))


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.0, 0.03, 0.3])
@pytest.mark.parametrize("pack", [False, True])
def test_follow_copied_and_cut(tmp_path: Path, pause: float, pack: bool) -> None:
    log = tmp_path / "mail.log"
    log.write_bytes(b"")
    follower, n = Follower(log), 0
    with log.open("ab", buffering=0) as file:
        for turn in range(12):
            for _ in range(3 + 60 * (turn % 2)):  # it also grows beyond where it was read to
                file.write(line(n))
                n += 1
            time.sleep(pause)
            file.write(line(n))
            n += 1
            copy_rotate(log, pack=pack)
        file.write(line(n))
    got = numbers(follower.finish())
    assert (got if pause else sorted(got)) == list(range(n + 1))  # in order, unless all is over within one look


WRITER = """
import os, sys, time
log, start = sys.argv[1], int(sys.argv[2])
n = start
while True:
    fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for _ in range(20):
        os.write(fd, b"Jan 10 00:00:00 mx counter[1]: n=%d %s\\n" % (n, b"x" * (n % 50)))
        n += 1
        time.sleep(0.0005)
    os.close(fd)
"""


@pytest.mark.slow
def test_follow_a_writer_that_is_killed(tmp_path: Path) -> None:
    """Killed and started again eight times, the log renamed all the while: what stands in the files is told once."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"")
    follower = Follower(log)
    for start in range(8):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(log), str(start * 1_000_000)])
        until = time.monotonic() + 30  # a busy machine takes its time to start it
        while not (log.exists() and log.stat().st_size) and time.monotonic() < until:
            time.sleep(0.01)
        for _ in range(6):
            time.sleep(0.05)
            if log.exists():
                rename_rotate(log)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    text = follower.finish()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert sorted(numbers(text)) == sorted(numbers(written))
    assert len(numbers(text)) > 300


def test_follow_holds_a_line_until_it_ends(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_bytes(line(0)[:10])
    follower = Follower(log)
    time.sleep(0.5)
    assert follower.text == b""
    with log.open("ab") as file:
        file.write(line(0)[10:] + line(1)[:9])
    time.sleep(0.5)
    assert follower.text == line(0)
    assert follower.finish() == line(0) + line(1)[:9] + b"\n"


def test_follow_a_log_that_is_emptied_without_a_copy(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_bytes(line(0) + line(1))
    follower = Follower(log)
    time.sleep(0.4)
    log.write_bytes(b"")
    time.sleep(0.4)
    log.write_bytes(line(2))
    assert numbers(follower.finish()) == [0, 1, 2]


def test_follow_leaves_older_rotated_files_alone(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    for n, name in enumerate(["mail.log.2", "mail.log.1", "mail.log"]):
        (tmp_path / name).write_bytes(line(n))
    follower = Follower(log)
    time.sleep(0.4)
    rename_rotate(log)
    log.write_bytes(line(3))
    assert numbers(follower.finish()) == [2, 3]


def test_follow_several_logs_by_whole_lines(tmp_path: Path) -> None:
    logs = [tmp_path / "a.log", tmp_path / "b.log"]
    for log in logs:
        log.write_bytes(b"")
    follower = Follower(*logs)
    files = [log.open("ab", buffering=0) for log in logs]
    for n in range(400):
        data = line(n)
        files[n % 2].write(data[: n % 30])
        files[n % 2].write(data[n % 30 :])
    text = follower.finish()
    assert sorted(numbers(text)) == list(range(400))
    assert follower.source.name in (str(logs[0]), str(logs[1]))


def test_follow_a_container_since(tmp_path: Path) -> None:
    log = tmp_path / "x-json.log"
    log.write_bytes(docker("old\n", stamp="2026-01-01T00:00:00Z") + docker("new\n", stamp="2026-01-03T00:00:00Z"))
    follower = Follower(log, since=datetime(2026, 1, 2, tzinfo=UTC).timestamp())
    with log.open("ab") as file:
        file.write(docker("newer\n", stamp="2026-01-04T00:00:00Z"))
    assert [peel(part).message for part in follower.finish().splitlines()] == [b"new", b"newer"]


def test_follow_needs_a_file() -> None:
    with pytest.raises(SourceError, match="followed"):
        open_sources(["/dev/null"], SourceOptions(follow=True))


# -- the logs of this host -------------------------------------------------------------------------


class Listing:
    """A host of which only the files are known: path to size, age in days."""

    kind = "host"
    name = "mx"
    commands: tuple[str, ...] = ()

    def __init__(self, files: dict[str, tuple[int, float]], **texts: str) -> None:
        self._files, self._texts = files, texts

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        if verb == "clock":
            return datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if verb == "read" and "postfix" in self._texts:
            return self._texts["postfix"]
        if subject not in self._files:
            return NoAnswer("absent", f"{subject} does not exist")
        size, age = self._files[subject]
        stamp = datetime.fromtimestamp(NOW - age * 86400, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return subject if verb == "real" else f"-rw-r----- 1 root adm {size} {stamp}.000000000 +0000 {subject}"


@pytest.fixture
def all_readable(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    closed: set[str] = set()
    monkeypatch.setattr(os, "access", lambda path, _: path not in closed)
    yield closed


FRESH = (9, 0)
SOCKET = "/run/systemd/journal/socket"


@pytest.mark.usefixtures("all_readable")
@pytest.mark.parametrize(("files", "postfix", "paths", "journal"), [
    (["mail.log", "syslog", "auth.log"], "", ["mail.log", "auth.log"], False),
    (["maillog", "secure", "messages"], "", ["maillog", "secure"], False),
    ({"mail.log": (0, 0), "syslog": FRESH}, "", ["syslog"], False),
    ({"mail.log": (9, 90), "syslog": FRESH}, "", ["syslog"], False),
    ({"mail.log": (9, 90), SOCKET: (0, 0)}, "", [], True),
    ({SOCKET: (0, 0), "exim4/mainlog": FRESH}, "", ["exim4/mainlog"], True),
    ({"/srv/postfix.log": FRESH, "mail.log": (9, 2)}, "maillog_file = /srv/postfix.log\n", ["/srv/postfix.log"], False),
    ({"mail.log": (9, 2)}, "maillog_file = /dev/stdout\n", ["mail.log"], False),
    ([], "", [], False),
])  # fmt: skip
def test_own_logs(
    files: list[str] | dict[str, tuple[int, float]], postfix: str, paths: list[str], journal: bool
) -> None:
    sizes = files if isinstance(files, dict) else dict.fromkeys(files, FRESH)
    there = {os.path.join("/var/log", name): size for name, size in sizes.items()}
    found = own_logs(Listing(there, **({"postfix": postfix} if postfix else {})))
    assert found == OwnLogs(tuple(os.path.join("/var/log", path) for path in paths), journal, ())


def test_own_logs_that_may_not_be_read(all_readable: set[str]) -> None:
    all_readable.add("/var/log/mail.log")
    found = own_logs(Listing({"/var/log/mail.log": (9, 0), "/var/log/auth.log": (9, 0)}))
    assert found.paths == ("/var/log/auth.log",)
    assert found.unread == (("/var/log/mail.log", "permission denied reading /var/log/mail.log"),)

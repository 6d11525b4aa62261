"""Logs that are no lines of text, turned into some: docker's json-file, journalctl's export and JSON, JSON by syslogd.

Every record becomes one line, so what a stranger put into it cannot look like a line of its own: a line end inside is
written `#012`, as syslog daemons do.
"""

import json
import re
import time

from maildoctor.triage.sources.lines import Turner, whole_lines

_LONGEST = 1 << 20
"""Bytes of a line that are held until docker gives its end."""

MAGIC = 64
"""Bytes at the beginning that tell a form."""


def turner_for(begin: bytes) -> Turner | None:
    """What makes lines of a log that begins so; None where it is lines already."""
    begin = begin.lstrip(b"\x1e \r\n")
    if begin.startswith(b'{"log":"'):
        return Docker()
    if begin.startswith((b"__CURSOR=", b"__REALTIME_TIMESTAMP=")):
        return Export()
    return Json() if re.match(rb'\{\s*"', begin) else None


# -- docker json-file ----------------------------------------------------------------------------------------

_docker = re.compile(
    rb'^\{"log":"([^"\\\n]*(?:\\[^\n][^"\\\n]*)*)","stream":"(std(?:out|err))"(?:,"attrs":\{[^{}\n]*\})?,"time":"([^"\\\n]{1,40})"\}\r?\n?',
    re.MULTILINE,
)


_simple_docker = re.compile(
    rb'^\{"log":"([^"\\\n]*)\\n","stream":"(std(?:out|err))","time":"([^"\\\n]{1,40})"\}$', re.MULTILINE
).findall


def _all_simple(text: bytes) -> bytes | None:
    """All lines at once where each is a whole record with no other escapes than those of `<`, `>` and `&`, which docker
    writes so; else None. Twice as fast as one by one."""
    if b"\\\\" in text or not text.endswith(b"\n"):
        return None
    for escape, sign in ((b"\\u003c", b"<"), (b"\\u003e", b">"), (b"\\u0026", b"&")):
        text = text.replace(escape, sign)
    records = _simple_docker(text)
    if len(records) != text.count(b"\n"):
        return None
    return b"".join([b"%s %s F %s\n" % (stamp, stream, log) for log, stream, stamp in records])


class Docker:
    """`{"log":"…\\n","stream":"stdout","time":"…"}` becomes `TIME stdout F …`, the form of Kubernetes; a line that
    docker cut in pieces of 16 KiB is made whole."""

    damage = ""

    def __init__(self) -> None:
        self._begun = {b"stdout": b"", b"stderr": b""}

    def turn(self, text: bytes, *, last: bool) -> tuple[bytes, int]:
        """See `Turner`."""
        used = whole_lines(text, last=last)
        if not any(self._begun.values()) and (simple := _all_simple(text[:used])) is not None:
            return simple, used
        out: list[bytes] = []
        at = 0
        for match in _docker.finditer(text, 0, used):
            if match.start() > at:
                out.append(text[at : match.start()])  # no such record: as it stands
            at = match.end()
            log, stream, stamp = match.groups()
            out.append(self._line(log, stream, stamp))
        out.append(text[at:used])
        if last:
            out += [begun + b"\n" for begun in self._begun.values() if begun]
            self._begun = dict.fromkeys(self._begun, b"")
        return b"".join(out), used

    def _line(self, log: bytes, stream: bytes, stamp: bytes) -> bytes:
        begun = self._begun[stream] or b"%s %s F " % (stamp, stream)
        ends = _ends_a_line(log)
        if ends:
            log = log[:-2]
        if b"\\" in log:
            log = _unescaped(log)
        ends = ends or len(begun) > _LONGEST
        self._begun[stream] = b"" if ends else begun + log
        return b"%s%s\n" % (begun, log) if ends else b""


def _ends_a_line(log: bytes) -> bool:
    """Whether its last two characters are the escape `\\n`, and no backslash of the text and a letter."""
    body = log[:-1]
    return log[-1:] == b"n" and (len(body) - len(body.rstrip(b"\\"))) % 2 == 1


def _unescaped(log: bytes) -> bytes:
    try:
        text = json.loads(b'"%s"' % log, strict=False)
    except ValueError:
        return log
    return _one_line(str(text))


# -- journalctl -o export ------------------------------------------------------------------------------------

_WANTED = rb"MESSAGE|SYSLOG_IDENTIFIER|SYSLOG_PID|_HOSTNAME|_PID|_COMM|__REALTIME_TIMESTAMP|_SOURCE_REALTIME_TIMESTAMP"
_wanted = re.compile(rb"^(" + _WANTED + rb")=(.*)$", re.MULTILINE).findall
_field = re.compile(rb"([A-Z0-9_]{1,64})(?:=([^\n]*)\n|\n)").match
_whole = re.compile(rb"[A-Z0-9_]{1,64}=").match


class Export:
    """Journal export format: fields a line each, binary ones with their length, records with an empty line between."""

    def __init__(self) -> None:
        self.damage = ""

    def turn(self, text: bytes, *, last: bool) -> tuple[bytes, int]:
        """See `Turner`."""
        out: list[bytes] = []
        at = 0
        while True:
            end = text.find(b"\n\n", at)
            record = text[at : end + 1] if end >= 0 else b""
            # A binary field's length is eight bytes, some of them zero. Where two of them are line ends, or one after
            # the field's name, the record ends too early for that, in a line that is no field.
            if end >= 0 and b"\0" not in record and _whole(record, record.rfind(b"\n", 0, -1) + 1):
                out.append(_line(dict(_wanted(record))))
                at = end + 2
                continue
            if at >= len(text) or (end < 0 and not last):
                break
            fields, after = self._by_length(text, at)
            if after < 0:
                if not last:
                    break
                at = self._lost(text, at)
                continue
            out.append(_line(fields))
            at = after
        return b"".join(out), at

    def _by_length(self, text: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
        """The record that begins at `at` and the place after it, -1 where it is not all there."""
        fields: dict[bytes, bytes] = {}
        while at < len(text):
            if text[at] == 0x0A:
                return fields, at + 1
            match = _field(text, at)
            if match is None:
                return fields, -1
            at = match.end()
            if match[2] is not None:
                fields[match[1]] = match[2]
                continue
            length = int.from_bytes(text[at : at + 8], "little")
            at += 8
            if at + length + 1 > len(text):
                return fields, -1
            fields[match[1]] = text[at : at + length]
            at += length + 1
        return fields, -1

    def _lost(self, text: bytes, at: int) -> int:
        """Where to go on after a record that is too long or broken off."""
        nearest = text.find(b"\n__CURSOR=", at)
        if nearest >= 0:
            self.damage = "has a broken entry of the journal, which was left out"
            return nearest + 1
        if text[at:].strip(b"\n"):
            self.damage = "has an entry of the journal that is broken off or longer than can be held; it was left out"
        return len(text)


def _line(fields: dict[bytes, bytes]) -> bytes:
    message = fields.get(b"MESSAGE")
    if message is None:
        return b""
    moment = fields.get(b"_SOURCE_REALTIME_TIMESTAMP") or fields.get(b"__REALTIME_TIMESTAMP", b"")
    tag = fields.get(b"SYSLOG_IDENTIFIER") or fields.get(b"_COMM") or b"unknown"
    pid = fields.get(b"SYSLOG_PID") or fields.get(b"_PID")
    return _plain(_stamp(moment), fields.get(b"_HOSTNAME", b""), tag, pid or b"", message)


def _plain(stamp: bytes, host: bytes, tag: bytes, pid: bytes, message: bytes) -> bytes:
    """One line. A program's name is its own choice: what could be taken for other parts of the header is struck out."""
    begin = _begins.get((host, tag, pid))
    if begin is None:
        name = re.sub(rb"[\s:\[\]]", b"_", tag)[:128]
        where = re.sub(rb"[\s:\[\]()=]", b"_", host)[:255] or b"localhost"
        if len(_begins) > 1000:
            _begins.clear()
        begin = _begins[host, tag, pid] = b"%s %s%s: " % (where, name, b"[%s]" % pid if pid.isdigit() else b"")
    if b"\n" in message:
        message = message.rstrip(b"\n").replace(b"\n", b"#012")
    return b"%s %s%s\n" % (stamp, begin, message) if stamp else b"%s%s\n" % (begin, message)


_begins: dict[tuple[bytes, bytes, bytes], bytes] = {}
_seconds: dict[bytes, bytes] = {}


def _stamp(microseconds: bytes) -> bytes:
    """ISO 8601 in UTC of so many microseconds since 1970; empty where that is no number."""
    second = microseconds[:-6]
    known = _seconds.get(second)
    if known is None:
        if not microseconds.isdigit() or not 1 <= len(second) <= 11:
            return b""
        if len(_seconds) > 1000:
            _seconds.clear()
        known = _seconds[second] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(second))).encode()
    return b"%s.%s+00:00" % (known, microseconds[-6:]) if microseconds.isdigit() else b""


# -- JSON, an object a line ----------------------------------------------------------------------------------

_MESSAGE = ("MESSAGE", "message", "msg", "@message", "log", "MSG")
_HOST = ("_HOSTNAME", "HOST", "host", "hostname", "fromhost", "source")
_TAG = ("SYSLOG_IDENTIFIER", "PROGRAM", "programname", "program", "app-name", "app_name", "ident", "_COMM", "syslogtag")
_PID = ("SYSLOG_PID", "PID", "pid", "procid", "_PID")
_TIME = ("timestamp", "@timestamp", "time", "timereported", "ISODATE", "DATE", "date", "ts")


class Json:
    """journalctl -o json, and what rsyslog, syslog-ng and collectors write: an object a line."""

    damage = ""

    def turn(self, text: bytes, *, last: bool) -> tuple[bytes, int]:
        """See `Turner`."""
        used = whole_lines(text, last=last)
        return b"".join(map(_of_json, text[:used].splitlines(keepends=True))), used


def _of_json(line: bytes) -> bytes:
    try:
        record = json.loads(line.lstrip(b"\x1e"))
    except (ValueError, RecursionError):
        return line
    if not isinstance(record, dict):
        return line
    message = _first(record, _MESSAGE)
    if not message:
        return line
    moment = _first(record, ("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"))
    stamp = _stamp(moment) or _first(record, _TIME).replace(b"\n", b" ")
    tag, pid = _first(record, _TAG).rstrip(b":"), _first(record, _PID)
    if not tag:
        return (stamp + b" " if stamp else b"") + message.rstrip(b"\n").replace(b"\n", b"#012") + b"\n"
    if tag.endswith(b"]") and not pid:
        tag, _, pid = tag[:-1].partition(b"[")
    return _plain(stamp, _first(record, _HOST), tag, pid, message)


def _first(record: dict[str, object], names: tuple[str, ...]) -> bytes:
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and value:
            return value.encode("utf-8", "replace")
        if isinstance(value, int) and not isinstance(value, bool):
            return b"%d" % value if abs(value) < 1 << 63 else b""
        if isinstance(value, list) and value and all(isinstance(n, int) and 0 <= n < 256 for n in value):
            return bytes(value)  # journalctl writes what is not UTF-8 as numbers
    return b""


def _one_line(text: str) -> bytes:
    return text.encode("utf-8", "replace").rstrip(b"\n").replace(b"\n", b"#012")

"""One line after the other: which forms are looked for in it, and what the lines before it said of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from maildoctor.masking import commands, forms, kinds, printed, zones
from maildoctor.masking.forms import Span
from maildoctor.masking.patterns import Crowded, holds, pattern, pattern_of_bytes, union
from maildoctor.masking.remarks import is_remark, without_remark
from maildoctor.masking.values import setting
from maildoctor.masking.words import NATIVE, secrecy

_STRUCK = "***"

_NAMES = (
    "pass",
    "pw",
    "secret",
    "tok",
    "cred",
    "key",
    "psk",
    "phrase",
    "authoriz",
    "cookie",
    "kennwort",
    "contrase",
    "mdp",
    "pswd",
    "senha",
    "clave",
    "haslo",
    "heslo",
    "wachtwoord",
    "parol",
    "senord",
    "community",
)
_DIALOGUE = (
    "auth",
    "resp=",
    "334 ",
    "<-",
    "->",
    "~>",
    "login ",
    "client in:",
    "client out:",
    ": < ",
    ": > ",
    " c: ",
    'command="',
)
_HASHES = ("$", "{", ") != ", "crypt(")
_TOKENS = (
    "eyj",
    "ghp_",
    "gho_",
    "ghs_",
    "github_",
    "xox",
    "akia",
    "sk_",
    "sk-",
    "glpat",
    "hooks.slack",
    "sg.",
    "aiza",
    "ya29.",
    "sib-",
    "mlsn.",
    "telegram.org",
    "bearer",
    "basic ",
)
_LITERALS = ("select", "insert", "where ")
_ENTRIES = ("static:", "inline:", '"p:', '"p=', ";p:", " p:", "'p:", "\tp:")
_KEY, _URL, _AUTH = "-----begin", "://", "auth"
_OFTEN = (
    _NAMES[:8],
    _NAMES[9:],
    _DIALOGUE[1:],
    _HASHES,
    _TOKENS,
    commands.MARKS,
    _LITERALS,
    _ENTRIES,
    tuple(printed.MARKS),
    zones.MARKS,
    (_URL, _KEY),
)


def _least(marks: set[str]) -> tuple[bytes, ...]:
    """The marks without those that have another in them."""
    least: list[str] = []
    for mark in sorted(marks, key=lambda mark: (len(mark), mark)):
        if not any(other in mark for other in least):
            least.append(mark)
    return tuple(mark.encode() for mark in least)


MARKS = _least({mark for group in _OFTEN for mark in group})
"""One of these stands in every line of a log, in lower case, that can hold a credential; or `auth` with more."""
OTHER_MARKS = tuple(dict.fromkeys(mark.encode("latin-1").lower() for mark in NATIVE))
"""Or one of these, if it is not all ASCII."""
_MARKED = pattern_of_bytes(union(mark.decode() for mark in MARKS).encode())
AUTH = pattern_of_bytes(
    rb"auth(?:oriz|enticate|[ =:,\"\\#\t]{1,6}(?:011)?\"?(?:plain|login|cram|digest|scram|x?oauth|ntlm|gssapi"
    rb"|external|otp|srp|apop|bearer)\b"
    rb"|entication fail\w{1,4}: [a-z0-9+/]{4,}={0,2}(?:[\s,\"]|$))"
)
BLOB = pattern_of_bytes(rb"(?<![a-z0-9+/_.@<-])[a-z0-9+/]{16,}+={0,2}(?![a-z0-9+/_.@>-])")
"""In lower case, a long word of base64."""
# what only lines of files are looked through for
_IN_FILES = ("_servers", "client_send", "user")
_PEM_BODY = pattern(
    r"(?:.{0,200}[\s>#|])?[A-Za-z0-9+/=]{16,}(?:\\n)?\\?\s*[\"']?,?|[\s>#|]*[A-Za-z0-9+/=]{1,15}\s*|[\s>#"
    r"|]*(?:Proc-Type|DEK-Info|Comment):.*|\s*",
)
_OPENED = pattern(
    r"([ \t]*)(?:- )?[\"'<]?([\w.-]{2,64})[\"'>]?[ \t]{0,20}(?:[:=]|(?<=>))[ \t]{0,20}(?:[|>][+-]?[0-9]?|\\"
    r"|!!?\w{1,20})?[ \t]*\r?",
)
_NAMED = pattern(
    r"[ \t]*(?:- )?[\"']?(?:name|key|id)[\"']?[ \t]{0,9}[:=][ \t]{0,9}[\"']?([\w.-]{2,64})[\"']?,?[ \t]*\r?",
    re.IGNORECASE,
)
_VALUE = pattern(r"[ \t]*(?:- )?[\"']?value[\"']?[ \t]{0,9}[:=][ \t]{0,9}(?=\S)", re.IGNORECASE)
_GOES_ON = pattern(r"(?:--?[\w-]{0,40}(?:pass\w{0,20}|pw|secret|token)|\s-[wp])[ \t=]{1,9}\\\r?", re.IGNORECASE)
_ASKED = pattern(
    r"\bauth(?:enticate)?[ =:]+\"?(?:login|plain|cram|digest|scram|xoauth|ntlm|oauth)|334 |authentication exchange",
    re.IGNORECASE,
)
_STAMP = pattern(
    r"(?:<[0-9]{1,3}>1? ?)?(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}\b"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2})",
)
"""A line that begins with a time is one of a log, whatever its file is called."""
_ENDS_OPEN = pattern(r"(?:.*\s)?(?:-[wp]|--?(?:pass(?:word|wd)?|pw|secret))[ \t]*\\?\r?", re.IGNORECASE)
"""A line that ends in an option, or of .netrc in a word, whose value begins the next line."""
_NETRC_OPEN = pattern(r"(?:.*\s)?(?:password|passwd|account)\s*")
_WINDOW, _OVERLAP = 1024, 512
_SHORT = 200
"""Characters of a line of which it is remembered what is secret in it."""
_BLANK = pattern(r"\s")
_PASSWD_COLONS = 6
_ANSWERS = 6
"""Lines after one of AUTH in which the rest of the exchange may stand."""
_NOT_NAMES = frozenset(("passwd", "group", "shadow", "key"))
"""Lines of nsswitch.conf."""


@dataclass(slots=True)
class Found:
    """How often a form was struck out, and in which line it was first, counted from 1."""

    count: int
    line: int


def _spans(line: str, kind: str, deep: bool = True) -> Iterator[Span]:
    low = line.lower()
    whole = kind not in ("log", "names")
    plain = kind != "names"
    if "://" in low or (whole and "@" in low):
        yield from forms.addressed(line)
    if holds(low, _HASHES):
        yield from forms.hashed(line)
    if whole or holds(low, _TOKENS):
        yield from forms.tokened(line)
    yield from zones.subscribed(line, low)
    if not plain:
        return
    if holds(low, _NAMES) or (not line.isascii() and holds(line, NATIVE)):
        yield from forms.named(line, low, whole)
    if holds(low, _DIALOGUE):
        yield from forms.dialogue(line, low)
    if holds(low, commands.MARKS):
        yield from commands.commanded(line, low)
    if holds(low, _LITERALS):
        yield from forms.literals(line, low)
    if holds(low, _ENTRIES) or (whole and holds(low, _IN_FILES)):
        yield from forms.entries(line, low)
    if (whole or deep) and (low[:1] == "[" or low.count(":") == _PASSWD_COLONS):
        yield from kinds.of_its_own(line)
    yield from printed.placed(line, low)
    if deep:
        yield from forms.coded(line, lambda text: next(_spans(text, "log", deep=False), None) is not None)


def nameable(low: str) -> bool:
    """Whether something in a listing of names, in lower case, can be secret in itself: what `_spans` looks for there
    needs one of these marks."""
    return _URL in low or holds(low, _HASHES) or holds(low, _TOKENS) or holds(low, zones.MARKS)


def _in_windows(line: str, kind: str) -> Iterator[Span]:
    """The spans of a line of any length in a time that grows as the length does: a long one is looked through in
    windows that overlap. A value that reaches the end of its window goes on to the next blank, in a file to the end of
    the line. From where it holds more of one form than an honest line does, all of it is struck out."""
    if len(line) <= 2 * _WINDOW:
        try:
            yield from list(_spans(line, kind))
        except Crowded:
            yield Span(0, len(line), "crowded")
        return
    struck = 0
    for at in range(0, len(line), _WINDOW):
        start, stop = max(at - _OVERLAP, 0), at + _WINDOW
        if min(stop, len(line)) <= struck:
            continue
        try:
            spans = list(_spans(line[start:stop], kind))
        except Crowded:
            yield Span(start, len(line), "crowded")
            return
        for span in spans:
            end = span.end + start
            if end >= stop < len(line):
                blank = _BLANK.search(line, end) if kind in ("log", "names") else None
                end = blank.start() if blank is not None else len(line)
            struck = max(struck, end)
            yield Span(span.start + start, end, span.form)


@lru_cache(maxsize=4096)
def _of_a_short_line(line: str, kind: str) -> tuple[Span, ...]:
    """The same for a line as configuration files have them: those that m4 makes are half alike."""
    return tuple(_in_windows(line, kind))


def _put(line: str, spans: list[Span]) -> str:
    """The line with the spans struck out; those that touch are one."""
    spans.sort()
    parts, at = [], 0
    for start, end, _ in spans:
        if start < at:
            if end > at:
                at = end
            continue
        parts += [line[at:start], _STRUCK]
        at = end
    parts.append(line[at:])
    return "".join(parts)


def _settled(line: str, spans: list[Span]) -> list[Span]:
    """Without those that are struck out already."""
    return [s for s in spans if s.start < s.end and line[s.start : s.end].strip("\"'`, ") not in ("", _STRUCK)]


def marked(low: bytes) -> bool:
    """Whether a line, in lower case, must be looked at."""
    if _MARKED.search(low) is not None:
        return True
    if not low.isascii() and any(mark in low for mark in OTHER_MARKS):
        return True
    return b"auth" in low and (AUTH.search(low) is not None or BLOB.search(low) is not None)


def masked_line(line: bytes) -> bytes:
    """One line of a log with what is secret struck out. Never raises."""
    if not marked(line.lower()):
        return line
    text = line.decode("latin-1")
    spans = _settled(text, list(_in_windows(text, "log")))
    return _put(text, spans).encode("latin-1") if spans else line


class Masker:
    """Masks line by line; of `settings`, remarks are cut. `found`: what was struck out so far, by form; without
    `counts`, remarks that are cut anyway are not looked through for it."""

    def __init__(self, kind: str = "log", *, settings: bool = False, counts: bool = True) -> None:
        self.settings = settings and kind not in ("log", "names")
        self.counts = counts
        self.found: dict[str, Found] = {}
        self.kind = kind
        self._number = 0
        self._in_key = False
        self._answers = 0
        self._indent: int | None = None
        self._value_next = False
        self._word_next = False
        self._literal = _NO_LITERAL
        self._counted = 0
        self._expanded = 0

    def line(self, line: bytes) -> bytes:
        """The next line, without its end, with what is secret struck out."""
        self._number += 1
        if not self.waits and self._clean(line):
            return line
        text = line.decode("latin-1")
        if self.settings and not self.counts and len(line) <= _SHORT and not self.waits and is_remark(line):
            self._lasting(text)
            return without_remark(line)
        spans = _settled(text, self._all(text))
        for span in spans:
            found = self.found.setdefault(span.form, Found(0, self._number))
            found.count += 1
        reported = _put(text, spans).encode("latin-1") if spans else line
        return without_remark(reported) if self.settings else reported

    def skip(self, lines: int) -> None:
        """Pass so many lines that need no look."""
        self._number += lines

    @property
    def waits(self) -> bool:
        """Whether the lines before say something of the next one."""
        return (
            self._in_key
            or self._answers > 0
            or self._indent is not None
            or self._value_next
            or self._word_next
            or self._literal.lines > 0
            or self._counted > 0
            or self._expanded > 0
        )

    def _clean(self, line: bytes) -> bool:
        if self.kind == "log":
            return not marked(line.lower())
        return not line or line.isspace()

    def _all(self, line: str) -> list[Span]:
        """What is secret in a line that must be looked at."""
        over = self._over(line)
        if over is not None:
            return over
        spans = list(kinds.entry(line, self.kind, self._number)) if self.kind not in ("log", "file", "names") else []
        kind = "log" if self.kind == "file" and _STAMP.match(line) else self.kind
        if kind not in ("log", "names") and len(line) <= _SHORT:
            spans += _of_a_short_line(line, kind)
        else:
            spans += _in_windows(line, kind)
        if self.kind != "names":
            spans += self._lasting(line)
        return spans

    def _over(self, line: str) -> list[Span] | None:
        """What lines before say of this one; None where they say nothing."""
        rest = len(line.rstrip())
        if self._in_key:
            self._in_key = "-----END" not in line and _PEM_BODY.fullmatch(line[:4096]) is not None
            return [Span(len(line) - len(line.lstrip()), rest, "private key")] if self._in_key and rest else []
        if self._indent is not None:
            indent = len(line) - len(line.lstrip(" \t"))
            inside = rest and (indent > self._indent or line[:1] in "\"'")
            other = line.lstrip().startswith(("</", "<", "{", "}", "#", "- ")) or _NAMED_VALUE.match(line)
            if inside and not other:
                return [Span(indent, rest, "name")]
            if rest:
                self._indent = None
        if self._word_next and rest:
            self._word_next = False
            start = len(line) - len(line.lstrip())
            word = line[start:].split(None, 1)[0]
            return [Span(start, start + len(word), "name")] if start or self.kind == "netrc" else None
        if self._value_next:
            value = _VALUE.match(line)
            if rest:
                self._value_next = False
            if value is not None:
                return [Span(value.end(), rest, "name")]
        return None

    def _lasting(self, line: str) -> list[Span]:
        """What this line says of those that follow, and what goes on from lines before."""
        spans = []
        if "-----BEGIN" in line:
            begin = line.find("-----BEGIN")
            if "PRIVATE KEY" in line[begin : begin + 60]:
                start = line.find("-----", begin + 10) + 5
                end = line.find("-----END", start)
                if line[start : end if end >= 0 else len(line)].strip() and start > 4:
                    spans.append(Span(start, end if end >= 0 else len(line.rstrip()), "private key"))
                self._in_key = end < 0
        if self._answers:
            self._answers -= 1
            spans += forms.continued(line)
        spans += self._announced(line)
        if _ASKED.search(line):
            self._answers = _ANSWERS
        if self.kind != "log" and len(line) < 400:
            opened = _OPENED.fullmatch(line)
            if opened is not None and opened[2].lower() not in _NOT_NAMES and secrecy(opened[2]):
                self._indent = len(opened[1])
            elif _GOES_ON.search(line):
                self._indent = -1
            if _ENDS_OPEN.fullmatch(line) or (self.kind == "netrc" and _NETRC_OPEN.fullmatch(line)):
                self._word_next = True
            named = _NAMED.fullmatch(line)
            if named is not None and secrecy(named[1]):
                self._value_next = True
        return spans

    def _announced(self, line: str) -> list[Span]:
        """The string of which the line before said how long it is, and what this line says so."""
        spans, rest = [], len(line.rstrip())
        literal = _LITERAL.search(line, max(rest - 9, 0)) if line[rest - 1 : rest] == "}" else None
        if literal is not None and (self._literal.lines or _LOGS_IN.search(line)):
            self._literal = _Literal(int(literal[1]), _LITERAL_LINES)
        elif self._literal.lines:
            length, lines = self._literal
            start = rest - length
            if start >= 0 and not _GO_ON.search(line) and (start == 0 or not line[start - 1].isalnum()):
                spans.append(Span(start, rest, "dialogue"))
                lines = 1
            self._literal = _Literal(length, lines - 1)
        if self._counted:
            self._counted -= 1
            if (
                (reported := _STRING.search(line)) is not None
                and not setting(reported[1])
                and reported[1] not in _SERVICES
            ):
                spans.append(Span(reported.start(1), reported.end(1), "dialogue"))
        if _LENGTH.search(line) is not None:
            self._counted = 1
        if self._expanded:
            self._expanded -= 1
            if (result := _RESULT.search(line)) is not None and not setting(result[1]):
                spans.append(Span(*result.span(1), "printed"))
        if _EXPANDING.search(line) is not None:
            self._expanded = _EXPANSION_LINES
        return spans


class _Literal(NamedTuple):
    """A string that was announced: its length in bytes, and in how many lines it must stand."""

    length: int
    lines: int


_NO_LITERAL = _Literal(0, 0)
_LITERAL_LINES = 4
"""Between an announcement and the string stands what the server says to it."""
_LITERAL = pattern(r"\{([0-9]{1,4})\+?\}\s*$")
_LOGS_IN = pattern(r"\b(?:LOGIN|AUTHENTICATE)\s", re.IGNORECASE)
_EXPANDING = pattern(r"(?:considering|expanding): .{0,400}\$\{?(?:auth[23]|pw)\b")
_RESULT = pattern(r"\bresult: (?:[^\s:]{1,200}:)?(\S.{0,999})")
_EXPANSION_LINES = 3
"""Of Exim, in which the result of an expansion stands."""
_GO_ON = pattern(r"(?:^|[\s:>])\+(?:\s|$)")
_LENGTH = pattern(r"\b(?:read|recv(?:from)?|write|send(?:to)?)\([0-9]{1,5}[^\"]{0,99}\"\\0\\?[^\"]{1,3}\", 2\b")
"""Of saslauthd, seen by strace: two bytes, the length of the string that follows."""
_STRING = pattern(r"\b(?:read|recv(?:from)?|write|send(?:to)?)\([0-9]{1,5}[^\"]{0,99}\"((?:[^\"\\]|\\.){3,400}+)\"")
_SERVICES = frozenset(("smtp", "imap", "pop", "pop3", "sieve", "lmtp", "http", "ldap", "submission", "smtps", "imaps"))
_NAMED_VALUE = pattern(r"\s*[\"']?[\w.-]{1,64}[\"']?\s*(?:[:=]\s|=)")

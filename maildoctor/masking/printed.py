"""How programs print what they were given: calls with their arguments, lists of words, dumps, words in another writing.

No name of a secret stands beside such a value: it tells by its place, or by its looks.
"""

import itertools
import re

from maildoctor.masking.blobs import is_prompt, is_spoken
from maildoctor.masking.forms import Span, Spans
from maildoctor.masking.values import odd, setting, template

# ---- arguments

_CALL = re.compile(
    r"\b\w{0,60}(?:passw|pwd|verif|authent|login|bind|connect|checkp|credential|construct)\w{0,60}\(", re.ASCII | re.I
)
_ARGUMENT = re.compile(
    r"\s{0,9}(?:b|u)?(?:(\"(?:[^\"\\]|\\.){0,400}+\"?|'(?:[^'\\]|\\.){0,400}+'?)|([^,()\"'\s]{1,400}))\s{0,9}(,|\)|$)"
)
_DSN_LIST = re.compile(
    r"['\"](?:dbi:\w{1,20}|mysql|pgsql|sqlsrv|odbc|oci):[^'\"]{0,300}['\"]\s{0,9},\s{0,9}['\"][^'\"]{0,100}['\"]\s{0,9},"
    r"\s{0,9}['\"]([^'\"]{1,300})",
    re.ASCII | re.I,
)
_EXECVE = re.compile(r"\ba[1-9][0-9]?=(?:\"([^\"]{0,400})\"|([0-9A-F]{12,})(?![^\s]))", re.ASCII)
_PROCTITLE = re.compile(r"\bproctitle=((?:[0-9A-F]{2}){6,})", re.ASCII)
_STRUCT = re.compile(r"&\{([^{}]{1,400})\}", re.ASCII)
_STRING = re.compile(r"\bstring\([0-9]{1,5}\) \"([^\"]{1,400})\"", re.ASCII)
_BY_COMMA = re.compile(
    r"[\"',]--?[\w-]{0,30}(?:key|pass|passw|password|pw|secret|token),([^,\"'\s]{1,300})", re.ASCII | re.I
)
_PARAMETER = re.compile(r"\$[0-9]{1,3} = '((?:[^']|''){1,400})'", re.ASCII)


def given(line: str, low: str) -> Spans:
    """Arguments of a call that logs in, words of a command, parameters of a statement."""
    if "(" in line:
        for call in _CALL.finditer(line):
            yield from _arguments(line, call.end())
        for match in _DSN_LIST.finditer(line):
            yield from _plain(match, "argument")
    if ' a1="' in low or "type=execve" in low:
        for match in _EXECVE.finditer(line):
            if match[2] or odd(match[1]):
                yield Span(match.start(match.lastindex or 0), match.end(match.lastindex or 0), "argument")
    for match in _PROCTITLE.finditer(line):
        words = bytes.fromhex(match[1]).decode("latin-1").split("\0")
        if any(odd(word) for word in words[1:]):
            yield Span(match.start(1), match.end(1), "argument")
    if "&{" in line and any(word in low for word in ("auth", "login", "smtp", "user")):
        for match in _STRUCT.finditer(line):
            for word in re.finditer(r"\S+", match[1]):
                if odd(word[0]):
                    yield Span(match.start(1) + word.start(), match.start(1) + word.end(), "argument")
    forms = [_STRING, _BY_COMMA] + ([_PARAMETER] if "parameters:" in low else [])
    for form in forms:
        for match in form.finditer(line):
            if form is _BY_COMMA or odd(match[1]):
                yield from _plain(match, "argument")


def _arguments(line: str, at: int) -> Spans:
    """The arguments behind the first that look like a secret, and the last of them if it is quoted."""
    found: list[tuple[int, int, bool]] = []
    for _ in range(12):
        match = _ARGUMENT.match(line, at)
        if match is None:
            break
        quoted = match[1] is not None
        start, end = (match.start(1) + 1, match.end(1) - 1) if quoted else match.span(2)
        found.append((start, end, quoted))
        at = match.end()
        if match[3] != ",":
            break
    for number, (start, end, quoted) in enumerate(found[1:], 2):
        text = line[start:end]
        if (
            text
            and not setting(text)
            and (odd(text) or (quoted and number == len(found) and number > 1 and "." not in text))
        ):
            yield Span(start, end, "argument")


# ---- what stands behind words that say what it is

_SAID = re.compile(
    r"(?:\bdecoded (?:initial )?response: |\binvalid environment assignment, ignoring: "
    r"|\bHISTORY: .{0,80}?UID=[0-9]{1,9} (?=\S+$))"
    r"(.{1,4000})",
    re.ASCII | re.I,
)
_NEAR = re.compile(r"\bnear [\"'](.{1,2000}?)[\"'](?: at line\b|$|\)| at character\b)", re.ASCII | re.I)
_IDENTIFIED = re.compile(
    r"\bidentified (?:with \S{1,60} )?(?:by|as) (?:password )?['\"]([^'\"]{1,300})", re.ASCII | re.I
)
_EXIM = re.compile(r"\$auth[23] = (.{1,400})|\$\{?auth[23]\}?\}\s?\{([^{}]{1,300})\}", re.ASCII)
_WORKER = re.compile(r"\bPASS[VW](?:(?:#011|\t|\\t)[0-9]{1,9}){2}(?:#011|\t|\\t)(.{1,300}?)(?:#011|\t|\\t|$)", re.ASCII)
_ANGLES = re.compile(r"\b(?:w|p|pw|pass|password)=<([^<>]{1,300})>", re.ASCII)
_ECHOED = re.compile(
    r"(?:eval|command|cmd)\s{0,9}[=:]?\s{0,9}['\"]?(?:/\S{0,40}/)?(?:echo|printf)\s{1,9}(?:-\w\s{1,9})?['\"]?([^\s'\"|;]{1,300})",
    re.ASCII | re.I,
)
_BRACKETED = re.compile(r"\[[^\s/\[\]]{1,120}/([^\[\]]{1,300})\](?=\s\(|\s*$|\s\S)", re.ASCII)
_TRIED = re.compile(
    r"\b(?:trying|tried|login|logged in|logging in|log in|as|with|user|account|auth|credentials)[ :=]{1,3}"
    r"[\w.@+-]{1,80}/([^\s/]{6,200})",
    re.ASCII | re.I,
)
_TURNED = re.compile(r"[\"']([^\"']{4,200})[\"']\s{1,3}(?:->|=>)\s|(?:->|=>)\s{1,3}[\"']([^\"']{4,200})[\"']", re.ASCII)
_ENTRY = re.compile(
    r"(?<=[\s=\"'{])\[[\w.-]{0,200}[A-Za-z][\w.-]{0,50}\](?::\w{1,20})?\s{1,9}(?:=\s)?[^\s:\"']{1,200}:([^\s\"']{1,300})",
    re.ASCII,
)
_ENVIRONMENT = re.compile(
    r"\b[\w-]{0,40}(?:AUTH|LOGIN|USERS?|CRED|CREDS|CREDENTIALS?|ACCOUNT|AuthInfo)=['\"]?(?:\w{1,12}:)?[\w.@+-]{1,80}[:,^!%]([^\s\"',;\]]{4,300})",
    re.ASCII,
)
_PROGRAM = re.compile(
    r"\b(?:smtpctl\s{1,9}encrypt|openssl\s{1,9}passwd(?:\s{1,9}-\S{1,20}){0,2}|mkpasswd(?:\s{1,9}-\S{1,20}){0,2}"
    r"|v(?:add|pass)(?:user|wd)\s{1,9}\S{1,200}"
    r"|htpasswd\s{1,9}-\w{0,5}b\w{0,5}\s{1,9}\S{1,300}\s{1,9}\S{1,200}"
    r"|lftp\s.{0,200}?-u\s{1,9}[^\s,]{1,80},)\s{0,9}(?!-)([^\s\"'|;)]{1,300})",
    re.ASCII,
)
_HEX_DUMP = re.compile(r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2} {1,2}){7,}+[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])", re.ASCII)
_LITERALLY = re.compile(r"\b(?:IMAP|POP3|SMTP)[0-9]?> (\S{6,300})\s*$", re.ASCII)


def told(line: str, low: str) -> Spans:
    """What stands in a place where a program prints a password."""
    for form in (_SAID, _IDENTIFIED, _WORKER, _ANGLES, _ECHOED, _PROGRAM):
        for match in form.finditer(line):
            yield from _plain(match, "printed")
    if "near " in low and ("sql" in low or "syntax" in low):
        for match in _NEAR.finditer(line):
            yield from _plain(match, "literal")
    if "$auth" in low or "{auth" in low:
        for match in _EXIM.finditer(line):
            yield from _plain(match, "printed")
    for form in (_BRACKETED, _TRIED, _TURNED, _ENTRY, _ENVIRONMENT, _LITERALLY):
        for match in form.finditer(line):
            number = match.lastindex or 0
            if odd(match[number]):
                yield from _plain(match, "pair")
    if "  " in line or "\t" in line:
        for match in _HEX_DUMP.finditer(line):
            yield Span(match.start(), match.end(), "dump")


def _plain(match: re.Match[str], form: str) -> Spans:
    number = match.lastindex or 0
    text = match[number].strip()
    if text and not setting(text) and not template(text) and not text.startswith("$"):
        yield Span(match.start(number), match.end(number), form)


# ---- words in another writing

_ESCAPED = re.compile(
    r"(?:%[0-9A-Fa-f]{2}){6,}+|(?:&#[0-9]{2,3};){6,}+|(?:&#x[0-9A-Fa-f]{2};){6,}+|(?:\\x[0-9A-Fa-f]{2}){6,}+"
    r"|(?:\\u00[0-9A-Fa-f]{2}){6,}+|(?:=[0-9A-F]{2}){6,}+",
    re.ASCII,
)
_BASE64 = re.compile(
    r"(?:(?<![A-Za-z0-9+/_-])|(?<=\\n)|(?<=\\r))[A-Za-z0-9+/]{8,}+={0,2}(?![A-Za-z0-9+/_=-])", re.ASCII
)
_LINES = re.compile(r"(?:(?<![A-Za-z0-9+/_\\-])|(?<=\\n))([A-Za-z0-9+/]{4,}+={0,2})(?=\\r|\\n|\\015|#015)", re.ASCII)
_LEAST_BARE = 16


def veiled(line: str) -> Spans:
    """Letters and digits that somebody took the pains to write as codes, and base64 of nothing but text."""
    if any(sign in line for sign in ("%", "&#", "\\x", "\\u00", "=")):
        for match in _ESCAPED.finditer(line):
            if _written(match[0]):
                yield Span(match.start(), match.end(), "coded")
    for match in _BASE64.finditer(line):
        word = match[0]
        if (word[-1] == "=" or len(word) >= _LEAST_BARE) and _mixed(word) and is_spoken(word) and not is_prompt(word):
            yield Span(match.start(), match.end(), "coded")
    for match in _LINES.finditer(line):
        if is_spoken(match[1]) and _mixed(match[1]) and not is_prompt(match[1]):
            yield Span(match.start(1), match.end(1), "coded")


def _written(text: str) -> bool:
    """Whether most of the characters need no code: letters and digits of ASCII."""
    if text.startswith("&#") and not text.startswith("&#x"):
        codes = [int(n) for n in re.findall(r"[0-9]+", text)]
    else:
        codes = [int(n[-2:], 16) for n in re.findall(r"(?:%|=|\\x|&#x|\\u00)([0-9A-Fa-f]{2})", text)]
    return sum(chr(code).isalnum() and code < 128 for code in codes) * 4 >= len(codes) * 3


def _mixed(text: str) -> bool:
    return any(c.isupper() for c in text) and any(c.islower() for c in text)


# ---- words that nobody would think of

_RUN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{10,40}+(?![A-Za-z0-9])", re.ASCII)
_TURNS = 4


def random_words(line: str) -> Spans:
    """In a file: words of letters in both cases and digits in no order. Settings are made of words that people read."""
    for match in _RUN.finditer(line):
        word = match[0]
        kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in word]
        if len(set(kinds)) == 3 and sum(a != b for a, b in itertools.pairwise(kinds)) > _TURNS:
            yield Span(match.start(), match.end(), "random")

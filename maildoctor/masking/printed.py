"""How programs print what they were given: calls and lists of words, dumps, words in another writing.

No name of a secret stands beside such a value: its place tells it. Each form has its marks, without which it is not
looked for.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from maildoctor.masking.blobs import is_prompt, is_spoken
from maildoctor.masking.commands import optioned
from maildoctor.masking.forms import Span, Spans
from maildoctor.masking.patterns import each, holds, pattern, union
from maildoctor.masking.values import odd, setting, spoken, template


def _given(text: str) -> bool:
    """Whether this is a value at all."""
    text = text.strip()
    return bool(text) and text[0] != "$" and not setting(text) and not template(text)


def _odd(text: str) -> bool:
    return _given(text) and odd(text)


def _odd_key(text: str) -> bool:
    return _odd(text.rstrip("="))


def _odd_pair(text: str) -> bool:
    return _odd(text) and _ENTRY.match(text) is None


_ENTRY = pattern(r"[\w.-]{1,64}(?::[0-9]{1,10}){2}:")
"""Of a user, as passwd has it: name, numbers, home."""


def _unspoken(text: str) -> bool:
    return _given(text) and not spoken(text)


def _blob(text: str) -> bool:
    return is_spoken(text) and not (text.islower() or text.isupper() or is_prompt(text))


class Place(NamedTuple):
    """A place in which a program prints a secret, the last group of `form`. `marks`: a line that has it has one of
    them, in lower case. `tells`: what is secret of all that can stand there."""

    marks: tuple[str, ...]
    form: re.Pattern[str]
    tells: Callable[[str], bool] = _given


_TAB = r"(?:#011|\t|\\t)"
_COUNT = r"(?:\\(?:[0-7]{1,3}|[abtnvfr]))?"
"""The length of a string, before it."""
_PLACES = (
    # words that say what follows
    Place(("decoded ",), pattern(r"\bdecoded (?:initial )?response:? (.+)", re.I)),
    Place(("uncoded ",), pattern(r"\buncoded (?:client |initial ){1,2}(?:response|reply):? (.+)", re.I)),
    Place(("init_response",), pattern(r"\binit_response:? ([^\s,]+)")),
    Place(("auth_httpform: sending",), pattern(r"\bauth_httpform: sending \S{1,300} \S{1,300} (.+)")),
    Place(
        ("client response", "initial response"),
        pattern(r"\b(?:client|initial) response:? ((?:[0-9a-f]{2}){6,}|[A-Za-z0-9+/]{8,}={0,2})(?:\s|$)", re.I),
    ),
    Place(("environment assignment",), pattern(r"\binvalid environment assignment, ignoring: (.+)", re.I)),
    Place(("history: ",), pattern(r"\bHISTORY: (?:\w{1,9}=[0-9]{1,9} ){1,4}(\S+)$")),
    Place(
        ("identified ",), pattern(r"\bidentified (?:with \S{1,60} )?(?:by|as) (?:password )?['\"]([^'\"]{1,300})", re.I)
    ),
    Place(("syntax", "sqlstate"), pattern(r"\bnear [\"'](.{1,999}?)[\"'](?: at line\b|$|\)| at character\b)", re.I)),
    Place(("$auth",), pattern(r"\$auth[23] = (.{1,400})")),
    Place(
        ("{prvs", "{hmac"),
        pattern(r"\{(?:prvs(?:check)?\s?|hmac\s?\{\w{1,9}\}\s?|prvscheck\s?)\{([^{}$]{4,200})\}"),
        _odd,
    ),
    Place(
        ("{prvs",),
        pattern(r"\{prvs(?:check)?\s?\{[^{}]{1,200}(?:\{[^{}]{0,80}\}[^{}]{0,80}){0,3}\}\s?\{([^{}$]{1,200})\}"),
    ),
    Place(("$auth", "{auth"), pattern(r"\$\{?auth[23]\}?\}\s?\{([^{}]{1,300})\}")),
    Place(
        ("passv#011", "passv\t", "passv\\t", "passw#011", "passw\t", "passw\\t"),
        pattern(rf"\bPASS[VW](?:{_TAB}[0-9]{{1,9}}){{2}}{_TAB}(.{{1,300}}?)(?:{_TAB}|$)"),
    ),
    Place(("w=<", "p=<", "pass=<"), pattern(r"\b(?:w|p|pw|pass|password)=<([^<>]{1,300})>")),
    Place(("imap> ", "pop3> ", "smtp> "), pattern(r"\b(?:IMAP|POP3|SMTP)[0-9]?> (\S{6,300})\s*$"), _odd),
    Place(("apop ",), pattern(r"\bAPOP \S{1,200} ([0-9a-f]{32})\b", re.I)),
    Place(("smtp command from",), pattern(r"\bnon-SMTP command from \S{1,300}: ([A-Za-z0-9+/]{8,}={0,2})$"), _blob),
    Place(("response=",), pattern(r"\bresponse=\"?([0-9a-f]{32,128})\b", re.I)),
    Place(
        ("pin=", "pin:", "pin is ", "otp=", "otp:", "otp is ", "time code"),
        pattern(r"\b(?:pin|t?otp|one-time code)(?: is |\s?[:=]\s?)([0-9]{4,10}\b|[^\s\"',;]{6,60})", re.I),
        lambda text: text.isdigit() or _odd(text),
    ),
    # what a terminal or a socket was given
    Place(
        ("tty pid=", "type=tty", "type=user_tty"),
        pattern(r"\sdata=\"?([^\s\"]+)"),
    ),
    Place(
        ("read(", "recv(", "recvfrom(", "send(", "sendto(", "write("),
        pattern(
            r"\b(?:read|write|recv(?:from)?|send(?:to)?)\([0-9]{1,5}(?:<[^>]{0,200}>)?, \"([^\s\"\\]{6,200})\"",
        ),
        _odd,
    ),
    # parameters without a name, or with a short one
    Place(
        ("<string>",),
        pattern(r"<key>[^<]{0,40}(?:pass|secret|token)[^<]{0,40}</key>\s{0,9}<string>([^<]{1,300})", re.I),
    ),
    Place(("string(",), pattern(r"\bstring\([0-9]{1,5}\) \"([^\"]{1,400})\""), _odd),
    Place(("parameters:",), pattern(r"\$[0-9]{1,3} = '((?:[^']|''){1,400})'"), _odd),
    Place(("bind param", "params"), pattern(r"[\[(,]\s?'([^']{6,200})'(?=[,\])])"), _odd),
    Place(
        ("?p=", "&p=", "&pw=", "?code=", "&code=", "&k=", "&w=", "&sig=", "&key=", "&ticket=", "&sid="),
        pattern(r"[?&](?:p|pw|k|w|code|sig|key|ticket|sid)=([^\s&\"'<>]{5,400})", re.I),
        lambda text: _odd(text) and any(map(str.isdigit, text)),
    ),
    Place(('"p"', '"w"', '"pw"', '"k"'), pattern(r"\"(?:p|w|pw|k)\"\s?:\s?\"([^\"]{1,300})\"", re.I), _odd),
    Place((' a1="', ' a2="', ' a3="'), pattern(r"\ba[1-9][0-9]?=\"([^\"]{1,400})\""), _odd),
    Place((" a1=", " a2=", " a3="), pattern(r"\ba[1-9][0-9]?=([0-9A-F]{12,})(?!\S)")),
    Place(("&{",), pattern(r"&\{\s?[^{}\s]{1,80} ([^{}\s]{4,200})"), _odd),
    Place(("from-literal",), pattern(r"--from-literal[= ][\"']?[\w.-]{1,99}=([^\s\"']{1,300})")),
    Place((" key=",), pattern(r"\bpam_[a-z0-9_]{1,30}\.so\b.{0,300}?\skey=(\S{6,200})"), _odd_key),
    Place(
        ("client_random", "_secret"),
        pattern(r"\b[A-Z_]{3,40}_(?:RANDOM|SECRET)(?:_[0-9])? [0-9a-f]{32,64} ([0-9a-f]{48,})"),
    ),
    Place(("$user",), pattern(r"^\$USER[0-9]{1,3}\$\s{0,9}=\s{0,9}([^\s/].*)")),
    # a user and a word
    Place(("allow ",), pattern(r"^\s{0,20}allow\s{1,9}\"?[A-Za-z][\w.@-]{0,60}\"?:\"?([^\s:/\"]{1,200})\"?(?:\s|$)")),
    Place(
        ("auth plain ", "client plain ", "server plain "),
        pattern(r"^\s{0,20}(?:auth|client|server) plain \S{1,200} (\S{1,200})\s*$"),
        _unspoken,
    ),
    Place(
        ("login ", "account ", "user "),
        pattern(r"\b(?:login|account|user)[ :]{1,3}[\w.@+-]{1,80} / ([^\s\"']{6,200})", re.I),
        _odd,
    ),
    Place(("login incorrect", "login ok"), pattern(r"\[[^\s/\[\]]{1,120}/([^\[\]/]{1,300})\](?=\s|$)"), _odd),
    Place(
        ("trying ", "tried ", "login ", "login: ", "logged in ", "logging in ", "log in ", "credentials "),
        pattern(
            r"\b(?:trying|tried|login|logged in|logging in|log in|as|with|user|account|auth|credentials)[ :=]{1,3}"
            r"[\w.@+-]{1,80}/([^\s/]{6,200})",
            re.I,
        ),
        _odd,
    ),
    Place(('" -> ', "' -> ", '" => ', "' => "), pattern(r"[\"']([^\"']{4,200})[\"'] (?:->|=>)\s"), _odd),
    Place((' -> "', " -> '", ' => "', " => '"), pattern(r" (?:->|=>) [\"']([^\"']{4,200})[\"']"), _odd_pair),
    Place(
        ("]:587 ", "]:465 ", "]:25 ", "]:587:", "]:465:", "]:25:", "]:587\t", "]:submission"),
        pattern(
            r"\[[\w.-]{0,200}[A-Za-z][\w.-]{0,50}\]:\w{1,20}(?:\s{1,9}(?:=\s)?|:)[^\s:\"']{1,200}:([^\s\"']{1,300})"
        ),
        _unspoken,
    ),
    Place(
        (" line=",),
        pattern(
            r" line=\[?[\w.-]{1,255}\]?(?::\w{1,20})?\s{1,9}[^\s:=]{1,200}:(\S.{0,300}?)(?=\s[\w-]{1,30}=|$)",
        ),
    ),
    Place(("{",), pattern(r"\{[^{}]{0,200}?=\s?\"?[\w.@+-]{1,80}:([^\s:\"'@/{}]{6,200})"), _odd),
    Place(
        ("dbi:", "mysql:", "pgsql:", "sqlsrv:", "odbc:", "oci:"),
        pattern(
            r"['\"](?:dbi:\w{1,20}|mysql|pgsql|sqlsrv|odbc|oci):[^'\"]{0,300}['\"],\s{0,9}['\"][^'\"]{0,100}['\"],"
            r"\s{0,9}['\"]([^'\"]{1,300})",
            re.I,
        ),
    ),
    Place(
        (
            "auth=",
            "login=",
            "users=",
            "cred=",
            "creds=",
            "credentials=",
            "account=",
            "authinfo=",
            "auth'",
            "auth}",
            "login'",
            "login}",
        ),
        pattern(
            r"\b[\w-]{0,40}?(?:auth|login|users?|creds?|credentials?|account|authinfo)(?:=|'\s?,\s?`|\})['\"]?"
            r"(?:\w{1,12}:)?[\w.@+-]{1,80}[:,^!%]([^\s\"',;\]]{4,300})",
            re.I,
        ),
        _odd,
    ),
    Place(
        ("auth=", "login=", "creds=", "credentials="),
        pattern(r"(?:auth|login|creds|credentials)=([\"'])[\w.@+-]{1,80} ([^\s\"']{6,200})\1", re.I),
        _odd,
    ),
    Place(('"auth"',), pattern(r"\"AUTH\"(?: \"[^\"]{1,80}\")? \"([^\"]{1,300})\"", re.I)),
    Place(
        ('login "', 'login \\"'),
        pattern(r"\bLOGIN\s{1,3}\\?\"[^\"\\]{0,200}\\?\"\s{1,3}\\?\"((?:[^\"\\]|\\[^\"]|\\\"(?=\S)){1,300}+)"),
    ),
    Place(
        ("login ",),
        pattern(r"\bLOGIN\s{1,3}(?:\\?\"[^\"\\]{1,200}\\?\"|[^\s\"]{1,200})\s{1,3}\\?\"?([^\s\"\\]{4,200})"),
        _odd,
    ),
    Place(
        ("\\0", "\\x00"),
        pattern(
            rf"(?:\\0{{1,3}}|\\x00){_COUNT}(?:[^\s\"'\\]|\\(?!0|x00)){{1,80}}+(?:\\0{{1,3}}|\\x00){_COUNT}([^\s\"'\\]{{4,200}})",
        ),
        _odd,
    ),
    Place(("send ",), pattern(r"\bsend (?:-\w{1,9} ){0,2}(?:-- )?\"([^\"\\]{4,200})\\[rn]")),
    Place(("credentials: ",), pattern(r"\bcredentials: ([0-9a-f]{8,400})\b", re.I)),
    Place(
        ("echo ", "printf "),
        pattern(
            r"(?:eval|command|cmd)\s{0,9}[=:]?\s{0,9}['\"]?(?:/\S{0,40}/)?(?:echo|printf)\s{1,9}(?:-\w\s{1,9})?"
            r"['\"]?([^\s'\"|;]{1,300})",
            re.I,
        ),
    ),
    Place(
        (",-",),
        pattern(r"[\"',]--?[\w-]{0,30}(?:key|passw?|passwd|password|pw|secret|token),([^,\"'\s]{1,300})", re.I),
    ),
    # hashes that have no sign before them
    Place((":mii",), pattern(r"\b[\w.-]{1,200}:[\w.-]{1,63}:(MII[A-Za-z0-9+/=]{40,})")),
    Place(("scram-sha",), pattern(r"\bSCRAM-SHA-[0-9]{1,3}\$[0-9]{1,9}:(\S{8,})")),
    Place(("aad3b435b51404ee", ":[u"), pattern(r":([0-9A-F]{32}:[0-9A-F]{32}):", re.I)),
    # bytes: of a dump with the letters behind them, and words of base64 between written ends of lines
    Place(
        ("0:  ", "0 - ", "00  ", "0: 2", "0: 3", "0: 4", "0: 5", "0: 6", "0: 7"),
        pattern(r"(?<![\w:])((?:[0-9A-Fa-f]{2}){1,2}(?:[ -]{1,2}(?:[0-9A-Fa-f]{2}){1,2}){6,}+(?![\w:]).*)"),
    ),
    Place(
        ("\\r", "\\n", "\\015", "#015"),
        pattern(r"(?:(?<![A-Za-z0-9+/_\\-])|(?<=\\n))([A-Za-z0-9+/]{4,}+={0,2})(?=\\r|\\n|\\015|#015)"),
        _blob,
    ),
)
_BY_MARK = tuple((mark, place) for place in _PLACES for mark in place.marks)
_MARKED = pattern(union(mark for mark, _ in _BY_MARK))
_CALLS, _ESCAPES = (
    ('("', "('", "verify(", "login(", "connect(", "bind(", "auth(", "mysqli("),
    ("%6", "%7", "&#", "\\x", "\\u00"),
)
_COMMANDS = ("proctitle=", "cmd=")
_QUOTED_PRINTABLE = ("=6", "=7")
"""Too common to be marks, but looked for in a line that has one."""
MARKS = frozenset(mark for mark, _ in _BY_MARK).union(_CALLS, _ESCAPES, _COMMANDS, ("execve(",))


def placed(line: str, low: str) -> Spans:
    """What stands in a place where a program prints a secret."""
    places = dict.fromkeys(place for mark, place in _BY_MARK if mark in low) if _MARKED.search(low) else ()
    for place in places:
        for match in each(place.form, line):
            last = len(match.groups())
            if place.tells(match[last]):
                yield Span(match.start(last), match.end(last), "printed")
    if holds(low, _CALLS):
        yield from _called(line)
    if holds(low, _COMMANDS):
        yield from _titled(line)
    if holds(low, _ESCAPES) or holds(low, _QUOTED_PRINTABLE):
        for match in each(_ESCAPED, line):
            if _written(match[0]):
                yield Span(match.start(), match.end(), "coded")


# ---- arguments

_CALL = pattern(
    r"((?:passw|pwd|verif|authent|log_?[io]n|bind|connect|credential|construct|auth_)[a-z_]{0,40}|\bauth|imap_open|mysqli)\(",
    re.I,
)
_TO_A_SERVER = pattern(r"construct|connect|open|mysqli", re.I)
"""Functions that are given a server, a user and a password; the others are not given the server."""
_NO_PASSWORD = pattern(
    r"[^\s@]{1,200}@.{0,200}|\w{1,40}=.*|/.*|\w+(?:\.\w+)+|[a-z]{0,9}://.*|localhost|Array|true|false"
)
_ARGUMENT = pattern(
    r"\s{0,9}[bu]?(?:(\"(?:[^\"\\]|\\.){0,400}+\"?|'(?:[^'\\]|\\.){0,400}+'?)|([^,()\"'\s]{1,400}+(?:\([^()]{0,99}\)|\s[^,()\"']{1,40}+)?))"
    r"\s{0,9}(,|\)|$)"
)
_MOST_ARGUMENTS = 12
_PROCTITLE = pattern(r"\b(?:proctitle|cmd)=((?:[0-9A-F]{2}){6,})")


def _called(line: str) -> Spans:
    """Of the arguments of a call that logs in, those behind the first that look like a secret; the last of them, if it
    is quoted."""
    for call in each(_CALL, line):
        at, last, place = call.end(), False, 1
        for number in range(_MOST_ARGUMENTS):
            match = _ARGUMENT.match(line, at)
            if match is None:
                break
            start, end = (match.start(1) + 1, match.end(1) - 1) if match[1] else match.span(2)
            at, last = match.end(), match[3] != ","
            text = line[start:end]
            if not number:
                place = 2 if not match[1] or _TO_A_SERVER.search(call[1]) is not None else 1
            if number and _given(text) and (odd(text) or (match[1] and _by_place(text, number == place, last))):
                yield Span(start, end, "argument")
            if last:
                break


def _by_place(text: str, expected: bool, last: bool) -> bool:
    """Whether a quoted argument is a password although it is a word: the last one, or one that is `expected`, where the
    function takes it."""
    return (last and "." not in text) or (expected and not spoken(text) and _NO_PASSWORD.fullmatch(text) is None)


def _titled(line: str) -> Spans:
    for match in each(_PROCTITLE, line):
        words = bytes.fromhex(match[1][: len(match[1]) & ~1]).decode("latin-1").replace("\0", " ")
        if any(map(odd, words.split()[1:])) or next(optioned(words, words.lower()), None) is not None:
            yield Span(match.start(1), match.end(1), "argument")


# ---- letters and digits that somebody took the pains to write as codes

_ESCAPED = pattern(
    r"(?:%[0-9A-Fa-f]{2}){6,}+|(?:&#[0-9]{2,3};){6,}+|(?:&#x[0-9A-Fa-f]{2};){6,}+|(?:\\x[0-9A-Fa-f]{2}){6,}+"
    r"|(?:\\u00[0-9A-Fa-f]{2}){6,}+|(?:=[0-9A-F]{2}){6,}+"
)
_CODE = pattern(r"&#([0-9]{2,3});|(?:%|=|\\x|&#x|\\u00)([0-9A-Fa-f]{2})")


def _written(text: str) -> bool:
    """Whether most of the characters need no code: letters and digits of ASCII."""
    codes = [int(m[1]) if m[1] else int(m[2], 16) for m in _CODE.finditer(text[:600])]
    return sum(chr(code).isalnum() and code < 128 for code in codes) * 4 >= len(codes) * 3

"""The forms in which credentials stand in a line. Each function finds the spans of one form.

No pattern here can backtrack further than a bound that stands in it, and each function walks over the line once, so
all is linear in its length.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from maildoctor.masking.blobs import is_answer, is_blob, is_prompt, is_spoken, veils
from maildoctor.masking.functions import is_reported
from maildoctor.masking.patterns import MOST, Crowded, each, holds, pattern
from maildoctor.masking.values import odd, placeholder, setting, spoken, struck, template, value
from maildoctor.masking.words import CORE, CORE_OR_NATIVE, HARMLESS_COLUMNS, VERBS, secrecy


class Span(NamedTuple):
    """A stretch of a line that is struck out, and the form in which it stands."""

    start: int
    end: int
    form: str


Spans = Iterator[Span]

# ---- a name and its value

_NAME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") | frozenset(
    map(chr, range(0x80, 0x100))
)
_REST_OF_NAME = pattern(r"(?:[\w.-]|(?!\xef\xbc\x9a)[\x80-\xff])*+(?:\[[\w-]{0,40}\])?+")
_CLOSED = (
    r"(?:\\{0,3}[\"'`]|[)\]}](?=\s*[=!<>:])|"
    r"(?:'|\")\]|&quot;|&\#0?3[49];|&apos;|&\#x2[27];|%2[27]|\\u002[27]|\\x2[27]){0,3}+"
)
_STRONG = pattern(
    _CLOSED + r"(?:[ \t]|#011|\\t){0,99}+(?:::=|:=|=>|->(?=\s)|===?|!==?|<>|<=>|!~|=~|=3[Dd]|::?(?!//)|=|%3[DdAa]"
    r"|\xef\xbc\x9a|&\#6[01];|&\#x3[dDaA];|&equals;"
    r"|\\u003[da]|\\x3[dDaA]|&gt;|\+=|\?=|\|=)(?:[ \t]|#011|\\t|%20|\+(?=[\"'])){0,99}+",
)
_CALLED = pattern(r"[\"'`],[ \t]{0,20}+(?=[\"'`])|[\"'`]?\([ \t]{0,9}+(?=[\"'`])|[\"'`]\][ \t]{0,9}=[ \t]{0,9}")
_PAIR = pattern(r",\s{0,9}(?:<<)?(?=\")")
"""Of Erlang: {password,<<"x">>}."""
_ANSWER = pattern(r"[ \t]{1,9}(?=[\"'])")
_POINTER = pattern(r"0x[0-9a-f]{1,16} (?=\")")
"""Of a debugger: pass=0x5581c0 "x"."""
_LIKE = pattern(
    _CLOSED + r"[)]?\s{1,9}(?:not\s{1,9})?(?:like|in|rlike|similar to|regexp)\s{1,9}\(?\s{0,9}(?=['\"])",
    re.IGNORECASE,
)
_IS = pattern(
    r"[\"'`]?\s{1,9}(?:(?:has been |was |is |been |be )?(?:set|changed|reset"
    r"|updated) to|(?:is|was) now|is|was|are|ist|lautet|being|equals|now|to be|has value|value)"
    r"(?:\s{0,9}:)?\s{1,9}",
    re.IGNORECASE,
)
_FOR = pattern(
    r"\s{1,9}(?:for|of|from|by)\s{1,9}(?:(?:the|user|account|login|uid|mailbox|client|db|database)\s{1,9}){0,3}+"
    r"[\"'`<\[(]?[\w.+@-]{1,120}[\"'`>\])]?(?:@[\"'`]?[\w.%-]{1,120}[\"'`]?)?"
    r"\s{0,9}(?:[:=]|(?:is|was) now|is|was|->|set to)\s{1,9}",
    re.IGNORECASE,
)
_LABELLED = pattern(r"[^:=;,{}\[\]<>\"'()\n]{0,80}[:=]\s{1,9}[\"']?")
_WEAK = pattern(r"(?:[\"'`]|&quot;)?(?:[ \t]|#011|\\t){1,99}+")
_WORD = pattern(r"\S+")
_ELEMENT = pattern(r"(?:\s[^<>]{0,400})?>")
_ATTRIBUTE = pattern(r"[\"'](?:\s{1,9}[\w-]{1,20}=[\"'][^\"'<>]{0,99}[\"']){0,4}?\s{1,9}(?:value|content)=(?=[\"'])")
_PIPE_SCALAR = pattern(r"[|>][+-]?[0-9]?\s*")
_PATH = pattern(r"<?\s{0,9}(?:[\w.-]{1,64}:)?(?:/|file:|env:|vault:|[A-Za-z]:\\)[\w./:-]+")
_FILE = pattern(
    r"(?:file:)?/(?:etc|var|run|usr|home|root|opt|srv|tmp|dev|proc|lib|mnt|boot|path)(?:/[\w.@-]{1,99}){1,20}"
)
_LIST = pattern(r"[A-Za-z][\w.@-]{0,99}(?:,\s{1,9}[A-Za-z][\w.@-]{0,99}){1,30}\s*")
"""Of names, as in aliases; a secret is no list."""
_NEXT_PAIR = pattern(r"[\s,;]{1,3}[A-Za-z][\w.-]{0,40}=")
_FLAG = pattern(r"(?:use|try|no|not|has|is|need|require|allow)_")
"""How the name of a switch begins, which has no value: use_authtok."""
_ELSEWHERE = pattern(r"env:[A-Z_][A-Z0-9_]*|file:\S*/\S*|fd:[0-9]+")
"""To openssl: where the password is."""
_M4 = pattern(r"'\)\s*(?:dnl.*)?$")
_COMMENT = pattern(r"[^\w\n]{0,80}")
_COMMA = pattern(r", [\w.-]{1,40}=|, (?:relay|session|method)\b")
_MARGIN = 100
"""What stands further in does not begin its line."""
_SHORT, _LONG = 512, 4096
"""How far the end of a value in brackets is looked for."""

_SPOKEN_NAMES = frozenset(
    [
        "password",
        "passwd",
        "pass",
        "passphrase",
        "passcode",
        "passwort",
        "kennwort",
        "pwd",
        "pw",
        "bindpw",
        "rootbindpw",
        "psk",
        "passe",
        "mdp",
        "pswd",
        "senha",
        "wachtwoord",
        "contrasena",
    ]
)


_ATTRIBUTE_NAME = pattern(r"[a-z]+[A-Z]\w+")
_MOST_NAMES = 72
"""What could be names in one stretch of a line, names of secrets counted threefold."""
_PROCESS = pattern(r"\[[0-9]{1,10}\]$")


def named(line: str, low: str, whole: bool) -> Spans:
    """`password = x` in all spellings, `password is x`, `password x`. `whole`: the line is one of a file, in which a
    value reaches to its end."""
    at, effort = 0, 0
    search = (CORE if line.isascii() else CORE_OR_NATIVE).search
    while (core := search(low, at)) is not None:
        effort += 1
        if effort > _MOST_NAMES:
            raise Crowded
        start = core.start()
        while start > at and line[start - 1] in _NAME_CHARS:
            start -= 1
        rest = _REST_OF_NAME.match(line, core.end())
        end = rest.end() if rest else core.end()
        at = max(end, core.end())
        name = line[max(start, end - 96) : end]
        start = end - len(name)
        if _PROCESS.search(name) and line[end : end + 1] == ":":
            continue  # passwd[56600]: it is who speaks
        trimmed = name.rstrip(".-")
        if trimmed.lower() == "pass" and line[start - 1 : start] == "=":
            continue  # dkim=pass
        if is_reported(line, start, end):
            continue  # krb5_get_init_creds_password: Clock skew too great
        if kind := secrecy(trimmed.lstrip("-.")):
            effort += 2
            span = _value_of(line, start, start + len(trimmed), kind, whole)
            if span is not None and span.end > span.start:
                yield span
                at = max(at, span.end)


def _value_of(line: str, start: int, end: int, kind: str, whole: bool) -> Span | None:
    if (strong := _strong(line, start, end)) is not None:
        return _assigned(line, start, end, strong, kind, whole)
    return _said(line, start, end, kind)


def _strong(line: str, start: int, end: int) -> int | None:
    """Where the value begins that an equals sign or something as clear gives to a name."""
    before = line[max(start - 4, 0) : start]
    if before[-1:] == "<" and line[:1] == "R" and "\t" in line and "$" in line:
        return None  # a rule of sendmail: R<PASS> $*
    if before.endswith(("<", "&lt;")) or (before.endswith(":") and "<" in line[max(start - 40, 0) : start]):
        element = _ELEMENT.match(line, end)
        if element is not None:
            return element.end()
    if before[-1:] in ("'", '"') and (attribute := _ATTRIBUTE.match(line, end)) is not None:
        return attribute.end()
    if before.endswith("{") and line[end : end + 1] == "}" and line[: start - 1].lstrip()[:1] in ("C", "D", "R", ""):
        return end + 1  # sendmail: D{NAME}value
    if before[-1:] in ("{", "(") and (pair := _PAIR.match(line, end)) is not None:
        return pair.end()
    for form in (_CALLED, _STRONG, _LIKE):
        if (match := form.match(line, end)) is not None:
            if match[0] == ":" and before[-1:] in ("'", '"') and line.startswith(before[-1], match.end()):
                prompt = _ANSWER.match(line, match.end() + 1)  # "Password:" "x"
                return prompt.end() if prompt is not None else None
            return match.end()
    return None


def _assigned(line: str, start: int, end: int, at: int, kind: str, whole: bool) -> Span | None:
    if at >= len(line):
        return None
    if line.startswith("{", at) and not line.startswith(("{{", "${"), at) and _scheme.match(line, at) is None:
        return None  # an object: its members are looked at by their own names
    if line[start - 1 : start] == "<" and line[end : end + 1] in (">", " "):
        first, last, quoted = at, line.find("<", at), False
        last = len(line) if last < 0 else last
    else:
        first, last, quoted = value(line, at)
    text = line[first:last]
    if (
        not text
        or setting(text)
        or (text[0] in "|>" and _PIPE_SCALAR.fullmatch(text))
        or (line[start:end] == "PWD" and text[0] == "/")
    ):
        return None
    if not quoted and (pointed := _POINTER.match(line, first)) is not None:
        return Span(*value(line, pointed.end())[:2], "name")
    if placeholder(line, first) or (("/" in text or ":" in text) and _elsewhere(text, kind)):
        return None
    if kind == "token" and _LIST.fullmatch(line, first):
        return None
    if not quoted and (enclosed := _enclosed(line, start, end, first, last)) > last:
        return Span(first, enclosed, "name")
    if not quoted and text[0] == "[" and line[:start].strip() in ("", "-"):
        return None  # PAM: password [success=1 default=ignore] pam_unix.so
    own_line = start < _MARGIN and (
        not _COMMENT.sub("", line[:start], count=1)
        or line[:start].strip() in ("export", "set", "setenv", "hide", "dnl", "#define")
    )
    between = line[end:at]
    if own_line and whole and not quoted and not (kind == "token" and " " in between.strip(":= ")):
        return Span(first, len(line.rstrip()), "name")
    if not quoted and ":" in between and " " in between and _prose_behind(line, first, kind):
        return None
    if not quoted and text.isdigit() and " " in between and (word := _WORD.match(line, last + 1)) and spoken(word[0]):
        return None  # table-passwd: 61 entries
    if not quoted and _given(line, start):
        close = line.rfind(")", first, first + _LONG)
        return Span(first, close if close > first else _sentence(line, first), "spoken")
    if kind == "token" and not quoted and line[start:end].lower().endswith(("authorization", "bearer")):
        return Span(first, len(line.rstrip(" \"'")), "token")
    if kind == "token" and line[start:end].lower().endswith("cookie"):
        return Span(first, len(line.rstrip()), "token")
    if not quoted and kind == "token" and ":" in between and not odd(text) and not own_line:
        return None  # unexpected token: word
    return Span(first, last, "name")


def _elsewhere(text: str, kind: str) -> bool:
    """Whether this says where the secret is."""
    forms = (_ELSEWHERE, _FILE, _PATH) if kind == "token" else (_ELSEWHERE, _FILE)
    return any(form.fullmatch(text) is not None for form in forms)


def _enclosed(line: str, start: int, end: int, first: int, last: int) -> int:
    """Where a value with blanks in it ends, if a quote or a bracket was opened before its name: `"A_PASS=two words"`.
    `last`, if there is none."""
    opening = line[start - 1 : start]
    if opening not in _ENCLOSING or line[end : end + 1] != "=" or line[last : last + 1] not in " \t,;":
        return last
    close = line.find(_ENCLOSING[opening], last, last + _SHORT)
    if close < 0:
        return last
    pair = _NEXT_PAIR.search(line, last, close)
    return pair.start() if pair is not None else close


_ENCLOSING = {'"': '"', "'": "'", "[": "]"}


def _given(line: str, start: int) -> bool:
    return line[max(start - 6, 0) : start].lower() == "given "


def _sentence(line: str, at: int) -> int:
    comma = _COMMA.search(line, at)
    return len(line.rstrip()) if comma is None else comma.start()


def _prose_behind(line: str, at: int, kind: str) -> bool:
    """Whether a sentence follows the colon: `Password: user unknown`."""
    words = [m[0] for m in _first_words(line, at, 3)]
    return bool(words) and spoken(words[0]) and (len(words) == 1 or not odd(words[1]))


def _first_words(line: str, at: int, most: int) -> Iterator[re.Match[str]]:
    for number, word in enumerate(_WORD.finditer(line, at)):
        if number == most:
            return
        yield word


def _said(line: str, start: int, end: int, kind: str) -> Span | None:
    """A value that words lead to, or nothing but a blank."""
    name = line[start:end].lstrip("-.").lower()
    option = line[start : start + 1] == "-" and line[start - 1 : start] in ("", " ", "\t", '"', "'", "[", ",")
    if not option:
        for form in (_IS, _FOR):
            if (match := form.match(line, end)) is not None and kind == "password":
                return _word(line, match.end(), strict=False)
    match = _WEAK.match(line, end)
    if match is None or match.end() >= len(line) or _FLAG.match(name) is not None:
        return None
    if option:
        first, last, quoted = value(line, match.end())
        text = line[first:last]
        return (
            None if not quoted and (text[:1] in ("-", "|", ">", "&") or setting(text)) else Span(first, last, "option")
        )
    compound = any(c in name for c in "_-") or line[start:end].isupper()
    if kind != "password" and not compound:
        return (
            _word(line, match.end(), strict=True)
            if name in ("token", "secret", "bearer", "credential", "credentials", "authtok")
            else None
        )
    if name not in _SPOKEN_NAMES and not compound and secrecy(name) != "password":
        return None
    attribute = _ATTRIBUTE_NAME.fullmatch(line, start, end) is not None  # a list of names: userPassword mailHost
    span = _word(line, match.end(), strict=attribute)
    if span is None or not odd(line[span.start : span.end]):
        reported = _LABELLED.match(line, match.end())  # Passwort falsch: x
        word = _WORD.match(line, reported.end()) if reported is not None else None
        if reported is not None and word is not None and odd(word[0]):
            return _word(line, reported.end(), strict=True)
    return span


def _word(line: str, at: int, strict: bool) -> Span | None:
    """The word that begins here, if it is no word of a sentence; `strict`: only if it looks like a secret."""
    if at >= len(line):
        return None
    first, last, quoted = value(line, at)
    text = line[first:last]
    if not quoted and text[:1] in ("(", "[", "<", "{") and len(text) > 1:
        first, last, quoted = value(line, first + 1)
        text, strict = line[first:last], True
    if quoted:
        words = text.split(" ", 3)
        if not text or all(spoken(word) for word in words) or setting(text):
            return None
        return Span(first, last, "spoken")
    if not text or len(text) < 2 or setting(text) or not any(c.isalnum() for c in text):
        return None
    if strict:
        return Span(first, last, "spoken") if odd(text) else None
    if (
        spoken(text)
        or spoken(line[first : first + 40].split(" ", 1)[0])
        or text[:1] in ("/", "<", "|", ">", "[", "-")
        or _ADDRESS.fullmatch(text)
        or ("=" in text[1:-1].rstrip("=") and _KEYED.match(text))
    ):
        return None
    return Span(first, last, "spoken")


_ADDRESS = pattern(r"[\w.+-]+@[\w-]+\.[\w.-]+|\[?[0-9]{1,3}(?:\.[0-9]{1,3}){3}\]?|pam_\w+\.so\S*|[0-9]{1,3}")
_KEYED = pattern(r"[A-Za-z_][\w-]{0,30}=")

# ---- user and password in front of a host

_USERINFO = pattern(r"(?<=://)[^\s\"'<>`]*+")
_PORT = pattern(r"[0-9]{1,5}(?:[/?#]|$)")
_PROVIDER = pattern(r"(?:.*[^a-z])?(?!smtp|imap|pop|git|svn)[a-z]{3,20}\+(?:api|https?|smtps?)://", re.DOTALL)
"""Of Symfony: sendgrid+api://KEY@default."""
_BARE_USERINFO = pattern(r"(?<![\w.+:/@-])([\w.+-]{1,64}):([^\s:@/\"'<>=]{4,200})@(?=[\w(\[])")
_SCHEMES = frozenset(
    [
        "mailto",
        "smtp",
        "sip",
        "sips",
        "xmpp",
        "rfc822",
        "local",
        "acct",
        "to",
        "from",
        "cc",
        "bcc",
        "user",
        "id",
        "mailer",
        "lmtp",
        "addr",
        "email",
        "mail",
        "for",
        "error",
    ]
)


def addressed(line: str) -> Spans:
    """`scheme://user:password@host`, `scheme://token@host`, and the same without a scheme."""
    for match in each(_USERINFO, line):
        text = match[0]
        at, colon, slash = text.rfind("@"), text.find(":"), text.find("/")
        if at < 0:
            continue
        if (0 <= colon < at or odd(text[:at])) and _PROVIDER.fullmatch(
            line[max(match.start() - 40, 0) : match.start()]
        ):
            yield Span(match.start(), match.start() + at, "address")
        elif 0 <= colon < at and (slash < 0 or colon < slash) and not _PORT.match(text, colon + 1):
            if not setting(text[colon + 1 : at]):
                yield Span(match.start() + colon + 1, match.start() + at, "address")
        elif colon < 0 and slash < 0 and at > 15 and odd(text[:at]):
            yield Span(match.start(), match.start() + at, "address")
    for match in each(_BARE_USERINFO, line):
        if match[1].lower() not in _SCHEMES and odd(match[2]):
            yield Span(match.start(2), match.end(2), "address")


# ---- hashes, tokens

_HASH = pattern(
    r"\$(?:1|2[abxy]?|3|5|6|7|y|gy|md5|sha1|sha256|sha512|apr1|P|H|S|argon2(?:id?|d)|pbkdf2[\w-]{0,20}|scrypt"
    r"|bcrypt|bcrypt-sha256|"
    r"ml|nt|8|9|14)\$[./A-Za-z0-9$=,+_-]{2,}",
)
_scheme = pattern(
    r"\{(?:S?SHA(?:[0-9]{1,3})?|S?MD5|(?:[A-Z0-9]{1,8}-)?CRYPT|PLAIN(?:-MD4|-MD5)?|CLEAR(?:TEXT)?|(?:CRAM"
    r"|DIGEST)-MD5|HMAC-MD5|SCRAM-SHA-[0-9]{1,3}|"
    r"ARGON2(?:ID?)?|PBKDF2(?:-\w{1,9})?|LANMAN|NTLM|NT|LDAP-MD5|SASL-?\w{0,9}|SKEY|OTP|RPA|PASSWORD"
    r"|SHA-?[0-9]{0,3}|BCRYPT|LM|MD4|EXTERNAL|PKCS5S2|KERBEROS)"
    r"(?:\.(?:b64|hex|base64))?\}(?=[^\s\"'(),;=<>{}])",
    re.IGNORECASE,
)
_SCHEME_VALUE = pattern(r"[^\s\"'`,;)\]<>]*+")
_COMPARED = pattern(
    r"(?:\b(?:CRYPT|PLAIN|SHA[0-9]{0,3}|SSHA[0-9]{0,3}|S?MD5|CLEARTEXT|[A-Z0-9]{2,8}-CRYPT|CRAM-MD5|DIGEST-MD5"
    r"|LDAP-MD5|SCRAM-SHA-[0-9]{1,3}|PLAIN-MD5|NTLM|"
    r"ARGON2(?:ID?)?|PBKDF2)(?:\.[a-z0-9]{2,6})?)\((?=[^)\s])",
)
_BEARER = pattern(r"\b(?:bearer|basic|negotiate|digest|apikey|token)[ =:]{1,3}(?=[\w+/.~-]{8})", re.IGNORECASE)
_BEARER_VALUE = pattern(r"[\w+/.~=-]+")
_TOKENS = pattern(
    r"(?<![A-Za-z0-9_])(?:eyJ[\w-]{6,}+(?:\.[\w-]*+){1,4}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}"
    r"|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{8,}|"
    r"A(?:KIA|SIA)[A-Z0-9]{12,}|AIza[\w-]{20,}|ya29\.[\w-]{16,}|[sr]k[-_](?:live_|test_|proj-)?[A-Za-z0-9]{16,}"
    r"|SG\.[\w-]{10,}\.[\w-]{10,}|key-[0-9a-f]{24,}|x(?:key|smtp)sib-[0-9a-f]{20,}|mlsn\.[0-9a-f]{20,}"
    r"|re_[A-Za-z0-9]{6,}_[A-Za-z0-9]{16,}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![\w-])|"
    r"hooks\.slack\.com/services/\S{8,}|api\.telegram\.org/bot\S{8,}|hvs\.[\w-]{16,}|dop_v1_\w{16,}|npm_[A-Za-z0-9]{20,})",
)


def hashed(line: str) -> Spans:
    """`$6$salt$hash`, `{SSHA}…`, `CRYPT(given) != 'stored'`."""
    if "$" in line:
        for match in each(_HASH, line):
            yield Span(match.start() + match[0].index("$", 1) + 1, match.end(), "hash")
    if "{" in line and "}" in line:
        for match in each(_scheme, line):
            end = _SCHEME_VALUE.match(line, match.end())
            text = end[0] if end else ""
            if text and not setting(text):
                yield Span(match.end(), match.end() + len(text), "hash")
    if "(" in line:
        for match in each(_COMPARED, line):
            yield from _comparison(line, match.end())


def _comparison(line: str, at: int) -> Spans:
    other = line.find(") != ", at, at + _SHORT)
    end = other if other >= 0 else line.find(")", at, at + _SHORT)
    text = line[at : end if end >= 0 else at + _SHORT]
    if setting(text) or (other < 0 and (spoken(text) or not odd(text))):
        return
    yield Span(at, at + len(text), "comparison")
    if other >= 0:
        first, last, _ = value(line, other + 5)
        if first < last and not struck(line[first:last]):
            yield Span(first, last, "comparison")


def tokened(line: str) -> Spans:
    """JWT, `Bearer …`, and the tokens that tell by their beginning what they are."""
    for match in each(_TOKENS, line):
        yield Span(match.start(), match.end(), "token")
    for match in each(_BEARER, line):
        text = _BEARER_VALUE.match(line, match.end())
        if text is not None and (odd(text[0]) or is_blob(text[0]) or ("." in text[0][1:-1] and len(text[0]) > 20)):
            yield Span(text.start(), text.end(), "token")


# ---- the dialogue of a login

_AUTH = pattern(
    r"\b(?:auth|authenticate)(?:[ =:,]|\"|\\|#011|\t){1,4}\"?([a-z][a-z0-9_-]{2,24})\"?\\?(?:(?:[ \t,:=]|#011"
    r"|sasl-ir|initial(?: response)?){1,6}\"?)",
    re.IGNORECASE,
)
_KNOWN_MECHANISM = pattern(
    r"(?:plain|login|cram-md5|digest-md5|scram-sha-?\w*(?:-plus)?|x?oauth2?|oauthbearer|ntlm|gssapi|external|otp"
    r"|srp|apop|scram-md5|plain-\w+|xoauth2)\b",
    re.IGNORECASE,
)
_BLOB = pattern(r"[A-Za-z0-9+/_-]{4,}+={0,2}")
_RESP = pattern(r"(?:\bresp=|CONT(?:#011|\t|\\t)[0-9]{1,10}(?:#011|\t|\\t)(?:resp=)?|\bCONT [0-9]{1,10} )")
_RESP_VALUE = pattern(r"[^\s#\"'\\]*")
_FAILED = pattern(r"SASL \S{1,40} authentication (?:failed|failure): (?=[A-Za-z0-9+/]{4,}+={0,2}(?:[\s,\"]|$))")
_CHALLENGE = pattern(r"\b334[ -](?=[A-Za-z0-9+/=]{4})|(?<=[\s:])\+ (?=[A-Za-z0-9+/=]{8,}\s*$)")
_DIRECTION = pattern(
    r"(?:^|(?<=[\s:\]\[\"']))(<--|-->|<-[-~*]?|[-~*]>|<~\*?|~>|<=|=>|<<<?|>>>?|[CS]:|SMTP[<>][<>]|C>|S<"
    r"|[<>] \S{1,255}\[[0-9a-fA-F.:]{2,45}\](?::[0-9]{1,5})?:|"
    r"from client:|client:|client (?:sent|said|response):?"
    r"|command=)\s{0,9}\"?([A-Za-z0-9+/_-]{3,}={0,2})(?=\"?\s*(?:$|\"|\\[rn]|failed\b|rejected\b|error\b|result=))",
)
_SPOKE = pattern(
    r"(?:^|[\s\"'>:])(?:([A-Za-z]{0,4}[0-9]{1,6}|[A-Z]\.?[0-9]{1,6}) )(?:LOGIN|login)\s{1,9}(\"[^\"]{0,200}\""
    r"|\S{1,200})\s{1,9}(\"(?:[^\"\\]|\\.){0,400}\"|[^\s\"]\S*)",
)
_QUOTED_BLOB = pattern(r"\bAUTHENTICATE\s{1,3}\"[\w-]{2,30}\"\s{1,3}[\"{]?([A-Za-z0-9+/=]{4,})", re.IGNORECASE)
_LONE = pattern(r"(?:.{0,400}?[\s:>\]])?([A-Za-z0-9+/]{4,}={0,2})\s*")


_RESP_MARKS = ("resp=", "cont#", "cont\t", "cont\\t", "cont ")
_CHALLENGE_MARKS = ("334", "+ ")
_FAILED_MARKS = ("authentication fail",)
_DIRECTIONS = ("<-", "<~", "<=", "=>", "->", "*>", "~>", "<<", ">>", "< ", "> ", "client", "command=", "smtp>", "smtp<")
_SPEAKERS = ("C:", "S:", "C>", "S<")


def dialogue(line: str, low: str) -> Spans:
    """What stands in a transcript of SMTP, IMAP or POP3 and is an answer to a challenge."""
    for match in each(_AUTH, line) if "auth" in low else ():
        blob = _BLOB.match(line, match.end())
        if blob is None or is_prompt(blob[0]):
            continue
        text = blob[0]
        if _KNOWN_MECHANISM.match(match[1]):
            hidden = (
                is_blob(text)
                and ("=" in text or len(text) % 4 == 0 or len(text) > 7)
                and not _KNOWN_MECHANISM.fullmatch(text)
            )
        else:
            hidden = is_answer(text)
        if hidden:
            yield Span(blob.start(), blob.end(), "dialogue")
    for marks, form in ((_RESP_MARKS, _RESP), (_CHALLENGE_MARKS, _CHALLENGE), (_FAILED_MARKS, _FAILED)):
        for match in each(form, line) if holds(low, marks) else ():
            blob = (_RESP_VALUE if form is _RESP else _BLOB).match(line, match.end())
            if blob is None or not blob[0] or setting(blob[0]) or is_prompt(blob[0]):
                continue
            if form is _RESP or (
                is_blob(blob[0])
                and (form is _CHALLENGE or "=" in blob[0] or (len(blob[0]) % 4 == 0 and _mixed(blob[0])))
            ):
                yield Span(blob.start(), blob.end(), "dialogue")
    for match in each(_DIRECTION, line) if holds(low, _DIRECTIONS) or holds(line, _SPEAKERS) else ():
        text = match[2]
        strong = match[1] == "<--" or match[1].endswith("]:") or "client" in match[1]
        if text.lower() in VERBS or is_prompt(text) or text.isdigit():
            continue
        if (strong and (is_blob(text) or odd(text))) or is_answer(text) or (is_blob(text) and is_spoken(text)):
            yield Span(match.start(2), match.end(2), "dialogue")
    for match in each(_SPOKE, line) if "login" in low else ():
        if not setting(match[3]) and not spoken(match[3]):
            yield Span(match.start(3), match.end(3), "dialogue")
    for match in each(_QUOTED_BLOB, line) if "authenticate" in low and '"' in low else ():
        yield Span(match.start(1), match.end(1), "dialogue")


def _mixed(text: str) -> bool:
    return any(c.isupper() for c in text[1:]) and any(c.islower() for c in text)


def continued(line: str) -> Spans:
    """A word of base64 alone at the end of a line that follows on a line of AUTH."""
    match = _LONE.fullmatch(line)
    if match is None or not is_blob(match[1]) or is_prompt(match[1]):
        return
    if "=" in match[1] or is_answer(match[1]) or is_spoken(match[1]):
        yield Span(match.start(1), match.end(1), "dialogue")


# ---- SQL, authinfo, what is left

_STATEMENT = pattern(r"\b(?:select|update|insert|delete|where|alter user|create user|grant|replace|execute|call)\b")
_LITERAL = pattern(
    r"([\w.\"`]{1,80})?\s{0,9}(?:=|<>|!=|like|values?\s{0,9}\(|,|\()\s{0,9}'((?:[^'\\\n]|\\.|''){0,4000}+)'?",
    re.IGNORECASE,
)
_AUTHINFO = pattern(r"(?:[\"']\s?|&quot;|\\\"|(?<=\s)|^)P([:=])", re.IGNORECASE)
_OTHER_TOKEN = pattern(r"(?:^|\s)[UIMR]:")
_STATIC = pattern(r"\bstatic:\{?\s?[^\s:{}=]{1,120}:([^\s{}]+)")
_INLINE = pattern(r"\binline:\s?\{")
_INLINE_PAIR = pattern(
    r"\{\s{0,9}+[^{}=]{1,200}+=\s{0,9}+[^\s:{}=]{1,120}:([^{}]{1,400})"
    r"|(?<![^\s{}=,])[^\s{}=,]{1,200}+\s{0,9}+=\s{0,9}+[^\s:{}=]{1,120}:([^\s{},]{1,400})"
)
"""Of Postfix: in braces, what a name is given has blanks in it."""
_SERVERS = pattern(r"\b(?:mysql|pgsql|ibase|oracle|redis|sqlite)_servers\s{0,9}=\s{0,9}")
_USERPAIR = pattern(
    r"\b(?:[\w.-]{0,30}_)?(?:user|username|userpwd|userpass"
    r"|login)[\"']?\s{0,9}[:=]\s{0,9}[\"']?([\w.@+-]{1,64}):([^\s:\"'@,;]{4,200})",
    re.IGNORECASE,
)
_CLIENT_SEND = pattern(r"\bclient_send\s{0,9}=\s{0,9}[\"']?(?:<\S\s{0,9})?([:^;])")
_EXPANDED = pattern(
    r"\$\{(?:extract|lookup|sg|quote|readfile|env)(?:[{}]+(?:[A-Z_]{2,30}|\$?[a-z_]{1,30}[0-9]?))*+[{} ]*"
)
"""Of Exim: an expansion of nothing but names."""
_CODED = pattern(r"(?<![A-Za-z0-9+/_-])(?=[A-Za-z]?[a-z_/-]*+[A-Z0-9+=])[A-Za-z0-9+/_-]{12,}+={0,2}")
"""But for words of a sentence, which are all small."""
_IN_CODES = pattern(r"(?<!\S)(?=\S{0,1000}?(?:%[0-9A-Fa-f]{2}|&\#?\w{1,8};))\S{6,}+")


def literals(line: str, low: str) -> Spans:
    """In SQL, literals compared with a column that may hold a secret."""
    if _STATEMENT.search(low) is None:
        return
    about = secret_columns(low)
    for match in each(_LITERAL, line):
        text = match[2]
        column = (match[1] or "").strip('"`').rpartition(".")[2].lower()
        if not text or setting(text) or "%" in text[:1] or (column and column in HARMLESS_COLUMNS):
            continue
        if (
            odd(text)
            or (column in ("p", "pw", "pass") and not spoken(text))
            or (about and not column and odd(text + "x1"))
        ):
            yield Span(match.start(2), match.end(2), "literal")


def secret_columns(low: str) -> bool:
    """Whether an INSERT names a column of passwords."""
    return "insert" in low and ("passw" in low or "pwd" in low or "secret" in low)


def entries(line: str, low: str) -> Spans:
    """`"P:x"` and `"P=eA=="` of authinfo; servers with a password in Exim's settings; `user: name:x`."""
    reported = "authinfo:" in low
    lone = not reported and _OTHER_TOKEN.search(line) is None
    for match in each(_AUTHINFO, line):
        opening = match[0][:-2].lower().rstrip()
        if not opening and not reported and (match[1] == "=" or lone):
            continue  # Exim's log has U=mail P=local
        first = match.end()
        close = line.find(opening or " ", first)
        last = close if close >= 0 else len(line.rstrip())
        if first < last and not struck(line[first:last]):
            yield Span(first, last, "authinfo")
    servers = _SERVERS.search(line)
    if servers is not None:
        at = servers.end()
        for server in line[at:].split("::", MOST):
            parts = server.split("/")
            if len(parts) > 3 and parts[-1].strip():
                start = at + server.rfind("/") + 1
                yield Span(start, at + len(server.rstrip()), "address")
            at += len(server) + 2
    for match in each(_STATIC, line):
        yield Span(match.start(1), match.end(1), "pair")
    inline = _INLINE.search(line)
    if inline is not None:
        for match in each(_INLINE_PAIR, line[inline.end() :]):
            start, text = inline.end() + match.start(match.lastindex or 0), match[match.lastindex or 0]
            yield Span(start, start + len(text.rstrip()), "pair")
    for match in each(_USERPAIR, line):
        if odd(match[2]):
            yield Span(match.start(2), match.end(2), "pair")
    for match in each(_CLIENT_SEND, line):
        sent = line[match.end() - 1 :].rstrip().rpartition(match[1])[2]
        if sent.strip("\"' ") and not template(sent.strip()) and not _EXPANDED.fullmatch(sent.strip("\"' ")):
            yield Span(len(line.rstrip()) - len(sent.lstrip()), len(line.rstrip("\"' \r")), "dialogue")


def coded(line: str, tells: Callable[[str], bool]) -> Spans:
    """Words that hide one of the other forms in base64, hexadecimal, percent signs or entities."""
    for match in _CODED.finditer(line):
        if veils(match[0], tells):
            yield Span(match.start(), match.end(), "coded")
    if "%" in line or "&" in line:
        for match in each(_IN_CODES, line):
            if veils(match[0], tells):
                yield Span(match.start(), match.end(), "coded")

"""Where a value ends, and whether a word can be a secret at all."""

import re
from itertools import pairwise

from maildoctor.masking.patterns import pattern
from maildoctor.masking.words import PROSE, SETTINGS

_OPENINGS = (
    ("&quot;", "&quot;"), ("&#34;", "&#34;"), ("&#39;", "&#39;"), ("&apos;", "&apos;"), ("&#x22;", "&#x22;"),
    ("%22", "%22"), ("%27", "%27"), ("\\u0022", "\\u0022"), ("\\u0027", "\\u0027"), ("\\x22", "\\x22"),
    ('\\\\\\"', '\\\\\\"'), ('\\"', '\\"'), ("\\'", "\\'"), ('"""', '"""'), ("'''", "'''"), ('""', '""'), ("`", "'"),
    ('"', '"'), ("'", "'"), ("\u00ab", "\u00bb"),
)  # fmt: skip
"""How a quoted value begins and ends; the longest first."""
_OPENING = frozenset(opening[0] for opening, _ in _OPENINGS)

_NOTHING = ("", *" \t\r,;:)]}>&|.\\'")
"""What follows on an empty string; other things, on a quote that stands doubled within a quote, as in CSV."""
_PREFIX = pattern(r"[bBrRuUN]{1,2}(?=['\"])|\(\s*(?=['\"`])|\$(?=['\"])|\[\s*(?=['\"])")
# A bare word goes on through brackets and commas unless a new item begins behind them.
_BARE = pattern(
    r"(?:[^\s\"'`<>,;&|)\]}#\\%]"
    r"|[,;&|](?![\w.-]{1,40}=)(?!\s|$)(?!&)|[)\]}](?![\s,;:.)\]}'\"]|$)|#(?!0\d\d)|&(?!quot;|apos;|lt;|gt;|#"
    r"|[\w.-]{1,40}=)"
    r"|\\(?![nrt\"'])|%(?!0[aAdD]|2[267]|3[bBeEcC])|['\"`](?=\w)|[<>](?=[\w!$%^*])|[<>](?=[<>]))*+",
)
_SPOKEN = pattern(r"[A-Za-z\x80-\xff][A-Za-z\x80-\xff'-]*")
_TEMPLATE = pattern(
    r"\$\{[^}\s]{0,200}\}|\$\([^)]{0,200}\)?|\$(?:auth)?[0-9]|\$(?-i:[A-Z_][A-Z0-9_]*|[a-z_]+)|\$(?:pass(?:word|wd)?|pw|user"
    r"|value)"
    r"|%[a-zA-Z]|%\{[^}]{0,99}\}?|%\([^)]{0,99}\)s?|%\$?[0-9]?s|\{[a-z_]{0,40}\}|<[A-Za-z_ -]{0,40}>"
    r"|\[[A-Za-z_ -]{0,40}\]|:[a-z_]+|@@?[A-Z_]+@@?"
    r"|not_logging_\w{0,20}|\*{3,}|\(?(?:#?hidden|masked|password|none|null|empty|redacted|removed|not shown)\)?|\?+"
    r"|\{[0-9]{1,6}\+?\}|[.\u2026]+|x{3,}|X{3,}|\(\)|_+|sha(?:1|256|512):[0-9]{1,3}",
    re.IGNORECASE,
)
_PLAINLY = pattern(
    r"[0-9]+[a-z%]{0,3}|[0-9a-fA-F.:]{3,45}/?[0-9]*|/.*|\S+=.*|[\w.+-]+@[\w.-]+|[A-Za-z][\w-]*(?:\.[\w-]+)+"
    r"|[\w-]+\(.*"
    r"|(?:SHA|MD|SSHA|CRAM|SCRAM|DIGEST|X?OAUTH|TLS|SSL|AES|DES|RC|UTF|ISO|ARGON|BLF|PBKDF|base|NTLM|md|sha|utf|pam"
    r"|auth|sasl|iso)"
    r"[\w.+-]*|[0-9]{1,4}[-:./T][0-9:./TZ+-]*|[a-z]+[-_][a-z_-]*|#[0-9a-f]{1,6}|[A-Z][0-9]{1,4}|.{1,5}",
    re.DOTALL,
)
_PLACEHOLDER = pattern(
    r"[(<\[]\s{0,3}(?:not (?:shown|set|displayed|logged|printed)|hidden|masked|redacted|removed|none"
    r"|unset|empty|omitted)"
    r"\s{0,3}[)>\]](?![\w(<\[])",
    re.IGNORECASE,
)
_STRAY = ".,;:!?)]}>"


def struck(text: str) -> bool:
    """Whether this is struck out already."""
    return text.strip("\"'`,;") == "***"


def value(line: str, at: int) -> tuple[int, int, bool]:
    """The value that begins at `at`: where its text starts and ends, and whether it is quoted."""
    prefix = _PREFIX.match(line, at)
    if prefix:
        at = prefix.end()
    for opening, closing in _OPENINGS if line[at : at + 1] in _OPENING else ():
        if line.startswith(opening, at):
            start = at + len(opening)
            if opening == '""' and line[start : start + 1] in _NOTHING:
                continue  # an empty string
            return start, _closing(line, start, closing), True
    match = _BARE.match(line, at)
    end = match.end() if match else at
    if end == at and at < len(line) and not line[at].isspace() and line[at] not in "\"',;&)]}|<>`":
        end = at + 1
    while end > at + 1 and line[end - 1] in ".,;:" and (end == len(line) or line[end].isspace()):
        end -= 1
    return at, end, False


def _closing(line: str, start: int, closing: str) -> int:
    """Where the quote closes; a quote that does not close takes the rest of the line."""
    at = start
    while True:
        end = line.find(closing, at)
        if end < 0:
            return len(line)
        slashes = end
        while closing in "\"'" and slashes > start and line[slashes - 1] == "\\":
            slashes -= 1
        if (
            closing == "'"
            and line[end + 1 : end + 2] == "'"
            and end > start
            and line[end + 2 : end + 3] not in ("", " ", ",", ")", ";")
        ):
            at = end + 2  # '' in SQL
        elif (end - slashes) % 2 == 0:
            return end
        else:
            at = end + 1


def spoken(word: str) -> bool:
    """Whether this is a word of an ordinary sentence."""
    bare = word.lstrip("(\"'[<{").rstrip(_STRAY + "\"'")
    match = _SPOKEN.match(bare)
    if match is None or match[0].lower() not in PROSE:
        return False
    return match.end() == len(bare) or bare[match.end()] in "([:"


def template(text: str) -> bool:
    """Whether this stands for a value that is put there later, or for one that was taken out."""
    return bool(_TEMPLATE.fullmatch(text))


def placeholder(line: str, at: int) -> bool:
    """Whether something like `(not shown)` stands here."""
    return _PLACEHOLDER.match(line, at) is not None


def setting(text: str) -> bool:
    """Whether this is a word that is set where a password could be: yes, no, required, ***."""
    return struck(text) or text.lower() in SETTINGS or template(text)


def odd(word: str) -> bool:
    """Whether a word looks like something nobody says: letters with digits or signs inside, of no known form."""
    bare = word.strip("(\"'[<{`").rstrip(_STRAY + "\"'`")
    if struck(bare) or template(bare) or _PLAINLY.fullmatch(bare):
        return False
    letters = any(c.isalpha() for c in bare)
    digits = any("0" <= c <= "9" for c in bare)
    signs = any(c in "!@#$%^&*+?~" for c in bare[:-1])
    turns = sum(a.islower() and b.isupper() for a, b in pairwise(bare[:200]))
    return letters and (digits or signs or turns > 1)

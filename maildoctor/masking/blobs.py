"""Words that are a secret in another writing: base64 of what a client answers, hexadecimal, percent signs, entities."""

import re
from base64 import b64decode
from collections.abc import Callable
from html import unescape
from urllib.parse import unquote

from maildoctor.masking.patterns import pattern, pattern_of_bytes
from maildoctor.masking.words import PROSE, VERBS

_LONGEST = 16 * 1024
"""Of a longer word only so many characters are decoded: what it is stands at its beginning."""

_LEAST_SPOKEN = 16
"""A word that long is base64 of nothing but text by chance once in 100,000."""
_BASE64 = pattern(r"[A-Za-z0-9+/_-]+={0,2}")
_MECHANISM = pattern(
    r"(?:cram|digest|scram|gs2|plain|xoauth|oauth|external|login|ntlm|gssapi|anonymous|kerberos)[\w-]*",
    re.IGNORECASE,
)
_ANSWER = pattern_of_bytes(
    rb"[^\0-\x1f]{0,255}\0[^\0-\x1f]{1,255}\0[^\0-\x1f]+"  # PLAIN
    rb"|(?:n|y|p=[\w-]{1,40}),[^,]{0,255},.*"  # SCRAM, OAUTHBEARER: the client's first words
    rb"|(?:[nyp],)?.{0,300}[\x01\n]auth=.*"
    rb"|auth=Bearer.*|user=.{0,255}\x01.*|NTLMSSP\0.*"
    rb"|[cr]=[^,]{1,400},.*[a-z]=.*"  # SCRAM, later
    rb"|[^\s\0]{1,255} [0-9a-f]{32,128}"  # CRAM-MD5
    rb"|.{0,999}\bresponse=.*",
    re.DOTALL | re.IGNORECASE,
)
_PROMPT = pattern_of_bytes(rb"(?i)\s*(?:user ?name|pass ?word|login)\s*:?\s*\0?")
_HEX = pattern(r"(?:0x)?((?:[0-9a-fA-F]{2}){6,})")


def is_prompt(word: str) -> bool:
    """Whether this is `Username:` or `Password:` in base64, with which a server asks by LOGIN."""
    return bool(_PROMPT.fullmatch(_decoded(word)))


def is_blob(word: str) -> bool:
    """Whether a word that stands where base64 is expected can be that, and is no word of a sentence."""
    bare = word.rstrip("=")
    if (
        not _BASE64.fullmatch(word)
        or len(word) < 4
        or word.lower() in PROSE
        or word.lower() in VERBS
        or _MECHANISM.fullmatch(word)
    ):
        return False
    if "=" in word or any(c in "+/0123456789" for c in bare):
        return True
    return not (bare.islower() or bare.isupper() or bare.istitle()) or len(bare) > 20


def is_answer(word: str) -> bool:
    """Whether base64 decodes to what a client says when it logs in."""
    return bool(_ANSWER.fullmatch(_decoded(word)))


def is_spoken(word: str) -> bool:
    """Whether base64 decodes to nothing but text."""
    plain = _decoded(word)
    return len(word) % 4 == 0 and bool(plain) and all(32 <= c < 127 or c in b"\0\x01" for c in plain)


def _decoded(word: str) -> bytes:
    text = word[:_LONGEST].rstrip("=").replace("-", "+").replace("_", "/")
    text = text[: len(text) - (len(text) % 4 == 1)]
    try:
        return b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def veils(word: str, tells: Callable[[str], bool]) -> bool:
    """Whether a word hides what `tells` knows for a secret: in base64, hexadecimal, percent signs or entities."""
    if "%" in word and (plain := unquote(word[:_LONGEST], "latin-1")) != word[:_LONGEST]:
        return tells(plain)
    if "&" in word and (plain := unescape(word[:_LONGEST])) != word[:_LONGEST]:
        return tells(plain.encode("latin-1", "replace").decode("latin-1"))
    if "%" in word or "&" in word:
        return False
    if (match := _HEX.fullmatch(word)) is not None:
        raw = bytes.fromhex(match[1][:_LONGEST])
    elif (len(word) >= _LEAST_SPOKEN or word[-1] == "=") and is_spoken(word) and not is_prompt(word):
        return not (word.isdigit() or (word.isalpha() and (word.islower() or word.isupper())))
    else:
        raw = _decoded(word)
    return bool(_ANSWER.fullmatch(raw)) or _readable(raw, tells)


def _readable(plain: bytes, tells: Callable[[str], bool]) -> bool:
    if len(plain) < 8 or any(c < 9 for c in plain[:200]) or sum(c > 126 for c in plain[:200]) > 4:
        return False
    return tells(plain.decode("latin-1"))

"""DIGEST-MD5 (RFC 2831), authentication only: no layer of integrity or secrecy is asked for, so ciphers do not matter.

Names and passwords are carried in UTF-8 where the server speaks it, else in ISO 8859-1; they are hashed in ISO 8859-1
wherever they fit into it, each by itself (cyrus-sasl plugins/digestmd5.c, `DigestCalcSecret`).
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

from maildoctor.sasl.login import Login
from maildoctor.sasl.md5 import md5
from maildoctor.sasl.script import SaslError, Say, Script, ServerNotProven, quoted

Directives = list[tuple[bytes, bytes]]

_COUNT = b"00000001"  # each exchange is the first with its nonce: subsequent authentication is not done

_ONCE = (b"nonce", b"qop", b"stale", b"maxbuf", b"charset", b"algorithm", b"cipher")
"""Directives that a challenge must not repeat (section 2.1.1)."""

# One element of a list, or nothing, up to the comma. More lenient than the grammar: any value may stand without quotes.
_ELEMENT = re.compile(
    rb"""\s*+(?:
        (?P<name>[-!\#$%&'*+.^_`|~0-9A-Za-z]++)\s*+=\s*+
        (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<bare>[^\s",]++) )\s*+
    )?(?:,|\Z)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Challenge:
    realm: str | None
    """the server's first"""
    nonce: bytes
    encoding: str


@dataclass(frozen=True, slots=True)
class _Keys:
    """The response that is sent, and what the server has to answer to it."""

    response: bytes
    rspauth: bytes


def talk(login: Login, nonce: Callable[[], str]) -> Script:
    """Raises SaslError for a challenge that breaks the rules or cannot be met, ServerNotProven for a wrong rspauth."""
    challenge = _challenge((yield Say(None, proven=False)))
    realm = login.realm or challenge.realm
    cnonce = nonce().encode()
    uri = f"{login.service}/{login.host}".encode()
    keys = _keys(login, realm or "", challenge, cnonce, uri)
    answer = _answer(login, realm, challenge, cnonce, uri, keys.response)
    _verify((yield Say(answer, proven=False)), keys.rspauth)
    yield Say(b"")


def _challenge(data: bytes) -> _Challenge:
    directives = _directives(data)
    for name in _ONCE:
        if len(_values(directives, name)) > 1:
            raise SaslError(f"the server's challenge names {name.decode()} more than once")
    nonce = _only(directives, b"nonce")
    if not nonce:
        raise SaslError("the server's challenge has no nonce")
    if _only(directives, b"algorithm", b"(none)").lower() != b"md5-sess":
        raise SaslError("the server's challenge does not name the algorithm md5-sess")
    if b"auth" not in re.split(rb"[\s,]+", _only(directives, b"qop", b"auth").lower()):
        raise SaslError("the server insists on a layer of integrity or secrecy (qop), which SMTP clients do not use")
    if _only(directives, b"charset", b"utf-8").lower() != b"utf-8":
        raise SaslError("the server's challenge names a charset other than utf-8")
    encoding = "utf-8" if _values(directives, b"charset") else "iso-8859-1"
    return _Challenge(_first_realm(directives, encoding), nonce, encoding)


def _directives(data: bytes) -> Directives:
    """The elements in their order, names in lower case, values without their quotes."""
    found, at = [], 0
    while at < len(data):
        element = _ELEMENT.match(data, at)
        if not element:
            raise SaslError("the server's challenge is no list of name=value")
        at = element.end()
        if element["name"] is not None:
            value = element["bare"]
            if value is None:
                value = re.sub(rb"\\(.)", rb"\1", element["quoted"], flags=re.DOTALL)
            found.append((element["name"].lower(), value))
    return found


def _values(directives: Directives, name: bytes) -> list[bytes]:
    return [value for known, value in directives if known == name]


def _only(directives: Directives, name: bytes, default: bytes = b"") -> bytes:
    return next(iter(_values(directives, name)), default)


def _first_realm(directives: Directives, encoding: str) -> str | None:
    realms = _values(directives, b"realm")
    try:
        return realms[0].decode(encoding) if realms else None
    except UnicodeDecodeError:
        raise SaslError("the server's realm is not in the charset that it names, utf-8") from None


def _keys(login: Login, realm: str, challenge: _Challenge, cnonce: bytes, uri: bytes) -> _Keys:
    """Section 2.1.2.1."""
    if challenge.encoding != "utf-8" and not _fits(login.revealed()):
        raise SaslError("the server does not speak UTF-8, and the password does not fit into ISO 8859-1")
    start = b":".join((_hashed(login.authid.encode()), _hashed(realm.encode()), _hashed(login.revealed())))
    session = [md5(start), challenge.nonce, cnonce, *([login.authzid.encode()] if login.authzid else [])]
    key = _hex(md5(b":".join(session)))

    def keyed(method: bytes) -> bytes:
        about = _hex(md5(method + b":" + uri))
        return _hex(md5(b":".join((key, challenge.nonce, _COUNT, cnonce, b"auth", about))))

    return _Keys(keyed(b"AUTHENTICATE"), keyed(b""))


def _answer(
    login: Login, realm: str | None, challenge: _Challenge, cnonce: bytes, uri: bytes, response: bytes
) -> bytes:
    """Section 2.1.2."""
    parts = [b"charset=utf-8"] if challenge.encoding == "utf-8" else []
    parts.append(b"username=" + _quotes(_carried(login.authid, challenge.encoding)))
    if realm is not None:
        parts.append(b"realm=" + _quotes(_carried(realm, challenge.encoding)))
    parts += [b"nonce=" + _quotes(challenge.nonce), b"nc=" + _COUNT, b"cnonce=" + _quotes(cnonce)]
    parts += [b"digest-uri=" + _quotes(uri), b"response=" + response, b"qop=auth"]
    if login.authzid:
        parts.append(b"authzid=" + _quotes(login.authzid.encode()))
    return b",".join(parts)


def _verify(data: bytes, expected: bytes) -> None:
    directives = _directives(data)
    given = _values(directives, b"rspauth")
    if len(given) != 1:
        raise ServerNotProven("the server did not prove that it knows the password: it sent no one rspauth")
    if not hmac.compare_digest(given[0], expected):
        raise ServerNotProven("the server's proof (rspauth) is wrong: it does not know the password")


def _carried(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        raise SaslError(f"the server does not speak UTF-8, and ISO 8859-1 has no room for {quoted(text)}") from None


def _fits(data: bytes) -> bool:
    """Whether it can be hashed in ISO 8859-1. What is no UTF-8 was typed in an 8-bit set, and is taken for that."""
    try:
        data.decode("utf-8").encode("iso-8859-1")
    except UnicodeDecodeError:
        return True
    except UnicodeEncodeError:
        return False
    return True


def _hashed(data: bytes) -> bytes:
    """UTF-8 as it is hashed: in ISO 8859-1 if it fits. What is no UTF-8 is taken as it is."""
    try:
        return data.decode("utf-8").encode("iso-8859-1")
    except UnicodeError:
        return data


def _quotes(value: bytes) -> bytes:
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", value) + b'"'


def _hex(digest: bytes) -> bytes:
    return digest.hex().encode()

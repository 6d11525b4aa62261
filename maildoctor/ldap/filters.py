"""Search filters (RFC 4515) as bytes of LDAP."""

import re

from maildoctor.ldap.ber import octets, tagged

_SIMPLE = re.compile(r"([A-Za-z0-9.;_-]{1,128})\s*(~=|>=|<=|=)(.*)", re.DOTALL)
_DEPTH = 30


class BadFilter(Exception):
    """It is none, or of a kind that is not known here."""


def encoded(text: str) -> bytes:
    """The filter; one without parentheses gets them, as libldap does it. Raises BadFilter."""
    text = text.strip()
    made, end = _filter(text if text.startswith("(") else f"({text})", 0, 0)
    if end != len(text if text.startswith("(") else f"({text})"):
        raise BadFilter("something stands behind its end")
    return made


def _filter(text: str, at: int, depth: int) -> tuple[bytes, int]:
    if depth > _DEPTH or not text.startswith("(", at):
        raise BadFilter("a parenthesis is missing")
    at += 1
    sign = text[at : at + 1]
    if sign in ("&", "|", "!") and sign:
        parts, at = [], at + 1
        while text.startswith("(", at):
            part, at = _filter(text, at, depth + 1)
            parts.append(part)
        if sign == "!" and len(parts) != 1:
            raise BadFilter("`!` takes one filter")
        made = tagged({"&": 0xA0, "|": 0xA1, "!": 0xA2}[sign], b"".join(parts))
    else:
        end = text.find(")", at)
        if end < 0:
            raise BadFilter("a parenthesis is missing")
        made, at = _item(text[at:end]), end
    if not text.startswith(")", at):
        raise BadFilter("a parenthesis is missing")
    return made, at + 1


def _item(text: str) -> bytes:
    m = _SIMPLE.fullmatch(text)
    if m is None or "(" in text:
        raise BadFilter(f"{text!r} is no comparison")
    name, sign, value = octets(m[1].encode()), m[2], m[3]
    if sign != "=":
        return tagged({">=": 0xA5, "<=": 0xA6, "~=": 0xA8}[sign], name + octets(_value(value)))
    if value == "*":
        return tagged(0x87, m[1].encode())
    if "*" not in value:
        return tagged(0xA3, name + octets(_value(value)))
    first, *middle, last = value.split("*")
    parts = [tagged(0x80, _value(first))] if first else []
    parts += [tagged(0x81, _value(x)) for x in middle if x]
    parts += [tagged(0x82, _value(last))] if last else []
    if not parts:
        return tagged(0x87, m[1].encode())
    return tagged(0xA4, name + tagged(0x30, b"".join(parts)))


def _value(text: str) -> bytes:
    out, at = b"", 0
    while at < len(text):
        if text[at] == "\\":
            pair = text[at + 1 : at + 3]
            if not re.fullmatch(r"[0-9A-Fa-f]{2}", pair):
                raise BadFilter("a backslash stands without two digits")
            out += bytes([int(pair, 16)])
            at += 3
        else:
            out += text[at].encode("utf-8", "surrogateescape")
            at += 1
    return out

"""The answer to the door's verb `map`: the entries of an MTA's map, from the built database or from its text source.

One entry a line, sorted: `key<TAB>tag`, and `<TAB>shape` if something of the value may be shown. Lines of damage come
first and begin with `#`; so does `# cut: only the first 100,000 of …`, where there are more. Keys are escaped as
`maildoctor.sasldb.names` says. The tag is the caller's digest of the value, made after white space around it is cut
off; both sides cut alike, so that equal entries have equal tags.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Literal

from maildoctor.sasldb import NotADatabase, read
from maildoctor.sasldb.database import ALL, COUNTED, HELD, cut
from maildoctor.sasldb.names import escape, escape_first

Kind = Literal["authinfo", "access", "aliases", "passwords", "virtuser", "plain"]
Tag = Callable[[bytes], str]
Entry = tuple[bytes, bytes]

_BUILD_MARKS = frozenset((b"@", b"YP_LAST_MODIFIED", b"YP_MASTER_NAME"))
_SHOWN_LENGTH = 200
_LINE = 1024 * 1024
"""Bytes of a line; makemap takes 1,024, Postfix 2,048 at a time."""

ENTRIES = 100_000
"""Entries of one map that are told; the aliases of a large university are fewer."""

# A token of an AuthInfo entry, "TDstring": T of U I P R M, D ":" for text or "=" for base64 (usersmtp.c, getauth)
_TOKEN = re.compile(r'"([UIPRM])([:=])((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_TOKEN_START = re.compile(r'(?:^|[\s"])"?([UIPRM])([:=])', re.IGNORECASE)
_FEATURES = ("srv_features:", "clt_features:", "try_tls:", "tls_")
_LIMITS = ("clientrate:", "clientconn:", "greetpause:")
# First words of values in an access map (sendmail cf/README, "anti-spam configuration control")
_POLICY = re.compile(
    r"(OK|RELAY|REJECT|DISCARD|SKIP|HOLD|QUARANTINE|ERROR|SUBDOMAIN|FRIEND|HATER|SPAMFRIEND|SPAMHATER|YES|NO|[45]\d\d)"
    r"(?![^\s:])",
    re.IGNORECASE,
)


def built(data: bytes, tag: Tag, kind: Kind) -> str:
    """The entries of what makemap, newaliases, postmap or postalias made. Raises NotADatabase."""
    whole, damage, more = _built(data, ENTRIES + len(_BUILD_MARKS))
    about = [f"# damage: {words}" for words in damage]
    return _lines((pair for pair in whole if pair[0] not in _BUILD_MARKS), tag, kind, about, more)


def _built(data: bytes, most: int = ALL) -> tuple[list[Entry], list[str], int]:
    """The entries of a database, what is wrong with it, and how many more there are. Raises NotADatabase."""
    if not data:
        raise NotADatabase("an empty file")
    database = read(data, most)
    # One long key with duplicates could make much more than the file: the first of each key counts, as in `_lines`
    firsts: dict[bytes, bytes] = {}
    for key, value in database.pairs:
        firsts.setdefault(key, value)
    pairs = [(_without_nul(key), _without_nul(value)) for key, value in firsts.items()]
    # What follows a NUL within a key may be a value: the border between them is damaged
    whole = [pair for pair in pairs if b"\0" not in pair[0]]
    nul = ["a key with a NUL in it"] if len(whole) != len(pairs) else []
    return whole, [*database.damage, *nul], database.more


def unveiled(data: bytes, *, is_built: bool) -> dict[bytes, bytes]:
    """Keys, in lower case, with their values, AND THE PASSWORDS IN THEM: for `maildoctor.probe.authinfo` alone.
    Raises NotADatabase."""
    found: dict[bytes, bytes] = {}
    for key, value in _built(data)[0] if is_built else _makemap(data, "authinfo"):
        found.setdefault(key.lower(), value)
    return found


def source(data: bytes, tag: Tag, kind: Kind) -> str:
    """The entries that makemap (newaliases for `aliases`) would make of this text. Never raises."""
    return _lines(_aliases(data) if kind == "aliases" else _makemap(data, kind), tag, kind, [])


def _without_nul(item: bytes) -> bytes:
    """newaliases and postmap put the NUL of C in the database, makemap does not."""
    return item[:-1] if item.endswith(b"\0") else item


def _lines(entries: Iterable[Entry], tag: Tag, kind: Kind, about: list[str], more: int = 0) -> str:
    """One line an entry. Of several with one key the first counts, as without `makemap -d`. `more`: there are besides
    those of `entries`."""
    rows, held = dict[str, str](), 0
    rest = iter(entries)
    for seen, (key, value) in enumerate(rest):
        if seen == COUNTED or len(rows) == ENTRIES or held > HELD:
            more += 1 + sum(1 for _ in islice(rest, COUNTED))
            break
        shown = escape_first(escape(key))
        if shown in rows:
            continue
        shape = _shape(shown, value, kind)
        # Quotes and blanks between addresses are not kept by every program that builds aliases
        value = _canonical(value) if kind == "aliases" else value.strip()
        rows[shown] = f"{shown}\t{tag(value)}\t{shape}".rstrip("\t")
        held += len(rows[shown])
    reported = [f"# cut: {cut(len(rows), more, 'entries')} are told"] if more else []
    return "\n".join([*reported, *about, *(rows[key] for key in sorted(rows)), ""])


def _physical_lines(data: bytes) -> Iterator[bytes]:
    """The lines, one at a time: a list of all takes ten times as much memory as the file. Of a line longer than any
    program makes, its first `_LINE` bytes."""
    at = 0
    while at >= 0:
        start, at = at, data.find(b"\n", at)
        stop, at = (at, at + 1) if at >= 0 else (len(data), -1)
        yield data[start : min(stop, start + _LINE)]


def _logical_lines(data: bytes) -> Iterator[bytes]:
    """Lines without comments; one that begins with white space continues the one before (aliases, Postfix)."""
    pending, length = list[bytes](), 0
    for line in _physical_lines(data):
        if not line.strip() or line.startswith(b"#"):
            continue
        if line[:1] in b" \t":
            length += len(line)
            if length <= _LINE:
                pending.append(line)
        else:
            if pending:
                yield b"".join(pending)
            pending, length = [line], len(line)
    if pending:
        yield b"".join(pending)


def _makemap(data: bytes, kind: Kind) -> Iterator[Entry]:
    """`key value` lines (makemap.c): keys are folded to lower case; a line without a value makes no entry.

    makemap refuses a line that begins with white space; in other maps it may be a continuation for postmap.
    """
    lines = (
        _logical_lines(data)
        if kind in ("plain", "passwords")
        else (x for x in _physical_lines(data) if x[:1] not in b"# \t\r\0")
    )
    for line in lines:
        words = line.split(None, 1)
        if len(words) == 2 and not line[:1].isspace():
            yield words[0].lower(), words[1]


def _aliases(data: bytes) -> Iterator[Entry]:
    """`name: value` entries (alias.c, readaliases): names may be quoted and are folded to lower case."""
    for line in _logical_lines(data):
        name, colon, value = line.partition(b":")
        if line.startswith(b'"'):
            name, _, rest = line[1:].partition(b'"')
            colon, value = rest.lstrip()[:1], rest.lstrip()[1:]
        if colon == b":" and name.strip() and value.strip():
            yield name.strip().lower(), value


def _canonical(value: bytes) -> bytes:
    return b",".join(part.strip() for part in value.replace(b'"', b"").split(b","))


def _shape(key: str, value: bytes, kind: Kind) -> str:
    """What of a value may be seen."""
    if kind == "authinfo" or (kind == "access" and key.startswith("authinfo:")):
        return _authinfo(value)
    if kind == "passwords":
        return _login(value)
    if kind == "virtuser":
        return _redirection(value)
    return _policy(key, escape(value.strip())) if kind == "access" else ""


def _login(value: bytes) -> str:
    """The user of Postfix's `user:password` (smtp/smtp_sasl_glue.c splits at the first colon)."""
    user, colon, password = value.strip().partition(b":")
    if not colon:
        return "(no colon)"
    said = _BEGINS if password[:1] in (b" ", b"\t") and password.strip() else "***" if password.strip() else _EMPTY
    return f"{escape(user)[:_SHOWN_LENGTH]}:{said}"


_ERROR = re.compile(rb"error:[\w.-]{0,40}(?: ?[45]\d\d(?: [45]\.\d\.\d{1,3})?)?", re.IGNORECASE)


def _redirection(value: bytes) -> str:
    """Of an entry of the virtusertable: `error:nouser 550`, or that it is an address."""
    m = _ERROR.match(value.strip())
    return escape(m[0]) if m else "address"


_NOT_BASE64 = "(no base64)"
_EMPTY = "(empty)"
_LINE_FEED = "(ends in a line feed)"
_RETURN = "(ends in a carriage return)"
_BLANK = "(ends in a blank)"
_BEGINS = "(begins with a blank)"
_NUL = "(has a NUL in it)"
"""What is told of a password in place of itself, where it is surely none, or not the one that was meant."""


def _authinfo(value: bytes) -> str:
    """The tokens of an AuthInfo entry without the password; of a malformed one only which tokens seem to be there."""
    text = value.decode("utf-8", "surrogateescape").strip()
    found = tokens(text)
    if not found:
        return " ".join(["malformed", *(m[1].upper() + m[2] for m in _TOKEN_START.finditer(text))])
    return " ".join(f'"{letter}{mark}{_shown(letter, mark, content)}"' for letter, mark, content in found)


def _shown(letter: str, mark: str, content: str) -> str:
    plain = _decoded(content) if mark == "=" else content.encode("utf-8", "surrogateescape")
    if plain is None:
        return _NOT_BASE64
    if letter == "P" and (not plain or plain[-1:] in b"\r\n"):
        return (_LINE_FEED if plain[-1:] == b"\n" else _RETURN) if plain else _EMPTY
    if letter == "P" and (b"\0" in plain or plain[-1:].isspace()):
        return _NUL if b"\0" in plain else _BLANK
    return "***" if letter == "P" else escape(content.encode("utf-8", "surrogateescape"))


def tokens(text: str) -> list[tuple[str, str, str]]:
    """The tokens of an AuthInfo entry, each as its letter in capitals, `:` or `=`, and what stands in it, THE PASSWORD
    TOO; none where it is malformed."""
    found = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or _runs_on(token):
            return []
        found.append((token[1].upper(), token[2], token[3]))
        at = token.end()
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def _decoded(text: str) -> bytes | None:
    """What sasl_decode64() makes of it, as `=` behind the letter asks for (usersmtp.c, readauth); None: it is no
    base64."""
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except (ValueError, UnicodeEncodeError):
        return None


def _runs_on(token: re.Match[str]) -> bool:
    """Whether the next token begins within this one or right behind it, as a missing quote makes it."""
    after = token.string[token.end() : token.end() + 1]
    return (after != "" and not after.isspace()) or _TOKEN_START.search(token[3]) is not None


def _policy(key: str, value: str) -> str:
    """Of a feature's entry the value, which is letters and requirements; of others the word of policy it begins with.

    Nothing that looks like an AuthInfo entry under a misspelt key is shown.
    """
    if _TOKEN_START.search(value):
        return ""
    if key.startswith(_FEATURES):
        return value[:_SHOWN_LENGTH]
    if key.startswith(_LIMITS) and value.isdecimal() and value.isascii():
        return value[:9]
    word = _POLICY.match(value)
    return word[1].upper() if word else ""

"""Who is in a passwd-file of Dovecot and how the passwords are stored: schemes and shapes, never a password or a hash.

Sources: dovecot auth/db-passwd-file.c, passwd_file_sync() and passwd_file_add(); auth/password-scheme.c,
password_get_scheme().
"""

import re
from collections.abc import Iterator

from maildoctor.host.accounts import scheme_of

MOST = 50_000
"""Users that are listed."""

_NAME = re.compile(r"[^\s:\x00-\x1f\x7f]{1,200}")
_SCHEME = re.compile(r"\{([A-Za-z0-9._-]{1,40})\}")
_OLD_MD5 = re.compile(r"\$1\$[^$]{0,60}\$")
_PWDFILE = re.compile(r"\[(\d{2})\]?$")
_OF_PWDFILE = {"13": "CRYPT", "34": "PLAIN-MD5", "56": "DIGEST-MD5"}
"""Suffixes of libpam-pwdfile."""
_EXTRA = ("nopassword", "nologin", "allow_nets", "proxy", "nodelay", "user", "nouser")
"""Extra fields that are told of, by their names; of `allow_nets`, which is no secret, the value too."""
_NETWORKS = re.compile(r"allow_nets=[0-9A-Fa-f:./,local]{1,400}")


def users(text: str) -> Iterator[str]:
    """A line for each user, `NAME<TAB>SCHEME<TAB>SHAPE<TAB>FIELD …`: the scheme as it is written, `-` where none is;
    `shape` is what the rest looks like: `empty`, the name of a crypt(3) scheme, `hex32`, `locked`, `text`. On top,
    where there are more, `# cut: …`; lines that are no users are counted in `# lines without a user: N`."""
    rows, more, none = list[str](), 0, 0
    for line in text.split("\n"):
        line = line.rstrip("\r")
        if not line or line[0] in "#:":
            none += bool(line) and line[0] == ":"
            continue
        name, colon, rest = line.partition(":")
        if not _NAME.fullmatch(name):
            none += 1
            continue
        if len(rows) == MOST:
            more += 1
            continue
        fields = rest.split(":")
        scheme, shape = _stored(fields[0])
        extra = ":".join(fields[6:]).split() if len(fields) > 6 else []
        kept = (w if _NETWORKS.fullmatch(w) else w.partition("=")[0] for w in extra if w.partition("=")[0] in _EXTRA)
        rows.append("\t".join([name, scheme or "-", shape, " ".join(kept)]).rstrip("\t"))
        none += not colon and not rest
    if more:
        yield f"# cut: only the first {MOST:,} of {MOST + more:,} users are listed"
    if none:
        yield f"# lines without a user: {none}"
    yield from rows


def _stored(field: str) -> tuple[str, str]:
    """Scheme and shape of a password field."""
    if m := _PWDFILE.search(field):
        return _OF_PWDFILE.get(m[1], "CRYPT"), _shape(field[: m.start()])
    if m := _SCHEME.match(field):
        return m[1].upper(), _shape(field[m.end() :])
    if _OLD_MD5.match(field):
        return "MD5-CRYPT", "md5"
    return "", _shape(field)


def _shape(text: str) -> str:
    if not text:
        return "empty"
    if scheme := scheme_of(text) if text[0] in "$_" else "":
        return scheme
    if re.fullmatch(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{128}", text):
        return f"hex{len(text)}"
    if text[0] in "!*":
        return "locked"
    return "text"

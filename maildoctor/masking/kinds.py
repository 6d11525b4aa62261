"""Files of which each line is an entry with a secret in a known place."""

import re

from maildoctor.masking.forms import Span, Spans
from maildoctor.masking.patterns import pattern
from maildoctor.masking.values import setting, struck

_NAMES = {
    "passwd": "passwd", "passwd-": "passwd", "master.passwd": "passwd", "group": "group", "group-": "group",
    "shadow": "shadow", "shadow-": "shadow", "gshadow": "gshadow", "gshadow-": "gshadow", ".pgpass": "pgpass",
    "pgpass": "pgpass", "pgpass.conf": "pgpass", ".htpasswd": "pairs", "htpasswd": "pairs", "sasl_passwd": "pairs",
    "sasl_password": "pairs", "smtp_auth": "pairs", "saslpasswd": "pairs", "passwd.client": "pairs",
    "chap-secrets": "chap", ".netrc": "netrc", "netrc": "netrc", "_netrc": "netrc", "default-auth-info": "authlines",
    "auth-info": "authlines", "pam_radius_auth.conf": "radius", "pam_radius.conf": "radius", "hosts.allow": "wrappers",
    "hosts.deny": "wrappers", "esmtpauthclient": "chap",
    ".google_authenticator": "otp", "users.oath": "oath", "emailrelay.auth": "oath",
    "pap-secrets": "chap", "userdb": "pairs", "users": "pairs", "secrets": "pairs", "credentials": "pairs",
}  # fmt: skip
_TABLES = (
    "sasl_passwd",
    "sasl-passwd",
    "sasl_pass",
    "smtp_passwd",
    "relay_passwd",
    "relay_auth",
    "passwd.client",
    "dovecot.passwd",
    "dovecot.users",
    "dovecot-users",
    "smtpd-secrets",
    "psk",
)
_IN_FOLDERS = {
    ("dma", "auth.conf"): "pairs", ("uucp", "call"): "chap", ("uucp", "passwd"): "radius", ("dcc", "ids"): "dcc",
    ("pyzor", "accounts"): "pyzor", (".pyzor", "accounts"): "pyzor", ("emailrelay", "secrets"): "oath",
}  # fmt: skip
"""Names that say what they are only with the folder."""
_PASSWD = pattern(r"[^\s:#]{1,64}:([^:\s]*):[0-9]{1,10}:[0-9]{1,10}:([^:]*):[^:]*:[^:]*")
_PAIR = pattern(r"\s*(?:(\S{1,300})\s{1,40})?[\"']?([^\s:]{1,200}):(\S.*)")
_HOST_PAIR = pattern(r"\s*\[[\w.:-]{1,255}\](?::[\w-]{1,20})?\s{1,40}[\"']?[^\s:]{1,200}:(\S.*)")
_ACCOUNT = pattern(r"\s*\S{1,200}\s*:\s*[0-9]{1,5}\s*:\s*[^\s:]{1,200}\s*:\s*(\S+)\s*")
_BARE = pattern(
    r"(?:ldap|nslcd|smtp|relay|bind|radius|sasl|mysql|pgsql|db)?[._-]?(?:secret|passphrase|passfile|pwfile)|.*[._-](?:secret|pw|passphrase)",
    re.IGNORECASE,
)
"""Files that are nothing but a secret: ldap.secret."""
_SPAWN = pattern(r"\b(?:spawn|twist)\s+")
_EMPTY = frozenset(("", "x", "*", "!", "!!", "*LK*", "NP", "!*", "*NP*", "##"))


def kind_of(path: str) -> str:
    """The kind of a file by its path: one of those that `entry` knows, else `file`."""
    name = path.rpartition("/")[2]
    for ending in (".bak", ".old", ".orig", ".dpkg-old", ".rpmsave", "~", ".txt"):
        name = name.removesuffix(ending)
    if (
        name in ("users", "secrets", "credentials", "userdb")
        and "/" in path
        and not any(f in path for f in ("/dovecot", "/opensmtpd", "/mail/", "/exim", "/postfix", "/smtpd"))
    ):
        return "file"
    folder = path.rpartition("/")[0].rpartition("/")[2]
    known = _IN_FOLDERS.get((folder, name)) or _NAMES.get(name) or ("bare" if _BARE.fullmatch(name) else None)
    return known or ("pairs" if name.startswith(_TABLES) else "file")


def entry(line: str, kind: str, number: int = 0) -> Spans:
    """The secret fields of a line, the one of this number, of a file of this kind."""
    text = line.rstrip("\r")
    if text.lstrip()[:1] == "#" or not text:
        text = text.lstrip("# ")
    offset = len(line.rstrip("\r")) - len(text)
    for start, end in _fields(text, kind, number):
        if start < end and text[start:end] not in _EMPTY and not struck(text[start:end]):
            yield Span(start + offset, end + offset, "field")


def _fields(text: str, kind: str, number: int) -> list[tuple[int, int]]:
    if kind in ("group", "shadow", "gshadow", "pgpass", "passwd"):
        numbers = {"group": (1,), "shadow": (1,), "gshadow": (1,), "pgpass": (4,), "passwd": (1, 4)}[kind]
        spans, at = [], 0
        fields = text.split(":", 4 if kind == "pgpass" else -1)
        if kind == "passwd" and len(fields) == 10:  # master.passwd
            numbers = (1, 7)
        if len(fields) < 2:
            return []
        for place, field in enumerate(fields):
            if place in numbers:
                spans.append((at, at + len(field)))
            elif kind == "passwd" and place == len(fields) - 1 and " " in field.strip():
                spans.append((at + field.index(" ") + 1, at + len(field)))  # what the shell is given
            at += len(field) + 1
        return spans
    if kind == "pairs":
        match = _PAIR.match(text)
        return [(match.start(3), len(text.rstrip()))] if match and not setting(match[3]) else []
    if kind == "bare" or (kind == "authlines" and number == 3):
        word = text.strip()
        return [(text.index(word), text.index(word) + len(word))] if word and " " not in word else []
    if kind == "radius":
        words = [(m.start(), m.end()) for m in re.finditer(r"\S+", text)]
        return words[1:2] if len(words) > 1 and text[:1] != "#" else []
    if kind == "wrappers":
        spawn = _SPAWN.search(text)
        return [(spawn.end(), len(text.rstrip()))] if spawn else []
    if kind == "pyzor":
        match = _ACCOUNT.fullmatch(text)
        return [match.span(1)] if match else []
    if kind == "otp":
        return [(0, len(text.rstrip()))] if text[:1] != '"' else []
    if kind in ("dcc", "oath"):
        words = [(m.start(), m.end()) for m in re.finditer(r"\S+", text)]
        return words[1:3] if kind == "dcc" else words[3:4]
    if kind == "chap":
        words = [(m.start(), m.end()) for m in re.finditer(r"\"[^\"]*\"|\S+", text)]
        return words[2:3]
    return []


def of_its_own(line: str) -> Spans:
    """Entries that tell by their form what they are, wherever they stand: passwd, and `[host]:587 user:password`."""
    text = line.rstrip("\r\n")
    match = _PASSWD.fullmatch(text)
    if match is not None:
        yield from entry(line, "passwd")
    match = _HOST_PAIR.match(text)
    if match is not None and not struck(match[1]):
        yield Span(match.start(1), len(text.rstrip()), "pair")

"""A message without what varies from line to line and tells nothing of the trouble: hosts, addresses, mail addresses,
long numbers. Of two messages with the same fold both are trouble or neither is.

Whatever the reader goes by stays: every word, short numbers (`signal 11`, `0 errors`, `said: 550`), names of files,
quoted words, which hosts are of a service that this host asks (`ldap.example.com`), and what is of this host itself.
"""

import re

from maildoctor.triage.reader.noise import BACKENDS

_VARIES = re.compile(r"[.@:]|\d{4}")
_NUMBER = re.compile(r"\d{4,}")
_NAME = re.compile(
    r"(?P<mail>[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})"
    r"|(?<![\w.:/@-])(?P<address>(?!127\.|0\.)\d{1,3}(?:\.\d{1,3}){3}|(?=[\da-f]{0,4}:[\da-f]{0,4}:)[\da-f:]{5,39})"
    r"(?![\w./@-])"
    r"|(?<![\w./@-])(?P<host>(?:[\w-]{1,63}\.){1,8}(?!(?:" + "so|cf|conf|db|pem|key|crt|cer|csr|toml|ext|cfg|pid|lock"
    "|log|mc|keytab|ini|sock|socket|sqlite|lua|sieve|list|index|cache|pag|dir|cdb|lmdb|json|xml|pfx|jks|dh|cpp"
    r")\b)[a-zA-Z][\w-]{1,62})(?![\w/@.-]|\(\))"
)
_LONGEST_WORD = 300
_LOCAL = "localhost"
MOST = 4096


def fold(text: str) -> str:
    """The text with its words in the same order, those that vary replaced. Linear in the length of the text."""
    return " ".join([_folded(word) if _VARIES.search(word) else word for word in text.split(" ")])


def _folded(word: str) -> str:
    return _NUMBER.sub("0000", _NAME.sub(_kind, word[:_LONGEST_WORD])) + word[_LONGEST_WORD:]


def _kind(found: re.Match[str]) -> str:
    if found[0].startswith(_LOCAL) or found[0] == "::1":
        return found[0]
    backend = "*" if BACKENDS.search(found[0]) else ""
    return f"<{found.lastgroup}{backend}>"

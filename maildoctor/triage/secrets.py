"""What no report shows: passwords and their hashes, wherever a program was told to log them."""

import re

_STRUCK = rb"\1***"

_NAMES = rb"\b(?:pass|passwd|password|pwd|secret|userpassword)"
_VALUE = rb"(?:\"[^\"\n]{0,200}\"?|'[^'\n]{0,200}'?|[^\s,;)\]]{1,200})"
_BASE64 = rb"[A-Za-z0-9+/]"
_HASHES = rb"(?:CRYPT|PLAIN|SHA[0-9]{0,3}|SSHA[0-9]{0,3}|MD5|CLEARTEXT)"

_secrets = tuple(
    re.compile(pattern)
    for pattern in (
        # pass=x, password: "x"; not "password verification failed", not an empty one
        rb"(?i)(" + _NAMES + rb"(?:=|\"? ?: ?(?=[\"'])))(?!\s|<hidden>|$)" + _VALUE,
        rb"(?i)(\bresp=)(?!<hidden>)[A-Za-z0-9+/=]{4,400}",
        # a blob behind AUTH has a digit, a sign or a capital inside; words such as "AUTH LOGIN rejected" do not
        rb"(\bAUTH (?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER) )(?="
        + _BASE64
        + rb"{0,400}[0-9+/=A-Z])"
        + _BASE64
        + rb"{8,400}={0,2}",
        rb"(\{[A-Z0-9.-]{3,24}\})(?=[^\s]{4})[^\s,;'\")]{1,200}",
        rb"(\$(?:[0-9a-z]{1,10})\$)[./A-Za-z0-9$=,+-]{8,200}",
        # Dovecot's words for a failed comparison: CRYPT(given) != 'stored'
        rb"(" + _HASHES + rb"[A-Z0-9.-]{0,10}\()[^)\n]{1,200}\) != '[^'\n]{0,200}'?",
    )
)


def masked(line: bytes) -> bytes:
    """The line with what may be a secret struck out."""
    for secret in _secrets:
        line = secret.sub(_STRUCK, line)
    return line

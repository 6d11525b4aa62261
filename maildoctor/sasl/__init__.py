"""The client's side of SASL: bytes in, bytes out, no sockets and no files.

e = exchange("SCRAM-SHA-256", Login("test", Secret(b"…")))
e.first()            what to send with AUTH
e.answer(challenge)  what to send next
e.finish()           when the server has accepted: did it prove itself?
"""

from collections.abc import Callable

from maildoctor.sasl.login import Channel, Login
from maildoctor.sasl.script import Exchange, SaslError, Script, ServerNotProven, ServerRefused, ServerWeak
from maildoctor.sasl.secret import Secret

__all__ = [
    "BINDING",
    "MECHANISMS",
    "NEEDS_SECRET",
    "PLAINTEXT",
    "SPEAKS_FIRST",
    "TOKEN",
    "Channel",
    "Exchange",
    "Login",
    "SaslError",
    "Secret",
    "ServerNotProven",
    "ServerRefused",
    "ServerWeak",
    "exchange",
]

_SHA = ("512", "384", "256", "224", "1")

MECHANISMS: tuple[str, ...] = (
    "GSSAPI",
    "EXTERNAL",
    *(f"SCRAM-SHA-{size}-PLUS" for size in _SHA),
    *(f"SCRAM-SHA-{size}" for size in _SHA),
    "DIGEST-MD5",
    "CRAM-MD5",
    "OAUTHBEARER",
    "XOAUTH2",
    "PLAIN",
    "LOGIN",
)
"""All that are spoken here, the strongest first."""

PLAINTEXT = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})
"""Those that send the password, or a token that is as good as one: not without TLS."""

TOKEN = frozenset({"XOAUTH2", "OAUTHBEARER"})
"""Those whose secret is a bearer token; a password must not be sent in its place."""

BINDING = frozenset(m for m in MECHANISMS if m.endswith("-PLUS"))
"""Those that need `Login.channel`."""

NEEDS_SECRET = frozenset(MECHANISMS) - {"GSSAPI", "EXTERNAL"}
"""Those that need `Login.secret`; the others have a ticket or a certificate."""

SPEAKS_FIRST = frozenset(MECHANISMS) - {"LOGIN", "CRAM-MD5", "DIGEST-MD5"}
"""Those whose client has an initial response."""

_NEEDS_NAME = NEEDS_SECRET - {"OAUTHBEARER"}
_NEEDS_HOST = frozenset({"GSSAPI", "DIGEST-MD5"})


def fresh_nonce() -> str:
    """144 random bits, in letters that need no quoting in any mechanism."""
    import secrets

    return secrets.token_urlsafe(18)


def exchange(mechanism: str, login: Login, *, nonce: Callable[[], str] = fresh_nonce) -> Exchange:
    """An exchange that is ready to begin.

    Raises SaslError for a mechanism that is not spoken here, one whose package is missing, and for a login that it
    cannot carry, or that lacks what it needs.
    """
    name = mechanism.upper()
    if name not in MECHANISMS:
        raise SaslError(f"{mechanism} is no mechanism that is spoken here; these are: {', '.join(MECHANISMS)}")
    _check(name, login)
    return Exchange(name, _script(name, login, nonce))


def _check(name: str, login: Login) -> None:
    if name in NEEDS_SECRET and login.secret is None:
        raise SaslError(f"{name} needs a {'token' if name in TOKEN else 'password'}, and there is none")
    if name in _NEEDS_NAME and not login.authid:
        raise SaslError(f"{name} needs a user name, and there is none")
    if name in _NEEDS_HOST and not login.host:
        raise SaslError(f"{name} needs the name of the server's host, and there is none")
    for what, text in {
        "user name": login.authid,
        "authorization identity": login.authzid,
        "realm": login.realm,
        "service": login.service,
        "host": login.host,
    }.items():
        _check_text(what, text)


def _check_text(what: str, text: str) -> None:
    # What ends a field in one mechanism or another: NUL, ^A, line ends; and what an undecodable argument becomes.
    if any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text):
        raise SaslError(f"the {what} holds control characters, or bytes that are not UTF-8")


def _script(name: str, login: Login, nonce: Callable[[], str]) -> Script:
    # Imported here: hashlib loads OpenSSL, and a login takes one mechanism.
    if name.startswith("SCRAM-"):
        from maildoctor.sasl import scram

        digest = name.removeprefix("SCRAM-").removesuffix("-PLUS").replace("-", "").lower()
        return scram.talk(login, digest, name in BINDING, nonce)
    if name == "DIGEST-MD5":
        from maildoctor.sasl import digest_md5

        return digest_md5.talk(login, nonce)
    if name == "CRAM-MD5":
        from maildoctor.sasl import cram_md5

        return cram_md5.talk(login)
    if name == "GSSAPI":
        from maildoctor.sasl import kerberos

        return kerberos.talk(login)
    if name in TOKEN:
        from maildoctor.sasl import bearer

        return bearer.oauthbearer(login) if name == "OAUTHBEARER" else bearer.xoauth2(login)
    from maildoctor.sasl import plain

    return {"PLAIN": plain.plain, "LOGIN": plain.log_in, "EXTERNAL": plain.external}[name](login)

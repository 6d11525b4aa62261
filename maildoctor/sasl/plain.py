"""Mechanisms without cryptography: PLAIN (RFC 4616), LOGIN (a draft that never became an RFC), EXTERNAL (RFC 4422,
appendix A)."""

from maildoctor.sasl.login import Login
from maildoctor.sasl.script import SaslError, Say, Script


def plain(login: Login) -> Script:
    """All in one message, set apart by NUL. Raises SaslError for a password with a NUL."""
    if b"\0" in login.revealed():
        raise SaslError("PLAIN cannot carry a password with a NUL in it")
    names = f"{login.authzid}\0{login.authid}\0".encode()
    yield Say(names + login.revealed())


def log_in(login: Login) -> Script:
    """The server asks for the name, then for the password. What its questions say differs by server and means nothing.

    The mechanism has no place for `authzid`: raises SaslError where there is one."""
    if login.authzid:
        raise SaslError("LOGIN cannot carry an authorization identity: take PLAIN or leave it out")
    yield Say(None)
    yield Say(login.authid.encode())
    yield Say(login.revealed())


def external(login: Login) -> Script:
    """Who the client is was shown outside, by its certificate."""
    yield Say(login.authzid.encode())

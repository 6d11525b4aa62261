"""GSSAPI (RFC 4752): a Kerberos ticket from the client's cache, through the optional package `gssapi`. No security
layer. It is the one mechanism that is not pure: the library reads the cache and asks the KDC for a ticket."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from maildoctor.sasl.login import Login
from maildoctor.sasl.script import SaslError, Say, Script, quoted

_MOST_ROUNDS = 16
_NO_LAYER = 1


def talk(login: Login) -> Script:
    """Raises SaslError where the package or a ticket is missing, and for a token that the library refuses."""
    context = _Context(login)
    token = context.step(None)
    for _ in range(_MOST_ROUNDS):
        challenge = yield Say(token, proven=False)
        if context.complete:
            break
        token = context.step(challenge)
    else:
        raise SaslError(f"the server goes on asking after {_MOST_ROUNDS} tokens")
    yield Say(context.without_layer(challenge, login.authzid), proven=context.mutual)


class _Context:
    """A context of the library whose errors are ours. Each use may raise: the library keeps an error of `step` back
    where that had a token to send, and raises it at the next occasion."""

    def __init__(self, login: Login) -> None:
        self._gssapi = gssapi = _library()
        flags = gssapi.RequirementFlag
        self._mutual = flags.mutual_authentication
        with self._ours():
            self._context = gssapi.SecurityContext(
                name=gssapi.Name(f"{login.service}@{login.host}", gssapi.NameType.hostbased_service),
                usage="initiate",
                mech=gssapi.MechType.kerberos,
                # The layer is negotiated under integrity (RFC 4752, section 3.1).
                flags=[flags.mutual_authentication, flags.integrity],
            )

    @property
    def complete(self) -> bool:
        with self._ours():
            return bool(self._context.complete)

    @property
    def mutual(self) -> bool:
        with self._ours():
            return bool(self._mutual in self._context.actual_flags)

    def step(self, token: bytes | None) -> bytes:
        """The next token; empty where there is none."""
        with self._ours():
            return self._context.step(token) or b""

    def without_layer(self, offer: bytes, authzid: str) -> bytes:
        """The answer to the server's offer of layers: one byte of them as bits, three of a size."""
        with self._ours():
            offered = self._context.unwrap(offer).message
            if len(offered) != 4:
                raise SaslError("the server's offer of security layers is malformed")
            if not offered[0] & _NO_LAYER:
                raise SaslError("the server insists on a security layer, which SMTP clients do not use")
            return bytes(self._context.wrap(bytes((_NO_LAYER, 0, 0, 0)) + authzid.encode(), False).message)

    @contextmanager
    def _ours(self) -> Iterator[None]:
        try:
            yield
        except self._gssapi.exceptions.GSSError as error:
            raise SaslError(f"Kerberos: {quoted(' '.join(str(error).split()))}") from None


def _library() -> Any:
    from importlib import import_module

    try:
        return import_module("gssapi")
    except (ImportError, OSError):
        raise SaslError(
            "GSSAPI needs the Python package gssapi and the system's Kerberos library: "
            "install maildoctor[gssapi], and libkrb5 (Debian libgssapi-krb5-2, Fedora krb5-libs)"
        ) from None

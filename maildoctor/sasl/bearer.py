"""Mechanisms that carry a bearer token: OAUTHBEARER (RFC 7628) and its forerunner XOAUTH2 (of Google).

A server that refuses says why in a challenge, in JSON, and waits for an answer that means nothing before it says so in
its own protocol.
"""

from maildoctor.sasl.login import Login
from maildoctor.sasl.script import SaslError, Say, Script, quoted

_KEYS = ("status", "schemes", "scope", "openid-configuration")


def oauthbearer(login: Login) -> Script:
    """Raises SaslError for a token that is none, and for a challenge that is no error in JSON."""
    _check(login)
    user = (login.authzid or login.authid).replace("=", "=3D").replace(",", "=2C")
    pairs = [f"n,{f'a={user}' if user else ''},"]
    pairs += [f"host={login.host}"] if login.host else []
    pairs += [f"port={login.port}"] if login.port else []
    refusal = yield Say("\x01".join([*pairs, "auth=Bearer "]).encode() + login.revealed() + b"\x01\x01")
    yield Say(b"\x01", reported=_reason(refusal, login))


def xoauth2(login: Login) -> Script:
    """Raises SaslError as `oauthbearer` does, and where there is an `authzid`, for which there is no place."""
    _check(login)
    if login.authzid:
        raise SaslError("XOAUTH2 cannot carry an authorization identity: take OAUTHBEARER or leave it out")
    refusal = yield Say(f"user={login.authid}\x01auth=Bearer ".encode() + login.revealed() + b"\x01\x01")
    yield Say(b"", reported=_reason(refusal, login))


def _check(login: Login) -> None:
    # Whatever else could end the field and begin another one.
    if not login.revealed() or any(not 0x20 < byte < 0x7F for byte in login.revealed()):
        raise SaslError("this is no bearer token: it is empty, or holds spaces, control or non-ASCII characters")


def _reason(refusal: bytes, login: Login) -> str:
    import json

    try:
        said = json.loads(refusal)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("status"), str | int):
        raise SaslError("the server goes on asking, but not with the error in JSON that this mechanism has for it")
    words = ", ".join(f"{key} {said[key]}" for key in _KEYS if isinstance(said.get(key), str | int))
    # A server may repeat what it was sent.
    return quoted(words.replace(login.revealed().decode("ascii"), "***"))

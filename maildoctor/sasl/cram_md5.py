"""CRAM-MD5 (RFC 2195): a digest of the server's challenge, keyed by the password. The server proves nothing."""

from maildoctor.sasl.login import Login
from maildoctor.sasl.md5 import hmac_md5
from maildoctor.sasl.script import SaslError, Say, Script


def talk(login: Login) -> Script:
    """Raises SaslError for an empty challenge: its answer would be good for ever, and for any server."""
    if login.authzid:
        raise SaslError("CRAM-MD5 cannot carry an authorization identity: leave it out")
    challenge = yield Say(None)
    if not challenge:
        raise SaslError("the server's challenge is empty")
    digest = hmac_md5(login.revealed(), challenge)
    yield Say(f"{login.authid} {digest.hex()}".encode())

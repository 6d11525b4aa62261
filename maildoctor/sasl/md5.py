"""MD5, also on systems whose policy (FIPS) lets it do no security: here it speaks old protocols, and proves nothing."""

import hashlib
import hmac

from maildoctor.sasl.script import SaslError


def md5(data: bytes) -> bytes:
    """The digest. Raises SaslError where this Python has no MD5 at all."""
    return bytes(_md5(data).digest())


def hmac_md5(key: bytes, message: bytes) -> bytes:
    """The keyed digest (RFC 2104). Raises SaslError as `md5` does."""
    return hmac.new(key, message, _md5).digest()


def _md5(data: bytes = b"") -> "hashlib._Hash":
    try:
        return hashlib.md5(data, usedforsecurity=False)
    except ValueError:
        data = b""  # it may be a key, and a traceback may show it
        raise SaslError("this Python was built without MD5") from None

"""SCRAM (RFC 5802, 7677), with and without channel binding: both sides prove that they know the password."""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass

from maildoctor.sasl.login import Login
from maildoctor.sasl.saslprep import prepared_name, prepared_secret
from maildoctor.sasl.script import SaslError, Say, Script, ServerNotProven, ServerRefused, ServerWeak, quoted
from maildoctor.sasl.secret import Secret

MOST_ITERATIONS = 1_000_000
"""About a second of work. Servers ask for 4096 to some 100,000; a hostile one could ask for hours of ours."""

FEWEST_ITERATIONS = 4096
"""What a server is to ask for at least (RFC 7677 section 4; RFC 5802 section 5.1). With fewer, a password can be found
out from the answer that much faster; a server that only poses as one asks for 1."""
_NEVER = 1000
"""With fewer no answer is given at all: no server has so few but one that wants to know the password."""

_REASONS = {
    "invalid-proof": "the password is wrong",
    "unknown-user": "it does not know the user",
    "channel-bindings-dont-match": "the TLS connection it sees is not ours: something stands between",
    "server-does-support-channel-binding": "it offers -PLUS, and the client claims not to have seen that",
    "channel-binding-not-supported": "it cannot bind to a TLS connection",
    "unsupported-channel-binding-type": "it does not know this kind of channel binding",
    "extensions-not-supported": "it does not know an extension",
    "invalid-username-encoding": "it cannot read the user name",
    "no-resources": "it is short of resources",
}
"""Words of the server (section 7) and what they mean."""


@dataclass(frozen=True, slots=True)
class _Demand:
    nonce: str
    salt: bytes
    iterations: int


def talk(login: Login, digest: str, plus: bool, nonce: Callable[[], str]) -> Script:
    """`digest` as hashlib names it. Raises SaslError for what breaks the rules, ServerRefused for the server's e=,
    ServerNotProven for a wrong v=."""
    header = _header(login, plus)
    own = nonce()
    bare = f"n={_escaped(prepared_name(login.authid))},r={own}".encode()
    opening = yield Say(header + bare, proven=False)
    demand = _demand(opening, own)
    binding = b64encode(header + (login.channel.data if plus and login.channel else b""))
    claim = b"c=" + binding + b",r=" + demand.nonce.encode()
    remark = _weakness(demand.iterations, login.overheard)
    proof, signature = _proofs(login, digest, demand, b",".join((bare, opening, claim)))
    final = yield Say(claim + b",p=" + b64encode(proof), proven=False, remark=remark)
    _verify(final, signature)
    yield Say(b"")


def _header(login: Login, plus: bool) -> bytes:
    """The GS2 header (section 7): what is bound to, and as whom to act."""
    if not plus:
        flag = "y" if login.channel else "n"
    elif login.channel is None:
        raise SaslError("a -PLUS mechanism needs a TLS connection that can be bound to")
    elif not re.fullmatch(r"[A-Za-z0-9.-]+", login.channel.kind):
        raise SaslError("the kind of channel binding is no name")
    else:
        flag = f"p={login.channel.kind}"
    return f"{flag},{f'a={_escaped(login.authzid)}' if login.authzid else ''},".encode()


def _escaped(name: str) -> str:
    return name.replace("=", "=3D").replace(",", "=2C")


def _demand(message: bytes, own: str) -> _Demand:
    nonce, salt, iterations, *extensions = _attributes(message)
    if not nonce.startswith("r=") or not salt.startswith("s=") or not iterations.startswith("i="):
        raise SaslError("the server's first message is not r=, s= and i=")
    if any(not re.match(r"[A-Za-z]=", e) or e[0] in "rsim" for e in extensions):
        raise SaslError("the server's first message has an attribute that is malformed or out of place")
    return _Demand(_nonce(nonce[2:], own), _bytes(salt[2:], "salt"), _iterations(iterations[2:]))


def _attributes(message: bytes) -> list[str]:
    """Raises SaslError for fewer than three attributes, the server's e=, and m=, which is there for us to fail."""
    parts = _text(message).split(",")
    if parts[0].startswith("m="):
        raise SaslError("the server demands an extension of SCRAM (m=) that nobody has defined")
    if parts[0].startswith("e="):
        raise _refusal(parts[0][2:])
    if len(parts) < 3:
        raise SaslError("the server's first message is not r=, s= and i=")
    return parts


def _text(message: bytes) -> str:
    try:
        text = message.decode("utf-8")
    except UnicodeDecodeError:
        raise SaslError("the server's message is not UTF-8") from None
    if "\0" in text:
        raise SaslError("the server's message has a NUL in it")
    return text


def _nonce(nonce: str, own: str) -> str:
    if not nonce.startswith(own):
        raise SaslError("the server's nonce does not begin with ours: it answers another client, or replays")
    if nonce == own:
        raise SaslError("the server added nothing to our nonce")
    if not nonce.isascii() or not nonce.isprintable() or " " in nonce:
        raise SaslError("the server's nonce has signs in it that a nonce must not have")
    return nonce


def _iterations(count: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]*", count):
        raise SaslError(f"the server's iteration count is no positive number: {quoted(count)}", quoted(count))
    if len(count) > len(str(MOST_ITERATIONS)) or int(count) > MOST_ITERATIONS:
        raise SaslError(f"the server asks for more than {MOST_ITERATIONS} iterations: {quoted(count)}", quoted(count))
    return int(count)


def _weakness(iterations: int, overheard: bool) -> str:
    """What to remark of this count; it is not quoted, for it is the server's word. Raises ServerWeak."""
    few = next((f"fewer than {least} iterations" for least in (_NEVER, FEWEST_ITERATIONS) if iterations < least), "")
    if few and (overheard or iterations < _NEVER):
        raise ServerWeak(f"the server asks for {few}" + (", and others could hear the answer" if overheard else ""))
    return few


def _bytes(text: str, what: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise SaslError(f"the server's {what} is no base64") from None


def _proofs(login: Login, digest: str, demand: _Demand, message: bytes) -> tuple[bytes, bytes]:
    """The client's proof and the server's signature (section 3)."""
    password = prepared_secret(login.secret or Secret(b""))
    salted = hashlib.pbkdf2_hmac(digest, password.reveal(), demand.salt, demand.iterations)
    client_key = hmac.digest(salted, b"Client Key", digest)
    signature = hmac.digest(hashlib.new(digest, client_key).digest(), message, digest)
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    return proof, hmac.digest(hmac.digest(salted, b"Server Key", digest), message, digest)


def _verify(message: bytes, signature: bytes) -> None:
    verdict, *extensions = _text(message).split(",")
    if verdict.startswith("e="):
        raise _refusal(verdict[2:])
    if not verdict.startswith("v=") or any(not re.match(r"[A-Za-z]=", e) for e in extensions):
        raise SaslError("the server's last message is neither v= nor e=")
    if not hmac.compare_digest(_bytes(verdict[2:], "proof"), signature):
        raise ServerNotProven("the server's proof (v=) is wrong: it does not know the password")


def _refusal(words: str) -> ServerRefused:
    meaning = _REASONS.get(words)
    said = "" if meaning else quoted(words)  # a word of the standard is no secret
    return ServerRefused(f"the server says {quoted(words)}" + (f": {meaning}" if meaning else ""), said)

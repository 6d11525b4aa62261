"""The client's side of SASL, against the examples of the RFCs and against small servers written from them.

The servers here share no code with the client: SCRAM's PBKDF2 is done by hand, DIGEST-MD5's lists are cut by a scanner.
"""

import copy
import dataclasses
import hashlib
import hmac
import json
import pickle
import re
import string
import sys
import traceback
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maildoctor.sasl import (
    BINDING,
    MECHANISMS,
    NEEDS_SECRET,
    PLAINTEXT,
    SPEAKS_FIRST,
    TOKEN,
    Channel,
    Exchange,
    Login,
    SaslError,
    Secret,
    ServerNotProven,
    ServerRefused,
    exchange,
)

HOST = "mail.example.com"
PURE = [m for m in MECHANISMS if m != "GSSAPI"]
SCRAM = [m for m in MECHANISMS if m.startswith("SCRAM") and m not in BINDING]
CHANNEL = Channel("tls-unique", b"\0of one\xff connection")


def login(name: str = "test", password: str | bytes = b"pencil", **more: Any) -> Login:
    raw = password.encode() if isinstance(password, str) else password
    return Login(name, Secret(raw), **{"host": HOST, **more})


def begun(mechanism: str, **more: Any) -> Exchange:
    return exchange(mechanism, login(**more), nonce=lambda: "ours")


# What may stand in a name or a password: letters of several scripts, and every sign that some mechanism must escape.
TEXT = st.text(st.sampled_from(string.printable[:95] + '"\\,=éßÿČ漢字\U0001f511'), min_size=1, max_size=20)


# ---- the examples of the RFCs


@pytest.mark.parametrize(
    ("mechanism", "nonce", "opening", "claim", "final"),
    [
        (
            "SCRAM-SHA-1",
            "fyko+d2lbbFgONRv9qkxdawL",
            b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (
            "SCRAM-SHA-256",
            "rOprNGfwEbeRWgbNEkqO",
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ],
)
def test_scram_as_in_rfc_5802_and_7677(mechanism: str, nonce: str, opening: bytes, claim: bytes, final: bytes) -> None:
    e = exchange(mechanism, login("user"), nonce=lambda: nonce)
    assert e.first() == b"n,,n=user,r=" + nonce.encode()
    assert e.answer(opening) == claim
    with pytest.raises(ServerNotProven):
        e.finish()
    assert e.answer(final) == b""
    e.finish()


@pytest.mark.parametrize(
    ("service", "nonce", "cnonce", "response", "rspauth"),
    [
        (
            "imap",
            "OA6MG9tEQGm2hh",
            "OA6MHXh6VqTrRk",
            "d388dad90d4bbd760a152321f2143af7",
            "ea40f60335c427b5527b84dbabcdfffd",
        ),
        (
            "acap",
            "OA9BSXrbuRhWay",
            "OA9BSuZWMSpW8m",
            "6084c6db3fede7352c551284490fd0fc",
            "2f0b3d7c3c2e486600ef710726aa2eae",
        ),
    ],
)
def test_digest_md5_as_in_rfc_2831(service: str, nonce: str, cnonce: str, response: str, rspauth: str) -> None:
    who = login("chris", "secret", service=service, host="elwood.innosoft.com")
    e = exchange("digest-md5", who, nonce=lambda: cnonce)
    assert e.first() is None
    said = e.answer(f'realm="elwood.innosoft.com",nonce="{nonce}",qop="auth",algorithm=md5-sess,charset=utf-8'.encode())
    assert sorted(said.decode().split(",")) == sorted(
        [
            "charset=utf-8",
            'username="chris"',
            'realm="elwood.innosoft.com"',
            f'nonce="{nonce}"',
            "nc=00000001",
            f'cnonce="{cnonce}"',
            f'digest-uri="{service}/elwood.innosoft.com"',
            f"response={response}",
            "qop=auth",
        ]
    )
    with pytest.raises(ServerNotProven):
        e.finish()
    assert e.answer(f"rspauth={rspauth}".encode()) == b""
    e.finish()


def test_cram_md5_as_in_rfc_2195() -> None:
    e = exchange("CRAM-MD5", login("tim", "tanstaaftanstaaf"))
    assert e.first() is None
    said = e.answer(b"<1896.697170952@postoffice.reston.mci.net>")
    assert said == b"tim b913a602c7eda7a495b4e6e7334d3890"
    e.finish()


def test_plain_as_in_rfc_4616() -> None:
    assert exchange("PLAIN", login("tim", "tanstaaftanstaaf")).first() == b"\0tim\0tanstaaftanstaaf"
    assert exchange("PLAIN", login("Kurt", "xipj3plmq", authzid="Ursel")).first() == b"Ursel\0Kurt\0xipj3plmq"


BEARER_7628 = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
REFUSAL_7628 = b64decode(
    "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4"
    "YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0="
)


def test_oauthbearer_as_in_rfc_7628() -> None:
    e = exchange("OAUTHBEARER", login("user@example.com", BEARER_7628, host="server.example.com", port=143))
    assert e.first() == (
        b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer "
        b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    )
    e.finish()
    assert e.reported == ""
    assert e.answer(REFUSAL_7628) == b"\x01"
    assert "invalid_token" in e.reported
    assert "example_scope" in e.reported
    with pytest.raises(SaslError, match="invalid_token"):
        e.finish()


def test_xoauth2_as_google_writes_it() -> None:
    e = exchange("XOAUTH2", login("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"))
    assert e.first() == (
        b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01"
    )
    assert e.answer(b'{"status":"401","schemes":"bearer mac","scope":"https://mail.example.com/"}') == b""
    assert e.reported == "status 401, schemes bearer mac, scope https://mail.example.com/"


def test_login_asks_twice_in_any_words() -> None:
    e = begun("LOGIN")
    assert (e.first(), e.answer(b"User Name\0"), e.answer(b"")) == (None, b"test", b"pencil")
    e.finish()


def test_external_says_nothing_or_as_whom_to_act() -> None:
    assert exchange("EXTERNAL", Login("")).first() == b""
    assert exchange("EXTERNAL", Login("", authzid="tést")).first() == "tést".encode()


# ---- servers written from the RFCs


def _saltedpassword(digest: str, password: bytes, salt: bytes, iterations: int) -> bytes:
    u = hmac.digest(password, salt + b"\0\0\0\1", digest)
    total = int.from_bytes(u, "big")
    for _ in range(iterations - 1):
        u = hmac.digest(password, u, digest)
        total ^= int.from_bytes(u, "big")
    return total.to_bytes(len(u), "big")


@dataclasses.dataclass
class ScramServer:
    """RFC 5802, for one user whose name and password SASLprep leaves as they are."""

    digest: str
    name: str
    password: str
    authzid: str = ""
    flag: str = "n"
    data: bytes = b""
    salt: bytes = b"\0salt\xff"
    iterations: int = 1000

    def opening(self, first: bytes) -> bytes:
        flag, authzid, name, nonce = first.decode().split(",")
        assert flag == self.flag
        assert authzid == (f"a={self._escaped(self.authzid)}" if self.authzid else "")
        assert name == "n=" + self._escaped(self.name)
        self.header = f"{flag},{authzid},".encode()
        self.nonce = nonce.removeprefix("r=") + "%theirs"
        self.bare = first[len(self.header) :]
        self.said = f"r={self.nonce},s={b64encode(self.salt).decode()},i={self.iterations}".encode()
        return self.said

    def final(self, claim: bytes) -> bytes:
        without, _, proof = claim.rpartition(b",p=")
        assert without == b"c=" + b64encode(self.header + self.data) + b",r=" + self.nonce.encode()
        salted = _saltedpassword(self.digest, self.password.encode(), self.salt, self.iterations)
        stored = hashlib.new(self.digest, hmac.digest(salted, b"Client Key", self.digest)).digest()
        message = b",".join((self.bare, self.said, without))
        signature = hmac.digest(stored, message, self.digest)
        key = bytes(a ^ b for a, b in zip(b64decode(proof), signature, strict=True))
        if hashlib.new(self.digest, key).digest() != stored:
            return b"e=invalid-proof"
        return b"v=" + b64encode(hmac.digest(hmac.digest(salted, b"Server Key", self.digest), message, self.digest))

    @staticmethod
    def _escaped(name: str) -> str:
        return "".join({"=": "=3D", ",": "=2C"}.get(c, c) for c in name)


def _digest(mechanism: str) -> str:
    return mechanism.removesuffix("-PLUS").replace("SCRAM-SHA-", "sha")


@given(st.sampled_from(SCRAM), TEXT, TEXT, st.just("") | TEXT)
def test_scram_agrees_with_a_server(mechanism: str, name: str, password: str, authzid: str) -> None:
    server = ScramServer(_digest(mechanism), name, password, authzid)
    e = exchange(mechanism, login(name, password, authzid=authzid))
    assert e.answer(server.final(e.answer(server.opening(e.first() or b"")))) == b""
    e.finish()


@pytest.mark.parametrize("mechanism", sorted(BINDING))
@pytest.mark.parametrize("kind", ["tls-unique", "tls-server-end-point", "tls-exporter"])
def test_scram_binds_to_the_channel(mechanism: str, kind: str) -> None:
    server = ScramServer(_digest(mechanism), "test", "pencil", flag=f"p={kind}", data=CHANNEL.data)
    e = begun(mechanism, channel=Channel(kind, CHANNEL.data))
    e.answer(server.final(e.answer(server.opening(e.first() or b""))))
    e.finish()


def test_scram_says_that_it_could_have_bound() -> None:
    assert (begun("SCRAM-SHA-256", channel=CHANNEL).first() or b"").startswith(b"y,,")
    assert (begun("SCRAM-SHA-256").first() or b"").startswith(b"n,,")


@pytest.mark.parametrize("mechanism", sorted(BINDING))
def test_plus_without_a_channel_cannot_begin(mechanism: str) -> None:
    with pytest.raises(SaslError, match="bound"):
        begun(mechanism)
    with pytest.raises(SaslError, match="no name"):
        begun(mechanism, channel=Channel("tls,unique", b""))


@pytest.mark.parametrize("mechanism", SCRAM)
def test_a_wrong_password_is_told_in_the_servers_words(mechanism: str) -> None:
    server = ScramServer(_digest(mechanism), "test", "other")
    e = begun(mechanism)
    claim = e.answer(server.opening(e.first() or b""))
    with pytest.raises(ServerRefused, match="invalid-proof: the password is wrong"):
        e.answer(server.final(claim))


@pytest.mark.parametrize("mechanism", SCRAM)
def test_a_server_with_another_password_is_not_proven(mechanism: str) -> None:
    server = ScramServer(_digest(mechanism), "test", "pencil")
    e = begun(mechanism)
    right = server.final(e.answer(server.opening(e.first() or b"")))
    wrong = b"v=" + b64encode(bytes([b64decode(right[2:])[0] ^ 1]) + b64decode(right[2:])[1:])
    with pytest.raises(ServerNotProven, match="does not know the password"):
        e.answer(wrong)
    with pytest.raises(ServerNotProven):
        e.finish()


def test_a_proof_may_come_with_the_acceptance() -> None:
    server = ScramServer("sha256", "test", "pencil")
    e = begun("SCRAM-SHA-256")
    e.finish(server.final(e.answer(server.opening(e.first() or b""))))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("\U0001f511", "\U0001f511"),
    ],
)
def test_names_are_prepared_as_in_rfc_4013(typed: str, meant: str) -> None:
    server = ScramServer("sha256", meant, meant)
    e = exchange("SCRAM-SHA-256", login(typed, typed))
    e.finish(server.final(e.answer(server.opening(e.first() or b""))))


@pytest.mark.parametrize("forbidden", ["\u0627\u0031", "\u0627a\u0627", "\ue000", "a\u200eb", "\u0085", "\u00ad"])
def test_scram_refuses_a_name_that_saslprep_forbids(forbidden: str) -> None:
    with pytest.raises(SaslError, match="user name"):
        begun("SCRAM-SHA-256", name=forbidden)


@pytest.mark.parametrize("forbidden", [b"\x07bell", b"caf\xe9", "\ue000".encode()])
def test_scram_refuses_a_password_that_saslprep_forbids(forbidden: bytes) -> None:
    e = begun("SCRAM-SHA-256", password=forbidden)
    with pytest.raises(SaslError, match="this password"):
        e.answer(b"r=ours2,s=AAAA,i=4096")


def _pairs(data: bytes) -> list[tuple[str, bytes]]:
    """A list of RFC 2831, byte by byte: strict, as the client has to write it."""
    found, at = [], 0
    while at < len(data):
        end = data.index(b"=", at)
        name, at, value = data[at:end].decode(), end + 1, bytearray()
        if data[at : at + 1] == b'"':
            at += 1
            while data[at : at + 1] != b'"':
                at += data[at : at + 1] == b"\\"
                value += data[at : at + 1]
                at += 1
            at += 1
        else:
            while at < len(data) and data[at : at + 1] != b",":
                assert data[at : at + 1] not in b'"\\ \t()<>@;:/[]?={}'
                value += data[at : at + 1]
                at += 1
        assert data[at : at + 1] in (b",", b"")
        at += 1
        found.append((name, bytes(value)))
    assert len({name for name, _ in found}) == len(found)
    return found


@dataclasses.dataclass
class DigestServer:
    """RFC 2831: section 2.1, for one user."""

    name: str
    password: str
    realm: str = "example.com"
    unicode: bool = True
    authzid: str = ""
    nonce: str = 'non"ce\\'

    def challenge(self) -> bytes:
        parts = [f"realm={self._quoted(self.realm)}", f"nonce={self._quoted(self.nonce)}"]
        parts += ['qop="auth,auth-int,auth-conf"', 'cipher="rc4,3des"', "maxbuf=4096", "algorithm=md5-sess", "x=y"]
        return ",".join(parts + ["charset=utf-8"] * self.unicode).encode("utf-8" if self.unicode else "latin-1")

    def final(self, said: bytes) -> bytes:
        given = dict(_pairs(said))
        charset = "utf-8" if self.unicode else "latin-1"
        assert given.pop("charset", None) == (b"utf-8" if self.unicode else None)
        assert given["username"] == self.name.encode(charset)
        assert given["realm"] == self.realm.encode(charset)
        assert given["nonce"] == self.nonce.encode()
        assert (given["nc"], given["qop"], given["digest-uri"]) == (b"00000001", b"auth", f"smtp/{HOST}".encode())
        assert given.get("authzid", b"") == self.authzid.encode()
        if given["response"] != self._response(given["cnonce"], b"AUTHENTICATE"):
            return b"nothing"
        return b"rspauth=" + self._response(given["cnonce"], b"")

    def _response(self, cnonce: bytes, method: bytes) -> bytes:
        def h(data: bytes) -> bytes:
            return hashlib.md5(data, usedforsecurity=False).digest()

        secret = h(b":".join(self._hashed(text) for text in (self.name, self.realm, self.password)))
        a1 = secret + b":" + self.nonce.encode() + b":" + cnonce
        a1 += b":" + self.authzid.encode() if self.authzid else b""
        a2 = method + f":smtp/{HOST}".encode()
        kd = f"{h(a1).hex()}:{self.nonce}:00000001:{cnonce.decode()}:auth:{h(a2).hex()}"
        return h(kd.encode()).hex().encode()

    @staticmethod
    def _hashed(text: str) -> bytes:
        return text.encode("latin-1") if all(ord(c) < 256 for c in text) else text.encode()

    @staticmethod
    def _quoted(text: str) -> str:
        return '"' + "".join("\\" + c if c in '"\\' else c for c in text) + '"'


@given(TEXT, TEXT, TEXT, st.just("") | TEXT)
def test_digest_md5_agrees_with_a_server(name: str, password: str, realm: str, authzid: str) -> None:
    server = DigestServer(name, password, realm, authzid=authzid)
    e = exchange("DIGEST-MD5", login(name, password, authzid=authzid))
    assert e.answer(server.final(e.answer(server.challenge()))) == b""
    e.finish()


LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), min_size=1)


@given(LATIN, LATIN, LATIN)
def test_digest_md5_agrees_with_a_server_of_latin_1(name: str, password: str, realm: str) -> None:
    server = DigestServer(name, password, realm, unicode=False)
    e = exchange("DIGEST-MD5", login(name, password))
    e.finish(server.final(e.answer(server.challenge())))


@pytest.mark.parametrize("more", [{"name": "漢"}, {"password": "漢"}, {"realm": "漢"}])
def test_digest_md5_says_that_the_server_lacks_utf_8(more: dict[str, str]) -> None:
    with pytest.raises(SaslError, match="does not speak UTF-8"):
        begun("DIGEST-MD5", **more).answer(DigestServer("test", "pencil", unicode=False).challenge())


@pytest.mark.parametrize(
    ("wanted", "offered", "sent"),
    [
        ("", b'realm="a.example",realm="b.example",', b'realm="a.example"'),
        ("b.example", b'realm="a.example",realm="b.example",', b'realm="b.example"'),
        ("c.example", b'realm="a.example",', b'realm="c.example"'),
        ("c.example", b"", b'realm="c.example"'),
        ("", b'realm="",', b'realm=""'),
        ("", b"realm=bare.example ,, \t,", b'realm="bare.example"'),
        ("", b"", None),
    ],
)
def test_digest_md5_takes_the_realm_asked_for_or_the_first(wanted: str, offered: bytes, sent: bytes | None) -> None:
    said = begun("DIGEST-MD5", realm=wanted).answer(offered + b"nonce=n , algorithm = MD5-sess ,")
    assert [p for p in said.split(b",") if p.startswith(b"realm=")] == ([sent] if sent else [])


@pytest.mark.parametrize("final", [b"", b"rspauth=", b"rspauth=00", b"nothing", b"rspauth=a,rspauth=a", b"x=y"])
def test_digest_md5_believes_no_wrong_rspauth(final: bytes) -> None:
    e = begun("DIGEST-MD5")
    e.answer(DigestServer("test", "pencil").challenge())
    expected = SaslError if final in (b"nothing", b"rspauth=") else ServerNotProven
    with pytest.raises(expected):
        e.answer(final)
    with pytest.raises(ServerNotProven):
        e.finish()


@given(TEXT, TEXT, st.binary(min_size=1))
def test_cram_md5_agrees_with_a_server(name: str, password: str, challenge: bytes) -> None:
    said, _, digest = exchange("CRAM-MD5", login(name, password)).answer(challenge).rpartition(b" ")
    assert said.decode() == name
    key = password.encode()
    key = (hashlib.md5(key, usedforsecurity=False).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.md5(bytes(b ^ 0x36 for b in key) + challenge, usedforsecurity=False).digest()
    assert digest.decode() == hashlib.md5(bytes(b ^ 0x5C for b in key) + inner, usedforsecurity=False).hexdigest()


@given(TEXT, TEXT, st.just("") | TEXT)
def test_plain_and_login_carry_every_name_and_password(name: str, password: str, authzid: str) -> None:
    plain = exchange("PLAIN", login(name, password, authzid=authzid)).first() or b""
    assert plain.decode().split("\0") == [authzid, name, password]
    e = exchange("LOGIN", login(name, password))
    assert [e.answer(b"?").decode(), e.answer(b"?").decode()] == [name, password]


@given(TEXT)
def test_oauthbearer_escapes_the_name(name: str) -> None:
    header, *pairs = (exchange("OAUTHBEARER", login(name, "token")).first() or b"").decode().split("\x01")
    assert pairs == [f"host={HOST}", "auth=Bearer token", "", ""]
    flag, authzid, rest = header.split(",")
    assert (flag, rest) == ("n", "")
    assert re.sub("=2C|=3D", lambda m: {"=2C": ",", "=3D": "="}[m[0]], authzid.removeprefix("a=")) == name


# ---- hostile servers


@pytest.mark.parametrize(
    ("opening", "says"),
    [
        (b"", "r=, s= and i="),
        (b"r=ours2", "r=, s= and i="),
        (b"s=AAAA,r=ours2,i=4096", "r=, s= and i="),
        (b"r=ours2,s=AAAA,i=0", "no positive number: 0"),
        (b"r=ours2,s=AAAA,i=-1", "no positive number: -1"),
        (b"r=ours2,s=AAAA,i=", "no positive number"),
        (b"r=ours2,s=AAAA,i=4096x", "no positive number"),
        (b"r=ours2,s=AAAA,i=+5", "no positive number"),
        (b"r=ours2,s=AAAA,i= 5", "no positive number"),
        (b"r=ours2,s=AAAA,i=5\n", "no positive number"),
        ("r=ours2,s=AAAA,i=٣".encode(), "no positive number"),
        (b"r=ours2,s=AAAA,i=1000001", "more than 1000000 iterations"),
        (b"r=ours2,s=AAAA,i=" + b"9" * 60000, "more than 1000000 iterations"),
        (b"r=theirs,s=AAAA,i=4096", "does not begin with ours"),
        (b"r=our,s=AAAA,i=4096", "does not begin with ours"),
        (b"r=ours,s=AAAA,i=4096", "added nothing"),
        ("r=oursé,s=AAAA,i=4096".encode(), "must not have"),
        (b"r=ours 2,s=AAAA,i=4096", "must not have"),
        (b"r=ours2,s=A,i=4096", "salt is no base64"),
        (b"r=ours2,s=AA*A,i=4096", "salt is no base64"),
        ("r=ours2,s=é,i=4096".encode(), "salt is no base64"),
        (b"m=ext,r=ours2,s=AAAA,i=4096", "demands an extension"),
        (b"r=ours2,s=AAAA,i=4096,m=ext", "out of place"),
        (b"r=ours2,s=AAAA,i=4096,r=ours3", "out of place"),
        (b"r=ours2,s=AAAA,i=4096,", "malformed"),
        (b"r=ours2,s=AAAA,i=4096,xx", "malformed"),
        (b"e=unknown-user", "unknown-user: it does not know the user"),
        (b"e=server-is-tired", "the server says server-is-tired"),
        (b"r=ours2\0,s=AAAA,i=4096", "NUL"),
        (b"r=ours\xff,s=AAAA,i=4096", "not UTF-8"),
        (b"r=ours" + b"x" * 64 * 1024, "longer than 65536 bytes"),
    ],
)
def test_a_hostile_scram_challenge_is_told(opening: bytes, says: str) -> None:
    with pytest.raises(SaslError) as caught:
        begun("SCRAM-SHA-256").answer(opening)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_million_iterations_are_done_and_extensions_ignored() -> None:
    assert begun("SCRAM-SHA-1").answer(b"r=ours2,s=AAAA,i=1000000,x=new").startswith(b"c=biws,r=ours2,p=")


@pytest.mark.parametrize(
    ("final", "says"),
    [
        (b"", "neither v= nor e="),
        (b"v", "neither v= nor e="),
        (b"v=*", "no base64"),
        (b"v=AAAA,", "neither"),
        (b"\xff", "not UTF-8"),
        (b"e=" + b"x" * 9999, "the server says xxx"),
        (b"e=channel-bindings-dont-match", "something stands between"),
    ],
)
def test_a_hostile_end_of_scram_is_told(final: bytes, says: str) -> None:
    e = begun("SCRAM-SHA-256")
    e.answer(b"r=ours2,s=AAAA,i=4096")
    with pytest.raises(SaslError) as caught:
        e.answer(final)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 400


GOOD = b'nonce="n",algorithm=md5-sess'


@pytest.mark.parametrize(
    ("challenge", "says"),
    [
        (b"", "no nonce"),
        (b"algorithm=md5-sess", "no nonce"),
        (b'nonce="",algorithm=md5-sess', "no nonce"),
        (b"nonce=n", "algorithm md5-sess"),
        (b"nonce=n,algorithm=md5", "algorithm md5-sess"),
        (GOOD + b",nonce=m", "nonce more than once"),
        (GOOD + b",NONCE=m", "nonce more than once"),
        (GOOD + b",algorithm=md5-sess", "algorithm more than once"),
        (GOOD + b",charset=utf-8,charset=utf-8", "charset more than once"),
        (GOOD + b",qop=auth,qop=auth", "qop more than once"),
        (GOOD + b",maxbuf=1,maxbuf=2", "maxbuf more than once"),
        (GOOD + b",stale=true,stale=true", "stale more than once"),
        (GOOD + b",cipher=rc4,cipher=des", "cipher more than once"),
        (GOOD + b",charset=utf-16", "charset other than utf-8"),
        (GOOD + b',qop="auth-int,auth-conf"', "layer"),
        (GOOD + b',realm="\xff",charset=utf-8', "realm is not in the charset"),
        (GOOD + b',realm="open', "no list of name=value"),
        (GOOD + b',realm="open\\"', "no list of name=value"),
        (GOOD + b",realm", "no list of name=value"),
        (GOOD + b",=x", "no list of name=value"),
        (GOOD + b',a="b"c', "no list of name=value"),
        (b" " * 65536, "no nonce"),
        (b'a="' + b"\\" * 65533, "no list of name=value"),
        (b"a" * 65536, "no list of name=value"),
        (b"," * 65536, "no nonce"),
    ],
)
def test_a_hostile_digest_md5_challenge_is_told(challenge: bytes, says: str) -> None:
    with pytest.raises(SaslError) as caught:
        begun("DIGEST-MD5").answer(challenge)
    assert says in str(caught.value)


@pytest.mark.parametrize("mechanism", sorted(TOKEN))
@pytest.mark.parametrize(
    "refusal",
    [b"", b"no json", b"[]", b"{}", b'{"status": []}', b'{"status": null}', b"[" * 65536, b"\xff\xfe", b"9" * 60000],
)
def test_a_hostile_refusal_of_a_token_is_told(mechanism: str, refusal: bytes) -> None:
    with pytest.raises(SaslError, match="not with the error in JSON"):
        begun(mechanism).answer(refusal)


@pytest.mark.parametrize("mechanism", sorted(TOKEN))
def test_a_server_that_repeats_the_token_does_not_get_it_shown(mechanism: str) -> None:
    e = begun(mechanism, password=b"t0k.en")
    e.answer(b'{"status": "no such token: t0k.en", "scope": "' + b"x" * 999 + b'"}')
    assert "t0k.en" not in e.reported
    assert len(e.reported) < 300


@pytest.mark.parametrize("mechanism", sorted(TOKEN))
@pytest.mark.parametrize("token", [b"", b"a b", b"a\x01b", b"a\nb", b"caf\xe9"])
def test_what_is_no_token_is_not_sent(mechanism: str, token: bytes) -> None:
    with pytest.raises(SaslError, match="no bearer token"):
        begun(mechanism, password=token)


def test_an_empty_cram_md5_challenge_is_not_answered() -> None:
    with pytest.raises(SaslError, match="empty"):
        begun("CRAM-MD5").answer(b"")


ROUNDS = {"PLAIN": 0, "EXTERNAL": 0, "CRAM-MD5": 1, "LOGIN": 2}


@pytest.mark.parametrize(("mechanism", "rounds"), ROUNDS.items())
def test_a_server_that_never_ends_is_told(mechanism: str, rounds: int) -> None:
    e = begun(mechanism)
    for _ in range(rounds):
        e.answer(b"more")
    for _ in range(2):
        with pytest.raises(SaslError, match=f"goes on asking where {mechanism} is over"):
            e.answer(b"more")


NEARLY = [
    b"r=ours2,s=AAAA,i=4096",
    b"v=AAAA",
    b"e=other-error",
    GOOD + b",charset=utf-8",
    b"rspauth=00",
    b'{"status":"401"}',
]
HOSTILE = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(NEARLY),
    st.builds(lambda words: b",".join(words), st.lists(st.sampled_from(NEARLY) | st.binary(max_size=5), max_size=5)),
    st.text('r=s=i=0123,"\\ \x00é{}[]', max_size=40).map(str.encode),
)


@settings(max_examples=300)
@given(st.sampled_from(PURE), st.lists(HOSTILE, max_size=4), st.none() | HOSTILE)
@example("SCRAM-SHA-256", [b"r=ours2,s=AAAA,i=4096", b"v=AAAA"], None)
@example("DIGEST-MD5", [GOOD, b'rspauth="\xe9"'], None)
def test_whatever_a_server_says_ends_in_an_answer_or_a_saslerror(
    mechanism: str, challenges: Sequence[bytes], extra: bytes | None
) -> None:
    e = begun(mechanism, channel=CHANNEL)
    try:
        for challenge in challenges:
            assert isinstance(e.answer(challenge), bytes)
        e.finish(extra)
    except SaslError as error:
        assert str(error)
        assert "pencil" not in str(error)
    else:
        assert not mechanism.startswith(("SCRAM", "DIGEST")), "the server cannot have proven itself"


# ---- what cannot begin


@pytest.mark.parametrize("mechanism", ["", "NTLM", "ANONYMOUS", "SCRAM-SHA-3", "SCRAM-MD5-PLUS", "\x1b[2J"])
def test_an_unknown_mechanism_cannot_begin(mechanism: str) -> None:
    with pytest.raises(SaslError, match="no mechanism that is spoken here"):
        begun(mechanism)


@pytest.mark.parametrize("mechanism", sorted(NEEDS_SECRET))
def test_a_mechanism_without_its_secret_cannot_begin(mechanism: str) -> None:
    with pytest.raises(SaslError, match="token" if mechanism in TOKEN else "password"):
        exchange(mechanism, Login("test", host=HOST, channel=CHANNEL))


@pytest.mark.parametrize("field", ["name", "authzid", "realm", "host", "service"])
@pytest.mark.parametrize("text", ["a\0b", "a\x01b", "a\nb", "\x7f", "a\udce9"])
def test_a_name_that_would_break_out_of_its_field_cannot_begin(field: str, text: str) -> None:
    with pytest.raises(SaslError, match="control characters"):
        begun("PLAIN", **{field: text})


@pytest.mark.parametrize(
    ("mechanism", "more", "says"),
    [
        ("PLAIN", {"name": ""}, "user name"),
        ("PLAIN", {"password": b"a\0b"}, "NUL"),
        ("LOGIN", {"authzid": "other"}, "authorization identity"),
        ("CRAM-MD5", {"authzid": "other"}, "authorization identity"),
        ("XOAUTH2", {"authzid": "other"}, "authorization identity"),
        ("DIGEST-MD5", {"host": ""}, "host"),
        ("GSSAPI", {"host": ""}, "host"),
    ],
)
def test_a_login_that_a_mechanism_cannot_carry_cannot_begin(mechanism: str, more: dict[str, Any], says: str) -> None:
    with pytest.raises(SaslError, match=says):
        begun(mechanism, **more)


@pytest.mark.parametrize("mechanism", PURE)
def test_the_table_of_who_speaks_first_is_true(mechanism: str) -> None:
    e = begun(mechanism, channel=CHANNEL)
    assert (e.first() is not None) == (mechanism in SPEAKS_FIRST)
    assert e.first() == e.first()


@pytest.mark.parametrize("mechanism", PURE)
def test_the_table_of_who_sends_the_password_is_true(mechanism: str) -> None:
    e = begun(mechanism, channel=CHANNEL)
    sent = e.first() or b""
    for challenge in (b"r=ours2,s=AAAA,i=4096", b"more") if "DIGEST" not in mechanism else (GOOD,):
        try:
            sent += e.answer(challenge)
        except SaslError:
            break
    assert (b"pencil" in sent) == (mechanism in PLAINTEXT)


def test_the_strongest_come_first() -> None:
    place = {m: i for i, m in enumerate(MECHANISMS)}
    assert len(place) == len(MECHANISMS)
    order = [
        "SCRAM-SHA-512-PLUS",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-512",
        "SCRAM-SHA-1",
        "DIGEST-MD5",
        "CRAM-MD5",
        "PLAIN",
    ]
    assert [place[m] for m in order] == sorted(place[m] for m in order)
    assert min(place[m] for m in PLAINTEXT) > max(place[m] for m in set(MECHANISMS) - PLAINTEXT)


def test_each_exchange_has_a_nonce_of_its_own() -> None:
    nonces = {(exchange("SCRAM-SHA-256", login()).first() or b"").rpartition(b"r=")[2] for _ in range(20)}
    assert len(nonces) == 20
    assert all(re.fullmatch(rb"[\w-]{24}", n) for n in nonces)


# ---- GSSAPI, with a library that is none


class FakeError(Exception):
    """What the library raises."""


def _library(tokens: list[bytes | None], flags: Sequence[str] = ("mutual",)) -> Any:
    """A library whose context gives these tokens, and wraps by writing w: in front."""

    class Context:
        def __init__(self, **asked: Any) -> None:
            assert asked["usage"] == "initiate"
            assert asked["name"] == f"smtp@{HOST}"
            self.left = list(tokens)
            self.late = False
            self.actual_flags = flags

        @property
        def complete(self) -> bool:
            if self.late:
                raise FakeError("clock skew too great")
            return not self.left

        def step(self, token: bytes | None) -> bytes | None:
            if token == b"bad":
                raise FakeError("Minor\n code: no credentials")
            self.late = token == b"late"
            return self.left.pop(0)

        def unwrap(self, data: bytes) -> Any:
            if not data.startswith(b"w:"):
                raise FakeError("defective token")
            return SimpleNamespace(message=data[2:])

        def wrap(self, data: bytes, encrypt: bool) -> Any:
            assert encrypt is False
            return SimpleNamespace(message=b"w:" + data)

    return SimpleNamespace(
        Name=lambda name, _: name,
        NameType=SimpleNamespace(hostbased_service=4),
        MechType=SimpleNamespace(kerberos=5),
        RequirementFlag=SimpleNamespace(mutual_authentication="mutual", integrity="integrity"),
        SecurityContext=Context,
        exceptions=SimpleNamespace(GSSError=FakeError),
    )


Fake = Callable[..., Exchange]


@pytest.fixture
def kerberos(monkeypatch: pytest.MonkeyPatch) -> Fake:
    def begin(tokens: list[bytes | None], flags: Sequence[str] = ("mutual",), authzid: str = "") -> Exchange:
        monkeypatch.setitem(sys.modules, "gssapi", _library(tokens, flags))
        return exchange("GSSAPI", Login("test", host=HOST, authzid=authzid))

    return begin


@pytest.mark.parametrize("last", [None, b"three"])
def test_gssapi_takes_no_layer(kerberos: Fake, last: bytes | None) -> None:
    e = kerberos([b"one", b"two", last], authzid="öther")
    assert (e.first(), e.answer(b"1"), e.answer(b"2")) == (b"one", b"two", last or b"")
    with pytest.raises(ServerNotProven):
        e.finish()
    assert e.answer(b"w:\x07\0\x10\0") == b"w:\x01\0\0\0" + "öther".encode()
    e.finish()


@pytest.mark.parametrize(
    ("offer", "says"), [(b"w:\x06\0\x10\0", "insists"), (b"w:\x07", "malformed"), (b"", "Kerberos: defective token")]
)
def test_gssapi_tells_what_is_wrong_with_an_offer(kerberos: Fake, offer: bytes, says: str) -> None:
    e = kerberos([b"one"])
    with pytest.raises(SaslError, match=says):
        e.answer(offer)


def test_gssapi_tells_the_librarys_words_on_one_line(kerberos: Fake) -> None:
    e = kerberos([b"one", b"two"])
    with pytest.raises(SaslError, match="Kerberos: Minor code: no credentials"):
        e.answer(b"bad")


def test_gssapi_tells_an_error_that_the_library_kept_back(kerberos: Fake) -> None:
    e = kerberos([b"one", b"two"])
    assert e.answer(b"late") == b"two"
    with pytest.raises(SaslError, match="Kerberos: clock skew"):
        e.answer(b"more")


def test_gssapi_without_mutual_authentication_proves_nothing(kerberos: Fake) -> None:
    e = kerberos([b"one"], flags=())
    e.answer(b"w:\x01\0\0\0")
    with pytest.raises(ServerNotProven):
        e.finish()


def test_gssapi_does_not_go_on_for_ever(kerberos: Fake) -> None:
    e = kerberos([b"again"] * 99)
    with pytest.raises(SaslError, match="16 tokens"):
        for _ in range(99):
            e.answer(b"more")


def test_gssapi_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gssapi", None)
    with pytest.raises(SaslError, match=r"install maildoctor\[gssapi\]"):
        exchange("GSSAPI", Login("test", host=HOST))


# ---- a secret stays one


def test_a_secret_is_masked_wherever_it_is_printed() -> None:
    secret = Secret(b"pencil")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", f"{secret:>20}"]
    shown += [repr(login()), str([secret]), repr({"a": secret}), repr(dataclasses.asdict(login())), repr(vars(Secret))]
    assert not any("pencil" in s for s in shown)
    assert shown[:3] == ["***"] * 3
    assert secret.reveal() == b"pencil"


def test_a_secret_is_copied_but_not_written_away() -> None:
    secret = Secret(b"pencil")
    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(login(), protocol)
    with pytest.raises(TypeError):
        json.dumps({"a": secret})
    with pytest.raises(TypeError):
        bytes(secret)  # type: ignore[call-overload]


@pytest.mark.parametrize("other", [Secret(b"pencil"), b"pencil", "***", None])
def test_a_secret_is_not_compared(other: object) -> None:
    with pytest.raises(TypeError):
        _ = Secret(b"pencil") == other
    with pytest.raises(TypeError):
        _ = Secret(b"pencil") != other
    with pytest.raises(TypeError):
        hash(Secret(b"pencil"))


def test_the_data_of_a_channel_are_not_shown() -> None:
    assert "connection" not in repr(CHANNEL)


@pytest.mark.parametrize("mechanism", PURE)
@pytest.mark.parametrize("password", ["pencil", "pencil\ue000", "pencil漢"])
@pytest.mark.parametrize(
    "challenges",
    [
        [b"bad"],
        [b"r=ours2,s=AAAA,i=4096", b"v=AAAA"],
        [GOOD, b"rspauth=0"],
        [GOOD + b",charset=utf-8", b"x"],
        [b'{"a":1}'],
    ],
)
def test_a_secret_is_in_no_traceback_not_even_with_variables(
    mechanism: str, password: str, challenges: Sequence[bytes]
) -> None:
    who = login(password=password, channel=CHANNEL)
    try:
        e = exchange(mechanism, who, nonce=lambda: "ours")
        for challenge in challenges:
            e.answer(challenge)
        e.answer(b"more")
        e.answer(b"more")
        raise AssertionError("one of these must go wrong")
    except SaslError as error:
        # Without this frame, whose variables hold the password.
        at = error.__traceback__.tb_next if error.__traceback__ else None
        reported = "".join(traceback.TracebackException(type(error), error, at, capture_locals=True).format())
    assert "pencil" not in reported
    assert "mechanism" in reported or "script" in reported

"""What is given to OpenSSL, and what would keep it busy."""

import base64
import contextlib
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from maildoctor import asn1
from maildoctor.certificates import NotReadable, certificates, public_half, shown_by_server

RSA, EC = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06072a8648ce3d0201")
DSA, DH = bytes.fromhex("06072a8648ce380401"), bytes.fromhex("06092a864886f70d010301")
PRIME_FIELD = bytes.fromhex("06072a8648ce3d0101")


def tlv(tag: int, contents: bytes) -> bytes:
    """One element of DER."""
    size = len(contents)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(octets)]) + octets) + contents


def number(value: int) -> bytes:
    """An integer of DER."""
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def sequence(*parts: bytes) -> bytes:
    """A sequence of DER."""
    return tlv(0x30, b"".join(parts))


def pem(label: str, der: bytes) -> bytes:
    """A block of PEM."""
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n".encode()


def pkcs8(algorithm: bytes, key: bytes) -> bytes:
    """A private key as PKCS #8 has it."""
    return sequence(number(0), algorithm, tlv(4, key))


MODERN = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)
LARGE = 1 << 19_999
BOMBS = {
    "DSA": pkcs8(sequence(DSA, sequence(number(LARGE | 1), number(1 << 255), number(LARGE >> 1))), number(LARGE >> 1)),
    "DSA, not too large": pkcs8(sequence(DSA, sequence(*[number(1 << 2047)] * 3)), number(1 << 2046)),
    "DSA of old": sequence(number(0), *[number(1 << 16_000)] * 5),
    "DH": pkcs8(sequence(DH, sequence(number(LARGE | 1), number(LARGE >> 1))), number(LARGE >> 1)),
    "RSA": pkcs8(sequence(RSA, tlv(5, b"")), sequence(number(0), *[number(LARGE | 1)] * 8)),
    "RSA of old": sequence(number(0), *[number(LARGE | 1)] * 8),
    "EC": pkcs8(
        sequence(EC, sequence(number(1), sequence(PRIME_FIELD, number(23)))), sequence(number(1), tlv(4, b"1"))
    ),
    "EC of old": sequence(number(1), tlv(4, b"1"), tlv(0xA0, sequence(number(1), sequence(PRIME_FIELD, number(23))))),
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("wrapped", [bytes, lambda der: pem("PRIVATE KEY", der)], ids=["der", "pem"])
def test_a_key_that_keeps_openssl_busy_is_not_judged(bomb: str, wrapped: Callable[[bytes], bytes]) -> None:
    began = time.monotonic()
    with pytest.raises(NotReadable) as refused:
        public_half(wrapped(BOMBS[bomb]))
    assert time.monotonic() - began < 1
    assert refused.value.reason.startswith("the key is not judged: it") and refused.value.remedy


@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate,
        ed448.Ed448PrivateKey.generate,
    ],
)
def test_a_key_that_serves_tls_is_judged(make: Callable[[], ec.EllipticCurvePrivateKey]) -> None:
    for _ in range(30):  # what stands in octet strings is random, and may look like anything
        key = make()
        digest = public_half(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        if isinstance(key, rsa.RSAPrivateKey):
            break
    public = pem("PUBLIC KEY", key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert digest.startswith("public key: sha256:")
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        if form is PrivateFormat.TraditionalOpenSSL and not isinstance(
            key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
        ):
            continue
        assert public_half(public + key.private_bytes(Encoding.PEM, form, NoEncryption())) == digest
        secret = key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"x"))
        assert public_half(secret).startswith("encrypted")


def test_a_certificate_that_keeps_openssl_busy_is_not_judged() -> None:
    bomb = sequence(sequence(sequence(RSA, tlv(5, b"")), tlv(3, b"\0" + sequence(number(LARGE | 1), number(3)))))
    for data in (bomb, pem("CERTIFICATE", bomb)):
        with pytest.raises(NotReadable, match="a number of 20,000 bits"):
            certificates(data)
    (reported,) = shown_by_server([bomb])
    assert reported.startswith("verified not-judged: a certificate is not judged")


@given(st.binary(max_size=300))
def test_any_octets_are_judged_or_are_no_der(data: bytes) -> None:
    for judge in (asn1.not_certificate, asn1.not_key):
        for der in (data, sequence(data), pkcs8(sequence(RSA), data)):
            with contextlib.suppress(asn1.NotDer):
                assert judge(der) == "" or judge(der)[:3] == "it "
    assert all(isinstance(label, str) for label, _ in asn1.blocks(b"-----BEGIN A-----" + data))


@given(st.integers(asn1.BITS - 40, asn1.BITS + 40), st.integers(0, 6), st.sampled_from([0x30, 0x31, 0xA0, 0x04]))
def test_a_number_is_found_wherever_it_stands(bits: int, depth: int, tag: int) -> None:
    der = number(1 << bits - 1)
    for _ in range(depth):
        der = tlv(tag, number(1) + der)
    assert bool(asn1.not_certificate(sequence(der))) == (bits > asn1.BITS)


@given(st.lists(st.tuples(st.sampled_from(["CERTIFICATE", "PRIVATE KEY"]), st.binary(min_size=1, max_size=80))))
def test_blocks_come_back_in_order(parts: list[tuple[str, bytes]]) -> None:
    assert list(asn1.blocks(b"a word before\n".join(pem(*part) for part in parts))) == parts


def test_it_takes_time_in_proportion() -> None:
    deep = b""
    while len(deep) < 100_000:
        deep = tlv(0x30 if len(deep) % 3 else 4, deep)
    for bomb in (
        deep,
        sequence(b"\5\0" * 1_000_000),
        b"-----BEGIN A-----" * 100_000,
        b"-----BEGIN A-----\na: b\n" * 90_000,
    ):
        began = time.process_time()
        list(asn1.blocks(bomb))
        if bomb[:1] != b"-":
            assert asn1.not_certificate(bomb) == "it has more than 50,000 elements" or bomb is deep
        assert time.process_time() - began < 2

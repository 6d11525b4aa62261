"""Certificates and keys with the release of cryptography that Debian 12 has (38): what came later is taken away."""

import sys
from collections.abc import Iterator
from pathlib import Path

import cryptography
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from maildoctor import certificates as c
from maildoctor.facts import Absent, Unknown
from maildoctor.library import load_library
from tests.authority import Authority

CACHES = (c._lacking, c._too_old, c._anchors)
OLD_LOAD = serialization.load_der_private_key


def load_checking(data: bytes, password: bytes | None) -> object:
    """As before release 39: no option keeps it from proving that the primes are primes."""
    key = OLD_LOAD(data, password)
    assert not isinstance(key, rsa.RSAPrivateKey), "15 seconds for 8,192 bits"
    return key


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Release 38."""
    for cached in CACHES:
        cached.cache_clear()
    monkeypatch.setattr(cryptography, "__version__", "38.0.4")
    monkeypatch.setitem(sys.modules, "cryptography.x509.verification", None)
    monkeypatch.delattr(x509, "load_pem_x509_certificates")
    monkeypatch.setattr(serialization, "load_der_private_key", load_checking)
    yield
    for cached in CACHES:
        cached.cache_clear()


def keys() -> list[bytes]:
    made = (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1()))
    forms = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
    return [key.private_bytes(Encoding.PEM, form, NoEncryption()) for key in made for form in forms]


def test_keys_are_named_alike_by_old_and_new(request: pytest.FixtureRequest) -> None:
    made = keys()
    new = [c.public_half(pem) for pem in made]
    request.getfixturevalue("old")
    assert [c.public_half(pem) for pem in made] == new
    assert new[0] == new[1] != new[2] == new[3] and all(text.startswith("public key: sha256:") for text in new)


def test_certificates_are_read_alike_and_a_chain_is_said_not_to_be_verified(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    pem = Path(authority.certificate()).read_bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    alone = x509.load_pem_x509_certificate(Path(authority.certificate(self_signed=True)).read_bytes())
    own = x509.load_pem_x509_certificate(Path(authority.file).read_bytes()).public_bytes(Encoding.DER)
    new = c.certificates(pem)
    assert c.shown_by_server([der], authority.file)[-1] == "verified yes"
    request.getfixturevalue("old")
    assert c.certificates(pem) == new and "not after: " in new
    shown = c.shown_by_server([der], authority.file)
    assert shown[-1].endswith("a chain of certificates cannot be verified: cryptography 38.0.4 is older than 42")
    assert shown[:-1] == c.shown_by_server([der])[:-1], "all else is told"
    # what needs no chain is judged
    assert c.shown_by_server([own], authority.file)[-1] == "verified yes"
    assert "self-signed" in c.shown_by_server([alone.public_bytes(Encoding.DER)], authority.file)[-1]


def test_what_lets_a_chain_be_verified_is_told() -> None:
    (check,) = (x for x in load_library().checks if x.code == "WIRE027")
    wire = (
        "=== connect 192.0.2.1:587 auto for mail.example.com\n=== purpose look\n<-  220 m ESMTP\n -> STARTTLS\n"
        "<-  220 go\n=== TLS TLSv1.3\n=== certificate subject: CN=mail.example.com\n"
        "=== verified no-library: a chain of certificates cannot be verified: cryptography 38.0.4 is older than 42\n"
    )
    facts = {p.name: p.fact.parse(wire) if p.name == "wire" else Absent("not here") for p in check.parameters}
    (gap,) = check.findings(facts)
    assert isinstance(gap, Unknown) and gap.remedy == "install the Python package cryptography, 42 or newer"


@pytest.mark.parametrize(
    "pem",
    [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIC\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIC\n"
        "-----END RSA PRIVATE KEY-----\n",
    ],
)
def test_that_a_key_has_a_passphrase_is_told_without_any_library(pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c, "_lacking", lambda: "there is no such package")
    assert c.public_half(pem.encode()).startswith("encrypted: ")

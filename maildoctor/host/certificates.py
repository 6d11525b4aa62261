"""What certificates and keys say, as text; a private key leaves nothing behind but a digest of its public half."""

import warnings

from maildoctor.host import Answer, Silence

_NEEDS = "install the Python package cryptography for this interpreter"
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def certificates(data: bytes) -> Answer:
    """One block a certificate, in the file's order (the server's own is first): subject, issuer, names, dates, key."""
    try:
        from cryptography import x509
    except ImportError as error:
        return Silence("unavailable", f"certificates cannot be read: {error}", _NEEDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = (
                x509.load_pem_x509_certificates(data)
                if b"-----BEGIN" in data
                else [x509.load_der_x509_certificate(data)]
            )
            return "\n\n".join(_describe(certificate) for certificate in found[:16])
        except (ValueError, x509.InvalidVersion):
            return Silence("failed", "there is no readable certificate in it")


def _describe(certificate: "x509.Certificate") -> str:  # type: ignore[name-defined]  # noqa: F821 (imported lazily)
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        dns = names.get_values_for_type(x509.DNSName)
        ips = [str(ip) for ip in names.get_values_for_type(x509.IPAddress)]
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        dns, ips = [], []
    common = [str(a.value) for a in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    try:
        key = certificate.public_key()
        public = _digest(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except (ValueError, UnsupportedAlgorithm):
        public = "unreadable"
    return "\n".join(
        " ".join(line.splitlines())  # a name may hold line ends, and must not forge a line
        for line in [
            f"subject: {certificate.subject.rfc4514_string()}",
            f"issuer: {certificate.issuer.rfc4514_string()}",
            *(f"common name: {name}" for name in common),
            *(f"name: {name}" for name in [*dns, *ips]),
            f"not before: {certificate.not_valid_before_utc.strftime(_STAMP)}",
            f"not after: {certificate.not_valid_after_utc.strftime(_STAMP)}",
            f"public key: {public}",
        ]
    )


def public_half(data: bytes) -> Answer:
    """`public key: sha256:…` of the private key in `data`; nothing of the key itself is kept."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            PublicFormat,
            load_der_private_key,
            load_pem_private_key,
        )
    except ImportError as error:
        return Silence("unavailable", f"keys cannot be read: {error}", _NEEDS)
    load = load_pem_private_key if b"-----BEGIN" in data else load_der_private_key
    try:
        # not to be used, only to be named: whether its primes are primes is no question here, and a dear one
        key = load(data, password=None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        return "encrypted: the key is protected by a passphrase"
    except (ValueError, UnsupportedAlgorithm):
        return Silence("failed", "there is no readable private key in it")
    return f"public key: {_digest(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))}"


def _digest(spki: bytes) -> str:
    from hashlib import sha256

    return f"sha256:{sha256(spki).hexdigest()}"

"""What certificates and keys say, as text; a private key leaves nothing behind but a digest of its public half."""

import warnings
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Literal

from maildoctor import asn1, filesystem

_NEEDS = "install the Python package cryptography, 38 or newer, for this interpreter"
_LOOK = "look whether it is what it should be"
_CHAIN, _NAMES = 16, 1_000
"""Certificates of one file that are described (only the first is the server's own), and names of one: public
authorities put no more than 100 to 250 into one."""
_SUBJECTS = 500
"""Certificates of one file whose subjects are told: a bundle of all public CAs has 150."""
Verification = Literal[
    "yes", "self-signed", "no-ca", "form", "invalid", "no-anchors", "no-library", "not-judged", "not-shown"
]
"""What a handshake shows of a certificate, as the transcript notes it (see `facts/wire.py`, which reads it)."""

_STAMP = "%Y-%m-%dT%H:%M:%SZ"


@cache
def _lacking() -> str:
    """Why certificates and keys cannot be read here; empty where they can."""
    try:
        import cryptography.x509  # the package may be there, and built for another Python
    except ImportError as error:
        return str(error)
    return "" if _release() >= 38 else f"cryptography {cryptography.__version__} is too old"


def _release() -> int:
    """38 is that of Debian 12."""
    import cryptography

    return int(cryptography.__version__.partition(".")[0])


@cache
def _too_old() -> str:
    """Why chains of certificates cannot be verified here, though certificates can be read."""
    import cryptography

    try:
        import cryptography.x509.verification  # came with release 42
    except ImportError:
        return f"a chain of certificates cannot be verified: cryptography {cryptography.__version__} is older than 42"
    return ""


class NotReadable(Exception):
    """Nothing can be told of it: `reason`, and `remedy` where it is the machine that lacks something."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def certificates(data: bytes) -> str:
    """One block a certificate, in the file's order (the server's own is first): subject, issuer, names, dates, key.
    Raises NotReadable."""
    if lacking := _lacking():
        raise NotReadable(f"certificates cannot be read: {lacking}", _NEEDS)
    from cryptography import x509

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = [_loaded(der) for der in _each(data)]
            if not found:
                raise ValueError
            more = [f"# more: {len(found) - _CHAIN:,} certificates, not described"] if found[_CHAIN:] else []
            more += (f"also: {_line(c.subject.rfc4514_string())}" for c in found[_CHAIN:_SUBJECTS])
            more += ["# key: behind the certificate"] if _key_is_behind(data) else []
            return "\n\n".join([*map(_describe, found[:_CHAIN]), *(["\n".join(more)] if more else [])])
        except (ValueError, x509.InvalidVersion):
            raise NotReadable("there is no readable certificate in it") from None


_CERTIFICATE = ("CERTIFICATE", "X509 CERTIFICATE")
"""Labels of PEM."""


def _each(data: bytes) -> list[bytes]:
    """The certificates of a file as DER."""
    if b"-----BEGIN" not in data:
        return [data]
    return [der or b"" for label, der in asn1.blocks(data) if label in _CERTIFICATE]


def _key_is_behind(data: bytes) -> bool:
    """Whether a file of PEM has a private key, and a certificate before it."""
    labels = (
        [label for label, _ in asn1.blocks(data)] if b" PRIVATE KEY-----" in data or b"BEGIN PRIVATE" in data else []
    )
    kinds = [label in _CERTIFICATE for label in labels if label in _CERTIFICATE or label.endswith("PRIVATE KEY")]
    return kinds[:1] == [True] and not all(kinds)


def _loaded(der: bytes) -> "x509.Certificate":  # type: ignore[name-defined]  # noqa: F821 (imported lazily)
    """One certificate. Raises NotReadable where it would keep OpenSSL busy, ValueError and x509.InvalidVersion."""
    from cryptography import x509

    if why := asn1.not_certificate(der):
        raise NotReadable(f"a certificate is not judged: {why}", _LOOK)
    return x509.load_der_x509_certificate(der)


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
    every = [*dns, *ips]
    cut = [f"# cut: only the first {_NAMES:,} of {len(every):,} names are told"] if every[_NAMES:] else []
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
            *(f"common name: {name}" for name in common[:_NAMES]),
            *(f"name: {name}" for name in every[:_NAMES]),
            *cut,
            f"not before: {_date(certificate, 'not_valid_before').strftime(_STAMP)}",
            f"not after: {_date(certificate, 'not_valid_after').strftime(_STAMP)}",
            f"key: {_key_words(certificate)}",
            f"public key: {public}",
        ]
    )


def _line(name: str) -> str:
    return " ".join(name.splitlines())


def _date(certificate: "x509.Certificate", name: str) -> datetime:  # type: ignore[name-defined]  # noqa: F821
    """In UTC; before release 42 it does not say so."""
    with_zone: datetime | None = getattr(certificate, f"{name}_utc", None)
    without: datetime = with_zone or getattr(certificate, name)
    return without


def public_half(data: bytes) -> str:
    """`public key: sha256:…` of the private key in `data`; nothing of the key itself is kept. Raises NotReadable."""
    encrypted = "encrypted: the key is protected by a passphrase"
    try:
        der = _private(data)  # that it is encrypted, or none at all, its PEM tells without any library
    except ValueError:
        raise NotReadable("there is no readable private key in it") from None
    if der is None:
        return encrypted
    if lacking := _lacking():
        raise NotReadable(f"keys cannot be read: {lacking}", _NEEDS)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        if why := asn1.not_key(der):
            raise NotReadable(f"the key is not judged: {why}", _LOOK)
        key = _public_key(der)
    except TypeError:
        return encrypted
    except (ValueError, UnsupportedAlgorithm):
        raise NotReadable("there is no readable private key in it") from None
    return f"public key: {_digest(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))}"


def _public_key(der: bytes) -> "PublicKeyTypes":  # type: ignore[name-defined]  # noqa: F821 (imported lazily)
    """A key is not to be used, only to be named: whether its primes are primes is no question here, and a dear one (15
    seconds for 8,192 bits), which before release 39 is asked of every RSA key that is loaded. Raises TypeError where it
    is encrypted, ValueError and UnsupportedAlgorithm."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    if _release() >= 39:
        return load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True).public_key()
    if (numbers := asn1.rsa_public(der)) is not None:
        return RSAPublicNumbers(numbers[1], numbers[0]).public_key()
    if asn1.is_rsa(der):
        raise NotReadable("a key of this kind cannot be read: cryptography is older than 39", _NEEDS)
    return load_der_private_key(der, password=None).public_key()


def _private(data: bytes) -> bytes | None:
    """The private key of a file as DER, the first of several; None where it is encrypted. Raises ValueError."""
    if b"-----BEGIN" not in data:
        return data
    for label, der in asn1.blocks(data):
        if label == "ENCRYPTED PRIVATE KEY":  # PKCS #8
            return None
        if label.endswith("PRIVATE KEY"):
            return der
    raise ValueError("no private key")


def _digest(spki: bytes) -> str:
    from hashlib import sha256

    return f"sha256:{sha256(spki).hexdigest()}"


def shown_by_server(chain: list[bytes], ca_file: str = "", whole: bool = False) -> tuple[str, ...]:
    """What a server showed in a TLS handshake (DER, its own first), as notes of a transcript: `certificate …` lines,
    `key RSA 2048 bits`, `sent N: SUBJECT; issued by ISSUER` of each certificate where these are the `whole` chain, and
    `verified CODE` or `verified CODE: WHY`, the code one of `Verification`."""
    if lacking := _lacking():
        return (_verified("no-library", f"certificates cannot be read: {lacking}"),)
    from cryptography import x509

    if not chain or not chain[0]:
        return (_verified("not-shown", "the server showed no certificate"),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            own = _loaded(chain[0])
            rows = _describe(own).splitlines()
        except NotReadable as error:
            return (_verified("not-judged", error.reason),)
        except (ValueError, x509.InvalidVersion):
            return (_verified("invalid", "it is no readable certificate"),)
        return (
            *(f"certificate {row}" for row in rows),
            f"key {_key_words(own)}",
            *(_sent(chain) if whole else ()),
            _verified(*_verdict(own, chain[1:], ca_file)),
        )


def _sent(chain: list[bytes]) -> Iterator[str]:
    from cryptography import x509

    for number, der in enumerate(chain[:_CHAIN], 1):
        try:
            one = _loaded(der)
            names = f"{one.subject.rfc4514_string()}; issued by {one.issuer.rfc4514_string()}"
        except (NotReadable, ValueError, x509.InvalidVersion):
            names = "not readable"
        yield f"sent {number}: {_line(names)}"


def _verified(code: Verification, why: str = "") -> str:
    return f"verified {code}: {why}" if why else f"verified {code}"


def _key_words(certificate: "x509.Certificate") -> str:  # type: ignore[name-defined]  # noqa: F821 (imported lazily)
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "of an unknown kind"
    kind = type(key).__name__.lstrip("_").removesuffix("PublicKey").upper().removeprefix("ELLIPTICCURVE") or "EC"
    size = getattr(key, "key_size", None)
    return f"{kind} {size} bits" if size else kind


def _verdict(own: "x509.Certificate", rest: list[bytes], ca_file: str) -> tuple[Verification, str]:  # type: ignore[name-defined]  # noqa: F821
    """Whether a client with the CAs of this machine, or of `ca_file`, finds a way to one of them (RFC 5280), and why
    not. Names are compared elsewhere."""
    anchors = _anchors(ca_file)
    if own in anchors:
        return "yes", ""
    if own.subject == own.issuer:
        return "self-signed", ""
    if not anchors:
        return "no-anchors", "there are no CA certificates on this machine"
    if why := _too_old():
        return "no-library", why
    from cryptography import x509
    from cryptography.x509.verification import Store, VerificationError

    try:
        names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        name = next(iter(names.get_values_for_type(x509.DNSName)), None)
        ip = next(iter(names.get_values_for_type(x509.IPAddress)), None)
        if name is None and ip is None:
            return "invalid", _NO_NAME
        between = [_loaded(der) for der in rest[:10]]
        subject = x509.IPAddress(ip) if name is None and ip is not None else x509.DNSName(str(name).replace("*", "any"))
        _policy().store(Store(anchors)).build_server_verifier(subject).verify(own, between)
    except x509.ExtensionNotFound:
        return "invalid", _NO_NAME
    except VerificationError as error:
        return _why(error)
    except NotReadable as error:
        return "not-judged", error.reason
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        return "invalid", str(error)
    return "yes", ""


def hopeless(transcript: Iterable[str]) -> str:
    """Why OpenSSL will surely not verify the certificate that this look saw, as it would say it; empty where it may."""
    for line in transcript:
        if line == f"=== {_verified('self-signed')}":
            return "self-signed certificate"
        if line != f"=== {_verified('no-ca')}":
            continue
        from cryptography.x509 import verification

        # before, cryptography refused many a private CA that OpenSSL takes
        return "unable to get local issuer certificate" if hasattr(verification, "ExtensionPolicy") else ""
    return ""


def _policy() -> "PolicyBuilder":  # type: ignore[name-defined]  # noqa: F821 (imported lazily)
    """What OpenSSL asks of a chain, where cryptography (45) lets us say so; its own rules are those of browsers, and
    refuse many a private CA that mail clients take."""
    from cryptography import x509
    from cryptography.x509 import verification

    try:
        policy, agnostic = verification.ExtensionPolicy, verification.Criticality.AGNOSTIC
    except AttributeError:
        return verification.PolicyBuilder()
    ca = policy.permit_all().require_present(x509.BasicConstraints, agnostic, None)
    end = policy.permit_all().require_present(x509.SubjectAlternativeName, agnostic, None)
    return verification.PolicyBuilder().extension_policies(ca_policy=ca, ee_policy=end)


def _why(error: Exception) -> tuple[Verification, str]:
    """cryptography wraps its reasons: `validation failed: candidates exhausted: …`."""
    words = str(error).splitlines()[0] if str(error) else ""
    if "exhausted" in words or not words:
        return "no-ca", ""
    return "form" if "invalid extension" in words else "invalid", words


_NO_NAME = "it names no host in subjectAltName"
_LARGEST_BUNDLE = 16 * 1024 * 1024

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/usr/local/share/certs/ca-root-nss.crt",  # FreeBSD
    "/etc/ssl/cert.pem",
)


@cache
def _anchors(ca_file: str) -> "list[x509.Certificate]":  # type: ignore[name-defined]  # noqa: F821
    import ssl

    from cryptography import x509

    default = ssl.get_default_verify_paths().cafile
    for path in [ca_file] if ca_file else [p for p in (default, *_BUNDLES) if p]:
        try:
            data = filesystem.read(path, _LARGEST_BUNDLE)
            if hasattr(x509, "load_pem_x509_certificates"):  # came with release 39
                return x509.load_pem_x509_certificates(data)
            return [x509.load_der_x509_certificate(der) for der in _each(data)]
        except (OSError, ValueError):
            continue
    return []

"""A certificate authority for tests: good certificates of loopback, and those that a client must not believe."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_LOOPBACK = (x509.IPAddress(ip_address("127.0.0.1")), x509.IPAddress(ip_address("::1")))
_SIGNS = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
_AUTHORITY, _SERVER = "Test Authority", "mail.example.com"


class Authority:
    """Keeps its files in `folder`; `file` is what a client is to believe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        basic = x509.BasicConstraints(ca=True, path_length=None)
        own = _builder(_AUTHORITY, _AUTHORITY, self._key, 1).add_extension(basic, critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        own = own.add_extension(_SIGNS, critical=True).add_extension(identifier, critical=False)
        self.file = str(folder / "authority.pem")
        Path(self.file).write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def context(
        self, *names: x509.GeneralName, days_old: int = 1, self_signed: bool = False, only: ssl.TLSVersion | None = None
    ) -> ssl.SSLContext:
        """For a server with a certificate for `names` (loopback), good for 30 days since `days_old` days ago."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate(*names, days_old=days_old, self_signed=self_signed))
        if only is not None:
            with warnings.catch_warnings():  # old versions are what is to be tested
                warnings.simplefilter("ignore")
                context.set_ciphers("DEFAULT:@SECLEVEL=0")
                context.minimum_version = context.maximum_version = only
        return context

    def certificate(self, *names: x509.GeneralName, days_old: int = 1, self_signed: bool = False) -> str:
        """A file with such a certificate and its key, for a server or a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_SERVER, _SERVER if self_signed else _AUTHORITY, key, days_old)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            (key if self_signed else self._key).public_key()
        )
        builder = builder.add_extension(x509.SubjectAlternativeName(names or _LOOPBACK), critical=False)
        builder = builder.add_extension(identifier, critical=False)
        signed = builder.sign(key if self_signed else self._key, hashes.SHA256())
        path = self._folder / f"{signed.serial_number}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + signed.public_bytes(Encoding.PEM))
        return str(path)


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, days_old: int) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - timedelta(days=days_old)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30))
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

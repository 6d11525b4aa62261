"""The certificates and keys of Postfix' smtpd services (tls/tls_certkey.c)."""

import re

from maildoctor.facts.postfix.server import Smtpd
from maildoctor.facts.tls import Tls

PAIRS = (
    ("smtpd_tls_cert_file", "smtpd_tls_key_file"),
    ("smtpd_tls_eccert_file", "smtpd_tls_eckey_file"),
    ("smtpd_tls_dcert_file", "smtpd_tls_dkey_file"),
)
"""Certificate and key, which may be one file; a key that is not set is in the file of the certificate."""


class PostfixTls(Tls):
    """Text as that of `Tls`; its files are those that the smtpd services name, each once."""


def pairs(smtpd: Smtpd) -> tuple[tuple[str, str, str], ...]:
    """(parameter, certificate, key) of a service. Files of smtpd_tls_chain_files hold the key too (3.4), and then no
    other parameter counts."""
    if chains := smtpd.value("smtpd_tls_chain_files"):
        return tuple(("smtpd_tls_chain_files", p, p) for p in re.split(r"[,\s]+", chains) if p)
    found: list[tuple[str, str, str]] = []
    for certificate, key in PAIRS:
        path = smtpd.value(certificate)
        if path and path != "none":
            found.append((certificate, path, smtpd.value(key) or path))
    return tuple(found)


def tls_files(smtpd: Smtpd) -> tuple[tuple[str, str], ...]:
    """(purpose, path) of each file that a service opens for TLS as root before it enters its chroot."""
    found = [one for _, certificate, key in pairs(smtpd) for one in (("certificate", certificate), ("key", key))]
    if authorities := smtpd.value("smtpd_tls_CAfile"):
        found.append(("CA", authorities))
    return tuple(dict.fromkeys(one for one in found if one[1].startswith("/")))

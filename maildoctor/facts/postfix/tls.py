"""The certificates and keys of Postfix' smtpd services (tls/tls_certkey.c)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Chain:
    """What smtpd_tls_chain_files comes to, read as Postfix does: the files one after the other as one stream, in which
    each private key stands immediately before its own certificate and those above it. `pairs`: (file of the
    certificate, file of the key); `fault`: what is wrong first, empty where nothing is; `at`: the file that shows it;
    `unusable`: files that hold neither."""

    pairs: tuple[tuple[str, str], ...]
    fault: str = ""
    at: str = ""
    unusable: tuple[str, ...] = ()
    known: bool = True
    """all files could be looked at"""


def chain(paths: Sequence[str], tls: Tls) -> Chain:
    """tls/tls_certkey.c, load_pem_bio(): a certificate without a key before it, and a key without a certificate behind
    it, are refused, and then TLS is off. Of a file with both the order is told by the file."""
    key, pairs, unusable = "", list[tuple[str, str]](), list[str]()
    fault, at, open_, whole = "", "", False, True
    for path in paths:
        files = {f.purpose: f for f in tls.files if f.path == path}
        one, other = files.get("certificate"), files.get("key")
        if one is None or other is None or {one.state, other.state} & {"refused", "unread"}:
            whole = False
            continue
        if one.state != "ok" and other.state != "ok":
            unusable.append(path)
            continue
        if one.state == "ok" and one.key_behind and not key and not open_:
            fault, at = fault or f"in {path} the certificate comes before its key", at or path
            pairs.append((path, path))
            open_ = True
            continue
        if other.state in ("ok", "encrypted"):
            if key:
                fault, at = fault or f"the key {key} has no certificate behind it", at or key
            key, open_ = path, False
        if one.state == "ok":
            if key:
                pairs.append((path, key))
                key, open_ = "", True
            elif not open_:
                fault, at = fault or f"the certificate {path} has no key before it", at or path
    if key and not fault:
        fault, at = f"the key {key} has no certificate behind it", key
    return Chain(tuple(pairs), "" if unusable or not whole else fault, at, tuple(unusable), whole)


def tls_files(smtpd: Smtpd) -> tuple[tuple[str, str], ...]:
    """(purpose, path) of each file that a service opens for TLS as root before it enters its chroot."""
    found = [one for _, certificate, key in pairs(smtpd) for one in (("certificate", certificate), ("key", key))]
    if authorities := smtpd.value("smtpd_tls_CAfile"):
        found.append(("CA", authorities))
    return tuple(dict.fromkeys(one for one in found if one[1].startswith("/")))

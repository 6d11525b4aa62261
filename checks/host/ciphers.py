"""TLS: what is shown and agreed on in a handshake: the chain of the certificate, ciphers."""

from collections.abc import Sequence

from maildoctor.api import (
    CopyChain,
    Evidence,
    Findings,
    Found,
    Step,
    Unknown,
    check,
    edit,
    found,
    known,
    restart,
    set_macro,
)
from maildoctor.api.host import Certificate, Tls, TlsFile
from maildoctor.api.sendmail import SendmailCf, SendmailProgram
from maildoctor.api.wire import Wire

_CERT = (
    "[certificate] /etc/mail/tls/host.pem\nsubject: CN=mail.example.com\nissuer: CN=R3\nname: mail.example.com\n"
    "not before: 2026-01-01T00:00:00Z\nnot after: 2028-01-01T00:00:00Z\npublic key: sha256:aa\nkey: RSA 2048 bits\n"
)
_R3 = (
    "subject: CN=R3\nissuer: CN=Root\ncommon name: R3\nnot before: 2026-01-01T00:00:00Z\n"
    "not after: 2028-01-01T00:00:00Z\npublic key: sha256:bb\n"
)
_CF = "O ServerCertFile=/etc/mail/tls/host.pem\nO CACertFile=/etc/mail/tls/ca.pem"
_SHOWN = "=== connect 127.0.0.1:587 auto\n=== purpose look\n<-  220 mail ESMTP\n=== verified {}\n"


_FULL = _CERT + "\n" + _R3
_ROOT = "[CA] /etc/mail/tls/ca.pem\n" + _R3.replace("CN=R3", "CN=Root")
_SENT = "=== sent 1: CN=mail.example.com; issued by CN=R3\n"


@check(
    "TLS010",
    "certificate-chain-incomplete",
    "warning",
    rung="tls",
    role="cause",
    explains=("WIRE027",),
    witnesses=("TLS124",),
    fails=[
        {"cf": _CF, "tls": _CERT},
        {"cf": _CF, "tls": _CERT, "wire": _SHOWN.format("no-ca")},
        {"cf": _CF, "tls": _FULL + _ROOT},
        {"cf": _CF, "tls": _FULL + "[CA folder] /etc/ssl/certs\n5ad8a5d6.0", "wire": _SHOWN.format("no-ca") + _SENT},
    ],
    passes=[
        {"cf": _CF, "tls": _CERT + "[CA] /etc/mail/tls/ca.pem\n" + _R3},
        {"cf": _CF, "tls": _CERT + "[CA] /etc/mail/tls/ca.pem\n" + _R3.replace("R3", "R4") + "\nalso: CN=R3"},
        {"cf": _CF, "tls": _CERT.replace("issuer: CN=R3", "issuer: CN=mail.example.com")},
        {"cf": _CF, "tls": _CERT, "wire": _SHOWN.format("yes")},
        {"cf": _CF, "tls": _CERT + "[CA folder] /etc/ssl/certs\nca.pem\n5ad8a5d6.0"},
        {
            "cf": _CF,
            "tls": _FULL + _ROOT,
            "program": "Version 8.18.1\n Compiled with: STARTTLS _FFR_TLS_USE_CERTIFICATE_CHAIN_FILE",
        },
        {
            "cf": _CF,
            "tls": _FULL + _ROOT,
            "wire": _SHOWN.format("no-ca") + _SENT + "=== sent 2: CN=R3; issued by CN=Root",
        },
    ],
    refs=(
        "RFC 8446 section 4.4.2: a server sends its chain, the root may be left out",
        "sendmail: sendmail/tls.c, inittls(): SSL_CTX_use_certificate_file() unless built with"
        " _FFR_TLS_USE_CERTIFICATE_CHAIN_FILE, which Red Hat and Gentoo do",
        "OpenSSL: ssl/statem/statem_lib.c, ssl_add_cert_chain(): the rest of the chain is looked for in the CA store",
    ),
)
def certificate_chain_incomplete(
    cf: SendmailCf, tls: Tls, wire: Wire | Unknown, program: SendmailProgram | Unknown
) -> Findings:
    """Clients are not shown the whole chain: the certificate of an intermediate authority is missing in it.

    Of the file of ServerCertFile sendmail loads the first certificate only, unless it was built otherwise; the rest of
    the chain is taken from CACertFile and CACertPath. So an intermediate certificate that stands in fullchain.pem alone
    is never sent. Browsers fetch what is missing, mail programs do not: "unable to get local issuer certificate",
    "certificate is not trusted", and the log has "alert unknown ca".

    Advice: put the intermediate certificates into the file of CACertFile (of Let's Encrypt: chain.pem), then restart
    sendmail.
    """
    shown, built = known(wire), known(program)
    if shown and any(talk.verified[0] == "yes" for talk in shown.all):
        return
    whole = bool(built and built.loads_whole_chain)
    authorities = tls.of("CA")
    stored = {c.subject: c for f in authorities for c in f.certificates}
    names = {name for f in authorities for name in (*(c.subject for c in f.certificates), *f.more)}
    judged = all(f.state == "ok" and f.whole for f in authorities) and not any(f.hashed for f in tls.of("CA folder"))
    for file in tls.of("certificate"):
        leaf, *behind = file.certificates or (None,)
        if leaf is None or file.path not in cf.tls_files.get("ServerCertFile", ()) or not leaf.issuer:
            continue
        sent = next((t.sent for t in shown.all if t.sent and t.sent[0][0] == leaf.subject), ()) if shown else ()
        if sent:
            last, issuer = sent[-1]
        else:
            last, issuer = _as_far(leaf, [*stored.values(), *(behind if whole else ())])
        if last == issuer or (not sent and issuer in names):
            continue
        between = next((c for c in behind if c.subject == issuer and c.subject != c.issuer), None)
        if between is not None and (sent or (judged and not whole)):
            yield _not_loaded(cf, file, between, authorities, bool(sent))
        elif judged and leaf.issuer not in names and not behind and last == leaf.subject:
            yield found(
                f"The chain of {file.path} is incomplete: the certificate of its issuer, {leaf.issuer}, is in no file"
                " that sendmail.cf names",
                evidence=[file.evidence(f"subject: {leaf.subject}; issuer: {leaf.issuer}")],
                fix=[
                    edit(_ca_file(cf), "add the intermediate certificate {issuer}", issuer=leaf.issuer),
                    restart(),
                ],
                path=file.path,
            )


def _as_far(leaf: Certificate, others: Sequence[Certificate]) -> tuple[str, str]:
    """Subject and issuer of the last certificate that OpenSSL finds on the way up."""
    by_name = {c.subject: c for c in others}
    seen = {leaf.subject}
    while leaf.issuer in by_name and leaf.issuer not in seen:
        leaf = by_name[leaf.issuer]
        seen.add(leaf.subject)
    return leaf.subject, leaf.issuer


def _ca_file(cf: SendmailCf) -> str:
    return next(iter(cf.tls_files.get("CACertFile", ())), "/etc/mail/tls/chain.pem")


def _not_loaded(
    cf: SendmailCf, file: TlsFile, between: Certificate, authorities: Sequence[TlsFile], seen: bool
) -> Found:
    path = _ca_file(cf)
    of_all = path.startswith(_OF_THE_SYSTEM) or not authorities
    fix = (
        set_macro(cf.path, "confCACERT", file.path)
        if of_all  # what is added there is lost when the system's authorities are updated
        else [CopyChain(file.path, path), restart()]
    )
    return found(
        f"The intermediate certificate {between.subject} is not sent: it stands in {file.path}, of which sendmail reads"
        f" only the first certificate, and it is missing in {'CACertFile' if of_all else path}",
        evidence=[
            file.evidence(f"1: {file.certificates[0].subject}; issued by {file.certificates[0].issuer}"),
            file.evidence(f"2: {between.subject}; issued by {between.issuer}"),
            *(f.evidence("; ".join(c.subject for c in f.certificates[:4]) or "no certificate") for f in authorities),
            *([Evidence("TLS handshake", "the server does not send it")] if seen else []),
        ],
        fix=fix,
        severity="error",
        path=file.path,
    )


_OF_THE_SYSTEM = ("/etc/ssl/", "/etc/pki/", "/usr/share/", "/usr/local/share/certs/", "/var/lib/")


_NEEDS_KEY = {"ECDSA": "EC", "DSS": "DSA", "RSA": "RSA"}
_NO_CERTIFICATE = ("ANULL", "ADH", "AECDH", "NULL", "ENULL", "PSK", "SRP", "EXP", "EXPORT")


@check(
    "TLS011",
    "no-cipher-in-common",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls",),
    fails=[
        {
            "cf": _CF + "\nO CipherList=ECDHE-ECDSA-AES256-GCM-SHA384\nO ServerSSLOptions=+SSL_OP_NO_TLSv1_3",
            "tls": _CERT,
        },
        {"cf": _CF + "\nO CipherList=ECDHE-ECDSA-AES128-GCM-SHA256:!aNULL", "tls": _CERT},
        {"cf": _CF + "\nO CipherList=ADH:NULL", "tls": _CERT},
        {
            "cf": _CF + "\nO CipherList=ECDHE-ECDSA-AES256-GCM-SHA384\nO ServerSSLOptions=+SSL_OP_NO_TLSv1_3",
            "wire": "=== connect 127.0.0.1:587 auto\n<-  220 mail ESMTP\n*** tls: handshake failure",
        },
    ],
    passes=[
        {"cf": _CF + "\nO CipherList=HIGH:!aNULL:!MD5", "tls": _CERT},
        {"cf": _CF + "\nO CipherList=ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", "tls": _CERT},
        {"cf": _CF, "tls": _CERT},
    ],
    refs=(
        "openssl-ciphers(1)",
        "sendmail: sendmail/tls.c, inittls(): SSL_CTX_set_cipher_list(CipherList); TLS 1.3 has CipherSuites of its own",
    ),
)
def no_cipher_in_common(cf: SendmailCf, tls: Tls | Unknown, wire: Wire | Unknown) -> Findings:
    """CipherList allows only ciphers that do not fit the certificate's key, so no handshake up to TLS 1.2 succeeds.

    STARTTLS is offered, and clients end with "handshake failure", sendmail logs "no shared cipher". TLS 1.3, where it
    is not forbidden, has a list of its own and goes on.

    Advice: take confCIPHER_LIST out of sendmail.mc, or add the ciphers for the key's kind (ECDHE-RSA-… for RSA);
    rebuild sendmail.cf and restart.
    """
    setting = cf.option("CipherList")
    if setting is None or not setting.value.strip():
        return
    words = [w for w in setting.value.replace(",", ":").replace(" ", ":").upper().split(":") if w and w[0].isalpha()]
    served = cf.tls_files.get("ServerCertFile", ())
    files = () if isinstance(tls, Unknown) else tls.of("certificate")
    leaves = [c for f in files if f.path in served for c in f.certificates[:1]]
    keys = {c.key[0] for c in leaves if c.key[0]}
    had = known(wire)
    broken = [c for c in had.all if c.broke_in_handshake] if had else []
    if not leaves and broken:
        keys = {"another kind"}  # the file could not be read, and no handshake came to an end
    if not words or not keys or (leaves and len(keys) != len({c.subject for c in leaves})):
        return
    useless = [why for why in (_useless(word, keys) for word in words) if why]
    if len(useless) < len(words):
        return
    options = cf.value("ServerSSLOptions").replace(",", " ").split()
    without_13 = _NO_13 in options
    yield found(
        f"CipherList allows only ciphers that this server cannot use ({useless[0]}): no handshake"
        f" {'succeeds, as ServerSSLOptions forbids TLS 1.3' if without_13 else 'below TLS 1.3 succeeds'}",
        evidence=[
            Evidence(f"{cf.path}:{setting.line}", f"O CipherList={setting.value}"),
            *(Evidence(served[0], f"key: {kind}") for kind in sorted(keys) if leaves),
            *(c.evidence("***") for c in broken[:1]),
        ],
        fix=_ciphers_for_all(cf, options if without_13 else []),
        severity="error" if without_13 else "warning",
        option="CipherList",
    )


_NO_13 = "+SSL_OP_NO_TLSv1_3"


def _ciphers_for_all(cf: SendmailCf, options: list[str]) -> list[Step]:
    """A list that fits a key of any kind; and where `options` forbid TLS 1.3, whose ciphers fit each key, it is allowed
    again."""
    ciphers = set_macro(cf.path, "confCIPHER_LIST", "HIGH:!aNULL:!MD5")
    if not options:
        return ciphers
    # readcf.c: of several lines each sets and clears bits
    others = [o for o in options if o != _NO_13]
    return [set_macro(cf.path, "confSERVER_SSL_OPTIONS", *others, f"-{_NO_13[1:]}")[0], *ciphers]


def _useless(word: str, keys: set[str]) -> str:
    """Why no cipher of this word of a cipher list serves a server with such keys; empty where one may."""
    parts = word.replace("+", "-").split("-")
    if any(part in _NO_CERTIFICATE for part in parts):
        return f"{word} has no encryption or no certificate"
    for part, kind in _NEEDS_KEY.items():
        named = part in parts or f"A{part}" in parts or (part == "RSA" and f"K{part}" in parts)
        if named and kind not in keys:
            return f"{word} needs a key of the kind {part}, the certificate has {' and '.join(sorted(keys))}"
    return ""

"""TLS: certificate, key and CA, without which STARTTLS and with it PLAIN and LOGIN are lost."""

from collections.abc import Iterator
from datetime import UTC, datetime

from maildoctor.api import (
    Decrypt,
    Evidence,
    Findings,
    Link,
    MakeKey,
    Move,
    Step,
    Unknown,
    by_hand,
    check,
    found,
    inspect,
    installed,
    known,
    renewed,
    restart,
    self_signed,
    set_macro,
)
from maildoctor.api.host import Names, Pair, SpareTls, Tls, TlsFile, own_name, unnamed
from maildoctor.api.sendmail import SendmailCf, SendmailProgram
from maildoctor.api.wire import Wire

_CERT = (
    "[certificate] /etc/mail/tls/host.pem\nsubject: CN=mail.example.com\nissuer: CN=Example CA\nname: "
    "mail.example.com\n"
    "not before: {0}-01-01T00:00:00Z\nnot after: {1}-01-01T00:00:00Z\npublic key: sha256:aa\n"
)
_NOW = "now: 2026-06-01T00:00:00Z\n"
_GOOD = _NOW + _CERT.format(2026, 2028)
_SOON = 14 * 86400.0
_PAIR = "O ServerCertFile=/etc/mail/tls/host.pem\nO ServerKeyFile=/etc/mail/tls/host.key"
_KEY = "[key] /etc/mail/tls/host.key\npublic key: sha256:{}\n"
_SPARE = (
    "served: mail.example.com\n"
    + _CERT.format(2026, 2028).replace("/etc/mail/tls/", "/etc/mail/new/")
    + _KEY.format("aa").replace("/etc/mail/tls/", "/etc/mail/new/")
)


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _lost(cf: SendmailCf | Unknown) -> str:
    plain = isinstance(cf, SendmailCf) and "p" in cf.auth_options
    return "STARTTLS is not offered" + (", and PLAIN and LOGIN are not either (AuthOptions p)" if plain else "")


def _server(cf: SendmailCf, file: TlsFile) -> bool:
    """Whether the server side uses it."""
    return any(
        file.path in cf.tls_files.get(option, ())
        for option in ("ServerCertFile", "ServerKeyFile", "CACertFile", "CRLFile")
    )


def _put_there(cf: SendmailCf, tls: Tls, file: TlsFile) -> list[Step]:
    """A file that is not there or of no use: a certificate that serves until an authority has signed one; for the list
    of authorities, which sendmail wants even where it asks for no certificate, the server's own."""
    states = {(f.purpose, f.path): f.state for f in tls.files}
    pairs = zip(cf.tls_files.get("ServerCertFile", ()), cf.tls_files.get("ServerKeyFile", ()), strict=False)
    for cert, key in pairs:
        of_cert, of_key = states.get(("certificate", cert), ""), states.get(("key", key), "")
        there = of_cert != "missing"
        if (file.purpose, file.path) == ("certificate", cert) and of_key in ("ok", "missing") and cert != key:
            return self_signed(cert, key, replaces=there, has_key=of_key == "ok")
        if (file.purpose, file.path) == ("key", key) and of_cert and cert != key:
            kept: list[Step] = [Move(key, f"{key}.old")] if file.state == "broken" else []
            return [*kept, *self_signed(cert, key, replaces=there, has_key=False)]
        if file.purpose == "CA" and of_cert == "ok":
            kept = [Move(file.path, f"{file.path}.old")] if file.state == "broken" else []
            return [*kept, Link(file.path, cert)]
    words = f"install the {file.purpose} as {{path}}, or name another one by {_OPTION[file.purpose]}"
    return [by_hand(words, path=file.path)]


def _pair_with(cf: SendmailCf, file: TlsFile) -> tuple[str, str]:
    """The certificate and the key of the server, one of which is this file; both empty where none is."""
    pairs = zip(cf.tls_files.get("ServerCertFile", ()), cf.tls_files.get("ServerKeyFile", ()), strict=False)
    at = {"certificate": 0, "key": 1}.get(file.purpose, 2)
    return next((p for p in pairs if at < 2 and p[at] == file.path), ("", ""))


def _spare(tls: Tls, spare: SpareTls | Unknown, path: str, key: str, *names: str) -> Pair | None:
    """What lies elsewhere on the host and can take the place of a certificate and its key."""
    return spare.instead(tls, path, key, *names) if isinstance(spare, SpareTls) and path and key else None


def _taken(cf: SendmailCf, tls: Tls, pair: Pair, path: str, key: str) -> list[Step]:
    """It takes their place; what certbot keeps is named where it lies, for it is renewed there."""
    if not pair.path.startswith("/etc/letsencrypt/live/") or len(cf.tls_files.get("ServerCertFile", ())) > 1:
        return [*installed(pair, path, key, tls), restart()]
    certificate, rebuilt = set_macro(cf.path, "confSERVER_CERT", pair.path)
    return [certificate, set_macro(cf.path, "confSERVER_KEY", pair.key)[0], rebuilt]


def _new(cf: SendmailCf, tls: Tls, file: TlsFile, pair: Pair | None) -> list[Step]:
    """A certificate in the place of one that clients refuse."""
    _, key = _pair_with(cf, file)
    if pair:
        return _taken(cf, tls, pair, file.path, key)
    ask = "have a certificate for the names of this host issued, and put it in {path}"
    return [*(renewed(file, key) or [by_hand(ask, path=file.path)]), restart()]


_NEEDS = "install the Python package cryptography, 38 or newer"


def _unseen(tls: Tls, *purposes: str) -> Iterator[Unknown]:
    """Files that we may not or cannot read."""
    for file in tls.files:
        if file.purpose in purposes and file.state in ("refused", "unread"):
            yield Unknown(file.reason, "run as root" if file.state == "refused" else _to_read(file.reason))


def _to_read(why: str) -> str:
    return _NEEDS if "cannot be read" in why else "look whether it is what it should be"


_OPTION = {
    "certificate": "confSERVER_CERT",
    "key": "confSERVER_KEY",
    "CA": "confCACERT",
    "CA folder": "confCACERT_PATH",
    "CRL": "confCRL",
}


@check(
    "TLS001",
    "tls-file-missing",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls",),
    witnesses=("TLS129", "TLS128", "PERM140"),
    fails=[
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": _NOW + "[certificate] /etc/mail/tls/host.pem\nmissing",
        },
        {
            "cf": _PAIR,
            "tls": _NOW + "[certificate] /etc/mail/tls/host.pem\nmissing\n" + _KEY.format("aa"),
            "spare": _SPARE,
        },
    ],
    passes=[{"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _GOOD}],
    refs=("sendmail: sendmail/tls.c, inittls(); the reason is logged at LogLevel 13 only",),
)
def tls_file_missing(cf: SendmailCf, tls: Tls, spare: SpareTls | Unknown) -> Findings:
    """A certificate, key or CA file that sendmail.cf names does not exist.

    Sendmail starts without a word, but does not offer STARTTLS.

    Advice: install the file where sendmail.cf says, or name the right one (confSERVER_CERT, confSERVER_KEY,
    confCACERT); then restart sendmail.
    """
    done: set[str] = set()
    for file in tls.files:
        if file.state == "missing" and file.path not in done:
            done.add(file.path)
            severe = _server(cf, file) and file.purpose != "CRL"
            without = "this host cannot show it as a client"
            if file.purpose == "CRL":  # tls.c, inittls(): a list that is not there is logged and passed over
                without = "certificates that were revoked are taken all the same"
            path, key = _pair_with(cf, file)
            pair = _spare(tls, spare, path, key)
            yield found(
                f"The {file.purpose} file {file.path} does not exist: {_lost(cf) if severe else without}",
                evidence=[
                    Evidence(f"ls -l {file.path}", "No such file or directory"),
                    *([pair.evidence] if pair else []),
                ],
                fix=_taken(cf, tls, pair, path, key) if pair else [*_put_there(cf, tls, file), restart()],
                severity="error" if severe else "warning",
                path=file.path,
            )


@check(
    "TLS002",
    "certificate-expired",
    "error",
    rung="tls",
    role="cause",
    fails=[
        {"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _NOW + _CERT.format(2020, 2021)},
        {"cf": _PAIR, "tls": _NOW + _CERT.format(2020, 2021) + _KEY.format("aa"), "spare": _SPARE},
        {"cf": _PAIR, "tls": _NOW + _CERT.format(2020, 2021).replace("CN=Example CA", "CN=mail.example.com")},
    ],
    passes=[{"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _GOOD}],
    refs=("RFC 5280 section 4.1.2.5",),
)
def certificate_expired(cf: SendmailCf, tls: Tls, spare: SpareTls | Unknown) -> Findings:
    """The server's certificate has expired, or is about to.

    Clients that verify it break off after STARTTLS, before they log in.

    Advice: renew the certificate, then restart sendmail.
    """
    yield from _unseen(tls, "certificate")
    for file in tls.of("certificate"):
        for certificate in file.certificates[:1]:
            if not certificate.not_after or certificate.not_after > tls.now + _SOON or not _server(cf, file):
                continue
            past, until = certificate.not_after <= tls.now, _day(certificate.not_after)
            pair = _spare(tls, spare, *_pair_with(cf, file), *certificate.names)
            yield found(
                f"The certificate {file.path} "
                + (f"has expired: it was valid until {until}" if past else f"expires soon: {until}"),
                evidence=[
                    file.evidence(f"{certificate.subject}: not after {until}"),
                    Evidence("date -u", _day(tls.now)),
                    *([pair.evidence] if pair else []),
                ],
                fix=[inspect("openssl x509 -in {path} -noout -dates", path=file.path), *_new(cf, tls, file, pair)],
                severity="error" if past else "warning",
                path=file.path,
            )


@check(
    "TLS003",
    "certificate-not-yet-valid",
    "error",
    rung="tls",
    role="cause",
    fails=[{"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _NOW + _CERT.format(2040, 2041)}],
    passes=[{"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _GOOD}],
    refs=("RFC 5280 section 4.1.2.5",),
)
def certificate_not_yet_valid(cf: SendmailCf, tls: Tls, spare: SpareTls | Unknown) -> Findings:
    """The server's certificate is not valid yet by this host's clock.

    Either the clock is behind, or the certificate was issued for the future.

    Advice: set the clock (chrony, ntp); if the clock is right, have the certificate issued anew.
    """
    yield from _unseen(tls, "certificate")
    for file in tls.of("certificate"):
        for certificate in file.certificates[:1]:
            if tls.now and certificate.not_before > tls.now and _server(cf, file):
                pair = _spare(tls, spare, *_pair_with(cf, file), *certificate.names)
                yield found(
                    f"The certificate {file.path} is not yet valid: not before {_day(certificate.not_before)}",
                    evidence=[
                        file.evidence(f"{certificate.subject}: not before {_day(certificate.not_before)}"),
                        Evidence("date -u", _day(tls.now)),
                        *([pair.evidence] if pair else []),
                    ],
                    fix=[
                        inspect("date -u"),
                        inspect("openssl x509 -in {path} -noout -dates", path=file.path),
                        *_new(cf, tls, file, pair),
                    ],
                    path=file.path,
                )


@check(
    "TLS004",
    "certificate-for-another-name",
    "warning",
    rung="tls",
    role="cause",
    fails=[{"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _GOOD, "names": "hostname: smtp.example.org"}],
    passes=[
        {"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _GOOD, "names": "hostname: mail.example.com"},
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": "served: mail.example.com\n" + _GOOD,
            "names": "hostname: box7.example.com",
        },
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": _GOOD,
            "names": "hostname: box7.example.com\n192.0.2.9 box7.example.com mail.example.com",
        },
    ],
    refs=("RFC 6125; RFC 8314 section 5",),
)
def certificate_for_another_name(
    cf: SendmailCf, tls: Tls, names: Names, program: SendmailProgram | Unknown, spare: SpareTls | Unknown
) -> Findings:
    """The server's certificate is for another host name than this host's.

    Clients that verify names refuse it, unless they know the host by the name that stands in it, which may be an alias
    that no file here tells. A name of the host's own address in /etc/hosts or of local-host-names is taken for one that
    clients use.

    Advice: have a certificate issued for the name that clients use (subjectAltName), then restart sendmail.
    """
    yield from _unseen(tls, "certificate")
    if gap := unnamed(cf, names, known(program)):
        yield gap
    host = own_name(cf, names, known(program))
    every = (host, *names.aliases, *tls.served, *cf.class_("w"))
    for file in tls.of("certificate"):
        for certificate in file.certificates[:1]:
            if gap := certificate.gap:
                yield gap
            if certificate.names and "." in host and _server(cf, file) and not certificate.covers(*every):
                pair = _spare(tls, spare, *_pair_with(cf, file), *every)
                yield found(
                    f"The certificate {file.path} is for another name: {', '.join(certificate.names[:4])}, not for "
                    f"{host}",
                    evidence=[
                        file.evidence(f"names: {', '.join(certificate.names[:8])}"),
                        Evidence("hostname", host),
                        *([pair.evidence] if pair else []),
                    ],
                    fix=[
                        inspect("openssl x509 -in {path} -noout -subject -ext subjectAltName", path=file.path),
                        *_new(cf, tls, file, pair),
                    ],
                    path=file.path,
                )


@check(
    "TLS005",
    "key-does-not-match",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls", "TLS004"),
    witnesses=("TLS127",),
    fails=[
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem\nO ServerKeyFile=/etc/mail/tls/host.key",
            "tls": _GOOD + "[key] /etc/mail/tls/host.key\npublic key: sha256:bb",
        }
    ],
    passes=[
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem\nO ServerKeyFile=/etc/mail/tls/host.key",
            "tls": _GOOD + "[key] /etc/mail/tls/host.key\npublic key: sha256:aa",
        }
    ],
    refs=("sendmail: sendmail/tls.c, SSL_CTX_check_private_key",),
)
def key_does_not_match(cf: SendmailCf, tls: Tls, spare: SpareTls | Unknown) -> Findings:
    """The private key does not belong to the certificate.

    Sendmail then offers no STARTTLS; the line about it stands in the log at start only.

    Advice: install certificate and key that were made together, then restart sendmail.
    """
    yield from _unseen(tls, "certificate", "key")
    for cert_option, key_option in (("ServerCertFile", "ServerKeyFile"), ("ClientCertFile", "ClientKeyFile")):
        pairs = zip(cf.tls_files.get(cert_option, ()), cf.tls_files.get(key_option, ()), strict=False)
        for cert_path, key_path in pairs:
            cert = next((f for f in tls.of("certificate") if f.path == cert_path and f.certificates), None)
            key = next((f for f in tls.of("key") if f.path == key_path and f.public_key), None)
            if (
                cert
                and key
                and cert.certificates[0].public_key.startswith("sha256:")
                and cert.certificates[0].public_key != key.public_key
            ):
                pair = _spare(tls, spare, cert.path, key.path, *cert.certificates[0].names)
                yield found(
                    f"The key {key.path} does not match the certificate {cert.path}: {_lost(cf)}",
                    evidence=[
                        cert.evidence(f"{cert.certificates[0].subject}: another public key than"),
                        key.evidence("the public half of this key"),
                        *([pair.evidence] if pair else []),
                    ],
                    fix=[
                        inspect(
                            "openssl x509 -in {certificate} -noout -pubkey | openssl sha256; "
                            "openssl pkey -in {key} -pubout | openssl sha256",
                            certificate=cert.path,
                            key=key.path,
                        ),
                        *(
                            _taken(cf, tls, pair, cert.path, key.path)
                            if pair
                            else [*self_signed(cert.path, key.path, replaces=True), restart()]
                        ),
                    ],
                    path=key.path,
                )


@check(
    "TLS006",
    "tls-file-unusable",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls",),
    witnesses=("TLS128",),
    fails=[
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": _NOW + "[certificate] /etc/mail/tls/host.pem\nbroken: there is no readable certificate in it",
        },
        {
            "cf": "O ServerKeyFile=/etc/mail/tls/host.key",
            "tls": _NOW + "[key] /etc/mail/tls/host.key\nencrypted: the key is protected by a passphrase",
        },
        {
            "cf": "O CRLFile=/etc/mail/tls/crl.pem",
            "tls": _NOW + "[CRL] /etc/mail/tls/crl.pem\nbroken: there is no revocation list in it",
        },
    ],
    passes=[{"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _GOOD}],
    refs=("sendmail: sendmail/tls.c",),
)
def tls_file_unusable(cf: SendmailCf, tls: Tls, spare: SpareTls | Unknown) -> Findings:
    """A certificate or key file cannot be used: it is damaged, empty, of another kind, or locked by a passphrase.

    Sendmail cannot ask for a passphrase, and goes on without STARTTLS.

    Advice: install a readable PEM file, and store a key without its passphrase, for its owner alone (openssl pkey -in
    KEY -out NEW, mode 0600); then restart sendmail.
    """
    yield from _unseen(tls, "certificate", "key", "CA")
    for file in tls.files:
        if file.state in ("broken", "encrypted"):
            path, key = _pair_with(cf, file)
            pair = _spare(tls, spare, path, key) if file.state == "broken" else None
            yield found(
                f"The private key {file.path} is encrypted, and sendmail cannot ask for its passphrase: {_lost(cf)}"
                if file.state == "encrypted"
                else f"The {file.purpose} file {file.path} cannot be used ({file.reason or file.state}): {_lost(cf)}",
                evidence=[file.evidence(file.reason or file.state), *([pair.evidence] if pair else [])],
                fix=[Decrypt(file.path), restart()]
                if file.state == "encrypted"
                else [
                    inspect(f"openssl {_TO_SHOW.get(file.purpose, 'x509')} -in {{path}} -noout", path=file.path),
                    *(_taken(cf, tls, pair, path, key) if pair else [*_put_there(cf, tls, file), restart()]),
                ],
                severity="error" if _server(cf, file) else "warning",
                path=file.path,
            )


_TO_SHOW = {"key": "pkey", "CRL": "crl"}

_NEEDED = {
    "ServerCertFile": "confSERVER_CERT",
    "ServerKeyFile": "confSERVER_KEY",
    "CACertFile": "confCACERT",
    "CACertPath": "confCACERT_PATH",
}
"""What sendmail/tls.h wants for a server (TLS_I_SRV_CERT), and how sendmail.mc calls it."""


@check(
    "TLS007",
    "tls-option-missing",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls", "MECH009"),
    fails=[
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem\nO ServerKeyFile=/etc/mail/tls/host.key\n"
            "O CACertFile=/etc/mail/tls/ca.pem"
        },
        {"cf": "O ServerCertFile=/etc/mail/host.pem\nO CACertFile=/etc/mail/ca.pem\nO CACertPath=/etc/mail"},
    ],
    passes=[
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem\nO ServerKeyFile=/etc/mail/tls/host.key\n"
            "O CACertFile=/etc/mail/tls/ca.pem\nO CACertPath=/etc/mail/tls"
        },
        {"cf": "O CACertFile=/etc/mail/tls/ca.pem"},
        {"cf": ""},
    ],
    refs=("sendmail: sendmail/tls.h, TLS_I_SRV_CERT; sendmail/tls.c, inittls()",),
)
def tls_option_missing(cf: SendmailCf) -> Findings:
    """One of the four options that a server needs for STARTTLS is not set.

    Certificate, key, CA file and CA folder must all be named, even where the last two hold nothing of use. If one is
    not, sendmail starts without a word and does not offer STARTTLS.

    Advice: set the option in sendmail.mc (confCACERT may name the certificate's own chain, confCACERT_PATH the folder
    it lies in), rebuild sendmail.cf and restart.
    """
    files = {option: cf.tls_files.get(option, ()) for option in _NEEDED}
    lacks = [option for option, paths in files.items() if not paths]
    certificate = (*files["ServerCertFile"], *files["ServerKeyFile"])
    if not certificate or not lacks:
        return
    folder = certificate[0].rpartition("/")[0]
    example = {
        "CACertPath": folder,
        "ServerKeyFile": f"{folder}/host.key",
        "ServerCertFile": f"{folder}/host.pem",
        "CACertFile": certificate[0],
    }
    yield found(
        f"{' and '.join(lacks)} {'is' if len(lacks) == 1 else 'are'} not set in {cf.path}, and sendmail needs all of"
        f" {', '.join(_NEEDED)}: {_lost(cf)}",
        evidence=[
            Evidence(cf.path, f"O {option}={','.join(paths)}" if paths else f"no O {option}")
            for option, paths in files.items()
        ],
        fix=[
            *(set_macro(cf.path, _NEEDED[o], example[o])[0] for o in lacks),
            set_macro(cf.path, _NEEDED[lacks[0]], example[lacks[0]])[1],
        ],
        option=lacks[0],
    )


_LEAST = {"RSA": 2048, "DSA": 2048}
"""Bits that OpenSSL wants at its security level 2, the default of most systems."""


@check(
    "TLS008",
    "key-too-small",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls",),
    fails=[
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": _GOOD + "key: RSA 1024 bits\n",
        }
    ],
    passes=[
        {"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _GOOD + "key: RSA 2048 bits\n"},
        {"cf": "O ServerCertFile=/etc/mail/tls/host.pem", "tls": _GOOD + "key: EC 256 bits\n"},
        {
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": _GOOD + "key: RSA 1024 bits\n",
            "wire": "=== connect 127.0.0.1:587 auto\n=== purpose look\n<-  220 mail ESMTP Sendmail\n"
            " -> EHLO x.invalid\n<-  250-mail\n<-  250 STARTTLS\n -> QUIT",
        },
    ],
    refs=("OpenSSL: SSL_CTX_set_security_level(3), ssl/ssl_cert.c: ee key too small",),
)
def key_too_small(cf: SendmailCf, tls: Tls, wire: Wire | Unknown) -> Findings:
    """The key of the server's certificate is too short for OpenSSL, which refuses to load it.

    Sendmail then goes on without STARTTLS, and the only line is at its start ("ee key too small").

    Advice: make a new key (RSA of 2048 bits or more, or EC P-256), have a certificate issued for it, and restart.
    """
    if isinstance(wire, Wire) and any(c.in_clear and c.in_clear.starttls for c in wire.per_endpoint):
        return  # this OpenSSL takes it; what clients think of it is judged on the wire
    yield from _unseen(tls, "certificate")
    for file in tls.of("certificate"):
        kind, bits = file.certificates[0].key if file.certificates else ("", 0)
        if _server(cf, file) and 0 < bits < _LEAST.get(kind, 0):
            yield found(
                f"The key of the certificate {file.path} has {bits} bits ({kind}), too few for OpenSSL: {_lost(cf)}",
                evidence=[file.evidence(f"{file.certificates[0].subject}: {kind} {bits} bits")],
                fix=[MakeKey("new.key"), restart()],
                # unless the server was asked, an OpenSSL of another level may take it
                severity=None if isinstance(wire, Wire) else "warning",
                path=file.path,
            )


_NEW = ("NO_TLSv1_2", "NO_TLSv1_3")


@check(
    "TLS009",
    "no-tls-version-left",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls",),
    fails=[{"cf": "O ServerSSLOptions=+SSL_OP_NO_TLSv1_3 +SSL_OP_NO_TLSv1_2"}],
    passes=[
        {"cf": "O ServerSSLOptions=+SSL_OP_NO_SSLv2 +SSL_OP_NO_TLSv1_3"},
        {"cf": "O ServerSSLOptions=+SSL_OP_NO_TLSv1_3 -SSL_OP_NO_TLSv1_2"},
    ],
    refs=("sendmail: doc/op, ServerSSLOptions; sendmail/readcf.c, TLS_SSLOPTS", "RFC 8996: TLS 1.0 and 1.1 are dead"),
)
def no_tls_version_left(cf: SendmailCf) -> Findings:
    """ServerSSLOptions forbids TLS 1.2 and TLS 1.3, and no client of today speaks anything else.

    STARTTLS is offered and every handshake breaks off: "unsupported protocol", "protocol version".

    Advice: take SSL_OP_NO_TLSv1_2 and SSL_OP_NO_TLSv1_3 out (confSERVER_SSL_OPTIONS), rebuild sendmail.cf and restart.
    """
    setting = cf.option("ServerSSLOptions")
    switched = setting.value.replace(",", " ").split() if setting else []
    if setting and all(f"+SSL_OP_{v}" in switched for v in _NEW):
        yield found(
            "ServerSSLOptions forbids TLS 1.2 and TLS 1.3: no handshake succeeds",
            evidence=[Evidence(f"{cf.path}:{setting.line}", f"O ServerSSLOptions={setting.value}")],
            fix=set_macro(cf.path, "confSERVER_SSL_OPTIONS", "+SSL_OP_NO_SSLv3", "+SSL_OP_NO_TLSv1"),
            option="ServerSSLOptions",
        )

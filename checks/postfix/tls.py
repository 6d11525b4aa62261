"""TLS: the certificates of Postfix' smtpd services, without which STARTTLS is refused and logins with it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from maildoctor.api import (
    Decrypt,
    Evidence,
    Findings,
    Move,
    Restart,
    SetPostfix,
    SetPostfixOption,
    Step,
    Unknown,
    by_hand,
    check,
    found,
    inspect,
    installed,
    renewed,
    self_signed,
    shown,
)
from maildoctor.api.cyrus import PLAINTEXT, SaslConf
from maildoctor.api.host import Pair, SpareTls, TlsFile
from maildoctor.api.postfix import (
    Postfix,
    PostfixTls,
    Smtpd,
    admits_own_hosts_only,
    chain,
    needs_tls,
    pairs,
    primary,
    set_postfix,
    tls_level,
    without_tls,
)

_MAIN = (
    "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n"
    "smtpd_tls_security_level = may\n"
    "smtpd_tls_cert_file = /etc/postfix/host.pem\nsmtpd_tls_key_file = /etc/postfix/host.key\n"
)
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n"
_HOST = _MAIN + _MASTER
_NOW = "now: 2026-06-01T00:00:00Z\n"
_CERT = (
    "[certificate] /etc/postfix/host.pem\nsubject: CN=mail.example.com\nissuer: CN=Example CA\nname: mail.example.com\n"
    "not before: {0}-01-01T00:00:00Z\nnot after: {1}-01-01T00:00:00Z\npublic key: sha256:aa\n"
)
_KEY = "[key] /etc/postfix/host.key\npublic key: sha256:aa\n"
_GOOD = _NOW + _CERT.format(2026, 2028) + _KEY
_SPARE = "served: mail.example.com\n" + (_CERT.format(2026, 2028) + _KEY).replace("/etc/postfix/", "/etc/postfix/new/")
_SOON = 14 * 86400.0


def _users(postfix: Postfix) -> tuple[Smtpd, ...]:
    """Services that speak TLS."""
    return tuple(s for s in postfix.smtpd if tls_level(s) != "none" or s.is_yes("smtpd_tls_wrappermode"))


def _offering(services: Sequence[Smtpd]) -> str:
    """Services with their ports, and the verb that follows."""
    names = [f"{s.name} (port {s.port})" if s.port else s.name for s in services]
    return f"{' and '.join(names)} {'offers' if len(names) == 1 else 'offer'}"


def _lost(services: Sequence[Smtpd]) -> str:
    """What becomes of logins."""
    only = [s for s in services if s.is_yes("smtpd_sasl_auth_enable") and needs_tls(s)]
    names = ", ".join(dict.fromkeys(s.service.name for s in only))
    lost = f", and nobody can log in at {names}, where AUTH is offered in TLS only" if only else ""
    return f"STARTTLS is answered 454 TLS not available{lost}"


_CHAIN = "smtpd_tls_chain_files"


def _used(postfix: Postfix, tls: PostfixTls) -> Iterator[tuple[str, str, str, list[Smtpd]]]:
    """Each pair of certificate and key with the services that use it; of a file of a chain that holds neither, it
    twice."""
    found_: dict[tuple[str, str, str], list[Smtpd]] = {}
    for smtpd in _users(postfix):
        some = [pair for pair in pairs(smtpd) if pair[0] != _CHAIN]
        if paths := [path for option, path, _ in pairs(smtpd) if option == _CHAIN]:
            read = chain(paths, tls)
            some = [(_CHAIN, *pair) for pair in read.pairs]
            some += [(_CHAIN, p, p) for p in (read.unusable if read.known else paths) if (p, p) not in read.pairs]
        for pair in some:
            found_.setdefault(pair, []).append(smtpd)
    for (option, certificate, key), services in found_.items():
        yield option, certificate, key, services


def _of(tls: PostfixTls, purpose: str, path: str) -> TlsFile | None:
    return next((f for f in tls.of(purpose) if f.path == path), None)


def _spare(tls: PostfixTls, spare: SpareTls | Unknown, option: str, path: str, key: str, *names: str) -> Pair | None:
    """What lies elsewhere on the host and can take the place of a certificate and its key; a file that holds both, and
    one of a chain, is put together by its owner."""
    if isinstance(spare, Unknown) or path == key or option == _CHAIN:
        return None
    return spare.instead(tls, path, key, *names)


def _taken(tls: PostfixTls, pair: Pair, option: str, path: str, key: str, services: Sequence[Smtpd]) -> list[Step]:
    """It takes their place; what certbot keeps is named where it lies, for it is renewed there."""
    of_key = option.replace("cert_file", "key_file")
    if not pair.path.startswith("/etc/letsencrypt/live/"):
        return [*installed(pair, path, key, tls), Restart("postfix")]
    named = [set_postfix(s, name, value) for s in services for name, value in ((option, pair.path), (of_key, pair.key))]
    return [*dict.fromkeys(named), Restart("postfix")]


def _made(tls: PostfixTls, purpose: str, option: str, certificate: str, key: str) -> list[Step]:
    """A certificate that serves until an authority has signed one, in the place of a file that is of no use."""
    of_cert, of_key = (
        file.state if file else "" for file in (_of(tls, "certificate", certificate), _of(tls, "key", key))
    )
    if certificate == key or option == _CHAIN or not {of_cert, of_key} <= {"ok", "missing", "broken"}:
        what = f"install the {purpose} as {{path}}, or name another one by {option}"
        return [by_hand(what, path=certificate if purpose == "certificate" else key)]
    kept: list[Step] = [Move(key, f"{key}.old")] if of_key == "broken" else []
    return [*kept, *self_signed(certificate, key, replaces=of_cert != "missing", has_key=of_key == "ok")]


@check(
    "TLS045",
    "postfix-tls-file-unusable",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls", "WIRE020", "WIRE021"),
    witnesses=("TLS580", "TLS582", "TLS583", "TLS586", "TLS587", "TLS599"),
    fails=[
        {"postfix": _HOST, "tls": _NOW + "[certificate] /etc/postfix/host.pem\nmissing\n" + _KEY},
        {"postfix": _HOST, "tls": _NOW + "[certificate] /etc/postfix/host.pem\nmissing\n" + _KEY, "spare": _SPARE},
        {"postfix": _HOST, "tls": _NOW + _CERT.format(2026, 2028) + "[key] /etc/postfix/host.key\nmissing\n"},
        {
            "postfix": _HOST,
            "tls": _NOW + _CERT.format(2026, 2028) + "[key] /etc/postfix/host.key\nencrypted: a passphrase\n",
        },
        {"postfix": _HOST, "tls": _NOW + "[certificate] /etc/postfix/host.pem\nbroken: no certificate in it\n" + _KEY},
    ],
    passes=[
        {"postfix": _HOST, "tls": _GOOD},
        {
            "postfix": _HOST.replace("level = may", "level = none"),
            "tls": "[certificate] /etc/postfix/host.pem\nmissing",
        },
    ],
    refs=("postfix: tls/tls_certkey.c, tls/tls_server.c: read as root, before the chroot; without them 454 4.7.0",),
)
def tls_file_unusable(postfix: Postfix, tls: PostfixTls, spare: SpareTls | Unknown) -> Findings:
    """A certificate or key that main.cf names is missing, or cannot be used.

    Postfix goes on: STARTTLS is offered and answered "454 4.7.0 TLS not available due to local problem", and the log
    tells the reason once in each process ("cannot get RSA certificate from file"). Files are read as root before the
    chroot, so their modes do not matter.

    Advice: install the file where main.cf says, or name the right one (smtpd_tls_cert_file, smtpd_tls_key_file); then
    reload Postfix.
    """
    reported: set[str] = set()
    for option, certificate, key, services in _used(postfix, tls):
        for purpose, path in (("certificate", certificate), ("key", key)):
            file = _of(tls, purpose, path)
            if file is None or path in reported:
                continue
            if file.state in ("refused", "unread"):
                yield Unknown(file.reason, "run as root")
                continue
            if file.state == "ok":
                continue
            reported.add(path)
            name = option.replace("cert_file", "key_file") if purpose == "key" and path != certificate else option
            what = {
                "missing": "does not exist",
                "encrypted": "is protected by a passphrase, which Postfix cannot ask for",
            }.get(file.state, f"cannot be used ({file.reason or file.state})")
            pair = None if file.state == "encrypted" else _spare(tls, spare, option, certificate, key)
            yield found(
                f"The {purpose} file {path} ({name}) {what}: {_lost(services)}",
                evidence=[
                    file.evidence(
                        "No such file or directory" if file.state == "missing" else file.reason or file.state
                    ),
                    services[0].evidence(name),
                    *([pair.evidence] if pair else []),
                ],
                fix=[Decrypt(path), Restart("postfix")]
                if file.state == "encrypted"
                else _taken(tls, pair, option, certificate, key, services)
                if pair
                else [*_made(tls, purpose, name, certificate, key), Restart("postfix")],
                path=path,
            )


@check(
    "TLS046",
    "postfix-key-does-not-match",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls", "WIRE020", "WIRE021"),
    witnesses=("TLS581", "TLS583", "TLS587", "TLS599"),
    fails=[
        {"postfix": _HOST, "tls": _NOW + _CERT.format(2026, 2028) + _KEY.replace("aa", "bb")},
        {"postfix": _HOST, "tls": _NOW + _CERT.format(2026, 2028) + _KEY.replace("aa", "bb"), "spare": _SPARE},
    ],
    passes=[{"postfix": _HOST, "tls": _GOOD}],
    refs=("postfix: tls/tls_certkey.c: SSL_CTX_check_private_key",),
)
def key_does_not_match(postfix: Postfix, tls: PostfixTls, spare: SpareTls | Unknown) -> Findings:
    """The private key does not belong to the certificate, and Postfix uses neither.

    STARTTLS is answered "454 4.7.0 TLS not available due to local problem"; the log has "private key … does not match
    public key" once in each process.

    Advice: install certificate and key that were issued together, then reload Postfix.
    """
    for option, certificate, key, services in _used(postfix, tls):
        one, other = _of(tls, "certificate", certificate), _of(tls, "key", key)
        if one is None or other is None or not one.certificates or not other.public_key:
            continue
        public = one.certificates[0].public_key
        if public.startswith("sha256:") and public != other.public_key:
            pair = _spare(tls, spare, option, certificate, key, *one.certificates[0].names)
            yield found(
                f"The key {key} does not match the certificate {certificate}: {_lost(services)}",
                evidence=[
                    one.evidence(f"{one.certificates[0].subject}: another public key than"),
                    other.evidence("the public half of this key"),
                    services[0].evidence(option),
                    *([pair.evidence] if pair else []),
                ],
                fix=[
                    inspect(
                        "openssl x509 -in {certificate} -noout -pubkey | openssl sha256; "
                        "openssl pkey -in {key} -pubout | openssl sha256",
                        certificate=certificate,
                        key=key,
                    ),
                    *(
                        _taken(tls, pair, option, certificate, key, services)
                        if pair
                        else [*self_signed(certificate, key, replaces=True), Restart("postfix")]
                    ),
                ],
                path=key,
            )


_LISTED = _HOST.replace(
    "cert_file = /etc/postfix/host.pem", "chain_files = /etc/postfix/host.pem, /etc/postfix/host.key"
)
_RIGHT = _HOST.replace(
    "cert_file = /etc/postfix/host.pem", "chain_files = /etc/postfix/host.key, /etc/postfix/host.pem"
)
_BOTH = (
    _GOOD
    + "[certificate] /etc/postfix/host.key\nbroken: there is no readable certificate in it\n"
    + "[key] /etc/postfix/host.pem\nbroken: there is no readable private key in it\n"
)


@check(
    "TLS053",
    "postfix-chain-files-out-of-order",
    "error",
    rung="tls",
    role="cause",
    explains=("no-starttls", "WIRE020", "WIRE021"),
    witnesses=("TLS580", "TLS582", "TLS583", "TLS586", "TLS587", "TLS599"),
    fails=[
        {"postfix": _LISTED, "tls": _BOTH},
        {
            "postfix": _HOST.replace("smtpd_tls_cert_file", "smtpd_tls_chain_files"),
            "tls": _NOW
            + _CERT.format(2026, 2028)
            + "\n# key: behind the certificate\n"
            + _KEY.replace("host.key", "host.pem"),
        },
    ],
    passes=[
        {"postfix": _RIGHT, "tls": _BOTH},
        {"postfix": _HOST, "tls": _GOOD},
        {
            "postfix": _HOST.replace("smtpd_tls_cert_file", "smtpd_tls_chain_files"),
            "tls": _NOW + _CERT.format(2026, 2028) + _KEY.replace("host.key", "host.pem"),
        },
    ],
    refs=("postfix: tls/tls_certkey.c, load_pem_bio(); postconf(5), smtpd_tls_chain_files",),
)
def chain_files_out_of_order(postfix: Postfix, tls: PostfixTls) -> Findings:
    """smtpd_tls_chain_files does not have each private key immediately before its certificates, and TLS is off.

    Postfix reads these files one after the other as one text: a key, its certificate, those that signed it; then the
    next key. They count instead of smtpd_tls_cert_file and smtpd_tls_key_file. STARTTLS is answered "454 4.7.0 TLS not
    available due to local problem".

    Advice: name the key first, then the file with its certificates; or put both into one file, the key on top. Then
    reload Postfix.
    """
    seen: dict[tuple[str, ...], list[Smtpd]] = {}
    for smtpd in _users(postfix):
        if paths := tuple(path for option, path, _ in pairs(smtpd) if option == _CHAIN):
            seen.setdefault(paths, []).append(smtpd)
    for paths, services in seen.items():
        read = chain(paths, tls)
        if not read.fault:
            continue
        keys = [p for p in paths if any(f.path == p and f.state == "ok" for f in tls.of("key"))]
        rest = [p for p in paths if p not in keys]
        first = services[0]
        better = [*keys, *rest]
        can = len(keys) == 1 and better != list(paths)
        yield found(
            f"{_CHAIN}: {read.fault} (each key comes immediately before its certificate): {_lost(services)}",
            evidence=[first.evidence(_CHAIN), *(f.evidence("a private key") for f in tls.of("key") if f.path in keys)],
            fix=[
                *(
                    dict.fromkeys(
                        SetPostfixOption(s.name, _CHAIN, ",".join(better))
                        if _CHAIN in s.service.options
                        else SetPostfix(_CHAIN, ", ".join(better))
                        for s in services
                    )
                    if can
                    else [by_hand("put the private key before its certificate in {path}", path=read.at)]
                ),
                Restart("postfix"),
            ],
            option=_CHAIN,
            path=read.at,
        )


@check(
    "TLS047",
    "postfix-certificate-not-valid-now",
    "error",
    rung="tls",
    role="cause",
    explains=("WIRE025", "WIRE026", "WIRE027"),
    fails=[
        {"postfix": _HOST, "tls": _NOW + _CERT.format(2020, 2021) + _KEY},
        {"postfix": _HOST, "tls": _NOW + _CERT.format(2020, 2021) + _KEY, "spare": _SPARE},
        {"postfix": _HOST, "tls": _NOW + _CERT.format(2040, 2041) + _KEY},
    ],
    passes=[{"postfix": _HOST, "tls": _GOOD}],
    refs=("RFC 5280 section 4.1.2.5",),
)
def certificate_not_valid_now(postfix: Postfix, tls: PostfixTls, spare: SpareTls | Unknown) -> Findings:
    """The certificate of Postfix has expired, is about to, or is not valid yet.

    Clients that verify it break off after STARTTLS, before they log in. A renewed file is used by processes that start
    after it, so a reload is enough.

    Advice: renew the certificate, then reload Postfix; if it is not valid yet, look at the clock.
    """
    if not tls.now:
        return
    reported: set[str] = set()
    for option, path, key, services in _used(postfix, tls):
        file = _of(tls, "certificate", path)
        one = file.certificates[0] if file and file.certificates else None
        if file is None or one is None or not one.not_after or path in reported:
            continue
        reported.add(path)
        until, since = (datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%d") for t in (one.not_after, one.not_before))
        if one.not_before > tls.now:
            words = f"is not valid before {since}"
        elif one.not_after <= tls.now:
            words = f"has expired: it was valid until {until}"
        elif one.not_after <= tls.now + _SOON:
            words = f"expires soon: {until}"
        else:
            if path in (c for _, c, _k in pairs(primary(postfix))):
                yield shown(f"certificate until {until}", Evidence(path, f"{one.subject}: not after {until}"))
            continue
        pair = _spare(tls, spare, option, path, key, *one.names)
        anew = renewed(file, key) or [by_hand("have the certificate {path} renewed", path=path)]
        yield found(
            f"The certificate {path} {words}",
            evidence=[
                Evidence(path, f"{one.subject}: not before {since}, not after {until}"),
                Evidence("date -u", datetime.fromtimestamp(tls.now, UTC).strftime("%Y-%m-%d")),
                *([pair.evidence] if pair else []),
            ],
            fix=[
                inspect("openssl x509 -in {path} -noout -subject -dates", path=path),
                *(_taken(tls, pair, option, path, key, services) if pair else [*anew, Restart("postfix")]),
            ],
            severity="warning" if words.startswith("expires") else None,
            path=path,
        )


@check(
    "TLS048",
    "postfix-demands-tls-and-has-none",
    "error",
    rung="tls",
    role="cause",
    scope=("listener",),
    explains=("no-starttls", "no-offer", "WIRE020", "WIRE021", "no-answer"),
    fails=[
        {
            "postfix": "==> /etc/postfix/main.cf <==\nsmtpd_sasl_auth_enable = yes\nsmtpd_tls_auth_only = yes\n"
            + _MASTER
        },
        {
            "postfix": "==> /etc/postfix/main.cf <==\nsmtpd_sasl_auth_enable = yes\n"
            + _MASTER
            + " -o smtpd_tls_security_level=encrypt\n"
        },
    ],
    passes=[
        {"postfix": _HOST + " -o smtpd_tls_security_level=encrypt\n"},
        {"postfix": "==> /etc/postfix/main.cf <==\nsmtpd_sasl_auth_enable = yes\n" + _MASTER},
        {
            "postfix": "==> /etc/postfix/main.cf <==\nsmtpd_sasl_auth_enable = yes\nsmtpd_tls_auth_only = yes\n"
            "smtpd_tls_security_level = may\nsmtpd_tls_cert_file = /etc/postfix/host.pem\n" + _MASTER
        },
        {
            "postfix": _MAIN
            + "smtpd_tls_auth_only = yes\n"
            + _MASTER
            + "127.0.0.1:10025 inet n - n - - smtpd -o smtpd_tls_security_level=none\n"
        },
    ],
    refs=("postfix: smtpd/smtpd.c, pre_jail_init(): smtpd_tls_security_level; smtpd_tls_auth_only",),
)
def demands_tls_and_has_none(postfix: Postfix) -> Findings:
    """Logins are offered in TLS only, and TLS is not set up: nobody can log in.

    smtpd_tls_auth_only=yes or smtpd_tls_security_level=encrypt hide AUTH until TLS stands, and there is no level, or no
    certificate, with which it could.

    Advice: set smtpd_tls_security_level=may and name a certificate and its key (smtpd_tls_cert_file,
    smtpd_tls_key_file); then reload Postfix.
    """
    lacking: dict[str, list[Smtpd]] = {}
    for smtpd in postfix.logins:
        if needs_tls(smtpd) and not admits_own_hosts_only(smtpd) and (why := without_tls(smtpd)):
            lacking.setdefault(why, []).append(smtpd)
    for why, services in lacking.items():
        first = services[0]
        switched_off = tls_level(first) == "none"
        certified = bool(pairs(first))
        demands = next(
            o
            for o in ("smtpd_tls_auth_only", "smtpd_tls_wrappermode", "smtpd_tls_security_level")
            if first.is_yes(o) or o == "smtpd_tls_security_level"
        )
        some = {s.name for s in services}
        others = any(s.name not in some for s in postfix.logins)
        where = ",".join(str(s.port) for s in services if s.port)
        yield found(
            f"{_offering(services)} logins in TLS only ({demands}), but {why}",
            evidence=[
                first.evidence(o) for o in dict.fromkeys((demands, "smtpd_tls_security_level", "smtpd_tls_cert_file"))
            ],
            fix=[
                *([SetPostfix("smtpd_tls_security_level", "may")] if switched_off else []),
                *(
                    []
                    if certified
                    else [by_hand("name a certificate and its key by smtpd_tls_cert_file and smtpd_tls_key_file")]
                ),
                Restart("postfix"),
            ],
            option=demands,
            **({"port": where} if others and where else {}),  # type: ignore[arg-type]
        )


@check(
    "TLS049",
    "postfix-passwords-before-tls",
    "warning",
    rung="offer",
    role="risk",
    scope=("listener",),
    explains=("WIRE011",),
    fails=[
        {"postfix": _HOST + " -o smtpd_tls_auth_only=yes\n", "conf": "mech_list: PLAIN"},
        {"postfix": _HOST, "conf": "mech_list: PLAIN LOGIN"},
        {"postfix": _HOST + " -o smtpd_sasl_type=dovecot\n"},
    ],
    passes=[
        {
            "postfix": _HOST.replace("security_level", "auth_only = yes\nsmtpd_tls_security_level"),
            "conf": "mech_list: PLAIN",
        },
        {"postfix": _HOST, "conf": "mech_list: CRAM-MD5 SCRAM-SHA-256"},
        {
            "postfix": _MAIN + "smtpd_sasl_security_options = noanonymous, noplaintext\n" + _MASTER,
            "conf": "mech_list: PLAIN LOGIN",
        },
    ],
    refs=("RFC 4954 section 4, RFC 8314 section 3; postfix: TLS_README, smtpd_tls_auth_only",),
)
def passwords_before_tls(postfix: Postfix, conf: SaslConf | Unknown) -> Findings:
    """PLAIN and LOGIN are offered before TLS, so passwords can be read on the way.

    A client that does not insist on TLS sends the password in base64, which hides nothing.

    Advice: set smtpd_tls_auth_only=yes, then reload Postfix.
    """
    listed = {m.upper() for m in conf.mechs} if isinstance(conf, SaslConf) and conf.mechs is not None else None
    bare: dict[bool, list[Smtpd]] = {}
    for smtpd in postfix.logins:
        if needs_tls(smtpd) or without_tls(smtpd) or admits_own_hosts_only(smtpd):
            continue
        words = smtpd.value("smtpd_sasl_security_options").lower().replace(",", " ").split()
        cyrus = smtpd.value("smtpd_sasl_type") == "cyrus"
        if "noplaintext" in words or (cyrus and listed is not None and not listed & PLAINTEXT):
            continue
        bare.setdefault("smtpd_tls_auth_only" in smtpd.service.options, []).append(smtpd)
    for in_master, services in bare.items():
        some = {s.name for s in services}
        where = ",".join(str(s.port) for s in services if s.port)
        others = any(s.name not in some for s in postfix.logins)
        yield found(
            f"{_offering(services)} PLAIN and LOGIN before TLS: smtpd_tls_auth_only is not yes",
            evidence=[services[0].evidence("smtpd_tls_auth_only")],
            fix=[
                *(
                    [SetPostfixOption(s.name, "smtpd_tls_auth_only", "yes") for s in services]
                    if in_master
                    else [SetPostfix("smtpd_tls_auth_only", "yes")]
                ),
                Restart("postfix"),
            ],
            option="smtpd_tls_auth_only",
            **({"port": where} if others and where else {}),  # type: ignore[arg-type]
        )

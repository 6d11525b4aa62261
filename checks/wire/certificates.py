"""WIRE: the certificate that a server shows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from maildoctor.api import Evidence, Findings, MakeKey, Restart, Step, Unknown, check, found, inspect, restart
from maildoctor.api.host import Certificate, Listeners, Tls
from maildoctor.api.sendmail import SendmailCf
from maildoctor.api.wire import DISTRUSTED, UNVERIFIED, Conversation, Verification, Wire

_HEAD = "=== connect 192.0.2.1:{0} auto for mail.example.com\n=== purpose look\n=== at 2026-06-01T00:00:00Z\n"
_EHLO = "<-  220 mail.example.com ESMTP\n -> EHLO maildoctor.invalid\n<-  250-mail.example.com\n"
_ASKED = _HEAD.format(587) + _EHLO + "<-  250 STARTTLS\n -> STARTTLS\n"
_READY = _ASKED + "<-  220 ready\n"
_SHOWN = "=== tls TLSv1.3 CIPHER 256 bits\n" + "".join(
    f"=== certificate {row}\n"
    for row in (
        "subject: CN=mail.example.com",
        "issuer: CN=Example CA",
        "name: {name}",
        "not before: {since}-01-01T00:00:00Z",
        "not after: {until}-01-01T00:00:00Z",
        "public key: sha256:{key}",
    )
)
_REST = (
    "=== key RSA {bits} bits\n=== verified {verified}\n ~> EHLO maildoctor.invalid\n<~  250 mail.example.com\n ~> QUIT"
)


def _sample(
    name: str = "mail.example.com",
    since: int = 2026,
    until: int = 2028,
    key: str = "aa",
    bits: int = 2048,
    verified: str = "yes",
    begin: str = _READY,
) -> dict[str, str]:
    """A look at one port, whose TLS is as told."""
    shown = _SHOWN.format(name=name, since=since, until=until, key=key)
    return {"wire": begin + shown + _REST.format(bits=bits, verified=verified)}


_SOON = 14 * 86400.0
_SHOW = "openssl s_client -connect {endpoint} %s</dev/null 2>/dev/null | openssl x509 -noout %s"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _shown(c: Conversation, *wanted: str) -> Step:
    """The command that shows the served certificate."""
    options = "" if c.implicit else "-starttls smtp "
    options += "-servername {name} " if c.asked_name else ""
    return inspect(_SHOW % (options, " ".join(wanted)), endpoint=c.endpoint, name=c.asked_name)


def _judged_by_file(c: Conversation, cf: SendmailCf | Unknown, tls: Tls | Unknown) -> bool:
    """Whether the checks of the certificate's file speak of this port: it is sendmail's, and the file was read."""
    return isinstance(cf, SendmailCf) and isinstance(tls, Tls) and c.server == "sendmail" and bool(_own(cf, tls))


def _own(cf: SendmailCf, tls: Tls) -> tuple[Certificate, ...]:
    """The server's certificates, by the files that sendmail.cf names."""
    paths = cf.tls_files.get("ServerCertFile", ())
    return tuple(f.certificates[0] for f in tls.of("certificate") if f.path in paths and f.certificates)


def _undated(wire: Wire) -> Iterator[Unknown]:
    if any(c.certificate and not c.at for c in wire.per_endpoint):
        yield Unknown("the transcript does not tell when the conversation was had", "probe again")


def _unread(wire: Wire) -> Iterator[Unknown]:
    """What a certificate says cannot be told where we could not read it."""
    shown = [c for c in wire.per_endpoint if c.tls_version and c.certificate is None and c.verified[0] in UNVERIFIED]
    yield from (Unknown(why, _TO_VERIFY.get(code, "")) for code, why in (c.verified for c in shown[:1]))


_TO_VERIFY: dict[Verification, str] = {
    "no-library": "install the Python package cryptography, 42 or newer",
    "not-judged": "look whether it is what it should be",
    "no-anchors": "give --ca-file a file of CA certificates",
}
"""What lets us look."""

_DISTRUST: dict[Verification, str] = {
    "self-signed": "it is self-signed",
    "no-ca": "no way leads from it to a known CA",
}


def _out_of_date(c: Conversation) -> tuple[str, bool] | None:
    """What is wrong with the dates, and whether it is so already."""
    certificate = c.certificate
    if certificate is None or not c.at:
        return None
    if certificate.not_before > c.at:
        return f"is not valid before {_day(certificate.not_before)}", True
    if not certificate.not_after or certificate.not_after > c.at + _SOON:
        return None
    past = certificate.not_after <= c.at
    return f"{'expired on' if past else 'expires soon:'} {_day(certificate.not_after)}", past


@check(
    "WIRE025",
    "shown-certificate-expired",
    "error",
    rung="tls",
    role="symptom",
    scope=("listener",),
    shows=("certificate-refused",),
    fails=[_sample(since=2020, until=2021), _sample(since=2040, until=2041)],
    passes=[
        _sample(),
        {
            **_sample(since=2020, until=2021, begin=_READY.replace("ESMTP", "ESMTP Sendmail 8.17.1/8.17.1")),
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": "[certificate] /etc/mail/tls/host.pem\nsubject: CN=mail\nnot after: 2021-01-01T00:00:00Z",
        },
    ],
    refs=("RFC 5280 section 4.1.2.5",),
)
def shown_certificate_expired(wire: Wire, cf: SendmailCf | Unknown, tls: Tls | Unknown) -> Findings:
    """The certificate that the server shows has expired, is about to, or is not valid yet.

    Clients break off in the middle of TLS, before they log in, and say that the server cannot be trusted.

    Advice: renew the certificate, then restart or reload the server: it reads the file at its start.
    """
    yield from _undated(wire)
    yield from _unread(wire)
    servers = [c for c in wire.per_endpoint if not _judged_by_file(c, cf, tls)]
    for ports, (what, now) in wire.together((c, _out_of_date(c)) for c in servers):
        yield found(
            f"The certificate of {ports.endpoint} {what}",
            evidence=ports.evidence("certificate subject", "certificate not", "=== at "),
            fix=[_shown(ports.first, "-dates"), Restart(ports.first.server)],
            advice=_TOO_EARLY if "before" in what else None,
            severity=None if now else "warning",
            endpoint=ports.endpoint,
        )


_TOO_EARLY = (
    "See the clocks, the server's and this machine's (date -u): one that is behind makes a good certificate look so. "
    "If both are right, have a certificate issued that is valid now, then restart or reload the server."
)


def _other_name(c: Conversation) -> tuple[str, ...] | None:
    certificate = c.certificate
    if certificate is None or not c.asked_name or certificate.covers(c.asked_name):
        return None
    return certificate.names[:4]


@check(
    "WIRE026",
    "shown-certificate-for-another-name",
    "error",
    rung="tls",
    role="symptom",
    scope=("listener",),
    shows=("certificate-refused",),
    fails=[_sample(name="www.example.com")],
    passes=[
        _sample(),
        _sample(name="*.example.com"),
        _sample(name="smtp.example.com", begin=_READY.replace("=== at", "=== tls-name smtp.example.com\n=== at")),
        _sample(name="www.example.com", begin=_READY.replace(" for mail.example.com", "")),
    ],
    refs=("RFC 6125", "RFC 8314 section 5.2"),
)
def shown_certificate_for_another_name(wire: Wire) -> Findings:
    """The certificate that the server shows does not hold the name by which it was asked.

    Mail programs refuse it or ask their user, unless they are told the name that stands in it. Between servers (port
    25) hardly anybody looks at the name.

    Advice: have a certificate issued that holds the name (subjectAltName), or tell clients the name that it holds; if
    the host has several names, see whether the server picks certificates by name (SNI).
    """
    yield from _unread(wire)
    yield from (gap for c in wire.per_endpoint if c.certificate and (gap := c.certificate.gap))
    for ports, names in wire.together((c, _other_name(c)) for c in wire.per_endpoint):
        c = ports.first
        yield found(
            f"The certificate of {ports.endpoint} is for {', '.join(names) or 'no name'}, not for {c.asked_name}",
            evidence=ports.evidence("=== connect", "certificate name", "certificate common"),
            fix=[_shown(c, "-subject", "-ext subjectAltName")],
            severity="warning" if all(x.port == 25 for x in ports.all) else None,
            endpoint=ports.endpoint,
        )


def _untrusted(c: Conversation) -> tuple[Verification, str] | None:
    if c.trouble_kind == "untrusted" and c.trouble:
        return "invalid", c.trouble[1][:120]
    code, why = c.verified
    dates = c.certificate is not None and c.at and not c.certificate.not_before <= c.at < c.certificate.not_after
    return (code, _DISTRUST.get(code) or why[:120]) if code in DISTRUSTED and not dates else None


@check(
    "WIRE027",
    "shown-certificate-untrusted",
    "warning",
    rung="tls",
    role="symptom",
    scope=("listener",),
    shows=("certificate-refused",),
    fails=[
        _sample(verified="self-signed"),
        _sample(verified="no-ca", begin=_READY.replace("192.0.2.1", "127.0.0.1")),
        {"wire": _READY + "*** untrusted: self-signed certificate"},
        _sample(verified="form: validation failed: invalid extension: 2.5.29.35: missing required extension"),
    ],
    passes=[
        _sample(),
        _sample(verified="no-anchors: there are no CA certificates on this machine"),
        _sample(verified="self-signed", since=2020, until=2021),
        {**_sample(verified="self-signed"), "listeners": "0.0.0.0 587 40 sendmail"},
    ],
    refs=("RFC 5280 section 6", "RFC 8314 section 5.2"),
)
def shown_certificate_untrusted(wire: Wire, listeners: Listeners | Unknown) -> Findings:
    """No certificate authority that is known here vouches for the server's certificate.

    Mail programs warn or refuse; whoever clicks the warning away would do so for an attacker too. Between servers (port
    25) it is common and does no harm. A missing intermediate certificate looks the same.

    Advice: have it issued by an authority that clients know, and let the server send the intermediate certificates too;
    for an authority of your own, give its certificate to the clients (here: --ca-file).
    """
    if not isinstance(listeners, Unknown):
        return  # a look from within: what clients elsewhere believe is not known here
    yield from _unverified(wire)
    for ports, (code, why) in wire.together((c, _untrusted(c)) for c in wire.per_endpoint):
        c = ports.first
        form = code == "form"
        yield found(
            f"The certificate of {ports.endpoint} is not to be believed{' by strict clients' if form else ''}: {why}",
            evidence=ports.evidence("certificate subject", "certificate issuer", "verified", "***"),
            fix=[_shown(c, "-subject", "-issuer")],
            advice=_FORM if form else None,
            severity="info" if form or c.loopback or all(x.port == 25 for x in ports.all) else None,
            endpoint=ports.endpoint,
        )


_FORM = (
    "Have it issued anew by a CA of today's form (openssl 3 adds subjectKeyIdentifier and authorityKeyIdentifier); "
    "most mail programs take it as it is, newer ones (Python 3.13) do not."
)


def _unverified(wire: Wire) -> Iterator[Unknown]:
    unverified = (c.verified for c in wire.per_endpoint if c.verified[0] in UNVERIFIED)
    for code, why in islice(unverified, 1):
        yield Unknown(why or "the certificate could not be verified", _TO_VERIFY.get(code, ""))


def _weak(c: Conversation) -> tuple[str, int] | None:
    kind, bits = c.key
    return (kind, bits) if bits and bits < {"RSA": 2048, "DSA": 2048}.get(kind, 0) else None


@check(
    "WIRE028",
    "shown-certificate-weak",
    "warning",
    rung="tls",
    role="symptom",
    scope=("listener",),
    fails=[_sample(bits=1024)],
    passes=[_sample(), _sample(bits=4096)],
    refs=("RFC 9325 section 4.5: at least 2048 bits", "OpenSSL: security level 2 refuses less"),
)
def shown_certificate_weak(wire: Wire) -> Findings:
    """The key of the server's certificate is too short.

    RSA below 2048 bits is refused by the TLS libraries of today (OpenSSL at its security level 2: "ee key too small").

    Advice: make a new key (RSA 2048 or more, or EC P-256) and have a certificate issued for it.
    """
    yield from _unread(wire)
    for ports, (kind, bits) in wire.together((c, _weak(c)) for c in wire.per_endpoint):
        yield found(
            f"The certificate of {ports.endpoint} has a key of {bits} bits ({kind}): clients of today refuse it",
            evidence=ports.evidence("=== key", "certificate subject"),
            fix=[MakeKey("new.key")],
            endpoint=ports.endpoint,
        )


@check(
    "WIRE030",
    "shows-another-certificate",
    "warning",
    rung="tls",
    role="symptom",
    scope=("listener",),
    fails=[
        {
            **_sample(key="bb", begin=_READY.replace("ESMTP", "ESMTP Sendmail 8.17.1/8.17.1")),
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": "[certificate] /etc/mail/tls/host.pem\nsubject: CN=mail.example.com\n"
            "not before: 2026-01-01T00:00:00Z\nnot after: 2028-01-01T00:00:00Z\npublic key: sha256:aa",
        }
    ],
    passes=[
        {
            **_sample(begin=_READY.replace("ESMTP", "ESMTP Sendmail 8.17.1/8.17.1")),
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": "[certificate] /etc/mail/tls/host.pem\nsubject: CN=mail.example.com\n"
            "not before: 2026-01-01T00:00:00Z\nnot after: 2028-01-01T00:00:00Z\npublic key: sha256:aa",
        },
        {
            **_sample(key="bb", begin=_READY.replace("ESMTP", "ESMTP Postfix")),
            "cf": "O ServerCertFile=/etc/mail/tls/host.pem",
            "tls": "[certificate] /etc/mail/tls/host.pem\nsubject: CN=mail.example.com\n"
            "not before: 2026-01-01T00:00:00Z\nnot after: 2028-01-01T00:00:00Z\npublic key: sha256:aa",
        },
    ],
    refs=("sendmail: the daemon reads certificate and key at start (sendmail/tls.c, inittls())",),
)
def shows_another_certificate(wire: Wire, cf: SendmailCf, tls: Tls) -> Findings:
    """Sendmail shows another certificate than the one in the file that sendmail.cf names.

    It reads the file at its start: a renewed certificate is shown from the next start on only, and the old one expires
    in the meantime. Or another program, a proxy for instance, ends TLS in sendmail's place.

    Advice: restart sendmail after each renewal, by a hook of the program that renews (certbot: --deploy-hook).
    """
    own = _own(cf, tls)
    keys = {(x.public_key, x.not_after) for x in own if x.public_key.startswith("sha256:")}
    if not keys or len(keys) < len(cf.tls_files.get("ServerCertFile", ())):
        return

    yield from _unread(wire)

    def differs(c: Conversation) -> bool | None:
        shown = c.certificate
        if shown is None or c.server != "sendmail" or not shown.public_key.startswith("sha256:"):
            return None
        return None if (shown.public_key, shown.not_after) in keys else True

    for ports, _ in wire.together((c, differs(c)) for c in wire.per_endpoint):
        shown = ports.first.certificate
        path = cf.tls_files["ServerCertFile"][0]
        yield found(
            f"{ports.endpoint} shows another certificate than {path} holds",
            evidence=[
                *ports.evidence("certificate subject", "certificate not after", "certificate public"),
                Evidence(path, f"{own[0].subject}: not after {_day(own[0].not_after)}"),
            ],
            fix=[restart()],
            severity="error" if shown and ports.first.at > shown.not_after > 0 else None,
            endpoint=ports.endpoint,
        )

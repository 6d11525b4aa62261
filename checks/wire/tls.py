"""WIRE: TLS as a client meets it: STARTTLS, and the handshake."""

from maildoctor.api import (
    Findings,
    SetPostfix,
    Severity,
    Step,
    by_hand,
    check,
    edit,
    found,
    inspect,
    sendmail_certificate,
)
from maildoctor.api.wire import Conversation, Wire

_HEAD = "=== connect 192.0.2.1:{0} auto for mail.example.com\n=== purpose look\n=== at 2026-06-01T00:00:00Z\n"
_EHLO = "<-  220 mail.example.com ESMTP\n -> EHLO maildoctor.invalid\n<-  250-mail.example.com\n"
_ASKED = _HEAD.format(587) + _EHLO + "<-  250 STARTTLS\n -> STARTTLS\n"
_READY = _ASKED + "<-  220 ready\n"
_SECURE = _READY + "=== tls TLSv1.3 X 256 bits\n ~> EHLO maildoctor.invalid\n<~  250 mail.example.com\n ~> QUIT"
_GOOD = {"wire": _SECURE}


def _refused(c: Conversation) -> str | None:
    reply = c.reply_to("STARTTLS")
    return f"{reply.code} {reply.text}"[:160] if reply and reply.code != 220 else None


@check(
    "WIRE020",
    "starttls-offered-and-refused",
    "error",
    rung="tls",
    role="symptom",
    scope=("listener",),
    shows=("no-answer", "no-starttls"),
    fails=[
        {"wire": _ASKED + "<-  454 4.3.3 TLS not available due to temporary reason\n -> QUIT"},
        {"wire": _ASKED + "<-  452 4.4.5 Insufficient disk space; try again later\n -> QUIT"},
    ],
    passes=[_GOOD],
    refs=("RFC 3207 section 4: 454 TLS not available due to temporary reason",),
)
def starttls_offered_and_refused(wire: Wire) -> Findings:
    """The server offers STARTTLS, and refuses it when it is asked for.

    Its certificate or key cannot be used, its TLS daemon is down, or a limit was reached. Clients that insist on TLS
    give up; others log in without, if they are let.

    Advice: look for the reason in the server's log at the time of the probe; mostly it is a certificate or key file
    that is missing, unreadable, or does not match.
    """
    for ports, reply in wire.together((c, _refused(c)) for c in wire.per_endpoint):
        yield found(
            f"{ports.endpoint} offers STARTTLS and refuses it: {reply}".rstrip(". "),
            evidence=ports.evidence("STARTTLS", reply[:3]),
            fix=[inspect("df -h")] if reply.startswith("452") else _see_certificate(ports.first.server),
            advice=_MAKE_ROOM if reply.startswith("452") else None,
            endpoint=ports.endpoint,
        )


_MAKE_ROOM = "Make room on the server, first where its queue lies: it takes no work before that."


def _see_certificate(server: str) -> list[Step]:
    """How to see what the server would use."""
    return {
        "sendmail": [inspect("grep -E '^O (Server(Cert|Key)File|CACert)' /etc/mail/sendmail.cf")],
        "postfix": [inspect("postconf smtpd_tls_cert_file smtpd_tls_key_file smtpd_tls_chain_files")],
        "exim": [inspect("exim -bP tls_certificate tls_privatekey")],
        "opensmtpd": [inspect("grep -E '^pki' /etc/smtpd.conf /etc/mail/smtpd.conf")],
        "dovecot": [inspect("doveconf ssl_cert ssl_key")],
    }.get(server, [])


def _broken(c: Conversation) -> tuple[str, str] | None:
    """What broke the handshake, and what to do about it."""
    if not c.broke_in_handshake:
        return None
    words = c.trouble[1][:160] if c.trouble else ""
    if c.detail == "no-tls":
        if c.implicit:
            return "it speaks no TLS from the first byte on", _PLAIN_THERE
        return "what follows its 220 is no TLS", _GARBAGE
    if any(w in words for w in ("version", "unsupported protocol")):
        return f"no version of TLS in common ({words})", _VERSIONS
    if any(w in words for w in ("cipher", "handshake failure", "dh key", "sigalg")):
        return f"no cipher in common ({words})", _CIPHERS
    return words, _LOG


_PLAIN_THERE = (
    "Let the server begin TLS at once on this port (sendmail: M=s in DAEMON_OPTIONS; Postfix: smtpd_tls_wrappermode in "
    "master.cf; Exim: tls_on_connect_ports; OpenSMTPD: smtps), or let clients use STARTTLS (--tls starttls)."
)
_GARBAGE = "Something between client and server answers in its place: look at proxies, virus scanners and firewalls."
_VERSIONS = "Let the server speak TLS 1.2 and 1.3, and let nothing old limit it; then restart it."
_CIPHERS = (
    "See that the server has a certificate at all (without one only anonymous ciphers are left), then that its list of "
    "ciphers is not too narrow for it; a certificate with an EC key needs ECDSA ciphers."
)
_LOG = (
    "The server's log at the time of the probe says which side broke off, and why: certificate, key, ciphers, limits."
)


@check(
    "WIRE021",
    "tls-handshake-breaks",
    "error",
    rung="tls",
    role="symptom",
    scope=("listener",),
    shows=("no-starttls",),
    fails=[
        {"wire": _READY + "*** tls: sslv3 alert handshake failure"},
        {"wire": _HEAD.format(465) + "*** tls no-tls: the server does not speak TLS there (wrong version number)"},
        {"wire": _READY + "*** closed handshake: the server closed the connection in the TLS handshake"},
    ],
    passes=[_GOOD, {"wire": _READY + "*** timeout: no answer within 10 s after EHLO"}],
    refs=("RFC 3207", "RFC 8314 section 3.3: implicit TLS on port 465"),
)
def tls_handshake_breaks(wire: Wire) -> Findings:
    """TLS is begun and does not come to stand.

    The port speaks something else, server and client have no version or cipher in common, or the server dies over its
    certificate. No client with TLS gets as far as a login.

    Advice: the server's log at the time of the probe says which side broke off, and why.
    """
    for ports, (what, advice) in wire.together((c, _broken(c)) for c in wire.per_endpoint):
        yield found(
            f"TLS fails at {ports.endpoint}: {what}",
            evidence=ports.evidence("STARTTLS", "***"),
            fix=_see_certificate(ports.first.server),
            advice=advice,
            endpoint=ports.endpoint,
        )


@check(
    "WIRE022",
    "words-behind-starttls",
    "error",
    rung="tls",
    role="symptom",
    scope=("listener",),
    fails=[
        {
            "wire": _READY
            + "*** injection: bytes came behind the reply to STARTTLS, in clear: they could be taken for "
            "words within TLS"
        }
    ],
    passes=[_GOOD],
    refs=("CVE-2011-0411 and similar ones", "https://nostarttls.secvuln.info"),
)
def words_behind_starttls(wire: Wire) -> Findings:
    """More came in clear behind the reply to STARTTLS, before TLS began.

    A client that does not throw it away takes it for the server's words within TLS: whoever sits in the way can put
    words into its mouth. Either the server is very old, or somebody is in the way.

    Advice: update the server; if it is up to date, look for a proxy between, and probe from another network: it may be
    an attack.
    """
    for ports, _ in wire.together((c, c.trouble_kind == "injection" or None) for c in wire.per_endpoint):
        yield found(
            f"{ports.endpoint} sends more in clear behind its reply to STARTTLS: it could pass for words within TLS",
            evidence=ports.evidence("STARTTLS", "***"),
            endpoint=ports.endpoint,
        )


_PASSWORD = frozenset({"PLAIN", "LOGIN"})
_READABLE = _PASSWORD | {"XOAUTH2", "OAUTHBEARER"}
"""Mechanisms that show the password, or a token that is as good."""


def _without_tls(c: Conversation) -> bool | None:
    """Whether AUTH is offered and STARTTLS is not: True where a password is asked for so."""
    clear = c.in_clear
    if clear is None or not clear.auth or clear.starttls or c.implicit or c.masked:
        return None
    return not _READABLE.isdisjoint(clear.auth)


@check(
    "WIRE023",
    "login-without-tls",
    "warning",
    rung="tls",
    role="symptom",
    scope=("listener",),
    shows=("no-starttls",),
    fails=[
        {"wire": _HEAD.format(587) + _EHLO + "<-  250 AUTH PLAIN LOGIN\n -> QUIT"},
        {"wire": _HEAD.format(25) + _EHLO + "<-  250 AUTH CRAM-MD5\n -> QUIT"},
        {"wire": f"{_SECURE}\n" + _HEAD.format(25) + _EHLO + "<-  250 AUTH CRAM-MD5\n -> QUIT"},
    ],
    passes=[
        {"wire": _HEAD.format(25) + _EHLO + "<-  250 HELP\n -> QUIT"},
        {"wire": _HEAD.format(25) + _EHLO + "<-  250-STARTTLS\n<-  250 AUTH CRAM-MD5\n -> QUIT"},
    ],
    refs=("RFC 8314 section 3", "RFC 4954 section 4"),
)
def login_without_tls(wire: Wire) -> Findings:
    """Logins are offered, and TLS is not: no STARTTLS.

    Everything goes over the wire in clear, with PLAIN and LOGIN the password too. Most clients of today refuse to log
    in there at all. A server that offers STARTTLS to others looks the same where something on the way takes it out of
    its answer, to read what is sent: a firewall, or an attacker. maildoctor sends no password there.

    Advice: ask the server itself first (maildoctor probe localhost there). If that offers it, trust nothing between.
    Else give it a certificate and key, and let it offer STARTTLS; if it has them, its log says at the start
    why it cannot use them. Then let PLAIN and LOGIN be offered after STARTTLS only.
    """
    able = {c.host for c in wire.per_endpoint if c.in_tls and not c.implicit}
    for ports, readable in wire.together((c, _without_tls(c)) for c in wire.per_endpoint):
        elsewhere = ports.first.host in able
        yield found(
            f"{ports.endpoint} offers AUTH and no STARTTLS"
            + (f": {_crossing(ports.all)} cross the network in clear" if readable else ""),
            evidence=ports.evidence("AUTH", "STARTTLS"),
            fix=[] if elsewhere else _have_tls(ports.first.server),
            advice=_ON_THIS_PORT_TOO if elsewhere else None,
            severity=_without_tls_severity(ports.all, readable),
            endpoint=ports.endpoint,
        )


def _crossing(conversations: tuple[Conversation, ...]) -> str:
    """What clients send there."""
    offered = {name for c in conversations if c.in_clear is not None for name in c.in_clear.auth}
    return "passwords" if offered & _PASSWORD else "tokens, each as good as a password until it expires,"


_ON_THIS_PORT_TOO = (
    "Another port of this host offers STARTTLS, so the certificate is there: let this port offer it too (sendmail: no "
    "S in M= of DAEMON_OPTIONS; Postfix: smtpd_tls_security_level in master.cf; Exim: tls_advertise_hosts)."
)


def _without_tls_severity(conversations: tuple[Conversation, ...], readable: bool) -> Severity | None:
    """Passwords on a network are exposed now; between servers, where nothing readable is asked for, it is common."""
    if readable:
        return None if conversations[0].loopback else "error"
    # a look from within, at a server that has no certificate and asks for no password: the files show that it is meant
    return "info" if all(c.port == 25 or c.loopback for c in conversations) else None


def _have_tls(server: str) -> list[Step]:
    """How TLS is switched on."""
    if server == "sendmail":
        return sendmail_certificate("/etc/mail/sendmail.cf")
    return {
        "postfix": [
            SetPostfix("smtpd_tls_security_level", "may"),
            inspect("postconf smtpd_tls_cert_file smtpd_tls_key_file"),
        ],
        "exim": [by_hand("in the configuration: tls_advertise_hosts = *, tls_certificate, tls_privatekey")],
        "opensmtpd": [
            edit("smtpd.conf", "pki NAME cert FILE key FILE; behind each listen: tls pki NAME auth-optional")
        ],
    }.get(server, [])


def _lost_in_tls(c: Conversation) -> bool | None:
    clear, tls = c.in_clear, c.in_tls
    return True if clear and clear.auth and tls and not tls.auth and not c.masked else None


@check(
    "WIRE024",
    "no-auth-after-tls",
    "error",
    rung="offer",
    role="symptom",
    scope=("listener",),
    shows=("no-offer",),
    fails=[
        {
            "wire": _HEAD.format(587) + _EHLO + "<-  250-STARTTLS\n<-  250 AUTH CRAM-MD5\n -> STARTTLS\n<-  220 ready\n"
            "=== tls TLSv1.3 X 256 bits\n ~> EHLO maildoctor.invalid\n<~  250-mail.example.com\n<~  250 HELP\n ~> QUIT"
        }
    ],
    passes=[_GOOD, {"wire": _HEAD.format(25) + _EHLO + "<-  250-STARTTLS\n<-  250 AUTH CRAM-MD5\n -> QUIT"}],
    refs=("RFC 3207 section 4.2: what was said before TLS is to be forgotten, so the offer must be repeated",),
)
def no_auth_after_tls(wire: Wire) -> Findings:
    """AUTH is offered in clear and is gone after STARTTLS.

    Clients that use TLS, as all should, find no way to log in. A rule that depends on TLS, or a proxy that ends TLS for
    a server that does not know of it, does so.

    Advice: see what the server makes depend on TLS (sendmail: srv_features, AuthOptions; Postfix:
    smtpd_sasl_tls_security_options; Exim: auth_advertise_hosts), and let AUTH be offered after STARTTLS above all.
    """
    for ports, _ in wire.together((c, _lost_in_tls(c)) for c in wire.per_endpoint):
        yield found(
            f"{ports.endpoint} offers AUTH in clear, and none after STARTTLS",
            evidence=ports.evidence("AUTH", "STARTTLS"),
            fix={"postfix": [inspect("postconf smtpd_sasl_tls_security_options smtpd_sasl_security_options")]}.get(
                ports.first.server, []
            ),
            endpoint=ports.endpoint,
        )


_OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1")


@check(
    "WIRE029",
    "old-tls-version",
    "warning",
    rung="tls",
    role="symptom",
    scope=("listener",),
    fails=[{"wire": _SECURE.replace("TLSv1.3", "TLSv1.1")}],
    passes=[_GOOD, {"wire": _SECURE.replace("TLSv1.3", "TLSv1.2")}],
    refs=("RFC 8996: TLS 1.0 and 1.1 must not be used", "RFC 8314 section 4.1"),
)
def old_tls_version(wire: Wire) -> Findings:
    """The best that the server can do is a version of TLS before 1.2.

    Those are given up (RFC 8996), and most clients of today refuse them: for these there is no TLS here, and no login.

    Advice: update the server's TLS library, or take away what limits it to old versions; then restart it.
    """
    for ports, version in wire.together(
        (c, c.tls_version if c.tls_version in _OLD else None) for c in wire.per_endpoint
    ):
        yield found(
            f"{ports.endpoint} speaks {version} at best: most clients refuse that",
            evidence=ports.evidence("=== tls "),
            fix={"postfix": [inspect("postconf smtpd_tls_protocols smtpd_tls_mandatory_protocols")]}.get(
                ports.first.server, []
            ),
            endpoint=ports.endpoint,
        )

"""SASL: an IMAP server behind saslauthd (-a rimap)."""

import re

from maildoctor.api import Evidence, Findings, Restart, Step, Unknown, by_hand, check, edit, found, inspect, shown
from maildoctor.api.backends import RemoteImap, Verifier
from maildoctor.api.cyrus import SaslConf
from maildoctor.api.host import Listeners

_CONF = "pwcheck_method: saslauthd"
_RIMAP = "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a rimap -O "
_PORTS = {"imap": 143, "imap2": 143, "imaps": 993}


@check(
    "SASL020",
    "imap-server-does-not-listen",
    "error",
    rung="verifier",
    role="cause",
    fails=[
        {"conf": _CONF, "verifier": _RIMAP + "localhost", "listeners": "127.0.0.1 25 7 sendmail"},
        {"conf": _CONF, "verifier": _RIMAP + "127.0.0.1/10143", "listeners": "127.0.0.1 143 7 dovecot"},
        {"conf": _CONF, "verifier": _RIMAP + "localhost/993", "listeners": "127.0.0.1 993 7 dovecot"},
        {
            "conf": _CONF,
            "verifier": _RIMAP + "imap.example.com",
            "listeners": "",
            "imap": "# server: imap.example.com:143\nconnect: imap.example.com:143 Connection refused",
        },
    ],
    passes=[
        {"conf": _CONF, "verifier": _RIMAP + "localhost", "listeners": "0.0.0.0 143 7 dovecot"},
        {"conf": _CONF, "verifier": _RIMAP + "imap.example.com", "listeners": ""},
        {"conf": "pwcheck_method: auxprop", "verifier": _RIMAP + "localhost", "listeners": ""},
    ],
    refs=("libsasl: saslauthd/auth_rimap.c: -O HOST[/PORT], a login in clear, never TLS",),
)
def imap_server_does_not_listen(
    conf: SaslConf, verifier: Verifier, listeners: Listeners, imap: RemoteImap | Unknown
) -> Findings:
    """saslauthd asks an IMAP server of this host that does not answer in the way it needs.

    It logs in by IMAP in clear, on port 143 unless -O names another. A port that speaks TLS from the first byte (993)
    is none that it can use.

    Advice: start the IMAP server, or name the right one with -O HOST/PORT, then restart saslauthd.
    """
    flags = verifier.flags
    if not conf.verifies_by("saslauthd") or flags is None or flags.mechanism != "rimap" or not flags.option:
        return
    host, _, word = flags.option.partition("/")
    port = int(word) if re.fullmatch(r"[0-9]{1,5}", word) else _PORTS.get(word or "imap", 0)
    if port == 993:
        yield found(
            f"saslauthd -a rimap -O {flags.option} speaks no TLS, and port 993 nothing else",
            evidence=[verifier.evidence()],
            fix=[
                edit(verifier.path or "/etc/default/saslauthd", "name port 143 of the IMAP server"),
                Restart("saslauthd"),
            ],
            server=flags.option,
        )
    elif isinstance(imap, RemoteImap) and imap.refused:
        yield found(
            f"saslauthd asks the IMAP server {flags.option}, and none answers: {imap.refused}",
            evidence=[verifier.evidence(), *imap.evidence],
            fix=[by_hand("start the IMAP server, or name the right one with -O HOST/PORT"), Restart("saslauthd")],
            server=flags.option,
        )
    elif (
        not isinstance(imap, RemoteImap)
        and port
        and re.fullmatch(r"localhost|::1|127(\.[0-9]{1,3}){3}", host)
        and not listeners.on(port)
    ):
        yield found(
            f"saslauthd asks the IMAP server of this host on port {port}, where nothing listens",
            evidence=[verifier.evidence(), Evidence("ss -ltn", f"nothing listens on port {port}")],
            fix=[by_hand("start the IMAP server, or name the right one with -O HOST/PORT"), Restart("saslauthd")],
            server=flags.option,
        )


_SERVER = "# server: 127.0.0.1:143\nconnect: 127.0.0.1:143 ok\n"


@check(
    "SASL022",
    "imap-server-takes-no-password",
    "error",
    rung="verifier",
    role="cause",
    witnesses=("CONF173", "CONF174"),
    fails=[
        {"conf": _CONF, "verifier": _RIMAP + "127.0.0.1", "imap": _SERVER + said}
        for said in (
            "greeting: * OK Dovecot ready.\ncapability: IMAP4rev1 STARTTLS LOGINDISABLED",
            "greeting: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] Cyrus IMAP 3.6",
            "greeting: * BYE too many connections",
            "greeting: * NO not now",
            "greeting: +OK POP3 ready",
            "greeting: ",
            "silent: 127.0.0.1:143 no answer within 3 s",
        )
    ],
    passes=[
        {"conf": _CONF, "verifier": _RIMAP + "127.0.0.1", "imap": _SERVER + said}
        for said in (
            "greeting: * OK ready\ncapability: IMAP4rev1 STARTTLS AUTH=PLAIN",
            "greeting: * OK ready\nbroken: 127.0.0.1:143 Connection reset by peer",
        )
    ]
    + [
        {
            "conf": "pwcheck_method: auxprop",
            "verifier": _RIMAP + "127.0.0.1",
            "imap": _SERVER + "greeting: * OK ready\ncapability: LOGINDISABLED",
        }
    ],
    refs=(
        "libsasl: saslauthd/auth_rimap.c: the greeting must begin with `* OK`, then LOGIN is sent in clear, never "
        "STARTTLS",
        "RFC 9051, section 6.2.3: LOGINDISABLED",
    ),
)
def imap_server_takes_no_password(conf: SaslConf, verifier: Verifier, imap: RemoteImap) -> Findings:
    """The IMAP server that saslauthd asks takes no password in the way in which saslauthd sends it.

    saslauthd -a rimap logs in by IMAP in clear and knows no TLS. A server that says LOGINDISABLED then refuses every
    password, the right one too ("Plaintext authentication disallowed"); none is sent to one that does not greet with
    `* OK`.

    Advice: let the IMAP server take plain text logins from this host alone (Dovecot: login_trusted_networks, or
    disable_plaintext_auth = no; Cyrus IMAP: allowplaintext), or put stunnel between, which speaks TLS with port 993:
    -O 127.0.0.1/PORT.
    """
    flags = verifier.flags
    if not conf.verifies_by("saslauthd") or flags is None or flags.mechanism != "rimap" or imap.refused:
        return
    if imap.proof:
        yield shown(f"saslauthd -a rimap, {imap.server} takes passwords", imap.proof, verifier.evidence())
    fix: list[Step]
    if imap.greets and "LOGINDISABLED" in imap.capabilities:
        what = "refuses plain text logins without TLS (LOGINDISABLED), and saslauthd -a rimap knows no TLS"
        fix = _plain_logins(imap)
    elif imap.greets:
        return
    elif imap.greeting is None:
        what = f"does not greet ({imap.trouble}): it may speak TLS from the first byte, or hang"
        fix = [inspect("openssl s_client -connect {server}", server=imap.server)]
    elif not imap.greeting:
        what = "ends the connection without a greeting"
        fix = [inspect("nc -v {host} {port}", host=imap.server.rpartition(":")[0], port=imap.server.rpartition(":")[2])]
    else:
        is_imap = imap.greeting.startswith("* ")
        what = f"{'turns saslauthd away' if is_imap else 'is no IMAP server'}: {imap.greeting[:100]}"
        fix = [
            by_hand("see the log of the IMAP server: it is overloaded or shut for this host")
            if is_imap
            else edit(verifier.path or "/etc/default/saslauthd", "name the port of the IMAP server: -O HOST/143")
        ]
    yield found(
        f"The IMAP server {imap.server} {what}",
        evidence=[*reversed(imap.evidence), verifier.evidence()],
        fix=fix,
        server=flags.option,
    )


def _plain_logins(imap: RemoteImap) -> list[Step]:
    """How the server comes to take logins in clear from here."""
    greeting = (imap.greeting or "").lower()
    if "cyrus" in greeting:
        return [edit("/etc/imapd.conf", "set allowplaintext: yes, and let port 143 listen on 127.0.0.1 alone")]
    if "dovecot" in greeting:
        return [
            inspect("doveconf disable_plaintext_auth login_trusted_networks auth_allow_cleartext ssl"),
            edit(
                "/etc/dovecot/conf.d/10-auth.conf",
                "set login_trusted_networks = ADDRESS of this host, or disable_plaintext_auth = no (2.4: "
                "auth_allow_cleartext = yes)",
            ),
        ]
    return [by_hand("let the IMAP server take plain text logins from this host, or ask it by stunnel to port 993")]

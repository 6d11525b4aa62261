"""SASL: an IMAP server behind saslauthd (-a rimap)."""

import re

from maildoctor.api import Evidence, Findings, Restart, by_hand, check, edit, found
from maildoctor.api.backends import Verifier
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
    ],
    passes=[
        {"conf": _CONF, "verifier": _RIMAP + "localhost", "listeners": "0.0.0.0 143 7 dovecot"},
        {"conf": _CONF, "verifier": _RIMAP + "imap.example.com", "listeners": ""},
        {"conf": "pwcheck_method: auxprop", "verifier": _RIMAP + "localhost", "listeners": ""},
    ],
    refs=("libsasl: saslauthd/auth_rimap.c: -O HOST[/PORT], a login in clear, never TLS",),
)
def imap_server_does_not_listen(conf: SaslConf, verifier: Verifier, listeners: Listeners) -> Findings:
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
    elif port and re.fullmatch(r"localhost|::1|127(\.[0-9]{1,3}){3}", host) and not listeners.on(port):
        yield found(
            f"saslauthd asks the IMAP server of this host on port {port}, where nothing listens",
            evidence=[verifier.evidence(), Evidence("ss -ltn", f"nothing listens on port {port}")],
            fix=[by_hand("start the IMAP server, or name the right one with -O HOST/PORT"), Restart("saslauthd")],
            server=flags.option,
        )

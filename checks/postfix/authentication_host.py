"""SASL: the host name in smtpd_sasl_path, where Dovecot is asked by TCP."""

import re

from maildoctor.api import Evidence, Findings, Restart, Unknown, check, found, inspect
from maildoctor.api.host import Listeners, Names
from maildoctor.api.postfix import Postfix, Smtpd, authentication, confined, of_this_host, set_postfix
from maildoctor.api.wire import Wire

_FILES = (
    "==> /etc/postfix/main.cf <==\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n"
    "smtpd_sasl_path = inet:{}:10001\n==> /etc/postfix/master.cf <==\nsubmission inet n - n - - smtpd\n"
    "smtp inet n - n - - smtpd\n -o smtpd_sasl_auth_enable=no\n"
)
_CLOSED = "=== connect 127.0.0.1:587 auto\n*** closed banner: the server closed the connection before its banner"
_HOSTS = "hostname: mail\n127.0.0.1 localhost\n"
_SILENT = "=== connect 127.0.0.1:587 auto\n*** timeout banner: no answer within 5 s before its banner"
_OWN = "127.0.0.1 10001 7 dovecot"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")


@check(
    "SASL054",
    "postfix-dovecot-host-unknown",
    "error",
    rung="verifier",
    role="cause",
    scope=("listener",),
    witnesses=("SASL577",),
    explains=("no-answer", "no-offer", "no-starttls"),
    fails=[
        {"postfix": _FILES.format("dovecot"), "names": _HOSTS, "wire": _CLOSED},
        {"postfix": _FILES.format("dovecot"), "names": _HOSTS, "wire": _CLOSED, "listeners": _OWN},
    ],
    passes=[
        {"postfix": _FILES.format("dovecot"), "names": f"{_HOSTS}10.0.0.2 dovecot\n", "wire": _CLOSED},
        {"postfix": _FILES.format("127.0.0.1"), "names": _HOSTS, "wire": _CLOSED},
        {"postfix": _FILES.format("dovecot"), "names": _HOSTS, "wire": ""},
        {"postfix": _FILES.format("imap.example.com"), "names": _HOSTS, "wire": _CLOSED},
        {"postfix": _FILES.format("dovecot"), "names": _HOSTS, "wire": _SILENT},
        {
            "postfix": _FILES.format("dovecot").replace("_type = dovecot", "_type = cyrus"),
            "names": _HOSTS,
            "wire": _CLOSED,
        },
    ],
    refs=(
        "postfix: util/inet_connect.c: a host that is not found is fatal, since 3.7 a failed connection; "
        "xsasl/xsasl_dovecot_server.c, smtpd/smtpd_sasl_glue.c: no mechanisms, which is fatal in each release",
    ),
)
def dovecot_host_unknown(postfix: Postfix, names: Names, wire: Wire, listeners: Listeners | Unknown) -> Findings:
    """smtpd_sasl_path names a host by one word that /etc/hosts does not know, and smtpd ends when a client connects.

    Such a name is mostly that of another container, which the engine's own name server resolves as long as a container
    of that name runs. A host that is not found leaves smtpd without mechanisms, which is fatal to it: the connection
    closes before the greeting, or after STARTTLS.

    Advice: see with `getent hosts NAME` that the name has an address; else write the name that the container has now,
    or an address, into smtpd_sasl_path. Then restart Postfix.
    """
    known = {name.lower() for row in names.hosts for name in row.names} | {names.hostname.lower()}
    closed = {c.port for c in wire.per_endpoint if c.trouble_kind == "closed" and not c.broke_in_handshake}
    groups: dict[str, list[Smtpd]] = {}
    for smtpd in postfix.logins:
        peer = authentication(smtpd)
        if peer is None or of_this_host(peer) or not peer.port or smtpd.port not in closed:
            continue
        if _NAME.fullmatch(peer.host) and not peer.host.isdecimal() and peer.host.lower() not in known:
            groups.setdefault(peer.text, []).append(smtpd)
    for text, services in groups.items():
        host, port = text.removeprefix("inet:").rpartition(":")[::2]
        there = listeners.on(int(port)) if isinstance(listeners, Listeners) else ()
        own = next((x for x in there if "dovecot" in x.program), None)
        path = f"inet:127.0.0.1:{port}"
        yield found(
            f"smtpd_sasl_path {text}: /etc/hosts has no name {host}, and smtpd hangs up: the name {host} does not "
            "resolve, or nobody answers there"
            + (f"; Dovecot listens on port {port} of this host itself" if own else ""),
            evidence=[
                services[0].evidence("smtpd_sasl_path"),
                Evidence("/etc/hosts", f"no entry {host}"),
                *([own.evidence] if own else []),
            ],
            fix=[
                inspect("getent hosts {host}", host=host),
                *(dict.fromkeys(set_postfix(s, "smtpd_sasl_path", path) for s in services) if own else ()),
                Restart("postfix"),
            ],
            path=text,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )

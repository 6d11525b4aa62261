"""PERM, CONF: places at which Dovecot cannot make a socket, and sockets that it was never told to make."""

from maildoctor.api import Findings, LoginService, Restart, StopAndStart, by_hand, check, found
from maildoctor.api.dovecot import Dovecot, DovecotSockets, is_asked
from maildoctor.api.postfix import Postfix

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted\naccount: postfix"
_PLACE = ">> socket: /run/a\ndrwxr-xr-x root root /\ndrwxr-xr-x root root /run\n"


@check(
    "PERM075",
    "dovecot-socket-place-taken",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN065", "RUN066", "SASL046", "SASL065", "no-answer", "no-offer", "no-starttls"),
    fails=[
        {"service": _ASKED, "sockets": f"{_PLACE}drwxr-xr-x root root /run/a"},
        {"service": _ASKED, "sockets": f"{_PLACE}-rw-r--r-- root root /run/a"},
    ],
    passes=[
        {"service": _ASKED, "sockets": f"{_PLACE}srw-rw---- postfix postfix /run/a\nconnect: ok\nend: closed"},
        {"service": _ASKED, "sockets": _PLACE},
    ],
    refs=("dovecot: master/service-listen.c, service_unix_listener_listen(); lib/net.c: bind(2), EADDRINUSE",),
)
def place_taken(service: LoginService, sockets: DovecotSockets) -> Findings:
    """Where Dovecot's auth socket belongs there is a folder or a plain file, and Dovecot cannot bind the socket.

    Dovecot removes a left-over socket of its own and nothing else; over such a place its master does not start. A
    container engine makes a folder of that name where a volume names a socket that does not exist yet.

    Advice: remove what lies there, let the volume name the folder above the socket, then start Dovecot.
    """
    if not is_asked(service):
        return
    for socket in sockets.all.values():
        file = socket.file
        if file is None or file.path != socket.path or file.kind not in ("d", "-"):
            continue
        kind, words = (
            ("folder", "remove the folder: rmdir {path}")
            if file.kind == "d"
            else ("plain file", "remove it: rm {path}")
        )
        yield found(
            f"{socket.path} is a {kind}: Dovecot cannot make its auth socket there",
            evidence=[file.evidence],
            fix=[by_hand(words, path=socket.path), StopAndStart("dovecot"), Restart(service.product)],
            path=socket.path,
        )


_MAIL = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\nmydestination = example.com\n{}"
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
)
_BY_LMTP = _MAIL.format("mailbox_transport = lmtp:unix:private/dovecot-lmtp\n")
_DOVECOT = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nprotocols = imap{}\n"


@check(
    "CONF075",
    "dovecot-serves-no-lmtp",
    "error",
    rung="policy",
    role="cause",
    fails=[{"postfix": _BY_LMTP, "dovecot": _DOVECOT.format("")}],
    passes=[
        {"postfix": _BY_LMTP, "dovecot": _DOVECOT.format(" lmtp")},
        {"postfix": _MAIL.format(""), "dovecot": _DOVECOT.format("")},
        {"postfix": _BY_LMTP.replace("dovecot-lmtp", "cyrus"), "dovecot": _DOVECOT.format("")},
    ],
    refs=("postfix: lmtp(8), lmtp:unix:PATH; dovecot: master/master-settings.c: protocols",),
)
def serves_no_lmtp(postfix: Postfix, dovecot: Dovecot) -> Findings:
    """Postfix hands mail to Dovecot by LMTP, and Dovecot serves no LMTP: mail is accepted and stays in the queue.

    lmtp is not among Dovecot's protocols. On Debian it comes with a package of its own, dovecot-lmtpd, which also
    switches it on.

    Advice: install it, add lmtp to protocols with a unix_listener at that place in service lmtp, and restart Dovecot;
    or take the transport out of main.cf.
    """
    if "lmtp" in dovecot.protocols or not postfix.smtpd:
        return
    options = [
        option
        for option, asked in (
            ("mailbox_transport", "mydestination"),
            ("local_transport", "mydestination"),
            ("virtual_transport", "virtual_mailbox_domains"),
        )
        if postfix.value(asked)
        and postfix.value(option).startswith("lmtp:unix:")
        and "dovecot" in postfix.value(option).rpartition("/")[2]
    ]
    if options:
        path = postfix.value(options[0]).removeprefix("lmtp:unix:")
        yield found(
            f"{' and '.join(options)} hand mail to Dovecot at {path}, but Dovecot serves no LMTP: mail is accepted and "
            "stays in the queue",
            evidence=[*(postfix.main.evidence(o) for o in options), dovecot.evidence("protocols")],
            fix=[
                by_hand(
                    "install Dovecot's LMTP server (dovecot-lmtpd on Debian), add lmtp to protocols, and in service "
                    "lmtp: unix_listener {path}",
                    path=path,
                ),
                Restart("dovecot"),
            ],
            setting="protocols",
        )

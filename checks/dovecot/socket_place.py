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
    ],
    passes=[
        {"service": _ASKED, "sockets": f"{_PLACE}-rw-r--r-- root root /run/a"},
        {"service": _ASKED, "sockets": f"{_PLACE}srw-rw---- postfix postfix /run/a\nconnect: ok\nend: closed"},
        {"service": _ASKED, "sockets": _PLACE},
    ],
    refs=(
        "dovecot: master/service-listen.c, service_unix_listener_listen(): bind(2) says EADDRINUSE, connect(2) "
        "ECONNREFUSED, unlink(2) of a folder fails, of a plain file not",
    ),
)
def place_taken(service: LoginService, sockets: DovecotSockets) -> Findings:
    """Where Dovecot's auth socket belongs there is a folder, and Dovecot cannot bind the socket.

    Dovecot removes a left-over socket or a file of that name, which it cannot do with a folder: its master does not
    start ("Failed to start listeners"). A container engine makes a folder of that name where a volume names a socket
    that does not exist yet.

    Advice: remove the folder, let the volume name the folder above the socket, then start Dovecot.
    """
    if not is_asked(service):
        return
    for socket in sockets.all.values():
        file = socket.file
        if file is None or file.path != socket.path or file.kind != "d":
            continue
        yield found(
            f"{socket.path} is a directory: Dovecot cannot make its auth socket there",
            evidence=[file.evidence],
            fix=[
                by_hand("remove the directory: rmdir {path}", path=socket.path),
                StopAndStart("dovecot"),
                Restart(service.product),
            ],
            path=socket.path,
        )


_MAIL = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\nmydestination = example.com\n{}"
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
)
_BY_LMTP = _MAIL.format("mailbox_transport = lmtp:unix:private/dovecot-lmtp\n")
_DOVECOT_24 = (
    "version: 2.4.1\n==> /etc/dovecot/dovecot.conf <==\ndovecot_config_version = 2.4.1\n"
    "dovecot_storage_version = 2.4.1\n{}"
)
_DOVECOT = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nprotocols = imap{}\n"


@check(
    "CONF075",
    "dovecot-serves-no-lmtp",
    "error",
    rung="policy",
    role="cause",
    fails=[
        {"postfix": _BY_LMTP, "dovecot": _DOVECOT.format("")},
        {"postfix": _BY_LMTP, "dovecot": _DOVECOT_24.replace("{}", "protocols = imap\n")},
        {"postfix": _BY_LMTP, "dovecot": _DOVECOT_24.replace("{}", "")},
    ],
    passes=[
        {"postfix": _BY_LMTP, "dovecot": _DOVECOT.format(" lmtp")},
        {"postfix": _BY_LMTP, "dovecot": _DOVECOT.replace("protocols = imap{}", "")},
        {"postfix": _BY_LMTP, "dovecot": _DOVECOT.format("\nprotocols = $protocols lmtp")},
        {"postfix": _BY_LMTP, "dovecot": "unread: /etc/dovecot/b.conf: permission denied\n" + _DOVECOT.format("")},
        {"postfix": _BY_LMTP.replace("mydestination = example.com", "mydestination ="), "dovecot": _DOVECOT.format("")},
        {
            "postfix": _BY_LMTP,
            "dovecot": _DOVECOT_24.replace("{}", "protocols {\n  imap = yes\n  lmtp = yes\n}\n"),
        },
        {"postfix": _MAIL.format(""), "dovecot": _DOVECOT.format("")},
        {"postfix": _BY_LMTP.replace("dovecot-lmtp", "cyrus"), "dovecot": _DOVECOT.format("")},
    ],
    refs=("postfix: lmtp(8), lmtp:unix:PATH; dovecot: master/master-settings.c: protocols (2.3: imap pop3 lmtp)",),
)
def serves_no_lmtp(postfix: Postfix, dovecot: Dovecot) -> Findings:
    """Postfix hands mail to Dovecot by LMTP, and Dovecot serves no LMTP: mail is accepted and stays in the queue.

    lmtp is not among Dovecot's protocols. On Debian it comes with a package of its own, dovecot-lmtpd, which also
    switches it on.

    Advice: install it, add lmtp to protocols with a unix_listener at that place in service lmtp, and restart Dovecot;
    or take the transport out of main.cf.
    """
    by_default = not dovecot.modern and dovecot.get("protocols") is None  # 2.3: imap pop3 lmtp
    if "lmtp" in dovecot.protocols or by_default or dovecot.unread or not postfix.smtpd:
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
            f"Mail is handed over to Dovecot at {path} ({', '.join(options)}), but Dovecot serves no LMTP: mail is "
            "accepted and stays in the queue",
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

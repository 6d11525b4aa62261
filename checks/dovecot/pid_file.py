"""RUN: the pid file that Dovecot's master finds when it starts."""

from maildoctor.api import Evidence, Findings, LoginService, RemoveFile, Restart, Start, Unknown, check, found
from maildoctor.api.dovecot import Dovecot, DovecotSockets, is_asked
from maildoctor.api.host import Processes

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_SET = "==> /etc/dovecot/dovecot.conf <==\nauth_mechanisms = plain\n"
_FILES = f"version: 2.3.19.1\npid: 7 tail\n{_SET}"
_OTHERS = "1 root 1000.00 /usr/lib/postfix/sbin/master /usr/lib/postfix/sbin/master -w"
_SOCKET = (
    ">> socket: /run/a\ndrwxr-xr-x root root /\ndrwxr-xr-x root root /run\nsrw-rw---- postfix postfix /run/a\n"
    "connect: {}\n"
)


@check(
    "RUN076",
    "dovecot-pid-of-another-process",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN065", "RUN066", "SASL046", "SASL065", "no-answer", "no-offer", "no-starttls"),
    fails=[
        {"service": _ASKED, "dovecot": _FILES, "processes": _OTHERS},
        {"service": _ASKED, "dovecot": _FILES, "processes": _OTHERS, "sockets": _SOCKET.format("Connection refused")},
        {"service": _ASKED, "dovecot": f"{_FILES}base_dir = /var/run/dovecot/", "processes": _OTHERS},
    ],
    passes=[
        {"service": _ASKED, "dovecot": f"version: 2.3.19.1\n{_SET}", "processes": _OTHERS},
        {
            "service": _ASKED,
            "dovecot": _FILES,
            "processes": f"{_OTHERS}\n40 root 1000.00 /usr/sbin/dovecot /usr/sbin/dovecot -F",
        },
        {
            "service": _ASKED,
            "dovecot": _FILES,
            "processes": _OTHERS,
            "sockets": _SOCKET.format("ok\nVERSION 1 2\nSPID\nDONE"),
        },
        {"service": _ASKED.replace("provider: dovecot", "provider: libsasl"), "dovecot": _FILES, "processes": _OTHERS},
    ],
    refs=(
        "dovecot: master/main.c, pid_file_check_running(): kill(pid, 0) tells no program from another (2.3 and 2.4)",
    ),
)
def pid_of_another_process(
    service: LoginService, dovecot: Dovecot, processes: Processes, sockets: DovecotSockets | Unknown
) -> Findings:
    """Dovecot does not start: the number in its left-over master.pid is that of another process by now.

    It takes any process of that number for itself, says "Dovecot is already running", and ends. The file survives an
    unclean end where /run is kept: in a container that is started again, or on a volume.

    Advice: remove the file, and start Dovecot; keep no /run/dovecot over a restart of a container.
    """
    number, name = dovecot.pid_of
    if not is_asked(service) or not number or processes.named("dovecot"):
        return
    if isinstance(sockets, DovecotSockets) and any(s.handshake and s.handshake.version for s in sockets.all.values()):
        return  # it runs elsewhere, where the number is its own
    path = f"{dovecot.base}/master.pid"
    yield found(
        f"Dovecot does not start: its left-over {path} names process {number}, which is {name}, and Dovecot takes "
        "itself to be already running",
        evidence=[Evidence(path, str(number)), Evidence(f"/proc/{number}/comm", name)],
        fix=[
            RemoveFile(path),
            Start("dovecot"),
            Restart(service.product),
        ],
        path=path,
    )

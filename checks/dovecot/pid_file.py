"""RUN: the pid file that Dovecot's master finds when it starts."""

from maildoctor.api import Evidence, Findings, LoginService, Restart, Start, by_hand, check, found
from maildoctor.api.dovecot import Dovecot, is_asked
from maildoctor.api.host import Processes

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_FILES = "version: 2.3.19.1\npid: 7\n==> /etc/dovecot/dovecot.conf <==\nauth_mechanisms = plain\n"
_OTHER = "7 root 1000.00 /usr/lib/postfix/sbin/master /usr/lib/postfix/sbin/master -w"
_PATH = "/run/dovecot/master.pid"


@check(
    "RUN076",
    "dovecot-pid-of-another-process",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN065", "RUN066", "SASL046", "SASL065", "no-answer", "no-offer", "no-starttls"),
    fails=[{"service": _ASKED, "dovecot": _FILES, "processes": _OTHER}],
    passes=[
        {"service": _ASKED, "dovecot": _FILES, "processes": _OTHER.replace("7 root", "8 root")},
        {
            "service": _ASKED,
            "dovecot": _FILES,
            "processes": "7 root 1000.00 /usr/sbin/dovecot /usr/sbin/dovecot -F",
        },
    ],
    refs=("dovecot: master/main.c, pid_file_check_running(): kill(pid, 0) tells no program from another",),
)
def pid_of_another_process(service: LoginService, dovecot: Dovecot, processes: Processes) -> Findings:
    """Dovecot does not start: the number in its left-over master.pid is that of another process by now.

    It takes any process of that number for itself, says that it is already running, and ends. The file survives an
    unclean end where /run is kept: in a container that is started again, or on a volume.

    Advice: remove the file, and start Dovecot; keep no /run/dovecot over a restart of a container.
    """
    if not is_asked(service) or not dovecot.pid or processes.named("dovecot"):
        return
    other = next((p for p in processes.all if p.pid == dovecot.pid), None)
    if other is not None:
        yield found(
            f"Dovecot does not start: its left-over {_PATH} names a process that is another program, so that it takes "
            "itself to be already running",
            evidence=[Evidence(_PATH, str(dovecot.pid)), other.evidence],
            fix=[
                by_hand("remove the left-over file: rm {path}", path=_PATH),
                Start("dovecot"),
                Restart(service.product),
            ],
            path=_PATH,
        )

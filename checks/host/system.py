"""SYS: the system round the mail server."""

from maildoctor.api import Evidence, Findings, MakeDevice, Start, check, found, inspect
from maildoctor.api.host import System, Tls
from maildoctor.api.sendmail import SendmailProgram

_PROGRAM = "Version 8.17.1"
_DEVICES = "/dev/null: there\n/dev/urandom: there\n/dev/random: there\n/dev/log: there\nsyslog: rsyslogd"


@check(
    "SYS001",
    "no-syslog",
    "warning",
    rung="none",
    role="note",
    fails=[{"program": _PROGRAM, "system": _DEVICES.replace("/dev/log: there", "/dev/log: missing")}],
    passes=[{"program": _PROGRAM, "system": _DEVICES}, {"program": _PROGRAM, "system": ""}],
    refs=("syslog(3)",),
)
def no_syslog(program: SendmailProgram, system: System) -> Findings:
    """There is no /dev/log: what sendmail and libsasl have to say is lost.

    Mail works, but a failed login leaves no trace; usual in containers.

    Advice: run a syslog daemon, or let one of the host share its socket.
    """
    if "/dev/log" in system.missing_devices:
        yield found(
            "/dev/log does not exist: nothing that sendmail or libsasl logs is kept",
            evidence=[Evidence("ls -l /dev/log", "No such file or directory")],
            fix=[Start("rsyslog")],
            path="/dev/log",
        )


@check(
    "SYS002",
    "no-random-device",
    "info",
    rung="program",
    role="note",
    explains=("no-offer", "no-starttls"),
    fails=[{"program": _PROGRAM, "system": _DEVICES.replace("/dev/urandom: there", "/dev/urandom: missing")}],
    passes=[{"program": _PROGRAM, "system": _DEVICES}, {"program": _PROGRAM, "system": ""}],
    refs=("getrandom(2)",),
)
def no_random_device(program: SendmailProgram, system: System) -> Findings:
    """A random device is missing, as in a chroot or container.

    OpenSSL and libsasl of today ask the kernel directly (getrandom), so nothing is broken by it; libsasl before 2.1.27
    and SASL 1 read the device, and DIGEST-MD5 then hangs or fails.

    Advice: create the devices with mknod if old programs run here.
    """
    missing = sorted(system.missing_devices & {"/dev/random", "/dev/urandom"})
    if missing:
        yield found(
            f"{' and '.join(missing)} {'do' if len(missing) > 1 else 'does'} not exist",
            evidence=[Evidence(f"ls -l {m}", "No such file or directory") for m in missing],
            fix=[MakeDevice(m, 1, 9 if m.endswith("urandom") else 8) for m in missing],
            path=missing[0],
        )


@check(
    "SYS003",
    "no-null-device",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-answer"),
    fails=[{"program": _PROGRAM, "system": _DEVICES.replace("/dev/null: there", "/dev/null: missing")}],
    passes=[{"program": _PROGRAM, "system": _DEVICES}],
    refs=("sendmail: sendmail/main.c opens /dev/null for its standard files",),
)
def no_null_device(program: SendmailProgram, system: System) -> Findings:
    """There is no /dev/null, which sendmail opens at start.

    Advice: create it with mknod.
    """
    if "/dev/null" in system.missing_devices:
        yield found(
            "/dev/null does not exist",
            evidence=[Evidence("ls -l /dev/null", "No such file or directory")],
            fix=[MakeDevice("/dev/null", 1, 3)],
            path="/dev/null",
        )


@check(
    "SYS004",
    "clock-is-wrong",
    "error",
    rung="tls",
    role="cause",
    explains=("TLS002", "TLS003"),
    fails=[{"program": _PROGRAM, "tls": "now: 1970-01-02T00:00:00Z"}],
    passes=[{"program": _PROGRAM, "tls": "now: 2026-06-01T00:00:00Z"}],
    refs=("RFC 5280: certificates; RFC 4120: Kerberos allows five minutes",),
)
def clock_is_wrong(program: SendmailProgram, tls: Tls) -> Findings:
    """The clock of this host shows a time before this program was written.

    Certificates look as if they were not yet valid, Kerberos tickets are refused.

    Advice: set the clock (chrony, ntp).
    """
    if 0 < tls.now < 1735689600:  # 2025-01-01
        yield found(
            "The clock of this host is years behind",
            evidence=[Evidence("date -u", "before 2025")],
            fix=[inspect("date -u")],
            subject="clock",
        )

"""RUN: whether sendmail runs, listens where it should, and with the configuration that is on disk."""

import re
from datetime import UTC, datetime
from itertools import combinations

from maildoctor.api import (
    AddLine,
    EndProcess,
    Evidence,
    Findings,
    LoginService,
    Start,
    Step,
    Unknown,
    check,
    drop_port,
    edit,
    found,
    gaps,
    inspect,
    is_plain,
    known,
    rebuild,
    restart,
    set_port,
)
from maildoctor.api.cyrus import Plugins, SaslConf, mechanisms
from maildoctor.api.host import READ_AT_START, FilePurpose, Listeners, Paths, Processes, TcpWrappers
from maildoctor.api.sendmail import Daemon, SendmailCf, SendmailProgram
from maildoctor.api.wire import Wire

_DAEMON = "40 root 1000.00 /usr/sbin/sendmail sendmail: MTA: accepting connections\n"
_CF = "O DaemonPortOptions=Name=MTA, Port=25\nO DaemonPortOptions=Name=MSA, Port=587, M=Ea"


@check(
    "RUN001",
    "sendmail-not-running",
    "error",
    rung="program",
    role="symptom",
    shows=("stopped", "not-started"),
    explains=("no-answer", "RUN002", "RUN004"),
    fails=[{"cf": _CF, "processes": ""}, {"cf": _CF, "processes": _DAEMON.replace("root", "bob")}],
    passes=[{"cf": _CF, "processes": _DAEMON}, {"cf": _CF, "processes": _DAEMON.replace("root", "smmta")}],
    refs=("sendmail: sendmail/daemon.c",),
)
def sendmail_not_running(cf: SendmailCf, processes: Processes) -> Findings:
    """Sendmail is installed and configured, but no sendmail process accepts connections.

    Clients get "connection refused". If it does not stay up when started, what it says at start names the reason.

    Advice: fix what else is reported, then start sendmail.
    """
    if not processes.sendmail_daemons:
        named = processes.called_sendmail
        runners = processes.queue_runners
        yield found(
            "The sendmail daemon is not running"
            + (": what runs only works through a queue (-q without -bd)" if runners and not named else ""),
            evidence=[
                Evidence("ps ax", "no sendmail process that accepts connections"),
                *(Evidence("ps ax", f"{p.user} may call a process so: {p.evidence.text}") for p in named[:3]),
                *(p.evidence for p in runners[:3]),
            ],
            fix=[Start("sendmail")],
            daemon="sendmail",
        )


@check(
    "RUN011",
    "sendmail-suspended",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-answer"),
    fails=[{"processes": _DAEMON + "stopped: 40"}],
    passes=[{"processes": _DAEMON}],
    refs=("signal(7): SIGSTOP; proc_pid_stat(5): state T",),
)
def sendmail_suspended(processes: Processes) -> Findings:
    """The sendmail daemon is suspended by a signal.

    Its ports still take connections, as the kernel does that, and nobody ever answers: clients wait and give up.

    Advice: let it go on (kill -CONT) and find out who stopped it (a debugger, a backup program, Ctrl-Z).
    """
    for process in processes.sendmail_daemons:
        if process.stopped:
            yield found(
                f"The sendmail daemon is suspended (state T): process {process.pid} takes connections and answers none",
                evidence=[process.evidence, Evidence(f"/proc/{process.pid}/stat", "state T (stopped)")],
                fix=[restart()],
                subject="daemon",
            )
            return


@check(
    "RUN002",
    "port-not-listened-on",
    "error",
    rung="listener",
    role="symptom",
    scope=("listener",),
    shows=("stopped",),
    witnesses=("RUN122",),
    fails=[{"cf": _CF, "processes": _DAEMON, "listeners": "0.0.0.0 25 40 sendmail-mta"}],
    passes=[{"cf": _CF, "processes": _DAEMON, "listeners": "0.0.0.0 25 40 sendmail-mta\n0.0.0.0 587 40 sendmail-mta"}],
    refs=("sendmail: doc/op, DaemonPortOptions",),
)
def port_not_listened_on(cf: SendmailCf, processes: Processes, listeners: Listeners) -> Findings:
    """sendmail.cf names a port on which nothing listens, or another program does.

    Either the running sendmail has an older configuration, or another program was there first.

    Advice: restart sendmail; if another program holds the port, stop that one.
    """
    if not processes.sendmail_daemons:
        return
    for daemon in cf.daemons:
        if daemon.port is None or _local(daemon):
            continue
        if listeners.on(daemon.port):
            continue
        yield found(
            f"Port {daemon.port} ({daemon.name}) is configured, but nothing listens on it",
            evidence=[daemon.evidence(cf.path), Evidence("ss -ltn", f"no listener on port {daemon.port}")],
            fix=[restart()],
            port=str(daemon.port),
        )


_SENDMAIL = ("?", "sendmail", "sm-mta", "init", "systemd", "inetd", "xinetd")
"""Who may hold sendmail's port: itself, or a super-server that hands it over; `?` where we may not see."""


@check(
    "RUN007",
    "port-held-by-another-program",
    "error",
    rung="program",
    role="cause",
    scope=("listener",),
    explains=("stopped", "no-answer", "WIRE010", "WIRE011", "WIRE015", "WIRE030"),
    witnesses=("RUN121",),
    fails=[{"cf": _CF, "listeners": "0.0.0.0 25 40 sendmail-mta\n0.0.0.0 587 77 master"}],
    passes=[
        {"cf": _CF, "listeners": "0.0.0.0 25 40 sendmail-mta\n0.0.0.0 587 40 sendmail-mta"},
        {"cf": _CF, "listeners": "0.0.0.0 25 ? ?"},
    ],
    refs=("sendmail: sendmail/daemon.c, opendaemonsocket(): cannot bind: Address already in use",),
)
def port_held_by_another_program(cf: SendmailCf, listeners: Listeners) -> Findings:
    """Another program listens on a port that sendmail.cf gives to sendmail.

    Sendmail cannot bind ("Address already in use") and goes on trying, without any of its ports; clients talk to the
    other program, whose logins have nothing to do with sendmail's.

    Advice: stop the other program (or give it another port), then restart sendmail.
    """
    for daemon in cf.daemons:
        if daemon.port is None:
            continue
        there = listeners.on(daemon.port)
        others = [x for x in there if not x.program.startswith(_SENDMAIL)]
        if others and len(others) == len(there):
            yield found(
                f"Port {daemon.port} ({daemon.name}) is held by {others[0].program}, not by sendmail",
                evidence=[daemon.evidence(cf.path), *(x.evidence for x in others[:2])],
                fix=[
                    inspect(f"ss -ltnp 'sport = :{daemon.port}'"),
                    *(EndProcess(x.pid, x.program) for x in others[:1] if x.pid and is_plain(x.program)),
                    restart(),
                ],
                port=str(daemon.port),
            )


def _local(daemon: Daemon) -> bool:
    return (daemon.address or "").startswith("127.") or daemon.address in ("::1", "localhost")


@check(
    "RUN003",
    "listens-to-itself-only",
    "error",
    rung="listener",
    role="cause",
    fails=[{"cf": "O DaemonPortOptions=Name=MTA, Port=25, Addr=127.0.0.1\nC{TrustAuthMech}PLAIN"}],
    passes=[
        {
            "cf": "O DaemonPortOptions=Name=MTA, Port=25, Addr=127.0.0.1\nO DaemonPortOptions=Name=MSA, Port=587\n"
            "C{TrustAuthMech}PLAIN"
        },
        {"cf": "O DaemonPortOptions=Name=MTA, Port=25, Addr=127.0.0.1"},
    ],
    refs=("sendmail: cf/README, DAEMON_OPTIONS; Red Hat's and Debian's default",),
)
def listens_to_itself_only(cf: SendmailCf) -> Findings:
    """Sendmail is set up for logins, but every port is bound to the loopback address.

    No client on another host can reach it ("connection refused"); distributions ship it so.

    Advice: remove Addr=127.0.0.1 from DAEMON_OPTIONS in sendmail.mc, rebuild sendmail.cf and restart.
    """
    if cf.trusted_mechs and all(_local(d) for d in cf.daemons):
        yield found(
            f"Sendmail listens on the loopback address only (port {', '.join(str(d.port) for d in cf.daemons)}): no "
            f"client can reach it",
            evidence=[d.evidence(cf.path) for d in cf.daemons],
            fix=set_port(cf.path, "Addr", "", *cf.daemons),
            option="DaemonPortOptions",
        )


_DECISIVE: tuple[FilePurpose, ...] = ("configuration", "SASL configuration", "class file")


@check(
    "RUN004",
    "runs-an-older-configuration",
    "error",
    rung="program",
    role="cause",
    explains=("no-offer", "no-starttls", "RUN002", "USER008", "USER009", "WIRE011", "WIRE025", "WIRE030"),
    fails=[
        {"processes": _DAEMON, "paths": "-rw-r--r-- 1 root root 9 1970-01-02 00:00:00 +0000 /etc/mail/sendmail.cf"},
        {"processes": _DAEMON.replace("/usr/sbin/sendmail ", "/usr/sbin/sendmail#deleted "), "paths": ""},
        {"processes": _DAEMON + "old library: 40 /usr/lib/x86_64-linux-gnu/libsasl2.so.2.0.25", "paths": ""},
        {
            "processes": _DAEMON,
            "paths": "-rw-r--r-- 1 root root 9 1970-01-01 00:00:00 +0000 /usr/lib/sasl2/Sendmail.conf\n"
            "[SASL configuration] /usr/lib/sasl2/Sendmail.conf\n"
            "changed 1970-01-02 00:00:00 +0000 /usr/lib/sasl2/Sendmail.conf",
        },
    ],
    passes=[
        {"processes": _DAEMON, "paths": "-rw-r--r-- 1 root root 9 1970-01-01 00:00:00 +0000 /etc/mail/sendmail.cf"},
        {
            "processes": _DAEMON + "began: 40 90000.00",
            "paths": "-rw-r--r-- 1 root root 9 1970-01-02 00:00:00 +0000 /etc/mail/sendmail.cf",
        },
    ],
    refs=(
        "sendmail: sendmail/main.c: readcf(), sasl_server_init() and initsrvtls() at the start of a daemon",
        "sendmail: sendmail/daemon.c, restart_daemon(): SIGHUP makes it start anew",
    ),
)
def runs_an_older_configuration(
    processes: Processes,
    paths: Paths,
    wire: Wire | Unknown,
    service: LoginService | Unknown,
    cf: SendmailCf | Unknown,
    listeners: Listeners | Unknown,
) -> Findings:
    """The running sendmail was started before its program or configuration was changed.

    sendmail.cf, Sendmail.conf, class files, plug-ins and certificates are read at start: what is on disk is not what
    runs, so a fixed fault can go on, and a new one show only at the next start.

    Advice: restart sendmail.
    """
    for process in processes.sendmail_daemons[:1]:
        if process.replaced:
            yield found(
                "The running sendmail program was replaced on disk since it was started",
                evidence=[process.evidence],
                fix=[restart()],
                path="program",
            )
        if process.old_libraries:
            names = ", ".join(path.rpartition("/")[2] for path in process.old_libraries[:4])
            yield found(
                f"The running sendmail works with libraries that were replaced on disk since it was started: {names}",
                evidence=[
                    process.evidence,
                    *(Evidence(f"/proc/{process.pid}/maps", f"{x} (deleted)") for x in process.old_libraries[:4]),
                ],
                fix=[restart()],
                severity="warning" if any("sasl2" in path for path in process.old_libraries) else "info",
                path="libraries",
            )
        newer = {}
        moved = {}
        decisive = False
        for trail in paths.of(*READ_AT_START):
            file = trail.file
            if file is None or trail.path.endswith("submit.cf"):
                continue
            if file.mtime > process.started + _SLACK:
                newer[file.path] = file
                decisive = decisive or trail.purpose in _DECISIVE
            elif paths.changed.get(file.path, 0.0) > process.started + _SLACK:
                moved[file.path] = file
        if newer:
            yield found(
                f"The running sendmail was started before {', '.join(sorted(newer)[:4])} was changed, and works with"
                f" what stood there before: started {_when(process.started)}, changed"
                f" {_when(max(x.mtime for x in newer.values()))}{_lacks(known(wire), known(service), cf, listeners)}",
                evidence=[process.evidence, *(x.evidence for x in list(newer.values())[:4])],
                fix=[restart()],
                severity="error" if decisive else "warning",
                path="configuration",
            )
        elif moved:
            changed = {path: paths.changed[path] for path in moved}
            yield found(
                f"Name, owner or mode of {', '.join(sorted(moved)[:4])} changed after sendmail was started, which may"
                f" not know it: started {_when(process.started)}, changed {_when(max(changed.values()))}",
                evidence=[
                    process.evidence,
                    *(Evidence(f"stat -c %z {path}", f"changed {_when(changed[path])}") for path in list(moved)[:4]),
                    *(x.evidence for x in list(moved.values())[:4]),
                ],
                fix=[restart()],
                severity="warning",
                path="configuration",
            )


def _lacks(
    wire: Wire | None,
    service: LoginService | None,
    cf: SendmailCf | Unknown,
    listeners: Listeners | Unknown,
) -> str:
    """What the files have and the running daemon has not, in words; empty where nothing of the kind is seen."""
    lacks = []
    talks = [t for t in wire.per_endpoint if t.server == "sendmail" and t.hello] if wire else []
    daemons = {d.port: d for d in cf.daemons} if isinstance(cf, SendmailCf) else {}
    for talk in talks:
        daemon, hello = daemons.get(talk.port), talk.in_clear
        if service is None or daemon is None or hello is None:
            continue
        if not hello.starttls and not service.without_tls and not daemon.starttls_off | daemon.smtps:
            lacks.append("STARTTLS")
        if service.wanted and not daemon.auth_off and talk.hello and not talk.hello.auth:
            lacks.append("AUTH")
    if isinstance(listeners, Listeners) and listeners.all:
        lacks += [f"port {p}" for p in daemons if p is not None and not listeners.on(p)]
    return f"; it lacks {', '.join(dict.fromkeys(lacks))}, which the files have" if lacks else ""


_PROMISED = {
    "cf": _CF + "\nO AuthMechanisms=PLAIN\nC{TrustAuthMech}PLAIN",
    "service": "wanted\nmechanisms: PLAIN\nwithout TLS: no certificate and key are configured",
    "plugins": "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libplain.so.2\n",
    "processes": _DAEMON,
    "paths": "drwxr-xr-x 9 root root 9 1970-01-01 00:00:00 +0000 /\nchanged 1970-01-02 00:00:00 +0000 /",
}
_TALK = "=== connect 127.0.0.1:587 auto\n<-  220 mail.example.com ESMTP Sendmail 8.17.1\n -> EHLO x\n"


@check(
    "RUN012",
    "running-offers-less-than-files",
    "error",
    rung="program",
    role="symptom",
    explains=("no-answer", "WIRE010", "WIRE013", "WIRE015", "WIRE024"),
    shows=("no-offer", "no-starttls"),
    fails=[
        {**_PROMISED, "wire": _TALK + "<-  250-mail.example.com\n<-  250-8BITMIME\n<-  250 HELP"},
        {
            **_PROMISED,
            "service": "wanted\nmechanisms: PLAIN",
            "wire": _TALK + "<-  250-mail.example.com\n<-  250-8BITMIME\n<-  250 AUTH PLAIN",
        },
    ],
    passes=[{**_PROMISED, "wire": _TALK + "<-  250-mail.example.com\n<-  250-8BITMIME\n<-  250 AUTH PLAIN"}],
    refs=("sendmail: sendmail/main.c: libsasl, its plug-ins and the certificate are read when a daemon starts",),
)
def running_offers_less_than_files(
    wire: Wire,
    cf: SendmailCf,
    service: LoginService,
    plugins: Plugins,
    processes: Processes,
    paths: Paths,
    conf: SaslConf | Unknown,
) -> Findings:
    """The files give mechanisms to offer, and the running sendmail offers no AUTH at all, or no STARTTLS.

    What stood in the way when it started was repaired since: rights of a directory or file, a plug-in, a setting. A
    daemon looks at all that once, when it starts.

    Advice: restart sendmail; if it still offers nothing, what it logs when it starts says why.
    """
    yield from gaps(conf)
    if not service.wanted or (isinstance(conf, Unknown) and list(gaps(conf))):
        return
    table = mechanisms(service, known(conf), plugins, None)
    daemons = {d.port: d for d in cf.daemons}
    for talk in wire.per_endpoint:
        hello, daemon = talk.hello, daemons.get(talk.port)
        if talk.server != "sendmail" or daemon is None or hello is None or talk.masked or len(hello.keywords) < _WHOLE:
            continue
        secure = talk.in_tls is not None
        promised = table.offered(tls=secure)
        if "AUTH" not in hello.keywords and promised and not daemon.auth_off:
            what, source = f"no AUTH, though the files give {' '.join(promised[:6])}", service.evidence("mechanisms")
        elif not secure and not hello.starttls and not service.without_tls and not daemon.starttls_off | daemon.smtps:
            what, source = "no STARTTLS, though a certificate is configured", service.evidence("certificate")
        else:
            continue
        started = [p.started for p in processes.sendmail_daemons[:1]]
        changed = sorted(paths.changed.items(), key=lambda one: -one[1])
        yield found(
            f"{talk.endpoint} offers {what}: sendmail was started before all was in order, or cannot use it",
            evidence=[
                talk.evidence("220", "250"),
                source,
                *(p.evidence for p in processes.sendmail_daemons[:1]),
                *(
                    Evidence("stat -c %z", f"{path} changed {_when(when)}")
                    for path, when in changed[:4]
                    if started and when > started[0] + _SLACK
                ),
            ],
            fix=[restart()],
            subject="offer" if "AUTH" in what else "starttls",
        )
        return


_WHOLE = 2
"""Keywords of an EHLO reply; to a client that it refuses sendmail names one (srvrsmtp.c, nullserver)."""

_SLACK = 0.05
"""Seconds: start times come in hundredths, and file systems stamp with a coarse clock."""


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


@check(
    "RUN005",
    "refused-by-tcp-wrappers",
    "error",
    rung="listener",
    role="cause",
    explains=("no-answer", "no-offer", "no-starttls"),
    witnesses=("CONF125",),
    fails=[
        {"program": " Compiled with: SASLv2 TCPWRAPPERS", "wrappers": "# path: /etc/hosts.deny\nALL: ALL"},
        {
            "program": " Compiled with: SASLv2 TCPWRAPPERS",
            "wrappers": "# path: /etc/hosts.allow\nsm-mta: ALL\nsendmail: LOCAL\n# path: /etc/hosts.deny\nALL: ALL",
        },
    ],
    passes=[
        {
            "program": " Compiled with: SASLv2 TCPWRAPPERS",
            "wrappers": "# path: /etc/hosts.allow\nsendmail: all\n# path: /etc/hosts.deny\nALL: ALL",
        },
        {"program": " Compiled with: SASLv2", "wrappers": "# path: /etc/hosts.deny\nALL: ALL"},
        {"program": " Compiled with: SASLv2 TCPWRAPPERS", "wrappers": "# path: /etc/hosts.deny\nsshd sm-mta: ALL"},
        {
            "program": " Compiled with: SASLv2 TCPWRAPPERS",
            "wrappers": "# path: /etc/hosts.deny\nALL EXCEPT sendmail: ALL\nALL: ALL: allow",
        },
    ],
    refs=('hosts_access(5); sendmail: sendmail/conf.c, validate_connection(): hosts_ctl("sendmail", …)',),
)
def refused_by_tcp_wrappers(program: SendmailProgram, wrappers: TcpWrappers) -> Findings:
    """hosts.deny refuses clients of sendmail (TCP wrappers), and hosts.allow does not let them in.

    EHLO is answered without AUTH and STARTTLS, and whatever follows gets "550 Access denied"; nothing of the mail
    configuration is at fault. The name asked for is always sendmail, whatever the daemon calls itself in the log
    (sm-mta). The first rule that fits counts, and hosts.allow is read before hosts.deny.

    Advice: add a line `sendmail: ALL` to /etc/hosts.allow, above a line there that denies.
    """
    if not program.asks_tcp_wrappers:
        return
    some = False
    for rule in (r for r in (*wrappers.allow, *wrappers.deny) if r.speaks_of("sendmail")):
        if rule.allows:
            if rule.every_client:
                return
            some = some or not rule.this_host_only
            continue
        every = rule.every_client
        yield found(
            f"{rule.path} denies {'every client' if every else ' '.join(rule.clients)} access to sendmail"
            f"{' but those that hosts.allow names' if every and some else ''}: {rule.text}",
            evidence=[Evidence(f"{rule.path}:{rule.line}", rule.text)],
            fix=[
                edit(rule.path, "put a line `sendmail: ALL` above this one")
                if rule.path.endswith("hosts.allow")
                else AddLine("/etc/hosts.allow", "sendmail: ALL")
            ],
            severity="error" if every and not some else "info",
            rule=rule.text,
        )
        if every:
            return


@check(
    "RUN006",
    "rejecting-connections",
    "error",
    rung="listener",
    role="derived",
    # RUN002: a daemon that rejects connections closes its sockets until it takes some again
    explains=("no-answer", "RUN002"),
    fails=[
        {
            "cf": _CF,
            "processes": "40 root 1000.00 /usr/sbin/sendmail sendmail: MTA: rejecting connections: load average: 14",
        }
    ],
    passes=[{"cf": _CF, "processes": _DAEMON}],
    refs=("sendmail: sendmail/daemon.c, refuseconnections()",),
)
def rejecting_connections(cf: SendmailCf, processes: Processes) -> Findings:
    """The running sendmail is turning clients away at this moment, and its process title says why.

    Load above RefuseLA, too many children, or too little space below the queue make it refuse everybody.

    Advice: fix what the title names: lower the load or raise confREFUSE_LA; free space; raise confMAX_DAEMON_CHILDREN.
    """
    for process in processes.sendmail_daemons:
        _, mark, reason = process.command.partition("rejecting ")
        if mark:
            yield found(
                f"Sendmail is rejecting {reason}",
                evidence=[process.evidence],
                fix=[inspect("uptime; df -k /var/spool/mqueue")],
                reason=reason.rstrip("0123456789. ")[:60],
            )
            return


@check(
    "RUN008",
    "own-ports-collide",
    "error",
    rung="program",
    role="cause",
    scope=("listener",),
    explains=("no-answer", "RUN002"),
    fails=[
        {
            "cf": "O DaemonPortOptions=Name=MTA-v4, Port=25\nO DaemonPortOptions=Name=MTA-v6, Family=inet6, Port=25",
            "listeners": "0.0.0.0 25 40 sendmail-mta",
        },
        {
            "cf": "O DaemonPortOptions=Name=MTA, Port=25\nO DaemonPortOptions=Name=Two, Port=smtp",
            "listeners": "",
        },
    ],
    passes=[
        {
            "cf": "O DaemonPortOptions=Name=MTA-v4, Port=25\nO DaemonPortOptions=Name=MTA-v6, Family=inet6, Port=25",
            "listeners": "0.0.0.0 25 40 sendmail-mta\n:: 25 40 sendmail-mta",
        },
        {
            "cf": "O DaemonPortOptions=Name=A, Addr=192.0.2.1, Port=25\n"
            "O DaemonPortOptions=Name=B, Addr=127.0.0.1, Port=25",
            "listeners": "192.0.2.1 25 40 sendmail-mta\n127.0.0.1 25 40 sendmail-mta",
        },
        {"cf": _CF, "listeners": "0.0.0.0 25 40 sendmail-mta\n0.0.0.0 587 40 sendmail-mta"},
    ],
    refs=("sendmail: sendmail/daemon.c, opendaemonsocket()", "ipv6(7): IPV6_V6ONLY, /proc/sys/net/ipv6/bindv6only"),
)
def own_ports_collide(cf: SendmailCf, listeners: Listeners) -> Findings:
    """Two DaemonPortOptions want the same port, and the second cannot have it: "cannot bind: Address already in use".

    On Linux a socket of Family=inet6 without an address takes IPv4 too, unless bindv6only is set. Sendmail tries again
    every five seconds and meanwhile greets nobody: clients connect and wait.

    Advice: let one line do for both (Family=inet6 alone serves IPv4 too on Linux), or give each its own Addr=.
    """
    daemons = [d for d in cf.daemons if d.port is not None]
    addresses = {d.port: {x.address for x in listeners.on(d.port or 25)} for d in daemons}
    for one, two in combinations(daemons, 2):
        if one.port != two.port or not _overlap(one, two):
            continue
        there = addresses[one.port]
        if len(there) >= 2 or (one.family != two.family and not there):
            continue  # other systems keep IPv4 and IPv6 apart: where nothing runs, that is not told
        yield found(
            f"Two daemons want port {one.port}: {one.name} and {two.name}; the second cannot bind, and sendmail greets"
            " nobody",
            evidence=[one.evidence(cf.path), two.evidence(cf.path)],
            fix=_one_of(one, two, cf.path),
            port=str(one.port),
        )


def _one_of(one: Daemon, two: Daemon, path: str) -> list[Step]:
    """What nobody wrote goes, or, of two that do the same, the second, which never had the port. Where they differ, a
    person must say which is meant."""
    for daemon in (one, two):
        if daemon.is_default and one.written != two.written:
            return drop_port(path, daemon)
    same = (one.address, one.modifiers, one.filters) == (two.address, two.modifiers, two.filters)
    if same and one.name != two.name:
        return drop_port(path, two)
    return rebuild(path, "remove the DAEMON_OPTIONS with Name={name}, or give it its own Addr=", name=two.name)


def _overlap(one: Daemon, two: Daemon) -> bool:
    """Whether both cannot listen: the same address, or one of them takes all."""
    return one.address is None or two.address is None or one.address == two.address


_SET_BY_HAND = re.compile(r"\s(-[oO] ?\S*|-C ?\S+)")


@check(
    "RUN009",
    "started-with-other-settings",
    "warning",
    rung="program",
    role="cause",
    explains=("no-offer", "no-starttls", "RUN002", "RUN003"),
    fails=[
        {"processes": _DAEMON + "started as: /usr/sbin/sendmail -C /etc/mail/old.cf -bd -q15m"},
        {"processes": _DAEMON + "started as: /usr/sbin/sendmail -bd -ODaemonPortOptions=Addr=127.0.0.1"},
    ],
    passes=[
        {"processes": _DAEMON + "started as: /usr/sbin/sendmail -L sm-mta -bd -q15m"},
        {"processes": _DAEMON + "started as: /usr/sbin/sendmail -bd -OLogLevel=14 -C/etc/mail/sendmail.cf"},
    ],
    refs=("sendmail(8): -C, -O", "sendmail: sendmail/daemon.c: the pid file holds the command line"),
)
def started_with_other_settings(processes: Processes, cf: SendmailCf | Unknown) -> Findings:
    """The daemon was started with another configuration file (-C), or with ports or AUTH set on its command line (-O).

    What stands there wins over sendmail.cf, so an edit of sendmail.cf changes nothing.

    Advice: take the option out of what starts sendmail (/etc/default/sendmail, /etc/mail/sendmail.conf,
    /etc/sysconfig/sendmail, the systemd unit), or fix the file that it names; then restart sendmail.
    """
    named = cf.path if isinstance(cf, SendmailCf) else "/etc/mail/sendmail.cf"
    for m in _SET_BY_HAND.finditer(processes.started_as):
        letter, words = m[1][1], m[1][2:].strip()
        other_file = letter == "C" and words != named
        if other_file or (letter in "oO" and re.match(r"(?i)(DaemonPortOptions|Auth|Server|CACert)", words)):
            what = f"reads {words}, not {named}" if other_file else f"has {words} on its command line"
            yield found(
                f"The running sendmail {what}",
                evidence=[Evidence("pid file", processes.started_as[:300])],
                fix=[inspect("grep -n sendmail /etc/default/sendmail /etc/mail/sendmail.conf /etc/sysconfig/sendmail")],
                severity="error" if other_file else None,
                option=m[1][:60],
            )

"""QUEUE: what must take a message once a login went well: mail filters, delivery agents, mailboxes."""

from maildoctor.api import (
    Chown,
    Evidence,
    Findings,
    Install,
    MakeFolder,
    Severity,
    Start,
    Step,
    Unknown,
    by_hand,
    check,
    chmod,
    found,
    inspect,
    rebuild,
)
from maildoctor.api.host import Listeners, Process, Processes, Tls, unsafe_folder
from maildoctor.api.sendmail import Delivery, Filter, Place, Queues, SendmailCf

_DKIM = "Xopendkim, S=local:/run/opendkim/opendkim.sock, F=T\nO InputMailFilters=opendkim"
_SOCKET = "[filter opendkim] /run/opendkim/opendkim.sock\nsrwxrwxr-x opendkim opendkim /run/opendkim/opendkim.sock"
_INET = "Xclamav, S=inet:8893@localhost, F=R\nO InputMailFilters=clamav"

_COMES_TO: dict[str, tuple[str, Severity]] = {
    "defers": ('every client gets "451 4.3.2 Please try again later" (F=T)', "error"),
    "rejects": ('every client is refused with "554 5.7.1" (F=R)', "error"),
    "hangs up": ('every client gets "421 4.3.2" and is cut off (F=4)', "error"),
    "goes on": ("logins and mail go on without it (no F=)", "info"),
}


@check(
    "QUEUE005",
    "mail-filter-down",
    "error",
    rung="tls",
    role="cause",
    explains=("no-answer", "no-starttls", "WIRE060", "WIRE061", "WIRE062"),
    witnesses=("QUEUE123",),
    fails=[
        {"cf": _DKIM, "delivery": _SOCKET + "\nabove: drwxrwxr-x opendkim postfix /run/opendkim"},
        {"cf": _DKIM, "delivery": "[filter opendkim] /run/opendkim/opendkim.sock\nmissing"},
        {"cf": _DKIM, "delivery": _SOCKET + "\nbound: no"},
        {"cf": _INET, "delivery": "", "listeners": "0.0.0.0 25 40 sendmail-mta"},
        {"cf": _DKIM.replace("F=T", "T=R:2m"), "delivery": "[filter opendkim] /run/opendkim/opendkim.sock\nmissing"},
    ],
    passes=[
        {"cf": _DKIM, "delivery": _SOCKET},
        {
            "cf": _DKIM + "\nO DontBlameSendmail=GroupWritableDirPathSafe",
            "delivery": _SOCKET + "\nabove: drwxrwxr-x opendkim postfix /run/opendkim",
        },
        {"cf": _DKIM, "delivery": _SOCKET + "\nbound: yes"},
        {"cf": _INET, "delivery": "", "listeners": "127.0.0.1 8893 40 clamav-milter"},
        {"cf": _INET.replace("localhost", "filter.example.com"), "delivery": "", "listeners": ""},
        {"cf": _INET.replace("O Input", "#O Input"), "delivery": "", "listeners": ""},
    ],
    refs=("sendmail: sendmail/milter.c, milter_open(), MILTER_SET_STATE; cf/README, INPUT_MAIL_FILTER()",),
)
def mail_filter_down(cf: SendmailCf, delivery: Delivery, listeners: Listeners | Unknown) -> Findings:
    """A mail filter (milter) that sendmail asks does not run, or has a socket that sendmail does not trust.

    What becomes of mail is what F= says: T answers with a temporary error, R rejects, without it the mail goes on
    unfiltered. The filter is asked when a client connects, before it can log in, so that STARTTLS is refused too ("454
    4.7.0 Please try again later").

    Advice: start the filter, and see that its socket is the one of INPUT_MAIL_FILTER, in a directory that only root or
    the filter writes; or take it out of sendmail.mc.
    """
    for one in cf.input_filters:
        comes_to, severity = _COMES_TO[one.failure]
        place = delivery.named("filter", one.name) if one.path else None
        if place is not None and place.refused:
            yield Unknown(place.refused, "run as root")
            continue
        what = _dead(one, place, listeners)
        open_ = next((x for x in place.above if unsafe_folder(x, cf.dont_blame)), None) if place else None
        if open_ and place and not what:
            who = "everybody" if open_.world_writable else f"the group {open_.group}"
            yield found(
                f"sendmail does not use the socket of the mail filter {one.name}: {who} may write {open_.path} above it"
                f" (mode {open_.octal}); {comes_to}",
                evidence=[
                    Evidence(f"{cf.path}:{one.line}", f"X{one.name}, S={one.socket}"),
                    place.evidence,
                    open_.evidence,
                ],
                fix=[chmod("o-w" if open_.world_writable else "g-w", open_)],
                severity=severity,
                filter=one.name,
            )
        if what:
            yield found(
                f"The mail filter {one.name} does not answer at {one.socket} ({what}): {comes_to}",
                evidence=[
                    Evidence(f"{cf.path}:{one.line}", f"X{one.name}, S={one.socket}"),
                    place.evidence if place else Evidence("ss -ltn", f"no listener on port {one.port}"),
                ],
                fix=[
                    inspect("systemctl status {name}; ls -l {path}", name=one.name, path=one.path)
                    if one.path
                    else inspect("systemctl status {name}; ss -ltnp", name=one.name),
                    by_hand("start the mail filter {name}", name=one.name),
                ],
                severity=severity,
                filter=one.name,
            )


_OWN_NAMES = ("localhost", "127.0.0.1", "::1", "")


def _dead(one: Filter, place: Place | None, listeners: Listeners | Unknown) -> str:
    """Why nobody answers there; empty where somebody may."""
    if place is not None:
        other = place.look is not None and place.look.kind != "s"
        if place.deaf:
            return "no process listens there any more"
        return "there is no such socket" if place.missing else "it is no socket" if other else ""
    own = one.port is not None and one.host in _OWN_NAMES and not isinstance(listeners, Unknown)
    return f"nothing listens on port {one.port}" if own and not _listens(listeners, one.port or 0) else ""


def _listens(listeners: Listeners | Unknown, port: int) -> bool:
    return isinstance(listeners, Unknown) or bool(listeners.on(port))


_AGENT = "Mlocal, P=/usr/bin/procmail, F=lsDFMAw5:/|@qSPfhn9, S=EnvFromL/HdrFromL\nMprog, P=/bin/sh, F=lsDFMoqeu9"
_PROGRAM = "[agent local] /usr/bin/procmail\n-rwxr-xr-x root root /usr/bin/procmail"


@check(
    "QUEUE006",
    "delivery-agent-missing",
    "error",
    rung="hand-over",
    role="cause",
    fails=[
        {"cf": _AGENT, "delivery": "[agent local] /usr/bin/procmail\nmissing"},
        {"cf": _AGENT, "delivery": _PROGRAM.replace("-rwxr-xr-x", "-rw-r--r--")},
        {"cf": _AGENT, "delivery": "[agent prog] /bin/sh\nmissing"},
        {"cf": _AGENT, "delivery": "[agent local] /usr/sbin/sensible-mda\nmissing"},
    ],
    passes=[{"cf": _AGENT, "delivery": _PROGRAM}],
    refs=("sendmail: sendmail/deliver.c: `mailer %s died`, `Cannot exec %s`; doc/op, M lines: P=",),
)
def delivery_agent_missing(cf: SendmailCf, delivery: Delivery) -> Findings:
    """The program that delivers mail is not there, or cannot be run.

    The login goes well and the message is taken; then it stays in the queue or comes back ("Cannot exec …", "unknown
    mailer error").

    Advice: install the program, or name the one that is there (LOCAL_MAILER_PATH, PROCMAIL_MAILER_PATH, or leave
    FEATURE(`local_procmail') out); rebuild sendmail.cf and restart.
    """
    for place in delivery.of("agent"):
        line = next((m.line for m in cf.mailers.values() if m.name == place.name), 0)
        look = place.look
        if place.missing:
            what = "does not exist"
        elif look is not None and (look.kind != "-" or not look.mode & 0o111):
            what = f"cannot be run (mode {look.octal})" if look.kind == "-" else "is no program"
        else:
            continue
        yield found(
            f"The program of the delivery agent {place.name}, {place.path}, {what}",
            evidence=[Evidence(f"{cf.path}:{line}", f"M{place.name}, P={place.path}"), place.evidence],
            fix=_program(cf, place),
            severity=None if place.name == "local" else "warning" if place.name == "prog" else "info",
            agent=place.name,
        )


def _program(cf: SendmailCf, place: Place) -> list[Step]:
    if place.look and place.look.kind == "-":
        return [chmod("a+x", place.look)]
    if place.path.endswith(f"/{_OF_DEBIAN}"):
        return [Install(_OF_DEBIAN)]
    return rebuild(cf.path, _PATH, path=place.path)


_OF_DEBIAN = "sensible-mda"
"""What Debian's sendmail.cf names, and a package of the same name brings; sendmail-bin does not ask for it."""

_PATH = "name the program that delivers here by LOCAL_MAILER_PATH, or install {path}"

_WRITES_MAILBOXES = ("mail.local", "procmail", "sensible-mda", "mail", "deliver", "maildrop")
"""Programs that put mail into files below the directory of mailboxes."""


@check(
    "QUEUE007",
    "mailboxes-missing",
    "error",
    rung="hand-over",
    role="cause",
    fails=[
        {"cf": _AGENT, "delivery": "[mailboxes] /var/mail\nmissing"},
        {"cf": _AGENT, "delivery": "[mailboxes] /var/mail\ndrwxr-xr-x bob bob /var/mail"},
    ],
    passes=[
        {"cf": _AGENT, "delivery": "[mailboxes] /var/mail\ndrwxrwsr-x root mail /var/mail"},
        {"cf": _AGENT, "delivery": "[mailboxes] /var/mail\ndrwxrwxrwt root root /var/mail"},
        {"cf": "Mlocal, P=[IPC], F=xyz", "delivery": "[mailboxes] /var/mail\nmissing"},
    ],
    refs=("sendmail: mail.local/mail.local.c; procmail(1)",),
)
def mailboxes_missing(cf: SendmailCf, delivery: Delivery) -> Findings:
    """The directory of the mailboxes is not there, or belongs to somebody who has no business with it.

    Mail for users of this host is taken and not delivered; mail for others passes.

    Advice: create it as the distribution does: owner root, group mail, mode 2775.
    """
    agent = cf.mailers.get("local")
    if agent is None or agent.path.rpartition("/")[2] not in _WRITES_MAILBOXES:
        return
    for place in delivery.of("mailboxes"):
        look = place.look
        if place.missing:
            yield found(
                f"The directory of the mailboxes, {place.path}, does not exist: mail for users of this host is not"
                " delivered",
                evidence=[place.evidence],
                fix=[MakeFolder(place.path, "root", "mail", "2775")],
                path=place.path,
            )
        elif look is not None and look.kind == "d" and look.owner not in ("root", "mail") and look.group != "mail":
            yield found(
                f"The directory of the mailboxes, {place.path}, is owned by {look.owner}:{look.group}: a new mailbox"
                " cannot be made there",
                evidence=[look.evidence],
                fix=[Chown("root:mail", (look.path,), f"{look.owner}:{look.group}", "2775", look.octal)],
                severity="warning",
                path=place.path,
            )


_RUNS = "40 root 1000.00 /usr/sbin/sendmail sendmail: MTA: accepting connections\nstarted as: /usr/sbin/sendmail -bd"


@check(
    "QUEUE008",
    "no-queue-runner",
    "warning",
    rung="hand-over",
    role="cause",
    fails=[{"processes": _RUNS, "cf": ""}],
    passes=[
        {"processes": f"{_RUNS} -q15m", "cf": ""},
        {"processes": f"41 root 1000.00 /usr/sbin/sendmail sendmail: Queue runner@00:10:00\n{_RUNS}", "cf": ""},
        {"processes": _RUNS.partition("\n")[0], "cf": ""},
    ],
    refs=("sendmail: doc/op, -q; sendmail(8)",),
)
def no_queue_runner(processes: Processes, cf: SendmailCf) -> Findings:
    """The sendmail daemon was started without -q, and nobody else runs the queue.

    A message that cannot be handed on at once, for the other side is down or asks to try later, stays in the queue for
    ever; with DeliveryMode queue or deferred every message does.

    Advice: start sendmail with a queue interval (-bd -q15m; Debian: QUEUE_INTERVAL in /etc/mail/sendmail.conf; Red Hat:
    QUEUE in /etc/sysconfig/sendmail).
    """
    words = processes.started_as.split()
    runs = any(w.startswith("-q") for w in words) or not all(map(_of_client, processes.queue_runners))
    if not processes.sendmail_daemons or not words or runs:
        return
    mode = cf.value("DeliveryMode")[:1].lower()
    every = mode in ("q", "d")
    yield found(
        "Nobody runs the mail queue: sendmail was started without -q"
        + (f", and DeliveryMode is {cf.value('DeliveryMode')}, so that every message waits for it" if every else ""),
        evidence=[
            *(p.evidence for p in processes.sendmail_daemons[:1]),
            Evidence("sendmail.pid", processes.started_as),
            Evidence("ps ax", "no sendmail that runs a queue"),
        ],
        fix=[by_hand("start sendmail with -q15m beside -bd")],
        severity="error" if every else None,
        subject="queue",
    )


def _of_client(process: Process) -> bool:
    """Whether it runs the queue of submissions, not that of the daemon."""
    return any(word in process.command for word in ("mqueue-client", "clientmqueue", "sm-msp"))


_CLIENT = "[submission queue] /var/spool/mqueue-client\ndrwxrws--- smmsp smmsp /var/spool/mqueue-client\n"
_CLIENT_RUNNER = "41 smmsp 1.00 /usr/sbin/sendmail sendmail: Queue runner@00:20:00 for /var/spool/mqueue-client"
_HOUR = 3600.0


@check(
    "QUEUE009",
    "submissions-wait",
    "warning",
    rung="hand-over",
    role="symptom",
    direction="local",
    fails=[{"queues": _CLIENT + "waiting: 3 1767225600", "tls": "now: 2026-01-01T04:00:00Z", "processes": _RUNS}],
    passes=[
        {"queues": _CLIENT + "waiting: 1 1767225600", "tls": "now: 2026-01-01T00:10:00Z", "processes": _RUNS},
        {
            "queues": _CLIENT + "waiting: 3 1767225600",
            "tls": "now: 2026-01-01T04:00:00Z",
            "processes": _CLIENT_RUNNER,
        },
        {"queues": _CLIENT, "tls": "now: 2026-01-01T04:00:00Z", "processes": ""},
    ],
    refs=("sendmail: sendmail/SECURITY: sendmail -L sm-msp-queue -Ac -q20m",),
)
def submissions_wait(queues: Queues, tls: Tls, processes: Processes) -> Findings:
    """Mail of this host's own programs waits in the submission queue, and no client queue runner (sm-msp) is there.

    Programs that call sendmail hand it to the daemon at 127.0.0.1; while that did not answer, their mail was put there.
    Logins by SMTP have nothing to do with it.

    Advice: run the queue once (sendmail -Ac -q -v), which also says why it waits, and keep a runner (sendmail -L
    sm-msp-queue -Ac -q20m; Debian and Red Hat start it with the service).
    """
    if any(map(_of_client, processes.queue_runners)):
        return
    for queue in queues.all:
        if queue.purpose == "submission queue" and queue.waiting and tls.now - queue.oldest > _HOUR:
            yield found(
                f"{queue.waiting} messages of local programs wait in {queue.path}, the oldest for"
                f" {(tls.now - queue.oldest) / _HOUR:.0f} hours, and no client queue runner (sm-msp) is there",
                evidence=[Evidence(f"ls {queue.path}", f"{queue.waiting} files qf*"), Evidence("ps ax", "no sm-msp")],
                fix=[inspect("mailq -Ac"), Start("sendmail")],
                path=queue.path,
            )

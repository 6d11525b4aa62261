"""The system round the mail server: its names, processes, sockets, devices."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from maildoctor.auth.service import LoginService
from maildoctor.collect import mail_servers
from maildoctor.collect.knowledge import FactStore, first, joined, text, unknown
from maildoctor.collect.mail_servers import OTHERS
from maildoctor.collect.sendmail import CONFIGURATIONS
from maildoctor.collect.startup import startup
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.kept import FOLDERS, SUFFIX, Kept
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.logins import Logins
from maildoctor.facts.mail_log import MailLog
from maildoctor.facts.names import Names
from maildoctor.facts.paths import Look
from maildoctor.facts.processes import USERS, Listeners, Process, Processes
from maildoctor.facts.services import Services
from maildoctor.facts.startup import Startup
from maildoctor.facts.system import System
from maildoctor.facts.wrappers import TcpWrappers
from maildoctor.host import Host, NoAnswer
from maildoctor.stamps import written

_DEVICES = ("/dev/null", "/dev/urandom", "/dev/random", "/dev/log")
_PID_FILES = ("/var/run/sendmail.pid", "/var/run/sendmail/mta/sendmail.pid")
_ANYBODYS = 1024
"""The first port that anybody may open."""

_KEYTABS = ("/etc/krb5.keytab", "/usr/local/etc/krb5.keytab")
_SYSLOGS = ("rsyslogd", "syslogd", "syslog-ng", "systemd-journal", "busybox")

_INITS = (
    ("systemd", "/run/systemd/system"),  # sd_booted(3)
    ("openrc", "/run/openrc"),
    ("rc.d", "/etc/rc.subr"),
    ("rcctl", "/usr/sbin/rcctl"),
    ("smf", "/lib/svc/bin/svc.startd"),
    ("sysv", "/usr/sbin/service"),
    ("sysv", "/sbin/service"),
)
"""Init systems, and what is there where one is in charge."""

_INITS_OF_ROOT = (
    ("systemd", "/usr/lib/systemd/systemd"),
    ("systemd", "/lib/systemd/systemd"),
    ("openrc", "/sbin/openrc-run"),
    *_INITS,
)
"""The same of an unpacked root, where none runs yet."""


def others(host: Host) -> tuple[str, ...]:
    """Mail programs beside Sendmail that are installed."""
    return tuple(name for name, paths in OTHERS.items() if first(host, paths))


def system(host: Host, know: FactStore) -> System | Unknown:
    """os-release, the multi-arch triplet, devices, keytab, groups with members."""
    release = text(host.ask("read", "/etc/os-release")) or text(host.ask("read", "/usr/lib/os-release"))
    if not release and isinstance(host.ask("look", "/usr/sbin/rcctl"), str):
        release = "ID=openbsd"  # which has no os-release
    triplet = next((n for n in text(host.ask("list", "/usr/lib")).splitlines() if "-linux-gnu" in n), "")
    lines = [release, f"triplet: {triplet}", f"user: {text(host.ask('whoami'))}"]
    if host.kind != "root":  # an unpacked image has no devices, and nobody expects any
        for device in _DEVICES:
            look = host.ask("look", device)
            lines.append(
                f"{device}: there" if isinstance(look, str) else f"{device}: missing" if look.why == "absent" else ""
            )
    lines += _started_by(host, release)
    answers = [host.ask("look", path) for path in _KEYTABS]
    there = [path for path, look in zip(_KEYTABS, answers, strict=True) if isinstance(look, str)]
    if there or all(isinstance(look, NoAnswer) and look.why == "absent" for look in answers):
        lines.append(f"keytab: {there[0] if there else 'missing'}")
        lines += [look for look in answers if isinstance(look, str)][:1]
    lines += [f"kerberos: {p}" for p in ("/etc/krb5.conf",) if isinstance(host.ask("look", p), str)]
    running = host.ask("processes")
    if isinstance(running, str):
        loggers = Processes.parse(running).named(*_SYSLOGS, users=USERS["syslog"])
        reported = " ".join(f"{p.program} {p.command}" for p in loggers)
        lines.append("syslog: " + next((s for s in _SYSLOGS if s in reported), ""))
    users, groups = host.ask("read", "/etc/passwd"), text(host.ask("read", "/etc/group")).splitlines()
    if isinstance(users, str) and _local_users_only(text(host.ask("read", "/etc/nsswitch.conf"))):
        lines.append("users: " + " ".join(row.partition(":")[0] for row in users.splitlines()))
    lines.append("people: " + " ".join(_people(text(users).splitlines())))
    lines += [_group(row) for row in groups if row.count(":") == 3]
    lines += _primary_groups(text(users).splitlines(), groups)
    return System.parse(joined(*lines))


_SUPERVISED = ("postfix", "dovecot", "sendmail", "saslauthd", "exim", "opensmtpd", "cyrus-imapd", "rsyslog")


def _started_by(host: Host, release: str) -> Iterator[str]:
    """The init system, or what stands in its place in a container, and what that calls the mail programs."""
    init, start = _init(host, release), startup(host, None)
    if isinstance(start, Unknown) or start.manager == "systemd" or _is_in_charge(init, start):
        yield f"init: {init}"
        return
    yield f"init: {'image' if host.kind == 'root' else start.manager or 'none'}"
    for product in _SUPERVISED if start.manager else ():
        if name := start.program_of(product):
            yield f"program {product}: {name}"


def _is_in_charge(init: str, start: Startup) -> bool:
    """Whether the init system that left its marks is what starts services, for no image names anything else."""
    return init in ("systemd", "openrc") and not start.manager and (start.running or not start.argv)


def _init(host: Host, release: str) -> str:
    """The init system; `none` where we looked for all of them. A Unix of which we know no distribution has another."""
    sure = bool(release)
    for name, path in _INITS_OF_ROOT if host.kind == "root" else _INITS:
        answer = host.ask("look", path)
        if isinstance(answer, str):
            return name
        sure = sure and answer.why == "absent"
    return "none" if sure else ""


def _local_users_only(switch: str) -> bool:
    """Whether nsswitch.conf names no source of users beside files of this host."""
    rows = [line.partition("#")[0].split() for line in switch.splitlines()]
    sources = next((row[1:] for row in rows if row[:1] == ["passwd:"]), ["files"])
    return set(sources) <= {"files", "compat", "systemd"}


def _group(row: str) -> str:
    name, _, _, members = row.split(":")
    return f"group {name}: {members}"


_PEOPLE = 1000
"""User ids from here on are people's, whose groups no daemon has."""


_NOBODY = 60_000
"""User ids from here on are given to nobody, to containers, to services for a while (Debian policy 9.2.2; systemd)."""
_MOST_PEOPLE = 2_000


def _people(users: list[str]) -> list[str]:
    """Accounts that get mail of their own."""
    rows = (row.split(":") for row in users if row.count(":") == 6)
    return [row[0] for row in rows if re.fullmatch(r"[0-9]{4,5}", row[2]) and _PEOPLE <= int(row[2]) < _NOBODY][
        :_MOST_PEOPLE
    ]


def _primary_groups(users: list[str], groups: list[str]) -> list[str]:
    """`primary group USER: NAME` of each system account."""
    names = {row.split(":")[2]: row.partition(":")[0] for row in groups if row.count(":") == 3}
    rows = [row.split(":") for row in users if row.count(":") == 6]
    return [
        f"primary group {user}: {names[gid]}"
        for user, _, uid, gid, *_ in rows
        if uid.isascii() and uid.isdigit() and int(uid[:10]) < _PEOPLE and gid in names
    ]


def names(host: Host, know: FactStore) -> Names | Unknown:
    """The node name and /etc/hosts. Of an unpacked root the name is that in its /etc/hostname."""
    node = host.ask("hostname")
    if isinstance(node, NoAnswer):
        node = host.ask("read", "/etc/hostname")
    if isinstance(node, NoAnswer):
        return unknown(node)
    return Names.parse(f"hostname: {node.strip()}\n{text(host.ask('read', '/etc/hosts'))}")


def processes(host: Host, know: FactStore) -> Processes | Unknown:
    """Running programs that have to do with mail, and how sendmail's daemon was called."""
    answer = host.ask("processes")
    if isinstance(answer, NoAnswer):
        return unknown(answer)
    answer = joined(answer, *_trusted(host, Processes.parse(answer)))
    found = Processes.parse(answer)
    for path in _PID_FILES if found.sendmail_daemons else ():
        pid, _, command = text(host.ask("read", path)).partition("\n")
        if any(str(p.pid) == pid.strip() for p in found.sendmail_daemons) and command:
            written = Look.parse(text(host.ask("look", path)))
            began = f"began: {pid.strip()} {written.mtime:.2f}" if written else ""
            return Processes.parse(joined(answer, f"started as: {command.splitlines()[0]}", began))
    return found


def _trusted(host: Host, found: Processes) -> list[str]:
    """What lets a sendmail of another user than usual be trusted: sendmail.cf names that user, or it listens on a port
    that only root may open. Looked for where there is one."""
    if len(found.called_sendmail) == len(found.sendmail_daemons):
        return []
    configurations = (text(host.ask("read", path)) for path in CONFIGURATIONS)
    users = re.findall(r"(?m)^O RunAsUser=([^\s:.]{1,64})", next(filter(None, configurations), ""))
    ports = Listeners.parse(text(host.ask("listeners"))).all
    holders = {x.pid for x in ports if 0 < x.port < _ANYBODYS} & {p.pid for p in found.called_sendmail}
    return [*(f"runs as: {user}" for user in users[:1]), *(f"holds: {pid}" for pid in sorted(holders))]


def services(host: Host, know: FactStore) -> Services | Unknown:
    """The mail servers of this host, and what is installed to check passwords; not known where nobody may look."""
    answer = host.ask("look", OTHERS["postfix"][0])
    if isinstance(answer, NoAnswer) and answer.why != "absent":
        return unknown(answer)
    return mail_servers.services(host, know.installed)


def kept(host: Host, know: FactStore) -> Kept:
    """Copies of configurations from before AUTH was set up."""
    folders = [*FOLDERS, *(f"{folder}{SUFFIX}" for folder in FOLDERS)]
    return Kept.parse(joined(*(text(host.ask("look", folder)) for folder in folders)))


def listeners(host: Host, know: FactStore) -> Listeners | Unknown:
    """Listening sockets."""
    answer = host.ask("listeners")
    return unknown(answer) if isinstance(answer, NoAnswer) else Listeners.parse(answer)


def wrappers(host: Host, know: FactStore) -> TcpWrappers | Unknown:
    """hosts.allow and hosts.deny; a missing one is an empty one."""
    parts = []
    for path in ("/etc/hosts.allow", "/etc/hosts.deny"):
        answer = host.ask("read", path)
        if isinstance(answer, NoAnswer) and answer.why != "absent":
            return unknown(answer)
        parts.append(f"# path: {path}\n{text(answer)}")
    return TcpWrappers.parse("\n".join(parts))


_LOGS = ("/var/log/mail.log", "/var/log/maillog", "/var/log/mail", "/var/log/syslog", "/var/log/messages")
_LOGS_OF_EXIM = ("/var/log/exim4/mainlog", "/var/log/exim/main.log", "/var/spool/exim/log/mainlog")
_MAIL_PORTS = frozenset({25, 465, 587, 2525})
_DAY = 86400.0
_DAEMONS = ("master", "exim", "smtpd", "opensmtpd")
"""Programs of mail servers whose listening sockets their children hold: Postfix, Exim, OpenSMTPD."""


def logins(host: Host, know: FactStore) -> Logins | Unknown:
    """Recent lines about logins in the log that this host writes."""
    if isinstance(absent := know(LoginService), Absent):
        return absent
    log = know(MailLog)
    return log if isinstance(log, Unknown) else Logins.parse(f"# path: {log.path}\n{log.text}")


def mail_log(host: Host, know: FactStore) -> MailLog | Unknown:
    """The first of the usual logs that is there."""
    return _first_log(host, _LOGS)


def history(host: Host, know: FactStore) -> LoginHistory | Unknown:
    """What came of logins since the running mail server was started, and since a sasldb, which is read at each login,
    was changed, or saslauthd was started."""
    found = [know(MailLog), _first_log(host, _LOGS_OF_EXIM)]
    logs = [log for log in found if isinstance(log, MailLog)]
    if not logs:
        return next((log for log in found if isinstance(log, Unknown) and not isinstance(log, Absent)), _NO_LOG)
    since = _changed(host, know)
    if not since:
        return LoginHistory.parse(f"# path: {logs[0].path}\n# since: \n")
    now = _clock(host, since)
    reported = (line for log in logs for line in log.text.split("\n"))
    lines = [line for line in reported if (when := written(line, now)) is None or when >= int(since)]
    path = next((log.path for log in logs if lines and lines[-1] in log.text), logs[0].path)
    start = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return LoginHistory.parse("\n".join([f"# path: {path}", f"# since: {start}", *lines]))


def _first_log(host: Host, paths: Sequence[str]) -> MailLog | Unknown:
    """The lines about logins of the first of these logs that is there."""
    for path in paths:
        answer = host.ask("logins", path)
        if isinstance(answer, str):
            return MailLog.parse(f"# path: {path}\n{answer}")
        if answer.why != "absent":
            return unknown(answer)
    return Absent(f"there is no mail log ({', '.join(paths)})")


_NO_LOG = Absent("there is no mail log")


def mail_daemons(running: Processes, sockets: Listeners) -> list[Process]:
    """The processes that hold ports of mail. A child that serves a client has the socket of its parent open too, and
    may be the one that is named as its holder: then the parent is among them."""
    ports = {x.pid for x in sockets.all if x.port in _MAIL_PORTS}
    holders = [p for p in running.all if p.pid in ports]
    places = [p.program.rpartition("/") for p in holders]
    folders = {folder for folder, _, name in places if name.startswith(_DAEMONS)}
    daemons = running.named(*_DAEMONS)
    parents = [p for p in daemons if p not in holders and p.program.rpartition("/")[0] in folders]
    return holders + parents or [*running.sendmail_daemons, *daemons]


def _changed(host: Host, know: FactStore) -> float:
    """When what is seen now began, in seconds since 1970; 0 where no mail server runs, or that is not known."""
    running, sockets = know.get(Processes), know.get(Listeners)
    if running is None or sockets is None:
        return 0
    started = [p.started for p in mail_daemons(running, sockets)]
    sasldb = know.already(SaslDb)
    look = Look.parse(text(host.ask("look", sasldb.path))) if sasldb else None
    asked = max((p.started for p in running.named("saslauthd", users=USERS["saslauthd"])), default=0)
    return max(min(started), asked, look.mtime if look else 0) if started else 0


def _clock(host: Host, since: float) -> float:
    """The host's time; where it has no clock, the log is taken to have been written within a day."""
    try:
        return datetime.fromisoformat(text(host.ask("clock"))).timestamp()
    except ValueError:
        return since + _DAY

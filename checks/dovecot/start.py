"""RUN, CONF: what Dovecot's master and auth service cannot start without: files, programs, users of the system."""

from collections.abc import Iterator

from maildoctor.api import (
    CommentOut,
    Evidence,
    Findings,
    LoginService,
    Restart,
    SetInLine,
    Start,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
)
from maildoctor.api.dovecot import Dovecot, Section, Setting, is_asked
from maildoctor.api.host import Processes, System

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_LIBSASL = "service: postfix /etc/postfix/main.cf\nwanted"
_FILES = "==> /etc/dovecot/dovecot.conf <==\n"
_TLS = "version: 2.3.19.1\nmissing: /etc/ssl/imap.pem\n" + _FILES + "ssl_cert = </etc/ssl/imap.pem\n{}"
_IMAP = "version: 2.3.19.1\nmissing: /usr/lib/dovecot/imap\n" + _FILES + "protocols = imap lmtp\n{}"
_RUNS = "40 root 1000.00 /usr/sbin/dovecot /usr/sbin/dovecot -F"
_OTHERS = "7 root 1000.00 /usr/lib/postfix/sbin/master /usr/lib/postfix/sbin/master -w"


def _running(processes: Processes | Unknown) -> bool:
    return isinstance(processes, Processes) and bool(processes.named("dovecot"))


def _again(service: LoginService, running: bool) -> list[Step]:
    """What makes it count; smtpd that could not ask waits before it tries again."""
    return [Restart("dovecot") if running else Start("dovecot"), Restart(service.product)]


@check(
    "RUN090",
    "dovecot-file-of-setting-missing",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN065", "RUN066", "SASL046", "SASL065", "no-answer", "no-offer", "no-starttls"),
    witnesses=("CONF661",),
    fails=[
        {"service": _ASKED, "dovecot": _TLS.format(""), "processes": _OTHERS},
        {"service": _ASKED, "dovecot": _TLS.format("ssl = no\n"), "processes": _RUNS},
        {"service": _ASKED, "dovecot": _TLS.replace("ssl_cert", "ssl_dh").format("")},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _TLS.replace("missing: /etc/ssl/imap.pem\n", "").format("")},
        {"service": _LIBSASL, "dovecot": _TLS.format(""), "processes": _OTHERS},
    ],
    refs=("dovecot 2.3: config/config-request.c: a value that begins with `<` is read when Dovecot starts",),
)
def file_of_setting_missing(service: LoginService, dovecot: Dovecot, processes: Processes | Unknown) -> Findings:
    """A setting of Dovecot takes its value from a file that is not there, so that Dovecot does not start at all.

    The certificate of IMAP is of no use to a mail server that asks for logins, but without the file of ssl_cert,
    ssl_key or ssl_dh none of Dovecot's services starts, with ssl = no as well. `doveconf -n` does not tell. One that
    runs goes on until it is started anew.

    Advice: put the file back, or take the line out; then start Dovecot.
    """
    if not is_asked(service):
        return
    running = _running(processes)
    for name, said in dovecot.of_files:
        if said.file in dovecot.missing:
            yield found(
                f"{name} of Dovecot names the file {said.file}, which does not exist: "
                + ("Dovecot will not start again" if running else "Dovecot does not start"),
                evidence=[said.evidence, Evidence(f"ls -l {said.file}", "No such file or directory")],
                fix=[
                    by_hand("put {file} back; or else:", file=said.file),
                    # with one that is left it starts as little
                    *(CommentOut(x.path, x.line, other) for other, x in dovecot.of_files if x.file in dovecot.missing),
                    *_again(service, running),
                ],
                severity="warning" if running else None,
                setting=name,
                path=said.file,
            )


@check(
    "RUN091",
    "dovecot-protocol-not-installed",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN065", "RUN066", "SASL046", "SASL065", "no-answer", "no-offer", "no-starttls"),
    fails=[
        {"service": _ASKED, "dovecot": _IMAP.format(""), "processes": _OTHERS},
        {"service": _ASKED, "dovecot": _IMAP.format(""), "processes": _RUNS},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _IMAP.format("").replace("imap lmtp", "lmtp"), "processes": _OTHERS},
        {"service": _LIBSASL, "dovecot": _IMAP.format(""), "processes": _OTHERS},
    ],
    refs=("dovecot: master/service.c: Fatal: service(imap) access(/usr/lib/dovecot/imap) failed",),
)
def protocol_not_installed(service: LoginService, dovecot: Dovecot, processes: Processes | Unknown) -> Findings:
    """protocols names a protocol whose program is not installed, so that Dovecot does not start.

    Distributions put IMAP, POP3, LMTP and ManageSieve into packages of their own. Master looks for each program at its
    start ("access(/usr/lib/dovecot/imap) failed: No such file or directory") and ends, the auth service with it.

    Advice: install the package, or take the protocol out of protocols; then start Dovecot.
    """
    if not is_asked(service):
        return
    running = _running(processes)
    gone = [path for path in sorted(dovecot.missing) if path.rpartition("/")[2] in dovecot.programs]
    gone = [path for path in gone if "/dovecot/" in path and path not in {s.file for _, s in dovecot.of_files}]
    if not gone:
        return
    names = [p.rpartition("/")[2] for p in gone]
    line, kept = dovecot.get("protocols"), [p for p in dovecot.protocols if not _is_of(p, names)]
    yield found(
        f"protocols of Dovecot has {' '.join(names)}, but {' and '.join(gone)} is not installed: "
        + ("Dovecot will not start again" if running else "Dovecot does not start"),
        evidence=[dovecot.evidence("protocols"), *(Evidence(f"ls {p}", "No such file or directory") for p in gone)],
        fix=[
            by_hand(f"install Dovecot's package for {' '.join(names)}; or else:"),
            SetInLine(line.path, line.line, "protocols", " ".join(kept) or "none", line.value)
            if line is not None and line.written == f"protocols = {line.value}"
            else edit(dovecot.main, f"take {' '.join(names)} out of protocols"),
            *_again(service, running),
        ],
        severity="warning" if running else None,
        setting="protocols",
    )


def _is_of(protocol: str, programs: list[str]) -> bool:
    return protocol.removesuffix("s") in programs or (protocol == "sieve" and "managesieve" in programs)


_SYSTEM = (
    "ID=debian\nprimary group dovecot: dovecot\nprimary group dovenull: dovenull\n"
    "users: root postfix dovecot dovenull\ngroup postfix: \n"
)
_LISTENS = (
    "version: 2.3.19.1\n" + _FILES + "service auth {{\n  unix_listener /var/spool/postfix/private/auth {{\n"
    "    mode = 0660\n    user = {}\n    group = {}\n  }}\n}}\n"
)


def _users(dovecot: Dovecot) -> Iterator[tuple[str, str, str, Setting]]:
    """Accounts that Dovecot must know when it starts: `user` or `group`, its name, where it is asked for."""
    for name in ("default_internal_user", "default_login_user"):
        if said := dovecot.get(name):
            yield "user", said.value, name, said
    if said := dovecot.get("default_internal_group"):
        yield "group", said.value, "default_internal_group", said
    for service in dovecot.top.of("service"):
        places: list[tuple[str, Section]] = [(f"service {service.name}", service)]
        places += [(f"service {service.name}: {x.title}", x) for x in service.of("unix_listener", "fifo_listener")]
        for where, section in places:
            if section.get("mode") and section.value("mode") in ("0", "0000"):
                continue
            for kind in ("user", "group"):
                if said := section.get(kind):
                    yield kind, dovecot.expanded(said.value), where, said


@check(
    "RUN092",
    "dovecot-account-unknown",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN065", "RUN066", "SASL046", "SASL065", "PERM065", "PERM066", "no-answer", "no-offer", "no-starttls"),
    fails=[
        {"service": _ASKED, "dovecot": _LISTENS.format("postfixx", "postfix"), "system": _SYSTEM},
        {"service": _ASKED, "dovecot": _LISTENS.format("postfix", "mailx"), "system": _SYSTEM, "processes": _RUNS},
        {
            "service": _ASKED,
            "dovecot": _LISTENS.format("postfix", "postfix") + "default_internal_user = dovecott\n",
            "system": _SYSTEM,
        },
        {
            "service": _ASKED,
            "dovecot": _LISTENS.format("postfix", "postfix") + "service auth-worker {\n  user = nobdy\n}\n",
            "system": _SYSTEM,
        },
    ],
    passes=[
        {"service": _ASKED, "dovecot": _LISTENS.format("postfix", "postfix"), "system": _SYSTEM},
        {"service": _ASKED, "dovecot": _LISTENS.format("$default_internal_user", "postfix"), "system": _SYSTEM},
        {
            "service": _ASKED,
            "dovecot": _LISTENS.format("other", "other"),
            "system": _SYSTEM.replace("users: ", "some: "),
        },
        {"service": _ASKED, "dovecot": _LISTENS.format("1000", "1000"), "system": _SYSTEM},
    ],
    refs=("dovecot: master/service.c, get_uidgid(): User doesn't exist; lib-settings: default_internal_user",),
)
def account_unknown(
    service: LoginService, dovecot: Dovecot, system: System, processes: Processes | Unknown
) -> Findings:
    """Dovecot's configuration names a user or a group that this system does not have, so that Dovecot does not start.

    Master looks up the owners of all sockets and the users of all services at its start: "service(auth) User doesn't
    exist". One that runs goes on until it is started anew.

    Advice: correct the name, or make the account; then start Dovecot.
    """
    if not is_asked(service) or dovecot.problems or system.users is None:
        return
    running = _running(processes)
    reported: set[tuple[str, str]] = set()
    groups = {*system.groups, *system.primary_groups.values()}
    for kind, name, where, said in _users(dovecot):
        known = name in system.users if kind == "user" else (name in groups or not system.groups)
        if not name or name.isdecimal() or known or "$" in name or (kind, name) in reported:
            continue
        reported.add((kind, name))
        near = {"user": ("postfix", "dovecot"), "group": ("postfix", "dovecot")}[kind]
        option = said.written.partition("=")[0].strip()
        better = next((n for n in near if n[:5] == name[:5]), "")
        yield found(
            f"{option} = {name} ({where}) of Dovecot: there is no such {kind} on this system, it does not exist, and "
            + ("Dovecot will not start again" if running else "Dovecot does not start"),
            evidence=[said.evidence, Evidence(f"getent {'passwd' if kind == 'user' else 'group'} {name}", "nothing")],
            fix=[
                SetInLine(said.path, said.line, option, better, said.value)
                if better and better in (system.users if kind == "user" else groups)
                else edit(said.path, "correct line {line}, or make the account", line=str(said.line)),
                inspect("doveadm log errors"),
                *_again(service, running),
            ],
            severity="warning" if running else None,
            setting=option,
            account=name,
        )

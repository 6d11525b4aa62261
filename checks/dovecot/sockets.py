"""The socket between a mail server and Dovecot: where it is, who may use it, what is behind it."""

from maildoctor.api import (
    AddInBlock,
    Chmod,
    Chown,
    Evidence,
    Findings,
    LoginService,
    MakeFolder,
    Restart,
    SetInLine,
    SetPostfix,
    Step,
    Unknown,
    check,
    edit,
    found,
    shown,
)
from maildoctor.api.dovecot import (
    Asker,
    AuthListener,
    AuthSocket,
    Dovecot,
    DovecotSockets,
    groups_of,
    is_asked,
    listener_at,
    with_socket,
)
from maildoctor.api.host import Look, Processes, System
from maildoctor.api.postfix import Postfix

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted\naccount: postfix"
_MAIN = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n"
    "smtpd_sasl_path = {}\n==> /etc/postfix/master.cf <==\nsmtp inet n - {} - - smtpd"
)
_POSTFIX = _MAIN.format("private/auth", "y")
_SOCKET = "/var/spool/postfix/private/auth"
_DOVECOT = (
    "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nservice auth {{\n  unix_listener {} {{\n    mode = 0660\n"
    "    user = postfix\n    group = postfix\n  }}\n}}"
)
_GOOD = _DOVECOT.format(_SOCKET)
_RUNS = "40 root 1000.00 /usr/sbin/dovecot /usr/sbin/dovecot -F"
_TRAIL = (
    f">> socket: {_SOCKET}\ndrwxr-xr-x root root /\ndrwxr-xr-x root root /var\ndrwxr-xr-x root root /var/spool\n"
    "drwxr-xr-x root root /var/spool/postfix\ndrwx------ postfix root /var/spool/postfix/private"
)
_FOLDERS = _TRAIL.replace(f">> socket: {_SOCKET}\n", "")
_THERE = f"{_TRAIL}\nsrw-rw---- postfix postfix {_SOCKET}"
_SAID = "connect: ok\nVERSION 1 2\nMECH PLAIN plaintext\nMECH LOGIN plaintext\nSPID\nDONE"
_USERDB = _THERE.replace("private/auth", "private/auth-userdb")
_SYSTEM = "ID=debian\nprimary group postfix: postfix"


def _rights(asker: Asker) -> tuple[str, ...]:
    owner = asker.smtpd.value("mail_owner")
    return "mode = 0660", f"user = {owner}", f"group = {owner}"


def _listen(dovecot: Dovecot, asker: Asker) -> Step:
    """A listener where the mail server asks."""
    lines = (f"  unix_listener {asker.path} {{", *(f"    {row}" for row in _rights(asker)), "  }")
    auth = dovecot.service("auth")
    if auth is not None and " " not in asker.path:
        return AddInBlock(auth.path, auth.line, lines)
    return edit(dovecot.main, _WORDS, socket=asker.path)


_WORDS = "a block service auth with unix_listener {socket}, mode = 0660, user = postfix, group = postfix"


@check(
    "SASL065",
    "dovecot-socket-not-where-smtpd-looks",
    "error",
    rung="verifier",
    role="cause",
    explains=("no-answer", "no-offer", "no-starttls"),
    witnesses=("SASL500",),
    fails=[
        {
            "service": _ASKED,
            "postfix": _MAIN.format(_SOCKET, "y"),
            "dovecot": _GOOD,
            "processes": _RUNS,
            "sockets": f">> socket: /var/spool/postfix{_SOCKET}\n{_FOLDERS}\n{_THERE}\n{_SAID}",
        },
        {
            "service": _ASKED,
            "postfix": _POSTFIX,
            "dovecot": _DOVECOT.format("auth-postfix"),
            "processes": _RUNS,
            "sockets": _TRAIL,
        },
        {"service": _ASKED, "postfix": _POSTFIX, "dovecot": "", "processes": _RUNS, "sockets": _TRAIL},
        {
            "service": _ASKED,
            "postfix": _POSTFIX,
            "dovecot": _GOOD.replace("0660", "0"),
            "processes": _RUNS,
            "sockets": _TRAIL,
        },
        {
            "service": _ASKED,
            "postfix": _POSTFIX,
            "dovecot": _GOOD,
            "processes": _RUNS,
            "sockets": _TRAIL.replace("\ndrwx------ postfix root /var/spool/postfix/private", ""),
        },
    ],
    passes=[
        {
            "service": _ASKED,
            "postfix": _POSTFIX,
            "dovecot": _GOOD,
            "processes": _RUNS,
            "sockets": f"{_THERE}\n{_SAID}",
        },
        {"service": _ASKED, "postfix": _POSTFIX, "dovecot": _GOOD, "processes": "", "sockets": _TRAIL},
        {
            "service": _ASKED,
            "postfix": _MAIN.format(_SOCKET, "n"),
            "dovecot": _GOOD,
            "processes": _RUNS,
            "sockets": f"{_THERE}\n{_SAID}",
        },
    ],
    refs=("postfix: xsasl/xsasl_dovecot_server.c", "dovecot: master/service-listen.c"),
)
def socket_not_where_smtpd_asks(
    service: LoginService, postfix: Postfix, dovecot: Dovecot, processes: Processes, sockets: DovecotSockets
) -> Findings:
    """Dovecot runs, but there is no socket where smtpd_sasl_path makes smtpd look.

    smtpd works in the queue directory; where it is chrooted that is its root, so that an absolute path is looked for
    below it. Dovecot makes a socket for each unix_listener of service auth, at exactly that path.

    Advice: give smtpd_sasl_path relative to the queue directory, private/auth, and let Dovecot make the socket there.
    """
    if not is_asked(service) or not processes.named("dovecot"):
        return
    for asker in with_socket(postfix, sockets):
        socket = sockets.at(asker.path)
        if socket is None or not socket.missing or not asker.path.startswith("/"):
            continue
        yield from _elsewhere(asker, socket, dovecot)


def _elsewhere(asker: Asker, socket: AuthSocket, dovecot: Dovecot) -> Findings:
    below = f"{asker.queue}/"
    inside = [x for x in dovecot.listeners if x.path.startswith(below) and x.mode and x.speaks_sasl]
    meant = listener_at(dovecot, asker.path)
    ends: list[Step] = [Restart("dovecot"), Restart("postfix")]
    fix: list[Step]
    if meant is not None and not meant.mode:
        where = meant.setting("mode")
        what = f"its unix_listener has mode = {where.value if where else 0}, so Dovecot makes no socket"
        fix = [_changed(meant, "mode", "0660"), *ends]
    elif meant is not None and socket.last_folder is not None and not _is_parent(socket):
        what = f"the folder {asker.path.rpartition('/')[0]} is missing, so Dovecot could not make it"
        fix = [MakeFolder(asker.path.rpartition("/")[0], asker.smtpd.value("mail_owner"), "root", "0700"), *ends]
    elif asker.written.startswith("/") and asker.smtpd.chrooted and inside:
        what = f"smtpd_sasl_path is absolute ({asker.written}), and {asker.name} is chrooted in {asker.queue}"
        fix = [SetPostfix("smtpd_sasl_path", inside[0].path.removeprefix(below)), Restart("postfix")]
        if "smtpd_sasl_path" in asker.smtpd.service.options:
            path = inside[0].path.removeprefix(below)
            fix = [edit("/etc/postfix/master.cf", "-o smtpd_sasl_path={socket}", socket=path), Restart("postfix")]
    elif inside and meant is None:
        what = f"Dovecot makes one at {inside[0].path} (unix_listener), smtpd_sasl_path is {asker.written}"
        fix = [SetPostfix("smtpd_sasl_path", inside[0].path.removeprefix(below)), Restart("postfix")]
    elif meant is None:
        own = [x.path for x in dovecot.listeners if x.path and not x.builtin and x.speaks_sasl]
        what = f"Dovecot makes one at {own[0]} only" if own else "no unix_listener of service auth names it"
        fix = [_listen(dovecot, asker), *ends]
    else:
        what = "its unix_listener is configured, so Dovecot has not read that, or the file was removed"
        fix = ends
    listener = meant or (inside[0] if inside else None)
    yield found(
        f"smtpd finds no Dovecot socket at {asker.path}: {what}",
        evidence=[
            asker.smtpd.evidence("smtpd_sasl_path"),
            socket.evidence(),
            *([listener.evidence] if listener else [Evidence(dovecot.main, "no such unix_listener in service auth")]),
        ],
        fix=fix,
        path=asker.path,
    )


def _is_parent(socket: AuthSocket) -> bool:
    return socket.last_folder is not None and socket.last_folder.path == socket.path.rpartition("/")[0]


def _changed(listener: AuthListener, name: str, value: str) -> Step:
    """A setting of a listener: in its line, or a new line."""
    old = listener.setting(name)
    if old is not None:
        return SetInLine(old.path, old.line, name, value, old.value)
    return AddInBlock(listener.section.path, listener.section.line, (f"    {name} = {value}",))


@check(
    "PERM065",
    "dovecot-socket-refuses",
    "error",
    rung="verifier",
    role="cause",
    explains=("no-answer", "no-offer", "no-starttls"),
    witnesses=("PERM500",),
    fails=[
        {
            "service": _ASKED,
            "postfix": _POSTFIX,
            "dovecot": _GOOD.replace("0660", "0600").replace("= postfix", "= root"),
            "sockets": f"{_TRAIL}\nsrw------- root root {_SOCKET}\n{_SAID}",
            "system": _SYSTEM,
        },
        {
            "service": _ASKED,
            "postfix": _POSTFIX,
            "dovecot": _GOOD,
            "sockets": f"{_THERE}\n{_SAID}".replace("drwx------ postfix", "drwx------ dovecot"),
            "system": _SYSTEM,
        },
    ],
    passes=[
        {
            "service": _ASKED,
            "postfix": _POSTFIX,
            "dovecot": _GOOD,
            "sockets": f"{_THERE}\n{_SAID}",
            "system": _SYSTEM,
        },
        {
            "service": _ASKED,
            "postfix": _POSTFIX,
            "dovecot": _GOOD,
            "sockets": f"{_TRAIL}\nsrw-rw-rw- root root {_SOCKET}\n{_SAID}",
            "system": _SYSTEM,
        },
    ],
    refs=("dovecot: master/master-settings.c: a unix_listener has mode 0600 and is root's unless told otherwise",),
)
def socket_refuses(
    service: LoginService, postfix: Postfix, dovecot: Dovecot | Unknown, sockets: DovecotSockets, system: System
) -> Findings:
    """The user as whom smtpd works may not use Dovecot's socket, by its mode or owner, or by those of a folder on the
    way.

    To connect needs write permission on the socket and search permission on each folder. Without settings of its own
    a unix_listener has mode 0600 and belongs to root.

    Advice: mode = 0660, user and group those of the mail server, in the unix_listener; chmod on the socket itself lasts
    only until Dovecot is restarted.
    """
    if not is_asked(service):
        return
    for asker in with_socket(postfix, sockets):
        socket, owner = sockets.at(asker.path), asker.smtpd.value("mail_owner")
        culprit = socket.refuses(owner, groups_of(owner, system)) if socket and socket.file else None
        if socket is None or culprit is None:
            continue
        listener = listener_at(dovecot, asker.path) if isinstance(dovecot, Dovecot) else None
        is_socket = culprit.path == socket.path or culprit.kind == "s"
        what = "Dovecot's auth socket" if is_socket else "the folder on the way to Dovecot's auth socket"
        yield found(
            f"user {owner} may not use {what} {culprit.path}: mode {culprit.octal}, "
            f"owner {culprit.owner}:{culprit.group}",
            evidence=[
                culprit.evidence,
                *([listener.evidence] if listener else []),
                asker.smtpd.evidence("smtpd_sasl_path"),
            ],
            fix=_opened(culprit, listener, owner, is_socket),
            path=culprit.path,
            user=owner,
        )


def _opened(culprit: Look, listener: AuthListener | None, owner: str, is_socket: bool) -> list[Step]:
    before = f"{culprit.owner}:{culprit.group}"
    if not is_socket:
        if culprit.path.endswith("/private"):
            return [Chown(f"{owner}:root", (culprit.path,), before, "0700", culprit.octal), Restart("postfix")]
        return [Chmod("a+x", (culprit.path,), (culprit.octal,)), Restart("postfix")]
    ends: list[Step] = [Restart("dovecot"), Restart("postfix")]
    if listener is None or listener.builtin:
        return [Chown(f"{owner}:{owner}", (culprit.path,), before, "0660", culprit.octal), Restart("postfix")]
    wanted = {"mode": "0660", "user": owner, "group": owner}
    lines = tuple(f"    {name} = {value}" for name, value in wanted.items() if listener.setting(name) is None)
    steps: list[Step] = [_changed(listener, n, v) for n, v in wanted.items() if listener.setting(n) is not None]
    if lines:  # last, for the lines behind it then have other numbers
        steps.append(AddInBlock(listener.section.path, listener.section.line, lines))
    return [*steps, *ends]


@check(
    "SASL066",
    "dovecot-socket-of-another-kind",
    "error",
    rung="verifier",
    role="cause",
    explains=("no-answer", "no-offer", "no-starttls", "RUN066"),
    witnesses=("CONF500",),
    fails=[
        {
            "service": _ASKED,
            "postfix": _MAIN.format("private/auth-userdb", "y"),
            "dovecot": _DOVECOT.format(f"{_SOCKET}-userdb"),
            "sockets": f"{_USERDB}\nconnect: ok\nVERSION 1 1\nSPID\nend: no answer",
        }
    ],
    passes=[
        {"service": _ASKED, "postfix": _POSTFIX, "dovecot": _GOOD, "sockets": f"{_THERE}\n{_SAID}"},
        {
            "service": _ASKED,
            "postfix": _POSTFIX,
            "dovecot": _GOOD,
            "sockets": f"{_THERE}\nconnect: Connection refused",
        },
    ],
    refs=("dovecot: auth/main.c, auth_socket_type_get()",),
)
def socket_of_another_kind(
    service: LoginService, postfix: Postfix, dovecot: Dovecot | Unknown, sockets: DovecotSockets
) -> Findings:
    """The socket that smtpd uses is one of Dovecot's for looking users up (userdb, master), not for logins.

    What a socket speaks follows from what stands behind the last hyphen of its name: auth-userdb and auth-master are
    for Dovecot's own programs. 2.4 has a setting `type` for it.

    Advice: a unix_listener without such an ending, as private/auth, and smtpd_sasl_path with the same name.
    """
    if not is_asked(service):
        return
    for asker in with_socket(postfix, sockets):
        socket = sockets.at(asker.path)
        listener = listener_at(dovecot, asker.path) if isinstance(dovecot, Dovecot) else None
        said = socket.handshake if socket else None
        if socket is None or not ((said and said.of_another_kind) or (listener and not listener.speaks_sasl)):
            continue
        kind = listener.type if listener else "userdb"
        old = listener.section if listener else None
        path = asker.path.rpartition("-")[0] or asker.path
        fix: list[Step] = []
        if listener is not None and (named := listener.setting("type")) is not None:
            fix = [SetInLine(named.path, named.line, "type", "auth", named.value), Restart("dovecot")]
        elif old is not None and not (listener and listener.builtin):
            words = "unix_listener {socket} in line {line}, without the ending"
            fix = [edit(old.path, words, socket=path, line=str(old.line)), Restart("dovecot")]
            fix.append(SetPostfix("smtpd_sasl_path", path.removeprefix(f"{asker.queue}/")))
        else:
            fix = [SetPostfix("smtpd_sasl_path", "private/auth")]
        yield found(
            f"the socket {asker.path} is Dovecot's for {kind} look-ups, not for logins",
            evidence=[
                asker.smtpd.evidence("smtpd_sasl_path"),
                *([listener.evidence] if listener and not listener.builtin else []),
                socket.evidence("VERSION and SPID, no MECH" if said and said.of_another_kind else ""),
            ],
            fix=[*fix, Restart("postfix")],
            path=asker.path,
        )


@check(
    "SASL067",
    "dovecot-answers",
    "error",
    rung="verifier",
    role="cause",
    fails=[
        {
            "service": _ASKED,
            "sockets": f"{_THERE}\nconnect: ok\nVERSION 1 2\nSPID\nDONE",
        }
    ],
    passes=[{"service": _ASKED, "sockets": f"{_THERE}\n{_SAID}"}],
    refs=("dovecot: auth/auth-client-connection.c",),
)
def dovecot_answers(service: LoginService, sockets: DovecotSockets) -> Findings:
    """Dovecot's auth service answers, and offers no mechanism.

    Advice: see what auth_mechanisms says, and reload Dovecot.
    """
    if not is_asked(service):
        return
    for socket in sockets.all.values():
        said = socket.handshake
        if said is None or not said.ready:
            continue
        if said.mechanisms:
            words = f"MECH {' '.join(said.mechanisms)}"
            yield shown(f"Dovecot answers at {socket.path}", socket.evidence(words))
        else:
            yield found(
                f"Dovecot's auth service at {socket.path} offers no mechanism",
                evidence=[socket.evidence("DONE without MECH")],
                fix=[Restart("dovecot")],
                path=socket.path,
            )

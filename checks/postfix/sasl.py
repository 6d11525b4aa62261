"""SASL: whom smtpd asks about a login, libsasl or Dovecot, and what it hides of their mechanisms."""

import re
from collections.abc import Iterator, Sequence

from maildoctor.api import (
    AddLine,
    Chown,
    Evidence,
    Findings,
    Found,
    LoginService,
    Restart,
    SaslApplication,
    Start,
    Step,
    StopAndStart,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    known,
    shown,
)
from maildoctor.api.cyrus import (
    PLAINTEXT,
    Outside,
    Plugins,
    Saslauthd,
    SaslConf,
    SaslDb,
    SaslFiles,
    lacks,
    mechanisms,
    uses_sasldb,
)
from maildoctor.api.dovecot import AuthListener, Dovecot
from maildoctor.api.host import Listeners, LoginHistory, Processes, System, address_of, may
from maildoctor.api.postfix import (
    Peer,
    Postfix,
    PostfixFiles,
    Smtpd,
    authentication,
    confined,
    needs_tls,
    network,
    of_this_host,
    place,
    primary,
    set_postfix,
)

_MAIN = "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n"
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - {} - - smtpd\nsubmission inet n - {} - - smtpd\n"
_IN = _MASTER.format("y", "y")
_OUT = _MASTER.format("n", "n")
_DOVECOT = _MAIN + "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {}\n"
_QUEUE = "/var/spool/postfix"
_THERE = "-rwxr-xr-x root root /usr/sbin/dovecot\n"
_MAKES = (
    "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nservice auth {{\n  unix_listener {} {{\n    mode = 0660\n"
    "  }}\n}}\n"
)
_PROGRAM = ("/usr/sbin/dovecot", "/usr/local/sbin/dovecot")
_USUAL = f"{_QUEUE}/private/auth"


def _groups(services: Sequence[Smtpd], *options: str) -> Iterator[list[Smtpd]]:
    """Services in which these parameters are the same."""
    groups: dict[tuple[str, ...], list[Smtpd]] = {}
    for smtpd in services:
        groups.setdefault(tuple(smtpd.value(o) for o in options), []).append(smtpd)
    yield from groups.values()


def _installed(files: PostfixFiles | Unknown) -> bool | None:
    """Whether Dovecot is on this host; None where nobody could look."""
    if isinstance(files, Unknown):
        return None
    if any(files.look(p) for p in _PROGRAM):
        return True
    return False if all(p in files.missing for p in _PROGRAM) else None


_KNOWN_TYPES = ("cyrus", "dovecot")


def _is_for_cyrus(files: PostfixFiles, smtpd: Smtpd) -> str:
    """The configuration of libsasl that somebody wrote for this service; empty where there is none."""
    name = f"/{smtpd.value('smtpd_sasl_path')}.conf"
    return next((path for path, look in files.by_path.items() if path.endswith(name) and look.kind in "-l"), "")


def _has_conf(files: PostfixFiles | Unknown) -> bool:
    """Whether somebody wrote a configuration of libsasl for smtpd."""
    if isinstance(files, Unknown):
        return False
    return any(path.endswith("/smtpd.conf") and look.kind in "-l" for path, look in files.by_path.items())


def _makes_no_socket(files: PostfixFiles | Unknown, smtpd: Smtpd) -> bool:
    """Whether Dovecot makes no socket where Postfix' guides have it."""
    usual = f"{smtpd.value('queue_directory').rstrip('/')}/private/auth"
    return isinstance(files, PostfixFiles) and usual in files.missing


@check(
    "SASL045",
    "postfix-sasl-type-and-path",
    "error",
    rung="verifier",
    role="cause",
    scope=("listener",),
    explains=("SASL046", "no-answer", "no-offer", "no-starttls", "stopped"),
    witnesses=("MECH500", "MECH501", "CONF504", "CONF505", "SASL500"),
    fails=[
        {"postfix": _MAIN + _IN + " -o smtpd_sasl_type=none\n"},
        {
            "postfix": _MAIN + "smtpd_sasl_type = dovecot\n" + _IN,
            "files": "missing: /usr/sbin/dovecot\nmissing: /usr/local/sbin/dovecot\nmissing: /var/spool/postfix/smtpd",
        },
        {
            "postfix": _MAIN + "smtpd_sasl_type = dovecot\n" + _IN,
            "files": _THERE + "-rw-r--r-- root root /etc/postfix/sasl/smtpd.conf\nmissing: /var/spool/postfix/smtpd",
        },
        {
            "postfix": _MAIN + "smtpd_sasl_path = private/auth\n" + _IN,
            "files": "-rwxr-xr-x root root /usr/sbin/dovecot",
        },
        {"postfix": _MAIN + "smtpd_sasl_type = sasl2\n" + _IN},
        {"postfix": "built: USE_SASL_AUTH\n" + _MAIN + _IN},
    ],
    passes=[
        {"postfix": _MAIN + _IN},
        {"postfix": _DOVECOT.format("private/auth") + _IN, "files": "-rwxr-xr-x root root /usr/sbin/dovecot"},
        {"postfix": _DOVECOT.format("inet:192.0.2.1:12345") + _IN, "files": "missing: /usr/sbin/dovecot"},
        {"postfix": "built: USE_SASL_AUTH USE_CYRUS_SASL\n" + _MAIN + _IN},
    ],
    refs=(
        "postfix: xsasl/xsasl_server.c; xsasl_dovecot_server.c: smtpd_sasl_path is a socket; xsasl_cyrus_server.c: the "
        "name of a .conf file",
    ),
)
def sasl_type_and_path(postfix: Postfix, files: PostfixFiles | Unknown) -> Findings:
    """smtpd_sasl_type and smtpd_sasl_path do not belong together, or name what is not there.

    With type dovecot the path is a socket of Dovecot, private/auth below the queue directory; with type cyrus it is
    the name of libsasl's configuration, smtpd for smtpd.conf. With the wrong pair smtpd ends when a client connects
    ("no SASL authentication mechanisms"), or offers whatever libsasl has.

    Advice: set both: smtpd_sasl_type=cyrus and smtpd_sasl_path=smtpd, or smtpd_sasl_type=dovecot and
    smtpd_sasl_path=private/auth.
    """
    there = _installed(files)
    for services in _groups(postfix.logins, "smtpd_sasl_type", "smtpd_sasl_path", "queue_directory"):
        first = services[0]
        kind, path = first.value("smtpd_sasl_type"), first.value("smtpd_sasl_path")
        built = {f"USE_{k.upper()}_SASL" for k in ("cyrus",)} & postfix.built
        why, fixes = "", list[tuple[str, str]]()
        if kind.lower() not in _KNOWN_TYPES or (kind == "cyrus" and postfix.built and not built):
            other = "dovecot" if there or (postfix.built and not built) else "cyrus"
            why = (
                f"smtpd_sasl_type {kind} is none that this Postfix has"
                if kind.lower() in _KNOWN_TYPES
                else f"smtpd_sasl_type is {kind or 'empty'}, which is neither cyrus nor dovecot"
            )
            fixes = [("smtpd_sasl_type", other), ("smtpd_sasl_path", "private/auth" if other == "dovecot" else "smtpd")]
        elif kind == "cyrus" and "/" in path:
            why = f"smtpd_sasl_type is cyrus, but smtpd_sasl_path {path} is a socket: libsasl looks for {path}.conf"
            fixes = [("smtpd_sasl_path", "smtpd")]
            if there and not (_has_conf(files) and _makes_no_socket(files, first)):
                fixes = [("smtpd_sasl_type", "dovecot")]
        elif kind == "dovecot" and isinstance(files, PostfixFiles) and not path.startswith("inet:"):
            socket = place(first, path.removeprefix("unix:"))
            absent = socket in files.missing
            if absent and there is False:
                why = (
                    f"smtpd_sasl_type is dovecot, but there is no Dovecot on this host: the socket {socket} "
                    "does not exist"
                )
                fixes = [("smtpd_sasl_type", "cyrus"), *([("smtpd_sasl_path", "smtpd")] if path != "smtpd" else [])]
            elif absent and "/" not in path:
                usual = f"{first.value('queue_directory').rstrip('/')}/private/auth"
                if files.look(usual) is not None or not _is_for_cyrus(files, first):
                    why = f"smtpd_sasl_path {path} is no socket of Dovecot: {socket} does not exist"
                    fixes = [("smtpd_sasl_path", "private/auth")]
                else:
                    why = (
                        f"smtpd_sasl_type is dovecot, but {_is_for_cyrus(files, first)} is set up for Cyrus SASL, and "
                        f"Dovecot makes no socket {socket} or {usual}"
                    )
                    fixes = [("smtpd_sasl_type", "cyrus")]
        if not why:
            continue
        yield found(
            why,
            evidence=[first.evidence("smtpd_sasl_type"), first.evidence("smtpd_sasl_path")],
            fix=[*dict.fromkeys(set_postfix(s, n, v) for n, v in fixes for s in services), _after(first)],
            option="smtpd_sasl_type",
            **confined(services, postfix.logins),  # type: ignore[arg-type]
            **({"meant": "cyrus"} if ("smtpd_sasl_type", "cyrus") in fixes else {}),  # type: ignore[arg-type]
        )


def _after(_: Smtpd) -> Step:
    """After a fatal end master starts no smtpd for service_throttle_time; a reload does not lift that."""
    return StopAndStart("postfix")


_SOCKET = "srw-rw---- {} {}\nbound: {} yes\n".replace("{}\nbound: {}", f"{_USUAL}\nbound: {_USUAL}")
_RUNS = "50 root 1.0 /usr/sbin/dovecot /usr/sbin/dovecot"


@check(
    "SASL046",
    "postfix-cannot-ask-dovecot",
    "error",
    rung="verifier",
    role="symptom",
    scope=("listener",),
    shows=("no-offer",),
    explains=("no-answer", "no-starttls", "login-fails", "WIRE010", "WIRE013", "WIRE014", "WIRE024"),
    witnesses=("SASL500", "PERM500", "RUN500", "SYS500", "MECH500", "RUN501"),
    fails=[
        {
            "postfix": _MAIN + _IN + " -o smtpd_sasl_type=dovecot\n -o smtpd_sasl_path=private/auth\n",
            "files": _THERE + f"missing: {_USUAL}",
            "processes": "",
        },
        {
            "postfix": _DOVECOT.format(_USUAL) + _IN,
            "files": _THERE + _SOCKET.format("postfix postfix") + f"missing: {_QUEUE}{_USUAL}",
        },
        {
            "postfix": _DOVECOT.format(_USUAL) + _IN,
            "files": _THERE + f"missing: {_QUEUE}{_USUAL}",
            "dovecot": _MAKES.format(_USUAL),
        },
        {
            "postfix": _DOVECOT.format("private/auth") + _IN,
            "files": _THERE + f"missing: {_USUAL}",
            "dovecot": _MAKES.format("/var/spool/postfix/private/other"),
        },
        {"postfix": _DOVECOT.format("private/auth") + _IN, "files": _THERE + f"missing: {_USUAL}", "processes": ""},
        {"postfix": _DOVECOT.format("private/auth") + _IN, "files": _THERE + f"missing: {_USUAL}", "processes": _RUNS},
        {
            "postfix": _DOVECOT.format("private/auth") + _IN,
            "files": _THERE + _SOCKET.format("root root"),
            "processes": _RUNS,
        },
        {
            "postfix": _DOVECOT.format("private/auth") + _IN,
            "files": _THERE + _SOCKET.format("postfix postfix").replace("yes", "no"),
            "processes": "",
        },
        {"postfix": _DOVECOT.format("inet:127.0.0.1:12345") + _IN, "listeners": "", "processes": ""},
    ],
    passes=[
        {
            "postfix": _DOVECOT.format("private/auth") + _IN,
            "files": _THERE + _SOCKET.format("postfix postfix"),
            "processes": _RUNS,
        },
        {
            "postfix": _DOVECOT.format(_USUAL) + _OUT,
            "files": _THERE + _SOCKET.format("root postfix"),
            "processes": _RUNS,
        },
        {"postfix": _DOVECOT.format("inet:192.0.2.7:12345") + _IN, "listeners": ""},
        {
            "postfix": _DOVECOT.format("private/auth") + _IN,
            "files": _THERE + f"missing: {_USUAL}",
            "dovecot": _MAKES.format(_USUAL),
        },
        {
            "postfix": _DOVECOT.format("/var/run/dovecot/auth-client") + _OUT,
            "files": _THERE + "missing: /var/run/dovecot/auth-client",
            "dovecot": _MAKES.format("/run/dovecot/auth-client"),
        },
    ],
    refs=("postfix: xsasl/xsasl_dovecot_server.c, connect as mail_owner, below the queue directory where chrooted",),
)
def cannot_ask_dovecot(
    postfix: Postfix,
    files: PostfixFiles | Unknown,
    processes: Processes | Unknown,
    listeners: Listeners | Unknown,
    system: System | Unknown,
    dovecot: Dovecot | Unknown,
) -> Findings:
    """smtpd cannot reach the authentication socket of Dovecot.

    It asks Dovecot for its mechanisms when a client connects, and ends where it gets no answer: the client sees the
    connection close, before the greeting or right after STARTTLS. The socket must exist as the service sees it, which
    in a chroot is below the queue directory; somebody must listen on it; and the user postfix must be let in. Where
    nothing runs, Dovecot's configuration tells whether there will be one.

    Advice: smtpd_sasl_path=private/auth works with and without a chroot; let Dovecot make that socket in `service auth`
    (unix_listener /var/spool/postfix/private/auth, mode = 0660, user = postfix, group = postfix).
    """
    for services in _groups(postfix.logins, "smtpd_sasl_type", "smtpd_sasl_path", "queue_directory", "mail_owner"):
        for smtpd in {s.chrooted: s for s in reversed(services)}.values():
            peer = authentication(smtpd)
            if peer is None or not of_this_host(peer) or (peer.path and "/" not in peer.path):
                continue
            same = [s for s in services if s.chrooted == smtpd.chrooted]
            labels = confined(same, postfix.logins)
            if peer.port:
                yield from _by_tcp(smtpd, peer, listeners, processes, labels)
            elif isinstance(files, Unknown):
                yield files
            else:
                yield from _by_socket(same, peer, files, processes, system, known(dovecot), labels)


def _runs(processes: Processes | Unknown) -> bool | None:
    if isinstance(processes, Unknown):
        return None
    return any(p.program.endswith("/dovecot") or p.command.split(" ")[0].endswith("dovecot") for p in processes.all)


def _by_tcp(
    smtpd: Smtpd, peer: Peer, listeners: Listeners | Unknown, processes: Processes | Unknown, labels: dict[str, str]
) -> Findings:
    if isinstance(listeners, Unknown):
        yield listeners
    elif not listeners.on(peer.port):
        down = _runs(processes) is False
        yield found(
            f"Nothing listens on {peer.text}, where smtpd_sasl_path has Dovecot's authentication"
            + (": Dovecot does not run" if down else ""),
            evidence=[smtpd.evidence("smtpd_sasl_path"), Evidence("ss -ltn", f"no listener on port {peer.port}")],
            fix=[
                Start("dovecot", at_boot=True)
                if down
                else by_hand("in service auth of Dovecot: inet_listener { port = {port} }", port=str(peer.port)),
                _after(smtpd),
            ],
            path=peer.text,
            **labels,  # type: ignore[arg-type]
        )
    else:
        yield shown(f"Dovecot answers at {peer.text}", listeners.on(peer.port)[0].evidence)


def _by_socket(
    services: Sequence[Smtpd],
    peer: Peer,
    files: PostfixFiles,
    processes: Processes | Unknown,
    system: System | Unknown,
    dovecot: Dovecot | None,
    labels: dict[str, str],
) -> Findings:
    smtpd = services[0]
    socket, queue = place(smtpd, peer.path), smtpd.value("queue_directory").rstrip("/")
    if socket in files.missing:
        if not isinstance(processes, Unknown) or not _made_at_start(dovecot, socket):
            yield _no_socket(services, peer, files, processes, dovecot, labels)
        return
    look = files.look(socket)
    if look is None:
        if socket in files.unseen:
            yield Unknown(files.unseen[socket], "run as root")
        return
    if look.kind == "l":
        return
    if look.kind != "s" or files.bound.get(socket) is False:
        down = _runs(processes) is False
        yield found(
            f"Nobody listens on {socket}, the authentication socket of smtpd_sasl_path {peer.path}"
            + (": Dovecot is not running" if down else " (connection refused)"),
            evidence=[look.evidence, smtpd.evidence("smtpd_sasl_path")],
            fix=[Start("dovecot", at_boot=True) if down else Restart("dovecot"), _after(smtpd)],
            path=socket,
            **labels,  # type: ignore[arg-type]
        )
        return
    owner = smtpd.value("mail_owner")
    groups = (
        {*system.groups_of(owner), system.primary_groups.get(owner, owner)} if isinstance(system, System) else {owner}
    )
    folders = [
        x for x in files.trail(socket)[:-1] if x.kind == "d" and (not smtpd.chrooted or len(x.path) >= len(queue))
    ]
    closed = next((x for x in folders if not may(x, owner, groups, 1)), None)
    if closed is not None:
        yield found(
            f"{owner} may not enter {closed.path}, where Dovecot's authentication socket is: permission denied",
            evidence=[closed.evidence, look.evidence],
            fix=[by_hand("let {user} enter {path}", user=owner, path=closed.path)],
            path=socket,
            **labels,  # type: ignore[arg-type]
        )
    elif not may(look, owner, groups, 2):
        yield found(
            f"{owner} may not use the authentication socket {socket} (permission denied): it is "
            f"{look.owner}:{look.group}, mode {look.octal}",
            evidence=[look.evidence, smtpd.evidence("smtpd_sasl_path")],
            fix=[
                edit(
                    "/etc/dovecot/conf.d/10-master.conf",
                    "(or dovecot.conf) in service auth: unix_listener {socket} { mode = 0660, user = {user}, "
                    "group = {user} }",
                    socket=socket,
                    user=owner,
                ),
                Chown(f"{owner}:{owner}", (socket,), f"{look.owner}:{look.group}", "660", look.octal),
                _after(smtpd),
            ],
            path=socket,
            **labels,  # type: ignore[arg-type]
        )
    else:
        yield shown(f"Dovecot's socket {peer.path}", look.evidence)


def _listener(dovecot: Dovecot | None, path: str) -> AuthListener | None:
    """What in Dovecot's configuration makes a socket; /var/run is /run."""
    same = {path, path.removeprefix("/var")} if path.startswith("/var/run/") else {path}
    listeners = dovecot.listeners if dovecot else ()
    return next((x for x in listeners if {x.path, x.path.replace("/var/run/", "/run/", 1)} & same and x.mode), None)


def _made_at_start(dovecot: Dovecot | None, path: str) -> bool:
    """Whether nothing is said by a socket that is missing while nothing runs: Dovecot makes it when it starts, or what
    it would make is not known."""
    return dovecot is not None and (bool(dovecot.problems) or _listener(dovecot, path) is not None)


def _no_socket(
    services: Sequence[Smtpd],
    peer: Peer,
    files: PostfixFiles,
    processes: Processes | Unknown,
    dovecot: Dovecot | None,
    labels: dict[str, str],
) -> Found:
    smtpd = services[0]
    socket, queue = place(smtpd, peer.path), smtpd.value("queue_directory").rstrip("/")
    outside = files.look(peer.path) or _listener(dovecot, peer.path) if peer.path != socket else None
    if outside is not None:
        inside = peer.path.startswith(f"{queue}/")
        relative = peer.path.removeprefix(f"{queue}/") if inside else "private/auth"
        return found(
            f"smtpd_sasl_path {peer.path} is absolute, but smtpd works in the chroot {queue}: it looks for {socket}, "
            "which does not exist",
            evidence=[
                smtpd.evidence("smtpd_sasl_path"),
                outside.evidence,
                Evidence(f"postconf -F {smtpd.name}/chroot", "y"),
            ],
            fix=[
                *(
                    []
                    if inside
                    else [
                        edit(
                            "/etc/dovecot/conf.d/10-master.conf",
                            "(or dovecot.conf) in service auth: unix_listener {socket} { mode = 0660, user = postfix, "
                            "group = postfix }",
                            socket=f"{queue}/private/auth",
                        ),
                        Restart("dovecot"),
                    ]
                ),
                *dict.fromkeys(set_postfix(s, "smtpd_sasl_path", relative) for s in services),
                _after(smtpd),
            ],
            path=socket,
            **labels,  # type: ignore[arg-type]
        )
    down = _runs(processes) is False
    return found(
        f"The socket {socket} of smtpd_sasl_path {peer.path} does not exist: Dovecot "
        + ("is not running" if down else "does not make it"),
        evidence=[
            smtpd.evidence("smtpd_sasl_path"),
            Evidence(f"ls -l {socket}", "No such file or directory"),
            *([Evidence("ps", "no process dovecot")] if down else []),
        ],
        fix=[
            Start("dovecot", at_boot=True)
            if down
            else edit(
                "/etc/dovecot/conf.d/10-master.conf",
                "(or dovecot.conf) in service auth: unix_listener {socket} { mode = 0660, user = postfix, "
                "group = postfix }; then doveadm reload",
                socket=socket,
            ),
            _after(smtpd),
        ],
        path=socket,
        **labels,  # type: ignore[arg-type]
    )


# ---- what is hidden of the mechanisms

_WORDS = frozenset({"noplaintext", "noactive", "nodictionary", "noanonymous", "forward_secrecy", "mutual_auth"})
_OPTIONS = ("smtpd_sasl_security_options", "smtpd_sasl_tls_security_options")


def _words(smtpd: Smtpd, option: str) -> list[str]:
    return smtpd.value(option).lower().replace(",", " ").split()


_PLAIN = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libplain.so.2\n"
)
_NOPLAIN = "smtpd_sasl_security_options = noanonymous, noplaintext\n"
_TLS_NOPLAIN = "smtpd_sasl_tls_security_options = noanonymous, noplaintext\n"


@check(
    "SASL047",
    "postfix-security-options",
    "error",
    rung="offer",
    role="cause",
    scope=("listener",),
    explains=("no-offer", "WIRE014", "MECH012"),
    witnesses=("MECH500", "MECH501", "CONF503", "CONF502", "MECH503"),
    fails=[
        {"postfix": _MAIN + _IN + " -o smtpd_sasl_tls_security_options=noplaintext\n"},
        {"postfix": _DOVECOT.format("private/auth") + _TLS_NOPLAIN + _IN},
        {"postfix": _MAIN + _NOPLAIN + _IN, "conf": "mech_list: PLAIN LOGIN"},
        {"postfix": _MAIN + "smtpd_sasl_security_options = noanonymus\n" + _IN},
        {
            "postfix": _MAIN + _NOPLAIN + "smtpd_sasl_tls_security_options = noanonymous\n" + _IN,
            "conf": "mech_list: PLAIN LOGIN",
        },
    ],
    passes=[
        {
            "postfix": _MAIN + _NOPLAIN + "smtpd_sasl_tls_security_options = noanonymous\n" + _IN,
            "conf": "mech_list: PLAIN CRAM-MD5",
        },
        {
            "postfix": _MAIN
            + _NOPLAIN
            + "smtpd_sasl_tls_security_options = noanonymous\nsmtpd_tls_auth_only = yes\n"
            + _IN,
            "conf": "mech_list: PLAIN LOGIN",
        },
        {"postfix": _MAIN + _IN},
        {"postfix": _MAIN + _TLS_NOPLAIN + _IN, "conf": "mech_list: CRAM-MD5"},
    ],
    refs=(
        "postfix: smtpd/smtpd_sasl_glue.c, smtpd_sasl_activate(): with no mechanism left smtpd ends",
        "postfix: postconf(5): smtpd_sasl_tls_security_options is smtpd_sasl_security_options where it is not set",
    ),
)
def security_options(
    postfix: Postfix, service: LoginService | Unknown, conf: SaslConf | Unknown, plugins: Plugins | Unknown
) -> Findings:
    """The security options hide the mechanisms that mail programs use, or leave none at all.

    noplaintext in smtpd_sasl_tls_security_options takes PLAIN and LOGIN away within TLS too, where the password is
    safe; Outlook and telephones then find nothing that they speak. Where it is not set, the options for unencrypted
    connections count. If no mechanism is left, smtpd ends with "fatal: no SASL authentication mechanisms", and the
    client sees the connection close.

    Advice: smtpd_sasl_security_options=noanonymous, noplaintext for what is not encrypted, and
    smtpd_sasl_tls_security_options=noanonymous; with smtpd_tls_auth_only=yes nothing is offered before TLS.
    """
    for option in _OPTIONS:
        for services in _groups(postfix.logins, option):
            bad = [w for w in _words(services[0], option) if w not in _WORDS]
            if bad and (option in postfix.main.parameters or option in services[0].service.options):
                kept = [w for w in _words(services[0], option) if w in _WORDS] or ["noanonymous"]
                yield found(
                    f"{option} has {bad[0][:60]}, which is no security option: smtpd refuses every connection (fatal)",
                    evidence=[services[0].evidence(option)],
                    fix=[
                        *dict.fromkeys(
                            set_postfix(s, option, ", ".join(dict.fromkeys([*kept, "noanonymous"]))) for s in services
                        ),
                        _after(services[0]),
                    ],
                    option=option,
                    **confined(services, postfix.logins),  # type: ignore[arg-type]
                )
                return
    for services in _groups(postfix.logins, *_OPTIONS):
        first = services[0]
        names = _mechanisms(first, known(service), known(conf), known(plugins))
        if "noplaintext" in _words(first, _OPTIONS[1]) and names & PLAINTEXT:
            rest = sorted(n for n in names if not lacks(n, frozenset("p")))
            own = _OPTIONS[1] in first.service.options or _OPTIONS[1] in postfix.main.parameters
            why = "" if own else f" ({_OPTIONS[1]} is not set, so the same options count in TLS)"
            kept = [w for w in _words(first, _OPTIONS[1]) if w != "noplaintext"] or ["noanonymous"]
            yield found(
                f"{_OPTIONS[1]} has noplaintext{why}: PLAIN and LOGIN are not offered in TLS either"
                + ("" if rest or not conf_known(conf, first) else ", and no mechanism is left: smtpd ends (fatal)"),
                evidence=[first.evidence(o) for o in _OPTIONS],
                fix=[
                    *dict.fromkeys(set_postfix(s, _OPTIONS[1], ", ".join(kept)) for s in services),
                    Restart("postfix"),
                ],
                option=_OPTIONS[1],
                **confined(services, postfix.logins),  # type: ignore[arg-type]
            )
    yield from _dead_in_clear(postfix, known(service), known(conf), known(plugins))


def conf_known(conf: SaslConf | Unknown, smtpd: Smtpd) -> bool:
    """Whether the list of mechanisms is known, as it is with libsasl alone."""
    return isinstance(conf, SaslConf) and smtpd.value("smtpd_sasl_type") == "cyrus"


def _mechanisms(smtpd: Smtpd, service: LoginService | None, conf: SaslConf | None, plugins: Plugins | None) -> set[str]:
    """What the backend has, before options take some away."""
    if smtpd.value("smtpd_sasl_type") != "cyrus":
        return set(PLAINTEXT)
    if conf is not None and conf.mechs is not None:
        return {m.upper() for m in conf.mechs}
    if service is None:
        return set(PLAINTEXT)
    return {o.name for o in mechanisms(service, conf, plugins, None).all if o.loads and o.listed}


def _dead_in_clear(
    postfix: Postfix, service: LoginService | None, conf: SaslConf | None, plugins: Plugins | None
) -> Findings:
    """An smtpd that may offer AUTH before TLS, and has no mechanism for that, ends at the greeting."""
    if conf is None or conf.mechs is None:
        return
    dead = []
    for smtpd in postfix.logins:
        if smtpd.value("smtpd_sasl_type") != "cyrus" or needs_tls(smtpd):
            continue
        names = _mechanisms(smtpd, service, conf, plugins)
        if "noplaintext" in _words(smtpd, _OPTIONS[0]) and names and names <= PLAINTEXT:
            dead.append(smtpd)
    for services in _groups(dead, _OPTIONS[0]):
        first = services[0]
        if "noplaintext" in _words(first, _OPTIONS[1]):
            continue  # told already
        ports = " and ".join(f"{s.name} (port {s.port})" for s in services)
        yield found(
            f"{_OPTIONS[0]} has noplaintext, and only {' '.join(sorted(conf.mechs)[:4])} is there: {ports} ends at the "
            "greeting, for AUTH is to be offered before TLS too (smtpd_tls_auth_only is not yes)",
            evidence=[first.evidence(_OPTIONS[0]), first.evidence("smtpd_tls_auth_only")],
            fix=[*dict.fromkeys(set_postfix(s, "smtpd_tls_auth_only", "yes") for s in services), _after(first)],
            option="smtpd_tls_auth_only",
            **confined(services, postfix.logins),  # type: ignore[arg-type]
        )


@check(
    "SASL048",
    "postfix-mechanism-filter",
    "error",
    rung="offer",
    role="cause",
    scope=("listener",),
    explains=("no-offer", "no-answer", "WIRE014", "MECH011", "MECH012"),
    witnesses=("MECH502",),
    fails=[
        {"postfix": _MAIN + _IN + " -o smtpd_sasl_mechanism_filter=cram-md5\n"},
        {"postfix": _MAIN + "smtpd_sasl_mechanism_filter = cram-md5\n" + _IN, "conf": "mech_list: PLAIN LOGIN"},
        {"postfix": _MAIN + "smtpd_sasl_mechanism_filter = !plain, !login, static:rest\n" + _IN},
    ],
    passes=[
        {"postfix": _MAIN + _IN, "conf": "mech_list: PLAIN LOGIN"},
        {
            "postfix": _MAIN + "smtpd_sasl_mechanism_filter = plain, login\n" + _IN,
            "conf": "mech_list: PLAIN LOGIN CRAM-MD5",
        },
    ],
    refs=("postfix: smtpd/smtpd_sasl_glue.c: fatal: smtpd_sasl_mechanism_filter discards all mechanisms (3.6)",),
)
def mechanism_filter(
    postfix: Postfix, service: LoginService | Unknown, conf: SaslConf | Unknown, plugins: Plugins | Unknown
) -> Findings:
    """smtpd_sasl_mechanism_filter takes away PLAIN and LOGIN, or all mechanisms that there are.

    If none is left, smtpd ends ("discards all mechanisms"); without PLAIN and LOGIN most mail programs cannot log in.

    Advice: remove the setting; its default lets all but EXTERNAL through.
    """
    option = "smtpd_sasl_mechanism_filter"
    for services in _groups(postfix.logins, option, "smtpd_sasl_type"):
        first = services[0]
        if option not in postfix.main.parameters and option not in first.service.options:
            continue
        names = _mechanisms(first, known(service), known(conf), known(plugins))
        verdicts = {n: _passes(n, first.value(option)) for n in names}
        lost = sorted(n for n, v in verdicts.items() if v is False)
        if None in verdicts.values() or not names & PLAINTEXT or any(verdicts[n] for n in names & PLAINTEXT):
            continue
        none = len(lost) == len(names)
        yield found(
            f"{option} = {first.value(option)[:200]} discards {' '.join(lost[:8])}"
            + (": no mechanism is left, and smtpd refuses to serve" if none else ": PLAIN and LOGIN are not offered"),
            evidence=[first.evidence(option)],
            fix=[
                *dict.fromkeys(set_postfix(s, option, "!external, static:rest") for s in services),
                _after(first) if none else Restart("postfix"),
            ],
            option=option,
            **confined(services, postfix.logins),  # type: ignore[arg-type]
        )


def _passes(name: str, patterns: str) -> bool | None:
    """string_list_match(): the first pattern that matches decides; None where a table decides."""
    for word in patterns.lower().replace(",", " ").split():
        wanted, pattern = not word.startswith("!"), word.lstrip("!")
        if pattern.startswith("static:") or pattern == name.lower():
            return wanted
        if ":" in pattern or "/" in pattern:
            return None
    return False


@check(
    "SASL049",
    "postfix-without-smtpd-conf",
    "warning",
    rung="verifier",
    role="cause",
    fails=[
        {
            "service": "service: postfix /etc/postfix/main.cf\nwanted",
            "files": "searched: /etc/postfix/sasl\nsearched: /usr/lib/sasl",
            "postfix": _MAIN + _IN,
        },
        {
            "service": "service: postfix /etc/postfix/main.cf\nwanted",
            "files": "searched: /etc/postfix/sasl",
            "postfix": _MAIN + _IN,
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam",
        },
    ],
    passes=[
        {
            "service": "service: postfix /etc/postfix/main.cf\nwanted",
            "files": "searched: /etc/postfix/sasl\nfound: /etc/postfix/sasl/smtpd.conf",
            "postfix": _MAIN + _IN,
        },
        {
            "service": "service: postfix /etc/postfix/main.cf\nwanted\nprovider: dovecot",
            "files": "searched: /etc/postfix/sasl",
            "postfix": _DOVECOT.format("private/auth") + _IN,
        },
    ],
    refs=("libsasl: lib/config.c; Debian's patch of Postfix up to 12: /etc/postfix/sasl and /usr/lib/sasl alone",),
)
def without_smtpd_conf(
    postfix: Postfix,
    service: LoginService,
    files: SaslFiles,
    saslauthd: Saslauthd | Unknown,
    sasldb: SaslDb | Unknown,
    plugins: Plugins | Unknown,
) -> Findings:
    """There is no smtpd.conf where libsasl looks for it, so its defaults apply, in silence.

    Every plug-in that is installed is offered, and passwords are looked for in sasldb, not asked of saslauthd. Where
    the file is looked for depends on the release: Debian's Postfix up to 12 takes /etc/postfix/sasl only, others
    /etc/sasl2 or cyrus_sasl_config_path.

    Advice: write the file where this release looks: pwcheck_method and mech_list at least; then reload Postfix.
    """
    if not service.wanted or service.provider != "libsasl" or files.found or files.elsewhere or files.misnamed:
        return
    if not files.searched:
        return
    smtpd = primary(postfix)
    name = f"{smtpd.value('smtpd_sasl_path')}.conf"
    path = f"{files.searched[0]}/{name}"
    asked = isinstance(saslauthd, Saslauthd) and bool(saslauthd.processes)
    stored = isinstance(sasldb, SaslDb) and bool(sasldb.users)
    lines = (
        ("pwcheck_method: auxprop", "auxprop_plugin: sasldb", f"mech_list: {_usual(plugins)}")
        if stored or not asked
        else ("pwcheck_method: saslauthd", "mech_list: PLAIN LOGIN")
    )
    yield found(
        f"{name} does not exist in {' or '.join(files.searched)}: libsasl's defaults apply"
        + (", and saslauthd, which runs, is not asked" if asked and not stored else ""),
        evidence=[Evidence(f"ls {folder}", f"no {name}") for folder in files.searched[:4]],
        fix=[*(AddLine(path, line) for line in lines), Restart("postfix")],
        severity="error" if asked and not stored else None,
        path=path,
    )


_WANTED = ("SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "LOGIN", "PLAIN")


def _usual(plugins: Plugins | Unknown) -> str:
    """Mechanisms that mail programs know and whose secrets a sasldb has, as far as their plug-ins are there."""
    there = set(plugins.mechanisms) if isinstance(plugins, Plugins) else {"LOGIN", "PLAIN"}
    return " ".join(m for m in _WANTED if m in there) or "LOGIN PLAIN"


def _met(history: LoginHistory | Unknown, networks: Sequence[str]) -> str:
    """A client that logged in from one of these networks; empty where none did."""
    known = [n for n in map(network, networks) if n is not None]
    clients = history.clients if isinstance(history, LoginHistory) else ()
    return next((c for c in clients if (a := address_of(c)) is not None and any(a in n for n in known)), "")


_COPIED = {
    "application": "name: smtpd\nproduct: postfix\nroot: /var/spool/postfix\nrooted: smtp/inet submission/inet",
    "sasldb": "# path: /var/spool/postfix/etc/sasldb2\n# format: Berkeley DB hash version 9\n# backend: berkeley\n"
    "test@mail.example.com: userPassword",
    "outside": "-rw-r----- 1 root sasl 12288 2026-11-22 06:00:00 +0000 /etc/sasldb2",
    "files": "-rw-r----- 1 root sasl 12288 2026-05-06 06:00:00 +0000 /var/spool/postfix/etc/sasldb2",
}


@check(
    "SASL051",
    "postfix-old-copy-of-sasldb",
    "warning",
    rung="verifier",
    role="cause",
    witnesses=("SASL120", "USER150"),
    fails=[
        _COPIED,
        {
            **_COPIED,
            "history": "# path: /var/log/mail.log\n# since: 2026-11-22T08:00:00Z\n"
            "Nov 22 09:00:01 mail postfix/smtpd[9]: warning: pc[192.0.2.9]: SASL PLAIN authentication failed: "
            "authentication failure, sasl_username=test",
        },
    ],
    passes=[
        {**_COPIED, "files": _COPIED["files"].replace("2026-05-06", "2026-11-23")},
        {**_COPIED, "application": "name: smtpd\nproduct: postfix"},
        {**_COPIED, "outside": "-rw-r----- 1 root sasl 12288 2026-11-22 06:00:00 +0000 /etc/other"},
    ],
    refs=("libsasl: sasldb opens the file at each login, in a chrooted smtpd below the queue directory",),
)
def old_copy_of_sasldb(
    application: SaslApplication,
    outside: Outside,
    sasldb: SaslDb,
    files: PostfixFiles,
    conf: SaslConf | Unknown,
    history: LoginHistory | Unknown,
) -> Findings:
    """A chrooted smtpd reads a copy of the user database below the queue directory, and the original was changed since.

    saslpasswd2 writes /etc/sasldb2; what was changed there since the copy was made (new users, other passwords) does
    not count for smtpd, and old passwords still do.

    Advice: copy the database again after each change, with its owner and mode; or let smtpd work without the chroot, so
    that there is one database.
    """
    original = outside.sasldb
    if original is None or not application.root or not uses_sasldb(known(conf)):
        return
    copy = files.look(application.root + original.path)
    if copy is None or copy.kind != "-" or copy.path not in (sasldb.path, f"{sasldb.path}.db"):
        return
    if not copy.mtime or not original.mtime or copy.mtime >= original.mtime:
        return
    fails = isinstance(history, LoginHistory) and history.failed and not history.succeeded
    yield found(
        f"smtpd reads {copy.path} (chroot), a copy that is older than {original.path}: what was changed there since, "
        "users and passwords, does not count",
        evidence=[copy.evidence, original.evidence],
        fix=[
            by_hand(
                "install -o {owner} -g {group} -m {mode} {original} {copy}",
                owner=copy.owner,
                group=copy.group,
                mode=copy.octal,
                original=original.path,
                copy=copy.path,
            ),
            Restart("postfix"),
        ],
        severity="error" if fails else None,
        path=copy.path,
    )


_EVERYBODY = re.compile(r"(?:0\.0\.0\.0|\[?::\]?)/0|static:all")
_HOME = re.compile(r"(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)[\d.]{0,12}(?:/\d{1,2})?")


@check(
    "SASL050",
    "postfix-hides-auth",
    "error",
    rung="offer",
    role="cause",
    scope=("listener", "client"),
    explains=("no-offer",),
    fails=[
        {"postfix": _MAIN + _IN + " -o smtpd_discard_ehlo_keywords=auth\n"},
        {"postfix": _MAIN + "smtpd_sasl_exceptions_networks = 0.0.0.0/0\n" + _IN},
        {"postfix": _MAIN + "smtpd_discard_ehlo_keywords = silent-discard, auth\n" + _IN},
        {"postfix": _MAIN + "smtpd_sasl_exceptions_networks = 192.168.0.0/16\n" + _IN},
        {
            "postfix": _MAIN
            + "mynetworks = 127.0.0.0/8\nsmtpd_sasl_exceptions_networks = $mynetworks, 10.0.0.0/8\n"
            + _IN
        },
    ],
    passes=[
        {"postfix": _MAIN + "smtpd_sasl_exceptions_networks = 203.0.113.9\n" + _IN},
        {"postfix": _MAIN + "smtpd_discard_ehlo_keywords = chunking\n" + _IN},
        {"postfix": _MAIN + "mynetworks = 127.0.0.0/8\nsmtpd_sasl_exceptions_networks = $mynetworks\n" + _IN},
    ],
    refs=("postfix: smtpd/smtpd.c, ehlo_cmd()",),
)
def hides_auth(postfix: Postfix, history: LoginHistory | Unknown) -> Findings:
    """Postfix does not show AUTH to clients that are to log in.

    Clients of smtpd_sasl_exceptions_networks, and all where smtpd_discard_ehlo_keywords has auth, get an EHLO without
    AUTH. It would be taken all the same, but mail programs go by what they see.

    Advice: leave the networks of users out of smtpd_sasl_exceptions_networks, and auth out of
    smtpd_discard_ehlo_keywords; then reload Postfix.
    """
    option = "smtpd_discard_ehlo_keywords"
    for services in _groups(postfix.logins, option):
        words = [w for w in services[0].value(option).replace(",", " ").split() if w]
        if "auth" in (w.lower() for w in words):
            rest = [w for w in words if w.lower() != "auth"]
            yield found(
                f"{option} has auth: AUTH is not shown to anybody",
                evidence=[services[0].evidence(option)],
                fix=[*dict.fromkeys(set_postfix(s, option, ",".join(rest)) for s in services), Restart("postfix")],
                option=option,
                client="all",
                **confined(services, postfix.logins),  # type: ignore[arg-type]
            )
    option = "smtpd_sasl_exceptions_networks"
    for services in _groups(postfix.logins, option):
        words = services[0].value(option).replace(",", " ").split()
        whole = [w for w in words if _EVERYBODY.fullmatch(w)]
        home = [w for w in words if _HOME.fullmatch(w)]
        if not whole and not home:
            continue
        rest = [w for w in words if w not in whole and w not in home]
        # who is of mynetworks may send without a login anyway
        trusted = services[0].value("mynetworks").replace(",", " ").split()
        beyond = [w for w in home if w not in trusted]
        met = _met(history, whole or home)
        hidden = (whole or beyond or home)[0]
        yield found(
            f"{option} has {hidden}: AUTH is not shown to {'any client' if whole else 'clients there'}"
            + (f", such as {met}" if met and not whole else ""),
            evidence=[services[0].evidence(option)],
            fix=[*dict.fromkeys(set_postfix(s, option, ",".join(rest)) for s in services), Restart("postfix")],
            severity="error" if whole or beyond or met else "warning",
            option=option,
            client="all" if whole else hidden,
            **confined(services, postfix.logins),  # type: ignore[arg-type]
        )

"""What Dovecot lets others see: sockets that anybody may use, users files that anybody may read, passwords in the
log."""

from maildoctor.api import (
    Evidence,
    Findings,
    LoginService,
    Restart,
    SetInLine,
    Step,
    check,
    chmod,
    edit,
    found,
)
from maildoctor.api.dovecot import Dovecot, DovecotSockets, PasswdFiles, is_asked

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_HEAD = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\n"
_STRUCK = "***"
"""What is read of a value that looks like a password, as sha1:6 does behind passwords =."""
_GOOD = f"{_HEAD}auth_mechanisms = plain login\npassdb {{\n  driver = passwd-file\n  args = /etc/dovecot/users\n}}\n"
_OPEN = (
    ">> socket: /run/dovecot/auth-smtp\ndrwxr-xr-x root root /\ndrwxr-xr-x root root /run\n"
    "drwxr-xr-x root root /run/dovecot\nsrw-rw-rw- root root /run/dovecot/auth-smtp"
)
_FILE = (
    ">> file: /etc/dovecot/users\ndrwxr-xr-x root root /\ndrwxr-xr-x root root /etc\n"
    "drwxr-xr-x root root /etc/dovecot\n-rw-r--r-- root dovecot /etc/dovecot/users\ntest\tSHA512-CRYPT\tsha512"
)
_CLOSED = _FILE.replace("drwxr-xr-x root root /etc/dovecot", "drwx------ root root /etc/dovecot")
_PRIVATE = _OPEN.replace("drwxr-xr-x root root /run/dovecot", "drwx------ postfix root /run/dovecot")


@check(
    "PERM067",
    "dovecot-users-readable",
    "error",
    rung="none",
    role="risk",
    fails=[{"service": _ASKED, "dovecot": _GOOD, "files": _FILE}],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _FILE.replace("-rw-r--r--", "-rw-r-----")},
        {
            "service": _ASKED,
            "dovecot": _GOOD,
            "files": _CLOSED,
        },
    ],
    refs=("doc.dovecot.org: passwd-file",),
)
def users_readable(service: LoginService, dovecot: Dovecot, files: PasswdFiles) -> Findings:
    """Every user of this host can read the file with Dovecot's users and their stored passwords.

    Advice: root and the group dovecot own it, mode 0640.
    """
    if not is_asked(service):
        return
    for file in files.all.values():
        own = file.file
        if own is None or not own.mode & 0o004 or not all(f.mode & 0o001 for f in file.trail.folders):
            continue
        plain = sum(u.scheme in ("PLAIN", "CLEAR", "CLEARTEXT") for u in file.users.values())
        yield found(
            f"{file.path} is world-readable (mode {own.octal}): {len(file.users)} stored passwords"
            + (f", {plain} of them in plain text" if plain else ""),
            evidence=[own.evidence],
            severity="error" if file.users else "warning",
            fix=[chmod("o-rwx", own)],
            path=file.path,
        )


@check(
    "PERM068",
    "dovecot-socket-for-everybody",
    "warning",
    rung="none",
    role="risk",
    fails=[{"service": _ASKED, "dovecot": _GOOD, "sockets": _OPEN}],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "sockets": _OPEN.replace("srw-rw-rw-", "srw-rw----")},
        {
            "service": _ASKED,
            "dovecot": _GOOD,
            "sockets": _PRIVATE,
        },
    ],
    refs=("dovecot: auth/auth-client-connection.c: whoever connects may try passwords, for any client address",),
)
def socket_for_everybody(service: LoginService, dovecot: Dovecot, sockets: DovecotSockets) -> Findings:
    """Every user of this host may use the socket at which Dovecot checks passwords, and try as many as they like.

    Below Postfix's private folder, which nobody else may enter, mode 0666 does no harm.

    Advice: mode = 0660 with the mail server's user and group in the unix_listener.
    """
    if not is_asked(service):
        return
    for socket in sockets.all.values():
        own = socket.file
        if own is None or not own.mode & 0o002 or not all(f.mode & 0o001 for f in socket.trail.folders):
            continue
        listener = next((x for x in dovecot.listeners if x.path == socket.path), None)
        mode = listener.setting("mode") if listener else None
        fix: list[Step] = [edit(dovecot.main, "mode = 0660, user and group of the mail server in its unix_listener")]
        if mode is not None:
            fix = [SetInLine(mode.path, mode.line, "mode", "0660", mode.value)]
        yield found(
            f"every user may ask Dovecot for logins at {socket.path} (mode {own.octal})",
            evidence=[own.evidence, *([listener.evidence] if listener else [])],
            fix=[*fix, Restart("dovecot")],
            path=socket.path,
        )


@check(
    "CONF072",
    "dovecot-logs-passwords",
    "warning",
    rung="none",
    role="risk",
    witnesses=("PERM660", "PERM664"),
    fails=[
        {"service": _ASKED, "dovecot": f"{_GOOD}auth_debug_passwords = yes\n"},
        {"service": _ASKED, "dovecot": f"{_GOOD}auth_verbose_passwords = plain\n"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": f"{_GOOD}auth_verbose = yes\n"},
        {"service": _ASKED, "dovecot": f"{_GOOD}auth_verbose_passwords = sha1:6\n"},
        {"service": _ASKED, "dovecot": f"{_GOOD}auth_verbose_passwords = ***\n"},
    ],
    refs=("dovecot: auth/auth-request.c",),
)
def logs_passwords(service: LoginService, dovecot: Dovecot) -> Findings:
    """Dovecot writes passwords into the log.

    Whoever can read the log then has them, and so has every copy and backup of it.

    Advice: switch it off; auth_verbose = yes tells why a login failed without them.
    """
    if not is_asked(service):
        return
    for name in ("auth_debug_passwords", "auth_verbose_passwords"):
        value = dovecot.value(name).lower()
        setting = dovecot.get(name)
        if setting is None or value in ("no", "") or value.startswith("sha1") or value == _STRUCK:
            continue
        yield found(
            f"Dovecot writes passwords into the log: {name} = {setting.value}",
            evidence=[setting.evidence],
            fix=[SetInLine(setting.path, setting.line, name, "no", setting.value), Restart("dovecot")],
            setting=name,
        )


@check(
    "CONF073",
    "dovecot-tells-no-reason",
    "info",
    rung="none",
    role="note",
    fails=[{"service": _ASKED, "dovecot": _GOOD}],
    passes=[
        {"service": _ASKED, "dovecot": f"{_GOOD}auth_verbose = yes\n"},
        {"service": _ASKED, "dovecot": f"{_GOOD}auth_debug = yes\n"},
    ],
    refs=("dovecot: auth/auth-request.c: reasons are of level info, which is not logged otherwise",),
)
def tells_no_reason(service: LoginService, dovecot: Dovecot) -> Findings:
    """Dovecot does not log why a login failed: auth_verbose is off, as it is where nobody sets it.

    A wrong password, an unknown user and a stored scheme that cannot serve leave no line of Dovecot's at all.

    Advice: auth_verbose = yes.
    """
    if is_asked(service) and not dovecot.is_yes("auth_verbose") and not dovecot.is_yes("auth_debug"):
        yield found(
            "Dovecot does not log why a login fails (auth_verbose is off)",
            evidence=[dovecot.evidence("auth_verbose") if dovecot.get("auth_verbose") else _OFF],
            fix=[edit(dovecot.main, "auth_verbose = yes"), Restart("dovecot")],
            setting="auth_verbose",
        )


_OFF = Evidence("doveconf auth_verbose", "auth_verbose = no")

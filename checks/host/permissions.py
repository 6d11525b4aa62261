"""PERM: who may write, read and search what mail trusts."""

from collections.abc import Iterator

from maildoctor.api import (
    Absent,
    Chmod,
    Chown,
    Evidence,
    Findings,
    Found,
    LoginService,
    Rung,
    Step,
    Unknown,
    check,
    chmod,
    found,
    inspect,
    known,
    private,
    rebuild,
    restart,
    shell_word,
    shell_words,
)
from maildoctor.api.cyrus import SaslConf, SaslDb, asks_auxprop
from maildoctor.api.host import (
    Copies,
    Exposed,
    FilePurpose,
    Look,
    Paths,
    Reader,
    System,
    is_of_people,
    may,
    readers_of,
    refusals,
)
from maildoctor.api.sendmail import SendmailCf, SendmailProgram, SubmitCf

_SASL = ("sasl", "saslauth", "mail", "postfix", "cyrus", "Debian-exim", "exim")
"""Groups through which mail programs read the user database."""

_RULES = "sendmail: libsmutil/safefile.c; doc/op/op.me, DontBlameSendmail"


def _who(look: Look, paths: Paths) -> str:
    if look.world_writable:
        return "every user of this system"
    members = paths.groups.get(look.group, ())
    return f"the group {look.group}" + (f" ({', '.join(members[:8])})" if members else "")


def _safer(look: Look) -> Step:
    """The least chmod that takes the right to write from others."""
    who = ("g" if look.group_writable else "") + ("o" if look.world_writable else "")
    return Chmod(f"{who}-w", (look.path,), (f"{who}+w",))


def _unseen(paths: Paths) -> Iterator[Unknown]:
    """Parts of the trails that could not be looked at."""
    yield from (Unknown(reason, "run as root") for reason in paths.gaps.values())


def _consequence(purposes: set[str]) -> str:
    if "class file" in purposes:
        return "the daemon stops at start (fileclass: cannot open …: Group writable directory)"
    if purposes & {"plug-in", "SASL configuration"}:
        return "the SASL plug-ins are not loaded and AUTH is not offered"
    if purposes & {"certificate", "key", "CA"}:
        return "STARTTLS is not offered"
    return "the maps below it cannot be opened"


def _breaks(purposes: set[str]) -> Rung:
    """The first thing that a login lacks where sendmail refuses files of these kinds."""
    if "class file" in purposes:
        return "program"
    if purposes & {"plug-in", "SASL configuration"}:
        return "mechanism"
    return "tls" if purposes & {"certificate", "key", "CA"} else "policy"


@check(
    "PERM001",
    "unsafe-directory",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-offer", "no-starttls", "MECH009", "RUN004"),
    witnesses=("PERM121", "PERM127", "PERM128", "PERM130", "PERM140"),
    fails=[
        {
            "cf": "F{w}/etc/mail/local-host-names",
            "paths": "drwxrwxr-x root mail /etc\n[class file] /etc/mail/local-host-names",
        },
        {
            "cf": "",
            "paths": "drwxrwxrwt root root /opt\n-rw-r--r-- root root /opt/libplain.so\n[plug-in] /opt/libplain.so",
        },
    ],
    passes=[
        {"cf": "", "paths": "drwxr-sr-x smmta smmsp /etc/mail\n[class file] /etc/mail/local-host-names"},
        {
            "cf": "O DontBlameSendmail=GroupWritableDirPathSafe",
            "paths": "drwxrwxr-x root mail /etc\n[map] /etc/mail/access.db",
        },
    ],
    refs=(_RULES,),
)
def unsafe_directory(cf: SendmailCf, paths: Paths) -> Findings:
    """A directory above files that sendmail trusts can be written by others.

    Whoever may write a directory may replace everything below it. Sendmail therefore refuses every such file, and
    the log says neither which directory it is nor that AUTH is lost by it.

    Advice: take the right to write from the group and from others (chmod g-w); then restart sendmail.
    """
    yield from _unseen(paths)
    spoiled: dict[str, tuple[Look, set[str], str]] = {}
    for trail in paths.trails:
        for r in refusals(trail, cf.dont_blame):
            if r.culprit.kind == "d":
                look, purposes, _ = spoiled.setdefault(r.culprit.path, (r.culprit, set(), r.reason))
                purposes.add(r.purpose)
    for path, (look, purposes, reason) in sorted(spoiled.items()):
        yield found(
            f"The directory {path} is {'world' if look.world_writable else 'group'}-writable (mode {look.octal}):"
            f" {_consequence(purposes)}",
            evidence=[
                look.evidence,
                Evidence(path, f"{reason}; writable by {_who(look, paths)}; above: {', '.join(sorted(purposes))}"),
            ],
            fix=[_safer(look), restart()],
            rung=_breaks(purposes),
            path=path,
        )


@check(
    "PERM002",
    "unsafe-file",
    "error",
    rung="program",
    role="cause",
    explains=("no-offer", "no-starttls"),
    witnesses=("PERM121", "PERM140"),
    fails=[
        {"cf": "", "paths": "-rw-rw-rw- root root /usr/lib/sasl2/libplain.so\n[plug-in] /usr/lib/sasl2/libplain.so"},
        {"cf": "", "paths": "-rw-r----- root mail /etc/mail/tls/host.key\n[key] /etc/mail/tls/host.key"},
    ],
    passes=[
        {"cf": "", "paths": "-rw-rw-r-- root root /usr/lib/sasl2/libplain.so\n[plug-in] /usr/lib/sasl2/libplain.so"},
        {
            "cf": "O DontBlameSendmail=GroupReadableKeyFile",
            "paths": "-rw-r----- root mail /etc/mail/tls/host.key\n[key] /etc/mail/tls/host.key",
        },
    ],
    refs=(_RULES,),
)
def unsafe_file(cf: SendmailCf, paths: Paths) -> Findings:
    """A file that sendmail trusts has a mode or an owner with which sendmail does not use it.

    A plug-in or Sendmail.conf that others can write is skipped, and its mechanisms with it; a key that others can
    read or write, or a certificate of another owner, costs STARTTLS and with it PLAIN and LOGIN.

    Advice: give the file the owner and mode below, then restart sendmail.
    """
    yield from _unseen(paths)
    trusted = [cf.trusted_user, cf.run_as_user.user if cf.run_as_user else "root"]
    done: set[str] = set()
    for trail in paths.trails:
        for r in refusals(trail, cf.dont_blame, trusted):
            if r.culprit.kind == "d" or r.culprit.path in done:
                continue
            done.add(r.culprit.path)
            yield found(
                f"{r.path} is refused: {r.reason} (mode {r.culprit.octal}, owner {r.culprit.owner}); it is a"
                f" {r.purpose} file, and sendmail goes on without it",
                evidence=[r.culprit.evidence],
                fix=[_file_step(r.culprit, r.reason), restart()],
                rung=_breaks({r.purpose}),
                path=r.path,
            )


def _file_step(look: Look, reason: str) -> Step:
    if reason == "Owned by another user":
        return Chown("root", (look.path,), look.owner, safety="safe")
    if "readable" in reason:
        return chmod("go-rwx", look)
    return _safer(look)


@check(
    "PERM003",
    "writable-configuration",
    "warning",
    rung="program",
    role="risk",
    fails=[
        {"paths": "-rw-rw-r-- root adm /etc/sasl2/Sendmail.conf\n[SASL configuration] /etc/sasl2/Sendmail.conf"},
        {"paths": "-rw-rw-r-- root adm /etc/mail/sendmail.cf\n[configuration] /etc/mail/sendmail.cf"},
    ],
    passes=[{"paths": "-rw-r--r-- root root /etc/sasl2/Sendmail.conf\n[SASL configuration] /etc/sasl2/Sendmail.conf"}],
    refs=(_RULES,),
)
def writable_configuration(paths: Paths) -> Findings:
    """A configuration file can be written by more than its owner.

    Sendmail uses it all the same, and of sendmail.cf alone its log tells ("dangerous write permissions"); but whoever
    may write it decides how passwords are checked and who may relay.

    Advice: take the right to write away (chmod g-w,o-w).
    """
    yield from _unseen(paths)
    for trail in paths.of("SASL configuration", "configuration", "map source", "aliases source", "include file"):
        file = trail.file
        if file is None or file.kind != "-" or not (file.group_writable or file.world_writable):
            continue
        if trail.purpose == "SASL configuration" and file.world_writable:
            continue  # refused outright: PERM002
        who = "world" if file.world_writable else "group"
        yield found(
            f"{trail.path} is {who}-writable (mode {file.octal}): {_who(file, paths)} can change it",
            evidence=[file.evidence],
            fix=[_safer(file)],
            path=trail.path,
        )


@check(
    "PERM012",
    "replaceable-file",
    "warning",
    rung="verifier",
    role="risk",
    fails=[
        {"paths": "drwxrwxrwx root root /srv/mail\n-rw------- root root /srv/mail/sasldb2\n[sasldb] /srv/mail/sasldb2"},
        {
            "cf": "",
            "paths": "drwxrwxrwx root root /srv/m\n-rw------- root root /srv/m/s.cf\n[configuration] /srv/m/s.cf",
        },
    ],
    passes=[
        {"paths": "drwxr-xr-x root root /srv/mail\n-rw------- root root /srv/mail/sasldb2\n[sasldb] /srv/mail/sasldb2"},
        {"paths": "drwxrwxrwt root root /tmp\n-rw------- root root /tmp/sasldb2\n[sasldb] /tmp/sasldb2"},
        {
            "cf": "",
            "paths": "drwxrwxrwx root root /opt\n-rw-r--r-- root root /opt/libplain.so\n[plug-in] /opt/libplain.so",
        },
    ],
    refs=("rename(2): who may write a directory without the sticky bit replaces what lies in it, whoever owns it",),
)
def replaceable_file(paths: Paths, cf: SendmailCf | Unknown) -> Findings:
    """Everybody on this host can replace a file that logins trust, because a directory above it is world-writable.

    The mode of the file itself is no help: who may write the directory renames it and puts another in its place, a user
    database with passwords of their own for instance. Neither sendmail nor libsasl looks at these directories, so
    logins work and nothing in the log tells.

    Advice: take the right to write away from the directory (chmod o-w).
    """
    yield from _unseen(paths)
    excused = cf.dont_blame if isinstance(cf, SendmailCf) else None
    refused = (
        {r.culprit.path for trail in paths.trails for r in refusals(trail, excused)} if excused is not None else set()
    )
    below: dict[str, tuple[Look, dict[str, None]]] = {}
    for trail in paths.trails:
        for folder in trail.folders:
            if folder.world_writable and not folder.sticky and folder.path not in refused:
                below.setdefault(folder.path, (folder, {}))[1][trail.path] = None
    for path, (folder, files) in sorted(below.items()):
        yield found(
            f"The directory {path} is world-writable (mode {folder.octal}): every user of this system can replace"
            f" {', '.join(list(files)[:4])}",
            evidence=[folder.evidence],
            fix=[chmod("o-w", folder)],
            path=path,
        )


@check(
    "PERM004",
    "readable-sasldb",
    "warning",
    rung="verifier",
    role="risk",
    fails=[
        {"paths": "-rw-r--r-- root root /etc/sasldb2\n[sasldb] /etc/sasldb2"},
        {"paths": "-rw-rw---- root sasl /etc/sasldb2\n[sasldb] /etc/sasldb2"},
        {
            "service": "service: postfix /etc/postfix/main.cf\naccount: postfix sasl",
            "paths": "-rw-r----- root sasl /etc/sasldb2\n[sasldb] /etc/sasldb2\ngroup sasl: postfix,anna",
        },
    ],
    passes=[
        {
            "service": "service: postfix /etc/postfix/main.cf\naccount: postfix sasl",
            "paths": "-rw-rw---- root sasl /etc/sasldb2\n[sasldb] /etc/sasldb2\ngroup sasl: postfix",
        },
        {"paths": "-rw------- root root /etc/sasldb2\n[sasldb] /etc/sasldb2"},
        {"paths": "drwxr-xr-x root root /etc/sasldb2\n[sasldb] /etc/sasldb2"},
    ],
    refs=("cyrus-sasl: sasldb/allockey.c: the stored value is the password in plain text",),
)
def readable_sasldb(paths: Paths, sasldb: SaslDb | Unknown, service: LoginService | Unknown) -> Findings:
    """The user database, with passwords in plain text, can be read by more than its owner.

    With SASL 2 neither sendmail nor libsasl checks its mode, so logins work and nothing in the log tells.

    Advice: let only the user read it as whom the mail server runs (root for Sendmail): chmod 600.
    """
    by_root = isinstance(service, Unknown) or (service.product == "sendmail" and service.account is None)
    empty = isinstance(sasldb, SaslDb) and not sasldb.users
    for trail in paths.of("sasldb"):
        file = trail.file
        if file is None or file.kind != "-" or not file.mode & 0o066:
            continue
        world = bool(file.mode & 0o006)
        if empty and not world:
            continue  # as packages make it; there is nothing to be read yet
        what = "world-readable" if file.mode & 0o004 else "world-writable" if world else "group-readable"
        members = paths.groups.get(file.group, ())
        if not world and not by_root and (file.group in _SASL) and not is_of_people("", members):
            continue  # it is read by servers that gave up root, through a group of their own
        if not world and file.group in _SASL and isinstance(sasldb, Unknown) and not isinstance(sasldb, Absent):
            yield sasldb  # packages make it like that, empty
            continue
        who = (
            "every user of this system"
            if world
            else f"the group {file.group}" + (f" ({', '.join(members)})" if members else "")
        )
        yield found(
            f"{trail.path} is {what} (mode {file.octal}, {file.owner}:{file.group}): {who} can read its passwords",
            evidence=[file.evidence],
            fix=[private([file])],
            severity="info" if empty else "error" if world else "warning",
            path=trail.path,
        )


@check(
    "PERM005",
    "readable-authinfo",
    "warning",
    rung="account",
    role="risk",
    direction="relay",
    scope=("map",),
    fails=[
        {
            "paths": "-rw-r--r-- root root /etc/mail/authinfo.db\n[map] /etc/mail/authinfo.db",
            "cf": "Kauthinfo hash /etc/mail/authinfo",
        }
    ],
    passes=[
        {
            "paths": "-rw------- root root /etc/mail/authinfo.db\n[map] /etc/mail/authinfo.db",
            "cf": "Kauthinfo hash /etc/mail/authinfo",
        }
    ],
    refs=('sendmail: cf/README, "the map must not be readable by untrusted users"',),
)
def readable_authinfo(cf: SendmailCf, paths: Paths) -> Findings:
    """The authinfo map, with the passwords this host logs in with elsewhere, can be read by others.

    Sendmail checks only the directories above a map, so it is used and nothing in the log tells.

    Advice: chmod 600 for the map and for its source.
    """
    yield from _unseen(paths)
    authinfo = cf.maps.get("authinfo")
    if authinfo is None:
        return
    open_ = [
        t.file
        for t in paths.of("map", "map source")
        if t.path in (authinfo.path, authinfo.path + ".db", authinfo.path + ".pag") and t.file and t.file.mode & 0o004
    ]
    if open_:
        yield found(
            f"authinfo is world-readable ({', '.join(f'{x.path} {x.octal}' for x in open_)}): every user of this"
            " system can read the passwords in it",
            evidence=[x.evidence for x in open_],
            fix=[private(open_)],
            map="authinfo",
        )


_SQL = "/etc/dovecot/dovecot-sql.conf.ext"

_READ_BY = (
    ("smtpd.conf", "postfix"),
    ("/etc/dovecot/", "dovecot"),
    ("/etc/exim4/", "Debian-exim"),
    ("/etc/exim/", "exim"),
)
"""Part of a path, and the group of the program that reads such files when it is root no more."""


def _for_its_program(path: str, file: Look) -> Step:
    """The least that lets the program read its file, and nobody else."""
    group = next((group for part, group in _READ_BY if part in path), "")
    if not group:
        return private([file])
    return Chown(f":{group}", (file.path,), f":{file.group}", "640", file.octal)


@check(
    "PERM011",
    "readable-credentials",
    "warning",
    rung="verifier",
    role="risk",
    fails=[
        {"exposed": f"clear {_SQL}:4 connect\n-rw-r--r-- root root {_SQL}"},
        {"exposed": "clear /etc/saslauthd.conf:2 ldap_bind_pw\n-rw-r----- root users /etc/saslauthd.conf"},
        {
            "exposed": "clear /usr/lib/sasl2/Sendmail.conf:3 sql_passwd\ngroup admins: amy\n"
            "-rw-r----- root admins /usr/lib/sasl2/Sendmail.conf"
        },
    ],
    passes=[
        {"exposed": f"clear {_SQL}:4 connect\n-rw-r----- root dovecot {_SQL}"},
        {"exposed": f"clear {_SQL}:4 connect\n-rw------- root root {_SQL}"},
        {"exposed": f"-rw-r--r-- root root {_SQL}"},
        {"exposed": f"clear {_SQL}:4 connect\n-rw-r--r-- root root {_SQL}\ndrwx------ root root /etc/dovecot"},
    ],
    refs=("dovecot: doc/example-config/dovecot-sql.conf.ext", "postfix: README_FILES/SASL_README, sasl_passwd"),
)
def readable_credentials(exposed: Exposed) -> Findings:
    """A file in which a password stands in clear can be read by more than the program that needs it.

    It is the password by which the mail server logs in at a database, a directory or another server: whoever has it
    has the users' passwords or the relay. Programs use such a file whatever its mode, and nothing in a log tells.

    Advice: let only root, or the group of the program that reads it, read the file (chmod 600; or chgrp postfix,
    dovecot, Debian-exim … and chmod 640), and change the password in it, as it was open until now.
    """
    yield from (Unknown(reason, "run as root") for reason in exposed.unread)
    for path, secrets in exposed.secrets.items():
        file, readers = exposed.paths.file(path), exposed.readers(path)
        if file is not None and file.has_acl and not readers:
            yield Unknown(f"{path} holds a password and has an ACL, which may let others read it", f"getfacl {path}")
        if file is None or not readers:
            continue
        names = ", ".join(dict.fromkeys(s.name for s in secrets if s.name))
        first = secrets[0]
        yield found(
            f"{path} holds {'a password' if len(secrets) == 1 else 'passwords'} in clear, first in line {first.line},"
            f" and {readers} can read it (mode {file.octal}, {file.owner}:{file.group})",
            evidence=[
                file.evidence,
                Evidence(f"{path}:{first.line}", f"a value in clear of {names}" if names else "a value in clear"),
            ],
            fix=[_for_its_program(path, file)],
            path=path,
        )


_BAK = "copy /etc/sasldb2.bak of /etc/sasldb2\n"


@check(
    "PERM020",
    "readable-copy-of-secrets",
    "warning",
    rung="verifier",
    role="risk",
    fails=[
        {"copies": _BAK + "-rw-r--r-- root root /etc/sasldb2.bak"},
        {"copies": _BAK + "-rw-r----- root users /etc/sasldb2.bak"},
    ],
    passes=[
        {"copies": _BAK + "-rw------- root root /etc/sasldb2.bak"},
        {"copies": _BAK + "-rw-r----- root sasl /etc/sasldb2.bak"},
        {
            "copies": _BAK.replace("/etc", "/etc/mail") + "-rw-r--r-- root root /etc/mail/sasldb2.bak\n"
            "drwx------ root root /etc/mail"
        },
    ],
    refs=("saslpasswd2(8): the passwords stand in sasldb as they are", "cp(1): a copy has the mode that umask leaves"),
)
def readable_copy_of_secrets(copies: Copies) -> Findings:
    """A copy of a file with passwords or keys lies beside it, and others can read the copy.

    Whoever makes a copy before a change gets the mode of umask, mostly 0644; an editor and the package manager leave
    copies too. Nobody uses them, and what they hold is as secret as the original.

    Advice: delete the copy, or let only root read it (chmod 600); change the passwords, as they were open until now.
    """
    for path, of in copies.of.items():
        file, readers = copies.paths.file(path), readers_of(copies.paths, path)
        if file is None or not readers:
            continue
        yield found(
            f"{path}, a copy of {of}, can be read by {readers} (mode {file.octal}, {file.owner}:{file.group})",
            evidence=[file.evidence],
            fix=[private([file])],
            path=path,
        )


@check(
    "PERM006",
    "unreadable-by-run-as-user",
    "error",
    rung="verifier",
    role="cause",
    explains=("no-offer", "no-starttls", "PERM004", "WIRE002"),
    witnesses=("PERM151", "PERM140"),
    fails=[
        {
            "service": "account: smmta smmsp\nreads as it: sasldb key",
            "paths": "-rw------- root root /etc/sasldb2\n[sasldb] /etc/sasldb2",
        },
        {
            "service": "account: smmta smmsp\nreads as it: sasldb map key",
            "paths": "drwx------ root root /etc/mail\n-rw-r----- smmta smmsp /etc/mail/a.db\n[map] /etc/mail/a.db",
        },
    ],
    passes=[
        {
            "service": "account: smmta smmsp\nreads as it: sasldb map key",
            "paths": "drwxr-xr-x root root /etc\n-rw-r----- root smmsp /etc/access.db\n[map] /etc/access.db",
        },
        {
            "service": "account: smmta smmsp\nreads as it: sasldb map key",
            "paths": "-rw------- smmta root /etc/sasldb2\n[sasldb] /etc/sasldb2",
        },
        {"service": "", "paths": "-rw------- root root /etc/sasldb2\n[sasldb] /etc/sasldb2"},
        {
            "service": "account: postfix postfix\nreads as it: sasldb key",
            "paths": "-rw-rw---- root sasl /etc/sasldb2\n[sasldb] /etc/sasldb2",
            "conf": "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN",
        },
        {
            "service": "account: postfix postfix\nreads as it: sasldb key",
            "paths": "-rw-rw---- root sasl /etc/sasldb2\n[sasldb] /etc/sasldb2",
            "conf": "pwcheck_method: auxprop\nauxprop_plugin: sql",
        },
    ],
    refs=(
        "sendmail: doc/op, RunAsUser",
        "cyrus-sasl: lib/checkpw.c, auxprop_verify_password() alone asks for userPassword",
    ),
)
def unreadable_by_run_as_user(service: LoginService, paths: Paths, conf: SaslConf | Unknown) -> Findings:
    """The mail server gives up root before it reads the user database or its key, and the user it becomes may not.

    Every login then ends in "user not found" or "generic failure", and STARTTLS is lost, though all files are right.

    Advice: give the files to that user (chown), let it pass through the folders (chmod o+x), or, with Sendmail, take
    RunAsUser out and let it run as root.
    """
    account = service.account
    if account is None:
        return
    user, groups = account.user, set(account.groups)
    shut = [
        element
        for t in paths.of(*sorted(service.read_as_account - _not_asked(conf)))
        for element, right in [*((f, 1) for f in t.folders), *([(t.file, 4)] if t.file and t.file.kind == "-" else [])]
        if not may(element, user, groups, right)
    ]
    if shut:
        files = " ".join(dict.fromkeys(shell_word(x.path) for x in shut))
        yield found(
            f"{service.option('account')} is {user}, who has no permission to read {files}",
            evidence=[
                service.evidence("account"),
                *dict.fromkeys(x.evidence for x in shut),
            ],
            fix=[*dict.fromkeys(_opened(x, user) for x in shut), restart(service)],
            user=user,
        )


def _not_asked(conf: SaslConf | Unknown) -> frozenset[FilePurpose]:
    """The sasldb where another store has the users, or where saslauthd checks the only mechanisms there are."""
    if isinstance(conf, Unknown):
        return frozenset()
    elsewhere = bool(conf.auxprop_plugins) and "sasldb" not in (conf.auxprop_plugins or ())
    return frozenset({"sasldb"}) if elsewhere or not asks_auxprop(conf) else frozenset()


def _opened(x: Look, user: str) -> Step:
    """A folder is opened for passing through alone; a file is given to the user, so that nobody else reads it."""
    if x.kind == "d":
        return Chmod("o+x", (x.path,), ("o-x",))
    return Chown(user, (x.path,), x.owner)


@check(
    "PERM007",
    "unreadable-plug-in",
    "error",
    rung="mechanism",
    role="cause",
    explains=("no-offer", "MAP012"),
    witnesses=("PERM124",),
    fails=[
        {"paths": "-rw------- daemon root /usr/lib/sasl2/libplain.so\n[plug-in] /usr/lib/sasl2/libplain.so", "cf": ""},
        {
            "paths": "---------- root root /etc/sasl2/Sendmail.conf\n[SASL configuration] /etc/sasl2/Sendmail.conf",
            "cf": "",
        },
        {
            "paths": "drwx------ daemon root /usr/lib/sasl2\n-rw-r--r-- root root /usr/lib/sasl2/libplain.so\n"
            "[plug-in] /usr/lib/sasl2/libplain.so",
            "cf": "",
        },
    ],
    passes=[
        {"paths": "-rw-r--r-- daemon root /usr/lib/sasl2/libplain.so\n[plug-in] /usr/lib/sasl2/libplain.so", "cf": ""},
        {
            "paths": "-rw-r----- smmta smmsp /etc/sasl2/Sendmail.conf\n[SASL configuration] /etc/sasl2/Sendmail.conf",
            "cf": "O TrustedUser=smmta",
        },
        {
            "paths": "-rw-r----- root smmta /etc/sasl2/Sendmail.conf\n[SASL configuration] /etc/sasl2/Sendmail.conf",
            "cf": "O RunAsUser=smmta",
            "system": "primary group smmta: smmta",
        },
        {
            "paths": "drwx-----x root root /usr/lib/sasl2\n-rw-r--r-- root root /usr/lib/sasl2/libplain.so\n"
            "[plug-in] /usr/lib/sasl2/libplain.so",
            "cf": "O RunAsUser=smmta:smmsp",
        },
    ],
    refs=("sendmail: sendmail/usersmtp.c, safesaslfile(); libsmutil/safefile.c, safefile() and safedirpath()",),
)
def unreadable_plug_in(cf: SendmailCf, paths: Paths, system: System | Unknown) -> Findings:
    """Sendmail may not read a plug-in or Sendmail.conf: it tests the mode even as root.

    Root counts as the owner only of its own files and of those of TrustedUser (smmta on Debian); of another's file the
    right of the group or of others must be there, and with RunAsUser it is that user who must have the right. An
    unreadable plug-in is skipped; so is an unreadable Sendmail.conf, and libsasl's defaults apply. The log has one
    line for each ("error: safesasl(…) failed: Permission denied", LogLevel 9).

    Advice: give Sendmail.conf to root, or to the group of RunAsUser, as passwords may stand in it; make a plug-in
    readable (chmod a+r) and its directories searchable (chmod a+x). Then restart sendmail.
    """
    yield from _unseen(paths)
    reader = _reader(cf, known(system))
    if reader is None:
        yield Unknown("RunAsUser or TrustedUser is a number", "name the user in sendmail.cf")
        return
    done: set[str] = set()
    for trail in paths.of("plug-in", "SASL configuration"):
        shut = next((d for d in trail.folders if d.line and not reader.may_search(d)), None)
        if shut is not None:
            if shut.path not in done:
                done.add(shut.path)
                yield _closed(cf, reader, shut, f"the {trail.purpose} files below it are not used", system)
            continue
        file = trail.file
        if file is None or file.kind != "-" or file.path in done or reader.may_read(file):
            continue
        done.add(file.path)
        link = "" if trail.path == file.path else f" {trail.path}"
        yield _closed(cf, reader, file, f"so the {trail.purpose}{link} is not used", system)


def _reader(cf: SendmailCf, system: System | None) -> Reader | None:
    """As whom sendmail judges files; None where it is a number, and files are listed by name."""
    account = cf.run_as_user
    if account is None or account.user in ("root", "0"):
        trusted = "root" if cf.trusted_user == "0" else cf.trusted_user
        return None if trusted.isdigit() else Reader(trusted=trusted)
    if account.user.isdigit() or account.group.isdigit():
        return None
    if account.group:  # readcf.c: RunAsUserName is not set then, and safefile() looks into no group
        return Reader(account.user, account.group)
    return Reader(
        account.user,
        system.primary_groups.get(account.user) if system else None,
        system.groups_of(account.user) if system else (),
    )


def _closed(cf: SendmailCf, reader: Reader, x: Look, then: str, system: System | Unknown) -> Found | Unknown:
    """A finding, or that an unknown group decides."""
    folder = x.kind == "d"
    if (reader.may_search(x) if folder else reader.may_read(x)) is None:
        why = f"whether {reader.user} (RunAsUser) may read {x.path} depends on its group, which is not known"
        return Unknown(why, f"id {reader.user}")
    root = reader.user == "root"
    who = "sendmail" if root else f"sendmail as {reader.user} (RunAsUser)"
    option = f"TrustedUser is {reader.trusted}" if root else f"RunAsUser is {cf.value('RunAsUser')}"
    return found(
        f"{who} may not search the directory {x.path} (mode {x.octal}, owner {x.owner}): {then}"
        if folder
        else f"{who} cannot read {x.path} (mode {x.octal}, {x.owner}:{x.group}), {then}",
        evidence=[x.evidence, Evidence(cf.path, option)],
        fix=[*_readable(x, reader), restart()],
        path=x.path,
    )


def _readable(x: Look, reader: Reader) -> list[Step]:
    """A plug-in and a folder are for everybody; a configuration, which may hold passwords, for its reader alone."""
    if x.kind == "d" or not x.path.endswith(".conf"):
        return [chmod("a+x" if x.kind == "d" else "a+r", x)]
    if reader.user != "root":
        return [Chown(f":{reader.group or reader.user}", (x.path,), f":{x.group}", "640", x.octal)]
    if x.owner in ("root", reader.trusted):
        return [chmod("u+r", x)]
    give = Chown("root", (x.path,), x.owner, safety="safe")
    return [give] if x.mode & 0o400 else [give, chmod("u+r", x)]


@check(
    "PERM008",
    "set-group-id-lost",
    "warning",
    rung="hand-over",
    role="cause",
    direction="local",
    witnesses=("QUEUE120",),
    fails=[
        {
            "program": "-rwxr-xr-x root root /usr/libexec/sendmail/sendmail",
            "submit": "O QueueDirectory=/var/spool/mqueue-client",
        },
        {"program": "-rwxr-xr-x root root /usr/libexec/sendmail/sendmail"},
    ],
    passes=[
        {
            "program": "-rwxr-sr-x root smmsp /usr/libexec/sendmail/sendmail",
            "submit": "O QueueDirectory=/var/spool/mqueue-client",
        }
    ],
    refs=("sendmail: sendmail/SECURITY",),
)
def set_group_id_lost(program: SendmailProgram, submit: SubmitCf | Unknown) -> Findings:
    """The sendmail program is not set-group-id smmsp: local users and programs cannot submit mail.

    Since 8.12 a local submission runs as the user, and only the group of the program opens the submission queue.
    Mail by SMTP is not touched, which makes it look like something else.

    Advice: chgrp smmsp and chmod 2755 (reinstalling the package does both).
    """
    look = program.look
    if isinstance(submit, Unknown) and not isinstance(submit, Absent):
        yield submit
    if look is None or look.mode & 0o6000:
        return
    yield found(
        f"{look.path} has lost its set-group-id bit (mode {look.octal}, group {look.group}; it should be 2755, group"
        " smmsp): local submission fails",
        evidence=[look.evidence],
        fix=[Chown(":smmsp", (look.path,), f":{look.group}", "2755", look.octal, safety="safe")],
        path=look.path,
    )


@check(
    "PERM009",
    "unjudged-acl",
    "info",
    rung="none",
    role="note",
    fails=[{"paths": "drwxrwxr-x+ root root /etc/mail\n[configuration] /etc/mail/sendmail.cf"}],
    passes=[{"paths": "drwxr-xr-x root root /etc/mail\n[configuration] /etc/mail/sendmail.cf"}],
    refs=("acl(5): with an ACL the group bits show the mask",),
)
def unjudged_acl(paths: Paths) -> Findings:
    """A path that mail trusts carries a POSIX access control list.

    Sendmail does not read ACLs: the group bits then show the ACL's mask, so a harmless entry for one user can look to
    sendmail as if the group could write, and a dangerous one is never seen.

    Advice: look with getfacl; setfacl -b takes the list away.
    """
    for path, look in paths.by_path.items():
        if look.has_acl:
            yield found(
                f"{path} has an access control list",
                evidence=[look.evidence],
                fix=[inspect("getfacl {path}", path=path)],
                path=path,
            )


@check(
    "PERM010",
    "map-not-readable-for-sendmail",
    "error",
    rung="listener",
    role="cause",
    # an access map that cannot be asked turns every client away: EHLO shows no extension, all else gets a 451
    explains=("no-answer", "no-offer", "no-starttls"),
    fails=[
        {"cf": "", "paths": "-rw-r----- smmta smmsp /etc/mail/access.db\n[map] /etc/mail/access.db"},
        {
            "cf": "O TrustedUser=smmta",
            "paths": "-rw------- nobody nogroup /etc/aliases.db\n[aliases] /etc/aliases.db",
        },
    ],
    passes=[
        {
            "cf": "O TrustedUser=smmta",
            "paths": "-rw-r----- smmta smmsp /etc/mail/access.db\n[map] /etc/mail/access.db",
        },
        {"cf": "", "paths": "-rw-r----- root root /etc/mail/access.db\n[map] /etc/mail/access.db"},
        {"cf": "", "paths": "-rw-r--r-- smmta smmsp /etc/mail/access.db\n[map] /etc/mail/access.db"},
        {"cf": "O RunAsUser=smmta", "paths": "-rw-r----- root smmsp /etc/mail/access.db\n[map] /etc/mail/access.db"},
    ],
    refs=("sendmail: libsmutil/safefile.c, safefile(); sendmail/map.c, db_map_open()",),
)
def map_not_readable_for_sendmail(cf: SendmailCf, paths: Paths) -> Findings:
    """The mode and owner of a map do not let sendmail read it: it tests them even as root.

    Root counts as the owner only of its own files and of those of TrustedUser. Of another's file the group's or the
    others' right must be there, or the map is refused ("unsafe map file: Permission denied"); without the access map
    every client gets "451 Temporary system failure".

    Advice: give the file to root or to TrustedUser (chown), or rebuild the map as root.
    """
    yield from _unseen(paths)
    account = cf.run_as_user
    if (account is not None and account.user not in ("root", "0")) or cf.trusted_user.isdigit():
        return
    trusted = {"root", cf.trusted_user}
    shut: dict[str, dict[str, Look]] = {}
    for trail in paths.of("map", "aliases"):
        file = trail.file
        if file is not None and file.kind == "-" and not any(may(file, user, {"root"}, 4) for user in trusted):
            shut.setdefault(file.owner, {})[file.path] = file
    for owner, maps in shut.items():
        files = shell_words(*maps)
        modes = ", ".join(f"{x.octal} {x.owner}:{x.group}" for x in list(maps.values())[:1])
        yield found(
            f"sendmail may not read the map {'file' if len(maps) == 1 else 'files'} {files} ({modes}): the owner is"
            f" neither root nor TrustedUser ({cf.trusted_user})",
            evidence=[*(x.evidence for x in maps.values()), Evidence(cf.path, f"TrustedUser is {cf.trusted_user}")],
            fix=[
                Chown("root", tuple(maps), owner, safety="safe"),
                *rebuild(
                    cf.path,
                    "or, if {owner} is to own sendmail's files: define(`confTRUSTED_USER', `{owner}')dnl",
                    owner=owner,
                )[:1],
            ],
            user=owner,
        )

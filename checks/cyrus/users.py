"""USER: the user database, its users, and the realm they are looked up in."""

from collections.abc import Sequence

from maildoctor.api import (
    Absent,
    AddUser,
    DeleteUser,
    Evidence,
    Findings,
    Found,
    LoginService,
    Move,
    RemoveFolder,
    Restart,
    SaslApplication,
    Step,
    Unknown,
    add_user,
    amend,
    change,
    check,
    found,
    known,
    leave_root,
    restart,
    set_option,
    setting,
)
from maildoctor.api.cyrus import (
    PLAINTEXT,
    WITHOUT_SECRET,
    Outside,
    Plugins,
    Saslauthd,
    SaslConf,
    SaslDb,
    User,
    mechanisms,
    uses_sasldb,
)
from maildoctor.api.host import USER_NOT_FOUND, WRONG_PASSWORD, Attempts, LoginHistory, Logins, Look, System

_LISTING = "# path: /etc/sasldb2\n# format: Berkeley DB hash version 9\n# backend: berkeley\n"


def _wants_users(service: LoginService, conf: SaslConf | Unknown, saslauthd: Saslauthd | Unknown) -> bool:
    """Whether somebody is meant to log in here: AUTH was set up, and sasldb is where users live. A
    saslauthd that runs with -a sasldb looks for them there too."""
    asked = isinstance(conf, SaslConf) and conf.verifies_by("saslauthd")
    return service.wanted and uses_sasldb(known(conf)) and (bool(_asked_by(saslauthd)) or not asked)


def _asked_by(saslauthd: Saslauthd | Unknown) -> list[Evidence]:
    """The saslauthd that looks for users in a sasldb; empty where none does."""
    if isinstance(saslauthd, Saslauthd) and saslauthd.processes and saslauthd.mechanism == "sasldb":
        return [Evidence("ps", saslauthd.processes[0].command)]
    return []


@check(
    "USER001",
    "sasldb-missing",
    "error",
    rung="verifier",
    role="cause",
    witnesses=("SASL120", "SASL160", "SASL152", "USER150"),
    fails=[
        {"service": "wanted\ntrusted: PLAIN\nrealm: mail.example.com"},
        {
            "service": "wanted\ntrusted: PLAIN",
            "conf": "pwcheck_method: saslauthd",
            "saslauthd": "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a sasldb",
        },
        {
            "service": "service: postfix /etc/postfix/main.cf\nwanted\nrealm: mail.example.com",
            "application": "name: smtpd\nproduct: postfix\nroot: /var/spool/postfix\nrooted: smtp/inet submission/inet",
            "outside": "-rw-r----- root sasl /etc/sasldb2",
        },
        {
            "service": "service: postfix /etc/postfix/main.cf\nwanted\nrealm: mail.example.com",
            "application": "name: smtpd\nproduct: postfix\nroot: /var/spool/postfix\nrooted: smtp/inet",
            "conf": "sasldb_path: /var/spool/postfix/etc/sasldb2",
            "outside": "-rw-r----- root sasl /var/spool/postfix/etc/sasldb2",
        },
    ],
    passes=[
        {"service": "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"},
        {"service": "service: postfix /etc/postfix/main.cf\nmechanisms:"},
        {
            "service": "wanted\ntrusted: PLAIN\nrealm: mail.example.com",
            "sasldb": _LISTING + "test@mail.example.com: userPassword",
        },
    ],
    refs=('libsasl: sasldb/db_berkeley.c: a missing file is reported as "user not found"; sasldb/db_gdbm.c',),
)
def sasldb_missing(
    service: LoginService,
    sasldb: SaslDb | Unknown,
    conf: SaslConf | Unknown,
    saslauthd: Saslauthd | Unknown,
    application: SaslApplication | Unknown,
    outside: Outside | Unknown,
    logins: Logins | Unknown,
    system: System | Unknown,
) -> Findings:
    """The user database does not exist, so no user is found.

    libsasl reports a missing sasldb as "user not found (-20)", like a misspelt name; where it is built with GDBM
    (Fedora, Red Hat 9) as "generic failure (-1)". It opens the file at each login, which in a chrooted smtpd of Postfix
    is below the queue directory.

    Advice: create the users with saslpasswd2, which makes the file, or restore it; or make sasldb_path name the right
    one. Where the users are those of the system, saslauthd needs -a pam or -a shadow, not -a sasldb.
    """
    if not isinstance(sasldb, Unknown) or not uses_sasldb(known(conf)) or service.provider != "libsasl":
        return
    if service.mechanisms == ():  # AUTH is switched off
        return
    folder = sasldb.kind == "directory"
    if not isinstance(sasldb, Absent) and not folder:
        return
    path = sasldb.subject or "/etc/sasldb2"
    what = "is a directory, not a file" if folder else "does not exist"
    named = (
        [Evidence(conf.path, f"sasldb_path: {conf.sasldb_path}")]
        if isinstance(conf, SaslConf) and conf.sasldb_path
        else []
    )
    named += _asked_by(saslauthd)
    wanted = _wants_users(service, conf, saslauthd)
    if isinstance(outside, Outside) and outside.sasldb and isinstance(application, SaslApplication) and not folder:
        if wanted:
            yield _outside_of_root(service, application, known(conf), path, outside.sasldb, named)
        return
    yield found(
        f"The user database {path} {what}"
        + (", so nobody can log in" if wanted else "; where users are kept elsewhere none is needed"),
        evidence=[*named, Evidence(f"ls -ld {path}", "a directory" if folder else "No such file or directory")],
        fix=[
            *([RemoveFolder(path)] if folder else []),
            *_made(_tried(logins), service.realm, path, system),
        ],
        severity="error" if wanted else "info",
        path=path,
    )


def _tried(logins: Logins | Unknown) -> tuple[str, ...]:
    """Who tried to log in and was not found."""
    if isinstance(logins, Unknown) or logins.guessing:
        return ()
    return tuple(a.name for a in logins.failing(USER_NOT_FOUND)[:3])


_FEW = 3
"""Accounts of a small host, whose owners are those who send mail."""


def _made(names: Sequence[str], realm: str, path: str, system: System | Unknown) -> list[Step]:
    """These users; where none is known those who have an account of the system, and with it a mailbox."""
    people = sorted(system.people) if isinstance(system, System) and len(system.people) <= _FEW else []
    return [add_user(name, realm or "REALM", path) for name in names or people or ["USER"]]


def _outside_of_root(
    service: LoginService,
    application: SaslApplication,
    conf: SaslConf | None,
    path: str,
    there: Look,
    named: list[Evidence],
) -> Found:
    """There is a database where the rest of the host looks for it, and none where the service does."""
    root, inside = application.root, there.path.removeprefix(application.root)
    says_root = conf is not None and inside != there.path
    return found(
        f"The user database {there.path} cannot be seen by {application.name}, which works in {root} (chroot) and "
        f"looks for {path}, so nobody can log in",
        evidence=[*named, there.evidence, Evidence(f"ls -ld {path}", "No such file or directory")],
        fix=[set_option(conf, "sasldb_path", inside), restart(service)]
        if says_root and conf is not None
        else leave_root(service, application),
        advice=_NAME_IN_ROOT if says_root else _IN_ROOT.format(name=application.name, there=there.path, path=path),
        path=path,
    )


_NAME_IN_ROOT = "write sasldb_path as it is called in the chroot, without the chroot's own path."
_IN_ROOT = (
    "let {name} work without the chroot, as Postfix comes, so that it opens the database that saslpasswd2 writes. To "
    "keep the chroot instead, copy the file with its owner and mode (cp -p {there} {path}), and after each change of a "
    "user again. Not with chroot_extra_files of Debian's /etc/default/postfix, which lets everybody read the copy."
)


@check(
    "USER002",
    "sasldb-empty",
    "error",
    rung="account",
    role="cause",
    witnesses=("SASL120", "SASL152", "USER150"),
    fails=[
        {"service": "wanted\ntrusted: PLAIN", "sasldb": _LISTING + "# empty"},
        {
            "service": "wanted\nmechanisms: PLAIN CRAM-MD5",
            "sasldb": _LISTING + "# empty",
            "conf": "pwcheck_method: saslauthd",
        },
    ],
    passes=[
        {"service": "wanted\ntrusted: PLAIN", "sasldb": _LISTING + "test@mail.example.com: userPassword"},
        {
            "service": "wanted\nmechanisms: PLAIN LOGIN",
            "sasldb": _LISTING + "# empty",
            "conf": "pwcheck_method: saslauthd",
        },
    ],
    refs=("saslpasswd2(8)",),
)
def sasldb_empty(
    service: LoginService,
    sasldb: SaslDb,
    conf: SaslConf | Unknown,
    logins: Logins | Unknown,
    saslauthd: Saslauthd | Unknown,
    plugins: Plugins | Unknown,
    system: System | Unknown,
) -> Findings:
    """The user database holds no users.

    Every login that looks there ends in "user not found (-20)". Debian makes such an empty file at installation. Where
    saslauthd checks passwords, PLAIN and LOGIN do not look there, unless it runs with -a sasldb.

    Advice: create the users with saslpasswd2, in the realm of this server. Where the users are those of the system,
    saslauthd needs -a pam or -a shadow (Debian: MECHANISMS in /etc/default/saslauthd), not -a sasldb.
    """
    wanted = _wants_users(service, conf, saslauthd)
    asked = isinstance(conf, SaslConf) and conf.verifies_by("saslauthd")
    elsewhere = asked and not (isinstance(saslauthd, Saslauthd) and saslauthd.mechanism == "sasldb")
    idle = _of_stored_secrets(mechanisms(service, known(conf), known(plugins), None).offered(tls=True))
    if sasldb.state == "empty" and uses_sasldb(known(conf)) and (idle or not elsewhere):
        tried = logins.failing(USER_NOT_FOUND)[:3] if isinstance(logins, Logins) and not logins.guessing else ()
        whom = f"; {' '.join(a.name for a in tried)}, who tried, is not in it" if tried else ""
        if elsewhere:
            lost = f", so nobody can log in by {' '.join(idle)}; saslauthd checks PLAIN and LOGIN"
        else:
            lost = ", so nobody can log in" if wanted else ""
        yield found(
            f"There are no users in {sasldb.path} (sasldb is empty){lost}{whom}",
            evidence=[
                Evidence("sasldblistusers2", "no users"),
                *(Evidence(sasldb.path, t) for t in sasldb.trouble),
                *_asked_by(saslauthd),
                *(Evidence(logins.path, a.last) for a in tried if isinstance(logins, Logins)),
            ],
            fix=[Restart("saslauthd")]
            if _set_otherwise(saslauthd)
            else _made([a.name for a in tried], service.realm, sasldb.path, system),
            severity="error" if wanted else "info",
            path=sasldb.path,
        )


def _set_otherwise(saslauthd: Saslauthd | Unknown) -> bool:
    """Whether the saslauthd that looks in a sasldb would look elsewhere if it were started by its settings."""
    set_to = saslauthd.settings.get("MECHANISMS", "") if isinstance(saslauthd, Saslauthd) else ""
    return bool(_asked_by(saslauthd)) and set_to.strip("\"'") not in ("", "sasldb")


def _of_stored_secrets(names: tuple[str, ...]) -> list[str]:
    """Those that only a stored secret can serve; of OTP it may be one of opie."""
    return [n for n in names if n not in PLAINTEXT and n not in WITHOUT_SECRET and n != "OTP"]


@check(
    "USER020",
    "password-that-nobody-can-type",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    explains=("USER009", "LOGIN001", "LOGIN002", "LOGIN003"),
    fails=[
        {"service": "wanted", "sasldb": _LISTING + "test@mail.example.com: userPassword (ends in a carriage return)"},
        {"service": "wanted", "sasldb": _LISTING + "test@mail.example.com: userPassword (has a NUL in it)"},
        {"service": "wanted", "sasldb": _LISTING + "test@mail.example.com: userPassword (empty)"},
    ],
    passes=[
        {"service": "wanted", "sasldb": _LISTING + "test@mail.example.com: userPassword"},
        {
            "service": "wanted",
            "sasldb": _LISTING + "a@b: userPassword (ends in a line feed)",
            "conf": "auxprop_plugin: sql",
        },
    ],
    refs=(
        "libsasl: utils/saslpasswd.c: with -p the password is what is read, without a line feed at its end alone",
        "libsasl: plugins/plain.c: name and password end at a NUL",
    ),
)
def password_that_nobody_can_type(sasldb: SaslDb, service: LoginService, conf: SaslConf | Unknown) -> Findings:
    """A password in the user database is empty, or has at its end or in it what no client sends.

    A list with DOS line ends, or `echo` in place of `printf`, makes passwords that end in a carriage return or line
    feed. Whoever types the password without it is refused, by every mechanism, and the log says "authentication
    failure" as for any wrong password.

    Advice: set the password again with saslpasswd2; in a script: printf %s PASSWORD | saslpasswd2 -p -c -u REALM USER.
    """
    if not uses_sasldb(known(conf)) or not service.wanted:
        return
    flawed = [(user, user.flaw) for user in sasldb.users if user.flaw]
    for user, flaw in flawed[:_SOME]:
        every = len(flawed) == len(sasldb.users)
        mild = flaw in ("ends in a blank", "ends in a tab")
        what = "is empty" if flaw == "is empty" else f"{flaw}, which no client sends"
        yield found(
            f"The password of {user.name}@{user.realm} in {sasldb.path} {what}",
            evidence=[Evidence(sasldb.path, f"{user.name}@{user.realm}: userPassword ({flaw})")],
            fix=[add_user(user.name, user.realm, sasldb.path)],
            severity="warning" if mild else None,
            user="all" if every and len(flawed) == 1 else user.name,
        )


_SOME = 20


@check(
    "USER003",
    "sasldb-damaged",
    "error",
    rung="verifier",
    role="cause",
    explains=("USER002", "USER005"),
    fails=[{"sasldb": _LISTING + "# damage: the file ends after page 2 of 6\ntest@mail.example.com: userPassword"}],
    passes=[{"sasldb": _LISTING + "test@mail.example.com: userPassword"}],
    refs=("Berkeley DB: db_verify(1)",),
)
def sasldb_damaged(sasldb: SaslDb) -> Findings:
    """The user database is damaged: a part of it cannot be read.

    Users in that part get "user not found" or "generic failure"; the listing tools may hang on such a file.

    Advice: restore the file from a backup, or create the users anew with saslpasswd2.
    """
    if sasldb.state == "damaged":
        yield found(
            f"{sasldb.path} is damaged: {'; '.join(sasldb.trouble[:3])} ({len(sasldb.users)} users could be read)",
            evidence=[Evidence(sasldb.path, t) for t in sasldb.trouble[:5]],
            fix=[
                Move(sasldb.path, f"{sasldb.path}.damaged"),
                *(add_user(u.name, u.realm, sasldb.path) for u in sasldb.users[:3]),
            ],
            path=sasldb.path,
        )


@check(
    "USER004",
    "sasldb-of-another-kind",
    "error",
    rung="verifier",
    role="cause",
    explains=("USER002", "USER003", "USER005", "USER007"),
    witnesses=("SASL161", "SASL123"),
    fails=[
        {
            "sasldb": "# path: /etc/sasldb2\n# format: LMDB\n# backend: lmdb\ntest@mail.example.com: userPassword",
            "plugins": "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libsasldb.so -> /usr/lib/sasl2/libsasldb.so\n"
            "ELF 64-bit LSB shared object, x86-64, soname libsasldb.so.2\n\tlibdb-5.3.so => /lib/libdb-5.3.so",
        },
        {"sasldb": "# path: /etc/sasldb2\n# not a sasldb: text"},
    ],
    passes=[
        {
            "sasldb": _LISTING + "test@mail.example.com: userPassword",
            "plugins": "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libsasldb.so -> /usr/lib/sasl2/libsasldb.so\n"
            "ELF 64-bit LSB shared object, x86-64, soname libsasldb.so.2\n\tlibdb-5.3.so => /lib/libdb-5.3.so",
        }
    ],
    refs=("libsasl: sasldb/db_*.c: one back end is compiled in",),
)
def sasldb_of_another_kind(
    sasldb: SaslDb,
    plugins: Plugins | Unknown,
    service: LoginService | Unknown,
    logins: Logins | Unknown,
    system: System | Unknown,
) -> Findings:
    """The user database is of another format than the installed sasldb plug-in reads, or no user database at all.

    libsasl is built for one kind of database (Berkeley DB, GDBM or LMDB). A file of another kind, as it comes from
    another host or an upgrade, gives "generic failure (-1)" at every login.

    Advice: create the users anew with this system's saslpasswd2 (or convert the file: cyrusbdb2current on Red Hat).
    """
    wanted = plugins.backend if isinstance(plugins, Plugins) else None
    kinds = {"berkeley": "Berkeley DB", "gdbm": "GDBM", "lmdb": "LMDB", "ndbm": "NDBM", "cdb": "cdb"}
    if sasldb.state == "foreign":
        what = (
            f"{sasldb.path} is of the wrong format: it is not a sasldb ({'; '.join(sasldb.trouble) or 'unknown data'})"
        )
    elif wanted and sasldb.backend and sasldb.backend != wanted and sasldb.state != "empty":
        what = (
            f"{sasldb.path} is a {kinds.get(sasldb.backend, sasldb.backend)} file, of the wrong format: the "
            f"installed"
            f" plug-in reads {kinds.get(wanted, wanted)}"
        )
    elif sasldb.version == 1 and sasldb.users and sasldb.path.endswith("sasldb2"):
        what = f"{sasldb.path} holds records of SASL 1, another format than SASL 2 reads"
    else:
        return
    realm = service.realm if isinstance(service, LoginService) else ""
    users = [add_user(u.name, u.realm, sasldb.path) for u in sasldb.users[:3]]
    users = users or _made(_tried(logins), realm, sasldb.path, system)
    yield found(
        what,
        evidence=[
            Evidence(sasldb.path, sasldb.detail or "; ".join(sasldb.trouble)),
            Evidence(
                "libsasldb.so",
                f"linked with {plugins.backend_library}"
                if isinstance(plugins, Plugins) and plugins.backend_library
                else "not judged",
            ),
        ],
        fix=[Move(sasldb.path, f"{sasldb.path}.old"), *users],
        path=sasldb.path,
    )


def _near(realm: str, server: str) -> bool:
    """Whether a realm was most likely meant to be the server's: other case, the short name, a final dot."""
    a, b = realm.lower().rstrip("."), server.lower()
    return a == b or b.startswith(a + ".") or a.startswith(b + ".") or not a


@check(
    "USER005",
    "user-in-another-realm",
    "error",
    rung="account",
    role="derived",
    witnesses=("SASL120", "SASL152", "USER150"),
    fails=[
        {"service": "realm: mail.example.com", "sasldb": _LISTING + "test@mail: userPassword"},
        {"service": "realm: mail.example.com", "sasldb": _LISTING + "test@MAIL.EXAMPLE.COM: userPassword"},
        {"service": "realm: hub.example.com", "sasldb": _LISTING + "mailrelay@foo: userPassword"},
        {
            "service": "realm: example.com",
            "sasldb": _LISTING + "test@EXAMPLE.COM: userPassword",
        },
    ],
    passes=[
        {"service": "realm: mail.example.com", "sasldb": _LISTING + "test@mail.example.com: userPassword"},
        {"service": "realm: mail.example.com", "sasldb": _LISTING + "test@mail.example.com: userPassword"},
        {
            "service": "realm: foo",
            "sasldb": _LISTING + "mailrelay@foo: userPassword",
        },
        {
            "service": "realm: mail.example.com",
            "sasldb": _LISTING + "a@mail.example.com: userPassword\nb@example.org: userPassword",
        },
        {"service": "realm unknown: it stands in no file", "sasldb": _LISTING + "test@mail.example.com: userPassword"},
    ],
    refs=(
        "libsasl: plugins/plugin_common.c, _plug_parseuser(); sendmail: sendmail/srvrsmtp.c, sasl_server_new(… "
        "AuthRealm or $j)",
    ),
)
def user_in_another_realm(service: LoginService, sasldb: SaslDb, conf: SaslConf | Unknown) -> Findings:
    """Users are in another realm than the one in which this server looks them up.

    A name without `@` is looked up together with the server's realm: AuthRealm, else the host's full name ($j). The
    pair must match to the letter, and libsasl puts the server's realm in lower case; otherwise the log says "user
    not found (-20)". Users made without -u get the host name as `hostname` prints it, which mostly is the short one.

    Advice: create the user in the server's realm with saslpasswd2 -c -u REALM USER, or set confAUTH_REALM to the realm
    the users are in; or have the clients log in as USER@REALM.
    """
    if not sasldb.users or sasldb.state == "foreign" or not uses_sasldb(known(conf)):
        return
    if service.realm_unknown is not None:
        yield service.realm_unknown
        return
    realm = service.realm
    lost = [u for u in sasldb.users if u.realm != realm]
    if sasldb.in_realm(realm):
        in_realm = {u.name for u in sasldb.in_realm(realm)}
        lost = [u for u in lost if _near(u.realm, realm) and u.name not in in_realm]
    if not lost:
        return
    whole = not sasldb.in_realm(realm)
    other = sorted({u.realm for u in lost})
    deliberate = whole and len(other) == 1 and not _near(other[0], realm)
    end = "dnl" if service.product == "sendmail" else ""
    instead = amend(service, f"or: {setting(service, 'realm', '{realm}')}{end}", realm=other[0])[:1]
    option = service.option("realm")
    source = f"{option} of {service.path}" if service.realm_is_set else f"the host's full name; {option} is not set"
    yield found(
        f"{_users(lost)} in realm {_realms(other)}, but the server looks names up in realm {realm} ({source})",
        evidence=[
            *(Evidence("sasldblistusers2", f"{u.name}@{u.realm}") for u in lost[:5]),
            service.evidence("realm") if service.realm_is_set else Evidence(service.path, f"{option} is not set"),
        ],
        fix=change(service, "realm", other)
        if service.product == "postfix" and whole and len(other) == 1
        else [*(add_user(u.name, realm, sasldb.path) for u in lost[:3]), *(instead if deliberate else [])],
        severity="error" if whole else "warning",
        realm=realm,
    )


def _users(users: list[User]) -> str:
    names = ", ".join(u.name for u in users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
    return f"user {names} is" if len(users) == 1 else f"users {names} are"


def _realms(realms: list[str]) -> str:
    return " ".join(repr(r) for r in realms[:4]) + (" …" if len(realms) > 4 else "")


@check(
    "USER006",
    "deleted-user-can-log-in",
    "warning",
    rung="account",
    role="risk",
    scope=("user",),
    explains=("USER007",),
    fails=[{"sasldb": _LISTING + "ghost@mail.example.com: authPassword (SCRAM-SHA-1, 4096 iterations)"}],
    passes=[
        {
            "sasldb": _LISTING
            + "test@mail.example.com: userPassword\ntest@mail.example.com: authPassword (SCRAM-SHA-1, 4096 iterations)"
        }
    ],
    refs=("libsasl: saslpasswd2 -d deletes userPassword; authPassword is left unless scram_secret_generate is set",),
)
def deleted_user_can_log_in(sasldb: SaslDb) -> Findings:
    """A user has a SCRAM secret but no password: most often a deleted user who can still log in.

    saslpasswd2 -d leaves the authPassword record behind, and SCRAM asks for nothing else. A user made on purpose with
    -n looks the same.

    Advice: if the user is meant to be gone, set a password and delete the user with scram_secret_generate: yes in the
    configuration that saslpasswd2 reads.
    """
    for user in sasldb.ghosts[:20]:
        yield found(
            f"{user.name}@{user.realm} has no password but a SCRAM secret, and can log in by "
            f"{' '.join(sorted(user.mechanisms))}",
            evidence=[Evidence(sasldb.path, f"{user.name}@{user.realm}: authPassword")],
            fix=[DeleteUser(user.name, user.realm, "Sendmail")],
            user=f"{user.name}@{user.realm}",
        )


@check(
    "USER007",
    "user-without-a-usable-mechanism",
    "error",
    rung="account",
    role="derived",
    fails=[
        {
            "service": "mechanisms: CRAM-MD5 PLAIN",
            "sasldb": _LISTING + "test@mail.example.com: authPassword (SCRAM-SHA-1, 4096 iterations)",
            "plugins": "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
            "ELF 64-bit LSB shared object, x86-64",
        }
    ],
    passes=[
        {
            "service": "mechanisms: CRAM-MD5 PLAIN",
            "sasldb": _LISTING + "test@mail.example.com: userPassword",
            "plugins": "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
            "ELF 64-bit LSB shared object, x86-64",
        }
    ],
    refs=("libsasl: sasldb: the properties of a user decide which mechanisms can serve him",),
)
def user_without_a_usable_mechanism(
    service: LoginService, sasldb: SaslDb, plugins: Plugins, conf: SaslConf | Unknown
) -> Findings:
    """A user's stored secrets fit none of the mechanisms that are offered.

    A password (userPassword) serves PLAIN, LOGIN, CRAM-MD5, DIGEST-MD5 and SCRAM; an authPassword serves only the one
    SCRAM it was made for, an OTP secret only OTP.

    Advice: set the user's password again with saslpasswd2, or offer the mechanism that the secret serves.
    """
    offered = set(mechanisms(service, known(conf), plugins, sasldb).offered(tls=True))
    lost = [u for u in sasldb.users if not u.mechanisms & offered]
    if not offered or not lost or sasldb.state == "foreign" or not uses_sasldb(known(conf)):
        return
    yield found(
        f"{_users(lost)} stored with secrets for {' '.join(sorted(lost[0].mechanisms)) or 'no mechanism'} only; "
        f"offered: {' '.join(sorted(offered))}",
        evidence=[
            Evidence("sasldblistusers2", f"{u.name}@{u.realm}: {' '.join(sorted(u.properties))}") for u in lost[:5]
        ],
        fix=[add_user(u.name, u.realm, sasldb.path) for u in lost[:3]],
        severity="error" if len(lost) == len(sasldb.users) else "warning",
        path=sasldb.path,
    )


def _failure(mech: str, words: str, user: str) -> str:
    relay = "relay=client.example.com [192.0.2.9]"
    return f"Nov 22 06:04:57 mail sm-mta[60]: 6AM64vGs000060: AUTH failure ({mech}): {words}, user={user}, {relay}\n"


_WRONG = "".join(
    _failure(mech, "authentication failure (-13) SASL(-13): authentication failure: checkpass failed", "test")
    for mech in ("CRAM-MD5", "LOGIN", "PLAIN")
)
_UNKNOWN = _failure("PLAIN", "user not found (-20) SASL(-13): user not found: no secret in database", "bob") * 2
_TEST = {
    "service": "realm: mail.example.com",
    "sasldb": _LISTING + "test@mail.example.com: userPassword",
}
_GOT_IN = "Nov 22 06:05:01 mail sm-mta[61]: AUTH=server, relay=client.example.com, authid=test, mech=PLAIN, bits=0\n"


@check(
    "USER013",
    "name-differs-in-case",
    "error",
    rung="account",
    role="derived",
    scope=("user",),
    fails=[{**_TEST, "sasldb": _LISTING + "BOB@mail.example.com: userPassword", "logins": _UNKNOWN}],
    passes=[
        {**_TEST, "sasldb": _LISTING + "bob@mail.example.com: userPassword", "logins": _UNKNOWN},
        {**_TEST, "sasldb": _LISTING + "Anna@mail.example.com: userPassword", "logins": _UNKNOWN},
    ],
    refs=("libsasl: sasldb/allockey.c: names are compared as they are, letter by letter",),
)
def name_differs_in_case(service: LoginService, sasldb: SaslDb, logins: Logins, conf: SaslConf | Unknown) -> Findings:
    """A user logs in under a name that the user database holds in other letters, capital or small.

    sasldb compares names letter by letter: `Test` and `test` are two users, and one of them does not exist.

    Advice: create the user as the people write the name, and delete the other entry; or have them write it as it is.
    """
    if not uses_sasldb(known(conf)) or service.provider != "libsasl":
        return
    names = {u.name for u in sasldb.users}
    alike = {u.name.lower(): u for u in sasldb.users}
    for tried in logins.failing(USER_NOT_FOUND):
        other = alike.get(tried.name.lower())
        if other is None or tried.name in names:
            continue
        yield found(
            f"{tried.name} tries to log in, and {sasldb.path} holds {other.name}: names are compared letter by letter",
            evidence=[Evidence(logins.path, tried.last), Evidence(sasldb.path, f"{other.name}@{other.realm}")],
            fix=[add_user(tried.name, other.realm, "" if sasldb.path == "/etc/sasldb2" else sasldb.path)],
            user=tried.name,
        )


@check(
    "USER008",
    "unknown-user-tried",
    "warning",
    rung="account",
    role="symptom",
    scope=("user",),
    shows=("user-refused",),
    explains=("LOGIN001",),
    witnesses=("SASL120", "SASL152", "USER150"),
    fails=[
        {
            **_TEST,
            "logins": _UNKNOWN,
        },
        {
            **_TEST,
            "logins": _UNKNOWN,
            "history": f"# path: /var/log/mail.log\n# since: 2026-11-22T06:00:00Z\n{_UNKNOWN}",
        },
    ],
    passes=[
        {
            **_TEST,
            "sasldb": _LISTING + "bob@mail.example.com: userPassword",
            "logins": _UNKNOWN,
        },
        {
            **_TEST,
            "logins": _GOT_IN,
        },
    ],
    refs=("libsasl: SASL_NOUSER (-20)",),
)
def unknown_user_tried(
    service: LoginService,
    sasldb: SaslDb,
    logins: Logins,
    conf: SaslConf | Unknown,
    history: LoginHistory | Unknown,
) -> Findings:
    """Somebody tries to log in under a name that the user database does not hold.

    The log says "user not found (-20)", and the name is still missing now. Where many different names are tried it is
    guessing from outside, which is not reported here.

    Advice: if the name should exist, create the user with saslpasswd2; if not, it is a mistyped name or a stranger.
    """
    if not sasldb.users or logins.guessing or sasldb.state == "foreign" or not uses_sasldb(known(conf)):
        return
    realm, there = service.realm or "REALM", {u.name for u in sasldb.users}
    only = history.only_user if isinstance(history, LoginHistory) else ""
    for one in logins.failing(USER_NOT_FOUND):
        if one.name not in there and sum(one.failures.values()) > 1:
            yield found(
                f"{one.name} is not in {sasldb.path}, but somebody tries to log in as {one.name} from {_from(one)}",
                evidence=[Evidence(logins.path, one.last), Evidence("sasldblistusers2", f"no {one.name}")],
                fix=[add_user(one.name, realm, sasldb.path)],
                severity="error" if one.name == only else "info" if _stranger(one, history) else None,
                user=one.name,
            )


def _stranger(one: Attempts, history: LoginHistory | Unknown) -> bool:
    """Others get in, and none of them from where this one tries."""
    if not isinstance(history, LoginHistory) or not history.succeeded:
        return False
    friends = {peer for r in history.by_mechanism.values() for _, peer in r.friends}
    return not friends & {relay.strip() for relay in one.relays}


def _from(one: Attempts) -> str:
    relays = sorted(r for r in one.relays if r)
    return " and ".join(relays[:2]) + (f" and {len(relays) - 2} more" if len(relays) > 2 else "") or "somewhere"


@check(
    "USER009",
    "wrong-password",
    "error",
    rung="account",
    role="symptom",
    scope=("user",),
    shows=("user-refused",),
    explains=("LOGIN001",),
    witnesses=("SASL121", "USER151", "SASL154"),
    fails=[
        {
            **_TEST,
            "logins": _WRONG,
        }
    ],
    passes=[
        {
            **_TEST,
            "logins": _WRONG + _GOT_IN,
        },
        {
            **_TEST,
            "logins": _GOT_IN,
        },
    ],
    refs=("libsasl: SASL_BADAUTH (-13)",),
)
def wrong_password(
    service: LoginService,
    sasldb: SaslDb,
    logins: Logins,
    conf: SaslConf | Unknown,
    history: LoginHistory | Unknown,
) -> Findings:
    """A user exists, but every login fails: the password in the user database is another one than the client's.

    The log says "authentication failure (-13)" and no login of that user succeeded since. Where one client fails it is
    a wrong password; where many addresses do, somebody is guessing.

    Advice: set the password again with saslpasswd2, or correct it in the client.
    """
    if sasldb.state == "foreign" or not uses_sasldb(known(conf)):
        return
    realm = service.realm
    in_realm = {u.name for u in sasldb.in_realm(realm)}
    only = history.only_user if isinstance(history, LoginHistory) else ""
    for one in logins.failing(WRONG_PASSWORD):
        failures = one.failures[WRONG_PASSWORD]
        if one.name not in in_realm or one.succeeded or failures < 3:
            continue
        few = len(one.relays) <= 2 and not logins.guessing
        yield found(
            f"The password of user {one.name} in {sasldb.path} is not the one that the client at {_from(one)} sends:"
            f" {failures} logins failed, none succeeded",
            evidence=[Evidence(logins.path, one.last)],
            fix=[AddUser(one.name, realm, exists=True)],
            severity="error" if few and (len(one.mechanisms) > 1 or one.name == only) else "warning" if few else "info",
            user=one.name,
        )

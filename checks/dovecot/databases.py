"""What Dovecot's auth service asks: PAM, SQL, LDAP; and the modules that it needs for them."""

from maildoctor.api import (
    Evidence,
    Findings,
    LoginService,
    Restart,
    SetUpPam,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
)
from maildoctor.api.backends import PamService, PamType
from maildoctor.api.dovecot import (
    DatabaseServer,
    Dovecot,
    DovecotDatabases,
    Passdb,
    is_asked,
    ldap_servers,
    servers,
    sql_server,
)
from maildoctor.api.host import System

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_LIBSASL = "service: postfix /etc/postfix/main.cf\nwanted"
_HEAD = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\n"
_SQL = f"{_HEAD}passdb {{\n  driver = sql\n  args = /etc/dovecot/sql.conf\n}}\n"
_LDAP = f"{_HEAD}passdb {{\n  driver = ldap\n  args = /etc/dovecot/ldap.conf\n}}\n"
_PAM = f"{_HEAD}passdb {{\n  driver = pam\n}}\n"
_MODULES = "modules: /usr/lib/dovecot/modules/auth\nmodule: libdriver_mysql.so\nmodule: libauthdb_ldap.so\n"
_SOCKETS = (
    "socket: /run/mysqld/mysqld.sock missing\nsocket: /var/run/mysqld/mysqld.sock missing\n"
    "socket: /var/lib/mysql/mysql.sock missing\n"
)
_FILE = (
    ">> settings: /etc/dovecot/sql.conf\n-rw-r----- root dovecot /etc/dovecot/sql.conf\ndriver = mysql\n"
    "connect = host=localhost dbname=mail user=mail password=***"
)
_FILE_OF_LDAP = (
    ">> settings: /etc/dovecot/ldap.conf\n-rw-r----- root dovecot /etc/dovecot/ldap.conf\nhosts = localhost\nport: x"
)
_PACKAGES = {
    "mysql": "dovecot-mysql", "pgsql": "dovecot-pgsql", "sqlite": "dovecot-sqlite", "ldap": "dovecot-ldap",
    "lua": "dovecot-auth-lua", "gssapi": "dovecot-gssapi", "gss-spnego": "dovecot-gssapi",
}  # fmt: skip
_SERVICES = {"mysql": "mariadb", "pgsql": "postgresql", "ldap": "slapd"}
_KNOWN = frozenset({
    "pam", "passwd", "passwd-file", "shadow", "sql", "ldap", "static", "lua", "imap", "oauth2", "bsdauth", "dict",
    "checkpassword",
})  # fmt: skip
"""Drivers of a passdb that some release has (auth/passdb.c)."""
_GONE = ("shadow", "checkpassword", "dict")
"""Of these those that 2.4 has no more."""


def _settings(passdb: Passdb, databases: DovecotDatabases) -> dict[str, str]:
    file = databases.files.get(passdb.settings_file)
    return dict(file.settings) if file else {}


def _kind(passdb: Passdb, dovecot: Dovecot, databases: DovecotDatabases) -> str:
    """What a driver needs a module for: of SQL the kind of database."""
    if passdb.driver != "sql":
        return passdb.driver
    return dovecot.value("sql_driver") if dovecot.modern else _settings(passdb, databases).get("driver", "")


@check(
    "LINK065",
    "dovecot-module-absent",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN066", "no-answer", "no-offer", "no-starttls"),
    witnesses=("LINK700",),
    fails=[
        {"service": _ASKED, "dovecot": _LDAP, "databases": "modules: /usr/lib/dovecot/modules/auth\nmodule: x.so"},
        {"service": _ASKED, "dovecot": _SQL, "databases": f"modules: /usr/lib/dovecot/modules/auth\n{_FILE}"},
        {"service": _ASKED, "dovecot": _PAM.replace("pam", "ldapp"), "databases": _MODULES},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _LDAP, "databases": _MODULES},
        {"service": _ASKED, "dovecot": _SQL, "databases": f"{_MODULES}{_FILE}"},
        {"service": _ASKED, "dovecot": _PAM, "databases": _MODULES},
        {"service": _ASKED, "dovecot": _LDAP, "databases": ""},
    ],
    refs=("dovecot: auth/passdb.c, passdb_preinit(); lib-sql/sql-api.c",),
)
def module_absent(service: LoginService, dovecot: Dovecot, databases: DovecotDatabases) -> Findings:
    """A passdb or mechanism of Dovecot's configuration needs a module that is not installed, or there is no such
    driver: the auth service cannot start.

    Advice: install the package that brings it; each kind of database has one of its own.
    """
    if not is_asked(service) or dovecot.problems:
        return
    ends: list[Step] = [Restart("dovecot"), Restart(service.product)]
    for passdb in dovecot.passdbs:
        gone = passdb.driver in _GONE and dovecot.modern
        if passdb.driver not in _KNOWN or gone:
            why = "Dovecot 2.4 has it no more" if gone else "there is none of that name"
            yield found(
                f"Dovecot has no passdb driver {passdb.driver}: {why}, its auth service cannot start",
                evidence=[passdb.evidence],
                fix=[edit(passdb.section.path, "another driver in line {line}", line=str(passdb.section.line)), *ends],
                driver=passdb.driver,
            )
    needed = [(_kind(p, dovecot, databases), p.evidence) for p in dovecot.passdbs]
    needed += [(m.lower(), dovecot.evidence("auth_mechanisms")) for m in dovecot.mechanisms if m.startswith("GSS")]
    for kind, evidence in dict(needed).items():
        if file := databases.lacks(kind):
            package = _PACKAGES.get(kind, f"dovecot-{kind}")
            yield found(
                f"Dovecot's module for {kind}, {file}, is not installed: its auth service cannot start",
                evidence=[evidence, Evidence(f"ls {databases.folder}", f"no {file}")],
                fix=[by_hand("install the package {package}", package=package), *ends],
                driver=kind,
            )


def _asked(passdb: Passdb, dovecot: Dovecot, databases: DovecotDatabases) -> list[DatabaseServer]:
    if passdb.driver not in ("sql", "ldap"):
        return []
    if not dovecot.modern:
        file = databases.files.get(passdb.settings_file)
        return [*servers(passdb.driver, file.settings)] if file and not file.reason and not file.missing else []
    if passdb.driver == "ldap":
        return [*ldap_servers(dovecot.value("ldap_uris"))]
    kind = dovecot.value("sql_driver")
    blocks = dovecot.top.of(kind) if kind in ("mysql", "pgsql") else ()
    return [sql_server(kind, s.value("host") or s.name, s.value("port")) for s in blocks]


@check(
    "SASL069",
    "dovecot-database-down",
    "error",
    rung="verifier",
    role="cause",
    witnesses=("MAP701", "NET700"),
    fails=[
        {"service": _ASKED, "dovecot": _SQL, "databases": f"{_MODULES}{_SOCKETS}{_FILE}"},
        {"service": _ASKED, "dovecot": _LDAP, "databases": f"{_MODULES}port: 0.0.0.0 25\n{_FILE_OF_LDAP}"},
        {"service": _ASKED, "dovecot": _SQL, "databases": ">> settings: /etc/dovecot/sql.conf\ndrwxr-xr-x root root /"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _SQL, "databases": f"{_MODULES}{_SOCKETS.replace('missing', 'there')}{_FILE}"},
        {"service": _ASKED, "dovecot": _LDAP, "databases": f"{_MODULES}port: 0.0.0.0 389\n{_FILE_OF_LDAP}"},
        {"service": _ASKED, "dovecot": _LDAP, "databases": f"{_MODULES}ports: unknown\n{_FILE_OF_LDAP}"},
    ],
    refs=("dovecot: auth/auth-request.c: an internal failure is answered as FAIL, which Postfix makes a 535",),
)
def database_down(service: LoginService, dovecot: Dovecot, databases: DovecotDatabases) -> Findings:
    """The database or directory that Dovecot asks is not there, or the file that says how it is asked.

    Clients are told 535, as for a wrong password, though nobody looked at it; many then forget the stored one.

    Advice: start the server; `doveadm auth test USER` shows whether it is asked again.
    """
    if not is_asked(service):
        return
    for passdb in dovecot.passdbs:
        file = databases.files.get(passdb.settings_file)
        if file is not None and file.missing:
            yield found(
                f"{file.path}, which says how Dovecot asks {passdb.driver.upper()}, does not exist",
                evidence=[file.evidence, passdb.evidence],
                fix=[by_hand("put the file back: {file}", file=file.path), Restart("dovecot")],
                path=file.path,
            )
        asked = _asked(passdb, dovecot, databases)
        down = [s for s in asked if databases.is_down(s)]
        if not asked or len(down) < len(asked):
            continue
        name = _SERVICES.get(down[0].kind, down[0].kind)
        yield found(
            f"nothing listens at {down[0].name}, where Dovecot asks {passdb.driver.upper()} for passwords",
            evidence=[
                passdb.evidence,
                Evidence("ss -ltnx", f"no listener at {', '.join(s.name for s in down)}"),
            ],
            fix=[by_hand("start {name}", name=name), inspect("doveadm log errors")],
            server=down[0].name,
        )


@check(
    "SASL068",
    "dovecot-pam-refuses",
    "error",
    rung="verifier",
    role="cause",
    witnesses=("USER703", "CONF701"),
    fails=[
        {
            "service": _ASKED,
            "dovecot": _PAM,
            "pam": ">> service: dovecot\n>> file: /etc/pam.d/dovecot\nauth required pam_deny.so\n"
            "account required pam_unix.so",
        },
        {
            "service": _ASKED,
            "dovecot": _PAM,
            "pam": ">> service: dovecot\n>> missing: /etc/pam.d/dovecot\n>> file: /etc/pam.d/other\n"
            "auth required pam_deny.so\naccount required pam_deny.so",
        },
    ],
    passes=[
        {
            "service": _ASKED,
            "dovecot": _PAM,
            "pam": ">> service: dovecot\n>> file: /etc/pam.d/dovecot\nauth required pam_unix.so\n"
            "account required pam_unix.so",
        },
        {"service": _LIBSASL, "dovecot": _PAM, "pam": ">> service: dovecot\n>> missing: /etc/pam.d/dovecot"},
    ],
    refs=("dovecot: auth/passdb-pam.c: the service is dovecot unless args name another",),
)
def pam_refuses(service: LoginService, dovecot: Dovecot, pam: PamService, system: System | Unknown) -> Findings:
    """PAM lets nobody in by the service that Dovecot asks for.

    A service without a file of its own is served as `other`, which on most systems denies everything, without a word
    in any log.

    Advice: put back the file that the package brings, or correct the stack.
    """
    asking = [p for p in dovecot.passdbs if p.driver == "pam" and p.verifies]
    if not is_asked(service) or not asking or pam.service != asking[0].service:
        return
    kinds: tuple[PamType, ...] = ("auth", "account")
    closed = next((kind for kind in kinds if not pam.path or not pam.succeeds(kind)), None)
    if closed is None:
        return
    path = f"/etc/pam.d/{pam.service}"
    missing = not pam.path.endswith(f"/{pam.service}")
    culprits = pam.culprits(closed) if pam.path else ()
    where = f"{culprits[0].row.path} line {culprits[0].row.number}: {culprits[0].row.module}" if culprits else path
    what = f"{path} does not exist, and other refuses" if missing else f"{where} refuses"
    family = system.family if isinstance(system, System) else ""
    again = {
        "debian": "apt-get install --reinstall -o Dpkg::Options::=--force-confmiss dovecot-core",
        "fedora": "dnf reinstall dovecot",
    }.get(family, "")
    yield found(
        f"PAM lets nobody in by the service {pam.service} that Dovecot asks for: {what}",
        evidence=[asking[0].evidence, *(h.row.evidence for h in culprits[:3])],
        fix=[
            by_hand(again) if again and missing else SetUpPam(path),
            inspect("doveadm auth test USER"),
        ],
        path=path,
    )

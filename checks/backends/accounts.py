"""USER: the system's own accounts, where saslauthd asks for their passwords."""

from maildoctor.api import (
    Evidence,
    Findings,
    LoginService,
    NoExpiry,
    Restart,
    SetOption,
    Step,
    Unknown,
    add_user,
    by_hand,
    check,
    edit,
    found,
    inspect,
    set_option,
    shown,
)
from maildoctor.api.backends import Accounts, PamService, SystemAccount, Verifier
from maildoctor.api.cyrus import SaslConf, SaslDb
from maildoctor.api.host import Logins, Names, System, may

_CONF = "pwcheck_method: saslauthd"
_SHADOW = "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a shadow"
_GETPWENT = "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a getpwent"
_PAM = "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam"
_TEST = "test uid=1000 gid=1000 shell=/bin/bash "
_LOG = (
    "Jan  1 01:02:03 mail sm-mta[7]: 1A: AUTH failure (PLAIN): authentication failure (-13) SASL(-13): "
    "authentication failure: checkpass failed, user=test, relay=[192.0.2.1]"
)


def _by_system(conf: SaslConf, verifier: Verifier, pam: PamService | Unknown) -> bool:
    """Whether the passwords of the system are all that counts."""
    if not conf.verifies_by("saslauthd"):
        return False
    if verifier.mechanism == "pam":
        return isinstance(pam, PamService) and pam.stores == ("unix",)
    return verifier.mechanism in ("shadow", "getpwent")


def _problem(accounts: Accounts, account: SystemAccount) -> str:
    if account.state == "usable" and not accounts.computes(account):
        return f"its password is a {account.scheme} hash, which {accounts.crypt} cannot compute"
    return account.words


def _cure(account: SystemAccount) -> list[Step]:
    if account.state == "locked":
        return [
            by_hand("passwd {user}, or usermod -U {user} where it was locked on purpose no more", user=account.name)
        ]
    if account.state == "expired":
        return [NoExpiry(account.name)]
    return [by_hand("passwd {user}", user=account.name)]


@check(
    "USER010",
    "no-system-account-can-log-in",
    "error",
    rung="account",
    role="cause",
    fails=[
        {"conf": _CONF, "verifier": _SHADOW, "accounts": _TEST + "locked"},
        {
            "conf": _CONF,
            "verifier": _SHADOW,
            "accounts": _TEST + "expired sha512 2020-01-01\nroot uid=0 gid=0 shell=/bin/bash locked",
        },
        {"conf": _CONF, "verifier": _SHADOW, "accounts": _TEST + "usable yescrypt\ncrypt: glibc"},
        {
            "conf": _CONF,
            "verifier": _PAM,
            "pam": ">> file: /etc/pam.d/smtp\nauth required pam_unix.so",
            "accounts": "crypt: libxcrypt",
        },
    ],
    passes=[
        {"conf": _CONF, "verifier": _SHADOW, "accounts": _TEST + "usable yescrypt\ncrypt: libxcrypt"},
        {"conf": _CONF, "verifier": _SHADOW, "accounts": _TEST + "locked\nelsewhere: sss"},
        {"conf": "pwcheck_method: auxprop", "verifier": _SHADOW, "accounts": _TEST + "locked"},
        {
            "conf": _CONF,
            "verifier": _PAM,
            "pam": ">> file: /etc/pam.d/smtp\nauth required pam_ldap.so",
            "accounts": _TEST + "locked",
        },
    ],
    refs=(
        "libsasl: saslauthd/auth_shadow.c; Linux-PAM: modules/pam_unix/passverify.c",
        "crypt(5): which hash each crypt(3) can compute",
    ),
)
def no_system_account_can_log_in(
    conf: SaslConf, verifier: Verifier, accounts: Accounts, pam: PamService | Unknown
) -> Findings:
    """Passwords are those of the system's accounts, and not one account has a password that can be used.

    Each is locked, expired, without a password, or has a hash that the installed crypt(3) cannot compute.

    Advice: give the users of mail an account with a password (`useradd`, `passwd`), or unlock those there are; or keep
    the users of mail elsewhere, in a sasldb or a directory.
    """
    if not _by_system(conf, verifier, pam):
        return
    if accounts.proof and (verifier.mechanism != "getpwent" or not accounts.shadowed):
        number = len(accounts.usable)
        word = "user" if number == 1 else "users"
        yield shown(f"saslauthd -a {verifier.mechanism}, {number} {word} with usable passwords", accounts.proof)
    if accounts.elsewhere or accounts.usable or accounts.more:
        return
    people = [a for a in accounts.all if a.uid] or list(accounts.all)
    first = people[:3]
    yield found(
        "No account of this host can log in"
        + (": " + "; ".join(f"{a.name}: {_problem(accounts, a)}" for a in first) if first else ": there are no users"),
        evidence=[
            *(Evidence("/etc/shadow", f"{a.name}: {_problem(accounts, a)}") for a in first),
            verifier.evidence(),
        ],
        fix=[step for a in first for step in _cure(a)] or [by_hand("useradd -m USER && passwd USER")],
        severity=None if verifier.instances else "warning",  # an image gets its users when it is started
        store="shadow",
    )


@check(
    "USER011",
    "system-account-cannot-log-in",
    "warning",
    rung="account",
    role="cause",
    scope=("user",),
    fails=[
        {
            "conf": _CONF,
            "verifier": _SHADOW,
            "accounts": _TEST + "locked\nadmin uid=1001 gid=1001 shell=/bin/sh usable sha512",
            "logins": _LOG,
        }
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _SHADOW,
            "accounts": _TEST + "usable sha512\nadmin uid=1001 gid=1001 shell=/bin/sh locked",
            "logins": _LOG,
        }
    ],
    refs=("libsasl: saslauthd/auth_shadow.c", "shadow(5)"),
)
def system_account_cannot_log_in(
    conf: SaslConf, verifier: Verifier, accounts: Accounts, logins: Logins, pam: PamService | Unknown
) -> Findings:
    """Somebody who tries to log in has an account that cannot: locked, expired, or with a hash that nothing computes.

    Advice: unlock the account, set a new end, or have the user set a new password.
    """
    if not _by_system(conf, verifier, pam) or not accounts.usable:
        return
    for attempts in logins.names.values():
        account = accounts.named(attempts.name) if attempts.failures else None
        problem = _problem(accounts, account) if account else ""
        if account and problem:
            yield found(
                f"{account.name} tries to log in and cannot: {problem}",
                evidence=[Evidence("/etc/shadow", f"{account.name}: {problem}"), Evidence(logins.path, attempts.last)],
                fix=_cure(account),
                user=account.name,
            )


@check(
    "SASL018",
    "getpwent-sees-no-passwords",
    "error",
    rung="verifier",
    role="cause",
    fails=[{"conf": _CONF, "verifier": _GETPWENT, "accounts": _TEST + "usable sha512\npasswd: shadowed"}],
    passes=[
        {"conf": _CONF, "verifier": _GETPWENT, "accounts": _TEST + "usable sha512"},
        {"conf": _CONF, "verifier": _SHADOW, "accounts": _TEST + "usable sha512\npasswd: shadowed"},
    ],
    refs=("libsasl: saslauthd/auth_getpwent.c: getpwnam(), whose pw_passwd is `x` where passwords are in shadow(5)",),
)
def getpwent_sees_no_passwords(conf: SaslConf, verifier: Verifier, accounts: Accounts) -> Findings:
    """saslauthd runs with -a getpwent, but the passwords of this host are in /etc/shadow, where it does not look.

    Every login ends in "Incorrect password".

    Advice: let saslauthd ask with -a shadow, or -a pam.
    """
    if conf.verifies_by("saslauthd") and verifier.mechanism == "getpwent" and accounts.shadowed:
        path = verifier.path or "/etc/default/saslauthd"
        option = next((n for n in ("MECHANISMS", "MECH") if n in verifier.settings), "")
        old = verifier.settings.get(option, "")
        yield found(
            "saslauthd -a getpwent reads /etc/passwd alone, and the passwords are in /etc/shadow",
            evidence=[verifier.evidence(), Evidence("/etc/passwd", "x in place of the password")],
            fix=[
                SetOption(path, option, "shadow", old, "=") if option else edit(path, "start saslauthd with -a shadow"),
                Restart("saslauthd"),
            ],
            option="-a",
        )


@check(
    "SASL019",
    "saslauthd-cannot-read-shadow",
    "error",
    rung="verifier",
    role="cause",
    fails=[
        {
            "conf": _CONF,
            "verifier": _SHADOW.replace(" root ", " saslauth "),
            "accounts": _TEST + "usable sha512\npasswd: shadowed\n-rw-r----- root shadow /etc/shadow",
        }
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _SHADOW,
            "accounts": _TEST + "usable sha512\npasswd: shadowed\n-rw-r----- root shadow /etc/shadow",
        },
        {
            "conf": _CONF,
            "verifier": _SHADOW.replace(" root ", " saslauth "),
            "accounts": _TEST + "usable sha512\npasswd: shadowed\n-rw-r--r-- root shadow /etc/shadow",
        },
    ],
    refs=("libsasl: saslauthd/auth_shadow.c, getspnam(); Linux-PAM: pam_unix(8), unix_chkpwd(8)",),
)
def saslauthd_cannot_read_shadow(
    conf: SaslConf, verifier: Verifier, accounts: Accounts, pam: PamService | Unknown, system: System | Unknown
) -> Findings:
    """saslauthd runs as a user that may not read /etc/shadow, so no password of the system can be checked.

    pam_unix has a helper for programs that are not root, but it checks only the password of the user that runs it.

    Advice: run saslauthd as root, as distributions do, or let its user read /etc/shadow by its group.
    """
    one = verifier.serving
    if not _by_system(conf, verifier, pam) or one is None:
        return
    is_root = one.user in ("root", "0")
    if is_root and verifier.proof and verifier.mechanism == "shadow":
        yield shown("saslauthd -a shadow runs as root behind the socket that is asked", verifier.proof)
    if is_root or not accounts.shadowed:
        return
    look = accounts.shadow
    groups = system.groups_of(one.user) if isinstance(system, System) else ()
    if look is not None and not look.has_acl and not may(look, one.user, groups, 4):
        yield found(
            f"saslauthd runs as {one.user}, who may not read {look.path}",
            evidence=[one.evidence, look.evidence],
            fix=[inspect("id {user}", user=one.user), by_hand("start saslauthd as root")],
            path=look.path,
        )


_SASLDB = "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a sasldb"
_USERS = "# path: /etc/sasldb2\n# format: Berkeley DB hash version 9\n# backend: berkeley\n"


@check(
    "USER012",
    "saslauthd-looks-in-another-realm",
    "error",
    rung="account",
    role="cause",
    fails=[
        {
            "conf": _CONF,
            "service": "",
            "verifier": _SASLDB,
            "sasldb": _USERS + "test@mail.example.com: userPassword",
            "names": "hostname: mail",
        },
        {
            "conf": _CONF,
            "service": "",
            "verifier": _SASLDB,
            "sasldb": _USERS + "test@example.com: userPassword",
            "names": "hostname: mail",
        },
    ],
    passes=[
        {
            "conf": _CONF,
            "service": "",
            "verifier": _SASLDB,
            "sasldb": _USERS + "test@mail: userPassword",
            "names": "hostname: mail",
        },
        {
            "conf": _CONF,
            "service": "",
            "verifier": _SHADOW,
            "sasldb": _USERS + "test@example.com: userPassword",
            "names": "hostname: mail",
        },
    ],
    refs=("libsasl: saslauthd/auth_sasldb.c: without a realm that of gethostname(2) is taken",),
)
def saslauthd_asks_another_realm(
    conf: SaslConf, service: LoginService, verifier: Verifier, sasldb: SaslDb, names: Names
) -> Findings:
    """saslauthd -a sasldb looks names without a domain up in the realm of the host's node name, where no user is.

    Sendmail hands no realm over, and AuthRealm and $j do not count for saslauthd. Who logs in as user@realm is found.

    Advice: ask the sasldb without saslauthd (pwcheck_method: auxprop), which uses the server's realm; or create the
    users in the realm of the node name.
    """
    if not conf.verifies_by("saslauthd") or verifier.mechanism != "sasldb" or service.product != "sendmail":
        return
    node = names.hostname
    if not node or not sasldb.users or sasldb.state == "foreign" or sasldb.in_realm(node):
        return
    near = all(r.lower().partition(".")[0] == node.lower().partition(".")[0] for r in sasldb.realms)
    yield found(
        f"saslauthd -a sasldb looks names up in realm {node} (the node name), and the users are in "
        + ", ".join(sasldb.realms[:3]),
        evidence=[
            verifier.evidence(),
            Evidence("uname -n", node),
            *(Evidence("sasldblistusers2", f"{u.name}@{u.realm}") for u in sasldb.users[:3]),
        ],
        fix=[
            set_option(conf, "pwcheck_method", "auxprop"),
            *(add_user(u.name, node, sasldb.path) for u in sasldb.users[:3]),
        ],
        severity=None if near else "warning",
        realm=node,
    )

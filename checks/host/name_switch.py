"""SYS: whether the users of this system are found, without whom no daemon starts and no password is checked."""

from maildoctor.api import Evidence, Findings, LoginService, check, edit, found, inspect
from maildoctor.api.host import NameSwitch

_SERVICE = "wanted"
_GONE = "\n>> missing: sss"


@check(
    "SYS021",
    "users-of-system-not-found",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-answer", "CONF019", "PERM006"),
    fails=[
        {"service": _SERVICE, "switch": "passwd: sss" + _GONE},
        {"service": _SERVICE, "switch": "passwd: files\ngroup: ldap [NOTFOUND=return]\n>> missing: ldap"},
        {"service": _SERVICE, "switch": "passwd: sss\ngroup: sss"},
        {"service": _SERVICE, "switch": "passwd:"},
    ],
    passes=[
        {"service": _SERVICE, "switch": "passwd: sss files" + _GONE},
        {"service": _SERVICE, "switch": "passwd: compat\ngroup: db files"},
        {"service": _SERVICE, "switch": "# passwd: sss"},
        {"service": _SERVICE, "switch": ""},
    ],
    refs=(
        "nsswitch.conf(5); glibc: nss/nss_module.c: a service whose library libnss_NAME.so.2 is missing is passed over",
        "sendmail: sendmail/readcf.c: `readcf: option %c: unknown user %s`; postfix: `unknown mail_owner`",
    ),
)
def users_of_system_not_found(service: LoginService, switch: NameSwitch) -> Findings:
    """/etc/nsswitch.conf leaves out /etc/passwd or /etc/group, so the accounts of the daemons are not found.

    Every mail server works as an account of /etc/passwd (smmta, mail, postfix), looks it up when it starts, and ends
    with "unknown user" where it is not found. What runs already goes on until its next restart. Passwords of the system
    cannot be checked either, and mail to local users is refused as to unknown ones.

    Advice: write `passwd: files` (then sss, ldap or what else is wanted) in /etc/nsswitch.conf, the same for group and
    shadow; install the library of a source that is missing (libnss-sss, sssd-client).
    """
    for name in ("passwd", "group", "shadow"):
        database, works = switch.databases[name], switch.works(name)
        if {"files", "compat", "altfiles"} & {*works}:
            continue
        gone = [s for s in database.services if s in switch.missing]
        if not works:
            what = f"and {' '.join(gone)} is not installed" if gone else "and names no source"
            then = "nobody is found" if name == "passwd" else "nothing is found there"
        else:
            what, then = "without files", f"what stands in /etc/{name} alone is not found"
        yield found(
            f"/etc/nsswitch.conf has `{name}: {' '.join(database.services)}`, {what}: {then}, not even the accounts"
            f" that daemons run as (unknown user)",
            evidence=[
                Evidence(f"/etc/nsswitch.conf:{database.line}", database.written),
                *(Evidence(f"libnss_{s}.so.2", "No such file or directory") for s in gone),
            ],
            fix=[
                edit(
                    "/etc/nsswitch.conf", f"{name}: files {{more}}", more=[s for s in database.services if s in works]
                ),
                inspect("getent passwd root mail postfix smmta"),
            ],
            severity="warning" if works or name == "shadow" else None,
            option=name,
        )

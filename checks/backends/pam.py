"""PAM: the service that saslauthd asks for, read to its end."""

from collections.abc import Iterator

from maildoctor.api import (
    Evidence,
    Findings,
    Found,
    Move,
    SetUpPam,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
    shown,
)
from maildoctor.api.backends import Accounts, Handler, Lock, PamService, PamType, SystemAccount, Verifier, lets_in
from maildoctor.api.cyrus import SaslConf
from maildoctor.api.host import LoginHistory, Logins

_CONF = "pwcheck_method: saslauthd"
_BY_PAM = "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam"
_SMTP = ">> file: /etc/pam.d/smtp\n"
_UNIX = "auth required pam_unix.so\naccount required pam_unix.so\n"
_COMMON = (
    _SMTP + "@include common-auth\n@include common-account\n>> file: /etc/pam.d/common-auth\n"
    "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n"
    ">> file: /etc/pam.d/common-account\naccount [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n"
    "account requisite pam_deny.so\naccount required pam_permit.so\n"
)
_TEST = "test uid=1000 gid=1000 shell=/bin/bash groups=test usable yescrypt"
_LOCKED = (
    _SMTP + "auth required pam_faillock.so preauth\nauth [success=1 default=ignore] pam_unix.so\n"
    "auth [default=die] pam_faillock.so authfail\nauth sufficient pam_faillock.so authsucc\n"
    "account required pam_faillock.so\naccount required pam_unix.so\n>> now: 2026-11-22T08:05:00+00:00\n"
    ">> conf: /etc/security/faillock.conf\ndeny = 3\nunlock_time = 0\n>> tally: pam_faillock test "
    "/var/run/faillock/test\n1795334400 valid service smtp\n1795334402 valid service smtp\n"
    "1795334404 valid rhost 192.0.2.1\n"
)
_TRIES = (
    "Jan  1 01:02:03 mail sm-mta[7]: 1A: AUTH failure (PLAIN): authentication failure (-13) SASL(-13): authentication "
    "failure: checkpass failed, user=test, relay=[192.0.2.1]"
)

_PEOPLE = 200
"""Accounts that are tried one by one."""


def _asked(conf: SaslConf, verifier: Verifier) -> bool:
    return conf.verifies_by("saslauthd") and verifier.mechanism == "pam"


def _why(service: PamService, handler: Handler) -> str:
    """Why one step of the stack lets nobody pass."""
    row = handler.row
    if handler.fails:
        return handler.fails
    if service.absent(handler):
        return f"{row.module} is not installed"
    if row.name == "pam_nologin" and service.nologin:
        return f"{service.nologin} exists"
    if row.name == "pam_listfile":
        path = next((a.partition("=")[2] for a in row.arguments if a.startswith("file=")), "its list")
        return f"{path} does not exist" if path in service.missing else f"nobody passes {path}"
    return {
        "pam_deny": "pam_deny refuses",
        "pam_access": "access.conf denies everybody",
        "pam_succeed_if": f"no login meets {' '.join(row.arguments)}",
        "pam_shells": "the shell is not in /etc/shells",
        "pam_unix": "pam_unix refuses",
    }.get(row.name, f"the control {row.control} makes it fail")


_CHANGE = {
    "pam_shells": "or have the users' shell in /etc/shells (chsh -s SHELL USER)",
    "pam_listfile": "or change the file of names that it reads",
    "pam_access": "or let the users in by /etc/security/access.conf",
}


def _cure(service: PamService, handler: Handler) -> list[Step]:
    row = handler.row
    if service.absent(handler):
        return [edit(row.path, "take out the line with {module}, or install it", module=row.module)]
    if row.name == "pam_nologin" and service.nologin:
        return [inspect("cat {path}", path=service.nologin), edit(service.nologin, "remove the file")]
    if row.name in ("pam_listfile", "pam_access", "pam_succeed_if", "pam_shells"):
        words = _CHANGE.get(row.name, "or change what it asks of the user")
        return [
            inspect("cat {path}", path=row.path),
            edit(row.path, f"take line {{number}} ({{module}}) out, {words}", number=str(row.number), module=row.name),
        ]
    if row.name == "pam_deny" and row.path == f"/etc/pam.d/{service.service}":
        return [Move(row.path, f"{row.path}.old"), SetUpPam(row.path)]
    words = "put in what a login without a session needs: @include common-auth, @include common-account"
    return [edit(row.path, f"correct line {{number}}; or {words}", number=str(row.number))]


@check(
    "SASL012",
    "pam-service-denies",
    "error",
    rung="verifier",
    role="cause",
    explains=("SASL009",),
    witnesses=("USER182", "LINK170", "CONF180"),
    fails=[
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _SMTP + "auth required pam_deny.so\n" + _UNIX},
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth required pam_unix.so\naccount requisite pam_deny.so",
        },
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _SMTP + "auth requird pam_unix.so\naccount required pam_unix.so"},
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _SMTP + "auth include system-auht\naccount required pam_unix.so"},
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth required pam_mysql.so\naccount required pam_permit.so\n"
            ">> modules: /usr/lib/security\npam_deny.so\npam_permit.so",
        },
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth required pam_nologin.so\n" + _UNIX + ">> nologin: /etc/nologin",
        },
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP
            + "auth required pam_listfile.so item=user sense=allow file=/etc/mailusers\n"
            + _UNIX
            + ">> missing: /etc/mailusers",
        },
        {"conf": _CONF, "verifier": _BY_PAM, "pam": ">> file: /etc/pam.d/other\nauth required pam_deny.so"},
        {"conf": _CONF, "verifier": _BY_PAM, "pam": ">> missing: /etc/pam.d/smtp\n>> missing: /etc/pam.d/other"},
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth required pam_shells.so\n" + _UNIX + ">> shells\n/bin/bash",
            "accounts": "test uid=1000 gid=1000 shell=/usr/sbin/nologin usable yescrypt",
        },
    ],
    passes=[
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _COMMON, "accounts": _TEST},
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth sufficient pam_unix.so\nauth required pam_deny.so\naccount required pam_unix.so",
        },
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _SMTP + "auth required pam_nologin.so\n" + _UNIX},
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _LOCKED, "accounts": _TEST},
        {"conf": "pwcheck_method: auxprop", "verifier": _BY_PAM, "pam": _SMTP + "auth required pam_deny.so"},
        {"conf": _CONF, "verifier": _BY_PAM.replace("pam", "shadow"), "pam": _SMTP + "auth required pam_deny.so"},
    ],
    refs=(
        "pam.d(5)",
        "libsasl: saslauthd/auth_pam.c: pam_authenticate(), pam_acct_mgmt()",
        "Linux-PAM: libpam/pam_dispatch.c, _pam_dispatch_aux(); libpam/pam_handlers.c",
    ),
)
def pam_service_denies(conf: SaslConf, verifier: Verifier, pam: PamService, accounts: Accounts | Unknown) -> Findings:
    """saslauthd asks PAM for a service whose rules can let nobody in.

    The lines of the service, with all that they include, cannot end in success for any password. The log says "PAM auth
    error" or "PAM acct error"; a module that is not there, or a word that PAM does not know, counts as a refusal.

    Advice: correct the line, or write rules that ask for passwords into the file: those of a login without a session.
    """
    if not _asked(conf, verifier):
        return
    ps = verifier.evidence()
    if not pam.path:
        yield found(
            f"PAM has no file for the service {pam.service}, and none called other: every login is refused",
            evidence=[Evidence("ls /etc/pam.d", f"no {pam.service}, no other"), ps],
            fix=[SetUpPam(f"/etc/pam.d/{pam.service}")],
            path=f"/etc/pam.d/{pam.service}",
        )
        return
    kinds: tuple[PamType, ...] = ("auth", "account")
    for kind in kinds:
        if not pam.succeeds(kind):
            yield _refusal(pam, pam.culprits(kind), kind, "everybody", ps)
            return
    local = isinstance(accounts, Accounts) and not accounts.elsewhere and set(pam.stores) <= {"unix"}
    people = accounts.usable if local and isinstance(accounts, Accounts) else ()
    pam = pam.unlocked  # PAM004 tells who is locked
    if 0 < len(people) <= _PEOPLE and not any(lets_in(pam, person) for person in people):
        stopped = _stopped(pam, people[0])
        yield _refusal(pam, pam.culprits(stopped, people[0]), stopped, "every account of this host", ps)
    elif pam.proof and verifier.proof:
        words = f"saslauthd -a pam, {pam.path} asks {', '.join(pam.stores)}"
        yield shown(words, verifier.proof, pam.proof)


def _stopped(pam: PamService, person: SystemAccount) -> PamType:
    """In which stack somebody is refused."""
    return "account" if pam.succeeds("auth", person) else "auth"


def _refusal(pam: PamService, culprits: tuple[Handler, ...], kind: str, whom: str, ps: Evidence) -> Found:
    own = pam.path.endswith(f"/{pam.service}")
    path = culprits[0].row.path if culprits else pam.path
    why = _why(pam, culprits[0]) if culprits else f"it has no line of type {kind}"
    where = f"{path} line {culprits[0].row.number}" if culprits else path
    return found(
        f"PAM service {pam.service} refuses {whom}: {where}: {why}"
        + ("" if own else f" ({pam.path} counts, for there is no file {pam.service})"),
        evidence=[*(h.row.evidence for h in culprits[:4]), ps],
        fix=[
            *(_cure(pam, culprits[0]) if culprits and own else [SetUpPam(f"/etc/pam.d/{pam.service}")]),
            inspect(f"testsaslauthd -u USER -p PASSWORD -s {pam.service}"),
        ],
        path=path,
    )


@check(
    "PAM001",
    "pam-accepts-any-password",
    "error",
    rung="verifier",
    role="risk",
    fails=[
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth required pam_permit.so\naccount required pam_permit.so",
        },
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _SMTP + "auth sufficient pam_rootok.so\n" + _UNIX},
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth optional pam_unix.so\nauth required pam_permit.so\naccount required pam_unix.so",
        },
    ],
    passes=[
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _COMMON},
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _SMTP + _UNIX},
        {
            "conf": _CONF,
            "verifier": _BY_PAM.replace(" root ", " saslauth "),
            "pam": _SMTP + "auth sufficient pam_rootok.so\n" + _UNIX,
        },
    ],
    refs=("pam_permit(8), pam_rootok(8): saslauthd itself is root", "Linux-PAM: libpam/pam_dispatch.c"),
)
def pam_accepts_any_password(conf: SaslConf, verifier: Verifier, pam: PamService) -> Findings:
    """saslauthd asks PAM for a service whose rules say yes to every password.

    Nothing that looks at the password decides, so whoever reaches the port may relay.

    Advice: make the module that checks passwords required, and let pam_deny stand behind those that are sufficient.
    """
    if not _asked(conf, verifier) or not pam.path:
        return
    stack = pam.stack("auth")
    root_only = [h for h in stack if h.row.name == "pam_rootok"]
    if root_only and verifier.serving is not None and verifier.serving.user not in ("root", "0"):
        return
    if pam.succeeds("auth", right=False) and pam.succeeds("account"):
        guilty = root_only or [h for h in stack if h.row.name == "pam_permit"] or list(stack)
        yield found(
            f"PAM service {pam.service} accepts every password: {guilty[0].row.path} line {guilty[0].row.number}",
            evidence=[*(h.row.evidence for h in guilty[:4]), verifier.evidence()],
            fix=[
                edit(
                    guilty[0].row.path,
                    "make the module that checks passwords required; line {number} lets everybody pass",
                    number=str(guilty[0].row.number),
                )
            ],
            path=guilty[0].row.path,
        )


@check(
    "PAM002",
    "pam-module-missing",
    "warning",
    rung="verifier",
    role="cause",
    witnesses=("LINK170",),
    fails=[
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP
            + "auth sufficient pam_ldap.so\n"
            + _UNIX
            + ">> modules: /usr/lib/security\npam_deny.so\npam_unix.so",
        }
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP
            + "-auth sufficient pam_ldap.so\n"
            + _UNIX
            + ">> modules: /usr/lib/security\npam_deny.so\npam_unix.so",
        },
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth sufficient pam_unix.so\nauth required pam_ldap.so\naccount required pam_unix.so\n"
            ">> modules: /usr/lib/security\npam_deny.so\npam_unix.so\npam_ldap.so",
        },
    ],
    refs=("Linux-PAM: libpam/pam_handlers.c, _pam_load_module(): a module that is not there fails as `adding faulty`",),
)
def pam_module_missing(conf: SaslConf, verifier: Verifier, pam: PamService) -> Findings:
    """A module that the PAM service names is not installed; users whom only it knows are refused.

    The log says "unable to dlopen" and "adding faulty module" at each login.

    Advice: install the package that brings the module, or take its line out.
    """
    if not _asked(conf, verifier):
        return
    stacks = [pam.stack("auth"), pam.stack("account")]
    if not (pam.succeeds("auth") and pam.succeeds("account")):
        return  # then it is told why nobody passes
    seen = set[str]()
    for handler in (h for stack in stacks for h in stack):
        row = handler.row
        if pam.absent(handler) and not row.silent and row.name not in seen:
            seen.add(row.name)
            yield found(
                f"{row.module}, which {row.path} names, is not installed in {pam.folder or 'its folder'}",
                evidence=[row.evidence],
                fix=[edit(row.path, "take out the line with {module}, or install it", module=row.module)],
                module=row.name,
            )


@check(
    "PAM003",
    "pam-refuses-this-user",
    "warning",
    rung="account",
    role="cause",
    scope=("user",),
    fails=[
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth required pam_succeed_if.so user ingroup mail\n" + _UNIX,
            "accounts": _TEST + "\nadmin uid=1001 gid=1001 shell=/bin/sh groups=mail usable yescrypt",
            "logins": "Jan  1 01:02:03 mail sm-mta[7]: 1A: AUTH failure (PLAIN): authentication failure (-13) "
            "SASL(-13): authentication failure: checkpass failed, user=test, relay=[192.0.2.1]",
        }
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _COMMON,
            "accounts": _TEST,
            "logins": "Jan  1 01:02:03 mail sm-mta[7]: 1A: AUTH failure (PLAIN): authentication failure (-13) "
            "SASL(-13): authentication failure: checkpass failed, user=test, relay=[192.0.2.1]",
        }
    ],
    refs=("pam_succeed_if(8), pam_listfile(8), pam_shells(8)",),
)
def pam_refuses_this_user(
    conf: SaslConf, verifier: Verifier, pam: PamService, accounts: Accounts, logins: Logins
) -> Findings:
    """Somebody who tries to log in has a good account, but a rule of PAM refuses it whatever the password.

    Advice: add the user to the group or list that the rule asks for, or change the rule.
    """
    if not _asked(conf, verifier) or not pam.path or not (pam.succeeds("auth") and pam.succeeds("account")):
        return
    pam = pam.unlocked  # PAM004 tells who is locked
    if not any(lets_in(pam, person) for person in accounts.usable[:_PEOPLE]):
        return
    yield from _refused(pam, accounts, logins)


@check(
    "PAM004",
    "locked-after-failed-logins",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    fails=[
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _LOCKED, "logins": _TRIES, "accounts": _TEST},
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _LOCKED.replace("unlock_time = 0", ""), "logins": _TRIES},
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _SMTP + "auth required pam_tally2.so deny=3\n" + _UNIX + ">> tally: pam_tally2 test "
            "/var/log/tallylog\ncount=3 last=1795334400\n>> now: 2026-11-22T10:00:00+00:00",
            "logins": _TRIES,
        },
    ],
    passes=[
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _LOCKED, "logins": _TRIES.replace("user=test", "user=bob")},
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _LOCKED.replace("deny = 3", "deny = 5"), "logins": _TRIES},
        {
            "conf": _CONF,
            "verifier": _BY_PAM,
            "pam": _LOCKED.replace("unlock_time = 0", "").replace("T08:05", "T08:15"),
            "logins": _TRIES,
        },
        {"conf": _CONF, "verifier": _BY_PAM, "pam": _LOCKED.replace("valid", "old"), "logins": _TRIES},
    ],
    refs=(
        "Linux-PAM: modules/pam_faillock/pam_faillock.c, check_tally(); faillock.h; faillock.conf(5); faillock(8)",
        "Linux-PAM 1.4: modules/pam_tally2/pam_tally2.c, tally_check()",
    ),
)
def locked_after_failed_logins(
    conf: SaslConf,
    verifier: Verifier,
    pam: PamService,
    logins: Logins,
    accounts: Accounts | Unknown,
    history: LoginHistory | Unknown,
) -> Findings:
    """Somebody who tries to log in is locked out after too many failed logins, and the right password is refused too.

    pam_faillock or pam_tally2 has counted them: often a telephone that still has the old password, or a stranger who
    guesses. Each further try with a wrong password goes on counting.

    Advice: find the device that sends the old password and correct it there, then reset the count: `faillock --user
    NAME --reset` (`pam_tally2 --user NAME --reset`).
    """
    if not _asked(conf, verifier):
        return
    joins = bool(verifier.flags and verifier.flags.joins_realm)
    others = isinstance(history, LoginHistory) and history.succeeded
    for attempts in logins.names.values():
        if not attempts.failures or not attempts.name:
            continue
        name = f"{attempts.name}@{max(attempts.domains)}" if joins and attempts.domains else attempts.name
        person = accounts.named(name) if isinstance(accounts, Accounts) else None
        locked = pam.lock(name, person.uid if person else None, person.groups if person else ())
        if locked is None or (person is not None and lets_in(pam, person)):
            continue
        lock, row = locked
        yield found(
            f"{lock.module} has locked {name} after {lock.failures} failed logins (deny = {lock.deny}), "
            + ("until it is reset" if lock.until is None else f"for {lock.until - lock.last} s after the last"),
            evidence=[lock.evidence, row.evidence, Evidence(logins.path, attempts.last)],
            fix=_unlock(lock, name),
            severity="warning" if others else None,
            user=name,
        )


def _unlock(lock: Lock, name: str) -> list[Step]:
    if lock.module == "pam_tally2":
        return [
            inspect("pam_tally2 --file {path} --user {user}", path=lock.path, user=name),
            by_hand("pam_tally2 --file {path} --user {user} --reset", path=lock.path, user=name),
        ]
    folder = lock.path.rpartition("/")[0]
    if folder == "/var/run/faillock":
        return [inspect("faillock --user {user}", user=name), by_hand("faillock --user {user} --reset", user=name)]
    return [
        inspect("faillock --dir {folder} --user {user}", folder=folder, user=name),
        by_hand("faillock --dir {folder} --user {user} --reset", folder=folder, user=name),
    ]


def _refused(pam: PamService, accounts: Accounts, logins: Logins) -> Iterator[Found]:
    for attempts in logins.names.values():
        person = accounts.named(attempts.name) if attempts.failures else None
        if person is None or person not in accounts.usable or lets_in(pam, person):
            continue
        kind = _stopped(pam, person)
        culprits = pam.culprits(kind, person)
        if not culprits:
            continue
        row = culprits[0].row
        yield found(
            f"PAM refuses {person.name} whatever the password: {row.path} line {row.number}: {row.text}",
            evidence=[row.evidence, Evidence(logins.path, attempts.last)],
            fix=[edit(row.path, "change line {number}, or what it asks of the user", number=str(row.number))],
            user=person.name,
        )

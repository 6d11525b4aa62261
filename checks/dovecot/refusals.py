"""Whom Dovecot refuses although the password is right, and whom it lets in although it is wrong: its passdbs as a
chain, what an entry says besides the password, a client certificate that no mail server reports."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from maildoctor.api import (
    Evidence,
    Findings,
    LoginService,
    Restart,
    SetInLine,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
)
from maildoctor.api.dovecot import Dovecot, DovecotUser, Passdb, PasswdFile, PasswdFiles, TriedNames, identity, is_asked
from maildoctor.api.host import address_of, is_private

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_LIBSASL = "service: postfix /etc/postfix/main.cf\nwanted"
_HEAD = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\n"
_PASSDB = "passdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}\n"
_GOOD = f"{_HEAD}auth_mechanisms = plain login\n{_PASSDB}"
_DENY = "passdb {\n  driver = passwd-file\n  deny = yes\n  args = username_format=%n /etc/dovecot/deny-users\n}\n"
_DENYING = f"{_HEAD}{_DENY}{_PASSDB}"
_NEW = (
    "version: 2.4.1\n==> /etc/dovecot/dovecot.conf <==\ndovecot_config_version = 2.4.0\n"
    "dovecot_storage_version = 2.4.0\npassdb passwd-file {\n  passwd_file_path = /etc/dovecot/users\n}\n"
)
_ETC = "drwxr-xr-x root root /\ndrwxr-xr-x root root /etc\ndrwxr-xr-x root root /etc/dovecot\n"
_FILE = f">> file: /etc/dovecot/users\n{_ETC}-rw-r----- root dovecot 90 2026-11-22 06:00:00 +0000 /etc/dovecot/users\n"
_MORE = _FILE.replace("/etc/dovecot/users", "/etc/dovecot/more")
_USERS = f"{_FILE}test\tSHA512-CRYPT\tsha512\nanna\tPLAIN\ttext\n"
_DENIED = _FILE.replace("/etc/dovecot/users", "/etc/dovecot/deny-users")
_FAILED = (
    "# path: /var/log/mail.log\nNov 22 08:00:01 mail postfix/submission/smtpd[9]: warning: unknown[192.0.2.1]: SASL "
    "PLAIN authentication failed: , sasl_username={}"
)
_STATIC = "passdb {\n  driver = static\n  args = nopassword=y\n}\n"
_FEW = 3


def _entries(dovecot: Dovecot, files: PasswdFiles, name: str) -> Iterator[tuple[Passdb, PasswdFile, DovecotUser]]:
    """The lines of a name in the files that let users in."""
    for passdb in dovecot.passdbs:
        file = files.at(passdb.path) if passdb.driver == "passwd-file" and passdb.verifies else None
        if file is not None and (user := file.users.get(identity(dovecot, name, passdb) or "")) is not None:
            yield passdb, file, user


def _bare(name: str) -> str:
    return name.partition("@")[0]


def _is_near(text: str) -> bool:
    """Whether an address is of a private net."""
    address = address_of(text)
    return address is not None and is_private(ip_network(address))


def _named(users: Sequence[DovecotUser]) -> str:
    names = ", ".join(u.name for u in users[:_FEW])
    return names + (f" and {len(users) - _FEW} more" if len(users) > _FEW else "")


@check(
    "USER070",
    "dovecot-denied-user",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    witnesses=("USER660",),
    fails=[
        {
            "dovecot": _DENYING,
            "service": _ASKED,
            "files": f"{_USERS}{_DENIED}test\t-\tempty",
            "tried": _FAILED.format("test"),
        }
    ],
    passes=[
        {
            "service": _ASKED,
            "dovecot": _DENYING,
            "files": f"{_USERS}{_DENIED}eve\t-\tempty",
            "tried": _FAILED.format("test"),
        },
        {
            "service": _LIBSASL,
            "dovecot": _DENYING,
            "files": f"{_USERS}{_DENIED}test\t-\tempty",
            "tried": _FAILED.format("test"),
        },
        {
            "service": _ASKED,
            "dovecot": _GOOD,
            "files": f"{_USERS}{_DENIED}test\t-\tempty",
            "tried": _FAILED.format("test"),
        },
    ],
    refs=("dovecot: auth/auth-request.c, auth_request_handle_passdb_callback(): User found from deny passdb",),
)
def denied_user(service: LoginService, dovecot: Dovecot, files: PasswdFiles, tried: TriedNames) -> Findings:
    """A user who tries to log in stands in the file of a passdb with deny = yes: the right password is refused too.

    Whoever is found there is turned away before any password is looked at; the client is told the same as for a wrong
    password.

    Advice: take the name out of the file once the reason is gone; Dovecot reads the changed file by itself.
    """
    if not is_asked(service) or dovecot.problems:
        return
    for passdb in dovecot.passdbs:
        file = files.at(passdb.path) if passdb.deny and passdb.driver == "passwd-file" else None
        if file is None:
            continue
        hit = [(n, i) for n in tried.failed if (i := identity(dovecot, n, passdb)) and i in file.users]
        real = [(n, i) for n, i in hit if next(_entries(dovecot, files, n), None) is not None]
        for name, entry in real[:_FEW]:
            yield found(
                f"{name} is refused whatever the password: {entry} stands in {passdb.path}, the file of a passdb with "
                "deny = yes",
                evidence=[
                    *([deny.evidence] if (deny := passdb.section.get("deny")) else []),
                    passdb.evidence,
                    Evidence(passdb.path, entry),
                    tried.evidence(name),
                ],
                fix=[edit(passdb.path, "take out the line {name}, unless {name} is to stay locked out", name=entry)],
                severity=None if not tried.let_in or name in tried.let_in else "warning",
                user=_bare(name),
                path=passdb.path,
            )


@check(
    "USER071",
    "dovecot-allow-nets",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    witnesses=("USER660",),
    fails=[
        {
            "service": _ASKED,
            "dovecot": _GOOD,
            "files": f"{_FILE}test\tPLAIN\ttext\tallow_nets=127.0.0.0/8,198.51.100.0/24",
            "tried": _FAILED.format("test"),
        },
    ],
    passes=[
        {
            "service": _ASKED,
            "dovecot": _GOOD,
            "files": f"{_FILE}test\tPLAIN\ttext\tallow_nets=127.0.0.0/8,192.0.2.0/24",
            "tried": _FAILED.format("test"),
        },
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS, "tried": _FAILED.format("test")},
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\tPLAIN\ttext\tallow_nets=10.0.0.0/8", "tried": ""},
    ],
    refs=("dovecot: auth/auth-request.c, auth_request_validate_networks(); Postfix passes the client's address on",),
)
def allow_nets(service: LoginService, dovecot: Dovecot, files: PasswdFiles, tried: TriedNames) -> Findings:
    """A user is refused from an address that allow_nets in the user's own entry does not have.

    Dovecot compares the address of the client, which Postfix passes on, with the networks of the entry, and answers as
    for a wrong password.

    Advice: add the network of the client to allow_nets in that line, or take the field out.
    """
    if not is_asked(service) or dovecot.problems or tried.guessing:
        return
    shown = 0
    for name in tried.failed:
        address = tried.address(name)
        entries = [*_entries(dovecot, files, name)] if address else []
        if not entries or any(user.is_let_in_from(address) for _, _, user in entries):
            continue
        passdb, _, user = entries[0]
        nets = ",".join(user.networks or ())
        yield found(
            f"{name} is refused from {address}: allow_nets of this user in {passdb.path} is {nets}",
            evidence=[Evidence(passdb.path, f"{user.name}: allow_nets={nets}"), passdb.evidence, tried.evidence(name)],
            fix=[
                edit(
                    passdb.path,
                    "add {address}, or its network, to allow_nets of {name}",
                    address=address,
                    name=user.name,
                )
            ],
            # from outside somebody may guess at a user who is meant to be inside
            severity=None if not tried.let_in or _is_near(address) else "warning",
            user=_bare(name),
            path=passdb.path,
        )
        shown += 1
        if shown == _FEW:
            return


@check(
    "USER072",
    "dovecot-unknown-scheme",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    witnesses=("USER700", "USER660"),
    fails=[
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\tPLAINTEXT\ttext"},
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\tSHA512.B32\ttext\nanna\tPLAIN\ttext"},
        {"service": _ASKED, "dovecot": _NEW, "files": f"{_FILE}test\tNTLM\thex32"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS},
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\tNTLM\thex32\nanna\tSSHA512.HEX\ttext"},
        {"service": _LIBSASL, "dovecot": _GOOD, "files": f"{_FILE}test\tPLAINTEXT\ttext"},
    ],
    refs=("dovecot: auth/password-scheme.c, password_schemes_init(); auth/auth-request.c: Unknown scheme",),
)
def unknown_scheme(service: LoginService, dovecot: Dovecot, files: PasswdFiles) -> Findings:
    """The password of a user is stored in a scheme that Dovecot does not know, and every login of that user fails.

    The names are Dovecot's own: {PLAIN}, not {PLAINTEXT}; {BLF-CRYPT}, not {BCRYPT}. The client is told the same as for
    a wrong password, or that the server has a problem.

    Advice: write the name that Dovecot has for this scheme, or a new hash by doveadm pw; doveadm pw -l lists the names.
    """
    if not is_asked(service) or dovecot.problems:
        return
    for passdb in dovecot.passdbs:
        file = files.at(passdb.path) if passdb.driver == "passwd-file" and passdb.verifies else None
        users = [*file.users.values()] if file else []
        bad = [u for u in users if not u.is_known_scheme(passdb.scheme, dovecot.version)]
        if not bad:
            continue
        every = len(bad) == len(users)
        schemes = " ".join(f"{{{s}}}" for s in dict.fromkeys(u.scheme or passdb.scheme for u in bad[:20]))
        near = next((_MEANT[w] for u in bad if (w := u.scheme.partition(".")[0]) in _MEANT), "")
        yield found(
            f"Dovecot {dovecot.release} has no password scheme {schemes}, which is unknown to it: no login of "
            f"{_named(bad)} in {passdb.path} can go well",
            evidence=[Evidence(passdb.path, f"{len(bad)} of {len(users)} users: {schemes}"), passdb.evidence],
            fix=[
                inspect("doveadm pw -l"),
                edit(passdb.path, f"write {{{{{near}}}}} for {bad[0].scheme}, or a new hash by doveadm pw")
                if near
                else edit(passdb.path, "write a new hash by doveadm pw -s SHA512-CRYPT for {names}", names=_named(bad)),
            ],
            severity="error" if every or len(bad) * 2 > len(users) else "warning",
            user="all" if every else bad[0].name,
            path=passdb.path,
        )


_MEANT = {
    "PLAINTEXT": "PLAIN", "TEXT": "PLAIN", "CLEAR-TEXT": "PLAIN", "NONE": "PLAIN", "BCRYPT": "BLF-CRYPT",
    "BLOWFISH": "BLF-CRYPT", "SHA-512": "SHA512", "SHA-256": "SHA256", "SHA-1": "SHA1", "SHA-512-CRYPT": "SHA512-CRYPT",
    "SHA-256-CRYPT": "SHA256-CRYPT", "ARGON2": "ARGON2ID", "MD5CRYPT": "MD5-CRYPT", "SHA512CRYPT": "SHA512-CRYPT",
    "SHA256CRYPT": "SHA256-CRYPT", "SCRAM-SHA1": "SCRAM-SHA-1", "SCRAM-SHA256": "SCRAM-SHA-256",
}  # fmt: skip
"""What other programs call a scheme, and what Dovecot does."""


@check(
    "USER073",
    "dovecot-passdb-ends-the-search",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    fails=[
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD.replace('users', 'users' + chr(10) + '  result_failure = return-fail')}"
            + _PASSDB.replace("/users", "/more"),
            "files": f"{_USERS}{_MORE}bob\tPLAIN\ttext",
        },
        {
            "service": _ASKED,
            "dovecot": _GOOD.replace("users\n", "users\n  result_success = return-fail\n"),
            "files": _USERS,
        },
    ],
    passes=[
        {
            "service": _ASKED,
            "dovecot": _GOOD + _PASSDB.replace("/users", "/more"),
            "files": f"{_USERS}{_MORE}bob\tPLAIN\tt",
        },
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS},
    ],
    refs=("dovecot: auth/auth-request.c, auth_request_handle_passdb_callback(): result_success, result_failure",),
)
def passdb_ends_the_search(service: LoginService, dovecot: Dovecot, files: PasswdFiles) -> Findings:
    """A passdb ends the search before the one in which users stand is asked, or refuses who knows the right password.

    Passdbs are asked in order, and one that does not know a user hands on to the next; result_failure = return-fail
    keeps it from that. result_success = return-fail refuses the very users whom it knows.

    Advice: take the line out, or move that passdb behind the others; then reload Dovecot.
    """
    if not is_asked(service) or dovecot.problems:
        return
    passdbs = [p for p in dovecot.passdbs if p.verifies]
    for at, passdb in enumerate(passdbs):
        file = files.at(passdb.path)
        known = file.users if file is not None else {}
        option = "result_failure"
        later = [
            (p, u)
            for p in passdbs[at + 1 :]
            if p.driver == "passwd-file" and (other := files.at(p.path)) is not None
            for u in other.users.values()
            if u.name not in known
        ]
        ends = passdb.result("failure") in ("return", "return-fail") and not passdb.username_filter
        # what PAM, a directory or a database knows is not known here
        lost = later if ends and passdb.driver == "passwd-file" and file is not None and not file.reason else []
        what = f"{len(lost)} users of {lost[0][0].path} are never looked up" if lost else ""
        if passdb.result_success == "return-fail":
            option, what = "result_success", "whoever knows the right password is refused"
        line = passdb.section.get(option)
        if not what or line is None:
            continue
        users = [u for _, u in lost] if option == "result_failure" else [*known.values()]
        every = option == "result_success" and len(passdbs) == 1
        yield found(
            f"{option} = {line.value} of passdb {passdb.path or passdb.driver}: {what}"
            + (f" ({_named(users)})" if users else ""),
            evidence=[line.evidence, passdb.evidence],
            fix=[edit(line.path, "take out line {line}", line=str(line.line)), Restart("dovecot")],
            user="all" if every or not users else users[0].name,
            option=option,
        )


_PROVEN = frozenset({"EXTERNAL", "GSSAPI", "GSS-SPNEGO", "XOAUTH2", "OAUTHBEARER"})


@check(
    "SASL070",
    "dovecot-takes-any-password",
    "error",
    rung="none",
    role="risk",
    fails=[
        {"service": _ASKED, "dovecot": _GOOD + _STATIC, "files": _USERS},
        {"service": _ASKED, "dovecot": _HEAD + _STATIC},
        {"service": _ASKED, "dovecot": _GOOD + _STATIC.replace("nopassword=y", "password=secret"), "files": _USERS},
        {"service": _ASKED, "dovecot": f"{_NEW}passdb static {{\n  fields {{\n    nopassword = yes\n  }}\n}}\n"},
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\t-\tempty\tnopassword"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS},
        {"service": _LIBSASL, "dovecot": _GOOD + _STATIC},
        {"service": _ASKED, "dovecot": _GOOD + _STATIC.replace("driver", "master = yes\n  driver")},
        {"service": _ASKED, "dovecot": _GOOD + _STATIC.replace("driver", "skip = unauthenticated\n  driver")},
        {"service": _ASKED, "dovecot": _GOOD + _STATIC.replace("driver", "mechanisms = external\n  driver")},
    ],
    refs=("dovecot: auth/passdb-static.c; doc.dovecot.org: nopassword: the user is let in with any password",),
)
def takes_any_password(service: LoginService, dovecot: Dovecot, files: PasswdFiles | Unknown) -> Findings:
    """Dovecot lets anybody in: a static passdb with nopassword accepts every name with any password, and whoever is
    logged in may relay.

    It is asked after the others have refused, so that right logins look as they should. With password= all names have
    the same password. An entry of a passwd-file may have the field nopassword for one user.

    Advice: take that passdb out of the configuration and restart Dovecot; look in the log for logins of strangers.
    """
    if not is_asked(service) or dovecot.problems:
        return
    for passdb in dovecot.passdbs:
        # a certificate, a ticket or a token is its own proof
        proven = bool(passdb.mechanisms) and set(passdb.mechanisms) <= _PROVEN
        how = passdb.takes_any_password if passdb.lets_in and not proven else ""
        if how:
            whom = f"names like {passdb.username_filter}" if passdb.username_filter else "every name"
            what = "any password" if how == "nopassword" else "one and the same password"
            yield found(
                f"passdb static with {how} accepts {whom} with {what}: strangers can log in and relay",
                evidence=[passdb.section.evidence, *([passdb.evidence] if how == "nopassword" else [])],
                fix=[
                    edit(
                        passdb.section.path,
                        "remove the passdb static that begins in line {line}",
                        line=str(passdb.section.line),
                    ),
                    Restart("dovecot"),
                    inspect("grep -h sasl_username= /var/log/mail.log | tail -50"),
                ],
                severity=None if how == "nopassword" else "warning",
                line=str(passdb.section.line),
            )
        file = None
        if not isinstance(files, Unknown) and passdb.driver == "passwd-file" and passdb.lets_in:
            file = files.at(passdb.path)
        free = [u for u in file.users.values() if "nopassword" in u.fields and u.networks is None] if file else []
        if free:
            yield found(
                f"{_named(free)} in {passdb.path} can log in with any password: the entry has the field nopassword",
                evidence=[Evidence(passdb.path, f"{free[0].name}: nopassword"), passdb.evidence],
                fix=[edit(passdb.path, "remove nopassword from the entries and give them a hash by doveadm pw")],
                path=passdb.path,
            )


@check(
    "CONF074",
    "dovecot-wants-client-certificate",
    "error",
    rung="verifier",
    role="cause",
    fails=[
        {"service": _ASKED, "dovecot": f"{_GOOD}auth_ssl_require_client_cert = yes\n"},
        {"service": _ASKED, "dovecot": f"{_NEW}auth_ssl_require_client_cert = yes\n"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": f"{_GOOD}auth_ssl_require_client_cert = no\n"},
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD}auth_ssl_require_client_cert = yes\nprotocol smtp {{\n"
            "  auth_ssl_require_client_cert = no\n}\n",
        },
        {"service": _LIBSASL, "dovecot": f"{_GOOD}auth_ssl_require_client_cert = yes\n"},
    ],
    refs=("dovecot: auth/auth-request-handler.c: Client didn't present valid SSL certificate",),
)
def wants_client_certificate(service: LoginService, dovecot: Dovecot) -> Findings:
    """Dovecot demands a client certificate for every login, and a mail server that asks it never reports one.

    Each login fails although the password is right (auth_ssl_require_client_cert). The setting is meant for Dovecot's
    own IMAP and POP3, and its auth service applies it to whoever asks.

    Advice: set auth_ssl_require_client_cert = no, or put it into protocol imap and protocol pop3; then reload Dovecot.
    """
    option = "auth_ssl_require_client_cert"
    if not is_asked(service) or dovecot.problems or not dovecot.is_yes(option):
        return
    line = dovecot.get(option)
    also = "auth_ssl_username_from_cert"
    yield found(
        f"{option} = yes: Dovecot refuses every login that {service.product} asks it for, which reports no client "
        "certificate",
        evidence=[dovecot.evidence(option), *([dovecot.evidence(also)] if dovecot.is_yes(also) else [])],
        fix=[
            SetInLine(line.path, line.line, option, "no", line.value)
            if line is not None and line.written.startswith(f"{option} ")
            else by_hand(f"set {option} = no in Dovecot's configuration"),
            Restart("dovecot"),
        ],
        option=option,
    )

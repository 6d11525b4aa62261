"""USER, PERM, SASL: passdbs that cannot let in whom they are asked for: passwords elsewhere, names and mechanisms that
they are not asked about, answers that come too late."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from maildoctor.api import (
    Evidence,
    Findings,
    LoginService,
    Restart,
    SetInLine,
    Step,
    Unknown,
    check,
    edit,
    found,
    inspect,
)
from maildoctor.api.dovecot import Dovecot, Passdb, PasswdFiles, TriedNames, identity, is_asked
from maildoctor.api.host import address_of

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_LIBSASL = "service: postfix /etc/postfix/main.cf\nwanted"
_HEAD = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nauth_mechanisms = plain login cram-md5\n"
_FILE = "passdb {{\n  driver = passwd-file\n  args = /etc/dovecot/users\n{}}}\n"
_OF_SYSTEM = "passdb {\n  driver = passwd\n}\n"
_PAM = "passdb {\n  driver = pam\n}\n"
_NEW = (
    "version: 2.4.1\n==> /etc/dovecot/dovecot.conf <==\ndovecot_config_version = 2.4.0\n"
    "dovecot_storage_version = 2.4.0\n"
)
_FAILED = (
    "# path: /var/log/mail.log\nNov 22 08:00:01 mail postfix/submission/smtpd[9]: warning: unknown[192.0.2.1]: SASL "
    "PLAIN authentication failed: , sasl_username={}"
)

_LET_IN = (
    "Nov 22 08:00:09 mail postfix/submission/smtpd[9]: 4AB1C00077: client=c[192.0.2.9], sasl_method=PLAIN, "
    "sasl_username=anna@example.com"
)


def _verifying(dovecot: Dovecot) -> list[Passdb]:
    return [p for p in dovecot.passdbs if p.verifies]


@check(
    "USER085",
    "dovecot-passwords-are-in-shadow",
    "error",
    rung="account",
    role="cause",
    fails=[
        {"service": _ASKED, "dovecot": _HEAD + _OF_SYSTEM},
        {"service": _ASKED, "dovecot": f"{_NEW}passdb passwd {{\n}}\n"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _HEAD + _PAM},
        {"service": _ASKED, "dovecot": _HEAD + _OF_SYSTEM + _PAM},
        {"service": _LIBSASL, "dovecot": _HEAD + _OF_SYSTEM},
    ],
    refs=("dovecot: auth/passdb-passwd.c: getpwnam(3), whose password is x where there is /etc/shadow",),
)
def passwords_are_in_shadow(service: LoginService, dovecot: Dovecot) -> Findings:
    """Dovecot compares passwords with /etc/passwd, where none stands: they are in /etc/shadow.

    The driver passwd takes what getpwnam(3) gives, which on today's systems is `x` for everybody, and each login is
    refused as if the password were wrong.

    Advice: passdb pam asks for the same accounts by the rules of the system; 2.3 has the driver shadow too.
    """
    asked = _verifying(dovecot) if is_asked(service) and not dovecot.problems else []
    if not asked or any(p.driver != "passwd" for p in asked):
        return
    passdb = asked[0]
    driver = passdb.section.get("driver")
    yield found(
        "passdb passwd looks for passwords in /etc/passwd, but they are in /etc/shadow: every login is refused",
        evidence=[passdb.evidence, Evidence("/etc/passwd", "x in the second field")],
        fix=[
            SetInLine(driver.path, driver.line, "driver", "pam", driver.value)
            if driver is not None
            else edit(passdb.section.path, "passdb pam in line {line}", line=str(passdb.section.line)),
            Restart("dovecot"),
            inspect("doveadm auth test USER"),
        ],
        driver="passwd",
    )


_WORKER = "service auth-worker {\n  user = dovecot\n}\n"


@check(
    "PERM085",
    "dovecot-worker-is-not-root",
    "error",
    rung="verifier",
    role="cause",
    fails=[
        {"service": _ASKED, "dovecot": _HEAD + _PAM + _WORKER},
        {"service": _ASKED, "dovecot": _HEAD + _PAM.replace("pam", "shadow") + _WORKER},
        {"service": _ASKED, "dovecot": _HEAD + _PAM + _WORKER.replace("dovecot", "$default_internal_user")},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _HEAD + _PAM},
        {"service": _ASKED, "dovecot": _HEAD + _PAM + _WORKER.replace("dovecot", "root")},
        {"service": _ASKED, "dovecot": _HEAD + _FILE.format("") + _WORKER},
    ],
    refs=("dovecot: auth/passdb-pam.c; pam_unix(8): unix_chkpwd checks its caller's own password alone",),
)
def worker_is_not_root(service: LoginService, dovecot: Dovecot) -> Findings:
    """Dovecot's auth-worker, which asks PAM or reads /etc/shadow, does not run as root, and may do neither.

    Its default user is root. As anybody else pam_unix can check no password but that user's own ("unix_chkpwd: check
    pass; user unknown" in the log), and each login is refused as if the password were wrong.

    Advice: take `user` out of service auth-worker, or set it to root; then restart Dovecot.
    """
    worker = dovecot.service("auth-worker")
    said = worker.get("user") if worker else None
    needy = [p for p in _verifying(dovecot) if p.driver in ("pam", "shadow")]
    if said is None or not needy or not is_asked(service) or dovecot.problems:
        return
    user = dovecot.expanded(said.value)
    if user in ("", "root", "0"):
        return
    alone = len(needy) == len(_verifying(dovecot))
    yield found(
        f"service auth-worker of Dovecot runs as {user} and not as root, so passdb {needy[0].driver} cannot check the "
        "passwords of others: every login by it is refused",
        evidence=[said.evidence, needy[0].evidence],
        fix=[SetInLine(said.path, said.line, "user", "root", said.value), Restart("dovecot")],
        severity=None if alone else "warning",
        user_of="auth-worker",
    )


def _matches(name: str, patterns: str) -> bool:
    """username_filter: patterns with `*` and `?`, one with `!` excludes (auth/auth-request.c,
    auth_request_username_accepted())."""
    words = patterns.replace(",", " ").split()
    positive = [w for w in words if not w.startswith("!")]

    def like(word: str) -> bool:
        shape = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in word[:200])
        return bool(re.fullmatch(shape, name))

    return not any(like(w[1:]) for w in words if w.startswith("!")) and (not positive or any(map(like, positive)))


def _mechanisms(passdb: Passdb) -> set[str]:
    """Those that a passdb is asked for; empty: all. 2.3 lets `none` stand for lookups."""
    return set(passdb.mechanisms) - {"NONE"}


@check(
    "USER086",
    "dovecot-passdb-not-asked",
    "error",
    rung="account",
    role="cause",
    scope=("user", "mechanism"),
    fails=[
        {"service": _ASKED, "dovecot": _HEAD + _FILE.format("  mechanisms = cram-md5\n"), "tried": ""},
        {"service": _ASKED, "dovecot": _HEAD + _FILE.format("  mechanisms = plain login\n"), "tried": ""},
        {"service": _ASKED, "dovecot": _HEAD + _FILE.format("  skip = unauthenticated\n"), "tried": ""},
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format("  username_filter = *@example.com\n"),
            "tried": f"{_FAILED.format('test')}\n{_LET_IN}",
        },
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format("  username_filter = *@example.com\n"),
            "tried": _FAILED.format("test"),
        },
        {
            "service": _ASKED,
            "dovecot": f"{_NEW}auth_mechanisms = plain login\npassdb passwd-file {{\n  mechanisms_filter = login\n}}\n",
            "tried": "",
        },
    ],
    passes=[
        {"service": _ASKED, "dovecot": _HEAD + _FILE.format(""), "tried": _FAILED.format("test")},
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format("  mechanisms = cram-md5\n") + _PAM,
            "tried": "",
        },
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format("  username_filter = *@example.com !bob@*\n"),
            "tried": _FAILED.format("test@example.com"),
        },
        {"service": _ASKED, "dovecot": _HEAD + _FILE.format("  mechanisms = plain login cram-md5\n"), "tried": ""},
    ],
    refs=("dovecot: auth/auth-request.c, auth_request_want_skip_passdb(): All password databases were skipped",),
)
def passdb_not_asked(service: LoginService, dovecot: Dovecot, tried: TriedNames | Unknown) -> Findings:
    """No passdb is asked for a mechanism that is offered, or for a name that users log in by.

    mechanisms (2.4: passdb_mechanisms_filter), username_filter and skip keep a passdb from being asked. Where each of
    them is kept out, the login is refused as if the password were wrong: "All password databases were skipped".

    Advice: take the line out, or give the other mechanisms and names a passdb of their own; then reload Dovecot.
    """
    asked = _verifying(dovecot) if is_asked(service) and not dovecot.problems else []
    if not asked:
        return
    open_ = [p for p in asked if p.skip != "unauthenticated"]
    if not open_:
        line = asked[0].section.get("skip")
        yield found(
            "skip = unauthenticated in every passdb: none is asked first, and every login is refused",
            evidence=[line.evidence if line else asked[0].evidence],
            fix=[_out(asked[0], "skip"), Restart("dovecot")],
            option="skip",
        )
        return
    offered = [m for m in dovecot.mechanisms if m not in ("GSSAPI", "GSS-SPNEGO", "EXTERNAL", "ANONYMOUS")]
    left = [m for m in offered if all(_mechanisms(p) and m not in _mechanisms(p) for p in open_)]
    if left:
        option = "mechanisms_filter" if dovecot.modern else "mechanisms"
        line = open_[0].section.get(option)
        every = len(left) == len(offered) or "PLAIN" in left
        yield found(
            f"{option} of {'the passdb' if len(open_) == 1 else 'all passdbs'} leaves out {' '.join(left)}, which "
            "auth_mechanisms offers: no password database is asked, and each login by it is refused",
            evidence=[line.evidence if line else open_[0].evidence, dovecot.evidence("auth_mechanisms")],
            fix=[_out(open_[0], option), Restart("dovecot")],
            option=option,
            **({} if every else {"mechanism": left[0]}),  # type: ignore[arg-type]
        )
    names = list(tried.failed)[-50:] if isinstance(tried, TriedNames) and not tried.guessing else []
    if any(not p.username_filter for p in open_):
        return
    for name in reversed(names):
        looked_up = {identity(dovecot, name, p) or name for p in open_} | {name}
        if not any(_matches(n, p.username_filter) for n in looked_up for p in open_):
            line = open_[0].section.get("username_filter")
            alone = not isinstance(tried, Unknown) and not tried.let_in
            yield found(
                f"username_filter = {open_[0].username_filter} leaves out {name}: no password database is asked about "
                "it, and the login is refused whatever the password",
                evidence=[line.evidence if line else open_[0].evidence]
                + ([tried.evidence(name)] if isinstance(tried, TriedNames) else []),
                fix=[_out(open_[0], "username_filter"), Restart("dovecot")],
                severity=None if alone else "warning",
                option="username_filter",
                **({} if alone else {"user": name.partition("@")[0]}),  # type: ignore[arg-type]
            )
            return


def _out(passdb: Passdb, option: str) -> Step:
    line = passdb.section.get(option)
    where = line or passdb.section
    return edit(where.path, f"take {option} of line {{line}} out of that passdb", line=str(where.line))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


_NETS = re.compile(r"\ballow_nets=([0-9A-Fa-f:./,]{1,400})")


@check(
    "USER087",
    "dovecot-passdb-allows-few-networks",
    "error",
    rung="account",
    role="cause",
    scope=("client",),
    witnesses=("USER660",),
    fails=[
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format("  override_fields = allow_nets=127.0.0.0/8,10.0.0.0/8\n"),
            "tried": _FAILED.format("test"),
        },
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format("  default_fields = allow_nets=127.0.0.0/8\n"),
            "tried": f"{_FAILED.format('test')}\n{_LET_IN}",
        },
    ],
    passes=[
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format("  override_fields = allow_nets=192.0.2.0/24\n"),
            "tried": _FAILED.format("test"),
        },
        {"service": _ASKED, "dovecot": _HEAD + _FILE.format(""), "tried": _FAILED.format("test")},
    ],
    refs=("dovecot: auth/auth-request.c, auth_request_validate_networks(); doc.dovecot.org: allow_nets",),
)
def passdb_allows_few_networks(service: LoginService, dovecot: Dovecot, tried: TriedNames) -> Findings:
    """A passdb lets users in from a few networks alone (allow_nets), and clients are elsewhere.

    Dovecot compares the address that Postfix passes on with allow_nets of default_fields or override_fields, and
    answers as for a wrong password.

    Advice: add the networks of the clients to allow_nets, or take it out of the passdb; then reload Dovecot.
    """
    if not is_asked(service) or dovecot.problems or tried.guessing:
        return
    for passdb in _verifying(dovecot):
        for option in ("override_fields", "default_fields"):
            line = passdb.section.get(option)
            nets = _NETS.search(line.value) if line else None
            if line is None or nets is None:
                continue
            known = [n for n in map(_network, nets[1].split(",")) if n is not None]
            far = [n for n in tried.failed if (a := address_of(tried.address(n))) and not any(a in k for k in known)]
            if far:
                name = far[-1]
                yield found(
                    f"{name} is refused from {tried.address(name)}: {option} of passdb {passdb.path or passdb.driver} "
                    f"has allow_nets={nets[1]}",
                    evidence=[line.evidence, tried.evidence(name)],
                    fix=[
                        edit(
                            line.path,
                            "in line {line} add {address}, or its network, to allow_nets",
                            line=str(line.line),
                            address=tried.address(name),
                        ),
                        Restart("dovecot"),
                    ],
                    severity=None if not tried.let_in else "warning",
                    option=option,
                    **({} if not tried.let_in else {"client": tried.address(name)}),  # type: ignore[arg-type]
                )
                return


_HASHED = frozenset(("SHA512-CRYPT", "SHA256-CRYPT", "MD5-CRYPT", "BLF-CRYPT"))


@check(
    "USER088",
    "dovecot-hash-is-none",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    explains=("USER067",),
    witnesses=("USER700", "USER660"),
    fails=[
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format(""),
            "files": ">> file: /etc/dovecot/users\n-rw-r----- root root /etc/dovecot/users\ntest\tSHA512-CRYPT\ttext",
        },
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format(""),
            "files": ">> file: /etc/dovecot/users\n-rw-r----- root root /etc/dovecot/users\ntest\tSHA512-CRYPT\tmd5\n"
            "anna\tPLAIN\ttext\nbob\tPLAIN\ttext",
        },
    ],
    passes=[
        {
            "service": _ASKED,
            "dovecot": _HEAD + _FILE.format(""),
            "files": ">> file: /etc/dovecot/users\n-rw-r----- root dovecot /etc/dovecot/users\n"
            "test\tSHA512-CRYPT\tsha512\nanna\tCRYPT\tsha512\nbob\tSSHA256\ttext\neve\tSHA512-CRYPT\tlocked",
        },
    ],
    refs=("dovecot: auth/password-scheme-crypt.c: crypt(3) with what is stored as its salt; doveadm pw",),
)
def hash_is_none(service: LoginService, dovecot: Dovecot, files: PasswdFiles) -> Findings:
    """The users file names a scheme of crypt(3) before a password, and what stands there is no hash of that scheme.

    Mostly the password itself stands behind {SHA512-CRYPT}, or a hash of another kind. It is compared as a hash, and
    each login of that user is refused as if the password were wrong.

    Advice: write what `doveadm pw -s SHA512-CRYPT` prints, scheme and all; a password in plain text has {PLAIN}.
    """
    if not is_asked(service) or dovecot.problems:
        return
    for passdb in _verifying(dovecot):
        file = files.at(passdb.path) if passdb.driver == "passwd-file" else None
        users = [*file.users.values()] if file else []
        bad = [
            u for u in users
            if u.scheme in _HASHED and (u.shape in _NO_HASH or _KINDS.get(u.shape, u.scheme) != u.scheme)
        ]  # fmt: skip
        if not bad:
            continue
        every = len(bad) == len(users)
        names = ", ".join(u.name for u in bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
        yield found(
            f"{passdb.path} has {{{bad[0].scheme}}} before what is not a hash of that scheme ({names}): no login of "
            "theirs can go well",
            evidence=[Evidence(passdb.path, f"{len(bad)} of {len(users)} users: {{{bad[0].scheme}}}"), passdb.evidence],
            fix=[
                inspect("doveadm pw -s SHA512-CRYPT"),
                edit(passdb.path, "write what it prints behind the names {names}", names=names),
            ],
            severity="error" if every or len(bad) * 2 > len(users) else "warning",
            user="all" if every else bad[0].name,
            path=passdb.path,
        )


_NO_HASH = ("text", "hex32", "des")
_KINDS = {"sha512": "SHA512-CRYPT", "sha256": "SHA256-CRYPT", "md5": "MD5-CRYPT"}
_SECONDS = re.compile(r"(\d{1,9}) *(ms\w*|milli\w*|m|mi\w*|s\w*|h\w*|)", re.IGNORECASE)
_LONG = 15
"""Seconds after which mail programs and people give a login up."""


@check(
    "SASL085",
    "dovecot-answers-failures-late",
    "warning",
    rung="verifier",
    role="cause",
    scope=("client",),
    fails=[
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_failure_delay = 60 secs\n"},
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_failure_delay = 2 mins\n"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _HEAD},
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_failure_delay = 5 secs\n"},
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_failure_delay = 2000 msecs\n"},
    ],
    refs=("dovecot: auth/auth-settings.c: auth_failure_delay is 2 secs; auth-penalty.c: 15 s on top (2.3)",),
)
def answers_failures_late(service: LoginService, dovecot: Dovecot) -> Findings:
    """Dovecot keeps a client waiting so long for the answer to a wrong password that it looks like a broken server.

    auth_failure_delay is 2 seconds where nobody sets it. On top Dovecot 2.3 lets an address that failed several times
    wait up to 15 seconds before its next login is looked at, a right one too; that meets all users behind one address.

    Advice: set auth_failure_delay = 2 secs, and restart Dovecot.
    """
    said = dovecot.get("auth_failure_delay")
    m = _SECONDS.fullmatch(said.value.strip()) if said else None
    if not is_asked(service) or said is None or m is None:
        return
    unit = m[2].lower()
    if unit.startswith(("ms", "milli")):
        seconds = int(m[1]) // 1000
    else:
        seconds = int(m[1]) * {"m": 60, "h": 3600}.get(unit[:1], 1)
    if seconds > _LONG:
        yield found(
            f"auth_failure_delay = {said.value}: whoever mistypes a password waits {seconds} s for the answer, and "
            "mail programs give up",
            evidence=[said.evidence],
            fix=[SetInLine(said.path, said.line, "auth_failure_delay", "2 secs", said.value), Restart("dovecot")],
            option="auth_failure_delay",
            client="others",
        )

"""The users in Dovecot's passwd-files: whether they can be read, under which names they are looked up, and what their
stored passwords can serve."""

from collections.abc import Iterator, Sequence

from maildoctor.api import (
    AddLine,
    Chown,
    Evidence,
    Findings,
    Found,
    LoginService,
    Relabel,
    Restart,
    SetInLine,
    SetPostfix,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
    shown,
)
from maildoctor.api.dovecot import (
    CHALLENGES,
    LABELS,
    Dovecot,
    DovecotSockets,
    DovecotUser,
    Passdb,
    PasswdFile,
    PasswdFiles,
    TriedNames,
    askers,
    groups_of,
    identity,
    is_asked,
    offered,
    refused_character,
)
from maildoctor.api.host import Look, System, may
from maildoctor.api.postfix import Postfix

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_LIBSASL = "service: postfix /etc/postfix/main.cf\nwanted"
_HEAD = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\n"
_GOOD = f"{_HEAD}auth_mechanisms = plain login\npassdb {{\n  driver = passwd-file\n  args = /etc/dovecot/users\n}}\n"
_ALL = _GOOD.replace("plain login", "cram-md5 scram-sha-256 plain login")
_PLAIN = _GOOD.replace("args = ", "args = scheme=PLAIN username_format=%n ")
_NEW = (
    "version: 2.4.1\n==> /etc/dovecot/dovecot.conf <==\ndovecot_config_version = 2.4.0\n"
    "dovecot_storage_version = 2.4.0\npassdb passwd-file {\n  passwd_file_path = /etc/dovecot/users\n}\n"
)
_ETC = "drwxr-xr-x root root /\ndrwxr-xr-x root root /etc\ndrwxr-xr-x root root /etc/dovecot\n"
_TRAIL = f">> file: /etc/dovecot/users\n{_ETC}"
_FILE = f"{_TRAIL}-rw-r----- root dovecot 90 2026-11-22 06:00:00 +0000 /etc/dovecot/users\n"
_USERS = f"{_FILE}test\tSHA512-CRYPT\tsha512\nanna\tPLAIN\ttext"
_SYSTEM = "ID=debian\nprimary group dovecot: dovecot"
_FAILED = (
    "# path: /var/log/mail.log\nNov 22 08:00:01 mail postfix/submission/smtpd[9]: warning: unknown[192.0.2.1]: SASL "
    "PLAIN authentication failed: , sasl_username={}"
)

_FEW = 3
_NAMES = 200
"""Names of the log that are compared with the files."""


def _files(dovecot: Dovecot, files: PasswdFiles) -> Iterator[tuple[Passdb, PasswdFile]]:
    """The passwd-files that let users in."""
    for passdb in dovecot.passdbs:
        if passdb.driver == "passwd-file" and passdb.verifies and (file := files.at(passdb.path)) is not None:
            yield passdb, file


def _alone(dovecot: Dovecot) -> bool:
    """Whether no other kind of database could let somebody in."""
    return all(p.driver == "passwd-file" for p in dovecot.passdbs if p.verifies)


def _named(users: list[DovecotUser]) -> str:
    names = ", ".join(u.name for u in users[:_FEW])
    return names + (f" and {len(users) - _FEW} more" if len(users) > _FEW else "")


@check(
    "USER065",
    "dovecot-users-file-missing",
    "error",
    rung="account",
    role="cause",
    witnesses=("MAP700",),
    fails=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _TRAIL},
        {"service": _ASKED, "dovecot": _GOOD, "files": _FILE},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS},
        {"service": _LIBSASL, "dovecot": _GOOD, "files": _TRAIL},
        {"service": _ASKED, "dovecot": f"{_GOOD}passdb {{\n  driver = pam\n}}", "files": _FILE},
    ],
    refs=("dovecot: auth/db-passwd-file.c",),
)
def users_file_missing(service: LoginService, dovecot: Dovecot, files: PasswdFiles) -> Findings:
    """The file in which Dovecot looks passwords up is missing, or there is nobody in it.

    Advice: put the users there, a line each: the name, a colon, and the password as doveadm pw prints it; the file
    belongs to root and the group dovecot, mode 0640.
    """
    if not is_asked(service):
        return
    for passdb, file in _files(dovecot, files):
        if file.reason or file.users:
            if file.users:
                count = f"{len(file.users)} user{'s' if len(file.users) > 1 else ''}"
                yield shown(f"{passdb.path}, {count}", file.evidence)
            continue
        others = [p for p in dovecot.passdbs if p.verifies and p is not passdb]
        if any(p.driver != "passwd-file" or (f := files.at(p.path)) is None or f.users or f.reason for p in others):
            continue  # they may have the users
        what = "does not exist" if file.missing else "has no users"
        yield found(
            f"{passdb.path}, where Dovecot looks passwords up, {what}",
            evidence=[file.evidence, passdb.evidence],
            fix=[
                inspect("doveadm pw -s SHA512-CRYPT"),
                by_hand("put into it for each user a line: the name, a colon, and what doveadm pw prints"),
                Chown("root:dovecot", (passdb.path,), "", "640"),
            ],
            path=passdb.path,
        )


@check(
    "USER077",
    "dovecot-user-twice",
    "warning",
    rung="account",
    role="cause",
    scope=("client",),
    witnesses=("USER701",),
    fails=[
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_USERS}\ntest\tPLAIN\ttext"},
        {"service": _ASKED, "dovecot": _NEW, "files": f"{_USERS}\ntest\tSHA512-CRYPT\tsha512\nanna\tPLAIN\ttext"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS},
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_USERS}\nTest\tPLAIN\ttext"},
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_USERS}\ntest@example.com\tPLAIN\ttext"},
        {"service": _LIBSASL, "dovecot": _GOOD, "files": f"{_USERS}\ntest\tPLAIN\ttext"},
    ],
    refs=(
        "dovecot: auth/db-passwd-file.c, passwd_file_add(): User exists more than once, the later one is passed over",
    ),
)
def user_twice(service: LoginService, dovecot: Dovecot, files: PasswdFiles) -> Findings:
    """A user stands in several lines of the file in which Dovecot looks passwords up, and the first alone counts.

    A new password in a line further down is refused, the old one goes on to be good. Names in other letters are other
    users. Dovecot says "User exists more than once" each time that it reads the file.

    Advice: leave the one line of the user whose password is meant.
    """
    if not is_asked(service):
        return
    for passdb, file in _files(dovecot, files):
        if not file.repeated:
            continue
        twice = [file.users[name] for name in file.repeated]
        yield found(
            f"{passdb.path} has more than one line of {_named(twice)}: the first counts, and a password in a later one "
            "is refused",
            evidence=[file.evidence, passdb.evidence],
            fix=[
                by_hand("in {path} leave one line of {user}", path=passdb.path, user=_named(twice)),
            ],
            path=passdb.path,
            client="others",
        )


@check(
    "PERM066",
    "dovecot-cannot-read-users",
    "error",
    rung="account",
    role="cause",
    witnesses=("PERM700", "PERM661"),
    fails=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS.replace("-rw-r-----", "-rw-------"), "system": _SYSTEM},
        {
            "service": _ASKED,
            "dovecot": _GOOD,
            "files": _USERS.replace("drwxr-xr-x root root /etc/dovecot", "drwx------ root root /etc/dovecot"),
            "system": _SYSTEM,
        },
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS, "system": _SYSTEM},
        {"service": _LIBSASL, "dovecot": _GOOD, "files": _USERS.replace("-rw-r", "-rw--"), "system": _SYSTEM},
    ],
    refs=("dovecot: auth/db-passwd-file.c: it is opened by the auth service itself, which runs as dovecot",),
)
def cannot_read_users(service: LoginService, dovecot: Dovecot, files: PasswdFiles, system: System) -> Findings:
    """Dovecot's auth service, which runs as the user dovecot, may not read the file with the users.

    Every login fails, and the client is told the same as for a wrong password.

    Advice: root and the group dovecot own the file, mode 0640, and the folders on the way let that group pass.
    """
    if not is_asked(service):
        return
    user = dovecot.user
    groups = groups_of(user, system)
    for passdb, file in _files(dovecot, files):
        culprit = _refusing(file, user, groups)
        if culprit is None:
            continue
        before = f"{culprit.owner}:{culprit.group}"
        group = next(iter(sorted(groups)), user)
        if culprit.kind == "d":
            words = "let the group {group} pass {folder}: chgrp {group} {folder} && chmod g+x {folder}"
            fix: list[Step] = [by_hand(words, group=group, folder=culprit.path)]
        else:
            fix = [Chown(f"root:{group}", (culprit.path,), before, "640", culprit.octal)]
        yield found(
            f"user {user} may not read {passdb.path}, so Dovecot finds no user in it: {culprit.path} has mode"
            f" {culprit.octal}, owner {before}",
            evidence=[culprit.evidence, passdb.evidence],
            fix=fix,
            path=passdb.path,
        )


def _refusing(file: PasswdFile, user: str, groups: frozenset[str]) -> Look | None:
    if user in ("root", "0"):
        return None
    for folder in file.trail.folders:
        if not folder.has_acl and not may(folder, user, groups, 1):
            return folder
    own = file.file
    return own if own is not None and not own.has_acl and not may(own, user, groups, 4) else None


@check(
    "USER066",
    "dovecot-name-form",
    "error",
    rung="account",
    role="cause",
    witnesses=("USER661", "USER660", "USER503"),
    fails=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS, "tried": _FAILED.format("test@example.com")},
        {
            "service": _ASKED,
            "dovecot": _GOOD,
            "files": _USERS.replace("test\t", "test@example.com\t"),
            "tried": _FAILED.format("test"),
        },
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD}auth_default_realm = example.org\n",
            "files": _USERS,
            "tried": _FAILED.format("test"),
        },
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD}auth_default_realm = old.example.com\n",
            "files": _USERS.replace("test\t", "test@example.com\t"),
            "tried": _FAILED.format("test@old.example.com"),
        },
        {
            "service": _ASKED,
            "dovecot": _GOOD,
            "files": _USERS.replace("test\t", "te+st\t"),
            "tried": _FAILED.format("te+st"),
        },
        {
            "service": _ASKED,
            "dovecot": _GOOD,
            "files": _USERS.replace("test\t", "Test\t"),
            "tried": _FAILED.format("Test"),
        },
    ],
    passes=[
        {"service": _ASKED, "dovecot": _PLAIN, "files": _USERS, "tried": _FAILED.format("test@example.com")},
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS, "tried": _FAILED.format("test")},
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS, "tried": _FAILED.format("nobody@example.com")},
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD}passdb {{\n  driver = pam\n}}",
            "files": _USERS,
            "tried": _FAILED.format("test@example.com"),
        },
    ],
    refs=("dovecot: auth/auth-request-fields.c, auth_request_fields_set_username()",),
)
def name_form(service: LoginService, dovecot: Dovecot, files: PasswdFiles, tried: TriedNames) -> Findings:
    """Users log in under a name that Dovecot looks up in another form than the users file has it: with the domain where
    the file has bare names, or without it.

    auth_username_format (%Lu, the whole name in lower case, where nothing is set) makes the name that is looked up;
    a passwd-file may have a username_format of its own; auth_default_realm is put behind a name without `@`, and
    characters that auth_username_chars does not have are refused at once. The client is told the same as for a wrong
    password.

    Advice: auth_username_format = %n (2.4: %{user | username}) where the file has bare names; or the names in the file
    as users write them. Then reload Dovecot.
    """
    if not is_asked(service) or dovecot.problems or not _alone(dovecot):
        return
    known = [*_files(dovecot, files)]
    if not known or any(f.reason or not f.users for _, f in known):
        return
    for name, _ in list(tried.failed.items())[-_NAMES:]:
        if _is_found(dovecot, known, name):
            continue
        near = next((u for _, f in known for u in f.users if _same(u, name, dovecot.realm)), "")
        if not near:
            continue
        yield _other_form(dovecot, known, name, near, tried)
        return


def _is_found(dovecot: Dovecot, known: list[tuple[Passdb, PasswdFile]], name: str) -> bool:
    """Whether it is looked up as a name that is there, or that cannot be told."""
    if refused_character(dovecot, name):
        return False
    for passdb, file in known:
        asked = identity(dovecot, name, passdb)
        if asked is None or asked in file.users or passdb.username_filter:
            return True
    return False


def _same(user: str, name: str, realm: str) -> bool:
    """Whether both are meant to be one user: alike but for the domain of one of them, and for capitals. A log may have
    the name with the realm behind it, as Dovecot tells it to Postfix."""
    mine, _, domain = user.lower().partition("@")
    theirs, _, other = name.lower().partition("@")
    return mine == theirs and (not domain or not other or other in (domain, realm.lower()))


def _other_form(
    dovecot: Dovecot, known: list[tuple[Passdb, PasswdFile]], name: str, near: str, tried: TriedNames
) -> Found:
    passdb, file = next((p, f) for p, f in known if near in f.users)
    bad = refused_character(dovecot, name)
    asked = identity(dovecot, name, passdb)
    ends: list[Step] = [Restart("dovecot")]
    if bad:
        chars = dovecot.value("auth_username_chars")
        what = f"auth_username_chars does not have {bad!r}, so the name {name} is refused"
        fix = [*_set(dovecot, "auth_username_chars", f"{chars}{bad}"), *ends]
    elif near != near.lower() and asked == near.lower():
        what = f"{name} is looked up as {asked}, in lower case; {passdb.path} has {near}"
        fix = [edit(passdb.path, "{new} for {old}", new=near.lower(), old=near)]
    elif "@" in near:
        domain = near.partition("@")[2]
        setting = "auth_default_domain" if dovecot.modern else "auth_default_realm"
        form = f"with {setting} {dovecot.realm}" if dovecot.realm and "@" in (asked or "") else "without the domain"
        what = f"{name} is looked up as {asked}, {form}; {passdb.path} has {near}"
        fix = [*_set(dovecot, setting, domain), *ends]
    else:
        form = "%{user | username | lower}" if dovecot.modern else "%Ln"
        place = f"{passdb.path} has bare names, {near}"
        realm = f" (auth_default_realm {dovecot.realm})" if dovecot.realm and "@" not in name else ""
        what = f"{name} is looked up as {asked}, with the domain{realm}; {place}"
        fix = [*_set(dovecot, "auth_username_format", form), *ends]
    return found(
        f"no user of Dovecot's passwd-file is found under the name that clients write: {what}",
        evidence=[
            dovecot.evidence("auth_username_format"),
            passdb.evidence,
            Evidence(passdb.path, f"{len(file.users)} users, among them {near}"),
            tried.evidence(name),
        ],
        fix=fix,
        path=passdb.path,
    )


def _set(dovecot: Dovecot, name: str, value: str) -> list[Step]:
    """A setting at the top, in its line or at the end of the main file."""
    old = dovecot.get(name)
    if old is not None and old.written.startswith(f"{name} "):
        return [SetInLine(old.path, old.line, name, value, old.value)]
    return [AddLine(dovecot.main, f"{name} = {value}")]


@check(
    "USER067",
    "dovecot-scheme-unfit-for-mechanism",
    "error",
    rung="account",
    role="cause",
    scope=("mechanism",),
    witnesses=("MECH660",),
    fails=[{"service": _ASKED, "dovecot": _ALL, "files": _USERS}],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "files": _USERS},
        {"service": _ASKED, "dovecot": _ALL, "files": f"{_FILE}anna\tPLAIN\ttext"},
        {"service": _LIBSASL, "dovecot": _ALL, "files": _USERS},
    ],
    refs=("dovecot: auth/password-scheme.c; auth/mech-cram-md5.c, mech-digest-md5.c, mech-scram.c",),
)
def scheme_cannot_serve(
    service: LoginService,
    dovecot: Dovecot,
    files: PasswdFiles,
    sockets: DovecotSockets | Unknown,
    postfix: Postfix | Unknown,
) -> Findings:
    """Dovecot offers mechanisms that the stored passwords of users cannot serve: a hash of crypt can only be compared
    with a password that is sent.

    CRAM-MD5, DIGEST-MD5 and SCRAM need the password in plain text, or stored in a scheme of their own. Clients take the
    strongest mechanism that is offered, fail, and many do not try another.

    Advice: offer plain and login alone, in TLS; or store passwords as {PLAIN}, or by doveadm pw -s SCRAM-SHA-256.
    """
    if not is_asked(service) or dovecot.problems:
        return
    names = offered(dovecot, None if isinstance(sockets, Unknown) else sockets)
    rows = [(p, u) for p, f in _files(dovecot, files) for u in f.users.values() if not f.reason]
    unable = {
        m: [u for p, u in rows if not u.serves(m, p.scheme) and not _hashed_as_plain(p, u) and not u.is_mislabelled]
        for m in names
        if m in CHALLENGES and not m.endswith("-PLUS")
    }
    hit = {m: users for m, users in unable.items() if users}
    if not hit:
        return
    some = max(hit.values(), key=len)
    passdb = next(p for p, u in rows if u is some[0])
    every = len(some) == len(rows)
    schemes = " ".join(dict.fromkeys(u.stored(passdb.scheme) for u in some))
    yield found(
        f"{' '.join(hit)} cannot work for {'the' if every else 'some'} users in {passdb.path}: their passwords are"
        f" stored as {schemes} ({_named(some)})",
        evidence=[
            dovecot.evidence("auth_mechanisms"),
            Evidence(passdb.path, f"{len(some)} of {len(rows)} users: {schemes}"),
        ],
        severity="error" if every or len(some) * 2 > len(rows) else "warning",
        fix=[*_without_challenges(dovecot, names, postfix), Restart("dovecot"), Restart(service.product)],
        mechanism=next(iter(hit)),
        path=passdb.path,
    )


def _without_challenges(dovecot: Dovecot, names: Sequence[str], postfix: Postfix | Unknown) -> list[Step]:
    """Only mechanisms are offered that send the password. An smtpd that may offer none of them without TLS would end at
    each connection."""
    left = [m for m in names if m not in CHALLENGES] or ["PLAIN", "LOGIN"]
    asking = [] if isinstance(postfix, Unknown) else askers(postfix)
    dead = any(a.in_clear and not a.offered(left, tls=False) for a in asking)
    in_tls = [SetPostfix("smtpd_tls_auth_only", "yes")] if dead else []
    return [*in_tls, *_set(dovecot, "auth_mechanisms", " ".join(m.lower() for m in left))]


def _hashed_as_plain(passdb: Passdb, user: DovecotUser) -> bool:
    """A hash of crypt without its scheme, where the default is plain text: that is another fault."""
    return not user.scheme and user.is_crypted and passdb.scheme in ("PLAIN", "CLEAR", "CLEARTEXT")


@check(
    "USER068",
    "dovecot-weak-scheme-refused",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    witnesses=("USER700",),
    fails=[
        {"service": _ASKED, "dovecot": _NEW, "files": f"{_FILE}test\tMD5-CRYPT\tmd5"},
        {"service": _ASKED, "dovecot": _NEW, "files": f"{_FILE}test\tCRYPT\tdes\nanna\tPLAIN\ttext"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _NEW, "files": _USERS},
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\tMD5-CRYPT\tmd5"},
        {
            "service": _ASKED,
            "dovecot": f"{_NEW}auth_allow_weak_schemes = yes\n",
            "files": f"{_FILE}test\tMD5-CRYPT\tmd5",
        },
    ],
    refs=("dovecot 2.4: lib-auth/password-scheme.c",),
)
def weak_scheme_refused(service: LoginService, dovecot: Dovecot, files: PasswdFiles) -> Findings:
    """Dovecot 2.4 refuses passwords that are stored by a weak scheme: MD5-CRYPT, DES, PLAIN-MD5 and the like.

    These users can no longer log in since the upgrade, and their client is told the same as for a wrong password.

    Advice: give these users new hashes (doveadm pw -s SHA512-CRYPT), which needs their passwords; until then
    auth_allow_weak_schemes = yes lets them in.
    """
    if not is_asked(service) or not dovecot.modern or dovecot.is_yes("auth_allow_weak_schemes"):
        return
    for passdb, file in _files(dovecot, files):
        weak = [u for u in file.users.values() if u.is_weak(passdb.scheme)]
        if not weak:
            continue
        every = len(weak) == len(file.users)
        schemes = " ".join(dict.fromkeys(u.stored(passdb.scheme) for u in weak))
        yield found(
            f"Dovecot {dovecot.release} refuses weak password scheme {schemes} of {'all' if every else len(weak)} users"
            f" in {passdb.path} ({_named(weak)})",
            evidence=[Evidence(passdb.path, f"{len(weak)} of {len(file.users)} users: {schemes}"), passdb.evidence],
            fix=[
                inspect("doveadm pw -s SHA512-CRYPT"),
                *_set(dovecot, "auth_allow_weak_schemes", "yes"),
                Restart("dovecot"),
            ],
            user="all" if every else weak[0].name,
            path=passdb.path,
        )


@check(
    "USER970",
    "dovecot-hash-of-another-scheme",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    witnesses=("USER660", "USER503"),
    fails=[
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\tSHA512\tsha512"},
        {"service": _ASKED, "dovecot": _ALL, "files": f"{_FILE}test\tSSHA256\tsha256\nanna\tPLAIN\ttext"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\tSHA512-CRYPT\tsha512"},
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\tSHA512\ttext"},
    ],
    refs=("dovecot: auth/password-scheme.c, password_decode()",),
)
def hash_of_another_scheme(
    service: LoginService,
    dovecot: Dovecot,
    files: PasswdFiles,
    sockets: DovecotSockets | Unknown,
    postfix: Postfix | Unknown,
) -> Findings:
    """A hash of crypt stands in the users file behind a {SCHEME} that takes a bare digest, so nobody gets in by it.

    $6$… is SHA512-CRYPT, not SHA512, which is a digest without salt in base64; the log says "Invalid password in
    passdb".

    Advice: write {SHA512-CRYPT} or {SHA256-CRYPT} before the hash, as doveadm pw prints it.
    """
    if not is_asked(service):
        return
    for passdb, file in _files(dovecot, files):
        wrong = [u for u in file.users.values() if u.is_mislabelled]
        if not wrong:
            continue
        kinds = dict.fromkeys((u.shape, u.scheme) for u in wrong)
        names = offered(dovecot, None if isinstance(sockets, Unknown) else sockets)
        every = len(wrong) == len(file.users)
        challenges = every and any(m in CHALLENGES for m in names)  # which a hash of crypt cannot serve
        yield found(
            f"{passdb.path} has hashes with another scheme than they are of, for {_named(wrong)}: "
            + ", ".join(f"{LABELS[shape][1]} stands as {scheme}" for shape, scheme in kinds),
            evidence=[Evidence(passdb.path, f"{len(wrong)} of {len(file.users)} users: {{{wrong[0].scheme}}}")],
            fix=[
                *(Relabel(passdb.path, LABELS[shape][0], scheme, LABELS[shape][1]) for shape, scheme in kinds),
                *(_without_challenges(dovecot, names, postfix) if challenges else []),
                Restart("dovecot"),
                *([Restart(service.product)] if challenges else []),
            ],
            severity="error" if every else "warning",
            user="all" if every else wrong[0].name,
            path=passdb.path,
        )


@check(
    "USER069",
    "dovecot-hash-without-scheme",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    witnesses=("USER660", "USER503"),
    fails=[{"service": _ASKED, "dovecot": _PLAIN, "files": f"{_FILE}test\t-\tsha512"}],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "files": f"{_FILE}test\t-\tsha512"},
        {"service": _ASKED, "dovecot": _PLAIN, "files": _USERS},
    ],
    refs=("dovecot: auth/passdb-passwd-file.c; auth/password-scheme.c, password_get_scheme()",),
)
def hash_without_scheme(
    service: LoginService,
    dovecot: Dovecot,
    files: PasswdFiles,
    sockets: DovecotSockets | Unknown,
    postfix: Postfix | Unknown,
) -> Findings:
    """A hash of crypt stands in the users file without {SCHEME} before it, and the passdb says that such a field is the
    password in plain text.

    The hash itself would be the password: nobody gets in by the real one.

    Advice: write {SHA512-CRYPT} or {CRYPT} before the hash, as doveadm pw prints it, or drop scheme=PLAIN from the
    passdb, whose default is CRYPT.
    """
    if not is_asked(service):
        return
    for passdb, file in _files(dovecot, files):
        bare = [u for u in file.users.values() if _hashed_as_plain(passdb, u)]
        if not bare:
            continue
        every = len(bare) == len(file.users)
        args = passdb.section.get("args")
        fix: list[Step] = []
        if args is not None and every and f"scheme={passdb.scheme}" in args.value:
            value = args.value.replace(f"scheme={passdb.scheme}", "scheme=CRYPT")
            fix = [SetInLine(args.path, args.line, "args", value, args.value)]
            names = offered(dovecot, None if isinstance(sockets, Unknown) else sockets)
            if any(m in CHALLENGES for m in names):  # which a hash of crypt cannot serve
                fix += _without_challenges(dovecot, names, postfix)
            fix += [Restart("dovecot"), Restart(service.product)]
        else:
            fix = [edit(passdb.path, "write {CRYPT} before the hashes without a scheme")]
        yield found(
            f"{passdb.path} has a hash without its scheme for {_named(bare)}: the passdb (scheme {passdb.scheme})"
            " compares the hash itself as plain text",
            evidence=[Evidence(passdb.path, f"{len(bare)} of {len(file.users)} users: no scheme"), passdb.evidence],
            fix=fix,
            user="all" if every else bare[0].name,
            path=passdb.path,
        )

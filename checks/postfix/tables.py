"""MAP, PERM: the lookup tables that Postfix' settings name."""

from collections.abc import Iterator

from maildoctor.api import (
    BuildAliases,
    BuildTable,
    Chmod,
    Chown,
    Evidence,
    Findings,
    Install,
    Restart,
    Step,
    Unknown,
    check,
    edit,
    found,
)
from maildoctor.api.host import Look, System, may
from maildoctor.api.postfix import Postfix, PostfixTables, Table, approved

_MAIN = "version: 3.7.11\nbuilt: USE_DYNAMIC_MAPS HAS_LMDB\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\n"
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\nproxymap unix - - n - - proxymap\n"
_HOST = _MAIN + "virtual_alias_maps = hash:/etc/postfix/virtual\n" + _MASTER
_PROXIED = _MAIN + "virtual_alias_maps = proxy:hash:/etc/postfix/virtual\n" + _MASTER
_SYSTEM = "postfix: user postfix groups postfix"
_SOURCE = "-rw-r--r-- 1 root root 20 2026-11-22 06:00:00 +0000 /etc/postfix/virtual\n"
_INDEX = "-rw-r--r-- 1 root root 20 2026-11-22 06:00:00 +0000 /etc/postfix/virtual.db\n"
_OLD = "-rw-r--r-- 1 root root 20 2026-11-20 06:00:00 +0000 /etc/postfix/virtual.db\n"
_NAMED = "[hash:/etc/postfix/virtual] virtual_alias_maps\n"
_BY_PROXY = "[hash:/etc/postfix/virtual] proxy:virtual_alias_maps\n"


def _unseen(tables: PostfixTables) -> Iterator[Unknown]:
    yield from (Unknown(t.unseen, "run as root", t.path) for t in tables.all if t.unseen)


def _build(table: Table) -> Step:
    if table.parameters == ("alias_maps",):
        return BuildAliases(table.type, table.path)
    return BuildTable(table.type, table.path)


def _set_by(postfix: Postfix, table: Table) -> list[Evidence]:
    """The settings that name it."""
    lines = []
    for use in table.uses[:3]:
        settings = postfix.by_title.get(use.service)
        lines.append(settings.evidence(use.parameter) if settings else postfix.main.evidence(use.parameter))
    return list(dict.fromkeys(lines))


@check(
    "MAP030",
    "postfix-table-missing",
    "error",
    rung="policy",
    role="cause",
    scope=("map",),
    witnesses=("MAP621", "MAP622", "MAP623", "MAP624"),
    fails=[
        {"postfix": _HOST, "tables": _NAMED + _SOURCE},
        {"postfix": _HOST, "tables": _NAMED},
        {"postfix": _HOST, "tables": "[hash:/etc/postfix/sasl_passwd] smtp_sasl_password_maps\n"},
        {"postfix": _HOST, "tables": "[regexp:/etc/postfix/checks] header_checks\n"},
    ],
    passes=[
        {"postfix": _HOST, "tables": _NAMED + _SOURCE + _INDEX},
        {"postfix": _HOST, "tables": _NAMED + _INDEX},
        {
            "postfix": _HOST,
            "tables": "[regexp:/etc/postfix/checks] header_checks\n-rw-r--r-- root root /etc/postfix/checks\n",
        },
    ],
    refs=("postfix: util/dict_db.c, dict_db_open(); util/dict_surrogate.c: each lookup is a temporary error",),
)
def table_missing(postfix: Postfix, tables: PostfixTables) -> Findings:
    """A lookup table that a setting names is not there, or was never built.

    Postfix reads the index that postmap(1) makes. While it is missing each lookup fails for the time being: mail is put
    off with 451, or by the SMTP client with "local data error", and a login at the relay host is not tried.

    Advice: run postmap on the table (newaliases for aliases), or take it out of the setting.
    """
    yield from _unseen(tables)
    for table in tables.all:
        unknown = tables.knows(table.type, postfix.built, postfix.version) is False
        if table.file is not None or table.unseen or unknown:
            continue
        what = (
            f"{table.index_path} was never built from {table.path}"
            if table.source
            else f"{table.index_path} is not there"
        )
        fix: list[Step] = [_build(table)] if table.source else []
        if not table.source:
            fix = [
                edit(
                    postfix.main.path,
                    "take {name} out of {option}, or make it",
                    name=table.name,
                    option=table.parameters[0] if table.parameters else "",
                )
            ]
        yield found(
            f"{what}: {table.name} is asked for {', '.join(table.parameters[:4])}",
            evidence=[
                *_set_by(postfix, table),
                *([table.source.evidence] if table.source else []),
                Evidence(f"ls -l {table.index_path}", "No such file or directory"),
            ],
            fix=fix,
            severity="warning" if table.parameters == ("alias_maps",) else None,
            direction="relay" if table.of_client else None,
            rung="account" if "smtp_sasl_password_maps" in table.parameters else None,
            map=table.path,
        )


@check(
    "MAP031",
    "postfix-table-stale",
    "warning",
    rung="policy",
    role="cause",
    scope=("map",),
    witnesses=("MAP626", "MAP627"),
    fails=[
        {"postfix": _HOST, "tables": _NAMED + _SOURCE + _OLD + "compared\nonly source: a@example.com\n"},
        {"postfix": _HOST, "tables": _NAMED + _SOURCE + _OLD},
    ],
    passes=[
        {"postfix": _HOST, "tables": _NAMED + _SOURCE + _OLD + "compared\n"},
        {"postfix": _HOST, "tables": _NAMED + _SOURCE + _INDEX},
    ],
    refs=("postfix: util/dict_db.c: `database … is older than source file …`",),
)
def table_stale(postfix: Postfix, tables: PostfixTables) -> Findings:
    """A lookup table was edited, but its index was not built again: Postfix goes on with the old entries.

    Where both could be read, the entries are compared, not only the times.

    Advice: run postmap on the table (newaliases for aliases). Postfix sees the new index by itself.
    """
    yield from _unseen(tables)
    for table in tables.all:
        if (
            table.index is None
            or table.source is None
            or not (table.differs or (table.is_older and not table.compared))
        ):
            continue
        reported = [
            *(f"not in the index: {k}" for k in table.only_source[:3]),
            *(f"only in the index: {k}" for k in table.only_index[:3]),
            *(f"changed: {k}" for k in table.changed[:3]),
        ]
        yield found(
            f"{table.index_path} is older than {table.path}"
            + (f" and differs from it ({'; '.join(reported)})" if reported else ""),
            evidence=[table.source.evidence, table.index.evidence, *(Evidence(table.path, t) for t in reported)],
            fix=[_build(table)],
            severity="error" if reported and "smtp_sasl_password_maps" in table.parameters else None,
            direction="relay" if table.of_client else None,
            map=table.path,
        )


@check(
    "MAP032",
    "postfix-table-type-not-supported",
    "error",
    rung="policy",
    role="cause",
    scope=("map",),
    witnesses=("MAP620", "LINK620"),
    fails=[
        {"postfix": _HOST, "tables": "dynamicmaps: read\n[lmdb:/etc/postfix/virtual] virtual_alias_maps\n"},
        {
            "postfix": _HOST,
            "tables": "plug-in: lmdb /usr/lib/postfix/postfix-lmdb.so missing\ndynamicmaps: read\n"
            "[lmdb:/etc/postfix/virtual] virtual_alias_maps\n",
        },
    ],
    passes=[
        {
            "postfix": _HOST,
            "tables": "plug-in: lmdb /usr/lib/postfix/postfix-lmdb.so there\ndynamicmaps: read\n"
            "[lmdb:/etc/postfix/virtual] virtual_alias_maps\n",
        },
        {"postfix": _HOST, "tables": "dynamicmaps: read\n" + _NAMED},
        {"postfix": _HOST, "tables": "[lmdb:/etc/postfix/virtual] virtual_alias_maps\n"},
        {"postfix": _HOST.replace("built: ", "was: "), "tables": "dynamicmaps: read\n[pcre:/x] header_checks\n"},
    ],
    refs=("postfix: util/dict_open.c: unsupported dictionary type; global/dynamicmaps.c; DATABASE_README",),
)
def table_type_not_supported(postfix: Postfix, tables: PostfixTables) -> Findings:
    """A setting names a table of a type that this Postfix does not know.

    Distributions put the types that need a library into packages of their own, as postfix-lmdb. Without it each lookup
    fails for the time being: the log says "unsupported dictionary type".

    Advice: install the package, and restart Postfix; or use a type that `postconf -m` lists.
    """
    lacking: dict[str, list[Table]] = {}
    for table in tables.all:
        if tables.knows(table.type, postfix.built, postfix.version) is False:
            lacking.setdefault(table.type, []).append(table)
    for kind, those in lacking.items():
        path, _ = tables.plugins.get(kind, ("", False))
        why = f"its plug-in {path} is missing" if path else "it is not built in, and dynamicmaps.cf names no plug-in"
        names = ", ".join(dict.fromkeys(p for t in those for p in t.parameters))
        unbuilt = [BuildTable(t.type, t.path) for t in those if t.source and not t.file]
        yield found(
            f"Tables of the type {kind} are not known to this Postfix ({why}): {names}",
            evidence=[e for t in those[:3] for e in _set_by(postfix, t)],
            fix=[Install(f"postfix-{kind}"), *unbuilt, Restart("postfix")]
            if kind not in ("hash", "btree")
            else [edit(postfix.main.path, "use lmdb: or cdb: in place of {type}:", type=kind)],
            direction="relay" if all(t.of_client for t in those) else None,
            map=those[0].path,
            type=kind,
        )


@check(
    "PERM030",
    "postfix-table-not-readable-for-proxymap",
    "error",
    rung="policy",
    role="cause",
    scope=("map",),
    witnesses=("PERM620",),
    fails=[
        {"postfix": _PROXIED, "tables": _BY_PROXY + _SOURCE + _INDEX.replace("-rw-r--r--", "-rw-------")},
        {
            "postfix": _PROXIED,
            "tables": _BY_PROXY
            + "drwx------ 2 root root 4096 2026-11-22 06:00:00 +0000 /etc/postfix\n"
            + _SOURCE
            + _INDEX,
        },
    ],
    passes=[
        {"postfix": _PROXIED, "tables": _BY_PROXY + _SOURCE + _INDEX},
        {"postfix": _HOST, "tables": _NAMED + _SOURCE + _INDEX.replace("-rw-r--r--", "-rw-------")},
        {
            "postfix": _PROXIED,
            "tables": _BY_PROXY + _SOURCE + _INDEX.replace("-rw-r--r-- 1 root root", "-rw-r----- 1 root postfix"),
        },
    ],
    refs=("postfix: proxymap(8): it opens tables as mail_owner when the first program asks for them",),
)
def table_not_readable_for_proxymap(postfix: Postfix, tables: PostfixTables, system: System | Unknown) -> Findings:
    """A table behind `proxy:` cannot be read by proxymap(8), which works as mail_owner and not as root.

    Without `proxy:` each program opens its tables as root before it gives its rights away, so the file works there.

    Advice: give the group of mail_owner the right to read the file (and to search the folders above it); for a file of
    passwords to that group alone.
    """
    yield from _unseen(tables)
    user = postfix.value("mail_owner") or "postfix"
    groups = (user,) if isinstance(system, Unknown) else (user, *system.groups_of(user))
    for table in tables.all:
        if not table.proxied or table.file is None:
            continue
        shut = [f for f in table.trail if not may(f, user, groups, 1)]
        bad: Look | None = shut[0] if shut else None if may(table.file, user, groups, 4) else table.file
        if bad is None or bad.has_acl:
            continue
        right = "search" if bad.kind == "d" else "read"
        yield found(
            f"proxymap works as {user} and may not {right} {bad.path} (mode {bad.octal}, {bad.owner}:{bad.group}): "
            f"proxy:{table.name} cannot be asked",
            evidence=[*_set_by(postfix, table), bad.evidence],
            fix=[_opened(table, bad, user)],
            direction="relay" if table.of_client else None,
            map=table.path,
        )


def _opened(table: Table, bad: Look, user: str) -> Step:
    if bad.kind == "d":
        return Chmod("o+x", (bad.path,), (bad.octal,))
    as_bad = (bad.owner, bad.group, bad.mode)
    files = [f for f in (table.source, table.index) if f and (f.owner, f.group, f.mode) == as_bad]
    paths = tuple(f.path for f in files)
    if bad.group == user:
        return Chmod("g+r", paths, tuple(f.octal for f in files))
    return Chown(f":{user}", paths, f":{bad.group}", f"{bad.mode | 0o040:04o}", bad.octal)


@check(
    "MAP033",
    "postfix-table-not-approved-for-proxymap",
    "error",
    rung="policy",
    role="cause",
    scope=("map",),
    fails=[
        {
            "postfix": _MAIN + "proxy_read_maps = $local_recipient_maps\n"
            "virtual_alias_maps = proxy:hash:/etc/postfix/virtual\n" + _MASTER,
            "tables": _BY_PROXY + _SOURCE + _INDEX,
        },
        {
            "postfix": _MAIN + _MASTER + "submission inet n - y - - smtpd\n"
            " -o smtpd_sender_login_maps=proxy:hash:/etc/postfix/virtual\n",
            "tables": "[hash:/etc/postfix/virtual] proxy:smtpd_sender_login_maps@submission/inet\n" + _SOURCE + _INDEX,
        },
    ],
    passes=[{"postfix": _PROXIED, "tables": _BY_PROXY + _SOURCE + _INDEX}],
    refs=("postfix: proxymap/proxymap.c: `request to open unapproved table`; proxy_read_maps",),
)
def table_not_approved(postfix: Postfix, tables: PostfixTables) -> Findings:
    """A table behind `proxy:` is not among those that proxymap(8) may open, so each lookup fails.

    proxymap opens what proxy_read_maps names, which by default are the tables of many settings of main.cf. What a
    service of master.cf sets by -o does not count there.

    Advice: add the table to proxy_read_maps, with `proxy:` before it; then reload Postfix.
    """
    if not postfix.services_of("proxymap"):
        return
    names = approved(postfix)
    for table in tables.all:
        if table.proxied and table.name not in names:
            yield found(
                f"proxymap may not open {table.name}, for proxy_read_maps does not name it: "
                f"{', '.join(u.parameter for u in table.uses if u.proxied)} cannot be asked",
                evidence=[*_set_by(postfix, table), postfix.main.evidence("proxy_read_maps")],
                fix=[
                    edit(postfix.main.path, "add proxy:{name} to proxy_read_maps", name=table.name),
                    Restart("postfix"),
                ],
                direction="relay" if table.of_client else None,
                map=table.path,
            )

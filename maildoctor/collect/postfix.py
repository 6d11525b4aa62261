"""Postfix's configuration, as far as its logins go."""

import re

from maildoctor.auth import postfix
from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect import postfix_files, postfix_tables
from maildoctor.collect.cyrus import search
from maildoctor.collect.knowledge import Adapter, FactStore, first, joined, text, unknown
from maildoctor.collect.startup import startup
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.names import Names
from maildoctor.facts.postfix.client import PasswordMaps, client
from maildoctor.facts.postfix.files import PostfixFiles
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster
from maildoctor.facts.postfix.remarks import MasterRemarks
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.postfix.tables import PostfixTables
from maildoctor.facts.postfix.tls import PostfixTls
from maildoctor.facts.startup import Startup
from maildoctor.facts.system import System
from maildoctor.host import Host, NoAnswer, NotYet

FOLDERS = ("/etc/postfix", "/usr/local/etc/postfix")
PARTS = ("main", "master")
_MADE = ("/usr/share/postfix/makedefs.out", "/etc/postfix/makedefs.out", "/usr/local/libexec/postfix/makedefs.out")
"""What Postfix was built with, in meta_directory: of Debian, of Red Hat, of FreeBSD."""
_FLAG = re.compile(
    r"-D((?:USE|HAS|NO|DEF)_[A-Z_0-9]{1,60}|MYORIGIN_FROM_FILE|DEBIAN)(?:=[\\\"']{0,4}([^\s'\"\\]{1,200}))?"
)
_DAEMONS = ("/usr/lib/postfix/sbin", "/usr/libexec/postfix", "/usr/lib/postfix/bin", "/usr/lib/postfix")
_PASSWORDS = ("smtp_sasl_password_maps", "lmtp_sasl_password_maps")
_MAP = re.compile(r"\b(hash|btree|lmdb|cdb|dbm|texthash|pcre|regexp|cidr):(/[^\s,]{1,400})")
_WITH_PASSWORD = re.compile(r"\b(mysql|pgsql|ldap|mongodb):(/[^\s,]{1,400})")
"""Tables whose file says how to log in at a database or directory."""
_PATCHED_UNTIL = 12
"""Debian's last release that looks for smtpd.conf in folders of its own (its patch 07_sasl_config.diff)."""


def _daemon(host: Host) -> str:
    return first(host, (f"{folder}/smtpd" for folder in _DAEMONS))


def _main_cf(host: Host) -> str:
    return first(host, (f"{folder}/main.cf" for folder in FOLDERS))


def _is_here(host: Host) -> bool:
    if not _daemon(host):
        return False
    if _main_cf(host) or any(isinstance(host.ask("look", f"{folder}/main.cf"), NotYet) for folder in FOLDERS):
        return True
    start = startup(host, None)
    return not isinstance(start, Unknown) and bool(start.postfix_folder)


def folder(host: Host, know: FactStore) -> str:
    """Where main.cf and master.cf lie: in the folder that Postfix is started with (`-c`), else in the usual one."""
    start = know.get(Startup)
    named = start.postfix_folder if start else ""
    return named or _main_cf(host).removesuffix("/main.cf") or FOLDERS[0]


def main_cf(host: Host, know: FactStore) -> PostfixMain | Unknown:
    """main.cf."""
    if not _is_here(host):
        return Absent("Postfix is not installed")
    path = f"{folder(host, know)}/main.cf"
    answer = host.ask("read", path)
    if isinstance(answer, NoAnswer):
        return _mounted(host, know, path) if answer.why == "absent" else unknown(answer)
    return PostfixMain.parse(f"# path: {path}\n{answer}")


def _mounted(host: Host, know: FactStore, path: str) -> Unknown:
    """Postfix is started with a configuration that is not in these files: it is mounted into the container."""
    start = know.get(Startup)
    if start is not None and start.postfix_folder and isinstance(host.ask("processes"), NoAnswer):
        reason = f"{path}, with which Postfix is started, is not in these files: it is mounted into the container"
        return Unknown(reason, "examine the running container", path, "later")
    return Absent(f"{path} does not exist")


def master_cf(host: Host, know: FactStore) -> PostfixMaster | Unknown:
    """master.cf, beside main.cf."""
    if not _is_here(host):
        return Absent("Postfix is not installed")
    answer = host.ask("read", f"{folder(host, know)}/master.cf")
    return unknown(answer) if isinstance(answer, NoAnswer) else PostfixMaster.parse(answer)


def server(host: Host, know: FactStore) -> Postfix | Unknown:
    """Release, main.cf and master.cf as one text."""
    main = know(PostfixMain)
    if isinstance(main, Unknown):
        return main
    text_of_main, text_of_master = (text(host.ask("read", f"{main.path.removesuffix('main.cf')}{n}.cf")) for n in PARTS)
    master = f"==> {main.path.removesuffix('main.cf')}master.cf <==\n{text_of_master}" if text_of_master else ""
    made = next((t for path in _MADE if isinstance(t := host.ask("read", path), str)), "")
    return Postfix.parse(
        joined(
            f"version: {text(host.ask('release', _daemon(host)))}",
            f"built: {' '.join(flags_of_build(made))}",
            f"hostname: {text(host.ask('hostname')).strip()}",
            f"==> {main.path} <==\n{text_of_main.removesuffix(chr(10))}",
            master,
        )
    )


def password_maps(host: Host, know: FactStore) -> PasswordMaps | Unknown:
    """The logins at other servers: tables, and the plug-ins that could do them."""
    postfix = know(Postfix)
    if isinstance(postfix, Unknown):
        return postfix
    service = client(postfix) or postfix
    lines = []
    for folder in search(host, know, _daemon(host))[1]:
        names = host.ask("list", folder)
        lines += [f"plug-ins: {' '.join(names.split())}"] if isinstance(names, str) else []
    for name in _PASSWORDS:
        tables = _MAP.findall(service.value(name))
        for kind, path in know.some(tables, f"tables of {name}"):
            lines += [f"[{name}] {kind}:{path}", *_entries(host, kind, path)]
    return PasswordMaps.parse("\n".join(lines))


_INDEX = {"hash": ".db", "btree": ".db", "cdb": ".cdb", "lmdb": ".lmdb", "dbm": ".pag"}
"""What postmap makes beside the source, by type of table."""


def _entries(host: Host, kind: str, path: str) -> list[str]:
    built = f"{path}{_INDEX[kind]}" if kind in _INDEX else path
    lines = [look for p in dict.fromkeys((path, built)) if isinstance(look := host.ask("look", p), str)]
    answer = host.ask("map", f"passwords {built}") if kind in (*_INDEX, "texthash") else None
    if answer is None:
        return [*lines, f"unread: a table of the type {kind} is not read"]
    if isinstance(answer, NoAnswer):
        return [*lines, f"unread: {answer.reason}"]
    rows = [row.split("\t") for row in answer.splitlines() if not row.startswith("#")]
    return [*lines, *(f"entry: {row[0]}\t{row[2]}" for row in rows if len(row) > 2)]


def flags_of_build(made: str) -> tuple[str, ...]:
    """What Postfix was compiled with, by makedefs.out: `USE_TLS`, `DEF_DAEMON_DIR=/usr/lib/postfix/sbin`."""
    return tuple(dict.fromkeys(f"{m[1]}={m[2]}" if m[2] else m[1] for m in _FLAG.finditer(made)))


def login_service(_: Host, know: FactStore) -> LoginService | Unknown:
    """Where users log in by SMTP."""
    found = know(Postfix)
    if isinstance(found, Unknown):
        return found
    return postfix.login_service(found, know(Names), know.get(System))


def application(host: Host, know: FactStore) -> SaslApplication | Unknown:
    """How smtpd uses libsasl; Absent where it asks Dovecot instead, or does not offer AUTH."""
    found = know(Postfix)
    if isinstance(found, Unknown):
        return found
    smtpd = postfix.primary(found)
    if not postfix.is_wanted(found):
        return Absent("AUTH is not switched on in Postfix (smtpd_sasl_auth_enable)")
    if (provider := postfix.provider_of(smtpd)) != "libsasl":
        return Absent(f"Postfix asks {provider}, not libsasl (smtpd_sasl_type)")
    program = _daemon(host)
    configurations, plugins = search(host, know, program)
    return SaslApplication(
        name=smtpd.value("smtpd_sasl_path"),
        product=postfix.PRODUCT,
        program=program,
        configurations=_configurations(found.main, know, configurations),
        plugins=plugins,
        root=smtpd.value("queue_directory") if smtpd.chrooted else "",
        rooted=postfix.chrooted(found) if smtpd.chrooted else (),
        protocol=smtpd.value("smtpd_sasl_service") or "smtp",
    )


def _configurations(main: PostfixMain, know: FactStore, usual: tuple[str, ...]) -> tuple[str, ...]:
    """Where smtpd.conf is looked for."""
    found = know.get(System)
    release = re.match(r"\d+", found.version) if found and found.distribution == "debian" else None
    if release and int(release[0]) <= _PATCHED_UNTIL:
        return (f"{main.path.rpartition('/')[0]}/sasl", "/usr/lib/sasl")
    named = main.value("cyrus_sasl_config_path")
    return tuple(named.split(":")) if named else usual


def trusted(_: Host, know: FactStore) -> list[tuple[str, str]]:
    """Its configuration."""
    main = know.get(PostfixMain)
    return [("configuration", main.path)] if main else []


def credentials(_: Host, know: FactStore) -> list[str]:
    """Files that hold passwords, as the door's `clear` takes them: those of logins elsewhere, and of databases and
    directories that are asked."""
    main = know.get(PostfixMain)
    if main is None:
        return []
    asked = [m[2] for name in main.parameters for m in _WITH_PASSWORD.finditer(main.value(name))]
    return asked + [f"pairs {m[2]}" for name in _PASSWORDS for m in _MAP.finditer(main.value(name))]


ADAPTER = Adapter(
    product=postfix.PRODUCT,
    is_here=_is_here,
    login_service=login_service,
    application=application,
    facts={
        PostfixMain: main_cf,
        PostfixMaster: master_cf,
        Postfix: server,
        PostfixFiles: postfix_files.files,
        PostfixTls: postfix_files.tls,
        MasterRemarks: postfix_files.remarks,
        PasswordMaps: password_maps,
        PostfixTables: postfix_tables.tables,
    },
    trusted=trusted,
    credentials=credentials,
)

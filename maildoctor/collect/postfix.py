"""Postfix's configuration, as far as its logins go."""

import re

from maildoctor.auth import postfix
from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.cyrus import system
from maildoctor.collect.knowledge import Adapter, FactStore, first, joined, text, unknown
from maildoctor.collect.startup import startup
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.cyrus.conf import config_search, plugin_search
from maildoctor.facts.names import Names
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.startup import Startup
from maildoctor.facts.system import System
from maildoctor.host import Host, NoAnswer, NotYet

FOLDERS = ("/etc/postfix", "/usr/local/etc/postfix")
PARTS = ("main", "master")
_MADE = ("/usr/share/postfix/makedefs.out", "/etc/postfix/makedefs.out", "/usr/local/libexec/postfix/makedefs.out")
"""What Postfix was built with, in meta_directory: of Debian, of Red Hat, of FreeBSD."""
_FLAG = re.compile(r"-D((?:USE|HAS|NO|DEF)_[A-Z_0-9]{1,60}(?:=[^\s'\"\\]{1,200})?)")
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
            f"built: {' '.join(dict.fromkeys(_FLAG.findall(made)))}",
            f"==> {main.path} <==\n{text_of_main.removesuffix(chr(10))}",
            master,
        )
    )


def login_service(_: Host, know: FactStore) -> LoginService | Unknown:
    """Where users log in by SMTP."""
    main = know(PostfixMain)
    if isinstance(main, Unknown):
        return main
    return postfix.login_service(main, know.get(PostfixMaster), know(Names), know.get(System))


def application(host: Host, know: FactStore) -> SaslApplication | Unknown:
    """How smtpd uses libsasl; Absent where it asks Dovecot instead, or does not offer AUTH."""
    main, master = know(PostfixMain), know.get(PostfixMaster)
    if isinstance(main, Unknown):
        return main
    if not postfix.is_wanted(main, master):
        return Absent("AUTH is not switched on in Postfix (smtpd_sasl_auth_enable)")
    options = postfix.options_of_logins(main, master)
    if (provider := postfix.provider_of(main, options)) != "libsasl":
        return Absent(f"Postfix asks {provider}, not libsasl (smtpd_sasl_type)")
    family, triplet = system(know)
    rooted = postfix.chrooted(main, master)
    return SaslApplication(
        name=main.value("smtpd_sasl_path", "smtpd", options),
        product=postfix.PRODUCT,
        program=_daemon(host),
        configurations=_configurations(main, know, config_search(family, triplet, 2)),
        plugins=plugin_search(family, triplet, 2),
        root=main.value("queue_directory", "/var/spool/postfix") if rooted else "",
        rooted=rooted,
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
    facts={PostfixMain: main_cf, PostfixMaster: master_cf, Postfix: server},
    trusted=trusted,
    credentials=credentials,
)

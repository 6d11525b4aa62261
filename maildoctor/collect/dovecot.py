"""Dovecot: its configuration with all that it includes, the sockets at which mail servers ask it, and the files and
servers that it asks itself. Only where to look; the facts say what it means."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from maildoctor.auth.dovecot import is_asked
from maildoctor.auth.service import LoginService
from maildoctor.collect.knowledge import FactStore, first, joined, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.dovecot.databases import DatabaseServer, DovecotDatabases, ldap_servers, servers, sql_server
from maildoctor.facts.dovecot.directory import DirectoryNames
from maildoctor.facts.dovecot.logins import TriedNames
from maildoctor.facts.dovecot.settings import MAIN, Dovecot
from maildoctor.facts.dovecot.sockets import DovecotSockets, seen_by
from maildoctor.facts.dovecot.tree import beside, includes, patterns
from maildoctor.facts.dovecot.users import PasswdFiles
from maildoctor.facts.mail_log import MailLog
from maildoctor.facts.paths import Look, walk
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.host import Host, NoAnswer

FOLDERS = ("/etc/dovecot", "/usr/local/etc/dovecot")
_PROGRAMS = ("/usr/sbin/dovecot", "/usr/local/sbin/dovecot")
_MODULES = (
    "/usr/lib/dovecot/modules/auth",
    "/usr/lib64/dovecot/auth",
    "/usr/lib/dovecot/auth",
    "/usr/local/lib/dovecot/auth",
)
_ANOTHER_FILE = re.compile(r"\s-c\s*(/\S{1,400})")
_MOST = 300
"""Files of a configuration that are read."""
_SOCKETS = 20


def program(host: Host) -> str:
    """Its master's file; empty where none is installed."""
    return first(host, _PROGRAMS)


def is_configured(host: Host) -> bool:
    """Whether it is installed, with a configuration."""
    return bool(program(host) and first(host, (f"{folder}/dovecot.conf" for folder in FOLDERS)))


def dovecot(host: Host, know: FactStore) -> Dovecot | Unknown:
    """Release and all files."""
    installed, main = program(host), _main(host, know)
    if not installed:
        return Absent("Dovecot is not installed")
    if not main:
        return Absent(f"there is no {MAIN}")
    answer = host.ask("read", main)
    if isinstance(answer, NoAnswer):
        return unknown(answer, main)
    files, unread, todo = {main: answer}, dict[str, str](), [main]
    for path in todo:  # it grows meanwhile
        named = (beside(path, written) for written, _ in includes(files[path]))
        for found in dict.fromkeys(one for pattern in named for one in _found(host, pattern)):
            if found in files or found in unread or len(files) > _MOST:
                continue
            said = host.ask("read", found)
            if isinstance(said, str):
                files[found] = said
                todo.append(found)
            elif said.why != "absent":
                unread[found] = said.reason
                know.cut(f"{found} was not read: {said.reason}", said.remedy)
    if len(files) > _MOST:
        know.cut(f"only {_MOST} files of Dovecot's configuration were read")
    about = joined(
        f"version: {text(host.ask('release', installed))}",
        *(f"changed: {when}" for path in files if (when := text(host.ask("changed", path)))),
        *(f"unread: {path}: {reason}" for path, reason in unread.items()),
    )
    bodies = joined(*(f"==> {path} <==\n{body.removesuffix(chr(10))}" for path, body in files.items()))
    configuration = Dovecot.parse(joined(about, bodies))
    more = [_process_of(host, f"{configuration.base}/master.pid"), *_missing(host, configuration)]
    return Dovecot.parse(joined(about, *more, bodies)) if any(more) else configuration


_LIBEXEC = ("/usr/lib/dovecot", "/usr/libexec/dovecot", "/usr/local/libexec/dovecot")


def _missing(host: Host, found: Dovecot) -> Iterator[str]:
    """The files that Dovecot cannot do without when it starts, as far as they are not there: the content of settings,
    and the programs of its protocols."""
    named = [said.file for _, said in found.of_files]
    if programs := first(host, (f"{folder}/auth" for folder in _LIBEXEC)):
        named += [f"{programs.rpartition('/')[0]}/{name}" for name in found.programs]
    for path in dict.fromkeys(named[:_MOST]):
        answer = host.ask("look", path)
        if isinstance(answer, NoAnswer) and answer.why == "absent":
            yield f"missing: {path}"


def _process_of(host: Host, path: str) -> str:
    """Whose process has the number in the master's pid file; empty where none has, or it is Dovecot."""
    said = host.ask("read", path)
    number = said.strip() if isinstance(said, str) else ""
    if not (number.isascii() and number.isdecimal() and len(number) < 11):
        return ""
    name = text(host.ask("read", f"/proc/{number}/comm")).strip()
    return f"pid: {number} {name}" if name and "\n" not in name and not name.startswith("dovecot") else ""


def _main(host: Host, know: FactStore) -> str:
    """The main file: that of the running master, else the first of the usual ones."""
    running = know.get(Processes)
    for process in running.named("dovecot") if running else ():
        if m := _ANOTHER_FILE.search(process.command):
            return m[1]
    return first(host, (f"{folder}/dovecot.conf" for folder in FOLDERS))


def _found(host: Host, pattern: str) -> Iterator[str]:
    """The paths that a pattern names, folder by folder."""
    for one in patterns(posixpath.normpath(pattern)):
        places = [""]
        for part in one.split("/")[1:]:
            if not re.search(r"[*?\[]", part):
                places = [f"{place}/{part}" for place in places]
                continue
            shape = re.compile(_as_regex(part))
            there = ((place, text(host.ask("list", place or "/")).splitlines()) for place in places[:_MOST])
            hidden = part.startswith(".")
            places = [f"{p}/{n}" for p, names in there for n in names if shape.fullmatch(n) and (hidden or n[0] != ".")]
        yield from places[:_MOST]


def _as_regex(part: str) -> str:
    from fnmatch import translate

    return translate(part)


def offered(know: FactStore, service: LoginService | Unknown) -> LoginService | Unknown:
    """A login service with the mechanisms that Dovecot lets through, where that is asked."""
    if isinstance(service, Unknown) or not is_asked(service) or service.mechanisms is not None:
        return service
    found = know.get(Dovecot)
    return replace(service, mechanisms=found.mechanisms) if found and not found.problems else service


# ---- sockets


def sockets(host: Host, know: FactStore) -> DovecotSockets | Unknown:
    """Every place where a mail server asks, and every socket for mail servers that Dovecot's configuration names."""
    found = know(Dovecot)
    if isinstance(found, Unknown):
        return found
    own = [x.path for x in found.listeners if x.path and x.mode and not x.builtin and x.speaks_sasl]
    blocks = []
    for path in know.some(dict.fromkeys((*_asked_by_postfix(know), *own)), "sockets of Dovecot", _SOCKETS):
        blocks.append(_socket(host, path))
    return DovecotSockets.parse("\n".join(blocks))


def _socket(host: Host, path: str) -> str:
    if not path.startswith("/"):
        by_port = host.ask("handshake", path)
        return joined(f">> socket: {path}", by_port if isinstance(by_port, str) else f"unseen: {by_port.reason}")
    lines, gap = _trail(host, path)
    last = Look.parse(lines[-1]) if lines else None
    said: str | NoAnswer = ""
    if gap is None and last is not None and last.kind == "s":
        said = host.ask("handshake", path)
    more = said if isinstance(said, str) else f"# not asked: {said.reason}"
    return joined(f">> socket: {path}", *lines, f"unseen: {gap}" if gap else "", more)


def _asked_by_postfix(know: FactStore) -> Iterator[str]:
    """Where each smtpd with AUTH finds smtpd_sasl_path: below the queue directory where it is relative or smtpd works
    in that as its root (xsasl/xsasl_dovecot_server.c)."""
    postfix = know.get(Postfix)
    for smtpd in postfix.logins if postfix else ():
        if smtpd.value("smtpd_sasl_type") == "dovecot":
            yield seen_by(smtpd.value("smtpd_sasl_path"), smtpd.value("queue_directory"), smtpd.chrooted)


def _trail(host: Host, path: str) -> tuple[list[str], str | None]:
    """The `ls -ld` lines from `/` to a path, and why they end where they do, if that is not for want of a file."""
    gaps: list[str] = []

    def look(place: str) -> Look | None:
        answer = host.ask("look", place)
        if isinstance(answer, NoAnswer) and answer.why != "absent":
            gaps.append(answer.reason)
        return Look.parse(answer) if isinstance(answer, str) else None

    elements, whole = walk(path, look)
    if not whole:
        look(path)  # it may be made, with the folders on the way, when a container starts
    return [e.line for e in elements], gaps[0] if gaps else None


# ---- databases


def users(host: Host, know: FactStore) -> PasswdFiles | Unknown:
    """The passwd-files that passdbs name; one whose path has variables cannot be known."""
    found = know(Dovecot)
    if isinstance(found, Unknown):
        return found
    blocks = []
    for path in dict.fromkeys(p.path for p in found.passdbs if p.driver == "passwd-file" and p.path[:1] == "/"):
        if "%" in path:
            know.cut(f"{path} stands for several files, which were not read")
            continue
        lines, gap = _trail(host, path)
        said = host.ask("passwd-file", path) if gap is None else ""
        if isinstance(said, NoAnswer) and said.why != "absent":
            gap = said.reason
        body = text(said).partition("\n")[2] if isinstance(said, str) else ""
        blocks.append(joined(f">> file: {path}", *lines, f"unseen: {gap}" if gap else "", body))
    return PasswdFiles.parse("\n".join(blocks))


def databases(host: Host, know: FactStore) -> DovecotDatabases | Unknown:
    """Modules, files of settings, and whether the servers on this host that they name are there."""
    found = know(Dovecot)
    if isinstance(found, Unknown):
        return found
    head, blocks, asked = [*_modules(host)], list[str](), list[DatabaseServer]()
    for passdb in found.passdbs:
        if passdb.settings_file[:1] == "/" and passdb.driver in ("sql", "ldap"):
            lines, gap = _trail(host, passdb.settings_file)
            said = host.ask("read", passdb.settings_file) if gap is None else ""
            if isinstance(said, NoAnswer) and said.why != "absent":
                gap = said.reason
            blocks.append(
                joined(f">> settings: {passdb.settings_file}", *lines, f"unseen: {gap}" if gap else "", text(said))
            )
            read = DovecotDatabases.parse(blocks[-1]).files[passdb.settings_file]
            asked += servers(passdb.driver, read.settings)
    asked += named(found)
    for path in dict.fromkeys(path for server in asked for path in server.sockets):
        answer = host.ask("look", path)
        if isinstance(answer, str) or answer.why == "absent":
            head.append(f"socket: {path} {'there' if isinstance(answer, str) else 'missing'}")
    ports = know.get(Listeners)
    head += ["ports: unknown"] if ports is None else [f"port: {x.address} {x.port}" for x in ports.all]
    return DovecotDatabases.parse(joined(*head, *blocks))


def named(found: Dovecot) -> Iterable[DatabaseServer]:
    """The servers that the configuration of 2.4 itself names."""
    if not found.modern:
        return []
    asked: list[DatabaseServer] = []
    drivers = {p.driver for p in found.passdbs}
    if "sql" in drivers:
        kind = found.value("sql_driver")
        for section in found.top.of(kind) if kind in ("mysql", "pgsql") else ():
            asked.append(sql_server(kind, section.value("host") or section.name, section.value("port")))
    if "ldap" in drivers:
        asked += ldap_servers(found.value("ldap_uris"))
    return asked


def _modules(host: Host) -> Iterator[str]:
    for folder in _MODULES:
        names = host.ask("list", folder)
        if isinstance(names, str):
            yield f"modules: {folder}"
            yield from (f"module: {name}" for name in names.splitlines() if ".so" in name)
            return


def tried(_: Host, know: FactStore) -> TriedNames | Unknown:
    """The names in the mail server's log."""
    log = know(MailLog)
    return log if isinstance(log, Unknown) else TriedNames.parse(f"# path: {log.path}\n{log.text}")


_LDAP_SETTINGS = "/etc/dovecot/dovecot-ldap.conf.ext"


def directory_names(host: Host, know: FactStore) -> DirectoryNames | Unknown:
    """The settings of LDAP, and entries of the directory, where these can be known: no search for users is made."""
    said = host.ask("directory", "entries")
    if isinstance(said, NoAnswer):
        return Absent("no entries of the directory are shown")
    found = know.get(Dovecot)
    named = [p.settings_file for p in found.passdbs if p.driver == "ldap"] if found is not None else []
    path = next((p for p in named if p[:1] == "/"), _LDAP_SETTINGS)
    settings = host.ask("read", path)
    return DirectoryNames.parse(f">> settings: {path}\n{text(settings)}\n>> entries\n{said}\n")

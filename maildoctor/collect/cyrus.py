"""Cyrus SASL: configuration, plug-ins, user database, saslauthd of one application."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.knowledge import FactStore, first, joined, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.cyrus.conf import SaslConf, config_search, default_sasldb, plugin_search
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.cyrus.outside import Outside
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.cyrus.shipped import Shipped
from maildoctor.facts.system import System
from maildoctor.host import Host, NoAnswer

_ELSEWHERE = (
    "/etc", "/etc/mail", "/etc/mail/sasl", "/etc/sasl", "/etc/sasl2",
    "/usr/lib/sasl", "/usr/lib/sasl2", "/usr/local/lib/sasl2", "/usr/local/etc/sasl2",
)  # fmt: skip
"""Where people put NAME.conf by some guide for another system."""

_PREFIX = "sasl_"
_INCLUDE = re.compile(r"(?m)^@include:[ \t]*(/\S{1,400})")
_INCLUDES = 20
_SETTING = re.compile(r"(?m)^[ \t]*([\w-]{1,60})[ \t]*:([^\n]*)$")
_DECISIVE = ("pwcheck_method", "mech_list", "auxprop_plugin", "sasldb_path", "saslauthd_path")
"""Settings by which one copy of the configuration lets users in and another does not."""
_DEFAULTS = ("/etc/default/saslauthd", "/etc/sysconfig/saslauthd")
_RUN = ("/run/saslauthd", "/var/run/saslauthd", "/var/state/saslauthd", "/var/lib/sasl2")
_RUN_OF_DEBIAN = ("/var/run/saslauthd",)
"""Compiled into its libsasl2; in a root of the mail server's own, /var/run is seldom a link to /run."""
_UNITS = tuple(f"{folder}/systemd/system/saslauthd.service" for folder in ("/etc", "/usr/lib", "/lib"))
_ASKS_FOR_START = re.compile(r'(?m)^[^#\n]{0,200}"?\$\{?START\}?"? *!= *"?yes')
SASLAUTHD = ("/usr/sbin/saslauthd", "/usr/local/sbin/saslauthd")


def system(know: FactStore) -> tuple[str, str]:
    """ID of os-release and the multi-arch triplet; empty where they are not known."""
    found = know.get(System)
    return (found.family, found.triplet) if found else ("", "")


def generation(libraries: frozenset[str]) -> int:
    """1 or 2: which libsasl a program with these libraries is linked with."""
    return 1 if any(re.match(r"libsasl\.so", name) for name in libraries) else 2


def version(host: Host, know: FactStore) -> tuple[str, ...]:
    """The release of libsasl as it stands in the library itself; empty where it cannot be told."""
    application = know.get(SaslApplication)
    path = library(host, application.program) if application else ""
    found = text(host.ask("release", path)) if path else ""
    return (found,) if found else ()


def library(host: Host, program: str) -> str:
    """The libsasl that the loader gives a program; empty where it is linked with none, or that cannot be told."""
    found = re.search(r"\tlibsasl2?\.so\S* => (/\S+)", text(host.ask("elf", program))) if program else None
    return found[1] if found else ""


def search(host: Host, know: FactStore, program: str, of: int = 2) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The folders in which a program's libsasl looks for its configuration and for plug-ins: those compiled into the
    library that the loader gives it, which may be another one than the distribution's; else the usual ones."""
    path = library(host, program)
    said = text(host.ask("folders", path)) if path and of == 2 else ""
    rows = dict(row.partition(": ")[::2] for row in said.splitlines())
    if "configurations" in rows and "plugins" in rows:
        return tuple(rows["configurations"].split(":")), (rows["plugins"],)
    return config_search(*system(know), of), plugin_search(*system(know), of)


def files(host: Host, know: FactStore) -> SaslFiles | Unknown:
    """Every place where the application's NAME.conf is looked for."""
    application = know(SaslApplication)
    if isinstance(application, Unknown):
        return application
    if application.settings:
        return SaslFiles.parse(f"searched: {posixpath.dirname(application.settings)}\nfound: {application.settings}")
    wanted, searched = application.file, application.configurations
    lines = [f"searched: {folder}" for folder in searched]
    for folder in searched:
        answer = host.ask("list", folder)
        if isinstance(answer, NoAnswer) and answer.why != "absent" and not any(x.startswith("found") for x in lines):
            return unknown(answer)  # the copy that counts may lie where we cannot look
        names = text(answer).splitlines()
        lines += [f"found: {folder}/{n}" for n in names if n == wanted and not _copy(host, f"{folder}/{n}", lines)]
        lines += [f"misnamed: {folder}/{n}" for n in names if n != wanted and n.lower() in _almost(application)]
    several = [line.removeprefix("found: ") for line in lines if line.startswith("found: ")]
    for path in several if len(several) > 1 else ():
        settings = _SETTING.findall(text(host.ask("read", path)))
        lines += [f"says: {path} {option}: {value.strip()}" for option, value in settings if option in _DECISIVE]
    for folder in _ELSEWHERE:
        if folder not in searched and isinstance(host.ask("look", f"{folder}/{wanted}"), str):
            lines.append(f"elsewhere: {folder}/{wanted}")
    return SaslFiles.parse("\n".join(lines))


def _almost(application: SaslApplication) -> tuple[str, ...]:
    """Names in lower case under which people put the file by mistake."""
    name = application.name.lower()
    return f"{name}.conf", name, f"smtpd.conf.{name}"


def _copy(host: Host, path: str, lines: list[str]) -> bool:
    """Whether the copy that counts says the very same, so that it does not matter which is read."""
    first = next((x.removeprefix("found: ") for x in lines if x.startswith("found: ")), None)
    said = host.ask("read", first) if first else None
    return isinstance(said, str) and said == host.ask("read", path)


def conf(host: Host, know: FactStore) -> SaslConf | Unknown:
    """The copy of NAME.conf that libsasl reads. None at all is not an error: defaults apply."""
    if isinstance(absent := know(LoginService), Absent):
        return absent
    application, found = know(SaslApplication), know(SaslFiles)
    if isinstance(application, Unknown):
        return application
    if isinstance(found, Unknown):
        return found
    if not found.used:
        return Absent(f"there is no {application.file}: libsasl's defaults apply")
    answer = host.ask("read", found.used)
    if isinstance(answer, NoAnswer):
        return unknown(answer)
    if application.settings:
        whole = "\n".join([answer, *_included(host, know, answer)])
        return replace(SaslConf.parse(f"# path: {found.used}\n{_own(whole)}"), prefix=_PREFIX)
    return SaslConf.parse(f"# path: {found.used}\n{answer}")


def _included(host: Host, know: FactStore, text: str) -> Iterator[str]:
    """What imapd.conf includes, in files and files of files; no option stands twice in all (lib/libconfig.c)."""
    todo, done = _INCLUDE.findall(text), set[str]()
    for path in todo:
        if path in done:
            continue
        if len(done) == _INCLUDES:
            know.cut(f"only {_INCLUDES} files that imapd.conf includes were read")
            return
        done.add(path)
        answer = host.ask("read", path)
        if isinstance(answer, NoAnswer):
            know.cut(f"{path}, which imapd.conf includes, was not read: {answer.reason}", answer.remedy)
            continue
        todo += _INCLUDE.findall(answer)
        yield answer


def _own(text: str) -> str:
    """libsasl's options out of imapd.conf, where they begin with `sasl_`; each stays in its line (imap/imapd.c,
    mysasl_config(); lib/imapoptions)."""
    return "\n".join(row.removeprefix(_PREFIX) if row.startswith(_PREFIX) else "#" for row in text.split("\n"))


def plugins(host: Host, know: FactStore) -> Plugins | Unknown:
    """The plug-in folders, and for every plug-in its file and what the loader would say."""
    application = know(SaslApplication)
    if isinstance(application, Unknown):
        return application
    program = application.program
    blocks = [_folder(host, know, folder, program) for folder in application.plugins]
    blocks = [b for b in blocks if not b.endswith(" missing")] or blocks[:1]
    linked = text(host.ask("elf", program))
    return Plugins.parse(
        "\n".join([f"program: {linked.partition(chr(10))[0]}", *_libraries(host, know, program), *blocks])
    )


_HAND_BUILT = ("/usr/local/", "/opt/", "/home/", "/root/", "/srv/")


def _libraries(host: Host, know: FactStore, program: str) -> Iterator[str]:
    """The libsasl that is loaded, and a second one of the distribution where the first was built by hand."""
    path = library(host, program)
    if path:
        yield f"loader takes: {text(host.ask('real', path)) or path}"
    if not path.startswith(_HAND_BUILT):
        return
    yield f"library: {path}"
    name, triplet = path.rpartition("/")[2], system(know)[1]
    for folder in (f"/usr/lib/{triplet}", "/usr/lib64", "/usr/lib", f"/lib/{triplet}", "/lib64", "/lib"):
        if isinstance(host.ask("real", f"{folder}/{name}"), str):
            yield f"second library: {folder}/{name}"
            return


def _folder(host: Host, know: FactStore, folder: str, program: str) -> str:
    look = host.ask("look", folder)
    if isinstance(look, NoAnswer):
        return f"directory: {folder} " + ("missing" if look.why == "absent" else "unreadable")
    names = host.ask("list", folder)
    if isinstance(names, NoAnswer):
        target = look.partition(" -> ")[2]
        return f"directory: {folder} " + (f"dangling -> {target}" if names.why == "absent" and target else "unreadable")
    there = know.some((n for n in names.splitlines() if ".so" in n), f"files of {folder}")
    return "\n".join([f"directory: {folder}", *(_plugin(host, know, f"{folder}/{n}", program) for n in there)])


def _plugin(host: Host, know: FactStore, path: str, program: str) -> str:
    real = host.ask("real", path)
    if not path.endswith(".so"):
        return f"file: {path}"
    if isinstance(real, NoAnswer):
        return f"plugin: {path} -> " + ("missing" if real.why == "absent" else "unreadable")
    elf = host.ask("elf", f"{path} {program}")
    if isinstance(elf, NoAnswer) and elf.why == "failed":
        know.cut(elf.reason, elf.remedy)
    said = elf if isinstance(elf, str) else f"unreadable: {elf.reason}"
    return joined(f"plugin: {path} -> {real}", text(host.ask("look", real)), said)


_DPKG_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "powerpc64le": "ppc64el"}
_MODULES = ("libsasl2-modules", "libsasl2-modules-db", "libsasl2-modules-gssapi-mit")


def shipped(host: Host, know: FactStore) -> Shipped | Unknown:
    """What dpkg says that the installed packages of plug-ins bring; other package managers keep no plain lists."""
    cpu = system(know)[1].partition("-")[0]
    names = [f"{m}{suffix}" for m in _MODULES for suffix in (f":{_DPKG_ARCHITECTURES.get(cpu, cpu)}", "")]
    lists = [text(host.ask("read", f"/var/lib/dpkg/info/{name}.list")) for name in names]
    return (
        Shipped.parse(joined(*lists)) if any(lists) else Absent("no package manager says which plug-ins it installed")
    )


def sasldb_path(know: FactStore) -> str:
    """The user database that libsasl opens, in the application's own root, or that saslauthd opens, which has none."""
    found, application, daemon = know.get(SaslConf), know.get(SaslApplication), know.get(Saslauthd)
    running = daemon.mechanism if daemon and daemon.processes else ""
    by_daemon = found and found.verifies_by("saslauthd") and running == "sasldb"
    path = (found.sasldb_path if found else None) or default_sasldb(
        system(know)[0], application.generation if application else 2
    )
    return path if by_daemon or not application else application.root + path


def sasldb(host: Host, know: FactStore) -> SaslDb | Unknown:
    """The user database. Absent where the file is missing."""
    service = know(LoginService)
    if isinstance(service, Absent):
        return service
    if isinstance(service, LoginService) and service.provider != "libsasl":
        return Absent(f"{service.product} asks {service.provider}, not libsasl")
    if isinstance(service, LoginService) and service.mechanisms == ():
        return Absent(f"{service.product} offers no login")
    path = sasldb_path(know)
    for candidate in (path, path + ".db", path + ".pag"):
        answer = host.ask("sasldb", candidate)
        if isinstance(answer, str):
            return SaslDb.parse(answer)
        if answer.why != "absent":
            return unknown(answer, candidate)
    return Absent(f"{path} does not exist", subject=path)


def _starts_only_if_enabled(host: Host, know: FactStore) -> bool:
    """Whether saslauthd's init script looks for START=yes, and no unit of systemd stands in its place."""
    if not _ASKS_FOR_START.search(text(host.ask("read", "/etc/init.d/saslauthd"))):
        return False
    found = know.get(System)
    return found is None or found.init != "systemd" or not first(host, _UNITS)


def saslauthd(host: Host, know: FactStore) -> Saslauthd | Unknown:
    """What its defaults file says, the process, the socket that the configuration names."""
    found, application = know.get(SaslConf), know.get(SaslApplication)
    root = application.root if application else ""
    named = found.saslauthd_path if found else None
    folders = _RUN_OF_DEBIAN if root and system(know)[0] == "debian" else _RUN
    sockets = [root + named] if named else [f"{root}{folder}/mux" for folder in folders]
    answers = {s: host.ask("look", s) for s in sockets}
    there = next((s for s, look in answers.items() if isinstance(look, str)), None)
    socket = there or sockets[0]
    missing = all(isinstance(look, NoAnswer) and look.why == "absent" for look in answers.values())
    lines = [text(host.ask("read", path)) for path in _DEFAULTS]
    running = host.ask("processes")
    lines.append(running if isinstance(running, str) else "processes not seen")
    lines.append(text(host.ask("look", text(host.ask("real", socket.rpartition("/")[0])))))
    if there:
        real = text(host.ask("real", socket))
        lines.append(text(host.ask("look", real)))
        if lines[-1] and lines[-1][0] != "s":
            lines.append(f"socket {real}: no socket")
    elif missing:
        lines.append(f"socket {socket}: missing")
    if (
        isinstance(host.ask("list", "/etc/pam.d"), str)
        and "smtp" not in text(host.ask("list", "/etc/pam.d")).splitlines()
    ):
        lines.append("pam /etc/pam.d/smtp: missing")
        lines += [f"pam other: {row}" for row in text(host.ask("read", "/etc/pam.d/other")).splitlines()]
    if first(host, SASLAUTHD):
        lines.append("installed")
    if _starts_only_if_enabled(host, know):
        lines.append("START=yes is demanded")
    return Saslauthd.parse(joined(*lines))


def outside(host: Host, know: FactStore) -> Outside | Unknown:
    """The user database and saslauthd's socket outside of the root that the application works in."""
    application = know(SaslApplication)
    if isinstance(application, Unknown):
        return application
    if not application.root:
        return Absent(f"{application.product} works in no root of its own")
    found, daemon = know.get(SaslConf), know.get(Saslauthd)
    database = sasldb_path(know).removeprefix(application.root)
    named = [found.saslauthd_path] if found and found.saslauthd_path else []
    running = [f"{daemon.run_folder}/mux"] if daemon and daemon.run_folder else []
    sockets = [*running, *named, *(f"{folder}/mux" for folder in _RUN)]
    return Outside.parse(joined(*(text(host.ask("look", p)) for p in (database, f"{database}.db", *sockets))))

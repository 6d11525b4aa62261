"""Cyrus SASL: configuration, plug-ins, user data base, saslauthd."""

import re
from collections.abc import Mapping
from typing import Any

from maildoctor.collect.knowledge import Collector, Know, joined, text, unknown
from maildoctor.collect.sendmail import where
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.cyrus.conf import SaslConf, config_search, default_sasldb, plugin_search
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.cyrus.shipped import Shipped
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.sendmail.program import SendmailProgram
from maildoctor.facts.system import System
from maildoctor.host import Host, Silence

NAME = "Sendmail.conf"
"""What sendmail calls itself to sasl_server_init (srvrsmtp.c): the capital counts."""

_ELSEWHERE = (
    "/etc", "/etc/mail", "/etc/mail/sasl", "/etc/sasl", "/etc/sasl2",
    "/usr/lib/sasl", "/usr/lib/sasl2", "/usr/local/lib/sasl2", "/usr/local/etc/sasl2",
)  # fmt: skip
"""Where people put Sendmail.conf by some guide for another system."""

_DEFAULTS = ("/etc/default/saslauthd", "/etc/sysconfig/saslauthd")
_RUN = ("/run/saslauthd", "/var/run/saslauthd", "/var/state/saslauthd", "/var/lib/sasl2")
_SASLAUTHD = ("/usr/sbin/saslauthd", "/usr/local/sbin/saslauthd")


def _system(know: Know) -> tuple[str, str]:
    found = know.get(System)
    return (found.family, found.triplet) if found else ("", "")


def generation(know: Know) -> int:
    """1 or 2: which libsasl the program is linked with."""
    found = know.get(SendmailProgram)
    names = found.libraries if found else frozenset()
    return 1 if any(re.match(r"libsasl\.so", name) for name in names) else 2


def version(host: Host, know: Know) -> tuple[str, ...]:
    """The release of libsasl as it stands in the library itself; empty where it cannot be told."""
    path = re.search(r"\tlibsasl2?\.so\S* => (/\S+)", text(host.ask("elf", where(host) or "")))
    found = text(host.ask("release", path[1])) if path else ""
    return (found,) if found else ()


def files(host: Host, know: Know) -> SaslFiles | Unknown:
    """Every place where Sendmail.conf is looked for."""
    if isinstance(absent := know(SendmailProgram), Absent):
        return absent
    searched = config_search(*_system(know), generation(know))
    lines = [f"searched: {folder}" for folder in searched]
    for folder in searched:
        answer = host.ask("list", folder)
        if isinstance(answer, Silence) and answer.why != "absent" and not any(x.startswith("found") for x in lines):
            return unknown(answer)  # the copy that counts may lie where we cannot look
        names = text(answer).splitlines()
        lines += [f"found: {folder}/{n}" for n in names if n == NAME and not _copy(host, f"{folder}/{n}", lines)]
        lines += [
            f"misnamed: {folder}/{n}"
            for n in names
            if n != NAME and n.lower() in (NAME.lower(), "sendmail", "smtpd.conf.sendmail")
        ]
    for folder in _ELSEWHERE:
        if folder not in searched and isinstance(host.ask("look", f"{folder}/{NAME}"), str):
            lines.append(f"elsewhere: {folder}/{NAME}")
    return SaslFiles.parse("\n".join(lines))


def _copy(host: Host, path: str, lines: list[str]) -> bool:
    """Whether the copy that counts says the very same, so that it does not matter which is read."""
    first = next((x.removeprefix("found: ") for x in lines if x.startswith("found: ")), None)
    said = host.ask("read", first) if first else None
    return isinstance(said, str) and said == host.ask("read", path)


def conf(host: Host, know: Know) -> SaslConf | Unknown:
    """The copy of Sendmail.conf that libsasl reads. None at all is not an error: defaults apply."""
    if isinstance(absent := know(SendmailCf), Absent):
        return absent
    found = know(SaslFiles)
    if isinstance(found, Unknown):
        return found
    if not found.used:
        return Absent("there is no Sendmail.conf: libsasl's defaults apply")
    answer = host.ask("read", found.used)
    return unknown(answer) if isinstance(answer, Silence) else SaslConf.parse(f"# path: {found.used}\n{answer}")


def plugins(host: Host, know: Know) -> Plugins | Unknown:
    """The plug-in folders, and for every plug-in its file and what the loader would say."""
    program = where(host)
    if program is None:
        missing = know(SendmailProgram)  # it knows whether there is none or it could not be looked at
        return missing if isinstance(missing, Unknown) else Absent("Sendmail is not installed")
    blocks = []
    for folder in plugin_search(*_system(know), generation(know)):
        blocks.append(_folder(host, know, folder, program))
    blocks = [b for b in blocks if not b.endswith(" missing")] or blocks[:1]
    return Plugins.parse("\n".join([f"program: {text(host.ask('elf', program)).partition(chr(10))[0]}", *blocks]))


def _folder(host: Host, know: Know, folder: str, program: str) -> str:
    look = host.ask("look", folder)
    if isinstance(look, Silence):
        return f"directory: {folder} " + ("missing" if look.why == "absent" else "unreadable")
    names = host.ask("list", folder)
    if isinstance(names, Silence):
        target = look.partition(" -> ")[2]
        return f"directory: {folder} " + (f"dangling -> {target}" if names.why == "absent" and target else "unreadable")
    there = know.some((n for n in names.splitlines() if ".so" in n), f"files of {folder}")
    return "\n".join([f"directory: {folder}", *(_plugin(host, f"{folder}/{n}", program) for n in there)])


def _plugin(host: Host, path: str, program: str) -> str:
    real = host.ask("real", path)
    if not path.endswith(".so"):
        return f"file: {path}"
    if isinstance(real, Silence):
        return f"plugin: {path} -> " + ("missing" if real.why == "absent" else "unreadable")
    elf = host.ask("elf", f"{path} {program}")
    said = elf if isinstance(elf, str) else f"unreadable: {elf.reason}"
    return joined(f"plugin: {path} -> {real}", text(host.ask("look", real)), said)


_DPKG_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "powerpc64le": "ppc64el"}
_MODULES = ("libsasl2-modules", "libsasl2-modules-db", "libsasl2-modules-gssapi-mit")


def shipped(host: Host, know: Know) -> Shipped | Unknown:
    """What dpkg says that the installed packages of plug-ins bring; other package managers keep no plain lists."""
    cpu = _system(know)[1].partition("-")[0]
    names = [f"{m}{suffix}" for m in _MODULES for suffix in (f":{_DPKG_ARCHITECTURES.get(cpu, cpu)}", "")]
    lists = [text(host.ask("read", f"/var/lib/dpkg/info/{name}.list")) for name in names]
    return (
        Shipped.parse(joined(*lists)) if any(lists) else Absent("no package manager says which plug-ins it installed")
    )


def sasldb_path(know: Know) -> str:
    """The user data base that libsasl opens."""
    found = know.get(SaslConf)
    return (found.sasldb_path if found else None) or default_sasldb(_system(know)[0], generation(know))


def sasldb(host: Host, know: Know) -> SaslDb | Unknown:
    """The user data base. Absent where the file is missing."""
    if isinstance(absent := know(SendmailCf), Absent):
        return absent
    path = sasldb_path(know)
    for candidate in (path, path + ".db", path + ".pag"):
        answer = host.ask("sasldb", candidate)
        if isinstance(answer, str):
            return SaslDb.parse(answer)
        if answer.why != "absent":
            return unknown(answer)
    return Absent(f"{path} does not exist")


def saslauthd(host: Host, know: Know) -> Saslauthd | Unknown:
    """What its defaults file says, the process, the socket that the configuration names."""
    found = know.get(SaslConf)
    named = found.saslauthd_path if found else None
    sockets = [named] if named else [f"{folder}/mux" for folder in _RUN]
    looks = {s: host.ask("look", s) for s in sockets}
    there = next((s for s, look in looks.items() if isinstance(look, str)), None)
    socket = there or sockets[0]
    missing = all(isinstance(look, Silence) and look.why == "absent" for look in looks.values())
    lines = [text(host.ask("read", path)) for path in _DEFAULTS]
    lines.append(text(host.ask("processes")))
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
    else:
        lines += [f"pam smtp: {row}" for row in text(host.ask("read", "/etc/pam.d/smtp")).splitlines()]
    if any(isinstance(host.ask("look", p), str) for p in _SASLAUTHD):
        lines.append("installed")
    return Saslauthd.parse(joined(*lines))


COLLECTORS: Mapping[type[Any], Collector] = {
    SaslFiles: files,
    SaslConf: conf,
    Plugins: plugins,
    Shipped: shipped,
    SaslDb: sasldb,
    Saslauthd: saslauthd,
}

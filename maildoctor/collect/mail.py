"""What sendmail.cf names: maps, queues, TLS files, and the trails to all that mail trusts."""

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from maildoctor.collect.cyrus import sasldb_path
from maildoctor.collect.knowledge import Collector, Know, joined, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.logins import Logins
from maildoctor.facts.maps import Entries
from maildoctor.facts.paths import Look, Paths, walk
from maildoctor.facts.sendmail.cf import SendmailCf, SubmitCf
from maildoctor.facts.sendmail.mail_maps import MailMaps, built_path
from maildoctor.facts.sendmail.queues import Queues
from maildoctor.facts.system import System
from maildoctor.facts.tls import Tls
from maildoctor.host import Host, Silence

_MATTERS = re.compile(r"(?i)(authinfo|srv_features|clt_features|try_tls)(:|$)|connect:$")
"""Keys of maps that have to do with AUTH; of other entries only the number that differ is told."""

_INCLUDE = re.compile(r":include:\s*(/[^\s,\"]+)")
_SHOWN = 20
_ABOUT = 4096
"""Characters at the beginning of a map's answer where the lines about it stand."""
_TEXT_TYPES = frozenset({"hash", "btree", "dbm", "cdb", "text"})


def maps(host: Host, know: Know) -> MailMaps | Unknown:
    """Every map of sendmail.cf that is a file, and the aliases."""
    cf = know(SendmailCf)
    if isinstance(cf, Unknown):
        return cf
    wanted = [(m.name, m.type, m.path) for m in cf.maps.values() if m.type in _TEXT_TYPES and m.path.startswith("/")]
    wanted += [("aliases", "hash", path) for path in cf.alias_files if path.startswith("/")]
    blocks = [_map(host, know, *one) for one in know.some(dict.fromkeys(wanted), "maps")]
    if "authinfo" not in cf.maps:
        folder = posixpath.dirname(cf.path)
        blocks += [_unnamed(host, know, f"{folder}/{name}") for name in _AUTHINFO_FILES]
    return MailMaps.parse(joined(*blocks))


_AUTHINFO_FILES = ("authinfo", "auth/authinfo", "auth/client-info")
"""Where credentials for other servers are kept, by sendmail's cf/README and by what is told to beginners."""


def _unnamed(host: Host, know: Know, path: str) -> str:
    """A file of AuthInfo entries that no K line names; nothing where there is none."""
    if all(isinstance(host.ask("look", p), Silence) for p in (path, path + ".db")):
        return ""
    block = _map(host, know, "authinfo", "hash", path)
    return block.replace("[map ", "[unnamed ", 1) if "\nentry: authinfo:" in block else ""


def _map(host: Host, know: Know, name: str, type_: str, path: str) -> str:
    built = built_path(type_, path)
    kind = name if name in ("authinfo", "access", "aliases") else "plain"
    lines = [f"[map {name}] {type_} {path}"]
    lines += [
        text(host.ask("look", text(host.ask("real", p)) or p)).replace(text(host.ask("real", p)) or p, p)
        for p in {path, built}
        if p
    ]
    source, database = host.ask("map", f"{kind} {path}"), host.ask("map", f"{kind} {built}") if built else ""
    for answer in (source, database):
        if isinstance(answer, Silence) and answer.why != "absent":
            lines.append(f"unread: {answer.reason}")
    cuts = [
        row for answer in (source, database) for row in text(answer)[:_ABOUT].split("\n") if row.startswith("# cut: ")
    ]
    for row in cuts:
        know.cut(f"of {path} {row.removeprefix('# cut: ')}")
    # of two parts nobody can tell what the wholes have in common
    if isinstance(source, str) and isinstance(database, str) and built and not cuts:
        difference = Entries.parse(source).difference(Entries.parse(database))
        for word, keys in zip(("only in source", "only in database", "changed"), difference, strict=True):
            lines += [f"{word}: {key}" for key in keys[:_SHOWN]]
    used = text(database) or text(source)
    for line in used.splitlines():
        key, _, rest = line.partition("\t")
        if _MATTERS.match(key) or name == "authinfo":
            lines.append(f"entry: {key}\t{rest.partition(chr(9))[2]}")
    return joined(*lines)


_LOGS = ("/var/log/mail.log", "/var/log/maillog", "/var/log/mail", "/var/log/syslog", "/var/log/messages")


def logins(host: Host, know: Know) -> Logins | Unknown:
    """Recent lines about logins in the log that this host writes."""
    if isinstance(absent := know(SendmailCf), Absent):
        return absent
    for path in _LOGS:
        told = host.ask("logins", path)
        if isinstance(told, str):
            return Logins.parse(f"# path: {path}\n{told}")
        if told.why != "absent":
            return unknown(told)
    return Absent("there is no mail log (" + ", ".join(_LOGS) + ")")


def queues(host: Host, know: Know) -> Queues | Unknown:
    """The queue directories of sendmail.cf and submit.cf; of a group (`/var/spool/mqueue/q*`) its parent."""
    cf = know(SendmailCf)
    if isinstance(cf, Unknown):
        return cf
    submit = know.get(SubmitCf)
    wanted = [("queue", cf.queue_directory)] + ([("submission queue", submit.queue_directory)] if submit else [])
    real = [
        (purpose, path.partition("/q*")[0].rstrip("*")) for purpose, path in wanted if path and path.startswith("/")
    ]
    return Queues.parse("\n".join(_queue(host, purpose, path) for purpose, path in real))


def _queue(host: Host, purpose: str, path: str) -> str:
    real = host.ask("real", path)
    if isinstance(real, Silence):
        return joined(f"[{purpose}] {path}", "missing" if real.why == "absent" else "")
    return joined(f"[{purpose}] {path}", text(host.ask("look", real)), text(host.ask("space", real)))


def tls(host: Host, know: Know) -> Tls | Unknown:
    """The files that sendmail.cf names for TLS, read as far as we may."""
    cf = know(SendmailCf)
    if isinstance(cf, Unknown):
        return cf
    blocks = [f"now: {text(host.ask('clock')) or '1970-01-01T00:00:00Z'}"]
    served = dict.fromkeys(f.path for f in cf.class_files if f.name == "w" and f.path.startswith("/"))
    for path in know.some(served, "files of class w"):
        blocks += [f"served: {row}" for row in text(host.ask("read", path)).splitlines()]
    for purpose, path in know.some(tls_files(cf), "TLS files"):
        verb = {"key": "key", "CA folder": "list"}.get(purpose, "cert")
        blocks.append(f"[{purpose}] {path}\n{_said(host.ask(verb, path))}")
    return Tls.parse("\n".join(blocks))


_TLS_PURPOSES = {
    "ServerCertFile": "certificate",
    "ServerKeyFile": "key",
    "ClientCertFile": "certificate",
    "ClientKeyFile": "key",
    "CACertFile": "CA",
    "CACertPath": "CA folder",
}


def tls_files(cf: SendmailCf) -> list[tuple[str, str]]:
    """(purpose, path) of each TLS file, each once."""
    found = [
        (p, path)
        for option, p in _TLS_PURPOSES.items()
        for path in cf.tls_files.get(option, ())
        if path.startswith("/")
    ]
    return list(dict.fromkeys(found))


def _said(answer: str | Silence) -> str:
    if isinstance(answer, str):
        return answer
    word = {"absent": "missing", "refused": "refused", "failed": "broken", "unavailable": "unread"}[answer.why]
    return word if word == "missing" else f"{word}: {answer.reason}"


def paths(host: Host, know: Know) -> Paths | Unknown:
    """Every element of every path that mail trusts."""
    cf = know(SendmailCf)
    if isinstance(cf, Unknown):
        return cf
    wanted = know.some(dict.fromkeys(_trusted(host, know, cf)), "paths that mail trusts")
    looks: dict[str, Look | None] = {}
    gaps: dict[str, str] = {}

    def look(path: str) -> Look | None:
        if path not in looks:
            answer = host.ask("look", path)
            if isinstance(answer, Silence) and answer.why != "absent":
                gaps[path] = answer.reason
            looks[path] = Look.parse(answer) if isinstance(answer, str) else None
        return looks[path]

    for _, path in wanted:
        walk(path, look)
    seen = [x for x in looks.values() if x]
    system = know.get(System)
    members = system.groups if system else {}
    groups = sorted({x.group for x in seen if x.group_writable})
    return Paths.parse(
        joined(
            *(x.line for x in seen),
            *(f"[{purpose}] {path}" for purpose, path in wanted),
            *(f"{path}: {reason}" for path, reason in gaps.items()),
            *(f"group {g}: {','.join(members.get(g, ()))}" for g in groups),
        )
    )


def _trusted(host: Host, know: Know, cf: SendmailCf) -> list[tuple[str, str]]:
    """(purpose, path) of all that mail trusts."""
    submit, files, plugins = know.get(SubmitCf), know.get(SaslFiles), know.get(Plugins)
    wanted = [("configuration", cf.path)] + ([("configuration", submit.path)] if submit else [])
    wanted += [("class file", f.path) for f in cf.class_files if f.path.startswith("/")]
    wanted += [("SASL configuration", path) for path in (files.found if files else ())]
    wanted += [("plug-in", p.path) for p in (plugins.plugins if plugins else ())]
    wanted += [("sasldb", sasldb_path(know))]
    wanted += tls_files(cf)
    for m in cf.maps.values():
        if m.path.startswith("/") and m.type in _TEXT_TYPES:
            wanted += [("map", built_path(m.type, m.path) or m.path), ("map source", m.path)]
    for path in know.some(dict.fromkeys(cf.alias_files), "alias files"):
        if path.startswith("/"):
            wanted += [("aliases", path + ".db"), ("aliases source", path)]
            included = dict.fromkeys(m[1] for m in _INCLUDE.finditer(text(host.ask("read", path))))
            wanted += [("include file", p) for p in know.some(included, f"files that {path} includes")]
    return wanted


COLLECTORS: Mapping[type[Any], Collector] = {
    Logins: logins,
    MailMaps: maps,
    Queues: queues,
    Tls: tls,
    Paths: paths,
}

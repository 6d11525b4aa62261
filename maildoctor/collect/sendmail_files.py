"""What sendmail.cf names: maps, queues, TLS files, and all files that Sendmail trusts."""

import posixpath
import re

from maildoctor.collect.bounds import left_out
from maildoctor.collect.knowledge import FactStore, joined, text
from maildoctor.facts import Unknown
from maildoctor.facts.maps import Entries
from maildoctor.facts.sendmail.cf import SendmailCf, SubmitCf
from maildoctor.facts.sendmail.mail_maps import MailMaps, built_path
from maildoctor.facts.sendmail.queues import Queues
from maildoctor.facts.tls import Tls
from maildoctor.host import Host, NoAnswer, Verb

_MATTERS = re.compile(r"(?i)(authinfo|srv_features|clt_features|try_tls)(:|$)|connect:$")
"""Keys of maps that have to do with AUTH; of other entries only the number that differ is told."""

_INCLUDE = re.compile(r":include:\s*(/[^\s,\"]+)")
_SHOWN = 20
_TEXT_TYPES = frozenset({"hash", "btree", "dbm", "cdb", "text"})


def maps(host: Host, know: FactStore) -> MailMaps | Unknown:
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


def _unnamed(host: Host, know: FactStore, path: str) -> str:
    """A file of AuthInfo entries that no K line names; nothing where there is none."""
    if all(isinstance(host.ask("look", p), NoAnswer) for p in (path, path + ".db")):
        return ""
    block = _map(host, know, "authinfo", "hash", path)
    return block.replace("[map ", "[unnamed ", 1) if "\nentry: authinfo:" in block else ""


def _map(host: Host, know: FactStore, name: str, type_: str, path: str) -> str:
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
        if isinstance(answer, NoAnswer) and answer.why != "absent":
            word = {"refused": "refused", "too_large": "too large"}.get(answer.why, "unread")
            lines.append(f"{word}: {answer.reason}")
    cuts = [row for answer in (source, database) for row in left_out(text(answer))]
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


def queues(host: Host, know: FactStore) -> Queues | Unknown:
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
    if isinstance(real, NoAnswer):
        return joined(f"[{purpose}] {path}", "missing" if real.why == "absent" else "")
    return joined(f"[{purpose}] {path}", text(host.ask("look", real)), text(host.ask("space", real)))


def tls(host: Host, know: FactStore) -> Tls | Unknown:
    """The files that sendmail.cf names for TLS, read as far as we may."""
    cf = know(SendmailCf)
    if isinstance(cf, Unknown):
        return cf
    blocks = [f"now: {text(host.ask('clock')) or '1970-01-01T00:00:00Z'}"]
    served = dict.fromkeys(f.path for f in cf.class_files if f.name == "w" and f.path.startswith("/"))
    for path in know.some(served, "files of class w"):
        blocks += [f"served: {row}" for row in text(host.ask("read", path)).splitlines()]
    for purpose, path in know.some(tls_files(cf), "TLS files"):
        verb: Verb = "key" if purpose == "key" else "list" if purpose == "CA folder" else "cert"
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


def _said(answer: str | NoAnswer) -> str:
    if isinstance(answer, str):
        return answer
    word = {"absent": "missing", "refused": "refused", "unavailable": "unread"}.get(answer.why, "broken")
    return word if word == "missing" else f"{word}: {answer.reason}"


def trusted(host: Host, know: FactStore) -> list[tuple[str, str]]:
    """(purpose, path) of all that Sendmail trusts besides the files of libsasl."""
    cf, submit = know.get(SendmailCf), know.get(SubmitCf)
    if cf is None:
        return []
    wanted = [("configuration", cf.path)] + ([("configuration", submit.path)] if submit else [])
    wanted += [("class file", f.path) for f in cf.class_files if f.path.startswith("/")]
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

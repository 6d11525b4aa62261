"""What lies below Postfix' queue, which sockets its services ask, how much room there is, who may use which sender; and
the files of its TLS."""

import re
from collections.abc import Iterator

from maildoctor.collect.knowledge import FactStore, joined, text, unknown
from maildoctor.collect.paths import Files
from maildoctor.collect.strays import strays
from maildoctor.facts import Unknown
from maildoctor.facts.paths import Look, walk
from maildoctor.facts.postfix import sockets
from maildoctor.facts.postfix.files import PostfixFiles
from maildoctor.facts.postfix.remarks import MasterRemarks
from maildoctor.facts.postfix.restrictions import items, stages
from maildoctor.facts.postfix.server import Postfix, Smtpd
from maildoctor.facts.postfix.tls import PostfixTls, tls_files
from maildoctor.host import Host, NoAnswer, Verb

_QUEUES = ("incoming", "active", "deferred", "maildrop", "pid", "private", "public")
_IN_CHROOT = ("dev", "dev/log", "etc", "etc/resolv.conf", "etc/services", "etc/sasldb2")
_PROGRAMS = ("postdrop", "postqueue")
_DOVECOT = ("/usr/sbin/dovecot", "/usr/local/sbin/dovecot")
_CONFIGURATIONS = ("/etc/postfix/sasl", "/etc/sasl2", "/usr/lib/sasl2", "/usr/local/lib/sasl2")
_SOURCE = re.compile(r"(?:hash|btree|cdb|lmdb|dbm|texthash):(/[^\s,]{1,400})")
_ROW = re.compile(r"(?m)^([^\s#]\S{0,320})[ \t]+(\S.{0,399})$")
_ROWS = 5_000
"""Rows of one access table that are read."""
_MESSAGE = re.compile(r"[0-9A-F]{5,20}|[0-9A-Za-z]{10,30}|\d{1,20}\.\d{1,20}")
"""Queue files (global/mail_queue.h: short and long names) and what cleanup writes before it names them."""
_SENDERS = 1_000
"""Addresses of one table of senders that are read."""


def files(host: Host, know: FactStore) -> PostfixFiles | Unknown:
    """Folders and programs of Postfix, sockets of what its services ask, room for mail."""
    found = know(Postfix)
    if isinstance(found, Unknown):
        return found
    queue = found.value("queue_directory").rstrip("/")
    looked, lines = Files(host), list[str]()
    wanted = [queue, *(f"{queue}/{name}" for name in (*_QUEUES, *_IN_CHROOT)), *_DOVECOT]
    wanted += [p for p in (found.value("data_directory"), found.main.path.rpartition("/")[0]) if p.startswith("/")]
    wanted += [f"{found.value('command_directory') or '/usr/sbin'}/{name}" for name in _PROGRAMS]
    wanted += [f"{queue}/private/auth", *(f"{f}/{n}.conf" for f in _CONFIGURATIONS for n in _names(found))]
    of_services = dict.fromkeys(p for smtpd in found.smtpd for p in _sockets(smtpd))
    for path in know.some(dict.fromkeys((*wanted, *of_services)), "files of Postfix"):
        lines.append(_unless_there(path, looked))
    seen = looked.seen
    for look in seen:
        if look.kind == "s":
            bound = text(host.ask("bound", look.path))
            lines.append(f"bound: {look.path} {bound}" if bound else "")
    for name in ("", "/incoming", "/active"):
        if space := text(host.ask("space", f"{queue}{name}")):
            lines += [f"space: {queue}{name} {space}", *strays(host, f"{queue}{name}", _MESSAGE)]
    return PostfixFiles.parse(
        joined(
            *(x.line for x in seen),
            *lines,
            *_senders(host, know, found),
            *_access(host, know, found),
            _name_servers(host, queue) if any(s.chrooted for s in found.services) else "",
        )
    )


def _name_servers(host: Host, queue: str) -> str:
    """Whom services in the chroot ask for names."""
    rows = text(host.ask("read", f"{queue}/etc/resolv.conf")).splitlines()
    servers = [words[1] for row in rows if (words := row.split())[:1] == ["nameserver"] and len(words) > 1]
    return f"chroot resolver: {' '.join(servers[:3])}" if servers else ""


def _unless_there(path: str, looked: Files) -> str:
    """What keeps us from a path: it is not there, or nobody could look at it or at a folder on the way. Of what is made
    when a container starts nothing is said."""
    places = list[str]()

    def look(place: str) -> Look | None:
        places.append(place)
        return looked(place)

    if walk(path, look)[1]:
        return ""
    look(path)  # it may be made with the folders on the way
    gap = next((place for place in places if place in looked.gaps), "")
    if gap in looked.later:
        return ""
    return f"unseen: {path}: {looked.gaps[gap]}" if gap else f"missing: {path}"


def _names(found: Postfix) -> Iterator[str]:
    """What the services call themselves to libsasl, as far as that is no path, and what they do by default."""
    named = [n for s in found.smtpd if "/" not in (n := s.value("smtpd_sasl_path")) and n]
    yield from dict.fromkeys((*named, "smtpd"))


def _sockets(smtpd: Smtpd) -> Iterator[str]:
    """Where a socket lies as the service sees it, and where it would lie for others."""
    for peer in sockets.peers(smtpd):
        if peer.path:
            yield sockets.place(smtpd, peer.path)
            if peer.path.startswith("/"):
                yield peer.path


def _senders(host: Host, know: FactStore, found: Postfix) -> Iterator[str]:
    tables = dict.fromkeys(p for s in found.smtpd for p in _SOURCE.findall(s.value("smtpd_sender_login_maps")))
    for path in know.some(tables, "tables of senders"):
        rows = _ROW.findall(text(host.ask("read", path)))
        yield from (f"login: {path}\t{key}\t{names.strip()}" for key, names in know.some(rows, path, _SENDERS))


_TABLE = re.compile(r"(?:hash|btree|cdb|lmdb|dbm|texthash|cidr|pcre|regexp):/.{1,400}")
_RULE = re.compile(r"(?m)^(/(?:[^\\/\n]|\\.){0,300}/[A-Za-z]{0,8}|[^\s#]\S{0,320})[ \t]+(\S.{0,399})$")


def _access(host: Host, know: FactStore, found: Postfix) -> Iterator[str]:
    """The sources of the access tables that restriction lists ask about clients, senders and recipients."""
    asked = (
        item.argument
        for smtpd in found.logins
        for stage in stages(smtpd)
        for item in items(smtpd, stage)
        if item.name.endswith("_access") or item.name == "check_by_default"
    )
    tables = dict.fromkeys(table for table in asked if _TABLE.fullmatch(table))
    for table in know.some(tables, "access tables"):
        rows = _RULE.findall(text(host.ask("read", table.partition(":")[2])))
        yield from (f"access: {table}\t{key}\t{action.strip()}" for key, action in know.some(rows, table, _ROWS))


def remarks(host: Host, know: FactStore) -> MasterRemarks | Unknown:
    """master.cf once more, for what stands behind `#`."""
    found = know(Postfix)
    if isinstance(found, Unknown):
        return found
    path = found.main.path.removesuffix("main.cf") + "master.cf"
    answer = host.ask("read", path)
    return unknown(answer) if isinstance(answer, NoAnswer) else MasterRemarks.parse(f"# path: {path}\n{answer}")


_VERBS: dict[str, Verb] = {"key": "key", "CA folder": "list"}


def tls(host: Host, know: FactStore) -> PostfixTls | Unknown:
    """The files that the smtpd services name for TLS, read as far as we may."""
    found = know(Postfix)
    if isinstance(found, Unknown):
        return found
    blocks = [f"now: {text(host.ask('clock')) or '1970-01-01T00:00:00Z'}"]
    wanted = dict.fromkeys(one for smtpd in found.smtpd for one in tls_files(smtpd))
    for purpose, path in know.some(wanted, "TLS files"):
        said = host.ask(_VERBS.get(purpose, "cert"), path)
        blocks.append(f"[{purpose}] {path}\n{_said(said)}")
    return PostfixTls.parse("\n".join(blocks))


def _said(answer: str | NoAnswer) -> str:
    if isinstance(answer, str):
        return answer
    word = {"absent": "missing", "refused": "refused", "unavailable": "unread"}.get(answer.why, "broken")
    return word if word == "missing" else f"{word}: {answer.reason}"

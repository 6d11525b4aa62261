"""What sendmail.cf names: maps, queues, TLS files, and all files that Sendmail trusts."""

import posixpath
import re

from maildoctor.collect.bounds import left_out
from maildoctor.collect.knowledge import FactStore, joined, text
from maildoctor.collect.strays import strays
from maildoctor.facts import Unknown
from maildoctor.facts.maps import Entries
from maildoctor.facts.names import Names
from maildoctor.facts.paths import Look, walk
from maildoctor.facts.sendmail.cf import SendmailCf, SubmitCf
from maildoctor.facts.sendmail.delivery import Delivery
from maildoctor.facts.sendmail.mail_maps import MailMaps, built_path
from maildoctor.facts.sendmail.queues import Queues
from maildoctor.facts.system import System
from maildoctor.facts.tls import Tls
from maildoctor.host import Host, NoAnswer, Verb

_MATTERS = re.compile(
    r"(?i)(srv_features|clt_features|try_tls|tls_clt|tls_srv|tls_rcpt|clientrate|clientconn|greetpause)(:|$)"
    r"|(connect:)?(127|10|192\.168|172\.(1[6-9]|2\d|3[01])|localhost|ipv6:.{0,4})(\.\d{1,3}){0,3}$"
    r"|connect:(\[?[a-f0-9:.]{1,45}\]?)?$"
)
"""Keys of maps that have to do with AUTH, and with clients that may be users of this host; of other entries only the
number that differ is told."""

_LOGINS = re.compile(r"(?i)authinfo(:|$)")
_SENDERS = re.compile(r"(?i)(from:|to:|spam:)?(?:[^@]{0,64}@)?([a-z0-9.-]{1,255})$")
_REFUSING = re.compile(r"REJECT|DISCARD|ERROR|[45]\d\d")
_ENTRIES = 400
"""Entries that are told of one map besides those that hold a login."""

_INCLUDE = re.compile(r":include:\s*(/[^\s,\"]+)")
_VIRTUAL = ("virtuser", "virtusertable")
"""What the virtusertable is called in a K line (cf/feature/virtusertable.m4)."""
_VIRTUALS = 4_000
"""Entries of the virtusertable that are told: those of accounts of this host, and of whole domains."""
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
    kind = name if name in ("authinfo", "access", "aliases") else "virtuser" if name in _VIRTUAL else "plain"
    lines = [f"[map {name}] {type_} {path}"]
    lines += [
        text(host.ask("look", text(host.ask("real", p)) or p)).replace(text(host.ask("real", p)) or p, p)
        for p in {path, built}
        if p
    ]
    source, database = host.ask("map", f"{kind} {path}"), host.ask("map", f"{kind} {built}") if built else ""
    for answer in (source, database):
        if isinstance(answer, NoAnswer) and answer.why != "absent":
            word = {"refused": "refused", "too_large": "too large", "unavailable": "unseen"}.get(answer.why, "unread")
            lines.append(f"{word}: {answer.reason}")
    cuts = [row for answer in (source, database) for row in left_out(text(answer))]
    # of two parts nobody can tell what the wholes have in common
    if isinstance(source, str) and isinstance(database, str) and built and not cuts:
        difference = Entries.parse(source).difference(Entries.parse(database))
        for word, keys in zip(("only in source", "only in database", "changed"), difference, strict=True):
            lines += [f"{word}: {key}" for key in keys[:_SHOWN]]
    used = text(database) or text(source)
    own = _own_domains(know) if name in ("access", *_VIRTUAL) else frozenset[str]()
    kept = 0
    for line in used.splitlines():
        key, _, rest = line.partition("\t")
        shape = rest.partition("\t")[2]
        if name == "authinfo" or _LOGINS.match(key):
            lines.append(f"entry: {key}\t{shape}")
        elif kind == "virtuser":
            if kept < _VIRTUALS and _of_account(know, key, own):
                kept += 1
                lines.append(f"entry: {key}\t{shape}")
        elif kept < _ENTRIES and (_MATTERS.match(key) or _of_own(key, shape, own)):
            kept += 1
            lines.append(f"entry: {key}\t{shape}")
    return joined(*lines)


def _of_account(know: FactStore, key: str, own: frozenset[str]) -> bool:
    """Whether a key of the virtusertable is a whole domain of this host's own, or one of its accounts in such a one."""
    system = know.get(System)
    user, _, domain = key.partition("@")
    known = system is not None and user.partition("+")[0] in system.people
    return domain.lower() in own and (not user or known)


def _own_domains(know: FactStore) -> frozenset[str]:
    """The names and domains under which this host's users write."""
    cf, names = know.get(SendmailCf), know.get(Names)
    own = {names.canonical.lower(), names.canonical.lower().partition(".")[2]} if names else set[str]()
    return frozenset((own | {w.lower() for w in (cf.class_("w") if cf else ())}) - {"", "localhost"})


def _of_own(key: str, shape: str, own: frozenset[str]) -> bool:
    """Whether an entry refuses senders or recipients of this host's own domains."""
    m = _SENDERS.match(key) if _REFUSING.match(shape) else None
    return m is not None and m[2].lower() in own


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
    waiting = _waiting(host, real) if purpose == "submission queue" else ""
    rest = strays(host, real, _MESSAGE)
    return joined(f"[{purpose}] {path}", text(host.ask("look", real)), text(host.ask("space", real)), waiting, *rest)


_MESSAGE = re.compile(r"[A-Za-z]f[0-9A-Za-z]{8,40}")
"""Files of a message (doc/op, "The Mail Queue"): qf, df, xf, tf and others, and its id."""
_MESSAGES = 50
"""Messages of a queue whose times are looked at."""


def _waiting(host: Host, path: str) -> str:
    names = [name for name in text(host.ask("list", path)).splitlines() if name.startswith("qf")]
    seen = (Look.parse(text(host.ask("look", f"{path}/{name}"))) for name in names[:_MESSAGES])
    times = [look.mtime for look in seen if look and look.mtime]
    return f"waiting: {len(names)} {min(times):.0f}" if times else ""


_MAILBOXES = ("/var/mail", "/var/spool/mail")


def delivery(host: Host, know: FactStore) -> Delivery | Unknown:
    """The programs of the M lines, the sockets of the filters that are asked, and the directory of the mailboxes."""
    cf = know(SendmailCf)
    if isinstance(cf, Unknown):
        return cf
    agents = [m for m in cf.mailers.values() if m.path.startswith("/")]
    blocks = [_place(host, f"[agent {m.name}]", m.path) for m in know.some(agents, "delivery agents")]
    filters = [f for f in cf.input_filters if f.path]
    for one in know.some(filters, "mail filters"):
        blocks += [_place(host, f"[filter {one.name}]", one.path), *_writable_above(host, one.path)]
    boxes = next((path for path in _MAILBOXES if isinstance(host.ask("real", path), str)), _MAILBOXES[0])
    return Delivery.parse(joined(*blocks, _place(host, "[mailboxes]", boxes)))


def _writable_above(host: Host, path: str) -> list[str]:
    """The directories above that others may write."""
    elements, _ = walk(path, lambda at: Look.parse(text(host.ask("look", at))))
    return [f"above: {x.line}" for x in elements if x.kind == "d" and (x.group_writable or x.world_writable)]


def _place(host: Host, head: str, path: str) -> str:
    real = host.ask("real", path)
    found = host.ask("look", real) if isinstance(real, str) else real
    if isinstance(found, str):
        bound = text(host.ask("bound", path)) if found.startswith("s") else ""
        return joined(f"{head} {path}", found, f"bound: {bound}" if bound else "")
    return joined(f"{head} {path}", "missing" if found.why == "absent" else f"refused: {found.reason}")


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
        verb = _TLS_VERBS.get(purpose, "cert")
        said = host.ask(verb, path)
        if purpose == "CRL" and isinstance(said, str):  # what is revoked is nothing to us; whether it is a list at all
            said = "" if "-----BEGIN X509 CRL-----" in said else NoAnswer("failed", "there is no revocation list in it")
        blocks.append(f"[{purpose}] {path}\n{_said(said)}")
    return Tls.parse("\n".join(blocks))


_TLS_PURPOSES = {
    "ServerCertFile": "certificate",
    "ServerKeyFile": "key",
    "ClientCertFile": "certificate",
    "ClientKeyFile": "key",
    "CACertFile": "CA",
    "CACertPath": "CA folder",
    "CRLFile": "CRL",
}


_TLS_VERBS: dict[str, Verb] = {"key": "key", "CA folder": "list", "CRL": "read"}


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

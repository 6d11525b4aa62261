"""One line read by its words: a pure function from program and message to the general class of the trouble."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from maildoctor.triage.reader import noise, replies
from maildoctor.triage.reader.errors import Named, errors
from maildoctor.triage.reader.folding import MOST, fold
from maildoctor.triage.reader.objects import Thing, chosen, things

LONGEST = 700
"""Of a message no more characters are read."""
_LONGEST_NAME = 200
MARK = b"by its words"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says: the code of the general rule, the kind of its error (`errors.py`), the object, and the fields
    of the finding as they stand in the line."""

    code: str
    kind: str
    fields: Mapping[str, bytes] = field(default_factory=dict)


_LEVEL = re.compile(
    r"(?:(?:[\w./-]{1,60}(?:\([^)\n]{0,200}\))?(?:<[^>\n]{0,100}>){0,2}(?:\[\d{1,10}\])?: ){0,3}"
    r"(?P<level>Fatal|Error|Panic|Warning|fatal|error|panic|warning|ERROR|FATAL|WARNING|WARN|CRITICAL|crit|alert|emerg|err)"
    r"(?:\[\d{1,6}\])?: |(?P<syserr>(?:SYSERR|NOQUEUE: SYSERR)(?:\([^)\n]{0,60}\))?: ))"
)
_NEGATION = re.compile(
    r"\b(?:cannot|can ?not|can't|could not|couldn't|unable|fail(?:ed|ure|s|ing)?|errors?|denied|refused"
    r"|unexpected(?:ly)?|invalid|unknown|bad|missing|illegal|malformed|unsupported|unsafe|insecure|fatal|panic"
    r"|lost|died|killed|aborted"
    r"|not (?:found|set|specified|configured|supported|allowed|permitted|available|defined|valid"
    r"|running|compiled|owned|a|an|recogni[sz]ed|implemented)|no such|does(?:n't| not)|did(?:n't| not)|is not"
    r"|isn't|must|should|too|wrong|ignoring|writable|expired|exceed(?:ed|s)?|mismatch"
    r"|undefined|unrecogni[sz]ed|corrupt(?:ed)?"
    r"|conflict(?:ing)?|no|empty|skew)\b",
    re.IGNORECASE,
)
_VERBS = {
    "open": "open", "opening": "open", "connect": "connect", "connecting": "connect", "bind": "bind", "binding": "bind",
    "read": "read", "reading": "read", "write": "write", "writing": "write", "stat": "look at", "lstat": "look at",
    "fstat": "look at", "chdir": "enter", "chroot": "enter", "execute": "run", "exec": "run", "execv": "run",
    "execve": "run", "execvp": "run", "run": "run", "load": "load", "loading": "load", "dlopen": "load", "lock": "lock",
    "locking": "lock", "flock": "lock", "create": "create", "creating": "create", "mkdir": "create", "rename": "rename",
    "unlink": "remove", "remove": "remove", "delete": "remove", "rmdir": "remove", "chmod": "change", "chown": "change",
    "fchown": "change", "fchmod": "change", "listen": "listen", "accept": "accept", "fork": "fork", "lookup": "look up",
    "resolve": "look up", "getaddrinfo": "look up", "search": "search", "query": "query", "initialize": "initialize",
    "init": "initialize", "initialise": "initialize", "initialization": "initialize", "start": "start",
    "parse": "parse",
    "parsing": "parse", "find": "find", "access": "access", "verify": "verify", "send": "send", "receive": "receive",
    "close": "close", "link": "link", "symlink": "link", "truncate": "write", "ftruncate": "write", "fsync": "write",
    "setuid": "change user", "setgid": "change group", "setgroups": "change group", "initgroups": "change group",
    "setrlimit": "set a limit", "allocate": "allocate", "malloc": "allocate", "get": "get", "set": "set",
    "authenticate": "authenticate", "export": "export", "import": "import", "mmap": "read", "seek": "read",
    "lseek": "read", "fcntl": "use", "ioctl": "use", "socket": "make a socket", "socketpair": "make a socket",
    "pipe": "make a pipe", "signal": "signal", "kill": "signal", "fetch": "read", "store": "write", "save": "write",
    "determine": "determine", "decode": "decode", "encode": "encode", "convert": "convert", "expand": "expand",
}  # fmt: skip
_WORDS = re.compile(r"[A-Za-z_]{2,30}")

_LOADING = re.compile(
    r"(?P<library>[\w/+.-]{1,200}\.so[\w.]{0,20}): (?:cannot open shared object|undefined symbol|wrong ELF|invalid ELF"
    r"|file too short|symbol|version `|failed to map|cannot restore|ELF|cannot allocate)"
    r"|(?:loading shared library|relocating) (?P<musl>[\w/+.-]{1,200})"
)
_SQL_USER = re.compile(r"(?:denied for user|failed for user) [\"']?([\w.@%+-]{1,64})")

_OF_HOST = frozenset(("file", "queue", "endpoint", "keytab", "library", "map"))
"""Kinds of objects that are this host's own, whoever is named beside them."""
_GRAVE = frozenset(("error", "fatal", "panic", "err", "crit", "alert", "emerg", "critical"))
_NETWORK = frozenset(("refused", "unreachable", "timeout", "gone"))

_CODES: Mapping[str, str] = {
    "denied": "PERM940", "unsafe": "PERM941", "missing": "CONF940", "malformed": "CONF941", "unknown": "CONF942",
    "argument": "CONF941", "unsupported": "CONF943", "refused": "RUN940", "timeout": "RUN941", "gone": "RUN942",
    "crashed": "RUN943", "busy": "RUN944", "exists": "RUN945", "wrong kind": "CONF944", "unreachable": "NET940",
    "unresolved": "NET941", "in use": "NET942", "no address": "NET943", "full": "SYS940", "memory": "SYS941",
    "too many": "SYS942", "read-only": "SYS943", "damaged": "SYS944", "skew": "SYS945", "loader": "LINK940",
    "certificate": "TLS940", "tls": "TLS941", "kerberos": "KRB940", "credentials": "LDAP940", "query": "LDAP941",
    "mechanism": "MECH940", "sasl": "SASL940", "pam": "PAM940", "expired": "USER940", "local problem": "CONF945",
    "failed": "RUN946", "login refused": "USER961", "login wanted": "USER962", "password refused": "USER963",
    "login delayed": "USER964", "mechanism refused": "MECH961", "tls wanted": "TLS961",
}  # fmt: skip
"""The general rule for each kind of error."""

CODES = frozenset(_CODES.values())


class Reader:
    """Reads one line after another, those that differ only in what tells nothing (`folding.py`) once, if they are no
    trouble: most of a busy server's lines that no rule knows are."""

    def __init__(self) -> None:
        self._silent: set[str] = set()

    def read(self, tag: bytes, message: bytes, logged: bool = True) -> Reading | None:
        """As the function `read`."""
        said = _said(tag, message)
        if said is None:
            return None
        folded = f"{said.program} {said.level} {logged} {fold(said.body)}"
        if folded in self._silent:
            return None
        reading = _read(said, logged)
        if reading is None:
            if len(self._silent) >= MOST:
                self._silent.clear()
            self._silent.add(folded)
        return reading


def read(tag: bytes, message: bytes, logged: bool = True) -> Reading | None:
    """What this message of the program `tag` says of trouble; None where it tells of none, or not of this host's.
    `logged`: it has the time or the process of a log, and is not what a command printed."""
    said = _said(tag, message)
    return _read(said, logged) if said else None


@dataclass(frozen=True, slots=True)
class _Said:
    """A message without the word for how grave it is, which is `level`, in lower case; empty where there is none."""

    program: str
    level: str
    body: str


def _said(tag: bytes, message: bytes) -> _Said | None:
    """The message; None where its first words tell that it is no trouble of a program that is read here."""
    text = message[: 2 * LONGEST].decode("utf-8", "replace")[:LONGEST]
    program = tag.decode("ascii", "replace")
    if not _is_ours(program, text):
        return None
    found_level = _LEVEL.match(text)
    level = (found_level["level"] or "error").lower() if found_level else ""
    body = text[found_level.end() :] if found_level else text
    return None if noise.is_chatter(body, level in _GRAVE) else _Said(program, level, body)


def _read(said: _Said, logged: bool) -> Reading | None:
    program, level, body = said.program, said.level, said.body
    if logged and (reply := replies.refusal(body)) is not None and not noise.names_a_client(body):
        kind, start, end = reply
        return Reading(_CODES[kind], kind, _fields(program, body, kind, Named(kind, start, end, 2), None))
    sasl = noise.SASL_SAYS.match(body)
    body = body[sasl.end() :] if sasl else body
    own = noise.own_words(body, level in _GRAVE)
    if own is None:
        return None
    if len(own) < len(body):  # what a program of ours put out, quoted in another's line
        inner = _LEVEL.search(own)
        level, body = (inner["level"] or "error").lower() if inner else "error", own
    pam = noise.PAM_SAYS.match(body)
    body = body[pam.end() :] if pam else body
    error = _error(list(errors(body)), level, body)
    if error is None or (sasl is not None and error.weight == 0):  # libsasl tells of what clients send in such words
        return None
    kind = error.kind
    client = noise.names_a_client(body)
    if client and level not in ("fatal", "panic") and not _TOUCHED.search(body):
        return None
    found = things(body)
    thing = _object(found, error, body)
    if not level and not _is_plain(error, thing, program, pam is not None):
        return None
    if kind == "missing" and thing is not None and thing.kind == "library":
        kind = "loader"
    if _of_a_client(kind, thing, body, level, client):
        return None
    if (not program and thing is None) or (not (program and logged) and error.weight == 0):
        return None
    return Reading(_CODES[kind], kind, _fields(program, body, kind, error, thing))


@lru_cache(maxsize=1024)
def _is_program(program: str) -> bool:
    return noise.MAIL_PROGRAM.fullmatch(program) is not None


def _is_ours(program: str, text: str) -> bool:
    if not program:
        return bool(noise.OF_MAIL.search(text))
    return _is_program(program) or noise.PAM_LINE.match(text) is not None


def _is_plain(error: Named, thing: Thing | None, program: str, pam: bool) -> bool:
    """Whether this is trouble though nothing in the line says how grave it is."""
    if error.weight == 2:
        return True
    named = thing is not None and not thing.place and thing.kind not in ("word", "mech", "quoted")
    return (named or pam) and not noise.LEVELLED.match(program)


def _error(found: Sequence[Named], level: str, body: str) -> Named | None:
    """The error that tells the most: the last of those named outright, for formats of C end in it; of words the
    first."""
    exact = [named for named in found if named.weight == 2]
    if exact:
        return exact[-1]
    half = [named for named in found if named.weight == 1]
    if half:
        return half[0]
    weak = [named for named in found if named.kind != "failed"]
    if weak and (level or any(named.kind == "failed" for named in found) or _NEGATION.search(body)):
        return weak[0]
    if found:
        return found[0] if level or any(named.kind == "failed" for named in found) else None
    return Named("failed", len(body), len(body), 0) if level in ("fatal", "panic") else None


def _object(found: Sequence[Thing], error: Named, body: str) -> Thing | None:
    if error.kind == "loader" and (loading := _LOADING.search(body)) is not None:
        group = loading.lastgroup or "library"
        return Thing("library", loading[group], *loading.span(group))
    if error.kind == "credentials" and (user := _SQL_USER.search(body)) is not None:
        return Thing("account", user[1], *user.span(1))
    named: tuple[tuple[str, ...], ...] = ()
    if error.kind in ("malformed", "unknown", "unsupported", "missing") and error.weight < 2:
        return _near(found, error, body)
    if error.kind in ("kerberos",):
        named = (("principal", "keytab"),)
    if error.kind in ("mechanism",):
        named = (("mechanism", "mech"),)
    if error.kind in ("unresolved", "unreachable", "in use"):
        named = (("url", "server", "host", "address", "endpoint"),)
    return chosen(found, error.start, error.end, named)


_SAID_BEHIND = ("not", "is ", "has", "doe", "mus", "sho", "can", "out")
"""How words begin that stand behind what they are said of: `x not found`."""


def _near(found: Sequence[Thing], error: Named, body: str) -> Thing | None:
    """Of a word such as `unknown` or `invalid`, what stands behind it: `unknown option: x`."""
    before_colon = [t for t in found if t.kind in _BEFORE_COLON and 0 <= error.start - t.end <= len("': ")]
    if before_colon and not before_colon[-1].name.endswith("()"):  # `x: bad value`
        return before_colon[-1]
    fitting = [thing for thing in found if not thing.place and thing.kind not in ("source", "function")]
    behind = [thing for thing in fitting if thing.start >= error.end]
    before = body[error.start : error.start + 3].lower() in _SAID_BEHIND and len(behind) < len(fitting)
    if behind and not before and behind[0].start - error.end <= _CLOSE:
        return behind[0]
    return chosen(found, error.start, error.end)


_CLOSE = 40
_BEFORE_COLON = frozenset(("file", "relative", "queue", "map", "parameter", "setting", "function"))


_TOUCHED = re.compile(
    r"(?<![\w])/[a-z]|\b(?:private|public|active|deferred)/|\.so\b|\b(?:unix|local|FILE|hash|lmdb|btree|ldap|ldaps):"
)
"""What no client brings with it."""
_BY_CLIENTS = frozenset((*_NETWORK, "unresolved", "tls", "certificate", "expired"))


def _of_a_client(kind: str, thing: Thing | None, body: str, level: str, client: bool) -> bool:
    """Whether a client, or a server far away, is all that it is about."""
    of_host = thing is not None and not thing.place and thing.kind in _OF_HOST
    if of_host:
        return False
    if client:
        return kind in _BY_CLIENTS or level not in ("fatal", "panic")
    if kind not in _NETWORK and kind != "unresolved":
        return False
    served = thing is not None and not thing.place and thing.kind in ("service", "word")
    return not (served or level in ("fatal", "panic") or noise.BACKENDS.search(body))


def _fields(program: str, body: str, kind: str, error: Named, thing: Thing | None) -> dict[str, bytes]:
    fields = {
        "read": MARK.decode(),
        "speaker": program or "a program",
        "error": body[error.start : error.end] or kind,
        "verb": next((_VERBS[w] for w in (m[0].lower() for m in _WORDS.finditer(body)) if w in _VERBS), "use"),
        "object": thing.name if thing else "something that the line does not name",
    }
    if thing is not None:
        fields |= _of_thing(thing)
    return {name: value[:_LONGEST_NAME].encode("utf-8", "replace") for name, value in fields.items()}


_PATH = re.compile(r"/[^\s]{1,300}")
_PORT = re.compile(r"\[?([\w.:-]{1,255}?)\]?(?::(\d{1,5}))?$")
_URL = re.compile(r"\w{1,12}://(?:[^@/\s]{1,100}@)?([^/\s:]{1,255})(?::(\d{1,5}))?")
_SCHEME = re.compile(r"^(?:unix|local|inet6?|tcp|tls|ssl|fifo|unix_dgram):")


def _of_thing(thing: Thing) -> dict[str, str]:
    """The fields that commands of advice are made exact by."""
    name, kind = thing.name, thing.kind
    if kind in ("file", "library", "keytab", "endpoint", "map") and (path := _PATH.search(name)) is not None:
        fields = {"path": path[0]}
        return fields | ({"library": name} if kind == "library" else {"map": name} if kind == "map" else {})
    if kind == "queue":
        return {"path": f"/var/spool/postfix/{name}"}
    if kind == "url" and (url := _URL.match(name)) is not None:
        return {"server": url[1]} | ({"port": url[2]} if url[2] else {})
    if kind in ("server", "address", "endpoint", "host") and (peer := _PORT.match(_SCHEME.sub("", name, count=1))):
        return {"server": peer[1]} | ({"port": peer[2]} if peer[2] else {})
    as_field = {
        "library": "library", "module": "library", "parameter": "setting", "setting": "setting", "map": "map",
        "database": "map", "mechanism": "mechname", "mech": "mechname", "account": "account", "mail": "account",
        "service": "service", "principal": "principal",
    }  # fmt: skip
    return {as_field[kind]: name} if kind in as_field else {}

"""What a line speaks of: files, sockets, servers, maps, libraries, settings, users, by the forms in which they stand.

Every pattern has bounds, so a line takes time in proportion to its length. An object is what stands nearest before the
error, for so the formats of C programs put it (`open %s: %m`); one that only says where the line was written
(`file.c:12`, `/etc/x.conf line 3`) counts only where there is no other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """Something named in a text: its kind, its name, where it stands; `place`: it only says where, or who."""

    kind: str
    name: str
    start: int
    end: int
    place: bool = False


_END = r"(?<![.,:;])"
_NAME = r"[\w.@+/-]{1,128}"
_QUOTE = r"[\"'`‘“<\[({]{0,2}"
_MECHS = (
    "PLAIN|LOGIN|CRAM-MD5|DIGEST-MD5|SCRAM-SHA-1(?:-PLUS)?|SCRAM-SHA-256(?:-PLUS)?|SCRAM-SHA-512|GSSAPI|GS2-KRB5|"
    "GSS-SPNEGO|NTLM|OTP|SRP|EXTERNAL|ANONYMOUS|XOAUTH2|OAUTHBEARER|KERBEROS_V4|PASSDSS-3DES-1|APOP|RPA|SKEY"
)
_MAPS = (
    "hash|btree|lmdb|dbm|cdb|sdbm|pcre|regexp|mysql|pgsql|sqlite|ldap|proxy|texthash|cidr|socketmap|memcache|static|nis"
    "|nisplus|netinfo|inline|unionmap|pipemap|randmap|environ|internal|mongodb|netdb|check_policy_service"
)

_THING = re.compile(
    r"(?P<url>\b(?:ldap|ldaps|ldapi|https?|mysql|pgsql|postgresql|postgres|redis|imaps?|smtps?"
    r"|lmtp)://[^\s'\",;)>\]]{1,200}" + _END + r")"
    r"|(?P<keytab>\b(?:FILE|DIR|KEYRING|KCM|WRFILE):[^\s'\",;)>\]]{1,200}" + _END + r")"
    r"|(?P<endpoint>\b(?:unix|local|unix_dgram|fifo|inet6?|tcp|tls|ssl):\[?[\w/.-][^\s'\",;)>]{1,200}" + _END + r")"
    r"|(?P<map>\b(?:" + _MAPS + r"):(?:[a-z]{1,12}:)?[\w/.-][^\s'\",;)>:(]{0,200}" + _END + r")"
    r"|(?P<file>(?<![\w.\])}/%-])/(?:[^\s'\"<>,;()\[\]{}|*?`:’”\\=]|:(?=[\w/])){1,300}" + _END + r")"
    r"|(?P<queue>\b(?:private|public|maildrop|incoming|active|deferred|hold|corrupt|defer|bounce|pid|saved|trace|flush)"
    r"/[\w./-]{1,128}" + _END + r")"
    r"|(?P<library>(?<![\w.+-])[\w+-][\w+.-]{0,80}\.so(?:\.\d{1,6}){0,4}\b)"
    r"|(?P<principal>(?<![\w./-])[\w.-]{1,64}/[\w.-]{1,128}@[\w.-]{0,128})"
    r"|(?P<peer>(?<![\w.-])[\w.-]{1,200}\[[\da-fA-F:.]{2,45}\](?::\d{1,5})?)"
    r"|(?P<address>(?<![\w.])(?:\[(?:IPv6:)?[\da-fA-F:]{2,45}\]"
    r"|\[?\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\]?)(?::\d{1,5})?(?![\w.]\w))"
    r"|(?P<server>(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}:\d{1,5}\b|\blocalhost(?::\d{1,5})?\b)"
    r"|(?P<mail>(?<![\w.+=-])[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})"
    r"|(?P<source>\b[\w-]{1,64}\.[ch](?:pp)?:\d{1,6}\b)"
    r"|(?P<relative>(?<![\w.-])[\w.-]{0,80}\w\.(?:cf|conf|db|pem|key|crt|cer|csr|toml|ext|cfg|pid|lock|log|mc"
    r"|keytab|ini|sock"
    r"|socket|sqlite|lua|sieve|list|index|cache|pag|dir|cdb|lmdb|json|xml|p12|pfx|jks|dh)\b)"
    r"|(?P<host>(?<=[a-z]\()[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?=[,)])"
    r"|(?<=: )(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?=: ))"
    r"|(?P<function>\b[A-Za-z_]\w{1,60}\(\)|^[a-z]\w{0,40}_\w{1,40}(?=: ))"
    r"|(?P<mech>\b(?:" + _MECHS + r")\b)"
    r"|(?P<setting>\b[a-z][a-z0-9]{0,40}(?:_[a-z0-9]{1,40}){1,10}\b(?![(\w]))",
)
_SAID = re.compile(
    r"\b(?:(?P<account>(?:[Uu]ser|[Uu]sername|[Ll]ogin|[Aa]ccount|[Uu]id|owner|authid|authcid|[Mm]ailbox|recipient)s?"
    r"(?: name| id)?)"
    r"|(?P<group>[Gg]roup|[Gg]id)"
    r"|(?P<parameter>[Pp]arameter|[Ss]etting|[Oo]ption|[Kk]eyword|[Kk]ey|attribute|property|directive|variable|[Ff]ield"
    r"|flag|argument|value of|value for|section|block|command[- ]line)s?"
    r"|(?P<mechanism>[Mm]echanism|[Mm]ech|SASL method)s?"
    r"|(?P<module>[Mm]odule|[Pp]lug-?in|[Dd]river|[Bb]ackend|[Ll]ibrary|[Ee]ngine|provider)"
    r"|(?P<service>[Ss]ervice|[Dd]aemon|[Pp]rocess|[Pp]rogram|[Ss]cript|transport|unit|class|helper)"
    r"|(?P<host>[Hh]ost|[Hh]ostname|[Ss]erver|[Dd]omain|[Rr]ealm|KDC|nameserver)(?: name)?"
    r"|(?P<database>[Dd]atabase|[Tt]able|[Mm]ap|[Dd]ictionary|dict|passdb|userdb|DB|schema)(?: type)?"
    r"|(?P<word>[Ff]ile|[Ss]ocket|[Dd]irectory|[Ff]older)"
    r"|(?P<scheme>[Ss]cheme|[Pp]rotocol|[Cc]ipher|[Cc]urve|type|hash|algorithm|format)"
    r")(?: is)?[ =:]{1,3}" + _QUOTE + r"(?P<name>" + _NAME + r")"
)
_QUOTED = re.compile(r"\"([^\"\n]{1,200})\"|(?<!\w)'([^'\n]{1,200})'|[`‘]([^'’\n]{1,200})['’]|<([^<>\n]{1,200})>")
_NOT_NAMES = """
    a access account address all already also an and any are argument as at attribute auth_server authentication be
    been boolean but by can can't cannot check client code command configuration connection could couldn't count
    data database desc description destination did didn't directory dn do does doesn't entry error errors expected
    failed failure field file filter flag for found from gid group had has have id if in index info information initial
    input internal invalid is isn't it its key ldap length limit limits line list local lock login lookup mail may
    mechanism member method missing more must name names needs new no not number of on one only operation option or
    our out owner ownership parameter password path permission policy process proxy qmqp record remote reply request
    required requires reset resource response returned sasl section server service set settings should size socket
    source specified sql stage state status step string supported supports syntax table target than that the this to
    too type types uid unknown used user value values vector version was wasn't were when which while will with
    without you
"""
_NOT_A_NAME = frozenset(_NOT_NAMES.split())
"""What stands behind such words and is no name."""
_LINE_BEHIND = re.compile(r"[\"'’)>]?[,:(]? ?\(?(?:at )?line\b|:\d{1,6}\b|\(\d{1,6}\)", re.ASCII)
_CONTEXT_BEFORE = re.compile(r"(?:\bconn|\bclient|\bsession=|rip=|lip=|line \d{1,6} of) ?$")
_FUNCTION_BEHIND = re.compile(r":(?: |$)")
_OF_SERVICE = re.compile(
    r"(?<![\w/-])(?P<name>[a-z][\w/-]{1,63}) (?:service|daemon|server|transport)\b"
    r"|\b(?:open|close|write|writing|reading|opening|read|seek|truncate|append|connect|lock|load|lookup"
    r"|look up|bind|stat|create|remove|start)"
    r"(?: (?:to|from|on|at|file|lock|map|table|database|proxy|filter|input|output|service|the|directory|dir)){0,3}"
    r" (?P<word>[\w./-]{2,64})|\bfor (?P<account>[\w.@+-]{1,64})(?=[:.,]|$)|: (?P<tail>[\w./@-]{2,64})$"
    r"|\bpam_[a-z]{1,20}\((?P<asked>[\w-]{2,64})(?=[,)])"
)
_OF_GROUP = {"name": "service", "tail": "word", "asked": "service"}
_PLACES = frozenset({"source", "function", "mech", "peer", "mail"})


def things(text: str) -> list[Thing]:
    """All that is named in the text, in the order in which it stands there."""
    found = list(_formed(text))
    taken = [(thing.start, thing.end) for thing in found]
    for named in _SAID.finditer(text):
        name, (start, end) = named["name"].rstrip(".-:/"), named.span("name")
        if name.lower() in _NOT_A_NAME or not name or name.isdigit():
            continue
        kind = next(key for key, value in named.groupdict().items() if value and key != "name")
        clash = next((n for n, (a, b) in enumerate(taken) if a < end and start < b), None)
        if clash is None:
            found.append(Thing(kind, name, start, start + len(name)))
            taken.append((start, end))
        elif found[clash].kind in ("setting", "mail", "relative"):
            thing = found[clash]
            found[clash] = Thing(kind, thing.name, thing.start, thing.end)
    for named in _OF_SERVICE.finditer(text):
        group = named.lastgroup or "name"
        start, end = named.span(group)
        if named[group].lower() not in _NOT_A_NAME and all(b <= start or end <= a for a, b in taken):
            found.append(Thing(_OF_GROUP.get(group, group), named[group], start, end))
            taken.append((start, end))
    for quoted in _QUOTED.finditer(text):
        start, end = quoted.span(quoted.lastindex or 0)
        if all(b <= start or end <= a for a, b in taken):
            found.append(Thing("quoted", text[start:end], start, end))
            taken.append((start, end))
    return sorted(found, key=lambda thing: thing.start)


def _formed(text: str) -> Iterator[Thing]:
    for found in _THING.finditer(text):
        kind, (start, end) = found.lastgroup or "", found.span()
        name = found[0]
        if kind == "file":
            name = name.rstrip("/") if len(name) > 1 else name
            if ".so" in name.rpartition("/")[2]:
                kind = "library"
        place = kind in _PLACES or (kind in ("file", "relative") and bool(_LINE_BEHIND.match(text, end)))
        place = place or (kind == "setting" and bool(_FUNCTION_BEHIND.match(text, end)))
        place = place or bool(_CONTEXT_BEFORE.search(text, max(0, start - 16), start))
        yield Thing(kind, name, start, end, place)


_FIRST = ("file", "queue", "endpoint", "url", "keytab", "library", "map", "server", "principal", "relative")
_SECOND = (
    "parameter", "module", "database", "mechanism", "service", "account", "group", "host", "scheme", "address",
    "setting", "quoted",
)  # fmt: skip
_LAST = ("word", "mech", "peer", "mail", "setting", "function")


def chosen(found: Sequence[Thing], start: int, end: int, named: Sequence[tuple[str, ...]] = ()) -> Thing | None:
    """The one of them that the error from `start` to `end` is about."""
    found = [thing for thing in found if thing.end <= start or end <= thing.start]
    choices = (*((kinds, False) for kinds in named), (_FIRST, False), (_SECOND, False), (_FIRST, True), (_LAST, True))
    for kinds, places in choices:
        fitting = [t for t in found if t.kind in kinds and (places or not t.place)]
        if fitting:
            return min(fitting, key=lambda thing: _distance(thing, start, end))
    return None


def _distance(thing: Thing, start: int, end: int) -> int:
    """How far from the error: what stands behind it counts as farther."""
    if thing.end <= start:
        return start - thing.end
    return 2 * max(0, thing.start - end) + 10

"""MAP: the maps of sendmail.cf, authinfo above all."""

import re
from base64 import b64decode
from collections.abc import Iterator

from maildoctor.api import (
    BuildAliases,
    BuildMap,
    CommentOutRow,
    Direction,
    Evidence,
    Findings,
    QuoteItems,
    Rebuild,
    RenameRow,
    Rung,
    SetPort,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    is_plain,
    rebuild,
)
from maildoctor.api.host import Logins
from maildoctor.api.sendmail import (
    MailMap,
    MailMaps,
    SendmailCf,
    client_entries,
    consulted_entries,
    entry_for,
    looked_up,
)

_AUTHINFO = "[map authinfo] hash /etc/mail/authinfo\n-rw------- root root /etc/mail/authinfo\n"
_ACCESS = "[map access] hash /etc/mail/access\n-rw------- root root /etc/mail/access\n"
_BUILT = "-rw------- root root /etc/mail/authinfo.db\n"


def _build(m: MailMap) -> Step:
    return BuildAliases(m.type, m.path) if m.name == "aliases" else BuildMap(m.type, m.path)


def _unseen(maps: MailMaps) -> Iterator[Unknown]:
    """Maps that we may not read."""
    for m in maps.all:
        if m.obstacle == "refused":
            yield Unknown(m.unread, "run as root")
        if m.obstacle == "too large":
            yield Unknown(m.unread, "look whether it is what it should be")
        if m.obstacle == "unseen":
            yield Unknown(m.unread, "run maildoctor check on the host")


def _called(m: MailMap) -> str:
    return "authinfo" if m.name == "authinfo" else f"AuthInfo ({m.name})"


def _gets_in(m: MailMap, logins: Logins | Unknown) -> bool:
    """Whether the log tells of a login by one of the entries: the smart host's MX records may lead to other names."""
    if isinstance(logins, Unknown):
        return False
    served = [r for r, sent in logins.handed_over.items() if sent.mech]
    return any(entry_for(looked_up(r, "", parents=m.name != "authinfo")[:-1], client_entries(m)) for r in served)


def _optional(cf: SendmailCf, m: MailMap) -> bool:
    definition = cf.maps.get(m.name)
    return definition is not None and "-o" in definition.flags


_RUNGS: dict[str, Rung] = {"access": "listener", "authinfo": "account", "aliases": "hand-over"}
"""What lacks first where a map cannot be used; sendmail asks access for every client."""


def _rung(name: str) -> Rung:
    return _RUNGS.get(name, "policy")


def _direction(name: str) -> Direction:
    return "relay" if name == "authinfo" else "server"


@check(
    "MAP001",
    "map-not-built",
    "error",
    rung="policy",
    role="cause",
    scope=("map",),
    witnesses=("MAP121", "PERM129"),
    fails=[{"maps": _AUTHINFO, "cf": "Kauthinfo hash /etc/mail/authinfo"}],
    passes=[{"maps": _AUTHINFO + _BUILT, "cf": "Kauthinfo hash /etc/mail/authinfo"}],
    refs=("sendmail: sendmail/map.c, db_map_open(): missing map file",),
)
def map_not_built(maps: MailMaps, cf: SendmailCf) -> Findings:
    """A map that sendmail.cf names was never built: its text is there, its database is not.

    Sendmail reads the database alone. A missing one makes every look-up fail, and what depends on it is deferred or
    refused; a missing aliases database is read from the text instead, slowly.

    Advice: build it with makemap (aliases: newaliases).
    """
    for m in maps.all:
        if not m.built_path or m.built is not None or m.unread:
            continue
        if m.source is None and (_optional(cf, m) or m.name == "aliases"):
            continue
        what = "was never built from its source" if m.source else "does not exist, and neither does its source"
        yield found(
            f"The map {m.name} is missing: {m.built_path} {what}",
            evidence=[
                *([m.source.evidence] if m.source else []),
                Evidence(f"ls -l {m.built_path}", "No such file or directory"),
            ],
            fix=[_build(m)],
            severity="warning" if m.name == "aliases" or _optional(cf, m) else "error",
            rung=_rung(m.name),
            direction=_direction(m.name),
            map=m.name,
        )


@check(
    "MAP002",
    "map-stale",
    "warning",
    rung="policy",
    role="cause",
    scope=("map",),
    fails=[{"maps": _AUTHINFO + _BUILT + "changed: authinfo:hub.example.com"}],
    passes=[{"maps": _AUTHINFO + _BUILT}],
    refs=("sendmail: cf/README; makemap(8)",),
)
def map_stale(maps: MailMaps) -> Findings:
    """A map was edited, but its database was not rebuilt: sendmail still uses the old entries.

    The entries of source and database are compared, not only their times, so this is the state of things and no guess.

    Advice: rebuild the map with makemap (aliases: newaliases).
    """
    yield from _unseen(maps)
    for m in maps.all:
        if not m.stale or m.built is None or m.source is None:
            continue
        reported = [
            *(f"not in the database: {k}" for k in m.only_source[:3]),
            *(f"only in the database: {k}" for k in m.only_built[:3]),
            *(f"changed: {k}" for k in m.changed[:3]),
        ]
        yield found(
            f"{m.built_path} is out of date: it differs from {m.path} ({'; '.join(reported)})",
            evidence=[m.source.evidence, m.built.evidence, *(Evidence(m.path, t) for t in reported)],
            fix=[_build(m)],
            severity="error" if m.name == "authinfo" else "warning",
            rung=_rung(m.name),
            direction=_direction(m.name),
            map=m.name,
        )


@check(
    "MAP003",
    "authinfo-malformed",
    "error",
    rung="account",
    role="cause",
    direction="relay",
    witnesses=("CONF130",),
    fails=[
        {"maps": _AUTHINFO + _BUILT + "entry: authinfo:hub.example.com\tmalformed U= P= R="},
        {"maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"R:foo" "U:relay"'},
        {"maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U:relay" "P=(no base64)"'},
        {"maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U:relay" "P=(ends in a line feed)"'},
        {"maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U:relay" "P:(empty)"'},
        {"maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U:relay" "P=(ends in a carriage return)"'},
        {"maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U=cmVsYXkK" "P=***"'},
        {"maps": "[map access] hash /etc/mail/access\nentry: authinfo:hub.example.com\tmalformed U="},
    ],
    passes=[
        {"maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U:relay" "I:relay" "P:***" "M:DIGEST-MD5"'},
        {"maps": "[map access] hash /etc/mail/access\nentry: authinfo:hub.example.com\tmalformed\n" + _AUTHINFO},
        {"maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U=cmVsYXk=" "P=***"'},
    ],
    refs=(
        'sendmail: sendmail/usersmtp.c, readauth()/getauth(); cf/README, "Providing SMTP AUTH Data when sendmail '
        'acts as Client"',
    ),
)
def authinfo_malformed(maps: MailMaps) -> Findings:
    """An authinfo entry has not the format that sendmail reads, or not the password that was meant, so this host does
    not log in there.

    An entry is a list of quoted items, each a letter (U, I, P, R, M), a colon (or `=` for base64), and the value. U or
    I, and P are required. What `echo password | base64` makes has a line feed behind the password, which is sent with
    it and refused.

    Advice: write the entry as "U:name" "I:name" "P:password" "R:realm" "M:mechanisms", each in quotes, or make the
    base64 by printf %s, which adds nothing; then rebuild the map.
    """
    yield from _unseen(maps)
    asked = maps.named("authinfo") or maps.named("access")
    for m in [asked] if asked else []:
        for entry in m.entries if m.name == "authinfo" else client_entries(m):
            letters = {x.upper() for x in re.findall(r'"([A-Za-z])[:=]', entry.shape)}
            if entry.shape.startswith("malformed"):
                trouble = f"has the wrong syntax: {entry.shape}, no quoted items"
            elif not letters & {"U", "I"} or "P" not in letters:
                what = "no user (U: or I:)" if not letters & {"U", "I"} else "no password (P:)"
                trouble = f"has the wrong syntax: {what}"
            elif "(no base64)" in entry.shape:
                trouble = "has the wrong syntax: `=` behind a letter announces base64, and what follows is none"
            elif re.search(r'"P[:=]\(empty\)"', entry.shape):
                trouble = "has an empty password (P)"
            elif m_flaw := _FLAW.search(entry.shape):
                trouble = f"has a password that {m_flaw[1]}, which nobody can have meant: the other server refuses it"
            elif fed := _with_line_feed(entry.shape):
                what = "a password" if fed == "P" else f"a name ({fed}=)"
                trouble = f"has {what} that ends in a line feed, as `echo` without -n makes it before base64: the other"
                trouble += " server refuses it"
            else:
                continue
            fed = _with_line_feed(entry.shape)
            yield found(
                f"The {_called(m)} entry {entry.key} {trouble}",
                evidence=[Evidence(m.path, f"{entry.key} {entry.shape}")],
                fix=[
                    by_hand("printf %s PASSWORD | base64 makes the text for P= without a line feed")
                    if fed == "P"
                    else by_hand(
                        "printf %s NAME | base64 makes the text for {letter}= without a line feed", letter=fed
                    ),
                    edit(m.path, '{key} "U:name" "I:name" "P=BASE64"', key=entry.key),
                    _build(m),
                ]
                if fed
                else [
                    QuoteItems(m.path, entry.key)
                    if re.match(r"malformed .*\b[UI]=.*\bP=", entry.shape)
                    else edit(m.path, '{key} "U:name" "I:name" "P:password"', key=entry.key),
                    _build(m),
                ],
                key=entry.key,
            )


_FLAW = re.compile(r'"P[:=]\((ends in a carriage return|ends in a blank|has a NUL in it)\)"')
"""As the door tells it of a password, which it does not show."""


def _with_line_feed(shape: str) -> str:
    """The letter of the item that ends in a line feed; empty where none does."""
    if '"P=(ends in a line feed)"' in shape or '"P:(ends in a line feed)"' in shape:
        return "P"
    for letter, words in re.findall(r'"([UIR])=([A-Za-z0-9+/=]{4,400})"', shape):
        try:
            if b64decode(words, validate=True)[-1:] in (b"\n", b"\r"):
                return str(letter)
        except ValueError:
            continue
    return ""


@check(
    "MAP004",
    "authinfo-key-not-looked-up",
    "error",
    rung="account",
    role="cause",
    direction="relay",
    explains=("MAP013",),
    fails=[
        {
            "cf": "DShub.example.com\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _BUILT + 'entry: authinfo:smtp.example.com\t"U:relay" "P:***"',
        },
        {
            "cf": "DShub.example.com\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _BUILT + 'entry: authinfo:example.com\t"U:relay" "P:***"',
        },
        {
            "cf": "DShub.example.com\nKaccess hash /etc/mail/access",
            "maps": _ACCESS + 'entry: authinfo:example.net\t"U:relay" "P:***"',
        },
        {
            "cf": "DShub.example.com\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _BUILT + 'entry: hub.example.com\t"U:relay" "P:***"',
        },
    ],
    passes=[
        {
            "cf": "DShub.example.com\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U:relay" "P:***"',
        },
        {
            "cf": "DShub.example.com\nKaccess hash /etc/mail/access",
            "maps": _ACCESS + 'entry: authinfo:example.com\t"U:relay" "P:***"',
        },
        {
            "cf": "DS[192.0.2.7]\nKaccess hash /etc/mail/access",
            "maps": _ACCESS + 'entry: authinfo:192.0.2\t"U:relay" "P:***"',
        },
        {
            "cf": "DShub.example.com\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _BUILT + 'entry: authinfo:\t"U:relay" "P:***"',
        },
        {
            "cf": "Kauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _BUILT + 'entry: authinfo:smtp.example.com\t"U:relay" "P:***"',
        },
        {
            "cf": "DSexample.com\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _BUILT + 'entry: authinfo:mx1.example.com\t"U:relay" "P:***"',
            "logins": "Oct  4 10:11:12 mail sm-mta[1]: AUTH=client, relay=mx1.example.com., mech=PLAIN, bits=0",
        },
    ],
    refs=("sendmail: cf/m4/proto.m4, ruleset authinfo: AuthInfo:{server_name}, AuthInfo:{server_addr}, AuthInfo:",),
)
def authinfo_key_not_looked_up(cf: SendmailCf, maps: MailMaps, logins: Logins | Unknown) -> Findings:
    """authinfo has no entry under the name of the smart host, so this host does not log in there.

    Sendmail looks for AuthInfo: with the server's name, then with its address, then for AuthInfo: alone. Mail then
    goes out without AUTH, and the other side says "Relaying denied".

    Advice: make the key of the entry AuthInfo: and the name of the smart host (the name in relay= in the log), then
    rebuild the map.
    """
    yield from _unseen(maps)
    asked = consulted_entries(cf, maps)
    if asked is None or cf.smart_host is None:
        return
    authinfo, entries = asked
    # of a map that holds nothing but logins, an entry without the tag is meant as one too, and nobody looks for it
    entries = authinfo.entries if authinfo.name == "authinfo" else entries
    if not entries:
        return
    host = cf.smart_host.host.lower().rstrip(".")
    is_address = re.fullmatch(r"[0-9.]+|(ipv6:)?[0-9a-f:]*:[0-9a-f:.]*", host) is not None
    name, address = (f"[{host}]", host.removeprefix("ipv6:")) if is_address else (host, "")
    keys = looked_up(name, address, parents=authinfo.name != "authinfo")
    addresses = [e for e in entries if re.fullmatch(r"authinfo:(\[?[0-9a-f:.]+\]?|ipv6:.*)", e.key.lower())]
    if not host or entry_for(keys, entries) or (addresses and not is_address) or _gets_in(authinfo, logins):
        return
    called = _called(authinfo)
    yield found(
        f"{called} has {', '.join(sorted(e.key for e in entries)[:4])}, but sendmail looks for "
        f"AuthInfo:{host} (the smart host)",
        evidence=[
            Evidence(f"{cf.path}:{cf.smart_host.line}", f"DS{cf.smart_host.host}"),
            *(Evidence(authinfo.path, e.key) for e in entries[:4]),
        ],
        fix=[
            RenameRow(authinfo.path, entries[0].key, f"AuthInfo:{host}")
            if len(entries) == 1 and is_plain(host)
            else edit(authinfo.path, 'AuthInfo:{host} "U:user" "P:password"', host=host),
            _build(authinfo),
        ],
        host=host,
    )


@check(
    "MAP005",
    "auth-switched-off-by-access-map",
    "error",
    rung="offer",
    role="cause",
    scope=("client",),
    explains=("no-offer", "no-starttls"),
    fails=[
        {"maps": "[map access] hash /etc/mail/access\nentry: srv_features:192.0.2.9\tA"},
        {"maps": "[map access] hash /etc/mail/access\nentry: srv_features:\tA"},
    ],
    passes=[
        {"maps": "[map access] hash /etc/mail/access\nentry: srv_features:192.0.2.9\tV"},
        {"maps": "[map access] hash /etc/mail/access\nentry: srv_features:192.0.2.9\ta"},
    ],
    refs=("sendmail: doc/op, srv_features: A do not offer AUTH, S do not offer STARTTLS",),
)
def auth_switched_off_by_access_map(maps: MailMaps) -> Findings:
    """Srv_Features in the access map switches AUTH or STARTTLS off for some clients.

    Those clients see an EHLO answer without the AUTH line (or without STARTTLS, and then without PLAIN and LOGIN),
    while all others log in; the log says nothing. For one foreign net that is most often meant, against guessers; for
    every client, or a private net, it locks users out.

    Advice: remove the Srv_Features entry from the access map and rebuild the map, unless it is meant.
    """
    yield from _unseen(maps)
    for m in maps.all:
        for entry in m.entries:
            word, _, client = entry.key.partition(":")
            off = [f for f in entry.shape.split() if f in ("A", "S")]
            if word.lower() == "srv_features" and off:
                yield found(
                    f"Srv_Features:{client} {' '.join(off)} in the access map switches"
                    f" {' and '.join({'A': 'AUTH', 'S': 'STARTTLS'}[f] for f in off)} off for "
                    f"{client or 'every client'}",
                    evidence=[Evidence(m.path, f"{entry.key} {entry.shape}")],
                    fix=[CommentOutRow(m.path, entry.key), _build(m)],
                    severity="error" if _own_clients(client) else "warning",
                    client=client or "all",
                )


_PRIVATE = re.compile(
    r"(ipv6:)?(10|127|192\.168|172\.(1[6-9]|2\d|3[01]))(\..*)?|localhost(\..*)?|ipv6:(f[cd]|fe80|0*:).*"
)
"""Keys of the access map for clients in private nets, and for this host: whole addresses, and nets by their first
numbers."""


def _own_clients(client: str) -> bool:
    """Whether an entry is for all clients, or for those in a net of one's own."""
    return not client or _PRIVATE.fullmatch(client.lower()) is not None


@check(
    "MAP006",
    "map-unreadable",
    "error",
    rung="policy",
    role="cause",
    scope=("map",),
    fails=[{"maps": _AUTHINFO + _BUILT + "unread: /etc/mail/authinfo.db: it is text, no database"}],
    passes=[
        {"maps": _AUTHINFO + _BUILT},
        {"maps": _AUTHINFO + "refused: permission denied reading /etc/mail/authinfo"},
        {"maps": _AUTHINFO + _BUILT + "unseen: the recording has no map of authinfo /etc/mail/authinfo.db"},
    ],
    refs=("sendmail: sendmail/map.c, db_map_open()",),
)
def map_unreadable(maps: MailMaps) -> Findings:
    """The database of a map is damaged, or no database at all.

    Sendmail cannot open it; what depends on the map is deferred or refused.

    Advice: rebuild the map with makemap (aliases: newaliases).
    """
    yield from _unseen(maps)
    for m in maps.all:
        if m.unread and m.obstacle not in ("refused", "unseen"):
            yield found(
                f"The map {m.name} cannot be read: {m.unread}",
                evidence=[Evidence(m.built_path or m.path, m.unread)],
                fix=[_build(m)],
                rung=_rung(m.name),
                direction=_direction(m.name),
                map=m.name,
            )


@check(
    "MAP007",
    "client-auth-switched-off",
    "error",
    rung="offer",
    role="cause",
    direction="relay",
    fails=[
        {
            "cf": "O ClientPortOptions=Modify=A\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U:relay" "P:***"',
        }
    ],
    passes=[
        {
            "cf": "O ClientPortOptions=Family=inet\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _BUILT + 'entry: authinfo:hub.example.com\t"U:relay" "P:***"',
        }
    ],
    refs=("sendmail: doc/op, ClientPortOptions: A do not use AUTH when sending",),
)
def client_auth_switched_off(cf: SendmailCf, maps: MailMaps) -> Findings:
    """There is an authinfo map, but ClientPortOptions switches AUTH off for outgoing mail.

    Sendmail then never logs in at the other side, which says "Relaying denied".

    Advice: drop the A from CLIENT_OPTIONS in sendmail.mc, rebuild sendmail.cf and restart.
    """
    asked = consulted_entries(cf, maps)
    if asked is not None and asked[1] and "A" in cf.client_modifiers:
        authinfo, entries = asked
        setting = cf.option("ClientPortOptions")
        yield found(
            "ClientPortOptions has the modifier A, so sendmail never logs in elsewhere, though"
            f" {_called(authinfo)} has entries",
            evidence=[
                Evidence(
                    f"{cf.path}:{setting.line if setting else 0}",
                    f"O ClientPortOptions={setting.value if setting else ''}",
                ),
                Evidence(authinfo.path, f"{len(entries)} entries that hold a login"),
            ],
            fix=[
                SetPort(
                    cf.path.removesuffix(".cf") + ".mc",
                    "",
                    "M",
                    "".join(sorted(cf.client_modifiers - {"A"})),
                    macro="CLIENT_OPTIONS",
                ),
                Rebuild(cf.path.removesuffix(".cf") + ".mc", cf.path),
            ],
            option="ClientPortOptions",
        )


@check(
    "MAP008",
    "default-authinfo-ignored",
    "warning",
    rung="account",
    role="note",
    direction="relay",
    fails=[{"cf": "V10/Berkeley\nO DefaultAuthInfo=/etc/mail/default-auth-info\nSauthinfo\nR$*\t$: OK\n"}],
    passes=[
        {"cf": "V10/Berkeley\nSauthinfo\nR$*\t$: OK\n"},
        {"cf": "V10/Berkeley\nO DefaultAuthInfo=/etc/mail/default-auth-info"},
    ],
    refs=("sendmail: sendmail/usersmtp.c, getauth(): the file is read only without a ruleset authinfo",),
)
def default_authinfo_ignored(cf: SendmailCf) -> Findings:
    """DefaultAuthInfo names a file that is never read: the ruleset authinfo, which every built sendmail.cf has, wins.

    Advice: put the entry into the authinfo map (FEATURE(`authinfo')) or the access map instead.
    """
    setting = cf.option("DefaultAuthInfo")
    if setting and setting.value and cf.has_rules("authinfo"):
        yield found(
            f"DefaultAuthInfo {setting.value} is ignored, because the ruleset authinfo exists",
            evidence=[Evidence(f"{cf.path}:{setting.line}", f"O DefaultAuthInfo={setting.value}")],
            fix=rebuild(cf.path, "FEATURE(`authinfo')dnl, and the entry into /etc/mail/authinfo"),
            option="DefaultAuthInfo",
        )

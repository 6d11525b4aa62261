"""MAP, CONF: what refuses users, before or after their login: the access map, rules of one's own, limits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network

from maildoctor.api import (
    AddLine,
    BuildMap,
    CommentOutRow,
    Evidence,
    Findings,
    Found,
    Severity,
    Step,
    Unknown,
    check,
    drop_macro,
    edit,
    found,
    known,
    rebuild,
    set_port,
)
from maildoctor.api.host import LoginHistory, Names, System, address_of, is_private
from maildoctor.api.sendmail import Line, MailMap, MailMaps, MapEntry, SendmailCf, SendmailMc

_ACCESS = "[map access] hash /etc/mail/access\n-rw------- root root /etc/mail/access\nentry: "
_TRUST = "C{TrustAuthMech}PLAIN"
_REFUSES = re.compile(r"REJECT|DISCARD|ERROR|[45]\d\d")


def _access(maps: MailMaps) -> tuple[MailMap, ...]:
    return tuple(m for m in maps.all if m.name == "access")


def _entries(maps: MailMaps) -> Iterator[tuple[MailMap, MapEntry]]:
    """Each entry of an access map, with its map."""
    return ((m, entry) for m in _access(maps) for entry in m.entries)


def _build(m: MailMap) -> list[Step]:
    return [BuildMap(m.type, m.path)]


def _unread(maps: MailMaps) -> Iterator[Unknown]:
    for m in _access(maps):
        if m.obstacle == "refused":
            yield Unknown(m.unread, "run as root")


_NETS = re.compile(r"(?i)(connect:)?((?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){0,3}|localhost)?")
"""Everybody, and the nets that a host's own users sit in."""
_WIDE = re.compile(r"(?i)connect:([1-9]|[1-9]\d|1\d\d|2[01]\d|22[0-3])")
"""A 256th of all addresses; those above 223 are no client's."""


@check(
    "MAP014",
    "access-map-refuses-clients",
    "error",
    rung="listener",
    role="cause",
    scope=("client",),
    fails=[
        {"maps": _ACCESS + "connect:\tREJECT", "cf": _TRUST},
        {"maps": _ACCESS + "connect:10\tERROR", "cf": _TRUST},
        {"maps": _ACCESS + "192.168.1\t550", "cf": _TRUST},
        {"maps": _ACCESS + "connect:203\tDISCARD", "cf": _TRUST},
    ],
    passes=[
        {"maps": _ACCESS + "connect:127\tRELAY", "cf": _TRUST},
        {"maps": _ACCESS + "connect:203.0.113.9\tREJECT", "cf": _TRUST},
        {"maps": _ACCESS + "connect:169.254\tREJECT\nentry: connect:224\tREJECT", "cf": _TRUST},
        {"maps": _ACCESS + "connect:10\tREJECT", "cf": ""},
        {"maps": "", "cf": _TRUST},
    ],
    refs=("sendmail: cf/README, anti-spam configuration control: Connect:; cf/m4/proto.m4, ruleset check_relay",),
)
def access_map_refuses_clients(maps: MailMaps, cf: SendmailCf) -> Findings:
    """The access map refuses clients by their address, and among them are whole nets in which users may sit.

    The ruleset check_relay judges a client before it can log in: with REJECT or ERROR every command is refused ("554
    … not accepting messages", "550 Access denied"), with DISCARD mail is taken and thrown away. With
    FEATURE(delay_checks) whoever has logged in is let through before.

    Advice: remove the entry from the access map, or write OK for the net of the users; rebuild the map.
    """
    yield from _unread(maps)
    if not cf.trusted_mechs or cf.delays_checks:
        return
    for m, entry in _entries(maps):
        net = _NETS.fullmatch(entry.key)
        wide = _WIDE.fullmatch(entry.key)
        if not _REFUSES.match(entry.shape) or not (net or wide) or not entry.key:
            continue
        where = entry.key.partition(":")[2] if ":" in entry.key else entry.key
        severity: Severity = "warning" if where.count(".") > 1 or (wide and not net) else "error"
        yield found(
            f"{entry.key} {entry.shape} in the access map refuses"
            f" {'clients of ' + where if where else 'every client'} before they can log in",
            evidence=[Evidence(m.path, f"{entry.key} {entry.shape}")],
            fix=[CommentOutRow(m.path, entry.key), *_build(m)],
            severity=severity,
            client=where or "all",
        )


_FEW = 2
"""Connections (in a minute, or at a time) that one mail program makes while it sends one message and its copy."""


_TURNED_AWAY = (
    "Nov 22 09:00:03 mail sm-mta[8]: ruleset=check_relay, arg1=pc.example.com, arg2={0}, relay=pc.example.com [{0}],"
    " reject=421 4.3.2 Connection rate limit exceeded."
)


@check(
    "MAP015",
    "access-map-limits-clients",
    "warning",
    rung="listener",
    role="cause",
    scope=("client",),
    fails=[
        {"maps": _ACCESS + "clientrate:\t1", "cf": "V10\nSRateControl\nR$*\t$: <A:$&{client_addr}> <E:> ClientRate"},
        {"maps": _ACCESS + "clientconn:10\t1", "cf": "V10\nSConnControl\nR$*\t$: <A:$&{client_addr}> <E:> ClientConn"},
        {"maps": _ACCESS + "greetpause:\t60000", "cf": "V10\nSgreet_pause\nR$*\t$: <$1>"},
        {
            "maps": _ACCESS + "clientrate:\t10",
            "cf": "V10\nSRateControl\nR$*\t$: <A:$&{client_addr}> <E:> ClientRate",
            "history": _TURNED_AWAY.format("10.7.7.9"),
        },
    ],
    passes=[
        {"maps": _ACCESS + "clientrate:\t0", "cf": "V10\nSRateControl\nR$*\t$: <A:$&{client_addr}> <E:> ClientRate"},
        {"maps": _ACCESS + "clientrate:\t20", "cf": "V10\nSRateControl\nR$*\t$: <A:$&{client_addr}> <E:> ClientRate"},
        {"maps": _ACCESS + "clientrate:\t1", "cf": ""},
        {
            "maps": _ACCESS + "clientrate:\t10\nentry: clientrate:10.7\t0",
            "cf": "V10\nSRateControl\nR$*\t$: <A:$&{client_addr}> <E:> ClientRate",
            "history": _TURNED_AWAY.format("10.7.7.9"),
        },
        {
            "maps": _ACCESS + "clientrate:\t10",
            "cf": "V10\nSRateControl\nR$*\t$: <A:$&{client_addr}> <E:> ClientRate",
            "history": _TURNED_AWAY.format("203.0.113.9"),
        },
        {"maps": _ACCESS + "greetpause:\t5000", "cf": "V10\nSgreet_pause\nR$*\t$: <$1>"},
    ],
    refs=("sendmail: cf/README, FEATURE(`ratecontrol'), FEATURE(`conncontrol'), FEATURE(`greet_pause')",),
)
def access_map_limits_clients(maps: MailMaps, cf: SendmailCf, history: LoginHistory | Unknown) -> Findings:
    """The access map lets a client make so few connections, or wait so long, that ordinary mail programs fail.

    Mail programs open several connections, and a household or an office shares one address: the next gets "452 4.3.2
    Connection rate limit exceeded" or "421 … Too many open connections". 0 means no limit.

    Advice: raise the number (ClientRate: is connections in a minute, ClientConn: connections at a time, GreetPause:
    milliseconds; 0 means none), or lift the limit for the clients that need it alone, and rebuild the map.
    """
    yield from _unread(maps)
    asked = {
        "clientrate": cf.has_rules("RateControl"),
        "clientconn": cf.has_rules("ConnControl"),
        "greetpause": cf.has_rules("greet_pause"),
    }
    past = known(history)
    for m in _access(maps):
        turned_away = _turned_away(m, past, asked) if past else {}
        for entry in m.entries:
            tag, _, client = entry.key.lower().partition(":")
            if not asked.get(tag) or not entry.shape.isdecimal():
                continue
            number = int(entry.shape)
            what = f"{number / 1000:g} s before the greeting" if tag == "greetpause" else f"{number} {_COUNTS[tag]}"
            whose = f"a client of {client}" if client else "each client"
            if (lines := turned_away.get(entry.key)) and past:
                yield found(
                    f"{entry.key} {number} in the access map: {whose} has {what}, and {', '.join(list(lines)[:3])}"
                    f" {'was' if len(lines) == 1 else 'were'} turned away for it before it could log in",
                    evidence=[
                        Evidence(m.path, f"{entry.key} {number}"),
                        *(e for line in list(lines.values())[:3] for e in past.evidence(line)),
                    ],
                    fix=[*_unlimited(m, entry, _TAGS[tag], list(lines)[:3]), *_build(m)],
                    severity="error",
                    client=client or next(iter(lines)),
                )
            elif not (client and not _NETS.fullmatch(client)) and (
                number >= _LONG if tag == "greetpause" else 0 < number <= _FEW
            ):
                yield found(
                    f"{entry.key} {number} in the access map: {whose} has {what}",
                    evidence=[Evidence(m.path, f"{entry.key} {number}")],
                    fix=[edit(m.path, "a larger number for {key}", key=entry.key), *_build(m)],
                    severity=None if tag == "greetpause" else "info",
                    client=client or "all",
                )


def _unlimited(m: MailMap, entry: MapEntry, tag: str, addresses: Sequence[str]) -> list[Step]:
    """An entry of its own for each address; where the limit is one of these itself, a second makemap would refuse."""
    if entry.key.partition(":")[2] in addresses:
        return [edit(m.path, "{key} 0 (no limit) or a much larger number", key=entry.key)]
    return [AddLine(m.path, f"{tag}:{'IPv6:' if ':' in a else ''}{a} 0") for a in addresses]


def _turned_away(m: MailMap, past: LoginHistory, asked: Mapping[str, bool]) -> dict[str, dict[str, str]]:
    """By key of the entry that limits it, each client of this host's users that was turned away, with the line."""
    keys = {e.key.lower(): e for e in m.entries if e.shape.isdecimal() and int(e.shape) > 0}
    exact = {e.key.lower() for e in m.entries}
    met: dict[str, dict[str, str]] = {}
    for address, line in past.limited.items():
        net = address_of(address)
        if net is None or not (address in past.clients or is_private(ip_network(address))):
            continue
        tag = "clientrate" if "rate limit" in line else "clientconn"
        # the longest key counts (cf/m4/proto.m4, SearchList): an address, its net by whole parts, then the default
        cut = ":" if ":" in address else "."
        parts = address.split(cut)
        ways = [f"{tag}:{cut.join(parts[:n])}" for n in range(len(parts), 0, -1)]
        entry = keys.get(next((k for k in (*ways, f"{tag}:") if k in exact), ""))
        if entry is not None and asked[tag]:
            met.setdefault(entry.key, {})[address] = line
    return met


_TAGS = {"clientrate": "ClientRate", "clientconn": "ClientConn", "greetpause": "GreetPause"}
_LONG = 30_000
_COUNTS = {"clientrate": "connections in a minute", "clientconn": "connections at a time"}


@check(
    "MAP016",
    "access-map-demands-tls",
    "error",
    rung="tls",
    role="cause",
    scope=("client",),
    fails=[
        {"maps": _ACCESS + "tls_clt:\tVERIFY", "cf": ""},
        {"maps": _ACCESS + "tls_clt:10\tPERM+VERIFY:256", "cf": ""},
        {"maps": _ACCESS + "tls_clt:\tENCR:512", "cf": ""},
    ],
    passes=[
        {"maps": _ACCESS + "tls_clt:\tENCR:112", "cf": ""},
        {"maps": _ACCESS + "tls_clt:relay.example.com\tVERIFY", "cf": ""},
        {"maps": _ACCESS + "tls_srv:hub.example.com\tVERIFY", "cf": ""},
    ],
    refs=("sendmail: cf/README, Relaying with STARTTLS: TLS_Clt; cf/m4/proto.m4, ruleset TLS_connection",),
)
def access_map_demands_tls(maps: MailMaps, cf: SendmailCf, history: LoginHistory | Unknown) -> Findings:
    """TLS_Clt in the access map demands more of clients than mail programs have.

    VERIFY wants a certificate of the client, which no ordinary mail program shows; more than 256 bits of encryption has
    no cipher. MAIL is answered with "403 4.7.0 authentication required" or "encryption too weak", after a login that
    went well.

    Advice: write ENCR:112 or less in place of it, or name only the servers that have certificates; rebuild the map.
    """
    yield from _unread(maps)
    for m, entry in _entries(maps):
        tag, _, client = entry.key.lower().partition(":")
        demand = re.fullmatch(r"(?:(?:PERM|TEMP)\+)?(VERIFY|ENCR)(?::(\d{1,6}))?.{0,200}", entry.shape.strip())
        if tag != "tls_clt" or demand is None or not (not client or _NETS.fullmatch(client)):
            continue
        bits = int(demand[2] or 0)
        if demand[1] == "VERIFY":
            what = "a certificate of the client that verifies"
        elif bits > _STRONGEST:
            what = f"{bits} bits of encryption, and no cipher has more than {_STRONGEST}"
        elif bits > _USUAL:
            what = f"{bits} bits of encryption, and many clients agree on {_USUAL}"
        else:
            continue
        past = known(history)
        met = past is not None and "ruleset=tls_client" in past.at_the_door
        yield found(
            f"{entry.key} {entry.shape} in the access map demands of"
            f" {'every client' if not client else 'clients of ' + client} {what}: MAIL is refused",
            evidence=[
                Evidence(m.path, f"{entry.key} {entry.shape}"),
                *(past.evidence(past.at_the_door) if past and met else ()),
            ],
            fix=[edit(m.path, "{key} ENCR:112, or remove the entry", key=entry.key), *_build(m)],
            severity="warning" if not met and (client or (demand[1] == "ENCR" and bits <= _STRONGEST)) else None,
            client="all" if met else client or "all",
        )


_USUAL, _STRONGEST = 128, 256


@check(
    "MAP017",
    "access-map-refuses-own-senders",
    "error",
    rung="policy",
    role="cause",
    scope=("client",),
    explains=("WIRE061", "WIRE062"),
    fails=[
        {"maps": _ACCESS + "from:example.com\tREJECT", "cf": _TRUST, "names": "hostname: mail.example.com"},
        {"maps": _ACCESS + "example.com\t550", "cf": _TRUST, "names": "hostname: mail.example.com"},
        {
            "maps": _ACCESS + "to:example.org\tREJECT",
            "cf": _TRUST + "\nCwexample.org",
            "names": "hostname: mail.example.com",
        },
    ],
    passes=[
        {"maps": _ACCESS + "from:example.net\tREJECT", "cf": _TRUST, "names": "hostname: mail.example.com"},
        {"maps": _ACCESS + "from:example.com\tOK", "cf": _TRUST, "names": "hostname: mail.example.com"},
    ],
    refs=("sendmail: cf/m4/proto.m4, ruleset check_mail; cf/README, From:, To:, FEATURE(`blocklist_recipients')",),
)
def access_map_refuses_own_senders(maps: MailMaps, cf: SendmailCf, names: Names | Unknown) -> Findings:
    """The access map refuses addresses of this host's own domains.

    Such an entry is meant against forged senders; check_mail does not ask who has logged in, so this host's own users
    are refused too ("550 5.7.1 … Access denied" to MAIL), after a login that went well.

    Advice: remove the entry; who has not logged in is kept from relaying anyway. Then rebuild the map.
    """
    yield from _unread(maps)
    name = known(names)
    full = name.canonical.lower() if name else ""
    own = {full, full.partition(".")[2], *(w.lower() for w in cf.class_("w"))} - {"", "localhost"}
    if not cf.trusted_mechs:
        return
    for m, entry in _entries(maps):
        tag, _, key = entry.key.lower().rpartition(":")
        domain = key.rpartition("@")[2]
        if tag not in ("", "from", "to", "spam") or domain not in own or not _REFUSES.match(entry.shape):
            continue
        whom = "mail to" if tag == "to" else "senders of"
        yield found(
            f"{entry.key} {entry.shape} in the access map refuses {whom} {key}, a domain of this host",
            evidence=[Evidence(m.path, f"{entry.key} {entry.shape}")],
            fix=[CommentOutRow(m.path, entry.key), *_build(m)],
            severity="warning" if "@" in key or tag in ("to", "spam") else None,
            client=key,
        )


_OWN = "V10\nSLocal_check_mail\nR$*\t$: $&{auth_authen} $| $1\nR$+@$+ $| $*\t$@ OK\n"
_NOT_OWNED = (
    "Nov 22 09:00:03 mail sm-mta[8]: AUTH=server, relay=pc.example.com [192.0.2.9], authid=bob, mech=PLAIN, bits=0\n"
    "Nov 22 09:00:03 mail sm-mta[8]: 6AM7x0000008: ruleset=check_mail, arg1=<bob@example.com>, relay=pc.example.com"
    " [192.0.2.9], reject=553 5.7.1 <bob@example.com>... bob: not owned by this login"
)
_LOCAL = ("Local_check_relay", "Local_check_mail", "Local_check_rcpt", "Local_tls_client", "Local_greet_pause")
_REFUSED = re.compile(r"R(?:\$\*|\$\+|\$@)\t+\$#[ ]?(error|discard)\b")
_REFUSES_SOME = re.compile(r"R[^\t]{0,500}\t+(?:\$[:@] ?)?\$#[ ]?error\b(?:[^:]{0,60}?\$: ?(?P<words>[^\t]{0,300}))?")
_NO_TRUST = re.compile(r"R\$\*\t+(?:\$@ ?)?NO\b")
_WHEN = {"Local_check_relay": "before they can log in", "Local_greet_pause": "before they can log in"}
_REJECT = re.compile(r"ruleset=(?P<set>[A-Za-z]\w{1,40}), .{0,600}?reject=(?P<reply>[45]\d\d .{0,300})")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHIPPED = _words(
    """
    A AddDomain BCC BadMX Basic_check_mail Basic_check_rcpt Basic_check_relay CanonAddr CanonLocal Canonify2
    CheckTo ConnControl D DANE_disabled Delay_TLS_Clt Delay_TLS_Clt2 DomainMapLookup E EnvFromL EnvFromSMTP
    EnvFromUD EnvFromUUD EnvToL EnvToSMTP EnvToU F FromU FullAddr HdrFromL HdrFromSMTP HdrToL HdrToU LDAPExpand
    LDAPMailertable Local_Relay_Auth Mail11From Mail11To MailerToTriple Mailertable MasqEnv MasqHdr MasqRelay
    MasqSMTP Parse0 Parse1 ParseBcc ParseLocal ParseRecipient PseudoToReal RateControl Rcpt_ok Recurse RelayTLS
    Relay_ok STS_Check STS_SAN STS_disabled STS_secure SearchList Set_SNI TLS_NameInList TLS_connection TLS_req
    U authinfo bcc canonify check_compat check_eoh check_mail check_other check_rcpt check_relay checkcompat
    checkmail checkrcpt checkrelay clt_features final greet_pause localaddr max parse queuegroup recipient
    sender srv_features tls_client tls_clt_feat_acc tls_clt_features tls_rcpt tls_server tls_srv_features
    trust_auth try_tls
    """
)
"""Rulesets of cf/m4, cf/feature and cf/mailer: what refuses there is sendmail's own."""


def _own_rules(cf: SendmailCf) -> Iterator[tuple[str, Line, str]]:
    """Rules of one's own that refuse, in which ruleset, and the words that they refuse with."""
    for name, rules in cf.rules.items():
        if name in _SHIPPED or name.isdecimal():
            continue
        for rule in rules:
            if m := _REFUSES_SOME.match(rule.text):
                yield name, rule, m["words"] or ""


def _says(words: str, reply: str) -> bool:
    """Whether a reply in the log may be what a rule refuses with: its words, in which macros stand for anything."""
    plain = re.sub(r"^[45]\d\d ?(?:[45]\.\d{1,3}\.\d{1,3} )?", "", words.strip().strip('"'))
    parts = [" ".join(p.split()) for p in re.split(r"\$(?:&?\{\w{1,40}\}|&?\w|[*+@])", plain)]
    parts = [p for p in parts if len(p) >= _TELLING]
    said, at = " ".join(reply.split()), 0
    for part in parts:
        at = said.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return bool(parts)


_TELLING = 4
"""Characters without which words say nothing."""


@check(
    "CONF025",
    "local-rules-refuse-everybody",
    "error",
    rung="policy",
    role="cause",
    explains=("no-answer", "refused-after-login", "WIRE061", "WIRE062"),
    fails=[
        {"cf": 'V10\nSLocal_check_mail\nR$*\t\t$#error $@ 5.7.1 $: "550 closed"\nC{TrustAuthMech}PLAIN'},
        {"cf": "V10\nSLocal_Relay_Auth\nR$*\t\t$@ NO\nC{TrustAuthMech}PLAIN"},
        {
            "cf": _OWN + 'R$* $| $*\t$#error $@ 5.7.1 $: "553 $1: not owned by this login"\nC{TrustAuthMech}PLAIN',
            "history": _NOT_OWNED,
        },
        {"cf": _OWN + 'R$* $| $*\t$#error $@ 5.7.1 $: "553 not owned by this login"\nC{TrustAuthMech}PLAIN'},
        {
            "cf": "V10\nScheck_data\nR$+\t$: $>Own_policy\nSOwn_policy\nR$* $| $*\t$#error $: 553 not owned by $&u\n"
            "C{TrustAuthMech}PLAIN",
            "history": _NOT_OWNED,
        },
    ],
    passes=[
        {"cf": "V10\nSLocal_check_mail\nR$* spam\t\t$@ OK\nC{TrustAuthMech}PLAIN"},
        {"cf": "V10\nSLocal_check_mail\nSLocal_Relay_Auth"},
        {
            "cf": "V10\nSBasic_check_mail\nR$+\t$#error $@ 5.7.1 $: 553 not owned by this login\nC{TrustAuthMech}PLAIN",
            "history": _NOT_OWNED,
        },
    ],
    refs=(
        "sendmail: cf/README, LOCAL_RULESETS; cf/m4/proto.m4: Local_check_mail, Local_Relay_Auth",
        "sendmail: sendmail/envelope.c and srvrsmtp.c, rscheck(): `ruleset=…, reject=…`",
    ),
)
def local_rules_refuse_everybody(cf: SendmailCf, history: LoginHistory | Unknown) -> Findings:
    """A rule set of one's own (LOCAL_RULESETS) refuses users who have logged in.

    Local_check_relay is asked when a client connects, Local_check_mail at MAIL, Local_check_rcpt at RCPT, each before
    sendmail's own rules; Local_Relay_Auth decides whether a login lets its user relay. Rules that want the sender to
    belong to the login often expect user@domain in $&{auth_authen}, where users log in by a bare name.

    Advice: let the rules leave alone whoever has logged in (test $&{auth_type}), or remove them from sendmail.mc;
    rebuild sendmail.cf and restart.
    """
    done = set[str]()
    for name in _LOCAL:
        first = cf.rules.get(name, ())[:1]
        if first and _REFUSED.match(first[0].text):
            done.add(name)
            yield found(
                f"The ruleset {name} refuses every client"
                f"{' ' + _WHEN[name] if name in _WHEN else ', also those that have logged in'}: {first[0].text[:100]}",
                evidence=[Evidence(f"{cf.path}:{first[0].number}", first[0].text[:200])],
                fix=rebuild(cf.path, "change or remove the rules of {name} (LOCAL_RULESETS)", name=name),
                ruleset=name,
            )
    yield from _refused_by_own(cf, known(history), done)
    for line in cf.rules.get("Local_Relay_Auth", ())[:1]:
        if _NO_TRUST.match(line.text) and cf.trusted_mechs:
            yield found(
                "The ruleset Local_Relay_Auth says NO to every mechanism: whoever logs in may not relay all the same",
                evidence=[Evidence(f"{cf.path}:{line.number}", line.text[:200])],
                fix=rebuild(cf.path, "change or remove the rules of Local_Relay_Auth (LOCAL_RULESETS)"),
                ruleset="Local_Relay_Auth",
            )


def _refused_by_own(cf: SendmailCf, past: LoginHistory | None, done: set[str]) -> Iterator[Found]:
    """Rules of one's own that refuse on some condition: a fault where the log shows a user whom one turned away after
    login, else a note."""
    if not cf.trusted_mechs:
        return
    m = _REJECT.search(past.refused) if past else None
    for name, rule, words in _own_rules(cf):
        if name in done:
            continue
        seen = m is not None and _says(words, m["reply"])
        if not seen and (not name.startswith("Local_check_") or cf.delays_checks):
            continue
        done.add(name)
        if m is not None and past is not None and seen:
            yield found(
                f"The ruleset {name}, one of this host's own, refuses users who have logged in: {m['reply'][:120]}",
                evidence=[
                    Evidence(f"{cf.path}:{rule.number}", f"S{name} … {rule.text[:200]}"),
                    *past.evidence(past.refused),
                ],
                fix=rebuild(
                    cf.path,
                    "correct or remove the rules of {name} (LOCAL_RULESETS); to leave alone whoever has logged in,"
                    " test the macro auth_type first",
                    name=name,
                ),
                ruleset=name,
            )
        else:
            yield found(
                f"The ruleset {name}, one of this host's own, refuses some clients, and is asked for users who have"
                f" logged in too: {rule.text[:100]}",
                evidence=[Evidence(f"{cf.path}:{rule.number}", rule.text[:200])],
                severity="info",
                ruleset=name,
            )


@check(
    "CONF026",
    "submission-without-login",
    "info",
    rung="none",
    role="note",
    scope=("listener",),
    fails=[{"cf": _TRUST + "\nO DaemonPortOptions=Name=MSA, Port=587, M=E"}],
    passes=[
        {"cf": _TRUST + "\nO DaemonPortOptions=Name=MSA, Port=587, M=Ea"},
        {"cf": _TRUST + "\nO DaemonPortOptions=Name=MSA, Port=587, Addr=127.0.0.1"},
        {"cf": _TRUST + "\nO DaemonPortOptions=Name=MTA, Port=25"},
    ],
    refs=("RFC 6409 section 4.3", "sendmail: doc/op, DaemonPortOptions: M=a"),
)
def submission_without_login(cf: SendmailCf) -> Findings:
    """The port for submission does not demand a login (no M=a): anybody can hand in mail for users of this host there.

    It relays for nobody without a login all the same; but a client that is not set up to log in seems to work until it
    writes to somebody elsewhere ("Relaying denied").

    Advice: add `a` to the M= of its DAEMON_OPTIONS in sendmail.mc (M=Ea), rebuild sendmail.cf and restart.
    """
    for daemon in cf.daemons:
        local = (daemon.address or "").startswith("127.") or daemon.address in ("::1", "localhost")
        if daemon.port in (587, 465) and cf.trusted_mechs and not local and not daemon.modifiers & {"a", "A"}:
            yield found(
                f"Port {daemon.port} ({daemon.name}) takes mail without a login (DaemonPortOptions without M=a)",
                evidence=[
                    Evidence(
                        f"{cf.path}:{daemon.line or 0}", f"DaemonPortOptions Name={daemon.name}, Port={daemon.service}"
                    )
                ],
                fix=set_port(cf.path, "M", (daemon.letters or "E") + "a", daemon),
                port=str(daemon.port),
            )


_SPOOFABLE = {
    "relay_local_from": "whoever writes a sender of this host's domains may relay, without a login",
    "relay_mail_from": "whoever writes a sender that the access map lets relay may do so, without a login",
    "relay_based_on_MX": "anybody who points an MX record at this host may relay through it",
    "loose_relay_check": "addresses of the form user%domain@this-host are relayed",
}


@check(
    "CONF027",
    "relay-by-sender",
    "warning",
    rung="none",
    role="risk",
    fails=[{"mc": "FEATURE(`relay_local_from')dnl", "cf": _TRUST}],
    passes=[{"mc": "FEATURE(`relay_entire_domain')dnl\ndnl FEATURE(`relay_local_from')", "cf": _TRUST}],
    refs=('sendmail: cf/README, relay_local_from: "should only be used if absolutely necessary"',),
)
def relay_by_sender(mc: SendmailMc, cf: SendmailCf) -> Findings:
    """Relaying is allowed by something that a stranger can write: the sender's address, or an MX record.

    Spammers find such a host within days, and mail of its real users is then refused elsewhere. Logins need none of it.

    Advice: remove the feature from sendmail.mc, let users log in (port 587), rebuild sendmail.cf and restart.
    """
    for name, what in _SPOOFABLE.items():
        if place := mc.features.get(name):
            yield found(
                f"FEATURE({name}): {what}",
                evidence=[Evidence(place, f"FEATURE(`{name}')")],
                fix=drop_macro(cf.path, "FEATURE", name),
                feature=name,
            )


_VIRTUAL = "[map virtuser] hash /etc/mail/virtusertable\n"
_CATCH_ALL = "entry: @example.com\terror:nouser 550\n"


@check(
    "MAP026",
    "virtusertable-refuses-accounts",
    "error",
    rung="hand-over",
    role="cause",
    explains=("refused-after-login", "WIRE061", "WIRE062"),
    fails=[
        {
            "maps": _VIRTUAL + _CATCH_ALL + "entry: info@example.com\taddress",
            "cf": "Cwexample.com",
            "system": "people: ann bob",
        },
        {"maps": _VIRTUAL + "entry: bob@example.com\terror:nouser 550", "cf": "", "system": "people: bob"},
    ],
    passes=[
        {
            "maps": _VIRTUAL + _CATCH_ALL + "entry: bob@example.com\taddress",
            "cf": "Cwexample.com",
            "system": "people: bob",
        },
        {"maps": _VIRTUAL + "entry: @example.com\taddress", "cf": "Cwexample.com", "system": "people: bob"},
        {"maps": _VIRTUAL + _CATCH_ALL, "cf": "Cwexample.com", "system": "people:"},
    ],
    refs=(
        "sendmail: cf/README, FEATURE(`virtusertable'): a key of @domain is for all users of it that no other names",
        "sendmail: cf/m4/proto.m4, the virtual user table is asked before local users are",
    ),
)
def virtusertable_refuses_accounts(maps: MailMaps, cf: SendmailCf, system: System) -> Findings:
    """The virtusertable refuses mail for accounts that this host has: "550 5.1.1 User unknown".

    It is asked before the accounts are. A line `@domain error:nouser …` against guesses refuses everybody of the
    domain who has no line of his own, whether there is such an account or not.

    Advice: add a line for each account (user@domain user) or take the line of the whole domain out, then rebuild the
    map. To refuse unknown users no such line is needed: sendmail does so by itself.
    """
    yield from _unread(maps)
    for m in (m for m in maps.all if m.name in ("virtuser", "virtusertable")):
        by_key = {e.key.lower(): e for e in m.entries}
        for key, entry in by_key.items():
            user, _, domain = key.rpartition("@")
            if not entry.shape.lower().startswith("error:"):
                continue
            spared = {k.partition("@")[0].partition("+")[0] for k in by_key if k.endswith(f"@{domain}") and k[0] != "@"}
            hit = [user] if user else sorted(system.people - spared)
            if not hit or (user and user not in system.people):
                continue
            names = ", ".join(hit[:4]) + (", …" if len(hit) > 4 else "")
            yield found(
                f"The virtusertable refuses mail for {names} of this host: {entry.key} {entry.shape}",
                evidence=[
                    Evidence(m.path, f"{entry.key} {entry.shape}"),
                    *(Evidence("/etc/passwd", name) for name in hit[:4]),
                ],
                fix=[
                    edit(m.path, "{key} {user}", key=f"{hit[0]}@{domain}", user=hit[0])
                    if not user
                    else edit(m.path, "take the entry {key} out", key=entry.key),
                    *_build(m),
                ],
                severity="warning" if user else None,
                key=entry.key[:80],
            )


@check(
    "MAP018",
    "access-map-relays-for-many",
    "warning",
    rung="policy",
    role="risk",
    scope=("client",),
    fails=[{"maps": _ACCESS + "connect:10\tRELAY", "cf": ""}, {"maps": _ACCESS + "203.0\tRELAY", "cf": ""}],
    passes=[
        {"maps": _ACCESS + "connect:127.0.0.1\tRELAY", "cf": ""},
        {"maps": _ACCESS + "connect:127\tRELAY", "cf": ""},
        {"maps": _ACCESS + "192.168.7\tRELAY", "cf": ""},
        {"maps": _ACCESS + "to:example.com\tRELAY", "cf": ""},
    ],
    refs=("sendmail: cf/README, ANTI-SPAM CONFIGURATION CONTROL: a number alone is a network of the first octets",),
)
def access_map_relays_for_many(maps: MailMaps, cf: SendmailCf) -> Findings:
    """The access map lets a whole network of 65,000 or more addresses relay without a login.

    Whoever gets an address there, a guest or a machine that was broken into, sends through this server in its name.

    Advice: let users log in, and name single hosts or small networks that cannot; rebuild the map.
    """
    yield from _unread(maps)
    for m, entry in _entries(maps):
        client = re.sub(r"^connect:", "", entry.key.lower())
        if entry.shape.strip().upper() == "RELAY" and _MANY_ADDRESSES.fullmatch(client):
            yield found(
                f"{entry.key} RELAY in the access map: {client}.* may relay without a login",
                evidence=[Evidence(m.path, f"{entry.key} {entry.shape}")],
                fix=[CommentOutRow(m.path, entry.key), *_build(m)],
                client=client,
            )


_MANY_ADDRESSES = re.compile(r"(?!127\b)\d{1,3}(?:\.\d{1,3})?\.?")

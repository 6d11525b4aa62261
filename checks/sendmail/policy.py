"""MAP, CONF: what refuses users, before or after their login: the access map, rules of one's own, limits."""

import re
from collections.abc import Iterator

from maildoctor.api import BuildMap, Evidence, Findings, Severity, Step, Unknown, check, edit, found, known, rebuild
from maildoctor.api.host import Names
from maildoctor.api.sendmail import MailMap, MailMaps, SendmailCf, SendmailMc

_ACCESS = "[map access] hash /etc/mail/access\n-rw------- root root /etc/mail/access\nentry: "
_TRUST = "C{TrustAuthMech}PLAIN"
_REFUSES = re.compile(r"REJECT|DISCARD|ERROR|[45]\d\d")


def _access(maps: MailMaps) -> tuple[MailMap, ...]:
    return tuple(m for m in maps.all if m.name == "access")


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
    for m in _access(maps):
        for entry in m.entries:
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
                fix=[edit(m.path, "remove the entry {key}", key=entry.key), *_build(m)],
                severity=severity,
                client=where or "all",
            )


_FEW = 2
"""Connections (in a minute, or at a time) that one mail program makes while it sends one message and its copy."""


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
    ],
    passes=[
        {"maps": _ACCESS + "clientrate:\t0", "cf": "V10\nSRateControl\nR$*\t$: <A:$&{client_addr}> <E:> ClientRate"},
        {"maps": _ACCESS + "clientrate:\t20", "cf": "V10\nSRateControl\nR$*\t$: <A:$&{client_addr}> <E:> ClientRate"},
        {"maps": _ACCESS + "clientrate:\t1", "cf": ""},
        {"maps": _ACCESS + "greetpause:\t5000", "cf": "V10\nSgreet_pause\nR$*\t$: <$1>"},
    ],
    refs=("sendmail: cf/README, FEATURE(`ratecontrol'), FEATURE(`conncontrol'), FEATURE(`greet_pause')",),
)
def access_map_limits_clients(maps: MailMaps, cf: SendmailCf) -> Findings:
    """The access map lets a client make so few connections, or wait so long, that ordinary mail programs fail.

    Mail programs open several connections, and a household or an office shares one address: the next gets "452 4.3.2
    Connection rate limit exceeded" or "421 … Too many open connections". 0 means no limit.

    Advice: raise the number (ClientRate: is connections in a minute, ClientConn: connections at a time, GreetPause:
    milliseconds), rebuild the map.
    """
    yield from _unread(maps)
    asked = {
        "clientrate": cf.has_rules("RateControl"),
        "clientconn": cf.has_rules("ConnControl"),
        "greetpause": cf.has_rules("greet_pause"),
    }
    for m in _access(maps):
        for entry in m.entries:
            tag, _, client = entry.key.lower().partition(":")
            if not asked.get(tag) or not entry.shape.isdecimal() or not (not client or _NETS.fullmatch(client)):
                continue
            number = int(entry.shape)
            if not (number >= _LONG if tag == "greetpause" else 0 < number <= _FEW):
                continue
            what = f"{number / 1000:g} s before the greeting" if tag == "greetpause" else f"{number} {_COUNTS[tag]}"
            yield found(
                f"{entry.key} {number} in the access map: {'a client of ' + client if client else 'each client'}"
                f" has {what}",
                evidence=[Evidence(m.path, f"{entry.key} {number}")],
                fix=[edit(m.path, "a larger number for {key}", key=entry.key), *_build(m)],
                client=client or "all",
            )


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
def access_map_demands_tls(maps: MailMaps, cf: SendmailCf) -> Findings:
    """TLS_Clt in the access map demands more of clients than mail programs have.

    VERIFY wants a certificate of the client, which no ordinary mail program shows; more than 256 bits of encryption has
    no cipher. MAIL is answered with "403 4.7.0 authentication required" or "encryption too weak", after a login that
    went well.

    Advice: write ENCR:112 or less in place of it, or name only the servers that have certificates; rebuild the map.
    """
    yield from _unread(maps)
    for m in _access(maps):
        for entry in m.entries:
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
            yield found(
                f"{entry.key} {entry.shape} in the access map demands of"
                f" {'every client' if not client else 'clients of ' + client} {what}: MAIL is refused",
                evidence=[Evidence(m.path, f"{entry.key} {entry.shape}")],
                fix=[edit(m.path, "{key} ENCR:112, or remove the entry", key=entry.key), *_build(m)],
                severity="warning" if client or (demand[1] == "ENCR" and bits <= _STRONGEST) else None,
                client=client or "all",
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
    for m in _access(maps):
        for entry in m.entries:
            tag, _, key = entry.key.lower().rpartition(":")
            domain = key.rpartition("@")[2]
            if tag not in ("", "from", "to", "spam") or domain not in own or not _REFUSES.match(entry.shape):
                continue
            whom = "mail to" if tag == "to" else "senders of"
            yield found(
                f"{entry.key} {entry.shape} in the access map refuses {whom} {key}, a domain of this host",
                evidence=[Evidence(m.path, f"{entry.key} {entry.shape}")],
                fix=[edit(m.path, "remove the entry {key}", key=entry.key), *_build(m)],
                severity="warning" if "@" in key or tag in ("to", "spam") else None,
                client=key,
            )


_LOCAL = ("Local_check_relay", "Local_check_mail", "Local_check_rcpt", "Local_tls_client", "Local_greet_pause")
_REFUSED = re.compile(r"R(?:\$\*|\$\+|\$@)\t+\$#[ ]?(error|discard)\b")
_NO_TRUST = re.compile(r"R\$\*\t+(?:\$@ ?)?NO\b")
_LEAVES = re.compile(r"\$[@#]")
_WHEN = {"Local_check_relay": "before they can log in", "Local_greet_pause": "before they can log in"}


@check(
    "CONF025",
    "local-rules-refuse-everybody",
    "error",
    rung="policy",
    role="cause",
    explains=("no-answer", "WIRE061", "WIRE062"),
    fails=[
        {"cf": 'V10\nSLocal_check_mail\nR$*\t\t$#error $@ 5.7.1 $: "550 closed"\nC{TrustAuthMech}PLAIN'},
        {"cf": "V10\nSLocal_Relay_Auth\nR$*\t\t$@ NO\nC{TrustAuthMech}PLAIN"},
    ],
    passes=[
        {"cf": 'V10\nSLocal_check_mail\nR$* spam\t\t$#error $@ 5.7.1 $: "550 closed"'},
        {"cf": 'V10\nSLocal_check_mail\nR$={Good}\t\t$@ OK\nR$*\t\t$#error $@ 5.7.1 $: "550 closed"'},
        {"cf": 'V10\nSLocal_check_mail\nR$*\t\t$: $&{auth_type}\nR$*\t\t$#error $: "550"\nR$+\t\t$: $1'},
        {"cf": "V10\nSLocal_check_mail\nSLocal_Relay_Auth"},
    ],
    refs=("sendmail: cf/README, LOCAL_RULESETS; cf/m4/proto.m4: Local_check_mail, Local_Relay_Auth",),
)
def local_rules_refuse_everybody(cf: SendmailCf) -> Findings:
    """A rule set of one's own (LOCAL_RULESETS) refuses everybody, users who have logged in too.

    Local_check_relay is asked when a client connects, Local_check_mail at MAIL, Local_check_rcpt at RCPT, each before
    sendmail's own rules; Local_Relay_Auth decides whether a login lets its user relay.

    Advice: let the rules leave alone whoever has logged in (test $&{auth_type}), or remove them from sendmail.mc;
    rebuild sendmail.cf and restart.
    """
    for name in _LOCAL:
        first = cf.rules.get(name, ())[:1]
        if first and _REFUSED.match(first[0].text):
            yield found(
                f"The ruleset {name} refuses every client"
                f"{' ' + _WHEN[name] if name in _WHEN else ', also those that have logged in'}: {first[0].text[:100]}",
                evidence=[Evidence(f"{cf.path}:{first[0].number}", first[0].text[:200])],
                fix=rebuild(cf.path, "change or remove the rules of {name} (LOCAL_RULESETS)", name=name),
                ruleset=name,
            )
    for line in cf.rules.get("Local_Relay_Auth", ())[:1]:
        if _NO_TRUST.match(line.text) and cf.trusted_mechs:
            yield found(
                "The ruleset Local_Relay_Auth says NO to every mechanism: whoever logs in may not relay all the same",
                evidence=[Evidence(f"{cf.path}:{line.number}", line.text[:200])],
                fix=rebuild(cf.path, "change or remove the rules of Local_Relay_Auth (LOCAL_RULESETS)"),
                ruleset="Local_Relay_Auth",
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
                fix=rebuild(
                    cf.path,
                    "DAEMON_OPTIONS(`Port={port}, Name={name}, M=Ea')dnl",
                    port=daemon.service,
                    name=daemon.name,
                ),
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
                fix=rebuild(cf.path, "remove FEATURE(`{name}')", name=name),
                feature=name,
            )

"""RUN: whether clients of other machines reach a port for submission, and are greeted there in time."""

import re
from collections.abc import Iterator

from maildoctor.api import (
    Evidence,
    Findings,
    Severity,
    Unknown,
    add_macro,
    by_hand,
    check,
    found,
    inspect,
    known,
    rebuild,
    restart,
    set_feature,
    set_macro,
    set_port,
)
from maildoctor.api.host import Firewall, Greeting, Listeners, LoginHistory, PortNames, Resolver
from maildoctor.api.sendmail import SendmailCf

_SUBMISSION = (587, 465)
_TRUST = "C{TrustAuthMech}PLAIN\n"
_MTA = "O DaemonPortOptions=Name=MTA, Port=25\n"
_MSA = "O DaemonPortOptions=Name=MSA, Port=587, M=Ea\n"


def _local(address: str | None) -> bool:
    return (address or "").startswith("127.") or address in ("::1", "localhost", "IPv6:::1")


def _public(cf: SendmailCf) -> frozenset[int]:
    """Ports that sendmail.cf opens to other machines."""
    return frozenset(d.port for d in cf.daemons if d.port is not None and not _local(d.address))


@check(
    "RUN013",
    "no-submission-port",
    "warning",
    rung="listener",
    role="cause",
    explains=("no-answer",),
    fails=[{"cf": _TRUST + _MTA, "listeners": "0.0.0.0 25 40 sendmail-mta"}],
    passes=[
        {"cf": _TRUST + _MTA + _MSA, "listeners": "0.0.0.0 25 40 sendmail-mta"},
        {"cf": _TRUST + _MTA, "listeners": "0.0.0.0 25 40 sendmail-mta\n0.0.0.0 587 77 master"},
        {"cf": _MTA, "listeners": ""},
    ],
    refs=(
        "RFC 6409 section 3.1: mail clients hand in on port 587; RFC 8314 section 3.3: 465",
        "sendmail: cf/README, FEATURE(`no_default_msa')",
    ),
)
def no_submission_port(cf: SendmailCf, listeners: Listeners | Unknown) -> Findings:
    """Sendmail is set up for logins, and no port for submission is open: neither 587 nor 465.

    Mail programs are set up for 587 or 465, and most providers let their customers reach port 25 of no other server
    than their own: "connection refused", "could not connect to server".

    Advice: add DAEMON_OPTIONS(`Port=submission, Name=MSA, M=Ea')dnl to sendmail.mc, rebuild sendmail.cf and restart.
    """
    ports = {d.port for d in cf.daemons}
    others = [] if isinstance(listeners, Unknown) else [x for port in _SUBMISSION for x in listeners.on(port)]
    if not cf.trusted_mechs or ports & set(_SUBMISSION) or others:
        return
    # without PLAIN and LOGIN it is other servers that log in, and they use port 25
    people = not _PASSWORD.isdisjoint((*cf.auth_mechanisms, *cf.trusted_mechs))
    yield found(
        "Neither port 587 nor port 465 is open: mail programs have no port to log in at",
        evidence=[
            *(
                Evidence(f"{cf.path}:{d.line}", f"DaemonPortOptions Name={d.name}, Port={d.service or 'smtp'}")
                for d in cf.daemons
                if d.line
            ),
            Evidence(cf.path, "no O DaemonPortOptions with Port=submission (587) or 465"),
        ],
        fix=add_macro(cf.path, "DAEMON_OPTIONS(`Port=submission, Name=MSA, M=Ea')dnl"),
        severity=None if people else "info",
        option="DaemonPortOptions",
    )


_PASSWORD = frozenset({"PLAIN", "LOGIN"})


@check(
    "RUN014",
    "submission-for-itself-only",
    "warning",
    rung="listener",
    role="cause",
    explains=("no-answer",),
    fails=[
        {"cf": _TRUST + _MTA + "O DaemonPortOptions=Name=MSA, Port=587, Addr=127.0.0.1, M=Ea"},
        {"cf": _TRUST + _MTA + _MSA, "listeners": "0.0.0.0 25 40 sendmail-mta\n127.0.0.1 587 40 sendmail-mta"},
    ],
    passes=[
        {"cf": _TRUST + _MTA + _MSA, "listeners": "0.0.0.0 25 40 sendmail-mta\n0.0.0.0 587 40 sendmail-mta"},
        {"cf": _MTA + "O DaemonPortOptions=Name=MSA, Port=587, Addr=127.0.0.1, M=Ea"},
        {"cf": _TRUST + _MTA.replace("25", "25, Addr=127.0.0.1") + _MSA.replace("587", "587, Addr=127.0.0.1")},
    ],
    refs=("sendmail: doc/op, DaemonPortOptions: Addr", "the sendmail.mc that Debian and Red Hat ship"),
)
def submission_for_itself_only(cf: SendmailCf, listeners: Listeners | Unknown) -> Findings:
    """The ports for submission are bound to the loopback address, so no mail program of another machine reaches them.

    Distributions ship it so. Port 25 is open, which looks as if all was well.

    Advice: remove Addr=127.0.0.1 from the DAEMON_OPTIONS of the submission port in sendmail.mc, rebuild sendmail.cf and
    restart.
    """
    daemons = [d for d in cf.daemons if d.port in _SUBMISSION]
    if not cf.trusted_mechs or not daemons or all(_local(d.address) for d in cf.daemons):
        return
    if all(_local(d.address) for d in daemons):
        yield found(
            f"Port {', '.join(str(d.port) for d in daemons)} is bound to the loopback address: no mail program of"
            " another machine can hand in mail there",
            evidence=[
                Evidence(f"{cf.path}:{d.line}", f"DaemonPortOptions Name={d.name}, Port={d.service}, Addr={d.address}")
                for d in daemons
            ],
            fix=set_port(cf.path, "Addr", "", *daemons),
            severity="error",
            option="DaemonPortOptions",
        )
        return
    if isinstance(listeners, Unknown):
        return
    for daemon in daemons:
        sockets = listeners.on(daemon.port or 0)
        if sockets and all(x.local_only for x in sockets) and not _local(daemon.address):
            yield found(
                f"Port {daemon.port} is bound to the loopback address, though {cf.path} opens it to all: sendmail runs"
                " with an older configuration, or with options of its command line",
                evidence=[
                    *(x.evidence for x in sockets),
                    Evidence(f"{cf.path}:{daemon.line or 0}", f"Port={daemon.service}"),
                ],
                fix=[restart()],
                severity="error",
                option="DaemonPortOptions",
            )


_DROP = (
    "table inet filter {\n chain input {\n type filter hook input priority 0; policy drop;\n tcp dport {} accept\n }\n}"
)


@check(
    "RUN015",
    "shut-by-packet-filter",
    "error",
    rung="listener",
    role="cause",
    scope=("listener",),
    explains=("no-answer",),
    fails=[
        {"cf": _MTA + _MSA, "firewall": _DROP.replace("{}", "{ 22, 25 }", 1)},
        {
            "cf": _MTA + _MSA,
            "firewall": "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 587 -j REJECT\nCOMMIT",
        },
    ],
    passes=[
        {"cf": _MTA + _MSA, "firewall": _DROP.replace("{}", "{ 25, 587 }", 1)},
        {"cf": _MTA + _MSA, "firewall": "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 192.0.2.0/24 -j ACCEPT\nCOMMIT"},
        {"cf": _MTA, "firewall": ""},
    ],
    refs=("nft(8); iptables(8)",),
)
def shut_by_packet_filter(cf: SendmailCf, firewall: Firewall) -> Findings:
    """The packet filter of this host keeps clients from a port for submission.

    From this host itself all looks well, as rules let its own connections pass; mail programs wait until they give up
    (DROP), or see "connection refused" (REJECT).

    Advice: let the port in (nft add rule … tcp dport 587 accept; ufw allow submission; firewall-cmd
    --add-service=smtp-submission), and in the file that the rules are loaded from too.
    """
    public = _public(cf)
    wanted = sorted(public & set(_SUBMISSION)) or sorted(public & {25})
    rulings = {port: firewall.ruling(port) for port in wanted}
    shut = {port: r for port, r in rulings.items() if r.fate in ("dropped", "rejected")}
    for port, ruling in shut.items():
        yield found(
            f"The packet filter keeps clients from port {port}: they are {ruling.fate} ({ruling.rule[:120]})",
            evidence=[firewall.evidence(ruling)],
            fix=[
                inspect("nft list ruleset" if "nft" in firewall.source else "iptables-save -t filter"),
                by_hand(
                    "let TCP port {port} in, in the rules and in the file that they are loaded from", port=str(port)
                ),
            ],
            severity="error" if len(shut) == len(wanted) else "warning",
            port=str(port),
        )


_SLOW, _WAITS = 3.0, 5.0
"""Seconds: a greeting that takes longer is one that something was waited for; many clients give up after that."""


@check(
    "RUN016",
    "greets-late",
    "error",
    rung="listener",
    role="symptom",
    explains=("WIRE001",),
    shows=("no-answer",),
    fails=[
        {"greeting": "587 7.001 -", "cf": _MTA + _MSA, "resolver": "nameserver 192.0.2.53"},
        {"greeting": "587 4.004 220 mail.example.com ESMTP", "cf": _MTA + _MSA},
    ],
    passes=[
        {"greeting": "587 0.011 220 mail.example.com ESMTP", "cf": _MTA + _MSA},
        {"greeting": "587 5.010 220 mail.example.com ESMTP", "cf": "V10\nSgreet_pause\nR<?> <$*>\t\t$# 5000"},
    ],
    refs=(
        "sendmail: sendmail/daemon.c, getrequests(): the client's name is looked up before smtp() greets it",
        "resolv.conf(5): timeout",
    ),
)
def greets_late(greeting: Greeting, cf: SendmailCf, resolver: Resolver | Unknown) -> Findings:
    """A client whose name is not in /etc/hosts waits long for the greeting.

    Sendmail looks up each client's name, and asks its block lists, before it says a word; where a name server does not
    answer, that takes as long as the resolver is patient. Mail programs show "timed out" or "server does not respond".

    Advice: see that every nameserver of /etc/resolv.conf answers (dig @ADDRESS example.org), and remove block lists
    that do not exist any more.
    """
    pause = cf.greet_pause[0] / 1000 if cf.greet_pause else 0.0
    if cf.has_rules("greet_pause", "local_greet_pause") and not cf.greet_pause:
        return
    if not greeting.port or greeting.seconds - pause < _SLOW:
        return
    servers = known(resolver)
    asked = f"; name servers: {', '.join(servers.servers)}" if servers and servers.servers else ""
    lists = f"; block lists: {', '.join(b.zone for b in cf.block_lists[:4])}" if cf.block_lists else ""
    yield found(
        f"A client that /etc/hosts does not know waits {'more than ' if not greeting.banner else ''}"
        f"{greeting.seconds:.0f} s for the greeting on port {greeting.port}: a name server does not answer"
        + (", or a block list" if lists else "")
        + asked
        + lists,
        evidence=[
            greeting.evidence,
            *(Evidence("/etc/resolv.conf", f"nameserver {s}") for s in (servers.servers if servers else ())),
        ],
        fix=[inspect("cat /etc/resolv.conf; time getent hosts 192.0.2.1")],
        severity="error" if greeting.seconds - pause >= _WAITS else "warning",
        subject="greeting",
    )


_ASKS = (
    "V10\nSBasic_check_relay\nR$-.$-.$-.$-\t\t$: <?> $(dnsbl $4.$3.$2.$1.{}. $: OK $)\nR<?>OK\t\t$: OKSOFAR\n"
    'R<?>$+\t\t$#error $@ 5.7.1 $: "550"\n'
)


@check(
    "RUN017",
    "block-list-before-login",
    "warning",
    rung="listener",
    role="cause",
    fails=[{"cf": _TRUST + _MSA + _ASKS.format("zen.spamhaus.org")}],
    passes=[
        {"cf": _TRUST + _MSA + _ASKS.format("zen.spamhaus.org") + "Scheckrelay\nR$*\t$@ OK\n"},
        {"cf": _MSA + _ASKS.format("zen.spamhaus.org")},
        {"cf": _TRUST + _MSA},
    ],
    refs=("sendmail: cf/README, FEATURE(`dnsbl'), FEATURE(`delay_checks')",),
)
def block_list_before_login(cf: SendmailCf, history: LoginHistory | Unknown) -> Findings:
    """Block lists are asked before a client can log in, and without FEATURE(delay_checks) their word is final.

    Such lists hold the addresses that providers give to homes and telephones. A user who is there gets "550 Rejected"
    or "554 … not accepting messages" to every command, whatever the password.

    Advice: add FEATURE(`delay_checks')dnl to sendmail.mc: whoever has logged in is then let through before the lists
    are asked; rebuild sendmail.cf and restart.
    """
    lists = cf.block_lists
    past = history if isinstance(history, LoginHistory) else None
    met = past is not None and bool(past.at_the_door) and not past.succeeded
    if cf.trusted_mechs and lists and not cf.delays_checks:
        yield found(
            f"Clients are looked up in {', '.join(b.zone for b in lists[:4])} before they can log in (no"
            " FEATURE(delay_checks)): users at home or on the road are refused",
            evidence=[
                Evidence(f"{cf.path}:{b.line}", f"the client's address is asked for at {b.zone}") for b in lists[:4]
            ]
            + list(past.evidence(past.at_the_door) if past and met else ()),
            fix=add_macro(cf.path, "FEATURE(`delay_checks')dnl"),
            severity="error" if met else None,
            option="delay_checks",
        )


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CLOSED = _set(
    """
    blackholes.mail-abuse.org rbl.maps.vix.com dialups.mail-abuse.org relays.mail-abuse.org relays.ordb.org
    relays.osirusoft.com relays.visi.com orbs.dorkslayers.com list.dsbl.org unconfirmed.dsbl.org multihop.dsbl.org
    blackholes.easynet.nl dynablock.easynet.nl proxies.blackholes.easynet.nl opm.blitzed.org dnsbl.njabl.org
    combined.njabl.org bhnc.njabl.org dnsbl.ahbl.org ircbl.ahbl.org rhsbl.ahbl.org bl.spamcannibal.org
    dnsbl.sorbs.net spam.dnsbl.sorbs.net dul.dnsbl.sorbs.net safe.dnsbl.sorbs.net recent.spam.dnsbl.sorbs.net
    ix.dnsbl.manitu.net no-more-funn.moensted.dk bl.csma.biz sbl.csma.biz
    """
)
"""Lists that were closed: some answer nothing, some that every address is listed, until people take them out."""

_OPEN_RESOLVERS = _set(
    """
    8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220 4.2.2.1 4.2.2.2 64.6.64.6
    94.140.14.14 2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001 2620:fe::fe
    """
)
_NOT_FOR_OPEN = ("spamhaus.org", "uribl.com", "surbl.org", "dnswl.org", "barracudacentral.org")
"""Lists that answer queries of such name servers with a code that says so: 127.255.255.254, 127.0.0.1."""


@check(
    "RUN018",
    "block-list-lists-everybody",
    "error",
    rung="listener",
    role="cause",
    explains=("no-answer",),
    fails=[
        {"cf": _MSA + _ASKS.format("relays.ordb.org")},
        {"cf": _MSA + _ASKS.format("zen.spamhaus.org"), "resolver": "nameserver 8.8.8.8"},
        {
            "cf": _MSA + _ASKS.format("bl.example.org"),
            "greeting": "587 0.020 554 mail.example.com ESMTP not accepting messages",
        },
    ],
    passes=[
        {"cf": _MSA + _ASKS.format("zen.spamhaus.org"), "resolver": "nameserver 127.0.0.1"},
        {"cf": _MSA + _ASKS.format("bl.example.org"), "greeting": "587 0.020 220 mail.example.com ESMTP"},
    ],
    refs=(
        "RFC 6471 section 3.4: what becomes of a list that was shut down",
        "Spamhaus: return codes 127.255.255.252 to 127.255.255.255 are errors, no listings",
    ),
)
def block_list_lists_everybody(cf: SendmailCf, resolver: Resolver | Unknown, greeting: Greeting | Unknown) -> Findings:
    """A block list that is asked was closed, or does not serve this host's name server.

    FEATURE(dnsbl) takes whatever such a list answers for a hit. A closed list may answer nothing, so that every client
    waits, or that everybody is listed; Spamhaus answers queries of public name servers (8.8.8.8, 1.1.1.1) with an
    error code, which sendmail takes for a listing too.

    Advice: take the list out of sendmail.mc, or ask it through a name server of your own; rebuild sendmail.cf and
    restart.
    """
    servers = known(resolver)
    public = [s for s in servers.servers if s in _OPEN_RESOLVERS] if servers else []
    met = known(greeting)
    refused = met is not None and met.code >= 500
    lists = cf.block_lists
    for one in lists:
        zone = one.zone.lower()
        by_public = bool(public) and zone.endswith(_NOT_FOR_OPEN) and one.any_answer
        if zone in _CLOSED:
            why = "was closed years ago"
        elif by_public:
            why = f"answers the public name server {public[0]} with an error code, which is taken for a listing"
        elif refused and len(lists) == 1:
            why = "lists an address that nobody has, so it seems to list every address"
        else:
            continue
        yield found(
            f"The block list {one.zone} {why}: clients are refused, or wait, before they can log in",
            evidence=[
                Evidence(f"{cf.path}:{one.line}", f"the client's address is asked for at {one.zone}"),
                *(Evidence("/etc/resolv.conf", f"nameserver {s}") for s in public[:1] if by_public),
                *([met.evidence] if met and refused else []),
            ],
            fix=rebuild(cf.path, "remove FEATURE(`dnsbl', `{zone}') and FEATURE(`enhdnsbl', `{zone}')", zone=one.zone),
            severity=None if refused or by_public else "warning",
            zone=one.zone,
        )


_PATIENCE = 30
"""Seconds that the least patient of the usual clients waits for a greeting."""


@check(
    "RUN019",
    "greet-pause-too-long",
    "warning",
    rung="listener",
    role="cause",
    explains=("no-answer",),
    fails=[{"cf": "V10\nSgreet_pause\nR<?> <$*>\t\t$# 45000"}, {"cf": "V10\nO Timeout.ident=2m"}],
    passes=[{"cf": "V10\nSgreet_pause\nR<?> <$*>\t\t$# 5000"}, {"cf": "V10\nO Timeout.ident=5s"}, {"cf": ""}],
    refs=(
        "sendmail: cf/README, FEATURE(`greet_pause'): milliseconds; doc/op, Timeout.ident",
        "RFC 5321 section 4.5.3.2.1: a server may take five minutes to greet, which mail programs do not wait",
    ),
)
def greet_pause_too_long(cf: SendmailCf) -> Findings:
    """Clients are let wait for the greeting longer than mail programs wait.

    FEATURE(greet_pause) counts in milliseconds; Timeout.ident is waited for at each client whose firewall drops the
    packets of ident, as nearly all do.

    Advice: let the pause be 5000 or less (GreetPause: in the access map for nets of your own: 0), and set
    confTO_IDENT to 0; rebuild sendmail.cf and restart.
    """
    for what, option, seconds, line in _waits(cf):
        if seconds >= _PATIENCE:
            yield found(
                f"Each client waits {seconds:g} s for the greeting ({what}): mail programs give up before",
                evidence=[Evidence(f"{cf.path}:{line}", f"{what} {seconds:g} s")],
                fix=set_macro(cf.path, "confTO_IDENT", "0")
                if option == "Timeout.ident"
                else set_feature(cf.path, "greet_pause", "5000"),
                severity=_by_wait(seconds),
                option=option,
            )


def _waits(cf: SendmailCf) -> Iterator[tuple[str, str, float, int]]:
    if cf.greet_pause:
        yield "FEATURE(greet_pause)", "greet_pause", cf.greet_pause[0] / 1000, cf.greet_pause[1]
    setting = cf.option("Timeout.ident")
    m = re.fullmatch(r"(\d{1,6})\s*([smhd]?)", setting.value.strip()) if setting else None
    if setting and m:
        yield "Timeout.ident", "Timeout.ident", float(m[1]) * _SECONDS[m[2]], setting.line


_SECONDS = {"s": 1, "m": 60, "": 60, "h": 3600, "d": 86400}
"""What a number of Timeout counts; without a letter minutes (doc/op)."""


def _by_wait(seconds: float) -> Severity:
    return "error" if seconds >= 2 * _PATIENCE else "warning"


_SMTPS = "O DaemonPortOptions=Name=TLS, Port={}, M={}"


@check(
    "RUN020",
    "wrong-tls-for-the-port",
    "error",
    rung="tls",
    role="cause",
    scope=("listener",),
    explains=("no-answer", "no-starttls", "no-offer"),
    fails=[{"cf": _SMTPS.format("smtps", "E")}, {"cf": _SMTPS.format(587, "Eas")}, {"cf": _SMTPS.format(25, "s")}],
    passes=[{"cf": _SMTPS.format(465, "Es") + "\n" + _MSA + _MTA}],
    refs=(
        "RFC 8314 section 3.3: TLS from the first byte on port 465; RFC 3207: STARTTLS on 587 and 25",
        "sendmail: doc/op, DaemonPortOptions: M=s",
    ),
)
def wrong_tls_for_the_port(cf: SendmailCf) -> Findings:
    """A port expects TLS in another way than clients begin it there.

    On 465 clients begin with TLS at once, which sendmail does where M= has an s; on 587 and 25 they wait for a greeting
    in clear, which never comes where M= has an s. Either way both sides wait, or say "wrong version number".

    Advice: give the DAEMON_OPTIONS of port 465 the modifier s (M=Eas), and take it from all others; rebuild sendmail.cf
    and restart.
    """
    for daemon in cf.daemons:
        port = daemon.port
        if port not in (25, 465, 587) or _local(daemon.address) or (port == 465) == daemon.smtps:
            continue
        modifiers = "".join(sorted(daemon.modifiers))
        how = "speaks in clear first (no s in M=)" if port == 465 else "wants TLS from the first byte (s in M=)"
        yield found(
            f"Port {port} ({daemon.name}) {how}, and clients do the opposite there",
            evidence=[
                Evidence(
                    f"{cf.path}:{daemon.line or 0}",
                    f"DaemonPortOptions Name={daemon.name}, Port={daemon.service}, M={modifiers}",
                )
            ],
            fix=set_port(cf.path, "M", "Eas" if port == 465 else daemon.letters.replace("s", ""), daemon),
            port=str(port),
        )


_SMTP = "smtp 25/tcp mail\nsubmission 587/tcp\n"


_NUMBERS = {"smtp": "25", "smtps": "465", "submissions": "465", "submission": "587"}


@check(
    "RUN021",
    "port-name-unknown",
    "error",
    rung="program",
    role="cause",
    scope=("listener",),
    explains=("stopped", "no-answer", "CONF023", "RUN013"),
    fails=[
        {"cf": "O DaemonPortOptions=Name=MSA, Port=submision, M=Ea", "port_names": _SMTP},
        {"cf": "O DaemonPortOptions=Name=MSA, Port=submission, M=Ea", "port_names": "missing: /etc/services"},
    ],
    passes=[
        {"cf": "O DaemonPortOptions=Name=MSA, Port=submission, M=Ea", "port_names": _SMTP},
        {"cf": _MSA, "port_names": "missing: /etc/services"},
    ],
    refs=('sendmail: sendmail/daemon.c, setsockaddroptions(): getservbyname(), `service "…" unknown`',),
)
def port_name_unknown(cf: SendmailCf, port_names: PortNames) -> Findings:
    """DaemonPortOptions names a port by a word that /etc/services does not have, and a daemon then does not start.

    Small containers have no /etc/services at all; older systems do not know submissions (465).

    Advice: write the port as a number (587, 465, 25) in DAEMON_OPTIONS, or install /etc/services (Debian: netbase);
    then rebuild sendmail.cf and start sendmail.
    """
    for daemon in cf.daemons:
        word = daemon.service
        if daemon.line is None or not word or word[0].isdigit() or word in port_names.ports or word.startswith("$"):
            continue
        if daemon.family.lower() not in ("inet", "inet6"):
            continue
        yield found(
            f"The port {word} of {daemon.name} is a name that {port_names.path}"
            f" {'would have, but there is no such file' if port_names.missing else 'does not have'}: sendmail does not"
            " start with it",
            evidence=[
                Evidence(f"{cf.path}:{daemon.line}", f"DaemonPortOptions Name={daemon.name}, Port={word}"),
                Evidence(port_names.path, "No such file or directory" if port_names.missing else f"no {word} …/tcp"),
            ],
            fix=set_port(cf.path, "Port", _NUMBERS[word], daemon)
            if word in _NUMBERS
            else rebuild(cf.path, "give the DAEMON_OPTIONS of {name} the port as a number", name=daemon.name),
            port=word,
        )

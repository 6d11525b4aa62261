"""WIRE: whether servers answer, and whether what they say is SMTP."""

import re
from collections.abc import Iterator

from maildoctor.api import Findings, Severity, Step, Unknown, by_hand, check, found, inspect
from maildoctor.api.sendmail import SendmailCf
from maildoctor.api.wire import Conversation, Wire

_HEAD = "=== connect 192.0.2.1:{0} auto for mail.example.com\n=== purpose look\n"
_BANNER = "<-  220 mail.example.com ESMTP\n -> EHLO maildoctor.invalid\n"
_GOOD = _BANNER + "<-  250-mail.example.com\n<-  250-STARTTLS\n<-  250 AUTH CRAM-MD5\n -> QUIT\n"
_REFUSED = "*** refused: nothing listens there\n"
_SUBMISSION = (465, 587)

_NO_ANSWER = {
    "unresolved": (
        "the name has no address",
        "Look the name up (dig A, dig AAAA, dig MX): a mail domain is often no host; ask the host its MX record names.",
    ),
    "refused": (
        "the connection is refused: nothing listens there",
        "Start the mail server there, or enable the port (sendmail: DAEMON_OPTIONS; Postfix: master.cf; Exim: "
        "daemon_smtp_ports; OpenSMTPD: listen on). One that listens on its loopback address only (sendmail: "
        "Addr=127.0.0.1; Postfix: inet_interfaces; Exim: local_interfaces) and a firewall that rejects look the same.",
    ),
    "unreachable": (
        "no way leads there",
        "Look at routes and firewalls, and at the address: an IPv6 address needs IPv6 here too (-4 takes IPv4).",
    ),
    "timeout": (
        "no answer",
        "A firewall drops the packets, the provider blocks port 25, or the host is down.",
    ),
    "mute": (
        "the connection stands, and no greeting comes",
        "The server may wait before it greets, or for DNS (--timeout 60), or want TLS at once (--tls implicit); if it "
        "never greets, its process does not come up or all are busy (Postfix: fatal: and throttling in its log).",
    ),
    "closed": (
        "the server hangs up before it greets",
        "Its log names the reason: a block list, TCP wrappers, a limit of connections, or a server process that dies "
        "at its start (Postfix: fatal: in the log, for instance where no SASL mechanism is left); port 465 wants TLS "
        "at once.",
    ),
}


def _silent(c: Conversation) -> str | None:
    """The kind of trouble, where nothing at all was heard."""
    kind = c.trouble_kind
    if kind in ("unresolved", "refused", "unreachable"):
        return kind
    if kind not in ("timeout", "closed") or c.replies or c.broke_in_handshake:
        return None
    return "mute" if c.detail == "banner" and kind == "timeout" else kind


@check(
    "WIRE001",
    "no-answer",
    "error",
    rung="listener",
    role="symptom",
    scope=("listener",),
    shows=("no-answer",),
    fails=[
        {"wire": _HEAD.format(25) + _REFUSED + _HEAD.format(587) + _REFUSED},
        {"wire": _HEAD.format(587) + _REFUSED + _HEAD.format(25) + _GOOD},
        {"wire": _HEAD.format(587) + "*** closed banner: the server closed the connection before its banner"},
        {"wire": "=== connect nohost.example.com:25 auto\n*** unresolved: the name nohost.example.com has no address"},
        {"wire": "=== connect 127.0.0.1:25 auto\n*** timeout banner: no answer within 5 s before its banner", "cf": ""},
    ],
    passes=[
        {"wire": _HEAD.format(25) + _GOOD},
        {
            "wire": "=== connect 127.0.0.1:25 auto\n*** timeout banner: no answer within 5 s before its banner",
            "cf": "Sgreet_pause\nR$*\t$: <$1>",
        },
    ],
    refs=("RFC 5321 section 3.1", "RFC 8314 section 3"),
)
def no_answer(wire: Wire, cf: SendmailCf | Unknown) -> Findings:
    """A server does not answer: no address, no connection, or no greeting.

    No client can log in or hand in mail there. Where another port of the same host answers, the closed one may be
    meant: few hosts offer 25, 465 and 587.

    Advice: see whether the mail server runs and listens there, then which firewall stands between.
    """
    alive = {c.host: c.server for c in wire.per_endpoint if c.replies}
    for ports, kind in wire.together((c, _silent(c)) for c in wire.per_endpoint):
        if (
            kind in ("timeout", "mute")
            and isinstance(cf, SendmailCf)
            and cf.has_rules("greet_pause", "local_greet_pause")
        ):
            yield Unknown(f"{ports.endpoint} waits before it greets (greet_pause)", "maildoctor probe --timeout 30")
            continue
        what, advice = _NO_ANSWER[kind]
        elsewhere, meant = ports.first.host in alive, not all(c.usual_port for c in ports.all)
        yield found(
            f"{ports.endpoint} does not answer: {what}" + ("; other ports of this host answer" if elsewhere else ""),
            evidence=ports.evidence("***"),
            severity="info" if elsewhere and not meant and kind in ("refused", "timeout", "mute") else None,
            advice=advice,
            fix=_dying(alive.get(ports.first.host, "")) if kind in ("closed", "mute") else [],
            endpoint=ports.endpoint,
            trouble=kind,
        )


def _dying(server: str) -> list[Step]:
    """Where a server process that does not come up, or dies, says why."""
    return {
        "sendmail": [inspect("grep -iE 'syserr|fatal|NOQUEUE' /var/log/mail.log | tail")],
        "postfix": [inspect("grep -E 'fatal:|panic:|throttling' /var/log/mail.log | tail")],
        "exim": [inspect("tail /var/log/exim4/paniclog /var/log/exim4/mainlog")],
    }.get(server, [])


def _refusal(c: Conversation) -> tuple[int, bool] | None:
    """Code and whether it is the banner's, of a server that does not want to talk."""
    if c.trouble_kind != "rejected":
        return None
    last = c.replies[-1] if c.replies else None
    return (last.code, not last.asked) if last else (500, True)


def _shut_out(c: Conversation) -> bool | None:
    """Whether sendmail answers EHLO as it does to clients that it refuses (sendmail/srvrsmtp.c: nullserver): every
    other reply names SIZE and the rest."""
    nothing = c.hello is not None and c.hello.keywords == ("ENHANCEDSTATUSCODES",)
    return True if nothing and c.server == "sendmail" else None


@check(
    "WIRE002",
    "refused-at-the-door",
    "error",
    rung="listener",
    role="symptom",
    scope=("listener",),
    shows=("no-answer",),
    fails=[
        {
            "wire": _HEAD.format(587) + "<-  421 mail.example.com Too busy\n*** rejected: the server greets with 421 "
            "mail.example.com Too busy"
        },
        {
            "wire": _HEAD.format(25) + "<-  554 mail.example.com your address is not welcome\n*** rejected: the server "
            "greets with 554 mail.example.com your address is not welcome"
        },
        {
            "wire": _HEAD.format(25) + _BANNER + "<-  550 Access denied\n -> HELO maildoctor.invalid\n<-  550 Access "
            "denied\n*** rejected: the server answers our greeting with 550 Access denied"
        },
        {
            "wire": _HEAD.format(587) + "<-  220 mail.example.com ESMTP Sendmail 8.17.1/8.17.1; now\n -> EHLO "
            "maildoctor.invalid\n<-  250-mail.example.com Hello client.example.com [192.0.2.9], pleased to meet you\n"
            "<-  250 ENHANCEDSTATUSCODES\n -> QUIT"
        },
    ],
    passes=[
        {"wire": _HEAD.format(25) + _GOOD},
        {
            "wire": _HEAD.format(25) + _BANNER + "<-  450 4.7.1 <maildoctor.invalid>: Helo command rejected: Host not "
            "found\n*** rejected: the server answers our greeting with 450 4.7.1 <maildoctor.invalid>: Helo command "
            "rejected: Host not found"
        },
        {
            "wire": _HEAD.format(25) + _GOOD + _HEAD.format(587) + "<-  421 4.3.2 Too many open connections.\n"
            "*** rejected: the server greets with 421 4.3.2 Too many open connections."
        },
    ],
    refs=("RFC 5321 section 3.1: 554 in place of 220", "RFC 5321 section 3.8: 421"),
)
def refused_at_the_door(wire: Wire) -> Findings:
    """The server answers, and refuses to talk: 4xx for now, 5xx for good.

    4xx speaks of load, limits or a service that stops; 5xx of a policy against the client's address or greeting: block
    lists, TCP wrappers, an access map. On port 25 such a policy is common against addresses of households.

    Advice: read the reply; look at the server's log and load, and probe from another address too.
    """
    alive = {c.host for c in wire.per_endpoint if c.hello}
    for ports, _ in wire.together((c, _shut_out(c)) for c in wire.per_endpoint):
        yield found(
            f"{ports.endpoint} offers this client nothing at all: sendmail does so with addresses that it refuses",
            evidence=ports.evidence("250"),
            advice="See on the server what refuses this address: TCP wrappers (/etc/hosts.deny) or the access map.",
            fix=[inspect("grep -v '^#' /etc/hosts.allow /etc/hosts.deny"), inspect("maildoctor check")],
            endpoint=ports.endpoint,
        )
    for ports, (code, at_banner) in wire.together((c, _refusal(c)) for c in wire.per_endpoint):
        if not at_banner and _name_refused(ports.first):
            yield Unknown(
                f"{ports.endpoint} takes no greeting with the name that we gave: {ports.first.replies[-1].text[:120]}",
                "give a name that it can look up: --ehlo NAME",
            )
            continue
        for_now = code < 500
        if for_now and ports.first.host in alive and _LIMIT.search(ports.first.replies[-1].text):
            yield Unknown(
                f"{ports.endpoint} takes no more connections from here for now: {ports.first.replies[-1].text[:120]}",
                "ask one port at a time: --port",
            )
            continue
        where = "greets with" if at_banner else "answers EHLO and HELO with"
        text = ports.first.replies[-1].text if ports.first.replies else ""
        yield found(
            f"{ports.endpoint} {where} {code} {text[:120]}".rstrip(". ") + (": not now" if for_now else ": not you"),
            evidence=ports.evidence(f"  {code}"),
            severity="warning" if all(c.port == 25 for c in ports.all) and not for_now and at_banner else None,
            fix=list(_why_refused(ports.first, for_now)),
            endpoint=ports.endpoint,
        )


_NAME = re.compile(r"maildoctor\.invalid|\bhelo command rejected|invalid (?:helo|ehlo|domain name)", re.IGNORECASE)


_LIMIT = re.compile(r"too many (?:\w+ )?connections|(?:rate|connection) limit|connection rate", re.IGNORECASE)
"""All ports of a host are asked at once; where another one answers, it is ourselves who are too many."""


def _name_refused(c: Conversation) -> bool:
    """Whether the name that we called ourselves is what the server does not like: nobody else calls himself so."""
    return bool(c.replies) and _NAME.search(c.replies[-1].text) is not None


def _why_refused(c: Conversation, for_now: bool) -> Iterator[Step]:
    if c.server == "sendmail":
        yield inspect("uptime; grep -i rejecting /var/log/mail.log" if for_now else "maildoctor check")
    elif c.server == "postfix":
        yield inspect(
            "postconf anvil_rate_time_unit smtpd_client_connection_count_limit smtpd_client_restrictions "
            "smtpd_delay_reject; postconf -P"
        )


_OTHERS = (
    ("SSH-", "an SSH server"),
    ("HTTP", "a web server"),
    ("+OK", "a POP3 server"),
    ("* OK", "an IMAP server"),
    ("RFB ", "a VNC server"),
)


def _not_smtp(c: Conversation) -> str | None:
    kind, words = c.trouble or ("", "")
    if kind not in ("protocol", "flood"):
        return None
    received = words.partition(": ")[2] if c.detail == "not-smtp" else ""
    return next((f"it is {what}" for word, what in _OTHERS if received.startswith(word)), words[:200])


@check(
    "WIRE003",
    "broken-protocol",
    "error",
    rung="listener",
    role="symptom",
    scope=("listener",),
    shows=("no-answer",),
    fails=[
        {"wire": _HEAD.format(25) + "*** protocol not-smtp: this is no reply of SMTP: SSH-2.0-OpenSSH_9.2"},
        {"wire": _HEAD.format(25) + _BANNER + "*** protocol: the code changes within a reply, from 250 to 220"},
        {"wire": _HEAD.format(25) + _BANNER + "*** flood: the server sent more than 256 KiB"},
    ],
    passes=[{"wire": _HEAD.format(25) + _GOOD}],
    refs=("RFC 5321 section 4.2",),
)
def broken_protocol(wire: Wire) -> Findings:
    """What comes from the port is no SMTP, or breaks its rules.

    Another service has the port, or something between rewrites or answers what was meant for the server. A client gives
    up, or takes one reply for another.

    Advice: see which program has the port (ss -ltnp there), and take proxies and inspecting firewalls out of the way.
    """
    for ports, words in wire.together((c, _not_smtp(c)) for c in wire.per_endpoint):
        yield found(
            f"{ports.endpoint} does not speak SMTP as it should: {words}",
            evidence=ports.evidence("***"),
            fix=[inspect(f"ss -ltnp 'sport = :{ports.first.port}'")],
            endpoint=ports.endpoint,
        )


def _broken_off(c: Conversation) -> str | None:
    kind, words = c.trouble or ("", "")
    late = kind in ("closed", "timeout") and bool(c.replies) and not c.broke_in_handshake
    return words[:120] if late and c.detail not in ("login", "delay") else None


@check(
    "WIRE004",
    "conversation-broken-off",
    "error",
    rung="listener",
    role="symptom",
    scope=("listener",),
    shows=("no-answer",),
    fails=[
        {"wire": _HEAD.format(587) + _BANNER + "*** closed: the server closed the connection after EHLO"},
        {"wire": _HEAD.format(587) + _BANNER + "*** timeout: no answer within 10 s after EHLO"},
    ],
    passes=[{"wire": _HEAD.format(587) + _GOOD}, {"wire": _HEAD.format(587) + _REFUSED}],
    refs=("RFC 5321 section 3.8: a server must not close a connection without 421 or QUIT",),
)
def conversation_broken_off(wire: Wire) -> Findings:
    """The server greets, then hangs up or falls silent in the middle of a command.

    A process that dies does so: a library that cannot be loaded, a milter or an authentication service that does not
    answer, a full disk. The client sees "connection closed unexpectedly".

    Advice: look into the server's log at the time of the probe; there stands the reason, nowhere else.
    """
    for ports, words in wire.together((c, _broken_off(c)) for c in wire.per_endpoint):
        yield found(
            f"{ports.endpoint} greets, and then: {words}",
            evidence=ports.evidence("->", "***"),
            fix=_dying(ports.first.server),
            endpoint=ports.endpoint,
        )


@check(
    "WIRE005",
    "knows-no-ehlo",
    "error",
    rung="offer",
    role="symptom",
    scope=("listener",),
    fails=[
        {
            "wire": _HEAD.format(587) + _BANNER + "<-  502 unimplemented\n -> HELO maildoctor.invalid\n<-  250 "
            "mail.example.com\n -> QUIT"
        }
    ],
    passes=[{"wire": _HEAD.format(587) + _GOOD}],
    refs=("RFC 5321 section 3.2: servers must support EHLO",),
)
def knows_no_ehlo(wire: Wire) -> Findings:
    """The server refuses EHLO and takes only HELO: no extensions, so no STARTTLS and no AUTH.

    Software of before 1995 does so; today it is a proxy, a virus scanner or a firewall that speaks in the server's
    place.

    Advice: let clients reach the mail server itself, or switch the inspection of SMTP off in the proxy or firewall.
    """
    for ports, _ in wire.together((c, _only_helo(c)) for c in wire.per_endpoint):
        yield found(
            f"{ports.endpoint} refuses EHLO and takes only HELO: nobody can log in there",
            evidence=ports.evidence("EHLO", "HELO", "<-  5"),
            severity=_by_port(ports.all),
            endpoint=ports.endpoint,
        )


def _only_helo(c: Conversation) -> bool | None:
    return True if c.hello is not None and not c.hello.esmtp and not c.masked else None


def _by_port(conversations: tuple[Conversation, ...]) -> Severity:
    return "error" if any(c.port in _SUBMISSION for c in conversations) else "warning"


@check(
    "WIRE006",
    "masked-by-a-firewall",
    "warning",
    rung="listener",
    role="symptom",
    scope=("listener",),
    fails=[
        {
            "wire": _HEAD.format(587) + _BANNER + "<-  250-mail.example.com\n<-  250-SIZE 1000\n<-  250-XXXXXXXA\n"
            "<-  250 XXXX XXXXX\n -> QUIT"
        },
        {
            "wire": _HEAD.format(25) + "<-  220 ************************0*0*\n -> EHLO maildoctor.invalid\n"
            "<-  500 unknown\n -> HELO maildoctor.invalid\n<-  250 mail.example.com\n -> QUIT"
        },
    ],
    passes=[
        {"wire": _HEAD.format(587) + _GOOD},
        {"wire": _HEAD.format(25) + _BANNER + "<-  250-mail.example.com\n<-  250 XCLIENT NAME ADDR\n -> QUIT"},
    ],
    refs=("Cisco: inspect esmtp (ASA), fixup protocol smtp (PIX)",),
)
def masked_by_a_firewall(wire: Wire) -> Findings:
    """A firewall on the way replaces the server's words by X or asterisks.

    The SMTP inspection of Cisco's PIX and ASA does so with every extension that it does not know: STARTTLS becomes
    XXXXXXXA, AUTH and the banner are hidden. The server itself is well, and its log shows nothing.

    Advice: on the firewall allow TLS in the inspection (parameters, allow-tls) or switch it off (no inspect esmtp; on
    a PIX no fixup protocol smtp 25); a client inside the firewall can be told to use port 465.
    """
    for ports, hidden in wire.together((c, _hidden(c)) for c in wire.per_endpoint):
        yield found(
            f"A firewall masks what {ports.endpoint} says" + (f": {hidden} cannot be seen" if hidden else ""),
            evidence=ports.evidence("XXX", "****"),
            fix=[by_hand("on the firewall: policy-map global_policy / class inspection_default / no inspect esmtp")],
            severity="error" if hidden else None,
            endpoint=ports.endpoint,
        )


def _hidden(c: Conversation) -> str | None:
    if not c.masked:
        return None
    hello = c.hello
    starttls = c.implicit or c.in_tls is not None or (hello is not None and hello.starttls)
    auth = hello is not None and bool(hello.auth)
    lost = [word for word, seen in (("STARTTLS", starttls), ("AUTH", auth)) if not seen]
    return " and ".join(lost)

"""WIRE: what came of a relay test and of a message, where they were asked for."""

import re
from collections.abc import Iterator

from maildoctor.api import (
    Findings,
    Purpose,
    Restart,
    SetPostfix,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
    rebuild,
)
from maildoctor.api.wire import Conversation, Wire

_TALK = (
    "=== connect 192.0.2.1:587 auto for mail.example.com\n=== purpose {0}\n<-  220 mail.example.com ESMTP {2}\n{3}"
    " -> MAIL FROM:<test@example.com>\n<-  250 ok\n -> RCPT TO:<test@example.org>\n=== outcome {1}\n"
)


def _sample(purpose: str, outcome: str, program: str = "Sendmail 8.17.1; now") -> dict[str, str]:
    login = " -> AUTH PLAIN ***\n=== outcome ok 235 2.0.0 OK\n" if purpose == "relay-auth" else ""
    return {"wire": _TALK.format(purpose, outcome, program, login)}


def _accepted(c: Conversation) -> bool | None:
    """Whether relaying was accepted from an address that the server has no reason to trust."""
    return True if c.outcome[0] == "accepted" and not c.loopback else None


_LOGIN_FIRST = re.compile(
    r"53[05]\b|.*\bauth\w*(?: is)? (?:required|first)|.*not authenticated|.*must (?:first )?(?:log ?in|auth)",
    re.IGNORECASE,
)
"""Replies that ask for a login before anything else; Exim's ACLs say so with 550."""


_NAME = re.compile(r"maildoctor\.invalid|\bhelo command rejected", re.IGNORECASE)
"""What is refused is the name that we called ourselves by; nobody else calls himself so."""


def _untold(wire: Wire, purpose: Purpose) -> Iterator[Unknown]:
    """Tests whose answer says nothing of relaying."""
    for c in wire.of(purpose):
        word, rest = c.outcome
        if word == "sender-refused" and purpose == "relay" and _LOGIN_FIRST.match(rest):
            continue  # as it should be
        if word in ("sender-refused", "refused") and _NAME.search(rest):
            yield Unknown(f"{c.endpoint} does not take the name that we gave: {rest[:120]}", "give a name: --ehlo NAME")
        elif word == "sender-refused":
            remedy = "try again later" if rest[:1] == "4" else "name another sender with --from"
            yield Unknown(f"{c.endpoint} refuses the sender: {rest[:120]}", remedy)
        elif word == "refused" and rest[:1] == "4":
            yield Unknown(f"{c.endpoint} puts the recipient off: {rest[:120]}", "try again later")
        elif word == "accepted" and c.loopback and purpose == "relay":
            yield Unknown(
                f"{c.endpoint} is this machine itself, whose mail servers relay for it", "probe from another host"
            )
        elif not word or (purpose == "relay-auth" and not _logged_in(c)):
            yield Unknown(f"{c.endpoint}: the relay test did not get that far", "see what else is found there")


@check(
    "WIRE060",
    "open-relay-on-the-wire",
    "error",
    rung="policy",
    role="symptom",
    scope=("listener",),
    fails=[_sample("relay", "accepted 250 2.1.5 ok"), _sample("relay", "accepted 250 2.1.5 Ok", "Postfix")],
    passes=[
        _sample("relay", "refused 550 5.7.1 Relaying denied"),
        _sample("relay", "sender-refused 553 5.5.4 Domain name required"),
        _sample("relay", "sender-refused 530 5.7.0 Authentication required"),
        _sample("relay", "sender-refused 550 Authentication required", "Exim 4.96"),
        _sample("relay-auth", "accepted 250 2.1.5 ok"),
    ],
    refs=("RFC 5321 section 7.9", "sendmail: cf/README, RELAY"),
)
def open_relay_on_the_wire(wire: Wire) -> Findings:
    """The server takes mail for a stranger's address from a client that did not log in.

    Whoever finds it sends his spam through it, and the server ends on block lists. Where the probe came from an address
    for which the server is told to relay (its own network), this is as it was meant.

    Advice: let only clients that logged in, and the networks that must, relay; test again from outside.
    """
    yield from _untold(wire, "relay")
    for ports, _ in wire.together((c, _accepted(c)) for c in wire.of("relay")):
        c = ports.first
        near = " (probed from a private network, which it may trust)" if c.private else ""
        yield found(
            f"{ports.endpoint} relays without a login{near}",
            evidence=ports.evidence("MAIL", "RCPT", "=== outcome"),
            fix=_close(c.server),
            severity="warning" if c.private else None,
            endpoint=ports.endpoint,
        )


def _close(server: str) -> list[Step]:
    return {
        "sendmail": [
            inspect("grep -E 'promiscuous_relay|relay_entire_domain|accept_unqualified' /etc/mail/sendmail.mc"),
            inspect("grep -iE 'RELAY|OK' /etc/mail/access; cat /etc/mail/relay-domains"),
        ],
        "postfix": [
            inspect("postconf mynetworks smtpd_relay_restrictions smtpd_recipient_restrictions"),
            SetPostfix(
                "smtpd_relay_restrictions", "permit_mynetworks permit_sasl_authenticated reject_unauth_destination"
            ),
            Restart("postfix"),
        ],
        "exim": [inspect("exim -bP acl_smtp_rcpt; exim -bP +local_domains; exim -bh 192.0.2.9")],
        "opensmtpd": [inspect("grep -E '^match' /etc/smtpd.conf /etc/mail/smtpd.conf")],
    }.get(server, [])


def _denied(c: Conversation) -> str | None:
    word, rest = c.outcome
    denied = word == "refused" and rest[:1] == "5" and not _NAME.search(rest)
    return rest[:120] if denied and _logged_in(c) else None


def _by(c: Conversation) -> str:
    """The mechanism, where it is told: sendmail trusts some and not others."""
    return f" by {c.noted('mechanism')}" if c.noted("mechanism") else ""


def _logged_in(c: Conversation) -> bool:
    return any(n.startswith("outcome ok ") for n in c.notes)


@check(
    "WIRE061",
    "logged-in-and-not-allowed-to-relay",
    "error",
    rung="policy",
    role="symptom",
    scope=("listener",),
    fails=[
        _sample("relay-auth", "refused 550 5.7.1 <test@example.org>... Relaying denied"),
        _sample("relay-auth", "refused 554 5.7.1 <test@example.org>: Relay access denied", "Postfix"),
    ],
    passes=[
        _sample("relay-auth", "accepted 250 2.1.5 ok"),
        _sample("relay-auth", "refused 451 4.7.1 greylisted"),
        _sample(
            "relay-auth", "refused 550 5.7.1 <maildoctor.invalid>: Helo command rejected: Host not found", "Postfix"
        ),
        _sample("relay", "refused 550 5.7.1 Relaying denied"),
    ],
    refs=("sendmail: cf/README, TRUST_AUTH_MECH", "Postfix: SASL_README, permit_sasl_authenticated"),
)
def logged_in_and_not_allowed_to_relay(wire: Wire) -> Findings:
    """The login succeeds, and mail to an address elsewhere is refused all the same.

    The server knows who it is and was never told that those who log in may relay. Users see "relaying denied" though
    their password is right.

    Advice: let those who log in relay (sendmail: TRUST_AUTH_MECH; Postfix: permit_sasl_authenticated before
    reject_unauth_destination; Exim: accept authenticated = * in the ACL; OpenSMTPD: match auth from any).
    """
    yield from _untold(wire, "relay-auth")
    for ports, reply in wire.together((c, _denied(c)) for c in wire.of("relay-auth")):
        yield found(
            f"{ports.endpoint} refuses to relay for a user who logged in{_by(ports.first)}: {reply}".rstrip("."),
            evidence=ports.evidence("AUTH", "RCPT", "=== outcome"),
            fix=_let_relay(ports.first.server),
            endpoint=ports.endpoint,
        )


def _let_relay(server: str) -> list[Step]:
    if server == "sendmail":
        return rebuild("/etc/mail/sendmail.cf", "name the mechanisms of confAUTH_MECHANISMS in TRUST_AUTH_MECH too")
    return {
        "postfix": [
            inspect("postconf smtpd_relay_restrictions smtpd_recipient_restrictions; postconf -P"),
        ],
        "exim": [by_hand("in acl_check_rcpt, before the last deny: accept authenticated = *")],
        "opensmtpd": [edit("smtpd.conf", "match auth from any for any action NAME")],
    }.get(server, [])


def _not_sent(c: Conversation) -> str | None:
    word, rest = c.outcome
    return rest[:160] if word == "refused" else None


@check(
    "WIRE062",
    "message-refused",
    "error",
    rung="hand-over",
    role="symptom",
    scope=("listener",),
    fails=[
        _sample("send", "refused 550 5.7.1 Relaying denied"),
        _sample("send", "refused 554 5.6.0 message content rejected"),
    ],
    passes=[_sample("send", "sent 250 2.0.0 Message accepted for delivery")],
    refs=("RFC 5321 section 4.2.1",),
)
def message_refused(wire: Wire) -> Findings:
    """The server did not take the message that was to be sent.

    The reply says at which step: the sender, the recipient, or the message itself.

    Advice: do what the reply says; 4xx is for now only, 5xx for good. A sender address must often be one's own.
    """
    for c in wire.of("send"):
        if not c.outcome[0]:
            yield Unknown(f"{c.endpoint}: no message could be sent", "see what else is found there")
    for ports, reply in wire.together((c, _not_sent(c)) for c in wire.of("send")):
        yield found(
            f"{ports.endpoint} did not take the message: {reply}".rstrip("."),
            evidence=ports.evidence("MAIL", "RCPT", "DATA", "=== outcome"),
            severity="warning" if reply[:1] == "4" else None,
            endpoint=ports.endpoint,
        )

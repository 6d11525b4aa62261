"""MAP: logins at other servers with this host's own authinfo entries, as `probe HUB --authinfo` tried them."""

from collections.abc import Iterator

from maildoctor.api import BuildMap, Evidence, Findings, Step, Unknown, check, edit, found
from maildoctor.api.wire import Conversation, Wire

_HEAD = "=== connect 192.0.2.1:25 auto for hub.example.com\n=== purpose "
_OFFER = "<-  220 hub.example.com ESMTP\n -> EHLO x.invalid\n<-  250-hub.example.com\n<-  250 AUTH {}\n -> QUIT\n"
_MAP = (
    "=== authinfo-map /etc/mail/authinfo.db\n=== authinfo-tried authinfo:hub.example.com authinfo:192.0.2.1 authinfo:\n"
)
_NONE = _HEAD + "look\n" + _OFFER.format("DIGEST-MD5") + _MAP + "=== authinfo-nearest authinfo:smtp.example.com\n"
_KEY = "=== authinfo authinfo:hub.example.com\n"
_WANTS = (
    _KEY + "=== authinfo-login relay\n=== authinfo-realm foo\n=== authinfo-own-realm yes\n"
    "=== authinfo-wants DIGEST-MD5\n=== authinfo-own-list yes\n=== authinfo-can DIGEST-MD5\n"
)
_LOOK = _HEAD + "look\n" + _OFFER.format("DIGEST-MD5 CRAM-MD5") + _MAP + _WANTS
_LOGIN = (
    _HEAD + "login DIGEST-MD5\n=== user relay\n" + _KEY + _OFFER.format("DIGEST-MD5")[:-9] + " -> AUTH DIGEST-MD5\n"
    "<-  334 ***\n=== realms {}\n -> ***\n<-  {}\n=== outcome {}\n"
)
_OK = _LOOK + _LOGIN.format("foo", "235 2.0.0 OK", "ok 235 2.0.0 OK")
_REFUSED = _LOOK + _LOGIN.format("foo", "535 5.7.0 authentication failed", "failed 535 5.7.0 authentication failed")
_ELSEWHERE = _REFUSED.replace("realms foo", "realms hub.example.com")
_UNTRUSTED = _LOOK + _HEAD + "login DIGEST-MD5\n" + _KEY + "*** untrusted: self-signed certificate\n"

_TICKET = frozenset({"GSSAPI", "GSS-SPNEGO", "EXTERNAL", "KERBEROS_V4"})
"""Mechanisms that no password serves, so that the entry was not tried by them."""


def _hubs(wire: Wire) -> Iterator[tuple[Conversation, list[Conversation]]]:
    """Each server for which the map was asked, and the logins that were tried there with the entry."""
    logins: dict[str, list[Conversation]] = {}
    for c in wire.logins:
        if c.noted("authinfo"):
            logins.setdefault(c.endpoint, []).append(c)
    for c in wire.per_endpoint:
        if c.noted("authinfo-map"):
            yield c, logins.get(c.endpoint, [])


def _usable(look: Conversation) -> bool:
    return bool(look.noted("authinfo")) and not look.noted("authinfo-fault")


def _map(look: Conversation) -> str:
    """The map's source, as far as its name tells."""
    return look.noted("authinfo-map").removesuffix(".db")


def _make(look: Conversation) -> Step:
    return BuildMap("hash", _map(look))


def _of_map(look: Conversation) -> Evidence:
    """What the map said, without the secret, which never came here."""
    return Evidence(look.noted("authinfo-map"), "\n".join(n for n in look.notes if n.startswith("authinfo")))


def _offer(look: Conversation) -> tuple[str, ...]:
    return look.hello.auth if look.hello else ()


def _failed(logins: list[Conversation]) -> list[Conversation]:
    return [c for c in logins if c.outcome[0] in ("failed", "later", "broken", "unproven")]


def _in(logins: list[Conversation]) -> bool:
    return any(c.outcome[0] == "ok" for c in logins)


@check(
    "MAP020",
    "hub-without-entry",
    "error",
    rung="account",
    role="cause",
    direction="relay",
    scope=("map",),
    fails=[{"wire": _NONE}],
    passes=[{"wire": _OK}, {"wire": _HEAD + "look\n" + _OFFER.format("PLAIN")}],
    refs=("sendmail: cf/m4/proto.m4, ruleset authinfo",),
)
def hub_without_entry(wire: Wire) -> Findings:
    """The map has no entry under any of the keys that sendmail looks for, so it does not log in at this server.

    Mail is then handed over without a login, and the other side says "Relaying denied".

    Advice: give the entry one of these keys, best AuthInfo: and the server's name as relay= in the log has it, and
    rebuild the map.
    """
    for look, _ in _hubs(wire):
        if look.noted("authinfo"):
            continue
        nearest = look.noted("authinfo-nearest")
        has = f"the nearest key is {nearest}" if nearest else "it has no login at all"
        keys = look.noted("authinfo-tried").split()
        tried = ", ".join(keys if len(keys) < 7 else [*keys[:5], "…", keys[-1]])
        yield found(
            f"{look.noted('authinfo-map')} has no entry for {look.endpoint}: sendmail looks for {tried}; {has}",
            evidence=[_of_map(look)],
            fix=[edit(_map(look), 'AuthInfo:{host} "U:user" "P:password"', host=look.host), _make(look)],
            hub=look.endpoint[:80],
        )


@check(
    "MAP021",
    "hub-entry-unusable",
    "error", rung="account", role="cause", direction="relay", scope=("map",),
    fails=[
        {
            "wire": _HEAD + "look\n" + _OFFER.format("PLAIN") + _MAP + _KEY
            + "=== authinfo-fault it has no password (P:)\n"
        }
    ],
    passes=[{"wire": _OK}],
    refs=("sendmail: sendmail/usersmtp.c, getauth()",),
)  # fmt: skip
def hub_entry_unusable(wire: Wire) -> Findings:
    """The map's entry for this server is none that sendmail can use.

    An entry is a list of quoted items, each a letter (U, I, P, R, M), a colon (or `=` for base64), and the value. U or
    I, and P are required. Sendmail logs "authinfo failed" and hands the mail over without a login.

    Advice: write the entry as "U:name" "I:name" "P:password" "R:realm" "M:mechanisms", each in quotes, then rebuild
    the map.
    """
    for look, _ in _hubs(wire):
        if fault := look.noted("authinfo-fault"):
            key = look.noted("authinfo")
            yield found(
                f"The entry {key} for {look.endpoint} cannot be used: {fault}",
                evidence=[_of_map(look)],
                fix=[edit(_map(look), '{key} "U:name" "I:name" "P:password"', key=key), _make(look)],
                hub=look.endpoint[:80],
            )


@check(
    "MAP022",
    "hub-offers-no-mechanism-of-the-entry",
    "error",
    rung="offer",
    role="symptom",
    direction="relay",
    scope=("map",),
    fails=[
        {"wire": _LOOK.replace("AUTH DIGEST-MD5 CRAM-MD5", "AUTH PLAIN LOGIN")},
        {"wire": _LOOK.replace("authinfo-can DIGEST-MD5", "authinfo-can ")},
        {"wire": _LOOK.replace("AUTH DIGEST-MD5 CRAM-MD5", "SIZE")},
    ],
    passes=[{"wire": _OK}, {"wire": _NONE}],
    refs=("sendmail: sendmail/usersmtp.c, smtpauth(): M: or AuthMechanisms, cut by what the server offers",),
)
def hub_offers_no_mechanism(wire: Wire) -> Findings:
    """This host and the server have no mechanism in common.

    Sendmail tries those of the entry's M:, else of AuthMechanisms (by default neither PLAIN nor LOGIN), as far
    as the server offers them and a plug-in for them is installed here. Where none is left it logs "do not fulfill
    requirements" and the mail stays in the queue; where the server offers no AUTH at all it goes on without a login.

    Advice: name in M: a mechanism that the server offers and that is installed here, rebuild the map; or install the
    plug-in, or let the server offer it.
    """
    for look, logins in _hubs(wire):
        if not _usable(look) or logins or look.trouble:
            continue
        offer, can = _offer(look), look.noted("authinfo-can").split()
        wants = look.noted("authinfo-wants").split()
        if ticket := [m for m in can if m in offer and m in _TICKET]:
            yield Unknown(f"{look.endpoint}: a login by {ticket[0]} needs no password, and was not tried", "")
            continue
        if any(m in offer for m in can):
            yield Unknown(f"{look.endpoint}: maildoctor does not speak {' '.join(m for m in can if m in offer)}", "")
            continue
        source = "M:" if look.noted("authinfo-own-list") == "yes" else "AuthMechanisms"
        there = f"offers {' '.join(offer)}" if offer else "offers no AUTH"
        lost = [m for m in wants if m in offer]
        why = f"; no plug-in for {' '.join(lost)} loads here" if lost else ""
        yield found(
            f"{look.endpoint} {there}, this host would log in by {' '.join(wants) or 'nothing'} ({source}){why}",
            evidence=[look.evidence("AUTH"), _of_map(look)],
            hub=look.endpoint[:80],
        )


@check(
    "MAP023",
    "hub-refuses-login",
    "error",
    rung="account",
    role="symptom",
    direction="relay",
    scope=("map",),
    fails=[{"wire": _REFUSED}, {"wire": _REFUSED.replace(_WANTS, _WANTS + "=== authinfo-stale x\n")}],
    passes=[{"wire": _OK}, {"wire": _NONE}, {"wire": _UNTRUSTED}],
    refs=("sendmail: sendmail/usersmtp.c, smtpauth(): a refused login is not logged, the mail goes on without",),
)
def hub_refuses_login(wire: Wire) -> Findings:
    """The server refuses the login that the map's entry makes.

    Sendmail logs nothing of it and hands the mail over without a login; the sender is told "User unknown" or "Relaying
    denied". The reason stands in the server's log alone.

    Advice: see that the account exists there with this password and in this realm (sasldblistusers2 on the server),
    then correct the entry and rebuild the map.
    """
    for look, logins in _hubs(wire):
        failed = _failed(logins)
        if logins and not failed and not _in(logins):
            yield Unknown(f"{look.endpoint}: no login was tried", "--ca-file, --no-verify or --insecure-plaintext")
        if not failed or _in(logins):
            continue
        reported = ", ".join(f"{c.mechanism}: {c.outcome[1][:120]}" for c in failed[:3])
        stale = bool(look.noted("authinfo-stale"))
        more = f"; {look.noted('authinfo-map')} is older than its source, which says otherwise" if stale else ""
        yield found(
            f"{look.endpoint} refuses the login of {look.noted('authinfo-login')} with the entry"
            f" {look.noted('authinfo')} ({reported}){more}",
            evidence=[_of_map(look), *(c.evidence("AUTH", "235", "535", "outcome") for c in failed[:3])],
            fix=[_make(look)] if stale else [],
            severity="warning" if all(c.outcome[0] == "later" for c in failed) else None,
            hub=look.endpoint[:80],
        )


@check(
    "MAP024",
    "hub-serves-another-realm",
    "error",
    rung="account",
    role="cause",
    direction="relay",
    scope=("map",),
    fails=[{"wire": _ELSEWHERE}, {"wire": _OK.replace("realms foo", "realms hub.example.com")}],
    passes=[{"wire": _OK}, {"wire": _REFUSED}, {"wire": _ELSEWHERE.replace("own-realm yes", "own-realm no")}],
    refs=("libsasl: plugins/digestmd5.c: a client that is offered one realm takes it; sendmail: saslgetrealm()",),
)
def hub_serves_another_realm(wire: Wire) -> Findings:
    """The entry names a realm that the server does not serve.

    With DIGEST-MD5 the server names its realms. One that names a single realm has its way, and R: of the entry is
    ignored; an account in another realm is then not found. Sendmail's realm is AuthRealm, else its own name.

    Advice: on the server, create the account in its realm (saslpasswd2 -c -u REALM NAME) or set confAUTH_REALM to the
    realm of the entry; here, let R: name the server's realm and rebuild the map.
    """
    for look, logins in _hubs(wire):
        if look.noted("authinfo-own-realm") != "yes":
            continue
        realm = look.noted("authinfo-realm")
        for c in logins:
            realms = c.noted("realms")
            if not realms or realm.lower() in (r.lower() for r in realms.split(", ")):
                continue
            works = _in(logins)
            yield found(
                f"{look.endpoint} serves the realm {realms}, the entry {look.noted('authinfo')} says R:{realm}"
                + (", which is ignored" if works else ": confAUTH_REALM there and the account's realm must agree"),
                evidence=[c.evidence("realms", "outcome"), _of_map(look)],
                severity="info" if works else None,
                hub=look.endpoint[:80],
            )
            break


@check(
    "MAP025",
    "hub-login-not-tried",
    "warning", rung="account", role="note", direction="relay", scope=("map",),
    fails=[
        {"wire": _UNTRUSTED},
        {
            "wire": _LOOK.replace("DIGEST-MD5 CRAM-MD5", "PLAIN") + _LOGIN[: _LOGIN.index(" -> AUTH")]
            + "=== outcome withheld the password would go over the wire in clear\n"
        },
    ],
    passes=[{"wire": _OK}, {"wire": _REFUSED}],
    refs=("sendmail: sendmail/usersmtp.c: neither a certificate nor TLS is asked for before a login",),
)  # fmt: skip
def hub_login_not_tried(wire: Wire) -> Findings:
    """The login with the map's entry was not tried, because the password might have fallen into wrong hands.

    Sendmail itself is not that careful: as it is set up it logs in at a server whose certificate it cannot verify, and
    sends the password in clear where the server offers PLAIN or LOGIN without TLS.

    Advice: let the server have a certificate that can be verified, with its name, and TLS before PLAIN and LOGIN; name
    its CA by --ca-file. --no-verify and --insecure-plaintext let the login be tried nevertheless.
    """
    for look, logins in _hubs(wire):
        if not logins or _in(logins) or _failed(logins):
            continue
        last = logins[-1]
        why = last.outcome[1] if last.outcome[0] else ": ".join(last.trouble or ("the server said nothing of it",))
        yield found(
            f"The login at {look.endpoint} with the entry {look.noted('authinfo')} was not tried: {why}",
            evidence=[last.evidence("***", "outcome")],
            hub=look.endpoint[:80],
        )

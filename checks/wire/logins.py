"""WIRE: what came of logins, where they were asked for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.api import (
    Evidence,
    Findings,
    Restart,
    SetPostfix,
    Severity,
    Step,
    Unknown,
    check,
    edit,
    found,
    inspect,
    is_plain,
    shell_word,
)
from maildoctor.api.cyrus import PLAINTEXT
from maildoctor.api.wire import Conversation, Wire

_LOGIN = (
    "=== connect 192.0.2.1:{4} auto for mail.example.com\n=== purpose login {1}\n=== user {0}\n"
    "<-  220 mail.example.com ESMTP {3}\n ~> AUTH {1} ***\n=== outcome {2}\n"
)
_OK = "ok 235 2.0.0 OK Authenticated"
_NO = "failed 535 5.7.0 authentication failed"


def _tried(*outcomes: str, user: str = "test", program: str = "Sendmail 8.17.1; now", port: int = 587) -> str:
    """Logins, each as `MECHANISM OUTCOME`."""
    rows = (o.partition(" ")[::2] for o in outcomes)
    return "".join(_LOGIN.format(user, mechanism, outcome, program, port) for mechanism, outcome in rows)


# ---- what outcomes mean


_POLICY = re.compile(
    r"application.specific|app(?:lication)?[ -]password|5\.7\.139|basic authentication is disabled|"
    r"web.?(?:login|browser)|clientauthentication is disabled|less secure",
    re.IGNORECASE,
)
_FAULT = re.compile(
    # Postfix writes "(reason unavailable)" where Dovecot says no and not why
    r"generic failure|no mechanism available|internal|temporar|(?<!reason )unavailable|connection lost",
    re.IGNORECASE,
)
_CODE = re.compile(r"(\d{3})\b")
_WANTS_TLS = (523, 530, 538)
_NOT_SO = (500, 501, 502, 503, 504, 534)


def _kind(word: str, rest: str) -> str:
    """What an outcome means: ok, refused (name or password), fault (the server's own), policy (not by password), tls
    (not without TLS), offer (not by this mechanism), unproven, broken, or empty: it was not tried."""
    if word in ("ok", "unproven", "broken"):
        return word
    m = _CODE.match(rest)
    if word not in ("failed", "later") or m is None:
        return ""
    code = int(m[1])
    if _POLICY.search(rest):
        return "policy"
    if word == "later" or _FAULT.search(rest):
        return "fault"
    return "tls" if code in _WANTS_TLS else "offer" if code in _NOT_SO else "refused"


def _challenges(mechanism: str) -> bool:
    """Whether it needs a secret that the server can read, or one made for it."""
    return mechanism in ("CRAM-MD5", "DIGEST-MD5") or mechanism.startswith("SCRAM-")


@dataclass(frozen=True, slots=True)
class _Tries:
    """All that was tried under one name at ports of a host that answer alike. `by_kind`: those of the first port."""

    endpoint: str
    user: str
    by_kind: dict[str, list[Conversation]]

    def mechs(self, *kinds: str) -> list[str]:
        """Mechanisms with an outcome of these kinds."""
        return [c.mechanism for kind in kinds for c in self.by_kind.get(kind, ())]

    def some(self, *kinds: str) -> list[Conversation]:
        """Conversations with an outcome of these kinds."""
        return [c for kind in kinds for c in self.by_kind.get(kind, ())]

    @property
    def first(self) -> Conversation:
        """One that stands for all."""
        return next(iter(self.by_kind.values()))[0]

    @property
    def who(self) -> str:
        """The user, for a sentence."""
        return self.user[:64] or "the user"

    @property
    def failed_though_others_went_well(self) -> list[str]:
        """Mechanisms that fail where another one shows that name and password are right."""
        return self.mechs("refused", "fault") if self.by_kind.get("ok") else []

    def evidence(self, *kinds: str) -> list[Evidence]:
        """What the server answered, the first four."""
        return [c.evidence("=== purpose", "=== user", "> AUTH", "=== outcome") for c in self.some(*kinds)[:4]]


def _asked_for(wire: Wire) -> list[Conversation]:
    """Logins with a password that was given; those with an entry of authinfo are judged by what the entry says."""
    return [c for c in wire.logins if not c.noted("authinfo")]


def _tries(wire: Wire) -> Iterator[_Tries]:
    groups: dict[tuple[str, str], dict[str, list[Conversation]]] = {}
    for c in _asked_for(wire):
        groups.setdefault((c.endpoint, c.user), {}).setdefault(_kind(*c.outcome), []).append(c)
    alike = (
        (next(iter(kinds.values()))[0], (user, tuple((k, tuple(c.mechanism for c in cs)) for k, cs in kinds.items())))
        for (_, user), kinds in groups.items()
    )
    for ports, (user, _) in wire.together(alike):
        yield _Tries(ports.endpoint, user, groups[ports.first.endpoint, user])


def _not_tried(wire: Wire) -> Iterator[Unknown]:
    """Logins that were asked for and not tried: they tell nothing of the server's accounts."""
    exposed: dict[str, list[str]] = {}
    for c in _asked_for(wire):
        word, rest = c.outcome
        if word == "withheld":
            exposed.setdefault(c.endpoint, []).append(c.mechanism)
            continue
        kind, words = c.trouble or ("", "")
        by = f"{c.endpoint}: no login{' by ' + c.mechanism if c.mechanism else ''}"
        if kind == "untrusted":
            yield Unknown(f"{by}: its certificate cannot be verified ({words})", _to_verify(wire, c, words))
        elif not word and kind == "rejected":
            yield Unknown(f"{by}: {words}", "try again later, and with fewer logins (--mech)")
        elif word == "not-sent":
            yield Unknown(f"{by}: {rest}", "see maildoctor probe --help")
        elif not word:
            late = c.detail == "delay"
            yield Unknown(
                f"{by}: {words or 'the conversation ended before it'}",
                "try again in a minute, with --timeout 30" if late else "see what else is found there",
            )
    for endpoint, mechs in exposed.items():
        yield Unknown(
            f"{endpoint}: not tried without TLS: {' '.join(dict.fromkeys(mechs))}; --insecure-plaintext would",
            "have the server offer TLS; --insecure-plaintext shows the password, or an answer on which to guess it, to "
            "whoever listens or poses as the server",
        )
    reported = {c.host for c in wire.logins}
    for c in wire.without_login:
        if c.host not in reported:
            yield Unknown(
                f"{c.endpoint}: a login was asked for, and none could be tried", "see what else is found there"
            )


def _to_verify(wire: Wire, c: Conversation, words: str) -> str:
    """What would make the certificate good: where only the name is wrong, the name that stands in it."""
    seen = next((x.certificate for x in wire.per_endpoint if x.endpoint == c.endpoint), None)
    if "mismatch" in words and seen is not None and seen.names:
        return f"give the name that stands in it: --tls-name {shell_word(seen.names[0])}"
    return "give --ca-file, --tls-name or --no-verify"


_LOG = "/var/log/mail.log"


def _who_knows(server: str) -> list[Step]:
    """Commands on the server that tell a wrong password from a wrong name or realm, or name the service that fails."""
    return {
        "sendmail": [inspect("maildoctor check"), inspect("sasldblistusers2")],
        "postfix": [
            inspect("postconf smtpd_sasl_type smtpd_sasl_path smtpd_sasl_local_domain"),
            inspect(f"grep -iE 'sasl|auth' {_LOG} | tail"),
        ],
        "exim": [inspect("grep authenticator /var/log/exim4/mainlog | tail")],
        "opensmtpd": [inspect(f"grep -i auth {_LOG} | tail")],
        "dovecot": [inspect(f"grep 'auth' {_LOG} | tail")],
    }.get(server, [])


# ---- the checks


def _bare(user: str) -> str:
    return user.partition("@")[0]


@check(
    "WIRE050",
    "login-refused-by-every-mechanism",
    "error",
    rung="account",
    role="symptom",
    scope=("listener",),
    fails=[
        {"wire": _tried(f"CRAM-MD5 {_NO}", f"PLAIN {_NO}")},
        {
            "wire": _tried(
                "PLAIN failed 535 5.7.8 Error: authentication failed: (reason unavailable)", program="Postfix"
            )
        },
        {"wire": _tried(f"PLAIN {_NO}") + _tried(f"PLAIN {_NO}", user="test@mail.example.com")},
    ],
    passes=[
        {"wire": _tried(f"CRAM-MD5 {_NO}", f"PLAIN {_OK}")},
        {"wire": _tried("PLAIN later 454 4.7.0 Temporary authentication failure")},
        {"wire": _tried(f"PLAIN {_NO}") + _tried(f"PLAIN {_OK}", user="test@mail.example.com")},
    ],
    refs=("RFC 4954 section 6: 535",),
)
def login_refused_by_every_mechanism(wire: Wire) -> Findings:
    """Every mechanism that was tried refuses the login.

    The name, the password or the realm is wrong, or there is no such user: from outside nothing tells these apart, and
    nothing should. The server's log and its list of users do.

    Advice: on the server see whether the user exists, under which realm and with which password (Cyrus SASL:
    sasldblistusers2, testsaslauthd -u USER; Dovecot: doveadm auth test USER; PAM: getent passwd USER); its log says
    "user not found", "incorrect digest response" or "password mismatch".
    """
    yield from _not_tried(wire)
    tries = list(_tries(wire))
    refused = {(t.endpoint, t.user) for t in tries if t.by_kind.get("refused")}
    right = {(t.endpoint, _bare(t.user)) for t in tries if t.by_kind.get("ok")}
    for t in tries:
        variant = "@" in t.user and (t.endpoint, _bare(t.user)) in refused
        if variant or (t.endpoint, _bare(t.user)) in right or not _plainly_refused(t):
            continue
        reply = t.some("refused")[0].outcome[1]
        yield found(
            f"{t.endpoint} refuses the login of {t.who} by {' '.join(t.mechs('refused'))}: {reply[:120]}".rstrip("."),
            evidence=t.evidence("refused"),
            fix=_who_knows(t.first.server),
            endpoint=t.endpoint,
        )


def _plainly_refused(t: _Tries) -> bool:
    return bool(t.by_kind.get("refused")) and t.by_kind.keys().isdisjoint(("ok", "fault", "policy", "unproven"))


@check(
    "WIRE051",
    "no-secret-for-challenge-mechanisms",
    "warning",
    rung="account",
    role="symptom",
    scope=("listener",),
    fails=[{"wire": _tried(f"SCRAM-SHA-256 {_NO}", f"CRAM-MD5 {_NO}", f"PLAIN {_OK}")}],
    passes=[
        {"wire": _tried(f"CRAM-MD5 {_OK}", f"PLAIN {_OK}")},
        {"wire": _tried(f"SCRAM-SHA-256 {_NO}", f"CRAM-MD5 {_OK}", f"PLAIN {_OK}")},
        {"wire": _tried(f"CRAM-MD5 {_NO}", f"PLAIN {_NO}")},
    ],
    refs=("saslauthd(8): it can be asked for name and password alone", "RFC 2195", "RFC 5802 section 2.2"),
)
def no_secret_for_challenge_mechanisms(wire: Wire) -> Findings:
    """PLAIN or LOGIN succeed, and CRAM-MD5, DIGEST-MD5 or SCRAM fail with the same password.

    Name and password are right; the server has no secret of this user that these mechanisms could use: saslauthd, PAM,
    shadow and hashed passwords can only compare a password. Clients take the strongest mechanism on offer, and fail.

    Advice: offer PLAIN and LOGIN only (Cyrus SASL: mech_list; Dovecot: auth_mechanisms; Exim: remove the
    authenticator), or store the password where the server can read it (sasldb, a plain or SCRAM scheme).
    """
    for t in _tries(wire):
        bad = [m for m in t.failed_though_others_went_well if _challenges(m)]
        good = t.mechs("ok")
        if bad and not any(map(_challenges, good)) and not PLAINTEXT.isdisjoint(good):
            yield found(
                f"{t.endpoint}: {' '.join(bad)} fail for {t.who}, {' '.join(good)} succeed: no secret is stored that "
                f"they could use",
                evidence=[*t.evidence("refused", "fault")[:3], *t.evidence("ok")[:1]],
                fix=_less_offer(t.first.server),
                endpoint=t.endpoint,
            )


def _less_offer(server: str) -> list[Step]:
    return {
        "sendmail": [edit("Sendmail.conf", "mech_list: PLAIN LOGIN; then restart sendmail")],
        "postfix": [edit("smtpd.conf", "mech_list: PLAIN LOGIN (Dovecot: auth_mechanisms = plain login)")],
        "dovecot": [edit("dovecot.conf", "auth_mechanisms = plain login")],
    }.get(server, [])


@check(
    "WIRE052",
    "password-mechanisms-fail",
    "error",
    rung="verifier",
    role="symptom",
    scope=("listener",),
    fails=[{"wire": _tried(f"CRAM-MD5 {_OK}", f"PLAIN {_NO}", f"LOGIN {_NO}")}],
    passes=[
        {"wire": _tried(f"CRAM-MD5 {_OK}", f"PLAIN {_OK}")},
        {"wire": _tried(f"CRAM-MD5 {_OK}", f"PLAIN {_OK}", f"LOGIN {_NO}")},
    ],
    refs=("libsasl: lib/checkpw.c: PLAIN and LOGIN go through pwcheck_method, the others through auxprop",),
)
def password_mechanisms_fail(wire: Wire) -> Findings:
    """CRAM-MD5, DIGEST-MD5 or SCRAM succeed, and PLAIN and LOGIN fail with the same password.

    Name and password are right; what compares passwords is not the store that holds the secrets, or does not run: with
    Cyrus SASL pwcheck_method (saslauthd in place of auxprop), with Dovecot or Exim another passdb or authenticator.

    Advice: let passwords be checked against the same store (Cyrus SASL: pwcheck_method: auxprop), or start and fix
    the service that checks them (saslauthd).
    """
    for t in _tries(wire):
        bad, good = [m for m in t.failed_though_others_went_well if m in PLAINTEXT], t.mechs("ok")
        if bad and PLAINTEXT.isdisjoint(good) and any(map(_challenges, good)):
            yield found(
                f"{t.endpoint}: {' '.join(bad)} fail for {t.who}, {' '.join(good)} succeed: passwords are checked "
                f"elsewhere",
                evidence=[*t.evidence("refused", "fault")[:3], *t.evidence("ok")[:1]],
                fix=_password_check(t.first.server),
                endpoint=t.endpoint,
            )


def _password_check(server: str) -> list[Step]:
    return {
        "sendmail": [inspect("grep pwcheck_method /usr/lib/sasl2/Sendmail.conf /etc/sasl2/Sendmail.conf")],
        "postfix": [inspect("grep pwcheck_method /etc/postfix/sasl/smtpd.conf /etc/sasl2/smtpd.conf")],
    }.get(server, [])


_SERVICE = (
    "What the server asks for this mechanism does not answer (a socket of saslauthd or Dovecot, a database): start "
    "it, see who may reach it, or take the mechanism off the list; the server's log names it."
)


@check(
    "WIRE053",
    "one-mechanism-fails",
    "warning",
    rung="mechanism",
    role="symptom",
    scope=("listener", "mechanism"),
    fails=[
        {"wire": _tried(f"CRAM-MD5 {_OK}", f"PLAIN {_OK}", f"LOGIN {_NO}")},
        {"wire": _tried(f"SCRAM-SHA-256 {_NO}", f"CRAM-MD5 {_OK}", f"PLAIN {_OK}")},
        {"wire": _tried(f"GSSAPI {_NO}", f"PLAIN {_OK}")},
        {"wire": _tried("LOGIN later 435 Unable to authenticate at present", f"PLAIN {_OK}", program="Exim 4.96")},
    ],
    passes=[
        {"wire": _tried(f"CRAM-MD5 {_OK}", f"PLAIN {_OK}")},
        {"wire": _tried(f"CRAM-MD5 {_NO}", f"PLAIN {_OK}")},
        {"wire": _tried(f"PLAIN {_NO}")},
    ],
    refs=("RFC 4954 section 4",),
)
def one_mechanism_fails(wire: Wire) -> Findings:
    """One mechanism fails where others of its kind succeed with the same name and password.

    Its plug-in is broken, its secret was not stored with the others (SCRAM, OTP), its realm differs (DIGEST-MD5), or it
    has a store of its own. A client that prefers it fails, and does not try another.

    Advice: see the log for the mechanism's name; fix it or take it off the list that the server offers.
    """
    for t in _tries(wire):
        good = t.mechs("ok")
        alike = {m for m in t.failed_though_others_went_well if _challenges(m) and not any(map(_challenges, good))}
        alike |= {m for m in t.failed_though_others_went_well if m in PLAINTEXT and PLAINTEXT.isdisjoint(good)}
        # those of a whole kind are judged by their kind, where the other kind shows that the password is right
        judged = alike if any(map(_challenges, good)) or not PLAINTEXT.isdisjoint(good) else set()
        for c in t.some("refused", "fault") if good else ():
            if c.mechanism not in judged:
                yield found(
                    f"{t.endpoint}: {c.mechanism} fails for {t.who}, {' '.join(good)} succeed: {c.outcome[1][:100]}",
                    evidence=[c.evidence("> AUTH", "=== outcome"), *t.evidence("ok")[:1]],
                    fix=_who_knows(t.first.server),
                    advice=_SERVICE if _kind(*c.outcome) == "fault" else None,
                    endpoint=t.endpoint,
                    mechanism=c.mechanism,
                )


@check(
    "WIRE054",
    "login-service-fails",
    "error",
    rung="verifier",
    role="symptom",
    scope=("listener",),
    fails=[
        {"wire": _tried("PLAIN later 454 4.7.0 Temporary authentication failure", program="Postfix")},
        {"wire": _tried("PLAIN failed 535 5.7.8 Error: authentication failed: generic failure", program="Postfix")},
    ],
    passes=[
        {"wire": _tried(f"PLAIN {_NO}")},
        {"wire": _tried("PLAIN failed 535 5.7.8 Error: authentication failed: (reason unavailable)", program="x")},
        {"wire": _tried("CRAM-MD5 later 454 4.7.0 no", f"PLAIN {_OK}")},
    ],
    refs=("RFC 4954 section 6: 454 Temporary authentication failure",),
)
def login_service_fails(wire: Wire) -> Findings:
    """The server cannot say whether the login is right: what it asks does not answer.

    4xx, or "generic failure", speaks of the server and not of the user: saslauthd or Dovecot's auth service does not
    run or its socket cannot be reached, the database of users is unreadable, or too many logins failed before.

    Advice: start the service and see who may reach its socket (saslauthd: /run/saslauthd/mux; Dovecot:
    private/auth below Postfix's queue), or install the plug-in that reads the users (Cyrus SASL's sasldb); the server's
    log names it.
    """
    for t in _tries(wire):
        bad = t.some("fault")
        if bad and not t.by_kind.get("ok"):
            yield found(
                f"{t.endpoint} cannot judge the login of {t.who} by {' '.join(t.mechs('fault'))}: "
                f"{bad[0].outcome[1][:120]}".rstrip("."),
                evidence=t.evidence("fault"),
                fix=[inspect("df -h")] if _FULL.search(bad[0].outcome[1]) else _who_knows(t.first.server),
                advice=_MAKE_ROOM if _FULL.search(bad[0].outcome[1]) else None,
                endpoint=t.endpoint,
            )


_FULL = re.compile(r"^452\b|disk space|system storage", re.IGNORECASE)
_MAKE_ROOM = "Make room on the server, first where its queue lies: it takes no work before that."


_NOT_LET = {
    "policy": (
        "the server takes no ordinary password",
        "Use a password made for one application, or a token (XOAUTH2), or have logins by SMTP switched on for this "
        "account: large providers demand one of these.",
    ),
    "tls": (
        "it wants TLS first",
        "Use STARTTLS or port 465; if STARTTLS is not offered there, that is the fault to fix.",
    ),
    "offer": (
        "it does not take this mechanism",
        "Take a mechanism that EHLO names. One that is named and refused was lost after the start: see the log for a "
        "plug-in that cannot be loaded, and restart the server.",
    ),
}


@check(
    "WIRE055",
    "login-not-let",
    "error",
    rung="offer",
    role="symptom",
    scope=("listener",),
    fails=[
        {"wire": _tried("PLAIN failed 534 5.7.9 Application-specific password required")},
        {"wire": _tried("PLAIN failed 538 5.7.11 Encryption required for requested authentication mechanism")},
        {"wire": _tried("CRAM-MD5 failed 504 5.3.3 AUTH mechanism CRAM-MD5 not available")},
    ],
    passes=[{"wire": _tried(f"PLAIN {_OK}")}, {"wire": _tried(f"PLAIN {_NO}")}],
    refs=("RFC 4954 section 6: 530, 534, 538", "RFC 5321 section 4.2.4: 503, 504"),
)
def login_not_let(wire: Wire) -> Findings:
    """The server refuses the way of logging in, before it looks at the password.

    It wants TLS, another mechanism, or another sort of password; the account may be in order.

    Advice: do what the reply says: TLS first, a mechanism from the server's list, a password for one application.
    """
    for t in _tries(wire):
        for kind, (what, advice) in _NOT_LET.items():
            if bad := t.some(kind):
                yield found(
                    f"{t.endpoint} does not let {t.who} log in by {' '.join(t.mechs(kind))}: {what} "
                    f"({bad[0].outcome[1][:100].rstrip('.')})",
                    evidence=t.evidence(kind),
                    advice=advice,
                    severity=_not_let_severity(t, kind, bad[0]),
                    endpoint=t.endpoint,
                    reason=kind,
                )


def _not_let_severity(t: _Tries, kind: str, c: Conversation) -> Severity | None:
    """Where another mechanism goes well, or the refused one was never offered, it is no fault that stops anybody."""
    never_offered = kind == "offer" and c.hello is not None and c.mechanism not in c.hello.auth
    return "warning" if t.by_kind.get("ok") or never_offered else None


@check(
    "WIRE056",
    "server-not-proven",
    "error",
    rung="verifier",
    role="symptom",
    scope=("listener",),
    fails=[{"wire": _tried("SCRAM-SHA-256 unproven the server's signature is wrong")}],
    passes=[{"wire": _tried(f"SCRAM-SHA-256 {_OK}")}],
    refs=("RFC 5802 section 3: the client must verify the server's signature", "RFC 2831 section 2.1.3: rspauth"),
)
def server_not_proven(wire: Wire) -> Findings:
    """The server says that the login went well, and did not prove that it knows the secret.

    With SCRAM and DIGEST-MD5 the server proves itself too. One that cannot has another secret, is broken, or is not the
    server: somebody in between who lets everybody in, to see what they send.

    Advice: probe from another network and compare the certificates; if they are the same, store the user's password
    anew on the server.
    """
    for t in _tries(wire):
        if bad := t.some("unproven"):
            yield found(
                f"{t.endpoint} accepts {t.who} by {' '.join(t.mechs('unproven'))} without proof that it knows the "
                f"secret: {bad[0].outcome[1][:100]}".rstrip("."),
                evidence=t.evidence("unproven"),
                endpoint=t.endpoint,
            )


@check(
    "WIRE057",
    "login-dialogue-broken",
    "warning",
    rung="mechanism",
    role="symptom",
    scope=("listener", "mechanism"),
    fails=[{"wire": _tried("DIGEST-MD5 broken the server's challenge is no base64")}],
    passes=[{"wire": _tried(f"DIGEST-MD5 {_OK}")}],
    refs=("RFC 4954 section 4", "RFC 2831", "RFC 5802"),
)
def login_dialogue_broken(wire: Wire) -> Findings:
    """What the server sends within a login is not what the mechanism demands.

    The client breaks off: a plug-in of another version, a proxy that rewrites, or a mechanism that was switched on and
    never set up.

    Advice: update or fix the mechanism on the server, or take it off the list that it offers.
    """
    for t in _tries(wire):
        for c in t.some("broken"):
            yield found(
                f"{t.endpoint}: {c.mechanism} cannot be gone through with: {c.outcome[1][:120]}".rstrip("."),
                evidence=[c.evidence("> AUTH", "334", "=== outcome")],
                severity=None if t.by_kind.get("ok") else "error",
                endpoint=t.endpoint,
                mechanism=c.mechanism,
            )


@check(
    "WIRE058",
    "login-name-lacks-its-realm",
    "error",
    rung="account",
    role="symptom",
    scope=("listener",),
    fails=[{"wire": _tried(f"PLAIN {_NO}") + _tried(f"PLAIN {_OK}", user="test@mail.example.com")}],
    passes=[
        {"wire": _tried(f"PLAIN {_OK}", user="test@mail.example.com")},
        {"wire": _tried(f"PLAIN {_NO}") + _tried(f"PLAIN {_NO}", user="test@mail.example.com")},
    ],
    refs=("libsasl: lib/canonusr.c and auxprop: user and realm are looked up together",),
)
def login_name_lacks_its_realm(wire: Wire) -> Findings:
    """The name alone is refused, and with a realm behind it (name@realm) the same password is taken.

    The server looks for the bare name in another realm than the one in which the user was made; mail programs that are
    told the bare name cannot log in.

    Advice: log in with the whole name, or let the server look in that realm (sendmail: confAUTH_REALM; Postfix:
    smtpd_sasl_local_domain; Dovecot: auth_default_realm), or make the user in the realm in which it looks.
    """
    tries = list(_tries(wire))
    refused = {(t.endpoint, t.user): t for t in tries if _plainly_refused(t)}
    for t in tries:
        bare = refused.get((t.endpoint, _bare(t.user)))
        if "@" in t.user and t.by_kind.get("ok") and bare is not None:
            realm = t.user.partition("@")[2]
            yield found(
                f"{t.endpoint} refuses {bare.who} and takes {t.who}: it looks for the bare name in another realm",
                evidence=[*bare.evidence("refused")[:2], *t.evidence("ok")[:1]],
                fix=_realm(t.first.server, realm),
                endpoint=t.endpoint,
            )


def _realm(server: str, realm: str) -> list[Step]:
    return {
        "sendmail": [edit("/etc/mail/sendmail.mc", "define(`confAUTH_REALM', `{realm}')dnl", realm=realm)],
        "postfix": [SetPostfix("smtpd_sasl_local_domain", realm if is_plain(realm) else "REALM"), Restart("postfix")],
    }.get(server, [])


@check(
    "WIRE059",
    "scram-iterations-too-few",
    "warning",
    rung="account",
    role="symptom",
    scope=("listener",),
    fails=[
        {"wire": _tried("SCRAM-SHA-256 weak the server asks for fewer than 1000 iterations")},
        {"wire": _tried(f"SCRAM-SHA-1 {_OK}") + "=== weak fewer than 4096 iterations"},
    ],
    passes=[{"wire": _tried(f"SCRAM-SHA-256 {_OK}")}],
    refs=("RFC 7677 section 4: at least 4096 iterations", "RFC 5802 section 5.1 and section 9"),
)
def scram_iterations_too_few(wire: Wire) -> Findings:
    """The server asks for fewer than 4096 iterations of SCRAM.

    Whoever sees the client's answer, or the stored keys, tries passwords on it that much faster; a server that only
    poses as one asks for few to find out the password. Below 1000, and below 4096 without TLS, no answer was given.

    Advice: store the passwords anew with more iterations (Cyrus SASL: scram_iteration_counter in Sendmail.conf or
    smtpd.conf; Dovecot: doveadm pw -r). Where the server is not known to be set up so, compare its certificate from
    another network first: it may be another one.
    """
    for ports, _ in wire.together((c, c.outcome[0] == "weak" or bool(c.noted("weak")) or None) for c in wire.logins):
        answered = any(c.outcome[0] != "weak" for c in ports.all)
        yield found(
            f"{ports.endpoint} asks for too few iterations in {' '.join(dict.fromkeys(c.mechanism for c in ports.all))}"
            + ("" if answered else "; no answer was given"),
            evidence=ports.evidence("> AUTH", "=== weak", "=== outcome"),
            endpoint=ports.endpoint,
        )

"""LOGIN: what came of the logins that the mail server's log tells of, since it was started."""

import re

from maildoctor.api import Findings, check, found, shown
from maildoctor.api.host import LoginHistory

_PATH = "# path: /var/log/mail.log\n# since: 2026-11-22T08:00:00Z\n"
_FAILED = (
    "Nov 22 09:00:0{n} mail sm-mta[7]: 6AM7x0000007: AUTH failure ({mech}): {words}, user={user}, "
    "relay=client.example.com [192.0.2.9]"
)
_DONE = (
    "Nov 22 09:00:03 mail sm-mta[8]: AUTH=server, relay=client.example.com [192.0.2.9], authid=bob, mech=CRAM-MD5, "
    "bits=0"
)


def _failed(n: int, mech: str, words: str = "authentication failure (-13) SASL(-13)", user: str = "bob") -> str:
    return _FAILED.format(n=n, mech=mech, words=words, user=user)


_REFUSAL = re.compile(r"ruleset=(\w{1,40}).{0,600}?, reject=(.{1,200})")
"""sendmail: srvrsmtp.c and headers.c, sm_syslog of a rule set's answer"""
_MANY = 3
"""Wrong passwords of one user may be that user's doing; so many failures and no success are not."""


@check(
    "LOGIN001",
    "every-login-fails",
    "error",
    rung="account",
    role="symptom",
    scope=("user",),
    shows=("login-fails",),
    fails=[
        {"history": _PATH + "\n".join(_failed(n, "PLAIN") for n in range(3))},
        {"history": _PATH + _failed(1, "LOGIN", "generic failure (-1) SASL(-1): checkpass failed")},
    ],
    passes=[
        {"history": _PATH + "\n".join([*(_failed(n, "PLAIN") for n in range(3)), _DONE])},
        {"history": _PATH + "\n".join(_failed(1, "PLAIN", user=f"guess{n}") for n in range(30))},
        {"history": _PATH + _failed(1, "PLAIN")},
    ],
    refs=("sendmail: sendmail/srvrsmtp.c, `AUTH failure` and `AUTH=server`; postfix: smtpd/smtpd_sasl_glue.c",),
)
def every_login_fails(history: LoginHistory) -> Findings:
    """Since the mail server was started, every login failed.

    One user may have forgotten a password; where nobody gets in, something that all of them need is broken.

    Advice: see the cause above, if one is found; else log in once by hand, by each mechanism, and read what the log
    says at that moment. Where the password is right and refused all the same, the account may be locked in its store,
    which answers as for a wrong password: faillock --user NAME (PAM), pwdAccountLockedTime (LDAP), chage -l NAME.
    """
    if history.succeeded:
        last = max((r for r in history.by_mechanism.values() if r.succeeded), key=lambda r: r.succeeded)
        yield shown(f"{history.succeeded} logins went well", *history.evidence(last.success))
        return
    server = sum(r.by_the_server for r in history.by_mechanism.values())
    if not history.failed or (not server and (history.failed < _MANY or history.guessed_at)):
        return
    by = " ".join(r.mechanism for r in history.by_mechanism.values() if r.failed and r.mechanism)
    many = "1 login" if history.failed == 1 else f"all {history.failed} logins"
    who = history.only_user
    yield found(
        f"Since the mail server was started {many} failed{f' ({by})' if by else ''}, and none went well"
        + (f": only {who} tried" if who else ""),
        severity=None if server or history.insistent >= _MANY else "warning",
        evidence=[e for r in history.by_mechanism.values() if r.failed for e in history.evidence(r.failure)][:3],
        log=history.path,
        **({"user": who} if who else {}),  # type: ignore[arg-type]
    )


@check(
    "LOGIN002",
    "mechanism-fails-for-all",
    "error",
    rung="account",
    role="symptom",
    scope=("mechanism",),
    shows=("login-fails",),
    fails=[
        {"history": f"{_PATH}{_failed(1, 'PLAIN')}\n{_DONE}"},
        {"history": f"{_PATH}{_failed(1, 'PLAIN', 'generic failure (-1) SASL(-1)', 'eve')}\n{_DONE}"},
    ],
    passes=[
        {"history": f"{_PATH}{_failed(1, 'PLAIN', user='eve')}\n{_DONE}"},
        {"history": f"{_PATH}{_failed(1, 'CRAM-MD5')}\n{_DONE}"},
    ],
    refs=("sendmail: sendmail/srvrsmtp.c, `AUTH failure` and `AUTH=server`; libsasl: include/sasl.h, result codes",),
)
def one_mechanism_fails(history: LoginHistory) -> Findings:
    """Nobody gets in by a mechanism, though the same users get in by others, or the server itself fails at it.

    A client takes the strongest mechanism it knows, and most do not try another when it fails.

    Advice: make the mechanism work, or take it off the list of those that are offered.
    """
    if not history.succeeded:
        return
    for r in history.failing():
        yield found(
            f"Logins by {r.mechanism} fail ({r.failed} of {r.failed + r.succeeded}), by other mechanisms they go well",
            evidence=history.evidence(r.failure),
            mechanism=r.mechanism,
        )


@check(
    "LOGIN003",
    "refused-after-login",
    "error",
    rung="policy",
    role="symptom",
    shows=("refused-after-login",),
    fails=[
        {
            "history": f"{_PATH}{_DONE}\nNov 22 09:00:03 mail sm-mta[8]: 6AM7x0000008: ruleset=check_rcpt, "
            "arg1=<a@example.net>, relay=client.example.com [192.0.2.9], reject=550 5.7.1 <a@example.net>... Relaying "
            "denied"
        }
    ],
    passes=[
        {"history": f"{_PATH}{_DONE}"},
        {
            "history": f"{_PATH}{_DONE}\nNov 22 09:00:03 mail sm-mta[9]: 6AM7x0000009: ruleset=check_rcpt, "
            "arg1=<a@example.net>, relay=client.example.com [192.0.2.9], reject=550 5.7.1 <a@example.net>... Relaying "
            "denied"
        },
    ],
    refs=("sendmail: sendmail/srvrsmtp.c, `ruleset=check_rcpt`; cf/m4/proto.m4, check_rcpt and Rcheckrelay",),
)
def refused_after_login(history: LoginHistory) -> Findings:
    """Whoever logs in is refused all the same when it comes to sending.

    The login itself goes well; a rule set, the access map or a filter turns the sender or the recipient away.

    Advice: see the cause above, if one is found; else compare the line of the refusal with the rules that apply after
    login: mechanisms trusted to relay, the access map, filters.
    """
    if history.refused:
        said = _REFUSAL.search(history.refused)
        by = f" by the rule set {said[1]}: {said[2]}" if said else ""
        yield found(
            f"Clients that logged in are refused when they send{by}",
            evidence=history.evidence(history.refused),
            log=history.path,
        )
    elif history.taken:
        yield shown("mail was taken after login", *history.evidence(history.taken))

"""SASL: commands of a login that smtpd hides from clients or answers without doing anything."""

from maildoctor.api import Findings, Restart, check, found
from maildoctor.api.postfix import Postfix, Smtpd, confined, needs_tls, set_postfix

_MAIN = "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n{}"
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n"
_TLS = "smtpd_tls_security_level = may\nsmtpd_tls_auth_only = yes\n"
_KEYWORDS = "smtpd_discard_ehlo_keywords"


@check(
    "SASL086",
    "postfix-login-command-without-effect",
    "error",
    rung="offer",
    role="cause",
    scope=("listener", "client"),
    explains=("no-offer", "no-starttls", "login-fails", "WIRE020", "WIRE023", "WIRE003"),
    fails=[
        {"postfix": _MAIN.format(_TLS + "smtpd_discard_ehlo_keywords = silent-discard, starttls\n") + _MASTER},
        {"postfix": _MAIN.format("smtpd_noop_commands = auth\n") + _MASTER},
        {"postfix": _MAIN.format("") + _MASTER + " -o smtpd_forbidden_commands=CONNECT,GET,AUTH\n"},
        {
            "postfix": _MAIN.format(
                "smtpd_tls_security_level = may\nsmtpd_discard_ehlo_keywords = starttls, chunking\n"
            )
            + _MASTER
        },
    ],
    passes=[
        {"postfix": _MAIN.format("smtpd_discard_ehlo_keywords = chunking, dsn\n" + _TLS) + _MASTER},
        {"postfix": _MAIN.format("smtpd_noop_commands = xfoo\n") + _MASTER},
        {"postfix": _MAIN.format("smtpd_discard_ehlo_keywords = starttls\n").replace("= yes", "= no") + _MASTER},
    ],
    refs=("postfix: smtpd/smtpd.c, ehlo_cmd() and smtpd_proto(): smtpd_noop_commands, smtpd_forbidden_commands",),
)
def login_command_without_effect(postfix: Postfix) -> Findings:
    """A setting hides STARTTLS from clients, or keeps smtpd from obeying a command of a login.

    smtpd_discard_ehlo_keywords with starttls leaves the word out of the answer to EHLO: mail programs begin no TLS, and
    where AUTH is offered in TLS only they never see it. A command of smtpd_noop_commands is answered "250 2.0.0 Ok" and
    not done; one of smtpd_forbidden_commands ends the connection (221).

    Advice: take the word out of the setting, and reload Postfix.
    """
    rows: dict[tuple[str, str], list[Smtpd]] = {}
    for smtpd in postfix.logins:
        for option, words in (
            (_KEYWORDS, ("starttls",)),
            ("smtpd_noop_commands", ("auth", "starttls", "ehlo")),
            ("smtpd_forbidden_commands", ("auth", "starttls", "ehlo")),
        ):
            has = {w.lower() for w in smtpd.value(option).replace(",", " ").split()}
            for word in words:
                if word in has:
                    rows.setdefault((option, word), []).append(smtpd)
    for (option, word), services in rows.items():
        first = services[0]
        rest = [w for w in first.value(option).replace(",", " ").split() if w.lower() != word]
        hides = option == _KEYWORDS
        lost = any(needs_tls(s) for s in services)
        what = (
            f"{option} has {word}: STARTTLS is not shown"
            + (", and AUTH is offered in TLS only: nobody can log in" if lost else ", so passwords go in clear")
            if hides
            else f"{option} has {word}: smtpd does not obey that command, so nobody can log in"
        )
        yield found(
            what,
            evidence=[first.evidence(option)],
            fix=[*dict.fromkeys(set_postfix(s, option, ",".join(rest)) for s in services), Restart("postfix")],
            severity="warning" if hides and not lost else None,
            option=option,
            **({"client": "without TLS"} if hides and not lost else {}),  # type: ignore[arg-type]
            **confined(services, postfix.logins),  # type: ignore[arg-type]
        )

"""CONF: whether Postfix is to let users log in at all."""

from collections.abc import Sequence

from maildoctor.api import (
    AddPostfixService,
    Findings,
    Install,
    Restart,
    SetPostfix,
    Step,
    Unknown,
    WriteFile,
    check,
    found,
)
from maildoctor.api.host import Listeners, Services
from maildoctor.api.postfix import Postfix

_SWITCH = "smtpd_sasl_auth_enable"

_MASTER = """
==> /etc/postfix/master.cf <==
smtp      inet  n       -       y       -       -       smtpd
#submission inet n       -       y       -       -       smtpd
#  -o smtpd_sasl_auth_enable=yes
"""
_STOCK = (
    """version: 3.7.11
==> /etc/postfix/main.cf <==
smtpd_tls_cert_file = /etc/ssl/certs/ssl-cert-snakeoil.pem
smtpd_tls_key_file = /etc/ssl/private/ssl-cert-snakeoil.key
smtpd_tls_security_level = may
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination"""
    + _MASTER
)


@check(
    "CONF029",
    "postfix-auth-not-set-up",
    "warning",
    rung="offer",
    role="cause",
    explains=("no-offer",),
    fails=[
        {"postfix": _STOCK},
        {"postfix": _STOCK, "services": "service: postfix\nbeside: dovecot"},
        {"postfix": "smtpd_sasl_auth_enable = no\ncyrus_sasl_config_path = /etc/postfix/sasl"},
    ],
    passes=[
        {"postfix": "smtpd_sasl_auth_enable = yes" + _MASTER},
        {"postfix": _STOCK.replace("#", "")},
        {"postfix": "smtpd_sasl_auth_enable = no\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth"},
        {"postfix": "myhostname = mail.example.com" + _MASTER.replace("#submission", "submission")},
        {
            "postfix": _STOCK,
            "services": "service: sendmail\nservice: postfix",
            "listeners": "0.0.0.0 25 40 sendmail-mta",
        },
        {"postfix": "relayhost = [smtp.example.com]:587\nsmtp_sasl_auth_enable = yes" + _MASTER},
        {"postfix": "mydestination =\n==> /etc/postfix/master.cf <==\npickup unix n - y 60 1 pickup"},
    ],
    refs=("Postfix: SASL_README, Enabling SASL authentication in the Postfix SMTP server; smtpd/smtpd_sasl_glue.c",),
)
def postfix_auth_not_set_up(postfix: Postfix, services: Services | Unknown, listeners: Listeners | Unknown) -> Findings:
    """SMTP AUTH is not set up here: no smtpd service of Postfix offers it (smtpd_sasl_auth_enable).

    Off is Postfix's default: a host that only takes mail for its own domain, or only sends, needs no more. Users whose
    mail programs hand in mail here from elsewhere find no way to log in.

    Advice: if users are to log in here, say who checks their passwords (smtpd_sasl_type: Dovecot, or libsasl), switch
    AUTH on within TLS, offer it on port 587, and run maildoctor check again, which leads on from there.
    """
    if postfix.logins or postfix.is_yes(_SWITCH) or postfix.meant_for_logins:  # the latter: see CONF045
        return
    if postfix.master is not None and not postfix.smtpd:
        return
    if postfix.is_yes("smtp_sasl_auth_enable"):  # it logs in elsewhere, and need not let anybody in
        return
    if isinstance(services, Services) and isinstance(listeners, Listeners) and services.idle("postfix", listeners):
        return
    setting = postfix.main.parameters.get(_SWITCH)
    word = f"{_SWITCH} = {setting.value}" if setting else f"{_SWITCH} is not set, and no is the default"
    yield found(
        f"SMTP AUTH is not set up here: {word}",
        evidence=[postfix.main.evidence(_SWITCH)],
        fix=_set_up(postfix, services.beside if isinstance(services, Services) else None),
        path=postfix.main.path,
    )


_LISTENER = (
    "service auth {",
    "  unix_listener /var/spool/postfix/private/auth {",
    "    mode = 0660",
    "    user = postfix",
    "    group = postfix",
    "  }",
    "}",
    "auth_mechanisms = plain login",
)
"""Postfix's SASL_README, Configuring Dovecot SASL; the same in Dovecot 2.3 and 2.4."""


def _set_up(postfix: Postfix, beside: Sequence[str] | None) -> Sequence[Step]:
    """By Dovecot where it is installed and saslauthd is not, else by libsasl, with the package that has its programs;
    AUTH in TLS only."""
    steps: list[Step] = []
    if beside is not None and "saslauthd" not in beside:
        if "dovecot" in beside:
            steps += [
                WriteFile("/etc/dovecot/conf.d/99-postfix-auth.conf", _LISTENER),
                Restart("dovecot"),
                SetPostfix("smtpd_sasl_type", "dovecot"),
                SetPostfix("smtpd_sasl_path", "private/auth"),
            ]
        else:
            steps.append(Install("saslauthd"))
    steps += [SetPostfix(name, "yes") for name in ("smtpd_tls_auth_only", _SWITCH) if not postfix.is_yes(name)]
    if postfix.master is not None and not any(s.port == 587 for s in postfix.smtpd):
        steps.append(_submission(postfix))
    return [*steps, Restart("postfix")]


def _submission(postfix: Postfix) -> Step:
    """The service of port 587, in the root in which that of port 25 works."""
    chroot = next((s.service.chroot for s in postfix.smtpd if s.port == 25), "-")
    options = (
        ("syslog_name", "postfix/submission"),
        ("smtpd_tls_security_level", "encrypt"),
        ("smtpd_client_restrictions", "permit_sasl_authenticated,reject"),
    )
    return AddPostfixService("submission/inet", f"submission inet n - {chroot} - - smtpd", options)

"""CONF: whether Postfix is to let users log in at all."""

from maildoctor.api import Findings, LoginService, Unknown, Wanted, check, found, known
from maildoctor.api.cyrus import SaslConf
from maildoctor.api.host import Listeners, Services, System
from maildoctor.api.postfix import Postfix, set_up_postfix

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
        {"postfix": _STOCK, "system": "ID=debian"},
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
def postfix_auth_not_set_up(
    postfix: Postfix,
    services: Services | Unknown,
    listeners: Listeners | Unknown,
    system: System | Unknown,
    service: LoginService | Unknown,
    conf: SaslConf | Unknown,
) -> Findings:
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
    beside = services.beside if isinstance(services, Services) else None
    realm = service.realm if isinstance(service, LoginService) else "REALM"
    yield found(
        f"SMTP AUTH is not set up here: {word}",
        evidence=[postfix.main.evidence(_SWITCH)],
        fix=set_up_postfix(Wanted("postfix"), known(system), beside, postfix, known(conf), realm=realm).steps,
        path=postfix.main.path,
    )

"""Postfix as one fact: what each smtpd service works with."""

from maildoctor.facts.postfix.server import Postfix

HOST = """\
version: 3.7.11
built: USE_SASL_AUTH USE_TLS
==> /etc/postfix/main.cf <==
compatibility_level = 3.6
smtpd_sasl_auth_enable = no
smtpd_tls_auth_only = yes
==> /etc/postfix/master.cf <==
smtp       inet  n  -  y  -  -  smtpd
submission inet  n  -  -  -  -  smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
192.0.2.1:2525 inet n - - - - smtpd
"""


def test_each_service_has_its_own_settings() -> None:
    postfix = Postfix.parse(HOST)
    smtp, submission, extra = postfix.smtpd
    assert (smtp.port, submission.port, extra.port, extra.address) == (25, 587, 2525, "192.0.2.1")
    assert (smtp.chrooted, submission.chrooted) == (True, False)
    assert postfix.logins == (submission,)
    assert (smtp.value("smtpd_sasl_type"), submission.value("smtpd_sasl_type")) == ("cyrus", "dovecot")
    assert submission.value("smtpd_sasl_tls_security_options") == "noanonymous"
    assert submission.evidence("smtpd_sasl_type").source == "/etc/postfix/master.cf:4"
    assert submission.evidence("smtpd_tls_auth_only").text == "smtpd_tls_auth_only = yes"

"""How severe a finding is: an error is what keeps users out, a risk or a part is a warning."""

import pytest

from maildoctor.library import load_library

CHECKS = {c.code: c for c in load_library().checks}


@pytest.mark.parametrize(
    ("client", "severity"),
    [
        ("", "error"),
        ("10.77.9.9", "error"),
        ("192.168", "error"),
        ("172.20.1", "error"),
        ("localhost", "error"),
        ("ipv6:fd12:3456", "error"),
        ("203.0.113", "warning"),
        ("172.200.1", "warning"),
        ("1.2.3.4", "warning"),
        ("spammers.example.net", "warning"),
        ("ipv6:2001:db8:1", "warning"),
    ],
)
def test_auth_switched_off_for_a_foreign_net_is_a_warning(client: str, severity: str) -> None:
    maps = f"[map access] hash /etc/mail/access\nentry: srv_features:{client}\tA"
    (finding,) = CHECKS["MAP005"].on({"maps": maps})
    assert (finding.severity, finding.labels) == (severity, {"client": client or "all"})


@pytest.mark.parametrize("host", ["smtp.example.org", "box7.example.com"])
def test_a_certificate_for_another_name_is_a_warning(host: str) -> None:
    """It may be an alias by which clients know the host, and clients that do not verify names log in."""
    tls = (
        "now: 2026-06-01T00:00:00Z\n[certificate] /etc/mail/host.pem\nsubject: CN=mail.example.com\n"
        "name: mail.example.com\nnot before: 2026-01-01T00:00:00Z\nnot after: 2028-01-01T00:00:00Z\n"
    )
    (finding,) = CHECKS["TLS004"].on(
        {"cf": "O ServerCertFile=/etc/mail/host.pem", "tls": tls, "names": f"hostname: {host}"}
    )
    assert (finding.severity, CHECKS["TLS004"].severity) == ("warning", "warning")


HEAD = "=== connect 192.0.2.1:587 auto for mail.example.com\n=== purpose look\n<-  220 mail.example.com ESMTP Postfix\n"


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        ("PLAIN LOGIN", "the password can be read on the way"),
        ("XOAUTH2", "the token can be read on the way"),
        ("OAUTHBEARER XOAUTH2", "the token can be read on the way"),
        ("LOGIN XOAUTH2", "the password or token can be read on the way"),
    ],
)
def test_what_is_sent_in_clear_is_called_by_its_name(offered: str, words: str) -> None:
    ehlo = f"{HEAD} -> EHLO x.invalid\n<-  250-mail.example.com\n<-  250-STARTTLS\n<-  250 AUTH {offered}\n -> QUIT"
    (finding,) = CHECKS["WIRE011"].on({"wire": ehlo})
    assert words in finding.message
    (finding,) = CHECKS["WIRE023"].on({"wire": ehlo.replace("<-  250-STARTTLS\n", "")})
    assert ("passwords cross" in finding.message) is ("LOGIN" in offered)
    assert ("tokens" in finding.message) is ("LOGIN" not in offered)

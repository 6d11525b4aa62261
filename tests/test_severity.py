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

"""What checks of users say where saslauthd, not the sasldb, checks passwords."""

from typing import Any

import pytest

from maildoctor.facts import Absent, Unknown
from maildoctor.facts.login_history import LoginHistory
from maildoctor.library import load_library
from maildoctor.model import Finding

CHECKS = load_library().checks
EMPTY = "# path: /etc/sasldb2\n# format: Berkeley DB hash version 9\n# backend: berkeley\n# empty"
PLUGINS = "directory: /usr/lib/sasl2\n" + "".join(
    f"plugin: /usr/lib/sasl2/lib{name}.so -> /usr/lib/sasl2/lib{name}.so\nELF 64-bit LSB shared object, x86-64\n"
    for name in ("plain", "crammd5")
)
PAM = "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam"


def of(code: str, **sample: str) -> list[Finding]:
    (check,) = (c for c in CHECKS if c.code == code)
    return check.on(sample)


@pytest.mark.parametrize("saslauthd", [PAM, 'MECHANISMS="pam"', ""])
def test_an_empty_sasldb_does_not_keep_users_of_saslauthd_out(saslauthd: str) -> None:
    sample = {"sasldb": EMPTY, "conf": "pwcheck_method: saslauthd", "saslauthd": saslauthd}
    (finding,) = of("USER002", service="wanted\nmechanisms: PLAIN LOGIN DIGEST-MD5", **sample)
    assert finding.severity == "info"
    assert "nobody can log in by DIGEST-MD5; saslauthd checks PLAIN and LOGIN" in finding.message
    assert of("USER002", service="wanted\nmechanisms: PLAIN LOGIN GSSAPI", **sample) == []


def test_an_empty_sasldb_keeps_everybody_out_where_it_is_asked() -> None:
    asked = {"sasldb": EMPTY, "service": "wanted\nmechanisms: PLAIN LOGIN"}
    by_sasldb = {"conf": "pwcheck_method: saslauthd", "saslauthd": PAM.replace("pam", "sasldb")}
    for sample in ({"conf": "pwcheck_method: auxprop"}, by_sasldb):
        (finding,) = of("USER002", **asked, **sample)
        assert finding.severity == "error" and "so nobody can log in" in finding.message


def test_a_challenge_that_saslauthd_cannot_serve_concerns_this_mechanism() -> None:
    (finding,) = of("MECH008", service="mechanisms: CRAM-MD5 PLAIN", conf="pwcheck_method: saslauthd", plugins=PLUGINS)
    assert finding.labels["mech"] == "CRAM-MD5" and "PLAIN" not in finding.message.partition(" offered")[0]


def test_users_that_the_log_shows_need_a_plug_in_even_where_the_database_cannot_be_read() -> None:
    check = next(c for c in CHECKS if c.code == "MECH001")
    sample = check.fails[0]
    known: dict[str, Any] = {
        p.name: p.fact.parse(sample[p.name]) if p.name in sample else Absent("none") for p in check.parameters
    }
    known["sasldb"] = Unknown("permission denied reading /etc/sasldb2", "run as root")
    assert not [f for f in check.findings(known) if isinstance(f, Finding)]
    known["history"] = LoginHistory.parse(
        "Nov 22 09:00:03 mail sm-mta[8]: AUTH=server, relay=pc.example.com [192.0.2.9], authid=test, "
        "mech=DIGEST-MD5, bits=0"
    )
    assert [f.labels["mech"] for f in check.findings(known) if isinstance(f, Finding)] == ["CRAM-MD5"]

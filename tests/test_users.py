"""What checks of users say where saslauthd, not the sasldb, checks passwords."""

import pytest

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

"""Whom Dovecot refuses or lets in for what stands beside the password."""

import pytest

from maildoctor.facts.dovecot.logins import TriedNames
from maildoctor.facts.dovecot.settings import Dovecot
from maildoctor.facts.dovecot.users import DovecotUser, PasswdFiles
from maildoctor.facts.login_history import LoginHistory
from maildoctor.host.passwd_file import users

HEAD = "version: {}\n==> /etc/dovecot/dovecot.conf <==\n"
OLD, NEW = HEAD.format("2.3.21"), HEAD.format("2.4.1") + "dovecot_config_version = 2.4.0\n"


def test_networks_of_an_entry_are_told_and_no_other_value() -> None:
    line = "test:{PLAIN}secret:1000:1000::/home/test::allow_nets=127.0.0.0/8,192.0.2.0/24,local user=other nopassword=y"
    (row,) = users(line)
    assert row == "test\tPLAIN\ttext\tallow_nets=127.0.0.0/8,192.0.2.0/24,local user nopassword"
    user = PasswdFiles.parse(f">> file: /u\n{row}").all["/u"].users["test"]
    assert user.fields == ("allow_nets", "user", "nopassword")
    assert user.is_let_in_from("192.0.2.9") and not user.is_let_in_from("198.51.100.1")
    assert user.is_let_in_from("unknown")
    assert not user.is_let_in_from("2001:db8::1")


@pytest.mark.parametrize(
    ("scheme", "version", "known"),
    [
        ("PLAINTEXT", (2, 3), False), ("SHA512-CRYPT", (2, 3), True), ("SSHA.B64", (2, 3), True),
        ("SSHA.B32", (2, 3), False), ("NTLM", (2, 3, 21), True), ("NTLM", (2, 4, 1), False),
        ("SCRAM-SHA-256", (2, 3, 9), False), ("SCRAM-SHA-256", (), True), ("", (2, 3), True),
    ],
)  # fmt: skip
def test_schemes_that_a_release_knows(scheme: str, version: tuple[int, ...], known: bool) -> None:
    assert DovecotUser("a", scheme, "text").is_known_scheme("CRYPT", version) is known


def test_what_no_scheme_is_serves_nothing_and_is_another_fault() -> None:
    assert DovecotUser("a", "PLAINTEXT", "text").serves("CRAM-MD5", "CRYPT")
    assert not DovecotUser("a", "SHA512-CRYPT", "sha512").serves("CRAM-MD5", "CRYPT")


@pytest.mark.parametrize(
    ("text", "how", "lets_in"),
    [
        (OLD + "passdb {\n driver = static\n args = nopassword=y\n}\n", "nopassword", True),
        (OLD + "passdb {\n driver = static\n args = password=x proxy=y\n}\n", "password", True),
        (OLD + "passdb {\n driver = static\n args = proxy=y\n}\n", "", True),
        (OLD + "passdb {\n driver = static\n master = yes\n args = nopassword\n}\n", "nopassword", False),
        (OLD + "passdb {\n driver = static\n result_success = continue\n args = nopassword\n}\n", "nopassword", False),
        (NEW + "passdb static {\n fields {\n  nopassword = yes\n }\n}\n", "nopassword", True),
        (NEW + "passdb static {\n fields {\n  nopassword = no\n }\n}\n", "", True),
        (NEW + "passdb static {\n password = x\n}\n", "password", True),
        (NEW + "passdb static {\n passdb_static_password = x\n}\n", "password", True),
    ],
)
def test_static_passdbs(text: str, how: str, lets_in: bool) -> None:
    (passdb,) = Dovecot.parse(text).passdbs
    assert (passdb.takes_any_password, passdb.lets_in) == (how, lets_in)


def test_whence_a_name_was_refused_and_that_no_name_is_none() -> None:
    line = (
        "Nov 22 08:00:01 m postfix/smtpd[9]: warning: pc[{}]: SASL PLAIN authentication failed: x, sasl_username={}\n"
    )
    tried = TriedNames.parse(line.format("192.0.2.1", "test") + line.format("192.0.2.2", "(unavailable)"))
    assert set(tried.failed) == {"test"}
    assert not LoginHistory.parse(line.format("192.0.2.2", "(unavailable)")).only_user
    assert tried.address("test") == "192.0.2.1" and not tried.address("anna")

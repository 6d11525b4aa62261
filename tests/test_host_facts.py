"""Facts of the host round the mail server: addresses, name switch, OpenSSL, copies of secrets, libsasl."""

from pathlib import Path

import pytest

from maildoctor.collect.system import mail_daemons
from maildoctor.facts.addresses import Addresses
from maildoctor.facts.exposed import is_copy
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.name_switch import NameSwitch
from maildoctor.facts.names import Names
from maildoctor.facts.openssl_conf import OpensslConf
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.host import NoAnswer
from maildoctor.host.rooted import Rooted
from maildoctor.sasldb.entries import source
from maildoctor.sasldb.listing import _untypable

_HEAD = "# release: 3.5.1\n# path: /etc/ssl/o.cnf\nopenssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"


@pytest.mark.parametrize(
    ("word", "lacks"),
    [
        ("192.0.2.25", "192.0.2.25"),
        ("198.51.100.7", ""),
        ("[198.51.100.7]", ""),
        ("::", ""),
        ("127.0.0.9", ""),
        ("IPv6:2001:db8::1", "2001:db8::1"),
        ("mail.example.com", "192.0.2.25"),
        ("both.example.com", ""),
        ("nowhere.example.com", ""),
        ("", ""),
    ],
)
def test_an_address_that_is_not_here(word: str, lacks: str) -> None:
    names = Names.parse(
        "hostname: mail\n192.0.2.25 mail.example.com\n192.0.2.25 both.example.com\n198.51.100.7 both.example.com"
    )
    assert Addresses.parse("127.0.0.1\n198.51.100.7\n::1").lacks(word, names) == lacks


def test_of_several_lines_of_a_database_the_last_counts_and_actions_are_no_services() -> None:
    switch = NameSwitch.parse("passwd: files\npasswd: sss [NOTFOUND=return] db # files\n>> missing: sss")
    assert switch.databases["passwd"].services == ("sss", "db")
    assert switch.works("passwd") == ("db",)
    assert switch.works("group") == ("files",)


def test_only_the_section_that_system_default_names_counts() -> None:
    conf = OpensslConf.parse(_HEAD + "TLS.MinProtocol = TLSv1.2\n[d]\nMinProtocol = x")
    assert [(c.name, c.line, c.problem) for c in conf.commands] == [("MinProtocol", 7, "")]
    assert conf.versions == ("TLSv1.2", "TLSv1.3")
    assert not conf.is_fatal
    assert OpensslConf.parse("config_diagnostics = 1\n" + _HEAD).is_fatal


@pytest.mark.parametrize(
    "line", ["MinProtocol = TLS1.2", "Options = Foo", "Nonsense = x", "CipherString = X@SECLEVEL=7"]
)
def test_what_openssl_refuses(line: str) -> None:
    assert OpensslConf.parse(_HEAD + line).commands[0].problem


@pytest.mark.parametrize(
    ("name", "of", "copy"),
    [
        ("sasldb2.bak", "sasldb2", True),
        ("sasldb2~", "sasldb2", True),
        ("sasldb2.2024-01-31", "sasldb2", True),
        (".authinfo.swp", "authinfo", True),
        ("authinfo.db.old", "authinfo", True),
        ("saslauthd.conf.dpkg-old", "saslauthd.conf", True),
        ("saslauthd-old.conf", "saslauthd.conf", True),
        ("authinfo.db", "authinfo", False),
        ("sasldb2", "sasldb", False),
        ("sasldb2.md", "sasldb2", False),
    ],
)
def test_copies(name: str, of: str, copy: bool) -> None:
    assert is_copy(name, of) is copy


@pytest.mark.parametrize(
    ("password", "shape"),
    [
        (b"secret\r", " (ends in a carriage return)"),
        (b"secret\n", " (ends in a line feed)"),
        (b"sec\0ret", " (has a NUL in it)"),
        (b"secret ", " (ends in a blank)"),
        (b"sec ret", ""),
    ],
)
def test_a_password_that_nobody_can_type_is_told_by_its_flaw_alone(password: bytes, shape: str) -> None:
    assert _untypable(password) == shape


def test_of_the_virtusertable_only_refusals_are_shown() -> None:
    rows = source(b"@example.com error:nouser 550 No such user\nann@example.com ann\n", lambda _: "t", "virtuser")
    assert rows == "@example.com\tt\terror:nouser 550\nann@example.com\tt\taddress\n"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (b"\0/etc/sasl2:/usr/lib/sasl2\0/usr/local/lib/sasl2\0", "/etc/sasl2:/usr/lib/sasl2 /usr/local/lib/sasl2"),
        (b"\0/usr/lib/sasl2:/etc/sasl2\0/usr/lib/sasl2\0", "/usr/lib/sasl2:/etc/sasl2 /usr/lib/sasl2"),
        (b"\0/etc/sasl2:/usr/lib/sasl2\0", "/etc/sasl2:/usr/lib/sasl2 /usr/lib/sasl2"),
        (b"\0/etc/sasl2\0/opt/lib/sasl2\0/dev/null\0", "/etc/sasl2 /opt/lib/sasl2"),
        (b"\0/dev/null\0", ""),
    ],
)
def test_the_folders_that_are_compiled_into_a_libsasl(tmp_path: Path, texts: bytes, said: str) -> None:
    (tmp_path / "libsasl2.so.2").write_bytes(b"\x7fELF" + texts)
    answer = Rooted(str(tmp_path)).ask("folders", "/libsasl2.so.2")
    found = "" if isinstance(answer, NoAnswer) else " ".join(row.partition(": ")[2] for row in answer.splitlines())
    assert found == said


def test_a_server_that_offers_nothing_of_use_until_it_does() -> None:
    text = (
        "Oct  4 10:11:12 mail sm-mta[1]: AUTH=client, available mechanisms= do not fulfill requirements\n"
        "Oct  4 10:11:12 mail sm-mta[1]: AUTH=client, relay=hub.example.com., temporary failure, connection abort"
    )
    assert set(LoginHistory.parse(text).unfit) == {"hub.example.com"}
    later = "\nOct  4 10:12:12 mail sm-mta[2]: AUTH=client, relay=hub.example.com., mech=PLAIN, bits=0"
    assert not LoginHistory.parse(text + later).unfit


POSTFIX = "/usr/lib/postfix/sbin"
RUNNING = Processes.parse(
    f"334 root 100.0 {POSTFIX}/master {POSTFIX}/master -w\n519 postfix 900.0 {POSTFIX}/smtpd smtpd -n smtp -t inet\n"
    "77 root 5.0 /usr/sbin/exim4 /usr/sbin/exim4 -bd\n40 root 50.0 /usr/sbin/sendmail sendmail: accepting connections"
)


@pytest.mark.parametrize(
    ("holder", "first"),
    [("334 master", 100.0), ("519 smtpd", 100.0), ("40 sendmail-mta", 50.0), ("77 exim4", 5.0), ("1 unknown", 5.0)],
)
def test_a_mail_server_runs_since_its_parent_does_whoever_is_named_as_the_holder_of_its_port(
    holder: str, first: float
) -> None:
    daemons = mail_daemons(RUNNING, Listeners.parse(f"0.0.0.0 25 {holder}\n:: 25 {holder}"))
    assert min(p.started for p in daemons) == first

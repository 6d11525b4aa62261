"""sendmail.cf, against what sendmail 8.17.1 said of the same lines (`sendmail -C FILE -d37.1 -bt`)."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.facts.cyrus.conf import Setting
from maildoctor.facts.sendmail.cf import (
    DEFAULT_AUTH_MECHANISMS,
    DONT_BLAME,
    NO_LIMIT,
    OPTIONS,
    Account,
    ClassFile,
    Daemon,
    SendmailCf,
    SmartHost,
    SubmitCf,
)
from maildoctor.library import load_library
from maildoctor.model import Finding

CHECKS = load_library().checks
BUILT = Path(__file__).parent.parent / "fixtures" / "cf"

HAND_MADE = """\
# path: /etc/mail/sendmail.cf
V10/Berkeley
# a comment
  goes on DX here
DSrelay:[hub.example.com]
D{long}one # not two
D{long}two
Dj$w.example.com
Cwlocalhost example.com
C{w}mail.example.com
Troot daemon
C{TrustAuthMech}PLAIN LOGIN
C{TrustAuthMech} CRAM-MD5
Fw-o /etc/mail/local-host-names %[^\\#]
F{R}/etc/mail/relay-domains
Kauthinfo hash -o -T<TMPF> "/etc/mail/authinfo"
Kdequote dequote
K domains regex -a.:NO: -s1,2 (.*)
O LogLevel=14
OQ/var/spool/mqueue
Or5m
O Timeout.auth=3m
O  Timeout.auth=9m
O privacyoptions=authwarnings, needmailhelo,noexpn
Op goaway,wrong
HReceived: $?sfrom $s $.by $j
\t$?{auth_type}(authenticated)$.
\tid $i
H?M?Message-Id: <$t.$i@$j>
H*: $>CheckHeader
Mlocal, P=/usr/bin/procmail, F=lsDFMAw5:/|@q, A=procmail -a $h
Mrelay,\tP=[IPC], A=TCP $h
Xmilter, S=local:/run/m.sock, F=T
Qgroup, P=/var/spool/q
Pjunk=-100
EAGENT=maildoctor
SLocal_trust_auth
Strust_auth
R$* $| $={TrustAuthMech}\t$# RELAY
Sauthinfo=98
R$*\t$: <$&{server_name}>
Sauthinfo
R<$*>\t$@ $1
"""


def cf(*lines: str) -> SendmailCf:
    return SendmailCf.parse("V10/Berkeley\n" + "\n".join(lines) + "\n")


def test_every_kind_of_line() -> None:
    got = SendmailCf.parse(HAND_MADE)
    assert got.path == "/etc/mail/sendmail.cf"
    assert (got.level, got.vendor) == (10, "Berkeley")
    assert got.macro("X") is None
    assert got.macro("{long}") == Setting("two", 6)
    assert got.class_("w") == ("localhost", "example.com", "mail.example.com")
    assert got.class_("t") == ("root", "daemon")
    assert got.trusted_mechs == ("PLAIN", "LOGIN", "CRAM-MD5")
    assert got.class_files == (
        ClassFile("w", "/etc/mail/local-host-names", True, "%[^#]", 13),
        ClassFile("R", "/etc/mail/relay-domains", False, "%s", 14),
    )
    authinfo = got.maps["authinfo"]
    assert (authinfo.type, authinfo.flags, authinfo.path) == ("hash", ("-o", "-T<TMPF>"), "/etc/mail/authinfo")
    assert (got.maps["dequote"].path, got.maps["domains"].path) == ("", "")
    assert got.log_level == 14
    assert got.option("LOGLEVEL") == Setting("14", 18)
    assert got.queue_directory == "/var/spool/mqueue"
    assert got.value("Timeout") == "5m"
    assert got.value("timeout.AUTH") == "3m"
    assert got.privacy == {"authwarnings", "needmailhelo", "noexpn", "goaway"}
    assert got.unknown_privacy == ("wrong",)
    assert got.received_header == "$?sfrom $s $.by $j $?{auth_type}(authenticated)$. id $i"
    assert got.mailers["local"].path == "/usr/bin/procmail"
    assert got.mailers["relay"].path == "[IPC]"
    assert got.filters["milter"].value == "S=local:/run/m.sock, F=T"
    assert got.rulesets["authinfo"].rules == 2
    assert got.has_rules("Local_trust_auth", "trust_auth")
    assert not got.has_rules("Local_trust_auth", "srv_features")
    assert got.trusted_mechs_rule == 38
    assert [u.name for u in got.unknown_options] == [" Timeout.auth"]
    assert not (got.unknown or got.malformed or got.bad_rules)


def test_defaults() -> None:
    got = SendmailCf.parse("")
    assert got.path == "sendmail.cf"
    assert SubmitCf.parse("").path == "submit.cf"
    assert got.auth_mechanisms == DEFAULT_AUTH_MECHANISMS
    assert got.auth_mechanisms_line is None
    assert got.auth_max_bits == NO_LIMIT
    assert got.log_level == 9
    assert got.trusted_user == "root"
    assert got.daemons == (Daemon("Daemon0", 25, "", None, "inet", frozenset(), None, None),)
    nothing = (got.auth_realm, got.run_as_user, got.smart_host, got.domain_name, got.queue_directory)
    assert nothing == (None, None, None, None, None)
    assert not (got.auth_options or got.trusted_mechs or got.dont_blame or got.privacy or got.alias_files)
    assert not (got.received_header or got.tls_files or got.client_modifiers or got.maps)


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        (["Zx"], "unknown"),
        (["Lfoo"], "unknown"),
        (["Afoo bar"], "unknown"),
        (["{x"], "unknown"),
        (["P nothing"], "unknown"),
        (["", "  indented below an empty line"], "unknown"),
        (["", " "], "unknown"),
        (["Q this is no line"], "malformed"),
        (["Rfoo\tbar"], "malformed"),
        (["S"], "malformed"),
        (["K"], "malformed"),
        (["Kfoo"], "malformed"),
        (["M"], "malformed"),
        (["Hfoo bar"], "malformed"),
        (["V"], "malformed"),
        (["D{}x"], "malformed"),
        (["Sone", "Rfoo bar"], "bad_rules"),
        (["Sone", "Rfoo\t"], "bad_rules"),
        (["Sone", "Rfoo # x\ty"], "bad_rules"),
        (["O NoSuch=1"], "unknown_options"),
        (["O\tAuthRealm=x"], "unknown_options"),
        (["O  AuthRealm=x"], "unknown_options"),
        (["O AuthRealm\t=x"], "unknown_options"),
        (["O Auth=x"], "unknown_options"),
        (["O =x"], "unknown_options"),
        (["OW"], "unknown_options"),
        (["O Timeout.foo=1"], "unknown_options"),
    ],
)
def test_what_sendmail_complains_about(lines: list[str], where: str) -> None:
    got = cf(*lines)
    kept = {
        name: [x.number for x in getattr(got, name)]
        for name in ("unknown", "malformed", "bad_rules")
        if getattr(got, name)
    }
    kept |= {"unknown_options": [u.line for u in got.unknown_options]} if got.unknown_options else {}
    assert kept == {where: [2 if len(lines) == 1 or not lines[0] else 3]}


@pytest.mark.parametrize(
    "line",
    [
        "Ex",
        "Troot",
        "OMjmail.example.com",
        "Og10",
        "O authmech=x",
        "O Milter.macros.x=y",
        "Qname",
        "Qname, P=/q, F=f",
        "O AuthRealm",
        "H?P?Return-Path: <$g>",
        "S98",
        "# x",
        "Sfoo bar",
        "O LogLevel.x = 9",
    ],
)
def test_what_sendmail_swallows(line: str) -> None:
    got = cf(line)
    assert not (got.unknown or got.malformed or got.bad_rules or got.unknown_options)


def test_lines_of_sun_need_its_vendor_code() -> None:
    assert not SendmailCf.parse("V10/Sun\nLmmap.x\nG{c}x\n").unknown


def test_comments_behind_a_line_need_level_3() -> None:
    assert cf("DSfoo # x", r"DTa\#b", "DU$# x").macros == {
        "S": Setting("foo", 2),
        "T": Setting("a#b", 3),
        "U": Setting("$# x", 4),
    }
    assert SendmailCf.parse("DSfoo#x\n").macros["S"].value == "foo#x"


def test_line_numbers_behind_folded_lines_and_crlf() -> None:
    got = SendmailCf.parse("V10\r\nHA: b\r\n\tc\r\n\td\r\nO LogLevel=11\r\n")
    assert got.option("LogLevel") == Setting("11", 5)


def test_abbreviations_are_written_out() -> None:
    assert cf("O AuthMech=PLAIN").auth_mechanisms == ("PLAIN",)


def test_unknown_options_have_a_suggestion() -> None:
    (unknown,) = cf("O AuthMechanism_s=PLAIN").unknown_options
    assert unknown.suggestion == "AuthMechanisms"


@pytest.mark.parametrize(
    ("value", "mechanisms"),
    [
        ("PLAIN LOGIN", ("PLAIN", "LOGIN")),
        ("PLAIN  LOGIN ", ("PLAIN", "LOGIN")),
        ("PLAIN,LOGIN", ("PLAIN,LOGIN",)),
        ("PLAIN, LOGIN", ("PLAIN,", "LOGIN")),
        ("PLAIN\tLOGIN", ("PLAIN\tLOGIN",)),
        ("", ()),
    ],
)
def test_auth_mechanisms(value: str, mechanisms: tuple[str, ...]) -> None:
    got = cf("", f"O AuthMechanisms={value}")
    assert got.auth_mechanisms == mechanisms
    assert got.auth_mechanisms_line == 3


@pytest.mark.parametrize(
    ("value", "letters", "troubles"),
    [
        ("A", "A", 0),
        ("A p", "Ap", 0),
        ("A,p,y", "Apy", 0),
        ("pay", "p", 1),
        ("A, p", "A", 1),
        ("A  p", "A", 1),
        ("A,, p", "Ap", 0),
        (",p", "", 1),
        ("q", "", 1),
        ("A,", "A", 0),
        ("", "", 0),
    ],
)
def test_auth_options(value: str, letters: str, troubles: int) -> None:
    got = cf(f"O AuthOptions={value}")
    assert got.auth_options == frozenset(letters)
    assert len(got.auth_option_trouble) == troubles


def test_auth_options_add_up() -> None:
    assert cf("O AuthOptions=A", "O AuthOptions=p").auth_options == {"A", "p"}


@pytest.mark.parametrize(
    ("value", "port", "name", "modifiers"),
    [
        ("Name=MTA", 25, "MTA", ""),
        ("Port=smtp, Name=MTA, M=Aa", 25, "MTA", "Aa"),
        ("Port=submission, Name=MSA, M=Ea", 587, "MSA", "Ea"),
        ("p=465,n=TLS,m=s", 465, "TLS", "s"),
        ("Port=smtps, Modifiers=E a", 465, "Daemon0", "Ea"),
        ("Port=587x", 587, "Daemon0", ""),
        ("Port=0", 25, "Daemon0", ""),
        ("Port=smtp , Name=x", None, "x", ""),
        ("Port=nowhere", None, "Daemon0", ""),
        ("Family=unix, Addr=/run/s", None, "Daemon0", ""),
        ("Family=inet6, Port=25", 25, "Daemon0", ""),
        ("junk", 25, "Daemon0", ""),
    ],
)
def test_daemons(value: str, port: int | None, name: str, modifiers: str) -> None:
    (daemon,) = cf(f"O DaemonPortOptions={value}").daemons
    assert (daemon.port, daemon.name, daemon.modifiers) == (port, name, frozenset(modifiers))


def test_daemon_details() -> None:
    one, two = cf(
        "O DaemonPortOptions=Family=inet, Name=MTA, Addr=192.0.2.1, InputFilters=a;b, M=aA, Q=1, =y, c=3",
        "O DaemonPortOptions=M=aSs",
        "O ClientPortOptions=Family=inet, M=A",
        "O ClientPortOptions=Family=inet6, M=S",
    ).daemons
    assert (one.address, one.filters, one.unknown, one.line) == ("192.0.2.1", "a;b", ("Q=1", "=y"), 2)
    assert (one.auth_off, one.auth_required) == (True, False)
    assert (two.name, two.auth_required, two.starttls_off, two.smtps) == ("Daemon1", True, True, True)
    assert cf("O ClientPortOptions=M=A", "O ClientPortOptions=F=inet6,M=S").client_modifiers == {"A", "S"}


def test_dont_blame_sendmail() -> None:
    got = cf("O DontBlameSendmail=TrustStickyBit,Nonsense", "O DontBlameSendmail=safe, GroupReadableSASLDBFile")
    assert got.dont_blame == {"groupreadablesasldbfile"}
    assert got.unknown_dont_blame == ("nonsense",)
    assert len(DONT_BLAME) == 44


@pytest.mark.parametrize(
    ("value", "account"),
    [("smmta:smmsp", Account("smmta", "smmsp")), ("mail", Account("mail", "")), ("a.b", Account("a", "b")), ("", None)],
)
def test_run_as_user(value: str, account: Account | None) -> None:
    assert cf(f"O RunAsUser={value}").run_as_user == account


@pytest.mark.parametrize(
    ("value", "files"),
    [
        ("/etc/aliases", ("/etc/aliases",)),
        ("hash:/etc/aliases", ("/etc/aliases",)),
        ("hash:-o /etc/a, dbm:/etc/b,/etc/c", ("/etc/a", "/etc/b", "/etc/c")),
        ('ldap:-k "(a=%0,b)" -v x,/etc/c', ("/etc/c",)),
        ("", ("aliases",)),
    ],
)
def test_alias_files(value: str, files: tuple[str, ...]) -> None:
    assert cf(f"O AliasFile={value}").alias_files == files


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("relay:[hub.example.com]", SmartHost("relay", "hub.example.com", True, 2)),
        ("[192.0.2.1]", SmartHost("", "192.0.2.1", True, 2)),
        ("[IPv6:2001:db8::1]", SmartHost("", "IPv6:2001:db8::1", True, 2)),
        ("hub.example.com", SmartHost("", "hub.example.com", False, 2)),
        ("esmtp:a.example.com:b.example.com", SmartHost("esmtp", "a.example.com", False, 2)),
        ("a.example.com:b.example.com", SmartHost("", "a.example.com", False, 2)),
        ("", None),
    ],
)
def test_smart_host(value: str, host: SmartHost | None) -> None:
    assert cf(f"DS{value}").smart_host == host


def test_tls_files() -> None:
    got = cf("O ServerCertFile=/etc/a.pem,/etc/b.pem", "O ServerKeyFile", "O DHParameters=5")
    assert got.tls_files == {"ServerCertFile": ("/etc/a.pem", "/etc/b.pem"), "DHParameters": ("5",)}


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("$w.Foo.COM", "mail.Foo.COM"),
        ("/etc/$j.pem", "/etc/mail.example.com.pem"),
        ("${m}", "example.com"),
        ("$&w", "mail"),
        ("$v", None),
        ("$X", None),
        ("plain", "plain"),
        ("$", None),
    ],
)
def test_macros_are_resolved(text: str, resolved: str | None) -> None:
    assert cf("DX$X").resolve_macros(text, w="mail", m="example.com") == resolved


def test_dj_is_used() -> None:
    assert cf("Dj$w.Foo.COM").resolve_macros("$j", w="mail", m="example.com") == "mail.Foo.COM"


@pytest.mark.parametrize("value", ["$?x a $|b", "a $.", "$|"])
def test_unbalanced_headers(value: str) -> None:
    assert [x.number for x in cf(f"HX-Test: {value}").unbalanced_headers] == [2]


@pytest.mark.parametrize("name", ["debian11-submit", "debian12-server", "debian13-authinfo", "rhel-like"])
def test_built_files_are_understood_whole(name: str) -> None:
    got = SendmailCf.parse((BUILT / f"{name}.cf").read_text())
    assert not (got.unknown or got.malformed or got.bad_rules or got.unknown_options)
    assert not (got.unbalanced_headers or got.unknown_dont_blame or got.unknown_privacy)
    assert got.trusted_mechs_rule
    assert got.has_rules("trust_auth")
    assert "{auth_type}" in got.received_header


def test_a_built_server() -> None:
    got = SendmailCf.parse((BUILT / "debian12-server.cf").read_text())
    assert [(d.name, d.port, d.auth_required) for d in got.daemons] == [("MTA-v4", 25, False), ("MSP-v4", 587, True)]
    assert got.auth_options == {"A", "p"}
    assert set(got.auth_mechanisms) == set(got.trusted_mechs)
    assert got.tls_files["ServerKeyFile"] == ("/etc/mail/tls/host.key",)
    assert got.trusted_user == "smmta"
    assert got.maps["access"].path == "/etc/mail/access"
    assert not got.has_rules("authinfo", "srv_features") or got.has_rules("srv_features")


def test_a_built_client() -> None:
    got = SendmailCf.parse((BUILT / "debian13-authinfo.cf").read_text())
    assert got.smart_host is not None
    assert (got.smart_host.host, got.smart_host.bracketed) == ("hub.example.com", True)
    assert got.has_rules("authinfo")
    assert got.auth_realm == "foo"


def test_a_normal_file_is_read_fast() -> None:
    text = (BUILT / "debian12-server.cf").read_text()
    start = time.process_time()
    for _ in range(10):
        SendmailCf.parse(text)
    assert (time.process_time() - start) / 10 < 0.008


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "x",
        "\n",
        " ",
        "\n ",
        "#",
        "R\n",
        "Sa\nRb\tc\n",
        "O A=b\n",
        "O ",
        "Hx: $?",
        "M",
        "Ma,",
        "K a",
        "\\#",
        "C{a}b ",
        "\t",
        "O AuthOptions=, ",
        "DS:",
        "Q,",
        "D{",
        "O DaemonPortOptions=P,\n",
        "H?",
        "DS[",
        "Dj$j\n",
        "A=,",
    ],
)
def test_large_files_are_read_in_linear_time(unit: str) -> None:
    text = "V10\n" + unit * (1_000_000 // len(unit))
    start = time.process_time()
    touch(SendmailCf.parse(text))
    assert time.process_time() - start < 4


def touch(got: SendmailCf) -> None:
    for name in dir(type(got)):
        if isinstance(getattr(type(got), name), property):
            getattr(got, name)
    got.resolve_macros("$j$S", w="a", m="b")


@given(
    st.lists(
        st.one_of(
            st.builds(str.__add__, st.sampled_from("RSODCTFKHMPQVXEL# \t"), st.text(max_size=40)),
            st.builds(
                "O {}={}".format,
                st.sampled_from(sorted(OPTIONS)),
                st.text(st.sampled_from('aAp:/,. "-=[]$#\\\t0é'), max_size=20),
            ),
            st.text(max_size=30),
        ),
        max_size=30,
    )
)
def test_any_text_is_read(lines: list[str]) -> None:
    touch(SendmailCf.parse("V10\n" + "\n".join(lines)))


def _findings(code: str, cf: str) -> list[Finding]:
    (check,) = (c for c in CHECKS if c.code == code)
    return check.on({"cf": cf})


def test_the_evidence_of_a_port_is_its_line() -> None:
    line = "DaemonPortOptions=Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1"
    (finding,) = _findings("RUN003", f"# path: /etc/mail/sendmail.cf\nC{{TrustAuthMech}}PLAIN\nO {line}\n")
    assert [(e.source, e.text) for e in finding.evidence] == [("/etc/mail/sendmail.cf:2", f"O {line}")]
    (finding,) = _findings("CONF020", "O DaemonPortOptions=Port=smtp, M=Ea\n")
    assert finding.evidence[0].text == "O DaemonPortOptions=Port=smtp, M=Ea" and "M=Ea" in finding.message


@pytest.mark.parametrize(("code", "letter"), [("CONF005", "A"), ("CONF006", "S")])
def test_a_port_that_gets_its_logins_back_does_not_demand_one_of_everybody(code: str, letter: str) -> None:
    """M=a on port 25 refuses the mail of all other servers."""
    certificate = "O ServerCertFile=/etc/mail/host.pem\n"
    (finding,) = _findings(code, f"{certificate}O DaemonPortOptions=Name=MTA, Port=25, M={letter}")
    assert not re.search(r"M=\w", finding.fix[0].command)
    (finding,) = _findings(code, f"{certificate}O DaemonPortOptions=Name=MSA, Port=587, M=E{letter}")
    # a port for submission goes on to demand a login where A forbade it
    assert ("M=Ea'" if letter == "A" else "M=E'") in finding.fix[0].command

"""sendmail.mc against the sendmail.cf that the real m4 made of it (fixtures/cf), and what m4 does to odd sources."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.facts.sendmail.cf import OPTIONS, SendmailCf
from maildoctor.facts.sendmail.mc import CONF, SendmailMc

BUILT = Path(__file__).parent.parent / "fixtures" / "cf"
PAIRS = ["debian11-submit", "debian12-server", "debian13-authinfo", "rhel-like"]


def pair(name: str) -> tuple[str, str]:
    return (BUILT / f"{name}.mc").read_text(), (BUILT / f"{name}.cf").read_text()


@pytest.mark.parametrize("name", PAIRS)
def test_a_freshly_built_pair_does_not_differ(name: str) -> None:
    mc, cf = pair(name)
    got = SendmailMc.parse(mc)
    assert got.differences(SendmailCf.parse(cf)) == ()
    assert not got.unfinished


@pytest.mark.parametrize(
    ("name", "before", "after", "what"),
    [
        ("debian12-server", "O AuthMechanisms=SCRAM-SHA-512 ", "O AuthMechanisms=", "option AuthMechanisms"),
        ("debian12-server", "O AuthOptions=A p", "O AuthOptions=A, p", "option AuthOptions"),
        ("debian12-server", "O LogLevel=14", "O LogLevel=9", "option LogLevel"),
        ("debian12-server", "O LogLevel=14", "#O LogLevel=14", "option LogLevel"),
        ("debian12-server", "C{TrustAuthMech}", "C{TrustedMech}", "class TrustAuthMech"),
        ("debian12-server", ", M=Ea", ", M=E", "option DaemonPortOptions"),
        ("debian12-server", "Kaccess hash", "Kaccess btree", ""),
        ("debian12-server", "Kaccess", "Kexcess", "map access"),
        ("debian13-authinfo", "Kauthinfo hash /etc/mail/authinfo", "Kauthinfo hash /etc/mail/auth", "map authinfo"),
        ("debian13-authinfo", "DSrelay:[hub.example.com]", "DS", "macro S"),
        ("debian13-authinfo", "O AuthRealm=foo", "O AuthRealm", "option AuthRealm"),
        ("rhel-like", "novrfy,noexpn", "noexpn", "option PrivacyOptions"),
        ("rhel-like", "authwarnings,novrfy,noexpn", "novrfy, noexpn authwarnings", ""),
        ("rhel-like", "O AuthOptions=A p", "o authoptions", "option AuthOptions"),
        ("rhel-like", "O AuthOptions=A p", "O authoptions = p,A", ""),
        (
            "rhel-like",
            "O DaemonPortOptions=Port=smtp,",
            "O DaemonPortOptions=Name=X\nO DaemonPortOptions=Port=smtp,  ",
            "",
        ),
    ],
)
def test_an_edited_cf_differs(name: str, before: str, after: str, what: str) -> None:
    mc, cf = pair(name)
    assert before in cf
    differences = SendmailMc.parse(mc).differences(SendmailCf.parse(cf.replace(before, after)))
    assert [d.what for d in differences] == ([what] if what else [])


def test_a_difference_says_where() -> None:
    mc, cf = pair("debian12-server")
    (found,) = (
        SendmailMc.parse("# path: /etc/mail/sendmail.mc\n" + mc)
        .differences(SendmailCf.parse(cf.replace("O LogLevel=14", "O LogLevel=9")))
    )  # fmt: skip
    assert (found.mc_says, found.cf_says, found.mc_path) == ("14", "9", "/etc/mail/sendmail.mc")
    assert mc.split("\n")[found.mc_line - 1].startswith("define(`confLOG_LEVEL'")
    assert found.cf_line is not None
    assert cf.split("\n")[found.cf_line - 1] == "O LogLevel=14"


@pytest.mark.parametrize(
    ("mc", "value"),
    [
        ("define(`confAUTH_REALM', `x')dnl", "x"),
        ("define(`confAUTH_REALM',`x')define(`confAUTH_REALM',`y')", "y"),
        ("define(confAUTH_REALM, x)", "x"),
        ("define(`confAUTH_REALM', ``a,b'')", "a,b"),
        ("define(`confAUTH_REALM', a,b)", "a"),
        ("define(`confAUTH_REALM',dnl comment, `\n`x')", "x"),
        ("define(`confAUTH_REALM',\n\t`x')", "x"),
        ("define(`confAUTH_REALM')", ""),
        ("define(`confAUTH_REALM', (a, b))", "(a, b)"),
        ("undefine(`confAUTH_REALM')", None),
        ("define(`confAUTH_REALM', `x')\nundefine(`confAUTH_REALM')", None),
        ("divert(-1)\n# it's `fine\ndivert(0)dnl\ndefine(`confAUTH_REALM', `x')", "x"),
        ("changequote([, ])define([confMUST_QUOTE_CHARS], [.'])changequote(`, ')define(`confAUTH_REALM', `x')", "x"),
        ("FEATURE(`access_db')\ndefine(`confAUTH_REALM', `x')\nFEATURE(`use_cw_file')", "x"),
    ],
)
def test_what_is_expected(mc: str, value: str | None) -> None:
    found = [e for e in SendmailMc.parse(mc).expected if e.name == "AuthRealm"]
    assert [e.value for e in found] == [value]


@pytest.mark.parametrize(
    "mc",
    [
        "dnl define(`confAUTH_REALM', `x')",
        "# define(`confAUTH_REALM', `x')",
        "`define(`confAUTH_REALM', `x')'",
        "xdefine(`confAUTH_REALM', `x')",
        "define (`confAUTH_REALM', `x')",
        "define(`confAUTH_REALM', MAIL_SETTINGS_DIR`x')",
        "define(`confAUTH_REALM', defn(`x'))",
        "define(`confAUTH_REALM', `len(abc)')",
        "define(`confAUTH_REALM', `a $1')",
        "define(`confAUTH_REALM', `a # b')",
        "define(`confAUTH_REALM', `/etc/unix/x')",
        "define(`DIR', `/etc')define(`confAUTH_REALM', `DIR/x')",
        "define(`confAUTH_REALM', `x')ifdef(`a', `define(`confAUTH_REALM', `y')')",
        "define(`confAUTH_REALM', `x')include(`/etc/mail/more.m4')",
        "define(`confAUTH_REALM', `x')DOMAIN(`site')",
        "define(`confAUTH_REALM', `x')FEATURE(`ours')",
        "define(`confAUTH_REALM', `x')\nLOCAL_CONFIG\nO AuthRealm=y\n",
        "define(`confAUTH_REALM', `x')define(`ours', `undefine(`confAUTH_REALM')')",
        "define(`confAUTH_REALM', `x')popdef(`confAUTH_REALM')",
        "define(`confAUTH_REALM', `x'",
        "define(`confAUTH_REALM', `x')dnl\n`",
    ],
)
def test_what_is_not_certain(mc: str) -> None:
    assert not [e for e in SendmailMc.parse(mc).expected if e.name == "AuthRealm"]


def test_unquoted_names_that_have_a_value_are_told() -> None:
    got = SendmailMc.parse("include(`/usr/share/sendmail-cf/m4/cf.m4')\ndefine(confLOG_LEVEL, 14)\n")
    assert got.expected == ()
    assert [x.number for x in got.ineffective] == [2]


def test_included_files() -> None:
    mc = (
        "# path: /etc/mail/sendmail.mc\n"
        "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\n"
        "define(`confAUTH_REALM', `first')dnl\n"
        "define(`confLOG_LEVEL', `14')dnl\n"
        "include(`/etc/mail/sasl/sasl.m4')dnl\n"
        "sinclude(`/etc/mail/m4/dialup.m4')dnl\n"
    )
    assert SendmailMc.parse(mc).missing == ("/etc/mail/sasl/sasl.m4", "/etc/mail/m4/dialup.m4")
    assert SendmailMc.parse(mc).expected == ()
    whole = SendmailMc.parse(
        mc
        + "# include: /etc/mail/sasl/sasl.m4\ndnl\ndefine(`confAUTH_REALM', `second')dnl\n"
        + "# include: /etc/mail/m4/dialup.m4\n"
    )
    assert whole.missing == ()
    assert whole.includes[1:] == ("/etc/mail/sasl/sasl.m4", "/etc/mail/m4/dialup.m4")
    assert {(e.name, e.value, e.path, e.line) for e in whole.expected} == {
        ("AuthRealm", "second", "/etc/mail/sasl/sasl.m4", 2),
        ("LogLevel", "14", "/etc/mail/sendmail.mc", 3),
    }


def test_a_file_that_includes_itself() -> None:
    assert SendmailMc.parse("include(`/a')\n# include: /a\ninclude(`/a')\n").missing == ()


def test_the_table_leads_to_real_options() -> None:
    assert {option.partition(".")[0] for option in CONF.values()} <= OPTIONS
    assert CONF["confDEF_AUTH_INFO"] == "DefaultAuthInfo"
    assert len(CONF) == 176


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "x",
        "define(",
        "define(`confAUTH_REALM',`x')",
        "define(`a',`b')\n",
        "`",
        "'",
        "include(`/a')",
        "DAEMON_OPTIONS(`a')",
        "ifdef(`a',`b')",
        "changequote([,])",
        "FEATURE(`x')\n",
        "(",
        "f(",
        "#",
        "dnl ",
        "# include: /a\n",
        "TRUST_AUTH_MECH(`A')",
        "undefine(`confLOG_LEVEL')",
        " ",
        "define(`confLOG_LEVEL', ``a'')",
        "O A=b\n",
        "define(`confLOG_LEVEL',\n",
    ],
)
def test_large_files_are_read_in_linear_time(unit: str) -> None:
    text = unit * (500_000 // len(unit))
    cf = SendmailCf.parse("O DaemonPortOptions=Name=b\n" * 1000)
    start = time.process_time()
    SendmailMc.parse(text).differences(cf)
    assert time.process_time() - start < 4


WORDS = (
    "define( undefine( `confAUTH_REALM' confLOG_LEVEL , ) ` ' dnl # \n ( include(`/a') ifdef( FEATURE(`access_db' "
    "DAEMON_OPTIONS( TRUST_AUTH_MECH( changequote( OSTYPE(x) a $1 é \x00"
)


@given(st.lists(st.sampled_from(WORDS.split(" ")) | st.text(max_size=5), max_size=60))
def test_any_text_is_read(words: list[str]) -> None:
    for text in ("".join(words), " ".join(words)):
        SendmailMc.parse(text).differences(SendmailCf.parse(text))

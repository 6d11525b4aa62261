"""Postfix's configuration: lines joined, references filled in, services taken apart, and what is wrong in it."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.collect.postfix import flags_of_build
from maildoctor.facts.postfix.defaults import default, names, parameter
from maildoctor.facts.postfix.expansion import expand, references
from maildoctor.facts.postfix.logical_lines import BLANKS, logical_lines
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.postfix.tables import PostfixTables, approved, uses

CONFIGURATIONS = Path(__file__).parent.parent / "bench" / "configurations"
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
SERVICE = "smtp inet n - y - - smtpd"
PIECES = st.text(st.sampled_from("ab_ =\t\n#$${}()?:<>=!,\r\0\f-o\u00a0\ufeff/1"), max_size=300)


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


# ---- lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = 1\n  2\n", [(1, "a = 1  2")]),
        ("a = 1\n# c\n\n  2\nb = 3", [(1, "a = 1  2"), (5, "b = 3")]),
        ("a = 1\r\n\r\n  2\r\n", [(1, "a = 1\r  2\r")]),
        ("\f\na\n\vb\n", [(2, "a\vb")]),
        ("", []),
    ],
)
def test_lines_are_joined_as_readllines_does_it(text: str, lines: list[tuple[int, str]]) -> None:
    assert [(line.number, line.text) for line in logical_lines(text)] == lines


@given(PIECES)
@settings(deadline=None)
def test_no_line_is_lost_or_read_twice(text: str) -> None:
    kept = [x for x in text.split("\n") if x.strip(BLANKS) and not x.lstrip(BLANKS).startswith("#")]
    assert "".join(line.text for line in logical_lines(text)) == "".join(kept)
    for line in logical_lines(text):
        assert len(line.starts) == len(line.numbers) and list(line.numbers) == sorted(line.numbers)
        assert all(
            line.line_of(at) == number for at, number in zip(line.starts, line.numbers, strict=True) if line.text
        )


def kinds(main: str = "", master: str = SERVICE, head: str = "version: 3.7.11\n") -> list[tuple[str, int, bool]]:
    text = f"{head}==> /etc/postfix/main.cf <==\n{main}\n==> /etc/postfix/master.cf <==\n{master}\n"
    return [(p.kind, p.line, p.fatal) for p in Postfix.parse(text).problems]


@pytest.mark.parametrize(
    ("main", "found"),
    [
        ("smtpd_sasl_auth_enable yes", [("no-equals", 1, True)]),
        ("= yes", [("no-name", 1, True)]),
        (";smtpd_x = y", [("unknown", 1, False)]),
        (";***", []),  # as the door shows a line that it takes for a remark
        ("relayhost = a\nrelayhost = b", [("overridden", 2, False)]),
        ("relayhost = a\nrelayhost =\n a", []),
        ("  relayhost = a\n more", [("no-head", 1, False)]),
        ("relayhost = a\n#mynetworks =\n  127.0.0.0/8", [("orphan", 3, False)]),
        ("mynetworks =\n  127.0.0.0/8\n# mine\n  192.0.2.1", []),
        ("relayhost = a\0b", [("nul", 1, False)]),
        ("\ufeffrelayhost = a", [("byte-order-mark", 1, False), ("unknown", 1, False)]),
        ("relayhost =\u00a0a", [("not-ascii-blank", 1, False)]),
        ("smtpd_tls_auth_only = true", [("boolean", 1, True)]),
        ("smtpd_tls_auth_only = Yes", []),
        ("smtpd_tls_auth_only =", [("boolean", 1, True)]),
        ("postscreen_use_tls = 1", [("boolean", 1, False)]),
        ("smtpd_soft_error_limit = ten", [("number", 1, True)]),
        ("smtpd_soft_error_limit = 0", [("range", 1, True)]),
        ("smtpd_timeout = 5 m", [("time", 1, True)]),
        ("smtpd_timeout = 5m", []),
        ("smtpd_timeout = ${stress?{10}:{300}}s", []),
        ("smtpd_tls_security_level = may # yes", [("comment-behind", 1, False)]),
        ("mydestination = $nowhere", [("undefined", 1, False)]),
        ("mydestination = ${nowhere?{x}}", []),
        ("mydestination = ${myhostname", [("expansion", 1, True)]),
        ("a = $b\nb = $a\nmydestination = $a", [("expansion", 3, True)]),
        ("compatibility_level = x", [("level", 1, True)]),
        ("inet_interfaces = all, localhost", [("interfaces", 1, True)]),
        ("process_id = 3", [("read-only", 1, False)]),
        ("slow_destination_rate_delay = 1s", [("unknown", 1, False)]),
        ("smtp_destination_rate_delay = 1", []),
    ],
)
def test_what_is_wrong_in_main_cf(main: str, found: list[tuple[str, int, bool]]) -> None:
    master = f"{SERVICE}\nsmtp unix - - y - - smtp\nlocal unix - n n - - local"
    assert kinds(main, master) == found


@pytest.mark.parametrize(
    ("master", "found"),
    [
        ("smtp inet n - y - smtpd", [("fields", 1, True)]),
        ("smtp tcp n - y - - smtpd", [("type", 1, True)]),
        ("smtp inet n - yes - - smtpd", [("flag", 1, True)]),
        ("smtp inet - - y - - smtpd", [("inet-private", 1, True)]),
        ("pickup unix n - y 60s 1 pickup", [("wakeup", 1, True)]),
        ("pickup unix n - y 60? 1 pickup", []),
        ("smtp inet n - y - x smtpd", [("limit", 1, True)]),
        (f"{SERVICE}\n -o smtpd_banner=a b", [("argument", 2, True)]),
        (f"{SERVICE}\n -o smtpd_banner = a", [("option", 2, True), ("argument", 2, True), ("argument", 2, True)]),
        (f"{SERVICE}\n -o", [("option", 2, True)]),
        (f"{SERVICE}\n -o {{ smtpd_banner = a b }} -v", []),
        (f"{SERVICE}\n -o {{ smtpd_banner = a b", [("braces", 2, True)]),
        (f"{SERVICE}\n -osmtpd_banner=a -o smtpd_banner=b", [("option-twice", 2, False)]),
        (f"{SERVICE}\n{SERVICE}", [("service-twice", 2, False)]),
        (f"{SERVICE}\n#submission inet n - y - - smtpd\n  -o smtpd_banner=a", [("orphan", 3, False)]),
        (f"{SERVICE}\n#  -o smtpd_banner=b\n  -o smtpd_banner=a", []),
        (f"{SERVICE}\n -o smtpd_tls_auth_only=on", [("boolean", 2, True)]),
        (f"{SERVICE}\n -o smtp_tls_note_starttls_offer=on", [("boolean", 2, False)]),
        ("x unix - n n - - pipe flags=D user=a argv=/bin/x ${recipient}", []),
    ],
)
def test_what_is_wrong_in_master_cf(master: str, found: list[tuple[str, int, bool]]) -> None:
    assert kinds("compatibility_level = 3.6", master) == found


# ---- references


VALUES = {"a": "1", "empty": "", "b": "$a$a", "level": "3.6", "text": "x y"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$a ${a} $(a) ${ a } $a.b $$a", "1 1 1 1 1.b $a"),
        ("${a?yes}${a:no}${empty?yes}${empty:no}${none:no}", "yesnono"),
        ("${a?{x}:{y}}${empty?{x}:{y}}${none ? {x} : {y}}", "xyy"),
        ("${a?{in $b}:{$none}}", "in 11"),
        ("${{$a} == {1} ? {x} : {y}}${{$a} != {1}?x}${{9} < {10}?{n}:{t}}${{9x} < {10}?{n}:{t}}", "xnt"),
        ("${{$level} >=level {3.10} ? {new} : {old}}${{3.10} >level {3.9}}", "oldtrue"),
        ("${text?a:b}", "a:b"),
        ("${{$text} == {x y}:{z}}|${{a} >= {b}}", "|"),
    ],
)
def test_references_are_filled_in(text: str, value: str) -> None:
    found = expand(text, VALUES.get)
    assert (found.text, found.fault) == (value, "")


@pytest.mark.parametrize(
    "text",
    [
        "${a",
        "$",
        "$ a",
        "${}",
        "${a-b}",
        "${a?{x}y}",
        "${{a} = {b}}",
        "${{a} == b}",
        "${{a} ==levels {b}}",
        "${{x} <level {1}}",
    ],
)
def test_what_postfix_stops_at(text: str) -> None:
    assert expand(text, VALUES.get).fault


def test_a_hundred_references_deep_and_no_more() -> None:
    chain = {f"n{k}": f"$n{k + 1}" for k in range(200)} | {"n200": "end"}
    assert expand("$n101", chain.get).text == "end"
    assert "nesting" in expand("$n0", chain.get).fault
    relations = {f"r{k}": f"${{{{$r{k + 1}}} == {{x}} ? {{a}} : {{b}}}}" for k in range(5000)}
    assert "nesting" in expand("$r0", relations.get).fault


@given(PIECES, st.dictionaries(st.sampled_from(["a", "b", "o", "1"]), PIECES))
@settings(deadline=None)
def test_any_text_is_filled_in_within_bounds(text: str, values: dict[str, str]) -> None:
    found = expand(text, values.get)
    assert len(found.text) <= 64 * 1024
    assert set(found.undefined) <= {*references(text), *(n for v in values.values() for n in references(v)), ""}
    assert all(n not in values for n in found.undefined)


@given(st.text(st.sampled_from("abc xyz,/:.[]@-=\u00e9"), max_size=80))
def test_text_without_references_is_itself(text: str) -> None:
    assert expand(text, VALUES.get).text == text


# ---- services and defaults


@given(PIECES, PIECES)
@settings(deadline=None)
def test_any_configuration_is_read(main: str, master: str) -> None:
    postfix = Postfix.parse(f"==> /main.cf <==\n{main}\n==> /master.cf <==\n{SERVICE}\n{master}")
    assert all(p.path and p.message for p in postfix.problems)
    for settings_of in postfix.services:
        assert isinstance(settings_of.value("smtpd_banner"), str)


def test_a_million_lines_are_read_in_a_moment() -> None:
    began = time.process_time()
    main = PostfixMain.parse("a = b\n" * 300_000 + "relayhost = x\n  y\n" * 100_000 + "no equals\n" * 300_000)
    assert len(main.problems) == 1000 and main.value("relayhost") == "x y"
    assert time.process_time() - began < 20


def test_services_are_taken_apart() -> None:
    (smtp, maildrop) = PostfixMaster.parse(
        "smtp inet n - y 60? 5 smtpd -v -vosyslog_name=x\n  -o { a = b c } -o d=\n"
        "maildrop unix - n n - - pipe\n  flags=D argv={/usr/bin/maildrop} -d {${user} x}\n"
    ).services
    assert dict(smtp.options) == {"syslog_name": "x", "a": "b c", "d": ""}
    assert (smtp.wakeup, smtp.limit, smtp.lines["a"]) == ("60?", "5", 2)
    assert smtp.arguments == ("-v", "-v", "-o", "syslog_name=x", "-o", "a=b c", "-o", "d=")
    assert maildrop.arguments == ("flags=D", "argv={/usr/bin/maildrop}", "-d", "${user} x")


def test_services_that_are_switched_off() -> None:
    text = HOST.replace(
        "compatibility_level", "master_service_disable = submission.inet, !smtp/inet\ncompatibility_level"
    )
    assert [s.name for s in Postfix.parse(text).smtpd] == ["smtp/inet", "192.0.2.1:2525/inet"]
    text = HOST.replace("compatibility_level", "master_service_disable = !smtp/inet inet\ncompatibility_level")
    assert [s.name for s in Postfix.parse(text).smtpd] == ["smtp/inet"]


def test_behind_postscreen_smtpd_has_its_port() -> None:
    master = "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n"
    (smtpd,) = Postfix.parse(f"==> /main.cf <==\na = b\n==> /master.cf <==\n{master}").smtpd
    assert (smtpd.name, smtpd.port) == ("smtpd/pass", 25)


@pytest.mark.parametrize(
    ("version", "level", "chrooted"),
    [("2.11.3", "", True), ("3.4.1", "", True), ("3.4.1", "2", False), ("3.10.1", "3.9", False), ("", "", True)],
)
def test_what_a_dash_for_chroot_means(version: str, level: str, chrooted: bool) -> None:
    main = f"compatibility_level = {level}\n" if level else "a = b\n"
    text = f"version: {version}\n==> /main.cf <==\n{main}==> /master.cf <==\nsmtp inet n - - - - smtpd\n"
    assert Postfix.parse(text).smtpd[0].chrooted is chrooted


def test_defaults_are_those_of_the_release() -> None:
    assert default("smtpd_tls_auth_only", (3, 7, 11)) == "no"
    assert default("smtpd_forbid_bare_newline", (3, 4)) is None
    assert default("smtpd_sasl_type", (3, 7), ("DEF_SERVER_SASL_TYPE=dovecot",)) == "dovecot"
    assert default("daemon_directory", (3, 7), ("DEF_DAEMON_DIR=/usr/lib/postfix/sbin",)) == "/usr/lib/postfix/sbin"
    assert len(names((3, 7, 11))) > 800 and len(names(())) > 880
    known = parameter("smtpd_timeout", ())
    assert known is not None and known.kind == "time"


def test_defaults_by_compatibility_level() -> None:
    def relay(version: str, level: str) -> str:
        return Postfix.parse(f"version: {version}\n==> /main.cf <==\ncompatibility_level = {level}").value(
            "smtpd_relay_restrictions"
        )

    assert relay("3.7.11", "0") == "" and relay("3.7.11", "1").endswith("defer_unauth_destination")
    assert relay("3.1.0", "0").endswith("defer_unauth_destination")


def test_the_build_is_read() -> None:
    made = 'CC = gcc -DUSE_TLS -DDEF_DAEMON_DIR=\\"/usr/lib/postfix/sbin\\" -DHAS_PCRE=2 -DUSE_TLS -I/x'
    assert flags_of_build(made) == ("USE_TLS", "DEF_DAEMON_DIR=/usr/lib/postfix/sbin", "HAS_PCRE=2")


def test_the_configurations_of_the_comparison_are_read() -> None:
    for file in sorted(CONFIGURATIONS.glob("*.cf")):
        Postfix.parse(
            "version: 3.7.11\n" + file.read_bytes().decode("utf-8", "backslashreplace").replace("==> m", "==> /m")
        )


# ---- tables


TABLES = """\
version: 3.7.11
==> /etc/postfix/main.cf <==
virtual_alias_maps = hash:/etc/postfix/virtual, proxy:mysql:/etc/postfix/users.cf
transport_maps = unionmap:{lmdb:/etc/postfix/a,cidr:/etc/postfix/b} inline:{x=hash:/none}
smtpd_sender_login_maps = $virtual_alias_maps
smtp_tls_session_cache_database = btree:/var/lib/postfix/smtp_scache
postscreen_access_list = cidr:/etc/postfix/unread
something = hash:/etc/postfix/own
==> /etc/postfix/master.cf <==
smtp inet n - y - - smtpd
rewrite unix - - y - - trivial-rewrite
cleanup unix n - y - 0 cleanup
submission inet n - y - - smtpd -o smtpd_client_restrictions=check_client_access,hash:/etc/postfix/c
proxymap unix - - n - - proxymap
"""


def test_tables_are_found_where_programs_read_them() -> None:
    found = {(f"{u.type}:{u.path}", u.parameter, u.service, u.proxied) for u in uses(Postfix.parse(TABLES))}
    assert ("hash:/etc/postfix/virtual", "virtual_alias_maps", "", False) in found
    assert ("mysql:/etc/postfix/users.cf", "smtpd_sender_login_maps", "", True) in found
    assert ("lmdb:/etc/postfix/a", "transport_maps", "", False) in found
    assert ("hash:/etc/postfix/c", "smtpd_client_restrictions", "submission/inet", False) in found
    assert not {path for path, *_ in found} & {"cidr:/etc/postfix/unread", "hash:/etc/postfix/own"}
    assert not any("scache" in path for path, *_ in found)
    assert "mysql:/etc/postfix/users.cf" in approved(Postfix.parse(TABLES))


def test_types_that_a_build_knows() -> None:
    tables = PostfixTables.parse("plug-in: lmdb /x.so missing\nplug-in: pcre /y.so there\ndynamicmaps: read\n")
    built = {"USE_DYNAMIC_MAPS", "HAS_LMDB"}
    assert [tables.knows(t, built, (3, 7)) for t in ("hash", "static", "lmdb", "pcre", "ldap")] == [
        True, True, False, True, False,
    ]  # fmt: skip
    assert [tables.knows(t, {"HAS_LDAP", "NO_DB"}, (3, 7)) for t in ("hash", "ldap", "lmdb")] == [False, True, False]
    assert tables.knows("lmdb", (), ()) is None

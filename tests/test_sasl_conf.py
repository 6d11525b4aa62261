"""libsasl's application configuration, against what lib/config.c, server.c and checkpw.c do."""

import gc
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.facts.cyrus.conf import (
    OPTIONS,
    PWCHECK_METHODS_OF_SASL_1,
    SaslConf,
    Setting,
    config_search,
    default_sasldb,
    plugin_search,
)

HEALTHY = """\
# path: /etc/sasl2/Sendmail.conf
# passwords in sasldb
PWCheck_Method: auxprop
auxprop_plugin:sasldb
mech_list: \tSCRAM-SHA-256 DIGEST-MD5\tcram-md5  PLAIN \t
   log_level: 7 and more

"""


def test_a_healthy_file() -> None:
    conf = SaslConf.parse(HEALTHY)
    assert conf.path == "/etc/sasl2/Sendmail.conf"
    assert conf.options["pwcheck_method"] == Setting("auxprop", 2, "PWCheck_Method")
    assert conf.options["auxprop_plugin"] == Setting("sasldb", 3)
    assert conf.mechs == ("SCRAM-SHA-256", "DIGEST-MD5", "cram-md5", "PLAIN")
    assert conf.log_level == 7
    assert conf.auxprop_plugins == ("sasldb",)
    assert not (conf.broken or conf.unknown_options or conf.crlf or conf.overlong or conf.commas_in_mech_list)


def test_defaults() -> None:
    conf = SaslConf.parse("")
    assert conf.path == "Sendmail.conf"
    assert conf.mechs is None
    assert conf.client_mechs is None
    assert conf.pwcheck_methods == ("auxprop",)
    assert conf.auxprop_plugins is None
    assert conf.sasldb_path is None
    assert conf.saslauthd_path is None
    assert conf.log_level == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("pwcheck_method saslauthd", "no colon"),
        ("pwcheck_method=saslauthd", "`=`"),
        ("pwcheck_method = saslauthd", "`=`"),
        ("pwcheck_method : saslauthd", "before the colon"),
        ("pwcheck_method:", "no value"),
        ("pwcheck_method: \t \r", "no value"),
        ("pwcheck.method: saslauthd", "'.'"),
        ("\ufeffpwcheck_method: saslauthd", "cannot be part"),
        ("[main]", "no colon"),
        ("mech", "no colon"),
    ],
)
def test_refused_lines(line: str, problem: str) -> None:
    (broken,) = SaslConf.parse("log_level: 1\n" + line + "\n").broken
    assert broken.number == 2
    assert problem in broken.problem


@pytest.mark.parametrize("line", ["", "   ", "\r", "# comment", "  \t# comment", ":x", "-_9: y", "a:b", "a::b", "a:#"])
def test_accepted_lines(line: str) -> None:
    assert SaslConf.parse(line).broken == ()


def test_the_first_of_several_counts() -> None:
    conf = SaslConf.parse("mech_list: PLAIN\nMECH_LIST: LOGIN\n")
    assert conf.mechs == ("PLAIN",)
    assert conf.repeated == (("mech_list", Setting("LOGIN", 2, "MECH_LIST")),)


def test_commas_glue_mechanisms_together() -> None:
    conf = SaslConf.parse("mech_list: PLAIN, LOGIN,CRAM-MD5")
    assert conf.commas_in_mech_list
    assert conf.mechs == ("PLAIN,", "LOGIN,CRAM-MD5")


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        ("saslauthd", ()),
        ("SASLAUTHD auxprop", ()),
        ("PAM", ("PAM",)),
        ("sasldb", ("sasldb",)),
        ("saslauthd, auxprop", ("saslauthd,",)),
        ("auxprop # users", ("#", "users")),
    ],
)
def test_verifiers(value: str, unknown: tuple[str, ...]) -> None:
    assert SaslConf.parse(f"pwcheck_method: {value}").unknown_pwcheck == unknown


def test_verifiers_of_version_1_are_told_apart() -> None:
    assert "pam" in PWCHECK_METHODS_OF_SASL_1


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("pwcheck-method", "pwcheck_method"),
        ("pwcheck_metod", "pwcheck_method"),
        ("mechlist", "mech_list"),
        ("auxprop_plugins", "auxprop_plugin"),
        ("authdaemon_path", "authdaemond_path"),
        ("scram_iteration_count", "scram_iteration_counter"),
        ("zzz", None),
    ],
)
def test_misspelt_options(name: str, suggestion: str | None) -> None:
    (unknown,) = SaslConf.parse(f"{name}: x").unknown_options
    assert (unknown.name, unknown.suggestion) == (name, suggestion)


def test_crlf_is_told_and_cut() -> None:
    conf = SaslConf.parse("mech_list: PLAIN LOGIN\r\nlog_level: 3\r\n")
    assert conf.crlf
    assert conf.mechs == ("PLAIN", "LOGIN")


def test_a_comment_behind_a_value_belongs_to_it() -> None:
    conf = SaslConf.parse("sasldb_path: /etc/sasldb2 # here\nsql_passwd: a#b\n")
    assert conf.sasldb_path == "/etc/sasldb2 # here"
    assert [name for name, _ in conf.commented_values] == ["sasldb_path"]


def test_a_long_line_is_read_in_pieces() -> None:
    conf = SaslConf.parse("#" + "x" * 4094 + "y\nmech_list: PLAIN\n")
    assert conf.overlong == (1,)
    assert conf.broken[0].number == 1
    assert SaslConf.parse("#" + "x" * 4094 + "\n").broken == ()


def test_who_reads_an_option() -> None:
    conf = SaslConf.parse("sasldb_path: /x\nsql_user: u\nsaslauthd_path: /run/saslauthd/mux\n")
    assert set(conf.options_for("sasldb")) == {"sasldb_path"}
    assert set(conf.options_for("saslauthd")) == {"saslauthd_path"}
    assert OPTIONS["keytab"] == "gssapiv2"


@pytest.mark.parametrize(
    ("distribution", "triplet", "version", "config", "plugins", "sasldb"),
    [
        (
            "debian", "x86_64-linux-gnu", 2,
            ("/etc/sasl2", "/etc/sasl", "/usr/lib/x86_64-linux-gnu/sasl2", "/usr/lib/sasl2"),
            ("/usr/lib/x86_64-linux-gnu/sasl2",), "/etc/sasldb2",
        ),
        (
            "rocky", "x86_64-redhat-linux", 2,
            ("/usr/lib64/sasl2", "/etc/sasl2"), ("/usr/lib64/sasl2",), "/etc/sasldb2",
        ),
        ("fedora", "i686-redhat-linux", 2, ("/usr/lib/sasl2", "/etc/sasl2"), ("/usr/lib/sasl2",), "/etc/sasldb2"),
        ("solaris", "sparc-sun-solaris2.8", 1, ("/usr/lib/sasl",), ("/usr/lib/sasl",), "/etc/sasldb"),
        (
            "freebsd", "amd64-portbld-freebsd14", 2,
            ("/usr/local/lib/sasl2", "/usr/local/etc/sasl2"), ("/usr/local/lib/sasl2",), "/usr/local/etc/sasldb2",
        ),
        ("unheard-of", "", 2, ("/usr/lib/sasl2", "/etc/sasl2"), ("/usr/lib/sasl2",), "/etc/sasldb2"),
    ],
)  # fmt: skip
def test_paths(
    distribution: str, triplet: str, version: int, config: tuple[str, ...], plugins: tuple[str, ...], sasldb: str
) -> None:
    assert config_search(distribution, triplet, version) == config
    assert plugin_search(distribution, triplet, version) == plugins
    assert default_sasldb(distribution, version) == sasldb


@given(st.text(st.sampled_from("ab:#= \t\r\n\0\x0b,_9é\x85\u2028"), max_size=200) | st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    conf = SaslConf.parse(text)
    assert all(s.value.strip(" \t\n\v\f\r") for s in conf.options.values())  # as C's isspace()
    assert isinstance(conf.log_level, int)
    for unknown in conf.unknown_options:
        assert unknown.suggestion in OPTIONS or unknown.suggestion is None


@pytest.mark.parametrize("unit", ["mech_list: PLAIN\n", "a b\n", "x", " ", "é: ", "\n", "k%d: v\n", "#\r\n"])
def test_large_files_are_read_in_linear_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    gc.collect()
    gc.disable()  # what it costs to look through the heap of a test process is not measured
    try:
        start = time.process_time()
        SaslConf.parse(text)
        assert time.process_time() - start < 2
    finally:
        gc.enable()

"""The mechanism matrix: one row a mechanism, and what each kind of client makes of them."""

from dataclasses import replace
from pathlib import Path

from maildoctor.auth.matrix import Sources, matrix, talk_summary
from maildoctor.auth.service import LoginService
from maildoctor.engine import Selection, examine
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.wire import Wire
from maildoctor.host.recording import Replay
from maildoctor.library import load_library
from maildoctor.model import Matrix, Mechanism
from maildoctor.render.matrix import table
from maildoctor.render.style import Style


def plugin(name: str, tail: str = "") -> str:
    path = f"/usr/lib/sasl2/lib{name}.so"
    return f"plugin: {path} -> {path}\nELF 64-bit LSB shared object, x86-64, soname lib{name}.so.2\n{tail}"


SERVICE = LoginService.parse("mechanisms: SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN\nrequires: p\ntrusted: CRAM-MD5 PLAIN")
PLUGINS = Plugins.parse("directory: /usr/lib/sasl2\n" + plugin("crammd5") + plugin("plain") + plugin("login"))
DB = SaslDb.parse("test@mail.example.com: userPassword\n")
LOOK = (
    "=== connect 192.0.2.1:587 auto for mail.example.com\n=== purpose look\n<-  220 mail.example.com ESMTP\n"
    " -> EHLO maildoctor.invalid\n<-  250-mail.example.com\n<-  250-AUTH CRAM-MD5\n<-  250 STARTTLS\n -> STARTTLS\n"
    "<-  220 go\n=== tls TLSv1.3 TLS_AES_256_GCM_SHA384 256 bits\n ~> EHLO maildoctor.invalid\n"
    "<~  250-mail.example.com\n<~  250 AUTH CRAM-MD5 PLAIN LOGIN\n ~> QUIT\n"
)


def login(mechanism: str, outcome: str) -> str:
    return f"=== connect 192.0.2.1:587 auto\n=== purpose login {mechanism}\n=== user test\n=== outcome {outcome}\n"


def rows(made: Matrix | None) -> dict[str, Mechanism]:
    assert made is not None
    return {row.mech: row for row in made.rows}


def test_a_row_holds_what_every_source_says() -> None:
    conf = SaslConf.parse("pwcheck_method: auxprop\nmech_list: CRAM-MD5 PLAIN")
    found = rows(matrix(Sources(SERVICE, conf, PLUGINS, DB, None, Wire.parse(LOOK))))
    cram = found["CRAM-MD5"]
    assert (cram.plugin, cram.configured, cram.listed, cram.trusted) == ("loads", True, True, True)
    assert (cram.offered_plain, cram.offered_tls, cram.secret) == (True, True, True)
    assert cram.users == ("test@mail.example.com",)
    assert (found["PLAIN"].offered_plain, found["PLAIN"].offered_tls) == (False, True)
    assert found["LOGIN"].listed is False
    assert found["SCRAM-SHA-256"].plugin == "missing"


def test_the_verdict_is_the_first_hindrance_of_a_client() -> None:
    wire = Wire.parse(LOOK + login("CRAM-MD5", "ok 235 hello") + login("PLAIN", "failed 535 no"))
    found = rows(matrix(Sources(SERVICE, None, PLUGINS, DB, None, wire)))
    assert found["CRAM-MD5"].verdict == "works"
    assert found["PLAIN"].verdict == "login_fails"
    assert found["SCRAM-SHA-256"].verdict == "no_plugin"
    assert found["LOGIN"].verdict == "may_not_relay"


def test_saslauthd_serves_no_challenge() -> None:
    conf = SaslConf.parse("pwcheck_method: saslauthd")
    none = SaslDb.parse("")
    daemon = Saslauthd.parse("321 root 1790000000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam\n")
    found = rows(matrix(Sources(SERVICE, conf, PLUGINS, none, daemon, Wire.parse(LOOK))))
    assert found["CRAM-MD5"].verdict == "nobody"
    assert found["PLAIN"].secret is True


def test_without_a_word_from_the_wire_nothing_is_claimed_about_it() -> None:
    found = rows(matrix(Sources(SERVICE, None, PLUGINS, DB)))
    assert found["CRAM-MD5"].offered_plain is None
    assert found["CRAM-MD5"].verdict == "would_be_usable"
    assert matrix(Sources()) is None


def test_clients_of_each_kind_are_told_what_they_get() -> None:
    made = matrix(Sources(wire=Wire.parse(LOOK + login("PLAIN", "failed 535 no"))))
    assert made is not None
    said = {s.client: (s.mech, s.verdict) for s in made.strategies}
    assert said == {
        "strongest": ("CRAM-MD5", "usable"),
        "servers_order": ("CRAM-MD5", "usable"),
        "plain_only": ("PLAIN", "login_fails"),
    }


def test_the_table_fits_a_terminal_and_hides_nothing_behind_colour() -> None:
    made = matrix(Sources(SERVICE, None, PLUGINS, DB, None, Wire.parse(LOOK + login("CRAM-MD5", "ok 235"))))
    assert made is not None
    lines = ["".join(text for text, _ in line) for line in table(made, Style(ascii=True))]
    assert all(len(line) <= 80 and line.isascii() for line in lines), lines
    assert lines[0].split()[:3] == ["mechanism", "plug-in", "conf"]
    assert any(line.startswith("CRAM-MD5") and line.endswith("works") for line in lines)
    assert "list" not in lines[0].split()  # nothing is known of mech_list


def test_hostile_names_do_not_reach_the_terminal() -> None:
    hostile = LOOK.replace("CRAM-MD5", "\x1b[31mX")
    made = matrix(Sources(wire=Wire.parse(hostile)))
    assert made is not None
    assert "\x1b" not in "".join(text for line in table(made, Style()) for text, _ in line)


def test_one_line_says_what_came_of_a_conversation() -> None:
    look, fail = Wire.parse(LOOK + login("PLAIN", "failed 535 5.7.8 no")).all
    assert talk_summary(look) == "TLSv1.3, AUTH CRAM-MD5 PLAIN LOGIN, in clear CRAM-MD5"
    assert talk_summary(fail) == "login PLAIN: failed 535 5.7.8 no"
    (refused,) = Wire.parse("=== connect 192.0.2.1:25 auto\n*** refused: nothing listens there").all
    assert talk_summary(refused) == "refused: nothing listens there"


def test_a_login_that_works_at_one_port_only_is_said() -> None:
    other = login("PLAIN", "failed 535 no").replace(":587", ":25")
    found = rows(matrix(Sources(wire=Wire.parse(LOOK + login("PLAIN", "ok 235 hello") + other))))
    assert (found["PLAIN"].login, found["PLAIN"].verdict) == ("ok", "works_not_everywhere")


def test_a_name_with_a_realm_is_not_the_name_that_was_asked_for() -> None:
    guess = login("PLAIN", "ok 235 hello").replace("user test", "user test@mail.example.com")
    found = rows(matrix(Sources(wire=Wire.parse(LOOK + login("PLAIN", "failed 535 no") + guess))))
    assert (found["PLAIN"].login, found["PLAIN"].verdict) == ("failed", "login_fails")


def test_users_of_another_realm_are_not_called_served() -> None:
    sources = Sources(SERVICE, None, PLUGINS, DB, None, Wire.parse(LOOK))
    assert rows(matrix(replace(sources, in_realm=())))["CRAM-MD5"].verdict == "with_realm_only"
    assert rows(matrix(replace(sources, in_realm=DB.users)))["CRAM-MD5"].verdict == "usable"
    assert rows(matrix(sources))["CRAM-MD5"].verdict == "usable"


def test_a_host_whose_users_are_in_another_realm_shows_it_in_the_table() -> None:
    host = Path(__file__).parents[1] / "fixtures" / "user-without-realm"
    made = rows(examine(Replay(str(host)), load_library(), Selection()).matrix)
    assert {row.verdict for row in made.values()} == {"with_realm_only"}


TWO = SERVICE.parse("mechanisms: CRAM-MD5 PLAIN LOGIN\nrequires: p")


def _lines(conf: str, saslauthd: str, db: SaslDb = DB) -> tuple[list[str], dict[str, Mechanism]]:
    made = matrix(Sources(TWO, SaslConf.parse(conf), PLUGINS, db, Saslauthd.parse(saslauthd)))
    assert made is not None
    return ["".join(text for text, _ in line) for line in table(made, Style())], rows(made)


def test_each_store_has_a_line_where_their_users_cannot_use_the_same() -> None:
    lines, found = _lines("pwcheck_method: saslauthd", "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a pam")
    assert found["CRAM-MD5"].stores == ("sasldb",) and found["PLAIN"].stores == ("saslauthd (pam)",)
    assert "users of sasldb: CRAM-MD5" in lines
    assert "users of saslauthd (pam): PLAIN LOGIN; a client that takes CRAM-MD5 fails" in lines
    both, _ = _lines(
        "pwcheck_method: auxprop saslauthd", "MECHANISMS=shadow\n7 root 1.0 /usr/sbin/saslauthd /x -a shadow"
    )
    assert "users of sasldb: CRAM-MD5 PLAIN LOGIN" in both
    assert "users of saslauthd (shadow): PLAIN LOGIN; a client that takes CRAM-MD5 fails" in both


def test_one_store_needs_no_line() -> None:
    for conf, saslauthd in (
        ("pwcheck_method: auxprop", ""),
        ("pwcheck_method: saslauthd", "7 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a sasldb"),
        ("pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN", "7 root 1.0 /usr/sbin/saslauthd /x -a ldap"),
    ):
        lines, _ = _lines(conf, saslauthd)
        assert not any(line.startswith("users of") for line in lines), (conf, lines)


def test_where_processes_are_not_seen_a_verifier_is_not_known_to_be_missing() -> None:
    _, found = _lines("pwcheck_method: saslauthd", "MECHANISMS=pam\nprocesses not seen")
    assert (found["PLAIN"].secret, found["PLAIN"].verdict) == (None, "would_be_usable")
    _, found = _lines("pwcheck_method: saslauthd", "MECHANISMS=pam")
    assert (found["PLAIN"].secret, found["PLAIN"].verdict) == (False, "nobody")

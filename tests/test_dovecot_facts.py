"""Dovecot: its configuration, sockets, users and names, and the two verbs that ask for them."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from maildoctor.collect import knowledge
from maildoctor.engine import Selection, examine
from maildoctor.facts.dovecot.databases import DovecotDatabases, ldap_servers, servers, sql_server
from maildoctor.facts.dovecot.logins import TriedNames
from maildoctor.facts.dovecot.naming import formatted, identity, refused_character
from maildoctor.facts.dovecot.settings import Dovecot
from maildoctor.facts.dovecot.sockets import DovecotSockets, seen_by
from maildoctor.facts.dovecot.tree import matching
from maildoctor.facts.dovecot.users import PasswdFiles
from maildoctor.host.handshake import by_path, by_port
from maildoctor.host.passwd_file import users
from maildoctor.host.rooted import Rooted
from maildoctor.library import load_library

_2_4 = "version: 2.4.1\n==> /d.conf <==\ndovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"


def _read(text: str, version: str = "2.3.19.1") -> Dovecot:
    return Dovecot.parse(f"version: {version}\n==> /d.conf <==\n{text}")


def _says(text: str, version: str = "2.3.19.1") -> list[tuple[str, str, int]]:
    return [(p.kind, p.text, p.line) for p in _read(text, version).problems]


# ---- the configuration: what doveconf says to the same is compared by tests/compare_dovecot.py


def test_a_configuration_of_2_3() -> None:
    found = _read(
        "auth_mechanisms = plain \\\n  login # comment\nauth_default_realm = example.com\n"
        "passdb {\n  driver = passwd-file\n  args = username_format=%n scheme=plain /etc/dovecot/users\n}\n"
        "passdb {\n  driver = pam\n  args = session=yes smtp\n  deny = yes\n}\n"
        "service auth {\n  client_limit = 5000\n  unix_listener private/auth-userdb {\n    mode = 0660\n  }\n"
        "  inet_listener {\n    port = 12345\n  }\n}\n"
    )
    assert found.problems == () and found.mechanisms == ("PLAIN", "LOGIN") and found.realm == "example.com"
    first, second = found.passdbs
    assert (first.path, first.scheme, first.format) == ("/etc/dovecot/users", "PLAIN", "%n")
    assert second.service == "smtp" and second.deny and not second.verifies and found.has_lookup
    assert found.limit("auth", "client_limit", 0) == 5000 and found.limit("auth", "process_limit", 1) == 1
    (mine, inet) = (x for x in found.listeners if not x.builtin)
    assert (mine.path, mine.mode, mine.type) == ("/run/dovecot/private/auth-userdb", 0o660, "userdb")
    assert not mine.speaks_sasl and inet.port == 12345 and inet.speaks_sasl
    assert next(x.path for x in found.listeners if x.builtin) == "/run/dovecot/auth-client"


def test_a_configuration_of_2_4() -> None:
    found = Dovecot.parse(
        f"{_2_4}protocols {{\n  imap = yes\n}}\nauth_mechanisms {{\n  login = yes\n}}\nsql_driver = mysql\n"
        "passdb passwd-file {\n  passwd_file_path = /u\n  default_password_scheme = plain\n}\n"
        "passdb a {\n  driver = pam\n}\npassdb_pam {\n  service_name = smtp\n}\n"
        "service auth {\n  unix_listener /q {\n    type = auth-legacy\n    user = $SET:default_internal_user\n  }\n}\n"
    )
    assert found.problems == () and found.modern and found.protocols == ("imap",)
    assert found.mechanisms == ("PLAIN", "LOGIN")
    assert next((p.driver, p.path, p.scheme) for p in found.passdbs) == ("passwd-file", "/u", "PLAIN")
    (mine,) = (x for x in found.listeners if not x.builtin)
    assert (mine.type, mine.user, mine.mode) == ("auth-legacy", "dovecot", 0o600)
    assert found.value("auth_username_format") == "%{user | lower}"


def test_what_dovecot_would_say() -> None:
    assert _says("auth_mechanism = plain") == [("unknown", "Unknown setting: auth_mechanism", 1)]
    assert _says("service auth {\n  unix_listener x {\n    modus = 1\n  }\n}")[0][1:] == (
        "Unknown setting: service { unix_listener { modus",
        3,
    )
    assert _says("service auth {")[0][1] == "Missing '}' (section started at /d.conf:1)"
    assert _says("!include conf.d/*.conf") == [("no-match", "No matches", 1)] and _says("!include_try x") == []
    assert _says("passdb {\n}")[0][0] == "incomplete" and _says("auth_debug = on")[0][0] == "value"
    assert _says("dovecot_config_version = 2.4.0")[0][0] == "generation"
    assert _says("auth_mechanisms = plain", "2.4.1")[0][0] == "version"
    assert _says("dovecot_config_version = 2.4.0\nauth_debug = yes", "2.4.1")[0][0] == "storage"
    # a plug-in of somebody else may bring it
    assert Dovecot.parse(f"{_2_4}fts_something = 1\nsieve_x y {{\n}}\nsieve_y = 1").problems == ()


def test_includes_in_their_order() -> None:
    files = {
        "d": "!include conf.d/*.conf\nauth_realms = last\n!include {b,a}.conf",
        "conf.d/20": "auth_debug = yes",
        "conf.d/10": "auth_debug = no\nauth_realms = x",
        "conf.d/.old": "nonsense",
        "a": "auth_verbose = yes",
        "b": "!include c.conf",
        "c": "auth_stats = yes",
    }
    found = Dovecot.parse("version: 2.3.19\n" + "".join(f"==> /e/{n}.conf <==\n{text}\n" for n, text in files.items()))
    assert found.problems == () and found.is_yes("auth_debug") and found.value("auth_realms") == "last"
    assert [path[3:-5] for path in found.tree.files] == ["d", "conf.d/10", "conf.d/20", "b", "a", "c"]
    assert found.evidence("auth_debug").source == "/e/conf.d/20.conf:1"
    assert matching("/e/?0.{x,conf}", {"/e/10.conf": "", "/e/f/10.conf": ""}) == ["/e/10.conf"]


@pytest.mark.parametrize(
    "text",
    [
        "a = b\n" * 40_000,
        "service auth {\n" * 20_000,
        "}\n" * 20_000,
        "passdb {\n}\n" * 10_000,
        "auth_realms = $auth_realms x\n" * 5_000,
        "!include_try d.conf\n" * 10_000,
        "x \\\n" * 40_000,
        "a = '" + "\\'" * 40_000,
        "a = " + "'\"" * 40_000,
        "\0\xff\x85\ufeff" * 20_000,
        "{,}" * 20_000,
        "!include " + "{a,b}" * 5_000,
    ],
    ids=range(12),
)
def test_hostile_text_costs_little(text: str) -> None:
    for version in ("2.3.19.1", "2.4.1"):
        began = time.process_time()
        found = _read(text, version)
        assert len(found.problems) <= 50
        assert time.process_time() - began < 6


def test_files_that_include_each_other_twice_are_bounded() -> None:
    files = "".join(f"==> /{n}.conf <==\n!include {n + 1}.conf\n!include {n + 1}.conf\n" for n in range(40))
    found = Dovecot.parse(f"version: 2.3.19\n{files}==> /40.conf <==\nauth_debug = yes\n")
    assert "more than" in found.tree.cut


# ---- names


def test_the_name_that_is_looked_up() -> None:
    assert identity(_read(""), "Test@Example.com") == "test@example.com"
    assert identity(_read("auth_username_format = %Ln"), "Test@Example.com") == "test"
    assert identity(_read("auth_default_realm = b.example"), "a") == "a@b.example"
    assert identity(_read("auth_username_format = %d/%n"), "a@b") == "b/a"
    assert identity(_read("auth_username_format = %{login_user}"), "a") is None
    assert identity(_read("auth_master_user_separator = *"), "a*b") is None
    assert refused_character(_read(""), "a+b") == "+" and not refused_character(_read("auth_username_chars ="), "a+b")
    assert formatted("%{user | username | lower}", "A@B", True) == "a" and formatted("%{user | md5}", "a", True) is None


# ---- users: never a password


def test_users_without_their_passwords() -> None:
    text = (
        "test:{PLAIN}s3cret-Pw:1000:1000::/home/test::nologin userdb_mail=x\nanna:$6$salt$"
        + "a" * 80
        + "\nold:$1$s$h\n"
        "bob:{SSHA.b64}abc\nx:0123456789abcdef0123456789abcdef[34]\n# comment\n:nobody\n\ne:\nl:!\nbad name:x\nn"
    )
    said = list(users(text))
    assert said == [
        "# lines without a user: 3",
        "test\tPLAIN\ttext\tnologin",
        "anna\t-\tsha512",
        "old\tMD5-CRYPT\tmd5",
        "bob\tSSHA.B64\ttext",
        "x\tPLAIN-MD5\thex32",
        "e\t-\tempty",
        "l\t-\tlocked",
        "n\t-\tempty",
    ]
    assert "s3cret" not in "\n".join(said) and "salt" not in "\n".join(said)
    file = PasswdFiles.parse(">> file: /u\n-rw-r----- root dovecot /u\n" + "\n".join(said)).all["/u"]
    assert file.users["bob"].stored("CRYPT") == "SSHA" and file.users["anna"].is_crypted and file.lines_without == 3
    assert not file.users["anna"].serves("CRAM-MD5", "CRYPT") and file.users["test"].serves("SCRAM-SHA-256", "")
    assert file.users["old"].is_weak("") and not file.users["anna"].is_weak("CRYPT")


# ---- the handshake


_GOOD = (
    b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tscram-sha-256\tmutual-auth\nSPID\t7\nCUID\t1\nCOOKIE\tc0ffee\nDONE\n"
)


def _served(tmp_path: Path, behave: Callable[[socket.socket], None]) -> str:
    path = str(tmp_path / "s")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)

    def serve() -> None:
        talk, _ = server.accept()
        try:
            behave(talk)
        except OSError:
            pass
        finally:
            talk.close()
            server.close()

    threading.Thread(target=serve, daemon=True).start()
    said = by_path(path)
    assert isinstance(said, str)
    return said


def test_the_handshake_is_read_to_its_end_and_nothing_more_is_said(tmp_path: Path) -> None:
    sent: list[bytes] = []

    def serve(talk: socket.socket) -> None:
        talk.sendall(_GOOD)
        talk.settimeout(2)
        while piece := talk.recv(4096):
            sent.append(piece)

    said = _served(tmp_path, serve)
    time.sleep(0.05)
    assert said == "connect: ok\nVERSION 1 2\nMECH PLAIN plaintext\nMECH scram-sha-256 mutual-auth\nSPID\nDONE"
    assert b"".join(sent) == b"VERSION\t1\t0\n"
    (found,) = DovecotSockets.parse(f">> socket: /s\nsrw------- root root /s\n{said}").all.values()
    assert found.handshake and found.handshake.ready and list(found.handshake.mechanisms) == ["PLAIN", "SCRAM-SHA-256"]


def test_what_a_stranger_says_does_not_get_out(tmp_path: Path) -> None:
    said = _served(tmp_path, lambda talk: talk.sendall(b"password=x\nMECH\tA B\nVERSION\t9\t9\n\xff\n"))
    assert said.split("\n") == ["connect: ok", "other", "other", "VERSION 9 9", "other", "end: closed"]


def test_one_that_says_nothing_and_one_that_never_ends(tmp_path: Path) -> None:
    began = time.monotonic()
    assert _served(tmp_path, lambda _: time.sleep(3)).endswith("end: no answer") and time.monotonic() - began < 2.9
    (tmp_path / "s").unlink()

    def flood(talk: socket.socket) -> None:
        while True:
            talk.sendall(b"MECH\tA\n" * 500)

    assert _served(tmp_path, flood).endswith("end: too much")


def test_other_machines_are_not_asked() -> None:
    answer = by_port("192.0.2.1:12345")
    assert not isinstance(answer, str) and answer.why == "unavailable"
    closed = by_port("127.0.0.1:1")
    assert closed == "connect: Connection refused"


def test_where_smtpd_looks() -> None:
    assert seen_by("private/auth", "/q", True) == seen_by("private/auth", "/q/", False) == "/q/private/auth"
    assert seen_by("/run/a", "/q", True) == "/q/run/a" and seen_by("unix:/run/a", "/q", False) == "/run/a"
    assert seen_by("inet:127.0.0.1:1", "/q", True) == "127.0.0.1:1"


# ---- databases, names in the log


def test_servers_of_databases() -> None:
    (mysql,) = servers("sql", {"driver": "mysql", "connect": "host=localhost dbname=m"})
    assert "/run/mysqld/mysqld.sock" in mysql.sockets
    (pgsql,) = servers("sql", {"driver": "pgsql", "connect": "host='192.0.2.1' port=5433"})
    assert (pgsql.host, pgsql.port, pgsql.is_local) == ("192.0.2.1", 5433, False)
    assert sql_server("pgsql", "/run/pg").sockets == ("/run/pg/.s.PGSQL.5432",)
    assert [(s.host, s.port) for s in ldap_servers("ldaps://a ldapi:/// [::1]:390")] == [("a", 636), ("::1", 390)]
    found = DovecotDatabases.parse("modules: /m\nmodule: libauthdb_ldap.so\nport: ::1 390")
    assert found.lacks("mysql") and not found.lacks("ldap") and not found.lacks("passwd-file")
    assert [found.is_down(s) for s in ldap_servers("[::1]:390 ldap://localhost ldap://a.example")] == [
        False,
        True,
        None,
    ]


def test_names_that_failed_and_were_not_let_in_later() -> None:
    fail = "m postfix/smtpd[1]: warning: c[192.0.2.1]: SASL PLAIN authentication failed: , sasl_username={}"
    done = "m postfix/smtpd[1]: A: client=c[192.0.2.1], sasl_method=PLAIN, sasl_username={}"
    lines = [fail.format("a@b"), fail.format("c"), done.format("c"), "x" * 5000]
    assert list(TriedNames.parse("\n".join(lines)).failed) == ["a@b"]


# ---- what is collected


def test_the_files_of_a_root_are_found(tmp_path: Path) -> None:
    for name, text in {
        "usr/sbin/dovecot": "\0Dovecot v2.3.19.1 (9b53102964) starting up\0",
        "etc/dovecot/dovecot.conf": "!include conf.d/*.conf\n!include_try /usr/share/dovecot/protocols.d/*.protocol\n",
        "etc/dovecot/conf.d/10-auth.conf": "auth_mechanisms = plain login\n!include auth-file.conf.ext\n",
        "etc/dovecot/conf.d/auth-file.conf.ext": "passdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}\n",
        "etc/dovecot/users": "test:{PLAIN}s3cret-Pw:1000:1000::/home/test\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    know = knowledge(Rooted(str(tmp_path)), lambda _: None)[0]
    found, files = know(Dovecot), know(PasswdFiles)
    assert isinstance(found, Dovecot) and isinstance(files, PasswdFiles)
    assert found.version == (2, 3, 19, 1) and found.problems == () and found.changed > 1e9
    assert len(found.tree.files) == 3 and found.passdbs[0].path == "/etc/dovecot/users"
    assert list(files.all["/etc/dovecot/users"].users) == ["test"]


@pytest.mark.parametrize(("name", "said"), [("tail", (40, "tail")), ("dovecot", (0, "")), ("", (0, ""))])
def test_whose_number_stands_in_master_pid(tmp_path: Path, name: str, said: tuple[int, str]) -> None:
    for path, text in {
        "usr/sbin/dovecot": "\0Dovecot v2.3.19.1 (9b53102964) starting up\0",
        "etc/dovecot/dovecot.conf": "base_dir = /srv/dovecot/\n",
        "srv/dovecot/master.pid": "40\n",
        **({"proc/40/comm": f"{name}\n"} if name else {}),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = knowledge(Rooted(str(tmp_path)), lambda _: None)[0](Dovecot)
    assert isinstance(found, Dovecot) and found.pid_of == said and found.value("base_dir") == "/srv/dovecot/"


def test_of_two_lines_of_a_user_the_first_counts() -> None:
    said = "\n".join(users("test:{PLAIN}s3cret-Pw\nanna:x\ntest:$6$salt$abc\n"))
    file = PasswdFiles.parse(f">> file: /u\n-rw-r----- root dovecot /u\n{said}").all["/u"]
    assert file.repeated == ("test",) and file.users["test"].scheme == "PLAIN"


def test_dovecot_alone_is_a_mail_server(tmp_path: Path) -> None:
    for name, text in (
        ("usr/sbin/dovecot", "\x7fELF\0Dovecot v2.3.19.1\0"),
        (
            "etc/dovecot/dovecot.conf",
            "auth_debug_passwords = yes\npassdb {\n  driver = passwd-file\n  args = /none\n}\n",
        ),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    report = examine(Rooted(str(tmp_path)), load_library(), Selection())
    assert {"CONF072", "USER065"} <= {r.finding.code for r in report.ranked}
    assert [p.name for p in report.target.mta] == ["dovecot"]
    assert report.verdict is not None
    assert report.verdict.code == "broken"


def test_a_number_may_refer_to_a_setting_and_to_nothing_else() -> None:
    conf = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nservice auth {\n  client_limit = %s\n}\n"
    assert not Dovecot.parse(conf % "$default_client_limit").problems
    assert [p.text for p in Dovecot.parse(conf % "$nosuch").problems] == ["Unknown variable: $nosuch"]
    text = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nlogin_greeting = for $nosuch only\n"
    assert not Dovecot.parse(text).problems


def test_the_files_of_settings_are_known_wherever_they_stand() -> None:
    head = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\n"
    conf = f"{head}ssl_cert = </a.pem\nlocal_name x {{\n  ssl_key = <b.key\n}}\n"
    found = {name: said.file for name, said in Dovecot.parse(conf).of_files}
    assert found == {"ssl_cert": "/a.pem", "ssl_key": "/etc/dovecot/b.key"}

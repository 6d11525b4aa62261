"""Logins at other servers with this host's own authinfo: what is looked up, what is told, and that no secret is."""

import json
import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.cli import authinfo, probe
from maildoctor.cli.report_error import UsageError
from maildoctor.collect import knowledge
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.logins import Logins
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.sendmail.client_auth import client_login, looked_up, preferred
from maildoctor.facts.sendmail.mail_maps import MailMaps, MapEntry, authinfo_mechanisms
from maildoctor.filesystem import Tree
from maildoctor.host.rooted import Rooted
from maildoctor.probe.authinfo import Entry, entry
from maildoctor.sasl import SaslError
from tests.smtp_server import NAME, PASSWORD, USER, Manners, Server

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "sasldb"
CF = "V10/Berkeley\nDjrelay.example.com\nKauthinfo cdb /etc/mail/authinfo\n"
KEY = "AuthInfo:127.0.0.1"

MakeHost = Callable[..., Path]
Probed = Callable[..., dict[str, Any]]


# ---- what is looked up


def test_the_authinfo_map_is_asked_for_the_name_the_address_and_nothing() -> None:
    assert looked_up("Hub.Example.com.", "192.0.2.1", parents=False) == (
        "authinfo:hub.example.com",
        "authinfo:192.0.2.1",
        "authinfo:",
    )


def test_the_access_map_is_asked_for_domains_and_nets_too() -> None:
    assert looked_up("hub.example.com", "192.0.2.1", parents=True) == (
        *(f"authinfo:{name}" for name in ("hub.example.com", "example.com", "com")),
        *(f"authinfo:{net}" for net in ("192.0.2.1", "192.0.2", "192.0", "192")),
        "authinfo:",
    )


@pytest.mark.parametrize(
    ("compressed", "key"),
    [(False, "authinfo:ipv6:2001:db8:0:0:0:0:0:1"), (True, "authinfo:ipv6:2001:db8::1")],
)
def test_an_address_of_ipv6_is_written_out_unless_it_is_told_otherwise(compressed: bool, key: str) -> None:
    assert looked_up("hub", "2001:db8::1", parents=False, compressed=compressed)[1] == key


@pytest.mark.slow
@given(st.text(max_size=300), st.text(max_size=80), st.booleans())
def test_any_name_ends_with_the_entry_for_all(name: str, address: str, parents: bool) -> None:
    keys = looked_up(name, address, parents=parents)
    assert keys[-1] == "authinfo:"
    assert len(keys) == len(set(keys)) or keys.count("authinfo:") <= 2


def test_libsasl_prefers_what_proves_the_server_and_binds_to_it() -> None:
    given_ = ("PLAIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "GSSAPI", "SCRAM-SHA-512")
    assert preferred(given_) == ("SCRAM-SHA-512", "SCRAM-SHA-1", "GSSAPI", "DIGEST-MD5", "CRAM-MD5", "PLAIN")


# ---- what an entry means


def means(shape: str, cf: str = "", plugins: Plugins | None = None) -> str:
    login = client_login(MapEntry("authinfo:hub", shape), SendmailCf.parse(cf), plugins, "relay.example.com")
    return login.words if login else "nothing"


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (
            '"U:relay" "P:***" "R:foo" "M:CRAM-MD5 PLAIN"',
            "authinfo:hub logs in relay, realm foo, by CRAM-MD5 PLAIN",
        ),
        ('"U:as" "I:who" "P:***" "M:PLAIN"', "authinfo:hub logs in who as as, realm relay.example.com, by PLAIN"),
        ('"I=d2hv" "P=***" "M=UExBSU4="', "authinfo:hub logs in who, realm relay.example.com, by PLAIN"),
        ('"I:who" "P:***"', "authinfo:hub logs in who, realm relay.example.com, by LOGIN"),
        ('"I:who"', "nothing"),
        ('"P:***"', "nothing"),
        ("malformed U=", "nothing"),
    ],
)
def test_what_an_entry_makes_sendmail_do(shape: str, words: str) -> None:
    assert means(shape, "O AuthMechanisms=LOGIN") == words


def test_mechanisms_of_the_entry_stand_in_the_place_of_auth_mechanisms() -> None:
    assert means('"U:a" "P:***" "M:PLAIN"', "O AuthMechanisms=CRAM-MD5").endswith("by PLAIN")


def test_a_mechanism_without_a_plug_in_is_none() -> None:
    assert means('"U:a" "P:***" "M:PLAIN"', plugins=Plugins((), ())).endswith("by no mechanism at all")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ('[map authinfo] hash /a\nentry: authinfo:h\t"U:a" "P:***" "M:PLAIN LOGIN"', ["PLAIN", "LOGIN"]),
        ('[map access] hash /a\nentry: authinfo:h\t"U:a" "P:***" "M=UExBSU4="', ["PLAIN"]),
        ('[map authinfo] hash /a\nentry: authinfo:h\t"U:a" "P:***" "M:PLAIN,LOGIN"', []),
        ('[map authinfo] hash /a\nentry: h\t"U:a" "P:***" "M:PLAIN"', []),
        ('[unnamed authinfo] hash /a\nentry: authinfo:h\t"U:a" "P:***" "M:PLAIN"', []),
    ],
)
def test_mechanisms_that_entries_ask_for(text: str, asked: list[str]) -> None:
    assert list(authinfo_mechanisms(MailMaps.parse(text))) == asked


# ---- the host


def cdb(pairs: Mapping[bytes, bytes]) -> bytes:
    """A cdb file whose one hash table is not filled in: the readers need only the records."""
    body = b"".join(struct.pack("<2I", len(k), len(v)) + k + v for k, v in pairs.items())
    end = 2048 + len(body)
    header = struct.pack("<2I", end, 2 * len(pairs)) + struct.pack("<2I", end + 16 * len(pairs), 0) * 255
    return header + body + bytes(16 * len(pairs))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeHost:
    """Makes a relay of files, with `entries` in its authinfo, and lets `--authinfo` take it for this machine."""

    def make(entries: str, *, cf: str = CF, source: str | None = None, name: str = "authinfo.cdb") -> Path:
        folder = tmp_path / "etc/mail"
        folder.mkdir(parents=True)
        (folder / "sendmail.cf").write_text(cf)
        rows = [line.split(" ", 1) for line in entries.splitlines()]
        (folder / name).write_bytes(cdb({k.lower().encode(): v.encode() for k, v in rows}))
        (folder / name.removesuffix(".cdb")).write_text(entries if source is None else source)
        monkeypatch.setattr(authinfo, "Live", lambda: Rooted(str(tmp_path)))
        return tmp_path

    return make


@pytest.fixture
def probed(capsys: pytest.CaptureFixture[str]) -> Probed:
    """The report of `probe --authinfo` at a server; nowhere does a password of the test stand in what it prints."""

    def run(manners: Manners, *words: str, in_clear: bool = True) -> dict[str, Any]:
        let = ["--insecure-plaintext"] if in_clear else []
        with Server(manners) as server:
            probe.run([f"127.0.0.1:{server.port}", "--authinfo", *let, "--format", "json", *words])
        printed = capsys.readouterr()
        for form in (PASSWORD, "throwaway", b64encode(PASSWORD.encode()).decode()):
            assert form not in printed.out + printed.err
            assert json.dumps(form)[1:-1] not in printed.out + printed.err
        report: dict[str, Any] = json.loads(printed.out)
        return report

    return run


def codes(report: dict[str, Any]) -> list[str]:
    return [f["code"] for f in report["findings"] if f["code"].startswith("MAP")]


def line(report: dict[str, Any], start: str) -> list[str]:
    return [x for talk in report["talks"] for x in talk["lines"] if x.startswith(start)]


def message(report: dict[str, Any], code: str) -> str:
    return str(next(f["message"] for f in report["findings"] if f["code"] == code))


ENTRY = f'{KEY} "U:{USER}" "P:{PASSWORD}" "R:{NAME}" "M:DIGEST-MD5"'


def test_a_login_with_the_entry_succeeds_and_shows_no_secret(host: MakeHost, probed: Probed) -> None:
    host(ENTRY)
    report = probed(Manners(auth=("DIGEST-MD5", "PLAIN")))
    assert codes(report) == []
    assert line(report, "=== outcome ok")
    assert line(report, "=== purpose ") == ["=== purpose look", "=== purpose login DIGEST-MD5"]
    assert "=== authinfo authinfo:127.0.0.1" in line(report, "=== authinfo ")


def test_values_in_base64_are_decoded(host: MakeHost, probed: Probed) -> None:
    password, user = (b64encode(x.encode()).decode() for x in (PASSWORD, USER))
    host(f'{KEY} "I={user}" "P={password}" "M:PLAIN"')
    assert line(probed(Manners(auth=("PLAIN",)), "--insecure-plaintext"), "=== outcome ok")


def test_one_mechanism_after_the_other_until_one_is_accepted(host: MakeHost, probed: Probed) -> None:
    host(ENTRY.replace("M:DIGEST-MD5", "M:PLAIN CRAM-MD5 DIGEST-MD5"))
    report = probed(Manners(auth=("PLAIN", "CRAM-MD5", "DIGEST-MD5")), "--insecure-plaintext")
    assert line(report, "=== purpose login") == ["=== purpose login DIGEST-MD5"]
    assert line(report, "=== authinfo-takes ") == ["=== authinfo-takes DIGEST-MD5"]


def test_the_name_for_cram_md5_has_the_realm_of_the_entry(host: MakeHost, probed: Probed) -> None:
    host(ENTRY.replace("DIGEST-MD5", "CRAM-MD5"))
    assert line(probed(Manners(auth=("CRAM-MD5",), user=f"{USER}@{NAME}")), "=== outcome ok")


def test_an_entry_without_a_realm_takes_our_own_name_for_it(host: MakeHost, probed: Probed) -> None:
    host(f'{KEY} "U:{USER}" "P:{PASSWORD}" "M:CRAM-MD5"')
    assert line(probed(Manners(auth=("CRAM-MD5",), user=f"{USER}@relay.example.com")), "=== outcome ok")


def test_no_entry_under_any_key(host: MakeHost, probed: Probed) -> None:
    host(ENTRY.replace(KEY, "AuthInfo:127.0.0.2"))
    report = probed(Manners(auth=("DIGEST-MD5",)))
    assert codes(report) == ["MAP020"]
    for words in ("authinfo:[127.0.0.1], authinfo:127.0.0.1, authinfo:;", "nearest key is authinfo:127.0.0.2"):
        assert words in message(report, "MAP020")
    assert not line(report, "=== purpose login")


def test_the_entry_for_all_servers(host: MakeHost, probed: Probed) -> None:
    host(ENTRY.replace(KEY, "AuthInfo:"))
    assert line(probed(Manners(auth=("DIGEST-MD5",))), "=== outcome ok")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f'"U:{USER}"', "no password"),
        (f'"P:{PASSWORD}"', "no user"),
        (f"U={USER} P={PASSWORD}", "quoted items"),
        (f'"U:{USER}" "P={PASSWORD}"', "base64"),
        (f'"U:{USER}" "P:"', "no password"),
    ],
)
def test_an_entry_that_sendmail_refuses(value: str, words: str, host: MakeHost, probed: Probed) -> None:
    host(f"{KEY} {value}")
    report = probed(Manners(auth=("DIGEST-MD5",)))
    assert codes(report) == ["MAP021"]
    assert words in message(report, "MAP021")
    assert not line(report, "=== purpose login")


def test_nothing_in_common(host: MakeHost, probed: Probed) -> None:
    host(ENTRY)
    report = probed(Manners(auth=("PLAIN", "LOGIN")))
    assert codes(report) == ["MAP022"]
    assert "offers PLAIN LOGIN, this host would log in by DIGEST-MD5 (M:)" in message(report, "MAP022")


def test_a_refused_login(host: MakeHost, probed: Probed) -> None:
    host(ENTRY.replace(PASSWORD, "throwaway"))
    report = probed(Manners(auth=("DIGEST-MD5",)))
    assert codes(report) == ["MAP023"]
    assert "535" in message(report, "MAP023") and "source" not in message(report, "MAP023")


def test_a_map_that_is_older_than_its_source(host: MakeHost, probed: Probed) -> None:
    host(ENTRY.replace(PASSWORD, "throwaway"), source=ENTRY)
    assert "older than its source" in message(probed(Manners(auth=("DIGEST-MD5",))), "MAP023")


def test_another_realm_is_ignored_where_the_server_has_one(host: MakeHost, probed: Probed) -> None:
    host(ENTRY.replace(f"R:{NAME}", "R:bar"))
    report = probed(Manners(auth=("DIGEST-MD5",)))
    assert line(report, "=== outcome ok")
    assert [(f["code"], f["severity"]) for f in report["findings"] if f["code"][:3] == "MAP"] == [("MAP024", "info")]


def test_another_realm_explains_a_refused_login(host: MakeHost, probed: Probed) -> None:
    host(ENTRY.replace(f"R:{NAME}", "R:bar"))
    report = probed(Manners(auth=("DIGEST-MD5",), user="somebody else"))
    found = {f["code"]: f for f in report["findings"]}
    assert found["MAP024"]["severity"] == "error"
    assert found["MAP023"]["explained_by"] == found["MAP024"]["fingerprint"]


def test_a_password_is_not_sent_in_clear(host: MakeHost, probed: Probed) -> None:
    host(ENTRY.replace("DIGEST-MD5", "PLAIN"))
    report = probed(Manners(auth=("PLAIN",)), in_clear=False)
    assert codes(report) == ["MAP025"]
    assert not line(report, " -> AUTH")


# ---- which map


def test_the_access_map_is_asked_where_no_authinfo_is_named(host: MakeHost, probed: Probed) -> None:
    cf = CF.replace("Kauthinfo cdb /etc/mail/authinfo", "Kaccess cdb /etc/mail/access")
    host(ENTRY.replace(KEY, "AuthInfo:127.0"), cf=cf, name="access.cdb")
    assert line(probed(Manners(auth=("DIGEST-MD5",))), "=== outcome ok")


def test_a_map_that_was_never_built(host: MakeHost) -> None:
    (host(ENTRY) / "etc/mail/authinfo.cdb").unlink()
    with pytest.raises(UsageError) as caught:
        authinfo.hub_login("")
    assert caught.value.where == "/etc/mail/authinfo.cdb"
    assert "makemap" in caught.value.remedy


def test_a_map_that_is_none(host: MakeHost) -> None:
    (host(ENTRY) / "etc/mail/authinfo.cdb").write_text(ENTRY)
    with pytest.raises(UsageError) as caught:
        authinfo.hub_login("")
    assert PASSWORD not in str(caught.value) + caught.value.what + caught.value.remedy


def test_without_the_right_to_read_it_root_is_asked_for(host: MakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host(ENTRY)
    read = Tree.read

    def refused(self: Tree, path: str, *rest: int) -> bytes:
        if path.endswith(".cdb"):
            raise PermissionError(13, "Permission denied", path)
        return read(self, path, *rest)

    monkeypatch.setattr(Tree, "read", refused)
    with pytest.raises(UsageError, match="permission denied reading") as caught:
        authinfo.hub_login("")
    assert caught.value.remedy == "run as root"


def test_no_map_at_all(host: MakeHost) -> None:
    host(ENTRY, cf="V10/Berkeley\n")
    with pytest.raises(UsageError, match="asks no map"):
        authinfo.hub_login("")


def test_user_and_authinfo_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="both say who logs in"):
        probe.run(["192.0.2.1", "--authinfo", "--user", "somebody"])


# ---- the secret


def test_nothing_that_holds_an_entry_shows_its_password(tmp_path: Path) -> None:
    (tmp_path / "authinfo").write_text(ENTRY + "\n")
    found = entry(Tree(), str(tmp_path / "authinfo"), ("authinfo:127.0.0.1",))
    assert isinstance(found.entry, Entry) and found.entry.secret is not None
    assert found.entry.secret.reveal() == PASSWORD.encode()
    assert PASSWORD not in repr(found) + str(found) + f"{found.entry!r}"


def test_a_database_of_makemap_is_read() -> None:
    found = entry(Tree(), str(FIXTURES / "authinfo.db"), ("authinfo:hub", "authinfo:smtp.example.net")).entry
    assert found is not None and found.secret is not None
    assert found.key == "authinfo:smtp.example.net"
    assert found.values == {"U": "root", "I": "mailrelay", "R": "foo", "M": "DIGEST-MD5 CRAM-MD5"}
    assert found.secret.reveal() == b"throwaway"


@given(st.binary(max_size=200))
def test_any_value_makes_an_entry_or_a_fault(tmp_path_factory: pytest.TempPathFactory, value: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "authinfo"
    path.write_bytes(b"authinfo:x " + value.replace(b"\n", b" ").replace(b"\0", b" ") + b"\n")
    found = entry(Tree(), str(path), ("authinfo:x",)).entry
    assert found is None or bool(found.fault) or (found.secret is not None and bool(found.values))


def test_a_realm_is_chosen_among_several(host: MakeHost) -> None:
    host(ENTRY.replace(f"R:{NAME}", "R:second"))
    hub = authinfo.hub_login("")("127.0.0.1", "127.0.0.1")
    noted: list[str] = []
    challenge = b'realm="first",realm="second",nonce="x",qop="auth",charset=utf-8,algorithm=md5-sess'
    assert b'realm="second"' in hub.exchange("DIGEST-MD5", 25, noted.append).answer(challenge)
    assert noted == ["realms first, second"]
    with pytest.raises(SaslError, match="names another"):
        hub.exchange("DIGEST-MD5", 25, noted.append).answer(challenge.replace(b"second", b"third"))


# ---- facts of the host


def test_a_file_of_logins_that_no_line_names_is_found(host: MakeHost) -> None:
    root = host(ENTRY, cf="V10/Berkeley\nDShub.example.com\n")
    (root / "etc/mail/authinfo.db").write_bytes((FIXTURES / "authinfo.db").read_bytes())
    maps = knowledge(Rooted(str(root)), lambda _: None)[0].get(MailMaps)
    assert maps is not None
    assert [m.path for m in maps.unnamed] == ["/etc/mail/authinfo"]
    assert maps.named("authinfo") is None
    assert PASSWORD not in repr(maps)


def test_mail_that_went_without_a_login_is_told_from_a_login() -> None:
    stem = "Oct  4 10:11:12 mail sm-mta[1]: AUTH=client, relay={}., mech={}, bits=0"
    reported = Logins.parse("\n".join((stem.format("Hub.example.com", ""), stem.format("mx.example.net", "PLAIN"))))
    assert {r: s.mech for r, s in reported.handed_over.items()} == {"hub.example.com": "", "mx.example.net": "PLAIN"}
    assert not reported.names and reported.successes == 0


def test_the_last_line_about_a_server_counts() -> None:
    stem = "Oct  4 10:11:12 mail sm-mta[1]: AUTH=client, relay=hub., mech={}, bits=0"
    reported = Logins.parse("\n".join((stem.format(""), stem.format("DIGEST-MD5"))))
    assert reported.handed_over["hub"].mech == "DIGEST-MD5"


def test_the_host_tells_lines_about_its_own_logins(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a\nAUTH=client, relay=hub., mech=, bits=0\nfrom=<x>\nAUTH=server, relay=x\n")
    assert Rooted(str(tmp_path)).ask("logins", "/log") == "AUTH=server, relay=x\nAUTH=client, relay=hub., mech=, bits=0"

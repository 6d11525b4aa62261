"""The readers of key/value files, the listing of a sasldb, and the entries of maps."""

import hashlib
import json
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.maps import Entries
from maildoctor.sasldb import NotADatabase, entries, read
from maildoctor.sasldb.listing import listing
from maildoctor.sasldb.names import escape, unescape

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "sasldb"
MANIFEST: list[dict[str, Any]] = json.loads((FIXTURES / "MANIFEST.json").read_text())
FILES = [entry["file"] for entry in MANIFEST]
BERKELEY = [entry["file"] for entry in MANIFEST if entry["backend"] == "berkeley"]
# "throwaway" stands in every password of the fixtures, as it is or in base64
SECRET = re.compile(r"(?i)throwaway|dGhyb3dhd2F5|MDEyMzQ1Njc4OWFiY2RlZg|0123456789abcdef")

EVERY_SCRAM = {f"SCRAM-SHA-{bits}" for bits in (1, 224, 256, 384, 512)}
BY_PASSWORD = EVERY_SCRAM | {"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM", "SRP"}


def load(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def edited(name: str, edits: dict[int, bytes], length: int | None = None) -> bytes:
    data = bytearray(load(name))
    for at, new in edits.items():
        data[at : at + len(new)] = new
    return bytes(data[:length])


def cdb(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """A cdb file whose one hash table is not filled in: the readers need only the records."""
    body = b"".join(struct.pack("<2I", len(k), len(v)) + k + v for k, v in pairs)
    end = 2048 + len(body)
    header = struct.pack("<2I", end, 2 * len(pairs)) + struct.pack("<2I", end + 16 * len(pairs), 0) * 255
    return header + body + bytes(16 * len(pairs))


def tag(value: bytes) -> str:
    return hashlib.blake2b(value, key=b"k", digest_size=6).hexdigest()


# ---- readers


@pytest.mark.parametrize("expected", MANIFEST, ids=FILES)
def test_every_pair_of_every_fixture(expected: dict[str, Any]) -> None:
    database = read(load(expected["file"]))
    digest = hashlib.sha256()
    for key, value in sorted(database.pairs):
        digest.update(struct.pack(">2I", len(key), len(value)) + key + value)
    assert (database.backend, database.detail, database.damage) == (expected["backend"], expected["detail"], ())
    assert len(database.pairs) == expected["records"]
    assert digest.hexdigest() == expected["pairs_sha256"]


@pytest.mark.skipif(shutil.which("db5.3_dump") is None, reason="db5.3_dump is not installed")
@pytest.mark.parametrize("name", BERKELEY)
def test_the_oracle_reads_the_same(name: str) -> None:
    dump = subprocess.run(["db5.3_dump", FIXTURES / name], check=True, capture_output=True, text=True).stdout
    items = [bytes.fromhex(line) for line in dump.splitlines() if line.startswith(" ")]
    assert sorted(zip(items[::2], items[1::2], strict=True)) == sorted(read(load(name)).pairs)


def test_a_memoryview_will_do_and_the_repr_holds_no_value() -> None:
    database = read(memoryview(load("basic.sasldb2")))
    assert len(database.pairs) == 3
    assert not SECRET.search(repr(database))


def test_hash_of_berkeley_db_4() -> None:
    # Version 8, whose pages are of type 2; libdb 5.3 reads it
    pages = dict.fromkeys(range(4096 + 25, 12288, 4096), b"\x02")
    database = read(edited("basic.sasldb2", {16: b"\x08", **pages}))
    assert (database.detail, len(database.pairs), database.damage) == (
        "Berkeley DB hash version 8, little-endian", 3, (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "edits", "length", "damage"),
    [
        ("basic.sasldb2", {16: b"\x05"}, None, "version 5"),
        ("basic.sasldb2", {20: b"\x39\x30"}, None, "page size"),
        ("basic.sasldb2", {24: b"\x01"}, None, "encrypted"),
        ("basic.sasldb2", {}, 6000, "middle of a page"),
        ("basic.sasldb2", {}, 8192, "shorter than its header"),
        ("basic.sasldb2", {}, 100, "within its header"),
        ("basic.sasldb2", {4096: b"\xa5" * 4096}, None, "unknown type"),
        ("basic.sasldb2", {72: b"\xff\xff"}, None, "more buckets"),
        ("basic.sasldb2", {4096 + 26: b"\x03"}, None, "broken index"),
        ("gdbm.sasldb2", {}, 9000, "outside the file"),
        ("gdbm.sasldb2", {8: b"\xff\xff\xff\x7f"}, None, "directory"),
        ("gdbm.sasldb2", {28: b"\x01\x00\x00\x00"}, None, "header is broken"),
        ("lmdb.sasldb2", {}, 9000, "missing"),
        ("lmdb.sasldb2", {4096 + 16: b"xxxx"}, None, "meta pages"),
        ("lmdb.sasldb2", {20: b"\x02"}, None, "not known"),
        ("ndbm185.db", {}, 1600, "missing"),
        ("ndbm185.db", {12: b"\0\0\0\7"}, None, "header is broken"),
        ("authinfo.cdb", {2048: b"\xff"}, None, "fill their place"),
    ],
)
def test_damage_is_said(name: str, edits: dict[int, bytes], length: int | None, damage: str) -> None:
    database = read(edited(name, edits, length))
    assert any(damage in words for words in database.damage)
    assert SaslDb.parse(listing(edited(name, edits, length))).state in ("damaged", "foreign")


def test_an_overflow_page_that_points_to_itself() -> None:
    data = bytearray(load("page512.sasldb2"))
    for at in range(512, len(data), 512):
        if data[at + 25] == 7:
            data[at + 16 : at + 20] = data[at + 8 : at + 12]  # next page: itself
    assert read(bytes(data)).damage


def test_trees_of_duplicates_within_each_other() -> None:
    # A btree leaf and 3,000 leaves of duplicates, each holding one more "tree of duplicates": the next leaf
    def page(number: int, kind: int, items: list[bytes]) -> bytes:
        places = [512 - 12 * (i + 1) for i in range(len(items))]
        head = struct.pack("<8xI8xHHBB", number, len(items), places[-1], 1, kind)
        head += struct.pack(f"<{len(items)}H", *places)
        return head.ljust(512 - 12 * len(items), b"\0") + b"".join(reversed(items))

    meta = struct.pack("<12xIII2B6xI", 0x053162, 9, 512, 0, 9, 3001).ljust(512, b"\0")
    leaf = page(1, 5, [b"\1\0\1k".ljust(12, b"\0"), struct.pack("<2xBxII", 2, 2, 0)])
    nested = [page(n, 12, [struct.pack("<2xBxII", 2, n + 1, 0)]) for n in range(2, 3002)]
    database = read(meta + leaf + b"".join(nested))
    assert database.pairs == []
    assert database.damage == ("an item of unknown type (page 2)",)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("db5.3_load") is None, reason="db5.3_load is not installed")
def test_a_long_key_with_many_values_is_said_once(tmp_path: Path) -> None:
    key = (b"u" * 200_000 + b"\0r\0userPassword").hex()
    records = "".join(f" {key}\n {i:08x}\n" for i in range(300))
    dump = f"VERSION=3\nformat=bytevalue\ntype=hash\nduplicates=1\nHEADER=END\n{records}DATA=END\n"
    subprocess.run(["db5.3_load", tmp_path / "db"], check=True, input=dump.encode())
    data = (tmp_path / "db").read_bytes()
    assert len(read(data).pairs) == 300
    assert len(listing(data)) < 2 * len(data)


def test_a_ring_of_buckets_changes_nothing() -> None:
    database = read(edited("basic.sasldb2", {4096 + 16: b"\x01", 8192 + 16: b"\x01"}))
    assert (len(database.pairs), database.damage) == (3, ())


def test_a_page_of_zeros_is_found_by_the_count() -> None:
    data = load("big-endian.sasldb2")
    text = listing(data[:1024] + bytes(1024) + data[2048:])
    found = SaslDb.parse(text)
    assert re.search(r"(?m)^# count: \d+ of 60$", text)
    assert found.state == "ok"
    assert "of 60 records" in found.trouble[0]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (bytes(5000), "zero bytes"),
        (b"user password\nn\xc3\xa4her\n", "text"),
        (b"SQLite format 3\0" + bytes(84), "SQLite"),
        (b"VERSION=3\nformat=bytevalue\n", "db_load"),
        (b"GDBMDIR\0" + bytes(8), ".pag"),
        (bytes(range(256)) * 20, "unknown"),
        (bytes(12) + b"\x53\x22\x04\0\x04\0\0\0" + bytes(600), "queue"),
        (b"\0\5\x31\x62" + bytes(600), "1.85 btree"),
    ],
)
def test_what_is_no_database(data: bytes, what: str) -> None:
    with pytest.raises(NotADatabase, match=what):
        read(data)


# ---- listing


def test_listing_of_properties() -> None:
    assert listing(load("props.sasldb2")).splitlines() == [
        "# format: Berkeley DB hash version 9, little-endian",
        "# backend: berkeley",
        "both@r: authPassword (SCRAM-SHA-1, 4096 iterations)",
        "both@r: userPassword",
        "broken@r: authPassword (malformed)",
        "gone@r: authPassword (SCRAM-SHA-1, 4096 iterations)",
        "moved@r: cmusaslsecretCRAM-MD5",
        "moved@r: cmusaslsecretDIGEST-MD5",
        "moved@r: cmusaslsecretPLAIN",
        "other@r: cmusaslsecretOPAQUE",
        "otp@r: cmusaslsecretOTP (md5, 499 left)",
        "otpbad@r: cmusaslsecretOTP (malformed)",
        "otpdone@r: cmusaslsecretOTP (md5, 1 left)",
        "strong@r: authPassword (SCRAM-SHA-256, 8192 iterations)",
        "void@r: userPassword (empty)",
    ]


def test_listing_of_version_1() -> None:
    text = listing(load("v1.sasldb"))
    assert text.splitlines()[2:] == [
        "# mechanism: CRAM-MD5 has users",
        "# mechanism: DIGEST-MD5 has users",
        "user: mailrelay realm:  mech: DIGEST-MD5",
        "user: test realm: yourrealm mech: CRAM-MD5",
        "user: test realm: yourrealm mech: DIGEST-MD5",
        "user: test realm: yourrealm mech: PLAIN",
    ]
    found = SaslDb.parse(text)
    assert (found.version, found.state) == (1, "ok")
    assert found.marked == {"CRAM-MD5", "DIGEST-MD5"}
    assert {u.name: u.mechanisms for u in found.users} == {
        "mailrelay": {"DIGEST-MD5"},
        "test": {"CRAM-MD5", "DIGEST-MD5", "PLAIN", "LOGIN"},
    }


def test_listing_of_odd_names() -> None:
    lines = listing(load("odd.sasldb2")).splitlines()
    assert {line.partition("@example.com")[0] for line in lines if "@example.com: userPassword" in line} == {
        "", " alice", "%s%n%x", "Alice", r"a\x40b", r"caf\xe9", r"esc\x1b[31mred", "jürgen", r"new\x0aline",
        "two words", r"\x75ser: a realm: b mech", "user:colon", r"back\x5cslash", r"back\x5cx41", r"\x23hash",
        r"line\xe2\x80\xa8sep", r"rtl\xe2\x80\xaeevil",
    }  # fmt: skip
    assert "bob@example.com: other" in lines
    assert "bob@a: b: userPassword" in lines
    # What only keeps the parts of a line apart is gone in the fact
    assert {"a@b", "#hash", "user: a realm: b mech"} < {u.name for u in SaslDb.parse("\n".join(lines)).users}


@pytest.mark.parametrize("name", ["authinfo.db", "aliases.db", "authinfo.cdb", "lmdb-map.lmdb"])
def test_a_map_is_no_sasldb(name: str) -> None:
    text = listing(load(name))
    assert re.search(r"(?m)^# not a sasldb: .* no key in it is one of user, realm and property$", text)
    assert SaslDb.parse(text).state == "foreign"
    assert "smtp.example.net" not in text


def test_some_keys_that_do_not_belong() -> None:
    found = SaslDb.parse(listing(cdb([(b"a\0r\0userPassword", b"throwaway"), (b"stray", b"throwaway")])))
    assert (found.state, [u.name for u in found.users]) == ("damaged", ["a"])


@pytest.mark.parametrize("name", FILES)
def test_no_secret_in_any_listing(name: str) -> None:
    assert not SECRET.search(listing(load(name)))


# ---- SaslDb


def test_a_fresh_database_is_empty() -> None:
    found = SaslDb.parse("# path: /etc/sasldb2\n" + listing(load("fresh.sasldb2")))
    assert (found.path, found.state, found.version, found.backend, found.trouble) == (
        "/etc/sasldb2", "empty", None, "berkeley", (),
    )  # fmt: skip
    nothing = SaslDb.parse(listing(b""))
    assert (nothing.path, nothing.state, nothing.backend) == ("sasldb", "empty", "")
    assert nothing.trouble


def test_mechanisms_that_really_work() -> None:
    found = SaslDb.parse(listing(load("props.sasldb2")))
    assert {u.name: set(u.mechanisms) for u in found.users} == {
        "both": BY_PASSWORD,
        "gone": {"SCRAM-SHA-1"},
        "strong": {"SCRAM-SHA-256"},
        "broken": set(),
        "void": set(),
        "otp": {"OTP"},
        "otpdone": set(),
        "otpbad": set(),
        "moved": {"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"},
        "other": set(),
    }
    assert [u.name for u in found.ghosts] == ["broken", "gone", "strong"]
    assert found.mechs == BY_PASSWORD | {"OTP"}
    assert found.realms == ("r",)


def test_raw_output_of_sasldblistusers2() -> None:
    found = SaslDb.parse(
        "test@yourrealm: userPassword\r\n\nback\\slash@r: cmusaslsecretOTP\n"
        "oops: in a@b: no word\neve@: userPassword\nx@r: authPassword\n"
    )
    assert (found.version, found.state, found.detail, found.backend) == (2, "ok", "", "")
    assert [(u.name, u.realm) for u in found.users] == [
        ("test", "yourrealm"), (r"back\x5cslash", "r"), ("eve", ""), ("x", "r"),
    ]  # fmt: skip
    assert [set(u.mechanisms) for u in found.users] == [BY_PASSWORD, {"OTP"}, BY_PASSWORD, {"SCRAM-SHA-1"}]


def test_raw_output_of_sasldblistusers_1_5() -> None:
    found = SaslDb.parse(
        "user: test realm: yourrealm mech: CRAM-MD5\nuser: test realm: yourrealm mech: PLAIN\n\n"
        "user: two words realm:  mech: PLAIN\n"
    )
    assert (found.version, found.state) == (1, "ok")
    assert [(u.name, u.realm, set(u.mechanisms)) for u in found.users] == [
        ("test", "yourrealm", {"CRAM-MD5", "PLAIN", "LOGIN"}), ("two words", "", {"PLAIN", "LOGIN"}),
    ]  # fmt: skip


def test_a_listing_tool_that_failed() -> None:
    found = SaslDb.parse("listusers failed\n")
    assert (found.state, found.users) == ("damaged", ())
    assert "listusers failed" in found.trouble[0]


def test_in_realm_is_exact() -> None:
    found = SaslDb.parse(listing(load("odd.sasldb2")))
    assert {u.name for u in found.in_realm("exämple.de")} == {"bob"}
    assert found.in_realm("EXAMPLE.COM") == ()
    assert found.in_realm("a: b")[0].name == "bob"


names = st.binary(max_size=12).filter(lambda b: b"\0" not in b) | st.text(max_size=12).map(
    lambda t: t.replace("\0", "").encode("utf-8", "replace")
)
tricky = st.sampled_from([b"user: a realm: b mech", b"# x", b"a: b", b"x (empty)", b"@", b"\\x41", b" mech", b"user: "])
properties = st.sampled_from([b"userPassword", b"authPassword", b"PLAIN", b"DIGEST-MD5", b"a: b", b"user@r: x"]) | names


@given(st.sets(st.tuples(names | tricky, names | tricky, properties), max_size=6))
@settings(max_examples=300, deadline=None)
def test_names_come_back(records: set[tuple[bytes, bytes, bytes]]) -> None:
    text = listing(cdb([(b"\0".join(record), b"throwaway") for record in records]))
    assert "throwaway" not in text
    found = SaslDb.parse(text)
    # Without user and realm, a mechanism's name makes a marker
    users = {(u, r) for u, r, name in records if u or r or name not in (b"PLAIN", b"DIGEST-MD5")}
    assert {(unescape(u.name), unescape(u.realm)) for u in found.users} == users
    for user in found.users:
        assert user in found.in_realm(unescape(user.realm).decode("utf-8", "surrogateescape"))
    assert len(text.splitlines()) == len(text.split("\n")) - 1


@given(names, st.sampled_from(["", "@", ":"]))
def test_escape_is_reversible_and_printable(name: bytes, also: str) -> None:
    assert unescape(escape(name, also)) == name
    assert escape(name, also).isprintable()
    assert not set(also) & set(escape(name, also))


# ---- maps

AUTHINFO_SOURCE = """# comment
AuthInfo:smtp.example.net\t"U:root" "I:mailrelay" "P=dGhyb3dhd2F5" "R:foo" "M:DIGEST-MD5 CRAM-MD5"
AuthInfo:192.0.2.7 "U:root" "I:x" "P:throwaway"
"""


@pytest.mark.parametrize("name", ["authinfo.db", "authinfo.cdb", "lmdb-map.lmdb"])
def test_authinfo_without_its_password(name: str) -> None:
    built = Entries.parse(entries.built(load(name), tag, "authinfo"))
    source = Entries.parse(entries.source(AUTHINFO_SOURCE.encode(), tag, "authinfo"))
    assert built.entries == source.entries
    assert source.difference(built) == ((), (), ())
    assert {key: entry.shape for key, entry in built.entries.items()} == {
        "authinfo:192.0.2.7": '"U:root" "I:x" "P:***"',
        "authinfo:smtp.example.net": '"U:root" "I:mailrelay" "P=***" "R:foo" "M:DIGEST-MD5 CRAM-MD5"',
    }


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ('"u:root"  "p:throwaway"', '"U:root" "P:***"'),
        ('"U:ro\\"ot" "P:throw\\"away"', '"U:ro\\x5c"ot" "P:***"'),
        ("U:root P:throwaway R:foo", "malformed U: P: R:"),
        ('"U:root" "P:throw"away"', "malformed U: P:"),
        ('"U:root "P:throwaway" "R:x"', "malformed U: P: R:"),
        ('"U:root" "R:foo P=throwaway"', "malformed U: R: P="),
        ('"U:root" throwaway', "malformed U:"),
        ("throwaway", "malformed"),
    ],
)
def test_shapes_of_authinfo(value: str, shape: str) -> None:
    for kind in ("authinfo", "access"):
        line = entries.source(f"AuthInfo:h {value}\n".encode(), tag, kind)
        assert line == f"authinfo:h\t{tag(value.strip().encode())}\t{shape}\n"


def test_access_shows_policy_only() -> None:
    text = """Connect:192.0.2 RELAY
From:spam@example.org ERROR:"550 throwaway"
example.com REJECT
Srv_Features:192.0.2.1 A c
TLS_Srv:host PERM+VERIFY:112
AuthInfos:host "U:x" "P:throwaway"
TLS_Clt:host "P:throwaway"
secret throwaway
 leading space
Empty:
"""
    shapes = {
        key: e.shape
        for key, e in Entries.parse(
            entries.source(text.encode("utf-8", "surrogateescape"), tag, "access")
        ).entries.items()
    }
    assert shapes == {
        "connect:192.0.2": "RELAY", "from:spam@example.org": "ERROR", "example.com": "REJECT",
        "srv_features:192.0.2.1": "A c", "tls_srv:host": "PERM+VERIFY:112", "authinfos:host": "", "tls_clt:host": "",
        "secret": "",
    }  # fmt: skip


def test_aliases() -> None:
    source = 'Postmaster: root\n# comment\n"abuse" : root,\n\talice\nlost\n'
    built = Entries.parse(entries.built(load("aliases.db"), tag, "aliases"))
    assert set(built.entries) == {"postmaster", "abuse"}
    assert Entries.parse(entries.source(source.encode(), tag, "aliases")).difference(built) == ((), (), ())


def test_plain_maps_show_no_value() -> None:
    text = "[smtp.example.net]:587 user:throwaway\nOther.example\n  user:throwaway\nother.example again\n"
    lines = entries.source(text.encode("utf-8", "surrogateescape"), tag, "plain").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["[smtp.example.net]:587", "other.example"]
    assert all(line.count("\t") == 1 for line in lines)


def test_difference_is_bounded_and_counted() -> None:
    old = Entries.parse("".join(f"k{i:02}\tt\n" for i in range(30)) + "same\tt\nother\tt\n")
    new = Entries.parse("same\tt\nother\tu\nnew\tt\tA\n")
    missing, extra, changed = old.difference(new)
    assert (len(missing), missing.total, missing[0]) == (20, 30, "k00")
    assert (extra, extra.total, changed, changed.total) == (("new",), 1, ("other",), 1)


def test_damage_of_a_map_is_kept() -> None:
    text = entries.built(edited("authinfo.db", {}, 8192), tag, "authinfo")
    assert Entries.parse(text).trouble == tuple(read(edited("authinfo.db", {}, 8192)).damage)
    with pytest.raises(NotADatabase):
        entries.built(b"", tag, "plain")


# ---- hostile input


@given(
    name=st.sampled_from([entry["file"] for entry in MANIFEST if entry["size"] < 60_000]),
    edits=st.lists(
        st.tuples(
            st.integers(0, 60_000) | st.integers(0, 300),
            st.binary(min_size=1, max_size=8) | st.just(b"\xff\xff\xff\xff"),
        ),
        max_size=6,
    ),
    length=st.none() | st.integers(0, 60_000),
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_files(name: str, edits: list[tuple[int, bytes]], length: int | None) -> None:
    data = edited(name, dict(edits), length)
    text = listing(data)
    assert SaslDb.parse(text).state in ("ok", "empty", "damaged", "foreign")
    try:
        database = read(data)
        text += entries.built(data, tag, "authinfo")
    except NotADatabase:
        return
    # A page of 1.85 says where a key begins and nothing else tells: if that is moved into the value before it, a part
    # of the value is the name, for every reader
    assert not SECRET.search(text) or name.startswith("ndbm185")
    assert sum(len(value) for _, value in database.pairs) <= 4 * len(data) + 65536
    assert len(database.damage) < 20


@given(st.binary(max_size=3000))
@settings(max_examples=200, deadline=None)
def test_noise_behind_every_magic_number(noise: bytes) -> None:
    for magic in (
        b"\xcf\x9a\x57\x13", b"\x13\x57\x9a\xce", b"\0\6\x15\x61\0\0\0\2\0\0\4\xd2\0\0\2\0",
        bytes(12) + b"\x61\x15\6\0\x09\0\0\0\0\2\0\0\0\x08\0\0",
        bytes(12) + b"\0\5\x31\x62\0\0\0\x09\0\0\2\0\0\x09\0\0",
        bytes(16) + b"\xde\xc0\xef\xbe\1\0\0\0" + bytes(16) + b"\0\2\0\0",
    ):  # fmt: skip
        listing(magic + noise)
        with_pages = magic + noise * 8
        listing(with_pages)


@given(st.text(max_size=200))
def test_parsers_of_text_take_anything(text: str) -> None:
    SaslDb.parse(text)
    Entries.parse(text)
    for kind in ("authinfo", "access", "aliases", "plain"):
        entries.source(text.encode("utf-8", "surrogateescape"), tag, kind)

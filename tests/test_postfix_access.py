"""What access tables say of a client, and chain files as Postfix reads them."""

import pytest

from maildoctor.facts.postfix.access import network, refuses, row_of
from maildoctor.facts.postfix.tls import chain
from maildoctor.facts.tls import Tls

ROWS = (("!10.1.0.0/16", "DUNNO"), ("10.1.2.0/24", "REJECT"), ("0.0.0.0/0", "554 no"))


@pytest.mark.parametrize(
    ("client", "pattern"), [("10.9.9.9", "!10.1.0.0/16"), ("10.1.2.3", "10.1.2.0/24"), ("10.1.3.3", "0.0.0.0/0")]
)
def test_the_first_row_of_a_cidr_table_that_holds_the_address_counts(client: str, pattern: str) -> None:
    row = row_of("cidr", ROWS, client)
    assert row is not None and row[0] == pattern


def test_an_indexed_table_is_asked_for_the_name_before_the_address() -> None:
    rows = (("10.1", "REJECT"), ("example.com", "OK"), ("10", "OK"))
    assert row_of("hash", rows, "10.1.2.3", "pc.example.com") == ("example.com", "OK")
    assert row_of("hash", rows, "10.1.2.3", "unknown") == ("10.1", "REJECT")
    assert row_of("hash", rows, "192.0.2.1", "pc.example.org") is None
    assert row_of("pcre", (("/^10/", "REJECT"),), "10.1.2.3") is None


def test_actions_and_networks() -> None:
    assert all(map(refuses, ("REJECT", "reject go away", "554 5.7.1 no", "DEFER_IF_PERMIT x")))
    assert not any(map(refuses, ("OK", "DUNNO", "REJECTED", "permit_sasl_authenticated", "5540 x")))
    assert str(network("10.1")) == "10.1.0.0/16"
    assert network("example.com") is None


CERT = "[certificate] /{0}\nsubject: CN=a\nnot after: 2030-01-01T00:00:00Z\npublic key: sha256:aa\n"
KEY = "[key] /{0}\npublic key: sha256:aa\n"
NO_CERT, NO_KEY = "[certificate] /{0}\nbroken: none\n", "[key] /{0}\nbroken: none\n"
FILES = Tls.parse(
    "".join(text.format(name) for name in ("c1", "c2") for text in (CERT, NO_KEY))
    + "".join(text.format(name) for name in ("k1", "k2") for text in (NO_CERT, KEY))
    + CERT.format("both")
    + KEY.format("both")
    + NO_CERT.format("none")
    + NO_KEY.format("none")
)


@pytest.mark.parametrize(
    ("paths", "pairs", "fault"),
    [
        ("/k1 /c1", (("/c1", "/k1"),), ""),
        ("/k1 /c1 /c2 /k2 /c2", (("/c1", "/k1"), ("/c2", "/k2")), ""),
        ("/both", (("/both", "/both"),), ""),
        ("/c1 /k1", (), "the certificate /c1 has no key before it"),
        ("/k1 /k2 /c1", (("/c1", "/k2"),), "the key /k1 has no certificate behind it"),
        ("/both /k1", (("/both", "/both"),), "the key /k1 has no certificate behind it"),
    ],
)
def test_chain_files_are_read_as_one_stream(paths: str, pairs: tuple[tuple[str, str], ...], fault: str) -> None:
    read = chain(paths.split(), FILES)
    assert (read.pairs, read.fault) == (pairs, fault)


def test_a_file_with_neither_is_a_fault_of_its_own() -> None:
    read = chain(["/none", "/c1"], FILES)
    assert read.unusable == ("/none",) and not read.fault
    assert not chain(["/elsewhere"], FILES).known

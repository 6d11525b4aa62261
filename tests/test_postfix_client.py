"""Postfix as a client: what its tables of passwords say, and what its log tells of the relay host."""

import json
from pathlib import Path

import pytest

from maildoctor.engine import Selection, examine
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.postfix.client import NextHop, PasswordMaps
from maildoctor.host.rooted import Rooted
from maildoctor.library import load_library
from maildoctor.log_lines import of_logins
from maildoctor.render.json import document

SENTENCE = "correct horse"


def tree(root: Path, table: str, more: str = "") -> Path:
    """An unpacked Debian 12 whose Postfix hands all mail to a relay host."""
    for name, text in {
        "etc/os-release": "ID=debian\nVERSION_ID=12\n",
        "etc/postfix/main.cf": "relayhost = [smtp.example.com]:587\nsmtp_sasl_auth_enable = yes\n"
        f"smtp_sasl_password_maps = texthash:/etc/postfix/sasl_passwd\n{more}",
        "etc/postfix/master.cf": "smtp unix - - y - - smtp\n",
        "etc/postfix/sasl_passwd": table,
        "usr/lib/postfix/sbin/smtpd": "",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def codes(root: Path) -> tuple[set[str], str]:
    report = examine(Rooted(str(root)), load_library(), Selection(select=("MAP09*", "CONF09*", "TLS09*")))
    return {r.finding.code for r in report.ranked}, json.dumps(document(report))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (f"[smtp.example.com]:587 relay:{SENTENCE}\n", "TLS091"),
        (f"SMTP.example.com relay:{SENTENCE}\n", "TLS091"),
        (f"smtp.example.com:587 relay:{SENTENCE}\n", "MAP090"),
        ("[smtp.example.com]:587 relay\n", "MAP091"),
        ("[smtp.example.com]:587 relay:\n", "MAP091"),
    ],
)
def test_the_key_and_the_form_of_an_entry(tmp_path: Path, table: str, expected: str) -> None:
    found, words = codes(tree(tmp_path, table, "smtp_sasl_security_options = noanonymous\n"))
    assert expected in found
    assert SENTENCE not in words


def test_entries_of_a_table_that_is_not_read_are_not_guessed(tmp_path: Path) -> None:
    tree(tmp_path, "", "smtp_sasl_password_maps = pcre:/etc/postfix/sasl_passwd\n")
    report = examine(Rooted(str(tmp_path)), load_library(), Selection(select=("MAP090",)))
    assert [(o.code, o.outcome) for o in report.outcomes] == [("MAP090", "not_judged")]


@pytest.mark.parametrize(
    ("text", "host", "port", "bare"),
    [
        ("[smtp.example.com]:587", "smtp.example.com", 587, True),
        ("[smtp.example.com]", "smtp.example.com", 25, True),
        ("example.com:submission", "example.com", 587, False),
        ("[2001:db8::1]:465", "2001:db8::1", 465, True),
    ],
)
def test_next_hops(text: str, host: str, port: int, bare: bool) -> None:
    hop = NextHop.parse(text)
    assert hop is not None and (hop.host, hop.port, hop.bare) == (host, port, bare)


@pytest.mark.parametrize("text", ["", "a b", "[a", "a]:1", "\x00" * 9, ":" * 9999])
def test_no_next_hop(text: str) -> None:
    assert NextHop.parse(text) is None
    assert PasswordMaps.parse(text).all == ()


def test_what_the_log_tells_of_the_relay_host() -> None:
    row = (
        "Nov 22 09:00:0{n} mail postfix/smtp[{n}]: 4ABC12{n}: to=<a@example.net>, "
        "relay={hub}[192.0.2.{n}]:{port}, {end}"
    )
    said = "delay=1, delays=0/0/1/0, dsn=4.7.8, status=deferred ({})"
    lines = [
        row.format(n=1, hub="smtp.example.com", port=587, end="dsn=2.0.0, status=sent (250 ok)"),
        row.format(n=2, hub="old.example.com", port=587, end="dsn=2.0.0, status=sent (250 ok)"),
        row.format(
            n=3,
            hub="old.example.com",
            port=587,
            end=said.format("SASL authentication failed; server old.example.com[192.0.2.3] said: 535 5.7.8 no"),
        ),
        row.format(n=4, hub="mx.example.org", port=25, end="dsn=2.0.0, status=sent (250 ok)"),
        row.format(
            n=5,
            hub="out.example.org",
            port=587,
            end=said.format("host out.example.org[192.0.2.5] said: 530 5.7.0 Authentication required"),
        ),
    ]
    hubs = LoginHistory.parse("\n".join(lines)).hubs
    assert {name: hub.now for name, hub in hubs.items()} == {
        "smtp.example.com": "in",
        "old.example.com": "failed",
        "mx.example.org": "",
        "out.example.org": "out",
    }
    assert of_logins(lines) == lines

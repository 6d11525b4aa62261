"""Transcripts read as facts, and what the checks make of many of them."""

import time
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor import certificates
from maildoctor.check import Check
from maildoctor.correlate import rank
from maildoctor.facts import Absent
from maildoctor.facts import wire as facts
from maildoctor.facts.wire import Conversation, Ports, Wire, server_kind, shortened
from maildoctor.library import load_library
from maildoctor.model import Finding
from maildoctor.smtp import session

WIRE_CHECKS = [
    c
    for c in load_library().checks
    if c.code.startswith("WIRE") and all(p.optional for p in c.parameters if p.fact is not Wire)
]

LOOK = """\
=== connect 192.0.2.1:587 auto for mail.example.com
=== purpose look
=== at 2026-06-01T00:00:00Z
<-  220 mail.example.com ESMTP Sendmail 8.17.1/8.17.1; now
 -> EHLO maildoctor.invalid
<-  250-mail.example.com Hello client.example.com [192.0.2.9], pleased to meet you
<-  250-ENHANCEDSTATUSCODES
<-  250-AUTH CRAM-MD5
<-  250 STARTTLS
 -> STARTTLS
<-  220 2.0.0 Ready to start TLS
=== tls TLSv1.3 TLS_AES_256_GCM_SHA384 256 bits
=== certificate subject: CN=mail.example.com
=== certificate name: mail.example.com
=== certificate not before: 2026-01-01T00:00:00Z
=== certificate not after: 2026-06-10T00:00:00Z
=== certificate public key: sha256:aa
=== key RSA 1024 bits
=== verified self-signed
 ~> EHLO maildoctor.invalid
<~  250-mail.example.com Hello client.example.com [192.0.2.9], pleased to meet you
<~  250-AUTH CRAM-MD5 PLAIN
<~  250 HELP
 ~> QUIT
=== took 0.100
"""


def one(text: str) -> Conversation:
    (conversation,) = Wire.parse(text).all
    return conversation


def judged(text: str) -> list[Finding]:
    """What all checks of the family find where nothing but the transcript is known."""
    wire = Wire.parse(text)
    return [f for check in WIRE_CHECKS for f in _found(check, wire)]


def _found(check: Check, wire: Wire) -> list[Finding]:
    facts = {p.name: wire if p.fact is Wire else Absent("not here") for p in check.parameters}
    return [f for f in check.findings(facts) if isinstance(f, Finding)]


def codes(text: str) -> dict[str, str]:
    return {f.code: f.severity for f in judged(text)}


# ---- facts


def test_a_look_is_read_whole() -> None:
    c = one(LOOK)
    assert (c.host, c.endpoint, c.asked_name) == ("mail.example.com", "mail.example.com:587", "mail.example.com")
    assert c.in_clear is not None and c.in_clear.auth == ("CRAM-MD5",) and c.in_clear.starttls
    assert c.in_tls is not None and c.in_tls.auth == ("CRAM-MD5", "PLAIN") and not c.in_tls.starttls
    assert (c.tls_version, c.key, c.verified) == ("TLSv1.3", ("RSA", 1024), ("self-signed", ""))
    assert c.at == 1780272000.0
    assert [(r.asked, r.code, r.secure) for r in c.replies] == [
        ("", 220, False),
        ("EHLO", 250, False),
        ("STARTTLS", 220, False),
        ("EHLO", 250, True),
    ]
    ready = c.reply_to("STARTTLS")
    assert ready is not None and ready.text == "2.0.0 Ready to start TLS"
    assert c.reply_to("RCPT") is None


def test_what_is_not_told_is_not_made_up() -> None:
    c = one("=== connect 192.0.2.1:25 auto\n=== key of an unknown kind\n=== at yesterday\n")
    assert (c.at, c.key, c.verified, c.user, c.outcome, c.asked_name) == (0.0, ("", 0), ("", ""), "", ("", ""), "")
    assert (c.certificate, c.hello, c.trouble_kind, c.server) == (None, None, "", "")


def test_a_name_asked_for_in_place_of_the_hosts_counts() -> None:
    assert one(LOOK.replace("=== at", "=== tls-name smtp.example.com\n=== at")).asked_name == "smtp.example.com"


@pytest.mark.parametrize(
    ("address", "loopback", "private"),
    [
        ("127.0.0.1", True, False),
        ("[::1]", True, False),
        ("10.1.2.3", False, True),
        ("172.16.0.1", False, True),
        ("172.32.0.1", False, False),
        ("172.x", False, False),
        ("192.168.1.1", False, True),
        ("192.0.2.1", False, False),
        ("[fd00::1]", False, True),
        ("[2001:db8::1]", False, False),
        ("fcserver.example.com", False, False),
    ],
)
def test_where_a_server_stands(address: str, loopback: bool, private: bool) -> None:
    c = one(f"=== connect {address}:25 auto")
    assert (c.loopback, c.private) == (loopback, private)


EHLO = " -> EHLO x.invalid\n<-  250-{}\n<-  250 HELP\n"


@pytest.mark.parametrize(
    ("banner", "lines", "kind"),
    [
        ("mail.example.com ESMTP Sendmail 8.17.1/8.17.1; Sun", "mail.example.com", "sendmail"),
        ("mail.example.com ESMTP Postfix (Debian/GNU)", "mail.example.com", "postfix"),
        ("mail.example.com ESMTP Exim 4.96 Sun", "mail.example.com", "exim"),
        ("mail.example.com ESMTP OpenSMTPD", "mail.example.com", "opensmtpd"),
        ("mail.example.com Dovecot (Debian) ready.", "mail.example.com", "dovecot"),
        ("mail.example.com Microsoft ESMTP MAIL Service ready", "mail.example.com", "exchange"),
        ("go away", "m.example.com Hello c [192.0.2.9], pleased to meet you\n<-  250-ENHANCEDSTATUSCODES", "sendmail"),
        ("go away", "m.example.com Hello c [192.0.2.9], pleased to meet you\n<-  250-8BITMIME", "opensmtpd"),
        ("go away", "m.example.com\n<-  250-PIPELINING\n<-  250-SIZE 10240000\n<-  250-VRFY", "postfix"),
        ("go away", "m.example.com Hello c [192.0.2.9]\n<-  250-SIZE 52428800", "exim"),
        ("go away", "m.example.com\n<-  250-8BITMIME\n<-  250-BURL imap", "dovecot"),
        ("go away", "m.example.com Hello [192.0.2.9]\n<-  250-SIZE 1\n<-  250-X-ANONYMOUSTLS", "exchange"),
        ("go away", "m.example.com", ""),
    ],
)
def test_the_program_is_told_by_its_banner_or_its_manner(banner: str, lines: str, kind: str) -> None:
    assert server_kind(one(f"=== connect 192.0.2.1:25 auto\n<-  220 {banner}\n{EHLO.format(lines)}")) == kind


@pytest.mark.parametrize(
    ("banner", "keyword", "masked"),
    [
        ("************************0*0*", "SIZE", True),
        ("mail.example.com ESMTP", "XXXXXXXA", True),
        ("mail.example.com ESMTP", "XXXX XXXXX", True),
        ("mail.example.com ESMTP", "XCLIENT NAME", False),
        ("mail.example.com ESMTP *** welcome ***", "SIZE", False),
    ],
)
def test_a_firewall_that_masks_is_seen(banner: str, keyword: str, masked: bool) -> None:
    text = f"=== connect 192.0.2.1:25 auto\n<-  220 {banner}\n{EHLO.format('m.example.com')}"
    assert one(text.replace("250-m.", f"250-m.example.com\n<-  250-{keyword}\n<-  250-m.")).masked is masked


def test_one_conversation_an_endpoint_is_looked_at() -> None:
    login = LOOK.replace("purpose look", "purpose login PLAIN")
    assert [c.purpose for c in Wire.parse(login + LOOK + login).per_endpoint] == ["look"]
    assert [(c.purpose, c.mechanism) for c in Wire.parse(login + login).per_endpoint] == [("login", "PLAIN")]


def test_ports_of_one_host_that_are_alike_stand_together() -> None:
    other = LOOK.replace("mail.example.com", "smtp.example.org")
    wire = Wire.parse(LOOK + LOOK.replace(":587", ":25") + other)
    groups = [ports.endpoint for ports, _ in wire.together((c, c.tls_version) for c in wire.per_endpoint)]
    assert groups == ["mail.example.com:25,587", "smtp.example.org:587"]
    assert list(wire.together((c, None) for c in wire.per_endpoint)) == []


def test_a_label_is_never_too_long() -> None:
    c = one(f"=== connect 192.0.2.1:25 auto for {'a' * 250}")
    assert len(Ports((c,)).endpoint) <= 80 and Ports((c,)).endpoint.endswith(":25")
    assert shortened("mail.example.com:25") == "mail.example.com:25"


@given(st.text(max_size=400))
@settings(max_examples=200)
def test_any_text_is_read_and_judged(text: str) -> None:
    reported = {f.code for f in judged(LOOK + text)}
    assert "WIRE028" in reported  # whatever follows, the weak key stays


@given(
    st.lists(
        st.sampled_from([*LOOK.splitlines(), "*** tls: x", "*** closed handshake: x", "=== outcome ok 235",
                         "=== outcome failed 535 no", "=== purpose login PLAIN", "=== user test", "*** rejected: x"]),
        max_size=30,
    )
)  # fmt: skip
@settings(max_examples=200)
def test_lines_in_any_order_are_judged(lines: list[str]) -> None:
    for f in judged("=== connect 192.0.2.1:587 auto\n" + "\n".join(lines)):
        assert f.evidence and all(e.text for e in f.evidence)


# ---- what is made of them


def test_a_healthy_server_is_left_alone() -> None:
    well = (
        LOOK.replace("2026-06-10", "2028-06-10").replace("1024", "2048").replace("verified self-signed", "verified yes")
    )
    assert codes(well) == {}


def test_each_thing_that_is_wrong_is_told_once() -> None:
    assert codes(LOOK) == {"WIRE025": "warning", "WIRE027": "warning", "WIRE028": "warning"}


def test_a_closed_port_beside_an_open_one_is_no_error() -> None:
    closed = (
        "=== connect 192.0.2.1:465 auto for mail.example.com\n=== purpose look\n=== usual port\n"
        "*** refused: nothing listens there\n"
    )
    assert codes(LOOK + closed)["WIRE001"] == "info"
    assert codes(closed) == {"WIRE001": "error"}


def test_a_closed_port_that_was_named_is_an_error() -> None:
    closed = (
        "=== connect 192.0.2.1:465 auto for mail.example.com\n=== purpose look\n*** refused: nothing listens there\n"
    )
    assert codes(LOOK + closed)["WIRE001"] == "error"


def test_trouble_with_tls_is_not_told_again_as_a_missing_offer() -> None:
    upto = LOOK[: LOOK.index("=== tls ")].replace("<-  250-AUTH CRAM-MD5\n", "")
    assert codes(upto + "*** tls: sslv3 alert handshake failure\n") == {"WIRE021": "error"}
    refused = upto.replace("220 2.0.0 Ready to start TLS", "454 TLS not available")
    assert codes(refused + " -> QUIT\n") == {"WIRE020": "error"}


def test_a_masked_server_is_told_once() -> None:
    text = LOOK[: LOOK.index(" -> STARTTLS")].replace("STARTTLS", "XXXXXXXA").replace("AUTH CRAM-MD5", "XXXX XXXXXXXX")
    assert codes(text + " -> QUIT\n") == {"WIRE006": "error"}


def logins(**outcomes: str) -> str:
    """Logins by mechanism (CRAM_MD5 for CRAM-MD5)."""
    return "".join(
        LOOK.replace("purpose look", f"purpose login {m.replace('_', '-')}").replace(
            "=== took", f"=== outcome {o}\n==="
        )
        for m, o in outcomes.items()
    )


OK, NO, LATER = "ok 235 2.0.0 OK", "failed 535 5.7.0 authentication failed", "later 454 4.7.0 Temporary failure"


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ({"PLAIN": NO, "CRAM_MD5": NO}, "WIRE050"),
        ({"PLAIN": OK, "CRAM_MD5": NO, "SCRAM_SHA_1": NO}, "WIRE051"),
        ({"PLAIN": NO, "CRAM_MD5": OK, "LOGIN": NO}, "WIRE052"),
        ({"PLAIN": OK, "LOGIN": NO}, "WIRE053"),
        ({"CRAM_MD5": OK, "DIGEST_MD5": NO, "PLAIN": OK}, "WIRE053"),
        ({"PLAIN": LATER}, "WIRE054"),
        ({"PLAIN": LATER, "CRAM_MD5": NO}, "WIRE054"),
        ({"PLAIN": "failed 534 5.7.9 Application-specific password required"}, "WIRE055"),
        ({"PLAIN": "failed 530 5.7.0 Must issue a STARTTLS command first"}, "WIRE055"),
        ({"SCRAM_SHA_1": "unproven the signature is wrong"}, "WIRE056"),
        ({"DIGEST_MD5": "broken the challenge is no base64"}, "WIRE057"),
        ({"PLAIN": OK, "CRAM_MD5": OK}, None),
        ({"PLAIN": "withheld the password would go over the wire in clear"}, None),
    ],
)
def test_logins_are_told_by_their_pattern(outcomes: dict[str, str], code: str | None) -> None:
    reported = {c for c in codes(logins(**outcomes)) if c >= "WIRE050"}
    assert reported == ({code} if code else set())


def test_a_login_with_an_entry_of_authinfo_is_judged_elsewhere() -> None:
    text = logins(PLAIN=NO).replace("=== at", "=== authinfo AuthInfo:mail.example.com\n=== at")
    assert not {c for c in codes(text) if c >= "WIRE050"}


def test_the_same_failure_at_two_ports_is_one_finding() -> None:
    text = logins(PLAIN=NO)
    assert [f.labels["endpoint"] for f in judged(text + text.replace(":587", ":25")) if f.code == "WIRE050"] == [
        "mail.example.com:25,587"
    ]


@pytest.mark.parametrize(
    ("address", "severity"), [("192.0.2.1", "error"), ("10.0.0.1", "warning"), ("127.0.0.1", None)]
)
def test_who_relays_for_its_own_machine_is_no_open_relay(address: str, severity: str | None) -> None:
    text = f"=== connect {address}:25 auto\n=== purpose relay\n<-  220 x\n=== outcome accepted 250 ok\n"
    assert codes(text).get("WIRE060") == severity


@pytest.mark.parametrize(
    ("cause", "symptom"),
    [
        ("MECH007", "WIRE011"),
        ("TLS001", "WIRE023"),
        ("TLS005", "WIRE020"),
        ("PERM001", "WIRE010"),
        ("LINK001", "WIRE015"),
        ("CONF005", "WIRE010"),
        ("RUN004", "WIRE030"),
        ("RUN005", "WIRE002"),
        ("RUN006", "WIRE002"),
        ("QUEUE003", "WIRE020"),
    ],
)
def test_what_the_files_tell_explains_what_is_heard(cause: str, symptom: str) -> None:
    names = {c.code: c.name for c in load_library().checks}
    both = [
        Finding(code, names[code], "error", "m", "w", "a", labels={"endpoint": "127.0.0.1:587"})
        for code in (symptom, cause)
    ]
    placed = {r.finding.code: r.explained_by for r in rank(both, load_library().causes)}
    assert placed == {cause: None, symptom: f"{cause}:endpoint=127.0.0.1:587"}


def test_two_thousand_servers_are_judged_in_a_moment() -> None:
    text = "".join(
        LOOK.replace("192.0.2.1", f"198.51.{n >> 8}.{n & 255}").replace("for mail.example.com", f"for m{n}.example.com")
        for n in range(2000)
    )
    wire = Wire.parse(text)
    began = time.process_time()
    found = [f for check in WIRE_CHECKS for f in _found(check, wire)]
    seconds = time.process_time() - began
    assert len(found) == 8000  # three faults each, and the name
    assert seconds < 2.0, f"{seconds / 2000 / len(WIRE_CHECKS) * 1e6:.0f} µs a server and check"


def test_what_a_conversation_notes_is_what_the_fact_reads() -> None:
    """The two sides of a transcript may not import each other, so the codes stand twice."""
    assert set(get_args(facts.Detail)) == set(get_args(session.Detail))
    assert set(get_args(facts.Verification)) == {"", *get_args(certificates.Verification)}
    assert set(get_args(facts.Verification)) == {"", "yes"} | facts.DISTRUSTED | facts.UNVERIFIED

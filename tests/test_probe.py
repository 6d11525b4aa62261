"""`maildoctor probe` beside servers of every kind: what is told of them, in bounded time and memory, and no secret."""

import json
import re
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.cli.report_error import UsageError
from maildoctor.cli.servers import listed_in, target_of
from maildoctor.facts.wire import Conversation, Wire
from maildoctor.host.network import ProbeOptions, Target, probed, visited
from maildoctor.probe.attempts import secrets_of as hidden_of
from maildoctor.probe.handshakes import Handshakes
from maildoctor.sasl import Login, Secret, exchange
from maildoctor.smtp.replies import LINE_LIMIT, BadReply, ReplyReader, printable
from maildoctor.smtp.scripts import Approach, login, look
from maildoctor.smtp.session import Script, Session
from tests.authority import Authority
from tests.smtp_server import (
    PASSWORD,
    USER,
    Gone,
    Manners,
    Play,
    Scram,
    Server,
    Talk,
    closes,
    endless,
    hangs,
    in_turn,
    pours,
    reply,
    resets,
    says,
    trickles,
)

OTHER = f"not {PASSWORD}"
PATIENCE = 0.7
"""Seconds that a conversation may take where the server keeps us waiting."""
MECHANISMS = ("SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN")
_NAMES = "|".join(
    re.escape(form)
    for name in (USER, f"{USER}@mail.example.com", f"{USER}@example.com")
    for form in (name, b64encode(name.encode()).decode())
)
_NAME = re.compile(f"{_NAMES}|".encode())
WHO = Login(USER, Secret(PASSWORD.encode()))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def good(authority: Authority) -> ssl.SSLContext:
    return authority.context()


def seen(server: Server, options: ProbeOptions, address: str = "127.0.0.1") -> list[Conversation]:
    """All conversations with a server; each is over in time."""
    began = time.monotonic()
    text = probed([Target(address, server.port)], options)
    found = list(Wire.parse(text).all)
    assert time.monotonic() - began < len(found) * (options.timeout + 1) + options.wait
    for words in secrets_of(server):
        assert words not in text, "a secret stands in the transcript"
    assert all(line.isprintable() for line in text.split("\n"))
    return found


def looked(play: Play, options: ProbeOptions | None = None, address: str = "127.0.0.1") -> Conversation:
    """The look at a server."""
    with Server(play, address=address) as server:
        (one,) = seen(server, options or ProbeOptions(timeout=PATIENCE), address)
        assert not spoken(server)
    return one


def logged_in(play: Play, authority: Authority, *mechs: str, **changes: object) -> list[Conversation]:
    """The logins at a server."""
    options = ProbeOptions(timeout=PATIENCE, login=WHO, mechs=mechs, ca_file=authority.file, **changes)  # type: ignore[arg-type]
    with Server(play) as server:
        _, *logins = seen(server, options)
    return logins


def secrets_of(server: Server) -> Iterator[str]:
    """The password in all its forms, and what was answered to challenges."""
    yield PASSWORD
    yield b64encode(PASSWORD.encode()).decode()
    for data in (s for talk in server.talks for s in talk.secrets):
        if not _NAME.fullmatch(data):
            yield data.decode("utf-8", "replace")
            yield data.rpartition(b" ")[2].decode("utf-8", "replace")  # the digest of CRAM-MD5


def spoken(server: Server) -> list[bytes]:
    """What the client said and was not for it to say in a look."""
    return [line for line in server.said if line.partition(b" ")[0] not in (b"EHLO", b"HELO", b"STARTTLS", b"QUIT")]


def quits(server: Server) -> int:
    server.settle(1)
    return server.said.count(b"QUIT")


# ---- honest servers


def test_a_server_in_clear_takes_three_round_trips(good: ssl.SSLContext) -> None:
    with Server(Manners(auth=("PLAIN",), acts={"quit": hangs})) as server:
        began = time.monotonic()
        (one,) = seen(server, ProbeOptions(timeout=5))
        assert time.monotonic() - began < 2, "the reply to QUIT was waited for"
        assert quits(server) == 1
        assert 1 + server.talk.flights == 3  # the first is TCP's
    assert one.trouble is None and one.banner == "mail.example.com ESMTP"
    assert one.hello is not None and one.hello.auth == ("PLAIN",) and not one.hello.starttls


def test_a_server_with_starttls_takes_six_round_trips(good: ssl.SSLContext, authority: Authority) -> None:
    with Server(Manners(auth=("PLAIN",), tls=good, acts={"quit": hangs})) as server:
        (one,) = seen(server, ProbeOptions(timeout=5, ca_file=authority.file))
        assert quits(server) == 1
        assert 1 + server.talk.flights == 6
    assert one.trouble is None and one.tls_version == "TLSv1.3"
    assert one.in_clear is not None and one.in_clear.starttls
    assert one.in_tls is not None and one.in_tls.auth == ("PLAIN",)
    assert one.noted("verified") == "yes"


def test_implicit_tls(good: ssl.SSLContext) -> None:
    with Server(Manners(tls=good, implicit=True)) as server:
        (one,) = seen(server, ProbeOptions(timeout=5, mode="implicit"))
        assert quits(server) == 1
    assert one.trouble is None and one.in_tls is not None and one.in_clear is None


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_login(mechanism: str, good: ssl.SSLContext, authority: Authority) -> None:
    (one,) = logged_in(Manners(auth=MECHANISMS, tls=good), authority, mechanism)
    assert one.trouble is None and one.outcome == ("ok", "235 2.7.0 welcome")


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_password(mechanism: str, good: ssl.SSLContext, authority: Authority) -> None:
    first, *_ = logged_in(Manners(auth=MECHANISMS, tls=good, password=OTHER), authority, mechanism)
    assert first.outcome[0] == "failed" and "535" in first.outcome[1]


def test_all_that_is_offered_is_tried_one_after_the_other(good: ssl.SSLContext, authority: Authority) -> None:
    logins = logged_in(Manners(auth=("LOGIN", "SCRAM-SHA-256", "NTLM"), tls=good), authority)
    assert [c.mechanism for c in logins] == ["SCRAM-SHA-256", "LOGIN"]


def test_only_ipv6() -> None:
    try:
        one = looked(Manners(), address="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert one.trouble is None and one.endpoint.startswith("[::1]:")


def test_the_old_form_of_auth(good: ssl.SSLContext, authority: Authority) -> None:
    manners = Manners(auth=("PLAIN", "LOGIN"), auth_sign="=", tls=good)
    one = looked(manners)
    assert one.hello is not None and one.hello.only_old_form and one.hello.auth == ("PLAIN", "LOGIN")
    assert [c.outcome[0] for c in logged_in(manners, authority)] == ["ok", "ok"]


def test_helo_where_ehlo_is_refused() -> None:
    one = looked(Manners(replies={"EHLO": b"502 5.5.1 never heard of it\r\n"}))
    assert one.trouble is None and one.hello is not None and not one.hello.esmtp


def test_lines_that_end_with_a_bare_lf() -> None:
    one = looked(Manners(banner=b"220 bare\n", replies={"EHLO": b"250-bare\n250 AUTH PLAIN\n"}))
    assert one.trouble is None and one.hello is not None and one.hello.auth == ("PLAIN",)


def test_strange_signs_are_escaped() -> None:
    one = looked(Manners(banner="220 caf\u00e9 \x00 \x1b[31mred\x1b[0m \r \u202e \x9b".encode() + b"\xff\r\n"))
    assert one.trouble is None and one.banner.startswith("café \\x00 \\x1b[31mred")


def test_a_reply_cannot_forge_a_transcript() -> None:
    """CR, and what some take for line ends."""
    forged = "=== connect 192.0.2.1:25 auto"
    banner = f"220 a\r{forged}\x0b{forged}\x85{forged}\u2028{forged}\r\n"
    assert looked(Manners(banner=banner.encode())).port != 25


# ---- odd servers: what ended the conversation

TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x28"
GARBAGE = bytes(range(256)) * 4
ODD: dict[str, tuple[Play, str, str]] = {
    "says nothing": (hangs, "timeout", "before its banner"),
    "banner byte by byte for ever": (trickles(b"220 " + b"x" * 10_000, 0.01), "timeout", "before its banner"),
    "tarpit": (trickles(b"220 mail.example.com ESMTP\r\n", 1.0), "timeout", "before its banner"),
    "endless banner": (pours(b"220-and more of it\r\n", 2**30), "protocol", "lines"),
    "a line of 1 GB": (pours(b"2" * 65536, 2**30), "protocol", "a line of more than"),
    "endless reply to EHLO": (Manners(acts={"ehlo": pours(b"250-X\r\n" * 99, 2**30)}), "protocol", "lines"),
    "a line of 1 GB to EHLO": (Manners(acts={"ehlo": pours(b"250-" + b"X" * 65532, 2**30)}), "protocol", "a line"),
    "binary garbage": (says(GARBAGE), "protocol", "no reply of SMTP"),
    "TLS where none was asked for": (says(TLS_ALERT), "protocol", "it speaks TLS"),
    "TLS where none was asked for, and hangs up": (says(TLS_ALERT, closes), "protocol", "it speaks TLS"),
    "half a reply": (Manners(acts={"ehlo": says(b"250-mail.example.com\r\n", closes)}), "closed", "last line"),
    "a web server": (says(b"HTTP/1.1 400 Bad Request\r\n\r\n", closes), "protocol", "HTTP/1.1"),
    "an IMAP server": (says(b"* OK IMAP4rev1 ready\r\n"), "protocol", "IMAP4rev1"),
    "a POP3 server": (says(b"+OK ready\r\n"), "protocol", "+OK"),
    "half a banner": (says(b"220 mail.exam", closes), "closed", "220 mail.exam"),
    "greets with 421": (Manners(banner=b"421 4.3.2 too busy\r\n"), "rejected", "421 4.3.2 too busy"),
    "greets with 554": (Manners(banner=b"554 5.7.1 go away\r\n"), "rejected", "554"),
    "changing codes": (Manners(replies={"EHLO": b"250-a\r\n251 b\r\n"}), "protocol", "from 250 to 251"),
    "two replies at once": (Manners(banner=b"220 a\r\n220 b\r\n"), "protocol", "more than it was asked for"),
    "two replies to EHLO": (Manners(replies={"EHLO": b"250 a\r\n250 b\r\n"}), "protocol", "more than"),
    "EHLO and HELO refused": (
        Manners(replies={"EHLO": b"502 no\r\n", "HELO": b"550 5.7.1 who are you\r\n"}),
        "rejected",
        "550",
    ),
    "EHLO put off": (Manners(replies={"EHLO": b"451 4.7.1 later\r\n"}), "rejected", "451"),
    "codes that are none": (Manners(banner=b"999 hello\r\n"), "protocol", "999"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_an_odd_server(name: str) -> None:
    play, kind, words = ODD[name]
    one = looked(play)
    assert one.trouble is not None
    assert one.trouble[0] == kind and words in one.trouble[1]


STEPS = ("connect", "banner", "ehlo", "starttls", "handshake", "secured", "ehlo2", "auth", "answer")
WHERE = {
    "connect": "before its banner",
    "banner": "before its banner",
    "ehlo": "after EHLO",
    "starttls": "after STARTTLS",
    "handshake": "in the TLS handshake",
    "secured": "after EHLO",
    "ehlo2": "after EHLO",
    "auth": "after AUTH",
    "answer": "after ***",
}


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("act", [closes, resets, hangs])
def test_a_server_that_leaves_at_this_step(act: Play, step: str, good: ssl.SSLContext, authority: Authority) -> None:
    options = ProbeOptions(timeout=PATIENCE, login=WHO, mechs=("LOGIN",), ca_file=authority.file)
    with Server(Manners(auth=("LOGIN",), tls=good, acts={step: act})) as server:
        *_, one = seen(server, options)
    assert one.trouble is not None
    assert one.trouble[0] == ("timeout" if act is hangs else "closed")
    # by RST the connection may be gone before it is seen to stand
    assert (WHERE[step] if (act, step) != (resets, "connect") else "reset") in one.trouble[1]


def test_nobody_listens() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        text = probed([Target("127.0.0.1", sock.getsockname()[1])], ProbeOptions(timeout=PATIENCE))
    (one,) = Wire.parse(text).all
    assert one.trouble is not None and one.trouble[0] == "refused"


def test_a_name_that_is_none() -> None:
    (one,) = Wire.parse(probed([Target("no..such\udcff.name", 25)], ProbeOptions(timeout=PATIENCE))).all
    assert one.trouble is not None and one.trouble[0] == "unresolved"


def test_a_name_service_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is not a name without address; and nobody waits for it longer than was said."""

    def slow(name: str, *_: object, **__: object) -> list[object]:
        if name.startswith("slow"):
            time.sleep(3)
        raise socket.gaierror(socket.EAI_AGAIN if name.startswith("down") else socket.EAI_NONAME, "words")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    targets = [Target(f"{word}.example.com", 25) for word in ("slow", "down", "no")]
    began = time.monotonic()
    per_endpoint = Wire.parse(probed(targets, ProbeOptions(timeout=PATIENCE))).per_endpoint
    assert time.monotonic() - began < PATIENCE + 1
    reported = [c.trouble[1] for c in per_endpoint if c.trouble and c.trouble[0] == "unresolved"]
    assert ["does not answer" in words for words in reported] == [True, True, False]
    assert reported[-1] == "the name no.example.com has no address"


def test_a_name_that_comes_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def late(name: str, *_: object, **__: object) -> list[object]:
        asked.append(name)
        if len(asked) < 3:
            raise socket.gaierror(socket.EAI_NONAME, "words")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", late)
    with Server(Manners()) as server:
        (one,) = Wire.parse(probed([Target("mail.example.com", server.port)], ProbeOptions(timeout=2, wait=10))).all
    assert one.trouble is None and one.name == "mail.example.com"


def test_another_address_of_the_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """As clients do: the first that answers counts, and where none does the last one tells."""

    def two(*_: object, **__: object) -> list[object]:
        rows = [
            (socket.AF_INET6, ("::1", 0, 0, 0)),
            (socket.AF_INET, ("127.0.0.1", 0)),
            (socket.AF_INET, ("127.0.0.2", 0)),
        ]
        return [(family, socket.SOCK_STREAM, 6, "", address) for family, address in rows]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with Server(Manners(), address="127.0.0.2") as server:
        target = Target("mail.example.com", server.port)
        (one,) = Wire.parse(probed([target], ProbeOptions(timeout=PATIENCE))).all
    assert one.trouble is None and (one.address, one.name) == ("127.0.0.2", "mail.example.com")
    (none,) = Wire.parse(probed([target], ProbeOptions(timeout=PATIENCE))).all
    assert none.trouble is not None and none.trouble[0] == "refused" and none.address == "::1"


@pytest.mark.slow
def test_a_health_check_is_over_in_time_whatever_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> list[object]:
        time.sleep(0.7)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 0)) for n in (1, 2, 3)]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with Server(lambda talk: time.sleep(3)) as server:
        began = time.monotonic()
        reported = visited(Target("mail.example.com", server.port), ProbeOptions(timeout=1.5))
        assert time.monotonic() - began < 2
    (one,) = Wire.parse(reported).all
    assert one.trouble is not None and one.trouble[0] in ("timeout", "refused")


def test_an_unsolicited_reply_is_not_a_hang() -> None:
    """It is taken for the answer to what was said last; then there is one too many."""

    def play(talk: Talk) -> None:
        talk.send(b"220 hi\r\n")
        talk.line()
        talk.send(reply(250, "hi", "STARTTLS"))
        talk.send(b"421 4.4.2 time is over\r\n")
        talk.close()

    with Server(play) as server:
        (one,) = seen(server, ProbeOptions(timeout=PATIENCE))
    assert one.trouble is None or one.trouble[0] in ("protocol", "closed")


# ---- STARTTLS


def test_starttls_refused(good: ssl.SSLContext) -> None:
    manners = Manners(tls=good, replies={"STARTTLS": b"454 4.7.0 no certificate\r\n"})
    one = looked(manners)
    assert one.trouble is None and one.hello is not None and one.in_tls is None
    assert one.received("454") == ("4.7.0 no certificate",)
    must = looked(manners, ProbeOptions(timeout=PATIENCE, mode="starttls"))
    assert must.trouble is not None and must.trouble[0] == "no-starttls"


def test_starttls_not_offered() -> None:
    must = looked(Manners(), ProbeOptions(timeout=PATIENCE, mode="starttls"))
    assert must.trouble is not None and must.trouble[0] == "no-starttls"


@pytest.mark.parametrize("behind", [b"250 injected\r\n", b"2", b"\x16\x03\x01"])
def test_bytes_behind_the_reply_to_starttls(behind: bytes, good: ssl.SSLContext) -> None:
    one = looked(Manners(tls=good, acts={"starttls": says(b"220 go ahead\r\n" + behind)}))
    assert one.trouble is not None and one.trouble[0] == "injection"
    assert one.in_tls is None


@pytest.mark.parametrize("garbage", [GARBAGE, b"220 what?\r\n" * 9, TLS_ALERT, b"\x16\x03\x03\x40\x00" + b"x" * 16384])
def test_garbage_in_place_of_a_handshake(garbage: bytes, good: ssl.SSLContext) -> None:
    def act(talk: Talk) -> None:
        talk.send(b"220 go ahead\r\n")
        talk.message_of_tls()
        talk.send(garbage)
        talk.hang()

    one = looked(Manners(tls=good, acts={"starttls": act}))
    assert one.trouble is not None and one.trouble[0] == "tls"


def test_smtp_in_clear_on_a_port_of_implicit_tls() -> None:
    with Server(says(Manners().banner)) as server:
        (one,) = seen(server, ProbeOptions(timeout=PATIENCE, mode="implicit"))
    assert one.trouble is not None and one.trouble[0] == "tls"
    assert "does not speak TLS" in one.trouble[1]


def test_what_was_said_before_a_server_left_within_tls_is_heard(good: ssl.SSLContext) -> None:
    """The last reply and the end of TLS may come in one packet."""

    def act(talk: Talk) -> None:
        talk.part(b"421 4.3.2 shutting down\r\n")

    one = looked(Manners(tls=good, acts={"ehlo2": act}))
    assert one.received("421") == ("4.3.2 shutting down",)
    assert one.trouble is not None and one.trouble[0] == "rejected"


# ---- certificates: no password where the server is not known


def contexts(authority: Authority) -> dict[str, ssl.SSLContext]:
    return {
        "expired": authority.context(days_old=90),
        "not yet valid": authority.context(days_old=-5),
        "for another name": authority.context(x509.DNSName("other.example.net")),
        "self-signed": authority.context(self_signed=True),
        "TLSv1.0": authority.context(only=ssl.TLSVersion.TLSv1),
    }


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "implicit"])
@pytest.mark.parametrize("name", ["expired", "not yet valid", "for another name", "self-signed", "TLSv1.0"])
def test_no_password_after_a_failed_verification(name: str, implicit: bool, authority: Authority) -> None:
    manners = Manners(auth=MECHANISMS, tls=contexts(authority)[name], implicit=implicit)
    options = ProbeOptions(timeout=2, login=WHO, ca_file=authority.file, mode="implicit" if implicit else "auto")
    with Server(manners) as server:
        first, *logins = seen(server, options)
        assert not spoken(server) and logins
    assert first.trouble is None and first.in_tls is not None, "a look goes on, whatever the certificate"
    for one in logins:
        assert one.trouble is not None and one.trouble[0] == ("tls" if name == "TLSv1.0" else "untrusted")
        assert not one.outcome[0]


def test_what_a_look_tells_of_certificates(authority: Authority) -> None:
    reported = {
        name: looked(Manners(tls=context), ProbeOptions(timeout=2, ca_file=authority.file))
        for name, context in contexts(authority).items()
    }
    assert reported["expired"].verified[0] == "invalid"
    assert reported["not yet valid"].verified[0] == "invalid"
    assert reported["self-signed"].noted("verified") == "self-signed"
    assert reported["for another name"].noted("verified") == "yes", "names are compared elsewhere"
    assert reported["TLSv1.0"].tls_version == "TLSv1"


def test_an_unverified_server_is_logged_in_to_if_that_was_asked_for(authority: Authority) -> None:
    (one,) = logged_in(
        Manners(auth=("PLAIN",), tls=authority.context(self_signed=True)), authority, "PLAIN", verify=False
    )
    assert one.outcome[0] == "ok"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_no_password_in_clear(mechanism: str, good: ssl.SSLContext, authority: Authority) -> None:
    stripped = Manners(auth=MECHANISMS, tls=good, replies={"STARTTLS": b"454 no\r\n"})
    for manners in (Manners(auth=MECHANISMS), stripped):
        with Server(manners) as server:
            _, one = seen(server, ProbeOptions(timeout=PATIENCE, login=WHO, mechs=(mechanism,), ca_file=authority.file))
            assert not spoken(server)
        assert one.outcome[0] == "withheld"
    (one,) = logged_in(Manners(auth=MECHANISMS), authority, mechanism, in_clear=True)
    assert one.outcome[0] == "ok"


@pytest.mark.parametrize("name", ["..", ".example.com", "x" * 300, "a\0b", "münchen.example.com", "_mail.example.com"])
def test_strange_names_of_servers_are_no_traceback(name: str, good: ssl.SSLContext) -> None:
    looked(Manners(tls=good), ProbeOptions(timeout=PATIENCE, tls_name=name))


# ---- odd logins


def _flipped(proof: bytes) -> bytes:
    return bytes(b ^ 1 for b in proof)


ODD_LOGINS: dict[str, tuple[str, Callable[[], Manners], str, str]] = {
    "wrong v=": ("SCRAM-SHA-256", lambda: Manners(scram=Scram(proof=_flipped)), "unproven", "v="),
    "no v=": ("SCRAM-SHA-256", lambda: Manners(scram=Scram(proves=False)), "unproven", "prove"),
    "iterations below 0": ("SCRAM-SHA-256", lambda: Manners(scram=Scram(iterations="-1")), "broken", "iteration"),
    "no iterations": ("SCRAM-SHA-1", lambda: Manners(scram=Scram(iterations="0")), "broken", "iteration"),
    "10^9 iterations": ("SCRAM-SHA-1", lambda: Manners(scram=Scram(iterations="1000000000")), "broken", "iteration"),
    "10^5000 iterations": ("SCRAM-SHA-1", lambda: Manners(scram=Scram(iterations="1" + "0" * 5000)), "broken", "iter"),
    "1 iteration": ("SCRAM-SHA-256", lambda: Manners(scram=Scram(iterations="1")), "weak", "fewer than 1000 "),
    "another nonce": ("SCRAM-SHA-256", lambda: Manners(scram=Scram(nonce=lambda _: "another")), "broken", "nonce"),
    "our nonce": ("SCRAM-SHA-256", lambda: Manners(scram=Scram(nonce=lambda own: own)), "broken", "nonce"),
    "wrong rspauth": ("DIGEST-MD5", lambda: Manners(digest_proof=lambda right: right[::-1]), "unproven", "rspauth"),
    "235 at once": ("SCRAM-SHA-256", lambda: Manners(replies={"AUTH": b"235 welcome\r\n"}), "unproven", "prove"),
    "235 at once to DIGEST-MD5": ("DIGEST-MD5", lambda: Manners(replies={"AUTH": b"235 hi\r\n"}), "unproven", "prove"),
    "334 for ever": ("PLAIN", lambda: Manners(acts={"auth": endless(lambda n: b"334 eA==\r\n")}), "broken", "asking"),
    "334 for ever to LOGIN": ("LOGIN", lambda: Manners(acts={"auth": endless(lambda n: b"334 \r\n")}), "broken", "on"),
    "no base64": ("CRAM-MD5", lambda: Manners(replies={"AUTH": b"334 <1@x>\r\n"}), "broken", "base64"),
    "an empty challenge": ("CRAM-MD5", lambda: Manners(replies={"AUTH": b"334 \r\n"}), "broken", "empty"),
    "454": ("PLAIN", lambda: Manners(replies={"AUTH": b"454 4.7.0 later\r\n"}), "later", "454"),
    "538": ("PLAIN", lambda: Manners(replies={"AUTH": b"538 5.7.11 encrypt\r\n"}), "failed", "538"),
    "354": ("PLAIN", lambda: Manners(replies={"AUTH": b"354 what\r\n"}), "failed", "354"),
    "250": ("PLAIN", lambda: Manners(replies={"AUTH": b"250 ok\r\n"}), "failed", "250"),
}


@pytest.mark.parametrize("name", ODD_LOGINS)
def test_an_odd_login(name: str, good: ssl.SSLContext, authority: Authority) -> None:
    mechanism, manners, word, words = ODD_LOGINS[name]
    one = logged_in(_with_tls(manners(), good, mechanism), authority, mechanism)[0]
    assert one.outcome[0] == word and words in one.outcome[1]


@pytest.mark.parametrize(("count", "tls", "word", "remark"), [
    ("4096", True, "ok", ""),
    ("4096", False, "ok", ""),
    ("4095", True, "ok", "fewer than 4096 iterations"),
    ("4095", False, "weak", ""),
    ("1000", True, "ok", "fewer than 4096 iterations"),
    ("999", True, "weak", ""),
    ("999", False, "weak", ""),
])  # fmt: skip
def test_few_iterations_are_told_and_none_that_gives_the_password_away_is_answered(
    count: str, tls: bool, word: str, remark: str, good: ssl.SSLContext, authority: Authority
) -> None:
    manners = Manners(scram=Scram(iterations=count), auth=("SCRAM-SHA-1",), tls=good if tls else None)
    with Server(manners) as server:
        options = ProbeOptions(
            timeout=PATIENCE, login=WHO, ca_file=authority.file, in_clear=True, mechs=("SCRAM-SHA-1",)
        )
        one = seen(server, options)[1]
    assert (one.outcome[0], one.noted("weak")) == (word, remark)
    # the first message of the client holds no proof; the second would
    proofs = [line for line in server.said if b",p=" in _plain(line)]
    assert bool(proofs) == (word != "weak")


def _plain(line: bytes) -> bytes:
    try:
        return b64decode(line, validate=True)
    except ValueError:
        return b""


def _with_tls(manners: Manners, context: ssl.SSLContext, mechanism: str) -> Manners:
    return replace(manners, tls=context, auth=(mechanism,))


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
def test_a_server_that_repeats_what_it_heard(mechanism: str, good: ssl.SSLContext, authority: Authority) -> None:
    """Some write the command that they did not understand into their reply; a hostile one more than that."""

    def auth(talk: Talk) -> None:
        received = talk.lines[-1].partition(b" ")[2].partition(b" ")[2]
        if not received:
            talk.send(b"334 " + b64encode(b"<1@example.com>") + b"\r\n")
            received = talk.line()
            if mechanism == "LOGIN":
                talk.send(b"334 UGFzc3dvcmQ6\r\n")
                received = talk.line()
        talk.secrets += [received, received[:12], received.upper(), b64decode(received)]
        plain = b64decode(received).rpartition(b"\0")[2]
        talk.send(
            b"500-5.5.2 unknown command: " + received + b"\r\n500-" + received.upper() + b"\r\n500-that is " + plain
        )
        talk.send(b" to me\r\n500 " + received[:-3] + b"... is too long\r\n")
        talk.line()  # QUIT
        raise Gone

    (one, *_) = logged_in(Manners(auth=(mechanism,), tls=good, acts={"auth": auth}), authority, mechanism)
    assert one.outcome[0] == "failed" and "unknown command" in one.outcome[1]


@pytest.mark.parametrize("form", [bytes, lambda word: word[::-1], lambda word: word.hex().encode(), b64encode])
def test_a_server_that_greets_with_a_password_it_heard_before(
    form: Callable[[bytes], bytes], good: ssl.SSLContext, authority: Authority
) -> None:
    received = form(PASSWORD.encode())

    def greets(talk: Talk) -> None:
        words = received if len(server.talks) > 2 else b"ESMTP"
        Manners(banner=b"220 mail.example.com %b\r\n" % words, auth=("PLAIN", "CRAM-MD5"), tls=good)(talk)

    options = ProbeOptions(timeout=PATIENCE, login=WHO, ca_file=authority.file)
    with Server(greets) as server:
        text = probed([Target("127.0.0.1", server.port)], options)
        assert len(server.talks) > 2
    assert printable(received) not in text and "220 mail.example.com ***" in text


def test_a_server_that_heard_the_password_in_an_earlier_run(good: ssl.SSLContext, authority: Authority) -> None:
    half = len(PASSWORD) // 2
    banner = f"220-localhost {PASSWORD[:half]}\r\n220 {PASSWORD[half:]} ESMTP {PASSWORD[::-1]}\r\n"
    manners = Manners(auth=("PLAIN",), tls=good, banner=banner.encode())
    with Server(manners) as server:
        options = ProbeOptions(timeout=PATIENCE, login=WHO, ca_file=authority.file)
        text = probed([Target("127.0.0.1", server.port)], options).lower()
    assert "220-localhost" in text and " esmtp" in text
    for part in (PASSWORD[:half], PASSWORD[half:], PASSWORD[::-1]):
        assert not any(part.lower()[i : i + 8] in text for i in range(len(part) - 7))


def test_no_refusal_of_ours_stands_in_the_log_of_a_server_whose_certificate_the_look_refused(
    authority: Authority,
) -> None:
    manners = Manners(auth=MECHANISMS, tls=authority.context(self_signed=True))
    with Server(manners) as server:
        _, one = seen(server, ProbeOptions(timeout=PATIENCE, login=WHO, ca_file=authority.file))
        assert len(server.talks) == 1, "the login was not begun"
    assert one.trouble == ("untrusted", "self-signed certificate") and one.purpose == "login"


def test_a_password_that_is_a_word_of_smtp_breaks_nothing(good: ssl.SSLContext, authority: Authority) -> None:
    options = ProbeOptions(timeout=PATIENCE, login=Login(USER, Secret(b"PLAIN")), ca_file=authority.file)
    with Server(replace(Manners(auth=("PLAIN", "LOGIN"), tls=good), password="PLAIN")) as server:  # noqa: S106
        logins = Wire.parse(probed([Target("127.0.0.1", server.port)], options)).logins
    assert [c.outcome[0] for c in logins] == ["ok", "ok"]


def test_the_name_that_was_asked_for_is_a_realm_too(authority: Authority) -> None:
    """Users stay in the realm of the old name when a host is renamed; DNS still leads there."""
    context = authority.context(x509.DNSName("old.example.org"))
    options = ProbeOptions(
        timeout=PATIENCE, login=WHO, mechs=("PLAIN",), ca_file=authority.file, tls_name="old.example.org"
    )
    with Server(Manners(auth=("PLAIN",), tls=context, user=f"{USER}@old.example.org")) as server:
        logins = Wire.parse(probed([Target("127.0.0.1", server.port)], options)).logins
    assert [c.user for c in logins if c.outcome[0] == "ok"] == [f"{USER}@old.example.org"]


# ---- many, late, large


@pytest.mark.slow
def test_many_targets_and_a_dead_one_among_them() -> None:
    def ponders(talk: Talk) -> None:
        talk.left.wait(0.3)

    with (
        Server(in_turn(*[hangs] * 3, Manners(acts={"ehlo": ponders})), listeners=300) as server,
        socket.socket() as dead,
    ):
        dead.bind(("127.0.0.1", 0))
        targets = [Target("127.0.0.1", port) for port in (*server.ports, dead.getsockname()[1])]
        began = time.monotonic()
        reported: list[str] = []
        text = probed(targets, ProbeOptions(timeout=3), reported.append)
        took = time.monotonic() - began
    troubles = [c.trouble[0] if c.trouble else "" for c in Wire.parse(text).per_endpoint]
    assert [(c.address, c.port) for c in Wire.parse(text).per_endpoint] == [(t.host, t.port) for t in targets]
    assert troubles.count("timeout") == 3 and troubles[-1] == "refused" and troubles.count("") == 297
    assert took < 3 + 1.5 and reported[-1] == "301 of 301 servers"


def test_fewer_files_than_targets() -> None:
    """The limit of open files is not a fault of the servers."""
    program = """if True:
        import resource, sys
        from maildoctor.host.network import Target, ProbeOptions, probed
        probed([], ProbeOptions())
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        print(probed([Target("127.0.0.1", int(port)) for port in sys.argv[1:]], ProbeOptions(timeout=5)))
    """
    with Server(Manners(), listeners=40) as server:
        ports = map(str, server.ports)
        done = subprocess.run([sys.executable, "-c", program, *ports], capture_output=True, text=True, timeout=60)
    per_endpoint = Wire.parse(done.stdout).per_endpoint
    assert len(per_endpoint) == 40 and not [c.trouble for c in per_endpoint if c.trouble], done.stderr


def test_a_service_that_starts_late_is_waited_for() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    late = Server(Manners(), port=port)
    timer = threading.Timer(0.8, late.__enter__)
    timer.start()
    try:
        began = time.monotonic()
        (one,) = Wire.parse(probed([Target("127.0.0.1", port)], ProbeOptions(timeout=2, wait=10))).all
        assert one.trouble is None and 0.5 < time.monotonic() - began < 5
    finally:
        timer.join()
        late.__exit__(None, None, None)


def test_waiting_comes_to_an_end() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        began = time.monotonic()
        text = probed([Target("127.0.0.1", sock.getsockname()[1])], ProbeOptions(timeout=PATIENCE, wait=1.0))
    assert time.monotonic() - began < 1.0 + PATIENCE + 1 and "*** refused" in text


@pytest.mark.parametrize(
    "name", ["endless banner", "a line of 1 GB", "endless reply to EHLO", "a line of 1 GB to EHLO"]
)
def test_memory_is_bounded(name: str) -> None:
    play = ODD[name][0]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Server(play) as server:
        tracemalloc.start()
        try:
            text = probed([Target("127.0.0.1", server.port)], ProbeOptions(timeout=PATIENCE))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 4 * 2**20 and len(text) < 2**17
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # KiB


# ---- the core without sockets: nothing that a server sends makes it fail

PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([
        b"220 hi\r\n", b"220-hi\r\n", b"250 ok\r\n", b"250-x\r\n",
        b"250-STARTTLS\r\n250 AUTH PLAIN LOGIN SCRAM-SHA-1\r\n",
        b"334 \r\n", b"334 cj1hLHM9YSxpPTE=\r\n", b"235 ok\r\n", b"535 no\r\n", b"\n", b"421 bye\r\n", b"502 what\r\n",
        TLS_ALERT, b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00",
    ]),
)  # fmt: skip


def _cut(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(PIECES, max_size=12),
    cuts=st.lists(st.integers(0, 500), max_size=8),
    mechanism=st.sampled_from(["", *MECHANISMS]),
    mode=st.sampled_from(["auto", "clear", "starttls", "implicit"]),
)
def test_whatever_comes_a_session_never_raises_and_ends_with_the_connection(
    pieces: list[bytes], cuts: list[int], mechanism: str, mode: str
) -> None:
    handshakes = Handshakes()
    approach = Approach(mode, 25, "mail.example.com", handshakes.to_look, handshakes.describe)  # type: ignore[arg-type]
    session = Session(_fuzzed(approach, mechanism), ("connect 192.0.2.1:25 auto",))
    session.opening()
    for chunk in _cut(b"".join(pieces), cuts):
        session.hear(chunk)
    _ended(session)


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(PIECES, max_size=8), mechanism=st.sampled_from(["", *MECHANISMS]), parts=st.booleans())
def test_nor_within_tls(good: ssl.SSLContext, pieces: list[bytes], mechanism: str, parts: bool) -> None:
    handshakes = Handshakes()
    approach = Approach("implicit", 465, "mail.example.com", handshakes.to_look, handshakes.describe)
    session = Session(_fuzzed(approach, mechanism), ("connect 192.0.2.1:465 implicit",))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = good.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(session.opening())
    with suppress(ssl.SSLWantReadError):
        server.do_handshake()
    incoming.write(session.hear(outgoing.read()))
    server.do_handshake()
    assert session.secure
    for piece in pieces:
        server.write(piece)
        if not parts:
            session.hear(outgoing.read())
    with suppress(ssl.SSLError):
        server.unwrap()
    session.hear(outgoing.read() + (TLS_ALERT if parts else b""))
    _ended(session)


def _fuzzed(approach: Approach, mechanism: str) -> Callable[[Session], Script]:
    who = Login(USER, Secret(PASSWORD.encode()), host="mail.example.com")
    if not mechanism:
        return look(approach)
    return login(approach, lambda _: mechanism, lambda m, _: exchange(m, who), hidden=hidden_of(who), in_clear=True)


def _ended(session: Session) -> None:
    """It ends with the connection, and all that is told stands in one transcript."""
    session.hear(b"")
    assert session.finished
    assert session.hear(b"more") == b""
    text = "\n".join(session.lines)
    assert all(line.isprintable() for line in session.lines) and PASSWORD not in text
    assert len(Wire.parse(text).all) == 1


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12), cuts=st.lists(st.integers(0, 500), max_size=8))
def test_how_replies_are_cut_into_packets_does_not_matter(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    assert _replies([data]) == _replies(_cut(data, cuts)) == _replies([data[n : n + 1] for n in range(len(data))])


def test_a_long_line_is_refused_however_it_is_cut() -> None:
    for line, fits in ((b"2" * LINE_LIMIT + b"\n", False), (b"220 " + b"x" * (LINE_LIMIT - 4) + b"\n", True)):
        for size in (1, 100, len(line)):
            found = _replies([line[n : n + size] for n in range(0, len(line), size)])
            assert isinstance(found[-1], str) != fits


def _replies(chunks: Sequence[bytes]) -> list[object]:
    """Replies in their order, at the end the words of what was none."""
    reader = ReplyReader()
    found: list[object] = []
    try:
        for chunk in chunks:
            reader.feed(chunk)
            while one := reader.next():
                found.append(one)
    except BadReply as error:
        found.append(str(error))
    return found


# ---- the command


def probe(*words: str, environ: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "maildoctor", "probe", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ)


def test_the_command_judges_a_server() -> None:
    with Server(Manners(auth=("PLAIN",))) as server:
        done = probe(f"127.0.0.1:{server.port}", "--json")
        assert not spoken(server)
    assert done.returncode == 3 and not done.stderr, "nobody logged in, so nothing is shown"
    report = json.loads(done.stdout)
    assert report["verdict"]["code"] == "not_shown"
    assert [f["name"] for f in report["findings"]] == ["login-without-tls"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a web server", "greets with 554", "a line of 1 GB", "TLS where none was asked for"])
def test_the_command_tells_what_is_odd(name: str) -> None:
    play, _, words = ODD[name]
    with Server(play) as server:
        done = probe(f"127.0.0.1:{server.port}", "--timeout", "5")
    assert done.returncode == 1 and not done.stderr
    assert words in " ".join(done.stdout.split())


def test_the_command_waits_for_a_service() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    late = Server(Manners(), port=port)
    timer = threading.Timer(1.0, late.__enter__)
    timer.start()
    try:
        done = probe(f"127.0.0.1:{port}", "--wait", "20", "--json")
    finally:
        timer.join()
        late.__exit__(None, None, None)
    assert "EHLO maildoctor.invalid" in done.stdout and "*** refused" not in done.stdout


def test_the_command_does_not_hang_on_a_silent_server() -> None:
    with Server(hangs) as server:
        began = time.monotonic()
        done = probe(f"127.0.0.1:{server.port}", "--timeout", "1")
    assert time.monotonic() - began < 10 and "Traceback" not in done.stderr
    assert done.returncode in (1, 3)


def test_the_command_shows_no_secret(good: ssl.SSLContext, authority: Authority, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    with Server(Manners(auth=MECHANISMS, tls=good, password=OTHER)) as server:
        where = f"127.0.0.1:{server.port}"
        options = ("--user", USER, "--password-file", str(password), "--ca-file", authority.file)
        done = probe(where, *options, "--json", "-vv", "--pause", "0.2")
        assert any(line.startswith(b"AUTH") for line in server.said)
        for words in secrets_of(server):
            assert words not in done.stdout + done.stderr


@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
def test_a_health_check_answers_by_its_status_where_nobody_takes_its_line(where: str) -> None:
    """Docker keeps the status 2 for itself."""
    command = f'"$0" -m maildoctor healthcheck "$1" {where}'
    with Server(Manners(auth=("CRAM-MD5",))) as server:
        run = ["sh", "-c", command, sys.executable, f"127.0.0.1:{server.port}"]
        well = subprocess.run(run, timeout=60)
    ill = subprocess.run(run, timeout=60)
    assert (well.returncode, ill.returncode) == (0, 1)


def test_the_command_says_that_a_table_is_of_several_hosts(good: ssl.SSLContext) -> None:
    with Server(Manners(auth=("PLAIN",), tls=good), listeners=2) as server:
        one, other = server.ports
        alone = probe(f"127.0.0.1:{one}", f"127.0.0.1:{other}")
    with Server(Manners(auth=("PLAIN",), tls=good)) as first, Server(Manners(), address="127.0.0.2") as second:
        both = probe(f"127.0.0.1:{first.port}", f"127.0.0.2:{second.port}")
    assert "of 2 hosts together" in both.stdout and "hosts together" not in alone.stdout


def test_a_password_without_a_user_is_refused(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    done = probe("127.0.0.1:1", "--password-file", str(password))
    assert done.returncode == 2 and "no user" in done.stderr


def test_a_login_asks_no_more_of_a_certificate_than_mail_programs_do(authority: Authority) -> None:
    """Of Python 3.13's own accord a CA made by OpenSSL 1.1 would not do."""
    flags = Handshakes(authority.file).to_log_in().verify_flags
    assert not flags & ssl.VERIFY_X509_STRICT
    assert Handshakes(authority.file).to_log_in().verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    "word",
    ["smtp://127.0.0.1", "127.0.0.1:25/", "user@mail.example.com", "[::1", "127.0.0.1:\u0663", "a b:25", "", ":25"],
)
def test_what_names_no_server_is_said_so(word: str) -> None:
    with pytest.raises(UsageError):
        list(target_of(word, (25,)))


def test_a_list_of_servers_from_an_editor(tmp_path: Path) -> None:
    file = tmp_path / "servers"
    file.write_bytes("\ufeffmail.example.com:587 # ours\r\n\r\n# none\r\n[2001:db8::1]:25\r\n".encode())
    assert listed_in(str(file)) == ["mail.example.com:587", "[2001:db8::1]:25"]


def test_a_list_without_end_is_refused() -> None:
    with pytest.raises(UsageError, match="character device"):
        listed_in("/dev/zero")


def test_what_is_true_of_many_hosts_is_explained_a_few_times() -> None:
    with ExitStack() as stack:
        servers = [Server(Manners(auth=("PLAIN",)), address=f"127.0.0.{n}") for n in range(2, 14)]
        words = [f"127.0.0.{n}:{stack.enter_context(s).port}" for n, s in enumerate(servers, 2)]
        brief, whole = probe(*words).stdout, probe(*words, "-v").stdout
    assert all(f"WIRE023 {word} " in brief for word in words)
    assert brief.count(" seen ") == 3 and "9 causes in one line" in brief
    assert whole.count("advice ") == 12 and "in one line" not in whole


def test_a_certificate_for_a_name_asked_for_by_address(authority: Authority, tmp_path: Path) -> None:
    """What would let the login through is the name that stands in the certificate."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    options = ("--user", USER, "--password-file", str(password), "--ca-file", authority.file)
    with Server(Manners(auth=("PLAIN",), tls=authority.context(x509.DNSName("mail.example.com")))) as server:
        done = probe(f"127.0.0.1:{server.port}", *options)
        well = probe(f"127.0.0.1:{server.port}", *options, "--tls-name", "mail.example.com")
    assert done.returncode == 3 and "--tls-name mail.example.com" in " ".join(done.stdout.split())
    assert well.returncode == 0


def test_a_wrong_password_is_not_tried_until_the_client_is_banned(good: ssl.SSLContext, authority: Authority) -> None:
    """A challenge and the password itself, the likely realms, and one more at each other port."""
    offer = ("SCRAM-SHA-256", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN")
    manners = Manners(auth=offer, tls=good)
    options = ProbeOptions(timeout=PATIENCE, login=Login(USER, Secret(b"another-password")), ca_file=authority.file)
    with Server(manners) as first, Server(manners) as second:
        ports = [first.port, second.port]
        logins = Wire.parse(probed([Target("127.0.0.1", port) for port in ports], options)).logins
    tried_first, tried_second = ([c.mechanism for c in logins if c.port == port] for port in ports)
    assert tried_first[:2] == ["SCRAM-SHA-256", "PLAIN"] and len(tried_first) <= 4
    assert len(tried_second) == 1
    with Server(manners) as server:
        named = replace(options, mechs=offer)
        logins = Wire.parse(probed([Target("127.0.0.1", server.port)], named)).logins
    assert {c.mechanism for c in logins} == set(offer), "named mechanisms are tried all the same"


@pytest.mark.slow
def test_a_certificate_of_our_own_logs_in(authority: Authority) -> None:
    asks = authority.context()
    asks.verify_mode = ssl.CERT_REQUIRED
    asks.load_verify_locations(authority.file)
    manners = Manners(auth=("EXTERNAL", "PLAIN"), tls=asks, replies={"AUTH": b"235 2.7.0 ok\r\n"})
    own = authority.certificate()
    with Server(manners) as server:
        done = probe(f"127.0.0.1:{server.port}", "--cert", own, "--ca-file", authority.file, "--json")
    (row,) = [m for m in json.loads(done.stdout)["matrix"] if m["mech"] == "EXTERNAL"]
    assert row["login"] == "ok" and b"AUTH EXTERNAL =" in server.said
    refused = probe("127.0.0.1:1", "--cert", authority.file)
    assert refused.returncode == 2 and "our certificate cannot be used" in refused.stderr
    assert "there is a key and no certificate" in probe("127.0.0.1:1", "--key", own).stderr


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "DIGEST-MD5", "CRAM-MD5", "XOAUTH2"])
def test_no_challenge_is_answered_and_no_token_sent_without_tls(mechanism: str, tmp_path: Path) -> None:
    """Guesses can be tried on an answer offline; and a login that did not happen is no success, whatever is allowed."""
    secret = tmp_path / "secret"
    secret.write_text("throwaway-token")
    secret.chmod(0o600)
    with Server(Manners(auth=(mechanism,))) as server:
        where = (f"127.0.0.1:{server.port}", "--user", USER, "--password-file", str(secret), "--fail-on", "never")
        by = ("--mech", mechanism)
        done = probe(*where, *by, "--allow-unknown", "-v")
        nagios = probe(*where, *by, "--allow-unknown", "--format", "nagios")
        assert not spoken(server)
    assert f"not tried without TLS: {mechanism}" in " ".join(done.stdout.split())
    assert done.returncode == 3 and nagios.returncode != 0


def test_no_more_logins_than_bring_a_ban_and_a_pause_after_each(good: ssl.SSLContext, authority: Authority) -> None:
    manners = Manners(auth=MECHANISMS, tls=good, password=OTHER)
    options = ProbeOptions(timeout=PATIENCE, pause=0.3, login=WHO, ca_file=authority.file)
    began = time.monotonic()
    with Server(manners, listeners=6) as server:
        reported = Wire.parse(probed([Target("127.0.0.1", port) for port in server.ports], options)).logins
    words = [c.outcome[0] for c in reported]
    assert words.count("failed") == 4 and "have us banned" in reported[-1].outcome[1]
    assert time.monotonic() - began > 3 * options.pause


def test_a_server_that_delays_after_a_refused_login_is_said_to(good: ssl.SSLContext, authority: Authority) -> None:
    plays = [Manners(auth=("CRAM-MD5", "PLAIN"), tls=good, password=OTHER)] * 2
    late = replace(plays[0], acts={"auth": hangs})
    with Server(in_turn(*plays, late)) as server:
        *_, one = seen(server, ProbeOptions(timeout=PATIENCE, login=WHO, ca_file=authority.file))
    assert one.trouble is not None and "the server delays answers after failed logins" in one.trouble[1]

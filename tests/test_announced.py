"""`maildoctor probe --domain` beside a name server, a web server and mail servers on loopback."""

import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.check import Check
from maildoctor.facts.announced import Announced
from maildoctor.facts.autoconfig import ClientConfig
from maildoctor.host.announcements import LARGEST, RECORDS, Asking, announced
from maildoctor.host.network import Network, ProbeOptions
from maildoctor.library import load_library
from tests.authority import Authority
from tests.dns_server import NameServer, Zone
from tests.smtp_server import Manners, Server, Talk

CHECKS: Mapping[str, Check] = {c.code: c for c in load_library(()).checks}
D = "example.com"
XML = """<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="example.com"><domain>example.com</domain>
<incomingServer type="imap"><hostname>imap.example.com</hostname><port>993</port></incomingServer>
<outgoingServer type="smtp"><hostname>mail.example.com</hostname><port>{port}</port>
<socketType>STARTTLS</socketType><username>%EMAILADDRESS%</username>
<authentication>password-cleartext</authentication></outgoingServer></emailProvider></clientConfig>
"""
FILE = "/mail/config-v1.1.xml"
KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
NAMES = tuple(x509.DNSName(name) for name in ("mail.example.com", "autoconfig.example.com", "example.com"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class Web:
    """A web server while it is entered. `pages`: by path, status, headers and body; `pause`: seconds before each byte
    of the body."""

    def __init__(
        self, pages: Mapping[str, tuple[int, dict[str, str], bytes]], tls: ssl.SSLContext | None, pause: float = 0
    ) -> None:
        self.asked: list[tuple[str, str]] = []
        self._over = over = threading.Event()
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append((str(self.headers["Host"]), self.path))
                status, headers, body = pages.get(self.path, (404, {}, b"no"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for at in range(0, len(body), 1 if pause else len(body)):
                        self.wfile.write(body[at : at + 1] if pause else body)
                        if pause and over.wait(pause):
                            return
                except OSError:
                    return

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> "Web":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


def zone(rows: Zone | None = None) -> Zone:
    """A domain that is set up well, and what differs."""
    good: dict[tuple[str, str], Any] = {
        (f"_submissions._tcp.{D}", "SRV"): ["0 1 465 mail.example.com."],
        (f"_submission._tcp.{D}", "SRV"): ["5 1 587 mail.example.com."],
        ("mail.example.com", "A"): ["127.0.0.1"],
        (D, "A"): ["127.0.0.1"],
    }
    return {**good, **(rows or {})}


def learnt(rows: Zone | None = None, asking: Mapping[str, Any] | None = None) -> tuple[Announced, str, NameServer]:
    """What is found out of a zone, with its text."""
    with NameServer(zone(rows)) as server:
        how = Asking(("127.0.0.1", server.port), 2.0, **{"ports": (1, 1), **(asking or {})})
        text = announced(D, how, lambda text: [host for host, _, _ in Announced.parse(text).endpoints])
    return Announced.parse(text), text, server


def fetched(
    authority: Authority,
    pages: Mapping[str, tuple[int, dict[str, str], bytes]],
    *,
    tls: ssl.SSLContext | None = None,
    pause: float = 0,
    rows: Zone | None = None,
) -> tuple[Announced, str]:
    """What is found out of a web server at autoconfig.example.com."""
    from maildoctor.probe.handshakes import Handshakes

    with Web(pages, tls or authority.context(*NAMES), pause) as web:
        there: Zone = {("autoconfig.example.com", "A"): ["127.0.0.1"], **(rows or {})}
        found, text, _ = learnt(there, {"ports": (1, web.port), "trusted": Handshakes(authority.file).to_log_in})
    return found, text


# ---- DNS


def test_records_are_read_in_the_order_of_clients() -> None:
    many = ["20 1 587 c.example.com.", "10 1 587 b.example.com.", "10 5 587 a.example.com."]
    found, _, _ = learnt({(f"_submission._tcp.{D}", "SRV"): many})
    assert [r.target for r in found.of("_submission._tcp")] == ["a.example.com", "b.example.com", "c.example.com"]
    assert ("mail.example.com", 465, True) in found.endpoints and ("a.example.com", 587, False) in found.endpoints
    assert found.known("MAIL.example.com").addresses == ("127.0.0.1",)  # type: ignore[union-attr]
    assert found.known("a.example.com").answer == "NXDOMAIN"  # type: ignore[union-attr]


def test_only_what_is_named_is_asked() -> None:
    _, _, server = learnt()
    asked = {name for name, _ in server.asked}
    services = {f"_{service}._tcp.{D}" for service in ("submissions", "submission", "imaps")}
    assert asked == {*services, D, f"autoconfig.{D}", "mail.example.com"}


def test_a_service_that_is_not_offered() -> None:
    found, _, _ = learnt({(f"_submission._tcp.{D}", "SRV"): ["0 0 0 ."]})
    (record,) = found.of("_submission._tcp")
    assert record.not_offered and [r.service for r in found.submission] == ["_submissions._tcp"]


def test_an_alias_is_seen_and_followed() -> None:
    there: Zone = {("mail.example.com", "CNAME"): ["host.example.net."], ("host.example.net", "A"): ["127.0.0.1"]}
    found, _, _ = learnt(there)
    name = found.known("mail.example.com")
    assert name is not None and name.alias == "host.example.net" and name.addresses == ("127.0.0.1",)


def test_a_huge_answer_is_cut_and_says_so() -> None:
    """By TCP, as it does not fit into a packet; what is preferred stays."""
    rows = [f"{n} 1 587 host{n}.example.com." for n in range(900)]
    found, text, _ = learnt({(f"_submission._tcp.{D}", "SRV"): rows})
    assert (
        len(found.of("_submission._tcp")) == RECORDS and found.of("_submission._tcp")[0].target == "host0.example.com"
    )
    assert "only the first 12 of 900" in found.cut[0] and len(text) < 10_000


@pytest.mark.parametrize("answer", [None, b"\x00\x00nonsense", b""], ids=["no answer", "nonsense", "empty"])
def test_a_name_server_that_does_not_answer_ends_in_time(answer: bytes | None) -> None:
    began = time.monotonic()
    found, _, _ = learnt({(f"_submissions._tcp.{D}", "SRV"): answer})
    assert time.monotonic() - began < 10
    assert not found.answered("_submissions._tcp") and found.answered("_submission._tcp")
    findings = CHECKS["WIRE080"].findings({"announced": found})
    assert "_submissions._tcp.example.com SRV" in next(findings).reason  # type: ignore[union-attr]


def test_an_alias_that_leads_in_a_circle() -> None:
    there: Zone = {("a.example.com", "CNAME"): ["b.example.com."], ("b.example.com", "CNAME"): ["a.example.com."]}
    found, _, _ = learnt({**there, (f"_submission._tcp.{D}", "SRV"): ["0 1 587 a.example.com."]})
    name = found.known("a.example.com")
    assert name is not None and not name.addresses


def test_a_hostile_name_stays_one_line() -> None:
    found, text, _ = learnt({(f"_submission._tcp.{D}", "SRV"): [r"0 1 587 a\010\;\032GET\032b\000.example.com."]})
    (record,) = found.of("_submission._tcp")
    assert record.fault == "its target is no name of a host" and len(found.endpoints) == 1
    assert all(line.isprintable() for line in text.split("\n"))


# ---- autoconfig


def test_a_file_is_fetched_and_read(authority: Authority) -> None:
    found, text = fetched(authority, {FILE: (200, {"Content-Type": "text/xml"}, XML.format(port=587).encode())})
    (server,) = found.servers
    assert server.endpoint == "mail.example.com:587" and server.username == "%EMAILADDRESS%"
    assert found.config is not None and found.config.url == f"https://autoconfig.{D}{FILE}"
    assert text.count("; GET") == 1, "mail programs ask no further either"


def test_the_domain_itself_is_asked_where_autoconfig_has_nothing(authority: Authority) -> None:
    found, _ = fetched(authority, {KNOWN: (200, {}, XML.format(port=587).encode())})
    assert found.config is not None and found.config.url == f"https://{D}{KNOWN}"


def test_a_redirect_is_followed_a_few_times(authority: Authority) -> None:
    moved = {FILE: (302, {"Location": "/here.xml"}, b""), "/here.xml": (200, {}, XML.format(port=587).encode())}
    assert fetched(authority, moved)[0].servers
    found, _ = fetched(authority, {FILE: (302, {"Location": FILE}, b"")})
    assert "redirects more than 3 times" in found.files[0].reason


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (f"http://{D}/x", "not protected by TLS"),
        ("ftp://example.com/x", "where no mail program goes"),
        ("file:///etc/passwd", "where no mail program goes"),
        (f"https://{D}:22/x", "where no mail program goes"),
        ("https://[::1/", "where no mail program goes"),
    ],
)
def test_a_redirect_that_no_mail_program_follows(authority: Authority, where: str, says: str) -> None:
    found, _ = fetched(authority, {FILE: (301, {"Location": where}, b"")})
    assert says in found.files[0].reason


def test_a_certificate_that_cannot_be_verified(authority: Authority) -> None:
    found, _ = fetched(authority, {FILE: (200, {}, b"")}, tls=authority.context(*NAMES, self_signed=True))
    assert found.files[0].outcome == "untrusted"
    assert [f.code for f in CHECKS["WIRE088"].findings({"announced": found})][:1] == ["WIRE088"]  # type: ignore[union-attr]


def test_a_file_without_end(authority: Authority) -> None:
    found, text = fetched(authority, {FILE: (200, {}, b"<a>" * LARGEST)})
    assert found.files[0].outcome == "too-large" and len(text) < 10_000


def test_a_web_server_that_trickles_is_left_in_time(authority: Authority) -> None:
    began = time.monotonic()
    found, _ = fetched(authority, {FILE: (200, {}, b"<clientConfig>" * 100)}, pause=0.2)
    assert time.monotonic() - began < 10 and not found.servers
    assert found.files[0].outcome == "timeout" and "within 2 s" in found.files[0].reason


BOMB = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{BOMB}]><clientConfig>&i;</clientConfig>", "document type"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><clientConfig>&b;</clientConfig>', "document type"),
        ("<clientConfig>", "no well-formed XML"),
        ("", "no well-formed XML"),
        ("<clientConfig>" + "<a>" * 100_000, "no well-formed XML"),
        ("<Autodiscover/>", "<Autodiscover>, not <clientConfig>"),
        ("<clientConfig>" + "<outgoingServer/>" * 1000 + "</clientConfig>", "more than 20"),
    ],
)
def test_hostile_xml_is_refused(text: str, says: str) -> None:
    began = time.monotonic()
    assert says in ClientConfig.parse(text).fault
    assert time.monotonic() - began < 2


def test_a_long_value_is_cut() -> None:
    element = f"<outgoingServer type='smtp'><hostname>{'a' * 100_000}</hostname></outgoingServer>"
    (server,) = ClientConfig.parse(f"<clientConfig>{element}</clientConfig>").outgoing
    assert len(server.hostname) == 255


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    ClientConfig.parse(text)
    found = Announced.parse(text)
    assert found.summary and isinstance(found.endpoints, tuple)


def test_the_door_leaves_a_file_readable() -> None:
    """What it strikes out are secrets; the words of the file's format are none."""
    rows = "\n".join(f"| {line}" for line in XML.format(port=587).split("\n"))
    text = f"; domain {D}\n; GET https://autoconfig.{D}{FILE}: 200 text/xml\n{rows}"
    answer = Network([], ProbeOptions(announced=text)).ask("announced")
    assert isinstance(answer, str)
    (server,) = Announced.parse(answer).servers
    assert server.authentication == ("password-cleartext",) and server.username == "%EMAILADDRESS%"


# ---- the command


def probe(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "maildoctor", "probe", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def servers(authority: Authority) -> Iterator[tuple[Server, Server]]:
    """Mail servers with a good certificate: TLS from the first byte on, and STARTTLS."""
    tls = authority.context(*NAMES)
    with ExitStack() as stack:
        offer = ("CRAM-MD5",)  # what may be offered in clear too
        yield (
            stack.enter_context(Server(Manners(auth=offer, tls=tls, implicit=True))),
            stack.enter_context(Server(Manners(auth=offer, tls=tls))),
        )


def ask(authority: Authority, rows: Zone, *words: str) -> "subprocess.CompletedProcess[str]":
    with NameServer(zone(rows)) as dns:
        return probe("--domain", D, "--resolver", dns.address, "--ca-file", authority.file, "--timeout", "3", *words)


def codes(done: "subprocess.CompletedProcess[str]") -> dict[str, str | None]:
    """Code of each finding, and that of what explains it."""
    report = json.loads(done.stdout)
    of = {f["fingerprint"]: f["code"] for f in report["findings"]}
    return {f["code"]: of.get(f["explained_by"]) for f in report["findings"]}


def test_a_domain_that_is_set_up_well_has_no_finding(authority: Authority, servers: tuple[Server, Server]) -> None:
    implicit, starttls = servers
    rows: Zone = {
        (f"_submissions._tcp.{D}", "SRV"): [f"0 1 {implicit.port} mail.example.com."],
        (f"_submission._tcp.{D}", "SRV"): [f"0 1 {starttls.port} mail.example.com."],
    }
    done = ask(authority, rows, "--json")
    assert set(codes(done)) <= {"WIRE014"}, "CRAM-MD5 alone is too little for some mail programs, and that is all"
    assert done.returncode == 3 and not done.stderr, "no login was seen"
    text = ask(authority, rows)
    assert f"_submissions._tcp mail.example.com:{implicit.port}, _submission._tcp mail.example.com:{starttls.port}" in (
        " ".join(text.stdout.split())
    )


def greets_in_clear(talk: Talk) -> None:
    """What a port for STARTTLS does with a client that begins TLS at once."""
    talk.send(b"220 mail.example.com ESMTP\r\n")
    talk.hang()


def test_tls_at_once_is_announced_where_the_port_begins_in_clear(authority: Authority) -> None:
    """The announcement is the cause of what is seen at the port."""
    with Server(greets_in_clear) as server:
        rows: Zone = {
            (f"_submissions._tcp.{D}", "SRV"): [f"0 1 {server.port} mail.example.com."],
            (f"_submission._tcp.{D}", "SRV"): ["0 0 0 ."],
        }
        done = ask(authority, rows, "--json")
    found = codes(done)
    assert found.pop("WIRE083", "none") is None and set(found.values()) == {"WIRE083"} and done.returncode == 1


def test_a_certificate_for_another_name_than_the_announced(authority: Authority) -> None:
    with Server(Manners(auth=("PLAIN",), tls=authority.context(x509.DNSName("other.example.com")))) as server:
        rows: Zone = {
            (f"_submissions._tcp.{D}", "SRV"): ["0 0 0 ."],
            (f"_submission._tcp.{D}", "SRV"): [f"0 1 {server.port} mail.example.com."],
        }
        done = ask(authority, rows, "--json")
    assert "WIRE026" in codes(done)
    message = next(f["message"] for f in json.loads(done.stdout)["findings"] if f["code"] == "WIRE026")
    assert "is for other.example.com, not for mail.example.com" in message


def test_a_target_that_does_not_resolve_is_the_cause_of_no_answer(authority: Authority) -> None:
    rows: Zone = {
        (f"_submissions._tcp.{D}", "SRV"): ["0 1 465 gone.example.com."],
        (f"_submission._tcp.{D}", "SRV"): ["0 0 0 ."],
    }
    done = ask(authority, rows, "--json")
    assert codes(done) == {"WIRE081": None, "WIRE001": "WIRE081"} and done.returncode == 1


def test_a_domain_that_announces_nothing(authority: Authority) -> None:
    none: Zone = {(f"_submissions._tcp.{D}", "SRV"): [], (f"_submission._tcp.{D}", "SRV"): []}
    done = ask(authority, none, "--json")
    assert codes(done) == {"WIRE080": None} and done.returncode == 3
    assert json.loads(done.stdout)["verdict"]["code"] == "nothing_to_judge"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--domain", "no domain"), "is no domain"),
        (("--domain", "192.0.2.1"), "is no domain"),
        (("--domain", "a" * 300), "is no domain"),
        (("--resolver", "127.0.0.1", "mail.example.com"), "there is no domain to ask it about"),
        (("--domain", D, "--resolver", "ns.example.com"), "is no address"),
    ],
)
def test_wrong_usage_is_said(words: tuple[str, ...], says: str) -> None:
    done = probe(*words)
    assert done.returncode == 2 and says in done.stderr and not done.stdout


def test_without_dnspython_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['dns'] = None; sys.modules['dns.resolver'] = None\n"
        "from maildoctor.__main__ import main\nsys.argv = ['maildoctor', 'probe', '--domain', 'example.com']\n"
        "sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "dnspython, which is not installed" in done.stderr
    assert "maildoctor[domain]" in done.stderr and "python3-dnspython" in done.stderr and "Traceback" not in done.stderr

"""Lines that no rule knows, read by their words: the right object and error, silent about noise, bounded."""

import io
import json
import random
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from bench.logs import lines
from bench.planted import misses, planted
from maildoctor.cli.rule_pages import rule_page
from maildoctor.model import Ranked
from maildoctor.render.style import Style
from maildoctor.triage.builtin import builtin
from maildoctor.triage.engine import Finds
from maildoctor.triage.headers import peel
from maildoctor.triage.judge import judge
from maildoctor.triage.match import Matcher
from maildoctor.triage.reader.folding import fold
from maildoctor.triage.reader.needles import NEEDLES
from maildoctor.triage.reader.reading import CODES, Reader, Reading, read
from maildoctor.triage.scan import Scan, Seen

NOW = 1_800_000_000.0
RULES = builtin().rules
BY_WORDS = {rule.code for rule in RULES if rule.by_words}
LINES = [json.loads(line) for line in Path(__file__).with_name("reader_lines.jsonl").read_text("utf-8").splitlines()]
"""Lines built from the formats of log calls in Postfix, Dovecot, Cyrus SASL and Linux-PAM: 205 end in a text of errno,
95 say what is wrong in other words. `objects`: what they may be said to be about; `kind`: of the error."""
HEAD = "Nov 30 08:00:01 mail "


def read_line(line: str) -> Reading | None:
    """What one line says."""
    head = peel(line.encode())
    return read(head.tag, head.message, bool(head.stamp or head.pid))


def scanned(log: Iterable[str]) -> Seen:
    """What a scan of these lines gives."""
    scan = Scan(RULES, Finds, NOW)
    for _ in scan.feed(io.BytesIO("".join(line + "\n" for line in log).encode()), "log"):
        pass
    return scan.seen


def findings(*log: str) -> tuple[Ranked, ...]:
    """What is said of these lines."""
    return judge(RULES, scanned(log))


def test_object_and_error_of_lines_that_no_rule_knows() -> None:
    assert len(LINES) == 300
    wrong = []
    for case in LINES:
        reading = read_line(case["line"])
        if reading is None or reading.kind != case["kind"] or reading.fields["object"].decode() not in case["objects"]:
            wrong.append((case["line"], reading))
    assert len(wrong) <= 15, "\n".join(map(str, wrong))


def test_planted_lines_of_other_sources_are_read() -> None:
    matcher = Matcher(RULES)
    cases, _ = planted(400, matcher, seed=11)
    assert len(misses(cases, matcher)) <= 0.05 * len(cases)


def test_what_varies_and_tells_nothing_is_folded() -> None:
    text = "connect to mx7.d4.example[192.0.2.1]:25 for <bob@d5.example>, 12345 s: said: 550"
    other = "connect to gw.d9.example.net[203.0.113.9]:25 for <eve@x.example>, 54321 s: said: 550"
    assert fold(text) == fold(other)
    for kept in ("signal 11", "/etc/a.conf", "ldap.d4.example", "errors: 0", "main.cf", "127.0.0.1", "localhost"):
        assert (
            fold(kept) != fold("signal 15") and fold(kept) != fold("mx.d4.example") and fold(kept) != fold("192.0.2.1")
        )


def test_a_line_read_before_hides_no_trouble() -> None:
    reader = Reader()
    quiet = b"connection to mx.d4.example failed: Connection timed out"
    for message in (quiet, quiet.replace(b"d4", b"d5"), quiet.replace(b"d4", b"d6")):
        assert reader.read(b"sendmail", message) is None
    assert reader.read(b"sendmail", quiet.replace(b"mx.d4", b"ldap.d4")) is not None
    assert reader.read(b"sendmail", quiet.replace(b"mx.d4.example", b"/run/x")) is not None
    for case in LINES:
        head = peel(case["line"].encode())
        logged = bool(head.stamp or head.pid)
        assert reader.read(head.tag, head.message, logged) == read(head.tag, head.message, logged)


def test_servers_elsewhere_with_letters_of_a_service_are_no_trouble() -> None:
    for host in ("mx.administration.example", "mx.spamfilter.example", "mx.d4.example"):
        line = HEAD + f"exim[9]: 1tE163-00AbCd-AB H={host} [2001:db8::db01] Connection timed out"
        assert not findings(line)


def test_errno_is_read_nearly_always() -> None:
    named = [case for case in LINES if case["line"].rstrip(")").endswith(("denied", "directory", "refused", "error"))]
    right = [case for case in named if (r := read_line(case["line"])) and r.kind == case["kind"]]
    assert len(right) >= 0.98 * len(named) > 60


def test_each_of_them_holds_a_needle() -> None:
    without = [case["line"] for case in LINES if not any(needle in case["line"].encode() for needle in NEEDLES)]
    assert len(without) <= 3, without
    assert len(set(NEEDLES)) == len(NEEDLES) and min(map(len, NEEDLES)) >= 6


def test_triage_tells_of_them_and_never_as_an_error() -> None:
    codes = {r.finding.code for case in LINES[:60] for r in findings(case["line"])}
    assert len(codes & BY_WORDS) >= 6
    severities = {
        r.finding.severity for case in LINES[:60] for r in findings(case["line"]) if r.finding.code in BY_WORDS
    }
    assert severities == {"warning"}


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_log_without_unknown_trouble_is_silent(share: float) -> None:
    source = lines(3, share)
    seen = scanned(next(source)[0].decode() for _ in range(4000))
    codes = {RULES[key[0]].code for key in seen.tally.entries}
    assert not codes & BY_WORDS


def test_the_floods_of_a_log_hold_few_of_the_needles() -> None:
    source = lines(5, 1.0)
    log = [next(source)[0] for _ in range(2000)]
    assert sum(needle in line for line in log for needle in NEEDLES) < 0.2 * len(log)


QUIET = (
    "postfix/smtp[9]: connect to mx.d4.example[192.0.2.1]:25: Connection timed out",
    "postfix/smtp[9]: 3F2A1: to=<a@d4.example>, relay=none, delay=3, dsn=4.4.1, status=deferred (connect to "
    "mx.d4.example[192.0.2.1]:25: Connection refused)",
    "postfix/smtpd[9]: warning: hostname h.d4.example does not resolve to address 192.0.2.7: Name or service not known",
    "postfix/smtpd[9]: SSL_accept error from unknown[192.0.2.7]: Connection reset by peer",
    "postfix/smtpd[9]: warning: Illegal address syntax from unknown[192.0.2.7] in MAIL command: <a@@b>",
    "postfix/smtpd[9]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 450 4.7.1 Client host rejected: cannot find your "
    "hostname, [192.0.2.7]; from=<a@d4.example> to=<b@d5.example> proto=ESMTP helo=<x>",
    "postfix/smtpd[9]: warning: non-SMTP command from unknown[192.0.2.7]: GET / HTTP/1.1 error",
    "sendmail[9]: 5AMD1000000001: to=<a@d4.example>, stat=Deferred: Connection refused by mx.d4.example.",
    "sendmail[9]: rA37ZTSC026250: <a@d4.example>... No such user here",
    "dovecot: imap-login: Disconnected: Connection closed: read(size=3) failed: Connection reset by peer (no auth "
    "attempts in 1 secs): user=<>, rip=192.0.2.7, lip=192.0.2.1",
    "dovecot: auth: Debug: cannot open /x: Permission denied",
    "dovecot: master: Warning: Killed with signal 15 (by pid=1 uid=0 code=kill)",
    "exim[9]: no host name found for IP address 192.0.2.7 error ",
    "exim[9]: TLS error on connection from [192.0.2.7] (SSL_accept): error:0A00010B:SSL routines::wrong version number",
    "saslauthd[9]: pam_unix(smtp:session): session opened for user alice, no error ",
    "sshd[9]: error: open /etc/ssh/x: Permission denied",
    "kernel: EXT4-fs error (device sda1): No space left on device",
    "CRON[9]: (root) FAILED to open PAM security session (Permission denied)",
    "postfix/cleanup[9]: 3F2A1: warning: header Subject: cannot open /etc/shadow: Permission denied from local; "
    "from=<a@d4.example>",
)


@pytest.mark.parametrize("line", QUIET)
def test_what_clients_deliveries_and_others_do_is_no_trouble(line: str) -> None:
    codes = [r.finding for r in findings(HEAD + line) if r.finding.code in BY_WORDS]
    assert not codes


@pytest.mark.parametrize(
    ("line", "code", "thing", "error"),
    [
        ("postfix/smtpd[1]: fatal: open /x/y: Keine Berechtigung", "PERM940", "/x/y", "Keine Berechtigung"),
        ("dovecot: auth: Error: connect(/run/x) failed: Connexion refusée", "RUN940", "/run/x", "Connexion refusée"),
        ("saslauthd[1]: cannot open /x/y: No existe el fichero o el directorio", "CONF940", "/x/y", "No existe el"),
        ("exim[1]: failed to open /x/y: Отказано в доступе", "PERM940", "/x/y", "Отказано в доступе"),
        ("saslauthd[1]: cannot load /x/y: Too many open files", "SYS942", "/x/y", "Too many open files"),
        (
            "imap[1]: unable to use libx.so.3: Error relocating libx.so.3: f: symbol not found",
            "LINK940",
            "libx.so.3",
            "",
        ),
        ("slapd[1]: cannot read /x/key.pem: bad base64 decode", "TLS940", "/x/key.pem", "bad base64 decode"),
        ("sendmail[1]: SYSERR(root): cannot frob(/x/y): Not owner", "PERM940", "/x/y", "Not owner"),
    ],
)
def test_texts_of_other_systems_and_languages(line: str, code: str, thing: str, error: str) -> None:
    reading = read_line(HEAD + line)
    assert reading is not None
    assert (reading.code, reading.fields["object"].decode()) == (code, thing)
    assert reading.fields["error"].decode().startswith(error)


def test_advice_is_made_exact_and_marked() -> None:
    found = findings(HEAD + "postfix/smtpd[12]: warning: frobnicate socket /x/auth: Permission denied")
    assert [r.finding.code for r in found] == ["PERM940"]
    finding = found[0].finding
    assert "/x/auth" in finding.message and "namei -l /x/auth" in [step.command for step in finding.fix]
    assert finding.labels["read"] == "by its words"


def test_a_rule_that_knows_stands_above() -> None:
    known = HEAD + "postfix/smtpd[12]: warning: SASL: Connect to private/auth failed: Permission denied"
    unknown = HEAD + "postfix/smtpd[12]: warning: frobnicate /x/auth: Permission denied"
    found = findings(unknown, known)
    assert found[0].finding.code not in BY_WORDS
    assert any(r.finding.code in BY_WORDS for r in found)


def test_the_parts_of_a_log_come_to_the_same_as_the_whole() -> None:
    log = [case["line"] for case in LINES]
    whole, first, second = scanned(log), scanned(log[:150]), scanned(log[150:])
    first.merge(second)

    def counted(seen: Seen) -> dict[str, int]:
        counts: dict[str, int] = {}
        for key, entry in seen.tally.entries.items():
            counts[RULES[key[0]].code] = counts.get(RULES[key[0]].code, 0) + entry.count
        return counts

    assert counted(first) == counted(whole)


def test_secrets_are_struck_out() -> None:
    secret = "Tr0ub4dor-and-3"  # noqa: S105
    for line in (
        f"dovecot: auth: Error: mysql: cannot connect to host=db password={secret}: Access denied for user 'mail'@'h'",
        f"postfix/smtpd[1]: fatal: cannot open ldap://cn=admin:{secret}@ldap.d4.example:389: Permission denied",
        f"saslauthd[1]: cannot parse passwd={secret}: Invalid argument",
    ):
        said = " ".join(str(r.finding) for r in findings(HEAD + line))
        assert secret not in said


def test_hostile_text_is_bounded_and_linear() -> None:
    chance = random.Random(1)
    pieces = [
        "a",
        "/a",
        "a.",
        "1.",
        "a-",
        "[a",
        "(a",
        '"a',
        "no such ",
        "can't ",
        "unknown x: ",
        "a_",
        "x@",
        ": ",
        "failed ",
    ]
    slowest = 0.0
    for _ in range(150):
        text = "".join(chance.choice(pieces) * chance.choice((1, 1, 400)) for _ in range(40))
        began = time.process_time()
        reading = read(b"dovecot", b"auth: Error: " + text.encode())
        slowest = max(slowest, time.process_time() - began)
        assert reading is None or max(map(len, reading.fields.values())) <= 800
    assert slowest < 0.2


def test_any_bytes_are_read() -> None:
    chance = random.Random(2)
    for _ in range(300):
        read(bytes(chance.randbytes(6)), chance.randbytes(300) + b" failed: Permission denied")


def test_every_general_rule_has_its_page_and_can_be_reached() -> None:
    assert CODES == BY_WORDS
    page = rule_page("PERM940", Style())
    assert page is not None and "by its words" in page


def test_without_general_rules_nothing_is_read() -> None:
    matcher = Matcher([rule for rule in RULES if not rule.by_words])
    line = (HEAD + "postfix/smtpd[12]: warning: frobnicate socket /x/auth: Permission denied").encode()
    assert matcher.read(line, matcher.inside(line)) is None

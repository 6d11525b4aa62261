"""What a stranger can lengthen: lists are cut and that is told, time and memory are bounded."""

import json
import os
import re
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from maildoctor.auth import matrix as matrix_limits
from maildoctor.auth.mechanisms import mechanisms
from maildoctor.auth.service import LoginService
from maildoctor.certificates import certificates
from maildoctor.check import LONGEST, Shown, check, found
from maildoctor.collect import COLLECTORS
from maildoctor.collect import bounds as limits
from maildoctor.collect.bounds import Bounded, Gaps
from maildoctor.correlate import Cause, rank
from maildoctor.engine import FINDINGS, Selection, examine
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.paths import Paths
from maildoctor.facts.processes import Processes
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.tls import certificate_of
from maildoctor.host import Answer, NoAnswer, Verb, procfs
from maildoctor.host.child import start
from maildoctor.host.deadline import Deadline, Overdue
from maildoctor.host.live import Live
from maildoctor.host.rooted import Rooted
from maildoctor.library import Library, load_library
from maildoctor.model import Evidence, Finding
from maildoctor.render.json import render as json_form
from maildoctor.render.matrix import table as matrix_table
from maildoctor.render.reread import report as reread
from maildoctor.render.style import Style
from maildoctor.sasldb import NotADatabase, entries, listing, read
from maildoctor.sasldb.database import LONGEST as LONGEST_PAIR
from tests.test_engine import Words, always_finds, never_finds, one, outcome

CF = b"V10/Berkeley\nDShub.example.com\nO AliasFile=/etc/aliases\nO AuthMechanisms=PLAIN\n"
SASLDB = Path(__file__).resolve().parent.parent / "fixtures" / "sasldb"


# ---- the deadline


def forever(*_: Any) -> Any:
    """A loop of pure Python."""
    while True:
        pass


def test_a_step_is_broken_off_and_the_next_one_has_time() -> None:
    began = time.monotonic()
    with Deadline(1.0) as deadline:
        with pytest.raises(Overdue):
            deadline.within(forever)
        assert not deadline.over, "a step has half of what is left"
        assert deadline.within(lambda: 5) == 5
    assert time.monotonic() - began < 5


def test_an_inner_step_does_not_take_the_time_of_the_outer_one() -> None:
    received: list[str] = []

    def outer() -> str:
        with pytest.raises(Overdue):
            deadline.within(forever)
        received.append("went on")
        return "whole"

    with Deadline(2.0) as deadline:
        assert deadline.within(outer) == "whole"
    assert received == ["went on"]


def test_a_check_and_a_collector_without_end_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTORS, SendmailCf, forever)

    def of_a_fact(cf: SendmailCf) -> Iterator[Any]:
        yield from ()

    def endless(processes: Processes) -> Iterator[Any]:
        yield from forever()

    checks = (one("A001", of_a_fact), one("B001", endless), one("C001", always_finds))
    began = time.monotonic()
    with Deadline(2.0) as deadline:
        report = examine(Words(processes="1 root 1 /x y"), Library(checks, ()), Selection(), None, deadline)
    assert time.monotonic() - began < 10
    assert outcome(report) == {"A001": "not_judged", "B001": "not_judged", "C001": "fail"}
    assert all("--deadline" in o.remedy and "2 s" in o.reason for o in report.outcomes[:2])


def test_when_the_time_is_over_the_rest_is_not_judged() -> None:
    deadline = Deadline(1e-9)
    with deadline:
        checks = (one("A001", always_finds), one("B001", never_finds))
        report = examine(Words(processes="1 root 1 /x y"), Library(checks, ()), Selection(), None, deadline)
    assert {(o.outcome, o.reason) for o in report.outcomes} == {("not_judged", "the deadline of 1e-09 s was reached")}


def test_a_program_that_nobody_waits_for_any_more_is_ended() -> None:
    child = start(["sleep", "60"])
    assert not isinstance(child, NoAnswer)
    with Deadline(0.6) as deadline, pytest.raises(Overdue):
        deadline.within(child.words)
    assert child._process.returncode is not None


def test_the_alarm_of_whoever_calls_is_put_back() -> None:
    import signal

    before = signal.getsignal(signal.SIGALRM)
    with Deadline(5):
        pass
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.slow
def test_the_command_keeps_its_deadline(tmp_path: Path) -> None:
    """A user's view: a mail server whose files take for ever."""
    root = rooted(tmp_path)
    code = (
        "import sys, maildoctor.collect as c\n"
        "from maildoctor.facts.sendmail.cf import SendmailCf\n"
        "def endless(host, know):\n    while True: pass\n"
        "c.COLLECTORS[SendmailCf] = endless\n"
        "from maildoctor.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "--root", str(root), "--json", "--deadline", "2"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    report = json.loads(done.stdout)
    reasons = {o["reason"] for o in report["outcomes"] if o["outcome"] == "not_judged"}
    assert any("2 s" in reason for reason in reasons)
    assert done.returncode in (1, 3)


# ---- what is cut is told


class Says(Words):
    """A host with one answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """That answer."""
        return self.answer


def test_a_long_list_is_cut_and_a_long_file_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROWS", 10)
    text = "\n".join(f"row {n}" for n in range(25))
    gaps = Gaps()
    said = Bounded(Says(text), gaps).ask("processes")
    assert isinstance(said, str) and said.split("\n") == text.split("\n")[:10]
    assert gaps.found[0].reason == "only the first 10 of 25 lines of processes (processes) were read"
    refused = Bounded(Says(text), Gaps()).ask("read", "/etc/mail/sendmail.cf")
    assert isinstance(refused, NoAnswer) and "25 lines" in refused.reason
    assert Bounded(Says("a\nb"), gaps).ask("read", "/x") == "a\nb"


def test_a_long_line_is_cut_or_its_file_is_not_taken() -> None:
    text = "a\n" + "x" * (limits.LINE + 5) + "\nb"
    gaps = Gaps()
    assert Bounded(Says(text), gaps).ask("list", "/x") == "a\n" + "x" * limits.LINE + "\nb"
    assert "a line of more than" in gaps.found[0].reason
    assert isinstance(Bounded(Says(text), gaps).ask("read", "/x"), NoAnswer)


def test_nobody_passes_what_was_seen_in_part_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROWS", 10)
    rows = "\n".join(f"{n} root 1 /x y" for n in range(25))
    checks = (one("A001", never_finds), one("B001", always_finds))
    report = examine(Words(processes=rows), Library(checks, ()), Selection())
    assert outcome(report) == {"A001": "not_judged", "B001": "fail"}
    assert all("only the first 10 of 25" in o.reason for o in report.outcomes)


def test_findings_without_end_are_cut_and_that_is_told() -> None:
    def many(processes: Processes) -> Iterator[Any]:
        for n in range(FINDINGS + 7):
            yield found("there it is", evidence=[Evidence("ps", "x")], path=f"/{n}")

    report = examine(Words(processes="1 root 1 /x y"), Library((one("A001", many),), ()), Selection())
    assert len(report.ranked) == FINDINGS
    assert "only the first" in report.outcomes[0].reason


def test_a_finding_as_long_as_a_stranger_likes_is_shortened() -> None:
    def long(processes: Processes) -> Iterator[Any]:
        yield found("m" * 10**6, evidence=[Evidence("ps", "e" * 10**6)], path="/x")

    long.__doc__ = "A.\n\nB.\n\nAdvice: c."
    made = check("A001", "a", "error", rung="none", role="note", fails=[{}], passes=[{}])(long)
    (f,) = (x for x in made.findings({"processes": None}) if isinstance(x, Finding))
    assert max(len(f.message), len(f.evidence[0].text)) <= LONGEST
    assert "1,000,000 characters" in f.message


def test_a_map_is_cut_and_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "ENTRIES", 10)
    text = "".join(f"key{n} value\n" for n in range(25))
    rows = entries.source(text.encode(), lambda _: "t", "plain").splitlines()
    assert rows[0] == "# cut: only the first 10 of 25 entries are told"
    assert len(rows) == 11


def test_a_database_is_cut_and_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = ((b"user%d\0example.com\0userPassword" % n, b"secret") for n in range(30))
    _cdb(tmp_path / "sasldb2", records, 2 << 20)
    monkeypatch.setattr(listing, "RECORDS", 20)
    reported = listing.listing((tmp_path / "sasldb2").read_bytes())
    gaps = Gaps()
    assert Bounded(Says(reported), gaps).ask("sasldb", "/etc/sasldb2") == reported
    assert [gap.reason for gap in gaps.found] == ["of /etc/sasldb2 only the first 19 of 31 records are told"]
    assert len(SaslDb.parse(reported).users) == 19


@pytest.mark.parametrize("name", sorted(path.name for path in SASLDB.iterdir() if path.suffix != ".json"))
def test_what_is_taken_of_a_database_is_its_beginning(name: str) -> None:
    data = (SASLDB / name).read_bytes()
    try:
        whole = read(data)
    except NotADatabase:
        return
    for most in (0, 1, 2, len(whole.pairs), len(whole.pairs) + 1):
        part = read(data, most)
        assert part.pairs == [p for p in whole.pairs[:most] if sum(map(len, p)) <= LONGEST_PAIR]
        assert len(part.pairs) + part.more == len(whole.pairs)
        assert part.damage == whole.damage


def many_names(count: int) -> bytes:
    """A certificate of its own with that many names, in PEM form."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub.example.com")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    names = [x509.DNSName(f"n{n}.example.com") for n in range(count)]
    made = x509.CertificateBuilder().subject_name(own).issuer_name(own).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=365))
    made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


def test_of_a_certificate_so_many_names_are_told_and_a_name_beyond_is_not_denied() -> None:
    (judged,) = (c for c in load_library([]).checks if c.code == "TLS004")

    def said(names: int) -> list[Finding | Unknown | Shown]:
        block = judged.fails[0]["tls"].split("\n")[1] + f"\n{certificates(many_names(names))}"
        sample = {**judged.fails[0], "tls": judged.fails[0]["tls"].split("\n")[0] + f"\n{block}"}
        facts: dict[str, Any] = {p.name: Absent("") for p in judged.parameters}
        facts |= {p.name: p.fact.parse(sample[p.name]) for p in judged.parameters if p.name in sample}
        return list(judged.findings(facts))

    assert [type(x) for x in said(5)] == [Finding]
    (gap,) = said(5000)
    assert isinstance(gap, Unknown) and "only the first 1,000 of 5,000 names are told" in gap.reason


def test_of_a_chain_so_many_are_described_and_that_is_told() -> None:
    reported = certificates(many_names(1) * 20)
    assert isinstance(reported, str)
    assert reported.count("subject: ") == 16
    assert "\n# more: 4 certificates, not described\n" in reported


def test_a_certificate_with_more_names_than_are_known_denies_none() -> None:
    few = certificate_of(["name: a.example.com", "name: *.example.org"])
    assert few.covers("A.example.com.") and few.covers("x", "b.example.org") and not few.covers("c.example.com")
    assert few.gap is None
    some = certificate_of(["name: a.example.com", "# cut: only the first 1 of 2 names are told"])
    assert some.covers("c.example.com") and some.gap is not None


def test_a_matrix_is_cut_and_that_is_told() -> None:
    names = " ".join(f"M{n}" for n in range(matrix_limits.ROWS + 7))
    table = matrix_limits.matrix(matrix_limits.Sources(LoginService.parse(f"mechanisms: {names}")))
    assert table is not None and len(table.rows) == matrix_limits.ROWS
    lines = ["".join(piece for piece, _ in row) for row in matrix_table(table, Style())]
    assert f"only the first {matrix_limits.ROWS} of {matrix_limits.ROWS + 7} mechanisms" in lines
    report = replace(examine(Words(), Library((), ()), Selection()), matrix=table)
    written = json_form(report)
    assert json.loads(written)["matrix_more"] == 7
    assert reread(json.loads(written)).matrix == table


def test_a_folder_of_plug_ins_without_end_is_cut_and_that_is_told(tmp_path: Path) -> None:
    folder = rooted(tmp_path) / "usr/lib/sasl2"
    folder.mkdir(parents=True)
    for number in range(100_000):
        os.close(os.open(folder / f"lib{number}.so", os.O_CREAT | os.O_WRONLY))
    gaps, began = Gaps(), time.monotonic()
    names = Bounded(Rooted(str(tmp_path)), gaps).ask("list", "/usr/lib/sasl2")
    assert isinstance(names, str)
    kept = gaps.some(names.splitlines(), "files of /usr/lib/sasl2")
    assert len(kept) == limits.MANY
    assert [g.reason for g in gaps.found] == ["only the first 1,000 of 100,000 files of /usr/lib/sasl2 were looked at"]
    assert time.monotonic() - began < 5


def test_a_folder_of_checks_without_end_is_cut_and_that_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    for number in range(100_000):
        os.close(os.open(tmp_path / f"c{number}.py", os.O_CREAT | os.O_WRONLY))
    began = time.monotonic()
    found = load_library([str(tmp_path)])
    assert time.monotonic() - began < 10
    assert [o.reason.partition(": ")[2] for o in found.broken] == [
        "only the first 1,000 of 100,000 modules in it are read"
    ]


def test_of_many_processes_those_of_root_are_told_and_some_of_each_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "_ALL_COMMANDS", 1_000)
    rows = [("nobody", f"{n} nobody 1 /x sendmail {'y' * 30}") for n in range(500)]
    rows += [("root", "501 root 1 /x sendmail"), ("smmsp", "502 smmsp 1 /x sendmail"), ("root", "503 root 1 /x sm-mta")]
    reported = procfs.some(rows)
    gaps = Gaps()
    answer = Bounded(Says(reported), gaps).ask("processes")
    assert isinstance(answer, str)
    pids = [p.pid for p in Processes.parse(answer).all]
    assert pids == sorted(pids) and {501, 502, 503} < set(pids) and len(reported) < 1_200
    assert gaps.found[0].reason == f"only {len(pids)} of 503 processes are told"
    assert procfs.some(rows[-3:]) == "\n".join(line for _, line in rows[-3:])


@pytest.mark.skipif(not procfs.serves(), reason="/proc is that of Linux")
def test_long_command_lines_of_anybody_do_not_take_the_time(tmp_path: Path) -> None:
    program = tmp_path / "sendmail"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    title = "sendmail: " + ("authinfo=" + "pass" * 30_000)[:120_000]
    running = [subprocess.Popen([title, "300"], executable=program) for _ in range(40)]
    try:
        began = time.process_time()
        reported = Live().ask("processes")
        assert time.process_time() - began < 2
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert isinstance(reported, str)
    assert max(map(len, reported.splitlines())) < 8_000


# ---- everything is linear


def spent(work: Any) -> float:
    """The least processor time of three tries."""

    def once() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return min(once() for _ in range(3))


def _mechanisms(n: int) -> Any:
    words = " ".join(f"M{i}" for i in range(n))
    service = LoginService.parse(f"mechanisms: {words}\ntrusted: {words}")
    plugins = Plugins.parse("\n".join(f"plugin: /usr/lib/sasl2/libm{i}.so" for i in range(n)))
    return lambda: mechanisms(service, None, plugins, None)


def _paths(n: int) -> Any:
    text = "\n".join(f"[map] /etc/m{i}/x{i}.db" for i in range(n))
    files = "\n".join(f"-rw-r--r-- root root /etc/m{i}/y" for i in range(n))
    return lambda: Paths.parse(f"{files}\n{text}")


def _plugins(n: int) -> Any:
    return lambda: Plugins.parse(f"directory: /usr/lib{' ' * n}x\nplugin: /usr/lib{' ' * n}x")


def _ranked(n: int) -> Any:
    causes = [Cause(f"C{i}", (f"D{i}",)) for i in range(n)]
    reported = [Finding(f"C{i}", "n", "error", "m", "w", "a") for i in range(n)]
    return lambda: rank(reported, causes)


@pytest.mark.slow
@pytest.mark.parametrize("make", [_mechanisms, _paths, _plugins, _ranked])
def test_twice_as_much_takes_twice_as_long(make: Any) -> None:
    few, many = spent(make(2000)), spent(make(16000))
    assert many < max(0.05, 24 * few), f"8 times as much takes {many / few:.0f} times as long"


# ---- memory


def rooted(folder: Path) -> Path:
    """A root file system with a sendmail.cf."""
    (folder / "etc/mail").mkdir(parents=True, exist_ok=True)
    (folder / "etc/mail/sendmail.cf").write_bytes(CF)
    return folder


def _map_text(folder: Path) -> list[str]:
    root = rooted(folder)
    (root / "etc/mail/sendmail.cf").write_bytes(CF + b"Kaccess hash /etc/mail/access\n")
    with open(root / "etc/mail/access", "wb") as file:
        file.truncate(255 << 20)
    return ["check", "--root", str(root)]


def _map_built(folder: Path) -> list[str]:
    """A cdb of 255 MB: a record that nearly fills it, then 300,000 others."""
    root = rooted(folder)
    (root / "etc/mail/sendmail.cf").write_bytes(CF + b"Kauthinfo cdb /etc/mail/authinfo\n")
    _cdb(root / "etc/mail/authinfo.cdb", ((b"authinfo:h%d" % n, b'"U:u" "P:p"') for n in range(300_000)), 230 << 20)
    return ["check", "--root", str(root)]


def _cdb(path: Path, pairs: Iterable[tuple[bytes, bytes]], hole: int) -> None:
    """A constant database whose first record is that long, and is a hole in the file."""
    records = [struct.pack("<2I", len(key), len(value)) + key + value for key, value in pairs]
    with open(path, "wb") as file:
        file.seek(2048)
        file.write(struct.pack("<2I", 1, hole) + b"k")
        file.seek(hole, os.SEEK_CUR)
        file.write(b"".join(records))
        tables, slots = file.tell(), 2 * (len(records) + 1)
        file.truncate(tables + 8 * slots)
        file.seek(0)
        file.write(b"".join(struct.pack("<2I", *head) for head in [(tables, slots)] + [(tables + 8 * slots, 0)] * 255))


def _authinfo(folder: Path) -> list[str]:
    root = rooted(folder)
    (root / "etc/mail/sendmail.cf").write_bytes(CF + b"Kauthinfo hash /etc/mail/authinfo\n")
    rows = b"".join(b'AuthInfo:h%d "U:u" "P:p"\n' % n for n in range(1_000_000))
    (root / "etc/mail/authinfo").write_bytes(rows)
    return ["check", "--root", str(root), "--deadline", "30"]


def _k_lines(folder: Path) -> list[str]:
    root = rooted(folder)
    lines = b"".join(b"Km%d hash /etc/mail/m%d\n" % (n, n) for n in range(200_000))
    (root / "etc/mail/sendmail.cf").write_bytes(CF + lines)
    return ["check", "--root", str(root), "--deadline", "30"]


def _sasldb(folder: Path) -> list[str]:
    root = rooted(folder)
    records, at = [], 2048
    for n in range(400_000):
        key = b"user%d\0example.com\0userPassword" % n
        records.append(struct.pack("<2I", len(key), 5) + key + b"x" * 5)
        at += len(records[-1])
    slots = 2 * len(records)
    heads = [(at, slots)] + [(at + 8 * slots, 0)] * 255
    with open(root / "etc/sasldb2", "wb") as file:
        file.write(b"".join(struct.pack("<2I", *head) for head in heads) + b"".join(records) + bytes(8 * slots))
    return ["check", "--root", str(root), "--deadline", "30"]


def _zeros(folder: Path) -> list[str]:
    (folder / "host.toml").symlink_to("/dev/zero")
    return ["check", "--snapshot", str(folder)]


def _nested_toml(folder: Path) -> list[str]:
    (folder / "host.toml").write_text("[look]\na=" + "[" * 1_000_000)
    return ["check", "--snapshot", str(folder)]


def _report(folder: Path) -> list[str]:
    with open(folder / "r.json", "wb") as file:
        file.write(b'{"schema":"maildoctor/1","findings":[')
        file.truncate(1 << 30)
    return ["report", "render", str(folder / "r.json")]


def _baseline(folder: Path) -> list[str]:
    return ["check", "--root", str(rooted(folder)), "--baseline", _report(folder)[2]]


def _nested_baseline(folder: Path) -> list[str]:
    (folder / "r.json").write_text("[" * 1_000_000)
    return ["check", "--root", str(rooted(folder)), "--baseline", str(folder / "r.json")]


def _sparse_log(folder: Path) -> list[str]:
    with open(folder / "mail.log", "wb") as file:
        file.truncate(1 << 30)
    return ["triage", "--procs", "2", str(folder / "mail.log")]


def _giant_line(folder: Path) -> list[str]:
    line = b"Nov 30 00:00:00 hub sm-mta[1]: AUTH failure " + b"password=x " * 12_000_000
    (folder / "mail.log").write_bytes(line)
    return ["triage", "--procs", "2", str(folder / "mail.log")]


def _redacted(folder: Path) -> list[str]:
    with open(folder / "mail.log", "wb") as file:
        file.write(b"Nov 30 00:00:00 hub sm-mta[1]: password=")
        file.truncate(32 << 20)
    return ["redact", str(folder / "mail.log")]


def _header(folder: Path) -> list[str]:
    (folder / "header").write_text("Received: from a by b with ESMTPSA id 1\nReceived: from " + "<pass>" * 170_000)
    return ["explain", "--header", str(folder / "header")]


def _endless_header(_: Path) -> list[str]:
    return ["explain", "--header", "/dev/zero"]


def _deep_report(folder: Path) -> list[str]:
    (folder / "r.json").write_text("[" * 8_000_000)
    return ["report", "render", str(folder / "r.json")]


def _wide_report(folder: Path) -> list[str]:
    (folder / "r.json").write_text('{"schema":"maildoctor/1","findings":[' + "{}," * 2_700_000 + "{}]}")
    return ["report", "render", str(folder / "r.json")]


def _demo(_: Path) -> list[str]:
    return ["demo"]


def _large_plug_ins(folder: Path) -> list[str]:
    """Libraries of nothing but holes, some of them as large as a plug-in may be and some larger."""
    return _with_plug_ins(folder, _PLUGIN_FILE, lambda n: (8 if n % 2 else 64) << 20)


def _with_plug_ins(root: Path, contents: bytes, size: Callable[[int], int]) -> list[str]:
    for name in ("usr/lib/postfix/sbin", "usr/lib/sasl2", "etc/sasl2", "etc/postfix"):
        (root / name).mkdir(parents=True)
    (root / "etc/os-release").write_text("ID=arch\n")
    (root / "etc/postfix/main.cf").write_text("smtpd_sasl_auth_enable = yes\n")
    (root / "etc/postfix/master.cf").write_text("smtp inet n - n - - smtpd\n")
    (root / "usr/lib/postfix/sbin/smtpd").write_bytes(_PLUGIN_FILE)
    for number in range(200):
        with open(root / f"usr/lib/sasl2/lib{number}.so", "wb") as file:
            file.write(contents)
            file.truncate(size(number))
    return ["check", "--root", str(root), "--deadline", "60"]


def _needy(count: int, length: int) -> bytes:
    """An ELF file of 64 bits whose dynamic section needs one library so often, by different beginnings of its name."""
    strings = b"\0" + b"x" * (length + count) + b"\0"
    dynamic = b"".join(struct.pack("<2Q", 1, 1 + n) for n in range(count))
    at = 64 + 2 * 56
    dynamic += struct.pack("<6Q", 5, at + len(dynamic) + 48, 10, len(strings), 0, 0)
    whole = at + len(dynamic) + len(strings)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0
    )
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, whole, whole, 4096)
    dyn = struct.pack("<IIQQQQQQ", 2, 4, at, at, at, len(dynamic), len(dynamic), 8)
    return head + load + dyn + dynamic + strings


_PLUGIN_FILE = _needy(1, 8)


def _long_key(folder: Path) -> list[str]:
    (folder / "host.toml").write_text(
        '[host]\nkind="host"\nname="x"\ncommands=[]\n[read]\n' + "a." * 20_000 + 'a="x"\n'
    )
    return ["check", "--snapshot", str(folder)]


def _many_tables(folder: Path) -> list[str]:
    (folder / "host.toml").write_text("".join(f"[a{n}]\n" for n in range(2_000_000)))
    return ["check", "--snapshot", str(folder)]


def _many_keys(folder: Path) -> list[str]:
    (folder / "host.toml").write_text("[read]\n" + "".join(f"a{n}=0\n" for n in range(2_500_000)))
    return ["check", "--snapshot", str(folder)]


def _pasted_talk(folder: Path) -> list[str]:
    """Replies of a server and entries of a directory between lines of a log, as much as is read of a paste."""
    rows = (
        f"SERVER -> CLIENT: 250-a{n}.example250-SIZE {n}250-AUTH PLAIN LOGIN\ndn: uid=u{n},dc=example\nuid: u{n}\n\n"
        f"Nov  7 09:10:11 m dovecot: auth: ldap(u{n}@example.org,192.0.2.1): unknown user\n"
        for n in range(9_900)
    )
    (folder / "paste").write_text("".join(rows)[: 2 << 20])
    return ["paste", str(folder / "paste")]


def _pasted_blocks(folder: Path) -> list[str]:
    (folder / "paste").write_text("# doveconf -n\n" + "".join(f"service a{n} {{\n" for n in range(49_000)))
    return ["paste", str(folder / "paste")]


BOMBS = (
    _map_text, _map_built, _authinfo, _k_lines, _sasldb, _zeros, _nested_toml, _report, _baseline, _nested_baseline,
    _sparse_log, _giant_line, _redacted, _header, _endless_header, _deep_report, _wide_report, _demo,
    _large_plug_ins, _long_key, _many_tables, _many_keys, _pasted_talk, _pasted_blocks,
)  # fmt: skip


def stated() -> dict[str, int]:
    """MiB of memory at most, by the first word of a command, as docs/performance.md says."""
    page = (Path(__file__).resolve().parent.parent / "docs/performance.md").read_text()
    return {m[1]: int(m[2]) for m in re.finditer(r"^\| `(\w+)[^|]* \| (\d+) \|$", page, re.MULTILINE)}


def test_the_manual_says_the_same() -> None:
    manual = (Path(__file__).resolve().parent.parent / "docs/maildoctor.1").read_text()
    assert f"needs no more than {stated()['check']} MiB of memory" in manual


MEASURED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))  # a failing test must not take the machine with it
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(used.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs a command and writes how many KiB of memory it had at most."""


@pytest.mark.slow
@pytest.mark.xdist_group("memory")  # some take all that is allowed
@pytest.mark.parametrize("bomb", BOMBS, ids=lambda b: b.__name__.strip("_"))
def test_no_bomb_needs_more_memory_than_is_stated(bomb: Any, tmp_path: Path) -> None:
    words = bomb(tmp_path)

    # by way of a small process: the peak of a child begins with what its parent has as it forks
    memory = tmp_path / "memory"
    done = subprocess.run(
        [sys.executable, "-S", "-c", MEASURED, str(memory), sys.executable, "-m", "maildoctor", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, peak = done.stdout.decode(errors="replace"), int(memory.read_text())
    assert peak / 1024 < stated()[words[0]]
    assert done.returncode in (0, 1, 2, 3)
    assert "fault in maildoctor itself" not in said, said

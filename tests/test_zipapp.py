"""The one file: every command runs from it by a Python with nothing installed, and says what an installation says."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.smtp_server import Manners, Server

ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("zipapp"),  # built once
    pytest.mark.skipif(not (ROOT / "release").is_dir(), reason="needs a checkout"),
]

if (ROOT / "release").is_dir():
    from release import pyz

SAMPLE_LOG = (
    b"Jan  2 03:04:05 mail sm-mta[42]: 6AM5uV16000061: AUTH failure (PLAIN): user not found (-20) "
    b"SASL(-13): user not found: checkpass failed, user=test, relay=client.example.com [192.0.2.9]\n"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of this checkout."""
    path = tmp_path_factory.mktemp("pyz") / "maildoctor.pyz"
    pyz.build(path)
    return path


def run(file: Path, *words: str, cwd: Path, python: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """By this Python, without its site-packages."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAILDOCTOR_", "PYTHON"))}
    environment |= {"XDG_CACHE_HOME": str(cwd / "cache"), "COLUMNS": "200", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [*(python or (sys.executable, "-S", "-I")), str(file), *words],
        capture_output=True, text=True, cwd=cwd, env=environment, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def mail_host(root: Path, mode: int) -> Path:
    """A root file system whose sendmail reads a class from a folder of this mode."""
    (root / "etc/mail").mkdir(parents=True)
    (root / "etc/mail/sendmail.cf").write_text("V10/Berkeley\nFw/etc/mail/local-host-names\nDZ8.17.1\n")
    (root / "etc/mail/local-host-names").write_text("localhost\n")
    (root / "etc/mail").chmod(mode)
    return root


def test_nothing_else_is_needed(file: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", "import cryptography"], capture_output=True, text=True, cwd=tmp_path
    )
    assert "ModuleNotFoundError" in done.stderr, "these tests would prove nothing"
    done = run(file, "--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("maildoctor ")


def test_it_is_a_program(file: Path) -> None:
    assert os.access(file, os.X_OK)
    assert file.read_bytes().startswith(b"#!/usr/bin/env python3\n")


def test_every_check_and_rule_is_listed(file: Path, tmp_path: Path) -> None:
    listed = run(file, "list", "--json", cwd=tmp_path)
    reported = json.loads(listed.stdout)
    codes = {thing["code"] for kind in reported.values() for thing in kind}
    ledger = (ROOT / "checks" / "CODES").read_text().splitlines()
    wanted = {code for code, _, name in (line.partition(" ") for line in ledger) if name != "retired"}
    assert len(codes) > 300
    assert codes <= wanted


def test_the_demo_is_that_of_the_checkout(file: Path, tmp_path: Path) -> None:
    def findings(*python: str) -> list[object]:
        shown = subprocess.run([*python, "demo", "--json"], capture_output=True, text=True, cwd=ROOT)
        found: list[object] = json.loads(shown.stdout)["findings"]
        return found

    ours = findings(sys.executable, "-S", "-I", str(file))
    assert ours and ours == findings(sys.executable, "-m", "maildoctor")


def test_colours_need_nothing_installed(file: Path, tmp_path: Path) -> None:
    shown = run(file, "demo", "--color", "always", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "\x1b[" in shown.stdout


def test_check_of_a_root_names_the_fault_and_counts_what_it_could_not_see(file: Path, tmp_path: Path) -> None:
    sick = run(file, "check", "--root", str(mail_host(tmp_path / "sick", 0o2775)), "--json", cwd=tmp_path)
    assert sick.returncode == 1
    report = json.loads(sick.stdout)
    assert "PERM001" in {f["code"] for f in report["findings"]}
    assert not [o for o in report["outcomes"] if o["outcome"] == "broke"]


def test_certificates_are_not_judged_without_a_reader_of_certificates(file: Path, tmp_path: Path) -> None:
    root = mail_host(tmp_path / "root", 0o755)
    pem = root / "etc/mail/host.pem"
    pem.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    with (root / "etc/mail/sendmail.cf").open("a") as cf:
        cf.write("O ServerCertFile=/etc/mail/host.pem\nO ServerKeyFile=/etc/mail/host.pem\n")
    reported = json.loads(run(file, "check", "--root", str(root), "--select", "TLS*", "--json", cwd=tmp_path).stdout)
    silent = [o for o in reported["outcomes"] if o["outcome"] == "not_judged" and "cryptography" in o["reason"]]
    assert len(silent) >= 3, reported["outcomes"]
    assert all("cryptography" in o["remedy"] for o in silent)


def bare(program: str, *paths: Path) -> str:
    """What a program prints that finds the checkout, these folders and the standard library only."""
    head = f"import sys; sys.path[:0] = {[str(p) for p in (*paths, ROOT)]!r}; "
    done = subprocess.run([sys.executable, "-S", "-I", "-c", head + program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_checkout_without_packaging_does_not_know_which_release_is_later() -> None:
    ask = "from maildoctor.facts.sendmail.program import SendmailProgram; p = SendmailProgram.parse('Version 8.17.1'); "
    assert bare(ask + "print(p.at_least('8.12'))") == "None\n"


def test_an_old_cryptography_is_as_good_as_none(tmp_path: Path) -> None:
    """Release 38 of Debian 12 serves: see test_certificates."""
    (tmp_path / "cryptography" / "x509").mkdir(parents=True)
    (tmp_path / "cryptography" / "__init__.py").write_text("__version__ = '37.0.2'\n")
    (tmp_path / "cryptography" / "x509" / "__init__.py").touch()
    (tmp_path / "server.pem").touch()
    ask = f"from maildoctor.host.rooted import Rooted; host = Rooted({str(tmp_path)!r}); "
    ask += "print(host.ask('cert', '/server.pem'), host.ask('key', '/server.pem')); "
    ask += "from maildoctor.certificates import shown_by_server; print(shown_by_server([b'0']))"
    reported = bare(ask, tmp_path)
    assert reported.count("cryptography 37.0.2 is too old") == 3
    assert reported.count("38 or newer") == 2 and "verified no-library" in reported


def test_triage_by_the_standard_library(file: Path, tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_bytes(SAMPLE_LOG * 3)
    reported = run(file, "triage", "mail.log", "--json", cwd=tmp_path)
    assert reported.returncode == 3, reported.stderr
    ours = json.loads(reported.stdout)
    from_us = subprocess.run(
        [sys.executable, "-m", "maildoctor", "triage", str(tmp_path / "mail.log"), "--json"],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    theirs = json.loads(from_us.stdout)
    assert ours["findings"]
    assert [f["code"] for f in ours["findings"]] == [f["code"] for f in theirs["findings"]]


def test_explain_knows_checks_rules_and_lines(file: Path, tmp_path: Path) -> None:
    assert "PERM001" in run(file, "explain", "PERM001", cwd=tmp_path).stdout
    assert "SASL" in run(file, "explain", SAMPLE_LOG.decode().strip(), cwd=tmp_path).stdout


def test_a_report_is_rendered(file: Path, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(run(file, "demo", "--json", cwd=tmp_path).stdout)
    for form, sign in (("junit", "<testsuite "), ("sarif", '"2.1.0"'), ("github", "::error"), ("nagios", "CRITICAL")):
        assert sign in run(file, "report", "render", "r.json", "--format", form, cwd=tmp_path).stdout


def test_the_wire(file: Path, tmp_path: Path) -> None:
    with Server(Manners(auth=("PLAIN", "CRAM-MD5"))) as server:
        asked = run(file, "probe", f"127.0.0.1:{server.port}", "--json", "--allow-unknown", cwd=tmp_path)
        well = run(file, "healthcheck", f"127.0.0.1:{server.port}", cwd=tmp_path)
    assert {o["outcome"] for o in json.loads(asked.stdout)["outcomes"]} >= {"pass"}, asked.stderr
    assert (well.returncode, well.stdout.partition(":")[0]) == (0, "ok")


def test_what_a_certificate_on_the_wire_says_is_not_judged(file: Path, tmp_path: Path) -> None:
    from tests.authority import Authority

    authority = Authority(tmp_path)
    with Server(Manners(auth=("PLAIN",), tls=authority.context())) as server:
        asked = run(file, "probe", f"localhost:{server.port}", "-4", "--json", cwd=tmp_path)
    outcomes = {o["code"]: o for o in json.loads(asked.stdout)["outcomes"]}
    for code in ("WIRE025", "WIRE026", "WIRE027", "WIRE028"):
        assert outcomes[code]["outcome"] == "not_judged", "unread is not well"
        assert "cryptography" in outcomes[code]["reason"]


def test_it_is_built_the_same_again(file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pyz"
    before = os.umask(0o002)
    try:
        pyz.build(again)
    finally:
        os.umask(before)
    assert again.read_bytes() == file.read_bytes()


def test_what_is_in_it(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        times = {entry.date_time for entry in archive.infolist()}
    assert names == sorted(names) and len(times) == 1
    tops = {n.partition("/")[0] for n in names if ".dist-info" not in n}
    assert tops == {"__main__.py", "LICENSE", "maildoctor", "rich", "packaging"}
    assert not [n for n in names if n.endswith((".pyc", ".so")) or "__pycache__" in n]
    assert [n for n in names if re.fullmatch(r"rich-.*LICENSE", n)], "who bundles it passes its licence on"


def _runs(python: str) -> bool:
    """Whether it is there; a version manager's stand-in for one that is not installed only complains."""
    return bool(shutil.which(python)) and not subprocess.run([python, "-V"], capture_output=True).returncode


OLD = [p for p in ("python2.7", "python3.6", "python3.8", "python3.9", "python3.10") if _runs(p)]


def test_an_old_python_can_read_the_way_in() -> None:
    """As far as this Python can tell: no syntax younger than 3.6, and nothing imported before the version is known."""
    import ast

    tree = ast.parse(pyz.ENTRY, feature_version=(3, 6))
    before = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom, ast.JoinedStr))]
    assert [ast.unparse(n) for n in before] == ["import sys", "from maildoctor.__main__ import main"]


NONE = pytest.param("", marks=pytest.mark.skip(reason="no Python before 3.11 here; the message is tested below"))


@pytest.mark.parametrize("python", OLD or [NONE])
def test_an_old_python_is_told(python: str, file: Path, tmp_path: Path) -> None:
    reported = run(file, "check", cwd=tmp_path, python=[python])
    assert reported.returncode == 2
    assert "Python 3.11 or newer" in reported.stderr


def test_the_message_for_an_old_python() -> None:
    """The same, where there is no old Python: the version is pretended."""
    entry = pyz.ENTRY.replace("import sys\n", "import sys\nsys.version_info = (3, 6, 9)\n", 1)
    reported = subprocess.run([sys.executable, "-S", "-I", "-c", entry], capture_output=True, text=True)
    assert (reported.returncode, reported.stdout) == (2, "")
    assert "needs Python 3.11 or newer, and this is 3.6" in reported.stderr and "what to do" in reported.stderr

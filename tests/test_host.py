"""The one door: what it tells, what it never follows, waits for, keeps or lets out."""

import os
import socket
import stat
import subprocess
import sys
import time
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.engine import Selection, examine
from maildoctor.filesystem import LIMIT, LINKS, Tree
from maildoctor.host import Answer, HostError, NoAnswer, Verb
from maildoctor.host import child as children
from maildoctor.host.live import Live
from maildoctor.host.recording import Recording, Replay
from maildoctor.host.rooted import Rooted
from maildoctor.library import load_library
from maildoctor.render import json as as_json
from maildoctor.render import text as as_text
from maildoctor.render.style import Style

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


def no_answer(answer: Answer) -> NoAnswer:
    assert isinstance(answer, NoAnswer), answer
    return answer


def said(answer: Answer) -> str:
    assert isinstance(answer, str), answer
    return answer


# ---- files below a root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A target in a folder, and beside it a file that no question may reach."""
    top = tmp_path / "target"
    (top / "etc/mail").mkdir(parents=True)
    (top / "etc/mail/access").write_text("inside\n")
    (tmp_path / "outside").write_text("outside\n")
    (tmp_path / "etc/mail").mkdir(parents=True)
    (tmp_path / "etc/mail/access").write_text("outside\n")
    return top


@pytest.mark.parametrize(
    ("target", "link"),
    [
        ("/etc/mail/access", "etc/absolute"),
        ("mail/access", "etc/relative"),
        ("../../../../etc/mail/access", "etc/escape"),
        ("/../../etc/mail/access", "etc/upward"),
        ("/etc/./mail//../mail/access", "etc/crooked"),
    ],
)
def test_a_link_leads_to_what_the_target_has_there(root: Path, target: str, link: str) -> None:
    (root / link).symlink_to(target)
    host = Rooted(str(root))
    assert host.ask("read", f"/{link}") == "inside\n"
    assert host.ask("real", f"/{link}") == "/etc/mail/access"
    assert said(host.ask("look", f"/{link}")).endswith(f"/{link} -> {target}")


@pytest.mark.parametrize("folder", ["/etc/mail", "../target/etc/mail", "../etc/mail", "../../../../../etc/mail"])
def test_a_linked_folder_is_one_of_the_target(root: Path, folder: str) -> None:
    (root / "f").symlink_to(folder)
    answer = Rooted(str(root)).ask("read", "/f/access")
    assert answer == "inside\n" or no_answer(answer).why == "absent"


@pytest.mark.parametrize(
    "path", ["/../outside", "/etc/../../outside", "/../../../../etc/passwd", "/etc/mail/../../../outside"]
)
@pytest.mark.parametrize(
    "verb", ["read", "look", "real", "list", "key", "cert", "elf", "map plain", "release", "build"]
)
def test_dots_do_not_lead_out(root: Path, verb: str, path: str) -> None:
    verb, _, kind = verb.partition(" ")
    answer = Rooted(str(root)).ask(cast(Verb, verb), f"{kind} {path}".strip())
    assert isinstance(answer, NoAnswer) or "outside" not in answer.removesuffix(path)


@pytest.mark.parametrize("path", ["/..", "/etc/../..", "/etc/mail/../../..", "/."])
def test_above_the_root_stands_the_root(root: Path, path: str) -> None:
    (root / "only-here").touch()
    host = Rooted(str(root))
    root.chmod(0o751)
    assert said(host.ask("look", path)).startswith("drwxr-x--x ")
    assert "only-here" in said(host.ask("list", path)).splitlines()


def test_the_root_may_itself_be_reached_by_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(root)
    (root / "up").symlink_to("../outside")
    host = Rooted(str(tmp_path / "way"))
    assert host.ask("read", "/etc/mail/access") == "inside\n"
    assert no_answer(host.ask("read", "/up")).why == "absent"


def test_links_that_go_round(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("/a")
    (root / "self").symlink_to("self/x")
    for path in ("/a", "/self", "/a/x"):
        assert no_answer(Rooted(str(root)).ask("read", path)).why == "failed"


def test_a_chain_of_links_is_followed_as_far_as_the_kernel_does(root: Path) -> None:
    for n in range(LINKS + 1):
        (root / f"l{n}").symlink_to(f"l{n + 1}" if n < LINKS else "etc/mail/access")
    host = Rooted(str(root))
    assert host.ask("read", "/l1") == "inside\n"
    assert no_answer(host.ask("read", "/l0")).why == "failed"


def test_nobody_waits_for_a_fifo(root: Path) -> None:
    os.mkfifo(root / "fifo")
    host = Rooted(str(root))
    for verb in ("read", "key", "sasldb", "map plain", "build", "release"):
        verb, _, kind = verb.partition(" ")
        assert no_answer(host.ask(cast(Verb, verb), f"{kind} /fifo".strip())).why == "failed"
    assert host.ask("elf", "/fifo") == "not readable\n"
    assert "FIFO" in no_answer(host.ask("read", "/fifo")).reason
    assert said(host.ask("look", "/fifo")).startswith("p")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_not_opened(path: str) -> None:
    with pytest.raises(OSError, match="not a regular file but a character device"):
        Tree("/").read(path)


@as_root
def test_a_device_node_in_an_image_is_not_opened(root: Path) -> None:
    try:
        os.mknod(root / "node", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("may not make device nodes here")
    assert "a character device" in no_answer(Rooted(str(root)).ask("read", "/node")).reason


def test_a_socket_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("mux")
        host = Rooted(str(tmp_path))
        assert said(host.ask("look", "/mux")).startswith("s")
        assert "a socket" in no_answer(host.ask("read", "/mux")).reason


def test_a_huge_file_is_refused_and_costs_nothing(root: Path) -> None:
    with (root / "huge").open("wb") as file:
        file.truncate(LIMIT + 1)
    began, host = time.monotonic(), Rooted(str(root))
    for verb in ("sasldb", "map plain", "release", "build"):
        verb, _, kind = verb.partition(" ")
        assert no_answer(host.ask(cast(Verb, verb), f"{kind} /huge".strip())).why == "too_large"
    assert host.ask("elf", "/huge") == "not readable\n"
    assert no_answer(host.ask("read", "/huge")).why == "too_large"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("verb", ["read", "sasldb", "key", "cert"])
def test_a_directory_where_a_file_should_be(root: Path, verb: Verb) -> None:
    answer = no_answer(Rooted(str(root)).ask(verb, "/etc/mail"))
    assert answer.why == "directory" and "a directory" in answer.reason


def test_a_file_where_a_directory_should_be(root: Path) -> None:
    host = Rooted(str(root))
    assert no_answer(host.ask("read", "/etc/mail/access/x")).why == "absent"
    assert no_answer(host.ask("list", "/etc/mail/access")).why == "absent"
    assert no_answer(host.ask("list", "/etc/nothing")).why == "absent"


@as_user
def test_an_unreadable_file_is_refused_with_a_remedy(root: Path) -> None:
    (root / "etc/mail/access").chmod(0)
    answer = no_answer(Rooted(str(root)).ask("read", "/etc/mail/access"))
    assert (answer.why, answer.remedy) == ("refused", "run as root")


def test_what_the_system_refuses_is_refused_and_not_absent(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Rooted(str(root))

    def refuse(path: str, limit: int = 0) -> bytes:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(host.files, "read", refuse)
    answer = no_answer(host.ask("read", "/etc/mail/access"))
    assert (answer.why, answer.remedy) == ("refused", "run as root")


@pytest.mark.parametrize("path", ["/etc/a\0b", "/" + "x" * 300, "/" + "a/" * 3000, "/\udcff", ""])
@pytest.mark.parametrize("verb", ["read", "look", "real", "list", "key"])
def test_a_path_that_no_system_takes_is_a_silence(root: Path, verb: Verb, path: str) -> None:
    answer = Rooted(str(root)).ask(verb, path)
    assert isinstance(answer, NoAnswer) or path == ""


def test_names_that_are_no_utf_8(root: Path) -> None:
    (root / "etc/mail" / os.fsdecode(b"caf\xe9\n\x1b[2J")).write_text("x")
    listed = said(Rooted(str(root)).ask("list", "/etc/mail"))
    assert listed.splitlines() == ["access", r"caf\xe9\x0a\x1b[2J"]
    assert listed.isprintable() or "\n" in listed


def test_texts_that_are_no_utf_8(root: Path) -> None:
    (root / "etc/mail/access").write_bytes(b"caf\xe9\n")
    assert Rooted(str(root)).ask("read", "/etc/mail/access") == "caf\\xe9\n"


def test_owners_are_named_by_the_target_itself(root: Path) -> None:
    (root / "etc/passwd").write_text(
        f"mailer:x:{os.getuid()}:0::/:\nsecond:x:{os.getuid()}:0::/:\nodd:x:²:0::/:\nshort:x\n"
    )
    (root / "etc/group").write_text(f"posters:x:{os.getgid()}:\n")
    (root / "etc/mail/access").chmod(0o640)
    os.chown(root / "etc/mail/access", os.getuid(), os.getgid())
    words = said(Rooted(str(root)).ask("look", "/etc/mail/access")).split()
    assert words[2:4] == ["mailer", "posters"]


def test_an_owner_without_a_name_is_a_number(root: Path) -> None:
    words = said(Rooted(str(root)).ask("look", "/etc/mail/access")).split()
    assert words[2] == str(os.getuid())


@pytest.mark.parametrize("seconds", [0, -1, 253402300800, 2**40])
def test_a_file_of_any_age_is_looked_at(root: Path, seconds: int) -> None:
    try:
        os.utime(root / "etc/mail/access", (seconds, seconds))
    except OverflowError:
        pytest.skip("this system does not know such a time")
    assert said(Rooted(str(root)).ask("look", "/etc/mail/access")).endswith(" /etc/mail/access")


@pytest.mark.parametrize("verb", ["run", "hostname", "whoami", "space"])
def test_files_do_not_tell_what_only_a_running_system_can(root: Path, verb: Verb) -> None:
    assert no_answer(Rooted(str(root)).ask(verb, "x")).why == "unavailable"


@pytest.mark.parametrize("verb", ["processes", "listeners", "routes", "probe"])
def test_files_alone_have_no_life(root: Path, verb: Verb) -> None:
    assert no_answer(Rooted(str(root)).ask(verb)).why == "lifeless"


def test_a_question_is_answered_once(root: Path) -> None:
    host = Rooted(str(root))
    before = host.ask("read", "/etc/mail/access")
    (root / "etc/mail/access").write_text("changed\n")
    assert host.ask("read", "/etc/mail/access") == before


def test_a_root_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no directory"):
        Rooted(str(tmp_path / "nowhere"))


# ---- this machine


LS = ["ls", "-ld", "--time-style=full-iso"]


def _ls_is_gnu() -> bool:
    try:
        return b"GNU" in subprocess.run(["ls", "--version"], capture_output=True).stdout
    except OSError:
        return False


@pytest.mark.skipif(not _ls_is_gnu(), reason="the real ls here knows no --time-style")
def test_a_look_is_what_the_real_ls_prints(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x" * 1234)
    (tmp_path / "link").symlink_to("plain")
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    (tmp_path / "set-id").touch()
    (tmp_path / "set-id").chmod(0o6755)
    (tmp_path / "odd").touch()
    (tmp_path / "odd").chmod(0o7044)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "old").touch()
    os.utime(tmp_path / "old", ns=(0, 123456789))
    (tmp_path / "two words").touch()
    paths = ["/", "/etc", "/etc/passwd", "/dev", "/tmp", "/bin", *(str(p) for p in sorted(tmp_path.iterdir()))]  # noqa: S108
    host = Live()
    for path in paths:
        real = subprocess.run(
            [*LS, path],
            capture_output=True,
            text=True,
            check=True,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ["PATH"]},
        )
        mark = "." if real.stdout[10] == "." else ""  # SELinux; an admin's ls shows it, and nothing depends on it
        assert " ".join(said(host.ask("look", path)).split()) == " ".join(
            real.stdout.replace(mark, "", bool(mark)).split()
        )


def test_this_machine_tells_of_itself() -> None:
    host = Live()
    assert host.ask("hostname") == os.uname().nodename
    assert said(host.ask("whoami")) == ("root" if os.geteuid() == 0 else str(os.geteuid()))
    stamp = datetime.fromisoformat(said(host.ask("clock")))
    assert abs(stamp - datetime.now(UTC)) < timedelta(minutes=1)
    assert "KiB free of" in said(host.ask("space", "/"))
    assert host.commands == ()


def test_a_listening_socket_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = Live().ask("listeners")
        assert isinstance(answer, NoAnswer) or f"127.0.0.1 {server.getsockname()[1]} " in answer


# ---- child programs


def _python(code: str) -> Answer:
    started = children.start([sys.executable, "-c", code])
    return started if isinstance(started, NoAnswer) else started.words()


def test_a_program_says_its_status_and_its_words() -> None:
    assert (
        _python("import sys; print('out'); sys.stdout.flush(); print('err', file=sys.stderr); sys.exit(3)")
        == "exit 3\nout\nerr\n"
    )


def test_a_program_that_hangs_is_ended_with_its_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(children, "PATIENCE", 0.5)
    began = time.monotonic()
    code = (
        "import subprocess, time; p = subprocess.Popen(['sleep', '61'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid)); time.sleep(60)"
    )
    answer = no_answer(_python(code))
    assert answer.why == "failed" and "took longer" in answer.reason and answer.remedy
    assert time.monotonic() - began < 3
    assert _is_gone(int((tmp_path / "pid").read_text()))


def _is_gone(pid: int) -> bool:
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_program_that_leaves_stdout_open_and_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "PATIENCE", 0.5)
    began = time.monotonic()
    assert no_answer(_python("import os, time; os.close(1); os.close(2); time.sleep(60)")).why == "failed"
    assert time.monotonic() - began < 3


def test_a_program_that_prints_without_end_is_ended() -> None:
    began = time.monotonic()
    answer = no_answer(_python("while True: print('x' * 65536)"))
    assert answer.why == "failed" and "KiB" in answer.reason
    assert time.monotonic() - began < 4


def test_a_program_gets_no_input_and_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_ADMIN", "x")
    assert (
        _python("import os, sys; print(repr(sys.stdin.read()), os.environ.get('SECRET_OF_THE_ADMIN'), os.getcwd())")
        == "exit 0\n'' None /\n"
    )


def test_there_is_no_shell(tmp_path: Path) -> None:
    started = children.start(["echo", f"$(touch {tmp_path}/made)", ";", "touch", f"{tmp_path}/made"])
    assert not isinstance(started, NoAnswer) and "$(touch" in said(started.words())
    assert not (tmp_path / "made").exists()


def test_a_program_that_is_not_there() -> None:
    answer = children.start(["/no/such/program"])
    assert isinstance(answer, NoAnswer) and answer.why == "absent"


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    answer = children.start([str(tmp_path / "text")])
    assert isinstance(answer, NoAnswer) and answer.why == "failed" and str(tmp_path) in answer.reason


def test_nothing_is_run_by_an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    host = Live()
    answer = no_answer(host.ask("run", "true"))
    assert (answer.why, answer.remedy, host.commands) == ("refused", "run as root", ())


@as_root
def test_a_command_that_was_run_can_be_repeated() -> None:
    host = Live()
    assert host.ask("run", "echo 'two words'") == "exit 0\ntwo words\n"
    assert host.commands == ("echo 'two words' </dev/null",)


# ---- secrets


PLANTED = "hunter2-7c1e"
"""What must not be found anywhere."""

STRUCK = [
    "sql_passwd: {}",
    "SQL_PASSWD:{}",
    "  sql_passwd :\t{}",
    "ldapdb_pw: {}",
    "ldap_password: {}",
    "ldap_bind_pw: {}",
    "ldap_bindpw: {}",
    "bindpw={}",
    "srp_secret: {}",
    "keytab_passphrase: {}",
    "# sql_passwd: {}",
    "#sql_passwd: {}",
    "\ufeffsql_passwd: {}",
    "sql_passwd: two words {}",
    "x: y\r\nsql_passwd: {}\r\nz: y",
]


@pytest.mark.parametrize("line", STRUCK)
def test_a_secret_in_a_file_stays_inside(root: Path, line: str) -> None:
    (root / "etc/conf").write_bytes(
        ("mech_list: PLAIN\n" + line.format(PLANTED) + "\npwcheck_method: auxprop\n").encode()
    )
    answer = said(Rooted(str(root)).ask("read", "/etc/conf"))
    assert PLANTED not in answer and "***" in answer
    assert "mech_list: PLAIN\n" in answer and answer.endswith("pwcheck_method: auxprop\n")


@pytest.mark.parametrize(
    "line",
    [
        "mech_list: PLAIN",
        "pwcheck_method: auxprop",
        "O AuthMechanisms=PLAIN",
        "sasldb_path: /etc/sasldb2",
        "sql_user: mail",
        "log_level: 7",
    ],
)
def test_what_is_no_secret_is_told(root: Path, line: str) -> None:
    (root / "etc/conf").write_text(line + "\n")
    assert Rooted(str(root)).ask("read", "/etc/conf") == line + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["\n", " ", "passwd", "passwd ", "a", "_pw.", " \n", "secret:", "\t"])
def test_looking_for_secrets_takes_bearable_time(root: Path, unit: str) -> None:
    (root / "etc/conf").write_text(unit * (200_000 // len(unit)))
    began = time.process_time()
    said(Rooted(str(root)).ask("read", "/etc/conf"))
    assert time.process_time() - began < 2


def _key_and_certificate() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.example.net")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("mx.example.net")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def test_a_key_leaves_only_the_digest_of_its_public_half(root: Path) -> None:
    key, certificate = _key_and_certificate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (root / "key.pem").write_bytes(pem)
    (root / "key.der").write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    (root / "locked.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    )
    (root / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (root / "rubbish.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    host = Rooted(str(root))
    reported = said(host.ask("key", "/key.pem"))
    assert reported == host.ask("key", "/key.der") and reported.startswith("public key: sha256:")
    assert reported in said(host.ask("cert", "/cert.pem"))  # so that the two can be seen to belong together
    assert "name: mx.example.net\n" in said(host.ask("cert", "/cert.pem"))
    assert said(host.ask("key", "/locked.pem")).startswith("encrypted")
    assert no_answer(host.ask("key", "/rubbish.pem")).why == "failed"
    assert no_answer(host.ask("cert", "/rubbish.pem")).why == "failed"
    for line in pem.decode().splitlines()[1:-1]:
        assert line not in reported


def test_a_certificate_with_a_key_of_an_unknown_kind(root: Path) -> None:
    """Its other words are still worth reading, and other files of the configuration too."""
    _, certificate = _key_and_certificate()
    der = certificate.public_bytes(Encoding.DER)
    curve = bytes.fromhex("06082a8648ce3d030107")  # prime256v1
    assert curve in der
    (root / "c.der").write_bytes(der.replace(curve, bytes.fromhex("06082a8648ce3d030199"[:-2] + "7f")))
    answer = Rooted(str(root)).ask("cert", "/c.der")
    assert isinstance(answer, NoAnswer) or "public key: unreadable" in answer


def test_a_certificate_cannot_forge_lines(root: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a\nname: forged.example.net\n\nnot after: 2099")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    (root / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    reported = said(Rooted(str(root)).ask("cert", "/c.pem"))
    assert "name: forged.example.net" not in reported.splitlines() and "\n\n" not in reported


# ---- recording and replaying


CF = """\
V10/Berkeley
O AliasFile=/etc/aliases
O AuthMechanisms=DIGEST-MD5 CRAM-MD5 PLAIN
O ServerCertFile=/etc/mail/cert.pem
O ServerKeyFile=/etc/mail/key.pem
O QueueDirectory=/var/spool/mqueue
C{TrustAuthMech}CRAM-MD5 PLAIN
Kaccess hash -T<TMPF> /etc/mail/access
Kauthinfo hash /etc/mail/authinfo
"""


@pytest.fixture
def mail_root(tmp_path: Path) -> Path:
    """A small mail server with a secret in every place that can hold one."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    try:
        from elf_maker import shared_object  # type: ignore[import-not-found, unused-ignore]
    finally:
        sys.path.pop(0)
    key, certificate = _key_and_certificate()
    files: dict[str, str | bytes] = {
        "etc/os-release": "ID=debian\n",
        "etc/passwd": "root:x:0:0::/:\n",
        "etc/group": "root:x:0:\nsmmsp:x:100:anna\n",
        "etc/hostname": "mx\n",
        "etc/hosts": "192.0.2.1 mx.example.net mx\n",
        "etc/aliases": "postmaster: root\n",
        "etc/mail/sendmail.cf": CF,
        "etc/mail/sendmail.mc": "define(`confAUTH_MECHANISMS', `PLAIN')dnl\n",
        "etc/mail/access": "Connect:192.0.2.1 RELAY\n",
        "etc/mail/authinfo": f'AuthInfo:a "U:anna" "P:{PLANTED}" "M:PLAIN"\nAuthInfo:b "U:x" "P={PLANTED}"\n',
        "etc/mail/cert.pem": certificate.public_bytes(Encoding.PEM),
        "etc/mail/key.pem": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "etc/sasl2/Sendmail.conf": f"sql_passwd: {PLANTED}\nldapdb_pw: {PLANTED}\n# sql_passwd: {PLANTED}\n",
        "etc/saslauthd.conf": f"ldap_password: {PLANTED}\n",
        "usr/lib/sasl2/libplain.so": shared_object(soname="libplain.so.2", defines=["sasl_server_plug_init"]),
        "usr/sbin/sendmail": shared_object(needed=["libsasl2.so.2"]) + b"\0Version 8.17.1\0",
    }
    top = tmp_path / "mail"
    for name, content in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (top / "var/spool/mqueue").mkdir(parents=True)
    recorded = Path(__file__).parent.parent / "fixtures/sasldb/basic.sasldb2"
    (top / "etc/sasldb2").write_bytes(recorded.read_bytes())
    return top


EVERY_QUESTION: tuple[tuple[Verb, str], ...] = (
    ("read", "/etc/sasl2/Sendmail.conf"),
    ("read", "/etc/saslauthd.conf"),
    ("map", "authinfo /etc/mail/authinfo"),
    ("map", "plain /etc/mail/authinfo"),
    ("sasldb", "/etc/sasldb2"),
    ("key", "/etc/mail/key.pem"),
    ("cert", "/etc/mail/cert.pem"),
    ("read", "/etc/hosts"),
    ("look", "/etc/mail"),
    ("list", "/etc"),
    ("read", "/no/such/file"),
    ("run", "sendmail"),
    ("elapsed", ""),
)


def test_a_recording_gives_the_same_report_byte_for_byte(mail_root: Path, tmp_path: Path) -> None:
    library = load_library()
    host = Recording(Rooted(str(mail_root)))
    report = examine(host, library, Selection())
    host.save(str(tmp_path / "kept"))
    again = examine(Replay(str(tmp_path / "kept")), library, Selection())
    assert as_json.render(again) == as_json.render(report)
    assert len(report.outcomes) == len(library.checks) and report.ranked
    # and a recording of a replay is that recording
    copy = Recording(Replay(str(tmp_path / "kept")))
    examine(copy, library, Selection())
    copy.save(str(tmp_path / "copy"))
    assert (tmp_path / "copy/host.toml").read_bytes() == (tmp_path / "kept/host.toml").read_bytes()


def test_no_secret_is_written_anywhere(mail_root: Path, tmp_path: Path) -> None:
    host = Recording(Rooted(str(mail_root)))
    report = examine(host, load_library(), Selection())
    answers = [host.ask(*question) for question in EVERY_QUESTION]
    assert sum(isinstance(a, str) for a in answers) >= 11
    host.save(str(tmp_path / "kept"))
    secrets = [PLANTED, *(mail_root / "etc/mail/key.pem").read_text().splitlines()[1:-1], *_passwords_of_the_sasldb()]
    written = (tmp_path / "kept/host.toml").read_text()
    for out in (written, as_json.render(report), as_text.render(report, Style(verbosity=2))):
        assert not [s for s in secrets if s in out]
    assert "***" in written and "sql_passwd" in written


def _passwords_of_the_sasldb() -> list[str]:
    """Values in the fixture: long enough not to be found by chance."""
    from maildoctor.sasldb import read

    data = (Path(__file__).parent.parent / "fixtures/sasldb/basic.sasldb2").read_bytes()
    values = [value.rstrip(b"\0").decode("latin-1") for _, value in read(data).pairs]
    found = [v for v in values if len(v) > 4]
    assert found
    return found


def test_a_recording_is_for_its_owner_alone_and_never_written_over(tmp_path: Path, root: Path) -> None:
    host = Recording(Rooted(str(root)))
    host.ask("read", "/etc/mail/access")
    host.save(str(tmp_path / "kept"))
    before = (tmp_path / "kept/host.toml").read_bytes()
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "kept/host.toml").stat().st_mode) == 0o600
    with pytest.raises(HostError, match="recording already") as refused:
        host.save(str(tmp_path / "kept"))
    assert refused.value.remedy
    assert (tmp_path / "kept/host.toml").read_bytes() == before


def test_a_recording_does_not_follow_a_link(tmp_path: Path, root: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/host.toml").symlink_to(tmp_path / "victim")
    with pytest.raises(HostError):
        Recording(Rooted(str(root))).save(str(tmp_path / "kept"))
    assert not (tmp_path / "victim").exists()


def test_a_recording_that_cannot_be_written(tmp_path: Path, root: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match="cannot record"):
        Recording(Rooted(str(root))).save(str(tmp_path / "file/kept"))


def test_a_replay_knows_no_more_than_the_recording(tmp_path: Path, root: Path) -> None:
    host = Recording(Rooted(str(root)))
    absent = host.ask("read", "/etc/nothing")
    host.save(str(tmp_path / "kept"))
    replay = Replay(str(tmp_path / "kept"))
    assert replay.ask("read", "/etc/nothing") == absent
    assert no_answer(replay.ask("read", "/etc/mail/access")).why == "unavailable"
    assert no_answer(replay.ask("system")).why == "unavailable"


class Talker:
    """A host that says one thing."""

    kind, name, commands = "host", 'mx\n"""\x1b', ("a 'b' \"c\" \\",)

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """That thing."""
        return self.answer


WILD = st.text(
    alphabet=st.one_of(st.sampled_from("\"\\\n\r\t\0\x1b\x7f\x85\u2028\ufeff'#[]= é"), st.characters(codec="utf-8")),
    max_size=30,
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(answer=WILD, subject=WILD, reason=WILD, remedy=WILD)
def test_any_words_survive_a_recording(
    tmp_path_factory: pytest.TempPathFactory, answer: str, subject: str, reason: str, remedy: str
) -> None:
    folder = tmp_path_factory.mktemp("r") / "kept"
    for given_answer in (answer, NoAnswer("failed", reason, remedy)):
        host = Recording(Talker(given_answer))
        host.ask("list", subject)  # of what is listed, words that are no secret in themselves stay
        folder = folder.with_name(folder.name + "x")
        host.save(str(folder))
        raw = (folder / "host.toml").read_bytes()
        assert tomllib.loads(raw.decode())["host"]["name"] == Talker.name
        assert not set(raw) & {*range(9), *range(11, 32), 127}, "a control character in a file that people open"
        replay = Replay(str(folder))
        assert replay.ask("list", subject) == given_answer
        assert (replay.kind, replay.name, replay.commands) == (Talker.kind, Talker.name, Talker.commands)


@pytest.mark.parametrize(
    "answer",
    [
        '"""',
        'a\n"""\nb',
        'a\n""""""',
        'a\n"',
        '"\n"',
        "\n",
        "\n\n",
        "a\\\n b",
        "\\",
        "a\r\nb",
        "\\u0041\n",
        "''' \n '''",
    ],
)
def test_quotes_and_backslashes_survive_a_recording(tmp_path: Path, answer: str) -> None:
    host = Recording(Talker(answer))
    host.ask("run", answer)
    host.save(str(tmp_path / "kept"))
    assert Replay(str(tmp_path / "kept")).ask("run", answer) == answer


def test_lone_surrogates_do_not_break_a_recording(tmp_path: Path) -> None:
    host = Recording(Talker("caf\udce9 \ud800"))
    host.ask("run", "caf\udce9")
    host.save(str(tmp_path / "kept"))
    assert tomllib.loads((tmp_path / "kept/host.toml").read_text())["run"]


HEAD = '[host]\nkind = "host"\nname = "mx"\ncommands = []\n'


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "not toml",
        HEAD + '[read]\n"/x" = "',
        '[host]\nkind = "host"\n',
        HEAD.replace('"host"', '"evil"'),
        "host = 1\n",
        "host = []\n",
        '[host]\nkind = "host"\nname = "mx"\ncommands = 7\n',
        "read = 1\n" + HEAD,
        HEAD + '[read]\n"/x" = 7\n',
        HEAD + '[read]\n"/x" = []\n',
        HEAD + '[read]\n"/x" = {}\n',
        HEAD + '[read]\n"/x" = { why = "absent" }\n',
        HEAD + '[read]\n"/x" = { why = "no such word", reason = "" }\n',
        HEAD + '[read]\n"/x" = { why = 1, reason = 2 }\n',
        HEAD + "x = " + "[" * 5000,
        b"\xff\xfe\0",
    ],
    ids=lambda t: repr(t)[-30:],
)
def test_a_damaged_recording_is_refused(tmp_path: Path, text: str | bytes | None) -> None:
    if text is not None:
        (tmp_path / "host.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(HostError) as refused:
        Replay(str(tmp_path)).ask("read", "/x")
    assert refused.value.what and refused.value.remedy and "host.toml" in refused.value.where

"""Repairs where a file system, a program or another process stands in the way: a clear refusal, nothing half done."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from maildoctor import filesystem
from maildoctor.facts.system import System
from maildoctor.plan import steps as typed
from maildoctor.plan.shell import rendered
from maildoctor.repair import journal as journals
from maildoctor.repair import steps
from maildoctor.repair.journal import Journal, JournalError
from tests.repair_host import filled, tree

DEBIAN = System.parse("ID=debian\ninit: systemd")
NAMESPACE = ["unshare", "--mount", "--propagation", "private"]


def has_namespaces() -> bool:
    return os.geteuid() == 0 and subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0


mounts = pytest.mark.skipif(not has_namespaces(), reason="needs root, and mount namespaces")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    filled(tmp_path / "etc")
    return tmp_path


def repaired(host: Path, remedy: str, prepare: str = "true") -> str:
    """What a repair says in a mount namespace of its own, made as these commands say, with $T the host."""
    script = f'T="$1"; {prepare}; exec "$2" -m tests.repair_host "$1" {remedy}'
    done = subprocess.run(
        [*NAMESPACE, "sh", "-ec", script, "sh", str(host), sys.executable], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


OWN = 'cp -a "$T/etc" "$T/copy"; mount -t tmpfs -o size={size} tmpfs "$T/etc"; cp -a "$T/copy/." "$T/etc/"'
FULL = f'{OWN.format(size="96k")}; dd if=/dev/zero of="$T/etc/filler" bs=4k 2>/dev/null || true'


@mounts
def test_nothing_in_the_way(host: Path) -> None:
    for remedy in ("option", "mode", "new", "larger", "several"):
        out = repaired(host, remedy, OWN.format(size="4m"))
        assert "X001: fixed" in out and "TREE differs" in out
        (host / "copy").rename(host / f"copy-{remedy}")
        subprocess.run(["rm", "-rf", str(host / "kept")], check=True)


@mounts
@pytest.mark.parametrize("remedy", ["option", "mode", "new", "larger", "several", "rebuild"])
def test_a_file_system_for_reading_only(host: Path, remedy: str) -> None:
    out = repaired(host, remedy, f'{OWN.format(size="1m")}; mount -o remount,ro "$T/etc"')
    assert "Read-only file system" in out
    assert "what was done is taken back" in out
    assert "TREE same" in out


@mounts
@pytest.mark.parametrize("remedy", ["option", "new", "larger", "several"])
def test_a_full_disk(host: Path, remedy: str) -> None:
    out = repaired(host, remedy, FULL)
    assert "X001: a command failed" in out and "what was done is taken back" in out, out
    assert "TREE same" in out


@mounts
@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        ('mkdir "$T/kept"; mount -t tmpfs -o size=4k,mode=700 tmpfs "$T/kept"; '
         'dd if=/dev/zero of="$T/kept/x" bs=4k || true', "No space left on device"),
        ('mkdir -m 700 "$T/kept"; mount -t tmpfs -o mode=700 tmpfs "$T/kept"; mount -o remount,ro "$T/kept"',
         "Read-only file system"),
        ('mkdir -m 700 "$T/kept"; chattr +i "$T/kept"; trap \'chattr -i "$T/kept"\' 0', "Operation not permitted"),
    ],
    ids=["full", "read-only", "immutable"],
)  # fmt: skip
def test_a_journal_that_cannot_be_written(host: Path, prepare: str, says: str) -> None:
    try:
        out = repaired(host, "option", prepare)
        assert f"refused: what is there now cannot be kept: {says}: {host}/kept" in out, out
        assert "run as root" not in out
        assert "TREE same" in out
    finally:
        subprocess.run(["chattr", "-i", str(host / "kept")], capture_output=True)


@mounts
def test_no_m4(host: Path) -> None:
    m4 = next((f"{folder}/m4" for folder in ("/usr/bin", "/bin") if Path(folder, "m4").exists()), "")
    out = repaired(host, "rebuild", f"mount --bind /dev/null {m4}" if m4 else "true")
    assert "X001: a command failed" in out and "m4: " in out
    assert "TREE same" in out
    assert not (host / "etc/a.cf.new").exists()


@mounts
@pytest.mark.skipif(not Path("/var/lib/dpkg/lock-frontend").exists(), reason="no dpkg here")
def test_dpkg_is_locked(host: Path) -> None:
    (host / "lock").touch()
    with (host / "lock").open("r+b") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        out = repaired(host, "package", 'mount --bind "$T/lock" /var/lib/dpkg/lock-frontend')
    assert "X001: a command failed" in out and "lock" in out, out
    assert "TREE same" in out


@mounts
def test_two_repairs_at_once(host: Path) -> None:
    (host / "kept").mkdir(mode=0o700)
    with filesystem.locked(str(host / "kept")) as lock:
        assert lock is not None
        out = repaired(host, "option")
    assert f"refused: another maildoctor repairs this host: {host}/kept: wait for it to end" in out
    assert "TREE same" in out
    both = [subprocess.Popen([sys.executable, "-m", "tests.repair_host", str(host), "option"], stdout=subprocess.PIPE,
                             text=True) for _ in range(2)]  # fmt: skip
    said = sorted(process.communicate(timeout=60)[0] for process in both)
    assert "X001: fixed" in "".join(said)
    assert (host / "etc/a.conf").read_text().count("mech_list: LOGIN") == 1


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setattr(journals, "FOLDER", str(tmp_path / "kept"))
    journals.prepare()
    return Journal.new("2026-11-30T20:00:00Z")


ACL = bytes.fromhex("0200000001000600ffffffff020004000100000004000400ffffffff10000400ffffffff20000000ffffffff")
"""u::rw-, u:1:r--, g::r--, m::r--, o::--- as acl(5) has it in an attribute."""


def test_labels_and_acls_stay_with_a_file_that_is_changed(host: Path, kept: Journal) -> None:
    conf = host / "etc/a.conf"
    label = b"system_u:object_r:etc_mail_t:s0\0"
    given = {"user.note": b"kept", "security.selinux": label, "system.posix_acl_access": ACL}
    try:
        for name, value in given.items():
            os.setxattr(conf, name, value)
    except OSError as error:
        pytest.skip(f"this file system takes no such attribute: {error.strerror}")
    before = tree(host / "etc")
    for step in rendered([typed.SetOption(str(conf), "mech_list", "LOGIN", "PLAIN")], DEBIAN):
        steps.do(step, "X001", "it", kept)
    assert "LOGIN" in conf.read_text()
    assert {name: os.getxattr(conf, name) for name in given} == given
    steps.take_back(kept.entries[0], kept)
    assert tree(host / "etc") == before


def test_a_program_that_asks_is_answered(host: Path, kept: Journal) -> None:
    """Who names the step, or says --yes, has said so; what does not ask is not given an answer."""
    from maildoctor.model import Step

    [install] = rendered([typed.Install("DIGEST-MD5")], DEBIAN)
    assert install.confirms
    asks = f"read -r a && test \"$a\" = y && echo it > {host}/etc/new"
    steps.do(Step(asks, kind="changes", changes=(f"{host}/etc/new",), confirms=True), "X001", "it", kept)
    assert (host / "etc/new").read_text() == "it\n"
    with pytest.raises(steps.Failed):
        steps.do(Step(asks, kind="changes", changes=(f"{host}/etc/new",)), "X001", "it", kept)
    began = time.monotonic()
    steps.do(Step("true", kind="changes", confirms=True), "X001", "it", kept)
    assert time.monotonic() - began < 30


def test_root_is_not_told_to_run_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "FOLDER", str(tmp_path / "kept"))

    def refuses(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(tmp_path / "kept"))

    monkeypatch.setattr(filesystem, "private_folder", refuses)
    for user, remedy in ((0, "lsattr"), (1000, "run as root")):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        with pytest.raises(JournalError) as refused:
            journals.prepare()
        assert remedy in (refused.value.remedy or "")

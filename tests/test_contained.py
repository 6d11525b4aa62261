"""Containers from outside: processes and sockets out of /proc, namespaces, and what podman and docker say."""

import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.cli import check
from maildoctor.engine import Selection, examine
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.host import Answer, HostError, NoAnswer, Verb, contained, engines, namespaces, procfs
from maildoctor.host.engines import Failed, Inspected, inspected
from maildoctor.host.live import MAIL_PROGRAMS, Live, listeners_by_psutil, processes_by_psutil
from maildoctor.library import load_library

pytestmark = pytest.mark.skipif(not procfs.serves(), reason="containers are a thing of Linux")


def _may_unshare() -> bool:
    command = ["unshare", "--mount", "--pid", "--fork", "--net", "--uts", "true"]
    return shutil.which("unshare") is not None and subprocess.run(command, capture_output=True).returncode == 0


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
unsharing = pytest.mark.skipif(os.geteuid() != 0 or not _may_unshare(), reason="needs root, and the right to unshare")


def no_answer(answer: Answer) -> NoAnswer:
    assert isinstance(answer, NoAnswer), answer
    return answer


def said(answer: Answer) -> str:
    assert isinstance(answer, str), answer
    return answer


def eventually(found: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not found():
        assert time.monotonic() < end, "it did not happen within 10 s"
        time.sleep(0.02)


# ---- addresses


@given(st.ip_addresses(), st.integers(0, 65535))
def test_an_address_is_read_as_the_kernel_writes_it(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    words = (int.from_bytes(ip.packed[at : at + 4], sys.byteorder) for at in range(0, len(ip.packed), 4))
    written = "".join(f"{word:08X}" for word in words) + f":{port:04X}"
    address, number = procfs.address(written)
    assert (ipaddress.ip_address(address), number) == (ip, port)


@pytest.mark.parametrize("text", ["", "0100007F", ":0019", "0100007:0019", "0100007F00000000:0019", "Z:1", "0" * 64])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        procfs.address(text)


@pytest.mark.skipif(sys.byteorder != "little", reason="as a little-endian kernel writes them")
def test_addresses_of_real_tables() -> None:
    assert procfs.address("0100007F:0019") == ("127.0.0.1", 25)
    assert procfs.address("00000000000000000000000000000000:024B") == ("::", 587)
    assert procfs.address("0000000000000000FFFF00000100007F:0019") == ("::ffff:127.0.0.1", 25)


# ---- this machine, without psutil


def test_processes_are_those_that_psutil_tells(tmp_path: Path) -> None:
    names = ("milter-of-a-rather-long-name", "sendmail", "logd")
    for name in names:
        (tmp_path / name).symlink_to(shutil.which("sleep") or "/bin/sleep")
    started = [subprocess.Popen([tmp_path / name, "60"]) for name in names]
    try:
        eventually(lambda: all(str(p.pid) in said(Live().ask("processes")) for p in started))
        by_proc = Processes.parse(said(Live().ask("processes"))).all
        by_psutil = Processes.parse(said(processes_by_psutil())).all
    finally:
        for process in started:
            process.kill()
            process.wait()
    ours = {process.pid for process in started}
    assert ours <= {p.pid for p in by_proc}
    reported = [
        [(p.pid, p.user, p.program, p.replaced, p.command) for p in ps if p.pid in ours] for ps in (by_proc, by_psutil)
    ]
    assert reported[0] == reported[1]
    assert all(abs(p.started - time.time()) < 30 for p in by_proc if p.pid in ours)


def test_listeners_are_those_that_psutil_tells() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as four,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
    ):
        ports = {s.getsockname()[1] for s in (four, six)}
        reported = [Listeners.parse(said(a)).all for a in (Live().ask("listeners"), listeners_by_psutil())]
    mine = [[listener for listener in all_ if listener.port in ports] for all_ in reported]
    assert mine[0] == mine[1]
    assert {x.address for x in mine[0]} == {"127.0.0.1", "::1"}
    assert {x.program for x in mine[0]} != {"?"}


def test_this_machine_needs_no_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)  # to import it raises ModuleNotFoundError
    assert isinstance(Live().ask("processes"), str)
    assert isinstance(Live().ask("listeners"), str)


def test_where_proc_is_not_linux_psutil_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "serves", lambda: False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert f"127.0.0.1 {server.getsockname()[1]} " in said(Live().ask("listeners"))
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(ModuleNotFoundError):
        Live().ask("processes")


def test_without_proc_nobody_says_that_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "everyone", dict)
    assert no_answer(Live().ask("processes")).why == "unavailable"
    assert no_answer(Live().ask("listeners")).remedy


def test_a_process_cannot_forge_a_row(tmp_path: Path) -> None:
    """Its file and its words are its own to choose."""
    folder = tmp_path / "x\n1 root 0.00 /usr/sbin/sendmail sendmail: accepting connections"
    folder.mkdir(parents=True)
    program = folder / "sendmail"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen(["sleep\n1 root 0.00 /x y", "60"], executable=program) as process:
        try:
            rows = procfs.running({process.pid: process.pid}, MAIL_PROGRAMS, "/", str)
        finally:
            process.kill()
    (row,) = Processes.parse(rows).all
    assert len(rows.splitlines()) == 1 and row.pid == process.pid


# ---- a process in namespaces of its own


@dataclass(frozen=True)
class Box:
    """A running process that sees another root, and its number here."""

    pid: int
    root: Path
    port: int


SERVER = """
import ctypes, os, signal, socket, sys
name = b'box.example.com'
assert ctypes.CDLL(None).sethostname(name, len(name)) == 0
os.system('ip link set lo up 2>/dev/null')
server = socket.create_server(('0.0.0.0', 2525))
ctypes.CDLL(None).prctl(15, b'sendmail', 0, 0, 0)
os.chroot(sys.argv[1])
os.chdir('/')
open('/ready', 'w').close()
while True:
    server.accept()[0].sendall(b'220 inside\\r\\n')
"""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    root = tmp_path / "root"
    (root / "etc/mail").mkdir(parents=True)
    (root / "etc/passwd").write_text("postmistress:x:0:0::/:/bin/sh\n")
    (root / "etc/group").write_text("wheel:x:0:\n")
    (root / "etc/mail/access").write_text("inside\n")
    (root / "link").symlink_to("/etc/mail/access")
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--uts", "--", sys.executable, "-c"]
    with subprocess.Popen([*command, SERVER, str(root)]) as unshare:
        try:
            eventually((root / "ready").exists)
            children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text()
            yield Box(int(children.split()[0]), root, 2525)
        finally:
            unshare.kill()


def _connect(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        return client.recv(100)


@unsharing
def test_what_a_process_in_other_namespaces_sees(box: Box) -> None:
    host = contained.by_pid(str(box.pid))
    assert (host.kind, host.name) == ("container", f"pid {box.pid}")
    assert host.ask("read", "/etc/mail/access") == host.ask("read", "/link") == "inside\n"
    assert " postmistress wheel " in said(host.ask("look", "/etc/mail"))
    assert host.ask("hostname") == "box.example.com" != os.uname().nodename
    assert "KiB free of" in said(host.ask("space", "/etc"))
    assert host.ask("whoami") == "root"
    (process,) = Processes.parse(said(host.ask("processes"))).all
    assert (process.pid, process.user) == (1, "postmistress")
    assert SERVER.split()[0] in process.command
    assert said(host.ask("listeners")) == "0.0.0.0 2525 1 sendmail"


@unsharing
def test_this_machine_does_not_take_them_for_its_own(box: Box) -> None:
    assert str(box.root) not in said(Live().ask("processes"))
    assert " 2525 " not in said(Live().ask("listeners"))


@unsharing
def test_nothing_is_run_or_written_in_a_container(box: Box) -> None:
    before = sorted((str(p), p.lstat().st_mtime_ns, p.lstat().st_ctime_ns) for p in box.root.rglob("*"))
    host = contained.by_pid(str(box.pid))
    examine(host, load_library(()), Selection())
    assert no_answer(host.ask("run", "touch /made")).why == "unavailable"
    assert host.commands == ()
    assert before == sorted((str(p), p.lstat().st_mtime_ns, p.lstat().st_ctime_ns) for p in box.root.rglob("*"))


@unsharing
def test_a_folder_that_becomes_a_link_does_not_lead_to_our_files(box: Box, tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/a").write_text("outside\n")
    (box.root / "folder").mkdir()
    for name in "abc":
        (box.root / "folder" / name).write_text("inside\n")
    host = contained.by_pid(str(box.pid))
    assert host.ask("read", "/folder/b") == "inside\n"
    assert host.ask("real", "/folder/a") == "/folder/a"  # and it is remembered that there is no link in it
    host.ask("look", "/etc/passwd")
    (box.root / "folder").rename(box.root / "away")
    (box.root / "folder").symlink_to(tmp_path / "ours")
    assert host.ask("read", "/folder/a") != "outside\n"
    assert isinstance(contained.by_pid(str(box.pid)).ask("read", "/folder/a"), NoAnswer)  # the link leads nowhere there


@unsharing
def test_an_end_in_the_middle_is_no_lack_of_files(box: Box) -> None:
    host = contained.by_pid(str(box.pid))
    assert host.ask("read", "/etc/mail/access") == "inside\n"
    os.kill(box.pid, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{box.pid}").exists())
    questions: tuple[tuple[Verb, str], ...] = (
        ("read", "/etc/passwd"),
        ("look", "/etc"),
        ("processes", ""),
        ("listeners", ""),
        ("hostname", ""),
    )
    for verb, subject in questions:
        answer = no_answer(host.ask(verb, subject))
        assert (answer.why, "ended" in answer.reason) == ("failed", True), (verb, answer)
    report = examine(host, load_library(()), Selection())
    assert report.roots == ()
    assert report.counted("pass") == report.counted("broke") == 0


@unsharing
def test_the_end_of_a_thread_that_was_in_a_network_leaves_us_in_ours(box: Box) -> None:
    def work() -> tuple[bytes, str, str]:
        return _connect(box.port), os.readlink("/proc/thread-self/ns/net"), threading.current_thread().name

    banner, network, thread = namespaces.in_network(box.pid, work)
    assert banner == b"220 inside\r\n"
    assert network == os.readlink(f"/proc/{box.pid}/ns/net") != os.readlink("/proc/thread-self/ns/net")
    assert thread != threading.current_thread().name
    with pytest.raises(ConnectionRefusedError):
        _connect(box.port)


@unsharing
def test_what_work_in_a_network_raises_is_raised_here(box: Box) -> None:
    def work() -> None:
        raise PermissionError("of its own")

    with pytest.raises(PermissionError, match="of its own"):
        namespaces.in_network(box.pid, work)


@as_root
def test_without_a_process_work_is_done_in_our_own_network() -> None:
    assert namespaces.in_network(None, lambda: 3) == namespaces.in_network(os.getpid(), lambda: 3) == 3


def test_the_network_of_a_process_that_is_not_there() -> None:
    with pytest.raises(HostError) as error:
        namespaces.in_network(2**31, lambda: None)
    assert "no process" in error.value.what and error.value.remedy


# ---- processes that cannot be examined


@pytest.mark.parametrize("number", ["", "x", "-1", "0", "1.5", "../1", "self", "１", "99999999999", "1 2"])
def test_what_is_no_process_number_is_refused(number: str) -> None:
    with pytest.raises(HostError) as error:
        contained.by_pid(number)
    assert error.value.where == number and "--pid" in error.value.remedy


def test_a_process_that_is_not_there() -> None:
    with pytest.raises(HostError) as error:
        contained.by_pid("4194305")  # beyond the largest pid of Linux, PID_MAX_LIMIT
    assert "no process 4194305" in error.value.what


@as_root
def test_a_thread_of_the_kernel_has_no_files() -> None:
    threads = (p for p in procfs.everyone() if Path(f"/proc/{p}/stat").read_text().rpartition(")")[2].split()[1] == "2")
    pid = next(threads, None)
    if pid is None:
        pytest.skip("this machine shows no thread of the kernel")
    with pytest.raises(HostError) as error:
        contained.by_pid(str(pid))
    assert "thread of the kernel" in error.value.what


def test_a_process_that_waits_to_be_buried() -> None:
    with subprocess.Popen(["true"]) as process:
        eventually(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
        with pytest.raises(HostError) as error:
            contained.by_pid(str(process.pid))
    assert "ended" in error.value.what


@as_user
def test_a_process_of_another_user_is_not_shown() -> None:
    with pytest.raises(HostError) as error:
        contained.by_pid("1")
    assert "no right" in error.value.what and "root" in error.value.remedy


@as_user
def test_processes_of_our_own_namespace_are_seen_without_rights() -> None:
    assert isinstance(contained.by_pid(str(os.getpid())).ask("processes"), str)


# ---- ids of user namespaces


@given(st.integers(0, 2**32 - 1))
def test_an_id_is_told_as_the_container_sees_it(outer: int) -> None:
    ids = ((0, 1000, 1), (1, 100000, 65536))
    seen = namespaces.inner(ids, outer)
    if outer == 1000:
        assert seen == 0
    elif 100000 <= outer < 165536:
        assert seen == outer - 99999
    else:
        assert seen == namespaces.NOBODY
    assert namespaces.inner((), outer) == outer


IN_A_USER_NAMESPACE = """
import ctypes, os, sys
ctypes.CDLL(None).unshare(0x10000000) and sys.exit(1)
print('ready', flush=True)
input()
os.chroot(sys.argv[1])
os.setuid(0)
print('there', flush=True)
input()
"""


@as_root
def test_owners_in_a_user_namespace_are_named_by_its_own_numbers(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("boss:x:0:0::/:/bin/sh\nclerk:x:7:7::/:/bin/sh\n")
    (tmp_path / "etc/group").write_text("bosses:x:0:\n")
    for name, owner in (("a", 70000), ("b", 70007), ("c", 70099), ("d", 0)):
        (tmp_path / name).touch()
        os.chown(tmp_path / name, owner, owner)
    command = [sys.executable, "-c", IN_A_USER_NAMESPACE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        try:
            if process.stdout.readline() != "ready\n":
                pytest.skip("permission denied making a user namespace here")
            for kind in ("uid", "gid"):
                Path(f"/proc/{process.pid}/{kind}_map").write_text("0 70000 1000\n")
            print(file=process.stdin, flush=True)
            assert process.stdout.readline() == "there\n"
            host = contained.by_pid(str(process.pid))
            owners = [said(host.ask("look", f"/{name}")).split()[2:4] for name in "abcd"]
            row = procfs.running({process.pid: 1}, ("python",), f"/proc/{process.pid}/root/", host._user)
        finally:
            process.kill()
    assert owners == [["boss", "bosses"], ["clerk", "7"], ["99", "99"], ["65534", "65534"]]
    assert row.startswith("1 boss ")


# ---- engines


IDENT = "0123456789abcdef" * 4
OTHER = "f" * 64


def document(pid: object = 4711, ident: object = IDENT, status: object = "running") -> str:
    return json.dumps([{"Id": ident, "Name": "/mail", "State": {"Status": status, "Pid": pid}}], indent=4)


@pytest.mark.parametrize("before", ["", "Emulate Docker CLI using podman.\n", "[a warning]\n", "[\n"])
@pytest.mark.parametrize("after", ["", "\nWARNING: something\n"])
def test_the_answer_stands_among_warnings(before: str, after: str) -> None:
    assert inspected("docker", f"exit 0\n{before}{document()}{after}") == Inspected("docker", IDENT, 4711, "running")


@pytest.mark.parametrize(
    "words",
    [
        "exit 1\n[]\nError: No such container: mail\n",
        "exit 125\n[]\nError: inspecting object: no such container mail\n",
        "exit 1\nError response from daemon: No such container: mail\n",
    ],
)
def test_an_engine_that_knows_no_such_container(words: str) -> None:
    assert inspected("podman", words) is None


def test_an_engine_that_is_not_up_says_why() -> None:
    words = "exit 1\n[]\nCannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?\n"
    answer = inspected("docker", words)
    assert isinstance(answer, Failed) and answer.reason.startswith("Cannot connect")


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x)).map(json.dumps))
def test_any_answer_is_understood_or_refused(words: str) -> None:
    assert not isinstance(inspected("docker", f"exit 0\n{words}"), Inspected)


@pytest.mark.parametrize("pid", ["4711", None, 4.5, True, [1]])
def test_a_process_number_is_a_number(pid: object) -> None:
    assert isinstance(inspected("docker", "exit 0\n" + document(pid)), Failed)


def test_a_deep_answer_does_no_harm() -> None:
    assert isinstance(inspected("docker", "exit 0\n" + "[" * 100_000), Failed)


Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a program on a PATH that has nothing else on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def installed(name: str, out: str = "", status: int = 0, code: str = "") -> Path:
        program = folder / name
        program.write_text(
            f"#!{sys.executable} -IS\nimport os, sys\n"
            f"open({str(tmp_path / name)!r} + '.asked', 'w').write(repr((sys.argv[1:], dict(os.environ))))\n"
            f"{code}\nprint({out!r})\nsys.exit({status})\n"
        )
        program.chmod(0o755)
        return tmp_path / f"{name}.asked"

    return installed


def unknown(install: Install, engine: str) -> Path:
    return install(engine, "[]\nError: no such container mail", 1)


def complaint(name: str) -> str:
    with pytest.raises(HostError) as error:
        engines.find(name)
    assert error.value.what and error.value.where and error.value.remedy
    return f"{error.value.what} | {error.value.where} | {error.value.remedy}"


@pytest.mark.parametrize("knows", engines.ENGINES)
def test_the_engine_that_knows_the_name_is_believed(install: Install, knows: str) -> None:
    for engine in engines.ENGINES:
        unknown(install, engine)
    asked = install(knows, document())
    found = engines.find("mail")
    assert (found.pid, found.name) == (4711, "mail")
    assert "['inspect', '--type', 'container', 'mail']" in asked.read_text()
    assert f"{knows} inspect --type container mail </dev/null" in found.commands


def test_a_name_that_two_engines_know_wants_a_word(install: Install) -> None:
    install("podman", document(1))
    install("docker", document(2, OTHER))
    assert "podman:mail" in complaint("mail") and "docker:mail" in complaint("mail")
    assert engines.find("podman:mail").pid == 1
    assert engines.find("docker:mail").pid == 2


def test_podman_under_the_name_of_docker_is_no_second_engine(install: Install) -> None:
    install("podman", document())
    install("docker", "Emulate Docker CLI using podman.\n" + document())
    assert engines.find("mail").pid == 4711


def test_an_engine_that_is_down_does_not_hide_the_other(install: Install) -> None:
    install("docker", "Cannot connect to the Docker daemon", 1)
    install("podman", document())
    assert engines.find("mail").pid == 4711
    unknown(install, "podman")
    assert "podman: no such container; docker: Cannot connect" in complaint("mail")


def test_a_container_that_does_not_run(install: Install) -> None:
    install("podman", document(0, status="exited"))
    assert "not running: exited" in complaint("mail") and "podman start mail" in complaint("mail")


def test_no_engine_and_no_such_container(install: Install) -> None:
    assert "neither podman nor docker is installed" in complaint("mail")
    assert "docker is not installed" in complaint("docker:mail")
    unknown(install, "podman")
    assert "podman: no such container" in complaint("mail")


@pytest.mark.parametrize("name", ["", "-rm", "--help", "podman:", "podman:-x", "lxc:mail", "a b", "a\n", "a/b", "$(x)"])
def test_what_is_no_name_is_not_given_to_an_engine(install: Install, name: str) -> None:
    asked = install("podman", document())
    assert "no name of a container" in complaint(name)
    assert not asked.exists()


def test_an_engine_that_hangs_is_given_up(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maildoctor.host.child.PATIENCE", 0.5)
    install("podman", code="import time; time.sleep(60)")
    assert "took longer" in complaint("mail")


def test_only_engines_of_this_machine_are_asked(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("DOCKER_HOST", "ssh://far"), ("DOCKER_CONTEXT", "far"), ("CONTAINER_HOST", "ssh://far")):
        monkeypatch.setenv(name, value)
    asked = install("docker", document())
    engines.find("mail")
    assert "far" not in asked.read_text()
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    engines.find("mail")
    assert "unix:///run/user/1000/docker.sock" in asked.read_text()


CGROUPS = {
    10: f"0::/machine.slice/libpod-conmon-{IDENT}.scope",
    11: f"0::/machine.slice/libpod-{IDENT}.scope/container",
    12: f"0::/machine.slice/libpod-{IDENT}.scope",
    13: f"5:pids:/docker/{OTHER}",
    14: "0::/user.slice",
    15: "0::/system.slice/" + "0123456789abcdef" * 2,
}


@pytest.fixture
def cgroups(monkeypatch: pytest.MonkeyPatch, install: Install) -> None:
    """Processes in cgroups; 12 is the first of its container."""
    monkeypatch.setattr(procfs, "everyone", lambda: {pid: pid for pid in CGROUPS})
    monkeypatch.setattr(engines, "_cgroups", lambda pid: CGROUPS[pid] + "\n")
    monkeypatch.setattr(procfs, "_numbers", lambda pid: [pid, {12: 1}.get(pid, pid)])


@pytest.mark.parametrize("digits", [12, 20, 64])
@pytest.mark.usefixtures("cgroups")
def test_an_id_is_found_without_an_engine(digits: int) -> None:
    assert engines.find(IDENT[:digits]).pid == 12
    assert engines.find(OTHER[:digits]).pid == 13


@pytest.mark.parametrize("name", ["0123", "0123456789ac", "1" + IDENT[2:14], "user.slice"])
@pytest.mark.usefixtures("cgroups")
def test_what_is_no_id_of_a_cgroup_is_not_found(name: str) -> None:
    assert "neither podman nor docker" in complaint(name)


@pytest.mark.usefixtures("cgroups")
def test_the_beginning_of_two_ids_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CGROUPS, 14, f"0::/docker/{IDENT[:60]}0000")
    assert "several" in complaint(IDENT[:12])


# ---- the command


@unsharing
def test_check_of_a_container_by_name(box: Box, install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("podman", document(box.pid))
    check.run(["--container", "mail", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert (report["target"]["kind"], report["target"]["name"]) == ("container", "mail")
    check.run(["--container", "mail", "-v", "--no-color"])
    assert "podman inspect --type container mail" in capsys.readouterr().out


@unsharing
def test_a_paused_container_is_not_asked_for_its_greeting(box: Box, install: Install) -> None:
    install("docker", document(box.pid, status="paused"))
    host = contained.by_name("mail")
    refused = no_answer(host.ask("probe", f"127.0.0.1:{box.port}"))
    assert "paused" in refused.reason and refused.remedy == "docker unpause mail"
    assert host.ask("read", "/etc/mail/access") == "inside\n"
    install("docker", document(box.pid))
    assert "220 inside" in said(contained.by_name("mail").ask("probe", f"127.0.0.1:{box.port}"))


@pytest.mark.parametrize("words", [["--pid", "x"], ["--container", "-x"], ["--container=-x"]])
def test_check_refuses_what_cannot_be(words: list[str]) -> None:
    with pytest.raises(Exception) as error:
        check.run(words)
    assert hasattr(error.value, "remedy"), error.value


def test_only_one_thing_is_examined() -> None:
    with pytest.raises(Exception, match="not allowed"):
        check.run(["--pid", "1", "--root", "/"])

"""The doctor on real Sendmail hosts: healthy, broken in every way of `tests/lab/faults.py`, and fixed again."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import maildoctor
from tests.lab.faults import FAULTS, Fault
from tests.lab.host import NAME, LabHost, Ran
from tests.lab.roots import HERE, PROJECT, RELEASES, doctor, release_root, why_not
from tests.test_repair import tree

WHY_NOT = why_not()
if WHY_NOT and not os.environ.get("CI"):
    pytest.skip(WHY_NOT, allow_module_level=True)

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("lab")]

HEALTHY = [name for name, release in RELEASES.items() if release.recipe == "sendmail.sh"]
WORKERS = 2
GUIDE = jsonschema.Draft202012Validator(
    json.loads((Path(maildoctor.__file__).parent / "guide.schema.json").read_text(encoding="utf-8"))
)
WRITES = re.compile(
    r"\b(open(at)?2?\(.*\bO_(WRONLY|RDWR|CREAT|TRUNC)|(creat|mkdir|mknod|unlink|rmdir|rename|link|symlink|truncate"
    r"|chmod|fchmodat|chown|lchown|fchownat|utime|setxattr|removexattr)\w*\()"
)
"""The system calls of strace's class `file` that change a file system."""


@dataclass(frozen=True)
class Seen:
    """One run of the doctor and what its report says."""

    status: int
    report: dict[str, Any]

    @classmethod
    def of(cls, ran: Ran) -> "Seen":
        assert ran.status in (0, 1, 3), f"maildoctor failed with {ran.status}: {ran.out[-2000:]}{ran.err[-2000:]}"
        return cls(ran.status, json.loads(ran.out))

    @property
    def troubles(self) -> list[str]:
        """Errors and warnings, each as a line that a failed test can show."""
        return [_line(f) for f in self.report["findings"] if f["severity"] != "info"]

    @property
    def roots(self) -> list[dict[str, Any]]:
        return [f for f in self.report["findings"] if f["explained_by"] is None]

    @property
    def fingerprints(self) -> set[str]:
        return {f["fingerprint"] for f in self.report["findings"]}


def _line(finding: dict[str, Any]) -> str:
    return f"{finding['severity']} {finding['fingerprint']} {finding['name']}: {finding['message']}"


@dataclass(frozen=True)
class Trial:
    """One fault from its injection to its fixing."""

    met: str
    inside: Seen
    outside: Seen
    met_fixed: str
    fixed: Seen
    seconds: float


def try_out(fault: Fault) -> Trial:
    began = time.monotonic()
    with LabHost("bookworm", fault) as host:
        met = str(host.probe())
        inside = check(host)
        outside = check_outside(host)
        host.repair()
        return Trial(met, inside, outside, str(host.probe()), check(host), time.monotonic() - began)


def check(host: LabHost) -> Seen:
    return Seen.of(host.doctor("check", "--format", "json"))


def check_outside(host: LabHost) -> Seen:
    return Seen.of(host.doctor_outside("check", "--format", "json"))


@pytest.fixture(scope="session")
def lab() -> None:
    """All that is needed is built."""
    if WHY_NOT:
        pytest.fail(WHY_NOT)
    with ThreadPoolExecutor(WORKERS) as pool:
        sites = {release.python for release in RELEASES.values()} - {""}
        list(pool.map(release_root, HEALTHY))
        list(pool.map(doctor, sorted(sites)))


@pytest.fixture(scope="session")
def trials(lab: None, request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Trial]]]:
    """All faults that this test run asks for, two at a time; a test waits for its own."""
    asked = [fault for fault in FAULTS if any(f"[{fault.id}]" in item.name for item in request.session.items)]
    began = time.monotonic()
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = {fault.id: pool.submit(try_out, fault) for fault in asked}
        yield futures
        pool.shutdown(cancel_futures=True)
    done = {name: f.result().seconds for name, f in futures.items() if not f.cancelled() and not f.exception()}
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    if terminal and done:
        slow = sorted(done.items(), key=lambda pair: -pair[1])
        each = ", ".join(f"{name} {seconds:.1f}" for name, seconds in (slow if terminal.verbosity > 0 else slow[:5]))
        terminal.write_line(f"\nlab: {len(done)} faults in {time.monotonic() - began:.0f} s; the slowest: {each}")


@pytest.mark.parametrize("release", HEALTHY)
def test_a_healthy_host_is_silent(lab: None, release: str) -> None:
    with LabHost(release) as host:
        assert str(host.probe()) == "works"
        inside = RELEASES[release].python != ""
        seen = check(host) if inside else check_outside(host)
    assert seen.troubles == []
    assert seen.status == 0 or not inside, [o for o in seen.report["outcomes"] if o["outcome"] == "not_judged"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_named(trials: dict[str, Future[Trial]], fault: Fault) -> None:
    trial = trials[fault.id].result()
    assert fault.symptom in trial.met, "the lab did not break the host as the catalogue says"
    roots = trial.inside.roots
    assert roots, "nothing was found"
    assert fault.expect in (roots[0]["code"], roots[0]["name"]), [_line(f) for f in trial.inside.report["findings"]]
    assert roots[0]["rank"] == 1
    assert [_line(f) for f in roots[1:] if f["severity"] == "error"] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fixed_host_is_silent(trials: dict[str, Future[Trial]], fault: Fault) -> None:
    trial = trials[fault.id].result()
    assert trial.met_fixed == "works", "the lab did not fix the host"
    assert trial.fixed.troubles == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_from_outside_the_files_say_the_same(trials: dict[str, Future[Trial]], fault: Fault) -> None:
    trial = trials[fault.id].result()
    assert trial.outside.fingerprints <= trial.inside.fingerprints
    if not fault.live:
        assert [f["fingerprint"] for f in trial.outside.roots[:1]] == [f["fingerprint"] for f in trial.inside.roots[:1]]


@pytest.mark.parametrize(
    "fault",
    [
        None,
        "realm-other-case",
        "queue-full",
        "daemon-not-running",
        "daemon-older-configuration",
        "host-name-unqualified",
    ],
)
def test_a_process_number_is_as_good_as_being_inside(lab: None, fault: str | None) -> None:
    with LabHost("bookworm", next((f for f in FAULTS if f.id == fault), None)) as host:
        host.probe()
        command = [sys.executable, "-m", "maildoctor", "check", "--format", "json", "--pid", str(host.pid)]
        beside = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60)
        by_pid, inside = Seen.of(Ran(beside.returncode, beside.stdout, beside.stderr)), check(host)
    assert [f["fingerprint"] for f in by_pid.roots] == [f["fingerprint"] for f in inside.roots]
    assert by_pid.fingerprints == inside.fingerprints
    assert by_pid.status == inside.status


def test_who_may_not_look_is_not_told_that_all_is_well(lab: None) -> None:
    with LabHost("bookworm") as host:
        nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
        seen = Seen.of(host.doctor("check", "--format", "json", before=nobody))
    dumb = [outcome for outcome in seen.report["outcomes"] if outcome["outcome"] == "not_judged"]
    assert dumb, "nobody can read sasldb and the key, yet all was judged"
    assert [outcome for outcome in dumb if not (outcome["reason"] and outcome["remedy"])] == []
    assert seen.status != 0


@pytest.mark.parametrize(
    "fault", ["root-group-writable", "etc-mail-group-writable", "plugin-world-writable", "mech-list-short"]
)
def test_what_fix_does_lets_users_log_in_and_undo_takes_it_back(lab: None, fault: str) -> None:
    with LabHost("bookworm", next(f for f in FAULTS if f.id == fault)) as host:
        recipe = (HERE / "sendmail.sh").read_text()
        # Debian's own would make its configuration anew at its first start
        host.must("rm /usr/sbin/service")
        (host.root / "usr/sbin/service").write_text(f"#!/bin/sh\nFQDN={NAME}\n{recipe}\nstop || :\nstart\n")
        host.must("chmod 755 /usr/sbin/service")
        assert str(host.probe()) != "works"
        broken = configuration(host)
        done = host.doctor("fix", "--apply", "--yes", "--restart")
        assert done.status == 0, done.out + done.err
        assert str(host.probe()) == "works"
        assert check(host).troubles == []
        assert configuration(host) != broken
        back = host.doctor("undo")
        assert back.status == 0, back.out + back.err
        assert "To take effect: service sendmail restart" in back.out
        assert configuration(host) == broken


BLANK = f"""
printf '127.0.0.1 localhost\\n127.0.1.1 {NAME} mail\\n198.51.100.9 client.lab.example\\n' > /etc/hosts
echo mail > /etc/hostname
# no name server in the lab: the hosts file knows every name that matters
: > /etc/resolv.conf
sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
: > /var/log/mail.log
: > /var/log/auth.log
useradd -m -s /bin/sh anna
printf '#!/bin/sh\\nexec python3 -m maildoctor "$@"\\n' > /usr/local/bin/maildoctor
chmod 755 /usr/local/bin/maildoctor
"""
"""What the installer of a system leaves, and the command itself."""


def guided(host: LabHost, *options: str) -> dict[str, Any]:
    ran = host.doctor("guide", "--json", *options)
    assert ran.status in (0, 1, 3), ran.out + ran.err
    read: dict[str, Any] = json.loads(ran.out)
    GUIDE.validate(read)
    return read


def followed(host: LabHost, key: str, *options: str) -> list[str]:
    """The steps that were done until the guide has no next one, by nothing but its commands: of `next` the next step
    only, of `way` all that can be done at once."""
    done: list[str] = []
    for _ in range(20):
        guide = guided(host, *options)
        if not guide["next"]:
            return done
        names = guide["way"] if key == "way" else [guide["next"]]
        for step in (s for s in guide["steps"] if s["name"] in names):
            assert step["commands"], f"{step['name']} is {step['state']}, and no command does it: {step['summary']}"
            done.append(step["name"])
            for command in step["commands"]:
                host.type_in(command["command"], "right-horse")
        assert done.count(done[-1]) < 3, f"never done: {step}"
    raise AssertionError(f"no end: {done}")


@pytest.mark.parametrize(("release", "key"), [("bookworm", "next"), ("postfix", "way")])
def test_whoever_does_nothing_but_what_the_guide_says_can_log_in(lab: None, release: str, key: str) -> None:
    """From a host on which nothing but the packages was installed."""
    pristine = release_root(release)[1]
    with LabHost(release, layers=(pristine,), start=False) as host:
        host.must(BLANK)
        assert "login" not in {s["name"] for s in guided(host)["steps"] if s["state"] == "done"}
        done = followed(host, key, "--user", "anna")
        assert len(done) == len(set(done)), f"once was not enough: {done}"
        guide = guided(host, "--user", "anna")
        assert {s["name"]: s["state"] for s in guide["steps"] if s["state"] != "done"} == {}
        client = guide["client"]
        settings = [str(client[name]) for name in ("port", "tls", "mechanism", "user")]

        def login(password: str) -> str:
            command = [*host.enter("-n"), sys.executable, "-m", "tests.lab.login", *settings, password]
            return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60).stdout[:3]

        assert (login("right-horse"), login("wrong-horse")) == ("235", "535")
    assert client["tls"] == "STARTTLS" and client["proof"]


def configuration(host: LabHost) -> dict[str, tuple[object, ...]]:
    """All that a repair may change, but for what the daemon itself writes: bytes, owners, modes, attributes, times."""
    return {"/": ((host.root / ".").stat().st_mode,)} | {
        path: look
        for top in ("etc", "usr/lib", "var/lib/sasl2")
        if (host.root / top).exists()
        for path, look in tree(host.root / top).items()
        if not path.endswith((".pid", "/etc/mtab"))
    }


def traced(host: LabHost, *words: str) -> tuple[Ran, list[str]]:
    """A run of the doctor, and the system calls that it and its children made."""
    trace = ("strace", "-f", "-qq", "-s", "4096", "-e", "trace=file,process,network", "-o", "/root/trace")
    ran = host.doctor(*words, before=trace)
    return ran, (host.root / "root/trace").read_text().splitlines()


def writing(calls: list[str]) -> list[str]:
    own = [call for call in calls if '"/dev/null"' not in call and '"/dev/tty"' not in call]
    return [call for call in own if WRITES.search(call)]


def test_a_plan_of_repair_only_reads(lab: None) -> None:
    with LabHost("bookworm", next(f for f in FAULTS if f.id == "etc-mail-group-writable")) as host:
        ran, calls = traced(host, "fix", "--yes", "--restart")
    assert (ran.status, "chmod g-w /etc/mail" in ran.out) == (1, True)
    assert writing(calls) == []


@pytest.mark.parametrize("fault", [None, "plugin-undefined-symbol"])
def test_a_check_only_reads(lab: None, fault: str | None) -> None:
    with LabHost("bookworm", next((f for f in FAULTS if f.id == fault), None)) as host:
        ran, calls = traced(host, "check", "-v")
        assert ran.status in (1, 3), ran.err  # nobody logged in on a quiet host
    assert writing(calls) == []
    met = [call for call in calls if re.search(r"\bconnect\(.*\bAF_INET6?\b", call)]
    assert met, "the ports of the host itself are asked"
    assert [call for call in met if not re.search(r'inet_addr\("127\.0\.0\.1"\)|"::1"', call)] == []
    # the first is the doctor itself; a search along PATH shows the misses too
    started = [call for call in calls if "execve(" in call and call.endswith("= 0")][1:]
    commands = [shlex.join(ast.literal_eval(argv)) for call in started for argv in re.findall(r'", (\[.*\]), ', call)]
    assert len(commands) == len(started)
    assert [command for command in commands if command not in ran.out] == []

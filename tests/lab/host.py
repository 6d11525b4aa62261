"""One running host of the lab."""

import contextlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect

from tests.lab.faults import Fault
from tests.lab.probe import Probe
from tests.lab.roots import HERE, PROJECT, RELEASES, LabError, doctor, release_root, work

NAME = "mail.lab.example"
SITE = ("/srv", "/mnt")
"""Where the doctor and what it needs stand inside, read-only: empty folders that every root has."""
DOCTOR = {"PYTHONPATH": ":".join(SITE), "PYTHONDONTWRITEBYTECODE": "1"}
"""What makes it run there; the interpreter's own writing of .pyc files is no business of the doctor."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str


class LabHost:
    """A context manager: the host is up inside `with`, and gone without a trace after it.

    `with LabHost("bookworm", fault) as host:` the fault is injected and the daemon was asked to start; with some faults
    it does not, which is no error of the lab.
    """

    def __init__(
        self,
        release: str,
        fault: Fault | None = None,
        *,
        layers: tuple[Path, ...] = (),
        start: bool = True,
        site: bool = True,
    ) -> None:
        self.release = RELEASES[release]
        self.fault = fault
        self._layers = layers or release_root(release)
        self._site = doctor(self.release.python) if site and self.release.python else ()
        self._start = start

    def __enter__(self) -> Self:
        scratch = work() / "run"
        scratch.mkdir(parents=True, exist_ok=True)
        binds = [f"{outside}={inside}" for outside, inside in zip(self._site, SITE, strict=False)]
        command = ["unshare", "-mpnuif", "--kill-child=KILL", "--", sys.executable, "-I", str(HERE / "init.py")]
        command += [str(scratch), ":".join(map(str, self._layers)), NAME, *binds]
        self._unshare = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._unshare.stdout
        if self._unshare.stdout.readline() != "ready\n":
            self.close()
            raise LabError("the lab host did not come up; its complaint is above")
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children").read_text()
        self.pid = int(children.split()[0])
        self.root = Path(f"/proc/{self.pid}/root")
        """The host's files, seen from outside."""
        self.layer = Path(f"/proc/{self._unshare.pid}/root") / scratch.relative_to("/") / "upper"
        try:
            self._bring_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _bring_up(self) -> None:
        if not self._start:
            return
        if self.fault:
            self.must(self.fault.inject)
        self.start()
        if self.fault and self.fault.late:
            self.must(self.fault.late)

    def close(self) -> None:
        """Ends the host, and with it every process in it and every mount."""
        for pipe in (self._unshare.stdin, self._unshare.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._unshare.wait(10)

    def enter(self, *flags: str) -> list[str]:
        """The words before a command that make it run inside."""
        return ["nsenter", "-t", str(self.pid), *flags, "--"]

    def run(self, *command: str, env: dict[str, str] | None = None, seconds: float = 60) -> Ran:
        """A program inside, as root, with nothing of our own environment."""
        given = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "TERM": "dumb", **(env or {})}
        # into files, not pipes: a daemon that keeps them open would keep us waiting
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            full = [*self.enter("-m", "-u", "-i", "-n", "-p", "-r", "-w"), *command]
            try:
                none = subprocess.DEVNULL
                done = subprocess.run(full, env=given, stdin=none, stdout=out, stderr=err, timeout=seconds)
            except subprocess.TimeoutExpired:
                raise LabError(f"{command[-1][-60:]!r} took more than {seconds:.0f} s") from None
            out.seek(0)
            err.seek(0)
            return Ran(done.returncode, out.read(), err.read())

    def type_in(self, command: str, password: str, seconds: float = 60) -> Ran:
        """A command at a terminal inside, as a person types it; who asks for a password gets this one."""
        inside = self.enter("-m", "-u", "-i", "-n", "-p", "-r", "-w")
        env = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "TERM": "dumb", **DOCTOR}
        said = ""
        # env(1) of the inside: nsenter itself is found by the PATH outside
        argv = [*inside[1:], "env", "-i", *(f"{name}={value}" for name, value in env.items()), "sh", "-c", command]
        with pexpect.spawn(inside[0], argv, encoding="utf-8", timeout=seconds, codec_errors="replace") as child:
            while child.expect([r"(?i)(?:password|again)[^\n]{0,60}: ?$", pexpect.EOF]) == 0:
                said += f"{child.before}{child.after}"
                child.waitnoecho(2)
                child.sendline(password)
            said += child.before or ""
            child.close()
            return Ran(child.exitstatus if child.exitstatus is not None else -1, said, "")

    def sh(self, text: str) -> Ran:
        """Shell text inside; it may call the functions of the recipe."""
        recipe = (HERE / self.release.recipe).read_text()
        return self.run("sh", "-c", f"{recipe}\n{text}\n", env={"FQDN": NAME})

    def must(self, text: str) -> str:
        """As `sh`, but what fails is an error of the lab."""
        done = self.sh(f"set -e\n{text}")
        if done.status:
            raise LabError(f"{self.fault.id if self.fault else 'healthy'}: {text!r} failed: {done.out}{done.err}")
        return done.out

    def start(self) -> Ran:
        """Asks the daemon to start and waits until it listens or is known not to."""
        return self.sh("start")

    def stop(self) -> None:
        """Ends the daemon."""
        self.must("stop")

    def repair(self) -> None:
        """Takes the fault away as an admin would, and restarts the daemon."""
        if self.fault:
            self.must(self.fault.repair)
        self.stop()
        self.start()

    def probe(self) -> Probe:
        """What a client meets."""
        command = [*self.enter("-n"), sys.executable, "-m", "tests.lab.probe", str(self.root)]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=90)
        if done.returncode:
            raise LabError(f"the probe failed: {done.stderr}")
        return Probe(tuple(done.stdout.splitlines()))

    def doctor(self, *words: str, before: tuple[str, ...] = ()) -> Ran:
        """maildoctor inside; `before` are words before the command, e.g. of setpriv or strace."""
        assert self._site, f"the Python of {self.release.suite} is too old for the doctor: judge from outside by --root"
        return self.run(*before, "python3", "-m", "maildoctor", *words, env=DOCTOR)

    def doctor_outside(self, *words: str) -> Ran:
        """maildoctor as it is installed beside this Python, told to look at the host's files."""
        command = [sys.executable, "-m", "maildoctor", *words, "--root", str(self.root)]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60)
        return Ran(done.returncode, done.stdout, done.stderr)

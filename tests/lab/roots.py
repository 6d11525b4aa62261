"""Root file systems of the lab: built once by mmdebstrap, configured once, then only read."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
TOOLS = {"mmdebstrap": "mmdebstrap", "ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"}
"""What must be installed here, and the package that has it. The mail servers themselves come into the roots."""

PARTS = ("maildoctor", "checks", "fixtures")
"""The folders that are the program."""
SHIPPED = ("bin", "docs")
"""What else is installed: the command and its manual."""

SASL = ("sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")
BASE = ("python3-minimal", "openssl", "netbase", "strace")
SENDMAIL = ("sendmail", "sendmail-bin", "sendmail-cf", "sensible-mda", "m4", "make", *SASL, *BASE)
POSTFIX = ("postfix", *SASL, *BASE)


class LabError(Exception):
    """The lab itself does not work; nothing is said about the program under test."""


@dataclass(frozen=True)
class Release:
    """One root file system: a Debian suite, what is installed in it, and the recipe that configures it."""

    suite: str
    packages: tuple[str, ...]
    recipe: str
    python: str
    """The version of its python3; empty where that is too old to run the doctor inside."""


RELEASES = {
    "bookworm": Release("bookworm", (*SENDMAIL, "python3"), "sendmail.sh", "3.11"),
    "trixie": Release("trixie", (*SENDMAIL, "python3"), "sendmail.sh", "3.13"),
    "bullseye": Release("bullseye", SENDMAIL, "sendmail.sh", ""),
    "postfix": Release("bookworm", (*POSTFIX, "python3"), "postfix.sh", "3.11"),
}


def work() -> Path:
    """Where all that is built stands."""
    return Path(os.environ.get("MAILDOCTOR_LAB", HERE / "work")).resolve()


def why_not() -> str:
    """Why the lab cannot run here; empty if it can."""
    if os.geteuid():
        return "the lab needs root: run `sudo make test`"
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if missing:
        return f"the lab needs more programs: run `apt-get install {' '.join(missing)}`"
    tried = subprocess.run(["unshare", "-mpnuif", "--mount-proc", "true"], capture_output=True, text=True)
    if tried.returncode:
        return f"the lab needs namespaces, run it where `unshare -mpnuif true` works: {tried.stderr.strip()}"
    return ""


def release_root(name: str) -> tuple[Path, Path]:
    """The healthy layer and the pristine root below it, built if they are not there yet."""
    release = RELEASES[name]
    root, healthy = work() / "roots" / name, work() / "healthy" / name
    with _locked(name):
        if not (root / "etc/debian_version").exists():
            _bootstrap(release, root)
        recipe = hashlib.sha256((HERE / release.recipe).read_bytes()).hexdigest()
        made = healthy.with_suffix(".recipe")
        if not made.exists() or made.read_text() != recipe:
            _configure(name, root, healthy)
            made.write_text(recipe)
    return healthy, root


def doctor(python: str) -> tuple[Path, Path]:
    """The project, and what it needs as that version of Python wants it: two folders for PYTHONPATH.

    Each is named after what went into it and never changed, so a host that has it mounted is not disturbed.
    """
    configuration = (PROJECT / "pyproject.toml").read_text()
    wanted: list[str] = tomllib.loads(configuration)["project"]["dependencies"]
    sources = [path for part in PARTS for path in sorted((PROJECT / part).rglob("*")) if path.is_file()]
    sources = [path for path in sources if path.suffix != ".pyc"]
    content = b"".join(str(path.relative_to(PROJECT)).encode() + path.read_bytes() for path in sources)
    with _locked("site"):
        needs = work() / "site" / f"needs-{python}-{_short(' '.join(wanted).encode())}"
        if not needs.exists():
            _pip(needs, "--only-binary=:all:", "--python-version", python, *wanted)
        project = work() / "site" / f"project-{_short(configuration.encode() + content)}"
        if not project.exists():
            with tempfile.TemporaryDirectory() as copy:
                # not in place: setuptools leaves a build/ behind, which brings deleted modules back
                for part in (*PARTS, *SHIPPED):
                    shutil.copytree(PROJECT / part, Path(copy, part), ignore=shutil.ignore_patterns("__pycache__"))
                for file in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
                    shutil.copy(PROJECT / file, copy)
                _pip(project, "--no-deps", copy)
    return project, needs


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _pip(target: Path, *what: str) -> None:
    part = target.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    _run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(part), *what])
    part.rename(target)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise LabError(f"{' '.join(command[:6])} … failed:\n{(done.stdout + done.stderr)[-3000:]}")


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Two test runs, or two threads of one, never build the same thing at the same time."""
    work().mkdir(parents=True, exist_ok=True)
    with open(work() / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _bootstrap(release: Release, root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    part = root.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    useless = [f"--dpkgopt=path-exclude=/usr/share/{d}/*" for d in ("man", "locale", "doc", "info")]
    _run([
        "mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(release.packages)}",
        "--dpkgopt=force-unsafe-io", *useless, "--aptopt=Acquire::Check-Valid-Until \"false\"",
        release.suite, str(part), f"deb {_mirror()} {release.suite} main",
    ])  # fmt: skip
    (part / "etc/apt/sources.list").write_text("")
    part.rename(root)


def _mirror() -> str:
    """The Debian mirror that this machine itself uses, else the public one (as on Ubuntu)."""
    debian = re.compile(r"https?://\S+/debian/?(?=\s|$)")
    apt = Path("/etc/apt")
    for source in (*sorted(apt.glob("sources.list.d/*.sources")), apt / "sources.list"):
        lines = source.read_text().splitlines() if source.exists() else []
        for line in lines:
            if line.startswith(("URIs:", "deb ")) and (found := debian.search(line)):
                return found[0]
    return "http://deb.debian.org/debian"


def _configure(name: str, root: Path, healthy: Path) -> None:
    from tests.lab.host import LabHost

    shutil.rmtree(healthy, ignore_errors=True)
    healthy.parent.mkdir(parents=True, exist_ok=True)
    with LabHost(name, layers=(root,), start=False, site=False) as host:
        host.must("configure")
        # by cp, since an overlay can have no upper layer on another overlay, and a container's disk is one
        _run(["cp", "-a", str(host.layer), str(healthy)])

"""The wheel: one top-level package, everything in it that a user needs, and it runs from where it lies."""

import email
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.version import Version

from maildoctor.library import NOT_LOADED
from maildoctor.triage import footprints, guessing, joined

ROOT = Path(__file__).parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "tests", "bench", "work", "*.pyc")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("wheel"),  # built once
    pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="needs a checkout"),
]


def _can_build_alone() -> bool:
    """Whether setuptools is here and new enough, so that pip need not fetch it."""
    try:
        return Version(version("setuptools")) >= Version("77")
    except PackageNotFoundError:
        return False


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout. Built from a copy: building leaves folders behind."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=LEFT_OUT)
    alone = ["--no-build-isolation"] if _can_build_alone() else []
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--disable-pip-version-check",
            *alone,
            "-w",
            str(folder / "dist"),
            str(folder / "source"),
        ],
        capture_output=True,
        text=True,
    )
    if built.returncode and not alone:
        pytest.skip("no setuptools of 77 or newer here, and pip could not fetch one: " + built.stderr[-200:])
    assert built.returncode == 0, built.stderr
    (made,) = (folder / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Every file in the wheel."""
    with zipfile.ZipFile(wheel) as file:
        return {n for n in file.namelist() if not n.endswith("/")}


def _files(folder: Path, *patterns: str) -> set[str]:
    return {
        p.relative_to(folder).as_posix()
        for pattern in patterns
        for p in folder.rglob(pattern)
        if "__pycache__" not in p.parts
    }


def test_it_has_one_top_level_package(names: set[str]) -> None:
    tops = {n.partition("/")[0] for n in names}
    assert {t for t in tops if not t.endswith((".dist-info", ".data"))} == {"maildoctor"}, (
        "a top-level `checks` or `tests` would be everybody's"
    )


def test_it_holds_every_module(names: set[str]) -> None:
    missing = {f"maildoctor/{n}" for n in _files(ROOT / "maildoctor", "*.py")} - names
    assert not missing, f"give the folders of these an __init__.py: {sorted(missing)}"


def test_it_holds_every_check_rule_and_the_ledger(names: set[str]) -> None:
    missing = {f"maildoctor/checks/{n}" for n in _files(ROOT / "checks", "*.py", "*.toml", "CODES")} - names
    assert "maildoctor/checks/CODES" in names
    assert not missing, f"add these to package-data of maildoctor.checks in pyproject.toml: {sorted(missing)}"


@pytest.mark.parametrize(
    "name",
    [
        "py.typed",
        "report.schema.json",
        "fleet.schema.json",
        "guide.schema.json",
        "fixtures/demo/host.toml",
        "cli/usage.txt",
        "completion/maildoctor",
        "render/pages/report.html.j2",
        "host/recorder.sh",
    ],
)
def test_it_holds_what_is_not_python(names: set[str], name: str) -> None:
    assert f"maildoctor/{name}" in names


def test_it_holds_nothing_else(names: set[str]) -> None:
    strays = {n for n in names if "__pycache__" in n or n.endswith((".pyc", ".orig", ".rej", "~")) or "/tests/" in n}
    assert not strays
    data = {n for n in names if n.startswith("maildoctor/fixtures/") and not n.startswith("maildoctor/fixtures/demo/")}
    assert data <= {"maildoctor/fixtures/__init__.py"}, "only the demo is for users"


def test_what_it_says_of_itself(wheel: Path, names: set[str]) -> None:
    from maildoctor import __version__

    (metadata,) = (n for n in names if n.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as file:
        said = email.message_from_bytes(file.read(metadata))
    assert (said["Name"], said["Version"]) == ("maildoctor", __version__)
    assert any(n.endswith("LICENSE") for n in names)


def test_it_brings_what_lies_outside_of_packages(names: set[str]) -> None:
    from maildoctor import __version__

    data = {n.removeprefix(f"maildoctor-{__version__}.data/") for n in names if ".data/" in n}
    assert data == {
        "scripts/maildoctor",
        "data/share/man/man1/maildoctor.1",
        "data/share/bash-completion/completions/maildoctor",
        "data/share/zsh/site-functions/_maildoctor",
        "data/share/fish/vendor_completions.d/maildoctor.fish",
    }


def test_the_command_imports_nothing_but_maildoctor(wheel: Path) -> None:
    """The wrapper that older releases of pip (23) write imports re, and starting takes 1.7 times as long as `pass`."""
    with zipfile.ZipFile(wheel) as file:
        (script,) = (file.read(n).decode() for n in file.namelist() if n.endswith(".data/scripts/maildoctor"))
    assert script.startswith("#!python\n"), "pip puts the Python it installs for in its place"
    assert re.findall(r"(?m)^\s*(?:from|import) (\S+)", script) == ["sys", "maildoctor.__main__"]


def _run(path: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """maildoctor from `path` alone: not from the folder the tests run in, nor from where it may be installed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAILDOCTOR_")}
    environment |= {"PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "maildoctor", *words], capture_output=True, text=True, cwd=cwd, env=environment
    )


def _codes(folder: Path) -> set[str]:
    lines = (folder / "CODES").read_text(encoding="utf-8").splitlines()
    rules = "".join(p.read_text(encoding="utf-8") for p in folder.glob("*/*.toml"))
    return {
        code
        for code, _, name in (line.partition(" ") for line in lines)
        if name not in ("retired", guessing.NAME, joined.NAME, footprints.NAME, NOT_LOADED[1])
        and f'"{code}"' not in rules
    }


def test_it_runs_straight_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    listed = _run(wheel, "list", cwd=tmp_path)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert _codes(ROOT / "checks") <= set(listed.stdout.split())


def test_it_runs_from_a_bare_checkout(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path / "clone", ignore=LEFT_OUT)
    listed = _run(tmp_path / "clone", "list", cwd=tmp_path)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert _codes(ROOT / "checks") <= set(listed.stdout.split())


def test_the_demo_runs_from_an_unpacked_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "site")
    shown = _run(tmp_path / "site", "demo", "--json", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert '"schema": "maildoctor/1"' in shown.stdout

"""maildoctor runs where things are missing that are usually there: docstrings, /proc, the environment, open files."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import maildoctor

HERE = str(Path(maildoctor.__file__).parent.parent)
RUN = "from maildoctor.__main__ import main; import sys; sys.exit(main(sys.argv[1:]))"


def ran(
    *words: str, python: Sequence[str] = (), environ: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """The command as a user calls it."""
    command = [*before, sys.executable, *python, "-c", RUN, *words]
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=HERE, timeout=120)


@pytest.fixture(scope="module")
def demo() -> str:
    """What the demo says where nothing is missing."""
    done = ran("demo")
    assert done.returncode == 0
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("python", [["-O"], ["-OO"]], ids=str)
def test_without_asserts_and_docstrings_the_same_is_said(python: Sequence[str], demo: str) -> None:
    python = [*python, "-B"]
    assert ran("demo", python=python).stdout == demo
    for words in (["list"], ["explain", "MECH002"], ["explain", "CONF002"]):
        plain, bare = ran(*words), ran(*words, python=python)
        assert (bare.stdout, bare.returncode) == (plain.stdout, plain.returncode)
        assert bare.stdout.strip() and not bare.stderr


def test_checks_of_a_folder_keep_their_words_without_docstrings(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from maildoctor.api import Evidence, Findings, check, found\n"
        "from maildoctor.api.host import Processes\n"
        '@check("MINE001", "mine", "info", rung="none", role="note",\n'
        'fails=[{"processes": "1 root 1 /x y"}], passes=[{"processes": ""}])\n'
        "def mine(processes: Processes) -> Findings:\n"
        '    """Something of mine runs.\n\n    It matters.\n\n    Advice: look at it.\n    """\n'
        "    yield from ()\n"
    )
    tmp_path.chmod(0o755)
    (tmp_path / "mine.py").chmod(0o644)
    done = ran("explain", "MINE001", "--checks", str(tmp_path), python=["-OO", "-B"])
    assert "Something of mine runs" in done.stdout and "look at it" in done.stdout


def test_with_an_empty_environment_the_same_is_said(demo: str) -> None:
    said = ran("demo", environ={}).stdout.splitlines()
    assert said[-1] == demo.splitlines()[-1], "the signs are others, in ASCII, what is said is not"
    done = ran("check", "--no-probe", "--json", environ={})
    assert done.returncode in (0, 1, 3) and not done.stderr and done.stdout.startswith("{")


@pytest.mark.parametrize("closed", ["0", "1", "2", "012"])
def test_with_closed_files_it_ends_by_its_own_status(closed: str) -> None:
    def close() -> None:
        for number in closed:
            os.close(int(number))

    command = [sys.executable, "-c", RUN, "check", "--no-probe", "--exit-zero", "--deadline", "60"]
    done = subprocess.run(command, stdin=None, capture_output=True, text=True, preexec_fn=close, cwd=HERE, timeout=120)
    assert done.returncode == (2 if "1" in closed else 0)
    assert "Traceback" not in done.stderr


def test_without_proc_nothing_breaks() -> None:
    hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    if os.geteuid():
        pytest.skip("only root can hide /proc")
    if subprocess.run([*hidden, "true"], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    done = ran("check", "--no-probe", "--deadline", "60", before=hidden)
    assert done.returncode in (1, 3), done.stderr
    assert "Traceback" not in done.stderr and "fault in maildoctor" not in done.stderr
    assert "broke" not in done.stdout

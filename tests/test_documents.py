"""Help, completion, the table of the README and the manual are what the parsers of the commands declare."""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maildoctor.__main__ import main
from maildoctor.cli.commands import COMMANDS
from maildoctor.cli.completion import FILES, SHELLS

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(not (ROOT / "release").is_dir(), reason="needs a checkout")

if (ROOT / "release").is_dir():
    from release import documents

PARSERS = documents.declared()
OPTIONS = {name: documents._options(parser) for name, parser in PARSERS.items()}


@pytest.mark.parametrize("path", documents.written(), ids=lambda path: path.name)
def test_each_is_what_is_declared(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == documents.written()[path], "run: python -m release.documents"


def _with_an_option(command: str) -> dict[str, argparse.ArgumentParser]:
    parsers = dict(documents.declared())
    parsers[command].add_argument("--moon", metavar="PHASE", help="how full the moon is")
    return parsers


@pytest.mark.parametrize("command", COMMANDS)
def test_a_new_option_is_told_everywhere(command: str) -> None:
    parsers = _with_an_option(command)
    said = documents.usage(parsers)
    assert "  --moon PHASE        how full the moon is\n" in said
    assert max(map(len, said.splitlines())) <= 80
    for shell in SHELLS:
        assert "moon" in documents.completion(parsers, shell), shell
    page = documents.manual(parsers, (ROOT / "docs" / "maildoctor.1").read_text(encoding="utf-8"))
    synopsis = page.partition(".Sh DESCRIPTION")[0]
    assert ".Op Fl -moon Ar PHASE\n" in synopsis.partition(f".Cm {command}")[2].partition(".Nm")[0]
    if command in ("check", "probe", "triage"):
        assert ".It Fl -moon Ar PHASE\nHow full the moon is.\n" in page


def test_an_option_that_is_gone_leaves_the_manual_and_all_else_stays() -> None:
    page = (ROOT / "docs" / "maildoctor.1").read_text(encoding="utf-8")
    reported = documents.manual(_with_an_option("check"), page)
    assert "-moon" in reported
    assert documents.manual(PARSERS, reported) == page


@pytest.mark.parametrize("renderer", [["mandoc", "-T", "lint", "-W", "warning"], ["groff", "-mandoc", "-ww", "-z"]])
def test_the_manual_is_well_formed(renderer: list[str]) -> None:
    if shutil.which(renderer[0]) is None:
        pytest.skip(f"no {renderer[0]}")
    done = subprocess.run([*renderer, ROOT / "docs" / "maildoctor.1"], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


# ---- completion


@pytest.mark.parametrize("words", [["--completion", "bash"], ["--completion=bash"]])
def test_it_prints_the_completion(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out == (ROOT / "maildoctor" / "completion" / FILES["bash"]).read_text()


@pytest.mark.parametrize("words", [["--completion"], ["--completion", "csh"], ["--completion", "bash", "zsh"]])
def test_what_is_no_shell_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and "bash, zsh, fish" in err


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_it(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    done = subprocess.run([shell, "-n", ROOT / "maildoctor" / "completion" / FILES[shell]], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def _completed(words: str, folder: Path) -> set[str]:
    """What bash offers for the last of these words."""
    script = f"""
        source {ROOT}/maildoctor/completion/maildoctor
        COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        $(complete -p maildoctor | sed 's/.*-F \\([^ ]*\\).*/\\1/') maildoctor "${{COMP_WORDS[-1]}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, cwd=folder, check=True)
    return {word.strip() for word in done.stdout.split()}


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "mail.log").touch()
    (tmp_path / "rootfs").mkdir()
    assert _completed("maildoctor ''", tmp_path) >= set(COMMANDS)
    assert _completed("maildoctor check --ro", tmp_path) == {"--root"}
    assert _completed("maildoctor probe --tls ''", tmp_path) == {"auto", "starttls", "implicit", "never"}
    assert _completed("maildoctor check --root ''", tmp_path) == {"rootfs"}
    assert "mail.log" in _completed("maildoctor triage mail", tmp_path)
    for command in COMMANDS:
        assert _completed(f"maildoctor {command} --", tmp_path) >= set(OPTIONS[command]), command


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
def test_fish_completes() -> None:
    script = f"source {ROOT}/maildoctor/completion/maildoctor.fish; complete -C 'maildoctor probe --tls-'"
    done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True)
    assert re.findall(r"--[\w-]+", done.stdout)[:1] == ["--tls-name"]


def test_no_command_imports_the_writer() -> None:
    code = (
        "import sys; from maildoctor.__main__ import main; main(['list', '--help']); sys.exit('shtab' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT).returncode == 0

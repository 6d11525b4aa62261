"""The command line: what is printed where, and the exit status. The engine is a stand-in here (tests/reports.py)."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Literal

import pexpect
import pytest

from maildoctor import __version__
from maildoctor.__main__ import main
from maildoctor.cli.commands import COMMANDS
from maildoctor.cli.status import Policy, status
from maildoctor.cli.usage import USAGE
from maildoctor.errors import DoctorError
from maildoctor.model import Report
from maildoctor.render import FORMATS
from tests.reports import BROKEN, CAUSE, ELSEWHERE, FAULTY, NOTE, PASSED, REPORTS, SYMPTOM, UNSEEN, report, stand_in

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DRIVER = """\
import os, sys
sys.path.insert(0, sys.argv.pop(1))
from tests.reports import REPORTS, stand_in
stand_in(REPORTS[os.environ["REPORT"]], slow=float(os.environ.get("SLOW", "0")))
from maildoctor.__main__ import main
sys.exit(main())
"""


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MAILDOCTOR_") or name in ("NO_COLOR", "COLUMNS", "GITHUB_STEP_SUMMARY"):
            monkeypatch.delenv(name)


class Bench:
    """Puts the stand-in engine in place for one test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def give(self, given: Report, error: BaseException | None = None) -> ModuleType:
        """The next examination gives this report, or raises `error`."""
        _forget()
        return stand_in(given, lambda name, module: self.monkeypatch.setitem(sys.modules, name, module), error=error)


def _forget() -> None:
    # These hold on to the engine they were imported with.
    for command in (*COMMANDS, "selection"):
        sys.modules.pop(f"maildoctor.cli.{command}", None)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    yield Bench(monkeypatch)
    _forget()


# ---- the first words


@pytest.mark.parametrize("words", [["--version"], ["-V"]])
def test_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr() == (f"maildoctor {__version__}\n", "")


@pytest.mark.parametrize("words", [["--help"], ["-h"]])
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr() == (USAGE, "")


def test_no_word_at_all_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr() == ("", USAGE)


def test_the_help_says_what_the_parsers_know(bench: Bench) -> None:
    bench.give(FAULTY)
    import importlib

    assert all(len(line) <= 80 for line in USAGE.splitlines())
    reported = set(re.findall(r"(?<![\w-])--?[a-zA-Z46][\w-]*", USAGE)) - {"-vv", "-V", "--version", "--completion"}
    known = {
        option
        for command in COMMANDS
        for action in importlib.import_module(f"maildoctor.cli.{command}").parser()._actions
        for option in action.option_strings
    }
    assert reported == known
    assert all(re.search(rf"\b{form}\b", USAGE.split("--format FORM")[1].split("\n  -o")[0]) for form in FORMATS)
    listed = USAGE.split("commands:\n")[1].split("\n\n")[0]
    assert re.findall(r"(?m)^  (\w+)", listed) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_of_its_own(bench: Bench, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    bench.give(FAULTY)
    assert main([command, "--help"]) == 0
    assert f"usage: maildoctor {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["chek"], "did you mean: maildoctor check"),
        (["LIST"], "did you mean: maildoctor list"),
        (["\x1b[2J"], "\\x1b[2J"),
        (["--json"], "say: maildoctor check --json"),
        (["check", "--jsn"], "see maildoctor check --help"),
        (["check", "--fail-on", "note"], "invalid choice"),
        (["check", "--root", "a", "--snapshot", "b"], "not allowed with"),
        (["check", "--select", "LINK01"], "did you mean LINK001"),
        (["check", "--ignore", "zzz"], "maildoctor list"),
        (["check", "-o", "xml:x"], "take one of text, json, junit"),
        (["check", "-o", "-"], "name a file"),
        (["check", "-o", "/dev/null"], "redirect stdout"),
        (["check", "-o", "/nowhere/at/all"], "mkdir -p /nowhere/at"),
        (["check", "--baseline", "/nowhere/at/all"], "cannot read the baseline"),
        (["explain", "LINK002"], "did you mean LINK001"),
        (["explain"], "the following arguments are required"),
    ],
)
def test_wrong_usage_says_what_where_and_remedy(
    bench: Bench, words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.give(FAULTY)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert hint in err
    assert re.fullmatch(r"maildoctor: .+\n  where: .+\n  what to do: .+\n", err)
    assert err.replace("\n", "").isprintable()


# ---- check


def _check(bench: Bench, capsys: pytest.CaptureFixture[str], given: Report, *words: str) -> tuple[int, str, str]:
    bench.give(given)
    code = main(["check", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_stdout_holds_the_report_and_nothing_else(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _check(bench, capsys, FAULTY)
    assert (code, err) == (1, "")
    assert out.startswith("maildoctor ")
    code, out, err = _check(bench, capsys, FAULTY, "--json")
    assert (code, err) == (1, "")
    assert json.loads(out)["schema"] == "maildoctor/1"


FailOn = Literal["error", "warning", "never"]


@pytest.mark.parametrize(
    ("given", "error", "warning", "never", "allowed"),
    [
        (report(), 0, 0, 0, 0),
        (FAULTY, 1, 1, 3, 1),
        (REPORTS["warned"], 0, 1, 0, 0),
        (report(NOTE), 0, 0, 0, 0),
        (report(outcomes=[PASSED, UNSEEN]), 3, 3, 3, 0),
        (report(SYMPTOM, outcomes=[PASSED, UNSEEN]), 3, 1, 3, 0),
        (report(CAUSE, outcomes=[UNSEEN]), 1, 1, 3, 1),
        (report(outcomes=[ELSEWHERE]), 3, 3, 3, 3),
        (report(outcomes=[]), 3, 3, 3, 3),
        (report(outcomes=[PASSED, BROKEN]), 2, 2, 2, 2),
        (report(CAUSE, outcomes=[BROKEN]), 1, 1, 2, 1),
    ],
)
def test_the_table_of_the_exit_status(given: Report, error: int, warning: int, never: int, allowed: int) -> None:
    assert status(given, Policy("error")) == error
    assert status(given, Policy("warning")) == warning
    assert status(given, Policy("never")) == never
    assert status(given, Policy("error", allow_unknown=True)) == allowed
    assert status(given, Policy(exit_zero=True)) == (2 if error == 2 else 0)


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "nagios"])
@pytest.mark.parametrize(
    ("words", "code"),
    [((), 1), (("--exit-zero",), 0), (("--fail-on", "never"), 3), (("--fail-on=never", "--allow-unknown"), 0)],
)
def test_the_status_is_the_same_in_every_format(
    bench: Bench, capsys: pytest.CaptureFixture[str], form: str, words: Sequence[str], code: int
) -> None:
    assert _check(bench, capsys, FAULTY, "--format", form, *words)[0] == code


def test_quiet_is_silent_when_clean(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert _check(bench, capsys, report(), "-q") == (0, "", "")
    assert _check(bench, capsys, FAULTY, "-q")[1].count("\n") == 1


def test_targets_selection_and_recording_reach_the_engine(bench: Bench, tmp_path: Path) -> None:
    engine = bench.give(FAULTY)
    record = str(tmp_path / "seen")
    words = ["check", "--root", "/srv/image", "--record", record, "--select", "LINK001,MECH002", "--select=link*"]
    assert main([*words, "--ignore", "MECH*", "--checks", "/a", "--checks", "/b"]) == 1
    host, selection = engine.asked
    assert type(host).__name__ == "Recording"
    assert host.saved == record
    assert host.given[0].given == ("/srv/image",)
    assert selection.select == ("LINK001", "MECH002", "link*")
    assert selection.ignore == ("MECH*",)
    assert list(engine.extra) == ["/a", "/b"]
    assert main(["check", "--snapshot", "/x"]) == 1
    assert type(engine.asked[0]).__name__ == "Replay"
    assert main(["check"]) == 1
    assert type(engine.asked[0]).__name__ == "Live"


# ---- the environment


def test_each_option_has_an_environment_variable(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = bench.give(FAULTY)
    for name, value in {
        "FORMAT": "json",
        "SELECT": "LINK001,MECH002",
        "SNAPSHOT": "/x",
        "EXIT_ZERO": "yes",
        "OUTPUT": f"text:{tmp_path}/a,json:{tmp_path}/b",
        "VERBOSE": "2",
        "ALLOW_UNKNOWN": "0",
        "QUIET": "",
    }.items():
        monkeypatch.setenv(f"MAILDOCTOR_{name}", value)
    assert main(["check"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert engine.asked[1].select == ("LINK001", "MECH002")
    assert type(engine.asked[0]).__name__ == "Replay"
    assert "expired-certificate" in (tmp_path / "a").read_text()
    assert json.loads((tmp_path / "b").read_text())


def test_the_option_wins_over_its_variable_and_its_rivals(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = bench.give(FAULTY)
    monkeypatch.setenv("MAILDOCTOR_FORMAT", "json")
    monkeypatch.setenv("MAILDOCTOR_SNAPSHOT", "/x")
    monkeypatch.setenv("MAILDOCTOR_SELECT", "MECH002")
    assert main(["check", "--format", "text", "--root", "/y", "--select", "LINK001"]) == 1
    assert capsys.readouterr().out.startswith("maildoctor")
    assert type(engine.asked[0]).__name__ == "Rooted"
    assert engine.asked[1].select == ("LINK001",)


@pytest.mark.parametrize(("name", "value"), [("FORMAT", "xml"), ("EXIT_ZERO", "perhaps"), ("VERBOSE", "very")])
def test_a_wrong_variable_is_named(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    bench.give(FAULTY)
    monkeypatch.setenv(f"MAILDOCTOR_{name}", value)
    assert main(["check"]) == 2
    assert f"where: the environment: MAILDOCTOR_{name}" in capsys.readouterr().err


# ---- files


def test_one_run_many_reports(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    a, b = tmp_path / "a.json", tmp_path / "b.txt"
    code, out, _ = _check(bench, capsys, FAULTY, "-o", f"json:{a}", "-o", str(b))
    assert code == 1
    assert out
    assert json.loads(a.read_text())["findings"]
    assert "[✗] LINK001" in b.read_text()
    assert stat.S_IMODE(a.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["a.json", "b.txt"]


def test_a_file_keeps_its_mode_and_a_failure_leaves_it_alone(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report"
    target.write_text("old")
    target.chmod(0o644)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _no_space)
        code, out, err = _check(bench, capsys, FAULTY, "-o", str(target))
    assert code == 2
    assert "LINK001" in out
    assert "No space left" in err
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["report"]
    assert _check(bench, capsys, FAULTY, "-o", str(target))[0] == 1
    assert "LINK001" in target.read_text()
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def _no_space(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_link_is_not_followed(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "report").symlink_to(tmp_path / "precious")
    assert _check(bench, capsys, FAULTY, "-o", str(tmp_path / "report"))[0] == 2
    assert (tmp_path / "precious").read_text() == "precious"


def test_baseline(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    seen = replace(FAULTY, outcomes=(PASSED,))
    assert _check(bench, capsys, seen, "-o", f"json:{base}")[0] == 1
    code, out, _ = _check(bench, capsys, seen, "--baseline", str(base))
    assert code == 0
    assert "2 known left out" in out
    assert CAUSE.message not in out
    new = report(replace(CAUSE, labels={"plugin": "other"}))
    code, out, _ = _check(bench, capsys, new, "--baseline", str(base))
    assert code == 1
    assert "new: LINK001" in out


def test_a_baseline_knows_undecodable_names_again(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    base = tmp_path / "base.json"
    assert _check(bench, capsys, REPORTS["hostile"], "-o", f"json:{base}")[0] == 1
    assert _check(bench, capsys, REPORTS["hostile"], "--baseline", str(base))[0] == 0


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"schema": 1}', '{"schema": "other/1", "findings": []}', '{"schema": "maildoctor/1"}'],
)
def test_a_baseline_that_is_none(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str) -> None:
    base = tmp_path / "base.json"
    base.write_text(text)
    code, _, err = _check(bench, capsys, FAULTY, "--baseline", str(base))
    assert code == 2
    assert str(base) in err


# ---- the other commands


def test_explain(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.give(FAULTY)
    assert main(["explain", "link001"]) == 0
    by_code = capsys.readouterr().out
    assert main(["explain", "unresolved-symbol"]) == 0
    assert capsys.readouterr().out == by_code
    for part in ("LINK001  unresolved-symbol", "why", "advice", "RFC 4954", "LINK001 libdigestmd5.so: no des_ecb"):
        assert part in by_code


def test_list(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.give(FAULTY)
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    title = "A SASL plugin wants a symbol that no library here has."
    assert re.search(rf"(?m)^LINK001  error    unresolved-symbol +{re.escape(title)}$", out), (
        "a row is a line, for grep"
    )
    assert out.index("mechanism\n") < out.index("LINK001"), "below its rung"
    assert main(["list", "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["checks"][0] == {
        "code": "LINK001",
        "severity": "error",
        "name": "unresolved-symbol",
        "title": title,
        "rung": "mechanism",
        "role": "cause",
        "direction": "server",
        "scope": ["mechanism"],
        "shows": [],
        "explains": ["MECH001"],
        "witnesses": ["LINK130"],
    }
    rules = [rule["code"] for rule in reported["rules"]]
    assert rules == sorted(rules)
    assert set(rules) <= {line.split()[0] for line in out.splitlines() if line}


def test_a_list_keeps_to_the_width_of_a_terminal() -> None:
    said = re.sub(r"\x1b\[[0-9;]*m", "", _on_terminal("faulty", "list"))
    assert max(len(line) for line in said.splitlines()) <= 80


def test_a_page_says_nothing_twice(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.give(FAULTY)
    assert main(["explain", "LINK001"]) == 0
    assert capsys.readouterr().out.count("advice") == 1


def test_demo_shows_a_fault_and_has_not_failed(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench.give(FAULTY)
    (tmp_path / "maildoctor").mkdir()
    (tmp_path / "fixtures" / "demo").mkdir(parents=True)
    monkeypatch.setattr("maildoctor.__file__", str(tmp_path / "maildoctor" / "__init__.py"))
    assert main(["demo", "-v"]) == 0
    out, err = capsys.readouterr()
    assert "LINK001" in out
    assert "recorded sample host, not this machine" in err
    assert main(["demo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)


# ---- what goes wrong


def test_errors_of_hosts_and_libraries_are_told_alike(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.give(FAULTY, error=DoctorError("no directory", "/x\x1b", "name one"))
    assert main(["check"]) == 2
    assert capsys.readouterr().err == "maildoctor: no directory\n  where: /x\\x1b\n  what to do: name one\n"


@pytest.mark.parametrize("debug", ["0", "1"])
def test_a_fault_of_ours_quotes_nothing(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, debug: str
) -> None:
    monkeypatch.setenv("MAILDOCTOR_DEBUG", debug)
    bench.give(FAULTY, error=ValueError("password=hunter2"))
    assert main(["check"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "hunter2" not in err
    assert "a fault in maildoctor itself: ValueError" in err
    assert "issue tracker" in err
    assert ("reports.py" in err.split("what to do")[1]) == (debug == "1")


def test_a_module_that_is_missing_is_named(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.give(FAULTY, error=ModuleNotFoundError("No module named 'psutil'", name="psutil"))
    assert main(["check"]) == 2
    assert "the Python module psutil is missing" in capsys.readouterr().err


def test_interrupted(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.give(FAULTY, error=KeyboardInterrupt())
    assert main(["check"]) == 130
    assert capsys.readouterr() == ("", "maildoctor: interrupted\n")


# ---- as a process


def _environment(name: str, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("LANG", "LANGUAGE") and not k.startswith("LC_")}
    return {**kept, "LC_ALL": "C.UTF-8", "TERM": "xterm", "REPORT": name, "PYTHONPATH": ROOT, **more}


def _words(*words: str) -> list[str]:
    return [sys.executable, "-c", DRIVER, ROOT, *words]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_who_goes_away_is_no_error(unbuffered: str) -> None:
    env = _environment("many", PYTHONUNBUFFERED=unbuffered)
    with subprocess.Popen(_words("check", "-v"), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["check"], ["check", "--json"]])
def test_a_full_disk_is_told(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            _words(*words), env=_environment("faulty"), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith("maildoctor: cannot write: No space left on device\n")
    assert done.stderr.count("\n") == 3


@pytest.mark.parametrize("words", [["check"], ["check", "--json"], ["list"], ["explain", "LINK001"], ["--version"]])
def test_a_closed_stdout_is_told(words: list[str]) -> None:
    command = ["sh", "-c", '"$@" >&-', "sh", *_words(*words)]
    done = subprocess.run(command, env=_environment("faulty"), stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("maildoctor: cannot write: it is closed\n")


@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
def test_a_demonstration_needs_no_stderr(where: str) -> None:
    command = ["sh", "-c", f'"$@" 2{where}', "sh", sys.executable, "-m", "maildoctor", "demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 cause" in done.stdout


def test_sigint_ends_without_a_traceback() -> None:
    with subprocess.Popen(
        _words("check"),
        env=_environment("faulty", SLOW="20"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, b"", b"maildoctor: interrupted\n")


def _on_terminal(name: str, *words: str, **more: str) -> str:
    child = pexpect.spawn(
        sys.executable,
        ["-c", DRIVER, ROOT, *words],
        env=_environment(name, **more),
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=20,
    )
    child.expect(pexpect.EOF)
    child.close()
    return child.before or ""


def test_a_terminal_of_80_columns() -> None:
    said = _on_terminal("faulty", "check")
    assert "\x1b[1;31m[✗] \x1b[0m" in said
    assert set(re.findall(r"\x1b[^m]*m", said)) == set(re.findall(r"\x1b\[[0-9;]*m", said))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", said).splitlines()
    assert max(len(line) for line in lines if not line.lstrip().startswith(("$", "undo"))) <= 80
    assert any(line.strip() == f"$ {CAUSE.fix[0].command}" for line in lines)


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"NO_COLOR": "1"}, {"MAILDOCTOR_COLOR": "never"}])
def test_a_terminal_without_colours(more: dict[str, str]) -> None:
    said = _on_terminal("faulty", "check", **more)
    assert "\x1b" not in said
    assert "LINK001" in said


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"LC_ALL": "C"}, {"LC_ALL": "", "LANG": "C"}])
def test_a_terminal_that_knows_ascii_only(more: dict[str, str]) -> None:
    said = _on_terminal("hostile", "check", **more)
    assert said.isascii()
    assert "[xx]" in said


def test_an_old_encoding(tmp_path: Path) -> None:
    env = _environment("hostile", PYTHONIOENCODING="latin-1")
    done = subprocess.run(_words("check"), env=env, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.isascii()


@pytest.mark.slow
def test_progress_shows_on_a_terminal_after_a_second_and_goes_away() -> None:
    slow = _on_terminal("faulty", "check", SLOW="1.6")
    assert "looking at /etc/mail\\x1b" in slow
    assert "\x1b[2J" not in slow
    after = slow[slow.rindex("looking at") :]
    assert re.search(r"\r +\r", after)
    assert "looking at" not in _on_terminal("faulty", "check", SLOW="0.3")
    assert "looking at" not in _on_terminal("faulty", "check", "-q", SLOW="1.2")


# ---- start-up

HEAVY = {"re", "argparse", "dataclasses", "typing", "json", "enum", "pathlib", "subprocess", "rich", "inspect"}


@pytest.mark.parametrize("words", [["--version"], ["--help"]])
def test_the_usual_questions_import_next_to_nothing(words: list[str]) -> None:
    code = f"from maildoctor.__main__ import main; main({words!r})"
    done = subprocess.run(
        [sys.executable, "-S", "-X", "importtime", "-c", code],
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "maildoctor.__main__" in imported
    assert not imported & HEAVY
    ours = {name for name in imported if name.startswith("maildoctor")}
    assert ours <= {
        "maildoctor",
        "maildoctor.__main__",
        "maildoctor.cli",
        "maildoctor.cli.stdout",
        "maildoctor.cli.usage",
    }


# ---- the papers


def test_the_manual_knows_every_option_and_every_exit_status(bench: Bench) -> None:
    with open(os.path.join(ROOT, "docs", "maildoctor.1"), encoding="utf-8") as file:
        manual = file.read()
    for option in set(re.findall(r"(?<![\w-])--([a-z][\w-]*)", USAGE)):
        assert re.search(rf"Fl (\w , )?-{option}\b", manual) or f", -{option} " in manual, option
    for form in FORMATS:
        assert f"\n.It Cm {form}\n" in manual
    for code in (0, 1, 2, 3, 130, 141):
        assert f"\n.It {code}\n" in manual

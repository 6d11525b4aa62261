"""Suppressions: a finding that somebody chose to live with does not count, and never makes a dead server green."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.__main__ import main
from maildoctor.cli import suppressions
from maildoctor.cli.suppressions import configured, suppressed
from maildoctor.errors import DoctorError
from maildoctor.model import Report, Verdict, VerdictCode
from tests.reports import CAUSE, FAULTY, HOSTILE, SYMPTOM, report
from tests.test_cli import Bench, bench

__all__ = ["bench"]

LINK = '[[suppress]]\ncode = "LINK001"\nreason = "nobody uses it"\nuntil = 2027-01-31\n'
MECH = '[[suppress]]\ncode = "advertised-*"\nreason = "ticket 7"\nuntil = "never"\n'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of suppressions in a folder that nobody else can write, as /etc is."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "maildoctor.toml"


def _run(bench: Bench, capsys: pytest.CaptureFixture[str], given: Report, *words: str) -> tuple[int, str, str]:
    bench.give(given)
    status = main(["check", *words])
    out, err = capsys.readouterr()
    return status, out, err


def _of(code: VerdictCode, shown: int = 0) -> Report:
    return replace(FAULTY, verdict=Verdict(code, shown, because=CAUSE.message, fails="mechanism"))


def test_what_is_suppressed_is_said_in_one_line(bench: Bench, capsys: pytest.CaptureFixture[str], config: Path) -> None:
    config.write_text(LINK + MECH)
    status, out, _ = _run(bench, capsys, _of("partly", 4), "--config", str(config))
    assert (status, "2 findings suppressed: -v shows them" in out) == (0, True)
    assert CAUSE.message not in out
    assert "Users can log in" in out
    _, out, _ = _run(bench, capsys, _of("partly", 4), "--config", str(config), "-v")
    assert f"LINK001 {CAUSE.message}" in out
    assert f"suppressed until 2027-01-31: nobody uses it ({config}:1)" in out
    assert f"suppressed for good: ticket 7 ({config}:5)" in out


def test_a_file_in_etc_is_obeyed_without_being_named(
    bench: Bench, capsys: pytest.CaptureFixture[str], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(LINK + MECH)
    _run(bench, capsys, FAULTY)
    monkeypatch.setattr(suppressions, "CONFIGURATION", str(config))
    assert _run(bench, capsys, FAULTY)[0] == 3  # nothing counts, and not all was judged
    monkeypatch.setattr(suppressions, "CONFIGURATION", str(config) + ".none")
    assert _run(bench, capsys, FAULTY)[0] == 1


@pytest.mark.parametrize(
    ("verdict", "words", "status"),
    [
        (_of("works", 4), (), 0),
        (_of("partly", 4), (), 0),
        (_of("partly"), (), 3),
        (_of("not_shown"), (), 3),
        (_of("broken"), (), 1),
        # no option but the ones that ask for it makes a dead server green
        (_of("broken"), ("--allow-unknown",), 1),
        (_of("broken"), ("--fail-on", "never"), 3),
        (_of("broken"), ("--exit-zero",), 0),
    ],
)
def test_the_exit_status_where_all_is_suppressed(
    bench: Bench,
    capsys: pytest.CaptureFixture[str],
    config: Path,
    verdict: Report,
    words: tuple[str, ...],
    status: int,
) -> None:
    config.write_text(LINK + MECH)
    found, out, _ = _run(bench, capsys, verdict, "--config", str(config), *words)
    assert found == status
    if verdict.verdict is not None and verdict.verdict.code == "broken":
        assert "Nobody can log in." in out
        assert "No other fault was found" in out


def test_every_form_has_it(bench: Bench, capsys: pytest.CaptureFixture[str], config: Path) -> None:
    config.write_text(LINK)

    def printed(form: str, code: VerdictCode = "partly") -> tuple[int, str]:
        return _run(bench, capsys, _of(code, 4), "--config", str(config), "--format", form)[:2]

    document = json.loads(printed("json")[1])
    assert [f["suppression"] and f["suppression"]["reason"] for f in document["findings"]] == ["nobody uses it", None]
    assert document["summary"]["errors"] == 0
    results = json.loads(printed("sarif")[1])["runs"][0]["results"]
    assert [len(r["suppressions"]) for r in results] == [1, 0]
    assert results[0]["suppressions"][0]["justification"] == "nobody uses it (until 2027-01-31)"
    case = printed("junit")[1].partition('name="LINK001')[2].partition("</testcase>")[0]
    assert "<skipped" in case
    assert "nobody uses it" in case
    assert "<failure" not in case
    assert "1 suppressed" in printed("github")[1]
    assert "maildoctor_findings_suppressed 1" in printed("prometheus")[1]
    assert 'code="LINK001",severity="error"} 0' in printed("prometheus")[1]
    assert printed("nagios")[0] == 1  # the warning is left
    config.write_text(LINK + MECH)
    assert printed("nagios")[0] == 0
    status, out = printed("nagios", "broken")
    assert (status, "SMTP AUTH CRITICAL - Nobody can log in." in out) == (2, True)


def test_what_is_over_comes_back_with_its_reason(
    bench: Bench, capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    config.write_text(LINK.replace("2027-01-31", "2026-11-21"))  # the report is of the 22nd
    status, out, _ = _run(bench, capsys, _of("partly", 4), "--config", str(config))
    assert (status, CAUSE.message in out) == (1, True)
    assert "was suppressed until 2026-11-21, which has passed: nobody uses it" in out
    config.write_text(LINK.replace("2027-01-31", "2026-11-22"))
    assert CAUSE.message not in _run(bench, capsys, _of("partly", 4), "--config", str(config))[1]


def test_one_that_is_about_nothing_is_said_on_demand(
    bench: Bench, capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    config.write_text('[[suppress]]\ncode = "TLS001"\nlabels = { port = "25" }\nreason = "old"\nuntil = "never"\n')
    assert "TLS001" not in _run(bench, capsys, _of("partly", 4), "--config", str(config))[1]
    out = _run(bench, capsys, _of("partly", 4), "--config", str(config), "-v")[1]
    assert f"suppression that is about no finding: TLS001 port=25 ({config}:1): old" in out


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        ('code = "LINK*"', True),
        ('code = "link001"', True),
        ('code = "unresolved-symbol"', True),
        ('code = "LINK002"', False),
        ('code = "*"\nlabels = { arch = "x86*" }', True),
        ('code = "*"\nlabels = { arch = "x86*", plugin = "libplain*" }', False),
        ('code = "*"\nlabels = { nothing = "?*" }', False),
        ('fingerprint = "LINK001:arch=x86_64,plugin=libdigestmd5.so"', True),
        ('fingerprint = "LINK001:*plain*"', False),
    ],
)
def test_what_an_entry_is_about(config: Path, entry: str, fits: bool) -> None:
    config.write_text(f'[[suppress]]\n{entry}\nreason = "r"\nuntil = "never"\n')
    found = suppressed(report(CAUSE), configured(str(config)))
    assert (len(found.suppressed), len(found.unused_suppressions)) == ((1, 0) if fits else (0, 1))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (LINK.replace("reason", "resaon"), 3, "unknown key 'resaon'"),
        (LINK + MECH.replace("until", "untill"), 8, "unknown key 'untill'"),
        (MECH + LINK.replace('reason = "nobody uses it"\n', ""), 5, "gives no reason"),
        (MECH + LINK.replace("until = 2027-01-31\n", ""), 5, "until when"),
        (LINK.replace("2027-01-31", '"soon"'), 1, "until is no day"),
        (LINK.replace("2027-01-31", "2027"), 1, "until is no day"),
        (LINK.replace("code", "labels"), 1, "labels is written as"),
        ('[[suppress]]\nreason = "r"\nuntil = "never"\n', 1, "neither code nor fingerprint"),
        ("# mine\nformat = 'json'\n", 2, "unknown key 'format'"),
        ("\n[[supress]]\n", 2, "unknown key 'supress'"),
        ("suppress = 3\n", 1, "below a line [[suppress]]"),
        ("[[suppress]]\ncode = \n", 2, "no TOML"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(config: Path, text: str, line: int, what: str) -> None:
    config.write_text(text)
    with pytest.raises(DoctorError) as raised:
        configured(str(config))
    assert what in raised.value.what
    assert raised.value.where == f"{config}:{line}"


def test_a_file_that_others_could_change_is_not_obeyed(config: Path) -> None:
    config.write_text(LINK)
    config.chmod(0o666)
    with pytest.raises(DoctorError, match="others can write it"):
        configured(str(config))
    config.chmod(0o644)
    config.parent.chmod(0o777)
    with pytest.raises(DoctorError, match="others can write it"):
        configured(str(config))
    config.parent.chmod(0o755)
    (config.parent / "link.toml").symlink_to(config)
    with pytest.raises(DoctorError, match="symbolic link"):
        configured(str(config.parent / "link.toml"))
    os.mkfifo(config.parent / "fifo.toml")
    with pytest.raises(DoctorError, match="FIFO"):
        configured(str(config.parent / "fifo.toml"))
    with pytest.raises(DoctorError, match="no such file"):
        configured(str(config.parent / "none.toml"))


def test_a_host_whose_etc_others_can_write_is_examined_all_the_same(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("maildoctor.cli.suppressions.CONFIGURATION", str(config))
    config.parent.chmod(0o777)
    assert configured(None) == ()
    assert capsys.readouterr().err == ""
    config.write_text(LINK)
    assert configured(None) == ()
    assert "nothing is suppressed: a configuration is not obeyed where others can write it" in capsys.readouterr().err
    config.parent.chmod(0o755)
    config.chmod(0o644)
    assert len(configured(None)) == 1


def test_one_that_is_in_force_goes_before_one_that_is_over(config: Path) -> None:
    config.write_text(LINK.replace("2027-01-31", "2020-01-01") + LINK)
    found = suppressed(report(CAUSE), configured(str(config)))
    assert found.ranked[0].suppressed
    assert found.unused_suppressions == ()


def test_a_finding_with_undecodable_labels_can_be_suppressed(config: Path) -> None:
    config.write_text('[[suppress]]\nfingerprint = "SASL009:user=*xe9*"\nreason = "r"\nuntil = "never"\n')
    found = suppressed(report(HOSTILE, SYMPTOM), configured(str(config)))
    assert [r.suppressed for r in found.ranked] == [True, False]


@given(st.binary(max_size=300))
def test_any_bytes_give_entries_or_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(b"[[suppress]]\n" + data)
    try:
        configured(str(path))
    except DoctorError as error:
        assert error.where.startswith(str(path))


def test_a_report_keeps_its_suppressions(bench: Bench, capsys: pytest.CaptureFixture[str], config: Path) -> None:
    config.write_text(LINK + MECH)
    kept = config.parent / "report.json"
    _run(bench, capsys, _of("broken"), "--config", str(config), "-o", f"json:{kept}")
    assert main(["report", "render", str(kept)]) == 1
    assert "2 findings suppressed" in capsys.readouterr().out

"""`check --since`: what came, what went, and that cron hears nothing where nothing changed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maildoctor.__main__ import main
from maildoctor.cli.since import compared
from maildoctor.cli.stored import Stored
from maildoctor.model import Candidate, Finding, Outcome, Report, Verdict, VerdictCode
from maildoctor.render import rendered
from maildoctor.render.style import Style
from tests.reports import CAUSE, DEBIAN, FAILED, FAULTY, NOTE, PASSED, SYMPTOM, UNSEEN, report
from tests.test_cli import Bench, bench

__all__ = ["bench"]

WORKS = Verdict("works", 3)
OTHER = replace(CAUSE, code="PERM004", message="/etc/sasldb2 is world-readable", labels={"path": "/etc/sasldb2"})
LOOKED = (PASSED, FAILED, Outcome("MECH002", "advertised-without-secret", "pass"), Outcome("PERM004", "p", "pass"))


def _of(*findings: Finding, **more: Any) -> Report:
    return report(*findings, **{"outcomes": LOOKED, "verdict": WORKS, **more})


def _run(bench: Bench, capsys: pytest.CaptureFixture[str], given: Report, *words: str) -> tuple[int, str, str]:
    bench.give(given)
    status = main(["check", *words])
    out, err = capsys.readouterr()
    return status, out, err


def _kept(bench: Bench, capsys: pytest.CaptureFixture[str], path: Path, given: Report) -> Path:
    _run(bench, capsys, given, "-o", f"json:{path}")
    return path


def test_one_line_does_for_cron(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ("--since", str(tmp_path / "last.json"), "-o", f"json:{tmp_path / 'last.json'}")
    status, out, _ = _run(bench, capsys, _of(CAUSE), *words)
    assert (status, "new: LINK001" in out) == (1, True)
    # nothing changed: not a byte, and the status that the report deserves all the same
    assert _run(bench, capsys, _of(CAUSE), *words) == (1, "", "")
    assert _run(bench, capsys, _of(CAUSE), *words, "-v") == (1, "", "")
    status, out, _ = _run(bench, capsys, _of(CAUSE, OTHER), *words)
    assert "new: PERM004" in out
    assert CAUSE.message not in out
    assert "1 new, 0 gone" in out
    status, out, _ = _run(bench, capsys, _of(OTHER), *words)
    assert (status, f"gone: LINK001 {CAUSE.message}" in out, "PERM004" in out) == (1, True, False)
    assert "0 new, 1 gone" in out
    assert _run(bench, capsys, _of(OTHER), *words)[1] == ""
    assert _run(bench, capsys, _of(), *words)[0] == 0


def test_what_could_not_be_judged_is_not_gone(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    last = _kept(bench, capsys, tmp_path / "last.json", _of(CAUSE))
    unseen = replace(UNSEEN, code="LINK001")
    _, out, _ = _run(bench, capsys, _of(outcomes=(PASSED, unseen)), "--since", str(last))
    assert "cannot tell whether it is gone, for it was not judged: LINK001" in out
    assert "0 gone, 1 not judged this time" in out


def test_a_check_that_was_not_asked_for_says_nothing(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    last = _kept(bench, capsys, tmp_path / "last.json", _of(CAUSE))
    selected = _of(OTHER, outcomes=(PASSED,), verdict=None)
    _, out, _ = _run(bench, capsys, selected, "--since", str(last), "--json")
    assert json.loads(out)["since"]["went"] == []
    assert any("--select" in remark for remark in json.loads(out)["since"]["remarks"])


def test_notes_alone_are_no_news(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    last = _kept(bench, capsys, tmp_path / "last.json", _of())
    assert _run(bench, capsys, _of(NOTE), "--since", str(last)) == (0, "", "")
    _, out, _ = _run(bench, capsys, _of(NOTE, SYMPTOM), "--since", str(last))
    assert NOTE.message in out


def test_what_grew_worse_and_another_verdict_are_news(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    last = _kept(bench, capsys, tmp_path / "last.json", _of(replace(CAUSE, severity="warning")))
    assert "new: LINK001" in _run(bench, capsys, _of(CAUSE), "--since", str(last))[1]
    milder = _of(replace(CAUSE, severity="info"))
    assert _run(bench, capsys, milder, "--since", str(last))[1] == ""
    down = _of(replace(CAUSE, severity="warning"), verdict=Verdict("broken", because="x"))
    assert "the verdict was works" in _run(bench, capsys, down, "--since", str(last))[1]


@pytest.mark.parametrize("codes", [("works", "not_shown"), ("not_shown", "works")])
def test_a_log_that_was_rotated_is_no_news(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path, codes: tuple[VerdictCode, VerdictCode]
) -> None:
    last = _kept(bench, capsys, tmp_path / "last.json", _of(verdict=Verdict(codes[0], 1)))
    status, out, _ = _run(bench, capsys, _of(verdict=Verdict(codes[1], 1)), "--since", str(last))
    assert (status, out) == (0 if codes[1] == "works" else 3, "")


def test_other_forms_are_whole(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    last = _kept(bench, capsys, tmp_path / "last.json", _of(CAUSE, NOTE))
    now = _of(NOTE, OTHER)

    def printed(form: str) -> str:
        return _run(bench, capsys, now, "--since", str(last), "--format", form)[1]

    since = json.loads(printed("json"))["since"]
    assert since["came"] == [OTHER.fingerprint]
    assert [(g["fingerprint"], g["judged"]) for g in since["went"]] == [(CAUSE.fingerprint, True)]
    results = json.loads(printed("sarif"))["runs"][0]["results"]
    assert [(r["ruleId"], r["baselineState"]) for r in results] == [
        ("CONF003", "unchanged"),
        ("PERM004", "new"),
        ("LINK001", "absent"),
    ]
    assert "came=1;;;0 went=1;;;0" in printed("nagios")
    assert 'maildoctor_findings_changed{change="went"} 1' in printed("prometheus")
    assert "1 new, 1 gone" in printed("github")
    assert "gone: LINK001" in printed("junit")
    assert printed("json") == _run(bench, capsys, now, "--since", str(last), "--format", "json")[1]
    # where nothing changed, a program is given its whole document all the same
    same = _run(bench, capsys, _of(CAUSE, NOTE), "--since", str(last), "--json")[1]
    assert json.loads(same)["since"]["came"] == []


def test_a_report_of_another_host_is_refused(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    other = replace(_of(), target=replace(DEBIAN, name="other.example.com"))
    last = _kept(bench, capsys, tmp_path / "last.json", other)
    status, out, err = _run(bench, capsys, _of(), "--since", str(last))
    assert (status, out) == (2, "")
    assert "host other.example.com" in err
    assert "host mail.example.test" in err


def test_a_candidate_is_not_compared_with_what_is_installed(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new = Candidate("new.cf", "/etc/mail/sendmail.cf", "root root 0644", replaces=True, used=True)
    judged = replace(_of(), target=replace(DEBIAN, candidates=(new,)))
    last = _kept(bench, capsys, tmp_path / "last.json", judged)
    status, _, err = _run(bench, capsys, _of(), "--since", str(last))
    assert (status, "the report of a candidate for host mail.example.test" in err) == (2, True)


def test_another_version_is_said(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    last = _kept(bench, capsys, tmp_path / "last.json", _of())
    document = json.loads(last.read_text())
    document["tool"]["version"] = "0.0.7"
    last.write_text(json.dumps(document))
    assert "by maildoctor 0.0.7" in _run(bench, capsys, _of(CAUSE), "--since", str(last))[1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "other/1"}', '{"schema": "maildoctor/1"}', "[" * 100_000])
def test_what_is_no_report_is_refused_before_anything_is_written(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    last = tmp_path / "last.json"
    last.write_text(text)
    status, out, err = _run(bench, capsys, FAULTY, "--since", str(last), "-o", f"json:{last}")
    assert (status, out) == (2, "")
    assert str(last) in err
    assert last.read_text() == text


def test_a_truncated_report_and_none(bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    last = _kept(bench, capsys, tmp_path / "last.json", FAULTY)
    last.write_bytes(last.read_bytes()[:1000])
    assert _run(bench, capsys, FAULTY, "--since", str(last))[0] == 2
    status, _, err = _run(bench, capsys, FAULTY, "--since", str(tmp_path / "none.json"))
    assert (status, "cannot read the report" in err) == (2, True)


def test_what_is_suppressed_is_no_news_until_it_is_over(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "suppress.toml"
    config.write_text('[[suppress]]\ncode = "LINK001"\nreason = "known"\nuntil = 2026-11-25\n')
    words = ("--config", str(config), "--since", str(tmp_path / "last.json"), "-o", f"json:{tmp_path / 'last.json'}")
    _run(bench, capsys, _of(), *words)
    # it comes, and it is known already
    assert _run(bench, capsys, _of(CAUSE), *words) == (0, "", "")
    later = replace(_of(CAUSE), started="2026-11-26T06:00:00Z")
    status, out, _ = _run(bench, capsys, later, *words)
    assert (status, "new: LINK001" in out) == (1, True)
    assert "was suppressed until 2026-11-25, which has passed: known" in out
    assert _run(bench, capsys, later, *words) == (1, "", "")
    # who suppresses it again has not made it go
    config.write_text('[[suppress]]\ncode = "LINK001"\nreason = "known"\nuntil = "never"\n')
    assert _run(bench, capsys, later, *words) == (0, "", "")


def test_since_and_baseline_are_two_things(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = _run(bench, capsys, FAULTY, "--since", "a", "--baseline", "b")
    assert (status, "not allowed with" in err) == (2, True)


def test_hostile_words_of_the_earlier_report_are_escaped() -> None:
    evil = replace(CAUSE, message="gone \x1b[2J\nall is well")
    text = rendered(compared(_of(), Stored(_of(evil), "0.1\x1b"), "last.json"), "text", Style())
    assert "\x1b" not in text
    assert "\nall is well" not in text

"""Recorded hosts: every folder below fixtures/ with a `host.toml` gives the roots that its `expected.txt` holds."""

import tomllib
from pathlib import Path

import pytest

from maildoctor.engine import Selection, examine
from maildoctor.host.recording import Replay
from maildoctor.library import load_library
from maildoctor.model import Report
from maildoctor.render import json as as_json
from maildoctor.render import text as as_text
from maildoctor.render.style import Style

FIXTURES = Path(__file__).parent.parent / "fixtures"
HOSTS = sorted(p.parent for p in FIXTURES.rglob("host.toml"))
every_host = pytest.mark.parametrize("folder", HOSTS, ids=lambda p: p.relative_to(FIXTURES).as_posix())


def diagnosis(folder: Path) -> Report:
    """What is said of a recorded host."""
    return examine(Replay(str(folder)), load_library(), Selection())


def roots(report: Report) -> list[str]:
    """`severity CODE fingerprint`, the first cause first: what stands in expected.txt."""
    return [f"{r.finding.severity} {r.finding.code} {r.finding.fingerprint}" for r in report.roots]


def test_there_are_recorded_hosts() -> None:
    assert HOSTS, "fixtures/ holds no host.toml: record one with `maildoctor check --record fixtures/NAME`"
    assert FIXTURES / "demo" in HOSTS, "fixtures/demo is what `maildoctor demo` shows: record it"


@pytest.mark.slow
@every_host
def test_a_recorded_host_has_the_causes_that_are_expected(folder: Path) -> None:
    found = roots(diagnosis(folder))
    expected = folder / "expected.txt"
    if not expected.is_file():
        pytest.fail(f"{expected} is missing; if this is the right diagnosis, it holds:\n" + "\n".join(found))
    lines = expected.read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith("#")]
    assert all(len(line.split(" ", 2)) == 3 for line in wanted), "expected.txt holds lines 'severity CODE fingerprint'"
    assert found == wanted


@pytest.mark.slow
@every_host
def test_no_check_breaks_on_a_recorded_host(folder: Path) -> None:
    report = diagnosis(folder)
    assert [(o.code, o.reason) for o in report.outcomes if o.outcome == "broke"] == []
    unseen = {o.code: o.reason for o in report.outcomes if "maildoctor failed to look" in o.reason}
    assert unseen == {}


@pytest.mark.slow
@every_host
def test_a_replay_says_the_same_each_time(folder: Path) -> None:
    report = diagnosis(folder)
    assert as_json.render(report) == as_json.render(diagnosis(folder))
    for f in (r.finding for r in report.roots):
        assert f.code in as_text.render(report, Style())


@every_host
def test_a_recording_holds_no_secret(folder: Path) -> None:
    """A fixture is published: it must come through the door, which strikes secrets out."""
    text = (folder / "host.toml").read_text(encoding="utf-8")
    assert "PRIVATE KEY" not in text
    said = tomllib.loads(text)
    for path, words in said.get("read", {}).items():
        if isinstance(words, str):
            for line in words.splitlines():
                name, mark, value = line.partition(":")
                if (
                    mark
                    and any(word in name.lower() for word in ("passwd", "_pw", "password", "secret"))
                    and path.endswith(".conf")
                    and path != "/etc/nsswitch.conf"
                ):
                    assert value.strip() in ("", "***"), f"{path}: {name}"
    for subject, words in said.get("map", {}).items():
        if isinstance(words, str):
            for field in (f for line in words.splitlines() for f in line.split('"')):
                assert not field.startswith(("P:", "P=")) or field[2:] in ("", "***", "<secret>"), subject

"""`maildoctor report fleet`: what many hosts' reports come to, and what is said of reports that cannot be used."""

import json
import os
import pickle
import random
import re
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

import maildoctor
from maildoctor.__main__ import main
from maildoctor.cli.status import Policy, status
from maildoctor.fleet import FORMATS, rendered
from maildoctor.fleet.summary import Gathering
from maildoctor.model import Logins, Product, Ranked, Report, Route, RouteRung, Target, Verdict
from maildoctor.render import json as as_json
from maildoctor.render.style import Style
from tests.reports import CAUSE, HOSTILE, report

SCHEMA = json.loads((Path(maildoctor.__file__).parent / "fleet.schema.json").read_text())
WELL = replace(report(), verdict=Verdict("works", 3), logins=Logins(3, 0))
ILL = replace(report(CAUSE), verdict=Verdict("broken"))


def of(host: str, like: Report = WELL, **changed: Any) -> Report:
    sasl = changed.pop("sasl", "2.1.28")
    target = Target("host", host, (Product("sendmail", "8.17.1.9"),), (Product("cyrus-sasl", sasl),))
    return replace(like, target=target, **changed)


def put(folder: Path, *reports: Report) -> None:
    for number, one in enumerate(reports):
        (folder / f"{number:03}.json").write_text(as_json.render(one))


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["report", "fleet", *words])
    return code, capsys.readouterr().out


def test_the_host_that_nobody_can_log_in_on_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, of("a.example.com"), of("b.example.com", ILL), of("c.example.com"))
    code, text = said(capsys, str(tmp_path), "--ascii")
    assert code == 1
    assert re.search(r"b\.example\.com +Nobody can log in\. " + CAUSE.code, text)
    assert f"1 host  [xx] {CAUSE.code} {CAUSE.name}: b.example.com" in text
    assert "3 hosts: users can log in on 2, nobody can log in on 1." in text
    assert "a.example.com" not in text
    assert "a.example.com" in said(capsys, str(tmp_path), "-v")[1]


def test_a_fleet_that_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, of("a.example.com"), of("b.example.com"))
    assert said(capsys, str(tmp_path))[0] == 0
    assert said(capsys, str(tmp_path), "-q") == (0, "")


def test_the_one_host_with_another_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, *(of(f"m{n}.example.com") for n in range(39)), of("odd.example.com", sasl="2.1.26"))
    text = said(capsys, str(tmp_path))[1]
    assert "cyrus-sasl: 2.1.28 on 39" in text
    assert "2.1.26 on odd.example.com" in text
    assert "sendmail: " not in text


def test_what_cannot_be_used_is_said_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, of("a.example.com"), of("b.example.com"))
    (tmp_path / "cut.json").write_text(as_json.render(WELL)[:500])
    (tmp_path / "other.json").write_text('{"schema": "another/1"}')
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    code, text = said(capsys, str(tmp_path), str(tmp_path / "missing.json"))
    assert code == 3
    for name in ("cut", "other", "empty", "deep", "missing"):
        assert re.search(rf"{name}\.json: (this is no|cannot read)", text), name
    assert "2 hosts: users can log in on 2. 5 reports are left out or missing." in text


def test_of_two_reports_of_one_host_the_newer_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = of("a.example.com", ILL, started="2026-11-22T06:00:00Z")
    new = of("a.example.com", started="2026-11-22T07:00:00+00:30")
    for order in ((old, new), (new, old)):
        put(tmp_path, *order)
        code, text = said(capsys, str(tmp_path))
        assert (code, "is a newer report of a.example.com" in text) == (3, True)
        assert "1 host: users can log in on 1." in text
        assert CAUSE.code not in text


def test_a_cause_is_as_severe_as_in_the_reports_that_count() -> None:
    older = of("a.example.com", report(CAUSE), started="2026-11-22T06:00:00Z")
    newer = of(
        "a.example.com",
        report(replace(CAUSE, severity="warning", message="not so bad")),
        started="2026-11-22T07:00:00Z",
    )
    for order in ((older, newer), (newer, older)):
        (cause,) = _gathered(order).fleet().causes
        assert (cause.severity, cause.message) == ("warning", "not so bad")


def test_what_a_host_says_at_length_is_not_kept() -> None:
    gathering = Gathering()
    tracemalloc.start()
    try:
        for number in range(40):
            long = replace(CAUSE, code=f"X{number}", message="m" * 100_000, name="n" * 100_000, advice="a" * 100_000)
            gathering.take(of(f"m{number}.example.com", report(long)), 1, f"{number}.json")
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


def test_hosts_that_must_have_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, of("a.example.com"), of("stranger.example.com"))
    expected = tmp_path / "hosts"
    expected.write_text("a.example.com\n# all of them\nb.example.com  # at the other site\n")
    code, text = said(capsys, str(tmp_path), "--expect", str(expected))
    assert code == 3
    assert "b.example.com: there is no report of this host" in text
    assert "a report of stranger.example.com, which is not among the hosts that were named" in text
    assert main(["report", "fleet", str(tmp_path), "--expect", str(tmp_path / "none")]) == 2
    assert "cannot read the list of hosts" in capsys.readouterr().err


BROKEN = RouteRung("verifier", "broken", "saslauthd does not run")
WAYS = (Route("sendmail", "0.0.0.0:587", (RouteRung("listener", "holds"), BROKEN)),)


@pytest.mark.parametrize(
    ("lie", "said_of_it"),
    [
        (of("a.example.com", verdict=Verdict("works", 0)), "and holds no login"),
        (of("a.example.com", logins=None), "and holds no login"),
        (of("a.example.com", verdict=Verdict("works", 2**62)), "and holds fewer logins than it says"),
        (of("a.example.com", routes=WAYS), "and has the verifier broken"),
        (of("a.example.com", verdict=Verdict("ready"), routes=WAYS), "and has the verifier broken"),
    ],
    ids=["no login", "none in it", "more than in it", "a rung is broken", "files"],
)
def test_a_verdict_is_not_better_than_its_report(
    lie: Report, said_of_it: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, lie)
    code, text = said(capsys, str(tmp_path))
    assert code == 3
    assert said_of_it in " ".join(text.split())
    assert "users can log in on" not in text and "the files are ready on" not in text


def test_a_report_from_the_future_replaces_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So that no host can cover what another has by a report under its name."""
    true = of("a.example.com", ILL, started="2026-11-22T06:00:00Z")
    lie = of("a.example.com", started="9999-12-31T23:59:59Z")
    for order in ((true, lie), (lie, true)):
        put(tmp_path, *order)
        code, text = said(capsys, str(tmp_path))
        assert code == 1
        assert "a.example.com  Nobody can log in" in text
        assert "made on 9999-12-31T23:59:59Z, which is to come" in text


def test_the_one_host_with_another_maildoctor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, *(of(f"m{n}.example.com") for n in range(4)))
    old = json.loads(as_json.render(of("old.example.com"))) | {"tool": {"name": "maildoctor", "version": "0.0.9"}}
    (tmp_path / "old.json").write_text(json.dumps(old | {"what_is_new": {"in": "it"}}))
    newer = old | {"schema": "maildoctor/2"}
    (tmp_path / "newer.json").write_text(json.dumps(newer))
    code, text = said(capsys, str(tmp_path))
    assert code == 3
    assert f"maildoctor: {maildoctor.__version__} on 4" in text
    assert "0.0.9 on old.example.com" in text
    assert "this is no report in the form maildoctor/1" in " ".join(text.split())


NUMBERS = {"nan": "NaN", "endless": "1" * 5000, "infinite": "1e999", "negative": "-1"}


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = as_json.render(of("a.example.com"))
    for name, text in {
        "empty": "\n",
        "cut": whole[: len(whole) // 2],
        "in-a-word": whole[: whole.index('"name"') + 3],
        **{name: re.sub(r'("seconds"): [0-9.]+', rf"\1: {number}", whole) for name, number in NUMBERS.items()},
        "list": "[]",
        "deep": '{"a":' * 100_000,
        "text": "Users can log in.",
    }.items():
        (tmp_path / f"{name}.json").write_text(text)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "nowhere.json").symlink_to("/nonexistent")
    (tmp_path / "ring.json").symlink_to("ring.json")
    (tmp_path / "large.json").touch()
    os.truncate(tmp_path / "large.json", 1 << 40)
    put(tmp_path, of("a.example.com"))
    code, text = said(capsys, str(tmp_path), "--format", "json")
    problems = {Path(one["source"]).stem: one["why"] for one in json.loads(text)["problems"]}
    assert code == 3
    assert json.loads(text)["summary"]["verdicts"]["works"] == 1
    assert {name for name, why in problems.items() if why.startswith("this is no JSON")} == {
        "empty", "cut", "in-a-word", "nan", "endless", "text", "bytes",
    }  # fmt: skip
    assert problems["empty"].endswith(": it is empty")
    assert problems["cut"].endswith(": it ends before it is whole")
    assert problems["in-a-word"].endswith(": it ends before it is whole")
    assert "a directory" in problems["folder"] and "a FIFO" in problems["fifo"]
    assert "too large" in problems["large"]
    assert set(problems) >= {"infinite", "negative", "list", "deep", "nowhere", "ring"}


def test_long_words_are_not_kept() -> None:
    long = "x" * 1_000_000
    many = tuple(Product(f"{long}{n}", long) for n in range(200))
    found = Ranked(replace(CAUSE, name=long, message=long, evidence=()), 1, None)
    liar = replace(of("a.example.com", ILL), ranked=(found,), verdict=Verdict("partly", because=long))
    gathering = _gathered([replace(liar, target=Target("host", long, many))])
    assert len(rendered(gathering.fleet(), "json", Style())) < 10_000
    assert len(pickle.dumps(gathering)) < 100_000


def test_causes_without_end_are_bounded() -> None:
    gathering = Gathering()
    for host in range(60):
        found = tuple(Ranked(replace(CAUSE, code=f"X{host * 100 + n}"), n + 1, None) for n in range(100))
        gathering.take(of(f"m{host}.example.com", ILL, ranked=found), 1, f"{host}.json")
    fleet = gathering.fleet()
    assert len(fleet.causes) == 5000
    assert fleet.having("broken") == 60
    assert "more than 5,000 different ones" in fleet.problems[-1].why


def test_what_counts_is_decided_as_for_one_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warned = of("a.example.com", replace(WELL, ranked=(Ranked(replace(CAUSE, severity="warning"), 1, None),)))
    put(tmp_path, warned)
    assert said(capsys, str(tmp_path))[0] == 0
    assert said(capsys, str(tmp_path), "--fail-on", "warning")[0] == 1
    assert said(capsys, str(tmp_path), "--fail-on", "warning", "--exit-zero")[0] == 0


def _gathered(reports: Sequence[Report]) -> Gathering:
    gathering = Gathering()
    for number, one in enumerate(reports):
        gathering.take(one, status(one, Policy()), f"{number}.json")
    return gathering


@given(st.lists(st.sampled_from([WELL, ILL, replace(report(HOSTILE), verdict=Verdict("partly", 1))]), max_size=12))
def test_the_order_of_the_reports_does_not_matter(likes: list[Report]) -> None:
    reports = [of(f"m{n}.example.com", like) for n, like in enumerate(likes)]
    shuffled = random.Random(len(reports)).sample(reports, len(reports))
    one, other = (_gathered(some).fleet() for some in (reports, shuffled))
    assert [h.name for h in one.hosts] == [h.name for h in other.hosts]
    assert [(c.code, c.hosts) for c in one.causes] == [(c.code, c.hosts) for c in other.causes]
    assert one.status == other.status


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_words_do_nothing(form: str) -> None:
    evil = replace(HOSTILE, message='\x1b[2J<script>alert(1)</script>"\n')
    gathering = _gathered(
        [of('\x1b]0;x\x07\ud800\u202e<img src=x onerror="alert(1)">', replace(report(evil), verdict=Verdict("broken")))]
    )
    gathering.refuse("\x1b[2J<b>.json", "\x1b[2J")
    text = rendered(gathering.fleet(), form, Style())
    assert text.endswith("\n")
    assert text.replace("\n", "").isprintable()
    if form == "html":
        assert not re.search(r"<(script|img|b)\b", text)


def test_every_form_says_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(
        tmp_path,
        of("a.example.com"),
        of("b.example.com", ILL),
        of("c.example.com", replace(WELL, verdict=Verdict("not_shown"))),
    )
    document = json.loads(said(capsys, str(tmp_path), "--json")[1])
    jsonschema.validate(document, SCHEMA)
    assert document["summary"]["verdicts"]["broken"] == 1
    assert [host["name"][0] for host in document["hosts"]] == ["b", "c", "a"]
    (suite,) = junitparser.JUnitXml.fromstring(said(capsys, str(tmp_path), "--format", "junit")[1])
    assert (suite.tests, suite.failures, suite.skipped) == (3, 1, 1)
    metrics = text_string_to_metric_families(said(capsys, str(tmp_path), "--format", "prometheus")[1])
    samples = {(s.name, *s.labels.values()): s.value for m in metrics for s in m.samples}
    assert samples["maildoctor_fleet_hosts", "works"] == 1
    assert samples["maildoctor_fleet_cause_hosts", CAUSE.code, CAUSE.severity] == 1
    code = main(["report", "fleet", str(tmp_path), "--format", "sarif"])
    assert (code, "take one of text, json" in capsys.readouterr().err) == (2, True)


def test_render_takes_one_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, of("a.example.com"), of("b.example.com"))
    assert main(["report", "render", str(tmp_path / "000.json"), str(tmp_path / "001.json")]) == 2
    assert "maildoctor report fleet takes many" in capsys.readouterr().err


def test_many_causes_of_one_host_are_bounded() -> None:
    found = tuple(Ranked(replace(CAUSE, code=f"X{n}"), n + 1, None) for n in range(5000))
    fleet = _gathered([replace(of("a.example.com"), ranked=found)]).fleet()
    assert len(fleet.causes) == len(fleet.hosts[0].causes) == 100

"""The formats for machines: what other programs make of them, whatever a report says; and a report read again.

Each document is read by somebody else's parser. That junit and sarif keep to their public schemas was seen with
junit-10.xsd, JUnit.xsd and sarif-schema-2.1.0.json; copies of those are not ours to ship, so here it is their rules
that are held, as far as a report could break them.
"""

import io
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import junitparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from maildoctor.__main__ import main
from maildoctor.cli.output import pages_of
from maildoctor.cli.status import Policy, plugin_status, status
from maildoctor.engine import Selection, examine
from maildoctor.host.recording import Replay
from maildoctor.library import load_library
from maildoctor.model import (
    Evidence,
    Finding,
    Logins,
    LogRead,
    Matrix,
    Mechanism,
    Outcome,
    Ranked,
    Report,
    Route,
    RouteRung,
    RungName,
    RungState,
    Step,
    Strategy,
    Talk,
    Target,
    Traffic,
    Verdict,
    VerdictCode,
)
from maildoctor.render import FORMATS, github, rendered
from maildoctor.render import json as as_json
from maildoctor.render.escape import shown, unicode
from maildoctor.render.place import Place, place
from maildoctor.render.reread import Malformed
from maildoctor.render.reread import report as reread
from maildoctor.render.style import FailOn, Page, Style
from tests.reports import BROKEN, CAUSE, FAILED, FAULTY, HOSTILE, NOTE, PASSED, REPORTS, SYMPTOM, UNSEEN, report

ROOT = Path(__file__).parent.parent
HOSTS = sorted(p.parent for p in (ROOT / "fixtures").rglob("host.toml"))
STYLE = Style()
MECH = Mechanism("SCRAM-SHA-256", "loads", True, None, True, False, True, True, "not_tried", "usable", ("test",))
DEAD = replace(MECH, mech="DIGEST-MD5", plugin="broken", verdict="does_not_load")
TRAFFIC = Traffic("2026-11-22T06:00:00+00:00", 1, (1, 0, 7), (("test", 8),), (("192.0.2.1", 8),), True, True)
LOG = LogRead(
    ("mail.log",), 9, 900, 8, False, 1, "2026-11-22T06:00:00+00:00", None,
    Logins(3, 4, (("PLAIN", 3),), (("test", 3),), (("192.0.2.1", 3),)),
    (("a <n> b", 2),), ("mail.log.2.gz: it ends too early",), ("SASL120",), True,
)  # fmt: skip
SEEN_IN_LOG = replace(SYMPTOM, code="SASL120", name="user-not-found", count=8, traffic=TRAFFIC, first="a", last="b")
READ = replace(report(SEEN_IN_LOG, outcomes=()), target=Target("log", "mail.log"), log=LOG)
FULL = replace(
    FAULTY,
    matrix=Matrix((MECH, DEAD), (Strategy("strongest", "SCRAM-SHA-256", "usable"),)),
    talks=(Talk("192.0.2.1:25", "answers", ("220 x", "EHLO y"), "relay", "2027-01-01T00:00:00Z"),),
    fixed=("SASL510 no-saslauthd",),
)
ALL = {**REPORTS, "full": FULL, "read": READ}

nasty = st.text(
    st.one_of(
        st.characters(), st.sampled_from("\x00\x1b\r\n\t\x7f\x85\u2028\ufffe\uffff\udcff\ud800|%:;,<>&]['\"{}\\`_#@")
    ),
    max_size=30,
) | st.sampled_from(
    ["]]>", "::error::x", "%0A", "{0}", "[a](http://b)", "<script>", "a | b", "'x'=1;2", "\n::stop::", "##[error]"]
)
words = nasty.filter(bool)
counts = st.integers(0, 2**40)
codes = st.from_regex(r"[A-Z]{1,8}[0-9]{1,4}", fullmatch=True)
findings = st.builds(
    Finding,
    code=codes,
    name=words,
    message=words,
    why=nasty,
    advice=nasty,
    fix=st.lists(st.builds(Step, command=words, undo=nasty, effect=nasty), max_size=2).map(tuple),
    evidence=st.lists(st.builds(Evidence, source=nasty | nasty.map(lambda t: f"/{t}:12"), text=nasty), max_size=3).map(
        tuple
    ),
    labels=st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), nasty, max_size=2),
    refs=st.lists(nasty, max_size=2).map(tuple),
    count=st.integers(1, 2**40),
    first=st.none() | nasty,
    last=st.none() | nasty,
    traffic=st.none() | st.just(TRAFFIC),
)


logs = st.builds(
    LogRead,
    lines=counts,
    bytes=counts,
    matched=counts,
    unknown=counts,
    logins=st.none() | st.builds(Logins, succeeded=counts, failed=counts),
    damage=st.lists(nasty, max_size=2).map(tuple),
    shapes=st.lists(st.tuples(nasty, counts), max_size=2).map(tuple),
    sampled=st.lists(nasty, max_size=2).map(tuple),
)


rungs = st.builds(
    RouteRung,
    rung=st.sampled_from(get_args(RungName)),
    state=st.sampled_from(get_args(RungState)),
    summary=nasty,
    finding=st.none() | nasty,
    would_show=nasty,
)
routes = st.builds(Route, service=nasty, listener=nasty, rungs=st.lists(rungs, max_size=3).map(tuple))
verdicts = st.builds(
    Verdict,
    code=st.sampled_from(get_args(VerdictCode)),
    shown=counts,
    without=st.lists(nasty, max_size=6).map(tuple),
    because=nasty,
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any report: causes, and symptoms that stand below an earlier finding."""
    found: list[Finding] = draw(st.lists(findings, max_size=4))
    ranked: list[Ranked] = []
    for number, f in enumerate(found, 1):
        below: bool = draw(st.booleans())
        ranked.append(Ranked(f, number, ranked[0].finding.fingerprint if ranked and below else None))
    if len({r.finding.fingerprint for r in ranked}) < len(ranked):
        ranked = [replace(r, explained_by=None) for r in ranked]
    rows = st.builds(Mechanism, mech=words, login=st.sampled_from(["ok", "failed", "refused", "not_tried"]))
    return Report(
        target=draw(
            st.builds(Target, kind=st.sampled_from(["host", "root", "container", "log", "endpoint"]), name=nasty)
        ),
        started=draw(st.sampled_from(["2026-11-22T06:00:00Z", "2026-11-22T07:00:00+01:00", ""])),
        seconds=draw(st.floats(0, 1e6)),
        ranked=tuple(ranked),
        outcomes=tuple(
            draw(st.lists(st.builds(Outcome, code=codes, name=words, reason=nasty, remedy=nasty), max_size=4))
        ),
        log=draw(st.none() | logs),
        matrix=draw(st.none() | st.builds(Matrix, rows=st.lists(rows, min_size=1, max_size=3).map(tuple))),
        talks=tuple(draw(st.lists(st.builds(Talk, lines=st.lists(nasty, max_size=2).map(tuple)), max_size=2))),
        fixed=tuple(draw(st.lists(nasty, max_size=2))),
        routes=tuple(draw(st.lists(routes, max_size=2))),
        verdict=draw(st.none() | verdicts),
        logins=draw(st.none() | st.builds(Logins, succeeded=counts, failed=counts, since=nasty)),
    )


def any_report(test: Callable[..., None]) -> Callable[..., None]:
    """Whatever a report says. How long it takes to make one up says nothing of what is tested."""
    unhurried = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    return unhurried(given(reports())(test))


every_report = pytest.mark.parametrize("name", ALL)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MAILDOCTOR_") or name == "GITHUB_STEP_SUMMARY":
            monkeypatch.delenv(name)


@pytest.fixture
def given_report(tmp_path: Path) -> str:
    """A file with the JSON of FULL."""
    path = tmp_path / "r.json"
    path.write_text(as_json.render(FULL))
    return str(path)


# ---- junit


def _suite(given: Report, style: Style = STYLE) -> ElementTree.Element:
    text = rendered(given, "junit", style)
    suites = ElementTree.fromstring(text)  # noqa: S314 - it is our own
    assert (suites.tag, suites.attrib, [s.tag for s in suites]) == ("testsuites", {}, ["testsuite"])
    return suites[0]


@pytest.mark.slow
@any_report
def test_any_report_is_junit(given: Report) -> None:
    suite = _suite(given)
    cases = suite.findall("testcase")
    assert [e.tag for e in suite] == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    assert re.fullmatch(r"\d+\.\d{3}", suite.attrib["time"])
    assert suite.attrib["hostname"]
    for case in cases:
        assert set(case.attrib) == {"name", "classname", "time"}
        assert len(case) <= 1
    for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert suite.attrib[attribute] == str(len(suite.findall(f"testcase/{tag}")))
    assert suite.attrib["tests"] == str(len(cases))


@pytest.mark.slow
@any_report
def test_what_is_found_is_whole_in_junit(given: Report) -> None:
    said = "".join(_suite(given).itertext())
    shown_codes = {o.code for o in given.outcomes if o.outcome != "fail"}
    for f in (r.finding for r in given.ranked if r.finding.code not in shown_codes):
        assert shown(f.message) in said
        for text in (*(e.text for e in f.evidence), *(s.command for s in f.fix)):
            assert shown(text) in said


def test_junit_as_another_program_reads_it() -> None:
    strict = Style(fail_on="warning")
    suite = next(iter(junitparser.JUnitXml.fromstring(rendered(FAULTY, "junit", strict).encode())))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (6, 2, 0, 3)
    results: dict[str, Any] = {case.name: case.result[0] if case.result else None for case in suite}
    assert results["LINK001 unresolved-symbol"].type == "error"
    assert results["LINK001 unresolved-symbol"].message == CAUSE.message
    assert results["PERM001 group-writable-path"] is None
    assert results["SASL001 no-user"].message == "not judged: permission denied reading /etc/sasldb2; run as root"
    assert results["TLS001 expired-certificate"].message == "not applicable"
    symptom = results["MECH002 advertised-without-secret"]
    assert symptom.type == "warning"
    assert f"explained by: LINK001 {CAUSE.message}" in symptom.text
    broken = next(iter(junitparser.JUnitXml.fromstring(rendered(REPORTS["broke"], "junit", STYLE).encode())))
    assert (broken.errors, broken.failures) == (1, 0)


def test_several_findings_of_one_check_are_one_case_and_a_note_fails_nothing() -> None:
    other = replace(CAUSE, labels={"plugin": "other"}, message="the other")
    suite = _suite(report(CAUSE, other, NOTE, outcomes=(FAILED,)))
    (failure,) = suite.findall("testcase/failure")
    assert failure.attrib["message"] == f"{CAUSE.message} (and 1 more)"
    assert "error LINK001 the other" in (failure.text or "")
    assert NOTE.message in (suite.findtext("system-out") or "")


def test_what_a_log_tells_is_a_case_and_what_could_not_be_read_is_skipped() -> None:
    suite = _suite(READ, Style(fail_on="warning"))
    assert [c.attrib["name"] for c in suite.findall("testcase")] == ["SASL120 user-not-found", "LOG unread-1"]
    assert "seen: 8 times" in (suite.findtext("testcase/failure") or "")


def test_what_the_baseline_knows_fails_no_test() -> None:
    suite = _suite(FAULTY, Style(known=frozenset({CAUSE.fingerprint}), fail_on="warning"))
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "4")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("code", [None, *get_args(VerdictCode)])
@pytest.mark.parametrize("fail_on", ["error", "warning", "never"])
@pytest.mark.parametrize("known", [False, True])
def test_a_case_of_junit_fails_exactly_where_the_exit_status_does(
    name: str, code: VerdictCode | None, fail_on: FailOn, known: bool
) -> None:
    given = replace(ALL[name], verdict=Verdict(code) if code else None)
    marks = frozenset(unicode(r.finding.fingerprint) for r in given.ranked) if known else frozenset()
    suite = _suite(given, Style(fail_on=fail_on, known=marks))
    failed = [c.attrib["name"] for c in suite.findall("testcase") if c.find("failure") is not None]
    assert bool(failed) is (status(given, Policy(fail_on, known=marks)) == 1)
    mine = [c for c in suite.findall("testcase") if c.attrib["name"] == "users can log in"]
    assert len(mine) == (code is not None)
    if code in ("not_shown", "nothing_to_judge"):
        assert mine[0].find("skipped") is not None, "it is not shown: neither passed nor failed"
    if code in ("works", "ready"):
        assert not len(mine[0])
    if code in ("broken", "partly"):
        assert bool(len(mine[0])), "nobody passes this test while the verdict is against it"


def test_a_warning_fails_no_test_unless_it_is_asked_for() -> None:
    warned = REPORTS["warned"]
    assert (_suite(warned).attrib["failures"], status(warned, Policy())) == ("0", 0)
    assert SYMPTOM.message in (_suite(warned).findtext("system-out") or "")
    assert _suite(warned, Style(fail_on="warning")).attrib["failures"] == "1"


# ---- sarif


def _run(given: Report, style: Style = STYLE) -> dict[str, Any]:
    text = rendered(given, "sarif", style)
    assert text.isascii()
    log = json.loads(text)
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = log["runs"][0]
    return run


@pytest.mark.slow
@any_report
def test_any_report_is_sarif(given: Report) -> None:
    run = _run(given)
    rules = run["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == sorted({r.finding.code for r in given.ranked})
    assert len(run["results"]) == len(given.ranked)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert len(result["locations"]) == 1
        for location in (*result["locations"], *result["relatedLocations"]):
            _is_place(location["physicalLocation"], run)
    for message in _messages(run):
        assert not re.search(r"(?<!\{)(\{\{)*\{(?!\{)", message), "a lone brace is a placeholder"
        assert not re.search(r"[^\\]\]\(", message), "this is a link"
    for text in _texts(run):
        text.encode()


def _is_place(where: dict[str, Any], run: dict[str, Any]) -> None:
    uri = where["artifactLocation"]["uri"]
    assert re.fullmatch(r"(file:///)?([A-Za-z0-9_.~/-]|%[0-9A-F]{2})+", uri)
    assert not uri.startswith("/")
    base = where["artifactLocation"].get("uriBaseId")
    assert base is None or base in run["originalUriBaseIds"]
    assert where.get("region", {"startLine": 1})["startLine"] > 0


def _messages(node: object) -> list[str]:
    """All texts of messages, wherever they stand."""
    if isinstance(node, dict):
        mine = [node["text"]] if set(node) == {"text"} else []
        return [*mine, *(m for value in node.values() for m in _messages(value))]
    return [m for value in node for m in _messages(value)] if isinstance(node, list) else []


def _texts(node: object) -> list[str]:
    if isinstance(node, dict):
        return [t for pair in node.items() for value in pair for t in _texts(value)]
    return (
        [t for value in node for t in _texts(value)]
        if isinstance(node, list)
        else [node]
        if isinstance(node, str)
        else []
    )


def test_the_sarif_of_a_host() -> None:
    run = _run(FAULTY)
    rule = run["tool"]["driver"]["rules"][0]
    assert rule["shortDescription"]["text"] == "Unresolved symbol"
    assert rule["helpUri"] == CAUSE.refs[0]
    cause, symptom = run["results"]
    assert cause["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "file:///usr/lib/sasl2/libdigestmd5.so"},
        "region": {"startLine": 1},
    }
    assert run["tool"]["driver"]["informationUri"].startswith("https://")
    assert cause["relatedLocations"][1]["physicalLocation"]["region"] == {"startLine": 812}
    assert cause["properties"]["commands"] == [s.command for s in CAUSE.fix]
    assert cause["partialFingerprints"]["maildoctor/v1"] == CAUSE.fingerprint
    assert "Explained by: LINK001" in symptom["message"]["text"]
    assert "helpUri" not in run["tool"]["driver"]["rules"][1]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"]
    assert invocation["startTimeUtc"] == "2026-11-22T06:00:00Z"
    assert [n["level"] for n in invocation["toolExecutionNotifications"]] == ["warning", "warning"]
    assert not _run(REPORTS["broke"])["invocations"][0]["executionSuccessful"]


def test_files_of_a_root_are_relative_to_it() -> None:
    run = _run(replace(FAULTY, target=Target("root", "/mnt/a b")))
    assert run["originalUriBaseIds"]["TARGET"]["uri"] == "file:///mnt/a%20b/"
    where = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert where == {"uri": "usr/lib/sasl2/libdigestmd5.so", "uriBaseId": "TARGET"}


def test_a_rule_of_sarif_says_the_same_of_every_host() -> None:
    """GitHub shows one rule as many where its words or its level change from run to run."""
    page = Page("A plug-in cannot be loaded.", "The loader refuses it.", "Reinstall it.", "warning")
    style = replace(STYLE, pages={CAUSE.code: page})
    other = replace(CAUSE, message="another host's words", advice="another advice", severity="info", why="other")
    rules = [_run(report(f), style)["tool"]["driver"]["rules"][0] for f in (CAUSE, other)]
    assert rules[0] == rules[1]
    assert rules[0]["shortDescription"]["text"] == page.title
    assert rules[0]["defaultConfiguration"]["level"] == "warning"
    assert _run(report(other), style)["results"][0]["level"] == "note"


def test_the_command_gives_sarif_the_pages_of_its_checks(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(rendered(FAULTY, "json", STYLE))
    words = ["report", "render", str(tmp_path / "report.json"), "--format", "sarif"]
    done = subprocess.run([sys.executable, "-m", "maildoctor", *words], capture_output=True, text=True)
    rules = json.loads(done.stdout)["runs"][0]["tool"]["driver"]["rules"]
    titles = {c.code: c.title for c in load_library().checks}
    assert [r["shortDescription"]["text"] for r in rules] == [titles[r["id"]] for r in rules]


def test_a_fingerprint_of_sarif_does_not_jump() -> None:
    first, moved = (_run(report(f))["results"][0] for f in (CAUSE, replace(CAUSE, message="x", evidence=(), count=3)))
    assert first["partialFingerprints"] == moved["partialFingerprints"]
    other = _run(report(replace(CAUSE, labels={})))["results"][0]
    assert set(other["partialFingerprints"].values()).isdisjoint(first["partialFingerprints"].values())


def test_a_path_of_odd_bytes_is_the_same_path() -> None:
    (result,) = _run(report(replace(CAUSE, evidence=(Evidence("/a\udcff%/ü", "x"),))))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote_to_bytes(uri.removeprefix("file://")) == "/a\udcff%/ü".encode("utf-8", "surrogateescape")


def test_the_baseline_is_a_state_in_sarif() -> None:
    results = _run(FAULTY, Style(known=frozenset({CAUSE.fingerprint})))["results"]
    assert [r["baselineState"] for r in results] == ["unchanged", "new"]


@pytest.mark.parametrize(
    ("sources", "labels", "kind", "where"),
    [
        (["ps", "/etc/mail/sendmail.cf:12"], {}, "host", Place("/etc/mail/sendmail.cf", 12)),
        (["/etc/a", "/etc/b:1"], {}, "host", Place("/etc/b", 1)),
        (["/var/log/mail.log:9", "/etc/a"], {}, "host", Place("/etc/a")),
        (["ls -ld /etc/mail/authinfo.db"], {}, "host", Place("/etc/mail/authinfo.db")),
        (["sendmail -bt </dev/null"], {}, "host", Place("/etc/mail/sendmail.cf")),
        (["ps ax"], {"path": "/etc/x"}, "host", Place("/etc/x")),
        (["192.0.2.1:25", "mx.example.com:587"], {}, "endpoint", Place("192.0.2.1:25")),
        ([], {"endpoint": "mx.example.com:25,587"}, "endpoint", Place("mx.example.com:25,587")),
        (["logs/mail.log:7"], {}, "log", Place("logs/mail.log", 7)),
        (["-:7"], {}, "log", Place("/etc/mail/sendmail.cf")),
    ],
)
def test_where_a_finding_stands(sources: list[str], labels: dict[str, str], kind: str, where: Place) -> None:
    finding = replace(CAUSE, evidence=tuple(Evidence(s, "") for s in sources), labels=labels)
    assert place(finding, kind) == where


def test_a_rule_about_another_server_points_at_its_configuration() -> None:
    assert place(replace(CAUSE, name="postfix-x", evidence=(), labels={}), "log") == Place("/etc/postfix/main.cf")


# ---- github

_COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def _annotations(given: Report, style: Style = STYLE) -> list[tuple[str, dict[str, str], str]]:
    """What the runner of GitHub makes of it: kind, properties, text."""
    *lines, last = rendered(given, "github", style).splitlines()
    assert last.startswith("maildoctor: ")
    found = []
    for line in lines:
        match = _COMMAND.fullmatch(line)
        assert match, line
        pairs = dict(pair.split("=", 1) for pair in match[2].split(","))
        found.append((match[1], {k: _plain(v) for k, v in pairs.items()}, _plain(match[3])))
    return found


def _plain(text: str) -> str:
    for code, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, char)
    return text


@pytest.mark.slow
@any_report
def test_any_report_is_annotations(given: Report) -> None:
    said = rendered(given, "github", STYLE)
    said.encode()
    assert "\r" not in said
    annotations = _annotations(given)
    assert len(annotations) == len(given.ranked)
    assert {text.split("\n")[0] for _, _, text in annotations} == {shown(r.finding.message) for r in given.ranked}
    # of a server elsewhere there is no file to show
    assert all(properties.get("file", given.target.kind == "endpoint") for _, properties, _ in annotations)


def test_annotations_name_file_and_line() -> None:
    finding = replace(CAUSE, evidence=(Evidence("/etc/mail/a,b:c.cf:12", "x"),), message="100%\nsure")
    line = rendered(report(finding), "github", STYLE).splitlines()[0]
    assert line.startswith(
        "::error file=/etc/mail/a%2Cb%3Ac.cf,line=12,title=LINK001 unresolved-symbol::100%25\\nsure%0A"
    )
    ((kind, properties, _),) = _annotations(replace(report(finding), target=Target("root", "./rootfs")))
    assert (kind, properties["file"]) == ("error", "rootfs/etc/mail/a,b:c.cf")


def test_advice_of_several_paragraphs_is_several_lines() -> None:
    two = report(replace(CAUSE, advice="1. do this\n2. or that"))
    lines = {
        "junit": (_suite(two).findtext("testcase/failure") or "").split("\n"),
        "sarif": _run(two)["results"][0]["message"]["text"].split("\n"),
        "github": _annotations(two)[0][2].split("\n"),
    }
    for form, said in lines.items():
        assert [line.removeprefix("advice: ") for line in said if line.endswith(("do this", "or that"))] == [
            "1. do this",
            "2. or that",
        ], form
    assert "1. do this<br>2. or that" in github.summary(two, STYLE)


def test_at_most_ten_of_a_kind_the_worst_first_and_one_that_counts() -> None:
    many = [replace(f, labels={"n": str(n)}) for n in range(12) for f in (NOTE, SYMPTOM, CAUSE)]
    kinds = [kind for kind, _, _ in _annotations(report(*many))]
    assert kinds == ["notice", *["error"] * 10, *["warning"] * 10, *["notice"] * 9]
    assert "12 errors, 12 warnings, 12 notices" in _annotations(report(*many))[0][2]
    # a cause is not pushed out by symptoms
    symptoms = [Ranked(replace(CAUSE, labels={"n": str(n)}), n, "x") for n in range(1, 12)]
    last = Ranked(replace(CAUSE, message="the cause"), 12, None)
    assert "the cause" in _annotations(replace(report(), ranked=(*symptoms, last)))[1][2]


def test_annotations_leave_out_what_the_baseline_knows() -> None:
    assert len(_annotations(FAULTY, Style(known=frozenset({CAUSE.fingerprint})))) == 1
    assert "1 known" in rendered(FAULTY, "github", Style(known=frozenset({CAUSE.fingerprint})))


@pytest.mark.slow
@any_report
def test_the_summary_of_a_job_is_a_table_whatever_it_holds(given: Report) -> None:
    said = github.summary(given, STYLE)
    rows = [line for line in said.split("\n") if line.startswith("| ")]
    assert len(rows) == len(given.ranked) + bool(given.ranked)
    assert all(line.count("|") == 5 for line in rows)
    assert not re.search(r"<(?!br>|/?b>|/?code>)", said)
    assert not re.search(r"[\[\]`_*\\]", re.sub(r"&#\d+;", "", said))


@pytest.mark.parametrize("room", [0, 100, 1000, 5000, 1 << 20])
def test_the_summary_keeps_to_its_room(room: int) -> None:
    said = github.summary(REPORTS["many"], STYLE, room)
    assert len(said.encode()) <= room
    rows = len(re.findall(r"(?m)^\| error", said))
    left = re.search(r"\n(\d+) more have no room here", said)
    assert not said or rows + int(left[1] if left else 0) == 2000


def test_the_summary_is_appended_where_the_runner_wants_it(
    given_report: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "summary"
    target.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    assert main(["report", "render", given_report]) == 1
    assert target.read_text() == "before\n", "the format was text"
    assert main(["report", "render", given_report, "--format", "github"]) == 1
    once = target.read_text()
    assert once.startswith("before\n### maildoctor: mail.example.test\n")
    assert main(["report", "render", given_report, "-o", f"github:{tmp_path}/g"]) == 1
    assert target.read_text().count("###") == 2
    assert capsys.readouterr().err == ""


def test_a_summary_that_cannot_be_written_is_a_note(
    given_report: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for target in ("/nowhere/at/all", str(tmp_path), str(tmp_path / "pipe"), "/dev/null"):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", target)
        assert main(["report", "render", given_report, "--format", "github"]) == 1
        out, err = capsys.readouterr()
        assert out.startswith("::error ")
        assert re.fullmatch(r"maildoctor: the job summary is not written .*\n", err)


# ---- nagios

_PERF = re.compile(
    r"(?:'[^'=]+'|[^ '=]+)=-?[0-9.]+(?:us|ms|s|%|[KMG]?B|c)?"
    r"(?:;(?:@?(?:~|-?[0-9.]+)?:?(?:-?[0-9.]+)?)?){0,2}(?:;-?[0-9.]+){0,2}"
)


def _plugin(given: Report, style: Style = STYLE) -> tuple[str, dict[str, str]]:
    said = rendered(given, "nagios", style)
    assert said.isascii()
    assert len(said) < 4096
    assert said.endswith("\n")
    line, *more = said.split("\n")
    head, bar, perf = line.partition(" | ")
    assert bar
    assert len(head) < 80
    assert "|" not in head + perf + "".join(more)
    assert re.match(r"SMTP AUTH (OK|WARNING|CRITICAL|UNKNOWN) - .", head)
    assert all(_PERF.fullmatch(datum) for datum in perf.split(" ")), perf
    return head, dict(datum.split("=") for datum in perf.split(" "))


@pytest.mark.slow
@any_report
def test_any_report_is_what_a_plugin_says(given: Report) -> None:
    _plugin(given)


@every_report
def test_a_plugin_says_what_it_exits_with(name: str) -> None:
    for policy in (Policy(), Policy(allow_unknown=True), Policy("never"), Policy(exit_zero=True)):
        code = plugin_status(ALL[name], policy)
        head, _ = _plugin(ALL[name], Style(state=code))
        assert head.split()[2] == ("OK", "WARNING", "CRITICAL", "UNKNOWN")[code]


@pytest.mark.parametrize(
    ("given", "usual", "never", "allowed", "zero"),
    [
        (report(), 0, 0, 0, 0),
        (FAULTY, 2, 3, 2, 0),
        (REPORTS["warned"], 1, 0, 1, 0),
        (report(NOTE), 0, 0, 0, 0),
        (report(outcomes=[PASSED, UNSEEN]), 3, 3, 0, 0),
        (report(SYMPTOM, outcomes=[PASSED, UNSEEN]), 1, 3, 1, 0),
        (report(outcomes=[]), 3, 3, 3, 0),
        (report(outcomes=[PASSED, BROKEN]), 3, 3, 3, 3),
        (report(CAUSE, outcomes=[BROKEN]), 2, 3, 2, 0),
        (READ, 1, 3, 1, 0),
        (replace(READ, ranked=(), log=replace(LOG, damage=())), 0, 0, 0, 0),
        (replace(READ, ranked=(), log=replace(LOG, bytes=0, damage=())), 3, 3, 3, 0),
    ],
)
def test_the_table_of_the_exit_status_of_a_plugin(
    given: Report, usual: int, never: int, allowed: int, zero: int
) -> None:
    assert plugin_status(given, Policy()) == usual
    assert plugin_status(given, Policy("warning")) == usual
    assert plugin_status(given, Policy("never")) == never
    assert plugin_status(given, Policy(allow_unknown=True)) == allowed
    assert plugin_status(given, Policy(exit_zero=True)) == zero
    assert plugin_status(given, Policy(known=frozenset(r.finding.fingerprint for r in given.ranked))) == never


def test_the_whole_of_what_a_plugin_says() -> None:
    assert rendered(FULL, "nagios", STYLE) == (
        "SMTP AUTH CRITICAL - LINK001 libdigestmd5.so cannot be loaded: no libra... (+1) | "
        "time=0.412s;;;0 causes=1;;;0 errors=1;;0;0 warnings=1;0;;0 not_judged=2;;;0 "
        "mechs=1;;1:;0 cert_days=39;14:;1:\n"
        "error LINK001 libdigestmd5.so cannot be loaded: no library here has des_ecb_encrypt\n"
        "  run: apt-get install --reinstall libsasl2-modules\n"
        "  run: mv /usr/lib/sasl2/libdigestmd5.so /usr/lib/sasl2/libdigestmd5.so.off\n"
        "  explains MECH002 DIGEST-MD5 is offered but no user has a DIGEST-MD5 secret\n"
        "not judged: permission denied reading /etc/sasldb2\n"
    )
    assert rendered(FULL, "nagios", Style(verbosity=-1)).count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["check", "--format", "nagios", "--bogus"],
        ["check", "--format=nagios", "--root", "/nowhere/at/all", "--snapshot", "x"],
        ["--format", "nagios"],
        ["report", "render", "/nowhere/at/all", "--format", "nagios"],
    ],
)
def test_a_plugin_that_fails_is_unknown_and_says_so_on_stdout(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 3
    out, err = capsys.readouterr()
    assert re.fullmatch(r"SMTP AUTH UNKNOWN - [^|\n]+\n", out)
    assert err.startswith("maildoctor: ")


def test_only_a_plugin_fails_with_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--format=nagios", "--json", "--bogus"]) == 2
    assert main(["report", "render", "x", "-o", "nagios:/nowhere/at/all"]) == 2
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("MAILDOCTOR_FORMAT", "nagios")
    assert main(["check", "--bogus"]) == 3
    assert main(["check", "--format", "text", "--bogus"]) == 2
    assert main(["check", "--help"]) == 0


# ---- prometheus

_NAMES = {
    "maildoctor_up": set(),
    "maildoctor_login_works": set(),
    "maildoctor_verdict": {"verdict"},
    "maildoctor_check_status": {"code", "severity"},
    "maildoctor_checks": {"outcome"},
    "maildoctor_findings": {"severity"},
    "maildoctor_causes": set(),
    "maildoctor_log_events_total": {"code"},
    "maildoctor_mechanism_usable": {"mech"},
    "maildoctor_cert_not_after_timestamp_seconds": {"port"},
    "maildoctor_run_duration_seconds": set(),
    "maildoctor_last_run_timestamp_seconds": set(),
}


def _metrics(given: Report) -> dict[tuple[str, tuple[str, ...]], float]:
    """Values by name and the values of the labels, in their order."""
    said = rendered(given, "prometheus", STYLE)
    assert said.endswith("\n")
    found = {}
    for family in text_string_to_metric_families(said):
        assert family.documentation
        for sample in family.samples:
            assert set(sample.labels) == _NAMES[sample.name]
            assert sample.timestamp is None
            key = (sample.name, tuple(sample.labels[label] for label in sorted(sample.labels)))
            assert key not in found
            found[key] = sample.value
    names = [line.split()[2] for line in said.splitlines() if line.startswith("# TYPE ")]
    assert len(names) == len(set(names))
    assert len([line for line in said.splitlines() if not line.startswith("#")]) == len(found)
    return found


@pytest.mark.slow
@any_report
def test_any_report_is_metrics_with_bounded_labels(given: Report) -> None:
    bounded = {"pass", "fail", "not_judged", "not_applicable", "broke", "error", "warning", "info", "none"}
    bounded |= {*get_args(VerdictCode)}
    bounded |= {o.code for o in given.outcomes} | {r.finding.code for r in given.ranked}
    for name, labels in _metrics(given):
        if name == "maildoctor_mechanism_usable":
            assert re.fullmatch(r"[A-Z0-9_-]{1,20}", labels[0])
        else:
            assert set(labels) <= bounded


def test_the_metrics_of_a_host() -> None:
    found = _metrics(FULL)
    assert found["maildoctor_up", ()] == 1
    assert found["maildoctor_check_status", ("LINK001", "error")] == 1
    assert found["maildoctor_check_status", ("PERM001", "none")] == 0
    assert ("maildoctor_check_status", ("SASL001", "none")) not in found
    assert found["maildoctor_checks", ("not_judged",)] == 2
    assert [found["maildoctor_findings", (s,)] for s in ("error", "warning", "info")] == [1, 1, 0]
    assert found["maildoctor_mechanism_usable", ("SCRAM-SHA-256",)] == 1
    assert found["maildoctor_mechanism_usable", ("DIGEST-MD5",)] == 0
    works = replace(FULL, matrix=Matrix((replace(DEAD, verdict="works"), replace(MECH, verdict="works_no_relaying"))))
    assert _metrics(works)["maildoctor_mechanism_usable", ("DIGEST-MD5",)] == 1
    assert _metrics(works)["maildoctor_mechanism_usable", ("SCRAM-SHA-256",)] == 0
    assert found["maildoctor_last_run_timestamp_seconds", ()] == pytest.approx(1795327200.412)
    assert found["maildoctor_run_duration_seconds", ()] == 0.412
    assert _metrics(REPORTS["nothing"])["maildoctor_up", ()] == 0


@pytest.mark.parametrize("code", get_args(VerdictCode))
def test_the_metrics_of_a_verdict(code: VerdictCode) -> None:
    """Whether a login works is left out where it is not known: an alert on 0 is then no false one."""
    found = _metrics(replace(FULL, verdict=Verdict(code)))
    works = {"works": 1, "partly": 0, "broken": 0}.get(code)
    assert found.get(("maildoctor_login_works", ())) == works
    assert found["maildoctor_verdict", (code,)] == 1


def test_the_metrics_of_a_log() -> None:
    twice = replace(READ, ranked=(*READ.ranked, Ranked(replace(SEEN_IN_LOG, labels={"x": "y"}, count=2), 2, None)))
    found = _metrics(twice)
    assert found["maildoctor_log_events_total", ("SASL120",)] == 10
    assert found["maildoctor_up", ()] == 1


def test_no_name_or_path_is_in_the_metrics() -> None:
    said = rendered(replace(FULL, ranked=(*FULL.ranked, Ranked(SEEN_IN_LOG, 3, None))), "prometheus", STYLE)
    assert not re.search(r"192\.0\.2|/usr|libdigest|mail\.example|\btest\b", said)


def test_metrics_are_a_file_that_others_may_read(given_report: str, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        words = [w for form in FORMATS for w in ("-o", f"{form}:{tmp_path}/{form}.out")]
        assert main(["report", "render", given_report, *words]) == 1
    finally:
        os.umask(before)
    for form in FORMATS:
        mode = stat.S_IMODE((tmp_path / f"{form}.out").stat().st_mode)
        assert mode == (0o644 if form == "prometheus" else 0o600), form
    (tmp_path / "prometheus.out").chmod(0o640)
    assert main(["report", "render", given_report, "-o", f"prometheus:{tmp_path}/prometheus.out"]) == 1
    assert stat.S_IMODE((tmp_path / "prometheus.out").stat().st_mode) == 0o640


# ---- HTML


class Browsed(HTMLParser):
    """What a browser would make of a page: its tags with their attributes, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open += [] if tag in ("meta", "rect") else [tag]

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1:] != ["style"] else ""


_INERT = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "section", "article", "footer", "div", "p",
    "small", "h1", "h2", "h3", "span", "a", "code", "pre", "details", "summary", "figure", "figcaption",
    "table", "caption", "tr", "th", "td", "svg", "rect",
}  # fmt: skip


@pytest.mark.slow
@any_report
def test_whatever_a_report_says_its_page_runs_and_loads_nothing(given: Report) -> None:
    page = Browsed(rendered(given, "html", STYLE))
    assert not page.open, "every element is closed"
    assert {tag for tag, _ in page.tags} <= _INERT
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {n for n in names if n.startswith("on")} | names & {"src", "style", "action"}
    assert all(re.fullmatch(r"#cause-\d+", at["href"] or "") for _, at in page.tags if "href" in at)
    assert all(shown(r.finding.message) in page.text for r in given.roots)


def test_words_that_mean_something_to_html() -> None:
    nasty = '</pre><script>alert(1)</script><img src=x onerror="alert(1)">{{ 7 * 7 }}'
    found = replace(CAUSE, message=nasty, fix=(Step(nasty, "safe"),), evidence=(Evidence(nasty, nasty),))
    page = Browsed(rendered(report(found), "html", STYLE))
    assert page.text.count(nasty) == 4
    assert not {"script", "img"} & {tag for tag, _ in page.tags}


def test_a_page_says_what_the_text_says() -> None:
    page = Browsed(rendered(replace(FULL, ranked=(*FULL.ranked, Ranked(SEEN_IN_LOG, 3, None)), log=LOG), "html", STYLE))
    for said in ("DIGEST-MD5", FULL.target.name, *(s.command for r in FULL.roots for s in r.finding.fix)):
        assert said in page.text
    bars = [at for tag, at in page.tags if tag == "rect"]
    assert len(bars) == len(TRAFFIC.counts)
    assert max(float(at["height"] or 0) for at in bars) == 72


@pytest.mark.parametrize("start", ["9999-12-31T23:00:00Z", "2026-11-22T06:00:00Z"])
def test_a_page_of_times_that_no_calendar_has(start: str) -> None:
    traffic = replace(TRAFFIC, start=start, minutes=2**62)
    assert "step 2: " in rendered(report(replace(CAUSE, traffic=traffic)), "html", STYLE)


def test_html_without_what_makes_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("maildoctor.cli.output.find_spec", lambda name: None)
    assert main(["demo", "--format", "html"]) == 2
    assert "pip install 'maildoctor[html]'" in capsys.readouterr().err
    assert main(["check", "-o", "html:/nowhere"]) == 2
    assert "Jinja2" in capsys.readouterr().err


# ---- a report read again


def _again(given: Report) -> Report:
    return reread(json.loads(as_json.render(given)))


@every_report
def test_a_report_read_again_is_the_same_report(name: str) -> None:
    assert as_json.render(_again(ALL[name])) == as_json.render(ALL[name])


@pytest.mark.slow
@pytest.mark.parametrize("folder", HOSTS, ids=lambda p: p.name)
def test_the_report_of_a_recorded_host_read_again_is_the_same(folder: Path) -> None:
    given = examine(Replay(str(folder)), load_library(), Selection())
    assert as_json.render(_again(given)) == as_json.render(given)
    for form in FORMATS:
        if form != "text":  # which also tells the commands that were run, and these are not in the JSON
            assert rendered(_again(given), form, STYLE) == rendered(given, form, STYLE)


@pytest.mark.slow
@any_report
def test_any_report_read_again_is_the_same(given: Report) -> None:
    assert as_json.render(_again(given)) == as_json.render(given)


def test_every_field_is_read_again() -> None:
    """Whatever the model gets: what is in the JSON is read."""
    reported = replace(FULL, ranked=(*FULL.ranked, Ranked(SEEN_IN_LOG, 3, None)), log=LOG, commands=(), seconds=0.5)
    again = _again(reported)
    assert {f.name for f in fields(Report) if getattr(again, f.name) != getattr(reported, f.name)} == set()


def test_what_is_unknown_is_passed_over_and_what_came_later_may_be_missing() -> None:
    reported = json.loads(as_json.render(FAULTY))
    reported["new"] = {"a": 1}
    reported["findings"][0]["new"] = reported["target"]["new"] = [1]
    for later in ("strategies", "talks", "matrix"):
        del reported[later]
    del reported["findings"][0]["traffic"]
    assert as_json.render(reread(reported)) == as_json.render(FAULTY)


def test_codes_stand_beside_the_words() -> None:
    plain = json.loads(as_json.render(FULL))
    assert [(row["verdict"], row["verdict_code"]) for row in plain["matrix"]] == [
        ("usable", "usable"),
        ("does not load", "does_not_load"),
    ]
    (choice,) = plain["strategies"]
    assert (choice["client"], choice["client_code"]) == ("strongest first", "strongest")
    (talk,) = plain["talks"]
    assert (talk["purpose"], talk["looked"]) == ("relay", False)
    for row in (*plain["matrix"], choice):
        del row["verdict"]  # the codes are what is read
    del choice["client"], talk["looked"], plain["findings"][0]["product"]
    assert as_json.render(reread(plain)) == as_json.render(FULL)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("schema",), "maildoctor/2", "schema"),
        (("schema",), None, "schema"),
        (("target",), [], "target"),
        (("target", "kind"), "moon", "target.kind"),
        (("started",), "yesterday", "started"),
        (("seconds",), -1, "seconds"),
        (("seconds",), True, "seconds"),
        (("seconds",), float("inf"), "seconds"),
        (("findings",), {}, "findings"),
        (("findings", 0), "x", "findings[0]"),
        (("findings", 0, "code"), "x{}", "findings[0].code"),
        (("findings", 0, "severity"), "fatal", "findings[0].severity"),
        (("findings", 0, "message"), "", "findings[0].message"),
        (("findings", 0, "rank"), True, "findings[0].rank"),
        (("findings", 0, "rank"), 0, "findings[0].rank"),
        (("findings", 0, "count"), 10**30, "findings[0].count"),
        (("findings", 0, "labels"), {"a": 1}, "findings[0].labels"),
        (("findings", 0, "refs"), [1], "findings[0].refs[0]"),
        (("findings", 0, "traffic"), {"minutes": 0}, "findings[0].traffic.minutes"),
        (("findings", 0, "traffic"), {"minutes": 1, "counts": [1, True]}, "findings[0].traffic.counts"),
        (("findings", 0, "explained_by"), CAUSE.fingerprint, "findings[0].explained_by"),
        (("findings", 0, "explained_by"), SYMPTOM.fingerprint, "findings[0].explained_by"),
        (("outcomes", 0, "outcome"), "maybe", "outcomes[0].outcome"),
        (("matrix", 0, "configured"), "yes", "matrix[0].configured"),
        (("matrix", 0, "login"), "perhaps", "matrix[0].login"),
        (("matrix", 0, "verdict_code"), "fine", "matrix[0].verdict_code"),
        (("strategies", 0, "client_code"), "weakest", "strategies[0].client_code"),
        (("talks", 0, "purpose"), "to chat", "talks[0].purpose"),
        (("matrix",), [], "strategies"),
        (("talks", 0, "lines"), "x", "talks[0].lines"),
        (("log", "lines"), None, "log.lines"),
        (("log", "logins"), 1, "log.logins"),
    ],
)
def test_what_is_no_report_is_told_with_its_place(path: tuple[str | int, ...], value: object, where: str) -> None:
    reported: Any = json.loads(as_json.render(FULL))
    at = reported
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(Malformed) as caught:
        reread(reported)
    assert caught.value.place == where


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | nasty,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty, inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_any_spoilt_report_is_read_or_refused(data: st.DataObject) -> None:
    reported: Any = json.loads(as_json.render(replace(FULL, log=LOG)))
    at = reported
    while True:
        key = data.draw(st.sampled_from(list(at) if isinstance(at, Mapping) else list(range(len(at)))))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(json_values)
    try:
        again = reread(reported)
    except Malformed:
        return
    for form in FORMATS:
        rendered(again, form, Style(verbosity=2)).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "this is no JSON"),
        (b"\xff\xfe\xfd", "this is no JSON"),
        (b"{", "this is no JSON"),
        (b"[]", "this is no report of maildoctor: it is no object"),
        (b"{}", "this is no report in the form maildoctor/1"),
        (b'{"schema": "other/1"}', "this is no report in the form maildoctor/1"),
        (b'{"schema": "maildoctor/1"}', "it is no object\n  where: FILE: target"),
        (b'{"schema": "maildoctor/1", "seconds": NaN}', "this is no JSON"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "this is no JSON"),
        (b"[" * 200_000, "it is nested too deeply"),
        (b" " * (8 << 20) + b"{}", "this is too large for a report: more than 8 MB"),
    ],
)
def test_a_file_that_is_no_report(text: bytes, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text)
    assert main(["report", "render", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert what.replace("FILE", str(path)) in err
    assert re.fullmatch(r"maildoctor: .+\n  where: .+\n  what to do: .+\n", err)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs /dev/zero")
@pytest.mark.parametrize("path", ["/nowhere/at/all", "/", "/dev/zero"])
def test_a_file_that_cannot_be_read(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "render", path]) == 2
    assert f"where: {path}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 1),
        (("--fail-on", "never"), 3),
        (("--fail-on", "never", "--allow-unknown"), 0),
        (("--exit-zero",), 0),
        (("--format", "nagios"), 2),
    ],
)
def test_report_render_prints_any_form_and_exits_as_the_report_deserves(
    given_report: str, words: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "render", given_report, *words]) == code
    for form in FORMATS:
        capsys.readouterr()
        assert main(["report", "render", given_report, "--exit-zero", "--ascii", "--format", form]) == 0
        state = 0 if form == "nagios" else None
        pages = pages_of(()) if form == "sarif" else {}
        style = Style(ascii=True, state=state, pages=pages)
        assert capsys.readouterr().out == rendered(_again(FULL), form, style)


def test_a_pipe_is_a_report_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = io.TextIOWrapper(io.BytesIO(as_json.render(REPORTS["warned"]).encode()))
    monkeypatch.setattr(sys, "stdin", pipe)
    assert main(["report", "render", "-", "--json"]) == 0
    assert capsys.readouterr().out == as_json.render(REPORTS["warned"])


def test_a_log_of_nothing_is_unknown_to_a_plugin() -> None:
    nothing = replace(READ, ranked=(), log=LogRead(("mail.log",), 0, 0, 0))
    assert _plugin(nothing)[0] == "SMTP AUTH UNKNOWN - there was nothing to read"


def test_the_status_of_a_log_is_that_of_triage() -> None:
    quiet = replace(READ, ranked=())
    assert status(quiet, Policy()) == 3
    assert status(replace(quiet, log=replace(LOG, damage=())), Policy()) == 0
    assert status(_again(replace(quiet, log=LogRead((), 0, 0, 0))), Policy()) == 3


def test_help_tells_of_render(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--help"]) == 0
    said = capsys.readouterr().out
    assert "maildoctor report render report.json" in said
    assert all(form in said for form in FORMATS)
    assert main(["report", "print", "x"]) == 2
    assert "choose from" in capsys.readouterr().err


# ---- all of them, hostile, as a process


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in ("text", "json")])
def test_hostile_words_do_nothing_on_a_terminal(form: str) -> None:
    said = rendered(report(HOSTILE, outcomes=(FAILED,)), form, STYLE)
    assert said.replace("\n", "").isprintable()
    assert unicode(said) == said


@pytest.mark.slow
@any_report
def test_any_report_does_nothing_on_a_terminal(given: Report) -> None:
    for verbosity in (-1, 0, 2):
        said = rendered(given, "text", replace(STYLE, verbosity=verbosity))
        assert said.replace("\n", "").isprintable()
        assert unicode(said) == said


def test_words_that_mean_something_to_one_format() -> None:
    worst = replace(
        report(replace(CAUSE, message="a | b <i>"), outcomes=(FAILED, replace(BROKEN, reason="\x00 ]]>"))),
        matrix=Matrix((MECH, replace(MECH, mech='X"Y\n'))),
    )
    assert _plugin(worst)[0] == r"SMTP AUTH CRITICAL - LINK001 a \x7c b \x3ci\x3e"
    assert _suite(worst).findtext("testcase/error") == r"\x00 ]]>"
    assert [labels for name, labels in _metrics(worst) if name.endswith("usable")] == [("SCRAM-SHA-256",)]
    assert "a &#124; b &#60;i&#62;" in github.summary(worst, STYLE)


def test_a_sample_host_in_every_form(tmp_path: Path) -> None:
    words = [w for form in FORMATS for w in ("-o", f"{form}:{tmp_path}/{form}")]
    command = [sys.executable, "-m", "maildoctor", "check", "--snapshot", str(ROOT / "fixtures/demo")]
    command += ["--format", "nagios", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("SMTP AUTH CRITICAL - PERM001 ")
    assert sorted(os.listdir(tmp_path)) == sorted(FORMATS)
    assert (tmp_path / "nagios").read_text() == done.stdout


def test_the_end_of_the_first_certificate_is_told_to_monitoring() -> None:
    talks = (
        Talk("mail.example.com:587", "", (), until="2026-12-22T06:00:00Z"),
        Talk("mail.example.com:25", "", (), until="2026-12-02T06:00:00Z"),
        Talk("other.example.com:25", "", (), until="2026-11-30T06:00:00Z"),
    )
    reported = replace(FAULTY, started="2026-11-22T06:00:00Z", talks=talks)
    assert "cert_days=8;14:;1:" in rendered(reported, "nagios", Style())
    assert "cert_days" not in rendered(replace(reported, talks=()), "nagios", Style())
    (metric,) = [
        m
        for m in text_string_to_metric_families(rendered(reported, "prometheus", Style()))
        if m.name == "maildoctor_cert_not_after_timestamp_seconds"
    ]
    assert {s.labels["port"]: s.value for s in metric.samples} == {"25": 1796018400.0, "587": 1797919200.0}

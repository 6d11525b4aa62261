"""The engine: which checks there are, which run, what becomes of each, and in what order findings are told."""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor import library as shelves
from maildoctor.check import Check, Found, check, found
from maildoctor.collect import COLLECTORS, knowledge
from maildoctor.correlate import Cause, rank
from maildoctor.engine import Selection, examine
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.names import Names
from maildoctor.facts.processes import Processes
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.host import Answer, NoAnswer, Verb, Why
from maildoctor.library import Library, LibraryError, load_library
from maildoctor.model import SEVERITIES, Evidence, Finding, Ranked, Report


class Words:
    """A host that says what a table holds."""

    kind, name, commands = "snapshot", "mx", ()

    def __init__(self, **said: Answer) -> None:
        self.said, self.asked = said, list[tuple[str, str]]()

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """What the table holds, whatever the subject."""
        self.asked.append((verb, subject))
        return self.said.get(verb, NoAnswer("absent", f"no {verb}"))


class Mute(Words):
    """A host that says nothing, for one reason."""

    def __init__(self, why: Why) -> None:
        super().__init__()
        self.why = why

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """Nothing."""
        return NoAnswer(self.why, "nothing", "x")


def _page() -> str:
    return "Something is wrong.\n\nIt matters.\n\nAdvice: fix it by hand."


def one(code: str, judge: Any, name: str = "") -> Check:
    """A check of this function."""
    judge.__doc__ = _page()
    return check(code, name or code.lower(), "warning", rung="none", role="note", fails=[{}], passes=[{}])(judge)


def judged(host: Words, *checks: Check, causes: tuple[Cause, ...] = (), selection: Selection | None = None) -> Report:
    """The report of these checks alone."""
    return examine(host, Library(checks, causes), selection or Selection())


def outcome(report: Report) -> dict[str, str]:
    """What became of each check."""
    return {o.code: o.outcome for o in report.outcomes}


def always_finds(processes: Processes) -> Iterator[Found]:
    """."""
    yield found("there it is", evidence=[Evidence("ps", "x")], path="/x")


def never_finds(processes: Processes) -> Iterator[Found]:
    """."""
    yield from ()


def raises(processes: Processes) -> Iterator[Found]:
    """."""
    yield found("before it broke", path="/y")
    raise ZeroDivisionError("a secret of the host")


PROCESSES = "1 root 1 /usr/sbin/sendmail sendmail: accepting connections"


# ---- outcomes


def test_a_check_that_breaks_is_told_and_the_run_goes_on() -> None:
    report = judged(
        Words(processes=PROCESSES), one("BAD001", raises), one("OK001", never_finds), one("YES001", always_finds)
    )
    assert outcome(report) == {"BAD001": "broke", "OK001": "pass", "YES001": "fail"}
    broke = report.outcomes[0]
    assert "ZeroDivisionError" in broke.reason and broke.remedy
    assert "secret" not in broke.reason
    assert [r.finding.code for r in report.ranked] == ["YES001"], "half of a broken check's findings are none"


@pytest.mark.parametrize(
    ("no_answer", "verdict"),
    [
        (NoAnswer("refused", "no right", "run as root"), "not_judged"),
        (NoAnswer("unavailable", "no right", "run as root"), "not_judged"),
        (NoAnswer("failed", "no right", "run as root"), "not_judged"),
        (NoAnswer("absent", "no right", "run as root"), "not_applicable"),
    ],
)
def test_what_could_not_be_seen_is_not_judged(no_answer: NoAnswer, verdict: str) -> None:
    report = judged(Words(processes=no_answer), one("X001", always_finds))
    (o,) = report.outcomes
    assert (o.outcome, o.reason, o.remedy) == (verdict, "no right", "run as root")
    assert report.ranked == ()


@pytest.mark.parametrize("no_answer", [NoAnswer("refused", "no", "run as root"), NoAnswer("absent", "no")])
def test_an_optional_fact_hinders_nothing(no_answer: NoAnswer) -> None:
    seen: list[Any] = []

    def judge(names: Names, processes: Processes | Unknown) -> Iterator[Found]:
        seen.append(processes)
        yield from ()

    report = judged(Words(processes=no_answer, hostname="mx", read="192.0.2.1 mx"), one("X001", judge))
    assert outcome(report) == {"X001": "pass"}
    assert isinstance(seen[0], Absent if no_answer.why == "absent" else Unknown)


def test_a_collector_that_breaks_costs_only_its_own_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILDOCTOR_DEBUG", raising=False)

    def broken(host: object, know: object) -> None:
        raise RuntimeError("a secret of the host")

    monkeypatch.setitem(COLLECTORS, Processes, broken)

    def judge(names: Names) -> Iterator[Found]:
        yield from ()

    report = judged(Words(hostname="mx", read=""), one("A001", always_finds), one("B001", judge))
    assert outcome(report) == {"A001": "not_judged", "B001": "pass"}
    assert "RuntimeError" in report.outcomes[0].reason and "secret" not in report.outcomes[0].reason


def test_a_host_of_which_nothing_is_known_is_examined_all_the_same() -> None:
    library = load_library()
    for why in get_args(Why):
        report = examine(Mute(why), library, Selection())
        assert len(report.outcomes) == len(library.checks)
        assert report.counted("broke") == 0
        if why != "absent":
            assert report.counted("pass") == report.counted("fail") == 0, "nothing was seen, so nothing can be well"


def test_a_fact_is_asked_for_once_and_only_where_it_is_wanted() -> None:
    host = Words(processes=PROCESSES, listeners="")
    judged(host, one("A001", always_finds), one("B001", never_finds))
    # the fact itself, whatever names the target, and whether these are files alone that a start will change
    assert host.asked.count(("processes", "")) <= 3
    assert ("read", "/etc/hosts.allow") not in host.asked
    know = knowledge(host, lambda _: None)[0]
    assert know(Processes) is know(Processes)


def test_progress_names_what_is_looked_at() -> None:
    received: list[str] = []
    examine(Words(processes=PROCESSES), Library((one("A001", always_finds),), ()), Selection(), received.append)
    assert "Processes" in received


def test_the_same_finding_twice_is_one() -> None:
    def twice(processes: Processes) -> Iterator[Found]:
        yield found("first words", path="/x")
        yield found("other words", path="/x")

    assert [r.finding.message for r in judged(Words(processes=PROCESSES), one("A001", twice)).ranked] == ["first words"]


# ---- selection


CODES = ("LINK001", "LINK002", "MECH001")
NAMES = {"LINK001": "unresolved-symbol", "LINK002": "missing-library", "MECH001": "plug-in-not-installed"}


@pytest.mark.parametrize(
    ("select", "ignore", "taken"),
    [
        ("", "", "LINK001 LINK002 MECH001"),
        ("LINK001", "", "LINK001"),
        ("link001", "", "LINK001"),
        ("LINK*", "", "LINK001 LINK002"),
        ("*001", "", "LINK001 MECH001"),
        ("LINK00[2-9]", "", "LINK002"),
        ("missing-*", "", "LINK002"),
        ("MISSING-LIBRARY", "", "LINK002"),
        ("LINK001 MECH*", "", "LINK001 MECH001"),
        ("", "LINK*", "MECH001"),
        ("LINK*", "LINK002", "LINK001"),
        ("LINK001", "LINK001", ""),
        ("LINK", "", ""),
    ],
)
def test_selection(select: str, ignore: str, taken: str) -> None:
    checks = [one(code, never_finds, NAMES[code]) for code in CODES]
    selection = Selection(tuple(select.split()), tuple(ignore.split()))
    report = judged(Words(processes=PROCESSES), *checks, selection=selection)
    assert " ".join(o.code for o in report.outcomes) == taken


# ---- where checks come from


EXTRA = '''
from collections.abc import Iterator
from maildoctor.api import Cause, Evidence, Found, check, found
from maildoctor.api.host import Processes

@check("{code}", "extra", "info", rung="none", role="note",
       fails=[{{"processes": "1 root 1 /x y"}}], passes=[{{"processes": ""}}])
def extra(processes: Processes) -> Iterator[Found]:
    """Something runs.

    Advice: look at it.
    """
    for p in processes.all:
        yield found("it runs", evidence=[p.evidence], program=p.program)

CAUSES = (Cause("{code}", ("MECH001",)),)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of checks as an admin makes it."""
    made = tmp_path / "extra"
    made.mkdir(mode=0o755)
    made.chmod(0o755)
    (made / "mine.py").write_text(EXTRA.format(code="MINE001"))
    (made / "mine.py").chmod(0o644)
    (made / "notes.txt").write_text("no check")
    return made


def test_the_checks_of_this_checkout() -> None:
    library = load_library()
    codes = [c.code for c in library.checks]
    assert codes == sorted(set(codes)) and len(codes) > 50
    known = set(codes)
    for cause in library.causes:
        unknown = {cause.code, *cause.explains} - known
        assert not unknown, f"checks/causes.py speaks of {unknown}, which no check has"
        assert cause.code not in cause.explains


def test_checks_of_a_folder(folder: Path) -> None:
    library = load_library([str(folder)])
    mine = next(c for c in library.checks if c.code == "MINE001")
    assert mine.on({"processes": "1 root 1 /x y"})[0].fingerprint == "MINE001:program=/x"
    assert any(c.code == "MINE001" for c in library.causes)
    assert "MINE001" not in {c.code for c in load_library().checks}


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777, 0o1777])
def test_a_folder_that_others_can_write_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(LibraryError, match="others can write") as refused:
        load_library([str(folder)])
    assert refused.value.remedy == "keep them where root or you alone can write"


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_check_that_others_can_write_is_refused(folder: Path, mode: int) -> None:
    (folder / "mine.py").chmod(mode)
    with pytest.raises(LibraryError, match="others can write"):
        load_library([str(folder)])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
@pytest.mark.parametrize("name", [".", "mine.py"])
def test_checks_of_another_user_are_refused(folder: Path, name: str) -> None:
    os.chown(folder / name, 12345, -1)
    with pytest.raises(LibraryError, match="another user owns"):
        load_library([str(folder)])


def test_a_link_among_the_checks_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(EXTRA.format(code="MINE002"))
    (folder / "linked.py").symlink_to(tmp_path / "theirs.py")
    library = load_library([str(folder)])
    assert "MINE002" not in {c.code for c in library.checks}
    assert "linked.py" in library.broken[0].reason


def test_a_directory_above_that_others_can_write_is_refused(folder: Path) -> None:
    folder.parent.chmod(0o777)
    with pytest.raises(LibraryError, match="others can write") as refused:
        load_library([str(folder)])
    assert refused.value.where == str(folder.parent)
    folder.parent.chmod(0o1777)  # as /tmp is: others can put nothing in the place of what is there
    assert not load_library([str(folder)]).broken


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_a_link_of_another_user_on_the_way_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(folder)
    assert not load_library([str(tmp_path / "way")]).broken
    os.chown(tmp_path / "way", 12345, -1, follow_symlinks=False)
    with pytest.raises(LibraryError, match="another user owns"):
        load_library([str(tmp_path / "way")])


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("mine.py", "def broken(", "cannot be loaded"),
        ("mine.py", "import no_such_module", "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'"),
        ("mine.py", "1 / 0", "cannot be loaded"),
        ("mine.py", "raise SystemExit(0)", "cannot be loaded: SystemExit"),
        ("mine.py", "CAUSES = 7", "CAUSES or ORDER is not what it has to be"),
        (
            "mine.py",
            EXTRA.format(code="MINE001").replace('fails=[{"processes": "1 root 1 /x y"}]', "fails=[]"),
            "needs a failing and a passing sample",
        ),
        ("mine.py", EXTRA.format(code="MINE001").replace("Advice:", "Do"), "'Advice:'"),
        ("second.py", EXTRA.format(code="MINE001"), "MINE001 is taken twice"),
        ("second.py", EXTRA.format(code="MECH001"), "MECH001 is taken twice"),
    ],
)
def test_a_check_that_cannot_be_used_is_named(folder: Path, name: str, text: str, says: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o644)
    library = load_library([str(folder)])
    assert [o.outcome for o in library.broken] == ["broke"]
    assert says in library.broken[0].reason and str(folder / name) in library.broken[0].reason
    assert "MECH001" in {c.code for c in library.checks}
    report = examine(Words(processes=PROCESSES), library, Selection(select=("MINE001",)))
    assert library.broken[0] in report.outcomes
    if name == "second.py":  # the first that takes a code keeps it
        assert [o.outcome for o in report.outcomes if o.code == "MINE001"] == ["fail"]


@pytest.mark.parametrize("name", ["nothing", "file"])
def test_a_folder_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x = 1\n")
    (tmp_path / "file").chmod(0o644)
    with pytest.raises(LibraryError) as refused:
        load_library([str(tmp_path / name)])
    assert refused.value.remedy


def test_no_check_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "_add_builtin", lambda shelf: None)
    monkeypatch.setattr(shelves, "_add_installed", lambda shelf: None)
    with pytest.raises(LibraryError, match="no check at all"):
        load_library()


# ---- plug-ins


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed distribution with a package of checks."""
    site = tmp_path / "site"
    (site / "ours_for_test").mkdir(parents=True)
    (site / "ours_for_test/__init__.py").write_text("")
    (site / "ours_for_test/local.py").write_text(EXTRA.format(code="OURS001"))
    info = site / "ours_for_test-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ours-for-test\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[maildoctor.checks]\nours = ours_for_test\n")
    monkeypatch.syspath_prepend(str(site))
    yield site
    for name in [n for n in sys.modules if n.startswith("ours_for_test")]:
        del sys.modules[name]


def test_a_plug_in_brings_checks_and_causes(plug_in: Path) -> None:
    library = load_library()
    assert "OURS001" in {c.code for c in library.checks}
    assert "OURS001" in {c.code for c in library.causes}


@pytest.mark.parametrize("target", ["no_such_module", "ours_for_test:nothing", "ours_for_test.broken"])
def test_a_plug_in_that_cannot_be_loaded_is_named(plug_in: Path, target: str) -> None:
    (plug_in / "ours_for_test/broken.py").write_text("1 / 0")
    (plug_in / "ours_for_test-1.dist-info/entry_points.txt").write_text(f"[maildoctor.checks]\nours = {target}\n")
    library = load_library()
    assert target in library.broken[0].reason and "MECH001" in {c.code for c in library.checks}


def test_a_plug_in_whose_module_is_broken_is_named(plug_in: Path) -> None:
    (plug_in / "ours_for_test/local.py").write_text("1 / 0")
    library = load_library()
    assert "ours_for_test.local: it cannot be loaded: ZeroDivisionError" in library.broken[0].reason
    assert "MECH001" in {c.code for c in library.checks}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_a_plug_in_that_others_could_change_is_not_run(plug_in: Path, tmp_path: Path) -> None:
    (plug_in / "ours_for_test/local.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (plug_in / "ours_for_test").chmod(0o777)
    library = load_library()
    assert "others can write it" in library.broken[0].reason and not (tmp_path / "ran").exists()
    (plug_in / "ours_for_test").chmod(0o755)
    os.chown(plug_in / "ours_for_test/local.py", 12345, -1)
    library = load_library()
    assert "another user owns it" in library.broken[0].reason and not (tmp_path / "ran").exists()


def test_a_plug_in_does_not_take_a_code_of_ours(plug_in: Path) -> None:
    (plug_in / "ours_for_test/local.py").write_text(EXTRA.format(code="MECH001"))
    found = load_library()
    assert "MECH001 is taken twice" in found.broken[0].reason and "ours_for_test/local" in found.broken[0].reason
    assert next(c for c in found.checks if c.code == "MECH001").judge.__module__.startswith("maildoctor.checks.")


def test_a_path_that_cannot_be_listed_hides_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(tmp_path / "gone"))
    (tmp_path / "odd-1.dist-info").mkdir()
    (tmp_path / "odd-1.dist-info/entry_points.txt").write_bytes(b"\xff\xfe")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_library().checks


# ---- causes


def finding(code: str, subject: str = "x", severity: str = "error") -> Finding:
    """A finding of this code on this subject."""
    return Finding(code, code.lower(), severity, code, "", "", labels={"subject": subject})  # type: ignore[arg-type]


def reported(ranked: tuple[Ranked, ...]) -> list[str]:
    """`A` for a root, `B<A` for a symptom of A, in the order of the report."""
    return [r.finding.code + (f"<{r.explained_by.partition(':')[0]}" if r.explained_by else "") for r in ranked]


@pytest.mark.parametrize(
    ("findings", "causes", "order"),
    [
        ("", {}, ""),
        ("A B", {}, "A B"),
        ("B A", {"A": "B"}, "A B<A"),
        ("C B A", {"A": "B", "B": "C"}, "A B<A C<B"),  # chains nest
        ("C B A", {"B": "C", "A": "B"}, "A B<A C<B"),
        ("A B", {"A": "B", "B": "A"}, "A B<A"),  # a circle keeps both
        ("A B C", {"A": "B", "B": "C", "C": "A"}, "A B<A C<B"),
        ("A", {"A": "A"}, "A"),
        ("B", {"A": "B"}, "B"),  # the cause was not found
        ("A B C", {"A": "C", "B": "C"}, "A C<A B"),  # the first cause wins
        ("B A Z", {"A": "", "B": ""}, "A B Z"),  # named before others, in the order of the causes
        ("Z B A", {"B": "", "A": ""}, "B A Z"),
    ],
)
def test_symptoms_stand_under_their_cause(findings: str, causes: dict[str, str], order: str) -> None:
    ranked = rank([finding(c) for c in findings.split()], [Cause(c, tuple(e.split())) for c, e in causes.items()])
    assert reported(ranked) == order.split()
    assert [r.rank for r in ranked] == [*range(1, len(ranked) + 1)]


def test_severity_goes_before_all_else() -> None:
    findings = [finding("I", severity="info"), finding("W", severity="warning"), finding("E")]
    assert reported(rank(findings, [Cause("I", ()), Cause("W", ())])) == ["E", "W", "I"]


def test_of_equals_the_one_that_explains_more_comes_first() -> None:
    causes = [Cause("A", ("S",), lambda c, s: c.labels["subject"] == "2")]
    ranked = rank([finding("A", "1"), finding("A", "2"), finding("S")], causes)
    assert [r.finding.labels["subject"] for r in ranked if r.finding.code == "A"] == ["2", "1"]


def test_a_condition_joins_the_right_pairs() -> None:
    same = Cause("A", ("B",), lambda c, s: c.labels["subject"] == s.labels["subject"])
    ranked = rank(
        [finding("A", "1"), finding("A", "2"), finding("B", "1"), finding("B", "2"), finding("B", "3")], [same]
    )
    assert {r.finding.labels["subject"]: r.explained_by for r in ranked if r.finding.code == "B"} == {
        "1": "A:subject=1",
        "2": "A:subject=2",
        "3": None,
    }


LETTERS = "ABCDEF"
some_findings = st.lists(
    st.builds(finding, st.sampled_from(LETTERS), st.sampled_from("12"), st.sampled_from(SEVERITIES)),
    max_size=10,
    unique_by=lambda f: f.fingerprint,
)
some_causes = st.lists(
    st.builds(
        Cause,
        st.sampled_from(LETTERS),
        st.lists(st.sampled_from(LETTERS), max_size=4).map(tuple),
        st.sampled_from([lambda c, s: True, lambda c, s: c.labels == s.labels, lambda c, s: c.severity == s.severity]),
    ),
    max_size=10,
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(findings=some_findings, causes=some_causes, seed=st.integers(0, 99))
def test_every_report_is_a_forest_that_holds_each_finding_once(
    findings: list[Finding], causes: list[Cause], seed: int
) -> None:
    ranked = rank(findings, causes)
    assert sorted(r.finding.fingerprint for r in ranked) == sorted(f.fingerprint for f in findings)
    assert [r.rank for r in ranked] == [*range(1, len(ranked) + 1)]
    seen: dict[str, Ranked] = {}
    open_branch: list[str] = []
    for r in ranked:
        if r.explained_by is None:
            open_branch = []
        else:
            assert r.explained_by in seen, "a symptom stands behind its cause"
            assert r.explained_by in open_branch, "a symptom stands among those of its own root"
            open_branch = open_branch[: open_branch.index(r.explained_by) + 1]
            cause = seen[r.explained_by].finding
            assert any(
                c.code == cause.code and r.finding.code in c.explains and c.when(cause, r.finding) for c in causes
            )
        open_branch.append(r.finding.fingerprint)
        seen[r.finding.fingerprint] = r
    roots = [r.finding for r in ranked if r.explained_by is None]
    assert [SEVERITIES.index(f.severity) for f in roots] == sorted(SEVERITIES.index(f.severity) for f in roots)
    place = {c.code: n for n, c in reversed(list(enumerate(causes)))}
    weights = [(SEVERITIES.index(f.severity), place.get(f.code, len(place) + len(causes))) for f in roots]
    assert weights == sorted(weights), "among equals the order of the causes decides"


@settings(max_examples=100, deadline=None)
@given(findings=some_findings, causes=some_causes)
def test_no_root_is_left_that_a_cause_could_explain(findings: list[Finding], causes: list[Cause]) -> None:
    """But for circles: a finding that explains its only cause stays a root."""
    ranked = rank(findings, causes)
    parent = {r.finding.fingerprint: r.explained_by for r in ranked}

    def above(mark: str | None) -> Iterator[str]:
        while mark is not None:
            yield mark
            mark = parent[mark]

    for root in (r.finding for r in ranked if r.explained_by is None):
        for cause in causes:
            for f in findings:
                if (
                    f.code == cause.code
                    and root.code in cause.explains
                    and cause.when(f, root)
                    and f.fingerprint != root.fingerprint
                ):
                    assert root.fingerprint in above(f.fingerprint)


def test_the_order_does_not_depend_on_that_of_the_findings() -> None:
    causes = load_library().causes
    findings = [finding(c) for c in sorted({c.code for c in causes})]
    dice = random.Random(4)
    roots = set()
    for _ in range(5):
        dice.shuffle(findings)
        roots.add(tuple(reported(rank(findings, causes))))
    assert len(roots) == 1


def test_a_check_on_a_sample_takes_what_the_sample_lacks_for_absent() -> None:
    def judge(cf: SendmailCf, processes: Processes | Unknown) -> Iterator[Found]:
        assert isinstance(processes, Absent)
        yield found("x", path=cf.path)

    assert one("X001", judge).on({"cf": "O LogLevel=9"})

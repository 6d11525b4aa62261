"""What fix does to a host, and that undo gives back every byte of it."""

import hashlib
import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maildoctor import filesystem
from maildoctor.cli import fix, suppressions, undo
from maildoctor.cli.differences import difference
from maildoctor.cli.report_error import UsageError
from maildoctor.facts.system import System
from maildoctor.filesystem import State, Unsafe
from maildoctor.model import Edit, Finding, Outcome, Ranked, Report, Step, Suppression, Target, Verdict
from maildoctor.plan import steps as typed
from maildoctor.plan.shell import rendered
from maildoctor.repair import journal as journals
from maildoctor.repair import steps
from maildoctor.repair.journal import Journal, JournalError
from maildoctor.repair.plan import Leave, plan
from maildoctor.repair.run import Done, carried_out

DEBIAN = System.parse("os-release ID=debian\ninit systemd")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setattr(journals, "FOLDER", str(tmp_path / "kept"))
    journals.prepare()
    return Journal.new("2026-11-30T20:00:00Z")


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o755)
    (folder / "Sendmail.conf").write_text("pwcheck_method: saslauthd\nmech_list: PLAIN\n")
    (folder / "Sendmail.conf").chmod(0o640)
    (folder / "access").write_text("a RELAY\n")
    os.utime(folder / "access", ns=(1, 2))
    return folder


def tree(top: Path) -> Mapping[str, tuple[object, ...]]:
    """All that undo promises: bytes, owner, mode, attributes and times of everything below."""
    found = {}
    for path in [top, *sorted(top.rglob("*"))]:
        s = path.lstat()
        data = os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        names = os.listxattr(path, follow_symlinks=False)
        attributes = [(name, os.getxattr(path, name, follow_symlinks=False)) for name in names]
        found[str(path)] = (s.st_mode, s.st_uid, s.st_gid, s.st_mtime_ns, hashlib.sha256(data).hexdigest(), attributes)
    return found


def command(*plain: typed.Step) -> list[Step]:
    return list(rendered(plain, DEBIAN))


def remedies(etc: Path) -> list[typed.Step]:
    """Of each kind of step that changes files one that can be done anywhere."""
    conf, access, new = str(etc / "Sendmail.conf"), str(etc / "access"), str(etc / "new")
    return [
        typed.Chmod("600", (conf, access), ("640", "644")),
        typed.Chown(f"{os.geteuid()}:{os.getegid()}", (conf,), "root:root", "600", "640"),
        typed.SetOption(conf, "pwcheck_method", "auxprop", "saslauthd"),
        typed.SetOption(conf, "realm", "example.com", new=True),
        typed.AddLine(access, "b RELAY"),
        typed.RemoveLine(access, "a RELAY"),
        typed.SetRow(access, "a", "REJECT", "RELAY"),
        typed.CreateFile(new),
        typed.WriteFile(new, ("one", "two")),
        typed.Link(new, conf),
        typed.MakeFolder(new, str(os.geteuid()), str(os.getegid()), "750"),
        typed.Move(access, new),
        typed.RemoveFile(access),
        typed.CommentOutLines(conf, 1, 2),
    ]


@pytest.mark.parametrize("number", range(14))
def test_a_step_is_done_and_taken_back_to_the_byte(number: int, etc: Path, kept: Journal) -> None:
    before = tree(etc)
    for step in command(remedies(etc)[number]):
        steps.do(step, "X001", "it", kept)
    assert tree(etc) != before
    read = Journal.read(kept.id)  # as another process finds it
    assert not steps.changed_since(read.entries)
    for entry in reversed(read.entries):
        steps.take_back(entry, read)
    assert tree(etc) == before
    assert not Journal.read(kept.id).open


def test_several_steps_on_one_file_are_taken_back(etc: Path, kept: Journal) -> None:
    before = tree(etc)
    for step in command(*remedies(etc)[:7]):
        steps.do(step, "X001", "it", kept)
    for entry in reversed(kept.entries):
        steps.take_back(entry, kept)
    assert tree(etc) == before


def test_an_acl_comes_back(etc: Path, kept: Journal) -> None:
    conf = etc / "Sendmail.conf"
    try:
        os.setxattr(conf, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no attributes")
    before = tree(etc)
    for step in command(typed.SetOption(str(conf), "pwcheck_method", "auxprop", "saslauthd")):
        steps.do(step, "X001", "it", kept)
    steps.take_back(kept.entries[0], kept)
    assert tree(etc) == before


def test_what_someone_changed_since_is_not_overwritten(etc: Path, kept: Journal) -> None:
    for step in command(typed.AddLine(str(etc / "access"), "b RELAY")):
        steps.do(step, "X001", "it", kept)
    with (etc / "access").open("a") as file:
        file.write("c RELAY\n")
    assert steps.changed_since(Journal.read(kept.id).entries) == [str(etc / "access")]


def test_a_link_a_shared_file_and_a_loose_folder_are_refused(etc: Path, kept: Journal, tmp_path: Path) -> None:
    (etc / "link").symlink_to("access")
    os.link(etc / "access", etc / "other")
    loose = etc / "loose"
    loose.mkdir()
    (loose / "file").write_text("x\n")
    loose.chmod(0o777)
    before = tree(etc)
    for path, why in (("link", "symbolic link"), ("access", "another name"), ("loose/file", "others can write it"),
                      ("gone/file", "not there")):  # fmt: skip
        with pytest.raises(steps.Refused, match=why):
            for step in command(typed.AddLine(str(etc / path), "b")):
                steps.do(step, "X001", "it", kept)
    assert tree(etc) == before
    assert not kept.entries


def test_the_folder_that_is_loose_is_fixed_itself(etc: Path, kept: Journal) -> None:
    etc.chmod(0o775)
    for step in command(typed.Chmod("g-w", (str(etc),), ("775",))):
        steps.do(step, "X001", "it", kept)
    assert stat.S_IMODE(etc.stat().st_mode) == 0o755
    steps.take_back(kept.entries[0], kept)
    assert stat.S_IMODE(etc.stat().st_mode) == 0o775


def test_what_cannot_be_kept_is_not_changed(etc: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(etc)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(filesystem, "write", full)
    with pytest.raises(JournalError, match="No space left"):
        for step in command(typed.AddLine(str(etc / "access"), "b RELAY")):
            steps.do(step, "X001", "it", kept)
    assert tree(etc) == before


def test_a_journal_that_is_none_is_named(kept: Journal) -> None:
    for words in ("", "{}", '{"started": 1, "ended": 1, "entries": [{}]}', "[1]"):
        filesystem.write(f"{kept.folder}/journal.json", words.encode(), 0o600)
        with pytest.raises(JournalError, match="no journal"):
            Journal.read(kept.id)
    with pytest.raises(JournalError, match="no name"):
        Journal.read("../etc")


def test_a_daemon_that_a_step_starts_is_not_waited_for(etc: Path, kept: Journal) -> None:
    began = time.monotonic()
    steps.do(Step("sleep 60 &", "risky", kind="changes"), "X001", "it", kept)
    assert time.monotonic() - began < 30
    subprocess.run(["pkill", "-f", "^sleep 60$"], check=False)


KILLED = """
import sys
from maildoctor.repair import journal, steps
from maildoctor.model import Step
journal.FOLDER = sys.argv[1]
journal.prepare()
kept = journal.Journal.new("2026-11-30T20:00:00Z")
print(kept.id, flush=True)
for n in range(40):
    path = sys.argv[2]
    steps.do(Step(f"sed -i 's/RELAY/RELAY {n}/' {path}", "safe", kind="changes", changes=(path,)), "X001", "it", kept)
    steps.do(Step(f"chmod 6{n % 7}4 {path}", "safe", kind="changes", changes=(path,)), "X001", "it", kept)
"""
UNDONE = """
import sys
from maildoctor.repair import journal, steps
journal.FOLDER = sys.argv[1]
for name in journal.journals():
    kept = journal.Journal.read(name)
    for entry in reversed(kept.entries):
        if entry.stage != "undone":
            steps.take_back(entry, kept)
"""


def killed(code: str, *words: str, after: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout
    process.stdout.readline()  # it has begun
    time.sleep(after)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_it_can_be_put_back(seed: int, etc: Path, tmp_path: Path) -> None:
    """Doing is killed, then putting back is killed, and the next putting back finds the way."""
    before, chance = tree(etc), random.Random(seed)
    words = [str(tmp_path / "kept"), str(etc / "access")]
    killed(KILLED, *words, after=chance.random() * 0.5)
    process = subprocess.Popen([sys.executable, "-c", UNDONE, *words], start_new_session=True)
    time.sleep(chance.random() * 0.3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    subprocess.run([sys.executable, "-c", UNDONE, *words], check=True)
    for rest in etc.glob(".maildoctor-*"):
        rest.unlink()  # a draft of the moment
    after = tree(etc)
    assert {p: s for p, s in after.items() if p != str(etc)} == {p: s for p, s in before.items() if p != str(etc)}


@given(st.binary(max_size=200), st.integers(0, 0o7777), st.integers(1, 2**50))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_file_comes_back(tmp_path: Path, data: bytes, mode: int, modified: int) -> None:
    path = tmp_path / "file"
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, ns=(modified, modified))
    before = filesystem.state(str(path))
    for other in (State("nothing"), State("link", 0o120777, os.geteuid(), os.getegid(), 1, 1, (), b"/nowhere"),
                  State("folder", 0o40755, os.geteuid(), os.getegid(), 1, 1)):  # fmt: skip
        filesystem.put_back(str(path), other)
        assert filesystem.state(str(path)).kind == other.kind
        filesystem.put_back(str(path), before)
        assert filesystem.state(str(path)).same(before)


def test_no_path_leads_through_a_strangers_folder(tmp_path: Path) -> None:
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose").chmod(0o777)
    with pytest.raises(Unsafe, match="others can write"):
        filesystem.state(str(tmp_path / "loose" / "file"))


# ---- the plan, and what becomes of it


def finding(*fix: Step, code: str = "PERM001", severity: str = "error") -> Finding:
    return Finding(code, "name", severity, f"{code} is wrong", "", "", fix)  # type: ignore[arg-type]


def report(*findings: Finding, verdict: str = "broken") -> Report:
    ranked = tuple(Ranked(f, n, None) for n, f in enumerate(findings, 1))
    return Report(
        Target("host", "it"), "2026-11-30T20:00:00Z", 0.1, ranked, (Outcome("X001", "x", "pass"),),
        verdict=Verdict(verdict, ""),  # type: ignore[arg-type]
    )  # fmt: skip


SAFE = Step("chmod 600 /x", "safe", kind="changes", changes=("/x",))
RISKY = Step("chown root /x", "risky", kind="changes", changes=("/x",))
RESTART = Step("service sendmail restart", "risky", kind="restarts")
BY_HAND = Step("# in /x: y", "manual", kind="by_hand")
LOOK = Step("ls -l /x", "safe", kind="looks")
PACKAGE = Step("apt-get install x", "risky", kind="changes")
OF_A_RULE = Step("postconf -e x=y", "risky")


@pytest.mark.parametrize(
    ("steps", "leave", "left"),
    [
        ((SAFE, RESTART), Leave(), ["", "needs --restart"]),
        ((SAFE, RESTART), Leave(restarts=True), ["", ""]),
        ((RISKY, RESTART), Leave(restarts=True), ["risky", "it follows a step that is left"]),
        ((RISKY, RESTART), Leave(("PERM*",), restarts=True), ["", ""]),
        ((RISKY,), Leave(all_steps=True), [""]),
        ((LOOK, BY_HAND, SAFE), Leave(all_steps=True, restarts=True), ["by hand", "it follows a step that is left"]),
        ((PACKAGE,), Leave(), ["risky"]),
        ((OF_A_RULE,), Leave(all_steps=True), ["a command to be made complete"]),
    ],
)
def test_what_is_done_and_why_the_rest_is_left(steps: tuple[Step, ...], leave: Leave, left: list[str]) -> None:
    [repair] = plan(report(finding(*steps)), leave)
    assert [one.left.partition(":")[0] for one in repair.steps] == left


def test_a_user_who_is_not_known_is_not_made() -> None:
    add = command(typed.AddUser("USER", "example.com"))
    [repair] = plan(report(finding(*add)), Leave(all_steps=True))
    assert [one.left for one in repair.steps] == ["a command to be made complete"]


def test_notes_and_symptoms_are_not_fixed_unless_named() -> None:
    note = finding(SAFE, code="SYS001", severity="info")
    found = report(finding(SAFE), note)
    found = replace(found, ranked=(*found.ranked, Ranked(finding(SAFE, code="RUN001"), 3, "PERM001")))
    assert [m.finding.code for m in plan(found, Leave())] == ["PERM001"]
    assert [m.finding.code for m in plan(found, Leave(("RUN001", "sys*")))] == ["SYS001", "RUN001"]


def test_what_somebody_chose_to_live_with_is_left_alone_unless_it_is_named() -> None:
    found = report(finding(SAFE))
    known = Suppression("PERM001", "the backup reads it", "", "/etc/maildoctor.toml:1")
    kept = replace(found, ranked=tuple(replace(r, suppression=known) for r in found.ranked))
    assert plan(kept, Leave()) == []
    assert [m.finding.code for m in plan(kept, Leave(("PERM001",)))] == ["PERM001"]
    over = replace(kept, ranked=tuple(replace(r, suppression=replace(known, over=True)) for r in kept.ranked))
    assert [m.finding.code for m in plan(over, Leave())] == ["PERM001"]


def test_the_file_of_suppressions_counts_for_a_repair_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "maildoctor.toml"
    given.write_text('[[suppress]]\ncode = "PERM001"\nreason = "the backup reads it"\nuntil = "never"\n')
    monkeypatch.setattr(suppressions, "CONFIGURATION", str(given))
    monkeypatch.setattr(fix, "examine", lambda *_: report(finding(SAFE), finding(SAFE, code="PERM002")))
    assert fix.run([]) == 1
    out = capsys.readouterr().out
    assert "PERM002" in out and "PERM001" not in out


def fixed(before: Report, after: Iterator[Report], kept: Journal) -> list[Done]:
    return list(
        carried_out(plan(before, Leave(all_steps=True)), Leave(all_steps=True), before, lambda: next(after), kept)
    )


@pytest.fixture
def change(etc: Path) -> Step:
    return command(typed.AddLine(str(etc / "access"), "b RELAY"))[0]


def test_what_helps_stays(etc: Path, kept: Journal, change: Step) -> None:
    [done] = fixed(report(finding(change)), iter([report(verdict="works")]), kept)
    assert done.result == "fixed"
    assert "b RELAY" in (etc / "access").read_text()


def test_what_does_not_help_is_taken_back(etc: Path, kept: Journal, change: Step) -> None:
    before = tree(etc)
    wrong = report(finding(change))
    [done] = fixed(wrong, iter([wrong, wrong]), kept)
    assert done.result == "no_help"
    assert tree(etc) == before


def test_what_makes_it_worse_is_taken_back(etc: Path, kept: Journal, change: Step) -> None:
    before = tree(etc)
    wrong = report(finding(change, severity="warning"), verdict="works")
    worse = report(finding(code="RUN001"))
    [done] = fixed(wrong, iter([worse, wrong]), kept)
    assert (done.result, done.why) == ("worse", "it brought RUN001: RUN001 is wrong; what was done is taken back")
    assert tree(etc) == before


def test_what_waits_for_a_restart_stays(etc: Path, kept: Journal, change: Step) -> None:
    wrong = report(finding(change, RESTART))
    [done] = fixed(wrong, iter([wrong]), kept)
    assert done.result == "waits"
    assert "b RELAY" in (etc / "access").read_text()


def test_a_command_that_fails_takes_back_what_came_before_it(etc: Path, kept: Journal, change: Step) -> None:
    before = tree(etc)
    fails = Step("echo it did not work >&2; false", "risky", kind="changes")
    [done] = fixed(report(finding(change, fails)), iter([report()]), kept)
    assert done.result == "failed"
    assert "it did not work" in done.why
    assert "it is not known what this changed" in done.why
    assert tree(etc) == before


def test_a_host_that_changed_meanwhile_is_left_alone(etc: Path, kept: Journal, change: Step) -> None:
    other = finding(command(typed.AddLine(str(etc / "access"), "c RELAY"))[0], code="PERM002")
    first = report(finding(change), other)
    later = report(replace(other, fix=(change,)))
    results = fixed(first, iter([later]), kept)
    assert [done.result for done in results] == ["fixed", "changed"]
    gone = fixed(first, iter([report()]), kept)
    assert [done.result for done in gone] == ["fixed", "gone"]


def test_a_file_that_changed_while_the_host_was_looked_at_is_left_alone(etc: Path, kept: Journal) -> None:
    """The remedy is the same, and yet it was not judged on what stands there now."""
    access, conf = etc / "access", etc / "Sendmail.conf"
    first = finding(*command(typed.SetOption(str(conf), "mech_list", "LOGIN", "PLAIN")))
    second = finding(*command(typed.CommentOutLines(str(access), 1, 1)), code="PERM002")
    third = finding(*command(typed.Chmod("600", (str(conf),), ("640",))), code="PERM003")

    def examined() -> Iterator[Report]:
        with access.open("a") as file:
            file.write("c RELAY\n")
        yield report(second, third)
        yield report()

    judged = steps.seen([*first.fix, *second.fix, *third.fix])
    turns, leave = examined(), Leave(all_steps=True)
    results = list(carried_out(plan(report(first, second, third), leave), leave, report(first, second, third),
                               lambda: next(turns), kept, judged))  # fmt: skip
    assert [done.result for done in results] == ["fixed", "refused", "fixed"]
    assert "someone changed it while the host was looked at" in results[1].why
    assert access.read_text() == "a RELAY\nc RELAY\n"


def test_a_finding_that_follows_from_another_one_now_is_no_fault_that_went(
    etc: Path, kept: Journal, change: Step
) -> None:
    other = finding(command(typed.AddLine(str(etc / "access"), "c RELAY"))[0], code="PERM002")
    root = finding(code="RUN001", severity="warning")
    below = report(root, other)
    below = replace(below, ranked=(below.ranked[0], replace(below.ranked[1], explained_by="RUN001")))
    results = fixed(report(finding(change), other), iter([below]), kept)
    assert [done.result for done in results] == ["fixed", "changed"]
    assert "follows from another" in results[1].why


@pytest.mark.parametrize(
    "outcome", [Outcome("PERM001", "x", "not_judged", "no time"), Outcome("PERM001", "x", "broke")]
)
def test_what_is_not_judged_any_more_is_not_fixed(etc: Path, kept: Journal, change: Step, outcome: Outcome) -> None:
    other = finding(command(typed.AddLine(str(etc / "access"), "c RELAY"))[0], code="PERM002")
    blind = replace(report(), outcomes=(outcome, replace(outcome, code="PERM002")))
    results = fixed(report(finding(change), other), iter([blind]), kept)
    assert [done.result for done in results] == ["unseen", "unseen"]
    assert "b RELAY" in (etc / "access").read_text()


# ---- what goes wrong on a real host


def do(journal: Journal, command: str, *paths: Path, kind: str = "changes", **more: Any) -> journals.Entry:
    edits = tuple(Edit(str(path), "mode", ("600",)) for path in paths if command.startswith("chmod "))
    changed = tuple(map(str, paths))
    return steps.do(Step(command, "risky", kind=kind, changes=changed, edits=edits, **more), "X001", "it", journal)  # type: ignore[arg-type]


def test_an_immutable_file_is_left_as_it_is(etc: Path, kept: Journal) -> None:
    access = etc / "access"
    if subprocess.run(["chattr", "+i", str(access)], capture_output=True).returncode:
        pytest.skip("this file system has no immutable files")
    try:
        before = tree(etc)
        change = command(typed.AddLine(str(access), "b RELAY"))
        [done] = fixed(report(finding(*change)), iter([report()]), kept)
        assert (done.result, "not permitted" in done.why) == ("failed", True)
        assert kept.entries[0].stage == "undone"
        assert tree(etc) == before
    finally:
        subprocess.run(["chattr", "-i", str(access)], check=True)


def test_hard_links_and_full_directories_are_refused(etc: Path, kept: Journal) -> None:
    (etc / "folder").mkdir()
    os.link(etc / "access", etc / "other")
    for change in (typed.Chmod("600", (str(etc / "access"),), ("644",)), typed.Move(str(etc / "folder"), f"{etc}/new")):
        with pytest.raises(steps.Refused, match=r"another name|no copy"):
            steps.do(command(change)[0], "X001", "it", kept)
    assert not kept.entries


def test_a_file_that_grew_too_large_is_put_back(etc: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(etc)
    monkeypatch.setattr(filesystem, "LIMIT", 10_000)
    with pytest.raises(steps.Failed, match="larger than"):
        do(kept, f"head -c 20000 /dev/zero > {etc}/access", etc / "access")
    steps.take_back(kept.entries[0], kept)
    assert tree(etc) == before
    (etc / "large").write_bytes(b"x" * 20_000)
    with pytest.raises(steps.Refused, match="larger than"):
        do(kept, f"rm {etc}/large", etc / "large")
    assert (etc / "large").exists()


def test_a_path_that_is_no_text_comes_back(etc: Path, kept: Journal) -> None:
    path = Path(os.fsdecode(bytes(etc) + b"/caf\xe9"))
    path.write_text("old\n")
    before = tree(etc)
    do(kept, f"printf 'new\\n' > {path}", path)
    assert path.read_text() == "new\n"
    read = Journal.read(kept.id)
    steps.take_back(read.entries[0], read)
    assert tree(etc) == before


def test_a_socket_is_its_programs(etc: Path, kept: Journal) -> None:
    """It gets its old mode where it is the same, and nothing is made where it is gone."""
    path = etc / "mux"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
    path.chmod(0o700)
    entry = do(kept, f"chmod 777 {path}", path)
    path.unlink()
    assert not steps.changed_since(kept.entries)
    steps.take_back(entry, kept)
    assert not path.exists()


def test_what_a_new_command_makes_is_not_for_others_to_write(etc: Path, kept: Journal) -> None:
    before = os.umask(0)
    try:
        do(kept, f"echo x > {etc}/new", etc / "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((etc / "new").stat().st_mode) == 0o644


def test_what_a_service_writes_when_it_starts_is_no_strangers_change(etc: Path, kept: Journal) -> None:
    before = tree(etc)
    do(kept, f"echo b RELAY >> {etc}/access", etc / "access")
    do(kept, f"echo built >> {etc}/access", kind="restarts")
    assert not steps.changed_since(Journal.read(kept.id).entries)
    for entry in reversed(kept.entries):
        steps.take_back(entry, kept)
    assert {p: s for p, s in tree(etc).items() if p != str(etc)} == {p: s for p, s in before.items() if p != str(etc)}


def test_a_service_starts_again_with_what_it_had(etc: Path, kept: Journal, change: Step, tmp_path: Path) -> None:
    """Where its step did not help, and where it did not start with the change."""
    seen = tmp_path / "seen"
    for ends, results in (("true", "no_help"), ("! grep -q 'b RELAY' seen", "failed")):
        seen.unlink(missing_ok=True)
        restart = f"cd {tmp_path}; {{ cat etc/access >> seen; {ends}; }}"
        wrong = report(finding(change, Step(f"true && {restart}", "risky", kind="restarts", restart=restart)))
        leave = Leave(all_steps=True, restarts=True)
        [done] = carried_out(plan(wrong, leave), leave, wrong, lambda wrong=wrong: wrong, kept)  # type: ignore[misc]
        assert done.result == results
        assert seen.read_text() == "a RELAY\nb RELAY\na RELAY\n"


def test_what_someone_changed_while_it_was_judged_stays(etc: Path, kept: Journal, change: Step) -> None:
    wrong = report(finding(change))

    def judged() -> Report:
        with (etc / "access").open("a") as file:
            file.write("c RELAY\n")
        return wrong

    [done] = carried_out(plan(wrong, Leave(all_steps=True)), Leave(all_steps=True), wrong, judged, kept)
    assert "someone changed it meanwhile" in done.why
    assert "c RELAY" in (etc / "access").read_text()
    assert kept.entries[0].stage == "done"


def test_what_is_not_known_is_not_said_to_be_taken_back(etc: Path, kept: Journal) -> None:
    wrong = report(finding(Step("true", "risky", kind="changes")))
    [done] = fixed(wrong, iter([wrong, wrong]), kept)
    assert "it is not known what this changed" in done.why
    assert kept.open


def test_what_starts_at_boot_from_now_on_is_no_mere_restart(kept: Journal) -> None:
    fedora = System.parse("ID=fedora\ninit: systemd")
    [start] = rendered([typed.Start("postfix", at_boot=True)], fedora)
    assert (start.command, start.lasting) == ("systemctl enable --now postfix", True)
    [start] = rendered([typed.Start("postfix")], fedora)
    assert not start.lasting
    [rebuild] = rendered([typed.Rebuild("/etc/mail/a.mc", "/etc/mail/a.cf")], DEBIAN)
    assert (rebuild.restarting, rebuild.lasting) == ("service sendmail restart", False)


def test_a_journal_of_the_first_form_is_put_back(
    etc: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It did not say by which command a service is restarted that is restarted with a change."""
    monkeypatch.setattr(undo, "FOLDER", journals.FOLDER)
    before = tree(etc)
    do(kept, f"echo b >> {etc}/access && true", etc / "access", kind="restarts")
    do(kept, "true", kind="restarts")
    do(kept, "true", kind="changes")
    path = Path(kept.folder, "journal.json")
    plain = json.loads(path.read_text())
    plain["schema"] = "maildoctor-fix/1"
    for entry in plain["entries"]:
        entry["restarts"] = bool(entry.pop("restart"))
        del entry["lasting"]
    filesystem.write(str(path), json.dumps(plain).encode(), 0o600)
    assert undo.run([]) == 1
    out = capsys.readouterr().out
    assert f"To take effect: true; # restart what this restarted: echo b >> {etc}/access && true" in out
    assert "Not put back, for it is not known what it changed: true" in out
    assert tree(etc) == before
    plain["schema"] = "maildoctor-fix/9"
    filesystem.write(str(path), json.dumps(plain).encode(), 0o600)
    with pytest.raises(JournalError, match="another release: maildoctor-fix/9"):
        undo.run(["--list"])


def test_a_folder_of_a_stranger_is_no_journal(kept: Journal) -> None:
    Path(kept.folder).chmod(0o755)
    with pytest.raises(JournalError, match="not ours alone"):
        Journal.read(kept.id)
    Path(kept.folder).chmod(0o700)
    Path(journals.FOLDER).chmod(0o777)
    with pytest.raises(JournalError, match="not ours alone"):
        Journal.read(kept.id)
    with pytest.raises(JournalError, match="not ours alone"):
        journals.prepare()


def test_the_journal_lies_below_what_is_to_be_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where `/` is for its group to write."""
    top = tmp_path / "top"
    (top / "lib").mkdir(parents=True)
    top.chmod(0o775)
    monkeypatch.setattr(journals, "FOLDER", str(top / "lib/kept"))
    with pytest.raises(JournalError, match="others can write"):
        journals.prepare()
    [change] = command(typed.Chmod("g-w", (str(top),), ("775",)))
    journals.prepare(steps.loosened(change))
    for _ in range(2):
        kept = Journal.new("2026-11-30T20:00:00Z")
    steps.do(change, "X001", "it", kept)
    monkeypatch.setattr(undo, "FOLDER", journals.FOLDER)
    assert undo.run([]) == 0
    assert stat.S_IMODE(top.stat().st_mode) == 0o775
    assert undo.run(["--list"]) == 0


def test_a_later_run_has_a_later_name(kept: Journal) -> None:
    """Whatever the clock says, and however many there are in a second."""
    names = [Journal.new(started).id for started in ("2026-11-30T20:00:00Z", "2020-01-01T00:00:00Z", *["2020"] * 10)]
    assert journals.journals() == [kept.id, *names]


def test_what_could_not_be_noted_is_no_step(etc: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: str, *_: object) -> None:
        raise OSError(28, "No space left on device", path)

    with monkeypatch.context() as patch:
        patch.setattr(filesystem, "write", full)
        with pytest.raises(JournalError):
            do(kept, f"echo b >> {etc}/access", etc / "access")
    kept.save()
    assert Journal.read(kept.id).entries == []


def in_a_process(tmp_path: Path, code: str) -> subprocess.Popen[str]:
    """A repair, with its journal in `kept`, that runs `code`."""
    head = (
        "import sys; from maildoctor import filesystem; from maildoctor.repair import journal, steps\n"
        "from maildoctor.model import Step\njournal.FOLDER = sys.argv[1]; journal.prepare()\n"
        "with filesystem.locked(sys.argv[1]) as lock:\n"
        " kept = journal.Journal.new('2026-11-30T20:00:00Z', lock); print(kept.id, flush=True)\n "
    )
    words = [sys.executable, "-c", head + code, str(tmp_path / "kept")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    return process


def slow(path: Path) -> str:
    words = f"touch {path}.begun; sleep 2; echo b >> {path}"
    return f"steps.do(Step({words!r}, 'safe', kind='changes', changes=({str(path)!r},)), 'X001', 'it', kept)"


def begun(path: Path) -> None:
    for _ in range(200):
        if Path(f"{path}.begun").exists():
            return
        time.sleep(0.05)
    pytest.fail("it did not begin")


def test_a_command_that_outlives_a_killed_repair_keeps_others_away(
    etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = in_a_process(tmp_path, slow(etc / "access"))
    begun(etc / "access")
    process.kill()
    process.communicate()
    with filesystem.locked(str(tmp_path / "kept")) as lock:
        assert lock is None
    monkeypatch.setattr(undo, "FOLDER", str(tmp_path / "kept"))
    monkeypatch.setattr(journals, "FOLDER", str(tmp_path / "kept"))
    with pytest.raises(UsageError, match="another maildoctor"):
        undo.run([])
    time.sleep(2.5)
    assert undo.run([]) == 0
    assert (etc / "access").read_text() == "a RELAY\n"


def test_ctrl_c_ends_the_command_and_leaves_a_step_that_was_begun(
    etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    process = in_a_process(tmp_path, slow(etc / "access"))
    begun(etc / "access")
    process.send_signal(signal.SIGINT)
    process.communicate()
    monkeypatch.setattr(undo, "FOLDER", str(tmp_path / "kept"))
    monkeypatch.setattr(journals, "FOLDER", str(tmp_path / "kept"))
    [name] = journals.journals()
    assert [entry.stage for entry in Journal.read(name).entries] == ["begun"]
    with pytest.raises(UsageError, match="broken off"):
        fix._whole()
    time.sleep(2)
    assert (etc / "access").read_text() == "a RELAY\n"
    assert undo.run([]) == 0
    fix._whole()
    assert undo.run(["--list"]) == 0
    assert "put back" in capsys.readouterr().out


def test_runs_are_put_back_from_the_last_one(
    etc: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(undo, "FOLDER", journals.FOLDER)
    before = tree(etc)
    do(kept, f"echo b >> {etc}/access", etc / "access")
    later = Journal.new("2026-12-01T00:00:00Z")
    do(later, f"echo c >> {etc}/access && true", etc / "access", kind="restarts", restart="service it restart")
    with pytest.raises(JournalError, match="later run") as refused:
        undo.run([kept.id])
    assert refused.value.remedy == f"maildoctor undo {later.id} comes first"
    assert undo.run([]) == 0
    assert capsys.readouterr().out.endswith("To take effect: service it restart\n")
    assert undo.run([kept.id]) == 0
    assert tree(etc) == before
    with pytest.raises(JournalError, match="nothing to put back"):
        undo.run([])


def test_a_new_folder_stays_with_what_others_put_there(etc: Path, kept: Journal) -> None:
    for step in command(typed.MakeFolder(f"{etc}/queue", str(os.geteuid()), str(os.getegid()), "750")):
        steps.do(step, "X001", "it", kept)
    assert not steps.changed_since(kept.entries)
    (etc / "queue/mail").touch()
    assert steps.changed_since(kept.entries) == [f"{etc}/queue"]


def test_a_run_can_be_forgotten(etc: Path, kept: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where someone changed its files since, so that neither undo nor another repair would go on."""
    monkeypatch.setattr(undo, "FOLDER", journals.FOLDER)
    do(kept, f"echo b >> {etc}/access", etc / "access")
    with (etc / "access").open("a") as file:
        file.write("mine\n")
    with pytest.raises(JournalError, match="changed by someone"):
        undo.run([])
    with pytest.raises(UsageError, match="broken off"):
        fix._whole()
    assert undo.run([kept.id, "--forget"]) == 0
    fix._whole()
    assert (etc / "access").read_text().endswith("mine\n")


@pytest.mark.parametrize(
    ("name", "mode", "old", "new", "seen"),
    [
        ("smtpd.conf", 0o644, "a: b\nsql_passwd: secret\n", "a: c\nsql_passwd: secret\n", "+a: c"),
        ("smtpd.conf", 0o640, "a: b\n", "a: secret\n", "5 bytes -> 10 bytes"),
        ("sasl_passwd", 0o644, "[hub]:587 box:secret\n", "hub:587 box:secret\n", "21 bytes -> 19 bytes"),
        ("default-auth-info", 0o644, "box\nsecret\n", "box\nsecret\nrealm\n", "11 bytes -> 17 bytes"),
        ("host.key", 0o644, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nsecret\n", "secret\n", "bytes"),
    ],
)
def test_a_difference_has_no_secret(tmp_path: Path, name: str, mode: int, old: str, new: str, seen: str) -> None:
    path = tmp_path / name
    path.write_text(old)
    path.chmod(mode)
    before = filesystem.state(str(path))
    path.write_text(new)
    text = "\n".join(difference(str(path), before, filesystem.state(str(path))))
    assert seen in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("step", "system", "paths"),
    [
        (typed.BuildAliases(), "debian", ["/etc/aliases.db"]),
        (typed.BuildAliases("lmdb", "/etc/postfix/aliases"), "fedora", ["/etc/postfix/aliases.lmdb"]),
        (typed.BuildMap("dbm", "/etc/mail/access"), "debian", ["/etc/mail/access.pag", "/etc/mail/access.dir"]),
        (typed.SetPostfix("a", "b"), "debian", ["/etc/postfix/main.cf"]),
        (typed.SetPostfix("a", "b"), "freebsd", ["/usr/local/etc/postfix/main.cf"]),
        (typed.AddUser("u", "r"), "debian", ["/etc/sasldb2"]),
        (typed.AddUser("u", "r"), "freebsd", ["/usr/local/etc/sasldb2", "/usr/local/etc/sasldb2.db"]),
        (typed.JoinGroup("u", "sasl"), "freebsd", ["/etc/group"]),
    ],
)
def test_what_a_step_changes_is_known_for_each_system(step: typed.Step, system: str, paths: list[str]) -> None:
    [one] = rendered([step], System.parse(f"ID={system}\n"))
    assert list(one.changes) == paths

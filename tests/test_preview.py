"""What fix shows of a step before it is done is what the step then does."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maildoctor import filesystem
from maildoctor.cli import fix
from maildoctor.facts.system import System
from maildoctor.model import Edit, Finding, Outcome, Ranked, Report, Step, Target, Verdict
from maildoctor.plan import shell
from maildoctor.plan import steps as typed
from maildoctor.plan.shell import rendered
from maildoctor.repair import journal as journals
from maildoctor.repair import steps
from maildoctor.repair.journal import Journal
from maildoctor.repair.plan import Leave, plan
from maildoctor.repair.preview import Preview

DEBIAN = System.parse("ID=debian\ninit: systemd")
ME = f"{os.geteuid()}:{os.getegid()}"

CONF = "pwcheck_method: saslauthd\nmech_list: PLAIN\nmech: LOGIN\n  mode = 0600\nblock {\n}\n"
ROWS = "a RELAY\nAuthInfo:hub U=root P=hunter2\n"
SOURCE = (
    "divert(0)dnl\ndefine(`confLOG_LEVEL', `9')dnl\nFEATURE(`nouucp')dnl\nTRUST_AUTH_MECH(`PLAIN')dnl\n"
    "DAEMON_OPTIONS(`Family=inet, Name=MSP, Port=submission, M=Ea, Addr=127.0.0.1')dnl\n"
    "MAILER(`local')dnl\nMAILER(`smtp')dnl\n"
)
DEFAULTS = 'START=no\nOPTIONS="-c -m /run -r"\n'


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o755)
    for name, text in (("a.conf", CONF), ("rows", ROWS), ("a.mc", SOURCE), ("default", DEFAULTS)):
        (folder / name).write_text(text)
    (folder / "folder").mkdir(mode=0o2770)
    return folder


def remedies(etc: str) -> list[typed.Step]:
    conf, rows, source, new = f"{etc}/a.conf", f"{etc}/rows", f"{etc}/a.mc", f"{etc}/new"
    return [
        *(typed.Chmod(mode, (conf, f"{etc}/folder"), ("644", "2770")) for mode in
          ("600", "g-w", "a+x", "o=,g+r", "u=rw,go=r", "750", "go-rwx", "+X", "g-s", "0755", "u+s,g=s")),
        typed.Chown(ME, (conf,), ME, "640", "644"),
        typed.Chown(f":{os.getegid()}", (conf,), ME),
        typed.SetOption(conf, "pwcheck_method", "aux&pr/op\\", "saslauthd"),
        typed.SetOption(conf, "realm", "example.com", new=True),
        typed.SetOption(conf, "mech", "example.com", new=True, unended=True),
        typed.SetInLine(conf, 4, "mode", "0666", "0600"),
        typed.CommentOut(conf, 4, "mode"),
        typed.CommentOutLines(conf, 1, 2),
        typed.AddInBlock(conf, 5, ("  one = 1", "  two = 2")),
        typed.RenameOption(conf, "mech", "mech_list"),
        typed.SeparateByColon(conf),
        typed.AddLine(rows, "b RELAY"),
        typed.AddLine(rows, "a RELAY"),
        typed.AddLine(new, "a RELAY"),
        typed.RemoveLine(rows, "a RELAY"),
        typed.SetRow(rows, "a", "REJECT", "RELAY"),
        typed.RenameRow(rows, "authinfo:HUB", "AuthInfo:hub.example.com"),
        typed.CommentOutRow(rows, "A"),
        typed.QuoteItems(rows, "AuthInfo:hub"),
        typed.DropFlag(f"{etc}/default", "-r"),
        typed.AddMacro(source, "FEATURE(`delay_checks')dnl"),
        typed.AddMacro(source, "FEATURE(`nouucp')dnl"),
        typed.SetMacro(source, "define", "confLOG_LEVEL", "define(`confLOG_LEVEL', `14')dnl"),
        typed.DropMacro(source, "FEATURE", "nouucp"),
        typed.DropMacro(source, "define", "confLOG_LEVEL"),
        typed.SetPort(source, "MSP", "M", "E"),
        typed.SetPort(source, "MSP", "Addr", ""),
        typed.ListenForAll(source),
        typed.CreateFile(new),
        typed.CreateFile(conf),
        typed.WriteFile(new, ("one", "two")),
        typed.WriteFile(conf, ("one",)),
        typed.Link(new, conf),
        typed.MakeFolder(new, str(os.geteuid()), str(os.getegid()), "750"),
        typed.MakeFolder(f"{etc}/folder", str(os.geteuid()), str(os.getegid()), "700"),
        typed.Move(rows, new),
        typed.RemoveFile(rows),
        typed.RemoveFolder(f"{etc}/folder"),
    ]  # fmt: skip


def seen(state: filesystem.State | None) -> tuple[object, ...]:
    assert state is not None
    return state.kind, oct(state.mode) if state.kind != "link" else "", state.uid, state.gid, state.data


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setattr(journals, "FOLDER", str(tmp_path / "kept"))
    journals.prepare()
    return Journal.new("2026-11-30T20:00:00Z")


@pytest.mark.parametrize("number", range(len(remedies(""))))
def test_what_is_shown_before_is_what_is_done(number: int, etc: Path, kept: Journal) -> None:
    for step in rendered([remedies(str(etc))[number]], DEBIAN):
        changes = Preview().foreseen(step)
        assert {change.path for change in changes} == set(step.changes)
        assert all(seen(filesystem.state(change.path)) == seen(change.before) for change in changes)
        steps.do(step, "X001", "it", kept)
        for change in changes:
            assert seen(change.after) == seen(filesystem.state(change.path)), step.command


def test_steps_one_after_another_are_shown_as_they_are_done(etc: Path, kept: Journal) -> None:
    conf = str(etc / "a.conf")
    several = [
        typed.SetOption(conf, "mech_list", "LOGIN", "PLAIN"),
        typed.AddLine(conf, "log_level: 7"),
        typed.RemoveLine(conf, "log_level: 7"),
        typed.Move(conf, f"{conf}.old"),
        typed.WriteFile(conf, ("log_level: 9",)),
        typed.Chmod("600", (conf,), ("644",)),
    ]
    preview = Preview()
    for step in rendered(several, DEBIAN):
        changes = preview.foreseen(step)
        steps.do(step, "X001", "it", kept)
        for change in changes:
            assert seen(change.after) == seen(filesystem.state(change.path)), step.command


@given(st.lists(st.sampled_from(["mech_list: PLAIN", "mech_list:X", " mech_list: A", "#x", "", "a & b / c \\1"])),
       st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20), st.booleans())  # fmt: skip
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_option_is_shown_as_it_is_set(tmp_path: Path, lines: list[str], value: str, ended: bool) -> None:
    path = tmp_path / "x.conf"
    text = "\n".join(lines) + ("\n" if ended else "")
    for option in (
        typed.SetOption(str(path), "mech_list", value, "PLAIN"),
        typed.SetOption(str(path), "mech_list", value, new=True, unended=bool(text) and not text.endswith("\n")),
    ):
        path.write_text(text)
        [step] = rendered([option], DEBIAN)
        [change] = Preview().foreseen(step)
        subprocess.run(["sh", "-c", step.command], check=True)
        assert change.after is not None
        assert change.after.data == path.read_bytes()


MAIN = "# main\na = 1\n\n  # in between\nsmtpd_sasl_type=cyrus\n  # of it\n\tmore\nb = 2\n c\nsmtpd_sasl_type = x\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        # as postconf -e and -X of Postfix 3.7 leave it
        (("smtpd_sasl_type", "dovecot"),
         "# main\na = 1\n\n  # in between\nsmtpd_sasl_type = dovecot\n  # of it\nb = 2\n c\n"
         "smtpd_sasl_type = dovecot\n"),
        (("b", "3"), MAIN.replace("b = 2\n c\n", "b = 3\n")),
        (("new", "a  b"), f"{MAIN}new = a  b\n"),
        (("smtpd_sasl_type",), "# main\na = 1\n\n  # in between\n  # of it\nb = 2\n c\n"),
        (("no",), MAIN),
    ],
)  # fmt: skip
def test_main_cf_is_shown_as_postconf_writes_it(etc: Path, words: tuple[str, ...], text: str) -> None:
    path = etc / "main.cf"
    path.write_text(MAIN)
    step = Step("postconf", kind="changes", changes=(str(path),), edits=(Edit(str(path), "parameter", words),))
    [change] = Preview().foreseen(step)
    assert change.after is not None
    assert change.after.data.decode() == text


def test_of_every_step_it_is_said_what_it_does() -> None:
    """Or it is a service that starts, a look, or a person's."""
    from tests.test_plan import _examples

    for step in _examples("/etc/mail/access", "name"):
        for one in rendered([step], DEBIAN):
            assert one.edits or one.kind in ("looks", "by_hand") or one.restarting == one.command, one
    assert len(shell._RENDERERS) > 60


def finding(*fix: Step, code: str = "PERM001", severity: str = "error") -> Finding:
    return Finding(code, "name", severity, f"{code} is wrong", "", "", fix)  # type: ignore[arg-type]


def report(*ranked: tuple[Finding, str | None]) -> Report:
    return Report(
        Target("host", "it"), "2026-11-30T20:00:00Z", 0.1,
        tuple(Ranked(found, n, cause) for n, (found, cause) in enumerate(ranked, 1)),
        (Outcome("X001", "x", "pass"),), verdict=Verdict("broken", ""),  # type: ignore[arg-type]
    )  # fmt: skip


def shown(found: Report, leave: Leave = Leave(all_steps=True, restarts=True)) -> str:  # noqa: B008
    return "\n".join(fix._plan(found, plan(found, leave), applies=False))


def test_the_plan_says_what_changes_and_what_goes_from_the_report(etc: Path) -> None:
    conf = str(etc / "a.conf")
    before = {path: path.lstat().st_mtime_ns for path in etc.rglob("*")}
    change = rendered([typed.SetOption(conf, "mech_list", "LOGIN", "PLAIN"), typed.Restart("sendmail")], DEBIAN)
    cause, other = finding(*change, code="CONF012"), finding(code="USER001")
    below = (finding(code="MECH003"), "CONF012"), (finding(code="RUN001"), "MECH003")
    text = shown(report((cause, None), *below, (other, None)))
    assert "-mech_list: PLAIN\n     +mech_list: LOGIN\n" in text
    assert "cures CONF012 and what follows from it: MECH003, RUN001\n" in text
    assert "Stays in the report: USER001.\n" in text
    assert {path: path.lstat().st_mtime_ns for path in etc.rglob("*")} == before


def test_what_is_left_is_shown_and_is_not_there_for_the_next(etc: Path) -> None:
    conf, new = str(etc / "a.conf"), str(etc / "b.conf")
    first = finding(*rendered([typed.Move(conf, new), typed.AddLine(new, "x: y")], DEBIAN))
    second = finding(*rendered([typed.Chmod("600", (conf,), ("644",))], DEBIAN), code="PERM002")
    text = shown(report((first, None), (second, None)), Leave())
    assert f"{conf}: goes" in text
    assert "+x: y" in text
    assert "with the steps that are left it cures PERM001\n" in text
    assert "0644 -> " in text and "0600\n" in text


def test_a_step_that_would_be_refused_says_so(etc: Path) -> None:
    (etc / "link").symlink_to("rows")
    text = shown(report((finding(*rendered([typed.AddLine(str(etc / "link"), "b")], DEBIAN)), None)))
    assert f"would be refused: it is a symbolic link: {etc}/link" in text


def test_what_a_program_decides_is_said_in_words(etc: Path) -> None:
    steps_of = [
        typed.Rebuild(f"{etc}/a.mc", f"{etc}/a.cf"),
        typed.BuildMap("hash", f"{etc}/rows"),
        typed.Install("DIGEST-MD5"),
        typed.JoinGroup("smmsp", "sasl"),
    ]
    text = shown(report((finding(*rendered(steps_of, DEBIAN)), None)))
    assert f"{etc}/a.cf: is made anew from {etc}/a.mc by m4" in text
    assert f"{etc}/rows.db: is built anew from {etc}/rows" in text
    assert "the package with DIGEST-MD5 is installed" in text
    assert "/etc/group: smmsp gets into the group sasl" in text


def test_no_secret_is_shown(etc: Path) -> None:
    rows = [typed.QuoteItems(str(etc / "rows"), "AuthInfo:hub"), typed.AddLine(f"{etc}/x.conf", "sql_passwd: hunter2")]
    (etc / "a.conf").write_text("ldap_password: hunter2\nmech_list: PLAIN\n")
    rows.append(typed.SetOption(f"{etc}/a.conf", "mech_list", "LOGIN", "PLAIN"))
    changes = [finding(replace_command(step)) for step in rendered(rows, DEBIAN)]
    text = shown(report(*((one, None) for one in changes)))
    assert "hunter2" not in text
    assert "+mech_list: LOGIN" in text


def replace_command(step: Step) -> Step:
    """A command that has the secret in it is not what is asked about."""
    from dataclasses import replace

    return replace(step, command="true")


def test_modes_and_owners_are_shown_by_name(etc: Path) -> None:
    path = etc / "rows"
    path.chmod(0o666)
    text = shown(report((finding(*rendered([typed.Chmod("o-w", (str(path),), ("666",))], DEBIAN)), None)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    assert f"{path}: root:root 0666 -> root:root 0664" in text or os.geteuid()

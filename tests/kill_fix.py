"""`fix --apply` and `undo` killed at random moments, again and again, each in a tree of its own:

    PYTHONPATH=. python tests/kill_fix.py [TIMES] [SEED]

A round: a repair of many steps is killed (kill -9, of maildoctor alone or of its commands too); the journal must still
be read, and another repair must be refused where something was done; then `undo` is killed, and what `undo` makes of
that at last must be the tree of the beginning: bytes, owners, modes, attributes and times, and nothing besides.
"""

import contextlib
import io
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from maildoctor import filesystem
from maildoctor.cli import fix, undo
from maildoctor.cli.report_error import UsageError
from maildoctor.errors import DoctorError
from maildoctor.facts.system import System
from maildoctor.model import Finding, Outcome, Ranked, Report, Step, Target, Verdict
from maildoctor.plan import steps as typed
from maildoctor.plan.shell import rendered
from maildoctor.repair import journal
from maildoctor.repair.plan import Leave, plan

_ALL = Leave(all_steps=True, restarts=True)
_LONGEST = {"fix": 1.2, "undo": 0.2}
"""Seconds after which each is killed at the latest, which is about what it takes."""


def findings(etc: str) -> list[Finding]:
    """Remedies of every kind that changes files; each third does not help, each fourth fails in its second step."""
    system = System.parse("os-release ID=debian\ninit systemd")
    conf, access, new, owner = f"{etc}/Sendmail.conf", f"{etc}/access", f"{etc}/new", f"{os.geteuid()}:{os.getegid()}"
    plain: list[typed.Step] = [
        typed.SetOption(conf, "pwcheck_method", "auxprop", "saslauthd"),
        typed.SetOption(conf, "realm", "example.com", new=True),
        typed.Chmod("600", (conf, access), ("640", "644")),
        typed.Chown(owner, (conf,), "root:root", "600", "640"),
        typed.AddLine(access, "b RELAY"),
        typed.SetRow(access, "b", "REJECT", "RELAY"),
        typed.WriteFile(new, ("one", "two")),
        typed.Move(new, f"{etc}/moved"),
        typed.Link(f"{etc}/link", conf),
        typed.MakeFolder(f"{etc}/folder", str(os.geteuid()), str(os.getegid()), "750"),
        typed.RemoveFile(f"{etc}/big"),
        typed.CommentOutLines(conf, 1, 2),
    ]
    fails = Step(f"printf x >> {access}; false", "risky", kind="changes", changes=(access,))
    restart = Step("true", "risky", kind="restarts")
    made = []
    for number, step in enumerate(plain):
        more = (fails,) if number % 4 == 3 else (restart,)
        made.append(Finding(f"X{number:03}", "x", "error", "wrong", "", "", (*rendered([step], system), *more)))
    return made


def report(left: Sequence[Finding]) -> Report:
    """What an examination says."""
    ranked = tuple(Ranked(finding, n, None) for n, finding in enumerate(left, 1))
    outcome = (Outcome("X000", "x", "pass"),)
    return Report(Target("host", "it"), "2026-11-30T20:00:00Z", 0.1, ranked, outcome, verdict=Verdict("broken", 0))


def looking(wrong: list[Finding]) -> Callable[[], Report]:
    """The examination before all and after each remedy: it is gone, but for each third."""
    left = list(wrong)
    turn = iter([None, *wrong])

    def look() -> Report:
        one = next(turn, None)
        if one is not None and int(one.code[1:]) % 3 != 2:
            left.remove(one)
        return report(left)

    return look


def repair(etc: str) -> None:
    """What `fix --apply` does once its plan is made."""
    wrong = findings(etc)
    began = report(wrong)
    fix._apply(plan(began, _ALL), _ALL, began, looking(wrong))


def killed(role: str, etc: Path, chance: random.Random, *, whole: bool = False) -> bool:
    """Whether it was still at work when it was killed; `whole`: its commands with it."""
    process = os.fork()
    if not process:
        try:
            repair(str(etc)) if role == "fix" else undo.run([])
        finally:
            os._exit(0)
    time.sleep(chance.random() * _LONGEST[role])
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split() if whole else []
    os.kill(process, signal.SIGKILL)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(child), signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def undone() -> None:
    """Put back to the end; a command that outlives its maildoctor is waited for."""
    while True:
        try:
            undo.run([])
            return
        except UsageError:  # the lock is held
            time.sleep(0.02)
        except DoctorError as error:
            if error.what == "there is nothing to put back":
                return
            raise


def a_round(chance: random.Random) -> str:
    """One repair, killed, and its way back; says at which stage it was killed."""
    from tests.test_repair import tree

    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        kept, etc = Path(place, "kept"), Path(place, "etc")
        etc.mkdir()
        (etc / "Sendmail.conf").write_text("pwcheck_method: saslauthd\nmech_list: PLAIN\n")
        (etc / "access").write_text("a RELAY\n")
        (etc / "big").write_bytes(os.urandom(500_000))
        for path in etc.iterdir():
            os.utime(path, ns=(1, 2))
        for module in (journal, fix, undo):
            vars(module)["FOLDER"] = str(kept)
        before = tree(etc)
        worked = killed("fix", etc, chance, whole=chance.random() < 0.5)
        runs = [journal.Journal.read(name) for name in journal.journals()]
        broken_off = any(run.open and not run.ended for run in runs)
        if broken_off:
            try:
                repair(str(etc))
            except UsageError as error:
                while "another" in error.what:
                    time.sleep(0.02)
                    with filesystem.locked(str(kept)) as lock:
                        if lock is not None:
                            break
            else:
                raise AssertionError("a repair that was broken off was passed over")
        stopped = killed("undo", etc, chance)
        undone()
        after = tree(etc)
        top = str(etc)  # its time of change is that of the last putting back
        wrong = [p for p in {**before, **after} if p != top and before.get(p) != after.get(p)]
        assert not wrong, [(p, before.get(p), after.get(p)) for p in wrong]
        journal.prepare()
        journal.Journal.new("2026-12-01T20:00:00Z")
        rest = [str(path) for path in kept.rglob(".*")]
        assert not rest, rest
        stage = "broken off" if broken_off else "killed" if worked else "ended"
        return f"{stage}, undo {'killed' if stopped else 'ended'}"


if __name__ == "__main__":
    times, seed = (int(word) for word in (*sys.argv[1:], *("200", "1")[len(sys.argv) - 1 :]))
    counted: dict[str, int] = {}
    for number in range(times):
        sys.stdout, shown = io.StringIO(), sys.stdout
        try:
            stage = a_round(random.Random(f"{seed} {number}"))
        except BaseException:
            shown.write(f"round {number} of seed {seed}\n")
            raise
        finally:
            sys.stdout = shown
        counted[stage] = counted.get(stage, 0) + 1
    sys.stdout.write(f"{times} rounds, and all as it was before: {counted}\n")

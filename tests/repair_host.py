"""A small host to repair, in a process of its own: for tests in which a file system or a program fails.

    PYTHONPATH=. python -m tests.repair_host DIR STEP

DIR has `etc`, which is repaired, and `kept`, where the journal goes. It prints what became of the step and whether all
is as it was before.
"""

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from maildoctor.cli import fix, undo
from maildoctor.errors import DoctorError
from maildoctor.facts.system import System
from maildoctor.model import Finding, Outcome, Ranked, Report, Step, Target, Verdict
from maildoctor.plan import steps as typed
from maildoctor.plan.shell import rendered
from maildoctor.repair import journal
from maildoctor.repair.plan import Leave, plan

ALL = Leave(all_steps=True, restarts=True)


def filled(etc: Path) -> None:
    """Files of a mail server."""
    (etc / "a.conf").write_text("pwcheck_method: saslauthd\nmech_list: PLAIN\n")
    (etc / "a.mc").write_text("MAILER(`local')dnl\n")
    (etc / "a.cf").write_text("O LogLevel=9\n")
    (etc / "big").write_bytes(b"a RELAY\n" * 4000)


def remedies(etc: str) -> Mapping[str, Sequence[typed.Step]]:
    """By what they do."""
    return {
        "option": [typed.SetOption(f"{etc}/a.conf", "mech_list", "LOGIN", "PLAIN")],
        "mode": [typed.Chmod("600", (f"{etc}/a.conf",), ("644",))],
        "rebuild": [typed.Rebuild(f"{etc}/a.mc", f"{etc}/a.cf")],
        "new": [typed.WriteFile(f"{etc}/new", ("x" * 4000,) * 20)],
        "larger": [typed.WriteFile(f"{etc}/big", ("x" * 4000,) * 20)],
        "several": [
            typed.Chmod("600", (f"{etc}/a.conf",), ("644",)),
            typed.RemoveFile(f"{etc}/big"),
            typed.Move(f"{etc}/a.cf", f"{etc}/old.cf"),
            typed.WriteFile(f"{etc}/new", ("x" * 4000,) * 28),
        ],
        "package": [typed.Install("sendmail", again=True)],
    }


def report(*wrong: Finding) -> Report:
    """What an examination says."""
    ranked = tuple(Ranked(finding, n, None) for n, finding in enumerate(wrong, 1))
    outcome = (Outcome("X000", "x", "pass"),)
    return Report(Target("host", "it"), "2026-11-30T20:00:00Z", 0.1, ranked, outcome, verdict=Verdict("broken", 0))


def tree(top: Path) -> Mapping[str, object]:
    """Bytes, owners, modes, attributes and times of all that is below."""
    return {str(path): _one(path) for path in sorted(top.rglob("*"))}


def _one(path: Path) -> object:
    found = path.lstat()
    data = path.read_bytes() if path.is_file() else b""
    attributes = [(name, os.getxattr(path, name)) for name in sorted(os.listxattr(path))]
    return found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, hashlib.sha256(data).hexdigest(), attributes


def main(place: str, name: str) -> None:
    """Repair by one remedy; the finding is gone where its steps went well."""
    etc = Path(place, "etc")
    for module in (journal, fix, undo):
        vars(module)["FOLDER"] = f"{place}/kept"
    system = System.parse("ID=debian\ninit: none")
    steps: tuple[Step, ...] = tuple(s for s in rendered(remedies(str(etc))[name], system) if s.kind != "by_hand")
    wrong = report(Finding("X001", "x", "error", "it is wrong", "", "", steps))
    turns = iter([wrong])
    before = tree(etc)
    try:
        fix._apply(plan(wrong, ALL), ALL, wrong, lambda: next(turns, report()))
    except DoctorError as error:
        sys.stdout.write(f"refused: {error.what}: {error.where}: {error.remedy}\n")
    sys.stdout.write("TREE same\n" if tree(etc) == before else f"TREE differs: {tree(etc)}\n{before}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

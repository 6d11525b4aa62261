"""`maildoctor undo`: what a run of fix changed is put back, to the byte."""

import argparse
import os
from collections.abc import Sequence

from maildoctor import filesystem
from maildoctor.cli import options as shared
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.stdout import say
from maildoctor.render.escape import shown
from maildoctor.repair.journal import FOLDER, Journal, JournalError, journals
from maildoctor.repair.steps import changed_since, take_back

_STATUS = """\
exit status:
  0  all is as it was before the run
  1  something cannot be put back, and is named
  2  wrong usage, or maildoctor itself failed

Services are not restarted: the last lines say which should be.
"""


def parser() -> argparse.ArgumentParser:
    """The options of `undo`."""
    p = shared.Parser("undo", "Put back what maildoctor fix changed; the last run where none is named.", _STATUS)
    p.add_argument("run", nargs="?", metavar="ID", help="the run, as fix named it")
    p.add_argument("--list", action="store_true", dest="lists", help="the runs that are kept, and what each did")
    return p


def run(words: Sequence[str]) -> int:
    """Put back, or list."""
    options = shared.read(parser(), words)
    kept = [Journal.read(name) for name in journals()]
    if options.lists:
        say("".join(_row(journal) for journal in kept) or "Nothing was ever changed here.\n")
        return 0
    journal = _chosen(kept, options.run)
    if os.geteuid():
        raise UsageError("only root may put back", journal.folder, "run as root")
    with filesystem.locked(FOLDER) as ours:
        if not ours:
            raise UsageError("another maildoctor repairs this host", FOLDER, "wait for it to end")
        return _undo(journal)


def _row(journal: Journal) -> str:
    state = "" if journal.open else "  (put back)"
    stages = {"begun": "  (broken off)", "done": "", "undone": "  (put back)"}
    steps = "".join(f"  {e.code} {shown(e.command)}{stages[e.stage]}\n" for e in journal.entries)
    return f"{journal.id}{state}\n{steps}"


def _chosen(kept: Sequence[Journal], name: str | None) -> Journal:
    if name is not None:
        found = next((journal for journal in kept if journal.id == name), None)
        if found is None:
            raise JournalError(f"there is no run {name}", FOLDER, "maildoctor undo --list has them all")
        return found
    for journal in reversed(kept):
        if journal.open:
            return journal
    raise JournalError("there is nothing to put back", FOLDER, "maildoctor undo --list shows what was done")


def _undo(journal: Journal) -> int:
    if changed := changed_since(journal):
        raise JournalError(
            f"{', '.join(map(shown, changed))}: changed by someone since", journal.folder,
            "nothing was put back; the old state of each file is kept in that folder",
        )  # fmt: skip
    left, restarts = [], []
    for entry in reversed(journal.entries):
        if entry.stage == "undone":
            continue
        if entry.leaves_traces:
            left.append(entry.command)
            continue
        restarts += [entry.command] if entry.restarts else []
        take_back(entry, journal)
        say("".join(f"{shown(path)}: as it was\n" for path in entry.before))
    journal.ended = True
    journal.save()
    if restarts:
        say("To take effect: " + shown("; ".join(dict.fromkeys(restarts))) + "\n")
    for command in left:
        say(f"Not put back, for it is not known what it changed: {shown(command)}\n")
    return 1 if left else 0

"""`maildoctor undo`: what a run of fix changed is put back, to the byte."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace

from maildoctor import filesystem
from maildoctor.cli import options as shared
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.signals import obeyed
from maildoctor.cli.stdout import say
from maildoctor.render.escape import shown
from maildoctor.repair.journal import FOLDER, Journal, JournalError, journals
from maildoctor.repair.steps import changed_since, clear_drafts, take_back

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
    p.add_argument("--forget", action="store_true", help="put nothing back: what the run left stays, for good")
    return p


def run(words: Sequence[str]) -> int:
    """Put back, or list."""
    options = shared.read(parser(), words)
    names = journals()
    if options.lists:
        say("".join(_row(Journal.read(name)) for name in names) or "Nothing was ever changed here.\n")
        return 0
    if os.geteuid():
        raise UsageError("only root may put back", FOLDER, "run as root")
    if not names:
        raise JournalError("there is nothing to put back", FOLDER, "nothing was ever changed here")
    with filesystem.locked(FOLDER) as lock, obeyed():
        if lock is None:
            raise UsageError("another maildoctor repairs this host", FOLDER, "wait for it to end")
        journal = _chosen(names, options.run)
        if options.forget:
            journal.entries, journal.ended = [replace(e, stage="undone") for e in journal.entries], True
            journal.save()
            return 0
        return _undo(journal, names[names.index(journal.id) + 1 :])


def _row(journal: Journal) -> str:
    state = "" if journal.open else "  (put back)"
    stages = {"begun": "  (broken off)", "done": "", "undone": "  (put back)"}
    steps = "".join(f"  {e.code} {shown(e.command)}{stages[e.stage]}\n" for e in journal.entries)
    return f"{journal.id}{state}\n{steps}"


def _chosen(names: Sequence[str], name: str | None) -> Journal:
    if name is not None:
        if name not in names:
            raise JournalError(f"there is no run {name}", FOLDER, "maildoctor undo --list has them all")
        return Journal.read(name)
    for each in reversed(names):
        if (journal := Journal.read(each)).open:
            return journal
    raise JournalError("there is nothing to put back", FOLDER, "maildoctor undo --list shows what was done")


def _undo(journal: Journal, later: Sequence[str]) -> int:
    """`later`: the runs after it."""
    if changed := changed_since(journal.entries):
        for name in reversed(later):
            entries = Journal.read(name).entries
            if any(entry.stage != "undone" and not entry.before.keys().isdisjoint(changed) for entry in entries):
                raise JournalError("a later run changed the same files", name, f"maildoctor undo {name} comes first")
        raise JournalError(
            f"{', '.join(map(shown, changed))}: changed by someone since", journal.folder,
            "nothing was put back; the old state of each file is kept in that folder, "
            f"and maildoctor undo {journal.id} --forget leaves all as it is",
        )  # fmt: skip
    left, restarts = [], []
    for entry in reversed(journal.entries):
        if entry.stage == "undone":
            continue
        if entry.lasting:
            left.append(entry.command)
            continue
        restarts += [entry.restart] if entry.restart else []
        take_back(entry, journal)
        say("".join(f"{shown(path)}: as it was\n" for path in entry.before))
    journal.ended = True
    journal.save()
    clear_drafts(journal)
    if restarts:
        say("To take effect: " + shown("; ".join(dict.fromkeys(restarts))) + "\n")
    for command in left:
        say(f"Not put back, for it is not known what it changed: {shown(command)}\n")
    return 1 if left else 0

"""`maildoctor report merge`: what `triage --partial` wrote of parts of the logs, as one report."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from maildoctor import filesystem
from maildoctor.cli.log_report import chosen_rules, concluded, left_out
from maildoctor.cli.report_error import UsageError
from maildoctor.model import Report
from maildoctor.triage.builtin import builtin
from maildoctor.triage.judge import judge, read
from maildoctor.triage.partial import LARGEST, Partial, PartialError, chosen_by, seen_in, stated, was_interrupted
from maildoctor.triage.rules import Rule
from maildoctor.triage.scan import Seen, together
from maildoctor.triage.shares import Tree


def merged(paths: Sequence[str], top: int) -> Report:
    """The report of all partials together, with so many names and addresses. What cannot be merged is damage of it, and
    the rest goes on."""
    began = datetime.now(UTC)
    known, broken = builtin()
    partials = _Partials(known)
    for path in paths:
        try:
            partials.add(path)
        except PartialError as error:
            lost = Seen.nothing()
            lost.damage.append(f"{path}: was left out: {error}")
            partials.tree.add(lost)
    seen = partials.tree.whole()
    assert seen is not None, "one path at least is named"
    ranked = judge(partials.rules, seen, top)
    log = read(partials.rules, seen, top)
    log = replace(log, damage=(*log.damage, *map(left_out, broken)))
    return concluded(log, ranked, began, of_all=not any(partials.chosen or ()))


class _Partials:
    """Partials that were read by the same rules, each log once."""

    def __init__(self, known: Sequence[Rule]) -> None:
        self._known = known
        self.tree: Tree[Seen] = Tree(together)
        self.rules: Sequence[Rule] = ()
        self.chosen: tuple[tuple[str, ...], tuple[str, ...]] | None = None
        self._marks: dict[str, str] = {}

    def add(self, path: str) -> None:
        """One more. Raises PartialError."""
        partial = self._read(path)
        for mark in partial.seen.marks:
            if mark in self._marks:
                raise PartialError(f"a log in it was counted already, in {self._marks[mark]}")
        self._marks |= dict.fromkeys(partial.seen.marks, path)
        if partial.interrupted:
            partial.seen.damage.append(f"{path}: its reading was interrupted; the end of its logs was not read")
        self.tree.add(partial.seen)

    def _read(self, path: str) -> Partial:
        try:
            data = filesystem.read(path, LARGEST + 1)
        except OSError as error:
            raise PartialError(f"cannot be read: {error.strerror}") from error
        if len(data) > LARGEST:
            raise PartialError(f"it is larger than {LARGEST >> 20} MB")
        given = stated(data)
        chosen = chosen_by(given)
        if self.chosen is None:
            try:
                rules = chosen_rules(self._known, *chosen)
            except UsageError as error:
                raise PartialError("it was made by other log rules; read the log again with these") from error
        elif chosen == self.chosen:
            rules = tuple(self.rules)
        else:
            raise PartialError("it was made with another --select or --ignore than those before")
        partial = Partial(seen_in(given, rules), *chosen, was_interrupted(given))
        self.chosen, self.rules = chosen, rules
        return partial

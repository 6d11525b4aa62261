"""How much of a host is taken in. A stranger can make any list longer; what is cut of it is told, and never judged.

A long answer of the host is cut at its first `ROWS` lines, and each at `LINE` characters, where each line speaks for
itself; a file that says something
only as a whole (`read`) is not taken at all. Either is a gap: a check that found nothing in a fact with a gap has not
judged it. What a collector would have to look at one by one goes through `Gaps.some`.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from maildoctor.facts import Unknown
from maildoctor.host import Answer, Host, NoAnswer, Verb

T = TypeVar("T")

ROWS = 250_000
"""Lines of one answer. A sendmail.cf has 2,000, a busy host 300 processes that have to do with mail."""

LINE = 256 * 1024
"""Characters of one line; a group of 20,000 members has 200,000."""

MANY = 1_000
"""Things that are looked at one by one for one fact: maps, class files, plug-ins."""

_OF_RECORDS = ("map", "sasldb", "processes")
"""Verbs whose answers say themselves what was left out of them: a line `# cut: only the first 10 of 25 …` on top."""
_ABOUT = 4096
"""Characters at the beginning of such an answer where the lines about it stand."""

_LONG = re.compile(rf"([^\n]{{{LINE}}})[^\n]+")
_TOO_LONG = f"a line of more than {LINE:,} characters"
REMEDY = "look whether it is what it should be"


class Gaps:
    """What was cut of the answers that one fact is made of."""

    def __init__(self) -> None:
        self.found: list[Unknown] = []

    def some(self, items: Iterable[T], what: str, most: int = MANY) -> list[T]:
        """The first `most` of these; that there are more is noted, as `only the first 1,000 of 2,000 maps …`."""
        rest = iter(items)
        kept = list(islice(rest, most))
        if more := sum(1 for _ in rest):
            self.note(f"only the first {most:,} of {most + more:,} {what} were looked at")
        return kept

    def note(self, reason: str, remedy: str = REMEDY) -> None:
        """One more gap."""
        self.found.append(Unknown(reason, remedy))


class Bounded:
    """A host of whose answers no more than `ROWS` lines are heard."""

    def __init__(self, host: Host, gaps: Gaps) -> None:
        self.whole, self._gaps = host, gaps
        self.kind, self.name = host.kind, host.name

    @property
    def commands(self) -> tuple[str, ...]:
        """What the other host ran."""
        return self.whole.commands

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """The other host's answer, cut."""
        answer = self.whole.ask(verb, subject)
        if not isinstance(answer, str):
            return answer
        if verb in _OF_RECORDS:
            for words in left_out(answer):
                self._gaps.note(f"of {subject.rpartition(' ')[2]} {words}" if subject else words)
        called, count, long = subject or verb, answer.count("\n") + 1, len(answer) > LINE and _LONG.search(answer)
        if verb == "read" and (count > ROWS or long):
            reason = f"{called} has " + (f"{count:,} lines, more than {ROWS:,}" if count > ROWS else _TOO_LONG)
            self._gaps.note(reason)
            return NoAnswer("failed", reason, REMEDY)
        if long:
            self._gaps.note(f"{called} ({verb}) has {_TOO_LONG}, and the rest of it was not read")
            answer = _LONG.sub(r"\1", answer)
        if count > ROWS:
            self._gaps.note(f"only the first {ROWS:,} of {count:,} lines of {called} ({verb}) were read")
            answer = "\n".join(answer.split("\n", ROWS)[:ROWS])
        return answer


def left_out(answer: str) -> list[str]:
    """What the answer to `map`, `sasldb` or `processes` says of itself that it leaves out."""
    rows = answer[:_ABOUT].split("\n")
    return [row.removeprefix("# cut: ") for row in rows if row.startswith("# cut: ")]

"""What `triage` and `report merge` share: which log rules are meant, and the report of what was read by them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from maildoctor.cli.report_error import UsageError
from maildoctor.model import LogRead, Ranked, Report, Target
from maildoctor.triage.rule_text import RuleError
from maildoctor.triage.rules import Rule
from maildoctor.verdict import conclude_log


def chosen_rules(rules: Sequence[Rule], select: Sequence[str], ignore: Sequence[str]) -> tuple[Rule, ...]:
    """The rules that are asked for; normal lines count whatever is selected. UsageError for a word that names none."""
    for option, patterns in (("--select", select), ("--ignore", ignore)):
        for pattern in patterns:
            if not any(_named(rule, (pattern,)) for rule in rules):
                raise UsageError(f"there is no rule {pattern!r}", option, "maildoctor list shows all rules")
    return tuple(
        rule
        for rule in rules
        if (not select or rule.kind == "normal" or _named(rule, select)) and not _named(rule, ignore)
    )


def concluded(log: LogRead, ranked: tuple[Ranked, ...], began: datetime, of_all: bool) -> Report:
    """The report with its verdict. `of_all`: all rules were read by; some alone say nothing of logins."""
    report = Report(
        target=Target("log", ", ".join(log.names[:3]) + (", …" if len(log.names) > 3 else "") or "-"),
        started=began.isoformat(timespec="seconds"),
        seconds=(datetime.now(UTC) - began).total_seconds(),
        ranked=ranked,
        outcomes=(),
        log=log,
    )
    return conclude_log(report) if of_all else report


def left_out(error: RuleError) -> str:
    """What is said in a report of a log rule that cannot be used."""
    return f"{error}: this log rule was left out"


def _named(rule: Rule, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(rule.code, p.upper()) or fnmatchcase(rule.name, p.lower()) for p in patterns)

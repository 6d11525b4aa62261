"""A log read in pieces, by whomever and in whatever order, gives the report of one pass."""

import io
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.model import LogRead, Ranked
from maildoctor.render import FORMATS
from maildoctor.triage.builtin import builtin
from maildoctor.triage.engine import Finds
from maildoctor.triage.judge import judge, read
from maildoctor.triage.partial import FORM, Partial, PartialError, seen_in, stated, written
from maildoctor.triage.rules import load, rule_files
from maildoctor.triage.scan import Scan, Seen, together
from maildoctor.triage.shares import FAN, Tree, divided, pieces
from maildoctor.triage.sources import Source

ROOT = Path(__file__).parent.parent
RULES = builtin().rules
NOW = 1_796_030_000.0
MIB = 1 << 20

LINES = [
    sample.line.encode("utf-8", "surrogateescape")
    for rule in load(rule_files())
    for sample in rule.samples
    if "\n" not in sample.line
]
"""What every log rule must recognize."""

SPLITS = int(os.environ.get("MAILDOCTOR_TEST_SPLITS", "60"))


def stamped(second: int, pid: int, line: bytes) -> bytes:
    """The message of a sample in a session of its own."""
    from maildoctor.triage.headers import peel

    head = peel(line)
    tag = head.tag or b"sendmail"
    when = b"Jan %2d %02d:%02d:%02d" % (1 + second // 86400, second // 3600 % 24, second // 60 % 60, second % 60)
    return b"%s mx %s[%d]: %s" % (when, tag, pid, head.message or line)


def sessions(seed: int, count: int) -> list[bytes]:
    """Groups of whole lines, each with processes of its own, some seconds apart."""
    chance = random.Random(seed)
    second, first, groups = 0, seed % 100_000 * 1000, []
    few = chance.sample(LINES, 12)
    for number in range(count):
        second += chance.choice((5, 40, 4000))
        of = few if chance.random() < 0.7 else LINES
        lines = [stamped(second, first + number, chance.choice(of)) for _ in range(chance.randint(1, 4))]
        groups.append(b"\n".join(lines) + b"\n")
    return groups


def scan() -> Scan:
    return Scan(RULES, Finds, NOW, exact=True)


def piece(reader: Scan, text: bytes, lines: int, offset: int) -> Seen:
    for _ in reader.feed(io.BytesIO(text), "mail.log", lines=lines, offset=offset):
        pass
    return reader.take()


def reported(seen: Seen) -> tuple[tuple[Ranked, ...], LogRead]:
    ranked = judge(RULES, seen)
    return ranked, replace(read(RULES, seen, 5), names=())


def in_any_tree(parts: list[Seen], chance: random.Random) -> Seen:
    """Two neighbours or strangers at a time, until one is left."""
    while len(parts) > 1:
        chance.shuffle(parts)
        parts.append(together([parts.pop(), parts.pop()]))
    return parts[0]


READER = scan()


@settings(max_examples=SPLITS, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 40), st.lists(st.integers(1, 39), max_size=8))
def test_any_split_between_sessions_in_any_order_gives_the_report_of_one_pass(
    seed: int, count: int, cuts: list[int]
) -> None:
    groups = sessions(seed, count)
    whole = reported(piece(READER, b"".join(groups), 0, 0))
    parts = []
    for first, after in pairwise(sorted({0, count, *(cut for cut in cuts if cut < count)})):
        before = b"".join(groups[:first])
        parts.append(piece(READER, b"".join(groups[first:after]), before.count(b"\n"), len(before)))
    assert reported(in_any_tree(parts, random.Random(seed))) == whole


@settings(max_examples=SPLITS, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 40), st.lists(st.integers(1, 150), max_size=8))
def test_a_split_through_sessions_changes_nothing_that_is_counted(seed: int, count: int, cuts: list[int]) -> None:
    lines = b"".join(sessions(seed, count)).splitlines(keepends=True)
    whole = reported(piece(READER, b"".join(lines), 0, 0))
    parts = []
    for first, after in pairwise(sorted({0, len(lines), *(cut for cut in cuts if cut < len(lines))})):
        before = b"".join(lines[:first])
        parts.append(piece(READER, b"".join(lines[first:after]), first, len(before)))
    split = reported(in_any_tree(parts, random.Random(seed)))
    assert split[1] == whole[1]

    def counted(ranked: Sequence[Ranked]) -> list[Any]:
        return sorted((r.finding.fingerprint, r.finding.count, r.finding.first, r.finding.last) for r in ranked)

    assert counted(split[0]) == counted(whole[0])


def test_merging_leaves_the_parts_as_they_are() -> None:
    """What a machine read may be merged a second time, when the one that merged it first has died."""
    groups = sessions(1, 30)
    parts = [piece(READER, group, 0, number << 20) for number, group in enumerate(groups)]
    assert reported(together(parts)) == reported(together(parts))


def test_beyond_its_bounds_a_tally_still_counts_every_line_and_says_what_it_forgot() -> None:
    line = b"5AM3450j000123: AUTH failure (LOGIN): user not found (-20) SASL(-13): user not found: checkpass failed, "
    lines = [stamped(n, n, b"%suser=u%d, relay=[192.0.2.%d]" % (line, n, n % 250)) + b"\n" for n in range(3000)]
    whole = reported(piece(READER, b"".join(lines), 0, 0))
    first = piece(READER, b"".join(lines[:1500]), 0, 0)
    second = piece(READER, b"".join(lines[1500:]), 1500, len(b"".join(lines[:1500])))
    for order in ((first, second), (second, first)):
        split = reported(together(order))
        assert split[1] == whole[1]
        (failed,) = (r.finding for r in split[0] if r.finding.code == "SASL120")
        assert failed.count == 3000 and failed.traffic is not None and failed.traffic.forgotten


# ---- shares


class Log(Source):
    """One of which only the size matters."""

    def __init__(self, name: str, size: int | None, plain: bool) -> None:
        self.name = self.address = name
        self.size, self.extent = size, (0, size) if plain and size is not None else None


@given(st.integers(0, 1 << 44))
def test_pieces_of_a_log_are_all_of_it(size: int) -> None:
    cuts = pieces(0, size)
    assert cuts[0][0] == 0 and cuts[-1][1] == size
    assert all(a[1] == b[0] for a, b in pairwise(cuts))
    assert len(cuts) == 1 or (len(cuts) % 2 == 0 and len(cuts) <= 256)


def test_small_logs_are_read_together_and_large_ones_in_pieces() -> None:
    logs = [
        Log("a", 30 * MIB, False),
        Log("b", 20 * MIB, False),
        Log("c", 20 * MIB, False),
        Log("d", 600 * MIB, True),
        Log("e", 0, False),
        Log("f", None, False),
    ]
    assert [(log.name, fresh, len(cut)) for log, fresh, cut in divided(logs)] == [
        ("a", False, 0),
        ("b", False, 0),
        ("c", True, 0),
        ("d", True, 2),
        ("e", True, 0),
        ("f", True, 0),
    ]


@given(st.integers(0, 700))
def test_a_tree_puts_shares_together_in_their_order(count: int) -> None:
    widest = 0

    def joined(some: Sequence[list[int]]) -> list[int]:
        nonlocal widest
        widest = max(widest, len(some))
        return [number for part in some for number in part]

    tree: Tree[list[int]] = Tree(joined)
    for number in range(count):
        tree.add([number])
    assert (tree.whole() or []) == list(range(count))
    assert widest <= FAN


# ---- partials


def partial(seed: int, count: int = 20) -> str:
    reader = Scan(RULES, Finds, NOW, exact=True, marked=True)
    return written(Partial(piece(reader, b"".join(sessions(seed, count)), 0, 0), (), ()), RULES)


@settings(max_examples=SPLITS // 2, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_a_partial_is_read_as_it_was_written(seed: int, count: int) -> None:
    groups = sessions(seed, count)
    text = written(Partial(piece(READER, b"".join(groups), 0, 0), (), ()), RULES)
    seen = seen_in(stated(text.encode()), RULES)
    assert written(Partial(seen, (), ()), RULES) == text
    assert reported(seen) == reported(piece(READER, b"".join(groups), 0, 0))


def rubbish(value: Any, chance: random.Random) -> Any:
    """The same with one thing in it changed to something that does not belong there."""
    if chance.random() < 0.15 or not isinstance(value, dict | list) or not value:
        return chance.choice([None, -1, 2**80, "x" * 9000, [], {}, [[[]]], True, 1.5, "\ud800", value])
    if isinstance(value, dict):
        name = chance.choice(list(value))
        return value | {name: rubbish(value[name], chance)}
    number = chance.randrange(len(value))
    return [*value[:number], rubbish(value[number], chance), *value[number + 1 :]]


WRITTEN = json.loads(partial(5))


@settings(max_examples=4 * SPLITS, deadline=None)
@given(st.integers(0, 2**32))
def test_what_anybody_wrote_is_refused_or_gives_a_report(seed: int) -> None:
    text = json.dumps(rubbish(WRITTEN, random.Random(seed)))
    try:
        seen = seen_in(stated(text.encode()), RULES)
    except PartialError:
        return
    reported(together([seen, seen]))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is no JSON, or not whole"),
        (json.dumps(WRITTEN)[:-100].encode(), "it is no JSON, or not whole"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"{}", "it is no partial"),
        (b"[1, 2]", "it is no partial"),
        (json.dumps(WRITTEN | {"partial": "maildoctor-partial/2"}).encode(), f"another form than {FORM}"),
        (json.dumps(WRITTEN | {"version": "9.9"}).encode(), "another release than"),
        (json.dumps(WRITTEN | {"rules": "0"}).encode(), "other log rules"),
    ],
)
def test_what_is_no_partial_is_told(data: bytes, says: str) -> None:
    with pytest.raises(PartialError, match=says):
        seen_in(stated(data), RULES)


def maildoctor(*words: str | Path, **more: Any) -> "subprocess.CompletedProcess[str]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAILDOCTOR_")}
    return subprocess.run(
        [sys.executable, "-m", "maildoctor", *map(str, words)],
        cwd=ROOT, env=environment | more.pop("env", {}), capture_output=True, text=True, **more,
    )  # fmt: skip


def without_time(text: str) -> Any:
    report = json.loads(text)
    del report["started"], report["seconds"]
    return report


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[list[Path]]:
    logs = []
    for number in range(3):
        logs.append(tmp_path / f"mx{number}.log")
        logs[-1].write_bytes(b"".join(sessions(number, 60)))
        os.utime(logs[-1], (1e9 + number, 1e9 + number))
        made = maildoctor("triage", "-q", "--exit-zero", "--partial", logs[-1].with_suffix(".partial"), logs[-1])
        assert made.returncode == 0, made.stderr
    yield logs


def test_partials_merge_to_the_report_of_all_their_logs(parts: list[Path]) -> None:
    whole = maildoctor("triage", "--json", *parts)
    merged = maildoctor("report", "merge", "--json", *(log.with_suffix(".partial") for log in parts))
    assert without_time(merged.stdout) == without_time(whole.stdout)
    assert merged.returncode == whole.returncode


VARIES = re.compile(
    r'(\d+\.\d+ ?s\b|seconds \d+\.\d+|(?:time|timestamp)="[^"]*"|"(?:start|end)TimeUtc": "[^"]*"|T\d\d:\d\d:\d\d\S*)'
)
"""How long it took, and when: what two runs cannot have in common."""


@pytest.mark.slow
@pytest.mark.parametrize("form", [form for form in FORMATS if form != "json"])
def test_partials_are_told_in_every_form_and_with_as_many_names_as_asked_for(parts: list[Path], form: str) -> None:
    options = ("--format", form, "--top", "2", "--fail-on", "warning")
    whole = maildoctor("triage", *options, *parts)
    merged = maildoctor("report", "merge", *options, *(log.with_suffix(".partial") for log in parts))
    assert whole.stdout and VARIES.sub("", merged.stdout) == VARIES.sub("", whole.stdout)
    assert (merged.returncode, merged.stderr) == (whole.returncode, whole.stderr)


def test_top_is_of_partials_only(parts: list[Path]) -> None:
    part, report = parts[0].with_suffix(".partial"), parts[0].with_suffix(".json")
    line = b"5AM3450j000123: AUTH failure (LOGIN): user not found (-20) SASL(-13): user not found: checkpass failed, "
    lines = [stamped(n, n, b"%suser=u%d, relay=[192.0.2.%d]" % (line, n, n)) + b"\n" for n in range(1, 9)]
    parts[0].write_bytes(b"".join(lines))
    maildoctor("triage", "-q", "--partial", part, parts[0])
    few, many = (json.loads(maildoctor("report", "merge", "--json", "--top", n, part).stdout) for n in ("1", "9"))

    def most(report: Any, what: str) -> int:
        return max(len(f["traffic"][what]) for f in report["findings"] if f.get("traffic"))

    assert (most(few, "users"), most(few, "relays")) == (1, 1) and most(many, "users") > 1
    report.write_text(json.dumps(many))
    refused = maildoctor("report", "render", "--top=9", report)
    assert refused.returncode == 2 and "render takes what the reports hold" in refused.stderr
    assert maildoctor("report", "render", "--json", report, env={"MAILDOCTOR_TOP": "9"}).returncode != 2


def test_a_part_whose_reading_was_interrupted_is_told(parts: list[Path]) -> None:
    part = parts[0].with_suffix(".partial")
    part.write_text(json.dumps(json.loads(part.read_text()) | {"interrupted": True}))
    merged = maildoctor("report", "merge", "--json", "--fail-on", "never", part)
    said = json.loads(merged.stdout)
    assert said["log"]["damage"] == [f"{part}: its reading was interrupted; the end of its logs was not read"]
    assert merged.returncode == 3 and said["findings"]


def test_a_partial_that_cannot_be_merged_is_told_and_the_rest_goes_on(parts: list[Path], tmp_path: Path) -> None:
    good, twice, broken = (log.with_suffix(".partial") for log in parts)
    twice.write_bytes(good.read_bytes())
    broken.write_bytes(broken.read_bytes()[:-50])
    merged = maildoctor("report", "merge", "--json", "--fail-on", "never", good, twice, broken, tmp_path / "nowhere")
    report = json.loads(merged.stdout)
    assert [sentence.partition(": ")[2] for sentence in report["log"]["damage"]] == [
        f"was left out: a log in it was counted already, in {good}",
        "was left out: it is no JSON, or not whole",
        "was left out: cannot be read: No such file or directory",
    ]
    assert report["findings"] and merged.returncode == 3
    assert json.loads(maildoctor("triage", "--json", parts[0]).stdout)["findings"] == report["findings"]


def test_partials_of_different_rules_are_not_added_up(parts: list[Path]) -> None:
    other = parts[1].with_suffix(".partial")
    maildoctor("triage", "-q", "--ignore", "SASL120", "--partial", other, parts[1])
    merged = maildoctor("report", "merge", "--json", parts[0].with_suffix(".partial"), other)
    assert "with another --select or --ignore" in json.loads(merged.stdout)["log"]["damage"][0]


def test_a_partial_holds_no_secret(tmp_path: Path) -> None:
    log, file = tmp_path / "mail.log", tmp_path / "part"
    line = stamped(1, 7, b"5AM3450j000123: AUTH failure (LOGIN): user not found (-20) SASL(-13): user not found: ")
    log.write_bytes(line + b"checkpass failed, user=u1, password=Tr0ub4dor-and-3, relay=[192.0.2.1]\n")
    maildoctor("triage", "-q", "--partial", file, log)
    assert "SASL(-13)" in file.read_text() and "Tr0ub4dor" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600

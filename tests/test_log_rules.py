"""Every log rule on its own samples and counters, under every form of header; needles rare; patterns quick."""

import io
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import pytest

from bench.logs import lines
from maildoctor.triage.engine import Engine, Finds, fastest
from maildoctor.triage.headers import peel
from maildoctor.triage.match import Matcher
from maildoctor.triage.rules import Rule, load, read, rule_files, rules_folder
from maildoctor.triage.scan import Scan, settled
from maildoctor.triage.validation import problems

RULES = load(rule_files())
MATCHER = Matcher(RULES)
HEADERS = (
    "Jan  2 03:04:05 mx {tag}[123]: {message}",
    "Jan 12 03:04:05 mx.example.org {tag}: {message}",
    "2026-01-02T03:04:05.678901+01:00 mx {tag}[123]: {message}",
    "<22>Jan  2 03:04:05 mx {tag}[123]: {message}",
    "Jan  2 03:04:05 mx {tag}[123]: [ID 801593 mail.warning] {message}",
    "Jan  2 03:04:05 <mail.notice> mx {tag}[123]: {message}",
    "mail_1  | Jan  2 03:04:05 mx {tag}[123]: {message}",
    "{message}",
)
QUIET_LINES = 200_000
LONGEST_PATTERN, USUAL_PATTERN = 200, 100


def test_there_are_rules() -> None:
    assert RULES


def test_rules_keep_what_they_promise() -> None:
    assert list(problems(RULES)) == []


def test_each_code_stands_in_the_ledger() -> None:
    folder = rules_folder()
    with open(os.path.join(folder, "CODES"), encoding="utf-8") as file:
        ledger = dict(line.split() for line in file if line.strip())
    wrong = [f"{r.code} {r.name}" for r in RULES if ledger.get(r.code) != r.name]
    assert not wrong, "add to checks/CODES: " + ", ".join(wrong)


def test_what_rules_explain_exists() -> None:
    codes = {rule.code for rule in RULES}
    assert not [f"{r.code} explains {code}" for r in RULES for code in r.explains if code not in codes]


def test_patterns_can_be_read() -> None:
    """What stands before a message, and what patterns share, is said once: so a pattern is as short as its message."""
    texts: list[tuple[int, str]] = []
    for path in rule_files():
        for rule in tomllib.loads(read(path).decode())["rule"]:
            if rule.get("by_words"):
                continue
            patterns = [rule["pattern"]] if isinstance(rule["pattern"], str) else rule["pattern"]
            texts += ((len(t), rule["code"]) for t in (*patterns, *chain(*rule.get("one_of", {}).values())))
    assert max(texts) < (LONGEST_PATTERN + 1, "")
    assert sum(length > USUAL_PATTERN for length, _ in texts) < 0.05 * len(texts)


def _sampled() -> Iterator[tuple[Rule, str]]:
    return ((rule, sample.line) for rule in RULES for sample in rule.samples)


@pytest.mark.slow
@pytest.mark.parametrize("form", HEADERS)
def test_samples_match_under_every_header(form: str) -> None:
    """The same message, as another logger writes it, means the same."""
    missed = []
    for rule, line in _sampled():
        head = peel(line.encode())
        # What has no syslog header of its own (a program's own log, a transcript) keeps its form.
        if not head.tag or not head.stamp:
            continue
        # What is read by its words alone needs to be of a program, and written into a log.
        if rule.by_words and "{tag}" not in form:
            continue
        tag = head.tag.decode()
        # With the queue id, and with what this program writes behind it.
        message = line[line.index((head.queue_id or head.message).decode()) :]
        other = form.format(tag=tag, message=message).encode("utf-8", "surrogateescape")
        hit = MATCHER.read(other, MATCHER.inside(other))
        if hit is None or (RULES[hit.rule] is not rule and "{tag}" in form):
            missed.append(f"{rule.code}: {other!r}")
    assert not missed, "\n".join(missed)


@pytest.mark.slow
def test_needles_are_rare_on_a_healthy_host() -> None:
    source = lines(7, 0.0)
    data = b"".join(next(source)[0] + b"\n" for _ in range(QUIET_LINES))
    counts = [0] * len(MATCHER.needles)

    def count(needle: int, *_rest: object) -> None:
        counts[needle] += 1

    engine: Engine = fastest(MATCHER.needles)
    engine.scan(memoryview(bytearray(data)), count)
    loud = {MATCHER.needles[n]: c for n, c in enumerate(counts) if c}
    assert sum(counts) < 0.001 * QUIET_LINES, loud


@pytest.mark.slow
def test_hostile_lines_take_bounded_time() -> None:
    """Lines of 64 kB that hold needles and almost match. The slowest engine needs 50 ms to look for all needles in one,
    so it reads a part of the lines; the fastest reads all, and leaves the patterns no more time."""
    hostile = [needle + b" " + (needle[-3:] + b"=,(<") * 9000 + b"\n" for needle in MATCHER.needles]
    assert _seconds(Finds, hostile[::20]) < 0.1
    assert _seconds(fastest, hostile) < 0.02


def _seconds(engine: Callable[[Sequence[bytes]], Engine], data: Sequence[bytes]) -> float:
    """Processor time for one of these lines, on average."""
    began = time.process_time()
    scan = Scan(RULES, engine, 0.0)
    for _ in scan.feed(io.BytesIO(b"".join(data)), "log"):
        pass
    return (time.process_time() - began) / len(data)


def test_names_that_quote_messages_are_not_believed() -> None:
    """What a stranger can put into a user name, a HELO or a subject never is a finding of its own."""
    believed = []
    for rule, line in _sampled():
        head = peel(line.encode())
        text = head.message.decode("utf-8", "replace")[:200]
        for form in (
            "Jan  2 03:04:05 mx sendmail[1]: 5AM3450j000123: from=<{text}>, size=10, class=0, nrcpts=1",
            "Jan  2 03:04:05 mx postfix/cleanup[1]: 4F1A2B3C4D: warning: header Subject: {text} from x[192.0.2.1]",
        ):
            raw = form.format(text=text).encode()
            hit = MATCHER.read(raw, MATCHER.inside(raw))
            if hit is not None and RULES[hit.rule] is rule and rule.severity != "info":
                believed.append(f"{rule.code}: {raw!r}")
    assert not believed, "\n".join(believed)


def test_all_samples_in_one_log() -> None:
    data = b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for _, line in _sampled())
    scan = Scan(RULES, fastest, 1_800_000_000.0, exact=True)
    for _ in scan.feed(io.BytesIO(data), "log"):
        pass
    assert {RULES[key[0]].code for key in settled(scan.seen)} == {rule.code for rule in RULES}


def test_what_a_relay_offered_is_a_sentence() -> None:
    """The words of a log are pieces of a sentence of ours."""
    line = "warning: smtp.example.net[192.0.2.1]:25 offered no supported AUTH mechanisms: 'XOAUTH2'"
    done = subprocess.run(
        [sys.executable, "-m", "maildoctor", "triage", "-", "--json"],
        input=f"Nov 22 06:10:11 mail postfix/smtp[99]: {line}\n",
        capture_output=True,
        text=True,
    )
    (message,) = [f["message"] for f in json.loads(done.stdout)["findings"] if f["code"] == "MECH546"]
    assert message == "The relay host smtp.example.net offered no supported AUTH mechanisms"

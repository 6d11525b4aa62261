"""The engine of triage: nothing lost, nothing counted twice, whatever the log, its borders and the engine."""

import base64
import io
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from maildoctor.masking import masked_line as masked
from maildoctor.triage.blocks import Blocks
from maildoctor.triage.builtin import builtin
from maildoctor.triage.clock import Clock, Course
from maildoctor.triage.engine import ENGINES, Engine, EngineError, Finds, fastest, named
from maildoctor.triage.headers import peel
from maildoctor.triage.judge import judge, read
from maildoctor.triage.match import LONGEST_LINE
from maildoctor.triage.proof import literals, unneedled
from maildoctor.triage.rule_text import RuleError
from maildoctor.triage.rules import Rule, load, parse, rule_files
from maildoctor.triage.scan import BUDGET, Scan, Seen, settled
from maildoctor.triage.shapes import shape
from maildoctor.triage.tops import Top

NOW = 1_800_000_000.0
RULE = """
[[rule]]
code = "{code}"
name = "{name}"
severity = "{severity}"
kind = "{kind}"
programs = []
needle = {needle}
pattern = '{pattern}'
title = "{title}"
why = "Why."
labels = {labels}
explains = {explains}
scope = "{scope}"
by_client = {by_client}
  [[rule.cause]]
  name = "a cause"
  when = "it is so"
  advice = "Do {{user}}."
  commands = ["fix {{user}}"]
  [[rule.sample]]
  from = "written for this test"
  line = "{sample}"
"""


def rule(
    code: str,
    needle: str,
    pattern: str,
    sample: str,
    kind: str = "fault",
    severity: str = "error",
    labels: Sequence[str] = (),
    explains: Sequence[str] = (),
    scope: str = "session",
    title: str = "Something",
    by_client: bool = False,
) -> Rule:
    """One rule, by way of its TOML."""
    text = RULE.format(
        code=code,
        name=code.lower(),
        severity=severity,
        kind=kind,
        needle=[needle],
        pattern=pattern,
        labels=list(labels),
        explains=list(explains),
        scope=scope,
        sample=sample,
        title=title,
        by_client=str(by_client).lower(),
    )
    return parse(text.encode(), "test.toml")[0]


LOGIN = rule(
    "SASL801",
    "login refused",
    r"login refused for (?P<user>\S{1,40})(?: from (?P<relay>\S{1,40}))?(?: by (?P<mech>[A-Z]{1,9}))?$",
    "login refused for a",
    labels=["mech"],
    title="The login of {user} was refused",
    by_client=True,
)
BROKEN = rule("SASL802", "backend broken", "backend broken", "backend broken", explains=["SASL803"], scope="session")
GENERIC = rule(
    "SASL803", "generic failure", r"generic failure(?: for (?P<user>\S{1,40}))?", "generic failure", "symptom"
)
GOOD = rule(
    "SASL804",
    "login worked",
    r"login worked(?: for (?P<user>\S{1,9}))?",
    "login worked",
    kind="normal",
    severity="info",
)
DENIED = rule("SASL805", "relaying denied", "relaying denied", "relaying denied")
RULES = (LOGIN, BROKEN, GENERIC, GOOD, DENIED)
NEEDLES = [needle for r in RULES for needle in r.needles]


class Drip(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, most: int, chance: random.Random) -> None:
        self.data, self.at, self.most, self.chance = data, 0, most, chance

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        some = self.data[self.at : self.at + min(len(buffer), self.chance.randint(1, self.most))]
        buffer[: len(some)] = some
        self.at += len(some)
        return len(some)


def scanned(
    data: bytes,
    some: Sequence[Rule] = RULES,
    make: Callable[[Sequence[bytes]], Engine] = Finds,
    exact: bool = False,
    unmatched: bool = False,
) -> Seen:
    """What a scan of these bytes gives."""
    scan = Scan(some, make, NOW, exact, unmatched)
    for _ in scan.feed(io.BytesIO(data), "log"):
        pass
    return scan.seen


def counts(seen: Seen, some: Sequence[Rule] = RULES) -> dict[tuple[str, tuple[bytes, ...]], int]:
    """How often each rule was seen, by labels."""
    return {(some[key[0]].code, key[1]): entry.count for key, entry in settled(seen).items()}


def naive(data: bytes, some: Sequence[Rule] = RULES) -> dict[tuple[str, tuple[bytes, ...]], int]:
    """The same line by line, every pattern on every line."""
    found: Counter[tuple[str, tuple[bytes, ...]]] = Counter()
    for line in data.split(b"\n"):
        message = peel(line[:LONGEST_LINE].rstrip(b"\r")).message
        for r in some:
            if match := re.match(r.pattern.encode(), message):
                found[r.code, tuple(match[label] or b"" for label in r.labels)] += 1
    return dict(found)


def hostile_log(chance: random.Random) -> bytes:
    """Some lines of any kind: empty, long, with NUL, CR, bad UTF-8, needles in wrong places and cut in two."""
    pieces = [b"", b"a", b"\0", b"\r", b"\xff\xfe", b"login", b" refused", b"x" * chance.randint(1, 300)]
    pieces += [b"login refused for bob", b"login refused for eve by LOGIN", b"generic failure", b"backend broken"]
    pieces += [b"Jan 21 02:02:07 h sendmail[1]: login refused for joe", b"h: login refused for", b"relaying denied"]
    pieces += [b"Jan 21 02:02:07 h postfix/smtpd[7]: backend broken", b"login refused for \xff by PLAIN"]
    ends = [b"\n"] * 8 + [b"\r\n", b"", b"\n\n"]
    return b"".join(chance.choice(pieces) + chance.choice(ends) for _ in range(chance.randint(0, 12)))


# ---- blocks


@pytest.mark.parametrize("seed", range(20))
def test_blocks_are_the_stream(seed: int) -> None:
    chance = random.Random(seed)
    data = b"".join(b"x" * chance.choice((0, 1, 50, 70_000)) + b"\n" for _ in range(40)) + b"tail" * (seed % 2)
    blocks = Blocks(Drip(data, 100_000, chance), 1)
    got = [bytes(blocks.buffer[:length]) for length in blocks]
    assert b"".join(got) == data
    assert all(block.endswith(b"\n") for block in got[:-1])
    assert blocks.taken == len(data)


def test_what_does_not_fit_is_dropped_up_to_the_next_line() -> None:
    long = b"y" * (5 * LONGEST_LINE)
    data = b"one\n" + long + b"\ntwo\n" + long
    for most in (1000, 1 << 20):
        blocks = Blocks(Drip(data, most, random.Random(1)), 1)
        got = [bytes(blocks.buffer[:length]) for length in blocks]
        lines = [line for block in got for line in block.split(b"\n") if line]
        assert [line[:3] for line in lines] == [b"one", b"yyy", b"two", b"yyy"]


def test_blocks_can_grow_while_they_are_read() -> None:
    data = b"".join(b"%d\n" % n for n in range(200_000))
    blocks = Blocks(io.BytesIO(data), 1)
    got = b""
    for number, length in enumerate(blocks):
        if number == 1:
            blocks.grow(1 << 20)
        got += bytes(blocks.buffer[:length])
    assert got == data


# ---- the whole against a naive reference


@pytest.mark.slow
def test_ten_thousand_logs_give_what_reading_line_by_line_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maildoctor.triage.blocks.LONGEST_LINE", 64)
    monkeypatch.setattr("maildoctor.triage.scan.LONGEST_LINE", 700)
    chance = random.Random(3)
    for _ in range(10_000):
        data = hostile_log(chance)
        # Blocks of 1,500 bytes, so that a log has several borders.
        scan = Scan(RULES, Finds, NOW)
        scan._engine.block = 1500
        for _ in scan.feed(Drip(data, chance.choice((1, 7, 5000)), chance), "log"):
            pass
        assert counts(scan.seen) == naive(data), data
        assert scan.seen.lines == len(data.splitlines(keepends=True)) or b"\r" in data


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_gives_the_same(name: str) -> None:
    try:
        named(name, NEEDLES)
    except EngineError as error:
        pytest.skip(str(error))
    chance = random.Random(5)
    data = b"\n".join(hostile_log(chance) for _ in range(3000))
    assert len(data) > 300_000
    assert counts(scanned(data, make=lambda needles: named(name, needles), exact=True)) == naive(data)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_gives_the_same_on_all_samples(name: str) -> None:
    some = load(rule_files())
    try:
        named(name, NEEDLES)
    except EngineError as error:
        pytest.skip(str(error))
    data = b"".join(s.line.encode() + b"\n" for r in some for s in (*r.samples, *r.counters))
    data *= 1 + 70_000 // len(data)
    expected = counts(scanned(data, some, Finds, exact=True), some)
    assert counts(scanned(data, some, lambda needles: named(name, needles), exact=True), some) == expected


@pytest.mark.slow
def test_words_that_a_needle_cuts_are_found() -> None:
    """Needles that begin and end anywhere, few letters and many signs, so that every case of a cut word comes up."""
    chance = random.Random(7)
    for _ in range(300):
        data = bytes(chance.choices(b"abcB. 1:=\xe4\r\n", (9, 9, 9, 3, 1, 4, 1, 1, 1, 1, 1, 2), k=2000))
        cuts = [data[at : at + chance.randint(6, 20)] for at in chance.sample(range(1900), 40)]
        needles = sorted({cut.split(b"\n")[0].ljust(6, b"a") for cut in cuts})
        engine = named("stdlib", needles)
        for block in (data, data[::-1], data.swapcase()):
            reported: list[tuple[int, int]] = []
            engine.scan(memoryview(block), lambda n, _start, end, _flags, _context: reported.append((end, n)))  # noqa: B023
            expected = ((m.end(), n) for n, needle in enumerate(needles) for m in re.finditer(re.escape(needle), block))
            assert reported == sorted(expected)


def test_a_line_counts_once_though_two_needles_are_in_it() -> None:
    data = b"generic failure generic failure\n" * 3 + b"backend broken, generic failure\n" * 2
    assert counts(scanned(data)) == {("SASL803", ()): 3, ("SASL802", ()): 2}


def test_nothing_behind_the_longest_line_counts() -> None:
    data = b"x" * LONGEST_LINE + b"backend broken\n" + b"backend broken" + b"x" * LONGEST_LINE + b"\nbackend broken"
    assert counts(scanned(data)) == {("SASL802", ()): 2}


@pytest.mark.parametrize("size", [1, 3_000_000])
def test_a_line_of_any_length(size: int) -> None:
    data = b"backend broken\n" + b"z" * size + b"\nbackend broken\n" + b"backend broken" + b"z" * size
    assert counts(scanned(data)) == {("SASL802", ()): 3}


# ---- floods


def flood(lines: int, other_every: int = 0) -> bytes:
    """A log of many refused logins, with a broken backend now and then, and what is no match for a needle it holds."""
    out = []
    for n in range(lines):
        out.append(b"Jan 21 02:%02d:07 h sendmail[%d]: login refused for u%d by PLAIN" % (n // 600 % 60, n, n % 50))
        if other_every and n % other_every == 0:
            out.append(b"Jan 21 02:00:07 h sendmail[1]: backend broken")
    return b"\n".join(out)


@pytest.mark.parametrize("exact", [True, False])
def test_a_flood_is_counted_exactly(exact: bool) -> None:
    lines = 60_000
    data = flood(lines, 1000)
    seen = scanned(data, make=fastest, exact=exact)
    assert bool(seen.floods) is not exact
    entries = settled(seen)
    assert counts(seen) == {("SASL801", (b"PLAIN",)): lines, ("SASL802", ()): 60}
    entry = next(e for key, e in entries.items() if RULES[key[0]] is LOGIN)
    assert sum(entry.course.bins.values()) == lines
    assert entry.last.stamp == b"Jan 21 02:59:07"
    assert not entry.estimated


def test_what_shares_a_needle_with_a_flood_is_estimated_and_said_to_be() -> None:
    data = b"".join(b"login refused for u by %s\n" % (b"LOGIN" if n % 4 else b"PLAIN") for n in range(60_000))
    seen = scanned(data, make=fastest)
    reported = counts(seen)
    assert sum(reported.values()) == pytest.approx(60_000, abs=2)
    assert reported["SASL801", (b"PLAIN",)] == pytest.approx(15_000, rel=0.1)
    assert all(entry.estimated for entry in seen.tally.entries.values())


def test_a_rare_needle_in_a_flooded_line_is_read() -> None:
    data = flood(BUDGET * 8) + b"\nbackend broken: login refused for x\n" + flood(BUDGET * 4)
    assert counts(scanned(data, make=fastest)) == {("SASL801", (b"PLAIN",)): BUDGET * 12, ("SASL802", ()): 1}


def test_a_flood_that_strangers_make_hides_no_worse_rule_that_has_the_same_words() -> None:
    shared: dict[bytes, set[tuple[str, bool]]] = {}
    for rule in builtin().rules:
        for needle in rule.needles:
            shared.setdefault(needle, set()).add((rule.severity, rule.by_client))
    assert len(shared[b"Relay access denied"]) > 1
    refused = (
        b"Nov 30 08:%02d:07 h postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[203.0.113.%d]: 554 5.7.1 "
        b"<x@y.example>: Relay access denied; from=<a@b.example> to=<x@y.example> proto=ESMTP helo=<h>"
    )
    bounced = (
        b"Nov 30 08:30:07 h postfix/smtp[77]: 4XyZ123456: to=<bob@example.org>, relay=hub.example.net[192.0.2.1]:587, "
        b"delay=1, delays=0/0/1/0, dsn=5.7.1, status=bounced (host hub.example.net[192.0.2.1] said: 554 5.7.1 "
        b"<bob@example.org>: Relay access denied (in reply to RCPT TO command))"
    )
    lines = [refused % (n // 700, n % 250) for n in range(40_000)]
    lines[20_000:20_000] = [bounced] * 3
    rules = builtin().rules
    scan = Scan(rules, fastest, NOW)
    for _ in scan.feed(io.BytesIO(b"\n".join(lines)), "log"):
        pass
    found = {rules[key[0]].code: entry.count for key, entry in settled(scan.seen).items()}
    assert found["RELAY546"] == 3 and found["RELAY501"] == 40_000


@pytest.mark.parametrize("words", ["SASL: Connected to wrong auth socket", "open database /x: Permission denied"])
def test_a_flood_in_which_strangers_quote_the_words_of_a_fault_does_not_hide_the_fault(words: str) -> None:
    rules = builtin().rules
    flooding = (
        b"Nov 30 08:%02d:07 h sm-mta[7]: 6AU8Yb7r000106: AUTH failure (PLAIN): user not found (-20) SASL(-13): "
        + (b"user not found: Password verification failed, user=%s, relay=x [203.0.113.%%d]" % words.encode())
    )
    fault = (
        b"Nov 30 08:30:07 h postfix/smtpd[9]: warning: "
        + {
            "SASL: Connected to wrong auth socket": b"SASL: Connected to wrong auth socket (x instead of y)",
            "open database /x: Permission denied": b"hash:/x is unavailable. open database /x: Permission denied",
        }[words]
    )
    lines = [flooding % (n // 1000, n % 250) for n in range(60_000)]
    lines[30_000:30_000] = [fault] * 3
    alone = Scan(rules, Finds, NOW)
    for _ in alone.feed(io.BytesIO(fault), "log"):
        pass
    (code,) = {rules[key[0]].code for key in alone.seen.tally.entries}
    scan = Scan(rules, fastest, NOW)
    for _ in scan.feed(io.BytesIO(b"\n".join(lines)), "log"):
        pass
    flooded = bool(scan.seen.floods)
    found = {rules[key[0]].code: entry.count for key, entry in settled(scan.seen).items()}
    assert flooded and found[code] == 3 and sum(found.values()) == 60_003


def test_pieces_that_are_merged_are_the_whole() -> None:
    data = flood(50_000, 100) + b"\n"
    cut = data.index(b"\n", len(data) // 2) + 1
    whole, first, second = (scanned(d, make=fastest, exact=True) for d in (data, data[:cut], data[cut:]))
    first.merge(second)
    assert counts(first) == counts(whole)
    assert first.lines == whole.lines
    a, b = (judge(RULES, seen) for seen in (first, whole))
    assert [r.finding.message for r in a] == [r.finding.message for r in b]


# ---- repeated messages


def test_what_syslog_folded_is_unfolded() -> None:
    data = (
        b"Jun  5 19:43:16 h sendmail[1]: backend broken\n"
        b"Jun  5 19:43:16 h last message repeated 4 times\n"
        b"Jun  5 19:43:17 h sendmail[1]: message repeated 3 times: [ backend broken]\n"
        b"Jun  5 19:43:17 h sendmail[1]: all is well\n"
        b"Jun  5 19:43:18 h last message repeated 9 times\n"
    )
    assert counts(scanned(data)) == {("SASL802", ()): 1 + 4 + 3}


# ---- bounds


def test_many_names_take_bounded_memory_and_the_frequent_ones_stay() -> None:
    top = Top(100)
    for n in range(100_000):
        top.add(b"often" if n % 10 == 0 else b"%d" % n)
    assert len(top) <= 100 and top.forgot
    assert top.first(1)[0] == (b"often", 10_000)


def test_a_stranger_cannot_make_entries_without_end() -> None:
    names = (bytes((65 + n // 676, 65 + n // 26 % 26, 65 + n % 26)) for n in range(10_000))
    seen = scanned(b"".join(b"login refused for x by %s\n" % name for name in names), exact=True)
    assert len(seen.tally.entries) <= 25
    assert sum(counts(seen).values()) == 10_000


def test_a_course_keeps_its_sum_as_its_steps_grow() -> None:
    course, other = Course(), Course()
    for n in range(20_000):
        (course if n % 2 else other).add(1 + 7 * n, 1)
    course.merge(other)
    assert len(course.bins) <= 512
    assert sum(course.bins.values()) == 20_000 == sum(course.rates(48)[2])
    assert len(course.rates(48)[2]) <= 48


def test_a_clock_takes_any_stamp() -> None:
    clock = Clock(NOW)
    assert clock.minute(b"2026-01-21T02:02:07+00:00") == clock.minute(b"2026-01-21T03:02:59.5+01:00") != 0
    assert clock.minute(b"") == clock.minute(b"rubbish") == 0


# ---- judgement


def messages(data: bytes, some: Sequence[Rule] = RULES) -> list[tuple[str, str, str | None]]:
    """Code, severity and what explains it, in the order of the report."""
    return [(r.finding.code, r.finding.severity, r.explained_by) for r in judge(some, scanned(data, some))]


def test_a_symptom_stands_under_its_cause_when_they_met() -> None:
    together = b"Jan 21 02:02:07 h p[1]: backend broken\nJan 21 02:02:07 h p[1]: generic failure\n"
    assert messages(together) == [("SASL802", "error", None), ("SASL803", "error", "SASL802")]
    apart = b"Jan 21 02:02:07 h p[1]: backend broken\nJan 21 02:02:07 h p[2]: generic failure\n"
    assert messages(apart) == [("SASL802", "error", None), ("SASL803", "error", None)]


def test_bare_lines_are_one_session() -> None:
    assert messages(b"generic failure\nbackend broken\n") == [
        ("SASL802", "error", None),
        ("SASL803", "error", "SASL802"),
    ]


def test_one_address_with_many_names_guesses_passwords() -> None:
    data = b"".join(b"login refused for u%d from 192.0.2.%d\n" % (n, n % 2) for n in range(60))
    assert messages(data) == [("ABUSE100", "warning", None), ("SASL801", "info", "ABUSE100")]


def test_guessing_hides_no_fault_that_a_client_cannot_cause() -> None:
    met = b"".join(b"generic failure for u%d from 192.0.2.%d\n" % (n % 30, n % 20 == 0) for n in range(300))
    pattern = r"generic failure(?: for (?P<user>\S{1,40}))? from (?P<relay>\S{1,40})"
    for by_client, severity in ((False, "error"), (True, "info")):
        some = [
            rule("SASL803", "generic failure", pattern, "generic failure for a from b", "symptom", by_client=by_client)
        ]
        reported = {code: (severity, cause) for code, severity, cause in messages(met, some)}
        assert reported["ABUSE100"] == ("warning", None)  # that somebody guesses is told all the same
        assert reported["SASL803"] == (severity, "ABUSE100" if by_client else None)


REFUSED = "sm-mta[{p}]: 394FBC00{p}: AUTH failure (PLAIN): "
CHECKER_BROKEN = "generic failure (-1) SASL(-1): generic failure: checkpass failed, user=u{n}, relay={at}"


@pytest.mark.parametrize(
    ("line", "code", "demoted"),
    [
        (REFUSED + CHECKER_BROKEN, "SASL123", False),
        ("dovecot: auth: plain(u{n},{ip}): Password mismatch (given password: secret{n})", "PERM660", False),
        (
            "sm-mta[{p}]: 394FBC00{p}: AUTH failure (PLAIN): user not found (-20), user=u{n}, relay={at}",
            "SASL120",
            True,
        ),
        ("postfix/smtpd[{p}]: warning: {at}: SASL LOGIN authentication failed: UGFzc3dvcmQ6", "USER503", True),
    ],
)
def test_of_the_built_in_rules_only_refusals_are_demoted(line: str, code: str, demoted: bool) -> None:
    lines = []
    for n in range(300):
        ip = "192.0.2.9" if n % 20 else f"198.51.100.{n // 20 + 1}"
        lines.append("Nov 22 09:00:00 mail " + line.format(n=n % 30, p=1000 + n, ip=ip, at=f"x.example[{ip}]"))
    rules = builtin().rules
    reported = {r.finding.code: r for r in judge(rules, scanned("\n".join(lines).encode(), rules))}
    assert "ABUSE100" in reported
    assert (reported[code].finding.severity == "info") is demoted
    assert (reported[code].explained_by is not None) is demoted


@pytest.mark.parametrize(
    ("line", "code", "setting"),
    [
        ("sm-mta[{n}]: 50L222ab001201: <-- AUTH PLAIN {secret}", "PERM142", "confLOG_LEVEL"),
        ("postfix/smtpd[{n}]: < c.example.com[192.0.2.7]: AUTH PLAIN {secret}", "PERM626", "debug_peer_list"),
        ("postfix/smtp[{n}]: > c.example.com[192.0.2.7]:587: AUTH PLAIN {secret}", "PERM626", "debug_peer_list"),
        (
            "dovecot: auth: Debug: client in: AUTH\t1\tPLAIN\tservice=smtp\tresp={secret}"
            " (previous base64 data may contain sensitive data)",
            "PERM664",
            "auth_debug_passwords",
        ),
        (
            "exim[{n}]: SMTP call from [192.0.2.7] dropped: too many syntax or protocol errors"
            ' (last command was "AUTH PLAIN {secret}", C=EHLO,AUTH)',
            "PERM781",
            "log_selector",
        ),
        ("smtpd[{n}]: smtp: 0x55d0a1b2c3d0: <<< AUTH PLAIN {secret}", "PERM831", "-T smtp"),
    ],
)
def test_a_log_that_holds_logins_in_clear_is_a_finding(line: str, code: str, setting: str) -> None:
    secrets = [base64.b64encode(f"\0amy\0correct-horse-{n}".encode()).decode() for n in range(60)]
    quiet = "Jan 21 02:02:07 mx CRON[1]: (root) CMD (true)\n"
    reported = [f"Jan 21 02:02:07 mx {line.format(n=n, secret=secret)}\n" for n, secret in enumerate(secrets)]
    rules = builtin().rules
    found = judge(rules, scanned((quiet * 4 + "".join(reported)).encode(), rules))
    (finding,) = [r.finding for r in found if r.finding.code == code]
    assert (finding.severity, finding.count) == ("warning", 60) and setting in finding.advice
    assert finding.evidence[0].source.endswith(":5")
    said = repr(found)
    assert not any(secret[8:-4] in said for secret in secrets) and "correct-horse" not in said


def test_a_few_slips_are_no_attack() -> None:
    data = b"".join(b"login refused for u%d from 192.0.2.%d\n" % (n, n) for n in range(60))
    assert messages(data) == [("SASL801", "error", None)]


def logins_of_a_day(refused: Sequence[tuple[int, str, str]], went_well: Sequence[tuple[int, str, str]]) -> bytes:
    """A log of Postfix: minute of the day, name and address of each login."""
    lines = [
        f"{minute // 60:02}:{minute % 60:02}:01 mail postfix/smtpd[9]: warning: unknown[{ip}]: SASL LOGIN"
        f" authentication failed: authentication failure, sasl_username={name}\n"
        for minute, name, ip in refused
    ]
    lines += [
        f"{minute // 60:02}:{minute % 60:02}:01 mail postfix/submission/smtpd[9]: 4ABC123: client=h.example[{ip}],"
        f" sasl_method=LOGIN, sasl_username={name}\n"
        for minute, name, ip in went_well
    ]
    return "".join("Nov 20 " + line for line in sorted(lines)).encode()


STRANGERS = [(600 + n // 20, f"guess{n}", f"198.51.{n // 100}.{n % 100}") for n in range(200)]
USERS = [(n, f"user{n % 30}", f"192.0.2.{n % 30}") for n in range(0, 1400, 20)]


def test_two_hundred_names_from_two_hundred_addresses_are_one_guesser() -> None:
    rules = builtin().rules
    found = judge(rules, scanned(logins_of_a_day(STRANGERS, USERS), rules))
    assert [(r.finding.code, r.finding.severity, r.explained_by) for r in found] == [
        ("ABUSE100", "warning", None),
        ("USER500", "info", "ABUSE100"),
    ]
    assert found[0].finding.message == (
        "Passwords are being guessed from 200 addresses: 200 refused logins, 200 user names"
    )
    assert found[0].finding.evidence[0].source == "200 addresses"
    assert not found[0].finding.fix  # a ban of single addresses is no remedy here


def test_a_slow_guesser_with_many_addresses_is_known_by_who_logs_in_here() -> None:
    rules = builtin().rules
    slow = [(7 * n, f"guess{n}", f"198.51.{n // 100}.{n % 100}") for n in range(200)]
    assert judge(rules, scanned(logins_of_a_day(slow, USERS), rules))[0].finding.code == "ABUSE100"
    many_users = [(n, f"user{n}", f"192.0.{n // 100}.{n % 100}") for n in range(1000)]
    assert judge(rules, scanned(logins_of_a_day(slow, many_users), rules))[0].finding.code == "USER500"


def test_users_who_mistype_and_log_in_later_guess_nothing() -> None:
    rules = builtin().rules
    slips = [(600 + n // 20, f"user{n}", f"192.0.{n // 100}.{n % 100}") for n in range(200)]
    later = [(minute + 1, name, ip) for minute, name, ip in slips]
    (found,) = judge(rules, scanned(logins_of_a_day(slips, later), rules))
    assert (found.finding.code, found.finding.severity) == ("USER500", "warning")


def test_where_nobody_logged_in_the_refusals_keep_their_weight() -> None:
    rules = builtin().rules
    found = judge(rules, scanned(logins_of_a_day(STRANGERS, []), rules))
    assert {(r.finding.code, r.finding.severity, r.explained_by) for r in found} == {
        ("ABUSE100", "warning", None),
        ("USER500", "warning", None),
    }
    (attack,) = (r.finding for r in found if r.finding.code == "ABUSE100")
    assert "nobody can log in" in attack.why


@pytest.mark.parametrize(
    "line",
    [
        "postfix/smtpd[9]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: authentication failure",
        "postfix/smtpd[9]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
        "dovecot: auth: passwd-file(amy,192.0.2.1): Password mismatch",
        "dovecot: auth: sql(amy,192.0.2.1): unknown user",
        "dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=<amy>, method=PLAIN, rip=192.0.2.1",
        "dovecot: imap-login: Disconnected (proxy dest auth failed): user=<amy>, method=PLAIN, rip=192.0.2.1",
        "exim[9]: plain_login authenticator failed for (x) [192.0.2.1]: 535 Incorrect authentication data (set_id=amy)",
        "sm-mta[9]: 394FBCXX002212: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication"
        " failure: checkpass failed, user=amy, relay=[192.0.2.1]",
        "sm-mta[9]: 394FBCXX002212: AUTH failure (PLAIN): user not found (-20), user=amy, relay=[192.0.2.1]",
        "saslauthd[8]: do_auth         : auth failure: [user=amy] [service=smtp] [realm=] [mech=shadow]"
        " [reason=Incorrect password]",
        "saslauthd[8]: do_auth         : auth failure: [user=amy] [service=smtp] [realm=] [mech=pam]"
        " [reason=PAM auth error]",
        "smtpd[9]: 0d6a4dd2 smtp authentication user=amy address=192.0.2.1 host=x.example result=permfail",
    ],
)
def test_a_wrong_name_or_password_weighs_the_same_in_every_program(line: str) -> None:
    rules = builtin().rules
    (found,) = judge(rules, scanned(f"Nov 20 10:00:00 mail {line}\n".encode(), rules))
    assert found.finding.severity == "warning"


@pytest.mark.parametrize(
    "line",
    [
        "dovecot: imap-login: Disconnected (disconnected before auth was ready, waited 0 secs): user=<>, rip=192.0.2.1,"
        " lip=192.0.2.9, TLS handshaking: SSL_accept() syscall failed: Connection reset by peer",
        "postfix/smtpd[9]: SSL_accept error from unknown[192.0.2.1]: lost connection",
        "postfix/smtp[9]: warning: host mx.example.org[192.0.2.1]:25 greeted me with my own hostname mail.example.com",
        "postfix/smtp[9]: 4ABC123: lost connection with mx.example.org[192.0.2.1] while receiving the initial server"
        " greeting",
        "postfix/master[9]: warning: process /usr/lib/postfix/sbin/smtpd pid 123 exit status 1",
    ],
)
def test_one_scanner_or_one_strange_server_is_no_error(line: str) -> None:
    rules = builtin().rules
    assert all(
        r.finding.severity != "error" for r in judge(rules, scanned(f"Nov 20 10:00:00 mail {line}\n".encode(), rules))
    )


def test_a_broken_backend_is_no_attack() -> None:
    some = (
        rule("SASL802", "backend broken", "backend broken", "backend broken", explains=["SASL801"], scope="host"),
        LOGIN,
    )
    data = b"backend broken\n" + b"".join(b"login refused for u%d from 192.0.2.1\n" % n for n in range(60))
    assert messages(data, some) == [("SASL802", "error", None), ("SASL801", "error", "SASL802")]


def test_the_fields_fill_title_and_commands_and_cannot_become_shell() -> None:
    (ranked,) = judge(RULES, scanned(b"login refused for a'b;id\n"))
    assert ranked.finding.message == "The login of a'b;id was refused"
    for odd in (b"a'b;id", b"-rf", b"\x01x", b"\xff"):
        (ranked,) = judge(RULES, scanned(b"login refused for %s\n" % odd))
        assert ranked.finding.fix[0].command == "fix USER"


def test_normal_lines_are_figures_and_no_findings() -> None:
    seen = scanned(b"login worked for amy\nlogin worked for amy\nlogin refused for bob by LOGIN\n")
    logins = read(RULES, seen, 5).logins
    assert logins is not None and (logins.succeeded, logins.failed, logins.users) == (2, 1, (("amy", 2),))
    assert [r.finding.code for r in judge(RULES, seen)] == ["SASL801"]


def test_unmatched_lines_are_told_by_shape() -> None:
    data = b"".join(b"Jan 21 02:02:07 h sendmail[%d]: new AUTH trouble %d for <u%d>\n" % (n, n, n) for n in range(30))
    seen = scanned(data + b"backend broken\n", unmatched=True)
    assert seen.unmatched.shapes.first(2) == [(b"sendmail: new AUTH trouble <number> for <quoted>", 30)]
    assert seen.unmatched.lines == 30


def test_shapes_take_hostile_text_in_bounded_time() -> None:
    began = time.process_time()
    for filler in (b"a.", b"1:", b"'", b"<", b"/a", b"a@", b"\x00", b"A1"):
        shape(b"x", filler * 50_000)
    assert time.process_time() - began < 0.5


def test_secrets_are_struck_out() -> None:
    for line, secret in (
        (b"auth: Debug: client in: AUTH 1 PLAIN service=smtp resp=AGpvZQBzZWNyZXQ=", b"AGpvZQ"),
        (b"sql: password='hunter2' for joe", b"hunter2"),
        (b"<- AUTH PLAIN AGpvZQBzZWNyZXQ=", b"AGpvZQ"),
        (b"passwd-file: {SHA256-CRYPT}$5$abcdefgh$ijklmnopqrstu", b"ijklm"),
        (b"PLAIN(hunter2) != 'hunter3'", b"hunter"),
    ):
        assert secret not in masked(line), masked(line)
    for line in (b"SASL LOGIN authentication failed: UGFzc3dvcmQ6", b"Password verification failed"):
        assert masked(line) == line


# ---- proofs


def test_a_pattern_is_proved_to_hold_its_needle() -> None:
    assert unneedled(r"AUTH failure \((?:LOGIN|PLAIN)\): no", [b"AUTH failure ("]) is None
    assert unneedled(r"(?:abcdef|ghijkl)+", [b"abcdef", b"ghijkl"]) is None
    assert unneedled(r"abc(?:x)?def", [b"abcdef"]) is not None
    assert unneedled(r"ab{2}c[de]f", [b"abbcdf", b"abbcef"]) is None
    assert unneedled(r"(?:abcdef)?g", [b"abcdef"]) == "g"
    assert unneedled(r"(?i)abcdef", [b"abcdef"]) is not None
    assert literals(r"ab(?:c|de)?[fg]\d{3}h{2}") == 5


# ---- the loader


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        (('severity = "error"', 'severity = "critcal"'), "'critcal' is none of error, warning, info"),
        (("by_client = false", 'by_client = "no"'), "'by_client' must be true or false"),
        (('title = "T"', 'titel = "T"'), "'title' is missing"),
        (("labels = []", "labels = []\ncolour = 'red'"), "unknown key 'colour'"),
        (('kind = "fault"', 'kind = "harmless"'), "severity info"),
        (("needle = ['backend broken']", "needle = ['end']"), "6 bytes"),
        (("pattern = 'backend broken'", "pattern = '(backend'"), "no regular expression"),
        (("[[rule.sample]]", "[[rule.todo]]"), "needs a sample"),
        (("[[rule.cause]]", "[[rule.todo]]"), "'line' is missing"),
        (('from = "written for this test"', ""), "'from' is missing"),
        (('code = "SASL802"', 'code = "SASL002"'), "100 on"),
    ],
)
def test_a_bad_rule_does_not_load_and_says_why(change: tuple[str, str], reported: str) -> None:
    text = RULE.format(
        code="SASL802", name="n", severity="error", kind="fault", needle=["backend broken"], pattern="backend broken",
        labels=[], explains=[], scope="session", sample="backend broken", title="T",
        by_client="false",
    )  # fmt: skip
    parse(text.encode(), "x.toml")
    assert change[0] in text
    with pytest.raises(RuleError, match=re.escape(reported)) as caught:
        parse(text.replace(*change).encode(), "x.toml")
    assert str(caught.value).startswith("x.toml")


def test_of_a_field_with_another_value_in_each_line_some_are_kept_and_the_lines_all_count() -> None:
    """What tells findings apart is never left out, however many values of another field a stranger makes."""
    line = (
        "May 28 20:27:15 mail dovecot: auth: passwd-file(u{user},192.0.2.7): unknown user "
        "(SHA1 of given password: {n:06x})\n"
    )
    scan = Scan(builtin().rules, Finds, 1796030000.0, exact=True)
    log = "".join(line.format(n=n, user=n % 50) for n in range(1000))
    for _ in scan.feed(io.BytesIO(log.encode()), "log"):
        pass
    (entry,) = scan.seen.tally.entries.values()
    assert entry.count == 1000 and sum(entry.users.counts.values()) == 1000

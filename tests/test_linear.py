"""What a stranger can lengthen costs time in proportion: every check, on every fact it takes, grown."""

import gc
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from maildoctor.check import Check
from maildoctor.cli.header_page import header_page
from maildoctor.engine import FINDINGS
from maildoctor.facts import Absent
from maildoctor.facts.cyrus.imapd_conf import ImapdConf
from maildoctor.facts.exposed import Exposed
from maildoctor.facts.paths import LONGEST, Look, walk
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.facts.sendmail.cf import MAX_DAEMONS, SendmailCf
from maildoctor.facts.services import Services
from maildoctor.host.clear import in_clear
from maildoctor.library import load_library
from maildoctor.render.style import Style
from maildoctor.toml import excessive
from maildoctor.triage.builtin import builtin
from maildoctor.triage.engine import ENGINES, Engine, EngineError, Words, named
from maildoctor.triage.match import Matcher

CHECKS = load_library([]).checks
MANY = 600
AT_MOST = 8
"""Four times as much may take so many times as long: twice what is linear, and half of what is not."""
NOTHING = 0.05
"""Seconds below which a ratio says nothing."""

_WORD = re.compile(r"[A-Za-z0-9_.@/-]*[A-Za-z0-9_]")

Grow = Callable[[str, int], str]


def numbered(line: str, number: int) -> str:
    """The line with the number behind one of its words, each in turn."""
    words = list(_WORD.finditer(line))
    if not words:
        return line
    end = words[number % len(words)].end()
    return f"{line[:end]}{number}{line[end:]}"


def lines(text: str, count: int) -> str:
    """Each line so often, each time a little different: one thing with a lot in it."""
    return "\n".join("\n".join([line, *(numbered(line, n) for n in range(count))]) for line in text.split("\n"))


def blocks(text: str, count: int) -> str:
    """The whole text so often, each time a little different: many things."""
    return "\n".join([text, *("\n".join(numbered(line, n) for line in text.split("\n")) for n in range(count))])


def same(text: str, count: int) -> str:
    """Each line so often, always the same: what is not told apart by its name."""
    return "\n".join("\n".join([line] * count) for line in text.split("\n"))


def spaced(text: str, count: int) -> str:
    """The last word of each line, and behind it so many others: long lists."""
    return _listed(text, count, " ")


def with_commas(text: str, count: int) -> str:
    """The same, with commas."""
    return _listed(text, count, ",")


def _listed(text: str, count: int, between: str) -> str:
    reported = []
    for line in text.split("\n"):
        last = next(reversed([*_WORD.finditer(line)]), None)
        more = "".join(f"{between}{last[0]}{n}" for n in range(count)) if last else ""
        reported.append(f"{line[: last.end()]}{more}{line[last.end() :]}" if last else line)
    return "\n".join(reported)


def longest_samples() -> dict[type[Any], str]:
    """Of each fact the longest text that some check has for it."""
    found: dict[type[Any], str] = {}
    for check in CHECKS:
        for parameter in check.parameters:
            for sample in (*check.fails, *check.passes):
                text = sample.get(parameter.name, "")
                found[parameter.fact] = max(found.get(parameter.fact, ""), text, key=len)
    return found


SAMPLES = longest_samples()


def samples(check: Check) -> Iterator[Mapping[str, str]]:
    """One that fails, with all facts that it has not from other checks; and one that passes, as it is."""
    yield {**{p.name: SAMPLES[p.fact] for p in check.parameters}, **check.fails[0]}
    yield check.passes[0]


def took(work: Callable[[], Any]) -> float:
    """Processor seconds, the less of two tries."""
    tries = []
    for _ in range(2):
        began = time.process_time()
        work()
        tries.append(time.process_time() - began)
        if tries[-1] < NOTHING:
            break
    return min(tries)


def spent(check: Check, sample: Mapping[str, str], grow: Grow, count: int) -> dict[str, float]:
    """What it takes to read each fact of a sample that is grown so, and what to judge them."""
    facts: dict[str, Any] = {p.name: Absent("not in this sample") for p in check.parameters}
    seconds = {}
    for p in check.parameters:
        if p.name in sample:
            text = grow(sample[p.name], count)
            seconds[p.name] = took(lambda text=text, p=p: facts.update({p.name: p.fact.parse(text)}))  # type: ignore[misc]
    return seconds | {"judging": took(lambda: list(islice(check.findings(facts), FINDINGS + 1)))}


@pytest.fixture(autouse=True)
def no_collections() -> Iterator[None]:
    """A collection of garbage falls on whoever happens to be at work."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def thrice(measure: Callable[[], Any]) -> Any:
    """What is found to be too slow three times out of three: a busy machine is slow now and then only."""
    for _ in range(2):
        if not measure():
            return None
    return measure()


def slow(check: Check, sample: Mapping[str, str], grow: Grow) -> dict[str, str]:
    """What takes too long by the measure."""
    many = spent(check, sample, grow, MANY)
    if max(many.values()) < NOTHING:
        return {}
    few = spent(check, sample, grow, MANY // 4)
    return {what: f"{few[what]:.3f} s, then {many[what]:.3f} s" for what in many
            if many[what] > max(NOTHING, AT_MOST * few[what])}  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_four_times_as_much_takes_about_four_times_as_long(check: Check) -> None:
    for sample in samples(check):
        for grow in (lines, blocks, same, spaced, with_commas):
            found = thrice(partial(slow, check, sample, grow))
            assert not found, f"{grow.__name__} of {sorted(sample)}: {found}"


def test_the_measure_finds_what_is_not_linear() -> None:
    class Lines:
        def __init__(self, text: str) -> None:
            self.lines = text.split("\n")

        @classmethod
        def parse(cls, text: str) -> "Lines":
            return cls(text)

    def judge(facts: Lines) -> Iterator[Any]:
        for one in facts.lines:
            if sum(one == two for two in facts.lines) > len(facts.lines):
                yield one

    judge.__annotations__ = {"facts": Lines}
    bad = Check("X001", "x", "info", judge, "", "", "", ({"facts": "a"},), ({"facts": "a"},), (), "none", "note")
    few, many = (spent(bad, {"facts": "a b"}, lines, count)["judging"] for count in (MANY, 4 * MANY))
    assert many > max(NOTHING, AT_MOST * few)


# ---- parsers, whatever stands in a line


PARSERS: dict[str, Callable[[str], Any]] = {
    "main.cf": PostfixMain.parse,
    "master.cf": PostfixMaster.parse,
    "postfix": lambda text: Postfix.parse(f"==> /main.cf <==\n{text}\n==> /master.cf <==\n{text}").problems,
    "imapd.conf": ImapdConf.parse,
    "exposed": Exposed.parse,
    "services": Services.parse,
    "processes": Processes.parse,
    "listeners": Listeners.parse,
    "clear": lambda text: list(in_clear("/etc/postfix/main.cf", text)),
    "toml": excessive,
}
LINES = (
    "a{}b", "a: {}b", "a: b{}", "a = {}b", "a{}", "{}= b", "clear /x:1 {}", "clear /x{}", "unread /x{}",
    "1 root 1 /x {}", "smtp inet n - n - - smtpd -o {}", "service: {}", "'''{}", '"""{}', "{}",
)  # fmt: skip
PIECES = (" ", "\t", "a ", "a.", "a=", "$a", "-o", "[", '"', '\\"', "'", "\\", ": ", "\n", "x:1 y\n")


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_a_long_line_is_read_in_proportion(name: str, piece: str) -> None:
    parse = PARSERS[name]
    for line in LINES:
        few, many = (line.format(piece * (count // len(piece))) for count in (15_000, 60_000))

        def too_long(few: str = few, many: str = many) -> str:
            longer = took(lambda: parse(many))
            if longer <= 2 * NOTHING or longer < AT_MOST * (shorter := took(lambda: parse(few))):
                return ""
            return f"{shorter:.3f} s, then {longer:.3f} s"

        assert not (found := thrice(too_long)), f"{line}: {found}"


def test_many_lines_about_one_file_are_read_in_proportion() -> None:
    few, many = ("clear /x:1 y\n" * count for count in (10_000, 40_000))
    assert took(lambda: Exposed.parse(many)) < max(NOTHING, AT_MOST * took(lambda: Exposed.parse(few)))


def test_references_that_double_are_filled_in_at_once() -> None:
    rows = [f"a{n} = $a{n + 1}$a{n + 1}$a{n + 1}" for n in range(30)]
    for last in ("a30 = x", "a30 = $a0"):
        main = PostfixMain.parse("\n".join([*rows, last]))
        began = time.process_time()
        assert len(main.value("a0")) <= 64 * 1024
        assert time.process_time() - began < 1
    assert PostfixMain.parse("\n".join([*rows, "a30 = x"])).value("a28") == "x" * 9
    assert len(PostfixMain.parse("\n".join([*rows, "a30 = x"])).value("a15")) == 64 * 1024


# ---- what has an end of its own


def test_a_path_longer_than_the_kernel_takes_is_not_walked() -> None:
    read = 0

    def look(path: str) -> Look | None:
        nonlocal read
        read += len(path)
        return Look.parse(f"drwxr-xr-x root root {path}")

    _, complete = walk("/a" * 100_000, look)
    assert not complete
    assert read < LONGEST * LONGEST
    assert walk("/a" * 100, look)[1]


def test_of_more_daemons_than_sendmail_takes_none_is_made() -> None:
    text = "\n".join(f"O DaemonPortOptions=Name=D{n}, Port={n}" for n in range(MAX_DAEMONS + 10))
    assert len(SendmailCf.parse(text).daemons) == MAX_DAEMONS


# ---- logs


def flood(count: int) -> bytes:
    """A log in which every line tells of a login that failed."""
    line = b"Nov 30 00:00:00 hub sm-mta[%d]: AUTH failure (CRAM-MD5): user not found (-20) user=u%d\n"
    return b"".join(line % (n, n) for n in range(count))


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "find"])
def test_an_engine_takes_little_more_where_every_line_is_a_hit(name: str) -> None:
    needles = Matcher(builtin().rules).needles
    try:
        engine = named(name, needles)
    except EngineError as error:
        pytest.skip(str(error))
    least = Words(needles)

    def scan(which: Engine, data: bytes) -> float:
        view = memoryview(bytearray(data))
        began = time.monotonic()
        for at in range(0, len(view), which.block):
            which.scan(view[at : at + which.block], lambda *_: None)
        return time.monotonic() - began

    data = flood(20_000)
    assert min(scan(engine, data) for _ in range(2)) < max(0.5, 10 * scan(least, data))


def test_a_hostile_header_of_a_megabyte_is_explained_at_once(tmp_path: Path) -> None:
    first = "Received: from a (a [192.0.2.1]) by b with ESMTPSA id 1; Mon, 30 Nov 2026 00:00:00 +0000\n"
    for bomb in ("<pass>", "password=", "p:p ", "<", '"', "AUTH PLAIN "):
        page = tmp_path / "header"
        for shape in ("X-A: {}\n", "Received: {}\n", "Received: from {}\n" * 60, "Authentication-Results: {}\n" * 60):
            fields = shape.count("{}")
            words = bomb * ((900_000 // fields) // len(bomb))
            page.write_text(first + shape.format(*[words] * fields))
            began = time.process_time()
            assert "b" in header_page(str(page), Style())
            assert time.process_time() - began < 3, (bomb, shape[:40])

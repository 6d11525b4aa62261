"""Every check on its own samples. A new check needs nothing here: it brings its samples with it."""

import dis
import re
import shlex
from itertools import cycle
from types import CodeType

import pytest

from maildoctor.check import Check
from maildoctor.collect import COLLECTORS
from maildoctor.facts.system import System
from maildoctor.library import load_library
from maildoctor.model import SEVERITIES, Finding

CHECKS = load_library().checks
FAILING = [pytest.param(c, s, id=f"{c.code}-{n}") for c in CHECKS for n, s in enumerate(c.fails)]
PASSING = [pytest.param(c, s, id=f"{c.code}-{n}") for c in CHECKS for n, s in enumerate(c.passes)]
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.code)
every_failing_sample = pytest.mark.parametrize(("check", "sample"), FAILING)

MARKERS = ("a;PWN;b", "a';PWN;'b", "a$(PWN)b")

SYSTEMS = {
    "debian": "ID=debian\ninit: systemd",
    "sysv": "ID=debian\ninit: sysv",
    "rhel": 'ID="rhel"\nID_LIKE="fedora"\ninit: systemd',
    "suse": "ID=opensuse-leap\ninit: systemd",
    "arch": "ID=arch\ninit: systemd",
    "alpine": "ID=alpine\ninit: openrc",
    "freebsd": "ID=freebsd\ninit: rc.d",
    "openbsd": "ID=openbsd\ninit: rcctl",
    "solaris": "ID=solaris\ninit: smf",
    "illumos": "ID=omnios\ninit: smf",
    "container": "ID=alpine\ninit: none",
    "rhel container": 'ID="rhel"\nID_LIKE="fedora"\ninit: none',
    "unknown": "",
}
"""Kinds of system for which commands are written."""

FOREIGN = [(sign, f"{before}{sign}PWN{sign}") for before, sign in (
    ("", "'"), ("", "')dnl"), ("", "`"), ("", '"'), ("", "$("), ("", "$"), ("", "\\"), ("", "{"),
    ("x", "\x1b"), ("x", "\x9b"), ("x", "\u2028"), ("x", "\t"), ("x", ";"), ("x", "#"),
)]  # fmt: skip
"""A sign that means something to m4, to a map, to main.cf, to dovecot.conf or to a terminal, and a word with it."""

LABEL = 80
"""Characters of a label at most: it stands in fingerprints, in one line of a baseline."""


@every_failing_sample
def test_it_finds_something_in_its_failing_sample(check: Check, sample: dict[str, str]) -> None:
    assert check.on(sample), f"{check.code} finds nothing in its own failing sample"


@pytest.mark.parametrize(("check", "sample"), PASSING)
def test_it_finds_nothing_in_its_passing_sample(check: Check, sample: dict[str, str]) -> None:
    assert [f.message for f in check.on(sample)] == []


@every_failing_sample
def test_a_finding_says_what_is_wrong_where_and_remedy(check: Check, sample: dict[str, str]) -> None:
    for f in check.on(sample):
        assert (f.code, f.name) == (check.code, check.name)
        assert f.severity in SEVERITIES
        assert f.message.strip() and "\n" not in f.message and not f.message.endswith("."), (
            "a message is a line, no sentence"
        )
        assert f.evidence, "no word of the host backs this up"
        for e in f.evidence:
            assert e.source.strip() and e.text.strip(), f"empty evidence: {e}"
        assert _has_a_remedy(f), "neither a command nor advice long enough to say why there is none"


def _has_a_remedy(f: Finding) -> bool:
    return all(s.command.strip() for s in f.fix) if f.fix else len(f.advice.split()) >= 5


@every_failing_sample
def test_a_command_is_one_line_that_a_shell_can_read(check: Check, sample: dict[str, str]) -> None:
    for f in (f for text in SYSTEMS.values() for f in check.on(sample, System.parse(text))):
        for command in (c for s in f.fix for c in (s.command, s.undo) if c):
            assert "\n" not in command and command.isprintable()
            if not command.startswith("#"):
                assert shlex.split(command), command


@every_failing_sample
def test_no_word_of_a_host_becomes_shell(check: Check, sample: dict[str, str]) -> None:
    """The admin pastes the command: a name in somebody's file must not run anything. Each word of the sample in turn
    is put out of its place by one that would; the commands are those of one system after the other."""
    systems = cycle(map(System.parse, SYSTEMS.values()))
    for name, text in sample.items():
        words = re.split(r"([^\w.-]+)", text)
        for at, marker in ((at, m) for at in range(0, len(words), 2) if words[at] for m in MARKERS):
            hostile = "".join([*words[:at], marker, *words[at + 1 :]])
            for f in check.on({**sample, name: hostile}, next(systems)):
                for command in (c for s in f.fix for c in (s.command, s.undo) if c and not c.startswith("#")):
                    assert "PWN" not in _shell_words(command), command


@every_failing_sample
def test_no_word_of_a_host_becomes_a_line_or_m4(check: Check, sample: dict[str, str]) -> None:
    """What is to be written into a file by hand is no shell, and its quotes are others: no sign that could end them,
    nor one that a terminal obeys, comes from the host."""
    for name, text in sample.items():
        words = re.split(r"([^\w.-]+)", text)
        for at, (sign, marker) in ((at, m) for at in range(0, len(words), 2) if words[at] for m in FOREIGN):
            hostile = "".join([*words[:at], words[at] + marker, *words[at + 1 :]])
            for f in check.on({**sample, name: hostile}):
                for command in (c for s in f.fix for c in (s.command, s.undo) if c.startswith("#")):
                    assert command.isprintable() and "\n" not in command, command
                    assert f"{sign}PWN" not in command, command


def _shell_words(command: str) -> list[str]:
    """As a shell takes them apart: what is quoted stays one word."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.commenters = ""
    return list(lexer)


@every_failing_sample
def test_a_fingerprint_stays_when_lines_move(check: Check, sample: dict[str, str]) -> None:
    """Yesterday's report is compared with today's: a line put into a file must not make a new finding of an old one."""
    assert _fingerprints(check, sample) == _fingerprints(check, sample)
    assert _fingerprints(check, {k: _moved(v) for k, v in sample.items()}) == _fingerprints(check, sample)


def _fingerprints(check: Check, sample: dict[str, str]) -> list[str]:
    return [f.fingerprint for f in check.on(sample)]


def _moved(text: str) -> str:
    """The same with two empty lines more; a heading that names the file stays in front."""
    head, newline, rest = text.partition("\n")
    return f"{head}\n\n\n{rest}" if head.startswith("# path: ") and newline else f"\n\n{text}"


@every_failing_sample
def test_labels_are_short_and_tell_findings_apart(check: Check, sample: dict[str, str]) -> None:
    found = check.on(sample)
    assert len({f.fingerprint for f in found}) == len(found), "two findings with one fingerprint: one would be lost"
    for f in found:
        assert f.labels, "without a label two hosts' or two files' faults are one"
        for key, value in f.labels.items():
            assert key.isidentifier()
            assert 0 < len(value) <= LABEL and value.isprintable(), f"label {key}={value!r}"


@every_check
def test_the_page_of_a_check(check: Check) -> None:
    assert check.title.endswith("."), "the docstring's first line is a sentence: end it with a full stop"
    assert len(check.title) <= 160
    assert check.advice, "write a paragraph that begins with 'Advice:'"
    assert check.advice.endswith((".", ")"))
    assert check.severity in SEVERITIES
    assert re.fullmatch(r"[A-Z]{2,8}\d{3}", check.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", check.name)


@every_check
def test_it_reads_its_parameters_and_nothing_else(check: Check) -> None:
    names = {p.name for p in check.parameters}
    for sample in (*check.fails, *check.passes):
        assert set(sample) <= names, f"a sample gives {set(sample) - names}, for which {check.code} does not ask"
    read = _read(check.judge.__code__)
    # One that must be known and is not looked at is a condition: without sendmail.cf nothing here is judged.
    idle = {p.name for p in check.parameters if p.optional} - read
    assert not idle, f"{check.code} asks for {idle}, may do without, and never looks at it: take the parameter away"
    unknown = {p.fact.__name__ for p in check.parameters if p.fact not in COLLECTORS}
    assert not unknown, f"nobody collects {unknown}: add a line to maildoctor.collect.COLLECTORS"


def _read(code: CodeType) -> set[str]:
    """Names of variables that a function and those inside it read."""
    loaded = {i.argval for i in dis.get_instructions(code) if i.opname.startswith("LOAD")}
    names = {n for a in loaded for n in (a if isinstance(a, tuple) else (a,)) if isinstance(n, str)}
    return names.union(*(_read(c) for c in code.co_consts if isinstance(c, CodeType)))


@every_check
def test_it_can_be_judged_at_all(check: Check) -> None:
    """A check all of whose samples leave out a fact that it must have would never have seen that fact."""
    required = {p.name for p in check.parameters if not p.optional}
    for sample in (*check.fails, *check.passes):
        assert required <= set(sample), (
            f"a sample lacks {required - set(sample)}: the engine would not judge without it"
        )

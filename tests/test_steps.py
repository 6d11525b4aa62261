"""The remedies of all checks as commands, on every kind of system: what a person would paste."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest

from maildoctor.facts.system import System
from maildoctor.library import load_library
from maildoctor.model import Step
from tests.test_samples import SYSTEMS

_PUT_IN = re.compile(r"(?<![\w$/.-])(?:USER|REALM|HOST|DOMAIN|ADDRESS|NAME|FILE|PASSWORD)(?![\w=])|\.\.\.")
"""What a person would have to put something else for."""

_NOT_KNOWN = {
    ("USER001", "USER"): "nobody tried, and there is no account of a person",
    ("USER001", "REALM"): "the server's name is not known",
    ("USER002", "USER"): "as USER001",
    ("USER002", "REALM"): "as USER001",
    ("USER004", "USER"): "as USER001",
    ("USER004", "REALM"): "as USER001",
    ("CONF028", "USER"): "as USER001: the samples have no account of a person",
    ("CONF028", "REALM"): "as USER001",
    ("CONF029", "USER"): "as CONF028",
    ("CONF029", "REALM"): "as USER001",
    ("CONF980", "USER"): "as CONF028",
    ("CONF981", "USER"): "as CONF028",
    ("CONF085", "USER"): "whoever complains is asked about",
    ("SASL068", "USER"): "whoever complains is asked about",
    ("MAP086", "USER"): "whoever complains is asked about",
    ("USER085", "USER"): "whoever complains is asked about",
    ("SASL012", "USER"): "whoever complains is asked about",
    ("SASL012", "PASSWORD"): "it is no one's but theirs",
}


@cache
def _written() -> list[tuple[str, str, Step]]:
    """Code, kind of system, step: of every failing sample of every check on every kind of system."""
    return list(_each())


def _each() -> Iterator[tuple[str, str, Step]]:
    systems = {name: System.parse(text) for name, text in SYSTEMS.items()}
    for check in load_library().checks:
        for sample in check.fails:
            for name, system in systems.items():
                for finding in check.on(sample, system):
                    yield from ((check.code, name, step) for step in finding.fix)


@pytest.mark.slow
def test_a_shell_can_read_every_command() -> None:
    commands = sorted({c for _, _, s in _written() for c in (s.command, s.undo) if c})
    bad = [c for c in commands if subprocess.run(["sh", "-n"], input=c, text=True, capture_output=True).returncode]
    assert len(commands) > 500 and not bad


@pytest.mark.slow
def test_no_step_has_an_ellipsis() -> None:
    assert sorted({(code, s.command) for code, _, s in _written() if "…" in s.command}) == []


@pytest.mark.slow
def test_no_command_has_a_word_that_a_person_must_put_in_where_it_could_be_known() -> None:
    open_words = {
        (code, m[0]): s.command
        for code, _, s in _written()
        if not s.command.startswith("#")
        for m in _PUT_IN.finditer(s.command)
    }
    assert {k: v for k, v in open_words.items() if k not in _NOT_KNOWN} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "never"),
    [
        ("freebsd", r"\bsed -i (?!'')|systemctl|apt-get|\bm4 /etc/mail/sendmail[.]mc"),
        ("solaris", r"(?<!g)sed -i|systemctl|apt-get|usermod|install -d"),
        ("illumos", r"(?<!g)sed -i|systemctl|apt-get|usermod|install -d"),
        ("openbsd", r"systemctl|apt-get|usermod -a|&& service "),
        ("alpine", r"systemctl|apt-get|usermod"),
        ("container", r"systemctl|rc-service"),
        ("debian", r"\bdnf |zypper|rc-service"),
    ],
)
def test_commands_are_those_of_the_system(system: str, never: str) -> None:
    mine = {(code, s.command) for code, name, s in _written() if name == system and s.kind not in ("looks", "by_hand")}
    assert len(mine) > 200
    assert sorted((code, c) for code, c in mine if re.search(never, c)) == []

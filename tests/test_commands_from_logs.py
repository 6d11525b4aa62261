"""Fields of a log line, which a stranger chooses, in the commands that are printed to be pasted."""

import re

from hypothesis import given
from hypothesis import strategies as st

from maildoctor.plan.words import filled
from maildoctor.triage.judge import words
from maildoctor.triage.rules import load, rule_files

HOSTILE = [
    "$(touch${IFS}x)",
    "`id`",
    "a'b",
    'a"b',
    "a;b",
    "a b",
    "x)(uid=*",
    "-rf",
    "../../etc/passwd",
    "a|b",
    "a\\b",
    "~bob",
]


@given(st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=40)))
def test_what_a_shell_could_take_for_more_than_a_word_stands_in_no_command(value: str) -> None:
    for kept in words({"user": value}).values():
        assert re.fullmatch(r"[A-Za-z0-9_./@][A-Za-z0-9_./@:+,=-]*", kept) and ".." not in kept.split("/")


def test_every_command_of_every_rule_stays_one_command() -> None:
    for rule in load(rule_files()):
        for cause in rule.causes:
            for command in cause.commands:
                names = re.findall(r"\{([a-z_][a-z0-9_]*)\}", command)
                for value in HOSTILE:
                    assert value not in filled(command, words(dict.fromkeys(names, value))) or value in command


def test_usual_names_are_filled_in() -> None:
    usual = {
        "user": "bob@example.com",
        "path": "/var/spool/postfix/private/auth",
        "relay": "192.0.2.1",
        "rip": "2001:db8::1",
    }
    assert words(usual) == usual

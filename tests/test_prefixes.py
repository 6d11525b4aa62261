"""What rules share: prefixes, taken off before a message is matched, and pieces; what is wrong is told by line."""

import re
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.triage.match import Matcher
from maildoctor.triage.prefixes import shared
from maildoctor.triage.rule_text import RuleError, document, table_lines
from maildoctor.triage.rules import Rule, Rules, parse, parsed, unique

SHARED = rb"""
[pieces]
level = 'error: |warning: '
client = '[\w.]{1,40}\[(?P<relay>[\d.]{1,15})\]'

[prefixes]
daemon = '{level}?(?:{client}: )?'
greedy = '(?:\w{1,20}: ){0,2}'
"""
RULE = """
prefix = "daemon"

[[rule]]
code = "SASL901"
name = "one"
severity = "error"
kind = "fault"
needle = ['login refused']
pattern = {pattern}
title = "T"
why = "W"
{more}
  [[rule.cause]]
  name = "C"
  advice = "A"
  [[rule.sample]]
  from = "written for this test"
  line = "login refused"
"""


def rule(pattern: str, more: str = "", shared: bytes = SHARED) -> Rule:
    return parse(RULE.format(pattern=pattern, more=more).encode(), "x/y.toml", shared)[0]


def fields(of: Rule, message: str) -> dict[str, bytes] | None:
    matcher = Matcher([of])
    hit = matcher.read(message.encode(), matcher.inside(message.encode()))
    return hit.fields if hit else None


def test_what_stands_before_a_message_is_taken_off_and_its_fields_are_kept() -> None:
    one = rule("'login refused for (?P<user>\\w{1,20})'")
    assert fields(one, "login refused for bob") == {"user": b"bob"}
    assert fields(one, "warning: mx.example.com[192.0.2.1]: login refused for bob") == {
        "relay": b"192.0.2.1", "user": b"bob",
    }  # fmt: skip
    assert fields(one, "mx: login refused for bob") is None
    assert one.fields == {"relay", "user"}


def test_a_rule_may_have_another_prefix_than_its_file_or_none() -> None:
    assert fields(rule("'login refused'", "prefix = ''"), "warning: login refused") is None
    assert fields(rule("'login refused'", "prefix = 'greedy'"), "a: b: login refused") == {}


def test_a_prefix_gives_nothing_back() -> None:
    one = rule("'again: login refused'", "prefix = 'greedy'")
    assert fields(one, "a: b: again: login refused") == {}
    assert fields(one, "again: login refused") is None


def test_alternatives_and_texts_of_one_kind() -> None:
    one = rule("['(?P<reason>{why}): login refused', 'login refused']", "one_of.why = ['locked', 'ex(?:pired|it)']")
    assert fields(one, "error: expired: login refused") == {"reason": b"expired"}
    assert fields(one, "login refused") == {}
    assert fields(one, "busy: login refused") is None


def test_a_quantifier_after_a_piece_is_for_all_of_it() -> None:
    assert shared(SHARED, "x/prefixes.toml").prefixes["daemon"].startswith("(?:error: |warning: )?")


@given(st.integers(0, 3), st.sampled_from(["", "error: ", "warning: ", "mx[1.2.3.4]: ", "x: "]), st.booleans())
def test_a_rule_matches_as_its_prefix_and_pattern_in_one(times: int, before: str, refused: bool) -> None:
    message = before * times + ("login refused" if refused else "login refuse")
    one = rule("'login refused'")
    assert (fields(one, message) is not None) == (re.match(one.whole, message) is not None)


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ((b"{level}?", b"{levle}?"), "x/prefixes.toml:7: daemon: there is no piece 'levle' above it"),
        ((b"'error: |", b"'error: (|"), "x/prefixes.toml:3: level is no regular expression"),
        ((b"[pieces]", b"[peaces]"), "x/prefixes.toml: unknown key 'peaces'"),
        ((b"[prefixes]", b"[prefixes"), "x/prefixes.toml:6: this is no TOML"),
        ((b"'(?:\\w{1,20}: ){0,2}'", b"3"), "x/prefixes.toml:8: 'greedy' must be a text"),
    ],
)
def test_what_is_wrong_with_prefixes_is_named_once_and_costs_only_who_needs_it(
    change: tuple[bytes, bytes], reported: str
) -> None:
    assert change[0] in SHARED
    broken = SHARED.replace(*change)
    text = RULE.format(pattern="'login refused'", more="prefix = ''").encode()
    both = [parsed(text.replace(b"901", n), f"x/{n.decode()}.toml", broken) for n in (b"901", b"902")]
    found = unique(both)
    assert [r.code for r in found.rules] == ["SASL901", "SASL902"]
    assert sum(str(error).startswith(reported) for error in found.broken) == 1
    assert len({str(error) for error in found.broken}) == len(found.broken)


@pytest.mark.parametrize(
    ("pattern", "more", "reported"),
    [
        ("'{nothing}'", "", "there is no piece 'nothing'"),
        ("'login refused'", "prefix = 'none'", "there is no prefix 'none'"),
        ("'(?P<relay>x)'", "", "group 'relay' stands in the prefix too"),
        ("[]", "", "'pattern' is missing"),
        ("'x'", "one_of = 3", "'one_of' must be a table of lists"),
        ("'x'", "one_of.a = []", "'a' is missing"),
    ],
)
def test_a_wrong_rule_is_told_by_file_and_line(pattern: str, more: str, reported: str) -> None:
    with pytest.raises(RuleError) as caught:
        rule(pattern, more)
    assert str(caught.value).startswith("x/y.toml:4 (SASL901") and reported in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"a = 1\n\n[[rule]\n", "y.toml:3"),
        (b"a = 1\nb = @\n", "y.toml:2"),
        (b"a = 1\nb = '''\n\n", "y.toml:4"),
        (b"a = 1\n# \xff\n", "y.toml:2"),
        (b"a = 1\na = 2\n", "y.toml:2"),
    ],
)
def test_a_file_that_is_no_toml_is_told_by_line(text: bytes, place: str) -> None:
    (error,) = parsed(text, "y.toml").broken
    assert error.where == place and "no TOML" in error.what


LINES = st.lists(
    st.sampled_from([
        "[[rule]]", "  [[ rule ]] # x", "[[rule.sample]]", "# [[rule]]", "a{n} = '[[rule]]'", 'a{n} = "\\"[[rule]]"',
        "a{n} = '''\n[[rule]]\n'''", 'a{n} = """\n[[rule]]\n\\"""\n[[rule]]"""', "a{n} = [\n  '[[rule]]',\n]", "",
    ]),
    max_size=12,
)  # fmt: skip


@given(LINES)
def test_the_lines_of_rules_are_those_on_which_they_stand(lines: list[str]) -> None:
    text = "\n".join(["[[rule]]", *lines]).replace("{n}", "_{}")
    numbers = count()
    numbered = re.sub("_{}", lambda _: f"_{next(numbers)}", text).encode()
    rules = document(numbered, "x.toml")["rule"]
    found = table_lines(numbered, "rule")
    assert len(found) == len(rules)
    source = numbered.decode().split("\n")
    assert all(re.fullmatch(r"\s*\[\[ ?rule ?\]\].*", source[line - 1]) for line in found)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str, beside: str) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    assert isinstance(parsed(raw, "x.toml", beside.encode("utf-8", "surrogatepass")), Rules)

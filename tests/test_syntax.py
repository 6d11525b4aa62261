"""How this Python's `re` reads a pattern: the parser is private, and this test says when a release changes it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.triage.proof import literals, unneedled
from maildoctor.triage.rules import load, rule_files
from maildoctor.triage.syntax import ANY, Branch, Chars, Node, Reference, Repeat, UnknownSyntax, tree

A, B, C = (Chars(frozenset({ord(char)})) for char in "abc")


@pytest.mark.parametrize(
    ("pattern", "nodes"),
    [
        ("ab", (A, B)),
        ("(a)(?:b)(?P<n>c)", (A, B, C)),
        ("(?>a)(?>b|cc)", (A, Branch(((B,), (C, C))))),
        ("[ab]", (Chars(frozenset(b"ab")),)),
        ("ab|ac", (A, Chars(frozenset(b"bc")))),
        ("a|b", (Chars(frozenset(b"ab")),)),
        ("a|bc", (Branch(((A,), (B, C))),)),
        ("a?b??c?+", (Repeat(0, 1, (A,)), Repeat(0, 1, (B,)), Repeat(0, 1, (C,)))),
        ("a{2}b{1,3}c{1,3}?", (Repeat(2, 2, (A,)), Repeat(1, 3, (B,)), Repeat(1, 3, (C,)))),
        ("(?:ab){2,4}+", (Repeat(2, 4, (A, B)),)),
        (r"[^a].\d[a-z][\w.]", (ANY,) * 5),
        (r"^a$\b(?=b)(?!b)(?<=a)(?<!b)c", (A, C)),
        (r"(?P<n>a)(?P=n)", (A, Reference())),
    ],
)
def test_each_construct_is_read_as_before(pattern: str, nodes: tuple[Node, ...]) -> None:
    assert tree(pattern).nodes == nodes, "re._parser of this Python is another: maildoctor/triage/syntax.py follows it"
    assert not tree(pattern).ignores_case


def test_a_star_has_no_end() -> None:
    (node,) = tree("a*").nodes
    assert isinstance(node, Repeat) and node.low == 0 and node.high > 1_000_000


def test_the_flag_for_case_is_seen() -> None:
    assert tree("(?i)a").ignores_case


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(UnknownSyntax):
        tree("(a)?(?(1)b|c)")
    with pytest.raises(re.error):
        tree("(a")


def test_all_rules_are_within_what_is_known() -> None:
    for rule in load(rule_files()):
        tree(rule.whole)


PATTERNS = st.recursive(
    st.sampled_from(["a", "b", "ab", "[ab]", "[^a]", ".", r"\d", "(?=a)", "(?<=b)"]),
    lambda inner: st.one_of(
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "??", "?+"])),
        st.builds("(?>{})".format, inner),
    ),
    max_leaves=8,
)


@given(PATTERNS, st.text("ab1", max_size=12))
def test_what_is_proved_of_a_pattern_holds_for_its_matches(pattern: str, text: str) -> None:
    found = re.compile(pattern.encode()).match(text.encode())
    if found:
        assert len(found[0]) >= literals(pattern)
        if unneedled(pattern, [b"ab"]) is None:
            assert b"ab" in found[0]

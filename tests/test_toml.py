"""TOML that others wrote: read as tomllib does, or refused before it is parsed."""

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor import toml
from maildoctor.triage.rule_text import RuleError, document

BOMBS = {
    "key": "a." * 20_000 + "a = 1",
    "quoted key": '"a" . ' * 20_000 + "a = 1",
    "header": "[" + "a." * 20_000 + "a]",
    "lists": "a = " + "[" * 100_000,
    "tables in a line": "a = " + "{a=" * 1_000,
    "headers": "".join(f"[a{n}]\n" for n in range(100_000)),
    "inline tables": "".join(f"a{n} = {{}}\n" for n in range(100_000)),
    "entries": "".join(f"a{n} = 0\n" for n in range(300_000)),
    "behind a text": 'x = """a\\"""""\n' + "a." * 20_000 + "a = 1",
    "behind a remark": "# it's\n" + "a." * 20_000 + "a = 1",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_no_file_of_ours_holds_is_refused_at_once(bomb: str) -> None:
    began = time.process_time()
    with pytest.raises(toml.TooMuch):
        toml.tables(BOMBS[bomb])
    assert time.process_time() - began < 1
    with pytest.raises(RuleError, match="this is not read"):
        document(BOMBS[bomb].encode(), "x.toml")


QUOTED = st.text(st.sampled_from(".[]{}=#'\"\\\na"), max_size=40)


def written(words: str) -> str:
    """A text of TOML on one line."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@given(st.lists(QUOTED, max_size=5), st.integers(0, 12))
def test_what_stands_in_texts_and_remarks_does_not_count(texts: list[str], dots: int) -> None:
    rows = [f"x{n} = {written(words)} # {'.[{=' * 9}" for n, words in enumerate(texts)]
    rows += [f'y{n} = """\n{written(words)[1:-1]}"""' for n, words in enumerate(texts)]
    rows += [f"z{n} = '''{words.replace(chr(39), '')}'''" for n, words in enumerate(texts)]
    whole = "\n".join([*rows, f"k{'.k' * dots} = 1"])
    assert bool(toml.excessive(whole)) == (dots > 8)
    if dots <= 8:
        assert toml.tables(whole) == tomllib.loads(whole)


@given(st.text(st.sampled_from(".[]{}=#'\"\\\na1 "), max_size=80))
def test_any_text_is_read_as_tomllib_reads_it(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except ValueError:
        with pytest.raises(ValueError):
            toml.tables(text)
        return
    if not toml.excessive(text):
        assert toml.tables(text) == expected

"""The words that CONTRIBUTING.md bans: in names, comments, docstrings, messages, help, documents."""

import io
import keyword
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
GLOSSARY = "## Words we use"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="needs a checkout")


def glossary() -> tuple[list[str], list[str]]:
    """The words banned in all text, and those banned as names: the first two tables of the section."""
    section = PAGE.read_text(encoding="utf-8").partition(GLOSSARY)[2].partition("\n## ")[0]
    tables = re.findall(r"\| not \| but \|\n\|[-|]+\|\n((?:\|.*\n)+)", section)
    anywhere, names = ([w.strip() for row in t.splitlines() for w in row.split("|")[1].split(",")] for t in tables)
    return anywhere, [name.replace("\\", "") for name in names]


def sources() -> Iterator[Path]:
    """Python, rules and documents of this checkout; not what the lab unpacked, nor recordings of hosts."""
    for folder in ("maildoctor", "checks", "bench", "release"):
        yield from sorted((ROOT / folder).rglob("*.py"))
    yield from sorted((ROOT / "checks").rglob("*.toml"))
    yield from sorted(
        p for folder in ("tests", "tests/lab") for p in (ROOT / folder).glob("*.py") if p != Path(__file__)
    )
    yield from (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile", ROOT / "pyproject.toml")
    yield from sorted((ROOT / "docs").iterdir())


def text_of(path: Path) -> str:
    """The whole file; of CONTRIBUTING.md all but the tables of words."""
    text = path.read_text(encoding="utf-8")
    return text.partition(GLOSSARY)[0] if path == PAGE else text


def phrases(text: str, banned: list[str]) -> Iterator[str]:
    """Each banned word or phrase in a text, as often as it stands there. In a name `_` and a capital part the words,
    in a text white space and the signs of a comment or of a string that goes on in the next line."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])|[\s\"'#_]+", " ", text).lower()
    found = re.compile(rf"\b({'|'.join(sorted(map(re.escape, banned), key=len, reverse=True))})\b".replace("\\ ", " "))
    yield from (m[1] for m in found.finditer(plain))


def names(source: str, banned: list[str]) -> Iterator[str]:
    """Each use of a banned name in Python source; of one with stars, as a part of a longer name too."""
    parts = {name.strip("*") for name in banned if name.startswith("*")}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name = token.string
        if token.type != tokenize.NAME or keyword.iskeyword(name):
            continue
        if name in banned or (not name.startswith("test_") and parts & set(_parts(name))):
            yield name


def _parts(name: str) -> list[str]:
    """`heard_secret` and `HeardSecret` as their words in lower case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")


def uses() -> tuple[Counter[str], dict[str, set[str]]]:
    """How often each banned word stands in the checkout, and in which files."""
    anywhere, as_name = glossary()
    count: Counter[str] = Counter()
    where: dict[str, set[str]] = {}
    for path in sources():
        text = text_of(path)
        found = [*phrases(text, anywhere), *(names(text, as_name) if path.suffix == ".py" else ())]
        count.update(found)
        for word in found:
            where.setdefault(word, set()).add(path.relative_to(ROOT).as_posix())
    return count, where


def test_the_glossary_is_read() -> None:
    anywhere, as_name = glossary()
    assert {"mend", "no right to", "data base"} <= set(anywhere)
    assert {"*silence*", "Know", "here"} <= set(as_name)


def test_no_banned_word_stands_anywhere() -> None:
    count, where = uses()
    found = [f"{word!r}, {n} times: {', '.join(sorted(where[word])[:9])}" for word, n in sorted(count.items())]
    assert not found, "CONTRIBUTING.md says what to write instead:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "It was mended.",
        "def untouched(): ...\nx = is_mended",
        "class MendedHost:",
        "they\n    # mended it",
        '"a" "mended"',
    ],
)
def test_a_banned_word_is_found(text: str) -> None:
    assert list(phrases(text, ["mended"])) == ["mended"]


def test_a_phrase_is_found_over_the_end_of_a_line() -> None:
    assert list(phrases('say("there is no right "\n    "to read it")', ["no right to"])) == ["no right to"]
    assert list(phrases("an amendment, recommended", ["mend", "mended"])) == []


def test_a_name_is_banned_in_code_and_not_in_a_sentence() -> None:
    source = '"""It was told here."""\ntold = 1  # heard\nx.here = y["heard"]\n'
    assert list(names(source, ["told", "here", "heard"])) == ["told", "here"]


@pytest.mark.parametrize("name", ["heard", "_heard", "heard_secret", "HEARD", "_FirstHeard"])
def test_a_name_with_stars_is_banned_within_others(name: str) -> None:
    assert list(names(f"{name} = 1\noverheard = is_here = 2\ndef test_it_is_heard(): ...", ["*heard*", "here"])) == [
        name
    ]

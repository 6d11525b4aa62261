"""CONTRIBUTING.md: its examples work, and the files that it names are there."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from maildoctor.check import Check
from maildoctor.render.style import Style
from maildoctor.triage.rules import parse
from maildoctor.triage.validation import problems
from tests.reports import FAULTY

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "CONTRIBUTING.md"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="needs a checkout")

TEXT = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
EXAMPLES = dict(re.findall(r"`([^`\n]+)`[^`]*:\n\n```(?:python|toml)\n(.*?)```", TEXT, re.S))
NEW = {"maildoctor/facts/crypto_policy.py", "maildoctor/render/csv.py"}
"""Files that the examples would make."""


def run(path: str, **known: Any) -> dict[str, Any]:
    """The names that an example defines."""
    names: dict[str, Any] = {"__name__": "example", **known}
    exec(compile(EXAMPLES[path], path, "exec"), names)  # noqa: S102
    return names


def codes() -> set[str]:
    return {line.split()[0] for line in (ROOT / "checks" / "CODES").read_text(encoding="utf-8").splitlines()}


def test_the_check() -> None:
    (check,) = (thing for thing in run("checks/host/permissions.py").values() if isinstance(thing, Check))
    assert all(len(check.on(sample)) == 1 for sample in check.fails)
    assert not any(check.on(sample) for sample in check.passes)
    assert check.code not in codes()


def test_the_log_rule() -> None:
    folder = ROOT / "checks" / "postfix"
    first = next(
        line for line in (folder / "session.toml").read_text(encoding="utf-8").splitlines() if "prefix" in line
    )
    text = f"{first}\n\n{EXAMPLES['checks/postfix/session.toml']}"  # as it stands in that file
    rules = parse(text.encode(), str(folder / "session.toml"), (folder / "prefixes.toml").read_bytes())
    assert list(problems(rules)) == []
    assert not {rule.code for rule in rules} & codes()


def test_the_fact_and_its_collector() -> None:
    # by its name: `make quick` would take this test for the one that is about that module
    system = importlib.import_module("maildoctor.collect.system")
    fact = run("maildoctor/facts/crypto_policy.py")["CryptoPolicy"]
    read = fact.parse("# the policy\nDEFAULT:SHA1\n")
    assert (read.name, read.subpolicies) == ("DEFAULT", ("SHA1",))
    assert fact.parse("").name == ""
    collector = run("maildoctor/collect/system.py", **{**vars(system), "CryptoPolicy": fact})["crypto_policy"]
    assert collector(Says("FIPS\n"), None).name == "FIPS"


class Says:
    """A host with one answer."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def ask(self, verb: str, subject: str = "") -> str:
        """That answer."""
        return self.answer


def test_the_format() -> None:
    rows = run("maildoctor/render/csv.py")["render"](FAULTY, Style()).splitlines()
    assert rows[0] == "rank,severity,code,message"
    assert len(rows) == 1 + len(FAULTY.ranked)


def test_the_files_it_names_are_there() -> None:
    named = set(re.findall(r"`((?:maildoctor|checks|tests|docs|fixtures)/[^\s`]*)`", TEXT))
    assert len(named) > 15
    missing = {path for path in named - NEW if "PRODUCT" not in path and not (ROOT / path).exists()}
    assert not missing, f"CONTRIBUTING.md speaks of {sorted(missing)}"
    assert not {path for path in NEW if (ROOT / path).exists()}, "take an example that is not there yet"

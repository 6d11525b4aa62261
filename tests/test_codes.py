"""The ledger `checks/CODES`: a code keeps its name for ever, and is never given again."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pytest

import maildoctor
from maildoctor.__main__ import main
from maildoctor.ledger import CHECKS, RULES, free_code
from maildoctor.library import NOT_LOADED, load_library
from maildoctor.triage import footprints, guessing, joined

RETIRED = "retired"
SHARED = {"configuration-syntax", "unknown-option"}
"""Names that two families share: a fault of the same kind in sendmail.cf and in Sendmail.conf."""


def _folder() -> Path:
    package = Path(maildoctor.__file__).parent
    return next(f for f in (package.parent / "checks", package / "checks") if (f / "__init__.py").is_file())


def _ledger() -> list[tuple[str, str]]:
    rows = [line.split(" ") for line in (_folder() / "CODES").read_text(encoding="utf-8").splitlines()]
    wrong = [" ".join(row) for row in rows if len(row) != 2]
    assert not wrong, f"checks/CODES holds lines 'CODE name' and nothing else; these are not: {wrong}"
    return [(code, name) for code, name in rows]


def _present() -> dict[str, str]:
    """Every code that a check, a log rule or the judgement of a whole log has, with its name."""
    given = {judged.CODE: judged.NAME for judged in (guessing, footprints, joined)} | {NOT_LOADED[0]: NOT_LOADED[1]}
    given |= {c.code: c.name for c in load_library().checks if c.judge.__module__.startswith("maildoctor.checks.")}
    for path in sorted(_folder().glob("*/*.toml")):
        for rule in tomllib.loads(path.read_text(encoding="utf-8")).get("rule", ()):
            code, name = rule["code"], rule["name"]
            assert given.setdefault(code, name) == name, (
                f"{path}: {code} is taken: {name} can have {_free(code, dict(_ledger()))}"
            )
    return given


def _free(code: str, had: Collection[str]) -> str:
    """The first code of this family, from this one on, that nobody ever had."""
    family, number = code[:-3], int(code[-3:])
    return next(free for n in range(number, 1000) if (free := f"{family}{n:03}") not in had)


def test_every_code_stands_in_the_ledger_under_its_name() -> None:
    ledger, say = dict(_ledger()), []
    for code, name in sorted(_present().items()):
        if code not in ledger:
            say.append(f"add this line to checks/CODES: {code} {name}")
        elif ledger[code] == RETIRED:
            say.append(f"{code} was retired and is never given again: {name} can have {_free(code, ledger)}")
        elif ledger[code] != name:
            say.append(
                f"{code} is {ledger[code]} for ever: {name} can have {_free(code, ledger)}, or its old name back"
            )
    assert not say, "\n".join(say)


def test_nothing_else_stands_in_the_ledger() -> None:
    present = _present()
    gone = [code for code, name in _ledger() if name != RETIRED and code not in present]
    assert not gone, "\n".join(f"{code} is gone: its line in checks/CODES becomes: {code} {RETIRED}" for code in gone)


def test_the_ledger_is_sorted_and_each_code_stands_in_it_once() -> None:
    rows = [code for code, _ in _ledger()]
    assert rows == sorted(set(rows)), "sort checks/CODES: LC_ALL=C sort -u -o checks/CODES checks/CODES"
    assert all(re.fullmatch(r"[A-Z]{2,8}\d{3}", code) for code in rows)


def test_the_next_free_code_is_one_that_nobody_had() -> None:
    assert _free("SYS001", {"SYS001", "SYS002", "SYS004", "RUN003"}) == "SYS003"
    assert _free("SYS120", {"SYS001"}) == "SYS120"


def test_a_name_is_given_once() -> None:
    """--select takes names too: one that stands for two faults selects both."""
    count = Counter(name for _, name in _ledger() if name != RETIRED)
    twice = {name for name, n in count.items() if n > 1} - SHARED
    assert not twice, f"two codes have the name {', '.join(sorted(twice))}: call one of them otherwise"
    families = Counter((code[:-3], name) for code, name in _ledger() if name in SHARED)
    assert all(n == 1 for n in families.values()), families


def test_the_next_code_of_a_family() -> None:
    ledger = ["LINK001 a", "LINK007 retired", "LINK120 b", "TLS099 c", "TLS998 d", "TLS999 e"]
    assert free_code(ledger, "LINK", CHECKS) == "LINK008"
    assert free_code(ledger, "LINK", RULES) == "LINK121"
    assert (free_code(ledger, "NEW", CHECKS), free_code(ledger, "NEW", RULES)) == ("NEW001", "NEW100")
    assert (free_code(ledger, "TLS", CHECKS), free_code(ledger, "TLS", RULES)) == ("TLS001", "TLS100")
    assert free_code([f"X{n:03} a" for n in CHECKS], "X", CHECKS) is None


def test_list_tells_free_codes_that_the_ledger_does_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    given = dict(_ledger())
    assert main(["list", "--free", "LINK"]) == 0
    check, rule = (line.split()[0] for line in capsys.readouterr().out.splitlines())
    assert {check, rule}.isdisjoint(given) and check < "LINK100" <= rule
    assert main(["list", "--free", "LINK", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"check": check, "rule": rule}
    assert main(["list", "--free", "link1"]) == 2
    assert "no family of codes" in capsys.readouterr().err

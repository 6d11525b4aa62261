"""Which tests `make quick` chooses for a change."""

import pytest

from tests.quick import EVERYTHING, chosen, importers, nearest

IMPORTERS = importers()


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("maildoctor/facts/wrappers.py", "tests/test_facts.py"),
        ("maildoctor/collect/paths.py", "tests/test_engine.py"),
        ("maildoctor/render/place.py", "tests/test_machine_formats.py"),
        ("checks/host/system.py", "tests/test_samples.py"),
        ("checks/postfix/main-cf.toml", "tests/test_log_rules.py"),
        ("checks/CODES", "tests/test_codes.py"),
        ("tests/smtp_server.py", "tests/test_probe.py"),
        ("tests/test_probe.py", "tests/test_probe.py"),
        ("README.md", "tests/test_contributing.py"),
    ],
)
def test_a_change_has_the_tests_that_are_about_it(path: str, test: str) -> None:
    tests = chosen([path], IMPORTERS)
    assert test in tests and "tests/test_layers.py" in tests
    assert EVERYTHING not in tests


@pytest.mark.parametrize("path", ["pyproject.toml", "Makefile", "fixtures/demo/host.toml"])
def test_what_concerns_everything_has_all_tests(path: str) -> None:
    assert chosen([path, "README.md"], IMPORTERS) == {EVERYTHING}


def test_a_module_that_no_test_imports_has_those_of_the_modules_above_it() -> None:
    chain = {"maildoctor/a.py": {"maildoctor/b.py"}, "maildoctor/b.py": {"tests/test_b.py", "maildoctor/c.py"}}
    assert nearest("maildoctor/a.py", chain) == {"tests/test_b.py"}
    assert nearest("maildoctor/a.py", {"maildoctor/a.py": {"maildoctor/b.py"}}) == {EVERYTHING}
    assert nearest("maildoctor/a.py", {"maildoctor/a.py": {"maildoctor/b.py"}, "maildoctor/b.py": {"maildoctor/a.py"}})

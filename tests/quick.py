"""`python -m tests.quick [BASE]`, which is `make quick`: lint of what was changed, and the tests nearest to it.

Changed is what differs from where this branch left BASE, or from the last commit where there is no such branch. The
tests of a module are those that import it; where none does, those of the modules that import it, and so on. What takes
long is left out.
"""

import ast
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
ALWAYS = ("test_layers.py", "test_words.py")
OF_CHECKS = ("test_codes.py", "test_samples.py", "test_fixtures.py", "test_engine.py", "test_contributing.py")
OF_RULES = ("test_codes.py", "test_log_rules.py", "test_contributing.py")
OF_DOCUMENTS = ("test_contributing.py", "test_ci_docs.py")
EVERYTHING = "tests"


def chosen(changed: Collection[str], importers: Mapping[str, Collection[str]]) -> set[str]:
    """The test files, or the folder of them all, for changed paths; all paths are relative to the checkout."""
    found = {f"tests/{name}" for name in ALWAYS}
    for path in changed:
        found |= _chosen_for(path, importers)
    return {EVERYTHING} if EVERYTHING in found else found


def _chosen_for(path: str, importers: Mapping[str, Collection[str]]) -> set[str]:
    folder, _, name = path.partition("/")
    if folder == "tests" and name.startswith("test_"):
        return {path}
    if folder == "checks":
        return {f"tests/{test}" for test in (OF_RULES if name.endswith(".toml") else OF_CHECKS)}
    if path.endswith((".md", ".1")) or folder == "docs":
        return {f"tests/{test}" for test in OF_DOCUMENTS}
    if folder in ("maildoctor", "tests", "bench", "release") and path.endswith(".py"):
        return nearest(path, importers)
    return {EVERYTHING}


def nearest(path: str, importers: Mapping[str, Collection[str]]) -> set[str]:
    """The test files with the fewest imports between them and this module."""
    near, seen = {path}, {path}
    while near:
        near = {user for module in near for user in importers.get(module, ())} - seen
        seen |= near
        if tests := {user for user in near if user.startswith("tests/test_")}:
            return tests
    return {EVERYTHING}


def importers() -> dict[str, set[str]]:
    """Module to the modules and tests that import it, imports inside functions too."""
    sources = ("maildoctor/**/*.py", "bench/*.py", "release/*.py", "tests/*.py", "tests/lab/*.py")
    files = {path.relative_to(ROOT).as_posix(): path for source in sources for path in ROOT.glob(source)}
    found: dict[str, set[str]] = {}
    for user, path in files.items():
        for module in _imported(ast.parse(path.read_text(encoding="utf-8"))):
            place = module.replace(".", "/")
            for name in (f"{place}.py", f"{place}/__init__.py"):
                if name in files:
                    found.setdefault(name, set()).add(user)
    return found


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names)


def changed(since: str) -> list[str]:
    """What differs from where this branch left another, new files too. Nothing where this is no checkout of git."""
    base = _git("merge-base", since, "HEAD") or ["HEAD"]
    return [*_git("diff", "--name-only", base[0]), *_git("ls-files", "--others", "--exclude-standard")]


def _git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], capture_output=True, text=True, cwd=ROOT)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def main(base: str = "main") -> int:
    """Run all of it; the exit status is 1 if anything fails."""
    paths = changed(base)
    sources = [p for p in paths if p.endswith(".py") and (ROOT / p).is_file()]
    tests = sorted(t for t in chosen(paths, importers()) if (ROOT / t).exists())
    commands = [["ruff", "check", *sources], ["ruff", "format", "--check", *sources]] if sources else []
    commands.append(["mypy"])
    commands.append(["pytest", "-q", "-n", "auto", "--dist", "loadgroup", "-m", "not lab and not slow", *tests])
    failed = [words[0] for words in commands if subprocess.run([sys.executable, "-m", *words], cwd=ROOT).returncode]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

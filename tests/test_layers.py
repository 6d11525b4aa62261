"""Who may import whom, read from the source of every module, imports inside functions too."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import maildoctor

PACKAGE = Path(maildoctor.__file__).parent
CHECKS = next(f for f in (PACKAGE.parent / "checks", PACKAGE / "checks") if (f / "__init__.py").is_file())

MAY_IMPORT: dict[str, frozenset[str]] = {
    "__init__": frozenset(),
    "__main__": frozenset({"cli", "__init__"}),
    "errors": frozenset(),
    "model": frozenset(),
    "filesystem": frozenset(),
    "log_lines": frozenset(),
    "ledger": frozenset(),
    "stamps": frozenset(),
    "toml": frozenset(),
    "asn1": frozenset(),
    "sasldb": frozenset(),
    "linking": frozenset(),
    "sasl": frozenset(),
    "ldap": frozenset(),
    "krb5": frozenset({"ldap"}),
    "image": frozenset({"errors", "filesystem"}),
    "certificates": frozenset({"asn1", "filesystem"}),
    "masking": frozenset(),
    "smtp": frozenset({"sasl"}),
    "facts": frozenset({"model", "sasldb.names"}),
    "plan": frozenset({"model", "facts"}),
    "check": frozenset({"model", "facts", "plan"}),
    "correlate": frozenset({"model", "facts"}),
    "remedy": frozenset({"model", "facts", "auth", "plan"}),
    "install": frozenset({"model", "facts", "auth", "plan", "remedy"}),
    "api": frozenset({"model", "facts", "auth", "check", "correlate", "plan", "remedy", "install"}),
    "host": frozenset(
        {
            "errors",
            "filesystem",
            "certificates",
            "log_lines",
            "toml",
            "sasldb",
            "linking",
            "smtp",
            "sasl",
            "ldap",
            "krb5",
            "image",
            "masking",
            "probe",
        }
    ),
    "collect": frozenset({"facts", "auth", "host", "model", "stamps"}),
    "render": frozenset({"model", "check", "guide.step", "__init__"}),
    "fleet": frozenset({"model", "render", "__init__"}),
    "auth": frozenset({"model", "facts"}),
    "probe": frozenset({"errors", "filesystem", "certificates", "sasldb", "smtp", "sasl"}),
    "paste": frozenset({"facts", "model", "host", "masking"}),
    "library": frozenset({"errors", "model", "check", "correlate", "filesystem"}),
    "verdict": frozenset({"model", "check"}),
    "guide": frozenset({"model", "facts", "auth", "plan", "install", "ladder", "verdict"}),
    "repair": frozenset({"errors", "filesystem", "model"}),
    "ladder": frozenset({"model", "facts", "auth", "check", "verdict"}),
    "engine": frozenset(
        {"ladder", "verdict", "model", "facts", "check", "correlate", "library", "host", "collect", "auth"}
    ),
    "triage": frozenset(
        {
            "errors",
            "facts",
            "filesystem",
            "toml",
            "model",
            "stamps",
            "host",
            "plan.words",
            "correlate",
            "masking",
            "__init__",
        }
    ),
    "cli": frozenset({"*"}),
}
"""Layer: what it may import of ours beside itself. A layer is a module or a folder of maildoctor/."""

PURE = frozenset({
    "abc", "base64", "binascii", "bisect", "collections", "dataclasses", "datetime", "difflib", "enum", "fnmatch",
    "functools", "hashlib", "heapq", "ipaddress", "itertools", "math", "operator", "posixpath", "re", "shlex", "string",
    "textwrap", "types", "typing", "unicodedata",
})  # fmt: skip
"""Modules of the standard library that neither look at this machine nor change it."""

NEVER_CALLED = frozenset({"open", "exec", "eval", "compile", "input", "print", "breakpoint", "__import__"})

NOT_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "base", "misc"})

OURS = {p.relative_to(PACKAGE).with_suffix(""): p for p in sorted(PACKAGE.rglob("*.py"))}
API = sorted(p.stem for p in (PACKAGE / "api").glob("*.py") if p.stem != "__init__")
OURS = {k: p for k, p in OURS.items() if k.parts[0] not in ("checks", "fixtures")}
every_module = pytest.mark.parametrize("name", OURS, ids=str)
every_check = pytest.mark.parametrize(
    "path", sorted(CHECKS.rglob("*.py")), ids=lambda p: p.relative_to(CHECKS).as_posix()
)


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module that is imported, `from a import b` as `a.b`, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((a.name, node.lineno) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            # a relative import has no place in MAY_IMPORT; ruff (TID252) forbids it
            yield from ((f"{'.' * node.level}{node.module or ''}.{a.name}", node.lineno) for a in node.names)


def offences(layer: str, source: str) -> list[str]:
    """What a module of this layer imports of ours and may not."""
    allowed = MAY_IMPORT[layer] | {layer}
    found = []
    for module, line in imports(ast.parse(source)):
        top, _, rest = module.partition(".")
        if top in ("maildoctor", "") and "*" not in allowed and not any(_within(rest, a) for a in allowed):
            found.append(
                f"line {line} imports {module}: {layer} may import "
                + (", ".join(sorted(allowed - {layer})) or "nothing of ours")
            )
    return found


def _within(module: str, allowed: str) -> bool:
    if allowed == "__init__":
        return module.startswith("__")  # maildoctor.__version__
    return module == allowed or module.startswith(allowed + ".")


def impurities(source: str) -> list[str]:
    """What stands in a check and is more than judging facts."""
    tree, found = ast.parse(source), []
    for module, line in imports(tree):
        top = module.partition(".")[0]
        if top == "maildoctor":
            if not module.startswith("maildoctor.api."):
                found.append(f"line {line} imports {module}: import it from maildoctor.api, or let it be put there")
        elif top not in PURE:
            kind = "ask for a fact instead" if top in sys.stdlib_module_names else "a check needs no other distribution"
            found.append(f"line {line} imports {module}: {kind}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in NEVER_CALLED:
                found.append(f"line {node.lineno} calls {node.func.id}: ask for a fact instead")
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("now", "today", "utcnow"):
                found.append(f"line {node.lineno} asks for the time: the facts say when they were gathered")
        if isinstance(node, ast.Global | ast.Nonlocal):
            found.append(f"line {node.lineno}: a check remembers nothing: no {type(node).__name__.lower()}")
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            found.append(f"line {node.lineno}: annotations are read at run time: no import under TYPE_CHECKING")
    return found


@every_module
def test_a_layer_imports_only_what_stands_below_it(name: Path) -> None:
    layer = name.parts[0]
    assert layer in MAY_IMPORT, f"maildoctor/{layer} is new: say in tests/test_layers.py what it may import"
    assert not (found := offences(layer, OURS[name].read_text(encoding="utf-8"))), f"{name}.py: " + "\n".join(found)


@every_check
def test_a_check_is_pure(path: Path) -> None:
    assert not (found := impurities(path.read_text(encoding="utf-8"))), f"{path.name}: " + "\n".join(found)


def test_a_name_is_promised_to_checks_in_one_place() -> None:
    """What all checks need on top of maildoctor.api, the rest in the module of one product."""
    places: dict[str, list[str]] = {}
    for module in ("", *(f".{name}" for name in API)):
        promised = importlib.import_module(f"maildoctor.api{module}")
        assert sorted(promised.__all__) == sorted(n for n in vars(promised) if n[0] != "_" and n not in API)
        for name in promised.__all__:
            places.setdefault(name, []).append(module)
    assert not {name: where for name, where in places.items() if len(where) > 1}


@pytest.mark.parametrize("name", [*OURS, *(p.relative_to(CHECKS.parent) for p in CHECKS.rglob("*.py"))], ids=str)
def test_a_module_is_named_for_what_it_is_about(name: Path) -> None:
    bad = NOT_NAMES & {part.removesuffix(".py").strip("_") for part in name.parts}
    assert not bad, f"{name}: name it for what it is about, not {', '.join(bad)}"


def test_no_modules_import_each_other() -> None:
    """Not by way of others either, nor for their types alone. A folder's `__init__` stands for what it imports."""
    modules = {".".join(("maildoctor", *name.parts)).removesuffix(".__init__"): path for name, path in OURS.items()}
    wanted: dict[str, set[str]] = {}
    for module, path in modules.items():
        names = {name for name, _ in imports(ast.parse(path.read_text(encoding="utf-8")))}
        wanted[module] = {n if n in modules else n.rpartition(".")[0] for n in names} & modules.keys() - {module}
    while ends := [module for module, needs in wanted.items() if not needs]:
        for module in ends:
            del wanted[module]
        wanted = {module: needs & wanted.keys() for module, needs in wanted.items()}
    assert not wanted, f"these wait for each other: {wanted}"


def test_checks_lie_in_folders_by_product() -> None:
    """Each folder holds Python checks and log rules of one product side by side; on top only what is of all."""
    assert {p.name for p in CHECKS.iterdir() if p.is_file() and p.suffix in (".py", ".toml")} == {
        "__init__.py",
        "causes.py",
    }
    assert not [p for p in CHECKS.rglob("*.toml") if p.parent.parent != CHECKS]


@pytest.mark.parametrize("door", ["os", "pathlib", "socket", "subprocess", "time", "io", "shutil"])
@pytest.mark.parametrize("layer", ["model", "facts", "plan", "check", "correlate", "remedy", "collect"])
def test_only_the_host_touches_the_machine(layer: str, door: str) -> None:
    """`collect` asks the door; one environment variable for debugging is all it may look at itself."""
    for name, path in OURS.items():
        if name.parts[0] == layer:
            lines = [
                n for module, n in imports(ast.parse(path.read_text(encoding="utf-8"))) if module.split(".")[0] == door
            ]
            if (layer, door) == ("collect", "os"):
                uses = [
                    ast.unparse(n)
                    for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                    if isinstance(n, ast.Attribute)
                ]
                assert {u for u in uses if u.startswith("os.")} <= {"os.environ", "os.environ.get"}
            else:
                assert not lines, f"{name}.py:{lines[0]} imports {door}: only maildoctor/host looks at the machine"


@pytest.mark.parametrize(
    ("layer", "source", "says"),
    [
        ("model", "from maildoctor.facts import Unknown", "model may import nothing of ours"),
        ("host", "from ..facts import paths", "line 1 imports ..facts.paths"),
        ("facts", "import maildoctor.host", "facts may import model, sasldb.names"),
        ("facts", "from maildoctor.sasldb import entries", "facts may import"),
        ("facts", "def f():\n    from maildoctor import engine", "line 2 imports maildoctor.engine"),
        ("host", "from maildoctor.facts.paths import Look", "host may import certificates, errors, filesystem,"),
        ("engine", "from maildoctor.cli import check", "engine may import"),
        ("engine", "from maildoctor import render", "engine may import"),
        ("collect", "from maildoctor.check import Check", "collect may import auth, facts, host, model"),
        ("render", "from maildoctor.library import load_library", "render may import"),
    ],
)
def test_a_forbidden_import_is_told(layer: str, source: str, says: str) -> None:
    assert any(says in offence for offence in offences(layer, source))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("from maildoctor.host import Host", "import it from maildoctor.api"),
        ("import maildoctor.api", "import it from maildoctor.api"),
        ("from maildoctor import engine", "import it from maildoctor.api"),
        ("import os", "line 1 imports os: ask for a fact instead"),
        ("import os.path", "ask for a fact instead"),
        ("def f():\n    import socket", "line 2 imports socket: ask for a fact instead"),
        ("import psutil", "a check needs no other distribution"),
        ("def f():\n    return open('/etc/passwd')", "line 2 calls open: ask for a fact instead"),
        ("from datetime import datetime\nx = datetime.now()", "line 2 asks for the time"),
        ("def f():\n    global x\n    x = 1", "remembers nothing"),
        ("if typing.TYPE_CHECKING:\n    pass", "no import under TYPE_CHECKING"),
    ],
)
def test_an_impure_check_is_told(source: str, says: str) -> None:
    assert any(says in i for i in impurities(source))


def test_no_group_is_possessive() -> None:
    """Before 3.11.5, as Debian 12 has it, Python cannot match these (CPython gh-106052); those of the masker are made
    portable where they are compiled (masking/patterns.py). A value of Postfix, a table's row, is no pattern."""
    no_patterns = {Path("render/sarif"), Path("facts/postfix/mail_params")}
    found = [
        f"{name}.py: {m[0]}"
        for name, path in OURS.items()
        if name.parts[0] != "masking" and name not in no_patterns
        for m in re.finditer(r"(?<!\\)\)(?:\*|\+|\?|\{\d*,?\d*\})\+(?!\+)", path.read_text(encoding="utf-8"))
    ]
    assert not found

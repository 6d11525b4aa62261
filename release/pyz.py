"""Builds maildoctor as one file, `dist/maildoctor.pyz`, which Python 3.11 or newer runs with nothing installed.

    python -m release.pyz [FILE]

In it: the package with its checks, log rules and demo, and of its dependencies those in pure Python that change what a
user sees: rich (what a terminal shows) and packaging (releases in order). The others are compiled, one file cannot hold
them for every machine; where Python has them installed they are used, and without them /proc stands in for psutil, the
standard library for hyperscan, and what only cryptography could tell is "not judged".

The same sources and the same rich and packaging give the same bytes: names are sorted and times are fixed.
"""

import io
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path

from maildoctor.triage.builtin import made
from maildoctor.triage.rules import rule_files

ROOT = Path(__file__).resolve().parent.parent
BUNDLED = ("rich", "packaging")
"""Distributions whose one package has their name. rich without pygments and markdown-it, which only its parts that
maildoctor does not use would import."""

_DATA = frozenset({".py", ".toml", ".json", ".typed", ".txt", ".fish", ".j2", ".sh", ""})
_OLDEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file knows
_FIRST_LINE = b"#!/usr/bin/env python3\n"

# Any Python 3 must be able to read this, and Python 2 too: it says what is wrong instead of a SyntaxError.
ENTRY = """\
import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "maildoctor: needs Python 3.11 or newer, and this is %d.%d\\n"
        "  where: %s\\n"
        "  what to do: run it with a newer one: python3.11 %s\\n"
        % (sys.version_info[0], sys.version_info[1], sys.executable, sys.argv[0])
    )
    sys.exit(2)

from maildoctor.__main__ import main

sys.exit(main())
"""


def contents() -> dict[str, bytes]:
    """All that goes in: name to bytes."""
    files = {"__main__.py": ENTRY.encode(), "LICENSE": (ROOT / "LICENSE").read_bytes()}
    for folder, home in (("maildoctor", "maildoctor"), ("checks", "maildoctor/checks")):
        files |= {f"{home}/{name}": data for name, data in _below(ROOT / folder)}
    files["maildoctor/checks/rules.json"] = made(rule_files())
    for name in ("__init__.py", "demo/host.toml", "demo/expected.txt"):
        files[f"maildoctor/fixtures/{name}"] = (ROOT / "fixtures" / name).read_bytes()
    for name in BUNDLED:
        files |= dict(_distribution(name))
    return files


def _below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and path.suffix in _DATA and not any(p.startswith((".", "__pycache__")) for p in name.parts):
            yield name.as_posix(), path.read_bytes()


def _distribution(name: str) -> Iterator[tuple[str, bytes]]:
    """The modules of an installed distribution, and its licence."""
    for file in distribution(name).files or ():
        ours = file.parts[0] == name and file.suffix == ".py"
        if ours or (".dist-info" in file.parts[0] and file.name.startswith(("LICENSE", "METADATA"))):
            yield file.as_posix(), Path(str(file.locate())).read_bytes()


def packed(files: Mapping[str, bytes]) -> bytes:
    """The archive."""
    out = io.BytesIO()
    out.write(_FIRST_LINE)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _OLDEST)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # Unix, whatever builds it
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def build(path: Path) -> int:
    """Write the archive, executable; its size in bytes."""
    data = packed(contents())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(data)
    draft.chmod(0o755)
    os.replace(draft, path)
    return len(data)


if __name__ == "__main__":
    wanted = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "maildoctor.pyz"
    sys.stdout.write(f"{wanted}: {build(wanted) // 1024} KiB\n")

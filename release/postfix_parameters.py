"""Writes what is known of the parameters of Postfix, release by release, from a clone of its source.

    python -m release.postfix_parameters CLONE

CLONE has the tags of all releases (`v3.7.11`). As postconf(1) is built from the tables in the source of each program,
so is maildoctor/facts/postfix/mail_params.py: names from the tables, values from global/mail_params.h by the compiler.
Only releases whose header differs from the one before are looked at.
"""

import argparse
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "maildoctor/facts/postfix/mail_params.py"

_HEADER = "postfix/src/global/mail_params.h"
_FIRST = (2, 6)
_KINDS = {"INT": "i", "STR": "s", "STR_FN": "f", "RAW": "r", "BOOL": "b", "TIME": "t", "NINT": "n", "NBOOL": "c",
          "LONG": "l"}  # fmt: skip
_FOLDERS = ("util", "global", "smtpd", "tls", "xsasl", "milter", "dns", "master")
_MAIN = """\
#include <sys_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <limits.h>
#include <paths.h>
#include <dict.h>
#include <mail_params.h>
#include <mail_conf.h>
#include <mail_version.h>
#include <mail_addr.h>
#include <mail_proto.h>
#if __has_include(<server_acl.h>)
#include <server_acl.h>
#endif
#include <smtpd.h>
#define SHOWN(k, n, lo, hi, form, value) printf(k "\\t%s\\t%ld\\t%ld\\t" form "\\n", n, (long) (lo), (long) (hi), value)
int main() { %s return 0; }
"""
_OF_THE_LIBRARY = {
    "X25519": "X25519", "X448": "X448", "X9_62_prime256v1": "prime256v1", "secp384r1": "secp384r1",
    "secp521r1": "secp521r1", "ffdhe2048": "ffdhe2048", "ffdhe3072": "ffdhe3072",
}  # fmt: skip
"""Names of groups that mail_params.h takes from the headers of OpenSSL."""


class Row(NamedTuple):
    """One parameter. `kind`: a letter of `_KINDS`; `low`, `high`: bounds, 0 for none (of text: of its length)."""

    kind: str
    low: str
    high: str
    value: str


class Entry(NamedTuple):
    """One line of a table in the source of a program, as C has it."""

    kind: str
    name: str
    value: str
    low: str
    high: str


def _tables(source: Path) -> Iterator[tuple[str, Entry]]:
    """The entries, each with the folder of its program."""
    yield "global", Entry("s", "VAR_CONFIG_DIR", "DEF_CONFIG_DIR", "1", "0")
    yield "global", Entry("s", "VAR_DEBUG_COMMAND", '""', "0", "0")
    for file in sorted(source.glob("*/*.c")):
        if file.parent.name == "postconf":
            continue
        text = re.sub(r"/\*.*?\*/", "", file.read_text("latin-1"), flags=re.S)
        for table in re.finditer(
            r"^(?:static|const|\s)*CONFIG_(\w+)_TABLE\s+\w+\[\]\s*=\s*\{(.*?)^\s*\};", text, re.S | re.M
        ):
            for line in table[2].split("\n"):
                entry = line.strip().rstrip(",").strip("{} \t")
                m = re.match(r"(VAR_\w+)\s*,\s*(.+?),\s*&?\w+\s*(?:,\s*(.+?)\s*,\s*(.+?))?\s*,?$", entry)
                if m:
                    yield file.parent.name, Entry(_KINDS[table[1]], m[1], m[2].strip(), m[3] or "0", m[4] or "0")


def _evaluated(source: Path, folder: Path) -> tuple[dict[str, Row], dict[str, set[str]]]:
    """Each parameter of one release, by the C compiler, and the programs that read it."""
    lines = []
    readers: dict[Entry, set[str]] = {}
    for program, entry in _tables(source):
        readers.setdefault(entry, set()).add(program)
    for kind, name, value, low, high in readers:
        form = "%d" if kind in "ib" else "%ld" if kind == "l" else "%s"
        shown = '""' if kind == "f" else value
        lines.append(f'SHOWN("{kind}", {name}, {low}, {high}, "{form}", {shown});')
    (folder / "x.c").write_text(_MAIN.replace("%s return", "\n".join(lines) + " return"))
    system = next(s for s in ("LINUX5", "LINUX3", "LINUX2") if s in (source / "util/sys_defs.h").read_text("latin-1"))
    subprocess.run(
        [
            "gcc", "-w", "-std=gnu89", f"-D{system}", "-DHAS_CLOSEFROM", "-DHAS_LMDB",
            *(f'-DSN_{name}="{word}"' for name, word in _OF_THE_LIBRARY.items()),
            *(f"-DNID_{name}=1" for name in _OF_THE_LIBRARY),
            *(f"-I{source / name}" for name in _FOLDERS), "x.c", "-o", "x",
        ],
        check=True,
        cwd=folder,
    )  # fmt: skip
    found: dict[str, Row] = {}
    programs: dict[str, set[str]] = {}
    printed = subprocess.run([folder / "x"], check=True, capture_output=True, text=True).stdout.splitlines()
    for line, read_by in zip(printed, readers.values(), strict=True):
        kind, name, low, high, value = line.split("\t")
        programs.setdefault(name, set()).update(read_by)
        if kind == "b":
            value = "yes" if value == "1" else "no"
        if name not in ("mail_version", "mail_release_date"):
            found[name] = Row(kind, low, high, " ".join(value.split()))
    return found, programs


def _git(clone: str, *words: str) -> bytes:
    return subprocess.run(["git", "-C", clone, *words], check=True, capture_output=True).stdout


def _releases(clone: str) -> list[tuple[int, ...]]:
    """Those of all tags whose header differs from that of the one before."""
    every = sorted(
        tuple(int(n) for n in tag[1:].split("."))
        for tag in _git(clone, "tag").decode().split()
        if re.fullmatch(r"v\d+\.\d+\.\d+", tag)
    )
    chosen, last = [], ""
    for release in every:
        content = _git(clone, "rev-parse", f"{_tag(release)}:{_HEADER}").decode()
        if release >= _FIRST and content != last:
            chosen.append(release)
        last = content
    return chosen


def _tag(release: tuple[int, ...]) -> str:
    return "v" + ".".join(map(str, release))


def _guarded(header: str) -> dict[str, str]:
    """Macros that a build may set (`#ifndef DEF_…`), and the parameters whose defaults they are."""
    names = dict(re.findall(r'#define\s+VAR_(\w+)\s+"(\w+)"', header))
    return {f"DEF_{n}": names[n] for n in re.findall(r"#ifndef\s+DEF_(\w+)", header) if n in names}


def table(clone: str) -> Iterator[str]:
    """Lines `NAME KIND RELEASE LOW HIGH VALUE`, separated by tabs, of each parameter and each release that changed it;
    kind `-` where it was removed. RELEASE and bounds are left out where they say nothing."""
    known: dict[str, list[tuple[tuple[int, ...], Row | None]]] = {}
    releases = _releases(clone)
    macros: dict[str, str] = {}
    programs: dict[str, set[str]] = {}
    for release in releases:
        with tempfile.TemporaryDirectory() as folder:
            tar = _git(clone, "archive", _tag(release), "postfix/src")
            subprocess.run(["tar", "-x", "-C", folder], input=tar, check=True)
            source = Path(folder) / "postfix/src"
            macros |= _guarded((source / "global/mail_params.h").read_text("latin-1"))
            now, read_by = _evaluated(source, Path(folder))
        for name, those in read_by.items():
            programs.setdefault(name, set()).update(those)
        for name in known.keys() | now.keys():
            rows = known.setdefault(name, [])
            if (rows[-1][1] if rows else None) != now.get(name):
                rows.append((release, now.get(name)))
        print(_tag(release), len(now))  # noqa: T201
    for name, rows in sorted(known.items()):
        for release, row in rows:
            since = "" if release == releases[0] else ".".join(map(str, release))
            if row is None:
                yield f"{name}\t-\t{since}"
            else:
                low, high = ("" if n == "0" else n for n in (row.low, row.high))
                yield "\t".join((name, row.kind, since, low, high, row.value)).rstrip("\t")
        if name in programs:
            yield f"{name}\t@\t{','.join(sorted(programs[name]))}"
    for macro, name in sorted(macros.items()):
        yield f"{macro}\t=\t{name}"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the module."""
    parser = argparse.ArgumentParser(prog="python -m release.postfix_parameters", description=__doc__)
    parser.add_argument("clone", help="a clone of Postfix with the tags of its releases")
    lines = "\n".join(table(parser.parse_args(argv).clone))
    if '"""' in lines:
        raise SystemExit("a default that cannot stand in the module as it is")
    TARGET.write_text(_MODULE + f'TABLE = r"""\n{lines}\n"""\n')


_MODULE = '''\
"""The parameters of Postfix, each with its kind and default by release. Written by release/postfix_parameters.py from
the source of Postfix (global/mail_params.h and the tables of the programs); not to be edited.

A line: name, kind, first release of this line (empty: 2.6 and earlier), least, greatest, default, separated by tabs.
Kinds: s text, r text that is not expanded, f text that the host decides, b yes or no, c yes or no by an expression,
i number, l large number, n number by an expression, t time; `-`: removed with that release. The lines with `=` tell
which macro of the build sets a default, those with `@` which programs read a parameter, by their folders in the
source; `global`: all of them."""
# ruff: noqa: E501

'''

if __name__ == "__main__":
    main()

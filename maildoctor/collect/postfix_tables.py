"""The lookup tables of Postfix: their files, what stands in source and index, and the plug-ins for their types."""

from collections.abc import Iterator

from maildoctor.collect.knowledge import FactStore, joined, text
from maildoctor.collect.paths import Files
from maildoctor.facts import Unknown
from maildoctor.facts.maps import Entries
from maildoctor.facts.paths import walk
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.postfix.tables import INDEX, PostfixTables, TableUse, text_of_use, uses
from maildoctor.host import Host, NoAnswer

_LARGEST = 4 * 1024 * 1024
"""Bytes of a source or an index whose entries are compared."""


def tables(host: Host, know: FactStore) -> PostfixTables | Unknown:
    """All tables that settings name, each with its files."""
    postfix = know(Postfix)
    if isinstance(postfix, Unknown):
        return postfix
    by_name: dict[tuple[str, str], list[TableUse]] = {}
    for use in uses(postfix):
        by_name.setdefault((use.type, use.path), []).append(use)
    looked, lines = Files(host), [*_plugins(host, postfix)]
    for (kind, path), named in know.some(by_name.items(), "tables of Postfix"):
        lines += [f"[{kind}:{path}] {' '.join(map(text_of_use, named))}", *_files(host, looked, kind, path)]
    return PostfixTables.parse(joined(*lines))


def _files(host: Host, looked: Files, kind: str, path: str) -> Iterator[str]:
    index = f"{path}{INDEX[kind]}" if kind in INDEX else ""
    trail = {x.path: x for p in (path, index) if p for x in walk(p, looked)[0]}
    yield from (x.line for x in trail.values())
    for place in (path, index):
        if place in looked.gaps:
            yield f"unseen: {looked.gaps[place]}"
    source, built = looked(path), looked(index) if index else None
    if source is None or built is None or source.mtime <= built.mtime or max(source.size, built.size) > _LARGEST:
        return
    answers = [host.ask("map", f"plain {p}") for p in (path, index)]
    if any(isinstance(a, NoAnswer) for a in answers):
        return
    written, found = (Entries.parse(text(a)) for a in answers)
    yield "compared"
    for word, keys in zip(("only source", "only index", "changed"), written.difference(found), strict=True):
        yield from (f"{word}: {key}" for key in keys[:5])


def _plugins(host: Host, postfix: Postfix) -> Iterator[str]:
    """Entries of dynamicmaps.cf and of the files in dynamicmaps.cf.d (global/dynamicmaps.c)."""
    folder = postfix.value("meta_directory") or postfix.value("config_directory")
    where = postfix.value("shlib_directory") or "/usr/lib/postfix"
    names = host.ask("list", f"{folder}/dynamicmaps.cf.d")
    files = [f"{folder}/dynamicmaps.cf", *(f"{folder}/dynamicmaps.cf.d/{n}" for n in text(names).splitlines())]
    answers = [host.ask("read", file) for file in files[:50]]
    if any(isinstance(a, NoAnswer) and a.why != "absent" for a in answers):
        return
    yield "dynamicmaps: read"
    for line in (line for a in answers for line in text(a).splitlines()[:200] if not line.startswith("#")):
        words = line.split()
        if len(words) in (3, 4) and words[0].isalnum():
            path = words[1] if words[1].startswith("/") else f"{where}/{words[1]}"
            there = isinstance(host.ask("look", path), str)
            yield f"plug-in: {words[0]} {path} {'there' if there else 'missing'}"

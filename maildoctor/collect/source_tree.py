"""What there is to see in a source tree, or in a folder that holds some, by the door of the host on which it lies."""

import re
from collections.abc import Iterator

from maildoctor.facts import Absent, Unknown
from maildoctor.facts.source_tree import SourceTree
from maildoctor.host import Host, NoAnswer, Verb

_FOLDERS = 60
"""Folders beside each other in which trees are looked for."""
_OBJECTS = 6
_SITES = 8
_DIRECTORIES = 12
"""Directories of headers or libraries that are looked into."""

_INCLUDES = ("/usr/include", "/usr/local/include")
_LIBRARIES = (
    "/usr/lib",
    "/usr/lib64",
    "/lib64",
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
)


def source_tree(host: Host, directory: str) -> SourceTree | Unknown:
    """The trees in `directory`, an absolute path there; `Absent` where it holds none."""
    top = directory.rstrip("/") or "/"
    names = host.ask("list", top)
    if isinstance(names, NoAnswer):
        return (Absent if names.why == "absent" else Unknown)(names.reason, names.remedy, top)
    seen = _Seen(host)
    trees = [(top, names.split("\n"))]
    if not _kind(trees[0][1]):
        inside = [f"{top.rstrip('/')}/{name}" for name in trees[0][1]][:_FOLDERS]
        trees = [(path, found.split("\n")) for path in inside if isinstance(found := host.ask("list", path), str)]
    for path, there in trees:
        kind = _kind(there)
        if kind:
            seen.lines.append(f"[tree {kind} {path}]")
            _BY_KIND[kind](seen, path, there)
    if not seen.lines:
        what = f"{directory} holds no source tree of sendmail, cyrus-sasl or Postfix"
        return Absent(what, "name the folder into which they were unpacked", top)
    return SourceTree.parse("\n".join(seen.lines))


def _kind(names: list[str]) -> str:
    there = frozenset(names)
    if {"devtools", "sendmail", "cf"} <= there:
        return "sendmail"
    if {"plugins", "saslauthd", "lib"} <= there and there & {"configure", "configure.ac", "configure.in"}:
        return "cyrus-sasl"
    return "postfix" if {"makedefs", "src", "conf"} <= there else ""


class _Seen:
    """The answers so far, each with its heading."""

    def __init__(self, host: Host) -> None:
        self._host, self.lines = host, list[str]()

    def ask(self, verb: Verb, path: str) -> str:
        """The answer, noted; empty where there is none."""
        answer = self._host.ask(verb, path)
        if isinstance(answer, NoAnswer):
            self.lines += [f"[{verb} {path} absent]"] if answer.why == "absent" else []
            return ""
        self.lines += [f"[{verb} {path}]", *(f"| {line}" for line in answer.split("\n"))]
        return answer


def _sendmail(seen: _Seen, path: str, names: list[str]) -> None:
    seen.ask("read", f"{path}/sendmail/version.c")
    sites = seen.ask("list", f"{path}/devtools/Site").split("\n")
    texts = [
        seen.ask("read", f"{path}/devtools/Site/{name}")
        for name in sorted(sites)[: _SITES * 4]
        if re.fullmatch(r"site\.[\w.-]{1,60}\.m4", name)
    ][:_SITES]
    for name in sorted(n for n in names if n.startswith("obj."))[:_OBJECTS]:
        program = f"{path}/{name}/sendmail/sendmail"
        if seen.ask("look", program):
            seen.ask("elf", program)
            seen.ask("build", program)
        seen.ask("read", f"{path}/{name}/sendmail/Makefile")
    named = " ".join(texts)
    for folder in [*_of(named, "I"), *_INCLUDES][:_DIRECTORIES]:
        seen.ask("look", f"{folder}/sasl/sasl.h")
    for folder in [*_of(named, "L"), *_LIBRARIES][:_DIRECTORIES]:
        if seen.ask("look", f"{folder}/libsasl2.so"):
            seen.ask("release", f"{folder}/libsasl2.so")
    seen.ask("look", "/usr/include/db.h")


def _of(text: str, letter: str) -> Iterator[str]:
    """The directories of -I or -L."""
    yield from dict.fromkeys(re.findall(rf"-{letter}(/[\w./+-]{{1,300}})", text))


def _cyrus(seen: _Seen, path: str, _: list[str]) -> None:
    for name in ("configure.ac", "configure.in", "config.status"):
        seen.ask("read", f"{path}/{name}")
    log = seen.ask("read", f"{path}/config.log")
    compiled = ""
    if "libsasl2.so" in seen.ask("list", f"{path}/lib/.libs").split("\n"):
        compiled = seen.ask("folders", f"{path}/lib/.libs/libsasl2.so")
    if "libsasldb.so" in seen.ask("list", f"{path}/plugins/.libs").split("\n"):
        seen.ask("elf", f"{path}/plugins/.libs/libsasldb.so")
    prefix = re.search(r"--prefix=(/[\w./+-]{1,300})", log)
    searched = re.findall(r"plugins: (/[^:\n]{1,300})", compiled)
    for folder in dict.fromkeys((*searched, f"{prefix[1] if prefix else '/usr/local'}/lib/sasl2")):
        if seen.ask("look", folder):
            seen.ask("real", folder)
            seen.ask("list", folder)


def _postfix(seen: _Seen, path: str, _: list[str]) -> None:
    for name in ("conf/makedefs.out", "makedefs.out"):
        seen.ask("read", f"{path}/{name}")


_BY_KIND = {"sendmail": _sendmail, "cyrus-sasl": _cyrus, "postfix": _postfix}

"""Source trees of mail programs and of libsasl, as somebody unpacked, configured and built them.

Text: what was looked at, a heading each, `[VERB PATH]`, and the host's answer below, its lines after `| `; a heading
without lines that ends in ` absent` says that there is no such thing. Headings of trees: `[tree KIND PATH]`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

from maildoctor.facts.sendmail.site_config import SiteConfig
from maildoctor.model import Evidence

Kind = Literal["sendmail", "cyrus-sasl", "postfix"]
Release = tuple[int, ...]

_TREE = re.compile(r"\[tree (sendmail|cyrus-sasl|postfix) (/.{0,4000})\]")
_HEAD = re.compile(r"\[([a-z]{1,20}) (/.{0,4000}?)( absent)?\]")
_SENDMAIL = re.compile(r"Version\[\]\s{0,20}=\s{0,20}\"([^\"\n]{1,40})\"")
_AC_INIT = re.compile(r"AC_INIT\(\[?cyrus-sasl\]?,\s{0,20}\[?([\w.]{1,40})\]?")
_DATABASE = re.compile(r"lib(?:db|gdbm|lmdb)\b")
_POSTFIX = re.compile(r"postfix-(\d[\w.-]{0,40})")
_CONFIGURED = re.compile(r"(?m)^  \$ (\S{0,200}configure\b[^\n]{0,4000})$")
_SUBSTITUTED = re.compile(r'(?m)^S\["(\w{1,60})"\]="([^"\n]{0,4000})"')
_ERROR = re.compile(r"(?m)^configure:\d{1,8}: error: ([^\n]{1,300})")
_NO_HEADER = re.compile(r"fatal error: (\S{1,200}): No such file")
_VALUE = re.compile(r"(?m)^\s{0,20}(CCARGS|AUXLIBS|AUXLIBS_\w{1,40}|SYSLIBS|OPTS)\s{0,20}=\s{0,20}([^\n]{0,4000})")
_MAKE = re.compile(r"(?m)^(ENVDEF|LIBS|INCDIRS|LIBDIRS)\s{0,20}=\s{0,20}([^\n]{0,4000})")
_NEEDED = re.compile(r"\s{0,8}(\S{1,200}) => (.{1,4000})")


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree. `version`: its release as it is written, empty where it does not tell."""

    kind: Kind
    path: str
    version: str

    @property
    def release(self) -> Release:
        """Its numbers, to be compared."""
        return tuple(int(n) for n in re.findall(r"\d{1,6}", self.version)[:4])


@dataclass(frozen=True, slots=True)
class Built:
    """A sendmail that was built in a tree. `libraries`: name to the path at which the loader finds it, or `not found`;
    `flags`: what it was compiled with; `environment`: ENVDEF of the Makefile by which it was built."""

    path: str
    flags: frozenset[str]
    libraries: Mapping[str, str]
    environment: str

    @property
    def database(self) -> str:
        """The Berkeley DB that it needs; empty where it needs none."""
        return next((n for n in self.libraries if n.startswith("libdb")), "")

    @property
    def sasl(self) -> tuple[str, str]:
        """The libsasl that it needs, and where that is; empty where it needs none."""
        return next(((n, at) for n, at in self.libraries.items() if re.match(r"libsasl2?\.so", n)), ("", ""))


@dataclass(frozen=True)
class SourceTree:
    """All that was looked at. `answers`: by verb and path, None where there is no such thing."""

    trees: tuple[Tree, ...]
    answers: Mapping[tuple[str, str], str | None]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the headings and lines described above."""
        answers: dict[tuple[str, str], list[str] | None] = {}
        found: list[tuple[Kind, str]] = []
        lines: list[str] | None = None
        for line in text.split("\n"):
            if line.startswith("| "):
                if lines is not None:
                    lines.append(line[2:])
            elif m := _TREE.fullmatch(line):
                found.append((m[1], m[2]))  # type: ignore[arg-type]
            elif m := _HEAD.fullmatch(line):
                lines = None if m[3] else []
                answers[m[1], m[2]] = lines
        said = {key: None if rows is None else "\n".join(rows) for key, rows in answers.items()}
        return cls(tuple(Tree(kind, path, _version(kind, path, said)) for kind, path in dict.fromkeys(found)), said)

    def of(self, kind: Kind) -> Tree | None:
        """The tree of this program; of several the newest."""
        return max((t for t in self.trees if t.kind == kind), key=lambda t: t.release, default=None)

    def read(self, path: str) -> str:
        """The text of a file; empty where there is none."""
        return self.answers.get(("read", path)) or ""

    def listed(self, path: str) -> tuple[str, ...]:
        """The names in a folder."""
        return tuple((self.answers.get(("list", path)) or "").split())

    def there(self, path: str) -> bool | None:
        """Whether something is at this path; None where nobody looked."""
        key = ("look", path)
        return None if key not in self.answers else self.answers[key] is not None

    # ---- sendmail

    @cached_property
    def site(self) -> SiteConfig | None:
        """What the site's files of the sendmail tree define, all together; None where there are none."""
        tree = self.of("sendmail")
        if tree is None:
            return None
        folder = f"{tree.path}/devtools/Site/"
        files = [
            (path, text) for (verb, path), text in self.answers.items() if verb == "read" and path.startswith(folder)
        ]
        texts = [text for _, text in files if text is not None]
        if not texts:
            return None
        path = next((p for p, _ in files if p.endswith("/site.config.m4")), files[0][0])
        return SiteConfig.parse("\n".join([f"# path: {path}", *texts]))

    @cached_property
    def built(self) -> tuple[Built, ...]:
        """The sendmail programs that were built in the tree."""
        tree = self.of("sendmail")
        paths = [path for verb, path in self.answers if verb == "elf"] if tree else []
        return tuple(self._built(p) for p in paths if tree and p.startswith(f"{tree.path}/"))

    def _built(self, path: str) -> Built:
        compiled = (self.answers.get(("build", path)) or "").partition("Compiled with:")[2]
        linked = (_NEEDED.fullmatch(line) for line in (self.answers.get(("elf", path)) or "").split("\n"))
        makefile = dict(_MAKE.findall(self.read(f"{path.rpartition('/')[0]}/Makefile")))
        libraries = {m[1]: m[2].strip() for m in linked if m}
        return Built(path, frozenset(compiled.split()), libraries, makefile.get("ENVDEF", ""))

    def headers(self) -> tuple[str, ...]:
        """Where sasl/sasl.h was found, in the order in which the compiler searches."""
        return tuple(p for (verb, p), said in self.answers.items() if verb == "look" and said and p.endswith("/sasl.h"))

    def libraries(self) -> tuple[tuple[str, str], ...]:
        """Where libsasl2.so was found, in the order in which the linker searches, with the release that it is of."""
        found = (
            p for (verb, p), said in self.answers.items() if verb == "look" and said and p.endswith("/libsasl2.so")
        )
        return tuple((path, self.answers.get(("release", path)) or "") for path in found)

    # ---- cyrus-sasl

    def configured(self, tree: Tree) -> str:
        """The configure command of the last run, as config.log has it; empty where it was not run."""
        runs = _CONFIGURED.findall(self.read(f"{tree.path}/config.log"))
        return str(runs[0]).strip() if runs else ""

    def substituted(self, tree: Tree) -> dict[str, str]:
        """What configure found out, by config.status: `SASL_MECHS`, `SASL_DB_BACKEND`, `prefix`, …"""
        return dict(_SUBSTITUTED.findall(self.read(f"{tree.path}/config.status")))

    def plugins_searched(self, tree: Tree) -> str:
        """The folder in which the libsasl that was built there looks for plug-ins; empty where it does not tell."""
        said = self.answers.get(("folders", f"{tree.path}/lib/.libs/libsasl2.so")) or ""
        return next((line[9:].partition(":")[0] for line in said.split("\n") if line.startswith("plugins: ")), "")

    def database(self, tree: Tree) -> str:
        """The library of the user database that libsasl was built with, by its plug-in: `libdb-5.3.so`; empty where
        that is not known."""
        said = self.answers.get(("elf", f"{tree.path}/plugins/.libs/libsasldb.so")) or ""
        found = (_NEEDED.fullmatch(line) for line in said.split("\n"))
        return next((m[1] for m in found if m and _DATABASE.match(m[1])), "")

    def errors(self, tree: Tree) -> tuple[str, ...]:
        """Why configure gave up."""
        return tuple(_ERROR.findall(self.read(f"{tree.path}/config.log")))

    def lacks_header(self, tree: Tree, name: str) -> bool:
        """Whether configure looked for this header, and the compiler did not find it."""
        log = self.read(f"{tree.path}/config.log")
        cached = f"ac_cv_header_{re.sub('[^a-z0-9]', '_', name)}=no"
        return name in _NO_HEADER.findall(log) or cached in log.split("\n")

    # ---- postfix

    def made_with(self, tree: Tree) -> dict[str, str]:
        """CCARGS, AUXLIBS and the like of makedefs.out; empty where `make makefiles` was not run."""
        text = self.read(f"{tree.path}/conf/makedefs.out") or self.read(f"{tree.path}/makedefs.out")
        return dict(_VALUE.findall(text))

    def evidence(self, path: str, *words: str) -> Evidence:
        """The lines of a file that hold one of these words."""
        lines = self.read(path).split("\n")
        some = [line.strip() for line in lines if any(w in line for w in words)][:6]
        return Evidence(path, "\n".join(some) or "nothing about it")


def _version(kind: Kind, path: str, answers: Mapping[tuple[str, str], str | None]) -> str:
    def read(name: str) -> str:
        return answers.get(("read", f"{path}/{name}")) or ""

    if kind == "sendmail":
        m = _SENDMAIL.search(read("sendmail/version.c"))
        return m[1] if m else ""
    if kind == "cyrus-sasl":
        m = _AC_INIT.search(read("configure.ac")) or _AC_INIT.search(read("configure.in"))
        return m[1] if m else ""
    m = _POSTFIX.search(path.rpartition("/")[2])  # its header has it in a line that the door takes for a remark
    return m[1] if m else ""

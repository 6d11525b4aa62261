"""The SASL plug-ins of a host, and whether the run-time loader would take them.

libsasl2 offers every name in the plug-in directories that ends in `.so` (lib/dlopen.c; `.la` too, except on Debian) to
dlopen with RTLD_NOW; a plug-in that is refused is skipped, and its mechanisms are then not offered, without any other
sign than one line in the log.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self

Kind = Literal["mechanism", "auxprop", "canonuser", "unknown"]
State = Literal["present", "missing", "dangling", "unreadable"]

MECHANISMS: Mapping[str, tuple[str, ...]] = {
    "plain": ("PLAIN",),
    "login": ("LOGIN",),
    "crammd5": ("CRAM-MD5",),
    "digestmd5": ("DIGEST-MD5",),
    "scram": ("SCRAM-SHA-1", "SCRAM-SHA-224", "SCRAM-SHA-256", "SCRAM-SHA-384", "SCRAM-SHA-512"),
    "gssapiv2": ("GSSAPI", "GSS-SPNEGO"),
    "gssapi": ("GSSAPI",),
    "gs2": ("GS2-KRB5", "GS2-IAKERB"),
    "kerberos4": ("KERBEROS_V4",),
    "ntlm": ("NTLM",),
    "otp": ("OTP",),
    "srp": ("SRP",),
    "passdss": ("PASSDSS-3DES-1",),
    "anonymous": ("ANONYMOUS",),
    "xoauth2": ("XOAUTH2",),
}
"""Name of a plug-in (the file's, without `lib` and up to the first dot) -> the mechanisms it brings. EXTERNAL is built
into the library. Those of SASL 1 have the same names, except `gssapi`."""

_AUXPROP = frozenset({"sasldb", "sql", "mysql", "ldapdb"})
_LIBRARY_OF_VERSION = {"1": "libsasl.so.7", "2": "libsasl2.so.2", "3": "libsasl2.so.3"}
"""libtool version of the plug-ins -> the library that was released with them; Debian kept 2 for all of SASL 2."""

_BACKENDS = (("libdb", "berkeley"), ("libgdbm", "gdbm"), ("liblmdb", "lmdb"), ("libndbm", "ndbm"))


def plugin_of(mechanism: str) -> str:
    """The plug-in that brings a mechanism, e.g. `scram` for `SCRAM-SHA-1`; empty for one not known."""
    return next((plugin for plugin, brings in MECHANISMS.items() if mechanism in brings), "")


@dataclass(frozen=True, slots=True)
class Directory:
    """A place where plug-ins are looked for. `target`: where a dangling link leads."""

    path: str
    state: State
    target: str = ""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One `.so` of a plug-in directory. `path` is the name the SASL library tries, `target` the file behind it.

    `libraries` are (name, path or ""), `undefined` (symbol, version or ""), `needs_versions` (version, library).
    `not_elf` says what the file is instead, `unfit` names libraries of which another kind of file was found.
    """

    path: str
    target: str
    mode_line: str = ""
    soname: str | None = None
    elf_class: int | None = None
    machine: str | None = None
    libraries: tuple[tuple[str, str], ...] = ()
    missing_libraries: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()
    undefined: tuple[tuple[str, str], ...] = ()
    needs_versions: tuple[tuple[str, str], ...] = ()
    dangling: bool = False
    unreadable: bool = False
    not_elf: str = ""
    program_class: int | None = None
    program_machine: str | None = None

    @property
    def name(self) -> str:
        """As the SASL library says it in messages: `digestmd5` for `libdigestmd5.so`."""
        return posixpath.basename(self.path).removeprefix("lib").partition(".")[0]

    @property
    def kind(self) -> Kind:
        """What it is for, judged by its name."""
        if self.name in MECHANISMS:
            return "mechanism"
        if self.name in _AUXPROP:
            return "auxprop"
        return "canonuser" if "canon" in self.name else "unknown"

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The mechanisms it brings."""
        return MECHANISMS.get(self.name, ())

    @property
    def libsasl(self) -> str | None:
        """The SASL library it was made for: `libsasl2.so.2`, `libsasl2.so.3`, `libsasl.so.7`, or None if unknown."""
        for name, _ in self.libraries:
            if re.match(r"libsasl2?\.so", name):
                return name
        version = re.search(r"\.so\.(\d+)", self.soname or posixpath.basename(self.target))
        return _LIBRARY_OF_VERSION.get(version[1]) if version else None

    @property
    def loads(self) -> bool:
        """Whether nothing is known that would keep the loader from taking it."""
        return not self.problem

    @property
    def problem(self) -> str:
        """Why the loader would refuse it, in one sentence without a full stop; empty if it would not.

        The order is the loader's own: what it meets first, it reports, and looks no further.
        """
        return next(self._problems(), "")

    def _problems(self) -> Iterator[str]:
        if self.dangling:
            yield f"the link leads to {self.target or 'a file'}, which does not exist"
        if self.not_elf:
            yield f"it is not a library ({self.not_elf})"
        if self.elf_class and self.program_class and self.elf_class != self.program_class:
            yield f"it is {self.elf_class}-bit, but the program is {self.program_class}-bit"
        if self.machine and self.program_machine and self.machine != self.program_machine:
            yield f"it was made for {self.machine}, but the program for {self.program_machine}"
        if self.missing_libraries:
            yield f"it needs {_listed(self.missing_libraries)}, which cannot be found"
        if self.unfit:
            yield f"it needs {_listed(self.unfit)}, and what is there is no such library"
        if self.needs_versions:
            version, library = self.needs_versions[0]
            yield f"it needs version {version} of {library or 'a library'}, which does not have it"
        if self.undefined:
            names = [f"{symbol}, version {version}" if version else symbol for symbol, version in self.undefined]
            yield f"nothing defines the symbol {_listed(names)}"


@dataclass(frozen=True, slots=True)
class Plugins:
    """All plug-in directories and what stands in them.

    `untried`: files that look like plug-ins and are never tried, because no name ending in `.so` leads to them.
    """

    directories: tuple[Directory, ...]
    plugins: tuple[Plugin, ...]
    untried: tuple[str, ...] = ()
    program: str = ""
    library: str = ""
    """the libsasl that the loader gives the program, where it was built by hand"""
    second_library: str = ""
    """the distribution's own, which is passed over for it"""
    taken: str = ""
    """the libsasl that the loader gives the program, all links followed"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From blocks of lines; those of a plug-in are what `ls -l`, `file` and `ldd -r` print of it:

            directory: /usr/lib/sasl2
            program: ELF 64-bit LSB pie executable, x86-64
            library: /usr/local/lib/libsasl2.so.2
            second library: /usr/lib/libsasl2.so.2
            loader takes: /usr/local/lib/libsasl2.so.2.0.25
            file: /usr/lib/sasl2/libplain.so.2
            plugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so.2.0.25
            -rw-r--r-- 1 root root 18664 2022-11-22 06:00:00.000000000 +0000 /usr/lib/sasl2/libplain.so.2.0.25
            ELF 64-bit LSB shared object, x86-64, soname libplain.so.2
            <tab>libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6

        `directory: PATH missing`, `directory: PATH unreadable`, `directory: PATH dangling -> TARGET`, and the last two
        after `plugin:`, also as `plugin: PATH -> missing` and `plugin: PATH -> unreadable`. `file:` names what else
        stands in a directory. Lines that say nothing known are passed over; nothing is raised.
        """
        directories: list[Directory] = []
        files: list[str] = []
        blocks: list[tuple[str, list[str]]] = []
        program = ""
        libraries: dict[str, str] = {}
        for line in text.splitlines():
            key, _, value = line.partition(": ")
            if key == "directory":
                directories.append(_directory(value))
            elif key == "file":
                files.append(value.strip())
            elif key == "program":
                program = value.strip()
            elif key in ("library", "second library", "loader takes"):
                libraries.setdefault(key, value.strip())
            elif key == "plugin":
                blocks.append((value, []))
            elif blocks:
                blocks[-1][1].append(line)
        plugins = tuple(_plugin(head, lines, program) for head, lines in blocks)
        return cls(
            tuple(directories),
            plugins,
            tuple(_untried(files, plugins)),
            program,
            libraries.get("library", ""),
            libraries.get("second library", ""),
            libraries.get("loader takes", ""),
        )

    def by_mechanism(self, mechanism: str) -> tuple[Plugin, ...]:
        """The plug-ins that bring a mechanism, whether they load or not."""
        wanted = mechanism.upper().removesuffix("-PLUS")
        return tuple(p for p in self.plugins if wanted in p.mechanisms or (wanted[:4] == "GS2-" and p.name == "gs2"))

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The mechanisms of the plug-ins that load, each once."""
        return tuple(dict.fromkeys(m for p in self.plugins if p.loads for m in p.mechanisms))

    @property
    def auxprop(self) -> tuple[str, ...]:
        """The names of the auxprop plug-ins that load, each once."""
        return tuple(dict.fromkeys(p.name for p in self.plugins if p.loads and p.kind == "auxprop"))

    @property
    def backend_library(self) -> str | None:
        """The database library of the sasldb plug-in, e.g. `libdb-5.3.so`."""
        return next((name for name, _ in self._backends()), None)

    @property
    def backend(self) -> str | None:
        """What kind of file the sasldb plug-in reads: `berkeley`, `gdbm`, `lmdb`, `ndbm`, or None if unknown."""
        return next((kind for _, kind in self._backends()), None)

    def _backends(self) -> Iterator[tuple[str, str]]:
        for plugin in self.plugins:
            if plugin.name == "sasldb":
                for name, _ in plugin.libraries:
                    yield from ((name, kind) for start, kind in _BACKENDS if re.match(rf"{start}[-._\d]", name))


def _listed(names: Iterable[str]) -> str:
    first, *more = list(names)
    return f"{first} (and {len(more)} more)" if more else first


_HEAD = re.compile(r"(.+?)(?: (missing|unreadable|dangling))?(?: -> (.+))?$")


def _head(value: str) -> tuple[str, str, str]:
    """(path, state, target)"""
    match = _HEAD.match(value.rstrip())
    if match is None:
        return value, "", ""
    if match[3] in ("missing", "unreadable"):
        return match[1], match[3], ""
    return match[1], match[2] or "", match[3] or ""


def _directory(value: str) -> Directory:
    path, state, target = _head(value)
    states: dict[str, State] = {"missing": "missing", "unreadable": "unreadable", "dangling": "dangling"}
    return Directory(path, states.get(state, "present"), target)


_ELF = re.compile(r"ELF (\d+)-bit [LM]SB [^,]+, ([^,]+)(?:.*?\bsoname ([^\s,]+))?")
_MODE = re.compile(r"[-bcdlps][-rwxsStT]{9}")
_FOUND = re.compile(r"\s+(\S+) => (/\S+)(?: \((?!0x)(.+)\))?")
_MISSING = re.compile(r"\s*(\S+) =>\s+\(?(?:file )?not found|.*Error loading shared library (\S+):")
_VERSION = re.compile(r"(?:.*?: )?(?:(\S+): )?version [`'‘]([^'’]+)['’] not found")
_UNDEFINED = re.compile(
    r".*?(?:"
    r"undefined symbol: ([^\s,]+)(?:, version (\S+))?"  # glibc
    r"|symbol ([^\s,:]+)(?:, |: )version (\S+) not defined in file"  # glibc before 2.30
    r"|symbol not found: (\S+)"  # Solaris, ldd -r
    r"|symbol (\S+): referenced symbol not found"  # Solaris, the loader itself
    r"|Error relocating \S+ (\S+): symbol not found"  # musl
    r")"
)
_NOT_ELF = re.compile(r"(?:not an ELF file: (.+)|(empty file)|(damaged ELF file.*)|.*\b(not a dynamic executable))$")


class _Lines:
    """What the lines below one `plugin:` line say."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.mode = ""
        self.elf: re.Match[str] | None = None
        self.not_elf = ""
        self.unreadable = False
        self.libraries: list[tuple[str, str]] = []
        self.missing: list[str] = []
        self.unfit: list[str] = []
        self.versions: list[tuple[str, str]] = []
        self.undefined: list[tuple[str, str]] = []
        for line in lines:
            self._take(line)

    def _take(self, line: str) -> None:
        if _MODE.match(line):
            self.mode = line
        elif self.elf is None and (elf := _ELF.search(line)):
            self.elf = elf
        elif found := _FOUND.match(line):
            self._library(found[1], found[2], found[3] or "")
        elif missing := _MISSING.match(line):
            self.libraries.append((missing[1] or missing[2], ""))
            self.missing.append(missing[1] or missing[2])
        elif version := _VERSION.match(line):
            self.versions.append((version[2], version[1] or ""))
        elif undefined := _UNDEFINED.match(line):
            symbol, release = undefined[1] or undefined[3], undefined[2] or undefined[4]
            self.undefined.append((symbol or undefined[5] or undefined[6] or undefined[7], release or ""))
        elif re.match(r"not readable|unreadable\b", line):
            self.unreadable = True
        elif other := _NOT_ELF.match(line):
            self.not_elf = other[1] or other[2] or other[3] or other[4]

    def _library(self, name: str, path: str, fault: str) -> None:
        self.libraries.append((name, path))
        if fault and fault != "not readable":
            self.unfit.append(name)


def _plugin(head: str, lines: list[str], program: str) -> Plugin:
    path, state, target = _head(head)
    said = _Lines(lines)
    runs_in = _ELF.search(program)
    return Plugin(
        path=path,
        target=target or ("" if state in ("dangling", "missing") else path),
        mode_line=said.mode,
        soname=said.elf[3] if said.elf else None,
        elf_class=int(said.elf[1]) if said.elf else None,
        machine=said.elf[2].strip() if said.elf else None,
        libraries=tuple(said.libraries),
        missing_libraries=tuple(said.missing),
        unfit=tuple(said.unfit),
        undefined=tuple(dict.fromkeys(said.undefined)),
        needs_versions=tuple(dict.fromkeys(said.versions)),
        dangling=state in ("dangling", "missing"),
        unreadable=said.unreadable or state == "unreadable",
        not_elf=said.not_elf,
        program_class=int(runs_in[1]) if runs_in else None,
        program_machine=runs_in[2].strip() if runs_in else None,
    )


def _untried(files: Iterable[str], plugins: Iterable[Plugin]) -> Iterator[str]:
    """One path, the shortest, for each plug-in that only has names like `libplain.so.2`."""
    names = [*files, *(plugin.path for plugin in plugins)]
    tried = {name.removesuffix(ending) for name in names for ending in (".so", ".la") if name.endswith(ending)}
    for name in sorted(names, key=len):
        match = re.fullmatch(r"(.*/lib\w+)\.so\.[\d.]+", name)
        if match and match[1] not in tried:
            tried.add(match[1])
            yield name

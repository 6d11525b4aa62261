"""What the run-time loader would do if PROGRAM called dlopen(PLUGIN, RTLD_NOW), told from files alone.

Search order as in ld.so(8) for glibc and as `load_library` in musl's dynlink.c; LD_LIBRARY_PATH and LD_PRELOAD are not
considered, for a daemon's start cleans them away. glibc looks into the directories of ld.so.conf only by way of
/etc/ld.so.cache, so the cache is read where there is one: a library that was installed without running ldconfig(8) is
then missing here, too, as it is for the loader. The directories themselves are tried where there is no cache.
"""

import errno
import posixpath
import re
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, Protocol

from maildoctor.linking.elf import BadElf, Elf, EmptyFile, NotElf, Symbol

# A closure of a mail program has some thirty members; a hostile plug-in must not make us open files for ever.
_MOST_LIBRARIES = 512
_MOST_DIRECTORIES = 64
_MOST_CONFIGS = 64
_LARGEST_CACHE = 16 << 20

_CACHE_MAGIC = b"glibc-ld.so.cache1.1"

_TRIPLETS: dict[tuple[int, int, str], tuple[str, ...]] = {
    (3, 32, "LSB"): ("i386-linux-gnu",),
    (8, 32, "LSB"): ("mipsel-linux-gnu",),
    (8, 64, "LSB"): ("mips64el-linux-gnuabi64",),
    (20, 32, "MSB"): ("powerpc-linux-gnu",),
    (21, 64, "LSB"): ("powerpc64le-linux-gnu",),
    (21, 64, "MSB"): ("powerpc64-linux-gnu",),
    (22, 64, "MSB"): ("s390x-linux-gnu",),
    (40, 32, "LSB"): ("arm-linux-gnueabihf", "arm-linux-gnueabi"),
    (43, 64, "MSB"): ("sparc64-linux-gnu",),
    (62, 32, "LSB"): ("x86_64-linux-gnux32",),
    (62, 64, "LSB"): ("x86_64-linux-gnu",),
    (183, 64, "LSB"): ("aarch64-linux-gnu",),
    (243, 64, "LSB"): ("riscv64-linux-gnu",),
    (258, 64, "LSB"): ("loongarch64-linux-gnu",),
}
"""(machine, class, byte order) -> the names of Debian's library directories."""


class Files(Protocol):
    """The files of the host under examination. Symbolic links are resolved by the implementation, inside its root.

    Instances must be hashable, for `link` remembers what it read from each."""

    def __hash__(self) -> int: ...

    def open(self, path: str) -> memoryview | None:
        """The contents; None where there is no such file. May raise OSError."""
        ...

    def read_text(self, path: str) -> str | None:
        """A small text file; None where there is none or it cannot be read."""
        ...

    def glob(self, pattern: str) -> list[str]:
        """The paths that match, sorted."""
        ...


class Library(NamedTuple):
    """One name the loader looks for. `fault` is empty, `not found`, `not readable` (by us: the loader may be able to),
    or what the file found at `path` is instead of a library."""

    name: str
    path: str | None
    fault: str = ""


class Undefined(NamedTuple):
    """A symbol that nothing defines; `user` is the file that refers to it, `version` is empty where none is asked."""

    symbol: str
    version: str
    user: str


class VersionMissing(NamedTuple):
    """`user` needs `version` of the library at `path`, which does not have it."""

    version: str
    path: str
    user: str


class Linked(NamedTuple):
    """The outcome. `fault` says why `path` itself is no library, e.g. `not an ELF file: text`; the rest is then empty.

    With a program, the symbols of the libraries it did not have yet are looked up, too; without one, only those of
    `path` itself. `undefined` holds only what is certain: while a library is missing or unreadable, a symbol counts as
    undefined only if the library it is expected in was read.
    """

    path: str
    description: str = ""
    soname: str | None = None
    fault: str = ""
    libraries: tuple[Library, ...] = ()
    versions: tuple[VersionMissing, ...] = ()
    undefined: tuple[Undefined, ...] = ()


def link(path: str, program: str | None, files: Files) -> Linked:
    """What becomes of `path` loaded into `program`; without one, into a program that brings nothing along.

    What has been read is remembered for as long as the same `files` (hashed by identity or value) is given.
    """
    return _linker(files).link(path, program)


@lru_cache(maxsize=2)
def _linker(files: Files) -> "Linker":
    return Linker(files)


class _Object:
    """A file in the process, and who asked for it first (RPATH is inherited from there)."""

    def __init__(self, path: str, elf: Elf, asked_by: "_Object | None" = None) -> None:
        self.path = path
        self.elf = elf
        self.asked_by = asked_by


class _Scope:
    """The objects in which symbols are looked up. `by_name` holds every name an object is known by; `partial`: some
    library could not be had, so that not finding a symbol proves little."""

    def __init__(self, *, partial: bool = False) -> None:
        self.objects: list[_Object] = []
        self.by_name: dict[str, _Object] = {}
        self.libraries: list[Library] = []
        self.partial = partial
        self.found: dict[tuple[str, str], bool] = {}

    def add(self, member: _Object, name: str) -> None:
        self.objects.append(member)
        for known in (name, member.elf.soname, member.path):
            if known:
                self.by_name.setdefault(known, member)

    @property
    def root(self) -> _Object:
        return self.objects[0]


class Linker:
    """The loader over one set of files; every file is opened and parsed once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._elves: dict[str, Elf | str] = {}
        self._closures: dict[str, _Scope] = {}
        self._cached: dict[str, list[str]] | None = None
        self._cache_read = False
        self._configured: tuple[str, ...] | None = None

    def link(self, path: str, program: str | None = None) -> Linked:
        """See `link` of this module."""
        elf = self._elf(path)
        if isinstance(elf, str):
            return Linked(path, fault=elf)
        try:
            return self._link(path, elf, program)
        except BadElf as problem:
            return Linked(path, fault=f"damaged ELF file: {problem}")

    def _link(self, path: str, elf: Elf, program: str | None) -> Linked:
        outer = self._program(program, elf) if program else _Scope()
        loader = _Loader(elf, outer.root.elf if outer.objects else None)
        inner = self._closure(_Object(path, elf, _caller(outer)), outer, loader) if program else self._alone(path, elf)
        fresh = [member for member in inner.objects if member not in outer.objects]
        return Linked(
            path=path,
            description=elf.description,
            soname=elf.soname,
            libraries=tuple(inner.libraries),
            versions=() if loader.is_musl else tuple(_missing_versions(fresh, outer, inner)),
            undefined=tuple(_undefined(fresh if program else fresh[:1], outer, inner, loader.is_musl)),
        )

    def _program(self, path: str, plugin: Elf) -> _Scope:
        """The program with all its libraries; nothing, if it cannot be told or can never hold this plug-in."""
        elf = self._elf(path)
        if isinstance(elf, str) or not elf.is_dynamic or not elf.runs_with(plugin):
            return _Scope(partial=True)
        try:
            return self._alone(path, elf)
        except BadElf:
            return _Scope(partial=True)

    def _alone(self, path: str, elf: Elf) -> _Scope:
        """A file and all its libraries, in a process of their own."""
        if path not in self._closures:
            self._closures[path] = self._closure(_Object(path, elf), _Scope(), _Loader(elf, None))
        return self._closures[path]

    def _closure(self, root: _Object, outer: _Scope, loader: "_Loader") -> _Scope:
        """Breadth first, as the loader does; what the program has loaded is taken from there."""
        scope = _Scope()
        scope.add(root, root.path)
        if not outer.objects and loader.interpreter and isinstance(own := self._elf(loader.interpreter), Elf):
            # The loader is in memory before anything is looked for, and is found there by its name.
            scope.by_name[posixpath.basename(loader.interpreter)] = _Object(loader.interpreter, own, root)
        asked: set[str] = set()
        for member in scope.objects:
            for name in member.elf.needed:
                if name in asked:
                    continue
                asked.add(name)
                self._want(name, member, scope, outer, loader)
        return scope

    def _want(self, name: str, user: _Object, scope: _Scope, outer: _Scope, loader: "_Loader") -> None:
        if len(scope.libraries) >= _MOST_LIBRARIES:
            raise BadElf("too many libraries are needed")
        known = scope.by_name.get(name) or outer.by_name.get(name)
        library, member = (Library(name, known.path), known) if known else self._search(name, user, loader)
        scope.libraries.append(library)
        if member is None:
            scope.partial = True
        elif member not in scope.objects:
            scope.add(member, name)

    def _search(self, name: str, user: _Object, loader: "_Loader") -> tuple[Library, _Object | None]:
        """The first candidate that fits. glibc passes over files of another class or machine; musl takes what it finds
        first. Anything else that is not a library stops the search."""
        for path in self._candidates(name, user, loader):
            elf = self._elf(path)
            if isinstance(elf, Elf):
                if elf.runs_with(user.elf):
                    return Library(name, path), _Object(path, elf, user)
                if loader.is_musl:
                    return Library(name, path, elf.description), None
            elif elf != _ABSENT:
                return Library(name, path, elf), None
        return Library(name, None, "not found"), None

    def _candidates(self, name: str, user: _Object, loader: "_Loader") -> Iterator[str]:
        if "/" in name:
            return iter(_expand(name, user))
        directories = loader.inherited(user)
        if loader.is_musl:
            if loader.is_self(name):
                return iter((loader.interpreter,) if loader.interpreter else ())
            return _within(chain(directories, self._musl_directories(loader)), name)
        cached = self._cache(user.elf)
        if cached is None:
            return _within(chain(directories, self._configured_directories(), _defaults(user.elf)), name)
        return chain(_within(directories, name), cached.get(name, ()), _within(_defaults(user.elf), name))

    def _musl_directories(self, loader: "_Loader") -> list[str]:
        """dynlink.c: one file of directories, or three directories if there is none."""
        text = self._files.read_text(f"/etc/ld-musl-{loader.musl}.path")
        if text is None:
            return ["/lib", "/usr/local/lib", "/usr/lib"]
        return [d for d in re.split(r"[:\n]", text) if d][:_MOST_DIRECTORIES]

    def _cache(self, elf: Elf) -> dict[str, list[str]] | None:
        if not self._cache_read:
            try:
                data = self._files.open("/etc/ld.so.cache")
            except OSError:
                data = None
            self._cached = read_cache(data, elf.byte_order) if data is not None else None
            self._cache_read = True  # last: who reads it may be broken off, and what is not read says nothing
        return self._cached

    def _configured_directories(self) -> tuple[str, ...]:
        if self._configured is None:
            self._configured = tuple(configured(self._files))
        return self._configured

    def _elf(self, path: str) -> Elf | str:
        """The parsed file, or in a few words why there is none."""
        if path not in self._elves:
            self._elves[path] = self._read(path)
        return self._elves[path]

    def _read(self, path: str) -> Elf | str:
        try:
            data = self._files.open(path)
            if data is None:
                return _ABSENT
            elf = Elf(data)
            # What is wrong with these tables should be said of this file, not of the one that needs it.
            _ = elf.needed, elf.soname, elf.versions
            return elf
        except OSError as error:
            return _ABSENT if error.errno in _NO_SUCH else "not readable"
        except EmptyFile as empty:
            return str(empty)
        except NotElf as kind:
            return f"not an ELF file: {kind}"
        except BadElf as problem:
            return f"damaged ELF file: {problem}"


_ABSENT = "no such file"
_NO_SUCH = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""To the loader these are all the same: it goes on to the next directory."""


class _Loader:
    """Which run-time loader is at work, and where it looks first."""

    def __init__(self, elf: Elf, program: Elf | None) -> None:
        self.interpreter = (program or elf).interpreter
        self.musl = self._architecture(elf)
        if self.musl and not self.interpreter:
            self.interpreter = f"/lib/ld-musl-{self.musl}.so.1"

    @property
    def is_musl(self) -> bool:
        return bool(self.musl)

    def _architecture(self, elf: Elf) -> str:
        """musl's name for it, from the interpreter or from the name of the C library; empty: not musl."""
        for name in (self.interpreter, *elf.needed):
            if name and (match := re.search(r"\b(?:ld|libc\.)-?musl-([\w-]+)\.so", name)):
                return match[1]
        return ""

    @staticmethod
    def is_self(name: str) -> bool:
        """musl is the loader and all parts of the C library in one file (dynlink.c, `reserved`)."""
        return bool(re.match(r"lib(?:c|pthread|rt|m|dl|util|xnet)\.|ld-musl-", name))

    def inherited(self, user: _Object) -> Iterator[str]:
        """The directories that the user of a library, and who asked for it in turn, bring along.

        glibc: RPATH of the whole line unless the user has a RUNPATH, then the user's RUNPATH. musl: the one or the
        other, of the whole line.
        """
        line = list(_line(user))
        if self.is_musl:
            return chain.from_iterable(_directories(m.elf.runpath or m.elf.rpath, m) for m in line)
        if user.elf.runpath:
            return _directories(user.elf.runpath, user)
        return chain.from_iterable(_directories(m.elf.rpath, m) for m in line if not m.elf.runpath)


def _line(member: _Object | None) -> Iterator[_Object]:
    while member is not None:
        yield member
        member = member.asked_by


def _caller(outer: _Scope) -> _Object | None:
    """Who calls dlopen: the SASL library, else the program."""
    for member in outer.objects:
        if (member.elf.soname or "").startswith("libsasl"):
            return member
    return outer.root if outer.objects else None


def _directories(paths: Iterable[str], member: _Object) -> Iterator[str]:
    return chain.from_iterable(_expand(p, member) for p in list(paths)[:_MOST_DIRECTORIES] if p)


def _expand(path: str, member: _Object) -> list[str]:
    """ld.so(8), "Dynamic string tokens"; $PLATFORM differs from processor to processor and is not tried."""
    path = re.sub(r"\$(?:ORIGIN\b|\{ORIGIN\})", lambda _: posixpath.dirname(member.path) or "/", path)
    if not re.search(r"\$(?:LIB\b|\{LIB\})", path):
        return [path] if "$" not in path else []
    names = [f"lib/{triplet}" for triplet in _triplets(member.elf)] + ["lib64" if member.elf.bits == 64 else "lib"]
    return [re.sub(r"\$(?:LIB\b|\{LIB\})", name, path) for name in names]


def _triplets(elf: Elf) -> tuple[str, ...]:
    return _TRIPLETS.get((elf.machine_number, elf.bits, elf.byte_order), ())


def _defaults(elf: Elf) -> list[str]:
    """The directories a loader knows by itself: Debian's, then those of 64-bit systems with lib64, then the old ones;
    FreeBSD adds that of the ports, which its hints file normally names."""
    multi = [f"{top}/{triplet}" for triplet in _triplets(elf) for top in ("/lib", "/usr/lib")]
    wide = ["/lib64", "/usr/lib64"] if elf.bits == 64 else []
    ports = ["/usr/local/lib"] if elf.os_abi == "FreeBSD" else []
    return [*multi, *wide, "/lib", "/usr/lib", *ports]


def _within(directories: Iterable[str], name: str) -> Iterator[str]:
    return (f"{directory.rstrip('/')}/{name}" for directory in directories)


def configured(files: Files) -> list[str]:
    """The directories of /etc/ld.so.conf and the files it includes, as ldconfig(8) reads them."""
    found: list[str] = []
    waiting, seen = ["/etc/ld.so.conf"], set[str]()
    while waiting and len(seen) < _MOST_CONFIGS:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        for line in (files.read_text(path) or "").splitlines():
            words = line.partition("#")[0].split()
            if words[:1] == ["include"]:
                patterns = (posixpath.join(posixpath.dirname(path), word) for word in words[1:])
                waiting.extend(chain.from_iterable(files.glob(pattern) for pattern in patterns))
            elif words and words[0].startswith("/"):
                found.append(words[0].partition("=")[0])
    return found[:_MOST_DIRECTORIES]


def read_cache(data: memoryview, byte_order: str) -> dict[str, list[str]] | None:
    """name -> paths of /etc/ld.so.cache, those for particular processors last; None: not a cache we know.

    Format: glibc `sysdeps/generic/dl-cache.h`, `struct cache_file_new`; since 2.2, alone or behind the older one.
    """
    raw = bytes(data[:_LARGEST_CACHE])
    start = raw.find(_CACHE_MAGIC)
    order = "<" if byte_order == "LSB" else ">"
    entry = struct.Struct(order + "iIIIQ")
    if start < 0 or len(raw) < start + 48:
        return None
    (count,) = struct.unpack_from(order + "I", raw, start + 20)
    first = start + 48
    if first + count * entry.size > len(raw):
        return None
    plain: dict[str, list[str]] = {}
    special: list[tuple[str, str]] = []
    for _, key, value, _, processor in entry.iter_unpack(raw[first : first + count * entry.size]):
        name, path = _cached_string(raw, start + key), _cached_string(raw, start + value)
        if processor:
            special.append((name, path))
        else:
            plain.setdefault(name, []).append(path)
    for name, path in special:
        plain.setdefault(name, []).append(path)
    return plain


def _cached_string(raw: bytes, at: int) -> str:
    return raw[at : at + 4096].partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _missing_versions(fresh: list[_Object], outer: _Scope, inner: _Scope) -> Iterator[VersionMissing]:
    """glibc's dl-version.c: a library that knows no versions at all is let pass."""
    for member in fresh:
        for need in member.elf.requirements:
            library = inner.by_name.get(need.library) or outer.by_name.get(need.library)
            if library is None or need.weak or not library.elf.versions:
                continue
            if need.version not in library.elf.versions:
                yield VersionMissing(need.version, library.path, member.path)


def _undefined(fresh: list[_Object], outer: _Scope, inner: _Scope, any_version: bool) -> Iterator[Undefined]:
    """Every object that is new in the process has its symbols looked up: in the program and its libraries, then in the
    plug-in and its own. Since glibc 2.30 the library that a version is expected in need not be the one that has it."""
    partial = outer.partial or inner.partial
    for member in fresh:
        for symbol in member.elf.undefined():
            if symbol.weak or _is_found(symbol, outer, inner, any_version):
                continue
            expected = inner.by_name.get(symbol.library) or outer.by_name.get(symbol.library)
            if expected is not None or not partial:
                yield Undefined(symbol.name, symbol.version, member.path)


def _is_found(symbol: Symbol, outer: _Scope, inner: _Scope, any_version: bool) -> bool:
    return _defined_in(outer, symbol, any_version) or _defined_in(inner, symbol, any_version)


def _defined_in(scope: _Scope, symbol: Symbol, any_version: bool) -> bool:
    """Only whether, not where: so the likely library may be asked first."""
    key = symbol.name, symbol.version
    if key not in scope.found:
        likely = scope.by_name.get(symbol.library)
        members = [likely, *scope.objects] if likely else scope.objects
        scope.found[key] = any(m.elf.defines(*key, any_version=any_version) for m in members)
    return scope.found[key]


def text(linked: Linked) -> str:
    """One line of description, one a library, one a missing version, one an undefined symbol.

        ELF 64-bit LSB shared object, x86-64, soname libdigestmd5.so.2
        <tab>libcrypto.so.3 => /usr/lib/x86_64-linux-gnu/libcrypto.so.3
        <tab>libdb-5.3.so => not found
        /lib/libc.so.6: version `GLIBC_2.38' not found (required by /usr/lib/sasl2/libdigestmd5.so)
        undefined symbol: des_ecb_encrypt, version OPENSSL_3.0.0<tab>(/usr/lib/sasl2/libdigestmd5.so)

    For anything but ELF it is one line that says what it is, e.g. `not an ELF file: text`.
    """
    if linked.fault:
        return linked.fault + "\n"
    soname = f", soname {linked.soname}" if linked.soname else ""
    lines = [linked.description + soname]
    lines += [_library(library) for library in linked.libraries]
    lines += [f"{v.path}: version `{v.version}' not found (required by {v.user})" for v in linked.versions]
    for missing in linked.undefined:
        version = f", version {missing.version}" if missing.version else ""
        lines.append(f"undefined symbol: {missing.symbol}{version}\t({missing.user})")
    return "".join(_on_one_line(line) + "\n" for line in lines)


def _library(library: Library) -> str:
    if library.path is None:
        return f"\t{library.name} => {library.fault}"
    return f"\t{library.name} => {library.path}" + (f" ({library.fault})" if library.fault else "")


def _on_one_line(line: str) -> str:
    """Names come out of files: a line break or a control character in one must not become ours."""
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode("ascii") for c in line)

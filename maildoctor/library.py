"""Finding the checks: those that are built in, those of installed plug-ins, those of folders that a person names.

What cannot be loaded breaks itself, never the run: it becomes an outcome `broke` that the report names. Code that
others could change is not run: it is judged, and executed, as it was read by one descriptor.
"""

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Any, get_args

from maildoctor import filesystem
from maildoctor.check import Check, Effect, Role, Rung
from maildoctor.correlate import Cause, covers
from maildoctor.errors import DoctorError
from maildoctor.model import Outcome

_GROUP = "maildoctor.checks"
_LARGEST = 4 * 1024 * 1024
"""Bytes of one module of checks; what is longer is something else."""

_MODULES = 1_000
"""Modules of one folder that are run; ours are 20."""

NOT_LOADED = ("LOAD001", "module-not-loaded")
"""Code and name of the outcome of a module that cannot be used."""

_FAULTS = (Exception, SystemExit)
"""What a module may raise as it is imported, or a check as it judges: none of it is a reason to end."""


class LibraryError(DoctorError):
    """Checks cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Library:
    """All checks, by code, and which finding explains which."""

    checks: tuple[Check, ...]
    causes: tuple[Cause, ...]
    broken: tuple[Outcome, ...] = ()
    """what could not be loaded"""

    @property
    def witnesses(self) -> Mapping[str, tuple[str, ...]]:
        """Code of a check to the codes of log rules that speak of the same fault."""
        return {check.code: check.witnesses for check in self.checks if check.witnesses}


@dataclass(slots=True)
class _Shelf:
    """A library while it is filled: the first that takes a code keeps it."""

    checks: dict[str, tuple[Check, str]] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    broken: list[Outcome] = field(default_factory=list)

    def add(self, module: ModuleType) -> None:
        """Take the checks of a module, the causes that need a condition, and the order of roots."""
        where = str(getattr(module, "__file__", None) or module.__name__)
        for check in vars(module).values():
            if isinstance(check, Check):
                known, place = self.checks.setdefault(check.code, (check, where))
                if known is not check:
                    self.fault(where, f"{check.code} is taken twice, by {where} and by {place}")
        causes, order = getattr(module, "CAUSES", ()), getattr(module, "ORDER", ())
        if _are(causes, Cause) and _are(order, str):
            self.causes += causes
            self.order += order
        else:
            self.fault(where, "CAUSES or ORDER is not what it has to be")

    def fault(self, name: str, reason: str) -> None:
        """Note what cannot be used."""
        self.broken.append(Outcome(*NOT_LOADED, "broke", f"{name}: {reason}", "fix it, or leave it out"))


def load_library(extra: Sequence[str] = ()) -> Library:
    """The built-in checks, those of installed plug-ins, and those of the folders `extra`. Raises LibraryError where a
    folder that was named is unsafe or none, or there is no check at all."""
    shelf = _Shelf()
    _add_builtin(shelf)
    _add_installed(shelf)
    for folder in extra:
        _add_folder(shelf, folder)
    if not shelf.checks:
        raise LibraryError("there is no check at all", _GROUP, "install maildoctor again")
    checks = tuple(shelf.checks[code][0] for code in sorted(shelf.checks))
    return Library(checks, _causes(checks, shelf.causes, shelf.order), tuple(shelf.broken))


def _are(values: object, kind: type) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, kind) for value in values)


def _causes(checks: Sequence[Check], conditional: Sequence[Cause], order: Sequence[str]) -> tuple[Cause, ...]:
    """What the checks declare, what needs a condition, and what the rungs alone say, the lowest rung first and on one
    rung those that `order` names. An effect is spelled out as the codes of the checks that show it."""
    shown: dict[str, list[str]] = {}
    for check in checks:
        for effect in check.shows:
            shown.setdefault(effect, []).append(check.code)
    declared = [Cause(check.code, check.explains) for check in checks if check.explains]
    spelled = [
        replace(cause, explains=tuple(code for word in cause.explains for code in shown.get(word, [word])))
        for cause in (*declared, *conditional)
    ]
    spelled += [cause for check in checks for cause in _by_rung(check, shown)]
    place = {code: number for number, code in reversed(list(enumerate(order)))}
    rungs = {check.code: (_ROLES[check.role], _RUNGS.index(check.rung)) for check in checks}
    last = (_ROLES["note"], len(_RUNGS))
    return tuple(
        sorted(spelled, key=lambda cause: (rungs.get(cause.code, last), place.get(cause.code, len(order)), cause.code))
    )


_RUNGS: tuple[str, ...] = get_args(Rung)
_ROLES: Mapping[Role, int] = {"cause": 0, "derived": 1, "symptom": 2, "risk": 3, "note": 4}
"""What was put there before what follows from it, and both before what was only seen."""


_LOWER: Mapping[Effect, frozenset[str]] = {
    "login-fails": frozenset({"program", "mechanism", "verifier", "account"}),
    "refused-after-login": frozenset({"program", "policy"}),
    "user-refused": frozenset({"verifier", "account"}),
    "certificate-refused": frozenset({"tls"}),
}
"""Symptoms that any cause on one of these rungs explains, whatever it is: so a new check needs no word for them."""


def _by_rung(check: Check, shown: Mapping[str, Sequence[str]]) -> Iterator[Cause]:
    if check.role in ("cause", "derived") and check.direction == "server":
        for effect, rungs in _LOWER.items():
            if check.rung in rungs and effect in shown:
                yield Cause(check.code, tuple(shown[effect]), covers)


# ---- built in


def _add_builtin(shelf: _Shelf) -> None:
    try:
        package = importlib.import_module(_GROUP)
    except ModuleNotFoundError:
        package = _from_checkout()
    _add_package(shelf, package)


def _add_package(shelf: _Shelf, package: ModuleType) -> None:
    """The modules of a package and of the packages in it, each on its own."""
    for entry in sorted(pkgutil.iter_modules(package.__path__), key=lambda entry: entry.name):
        full = f"{package.__name__}.{entry.name}"
        try:
            module = importlib.import_module(full)
        except _FAULTS as error:
            shelf.fault(full, _cannot(error))
            continue
        shelf.add(module)
        if entry.ispkg:
            _add_package(shelf, module)


def _cannot(error: BaseException) -> str:
    """Never in the error's own words alone: which module it was says more than they do, and they may be anything."""
    words = " ".join(str(error).split())[:200]
    return f"it cannot be loaded: {type(error).__name__}" + (f": {words}" if words else "")


def _from_checkout() -> ModuleType:
    """`checks/` stands beside `maildoctor/` in a checkout that is not installed."""
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "checks")
    spec = importlib.util.spec_from_file_location(
        _GROUP, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None or not filesystem.is_folder(folder):
        raise LibraryError("the checks are not there", folder, "install maildoctor again")
    package = importlib.util.module_from_spec(spec)
    sys.modules[_GROUP] = package
    spec.loader.exec_module(package)
    return package


# ---- installed


def _add_installed(shelf: _Shelf) -> None:
    """Modules that other distributions name in the entry-point group. importlib.metadata costs as much as the rest of
    a start-up, so it is imported only where some installed distribution speaks of the group."""
    if not any(_speaks_of_group(folder) for folder in sys.path if filesystem.is_folder(folder)):
        return
    from importlib.metadata import entry_points

    points = entry_points(group=_GROUP)
    with _OnlyTrusted({point.module.partition(".")[0] for point in points}):
        for point in points:
            try:
                loaded = point.load()
            except _FAULTS as error:
                shelf.fault(point.value, _cannot(error))
                continue
            if not isinstance(loaded, ModuleType):
                shelf.fault(point.value, "it is no module of checks")
                continue
            shelf.add(loaded)
            if hasattr(loaded, "__path__"):
                _add_package(shelf, loaded)


def _speaks_of_group(folder: str) -> bool:
    try:
        names = filesystem.names(folder)
    except OSError:
        return False  # nor can Python import anything from there
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            try:
                if f"[{_GROUP}]".encode() in filesystem.read(os.path.join(folder, name, "entry_points.txt"), _LARGEST):
                    return True
            except OSError:
                continue
    return False


class _OnlyTrusted:
    """While it is entered, the modules of these top-level packages are run only as `filesystem.Trusted` reads them."""

    def __init__(self, packages: set[str]) -> None:
        self._packages = packages

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self)

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec that all others would find, with a loader that judges what it reads."""
        if name.partition(".")[0] not in self._packages:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if isinstance(spec.loader, SourceFileLoader):
                    spec.loader = _TrustedLoader(spec.loader.name, spec.loader.path)
                elif spec.origin and os.path.isabs(spec.origin):  # compiled: run by its path, all of which is judged
                    with filesystem.Trusted(spec.origin, _owners()):
                        pass
                return spec
        return None


def _owners() -> frozenset[int]:
    """Who owns maildoctor itself could change it too."""
    return frozenset({filesystem.status(__file__).st_uid})


class _TrustedLoader(SourceFileLoader):
    """Source that nobody but root, ourselves and the owner of maildoctor itself can change; nothing is kept of it."""

    def get_data(self, path: str | os.PathLike[str]) -> bytes:
        """The file as it was judged. Raises OSError."""
        folder, name = os.path.split(os.fspath(path))
        with filesystem.Trusted(folder, _owners()) as trusted:
            return trusted.read(name, _LARGEST)

    def set_data(self, *_: Any, **__: Any) -> None:
        """Nothing is written."""


# ---- of a folder


def _add_folder(shelf: _Shelf, folder: str) -> None:
    try:
        with filesystem.Trusted(folder) as trusted:
            names = [name for name in trusted.names() if name.endswith(".py")]
            if names[_MODULES:]:
                shelf.fault(folder, f"only the first {_MODULES:,} of {len(names):,} modules in it are read")
            for name in names[:_MODULES]:
                _add_file(shelf, trusted, name)
    except filesystem.Unsafe as error:
        what = f"checks are not run where {error.strerror}"
        raise LibraryError(what, str(error.filename), "keep them where root or you alone can write") from None
    except NotADirectoryError:
        raise LibraryError("this is no directory", folder, "name a directory with checks") from None
    except OSError as error:
        raise LibraryError(f"checks cannot be read: {error.strerror}", folder, "name a directory with checks") from None


def _add_file(shelf: _Shelf, trusted: filesystem.Trusted, name: str) -> None:
    """Run a module as it was read by the descriptor that was judged. Raises Unsafe."""
    path = os.path.join(trusted.path, name)
    module = ModuleType(f"maildoctor_extra_{name.removesuffix('.py')}")
    module.__file__ = path
    sys.modules[module.__name__] = module  # where a dataclass looks for its own module
    try:
        # with docstrings, which tell title and advice, also where Python runs with -OO
        code = compile(trusted.read(name, _LARGEST), path, "exec", dont_inherit=True, optimize=0)
        exec(code, vars(module))  # noqa: S102
        shelf.add(module)
    except filesystem.Unsafe:
        raise
    except _FAULTS as error:
        shelf.fault(path, _cannot(error))

"""Discover the checks, gather only what they ask for, judge, keep every outcome."""

import importlib
import importlib.util
import os
import pkgutil
import stat
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from types import ModuleType
from typing import Any, TypeVar

from maildoctor.check import Check
from maildoctor.collect import knowledge, target
from maildoctor.collect.knowledge import Know
from maildoctor.correlate import Cause, rank
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.names import Names, server_realm, unnamed
from maildoctor.facts.plugins import Plugins
from maildoctor.facts.program import SendmailProgram
from maildoctor.facts.sasl_conf import SaslConf
from maildoctor.facts.saslauthd import Saslauthd
from maildoctor.facts.sasldb import SaslDb
from maildoctor.facts.sendmail_cf import SendmailCf
from maildoctor.facts.wire import Wire
from maildoctor.host import Host
from maildoctor.host.deadline import Deadline, Overdue
from maildoctor.matrix import Sources, matrix, talk_summary
from maildoctor.model import Finding, Matrix, Outcome, Report, Talk, Target, Verdict

_GROUP = "maildoctor.checks"

FINDINGS = 500
"""Findings of one check that are told; nobody reads more, and a stranger may make a line for each."""


T = TypeVar("T")


class LibraryError(Exception):
    """Checks cannot be loaded. `what` is wrong, `where`, and `what_to_do`."""

    def __init__(self, what: str, where: str, what_to_do: str) -> None:
        super().__init__(f"{what} ({where})")
        self.what, self.where, self.what_to_do = what, where, what_to_do


@dataclass(frozen=True, slots=True)
class Library:
    """All checks, by code, and which finding explains which."""

    checks: tuple[Check, ...]
    causes: tuple[Cause, ...]
    witnesses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """code of a check to the codes of log rules that speak of the same fault"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which checks to run: codes, names or globs; nothing selected means all, `ignore` wins."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def takes(self, check: Check) -> bool:
        """Whether this check is to be run."""
        return (not self.select or _named(check, self.select)) and not _named(check, self.ignore)


def _named(check: Check, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(check.code, p.upper()) or fnmatchcase(check.name, p.lower()) for p in patterns)


# ---- discovery


def load_library(extra: Sequence[str] = ()) -> Library:
    """The built-in checks, those of installed plug-ins, and those of the folders `extra`. Raises LibraryError where a
    folder is unsafe, a module cannot be imported, a code is taken twice, or there is no check at all."""
    modules = [*_builtin(), *_installed(), *(m for folder in extra for m in _folder(folder))]
    taken: dict[str, tuple[Check, str]] = {}
    causes: list[Cause] = []
    witnesses: dict[str, tuple[str, ...]] = {}
    for module in modules:
        causes += getattr(module, "CAUSES", ())
        witnesses |= getattr(module, "WITNESSES", {})
        for check in vars(module).values():
            if not isinstance(check, Check):
                continue
            if check.code in taken and taken[check.code][0] is not check:
                where = f"{module.__name__} and {taken[check.code][1]}"
                raise LibraryError(f"{check.code} is taken twice", where, "give one of the two checks another code")
            taken[check.code] = (check, module.__name__)
    if not taken:
        raise LibraryError("there is no check at all", _GROUP, "install maildoctor again")
    return Library(tuple(taken[code][0] for code in sorted(taken)), tuple(causes), witnesses)


def _builtin() -> list[ModuleType]:
    try:
        package = importlib.import_module("maildoctor.checks")
    except ModuleNotFoundError:
        package = _from_checkout()
    return [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]


def _from_checkout() -> ModuleType:
    """`checks/` stands beside `maildoctor/` in a checkout that is not installed."""
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "checks")
    spec = importlib.util.spec_from_file_location(
        _GROUP, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None or not os.path.isdir(folder):
        raise LibraryError("the checks are not there", folder, "install maildoctor again")
    package = importlib.util.module_from_spec(spec)
    sys.modules[_GROUP] = package
    spec.loader.exec_module(package)
    return package


def _installed() -> list[ModuleType]:
    """Modules that other distributions name in the entry-point group. importlib.metadata costs as much as the rest of
    a start-up, so it is imported only where some installed distribution speaks of the group."""
    if not any(_speaks_of_group(folder) for folder in sys.path if os.path.isdir(folder)):
        return []
    from importlib.metadata import entry_points

    modules = []
    for point in entry_points(group=_GROUP):
        try:
            loaded = point.load()
            modules += [loaded] if isinstance(loaded, ModuleType) else []
            if hasattr(loaded, "__path__"):
                names = [m.name for m in pkgutil.iter_modules(loaded.__path__)]
                modules += [importlib.import_module(f"{loaded.__name__}.{name}") for name in names]
        except Exception as error:
            raise LibraryError(f"a plug-in cannot be loaded: {error}", point.value, "mend or uninstall it") from error
    return modules


def _speaks_of_group(folder: str) -> bool:
    for entry in os.scandir(folder):
        if entry.name.endswith((".dist-info", ".egg-info")):
            try:
                with open(os.path.join(entry.path, "entry_points.txt"), encoding="utf-8") as file:
                    if f"[{_GROUP}]" in file.read():
                        return True
            except (OSError, UnicodeDecodeError):
                continue
    return False


def _folder(folder: str) -> list[ModuleType]:
    _refuse_unsafe(folder)
    if not os.path.isdir(folder):
        raise LibraryError("this is no folder", folder, "name a folder with checks")
    modules = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not name.endswith(".py"):
            continue
        _refuse_unsafe(path)
        spec = importlib.util.spec_from_file_location(f"maildoctor_extra_{name.removesuffix('.py')}", path)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise LibraryError(f"a check cannot be loaded: {error}", path, "mend it or leave it out") from error
        modules.append(module)
    return modules


def _refuse_unsafe(path: str) -> None:
    """The doctor takes its own medicine: code that others can change is not run."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise LibraryError(f"checks cannot be read: {error.strerror}", path, "name a folder with checks") from None
    if status.st_uid not in (0, os.geteuid()):
        raise LibraryError("checks that another user owns are not run", path, "chown it to yourself or to root")
    if stat.S_IMODE(status.st_mode) & 0o022:
        raise LibraryError("checks that others can write are not run", path, "keep them where you alone can write")


# ---- judging


def examine(
    host: Host,
    library: Library,
    selection: Selection,
    progress: Callable[[str], None] | None = None,
    deadline: Deadline | None = None,
) -> Report:
    """The diagnosis of a host. A fault in one check or collector never ends the run, nor does one that takes too long:
    what the deadline leaves no time for is not judged."""
    late = deadline or Deadline()
    started = host.ask("clock")
    know = knowledge(host, progress or (lambda _: None), late)
    outcomes: list[Outcome] = []
    findings: dict[str, Finding] = {}
    for check in library.checks:
        if selection.takes(check):
            outcome, found = _judge(check, know, late)
            outcomes.append(outcome)
            for f in found:
                findings.setdefault(f.fingerprint, f)
    ranked = rank(list(findings.values()), library.causes)
    about = _or(late, lambda: target(host, know), Target(host.kind, host.name))
    table = None if selection.select else _or(late, lambda: _matrix(know), None)
    elapsed = host.ask("elapsed")
    return Report(
        target=about,
        started=started if isinstance(started, str) else "",
        seconds=float(elapsed) if isinstance(elapsed, str) else 0.0,
        ranked=ranked,
        outcomes=tuple(outcomes),
        commands=host.commands,
        matrix=table,
        talks=_talks(know),
    )


def _or(deadline: Deadline, work: Callable[[], T], otherwise: T) -> T:
    """What `work` gives, or something else where there is no time for it."""
    try:
        return deadline.within(work)
    except Overdue:
        return otherwise


def _matrix(know: Know) -> Matrix | None:
    get = know.get
    cf, sasldb, names, program = get(SendmailCf), get(SaslDb), get(Names), get(SendmailProgram)
    here = None
    if cf and sasldb and names and (cf.auth_realm or unnamed(cf, names, program) is None):
        here = sasldb.in_realm(server_realm(cf, names, program))
    return matrix(Sources(cf, get(SaslConf), get(Plugins), sasldb, get(Saslauthd), know.already(Wire), here))


def _talks(know: Know) -> tuple[Talk, ...]:
    """What was said, if anything asked for it."""
    wire = know.already(Wire)
    return (
        tuple(Talk(c.endpoint, talk_summary(c), c.lines, c.purpose == "look", c.certificate_until) for c in wire.all)
        if wire
        else ()
    )


def _judge(check: Check, know: Know, late: Deadline) -> tuple[Outcome, list[Finding]]:
    facts: dict[str, Any] = {p.name: know(p.fact) for p in check.parameters}
    lacking = [facts[p.name] for p in check.parameters if not p.optional and isinstance(facts[p.name], Unknown)]
    if lacking:
        # what is not there at all settles the matter, whatever else could not be looked at
        why: Unknown = next((u for u in lacking if isinstance(u, Absent)), lacking[0])
        verdict: Verdict = "not_applicable" if isinstance(why, Absent) else "not_judged"
        return Outcome(check.code, check.name, verdict, why.reason, why.remedy), []
    try:
        told = late.within(lambda: list(islice(check.findings(facts), FINDINGS + 1)))
    except Overdue:
        reason = late.reason if late.over else f"it took too long: half of what was left of the {late.seconds:g} s"
        return Outcome(check.code, check.name, "not_judged", reason, late.remedy), []
    except Exception as error:
        reason = f"this check itself failed: {type(error).__name__} in {check.judge.__name__}"
        return Outcome(check.code, check.name, "broke", reason, "please report it"), []
    found = [f for f in told[:FINDINGS] if isinstance(f, Finding)]
    cut = next(filter(None, (know.gap(p.fact) for p in check.parameters)), None)
    if found and len(told) > FINDINGS:
        cut = Unknown(f"only the first {FINDINGS} of its findings are told")
    if found:
        return Outcome(check.code, check.name, "fail", *((cut.reason, cut.remedy) if cut else ())), found
    gap = next((u for u in told if isinstance(u, Unknown)), cut)
    if gap is not None:
        return Outcome(check.code, check.name, "not_judged", gap.reason, gap.remedy), []
    return Outcome(check.code, check.name, "pass"), []

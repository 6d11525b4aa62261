"""A configuration that is judged before it is installed: which files it has, what they are, and where they belong."""

import os
import posixpath
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from maildoctor import filesystem
from maildoctor.auth.service import SaslApplication
from maildoctor.cli.report_error import UsageError
from maildoctor.collect import dovecot, knowledge, postfix, sendmail
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.paths import Look
from maildoctor.host import Answer, Host
from maildoctor.host.rooted import Rooted
from maildoctor.model import Candidate, PieceKind, Report
from maildoctor.paste.forms import form_of, kind_of_path

LARGEST = 16 * 1024 * 1024
"""Bytes of one file, and of all of a folder."""
_MOST = 500
_DEEPEST = 6
_LINES = 5_000
_WIDTH = 1_000
"""Lines by which a file is known, and characters of each."""
_REMEDY = (
    "give a sendmail.cf, submit.cf, main.cf, master.cf, dovecot.conf, or Sendmail.conf or smtpd.conf of libsasl, or a"
    " folder that holds such files"
)

_FOLDERS: Mapping[PieceKind, tuple[str, ...]] = {
    "main.cf": tuple(f"{folder}/main.cf" for folder in postfix.FOLDERS),
    "master.cf": tuple(f"{folder}/master.cf" for folder in postfix.FOLDERS),
    "dovecot": tuple(f"{folder}/dovecot.conf" for folder in dovecot.FOLDERS),
    "sendmail.cf": sendmail.CONFIGURATIONS,
    "submit.cf": sendmail.SUBMISSIONS,
}
"""Where each is installed: the first that is there."""
_NAMED: Mapping[str, PieceKind] = {"main.cf": "main.cf", "master.cf": "master.cf", "dovecot.conf": "dovecot",
                                   "sendmail.cf": "sendmail.cf", "submit.cf": "submit.cf"}  # fmt: skip
_LEVEL = re.compile(r"(?m)^V\d{1,2}(?:/\w{1,20})?$")
_MSP = re.compile(r"(?m)^D\{MTAHost\}|^Mmsp")
_NOT_JUDGED: Mapping[PieceKind, tuple[str, str]] = {
    "sendmail.mc": (
        "this is the source of a sendmail.cf, and only what is built of it can be judged",
        "build it first, as `m4 NEW.mc > NEW.cf` does, and give NEW.cf",
    ),
    "exim": ("no check reads Exim's configuration yet", _REMEDY),
    "smtpd.conf": ("no check reads OpenSMTPD's configuration yet", _REMEDY),
}


@dataclass(frozen=True, slots=True)
class Placing:
    """A candidate's files: bytes by the path where each would be installed, None for what is to be taken for not
    there; the file of each; and those of the paths at which a file is now."""

    files: Mapping[str, bytes | None]
    sources: Mapping[str, str]
    replaced: frozenset[str]

    def named(self, report: Report, host: Rooted) -> Report:
        """The report of `host`, which was given these files, with their names. Raises UsageError where none of them was
        read: the report would be one of what is installed."""
        found = [
            Candidate(file, path, _owned(host.ask("look", path)), path in self.replaced, host.read_candidate(path))
            for path, file in self.sources.items()
        ]
        if not any(one.used for one in found):
            what = f"nothing here reads {found[0].path}: no mail server of its kind is in use, or none includes it"
            raise UsageError(what, found[0].file, "give the file that includes it too, in a folder, or another --root")
        found.sort(key=lambda one: not one.used)
        return replace(report, target=replace(report.target, candidates=tuple(found)))


def placing(given: str, host: Host) -> Placing:
    """Where on `host` the candidate `given`, a file or a folder of this machine, belongs. Raises UsageError where that
    cannot be told, or the candidate cannot be read."""
    try:
        is_folder = stat.S_ISDIR(filesystem.status(given).st_mode)
        if not is_folder:
            return _of_file(given, filesystem.read(given, LARGEST + 1), host)
        return _of_folder(given, _all(given), host)
    except OSError as error:
        raise UsageError(f"the candidate cannot be read: {error.strerror}", given, _REMEDY) from error


def _owned(answer: Answer) -> str:
    look = Look.parse(answer) if isinstance(answer, str) else None
    return f"{look.owner} {look.group} {look.octal}" if look else ""


# ---- what it is


def known(name: str, data: bytes) -> PieceKind | None:
    """What a file is, by its contents and, where these leave it open, by its name; None where nothing tells."""
    text = data[: LARGEST // 16].decode("utf-8", "replace")
    if "\0" in text:
        return None
    if _LEVEL.search(text):
        return "submit.cf" if name.startswith("submit") or _MSP.search(text) else "sendmail.cf"
    lines = [line[:_WIDTH] for line in text.splitlines()[:_LINES] if line.strip() and not line.lstrip().startswith("#")]
    forms = Counter(form for line in lines if (form := form_of(line.strip())) is not None)
    by_name = kind_of_path(name)
    if by_name in (*_FOLDERS, "sendmail.mc", "sasl-conf") and (forms[by_name] or not lines):
        return by_name
    best = next((kind for kind, _ in forms.most_common() if kind in (*_FOLDERS, *_NOT_JUDGED, "sasl-conf")), None)
    return best if best is not None and forms[best] * 2 >= sum(forms.values()) else None


def _of_file(given: str, data: bytes, host: Host) -> Placing:
    if len(data) > LARGEST:
        raise UsageError(f"it is larger than any configuration: more than {LARGEST >> 20} MiB", given, _REMEDY)
    name = os.path.basename(given)
    kind = known(name, data)
    if kind is None:
        raise UsageError("it is not recognised as a configuration that can be judged", given, _REMEDY)
    if kind in _NOT_JUDGED:
        what, remedy = _NOT_JUDGED[kind]
        raise UsageError(what, given, remedy)
    path = _of_sasl(name, host) if kind == "sasl-conf" else _of_dovecot(name, host, kind)
    return _placed({path: data}, {path: given}, host)


def _of_dovecot(name: str, host: Host, kind: PieceKind) -> str:
    """A part of Dovecot's configuration belongs into conf.d, if one of that name is there; all else is one file."""
    main = _installed(kind, host)
    part = f"{posixpath.dirname(main)}/conf.d/{name}"
    beside = f"{posixpath.dirname(main)}/{name}"
    if kind != "dovecot" or name == "dovecot.conf":
        return main
    return next((path for path in (part, beside) if isinstance(host.ask("look", path), str)), main)


def _installed(kind: PieceKind, host: Host) -> str:
    """Where the file of this kind lies on the host; the first of the usual places where it is nowhere."""
    places = _FOLDERS[kind]
    return next((path for path in places if isinstance(host.ask("look", path), str)), places[0])


def _of_sasl(name: str, host: Host) -> str:
    """Where libsasl finds the configuration of the application that the file is named after, or of the first one."""
    services = [(s, found) for s in knowledge(host, lambda _: None) if (found := s.get(SaslFiles)) is not None]
    word = name.lower().partition(".")[0]
    mine = [one for one in services if (a := one[0].get(SaslApplication)) is not None and a.name.lower() == word]
    for service, files in mine or services:
        application = service.get(SaslApplication)
        if files.found:
            return files.found[0]
        if files.searched and application is not None:
            return f"{files.searched[0]}/{application.file}"
    raise UsageError("no program here reads it: no mail server that uses libsasl is found", name, _REMEDY)


# ---- a folder


def _all(given: str) -> dict[str, bytes]:
    """The files of a folder, which are no more than a configuration has. Raises OSError and UsageError."""
    found: dict[str, bytes] = {}
    size = 0
    for path, data in _within(filesystem.Tree(given), given):
        found[path] = data
        size += len(data)
        if len(found) > _MOST or size > LARGEST:
            what = f"it holds more than a configuration does: {_MOST} files, or {LARGEST >> 20} MiB"
            raise UsageError(what, given, _REMEDY)
    return found


def _within(tree: filesystem.Tree, given: str, folder: str = "/", depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """The regular files below a folder, by their path in it; links are followed inside it only. Raises OSError and
    UsageError."""
    if depth > _DEEPEST:
        raise UsageError(f"its folders are nested more than {_DEEPEST} deep", given, _REMEDY)
    for name in sorted(tree.listdir(folder)):
        path = posixpath.join(folder, name)
        try:
            mode = tree.stat(path).st_mode
        except FileNotFoundError:  # a link that leads out of the folder
            continue
        if stat.S_ISDIR(mode):
            yield from _within(tree, given, path, depth + 1)
        elif stat.S_ISREG(mode) and not name.endswith(("~", ".swp")):
            yield path, tree.read(path, LARGEST + 1)


def _of_folder(given: str, found: Mapping[str, bytes], host: Host) -> Placing:
    top = _top(found, host)
    if top is None:
        raise UsageError("nothing in it is recognised as a configuration that can be judged", given, _REMEDY)
    files = {posixpath.normpath(f"{top}{path}"): data for path, data in found.items()}
    sources = {posixpath.normpath(f"{top}{path}"): f"{given.rstrip('/')}{path}" for path in found}
    return _placed(files, sources, host)


def _top(found: Mapping[str, bytes], host: Host) -> str | None:
    """The directory that the folder stands for: `/` where it holds `etc`, else where its files belong."""
    if any(path.startswith(("/etc/", "/usr/local/etc/")) for path in found):
        return "" if any(known(posixpath.basename(path), data) for path, data in found.items()) else None
    for path, data in found.items():
        folder, name = posixpath.split(path)
        kind = _NAMED.get(name)
        if kind is not None and folder == "/" and known(name, data) == kind:
            return posixpath.dirname(_installed(kind, host))
    if any(
        path.startswith("/conf.d/") and known(posixpath.basename(path), d) == "dovecot" for path, d in found.items()
    ):
        return posixpath.dirname(_installed("dovecot", host))
    for path, data in found.items():
        if posixpath.dirname(path) == "/" and known(posixpath.basename(path), data) == "sasl-conf":
            return posixpath.dirname(_of_sasl(posixpath.basename(path), host))
    return None


def _placed(files: Mapping[str, bytes | None], sources: Mapping[str, str], host: Host) -> Placing:
    """A sendmail.cf that comes without its sendmail.mc was built of one that is not known: the installed one is not
    held against it."""
    hidden: dict[str, bytes | None] = {}
    if any(path in files for path in sendmail.CONFIGURATIONS) and not any(p in files for p in sendmail.SOURCES):
        hidden = {path: None for path in sendmail.SOURCES if isinstance(host.ask("look", path), str)}
    replaced = frozenset(path for path in files if isinstance(host.ask("look", path), str))
    return Placing({**files, **hidden}, sources, replaced)

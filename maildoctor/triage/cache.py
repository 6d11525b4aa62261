"""What is costly to make and easy to lose: parsed rules and the compiled database, in the user's cache folder.

Nothing depends on it. A file that is damaged, of another version or not ours alone is as good as none, and where
nothing can be written nothing is kept.
"""

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from maildoctor import __version__
from maildoctor.triage.engine import Engine, EngineError, Hyperscan, fastest, named
from maildoctor.triage.rules import Cause, Rule, load, read

_LARGEST = 64 * 1024 * 1024
_MOST_FILES = 6
_DIGEST = hashlib.sha256().digest_size
_LEFT_OUT = ("samples", "counters", "todo")


def folder(environ: Mapping[str, str] = os.environ) -> str:
    """Where this user's caches lie."""
    base = environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "maildoctor")


class Cache:
    """Keeps bytes under a name in one folder; each file begins with the digest of what follows."""

    def __init__(self, where: str) -> None:
        self._where = where

    def get(self, name: str) -> bytes:
        """What was kept, empty where there is nothing that can be trusted."""
        try:
            with open(os.path.join(self._where, name), "rb") as file:
                if not _ours_alone(os.fstat(file.fileno())) or not _ours_alone(os.stat(self._where)):
                    return b""
                whole = file.read(_LARGEST)
        except OSError:
            return b""
        digest, content = whole[:_DIGEST], whole[_DIGEST:]
        return content if hashlib.sha256(content).digest() == digest else b""

    def put(self, name: str, content: bytes) -> None:
        """Keep it, in one move, if that can be done."""
        try:
            os.makedirs(self._where, mode=0o700, exist_ok=True)
            if not _ours_alone(os.stat(self._where)):
                return
            handle, draft = tempfile.mkstemp(dir=self._where)
            try:
                with open(handle, "wb") as file:
                    file.write(hashlib.sha256(content).digest() + content)
                os.replace(draft, os.path.join(self._where, name))
            except BaseException:
                os.unlink(draft)
                raise
            self._prune()
        except OSError:
            return

    def _prune(self) -> None:
        """Let the oldest go: each version of the rules leaves its files behind."""
        files = sorted((entry.stat().st_mtime, entry.path) for entry in os.scandir(self._where) if entry.is_file())
        for _, path in files[:-_MOST_FILES]:
            os.unlink(path)


class ReadOnly(Cache):
    """What other runs kept, for a command that writes nothing."""

    def put(self, name: str, content: bytes) -> None:
        """Nothing is kept."""


def rules(paths: Sequence[str], cache: Cache) -> tuple[Rule, ...]:
    """The rules of these files, without their samples. Raises RuleError."""
    texts = [read(path) for path in paths]
    name = f"rules-{_key(__version__.encode(), *(os.path.basename(p).encode() for p in paths), *texts)}.json"
    if kept := cache.get(name):
        try:
            return tuple(_rule(table) for table in json.loads(kept))
        except (ValueError, TypeError, KeyError):
            pass
    loaded = tuple(replace(rule, samples=(), counters=(), todo=()) for rule in load(paths))
    cache.put(name, json.dumps([_table(rule) for rule in loaded]).encode())
    return loaded


def engine(needles: Sequence[bytes], cache: Cache, wish: str = "") -> Engine:
    """The fastest engine that is to be had, or the one that is wished for. Raises EngineError for the latter."""
    if wish not in ("", "hyperscan"):
        return named(wish, needles)
    try:
        version = _version_of_hyperscan()
    except EngineError:
        return named(wish, needles) if wish else fastest(needles)
    name = f"needles-{_key(version.encode(), *needles)}.db"
    made = Hyperscan(needles, cache.get(name))
    if made.fresh:
        cache.put(name, made.dump())
    return made


def _version_of_hyperscan() -> str:
    try:
        import hyperscan
    except ImportError as error:
        raise EngineError("the Python module hyperscan is missing") from error
    return str(getattr(hyperscan, "__version__", ""))


def _key(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:24]


def _ours_alone(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o022


def _table(rule: Rule) -> dict[str, Any]:
    table = {f.name: getattr(rule, f.name) for f in fields(rule) if f.name not in _LEFT_OUT}
    table["needles"] = [needle.decode("latin-1") for needle in rule.needles]
    table["causes"] = [asdict(cause) for cause in rule.causes]
    return table


def _rule(table: dict[str, Any]) -> Rule:
    table["needles"] = tuple(needle.encode("latin-1") for needle in table["needles"])
    table["causes"] = tuple(Cause(**{**cause, "commands": tuple(cause["commands"])}) for cause in table["causes"])
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return Rule(**values)

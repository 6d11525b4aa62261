"""Logs that lie elsewhere, by their address: `s3://bucket/mail-*.gz`, `sftp://host/var/log/mail.log`.

fsspec reads them (the extra `maildoctor[remote]`), as they come and without a copy; credentials are where its own
programs keep them, as `~/.aws`, the environment or `~/.config/fsspec`. Nothing of it is imported where no address is
given.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from maildoctor.masking import masked
from maildoctor.triage.sources import SourceError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}(?:://|::)")
_PASSWORD = re.compile(r"(://[^/:@\s]*:)\S*(?=@)")
_QUERY = re.compile(r"\?[^\s?]*=.*", re.DOTALL)
_INSTALL = "python3 -m pip install 'maildoctor[remote]'"
_BLOCK = 4 << 20
"""Bytes that are asked for at a time."""

_LONGEST = 200
_WEB = ("http", "https")
_DENIED = (401, 403)
"""Status of HTTP (RFC 9110 section 15.5)."""


class Unreachable(SourceError):
    """What opens such addresses is here, and nothing can be had at this one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file elsewhere. `size`: its bytes as it lies there, None where that is not told; `written`: when, seconds since
    1970, None likewise."""

    address: str
    size: int | None
    written: float | None


def is_address(path: str) -> bool:
    """Whether it names a file elsewhere; a path never begins so."""
    return _SCHEME.match(path) is not None


def printable(address: str) -> str:
    """The address without the passwords, signatures and tokens that may stand in it."""
    return masked(_QUERY.sub("?***", _PASSWORD.sub(r"\1***", address)))


def found_at(address: str) -> Iterator[Found]:
    """The files at an address, those of a pattern in the order of their names. Raises Unreachable, and SourceError
    where nothing here opens such addresses."""
    system, path = _system(address)
    scheme = address.partition("://")[0].lower()
    pattern = "*" in path or (scheme not in _WEB and ("?" in path or "[" in path))
    try:
        listed = system.glob(path, detail=True) if pattern else {path: system.info(path)}
    except Exception as error:  # each store raises errors of its own
        raise Unreachable(f"cannot be listed: {_said(error)}", printable(address), "") from error
    files = {name: info for name, info in sorted(listed.items()) if info.get("type") != "directory"}
    if not files:
        what = "no file has such a name" if pattern else "is a directory; name the files in it, as with /*"
        raise Unreachable(what, printable(address), "")
    for name, info in files.items():
        size = info.get("size")
        where = _address(address, path, system, name) if pattern else address
        yield Found(where, size if isinstance(size, int) else None, _time(info))


def _address(pattern: str, path: str, system: Any, name: str) -> str:
    """Of one file that a pattern found; `path`: the pattern within the file system. Where a host has the files, as with
    sftp://, its name is no part of theirs."""
    scheme, _, rest = pattern.partition("://")
    if name.startswith("/") and rest.endswith(path) and rest.lstrip("/") != path.lstrip("/"):
        return f"{scheme}://{rest.removesuffix(path)}{name}"
    return str(system.unstrip_protocol(name))


class Remote:
    """A file elsewhere, as `Descriptor` is one here; opened with the first byte that is wanted."""

    def __init__(self, found: Found) -> None:
        self.end, self.damage, self.position = found.size, "", 0
        self._address = found.address
        self._file: Any = None

    def readinto(self, buffer: memoryview) -> int:
        """See `Stream`."""
        if self.end is not None:
            buffer = buffer[: max(0, self.end - self.position)]
        if not buffer or self.damage:
            return 0
        try:
            if self._file is None:
                self._open()
            data = self._file.read(min(len(buffer), _BLOCK))
        except SourceError as error:
            self.damage = ": ".join(filter(None, (error.what, error.remedy)))
            return 0
        except Exception as error:  # each store raises errors of its own
            self.damage = f"could not be read beyond byte {self.position}: {_said(error)}"
            return 0
        if not data and self.end is not None:
            self.damage = f"is truncated: it ended at byte {self.position} of {self.end}"
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)

    def seek(self, position: int) -> None:
        """Go on reading there."""
        self.close()
        self.damage, self.position = "", position

    def _open(self) -> None:
        system, path = _system(self._address)
        self._file = system.open(path, "rb", block_size=_BLOCK)
        if self.position:
            self._file.seek(self.position)

    def close(self) -> None:
        """See `Stream`."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(Exception):  # nothing was written, so nothing is lost
                file.close()


def _system(address: str) -> tuple[Any, str]:
    """fsspec's file system for this address, and the path in it. Raises Unreachable where it lets nobody in, and
    SourceError where nothing here opens such addresses."""
    where = printable(address)
    try:
        import fsspec
    except ImportError as error:
        raise SourceError("the Python package fsspec, which reads addresses, is missing", where, _INSTALL) from error
    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise SourceError(f"what reads such addresses is missing: {_said(error)}", where, _INSTALL) from error
    except Exception as error:
        if "Protocol not known" in str(error):
            remedy = "name it as s3://bucket/mail.log.gz"
            raise SourceError(f"cannot be opened: {_said(error)}", where, remedy) from error
        raise Unreachable(f"cannot be opened: {_said(error)}", where, "") from error
    return system, path


def _said(error: BaseException) -> str:
    """What an error says, in one line without credentials."""
    # HTTPFileSystem calls a page not found whatever the server answered
    answers = (getattr(one, "status", 0) for one in (error, error.__cause__))
    if isinstance(error, PermissionError) or any(status in _DENIED for status in answers):
        return "permission denied"
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    words = printable(" ".join(str(error).split()))[:_LONGEST]  # not cut before: half a secret has not its form
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _time(info: dict[str, Any]) -> float | None:
    for name in ("LastModified", "last_modified", "mtime", "updated"):
        moment: Any = info.get(name)
        if isinstance(moment, int | float):
            return float(moment)
        if hasattr(moment, "timestamp"):
            return float(moment.timestamp())
    return None

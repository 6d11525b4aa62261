"""A mailbox of this machine, mbox or Maildir, in which one message is waited for."""

import os
import stat
import time

_END = 1024 * 1024
"""Bytes at the end of an mbox that are looked through: the message has just come."""
_HEADER = 64 * 1024
_PAUSE = 0.2
_SPOOLS = ("/var/mail", "/var/spool/mail")


def usual(user: str) -> str:
    """Where mail of a local user lies, empty where there is no such place here."""
    if not user or "/" in user or user.startswith("."):
        return ""
    return next((f"{spool}/{user}" for spool in _SPOOLS if os.path.isdir(spool)), "")


def header_of(path: str, token: str, seconds: float) -> list[str] | None:
    """The header lines of the message that holds `token`, folded ones joined; None where it does not come in time.
    Raises OSError where the mailbox cannot be read."""
    until = time.monotonic() + seconds
    while True:
        for text in _messages(path):
            head = text.replace("\r\n", "\n").partition("\n\n")[0]
            if token in head:
                return head.replace("\n\t", " ").replace("\n ", " ").split("\n")
        if time.monotonic() > until:
            return None
        time.sleep(_PAUSE)


def _messages(path: str) -> list[str]:
    """The latest messages, each with its header at least."""
    if os.path.isdir(path):
        folder = os.path.join(path, "new")
        names = sorted(os.listdir(folder if os.path.isdir(folder) else path))[-50:]
        files = [os.path.join(folder if os.path.isdir(folder) else path, name) for name in names]
        return [_end(f, whole_from_start=True) for f in files if os.path.isfile(f)]
    if not os.path.exists(path):
        return []
    return [part for part in _end(path).split("\nFrom ") if part]


def _end(path: str, whole_from_start: bool = False) -> str:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "this is no mailbox", path)
        start = 0 if whole_from_start else max(0, status.st_size - _END)
        return "\n" + os.pread(fd, _HEADER if whole_from_start else _END, start).decode("utf-8", "replace")
    finally:
        os.close(fd)

"""A mailbox of this machine, mbox or Maildir, in which one message is waited for."""

import os
import time

from maildoctor import filesystem

_END = 1024 * 1024
"""Bytes at the end of an mbox that are looked through: the message has just come."""
_HEADER = 64 * 1024
_PAUSE = 0.2
_LATEST = 50
"""Messages of a Maildir that are looked at, by their names, which begin with the time."""
_SPOOLS = ("/var/mail", "/var/spool/mail")


def usual(user: str) -> str:
    """Where mail of a local user lies, empty where there is no such place here."""
    if not user or "/" in user or user.startswith("."):
        return ""
    return next((f"{spool}/{user}" for spool in _SPOOLS if filesystem.is_folder(spool)), "")


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
    if filesystem.is_folder(path):
        new = os.path.join(path, "new")
        folder = new if filesystem.is_folder(new) else path
        files = [os.path.join(folder, name) for name in sorted(filesystem.names(folder))[-_LATEST:]]
        return ["\n" + _text(filesystem.read(f, _HEADER)) for f in files if filesystem.is_file(f)]
    try:
        end = filesystem.tail(path, _END)
    except FileNotFoundError:
        return []
    return [part for part in ("\n" + _text(end)).split("\nFrom ") if part]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")

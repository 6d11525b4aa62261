"""`-o [FORMAT:]FILE`: reports into files, whole or not at all."""

import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from maildoctor.cli.trouble import Trouble
from maildoctor.render import FORMATS


@dataclass(frozen=True, slots=True)
class Output:
    """One report to be written."""

    format: str
    path: str


def planned(wishes: Sequence[str], usual: str) -> list[Output]:
    """What the `-o` options ask for. Raises Trouble for what cannot be written, before any work is done."""
    outputs = [_output(wish, usual) for wish in wishes]
    for output in outputs:
        _refuse(output.path)
    return outputs


def write(path: str, text: str) -> None:
    """Put `text` at `path` in one move: a reader sees the old file or the new one, and a failure leaves the old."""
    folder = os.path.dirname(path) or "."
    try:
        handle, draft = tempfile.mkstemp(prefix=".maildoctor-", dir=folder)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                _keep_mode(path, file.fileno())
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
    except OSError as error:
        what = f"cannot write the report: {error.strerror}"
        raise Trouble(what, path, "name a file in a directory you may write to") from error


def _output(wish: str, usual: str) -> Output:
    form, colon, path = wish.partition(":")
    if not colon or not form.isalnum():
        form, path = usual, wish
    elif form not in FORMATS:
        what = f"there is no format {form!r}"
        raise Trouble(what, f"-o {wish}", f"take one of {', '.join(FORMATS)}; a file of that name is ./{wish}")
    if path in ("", "-"):
        raise Trouble("no file is named", f"-o {wish}", "name a file; stdout holds the report anyway (--format)")
    return Output(form, path)


def _refuse(path: str) -> None:
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise Trouble("there is no such directory", folder, f"make it first: mkdir -p {folder}")
    # A link is not followed, for in /tmp it may be a stranger's; and a rename would put a file in a device's place.
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise Trouble("this is no regular file", path, "name a regular file, or redirect stdout there")


def _keep_mode(path: str, draft: int) -> None:
    if os.path.lexists(path):
        os.fchmod(draft, stat.S_IMODE(os.lstat(path).st_mode))

"""maildoctor's own errors. They have a finding's anatomy: what, where, what to do; and the exit status 2."""

import os
import sys
from collections.abc import Iterator, Sequence

from maildoctor.errors import DoctorError

WRONG = 2
NO_READER = 141


class UsageError(DoctorError):
    """Wrong usage, or something that maildoctor itself could not do."""


def report_error(error: BaseException, words: Sequence[str] = ()) -> int:
    """Say on stderr what went wrong, as far as the user should know, and give the exit status; `words` is the command
    line, for a monitoring system wants to be told on stdout, and by another status."""
    from maildoctor.cli.plugin import asked, unknown

    status = _reported(error)
    return unknown(error) if status and asked(words) else status


def _reported(error: BaseException) -> int:
    if isinstance(error, BrokenPipeError):
        return NO_READER
    if isinstance(error, KeyboardInterrupt):
        from maildoctor.cli.signals import status_of

        _say("maildoctor: interrupted\n")
        return status_of(error)
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0
    if isinstance(error, ModuleNotFoundError) and error.name:
        error = UsageError(
            f"the Python module {error.name} is missing", _place(error), "install maildoctor again, whole"
        )
    _say(_anatomy(error) if isinstance(error, DoctorError) else _unexpected(error))
    return WRONG


def _anatomy(error: DoctorError) -> str:
    from maildoctor.render.escape import shown

    lines = [f"maildoctor: {shown(error.what)}"]
    lines += [f"  where: {shown(error.where)}"] if error.where else []
    lines += [f"  what to do: {shown(error.remedy)}"] if error.remedy else []
    return "\n".join(lines) + "\n"


def _unexpected(error: BaseException) -> str:
    # Never the exception's own words: they may quote the file that was being read, and with it a secret.
    from maildoctor import __version__

    lines = [
        f"maildoctor: a fault in maildoctor itself: {type(error).__name__}",
        f"  where: {_place(error)}, maildoctor {__version__}, Python {sys.version.split()[0]}",
        "  what to do: report these lines to the project's issue tracker; "
        "with MAILDOCTOR_DEBUG=1 the way to the fault is shown",
    ]
    if os.environ.get("MAILDOCTOR_DEBUG") == "1":
        lines += _way(error)
    return "\n".join(lines) + "\n"


def _place(error: BaseException) -> str:
    place = "an unknown place"
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if f"{os.sep}maildoctor{os.sep}" in code.co_filename or place == "an unknown place":
            place = f"{os.path.basename(code.co_filename)}:{at.tb_lineno} ({code.co_name})"
        at = at.tb_next
    return place


def _way(error: BaseException) -> Iterator[str]:
    import traceback

    link: BaseException | None = error
    while link is not None:
        yield f"{type(link).__name__}, message withheld; it came this way:"
        yield "".join(traceback.format_tb(link.__traceback__)).rstrip()
        link = link.__cause__ or link.__context__


def _say(text: str) -> None:
    try:
        sys.stderr.write(text.encode("ascii", "backslashreplace").decode("ascii"))
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # stderr is gone too: the exit status has to speak alone

"""stdout holds the report and nothing else; this is where it is written."""

import os
import sys

# Of at most 4096 bytes a pipe takes all or nothing. Of more it may take a part, which goes unnoticed where
# PYTHONUNBUFFERED is set, as in many containers: a report would be cut short without a word.
_PIECE = 1024


def say(text: str) -> None:
    """Write to stdout and make sure that it arrived. Raises BrokenPipeError, or UsageError where it cannot be written."""
    try:
        for start in range(0, len(text), _PIECE):
            sys.stdout.write(text[start : start + _PIECE])
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go()
        raise
    except (OSError, AttributeError) as error:
        from maildoctor.cli.report_error import UsageError

        _let_go()
        reason = getattr(error, "strerror", None) or "it is closed"
        raise UsageError(
            f"cannot write: {reason}", "standard output", "fix that, or write to a file with -o"
        ) from error


def _let_go() -> None:
    # Python flushes stdout once more when it ends and would complain there.
    from maildoctor import filesystem

    try:
        os.dup2(filesystem.nowhere(), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return

"""Failures as a monitoring plugin tells them: a line on stdout and the exit status 3, since 2 would mean CRITICAL."""

import os
import sys
from collections.abc import Mapping, Sequence


def asked(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> bool:
    """The report on stdout was to be for a monitoring system; told from words that no parser may have accepted."""
    form = environ.get("MAILDOCTOR_FORMAT", "")
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--format":
            form = following
        elif word.startswith("--format="):
            form = word.partition("=")[2]
        elif word == "--json":
            form = "json"
    return form == "nagios"


def unknown(error: BaseException) -> int:
    """Say on stdout what went wrong, never in the error's own words unless they are ours, and give the status."""
    from maildoctor.render.nagios import unknown as line
    from maildoctor.render.verdict import UNKNOWN

    what = getattr(error, "what", None)
    text = f"{what}: {getattr(error, 'where', '')}" if what else f"maildoctor failed: {type(error).__name__}"
    if not isinstance(error, BrokenPipeError):
        try:
            sys.stdout.write(line(text))
            sys.stdout.flush()
        except (OSError, ValueError, AttributeError):
            return UNKNOWN  # stdout is gone: the status has to speak alone
    return UNKNOWN

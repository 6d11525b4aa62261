"""How text is to look on a stream: what the options say, and where they say nothing, what the terminal can show."""

import argparse
import os
from collections.abc import Mapping, Set
from dataclasses import replace
from shutil import get_terminal_size
from typing import TextIO

from maildoctor.render.style import Style

_NARROWEST, _USUAL, _WIDEST = 40, 80, 100


def style_for(
    stream: TextIO | None,
    options: argparse.Namespace,
    known: Set[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Style:
    """The style for one stream; one that is closed (None) is styled too, and the writer says so."""
    terminal = stream is not None and stream.isatty()
    columns = get_terminal_size((_USUAL, 24)).columns if terminal else _USUAL
    return Style(
        verbosity=-1 if getattr(options, "quiet", False) else getattr(options, "verbose", 0),
        colour=_colour(options.color, terminal, environ),
        ascii=options.ascii or _plain_signs((stream and stream.encoding) or "", environ),
        width=min(max(columns, _NARROWEST), _WIDEST),
        fold=terminal,
        known=known,
    )


def for_file(style: Style, options: argparse.Namespace) -> Style:
    """The same for a file: UTF-8, no colours, nothing broken at the terminal's edge."""
    return replace(style, colour=False, fold=False, width=_USUAL, ascii=options.ascii)


def _colour(choice: str, terminal: bool, environ: Mapping[str, str]) -> bool:
    if choice != "auto":
        return choice == "always"
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"


def _plain_signs(encoding: str, environ: Mapping[str, str]) -> bool:
    if environ.get("TERM") == "dumb" or not encoding.lower().replace("-", "").startswith("utf"):
        return True
    # Python takes UTF-8 for granted in the C locale (PEP 538, 540) and says so in LC_CTYPE; the terminal may differ.
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "C"
    coerced = locale == "C.UTF-8" and not environ.get("LC_ALL") and environ.get("LANG", "C") in ("", "C", "POSIX")
    return coerced or locale in ("C", "POSIX")

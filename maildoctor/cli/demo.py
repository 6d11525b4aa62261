"""`maildoctor demo`: the examination of a recorded sample host. It needs no mail server and ends with status 0."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import maildoctor
from maildoctor import filesystem
from maildoctor.cli import options as shared
from maildoctor.cli.output import need
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.stdout import say
from maildoctor.cli.style_options import style_for
from maildoctor.engine import Selection, examine
from maildoctor.host.recording import Replay
from maildoctor.library import load_library
from maildoctor.render import rendered

_NOTE = "maildoctor: a recorded sample host, not this machine (that: maildoctor check)\n"


def parser() -> argparse.ArgumentParser:
    """The options of `demo`."""
    p = shared.Parser("demo", "Examine a recorded sample host: what a diagnosis looks like, no mail server needed.")
    shared.add_report(p)
    return p


def run(words: Sequence[str]) -> int:
    """Examine the sample host and print its diagnosis; a demonstration has not failed when it shows a fault."""
    options = shared.read(parser(), words)
    need(options.format)
    report = examine(_sample_host(), load_library(()), Selection(), None)
    with suppress(OSError, ValueError, AttributeError):  # stderr may be closed or full
        sys.stderr.write(_NOTE)
        sys.stderr.flush()
    say(rendered(report, options.format, style_for(sys.stdout, options)))
    return 0


def _sample_host() -> Replay:
    package = os.path.dirname(os.path.abspath(maildoctor.__file__))
    # Installed, the recordings lie in the package; in a checkout beside it.
    for home in (package, os.path.dirname(package)):
        folder = os.path.join(home, "fixtures", "demo")
        if filesystem.is_folder(folder):
            return Replay(folder)
    if text := _packed():
        return Replay(package, text)
    raise UsageError("the sample host is not here", package, "install maildoctor again: its package is not whole")


def _packed() -> bytes:
    """The recording in a wheel or zipapp, which is no folder; empty where there is none."""
    from pkgutil import get_data

    try:
        return get_data("maildoctor.fixtures", "demo/host.toml") or b""
    except (ModuleNotFoundError, OSError):
        return b""

"""Where reports go: stdout, and files by `-o [FORMAT:]FILE`, whole or not at all."""

import argparse
import os
import re
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec

from maildoctor import filesystem
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.status import Policy, plugin_status, status
from maildoctor.cli.stdout import say
from maildoctor.cli.style_options import for_file
from maildoctor.model import Report
from maildoctor.render import FORMATS, rendered
from maildoctor.render.style import Page, Style
from maildoctor.render.verdict import changed

_USUAL_MODE = 0o600
_MODES = {"prometheus": 0o644}
"""Of new files. Metrics hold no finding's words, and node_exporter, no friend of root's, is to read them."""


@dataclass(frozen=True, slots=True)
class Output:
    """One report to be written."""

    format: str
    path: str


def planned(chosen: Sequence[str], usual: str) -> list[Output]:
    """What the `-o` options ask for. Raises UsageError for what cannot be written, before any work is done."""
    outputs = [_output(option, usual) for option in chosen]
    for form in (usual, *(output.format for output in outputs)):
        need(form)
    for output in outputs:
        refuse(output.path)
    return outputs


def need(form: str) -> None:
    """Raises UsageError where a format needs what is not installed."""
    if form == "html" and find_spec("jinja2") is None:
        remedy = "pip install 'maildoctor[html]', or your distribution's package python3-jinja2"
        raise UsageError("HTML is made with Jinja2, which is not installed", "--format html", remedy)


def published(
    report: Report, options: argparse.Namespace, outputs: Sequence[Output], style: Style, policy: Policy
) -> int:
    """Write the report to all files and to stdout, and give the exit status.

    Of a report that is compared with an earlier one no text goes to stdout where nothing changed: cron mails what is
    printed. The files first: a reader of stdout who goes away early must not cost them, nor they him his report.
    """
    state = plugin_status(report, policy)
    style = replace(style, state=state, fail_on=policy.fail_on)
    if "sarif" in (options.format, *(output.format for output in outputs)):
        style = replace(style, pages=pages_of(getattr(options, "checks", None) or []))
    try:
        for output in outputs:
            text = rendered(report, output.format, for_file(style, options))
            write(output.path, text, _MODES.get(output.format, _USUAL_MODE))
        if "github" in (options.format, *(output.format for output in outputs)):
            _summarize(report, style, os.environ.get("GITHUB_STEP_SUMMARY", ""))
    finally:
        if not (options.format == "text" and report.since and not changed(report.since, report)):
            say(rendered(report, options.format, style))
    return state if options.format == "nagios" else status(report, policy)


_FIELD = re.compile(r"\{(\w+)\}")


def pages_of(folders: Sequence[str]) -> dict[str, Page]:
    """The page of every check and log rule; names of fields stand where a finding has words of the host."""
    from maildoctor.library import load_library
    from maildoctor.triage.builtin import builtin

    pages = {
        rule.code: Page(_FIELD.sub(lambda m: m[1].upper(), rule.title), rule.why, "", rule.severity)
        for rule in builtin().rules
    }
    return pages | {c.code: Page(c.title, c.why, c.advice, c.severity) for c in load_library(folders).checks}


def write(path: str, text: str, mode: int = _USUAL_MODE) -> None:
    """Put `text` at `path` in one move: a reader sees the old file or the new one, and a failure leaves the old. A file
    that is there keeps its mode; a new one has `mode`, whatever the umask."""
    try:
        filesystem.write(path, text.encode(), mode)
    except OSError as error:
        what = f"cannot write the report: {error.strerror}"
        raise UsageError(what, path, "name a file in a directory you may write to") from error


def _output(option: str, usual: str) -> Output:
    form, colon, path = option.partition(":")
    if not colon or not form.isalnum():
        form, path = usual, option
    elif form not in FORMATS:
        what = f"there is no format {form!r}"
        raise UsageError(what, f"-o {option}", f"take one of {', '.join(FORMATS)}; a file of that name is ./{option}")
    if path in ("", "-"):
        raise UsageError("no file is named", f"-o {option}", "name a file; stdout holds the report anyway (--format)")
    return Output(form, path)


def refuse(path: str) -> None:
    """Raises UsageError for a path that cannot be written."""
    folder = os.path.dirname(path) or "."
    if not filesystem.is_folder(folder):
        raise UsageError("there is no such directory", folder, f"make it first: mkdir -p {folder}")
    # A link is not followed, for in /tmp it may be a stranger's; and a rename would put a file in a device's place.
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(filesystem.status(path, follow=False).st_mode):
            raise UsageError("this is no regular file", path, "name a regular file, or redirect stdout there")


def _summarize(report: Report, style: Style, path: str) -> None:
    """Append to the summary of a job of GitHub Actions; that it cannot be is no reason to end."""
    from maildoctor.render.github import SUMMARY_ROOM, summary

    if not path:
        return
    try:
        filesystem.append(path, lambda size: summary(report, style, SUMMARY_ROOM - size).encode(), _USUAL_MODE)
    except OSError as error:
        with suppress(OSError, ValueError, AttributeError):  # stderr may be closed or full
            sys.stderr.write(f"maildoctor: the job summary is not written (GITHUB_STEP_SUMMARY): {error.strerror}\n")
            sys.stderr.flush()

"""`maildoctor report fleet`: many hosts' reports in one. A report that cannot be used is said, the rest goes on."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from maildoctor import filesystem
from maildoctor.cli.output import planned, write
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.status import Policy, status
from maildoctor.cli.stdout import say
from maildoctor.cli.stored import stored
from maildoctor.cli.style_options import for_file, style_for
from maildoctor.fleet import FORMATS, rendered
from maildoctor.fleet.summary import Fleet, Gathering

_LARGEST_LIST = 4 << 20
"""Bytes of a list of hosts."""


def published(options: argparse.Namespace, policy: Policy) -> int:
    """Read all reports, print what they come to, and give the exit status."""
    outputs = planned(options.output, options.format)
    for form in (options.format, *(output.format for output in outputs)):
        if form not in FORMATS:
            raise UsageError(f"a fleet cannot be told as {form}", "--format", f"take one of {', '.join(FORMATS)}")
    fleet = _gathered(options.reports, _expected(options.expect), policy)
    style = replace(style_for(sys.stdout, options), fail_on=policy.fail_on)
    try:
        for output in outputs:
            write(output.path, rendered(fleet, output.format, for_file(style, options)))
    finally:
        say(rendered(fleet, options.format, style))
    return 0 if policy.exit_zero else fleet.status


def _gathered(paths: Sequence[str], expected: Sequence[str] | None, policy: Policy) -> Fleet:
    gathering = Gathering()
    for path in paths:
        try:
            files = [*_files(path)]
        except OSError as error:
            gathering.refuse(path, f"cannot read the folder: {error.strerror}")
            continue
        for file in files:
            try:
                report, version = stored(file)
            except UsageError as error:
                gathering.refuse(file, error.what)
            else:
                gathering.take(report, status(report, policy), file, version)
    if expected is not None:
        gathering.expect(expected)
    return gathering.fleet()


def _files(path: str) -> Iterator[str]:
    if path == "-" or not filesystem.is_folder(path):
        yield path
    else:
        yield from (os.path.join(path, name) for name in sorted(filesystem.names(path)) if name.endswith(".json"))


def _expected(path: str | None) -> list[str] | None:
    """The names in a list of hosts: one a line, what follows a number sign is left out."""
    if path is None:
        return None
    try:
        found = filesystem.read(path, _LARGEST_LIST + 1)
    except OSError as error:
        raise UsageError(f"cannot read the list of hosts: {error.strerror}", path, "name a file") from error
    if len(found) > _LARGEST_LIST:
        raise UsageError(
            f"this is too large for a list of hosts: more than {_LARGEST_LIST >> 20} MB", path, "name a list"
        )
    lines = (line.partition("#")[0].strip() for line in found.decode(errors="surrogateescape").splitlines())
    return [line for line in lines if line]

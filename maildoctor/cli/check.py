"""`maildoctor check`: gather, judge, print the diagnosis."""

import argparse
import sys
from collections.abc import Callable, Sequence, Set
from typing import TYPE_CHECKING

from maildoctor.cli import options as shared
from maildoctor.cli.output import Output, planned, published
from maildoctor.cli.progress import Progress
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.selection import chosen
from maildoctor.cli.signals import status_of
from maildoctor.cli.status import Policy
from maildoctor.cli.style_options import style_for
from maildoctor.cli.suppressions import CONFIGURATION, configured, suppressed
from maildoctor.engine import examine
from maildoctor.host import Host
from maildoctor.host.deadline import SECONDS, Deadline, Overdue
from maildoctor.library import load_library
from maildoctor.model import Report
from maildoctor.triage.witness import received

if TYPE_CHECKING:
    from maildoctor.cli.stored import Stored
    from maildoctor.facts.login_history import LoginHistory
    from maildoctor.host.rooted import Rooted

_OPENING = 0.9
"""The share of the deadline that a target has to be opened: nothing can be judged without, and an image takes long."""

_STATUS = """\
exit status:
  0  users can log in, or nothing in files stands in the way
  1  findings at or above --fail-on: not all of them can
  2  wrong usage, or maildoctor itself failed
  3  nothing found, and it is not shown that users can log in

Each option has an environment variable: MAILDOCTOR_FORMAT for --format.
"""


def parser() -> argparse.ArgumentParser:
    """The options of `check`."""
    p = shared.Parser("check", "Examine a mail server and say why SMTP AUTH fails.", _STATUS)
    target = p.add_mutually_exclusive_group()
    target.add_argument("--root", metavar="DIR", help="examine an unpacked image, a chroot or a mounted disk")
    target.add_argument("--image", metavar="FILE", help="examine a container image or a root file system in an archive")
    target.add_argument("--pid", metavar="N", help="examine the container that process N runs in, from outside")
    target.add_argument("--container", metavar="NAME", help="examine a running container of podman or docker")
    target.add_argument("--snapshot", metavar="DIR", help="examine what an earlier --record wrote")
    p.add_argument(
        "--candidate", metavar="NEW", help="a configuration, a file or a folder, judged as if it were installed here"
    )
    p.add_argument("--no-probe", action="store_true", help="connect to nothing: leave out the checks WIRE*")
    p.add_argument("--ask-backends", action="store_true", help="ask LDAP, Kerberos and IMAP servers elsewhere too")
    p.add_argument("--tag", metavar="NAME", help="which image of --image, where it holds several")
    p.add_argument("--source", metavar="DIR", help="a source tree of sendmail whose site.config.m4 is judged too")
    p.add_argument(
        "--deadline",
        type=_seconds,
        default=SECONDS,
        metavar="SEC",
        help=f"time for everything: what is not reached is not judged ({SECONDS:.0f})",
    )
    p.add_argument("--record", metavar="DIR", help="also write all that was seen to DIR, secrets struck out")
    shared.add_report(p)
    shared.add_output(p)
    p.add_argument(
        "--select", action="append", default=[], metavar="CHECKS", help="only these: codes, names, globs, with commas"
    )
    p.add_argument("--ignore", action="append", default=[], metavar="CHECKS", help="not these")
    shared.add_checks(p)
    earlier = p.add_mutually_exclusive_group()
    earlier.add_argument(
        "--baseline", metavar="FILE", help="a JSON report of what is put up with: only what is not in it counts"
    )
    earlier.add_argument(
        "--since", metavar="REPORT", help="say only what changed since this JSON report; no text where nothing did"
    )
    p.add_argument("--config", metavar="FILE", help=f"the file of suppressions ({CONFIGURATION}, where it is there)")
    shared.add_verdict(p)
    shared.add_unknown(p)
    return p


def _seconds(word: str) -> float:
    from maildoctor.cli.servers import some_seconds

    return some_seconds(word)


def run(words: Sequence[str]) -> int:
    """Examine, print, and give the exit status."""
    options = shared.read(parser(), words)
    outputs = planned(options.output, options.format)
    known = _known(options.baseline)
    before = _before(options.since, outputs)
    library = load_library(options.checks)
    ignored = (*shared.listed(options.ignore), *(("WIRE*",) if options.no_probe else ()))
    select = chosen(library, shared.listed(options.select), ignored)
    suppressions = configured(options.config)
    with Deadline(options.deadline) as deadline, Progress(wanted=not options.quiet) as progress:
        try:
            host, named = deadline.within(lambda: _host(options), _OPENING)
        except Overdue:
            if deadline.stopped is not None:
                raise deadline.stopped from None
            what = f"opening it took longer than nine tenths of the deadline of {options.deadline:g} s"
            raise UsageError(what, str(options.image or options.snapshot or "the host"), deadline.remedy) from None

        def witness(report: Report, history: "LoginHistory | None") -> Report:
            progress.looking_at("the log")
            return received(host, report, library.witnesses, history)

        report = examine(host, library, select, progress.looking_at, deadline, witness)
    report = named(report)
    report = suppressed(report, suppressions) if suppressions else report
    if options.since is not None:
        from maildoctor.cli.since import compared

        report = compared(report, before, options.since)
    policy = Policy(options.fail_on, options.allow_unknown, options.exit_zero, known or frozenset())
    try:
        _record(host, options.record)
    finally:
        verdict = published(report, options, outputs, style_for(sys.stdout, options, known), policy)
    return verdict if deadline.stopped is None else status_of(deadline.stopped)


def _known(baseline: str | None) -> Set[str] | None:
    if baseline is None:
        return None
    from maildoctor.cli.baseline import fingerprints

    return fingerprints(baseline)


def _before(path: str | None, outputs: Sequence[Output]) -> "Stored | None":
    if path is None:
        return None
    from maildoctor.cli.since import earlier

    return earlier(path, outputs)


def _host(options: argparse.Namespace) -> tuple[Host, Callable[[Report], Report]]:
    """What is examined, and what names the files of a candidate in its report."""
    if options.candidate is None:
        return _asked(options, _bare_host(options)), lambda report: report
    if options.pid is not None or options.container is not None or options.snapshot is not None:
        what = "a candidate is judged on this host or in files: it goes with --root and --image alone"
        raise UsageError(what, "--candidate", "leave --pid, --container or --snapshot out")
    from maildoctor.cli.candidate import placing

    placed = placing(options.candidate, _files(options))
    host = _files(options)
    try:
        host.given_candidate(placed.files)
    except OSError as error:
        what = f"where the candidate would lie cannot be told: {error.strerror}"
        raise UsageError(
            what, str(error.filename), "repair the links there, or judge it with another --root"
        ) from error
    return _asked(options, host), lambda report: placed.named(report, host)


def _files(options: argparse.Namespace) -> "Rooted":
    """The files of what is examined: nothing that runs there is of a candidate."""
    from maildoctor.host.rooted import Rooted

    root = options.root if options.root is not None or options.image is not None else "/"
    host = _bare_host(argparse.Namespace(**{**vars(options), "root": root}))
    assert isinstance(host, Rooted)
    return host


def _asked(options: argparse.Namespace, host: Host) -> Host:
    """The host without what is not to be asked, and written down where it is to be."""
    if options.no_probe:
        from maildoctor.host.without import Without

        for verb in ("probe", "directory", "kdc", "imap"):
            host = Without(host, verb, "connecting was switched off", "leave --no-probe out")
    if options.record is None:
        return host
    from maildoctor.host.recording import Recording

    return Recording(host)


def _bare_host(options: argparse.Namespace) -> Host:
    if options.tag is not None and options.image is None:
        raise UsageError("--tag tells which image of an archive, and there is none", "--tag", "give --image FILE too")
    if options.root is not None:
        from maildoctor.host.rooted import Rooted

        return _with_source(Rooted(options.root), options.source)
    if options.image is not None:
        from maildoctor.host.image import Image

        return _with_source(Image(options.image, options.tag), options.source)
    if options.pid is not None or options.container is not None:
        from maildoctor.host import contained

        by_pid = options.pid is not None
        host = contained.by_pid(options.pid) if by_pid else contained.by_name(options.container)
        host.asks_elsewhere = options.ask_backends
        return _with_source(host, options.source)
    if options.snapshot is not None:
        from maildoctor.host.recording import Replay

        return Replay(options.snapshot)
    from maildoctor.host.live import Live

    live = Live()
    live.asks_elsewhere = options.ask_backends
    return _with_source(live, options.source)


def _with_source(host: "Rooted", source: str | None) -> Host:
    if source is not None:
        host.given_source(source)
    return host


def _record(host: Host, folder: str | None) -> None:
    if folder is None:
        return
    from maildoctor.host.recording import Recording

    if isinstance(host, Recording):
        host.save(folder)

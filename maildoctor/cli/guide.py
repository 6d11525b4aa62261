"""`maildoctor guide`: the way from nothing to a proven login on this system, and what comes next."""

import argparse
import sys
from collections.abc import Sequence

from maildoctor.cli import options as shared
from maildoctor.cli.progress import Progress
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.stdout import say
from maildoctor.cli.style_options import style_for
from maildoctor.collect.knowledge import FactStore
from maildoctor.engine import Selection, examined
from maildoctor.guide.client import client_settings
from maildoctor.guide.ground import Ground
from maildoctor.guide.judge import following, judged
from maildoctor.guide.step import Guide
from maildoctor.host import Host
from maildoctor.host.deadline import SECONDS, Deadline
from maildoctor.install.wanted import Wanted
from maildoctor.library import load_library
from maildoctor.model import Report
from maildoctor.render.guide import as_json, client_text, document, text
from maildoctor.triage.witness import received
from maildoctor.verdict import places

_STATUS = """\
It only looks; the commands are for you to run.

exit status:
  0  every step is done
  1  a step is to be done, or wrong
  2  wrong usage, or maildoctor itself failed
  3  what is left cannot be told
"""


def parser() -> argparse.ArgumentParser:
    """The options of `guide`."""
    p = shared.Parser(
        "guide", "Show the way from nothing to a proven login on this system, and what comes next.", _STATUS
    )
    p.add_argument("--root", metavar="DIR", help="guide an unpacked image, a chroot or a mounted disk")
    p.add_argument("--mta", choices=("sendmail", "postfix"), default="", help="the mail server that is wanted")
    p.add_argument(
        "--accounts", choices=("sasldb", "system", "ldap", "dovecot"), default="", help="where users are kept"
    )
    p.add_argument("--user", metavar="NAME", default="", help="the first user")
    p.add_argument("--host", metavar="NAME", default="", help="the name by which clients reach this host")
    p.add_argument("--for", dest="reader", choices=("client",), help="print only what to type into a mail program")
    p.add_argument("--format", choices=("text", "json"), default="text", help="the form of the guide (text)")
    p.add_argument("--json", dest="format", action="store_const", const="json", help="short for --format json")
    p.add_argument("-v", "--verbose", action="count", default=0, help="each line in full")
    shared.add_style_options(p)
    shared.add_checks(p)
    return p


def run(words: Sequence[str]) -> int:
    """Examine, judge the steps, print them, and give the exit status."""
    options = shared.read(parser(), words)
    if options.mta == "sendmail" and options.accounts == "dovecot":
        raise UsageError(
            "Sendmail cannot ask Dovecot", "--accounts dovecot", "take --accounts system, or --mta postfix"
        )
    guide = _guide(options)
    if options.format == "json":
        say(as_json(document(guide)))
    elif options.reader == "client":
        if guide.client is None:
            raise UsageError("no login is offered yet", "--for client", "maildoctor guide says what comes first")
        say(client_text(guide.client, style_for(sys.stdout, options)))
    else:
        say(text(guide, style_for(sys.stdout, options)))
    states = {step.state for step in guide.steps}
    return 1 if states & {"wrong", "to_do"} else 3 if "unknown" in states else 0


def _guide(options: argparse.Namespace) -> Guide:
    library = load_library(options.checks)
    host = _host(options.root)
    with Deadline(SECONDS) as deadline, Progress(wanted=True) as progress:
        report, services = examined(
            host, library, Selection(), progress.looking_at, deadline,
            lambda report, history: received(host, report, library.witnesses, history),
        )  # fmt: skip
        wanted = Wanted(options.mta, options.accounts, options.user, options.host)
        facts = _wanted_service(services, wanted)
        ground = Ground(report, facts, wanted, places(library.checks))
        steps = tuple(judged(ground))
        client = client_settings(ground)
    after = following(steps)
    return Guide(_about(report), steps, after.name if after else "", client, tuple(_noted(report)))


def _wanted_service(services: Sequence[FactStore], wanted: Wanted) -> FactStore:
    return next((s for s in services if s.product == wanted.mta), services[0])


def _host(root: str | None) -> Host:
    if root is not None:
        from maildoctor.host.rooted import Rooted

        return Rooted(root)
    from maildoctor.host.live import Live

    return Live()


def _about(report: Report) -> str:
    programs = [f"{p.name} {p.version}".strip() for p in report.target.mta if p.in_use]
    return "  ".join([f"{report.target.kind} {report.target.name}", *programs])


def _noted(report: Report) -> list[str]:
    return [f"{r.finding.code} {r.finding.message}" for r in report.roots if r.finding.severity == "warning"]

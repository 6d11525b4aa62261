"""`maildoctor guide`: the way from nothing to a proven login on this system, and what comes next."""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import replace

from maildoctor.cli import options as shared
from maildoctor.cli.password import add_login, mechanisms, secret
from maildoctor.cli.progress import Progress
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.servers import target_of
from maildoctor.cli.stdout import say
from maildoctor.cli.style_options import style_for
from maildoctor.collect.knowledge import FactStore
from maildoctor.engine import Selection, examined
from maildoctor.facts.services import named
from maildoctor.facts.wire import Wire
from maildoctor.guide.client import client_settings
from maildoctor.guide.ground import KNOWN_SERVERS, WITHOUT_LIBSASL, Ground
from maildoctor.guide.judge import following, judged, whole_way
from maildoctor.guide.step import ClientSettings, Guide
from maildoctor.host import Host
from maildoctor.host.deadline import SECONDS, Deadline
from maildoctor.host.network import ProbeOptions, visited
from maildoctor.install.wanted import STORES, TLS_AT_ONCE, Wanted
from maildoctor.library import load_library
from maildoctor.model import Report
from maildoctor.render.escape import shown
from maildoctor.render.guide import as_json, client_text, document, text
from maildoctor.sasl import Login
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
    target = p.add_mutually_exclusive_group()
    target.add_argument("--root", metavar="DIR", help="guide an unpacked image, a chroot or a mounted disk")
    target.add_argument("--pid", metavar="N", help="guide the container that process N runs in, from outside")
    target.add_argument("--container", metavar="NAME", help="guide a running container of podman or docker")
    target.add_argument("--snapshot", metavar="DIR", help="guide what an earlier check --record wrote")
    p.add_argument(
        "--sources", metavar="DIR", default="", help="judge the source trees of libsasl and the mail server in DIR"
    )
    p.add_argument("--mta", choices=KNOWN_SERVERS, default="", help="the mail server that is wanted")
    p.add_argument(
        "--accounts", choices=("sasldb", "system", "ldap", "dovecot", "file"), default="", help="where users are kept"
    )
    p.add_argument("--host", metavar="NAME", default="", help="the name by which clients reach this host")
    p.add_argument("--ldap", metavar="URI", default="", help="the directory of --accounts ldap")
    p.add_argument("--ldap-base", metavar="DN", default="", help="the entry below which its users stand")
    p.add_argument("--server", action="store_true", help="users log in here; with --relay both (without either: this)")
    p.add_argument("--relay", metavar="HOST[:PORT]", default="", help="mail goes out by this smart host, with a login")
    p.add_argument("--relay-user", metavar="NAME", default="", help="as whom this host logs in there")
    p.add_argument("--send-test", metavar="ADDRESS", default="", help="who gets the test message")
    p.add_argument("--all", action="store_true", help="the commands of all steps that can be done now")
    p.add_argument("--for", dest="reader", choices=("client",), help="print only what to type into a mail program")
    p.add_argument("--format", choices=("text", "json"), default="text", help="the form of the guide (text)")
    p.add_argument("--json", dest="format", action="store_const", const="json", help="short for --format json")
    p.add_argument("-v", "--verbose", action="count", default=0, help="each line in full")
    shared.add_style_options(p)
    shared.add_checks(p)
    add_login(p)
    return p


def run(words: Sequence[str]) -> int:
    """Examine, judge the steps, print them, and give the exit status."""
    options = shared.read(parser(), words)
    if options.mta and options.accounts and options.accounts not in STORES[options.mta]:
        raise UsageError(
            f"maildoctor has no way to set up {named(options.mta)} so", f"--accounts {options.accounts}",
            f"take --accounts {' or '.join(STORES[options.mta])}, or another --mta",
        )  # fmt: skip
    guide = _guide(options)
    if options.format == "json":
        say(as_json(document(guide)))
    elif options.reader == "client":
        if guide.client is None:
            raise UsageError("no login is offered yet", "--for client", "maildoctor guide says what comes first")
        say(client_text(guide.client, style_for(sys.stdout, options)))
    else:
        say(text(guide, style_for(sys.stdout, options), whole=options.all))
    states = {step.state for step in guide.steps}
    return 1 if states & {"wrong", "to_do"} else 3 if "unknown" in states else 0


def _guide(options: argparse.Namespace) -> Guide:
    if options.sources:
        return _of_sources(options)
    gives = any((options.password_file, options.password_env, options.password_fd is not None))
    if gives and any(x is not None for x in (options.root, options.pid, options.container, options.snapshot)):
        what = "a login is tried at this machine, and something else is to be guided"
        raise UsageError(what, "the password", "leave it out; maildoctor probe logs in anywhere")
    library = load_library(options.checks)
    host = _host(options)
    with Deadline(SECONDS) as deadline, Progress(wanted=True) as progress:
        report, services = examined(
            host, library, Selection(), progress.looking_at, deadline,
            lambda report, history: received(host, report, library.witnesses, history),
        )  # fmt: skip
        wanted = _asked(options)
        facts = _wanted_service(services, wanted)
        ground = Ground(report, facts, wanted, places(library.checks))
        _possible(ground)
        steps = tuple(judged(ground))
        client = client_settings(ground)
        wire = facts.get(Wire)
    after = following(steps)
    if client is not None and gives:
        port = client.port
        seen = next((c.endpoint for c in wire.per_endpoint if c.port == port), "") if wire else ""
        client = _tried(options, client, seen or f"127.0.0.1:{port}")
    name = after.name if after else ""
    way = tuple(step.name for step in whole_way(steps))
    return Guide(_about(report), steps, name, way, client, tuple(_noted(report)), report.target.run_in)


def _of_sources(options: argparse.Namespace) -> Guide:
    from maildoctor.cli.sources import steps_of

    steps = steps_of(options.sources, _host(options))
    after = following(steps)
    way = tuple(step.name for step in whole_way(steps))
    return Guide(f"sources in {options.sources}", steps, after.name if after else "", way)


def _wanted_service(services: Sequence[FactStore], wanted: Wanted) -> FactStore:
    return next((s for s in services if s.product == wanted.mta), services[0])


def _asked(options: argparse.Namespace) -> Wanted:
    relay, to = options.relay, options.send_test
    if options.relay_user and not relay:
        raise UsageError("no smart host is named", "--relay-user", "give --relay HOST too")
    if relay and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}(:\d{1,5})?", relay):
        raise UsageError(f"{shown(relay)} is no name of a host", "--relay", "write HOST or HOST:PORT")
    if to and not re.fullmatch(r"[A-Za-z0-9_+=.-]{1,64}@[A-Za-z0-9.-]{1,255}", to):
        raise UsageError(f"{shown(to)} is no address", "--send-test", "write NAME@DOMAIN")
    return Wanted(
        options.mta,
        options.accounts,
        options.user or "",
        options.host,
        relay,
        options.relay_user,
        True if options.server else False if relay else None,
        options.ldap,
        options.ldap_base,
        to,
    )


def _possible(ground: Ground) -> None:
    """What the mail server that is guided cannot do, or the guide not with it, is refused (sendmail begins TLS by
    STARTTLS only, as a client)."""
    if ground.relay and ground.mta in WITHOUT_LIBSASL:
        raise UsageError(
            f"maildoctor has no way yet to a login of {named(ground.mta)} at a smart host", f"--relay {ground.relay}",
            "leave it out; see the manual of the mail server",
        )  # fmt: skip
    if ground.mta == "sendmail" and ground.relay and ground.wanted.relay_port == TLS_AT_ONCE:
        raise UsageError(
            "Sendmail cannot speak TLS from the first byte to a smart host", f"--relay {ground.relay}",
            f"try --relay {ground.wanted.relay_host}:587",
        )  # fmt: skip


def _host(options: argparse.Namespace) -> Host:
    if options.root is not None:
        from maildoctor.host.rooted import Rooted

        return Rooted(options.root)
    if options.pid is not None or options.container is not None:
        from maildoctor.host import contained

        return contained.by_pid(options.pid) if options.pid is not None else contained.by_name(options.container)
    if options.snapshot is not None:
        from maildoctor.host.recording import Replay

        return Replay(options.snapshot)
    from maildoctor.host.live import Live

    return Live()


def _tried(options: argparse.Namespace, settings: ClientSettings, where: str) -> ClientSettings:
    """The settings, with what came of a login by them `where` this machine answers."""
    word = secret(options)
    who = Login(options.user, word, options.authzid, options.realm)
    probe_options = ProbeOptions(
        verify=False,  # it is this machine
        in_clear=options.insecure_plaintext,
        login=who,
        mechs=mechanisms(options) or (settings.mechanism,),
    )
    (target,) = target_of(where, (settings.port,))
    (talk,) = Wire.parse(visited(target, probe_options)).all
    word_of, why = talk.outcome
    if word_of != "ok":
        raise UsageError(f"the login fails: {shown(why or 'none could be tried')}", f"--user {options.user}",
                         "maildoctor check says why; or the password is another")  # fmt: skip
    return replace(settings, user=options.user, proof=f"a login by {talk.mechanism} just now")


def _about(report: Report) -> str:
    programs = [f"{p.name} {p.version}".strip() for p in report.target.mta if p.in_use]
    return "  ".join([f"{report.target.kind} {report.target.name}", *programs])


def _noted(report: Report) -> list[str]:
    return [f"{r.finding.code} {r.finding.message}" for r in report.roots if r.finding.severity == "warning"]

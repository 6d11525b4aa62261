"""`maildoctor probe`: what servers say on the wire, judged; logins, relay test and message if they are asked for."""

import argparse
import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from maildoctor.cli import options as shared
from maildoctor.cli.output import planned, published
from maildoctor.cli.password import add_login, mechanisms, secret
from maildoctor.cli.progress import Progress
from maildoctor.cli.report_error import UsageError
from maildoctor.cli.selection import chosen
from maildoctor.cli.servers import listed_in, port_of, seconds, some_seconds, target_of
from maildoctor.cli.signals import status_of
from maildoctor.cli.status import Policy
from maildoctor.cli.style_options import style_for
from maildoctor.engine import examine
from maildoctor.facts.announced import Announced
from maildoctor.facts.wire import Wire
from maildoctor.host.deadline import Deadline
from maildoctor.host.network import Network, ProbeOptions, Target
from maildoctor.library import Library, load_library
from maildoctor.probe.attempts import PENALTY_OVER, Message, Relay
from maildoctor.probe.mailbox import usual
from maildoctor.sasl import Login
from maildoctor.smtp.scripts import EHLO_NAME

if TYPE_CHECKING:
    from maildoctor.probe.authinfo import HubLogin

CONFIGURED = ""
"""`--authinfo` without a file: the map that this host's sendmail.cf names."""
_PORTS = (25, 465, 587)
_MODES = {"auto": "auto", "starttls": "starttls", "implicit": "implicit", "never": "clear"}
_STATUS = """\
A HOST is a name or an address, with :PORT or [ADDRESS]:PORT; without a port, 25, 465 and 587 are asked.
Nothing is sent but EHLO, STARTTLS and QUIT, unless a login, a relay test or a message is asked for.

exit status:
  0  users can log in, or nothing in files stands in the way
  1  findings at or above --fail-on: not all of them can
  2  wrong usage, or maildoctor itself failed
  3  nothing found, and it is not shown that users can log in
"""


def parser() -> argparse.ArgumentParser:
    """The options of `probe`."""
    p = shared.Parser("probe", "Ask SMTP servers what they offer, and say what is wrong with it.", _STATUS)
    p.add_argument("targets", nargs="*", metavar="HOST[:PORT]", help="servers to ask")
    p.add_argument("--targets", dest="file", metavar="FILE", help="more servers, one a line; - is the standard input")
    p.add_argument(
        "--domain",
        default="",
        metavar="D",
        help="ask what clients find in DNS and autoconfig for D, and whether it works",
    )
    p.add_argument(
        "--resolver", default="", metavar="ADDRESS[:PORT]", help="the name server that --domain asks (the machine's)"
    )
    p.add_argument(
        "--port", action="append", default=[], metavar="PORTS", help="ports where none is named (25,465,587)"
    )
    p.add_argument(
        "--timeout", type=some_seconds, default=10.0, metavar="SEC", help="time for a whole conversation (10)"
    )
    p.add_argument("--wait", type=seconds, default=0.0, metavar="SEC", help="time for a service to start (0)")
    p.add_argument(
        "--pause",
        type=seconds,
        default=PENALTY_OVER,
        metavar="SEC",
        help=f"time between a refused login and the next at that host ({PENALTY_OVER:g})",
    )
    p.add_argument("--tls", choices=tuple(_MODES), default="auto", help="how TLS is begun (auto: implicit on port 465)")
    p.add_argument("--tls-name", default="", metavar="NAME", help="the name the certificate must hold (that of HOST)")
    p.add_argument("--ca-file", default="", metavar="FILE", help="believe these CAs instead of the machine's")
    p.add_argument("--no-verify", action="store_true", help="log in even where the certificate cannot be verified")
    p.add_argument(
        "--cert", default="", metavar="FILE", help="our own certificate; without --user it logs in by EXTERNAL"
    )
    p.add_argument("--key", default="", metavar="FILE", help="its key, if that is not in the same file")
    p.add_argument("--ehlo", default=EHLO_NAME, metavar="NAME", help="what to call ourselves")
    family = p.add_mutually_exclusive_group()
    family.add_argument("-4", "--ipv4", action="store_true", help="IPv4 only")
    family.add_argument("-6", "--ipv6", action="store_true", help="IPv6 only")
    add_login(p)
    p.add_argument(
        "--authinfo",
        nargs="?",
        const=CONFIGURED,
        metavar="FILE",
        help="log in as this host's sendmail would, with the entry of its authinfo map (port 25)",
    )
    p.add_argument(
        "--relay-test", metavar="ADDRESS", help="ask whether mail to ADDRESS elsewhere is taken; none is sent"
    )
    p.add_argument("--send-test", metavar="ADDRESS", help="send one message to ADDRESS")
    p.add_argument("--mailbox", default="", metavar="PATH", help="where on this machine it arrives (/var/mail/USER)")
    p.add_argument("--from", dest="sender", default="", metavar="ADDRESS", help="sender of these two")
    shared.add_report(p)
    shared.add_output(p)
    shared.add_verdict(p)
    shared.add_unknown(p)
    return p


def run(words: Sequence[str]) -> int:
    """Ask, judge, print, and give the exit status."""
    options = shared.read(parser(), words)
    outputs = planned(options.output, options.format)
    targets = list(_targets(options))
    library = wire_checks(load_library(()))
    # it may ask for the password, and nothing is to be written over the question
    probe_options = _probe_options(options)
    if options.domain:
        from maildoctor.cli.announced import announced_by

        found, probe_options = announced_by(options.domain, options.resolver, probe_options)
        targets += found
    targets = list(dict.fromkeys(targets))
    unlimited = Deadline()  # each conversation has a time limit of its own
    with Progress(wanted=not options.quiet) as progress:
        host = Network(targets, probe_options, progress.looking_at)
        report = examine(host, library, chosen(library, (), ()), lambda _: None, unlimited)
    # who hears of the servers that were finished by then still sees that it was interrupted
    stopped = host.stopped or unlimited.stopped
    # what was broken off is not to be asked for once more
    allowed = options.allow_unknown and stopped is None and not _left_out(host, probe_options)
    policy = Policy(options.fail_on, allowed, options.exit_zero)
    status = published(report, options, outputs, style_for(sys.stdout, options), policy)
    return status if stopped is None else status_of(stopped)


def _left_out(host: Network, probe_options: ProbeOptions) -> bool:
    """Whether a login was asked for and none was tried at some host: that is no part that can be done without."""
    if probe_options.login is None and probe_options.hub is None:
        return False
    reported = host.ask("probe")
    wire = Wire.parse(reported if isinstance(reported, str) else "")
    return bool(wire.without_login)


def wire_checks(library: Library) -> Library:
    """The checks that judge what is said on the wire, or announced, and nothing else."""
    facts = (Wire, Announced)
    checks = tuple(c for c in library.checks if any(p.fact in facts and not p.optional for p in c.parameters))
    return Library(checks, library.causes)


def _probe_options(options: argparse.Namespace) -> ProbeOptions:
    hub = _hub(options)
    who, mechs = _who(options)
    families = (socket.AF_INET,) if options.ipv4 else (socket.AF_INET6,) if options.ipv6 else ProbeOptions().families
    return ProbeOptions(
        timeout=options.timeout,
        wait=options.wait,
        pause=options.pause,
        mode=_MODES[options.tls],  # type: ignore[arg-type]
        ehlo=_word("--ehlo", options.ehlo),
        tls_name=options.tls_name,
        ca_file=options.ca_file,
        verify=not options.no_verify,
        in_clear=options.insecure_plaintext,
        certificate=(options.cert, options.key or options.cert) if options.cert else None,
        login=who,
        hub=hub,
        mechs=mechs,
        families=families,
        relay=_relay(options),
        message=_message(options),
    )


def _who(options: argparse.Namespace) -> tuple[Login | None, tuple[str, ...]]:
    """Whose login to try, and by which mechanisms; none of these means all that are offered."""
    word, mechs = secret(options), mechanisms(options)  # a password without a user is refused
    if options.user is not None:
        return Login(authid=options.user, secret=word, authzid=options.authzid, realm=options.realm), mechs
    if options.cert:
        return Login(authid="", authzid=options.authzid), mechs or ("EXTERNAL",)
    if options.key:
        raise UsageError("there is a key and no certificate", "--key", "give --cert FILE too")
    return None, mechs


def _hub(options: argparse.Namespace) -> "Callable[[str, str], HubLogin] | None":
    if options.authinfo is None:
        return None
    if options.user is not None:
        raise UsageError("--user and --authinfo both say who logs in", "--authinfo", "give one of the two")
    from maildoctor.cli.authinfo import hub_login

    return hub_login(options.authinfo)


def _relay(options: argparse.Namespace) -> Relay | None:
    if not options.relay_test:
        return None
    return Relay(_address("--from", options.sender), _address("--relay-test", options.relay_test))


def _message(options: argparse.Namespace) -> Message | None:
    if not options.send_test:
        return None
    import secrets
    from email.utils import formatdate

    recipient = _address("--send-test", options.send_test)
    sender = _address("--from", options.sender) or recipient
    token = f"maildoctor.{secrets.token_hex(12)}@{EHLO_NAME}"
    lines = (
        f"From: {sender}",
        f"To: {recipient}",
        "Subject: maildoctor test",
        f"Date: {formatdate()}",
        f"Message-ID: <{token}>",
        "Auto-Submitted: auto-generated",
        "",
        "This is a test of mail submission by maildoctor probe --send-test. It can be deleted.",
    )
    text = "".join(f"{line}\r\n" for line in lines).encode()
    return Message(
        sender, recipient, text, token, options.mailbox or usual(recipient.partition("@")[0]), options.timeout
    )


def _targets(options: argparse.Namespace) -> Iterator[Target]:
    ports = [port_of(word, "--port") for word in shared.listed(options.port)] or list(
        _PORTS if options.authinfo is None else _PORTS[:1]
    )
    words = [*options.targets, *(listed_in(options.file) if options.file else ())]
    if options.resolver and not options.domain:
        raise UsageError("there is no domain to ask it about", "--resolver", "name it: --domain example.com")
    if not words and not options.domain:
        raise UsageError("no server is named", "maildoctor probe", "name one: maildoctor probe mail.example.com")
    for word in words:
        yield from target_of(word, ports, usual=not options.port)


def _word(option: str, value: str) -> str:
    """One word that may stand in a line of SMTP."""
    if not re.fullmatch(r"[!-~]{1,255}", value):
        raise UsageError(f"{value!r} is not one word", option, "give a name without blanks")
    return value


def _address(option: str, value: str) -> str:
    """A mailbox as MAIL FROM:<…> takes it; empty stands for <>."""
    if not re.fullmatch(r"(?:[^\s<>\x00-\x1f]{1,200}@[^\s<>@\x00-\x1f]{1,200}|[\w.+-]{1,64})?", value):
        raise UsageError(f"{value!r} is no mail address", option, "write USER@DOMAIN")
    return value

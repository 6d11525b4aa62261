"""`maildoctor healthcheck`: one EHLO and, given a secret, one login; one line, exit status 0 or 1, within two seconds.

For HEALTHCHECK of a container and probes of Kubernetes. Docker keeps status 2 for itself, so wrong usage is 1 too.
"""

import argparse
import ipaddress
from collections.abc import Sequence
from contextlib import suppress

from maildoctor.cli import options as shared
from maildoctor.cli.password import add_login, mechanisms, secret
from maildoctor.cli.report_error import UsageError, report_error
from maildoctor.cli.servers import some_seconds, target_of
from maildoctor.cli.stdout import say
from maildoctor.errors import DoctorError
from maildoctor.facts.wire import Conversation, Wire
from maildoctor.host.network import ProbeOptions, Target, visited
from maildoctor.probe.attempts import BY_PASSWORD
from maildoctor.render.escape import shown
from maildoctor.sasl import Login

_STATUS = """\
Without HOST: port 587 of this machine, or 25 where nothing listens on 587.
The certificate is not verified where HOST is a loopback address, unless
--tls-name says what it must hold. Without --user only the offer is judged.

exit status:
  0  healthy
  1  not healthy, or wrong usage
"""
_PORTS = (587, 25)


def parser() -> argparse.ArgumentParser:
    """The options of `healthcheck`."""
    p = shared.Parser("healthcheck", "Say in one line whether users can log in here.", _STATUS)
    p.add_argument("target", nargs="?", default="", metavar="HOST[:PORT]", help="the server (this machine)")
    p.add_argument("--timeout", type=some_seconds, default=1.8, metavar="SEC", help="time for everything (1.8)")
    p.add_argument("--tls-name", default="", metavar="NAME", help="the name the certificate must hold (that of HOST)")
    p.add_argument("--ca-file", default="", metavar="FILE", help="believe these CAs instead of the machine's")
    p.add_argument("--no-verify", action="store_true", help="log in even where the certificate cannot be verified")
    add_login(p)
    return p


def run(words: Sequence[str]) -> int:
    """Ask, print the line, and give the exit status."""
    try:
        talk = _visited(shared.read(parser(), words))
    except DoctorError as error:
        _tell(f"not ok: {shown(error.what)} ({shown(error.where)}); {shown(error.remedy)}")
        return 1
    except Exception as error:
        return min(1, report_error(error))
    fault = _fault(talk)
    _tell(f"not ok: {talk.endpoint} {shown(fault)}" if fault else f"ok: {talk.endpoint} {shown(_praise(talk))}")
    return 1 if fault else 0


def _tell(line: str) -> None:
    """The line is for people; the exit status is the answer, also where nobody takes the line."""
    with suppress(UsageError, BrokenPipeError):
        say(f"{line}\n")


def _visited(options: argparse.Namespace) -> Conversation:
    targets = list(target_of(options.target or "127.0.0.1", _PORTS))
    who, word = None, secret(options)  # which refuses a password without a user
    if options.user is not None:
        who = Login(options.user, word, options.authzid, options.realm)
    mechs = mechanisms(options) or tuple(m for m in BY_PASSWORD if m != "GSSAPI")
    for target in targets:
        probe_options = ProbeOptions(
            timeout=options.timeout,
            ca_file=options.ca_file,
            verify=not (options.no_verify or (_loopback(target) and not options.tls_name)),
            tls_name=options.tls_name,
            in_clear=options.insecure_plaintext,
            login=who,
            mechs=mechs,
        )
        (talk,) = Wire.parse(visited(target, probe_options)).all
        if talk.trouble is None or talk.trouble[0] != "refused":
            break
    return talk


def _fault(talk: Conversation) -> str:
    """What is wrong, empty where nothing is."""
    if talk.trouble is not None:
        return talk.trouble[1]
    if not talk.hello or not talk.hello.auth:
        return "offers no AUTH"
    word, rest = talk.outcome
    if not word and talk.noted("login") == "asked for":
        return f"no login was tried: of {' '.join(talk.hello.auth)} none can be used here"
    if word in ("", "ok"):
        return ""
    return f"login fails ({talk.mechanism or 'no mechanism'}): {rest}"


def _praise(talk: Conversation) -> str:
    offer = " ".join(talk.hello.auth) if talk.hello else ""
    login = f", login by {talk.mechanism}" if talk.outcome[0] == "ok" else ", no login was tried"
    return f"offers {offer}{login}, {talk.noted('took')} s"


def _loopback(target: Target) -> bool:
    try:
        return ipaddress.ip_address(target.host).is_loopback
    except ValueError:
        return target.host == "localhost"

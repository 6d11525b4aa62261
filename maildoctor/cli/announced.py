"""`probe --domain D`: the servers that D announces to mail programs, as targets of a probe."""

import re
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

from maildoctor.cli.report_error import UsageError
from maildoctor.cli.servers import target_of
from maildoctor.facts.announced import Announced
from maildoctor.host.announcements import Asking, announced
from maildoctor.host.network import ProbeOptions, Target
from maildoctor.probe.handshakes import Handshakes

_DNS = 53
_LONGEST_QUESTION = 5.0
"""Seconds; `--timeout` is for whole conversations and may be long."""


def announced_by(domain: str, resolver: str, options: ProbeOptions) -> tuple[list[Target], ProbeOptions]:
    """What the domain announces as targets, those in clear first, and the options with what was learnt. Raises
    UsageError, and HostError where dnspython or a name server is missing."""
    name = _domain(domain)
    patience = min(options.timeout, _LONGEST_QUESTION)
    asking = Asking(_server(resolver), patience, Handshakes(options.ca_file).to_log_in)
    text = announced(name, asking, _hosts)
    found = Announced.parse(text)
    targets = [Target(host, port, mode="implicit" if implicit else None) for host, port, implicit in found.endpoints]
    addresses = {host: known.addresses for host, known in found.names.items()}
    return (
        sorted(targets, key=lambda target: target.mode is not None),
        replace(options, announced=text, addresses=addresses),
    )


def _hosts(text: str) -> Sequence[str]:
    return [host for host, _, _ in Announced.parse(text).endpoints]


def _domain(word: str) -> str:
    """The domain in the form in which the DNS is asked (RFC 5890)."""
    try:
        name = word.strip().rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    if not re.fullmatch(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}", name) or len(name) > 200 or _is_address(name):
        raise UsageError(f"{word!r} is no domain", "--domain", "give the part of a mail address behind the @")
    return name


def _server(word: str) -> tuple[str, int] | None:
    """Address and port of a name server. Raises UsageError."""
    if not word:
        return None
    (target,) = target_of(word, [_DNS])
    if not _is_address(target.host):
        raise UsageError(f"{word!r} is no address", "--resolver", "write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT")
    return target.host, target.port


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True

"""Programs that an smtpd asks on its way: the authentication server, policy services, milters; and where they listen as
the service itself sees it, which may be in a chroot."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from maildoctor.facts.postfix.restrictions import Stage, items, parameter
from maildoctor.facts.postfix.server import Smtpd

Use = Literal["authentication", "policy", "milter"]

_INET = re.compile(r"inet:(?:\[?([\w.:-]{1,255}?)\]?:)?([\w-]{1,30})")
_UNIX = re.compile(r"(?:unix|local):(\S{1,1000})")
_STAGES: tuple[Stage, ...] = ("client", "helo", "sender", "relay", "recipient")
_LATER = ("data", "end_of_data")


@dataclass(frozen=True, slots=True)
class Peer:
    """One of them. `option`: the parameter that names it; `host` and `port` of TCP, `path` of a Unix socket as it is
    written; `absent_is_fatal`: clients are refused while it is not there."""

    use: Use
    option: str
    text: str
    host: str = ""
    port: int = 0
    path: str = ""
    default_action: str = ""


def place(smtpd: Smtpd, path: str) -> str:
    """Where the path of a Unix socket lies on the host: relative ones in the queue directory, which is the working
    directory of each service; absolute ones below it where the service is chrooted."""
    queue = smtpd.value("queue_directory").rstrip("/")
    if not path.startswith("/"):
        return f"{queue}/{path}"
    return f"{queue}{path}" if smtpd.chrooted else path


def authentication(smtpd: Smtpd) -> Peer | None:
    """Dovecot's socket; None where smtpd asks libsasl (xsasl/xsasl_dovecot_server.c: `inet:` since 2.8)."""
    if smtpd.value("smtpd_sasl_type").lower() != "dovecot":
        return None
    return _peer("authentication", "smtpd_sasl_path", smtpd.value("smtpd_sasl_path"), bare=True)


def peers(smtpd: Smtpd) -> tuple[Peer, ...]:
    """All of a service, the authentication server first."""
    found = [authentication(smtpd)] if smtpd.is_yes("smtpd_sasl_auth_enable") else []
    return tuple(dict.fromkeys(p for p in (*found, *policies(smtpd), *milters(smtpd)) if p))


def policies(smtpd: Smtpd) -> Iterator[Peer]:
    """check_policy_service of the lists; `{ inet:host:port, default_action=DUNNO }` since 3.0."""
    action = smtpd.value("smtpd_policy_service_default_action")
    for stage in _STAGES:
        for item in items(smtpd, stage):
            if item.name == "check_policy_service" and not item.warned:
                yield from _named("policy", parameter(stage), item.argument, action)
    for name in _LATER:
        words = smtpd.value(f"smtpd_{name}_restrictions").replace(",", " ").split()
        for before, word in pairwise(words):
            if before == "check_policy_service":
                yield from _named("policy", f"smtpd_{name}_restrictions", word, action)


def milters(smtpd: Smtpd) -> Iterator[Peer]:
    """smtpd_milters; what becomes of mail while one is down says milter_default_action."""
    action = smtpd.value("milter_default_action") or "tempfail"
    text = smtpd.value("smtpd_milters")
    for spec in re.findall(r"\{[^{}]{0,1000}\}|[^\s,{}]{1,1000}", text):
        yield from _named("milter", "smtpd_milters", spec, action)


def _named(use: Use, option: str, spec: str, action: str) -> Iterator[Peer]:
    inner = spec.strip().strip("{}").strip()
    first, _, rest = inner.partition(",") if "," in inner else inner.partition(" ")
    if own := re.search(r"default_action\s*=\s*([^,}]{1,200})", rest):
        action = own[1].strip()
    if peer := _peer(use, option, first.strip(), action=action):
        yield peer


def _peer(use: Use, option: str, text: str, *, bare: bool = False, action: str = "") -> Peer | None:
    if m := _INET.fullmatch(text):
        port = int(m[2]) if m[2].isdecimal() and len(m[2]) < 6 else 0
        return Peer(use, option, text, host=m[1] or "127.0.0.1", port=port, default_action=action)
    if m := _UNIX.fullmatch(text):
        return Peer(use, option, text, path=m[1], default_action=action)
    return Peer(use, option, text, path=text, default_action=action) if bare and text else None


def of_this_host(peer: Peer) -> bool:
    """Whether it is to be had on this machine alone, so that a look at its sockets tells."""
    return bool(peer.path) or peer.host in ("localhost", "::1") or peer.host.startswith("127.")

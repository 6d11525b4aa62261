"""What servers say on the wire: those of the host's own ports, or the endpoints that were named; and
what a domain announces."""

from maildoctor.collect.knowledge import FactStore, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.announced import Announced
from maildoctor.facts.processes import Listener, Listeners
from maildoctor.facts.wire import Wire
from maildoctor.host import Host, NoAnswer

_PORTS = (25, 465, 587, 2525)
_PROGRAMS = ("sendmail", "sm-mta", "master", "smtpd", "exim", "opensmtpd")
_NOT_SMTP = (110, 143, 993, 995, 4190)
_FEW = 12
_NAMED = 20


def wire(host: Host, know: FactStore) -> Wire | Unknown:
    """Banner, EHLO, STARTTLS and EHLO again of each port on which this host takes mail."""
    subject = ""
    if host.kind not in ("endpoint", "paste"):
        listeners = know(Listeners)
        if isinstance(listeners, Unknown):
            return listeners
        doors = _doors(listeners)
        if not doors:
            return Absent("nothing listens here for mail")
        subject = " ".join(doors)
    answer = host.ask("probe", subject)
    if isinstance(answer, NoAnswer):
        return unknown(answer)
    had = Wire.parse(answer)
    if left := had.interrupted:
        where = ", ".join(c.endpoint for c in left[:_NAMED]) + (", …" if len(left) > _NAMED else "")
        why = next(c.trouble[1] for c in left if c.trouble)
        know.cut(f"{len(left)} of {len(had.all)} conversations were not had: {why}: {where}", "let it run to its end")
    return had


def announced(host: Host, know: FactStore) -> Announced | Unknown:
    """What the domain that was named announces to mail programs; of a host no domain is asked."""
    if host.kind != "endpoint":
        return Absent("no domain was named: maildoctor probe --domain asks one")
    answer = host.ask("announced")
    return unknown(answer) if isinstance(answer, NoAnswer) else Announced.parse(answer)


def _doors(listeners: Listeners) -> list[str]:
    """One address for each port: what listens to all addresses is asked by loopback."""
    found: dict[int, str] = {}
    for x in listeners.all:
        if x.port in _PORTS or (x.program.startswith(_PROGRAMS) and x.port not in _NOT_SMTP):
            address = _address(x)
            if x.port not in found or (":" in found[x.port] and ":" not in address):
                found[x.port] = address
    doors = [(f"[{a}]:{port}" if ":" in a else f"{a}:{port}") for port, a in sorted(found.items())]
    return doors[:_FEW]


def _address(listener: Listener) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "*": "127.0.0.1"}.get(listener.address, listener.address)  # noqa: S104

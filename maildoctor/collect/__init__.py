"""From a host to facts: what to look at, and in what order. One module a product, each with its table `COLLECTORS`: a
line a fact.

What an answer means is for the fact to say; read here is only what tells where to look next (an include, a path)."""

from collections.abc import Callable, Mapping
from typing import Any

from maildoctor.collect import cyrus, mail, sendmail, system, wire
from maildoctor.collect.knowledge import Collector, Know
from maildoctor.facts.sendmail.program import SendmailProgram
from maildoctor.host import Host
from maildoctor.host.deadline import Deadline
from maildoctor.model import Product, Target

COLLECTORS: Mapping[type[Any], Collector] = {
    **sendmail.COLLECTORS,
    **system.COLLECTORS,
    **cyrus.COLLECTORS,
    **mail.COLLECTORS,
    **wire.COLLECTORS,
}


def knowledge(host: Host, progress: Callable[[str], None], deadline: Deadline | None = None) -> Know:
    """Nothing known yet."""
    return Know(host, COLLECTORS, progress, deadline)


def target(host: Host, know: Know) -> Target:
    """What was examined, with the programs found on it."""
    program = know.get(SendmailProgram)
    return Target(
        host.kind,
        host.name,
        (*((Product("sendmail", program.version),) if program else ()), *(Product(n, "") for n in system.others(host))),
        tuple(Product("cyrus-sasl", v) for v in cyrus.version(host, know)),
    )

"""RUN: several mail servers on one host."""

from maildoctor.api import Evidence, Findings, check, found
from maildoctor.api.host import Listeners, Services

_BOTH = "service: sendmail\nservice: postfix"
_PORTS = (25, 465, 587)


@check(
    "RUN010",
    "two-mail-servers",
    "info",
    rung="none",
    role="note",
    fails=[
        {"services": _BOTH, "listeners": "0.0.0.0 25 40 master\n0.0.0.0 587 40 master"},
        {"services": _BOTH, "listeners": "0.0.0.0 25 40 master\n0.0.0.0 587 77 sendmail-mta"},
    ],
    passes=[
        {"services": "service: postfix\nservice: cyrus-imapd", "listeners": "0.0.0.0 25 40 master"},
        {"services": _BOTH, "listeners": "0.0.0.0 143 40 dovecot"},
    ],
    refs=("postfix: master/master.c; sendmail: sendmail/daemon.c: whoever binds a port first has it",),
)
def two_mail_servers(services: Services, listeners: Listeners) -> Findings:
    """Two mail servers are installed; only the one that holds a port is asked there.

    What is found in the configuration of the other does not concern clients of that port.

    Advice: remove the one that is not used, or keep it from starting, so that nobody changes the wrong configuration.
    """
    held = {port: holder for port in _PORTS if (holder := services.holder(port, listeners))}
    if len(services.smtp) < 2 or not held:
        return
    whose = "; ".join(f"port {port} is {product}'s" for port, (product, _) in held.items())
    idle = [p for p in services.smtp if p not in {product for product, _ in held.values()}]
    rest = f"; {' and '.join(idle)} listens on none" if idle else ""
    yield found(
        f"{' and '.join(services.smtp)} are both installed: {whose}{rest}",
        evidence=[*(socket.evidence for _, socket in held.values()), Evidence("installed", ", ".join(services.smtp))],
        subject="services",
    )

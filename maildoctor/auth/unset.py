"""When a mail server whose configuration lets nobody log in is not to be blamed for that."""

from maildoctor.facts import Unknown
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.processes import Listeners
from maildoctor.facts.services import Services
from maildoctor.facts.wire import Wire


def shown_otherwise(
    product: str,
    services: Services | Unknown,
    listeners: Listeners | Unknown,
    history: LoginHistory | Unknown,
    wire: Wire | Unknown,
) -> bool:
    """Whether the host shows that a login went well, that another mail server is the one that users meet, or that this
    one runs with another configuration, which offers AUTH."""
    if isinstance(history, LoginHistory) and history.succeeded:
        return True
    if isinstance(services, Services) and isinstance(listeners, Listeners) and services.idle(product, listeners):
        return True
    return isinstance(wire, Wire) and any(c.hello and c.hello.auth and c.server == product for c in wire.per_endpoint)

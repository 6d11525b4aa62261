"""What a mail server has to give so that the checks of logins, users and mechanisms can judge it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.knowledge import Collector, FactStore
from maildoctor.facts import Unknown
from maildoctor.host import Host

Trusted = list[tuple[str, str]]
"""(purpose, path) of files that a service trusts, with the purposes of `facts.paths`."""


def nothing(_host: Host, _know: FactStore) -> Trusted:
    """No file of its own."""
    return []


@dataclass(frozen=True, slots=True)
class Adapter:
    """One mail server. `is_here`: whether it is installed, by a few looks; `facts`: those that are its alone, with
    their collectors; `trusted`: files it trusts besides those of libsasl;
    `credentials`: files in which it keeps passwords, as the door's `clear` takes them."""

    product: str
    is_here: Callable[[Host], bool]
    login_service: Callable[[Host, FactStore], LoginService | Unknown]
    application: Callable[[Host, FactStore], SaslApplication | Unknown]
    facts: Mapping[type[Any], Collector] = field(default_factory=dict)
    trusted: Callable[[Host, FactStore], Trusted] = nothing
    credentials: Callable[[Host, FactStore], list[str]] = lambda _host, _know: []

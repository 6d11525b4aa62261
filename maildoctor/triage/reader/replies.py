"""A reply of a server with its enhanced status code (RFC 3463, 4954), in a line that no rule knows: what it means."""

import re

_CODES: dict[str, str] = {
    "530 7.0": "login wanted", "530 7.1": "login wanted", "530 7.57": "login wanted", "534 7.9": "password refused",
    "534 7.14": "password refused", "535 7.139": "password refused", "535 7.0": "login refused",
    "535 7.1": "login refused", "535 7.3": "login refused", "535 7.8": "login refused", "535 7.9": "password refused",
    "504 7.4": "mechanism refused", "504 5.4": "mechanism refused", "534 7.0": "password refused",
    "538 7.11": "tls wanted", "523 7.10": "tls wanted", "454 7.0": "login delayed", "454 7.8": "login delayed",
}  # fmt: skip
"""By reply code, and class and detail of the enhanced code."""
NEEDLES = tuple(f"{code[:3]}{sign}{code[0]}.{code[4:]}" for code in _CODES for sign in " -")
_REPLY = re.compile(r"(?<![\w.])([45]\d\d)[ -][45]\.([57]\.\d{1,3})(?![\w.])")
_OF_OTHERS = re.compile(
    r"\bsaid:|\bstatus=|\brelay=|\bmailer=|\breply=|[Rr]eject|to=<|from=<|authenticator|\brip=|SMTP error from"
    r"|\*\* |== |>>> |TLS not available"
)
"""Lines that rules know in all their forms, and what a server itself answered to a client."""


def refusal(body: str) -> tuple[str, int, int] | None:
    """The kind of error that the first reply in the message is, and where the reply begins and ends."""
    reply = _REPLY.search(body)
    if reply is None or _OF_OTHERS.search(body):
        return None
    kind = _CODES.get(f"{reply[1]} {reply[2]}")
    if kind == "login wanted" and "STARTTLS" in body:
        kind = "tls wanted"
    return (kind, *reply.span()) if kind else None

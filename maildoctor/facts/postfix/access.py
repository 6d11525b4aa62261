"""What an access table says of a client (global/match_ops.c, util/dict_cidr.c; smtpd/smtpd_check.c,
check_namadr_access()): the first row of a `cidr` table that holds the address; of an indexed one the row of the longest
part of its name, then of its address. Tables of patterns are not run: what they say is not known."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Rows = Sequence[tuple[str, str]]

_REFUSING = re.compile(r"(?:REJECT|DEFER|DEFER_IF_PERMIT|DISCARD|[45]\d\d)\b", re.IGNORECASE)


def refuses(action: str) -> bool:
    """Whether an action of a row turns mail away."""
    return bool(_REFUSING.match(action.strip("{} ")))


def network(pattern: str) -> IPv4Network | IPv6Network | None:
    """The network that a pattern of a `cidr` table, or a key of an indexed one (`10.1`), stands for; None where it is
    none."""
    pattern = pattern.replace("[", "").replace("]", "")
    parts = pattern.split(".")
    if all(p.isdecimal() for p in parts) and 1 <= len(parts) < 4:
        pattern = ".".join([*parts, *["0"] * (4 - len(parts))]) + f"/{8 * len(parts)}"
    try:
        return ip_network(pattern, strict=False)
    except ValueError:
        return None


def address(text: str) -> IPv4Address | IPv6Address | None:
    """An address of the log; None where it is none."""
    try:
        return ip_address(text.removeprefix("IPv6:"))
    except ValueError:
        return None


def row_of(kind: str, rows: Rows, client: str, name: str = "") -> tuple[str, str] | None:
    """The row that counts for a client; None where none does, or that cannot be told."""
    if kind == "cidr":
        return _first(rows, client)
    if kind in ("pcre", "regexp"):
        return None
    known = {key.lower(): (key, action) for key, action in reversed(rows)}
    return next((known[key] for key in _keys(client, name) if key in known), None)


def _first(rows: Rows, client: str) -> tuple[str, str] | None:
    at, passing = address(client), False
    for pattern, action in rows:
        word = pattern.lower()
        if word in ("if", "endif"):
            return None  # blocks are not followed
        net = network(pattern.removeprefix("!"))
        if at is None or net is None:
            continue
        passing = (at in net) is not pattern.startswith("!")
        if passing:
            return pattern, action
    return None


def _keys(client: str, name: str) -> Iterator[str]:
    """check_namadr_access(): the name and the domains above it, then the address and the networks above it."""
    labels = name.lower().rstrip(".").split(".") if name and name != "unknown" else []
    for n in range(len(labels)):
        domain = ".".join(labels[n:])
        yield from (domain,) if not n else (domain, f".{domain}")
    separator = ":" if ":" in client else "."
    parts = client.lower().split(separator)
    for n in range(len(parts), 0, -1):
        yield separator.join(parts[:n])

"""The mechanism matrix as lines of a table, for a terminal and for a pipe."""

from collections.abc import Iterator, Mapping
from typing import Literal

from maildoctor.model import ClientKind, Matrix, Mechanism, Usability
from maildoctor.render.escape import shown
from maildoctor.render.style import Style, Tone

_HEAD = ("mechanism", "plug-in", "conf", "list", "trust", "clear", "TLS", "secret", "login", "verdict")
_GOOD: tuple[Usability, ...] = ("usable", "works", "would_be_usable")
_QUIET: tuple[Usability, ...] = ("not_configured", "not_offered", "hidden", "against_options")
"""Verdicts on mechanisms that nobody asked for, or that were left out on purpose."""
_SERVED: tuple[Usability, ...] = (
    *_GOOD,
    "works_no_relaying",
    "works_not_everywhere",
    "with_realm_only",
    "may_not_relay",
    "in_clear",
)
"""Verdicts on mechanisms by which somebody can log in."""
_BAD: tuple[Usability, ...] = ("login_fails", "does_not_load", "no_plugin", "nobody")
_TONES: Mapping[str, Tone] = {
    "yes": "ok", "loads": "ok", "ok": "ok", "no": "dim", "missing": "error", "broken": "error", "failed": "error",
    "not sent": "warning", "?": "dim", "-": "dim",
}  # fmt: skip
_BLANK = ("?", "-")

VERDICTS: Mapping[Literal[Usability, "finds_none"], str] = {
    "works": "works",
    "works_no_relaying": "works, no relaying",
    "works_not_everywhere": "works, not everywhere",
    "login_fails": "login fails",
    "no_plugin": "no plug-in",
    "does_not_load": "does not load",
    "nobody": "nobody can use it",
    "with_realm_only": "as user@realm only",
    "may_not_relay": "may not relay",
    "in_clear": "password in clear",
    "usable": "usable",
    "would_be_usable": "would be usable",
    "not_configured": "not configured",
    "hidden": "hidden by mech_list",
    "against_options": "against AuthOptions",
    "offer_lacks_it": "offer lacks it",
    "not_offered": "not offered",
    "finds_none": "finds none",
}
"""Verdicts in words."""

CLIENTS: Mapping[ClientKind, str] = {
    "strongest": "strongest first",
    "servers_order": "server's order",
    "plain_only": "PLAIN only",
}

Piece = tuple[str, Tone]


def table(matrix: Matrix, style: Style) -> Iterator[tuple[Piece, ...]]:
    """Lines in pieces of one tone: the head, a line a mechanism, then what each kind of client makes of them."""
    head, *rows = columns(matrix, style)
    width = [max(len(row[i][0]) for row in (head, *rows)) for i in range(len(head))]
    gap = "  " if sum(width) + 2 * len(width) - 2 <= style.width else " "
    yield ((gap.join(text.ljust(width[i]) for i, (text, _) in enumerate(head)).rstrip(), "dim"),)
    for *cells, (text, tone) in rows:
        yield (*((cell.ljust(width[i]) + gap, its) for i, (cell, its) in enumerate(cells)), (text, tone))
    yield from (((line, "plain"),) for line in remarks(matrix, style))


def columns(matrix: Matrix, style: Style) -> list[list[Piece]]:
    """The head, then a row a mechanism. Columns that nothing is known for are left out."""
    rows = [_cells(m, style) for m in matrix.rows]
    kept = [
        i for i, name in enumerate(_HEAD) if name in ("mechanism", "verdict") or any(r[i] not in _BLANK for r in rows)
    ]
    pieces = (
        [(cells[i], _tone(_HEAD[i], cells[i], m)) for i in kept] for m, cells in zip(matrix.rows, rows, strict=True)
    )
    return [[(_HEAD[i], "dim") for i in kept], *pieces]


def remarks(matrix: Matrix, style: Style) -> Iterator[str]:
    """What the table does not hold, and what clients of each kind, and users of each store, make of it."""
    if matrix.more:
        count = len(matrix.rows)
        yield f"only the first {count:,} of {count + matrix.more:,} mechanisms"
    yield from _choices(matrix, style)
    yield from _by_store(matrix, style)


def _choices(matrix: Matrix, style: Style) -> Iterator[str]:
    """Clients that choose alike share a line."""
    choices: dict[tuple[str, str], list[str]] = {}
    for s in matrix.strategies:
        choices.setdefault((s.mech, VERDICTS[s.verdict]), []).append(CLIENTS[s.client])
    for (mech, verdict), clients in choices.items():
        choice = f"takes {mech}: {verdict}" if mech else verdict
        yield shown(f"client, {' or '.join(clients)}: {choice}", style.ascii)


def _by_store(matrix: Matrix, style: Style) -> Iterator[str]:
    """A line for the users of each store, where they cannot use the same mechanisms: to each of them another part of
    the table is true."""
    able = [m for m in matrix.rows if m.stores and m.verdict in _SERVED]
    stores = dict.fromkeys(store for m in able for store in m.stores)
    if all(set(m.stores) == set(stores) for m in able):
        return
    strongest = next((s.mech for s in matrix.strategies if s.client == "strongest"), "")
    for store in stores:
        own = [m.mech for m in able if store in m.stores]
        fails = strongest and strongest not in own
        rest = f"; a client that takes {strongest} fails" if fails else ""
        yield shown(f"users of {store}: {' '.join(own)}{rest}", style.ascii)


def _tone(column: str, cell: str, row: Mechanism) -> Tone:
    """The colour of a cell."""
    if column == "mechanism":
        return "plain"
    if column == "clear":  # good of one mechanism, bad of another: the verdict tells
        return "plain" if cell == "yes" else "dim"
    if column != "verdict":
        return _TONES.get(cell, "ok")
    if row.verdict in _GOOD:
        return "ok"
    return "dim" if row.verdict in _QUIET else "error" if row.verdict in _BAD else "warning"


def _cells(m: Mechanism, style: Style) -> tuple[str, ...]:
    word = {True: "yes", False: "no", None: "?"}
    secret = f"{len(m.users)} user{'s' * (len(m.users) != 1)}" if m.users else word[m.secret]
    plugin = {"unknown": "?", "builtin": "-"}.get(m.plugin, m.plugin)
    login = {"not_tried": "-", "refused": "not sent"}.get(m.login, m.login)
    flags = (m.configured, m.listed, m.trusted, m.offered_plain, m.offered_tls)
    cells = (m.mech, plugin, *(word[f] for f in flags), secret, login, VERDICTS[m.verdict])
    return tuple(shown(c, style.ascii) for c in cells)

"""What a paste was cut into, and what to paste next, in lines for a person."""

from collections.abc import Iterator, Mapping, Sequence

from maildoctor.model import Piece, PieceKind, Report
from maildoctor.render.escape import prose, shown
from maildoctor.render.style import Style

KINDS: Mapping[PieceKind, str] = {
    "log": "log",
    "main.cf": "Postfix's main.cf",
    "master.cf": "Postfix's master.cf",
    "dovecot": "Dovecot's configuration",
    "sendmail.mc": "sendmail.mc",
    "sendmail.cf": "sendmail.cf",
    "submit.cf": "submit.cf",
    "sasl-conf": "configuration of Cyrus SASL",
    "saslauthd-defaults": "how saslauthd is started",
    "saslauthd.conf": "saslauthd.conf (LDAP)",
    "authinfo": "authinfo",
    "passwords": "passwords for other servers",
    "smtpd.conf": "OpenSMTPD's smtpd.conf",
    "exim": "Exim's configuration",
    "saslfinger": "saslfinger's report",
    "program": "what sendmail says of itself",
    "look": "listing of files",
    "namei": "path by its elements",
    "id": "users and groups",
    "processes": "processes",
    "listeners": "listening ports",
    "sasldb-users": "users of sasldb",
    "testsaslauthd": "testsaslauthd",
    "plug-ins": "plug-ins of Cyrus SASL",
    "transcript": "conversation with a server",
    "header": "header of a mail",
    "names": "name of the host",
    "file": "a file",
    "output": "output of a command",
    "text": "not understood",
}
"""What each kind of piece is called."""

_MOST = 12


def piece_lines(report: Report, style: Style) -> Iterator[tuple[str, str]]:
    """Where each piece stands, and what it is; those that were not understood in one line."""
    known = [piece for piece in report.pieces if piece.kind != "text"]
    listed = known if style.verbosity > 0 else known[:_MOST]
    for piece in listed:
        name = f": {piece.name}" if piece.name else ""
        note = f" ({piece.note})" if piece.note else ""
        yield _span(piece), shown(f"{KINDS[piece.kind]}{name}{note}", style.ascii)
    if more := len(known) - len(listed):
        yield "", f"and {more} more pieces: -v"
    if left := [piece for piece in report.pieces if piece.kind == "text"]:
        yield "", f"not understood: {_lines(left)}"


def _span(piece: Piece) -> str:
    return f"{piece.first}" if piece.first == piece.last else f"{piece.first}-{piece.last}"


def _lines(pieces: Sequence[Piece]) -> str:
    spans = ", ".join(_span(piece) for piece in pieces[:_MOST])
    one = len(pieces) == 1 and pieces[0].first == pieces[0].last
    return f"{'line' if one else 'lines'} {spans}{', …' if len(pieces) > _MOST else ''}"


def request_lines(report: Report, style: Style) -> Iterator[tuple[str, str]]:
    """Each command, and why: what it tells, and what to beware of."""
    for request in report.requests:
        caution = f"; {request.caution}" if request.caution else ""
        yield shown(request.command, style.ascii), prose(f"{request.why}{caution}", style.ascii)

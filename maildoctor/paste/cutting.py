"""A paste cut into its pieces."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from maildoctor.model import PieceKind
from maildoctor.paste.forms import Heading, form_of, goes_on, goes_on_named, heading_of, is_remark
from maildoctor.paste.lines import Line

PIECES = 500
"""Pieces of one paste that are told apart; the rest is one piece that is not understood."""

_GAP = 2
"""Empty lines in a row within a piece that was recognized by form alone."""


@dataclass(slots=True)
class Cut:
    """Some lines that belong together. `heading`: what stood before them, None where they were recognized by form."""

    kind: PieceKind
    first: int
    heading: Heading | None = None
    lines: list[Line] = field(default_factory=list)
    depth: int = 0

    @property
    def last(self) -> int:
        """The number of its last line."""
        return self.lines[-1].number if self.lines else self.first

    @property
    def text(self) -> str:
        """Its lines."""
        return "\n".join(line.text for line in self.lines)

    def add(self, line: Line) -> None:
        """One more line."""
        self.lines.append(line)
        if self.kind in ("dovecot", "smtpd.conf"):
            bare = line.text.partition("#")[0]
            self.depth = max(0, self.depth + bare.count("{") - bare.count("}"))


def cut(lines: Iterable[Line]) -> list[Cut]:
    """The pieces in their order; lines that belong to none are pieces of the kind `text`."""
    found: list[Cut] = []
    now: Cut | None = None
    for line in lines:
        if line.fence:
            if now is not None and now.lines:
                now = None
            continue
        heading = heading_of(line.text) if len(found) < PIECES else None
        if heading is not None and not (now is not None and _is_within(now, line.text, heading)):
            now = Cut(heading.kind, line.number, heading)
            found.append(now)
        elif now is not None and _takes(now, line.text):
            now.add(line)
        elif line.text:
            kind = (form_of(line.text) if len(found) < PIECES else None) or "text"
            now = Cut(kind, line.number)
            now.add(line)
            found.append(now)
    return list(_joined(_settled(piece) for piece in found))


def _is_within(now: Cut, text: str, heading: Heading) -> bool:
    """Whether what looks like a heading is a remark of the file that is being shown, or a line of a listing."""
    if text.startswith("==> ") or now.kind in ("look", "text", "namei") or (heading.command and not is_remark(text)):
        return False
    if now.depth > 0 or (now.kind in ("sendmail.cf", "submit.cf") and now.heading is not None):
        return text[:1] == "#" or not heading.host
    named = now.heading is not None
    return named and is_remark(text) and not heading.name.endswith((".cf", ".conf", "/saslauthd", ".mc"))


def _takes(now: Cut, text: str) -> bool:
    if now.kind == "text":
        return not text or form_of(text) is None
    if not text:
        return now.heading is not None or _empty_behind(now.lines) < _GAP
    if now.heading is None:
        return goes_on(now.kind, text, now.depth)
    return goes_on_named(now.kind, text, now.depth)


def _empty_behind(lines: list[Line]) -> int:
    count = 0
    while count < len(lines) and not lines[-1 - count].text:
        count += 1
    return count


_CYRUS = re.compile(r"(?m)^\s{0,8}(?:pwcheck_method|mech_list|auxprop_plugin|saslauthd_path|sql_\w{2,30})[ \t]{0,8}:")


def _settled(piece: Cut) -> Cut:
    """Without the empty lines at its end; smtpd.conf is libsasl's or OpenSMTPD's by what stands in it."""
    if behind := _empty_behind(piece.lines):
        del piece.lines[len(piece.lines) - behind :]
    if piece.kind in ("smtpd.conf", "file") and _CYRUS.search(piece.text):
        piece.kind = "sasl-conf"
    return piece


def _joined(pieces: Iterable[Cut]) -> Iterator[Cut]:
    """Neighbours of one kind, recognized by form, are one piece."""
    last: Cut | None = None
    for piece in pieces:
        if not piece.lines and piece.heading is None:
            continue
        if last is not None and last.kind == piece.kind and piece.heading is None and last.heading is None:
            last.lines += piece.lines
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last

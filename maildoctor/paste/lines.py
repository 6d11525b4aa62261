"""The lines of a paste without what mail programs, forums and terminals put round them; each has the number that it has
in an editor."""

import html
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST = 16_384
"""Characters of a line that are read; the rest of it is left out."""

_CONTROL = re.compile(
    r"\x1b(?:\[[0-9;?]{0,30}[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[@-Z\\^_])|[\x00-\x08\x0b-\x1f\x7f]"
)
_QUOTE = re.compile(r"(?:[ \t]{0,3}>){1,5}(?: |$)")
_FENCE = re.compile(
    r"[ \t]{0,8}(?:`{3,}|~{3,})[\w.+-]{0,20}[ \t]*|[ \t]*(?:\[/?(?:code|quote|pre)(?:=[^\]]{0,40})?\]|"
    r"</?(?:pre|code|blockquote|p)(?: [^>]{0,80})?>){1,3}[ \t]*",
    re.IGNORECASE,
)
_TAGS = re.compile(r"\[/?(?:code|pre)\]|</?(?:pre|code|p|br|strong|em)(?: [^>]{0,80})? ?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#\d{1,5}|#x[0-9a-f]{1,4});", re.IGNORECASE)
_CURL = re.compile(r"< \d{3}[ -]")
_MARK = re.compile(r"[ \t]{0,3}(?:>|\|) ?")
_MOSTLY = 0.8


class Line(NamedTuple):
    """One line. `fence`: it only opens or closes a block."""

    number: int
    text: str
    fence: bool = False


def cleaned(text: str) -> list[Line]:
    """The lines of a text of any origin."""
    rows = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [Line(number, _plain(row[:LONGEST])) for number, row in enumerate(rows, 1)]
    return [line._replace(fence=True) if _FENCE.fullmatch(line.text) else line for line in _without_marks(lines)]


def _plain(row: str) -> str:
    if "\x1b" in row or not row.isprintable():
        row = _CONTROL.sub("", row)
    if "&" in row and _ENTITY.search(row):
        row = html.unescape(row)
    if ("<" in row or "[" in row) and not _FENCE.fullmatch(row):
        row = _TAGS.sub("", row)
    return row.replace("\u00a0", " ").replace("\u200b", "").rstrip()


def _without_marks(lines: Sequence[Line]) -> Iterator[Line]:
    """Quoted mail loses its `> `, and a text of which every line begins with a bar loses that. curl writes `> ` before
    what it says, and the rest of its transcript tells it."""
    written = [line.text for line in lines if line.text]
    marked = bool(written) and sum(bool(_MARK.match(text)) for text in written) >= _MOSTLY * len(written)
    quoted = not any(_CURL.match(text) for text in written)
    for line in lines:
        if (marked and quoted and (m := _MARK.match(line.text))) or (
            quoted and line.text[:4].lstrip()[:1] == ">" and (m := _QUOTE.match(line.text))
        ):
            yield line._replace(text=line.text[m.end() :])
        else:
            yield line

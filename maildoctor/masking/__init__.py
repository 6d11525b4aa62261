"""The one masker: it strikes credentials out of text, by the forms in which they stand. Pure; str and bytes.

A line is looked at only if it holds one of the marks that some form cannot do without, so a clean line costs a search
for them. What is struck out becomes `***`, and to mask twice is to mask once.

    masked_line   one line of a log
    masked        a whole text of a known kind
    Masker        line by line, with what it remembers: private keys, values that go on over lines; and it counts

Kinds: `log`; `file` (of any program: a value reaches to the end of its line); `names` (what we list ourselves, where a
name may be any word: only what is secret in itself is struck out); and those of `kind_of`, a file by its path.
"""

from maildoctor.masking.kinds import kind_of
from maildoctor.masking.lines import Masker, masked_line, nameable

__all__ = ["Masker", "kind_of", "masked", "masked_line"]


def masked(text: str, kind: str = "file", *, settings: bool = False) -> str:
    """The text with what is secret struck out, of `settings` the remarks too, its line ends as they were. Never
    raises."""
    if kind == "names" and not nameable(text.lower()):
        return text
    data = text.encode("utf-8", "surrogatepass")
    masker = Masker(kind, settings=settings, counts=False)
    lines = data.split(b"\n")
    reported = [masker.line(line) for line in lines]
    return text if reported == lines else b"\n".join(reported).decode("utf-8", "surrogatepass")

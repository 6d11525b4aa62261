"""Where credentials stand in clear in a file that is read: lines and names of settings, never a value."""

import re
from collections.abc import Iterator

from maildoctor.masking import Masker

_REMARK = ("#", ";", "//", "dnl")
_NAME = re.compile(r"[ \t]{0,40}(?:hide[ \t]{1,9})?([A-Za-z][\w.-]{0,60})[ \t]{0,40}[:=]", re.ASCII)
_EXPANDED = re.compile(_NAME.pattern + r"""[ \t]{0,40}["']?\$[{\w]""", re.ASCII)
"""A value that is looked up when it is needed (Exim, Dovecot, Postfix)."""
_NOT_CLEAR = frozenset(("hash", "comparison", "coded", "dialogue", "bearer", "cookie", "token"))
"""Forms in which stand hashes, or words that only look like a secret."""

MOST = 20
"""Lines of one file that are told."""


def in_clear(kind: str, text: str) -> Iterator[str]:
    """`LINE NAME` of each line with a credential in clear, `-` where it has no name. A remark is none, as stock
    files are full of examples; nor is a hash."""
    masker, reported = Masker(kind), 0
    for number, line in enumerate(text.encode("utf-8", "surrogatepass").split(b"\n"), 1):
        before = {form: found.count for form, found in masker.found.items()}
        masked = masker.line(line).decode("utf-8", "replace")
        forms = {form for form, found in masker.found.items() if found.count > before.get(form, 0)}
        if not forms or forms & _NOT_CLEAR or masked.lstrip().startswith(_REMARK):
            continue
        if _EXPANDED.match(line.decode("utf-8", "replace")):
            continue
        name = _NAME.match(masked)
        yield f"{number} {name[1] if name else '-'}"
        reported += 1
        if reported == MOST:
            return

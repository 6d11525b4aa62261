"""Names of paid block lists in the DNS, in which the subscriber's key is a label of the name."""

import re
from collections.abc import Iterator

from maildoctor.masking.forms import Span, Spans
from maildoctor.masking.patterns import each, holds, pattern

_PROVIDERS = pattern(
    r"(?<=[\w\\])\.(?:[a-z0-9-]{1,20}\\?\.(?:dq\\?\.spamhaus\\?\.net|mail\\?\.abusix\\?\.zone|df\\?\.uribl\\?\.com"
    r"|mail-abuse\\?\.com)|dnsbl\\?\.httpbl\\?\.org)(?![\w-])",
    re.IGNORECASE,
)
"""Of Spamhaus' Data Query Service, Abusix, URIBL, Trend Micro (MAPS) and Project Honey Pot, a dot before it: the label
before that is the key, or, where it is a number of an address that is asked for, the one before the address."""
_LEAST_KEY = 8
_MOST_LABELS = 48
"""An address of IPv6 is 32."""
_OTHER = pattern(
    r"(?<![\w-])((?=[a-z]{0,19}[0-9])(?=[0-9]{0,19}[a-z])[a-z0-9]{20,64})(?=((?:\\?\.[a-z0-9-]{1,40}){2,5}))",
    re.IGNORECASE,
)
_OF_A_LIST = pattern(r"\.(?:[a-z0-9-]{0,20}(?:rbl|dnsbl|uribl)|bl|[a-z0-9-]{0,20}block-?list)\\?\.", re.IGNORECASE)
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
MARKS = ("dq.spamhaus", "dq\\.spamhaus", "abusix", "uribl", "mail-abuse", "httpbl", "dnsbl.", "rbl.")


def subscribed(line: str, low: str) -> Spans:
    """`KEY.zen.dq.spamhaus.net`, with an address before the key or without; of other lists, a label that is long and
    of letters and digits."""
    if not holds(low, MARKS):
        return
    for match in each(_PROVIDERS, line):
        for start, end in _labels(line, match.start()):
            label = line[start:end]
            if not (label.isdigit() and len(label) <= 3) and len(label) > 1:
                if len(label) >= _LEAST_KEY and "_" not in label:
                    yield Span(start, end, "key of a list")
                break
    for match in each(_OTHER, line):
        if _OF_A_LIST.search(match[2]) is not None:
            yield Span(match.start(1), match.end(1), "key of a list")


def _labels(line: str, dot: int) -> Iterator[tuple[int, int]]:
    """The labels of a name before this dot, the last first; the dots may be escaped."""
    for _ in range(_MOST_LABELS):
        end = dot - (line[dot - 1 : dot] == "\\")
        start = end
        while start and line[start - 1] in _LABEL and end - start < 64:
            start -= 1
        if start == end:
            return
        yield start, end
        if line[start - 1 : start] != ".":
            return
        dot = start - 1

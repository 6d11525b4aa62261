"""Failed logins as PAM counts them: pam_faillock's file of a user (modules/pam_faillock/faillock.h), and the record of
a user in pam_tally2's (modules/pam_tally2/tallylog.h). Both have records of 64 octets."""

import re
import sys
from collections.abc import Iterator

RECORD = 64
MOST = 1000
"""Records of one user that are listed."""

_SOURCE = 52
_VALID, _RHOST, _TTY = 1, 2, 4


def failures(data: bytes) -> Iterator[str]:
    """`SECONDS valid|old rhost|tty|service SOURCE` for each record of a file of pam_faillock."""
    for at in range(0, min(len(data) // RECORD, MOST) * RECORD, RECORD):
        record = data[at : at + RECORD]
        source = record[:_SOURCE].partition(b"\0")[0].decode("ascii", "replace")
        source = re.sub(r"[^\w.:@-]", "?", source, flags=re.ASCII)
        status, seconds = _number(record[54:56]), _number(record[56:])
        kind = "rhost" if status & _RHOST else "tty" if status & _TTY else "service"
        yield f"{seconds} {'valid' if status & _VALID else 'old'} {kind} {source or '-'}"


def counted(record: bytes) -> str:
    """`count=N last=SECONDS` of one record of pam_tally2."""
    if len(record) < RECORD:
        return "count=0 last=0"
    return f"count={_number(record[54:56])} last={_number(record[56:])}"


def _number(data: bytes) -> int:
    return int.from_bytes(data, sys.byteorder)

"""Which lines of a mail log are of interest where only a part of it is kept."""

import re
from collections.abc import Iterable

_TROUBLES, _LOGINS = 300, 4000
"""Lines that are kept, the last ones."""
_TROUBLE = re.compile(
    r"SYSERR|safesasl|dlopen|listmech|fail|error|cannot|[Cc]an't|[Uu]nable|unsafe|denied|refus|mismatch|not found"
    r"|unqualified"
)
_NOISE = re.compile(r"safesasl\(.*No such file or directory|error deleting entry from sasldb: BDB0073")
"""sendmail looks for Sendmail.conf in every folder of the search path, and tells of each in which it is not;
saslpasswd2 deletes secrets of every kind before it stores one, and tells of each that was not there."""


def of_trouble(lines: Iterable[str]) -> list[str]:
    """The last lines that speak of something that went wrong."""
    return [line for line in lines if _TROUBLE.search(line) and not _NOISE.search(line)][-_TROUBLES:]


def of_logins(lines: Iterable[str]) -> list[str]:
    """The last lines about logins here, and behind them those about logins of ours elsewhere."""
    lines = list(lines)
    local = [line for line in lines if "AUTH failure (" in line or "AUTH=server" in line]
    elsewhere = [line for line in lines if "AUTH=client, relay=" in line]
    return local[-_LOGINS:] + elsewhere[-_LOGINS:]

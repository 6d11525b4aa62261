"""Which lines of a mail log are of interest where only a part of it is kept."""

import re
from collections.abc import Iterable

_TROUBLES, _LOGINS, _SENT = 300, 4000, 2000
"""Lines that are kept, the last ones."""
_TROUBLE = re.compile(
    r"SYSERR|safesasl|dlopen|listmech|fail|error|cannot|[Cc]an't|[Uu]nable|unsafe|denied|refus|mismatch|not found"
    r"|unqualified|unexpected"
)
_TRIED = re.compile(
    r"AUTH failure \(|AUTH=server|, sasl_method=|: SASL [\w-]{1,20} authentication failed:|authenticator failed for "
    r"| A=[\w-]{1,40}(?::| |$)|smtp authentication user="
)
"""Lines of sendmail, Postfix, Exim and OpenSMTPD about one login."""
_AFTER = re.compile(
    r"proto=ESMTPS?A\b|reject=[45]\d\d |, reply=[45]\d\d |: reject: (?:RCPT|MAIL) from |, stat=[SD]\w"
    r"|, status=(?:sent|deferred|bounced)|, nrcpt=\d"
    r"|: from=<[^>]{0,300}>, size=| smtp (?:message msgid=|failed-command command=\"(?:MAIL|RCPT|DATA))"
    r"|: disconnect from .{0,300} auth=[1-9]| (?:mda|mta) delivery evpid=| (?:=>|==|\*\*) \S{1,300} .{0,200}R="
)
"""Lines about one message, or its refusal."""
_NOISE = re.compile(r"safesasl\(.*No such file or directory|error deleting entry from sasldb: BDB0073")
"""sendmail looks for Sendmail.conf in every folder of the search path, and tells of each in which it is not;
saslpasswd2 deletes secrets of every kind before it stores one, and tells of each that was not there."""


def of_trouble(lines: Iterable[str]) -> list[str]:
    """The last lines that speak of something that went wrong."""
    return [line for line in lines if _TROUBLE.search(line) and not _NOISE.search(line)][-_TROUBLES:]


def of_logins(lines: Iterable[str]) -> list[str]:
    """The last lines about logins here and about what was sent or refused after them, in their order, and behind them
    those about logins of ours elsewhere."""
    lines = list(lines)
    tried = [n for n, line in enumerate(lines) if _TRIED.search(line)]
    after = [n for n, line in enumerate(lines) if _AFTER.search(line)]
    elsewhere = [line for line in lines if "AUTH=client, relay=" in line or "AUTH=client, available" in line]
    kept = sorted({*tried[-_LOGINS:], *after[-_SENT:]})
    return [lines[n] for n in kept] + elsewhere[-_LOGINS:]

"""Where a finding stands, for programs that show findings beside files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.model import Finding

_PATH_AND_LINE = re.compile(r"(?P<path>/.+|[^\s/-][^\s]*):(?P<line>[1-9][0-9]{0,8})", re.DOTALL)
_PATH = re.compile(r"/[^\s:]+")
_RULED_BY = {
    "postfix": "/etc/postfix/main.cf",
    "dovecot": "/etc/dovecot/dovecot.conf",
    "exim": "/etc/exim4/exim4.conf",
    "opensmtpd": "/etc/mail/smtpd.conf",
    "saslauthd": "/etc/default/saslauthd",
}
_USUAL = "/etc/mail/sendmail.cf"


@dataclass(frozen=True, slots=True)
class Place:
    """A file of the target and, where it is known, a line of it, from 1."""

    path: str
    line: int | None = None


def place(finding: Finding, kind: str) -> Place:
    """The file to be shown with a finding on a target of this kind: that of its evidence or labels, the one that a
    command of its evidence looked at, or else the configuration that rules it; of a server elsewhere its name."""
    sources = [e.source for e in finding.evidence]
    whole = [p for p in (reported(source, kind) for source in sources) if p is not None]
    for found in sorted(whole, key=lambda p: (p.path.startswith("/var/log/"), p.line is None)):
        return found
    for path in _paths_in(finding, sources):
        return Place(path)
    if kind == "endpoint":
        return Place(finding.labels.get("endpoint") or next(filter(None, sources), "server"))
    return Place(_RULED_BY.get(finding.name.partition("-")[0], _USUAL))


def reported(source: str, kind: str) -> Place | None:
    """The place that the source of evidence names, if it is a path or `path:line`.

    Only a log is named by a relative path: of a host, `a.example:25` is an address.
    """
    match = _PATH_AND_LINE.fullmatch(source)
    if match and (match["path"].startswith("/") or kind == "log"):
        return Place(match["path"], int(match["line"]))
    return Place(source) if _PATH.fullmatch(source) else None


def _paths_in(finding: Finding, sources: list[str]) -> Iterator[str]:
    yield from (value for _, value in sorted(finding.labels.items()) if _PATH.fullmatch(value))
    for source in sources:
        yield from reversed([word for word in source.split() if _PATH.fullmatch(word) and word != "/dev/null"])

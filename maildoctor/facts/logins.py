"""Who tried to log in, by the recent lines of this host's own log (sendmail/srvrsmtp.c, LogLevel 9 or 10)."""

import re
from dataclasses import dataclass, field
from typing import Self

_FAILURE = re.compile(
    r"AUTH failure \((?P<mech>[\w-]{1,20})\): [^(]{1,80} \((?P<code>-?\d{1,3})\)"
    r"(?:.{0,600}?, user=(?P<user>[^,]{0,128}), relay=(?P<relay>.{0,200})|.{0,600}?, relay=(?P<old>.{0,200}))?$"
)
_SUCCESS = re.compile(
    r"AUTH=server, relay=(?P<relay>[^,]{0,200}), authid=(?P<user>[^,]{1,128}), mech=(?P<mech>[\w-]{1,20}), bits="
)
_ASKED_FOR = re.compile(r"\buser: ([^@\s]{1,64})@\S{1,200} property: ")
"""What sendmail before 8.16 tells of the name, in the words of libsasl (plugins/cram.c)."""
_HANDED_OVER = re.compile(r"AUTH=client, relay=(?P<relay>[^,\s]{1,100}), mech=(?P<mech>[\w-]{0,20}), bits=")
_NAMES = 100
"""Different names kept; where more were tried somebody is guessing."""

USER_NOT_FOUND = -20
WRONG_PASSWORD = -13


@dataclass(slots=True)
class Attempts:
    """What one name met: failures since its last success, by SASL result code, and whether it ever succeeded."""

    name: str
    failures: dict[int, int] = field(default_factory=dict)
    mechanisms: set[str] = field(default_factory=set)
    relays: set[str] = field(default_factory=set)
    succeeded: bool = False
    last: str = ""
    """the last line about it"""
    domains: set[str] = field(default_factory=set)
    """what stood behind the `@` of it where it failed since"""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """How this host last met a server that offers AUTH: `mech` is empty where it did not log in there, and the mail
    went on without (deliver.c: every server without an entry in authinfo is such a one)."""

    relay: str
    mech: str
    line: str


@dataclass(frozen=True, slots=True)
class Logins:
    """Recent logins. Text: lines of a mail log; a first line `# path: /var/log/mail.log` names it."""

    path: str
    names: dict[str, Attempts]
    guessing: bool
    """more different names than any company has typists: somebody outside is guessing"""
    successes: int
    handed_over: dict[str, HandedOver] = field(default_factory=dict)
    """servers that this host sent mail to, by their name in lower case, without a dot at its end"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines of a log; others are passed over. Later lines count more: a success ends what was before."""
        path = re.match(r"# path: (.*)", text)
        names: dict[str, Attempts] = {}
        handed_over: dict[str, HandedOver] = {}
        more, successes = False, 0
        for line in text.split("\n"):
            if "AUTH" not in line:
                continue
            if sent := _HANDED_OVER.search(line):
                relay = sent["relay"].lower().rstrip(".")
                handed_over[relay] = HandedOver(relay, sent["mech"], line.strip()[:300])
                continue
            failed = _FAILURE.search(line)
            done = None if failed else _SUCCESS.search(line)
            found = failed or done
            if found is None:
                continue
            asked = None if found["user"] else _ASKED_FOR.search(line)
            name = asked[1] if asked else (found["user"] or "").partition("@")[0]
            if name not in names and len(names) >= _NAMES:
                more = True
                continue
            one = names.setdefault(name, Attempts(name))
            if failed:
                code = int(failed["code"])
                one.failures[code] = one.failures.get(code, 0) + 1
                one.mechanisms.add(failed["mech"])
                one.relays.add((failed["relay"] or failed["old"] or "").strip()[:80])
                one.last = line.strip()[:300]
                one.domains.update(filter(None, [found["user"].partition("@")[2]] if found["user"] else []))
            else:
                successes += 1
                one.failures.clear()
                one.domains.clear()
                one.mechanisms.clear()
                one.succeeded = True
        return cls(path[1] if path else "the log", names, more or len(names) > _NAMES // 4, successes, handed_over)

    def failing(self, code: int) -> tuple[Attempts, ...]:
        """Names whose last attempts failed with this code; a name that got in since is not among them."""
        return tuple(a for a in self.names.values() if a.name and a.failures.get(code))

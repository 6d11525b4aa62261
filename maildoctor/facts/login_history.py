"""What came of real logins and of the mail sent after them, by the log of the running mail server.

Formats: sendmail/srvrsmtp.c (`AUTH=server`, `AUTH failure`, `proto=ESMTPSA`, RFC 3848), sendmail/deliver.c (`stat=`);
postfix smtpd/smtpd.c (`sasl_method=`), smtpd_sasl_glue.c, bounce/trace (`status=`); exim `<=` with `A=`,
`authenticator failed` (smtp_in.c: 535, and 435 where it could not ask); OpenSMTPD smtp_session.c (`smtp
authentication`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from maildoctor.facts import of_file
from maildoctor.model import Evidence

_LINE = 300
"""Characters of a line that are kept."""
_NAMES = 200
"""Different users that are kept for each mechanism."""
_QUEUED = 4000
"""Messages of which it is remembered that they came after a login."""

_SINCE = re.compile(r"# since: ?([^\n]{0,40})\n?")
_PID = re.compile(r"\[(\d{1,10})\]:? ")
_SUCCESS = re.compile(
    r"AUTH=server, relay=(?P<peer>[^,]{0,200}), authid=(?P<user>[^,]{1,128}), mech=(?P<mech>[\w-]{1,20}), bits="
    r"|(?P<id>\w{6,20}): client=(?P<client>[^,\s]{1,200}), sasl_method=(?P<method>[\w-]{1,20})"
    r"(?:, sasl_username=(?P<name>[^,\s]{1,128}))?"
    r"|(?P<exim>\w{6}-\w{6,11}-\w{2,4}) <= .{1,600}? P=e?smtps?a .{0,600}?\bA=(?P<authenticator>[\w-]{1,40})"
    r"(?::(?P<login>[^\s:]{1,128}))?"
    r"|\b(?P<session>[0-9a-f]{16}) smtp authentication user=(?P<account>\S{1,128}) (?:address=(?P<address>\S{1,60}) )?"
    r"(?:host=\S{1,200} )?result=ok"
)
_FAILURE = re.compile(
    r"AUTH failure \((?P<mech>[\w-]{1,20})\): (?P<words>[^(]{1,80}) \((?P<code>-?\d{1,3})\)"
    r"(?:.{0,600}?, user=(?P<user>[^,]{0,128}), relay=(?P<peer>.{0,200})|.{0,600}?, relay=(?P<old>.{0,200}))?$"
    r"|warning: (?P<client>\S{1,200}): SASL (?P<method>[\w-]{1,20}) authentication failed: (?P<why>.{0,200}?)"
    r"(?:, sasl_username=(?P<name>\S{1,128}))?$"
    r"|(?P<authenticator>[\w-]{1,40}) authenticator failed for (?P<host>.{1,200}?): 535 .{0,200}?"
    r"(?:\(set_id=(?P<login>[^)]{1,128})\))?$"
    r"|(?P<deferring>[\w-]{1,40}) authenticator failed for (?P<deferred>.{1,200}?): 435 "
    r"|smtp authentication user=(?P<account>\S{1,128}) .{0,300}?result=(?P<result>\w{0,20}fail\w{0,20})"
)
_TAKEN = re.compile(
    r"(?P<id>\w{8,24}): from=.{0,400}, nrcpts=[1-9]\d*, msgid=.{0,400}, proto=ESMTPS?A\b"
    r"|(?P<postfix>\w{6,20}): from=<[^>]{0,300}>, size=\d+, nrcpt=[1-9]"
    r"|\b(?P<session>[0-9a-f]{16}) smtp message msgid=(?P<message>[0-9a-f]{8}) "
)
_PASSED_ON = re.compile(
    r"(?P<id>\w{8,24}): to=.{0,800}, stat=(?P<stat>Sent|Deferred|[A-Z][\w ]{2,40})"
    r"|(?P<postfix>\w{6,20}): to=<.{0,800}, status=(?P<status>\w{1,20})"
    r"|(?P<exim>\w{6}-\w{6,11}-\w{2,4}) (?P<arrow>=>|\*\*|==) "
    r"|(?:mda|mta) delivery evpid=(?P<envelope>[0-9a-f]{8}).{0,800} result=\"?(?P<result>\w{1,40})"
)
_REFUSED = re.compile(
    r"(?P<id>\w{8,24}): (?:ruleset=(?P<set>[A-Za-z]\w{1,40})|Milter).{0,600}?, (?:relay=(?P<peer>.{0,200}), )?"
    r"reject=(?P<reply>[45]\d\d .{0,300})"
    r"|\b(?P<session>[0-9a-f]{16}) smtp failed-command command=\"(?:MAIL|RCPT|DATA).{0,400}result=\"[45]\d\d"
    r"|: (?P<rejected>reject): (?:RCPT|MAIL) from "
    r"|: disconnect from (?P<postfix>\S{1,300}) .{0,200}\bauth=[1-9]\d* .{0,100}\b(?:mail|rcpt|data)=0/[1-9]"
)
_RELAYING = re.compile(r"[Rr]elay(?:ing)?(?: access)? denied|Invalid recipient|not permitted|5\.7\.[01]\b")
_LIMITED = re.compile(
    r"ruleset=check_\w{1,10}, .{0,400}?relay=(?P<peer>.{0,200}), reject=4\d\d .{0,12}"
    r"(?:(?P<rate>Connection rate limit exceeded)|Too many open connections)"
)
"""What RateControl and ConnControl say (cf/m4/proto.m4), before a client can log in."""
_ELSEWHERE = re.compile(
    r"AUTH=client, relay=(?P<hub>[^,\s]{1,100})(?: \[[^\]]{1,60}\])?, "
    r"(?:mech=(?P<mech>[\w-]{0,20}), bits=|(?P<failed>authinfo .{0,20}failed|temporary failure, connection abort))"
)
"""usersmtp.c and deliver.c. An empty mechanism: it did not log in, and went on without."""
_TO = re.compile(r": to=.{0,1200}?, relay=(?P<hub>[^,\s]{1,100}) \[.{0,800}?, stat=(?P<stat>[A-Z][\w ]{2,40})")
_HANDED_OVER = re.compile(
    r"/(?:smtp|relay)\[(?P<pid>\d{1,10})\]: \w{6,20}: to=<.{0,400}?, relay=(?P<hub>[^\[,\s]{1,200})\[[^\]]{1,60}\]"
    r":(?P<port>\d{1,5}), .{0,400}?status=(?P<status>\w{1,20}) \((?P<said>.{0,300})"
)
"""postfix: global/log_adhoc.c. It writes no line of its own for a login elsewhere that went well."""
_SUBMISSION_PORTS = ("465", "587")
"""They take mail only after a login (RFC 6409, section 4.3)."""
_NOT_LOGGED_IN = re.compile(
    r"said: 5(?:30|54|50) .{0,100}?(?:[Aa]uthentication|5\.7\.1|[Rr]elay)|said: 530 |[Mm]ust authenticate", re.DOTALL
)
_ADDRESS = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]|^([0-9A-Fa-f.:]{7,45})$")
_LOCAL = re.compile(r"\b(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)\b|\[local\]")
_OURS = re.compile(r"[a-z][A-Z0-9]+(?:-[A-Z0-9]+)*")
"""How our own probe spells a mechanism (`smtp/scripts.py`): what it was refused is nobody's fault."""
_CREDENTIALS = frozenset({-13, -20, -14, -26})
"""SASL_BADAUTH, SASL_NOUSER, SASL_NOAUTHZ, SASL_NOCHANGE (sasl.h): the user's own doing. Others are the server's."""


@dataclass(slots=True)
class Record:
    """What one mechanism met. `by_the_server`: failures that no password explains, as `generic failure (-1)`."""

    mechanism: str
    succeeded: int = 0
    failed: int = 0
    by_the_server: int = 0
    let_in: set[str] = field(default_factory=set)
    turned_away: set[str] = field(default_factory=set)
    success: str = ""
    """the last line of a success"""
    failure: str = ""
    """the last line of a failure"""
    failing_now: bool = False
    """the last that came of it was a failure"""
    friends: set[tuple[str, str]] = field(default_factory=set)
    """users with the address from which they got in"""
    refused: set[tuple[str, str]] = field(default_factory=set)
    """users with the address from which they did not"""


@dataclass(slots=True)
class Hub:
    """How this host logs in at another server, and what became of the mail for it. `now`: what came of the last time,
    `in`, `out` (it went on without a login) or `failed`; `success`, `failure`, `without`: the last line of each."""

    name: str
    now: Literal["", "in", "out", "failed"] = ""
    mechanism: str = ""
    success: str = ""
    failure: str = ""
    without: str = ""
    taken: str = ""
    """the last line of a message that the server took"""
    refused: str = ""
    """the last line of one that it refused, or that waits, with a later one taken by none"""
    pid: str = ""
    """of the process that met it last"""


_UNFIT = re.compile(r"AUTH=client, available mechanisms.{0,300}? do not fulfill requirements")
_AT_HUB = re.compile(
    r"AUTH=client, relay=(?P<relay>[^,\s]{1,100}), (?:(?P<off>temporary failure)|mech=(?P<mech>[\w-]{1,20}))"
)


def _unfit(lines: Iterable[str]) -> dict[str, str]:
    """usersmtp.c, attemptauth() and smtpauth(): that none fits, and then of which server that is."""
    found, said = dict[str, str](), ""
    for line in lines:
        if _UNFIT.search(line):
            said = line.strip()[:300]
        elif m := _AT_HUB.search(line):
            relay = m["relay"].lower().rstrip(".")
            if said and m["off"] and (relay in found or len(found) < _HUBS):
                found[relay] = said
            elif m["mech"]:
                found.pop(relay, None)
            said = ""
    return found


_HUBS = 100


@dataclass(frozen=True, slots=True)
class LoginHistory:
    """Logins since the running mail server was started. Text: lines of its log; `# path: FILE` names it, and `# since:
    TIME` says from when on the lines are, empty where that is not known.

    `taken`: a line of a message that was taken from somebody who had logged in; `passed_on`: what became of one;
    `refused`: the last line that turned such a one away with a later one taken by none.
    """

    path: str
    since: str
    by_mechanism: Mapping[str, Record]
    taken: str = ""
    passed_on: str = ""
    held_up: str = ""
    refused: str = ""
    insistent: int = 0
    """how often one user failed from one address: who guesses soon takes another name"""
    clients: tuple[str, ...] = ()
    """addresses of other machines from which somebody logged in"""
    at_the_door: str = ""
    """the last line of a client that check_relay or tls_client turned away before it could log in"""
    limited: Mapping[str, str] = field(default_factory=dict)
    """by address, the last line that turned a client away for the number of its connections: before it could log in"""
    hubs: Mapping[str, Hub] = field(default_factory=dict)
    """by its name in lower case, each server to which this host handed mail over, or tried to"""
    unfit: Mapping[str, str] = field(default_factory=dict)
    """by its name, likewise, each server that offered no mechanism that this host may use, and where it did not log in
    since, with the line that says so"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines; others are passed over."""
        path, rest = of_file(text, "the log")
        named = _SINCE.match(rest)
        reader = _Reader()
        lines = rest[named.end() :].split("\n") if named else rest.split("\n")
        for line in lines:
            reader.read(line)
        return cls(
            path,
            named[1].strip() if named else "",
            reader.records,
            reader.taken,
            reader.passed_on,
            reader.held_up,
            reader.refused,
            max(reader.tries.values(), default=0),
            tuple(reader.clients),
            reader.at_the_door,
            reader.limited,
            reader.hubs,
            _unfit(line for line in lines if "AUTH=client, " in line),
        )

    @property
    def succeeded(self) -> int:
        """Logins that went well."""
        return sum(r.succeeded for r in self.by_mechanism.values())

    @property
    def failed(self) -> int:
        """Logins that did not."""
        return sum(r.failed for r in self.by_mechanism.values())

    @property
    def guessed_at(self) -> bool:
        """More names were turned away than any company has typists: somebody outside is guessing."""
        return len(self.turned_away) > _GUESSERS

    @property
    def let_in(self) -> frozenset[str]:
        """Users who logged in, by whatever mechanism."""
        return frozenset(name for r in self.by_mechanism.values() for name in r.let_in)

    @property
    def turned_away(self) -> frozenset[str]:
        """Users who were turned away, by whatever mechanism."""
        return frozenset(name for r in self.by_mechanism.values() for name in r.turned_away)

    @property
    def only_user(self) -> str:
        """Who alone tried, where nobody got in; empty where several did, or somebody did get in."""
        names = self.turned_away
        return next(iter(names)) if len(names) == 1 and not self.succeeded else ""

    def failing(self) -> Iterator[Record]:
        """Mechanisms by which nobody got in, tried by users who get in by another from the same address, as no guesser
        does, or failing by the server's own doing; and one whose last tries failed by the server's own doing."""
        known = {friend for r in self.by_mechanism.values() for friend in r.friends}
        for r in self.by_mechanism.values():
            never = r.mechanism and r.failed and not r.succeeded and (r.refused & known or r.by_the_server)
            if never or (r.failing_now and r.by_the_server and r.succeeded):
                yield r

    def evidence(self, line: str) -> tuple[Evidence, ...]:
        """A line of this log."""
        return (Evidence(self.path, line),) if line else ()


_GUESSERS = 20


@dataclass(slots=True)
class _Reader:
    """Goes through the lines. `user_of`: by process, the peer that logged in; `queued`: messages of those who did."""

    records: dict[str, Record] = field(default_factory=dict)
    taken: str = ""
    passed_on: str = ""
    held_up: str = ""
    refused: str = ""
    user_of: dict[str, str] = field(default_factory=dict)
    queued: dict[str, None] = field(default_factory=dict)
    rejections: dict[str, str] = field(default_factory=dict)
    tries: dict[tuple[str, str], int] = field(default_factory=dict)
    denied: bool = False
    """mail to others was refused for want of a right: that mail to this host is taken says nothing of it"""
    clients: dict[str, None] = field(default_factory=dict)
    at_the_door: str = ""
    limited: dict[str, str] = field(default_factory=dict)
    hubs: dict[str, Hub] = field(default_factory=dict)

    def read(self, line: str) -> None:
        line = line.rstrip()[:2000]
        if "AUTH failure (" in line or "authentication failed:" in line or "authenticator failed" in line:
            self.failure(line)
        elif "smtp authentication" in line:
            self.failure(line) if "fail" in line else self.success(line)
        elif "AUTH=client" in line:
            self.elsewhere(line)
        elif "AUTH=server" in line or "sasl_method=" in line or " <= " in line:
            self.success(line)
        elif any(word in line for word in ("reject=", ": reject: ", "smtp failed-command", ": disconnect from")):
            self.refusal(line)
        elif ("from=<" in line or "smtp message" in line) and (m := _TAKEN.search(line)):
            if m["id"] or m["postfix"] in self.queued or m["session"] in self.user_of:
                self.message(m["id"] or m["postfix"] or m["message"], line)
        else:
            self.outcome(line)

    def success(self, line: str) -> None:
        m = _SUCCESS.search(line)
        if m is None:
            return
        peer = m["peer"] or m["client"] or m["address"] or ""
        record = self.record(m["mech"] or m["method"] or m["authenticator"] or "")
        record.succeeded += 1
        address = None if _LOCAL.search(peer) else _ADDRESS.search(peer)
        if address and len(self.clients) < _NAMES:
            self.clients[address[1] or address[2]] = None
        record.success, record.failing_now = line[:_LINE], False
        name = m["user"] or m["name"] or m["login"] or m["account"] or ""
        _add(record.let_in, name)
        _pair(record.friends, name, peer)
        if (pid := _PID.search(line)) or m["session"]:
            self.user_of[m["session"] or (pid[1] if pid else "")] = peer
        if mark := m["id"] or m["exim"]:
            self.queue(mark)
            if m["exim"]:
                self.message(mark, line)

    def failure(self, line: str) -> None:
        m = _FAILURE.search(line)
        if m is None or _OURS.fullmatch(m["mech"] or m["method"] or "") or "(maildoctor.invalid)" in line:
            return
        record = self.record(m["mech"] or m["method"] or m["authenticator"] or m["deferring"] or "")
        record.failed += 1
        record.by_the_server += bool(m["deferring"] or (m["code"] and int(m["code"]) not in _CREDENTIALS))
        record.failure, record.failing_now = line[:_LINE], True
        name = m["user"] or m["name"] or m["login"] or m["account"] or ""
        name = "" if name.startswith("(") else name  # smtpd_sasl_glue.c: (unavailable), where no name was told
        _add(record.turned_away, name)
        peer = m["peer"] or m["old"] or m["client"] or m["host"] or m["deferred"] or ""
        _pair(record.refused, name, peer)
        if (name, peer) in self.tries or len(self.tries) < _QUEUED:
            self.tries[name, peer] = self.tries.get((name, peer), 0) + 1

    def refusal(self, line: str) -> None:
        m, pid = _REFUSED.search(line), _PID.search(line)
        process = (m["session"] if m else None) or (pid[1] if pid else "")
        if m and m["rejected"]:
            self.rejections[process] = line
        elif m and m["postfix"]:
            self.turned_away(self.rejections.pop(process, line))
        elif m and process in self.user_of and self.user_of[process] == (m["peer"] or self.user_of[process]):
            self.turned_away(line)
        elif limit := _LIMITED.search(line):
            address = _ADDRESS.search(limit["peer"])
            if address and len(self.limited) < _NAMES:
                self.limited[address[1] or address[2]] = line[:_LINE]
        elif "ruleset=check_relay" in line or "ruleset=tls_client" in line:
            self.at_the_door = line[:_LINE]

    def turned_away(self, line: str) -> None:
        self.denied = self.denied or bool(_RELAYING.search(line))
        self.refused = line[:_LINE]

    def elsewhere(self, line: str) -> None:
        m, pid = _ELSEWHERE.search(line), _PID.search(line)
        if m is None:
            return
        hub, number = self.hub(m["hub"]), pid[1] if pid else ""
        if m["failed"]:
            hub.now, hub.failure = "failed", line[:_LINE]
        elif m["mech"]:
            hub.now, hub.mechanism, hub.success = "in", m["mech"].upper(), line[:_LINE]
        else:
            hub.without = line[:_LINE]
            hub.now = "failed" if hub.now == "failed" and hub.pid == number else "out"
        hub.pid = number

    def hub(self, name: str) -> Hub:
        name = name.lower().rstrip(".")
        return self.hubs.setdefault(name, Hub(name)) if len(self.hubs) < _NAMES else self.hubs.get(name, Hub(name))

    def message(self, mark: str, line: str) -> None:
        self.queue(mark)
        self.taken = line[:_LINE]
        self.refused = self.refused if self.denied else ""

    def handed_over(self, m: re.Match[str], line: str) -> None:
        """What became of mail that Postfix gave to another server by SMTP."""
        hub, line = self.hub(m["hub"]), line[:_LINE]
        hub.pid = m["pid"]
        if m["status"] == "sent":
            hub.taken, hub.refused = line, ""
            if m["port"] in _SUBMISSION_PORTS:
                hub.now, hub.success = "in", line
            return
        hub.refused = line
        if m["said"].startswith("SASL authentication failed") or "offered no compatible authentication" in m["said"]:
            hub.now, hub.failure = "failed", line
        elif _NOT_LOGGED_IN.search(m["said"]):
            hub.now, hub.without = "out", line

    def outcome(self, line: str) -> None:
        if handed := _HANDED_OVER.search(line) if " relay=" in line and " status=" in line else None:
            self.handed_over(handed, line)
        elif to := _TO.search(line):
            hub = self.hub(to["hub"])
            if to["stat"].startswith("Sent"):
                hub.taken, hub.refused = line[:_LINE], ""
            else:
                hub.refused = line[:_LINE]
        m = _PASSED_ON.search(line)
        if m is None or (m["id"] or m["postfix"] or m["exim"] or m["envelope"]) not in self.queued:
            return
        word = m["stat"] or m["status"] or m["arrow"] or m["result"]
        if word in ("Sent", "sent", "=>", "Ok"):
            self.passed_on, self.held_up = line[:_LINE], ""
        elif word in ("Deferred", "deferred", "==", "TempFail"):
            self.held_up = line[:_LINE]

    def queue(self, mark: str) -> None:
        if len(self.queued) < _QUEUED:
            self.queued[mark] = None

    def record(self, mechanism: str) -> Record:
        name = mechanism.upper()
        return self.records.setdefault(name, Record(name)) if len(self.records) < _NAMES else Record(name)


def _add(names: set[str], name: str) -> None:
    name = name.partition("@")[0]
    if name and len(names) < _NAMES:
        names.add(name)


def _pair(pairs: set[tuple[str, str]], name: str, peer: str) -> None:
    if peer and len(pairs) < _NAMES:
        pairs.add((name.partition("@")[0], peer.strip()))

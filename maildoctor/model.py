"""What is said: findings, outcomes and the report. Frozen values, no I/O.

The JSON form of a `Report` is `maildoctor/report.schema.json`; it changes by adding, never by renaming.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "info"]
CheckResult = Literal["pass", "fail", "not_judged", "not_applicable", "broke"]
Safety = Literal["safe", "risky", "manual"]
StepKind = Literal["changes", "restarts", "asks", "looks", "by_hand", ""]
"""What a step is: it changes what it names; a service starts again; it asks at the terminal (for a password) and
changes something; it only looks; a person does it; or it is not known, as of what a log rule advises."""

PluginState = Literal["loads", "broken", "missing", "builtin", "unknown"]
LoginResult = Literal["ok", "failed", "refused", "not_tried"]
Usability = Literal[
    "works",
    "works_no_relaying",
    "works_not_everywhere",
    "login_fails",
    "no_plugin",
    "does_not_load",
    "nobody",
    "with_realm_only",
    "may_not_relay",
    "in_clear",
    "usable",
    "would_be_usable",
    "not_configured",
    "hidden",
    "against_options",
    "offer_lacks_it",
    "not_offered",
]
"""What a mechanism comes to for clients, or the first hindrance on their way: `nobody` has a secret for it, or reaches
a verifier; `with_realm_only`: those it could serve must write their realm behind their name; `in_clear`: it works and
gives passwords away; `hidden` by mech_list; `against_options`: it has not the properties that are asked for;
`offer_lacks_it`: the files promise it, EHLO does not name it. `render/matrix.py` has the words."""

ClientKind = Literal["strongest", "servers_order", "plain_only"]
"""Which mechanism a client prefers."""

RungName = Literal["program", "listener", "tls", "mechanism", "offer", "verifier", "account", "policy", "hand-over"]
"""What a login needs, the lowest first."""

RungState = Literal["holds", "broken", "not_shown", "not_reached"]
"""`holds`: evidence shows it. `not_shown`: nothing is known against it, and nothing shows it. `not_reached`: a lower
one is broken, or nothing runs on this target."""

VerdictCode = Literal["works", "partly", "broken", "ready", "not_shown", "nothing_to_judge"]
"""Whether users can log in. `works`: a login of theirs is shown. `ready`: nothing runs here, and nothing in the files
stands in the way. `not_shown`: nothing stands in the way that was seen, and no login is shown."""

Purpose = Literal["look", "login", "relay", "relay-auth", "send", "announced"]
"""Why a conversation was had: to see the offer, to log in, to try whether a stranger or a user may relay, to send, to
learn what a domain announces."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""From the worst to the least severe."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of the host itself. `source` is a path, `path:line`, or the command that printed `text`."""

    source: str
    text: str


EditWay = Literal[
    "filtered", "appended", "written", "parameter", "mode", "owner", "moved", "gone", "link", "folder", "described"
]
"""What happens at a path, by `Edit.words`. `filtered`: the file goes through this command, from its input to its
output; `appended`, `written`: this text comes to the end of the file, or is all of it; `parameter`: main.cf gets a name
and a value, or loses the name alone; `mode`: as chmod(1) takes it; `owner`: as chown(8) does; `moved`: it gets this
other path; `link`: it is a symbolic link to that; `folder`: a directory with owner, group and mode; `described`: a
sentence says it, for what comes of it is not known beforehand."""

NOT_REPORTED = "not reported"
"""Marks the field of a value, in its metadata, that is for `fix` alone and stands in no report."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a step makes of what stands at `path`, which is empty where no path is known. `unless`: nothing, where the
    file has this line already."""

    path: str
    way: EditWay
    words: tuple[str, ...] = ()
    unless: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a remedy. `undo` is the command that takes it back, `effect` what it does besides, as `restarts
    sendmail`; each empty where there is none. `changes`: the paths of all that it changes, empty where that is not
    known beforehand, as of a package. `edits`: what it makes of them, in order, as far as that is known. `restart`: of
    a command that changes something and then restarts a service, the second part alone; `enables`: from then on a
    service starts with the system, by links and settings that each init system has elsewhere; `confirms`: the program
    asks whether to go on, and who allows the step has said so."""

    command: str
    safety: Safety = "manual"
    undo: str = ""
    effect: str = ""
    kind: StepKind = field(default="", compare=False)
    changes: tuple[str, ...] = field(default=(), compare=False)
    edits: tuple[Edit, ...] = field(default=(), compare=False, metadata={NOT_REPORTED: True})
    restart: str = field(default="", compare=False, metadata={NOT_REPORTED: True})
    enables: bool = field(default=False, compare=False, metadata={NOT_REPORTED: True})
    confirms: bool = field(default=False, compare=False, metadata={NOT_REPORTED: True})

    @property
    def restarting(self) -> str:
        """The command that restarts what this one restarts, and does nothing else; empty where it restarts nothing."""
        return (self.restart or self.command) if self.kind == "restarts" else ""

    @property
    def lasting(self) -> bool:
        """Whether nobody knows what it changes, and that outlives what runs: so it cannot be taken back."""
        return not self.changes and (self.kind != "restarts" or self.enables)


@dataclass(frozen=True, slots=True)
class Traffic:
    """How a finding of a log went over time. `start` as `Finding.first`; `counts`: lines in steps of `minutes` each.

    `users` and `relays`: the most frequent with their counts. `about`: the counts are estimates; `forgotten`: there
    were more names than memory was given, and the rarest are not known.
    """

    start: str | None
    minutes: int
    counts: tuple[int, ...]
    users: tuple[tuple[str, int], ...] = ()
    relays: tuple[tuple[str, int], ...] = ()
    about: bool = False
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong on one subject. Identity is `code` and `labels`, never the sentence. `product`: the
    program in whose login service it was judged (`sendmail`, `postfix`), empty where it is none's alone. `rung`: the
    first thing a login needs that it breaks; `direction`: whose login; both empty where nothing says so."""

    code: str
    name: str
    severity: Severity
    message: str
    why: str
    advice: str
    fix: tuple[Step, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    refs: tuple[str, ...] = ()
    count: int = 1
    first: str | None = None
    last: str | None = None
    traffic: Traffic | None = None
    product: str = ""
    rung: Literal[RungName, "none", ""] = ""
    direction: Literal["server", "relay", "local", ""] = ""

    @property
    def fingerprint(self) -> str:
        """`CODE:label=value,…`: the same fault on the same thing has the same one in every run."""
        return ":".join([self.code, ",".join(f"{k}={v}" for k, v in sorted(self.labels.items()))]).rstrip(":")


@dataclass(frozen=True, slots=True)
class Suppression:
    """Somebody's word that a finding is known and does not count: what it is about, in the words of the configuration,
    the reason, the last day as YYYY-MM-DD (empty: for good), and the `path:line` where it stands. `over`: that day has
    passed, so what it is about counts again."""

    what: str
    reason: str
    until: str
    where: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """A finding in its place: `rank` from 1, `explained_by` the fingerprint of its cause (None: it is a root);
    `suppression` is the one that is about it."""

    finding: Finding
    rank: int
    explained_by: str | None
    suppression: Suppression | None = None

    @property
    def suppressed(self) -> bool:
        """It is told in one line and does not count."""
        return self.suppression is not None and not self.suppression.over


@dataclass(frozen=True, slots=True)
class RouteRung:
    """One thing a login needs. `summary`: what is so, in a few words; `finding`: the fingerprint of what breaks it;
    `would_show`: the command that shows it, empty where none does."""

    rung: RungName
    state: RungState
    summary: str = ""
    evidence: tuple[Evidence, ...] = ()
    finding: str | None = None
    would_show: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One way in which users log in: a `listener` (`address:port`, empty where only files are known) of a `service`
    (`sendmail`), with its rungs from the lowest to the highest. Or, where `direction` is `relay`, the way in which this
    host logs in at another, whose name is the `listener`."""

    service: str
    listener: str
    rungs: tuple[RouteRung, ...]
    direction: Literal["server", "relay"] = "server"

    def rung(self, name: RungName) -> RouteRung | None:
        """One of its rungs."""
        return next((r for r in self.rungs if r.rung == name), None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether users can log in, and the particulars of the sentence that says so: `shown`: how many logins show it;
    `without`: what cannot be used where others can (mechanisms, listeners or users); `because`: what it is that is
    missing, or not shown. Where some can log in, `able` are the mechanisms by which they do or, if no login is shown,
    by which it seems that they can, and `fails` is what fails the others: the lowest rung that is broken, or the login
    of this host elsewhere or of its own programs."""

    code: VerdictCode
    shown: int = 0
    without: tuple[str, ...] = ()
    because: str = ""
    able: tuple[str, ...] = ()
    fails: Literal[RungName, "relay", "local", ""] = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one check. `reason` and `remedy` say why it was not judged and what would let it be."""

    code: str
    name: str
    outcome: CheckResult
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A program found on the target, e.g. `sendmail` `8.17.1.9`; version empty where it could not be told. `in_use`:
    whether users can meet it here, for all that is known."""

    name: str
    version: str
    in_use: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file of a configuration that is not installed: it was taken for what stands, or would stand, at `path`, with
    this owner and mode (`root root 0644`). `replaces`: there is such a file now; `used`: it was read, as only what the
    configuration names is."""

    file: str
    path: str
    owned: str
    replaces: bool
    used: bool


@dataclass(frozen=True, slots=True)
class Target:
    """What was examined. `kind`: host, root, container, snapshot, log, endpoint or paste. `run_in`: the command that
    opens a shell where those of the findings are to be run, a remark where no command does; empty for a host.
    `candidates`: files that were taken for the installed ones."""

    kind: str
    name: str
    mta: tuple[Product, ...] = ()
    sasl: tuple[Product, ...] = ()
    run_in: str = ""
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Logins:
    """Logins that a log tells of: how many went well and how many lines tell of one that failed; the most frequent
    mechanisms, users and relays of those that went well."""

    succeeded: int
    failed: int
    mechs: tuple[tuple[str, int], ...] = ()
    users: tuple[tuple[str, int], ...] = ()
    relays: tuple[tuple[str, int], ...] = ()
    since: str = ""
    """from when on they are counted, ISO 8601, where that is not the log's beginning"""


@dataclass(frozen=True, slots=True)
class LogRead:
    """What was read of logs. `first` and `last`: the stretch of time of the lines that a rule knew, ISO 8601.

    `lines_exact`: false where a long log's lines were estimated. `matched`: lines that a rule knew. `unknown`: lines
    that speak of logins and that no rule knew, with their `shapes`, where these were asked for. `damage`: what could
    not be read, and which log rules could not be used, one sentence each.
    `sampled`: codes of rules whose fields were taken from a part of the lines only.
    """

    names: tuple[str, ...]
    lines: int
    bytes: int
    matched: int
    lines_exact: bool = True
    unknown: int = 0
    first: str | None = None
    last: str | None = None
    logins: Logins | None = None
    shapes: tuple[tuple[str, int], ...] = ()
    damage: tuple[str, ...] = ()
    sampled: tuple[str, ...] = ()
    interrupted: bool = False
    of_mail: bool = True
    """a line of a mail program was among them, or of one that it asks"""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One row of the matrix: what becomes of one SASL mechanism. None: not known, or it could not be looked at.

    `configured`: in AuthMechanisms, or the like of another mail
    program; `listed`: in mech_list, or there is none; `trusted`: in TrustAuthMech. `offered_plain` and `offered_tls`:
    EHLO names it. `secret`: a secret or a verifier can serve it; `users`: those of a sasldb who can, if they are few;
    `stores`: whose users it serves, as `sasldb` and `saslauthd (pam)`, none where that is not known.
    """

    mech: str
    plugin: PluginState
    configured: bool | None
    listed: bool | None
    trusted: bool | None
    offered_plain: bool | None
    offered_tls: bool | None
    secret: bool | None
    login: LoginResult
    verdict: Usability
    users: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which mechanism clients of one kind would take, and what comes of it. `mech` is empty where they find none."""

    client: ClientKind
    mech: str
    verdict: Literal[Usability, "finds_none"]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All mechanisms that anything on the target speaks of, and what each kind of client makes of them."""

    rows: tuple[Mechanism, ...]
    strategies: tuple[Strategy, ...] = ()
    more: int = 0
    """mechanisms that are left out: nobody reads so many rows"""


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation with a server: `endpoint` is `host:port`, `summary` what came of it, `lines` the transcript,
    secrets struck out. `purpose`: that of the first one with its endpoint is `look`. `until`: the end of the
    certificate that was shown, ISO 8601 in UTC, empty where none was."""

    endpoint: str
    summary: str
    lines: tuple[str, ...]
    purpose: Purpose = "look"
    until: str = ""

    @property
    def looked(self) -> bool:
        """It only looked."""
        return self.purpose == "look"


PieceKind = Literal[
    "log", "main.cf", "master.cf", "dovecot", "sendmail.mc", "sendmail.cf", "submit.cf", "sasl-conf",
    "saslauthd-defaults", "saslauthd.conf", "authinfo", "passwords", "smtpd.conf", "exim", "saslfinger", "program",
    "look", "namei", "id", "processes", "listeners", "sasldb-users", "testsaslauthd", "plug-ins", "transcript",
    "header", "names", "file", "output", "text",
]  # fmt: skip
"""What a piece of a paste is; `text`: it was not understood. `render/pasted.py` has the words."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of what was pasted, from line `first` to line `last`. `name`: the path or command before it, empty where
    it was recognized by its form; `note`: what is to be said of it besides."""

    kind: PieceKind
    first: int
    last: int
    name: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What to paste next: a complete `command`, `why` its output would tell something, and a `caution`, where that can
    hold secrets; empty where it does not."""

    command: str
    why: str
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """A finding of an earlier report that is not in this one. `judged`: it was looked for, so the fault is over."""

    fingerprint: str
    code: str
    severity: Severity
    message: str
    judged: bool


@dataclass(frozen=True, slots=True)
class Since:
    """What changed since an earlier report, which was `started` then by that `version` (empty: there was none yet).
    `came`: fingerprints of the findings that are new, or more severe; `verdict`: the earlier one, empty where it had
    none; `remarks`: what makes the two hard to compare, a sentence each."""

    started: str
    version: str
    came: tuple[str, ...] = ()
    went: tuple[Gone, ...] = ()
    verdict: Literal[VerdictCode, ""] = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole diagnosis. `started` is ISO 8601 in UTC; `seconds` is wall time; `commands` are those that were run;
    `log` is what was read of logs, if any was."""

    target: Target
    started: str
    seconds: float
    ranked: tuple[Ranked, ...]
    outcomes: tuple[Outcome, ...]
    commands: tuple[str, ...] = ()
    log: LogRead | None = None
    fixed: tuple[str, ...] = ()
    """log rules that speak of a fault of which the checks find nothing any more, as `CODE name`"""
    matrix: Matrix | None = None
    talks: tuple[Talk, ...] = ()
    """what was said to servers and what they answered"""
    routes: tuple[Route, ...] = ()
    verdict: Verdict | None = None
    """None where only some checks were asked for: they say nothing of a login"""
    logins: Logins | None = None
    """of a host: those since its mail server was started, by its own log"""
    pieces: tuple[Piece, ...] = ()
    """of a paste: what it was cut into"""
    requests: tuple[Request, ...] = ()
    """of a paste: what to paste next"""
    since: Since | None = None
    """None where it was compared with no earlier report"""
    unused_suppressions: tuple[Suppression, ...] = ()
    """those that are about no finding of this report"""

    @property
    def roots(self) -> tuple[Ranked, ...]:
        """The findings that no other finding explains, the most likely and most severe first; suppressed ones aside."""
        return tuple(r for r in self.ranked if r.explained_by is None and not r.suppressed)

    @property
    def suppressed(self) -> tuple[Ranked, ...]:
        """The findings that do not count because somebody said so."""
        return tuple(r for r in self.ranked if r.suppressed)

    def counted(self, verdict: CheckResult) -> int:
        """How many checks had this outcome."""
        return sum(o.outcome == verdict for o in self.outcomes)

    def unjudged(self, *codes: str) -> bool:
        """Whether one of these checks could not look, or not at all of it: what it did not find shows nothing then."""
        of = [o for o in self.outcomes if o.code in codes]
        return any(o.outcome in ("not_judged", "broke") or (o.outcome == "fail" and o.reason) for o in of)

    def severe(self, severity: Severity) -> int:
        """How many findings have this severity, symptoms included and suppressed ones not."""
        return sum(r.finding.severity == severity and not r.suppressed for r in self.ranked)

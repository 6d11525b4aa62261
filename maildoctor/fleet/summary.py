"""A fleet from its reports, taken one at a time: of each host only what is shown of it is kept.

Reports come from many hosts, and any of them may lie. What a report claims without the evidence that maildoctor itself
would have is not taken over, and said.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from maildoctor.model import SEVERITIES, Report, Severity, VerdictCode
from maildoctor.render.escape import unicode
from maildoctor.render.moment import moment
from maildoctor.render.verdict import sentence, usable

WORST_FIRST: tuple[VerdictCode | None, ...] = (
    "broken", "partly", "not_shown", "nothing_to_judge", None, "ready", "works",
)  # fmt: skip
"""Verdicts in the order in which they are to be looked at; None: only some checks were asked for."""

_LONGEST = 300
"""Characters that are kept of a sentence or a name: a report may come from anywhere."""
_MOST_CAUSES = 100
_MOST_PROPERTIES = 30
"""Of one host that are kept."""
_MOST_CODES = 5000
"""Different causes that are kept; maildoctor itself knows a fifth of that."""
_MOST_VALUES = 1000
"""Different values of one property that are kept apart."""
_MAJORITY = 0.6
"""The share of hosts that must agree on something, before the others are said to differ from them."""
_FEWEST = 3
"""Hosts that must agree, likewise."""
_DAY = 24 * 3600
"""Seconds by which the clock of a host may be ahead."""


@dataclass(frozen=True, slots=True)
class Host:
    """What is kept of one report. `status`: what the report alone deserves (0, 1, 2, 3); `causes`: codes; `source`: the
    file that it was read from."""

    name: str
    kind: str
    verdict: VerdictCode | None
    sentence: str
    status: int
    causes: tuple[str, ...]
    errors: int
    warnings: int
    started: str
    source: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A root cause and the names of the hosts that have it; `severity` and `message` are the worst host's."""

    code: str
    name: str
    severity: Severity
    message: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which a few hosts differ from most of the others: its `name`, what is `usual` and on how many, and
    each other value with its hosts, the rarest first."""

    name: str
    usual: str
    count: int
    others: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A report that could not be used, or only in part: the file, or the host that has none, and why."""

    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """All of it. `hosts`: the worst first; `causes`: those of most hosts first."""

    hosts: tuple[Host, ...]
    causes: tuple[Cause, ...]
    differences: tuple[Difference, ...]
    problems: tuple[Problem, ...]

    def having(self, verdict: VerdictCode | None) -> int:
        """How many hosts have this verdict."""
        return sum(host.verdict == verdict for host in self.hosts)

    @property
    def status(self) -> int:
        """0 all hosts are well; 1 one of them has what deserves it; 3 of one it is not known, or a report could not
        be used."""
        if any(host.status == 1 for host in self.hosts):
            return 1
        return 3 if self.problems or not self.hosts or any(host.status for host in self.hosts) else 0


class _Said(NamedTuple):
    """What is kept of a finding."""

    code: str
    name: str
    severity: Severity
    message: str


@dataclass(slots=True)
class Gathering:
    """Takes reports one after the other. Memory grows with hosts and their causes, not with reports' size.
    `now`: seconds since 1970."""

    now: float = field(default_factory=time.time)
    _hosts: dict[tuple[str, str], Host] = field(default_factory=dict)
    _causes: dict[tuple[str, str], tuple[_Said, ...]] = field(default_factory=dict)
    _alike: dict[_Said, _Said] = field(default_factory=dict)
    _codes: set[str] = field(default_factory=set)
    _properties: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    _problems: list[Problem] = field(default_factory=list)
    _shared: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = field(default_factory=dict)

    def take(self, report: Report, status: int, source: str, version: str = "") -> None:
        """One report; `status`: its exit status; `version`: of the maildoctor that wrote it. Of two of one host the
        newer one counts, unless it claims to come from the future."""
        said = tuple(self._kept(report, source))
        host = self._host(report, status, source, tuple(dict.fromkeys(one.code for one in said)))
        if (wrong := _contradiction(report)) is not None:
            self._problems.append(Problem(source, wrong))
            host = replace(host, verdict="not_shown", sentence="It is not shown that users can log in.", status=3)
        if _when(host) > self.now + _DAY:
            self._problems.append(Problem(source, f"it says that it was made on {host.started}, which is to come"))
        key = (host.kind, host.name)
        earlier = self._hosts.get(key)
        if earlier is not None:
            older, newer = sorted((earlier, host), key=self._age, reverse=True)
            self._problems.append(Problem(older.source, f"{newer.source} is a newer report of {host.name}"))
            if newer is earlier:
                return
        self._hosts[key] = host
        # hosts of one installation have the same properties: one mapping serves them all
        properties = _properties(report, version)
        self._properties[key] = self._shared.setdefault(tuple(properties.items()), properties)
        self._causes[key] = said

    def refuse(self, source: str, why: str) -> None:
        """A report that cannot be used, or a host that has none."""
        self._problems.append(Problem(source, why))

    def expect(self, names: Iterable[str]) -> None:
        """Hosts that must have a report; and what is none of them has no business among them."""
        wanted = dict.fromkeys(names)
        present = {host.name: host.source for host in self._hosts.values()}
        for name in wanted:
            if name not in present:
                self.refuse(name, "there is no report of this host")
        for name, source in present.items():
            if name not in wanted:
                self.refuse(source, f"it is a report of {name}, which is not among the hosts that were named")

    def fleet(self) -> Fleet:
        """What was taken so far."""
        hosts = sorted(self._hosts.values(), key=lambda h: (WORST_FIRST.index(h.verdict), -h.errors, h.name))
        return Fleet(tuple(hosts), tuple(self._ranked(hosts)), tuple(self._differences()), tuple(self._problems))

    def _host(self, report: Report, status: int, source: str, causes: tuple[str, ...]) -> Host:
        return Host(
            report.target.name[:_LONGEST],
            report.target.kind,
            report.verdict.code if report.verdict else None,
            unicode(sentence(report))[:_LONGEST],
            status,
            causes,
            report.severe("error"),
            report.severe("warning"),
            report.started,
            source,
        )

    def _kept(self, report: Report, source: str) -> Iterator[_Said]:
        """The root causes that nobody has suppressed on that host, one text for all hosts that have the same."""
        roots = [ranked.finding for ranked in report.roots if not ranked.suppressed]
        for f in roots[:_MOST_CAUSES]:
            if f.code not in self._codes and len(self._codes) >= _MOST_CODES:
                self.refuse(source, f"some of its causes are left out: more than {_MOST_CODES:,} different ones")
                return
            self._codes.add(f.code)
            one = _Said(f.code, f.name[:_LONGEST], f.severity, f.message[:_LONGEST])
            yield self._alike.setdefault(one, one)

    def _age(self, host: Host) -> float:
        """Seconds; of what is to come as of what has no time."""
        made = _when(host)
        return self.now - (made if made <= self.now + _DAY else 0.0)

    def _ranked(self, hosts: Iterable[Host]) -> Iterator[Cause]:
        having: dict[str, list[str]] = {}
        worst: dict[str, _Said] = {}
        for host in hosts:
            for code in host.causes:
                having.setdefault(code, []).append(host.name)
            for one in self._causes[host.kind, host.name]:
                known = worst.setdefault(one.code, one)
                if SEVERITIES.index(one.severity) < SEVERITIES.index(known.severity):
                    worst[one.code] = one
        for code, names in sorted(
            having.items(), key=lambda one: (SEVERITIES.index(worst[one[0]].severity), -len(one[1]), one[0])
        ):
            finding = worst[code]
            yield Cause(code, finding.name, finding.severity, finding.message, tuple(names))

    def _differences(self) -> Iterator[Difference]:
        properties: dict[str, dict[str, list[str]]] = {}
        for (_, name), own in self._properties.items():
            for what, value in own.items():
                values = properties.setdefault(what, {})
                if value in values or len(values) < _MOST_VALUES:
                    values.setdefault(value, []).append(name)
        for what, values in properties.items():
            (usual, agree), *others = sorted(values.items(), key=lambda one: -len(one[1]))
            if others and len(agree) >= max(_FEWEST, _MAJORITY * sum(map(len, values.values()))):
                rare = sorted(((value, tuple(names)) for value, names in others), key=lambda one: (len(one[1]), one[0]))
                yield Difference(what, usual, len(agree), tuple(rare))


def _contradiction(report: Report) -> str | None:
    """A verdict better than what the report itself holds: as `maildoctor.verdict` judges, where a rung is broken it is
    neither that users can log in nor that files are ready."""
    verdict = report.verdict
    if verdict is None or verdict.code not in ("works", "ready"):
        return None
    claim = "that users can log in" if verdict.code == "works" else "that the files are ready"
    broken = next((rung for route in report.routes for rung in route.rungs if rung.state == "broken"), None)
    if broken is not None:
        return f"it says {claim}, and has the {broken.rung} broken"
    if verdict.code == "works" and not verdict.because:
        held = _logins(report)
        if not verdict.shown or not held:
            return f"it says {claim}, and holds no login"
        if verdict.shown > held:
            return f"it says {claim}, and holds fewer logins than it says"
    return None


def _logins(report: Report) -> int:
    """How many logins a report holds that went well."""
    rows = report.matrix.rows if report.matrix else ()
    tried = sum(row.login == "ok" for row in rows) + (report.matrix.more if report.matrix else 0)
    seen = (report.logins, report.log.logins if report.log else None)
    return tried + sum(logins.succeeded for logins in seen if logins)


def _when(host: Host) -> float:
    made = moment(host.started)
    return made.timestamp() if made else 0.0


def _properties(report: Report, version: str) -> dict[str, str]:
    """In what hosts of one kind are likely to be alike."""
    target = report.target
    found = {product.name: product.version or "(version unknown)" for product in (*target.mta, *target.sasl)}
    found["mail server"] = ", ".join(sorted({p.name for p in target.mta if p.in_use})) or "none"
    found["SASL"] = ", ".join(sorted({p.name for p in target.sasl})) or "none"
    if report.matrix is not None:
        found["usable mechanisms"] = " ".join(sorted(row.mech for row in report.matrix.rows if usable(row))) or "none"
    ports = {r.listener.rpartition(":")[2] for r in report.routes if r.direction == "server" and r.listener}
    if ports:
        found["ports"] = " ".join(sorted(ports))
    if version:
        found["maildoctor"] = version
    kept = list(found.items())[:_MOST_PROPERTIES]
    return {unicode(name)[:_LONGEST]: unicode(value)[:_LONGEST] for name, value in kept}

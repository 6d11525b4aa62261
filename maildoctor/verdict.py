"""The verdict: the findings laid on the ladder, and whether users can log in. It is decided here and nowhere else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from maildoctor.model import Finding, LogRead, Mechanism, Ranked, Report, Route, RungName, Verdict, VerdictCode

if TYPE_CHECKING:
    from maildoctor.check import Axis, Check, Direction, Effect, Role, Rung

_FEW = 3

RUNGS: tuple[RungName, ...] = get_args(RungName)
"""From the lowest to the highest."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands in a login; see `Check`."""

    rung: "Rung"
    role: "Role"
    direction: "Direction"
    scope: "tuple[Axis, ...]" = ()
    shows: "tuple[Effect, ...]" = ()


_FAMILIES: Mapping[str, RungName] = {
    **dict.fromkeys(("RUN", "CONF", "SYS"), "program"),
    "WIRE": "listener",
    "TLS": "tls",
    "LINK": "mechanism",
    "MECH": "offer",
    **dict.fromkeys(("NET", "KRB", "SASL", "PERM"), "verifier"),
    "USER": "account",
    **dict.fromkeys(("MAP", "ABUSE", "RELAY"), "policy"),
    "QUEUE": "hand-over",
}
"""The rung of what a log rule tells that names none itself, by the letters of its code."""

_NOWHERE = Place("none", "note", "server")


def places(checks: "Sequence[Check]") -> Mapping[str, Place]:
    """Where the findings of each check stand, by its code."""
    return {c.code: Place(c.rung, c.role, c.direction, c.scope, c.shows) for c in checks}


def place_of(finding: Finding, known: Mapping[str, Place]) -> Place:
    """Where it stands: by what it says itself, else by its check, else by the family of its log rule."""
    place = known.get(finding.code)
    if place is None:
        family = finding.code.rstrip("0123456789")
        place = Place(_FAMILIES[family], "symptom", "server") if family in _FAMILIES else _NOWHERE
    if not finding.rung and not finding.direction:
        return place
    return replace(place, rung=finding.rung or place.rung, direction=finding.direction or place.direction)


_ORDER: Mapping[str, int] = {"cause": 0, "derived": 0, "symptom": 1, "risk": 2, "note": 3}


def order(finding: Finding, known: Mapping[str, Place]) -> tuple[int, int]:
    """Among findings of one severity: faults before risks, causes before what was seen, the lower rung first."""
    place = place_of(finding, known)
    return _ORDER[place.role], len(RUNGS) if place.rung == "none" else RUNGS.index(place.rung)


def conclude(report: Report, known: Mapping[str, Place], lacking: bool = False) -> Report:
    """The report with its findings laid on the routes, and the verdict. `known`: see `places`; `lacking`: a login was
    asked for and was not tried at some server."""
    report = replace(report, ranked=_without_setup(_attributed(report.ranked, known)))
    breaking = [r for r in report.ranked if _breaks(r.finding, place_of(r.finding, known))]
    routes = tuple(_laid(route, report, breaking, known) for route in report.routes)
    return replace(report, routes=routes, verdict=_verdict(report, routes, breaking, known, lacking))


def _without_setup(ranked: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """What only follows from AUTH never having been set up is worth knowing, and no fault of its own."""
    above = {r.finding.fingerprint: r.explained_by for r in ranked}
    unused = {r.finding.fingerprint for r in ranked if _not_set_up(r) and r.finding.severity != "error"}
    return tuple(
        replace(r, finding=replace(r.finding, severity="info"))
        if r.explained_by is not None and _root(r.finding.fingerprint, above) in unused
        else r
        for r in ranked
    )


def _not_set_up(ranked: Ranked) -> bool:
    return ranked.explained_by is None and ranked.finding.code in _NOT_SET_UP


def _attributed(ranked: Sequence[Ranked], known: Mapping[str, Place]) -> tuple[Ranked, ...]:
    """What only the log names stands under the cause that a check found on its rung, and else failing logins that no
    check explains under what the log names."""
    roots = [r.finding for r in ranked if r.explained_by is None and r.finding.severity == "error"]
    causes = [f for f in roots if (p := known.get(f.code)) and p.role in ("cause", "derived") and not _confined(f, p)]
    lines = [f for f in roots if f.code not in known]
    parents: dict[str, str] = {}
    why: set[str] = set()
    for f in roots:
        if "not-started" in place_of(f, known).shows and (said := next((x for x in lines if _wrote(f, x)), None)):
            parents[f.fingerprint] = said.fingerprint
            why.add(said.fingerprint)
    for line in (x for x in lines if x.fingerprint not in why):
        if cause := next((c for c in causes if _alike(place_of(c, known), place_of(line, known))), None):
            parents[line.fingerprint] = cause.fingerprint
    open_lines = [f for f in lines if f.fingerprint not in parents and place_of(f, known).rung != "none"]
    lowest = RUNGS.index(place_of(open_lines[0], known).rung) if open_lines else len(RUNGS)
    for f in roots:
        place = place_of(f, known)
        if _OF_LOGINS & {*place.shows} and place.rung != "none" and lowest <= RUNGS.index(place.rung):
            parents[f.fingerprint] = open_lines[0].fingerprint
    moved = [replace(r, explained_by=parents.get(r.finding.fingerprint, r.explained_by)) for r in ranked]
    return _laid_out(moved) if parents else tuple(ranked)


def _alike(cause: Place, line: Place) -> bool:
    """Whether a cause may be what a line of the log tells: on its rung; verifier and account are one to the log."""
    stores = ("verifier", "account")
    if cause.direction != "server" or "none" in (cause.rung, line.rung):
        return False
    return cause.rung == line.rung or (cause.rung in stores and line.rung in stores)


def _laid_out(ranked: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """Each finding behind its cause, in the order in which they stood."""
    below: dict[str | None, list[Ranked]] = {}
    for r in ranked:
        below.setdefault(r.explained_by, []).append(r)
    laid: list[Ranked] = []

    def lay(mark: str | None) -> None:
        for r in below.pop(mark, ()):
            laid.append(replace(r, rank=len(laid) + 1))
            lay(r.finding.fingerprint)

    lay(None)
    rest = [r for some in below.values() for r in some]  # a cause that is not in the report
    return (*laid, *(replace(r, rank=n) for n, r in enumerate(rest, len(laid) + 1)))


def _wrote(stopped: Finding, line: Finding) -> bool:
    """Whether the program that does not run wrote this line of the log itself."""
    daemon = stopped.labels.get("daemon", "")
    return bool(daemon) and any(f" {daemon}[" in f" {evidence.text}" for evidence in line.evidence)


_NOT_SET_UP = frozenset({"CONF028", "CONF029", "CONF980", "CONF981"})
"""AUTH was never set up: no error where nobody is meant to log in, and yet nobody can."""

_OF_LOGINS = frozenset({"login-fails", "refused-after-login"})
"""What checks of logins that were seen show: the log's own words about a reason stand above them."""


def _breaks(finding: Finding, place: Place) -> bool:
    return finding.severity == "error" and place.rung != "none" and place.role not in ("risk", "note")


def _laid(route: Route, report: Report, breaking: Sequence[Ranked], known: Mapping[str, Place]) -> Route:
    """A route whose broken rungs name their finding; what lies above one that stops all logins is not reached, unless
    it is shown by itself."""
    above = {r.finding.fingerprint: r.explained_by for r in report.ranked}
    broken: dict[str, Ranked] = {}
    stopped_at = len(RUNGS)
    for r in breaking:
        place = place_of(r.finding, known)
        if place.direction != route.direction or not _concerns(r.finding, route):
            continue
        broken.setdefault(place.rung, r)
        if not _confined(r.finding, place):
            stopped_at = min(stopped_at, RUNGS.index(place.rung))
    steps = []
    for at, step in enumerate(route.rungs):
        if (found := broken.get(step.rung)) is not None:
            root = _root(found.finding.fingerprint, above)
            steps.append(replace(step, state="broken", summary=found.finding.message, finding=root, would_show=""))
        elif at > stopped_at and step.state != "holds":
            steps.append(replace(step, state="not_reached", would_show=""))
        else:
            steps.append(step)
    return replace(route, rungs=tuple(steps))


def _root(mark: str, above: Mapping[str, str | None]) -> str:
    seen = {mark}
    while (parent := above.get(mark)) is not None and parent not in seen:
        seen.add(parent)
        mark = parent
    return mark


def _concerns(finding: Finding, route: Route) -> bool:
    """Whether a finding is about this route: another service's is not, nor one of another port."""
    if finding.product and route.service and finding.product != route.service:
        return False
    ports = _ports(finding)
    return not ports or not route.listener or route.listener.rpartition(":")[2] in ports


def _ports(finding: Finding) -> frozenset[str]:
    """The ports that a finding names; none: it is about all, or about none in particular."""
    if port := finding.labels.get("port"):
        return frozenset(port.split(","))
    host, colon, ports = finding.labels.get("endpoint", "").rpartition(":")
    return frozenset(ports.split(",")) if host and colon else frozenset()


def _confined(finding: Finding, place: Place) -> bool:
    """Whether it leaves other mechanisms, users or clients untouched; a label `all` says that it does not."""
    return any(a in place.scope and finding.labels.get(a) != "all" for a in ("mechanism", "user", "client"))


def _verdict(
    report: Report, routes: Sequence[Route], breaking: Sequence[Ranked], known: Mapping[str, Place], lacking: bool
) -> Verdict:
    shown = report.logins.succeeded if report.logins else 0
    ok = [m.mech for m in report.matrix.rows if m.login == "ok"] if report.matrix else []
    if not routes and not breaking and not shown:
        return Verdict("nothing_to_judge")
    unset = {r.finding.product for r in report.ranked if _not_set_up(r)}
    nowhere = bool(unset) and all(route.service in unset for route in routes)
    server = [r for r in breaking if place_of(r.finding, known).direction == "server"]
    first = next((r.finding.message for r in report.ranked if r in breaking), "")
    if server:
        stops = [r for r in server if _stops(r.finding, place_of(r.finding, known), report)]
        dead = {route.listener for route in routes if _dead(route)}
        if nowhere and not shown and not ok:
            return Verdict("broken", because="set-up")
        if shown or ok or not stops or (routes and len(dead) < len(routes)):
            return _partly(report, server, known, shown + len(ok), first)
        return Verdict("broken", because=first)
    if breaking:
        fails = next(place_of(r.finding, known).direction for r in breaking)
        elsewhere = Verdict("partly", shown + len(ok), (), first)
        return elsewhere if fails == "server" else replace(elsewhere, fails=fails)
    sends = any(_holds(route, "policy") for route in routes)
    if (ok or (shown and sends)) and not lacking:
        return Verdict("works", shown + len(ok))
    relays = [route for route in routes if route.direction == "relay"]
    if relays and len(relays) == len(routes) and all(_holds(r, "account") and _holds(r, "hand-over") for r in relays):
        return Verdict("works", because=", ".join(r.listener for r in relays[:_FEW]))
    if nowhere:
        return Verdict("not_shown", because="set-up")
    if _still(routes) and _is_ready(report, routes):
        return Verdict("ready")
    unseen = next((s.summary or s.rung for r in routes for s in r.rungs if s.state == "not_shown"), "")
    return Verdict("not_shown", shown + len(ok), because=unseen)


def _partly(report: Report, server: Sequence[Ranked], known: Mapping[str, Place], shown: int, because: str) -> Verdict:
    """Who can log in and who cannot: by the labels of what is broken below the policy and, where none of them tells, by
    the mechanisms that are meant to be usable and are not."""
    fails = min((_rung_of(r.finding, known) for r in server), key=RUNGS.index)
    lower = [r.finding for r in server if _rung_of(r.finding, known) not in ("policy", "hand-over")]
    words = dict.fromkeys(word for f in lower for word in _without(f, report))
    ports = {word.rpartition(":")[2] for word in words if ":" in word}
    rows = report.matrix.rows if report.matrix else ()
    done = [name for name, _ in report.logins.mechs] if report.logins else []
    done += [row.mech for row in rows if row.login == "ok" and row.mech not in done]
    failing = any(_OF_LOGINS & {*place_of(r.finding, known).shows} for r in server)
    # logins that fail for a reason that nobody knows let no mechanism seem to work
    able = done or [row.mech for row in rows if row.mech not in words and _is_usable(row) and not failing]
    if not words and fails in ("mechanism", "offer"):
        words = dict.fromkeys(row.mech for row in rows if (row.configured or row.trusted) and row.mech not in able)
    return Verdict("partly", shown, tuple(w for w in words if w not in ports), because, tuple(able), fails)


def _rung_of(finding: Finding, known: Mapping[str, Place]) -> RungName:
    """Of a finding that breaks one."""
    rung = place_of(finding, known).rung
    return "program" if rung == "none" else rung


def conclude_log(report: Report) -> Report:
    """A report of logs alone, with its verdict: what they show of logins, and what of faults."""
    log = report.log
    logins = log.logins if log is not None else None
    grave = next((r for r in report.ranked if r.explained_by is None and r.finding.severity == "error"), None)
    shown, failed = (logins.succeeded, logins.failed) if logins else (0, 0)
    if log is None or not log.bytes or not (log.of_mail or report.ranked):
        return replace(report, verdict=Verdict("nothing_to_judge"))
    if grave is not None:
        code: VerdictCode = "broken" if failed and not shown else "partly"
        return replace(report, verdict=Verdict(code, shown, because=grave.finding.message))
    return replace(report, verdict=Verdict("works", shown) if shown else Verdict("not_shown", because="account"))


def _under_lines(ranked: Sequence[Ranked], known: Mapping[str, Place]) -> tuple[Ranked, ...]:
    """What was only seen on the wire stands under the line of a log that names a fault on the same rung."""
    roots = [r.finding for r in ranked if r.explained_by is None and r.finding.severity == "error"]
    of_logs = [f for f in reversed(roots) if f.code not in known and not f.code.startswith("WIRE")]
    lines = {place_of(f, known).rung: f for f in of_logs}
    seen = [f for f in roots if f.code in known and place_of(f, known).role == "symptom"]
    parents = {f.fingerprint: line.fingerprint for f in seen if (line := lines.get(place_of(f, known).rung))}
    moved = [replace(r, explained_by=parents.get(r.finding.fingerprint, r.explained_by)) for r in ranked]
    return _laid_out(moved) if parents else tuple(ranked)


_OF_ONE_LOGIN = frozenset({"WIRE050"})
"""What one pasted login that was refused shows of that user, and of no other."""

_BEFORE_ACCOUNT: tuple[RungName, ...] = ("program", "mechanism", "offer", "verifier")
"""What breaks one of these lets nobody log in, if lines of a log say no more than that."""


def conclude_paste(report: Report, known: Mapping[str, Place], lines: LogRead) -> Report:
    """A report of a paste: nothing runs there, so no login is shown by it. `known`: see `places`; `lines`: what its
    lines of logs came to, which say what they say of a log where no check found a fault."""
    verdict = report.verdict
    if verdict is None:
        return report
    # what would show a rung is told by what is to be pasted next
    routes = tuple(replace(r, rungs=tuple(replace(s, would_show="") for s in r.rungs)) for r in report.routes)
    report = replace(report, routes=routes, ranked=_under_lines(report.ranked, known))
    breaking = [r.finding for r in report.roots if _breaks(r.finding, place_of(r.finding, known))]
    if breaking and all(f.code in _OF_ONE_LOGIN for f in breaking):
        said = [
            line.removeprefix("=== user ") for t in report.talks for line in t.lines if line.startswith("=== user ")
        ]
        users = tuple(dict.fromkeys(said)) or tuple(f.labels.get("endpoint", "") for f in breaking)
        return replace(report, verdict=Verdict("partly", 0, users, breaking[0].message, fails="account"))
    relayed = {r.explained_by for r in report.ranked if place_of(r.finding, known).direction == "relay"}
    elsewhere = [f for f in breaking if f.fingerprint in relayed or place_of(f, known).direction == "relay"]
    if breaking and len(elsewhere) == len(breaking):
        return replace(report, verdict=Verdict("partly", because=breaking[0].message, fails="relay"))
    if breaking and not any(f.code in known for f in breaking):
        shown, failed = (lines.logins.succeeded, lines.logins.failed) if lines.logins else (0, 0)
        stops = any(place_of(f, known).rung in _BEFORE_ACCOUNT and f.direction in ("", "server") for f in breaking)
        code: VerdictCode = "broken" if (failed or stops) and not shown else "partly"
        return replace(report, verdict=Verdict(code, shown, because=breaking[0].message))
    read = any(piece.kind != "text" for piece in report.pieces) or report.ranked
    if verdict.code in ("works", "ready", "not_shown", "nothing_to_judge"):
        open_code: VerdictCode = "not_shown" if read else "nothing_to_judge"
        because = "set-up" if verdict.because == "set-up" else "paste" if read else ""
        return replace(report, verdict=Verdict(open_code, because=because))
    return report


def _still(routes: Sequence[Route]) -> bool:
    """Nothing runs on this target, and nothing was expected to."""
    first = [route.rungs[0] for route in routes if route.rungs]
    return bool(first) and all(r.state == "not_reached" for r in first)


def _holds(route: Route, name: RungName) -> bool:
    rung = route.rung(name)
    return rung is not None and rung.state == "holds"


def _dead(route: Route) -> bool:
    """Whether nobody gets through: a rung is broken and what lies above is not reached."""
    states = [s.state for s in route.rungs]
    return "broken" in states and ("not_reached" in states or states[-1] == "broken")


def _stops(finding: Finding, place: Place, report: Report) -> bool:
    """Whether nobody can log in because of it. What keeps a mechanism from being offered does not where another is
    usable, without TLS where TLS is what lacks; what comes after the login does not."""
    if _confined(finding, place) or place.rung in ("policy", "hand-over"):
        return False
    if place.rung == "tls":
        return not _usable(report, in_clear=True)
    return place.rung not in ("mechanism", "offer") or not _usable(report)


def _usable(report: Report, in_clear: bool = False) -> bool:
    """Whether some mechanism is, as far as it is known; `in_clear`: also without TLS."""
    rows = report.matrix.rows if report.matrix else ()
    return any(_is_usable(row) and (row.offered_plain or not in_clear) for row in rows)


def _is_usable(row: Mechanism) -> bool:
    return row.verdict in ("works", "usable", "would_be_usable") and row.secret is not False


def _without(finding: Finding, report: Report) -> Iterator[str]:
    if "plugin" in finding.labels and report.matrix:
        yield from (row.mech for row in report.matrix.rows if row.plugin == "broken" and row.configured)
        return
    for key in ("mechanism", "mech", "plugin", "user", "endpoint", "port"):
        if word := finding.labels.get(key):
            yield word


def _is_ready(report: Report, routes: Sequence[Route]) -> bool:
    """Whether, once it runs, somebody can log in: every rung up to the account that files can show holds on some way
    in, and one mechanism is usable. What only a running host has is not reached; what is not shown, or was not judged,
    is a gap."""
    lower = RUNGS[: RUNGS.index("policy")]
    if report.counted("not_judged"):
        return False
    elsewhere = [r for r in routes if (offer := r.rung("offer")) and offer.state == "not_reached"]
    shows = [r for r in elsewhere if any(step.state == "holds" for step in r.rungs)]
    return any(
        (_usable(report) or route in shows)
        and all(step.state in ("holds", "not_reached") for step in route.rungs if step.rung in lower)
        for route in routes
    )

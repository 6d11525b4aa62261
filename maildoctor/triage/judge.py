"""From counts to a diagnosis: which cause, how sure, and what is only a symptom of something else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from maildoctor import correlate
from maildoctor.model import Evidence, Finding, Logins, LogRead, Ranked, Step, Traffic
from maildoctor.plan.words import filled
from maildoctor.triage import commands
from maildoctor.triage.footprints import Footprints, footprints
from maildoctor.triage.guessing import Guessing, again_and_again, guessing
from maildoctor.triage.headers import peel, when
from maildoctor.triage.joined import another_form, configuration_unread, explained
from maildoctor.triage.rules import KINDS, QUIET, Cause, Rule
from maildoctor.triage.scan import Seen, settled
from maildoctor.triage.tally import Entry, Key, Moment, Tally, is_login
from maildoctor.triage.tops import Top, merged

_COLUMNS = 48
_MOST_CAUSES = 5
_LONGEST_FIELD = 120
_HALF = 0.5
_MOSTLY = 0.9
_TELLING = 6
"""A shorter name of an object may stand for two."""


@dataclass(frozen=True, slots=True)
class Case:
    """One entry of the tally with its rule and the finding made of it."""

    key: Key
    rule: Rule
    entry: Entry
    finding: Finding


def judge(rules: Sequence[Rule], seen: Seen, top: int = 5) -> tuple[Ranked, ...]:
    """The findings in the order of a report. `top`: how many names and addresses each one tells."""
    cases = [
        Case(key, rules[key[0]], entry, _finding(rules, key, entry, seen.tally, top))
        for key, entry in settled(seen).items()
        if rules[key[0]].kind != "normal"
    ]
    attack = guessing(seen.tally, rules, {case.key[0] for case in _blamed(cases, seen)})
    if attack is not None:
        cases = [_demoted(case, attack) for case in cases]
    own = footprints(seen.tally, rules)
    if own is not None:
        cases = [replace(c, finding=replace(c.finding, severity="info")) if c.key in own.keys else c for c in cases]
    findings = [case.finding for case in cases] + [found.finding for found in (attack, own) if found is not None]
    causes = _causes(cases, seen, attack, own)
    unread = configuration_unread([(case.finding, _mechs(case)) for case in cases])
    if unread is not None:
        findings.append(unread)
        causes.append(correlate.Cause(unread.code, explained()))
    return correlate.rank(findings, causes)


def read(rules: Sequence[Rule], seen: Seen, top: int) -> LogRead:
    """What was read, in figures."""
    entries = settled(seen)
    whole = Entry()
    for entry in entries.values():
        for moment in (entry.first, entry.last):
            if moment.stamp:
                whole.seen(moment)
    return LogRead(
        names=tuple(seen.names),
        lines=seen.lines,
        bytes=seen.bytes,
        matched=sum(entry.count for entry in entries.values()),
        lines_exact=not seen.uncounted,
        unknown=seen.unmatched.lines,
        first=_iso(whole.first),
        last=_iso(whole.last),
        logins=_logins(rules, entries, top),
        shapes=tuple((_text(shape), count) for shape, count in seen.unmatched.shapes.first(1000)),
        damage=tuple(seen.damage),
        of_mail=seen.of_mail or bool(entries),
        sampled=tuple(sorted({rules[key[0]].code for key, entry in entries.items() if entry.sampled})),
    )


# ---- which finding explains which


def _causes(
    cases: Sequence[Case], seen: Seen, attack: Guessing | None, own: Footprints | None
) -> list[correlate.Cause]:
    """The order of the causes is that of the roots of one severity: faults before symptoms, what explains before what
    does not, many before few."""
    known = {case.finding.fingerprint: case for case in cases}

    def together(cause: Finding, symptom: Finding) -> bool:
        a, b = known[cause.fingerprint], known[symptom.fingerprint]
        return explains(a, b, seen)

    def weight(case: Case) -> tuple[bool, int, bool, int]:
        return case.rule.by_words, KINDS.index(case.rule.kind), not case.rule.explains, -case.entry.count

    codes = dict.fromkeys(case.rule.code for case in sorted(cases, key=weight))
    rules = {case.rule.code: case.rule for case in cases}
    by_words = tuple(code for code in codes if rules[code].by_words)
    causes = [
        correlate.Cause(
            code, rules[code].explains if rules[code].by_words else rules[code].explains + by_words, together
        )
        for code in codes
    ]
    if attack is not None:
        causes.append(correlate.Cause(attack.finding.code, tuple(attack.codes)))
    if own is not None:
        # before all others: what explains a fault of this host does not explain what we did ourselves
        left = {case.finding.fingerprint for case in cases if case.key in own.keys}
        codes = dict.fromkeys(case.rule.code for case in cases if case.key in own.keys)
        causes.insert(
            0, correlate.Cause(own.finding.code, tuple(codes), lambda _, symptom: symptom.fingerprint in left)
        )
    return causes


def _mechs(case: Case) -> Iterator[str]:
    """The mechanisms that its lines name."""
    if mech := case.finding.labels.get("mech"):
        yield mech
    if top := case.entry.values.get("mech"):
        yield from map(_text, top.counts)


def explains(a: Case, b: Case, seen: Seen) -> bool:
    """Whether the one is what the other comes from, given that its rule says it could be: they met in most sessions
    of the symptom, or the cause is one of the whole host."""
    if b.rule.by_words:  # what a rule knows explains what only words tell of the same thing, or in the same session
        same = bool(_objects(a) & _objects(b))
        return a.rule.kind in ("fault", "symptom") and (same or _met(a, b, seen))
    return a.rule.scope == "host" or _met(a, b, seen)


def _met(a: Case, b: Case, seen: Seen) -> bool:
    return seen.tally.met.get((b.key, a.key[0]), 0) >= _HALF * b.entry.read


def _objects(case: Case) -> set[bytes]:
    """The paths and names of settings or servers that the lines of a case are about."""
    named = [value for name, value in zip(case.rule.labels, case.key[1], strict=True) if name not in ("read", "error")]
    tops = (top for name, top in case.entry.values.items() if name in ("path", "server", "setting", "library"))
    named += [value for top in tops for value, _ in top.first(1)]
    return {value for value in named if len(value) >= _TELLING}


def _blamed(cases: Sequence[Case], seen: Seen) -> Iterable[Case]:
    """The cases that another one explains: whoever tried to log in there is no attacker for that."""
    for case in cases:
        others = (a for a in cases if a is not case and case.rule.code in a.rule.explains and _is_of_host(a.rule))
        if any(explains(a, case, seen) for a in others):
            yield case


def _is_of_host(rule: Rule) -> bool:
    """Whether it tells of a fault of this host, and not only of what somebody typed."""
    return rule.kind == "fault" and not rule.by_client and not rule.refusal


def _demoted(case: Case, attack: Guessing) -> Case:
    """What a client can cause, and what nearly all comes from guessing, says nothing of this host. A fault that no
    client can cause is one however many strangers meet it."""
    if not case.rule.by_client or attack.share(case.key[0]) < _MOSTLY or case.rule.kind in QUIET:
        return case
    attack.codes[case.rule.code] = None
    return replace(case, finding=replace(case.finding, severity="info"))


# ---- one finding


def _finding(rules: Sequence[Rule], key: Key, entry: Entry, tally: Tally, top: int) -> Finding:
    rule = rules[key[0]]
    fields = _fields(rule, key, entry)
    made_to_wait = rule.refusal == "delayed" and again_and_again(tally, rules, key[0], entry) >= _MOSTLY
    causes = _of_server(_fitting(rule.causes, entry, made_to_wait), entry)
    if rule.by_client and "user" in rule.fields and (form := another_form(entry.users.counts, tally.welcome.names)):
        causes.insert(0 if form[1] else 1, form[0])  # strangers guess in any form
    return Finding(
        code=rule.code,
        name=rule.name,
        severity="info" if made_to_wait else rule.severity,
        message=filled(rule.title, _printable(fields)),
        why=filled(rule.why, _printable(fields)),
        advice=advice(causes, fields),
        fix=steps(causes[0], fields) if causes else (),
        evidence=tuple(Evidence(line.source, _text(line.text)) for line in entry.examples),
        labels={name: _text(value) for name, value in zip(rule.labels, key[1], strict=True) if value},
        refs=rule.refs,
        count=max(entry.count, 1),
        first=_iso(entry.first),
        last=_iso(entry.last),
        traffic=_traffic(entry, top),
        rung=rule.rung,
        direction=rule.direction,
    )


def advice(causes: Sequence[Cause], fields: Mapping[str, str]) -> str:
    """One cause in a paragraph; several as candidates, the most likely first: what it is, how to tell it, what to do,
    and with which commands, a paragraph each."""
    reported = _printable(fields)
    if len(causes) == 1:
        (only,) = causes
        tell = f" How to tell: {_sentence(only.when)}" if only.when else ""
        return filled(f"{_sentence(only.name)} {_sentence(only.advice)}{tell}", reported)
    paragraphs = []
    for number, cause in enumerate(causes[:_MOST_CAUSES], 1):
        paragraphs.append(f"{number}. {_sentence(cause.name)}")
        paragraphs += [f"How to tell: {_sentence(cause.when)}"] if cause.when else []
        paragraphs.append(f"Do: {_sentence(cause.advice)}")
        paragraphs += _commands(steps(cause, fields)) if number > 1 else ()
    return "\n".join(filled(text, reported) for text in paragraphs)


def _fitting(causes: Sequence[Cause], entry: Entry, refused: bool) -> list[Cause]:
    """Those that fit what happened before: most of these sessions had logged in, or they had not; nearly all clients
    were refused again and again, or they were not."""
    logged_in = entry.after_login > _HALF * entry.read
    fitting = [c for c in causes if c.login in (None, logged_in) and c.refused in (None, refused)]
    return sorted(fitting, key=lambda c: c.login is None and not c.refused)


def _of_server(causes: Sequence[Cause], entry: Entry) -> list[Cause]:
    """Without what is done with the commands of another mail server than the one that wrote these lines."""
    servers = {commands.mail_server(peel(line.text).tag) for line in entry.examples}
    if len(servers) != 1 or not all(servers):
        return list(causes)
    (server,) = servers
    kept = []
    for cause in causes:
        fit = tuple(c for c in cause.commands if commands.wanted_by(c) in ("", server))
        if fit or not cause.commands:
            kept.append(replace(cause, commands=fit))
    return kept or [replace(cause, commands=()) for cause in causes]


def _sentence(text: str) -> str:
    first = text.partition(" ")[0]
    if first.rstrip(",").isalpha() and first.islower():  # not smtpd.conf, permit_mynetworks, /etc/sasldb2
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ":")) else text + "."


def _fields(rule: Rule, key: Key, entry: Entry) -> dict[str, str]:
    """The fields of the finding: those that have one value, the most frequent first where there are several."""
    fields = dict(entry.values)
    fields["user"] = entry.users
    for name in ("relay", "rip", "rhost"):
        fields[name] = entry.relays
    known = {name: _several(top) for name, top in fields.items() if len(top)}
    known.update((name, _text(value)) for name, value in zip(rule.labels, key[1], strict=True) if value)
    return known


class Several(str):
    """The most frequent value of a field that has others too: fit for a sentence, not for a command."""

    others: int


def _several(top: Top) -> str:
    value, _ = top.first(1)[0]
    if len(top) == 1:
        return _text(value)
    several = Several(_text(value))
    several.others = len(top) - 1
    return several


def _printable(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields for a sentence."""
    reported = {}
    for name, value in fields.items():
        text = value if len(value) <= _LONGEST_FIELD else value[:_LONGEST_FIELD] + "…"
        reported[name] = f"{text} (and {value.others} more)" if isinstance(value, Several) else text
    return reported


def steps(cause: Cause, fields: Mapping[str, str]) -> tuple[Step, ...]:
    """The commands of a cause. A field that has several values is left out of them."""
    single = {name: value for name, value in fields.items() if not isinstance(value, Several)}
    return tuple(commands.step(command, single) for command in cause.commands)


def _commands(listed: Sequence[Step]) -> Iterator[str]:
    """The same in words, those that change something apart."""
    look = "; ".join(step.command for step in listed if step.safety != "risky")
    act = "; ".join(step.command for step in listed if step.safety == "risky")
    if look:
        yield f"Commands: {look}"
    if act:
        yield f"Risky commands: {act}"


def _traffic(entry: Entry, top: int) -> Traffic:
    start, minutes, counts = entry.course.rates(_COLUMNS)
    return Traffic(
        start=_iso(Moment(start, b"")) if start else None,
        minutes=minutes,
        counts=tuple(counts),
        users=_ranking(entry.users, top),
        relays=_ranking(entry.relays, top),
        about=entry.estimated,
        forgotten=bool(entry.users.forgot or entry.relays.forgot),
    )


# ---- statistics


def _logins(rules: Sequence[Rule], entries: Mapping[Key, Entry], top: int) -> Logins | None:
    good = [(rules[key[0]], key, entry) for key, entry in entries.items() if is_login(rules[key[0]])]
    failed = sum(e.count for key, e in entries.items() if is_failed_login(rules[key[0]]))
    if not good and not failed:
        return None
    mechs = Top(64)
    for rule, key, entry in good:
        if "mech" in rule.labels and (mech := key[1][rule.labels.index("mech")]):
            mechs.add(mech.upper(), entry.count)
        elif "mech" in entry.values:
            for mech, count in entry.values["mech"].counts.items():
                mechs.add(mech.upper(), count)
    return Logins(
        succeeded=sum(entry.count for _, _, entry in good),
        failed=failed,
        mechs=_ranking(mechs, top),
        users=_ranking(merged((e.users for _, _, e in good), 2000), top),
        relays=_ranking(merged((e.relays for _, _, e in good), 2000), top),
    )


def is_failed_login(rule: Rule) -> bool:
    """Whether a line of this rule tells of one login that failed, whatever the cause."""
    return rule.kind not in QUIET and "mech" in rule.fields


def _ranking(top: Top, most: int) -> tuple[tuple[str, int], ...]:
    return tuple((_text(name), count) for name, count in top.first(most))


def _iso(moment: Moment) -> str | None:
    """The stamp names the second; its minute was told when it was read, perhaps in another year and zone."""
    if not moment.minute:
        return None
    seconds = 60 * moment.minute + (when(moment.stamp, 60.0 * moment.minute) or 0.0) % 60
    try:
        return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return None


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")

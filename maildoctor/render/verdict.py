"""What a report comes to, for all formats alike: what is new in it, what was not judged, and the state it means."""

from collections.abc import Set

from maildoctor.model import (
    SEVERITIES,
    Gone,
    Mechanism,
    Ranked,
    Report,
    Severity,
    Since,
    Suppression,
    Verdict,
    VerdictCode,
)
from maildoctor.render.escape import unicode
from maildoctor.render.style import FailOn

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
"""What monitoring plugins exit with (Monitoring Plugins Development Guidelines, "Plugin Return Codes")."""


def fresh(report: Report, known: Set[str] | None) -> list[Ranked]:
    """The findings that no baseline knows and nobody suppressed, the causes first."""
    return sorted((r for r in report.ranked if not is_known(r, known) and not r.suppressed), key=lambda r: r.rank)


def is_known(ranked: Ranked, known: Set[str] | None) -> bool:
    """The baseline holds it."""
    return unicode(ranked.finding.fingerprint) in (known or frozenset())


def unjudged(report: Report) -> bool:
    """Something was not judged; or nothing was, because there is nothing here to look at, or no log to read."""
    if report.target.kind == "log":
        return report.log is None or bool(report.log.damage) or not report.log.bytes
    return report.counted("not_judged") > 0 or not judged(report)


def judged(report: Report) -> bool:
    """Anything was looked at: a check passed or failed, or a log had something in it."""
    read = report.log is not None and report.log.bytes > 0
    return read or report.counted("pass") + report.counted("fail") > 0


def worst(ranked: list[Ranked]) -> Severity | None:
    """The most severe severity among these; None of nothing."""
    return min((r.finding.severity for r in ranked), key=SEVERITIES.index, default=None)


def usable(row: Mechanism) -> bool:
    """Clients can log in by it and send, as far as is known: what the words of `matrix` mean."""
    return row.verdict in ("works", "usable", "would_be_usable")


def counts(ranked: Ranked, fail_on: FailOn, known: Set[str] | None) -> bool:
    """Whether a finding is one because of which the run fails: neither in the baseline nor suppressed, and severe
    enough."""
    if fail_on == "never" or ranked.suppressed or is_known(ranked, known):
        return False
    return SEVERITIES.index(ranked.finding.severity) <= SEVERITIES.index(fail_on)


def is_down(report: Report) -> bool:
    """Nobody can log in, and findings that say so are suppressed: a suppression is about a finding, never about the
    verdict, so the run fails all the same."""
    return report.verdict is not None and report.verdict.code == "broken" and bool(report.suppressed)


def changed(since: Since, report: Report) -> bool:
    """Whether anything but notes came or went, or the verdict is another. That no login is seen for a while, as after
    the log was rotated, is no change."""
    severities = {unicode(r.finding.fingerprint): r.finding.severity for r in report.ranked}
    now = report.verdict.code if report.verdict else ""
    return (
        any(severities.get(mark) != "info" for mark in since.came)
        or any(gone.severity != "info" for gone in since.went)
        or bool(now and since.verdict and now != since.verdict and {now, since.verdict} != {"works", "not_shown"})
        or not since.started
    )


def passes(report: Report) -> bool:
    """Whether nothing is left that would have to be shown: what `unjudged` is where no verdict was asked for."""
    if report.verdict is None:
        return not unjudged(report)
    if report.suppressed and report.verdict.code in ("partly", "broken"):
        return report.verdict.code == "partly" and report.verdict.shown > 0
    return report.verdict.code not in OPEN and not (report.target.kind == "log" and unjudged(report))


OPEN: tuple[VerdictCode, ...] = ("not_shown", "nothing_to_judge")
"""Verdicts that leave open whether users can log in."""


def about_something(report: Report) -> bool:
    """Whether there was anything to judge at all: a gate that looked at nothing must not be passed."""
    if report.verdict is not None and report.verdict.code == "nothing_to_judge":
        return False
    return judged(report)


def state(report: Report, known: Set[str] | None = None) -> int:
    """The report in the words of monitoring: OK, WARNING, CRITICAL or UNKNOWN. What was found outweighs what was not
    seen, for it is certain."""
    grave = "error" if is_down(report) else worst(fresh(report, known))
    if grave in ("error", "warning"):
        return CRITICAL if grave == "error" else WARNING
    return UNKNOWN if report.counted("broke") or not passes(report) else OK


def sentence(report: Report) -> str:
    """The verdict in one sentence; empty where none was asked for. Of what is not installed a second one says so."""
    if report.verdict is None:
        return ""
    said = _sentence(report, report.verdict)
    if not report.target.candidates:
        return said
    if report.verdict.code == "ready":
        return f"{said.partition('.')[0]}. The candidate is not installed, so nothing can show one."
    return f"{said} This is said of the candidate, which is not installed."


def _sentence(report: Report, verdict: Verdict) -> str:
    logins = f"{verdict.shown:,} {'login' if verdict.shown == 1 else 'logins'}"
    since = " since the mail server was started" if report.logins and report.logins.since else ""
    match verdict.code:
        case "not_shown" | "broken" if verdict.because == "set-up":
            return "AUTH is not set up here, so nobody can log in: maildoctor guide shows the way."
        case "works" if not verdict.shown:
            return f"This host logs in where it is to: {unicode(verdict.because)}."
        case "works":
            return f"Users can log in: {logins} went well{since}."
        case "partly":
            well = f" {logins} went well{since}." if verdict.shown else ""
            return f"{_some(verdict, report)}.{well}"
        case "broken":
            return "Nobody can log in."
        case "ready":
            return "Nothing in these files stands in the way of a login. Nothing runs here that could show one."
        case "not_shown":
            wrong = "Nothing wrong was seen, but it" if worst(list(report.ranked)) in (None, "info") else "It"
            if verdict.shown:
                return f"{logins} went well{since}, but no mail was seen to be taken after one."
            lacks = _NO_PROOF.get(verdict.because, ": not all could be judged" if report.counted("not_judged") else "")
            if " " in verdict.because:  # a rung's own words
                lacks = f": {unicode(verdict.because)}"
            return f"{wrong} is not shown that users can log in{lacks}."
    if any(product.in_use for product in report.target.mta):
        return "Of the mail server here nothing could be judged."
    return _NOTHING.get(report.target.kind, "There is no mail server here.")


def _some(verdict: Verdict, report: Report) -> str:
    """Who can log in, and who cannot, without the full stop."""
    if verdict.fails in ("relay", "local"):
        return f"{_FAILING[verdict.fails]}{'; its users can log in' if verdict.shown else ''}"
    by = f" by {_listed(verdict.able)}" if verdict.able else ""
    can = f"{'Users' if verdict.shown else 'It seems that users'} can log in{by}" if by or verdict.shown else ""
    known = {row.mech for row in report.matrix.rows} if report.matrix else set[str]()
    mechs = tuple(w for w in verdict.without if w in known or w == w.upper() != w.lower())
    doors = tuple(w for w in verdict.without if w not in mechs and (":" in w or w.isdigit()))
    users = tuple(w for w in verdict.without if w not in mechs and w not in doors)
    not_by = [f"{word} {_listed(some)}" for word, some in (("by", mechs), ("on", doors), ("as", users)) if some]
    if not_by:
        return f"{can}, but not {' nor '.join(not_by)}" if can else f"Users cannot log in {' nor '.join(not_by)}"
    what = _FAILING.get(verdict.fails, "not everything works for all of them")
    return f"{can}, but {what}" if can else f"{what[0].upper()}{what[1:]}"


_FAILING = {
    "program": "the mail server does not do all that its files say",
    "listener": "some clients cannot reach it",
    "tls": "TLS fails them",
    "mechanism": "not by every mechanism that is meant to work",
    "offer": "not by every mechanism that is meant to be offered",
    "verifier": "not every password can be verified",
    "account": "not all of them",
    "policy": "not all of them may send then",
    "hand-over": "their mail is not passed on",
    "relay": "This host cannot log in everywhere that it is to",
    "local": "Programs of this host cannot send mail",
}

_NO_PROOF = {
    "program": ": no mail server is seen to run",
    "listener": ": no port is seen to answer",
    "tls": ": TLS was not seen",
    "mechanism": ": no mechanism was seen to be offered",
    "offer": ": no mechanism was seen to be offered",
    **dict.fromkeys(("verifier", "account", "policy", "hand-over"), ": no login was seen"),
    "paste": ": nothing runs in a paste",
}
_NOTHING = {
    "log": "There is nothing to judge: no line here is from a mail server.",
    "endpoint": "There is nothing to judge: nothing answered.",
    "paste": "There is nothing to judge: nothing that was pasted is of a mail server.",
}


def suppressed_words(suppression: Suppression) -> str:
    """Until when, why and by which entry a finding does not count, or why it counts again."""
    if suppression.over:
        until = f"was suppressed until {suppression.until}, which has passed"
    elif suppression.until:
        until = f"suppressed until {suppression.until}"
    else:
        until = "suppressed for good"
    return f"{until}: {suppression.reason} ({suppression.where})"


def gone_words(gone: Gone) -> str:
    """What became of a finding of the earlier report."""
    if gone.judged:
        return f"gone: {gone.code} {gone.message}"
    return f"cannot tell whether it is gone, for it was not judged: {gone.code} {gone.message}"


def compared_words(since: Since, report: Report) -> str:
    """What changed since the earlier report, in one line."""
    if not since.started:
        return "there was no earlier report: all findings are new"
    went = sum(gone.judged for gone in since.went)
    unsure = len(since.went) - went
    counted = f"{len(since.came)} new, {went} gone" + (f", {unsure} not judged this time" if unsure else "")
    notes = " but notes" if since.came or since.went else ""
    same = "" if changed(since, report) else f"nothing changed{notes} "
    now = report.verdict.code if report.verdict else ""
    verdict = f"; the verdict was {since.verdict.replace('_', ' ')}" if since.verdict and since.verdict != now else ""
    by = f" by maildoctor {since.version}" if since.version else ""
    return f"{same}since the report of {since.started}{by}: {counted}{verdict}"


def _listed(words: tuple[str, ...]) -> str:
    few = ", ".join(unicode(word) for word in words[:_FEW])
    return few + (f" and {len(words) - _FEW} more" if len(words) > _FEW else "")


_FEW = 4

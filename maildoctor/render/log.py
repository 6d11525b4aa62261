"""What a log said, in lines for a person: rates, names, logins, and how much of it was read."""

from collections.abc import Iterator, Sequence

from maildoctor.model import LogRead, Traffic
from maildoctor.render.escape import shown
from maildoctor.render.style import Style

_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇█", ".:-=+*%#"
_FEWEST_STEPS = 3
_UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


def traffic_lines(traffic: Traffic, style: Style) -> Iterator[tuple[str, str]]:
    """Label and text: the rate over time, who and from where."""
    if len(traffic.counts) >= _FEWEST_STEPS:
        steps = f"{len(traffic.counts)} steps of {_minutes(traffic.minutes)}, at most {max(traffic.counts)} in one"
        yield "rate", f"{_sparkline(traffic.counts, style)}  {steps}"
    rarest = ", …" if traffic.forgotten else ""
    for label, pairs in (("users", traffic.users), ("from", traffic.relays)):
        if pairs:
            yield label, shown(_ranking(pairs) + rarest, style.ascii)


def damage_lines(log: LogRead, style: Style) -> Iterator[str]:
    """What could not be read."""
    for sentence in log.damage:
        yield shown(sentence, style.ascii)
    if log.interrupted:
        yield "interrupted: the end of the log was not read"


def log_lines(log: LogRead, style: Style) -> Iterator[tuple[str, str]]:
    """Label and text: the logins, the stretch of time, what was sampled, the shapes of unknown lines."""
    if log.first and log.last:
        yield "time", shown(log.first if log.first == log.last else f"{log.first} to {log.last}", style.ascii)
    if log.logins is not None:
        logins = log.logins
        reported = logins.succeeded + logins.failed
        rate = (
            f" ({100 * logins.succeeded / reported:.0f} % of {reported})" if logins.succeeded and logins.failed else ""
        )
        failed = "1 line tells" if logins.failed == 1 else f"{logins.failed} lines tell"
        yield "logins", f"{logins.succeeded} went well{rate}, {failed} of one that failed"
        for label, pairs in (("  by", logins.mechs), ("  users", logins.users), ("  from", logins.relays)):
            if pairs:
                yield label, shown(_ranking(pairs), style.ascii)
    if log.sampled:
        codes = shown(", ".join(log.sampled), style.ascii)
        yield "sampled", f"names and addresses of {codes} are taken from a part of the lines; --exact reads them all"
    for number, (shape, count) in enumerate(log.shapes):
        yield "" if number else "unknown", shown(f"{count:7} {shape}", style.ascii)


def closing(log: LogRead) -> str:
    """`12,034 lines, 3.1 MB, 17 of them known`."""
    about = "" if log.lines_exact else "about "
    lines = "line" if log.lines == 1 else "lines"
    unknown = f", {log.unknown} speak of logins and are not known" if log.unknown else ""
    return f"{about}{log.lines} {lines} ({size(log.bytes)}), {log.matched} of them known{unknown}"


def size(count: int) -> str:
    """Bytes as a person says them."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def _ranking(pairs: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in pairs)


def _sparkline(counts: Sequence[int], style: Style) -> str:
    bars = _ASCII_BARS if style.ascii else _BARS
    most = max(counts)
    return "".join(bars[(count * len(bars) - 1) // most] if count else " " if style.ascii else "·" for count in counts)


def _minutes(minutes: int) -> str:
    for unit, name in ((1440, "days"), (60, "hours")):
        if minutes >= unit and not minutes % unit:
            return f"{minutes // unit} {name}"
    return f"{minutes} minutes" if minutes > 1 else "a minute"

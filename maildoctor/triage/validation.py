"""Whether rules keep what they promise: on their samples, in their needles, and in time on hostile text."""

import re
import sys
import time
from collections.abc import Iterator, Sequence

from maildoctor.triage.commands import complaint
from maildoctor.triage.match import Hit, Matcher
from maildoctor.triage.proof import unneedled
from maildoctor.triage.reader.needles import NEEDLES
from maildoctor.triage.reader.reading import read as read_by_words
from maildoctor.triage.rule_text import RuleError
from maildoctor.triage.rules import Rule, Sample, beside, load, name_of, parse, read, rule_files

_HOSTILE_BYTES = 32_000
_SLOWEST = 0.010


def problems(rules: Sequence[Rule]) -> Iterator[str]:
    """What is wrong with these rules, taken together, one line each that begins with the place."""
    matcher = Matcher(rules)
    for number, rule in enumerate(rules):
        for problem in _problems(matcher, number, rule):
            yield f"{rule.place}: {problem}"


def _problems(matcher: Matcher, number: int, rule: Rule) -> Iterator[str]:
    yield from _needle(rule)
    yield from _commands(rule)
    for n, sample in enumerate(rule.samples, 1):
        yield from (f"sample {n}: {problem}" for problem in _sample(matcher, number, rule, sample))
    for n, counter in enumerate(rule.counters, 1):
        if (hit := _read(matcher, counter.line)) and hit.rule == number:
            yield f"counter {n}: the rule matches it"
    for n, todo in enumerate(rule.todo, 1):
        if (hit := _read(matcher, todo.line)) and hit.rule == number:
            yield f"todo {n}: the rule matches it now: make it a sample"
    yield from _slow(rule)


def _read(matcher: Matcher, line: str) -> Hit | None:
    raw = line.encode("utf-8", "surrogateescape")
    return matcher.read(raw, matcher.inside(raw))


def _needle(rule: Rule) -> Iterator[str]:
    for needle in rule.needles:
        others = [n for n in rule.needles if n != needle and n in needle]
        if others:
            yield f"needle {needle.decode()!r} is of no use: {others[0].decode()!r} is a part of it"
    if not rule.by_words and (way := unneedled(rule.whole, rule.needles)) is not None:
        yield f"pattern: it can match without any needle: {way!r}"


def _commands(rule: Rule) -> Iterator[str]:
    for command in (command for cause in rule.causes for command in cause.commands):
        if problem := complaint(command):
            yield f"command {command!r}: {problem}; leave the field out, or say in the advice what to do by hand"


def _sample(matcher: Matcher, number: int, rule: Rule, sample: Sample) -> Iterator[str]:
    raw = sample.line.encode("utf-8", "surrogateescape")
    if not any(needle in raw for needle in (NEEDLES if rule.by_words else rule.needles)):
        yield "it holds no needle"
        return
    hit = _read(matcher, sample.line)
    if hit is None:
        from maildoctor.triage.headers import peel

        head = peel(raw)
        yield f"no rule matches it (program {head.tag!r}, message {head.message[:200]!r})"
        return
    if hit.rule != number:
        yield f"{matcher.rules[hit.rule].code} ({matcher.rules[hit.rule].place}) demands more text and takes it"
        return
    fields = {name: value.decode("utf-8", "surrogateescape") for name, value in hit.fields.items()}
    for name, value in sample.match.items():
        if fields.get(name, "") != value:
            yield f"{name} should be {value!r} and is {fields.get(name, '')!r}"


def _slow(rule: Rule) -> Iterator[str]:
    """How long the worst hostile line takes, if that is too long."""
    pattern = re.compile(rule.whole.encode("ascii"))
    worst = 0.0
    for line in hostile(rule):
        began = time.process_time()
        if rule.by_words:
            read_by_words(b"dovecot", line)
        else:
            pattern.match(line)
        worst = max(worst, time.process_time() - began)
    if worst > _SLOWEST:
        yield f"pattern: {1000 * worst:.0f} ms for one hostile line; bound its quantifiers, exclude what follows them"


def hostile(rule: Rule) -> Iterator[bytes]:
    """Lines of 32 kB, twice of what is matched: the rule's own sample, blown up where its pattern might choke."""
    from maildoctor.triage.headers import peel

    message = peel(rule.samples[0].line.encode("utf-8", "surrogateescape")).message
    cuts = range(0, len(message), max(1, len(message) // 12))
    for cut in cuts:
        for filler in (b"a", b" ", b"=,", b"<(", message[cut : cut + 6], (*rule.needles, b"failed ")[0]):
            yield message[:cut] + _much_of(filler) + message[cut:]
    yield _much_of(message)


def _much_of(text: bytes) -> bytes:
    return (text * (_HOSTILE_BYTES // max(len(text), 1) + 1))[:_HOSTILE_BYTES]


def main(words: Sequence[str]) -> int:
    """Validate rule files, the built-in ones if none is named; the exit status is 1 if something is wrong."""
    reported: list[str] = []
    good: list[str] = []
    for path in words or rule_files():
        try:
            parse(read(path), path, beside(path))
            good.append(path)
        except RuleError as error:
            reported.append(str(error))
    # The rules of the other files stand beside those that are asked about: they may take each other's samples.
    others = {path for path in rule_files() if path not in good and path not in words}
    rules: tuple[Rule, ...] = ()
    try:
        rules = load([*good, *sorted(_loadable(others))])
    except RuleError as error:
        reported.append(str(error))
    names = {name_of(path) for path in good}
    reported += [p for p in problems(rules) if p.split(":", 1)[0] in names]
    for problem in reported:
        sys.stdout.write(problem + "\n")
    asked = sum(rule.place.split(":", 1)[0] in names for rule in rules)
    sys.stdout.write(f"{asked} rules in {len(good)} files, {len(reported)} problems\n")
    return 1 if reported else 0


def _loadable(paths: set[str]) -> Iterator[str]:
    for path in paths:
        try:
            parse(read(path), path, beside(path))
        except RuleError:
            continue
        yield path

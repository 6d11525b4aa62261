"""Symptoms under their cause: pairwise predicates make a forest in which every finding stands exactly once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maildoctor.model import SEVERITIES, Finding, Ranked

Pair = Callable[[Finding, Finding], bool]


def always(_cause: Finding, _symptom: Finding) -> bool:
    """No further condition."""
    return True


def covers(cause: Finding, symptom: Finding) -> bool:
    """A cause is no less severe than what it explains, and is confined to a mechanism, a user or a client only where
    the symptom is confined to the same; product and product are the same too."""
    if SEVERITIES.index(cause.severity) > SEVERITIES.index(symptom.severity):
        return False
    if cause.product and symptom.product and cause.product != symptom.product:
        return False
    return all(mine is None or mine == _confined(symptom, axis) for axis in _AXES if (mine := _confined(cause, axis)))


_AXES = (("mechanism", "mech"), ("user",), ("client",))
"""The labels by which a finding is confined to a part of all logins."""


def _confined(finding: Finding, axis: tuple[str, ...]) -> str | None:
    word = next((finding.labels[key] for key in axis if key in finding.labels), None)
    return None if word == "all" else word


@dataclass(frozen=True, slots=True)
class Cause:
    """A finding with code `code` explains findings with the codes `explains`, where `when(cause, symptom)` holds."""

    code: str
    explains: tuple[str, ...]
    when: Pair = always


Order = Callable[[Finding], tuple[int, ...]]
"""What decides among findings of one severity: the least first."""


def rank(findings: Sequence[Finding], causes: Sequence[Cause], order: Order = lambda _: ()) -> tuple[Ranked, ...]:
    """The findings in the order of a report: the roots, the most severe first, among equals by `order`, and then in the
    order in which `causes` names their codes; behind each root its symptoms, chains included."""
    place = {c.code: n for n, c in reversed(list(enumerate(causes)))}
    parent: dict[str, Finding] = {}
    by_code: dict[str, list[Finding]] = {}
    for f in findings:
        by_code.setdefault(f.code, []).append(f)
    for cause in causes:
        for root in by_code.get(cause.code, ()):
            for symptom in (s for code in dict.fromkeys(cause.explains) for s in by_code.get(code, ())):
                mark = symptom.fingerprint
                if (
                    mark not in parent
                    and mark != root.fingerprint
                    and not _below(root, mark, parent)
                    and cause.when(root, symptom)
                ):
                    parent[mark] = root
    return tuple(_laid_out(findings, parent, place, order))


def _below(finding: Finding, fingerprint: str, parent: dict[str, Finding]) -> bool:
    """Whether `finding` is itself explained, at any distance, by the finding with this fingerprint: no circles."""
    at: Finding | None = finding
    while at is not None:
        if at.fingerprint == fingerprint:
            return True
        at = parent.get(at.fingerprint)
    return False


def _laid_out(
    findings: Sequence[Finding], parent: dict[str, Finding], place: dict[str, int], order: Order
) -> list[Ranked]:
    children: dict[str, list[Finding]] = {}
    for f in findings:
        if f.fingerprint in parent:
            children.setdefault(parent[f.fingerprint].fingerprint, []).append(f)

    last = max(place.values(), default=0) + 1

    def weight(f: Finding) -> tuple[int, tuple[int, ...], int, int, str]:
        explained = len(children.get(f.fingerprint, ()))
        return SEVERITIES.index(f.severity), order(f), place.get(f.code, last), -explained, f.fingerprint

    laid: list[Ranked] = []

    def lay(f: Finding, under: str | None) -> None:
        laid.append(Ranked(f, len(laid) + 1, under))
        for child in sorted(children.get(f.fingerprint, ()), key=weight):
            lay(child, f.fingerprint)

    for f in sorted((f for f in findings if f.fingerprint not in parent), key=weight):
        lay(f, None)
    return laid

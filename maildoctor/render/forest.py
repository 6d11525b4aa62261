"""Causes with their symptoms, as reports for people show them."""

from collections.abc import Iterator, Mapping, Sequence

from maildoctor.model import Ranked


def trees(ranked: Sequence[Ranked]) -> Iterator[tuple[Ranked, list[tuple[int, Ranked]]]]:
    """Each finding that none of the others explains, with its symptoms and how deep they lie. None is ever lost."""
    present = {r.finding.fingerprint for r in ranked}
    explained: dict[str, list[Ranked]] = {}
    for r in ranked:
        explained.setdefault(r.explained_by or "", []).append(r)
    tops = [r for r in ranked if r.explained_by not in present]
    done: set[int] = set()
    # After the true tops everything again: a ring of findings that explain each other would have none.
    for top in [*tops, *ranked]:
        if id(top) not in done:
            done.add(id(top))
            yield top, list(_below(top, explained, done, 0))


def _below(
    cause: Ranked, explained: Mapping[str, Sequence[Ranked]], done: set[int], depth: int
) -> Iterator[tuple[int, Ranked]]:
    for r in explained.get(cause.finding.fingerprint, ()):
        if id(r) not in done:
            done.add(id(r))
            yield depth, r
            yield from _below(r, explained, done, depth + 1)

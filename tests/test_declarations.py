"""What a check declares of its place in a login and among other findings."""

from collections.abc import Sequence
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, get_args

import pytest
from maildoctor.checks.causes import ORDER

from maildoctor.check import Axis, Check, Direction, Effect, Role, Rung, check
from maildoctor.correlate import rank
from maildoctor.library import load_library
from maildoctor.model import Finding
from maildoctor.verdict import order, places

LIBRARY = load_library()
every_check = pytest.mark.parametrize("one", LIBRARY.checks, ids=lambda c: c.code)

AXES: dict[Axis, Sequence[str]] = {
    "listener": ("endpoint", "port"),
    "mechanism": ("mech", "mechanism", "plugin"),
    "map": ("map", "hub"),
    "user": ("user",),
    "client": ("client",),
}
"""Axis: the labels that say where on it a finding is."""

WORKS_AS = {"PERM006", "PERM010", "PERM065"}
"""Their label `user` is the one that a server runs as, nobody who logs in."""


@every_check
def test_a_check_says_its_rung_role_and_direction(one: Check) -> None:
    assert one.rung in get_args(Rung)
    assert one.role in get_args(Role)
    assert one.direction in get_args(Direction)
    assert one.rung != "none" or one.role in ("risk", "note"), "what breaks a login stands on a rung of it"
    assert not {*one.shows} - {"not-started"} or one.role == "symptom", (
        "an effect is shown by what was seen, not by what is wrong"
    )


@every_check
def test_the_scope_is_what_the_labels_say(one: Check) -> None:
    labels = {label for sample in one.fails for f in one.on(sample) for label in f.labels}
    if one.code in WORKS_AS:
        labels.remove("user")
    assert set(one.scope) == {axis for axis, names in AXES.items() if labels & set(names)}


def test_all_words_are_in_use() -> None:
    """A word that no check has would be a promise that nothing keeps."""
    used = {word for c in LIBRARY.checks for word in (c.rung, c.role, c.direction, *c.scope, *c.shows)}
    assert not [w for literal in (Rung, Role, Direction, Axis, Effect) for w in get_args(literal) if w not in used]


def _declared(**words: Any) -> Check:
    def nothing() -> tuple[()]:
        """A title.

        Advice: none.
        """
        return ()

    given: dict[str, Any] = {"rung": "tls", "role": "cause", "fails": [{}], "passes": [{}], **words}
    return check("MINE001", "mine", "error", **given)(nothing)


@pytest.mark.parametrize(
    ("word", "value", "says"),
    [
        ("rung", "mechansim", "rung 'mechansim' is none of program, listener, tls, mechanism"),
        ("role", "Cause", "role 'Cause' is none of cause, symptom"),
        ("direction", "client", "direction 'client' is none of server"),
        ("scope", ["port"], "scope 'port' is none of listener"),
        ("shows", ["no offer"], "shows 'no offer' is none of stopped"),
        ("explains", ["MECH001", "no_offer"], "explains 'no_offer' is none of stopped"),
    ],
)
def test_a_misspelt_word_is_refused(word: str, value: object, says: str) -> None:
    with pytest.raises(ValueError, match="MINE001: ") as refused:
        _declared(**{word: value})
    assert says in str(refused.value)


def test_rung_and_role_must_be_said() -> None:
    with pytest.raises(TypeError, match="'rung'"):
        check("MINE001", "mine", "error", fails=[{}], passes=[{}])  # type: ignore[call-arg]


def test_a_new_symptom_stands_under_the_causes_of_its_effect(tmp_path: Path) -> None:
    """One word in its own declaration, and no other file."""
    tmp_path.chmod(0o755)
    (tmp_path / "mine.py").write_text(
        "from maildoctor.api import Found, check, found\n"
        "from maildoctor.api.host import System\n"
        "@check('MINE001', 'mine', 'error', rung='offer', role='symptom', shows=['no-offer'],\n"
        "       fails=[{'system': 'os: a'}], passes=[{'system': ''}])\n"
        "def mine(system: System):\n"
        "    '''A title.\n\n    Advice: none.\n    '''\n"
    )
    (tmp_path / "mine.py").chmod(0o644)
    causes = load_library([str(tmp_path)]).causes
    found = [Finding(code, "x", "error", "m", "w", "a") for code in ("MINE001", "MECH001", "TLS001")]
    assert {r.finding.code: r.explained_by for r in rank(found, causes)} == {
        "MECH001": None,
        "TLS001": None,
        "MINE001": "MECH001",
    }


def test_the_exceptions_to_the_order_by_rungs_are_few_and_explain_something() -> None:
    assert len(ORDER) == len(set(ORDER)) <= 5
    assert set(ORDER) <= {cause.code for cause in LIBRARY.causes}


def test_of_two_causes_a_symptom_stands_under_the_one_on_the_lower_rung() -> None:
    both = [Finding(code, "x", "error", "m", "w", "a") for code in ("WIRE010", "MECH011", "TLS001")]
    known = places(LIBRARY.checks)
    ranked = rank(both, LIBRARY.causes, lambda f: order(f, known))
    assert [(r.finding.code, r.explained_by) for r in ranked] == [
        ("TLS001", None),
        ("WIRE010", "TLS001"),
        ("MECH011", None),
    ]


def test_one_broken_plug_in_does_not_explain_another() -> None:
    both = [
        Finding(c, "x", "error", "m", "w", "a", labels={"plugin": p})
        for c, p in (("LINK003", "login"), ("LINK006", "sasldb"))
    ]
    assert all(r.explained_by is None for r in rank(both, LIBRARY.causes))
    same = [both[0], replace(both[1], labels={"plugin": "login"})]
    assert [r.explained_by for r in rank(same, LIBRARY.causes)] == [None, "LINK003:plugin=login"]


def test_a_cause_that_is_confined_to_a_mechanism_explains_no_failure_of_others() -> None:
    by = {"mech": "GSSAPI"}
    found = [
        Finding("KRB005", "x", "error", "m", "w", "a", labels=by),
        Finding("LOGIN001", "x", "error", "m", "w", "a"),
    ]
    assert all(r.explained_by is None for r in rank(found, LIBRARY.causes))
    own = [found[0], Finding("LOGIN002", "x", "error", "m", "w", "a", labels={"mechanism": "GSSAPI"})]
    assert [r.explained_by for r in rank(own, LIBRARY.causes)] == [None, "KRB005:mech=GSSAPI"]


def test_no_finding_explains_itself_at_any_distance() -> None:
    graph: dict[str, set[str]] = {}
    for cause in LIBRARY.causes:
        graph.setdefault(cause.code, set()).update(cause.explains)
    list(TopologicalSorter(graph).static_order())  # raises CycleError

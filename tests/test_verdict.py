"""The verdict: findings laid on the ladder, and the one word on whether users can log in, which every format obeys."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.__main__ import main
from maildoctor.check import Axis, Direction, Role, Rung
from maildoctor.cli.status import Policy, plugin_status, status
from maildoctor.engine import Selection, examine
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.wire import Wire
from maildoctor.host import Answer, NoAnswer, Verb
from maildoctor.host.recording import Replay
from maildoctor.ladder import Ground, climb
from maildoctor.library import load_library
from maildoctor.model import (
    Evidence,
    Finding,
    Logins,
    LogRead,
    Matrix,
    Mechanism,
    Ranked,
    Report,
    Route,
    RouteRung,
    RungName,
    RungState,
    Severity,
    Target,
    Verdict,
)
from maildoctor.render import FORMATS, rendered
from maildoctor.render.style import Style
from maildoctor.render.verdict import sentence
from maildoctor.triage.witness import received
from maildoctor.verdict import RUNGS, Place, conclude, conclude_log, places
from tests.reports import DEBIAN
from tests.smtp_server import PASSWORD, USER, Manners, Server
from tests.test_ladder import LOGIN, LOOK, wire

FIXTURES = Path(__file__).parent.parent / "fixtures"
LIBRARY = load_library()
KNOWN = places(LIBRARY.checks)
STYLE = Style()

MECH = Mechanism("PLAIN", "loads", True, None, True, False, True, True, "not_tried", "usable")
LOGGED_IN = Logins(5, 1, (("PLAIN", 5),), since="2026-11-22T08:00:00Z")


def route(listener: str = "127.0.0.1:587", upto: RungName = "offer", service: str = "sendmail") -> Route:
    """A way in of which everything up to this rung is shown."""
    shown = RUNGS[: RUNGS.index(upto) + 1]
    return Route(service, listener, tuple(RouteRung(r, "holds" if r in shown else "not_shown") for r in RUNGS))


def finding(code: str, severity: Severity = "error", product: str = "", **labels: str) -> Finding:
    return Finding(code, "a-name", severity, f"{code} is wrong", "why", "advice", labels=labels, product=product)


def report(
    *findings: Finding,
    routes: Sequence[Route] | None = None,
    logins: Logins | None = None,
    matrix: Matrix | None = None,
) -> Report:
    """Of a host, before its verdict. Where somebody logged in, mail was taken after it."""
    done = logins is not None or (matrix is not None and any(row.login == "ok" for row in matrix.rows))
    routes = [route(upto="policy" if done else "offer")] if routes is None else routes
    ranked = tuple(Ranked(f, n, None) for n, f in enumerate(findings, 1))
    return Report(DEBIAN, "2026-11-22T09:00:00Z", 0.1, ranked, (), routes=tuple(routes), logins=logins, matrix=matrix)


def place(rung: Rung, role: Role = "cause", direction: Direction = "server", *scope: Axis) -> Place:
    return Place(rung, role, direction, scope)


def verdict(given: Report, lacking: bool = False, **known: Place) -> Verdict:
    found = conclude(given, known or KNOWN, lacking).verdict
    assert found is not None
    return found


def states(given: Report, **known: Place) -> dict[RungName, RungState]:
    """Of the first way in."""
    return {step.rung: step.state for step in conclude(given, known or KNOWN).routes[0].rungs}


# ---- each code


def test_a_login_in_the_log_is_what_works_means() -> None:
    concluded = conclude(report(logins=LOGGED_IN), KNOWN)
    assert concluded.verdict == Verdict("works", 5)
    assert sentence(concluded) == "Users can log in: 5 logins went well since the mail server was started."
    assert status(concluded, Policy()) == plugin_status(concluded, Policy()) == 0


def test_a_login_that_was_tried_is_what_works_means() -> None:
    done = Matrix((replace(MECH, login="ok", verdict="works"),))
    assert verdict(report(matrix=done)) == Verdict("works", 1)
    assert verdict(report(matrix=Matrix((MECH,)))).code == "not_shown"


def test_a_login_after_which_no_mail_was_seen_to_be_taken_is_not_enough() -> None:
    concluded = conclude(report(routes=[route(upto="account")], logins=LOGGED_IN), KNOWN)
    assert concluded.verdict == Verdict("not_shown", 5, because="policy")
    assert sentence(concluded).endswith("but no mail was seen to be taken after one.")


@pytest.mark.parametrize("upto", [rung for rung in RUNGS if rung != "hand-over"])
def test_without_a_login_it_is_not_shown_and_what_is_missing_is_told(upto: RungName) -> None:
    concluded = conclude(report(routes=[route(upto=upto)]), KNOWN)
    assert concluded.verdict == Verdict("not_shown", because=RUNGS[RUNGS.index(upto) + 1])
    assert sentence(concluded).startswith("Nothing wrong was seen, but it is not shown that users can log in: ")
    assert (status(concluded, Policy()), plugin_status(concluded, Policy())) == (3, 3)
    judged = replace(concluded, outcomes=(_PASS,))
    assert status(judged, Policy(allow_unknown=True)) == 0


_PASS = examine(Replay(str(FIXTURES / "healthy-trixie")), LIBRARY, Selection(select=("CONF001",))).outcomes[0]


def test_nothing_to_judge_passes_no_gate() -> None:
    nothing = conclude(report(routes=()), KNOWN)
    assert nothing.verdict == Verdict("nothing_to_judge")
    assert sentence(nothing) == "Of the mail server here nothing could be judged."
    without = replace(nothing, target=replace(nothing.target, mta=()))
    assert sentence(without) == "There is no mail server here."
    for policy in (Policy(), Policy(allow_unknown=True), Policy("never")):
        assert status(replace(nothing, outcomes=(_PASS,)), policy) == 3


def test_what_stops_all_logins_is_broken() -> None:
    concluded = conclude(report(finding("X001")), {"X001": place("verifier")})
    assert concluded.verdict == Verdict("broken", because="X001 is wrong")
    assert sentence(concluded) == "Nobody can log in."
    assert (status(concluded, Policy()), plugin_status(concluded, Policy())) == (1, 2)


def test_an_error_without_any_way_in_is_broken_not_nothing() -> None:
    assert verdict(report(finding("X001"), routes=()), X001=place("program")).code == "broken"


@pytest.mark.parametrize(
    ("scope", "labels", "without"),
    [
        (("mechanism",), {"mechanism": "GSSAPI"}, ("GSSAPI",)),
        (("user",), {"user": "bob"}, ("bob",)),
        (("client",), {"client": "192.0.2"}, ()),
    ],
)
def test_what_lets_down_some_is_partly(scope: tuple[Axis, ...], labels: dict[str, str], without: tuple[str]) -> None:
    concluded = conclude(
        report(finding("X001", "error", "", **labels)), {"X001": place("account", "cause", "server", *scope)}
    )
    assert concluded.verdict == Verdict("partly", 0, without, "X001 is wrong", fails="account")
    assert status(concluded, Policy()) == 1
    assert "Nobody" not in sentence(concluded)


def test_what_is_true_of_every_client_lets_down_all() -> None:
    assert verdict(report(finding("X001", client="all")), X001=place("listener", "cause", "server", "client")).code == (
        "broken"
    )


def test_a_port_that_is_dead_lets_down_those_who_use_it() -> None:
    two = report(finding("X001", endpoint="127.0.0.1:465"), routes=[route("127.0.0.1:465"), route("127.0.0.1:587")])
    concluded = conclude(two, {"X001": place("tls")})
    assert concluded.verdict == Verdict("partly", 0, ("127.0.0.1:465",), "X001 is wrong", fails="tls")
    assert [step.state for r in concluded.routes for step in r.rungs if step.rung == "tls"] == ["broken", "holds"]
    only = report(finding("X001", endpoint="127.0.0.1:587"), routes=[route("127.0.0.1:587")])
    assert verdict(only, X001=place("tls")).code == "broken"


def test_an_error_while_others_log_in_is_partly() -> None:
    assert verdict(report(finding("X001"), logins=LOGGED_IN), X001=place("verifier")).code == "partly"
    done = Matrix((replace(MECH, login="ok", verdict="works"),))
    assert verdict(report(finding("X001"), matrix=done), X001=place("verifier")) == Verdict(
        "partly", 1, (), "X001 is wrong", ("PLAIN",), "verifier"
    )


@pytest.mark.parametrize(("row", "code"), [(MECH, "partly"), (replace(MECH, verdict="does_not_load"), "broken")])
def test_what_keeps_a_mechanism_from_being_offered_lets_down_all_only_where_none_is_left(
    row: Mechanism, code: str
) -> None:
    for rung in ("mechanism", "offer"):
        assert verdict(report(finding("X001"), matrix=Matrix((row,))), X001=place(rung)).code == code
    assert verdict(report(finding("X001"), matrix=Matrix((row,))), X001=place("verifier")).code == "broken"


BROKEN = Mechanism("LOGIN", "broken", True, None, True, False, False, True, "not_tried", "does_not_load")


@pytest.mark.parametrize(
    ("rung", "labels", "logins", "said"),
    [
        ("mechanism", {}, None, "It seems that users can log in by PLAIN, but not by LOGIN."),
        ("mechanism", {"mechanism": "LOGIN"}, None, "It seems that users can log in by PLAIN, but not by LOGIN."),
        ("mechanism", {"mechanism": "LOGIN"}, LOGGED_IN, "Users can log in by PLAIN, but not by LOGIN."),
        ("account", {"user": "bob"}, LOGGED_IN, "Users can log in by PLAIN, but not as bob."),
        ("offer", {"port": "465"}, LOGGED_IN, "Users can log in by PLAIN, but not on 465."),
        ("verifier", {}, LOGGED_IN, "Users can log in by PLAIN, but not every password can be verified."),
        ("policy", {"mechanism": "LOGIN"}, LOGGED_IN, "Users can log in by PLAIN, but not all of them may send then."),
        ("hand-over", {}, LOGGED_IN, "Users can log in by PLAIN, but their mail is not passed on."),
    ],
)
def test_who_can_log_in_and_who_cannot_is_told_by_what_is_known(
    rung: Rung, labels: dict[str, str], logins: Logins | None, said: str
) -> None:
    given = report(finding("X001", **labels), logins=logins, matrix=Matrix((MECH, BROKEN)))  # type: ignore[arg-type]
    concluded = conclude(given, {"X001": place(rung, "cause", "server", "mechanism", "user")})
    assert concluded.verdict is not None and concluded.verdict.code == "partly"
    assert sentence(concluded).startswith(said)


def test_an_error_of_the_login_of_this_host_elsewhere_is_partly_and_breaks_no_way_in() -> None:
    known = {"X001": place("account", "cause", "relay")}
    for logins, shown in ((None, 0), (LOGGED_IN, 5)):
        concluded = conclude(report(finding("X001"), logins=logins), known)
        assert concluded.verdict == Verdict("partly", shown, (), "X001 is wrong", fails="relay")
        assert sentence(concluded).startswith("This host cannot log in everywhere that it is to")
        assert "broken" not in {step.state for step in concluded.routes[0].rungs}
        assert status(concluded, Policy()) == 1


@pytest.mark.parametrize("where", [place("policy", "risk"), place("none", "note"), place("none", "cause")])
def test_a_risk_works_with_its_finding(where: Place) -> None:
    """An open relay is no hindrance to users, and no reason for a green exit status."""
    concluded = conclude(report(finding("X001"), logins=LOGGED_IN), {"X001": where})
    assert concluded.verdict == Verdict("works", 5)
    assert "broken" not in {step.state for step in concluded.routes[0].rungs}
    assert status(concluded, Policy()) == 1
    assert plugin_status(concluded, Policy()) == 2


def test_an_open_relay_is_such_a_risk() -> None:
    assert (KNOWN["CONF012"].role, KNOWN["CONF012"].rung) == ("risk", "policy")


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_a_warning_breaks_nothing(severity: Severity) -> None:
    assert verdict(report(finding("X001", severity), logins=LOGGED_IN), X001=place("verifier")).code == "works"
    concluded = conclude(report(finding("X001", severity)), {"X001": place("verifier")})
    assert concluded.verdict is not None and concluded.verdict.code == "not_shown"
    assert sentence(concluded).startswith("It is not" if severity == "warning" else "Nothing wrong was seen")


# ---- ready: where nothing runs


def rest(but: RungName | None = None, state: RungState = "not_shown") -> Route:
    """A way in of an image: what files can show holds, but one rung."""
    usual: dict[RungName, RungState] = {r: "not_reached" if r in ("program", "listener") else "holds" for r in RUNGS}
    return Route("sendmail", "", tuple(RouteRung(r, state if r == but else usual[r]) for r in RUNGS))


READY = Matrix((replace(MECH, verdict="would_be_usable"),))


def test_an_image_is_ready_where_every_rung_that_files_can_show_holds() -> None:
    concluded = conclude(report(routes=[rest("hand-over")], matrix=READY), KNOWN)
    assert concluded.verdict == Verdict("ready")
    assert status(replace(concluded, outcomes=(_PASS,)), Policy()) == 0
    assert sentence(concluded).startswith("Nothing in these files stands in the way of a login.")


@pytest.mark.parametrize("rung", ["tls", "mechanism", "offer", "verifier", "account"])
def test_an_image_with_a_gap_is_not_ready(rung: RungName) -> None:
    assert verdict(report(routes=[rest(rung)], matrix=READY)) == Verdict("not_shown", because=rung)


@pytest.mark.parametrize("rung", ["verifier", "account"])
def test_what_only_a_running_host_has_is_no_gap(rung: RungName) -> None:
    assert verdict(report(routes=[rest(rung, "not_reached")], matrix=READY)).code == "ready"


@pytest.mark.parametrize(
    "table", [None, Matrix((replace(MECH, verdict="nobody"),)), Matrix((replace(READY.rows[0], secret=False),))]
)
def test_an_image_of_which_no_mechanism_is_usable_is_not_ready(table: Matrix | None) -> None:
    assert verdict(report(routes=[rest()], matrix=table)).code == "not_shown"


def test_what_runs_is_never_ready() -> None:
    assert verdict(report(routes=[route(upto="hand-over")], matrix=READY)).code == "not_shown"


def test_an_error_in_an_image_is_broken() -> None:
    assert verdict(report(finding("X001"), routes=[rest()], matrix=READY), X001=place("verifier")).code == "broken"


# ---- a login that was asked for


@pytest.mark.parametrize("fail_on", ["error", "warning", "never"])
def test_a_login_that_was_asked_for_and_not_tried_is_never_0(fail_on: str) -> None:
    done = Matrix((replace(MECH, login="ok", verdict="works"),))
    for seen in (report(logins=LOGGED_IN), report(matrix=done), report()):
        concluded = conclude(seen, KNOWN, lacking=True)
        assert concluded.verdict is not None and concluded.verdict.code == "not_shown"
        assert status(concluded, Policy(fail_on)) == 3  # type: ignore[arg-type]
        assert plugin_status(concluded, Policy(fail_on)) == 3  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("manners", "words"),
    [
        (Manners(auth=()), ()),
        (Manners(auth=("XOAUTH2",)), ()),
        (Manners(auth=("CRAM-MD5",)), ("--mech", "SCRAM-SHA-256")),
        (Manners(auth=("PLAIN",)), ()),  # in clear, which is not asked for
    ],
    ids=["no AUTH", "no mechanism of ours", "none of those asked for", "a password in clear"],
)
@pytest.mark.parametrize("form", ["text", "nagios", "junit"])
def test_probe_with_a_user_and_without_a_login_is_never_0(
    manners: Manners,
    words: tuple[str, ...],
    form: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SECRET", PASSWORD)
    with Server(manners) as server:
        asked = ["probe", "--user", USER, "--password-env", "SECRET", *words, "--format", form]
        assert main([*asked, f"127.0.0.1:{server.port}"]) != 0
        said = capsys.readouterr().out
        assert main([*asked, "--allow-unknown", f"127.0.0.1:{server.port}"]) != 0, "a login is no part to do without"
    if form == "nagios":
        assert " OK " not in said.split("\n")[0]
    if form == "junit":
        assert 'name="users can log in" classname="maildoctor" time="0" />' not in said, "neither failed nor skipped"


def test_probe_of_a_port_that_is_closed_has_nothing_to_judge_or_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    with Server(Manners(auth=("PLAIN",))) as server:
        port = server.port
    assert main(["probe", "--format", "json", f"127.0.0.1:{port}"]) != 0
    assert json.loads(capsys.readouterr().out)["verdict"]["code"] in ("broken", "nothing_to_judge", "not_shown")


# ---- the ladder with what is found


def test_above_what_stops_all_nothing_is_reached_unless_it_is_shown() -> None:
    """A login is the better witness."""
    shown = states(report(finding("X001"), routes=[route(upto="offer")]), X001=place("tls"))
    assert (shown["listener"], shown["tls"]) == ("holds", "broken")
    assert shown["mechanism"] == shown["offer"] == "holds", "these were seen"
    assert shown["verifier"] == shown["account"] == shown["policy"] == shown["hand-over"] == "not_reached"


def test_above_what_stops_some_all_stays_as_it_was() -> None:
    shown = states(report(finding("X001", user="bob")), X001=place("account", "cause", "server", "user"))
    assert (shown["account"], shown["policy"]) == ("broken", "not_shown")


def test_a_broken_rung_names_the_root_of_its_finding() -> None:
    cause, symptom = finding("X001", subject="a"), finding("X002", subject="b")
    given = report(cause, symptom)
    given = replace(given, ranked=(given.ranked[0], replace(given.ranked[1], explained_by=cause.fingerprint)))
    (way,) = conclude(given, {"X001": place("none"), "X002": place("offer", "symptom")}).routes
    step = way.rung("offer")
    assert step is not None
    assert (step.state, step.finding, step.summary) == ("broken", cause.fingerprint, "X002 is wrong")


def test_a_finding_about_one_service_breaks_no_way_into_another() -> None:
    ways = [route(), route("127.0.0.1:143", service="dovecot")]
    first, second = conclude(report(finding("X001", product="dovecot"), routes=ways), {"X001": place("tls")}).routes
    assert [r.rung("tls").state for r in (first, second) if r.rung("tls")] == ["holds", "broken"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("code", "rung"), [("RUN510", "program"), ("TLS120", "tls"), ("SASL120", "verifier"), ("MAP120", "policy")]
)
def test_what_only_the_log_tells_stands_on_the_rung_of_its_family(code: str, rung: RungName) -> None:
    assert states(report(finding(code)), X001=place("none"))[rung] == "broken"


def test_a_line_of_the_log_stands_on_the_rung_of_its_own_rule() -> None:
    """The letters of a code say of what it speaks, not what a login lacks by it."""
    own = replace(finding("CONF154"), rung="verifier")
    assert states(report(own), X001=place("none"))["verifier"] == "broken"
    elsewhere = replace(finding("USER545"), rung="account", direction="relay")
    concluded = conclude(report(elsewhere, logins=LOGGED_IN), KNOWN)
    assert concluded.verdict is not None and concluded.verdict.fails == "relay"
    assert "broken" not in {step.state for step in concluded.routes[0].rungs}, "users here log in all the same"


def test_failing_logins_stand_under_what_the_log_names_as_the_reason() -> None:
    given = report(finding("LOGIN001", log="a"), finding("SASL120", user="b"))
    concluded = conclude(given, KNOWN)
    assert [(r.finding.code, r.rank, r.explained_by) for r in concluded.ranked] == [
        ("SASL120", 1, None),
        ("LOGIN001", 2, "SASL120:user=b"),
    ]
    above = conclude(report(finding("LOGIN001", log="a"), finding("QUEUE510", user="b")), KNOWN)
    assert all(r.explained_by is None for r in above.ranked), "what comes after a login does not make it fail"


def test_what_a_program_wrote_that_does_not_run_stands_above_its_not_running() -> None:
    said = Evidence("/var/log/auth.log", "Nov 22 06:00:00 mail saslauthd[7]: set_auth_mech : unknown mechanism: ldapp")
    why = replace(finding("RUN510", user="b"), evidence=(said,))
    stopped = finding("SASL007", daemon="saslauthd")
    concluded = conclude(report(stopped, why), KNOWN)
    assert [(r.finding.code, r.explained_by) for r in concluded.ranked] == [
        ("RUN510", None),
        ("SASL007", "RUN510:user=b"),
    ]
    by_another = replace(why, evidence=(replace(said, text="Nov 22 06:00:00 mail sm-mta[7]: x"),))
    ranked = conclude(report(stopped, by_another), KNOWN).ranked
    assert all(r.explained_by is None for r in ranked), "another program does not say why"


# ---- the log's notes

FAILURE = "AUTH failure (GSSAPI): generic failure (-1) SASL(-1): generic failure: GSSAPI Error: No credentials were"
KEYTAB = (
    "Nov 22 {time} mail sm-mta[63]: 6AM6PxrH000064: AUTH failure (GSSAPI): generic failure (-1) SASL(-1): generic"
    " failure: GSSAPI Error: No credentials were supplied, or the credentials were unavailable or inaccessible"
    " (Key table file '/etc/krb5.keytab' not found), user=, relay=client.example.com [192.0.2.9]\n"
)
DONE = "Nov 22 {time} mail sm-mta[8]: AUTH=server, relay=c.example.com [192.0.2.9], authid=bob, mech=CRAM-MD5, bits=0\n"
UNSPOKEN = {code: rules for code, rules in LIBRARY.witnesses.items() if not any("KRB" in rule for rule in rules)}


class Log:
    """A host of which only a log is known."""

    kind, name, commands = "host", "mail.example.com", ()

    def __init__(self, text: str) -> None:
        self.text = text

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        if (verb, subject) == ("recent", "/var/log/mail.log"):
            return self.text
        return NoAnswer("absent", f"{subject} does not exist")


@pytest.mark.parametrize(
    ("since", "lines", "severity"),
    [
        ("2026-11-22T05:00:00+00:00", [KEYTAB.format(time="06:00:00")], "error"),
        ("2026-11-22T07:00:00+00:00", [KEYTAB.format(time="06:00:00")], "info"),
        ("", [KEYTAB.format(time="06:00:00")], "info"),
        ("2026-11-22T05:00:00+00:00", [KEYTAB.format(time="06:00:00"), DONE.format(time="06:30:00")], "info"),
        ("2026-11-22T05:00:00+00:00", [DONE.format(time="05:30:00"), KEYTAB.format(time="06:00:00")], "error"),
    ],
    ids=["after the start", "before the start", "start unknown", "logins went well after it", "and before it"],
)
def test_a_line_of_the_log_counts_where_it_is_of_now(
    since: str, lines: list[str], severity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    given = report(logins=Logins(0, 1, since=since))
    history = LoginHistory.parse(f"# since: {since}\n" + "".join(lines))
    witnessed = received(Log("".join(lines)), given, UNSPOKEN, history)
    found = [r for r in witnessed.ranked if r.finding.code.startswith("KRB")]
    assert [r.finding.severity for r in found] == [severity]
    concluded = conclude(witnessed, KNOWN)
    assert concluded.verdict is not None
    assert (concluded.verdict.code in ("broken", "partly")) is (severity == "error")


# ---- logs alone


def of_log(*findings: Finding, **log: object) -> Report:
    read = replace(LogRead(("mail.log",), 9, 900, 3), **log)  # type: ignore[arg-type]
    return replace(report(*findings, routes=()), target=Target("log", "mail.log"), log=read)


@pytest.mark.parametrize(
    ("given", "code", "exits"),
    [
        (of_log(logins=Logins(3, 0)), "works", 0),
        (of_log(), "not_shown", 3),
        (of_log(logins=Logins(0, 4)), "not_shown", 3),
        (of_log(bytes=0), "nothing_to_judge", 3),
        (of_log(of_mail=False), "nothing_to_judge", 3),
        (of_log(finding("SASL120")), "partly", 1),
        (of_log(finding("SASL120"), logins=Logins(0, 4)), "broken", 1),
        (of_log(finding("SASL120"), logins=Logins(3, 4)), "partly", 1),
        (of_log(finding("SASL120", "warning"), logins=Logins(3, 4)), "works", 0),
    ],
)
def test_the_verdict_of_a_log(given: Report, code: str, exits: int) -> None:
    concluded = conclude_log(given)
    assert concluded.verdict is not None
    assert (concluded.verdict.code, status(concluded, Policy())) == (code, exits)


# ---- whole runs


@pytest.mark.parametrize("name", ["healthy-bookworm", "healthy-trixie"])
def test_what_is_asked_for_alone_has_no_verdict(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "--snapshot", str(FIXTURES / name), "--select", "CONF*"]
    assert main([*words, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["verdict"], document["routes"]) == (None, [])
    main([*words, "--format", "junit"])
    assert "users can log in" not in capsys.readouterr().out


def test_every_format_obeys_the_verdict() -> None:
    """The sentence of the text is in the others; of all formats none says that all is well where it is not."""
    for code, exits in (("works", 0), ("ready", 0), ("not_shown", 3), ("nothing_to_judge", 3)):
        given = replace(report(), verdict=Verdict(code, 3), outcomes=(_PASS,))  # type: ignore[arg-type]
        assert status(given, Policy()) == plugin_status(given, Policy()) == exits
        said = {form: rendered(given, form, replace(STYLE, state=exits)) for form in FORMATS}
        assert sentence(given) in said["text"]
        assert json.loads(said["json"])["verdict"] == {
            "code": code,
            "sentence": sentence(given),
            "shown": 3,
            "without": [],
            "because": "",
            "able": [],
            "fails": "",
        }
        assert ("\nmaildoctor_login_works 1\n" in said["prometheus"]) is (code == "works")
        assert "\nmaildoctor_login_works 0\n" not in said["prometheus"], "it is not known"
        assert ("SMTP AUTH OK" in said["nagios"]) is (exits == 0)


# ---- whatever is found

SEVERITIES = st.sampled_from(["error", "warning", "info"])
CODES = st.sampled_from(sorted(KNOWN)) | st.sampled_from(["SASL120", "RUN510", "KRB130", "XX999"])
LABELS = st.dictionaries(
    st.sampled_from(["mechanism", "user", "client", "endpoint", "port"]),
    st.sampled_from(["PLAIN", "all", "127.0.0.1:587", "25", "587"]),
    max_size=2,
)
ROUTES = st.lists(
    st.builds(
        route,
        st.sampled_from(["127.0.0.1:587", "127.0.0.1:25", "[::1]:465", ""]),
        st.sampled_from(RUNGS),
        st.sampled_from(["sendmail", "postfix", ""]),
    )
    | st.builds(rest),
    max_size=3,
)
ROWS = st.builds(
    replace,
    st.just(MECH),
    login=st.sampled_from(["failed", "refused", "not_tried"]),
    verdict=st.sampled_from(["usable", "would_be_usable", "nobody", "works", "login_fails"]),
)


@settings(deadline=None)
@given(
    st.lists(st.tuples(CODES, SEVERITIES, LABELS), max_size=4),
    ROUTES,
    st.none() | st.builds(Logins, st.just(0), st.integers(0, 9)),
    st.none() | st.lists(ROWS, min_size=1, max_size=3).map(lambda rows: Matrix(tuple(rows))),
    st.booleans(),
)
def test_without_a_login_that_is_shown_nothing_works(
    found: list[tuple[str, Severity, dict[str, str]]],
    ways: list[Route],
    logins: Logins | None,
    table: Matrix | None,
    lacking: bool,
) -> None:
    findings = {f.fingerprint: f for f in (finding(code, severity, **labels) for code, severity, labels in found)}
    concluded = conclude(report(*findings.values(), routes=ways, logins=logins, matrix=table), KNOWN, lacking)
    assert concluded.verdict is not None
    assert concluded.verdict.code != "works"
    assert concluded.verdict.shown == 0
    if concluded.verdict.code == "ready":
        assert all(way.rungs[0].state == "not_reached" for way in concluded.routes)
    assert sorted(r.finding.fingerprint for r in concluded.ranked) == sorted(findings), "nothing is lost"
    assert [r.rank for r in concluded.ranked] == [*range(1, len(findings) + 1)]
    for way in concluded.routes:
        assert [step.rung for step in way.rungs] == list(get_args(RungName))
        assert all((step.state == "broken") is (step.finding is not None) for step in way.rungs)
    if concluded.verdict.code in ("not_shown", "ready", "nothing_to_judge"):
        assert not any(step.state == "broken" for way in concluded.routes for step in way.rungs)
    assert (concluded.verdict.code in ("ready", "works")) or status(concluded, Policy()) != 0


@settings(deadline=None)
@given(ROUTES, st.integers(1, 9), st.booleans())
def test_with_one_it_does_unless_another_was_asked_for(ways: list[Route], count: int, lacking: bool) -> None:
    concluded = conclude(report(routes=ways, logins=Logins(count, 0)), KNOWN, lacking)
    assert concluded.verdict is not None
    taken = any(step.state == "holds" for way in ways for step in way.rungs if step.rung == "policy")
    assert (concluded.verdict == Verdict("works", count)) is (taken and not lacking)


def test_a_login_on_the_wire_reaches_the_ladder_and_the_verdict_alike() -> None:
    """Both are made of the same conversations."""
    talks = wire(LOOK, LOGIN.replace("{outcome}", "ok"))
    assert isinstance(talks, Wire)
    ways = climb(Ground(wire=talks), [])
    concluded = conclude(report(routes=ways, matrix=Matrix((replace(MECH, login="ok", verdict="works"),))), KNOWN)
    assert concluded.verdict == Verdict("works", 1)
    assert states(concluded)["account"] == "holds"


# ---- where AUTH was never set up

UNSET = finding("CONF028", "warning", "sendmail", path="/etc/mail/sendmail.cf")


def test_a_host_where_auth_was_never_set_up_is_not_broken_and_never_works() -> None:
    judged = conclude(report(UNSET), KNOWN)
    assert judged.verdict == Verdict("not_shown", because="set-up")
    assert sentence(judged) == "AUTH is not set up here, so nobody can log in: maildoctor guide shows the way."
    assert status(judged, Policy()) == 3


def test_what_follows_from_auth_never_set_up_is_no_fault_of_its_own() -> None:
    offered = finding("MECH008", "error", "sendmail", mechanism="CRAM-MD5")
    given_ = report(UNSET)
    ranked = (*given_.ranked, Ranked(offered, 2, UNSET.fingerprint))
    judged = conclude(replace(given_, ranked=ranked), KNOWN)
    assert [r.finding.severity for r in judged.ranked] == ["warning", "info"]
    assert judged.verdict is not None and judged.verdict.code == "not_shown"


def test_a_fault_beside_it_is_one_all_the_same() -> None:
    judged = conclude(report(finding("QUEUE006", "error", "sendmail"), UNSET), KNOWN)
    assert judged.verdict is not None and judged.verdict.code == "broken"
    assert status(judged, Policy()) == 1


def test_another_mail_server_may_let_users_in() -> None:
    ways = [route(), route("127.0.0.1:2525", service="postfix")]
    judged = conclude(report(UNSET, routes=ways), KNOWN)
    assert judged.verdict is not None and judged.verdict.because != "set-up"

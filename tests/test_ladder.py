"""The ladder: what shows each rung of each way in, from small facts; what nothing shows is not shown."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.auth.service import LoginService
from maildoctor.check import Shown
from maildoctor.engine import Selection, examine
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.facts.tls import Tls
from maildoctor.facts.wire import Wire
from maildoctor.host.recording import Replay
from maildoctor.ladder import Ground, Seen, climb
from maildoctor.library import load_library
from maildoctor.model import Evidence, Route, RungName, RungState
from maildoctor.verdict import RUNGS

FIXTURES = Path(__file__).parent.parent / "fixtures"

LOOK = """\
=== connect {address}:{port} auto
=== purpose look
<-  220 mail.example.com ESMTP Sendmail 8.17.1/8.17.1; now
 -> EHLO maildoctor.invalid
<-  250-mail.example.com Hello localhost [127.0.0.1], pleased to meet you
<-  250-ENHANCEDSTATUSCODES
<-  250-AUTH CRAM-MD5
<-  250 STARTTLS
 -> STARTTLS
<-  220 2.0.0 Ready to start TLS
=== tls TLSv1.3 TLS_AES_256_GCM_SHA384 256 bits
=== certificate not after: 2027-06-10T00:00:00Z
 ~> EHLO maildoctor.invalid
<~  250-mail.example.com Hello localhost [127.0.0.1], pleased to meet you
<~  250-AUTH CRAM-MD5 PLAIN LOGIN
<~  250 HELP
=== took 0.100
"""
WITHOUT_TLS = """\
=== connect {address}:{port} auto
=== purpose look
<-  220 mail.example.com ESMTP Sendmail 8.17.1/8.17.1; now
 -> EHLO maildoctor.invalid
<-  250-mail.example.com Hello localhost [127.0.0.1], pleased to meet you
<-  250 HELP
"""
SILENT = "=== connect 127.0.0.1:{port} auto\n=== purpose look\n*** refused: connection refused\n"
LOGIN = """\
=== connect 127.0.0.1:587 auto
=== purpose login PLAIN
=== user test
<-  220 mail.example.com ESMTP Sendmail 8.17.1/8.17.1; now
 ~> AUTH PLAIN ***
<~  235 2.0.0 OK Authenticated
=== outcome {outcome}
"""
RELAYED = """\
=== connect 127.0.0.1:587 auto
=== purpose {purpose}
<-  220 mail.example.com ESMTP Sendmail 8.17.1/8.17.1; now
 ~> RCPT TO:<postmaster@example.net>
<~  250 2.1.5 Recipient ok
=== outcome {outcome}
"""
SINCE = "# path: /var/log/mail.log\n# since: 2026-11-22T08:00:00Z\n"
IN = (
    "Nov 22 09:00:03 mail sm-mta[8]: AUTH=server, relay=client.example.com [192.0.2.9], authid={user}, "
    "mech=CRAM-MD5, bits=0\n"
)
OUT = (
    "Nov 22 09:00:01 mail sm-mta[7]: 6AM7x0000007: AUTH failure (PLAIN): authentication failure (-13) SASL(-13), "
    "user=bob, relay=client.example.com [192.0.2.9]\n"
)
TAKEN = (
    "Nov 22 09:00:04 mail sm-mta[8]: 6AM7x0000008: from=<bob@example.com>, size=9, class=0, nrcpts=1, msgid=<1@x>, "
    "proto=ESMTPSA, daemon=MSP, relay=client.example.com [192.0.2.9]\n"
)
PASSED_ON = "Nov 22 09:00:05 mail sm-mta[9]: 6AM7x0000008: to=<a@example.net>, mailer=esmtp, stat={stat}\n"

SERVICE = LoginService.parse(
    "wanted\nmechanisms: PLAIN LOGIN CRAM-MD5\ntrusted: PLAIN LOGIN CRAM-MD5\nrealm: example.com"
)
EMPTY = "# path: /etc/sasldb2\n"
DB = SaslDb.parse(
    f"{EMPTY}alice@example.com: userPassword\nbob@example.com: userPassword\neve@example.org: userPassword\n"
)


def wire(*texts: str, address: str = "127.0.0.1", port: int = 587) -> Wire:
    return Wire.parse("".join(text.replace("{address}", address).replace("{port}", str(port)) for text in texts))


def history(*lines: str) -> LoginHistory:
    return LoginHistory.parse(SINCE + "".join(lines))


def states(route: Route) -> dict[RungName, RungState]:
    return {step.rung: step.state for step in route.rungs}


def summary(route: Route, name: RungName) -> str:
    step = route.rung(name)
    assert step is not None
    return step.summary


def holding(route: Route) -> set[RungName]:
    return {rung for rung, state in states(route).items() if state == "holds"}


# ---- which ways in there are


def test_every_port_on_which_users_log_in_is_a_route() -> None:
    both = wire(LOOK, port=587).all + wire(LOOK, port=25).all + wire(WITHOUT_TLS, address="127.0.0.2", port=25).all
    routes = climb(Ground(wire=Wire(both)), [Seen("sendmail")])
    assert [(r.service, r.listener) for r in routes] == [("sendmail", "127.0.0.1:587"), ("sendmail", "127.0.0.1:25")]
    for route in routes:
        assert [step.rung for step in route.rungs] == list(RUNGS)


def test_a_port_that_offers_nothing_is_one_where_no_other_answers() -> None:
    (route,) = climb(Ground(wire=wire(WITHOUT_TLS, port=25)), [Seen("sendmail")])
    assert route.listener == "127.0.0.1:25"
    assert holding(route) == {"program", "listener"}


def test_a_submission_port_that_offers_nothing_is_one_all_the_same() -> None:
    both = wire(LOOK, port=25).all + wire(WITHOUT_TLS, port=587).all
    routes = climb(Ground(wire=Wire(both)), [Seen("sendmail")])
    assert {r.listener: "offer" in holding(r) for r in routes} == {"127.0.0.1:25": True, "127.0.0.1:587": False}


def test_a_port_that_does_not_answer_is_no_way_in_but_its_service_is() -> None:
    (route,) = climb(Ground(wire=wire(SILENT)), [Seen("sendmail")])
    assert (route.service, route.listener) == ("sendmail", "")
    assert set(states(route).values()) == {"not_shown"}


def test_without_a_mail_server_there_is_no_way_in() -> None:
    assert climb(Ground(), []) == ()
    assert climb(Ground(wire=wire(SILENT)), []) == ()
    assert climb(Ground(still=True), [Seen("")]) == ()


def test_two_services_have_a_route_each_and_what_shows_one_shows_nothing_of_the_other() -> None:
    dovecot = Seen("postfix", history=history(IN.format(user="bob")))
    first, second = climb(Ground(wire=wire(LOOK)), [Seen("sendmail"), dovecot])
    assert (first.service, second.service) == ("sendmail", "postfix")
    assert "verifier" not in holding(first)
    assert "verifier" in holding(second)
    assert "listener" not in holding(second)


# ---- the rungs, lowest first


def test_what_a_look_shows_and_what_it_does_not() -> None:
    (route,) = climb(Ground(wire=wire(LOOK)), [Seen("sendmail")])
    assert holding(route) == {"program", "listener", "tls", "mechanism", "offer"}
    assert summary(route, "tls") == "STARTTLS, TLSv1.3, certificate until 2027-06-10"
    assert summary(route, "offer") == "PLAIN LOGIN in TLS"
    for rung in ("verifier", "account", "policy", "hand-over"):
        step = route.rung(rung)
        assert step is not None and step.state == "not_shown"
        assert step.would_show.startswith("maildoctor probe 127.0.0.1:587 --user NAME")
    assert all(step.evidence for step in route.rungs if step.state == "holds")


def test_without_tls_that_rung_is_not_shown() -> None:
    (route,) = climb(Ground(wire=wire(WITHOUT_TLS)), [Seen("sendmail")])
    assert states(route)["tls"] == states(route)["offer"] == "not_shown"


def test_the_process_that_listens_is_named_where_it_is_known() -> None:
    daemon = "42 root 1795327000 /usr/libexec/sendmail/sendmail sendmail: MTA: accepting connections"
    ground = Ground(
        processes=Processes.parse(daemon),
        listeners=Listeners.parse("0.0.0.0 587 42 sendmail"),
        wire=wire(LOOK),
    )
    (route,) = climb(ground, [Seen("sendmail")])
    program, listener = route.rungs[:2]
    assert (program.summary, program.evidence[0].source) == ("sendmail runs", "ps")
    assert listener.summary == "0.0.0.0:587 answers in 0.100 s"


@pytest.mark.parametrize(
    ("outcome", "shows"), [("ok", True), ("failed 535", False), ("not-sent", False), ("later 454", False), ("", False)]
)
def test_only_a_login_that_went_well_shows_verifier_and_account(outcome: str, shows: bool) -> None:
    (route,) = climb(Ground(wire=wire(LOOK, LOGIN.replace("{outcome}", outcome))), [Seen("sendmail")])
    assert ({"verifier", "account"} <= holding(route)) is shows
    assert not {"policy", "hand-over"} & holding(route), "a login is no mail"


def test_a_login_shows_nothing_of_another_port() -> None:
    talks = wire(LOOK, port=25).all + wire(LOOK, LOGIN.replace("{outcome}", "ok")).all
    by_port = {r.listener: holding(r) for r in climb(Ground(wire=Wire(talks)), [Seen("sendmail")])}
    assert "account" in by_port["127.0.0.1:587"]
    assert "account" not in by_port["127.0.0.1:25"]


@pytest.mark.parametrize(
    ("purpose", "outcome", "shows"),
    [
        ("relay-auth", "accepted 250", {"policy"}),
        ("relay-auth", "ok 235", set()),  # it logged in, and was not asked for a recipient any more
        ("relay-auth", "refused 550", set()),
        ("relay", "ok", set()),
        ("send", "sent", {"policy", "hand-over"}),
        ("send", "refused 550", set()),
    ],
)
def test_a_relay_test_shows_the_policy_and_a_message_the_hand_over(
    purpose: str, outcome: str, shows: set[RungName]
) -> None:
    text = RELAYED.replace("{purpose}", purpose).replace("{outcome}", outcome)
    (route,) = climb(Ground(wire=wire(LOOK, text)), [Seen("sendmail")])
    assert holding(route) & {"policy", "hand-over"} == shows


def test_logins_in_the_log_show_verifier_and_account() -> None:
    (route,) = climb(Ground(), [Seen("sendmail", history=history(OUT, IN.format(user="bob"), IN.format(user="eve")))])
    assert holding(route) == {"verifier", "account"}
    assert summary(route, "verifier") == "2 logins since 2026-11-22T08:00:00Z by CRAM-MD5"
    assert summary(route, "account") == "bob, eve logged in"
    step = route.rung("verifier")
    assert step is not None and "AUTH=server" in step.evidence[0].text


def test_failures_in_the_log_show_nothing() -> None:
    (route,) = climb(Ground(), [Seen("sendmail", history=history(OUT, OUT))])
    assert holding(route) == set()


@pytest.mark.parametrize(
    ("lines", "shows"),
    [
        ((TAKEN,), {"policy"}),
        ((TAKEN, PASSED_ON.replace("{stat}", "Sent (ok)")), {"policy", "hand-over"}),
        ((TAKEN, PASSED_ON.replace("{stat}", "Deferred: Connection refused")), {"policy"}),
        ((PASSED_ON.replace("{stat}", "Sent (ok)"),), set()),
    ],
)
def test_mail_after_a_login_shows_policy_and_hand_over(lines: tuple[str, ...], shows: set[RungName]) -> None:
    (route,) = climb(Ground(), [Seen("sendmail", history=history(IN.format(user="bob"), *lines))])
    assert holding(route) - {"verifier", "account"} == shows


def test_what_a_check_proves_holds() -> None:
    proof = Shown("0 messages wait", (Evidence("/var/spool/mqueue", "empty"),), "hand-over")
    (route,) = climb(Ground(), [Seen("sendmail", shown=(proof,))])
    assert holding(route) == {"hand-over"}
    assert summary(route, "hand-over") == "0 messages wait"


def test_the_best_proof_stands_a_login_before_the_log_before_files() -> None:
    seen = Seen("sendmail", SERVICE, None, DB, history(IN.format(user="bob")))
    by_files, by_log, by_login = (
        climb(ground, [one])[0]
        for ground, one in (
            (Ground(), replace(seen, history=None)),
            (Ground(), seen),
            (Ground(wire=wire(LOOK, LOGIN.replace("{outcome}", "ok"))), seen),
        )
    )
    said = [summary(route, "account") for route in (by_files, by_log, by_login)]
    assert said == ["2 users of 3 in realm example.com", "bob logged in", "a login by PLAIN as test"]


# ---- what files show


def test_a_user_database_shows_who_verifies_and_who_is_served() -> None:
    (route,) = climb(Ground(), [Seen("sendmail", SERVICE, None, DB)])
    assert holding(route) == {"verifier", "account", "policy"}


def test_users_of_another_realm_are_not_served() -> None:
    (route,) = climb(Ground(), [Seen("sendmail", replace(SERVICE, realm="mail.example.net"), None, DB)])
    assert holding(route) == {"verifier", "policy"}


@pytest.mark.parametrize("db", [SaslDb.parse(f"{EMPTY}# missing"), SaslDb.parse(EMPTY), None])
def test_a_user_database_without_users_shows_nothing(db: SaslDb | None) -> None:
    (route,) = climb(Ground(), [Seen("sendmail", SERVICE, None, db)])
    assert holding(route) == {"policy"}


def test_where_saslauthd_verifies_the_users_of_a_sasldb_prove_nothing() -> None:
    conf = SaslConf.parse("# path: /etc/sasl2/Sendmail.conf\npwcheck_method: saslauthd\n")
    (route,) = climb(Ground(), [Seen("sendmail", SERVICE, conf, DB)])
    assert holding(route) == {"policy"}


# ---- where nothing runs

_PLUGINS = "directory: /usr/lib/sasl2\n" + "".join(
    f"plugin: /usr/lib/sasl2/lib{name}.so -> /usr/lib/sasl2/lib{name}.so\n"
    f"ELF 64-bit LSB shared object, x86-64, soname lib{name}.so.2\n"
    for name in ("plain", "login", "crammd5")
)
_TLS = """\
now: 2026-11-22T06:00:00Z
[certificate] /etc/mail/tls/host.pem
subject: CN=mail.example.com
not before: 2026-01-01T00:00:00Z
not after: {until}
public key: sha256:aa
[key] /etc/mail/tls/host.key
public key: {key}
"""


def tls(until: str = "2027-01-01T00:00:00Z", key: str = "sha256:aa") -> Tls:
    return Tls.parse(_TLS.format(until=until, key=key))


REST = Seen("sendmail", SERVICE, None, DB, plugins=Plugins.parse(_PLUGINS), tls=tls())
STILL = Ground(still=True)


def test_what_files_promise_of_a_target_on_which_nothing_runs() -> None:
    (route,) = climb(STILL, [REST])
    assert {rung for rung, state in states(route).items() if state == "not_reached"} == {"program", "listener"}
    assert holding(route) == {"tls", "mechanism", "offer", "verifier", "account", "policy"}
    assert summary(route, "tls") == "certificate until 2027-01-01"
    assert summary(route, "offer") == "PLAIN LOGIN in TLS"


def test_of_a_host_that_runs_files_do_not_tell_what_it_offers() -> None:
    """The daemon may have read others."""
    (route,) = climb(Ground(), [REST])
    assert not {"program", "listener", "tls", "mechanism", "offer"} & holding(route)


@pytest.mark.parametrize(
    "files",
    [None, tls(until="2026-11-22T05:00:00Z"), tls(key="sha256:bb"), Tls.parse("now: 2026-11-22T06:00:00Z")],
    ids=["unknown", "expired", "of another key", "none"],
)
def test_a_certificate_that_is_no_good_shows_no_tls(files: Tls | None) -> None:
    (route,) = climb(STILL, [replace(REST, tls=files)])
    assert states(route)["tls"] == "not_shown"


def test_what_is_offered_without_tls_needs_none() -> None:
    service = replace(SERVICE, requires=frozenset("p"), without_tls="no certificate is set")
    (route,) = climb(STILL, [replace(REST, service=service, tls=None)])
    assert (states(route)["tls"], summary(route, "tls")) == ("not_reached", "none: no certificate is set")
    assert summary(route, "offer") == "CRAM-MD5 in clear"


@pytest.mark.parametrize("plugins", [None, Plugins.parse("directory: /usr/lib/sasl2\n")])
def test_without_plug_ins_nothing_is_offered(plugins: Plugins | None) -> None:
    (route,) = climb(STILL, [replace(REST, plugins=plugins)])
    assert states(route)["mechanism"] == states(route)["offer"] == "not_shown"


@pytest.mark.parametrize(
    ("conf", "daemon", "verifier", "account"),
    [
        ("pwcheck_method: saslauthd", 'MECHANISMS="pam"\ninstalled', "not_reached", "not_reached"),
        ("pwcheck_method: saslauthd", "", "not_shown", "not_shown"),
        ("pwcheck_method: auxprop\nauxprop_plugin: sql", "", "not_reached", "not_reached"),
        ("pwcheck_method: auxprop\nauxprop_plugin: sasldb", "", "not_shown", "not_shown"),
    ],
)
def test_who_verifies_where_nothing_runs(conf: str, daemon: str, verifier: str, account: str) -> None:
    seen = replace(REST, conf=SaslConf.parse(f"# path: /x\n{conf}\n"), sasldb=None, saslauthd=Saslauthd.parse(daemon))
    (route,) = climb(STILL, [seen])
    assert (states(route)["verifier"], states(route)["account"]) == (verifier, account)


def test_a_realm_that_is_the_name_of_the_running_host_is_not_reached() -> None:
    service = LoginService.parse("mechanisms: PLAIN\nrealm unknown: the host has no name yet")
    (route,) = climb(STILL, [replace(REST, service=service)])
    assert (states(route)["verifier"], states(route)["account"]) == ("holds", "not_reached")


# ---- whole hosts


@pytest.mark.slow
@pytest.mark.parametrize("name", ["healthy-bookworm", "healthy-trixie"])
def test_a_healthy_host_shows_every_rung_up_to_what_it_offers(name: str) -> None:
    report = examine(Replay(str(FIXTURES / name)), load_library(), Selection())
    assert report.routes
    for route in report.routes:
        assert {"program", "listener", "offer"} <= holding(route), route
        assert "broken" not in states(route).values()


@pytest.mark.slow
def test_what_is_asked_for_alone_has_no_ladder() -> None:
    report = examine(Replay(str(FIXTURES / "healthy-trixie")), load_library(), Selection(select=("CONF*",)))
    assert (report.routes, report.verdict, report.logins) == ((), None, None)


# ---- nothing is shown by what is not there

_LINES = st.sampled_from([OUT, TAKEN, PASSED_ON.replace("{stat}", "Sent (ok)"), "nonsense\n"])
_TALKS = st.sampled_from(
    [LOOK, WITHOUT_TLS, SILENT, *(LOGIN.replace("{outcome}", o) for o in ("failed 535", "not-sent", "later", "", "x"))]
)


@settings(deadline=None)
@given(
    st.booleans(),
    st.lists(_TALKS, max_size=4),
    st.lists(_LINES, max_size=4),
    st.sampled_from([587, 25, 465]),
    st.booleans(),
)
def test_no_rung_of_a_login_holds_on_a_running_host_without_one(
    still: bool, talks: list[str], lines: list[str], port: int, known: bool
) -> None:
    """Neither by the wire nor by the log: files alone may say who would be served."""
    seen = Seen("sendmail" if known else "", history=history(*lines))
    for route in climb(Ground(still=still, wire=wire(*talks, port=port)), [seen]):
        assert [step.rung for step in route.rungs] == list(get_args(RungName))
        assert not {"verifier", "account", "policy", "hand-over"} & holding(route)
        for step in route.rungs:
            assert (step.state == "holds") is bool(step.evidence)

"""`maildoctor guide`: each step judged by what the checks find, and what comes next, on recorded and bare hosts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from maildoctor.__main__ import main
from maildoctor.engine import Selection, examined
from maildoctor.facts.system import System
from maildoctor.guide.client import client_settings
from maildoctor.guide.ground import Ground
from maildoctor.guide.judge import following, judged
from maildoctor.guide.step import GuideStep
from maildoctor.host import Host
from maildoctor.host.recording import Replay
from maildoctor.install import postfix, sendmail
from maildoctor.install.wanted import MailServer, SetUp, Store, Wanted
from maildoctor.library import load_library
from maildoctor.plan.shell import rendered
from maildoctor.verdict import places
from tests.test_engine import Mute
from tests.test_samples import SYSTEMS

FIXTURES = Path(__file__).parent.parent / "fixtures"
HOSTS = sorted(p.parent.name for p in FIXTURES.glob("*/host.toml"))
LIBRARY = load_library()


def grounds(host: Host, wanted: Wanted | None = None) -> Ground:
    report, services = examined(host, LIBRARY, Selection())
    wanted = wanted or Wanted()
    facts = next((s for s in services if s.product == wanted.mta), services[0])
    return Ground(report, facts, wanted, places(LIBRARY.checks))


def recorded(name: str, wanted: Wanted | None = None) -> list[GuideStep]:
    return judged(grounds(Replay(str(FIXTURES / name)), wanted))


def states(steps: list[GuideStep]) -> dict[str, str]:
    return {step.name: step.state for step in steps}


# ---- where nothing is


def test_a_bare_host_is_asked_which_mail_server_it_is_to_have() -> None:
    steps = judged(grounds(Mute("absent")))
    assert {s.state for s in steps} == {"to_do"}
    first = following(steps)
    assert first is not None and first.name == "choose"
    assert [c.command for c in first.commands] == [
        f"maildoctor guide --mta {mta}" for mta in ("sendmail", "postfix", "exim", "opensmtpd")
    ]


def test_a_host_that_may_not_be_looked_at_is_never_done() -> None:
    assert "done" not in states(judged(grounds(Mute("refused")))).values()


@pytest.mark.parametrize("mta", ["sendmail", "postfix", "exim", "opensmtpd"])
def test_with_a_choice_packages_come_first(mta: MailServer) -> None:
    steps = judged(grounds(Mute("absent"), Wanted(mta=mta)))
    after = following(steps)
    assert after is not None and after.name == "packages"


# ---- recorded hosts


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTS)
def test_a_step_of_a_recorded_host_is_done_only_with_evidence(name: str) -> None:
    for step in recorded(name):
        if step.state == "done":
            assert step.evidence and step.summary, step
        if step.state == "wrong":
            assert step.findings, step


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "step", "state"),
    [
        ("healthy-bookworm", "configuration", "done"),
        ("healthy-bookworm", "certificate", "done"),
        ("healthy-bookworm", "build", "done"),
        ("healthy-bookworm", "users", "done"),
        ("healthy-bookworm", "offer", "done"),
        ("healthy-bookworm", "relay", "done"),
        ("cf-older-than-mc", "build", "to_do"),
        ("plugin-undefined-symbol", "plug-ins", "wrong"),
        ("two-postfix-serves", "choose", "done"),
    ],
)
def test_a_step_of_a_recorded_host_is_judged_by_its_checks(name: str, step: str, state: str) -> None:
    assert states(recorded(name))[step] == state


@pytest.mark.slow
def test_the_commands_of_a_wrong_step_are_those_of_its_finding() -> None:
    ground = grounds(Replay(str(FIXTURES / "plugin-undefined-symbol")))
    steps = judged(ground)
    (wrong,) = (s for s in steps if s.name == "plug-ins")
    (finding,) = (r.finding for r in ground.report.roots if r.finding.fingerprint in wrong.findings)
    assert wrong.commands == finding.fix
    assert following(steps) == wrong


@pytest.mark.slow
def test_a_login_is_done_only_where_the_log_has_one() -> None:
    for name in HOSTS:
        ground = grounds(Replay(str(FIXTURES / name)))
        shown = ground.report.logins is not None and ground.report.logins.succeeded > 0
        state = states(judged(ground)).get("login")
        assert state != "done" or shown, name


@pytest.mark.slow
def test_what_to_type_into_a_mail_program_is_what_the_server_offers() -> None:
    settings = client_settings(grounds(Replay(str(FIXTURES / "healthy-bookworm")), Wanted(user="test")))
    assert settings is not None
    assert (settings.port, settings.tls, settings.user) == (587, "STARTTLS", "test")
    assert settings.mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256")


def test_where_nothing_is_offered_there_is_nothing_to_type() -> None:
    assert client_settings(grounds(Mute("absent"))) is None


# ---- the set-up, on each system


def set_ups() -> Iterator[tuple[MailServer, Store]]:
    yield from (("sendmail", store) for store in ("sasldb", "system", "ldap"))
    yield from (("postfix", store) for store in ("sasldb", "system", "ldap", "dovecot"))


def set_up(mta: MailServer, store: Store, system: System | None) -> SetUp:
    wanted = Wanted(
        mta, store, "anna", relay="hub.example.com:587", relay_user="mailrelay",
        ldap="ldap://ldap.example.com", ldap_base="dc=example,dc=com",
    )  # fmt: skip
    make = sendmail.set_up if mta == "sendmail" else postfix.set_up
    return make(wanted, system, (), realm="mail.example.com")


@pytest.mark.parametrize("name", sorted(SYSTEMS))
@pytest.mark.parametrize(("mta", "store"), list(set_ups()), ids=lambda v: v)
def test_the_commands_of_a_set_up_are_complete_on_each_system(name: str, mta: MailServer, store: Store) -> None:
    system = System.parse(SYSTEMS[name])
    way = set_up(mta, store, system)
    commands = [c.command for c in rendered([*way.steps, *way.relay], system)]
    assert commands
    for command in commands:
        assert "…" not in command and "USER" not in command.split(), command
        if not command.startswith("#"):
            assert command.isprintable()
    text = "\n".join(commands)
    assert ("anna" in text) == (store != "ldap")  # there the directory has the users
    assert "hub.example.com" in text
    assert ("ldap://ldap.example.com" in text) == (store == "ldap")


def test_debian_has_its_own_way_for_sendmail() -> None:
    system = System.parse(SYSTEMS["debian"])
    commands = [c.command for c in rendered(set_up("sendmail", "sasldb", system).steps, system)]
    assert any("update_tls" in c and "update_auth" in c for c in commands)
    assert any("/etc/mail/sasl/sasl.m4" in c and "/etc/mail/sendmail.mc" in c for c in commands)
    assert commands[-1].startswith("m4 /etc/mail/sendmail.mc")


def test_a_new_configuration_is_judged_before_it_is_installed() -> None:
    system = System.parse(SYSTEMS["debian"])
    way = set_up("sendmail", "sasldb", system)
    built, judged_first, installed = (c.command for c in rendered(sendmail.tested(way.build), system))
    assert built == "m4 /etc/mail/sendmail.mc > /etc/mail/sendmail.cf.new"
    assert judged_first == "maildoctor check --candidate /etc/mail/sendmail.cf.new"
    assert installed.startswith("mv /etc/mail/sendmail.cf.new /etc/mail/sendmail.cf && ")


def test_postfix_lets_users_log_in_on_port_587_in_tls_and_outside_the_chroot() -> None:
    system = System.parse(SYSTEMS["debian"])
    text = "\n".join(c.command for c in rendered(set_up("postfix", "sasldb", system).configuration, system))
    assert "submission inet n - n - - smtpd" in text
    assert "submission/inet/smtpd_tls_security_level=encrypt" in text
    assert "submission/inet/smtpd_sasl_auth_enable=yes" in text


def test_where_nobody_is_known_the_first_user_is_a_placeholder_and_no_command_asks_for_it() -> None:
    system = System.parse(SYSTEMS["debian"])
    way = postfix.set_up(Wanted("postfix", "sasldb"), system, (), realm="mail.example.com")
    (user,) = rendered(way.users[:1], system)
    assert "USER" in user.command and user.kind == ""


# ---- the command


@pytest.mark.slow
def test_the_guide_fits_on_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", "--snapshot", str(FIXTURES / "healthy-bookworm")]) in (0, 1, 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("maildoctor guide  ")
    assert len(lines) <= 24, "\n".join(lines)


@pytest.mark.slow
def test_the_guide_as_json_has_every_step_and_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["guide", "--snapshot", str(FIXTURES / "cf-older-than-mc"), "--json"])
    guide = json.loads(capsys.readouterr().out)
    assert status == 1
    assert guide["schema"] == "maildoctor/guide/1"
    assert guide["next"] in [s["name"] for s in guide["steps"]]
    assert {s["state"] for s in guide["steps"]} <= {"done", "wrong", "to_do", "unknown"}
    assert all({"command", "safety", "undo", "effect"} <= c.keys() for s in guide["steps"] for c in s["commands"])


@pytest.mark.slow
def test_only_what_a_mail_program_needs(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["guide", "--snapshot", str(FIXTURES / "healthy-bookworm"), "--for", "client", "--user", "test"]
    main(arguments)
    out = capsys.readouterr().out
    assert "STARTTLS" in out and "587" in out
    assert "choose" not in out


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--mta", "sendmail", "--accounts", "dovecot"], "no way to set up Sendmail so"),
        (["--relay-only"], "no smart host"),
        (["--relay", "a b"], "no name of a host"),
    ],
)
def test_what_cannot_be_wanted_is_refused(
    arguments: list[str], what: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["guide", "--root", str(tmp_path), *arguments]) == 2
    assert what in capsys.readouterr().err


def test_a_host_that_only_logs_in_elsewhere_needs_no_users() -> None:
    wanted = Wanted("postfix", relay="hub.example.com", serves=False)
    names = [s.name for s in judged(grounds(Mute("absent"), wanted))]
    assert "smart-host" in names and "users" not in names and "login" not in names

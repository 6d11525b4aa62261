"""`maildoctor guide`: each step judged by what the checks find, and what comes next, on recorded and bare hosts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import jsonschema
import pytest

import maildoctor
from maildoctor.__main__ import main
from maildoctor.engine import Selection, examined
from maildoctor.facts import Unknown
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.system import System
from maildoctor.guide import smart_host
from maildoctor.guide.client import client_settings
from maildoctor.guide.ground import Facts, Ground
from maildoctor.guide.judge import following, judged, whole_way
from maildoctor.guide.step import Guide, GuideStep
from maildoctor.host import Host
from maildoctor.host.recording import Replay
from maildoctor.install import postfix, sendmail
from maildoctor.install.wanted import MailServer, SetUp, Store, Wanted
from maildoctor.library import load_library
from maildoctor.model import Logins
from maildoctor.plan.shell import rendered
from maildoctor.plan.steps import MakeCertificate
from maildoctor.render.guide import text
from maildoctor.render.style import Style
from maildoctor.verdict import places
from tests.test_engine import Mute
from tests.test_samples import SYSTEMS

F = TypeVar("F")
FIXTURES = Path(__file__).parent.parent / "fixtures"
HOSTS = sorted(p.parent.name for p in FIXTURES.glob("*/host.toml"))
LIBRARY = load_library()
GUIDE = jsonschema.Draft202012Validator(
    json.loads((Path(maildoctor.__file__).parent / "guide.schema.json").read_text(encoding="utf-8"))
)


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
    commands = [c.command for c in rendered([*way.steps, *way.relay, *way.password], system)]
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
    assert judged_first.startswith("maildoctor check --candidate /etc/mail/sendmail.cf.new --ignore USER001,")
    assert installed.startswith("mv /etc/mail/sendmail.cf.new /etc/mail/sendmail.cf && ")


def test_postfix_lets_users_log_in_on_port_587_in_tls_and_outside_the_chroot() -> None:
    system = System.parse(SYSTEMS["debian"])
    text = "\n".join(c.command for c in rendered(set_up("postfix", "sasldb", system).configuration, system))
    assert "submission inet n - n - - smtpd" in text
    assert "submission/inet/smtpd_tls_security_level=encrypt" in text
    assert "submission/inet/smtpd_sasl_auth_enable=yes" in text


@pytest.mark.parametrize(("name", "path"), [("freebsd", "/usr/local/etc/sasldb2.db"), ("alpine", "/etc/sasldb2")])
def test_postfix_may_read_the_users_where_libsasl_keeps_them(name: str, path: str) -> None:
    system = System.parse(SYSTEMS[name])
    commands = [c.command for c in rendered(set_up("postfix", "sasldb", system).users, system)]
    assert commands[1:] == [f"chown root:postfix {path}", f"chmod 640 {path}"]


def test_where_nobody_is_known_the_first_user_is_a_placeholder_and_no_command_asks_for_it() -> None:
    system = System.parse(SYSTEMS["debian"])
    way = postfix.set_up(Wanted("postfix", "sasldb"), system, (), realm="mail.example.com")
    (user,) = rendered(way.users[:1], system)
    assert "USER" in user.command and user.kind == ""


# ---- what is no proof


def after(ground: Ground, **changed: Any) -> Ground:
    """The same ground with another report."""
    return replace(ground, report=replace(ground.report, **changed))


def unseen(ground: Ground, *codes: str) -> Ground:
    outcomes = (replace(o, outcome="not_judged") if o.code in codes else o for o in ground.report.outcomes)
    return after(ground, outcomes=tuple(outcomes))


def step_named(name: str, ground: Ground) -> GuideStep:
    return next(s for s in judged(ground) if s.name == name)


@dataclass
class Otherwise:
    """The facts of a host, some of them others."""

    facts: Facts
    others: dict[type[Any], Any]

    def __call__(self, fact: type[F]) -> F | Unknown:
        return self.others[fact] if fact in self.others else self.facts(fact)

    def get(self, fact: type[F]) -> F | None:
        return self.others[fact] if fact in self.others else self.facts.get(fact)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("conf", "daemon"),
    [
        ("pwcheck_method: auxprop\nauxprop_plugin: sql", ""),
        ("pwcheck_method: auxprop\nauxprop_plugin: ldapdb", ""),
        ("pwcheck_method: saslauthd", "/etc/default/saslauthd: MECHANISMS=rimap\n"),
    ],
)
def test_users_that_are_kept_where_the_guide_makes_none_are_not_to_be_made(conf: str, daemon: str) -> None:
    ground = grounds(Replay(str(FIXTURES / "healthy-bookworm")))
    of_host = ground.facts.get(Saslauthd)
    asked = replace(of_host, processes=(), settings={"MECHANISMS": "rimap"}) if of_host and daemon else None
    found = SaslConf.parse(f"# path: /etc/sasl2/Sendmail.conf\n{conf}\n")
    other = replace(
        ground, report=replace(ground.report, routes=(), logins=None), asked=Wanted(user="test"),
        facts=Otherwise(ground.facts, {SaslConf: found, Saslauthd: asked}),
    )  # fmt: skip
    steps = {s.name: s for s in judged(other)}
    assert "accounts not known" in steps["choose"].summary
    assert (steps["users"].state, steps["users"].commands) == ("unknown", ())
    assert steps["packages"].state == "done" and "verifier" not in steps


@pytest.mark.slow
def test_a_certificate_is_for_the_name_of_the_host_and_not_for_its_realm() -> None:
    ground = grounds(Replay(str(FIXTURES / "two-postfix-serves")))
    bare = Postfix.parse("==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n")
    other = replace(ground, facts=Otherwise(ground.facts, {Postfix: bare}))
    other.__dict__["realm"] = "example.org"  # as smtpd_sasl_local_domain may have it
    (made,) = (s for s in other.set_up.certificate if isinstance(s, MakeCertificate))
    assert made.name == "mail.lab.example"


def test_what_cannot_be_told_is_never_the_end_of_the_way() -> None:
    steps = [GuideStep("choose", "choose", "done", "x"), GuideStep("plug-ins", "plug-ins", "unknown", "y", reason="z")]
    last = following(steps)
    assert last is not None and last.name == "plug-ins"
    words = text(Guide("host x", tuple(steps), last.name), Style())
    assert "users can log in" not in words and "Next: 2 plug-ins" in words


def test_trees_that_are_built_let_nobody_log_in() -> None:
    words = text(Guide("sources in /src", (GuideStep("sources", "sources", "done", "x"),)), Style())
    assert "Every step is done" in words and "log in" not in words
    login = GuideStep("login", "login", "done", "1 login")
    assert "users can log in" in text(Guide("host x", (login,)), Style())


@pytest.mark.slow
def test_a_relay_is_closed_only_where_every_check_of_it_looked() -> None:
    ground = grounds(Replay(str(FIXTURES / "healthy-bookworm")))
    assert step_named("relay", ground).state == "done"
    step = step_named("relay", unseen(ground, "MAP018"))
    assert (step.state, step.reason) == ("unknown", "not seen to be closed")


@pytest.mark.slow
def test_a_configuration_is_built_only_where_every_check_of_it_looked() -> None:
    ground = grounds(Replay(str(FIXTURES / "healthy-bookworm")))
    assert step_named("build", ground).summary == "sendmail.cf is as sendmail.mc says"
    assert step_named("build", unseen(ground, "CONF002")).state != "done"


@pytest.mark.slow
def test_a_login_by_one_mechanism_proves_no_other() -> None:
    ground = grounds(Replay(str(FIXTURES / "healthy-bookworm")), Wanted(user="test"))
    logins = Logins(3, 0, (("CRAM-MD5", 3),))
    settings = client_settings(after(ground, logins=logins))
    assert settings is not None
    assert (settings.mechanism, settings.method) == ("CRAM-MD5", "encrypted password")
    assert settings.proof == "3 logins since the mail server was started, by CRAM-MD5"
    both = client_settings(after(ground, logins=replace(logins, mechs=(("CRAM-MD5", 3), ("PLAIN", 1)))))
    assert both is not None and both.proof == "1 login since the mail server was started, by PLAIN"


@pytest.mark.slow
def test_a_probe_goes_to_where_the_port_answers() -> None:
    ground = grounds(Replay(str(FIXTURES / "healthy-bookworm")), Wanted(user="test"))
    routes = tuple(replace(r, listener="192.0.2.10:587") for r in ground.report.routes)
    step = step_named("login", after(ground, routes=routes, logins=None))
    assert any("maildoctor probe 192.0.2.10:587 " in c.command for c in step.commands)


def test_no_password_goes_to_this_machine_for_another_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD_OF_TEST", "x")
    words = ["guide", "--snapshot", str(FIXTURES / "healthy-bookworm"), "--user", "test"]
    assert main([*words, "--password-env", "PASSWORD_OF_TEST"]) == 2
    assert "a login is tried at this machine" in capsys.readouterr().err


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
    GUIDE.validate(guide)
    assert list(guide) == ["schema", "tool", "about", "steps", "next", "way", "client", "noted", "run_in"]
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
        (["--relay-user", "box"], "no smart host"),
        (["--mta", "exim", "--relay", "hub.example.com"], "no way yet to a login of Exim"),
        (["--mta", "opensmtpd", "--relay", "hub.example.com"], "no way yet to a login of OpenSMTPD"),
        (["--relay", "a b"], "no name of a host"),
        (["--mta", "sendmail", "--relay", "hub.example.com:465"], "TLS from the first byte"),
        (["--send-test", "root; reboot"], "no address"),
    ],
)
def test_what_cannot_be_wanted_is_refused(
    arguments: list[str], what: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["guide", "--root", str(tmp_path), *arguments]) == 2
    assert what in capsys.readouterr().err


# ---- users here, a smart host, or both


ROLES: list[tuple[list[str], bool, bool]] = [
    ([], True, False),
    (["--server"], True, False),
    (["--relay", "hub.example.com"], False, True),
    (["--server", "--relay", "hub.example.com"], True, True),
]


@pytest.mark.parametrize("mta", ["sendmail", "postfix"])
@pytest.mark.parametrize(("said", "serves", "relays"), ROLES, ids=lambda x: "+".join(x) if isinstance(x, list) else "")
def test_each_role_has_its_steps(
    mta: str, said: list[str], serves: bool, relays: bool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["guide", "--root", str(tmp_path), "--mta", mta, "--json", *said]) == 1
    guide = json.loads(capsys.readouterr().out)
    GUIDE.validate(guide)
    names = {s["name"] for s in guide["steps"]}
    assert ({"configuration", "users", "offer", "login", "client"} <= names) == serves
    assert ({"smart-host", "relay-password", "relay-login"} <= names) == relays
    assert {"choose", "packages", "plug-ins", "backup", "build", "start", "log", "relay"} <= names


@pytest.mark.parametrize("mta", ["sendmail", "postfix"])
def test_who_must_choose_is_asked_with_all_that_was_said_before(mta: MailServer) -> None:
    wanted = Wanted(mta, relay="hub.example.com", serves=False)
    steps = {s.name: s for s in judged(grounds(Mute("absent"), wanted))}
    (ask,) = steps["relay-password"].commands
    assert ask.command == f"maildoctor guide --mta {mta} --relay hub.example.com --relay-user NAME"
    assert steps["relay-password"].choices
    (ask,) = steps["relay-login"].commands
    assert ask.command.endswith(" --send-test ADDRESS")


def test_who_has_an_address_for_a_name_gets_the_test_message() -> None:
    wanted = Wanted("postfix", relay="smtp.example.com", relay_user="anna@example.com", serves=False)
    steps = {s.name: s for s in judged(grounds(Mute("absent"), wanted))}
    (send,) = steps["relay-login"].commands
    assert send.command.endswith("| sendmail -i -f anna@example.com anna@example.com")
    assert send.effect == "sends a message to anna@example.com"


@pytest.mark.parametrize(("mta", "port"), [("sendmail", 587), ("postfix", 587), ("postfix", 465)])
def test_the_password_is_shown_to_the_smart_host_in_tls_only(mta: MailServer, port: int) -> None:
    cf = SendmailCf.parse("Kaccess hash /etc/mail/access\n")
    wanted = Wanted(mta, relay=f"hub.example.com:{port}", relay_user="box", serves=False)
    system = System.parse(SYSTEMS["debian"])
    way = sendmail.set_up(wanted, system, (), cf) if mta == "sendmail" else postfix.set_up(wanted, system, ())
    text = "\n".join(c.command for c in rendered(way.relay, system))
    assert ("TLS_Srv:hub.example.com ENCR:112" if mta == "sendmail" else "smtp_tls_security_level = encrypt") in text
    assert ("smtp_tls_wrappermode = yes" in text) == (port == 465)


def test_a_smart_host_is_known_by_the_configuration() -> None:
    mailers = "Mesmtp, P=[IPC], A=TCP $h\nMrelay, P=[IPC], F=mDFMuXa8k, E=\\r\\n,\n\tT=DNS/RFC822/SMTP,\n\tA=TCP $h{}\n"
    cf = "DS[hub.example.com]\nKauthinfo hash -o /etc/mail/authinfo\n" + mailers
    assert sendmail.relay_of(SendmailCf.parse(cf.format(" 587"))) == "hub.example.com:587"
    assert sendmail.relay_of(SendmailCf.parse(cf.format(""))) == "hub.example.com:25"
    assert sendmail.relay_of(SendmailCf.parse(cf.replace("Kauthinfo", "Kother"))) == ""
    head = "version: 3.7.11\n==> /etc/postfix/main.cf <==\n"
    main_cf = head + "relayhost = [hub.example.com]:587\nsmtp_sasl_auth_enable = {}\n"
    assert postfix.relay_of(Postfix.parse(main_cf.format("yes"))) == "hub.example.com:587"
    assert postfix.relay_of(Postfix.parse(main_cf.format("no"))) == ""


# ---- the whole way at once


@pytest.mark.parametrize("mta", ["sendmail", "postfix"])
def test_the_whole_way_is_all_that_can_be_done_up_to_what_a_person_must_say(mta: MailServer) -> None:
    steps = list(whole_way(judged(grounds(Mute("absent"), Wanted(mta)))))
    assert [s.name for s in steps][:1] == ["packages"]
    assert steps[-1].name == "users" and "--user NAME" in steps[-1].commands[0].command
    named_one = list(whole_way(judged(grounds(Mute("absent"), Wanted(mta, user="anna")))))
    names = [s.name for s in named_one]
    assert names.index("configuration") < names.index("build") < names.index("users") < names.index("login")
    commands = [c.command for s in named_one for c in s.commands]
    assert sum("--send-test" in c for c in commands) == 1, "the same login is tried once"


def test_who_has_chosen_no_mail_server_gets_no_more_than_the_question() -> None:
    (only,) = whole_way(judged(grounds(Mute("absent"))))
    assert only.name == "choose"


def test_the_whole_way_on_paper(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    main(["guide", "--root", str(tmp_path), "--mta", "postfix", "--user", "anna", "--all"])
    text = capsys.readouterr().out
    assert text.count("Next: ") == 1 and text.count("Then: ") > 3
    assert text.rstrip().endswith("Then run maildoctor guide again.")


HANDED = "Dec  1 06:06:24 relay postfix/smtp[417]: 9682EF1: to=<a@example.net>, relay=hub.example.com[192.0.2.2]:587, "
BOUNCED = HANDED + (
    "delay=0.18, delays=0.1/0/0/0, dsn=5.1.8, status=bounced (host hub.example.com[192.0.2.2] said: 553 5.1.8 "
    "<root@vm>... Domain of sender address root@vm does not exist (in reply to MAIL FROM command))"
)
SENT = HANDED + "delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Message accepted for delivery)"


@dataclass(frozen=True)
class Log:
    """Facts that hold nothing but a log."""

    text: str

    def __call__(self, fact: type[Any]) -> Any:
        return self.get(fact) or Unknown("nothing is known of it")

    def get(self, fact: type[Any]) -> Any:
        return LoginHistory.parse(f"# path: /var/log/mail.log\n{self.text}") if fact is LoginHistory else None


def test_why_the_smart_host_took_no_mail_is_said_in_its_own_words() -> None:
    ground = grounds(Mute("absent"), Wanted("postfix", relay="hub.example.com", serves=False))
    said = smart_host.refusal(replace(ground, facts=Log(BOUNCED)))
    assert said is not None
    assert said[0].endswith(": 553 5.1.8 <root@vm>... Domain of sender address root@vm does not exist")
    assert said[1][0].text == BOUNCED[:300]
    assert smart_host.refusal(replace(ground, facts=Log(f"{BOUNCED}\n{SENT}"))) is None

"""What a rule advises: candidates that fit the program which wrote the line, each with how to tell it."""

import re

import pytest

from maildoctor.model import LogRead, Ranked, Report, Target
from maildoctor.render.style import Style
from maildoctor.render.text import render
from maildoctor.triage.builtin import builtin
from maildoctor.triage.engine import Finds
from maildoctor.triage.judge import judge
from maildoctor.triage.rules import Rule
from maildoctor.triage.scan import Scan
from tests.test_restored import NOW, Stream

RULES = builtin().rules


def judged(*lines: str) -> dict[str, Ranked]:
    """What is said of these lines, by code."""
    scan = Scan(RULES, Finds, NOW)
    for _ in scan.feed(
        Stream("".join(f"Nov 22 06:10:{n:02} mail {line}\n" for n, line in enumerate(lines)).encode()), "-"
    ):
        pass
    return {r.finding.code: r for r in judge(RULES, scan.seen)}


def advised(ranked: Ranked) -> str:
    """All commands and words."""
    return "\n".join((ranked.finding.advice, *(step.command for step in ranked.finding.fix)))


OTHERS = {
    "postfix": r"\b(?:exim4?|makemap|smtpctl)\b -",
    "exim": r"\b(?:postconf|postmap|postqueue)\b",
    "sendmail": r"\b(?:postconf|postmap|postqueue)\b [a-z_]",
}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.causes], ids=lambda rule: rule.code)
def test_no_command_of_another_mail_server(rule: Rule) -> None:
    for sample in rule.samples:
        scan = Scan(RULES, Finds, NOW)
        for _ in scan.feed(Stream(sample.line.encode() + b"\n"), "-"):
            pass
        for ranked in judge(RULES, scan.seen):
            evidence = ranked.finding.evidence[0].text
            for server, others in OTHERS.items():
                if re.search(rf"^\S+ +\d+ [\d:]+ \S+ {server}[^ ]*\[?", evidence):
                    commands = [step.command for step in ranked.finding.fix]
                    commands += re.findall(r"(?:Commands|Risky commands): ([^\n]*)", ranked.finding.advice)
                    assert not re.search(others, "\n".join(commands)), ranked.finding.code


SASLAUTHD = (
    "saslauthd[811]: do_auth         : auth failure: [user=amy] [service=smtp] [realm=] [mech=shadow]"
    " [reason=Incorrect password]"
)
SMTPD = "postfix/smtpd[99]: warning: x.example[192.0.2.7]: SASL PLAIN authentication failed: authentication failure"


def test_saslauthd_and_the_mail_program_tell_of_one_login() -> None:
    found = judged(
        SASLAUTHD, "postfix/smtpd[99]: warning: SASL authentication failure: Password verification failed", SMTPD
    )
    roots = [code for code, ranked in found.items() if ranked.explained_by is None]
    assert roots == ["USER172"]
    assert found["USER172"].finding.traffic is not None
    assert found["USER172"].finding.traffic.relays == (("192.0.2.7", 1),)
    assert found["USER500"].finding.traffic is not None
    assert found["USER500"].finding.traffic.users == (("amy", 1),)


def test_two_logins_at_a_time_are_not_mixed_up() -> None:
    found = judged(SASLAUTHD, SASLAUTHD.replace("amy", "bob"), SMTPD)
    assert found["USER172"].finding.traffic is not None and not found["USER172"].finding.traffic.relays
    assert found["USER500"].explained_by is None


REFUSED = "postfix/smtpd[99]: warning: x.example[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6"
LOST = REFUSED.replace("UGFzc3dvcmQ6", "Connection lost to authentication server")


def test_a_connection_lost_after_a_row_of_refusals_is_dovecots_delay() -> None:
    finding = judged(*[REFUSED] * 5, LOST)["RUN502"].finding
    assert finding.severity == "info" and "makes addresses with many failures wait" in finding.advice.split("\n")[0]
    finding = judged(REFUSED.replace("192.0.2.7", "192.0.2.8"), LOST)["RUN502"].finding
    assert finding.severity == "error" and "makes addresses" not in finding.advice


def test_candidates_stand_below_each_other_three_at_most() -> None:
    found = judged(SMTPD)["USER500"]
    assert found.finding.advice.count("\nHow to tell: ") == found.finding.advice.count("\nDo: ") >= 4
    report = Report(Target("log", "-"), "2026-11-22T06:10:00", 0.1, (found,), (), log=LogRead(("-",), 1, 99, 1))
    text = render(report, Style(colour=False, ascii=True, width=80))
    assert "3. " in text and "4. " not in text and "more candidate" in text
    assert re.search(r"\n +tell  \S", text) and re.search(r"\n +do    \S", text)
    assert "4. " in render(report, Style(colour=False, ascii=True, width=80, verbosity=1))


UNREAD = (
    "postfix/smtpd[9]: sql_select option missing",
    "postfix/smtpd[9]: auxpropfunc error no mechanism available",
    "postfix/smtpd[9]: _sasl_plugin_load failed on sasl_auxprop_plug_init for plugin: sql",
)


def test_harmless_lines_together_name_a_configuration_that_is_not_read() -> None:
    assert "CONF160" not in judged(*UNREAD)
    ntlm = SMTPD.replace("PLAIN", "NTLM")
    found = judged(*UNREAD, ntlm)
    assert found["CONF160"].finding.severity == "warning" and found["CONF160"].explained_by is None
    assert "NTLM is offered" in found["CONF160"].finding.message
    assert {found[code].explained_by for code in ("CONF153", "LINK147")} == {found["CONF160"].finding.fingerprint}
    assert "CONF160" not in judged(ntlm)


def dovecot(name: str, outcome: str) -> str:
    """A login at Dovecot."""
    return f"dovecot: imap-login: {outcome}: user=<{name}>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.9"


@pytest.mark.parametrize(
    ("refused", "welcome", "place"),
    [
        ("amy", "amy@example.com", 0),
        ("bob", "amy@example.com", 1),
        ("amy@example.com", "amy", 0),
        ("bob@example.com", "amy@example.com", None),
        ("bob", "amy", None),
    ],
)
def test_a_name_in_another_form_than_those_that_log_in(refused: str, welcome: str, place: int | None) -> None:
    found = judged(dovecot(refused, "Disconnected (auth failed, 1 attempts)"), dovecot(welcome, "Login"))["USER750"]
    candidates = re.findall(r"(?m)^\d\. (.*)", found.finding.advice)
    form = [n for n, text in enumerate(candidates) if text.startswith("The client sends the name with")]
    assert form == ([] if place is None else [place])

"""Our own refused probes in a server's log: told as what they are, and no cover for anybody else."""

import io
import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.model import SEVERITIES, Finding
from maildoctor.sasl import MECHANISMS, Login, Secret, exchange
from maildoctor.smtp.scripts import EHLO_NAME, Approach, login, spelled
from maildoctor.smtp.session import Session
from maildoctor.triage.builtin import builtin
from maildoctor.triage.engine import Finds
from maildoctor.triage.footprints import CODE
from maildoctor.triage.judge import judge
from maildoctor.triage.scan import Scan

RULES = builtin().rules
NOW = 1796030000.0
POSTFIX = (
    "Nov 30 08:34:25 mail dovecot: auth: passwd-file({user},{ip}): Password mismatch\n"
    "Nov 30 08:34:26 mail postfix/submission/smtpd[{pid}]: warning: x[{ip}]: SASL {mech} authentication failed: "
    "(reason unavailable), sasl_username={user}\n"
    "Nov 30 08:34:26 mail postfix/submission/smtpd[{pid}]: disconnect from x[{ip}] ehlo=2 starttls=1 auth=0/1 quit=1 "
    "commands=4/5\n"
)
CYRUS = (
    "Nov 30 08:34:26 mail postfix/smtpd[{pid}]: warning: SASL authentication failure: Password verification failed\n"
    "Nov 30 08:34:26 mail postfix/smtpd[{pid}]: warning: x[{ip}]: SASL {mech} authentication failed: authentication "
    "failure, sasl_username={user}\n"
)
SENDMAIL = (
    "Nov 30 08:34:37 mail sm-mta[{pid}]: 6AU8Yb7r000106: AUTH failure ({mech}): user not found (-20) SASL(-13): user "
    "not found: Password verification failed, user={user}, relay=x [{ip}]\n"
)
EXIM = (
    "2026-11-30 08:34:46 plain_server authenticator failed for ({ehlo}) [{ip}]: 535 Incorrect authentication data "
    "(set_id={user})\n"
)
OPENSMTPD = (
    "Nov 30 08:34:45 mail smtpd[25121]: {pid:016x} smtp connected address={ip} host=localhost\n"
    "Nov 30 08:34:46 mail smtpd[25121]: {pid:016x} smtp authentication user={user} result=permfail\n"
    'Nov 30 08:34:46 mail smtpd[25121]: {pid:016x} smtp failed-command command="AUTH LOGIN (password)" '
    'result="535 Authentication failed"\n'
    'Nov 30 08:34:46 mail smtpd[25121]: {pid:016x} smtp failed-command command="{again}" '
    'result="503 5.5.1 Invalid command: Already identified"\n'
    "Nov 30 08:34:46 mail smtpd[25121]: {pid:016x} smtp disconnected reason=quit\n"
)
"""Of OpenSMTPD 7.6.0, as it was captured."""
SERVERS = {
    "postfix and dovecot": POSTFIX,
    "postfix and libsasl": CYRUS,
    "sendmail": SENDMAIL,
    "exim": EXIM,
    "opensmtpd": OPENSMTPD,
}


def said(server: str, own: bool, user: str = "test", ip: str = "127.0.0.1", pid: int = 1) -> str:
    mech = spelled("PLAIN", ["<-  220 mail.example.com ESMTP Postfix"]) if own else "PLAIN"
    ehlo = EHLO_NAME if own else "client.example.com"
    again = f"EHLO {EHLO_NAME}" if own else "EHLO client.example.com"
    return SERVERS[server].format(user=user, ip=ip, pid=pid, mech=mech, ehlo=ehlo, again=again)


def reported(log: str) -> dict[str, str]:
    """Codes of the findings and the worst severity of each."""
    return {f.code: f.severity for f in found(log)}


def found(log: str) -> list[Finding]:
    """The findings, the most severe last."""
    scan = Scan(RULES, Finds, NOW)
    for _ in scan.feed(io.BytesIO(log.encode()), "log"):
        pass
    return sorted((r.finding for r in judge(RULES, scan.seen)), key=lambda f: -SEVERITIES.index(f.severity))


@pytest.mark.parametrize("server", SERVERS)
def test_own_refusals_are_a_note_and_those_of_others_are_as_bad_as_ever(server: str) -> None:
    ours, theirs = reported(said(server, own=True)), reported(said(server, own=False))
    assert CODE in ours and set(ours.values()) == {"info"}
    assert CODE not in theirs and set(theirs.values()) & {"warning", "error"} and set(theirs) < set(ours)


@pytest.mark.parametrize("server", SERVERS)
@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["test", "bob"]), st.sampled_from(["127.0.0.1", "192.0.2.7"])),
        min_size=1,
        max_size=6,
    )
)
def test_nothing_of_others_is_hidden_by_lines_that_bear_our_marks(
    server: str, logins: list[tuple[bool, str, str]]
) -> None:
    everything = reported("".join(said(server, own, user, ip, pid) for pid, (own, user, ip) in enumerate(logins)))
    others = reported("".join(said(server, own, user, ip, n) for n, (own, user, ip) in enumerate(logins) if not own))
    for code, severity in others.items():
        if severity != "info":
            assert everything[code] == severity


def test_who_guesses_and_imitates_us_is_told_of() -> None:
    log = "".join(said("sendmail", True, f"user{n}", "192.0.2.7", n) for n in range(60))
    assert reported(log)["ABUSE100"] == "warning"


def test_a_fault_that_only_our_probe_met_stays_a_fault() -> None:
    log = said("postfix and libsasl", own=True).replace("authentication failure, sasl", "generic failure, sasl")
    assert set(reported(log).values()) & {"error"}
    lost = "Connection lost to authentication server"
    alone = said("postfix and dovecot", own=True).splitlines(keepends=True)[1].replace("(reason unavailable)", lost)
    assert reported(alone)["RUN502"] == "error"
    # but the server delays its answer to one whom it has just refused, until Postfix gives up
    assert reported(said("postfix and dovecot", own=True) + alone)["RUN502"] == "info"


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_only_servers_that_log_the_spelling_get_another_one(mechanism: str) -> None:
    for banner in ("220 mail.example.com ESMTP Postfix (Debian)", "220-x ESMTP Sendmail 8.17.1; now"):
        ours = spelled(mechanism, ["=== connect", f"<-  {banner}"])
        assert ours != mechanism and ours.upper() == mechanism
    for banner in ("220 x ESMTP", "220 x ESMTP Exim 4.96", "220 x Microsoft ESMTP MAIL Service", "554 no"):
        assert spelled(mechanism, [f"<~  {banner}", "<~  250 ESMTP Postfix"]) == mechanism


OUTAGE = (
    "Nov 30 {time} mail postfix/smtpd[102]: warning: x[192.0.2.7]: SASL pLAIN authentication failed: {reason} to "
    "authentication server\n"
)
TIMEOUT = "Nov 30 {time} mail dovecot: auth: Error: plain({user}): Request 1.1 timed out after 150 secs, state=1\n"
IMITATED = said("postfix and libsasl", True, "x", "192.0.2.7")


def severities(log: str) -> set[str]:
    return set(reported(log).values())


@pytest.mark.parametrize(
    "later",
    [
        OUTAGE.format(time="08:34:50", reason="Can't connect"),
        OUTAGE.format(time="09:30:01", reason="Can't connect"),
        OUTAGE.format(time="09:30:01", reason="Connection lost"),
        OUTAGE.format(time="08:34:50", reason="Connection lost").replace("192.0.2.7", "192.0.2.8"),
        OUTAGE.format(time="08:34:50", reason="Connection lost").replace("pLAIN", "PLAIN"),
        OUTAGE.format(time="08:34:50", reason="Connection lost") + TIMEOUT.format(time="08:34:55", user="alice"),
        OUTAGE.format(time="08:34:50", reason="Connection lost") + TIMEOUT.format(time="11:57:17", user="x"),
    ],
)
def test_one_refusal_spelled_our_way_excuses_no_outage(later: str) -> None:
    assert severities(IMITATED + later) & {"warning", "error"}


def test_what_our_probe_waited_for_in_vain_is_ours() -> None:
    waited = OUTAGE.format(time="08:34:50", reason="Connection lost") + TIMEOUT.format(time="08:35:05", user="x")
    assert severities(IMITATED + waited) == {"info"}


def test_refusals_all_day_long_cover_only_the_minutes_they_were_in() -> None:
    day = "".join(IMITATED.replace("08:34", f"{hour:02}:34") for hour in range(8, 20))
    assert severities(day) <= {"info"}
    assert "error" in severities(day + OUTAGE.format(time="12:10:00", reason="Connection lost"))


def test_a_second_greeting_claims_the_refusals_before_it_in_its_session_and_no_other() -> None:
    ours, theirs = said("opensmtpd", True, pid=1).splitlines(True), said("opensmtpd", False, pid=2)
    assert severities("".join(ours)) == {"info"}
    assert severities("".join([*ours, ours[-2]])) == {"info"}
    assert next(f.count for f in found("".join(ours)) if f.code == CODE) == 1
    for log in (
        "".join(ours) + theirs,
        theirs + "".join(ours) + ours[-2],  # once, though it greets twice
        "".join([*ours, *ours[1:3]]),  # what follows on it is not claimed
        "".join(ours).replace('0001 smtp failed-command command="EHLO', '0003 smtp failed-command command="EHLO'),
        "".join(ours).replace("result=permfail", "result=tempfail"),
    ):
        assert severities(log) & {"warning", "error"}


def test_opensmtpd_alone_is_greeted_again_after_a_refusal() -> None:
    who = Login("bob", Secret(b"wrong"), host="mail.example.com")
    approach = Approach("clear", 587, "mail.example.com", ssl.create_default_context, lambda _: [])
    play = login(approach, lambda _: "PLAIN", lambda name, _: exchange(name, who), in_clear=True)
    for banner, again in (("OpenSMTPD", 1), ("Postfix", 0), ("Exim 4.96", 0)):
        session = Session(play)
        sent = session.opening()
        for line in (f"220 mail.example.com ESMTP {banner}", "250 AUTH PLAIN", "535 no", "503 no", "221 bye"):
            sent += session.hear(line.encode() + b"\r\n")
        assert sent.count(f"EHLO {EHLO_NAME}\r\n".encode()) == 1 + again
        assert "=== outcome failed 535 no" in session.lines and sent.endswith(b"QUIT\r\n")

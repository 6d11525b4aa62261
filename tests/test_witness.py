"""What the host's own log adds to a diagnosis: still true, fixed since, or a note."""

from dataclasses import replace

from maildoctor.host import Answer, NoAnswer, Verb
from maildoctor.library import Library, load_library
from maildoctor.model import Evidence, Finding, Outcome, Ranked, Report, Target
from maildoctor.triage.witness import received

LIBRARY = load_library()
DLOPEN = (
    "Nov 22 06:00:00 mail sm-mta[39]: unable to dlopen /usr/lib/sasl2/libdigestmd5.so:"
    " /usr/lib/sasl2/libdigestmd5.so: undefined symbol: des_ecb_encrypt, version OPENSSL_3.0.0"
)
KEYTAB = (
    "Nov 22 06:00:00 mail sm-mta[63]: 6AM6PxrH000064: AUTH failure (GSSAPI): generic failure (-1) SASL(-1): generic"
    " failure: GSSAPI Error: No credentials were supplied, or the credentials were unavailable or inaccessible"
    " (Key table file '/etc/krb5.keytab' not found), user=, relay=client.example.com [192.0.2.9]"
)


class Log:
    """A host of which only a log is known."""

    kind, name, commands = "host", "mail.example.com", ()

    def __init__(self, text: str) -> None:
        self.text = text

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        if (verb, subject) == ("recent", "/var/log/auth.log"):
            return self.text
        return NoAnswer("absent", f"{subject} does not exist")


def report(*findings: Finding, **outcomes: str) -> Report:
    return Report(
        Target("host", "mail.example.com"),
        "2026-11-22T06:30:00Z",
        0.1,
        tuple(Ranked(f, n, None) for n, f in enumerate(findings, 1)),
        tuple(Outcome(code, code.lower(), verdict) for code, verdict in outcomes.items()),  # type: ignore[arg-type]
    )


SYMBOL = Finding(
    "LINK001",
    "unresolved-symbol",
    "error",
    "libdigestmd5.so cannot be loaded",
    "",
    "",
    evidence=(Evidence("ldd -r", "undefined symbol"),),
    labels={"plugin": "digestmd5"},
)


def test_a_line_of_what_is_still_wrong_becomes_evidence() -> None:
    before = report(SYMBOL, LINK001="fail")
    after = received(Log(DLOPEN), before, LIBRARY.witnesses)
    (ranked,) = after.ranked
    assert ranked.finding.evidence[-1].source == "/var/log/auth.log"
    assert "des_ecb_encrypt" in ranked.finding.evidence[-1].text
    assert ranked.finding.fingerprint == SYMBOL.fingerprint
    assert after.fixed == ()


def test_a_line_of_what_was_fixed_is_no_finding() -> None:
    after = received(Log(DLOPEN), report(LINK001="pass"), LIBRARY.witnesses)
    assert after.ranked == ()
    assert [word.split()[0] for word in after.fixed] == ["LINK130"]


def test_what_was_not_judged_is_not_called_fixed() -> None:
    after = received(Log(DLOPEN), report(LINK001="not_judged"), LIBRARY.witnesses)
    (note,) = after.ranked
    assert (note.finding.code, note.finding.severity, after.fixed) == ("LINK130", "info", ())
    assert "whether that is still so cannot be told" in note.finding.message


def test_a_fault_of_which_no_check_speaks_is_a_note() -> None:
    witnesses = {code: rules for code, rules in LIBRARY.witnesses.items() if not any("KRB" in r for r in rules)}
    after = received(Log(KEYTAB), report(LINK001="pass"), witnesses)
    assert [(r.finding.severity, r.finding.code[:3]) for r in after.ranked] == [("info", "KRB")]
    assert after.ranked[0].finding.message.startswith("The log says: ")


def test_a_host_without_a_log_is_left_as_it_is() -> None:
    before = report(SYMBOL, LINK001="fail")
    assert received(Log(""), before, LIBRARY.witnesses) is before


def test_the_table_names_codes_that_exist() -> None:
    from maildoctor.triage.rules import load, rule_files

    rules = {rule.code for rule in load(rule_files())}
    assert set(LIBRARY.witnesses) <= {check.code for check in LIBRARY.checks}
    assert {rule for reported in LIBRARY.witnesses.values() for rule in reported} <= rules
    named = {code for rule in load(rule_files()) for cause in rule.causes for code in cause.checks}
    assert named <= {check.code for check in LIBRARY.checks}
    assert isinstance(LIBRARY, Library)


# ---- Postfix and Dovecot

NO_PASSWORDS = (
    "Nov 22 06:00:00 mail postfix/smtp[39]: fatal: specify a password table via the `smtp_sasl_password_maps'"
    " configuration parameter"
)
NOT_BUILT = (
    "Nov 22 06:00:00 mail postfix/smtpd[39]: error: open database /etc/postfix/virtual.db: No such file or directory"
)
PORT_TAKEN = "Nov 22 06:00:00 mail postfix/master[27]: fatal: bind 0.0.0.0 port 587: Address already in use"
TEMPORARY = (
    "Nov 22 06:00:00 mail postfix/smtpd[12]: warning: client.example.com[192.0.2.9]: SASL PLAIN authentication failed:"
    " Connection lost to authentication server"
)


def finding(code: str, **labels: str) -> Finding:
    return Finding(code, code.lower(), "error", code, "", "", evidence=(Evidence("main.cf", "x"),), labels=labels)


def test_a_line_of_postfix_is_evidence_while_its_cause_is_there() -> None:
    after = received(Log(NO_PASSWORDS), report(finding("CONF091"), CONF091="fail"), LIBRARY.witnesses)
    (ranked,) = after.ranked
    assert "specify a password table" in ranked.finding.evidence[-1].text and after.fixed == ()


def test_a_line_of_postfix_whose_cause_is_gone_is_counted_as_fixed() -> None:
    after = received(Log(NO_PASSWORDS), report(CONF091="pass"), LIBRARY.witnesses)
    assert (after.ranked, [word.split()[0] for word in after.fixed]) == ((), ["CONF545"])


def test_of_a_line_of_postfix_that_cannot_be_told_the_reason_is_given() -> None:
    before = report(CONF091="not_judged")
    after = received(Log(NO_PASSWORDS), before, LIBRARY.witnesses)
    (note,) = after.ranked
    assert "cannot be told: CONF091" in note.finding.message and after.fixed == ()


def test_what_does_not_apply_where_nothing_runs_does_not_settle_it() -> None:
    outcomes = {"RUN081": "pass", "RUN082": "not_applicable", "RUN084": "not_applicable"}
    running = received(Log(PORT_TAKEN), report(**outcomes), LIBRARY.witnesses)
    assert [word.split()[0] for word in running.fixed] == ["NET620"]
    at_rest = replace(report(**outcomes), target=Target("root", "/srv/mail"))
    after = received(Log(PORT_TAKEN), at_rest, LIBRARY.witnesses)
    assert after.fixed == () and "cannot be told" in after.ranked[0].finding.message


def test_a_line_is_no_evidence_for_another_table_than_it_names() -> None:
    other = report(finding("MAP030", path="/etc/postfix/transport"), MAP030="fail")
    after = received(Log(NOT_BUILT), other, LIBRARY.witnesses)
    assert len(after.ranked) == 1 and len(after.ranked[0].finding.evidence) == 1
    same = report(finding("MAP030", path="/etc/postfix/virtual"), MAP030="fail")
    after = received(Log(NOT_BUILT), same, LIBRARY.witnesses)
    assert "virtual.db" in after.ranked[0].finding.evidence[-1].text


def test_candidates_stand_in_the_order_that_the_host_shows() -> None:
    passed = report(RUN065="pass", RUN066="pass", RUN067="pass")
    (note,) = received(Log(TEMPORARY), passed, LIBRARY.witnesses).ranked
    assert note.finding.code == "RUN502"
    first, *_, last = (line for line in note.finding.advice.split("\n") if line[:1].isdigit())
    assert "inet listener" in first
    assert "crashed, restarted or hit a limit (not so on this host now: RUN065, RUN066, RUN067)" in last
    failing = report(finding("RUN066"), RUN065="pass", RUN066="fail", RUN067="pass")
    (ranked,) = received(Log(TEMPORARY), failing, LIBRARY.witnesses).ranked
    assert "Connection lost" in ranked.finding.evidence[-1].text

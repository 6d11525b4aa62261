"""What the host's own log adds to a diagnosis: still true, fixed since, or a note."""

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
    assert (after.ranked, after.fixed) == ((), ())


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
    assert isinstance(LIBRARY, Library)

"""The renderers: what a person reads, and that no stranger's text does more than be read."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from maildoctor.model import Evidence, Outcome, Ranked, Route, RouteRung, Step, Verdict
from maildoctor.render import json as as_json
from maildoctor.render import rendered, text
from maildoctor.render.escape import prose, shown, unicode
from maildoctor.render.style import Style
from tests.reports import BROKEN, CAUSE, FAULTY, HOSTILE, REPORTS, SYMPTOM, UNSEEN, report

PLAIN = Style(ascii=True)
COLOUR = Style(colour=True, fold=True)
TERMINAL = Style(fold=True)
STYLES = [
    replace(style, verbosity=verbosity, width=width)
    for style in (PLAIN, COLOUR, TERMINAL)
    for verbosity in (-1, 0, 1, 2)
    for width in (40, 80)
]
OWN_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def test_the_whole_of_a_plain_report() -> None:
    assert text.render(FAULTY, PLAIN) == (
        """\
maildoctor 0.1.0  host mail.example.test  sendmail 8.17.1.9 + cyrus-sasl 2.1.28

[xx] LINK001 libdigestmd5.so cannot be loaded: no library here has des_ecb_encrypt
     evidence  /usr/lib/sasl2/libdigestmd5.so: undefined symbol: des_ecb_encrypt
               /var/log/mail.log:812: Unable to dlopen
     why       The plugin was linked against a library other than the one found
               at run time, so SASL drops it silently.
     advice    Install the plugin again, built against the libcrypto of this
               host.
     $ apt-get install --reinstall libsasl2-modules
     $ mv /usr/lib/sasl2/libdigestmd5.so /usr/lib/sasl2/libdigestmd5.so.off
               # restarts sendmail
     undo      mv /usr/lib/sasl2/libdigestmd5.so.off /usr/lib/sasl2/libdigestmd5.so
     explains: 1 symptom
       [!!] MECH002 DIGEST-MD5 is offered but no user has a DIGEST-MD5 secret

[??] 2 checks not judged: permission denied reading /etc/sasldb2; run as root

1 cause (1 error), 1 passed, 2 not judged, 1 not applicable  0.4 s
"""
    )


def test_cause_evidence_and_command_stand_on_the_first_screen() -> None:
    first_screen = "\n".join(text.render(FAULTY, TERMINAL).splitlines()[:24])
    for part in (CAUSE.code, CAUSE.evidence[0].text, CAUSE.fix[0].command):
        assert part in first_screen


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", [name for name in REPORTS if name != "many"])
def test_nothing_but_our_own_colours_reaches_a_terminal(name: str, style: Style) -> None:
    said = OWN_COLOURS.sub("", text.render(REPORTS[name], style))
    assert all(line.isprintable() for line in said.split("\n"))
    assert not said or said.endswith("\n")
    if style.ascii:
        assert said.isascii()
    elif style.colour:
        assert not re.search(r"[ \t]$", said, re.M)


@pytest.mark.parametrize("style", STYLES)
def test_hostile_text_is_shown_escaped_and_whole(style: Style) -> None:
    said = OWN_COLOURS.sub("", text.render(report(HOSTILE), replace(style, width=4000)))
    assert r"user \x1b[2J\x1b]0;owned\x07 [red]bold[/red] \u202eevil\u2066 \x9b31m and\nall is well" in said
    assert not re.search("^all is well", said, re.M)


@pytest.mark.parametrize(
    ("strange", "seen"),
    [
        ("plain", "plain"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x00\x07\b\r\n\t\x7f", r"\x00\x07\x08\r\n\t\x7f"),
        ("\x85\x9b", r"\x85\x9b"),
        ("\u061c\u200b\u200f\u202a\u202e\u2066\u2069\u2028\ufeff", None),
        ("\xa0", r"\xa0"),
        ("\udcff\ud800", r"\xff\ud800"),
        ("\U000e0041", r"\U000e0041"),
        (r"sed 's/\./x/'", r"sed 's/\./x/'"),
        ("Grüße", "Grüße"),
    ],
)
def test_escape(strange: str, seen: str | None) -> None:
    assert shown(strange).isprintable()
    assert shown(strange, ascii=True).isascii()
    if seen is not None:
        assert shown(strange) == seen
    unicode(strange).encode("utf-8")


def test_our_own_typography_is_made_plain_in_ascii_but_evidence_is_kept_exact() -> None:
    assert prose("“a” – b…", ascii=True) == '"a" - b...'
    assert shown("“a”", ascii=True) == r"\u201ca\u201d"


@pytest.mark.parametrize("style", STYLES)
def test_a_command_is_never_broken(style: Style) -> None:
    command = "saslpasswd2 -c -u " + "x" * 300 + " 'two words' test"
    said = OWN_COLOURS.sub("", text.render(report(replace(CAUSE, fix=(Step(command),))), style))
    if style.verbosity >= 0:
        assert f"$ {command}\n" in said


@pytest.mark.parametrize(
    ("step", "seen"),
    [
        (
            "# in /etc/mail/sendmail.mc: define(`x', `y')dnl",
            "     edit      /etc/mail/sendmail.mc: define(`x', `y')dnl",
        ),
        ("# install the key as /etc/mail/key", "     by hand   install the key as /etc/mail/key"),
        ("#!/bin/true", "     $ #!/bin/true"),
    ],
)
def test_what_is_done_by_hand_does_not_look_like_a_command(step: str, seen: str) -> None:
    assert seen in text.render(report(replace(CAUSE, fix=(Step(step),))), PLAIN).splitlines()


def test_the_first_and_the_last_line_are_whole_in_a_pipe_and_folded_on_a_terminal() -> None:
    long = replace(FAULTY, target=replace(FAULTY.target, name="/a/very/long/path" * 6))
    assert "+ cyrus-sasl 2.1.28" in text.render(long, PLAIN).splitlines()[0]
    assert max(len(line) for line in text.render(long, TERMINAL).splitlines()[:2]) <= 80


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize("colour", [True, False])
def test_on_a_terminal_all_but_commands_keeps_to_the_width(width: int, colour: bool) -> None:
    style = Style(colour=colour, fold=True, width=width, verbosity=2)
    finding = replace(CAUSE, fix=(), refs=(), evidence=(Evidence("/x" * 90, "y" * 500),))
    lines = OWN_COLOURS.sub("", text.render(report(finding), style)).splitlines()
    assert max(len(line) for line in lines[1:-1]) <= width


def test_rich_reads_no_markup_and_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    said = text.render(report(HOSTILE), COLOUR)
    assert "\x1b[1;31m" in said
    assert "[red]bold[/red]" in OWN_COLOURS.sub("", said)


def test_without_colour_rich_is_not_imported() -> None:
    code = (
        "import sys; from maildoctor.render import rendered; from maildoctor.render.style import Style;"
        "from tests.reports import FAULTY; rendered(FAULTY, 'text', Style()); rendered(FAULTY, 'json', Style());"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_quiet_is_one_line_a_cause_and_silence_when_clean() -> None:
    quiet = Style(verbosity=-1, ascii=True)
    assert text.render(FAULTY, quiet) == f"[xx] LINK001 {CAUSE.message}\n"
    assert text.render(REPORTS["clean"], quiet) == ""
    assert text.render(report(HOSTILE, CAUSE), quiet).count("\n") == 2


def test_no_claim_of_health_beyond_what_was_seen() -> None:
    assert "No fault found in 1 check. 0 not judged, 0 not applicable" in text.render(REPORTS["clean"], PLAIN)
    assert "No fault found in 1 check. 2 not judged" in text.render(REPORTS["unseen"], PLAIN)
    assert "Nothing could be judged. 0 not judged, 1 not applicable" in text.render(REPORTS["nothing"], PLAIN)
    absent = report(outcomes=[Outcome("X001", "x", "not_applicable", "Sendmail is not installed")])
    assert "Nothing could be judged: Sendmail is not installed. 0 not judged" in text.render(absent, PLAIN)
    assert "TLS009 odd-key broke" in text.render(REPORTS["broke"], PLAIN)


def test_reasons_are_grouped_the_commonest_first() -> None:
    many = [Outcome(f"X{n:03}", "x", "not_judged", f"reason {n}") for n in range(9)]
    said = text.render(report(outcomes=(*many, UNSEEN, UNSEEN)), PLAIN)
    assert said.index("2 checks not judged: permission denied") < said.index("1 check not judged: reason 0")
    assert "and 5 more for 5 other reasons; -v shows them" in said
    assert "reason 8" in text.render(report(outcomes=many), replace(PLAIN, verbosity=1))


def test_what_was_not_judged_takes_three_lines_at_most() -> None:
    """Each with the count of its own reason."""
    for reasons in (1, 3, 4, 9):
        many = [Outcome(f"X{n:03}", "x", "not_judged", f"reason {n % reasons}") for n in range(18)]
        said = text.render(replace(report(outcomes=many), verdict=Verdict("not_shown")), PLAIN)
        lines = [line for line in said.splitlines() if line.startswith("[??]")]
        assert len(lines) == min(reasons, 3)
        assert sum(int(line.split()[1]) for line in lines) == 18
        assert lines[0].endswith(" checks not judged: reason 0")


def test_a_command_that_would_show_a_rung_is_never_broken() -> None:
    long = "maildoctor probe mail.example.com:587 --user NAME --relay-test ADDRESS"
    rungs = (
        RouteRung("verifier", "not_shown", would_show="maildoctor probe x"),
        RouteRung("policy", "not_shown", "", (), None, long),
    )
    given = replace(report(), routes=(Route("sendmail", "127.0.0.1:587", rungs),), verdict=Verdict("not_shown"))
    for style in (PLAIN, replace(PLAIN, fold=True), replace(PLAIN, fold=True, width=40)):
        lines = [line.strip() for line in text.render(given, style).splitlines()]
        assert long in lines
    assert "  verifier   ?   not shown: maildoctor probe x" in text.render(given, PLAIN)


def test_each_level_of_verbosity_says_more() -> None:
    said = [text.render(FAULTY, replace(PLAIN, verbosity=v)) for v in (0, 1, 2)]
    assert "group-writable-path" not in said[0]
    assert "sendmail -d0.1" not in said[0]
    assert "group-writable-path" in said[1]
    assert "$ sendmail -d0.1 -bv root" in said[1]
    assert SYMPTOM.why in said[1]
    assert "expired-certificate" not in said[1]
    assert "expired-certificate" in said[2]


def test_long_evidence_is_cut_and_says_so() -> None:
    long = report(replace(CAUSE, evidence=(Evidence("f", "\n".join(["x" * 500] * 20)),)))
    assert "14 more lines; -vv shows them" in text.render(long, PLAIN)
    assert "x" * 500 not in text.render(long, PLAIN)
    assert text.render(long, replace(PLAIN, verbosity=2)).count("x" * 500) == 20


def test_no_finding_is_lost_in_chains_rings_and_gaps() -> None:
    a, b, c, d = (replace(CAUSE, labels={"n": n}, message=f"fault {n}") for n in "abcd")
    ranked = (
        Ranked(a, 1, b.fingerprint),
        Ranked(b, 2, a.fingerprint),
        Ranked(c, 3, "GONE001"),
        Ranked(d, 4, c.fingerprint),
    )
    said = text.render(replace(report(), ranked=ranked), PLAIN)
    assert [said.count(f"fault {n}") for n in "abcd"] == [1, 1, 1, 1]
    assert "2 causes (2 errors)" in said


def test_a_baseline_leaves_the_known_out_and_counts_them() -> None:
    old = replace(PLAIN, known=frozenset({CAUSE.fingerprint, SYMPTOM.fingerprint}))
    said = text.render(FAULTY, old)
    assert "No new fault found in 2 checks." in said
    assert "2 known left out" in said
    half = text.render(FAULTY, replace(PLAIN, known=frozenset({CAUSE.fingerprint})))
    assert "[!!] new: MECH002" in half
    assert "1 new cause (1 warning)" in half


def test_what_the_log_tells_and_is_fixed_is_said() -> None:
    said = text.render(replace(FAULTY, fixed=("SASL510 no-saslauthd",)), PLAIN)
    assert "[ok] fixed since, by what is seen now; the log still tells of it: SASL510 no-saslauthd\n" in said


def test_a_lone_warning_is_not_counted_twice() -> None:
    assert "1 cause (1 warning), 1 passed" in text.render(REPORTS["warned"], PLAIN)


def test_json_is_valid_utf8_and_harmless_on_a_terminal() -> None:
    said = as_json.render(report(HOSTILE, outcomes=(BROKEN,)))
    assert said.replace("\n", "").isprintable()
    assert said.isascii()
    read = json.loads(said)
    json.dumps(read, ensure_ascii=False).encode("utf-8")
    assert read["findings"][0]["message"] == HOSTILE.message
    assert read["findings"][0]["evidence"][0]["source"] == "/etc/\\xff\x1b"


def test_json_is_the_same_every_time() -> None:
    other = replace(CAUSE, labels=dict(sorted(CAUSE.labels.items(), reverse=True)))
    assert as_json.render(report(CAUSE)) == as_json.render(report(other))
    assert rendered(FAULTY, "json", PLAIN) == as_json.render(FAULTY)

"""What people paste into a ticket or a forum is read as the log that it was."""

import time
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.model import Finding
from maildoctor.triage.builtin import builtin
from maildoctor.triage.engine import Finds
from maildoctor.triage.judge import judge
from maildoctor.triage.restored import Weight, restored
from maildoctor.triage.scan import Scan

NOW = 1.8e9


class Stream(BytesIO):
    """A pipe: bytes that come to an end."""


def findings(text: str) -> dict[str, Finding]:
    """What is said of this text, by code."""
    rules = builtin().rules
    scan = Scan(rules, Finds, NOW)
    for _ in scan.feed(Stream(text.encode()), "-"):
        pass
    return {r.finding.code: r.finding for r in judge(rules, scan.seen)}


REFUSED = "Nov 22 06:10:11 mail postfix/smtpd[99]: warning: x.example[192.0.2.7]: SASL LOGIN authentication failed: "


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (
            "> Nov 22 06:10:11 mail postfix/smtpd[99]: warning: SASL authentication\n> failure: cannot connect to\n"
            "> saslauthd server: No such file or directory\nWhat is wrong?\n",
            "RUN150",
            "-:1",
        ),
        (f"{REFUSED[:80]}\n{REFUSED[80:]}generic failure\n", "SASL501", "-:1"),
        (f"{REFUSED}generic fai\nlure\n", "SASL501", "-:1"),
        (f"Hello,\n\n```\n{REFUSED}generic failure```\n", "SASL501", "-:4"),
        (f"<p>**{REFUSED}generic failure**</p>", "SASL501", "-:1"),
        (f"{REFUSED.replace('[', chr(92) + '[').replace(']', chr(92) + ']')}generic failure\n", "SASL501", "-:1"),
        (
            "Jul 26 11:11:21 mail dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=&lt;amy&gt;,"
            " method=PLAIN, rip=192.0.2.1<br>\n",
            "USER750",
            "-:1",
        ),
        ("dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=&#60;amy&#x3e;\n", "USER750", "-:1"),
        (f"mail-1  | {REFUSED}generic failure\n", "SASL501", "-:1"),
        (f"812:{REFUSED}generic failure\n", "SASL501", "-:1"),
    ],
)
def test_a_paste_is_read_as_the_log_that_it_was(text: str, code: str, place: str) -> None:
    found = findings(text)
    assert code in found
    assert found[code].evidence[0].source == place


def test_a_bare_repetition_counts_what_stands_before_it() -> None:
    assert findings(f"{REFUSED}generic failure\nlast message repeated 4 times\n")["SASL501"].count == 5


def test_prose_behind_a_line_stays_prose() -> None:
    line = "Nov 25 21:55:58 mail postfix/smtpd[2]: warning: SASL authentication failure: Password verification failed"
    found = findings(f"{line}\nand now nothing works any more, please help\n")["SASL154"]
    assert found.evidence[0].text == line


def nothing(_: bytes) -> Weight:
    """No rule knows any line."""
    return 0, 0


def longer(line: bytes) -> Weight:
    """A rule that knows more of each longer line."""
    return len(line), 0


def test_a_log_as_it_is_written_is_not_changed() -> None:
    log = "".join(f"Nov 22 06:10:{n:02} mail postfix/smtpd[{n}]: connect from x[192.0.2.{n}]\n" for n in range(60))
    assert restored(log.encode(), longer) == log.encode()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([nothing, longer]))
def test_lines_keep_their_numbers(text: bytes, weight: Callable[[bytes], Weight]) -> None:
    assert restored(text, weight).count(b"\n") == text.count(b"\n")


@pytest.mark.parametrize(
    "piece", [b"*", b"`", b"<br>", b"&lt;", b"&", b"\\_", b"a\n", b"x[1]: \na\n", b" ", b"\n", b"** "]
)
def test_a_hostile_paste_costs_bounded_time(piece: bytes) -> None:
    start = time.process_time()
    restored(piece * (64 * 1024 // len(piece)), longer)
    assert time.process_time() - start < 2

"""What must not stand in a transcript, whoever repeats it."""

import re
from base64 import b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.sasl import Secret
from maildoctor.smtp.hiding import Hidden, forms
from maildoctor.smtp.replies import printable
from maildoctor.smtp.vocabulary import WORDS

PASSWORD = "throwaway-Pw/17"  # noqa: S105


def hidden(word: str, said_before: str = "") -> Hidden:
    made = Hidden()
    for form in forms(Secret(word.encode()), "test"):
        made.parts(form, said_before)
    return made


@pytest.mark.parametrize(
    "echo",
    [
        PASSWORD,
        PASSWORD.upper(),
        PASSWORD[::-1],
        PASSWORD.encode().hex(),
        b64encode(PASSWORD.encode()).decode(),
        b64encode(f"\0test\0{PASSWORD}".encode()).decode(),
        PASSWORD[:9],
        PASSWORD[4:],
    ],
)
def test_a_secret_is_struck_out_however_a_server_turns_it(echo: str) -> None:
    assert hidden(PASSWORD).masked(f"5.7.8 what is {echo} to me") == "5.7.8 what is *** to me"


def test_words_of_smtp_stay_readable() -> None:
    assert hidden("PLAIN", "AUTH PLAIN LOGIN").masked("PLAIN is not allowed") == "PLAIN is not allowed"
    assert hidden("ab").masked("cabbage") == "cabbage"
    assert Hidden().masked("535 no") == "535 no"


@given(st.text(min_size=8, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_run_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    made = Hidden()
    made.parts(secret.encode("utf-8", "surrogatepass"))
    shown = printable(secret.encode("utf-8", "surrogatepass"))
    said = made.masked(before + shown + after)
    assert not any(shown[i : i + 8] in said for i in range(len(shown) - 7)) or "***" in shown


@given(st.text(), st.lists(st.text(max_size=20), max_size=4))
def test_what_is_not_hidden_is_kept(text: str, words: list[str]) -> None:
    made = Hidden()
    for word in words:
        made.whole(word.encode("utf-8", "surrogatepass"))
    rest = made.masked(text)
    if not any(w.lower() in text.lower() for w in words if len(w) >= 4):
        assert rest == text


# ---- what is quoted of a server that has heard a secret


def closed(word: str, *said_before: str) -> Hidden:
    made = hidden(word)
    made.open.received(said_before)
    made.close()
    return made


@pytest.mark.parametrize(
    "turned",
    [
        lambda word: b64encode(word[::-1]).decode(),
        lambda word: b64encode(b64encode(word)).decode(),
        lambda word: " ".join(map(chr, word)),
        lambda word: ".".join(map(chr, word)),
        lambda word: " ".join(map(str, word)),
        lambda word: " ".join(f"{c:08b}" for c in word),
        lambda word: "".join(f"%{c:02x}" for c in word),
        lambda word: "".join(f"&#{c};" for c in word),
        lambda word: " ".join(f"5.7.{c}" for c in word),
        lambda word: "".join(chr(c ^ 1) for c in word),
        lambda word: "queued as " + word.hex().upper(),
        lambda word: " and ".join(word.decode()[i : i + 3] for i in range(0, len(word), 3)),
    ],
)
def test_no_turn_of_a_secret_is_quoted(turned: Callable[[bytes], str]) -> None:
    echo = turned(PASSWORD.encode())
    said = closed(PASSWORD).masked(f"5.7.8 authentication failed {echo}")
    assert said.startswith("5.7.8 authentication failed")
    reported = said.removeprefix("5.7.8 authentication failed")
    assert set(re.findall(r"\w+", reported)) <= {"queued", "as", "and"}, reported


@given(st.text(max_size=80))
def test_only_known_words_are_quoted_once_a_secret_was_heard(text: str) -> None:
    said = closed("another-secret-1").masked(text)
    words = re.findall(r"[^\W_]+", said.removeprefix(m[0] if (m := re.match(r"[245]\.\d\.\d+(?= |$)", said)) else ""))
    assert all(word.lower() in WORDS for word in words)


@pytest.mark.parametrize(
    "reply",
    [
        "5.7.8 Error: authentication failed: generic failure",
        "5.7.8 Error: authentication failed: (reason unavailable)",
        "4.7.0 Temporary authentication failure: Connection lost to authentication server",
        "5.3.3 AUTH mechanism LOGIN not available",
        "5.7.139 Authentication unsuccessful, basic authentication is disabled.",
        "5.7.11 Encryption required for requested authentication mechanism",
        "Incorrect authentication data",
        "5.7.0 authentication failed",
        "2.7.0 Authentication successful",
    ],
)
def test_what_servers_say_of_a_login_is_quoted_whole(reply: str) -> None:
    assert closed(PASSWORD).masked(reply) == reply


def test_what_was_said_before_may_be_said_again() -> None:
    banner = "mail.example.com ESMTP Sendmail 8.17.1.9/Debian-2; now"
    made = closed(PASSWORD, banner)
    assert made.masked(banner) == banner
    assert made.lines(tuple(f"{n}{PASSWORD}" for n in range(300))) == ("***",)
    assert len(made.lines(tuple(f"try {'again ' * n}" for n in range(300)))) < 20

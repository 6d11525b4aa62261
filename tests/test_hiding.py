"""What must not stand in a transcript, whoever repeats it."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.sasl import Secret
from maildoctor.smtp.hiding import Hidden, forms
from maildoctor.smtp.replies import printable

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

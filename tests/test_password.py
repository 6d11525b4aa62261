"""Where a password comes from, and where it never shows: `maildoctor/cli/password.py`."""

import getpass
import os
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path

import pexpect
import pytest

from maildoctor.cli import options as shared
from maildoctor.cli import password
from maildoctor.cli.report_error import UsageError
from maildoctor.sasl import Secret

WORD = "s3cr€t \"' \\ word"
RAW = WORD.encode()
PROGRAM = """\
import sys
from maildoctor.cli import options, password
from maildoctor.cli.report_error import UsageError
p = options.Parser("probe", "")
password.add_login(p)
try:
    s = password.secret(options.read(p, sys.argv[1:]))
    print("got", s, None if s is None else s.reveal().hex())
except UsageError as t:
    sys.exit(f"{t.what}: {t.remedy}")
"""
PROMPT = "Password of test: "


def asked(*words: str, environ: Mapping[str, str] | None = None) -> Secret | None:
    parser = shared.Parser("probe", "")
    password.add_login(parser)
    return password.secret(shared.read(parser, words, environ or {}))


def revealed(*words: str, environ: Mapping[str, str] | None = None) -> bytes:
    found = asked(*words, environ=environ)
    assert found is not None
    return found.reveal()


def trouble(*words: str, environ: Mapping[str, str] | None = None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        asked(*words, environ=environ)
    return caught.value


def written(folder: Path, data: bytes, mode: int = 0o600) -> str:
    path = folder / "password"
    path.write_bytes(data)
    path.chmod(mode)
    return str(path)


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "_is_terminal", lambda: False)


# ---- options


def test_no_option_takes_a_password_itself() -> None:
    parser = shared.Parser("probe", "")
    password.add_login(parser)
    flags = {flag for action in parser._actions for flag in action.option_strings}
    assert flags == {
        *("-h", "--help", "--user", "--authzid", "--realm", "--mech", "--insecure-plaintext"),
        *("--password-file", "--password-env", "--password-fd"),
    }
    assert "unrecognized" in trouble("--user", "test", "--password", WORD).what
    assert "unrecognized" in trouble("--user", "test", "--pass", WORD).what


@pytest.mark.usefixtures("no_terminal")
def test_maildoctor_password_is_not_read_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILDOCTOR_PASSWORD", WORD)
    assert "no password" in trouble("--user", "test", environ={"MAILDOCTOR_PASSWORD": WORD}).what
    assert revealed("--user", "test", "--password-env", "MAILDOCTOR_PASSWORD") == RAW


def test_the_environment_may_name_user_and_file(tmp_path: Path) -> None:
    twins = {"MAILDOCTOR_USER": "test", "MAILDOCTOR_PASSWORD_FILE": written(tmp_path, RAW)}
    assert revealed(environ=twins) == RAW


def test_an_option_beats_another_source_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAMED", "other")
    twins = {"MAILDOCTOR_PASSWORD_FILE": written(tmp_path, RAW)}
    assert revealed("--user", "test", "--password-env", "NAMED", environ=twins) == b"other"


def test_two_sources_are_one_too_many(tmp_path: Path) -> None:
    words = ("--user", "test", "--password-file", written(tmp_path, RAW))
    assert "not allowed with" in trouble(*words, "--password-fd", "0").what


def test_mechanisms_come_in_lists_and_one_by_one() -> None:
    parser = shared.Parser("probe", "")
    password.add_login(parser)
    options = shared.read(parser, ["--mech", "PLAIN,LOGIN", "--mech", "CRAM-MD5"], {})
    assert shared.listed(options.mech) == ("PLAIN", "LOGIN", "CRAM-MD5")
    assert (options.authzid, options.realm, options.insecure_plaintext) == ("", "", False)


def test_without_a_user_there_is_nothing_to_ask() -> None:
    assert asked() is None


@pytest.mark.parametrize(
    "source", [("--password-file", "/nowhere"), ("--password-env", "NAMED"), ("--password-fd", "0")]
)
def test_a_password_without_a_user_is_told(source: tuple[str, str]) -> None:
    reported = trouble(*source)
    assert source[0] in reported.where
    assert "--user" in reported.remedy


@pytest.mark.usefixtures("no_terminal")
def test_a_ticket_or_a_certificate_needs_no_password() -> None:
    assert asked("--user", "test", "--mech", "gssapi,EXTERNAL") is None
    assert "no password" in trouble("--user", "test", "--mech", "GSSAPI,PLAIN").what


# ---- files


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n", b"\nsecond line\n", b"\r\n\0\n"])
def test_the_first_line_of_a_file_is_the_password(tmp_path: Path, tail: bytes) -> None:
    assert revealed("--user", "test", "--password-file", written(tmp_path, RAW + tail)) == RAW


def test_blanks_belong_to_a_password(tmp_path: Path) -> None:
    assert revealed("--user", "test", "--password-file", written(tmp_path, b" a \r b\t\r\n")) == b" a \r b\t"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666, 0o444])
def test_a_file_that_others_can_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, RAW, mode)
    reported = trouble("--user", "test", "--password-file", path)
    assert f"{mode:04o}" in reported.what
    assert (reported.where, reported.remedy) == (path, f"chmod 600 {path}")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700, 0o711])
def test_a_file_of_ones_own_is_read(tmp_path: Path, mode: int) -> None:
    assert revealed("--user", "test", "--password-file", written(tmp_path, RAW, mode)) == RAW


def test_a_secret_of_a_container_is_read_though_all_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "SECRETS", str(tmp_path / "secrets"))
    (tmp_path / "secrets").mkdir()
    assert revealed("--user", "test", "--password-file", written(tmp_path / "secrets", RAW, 0o444)) == RAW


def test_a_link_among_the_secrets_of_a_container_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password, "SECRETS", str(tmp_path / "secrets"))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "link").symlink_to(written(tmp_path, RAW, 0o444))
    assert "0444" in trouble("--user", "test", "--password-file", str(tmp_path / "secrets" / "link")).what


def test_a_pipe_is_read_whatever_its_mode(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o644)
    writer = threading.Thread(target=pipe.write_bytes, args=(RAW + b"\n",))
    writer.start()
    assert revealed("--user", "test", "--password-file", str(pipe)) == RAW
    writer.join()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\n" + RAW, "empty"),
        (b"a\0b\n", "NUL"),
        (b"x" * (64 * 1024 + 1), "more than 65536 bytes"),
        (b"\xef\xbb\xbf" + RAW, "byte order mark"),
        (RAW.decode().encode("utf-16"), "NUL"),
    ],
)
def test_what_is_no_password_is_told_and_not_shown(tmp_path: Path, data: bytes, says: str) -> None:
    reported = trouble("--user", "test", "--password-file", written(tmp_path, data))
    assert says in reported.what
    assert "s3cr" not in f"{reported.what} {reported.where} {reported.remedy}"


def test_the_longest_password_is_read(tmp_path: Path) -> None:
    assert revealed("--user", "test", "--password-file", written(tmp_path, b"x" * 64 * 1024)) == b"x" * 64 * 1024


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    assert "no such file" in trouble("--user", "test", "--password-file", str(tmp_path / "no")).what
    assert "no file" in trouble("--user", "test", "--password-file", str(tmp_path)).what
    assert "no file" in trouble("--user", "test", "--password-file", "/dev/null").what


def test_what_is_no_password_is_in_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path, RAW + b"\0")
    monkeypatch.setenv("NAMED", "\ufeff" + WORD)
    for words in (("--password-file", source), ("--password-env", "NAMED")):
        reported = trouble("--user", "test", *words)
        shown = "".join(traceback.TracebackException.from_exception(reported, capture_locals=True).format())
        assert "_first_line" in shown
        assert "s3cr" not in shown


# ---- variables and descriptors


def test_a_variable_that_is_not_set_is_told_by_its_name() -> None:
    reported = trouble("--user", "test", "--password-env", "NO_SUCH_VARIABLE")
    assert "NO_SUCH_VARIABLE" in reported.where
    assert "no such variable" in reported.what


@pytest.mark.parametrize("option", ["--password-env", "--password-fd"])
def test_a_password_given_in_place_of_a_name_is_not_repeated(option: str) -> None:
    reported = trouble("--user", "test", option, "hunter2")
    assert option in reported.what + reported.where
    assert "hunter2" not in f"{reported.what} {reported.where} {reported.remedy}"


def test_a_variable_keeps_bytes_that_are_no_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAMED", os.fsdecode(b"caf\xe9\n"))
    assert revealed("--user", "test", "--password-env", "NAMED") == b"caf\xe9"


def test_a_descriptor_is_read_to_its_end() -> None:
    source, sink = os.pipe()
    try:
        for part in (RAW[:3], RAW[3:], b"\r\n"):
            os.write(sink, part)
        os.close(sink)
        assert revealed("--user", "test", "--password-fd", str(source)) == RAW
    finally:
        os.close(source)


def test_a_descriptor_that_is_not_open_is_told() -> None:
    assert "bad file descriptor" in trouble("--user", "test", "--password-fd", "987").what


def test_a_terminal_as_a_descriptor_is_refused() -> None:
    master, slave = os.openpty()
    try:
        os.write(master, b"typed\n\x04")
        assert "terminal" in trouble("--user", "test", "--password-fd", str(slave)).what
    finally:
        os.close(master)
        os.close(slave)


# ---- the terminal


def test_without_a_terminal_the_four_ways_are_told() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--user", "test"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert all(way in run.stderr for way in ("--password-file", "--password-env", "--password-fd", "in a terminal"))


def _typed(keys: str, *words: str) -> str:
    child = pexpect.spawn(sys.executable, ["-c", PROGRAM, *words], encoding="utf-8", timeout=60)
    child.expect_exact("Password of")
    child.waitnoecho()
    child.send(keys)
    child.expect(pexpect.EOF)
    child.close()
    return child.before or ""


def test_the_terminal_is_asked_and_shows_nothing() -> None:
    said = _typed(WORD + "\n", "--user", "test")
    assert "s3cr" not in said
    assert f"got *** {RAW.hex()}" in said


def test_the_terminal_is_asked_also_where_stdin_is_a_pipe() -> None:
    shell = ["-c", 'true | "$0" -c "$1" --user test', sys.executable, PROGRAM]
    child = pexpect.spawn("/bin/sh", shell, encoding="utf-8", timeout=60)
    child.expect_exact(PROMPT)
    child.waitnoecho()
    child.sendline(WORD)
    child.expect_exact(f"got *** {RAW.hex()}")
    child.expect(pexpect.EOF)
    child.close()


def test_a_terminal_that_would_show_the_password_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def shows(prompt: str) -> str:
        warnings.warn("cannot control echo", getpass.GetPassWarning, stacklevel=2)
        return "typed"

    monkeypatch.setattr(password, "_is_terminal", lambda: True)
    monkeypatch.setattr(getpass, "getpass", shows)
    assert "no password could be read" in trouble("--user", "test").what


def test_an_end_of_input_is_no_password() -> None:
    assert "no password could be read" in _typed("\x04", "--user", "test")


def test_an_empty_line_is_no_password() -> None:
    assert "the password is empty" in _typed("\n", "--user", "test")


def test_the_name_in_the_question_cannot_steer_the_terminal() -> None:
    child = pexpect.spawn(sys.executable, ["-c", PROGRAM, "--user", "\x1b[31mred"], encoding="utf-8", timeout=60)
    child.expect_exact(r"Password of \x1b[31mred: ")
    child.close(force=True)

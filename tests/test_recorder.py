"""The shell script that records a host without Python 3.11: run on this machine, and given secrets to strike out."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import maildoctor
from maildoctor.engine import Selection, examine
from maildoctor.host import NoAnswer
from maildoctor.host.recording import Replay
from maildoctor.library import load_library

SCRIPT = Path(maildoctor.__file__).parent / "host" / "recorder.sh"

SECRETS = r"""
password = hunter2
smtp_sasl_password_maps = inline:{ hub=bob:hunter2 }
ssl_key_password=hunter2
  ldapdb_pw: hunter2
connect = host=db.example.com dbname=mail user=mail password=hunter2
args = uid=1 PASSWORD = hunter2
sql_passwd: hunter2
hosts = ldap://cn=a:hunter2@ldap.example.com/
AuthInfo:hub.example.com "U:bob" "P:hunter2" "M:PLAIN"
auth_token hunter2:x
# the old password was hunter2
dnl hunter2
password: hunter2 # hunter2
"""


@pytest.fixture(scope="module")
def recorded() -> bytes:
    done = subprocess.run(["sh", SCRIPT], capture_output=True, check=True, timeout=120)
    return done.stdout


def _function(name: str, given: str) -> str:
    """What one function of the script makes of a text."""
    body = re.search(rf"(?ms)^{name}\(\) \{{.*?^\}}$", SCRIPT.read_text())
    assert body is not None
    script = f"TAB=$(printf '\\t')\n{body[0]}\n{name}"
    return subprocess.run(["sh", "-c", script], input=given, capture_output=True, text=True, check=True).stdout


def test_a_recording_is_one_that_check_reads(recorded: bytes) -> None:
    host = Replay("", recorded)
    assert host.kind == "host"
    assert re.fullmatch(r"d\S+ +\d+ root root +\d+ [\d-]+ [\d:.]+ \S+ /etc", str(host.ask("look", "/etc")))
    assert "passwd" in str(host.ask("list", "/etc")).split()
    missing = host.ask("look", "/etc/mail/Sendmail.conf")
    assert isinstance(missing, NoAnswer)
    assert missing.why == "absent"


def test_nothing_breaks_over_a_recording(recorded: bytes) -> None:
    report = examine(Replay("", recorded), load_library(), Selection())
    assert report.verdict is not None
    assert report.verdict.code not in ("works", "ready")
    assert not report.counted("broke")


def test_accounts_have_neither_names_of_people_nor_hashes(recorded: bytes) -> None:
    rows = [line.split(":") for line in str(Replay("", recorded).ask("read", "/etc/passwd")).splitlines()]
    assert rows
    assert {(row[1], row[4]) for row in rows} == {("x", "***")}


def test_secrets_are_struck_out() -> None:
    struck = _function("masked", SECRETS)
    assert "hunter2" not in struck
    assert len(struck.splitlines()) == len(SECRETS.splitlines())


def test_settings_that_are_no_secrets_are_kept() -> None:
    kept = (
        "smtpd_sasl_auth_enable = yes\nmech_list: PLAIN LOGIN\npassdb {\n  driver = passwd-file\n}\nO AuthOptions=A\n"
    )
    assert _function("masked", kept) == kept


def test_any_bytes_are_quoted() -> None:
    given = 'a\\b "c"\td\x01\x7f\n\nend'
    table = tomllib.loads(f"x = {_function('quoted', given)}")
    assert table["x"] == 'a\\b "c"\td??\n\nend'

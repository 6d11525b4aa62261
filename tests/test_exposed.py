"""Files that hold credentials in clear, and who can read them: told by line and name, never by value."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.engine import Selection, examine
from maildoctor.facts.exposed import Exposed
from maildoctor.host.clear import MOST, in_clear
from maildoctor.host.recording import Recording
from maildoctor.host.rooted import Rooted
from maildoctor.library import load_library
from maildoctor.model import Outcome, Report
from maildoctor.render import json as as_json

LIBRARY = load_library()
PLANTED = "correct-horse-9"

HOLDS = {
    "etc/dovecot/dovecot-sql.conf.ext": (
        f"driver = mysql\n# connect = host=x user=y password=example\nconnect = host=db user=mail password={PLANTED}\n",
        3,
    ),
    "etc/dovecot/dovecot-ldap.conf.ext": (f"hosts = ldap\ndn = cn=mail\ndnpass = {PLANTED}\n", 3),
    "etc/saslauthd.conf": (f"ldap_servers: ldap://db/\nldap_bind_pw: {PLANTED}\n", 2),
    "etc/sasl2/smtpd.conf": (f"pwcheck_method: auxprop\nsql_passwd: {PLANTED}\n", 2),
    "etc/postfix/sasl_passwd": (f"[hub.example.com]:587 mail:{PLANTED}\n", 1),
    "etc/exim4/passwd.client": (f"# remark\nhub.example.com:mail:{PLANTED}\n", 2),
    "etc/exim4/exim4.conf": (f"domainlist local = x\nhide mysql_servers = db/mail/mail/{PLANTED}\n", 2),
}


def examined(root: Path) -> Report:
    return examine(Recording(Rooted(str(root))), LIBRARY, Selection(select=("PERM011",)))


def outcome(report: Report) -> Outcome:
    return next(o for o in report.outcomes if o.code == "PERM011")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\ndovecot:x:120:\npeople:x:1000:amy,ben\nservice:x:121:postfix\n")
    return tmp_path


def planted(root: Path, path: str, mode: int, text: str = "", group: int = 0) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    for folder in (*file.relative_to(root).parents, Path()):
        (root / folder).chmod(0o755)
    file.write_text(text or HOLDS[path][0])
    os.chown(file, 0, group)
    file.chmod(mode)
    return file


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="files are given to groups")


@needs_root
@pytest.mark.parametrize("path", HOLDS)
def test_a_password_that_everybody_can_read_is_told_by_its_line(root: Path, path: str) -> None:
    planted(root, path, 0o644)
    report = examined(root)
    (finding,) = [r.finding for r in report.ranked]
    assert finding.severity == "warning" and dict(finding.labels) == {"path": f"/{path}"}
    assert finding.evidence[1].source == f"/{path}:{HOLDS[path][1]}"
    assert PLANTED not in as_json.render(report)
    assert outcome(report).outcome == "fail"


@needs_root
@pytest.mark.parametrize(
    ("mode", "group", "reported"),
    [(0o600, 0, 0), (0o640, 0, 0), (0o640, 120, 0), (0o640, 121, 0), (0o640, 1000, 1), (0o604, 0, 1), (0o660, 1000, 1)],
)
def test_what_a_program_needs_is_no_finding(root: Path, mode: int, group: int, reported: int) -> None:
    planted(root, "etc/saslauthd.conf", mode, group=group)
    report = examined(root)
    assert len(report.ranked) == reported
    assert outcome(report).outcome == ("fail" if reported else "pass")


@needs_root
def test_a_closed_folder_closes_what_is_in_it(root: Path) -> None:
    file = planted(root, "etc/dovecot/dovecot-sql.conf.ext", 0o644)
    file.parent.chmod(0o750)
    assert examined(root).ranked == ()


@needs_root
@pytest.mark.parametrize(
    "text",
    [
        "ldap_servers: ldap://db/\nldap_filter: uid=%u\n",
        "#ldap_bind_pw: example\n",
        "ldap_bind_pw:\n",
        "user_password = {SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=\n",
        "password = $6$rounds=5000$abcdefgh$ijklmnopqrstuvwxyz0123456789\n",
        "auth_mechanisms = plain login\npassword_format: clear\n",
    ],
)
def test_hashes_remarks_and_names_are_no_credentials_in_clear(root: Path, text: str) -> None:
    planted(root, "etc/saslauthd.conf", 0o644, text)
    assert examined(root).ranked == ()


def test_without_such_files_there_is_nothing_to_judge(root: Path) -> None:
    assert outcome(examined(root)).outcome == "not_applicable"


@needs_root
def test_a_recording_holds_lines_and_names_only(root: Path, tmp_path: Path) -> None:
    for path in HOLDS:
        planted(root, path, 0o644)
    recording = Recording(Rooted(str(root)))
    examine(recording, LIBRARY, Selection(select=("PERM011",)))
    recording.save(str(tmp_path / "recorded"))
    text = (tmp_path / "recorded/host.toml").read_text()
    assert '"/etc/saslauthd.conf" = "2 ldap_bind_pw"' in text and PLANTED not in text


def test_only_so_many_lines_of_a_file_are_told() -> None:
    assert len(list(in_clear("file", "ldap_bind_pw: x1y2z3\n" * 1000))) == MOST


@given(st.text(max_size=400))
def test_rows_of_any_text_hold_a_number_and_a_name(text: str) -> None:
    for row in in_clear("file", text):
        assert re.fullmatch(r"[0-9]+ (-|[A-Za-z][\w.-]*)", row, re.ASCII)


@given(st.text(max_size=400))
def test_the_fact_takes_any_text(text: str) -> None:
    fact = Exposed.parse(text)
    for path in fact.secrets:
        fact.readers(path)
    assert json.dumps(fact.unread) is not None

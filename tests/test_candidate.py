"""`check --candidate`: a configuration is judged as if it were installed, and nothing of what runs is said of it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.__main__ import main
from maildoctor.cli import candidate
from maildoctor.cli.candidate import known
from maildoctor.filesystem import Tree
from maildoctor.host.placed import Placed
from maildoctor.host.rooted import Rooted
from tests import mail_image
from tests.container_images import OVERLAY, SUPERVISED

FIXTURES = Path(__file__).parent.parent / "fixtures"
CF = next(item.data for item in mail_image.items() if item.name == "etc/mail/sendmail.cf")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A Sendmail host without a fault."""
    (tmp_path / "image.tar").write_bytes(mail_image.image())
    return tmp_path / "image.tar"


def _judged(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = main(["check", *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def _refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["check", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_a_good_candidate_is_ready_and_no_more(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = tmp_path / "new.cf"
    new.write_bytes(CF)
    status, found = _judged(capsys, "--image", str(image), "--candidate", str(new))
    assert (status, found["verdict"]["code"], found["findings"]) == (0, "ready", [])
    assert found["target"]["candidates"] == [
        {"file": str(new), "path": "/etc/mail/sendmail.cf", "owned": "root root 0644", "replaces": True, "used": True}
    ]
    assert found["verdict"]["sentence"].endswith("The candidate is not installed, so nothing can show one.")
    states = {rung["rung"]: rung["state"] for rung in found["routes"][0]["rungs"]}
    assert (states["program"], states["listener"]) == ("not_reached", "not_reached")


def test_a_fault_of_the_candidate_is_found_and_what_is_installed_is_not_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = CF.replace(b"AuthMechanisms=CRAM-MD5 PLAIN LOGIN", b"AuthMechanisms=GSSAPI")
    assert bad != CF
    (tmp_path / "bad.cf").write_bytes(bad)
    (tmp_path / "good.cf").write_bytes(CF)
    (tmp_path / "good.tar").write_bytes(mail_image.image())
    (tmp_path / "bad.tar").write_bytes(mail_image.image(put={"etc/mail/sendmail.cf": bad}))

    def codes(*words: str) -> set[str]:
        return {f["code"] for f in _judged(capsys, *words)[1]["findings"]}

    installed = codes("--image", str(tmp_path / "bad.tar"))
    assert installed
    assert codes("--image", str(tmp_path / "good.tar"), "--candidate", str(tmp_path / "bad.cf")) == installed
    assert codes("--image", str(tmp_path / "bad.tar"), "--candidate", str(tmp_path / "good.cf")) == set()


def test_the_text_names_the_candidate_and_where_it_would_be(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Sendmail.conf").write_text("pwcheck_method: nonsense\n")
    assert main(["check", "--image", str(image), "--candidate", str(tmp_path / "Sendmail.conf"), "--ascii"]) == 1
    out = capsys.readouterr().out
    assert f"{tmp_path}/Sendmail.conf in place of /etc/sasl2/Sendmail.conf, owner and mode as there (root root" in out
    assert "This is said of the candidate, which is not installed." in out
    assert "change the candidate instead" in out


def test_a_folder_of_postfix_or_dovecot_and_a_folder_with_etc(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    OVERLAY.unpack(root)
    new = tmp_path / "new"
    (new / "etc/postfix").mkdir(parents=True)
    text = (root / "etc/postfix/main.cf").read_text()
    (new / "etc/postfix/main.cf").write_text(text.replace("auth_enable = yes", "auth_enable = no"))
    for given_ in (new, new / "etc/postfix", new / "etc/postfix/main.cf"):
        _, found = _judged(capsys, "--root", str(root), "--candidate", str(given_))
        assert [c["path"] for c in found["target"]["candidates"]] == ["/etc/postfix/main.cf"]
        assert found["target"]["candidates"][0]["file"] == str(new / "etc/postfix/main.cf")
    (new / "etc/postfix/main.cf").rename(tmp_path / "main.cf.new")
    _, found = _judged(capsys, "--root", str(root), "--candidate", str(tmp_path / "main.cf.new"))
    assert found["target"]["candidates"][0]["path"] == "/etc/postfix/main.cf"

    dovecot = tmp_path / "dovecot"
    SUPERVISED.unpack(dovecot)
    folder = tmp_path / "conf"
    (folder / "conf.d").mkdir(parents=True)
    main_file = (dovecot / "etc/dovecot/dovecot.conf").read_text()
    (folder / "dovecot.conf").write_text(f"{main_file}!include conf.d/*.conf\n")
    (folder / "conf.d/10-new.conf").write_text("auth_mechanisms = plain\n")
    (folder / "README").write_text("what is this folder\n")
    (folder / "gone").symlink_to("/etc/nowhere")
    _, found = _judged(capsys, "--root", str(dovecot), "--candidate", str(folder))
    assert [(c["path"], c["replaces"], c["used"]) for c in found["target"]["candidates"]] == [
        ("/etc/dovecot/conf.d/10-new.conf", False, True),
        ("/etc/dovecot/dovecot.conf", True, True),
        ("/etc/dovecot/README", False, False),
    ]


def test_what_nothing_reads_is_not_judged_as_if_it_were(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "main.cf").write_text("smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n")
    err = _refused(capsys, "--image", str(image), "--candidate", str(tmp_path / "main.cf"))
    assert "nothing here reads /etc/postfix/main.cf" in err


def test_what_cannot_be_a_candidate_is_refused(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--image", str(image), "--candidate")
    (tmp_path / "sendmail.mc").write_text("divert(-1)\ninclude(`m4/cf.m4')dnl\nFEATURE(`access_db')dnl\n")
    assert "m4 NEW.mc > NEW.cf" in _refused(capsys, *words, str(tmp_path / "sendmail.mc"))
    (tmp_path / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    assert "not recognised" in _refused(capsys, *words, str(tmp_path / "passwd"))
    (tmp_path / "empty").mkdir()
    assert "nothing in it is recognised" in _refused(capsys, *words, str(tmp_path / "empty"))
    # a link that leads out of the folder is not followed
    (tmp_path / "empty/main.cf").symlink_to("/etc/passwd")
    assert "nothing in it is recognised" in _refused(capsys, *words, str(tmp_path / "empty"))
    assert "cannot be read" in _refused(capsys, *words, str(tmp_path / "none"))
    os.mkfifo(tmp_path / "fifo")
    assert "FIFO" in _refused(capsys, *words, str(tmp_path / "fifo"))
    (tmp_path / "new.cf").write_bytes(CF)
    assert "goes with --root" in _refused(capsys, "--pid", "1", "--candidate", str(tmp_path / "new.cf"))
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(501):
        (folder / f"{number}.cf").touch()
    assert "500 files" in _refused(capsys, *words, str(folder))
    monkeypatch.setattr(candidate, "LARGEST", 1000)
    assert "larger than" in _refused(capsys, *words, str(tmp_path / "new.cf"))
    (tmp_path / "empty/sendmail.cf").write_bytes(CF)
    assert "it holds more than a configuration does" in _refused(capsys, *words, str(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("name", "path", "kind"),
    [
        ("x", "cf/debian12-server.cf", "sendmail.cf"),
        ("main.cf", "cf/debian12-server.cf", "sendmail.cf"),
        ("x", "cf/debian11-submit.cf", "submit.cf"),
        ("submit.cf", "cf/debian11-submit.cf", "submit.cf"),
    ],
)
def test_contents_tell_more_than_names(name: str, path: str, kind: str) -> None:
    assert known(name, (FIXTURES / path).read_bytes()) == kind


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("new", "smtpd_sasl_auth_enable = yes\nmyhostname = mail.example.com\n", "main.cf"),
        ("new", "submission inet n - y - - smtpd\n  -o smtpd_sasl_auth_enable=yes\n", "master.cf"),
        ("new.conf", "passdb {\n  driver = pam\n}\nauth_mechanisms = plain login\n", "dovecot"),
        ("smtpd.conf", "pwcheck_method: saslauthd\nmech_list: PLAIN\n", "sasl-conf"),
        ("smtpd.conf", "listen on all\naction local maildir\nmatch for local action local\n", "smtpd.conf"),
        ("main.cf", "", "main.cf"),
        ("x", "", None),
        ("x", "Dear all,\nthe server is down.\n", None),
    ],
)
def test_what_a_file_is(name: str, text: str, kind: str | None) -> None:
    assert known(name, text.encode()) == kind


@given(st.binary(max_size=400), st.sampled_from(("main.cf", "x", "sendmail.mc", "smtpd.conf", "10-auth.conf")))
def test_any_file_is_something_or_nothing(data: bytes, name: str) -> None:
    known(name, data)


# ---- the files of a host with others in their place


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "etc/mail").mkdir(parents=True)
    (tmp_path / "etc/mail/real.cf").write_text("old")
    (tmp_path / "etc/mail/real.cf").chmod(0o640)
    (tmp_path / "etc/mail/sendmail.cf").symlink_to("real.cf")
    (tmp_path / "etc/mail/sendmail.mc").write_text("mc")
    return tmp_path


def test_links_that_go_round_where_it_would_lie_are_said(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "etc/mail").mkdir(parents=True, exist_ok=True)
    (tree / "etc/mail/sendmail.cf").unlink(missing_ok=True)
    (tree / "etc/mail/sendmail.cf").symlink_to("sendmail.cf")
    (tree / "new.cf").write_bytes(CF)
    err = _refused(capsys, "--root", str(tree), "--candidate", str(tree / "new.cf"))
    assert "too many symbolic links" in err and "/etc/mail/sendmail.cf" in err


def test_what_is_placed_has_the_owner_and_mode_of_what_is_there(tree: Path) -> None:
    files = Placed(Tree(str(tree)), {"/etc/mail/sendmail.cf": b"newer", "/etc/mail/sendmail.mc": None})
    there = (tree / "etc/mail/real.cf").stat()
    status = files.stat("/etc/mail/sendmail.cf")
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_size) == (0o640, there.st_uid, 5)
    assert status.st_mtime_ns >= there.st_mtime_ns
    assert stat.S_ISLNK(files.lstat("/etc/mail/sendmail.cf").st_mode)
    assert files.readlink("/etc/mail/sendmail.cf") == "real.cf"
    assert not files.was_read("/etc/mail/sendmail.cf")
    assert files.read("/etc/mail/real.cf") == files.read("/etc/mail/sendmail.cf") == b"newer"
    assert files.was_read("/etc/mail/sendmail.cf")
    assert (files.read("/etc/mail/sendmail.cf", 2), files.tail("/etc/mail/sendmail.cf", 2)) == (b"ne", b"er")
    assert sorted(files.listdir("/etc/mail")) == ["real.cf", "sendmail.cf"]
    for ask in (files.lstat, files.stat, files.read):
        with pytest.raises(FileNotFoundError):
            ask("/etc/mail/sendmail.mc")
    assert (tree / "etc/mail/real.cf").read_text() == "old"


def test_a_new_file_brings_its_folders(tree: Path) -> None:
    files = Placed(Tree(str(tree)), {"/etc/dovecot/conf.d/10-auth.conf": b"x"})
    assert stat.S_IMODE(files.lstat("/etc/dovecot/conf.d/10-auth.conf").st_mode) == 0o644
    assert stat.S_ISDIR(files.stat("/etc/dovecot/conf.d").st_mode)
    assert files.listdir("/etc/dovecot") == ["conf.d"]
    assert files.listdir("/etc/dovecot/conf.d") == ["10-auth.conf"]
    assert sorted(files.listdir("/etc")) == ["dovecot", "mail"]
    with pytest.raises(IsADirectoryError):
        files.read("/etc/dovecot")
    with pytest.raises(FileNotFoundError):
        files.read("/etc/dovecot/other")


def test_the_log_of_what_is_installed_is_no_witness(tree: Path) -> None:
    (tree / "var/log").mkdir(parents=True)
    (tree / "var/log/mail.log").write_text("\nNov 30 08:00:01 mail sm-mta[1]: AUTH failure (PLAIN): user not found\n")
    host = Rooted(str(tree))
    host.given_candidate({"/etc/mail/sendmail.cf": b""})
    for verb in ("recent", "logins"):
        assert "candidate" in getattr(host.ask(verb, "/var/log/mail.log"), "reason", "")
    assert isinstance(Rooted(str(tree)).ask("recent", "/var/log/mail.log"), str)

"""Commands for a target that is not this host say where they are to be run."""

import json
import shlex
import tarfile
from pathlib import Path

import pytest

from maildoctor.__main__ import main
from maildoctor.collect.inside import IN_A_BUILD, run_in

SENTENCE = "Files and commands below are the target's, not this host's. Run them in:"
PODMAN = "podman inspect --type container mail </dev/null"
DOCKER = "docker inspect --type container mail </dev/null"


@pytest.mark.parametrize(
    ("kind", "name", "commands", "where"),
    [
        ("host", "mail.example.com", (), ""),
        ("root", "/", (), ""),
        ("root", "/mnt/disk", (), "chroot /mnt/disk /bin/sh"),
        ("root", "/mnt/a b; rm x", (), "chroot '/mnt/a b; rm x' /bin/sh"),
        ("root", "image.tar (linux/amd64)", (), IN_A_BUILD),
        ("container", "pid 4711", (), "nsenter -t 4711 -a -r -w /bin/sh"),
        ("container", "mail", (PODMAN,), "podman exec -it mail /bin/sh"),
        ("container", "mail", (DOCKER,), "docker exec -it mail /bin/sh"),
        ("container", "docker:mail", (DOCKER,), "docker exec -it mail /bin/sh"),
        ("container", "mail", (PODMAN, DOCKER), "podman exec -it mail /bin/sh || docker exec -it mail /bin/sh"),
        ("container", "mail; rm x", (PODMAN,), ""),
        ("container", "-v", (PODMAN,), ""),
        ("endpoint", "mail.example.com:25", (), ""),
    ],
)
def test_the_command_that_opens_a_shell_in_the_target(
    kind: str, name: str, commands: tuple[str, ...], where: str
) -> None:
    assert run_in(kind, name, commands) == where


def faulty(top: Path) -> Path:
    (top / "etc/mail").mkdir(parents=True)
    (top / "usr/lib/sasl2").mkdir(parents=True)
    (top / "etc/mail/sendmail.cf").write_text("V10/Berkeley\nO AuthMechanisms=PLAIN LOGIN\nO DefaultAuthInfo=/etc/x\n")
    (top / "etc/mail/sendmail.cf").chmod(0o666)
    (top / "etc/sasldb2").write_bytes(b"x")
    (top / "etc/sasldb2").chmod(0o666)
    return top


def test_a_root_is_told_in_text_and_json_and_kept_by_a_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    top = faulty(tmp_path / "a root")
    where = f"chroot {shlex.quote(str(top))} /bin/sh"
    files = tmp_path / "r.json", tmp_path / "rec"
    main(["check", "--root", str(top), "-o", f"json:{files[0]}", "--record", str(files[1])])
    text = capsys.readouterr().out
    assert f"\n{SENTENCE}\n$ {where}\n" in text and text.index(where) < text.index("      run ")
    assert json.loads(files[0].read_text())["target"]["run_in"] == where
    for again in (["report", "render", str(files[0])], ["check", "--snapshot", str(files[1])]):
        main(again)
        assert f"\n{SENTENCE}\n$ {where}\n" in capsys.readouterr().out
    main(["check", "-q", "--root", str(top)])
    assert where not in capsys.readouterr().out


def test_an_image_is_built_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        archive.add(faulty(tmp_path / "top"), ".")
    main(["check", "--image", str(tmp_path / "image.tar")])
    assert f"\n{SENTENCE}\nby hand   {IN_A_BUILD[2:]}\n" in capsys.readouterr().out


def test_a_report_of_before_has_no_such_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert report["target"].pop("run_in") == ""
    (tmp_path / "r.json").write_text(json.dumps(report))
    main(["report", "render", str(tmp_path / "r.json")])
    assert SENTENCE not in capsys.readouterr().out

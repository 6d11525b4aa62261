"""Images as people run mail servers in containers: no false finding, what the start makes is told as that, and faults
are found all the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from maildoctor.__main__ import main
from maildoctor.collect import knowledge
from maildoctor.collect.startup import startup
from maildoctor.collect.system import system as collected
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.startup import Startup, bare, leaves_at_once, script_of
from maildoctor.facts.system import System
from maildoctor.host import Answer, NoAnswer
from maildoctor.host.image import Image
from maildoctor.host.rooted import Rooted
from maildoctor.model import Evidence
from maildoctor.plan.shell import rendered
from maildoctor.plan.steps import Restart, Start
from tests.container_images import (
    COMMON,
    ELSEWHERE,
    FOREGROUND,
    LAYOUTS,
    MASTER,
    MOUNTED,
    OVERLAY,
    RELAY,
    SUPERVISED,
    TEMPLATED,
    Layout,
)
from tests.image_maker import Item

Put = Mapping[str, str | bytes | Item | None]

_NOT_OF_CONTAINERS = {"MECH007"}
"""That AUTH is offered without TLS, as the small layouts without a certificate do."""

_CONF = {"opt/mta/conf/main.cf": ELSEWHERE, "opt/mta/conf/master.cf": MASTER}


def report(where: list[str], tmp_path: Path) -> tuple[int, dict[str, Any]]:
    """Exit status and report of a check."""
    status = main(["check", *where, "-o", f"json:{tmp_path / 'r.json'}", "--format", "prometheus"])
    return status, json.loads((tmp_path / "r.json").read_text())


def of_image(layout: Layout, tmp_path: Path, put: Put | None = None, **start: object) -> tuple[int, dict[str, Any]]:
    """The same of an image."""
    (tmp_path / "image.tar").write_bytes(layout.image(put, **start))
    return report(["--image", str(tmp_path / "image.tar")], tmp_path)


def codes(found: dict[str, Any]) -> set[str]:
    """What is an error or a warning in a report."""
    return {f["code"] for f in found["findings"] if f["severity"] != "info"}


def said(found: dict[str, Any]) -> str:
    """All words of a report."""
    return json.dumps(found)


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_nothing_is_wrong_with_a_healthy_image(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = of_image(LAYOUTS[name], tmp_path)
    assert codes(found) <= _NOT_OF_CONTAINERS
    assert found["verdict"]["code"] in ("ready", "not_shown")
    assert status == (0 if found["verdict"]["code"] == "ready" else 3)
    assert not [o for o in found["outcomes"] if o["outcome"] == "broke"]
    assert "never-told" not in said(found)


@pytest.mark.parametrize(
    ("layout", "verdict", "words"),
    [
        (TEMPLATED, "not_shown", "/etc/postfix/main.cf is made anew at the start by /start.py:6"),
        (MOUNTED, "not_shown", "/opt/mta/conf/main.cf, with which Postfix is started, is not in these files"),
        (RELAY, "not_shown", "smtpd_sasl_auth_enable is set at the start (/scripts/functions.sh:7)"),
        (FOREGROUND, "ready", "/etc/sasldb2 is made at the start by /entrypoint.sh:3"),
        (OVERLAY, "ready", "1 user of 3 in realm example.org"),
        (SUPERVISED, "ready", "dovecot is asked when it runs"),
    ],
)
def test_what_is_made_at_the_start_is_told_as_that(layout: Layout, verdict: str, words: str, tmp_path: Path) -> None:
    _, found = of_image(layout, tmp_path)
    assert found["verdict"]["code"] == verdict
    assert words in said(found)


def test_the_mounted_configuration_is_read_where_it_is_there(tmp_path: Path) -> None:
    status, found = of_image(MOUNTED, tmp_path, _CONF)
    assert not codes(found)
    assert "/opt/mta/conf/main.cf" in said(found) or found["verdict"]["code"] in ("ready", "not_shown")
    (rungs,) = (r["rungs"] for r in found["routes"])
    assert {r["rung"]: r["state"] for r in rungs}["verifier"] == "not_reached"
    assert status in (0, 3)


@dataclass(frozen=True)
class Fault:
    """One fault: what is changed in a layout, and the finding that must come of it."""

    layout: Layout
    code: str
    put: Put
    start: Mapping[str, object]

    def __str__(self) -> str:
        """For pytest's names."""
        name = next(n for n, x in LAYOUTS.items() if x is self.layout)
        return f"{name}-{self.code}"


_NO_MECHANISM = {f"usr/lib/x86_64-linux-gnu/sasl2/lib{n}.so": None for n in ("plain", "login", "crammd5")}

_SMTPD_CONFS = ("etc/postfix/sasl/smtpd.conf", "etc/sasl2/smtpd.conf")

FAULTS = (
    Fault(SUPERVISED, "RUN024", {"usr/bin/supervisord": None}, {}),
    Fault(SUPERVISED, "RUN023", {}, {"Cmd": ["/usr/sbin/postfix", "start"]}),
    Fault(SUPERVISED, "PERM003", {"etc/postfix/main.cf": Item("", COMMON.encode(), mode=0o666)}, {}),
    Fault(MOUNTED, "RUN024", {"entry.sh": Item("", b"#!/bin/bash\nexec \"$@\"\n", mode=0o644)}, {}),
    Fault(MOUNTED, "RUN024", {"entry.sh": "#!/bin/bash\r\nexec \"$@\"\r\n"}, {}),
    Fault(RELAY, "RUN024", {"tini": None}, {"Entrypoint": ["/scripts/start.sh"], "Cmd": []}),
    Fault(RELAY, "RUN023", {"scripts/run.sh": "#!/bin/bash\npostconf -e myhostname=$NAME\npostfix start\n"}, {}),
    Fault(TEMPLATED, "RUN024", {"start.py": None}, {"Cmd": ["/start.py"]}),
    Fault(TEMPLATED, "RUN024", {"usr/bin/python3": None}, {"Cmd": ["/start.py"]}),
    Fault(OVERLAY, "USER001", {"etc/sasldb2": None}, {}),
    Fault(OVERLAY, "RUN025", _NO_MECHANISM, {}),
    Fault(OVERLAY, "SASL002", dict.fromkeys(_SMTPD_CONFS, "pwcheck_method: x\n"), {}),
    Fault(FOREGROUND, "RUN023", {}, {"Cmd": ["postfix", "start"]}),
    Fault(FOREGROUND, "RUN024", {"entrypoint.sh": "#!/bin/bash\nexec \"$@\"\n"}, {}),
    Fault(FOREGROUND, "USER001", {"entrypoint.sh": "#!/bin/sh\nexec \"$@\"\n"}, {}),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_in_an_image(fault: Fault, tmp_path: Path) -> None:
    status, found = of_image(fault.layout, tmp_path, fault.put, **fault.start)
    assert fault.code in codes(found)
    assert status == 1
    commands = [s["command"] for f in found["findings"] for s in f["fix"]]
    assert not [c for c in commands if c.startswith(("systemctl", "service ", "rc-service", "postfix reload"))]


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_an_unpacked_image_is_judged_alike(name: str, tmp_path: Path) -> None:
    top = LAYOUTS[name].unpack(tmp_path / "top", {".dockerenv": ""})
    _, found = report(["--root", str(top)], tmp_path)
    assert {c for c in codes(found) if not c.startswith("PERM")} <= _NOT_OF_CONTAINERS
    assert found["verdict"]["code"] in ("ready", "not_shown")


def test_a_recording_of_an_image_is_judged_as_the_image(tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(FOREGROUND.image())
    main(["check", "--image", str(tmp_path / "image.tar"), "--record", str(tmp_path / "kept"), "-q"])
    assert "never-told" not in (tmp_path / "kept/host.toml").read_text()
    _, found = report(["--snapshot", str(tmp_path / "kept")], tmp_path)
    assert found["verdict"]["code"] == "ready"
    assert "is made at the start by /entrypoint.sh:3" in said(found)


def test_of_variables_only_paths_are_told(tmp_path: Path) -> None:
    variables = ["CONF=/opt/conf", "PASSWORD=never-told", "A B=/x", "N=/x y"]
    (tmp_path / "image.tar").write_bytes(SUPERVISED.image(Env=variables))
    text = Image(str(tmp_path / "image.tar")).ask("start")
    assert isinstance(text, str)
    assert "ENV CONF=/opt/conf\nENV PASSWORD\nENV N" in text and "never-told" not in text


def started(tmp_path: Path, layout: Layout) -> Startup:
    """The fact of an image."""
    (tmp_path / "image.tar").write_bytes(layout.image())
    found = startup(Image(str(tmp_path / "image.tar")), None)
    assert isinstance(found, Startup)
    return found


def test_scripts_are_followed_from_the_supervisor_to_what_they_source(tmp_path: Path) -> None:
    found = started(tmp_path, SUPERVISED)
    assert found.manager == "supervisord"
    assert [p.name for p in found.programs] == ["setup", "imap", "mta"]
    assert found.program_of("postfix") == "mta" and found.program_of("dovecot") == "imap"
    assert found.written("/etc/dovecot/userdb") == "is made at the start by /usr/local/bin/parts/users.sh:4"
    assert found.settings["myhostname"] == "/usr/local/bin/parts/names.sh:3"
    assert not found.written("/etc/postfix/main.cf")


def test_s6_and_its_scripts(tmp_path: Path) -> None:
    found = started(tmp_path, OVERLAY)
    assert found.manager == "s6" and [p.name for p in found.programs] == ["syslog"]
    assert found.written("/etc/postfix/main.cf").endswith("/etc/cont-init.d/10-drop-ins.sh:3")
    assert not found.overwritten("/etc/postfix/main.cf"), "it only adds to it"


def test_a_root_of_which_nothing_says_how_it_is_started(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    assert not isinstance(startup(Rooted(str(tmp_path)), None), Startup)


@pytest.mark.parametrize(
    ("script", "path", "absent", "there"),
    [
        ("cat > /etc/x <<EOF\na > /etc/no\nEOF\n", "/etc/x", True, True),
        ("cat > /etc/x <<EOF\na > /etc/no\nEOF\n", "/etc/no", False, False),
        ('if [ -n "$A" ]; then\n  echo a > /etc/x\nfi\n', "/etc/x", True, False),
        ("echo a >> /etc/x\n", "/etc/x", True, False),
        ("[ -f /etc/y ] && echo a > /etc/x\n", "/etc/x", True, False),
        ('F=/etc/x\necho a > "$F"\n', "/etc/x", True, True),
        ('echo a > "${F:-/etc/x}"\n', "/etc/x", True, True),
        ("cp /conf/x /etc/\n", "/etc/x", True, True),
        ("envsubst < /conf/x.tmpl > /etc/x\n", "/etc/x", True, True),
        ("echo $P | saslpasswd2 -p -c u\n", "/etc/sasldb2", True, False),
        ("saslpasswd2 -f /data/users u\n", "/data/users", True, False),
        ("postmap lmdb:/etc/x\n", "/etc/x.lmdb", True, False),
        ("newaliases\n", "/etc/aliases.db", True, False),
        ("openssl req -x509 -keyout /etc/x -out /etc/y\n", "/etc/x", True, False),
        ("echo done > /dev/null 2>&1\n", "/dev/null", True, False),
        ("# echo > /etc/x\n", "/etc/x", False, False),
        ("echo 'a -> /etc/x'\n", "/etc/x", False, False),
    ],
)
def test_what_a_line_writes(script: str, path: str, absent: bool, there: bool) -> None:
    found = Startup.parse(f'ENTRYPOINT ["/e.sh"]\n==> /e.sh <==\n#!/bin/sh\n{script}')
    assert bool(found.written(path)) is absent
    assert bool(found.overwritten(path)) is there


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("postconf -e 'smtpd_tls_cert_file = /x' \"myhostname=$H\"", {"smtpd_tls_cert_file", "myhostname"}),
        ("postconf -P submission/inet/smtpd_sasl_auth_enable=yes", {"smtpd_sasl_auth_enable"}),
        ("postconf -h smtpd_tls_cert_file", set()),
        ('sed -i "s/^smtpd_tls_cert_file.*/x/" /etc/postfix/main.cf', {"smtpd_tls_cert_file"}),
        ('echo "relayhost = $R" >> /etc/postfix/main.cf', {"relayhost"}),
        ("cat >> /etc/postfix/main.cf <<EOF\nsmtpd_sasl_type = dovecot\nEOF", {"smtpd_sasl_type"}),
    ],
)
def test_which_parameters_are_set(line: str, names: set[str]) -> None:
    assert set(Startup.parse(f"==> /e.sh <==\n#!/bin/sh\n{line}\n").settings) == names


def test_evidence_that_the_start_changes() -> None:
    text = "postconf -e smtpd_tls_cert_file=$C\nchown -R postfix /etc/ssl/mail\n"
    found = Startup.parse(f"==> /e.sh <==\n#!/bin/sh\n{text}")
    main_cf = "/etc/postfix/main.cf"
    assert found.later(Evidence(f"{main_cf}:3", "smtpd_tls_cert_file = /x")) == (
        "smtpd_tls_cert_file is set at the start (/e.sh:2)"
    )
    assert found.later(Evidence(main_cf, "no smtpd_tls_cert_file: the default applies"))
    assert not found.later(Evidence(f"{main_cf}:3", "smtpd_tls_key_file = /x"))
    assert found.later(Evidence("ls -ld /etc/ssl/mail/key.pem", "-rw------- root root /etc/ssl/mail/key.pem"))
    assert not found.later(Evidence("ls -ld /etc/x", "-rw------- root root /etc/x"))


def test_commands_behind_small_init_programs() -> None:
    assert bare(("/usr/bin/tini", "-g", "--", "env", "A=1", "gosu", "mail", "/run.sh")) == ("/run.sh",)
    assert script_of(("/bin/sh", "/start.sh", "x")) == "/start.sh"
    assert script_of(("/bin/sh", "-c", "/start.sh")) == ""
    assert leaves_at_once(Startup.parse('CMD ["gosu", "root", "postfix", "start"]')) is not None


@pytest.mark.parametrize(
    ("init", "service", "restart", "start"),
    [
        ("supervisord", "saslauthd", "supervisorctl restart sasl", "supervisorctl start sasl"),
        ("s6", "saslauthd", "s6-svc -r /run/service/sasl", "s6-svc -u /run/service/sasl"),
        ("runit", "saslauthd", "sv restart sasl", "sv start sasl"),
        ("supervisord", "postfix", "postfix reload", ""),
    ],
)
def test_services_of_a_container_are_restarted_by_its_supervisor(
    init: str, service: str, restart: str, start: str
) -> None:
    system = System.parse(f"ID=debian\ninit: {init}\nprogram saslauthd: sasl\nprogram postfix: mta")
    assert [s.command for s in rendered([Restart(service)], system)] == [restart]
    assert not start or [s.command for s in rendered([Start(service)], system)] == [start]


def test_an_image_is_built_again() -> None:
    system = System.parse("ID=debian\ninit: image")
    for service in ("postfix", "dovecot", "sendmail"):
        (step,) = rendered([Restart(service)], system)
        assert step.command == "# nothing runs in an image: build it again, and start a new container from it"


def test_a_running_container_is_told_that_the_start_undoes_a_change(tmp_path: Path) -> None:
    from maildoctor.engine import _when_started
    from maildoctor.facts.processes import Processes
    from maildoctor.model import Finding

    start = Startup.parse("==> /e.sh <==\n#!/bin/sh\npostconf -e relayhost=$R\n")
    finding = Finding(
        "X001", "x", "error", "m", "", "", evidence=(Evidence("/etc/postfix/main.cf:1", "relayhost = x"),)
    )

    class Container:
        """What is known of a container."""

        def __init__(self, runs: bool) -> None:
            self.runs = runs

        def get(self, fact: type) -> Any:
            """The start, and processes where it runs."""
            return start if fact is Startup else Processes.parse("") if self.runs else None

    (running,) = _when_started([finding], Container(True))  # type: ignore[arg-type]
    assert isinstance(running, Finding) and running.fix[-1].command.startswith("# relayhost is set at the start (/e.sh")
    (still,) = _when_started([finding], Container(False))  # type: ignore[arg-type]
    assert not isinstance(still, Finding)


@pytest.mark.parametrize(
    "character", ["/", "postconf -e a=", "sed /", "cp /a ", "> /", "$A", "${A", "if ", "open(/,", "-o /"]
)
def test_a_hostile_script_takes_no_long_time(character: str) -> None:
    import time

    body = character * (200_000 // len(character))
    before = time.process_time()
    Startup.parse(f"==> /e.sh <==\n#!/usr/bin/python\n{body}\n==> /f.sh <==\n#!/bin/sh\n{body}\n")
    assert time.process_time() - before < 5


class Running:
    """A container that runs, as far as the init system and Postfix's configuration go."""

    kind, name, commands = "container", "mail", ()

    def __init__(self, files: Mapping[str, str], start: str) -> None:
        self._files, self._start = files, start

    def ask(self, verb: str, subject: str = "") -> Answer:
        """Files, the first process, no mail program."""
        if verb == "start":
            return self._start
        if verb == "processes":
            return ""
        if verb in ("read", "look", "real") and subject in self._files:
            text = self._files[subject]
            return {"read": text, "look": f"-rwxr-xr-x root root {subject}", "real": subject}[verb]
        return NoAnswer("absent", f"{subject} does not exist")


def test_the_supervisor_of_a_running_container_and_where_its_configuration_lies() -> None:
    files = {
        "/etc/os-release": "ID=debian",
        "/usr/sbin/service": "#!/bin/sh",
        "/etc/supervisor/supervisord.conf": "[program:mta]\ncommand=/opt/run.sh\n[program:imap]\ncommand=dovecot -F\n",
        "/opt/run.sh": "#!/bin/sh\npostfix -c /opt/conf start\n",
        "/opt/conf/main.cf": COMMON,
        "/etc/postfix/main.cf": "",
        "/usr/lib/postfix/sbin/smtpd": "",
    }
    host = Running(files, 'CMD ["/usr/bin/python3", "/usr/bin/supervisord", "-c", "/etc/supervisor/supervisord.conf"]')
    (know,) = knowledge(host, lambda _: None)
    system, main_cf = know(System), know(PostfixMain)
    assert isinstance(system, System) and system.init == "supervisord" and system.programs["dovecot"] == "imap"
    assert isinstance(main_cf, PostfixMain) and main_cf.path == "/opt/conf/main.cf"
    plain = collected(Running({"/etc/os-release": "ID=alpine"}, 'CMD ["postfix", "start-fg"]'), None)  # type: ignore[arg-type]
    assert isinstance(plain, System) and plain.init == "none"


def test_what_runs_could_be_started() -> None:
    found = startup(Running({}, 'CMD ["/gone", "-x"]'), None)
    assert isinstance(found, Startup) and found.running and not found.missing
    found = startup(Running({}, 'CMD ["/usr/sbin/dovecot"]'), None)
    assert isinstance(found, Startup) and leaves_at_once(found) is None

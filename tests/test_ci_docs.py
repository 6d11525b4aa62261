"""docs/ci.md is tried: every command is taken by its parser, every file is what it says, and the steps of the workflows
are run as a runner runs them, on a broken image and on a fixed one."""

import configparser
import importlib
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import kubernetes_validate
import pytest
import yaml

from maildoctor.cli.commands import COMMANDS
from tests.authority import Authority
from tests.elf_maker import shared_object
from tests.mail_image import ACCOUNTS, Part, image
from tests.smtp_server import PASSWORD, USER, Manners, Server

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs" / "ci.md"

pytestmark = pytest.mark.skipif(not DOCS.is_file(), reason="needs a checkout")

TEXT = DOCS.read_text(encoding="utf-8") if DOCS.is_file() else ""
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.M | re.S)
INLINE = [span.strip() for span in re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", TEXT, flags=re.M | re.S))]
YAML = {m[1]: text for kind, text in BLOCKS if kind == "yaml" and (m := re.match(r"# (\S+)\n", text))}


# ---- commands


def commands(text: str) -> Iterator[list[str]]:
    """The words after `maildoctor` of each command in it, as a shell or a list of YAML or JSON has them."""
    for line in text.splitlines():
        plain = line if re.match(r"\s*(- )?(name|id):", line) is None else ""
        try:
            words = shlex.split(re.sub(r"[][]|,(?=\s|$)", " ", plain), comments=True)
        except ValueError:  # an apostrophe in prose
            words = plain.split()
        for number, word in enumerate(words[:-1]):
            ours = re.search(r"(^|/|:)maildoctor(\.pyz)?$", word) is not None
            if ours and words[number + 1] in COMMANDS:
                rest = words[number + 1 :]
                stop = next((n for n, w in enumerate(rest) if w in ("|", "||", "&&", ";", ">", "2>&1")), len(rest))
                yield rest[:stop]


ALL = [words for _, block in BLOCKS for words in commands(block)] + [w for span in INLINE for w in commands(span)]


def test_there_are_commands_to_try() -> None:
    assert len(ALL) >= 25
    assert {words[0] for words in ALL} >= {"check", "probe", "healthcheck", "triage", "report"}


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_is_understood(words: list[str]) -> None:
    parser = importlib.import_module(f"maildoctor.cli.{words[0]}").parser()
    parser.parse_args(words[1:])  # raises UsageError


def test_a_command_that_is_not_understood_would_be_noticed() -> None:
    from maildoctor.cli.report_error import UsageError

    (words,) = commands("test: [CMD, maildoctor, healthcheck, --usr, monitor]")
    with pytest.raises(UsageError):
        importlib.import_module("maildoctor.cli.healthcheck").parser().parse_args(words[1:])


def test_every_option_in_the_prose_exists() -> None:
    parsers = [importlib.import_module(f"maildoctor.cli.{name}").parser() for name in COMMANDS]
    known = {flag for parser in parsers for action in parser._actions for flag in action.option_strings}
    named = {span.split()[0] for span in INLINE if span.startswith("--")}
    assert named and named <= known


def test_every_status_is_told() -> None:
    rows = [line.split("|")[1].strip() for line in TEXT.splitlines() if re.match(r"\| \d", line)]
    assert rows == ["0", "1", "2", "3"]


# ---- files


@pytest.mark.parametrize("name", YAML)
def test_yaml_is_yaml(name: str) -> None:
    assert isinstance(yaml.safe_load(YAML[name]), dict)


def test_every_block_of_yaml_has_a_name() -> None:
    assert len(YAML) == sum(kind == "yaml" for kind, _ in BLOCKS) >= 6


def test_units_of_systemd() -> None:
    units = [text for kind, text in BLOCKS if kind == "ini"]
    for text in units:
        unit = configparser.ConfigParser(interpolation=None)
        unit.read_string(text)
        assert unit.sections()[0] == "Unit"
    assert len(units) == 2


def test_the_dockerfile() -> None:
    (text,) = (text for kind, text in BLOCKS if kind == "dockerfile")
    (command,) = re.findall(r"^HEALTHCHECK .* CMD (.*)$", text, re.M)
    assert json.loads(command)[:2] == ["maildoctor", "healthcheck"]


def test_the_containerfile_copies_all_that_is_installed() -> None:
    """And what it copies is not kept from it by .dockerignore."""
    build = (ROOT / "Containerfile").read_text().partition("\nFROM ${BASE}\n")[0]
    copied = {word for line in re.findall(r"^COPY (.*) \S+$", build, re.M) for word in line.split()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    build_tool = project["tool"]["setuptools"]
    outside = [*build_tool["script-files"], *(path for paths in build_tool["data-files"].values() for path in paths)]
    homes = {str(path).split("/")[0] for path in (*build_tool["package-dir"].values(), *outside)}
    assert copied == homes | {"maildoctor", "pyproject.toml", "setup.py", project["project"]["readme"], "LICENSE"}
    assert all((ROOT / name).exists() for name in copied)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    assert let_in == copied


def test_kubelet_waits_longer_than_the_healthcheck() -> None:
    (container,) = yaml.safe_load(YAML["mail.yaml"])["spec"]["template"]["spec"]["containers"]
    probes = [value for key, value in container.items() if key.endswith("Probe")]
    assert len(probes) == 3
    assert all(probe["timeoutSeconds"] > 1.8 for probe in probes)
    assert "--user" not in container["livenessProbe"]["exec"]["command"], "a wrong password must not restart it"


# ---- a runner


@dataclass
class Runner:
    """What GitHub's runner does with the `run:` steps of one job, in `folder`, where the checkout is."""

    folder: Path
    port: int = 587
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.temp = self.folder / "temp"
        self.bin = self.folder / "bin"
        for made in (self.temp, self.bin, self.folder / "tools"):
            made.mkdir()
        for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"):
            (self.temp / name).touch()
            self.environment[name] = str(self.temp / name)
        self.environment |= {"RUNNER_TEMP": str(self.temp), "HOME": str(self.temp), "GITHUB_ACTIONS": "true"}
        program = (
            f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m maildoctor "$@"\n'
        )
        self.script(self.folder / "tools" / "maildoctor.pyz", program)
        # no package is fetched here, and the .pyz of these tests is a script, not for Python
        python = '#!/bin/sh\n[ "$1" = -m ] && exit 0\nexec "$@"\n'
        self.script(self.bin / "python3", python)
        # no engine either: the image is there already
        docker = '#!/bin/sh\n[ "$1" != logs ] || echo "Jan  2 03:04:05 mail sm-mta[42]: starting daemon"\n'
        self.script(self.bin / "docker", docker)

    def script(self, path: Path, text: str) -> None:
        """An executable file."""
        path.write_text(text)
        path.chmod(0o755)

    def path(self) -> str:
        """PATH as the steps before have made it."""
        added = (self.temp / "GITHUB_PATH").read_text().split()
        return os.pathsep.join([*reversed(added), str(self.bin), os.environ["PATH"]])

    def run(self, step: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        """One `run:` step, by bash -eo pipefail."""
        text = str(step["run"]).replace(":587", f":{self.port}")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAILDOCTOR_", "GITHUB_"))}
        own = {k: PASSWORD if "secrets." in v else str(v) for k, v in step.get("env", {}).items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
            capture_output=True, text=True, timeout=120, cwd=self.folder,
            env=kept | self.environment | own | {"PATH": self.path(), "LC_ALL": "C.UTF-8"},
        )  # fmt: skip

    def job(self, steps: list[Mapping[str, Any]]) -> dict[str, subprocess.CompletedProcess[str]]:
        """All steps that are run, by name or id; after a failure those that ask for one, `if: failure() && ...`."""
        done: dict[str, subprocess.CompletedProcess[str]] = {}
        went: dict[str, bool] = {}
        for step in steps:
            condition = str(step.get("if", "success()"))
            wanted = all(went.get(name, False) for name in re.findall(r"steps\.(\w+)\.outcome == 'success'", condition))
            if "run" not in step or not wanted or ("failure()" in condition) is all(went.values()):
                continue
            name = str(step.get("id") or step["name"])
            done[name] = self.run(step)
            went[name] = done[name].returncode == 0
        return done


def steps(name: str) -> list[Mapping[str, Any]]:
    """Of the one job of a workflow."""
    (job,) = yaml.safe_load(YAML[name])["jobs"].values()
    return list(job["steps"])


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A new one."""
    home = tmp_path / "checkout"
    home.mkdir()
    return Runner(home)


def checked(runner: Runner, archive: bytes, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit status of `check --image` and its report."""
    (runner.folder / "mail.tar").write_bytes(archive)
    done = runner.run({"run": f"python3 tools/maildoctor.pyz check --image mail.tar --format json {' '.join(words)}"})
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
def test_a_complete_image_is_ready(runner: Runner) -> None:
    status, report = checked(runner, image())
    assert (status, report["verdict"]["code"], report["findings"]) == (0, "ready", [])
    (route,) = report["routes"]
    states = {step["rung"]: step["state"] for step in route["rungs"]}
    assert {rung for rung, state in states.items() if state == "not_reached"} == {"program", "listener"}
    holding = {rung for rung, state in states.items() if state == "holds"}
    assert holding == {"tls", "mechanism", "offer", "verifier", "account", "policy"}
    assert checked(runner, image(), "--allow-unknown")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("part", get_args(Part))
def test_an_image_that_lacks_a_part_is_not_ready(part: Part, runner: Runner) -> None:
    """Neither by its verdict nor by its exit status, and what it lacks is named."""
    status, report = checked(runner, image(without=(part,)))
    assert report["verdict"]["code"] in ("broken", "partly", "not_shown", "nothing_to_judge")
    assert status == (3 if part == "program" else 1)
    if part != "program":
        assert MISSED[part] in [f["code"] for f in report["findings"] if f["severity"] == "error"]


MISSED = {
    "users": "USER001",
    "certificate": "TLS001",
    "key": "TLS001",
    "plug-ins": "LINK005",
    "realm": "USER005",
    "sasl-conf": "MECH003",
}
"""The check that tells what is missing; without Sendmail.conf the mechanisms that users have are left out by the cf."""


ASKS_SASLAUTHD = {"etc/sasl2/Sendmail.conf": b"pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"}
HAS_SASLAUTHD = {
    "usr/sbin/saslauthd": shared_object(),
    "etc/default/saslauthd": b'START=yes\nMECHANISMS="shadow"\nOPTIONS="-c -m /var/run/saslauthd"\n',
    "etc/shadow": b"root:*:19000:0:99999:7:::\nalice:$6$ab$" + b"x" * 86 + b":19000:0:99999:7:::\n",
    "etc/passwd": ACCOUNTS + b"alice:x:1000:1000::/home/alice:/bin/sh\n",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("put", "ready"),
    [
        (ASKS_SASLAUTHD, False),  # nobody can be asked
        (ASKS_SASLAUTHD | HAS_SASLAUTHD, True),  # whom it lets in, only it can tell
        ({"etc/mail/sendmail.cf": b"V10/Berkeley\nDZ8.17.1\nO AuthMechanisms=GSSAPI\n"}, False),
    ],
    ids=["no saslauthd", "saslauthd", "GSSAPI without a keytab"],
)
def test_who_knows_the_passwords_in_an_image(put: dict[str, bytes], ready: bool, runner: Runner) -> None:
    status, report = checked(runner, image(put=put, without=["users"]))
    assert (report["verdict"]["code"] == "ready") is ready, report["findings"]
    assert (status == 0) is ready


@pytest.mark.slow
def test_an_image_of_files_alone_passes_no_gate(runner: Runner) -> None:
    """A configuration without the program that reads it is no mail server."""
    status, report = checked(runner, image(without=["program"]), "--allow-unknown")
    assert (status, report["verdict"]["code"]) == (3, "nothing_to_judge")


@pytest.mark.slow
def test_the_workflow_passes_a_fixed_image(runner: Runner) -> None:
    (runner.folder / "mail.tar").write_bytes(image(0o755))
    authority = runner.folder.parent / "authority"
    authority.mkdir()
    with Server(Manners(auth=("CRAM-MD5",), tls=Authority(authority).context())) as server:
        runner.port = server.port
        done = runner.job(steps(".github/workflows/mail.yml"))
    assert {name: one.returncode for name, one in done.items() if one.returncode} == {}, done
    assert list(done)[-1] == "Log in"
    assert "login by CRAM-MD5" in done["Log in"].stdout and PASSWORD not in str(done)
    assert "::error" not in done["Check the image"].stdout
    assert USER in TEXT


def test_the_workflow_stops_a_broken_image(runner: Runner) -> None:
    (runner.folder / "mail.tar").write_bytes(image(0o2775))
    done = runner.job(steps(".github/workflows/mail.yml"))
    checked = done["Check the image"]
    assert checked.returncode == 1, checked
    assert list(done)[-1] == "Check the image", "nothing is started after it"
    assert re.search(r"^::error .*title=PERM001", checked.stdout, re.M)
    assert "PERM001" in (runner.temp / "GITHUB_STEP_SUMMARY").read_text()
    sarif = json.loads((runner.folder / "maildoctor.sarif").read_text())
    assert sarif["runs"][0]["results"][0]["ruleId"] == "PERM001"


@pytest.mark.slow
def test_the_workflow_notices_a_wrong_password(runner: Runner) -> None:
    (runner.folder / "mail.tar").write_bytes(image(0o755))
    with Server(Manners(auth=("CRAM-MD5",), password="another")) as server:  # noqa: S106
        runner.port = server.port
        done = runner.job(steps(".github/workflows/mail.yml"))
    assert done["Log in"].returncode == 1
    assert "not ok" in done["Log in"].stdout
    assert done["Read its log"].returncode == 0, "its log is read"


@pytest.mark.parametrize(("mode", "status"), [(0o755, "0"), (0o2775, "1")])
def test_a_step_hands_on_its_verdict(mode: int, status: str, runner: Runner) -> None:
    (runner.folder / "mail.tar").write_bytes(image(mode))
    first, last = (step for step in steps(".github/workflows/mail-verdict.yml") if "run" in step)
    one = runner.run(first)
    assert one.returncode == 0, one
    assert (runner.temp / "GITHUB_OUTPUT").read_text() == f"status={status}\n"
    stops = status in re.findall(r"outputs\.status == '(\d)'", last["if"])
    assert stops is (mode == 0o2775)


@pytest.mark.parametrize(("mode", "status"), [(0o755, 0), (0o2775, 1)])
def test_the_job_of_gitlab(mode: int, status: int, runner: Runner) -> None:
    (runner.folder / "mail.tar").write_bytes(image(mode))
    job = yaml.safe_load(YAML[".gitlab-ci.yml"])["check"]
    done = [runner.run({"run": line}) for line in job["script"]]
    assert done[-1].returncode == status, done
    assert (status in (0, *job["allow_failure"]["exit_codes"])) is (mode == 0o755)
    assert "<testsuite " in (runner.folder / job["artifacts"]["reports"]["junit"]).read_text()


@pytest.mark.parametrize(("replies", "status"), [({}, 0), ({"STARTTLS": b"454 4.3.3 TLS not available\r\n"}, 1)])
def test_the_smoke_test_of_gitlab(replies: dict[str, bytes], status: int, runner: Runner) -> None:
    job = yaml.safe_load(YAML[".gitlab-ci.yml"])["smoke"]
    with Server(Manners(auth=("CRAM-MD5",), extensions=tuple(replies), replies=replies)) as server:
        runner.port = server.port
        (line,) = (line.replace("mail:", "127.0.0.1:") for line in job["script"])
        done = runner.run({"run": line})
    assert done.returncode == status, done


@pytest.mark.parametrize(("name", "kind"), [("maildoctor-logs.yaml", "Job"), ("maildoctor-probe.yaml", "CronJob")])
def test_what_kubernetes_runs_now_and_then_is_a_command(name: str, kind: str) -> None:
    manifest = yaml.safe_load(YAML[name])
    assert (manifest["apiVersion"], manifest["kind"]) == ("batch/v1", kind)
    job = manifest["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else manifest["spec"]
    (container,) = job["template"]["spec"]["containers"]
    command, *words = container["args"]
    importlib.import_module(f"maildoctor.cli.{command}").parser().parse_args(words)
    assert container["securityContext"]["runAsNonRoot"] is True


MANIFESTS = {
    name: document
    for name, text in YAML.items()
    for document in yaml.safe_load_all(text)
    if isinstance(document, dict) and "apiVersion" in document
}
RELEASES = ("1.31", kubernetes_validate.latest_version())
"""The schemas of Kubernetes that the manifests are held against: since 1.31 podFailurePolicy is there for good."""


def test_there_are_manifests() -> None:
    assert sorted(document["kind"] for document in MANIFESTS.values()) == ["CronJob", "Deployment", "Job"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", MANIFESTS)
def test_kubernetes_takes_a_manifest(name: str, release: str) -> None:
    """By its schema, in which nothing may stand that it does not name; and by what the API server asks besides."""
    document = MANIFESTS[name]
    kubernetes_validate.validate(document, release, strict=True)
    spec = document["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if document["kind"] == "CronJob" else spec["template"]
    labels = template.get("metadata", {}).get("labels", {})
    assert spec.get("selector", {}).get("matchLabels", {}).items() <= labels.items()
    pod = template["spec"]
    mounted = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts", [])}
    assert mounted == {volume["name"] for volume in pod.get("volumes", [])}
    if document["kind"] != "Deployment":
        assert pod["restartPolicy"] == "Never", "podFailurePolicy and backoffLimit 0 ask for it"


@pytest.mark.parametrize(
    "wrong",
    [
        ("backoffLimit: 2", "backofLimit: 2"),
        ("backoffLimit: 2", "backoffLimit: two"),
        ("memory: 512Mi", "memory: [512Mi]"),
        ("    spec:\n      restart", "    specs:\n      restart"),
    ],
    ids=["name", "type", "list", "place"],
)
def test_a_mistake_in_a_manifest_would_be_noticed(wrong: tuple[str, str]) -> None:
    text = YAML["maildoctor-logs.yaml"]
    assert wrong[0] in text
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(yaml.safe_load(text.replace(*wrong)), RELEASES[0], strict=True)


@pytest.mark.parametrize(("line", "status"), [("", 0), ("O QueueDirectory=/nowhere\n", 1)])
def test_the_hook_before_a_commit(line: str, status: int, runner: Runner) -> None:
    mail = runner.folder / "rootfs/etc/mail"
    mail.mkdir(parents=True)
    mail.chmod(0o775)
    (mail / "sendmail.cf").write_text(
        f"V10/Berkeley\n{line}O AuthOptions=A,p\nO AuthMechanisms=PLAIN LOGIN\n"
        "C{TrustAuthMech}PLAIN LOGIN\nDZ8.17.1\n"
    )
    (hook,) = yaml.safe_load(YAML[".pre-commit-config.yaml"])["repos"][0]["hooks"]
    done = subprocess.run(  # without a shell, as pre-commit does it
        shlex.split(hook["entry"]), capture_output=True, text=True, cwd=runner.folder,
        env={**os.environ, "PATH": runner.path()},
    )  # fmt: skip
    assert done.returncode == status, done

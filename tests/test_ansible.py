"""The Ansible collection: what it says of itself is true, and its action judges this machine."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
COLLECTION = ROOT / "ansible"
ACTION = COLLECTION / "plugins/action/maildoctor_check.py"
MODULE = COLLECTION / "plugins/modules/maildoctor_check.py"

PLAYBOOK = shutil.which("ansible-playbook")

pytestmark = pytest.mark.skipif(not COLLECTION.is_dir(), reason="needs a checkout")
yaml = pytest.importorskip("yaml")


def _constants(path: Path) -> dict[str, ast.expr]:
    """What is assigned to names at the top of a file."""
    tree = ast.parse(path.read_text())
    pairs = [(n.targets[0], n.value) for n in tree.body if isinstance(n, ast.Assign) and len(n.targets) == 1]
    return {target.id: value for target, value in pairs if isinstance(target, ast.Name)}


def _documented(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(ast.literal_eval(_constants(MODULE)[name]))
    return found


def _accepted() -> dict[str, dict[str, Any]]:
    """The argument specification in the action, VERDICTS put in its place."""
    verdicts = [*ast.literal_eval(_constants(ACTION)["VERDICTS"])]
    calls = [n for n in ast.walk(ast.parse(ACTION.read_text())) if isinstance(n, ast.Call)]
    spec = next(c.args[0] for c in calls if isinstance(c.func, ast.Attribute) and "argument_spec" in c.func.attr)
    text = ast.unparse(spec).replace("list(VERDICTS)", repr(verdicts))
    found: dict[str, dict[str, Any]] = ast.literal_eval(text)
    return found


def test_the_collection_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["version"] == project["version"]


@pytest.mark.parametrize("path", sorted(COLLECTION.rglob("*.yml")), ids=lambda p: str(p.relative_to(COLLECTION)))
def test_its_files_are_yaml(path: Path) -> None:
    assert yaml.safe_load(path.read_text())


def test_options_are_those_that_are_documented() -> None:
    documented = _documented("DOCUMENTATION")["options"]
    accepted = _accepted()
    kept = ("type", "required", "default", "elements")
    assert {name: {k: o.get(k) for k in kept} for name, o in documented.items()} == {
        name: {k: o.get(k) for k in kept} for name, o in accepted.items()
    }
    assert documented["command"]["choices"] == accepted["command"]["choices"]
    assert all(
        f"V({verdict})" in str(documented["fail_on"]["description"]) for verdict in accepted["fail_on"]["choices"]
    )


def test_verdicts_are_those_of_the_report() -> None:
    schema = json.loads((ROOT / "maildoctor/report.schema.json").read_text())
    text = json.dumps(schema)
    assert all(f'"{verdict}"' in text for verdict in ast.literal_eval(_constants(ACTION)["VERDICTS"]))


def test_variables_of_the_role_are_those_it_declares() -> None:
    role = COLLECTION / "roles/maildoctor"
    defaults = yaml.safe_load((role / "defaults/main.yml").read_text())
    declared = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in declared.items() if "default" in option} == defaults


@pytest.mark.slow
@pytest.mark.skipif(PLAYBOOK is None, reason="needs ansible-core, which is in no extra: pip install ansible-core")
@pytest.mark.parametrize("python", [True, False], ids=["on the host", "by a recording"])
def test_a_play_judges_a_host_and_changes_nothing(tmp_path: Path, python: bool) -> None:
    collection = tmp_path / "ansible_collections/maildoctor/maildoctor"
    shutil.copytree(COLLECTION, collection)
    if not python:  # as where there is none
        action = collection / ACTION.relative_to(COLLECTION)
        action.write_text(re.sub(r"version_info < \(3, 11\)", "version_info < (99,)", action.read_text()))
    zipapp = tmp_path / "maildoctor.pyz"
    subprocess.run([sys.executable, "-m", "release.pyz", zipapp], cwd=ROOT, check=True, capture_output=True)
    play = tmp_path / "site.yml"
    play.write_text(
        "- hosts: all\n  gather_facts: false\n  roles:\n    - role: maildoctor.maildoctor.maildoctor\n"
        f"      vars: {{maildoctor_zipapp: {zipapp}}}\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    assert PLAYBOOK is not None
    done = subprocess.run(
        [PLAYBOOK, "-i", "mx1.example.com,", "-c", "local", "-e", "ansible_become=false", play],
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(tmp_path), HOME=str(home), ANSIBLE_NOCOLOR="1"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "changed=0" in done.stdout and "failed=0" in done.stdout, done.stdout
    report = json.loads((tmp_path / "reports/mx1.example.com.json").read_text())
    assert report["target"]["name"] == "mx1.example.com"
    assert report["verdict"]["code"]
    assert not list(home.glob(".ansible/tmp/*"))


LIES = {
    "no text": "",
    "no JSON": "Users can log in.",
    "a list": "[]",
    "depth without end": "[' * 100000 + '",
    "no target": '{"verdict": {"code": "works"}, "findings": [], "target": null}',
    "a verdict that is none": '{"verdict": ["works"], "findings": [], "target": {}}',
    "findings that are none": '{"verdict": null, "findings": [7], "target": {}}',
}
"""What a host may say in place of a report."""


@pytest.mark.slow
@pytest.mark.skipif(PLAYBOOK is None, reason="needs ansible-core, which is in no extra: pip install ansible-core")
@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_report_fails_one_host(tmp_path: Path, lie: str) -> None:
    shutil.copytree(COLLECTION, tmp_path / "ansible_collections/maildoctor/maildoctor")
    (tmp_path / "zipapp").write_text(f"print('{LIES[lie]}')\n")
    play = tmp_path / "site.yml"
    play.write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        f"    - maildoctor.maildoctor.maildoctor_check: {{zipapp: {tmp_path}/zipapp, dest: {tmp_path}/report}}\n"
    )
    assert PLAYBOOK is not None
    done = subprocess.run(
        [PLAYBOOK, "-i", "mx1.example.com,", "-c", "local", play],
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(tmp_path), HOME=str(tmp_path), ANSIBLE_NOCOLOR="1"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "maildoctor gave no report (exit status 0)" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "report").exists()

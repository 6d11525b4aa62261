# Copyright: the maildoctor authors
# MIT License (see LICENSE)
"""Runs the one-file maildoctor on a host, or where there is no Python for it judges a recording on the controller."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import zipfile

from ansible.errors import AnsibleActionFail

from ansible.plugins.action import ActionBase

RECORDER = "maildoctor/host/recorder.sh"
"""In the one-file maildoctor: the shell script that records a host."""

PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")
FIND = (
    f"for p in {' '.join(PYTHONS)} /usr/libexec/platform-python; do "
    '"$p" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && echo "$p" && break; done; true'
)
"""Prints the first Python that is new enough; nothing where there is none."""

VERDICTS = ("works", "ready", "partly", "broken", "not_shown", "nothing_to_judge")


class ActionModule(ActionBase):
    """Only reads, so check mode is as any other, but for the report's file."""

    TRANSFERS_FILES = True  # run() of the base makes the temporary folder
    _supports_check_mode = True
    _VALID_ARGS = frozenset(("zipapp", "command", "arguments", "password", "dest", "fail_on"))

    def run(self, tmp=None, task_vars=None):
        """The result that Ansible shows; its keys are those of RETURN."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(
            {
                "zipapp": {"type": "path", "required": True},
                "command": {"type": "str", "choices": ["check", "probe", "triage"], "default": "check"},
                "arguments": {"type": "list", "elements": "str", "default": []},
                "password": {"type": "str", "no_log": True},
                "dest": {"type": "path"},
                "fail_on": {"type": "list", "elements": "str", "choices": list(VERDICTS), "default": []},
            }
        )[1]
        zipapp = self._find_needle("files", options["zipapp"])
        words = [options["command"], "--json", *options["arguments"]]
        if options["password"] is not None and options["command"] != "probe":
            raise AnsibleActionFail(f"{options['command']} takes no password: only probe logs in")
        try:
            python = self._said(FIND)["stdout"].strip().splitlines()
            if python:
                status, text, errors = self._on_host(python[-1], zipapp, words, options["password"])
            elif options["command"] == "check":
                status, text, errors = self._recorded(zipapp, words)
            else:
                raise AnsibleActionFail(f"this host has no Python 3.11, and {options['command']} needs one")
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        result.update(_result(status, text, errors), changed=False, way="host" if python else "recording")
        # the inventory's name, by which a list of hosts calls it, not that of uname, nor that of its log
        result["report"]["target"]["name"] = task_vars["inventory_hostname"]
        if options["dest"] and not self._task.check_mode:
            _write(options["dest"], json.dumps(result["report"], indent=2) + "\n")
        if result["verdict"] in options["fail_on"]:
            result.update(failed=True, msg=result["sentence"])
        return result

    def _said(self, command):
        """What a command says, without a terminal: on one, reports and remarks about progress would be one text."""
        given = b"\n" if self._connection.has_pipelining else None
        return self._low_level_execute_command(f"{command} </dev/null", in_data=given)

    def _on_host(self, python, zipapp, words, password):
        remote = self._remote("maildoctor.pyz")
        self._transfer_file(zipapp, remote)
        sent = [self._connection._shell.tmpdir, remote]
        if password is not None:  # in a file, for command lines are seen by all users of a host
            secret = self._remote("password")
            self._transfer_data(secret, password)
            sent.append(secret)
            words = [*words, "--password-file", secret]
        self._fixup_perms2(sent, execute=False)
        done = self._said(shlex.join([python, remote, *words]))
        return done["rc"], done["stdout"], done["stderr"]

    def _remote(self, name):
        return self._connection._shell.join_path(self._connection._shell.tmpdir, name)

    def _recorded(self, zipapp, words):
        """The script comes out of the same file, so that both know the same questions."""
        with zipfile.ZipFile(zipapp) as archive:
            try:
                script = archive.read(RECORDER)
            except KeyError:
                raise AnsibleActionFail(f"{zipapp} has no {RECORDER}: build it again") from None
        remote = self._remote("recorder.sh")
        with tempfile.TemporaryDirectory() as folder:
            local = os.path.join(folder, "recorder.sh")
            with open(local, "wb") as file:
                file.write(script)
            self._transfer_file(local, remote)
            self._fixup_perms2([self._connection._shell.tmpdir, remote], execute=False)
            done = self._said(shlex.join(["sh", remote]))
            if done["rc"]:
                raise AnsibleActionFail(f"the host could not be recorded: {done['stderr']}")
            with open(os.path.join(folder, "host.toml"), "w", encoding="utf-8") as file:
                file.write(done["stdout"])
            command = [sys.executable, zipapp, *words, "--snapshot", folder]
            judged = subprocess.run(command, capture_output=True, text=True, check=False)
        return judged.returncode, judged.stdout, judged.stderr


def _result(status, text, errors):
    """What a report comes to. A report of maildoctor itself is JSON whatever was found."""
    try:
        report = json.loads(text)
        verdict = dict(report["verdict"] or {})
        causes = [str(one["code"]) for one in report["findings"] if one["explained_by"] is None]
        causes = list(dict.fromkeys(causes))
        if not isinstance(report["target"], dict):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        said = (errors or text).strip()[:2000]
        raise AnsibleActionFail(f"maildoctor gave no report (exit status {status}): {said}") from None
    return {
        "report": report,
        "verdict": verdict.get("code", ""),
        "sentence": verdict.get("sentence", ""),
        "status": status,
        "causes": causes,
    }


def _write(path, text):
    """In one move, readable by its owner alone: a report says where a host is weak."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
        draft, name = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(draft, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise
    except OSError as error:
        raise AnsibleActionFail(f"the report cannot be written to {path}: {error.strerror}") from None

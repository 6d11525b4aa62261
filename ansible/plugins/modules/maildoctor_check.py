# Copyright: the maildoctor authors
# MIT License (see LICENSE)
"""Documentation of the action of this name: nothing runs as a module, so a host needs no Python for Ansible."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: maildoctor_check
short_description: Say whether users can log in on a mail server, and what is wrong
description:
  - Sends the one-file maildoctor to the host, runs it there, and returns its JSON report. Nothing is installed, nothing
    of the host is changed, and the file is removed afterwards.
  - Where the host has no Python 3.11 or newer, a POSIX shell script records what can be told from without, secrets
    struck out, and the recording is judged on the controller. What it cannot see is not judged.
version_added: "0.1.0"
author:
  - The maildoctor authors (@maildoctor)
options:
  zipapp:
    description: The one-file maildoctor on the controller, as C(make zipapp) builds it.
    type: path
    required: true
  command:
    description: What is run.
    type: str
    choices: [check, probe, triage]
    default: check
  arguments:
    description: Further words of the command, as C(--since 1d) of triage or the hosts of probe.
    type: list
    elements: str
    default: []
  password:
    description:
      - The password of a login by O(command=probe), whose user is in O(arguments). It lies in a file of the host while
        that is run, and never on a command line.
    type: str
  dest:
    description: A file on the controller that the report is written to as well. It is left alone in check mode.
    type: path
  fail_on:
    description:
      - Verdicts that make the task fail. Verdicts are V(works), V(ready), V(partly), V(broken), V(not_shown) and
        V(nothing_to_judge).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: It only looks, in check mode and without.
  diff_mode:
    support: none
    description: Nothing is changed.
  platform:
    support: full
    platforms: posix
    description: Where maildoctor runs.
notes:
  - Run it with C(become), since most of what is to be looked at is for root alone.
"""

EXAMPLES = r"""
- name: Whether users can log in
  maildoctor.maildoctor.maildoctor_check:
    zipapp: dist/maildoctor.pyz
    dest: "reports/{{ inventory_hostname }}.json"
  become: true
  register: login

- name: What the logs of a day say
  maildoctor.maildoctor.maildoctor_check:
    zipapp: dist/maildoctor.pyz
    command: triage
    arguments: [--since, 1d, /var/log/mail.log]
  become: true

- name: A login by every mechanism
  maildoctor.maildoctor.maildoctor_check:
    zipapp: dist/maildoctor.pyz
    command: probe
    arguments: [--user, monitor, "localhost:587"]
    password: "{{ monitor_password }}"
"""

RETURN = r"""
report:
  description: The report, as in report.schema.json of maildoctor. A host is called what the inventory calls it.
  returned: always
  type: dict
verdict:
  description: Whether users can log in.
  returned: always
  type: str
  sample: works
sentence:
  description: The verdict in a sentence.
  returned: always
  type: str
  sample: "Users can log in: 12 logins went well since the mail server was started."
status:
  description: The exit status of maildoctor.
  returned: always
  type: int
  sample: 0
causes:
  description: Codes of the causes, the most severe first.
  returned: always
  type: list
  elements: str
  sample: [LINK001]
way:
  description: V(host) where maildoctor ran there, V(recording) where a recording was judged on the controller.
  returned: always
  type: str
  sample: host
"""

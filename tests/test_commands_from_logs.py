"""Fields of a log line, which a stranger chooses, in the commands that are printed to be pasted."""

import io
import re
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.model import Step
from maildoctor.triage.builtin import builtin
from maildoctor.triage.commands import FILES, FOLDERS, complaint, reads, step
from maildoctor.triage.engine import Finds
from maildoctor.triage.judge import judge
from maildoctor.triage.rules import Rule, load, rule_files
from maildoctor.triage.scan import Scan
from maildoctor.triage.validation import problems

HOSTILE = [
    "$(touch${IFS}x)",
    "`id`",
    "a'b",
    'a"b',
    "a;b",
    "a b",
    "x)(uid=*",
    "-rf",
    "../../etc/passwd",
    "a|b",
    "a\\b",
    "~bob",
]
NOT_OURS = [
    "/etc/passwd", "/etc/shadow", "/etc/gshadow", "/etc/group", "/etc/sudoers", "/etc/sudoers.d/x", "/root/.ssh/x",
    "/home/eve/x", "/home/eve/etc/mail/x", "/dev/sda", "/proc/1/mem", "/boot/x",
    "/tmp/x", "/var/tmp/x", "/dev/shm/x",  # noqa: S108
    "/etc/mail/../shadow", "/etc/mailx/y", "/etc/mail", "//etc/shadow", "/etc//shadow", "/usr/lib/a/b/sasl2/x",
    "/var/spool/cron/crontabs/eve", "/var/spool/mail/eve", "hash:/etc/shadow", "mysql:/home/eve/x.cf", "shadow",
    "etc/shadow", "/", "/usr/lib/libc.so.6", "/run/user/1000/x",
]  # fmt: skip
OURS = [
    "/etc/mail/authinfo", "/etc/postfix/sasl/smtpd.conf", "/etc/dovecot/users", "/usr/lib/x86_64-linux-gnu/sasl2/x.so",
    "/etc/sasldb2", "/var/spool/postfix/private/auth", "/var/run/saslauthd/mux", "/var/spool/mqueue/",
]  # fmt: skip
RULES = load(rule_files())
COMMANDS = sorted({command for rule in RULES for cause in rule.causes for command in cause.commands})
FIELD = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
FORGED = """\
Nov 30 09:00:01 mail postfix/postfix-script[99]: warning: /etc/passwd and /home/eve/passwd differ
Nov 30 09:00:02 mail sm-mta[100]: /etc/shadow: WARNING: dangerous write permissions
Nov 30 09:00:03 m postfix/smtpd[101]: warning: hash:/etc/x is unavailable. open database /etc/shadow: Permission denied
Nov 30 09:00:04 mail sm-mta[102]: unable to dlopen /home/eve/l.so: /home/eve/l.so: undefined symbol: des_ecb_encrypt
Nov 30 09:00:05 mail dovecot: auth: Error: passwd-file /etc/dovecot/users:open(/etc/shadow) failed: Permission denied
"""  # fmt: skip


@given(st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=40)))
def test_what_a_shell_could_take_for_more_than_a_word_stands_in_no_command(value: str) -> None:
    kept = step("cat {user}", {"user": value}).command.removeprefix("cat ")
    assert re.fullmatch(r"[A-Za-z0-9_./@][A-Za-z0-9_./@:+,=-]*", kept) and ".." not in kept.split("/")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_every_rule_stays_one_command(command: str) -> None:
    for value in HOSTILE:
        assert value not in step(command, dict.fromkeys(FIELD.findall(command), value)).command or value in command


@pytest.mark.parametrize("command", [command for command in COMMANDS if FIELD.search(command) and not reads(command)])
def test_no_command_that_writes_is_given_a_path_that_a_log_chose(command: str) -> None:
    names = FIELD.findall(command)
    for value in NOT_OURS:
        done = step(command, dict.fromkeys(names, value))
        assert done.safety == "risky"
        if "/" in value or command.startswith(("chg", "chm", "cho", "touch", "install", "postmap", "restorecon")):
            assert value not in done.command.split() or value in command.split()
            assert all(name.upper() in done.command for name in names)


@pytest.mark.parametrize("value", OURS)
def test_files_of_mail_systems_are_filled_in_and_the_step_is_risky(value: str) -> None:
    assert step("chown root {path}", {"path": value}) == Step(f"chown root {value}", "risky")
    assert step("ls -l {path}", {"path": value}) == Step(f"ls -l {value}", "manual")


@pytest.mark.parametrize(
    "command",
    [
        "cp {map} {path}", "mv {path} x", "rm -i {path}", "ldd -r {library}", "sh {path}", "{service} restart",
        "cat x > {path}", "ls {path}; cp {path} y", "ls x && tee {path}", "cat {path} | sh", "cat $(sh {path})",
        'grep "$(sh {path})" x', "grep `sh {path}` x", "chmod 644 {path}", "chmod a+w {path}", "chmod +r {path}",
        "chmod o=rw {path}", "postconf -e 'x = {path}'", "openssl x509 -in {path} -out y", "find {path} -delete",
        "sudo ls {path}", "install {path} /x", "awk -f {path}", "cat 'x {path}",
    ],
)  # fmt: skip
def test_a_rule_that_gives_a_field_to_what_could_do_anything_with_it_is_refused(command: str) -> None:
    assert complaint(command) and not any(
        value in step(command, dict.fromkeys(FIELD.findall(command), value)).command for value in OURS
    )
    cause = replace(RULES[0].causes[0], commands=(command,))
    rule: Rule = replace(RULES[0], causes=(cause,))
    assert [problem for problem in problems([rule]) if "command" in problem]


def test_every_built_in_rule_is_accepted() -> None:
    assert not [command for command in COMMANDS if complaint(command)]


def test_the_folders_of_mail_systems_hold_nothing_of_the_whole_host() -> None:
    for folder in FOLDERS:
        assert folder.count("/") >= 2 and not folder.startswith(("/home", "/root", "/proc", "/dev", "/boot"))
        assert "tmp" not in folder
    assert not {"shadow", "passwd", "group", "gshadow", "sudoers"} & {path.rsplit("/", 1)[-1] for path in FILES}


def test_no_forged_line_makes_a_command_that_gives_root_away() -> None:
    rules = builtin().rules
    scan = Scan(rules, Finds, 1796030000.0)
    for _ in scan.feed(io.BytesIO(FORGED.encode()), "log"):
        pass
    findings = [ranked.finding for ranked in judge(rules, scan.seen)]
    assert {"CONF625", "PERM126", "LINK130"} <= {finding.code for finding in findings}
    for finding in findings:
        commands = [s.command for s in finding.fix]
        for text in re.findall(r"(?:Commands|Risky commands): ([^\n]*)", finding.advice):
            commands += re.split(r"; | Risky commands: ", text)
        for command in commands:
            words = shlex.split(command)
            assert reads(command) or not {"/etc/shadow", "/etc/passwd", "/home/eve/passwd", "/home/eve/l.so"} & {*words}
            assert words[0] not in ("cp", "rm", "ldd")


def test_usual_names_are_filled_in() -> None:
    usual = {
        "user": "bob@example.com",
        "path": "/var/spool/postfix/private/auth",
        "relay": "192.0.2.1",
        "rip": "2001:db8::1",
    }
    for name, value in usual.items():
        assert step(f"ls {{{name}}}", usual).command == f"ls {value}"
    assert step("passwd {user}", usual).command == "passwd bob@example.com"
    assert step("fail2ban-client set sendmail-auth banip {relay}", usual).command.endswith(" 192.0.2.1")

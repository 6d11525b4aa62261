"""`maildoctor paste`: what people paste into a ticket, cut into pieces and judged together.

The pastes in tests/pastes are rebuilt in our own words round the facts of public threads, names and addresses changed;
each stands here with what the thread came to."""

import io
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import maildoctor
from maildoctor.__main__ import main
from maildoctor.cli.paste import LARGEST, diagnosis
from maildoctor.library import Library, load_library
from maildoctor.model import Report
from maildoctor.paste import read
from maildoctor.paste.cutting import cut
from maildoctor.paste.dialects import spoken
from maildoctor.paste.forms import heading_of
from maildoctor.paste.lines import cleaned
from maildoctor.paste.transcripts import conversation
from maildoctor.render import rendered
from maildoctor.render.json import render as as_json
from maildoctor.render.reread import report as reread
from maildoctor.render.style import Style

PASTES = Path(__file__).parent / "pastes"
ROOT = Path(maildoctor.__file__).parent.parent
NOW = 1_790_000_000.0

EXPERTS = {
    # name: verdict, code of the first cause, words of what an expert said
    "auth-misspelt": ("not_shown", "CONF036", "smtpd_sasl_auth_enable is one"),
    "courier-module-not-listed": ("not_shown", "CONF085", "authldap is never asked"),
    "dovecot-ldap-bind-with-domain": ("broken", "MAP086", "binds as uid=ann@example.org,ou=staff"),
    "dovecot-ldap-filter-of-another-schema": ("broken", "MAP086", "looks for uniqueIdentifier, which the entry"),
    "dovecot-no-listener": ("broken", "SASL065", "no unix_listener of service auth names it"),
    "dovecot-socket-of-docker": ("broken", "SASL046", "it is docker:docker, mode 0640"),
    "dovecot-unknown-setting": ("broken", "CONF661", "configuration has an error"),
    "exim-auth-not-advertised": ("not_shown", "WIRE090", "did not begin TLS"),
    "exim-authenticator": ("not_shown", "USER780", "Exim refused a login"),
    "javamail-clear-on-465": ("not_shown", "WIRE085", "waited there in clear"),
    "phpmailer-refused": ("partly", "WIRE050", "refuses the login of the user by LOGIN"),
    "python-no-auth-on-25": ("partly", "TLS161", "may not send a password without TLS"),
    "relayhost-key-without-port": ("partly", "MAP090", "[smtp.relay.example] is another key"),
    "relayhost-no-worthy-mechs": ("partly", "MECH091", "smtp_sasl_security_options: noplaintext"),
    "roundcube-no-tls": ("not_shown", "WIRE090", "did not begin TLS"),
    "relayhost-rows-of-senders": ("not_shown", "MAP085", "rows of senders are never looked up"),
    "sasl-path-holds-folders": ("broken", "SASL045", "libsasl looks for /etc/postfix/sasl:/usr/lib/sasl2.conf"),
    "saslauthd-no-permission": ("broken", "PERM150", "may not enter the directory of the saslauthd socket"),
    "saslauthd-outside-chroot": ("broken", "SASL008", "works in /var/spool/postfix (chroot)"),
    "sasldb-unreadable": ("broken", "PERM151", "may not read sasldb"),
    "sasldb-user-in-other-realm": ("broken", "USER005", "are in realm 'oldname'"),
    "sendmail-mc-without-auth": ("not_shown", "CONF094", "sets up no SMTP AUTH"),
    "sendmail-saslauthd-refuses": ("not_shown", "USER180", "PAM refused the password"),
    "sendmail-without-sasl": ("broken", "CONF011", "compiled without SASL"),
    "sql-option-misspelt": ("not_shown", "SASL004", "sql_passwd is"),
    "swaks-535": ("partly", "WIRE050", "refuses the login of tom@example.com"),
    "tls-not-available": ("partly", "TLS580", "cannot use the RSA certificate file"),
}

SECRETS = ("hunter2", "aHVudGVyMg", "abcdefSECRET", "topsecret1", "AGpvZQ", "s3cret", "UGFzc3dvcmQ6aHVu")


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(())


def _judged(name: str, library: Library) -> Report:
    return diagnosis((PASTES / f"{name}.txt").read_text(encoding="utf-8"), name, library, NOW)


def test_every_paste_has_its_expert() -> None:
    assert {path.stem for path in PASTES.glob("*.txt")} == set(EXPERTS)
    assert len(EXPERTS) >= 20


@pytest.mark.parametrize("name", EXPERTS)
def test_the_first_cause_is_what_an_expert_said(name: str, library: Library) -> None:
    report = _judged(name, library)
    verdict, code, words = EXPERTS[name]
    first = report.roots[0].finding
    assert (first.code, report.verdict and report.verdict.code) == (code, verdict)
    assert words in first.message
    assert not report.counted("broke")


@pytest.mark.parametrize("name", EXPERTS)
def test_no_secret_of_a_paste_is_printed(name: str, library: Library) -> None:
    report = _judged(name, library)
    for form in ("text", "json", "junit", "sarif"):
        printed = rendered(report, form, Style(verbosity=2))
        assert not [secret for secret in SECRETS if secret in printed], form


@pytest.mark.parametrize("name", EXPERTS)
def test_a_report_of_a_paste_keeps_to_the_schema_and_is_read_again(name: str, library: Library) -> None:
    schema = json.loads((Path(maildoctor.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
    report = _judged(name, library)
    written = json.loads(as_json(report))
    jsonschema.Draft202012Validator(schema).validate(written)
    again = reread(written)
    assert (again.pieces, again.requests, again.verdict) == (report.pieces, report.requests, report.verdict)


@pytest.mark.parametrize("name", EXPERTS)
def test_what_to_paste_next_is_complete_and_no_file_of_passwords(name: str, library: Library) -> None:
    report = _judged(name, library)
    assert len(report.requests) <= 3
    pasted = (PASTES / f"{name}.txt").read_text(encoding="utf-8")
    for request in report.requests:
        assert request.why
        assert request.command not in pasted
        assert not [w for w in ("...", "USER", "<") if w in request.command.replace("</dev", "")]
        assert not [
            w for w in ("sasl_passwd", "shadow", "authinfo", "sasldb2 ", "passwd.client") if w in request.command
        ]


HEALTHY = """\
All is well here, for comparison:

[root@mx1 ~]# postconf -n
alias_maps = hash:/etc/aliases
compatibility_level = 3.6
inet_interfaces = all
mydestination = $myhostname, localhost
myhostname = mx1.example.org
mynetworks = 127.0.0.0/8 [::1]/128
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_path = private/auth
smtpd_sasl_type = dovecot
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = /etc/letsencrypt/live/mx1.example.org/fullchain.pem
smtpd_tls_key_file = /etc/letsencrypt/live/mx1.example.org/privkey.pem
smtpd_tls_security_level = may
[root@mx1 ~]# postconf -M
smtp       inet  n       -       n       -       -       smtpd
submission inet  n - n - - smtpd -o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=encrypt
[root@mx1 ~]# doveconf -n
# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf
auth_mechanisms = plain login
auth_verbose = yes
mail_location = maildir:~/Maildir
passdb {
  driver = pam
}
protocols = imap
service auth {
  unix_listener /var/spool/postfix/private/auth {
    group = postfix
    mode = 0660
    user = postfix
  }
}
ssl_cert = </etc/letsencrypt/live/mx1.example.org/fullchain.pem
ssl_key = # hidden, use -P to show it
userdb {
  driver = passwd
}
[root@mx1 ~]# ls -l /var/spool/postfix/private/auth
srw-rw---- 1 postfix postfix 0 Nov  1 10:00 /var/spool/postfix/private/auth
[root@mx1 ~]# ps aux | grep -E 'master|dovecot'
root       812  0.0  0.1  43000  5000 ?        Ss   Nov01   0:03 /usr/lib/postfix/sbin/master -w
root       900  0.0  0.1   9000  4000 ?        Ss   Nov01   0:01 /usr/sbin/dovecot -F
[root@mx1 ~]# ss -ltnp
State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
LISTEN 0      100          0.0.0.0:25        0.0.0.0:*     users:(("master",pid=812,fd=13))
LISTEN 0      100          0.0.0.0:587       0.0.0.0:*     users:(("master",pid=812,fd=17))
[root@mx1 ~]# tail -2 /var/log/mail.log
Nov  2 08:00:01 mx1 postfix/submission/smtpd[4100]: 1C2D3E4F: client=c[192.0.2.8], sasl_method=PLAIN, sasl_username=eva
Nov  2 08:00:01 mx1 postfix/qmgr[813]: 1C2D3E4F: from=<eva@example.org>, size=900, nrcpt=1 (queue active)
"""


def test_a_healthy_paste_raises_no_alarm_and_proves_no_login(library: Library) -> None:
    report = diagnosis(HEALTHY, "healthy", library, NOW)
    assert [r.finding.code for r in report.ranked if r.finding.severity != "info"] == []
    assert report.verdict and report.verdict.code == "not_shown"


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        ("2022-06-02 20:33:09 SERVER -> CLIENT: {}", "2022-06-02 20:33:09 CLIENT -> SERVER: {}"),
        ("[28-Nov-2019 11:08:54 +0000]: <1lnaie7h> Recv: {}", "[28-Nov-2019 11:08:54 +0000]: <1lnaie7h> Send: {}"),
        ("S: {}", "C: {}"),
    ],
)
def test_a_login_that_went_well_raises_no_alarm(received: str, sent: str, library: Library) -> None:
    hello = ["220 a.example ESMTP", "EHLO me", "250-a.example", "250 STARTTLS", "STARTTLS", "220 2.0.0 go", "EHLO me"]
    login = ["250-a.example", "250 AUTH PLAIN", "AUTH PLAIN ****", "235 2.7.0 ok", "MAIL FROM:<a@a.example>", "250 ok"]
    talk = "\n".join((received if row[0].isdigit() else sent).format(row) for row in (*hello, *login))
    report = diagnosis(talk, "talk", library, NOW)
    assert [r.finding.code for r in report.ranked if r.finding.severity != "info"] == []


def test_entries_that_are_found_raise_no_alarm(library: Library) -> None:
    text = (PASTES / "dovecot-ldap-bind-with-domain.txt").read_text(encoding="utf-8").replace("uid=%u", "uid=%n")
    assert "MAP086" not in {r.finding.code for r in diagnosis(text, "entries", library, NOW).ranked}


def test_each_part_of_a_healthy_paste_alone_raises_no_alarm(library: Library) -> None:
    parts = HEALTHY.split("[root@mx1 ~]# ")
    for part in parts[1:]:
        report = diagnosis(f"$ {part}", "part", library, NOW)
        assert [r.finding.code for r in report.ranked if r.finding.severity != "info"] == [], part


def test_a_recorded_healthy_host_raises_no_alarm_when_its_files_are_pasted(library: Library) -> None:
    import tomllib

    said = tomllib.loads((ROOT / "fixtures" / "healthy-trixie" / "host.toml").read_text(encoding="utf-8"))
    files = ("/etc/mail/sendmail.mc", "/etc/sasl2/Sendmail.conf", "/etc/default/saslauthd", "/etc/mail/sendmail.cf")
    text = "\n".join(f"==> {path} <==\n{said['read'][path]}" for path in files)
    rows = (row for row in said["sasldb"]["/etc/sasldb2"].splitlines() if not row.startswith("#"))
    report = diagnosis(text + "\n# sasldblistusers2\n" + "\n".join(rows), "healthy", library, NOW)
    assert [r.finding.code for r in report.ranked if r.finding.severity != "info"] == []
    assert [p.kind for p in report.pieces] == [
        "sendmail.mc", "sasl-conf", "saslauthd-defaults", "sendmail.cf", "sasldb-users",
    ]  # fmt: skip


# ---- cutting


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("root@mail:~# postconf -n", "main.cf"),
        ("[root@mail ~]# doveconf -n", "dovecot"),
        ("$ sudo cat /etc/postfix/master.cf", "master.cf"),
        ("# postconf -n", "main.cf"),
        ("==> /etc/default/saslauthd <==", "saslauthd-defaults"),
        ("my main.cf:", "main.cf"),
        ("### /etc/sasl2/smtpd.conf ###", "sasl-conf"),
        ("**/etc/postfix/main.cf**", "main.cf"),
        ("-- content of /etc/postfix/sasl/smtpd.conf --", "sasl-conf"),
        ("Here is the output of postconf -n:", "main.cf"),
        ("$ ls -l /etc/sasldb2", "look"),
        ("$ namei -l /var/run/saslauthd/mux", "namei"),
        ("$ ss -ltnp", "listeners"),
        ("$ sasldblistusers2", "sasldb-users"),
        ("$ openssl s_client -connect a.example:465", "transcript"),
        ("$ tail /var/log/mail.log", "log"),
    ],
)
def test_a_heading_says_what_comes(line: str, kind: str) -> None:
    heading = heading_of(line)
    assert heading is not None
    assert heading.kind == kind


@pytest.mark.parametrize(
    "line",
    [
        "smtpd_sasl_path = smtpd",
        "# Debian specific: where the spool is",
        "I restarted it and nothing changed.",
        "alias_maps = hash:/etc/aliases",
        "Oct  5 10:11:12 mail postfix/smtpd[1]: warning: /etc/postfix/main.cf: unused parameter",
        "unix_listener /var/spool/postfix/private/auth {",
        "",
    ],
)
def test_other_lines_are_no_headings(line: str) -> None:
    assert heading_of(line) is None


def _kinds(text: str) -> list[tuple[str, int, int]]:
    return [(p.kind, p.lines[0].number, p.last) for p in cut(cleaned(text)) if p.lines]


def test_pieces_are_recognized_by_their_form() -> None:
    text = """\
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
pwcheck_method: saslauthd
Oct  5 10:11:12 mail postfix/smtpd[1]: connect from unknown[192.0.2.1]
-rw-r----- 1 root sasl 12288 May  4 10:00 /etc/sasldb2
uid=101(postfix) gid=103(postfix) groups=103(postfix)
bob@example.com: userPassword
220 mail.example.com ESMTP
EHLO me
250 mail.example.com
What do you think of it?
"""
    assert [kind for kind, _, _ in _kinds(text)] == [
        "main.cf", "sasl-conf", "log", "look", "id", "sasldb-users", "transcript", "text",
    ]  # fmt: skip


def test_quotes_fences_entities_and_colours_are_taken_off() -> None:
    text = "> ```\n> pwcheck_method: saslauthd\n> mech_list: plain &amp; login\n> ```\n"
    text += "> \x1b[31mOct  5 10:11:12 m dovecot: x\x1b[0m"
    lines = [line.text for line in cleaned(text) if not line.fence]
    assert lines == ["pwcheck_method: saslauthd", "mech_list: plain & login", "Oct  5 10:11:12 m dovecot: x"]


def test_what_curl_says_is_no_quote() -> None:
    said = conversation("", [line.text for line in cleaned("< 220 a.example ESMTP\n> EHLO me\n< 250 a.example\n")])
    assert said.splitlines()[-3:] == ["<-  220 a.example ESMTP", " -> EHLO me", "<-  250 a.example"]


_TALK = (
    ("<", "220 a.example ESMTP"), (">", "EHLO me"), ("<", "250-a.example"), ("<", "250 AUTH LOGIN"),
    (">", "AUTH LOGIN"),
    ("<", "334 VXNlcm5hbWU6"), (">", "dXNlcg=="), ("<", "535 5.7.8 no"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("command", "received", "sent"),
    [
        ("telnet a.example 25", "{}", "{}"),
        ("swaks --server a.example:25", "<-  {}", " -> {}"),
        ("python3 -c 'smtplib … smtp://a.example:25'", "reply: b'{}\\r\\n'", "send: '{}\\r\\n'"),
        ("curl -v smtp://a.example:25", "< {}", "> {}"),
        ("nc a.example 25", " Out: {}", " In:  {}"),
        (
            "nc a.example 25",
            "[28-Nov-2019 11:08:54 +0000]: <1lnaie7h> Recv: {}",
            "[28-Nov-2019 11:08:54]: <1a> Send: {}",
        ),
        ("nc a.example 25", "2022-06-02 20:33:09 SERVER -> CLIENT: {}", "2022-06-02 20:33:09 CLIENT -> SERVER: {}"),
        ("nc a.example 25", "[2017-02-06 16:23:13] DEBUG [aB3x] S: {}", "[2017-02-06 16:23:13] DEBUG [aB3x] C: {}"),
        ("nc a.example 25", "{{ type: 'server', message: '{}' }}", "{{ type: 'client', message: '{}' }}"),
        ("nc a.example 25", "19:37:31.506611 reply: b'{}\\r\\n'", "19:37:31.506611 send: '{}\\r\\n'"),
        ("nc a.example 25", '-> "{}\\r\\n"', '<- "{}\\r\\n"'),
        ("nc a.example 25", "<< {}", ">> {}"),
        ("nc a.example 25", "<-- {}", "--> {}"),
        ("nc a.example 25", "  SMTP<< {}", "  SMTP>> {}"),
    ],
)
def test_one_conversation_in_many_hands(command: str, received: str, sent: str) -> None:
    said = conversation(command, [(received if way == "<" else sent).format(text) for way, text in _TALK])
    assert said.startswith("=== connect a.example:25 ")
    assert "dXNlcg" not in said
    assert "=== mechanism LOGIN" in said
    assert "=== outcome failed 535 5.7.8 no" in said


def test_a_library_that_tells_no_port_and_needs_no_starttls_has_begun_with_tls() -> None:
    rows = ["S: 220 a.example ESMTP", "C: EHLO me", "S: 250-a.example", "S: 250 AUTH PLAIN", "C: AUTH PLAIN ****"]
    said = conversation("", [*rows, "S: 235 2.7.0 ok"])
    assert said.startswith("=== connect a.example:465 implicit")
    assert "<~  250 AUTH PLAIN" in said


def test_replies_that_lost_their_ends_of_lines_are_told_apart() -> None:
    said = conversation("", ["SERVER -> CLIENT: 250-a.example250-SIZE 35882577250-AUTH LOGIN PLAIN250 SMTPUTF8"])
    assert said.splitlines()[-4:] == [
        "<~  250-a.example", "<~  250-SIZE 35882577", "<~  250-AUTH LOGIN PLAIN", "<~  250 SMTPUTF8",
    ]  # fmt: skip


def test_lines_of_imap_and_words_of_people_are_nobody_s() -> None:
    for line in ("S: * OK ready", "C: A01 AUTHENTICATE PLAIN <hidden>", "C: I think so", "Server: apache", "<< see"):
        assert not spoken(line), line


def test_a_reply_that_repeats_a_password_is_struck_out(library: Library) -> None:
    for talk in (
        "220 a.example\nEHLO me\n250 AUTH PLAIN LOGIN\nAUTH LOGIN\n334 VXNlcm5hbWU6\ndG9t\n334 UGFzc3dvcmQ6\n"
        "aHVudGVyMjI=\n535 5.7.8 tom may not use hunter22\n",
        "220 a.example\nEHLO me\n250 AUTH PLAIN\nAUTH PLAIN AHRvbQBodW50ZXIyMg==\n535 5.7.8 tom may not use hunter22\n",
    ):
        report = diagnosis(talk, "talk", library, NOW)
        printed = "".join(rendered(report, form, Style(verbosity=2)) for form in ("text", "json"))
        assert "hunter22" not in printed
        assert "may not use ***" in printed


def test_what_comes_after_starttls_by_hand_is_in_tls() -> None:
    rows = ["220 a.example ESMTP", "EHLO me", "250-a.example", "250 STARTTLS", "STARTTLS", "220 go ahead", "EHLO me"]
    said = conversation("", [*rows, "250-a.example", "250 AUTH PLAIN"])
    assert said.endswith("\n ~> EHLO me\n<~  250-a.example\n<~  250 AUTH PLAIN")


def test_absent_is_only_what_the_paste_says_is_not_there() -> None:
    paste = read("$ ls -l /etc/sasldb2\nls: cannot access '/etc/sasldb2': No such file or directory\n")
    answer = paste.answers[("look", "/etc/sasldb2")]
    assert getattr(answer, "why", "") == "absent"


# ---- hostile text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=600))
def test_any_bytes_are_cut(data: bytes) -> None:
    read(data.decode("utf-8", "surrogateescape"))


_PIECES = st.sampled_from(
    [line for path in sorted(PASTES.glob("*.txt")) for line in path.read_text(encoding="utf-8").split("\n")]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(_PIECES, st.text(max_size=80)), max_size=60))
def test_lines_in_any_order_are_cut_and_each_stands_in_one_piece(lines: list[str]) -> None:
    text = "\n".join(lines)
    pieces = read(text).pieces
    numbers = [n for piece in pieces for n in (piece.first, piece.last)]
    assert all(1 <= n <= text.count("\n") + text.count("\r") + 1 for n in numbers)
    assert all(piece.first <= piece.last for piece in pieces)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(_PIECES, st.text(max_size=40)), max_size=40))
def test_lines_in_any_order_are_judged(lines: list[str]) -> None:
    report = diagnosis("\n".join(lines), "any", load_library(()), NOW)
    assert not report.counted("broke")
    assert report.verdict is not None
    assert report.verdict.code not in ("works", "ready")


HOSTILE: dict[str, Callable[[int], str]] = {
    "one line": lambda n: "a" * n,
    "spaces": lambda n: " " * n,
    "prompts": lambda n: "# postconf -n\n" * (n // 14),
    "braces": lambda n: "service auth {\n" * (n // 15),
    "looks": lambda n: "-rw-r--r-- 1 root root 1 May  4 10:00 /a\n" * (n // 42),
    "log": lambda n: "Oct  5 10:11:12 m postfix/smtpd[1]: warning: x\n" * (n // 48),
    "replies": lambda n: "250-a\n" * (n // 6),
    "quotes": lambda n: "> > > > a\n" * (n // 10),
    "entities": lambda n: "&lt;&#60;\n" * (n // 10),
    "escapes": lambda n: "\x1b[0m\x1b]" * (n // 6),
    "equals": lambda n: "smtpd_sasl_path = " + "=" * n,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_to_cut_takes_time_in_proportion_to_length(name: str) -> None:
    def seconds(length: int) -> float:
        text = HOSTILE[name](length)
        began = time.perf_counter()
        read(text)
        return time.perf_counter() - began

    short = min(seconds(20_000) for _ in range(3))
    long = min(seconds(160_000) for _ in range(2))
    assert long < 0.5 + 24 * short


# ---- nothing is touched


_AUDITED = """
import os, sys
from maildoctor.__main__ import main
import maildoctor
paste = sys.argv[1]
ours = os.path.realpath(os.path.dirname(os.path.dirname(maildoctor.__file__)))
allowed = tuple({ours, *map(os.path.realpath, filter(None, sys.path)), sys.base_prefix, sys.prefix})
seen = []

def place(path, dir_fd=None):
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}")
    path = os.fsdecode(path)
    if path.startswith("/proc/self/fd/"):
        return os.readlink(path)
    return os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), path) if dir_fd is not None else os.path.abspath(path)

def looked(what, path):
    if path != paste and not path.startswith(allowed) and not paste.startswith(path.rstrip("/") + "/"):
        seen.append((what, path))

opened = os.open
def os_open(path, flags, mode=0o777, *, dir_fd=None):
    looked("open", place(path, dir_fd))
    return opened(path, flags, mode, dir_fd=dir_fd)
os.open = os_open

def hook(event, args):
    if event == "open" and args[1] is not None and not isinstance(args[0], int):
        looked(event, place(args[0]))
    elif event in ("os.listdir", "os.scandir"):
        looked(event, place(args[0] if args[0] is not None else "."))
    elif event.startswith(("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")):
        seen.append((event, str(args)))
    elif event in ("socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        seen.append((event, str(args)))

sys.addaudithook(hook)
status = main(["paste", "--json", paste])
sys.stdout.flush()
sys.stderr.write(repr(seen))
sys.exit(0 if not seen and status in (1, 3) else 9)
"""
"""Runs the command on a paste, and fails where it opens any other file than that, or ours and Python's own."""


@pytest.mark.parametrize("name", ["dovecot-no-listener", "saslauthd-outside-chroot", "swaks-535", "sasldb-unreadable"])
def test_no_file_is_opened_but_the_paste_and_no_server_is_asked(name: str) -> None:
    path = PASTES / f"{name}.txt"
    command = [sys.executable, "-c", _AUDITED, os.path.realpath(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["target"]["kind"] == "paste"


def test_the_watch_sees_what_it_is_to_see(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("x")
    twice = f'os.close(os.open("{elsewhere}", 0)); open("{elsewhere}").close(); status = main('
    code = _AUDITED.replace("status = main(", twice)
    command = [sys.executable, "-c", code, os.path.realpath(PASTES / "swaks-535.txt")]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 9
    assert done.stderr.count(str(elsewhere)) == 2


# ---- the command


def _pasted(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_pipe_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _pasted(monkeypatch, (PASTES / "sasldb-unreadable.txt").read_bytes())
    assert main(["paste"]) == 1
    said = capsys.readouterr().out
    assert "PERM151" in said and "Paste next" in said and said.rstrip().splitlines()[-2] == "Nobody can log in."


@pytest.mark.parametrize("data", [b"", b"\n\n", b"Good morning, how are you?\n", "Grüße\n".encode("latin-1")])
def test_where_nothing_is_of_a_mail_server_nothing_is_judged(
    data: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _pasted(monkeypatch, data)
    assert main(["paste"]) == 3
    assert "There is nothing to judge" in capsys.readouterr().out


def test_binary_and_too_much_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for data in (b"\x7fELF\0\0", b"a" * (LARGEST + 1)):
        _pasted(monkeypatch, data)
        assert main(["paste"]) == 2
    assert main(["paste", "/nowhere/at/all"]) == 2
    assert capsys.readouterr().out == ""


def test_utf_16_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (PASTES / "sasldb-unreadable.txt").read_text(encoding="utf-8")
    _pasted(monkeypatch, text.encode("utf-16"))
    assert main(["paste", "-q"]) == 1
    assert "PERM151" in capsys.readouterr().out


def test_on_a_terminal_it_says_how_to_end() -> None:
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "maildoctor", "paste", "--no-color"]
    with subprocess.Popen(command, stdin=child, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as done:
        os.close(child)
        os.write(parent, b"pwcheck_method: saslauthd\n\x04")
        out, err = done.communicate(timeout=60)
    os.close(parent)
    assert b"Ctrl-D" in err
    assert b"configuration of Cyrus SASL" in out


def test_every_format_prints_a_paste(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from maildoctor.render import FORMATS

    path = tmp_path / "ticket.txt"
    path.write_text("Oct  5 10:11:12 mail postfix/smtpd[1]: fatal: no SASL authentication mechanisms\n")
    for form in FORMATS:
        status = main(["paste", "--format", form, str(path)])
        assert status == (2 if form == "nagios" else 1)
        assert capsys.readouterr().out


def test_a_paste_is_no_login(library: Library) -> None:
    report: Any = diagnosis(
        "Oct  5 10:11:12 mail sm-mta[1]: AUTH=server, relay=a.example [192.0.2.1], authid=bob, mech=PLAIN, bits=0\n",
        "log", library, NOW,
    )  # fmt: skip
    assert report.verdict.code == "not_shown"

"""The shell script that records a host without Python 3.11: run on this machine, and given secrets to strike out."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import maildoctor
from maildoctor.engine import Selection, examine
from maildoctor.host import NoAnswer
from maildoctor.host.recording import Replay
from maildoctor.library import load_library

SCRIPT = Path(maildoctor.__file__).parent / "host" / "recorder.sh"

PLANTED = {
    "/etc/mail/sendmail.mc": """
define(`confLDAP_DEFAULT_SPEC', `-h ldap -d cn=admin -w SECRET')dnl
define(`MY_PASSWORD', `SECRET')dnl
define(`DB', `SECRET')dnl
define(`confY',
`SECRET')dnl
FEATURE(`ldap_routing', `mysql://mail:SECRET@db/mail')dnl
FEATURE(`x')dnl SECRET
SMART_HOST SECRET
dnl the password is SECRET
LOCAL_CONFIG
D{LPW}SECRET
define(`confAUTH_MECHANISMS', `PLAIN')define(`P', `SECRET')dnl
undefine(`X')SECRET
define(`SMART_HOST', `bob:SECRET@smtp.example.com')dnl
define(`confDEF_AUTH_INFO', `SECRET')dnl
FEATURE(`authinfo', `texthash AuthInfo:h U:b P:SECRET')dnl
FEATURE(`enhdnsbl', `SECRET.zen.dq.spamhaus.net')dnl
VERSIONID(`SECRET')dnl
""",
    "/etc/mail/sendmail.cf": """
O LDAPDefaultSpec=-h ldap -w SECRET
Ksql program /usr/bin/q --password=SECRET
Kldapx ldap -h ldap -w SECRET -k (uid=%0)
Kauth hash -o -q "P:SECRET"
D{LDAPPW}SECRET
DXpw=SECRET
EMYPASS=SECRET
Mx, P=/bin/x, F=l,
\t\tA=x --password SECRET
R$*\t$: password SECRET
# SECRET
HX-Server-Token: SECRET
F{x}|/bin/x SECRET
DSbob:SECRET@smtp.example.com
DS[smtp.example.com]:587:SECRET
O ConnectionRateWindowSize=1m # SECRET
R<$*>\t$: <?> $(dnsbl $1.SECRET.combined.mail.abusix.zone. $: OK $)
""",
    "/etc/sasl2/Sendmail.conf": """
sql_passwd: SECRET
  SQL_PASSWD : SECRET
ldapdb_pw:SECRET
sql_select: select 'SECRET'
sql_hostnames: mysql://m:SECRET@db/mail
saslauthd_path: /run/x?pw=SECRET
log_level: 7 # SECRET
unheard_of: SECRET
SECRET
sasldb_path: /etc/sasldb2 SECRET
saslauthd_path: /run/mux\rSECRET
log_level: SECRET
""",
    "/etc/postfix/main.cf": """
smtp_sasl_password_maps = inline:{ hub=bob:SECRET }
smtp_sasl_password_maps =
    static:bob:SECRET
virtual_alias_maps = regexp:{{/x/ SECRET}}
dbx = SECRET
x_password =
   SECRET
mailbox_command = /usr/bin/deliver --key SECRET
import_environment = MAIL_CONFIG,
   DBX=SECRET
virtual_mailbox_maps = mysql://u:SECRET@db/
# SECRET
relayhost = bob:SECRET@smtp.example.com
relayhost = [smtp.example.com]:587:SECRET
relay_auth = SECRET
debugger_command = PW=SECRET gdb
smtpd_client_restrictions = permit_mynetworks, reject_rbl_client SECRET.zen.dq.spamhaus.net=127.0.0.[2..11]
postscreen_dnsbl_sites = SECRET.zen.dq.spamhaus.net*3
""",
    "/etc/postfix/master.cf": """
x unix - n n - - pipe
  flags=R argv=/usr/bin/x --password SECRET
  -z SECRET
z inet n - n - - smtpd
  -o smtp_sasl_password_maps=inline:{a=b:SECRET}
  -o smtpd_recipient_restrictions=reject_rbl_client,SECRET.zen.dq.spamhaus.net
""",
    "/etc/dovecot/conf.d/10-x.conf": """
passdb {
  args = password=SECRET
}
args = \\
  pw=SECRET
connect = host=db user=u password=SECRET
password_query = select 'SECRET'
crypt_global_private_key = SECRET
oauth2_introspection_url = http://id:SECRET@example.com/
oauth2_tokeninfo_url = https://example.com/?access_token=SECRET
doveadm_api_key = SECRET
auth_verbose = yes # SECRET
auth_policy_hash_nonce = SECRET
auth_policy_server_api_header = X-Key: SECRET
key = SECRET
submission_relay_host = bob:SECRET@smtp.example.com
passdb static { args = uid=v token=SECRET }
""",
    "/etc/pam.d/smtp": """
auth required pam_mysql.so user=mail passwd=SECRET db=mail
auth required pam_ldap.so bindpw SECRET
auth required pam_x.so \\
   passwd=SECRET
account required pam_exec.so /bin/x SECRET
""",
    "/etc/default/saslauthd": """
OPTIONS="-c -O imap://u:SECRET@example.com"
MECH_OPTIONS="--password SECRET"
LDAP=SECRET
SECRET
MECHANISMS="rimap" # SECRET
OPTIONS="-c -m /run/saslauthd -r SECRET"
MECH_OPTIONS='SECRET'
DESC="SECRET"
THREADS=`echo SECRET`
""",
    "/etc/hosts.allow": "sendmail: ALL: spawn (/bin/mail -p SECRET)\n",
    "/etc/hosts": "192.0.2.1 mail # SECRET\n",
    "/etc/group": "staff:SECRET:50:\n",
    "/etc/passwd": "tom:SECRET:1500:1500:SECRET:/:/bin/sh\n",
    "/etc/krb5.conf": "  password = SECRET\n  kdc = http://u:SECRET@example.com/\n",
    "/usr/share/postfix/makedefs.out": "# CCARGS=-DPASS=SECRET -DUSE_SASL_AUTH\n",
}
"""What the files may hold; each SECRET is one."""


@pytest.fixture(scope="module")
def recorded() -> bytes:
    done = subprocess.run(["sh", SCRIPT], capture_output=True, check=True, timeout=120)
    return done.stdout


def _called(command: str, given: str, shell: str = "sh") -> str:
    """What a function of the script makes of a text."""
    functions = SCRIPT.read_text().partition("\nNAME=")[0]
    done = subprocess.run(
        [*shell.split(), "-c", f"{functions}\n{command}"], input=given, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_recording_is_one_that_check_reads(recorded: bytes) -> None:
    host = Replay("", recorded)
    assert host.kind == "host"
    assert re.fullmatch(r"d\S+ +\d+ root root +\d+ [\d-]+ [\d:.]+ \S+ /etc", str(host.ask("look", "/etc")))
    assert "passwd" in str(host.ask("list", "/etc")).split()
    missing = host.ask("look", "/etc/mail/Sendmail.conf")
    assert isinstance(missing, NoAnswer)
    assert missing.why == "absent"


def test_nothing_breaks_over_a_recording(recorded: bytes) -> None:
    report = examine(Replay("", recorded), load_library(), Selection())
    assert report.verdict is not None
    assert report.verdict.code not in ("works", "ready")
    assert not report.counted("broke")


def test_accounts_have_neither_names_of_people_nor_hashes(recorded: bytes) -> None:
    rows = [line.split(":") for line in str(Replay("", recorded).ask("read", "/etc/passwd")).splitlines()]
    assert rows
    assert {(row[1], row[4]) for row in rows} == {("x", "***")}


@pytest.mark.parametrize("path", PLANTED)
def test_secrets_are_struck_out(path: str) -> None:
    given = PLANTED[path].replace("SECRET", "hunter2")
    assert "hunter2" not in _called(f"plain | struck {path}", given)


def test_settings_that_are_no_secrets_are_kept() -> None:
    for path, kept in {
        "/etc/postfix/main.cf": "smtpd_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:/etc/postfix/x\n",
        "/etc/sasl2/smtpd.conf": "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n",
        "/etc/dovecot/dovecot.conf": "passdb {\n  driver = passwd-file\n  args = scheme=CRYPT /etc/dovecot/users\n}\n",
        "/etc/mail/sendmail.cf": "O AuthOptions=A\nKaccess hash -T<TMPF> -o /etc/mail/access\n"
        "Fw/etc/mail/local-host-names\nFt-o /etc/mail/trusted-users %[^\\#]\nDSsmtp:[192.0.2.1]\nHReceived: by $j\n",
        "/etc/mail/sendmail.mc": "define(`confAUTH_OPTIONS', `A p')dnl\nFEATURE(`access_db', , `skip')dnl\n"
        "MAILER(`local')MAILER(`smtp')dnl\ndefine(`SMART_HOST', `[smtp.example.com]')\nMAILER(smtp)dnl\n"
        "define(`confDEF_AUTH_INFO', `/etc/mail/auth-info')dnl\nTRUST_AUTH_MECH(`PLAIN LOGIN')dnl\n",
        "/etc/pam.d/smtp": "auth required pam_unix.so nullok\n@include common-auth\n",
        "/etc/default/saslauthd": 'START=yes\nMECHANISMS="rimap"\nMECH_OPTIONS="imap.example.com/143"\n'
        'OPTIONS="-c -m /var/spool/postfix/var/run/saslauthd -n 5"\nTHREADS=5\nMECHANISMS="Pam2"\n',
    }.items():
        assert _called(f"plain | struck {path}", kept) == kept


def test_a_command_line_is_kept_without_what_may_be_a_secret(tmp_path: Path) -> None:
    program = tmp_path / "saslauthd"
    program.write_text("#!/bin/sh\nread x\n")
    program.chmod(0o755)
    words = ["-a", "pam", "-m", "/run/saslauthd", "-O", "imap://u:hunter2@example.com", "--password", "hunter2"]
    with subprocess.Popen([program, *words], stdin=subprocess.PIPE) as child:
        try:
            rows = _called("processes", "").splitlines()
        finally:
            child.kill()
    row = next(row for row in rows if row.startswith(f"{child.pid} "))
    assert "hunter2" not in row
    assert row.endswith(" -a pam -m /run/saslauthd -O *** --password ***")


def test_logins_are_kept_without_what_the_client_said(tmp_path: Path) -> None:
    lines = (
        "Nov 22 09:00:00 h sm-mta[1]: 5A: AUTH=server, relay=[192.0.2.1], authid=a@b, mech=PLAIN, bits=0\n"
        "Nov 22 09:00:00 h sm-mta[1]: 5A: AUTH failure (LOGIN): user not found (-20) SASL(-13): hunter2\n"
        "Nov 22 09:00:00 h postfix/smtpd[1]: warning: h[192.0.2.1]: SASL LOGIN authentication failed: hunter2\n"
        "2026-11-22 09:00:00 plain_server authenticator failed for (h) [192.0.2.1]: 535 hunter2 (set_id=hunter2)\n"
        "Nov 22 09:00:00 h sm-mta[1]: 5A: AUTH PLAIN hunter2\n"
        "2026-11-22 09:00:00 1aaaaa-00-AB <= a@example.com H=(pc) [192.0.2.1] P=esmtpsa A=plain:bob:hunter2 S=3\n"
        '2026-11-22 09:00:00 1aaaaa-00-AC <= a@example.com P=esmtpsa A=plain:bob T="my \\"password\\" A=hunter2"\n'
        '2026-11-22 09:00:00 1aaaaa-00-AD <= a@example.com P=esmtps T="A=hunter2\n'
    )
    log = tmp_path / "mail.log"
    log.write_text(lines)
    kept = _called(f"logins {log}", "").splitlines()
    assert [line.split()[-1] for line in kept] == [
        "bits=0", "(-20)", "***", "***", "A=plain:bob:***", "A=plain:bob",
    ]  # fmt: skip
    assert kept[4].endswith(" <= a@example.com H=(pc) [192.0.2.1] P=esmtpsa A=plain:bob:***")
    assert "hunter2" not in " ".join(kept)


@pytest.mark.parametrize("shell", ["sh", "busybox ash", "mksh", "ksh", "bash"])
def test_any_bytes_are_quoted(shell: str) -> None:
    if shutil.which(shell.split()[0]) is None:
        pytest.skip(f"there is no {shell}")
    given = 'a\\b "c"\td\x01\x7f\r\n\nend'
    table = tomllib.loads(_called("answer x", given, shell))
    assert table["x"] == 'a\\b "c"\td??\r\n\nend'


def test_what_is_too_long_is_no_answer() -> None:
    table = tomllib.loads(_called("answer /etc/x", "x" * 80 + "\n" + "y" * 2_000_000))
    assert table["/etc/x"] == {"why": "too_large", "reason": "/etc/x is larger than the recorder reads"}


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "main.cf")
    assert _called(f"beginning {tmp_path}/main.cf || echo none", "") == "none\n"

"""The one masker: what is struck out, what stays, how long it takes; the door, triage and `redact` behind it."""

import base64
import bz2
import gzip
import html
import io
import lzma
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.__main__ import main
from maildoctor.host.contained import Contained
from maildoctor.host.door import Door
from maildoctor.host.image import Image
from maildoctor.host.live import Live
from maildoctor.host.network import Network
from maildoctor.host.recording import Replay
from maildoctor.host.rooted import Rooted
from maildoctor.masking import Masker, kind_of, masked, masked_line
from maildoctor.masking.stream import masked_stream

SECRET = "Kw7hunterZx9"  # noqa: S105
PLAIN = base64.b64encode(b"\0bob\0" + SECRET.encode()).decode()
PADDED = base64.b64encode(SECRET.encode() + b"1").decode()
WORD = base64.b64encode(SECRET.encode()).decode()
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJlS3c3"

LOG_LINES = [
    "error {name}={s} relay=[192.0.2.1]",
    "error {name} = {s}, relay=[192.0.2.1]",
    'error {{"{name}":"{s}"}}',
    'error {{"{name}" : "{s}"}}',
    'error {{\\"{name}\\":\\"{s}\\"}}',
    "GET /x?user=bob&{name}={s}&x=1",
    "<{name}>{s}</{name}>",
    "&quot;{name}&quot;:&quot;{s}&quot;",
    "error {name}: '{s}'",
]
NAMES = [
    "password",
    "passwd",
    "pass",
    "pwd",
    "PASS",
    "DB_PASS",
    "smtpPasswd",
    "sql_passwd",
    "ldap_bind_pw",
    "bindpw",
    "authTok",
    "api_key",
    "secret_key",
]
SPOKEN = [
    f"auth: sql(bob): Password mismatch (given password: {SECRET})",
    f"auth: sql(bob): CRYPT({SECRET}) != '$6$abc$defdefdefdef'",
    f"authentication failure, the password is {SECRET}, relay=[192.0.2.1]",
    f"cannot verify password {SECRET}, relay=[192.0.2.1]",
    f"535 Incorrect authentication data (set_id=bob) password {SECRET}",
    f"cannot connect mysql://mail:{SECRET}@db/mail error",
    f"auth=Bearer {SECRET}{SECRET} error",
    f"SELECT x FROM users WHERE password='{SECRET}'",  # noqa: S608
    f"SELECT x WHERE p='{SECRET}'",
    f"exec: testsaslauthd -u bob -p {SECRET}",
    f"ldapsearch -h ldap -D cn=admin -w {SECRET} -b dc=x",
    f"curl -u me:{SECRET} https://mail.example.com/",
    f"mysqldump --password={SECRET} mail",
    f"a001 LOGIN bob {SECRET}",
    f'AuthInfo:mail.example.com "U:me" "P:{SECRET}" "M:PLAIN"',
    f'AuthInfo:mail.example.com "U:me" "P={WORD}"',
    f"<-- AUTH PLAIN {PLAIN}",
    f"auth plain {PLAIN} failed",
    f"AUTH=PLAIN {PLAIN} error",
    f"client in: AUTH#0111#011PLAIN#011service=smtp#011resp={PLAIN}",
    f"x postfix/smtpd[6]: < unknown[192.0.2.4]: {WORD}",
    f"sm-mta[5]: 5AMAA0bb000123: <-- {WORD}",
    f"SASL LOGIN authentication failed: {WORD}, sasl_username=bob",
    f"hash {{SSHA}}{SECRET}{SECRET}",
    f"hash $6$salt${SECRET}",
    f"password%3D{SECRET}",
    f"query pass={urllib.parse.quote(SECRET)}%26x",
    f"token {JWT}{SECRET}",
]

PRINTED = [
    f"auth-worker: invalid command: PASSV#0117#0111#011{SECRET}#011user=bob",
    f"imap-login: Login: user=<bob>, w=<{SECRET}>, rip=192.0.2.7",
    f"lua: auth_password_verify(bob, {SECRET}) called",
    f'DEBUG: ldap_simple_bind_s("cn=x,dc=example","{SECRET}") (uri="ldap://ldap/")',
    f"#0 a.php(31): PDO->__construct('mysql:host=local...', 'mail', '{SECRET}')#012#1",
    f"xsasl_cyrus_server_next: decoded response: {SECRET}",
    f"$auth2 = {SECRET}",
    f"expanding: ${{if and{{{{eq{{$auth1}}{{bob}}}}{{eq{{$auth2}}{{{SECRET}}}}}}}{{yes}}{{no}}}}",
    f'too many errors (last command was "{PADDED}", C=EHLO,AUTH)',
    f'smtp failed-command command="{PLAIN}" result="500 5.5.1 Invalid command"',
    f"improper command pipelining after AUTH from unknown[192.0.2.9]: Ym9i\\r\\n{WORD}\\r\\n",
    f'pam_mysql - option passwd is set to "{SECRET}"',
    f"the right syntax to use near '{SECRET}'') AND active='1'' at line 1",
    f"got authtok '{SECRET}' for bob",
    f"Login incorrect (pap): [bob/{SECRET}] (from client mail port 0)",
    "ber_dump:   0020:  " + SECRET.encode().hex(" "),
    f"COMMAND=/usr/bin/mysql -umail -p{SECRET} mail",
    f"COMMAND=/usr/sbin/smtpctl encrypt {SECRET}",
    f"COMMAND=/usr/bin/htpasswd -b /etc/x.htpasswd bob {SECRET}",
    f"CMD (lftp -u backup,{SECRET} ftp.example.net)",
    f"passwordeval='echo {SECRET}'",
    f"path=/etc/postfix/sasl_passwd line=[mail.example.net]:587 me:{SECRET} create=True",
    f"container env: [TZ=UTC SMTPD_USERS=bob:{SECRET} NAME=x]",
    "type=PROCTITLE proctitle=" + b"mysql\0-pX".hex().upper() + SECRET.encode().hex().upper(),
    f'type=EXECVE argc=3 a0="x.sh" a1="bob" a2="{SECRET}"',
    f"x.service:9: Invalid environment assignment, ignoring: {SECRET}",
    f'array(1) {{ ["kennung"]=> string({len(SECRET)}) "{SECRET}" }}',
    f"smtp auth &{{ me {SECRET} mail.example.net}}",
    "POST /login?u=bob&p=" + "".join(f"%{c:02x}" for c in SECRET.encode()),
    "shown: " + "".join(f"&#{c};" for c in SECRET.encode()),
    f"DETAIL:  parameters: $1 = 'bob@example.org', $2 = '{SECRET}'",
    f"GRANT SELECT ON mail.* TO 'ro'@'localhost' IDENTIFIED BY '{SECRET}'",
    f'Executing "/usr/local/bin/x,--apikey,{SECRET},bob"',
    f"IMAP> {SECRET}",
    f"пароль: {SECRET}",
    f"hasło={SECRET}",
    f"contraseña={SECRET}",
    f"passcode for bob is now {SECRET} (valid 10 min)",
    f'changed bob: "{SECRET}" -> ok',
    f"trying bob/{SECRET} on imap.example.org:993",
    f'execve("/usr/bin/ldapsearch", ["ldapsearch", "-x", "-w", "{SECRET}"], 0x7ffd) = 0',
    f"argv: ['htpasswd', '-b', '/etc/x', 'bob', '{SECRET}']",
    f"CMD (saslpasswd2 -p -c bob <<< '{SECRET}')",
    f"CMD (printf '%s' '{SECRET}' | saslpasswd2 -p bob)",
    "COMMAND=/usr/bin/mysql -uroot -psecretKw7hunter mail",
    f"ldapsearch -D cn=a -w'{SECRET}' -x",
    f"COMMAND=/usr/bin/swaks --au bob --ap {SECRET}",
    f"COMMAND=/usr/bin/curl --user=bob:{SECRET} https://example.com",
    f"COMMAND=/usr/bin/radtest -t pap bob {SECRET} 192.0.2.1 0 x",
    f"Passwort falsch: {SECRET}",
    f"contrase\u00f1a incorrecta: {SECRET}",
    f"\u5bc6\u7801\u9519\u8bef\uff1a{SECRET}",
    f"\u30d1\u30b9\u30ef\u30fc\u30c9\uff1a{SECRET}",
    f'[{{username,<<"bob">>}},{{password,<<"{SECRET}">>}}]',
    f'expect "Password:"; send "{SECRET}\\r"',
    f"SASL: client response {(chr(0) + 'bob' + chr(0) + SECRET).encode().hex()}",
    f'write(9, "a1 LOGIN \\"bob\\" \\"{SECRET}\\"", 40)',
    f"APOP bob {'ab' * 16} password={SECRET}",
    f"xsasl_cyrus_server_first: decoded initial response {SECRET}",
    f"xsasl_cyrus_client_next: uncoded client response {SECRET}",
    f"xsasl_cyrus_client_first: uncoded initial reply: ?bob?{SECRET}",
    f"xsasl_cyrus_server_first: sasl_method PLAIN, init_response {PLAIN}",
    f'auth_rimap: sending saslauthd LOGIN "bob" "{SECRET}"',
    f"auth_httpform: sending 192.0.2.1 /api a=bob&b={SECRET}",
    f'type=TTY msg=audit(1:2): tty pid=2 uid=0 comm="mysql" data={SECRET.encode().hex().upper()}0D',
    f'type=USER_CMD msg=audit(1:2): cmd={b"doveadm pw -p ".hex().upper()}{SECRET.encode().hex().upper()} exe="x"',
    f'1834  read(9, "{SECRET}", 12) = 12',
    f"ansible-lineinfile Invoked with line=mail.example.net me:{SECRET} hunter create=True",
    f"COMMAND=/usr/local/bin/x.rb --url https://example.com --key {SECRET}",
    f"smtp_sasl_password_maps = inline:{{ {{ [mail.example.com]:587 = me:{SECRET} hunterZx9 }} }}",
    f'Environment="A=b" "SMTP_PASS={SECRET} hunterZx9" C=d',
    f"pam_mysql.so user=m [passwd={SECRET} hunterZx9] host=192.0.2.1",
    f"sel._domainkey.example.com example.com:sel:MIIEow{SECRET * 4}",
    f'line 92: "host all ldap ldapbinddn=""cn=a"" ldapbindpasswd=""{SECRET}"" ldapsearchattribute=""uid"""',
    "0000: 41 55 54 48 20 " + SECRET.encode().hex(" ") + " AUTH " + SECRET,
    f"Query SET PASSWORD FOR 'mail'@'localhost' = '{SECRET}'",
    f"COMMAND=/usr/bin/kubectl create secret generic relay --from-literal=smtp={SECRET}",
    f'#3 sasl_checkpass (conn=0x5581a0, user=0x5581b0 "bob", pass=0x5581c0 "{SECRET}", passlen=12) at x.c:1',
    f"CLIENT_RANDOM {'5c' * 32} {SECRET.encode().hex() * 4}",
    f"CLIENT_TRAFFIC_SECRET_0 {'5c' * 32} {SECRET.encode().hex() * 4}",
    f"relay login apikey with SG.{SECRET}{SECRET}.{SECRET}{SECRET}{SECRET} rejected",
    f"relay answers 535 to xkeysib-{SECRET.encode().hex()}-x",
    f"VERSIONID(`relay login bob / {SECRET}')dnl",
    f"auth required pam_yubico.so id=16 key={SECRET}= urllist=https://mail.example.com/",
    f"import_environment = MAIL_CONFIG TZ RELAYKEY={SECRET}",
    f"MAILER_DSN=sendgrid+api://{SECRET}@default",
    f"MAILER_DSN=mailgun+https://{SECRET}:example.org@default",
    f"return_path = ${{prvs{{$return_path}}{{{SECRET}}}}}",
    f"condition = ${{if eq{{$h}}{{${{hmac{{md5}}{{{SECRET}}}{{$body}}}}}}}}",
]
KEY = SECRET.lower() + SECRET.lower()
LISTED = [
    "reject_rbl_client {k}.zen.dq.spamhaus.net=127.0.0.[2..11]",
    "reject: RCPT from x[192.0.2.1]: 554 5.7.1 Service unavailable; Client host blocked using {k}.zen.dq.spamhaus.net;",
    "warning: name=4.3.2.1.{k}.authbl.dq.spamhaus.net type=A: Host not found, try again",
    "/^{k}\\.zen\\.dq\\.spamhaus\\.net$/ 554 5.7.1 blocked",
    "FEATURE(`enhdnsbl', `{k}.zen.dq.spamhaus.net', `\"550 rejected\"')dnl",
    "R$-.$-\t$: <?> $(dnsbl $2.$1.{k}.zen.dq.spamhaus.net. $: OK $)",
    "addr 192.0.2.1 listed by domain {k}.combined.mail.abusix.zone as 127.0.0.3",
    "1.0.0.0.b.d.0.1.0.0.2.{k}.black.mail.abusix.zone",
    "aa11bb22._email.{k}.hbl.dq.spamhaus.net",
    "example.com.{k}.dbl.dq.spamhaus.net",
    "urirhssub URIBL_BLACK {k}.df.uribl.com. A 2",
    "{k}.4.3.2.1.dnsbl.httpbl.org",
    "1.2.0.192.{k}.r.mail-abuse.com",
    'rbl = "{k}.sip.dnsbl.example.com";',
    "REJECT_RBL_CLIENT {K}.ZEN.DQ.SPAMHAUS.NET",
]
WORDS = [
    'print encode_base64("\\000bob\\@example.org\\000hunter77")',
    "#1 x.php(9): rcmail->login('bob@example.or...', 'hunterhunter', 'localhost', true)",
    "#1 x.php(9): ldap_bind(Object(LDAP\\Connection), 'cn=a,dc=b', 'hunterhunter', Array)",
    "#1 x.php(9): mysqli_connect('localhost', 'mail', 'hunterhunter', 'db')",
    "COMMAND=/usr/sbin/testsaslauthd -s smtp -u bob -p 48210375",
    "COMMAND=/usr/sbin/testsaslauthd -u bob -p 4821",
    "line=[mail.example.net]:587 me:hunterhunter! create=True",
]
"""Passwords that are words or numbers: their place alone tells them."""


def seen(text: str) -> list[str]:
    """Runs of eight characters of the secret, as it is, reversed, in hexadecimal and in base64, that stand in text."""
    runs = [SECRET[i : i + 8] for i in range(len(SECRET) - 7)]
    encoded = [base64.b64encode(b"\0" * n + SECRET.encode()).decode()[4 if n else 0 : -4] for n in range(3)]
    return [run for run in (*runs, *(r[::-1] for r in runs), SECRET.encode().hex(), *encoded) if run in text]


@pytest.mark.parametrize("form", LOG_LINES)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_and_its_value(form: str, name: str) -> None:
    reported = masked_line(form.format(name=name, s=SECRET).encode()).decode()
    assert not seen(reported) and "***" in reported
    assert "relay=[192.0.2.1]" in reported or "relay" not in form


@pytest.mark.parametrize("line", SPOKEN + PRINTED)
def test_a_form_in_a_log(line: str) -> None:
    reported = masked_line(f"Nov 22 09:00:01 mail x[1]: {line}".encode()).decode()
    assert not seen(reported) and "***" in reported
    assert reported.startswith("Nov 22 09:00:01 mail x[1]: ")
    assert masked_line(reported.encode()).decode() == reported


@pytest.mark.parametrize("form", LISTED)
@pytest.mark.parametrize("kind", ["log", "file", "names"])
def test_the_key_in_a_name_of_a_paid_block_list(form: str, kind: str) -> None:
    text = form.format(k=KEY, K=KEY.upper())
    assert masked(text, kind) == form.format(k="***", K="***")


@pytest.mark.parametrize(
    "line",
    [
        "SASL LOGIN authentication failed: UGFzc3dvcmQ6",
        "SASL LOGIN authentication failed: VXNlcm5hbWU6",
        "Password verification failed",
        "FATAL: password authentication failed for user bob",
        "Access denied for user 'mail'@'localhost' (using password: YES)",
        "AUTH LOGIN rejected, no mechanism",
        "250-AUTH PLAIN LOGIN CRAM-MD5",
        "<-- STARTTLS",
        "password expired for bob",
        "unknown password verifier(s) bogus",
        "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd",
        "from=<bob@example.com>, to=<amy@example.com>, relay=mail.example.com:587",
        "2026-11-22 09:00:00 1abcde-000001-AB <= bob@example.com U=mail P=local S=300",
        "pam_unix(passwd:chauthtok): password changed for bob",
        "conn=1 op=1 SRCH attr=uid userPassword mailHost",
        "pam_unix(smtp:account): expired password for user bob@example.org (password aged)",
        "334 UGFzc3dvcmQ6",
        "dovecot: auth: sql(eve,192.0.2.78,<IAJdMr2KUiPAAABu>): unknown user",
        "see https://mail.example.com:8080/a@b",
        "Authentication-Results: mx.example.com; dkim=pass (2048-bit key) header.s=k1; spf=pass smtp.helo=b.example",
        "table-passwd: 61 entries, password field empty in line 13",
        "Invoked with name=anna password=NOT_LOGGING_PASSWORD update_password=always",
        "Kennwort f\u00fcr webform l\u00e4uft in 26 Tagen ab",
        "https://support.google.com/mail/?p=InvalidSecondFactor f9-4.8 - gsmtp",
        "password [success=1 default=ignore] pam_unix.so obscure use_authtok try_first_pass yescrypt",
        "R<PASS> $*\t\t$@ $1",
        "auth_verbose_passwords = sha1:6",
        "LoadCredential=tls-key:/etc/ssl/private/mail.key",
        "password = /etc/mail/secret",
        "secret-santa: anna, bob, carl",
        "Password: (not shown)",
        "    Master-Key: <hidden>",
        'client_send = "<; ; ${extract{login}{PASSWDLINE}} ; ${extract{pass}{PASSWDLINE}}"',
        "xsasl_cyrus_server_auth_response: uncoded server challenge: Password:",
        "relay=mail.example.com[192.0.2.1]:587 said: 535 5.7.8 authentication failed",
        "imtest -p 143 -u bob mail.example.com",
        "Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1",
        "name=4.3.2.1.zen.dq.spamhaus.net type=A: Host not found, try again",
        "listed by domain dnsbl-1.uceprotect.net as 127.0.0.2; example.com.multi.surbl.org; 4.3.2.1.dnsbl.sorbs.net",
        'key "" secret="", next',
        "allow localhost",
        "result: 192.0.2.7:40112",
        'lookup "bob" as USERINFO in table static:<getpwnam> -> "bob:1000:1000:/home/bob"',
        "login host for anna / bob and others",
        "MAILER_DSN=smtp://localhost:25",
        "39 root 1000.0 /usr/sbin/saslauthd saslauthd -a kerberos5 -m /run/saslauthd -n 2",
        "--from-literal",
        "auth_krb5: krb5_get_init_creds_password: Clock skew too great (-1765328347)",
        "krb5_get_init_creds_password(): Cannot contact any KDC for realm 'EXAMPLE.COM'",
        "ldap_get_bind_password: No such file or directory",
        "winbind_read_machine_secret: Permission denied",
    ],
)
def test_a_diagnosis_stays_readable(line: str) -> None:
    assert masked_line(line.encode()) == line.encode()


@pytest.mark.parametrize(
    "line",
    [f"krb5_get_init_creds_password: {SECRET}", f"db_password: {SECRET}", f"ldap_get_bind_password: {SECRET} Success"],
)
def test_a_name_like_that_of_a_function_hides_no_secret(line: str) -> None:
    assert SECRET not in masked_line(line.encode()).decode()


@pytest.mark.parametrize(
    ("path", "text", "stays"),
    [
        ("/etc/passwd", f"tom:{SECRET}:1500:1500:{SECRET}:/home/tom:/bin/sh\n", "tom:***:1500:1500:***:/home/tom:"),
        ("/etc/group", f"mail:{SECRET}:8:bob\n", "mail:***:8:bob"),
        ("/etc/shadow", f"tom:{SECRET}:19000:0:99999:7:::\n", "tom:***:19000:"),
        ("/etc/postfix/sasl_passwd", f"[mail.example.com]:587 user:{SECRET}\n", "[mail.example.com]:587 user:***"),
        ("/root/.pgpass", f"db:5432:mail:bob:{SECRET}\n", "db:5432:mail:bob:***"),
        ("/etc/mail/sendmail.mc", f"define(`MY_PASSWORD', `{SECRET}')dnl\n", "define(`MY_PASSWORD', `***')dnl"),
        ("/etc/mail/sendmail.cf", f"D{{LDAPPW}}{SECRET}\n", "D{LDAPPW}***"),
        ("/etc/pam.d/smtp", f"auth required pam_mysql.so user=m passwd={SECRET} host=db\n", "passwd=*** host=db"),
        ("/etc/mail/x.cf", f"Kx ldap -h l\n\t-w\n\t{SECRET}\n\t-k (uid=%0)\n", "\t-w\n\t***\n\t-k (uid=%0)"),
        ("/root/.netrc", f"machine m\n login me\n password\n   {SECRET}\n", " password\n   ***\n"),
        ("/etc/ldap.secret", "hunter", "***"),
        ("/etc/mail/default-auth-info", "me\nme\nhunter\nexample.net\n", "me\nme\n***\nexample.net\n"),
        ("/etc/pam_radius_auth.conf", "192.0.2.9:1812 hunter 3\n", "192.0.2.9:1812 *** 3"),
        ("/etc/hosts.allow", f"ALL: ALL: spawn (curl x/{SECRET}) &\n", "ALL: ALL: spawn ***"),
        ("/etc/passwd", "a:x:1:1::/h:/bin/sh --otp hunter\n", "/bin/sh ***"),
        ("/etc/x.yaml", f"user: bob\npassword: |\n  {SECRET}\nnext: 1\n", "next: 1"),
        ("/etc/x.yaml", f"- name: DB_PASSWORD\n  value: {SECRET}\n", "value: ***"),
        ("/etc/dma/auth.conf", f"bob|smtp.example.com:{SECRET}\n", "bob|smtp.example.com:***"),
        ("/etc/emailrelay.auth", f"client plain bob {SECRET}\n", "client plain bob ***"),
        ("/etc/maddy/maddy.conf", f"  auth plain bob {SECRET}\n", "  auth plain bob ***"),
        ("/root/.pyzor/accounts", f"h.example : 24441 : bob : 91c2,{SECRET}\n", ": 24441 : bob : ***"),
        ("/var/dcc/ids", f"1234  {SECRET}  {SECRET}x\n", "1234  ***  ***"),
        ("/etc/monit/monitrc", f"  allow bob:{SECRET}\n", "  allow bob:***"),
        ("/etc/nagios/resource.cfg", f"$USER1$=/usr/lib/x\n$USER5$={SECRET}\n", "$USER1$=/usr/lib/x\n$USER5$=***"),
        ("/etc/stunnel/psk.txt", f"client1:{SECRET}\n", "client1:***"),
        ("/etc/uucp/call", f"uunet Ubob {SECRET}\n", "uunet Ubob ***"),
        ("/etc/users.oath", f"HOTP bob - {SECRET}\n", "HOTP bob - ***"),
        ("/root/.google_authenticator", f'{SECRET}\n" TOTP_AUTH\n83516642\n', '***\n" TOTP_AUTH\n***\n'),
        ("/etc/k.pem", f"-----BEGIN PRIVATE KEY-----\n{SECRET * 5}\n-----END PRIVATE KEY-----\nx\n", "\nx\n"),
    ],
)
def test_a_file_of_a_kind(path: str, text: str, stays: str) -> None:
    reported = masked(text, kind_of(path))
    assert not seen(reported) and stays in reported and reported.count("\n") == text.count("\n")


@pytest.mark.parametrize("line", WORDS)
def test_a_word_in_the_place_of_a_password(line: str) -> None:
    reported = masked_line(line.encode()).decode()
    assert "***" in reported and not any(word in reported for word in ("hunter", "4821"))


@pytest.mark.parametrize(
    ("before", "secret", "after"),
    [
        (["a1 LOGIN {3}", "+ OK", "bob {12}", "+ OK"], "hunterhunter", "a1 OK Logged in"),
        (["a1 LOGIN bob {12+}"], "hunterhunter", "a1 OK Logged in"),
        (["considering: $auth1:$auth2", "expanding: $auth1:$auth2"], "result: bob:hunterhunter", "result: yes"),
        (['7 read(9, "\\0\\f", 2) = 2'], '7 read(9, "hunterhunter", 12) = 12', '7 read(9, "x y", 3) = 3'),
    ],
)
def test_a_string_whose_length_was_said_in_the_line_before(before: list[str], secret: str, after: str) -> None:
    """Literals of IMAP, and what saslauthd reads from its socket."""
    stamp = "Nov 29 06:01:25 mail x[3670]: "
    reported = masked("\n".join(stamp + line for line in (*before, secret, after)), "log").split("\n")
    assert "hunter" not in reported[-2] and reported[-2].startswith(stamp) and "***" in reported[-2]
    assert reported[-1] == stamp + after and reported[0] == stamp + before[0]


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ('Environment="A=b" "SMTP_PASS=two words" C=d\n', '"SMTP_PASS=***" C=d'),
        ("auth required pam_mysql.so [passwd=two words] host=x\n", "[passwd=***] host=x"),
        ('x "password=two words user=bob" y\n', '"password=*** user=bob" y'),
        (
            "  -o { a = inline:{ { x = me:two words } { y = me:two words }, z=me:wordsword } }\n",
            "{ y = me:*** }, z=me:*** }",
        ),
        ("=77=6F=72=64=73=77=6F=72=64\n", "***"),
    ],
)
def test_a_value_in_brackets_has_blanks(text: str, stays: str) -> None:
    reported = masked(text, "file")
    assert stays in reported and "words" not in reported and "=77" not in reported


def test_columns_of_courier() -> None:
    text = "mail.example.net,587 office 9073315526\n"
    assert masked(text, kind_of("/etc/courier/esmtpauthclient")) == "mail.example.net,587 office ***\n"


def test_settings_of_pam_and_nsswitch_stay() -> None:
    text = "password requisite pam_unix.so\npassword [success=1 default=ignore] pam_unix.so\npasswd: files systemd\n"
    assert masked(text, "file") == text


secrets = st.text("abcXYZ0123456789", min_size=8, max_size=20).map(lambda word: f"q7{word}Z9")
names = st.sampled_from(NAMES)
separators = st.sampled_from(["=", " = ", ": ", ":", '":"', '" : "'])
wrappings = st.sampled_from([str, urllib.parse.quote, html.escape])


@given(names, separators, secrets, wrappings, st.sampled_from(["", "error ", "Nov 22 09:00:01 mail x[1]: "]))
def test_composed_forms(name: str, separator: str, secret: str, wrapping, before: str) -> None:  # type: ignore[no-untyped-def]
    quote = '"' if '"' in separator else ""
    line = wrapping(f"{quote}{name}{separator}{secret}{quote}")
    assert secret not in masked_line(f"{before}{line} rest".encode()).decode()


@given(st.binary(max_size=300))
def test_any_bytes_are_taken_and_masking_twice_is_masking_once(data: bytes) -> None:
    once = masked_line(data)
    assert masked_line(once) == once


UNITS = [
    "a",
    "mkpasswd -a ",
    "htpasswd -b ",
    "passwd <<< ",
    "aa1bb2cc3dd4ee5ff6gg7.a.",
    "1.2.3.zen.dq.spamhaus.net.",
    "pam_a.so ",
    "{prvs{a}{b",
    "x+api://a",
    "login a / b",
    'pass=0x1 "',
    'key=""a',
    "set password for a@b",
    "pass like ",
    "openssl passwd -1 ",
    "user a/b ",
    "login=a:b ",
    "&{a b} ",
    "verify(a, b",
    "<pass>",
    "P: ",
    "secret: ",
    "a%3Dbcd ",
    '"A_PASS=a b" ',
    "inline:{ {a = b:c ",
    "LOGIN {4}",
    'read(9, "\\0\\4", 2',
    "mysql_servers = a/b/c/d::",
    "QWxhZGRpbjpvcGVu ",
    "ab cd 00  ",
    "&#65;",
    "\\0a\\0b",
    "\u043f\u0430\u0440\u043e\u043b\u044c: ",
    "password ",
    "password=",
    "pass=x ",
    'pw"',
    "AUTH PLAIN ",
    "AUTH=",
    "-p '",
    "-u a:b ",
    "://a:",
    "$1$a",
    "CRYPT(",
    "given password: ",
    "334 ",
    "<-- a",
    "echo a|",
    "='",
    '"P:',
    "%70",
    "eyJaaaa.",
    "Bearer ",
    "\\",
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("kind", ["log", "file"])
def test_hostile_text_takes_time_by_its_length(unit: str, kind: str) -> None:
    """Four times as much takes about four times as long, in one line and in lines; a pass that is quadratic, sixteen
    times."""

    def taken(size: int) -> float:
        text = (unit * (size // len(unit))).encode()
        masker = Masker(kind)
        began = time.process_time()
        masker.line(text)
        for at in range(0, size, 2000):
            masker.line(text[at : at + 2000])
        return time.process_time() - began

    taken(4_000)  # patterns are compiled
    small, large = (min(taken(size) for _ in range(3)) for size in (25_000, 100_000))
    assert large < 9 * small + 0.02


def test_text_that_is_too_dense_to_be_honest_is_struck_out() -> None:
    line = b"x " * 1500 + b"password=hunter2 " * 400
    reported = masked_line(line)
    assert b"hunter2" not in reported and reported.startswith(b"x x x") and masked_line(reported) == reported


def test_a_stream_keeps_bytes_and_line_ends(tmp_path: Path) -> None:
    data = b"a\r\npassword=" + SECRET.encode() + b" \xff\xfe\n\n" + b"z" * 3_000_000
    reported = b"".join(masked_stream(io.BytesIO(data).read, Masker("log")))
    assert reported == data.replace(SECRET.encode(), b"***")


def test_redact_is_a_filter(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_bytes(b"x\r\nx password=" + SECRET.encode() + b"\n")
    command = [sys.executable, "-m", "maildoctor", "redact", str(log), "-"]
    run = subprocess.run(command, input=b"<-- " + WORD.encode(), capture_output=True, check=True)
    assert run.stdout == b"x\r\nx password=***\n<-- ***" and not run.stderr


CONFIGURATION = f"# old: {SECRET}\nsmtp_password={SECRET}\nrelay=mail.example.com\n"
CLEAN = b"# ***\nsmtp_password=***\nrelay=mail.example.com\n"


@pytest.mark.parametrize(
    ("name", "writes"),
    [
        ("smtp.conf", bytes),
        ("smtp.conf.gz", gzip.compress),
        ("smtp.conf.bz2", bz2.compress),
        ("smtp.conf.xz", lzma.compress),
        ("smtp.conf", lambda data: data.decode().encode("utf-16")),
        ("smtp.conf", lambda data: data.decode().encode("utf-16-be")),
        ("smtp.conf", lambda data: data.decode().encode("utf-32")),
        ("smtp.conf.gz", lambda data: gzip.compress(data.decode().encode("utf-16-le"))),
    ],
)
def test_redact_reads_what_is_packed_or_of_wide_letters(
    name: str, writes: Callable[[bytes], bytes], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / name).write_bytes(writes(CONFIGURATION.encode()))
    assert main(["redact", str(tmp_path / name)]) == 0
    assert capfdbinary.readouterr().out == CLEAN


@pytest.mark.parametrize("data", [b"PK\3\4" + SECRET.encode(), b"\x1f\x9d" + SECRET.encode()])
def test_redact_refuses_what_it_cannot_unpack(
    data: bytes, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "x.log").write_bytes(data)
    assert main(["redact", str(tmp_path / "x.log")]) == 2
    reported = capfdbinary.readouterr()
    assert not reported.out and b"cannot unpack" in reported.err


def test_redact_of_a_broken_archive_is_no_success(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "x.log.gz").write_bytes(gzip.compress(os.urandom(99_999))[:5000])
    assert main(["redact", str(tmp_path / "x.log.gz")]) == 2
    assert b"ends in the middle" in capfdbinary.readouterr().err


def test_a_remark_is_one_in_settings_and_not_in_a_log(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name in ("mail.log", "notes"):
        (tmp_path / name).write_bytes(b"# a remark\n")
        assert main(["redact", str(tmp_path / name)]) == 0
        assert capfdbinary.readouterr().out == b"# a remark\n"


def test_redact_of_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redact", str(tmp_path / "none")]) == 2
    assert not capsys.readouterr().out


@pytest.mark.parametrize("kind", [Rooted, Live, Contained, Image, Network, Replay])
def test_every_host_answers_through_the_door(kind: type) -> None:
    assert kind.ask is Door.ask  # type: ignore[attr-defined]


def test_a_recording_that_holds_a_secret_does_not_tell_it() -> None:
    text = f'[host]\nkind = "root"\nname = "x"\ncommands = []\n[read]\n"/x" = "sql_passwd: {SECRET}"\n'
    assert Replay("x", text.encode()).ask("read", "/x") == "sql_passwd: ***"


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--unmatched",), ("--exact", "-vv"), ("--format", "json", "--unmatched")])
def test_no_report_of_triage_holds_a_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    log = tmp_path / "mail.log"
    log.write_text("".join(f"Nov 22 09:00:01 mail sm-mta[1]: {line}\n" for line in SPOKEN))
    main(["triage", str(log), *more])
    out = capsys.readouterr()
    assert not seen(out.out + out.err)


@pytest.mark.parametrize("line", SPOKEN)
def test_no_explanation_holds_a_secret(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", f"Nov 22 09:00:01 mail dovecot: auth: {line}"])
    out = capsys.readouterr()
    assert not seen(out.out + out.err)


@pytest.mark.parametrize("before", range(0, 60, 7))
@pytest.mark.parametrize("form", ['"password":"Tr0ub4dor3Secret"', " password: Tr0ub4dor3Secret "])
def test_a_long_line_is_not_cut_between_a_name_and_its_secret(form: str, before: int) -> None:
    """Pieces of a line of more than a mebibyte are masked one by one."""
    line = ("x" * (1024 * 1024 - before) + "," + form + "," + "y" * 3000 + "\n").encode()
    stream = io.BytesIO(line)
    assert b"Tr0ub4dor3Secret" not in b"".join(masked_stream(stream.read, Masker("log")))

# ruff: noqa: E501 - a log line is as long as it is
"""Every form that a mail program's line takes on its way through loggers, containers and viewers, and hostile ones."""

import re
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maildoctor.triage.headers import Head, peel, when

FAILURE = "AUTH failure (LOGIN): user not found (-20), relay=client.example.net [192.0.2.7]"
SASL = "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: authentication failure"

# line, stamp, host, tag, pid, queue id, message
SHAPES = {
    "rfc3164": (f"May  3 15:17:47 mail postfix/smtpd[10809]: {SASL}", "May  3 15:17:47", "mail", "postfix/smtpd", "10809", "", SASL),
    "rfc3164 one-digit day": (f"Jun 8 18:11:13 mx imap[4480]: {SASL}", "Jun 8 18:11:13", "mx", "imap", "4480", "", SASL),
    "rfc3164 zero day": (f"Feb 09 05:33:28 mx postfix/smtpd[1]: {SASL}", "Feb 09 05:33:28", "mx", "postfix/smtpd", "1", "", SASL),
    "rfc3164 without pid": (f"Aug 22 12:09:41 mx dovecot: imap-login: {SASL}", "Aug 22 12:09:41", "mx", "dovecot", "", "", f"imap-login: {SASL}"),
    "rfc3164 without host": (f"Aug 22 12:09:41 postfix/smtpd[77]: {SASL}", "Aug 22 12:09:41", "", "postfix/smtpd", "77", "", SASL),
    "rfc3164 without host and pid": ("Mar  5 09:37:14 authdaemond: connected", "Mar  5 09:37:14", "", "authdaemond", "", "", "connected"),
    "rfc3164 with priority": (f"<22>May 13 15:17:47 mail postfix/smtpd[1]: {SASL}", "May 13 15:17:47", "mail", "postfix/smtpd", "1", "", SASL),
    "pam in parentheses": ("Jun 17 19:43:13 mx sshd(pam_unix)[30565]: check pass", "Jun 17 19:43:13", "mx", "sshd(pam_unix)", "30565", "", "check pass"),
    "kubernetes pod": (f"May 28 23:21:58 mail-5768b9779d-mngmt postfix/smtps/smtpd[13]: {SASL}", "May 28 23:21:58", "mail-5768b9779d-mngmt", "postfix/smtps/smtpd", "13", "", SASL),
    "french": (f"août 19 11:08:37 mx postfix/smtpd[4961]: {SASL}", "août 19 11:08:37", "mx", "postfix/smtpd", "4961", "", SASL),
    "german with a point": (f"Dez. 19 11:08:37 mx postfix/smtpd[4961]: {SASL}", "Dez. 19 11:08:37", "mx", "postfix/smtpd", "4961", "", SASL),
    "japanese": (f"11月 19 11:08:37 mx postfix/smtpd[4961]: {SASL}", "11月 19 11:08:37", "mx", "postfix/smtpd", "4961", "", SASL),
    "iso with zone": (f"2026-08-29T01:08:59.764590+00:00 mx postfix/smtpd[12]: {SASL}", "2026-08-29T01:08:59.764590+00:00", "mx", "postfix/smtpd", "12", "", SASL),
    "iso without zone": (f"2026-08-29T01:08:59 mx postfix/smtpd[12]: {SASL}", "2026-08-29T01:08:59", "mx", "postfix/smtpd", "12", "", SASL),
    "iso with a level": (f"2026-02-08T16:42:00.441548+00:00 INFO    postfix/smtpd[364]: {SASL}", "2026-02-08T16:42:00.441548+00:00", "", "postfix/smtpd", "364", "", SASL),
    "iso, a message only": (f"2026-02-08T16:42:00.441548Z DEBUG {SASL}", "2026-02-08T16:42:00.441548Z", "", "", "", "", SASL),
    "spaced date with pid": (f"2026-02-08 16:42:00 mx postfix/smtpd[3]: {SASL}", "2026-02-08 16:42:00", "mx", "postfix/smtpd", "3", "", SASL),
    "rfc5424": (f"<22>1 2026-04-24T00:03:21.346602+02:00 mx postfix/smtpd 17614 - - {SASL}", "2026-04-24T00:03:21.346602+02:00", "mx", "postfix/smtpd", "17614", "", SASL),
    "rfc5424 with data": (f'<22>1 2026-04-24T00:03:21Z mx sm-mta 1 ID7 [a@1 k="v \\] \\" w"][b@2] \ufeff394FBCXX002212: {FAILURE}', "2026-04-24T00:03:21Z", "mx", "sm-mta", "1", "394FBCXX002212", FAILURE),
    "rfc5424 empty": ("<22>1 - - - - - - text", "", "", "", "", "", "text"),
    "rfc5424, exim inside": ("<21>1 2026-04-24T00:03:21+02:00 mx exim 17 - [0-a@1] [1\\4] 2026-04-24 00:03:21 fixed_login authenticator failed", "2026-04-24T00:03:21+02:00", "mx", "exim", "17", "", "fixed_login authenticator failed"),
    "solaris": (f"Jan 21 02:02:07 mx sendmail[10558]: [ID 801593 mail.warning] g0L727a10558: {FAILURE}", "Jan 21 02:02:07", "mx", "sendmail", "10558", "g0L727a10558", FAILURE),
    "smartos": ("2026-10-14T15:19:53+02:00 mx dovecot: [ID 583609 mail.crit] auth: Fatal: no", "2026-10-14T15:19:53+02:00", "mx", "dovecot", "", "", "auth: Fatal: no"),
    "freebsd words": (f"Jun 17 14:37:39 <mail.notice> mx sm-mta[2794]: 55HIbcGI002794: {FAILURE}", "Jun 17 14:37:39", "mx", "sm-mta", "2794", "55HIbcGI002794", FAILURE),
    "freebsd numbers": (f"Jan  1 00:00:00 <2.4> mx sm-mta[2794]: {FAILURE}", "Jan  1 00:00:00", "mx", "sm-mta", "2794", "", FAILURE),
    "aix": (f"Nov 10 12:12:12 mx mail:info sendmail[55]: {FAILURE}", "Nov 10 12:12:12", "mx", "sendmail", "55", "", FAILURE),
    "busybox": (f"Nov 10 12:12:12 mx mail.info sendmail[55]: {FAILURE}", "Nov 10 12:12:12", "mx", "sendmail", "55", "", FAILURE),
    "openwrt": (f"Thu Jan  1 12:12:12 2026 mail.warn sendmail[55]: {FAILURE}", "Thu Jan  1 12:12:12 2026", "", "sendmail", "55", "", FAILURE),
    "journal precise": (f"Jan 01 00:00:00.123456 mx postfix/smtpd[1]: {SASL}", "Jan 01 00:00:00.123456", "mx", "postfix/smtpd", "1", "", SASL),
    "journal iso": (f"2026-01-01T00:00:00+0100 mx postfix/smtpd[1]: {SASL}", "2026-01-01T00:00:00+0100", "mx", "postfix/smtpd", "1", "", SASL),
    "journal full": (f"Thu 2026-01-01 00:00:00 CET mx postfix/smtpd[1]: {SASL}", "Thu 2026-01-01 00:00:00 CET", "mx", "postfix/smtpd", "1", "", SASL),
    "journal with unit": (f"Thu 2026-01-01 00:00:00 CET mx postfix@-.service[1]: {SASL}", "Thu 2026-01-01 00:00:00 CET", "mx", "postfix", "1", "", SASL),
    "journal unix": (f"1767222000.123456 mx postfix/smtpd[1]: {SASL}", "1767222000.123456", "mx", "postfix/smtpd", "1", "", SASL),
    "journal monotonic": (f"[   12.345678] mx postfix/smtpd[1]: {SASL}", "[   12.345678]", "mx", "postfix/smtpd", "1", "", SASL),
    "journal verbose": (f"    MESSAGE={SASL}", "", "", "", "", "", SASL),
    "docker compose": (f"postfix-mailcow_1    | Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "docker compose twice": (f"front-1  | front-1 | {SASL}", "", "", "", "", "", SASL),
    "docker compose coloured": (f"\x1b[36mmail-1  |\x1b[0m Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "docker timestamps": (f"2026-08-18T14:00:00.000000000Z Jul 31 01:00:00 mx postfix/smtpd[2]: {SASL}", "2026-08-18T14:00:00.000000000Z", "mx", "postfix/smtpd", "2", "", SASL),
    "kubectl timestamps, bare": (f"2026-08-18T14:00:00.000000000Z {SASL}", "2026-08-18T14:00:00.000000000Z", "", "", "", "", SASL),
    "kubernetes cri": (f"2026-08-18T14:00:00.0Z stdout F Jul 31 01:00:00 mx postfix/smtpd[2]: {SASL}", "2026-08-18T14:00:00.0Z", "mx", "postfix/smtpd", "2", "", SASL),
    "kubernetes cri, bare": (f"2026-08-18T14:00:00.0Z stderr F {SASL}", "2026-08-18T14:00:00.0Z", "", "", "", "", SASL),
    "rancher": (f"Thu, Apr 29 2026 3:01:35 pm | Apr 29 20:01:34 POD postfix/smtpd[2]: {SASL}", "Thu, Apr 29 2026 3:01:35 pm", "POD", "postfix/smtpd", "2", "", SASL),
    "mailcow page": (f"25/09/2026, 18:28:40 | warning | {SASL}", "25/09/2026, 18:28:40", "", "", "", "", SASL),
    "multilog": (f"@400000006a5c2f3a1b2c3d4e {SASL}", "@400000006a5c2f3a1b2c3d4e", "", "", "", "", SASL),
    "aggregated bsd": (f"- 1131566461 2026.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond[2915]: {SASL}", "Nov 9 12:01:01", "dn228/dn228", "crond", "2915", "", SASL),
    "dovecot own": ("Jun 12 23:06:05 auth-worker(57065): Info: Password mismatch", "Jun 12 23:06:05", "", "dovecot", "", "", "auth-worker(57065): Info: Password mismatch"),
    "dovecot own, iso": ("2026-01-01 00:00:00 auth: Error: LDAP: no", "2026-01-01 00:00:00", "", "dovecot", "", "", "auth: Error: LDAP: no"),
    "dovecot 1": ("Jun 12 23:06:05 auth(default): Fatal: no", "Jun 12 23:06:05", "", "dovecot", "", "", "auth(default): Fatal: no"),
    "dovecot user": ("Oct 31 19:34:49 imap(test@example.com): Error: no", "Oct 31 19:34:49", "", "dovecot", "", "", "imap(test@example.com): Error: no"),
    "exim": ("2026-08-27 12:37:47 login authenticator failed for (x) [192.0.2.9]: 435 Unable", "2026-08-27 12:37:47", "", "exim", "", "", "login authenticator failed for (x) [192.0.2.9]: 435 Unable"),
    "exim id": ("2026-08-27 12:37:47 [99] 1abcDE-000000-00 <= test@example.com", "2026-08-27 12:37:47", "", "exim", "99", "1abcDE-000000-00", "<= test@example.com"),
    "exim long id, zone": ("2026-08-27 12:37:47.123 +0200 1qRsTu-00000001abC-0dEf == x", "2026-08-27 12:37:47.123 +0200", "", "exim", "", "1qRsTu-00000001abC-0dEf", "== x"),
    "exim by syslog": ("Aug 27 12:37:47 mx exim[7]: 1abcDE-000000-00 <= test@example.com", "Aug 27 12:37:47", "mx", "exim", "7", "1abcDE-000000-00", "<= test@example.com"),
    "exim in another's frame": ("mail.example.com exim[3751842]: 2026-07-17 23:20:49 plain_server authenticator failed", "2026-07-17 23:20:49", "mail.example.com", "exim", "3751842", "", "plain_server authenticator failed"),
    "opensmtpd": ("Jan 29 20:57:33 mx smtpd[25121]: e2697e6bd08d77f8 smtp event=authentication", "Jan 29 20:57:33", "mx", "smtpd", "25121", "e2697e6bd08d77f8", "smtp event=authentication"),
    "audit": ("type=AVC msg=audit(1716541501.113:12346): avc:  denied", "1716541501.113", "", "audit", "", "", "type=AVC msg=audit(1716541501.113:12346): avc:  denied"),
    "host, no time": (f"mx postfix/smtpd[2088]: {SASL}", "", "mx", "postfix/smtpd", "2088", "", SASL),
    "pid struck out": (f"postfix/smtpd[...]: {SASL}", "", "", "postfix/smtpd", "", "", SASL),
    "saslauthd on stderr": ("saslauthd[26] :auth failure: [user=test]", "", "", "saslauthd", "26", "", "auth failure: [user=test]"),
    "saslauthd at start": ("saslauthd: startup failed", "", "", "saslauthd", "", "", "startup failed"),
    "bare": (SASL, "", "", "", "", "", SASL),
    "bare with queue id": (f"NOQUEUE: {FAILURE}", "", "", "", "", "NOQUEUE", FAILURE),
    "quoted": (f"  > Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "commented": (f"    # Aug  9 11:33:04 mx postfix/smtpd[12]: {SASL}", "Aug  9 11:33:04", "mx", "postfix/smtpd", "12", "", SASL),
    "dialogue": ("<<< 534-5.7.9 Application-specific password required.", "", "", "", "", "", "<<< 534-5.7.9 Application-specific password required."),
    "reply": ("535 5.7.8 Error: authentication failed", "", "", "", "", "", "535 5.7.8 Error: authentication failed"),
    "client's own": ("[2026-11-16 11:57:26] 535 5.7.139 Authentication unsuccessful", "2026-11-16 11:57:26", "", "", "", "", "535 5.7.139 Authentication unsuccessful"),
    "quoted without a space": (f">>Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "quoted twice": (f"> > Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "column of a table": (f"| Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "in bold": (f"**Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "in code": (f"`Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "behind a fence": (f"```Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "forum": (f"[code]Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "page": (f"<pre><code>Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "list": (f"- Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "list of stars": (f"* Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "grep -n": (f"812:Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "cat -n": (f"   812\tDec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "grep -H": (f"/var/log/mail.log.1:Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "grep -Hn": (f"mail.log:812:Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "without its date": (f"16:23:31 mx postfix/smtpd[4]: {SASL}", "", "mx", "postfix/smtpd", "4", "", SASL),
    "without its date, in brackets": (f"[16:23:31.123] postfix/smtpd[4]: {SASL}", "", "", "postfix/smtpd", "4", "", SASL),
    "without its date, dovecot": ("16:23:31 mx dovecot: imap-login: Disconnected", "", "mx", "dovecot", "", "", "imap-login: Disconnected"),
    "docker compose, no space": (f"mail-1  |Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL}", "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", SASL),
    "supervisord": ("2026-08-18 14:00:00,123 DEBG 'saslauthd' stderr output:", "2026-08-18 14:00:00,123", "", "", "", "", ""),
    "supervisord, in compose": (f"mail-1  | 2026-08-18 14:00:00,123 DEBG 'postfix' stdout output: {SASL}", "2026-08-18 14:00:00,123", "", "", "", "", SASL),
    "json-file": (f'{{"log":"Dec 11 16:23:31 mx postfix/smtpd[4]: {SASL} to=\\u003ca@example.com\\u003e\\n","stream":"stdout","time":"2026-12-11T16:23:31.1Z"}}', "Dec 11 16:23:31", "mx", "postfix/smtpd", "4", "", f"{SASL} to=<a@example.com>"),
    "no colon": (f"postfix/smtpd[4]   {SASL}", "", "", "postfix/smtpd", "4", "", SASL),
    "no colon behind a time": ("Dec 11 16:23:31 mx saslauthd[4] do_auth : auth failure", "Dec 11 16:23:31", "mx", "saslauthd", "4", "", "do_auth : auth failure"),
    "space before the bracket": ("Mar  6 13:54:42 saslauthd [5734]: DEBUG: auth_pam", "Mar  6 13:54:42", "", "saslauthd", "5734", "", "DEBUG: auth_pam"),
    "no program": ("Mar  6 13:54:42 mx [5734]: pam_mysql - required option", "Mar  6 13:54:42", "mx", "", "5734", "", "pam_mysql - required option"),
    "forwarded with another time and host": (f"2026-08-18T14:00:00.000000000Z node1 Jul 31 01:00:00 mx postfix/smtpd[2]: {SASL}", "2026-08-18T14:00:00.000000000Z", "mx", "postfix/smtpd", "2", "", SASL),
    "forwarded, its month cut off": (f"2026-08-18T14:00:00.000000000Z node1 31 01:00:00 mx postfix/smtpd[2]: {SASL}", "2026-08-18T14:00:00.000000000Z", "mx", "postfix/smtpd", "2", "", SASL),
    "quoted without its time": (' " mx dovecot: auth: Error: sql', "", "mx", "dovecot", "", "", "auth: Error: sql"),
    "s6's syslogd": (f"2025-12-09 13:47:23.006632550  mail.err: Dec  9 13:47:23 mx postfix/smtpd[2]: {SASL}", "2025-12-09 13:47:23.006632550", "mx", "postfix/smtpd", "2", "", SASL),
    "python's logging is not exim": ("2016-01-27 22:40:52,116 pykolab.auth ERROR no", "", "", "", "", "", "2016-01-27 22:40:52,116 pykolab.auth ERROR no"),
    "imap greeting": ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready", "", "", "", "", "", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready"),
    "empty": ("", "", "", "", "", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str) -> None:
    line, *parts = SHAPES[name]
    assert peel(line.encode()) == (*(part.encode() for part in parts), 1)


@pytest.mark.parametrize("name", SHAPES)
def test_a_carriage_return_stays_out(name: str) -> None:
    line, *parts = SHAPES[name]
    assert peel(line.encode() + b"\r") == (*(part.encode() for part in parts), 1)


QUEUE_IDS = [
    ("sm-mta", "394FBCXX002212"), ("sm-mta", "xA32R2PQ3529566"), ("sendmail", "g0L727a10558"), ("sendmail", "LAA12345"),
    ("sm-mta", "NOQUEUE"), ("postfix/smtp", "B46951A4DB1F8"), ("postfix/qmgr", "36F1612"), ("opendkim", "5169E419"),
    ("postfix/smtp", "4J9bQ52ZtZz1xJ"), ("postfix/cleanup", "3Pt2mN2VXxznjll"),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "queue_id"), QUEUE_IDS)
def test_queue_id(tag: str, queue_id: str) -> None:
    head = peel(f"Oct  4 10:11:12 mx {tag}[12]: {queue_id}: text of it".encode())
    assert (head.queue_id, head.message) == (queue_id.encode(), b"text of it")


def test_queue_id_of_digits_only_needs_what_postfix_says_after_it() -> None:
    assert peel(b"Oct  4 10:11:12 mx postfix/qmgr[12]: 12345678901: from=<a@example.com>").queue_id == b"12345678901"
    assert peel(b"Oct  4 10:11:12 mx x[12]: 12345678901: attack").queue_id == b""


@pytest.mark.parametrize("word", [
    "warning", "connect", "disconnect", "fatal", "AUTH", "STARTTLS=server", "DEADBEEF", "12345", "error", "FACADE",
    "unknown[192.0.2.1]", "test@example.com", "ACCEDED", "zzzzzzzzzzzzzz", "sendmail000001", "password123456",
])  # fmt: skip
def test_word_that_is_no_queue_id(word: str) -> None:
    head = peel(f"Oct  4 10:11:12 mx postfix/smtpd[12]: {word}: text".encode())
    assert (head.queue_id, head.message) == (b"", f"{word}: text".encode())


HOSTILE_NAMES = [
    "Oct 31 19:34:49 imap(x postfix/smtpd[1]: AUTH failure): Error: no",
    "2026-08-27 12:37:47 H=evil sm-mta[12]: AUTH failure rejected",
    "2026-08-27 12:37:47 login authenticator failed for (mx sm-mta[1]:) [192.0.2.9]",
]


@pytest.mark.parametrize("line", HOSTILE_NAMES)
def test_a_strangers_text_is_no_header(line: str) -> None:
    assert peel(line.encode()).tag in (b"dovecot", b"exim")


REPEATS = {
    f"Oct  4 10:11:12 mx postfix/smtpd[12]: message repeated 3 times: [ {SASL}]": (3, b"postfix/smtpd", b"", SASL),
    f"Oct  4 10:11:12 mx sm-mta[12]: message repeated 2 times: [394FBCXX002212: {FAILURE}]": (2, b"sm-mta", b"394FBCXX002212", FAILURE),
    "Jun  5 19:43:16 mx last message repeated 4 times": (4, b"", b"", ""),
    "Jun  5 19:43:16 last message repeated 1 time": (1, b"", b"", ""),
    "Jun  5 19:43:16 <mail.info> mx last message repeated 9 times": (9, b"", b"", ""),
    "last message repeated 5 times": (5, b"", b"", ""),
    "> --- last message repeated 5 times ---": (5, b"", b"", ""),
    "mx last message repeated 5 times": (5, b"", b"", ""),
}  # fmt: skip


@pytest.mark.parametrize("line", REPEATS)
def test_repetition(line: str) -> None:
    head = peel(line.encode())
    repeat, tag, queue_id, message = REPEATS[line]
    assert (head.repeat, head.tag, head.queue_id, head.message) == (repeat, tag, queue_id, message.encode())


def test_repetition_is_believed_only_at_the_beginning() -> None:
    line = b"Oct  4 10:11:12 mx sshd[1]: Invalid user message repeated 999 times: [ x]"
    assert peel(line).repeat == 1


_colour = re.compile(rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\([A-Z0-9])")
_pieces = st.sampled_from([
    b"Oct  4 10:11:12 ", b"2026-01-01T00:00:00Z ", b"2026-01-01 00:00:00 ", b"<22>", b"<22>1 ", b"mx ", b"sm-mta[1]: ", b"exim: ",
    b"postfix/smtpd[2]: ", b"message repeated 2 times: [ ", b"]", b"last message repeated 4 times", b"| ", b"a | ", b"[", b"\\", b'"',
    b"> ", b"394FBCXX002212: ", b"stdout F ", b"\x1b[0m", b"[ID 1 mail.info] ", b" - - - ", b"imap(", b"): Info: ", b"\x00", b"\xff",
])  # fmt: skip
_lines = st.lists(_pieces | st.binary(max_size=12), max_size=14).map(
    lambda pieces: b"".join(pieces).replace(b"\n", b"")
)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(_lines)
@example(b"\x1b\x1b[0m[0m")
def test_peel_never_raises_and_gives_the_end_of_the_line(line: bytes) -> None:
    head = peel(line)
    clean = _colour.sub(b"", line).removesuffix(b"\r")
    assert isinstance(head, Head) and head.repeat >= 0
    assert clean.endswith(head.message) or re.search(re.escape(head.message) + rb" *\]$", clean)
    when(head.stamp, 1.8e9)


@pytest.mark.parametrize("piece", [
    b"a", b" ", b"a ", b"[a \\]", b'[x a="', b"\x1b[", b"> ", b"a | ", b"Oct  4 10:11:12 ", b"2026-01-01T00:00:00Z ", b"(", b"AB",
    b"message repeated 2 times: [ ", b"\xff", b": ", b"imap(", b"1", b"1 ", b"<1>", b"[1/2] ", b"\\]", b'"',
    b">", b"|", b"*", b"`", b"<p>", b"a/", b"12:", b"1:23:45 ", b"a.b ", b'{"log":"', b'\\n","', b"a [1] ",
])  # fmt: skip
@pytest.mark.parametrize("begin", [
    b"", b"Oct  4 10:11:12 ", b"<22>1 2026-01-01T00:00:00Z h a 1 - ", b"Oct  4 10:11:12 mx x: ", b"2026-01-01 00:00:00 ", b"imap(",
])  # fmt: skip
def test_a_hostile_line_costs_bounded_time(begin: bytes, piece: bytes) -> None:
    line = begin + piece * (100_000 // len(piece))
    best = min(_timed(line) for _ in range(3))
    assert best < 0.02


def _timed(line: bytes) -> float:
    start = time.perf_counter()
    peel(line)
    return time.perf_counter() - start


NOW = datetime(2026, 1, 3, 12, 0, tzinfo=UTC).timestamp()
TIMES = {
    "Jan  2 03:04:05": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "Jan 2 03:04:05.25": datetime(2026, 1, 2, 3, 4, 5, 250000, tzinfo=UTC),
    "Dec 31 23:59:59": datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC),
    "Jan  4 11:00:00": datetime(2026, 1, 4, 11, tzinfo=UTC),  # clocks differ
    "Jan  5 00:00:00": datetime(2025, 1, 5, tzinfo=UTC),
    "Feb 29 00:00:00": datetime(2024, 2, 29, tzinfo=UTC),
    "août 19 11:08:37": datetime(2025, 8, 19, 11, 8, 37, tzinfo=UTC),
    "Dez. 19 11:08:37": datetime(2025, 12, 19, 11, 8, 37, tzinfo=UTC),
    "11月 19 11:08:37": datetime(2025, 11, 19, 11, 8, 37, tzinfo=UTC),
    "2026-08-29T01:08:59.5+00:00": datetime(2026, 8, 29, 1, 8, 59, 500000, tzinfo=UTC),
    "2026-08-29T01:08:59,5Z": datetime(2026, 8, 29, 1, 8, 59, 500000, tzinfo=UTC),
    "2026-08-29T01:08:59+0200": datetime(2026, 8, 29, 1, 8, 59, tzinfo=timezone(timedelta(hours=2))),
    "2026-08-29 01:08:59 -03:30": datetime(2026, 8, 29, 1, 8, 59, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
    "2026-08-29 01:08:59": datetime(2026, 8, 29, 1, 8, 59, tzinfo=UTC),
    "Thu 2026-01-01 00:00:00 UTC": datetime(2026, 1, 1, tzinfo=UTC),
    "Thu Jan  1 12:12:12 2026": datetime(2026, 1, 1, 12, 12, 12, tzinfo=UTC),
    "Thu, Apr 29 2026 3:01:35 pm": datetime(2026, 4, 29, 15, 1, 35, tzinfo=UTC),
    "Thu, Apr 29 2026 12:01:35 am": datetime(2026, 4, 29, 0, 1, 35, tzinfo=UTC),
    "25/09/2026, 18:28:40": datetime(2026, 9, 25, 18, 28, 40, tzinfo=UTC),
    "1767222000.5": datetime.fromtimestamp(1767222000.5, UTC),
    "@40000000695571fa00000000": datetime.fromtimestamp(0x695571FA - 10, UTC),
    "2026-01-01T23:59:60Z": datetime(2026, 1, 2, tzinfo=UTC),
}


@pytest.mark.parametrize("stamp", TIMES)
def test_time(stamp: str) -> None:
    assert when(stamp.encode(), NOW, UTC) == TIMES[stamp].timestamp()
    assert when(stamp.encode(), NOW, UTC) == TIMES[stamp].timestamp()  # remembered by now


@pytest.mark.parametrize("stamp", ["", "Foo  1 00:00:00", "Feb 30 00:00:00", "2026-13-01T00:00:00Z", "[   12.345678]", "x" * 15,
                                   "2026-01-01T00:00:xxZ", "Jan  1 00:00:xx"])  # fmt: skip
def test_no_time(stamp: str) -> None:
    assert when(stamp.encode(), NOW, UTC) is None


def test_zone_is_that_of_this_machine_unless_told() -> None:
    assert when(b"2026-08-29 01:08:59", NOW) == datetime(2026, 8, 29, 1, 8, 59).timestamp()
    east = timezone(timedelta(hours=9))
    assert when(b"2026-08-29 01:08:59", NOW, east) == datetime(2026, 8, 29, 1, 8, 59, tzinfo=east).timestamp()

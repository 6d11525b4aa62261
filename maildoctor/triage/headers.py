"""What stands before the message of a log line: time, host, program, process, queue id. Any logger's form, no I/O.

`peel` tries the usual syslog line first, one regex; what it does not know loses its wrappers (a container's name and
time, a viewer's columns and numbers, a page's marks, colours, quotes) one by one until it is a line of a known form or
a bare message. No pattern here can backtrack further than a header is long, so a line of any length costs what its copy
costs.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from maildoctor.stamps import names_a_day, when

__all__ = ["Head", "peel", "when"]


class Head(NamedTuple):
    """A line taken apart. What the line does not say is empty.

    `tag`: the program without its pid, `exim` and `dovecot` for their own log files. `queue_id`: of any mail program,
    `NOQUEUE` too, or the session id of OpenSMTPD. `repeat`: how many times the message happened by this line; where
    it says only that the last one of this host was repeated, `message` is empty.
    """

    stamp: bytes
    host: bytes
    tag: bytes
    pid: bytes
    queue_id: bytes
    message: bytes
    repeat: int = 1


_BSD = rb"[A-Z][a-z][a-z] [ \d]?\d \d\d:\d\d:\d\d(?:\.\d{1,9})?"
_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_SPACED = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?"

# A queue id is taken off only in a shape that no word has: sendmail's begins with a date in its own digits (year, month
# 0 to B, day 1 to V, hour 0 to N), Postfix's short one has hexadecimal letters and digits, its long one no vowel.
_SENDMAIL_DATE = rb"[0-9A-Za-x][0-9AB][1-9A-V][0-9A-N]"
_QUEUE_ID = (
    rb"NOQUEUE"
    rb"|" + _SENDMAIL_DATE + rb"(?:[0-9A-Za-x]{4}\d{6,7}|[0-9A-Za-x]{2}[0-9A-Za-z]\d{5})"
    rb"|(?=\d{0,15}[A-F])(?=[A-F]{0,15}\d)[0-9A-F]{5,16}"
    rb"|[0-9BCDFGHJ-NP-TV-Zbcdfghj-np-tv-z]{10,12}z[0-9BCDFGHJ-NP-TV-Zbcdfghj-np-tv-y]{1,12}"
    rb"|[A-Z]{3}\d{5}"
    rb"|\d{8,16}(?=: (?:from=|to=|client=|message-id=|removed|uid=|SASL|host |sender|reject|warning: ))"
)
_EXIM_ID = rb"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"

# A host is told from a program by what follows it: a program ends in `:` or `[pid]:`. No parenthesis and no `=` in a
# host, lest what a stranger wrote in Dovecot's `imap(user name)` or Exim's `H=(name)` be taken for a program.
_HOST = rb"[^\s\[\]()=]{0,254}[^\s\[\]()=:]"
_TAG = rb"[^\s:\[\]]{1,128}"
_AFTER_TAG = rb"(?:\[ID \d{1,10} [a-z0-9.]{1,32}\] )?(?:(" + _QUEUE_ID + rb"): )?"

_FREEBSD = rb"<[a-z0-9]{1,16}\.[a-z0-9]{1,16}>"  # <mail.notice>, <2.4>
_WORD_LEVEL = rb"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)"

_usual = re.compile(
    rb"(" + _BSD + rb"|" + _ISO + rb"(?! ++" + _WORD_LEVEL + rb" )) ++(?:" + _FREEBSD + rb" )?"
    rb"(" + _HOST + rb") ++(" + _TAG + rb")(?:\[(\d{1,10})\])?: " + _AFTER_TAG
).match

_LEVEL_MARK = (
    rb"(?:" + _FREEBSD + rb"|[a-z0-9]{1,12}:[a-z|]{1,24}"  # AIX: mail:info
    rb"|(?:kern|user|mail|daemon|auth|syslog|authpriv|local[0-7])\.[a-z]{1,8})"  # busybox, OpenWrt: mail.info
)
_MONTH = rb"(?:[A-Za-z\x80-\xff]{2,12}\.?|\d{1,2}\xe6\x9c\x88)"
_DAY_NAME = rb"[A-Za-z\x80-\xff]{2,12}\.?,?"
_ANY_STAMP = (
    rb"(?:(?:" + _DAY_NAME + rb" )?" + _MONTH + rb" {1,2}\d{1,2}(?: \d{4})? \d{1,2}:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4})?"
    rb"|(?:" + _DAY_NAME + rb" )?" + _SPACED + rb"(?: [A-Z]{3,5})?"
    rb"|" + _ISO + rb"|\d{10}\.\d{3,9}|\[ {0,12}\d{1,12}\.\d{6}\])"
)
_rare = re.compile(
    rb"(" + _ANY_STAMP + rb") ++(?:" + _LEVEL_MARK + rb" )?(?:(?:" + _WORD_LEVEL + rb"|(" + _HOST + rb")) ++)??"
    rb"(?:" + _LEVEL_MARK + rb" )?(" + _TAG + rb")(?:\[(\d{1,10})\])?(?: \([^\s()]{1,64}\))?: ?" + _AFTER_TAG
).match  # fmt: skip
_rfc5424 = re.compile(
    rb"(?:<\d{1,3}>)?1 (-|" + _ISO + rb") (-|\S{1,255}) (-|\S{1,64}) (-|\S{1,128}) \S{1,64} "
    rb"(?:-|(?:\[(?:[^\]\\\"]|\\.|\"(?:[^\"\\]|\\.){0,4096}\"){0,4096}\])+) ?(?:\xef\xbb\xbf)?" + _AFTER_TAG
).match
_repeated_last = re.compile(
    rb"(?:(" + _ANY_STAMP + rb") ++(?:" + _LEVEL_MARK + rb" )?)?(?:(" + _HOST + rb") ++)??"
    rb"(?:-{2,3} )?last message repeated (\d{1,9}) times?\b"
).match
_repeated = re.compile(rb"message repeated (\d{1,9}) times?: \[ ?" + rb"(?:(" + _QUEUE_ID + rb"): )?").match
_queued = re.compile(rb"(" + _QUEUE_ID + rb"): ").match
_stamp_only = re.compile(rb"(" + _ANY_STAMP + rb")(?: +" + _WORD_LEVEL + rb"\b)? ++").match
_audit = re.compile(rb"type=[A-Z_0-9]{1,32} msg=audit\((\d{1,12}\.\d{3}):\d{1,20}\): ").match

_exim = re.compile(
    rb"(?:\[\d{1,4}[\\/]\d{1,4}\] )?(?:(" + _SPACED + rb") )?(?:\[(\d{1,10})\] )?(?:(" + _EXIM_ID + rb") )?"
).match
_DOVECOT_SERVICE = (
    rb"(?:auth(?:-worker)?|imap(?:-login|-hibernate|-urlauth\S{0,16})?|pop3(?:-login)?|lmtp|lda|deliver|master|anvil|"
    rb"config|log|stats|old-stats|managesieve(?:-login)?|submission(?:-login)?|doveadm(?:-server)?|director|"
    rb"dict(?:-\S{1,8})?|ssl-params|indexer(?:-worker)?|replicator|aggregator|ipc|dns-client|quota-status|dovecot)"
)
_dovecot = re.compile(
    rb"(" + _BSD + rb"|" + _SPACED + rb") (?=(?:" + _DOVECOT_SERVICE + rb"(?:\(|: )"
    rb"|(?:Debug|Info|Warn|Warning|Error|Fatal|Panic): " + _DOVECOT_SERVICE + rb"(?:\(|: )"  # Dovecot 1.x
    rb"|[\w.-]{1,32}(?:\([^\n]{0,300}\)(?:<[^\n]{0,100}>)?)?: (?:Debug|Info|Warning|Error|Fatal|Panic): ))"
).match
_opensmtpd = re.compile(rb"([0-9a-f]{16}) (?=smtp |mta |mda |rejected)").match

# A line without a time says its program only in the form `name[pid]:`, or by a name that no message begins with.
_timeless = re.compile(
    rb"(?:(" + _HOST + rb") )?(?:(" + _TAG + rb")\[(?:(\d{1,10})|[nNx]{1,6}|\.{2,3}|\xe2\x80\xa6)\](?::| :)"
    rb"|(sendmail|sm-mta|sm-msp-queue|saslauthd|newaliases|makemap|postconf|postmap|postalias|authdaemond|dovecot|exim"
    rb"|postfix(?:/[\w-]{1,32}){1,3}):) ?" + _AFTER_TAG
).match

# What was typed or pasted without its colon, with a space before the bracket, or without its program: only by a name
# that no message begins with, or behind time and host.
_HOST_OR_TAG = rb"(?:[\w.-]{1,255} )?[\w./-]{1,64}(?:\[\d{1,10}\])?: "
_OF_MAIL = (
    rb"(?:sendmail|sm-mta|sm-msp-queue|saslauthd|authdaemond|dovecot|exim4?|smtpd|postfix(?:/[\w-]{1,32}){1,3}"
    rb"|cyrus/[\w-]{1,32}|imapd?)"
)
_misshapen = re.compile(
    rb"(?:(" + _ANY_STAMP + rb") ++)?(?:(" + _HOST + rb") ++)??"
    rb"(?:(" + _OF_MAIL + rb") {0,2}\[(\d{1,10})\](?: ?: *+| ++)|(?<= )\[(\d{1,10})\]: ++)" + _AFTER_TAG
).match

_CLOUD_TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_no_program = re.compile(
    rb"(?i:warning|error|fatal|panic|info|notice|debug|sasl|tls|reject)$|(?:" + _QUEUE_ID + rb")$"
).match
_BEGINS = rb"(?=" + _BSD + rb" |" + _ISO + rb" |" + _SPACED + rb" |<\d{1,3}>)"
_CLOCK = rb"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?"
_wrapper = re.compile(
    rb"(?:[ \t]++"
    rb"|[A-Za-z0-9][\w.-]{0,127} *+\|(?: |" + _BEGINS + rb")"  # docker compose
    rb"|[>#|] ++|>(?=>|" + _BEGINS + rb")"  # quoted in a mail, commented in a file, a column of a table
    rb"|\*\*(?=[^\s*])|`{1,3}|</?(?:pre|code|p|div|li|span)>|\[/?(?:code|quote)\]"  # a page's or a forum's marks
    rb"|(?:[-*\"']|\xe2\x80\xa2) {0,4}" + _BEGINS +  # an item of a list
    rb"|(?:[\w./-]{1,200}[:-])?\d{1,7}[:|.)-]?[ \t]*+" + _BEGINS +  # numbered by grep -n, cat -n or an editor
    rb"|[\w./-]{1,200}:" + _BEGINS +  # named by grep -H
    rb"|<\d{1,3}>(?!1 )"  # priority of a raw syslog datagram
    rb"|'[^'\s]{1,64}' std(?:out|err) output:"
    rb"|\[?(?:\d{1,2} )?" + _CLOCK + rb"(?: ?[AaPp][Mm])?\]? ++"  # without its date
    rb"(?=" + _HOST_OR_TAG + rb"|" + _WORD_LEVEL + rb" )"
    rb"|[\"'] {0,4}(?=[\w.-]{1,255} " + _OF_MAIL + rb"(?:\[\d{1,10}\])?: )"  # quoted without its time
    rb"|(" + _CLOUD_TIME + rb") [\w.-]{1,255} (?=" + _BSD + rb" |\d{1,2} " + _CLOCK + rb" )"  # by whom it was forwarded
    rb"|(" + _CLOUD_TIME + rb") std(?:out|err) [FP] "  # Kubernetes CRI, docker json-file reshaped
    rb"|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (?!\S{1,255} " + _TAG + rb"\[\d)"  # docker logs -t, kubectl
    rb"|(" + _CLOUD_TIME + rb") (?=" + _BSD + rb" |" + _SPACED + rb" |<\d{1,3}>|type=)"
    rb"|(" + _DAY_NAME + rb" [A-Z][a-z]{2} {1,2}\d{1,2} \d{4} \d{1,2}:\d\d:\d\d [ap]m) \| "  # Rancher
    rb"|(\d\d/\d\d/\d{4}, \d\d:\d\d:\d\d) \| \w{1,16} \| "  # mailcow's page
    rb"|\[(" + _SPACED + rb")\] "  # many a client's own log
    rb"|(@[0-9a-f]{24}) "  # multilog, TAI64N
    rb"|- \d{10} \d{4}\.\d\d\.\d\d \S{1,255} (?=" + _BSD + rb")"  # aggregated BSD logs
    rb"|MESSAGE=)"  # journalctl -o verbose
).match  # fmt: skip
# All that stands before a line of Exim's or Dovecot's own file, which is as long as syslog's: not looked for among all.
_supervisord = re.compile(
    rb"(" + _SPACED + rb") (?:(?:TRAC|BLAT|DEBG|INFO|WARN|ERRO|CRIT) (?=')"
    rb"| ?[a-z0-9]{1,12}\.[a-z]{1,8}: (?=" + _BSD + rb" ))"  # s6's syslogd, with facility and level
).match
_JSON, _JSON_END = b'{"log":"', b'\\n","'
_JSON_WRITES = ((b'\\"', b'"'), (b"\\u003c", b"<"), (b"\\u003e", b">"), (b"\\u0026", b"&"), (b"\\\\", b"\\"))
_DIGITS = frozenset(b"%c" % character for character in b"0123456789<")
_WRAPPERS = 6
"""Wrappers taken off one line at most: a compose prefix around a container's time around a quote is three."""

_colours = re.compile(rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\([A-Z0-9])").sub


def peel(line: bytes) -> Head:
    """A line without its line end taken apart. Never raises; `message` is the end of `line`, but for colours and for
    the bracket that closes a repeated message. About a microsecond for the usual line."""
    if b"\x1b" in line:
        line = _colours(b"", line)
    if line[-1:] == b"\r":
        line = line[:-1]
    usual = _usual(line)
    if usual is None:
        return _unusual(line)
    stamp, host, tag, pid, queue_id = usual.groups(b"")
    message = line[usual.end() :]
    if message[:9] == b"message r" or tag[:4] == b"exim" or tag == b"smtpd":
        return _inner(stamp, host, tag, pid, queue_id, message)
    return _head(Head, (stamp, host, tag, pid, queue_id, message, 1))


_head = tuple.__new__
"""Makes a Head as its own constructor does, in half the time."""


def _unusual(line: bytes) -> Head:
    if line[:8] == _JSON:  # docker's json-file, read from its folder
        line = line[8 : max(line.rfind(_JSON_END), 8)]
        for written, meant in _JSON_WRITES:
            line = line.replace(written, meant)
        return peel(line)
    stamp = b""
    for _ in range(_WRAPPERS):
        dated = line[10:11] == b" " and line[4:5] == b"-"
        wrapper = _supervisord(line) if dated else _wrapper(line)
        if wrapper is None:
            break
        stamp = stamp or (wrapper[wrapper.lastindex] if wrapper.lastindex else b"")
        line = line[wrapper.end() :]
    head = _formed(line)
    return head._replace(stamp=stamp) if stamp else head


def _formed(line: bytes) -> Head:
    """A line without wrappers, of whatever form."""
    if line[:1] not in _DIGITS:
        forms = _by_letter
    else:
        forms = _by_space if line[10:11] == b" " else _by_digit
    for form in forms:
        head = form(line)
        if head is not None:
            return head
    bare = _queued(line)
    return Head(b"", b"", b"", b"", bare[1], line[bare.end() :]) if bare else Head(b"", b"", b"", b"", b"", line)


def _of_syslog(line: bytes) -> Head | None:
    match = _usual(line)
    if match is None:
        return None
    stamp, host, tag, pid, queue_id = match.groups(b"")
    return _inner(stamp, host, tag, pid, queue_id, line[match.end() :])


def _of_rfc5424(line: bytes) -> Head | None:
    match = _rfc5424(line)
    if match is None:
        return None
    stamp, host, tag, pid, queue_id = (b"" if g == b"-" else g for g in match.groups(b""))
    return _inner(stamp, host, tag, pid if pid.isdigit() else b"", queue_id, line[match.end() :])


def _of_dovecot(line: bytes) -> Head | None:
    match = _dovecot(line)
    if match is None:
        return None
    message = line[match.end() :].removeprefix(b"dovecot: ")  # of syslog, where containers leave the host out
    return Head(match[1], b"", b"dovecot", b"", b"", message)


def _of_exim(line: bytes) -> Head | None:
    match = _exim(line)
    if match is None or match[1] is None or b"," in match[1]:  # Python's logging, whose seconds have a comma
        return None
    stamp, pid, queue_id = match.groups(b"")
    return Head(stamp, b"", b"exim", pid, queue_id, line[match.end() :])


def _of_rare(line: bytes) -> Head | None:
    match = _rare(line)
    if match is None or not names_a_day(match[1]):
        return None
    stamp, host, tag, pid, queue_id = match.groups(b"")
    if not pid and ((stamp[:2].isdigit() and b"T" not in stamp) or (not host and _no_program(tag))):
        return None  # Exim's own log, whose first words are no host and program, or a bare message
    return _inner(stamp, host, _unit(tag), pid, queue_id, line[match.end() :])


def _of_repetition(line: bytes) -> Head | None:
    match = _repeated_last(line)
    if match is None or (match[1] and not names_a_day(match[1])):
        return None
    return Head(match[1] or b"", match[2] or b"", b"", b"", b"", b"", int(match[3]))


def _of_misshapen(line: bytes) -> Head | None:
    match = _misshapen(line)
    if match is None or (match[1] and not names_a_day(match[1])):
        return None
    stamp, host, tag, pid, other, queue_id = match.groups(b"")
    if not tag and not stamp:
        return None
    return _inner(stamp, host, tag, pid or other, queue_id, line[match.end() :])


def _of_stamp(line: bytes) -> Head | None:
    match = _stamp_only(line)
    return Head(match[1], b"", b"", b"", b"", line[match.end() :]) if match and names_a_day(match[1]) else None


def _of_audit(line: bytes) -> Head | None:
    match = _audit(line)
    return Head(match[1], b"", b"audit", b"", b"", line) if match else None


def _of_program(line: bytes) -> Head | None:
    match = _timeless(line)
    if match is None:
        return None
    host, tag, pid, name, queue_id = match.groups(b"")
    return _inner(b"", host, tag or name, pid, queue_id, line[match.end() :])


_Forms = tuple[Callable[[bytes], Head | None], ...]
_by_letter: _Forms = (
    *(_of_syslog, _of_dovecot, _of_repetition, _of_rare, _of_misshapen, _of_stamp, _of_audit, _of_program),
)
_by_digit: _Forms = (_of_syslog, _of_rfc5424, _of_repetition, _of_rare, _of_misshapen, _of_stamp, _of_program)
_by_space: _Forms = (_of_dovecot, _of_rare, _of_exim, _of_program)


def _inner(stamp: bytes, host: bytes, tag: bytes, pid: bytes, queue_id: bytes, message: bytes) -> Head:
    """The message itself taken apart: what Exim and OpenSMTPD put before theirs, and a repetition's brackets."""
    repeat = 1
    if (repeated := _repeated(message)) is not None and message.endswith(b"]"):
        repeat = int(repeated[1])
        queue_id = repeated[2] or queue_id
        message = message[repeated.end() : -1].rstrip(b" ")
    if tag.startswith(b"exim") and (own := _exim(message)) is not None:
        stamp, pid, queue_id = stamp or own[1] or b"", pid or own[2] or b"", own[3] or queue_id
        message = message[own.end() :]
    elif tag == b"smtpd" and (session := _opensmtpd(message)) is not None:
        queue_id, message = session[1], message[session.end() :]
    return Head(stamp, host, tag, pid, queue_id, message, repeat)


def _unit(tag: bytes) -> bytes:
    """The program of a systemd unit, as `journalctl -o with-unit` puts it in place of a program's name."""
    return tag.removesuffix(b".service").partition(b"@")[0] if tag.endswith(b".service") else tag

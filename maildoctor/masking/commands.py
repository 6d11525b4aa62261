"""Command lines: a program takes a password as the value of an option, glued to it, in a pair with a user, or by its
place among the words."""

import re
from collections.abc import Callable, Iterator
from functools import cache

from maildoctor.masking.forms import Span, Spans
from maildoctor.masking.patterns import each, holds, pattern
from maildoctor.masking.values import odd, setting, spoken, value

_Names = Callable[[re.Pattern[str]], bool]
"""Whether the line names one of these programs."""
_OPTION = pattern(r"(?<=[\s\"'(,\[=])-{1,2}([A-Za-z][\w-]{0,30}+)(?:([ =]\s{0,9})|(?=([\"']\S)))?")
_MOST_OPTIONS = 48
_MAIL_TESTS = "ldap|imtest|smtptest|pop3test|nntptest|lmtptest|sivtest|mupdatetest|cyradm|sievetest"
_PROGRAMS = {
    "w": pattern(_MAIL_TESTS + "|kadmin"),
    "p": pattern(
        "testsaslauthd|mysql|mariadb|sshpass|doveadm|mongo|sqlcmd|passwd|smtp-cli|sendemail|plink|pscp|wget|program"
        "|kinit|useradd|usermod"
    ),
    "P": pattern("zip|mosquitto|ipmitool|sqlcmd"),
    "s": pattern("ldappasswd"),
    "k": pattern("openssl"),
    "A": pattern("snmp"),
    "X": pattern("snmp"),
    "a": pattern("redis"),
    "y": pattern("nsupdate|\\bdig\\b"),
    **dict.fromkeys(("ap", "xp", "pp", "pw"), pattern("")),
}
"""Options and the programs, in lower case, whose password they give; of another program only what looks like one."""
_GLUED = pattern(r"mysql|mariadb|sshpass|\b7z")
"""Programs that take -pPASSWORD."""
_PAIRS = frozenset(("u", "U", "user", "proxy-user", "basic", "auth", "creds", "userpwd", "userpass"))
_KNOWN = _PAIRS.union(_PROGRAMS, ("au", "S", "auth-pass", "key"))
_NO_PORTS = pattern(r"testsaslauthd|mysql|mariadb|sshpass|doveadm|kinit|useradd|usermod|snmp|redis")
"""Programs of which these options never give a port."""
_MECHANISMS = frozenset(("kerberos4", "kerberos5"))
"""What saslauthd takes with -a, and looks like a password."""
_PORT_DIGITS = 5
_TAKES_PAIRS = pattern(r"curl|wget|http|smbclient|rpcclient|net |winexe|mount|cifs|swaks|lftp")

_WRITES = pattern(r"\b(?:echo|printf)\s{1,9}(?:-[neE]{1,3}\s{1,9})?(?:[\"']?%s(?:\\n)?[\"']?\s{1,9})?")
_HERE_STRING = pattern(r"<<<\s{0,9}")
_READS = pattern("passw|sudo|mysql|ldap|openssl|doveadm|login|docker|kinit|cryptsetup|stdin")
_FAR = 300
_BY_PLACE = (
    (
        ("doveadm",),
        pattern(
            r"\bdoveadm\s{1,9}auth\s{1,9}(?:test|login|lookup)\s{1,9}(?:-\S{1,40}\s{1,9}\S{1,80}\s{1,9}){0,4}?"
            r"(?!-)\S{1,120}\s{1,9}(?=\S)"
        ),
    ),
    (("htpasswd",), pattern(r"\bhtpasswd\s{1,9}(?=-\w{0,9}n)(?:-\w{1,9}\s{1,9}){1,5}+\S{1,200}\s{1,9}(?=\S)")),
    (("htpasswd",), pattern(r"\bhtpasswd\s{1,9}(?:-\w{1,9}\s{1,9}){1,5}+\S{1,200}\s{1,9}\S{1,120}\s{1,9}(?=\S)")),
    (
        ("smtpctl", "mkpasswd", "openssl"),
        pattern(r"\b(?:smtpctl\s{1,9}encrypt|(?:openssl\s{1,9}|mk)passwd(?:\s{1,9}-\w{1,20}){0,3}+)\s{1,9}(?=\S{4})"),
    ),
    (
        ("radtest", "zmprov", "rabbitmqctl", "setup email", "mosquitto_passwd", "ejabberdctl"),
        pattern(
            r"\b(?:radtest\s{1,9}(?:-\S{1,9}\s{1,9}\w{1,9}\s{1,9}){0,4}"
            r"|zmprov\s{1,9}(?:sp|ca|setPassword|createAccount)\s{1,9}"
            r"|rabbitmqctl\s{1,9}(?:add_user|change_password)\s{1,9}|setup\s{1,9}email\s{1,9}(?:add|update)\s{1,9}"
            r"|mosquitto_passwd\s{1,9}-b\s{1,9}\S{1,200}\s{1,9}|ejabberdctl\s{1,9}(?:register|change_password)\s{1,9}"
            r"\S{1,200}\s{1,9})\S{1,200}\s{1,9}(?=\S)"
        ),
    ),
    (
        ("vadduser", "vpasswd", "vchpw"),
        pattern(r"\bv(?:adduser|passwd|chpw)\s{1,9}\S{1,200}\s{1,9}(?=\S)"),
    ),
    (("lftp",), pattern(r"\blftp\s[^,|;]{0,200}?-u\s{1,9}[^\s,]{1,80},(?=\S)")),
    (
        ("sqlplus", ":thin:"),
        pattern(r"(?:\bsqlplus\s(?:-\S{1,9}\s){0,3}|:thin:)\w{1,40}/(?=[^\s@]{1,200}@)"),
    ),
    (("/user:",), pattern(r"/user:\S{1,80}\s{1,3}(?=[^\s/])", re.I)),
)
"""Words in lower case, one of which is in the line, and what stands before the password."""
MARKS = (
    *(sign + option for sign in " \"'" for option in ("-w", "-p", "-u", "-a")),
    " --a", " --u", " --key", " -k ", " -s ", " -xp ", "echo ", "printf ", "<<<",
    *(mark for marks, _ in _BY_PLACE for mark in marks),
)  # fmt: skip
_BETWEEN = pattern(
    r"[\"'],\s{0,2}[\"']|[\[(]\s{0,2}[\"'](?=[\w/.-])|(?<=[^\s,])[\"'](?:, \[|\s{0,2}[\])])|\0|\\0|\\x00"
    r"|\s?\ba[0-9]{1,2}=\""
)


def commanded(line: str, low: str) -> Spans:
    """What is given to the programs of a command line, also of one that stands as a list, `["a", "-w", "x"]`."""
    yield from optioned(line, low)
    # every character keeps its place
    listed = _BETWEEN.sub(lambda match: " " * len(match[0]), line)
    if listed != line:
        yield from optioned(listed, low)


def optioned(line: str, low: str) -> Spans:
    """`-w x`, `-px`, `-u user:x`, `echo x | passwd`, and words in the place of a password."""
    done = 0

    @cache
    def names(programs: re.Pattern[str]) -> bool:
        return programs.search(low) is not None

    for match in each(_OPTION, line, _MOST_OPTIONS):
        if match.start() < done:
            continue
        name, at = match[1], match.end()
        if name not in _KNOWN:
            yield from _glued(line, match.start(1), names)
        elif match[2] is not None or match[3] is not None:
            first, last, quoted = value(line, at)
            done = last if quoted else done
            if name in _PAIRS:
                yield from _pair(first, line[first:last], names, name)
            elif _is_password(name, line[first:last], quoted, names):
                yield Span(first, last, "option")
    for at in _places(line, low):
        first, last, _ = value(line, at)
        text = line[first:last]
        if text and text[0] not in "|-$<>&" and not setting(text):
            yield Span(first, last, "option")


def _is_password(name: str, text: str, quoted: bool, names: _Names) -> bool:
    if not text or text[0] in "-|></" or text.startswith("$(") or setting(text):
        return False
    if name == "a" and text.lower() in _MECHANISMS:
        return False
    if odd(text):
        return True
    programs = _PROGRAMS.get(name)
    if programs is None or not names(programs):
        return False
    if text.isdigit():
        return name == "w" or len(text) > _PORT_DIGITS or names(_NO_PORTS)
    return quoted or name == "w" or not spoken(text)


def _glued(line: str, at: int, names: _Names) -> Spans:
    """`-psecret` of the letter at `at`."""
    letter = line[at]
    if letter not in "wp" or line[at - 2 : at] == "--":
        return
    first, last, _ = value(line, at + 1)
    text = line[first:last]
    if len(text) < 3 or not names(_PROGRAMS[letter]):
        return
    if odd(text) or (letter == "p" and "=" not in text and names(_GLUED)):
        yield Span(first, last, "option")


def _pair(first: int, text: str, names: _Names, name: str) -> Spans:
    sign = "%" if "%" in text and name in ("U", "user") else ":"
    user, mark, secret = text.partition(sign)
    if not (mark and user and secret) or setting(secret) or (user.isdigit() and secret.isdigit()):
        return
    if odd(secret) or names(_TAKES_PAIRS):
        yield Span(first + len(user) + 1, first + len(text), "option")


def _places(line: str, low: str) -> Iterator[int]:
    """Where a word begins that is a password by its place."""
    if "|" in line:
        for match in each(_WRITES, line):
            pipe = line.find("|", match.end(), match.end() + _FAR)
            if pipe >= 0 and _READS.search(low, pipe, pipe + _FAR) is not None:
                colon = line.find(":", match.end(), value(line, match.end())[1])
                yield colon + 1 if colon >= 0 else match.end()
    if "<<<" in line:
        for match in each(_HERE_STRING, line):
            if _READS.search(low, max(0, match.start() - _FAR), match.start()) is not None:
                yield match.end()
    for marks, form in _BY_PLACE:
        if holds(low, marks):
            for match in each(form, line):
                yield match.end()

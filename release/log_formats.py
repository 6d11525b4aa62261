"""Says which messages in the sources of mail programs no log rule knows.

    python -m release.log_formats [--list] [--all] TREE...

TREE is an unpacked source of one of the programs in `PROGRAMS`, of any release; several releases of one program are
counted as one. The format of each call that logs is read as C has it: adjacent literals and string macros are joined,
of `a ? "x" : "y"` both are taken, conditional compilation is ignored. Each format is filled with values that suit its
arguments, the words that its program puts before it in syslog go before it, and the rules are asked as `triage` asks
them. Printed is a row for each program: formats about logins, TLS, permissions, users and sockets, how many of them a
rule knows, how many tell only of bugs, memory, debugging or of what went well, and how many are left. `--list` prints
what is left, with file and line; `--all` takes formats about anything.
"""

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product as combinations
from pathlib import Path
from typing import NamedTuple

from maildoctor.triage import builtin
from maildoctor.triage.match import Matcher

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/|//(?:[^\n\\]|\\.)*', re.S)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.M | re.S)
_MACRO = re.compile(r'#\s*define\s+(\w+)\s+((?:"(?:[^"\\\n]|\\.)*+"|\w++|\s++)++)$', re.S)
_ERROR_TABLE = re.compile(r'^\s*(?:ec|error_code)\s+\w+\s*,\s*("(?:[^"\\\n]|\\.)*")', re.M)
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|\w+|->|[^\s\w]', re.S)
_ESCAPE = re.compile(r"\\(\n|x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.S)
_DIRECTIVE_OF_FORMAT = re.compile(r"%(?:[-+ #0'!]*)(\*|\d+)?(?:\.(\*|\d+)?)?(?:hh|h|ll|l|L|q|j|z|t)?([a-zA-Z%])")
_ESCAPED = {"n": " ", "t": " ", "r": "", "a": "", "\n": ""}
_OF_THE_LIBRARY = {"PRIu64": "llu", "PRId64": "lld", "PRIx64": "llx", "PRIu32": "u", "PRIuSIZE_T": "zu",
                   "PRIuUOFF_T": "llu", "PRIdTIME_T": "ld", "PRIiPTR": "ld", "LLFMT": "%lld", "SIZE_T_FMT": "%zu",
                   "OFF_T_FMT": "%lld", "INO_T_FMT": "%lld", "TIME_T_FMT": "%ld"}  # fmt: skip
_TRANSLATED = frozenset(("_", "N_", "T_", "gettext", "string_sprintf", "US", "CS", "CUS"))
"""What stands before a literal and is no part of it."""
_MOST_FORMATS = 8
"""Of one call: ternaries in ternaries are no more than that."""

_ABOUT = re.compile(
    r"(?i)auth|sasl|\btls|\bssl|certif|cipher|credential|passw|passdb|userdb|log ?in\b|login|mechan|kerber|gss|keytab|"
    r"ticket|realm|principal|permission|privil|owne[rd]|ownership|writ[ea]*ble|readable|chroot|\busers?\b|[ug]id\b|"
    r"socket|connect|listen|\bbind|relay|\bldap|\bsql|\boauth|token|\bpam\b|private key|\bdh\b|\bkey file|account|"
    r"expired|denied|\bmode\b|encrypt|limit exceeded"
)
_OF_NO_USE = re.compile(
    r"(?i)out of memory|memory (?:alloc|fail|exhaust)|[mc]alloc|cannot allocate|no memory|not enough memory|allocat|"
    r"\bbug\b|\bassert|internal error|internal logic|debug|unexpected (?:type|state|event|request)|bad (?:type|magic)|"
    r"imsg|\bhdr\b|BUG|not implemented|buffer (?:too|over)|null (?:pointer|arg)|bad state|invalid state|"
    r"unknown (?:imsg|event|state)|programming error|should (?:never|not) happen|entering|test\b"
)


_TROUBLE = re.compile(
    r"(?i)fail|error|cannot|can't|couldn't|could not|unable|invalid|\bbad\b|\bnot?\b|n't\b|denied|refus|reject|disabl|"
    r"exceed|expire|lost|time[d -]*out|mismatch|missing|unknown|wrong|warning|unsupported|\btoo\b|must|should|%m|"
    r"without|deprecat|obsolete|ignor|insecure|abort|broken|unexpected|illegal|attempt|without|unsafe|violat|attack"
)
"""Words of messages that are more than a record of what went well."""
_DEBUGGED = re.compile(r"verbose|debug|log_?mask|TLS_LOG|trace|tTd|LogLevel>(?:1[1-9]|[2-9]\d)")


class Call(NamedTuple):
    """A function that logs: which of its arguments is the format (from 0), how severe what it says is, and the words
    that go before and behind the message, each of which may be left out (an empty one of several)."""

    argument: int
    level: str
    before: tuple[str, ...] = ("",)
    behind: tuple[str, ...] = ("",)


class Format(NamedTuple):
    """A message in a source. `arguments`: what fills it, as C has it, in the order of its directives."""

    text: str
    arguments: tuple[str, ...]
    function: str
    file: str
    line: int
    debugged: bool = False
    """logged only where debugging is switched on"""


class Program(NamedTuple):
    """A program that logs. `known_by`: a file that its source has; `skipped`: paths that are no part of the server;
    `calls`: its functions that log; `assigned`: variables that hold a message; `heads`: what stands before a message
    of the file, several where it can be logged by several programs."""

    name: str
    known_by: str
    skipped: str
    calls: Mapping[str, Call]
    heads: Callable[[str], Sequence[str]]
    assigned: Mapping[str, Call] = {}


_SUFFIXES = frozenset((".c", ".h", ".cpp", ".C", ".y", ".et"))


# ---- the programs

_ERRNO = ("", ": Permission denied")
_AT = "Nov 30 08:00:01 mail "


def _postfix(path: str) -> Sequence[str]:
    """By the folder: what a library says is said by each program that has it."""
    folder = path.rsplit("/", 2)[-2] if "/" in path else "smtpd"
    names = {"util": ("smtpd",), "global": ("smtpd", "trivial-rewrite"), "tls": ("smtpd", "smtp"),
             "xsasl": ("smtpd", "smtp"), "milter": ("smtpd",), "dns": ("smtp",),
             "master": ("master", "smtpd")}  # fmt: skip
    return [f"{_AT}postfix/{name}[12]: " for name in names.get(folder, (folder,))]


_DELIVERY = ("4F0Q2K1Zz7z9: to=<a@example.com>, relay=mail.example.com[192.0.2.9]:587, delay=1, "
             "delays=0/0/1/0, dsn=4.7.0, status=deferred (",)  # fmt: skip
_POSTFIX = {
    "msg_warn": Call(0, "warning", ("warning: ",)),
    "msg_error": Call(0, "error", ("error: ",)),
    "msg_fatal": Call(0, "fatal", ("fatal: ",)),
    "msg_fatal_status": Call(1, "fatal", ("fatal: ",)),
    "msg_panic": Call(0, "panic", ("panic: ",)),
    "msg_info": Call(0, "info"),
    "dsb_simple": Call(2, "delivery", _DELIVERY, (")",)),
    "smtp_sess_fail": Call(3, "delivery", _DELIVERY, (")",)),
    "smtp_mesg_fail": Call(3, "delivery", _DELIVERY, (")",)),
    "smtp_site_fail": Call(3, "delivery", _DELIVERY, (")",)),
}


def _dovecot(path: str) -> Sequence[str]:
    if "login" in path:
        return [f"{_AT}dovecot: imap-login: ", f"{_AT}dovecot: submission-login: "]
    if "/auth/" in path or "-sql" in path or "ldap" in path or "oauth2" in path:
        return [f"{_AT}dovecot: auth: ", f"{_AT}dovecot: auth-worker(12): "]
    named = re.search(r"/(lmtp|lda|imap|pop3|submission|anvil|config|dict|stats|master|doveadm|director)/", path)
    services = (named[1],) if named else ("master", "auth", "imap-login", "lmtp", "config")
    return [f"{_AT}dovecot: {name}: " for name in services]


_REQUEST = "sql(alice,192.0.2.7,<AbCdEf>): "
_DOVECOT = {
    **{f"{who}_{what}": Call(at, what, (f"{word}: ",)) for who, at in (("i", 0), ("e", 1))
       for what, word in (("error", "Error"), ("fatal", "Fatal"), ("warning", "Warning"), ("info", "Info"),
                          ("panic", "Panic"))},
    "auth_request_log_error": Call(2, "error", (f"Error: {_REQUEST}",)),
    "auth_request_log_warning": Call(2, "warning", (f"Warning: {_REQUEST}",)),
    "auth_request_log_info": Call(2, "info", (f"Info: {_REQUEST}", _REQUEST)),
    "auth_request_log_login_failure": Call(2, "info", (f"Info: {_REQUEST}", _REQUEST)),
    "client_log": Call(1, "info", ("Info: ", "")),
    "client_log_err": Call(1, "error", ("Error: ",)),
    "client_destroy": Call(1, "info", ("Disconnected: ", ""),
                           (": user=<alice>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.9, session=<AbC>",)),
    "client_destroy_internal_failure": Call(1, "error", ("Error: ",)),
}  # fmt: skip


def _exim(path: str) -> Sequence[str]:
    return ["2026-11-30 08:00:01 ", "2026-11-30 08:00:01 1a2b3c-000456-7D ", f"{_AT}exim[12]: "]


_TLS_ERROR = ("TLS error on connection from mail.example.com [192.0.2.7] (", "TLS session: (")
_LOGIN_FAILED = "plain_login authenticator failed for (host) [192.0.2.7]: 435 Unable to authenticate at present: "
_EXIM = {
    "log_write": Call(2, "info"),
    "log_write_die": Call(1, "panic"),
    "tls_error": Call(0, "error", _TLS_ERROR, (")", "): No such file or directory")),
    "tls_error_gnu": Call(1, "error", _TLS_ERROR, ("): Error in the pull function",)),
    "tls_error_sys": Call(0, "error", _TLS_ERROR, ("): Connection reset by peer",)),
}


def _sendmail(path: str) -> Sequence[str]:
    return [f"{_AT}sendmail[12]: ", f"{_AT}sendmail[12]: 3AU801ab000012: "]


_SENDMAIL = {
    "syserr": Call(0, "error", ("SYSERR(root): ",), _ERRNO),
    "sm_syslog": Call(2, "info"),
    "usrerr": Call(0, "reply", ("--- ", "<<< ")),
    "usrerrenh": Call(1, "reply", ("--- 550 ", "<<< 550 ")),
    "message": Call(0, "reply", ("--- ", "<<< ", "")),
}


def _sasl(path: str) -> Sequence[str]:
    if "saslauthd/" in path:
        return [f"{_AT}saslauthd[12]: ", f"{_AT}saslauthd[12]:                 : "]
    refused = "warning: SASL authentication failure: "
    return [f"{_AT}postfix/smtpd[12]: {refused}", f"{_AT}postfix/smtpd[12]: ", f"{_AT}sendmail[12]: "]


_SASL = {
    "syslog": Call(1, "error"),
    "logger": Call(2, "error", ("", "do_auth : ", "auth_pam: ")),
    "_sasl_log": Call(2, "error"),
    "log": Call(2, "error"),
    "seterror": Call(2, "error"),
    "sasl_seterror": Call(2, "error"),
    "SETERROR": Call(1, "error"),
    "k5support_log_err": Call(2, "error", ("auth_krb5: ",), (": Cannot find KDC for realm (-1)",)),
}


def _smtpd(path: str) -> Sequence[str]:
    return [f"{_AT}smtpd[12]: "]


_OPENSMTPD = {
    "log_warn": Call(0, "warning", ("", "warn: "), (": Permission denied",)),
    "log_warnx": Call(0, "warning", ("", "warn: ")),
    "log_info": Call(0, "info", ("", "info: ")),
    "fatal": Call(0, "fatal", ("fatal: ", "smtpd: "), (": Permission denied",)),
    "fatalx": Call(0, "fatal", ("fatal: ", "smtpd: ")),
    "err": Call(1, "fatal", ("smtpd: ",), (": Permission denied",)),
    "errx": Call(1, "fatal", ("smtpd: ",)),
    "yyerror": Call(0, "error", ("/etc/mail/smtpd.conf:12: ",)),
}


def _pam(path: str) -> Sequence[str]:
    module = re.search(r"/(pam_\w+)/", path)
    name = f"{module[1]}(smtp:auth): " if module else ""
    return [f"{_AT}saslauthd[12]: {name}", f"{_AT}auth: {name}", f"{_AT}unix_chkpwd[12]: "]


_PAM = {"pam_syslog": Call(2, "error", behind=("", ": Permission denied")), "helper_log_err": Call(1, "error")}


def _kerberos(path: str) -> Sequence[str]:
    if "kdc" in path:
        return [f"{_AT}krb5kdc[12](info): ", f"{_AT}kdc[12]: "]
    failed = "GSSAPI Error: Unspecified GSS failure.  Minor code may provide more information ("
    return [f"{_AT}postfix/smtpd[12]: warning: SASL authentication failure: {failed}",
            f"{_AT}saslauthd[12]: auth_krb5: krb5_get_init_creds_password: ",
            f"{_AT}saslauthd[12]: pam_krb5(smtp:auth): authentication failure; logname=alice uid=0 euid=0 tty= ruser= "
            "rhost= (",
            f"{_AT}dovecot: auth: Error: gssapi(?,192.0.2.7): While processing incoming data: "]  # fmt: skip


_KERBEROS = {
    "k5_setmsg": Call(2, "error", behind=(")",)),
    "k5_prependmsg": Call(2, "error", behind=(": Permission denied)",)),
    "krb5_set_error_message": Call(2, "error", behind=(")",)),
    "krb5_prepend_error_message": Call(2, "error", behind=(": Permission denied)",)),
    "krb5_klog_syslog": Call(1, "error"),
    "kdc_log": Call(3, "error"),
    "kdc_audit_addreason": Call(1, "error"),
    "error table": Call(0, "error", behind=(")",)),
}


def _courier(path: str) -> Sequence[str]:
    return [f"{_AT}imapd: ", f"{_AT}pop3d-ssl: ", f"{_AT}authdaemond: ", f"{_AT}courieresmtpd: "]


_COURIER = {
    "courier_auth_err": Call(0, "error", ("", "ERR: "), ("", ": Permission denied")),
    "syslog": Call(1, "error"),
    "clog_msg": Call(0, "error"),
    "courier_safe_printf": Call(0, "info", ("", "INFO: ", "ERR: ")),
    "fprintf": Call(1, "error"),
}

PROGRAMS = (
    Program("postfix", "src/smtpd/smtpd.c",
            r"/(?:postconf|smtpstone|fsstone|testing|posttls-finger)/|_test\.c", _POSTFIX, _postfix),
    Program("dovecot", "src/auth/auth-request.c",
            r"/(?:lib-storage|lib-index|lib-mail|lib-fts|plugins/(?!apparmor|auth)|lib-test|lib-imap|lib-sieve|lib-lua|"
            r"lib-dcrypt|lib-http|lib-dict|lib-fs|dsync|director|replication|lib/(?!restrict|net|iostream|connection)|"
            r"old-stats|stats)|/test-", _DOVECOT, _dovecot),
    Program("exim", "src/exim.c",
            r"/(?:exim_monitor|util|pdkim|lookups/(?!ldap|mysql|pgsql|sqlite|passwd))/|"
            r"/(?:spam|malware|dcc|dkim|dmarc|arc|spf|bmi\w*|mime|demime)\.c", _EXIM, _exim,
            {"auth_defer_msg": Call(0, "error", (_LOGIN_FAILED,))}),
    Program("cyrus-sasl", "lib/canonusr.c",
            r"/(?:sample|java|utils|win32|mac|pwcheck|cmulocal|include)/", _SASL, _sasl),
    Program("opensmtpd", "smtpd/smtp_session.c",
            r"/(?:openbsd-compat|contrib|regress|mail\.\w+|smtpscript)/", _OPENSMTPD, _smtpd),
    Program("linux-pam", "modules/pam_unix/pam_unix_auth.c",
            r"/(?:examples|tests|xtests|libpamc?|libpam_\w+|modules/pam_(?!unix|access|listfile|userdb|nologin|faillock|"
            r"tally|succeed_if|deny|permit|limits|shells|time|securetty|warn|localuser|env|stack|wheel)\w*)/|/tst-",
            _PAM, _pam),
    Program("krb5", "src/lib/krb5/krb/get_in_tkt.c",
            r"/(?:plugins/(?:audit|locate|tls|kdb|authdata|hostrealm|localauth|certauth|gssapi|pwqual)|builtin|t_\w+)",
            _KERBEROS, _kerberos),
    Program("heimdal", "lib/krb5/init_creds_pw.c",
            r"/(?:test_\w+|hx509|kx509|digest|ntlm)", _KERBEROS, _kerberos),
    Program("courier", "courier-authlib/authdaemon.c",
            r"/(?:maildrop|sqwebmail|unicode|rfc\d+|gpglib|pcp|cgi|makemime|numlib|ldapaddressbook|md5|sha1|rootcerts)/",
            _COURIER, _courier),
    Program("sendmail", "sendmail/deliver.c",
            r"/(?:libsm|libmilter|test|editmap|mail\.local)/", _SENDMAIL, _sendmail),
)  # fmt: skip
"""Each with the file by which its source is known."""


# ---- C


def literal(piece: str) -> str:
    """The text of a C literal; a line's end in it is a blank."""

    def meant(found: re.Match[str]) -> str:
        word = found[1]
        if word in _ESCAPED:
            return _ESCAPED[word]
        if word[0] == "x" and len(word) > 1:
            return chr(int(word[1:], 16))
        return chr(int(word, 8)) if word.isdigit() else word

    return _ESCAPE.sub(meant, piece[1:-1])


def _blank(found: re.Match[str]) -> str:
    """A remark becomes its line ends."""
    return found[0] if found[0][0] in "\"'" else " " + "\n" * found[0].count("\n")


def macros(text: str) -> dict[str, list[str]]:
    """The tokens of macros that are nothing but literals and other macros."""
    found = {}
    for directive in _DIRECTIVE.finditer(_COMMENT.sub(_blank, text)):
        if define := _MACRO.match(directive[0].strip().replace("\\\n", " ")):
            found[define[1]] = _TOKEN.findall(define[2])
    return found


class _Source:
    """The tokens of one file, with the line of each, and the string macros of its whole tree."""

    def __init__(self, text: str, names: Mapping[str, Sequence[str]]) -> None:
        clean = _DIRECTIVE.sub(lambda d: "\n" * d[0].count("\n"), _COMMENT.sub(_blank, text))
        self.names = names
        self.tokens: list[str] = []
        self.lines: list[int] = []
        line = at = 0
        for piece in _TOKEN.finditer(clean):
            line += clean.count("\n", at, piece.start())
            at = piece.start()
            self.tokens.append(piece[0])
            self.lines.append(line + 1)

    def arguments(self, at: int) -> list[list[str]]:
        """Those of the call whose `(` stands at this piece; none where it is not closed."""
        depth = 0
        arguments: list[list[str]] = [[]]
        for piece in self.tokens[at : at + 4000]:
            if piece in "([{":
                depth += 1
                if depth == 1:
                    continue
            elif piece in ")]}":
                depth -= 1
                if not depth:
                    return arguments
            if piece == "," and depth == 1:
                arguments.append([])
            else:
                arguments[-1].append(piece)
        return []

    def condition(self, at: int) -> str:
        """What stands in `if (...)` directly before this piece; empty where nothing does."""
        depth, n = 0, at - (2 if self.tokens[at - 1] == "{" else 1)
        if n < 0 or self.tokens[n] != ")":
            return ""
        for m in range(n, max(0, n - 200), -1):
            depth += (self.tokens[m] == ")") - (self.tokens[m] == "(")
            if not depth:
                return "".join(self.tokens[m : n + 1]) if self.tokens[m - 1] == "if" else ""
        return ""

    def formats(self, tokens: Sequence[str], deep: int = 0) -> list[str]:
        """The texts that this expression can be; none where it is not made of literals."""
        tokens = _bare(tokens)
        if not tokens or deep > 6:
            return []
        if parts := _ternary(tokens):
            return [*self.formats(parts[0], deep + 1), *self.formats(parts[1], deep + 1)]
        texts = [""]
        for piece in tokens:
            if piece[0] == '"':
                more = [literal(piece)]
            elif piece in _OF_THE_LIBRARY:
                more = [_OF_THE_LIBRARY[piece]]
            elif piece in self.names:
                more = self.formats(self.names[piece], deep + 1)
            else:
                more = []
            texts = [text + tail for text in texts for tail in more][:_MOST_FORMATS]
        return [text for text in texts if text]


def _bare(tokens: Sequence[str]) -> Sequence[str]:
    """Without parentheses round it, casts (`US`, `(char *)`) and functions that only translate, `_(...)`."""
    while True:
        if len(tokens) > 1 and tokens[0] in _TRANSLATED:
            tokens = tokens[1:]
        elif len(tokens) > 2 and tokens[0] == "(" and tokens[-1] == ")" and _closes(tokens) == len(tokens) - 1:
            tokens = _first(tokens[1:-1])
        elif (
            len(tokens) > 3
            and tokens[0] == "("
            and all(t == "*" or t.isidentifier() for t in tokens[1 : _closes(tokens)])
        ):
            tokens = tokens[_closes(tokens) + 1 :]
        else:
            return tokens


def _first(tokens: Sequence[str]) -> Sequence[str]:
    """Up to the first comma: `N_("text", "remark")`."""
    depth = 0
    for n, piece in enumerate(tokens):
        depth += (piece in "([{") - (piece in ")]}")
        if piece == "," and not depth:
            return tokens[:n]
    return tokens


def _closes(tokens: Sequence[str]) -> int:
    """Where the parenthesis that is the first piece is closed."""
    depth = 0
    for n, piece in enumerate(tokens):
        depth += (piece in "([{") - (piece in ")]}")
        if not depth:
            return n
    return len(tokens)


def _ternary(tokens: Sequence[str]) -> tuple[Sequence[str], Sequence[str]] | None:
    depth, asked, other = 0, 0, 0
    for n, piece in enumerate(tokens):
        depth += (piece in "([{") - (piece in ")]}")
        if piece == "?" and not depth and not asked:
            asked = n
        elif piece == ":" and not depth and asked and not other:
            other = n
    return (tokens[asked + 1 : other], tokens[other + 1 :]) if other else None


def read(text: str, file: str, program: Program, names: Mapping[str, Sequence[str]]) -> Iterator[Format]:
    """The messages in one source of this program; `names`: the string macros of all its sources."""
    if file.endswith(".et"):
        for row in _ERROR_TABLE.finditer(text):
            yield Format(literal(row[1]), (), "error table", file, text.count("\n", 0, row.start(1)) + 1)
        return
    source = _Source(text, names)
    for n, piece in enumerate(source.tokens[:-1]):
        behind = source.tokens[n + 1]
        if piece in program.calls and behind == "(":
            arguments = source.arguments(n + 1)
            at = program.calls[piece].argument
            if at < len(arguments):
                values = tuple("".join(a) for a in arguments[at + 1 :])
                debugged = bool(_DEBUGGED.search(source.condition(n)))
                for format_ in source.formats(arguments[at]):
                    yield Format(format_, values, piece, file, source.lines[n], debugged)
        elif piece in program.assigned and behind == "=":
            end = next((m for m in range(n + 2, len(source.tokens)) if source.tokens[m] == ";"), n)
            for format_ in source.formats(source.tokens[n + 2 : end]):
                yield Format(format_, (), piece, file, source.lines[n])


# ---- a line as it stands in a log

_VALUES = (
    (r"strerror|%m|errno|sm_errstring|errstr|error_str", "Permission denied"),
    (r"namaddr", "client.example.com[192.0.2.7]"),
    (r"mech", "PLAIN"),
    (r"cert_type", "RSA"),
    (r"sasl_errstring|sasl_errdetail", "generic failure"),
    (r"ERR_|SSL|gnutls_strerror|ssl_err|openssl", "certificate verify failed"),
    (r"error_message|krb5_get_error|kerr", "Permission denied"),
    (r"user|login|owner|account|\bid\b", "alice"),
    (r"princ|client_name|server_name", "smtp/mail.example.com@EXAMPLE.COM"),
    (r"realm", "EXAMPLE.COM"),
    (r"path|file|socket|sock|keytab|cert|\bkey\b|CAfile|dir\b", "/etc/mail/example"),
    (r"addr|\bip\b|remote|CurHostAddr", "192.0.2.7"),
    (r"host|domain|namaddrport|peer", "mail.example.com"),
    (r"service", "smtp"),
    (r"reason|msg|message|text|error", "Permission denied"),
    (r"name", "example"),
)


def _value(kind: str, argument: str) -> str:
    if kind in "diouxXp":
        return "13"
    if kind in "eEfFgG":
        return "1.0"
    if kind == "c":
        return "x"
    for pattern, value in _VALUES:
        if re.search(pattern, argument, re.I):
            return value
    return "example"


def filled(format_: Format) -> str:
    """The message, with values that suit its arguments."""
    arguments = list(format_.arguments)

    def given(found: re.Match[str]) -> str:
        if found[3] == "%":
            return "%"
        if found[3] == "m":
            return "Permission denied"
        for width in (found[1], found[2]):
            if width == "*" and arguments:
                arguments.pop(0)
        return _value(found[3], arguments.pop(0) if arguments else "")

    return _DIRECTIVE_OF_FORMAT.sub(given, format_.text).strip()


def lines(format_: Format, program: Program) -> Iterator[str]:
    """The log lines that this message can be, by who logs it and how."""
    call = program.calls.get(format_.function) or program.assigned[format_.function]
    message = filled(format_)
    for head, before, behind in combinations(program.heads(format_.file), call.before, call.behind):
        yield f"{head}{before}{message}{behind}"


def program_of(tree: Path) -> Program | None:
    """Whose source this is."""
    wanted = ((p, (p.known_by, f"*/{p.known_by}")) for p in PROGRAMS)
    return next((p for p, at in wanted if any(next(tree.glob(a), None) for a in at)), None)


def formats(tree: Path, program: Program) -> Iterator[Format]:
    """All messages of this tree, in the order of its files."""
    texts = {}
    for path in sorted(tree.rglob("*")):
        name = "/" + path.relative_to(tree).as_posix()
        if (
            path.suffix in (".c", ".h", ".cpp", ".C", ".y", ".et")
            and path.is_file()
            and not re.search(program.skipped, name)
        ):
            texts[name] = path.read_text("latin-1")
    names: dict[str, list[str]] = {}
    for text in texts.values():
        names.update(macros(text))
    for name, text in texts.items():
        yield from read(text, name, program, names)


class Count(NamedTuple):
    """What the rules know of the messages of one program; `left`: those that they do not, and that an administrator
    could act on."""

    program: str
    known: int
    of_no_use: int
    left: tuple[Format, ...]

    def row(self) -> str:
        """One line of the table."""
        total = self.known + self.of_no_use + len(self.left)
        return f"{self.program:12}{total:8}{self.known:8}{self.of_no_use:8}{len(self.left):8}"


def _of_no_use(format_: Format, program: Program) -> bool:
    """Whether an administrator could do nothing about it."""
    call = program.calls.get(format_.function) or program.assigned[format_.function]
    recorded = call.level == "info" and not _TROUBLE.search(format_.text)
    return format_.debugged or recorded or call.level == "panic" or bool(_OF_NO_USE.search(format_.text))


def counted(program: Program, found: Sequence[Format], matcher: Matcher, everything: bool = False) -> Count:
    """Each text once, whatever the number of releases it stands in."""
    known = of_no_use = 0
    left: list[Format] = []
    for format_ in {f.text.strip(): f for f in found if len(f.text.strip()) > 3}.values():
        if not everything and not _ABOUT.search(_DIRECTIVE_OF_FORMAT.sub("", format_.text)):
            continue
        rows = [line.encode("utf-8", "replace") for line in lines(format_, program)]
        if any(matcher.read(line, matcher.inside(line)) for line in rows):
            known += 1
        elif _of_no_use(format_, program):
            of_no_use += 1
        else:
            left.append(format_)
    return Count(program.name, known, of_no_use, tuple(left))


def main(words: Sequence[str] | None = None) -> int:
    """The exit status is 2 where a tree is of no program that we know."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("tree", nargs="+", type=Path)
    parser.add_argument("--list", action="store_true", help="print the formats that no rule knows")
    parser.add_argument("--all", action="store_true", help="take formats about anything")
    options = parser.parse_args(words)
    of: dict[str, list[Format]] = {}
    for tree in options.tree:
        program = program_of(tree)
        if program is None:
            print(f"{tree}: no source of {', '.join(p.name for p in PROGRAMS)}")  # noqa: T201
            return 2
        of.setdefault(program.name, []).extend(formats(tree, program))
    matcher = Matcher([rule for rule in builtin.builtin().rules if not rule.by_words])
    counts = [counted(p, of[p.name], matcher, options.all) for p in PROGRAMS if p.name in of]
    print(f"{'':12}{'formats':>8}{'known':>8}{'no use':>8}{'left':>8}")  # noqa: T201
    for count in counts:
        print(count.row())  # noqa: T201
    for count in counts if options.list else ():
        for f in count.left:
            print(f"{count.program} {f.file[1:]}:{f.line} {f.function}: {f.text}")  # noqa: T201
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

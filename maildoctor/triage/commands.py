"""Commands of log rules, which root pastes, with fields of log lines in them, which a stranger chooses.

Whoever may write to syslog can write any line, so a field says nothing true of this host. A command that only reads
takes every plain word. One that changes something takes a name, or the path of a file that belongs to a mail system;
where the log names another, the field's name in capitals stands there, for a person to fill in. A command that is not
known here (`cp`, `rm`, `sh`) takes nothing from a log, nor does one that runs or loads the file it is given (`ldd`).
`maildoctor.triage.validation` refuses rules that have such commands.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from maildoctor.model import Step
from maildoctor.plan.words import FIELD, filled, is_plain

_BLANK = re.compile(r"<[\w @:./-]+>", re.ASCII)
"""What a person is to fill in, which is no redirection."""
_TABLE = re.compile(r"(?:[a-z]{1,20}:)?(/.*)", re.ASCII)
"""A path, or one of a table of Postfix: `hash:/etc/postfix/sasl_passwd`."""

READERS = tuple(tuple(words.split()) for words in """
    aa-status; audit2why; ausearch; authtest; cat; chage -l; chronyc tracking; crle; date; db_verify; df; dig
    doveadm auth; doveadm log errors; doveadm pw; doveadm user; doveadm who; doveconf; dovecot --build-options
    dovecot --version; dpkg -S; dpkg -l; exim -bP; exim -bV; exim -be; fail2ban-client status; file; find; findmnt
    fips-mode-setup --check; getent; getsebool; grep; head; host; hostname -f; journalctl; jq; kinit; klist; kvno
    ldapsearch; ldapwhoami; ldconfig -p; ls; mysql; namei; nc; objdump; openssl ciphers; openssl crl; openssl crl2pkcs7
    openssl engine -t; openssl list; openssl pkcs7; openssl pkey; openssl rsa; openssl s_client; openssl version
    openssl x509; otool; passwd -S; pluginviewer; postconf; postfix check; postqueue -p; posttls-finger; ps; readelf
    sasl-xoauth2-tool; saslauthd -v; sasldblistusers; sasldblistusers2; saslfinger; saslpluginviewer; sendmail -bt
    sendmail -d0.1; sendmail -d0.14; sendmail -d0.15; smtpctl encrypt; smtpctl show; smtpd -n; ss; stat; sudo mailq
    swaks; systemctl show; systemctl status; tail; testsaslauthd; wbinfo; wc
""".replace("\n", ";").split(";") if words.strip())  # fmt: skip
"""How commands begin that only read, or ask a server as any client would."""

LOADERS = (("ldd",), ("postmap", "-q"))
"""Those that only read as long as the file is a good one: they run it, or load what it names."""

ON_FILES = (
    ("chgrp",),
    ("chmod",),
    ("chown",),
    ("install", "-d"),
    ("postmap",),
    ("restorecon",),
    ("touch",),
)
"""Those that change the file they are given, and may be given one of a mail system."""

ON_NAMES = (
    ("Set-CASMailbox",),
    ("apt", "install"),
    ("chage",),
    ("fail2ban-client", "set"),
    ("makemap", "hash"),
    ("passwd",),
    ("saslpasswd",),
    ("saslpasswd2",),
)
"""Those that change what has the name they are given: a user, a package, an address; never a path."""

_WRITING = {"postconf": ("-e", "-X", "-#"), "find": ("-delete", "-exec", "-fprint"), "openssl": ("-out",),
            "crle": ("-u",), "date": ("-s",)}  # fmt: skip
"""Options with which readers write."""

OPENING = re.compile(r"[0-7]*[1-7]|[ugo]*[oa][ugoa]*[+=].+|[+=].+")
"""Modes that let all others read or write."""

FOLDERS = (
    "/etc/dovecot",
    "/etc/exim",
    "/etc/exim4",
    "/etc/mail",
    "/etc/postfix",
    "/etc/sasl",
    "/etc/sasl2",
    "/etc/ssl/private",
    "/run/dovecot",
    "/run/saslauthd",
    "/usr/lib/*/sasl2",
    "/usr/lib/sasl2",
    "/usr/lib64/sasl2",
    "/usr/local/etc/dovecot",
    "/usr/local/etc/exim",
    "/usr/local/etc/mail",
    "/usr/local/etc/postfix",
    "/usr/local/lib/sasl2",
    "/var/run/dovecot",
    "/var/run/saslauthd",
    "/var/spool/postfix",
)
"""Below these lie files of mail systems only, and none but root and the mail system can put a file there."""

FILES = ("/etc/aliases", "/etc/aliases.db", "/etc/sasldb", "/etc/sasldb2", "/etc/sasldb2.db", "/var/spool/mqueue")


def step(command: str, fields: Mapping[str, str]) -> Step:
    """A command of a rule with the fields of a log line that may stand in it, risky where it does more than read."""
    return Step(filled(command, _fit(command, fields)), "manual" if reads(command) else "risky")


def complaint(command: str) -> str | None:
    """What is wrong with this command of a rule, if anything is."""
    if not FIELD.search(command) or reads(command):
        return None
    for part in _acting(command):
        if not _begins(part, ON_FILES + ON_NAMES):
            return f"{part[0] if part else command!r} is given what a log names, and could do anything with it"
        if part[0] == "chmod" and any(OPENING.fullmatch(word) for word in part[1:]):
            return "chmod opens to all others what a log names"
    return None


def reads(command: str) -> bool:
    """Whether the command changes nothing on this host, whatever stands for its fields."""
    return not any(True for _ in _acting(command))


def _fit(command: str, fields: Mapping[str, str]) -> dict[str, str]:
    """The fields that may stand in this command."""
    plain = {name: value for name, value in fields.items() if is_plain(value)}
    if reads(command):
        return plain
    if complaint(command):
        return {}
    fitting = [_is_ours if _begins(part, ON_FILES) else _is_name for part in _acting(command)]
    return {name: value for name, value in plain.items() if all(fits(value) for fits in fitting)}


def _is_name(value: str) -> bool:
    return "/" not in value


def _is_ours(value: str) -> bool:
    """Whether this is the path of a file of a mail system."""
    found = _TABLE.fullmatch(value)
    if not found:
        return False
    path = found[1].rstrip("/")
    return path in FILES or any(_below(path.split("/"), folder.split("/")) for folder in FOLDERS)


def _below(path: Sequence[str], folder: Sequence[str]) -> bool:
    return len(path) > len(folder) and all(map(fnmatchcase, path, folder))


def _acting(command: str) -> Iterator[Sequence[str]]:
    """The parts of a command line that do more than read, as their words; one without words where it is not clear."""
    try:
        parts = list(_parts(command))
    except ValueError:
        yield ()
        return
    for part in parts:
        if not _reads(part):
            yield part


def _parts(command: str) -> Iterator[Sequence[str]]:
    """The commands of a line, each as its words. Raises ValueError for quotes without an end."""
    lexer = shlex.shlex(_BLANK.sub("VALUE", command), posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split, lexer.commenters = True, ""
    part: list[str] = []
    for word in lexer:
        if word and set(word) <= set("();|&"):
            if part:
                yield part
            part = []
        else:
            part.append(word)
    if part:
        yield part


def _reads(part: Sequence[str]) -> bool:
    if any(word.startswith(">") or "$(" in word or "`" in word for word in part):
        return False
    part = part[1:] if part[0] == "time" else part
    if set(_WRITING.get(part[0] if part else "", ())) & set(part):
        return False
    if _begins(part, LOADERS):
        return not any(FIELD.search(word) for word in part)
    return _begins(part, READERS)


def _begins(part: Sequence[str], beginnings: Sequence[Sequence[str]]) -> bool:
    return any(tuple(part[: len(words)]) == tuple(words) for words in beginnings)


_SERVERS = (
    ("postfix", ("postfix",), "postconf postmap postqueue postalias postsuper postcat postfix postlog"),
    ("exim", ("exim",), "exim exim4 exinext exigrep exiqgrep update-exim4.conf exim_checkaccess"),
    ("sendmail", ("sendmail", "sm-"), "sendmail makemap m4"),
    ("opensmtpd", ("smtpd", "opensmtpd"), "smtpctl"),
)
"""A mail server, how the names of its programs begin in a log, and the commands that it alone has or that do another
thing with it."""
_COMMANDS = {command: server for server, _, names in _SERVERS for command in names.split()}


def mail_server(tag: bytes) -> str:
    """The mail server that logs by this name; empty where it is none of these, or not known."""
    name = tag.decode("ascii", "replace")
    return next((server for server, begins, _ in _SERVERS if name.startswith(begins)), "")


def wanted_by(command: str) -> str:
    """The mail server whose command this is; empty for one of all systems."""
    return _COMMANDS.get(command.partition(" ")[0], "")

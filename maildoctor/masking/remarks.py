"""Remarks in configuration files: people write old passwords there, in words that no masker knows."""

from maildoctor.masking.patterns import pattern, pattern_of_bytes

_OF_POSTFIX = (
    rb"(?:smtpd?|lmtp|virtual|relay|local|alias|sender|recipient|transport|canonical|mydestination|mynetworks|myorigin|"
    rb"milter|non_smtpd|tls|header|body|mailbox|message|inet|proxy|syslog_name)[a-z0-9_]{0,60}"
)
_SERVICE = (
    rb"[\w.:\[\]-]{1,260}[ \t]+(?:inet|unix|unix-dgram|fifo|pass)(?:[ \t]+[\w?-]{1,12}){5}[ \t]+[\w-]{1,40}[ \t]*\r?$"
)
_OPTION = rb"-o[ \t]*(?:smtpd_|syslog_name|milter_macro_)[a-z0-9_]{0,60}=\S*[ \t]*\r?$"
_REMARK = pattern_of_bytes(
    rb"([ \t]*(?:#+|;+|//|dnl\b)[ \t]*(?:" + _OF_POSTFIX + rb"[ \t]*=[ \t]*)?)(?=[^\s])(?<!#{5})"
    rb"(?!!/|%PAM|path: |(?:define|FEATURE|MAILER)\(|"
    + _SERVICE
    + rb"|"
    + _OPTION
    + rb"|"
    + _OF_POSTFIX
    + rb"[ \t]*=[ \t]*\r?$).+?(?=\r?$)"
)
"""But for what says by which program a script is run, macros that were commented out, what PAM begins its files with,
the lines of `#####` in which sendmail.cf tells how it was made, and of Postfix the names of parameters and services
that were commented out, for what is below them may not have been."""
_SETTINGS = pattern(
    r".*/etc/.*|.*\.(?:conf|cf|mc|m4|cnf|cfg|ini|ext|local|service|rc|ya?ml|toml|properties|env|htaccess)(?:[.~-].*)?"
    r"|.*/\.(?:fetchmail|msmtp|pg|my|mutt|mail)\w*(?:rc|\.cnf|pass)|.*/\.netrc"
)


def of_settings(path: str) -> bool:
    """Whether a file, by its path, holds settings, so that lines of it with a `#` at their beginning are remarks."""
    return bool(_SETTINGS.fullmatch(path))


def is_remark(line: bytes) -> bool:
    """Whether nothing of the line but its beginning is left."""
    return _REMARK.match(line) is not None


def without_remark(line: bytes) -> bytes:
    """The line; of one that is a remark, how it begins and `***`."""
    return _REMARK.sub(rb"\1***", line, count=1) if _REMARK.match(line) else line

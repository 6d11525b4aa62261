"""Remarks in configuration files: people write old passwords there, in words that no masker knows."""

from maildoctor.masking.patterns import pattern, pattern_of_bytes

_REMARK = pattern_of_bytes(
    rb"([ \t]*(?:#+|;+|//|dnl\b)[ \t]*)(?=[^\s])(?<!#{5})(?!!/|%PAM|path: |(?:define|FEATURE|MAILER)\().+?(?=\r?$)"
)
"""But for what says by which program a script is run, macros that were commented out, what PAM begins its files with,
and the lines of `#####` in which sendmail.cf tells how it was made."""
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

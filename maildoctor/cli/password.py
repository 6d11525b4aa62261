"""Who logs in, and where the password comes from: a file, a variable, a descriptor or the terminal.

Never the command line: every user of the machine can read it, and shells keep it. There is no option of that name, and
so no MAILDOCTOR_PASSWORD in the environment either, unless `--password-env` names it.
"""

import argparse
import os
import re
import stat
import sys

from maildoctor import filesystem
from maildoctor.cli.options import listed
from maildoctor.cli.report_error import UsageError
from maildoctor.plan.words import shell_word
from maildoctor.render.escape import shown
from maildoctor.sasl import MECHANISMS, NEEDS_SECRET, Secret

LONGEST = 64 * 1024
"""Bytes of a password, or of the file that holds it."""

_PATIENCE = 60.0
"""Seconds that a program is given to write the password to a pipe: it may ask a person first."""

SECRETS = "/run/secrets"
"""Where container engines mount secrets. They make them 0444 in a folder of the container's own; no one can fix it."""

_WAYS = "give --password-file FILE, --password-env NAME or --password-fd N, or run it in a terminal and be asked"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def add_login(parser: argparse.ArgumentParser) -> None:
    """Options that say who logs in, how, and where the password comes from."""
    who = parser.add_argument_group("login")
    who.add_argument("--user", metavar="NAME", help="log in as NAME; the password is asked for if no option brings it")
    who.add_argument("--authzid", metavar="NAME", default="", help="act as NAME (the authorization identity)")
    who.add_argument("--realm", default="", help="realm for DIGEST-MD5 (the server's first)")
    who.add_argument(
        "--mech", action="append", default=[], metavar="MECHS", help="only these mechanisms (repeatable, with commas)"
    )
    source = who.add_mutually_exclusive_group()
    source.add_argument("--password-file", metavar="FILE", help="the password is the first line of FILE")
    source.add_argument("--password-env", metavar="NAME", help="the password is in the environment variable NAME")
    source.add_argument("--password-fd", metavar="N", type=_descriptor, help="the password is read from descriptor N")
    who.add_argument(
        "--insecure-plaintext",
        action="store_true",
        help="log in without TLS too: PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER show the secret then, and CRAM-MD5, "
        "DIGEST-MD5 and SCRAM an answer on which guesses can be tried offline",
    )


def mechanisms(options: argparse.Namespace) -> tuple[str, ...]:
    """Those that `--mech` names, in capitals; none where it is not given. Raises UsageError for one we do not speak."""
    named = tuple(m.upper() for m in listed(options.mech))
    for name in named:
        if name not in MECHANISMS:
            raise UsageError(
                f"maildoctor does not speak {shown(name)}", "--mech", f"take one of {', '.join(MECHANISMS)}"
            )
    return named


def secret(options: argparse.Namespace) -> Secret | None:
    """The password, from the one place that the options name, else from the terminal.

    None without `--user`, and where no mechanism of `--mech` needs a password. Raises UsageError.
    """
    if options.user is None:
        _refuse_a_source(options)
        return None
    if options.password_file is not None:
        return _from_file(options.password_file)
    if options.password_env is not None:
        return _from_environment(options.password_env)
    if options.password_fd is not None:
        return _from_descriptor(options.password_fd)
    mechanisms = {m.upper() for m in listed(options.mech)}
    if mechanisms and not mechanisms & NEEDS_SECRET:
        return None
    return _from_terminal(options.user)


def _refuse_a_source(options: argparse.Namespace) -> None:
    for source in ("password_file", "password_env", "password_fd"):
        if getattr(options, source) is not None:
            flag = "--" + source.replace("_", "-")
            raise UsageError("there is a password but no user", flag, f"add --user NAME, or leave {flag} out")


def _descriptor(text: str) -> int:
    # argparse would quote what it cannot convert, and that may be a password given by mistake.
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise argparse.ArgumentTypeError("it takes the number of a file descriptor")
    return int(text)


def _from_file(path: str) -> Secret:
    try:
        fd = filesystem.opened(path, streams=True)
    except filesystem.NotRegular:
        raise _no_file(path) from None
    except OSError as error:
        what = f"the password file cannot be read: {_reason(error)}"
        raise UsageError(what, path, "give the path of a file that you can read") from None
    try:
        _private(fd, path)
        return _first_line(_whole(fd, path), path)
    finally:
        os.close(fd)


def _private(fd: int, path: str) -> None:
    status = os.fstat(fd)
    if stat.S_ISFIFO(status.st_mode):  # of a shell, <(command): no file that lies about
        if not filesystem.awaited(fd, _PATIENCE):
            raise UsageError("nobody writes to this pipe", path, "start the program that writes the password to it")
        return
    if not stat.S_ISREG(status.st_mode):
        raise _no_file(path)
    if status.st_mode & 0o066 and not filesystem.real(fd, path).startswith(SECRETS + "/"):
        what = f"others can read or write the password file (mode {stat.S_IMODE(status.st_mode):04o})"
        raise UsageError(what, path, f"chmod 600 {shell_word(path)}")


def _no_file(path: str) -> UsageError:
    return UsageError("the password file is no file", path, "give a file, or a pipe")


def _from_environment(name: str) -> Secret:
    if re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
        where = f"the environment: {name}"
    else:
        where = "--password-env"  # what is there may be the password itself, given by mistake: do not repeat it
    if name not in os.environ:
        raise UsageError(
            "there is no such variable", where, "give --password-env the name of a variable that is exported"
        )
    return _first_line(os.fsencode(os.environ[name]), where)


def _from_descriptor(fd: int) -> Secret:
    where = f"--password-fd {fd}"
    if os.isatty(fd):
        raise UsageError("that is a terminal, which shows what is typed", where, f"leave {where} out, and be asked")
    return _first_line(_whole(fd, where), where)


def _whole(fd: int, where: str) -> bytes:
    data = b""
    try:
        while len(data) <= LONGEST and (more := os.read(fd, LONGEST + 1 - len(data))):
            data += more
    except OSError as error:
        data = b""
        raise UsageError(f"the password cannot be read: {_reason(error)}", where, _WAYS) from None
    return data


def _first_line(data: bytes, where: str) -> Secret:
    line = data.partition(b"\n")[0].removesuffix(b"\r")
    fault = _fault(data, line)
    if fault:
        data = line = b""  # a traceback may show what stands in variables
        raise UsageError(fault, where, "let it hold the password alone, in one line")
    return Secret(line)


def _fault(data: bytes, line: bytes) -> str:
    if len(data) > LONGEST:
        return f"there are more than {LONGEST} bytes where a password should be"
    if b"\0" in line:
        return "the password has a NUL in it"
    if line.startswith(_BYTE_ORDER_MARK):
        return "an editor put a byte order mark in front of the password"
    return "" if line else "the password is empty"


def _from_terminal(user: str) -> Secret:
    if not _is_terminal():
        raise UsageError("there is no password, and no terminal to ask for it", f"--user {user}", _WAYS)
    return _first_line(_typed(user), "the terminal")


def _typed(user: str) -> bytes:
    import getpass
    import warnings

    with warnings.catch_warnings():
        # It warns where it cannot keep the terminal from showing what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"Password of {shown(user)}: ").encode("utf-8", "surrogateescape")
        except (EOFError, OSError, UnicodeError, getpass.GetPassWarning):
            raise UsageError("no password could be read from the terminal", f"--user {user}", _WAYS) from None


def _is_terminal() -> bool:
    """Whether there is a terminal to ask at, also where stdin is a pipe."""
    try:
        os.close(filesystem.terminal())
    except OSError:
        return sys.stdin is not None and sys.stdin.isatty()
    return True


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()

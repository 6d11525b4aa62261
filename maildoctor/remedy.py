"""Commands that mend, put together so that a name from the host can never become shell."""

import shlex
from collections.abc import Sequence

from maildoctor.facts.paths import Look
from maildoctor.model import Step


def shell_word(text: str) -> str:
    """One word of a shell command, quoted where it must be."""
    return shlex.quote(text)


def rebuild(cf_path: str, change: str) -> list[Step]:
    """A change to the m4 source, then sendmail.cf made anew and sendmail restarted: a .cf is never edited by hand."""
    source = cf_path.removesuffix(".cf") + ".mc"
    return [
        Step(f"# in {source}: {' '.join(change.split())}"),
        build(source, cf_path),
    ]


def build(source: str, cf_path: str) -> Step:
    """sendmail.cf from its source, by way of another file: a failing m4 must not leave an empty one."""
    new = shell_word(cf_path + ".new")
    command = f"m4 {shell_word(source)} > {new} && mv {new} {shell_word(cf_path)} && service sendmail restart"
    return Step(command, "risky")


def set_option(path: str, option: str, value: str) -> Step:
    """`option: value` in a configuration of libsasl, in the place of what stands there."""
    text = value.replace("\\", r"\\").replace("/", r"\/").replace("&", r"\&")
    return Step(f"sed -i {shell_word(f's/^{option}:.*/{option}: {text}/')} {shell_word(path)}", "risky")


def private(files: Sequence[Look]) -> Step:
    """Files that hold secrets, for their owner alone."""
    undo = "; ".join(f"chmod {x.octal} {shell_word(x.path)}" for x in files)
    return Step(f"chmod 600 {' '.join(shell_word(x.path) for x in files)}", "safe", undo)


def restart() -> Step:
    """Start sendmail again."""
    return Step("service sendmail restart", "risky")


def add_user(user: str, realm: str, path: str = "") -> Step:
    """Make a user in a realm; the program asks for the password."""
    where = f"-f {shell_word(path)} " if path and path not in ("/etc/sasldb2", "/etc/sasldb") else ""
    return Step(f"saslpasswd2 -c {where}-u {shell_word(realm)} {shell_word(user)}", "risky")

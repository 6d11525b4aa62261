"""Commands that mend, put together so that a name from the host can never become shell, m4 or a line of its own.

In a command of the shell a value is quoted (`shell_word`). What is to be written into a file (`edit`, `rebuild`) is in
one of many languages, each with quotes of its own, and none that quotes all values; a value that is more than a plain
word is left out there, and its name in capitals stands in its place (`filled`). So it is in the commands of log rules.
"""

import re
import shlex
from collections.abc import Mapping, Sequence

from maildoctor.auth.service import LoginService, Subject
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.paths import Look
from maildoctor.model import Step

_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_WORD = re.compile(r"[A-Za-z0-9_./@][A-Za-z0-9_./@:+,=-]*", re.ASCII)
_ENTRY = re.compile(r"[A-Za-z0-9_./@\[*][A-Za-z0-9_./@:+,=*\[\]-]*", re.ASCII)


def shell_word(text: str) -> str:
    """One word of a shell command, quoted where it must be."""
    return shlex.quote(text)


def is_plain(text: str) -> bool:
    """Whether this means only itself wherever it is written, in quotes of any kind or in none: letters, digits and a
    few signs that mean nothing to shell, m4, sed, LDAP and SQL; nothing that could be an option, or leads upwards."""
    return bool(_WORD.fullmatch(text)) and ".." not in text.split("/")


def filled(text: str, fields: Mapping[str, str]) -> str:
    """`{user}` becomes the field's value, or `USER` where it is not known: a shell would redirect to `<user>`."""
    return _PLACE.sub(lambda m: fields.get(m[1]) or m[1].upper(), text)


def by_hand(words: str, **values: str | Sequence[str]) -> Step:
    """What no command does. `{name}` in it becomes the value of that name, and `NAME` where that is not plain; of a
    list its plain words, with blanks between them."""
    told = {
        name: " ".join(filter(None, map(_in_file, [value] if isinstance(value, str) else value)))
        for name, value in values.items()
    }
    return Step(f"# {filled(' '.join(words.split()), told)}")


def edit(path: str, change: str, **values: str | Sequence[str]) -> Step:
    """`change` by hand in the file `path`, with values as for `by_hand`."""
    return by_hand(f"in {{file}}: {change}", **{"file": path, **values})


def _in_file(value: str) -> str:
    """A plain word, or one with the brackets and the star that stand in keys of maps; else nothing."""
    return value if _ENTRY.fullmatch(value) and ".." not in value.split("/") else ""


def rebuild(cf_path: str, change: str, **values: str | Sequence[str]) -> list[Step]:
    """A change to the m4 source as `edit` takes it, then sendmail.cf made anew and sendmail restarted: a .cf is never
    edited by hand."""
    source = cf_path.removesuffix(".cf") + ".mc"
    return [edit(source, change, **values), build(source, cf_path)]


def build(source: str, cf_path: str) -> Step:
    """sendmail.cf from its source, by way of another file: a failing m4 must not leave an empty one."""
    new = shell_word(cf_path + ".new")
    command = f"m4 {shell_word(source)} > {new} && mv {new} {shell_word(cf_path)} && service sendmail restart"
    return Step(command, "risky")


def set_option(conf: SaslConf, option: str, value: str) -> Step:
    """`option: value` in a configuration of libsasl, in the place of what stands there."""
    text = value.replace("\\", r"\\").replace("/", r"\/").replace("&", r"\&")
    name = conf.prefix + option
    return Step(f"sed -i {shell_word(f's/^{name}:.*/{name}: {text}/')} {shell_word(conf.path)}", "risky")


def private(files: Sequence[Look]) -> Step:
    """Files that hold secrets, for their owner alone."""
    undo = "; ".join(f"chmod {x.octal} {shell_word(x.path)}" for x in files)
    return Step(f"chmod 600 {' '.join(shell_word(x.path) for x in files)}", "safe", undo)


_MACROS: dict[Subject, str] = {
    "mechanisms": "confAUTH_MECHANISMS",
    "requires": "confAUTH_OPTIONS",
    "realm": "confAUTH_REALM",
    "account": "confRUN_AS_USER",
    "certificate": "confSERVER_CERT",
}
"""What sendmail.mc calls them; the class of trusted mechanisms has a macro of its own, TRUST_AUTH_MECH."""

_RESTARTS = {
    "sendmail": "service sendmail restart",
    "postfix": "postfix reload",
    "cyrus-imapd": "service cyrus-imapd restart",
}


def setting(service: LoginService, subject: Subject, value: str = "…") -> str:
    """How a setting is written in the source of this service's configuration; `value` may be a `{name}` for `amend`."""
    if service.product == "sendmail":
        words = f"`{value}'" if value != "…" else value
        return f"TRUST_AUTH_MECH({words})" if subject == "trusted" else f"define(`{_MACROS[subject]}', {words})"
    between = " = " if service.product == "postfix" else ": "
    return f"{service.option(subject)}{between}{value}"


def amend(service: LoginService, change: str, **values: str | Sequence[str]) -> list[Step]:
    """A change by hand to this service's configuration, with values as for `by_hand`, and what makes it take effect."""
    if service.product == "sendmail":
        return rebuild(service.path, change, **values)
    return [edit(service.path, change, **values), restart(service)]


def change(service: LoginService, subject: Subject, words: Sequence[str]) -> list[Step]:
    """A setting of this service's configuration gets another value, and takes effect."""
    if service.product == "postfix" and all(map(is_plain, words)):
        line = setting(service, subject, " ".join(words))
        return [Step(f"postconf -e {shell_word(line)}", "risky"), restart(service)]
    end = "dnl" if service.product == "sendmail" else ""
    return amend(service, setting(service, subject, "{value}") + end, value=words)


def certificate(service: LoginService) -> list[Step]:
    """A certificate and its key for TLS."""
    if service.product == "sendmail":
        cert, key = "/etc/mail/tls/host.pem", "/etc/mail/tls/host.key"
        return amend(service, f"define(`confSERVER_CERT', `{cert}') define(`confSERVER_KEY', `{key}')dnl")
    return amend(service, "name a certificate and its key ({option})", option=service.option("certificate"))


def restart(service: LoginService | None = None) -> Step:
    """Start the mail server again; Sendmail where none is named."""
    return Step(_RESTARTS.get(service.product if service else "sendmail", ""), "risky")


def add_user(user: str, realm: str, path: str = "") -> Step:
    """Make a user in a realm; the program asks for the password."""
    where = f"-f {shell_word(path)} " if path and path not in ("/etc/sasldb2", "/etc/sasldb") else ""
    end = "-- " if user.startswith("-") else ""
    return Step(f"saslpasswd2 -c {where}-u {shell_word(realm)} {end}{shell_word(user)}", "risky")

"""Commands that mend, put together so that a name from the host can never become shell."""

import shlex
from collections.abc import Sequence

from maildoctor.auth.service import LoginService, Subject
from maildoctor.facts.cyrus.conf import SaslConf
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
    """How a setting is written in the source of this service's configuration."""
    if service.product == "sendmail":
        words = f"`{value}'" if value != "…" else value
        return f"TRUST_AUTH_MECH({words})" if subject == "trusted" else f"define(`{_MACROS[subject]}', {words})"
    return (
        f"{service.option(subject)} = {value}"
        if service.product == "postfix"
        else f"{service.option(subject)}: {value}"
    )


def change(service: LoginService, subject: Subject, value: str) -> list[Step]:
    """A setting of this service's configuration gets another value, and takes effect."""
    if service.product == "postfix":
        return [Step(f"postconf -e {shell_word(setting(service, subject, value))}", "risky"), restart(service)]
    return edit(service, setting(service, subject, value) + ("dnl" if service.product == "sendmail" else ""))


def certificate(service: LoginService) -> list[Step]:
    """A certificate and its key for TLS."""
    if service.product == "sendmail":
        cert, key = "/etc/mail/tls/host.pem", "/etc/mail/tls/host.key"
        return edit(service, f"define(`confSERVER_CERT', `{cert}') define(`confSERVER_KEY', `{key}')dnl")
    return edit(service, f"name a certificate and its key ({service.option('certificate')})")


def edit(service: LoginService, words: str) -> list[Step]:
    """A change that nobody can write down to the letter, and then what makes it take effect."""
    if service.product == "sendmail":
        return rebuild(service.path, words)
    return [Step(f"# in {service.path}: {' '.join(words.split())}"), restart(service)]


def restart(service: LoginService | None = None) -> Step:
    """Start the mail server again; Sendmail where none is named."""
    return Step(_RESTARTS.get(service.product if service else "sendmail", ""), "risky")


def add_user(user: str, realm: str, path: str = "") -> Step:
    """Make a user in a realm; the program asks for the password."""
    where = f"-f {shell_word(path)} " if path and path not in ("/etc/sasldb2", "/etc/sasldb") else ""
    return Step(f"saslpasswd2 -c {where}-u {shell_word(realm)} {shell_word(user)}", "risky")

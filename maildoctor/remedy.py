"""Remedies of which checks are made: typed steps put together, with what makes a change take effect."""

import re
from collections.abc import Sequence

from maildoctor.auth.service import LoginService, SaslApplication, Subject
from maildoctor.facts import Unknown
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.paths import Look
from maildoctor.facts.postfix.server import Smtpd
from maildoctor.facts.sendmail.cf import Daemon
from maildoctor.facts.sendmail.mc import MACROS
from maildoctor.facts.strays import Strays
from maildoctor.facts.tls import Pair, Tls, TlsFile
from maildoctor.plan.steps import (
    AddMacro,
    AddUser,
    Chmod,
    CopyFile,
    DropMacro,
    DropPort,
    EditFile,
    EditMacroFile,
    Inspect,
    MakeKey,
    Manual,
    Move,
    Rebuild,
    RenewCertificate,
    Restart,
    SelfSigned,
    SetMacro,
    SetOption,
    SetPort,
    SetPostfix,
    SetPostfixOption,
    SetPostfixService,
    Step,
)
from maildoctor.plan.words import is_plain


def by_hand(words: str, **values: str | Sequence[str]) -> Step:
    """What no command does. `{name}` in it becomes the value of that name, and `NAME` where that is not plain; of a
    list its plain words, with blanks between them."""
    return Manual(words, tuple(values.items()))


def edit(path: str, change: str, **values: str | Sequence[str]) -> Step:
    """`change` by hand in the file `path`, with values as for `by_hand`."""
    return EditFile(path, change, tuple(values.items()))


def inspect(command: str, **values: str | Sequence[str]) -> Step:
    """A command that only looks. `{name}` in it becomes the value of that name, quoted for the shell."""
    return Inspect(command, tuple(values.items()))


def rebuild(cf_path: str, change: str, **values: str | Sequence[str]) -> list[Step]:
    """A change to the m4 source as `edit` takes it, then sendmail.cf made anew and sendmail restarted: a .cf is never
    edited by hand."""
    return [EditMacroFile(_source(cf_path), change, tuple(values.items())), Rebuild(_source(cf_path), cf_path)]


def _source(cf_path: str) -> str:
    return cf_path.removesuffix(".cf") + ".mc"


def set_macro(cf_path: str, macro: str, *words: str) -> list[Step]:
    """A macro of the m4 source gets these words, sendmail.cf is made anew, and sendmail restarted. What is no plain
    word is left to a person, as for `by_hand`."""
    if not all(_WORD_OF_M4.fullmatch(word) for word in words):
        return rebuild(cf_path, f"define(`{macro}', `{{words}}')dnl", words=words)
    line = f"define(`{macro}', `{' '.join(words)}')dnl"
    return [SetMacro(_source(cf_path), "define", macro, line), Rebuild(_source(cf_path), cf_path)]


_WORD_OF_M4 = re.compile(r"[A-Za-z0-9_+!./@-][A-Za-z0-9_./@:+,=!-]*", re.ASCII)


def trust(cf_path: str, mechanisms: Sequence[str]) -> list[Step]:
    """Who logs in by one of these mechanisms may relay, and by no other."""
    if not all(map(is_plain, mechanisms)):
        return rebuild(cf_path, "TRUST_AUTH_MECH(`{mechanisms}')dnl", mechanisms=mechanisms)
    line = f"TRUST_AUTH_MECH(`{' '.join(mechanisms)}')dnl"
    return [SetMacro(_source(cf_path), "TRUST_AUTH_MECH", "", line), Rebuild(_source(cf_path), cf_path)]


def add_macro(cf_path: str, line: str) -> list[Step]:
    """One more line of the m4 source; nothing in it is of the host, or it is plain."""
    return [AddMacro(_source(cf_path), line), Rebuild(_source(cf_path), cf_path)]


def set_feature(cf_path: str, name: str, value: str) -> list[Step]:
    """A FEATURE of the m4 source gets an argument; nothing in both is of the host, or it is plain."""
    line = f"FEATURE(`{name}', `{value}')dnl"
    return [SetMacro(_source(cf_path), "FEATURE", name, line), Rebuild(_source(cf_path), cf_path)]


def drop_macro(cf_path: str, macro: str, name: str) -> list[Step]:
    """A `define` or `FEATURE` of the m4 source counts no more; nothing in `name` is of the host, or it is plain."""
    return [DropMacro(_source(cf_path), macro, name), Rebuild(_source(cf_path), cf_path)]


def reset_macro(cf_path: str, option: str) -> list[Step]:
    """An option of sendmail.cf has its default again, wherever its macro is defined."""
    return add_macro(cf_path, f"undefine(`{MACROS[option]}')dnl")


def set_port(cf_path: str, key: str, value: str, *daemons: Daemon) -> list[Step]:
    """These ports of sendmail get another modifier, address or number, or none (`value` empty)."""
    steps: list[Step] = []
    for daemon in daemons:
        if is_plain(daemon.name) and f"Name={daemon.name}" in daemon.written and (is_plain(value) or not value):
            steps.append(SetPort(_source(cf_path), daemon.name, key, value))
        else:
            change = "give the DAEMON_OPTIONS of {name} " + (f"{key}={{value}}" if value else f"no {key}=")
            steps += rebuild(cf_path, change, name=daemon.name, value=value)[:1]
    return [*steps, Rebuild(_source(cf_path), cf_path)]


def drop_port(cf_path: str, daemon: Daemon) -> list[Step]:
    """A port of sendmail goes; the one that sendmail.cf has where sendmail.mc names none goes by a FEATURE."""
    if daemon.is_default:
        return add_macro(cf_path, "FEATURE(`no_default_msa')dnl")
    if is_plain(daemon.name) and f"Name={daemon.name}" in daemon.written:
        return [DropPort(_source(cf_path), daemon.name), Rebuild(_source(cf_path), cf_path)]
    return rebuild(cf_path, "remove the DAEMON_OPTIONS with Name={name}", name=daemon.name)


def set_option(conf: SaslConf, option: str, value: str) -> Step:
    """`option: value` in a configuration of libsasl, in the place of what stands there. It is read when the mail server
    starts: see `taking_effect`."""
    setting = conf.options.get(option)
    if setting is None:
        return SetOption(conf.path, conf.prefix + option, value, new=True, unended=conf.unended)
    several = any(key == option for key, _ in conf.repeated)
    return SetOption(conf.path, conf.prefix + (setting.spelled or option), value, "" if several else setting.value)


def private(files: Sequence[Look]) -> Step:
    """Files that hold secrets, for their owner alone."""
    return chmod("600", *files)


def chmod(mode: str, *files: Look) -> Step:
    """Files get a mode as chmod(1) takes it."""
    return Chmod(mode, tuple(x.path for x in files), tuple(x.octal for x in files))


_MACROS: dict[Subject, str] = {
    "mechanisms": "confAUTH_MECHANISMS",
    "requires": "confAUTH_OPTIONS",
    "realm": "confAUTH_REALM",
    "account": "confRUN_AS_USER",
    "certificate": "confSERVER_CERT",
}
"""What sendmail.mc calls them; the class of trusted mechanisms has a macro of its own, TRUST_AUTH_MECH."""


def setting(service: LoginService, subject: Subject, value: str) -> str:
    """How a setting is written in the source of this service's configuration; `value` may be a `{name}` for `amend`."""
    if service.product == "sendmail":
        macro = "TRUST_AUTH_MECH(" if subject == "trusted" else f"define(`{_MACROS[subject]}', "
        return f"{macro}`{value}')"
    between = " = " if service.product == "postfix" else ": "
    return f"{service.option(subject)}{between}{value}"


def amend(service: LoginService, change: str, **values: str | Sequence[str]) -> list[Step]:
    """A change by hand to this service's configuration, with values as for `by_hand`, and what makes it take effect."""
    if service.product == "sendmail":
        return rebuild(service.path, change, **values)
    return [edit(service.path, change, **values), restart(service)]


def change(service: LoginService, subject: Subject, words: Sequence[str]) -> list[Step]:
    """A setting of this service's configuration gets another value, and takes effect."""
    if service.product == "sendmail":
        return trust(service.path, words) if subject == "trusted" else set_macro(service.path, _MACROS[subject], *words)
    if service.product == "postfix" and all(map(is_plain, words)):
        return [SetPostfix(service.option(subject), " ".join(words)), restart(service)]
    return amend(service, setting(service, subject, "{value}"), value=words)


def set_postfix(smtpd: Smtpd, name: str, value: str) -> Step:
    """A parameter of a service gets a value where it is set now: by `-o`, or in main.cf for all services."""
    if name in smtpd.service.options:
        return SetPostfixOption(smtpd.name, name, value)
    return SetPostfix(name, value)


def leave_root(service: LoginService, application: SaslApplication) -> list[Step]:
    """The services that work in a root of their own leave it, so that they see what the rest of the host does."""
    if service.product == "postfix":
        return [SetPostfixService(application.rooted, "chroot", "n", "y"), restart(service)]
    return [by_hand("let {product} work without the root {root}", product=service.product, root=application.root)]


def sendmail_certificate(cf_path: str) -> list[Step]:
    """The four settings without which sendmail offers no STARTTLS (TLS_I_SRV of tls.h), with the usual files."""
    folder = "/etc/mail/tls"
    files = {"SERVER_CERT": "/host.pem", "SERVER_KEY": "/host.key", "CACERT": "/host.pem", "CACERT_PATH": ""}
    steps = [set_macro(cf_path, f"conf{option}", f"{folder}{file}") for option, file in files.items()]
    return [*(step[0] for step in steps), steps[0][1]]


def certificate(service: LoginService) -> list[Step]:
    """A certificate and its key for TLS; sendmail wants a CA file and folder named too (TLS_I_SRV_CERT of tls.h)."""
    if service.product == "sendmail":
        return sendmail_certificate(service.path)
    return amend(service, "name a certificate and its key ({option})", option=service.option("certificate"))


def self_signed(certificate: str, key: str, *, replaces: bool = False, has_key: bool = True) -> list[Step]:
    """A certificate that serves until an authority has signed one, for a key that is made where there is none."""
    old: list[Step] = [Move(certificate, f"{certificate}.old")] if replaces else []
    return [*old, *([] if has_key else [MakeKey(key)]), SelfSigned(certificate, key)]


def installed(pair: Pair, certificate: str, key: str, used: Tls) -> list[Step]:
    """A certificate and key that lie elsewhere take the place of those two files, which are kept as `FILE.old`."""
    steps: list[Step] = []
    shown = "600" if pair.is_private else "644"
    for source, path, mode in ((pair.path, certificate, shown), (pair.key, key, "600")):
        if source != path:
            there = any(f.path == path and f.state != "missing" for f in used.files)
            steps += [Move(path, f"{path}.old")] if there else []
            steps.append(CopyFile(path, source, mode))
    return steps


_LINEAGE = re.compile(r"/etc/letsencrypt/(?:live|archive)/([^/]+)/")


def renewed(file: TlsFile, key: str) -> list[Step]:
    """A new certificate in the place of one that is not to be used any more, as it was made: by certbot, or by nobody
    but the host itself. None where an authority must be asked in a way that we do not know."""
    if lineage := _LINEAGE.match(file.path):
        return [RenewCertificate(lineage[1])]
    if file.certificates and file.certificates[0].is_self_signed and file.path != key:
        return self_signed(file.path, key, replaces=True)
    return []


def moved_away(strays: Strays) -> list[Step]:
    """Files that fill a queue's file system and are none of its messages go where there is room; none is lost."""
    return [Move(x.path, f"{strays.room}/{x.path.rpartition('/')[2]}") for x in strays.files if strays.room]


def restart(service: LoginService | Unknown | None = None) -> Step:
    """Start the mail server again; Sendmail where none is named or known."""
    return Restart(service.product if isinstance(service, LoginService) else "sendmail")


def taking_effect(service: LoginService | Unknown | None, *steps: Step) -> list[Step]:
    """The steps, and then the restart: plug-ins and the configuration of libsasl are read at the start alone."""
    return [*steps, restart(service)]


def add_user(user: str, realm: str, path: str = "") -> Step:
    """Make a user in a realm; the program asks for the password."""
    return AddUser(user, realm, path)

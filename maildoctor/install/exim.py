"""Exim with SMTP AUTH on the submission port.

Sources: Exim's specification, chapters 33 (SMTP authentication), 34 (the plaintext authenticator) and 13 (starting the
daemon); Debian's README.Debian.gz of exim4-base, update-exim4.conf(8), exim4_passwd(5) and the examples in
conf.d/auth/30_exim4-config_examples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from maildoctor.auth.exim import user as user_of
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.exim.conf import DEBIAN, GENERATED, LOCAL_MACROS, Exim, Option
from maildoctor.facts.system import System
from maildoctor.install import accounts
from maildoctor.install.wanted import SUBMISSION, SetUp, Store, Wanted
from maildoctor.plan.steps import (
    AddBefore,
    AddBehind,
    AddLine,
    AddPassword,
    Chown,
    EditFile,
    GenerateExim,
    Inspect,
    JoinGroup,
    MakeCertificate,
    Restart,
    SetInLine,
    SetOption,
    Step,
    WriteFile,
)
from maildoctor.plan.words import is_plain

_BEGIN = "begin authenticators"
_SPLIT = "/etc/exim4/conf.d/auth/35_server_authenticators"
_IN_TLS = "  server_advertise_condition = ${if eq{$tls_in_cipher}{}{}{*}}"
_SOCKET = "/var/run/dovecot/auth-exim"
_DOVECOT_FILE = "/etc/dovecot/conf.d/99-exim-auth.conf"


def set_up(
    wanted: Wanted,
    system: System | None,
    beside: Sequence[str] | None = None,
    exim: Exim | None = None,
    saslauthd: Saslauthd | None = None,
    realm: str = "",
) -> SetUp:
    """The whole way; arguments as of `install.sendmail.set_up`."""
    store = wanted.accounts or "file"
    asked = replace(wanted, accounts=store)
    path = exim.path if exim else _usual(system)
    generated = path == GENERATED
    folder = "/etc/exim4" if generated else path.rpartition("/")[0]
    name, group = wanted.host or realm or "localhost", user_of(system)
    build: list[Step] = [GenerateExim()] if generated else []
    program = "exim4" if system is not None and system.family == "debian" else "exim"
    return SetUp(
        packages=_packages(store, beside),
        certificate=list(_certificate(exim, path, folder, name, group)),
        configuration=[
            *_authenticators(store, exim, path, folder, system),
            *(_debian_ports(exim) if generated else _ports(exim, path)),
            *(
                [EditFile(path, "accept authenticated = * in the ACL that acl_smtp_rcpt names")]
                if _refuses(exim)
                else []
            ),
            *build,
        ],
        build=[*build, Inspect(f"{program} -bV"), Restart("exim")],
        verifier=list(_verifier(store, asked, saslauthd, system, group)),
        users=[AddPassword(f"{folder}/passwd", accounts.person(asked, system), group)]
        if store == "file"
        else accounts.first_user(asked, system, realm),
    )


def _usual(system: System | None) -> str:
    """What Exim reads where none is installed yet."""
    family = system.family if system else ""
    return {"debian": GENERATED, "freebsd": "/usr/local/etc/exim/configure"}.get(family, "/etc/exim/exim.conf")


def _packages(store: Store, beside: Sequence[str] | None) -> list[Step]:
    needs = {"system": "saslauthd", "ldap": "saslauthd", "dovecot": "dovecot"}.get(store)
    return accounts.packages(beside, needs) if needs else []


def _refuses(exim: Exim | None) -> bool:
    return exim is not None and not exim.missing and "acl_smtp_rcpt" in exim.options and not exim.accepts_authenticated


# ---- authenticators


def _authenticators(store: Store, exim: Exim | None, path: str, folder: str, system: System | None) -> Iterator[Step]:
    """In a file of their own, which Debian's split configuration takes in by itself."""
    lines = (*_of_dovecot(),) if store == "dovecot" else (*_plaintext(store, f"{folder}/passwd"),)
    if store == "dovecot":
        yield WriteFile(_DOVECOT_FILE, tuple(_listener(user_of(system))))
    if exim is not None and exim.split:
        yield WriteFile(_SPLIT, lines)
        return
    file = f"{folder}/server-authenticators"
    yield WriteFile(file, lines)
    into = "/etc/exim4/exim4.conf.template" if path == GENERATED else path
    if exim is not None and not exim.has_authenticators:
        yield AddLine(into, _BEGIN)
    yield AddBehind(into, f".include {file}", _BEGIN)


def _plaintext(store: Store, passwords: str) -> Iterator[str]:
    """PLAIN gives the name in $auth2, LOGIN in $auth1 (spec, 34.2 and 34.3)."""
    for mechanism, prompts, name, password in (
        ("PLAIN", ":", "$auth2", "$auth3"),
        ("LOGIN", '"Username:: : Password::"', "$auth1", "$auth2"),
    ):
        stored = f"${{extract{{1}}{{:}}{{${{lookup{{{name}}}lsearch{{{passwords}}}{{$value}}{{*:*}}}}}}}}"
        asked = f"crypteq{{{password}}}{{{stored}}}" if store == "file" else f"saslauthd{{{{{name}}}{{{password}}}}}"
        yield f"{mechanism.lower()}_server:"
        yield "  driver = plaintext"
        yield f"  public_name = {mechanism}"
        yield f"  server_prompts = {prompts}"
        yield f"  server_condition = ${{if {asked}{{1}}{{0}}}}"
        yield f"  server_set_id = {name}"
        yield _IN_TLS


def _of_dovecot() -> Iterator[str]:
    for mechanism in ("PLAIN", "LOGIN"):
        yield f"{mechanism.lower()}_server:"
        yield "  driver = dovecot"
        yield f"  public_name = {mechanism}"
        yield f"  server_socket = {_SOCKET}"
        yield "  server_set_id = $auth1"
        yield _IN_TLS


def _listener(user: str) -> Iterator[str]:
    """The same in Dovecot 2.3 and 2.4."""
    yield from ("service auth {", f"  unix_listener {_SOCKET} {{", "    mode = 0660")
    yield from (f"    user = {user}", "  }", "}", "auth_mechanisms = plain login")


def _verifier(
    store: Store, asked: Wanted, saslauthd: Saslauthd | None, system: System | None, group: str
) -> Iterator[Step]:
    if store == "dovecot":
        yield Restart("dovecot")
    elif store in ("system", "ldap"):
        if system is not None and system.family == "debian" and group not in system.groups.get("sasl", ()):
            yield JoinGroup(group, "sasl")
        yield from accounts.directory(asked, system)
        yield from accounts.started(saslauthd, system)


# ---- main options


def _certificate(exim: Exim | None, path: str, folder: str, name: str, group: str) -> Iterator[Step]:
    """Exim opens the key after it gave up root. Without a certificate of its own it makes one anew at each start."""
    if exim is not None and exim.value("tls_certificate"):
        return
    certificate, key = f"{folder}/exim.crt", f"{folder}/exim.key"
    yield MakeCertificate(certificate, key, name)
    yield Chown(f"root:{group}", (certificate, key), "", mode="640")
    if path == GENERATED:
        yield AddLine(LOCAL_MACROS, "MAIN_TLS_ENABLE = yes")
        yield GenerateExim()
        return
    yield _main_option(exim, path, "tls_certificate", certificate)
    yield _main_option(exim, path, "tls_privatekey", key)
    if exim is not None and not exim.value("tls_advertise_hosts", "*"):
        yield _main_option(exim, path, "tls_advertise_hosts", "*")


def _main_option(exim: Exim | None, path: str, name: str, value: str) -> Step:
    """In its place, or before the first section."""
    option = exim.options.get(name) if exim else None
    if option is None:
        return AddBefore(path, f"{name} = {value}", "begin")
    return SetInLine(option.path, option.line, name, value, option.value)


def _debian_ports(exim: Exim | None) -> Iterator[Step]:
    """Port 587 for all, and port 25 as it was; `local` lets no mail leave the host."""
    settings = exim.debian or {} if exim else {}
    if "dc_eximconfig_configtype" in settings and settings["dc_eximconfig_configtype"] == "local":
        yield SetOption(DEBIAN, "dc_eximconfig_configtype", "'internet'", "'local'", "=")
    if exim is None or (SUBMISSION in exim.ports and not exim.is_loopback):
        return
    if _FOR_ALL in settings.get("dc_local_interfaces", ""):
        return  # it is in use once the configuration is made anew
    if exim.is_loopback and exim.debian is not None and is_plain_list(exim.debian.get("dc_local_interfaces", "")):
        before = exim.debian["dc_local_interfaces"]
        yield SetOption(DEBIAN, "dc_local_interfaces", f"'{before} ; {_FOR_ALL}'", f"'{before}'", "=")
    elif "daemon_smtp_ports" not in exim.options:
        yield AddLine(LOCAL_MACROS, f"daemon_smtp_ports = 25 : {SUBMISSION}")
    else:
        yield EditFile(LOCAL_MACROS, f"add {SUBMISSION} to daemon_smtp_ports")


_FOR_ALL = f"[0.0.0.0]:{SUBMISSION} ; [::0]:{SUBMISSION}"


def is_plain_list(value: str) -> bool:
    """Addresses with semicolons between them, and nothing that would end the quotes round them."""
    return bool(value) and all(c in "0123456789abcdef.: ;[]" for c in value)


def _ports(exim: Exim | None, path: str) -> Iterator[Step]:
    """Port 587, and all addresses where it listens on the loopback alone."""
    if exim is None:
        return
    interfaces: Option | None = exim.options.get("local_interfaces")
    if exim.is_loopback and interfaces is not None:
        value = f"<; {' ; '.join(exim.addresses)} ; {_FOR_ALL}"
        yield _main_option(exim, path, "local_interfaces", value)
    elif SUBMISSION not in exim.ports:
        known = exim.value("daemon_smtp_ports", "25")
        ports = f"{known} : {SUBMISSION}" if is_plain(known.replace(" ", "")) else f"25 : {SUBMISSION}"
        yield _main_option(exim, path, "daemon_smtp_ports", ports)

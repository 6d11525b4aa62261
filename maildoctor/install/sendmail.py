"""Sendmail with SMTP AUTH.

Sources: cf/README of sendmail, USING SMTP AUTH and STARTTLS; Debian's /etc/mail/Makefile (targets tls and auth), whose
scripts make what sendmail.mc includes.
"""

import re
from collections.abc import Iterator, Sequence

from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.sendmail.cf import Daemon, SendmailCf
from maildoctor.facts.sendmail.mc import SendmailMc
from maildoctor.facts.system import System
from maildoctor.install import accounts
from maildoctor.install.wanted import SUBMISSION, SetUp, Wanted
from maildoctor.plan.steps import (
    AddLine,
    AddMacro,
    Adopt,
    BuildMap,
    Draft,
    Inspect,
    ListenForAll,
    MakeCertificate,
    MakeFolder,
    MakeIncluded,
    Rebuild,
    SetMacro,
    SetOption,
    Step,
    WriteLogin,
)

SOURCE, BUILT = "/etc/mail/sendmail.mc", "/etc/mail/sendmail.cf"

_MECHANISMS = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256"
_DEBIAN_CONF = "/etc/mail/sasl/Sendmail.conf.2"
"""What Debian's update_auth makes, to which /etc/sasl2/Sendmail.conf leads."""
_INCLUDED = ("include(`/etc/mail/tls/starttls.m4')dnl", "include(`/etc/mail/sasl/sasl.m4')dnl")
_OPTIONS = "define(`confAUTH_OPTIONS', `A p')dnl"
_AUTHINFO = "/etc/mail/authinfo"
_LOGS_CLIENT = 10
"""LogLevel from which on a login elsewhere leaves a line in the log (sendmail/deliver.c, `AUTH=client`)."""
_CERTIFICATE, _KEY = "/etc/mail/certs/host.pem", "/etc/mail/certs/host.key"


def set_up(
    wanted: Wanted,
    system: System | None,
    beside: Sequence[str] | None = None,
    cf: SendmailCf | None = None,
    mc: SendmailMc | None = None,
    conf: SaslConf | None = None,
    saslauthd: Saslauthd | None = None,
    realm: str = "",
) -> SetUp:
    """The whole way. `beside`: which of dovecot and saslauthd are installed, None where that is not known; `realm`: in
    which a name is looked up."""
    source, built = mc.path if mc else SOURCE, cf.path if cf else BUILT
    debian = system is not None and system.family == "debian"
    by_saslauthd = wanted.accounts in ("system", "ldap")
    name = wanted.host or realm or "localhost"
    return SetUp(
        packages=accounts.packages(beside, "saslauthd"),
        certificate=() if debian or _has_certificate(cf) else list(_certificate(source, name)),
        configuration=[
            *(_by_debian(source, wanted, conf) if debian else _by_macros(source, cf)),
            *(() if debian else accounts.settings(wanted.accounts, conf, _conf_path(system))),
            *([ListenForAll(source)] if _hears_nobody(cf, debian) else []),
        ],
        build=[Rebuild(source, built)],
        verifier=[*accounts.directory(wanted, system), *accounts.started(saslauthd, system)] if by_saslauthd else (),
        users=accounts.first_user(wanted, system, realm),
        relay=list(_relay(wanted, source, cf)) if wanted.relay else (),
        password=list(_password(wanted)) if wanted.relay and wanted.relay_user else (),
    )


def _relay(wanted: Wanted, source: str, cf: SendmailCf | None) -> Iterator[Step]:
    """cf/README, SMART_HOST, AUTHENTICATION and STARTTLS (TLS_Srv: without TLS of 112 bits no password is shown). In
    brackets, so that no MX record is asked, and the entry of authinfo is looked up by this name."""
    yield SetMacro(source, "define", "SMART_HOST", f"define(`SMART_HOST', `[{wanted.relay_host}]')dnl")
    arguments = f"define(`RELAY_MAILER_ARGS', `TCP $h {wanted.relay_port}')dnl"
    yield SetMacro(source, "define", "RELAY_MAILER_ARGS", arguments)
    yield AddMacro(source, f"FEATURE(`authinfo', `hash -o {_AUTHINFO}')dnl")
    if cf is None or cf.log_level < _LOGS_CLIENT:
        yield SetMacro(source, "define", "confLOG_LEVEL", f"define(`confLOG_LEVEL', `{_LOGS_CLIENT}')dnl")
    access = cf.maps.get("access") if cf else None
    if access is not None and access.type == "hash" and access.path.startswith("/"):
        path = access.path.removesuffix(".db")
        yield AddLine(path, f"TLS_Srv:{wanted.relay_host} ENCR:112")
        yield BuildMap("hash", path)


def relay_of(cf: SendmailCf | None) -> str:
    """The smart host for which there is a map of logins, as `HOST:PORT`; empty: none."""
    if cf is None or cf.smart_host is None or "authinfo" not in cf.maps:
        return ""
    mailer = cf.mailers.get(cf.smart_host.mailer or "relay")
    port = re.fullmatch(r"TCP \$h (\d{1,5})", mailer.arguments) if mailer else None
    return f"{cf.smart_host.host.rstrip('.')}:{port[1] if port else 25}"


def _password(wanted: Wanted) -> Iterator[Step]:
    yield WriteLogin(_AUTHINFO, "authinfo", wanted.relay_host, wanted.relay_user)
    yield BuildMap("hash", _AUTHINFO)


_LATER = "USER001,USER002,SASL007"
"""What the steps after the build do: users, and who checks their passwords."""


def tested(build: Sequence[Step]) -> list[Step]:
    """The same build, with the new configuration judged before it is installed."""
    steps: list[Step] = []
    for step in build:
        if isinstance(step, Rebuild):
            new = f"{step.path}.new"
            judged = Inspect(f"maildoctor check --candidate {{new}} --ignore {_LATER}", (("new", new),))
            steps += [Draft(step.source, step.path), judged, Adopt(step.path)]
        else:
            steps.append(step)
    return steps


def _hears_nobody(cf: SendmailCf | None, debian: bool) -> bool:
    """Whether the port of submission is for this host alone, as Debian's package has it."""
    return debian if cf is None else any(_for_itself(d) for d in cf.daemons)


def _for_itself(daemon: Daemon) -> bool:
    return daemon.port == SUBMISSION and (daemon.address or "").startswith(("127.", "::1", "IPv6:::1"))


def _has_certificate(cf: SendmailCf | None) -> bool:
    return cf is not None and bool(cf.tls_files.get("ServerCertFile") and cf.tls_files.get("ServerKeyFile"))


def _by_debian(source: str, wanted: Wanted, conf: SaslConf | None) -> Iterator[Step]:
    yield MakeIncluded()
    for line in (*_INCLUDED, _OPTIONS):
        yield AddMacro(source, line)
    for name, value in accounts.options(wanted.accounts):
        if conf is None or conf.value(name) != value:
            # the file may be made by the step before this one
            yield SetOption(_DEBIAN_CONF, name, value, new=True)


def _by_macros(source: str, cf: SendmailCf | None) -> Iterator[Step]:
    yield AddMacro(source, f"define(`confAUTH_MECHANISMS', `{_MECHANISMS}')dnl")
    yield AddMacro(source, f"TRUST_AUTH_MECH(`{_MECHANISMS}')dnl")
    yield AddMacro(source, _OPTIONS)
    if cf is not None and not any(d.port == SUBMISSION for d in cf.daemons):
        yield AddMacro(source, "DAEMON_OPTIONS(`Port=submission, Name=MSA, M=Ea')dnl")


def _certificate(source: str, name: str) -> Iterator[Step]:
    """A CA file and folder must be named too (TLS_I_SRV_CERT of sendmail/tls.h)."""
    folder = _CERTIFICATE.rpartition("/")[0]
    yield MakeFolder(folder, "root", "0", "755")
    yield MakeCertificate(_CERTIFICATE, _KEY, name)
    for option, path in (
        ("SERVER_CERT", _CERTIFICATE),
        ("SERVER_KEY", _KEY),
        ("CACERT", _CERTIFICATE),
        ("CACERT_PATH", folder),
    ):
        yield AddMacro(source, f"define(`conf{option}', `{path}')dnl")


def _conf_path(system: System | None) -> str:
    if system is not None and system.family == "freebsd":
        return "/usr/local/lib/sasl2/Sendmail.conf"
    return "/etc/sasl2/Sendmail.conf"

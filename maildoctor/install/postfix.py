"""Postfix with SMTP AUTH on the submission port, by libsasl or by Dovecot.

Sources: Postfix's SASL_README (Configuring SASL authentication in the Postfix SMTP server; Configuring Dovecot SASL)
and TLS_README; the service is that of Postfix's own master.cf, where it stands as a comment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from maildoctor.auth.postfix import primary, without_tls
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.postfix.client import NextHop
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.system import System
from maildoctor.install import accounts
from maildoctor.install.wanted import TLS_AT_ONCE, SetUp, Store, Wanted
from maildoctor.plan.steps import (
    AddPostfixService,
    BuildTable,
    Chmod,
    Chown,
    JoinGroup,
    MakeCertificate,
    Restart,
    SetPostfix,
    Step,
    WriteFile,
    WriteLogin,
)

_DOVECOT_FILE = "/etc/dovecot/conf.d/99-postfix-auth.conf"
_LISTENER = (
    "service auth {",
    "  unix_listener /var/spool/postfix/private/auth {",
    "    mode = 0660",
    "    user = postfix",
    "    group = postfix",
    "  }",
    "}",
    "auth_mechanisms = plain login",
)
"""The same in Dovecot 2.3 and 2.4."""
_SASLDB = "/etc/sasldb2"
_SASLDB_OF_PORTS = "/usr/local/etc/sasldb2.db"
"""FreeBSD: of the port, with the ending that libc's ndbm gives it."""
_PASSWORDS = "/etc/postfix/sasl_passwd"


def set_up(
    wanted: Wanted,
    system: System | None,
    beside: Sequence[str] | None = None,
    postfix: Postfix | None = None,
    conf: SaslConf | None = None,
    saslauthd: Saslauthd | None = None,
    realm: str = "",
) -> SetUp:
    """The whole way; arguments as of `install.sendmail.set_up`."""
    store = wanted.accounts or usual_store(beside)
    asked = replace(wanted, accounts=store)
    configuration: list[Step] = []
    if store == "dovecot":
        configuration.append(WriteFile(_DOVECOT_FILE, _LISTENER))
        verifier: list[Step] = [Restart("dovecot")]
        # who the people are is Dovecot's to know: a person who is there can log in
        users = list(accounts.first_user(asked, system, realm))
    else:
        configuration += accounts.settings(store, conf, _conf_path(system))
        by_saslauthd = [*accounts.directory(asked, system), *accounts.started(saslauthd, system)]
        verifier = by_saslauthd if store != "sasldb" else []
        debian = system is not None and system.family == "debian"
        let_in = list(_let_in(store, system))
        configuration += let_in if debian else ()
        users = [*accounts.first_user(asked, system, realm), *(() if debian else let_in)]
    configuration += _switched_on(postfix, store)
    return SetUp(
        packages=_packages(store, beside),
        certificate=list(_certificate(postfix, wanted.host or realm or "localhost")),
        configuration=configuration,
        build=[Restart("postfix")],
        verifier=verifier,
        users=users,
        relay=list(_relay(wanted)) if wanted.relay else (),
        password=list(_password(wanted)) if wanted.relay and wanted.relay_user else (),
    )


def usual_store(beside: Sequence[str] | None) -> Store:
    """Dovecot where it is installed and what makes users of libsasl is not."""
    return "dovecot" if beside is not None and "dovecot" in beside and "saslauthd" not in beside else "sasldb"


def _packages(store: Store, beside: Sequence[str] | None) -> list[Step]:
    return accounts.packages(beside, "dovecot" if store == "dovecot" else "saslauthd")


def _let_in(store: Store, system: System | None) -> Iterator[Step]:
    """smtpd works as the user postfix: it must reach the file of users, or saslauthd's socket. Debian has a group for
    both."""
    if system is not None and system.family == "debian":
        if "postfix" not in system.groups.get("sasl", ()):
            yield JoinGroup("postfix", "sasl")
    elif store == "sasldb":
        path = _SASLDB_OF_PORTS if system is not None and system.family == "freebsd" else _SASLDB
        yield Chown("root:postfix", (path,), "")
        yield Chmod("640", (path,), ("600",))


def _switched_on(postfix: Postfix | None, store: Store) -> Iterator[Step]:
    """On port 587 only, in TLS only, and not in a chroot, where neither the users nor the socket of saslauthd are."""
    options = (
        ("syslog_name", "postfix/submission"),
        ("smtpd_tls_security_level", "encrypt"),
        ("smtpd_sasl_auth_enable", "yes"),
        *((("smtpd_sasl_type", "dovecot"), ("smtpd_sasl_path", "private/auth")) if store == "dovecot" else ()),
        ("smtpd_client_restrictions", "permit_sasl_authenticated,reject"),
        ("smtpd_relay_restrictions", "permit_sasl_authenticated,reject"),
    )
    chroot = "n"
    if store == "dovecot" and postfix is not None:
        chroot = next((s.service.chroot for s in postfix.smtpd if s.port == 25), "-")
    yield AddPostfixService("submission/inet", f"submission inet n - {chroot} - - smtpd", options)


def _relay(wanted: Wanted) -> Iterator[Step]:
    """SASL_README, Configuring SASL authentication in the Postfix SMTP/LMTP client."""
    for name, value in (
        ("relayhost", _server(wanted)),
        ("smtp_sasl_auth_enable", "yes"),
        ("smtp_sasl_password_maps", f"hash:{_PASSWORDS}"),
        ("smtp_sasl_security_options", "noanonymous"),
        ("smtp_tls_security_level", "encrypt"),
    ):
        yield SetPostfix(name, value)
    if wanted.relay_port == TLS_AT_ONCE:
        yield SetPostfix("smtp_tls_wrappermode", "yes")
    yield Restart("postfix")


def _password(wanted: Wanted) -> Iterator[Step]:
    yield WriteLogin(_PASSWORDS, "sasl_passwd", _server(wanted), wanted.relay_user)
    yield BuildTable("hash", _PASSWORDS)
    yield Restart("postfix")


def relay_of(postfix: Postfix | None) -> str:
    """The smart host at which it may log in, as `HOST:PORT`; empty: none."""
    hop = NextHop.parse(postfix.value("relayhost")) if postfix else None
    if postfix is None or hop is None or not postfix.is_yes("smtp_sasl_auth_enable"):
        return ""
    return f"{hop.host}:{hop.port}"


def _server(wanted: Wanted) -> str:
    """In brackets, so that no MX record is asked."""
    return f"[{wanted.relay_host}]:{wanted.relay_port}"


def _certificate(postfix: Postfix | None, name: str) -> Iterator[Step]:
    if postfix is None or not without_tls(primary(postfix)):
        return
    path, key = "/etc/postfix/host.pem", "/etc/postfix/host.key"
    yield MakeCertificate(path, key, name)
    yield SetPostfix("smtpd_tls_cert_file", path)
    yield SetPostfix("smtpd_tls_key_file", key)
    yield SetPostfix("smtpd_tls_security_level", "may")


def _conf_path(system: System | None) -> str:
    if system is not None and system.family == "debian":
        return "/etc/postfix/sasl/smtpd.conf"
    if system is not None and system.family == "freebsd":
        return "/usr/local/lib/sasl2/smtpd.conf"
    return "/etc/sasl2/smtpd.conf"

"""What Postfix's configuration says of logins."""

from collections.abc import Mapping

from maildoctor.auth.service import Account, LoginService, Setting, Subject
from maildoctor.facts import Unknown
from maildoctor.facts.names import Names
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster
from maildoctor.facts.system import System

PRODUCT = "postfix"

_LETTERS = {
    "noplaintext": "p",
    "noactive": "a",
    "nodictionary": "d",
    "noanonymous": "y",
    "forward_secrecy": "f",
    "mutual_auth": "m",
}
"""Words of smtpd_sasl_security_options (xsasl/xsasl_cyrus_security.c) as the letters of `mechanism_flags`."""

_OPTIONS: dict[Subject, str] = {
    "mechanisms": "smtpd_sasl_mechanism_filter",
    "requires": "smtpd_sasl_security_options",
    "realm": "smtpd_sasl_local_domain",
    "account": "mail_owner",
    "certificate": "smtpd_tls_cert_file",
}


def login_service(
    main: PostfixMain, master: PostfixMaster | None, names: Names | Unknown, system: System | None
) -> LoginService:
    """The service of all smtpd together. Sources: smtpd/smtpd_sasl_glue.c and smtpd.c, xsasl/xsasl_cyrus_server.c."""
    options = options_of_logins(main, master)
    owner = main.value("mail_owner", "postfix")
    clear = main.value("smtpd_sasl_security_options", "noanonymous", options)
    in_tls = main.value("smtpd_sasl_tls_security_options", clear, options)
    realm, unknown = _realm(main, names, options)
    wanted, provider = is_wanted(main, master), provider_of(main, options)
    return LoginService(
        product=PRODUCT,
        path=main.path,
        provider=provider,
        wanted=wanted,
        mechanisms=None if wanted else (),
        requires=_letters(clear),
        requires_in_tls=_letters(in_tls),
        needs_tls=main.is_yes("smtpd_tls_auth_only", options),
        realm=realm,
        realm_is_set=bool(main.value("smtpd_sasl_local_domain", "", options)),
        realm_unknown=unknown,
        account=Account(owner, system.groups_of(owner) if system else ()),
        read_as_account=frozenset({"sasldb"} if wanted and provider == "libsasl" else ()),
        without_tls=_without_tls(main, options),
        settings={s: Setting(option, main.value(option), main.evidence(option)) for s, option in _OPTIONS.items()},
    )


def provider_of(main: PostfixMain, options: Mapping[str, str]) -> str:
    """Whom smtpd asks: smtpd_sasl_type."""
    kind = main.value("smtpd_sasl_type", "cyrus", options)
    return "libsasl" if kind == "cyrus" else kind


def is_wanted(main: PostfixMain, master: PostfixMaster | None) -> bool:
    """Whether AUTH is switched on, for all or for one service."""
    services = master.smtpd if master else ()
    return main.is_yes("smtpd_sasl_auth_enable") or any(
        s.options.get("smtpd_sasl_auth_enable", "").lower() == "yes" for s in services
    )


def chrooted(main: PostfixMain, master: PostfixMaster | None) -> tuple[str, ...]:
    """The smtpd services with AUTH that work in the queue directory as their root, as postconf(1) names them:
    `submission/inet`. `-` is y before 3.0 and where compatibility_level is below 1 (master/master_ent.c)."""
    old = main.value("compatibility_level", "0").split(".")[0] in ("", "0")
    return tuple(
        f"{s.name}/{s.kind}"
        for s in (master.smtpd if master else ())
        if main.is_yes("smtpd_sasl_auth_enable", s.options) and (s.chroot == "y" or (s.chroot == "-" and old))
    )


def options_of_logins(main: PostfixMain, master: PostfixMaster | None) -> Mapping[str, str]:
    """The `-o` of the service in which users log in: submission before smtp."""
    asked = [s for s in (master.smtpd if master else ()) if main.is_yes("smtpd_sasl_auth_enable", s.options)]
    return next((s.options for s in asked if s.name.rpartition(":")[2] in ("submission", "587")), {})


def _letters(words: str) -> frozenset[str]:
    return frozenset(_LETTERS[w] for w in words.replace(",", " ").split() if w in _LETTERS)


def _realm(main: PostfixMain, names: Names | Unknown, options: Mapping[str, str]) -> tuple[str, Unknown | None]:
    """smtpd_sasl_local_domain as it is written; empty, libsasl takes myhostname in lower case (lib/common.c)."""
    if written := main.value("smtpd_sasl_local_domain", "", options):
        return written, None
    if host := main.value("myhostname", "", options):
        return host.lower(), None
    if isinstance(names, Unknown):
        return "", names
    if "." in names.canonical:
        return names.canonical.lower(), None
    domain = main.value("mydomain", "localdomain", options)
    return f"{names.canonical}.{domain}".lower(), None


def _without_tls(main: PostfixMain, options: Mapping[str, str]) -> str:
    """STARTTLS needs a level above none, and a certificate (smtpd/smtpd.c; tls/tls_server.c)."""
    level = main.value("smtpd_tls_security_level", "", options)
    if level == "none" or (not level and not main.is_yes("smtpd_use_tls", options)):
        return "TLS is not switched on (smtpd_tls_security_level)"
    files = ("smtpd_tls_chain_files", "smtpd_tls_cert_file", "smtpd_tls_eccert_file", "smtpd_tls_dcert_file")
    return "" if any(main.value(f, "", options) for f in files) else "no certificate is configured"

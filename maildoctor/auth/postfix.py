"""What Postfix's configuration says of logins."""

from dataclasses import replace

from maildoctor.auth.service import Account, LoginService, Setting, Subject
from maildoctor.facts import Unknown
from maildoctor.facts.names import Names
from maildoctor.facts.postfix.master_cf import PostfixMaster
from maildoctor.facts.postfix.server import Postfix, Smtpd
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

_PREFERRED = (587, 465, 2525, 25)
"""Ports in the order in which mail programs hand mail in."""


_BY_MAIN_CF = PostfixMaster.parse("smtp inet n - - - - smtpd").smtpd[0]
"""A service without options of its own: what main.cf alone comes to."""


def primary(postfix: Postfix) -> Smtpd:
    """The service in which users log in: of those that offer AUTH, or of all where none does, submission before smtps
    before smtp. Where master.cf has none, or cannot be read, what main.cf alone comes to."""
    some = postfix.logins or postfix.smtpd
    known = [s for s in some if s.port in _PREFERRED] or some
    order = {port: n for n, port in enumerate(_PREFERRED)}
    return min(known, key=lambda s: order.get(s.port, len(order)), default=Smtpd(_BY_MAIN_CF, postfix))


def login_service(postfix: Postfix, names: Names | Unknown, system: System | None) -> LoginService:
    """As the service in which users log in has it. Sources: smtpd/smtpd_sasl_glue.c and smtpd.c,
    xsasl/xsasl_cyrus_server.c."""
    main, smtpd = postfix.main, primary(postfix)
    wanted = is_wanted(postfix)
    provider, owner = provider_of(smtpd), smtpd.value("mail_owner")
    realm, unknown = _realm(smtpd, names)
    chosen = _chosen(smtpd)
    settings = {s: Setting(o, smtpd.value(o), smtpd.evidence(o)) for s, o in _OPTIONS.items()}
    if chosen is None:
        settings["mechanisms"] = replace(settings["mechanisms"], value="")
    return LoginService(
        product=PRODUCT,
        path=main.path,
        provider=provider,
        wanted=wanted,
        mechanisms=chosen if wanted else (),
        chosen=chosen is not None,
        requires=_letters(smtpd.value("smtpd_sasl_security_options")),
        requires_in_tls=_letters(smtpd.value("smtpd_sasl_tls_security_options")),
        needs_tls=needs_tls(smtpd),
        realm=realm,
        realm_is_set=bool(smtpd.value("smtpd_sasl_local_domain")),
        realm_unknown=unknown,
        account=Account(owner, system.groups_of(owner) if system else ()),
        read_as_account=frozenset({"sasldb"} if wanted and provider == "libsasl" else ()),
        without_tls=without_tls(smtpd),
        settings=settings,
    )


def provider_of(smtpd: Smtpd) -> str:
    """Whom smtpd asks: smtpd_sasl_type."""
    kind = smtpd.value("smtpd_sasl_type").lower()
    return "libsasl" if kind == "cyrus" else kind


def is_wanted(postfix: Postfix) -> bool:
    """Whether AUTH is switched on, for all or for one service."""
    return bool(postfix.logins) or postfix.is_yes("smtpd_sasl_auth_enable")


def chrooted(postfix: Postfix) -> tuple[str, ...]:
    """The smtpd services with AUTH that work in the queue directory as their root, as postconf(1) names them:
    `submission/inet`."""
    return tuple(s.name for s in postfix.logins if s.chrooted)


def needs_tls(smtpd: Smtpd) -> bool:
    """Whether AUTH is offered in TLS only (smtpd.c: smtpd_tls_auth_only, or TLS is demanded anyway)."""
    return smtpd.is_yes("smtpd_tls_auth_only") or tls_level(smtpd) == "encrypt" or smtpd.is_yes("smtpd_tls_wrappermode")


def tls_level(smtpd: Smtpd) -> str:
    """`none`, `may` or `encrypt` (smtpd.c, pre_jail_init(); tls/tls_level.c: higher levels count as encrypt). Where
    smtpd_tls_security_level is empty, the settings before 2.3 count."""
    level = smtpd.value("smtpd_tls_security_level").lower()
    if level:
        return "encrypt" if level not in ("none", "may") else level
    if smtpd.is_yes("smtpd_tls_wrappermode") or smtpd.is_yes("smtpd_use_tls"):
        return "encrypt" if smtpd.is_yes("smtpd_enforce_tls") else "may"
    return "encrypt" if smtpd.is_yes("smtpd_enforce_tls") else "none"


def without_tls(smtpd: Smtpd) -> str:
    """STARTTLS needs a level above none, and a certificate (smtpd/smtpd.c; tls/tls_server.c)."""
    if tls_level(smtpd) == "none":
        return "TLS is not switched on (smtpd_tls_security_level)"
    files = ("smtpd_tls_chain_files", "smtpd_tls_cert_file", "smtpd_tls_eccert_file", "smtpd_tls_dcert_file")
    return "" if any(smtpd.value(f) not in ("", "none") for f in files) else "no certificate is configured"


def _chosen(smtpd: Smtpd) -> tuple[str, ...] | None:
    """The mechanisms that smtpd_sasl_mechanism_filter lets through, where it is a plain list of names."""
    words = smtpd.value("smtpd_sasl_mechanism_filter").replace(",", " ").split()
    plain = words and all(w.replace("-", "").replace("_", "").isalnum() for w in words)
    return tuple(w.upper() for w in words) if plain else None


def _letters(words: str) -> frozenset[str]:
    return frozenset(_LETTERS[w.lower()] for w in words.replace(",", " ").split() if w.lower() in _LETTERS)


def _realm(smtpd: Smtpd, names: Names | Unknown) -> tuple[str, Unknown | None]:
    """smtpd_sasl_local_domain as it is written; empty, libsasl takes myhostname in lower case (lib/common.c)."""
    if written := smtpd.value("smtpd_sasl_local_domain"):
        return written, None
    if host := smtpd.value("myhostname"):
        return host.lower(), None
    if isinstance(names, Unknown):
        return "", names
    if "." in names.canonical:
        return names.canonical.lower(), None
    domain = smtpd.value("mydomain") or "localdomain"
    return f"{names.canonical}.{domain}".lower(), None

"""What Sendmail's configuration says of logins."""

from maildoctor.auth.service import Account, LoginService, Setting, Subject
from maildoctor.facts import Unknown
from maildoctor.facts.names import Names, server_realm, unnamed
from maildoctor.facts.paths import FilePurpose
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.sendmail.program import SendmailProgram
from maildoctor.facts.system import System
from maildoctor.model import Evidence

PRODUCT = "sendmail"

_OPTIONS: dict[Subject, str] = {
    "mechanisms": "AuthMechanisms",
    "requires": "AuthOptions",
    "realm": "AuthRealm",
    "account": "RunAsUser",
    "certificate": "ServerCertFile",
}

_AS_ACCOUNT: frozenset[FilePurpose] = frozenset({"sasldb", "key", "certificate", "CA", "map"})
"""main.c: RunAsUser is taken before maps, keys and libsasl are opened."""


def login_service(
    cf: SendmailCf, names: Names | Unknown, program: SendmailProgram | None, system: System | None = None
) -> LoginService:
    """Sources: sendmail/srvrsmtp.c, saslmechs() and sasl_server_new(); sendmail/readcf.c for the options."""
    return LoginService(
        product=PRODUCT,
        path=cf.path,
        wanted=bool(cf.trusted_mechs),
        mechanisms=cf.auth_mechanisms,
        chosen=cf.auth_mechanisms_line is not None,
        trusted=cf.trusted_mechs,
        requires=cf.auth_options,
        requires_in_tls=cf.auth_options - {"p"},
        realm=server_realm(cf, names, program) if isinstance(names, Names) else (cf.auth_realm or "").lower(),
        realm_is_set=bool(cf.auth_realm),
        realm_unknown=None if cf.auth_realm else unnamed(cf, names, program) if isinstance(names, Names) else names,
        account=_account(cf, system),
        read_as_account=_AS_ACCOUNT,
        without_tls=_without_tls(cf, program),
        settings={**{s: _setting(cf, option) for s, option in _OPTIONS.items()}, "trusted": _trusted(cf)},
    )


def _account(cf: SendmailCf, system: System | None) -> Account | None:
    """drop_privileges() (sendmail/main.c) keeps one group: the one that RunAsUser names, else the user's own."""
    account = cf.run_as_user
    if account is None or account.user in ("root", "0"):
        return None
    group = account.group or (system.primary_groups.get(account.user, "") if system else "")
    return Account(account.user, (group,) if group else ())


def _setting(cf: SendmailCf, option: str) -> Setting:
    setting = cf.option(option)
    if setting is None:
        return Setting(option, "", Evidence(cf.path, f"no O {option}: the default applies"))
    return Setting(option, setting.value, Evidence(f"{cf.path}:{setting.line}", f"O {option}={setting.value}"))


def _trusted(cf: SendmailCf) -> Setting:
    words = " ".join(cf.trusted_mechs)
    return Setting("TrustAuthMech", words, Evidence(cf.path, "C{TrustAuthMech}" + words))


def _without_tls(cf: SendmailCf, program: SendmailProgram | None) -> str:
    """Without a usable certificate STARTTLS is not offered (srvrsmtp.c)."""
    if program is not None and program.has_tls is False:
        return "this sendmail was built without STARTTLS"
    files = cf.tls_files
    return "" if files.get("ServerCertFile") and files.get("ServerKeyFile") else "no certificate and key are configured"

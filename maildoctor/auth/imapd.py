"""What the configuration of cyrus-imapd says of logins."""

from maildoctor.auth.service import Account, LoginService, Setting
from maildoctor.facts import Unknown
from maildoctor.facts.cyrus.imapd_conf import ImapdConf
from maildoctor.facts.names import Names
from maildoctor.facts.system import System
from maildoctor.model import Evidence

PRODUCT = "cyrus-imapd"

_USER = "cyrus"


def login_service(conf: ImapdConf, names: Names | Unknown, system: System | None) -> LoginService:
    """Sources: imap/imapd.c, sasl_server_new("imap", config_servername, NULL, …); lib/imapoptions for defaults."""
    name = conf.options.get("servername", "")
    unknown = None if name else names if isinstance(names, Unknown) else None
    if not name and isinstance(names, Names):
        name = names.canonical
    plain = conf.options.get("allowplaintext", "0").lower() in ("1", "yes", "on", "t", "true")
    user = conf.options.get("cyrus_user", _USER)
    return LoginService(
        product=PRODUCT,
        path=conf.path,
        wanted=True,
        requires=frozenset() if plain else frozenset("p"),
        realm=name.lower(),
        realm_is_set="servername" in conf.options,
        realm_unknown=unknown,
        account=Account(user, system.groups_of(user) if system else ()),
        read_as_account=frozenset({"sasldb"}),
        settings={
            "realm": _setting(conf, "servername", name),
            "requires": _setting(conf, "allowplaintext", "yes" if plain else "no"),
        },
    )


def _setting(conf: ImapdConf, option: str, effective: str) -> Setting:
    return Setting(option, conf.options.get(option, ""), Evidence(conf.path, f"{option}: {effective}"))

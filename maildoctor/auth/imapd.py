"""What the configuration of cyrus-imapd says of logins."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.auth.service import Account, LoginService, Setting
from maildoctor.facts import Unknown
from maildoctor.facts.names import Names
from maildoctor.facts.system import System
from maildoctor.model import Evidence

PRODUCT = "cyrus-imapd"

_ENTRY = re.compile(r"(?m)^([A-Za-z0-9_]+):([^\n]*)")
_USER = "cyrus"


@dataclass(frozen=True, slots=True)
class ImapdConf:
    """imapd.conf: `name: value` lines; of several with one name the last counts (lib/libconfig.c)."""

    path: str
    options: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read any text; a first line `# path: /etc/imapd.conf` names the file."""
        named = re.match(r"# path:[ \t]*([^\n]*)\n?", text)
        path = named[1].strip() if named else "/etc/imapd.conf"
        return cls(path, {m[1].lower(): m[2].strip(" \t\r") for m in _ENTRY.finditer(text)})


def login_service(conf: ImapdConf, names: Names | Unknown, system: System | None) -> LoginService:
    """Sources: imap/imapd.c, sasl_server_new("imap", config_servername, NULL, …); lib/imapoptions for defaults."""
    name = conf.options.get("servername", "")
    unknown = None if name else names if isinstance(names, Unknown) else None
    if not name and isinstance(names, Names):
        name = names.canonical
    plain = conf.options.get("allowplaintext", "0").lower() in ("1", "yes", "on", "t", "true")
    groups = system.groups if system else {}
    user = conf.options.get("cyrus_user", _USER)
    return LoginService(
        product=PRODUCT,
        path=conf.path,
        wanted=True,
        requires=frozenset() if plain else frozenset("p"),
        realm=name.lower(),
        realm_is_set="servername" in conf.options,
        realm_unknown=unknown,
        account=Account(user, tuple(group for group, members in groups.items() if user in members)),
        read_as_account=frozenset({"sasldb"}),
        settings={
            "realm": _setting(conf, "servername", name),
            "requires": _setting(conf, "allowplaintext", "yes" if plain else "no"),
        },
    )


def _setting(conf: ImapdConf, option: str, effective: str) -> Setting:
    return Setting(option, conf.options.get(option, ""), Evidence(conf.path, f"{option}: {effective}"))

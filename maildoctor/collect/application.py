"""Any other application of libsasl: all that is known of it is that somebody wrote a configuration for it."""

from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.cyrus import system
from maildoctor.collect.knowledge import Adapter, FactStore, text
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.cyrus.conf import config_search, plugin_search
from maildoctor.facts.names import Names
from maildoctor.host import Host

PRODUCT = "libsasl"
_FOLDERS = ("/etc/sasl2", "/etc/sasl", "/usr/lib/sasl2", "/usr/lib64/sasl2", "/usr/local/lib/sasl2")
_ELSEWHOSE = frozenset({"Sendmail.conf", "imapd.conf"})


def _found(host: Host) -> tuple[str, str]:
    """Folder and name of the first configuration; empty where there is none."""
    for folder in _FOLDERS:
        for name in text(host.ask("list", folder)).splitlines():
            if name.endswith(".conf") and name not in _ELSEWHOSE:
                return folder, name.removesuffix(".conf")
    return "", ""


def _is_here(host: Host) -> bool:
    return _found(host) != ("", "")


def login_service(host: Host, know: FactStore) -> LoginService | Unknown:
    """Somebody is to log in there; in which realm is the application's own matter, mostly the host's full name."""
    folder, name = _found(host)
    if not name:
        return Absent("no application of libsasl is configured")
    names = know(Names)
    return LoginService(
        product=name,
        path=f"{folder}/{name}.conf",
        offer_known=False,
        wanted=True,
        realm="" if isinstance(names, Unknown) else names.canonical.lower(),
        realm_unknown=Unknown(f"which realm {name} asks libsasl for is not known"),
    )


def application(host: Host, know: FactStore) -> SaslApplication | Unknown:
    """Where libsasl looks for it."""
    folder, name = _found(host)
    if not name:
        return Absent("no application of libsasl is configured")
    family, triplet = system(know)
    folders = config_search(family, triplet, 2)
    return SaslApplication(
        name=name,
        product=name,
        program="",
        configurations=folders if folder in folders else (folder, *folders),
        plugins=plugin_search(family, triplet, 2),
    )


ADAPTER = Adapter(product=PRODUCT, is_here=_is_here, login_service=login_service, application=application)

"""What libsasl needs to find accounts: its configuration, saslauthd, the first user."""

from collections.abc import Iterator, Sequence

from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.system import System
from maildoctor.install.wanted import Store, Wanted
from maildoctor.plan.steps import AddAccount, AddUser, Install, Restart, SetOption, Start, Step, WriteFile
from maildoctor.remedy import by_hand, set_option

NOBODY = "USER"
"""Stands for a name that nobody knows yet."""

_DEFAULTS = "/etc/default/saslauthd"
_OPTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "sasldb": (
        ("pwcheck_method", "auxprop"),
        ("auxprop_plugin", "sasldb"),
        ("mech_list", "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256"),
    ),
    "saslauthd": (("pwcheck_method", "saslauthd"), ("mech_list", "PLAIN LOGIN")),
}
"""Options of NAME.conf (doc/options.html of Cyrus SASL): saslauthd is given the password itself, so no challenge can be
served by it."""


def options(store: Store) -> tuple[tuple[str, str], ...]:
    """What libsasl's configuration says for a store that is not Dovecot's."""
    return _OPTIONS["sasldb" if store in ("sasldb", "") else "saslauthd"]


def settings(store: Store, conf: SaslConf | None, path: str) -> Iterator[Step]:
    """The application's configuration of libsasl, `path` where there is none yet."""
    if conf is None:
        yield WriteFile(path, tuple(f"{name}: {value}" for name, value in options(store)))
        return
    for name, value in options(store):
        if conf.value(name) != value:
            yield set_option(conf, name, value)


def directory(wanted: Wanted, system: System | None) -> Iterator[Step]:
    """saslauthd asks a directory (saslauthd/LDAP_SASLAUTHD of Cyrus SASL); none where it is not known which."""
    if wanted.accounts != "ldap" or not (wanted.ldap and wanted.ldap_base):
        return
    rows = (("ldap_servers", wanted.ldap), ("ldap_search_base", wanted.ldap_base), ("ldap_filter", "(uid=%u)"))
    yield WriteFile("/etc/saslauthd.conf", tuple(f"{name}: {value}" for name, value in rows))
    if system is not None and system.family in _MECHANISM:
        path, name = _MECHANISM[system.family]
        yield SetOption(path, name, "ldap", "", "=", new=True)
    else:
        yield by_hand("have saslauthd started with -a ldap")


_MECHANISM = {"debian": (_DEFAULTS, "MECHANISMS"), "fedora": ("/etc/sysconfig/saslauthd", "MECH"),
              "suse": ("/etc/sysconfig/saslauthd", "SASLAUTHD_AUTHMECH")}  # fmt: skip
"""Where the distribution says what saslauthd asks."""


def started(saslauthd: Saslauthd | None, system: System | None) -> Iterator[Step]:
    """saslauthd, now and at each boot. systemd takes an init script that started nothing for active, so that only a
    restart has an effect."""
    if saslauthd is not None and saslauthd.processes:
        yield Restart("saslauthd")
        return
    if saslauthd is not None and saslauthd.is_kept_from_starting:
        start = saslauthd.settings.get("START")
        yield SetOption(_DEFAULTS, "START", "yes", start or "", "=", new=start is None)
        yield Restart("saslauthd")
        return
    if saslauthd is None and system is not None and system.family == "debian":
        yield SetOption(_DEFAULTS, "START", "yes", "", "=", new=True)
        yield Restart("saslauthd")
        return
    yield Start("saslauthd", at_boot=True)


def person(wanted: Wanted, system: System | None) -> str:
    """Whom to make a user: who was named, or the only person with an account here; `NOBODY` where neither tells. Who is
    in a directory has no account here."""
    people = sorted(system.people) if system and wanted.accounts != "ldap" else []
    return wanted.user or (people[0] if len(people) == 1 else NOBODY)


def first_user(wanted: Wanted, system: System | None, realm: str) -> Sequence[Step]:
    """A user of the sasldb, in the realm in which the mail server looks names up; or one of the system, where it is not
    there yet."""
    name = person(wanted, system)
    if wanted.accounts in ("sasldb", ""):
        user, _, domain = name.partition("@")
        return [AddUser(user, domain or realm)]
    if wanted.accounts != "ldap" and (system is None or name not in system.people):
        return [AddAccount(name)]
    return ()


def packages(beside: Sequence[str] | None, *what: str) -> list[Step]:
    """Those that are not here; none where that is not known."""
    return [Install(name) for name in what if beside is not None and name not in beside]

"""`maildoctor probe HUB --authinfo`: which map, which entry of it, and what sendmail would make of it."""

import os
import posixpath
from collections.abc import Callable

from maildoctor.cli.report_error import UsageError
from maildoctor.collect import knowledge
from maildoctor.collect.knowledge import FactStore
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.names import Names, own_name
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.sendmail.client_auth import client_login, consulted, looked_up
from maildoctor.facts.sendmail.mail_maps import MapEntry, built_path
from maildoctor.facts.sendmail.program import SendmailProgram
from maildoctor.host.live import Live
from maildoctor.probe.authinfo import Found, HubLogin, NotADatabase, entry, same


def hub_login(file: str) -> Callable[[str, str], HubLogin]:
    """A function from a server's name and address to what a map of this host has for it; without `file` the map that
    sendmail.cf names. Raises UsageError."""
    host = Live()
    know = knowledge(host, lambda _: None)[0]
    cf = know.get(SendmailCf)
    if cf is None and not file:
        raise UsageError(
            "there is no sendmail.cf here that names a map", "--authinfo", "give --authinfo the path of the map"
        )
    cf = cf or SendmailCf.parse("")
    path, source = _files(cf, file)
    access = posixpath.basename(file).startswith("access") if file else consulted(cf) is not cf.maps.get("authinfo")
    compressed = cf.value("UseCompressedIPv6Addresses").lower() in ("true", "t", "yes", "y", "1")
    own = _own_name(cf, know)

    def look_up(name: str, address: str) -> HubLogin:
        called = f"[{address}]" if name == address else name
        keys = looked_up(called, address, parents=access, compressed=compressed)
        found = _read(host, path, keys)
        stale = bool(source) and not _agrees(host, source, keys, found)
        return _hub(found, keys, path, cf, know.get(Plugins), own, called, stale)

    _read(host, path, looked_up("", "", parents=False))
    return look_up


def _files(cf: SendmailCf, file: str) -> tuple[str, str]:
    """The file that is read, and the source that it should agree with, if any."""
    if file:
        return os.path.abspath(file), ""
    asked = consulted(cf)
    if asked is None or not asked.path.startswith("/"):
        what = "ruleset authinfo asks no map" if asked is None else f"the map {asked.name} is no file ({asked.type})"
        raise UsageError(what, cf.path, "add FEATURE(`authinfo') to sendmail.mc, or give --authinfo the path of a map")
    built = built_path(asked.type, asked.path)
    return (built, asked.path.removesuffix(".db")) if built else (asked.path, "")


def _read(host: Live, path: str, keys: tuple[str, ...]) -> Found:
    try:
        return entry(host.files, path, keys)
    except FileNotFoundError:
        remedy = f"build it: makemap hash {path.removesuffix('.db')} < {path.removesuffix('.db')}"
        raise UsageError("the map does not exist, so sendmail finds no login in it", path, remedy) from None
    except PermissionError:
        raise UsageError("permission denied reading the map", path, "run as root") from None
    except NotADatabase:
        raise UsageError("this is no map that can be read", path, "build it anew with makemap") from None
    except OSError as error:
        what = f"the map cannot be read: {(error.strerror or 'for an unknown reason').lower()}"
        raise UsageError(what, path, "give --authinfo the path of a map") from None


def _agrees(host: Live, source: str, keys: tuple[str, ...], found: Found) -> bool:
    """Whether the text that the map was built of says the same; a text that cannot be read contradicts nothing."""
    try:
        return same(entry(host.files, source, keys), found)
    except (OSError, NotADatabase):
        return True


def _own_name(cf: SendmailCf, know: FactStore) -> str:
    return own_name(cf, know.get(Names) or Names.parse(""), know.get(SendmailProgram))


def _hub(
    found: Found,
    keys: tuple[str, ...],
    path: str,
    cf: SendmailCf,
    plugins: Plugins | None,
    own: str,
    called: str,
    stale: bool,
) -> HubLogin:
    notes = [f"authinfo-map {path}", f"authinfo-tried {' '.join(keys)}"]
    one = found.entry
    if one is None:
        notes += [f"authinfo-nearest {found.nearest}"] if found.nearest else []
        return HubLogin(found, tuple(notes), (), own, called)
    notes += [f"authinfo {one.key}"] + (["authinfo-stale its source says otherwise"] if stale else [])
    if one.fault:
        return HubLogin(found, (*notes, f"authinfo-fault {one.fault}"), (), own, called)
    some = plugins if plugins and plugins.plugins else None
    shape = " ".join(f'"{letter}:{value}"' for letter, value in one.values.items() if '"' not in value)
    login = client_login(MapEntry(one.key, f'{shape} "P:***"'), cf, some, own)
    if login is None:
        return HubLogin(found, (*notes, "authinfo-fault its user cannot be told"), (), own, called)
    notes += [
        f"authinfo-login {login.authid}",
        f"authinfo-realm {login.realm}",
        f"authinfo-own-realm {'yes' if 'R' in one.values else 'no'}",
        f"authinfo-wants {' '.join(login.mechanisms)}",
        f"authinfo-own-list {'yes' if login.own_list else 'no'}",
        f"authinfo-can {' '.join(login.loadable)}",
    ]
    return HubLogin(found, tuple(notes), login.loadable, own, called)

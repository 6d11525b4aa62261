"""Exim's configuration, as far as its logins go."""

import re

from maildoctor.auth import exim
from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.included import in_one, with_included
from maildoctor.collect.knowledge import Adapter, FactStore, first, joined, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.exim.conf import DEBIAN, GENERATED, LOCAL_MACROS, Exim
from maildoctor.facts.paths import Look
from maildoctor.facts.system import System
from maildoctor.host import Host, NoAnswer

PROGRAMS = ("/usr/sbin/exim4", "/usr/sbin/exim", "/usr/local/sbin/exim", "/usr/exim/bin/exim")
CONFIGURATIONS = (
    "/etc/exim4/exim4.conf",
    GENERATED,
    "/etc/exim/exim.conf",
    "/etc/exim.conf",
    "/usr/local/etc/exim/configure",
    "/usr/exim/configure",
)
"""CONFIGURE_FILE of the builds of Debian (its first two), of Fedora, openSUSE and Alpine, of FreeBSD, of Exim."""
_TEMPLATE, _SPLIT = "/etc/exim4/exim4.conf.template", "/etc/exim4/conf.d"
_PARTS = ("main", "acl", "router", "transport", "retry", "rewrite", "auth")
_ELSEWHERE = "/etc/exim4/passwd.client"
_INCLUDE = re.compile(r"(?m)^[ \t]*\.include(?:_if_exists)?[ \t]+\"?(/[^\s\"]{1,400})")
_USER = re.compile(r"(?m)^\"?([A-Za-z0-9_][\w.@+-]{0,99})\"?(?=[\s:])")
_USERS = 1000


def _is_here(host: Host) -> bool:
    return bool(first(host, PROGRAMS) and first(host, CONFIGURATIONS))


def configuration(host: Host, know: FactStore) -> Exim | Unknown:
    """The file that Exim reads, what it includes, and on Debian what it is made of."""
    path = first(host, CONFIGURATIONS)
    if not path or not first(host, PROGRAMS):
        return Absent("Exim is not installed")
    answer = host.ask("read", path)
    if isinstance(answer, NoAnswer):
        return unknown(answer, path)
    files = with_included(host, path, answer, _INCLUDE)
    head = []
    if path == GENERATED:
        files[DEBIAN] = text(host.ask("read", DEBIAN))
        head += [f"newer: {name}" for name in _newer(host, know, path, files[DEBIAN])]
    rows = [row for row in text(host.ask("read", _ELSEWHERE)).splitlines() if re.match(r"[^\s#]", row)]
    head += [f"logins elsewhere: {len(rows)}"] if rows and path.startswith(("/etc/exim4/", GENERATED)) else []
    bodies = in_one(files)
    tables = dict.fromkeys(name for a in Exim.parse(bodies).servers for name in a.files)
    for table in know.some(tables, "files of users"):
        names = host.ask("read", table)
        if isinstance(names, str):
            head.append(f"users: {table} {' '.join(_USER.findall(names)[:_USERS])}")
    return Exim.parse(joined(*head, bodies))


def _newer(host: Host, know: FactStore, path: str, settings: str) -> list[str]:
    """What was changed after Debian's configuration was made of it."""
    split = "dc_use_split_config='true'" in settings
    parts = [DEBIAN, LOCAL_MACROS, *([] if split else [_TEMPLATE])]
    for folder in (f"{_SPLIT}/{part}" for part in _PARTS) if split else ():
        parts += [f"{folder}/{n}" for n in text(host.ask("list", folder)).split() if re.fullmatch(r"[\w-]{1,100}", n)]
    made = Look.parse(text(host.ask("look", path)))
    parts_there = (
        Look.parse(text(host.ask("look", part))) for part in know.some(parts, "files of Exim's configuration")
    )
    return [look.path for look in parts_there if look and made and look.mtime > made.mtime]


def login_service(_: Host, know: FactStore) -> LoginService | Unknown:
    """Where users log in by SMTP."""
    found = know(Exim)
    return found if isinstance(found, Unknown) else exim.login_service(found, know.get(System))


def application(_host: Host, _know: FactStore) -> SaslApplication | Unknown:
    """Exim's authenticators do the work."""
    return Absent("Exim's own authenticators check logins")


ADAPTER = Adapter(
    product=exim.PRODUCT,
    is_here=_is_here,
    login_service=login_service,
    application=application,
    facts={Exim: configuration},
)

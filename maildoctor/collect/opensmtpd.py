"""OpenSMTPD's configuration, as far as its logins go."""

import re

from maildoctor.auth import opensmtpd
from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect.included import in_one, with_included
from maildoctor.collect.knowledge import Adapter, FactStore, first, joined, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.opensmtpd.conf import OpenSmtpd
from maildoctor.facts.paths import Look
from maildoctor.facts.system import System
from maildoctor.host import Host, NoAnswer

PROGRAMS = ("/usr/sbin/smtpctl", "/usr/local/sbin/smtpctl")
CONFIGURATIONS = ("/etc/smtpd.conf", "/etc/smtpd/smtpd.conf", "/etc/opensmtpd/smtpd.conf", "/etc/mail/smtpd.conf",
                  "/usr/local/etc/mail/smtpd.conf")  # fmt: skip
"""Of Debian, Arch and Alpine by turns, of Fedora, of OpenBSD, of FreeBSD."""
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_INCLUDE = re.compile(r"(?m)^[ \t]*include[ \t]+\"?(/[^\s\"]{1,400})")
_USER = re.compile(r"(?m)^[ \t]*([A-Za-z0-9_][\w.@+-]{0,99})(?=[\s:])")
_USERS = 1000


def _is_here(host: Host) -> bool:
    return bool(first(host, PROGRAMS) and first(host, CONFIGURATIONS))


def configuration(host: Host, know: FactStore) -> OpenSmtpd | Unknown:
    """smtpd.conf and what it includes."""
    path = first(host, CONFIGURATIONS)
    if not path or not first(host, PROGRAMS):
        return Absent("OpenSMTPD is not installed")
    answer = host.ask("read", path)
    if isinstance(answer, NoAnswer):
        return unknown(answer, path)
    files = with_included(host, path, answer, _INCLUDE)
    bodies = in_one(files)
    found = OpenSmtpd.parse(bodies)
    head = _bundle(host, know)
    times = [look.mtime for name in files if (look := Look.parse(text(host.ask("look", name))))]
    head += [f"changed: {max(times):.2f}"] if times else []
    for table in dict.fromkeys(x.table for x in found.logins if x.table):
        rows = host.ask("read", found.tables.get(table, "").removeprefix("file:"))
        if found.tables.get(table, "").startswith("file:/") and isinstance(rows, str):
            head.append(f"users: {table} {' '.join(_USER.findall(rows)[:_USERS])}")
    return OpenSmtpd.parse(joined(*head, bodies))


def _bundle(host: Host, know: FactStore) -> list[str]:
    """The bundle that Debian's build names (CA_FILE)."""
    system = know.get(System)
    answer = host.ask("look", _BUNDLE) if system is not None and system.family == "debian" else ""
    return [f"no bundle: {_BUNDLE}"] if isinstance(answer, NoAnswer) and answer.why == "absent" else []


def login_service(_: Host, know: FactStore) -> LoginService | Unknown:
    """Where users log in by SMTP."""
    found = know(OpenSmtpd)
    return found if isinstance(found, Unknown) else opensmtpd.login_service(found)


def application(_host: Host, _know: FactStore) -> SaslApplication | Unknown:
    """libsasl has no part in it."""
    return Absent("OpenSMTPD does not use libsasl")


ADAPTER = Adapter(
    product=opensmtpd.PRODUCT,
    is_here=_is_here,
    login_service=login_service,
    application=application,
    facts={OpenSmtpd: configuration},
)

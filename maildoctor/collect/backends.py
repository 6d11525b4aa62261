"""What stands behind a login: saslauthd and its back ends. Only where to look; the facts say what it means."""

import re

from maildoctor.auth.service import SaslApplication
from maildoctor.collect.knowledge import FactStore, joined, text
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.backends.saslauthd import Verifier
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.system import System
from maildoctor.host import Host, NoAnswer

_SETTINGS = (
    "/etc/default/saslauthd", "/etc/sysconfig/saslauthd", "/etc/conf.d/saslauthd", "/etc/rc.conf.d/saslauthd",
    "/etc/rc.conf",
)  # fmt: skip
_OF_RC_CONF = re.compile(r"(?m)^[ \t]*saslauthd_\w{1,20}=.*$")

RUN_FOLDERS = {
    "debian": "/var/run/saslauthd", "fedora": "/run/saslauthd", "freebsd": "/var/run/saslauthd",
    "alpine": "/run/saslauthd", "arch": "/var/run/saslauthd", "suse": "/run/sasl2",
}  # fmt: skip
"""--with-saslauthd of each distribution: where saslauthd makes its socket without -m, and libsasl looks for it."""


def saslauthd_here(know: FactStore) -> SaslConf | Unknown:
    """The configuration of an application that asks saslauthd; Absent where another verifier is asked."""
    conf = know(SaslConf)
    if isinstance(conf, Unknown):
        return conf
    return conf if conf.verifies_by("saslauthd") else Absent(f"{conf.path} does not ask saslauthd")


def verifier(host: Host, know: FactStore) -> Verifier | Unknown:
    """Processes, settings, and the socket that is asked."""
    conf, application, system = saslauthd_here(know), know.get(SaslApplication), know.get(System)
    if isinstance(conf, Unknown):
        return conf
    family = system.family if system else ""
    usual = RUN_FOLDERS.get(family, "")
    running = host.ask("processes")
    lines = [text(running), *(["# running: unknown"] if isinstance(running, NoAnswer) else [])]
    named = conf.saslauthd_path or (f"{usual}/mux" if usual else "")
    root = application.root if application else ""
    if named:
        folder, _, name = named.rpartition("/")
        asked = f"{_real(host, root + folder)}/{name}"
        lines += [f"# asked: {asked}", text(host.ask("look", asked))]
    for one in Verifier.parse(text(running)).instances:
        folder = one.flags.folder or usual
        if folder:
            real = _real(host, folder)
            lines += [f"# real: {one.flags.folder or 'default'} {real}", text(host.ask("look", f"{real}/mux"))]
    lines += _settings(host)
    found = Verifier.parse(joined(*lines))
    if found.mechanism in ("ldap", "kerberos5", "httpform"):
        lines.insert(0, text(host.ask("look", found.configuration(family))))
    return Verifier.parse(joined(*lines))


def _real(host: Host, folder: str) -> str:
    return text(host.ask("real", folder)) or folder


def _settings(host: Host) -> list[str]:
    """The file that the distribution's start script reads, with its look line before it."""
    for path in _SETTINGS:
        said = text(host.ask("read", path))
        if path == "/etc/rc.conf":
            said = "\n".join(_OF_RC_CONF.findall(said))
        if said:
            real = text(host.ask("real", path)) or path
            return [text(host.ask("look", real)), f"# file: {path}", said]
    return []

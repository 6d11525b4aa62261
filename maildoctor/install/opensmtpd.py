"""OpenSMTPD with SMTP AUTH on the submission port.

Sources: smtpd.conf(5) of OpenSMTPD 6.4 and later; parse.y, create_if_listener(); ruleset.c, ruleset_match().
"""

from collections.abc import Iterator
from dataclasses import replace

from maildoctor.facts.opensmtpd.conf import OpenSmtpd
from maildoctor.facts.system import System
from maildoctor.install import accounts
from maildoctor.install.wanted import SUBMISSION, SetUp, Wanted
from maildoctor.plan.steps import (
    AddBefore,
    AddLine,
    AddPassword,
    AddToLine,
    CreateFile,
    EditFile,
    Inspect,
    Install,
    MakeCertificate,
    MakeFolder,
    Restart,
    Step,
)
from maildoctor.plan.words import is_plain

_PATHS = {
    "alpine": "/etc/smtpd/smtpd.conf",
    "arch": "/etc/smtpd/smtpd.conf",
    "fedora": "/etc/opensmtpd/smtpd.conf",
    "openbsd": "/etc/mail/smtpd.conf",
    "freebsd": "/usr/local/etc/mail/smtpd.conf",
}
_ALL = ("0.0.0.0", "::")  # noqa: S104  users come from everywhere
_TABLE = "credentials"
_DELIVERS = ("maildir", "mbox", "lmtp", "mda", "expand-only", "forward-only")


def set_up(
    wanted: Wanted,
    system: System | None,
    smtpd: OpenSmtpd | None = None,
    realm: str = "",
    by_ipv6: bool = False,
) -> SetUp:
    """The whole way; arguments as of `install.sendmail.set_up`. `by_ipv6`: others reach this host so. smtpd ends
    without a bundle of authorities even if it asks none; where no package can be had an empty one lets it start."""
    store = wanted.accounts or "system"
    asked = replace(wanted, accounts=store)
    path = smtpd.path if smtpd else _PATHS.get(system.family if system else "", "/etc/smtpd.conf")
    folder = "/usr/local/etc/smtpd" if path.startswith("/usr/local/") else "/etc/smtpd"
    said = wanted.host or realm
    name = smtpd.pki[0] if smtpd and smtpd.pki else said if is_plain(said) else "localhost"
    build: list[Step] = [Inspect("smtpd -n"), Restart("opensmtpd")]
    if smtpd is not None and smtpd.is_old:
        words = "write it for OpenSMTPD 6.4 or later: a pki, listen on … port 587 tls-require auth, match auth from any"
        return SetUp(configuration=[EditFile(path, words.replace("…", "ADDRESS"))], build=build)
    return SetUp(
        packages=_packages(smtpd.lacks_bundle if smtpd else ""),
        certificate=() if smtpd and smtpd.pki else list(_certificate(path, folder, name, smtpd)),
        configuration=[
            *([AddLine(path, f"table {_TABLE} file:{folder}/{_TABLE}")] if store == "file" else []),
            *_listeners(path, name, f" <{_TABLE}>" if store == "file" else "", smtpd, by_ipv6),
            *_rules(path, smtpd),
        ],
        build=build,
        users=[AddPassword(f"{folder}/{_TABLE}", accounts.person(asked, system), _group(system), " ")]
        if store == "file"
        else accounts.first_user(asked, system, realm),
    )


def _packages(bundle: str) -> list[Step]:
    return [Install("ca-certificates"), CreateFile(bundle)] if bundle else []


def _group(system: System | None) -> str:
    """Of whom it is read again when it is updated."""
    return (
        "_smtpd"
        if system is not None and system.family in ("openbsd", "freebsd")
        else "opensmtpd"
        if system
        else "smtpd"
    )


def _certificate(path: str, folder: str, name: str, smtpd: OpenSmtpd | None) -> Iterator[Step]:
    """Its key is read as root, and must be root's alone (ssl.c, ssl_load_key())."""
    certificate, key = f"{folder}/host.pem", f"{folder}/host.key"
    yield MakeFolder(folder, "root", "0", "755")
    yield MakeCertificate(certificate, key, name)
    for line in (f'pki "{name}" cert "{certificate}"', f'pki "{name}" key "{key}"'):
        yield _added(path, line, "listen", smtpd)  # a listener names what stands above it


def _listeners(path: str, name: str, table: str, smtpd: OpenSmtpd | None, by_ipv6: bool) -> Iterator[Step]:
    """Port 587 for all; one that is there already and lets nobody log in gets what it lacks."""
    there = [x for x in smtpd.listeners if x.port == SUBMISSION] if smtpd else []
    for listener in there:
        words = f"auth{table}" if listener.tls else f'tls-require pki "{name}" auth{table}'
        yield AddToLine(listener.statement.path, listener.statement.line, words)
    if any(x.is_loopback for x in there):
        yield EditFile(path, f"let the listener on port {SUBMISSION} have the address 0.0.0.0")
    for address in () if there else _ALL[: 1 + by_ipv6]:
        yield AddLine(path, f'listen on {address} port {SUBMISSION} tls-require pki "{name}" auth{table}')


def _rules(path: str, smtpd: OpenSmtpd | None) -> Iterator[Step]:
    """Who logged in may send everywhere. The first rule that fits decides, so these stand before all others; `from any`
    for a rule without `from` is for this host alone."""
    actions = smtpd.actions if smtpd else ()
    relay = next((a.name for a in actions if a.kind == "relay" and is_plain(a.name)), "")
    local = next((a.name for a in actions if a.kind in _DELIVERS and is_plain(a.name)), "")
    if not relay:
        relay = "relay_after_login"
        yield _added(path, f'action "{relay}" relay', "match", smtpd)
    if smtpd is not None and any("auth" in m.words for m in smtpd.matches):
        return
    yield _added(path, f'match auth from any for any action "{relay}"', "match", smtpd)
    if local:
        yield _added(path, f'match auth from any for local action "{local}"', "match", smtpd)


def _added(path: str, line: str, word: str, smtpd: OpenSmtpd | None) -> Step:
    """A line before the first statement that begins so; at the end where the file has none."""
    there = smtpd is not None and any(s.words[0] == word and s.path == path for s in smtpd.statements)
    return AddBefore(path, line, word) if there else AddLine(path, line)

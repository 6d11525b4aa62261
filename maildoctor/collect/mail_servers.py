"""Several mail servers on one host: which of them is in use, what starts them, and whose the commands are.

Most hosts have one, and of these nothing is looked at but what tells that."""

import re
from collections.abc import Iterator, Sequence

from maildoctor.collect.cyrus import SASLAUTHD
from maildoctor.collect.knowledge import first, text
from maildoctor.collect.sendmail import CONFIGURATIONS, PROGRAMS
from maildoctor.facts.paths import Look
from maildoctor.facts.postfix.master_cf import PostfixMaster
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.services import Services
from maildoctor.host import Host

OTHERS = {
    "postfix": ("/usr/sbin/postfix",),
    "exim": ("/usr/sbin/exim4", "/usr/sbin/exim", "/usr/local/sbin/exim"),
    "opensmtpd": ("/usr/sbin/smtpctl",),
    "dovecot": ("/usr/sbin/dovecot", "/usr/local/sbin/dovecot"),
}
"""Programs by which other mail servers than Sendmail are known."""
_BY_PROGRAM = ("exim", "opensmtpd")
"""Those that are known to be there by their program, also where they have no configuration."""
_CHECKING = {"dovecot": OTHERS["dovecot"], "saslauthd": SASLAUTHD}
"""Programs that a mail server can ask whether a password is right."""

_SETTINGS = {
    "sendmail": (*CONFIGURATIONS, "/etc/mail/sendmail.mc", "/etc/mail/access", "/etc/mail/virtusertable"),
    "postfix": tuple(f"{d}/{n}.cf" for d in ("/etc/postfix", "/usr/local/etc/postfix") for n in ("main", "master")),
    "exim": (
        "/etc/exim4/exim4.conf",
        "/etc/exim4/update-exim4.conf.conf",
        "/etc/exim/exim.conf",
        "/etc/exim.conf",
        "/usr/local/etc/exim/configure",
    ),
    "opensmtpd": ("/etc/smtpd.conf", "/etc/opensmtpd/smtpd.conf", "/etc/mail/smtpd.conf"),
}
"""What an admin edits, by product."""

_UNITS = {
    "sendmail": ("sendmail",),
    "postfix": ("postfix", "postfix@-"),
    "exim": ("exim4", "exim"),
    "opensmtpd": ("opensmtpd", "smtpd"),
}
"""What distributions call their services."""
_RUNLEVELS = ("/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rc.d/rc3.d", "/etc/rc.d/rc5.d")
_WANTS = (
    "/etc/systemd/system/multi-user.target.wants",
    "/etc/systemd/system/graphical.target.wants",
    "/etc/systemd/system/default.target.wants",
)
_UNIT_FOLDERS = ("/usr/lib/systemd/system", "/lib/systemd/system")
_SYSTEMD = ("/run/systemd/system", "/usr/lib/systemd/systemd", "/lib/systemd/systemd")
_OPENRC = "/etc/runlevels/default"

_COMMANDS = {
    "sendmail": ("/usr/sbin/sendmail", "/usr/lib/sendmail"),
    "newaliases": ("/usr/bin/newaliases", "/usr/sbin/newaliases"),
    "mailq": ("/usr/bin/mailq",),
}
_BY_FILE = (
    (re.compile(r"/(?:sendmail|newaliases|mailq)\.postfix$"), "postfix"),
    (re.compile(r"/exim[\w.-]{0,40}$|/(?:sendmail|newaliases|mailq)\.exim$"), "exim"),
    (re.compile(r"/smtpctl$|/(?:sendmail|newaliases|mailq)\.opensmtpd$"), "opensmtpd"),
    (
        re.compile(r"/libexec/sendmail/|/sm\.bin/|/share/sendmail/|/(?:sendmail|newaliases|mailq)\.sendmail$"),
        "sendmail",
    ),
)
"""Whose a command is, by the file that it leads to: alternatives of Debian and Red Hat, links of the others."""


def services(host: Host, installed: Sequence[str]) -> Services:
    """What is known of the mail servers; `installed`: those whose logins can be judged."""
    others = [name for name in _BY_PROGRAM if name not in installed and first(host, OTHERS[name])]
    lines = [f"service: {product}" for product in installed]
    lines += [f"other: {name}" for name in others]
    lines += [f"beside: {name}" for name, paths in _CHECKING.items() if first(host, paths)]
    present = [p for p in (*installed, *others) if p in _SETTINGS]
    if present:
        left = {p: paths[0] for p in ("sendmail", "postfix") if p not in present and (paths := _there(host, p)[:1])}
        lines += [f"left: {name} {path}" for name, path in left.items()]
        if len(present) + len(left) > 1:
            lines += _started_at_boot(host, present)
            lines += (row for p in (*present, *left) for row in _of_settings(host, p))
            lines += _whose_commands(host)
    return Services.parse("\n".join(lines))


def unused(host: Host, found: Services) -> dict[str, str]:
    """Those whose logins nobody meets here, since other mail servers are in use, and what shows that."""
    if len(found.smtp) < 2:
        return {}
    sockets, running = host.ask("listeners"), host.ask("processes")
    listeners = Listeners.parse(sockets) if isinstance(sockets, str) else None
    processes = Processes.parse(running) if isinstance(running, str) else None
    return {p: why for p in found.products if p in found.smtp and (why := found.idle(p, listeners, processes))}


def _there(host: Host, product: str) -> list[str]:
    return [path for path in _SETTINGS[product] if isinstance(host.ask("look", path), str)]


def _of_settings(host: Host, product: str) -> Iterator[str]:
    seen = [look for path in _SETTINGS[product] if (look := Look.parse(text(host.ask("look", path))))]
    if seen:
        last = max(seen, key=lambda look: look.mtime)
        yield f"changed: {product} {int(last.mtime)} {last.path}"
    for path in (look.path for look in seen):
        if product == "postfix" and path.endswith("master.cf"):
            ports = _ports_of_master(text(host.ask("read", path)))
        elif product == "sendmail" and path in CONFIGURATIONS:
            ports = _ports_of_cf(text(host.ask("read", path)))
        else:
            continue
        yield from (f"wants: {product} {port} {path}" for port in ports)


_PORT_NAMES = {"smtp": 25, "smtps": 465, "submissions": 465, "submission": 587}


def _ports_of_master(body: str) -> list[int]:
    names = (s.name.rpartition(":")[2] for s in PostfixMaster.parse(body).services if s.kind == "inet")
    return [p for n in names if (p := _PORT_NAMES.get(n) or (int(n) if re.fullmatch(r"\d{1,5}", n, re.ASCII) else 0))]


def _ports_of_cf(body: str) -> list[int]:
    return [d.port for d in SendmailCf.parse(body).daemons if d.port]


def _started_at_boot(host: Host, products: Sequence[str]) -> Iterator[str]:
    """By the links that enable a service: of systemd, of SysV's runlevels, which systemd takes for those that have no
    unit of its own, of OpenRC. Where there are no such folders nothing is known."""
    folders = {folder: answer for folder in (*_WANTS, *_RUNLEVELS, _OPENRC) if (answer := _listed(host, folder))}
    if not folders:
        return
    for product in products:
        if path := next(_enabled(host, product, folders), ""):
            yield f"at boot: {product} {path}"
        else:
            yield f"not at boot: {product}"


def _listed(host: Host, folder: str) -> list[str]:
    answer = host.ask("list", folder)
    return answer.splitlines() if isinstance(answer, str) else []


def _enabled(host: Host, product: str, folders: dict[str, list[str]]) -> Iterator[str]:
    systemd = first(host, _SYSTEMD)
    for unit in _UNITS[product]:
        link = Look.parse(text(host.ask("look", f"/etc/systemd/system/{unit}.service")))
        if link and link.target == "/dev/null":  # masked
            continue
        native = first(host, (f"{folder}/{unit}.service" for folder in _UNIT_FOLDERS))
        for folder, names in folders.items():
            if folder in _WANTS:
                yield from (f"{folder}/{n}" for n in names if n == f"{unit}.service")
            elif folder == _OPENRC:
                yield from (f"{folder}/{n}" for n in names if n == unit)
            elif not native or not systemd:
                yield from (f"{folder}/{n}" for n in names if re.fullmatch(rf"S\d\d{re.escape(unit)}", n))


def _whose_commands(host: Host) -> Iterator[str]:
    for name, paths in _COMMANDS.items():
        path = first(host, paths)
        real = text(host.ask("real", path)) if path else ""
        if real and (product := _product_of(host, real)):
            yield f"command: {name} {product} {real}"


def _product_of(host: Host, path: str) -> str:
    """By its place, and else by what stands in it; empty where neither tells."""
    if product := next((product for pattern, product in _BY_FILE if pattern.search(path)), ""):
        return product
    if isinstance(build := host.ask("build", path), str) and not build.startswith("Version unknown"):
        return "sendmail" if path in PROGRAMS else ""
    return "postfix" if isinstance(host.ask("release", path), str) else ""

"""Sendmail's program and configuration, and its logins."""

import re
from typing import TypeVar

from maildoctor.auth import sendmail as auth
from maildoctor.auth.service import LoginService, SaslApplication
from maildoctor.collect import sendmail_files
from maildoctor.collect.cyrus import generation, search
from maildoctor.collect.knowledge import Adapter, FactStore, joined, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.names import Names
from maildoctor.facts.processes import Processes
from maildoctor.facts.sendmail.cf import SendmailCf, SubmitCf
from maildoctor.facts.sendmail.delivery import Delivery
from maildoctor.facts.sendmail.mail_maps import MailMaps
from maildoctor.facts.sendmail.mc import SendmailMc
from maildoctor.facts.sendmail.program import SendmailProgram
from maildoctor.facts.sendmail.queues import Queues
from maildoctor.facts.sendmail.site_config import SiteConfig
from maildoctor.facts.system import System
from maildoctor.facts.tls import Tls
from maildoctor.facts.wire import Wire
from maildoctor.host import Host, NoAnswer

PROGRAMS = (
    "/usr/libexec/sendmail/sendmail",
    "/usr/lib/sm.bin/sendmail",
    "/usr/sbin/sendmail.sendmail",
    "/usr/lib/sendmail.sendmail",
    "/usr/sbin/sendmail",
    "/usr/lib/sendmail",
    "/usr/local/sbin/sendmail",
    "/opt/sendmail/sbin/sendmail",
)
"""Where distributions keep the program; on a Postfix or Exim host the common names lead to another one."""

CONFIGURATIONS = (
    "/etc/mail/sendmail.cf",
    "/etc/sendmail.cf",
    "/usr/lib/sendmail.cf",
    "/usr/local/etc/mail/sendmail.cf",
)
SUBMISSIONS = ("/etc/mail/submit.cf", "/usr/local/etc/mail/submit.cf")
SOURCES = ("/etc/mail/sendmail.mc", "/usr/local/etc/mail/sendmail.mc", "/etc/sendmail.mc")

C = TypeVar("C", bound=SendmailCf)

LOGS = ("/var/log/mail.log", "/var/log/maillog", "/var/log/mail")

_UNQUALIFIED = re.compile(r": (?:My unqualified host name|unable to qualify my own domain name) \(([^)\s]{1,255})\)")
"""sendmail: sendmail/daemon.c, myhostname()"""

INCLUDES = 20
"""include() files of a sendmail.mc that are read at most."""


def where(host: Host) -> str | None:
    """The path of the real Sendmail, told from another MTA's program of that name by what stands in it."""
    for path in PROGRAMS:
        build = host.ask("build", path)
        if isinstance(build, str) and not build.startswith("Version unknown"):
            return path
    return None


def program(host: Host, know: FactStore) -> SendmailProgram | Unknown:
    """The program's file, its libraries, and its own words."""
    path = where(host)
    if path is None:
        refused = next(
            (a for a in (host.ask("build", p) for p in PROGRAMS) if isinstance(a, NoAnswer) and a.why != "absent"), None
        )
        return unknown(refused) if refused else Absent("Sendmail is not installed")
    asked = f"{path} -OLogLevel=0 -d0.1 -bt"
    look = host.ask("look", text(host.ask("real", path)) or path)
    parts = [text(look), text(host.ask("elf", path)), f"source: strings {path}", text(host.ask("build", path))]
    if _named(know) and not _stopped(know):
        return SendmailProgram.parse(joined(*parts))
    reported = _greeting(know)
    said = "" if reported else text(host.ask("run", asked))
    return SendmailProgram.parse(
        joined(*parts, reported or (said and f"source: {asked} </dev/null\n{said}") or _log(host, know))
    )


def _stopped(know: FactStore) -> bool:
    """Whether no daemon runs: what hinders it, the program tells best, and its name being known it does not sleep."""
    running = know.get(Processes)
    return know.get(Names) is not None and running is not None and not running.sendmail_daemons


def _greeting(know: FactStore) -> str:
    """What the running daemon calls itself: the name in its answer to EHLO is $j (main.c, srvrsmtp.c, MyHostName).
    Where no name server answers, a second sendmail, asked for its name, would sleep for a minute."""
    wire = know.get(Wire)
    for c in wire.per_endpoint if wire else ():
        if c.server == "sendmail" and c.loopback and c.hello and c.hello.name:
            return _called(c.endpoint, c.hello.name)
    return ""


def _log(host: Host, know: FactStore) -> str:
    """What a sendmail that found no domain for its name wrote to the log, before it slept and after."""
    names = know.get(Names)
    for path in LOGS:
        found = _UNQUALIFIED.findall(text(host.ask("recent", path)))
        if found and names and found[-1] == names.hostname:
            return _called(path, found[-1])
    return ""


def _called(source: str, name: str) -> str:
    return f"named by: {source}\n(canonical domain name) $j = {name}"


def _named(know: FactStore) -> bool:
    """Whether files tell the host's full name. Where they do not, only sendmail itself knows what it calls itself: it
    asks the name server, as at every start of its own. What it complains of is kept out of syslog (LogLevel=0)."""
    names = know.get(Names)
    return names is None or "." in names.canonical


def _first(host: Host, paths: tuple[str, ...]) -> tuple[str, str | NoAnswer]:
    """The first of these files that is there, with its text."""
    for path in paths:
        answer = host.ask("read", path)
        if isinstance(answer, str) or answer.why != "absent":
            return path, answer
    return paths[0], NoAnswer("absent", f"{paths[0]} does not exist")


def cf(host: Host, know: FactStore) -> SendmailCf | Unknown:
    """sendmail.cf."""
    return _configuration(host, know, SendmailCf, CONFIGURATIONS)


def submit_cf(host: Host, know: FactStore) -> SubmitCf | Unknown:
    """submit.cf."""
    return _configuration(host, know, SubmitCf, SUBMISSIONS)


def _configuration(host: Host, know: FactStore, kind: type[C], paths: tuple[str, ...]) -> C | Unknown:
    installed = know(SendmailProgram)
    path, found = _first(host, paths)
    if isinstance(found, NoAnswer):
        there = found.why in ("failed", "directory", "too_large")  # and cannot be used, whatever is installed
        return Absent(installed.reason) if isinstance(installed, Absent) and not there else unknown(found)
    return kind.parse(f"# path: {path}\n{found}")


def site_config(host: Host, know: FactStore) -> SiteConfig | Unknown:
    """site.config.m4 of a source tree, where one was given."""
    found = host.ask("source")
    return unknown(found) if isinstance(found, NoAnswer) else SiteConfig.parse(found)


def mc(host: Host, know: FactStore) -> SendmailMc | Unknown:
    """sendmail.mc with what it includes, beside the sendmail.cf that is in use."""
    path, found = _first(host, SOURCES)
    if isinstance(found, NoAnswer):
        return unknown(found)
    whole = f"# path: {path}\n{found}"
    for name in know.some(re.findall(r"(?m)^[^\S\n]*include\(`?(/etc/[^')\n]+)'?\)", found), "includes", INCLUDES):
        part = host.ask("read", name)
        if isinstance(part, str):
            whole += f"\n# include: {name}\n{part}"
    return SendmailMc.parse(whole)


def login_service(_: Host, know: FactStore) -> LoginService | Unknown:
    """Where users log in by SMTP."""
    found = know(SendmailCf)
    if isinstance(found, Unknown):
        return found
    account = found.run_as_user
    groups = know.get(System) if account is not None and not account.group else None
    return auth.login_service(found, know(Names), know.get(SendmailProgram), groups)


def application(host: Host, know: FactStore) -> SaslApplication | Unknown:
    """How Sendmail uses libsasl; `Sendmail` with a capital is what it tells sasl_server_init() (srvrsmtp.c)."""
    found, path = know(SendmailProgram), where(host)
    if path is None:  # the fact knows whether there is none or it could not be looked at
        return found if isinstance(found, Unknown) else Absent("Sendmail is not installed")
    of = generation(frozenset() if isinstance(found, Unknown) else found.libraries)
    configurations, plugins = search(host, know, path, of)
    return SaslApplication(
        name="Sendmail",
        product=auth.PRODUCT,
        program=path,
        generation=of,
        configurations=configurations,
        plugins=plugins,
    )


ADAPTER = Adapter(
    product=auth.PRODUCT,
    is_here=lambda host: where(host) is not None,
    login_service=login_service,
    application=application,
    facts={
        SendmailProgram: program,
        SendmailCf: cf,
        SubmitCf: submit_cf,
        SendmailMc: mc,
        SiteConfig: site_config,
        MailMaps: sendmail_files.maps,
        Queues: sendmail_files.queues,
        Delivery: sendmail_files.delivery,
        Tls: sendmail_files.tls,
    },
    trusted=sendmail_files.trusted,
)

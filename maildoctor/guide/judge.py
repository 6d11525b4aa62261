"""The steps from nothing to a proven login, each judged by the checks and the ladder.

A step is done where evidence shows it, wrong where a finding hits it, to do where it was looked for and is not there.
The order is that of the guide of 2001 (SMTP AUTH in sendmail 8.11 with Cyrus SASL), which is the ladder from its foot.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from maildoctor.auth.postfix import primary
from maildoctor.facts import Unknown
from maildoctor.facts.backends.accounts import Accounts
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.exim.conf import Exim
from maildoctor.facts.kept import FOLDERS, SUFFIX, Kept
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.mail_log import MailLog
from maildoctor.facts.opensmtpd.conf import OpenSmtpd
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.sendmail.mc import SendmailMc
from maildoctor.facts.services import named
from maildoctor.facts.system import System
from maildoctor.facts.tls import Tls
from maildoctor.guide import smart_host
from maildoctor.guide.client import client_settings
from maildoctor.guide.ground import KNOWN_SERVERS, WITHOUT_LIBSASL, Ground
from maildoctor.guide.step import Choice, GuideStep
from maildoctor.install.accounts import NOBODY
from maildoctor.install.sendmail import tested
from maildoctor.install.wanted import STORES, SUBMISSION, options
from maildoctor.ladder import certificates
from maildoctor.model import Evidence, Finding
from maildoctor.plan.shell import rendered
from maildoctor.plan.steps import Inspect, Install, KeepCopy, Start, Step

_STORES = {
    "sasldb": "accounts in a sasldb",
    "system": "accounts of the system, by saslauthd",
    "ldap": "accounts in a directory, by saslauthd",
    "dovecot": "accounts of Dovecot",
    "file": "accounts in a file of names and hashes",
    "other": "accounts elsewhere",
    "": "accounts not known",
}

_SET_UP = frozenset({"CONF028", "CONF029", "CONF045", "CONF046", "CONF094", "CONF980", "CONF981"})
"""AUTH, or its port, was never set up: that is still to do, and no fault."""
_DONE_HERE = _SET_UP | {"CONF002", "USER001", "USER002", "MAP030", "MAP090", "SASL007"}
"""Checks whose remedy is what a step of the guide does as well, and in its own way."""
_MISSING_TABLE = "MAP030"
"""Of the passwords for servers elsewhere, that is what the step of the password makes."""
_NOT_YET: Mapping[str, str] = {
    **dict.fromkeys(_SET_UP, "configuration"),
    "CONF002": "build",
    "CONF003": "build",
    "RUN001": "start",
    "RUN045": "start",
    "RUN983": "start",
    "RUN984": "start",
    "CONF982": "build",
    "RUN004": "build",
    "SASL007": "verifier",
    "RUN065": "verifier",
    "USER001": "users",
    "USER002": "users",
    "PERM006": "users",
    "MAP090": "relay-password",
    _MISSING_TABLE: "relay-password",
}
"""Checks that find what the next steps would do: by code, the step. Before it, that is no fault."""
_BY_CODE: Mapping[str, str] = {
    **_NOT_YET,
    "CONF001": "build",
    "CONF011": "packages",
    "RUN982": "packages",
    "CONF017": "packages",
    "CONF030": "build",
    "CONF031": "build",
    "RUN012": "build",
    "CONF010": "log",
    "CONF024": "log",
    "SYS001": "log",
    "CONF012": "relay",
    "CONF027": "relay",
    "CONF007": "message",
    "WIRE041": "message",
    "LOGIN001": "login",
    "LOGIN002": "login",
    "LOGIN003": "login",
}
_BY_RUNG: Mapping[str, str] = {
    "program": "start",
    "listener": "start",
    "tls": "certificate",
    "mechanism": "plug-ins",
    "offer": "configuration",
    "verifier": "verifier",
    "account": "users",
    "policy": "relay",
    "hand-over": "message",
}
_SUBMISSION = ("587", "465", "2525")
_CLOSED = ("CONF012", "RELAY047", "RELAY048", "MAP018", "RELAY980", "RELAY981")
"""Checks that find an open relay."""

_STRICT = ("log", "relay")
"""Steps that a warning makes wrong: what they are for is a risk, not a login that fails."""
_OF_CLIENT = (
    "choose", "packages", "plug-ins", "backup", "smart-host", "relay-password", "build", "start", "relay-login", "log",
    "relay",
)  # fmt: skip
"""Steps of a host that only logs in elsewhere."""
_ELSEWHERE: Mapping[str, str] = {
    "mechanism": "plug-ins",
    "account": "relay-password",
    "policy": "relay-login",
    "hand-over": "relay-login",
}
"""What a finding about the login elsewhere hits, by its rung; others the name of the smart host."""

Shown = tuple[str, tuple[Evidence, ...]]
"""What is so, and what shows it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One step: `shown` gives what shows that it is done, None where nothing does; `steps` what does it; `choices` what
    a person can say otherwise."""

    name: str
    title: str
    why: str
    shown: Callable[[Ground], Shown | None]
    steps: Callable[[Ground], Sequence[Step]]
    lacks: str
    choices: Callable[[Ground], Iterable[Choice]] = lambda _: ()
    needed: Callable[[Ground], bool] = lambda _: True
    by_login: bool = False
    """only what happens shows it, and so it is not known before"""
    after: Literal["", "set-up", "build"] = ""
    """what is seen before AUTH is set up, or before what is configured is in use, shows nothing of it"""
    facts: tuple[type[Any], ...] = ()
    """without which it cannot be told"""


def judged(ground: Ground) -> list[GuideStep]:
    """Every step, in the order in which they are done."""
    parts = [p for p in PARTS if p.needed(ground) and (ground.serves or p.name in _OF_CLIENT)]
    hits = _hits(ground, [part.name for part in parts])
    steps: list[GuideStep] = []
    for part in parts:
        built = all(step.state == "done" for step in steps if step.name == "build")
        early = (part.after != "" and not ground.is_set_up) or (part.after == "build" and not built)
        steps.append(_step(part, ground, hits.get(part.name, []), early))
    return steps


def following(steps: Sequence[GuideStep]) -> GuideStep | None:
    """The step that comes next: the first that is not done and has commands. What cannot be told comes last."""
    waiting = [s for s in steps if s.state in ("wrong", "to_do")]
    able = [s for s in waiting if s.commands]
    unknown = [s for s in steps if s.state == "unknown"]
    return next(iter(able or waiting or [s for s in unknown if s.commands] or unknown), None)


def whole_way(steps: Sequence[GuideStep]) -> Iterator[GuideStep]:
    """All that are to be done from the next one on, as far as their commands are known: up to one that asks a person to
    choose. One whose commands all came before is left out."""
    seen: set[str] = set()
    waiting = [s for s in steps if s.state in ("wrong", "to_do") and s.commands]
    for step in (*waiting, *(s for s in steps if s.state == "unknown" and s.commands)):
        commands = {c.command for c in step.commands}
        if not commands <= seen:
            yield step
        if step.asks:
            return
        seen |= commands


def _hits(ground: Ground, names: Sequence[str]) -> dict[str, list[Finding]]:
    """The causes that the checks found, by the step that each hits. What the login elsewhere lacks is another way."""
    hits: dict[str, list[Finding]] = {}
    unbuilt = any(r.finding.code == "CONF002" for r in ground.report.roots)
    for ranked in ground.report.roots:
        finding = ranked.finding
        place = ground.place(finding)
        if finding.product not in ("", ground.mta):
            continue
        if unbuilt and finding.code not in _NOT_YET and _BY_RUNG.get(place.rung) == "configuration":
            continue  # it speaks of what is not built yet, and comes back if it is still so then
        by_rung = _ELSEWHERE.get(place.rung, "smart-host") if place.direction == "relay" else _BY_RUNG.get(place.rung)
        name = _BY_CODE.get(finding.code) or by_rung
        if finding.code == _MISSING_TABLE and place.direction != "relay":
            name = by_rung
        if name == "verifier" and name not in names:
            name = "users"
        if name and name in names:
            hits.setdefault(name, []).append(finding)
    return hits


def _step(part: Part, ground: Ground, hits: Sequence[Finding], early: bool) -> GuideStep:
    lacks = _NO_DIRECTORY if part.name == "choose" and ground.mta else part.lacks
    step = GuideStep(part.name, part.title, "to_do", lacks, part.why, choices=tuple(part.choices(ground)))
    grave = ("error", "warning") if part.name in _STRICT else ("error",)
    early_ones = [f for f in hits if f.code in _NOT_YET and (f.code != _MISSING_TABLE or part.name == "relay-password")]
    faults = [f for f in hits if f.severity in grave and f not in early_ones]
    before = [f for f in early_ones if f.severity != "info"]
    marks = tuple(f.fingerprint for f in hits if f.severity != "info")
    if faults:
        first = faults[0]
        fix = tuple(command for f in faults[:1] for command in f.fix)
        return replace(
            step,
            state="wrong",
            summary=first.message,
            why=first.why,
            evidence=first.evidence,
            commands=fix,
            findings=marks,
            choices=(),
        )
    shown = None if before or early else part.shown(ground)
    if shown is not None:
        return replace(step, state="done", summary=shown[0], evidence=shown[1], findings=marks, choices=())
    steps = part.steps(ground) if not before or part.shown(ground) is None else ()
    commands = tuple(rendered(steps, ground.system or System.parse("")))
    if before:
        first = before[0]
        summary = part.lacks if first.code in _SET_UP or part.name == "relay-password" else first.message
        ours = commands if first.code in _DONE_HERE or not first.fix else first.fix
        return replace(step, summary=summary, evidence=first.evidence, commands=ours or first.fix, findings=marks)
    if part.name == "relay-login" and (refused := smart_host.refusal(ground)):
        words, lines = refused
        return replace(step, state="unknown", summary=words, evidence=lines, commands=commands, reason=part.lacks)
    if part.name == "users" and ground.store == "ldap" and ground.user and ground.is_installed:
        words = f"a login shows whether {ground.user} is in the directory"
        return replace(step, state="unknown", summary=words, reason=words)
    of_checks = part.name in _STRICT  # they have no command of their own: where no check found a fault, none is known
    if (part.by_login or of_checks or (part.name == "users" and ground.store in ("ldap", ""))) and ground.is_installed:
        return replace(step, state="unknown", commands=commands, reason=part.lacks)
    gap = next((why for fact in part.facts if isinstance(why := ground.facts(fact), Unknown)), None)
    if gap is not None and ground.is_installed and not commands:
        return replace(step, state="unknown", summary=gap.reason, reason=gap.remedy or gap.reason)
    return replace(step, commands=commands)


# ---- choose and install


def _chosen(ground: Ground) -> Shown | None:
    if not ground.mta or _no_directory(ground):
        return None
    where = ground.report.target.name or "this host"
    version = next((p.version for p in ground.report.target.mta if p.name == ground.mta), "")
    roles = [_words_of_store(ground)] if ground.serves else []
    roles += [f"mail goes out by {ground.wanted.relay_host}"] if ground.relay else []
    words = f"{named(ground.mta)}{f' {version}' if version else ''}, {', '.join(roles)}"
    return words, (Evidence(where, f"mail servers here: {', '.join(ground.installed) or 'none'}"),)


def _words_of_store(ground: Ground) -> str:
    """OpenSMTPD asks PAM, or the shadow file, itself."""
    own = ground.mta == "opensmtpd" and ground.store == "system"
    return "accounts of the system" if own else _STORES[ground.store]


def _choices(ground: Ground) -> Iterator[Choice]:
    if ground.mta and not ground.is_installed:
        yield Choice(f"--mta {'|'.join(KNOWN_SERVERS)}", "the mail server that is wanted")
    if ground.asked.serves is None and not ground.store_now:
        yield Choice("--relay HOST [--server]", "mail goes out by a smart host (and users log in)")
    if ground.mta and ground.serves and not ground.store_now:
        others = [s for s in STORES[ground.mta] if s != ground.store]
        yield Choice(f"--accounts {'|'.join(others)}", f"instead of {_words_of_store(ground)}")
    if _no_directory(ground):
        yield Choice("--ldap URI --ldap-base DN", "the directory, and below which entry its users stand")


_NO_DIRECTORY = "which directory has the accounts is not said"


def _no_directory(ground: Ground) -> bool:
    """Whether nobody said which directory has the accounts, and none is set up."""
    said = ground.asked.ldap and ground.asked.ldap_base
    return ground.serves and ground.store == "ldap" and not said and ground.store_now != "ldap"


def _choose(ground: Ground) -> Sequence[Step]:
    said = options(ground.asked)
    if ground.mta and _no_directory(ground):
        return [Inspect(f"maildoctor guide{said} --ldap URI --ldap-base DN")]
    return [Inspect(f"maildoctor guide --mta {name}{said}") for name in KNOWN_SERVERS]


def _packages(ground: Ground) -> Sequence[Step]:
    word = "sendmail-cf" if ground.mta == "sendmail" else ground.mta
    more = ground.set_up.packages if ground.serves and ground.store else ()
    return [*([Install(word)] if ground.mta and not ground.is_installed else []), *more]


def _installed(ground: Ground) -> Shown | None:
    if not ground.is_installed or ground.beside is None or _packages(ground):
        return None
    used = {p.name: f"{p.name} {p.version}".strip() for p in ground.report.target.mta if p.in_use}
    beside = ground.beside if ground.serves else ()
    words = [*used.values(), *(name for name in beside if name not in used)]
    return ", ".join(words), tuple(Evidence(ground.report.target.name, text) for text in used.values())


def _lacking(ground: Ground) -> list[str]:
    """What libsasl has no plug-in for: the mechanisms that every mail program has, and the store; for a login elsewhere
    the one that every smart host has."""
    if not ground.serves:
        return smart_host.lacking(ground)
    plugins = ground.facts.get(Plugins)
    if plugins is None:
        return []
    lacks = [m for m in ("PLAIN", "LOGIN") if m not in plugins.mechanisms]
    return lacks + (["sasldb"] if ground.store == "sasldb" and "sasldb" not in plugins.auxprop else [])


def _plugins(ground: Ground) -> Shown | None:
    if not ground.serves:
        return smart_host.has_plugin(ground)
    if ground.mta in WITHOUT_LIBSASL and ground.is_installed:
        words = f"{named(ground.mta)} has its mechanisms built in"
        return words, (Evidence(ground.mta, words),)
    if ground.store == "dovecot":
        words = "Dovecot has its mechanisms built in"
        return (words, (Evidence("dovecot", words),)) if "dovecot" in (ground.beside or ()) else None
    plugins = ground.facts.get(Plugins)
    if plugins is None or _lacking(ground):
        return None
    loaded = [p for p in plugins.plugins if p.loads and {"PLAIN", "LOGIN"} & set(p.mechanisms)]
    return f"{' '.join(plugins.mechanisms)} load", tuple(Evidence(p.path, "loads") for p in loaded)


def _missing_plugins(ground: Ground) -> Sequence[Step]:
    if ground.serves and (ground.store == "dovecot" or ground.mta in WITHOUT_LIBSASL):
        return ()
    return [Install(name) for name in _lacking(ground)]


# ---- configure


def _folders(ground: Ground) -> list[str]:
    kept = ground.facts.get(Kept)
    names = {
        "sendmail": ("/mail",), "postfix": ("/postfix", "/dovecot"), "exim": ("/exim4", "/exim", "/dovecot"),
        "opensmtpd": ("/smtpd.conf",),
    }.get(ground.mta, ())  # fmt: skip
    there = kept.folders if kept else ()
    return [f for f in there if f.endswith(names) and (ground.store == "dovecot" or "dovecot" not in f)]


def _kept(ground: Ground) -> Shown | None:
    kept = ground.facts.get(Kept)
    folders = _folders(ground)
    copies = [copy for folder in folders if kept and (copy := kept.copy_of(folder))]
    if folders and len(copies) == len(folders):
        return f"{' '.join(c.path for c in copies)}", tuple(c.evidence for c in copies)
    service = ground.service
    if service is not None and _in_use(ground):
        return "not needed any more: AUTH is set up", (service.evidence("mechanisms"),)
    return None


def _in_use(ground: Ground) -> bool:
    """Whether the configuration that is in use has what is wanted."""
    by_users = not ground.serves or (ground.service is not None and ground.service.wanted)
    return by_users and (not ground.relay or ground.relay_is_set_up)


def _copies(ground: Ground) -> Sequence[Step]:
    folders = _folders(ground) or [
        f for f in FOLDERS if ground.mta and not ground.is_installed and f == f"/etc/{ground.mta}"
    ]
    return [KeepCopy(folder, f"{folder}{SUFFIX}") for folder in folders]


def _configured(ground: Ground) -> Shown | None:
    service = ground.service
    if service is None or (ground.store_now and not ground.is_set_up):
        return None
    if service.wanted:
        postfix = ground.facts.get(Postfix)
        if postfix is not None and ground.mta == "postfix":
            evidence = primary(postfix).evidence("smtpd_sasl_auth_enable")
            return evidence.text, (evidence,)
        if ground.mta in WITHOUT_LIBSASL:
            lines = _of_logins(ground)
            return ", ".join(line.text for line in lines[:2]), tuple(lines)
        return f"trusted: {service.value('trusted')}", (service.evidence("trusted"),)
    mc = ground.facts.get(SendmailMc)
    if ground.mta == "sendmail" and mc is not None:
        line = next((e for e in mc.expected if "AUTH" in e.name.upper()), None)
        if line is not None:
            return f"{mc.path} names the mechanisms", (Evidence(mc.path, line.name),)
    return None


def _of_logins(ground: Ground) -> list[Evidence]:
    """What lets users log in: Exim's authenticators, OpenSMTPD's listeners."""
    exim, smtpd = ground.facts.get(Exim), ground.facts.get(OpenSmtpd)
    if exim is not None and ground.mta == "exim":
        return [a.evidence for a in exim.servers]
    return [x.statement.evidence for x in smtpd.logins] if smtpd else []


def _certified(ground: Ground) -> Shown | None:
    exim, smtpd = ground.facts.get(Exim), ground.facts.get(OpenSmtpd)
    if exim is not None and ground.mta == "exim":  # without one it makes one at each start, which is good for hours
        evidence = exim.evidence("tls_certificate")
        return (exim.value("tls_certificate"), (evidence,)) if exim.value("tls_certificate") else None
    if smtpd is not None and ground.mta == "opensmtpd":
        pki = [s.evidence for s in smtpd.statements if s.words[0] == "pki"]
        return (", ".join(e.text for e in pki[:1]), tuple(pki)) if pki else None
    if rung := ground.rung("tls"):
        return rung.summary, rung.evidence
    mc = ground.facts.get(SendmailMc)
    named_in = next((e for e in mc.expected if e.name == "ServerCertFile"), None) if mc else None
    if mc is not None and named_in is not None:
        return f"{named_in.value} ({mc.path})", (Evidence(mc.path, f"{named_in.name}={named_in.value}"),)
    found = next(certificates(ground.facts.get(Tls)), None)
    if found is not None:
        return f"until {found.text}", (found,)
    service = ground.service
    if service is not None and service.product == "postfix" and not service.without_tls:
        evidence = service.evidence("certificate")
        return evidence.text, (evidence,)
    return None


def _built(ground: Ground) -> Shown | None:
    service = ground.service
    if service is None or not _in_use(ground):
        return None
    words, codes = _OF_BUILD[ground.mta]
    passed = ground.passed(*codes)
    if not passed or ground.report.unjudged(*codes):
        return None
    if ground.mta == "sendmail" and not any(p.startswith("CONF002") for p in passed):
        words = "Sendmail can read its files"
    return words, tuple(Evidence(service.path, f"{p}: passed") for p in passed)


_OF_BUILD: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sendmail": ("sendmail.cf is as sendmail.mc says", ("CONF001", "CONF002")),
    "postfix": ("Postfix can read its files", ("CONF030", "CONF031")),
    "exim": ("Exim reads what was configured", ("CONF982",)),
    "opensmtpd": ("smtpd was started with this smtpd.conf", ("RUN985",)),
}
"""What shows that the configuration is in use: the checks that look for it."""


def _build(ground: Ground) -> Sequence[Step]:
    if ground.mta == "sendmail":
        return tested(ground.set_up.build)
    if ground.mta in WITHOUT_LIBSASL:
        return ground.set_up.build
    return [Inspect("postfix check"), *ground.set_up.build]


# ---- run


def _start(ground: Ground) -> Sequence[Step]:
    """What runs already, and does not listen where users are to come, has not read its configuration."""
    if ground.rung("program") is not None:
        return ground.set_up.build if _built(ground) else ()
    if not ground.mta or (not ground.is_installed and ground.system is not None and ground.system.family == "debian"):
        return ()  # there a package starts what it installs
    return [Start(ground.mta, at_boot=True)]


def _runs(ground: Ground) -> Shown | None:
    if not ground.serves and (there := smart_host.logged_in(ground)):
        return f"{named(ground.mta)} runs", there[1]
    program, listener = ground.rung("program"), ground.rung("listener")
    if not ground.serves and program is not None:
        return program.summary, program.evidence
    port = ground.route.listener.rpartition(":")[2] if ground.route else ""
    if program is None or listener is None or (port not in _SUBMISSION and ground.rung("offer") is None):
        return None
    return listener.summary, (*program.evidence, *listener.evidence)


def _verifies(ground: Ground) -> Shown | None:
    daemon = ground.facts.get(Saslauthd)
    if ground.store_now != ground.store:  # saslauthd asks others than those that are wanted
        return None
    if rung := ground.rung("verifier"):
        return rung.summary, rung.evidence
    if ground.store in ("system", "ldap") and daemon is not None and daemon.processes:
        return f"saslauthd runs ({daemon.mechanism})", (daemon.processes[0].evidence,)
    return None


def _has_users(ground: Ground) -> Shown | None:
    if rung := ground.rung("account"):
        return rung.summary, rung.evidence
    accounts = ground.facts.get(Accounts)
    if ground.store in ("system", "dovecot") and accounts is not None and accounts.proof is not None:
        return accounts.proof.text, (accounts.proof,)
    system = ground.system
    if ground.store == "file" and (users := _in_file(ground)):
        path, names = users
        wanted = not ground.user or ground.user in names
        return (f"{len(names)} users in {path}", (Evidence(path, f"{len(names)} users"),)) if names and wanted else None
    if ground.store in ("system", "dovecot") and system is not None and ground.user in system.people:
        return f"{ground.user} has an account here", (Evidence("/etc/passwd", ground.user),)
    return None


def _in_file(ground: Ground) -> tuple[str, tuple[str, ...]] | None:
    """The file of users, or the table that stands for it, and their names."""
    exim, smtpd = ground.facts.get(Exim), ground.facts.get(OpenSmtpd)
    known = exim.users if exim is not None and ground.mta == "exim" else smtpd.users if smtpd else {}
    return next(iter(known.items()), None)


def _user_choice(ground: Ground) -> Iterator[Choice]:
    if not ground.user:
        yield Choice("--user NAME", "the first user")


def _users(ground: Ground) -> Sequence[Step]:
    if not ground.store:
        return ()
    named_ones = [s for s in ground.set_up.users if getattr(s, "user", "") != NOBODY]
    return named_ones if ground.user else [Inspect(f"maildoctor guide{options(ground.asked)} --user NAME")]


def _offers(ground: Ground) -> Shown | None:
    rung = ground.rung("offer")
    return (rung.summary, rung.evidence) if rung else None


# ---- prove


def _where(ground: Ground) -> str:
    """The port that users are to have, where it answered when it was looked at, which need not be every address of this
    host; or another on which AUTH is offered already."""
    listener = ground.route.listener if ground.route else ""
    port = listener.rpartition(":")[2]
    usable = port in _SUBMISSION or (port.isdigit() and ground.rung("offer") is not None)
    return listener if usable else f"127.0.0.1:{SUBMISSION}"


def _probe(ground: Ground, more: str = "") -> Sequence[Step]:
    if not ground.user:
        return [Inspect(f"maildoctor guide{options(ground.asked)} --user NAME")]
    settings = client_settings(ground)
    words = (
        ("where", _where(ground)),
        ("user", ground.user),
        ("mech", settings.mechanism if settings else "PLAIN"),  # what is tried is what mail programs use
        ("address", _address(ground)),
    )
    return [Inspect(f"maildoctor probe {{where}} --no-verify --user {{user}} --mech {{mech}}{more}", words)]


def _address(ground: Ground) -> str:
    """Whose mailbox is surely here, where nobody said who gets the message: of a user who has an account, else of
    root. Exim takes no address without a domain (sender_unqualified_hosts)."""
    if ground.asked.send_to:
        return ground.asked.send_to
    name = ground.user.partition("@")[0]
    domain = f"@{ground.realm}" if ground.mta == "exim" and ground.realm else ""
    return f"{name if ground.system and name in ground.system.people else 'root'}{domain}"


def _logged_in(ground: Ground) -> Shown | None:
    logins = ground.report.logins
    if logins is None or not logins.succeeded:
        return None
    rung = ground.rung("account")
    by = ", ".join(name for name, _ in logins.mechs)
    since = f" since {logins.since}" if logins.since else ""
    words = f"{logins.succeeded} login{'s' * (logins.succeeded != 1)}{f' by {by}' if by else ''}{since}"
    return words, rung.evidence if rung else ()


def _settings(ground: Ground) -> Shown | None:
    settings = client_settings(ground)
    if settings is None or not settings.proof:
        return None
    words = f"{settings.server} port {settings.port}, {settings.tls}, {settings.method}"
    return words, (Evidence("the log", settings.proof),)


def _sent(ground: Ground) -> Shown | None:
    rung = ground.rung("hand-over")
    return (rung.summary, rung.evidence) if rung else None


def _logs(ground: Ground) -> Shown | None:
    log, history = ground.facts.get(MailLog), ground.facts.get(LoginHistory)
    path = log.path if log else history.path if history else ""  # Exim has a log of its own
    if not path or not ground.is_installed:
        return None
    passed = ground.passed("CONF010")
    return f"logins are told in {path}", (Evidence(path, "is written"), *(Evidence("", p) for p in passed))


def _closed(ground: Ground) -> Shown | None:
    passed = ground.passed(*_CLOSED)
    service = ground.service
    if not passed or service is None or ground.report.unjudged(*_CLOSED):
        return None
    return "strangers may not relay", tuple(Evidence(service.path, f"{p}: passed") for p in passed)


PARTS: tuple[Part, ...] = (
    Part(
        "choose", "choose", "Which mail server, and where its users are kept, settles all that follows.",
        _chosen, _choose, "no mail server is here: Sendmail or Postfix?", _choices,
    ),
    Part(
        "packages", "packages", "The mail server, and what makes and checks its users, come as packages.",
        _installed, _packages, "not all of them are installed", _choices,
    ),
    Part(
        "plug-ins", "plug-ins", "Each mechanism of SASL is a plug-in that must be there and load.",
        _plugins, _missing_plugins, "PLAIN and LOGIN have no plug-in yet", facts=(Plugins,),
    ),
    Part(
        "backup", "backup", "With a copy of the configuration the way back is one command.",
        _kept, _copies, "no copy of the configuration as it is",
    ),
    Part(
        "configuration", "configuration", "AUTH is off until the configuration switches it on, on a port for users.",
        _configured, lambda g: g.set_up.configuration, "AUTH is not set up", _choices,
    ),
    Part(
        "certificate", "certificate", "PLAIN and LOGIN show the password, so they are offered in TLS only.",
        _certified, lambda g: g.set_up.certificate, "none is set up",
    ),
    Part(
        "smart-host", "smart host", "Mail goes out by way of another server, at which this host logs in.",
        smart_host.named, lambda g: g.set_up.relay, "not named in the configuration", needed=lambda g: bool(g.relay),
    ),
    Part(
        "relay-password", "its password", "Without an entry for the smart host mail goes there without a login.",
        smart_host.has_password, smart_host.password, "no entry for the smart host", smart_host.password_choice,
        needed=lambda g: bool(g.relay),
    ),
    Part(
        "build", "build, test", "The mail server reads what is built and tested, not what was edited.",
        _built, _build, "the new configuration is not in use",
    ),
    Part(
        "verifier", "verifier", "Somebody must tell a right password from a wrong one.",
        _verifies, lambda g: g.set_up.verifier, "what checks passwords does not run",
        after="set-up",
        needed=lambda g: g.store not in ("sasldb", "file", "other", "") and g.mta != "opensmtpd",
    ),
    Part(
        "start", "start", "Users need a port that answers from elsewhere.",
        _runs, _start, "no port is seen to answer",
        after="build",
    ),
    Part(
        "users", "users", "A login needs a user, in the realm in which the server looks the name up.",
        _has_users, _users, "there is none yet", _user_choice, after="set-up",
    ),
    Part(
        "offer", "EHLO", "Clients see what they may use in the reply to EHLO.",
        _offers, lambda g: [Inspect("maildoctor probe {where} --no-verify", (("where", _where(g)),))],
        "AUTH is not seen to be offered", after="build",
    ),
    Part(
        "login", "login", "Only a login shows that all of it works.",
        _logged_in, lambda g: _probe(g, " --send-test {address}"), "no login was seen yet", _user_choice,
        by_login=True, after="build",
    ),
    Part(
        "client", "mail program", "What is typed into a mail program must be what the login used.",
        _settings, lambda g: [Inspect(f"maildoctor guide{options(g.asked)} --for client")], "known after a login",
        by_login=True, after="build",
    ),
    Part(
        "message", "message", "A message that arrives says in its Received header who was authenticated.",
        _sent, lambda g: _probe(g, " --send-test {address}"), "no message was seen to be passed on", by_login=True,
        after="build",
    ),
    Part(
        "relay-login", "login there", "Only mail that the smart host took after a login shows that it works.",
        smart_host.logged_in, smart_host.login, "no login at the smart host was seen yet", smart_host.login_choice,
        needed=lambda g: bool(g.relay), by_login=True, after="build",
    ),
    Part("log", "log", "The log tells why a login failed.", _logs, lambda _: (), "no log of mail is seen"),
    Part(
        "relay", "closed relay", "Who has not logged in may not send elsewhere.",
        _closed, lambda _: (), "not seen to be closed",
    ),
)  # fmt: skip
"""The way, from the foot of the ladder."""

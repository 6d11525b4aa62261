"""Postfix as a whole: its release, main.cf and master.cf, and what each service makes of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Self

from maildoctor.facts.postfix.defaults import (
    DEPRECATED,
    READ_ONLY,
    ParameterDefault,
    default,
    of_service,
    of_services,
    parameter,
    programs_of,
    was_known,
)
from maildoctor.facts.postfix.expansion import Expansion, compatibility_level, references
from maildoctor.facts.postfix.judgement import comments_behind, is_read_by, refused, settings_of_tables
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster, PostfixService
from maildoctor.facts.postfix.problems import MOST, Kind, PostfixProblem
from maildoctor.model import Evidence

_SECTION = re.compile(r"(?m)^==> (/\S{1,4000}) <==$\n?")
_PORTS: Mapping[str, int] = {"smtp": 25, "submission": 587, "smtps": 465, "submissions": 465}
"""Names that Postfix itself knows (known_tcp_ports, 3.6); before, /etc/services has the same."""
_WORDS = re.compile(r"[^, \t\r\n]+")
_SHOWN = 200
_JUDGED = 5000
"""Settings of a file whose values are judged."""


@dataclass(frozen=True)
class ServiceSettings:
    """A service of master.cf with the parameters that it works with: compiled default, main.cf, its `-o`."""

    service: PostfixService
    postfix: "Postfix"

    @property
    def name(self) -> str:
        """As postconf(1) names it: `submission/inet`."""
        return self.service.title

    @property
    def chrooted(self) -> bool:
        """Whether it works in the queue directory as its root (master/master_ent.c)."""
        return self.service.chroot == "y" or (self.service.chroot == "-" and self.postfix.chroot_by_default)

    def expanded(self, name: str) -> Expansion:
        """A parameter with all references filled in, what Postfix says of them, and which name nothing."""
        return self.postfix.expanded(name, self.service)

    def value(self, name: str) -> str:
        """A parameter with all references filled in."""
        return self.expanded(name).text

    def is_yes(self, name: str) -> bool:
        """A parameter that is yes or no."""
        return self.value(name).lower() == "yes"

    def evidence(self, name: str) -> Evidence:
        """The line that sets it: of master.cf, of main.cf, or that none does."""
        if name in self.service.options:
            path = self.postfix.master.path if self.postfix.master else "master.cf"
            line = self.service.lines.get(name, self.service.line)
            return Evidence(f"{path}:{line}", f"{self.name}: -o {name}={self.service.options[name]}")
        return self.postfix.main.evidence(name)

    @property
    def evidence_of_entry(self) -> Evidence:
        """Its entry in master.cf."""
        path = self.postfix.master.path if self.postfix.master else "master.cf"
        options = " ".join(f"-o {n}={v}" for n, v in self.service.options.items())
        return Evidence(f"{path}:{self.service.line}", f"{self.service.name} {self.service.kind} … {options}"[:400])


@dataclass(frozen=True)
class Smtpd(ServiceSettings):
    """One smtpd service: it takes mail by SMTP from the network, or from postscreen (type `pass`)."""

    @property
    def listener(self) -> str:
        """The name of the service that listens: its own, or that of postscreen where it takes over from that."""
        if self.service.kind == "pass":
            return self.postfix.postscreen
        return self.service.name

    @property
    def port(self) -> int:
        """The port that it listens on; 0 where the name is none that Postfix knows."""
        word = self.listener.rpartition(":")[2]
        return int(word) if word.isdecimal() and len(word) < 6 else _PORTS.get(word, 0)

    @property
    def address(self) -> str:
        """The address that it is bound to; empty: those of inet_interfaces."""
        return self.listener.rpartition(":")[0].strip("[]")

    @property
    def is_loopback(self) -> bool:
        """Whether only this host reaches it."""
        return self.address.startswith("127.") or self.address in ("::1", "localhost")


@dataclass(frozen=True)
class Postfix:
    """Text: `version: 3.7.11`, `built: USE_SASL_AUTH USE_CYRUS_SASL DEF_SERVER_SASL_TYPE=dovecot` (makedefs.out),
    `hostname: mail.example.com` (that of the kernel), then the files, each behind a line
    `==> /etc/postfix/main.cf <==` as head(1) prints it. `version` is empty where not known."""

    version: tuple[int, ...]
    built: frozenset[str]
    main: PostfixMain
    master: PostfixMaster | None
    hostname: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above; without a section all of it is main.cf."""
        parts = _SECTION.split(text)
        head, files = parts[0], dict(zip(parts[1::2], parts[2::2], strict=True))
        version = re.search(r"(?m)^version: (\d{1,9}(?:\.\d{1,9}){0,3})", head)
        built = re.search(r"(?m)^built: (.*)$", head)
        host = re.search(r"(?m)^hostname: (\S{1,255})$", head)
        main = next((path for path in files if path.endswith("main.cf")), "")
        master = next((path for path in files if path.endswith("master.cf")), "")
        return cls(
            tuple(int(n) for n in version[1].split(".")) if version else (),
            frozenset(built[1].split()) if built else frozenset(),
            PostfixMain.parse(f"# path: {main or '/etc/postfix/main.cf'}\n{files[main] if main else head}"),
            PostfixMaster.parse(f"# path: {master}\n{files[master]}") if master else None,
            host[1] if host else "",
        )

    @cached_property
    def smtpd(self) -> tuple[Smtpd, ...]:
        """The services that take mail by SMTP from the network, as far as they are not switched off; one of the type
        `pass` where there is a postscreen that hands clients over to it."""
        found = [s for s in (self.master.smtpd if self.master else ()) if not self.is_disabled(s)]
        handed = any(s.program == "postscreen" for s in (self.master.services if self.master else ()))
        return tuple(Smtpd(s, self) for s in found if s.kind != "pass" or handed)

    @cached_property
    def logins(self) -> tuple[Smtpd, ...]:
        """Those of them that offer AUTH."""
        return tuple(s for s in self.smtpd if s.is_yes("smtpd_sasl_auth_enable"))

    @cached_property
    def services(self) -> tuple[ServiceSettings, ...]:
        """All services of master.cf that are not switched off."""
        found = self.master.services if self.master else ()
        return tuple(ServiceSettings(s, self) for s in found if not self.is_disabled(s))

    @cached_property
    def by_title(self) -> Mapping[str, ServiceSettings]:
        """The services by what postconf(1) calls them."""
        return {s.name: s for s in self.services}

    def services_of(self, program: str) -> tuple[PostfixService, ...]:
        """Those whose program is this one."""
        return tuple(s.service for s in self.services if s.service.program == program)

    @cached_property
    def postscreen(self) -> str:
        """The name of the service that hands its clients over to smtpd; empty where there is none."""
        return next((s.name for s in self.services_of("postscreen")), "")

    def is_disabled(self, service: PostfixService) -> bool:
        """Whether master_service_disable switches it off (global/match_service.c)."""
        title = service.title.lower()
        for pattern in self._disabled:
            bare = pattern.lstrip("!")
            if (title if "/" in bare else service.kind.lower()) == bare:
                return (len(pattern) - len(bare)) % 2 == 0
        return False

    @cached_property
    def _disabled(self) -> tuple[str, ...]:
        patterns = (w.lower() for w in _WORDS.findall(self.value("master_service_disable")))
        return tuple(p if "/" in p or "." not in p else "/".join(p.rsplit(".", 1)) for p in patterns)

    @cached_property
    def of_services(self) -> tuple[str, ...]:
        """Names of parameters that the services of master.cf bring."""
        return tuple(of_services(self._transports))

    @cached_property
    def _transports(self) -> Mapping[str, str]:
        return {s.name: s.program for s in (self.master.services if self.master else ())}

    @property
    def meant_for_logins(self) -> bool:
        """Whether somebody set up logins: a setting of theirs besides the switch itself, or a service on a port that is
        for nothing else and that the network reaches. What packages bring says nothing: permit_sasl_authenticated in a
        list, cyrus_sasl_config_path (Debian 13)."""
        names = [*self.main.parameters, *(o for s in self.smtpd for o in s.service.options)]
        ports = [s for s in self.smtpd if s.port in (465, 587) and not s.is_loopback]
        return bool(ports) or any(n.startswith("smtpd_sasl_") and n != "smtpd_sasl_auth_enable" for n in names)

    def default(self, name: str) -> str:
        """What is compiled in for this release and compatibility level; references are not filled in, and it is empty
        where there is none or only the host could tell (mynetworks)."""
        return self.compiled(name) or ""

    def compiled(self, name: str) -> str | None:
        """As `default`, and None where this release has no such parameter."""
        if name in ("myhostname", "mydomain"):
            return self._of_host(name)
        if name == "mail_version":
            return ".".join(map(str, self.version))
        if name == "config_directory":
            return self.main.path.rpartition("/")[0]
        found = default(name, self.version, self.built)
        return of_service(name, self._transports) if found is None else found

    def _of_host(self, name: str) -> str:
        """What Postfix makes of the name of the host (global/mail_params.c)."""
        if name == "mydomain":
            own = self.main.value("myhostname") if "myhostname" in self.main.parameters else self._of_host("myhostname")
            return own.partition(".")[2] if "." in own else "localdomain" if own else ""
        if not self.hostname or "." in self.hostname:
            return self.hostname
        domain = self.main.value("mydomain") if "mydomain" in self.main.parameters else "localdomain"
        return f"{self.hostname}.{domain}"

    def is_known(self, name: str) -> bool:
        """Whether this release has a parameter of that name."""
        return self.compiled(name) is not None

    def expanded(self, name: str, service: PostfixService | None = None) -> Expansion:
        """A parameter with all references filled in, what Postfix says of them, and which name nothing; as a service of
        master.cf has it, or a program without `-o`."""
        own = service.options if service else {}
        found = self.main.parameters.get(name)
        written = own[name] if name in own else found.value if found else self.default(name)
        known = parameter(name, self.version)
        if known is not None and known.kind == "raw":
            return Expansion(written)
        return self.expanded_text(written, service)

    def expanded_text(self, text: str, service: PostfixService | None = None) -> Expansion:
        """Any text with all references filled in, as a value of that service."""

        def lookup(other: str) -> str | None:
            if service is not None and other == "process_name":
                return service.program
            if service is not None and other == "service_name":
                return service.name
            return self.compiled(other)

        own = {n: v for n, v in service.options.items() if n not in READ_ONLY} if service else {}
        return self.main.expanded(text, own, lookup, self.version)

    def value(self, name: str) -> str:
        """A parameter as a program without `-o` has it, references filled in."""
        return self.expanded(name).text

    def is_yes(self, name: str) -> bool:
        """A parameter that is yes or no."""
        return self.value(name).lower() == "yes"

    @cached_property
    def level(self) -> tuple[int, ...]:
        """compatibility_level: (0,) where main.cf says nothing (3.0 and later), or nothing that is one."""
        found = compatibility_level(self.value("compatibility_level"))
        if not found:
            return (0,)
        return found[: 3 if found[2] else 2 if found[1] else 1]

    @property
    def chroot_by_default(self) -> bool:
        """What `-` in the chroot column of master.cf means: y before 3.0 and at compatibility level 0."""
        return bool(self.version and self.version < (3,)) or self.level < (1,)

    @property
    def instances(self) -> tuple[str, ...]:
        """Configuration folders of further instances (multi_instance_directories), which are another Postfix each."""
        return tuple(_WORDS.findall(self.value("multi_instance_directories")))

    @cached_property
    def problems(self) -> tuple[PostfixProblem, ...]:
        """All that is wrong in main.cf and master.cf, in the order of the files."""
        return tuple(self._problems())

    def _problems(self) -> Iterator[PostfixProblem]:
        yield from self.main.problems
        yield from self.master.problems if self.master else ()
        for name in islice(self.main.parameters, _JUDGED):
            yield from islice(self._of_setting(name, None), MOST)
        options = ((s, name) for s in self.services for name in s.service.options)
        for settings, name in islice(options, _JUDGED):
            yield from self._of_setting(name, settings.service)

    def _of_setting(self, name: str, service: PostfixService | None) -> Iterator[PostfixProblem]:
        """What is wrong with one setting of main.cf, or of `-o` where a service is given."""
        written = service.options[name] if service else self.main.parameters[name].value
        if service:
            path = self.master.path if self.master else "master.cf"
            line, text = service.lines.get(name, service.line), f"{service.title}: -o {name}={written[:_SHOWN]}"
        else:
            path, line, text = self.main.path, self.main.parameters[name].line, f"{name} = {written[:_SHOWN]}"
        title = service.title if service else ""

        def problem(kind: Kind, fatal: bool, message: str) -> PostfixProblem:
            return PostfixProblem(path, line, text, kind, fatal, message, name, title)

        if name in READ_ONLY:
            yield problem("read-only", False, f"read-only parameter assignment: {name}={written[:_SHOWN]}")
            return
        known = self._known(name)
        late = name in DEPRECATED and self.version >= DEPRECATED[name][0]
        if known is None and not self.is_used(name, service):
            message = f"unused parameter: {name}={written[:_SHOWN]}"
            if late:
                message = f"support for parameter {name} has been removed; instead, {DEPRECATED[name][1]}"
            yield problem("removed" if was_known(name) and self.version else "unknown", False, message)
            return
        if late:
            message = f'support for parameter "{name}" will be removed; instead, {DEPRECATED[name][1]}'
            yield problem("deprecated", False, message)
        if known is None or known.kind == "raw":
            return
        stops = self._is_read(name, service)
        filled = self.expanded(name, service)
        if filled.fault:
            yield problem("expansion", stops, filled.fault)
            return
        for other in filled.undefined:
            if service is None and other in self._set_by_services:
                continue
            yield problem("undefined", False, f"undefined parameter: {other}")
        if name == "inet_interfaces" and (mixed := _mixed(filled.text)):
            yield problem("interfaces", True, f"config variable inet_interfaces: host not found: {mixed}")
        why = refused(name, filled.text, known)
        if why is not None and self._hangs_on_host(name, filled.text, service):
            return
        if why is not None:
            yield problem(why[0], stops, why[1])
        elif any(comments_behind(written)):
            yield problem("comment-behind", False, "#comment after other text is not a comment")

    def _hangs_on_host(self, name: str, text: str, service: PostfixService | None) -> bool:
        """Whether a value cannot be known because the name of the host is not: files alone do not always tell it."""
        return not self.hostname and replace(self, hostname="a.b").expanded(name, service).text != text

    def _known(self, name: str) -> ParameterDefault | None:
        known = parameter(name, self.version)
        if known is None and (general := of_service(name, self._transports)):
            return parameter(general[1:], self.version)
        return known

    def _is_read(self, name: str, service: PostfixService | None) -> bool:
        """Whether the program of the service reads a parameter, or without one any program that master.cf starts."""
        readers = programs_of(name)
        if service is not None:
            return is_read_by(readers, service.program)
        return self.master is None or any(is_read_by(readers, program) for program in self._programs)

    @cached_property
    def _programs(self) -> frozenset[str]:
        return frozenset(s.service.program for s in self.services)

    def is_used(self, name: str, service: PostfixService | None = None) -> bool:
        """Whether a name that is no parameter is referred to (postconf/postconf_user.c)."""
        if self.is_known(name) or name in self._referred_to:
            return True
        if service and name in _WORDS.findall(self.expanded("smtpd_restriction_classes", service).text):
            return True
        return name in self._of_tables

    @cached_property
    def _referred_to(self) -> frozenset[str]:
        """Names after `$` in main.cf, master.cf and defaults, and restriction classes."""
        values = [p.value for p in self.main.parameters.values()]
        values += [v for s in self.services for v in s.service.options.values()]
        found = {name for value in values for name in references(value)}
        return frozenset(found.union(_WORDS.findall(self.value("smtpd_restriction_classes"))))

    @cached_property
    def _set_by_services(self) -> frozenset[str]:
        return frozenset(name for s in self.services for name in s.service.options)

    @cached_property
    def _of_tables(self) -> frozenset[str]:
        values = [p.value for p in self.main.parameters.values()]
        return settings_of_tables([*values, *(v for s in self.services for v in s.service.options.values())])


def confined(services: Sequence[Smtpd], among: Sequence[Smtpd]) -> dict[str, str]:
    """The label `port` where a finding is about some of the services alone, by which it is laid on their routes."""
    some = {s.name for s in services}
    where = ",".join(str(p) for p in sorted({s.port for s in services if s.port}))
    return {"port": where} if where and any(s.name not in some for s in among) else {}


def _mixed(interfaces: str) -> str:
    """`all` or `loopback-only` beside something else, or written otherwise: then Postfix takes it for the name of a
    host (global/own_inet_addr.c)."""
    words = _WORDS.findall(interfaces)
    special = [w for w in words if w.lower() in ("all", "loopback-only")]
    return next((w for w in special if len(words) > 1 or w != w.lower()), "")

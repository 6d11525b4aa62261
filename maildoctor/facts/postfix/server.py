"""Postfix as a whole: its release, main.cf and master.cf, and what each smtpd service makes of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from maildoctor.facts.postfix.defaults import default
from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster, PostfixService
from maildoctor.model import Evidence

_SECTION = re.compile(r"(?m)^==> (/\S{1,4000}) <==$\n?")
_PORTS: Mapping[str, int] = {"smtp": 25, "submission": 587, "smtps": 465, "submissions": 465}
"""Names that Postfix itself knows (known_tcp_ports, 3.6); before, /etc/services has the same."""


@dataclass(frozen=True)
class Smtpd:
    """One smtpd service of master.cf with the parameters that it works with: compiled default, main.cf, its `-o`."""

    service: PostfixService
    postfix: "Postfix"

    @property
    def name(self) -> str:
        """As postconf(1) names it: `submission/inet`."""
        return f"{self.service.name}/{self.service.kind}"

    @property
    def port(self) -> int:
        """The port that it listens on; 0 where the name is none that Postfix knows."""
        word = self.service.name.rpartition(":")[2]
        return int(word) if word.isdecimal() and len(word) < 6 else _PORTS.get(word, 0)

    @property
    def address(self) -> str:
        """The address that it is bound to; empty: those of inet_interfaces."""
        return self.service.name.rpartition(":")[0].strip("[]")

    @property
    def is_loopback(self) -> bool:
        """Whether only this host reaches it."""
        return self.address.startswith("127.") or self.address in ("::1", "localhost")

    @property
    def chrooted(self) -> bool:
        """Whether it works in the queue directory as its root (master/master_ent.c)."""
        return self.service.chroot == "y" or (self.service.chroot == "-" and self.postfix.chroot_by_default)

    def value(self, name: str) -> str:
        """A parameter with all references filled in."""
        known = self.postfix.default
        return self.postfix.main.value(name, known(name), self.service.options, known)

    def is_yes(self, name: str) -> bool:
        """A parameter that is yes or no."""
        return self.value(name).lower() == "yes"

    def evidence(self, name: str) -> Evidence:
        """The line that sets it: of master.cf, of main.cf, or that none does."""
        if name in self.service.options:
            path = self.postfix.master.path if self.postfix.master else "master.cf"
            return Evidence(f"{path}:{self.service.line}", f"{self.name}: -o {name}={self.service.options[name]}")
        return self.postfix.main.evidence(name)


@dataclass(frozen=True)
class Postfix:
    """Text: `version: 3.7.11`, `built: USE_SASL_AUTH USE_CYRUS_SASL DEF_SERVER_SASL_TYPE=dovecot` (makedefs.out), then
    the files, each behind a line `==> /etc/postfix/main.cf <==` as head(1) prints it. `version` is empty where not
    known."""

    version: tuple[int, ...]
    built: frozenset[str]
    main: PostfixMain
    master: PostfixMaster | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above; without a section all of it is main.cf."""
        parts = _SECTION.split(text)
        head, files = parts[0], dict(zip(parts[1::2], parts[2::2], strict=True))
        version = re.search(r"(?m)^version: (\d{1,9}(?:\.\d{1,9}){0,3})", head)
        built = re.search(r"(?m)^built: (.*)$", head)
        main = next((path for path in files if path.endswith("main.cf")), "")
        master = next((path for path in files if path.endswith("master.cf")), "")
        return cls(
            tuple(int(n) for n in version[1].split(".")) if version else (),
            frozenset(built[1].split()) if built else frozenset(),
            PostfixMain.parse(f"# path: {main or '/etc/postfix/main.cf'}\n{files[main] if main else head}"),
            PostfixMaster.parse(f"# path: {master}\n{files[master]}") if master else None,
        )

    @cached_property
    def smtpd(self) -> tuple[Smtpd, ...]:
        """The services that take mail by SMTP from the network."""
        return tuple(Smtpd(s, self) for s in (self.master.smtpd if self.master else ()))

    @property
    def logins(self) -> tuple[Smtpd, ...]:
        """Those of them that offer AUTH."""
        return tuple(s for s in self.smtpd if s.is_yes("smtpd_sasl_auth_enable"))

    @property
    def meant_for_logins(self) -> bool:
        """Whether somebody set up logins: a setting of theirs besides the switch itself, or a service on a port that is
        for nothing else and that the network reaches. What packages bring says nothing: permit_sasl_authenticated in a
        list, cyrus_sasl_config_path (Debian 13)."""
        names = [*self.main.parameters, *(o for s in self.smtpd for o in s.service.options)]
        ports = [s for s in self.smtpd if s.port in (465, 587) and not s.is_loopback]
        return bool(ports) or any(n.startswith("smtpd_sasl_") and n != "smtpd_sasl_auth_enable" for n in names)

    def default(self, name: str) -> str:
        """What is compiled in for this release and compatibility level; references are not filled in."""
        return default(name, self.version, self.level, self.built)

    def value(self, name: str) -> str:
        """A parameter as a program without `-o` has it, references filled in."""
        return self.main.value(name, self.default(name), None, self.default)

    def is_yes(self, name: str) -> bool:
        """A parameter that is yes or no."""
        return self.value(name).lower() == "yes"

    @property
    def level(self) -> tuple[int, ...]:
        """compatibility_level: (0,) where main.cf says nothing (3.0 and later)."""
        words = self.main.value("compatibility_level", "0").split(".")
        return tuple(int(w) for w in words if w.isdecimal() and len(w) < 6) or (0,)

    @property
    def chroot_by_default(self) -> bool:
        """What `-` in the chroot column of master.cf means: y before 3.0 and at compatibility level 0."""
        return bool(self.version and self.version < (3,)) or self.level < (1,)

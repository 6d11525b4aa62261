"""Dovecot as it is configured: its release, all its configuration files, and what its auth service makes of them.

Sources: auth/auth-settings.c, auth/auth.c, auth/passdb-*.c, auth/db-passwd-file.c, master/master-settings.c, of 2.3 and
2.4; lib-settings/settings-history-core.txt for what changed between them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

from maildoctor.facts.dovecot.defaults import default
from maildoctor.facts.dovecot.tree import PROBLEMS, Problem, Reader, Section, Setting, Tree, words_of
from maildoctor.facts.paths import seconds
from maildoctor.model import Evidence

_SECTION = re.compile(r"(?m)^==> (/\S{1,4000}) <==$\n?")
_VERSION = re.compile(r"(?m)^version: (\d{1,9}(?:\.\d{1,9}){0,4})")
_UNREAD = re.compile(r"(?m)^unread: (/\S{1,4000}): (.*)$")
_CHANGED = re.compile(r"(?m)^changed: (\S.{9,60})$")
_OF_2_4 = re.compile(r"(?m)^[ \t]*dovecot_config_version[ \t]*=")

_PID = re.compile(r"(?m)^pid: (\d{1,10}) (\S.{0,63})$")
_GONE = re.compile(r"(?m)^missing: (/\S{1,4000})$")
_ABOUT = re.compile(r"(?m)^(?:version|changed|unread|pid|missing): .*\n?")
"""Lines about the files, where no line names the first of them."""

MAIN = "/etc/dovecot/dovecot.conf"

ListenerType = Literal["auth", "auth-legacy", "login", "master", "userdb", "token", "token-login"]
"""Which protocol a socket of the auth service speaks (auth/main.c, auth_socket_type_get())."""

_TYPE_BY_NAME: Mapping[str, ListenerType] = {
    "login": "login",
    "master": "master",
    "userdb": "userdb",
    "token": "token",
    "tokenlogin": "token-login",
}
_TYPES: Mapping[str, ListenerType] = {
    "auth": "auth", "auth-legacy": "auth-legacy", "login": "login", "master": "master", "userdb": "userdb",
    "token": "token", "token-login": "token-login",
}  # fmt: skip

_YES = ("yes", "y", "1")


@dataclass(frozen=True, slots=True)
class AuthListener:
    """A socket of `service auth`. `path` is absolute, empty for an `inet_listener`, which has a `port`. `mode` 0: there
    is no such socket. `user` and `group`: empty are root's. `builtin`: nobody wrote it."""

    path: str
    mode: int
    user: str
    group: str
    type: ListenerType
    section: Section
    port: int = 0
    address: str = ""
    builtin: bool = False

    @property
    def speaks_sasl(self) -> bool:
        """Whether a mail server can ask it for AUTH."""
        return self.type in ("auth", "auth-legacy", "login")

    @property
    def evidence(self) -> Evidence:
        """Where it stands."""
        return self.section.evidence

    def setting(self, name: str) -> Setting | None:
        """Its line `mode`, `user`, `group` or `type`; None where the default applies."""
        return self.section.get(name)


@dataclass(frozen=True, slots=True)
class Passdb:
    """One passdb, in the terms of 2.3 and 2.4 alike. `path`: the file of a passwd-file; `scheme`: of a password without
    `{SCHEME}`; `format`: how it spells the name that it looks up, empty: as auth_username_format does; `service`: of
    PAM; `settings_file`: that of SQL or LDAP in 2.3."""

    driver: str
    name: str
    section: Section
    path: str = ""
    scheme: str = ""
    format: str = ""
    service: str = ""
    settings_file: str = ""
    mechanisms: tuple[str, ...] = ()

    @property
    def deny(self) -> bool:
        """Whether whom it knows is refused."""
        return self._is_yes("deny")

    @property
    def master(self) -> bool:
        """Whether it knows master users only."""
        return self._is_yes("master")

    @property
    def skip(self) -> str:
        """When it is not asked: `never`, `authenticated` or `unauthenticated`."""
        return self.section.value("skip", "never")

    @property
    def username_filter(self) -> str:
        """Patterns of the names that it is asked for; empty: all."""
        return self.section.value("username_filter")

    @property
    def result_success(self) -> str:
        """What follows where the password is right; `pass = yes` is an old word for `continue`."""
        return "continue" if self._is_yes("pass") else self.section.value("result_success", "return-ok")

    def result(self, name: str) -> str:
        """What follows a `failure` or an `internalfail`."""
        return self.section.value(f"result_{name}", "continue")

    def _is_yes(self, name: str) -> bool:
        return self.section.value(name).lower() in _YES

    @property
    def takes_any_password(self) -> str:
        """What makes it accept every password of every name that it is asked for: `nopassword`, or `password` of a
        static one, by which all have the same; empty where nothing does (auth/passdb-static.c, passdb-template.c)."""
        if self.driver != "static":
            return ""
        fields = {w.partition("=")[0]: w.partition("=")[2] for w in self.section.value("args").split()}
        fields |= {name: said.value for name, said in self.section.lists.get("passdb_fields", {}).items()}
        fields["password"] = fields.get("password", "") or self.section.value("static_password")
        if "nopassword" in fields and fields["nopassword"].lower() not in ("no", "n", "0"):
            return "nopassword"
        return "password" if fields["password"] else ""

    @property
    def lets_in(self) -> bool:
        """Whether a right password is enough here: nothing says that it is not asked first, or that more is needed."""
        return self.verifies and self.skip != "unauthenticated" and self.result_success in ("return-ok", "continue-ok")

    @property
    def has_lookup(self) -> bool:
        """Whether it tells the stored password, which all mechanisms but PLAIN and LOGIN need (auth/passdb.c)."""
        return self.driver not in ("pam", "bsdauth", "checkpassword", "imap", "oauth2")

    @property
    def verifies(self) -> bool:
        """Whether a user can get in by it alone."""
        return not self.deny and not self.master

    @property
    def evidence(self) -> Evidence:
        """Its driver, with its arguments where they have no password."""
        for key in ("args", "passwd_file_path", "driver"):
            if (found := self.section.get(key)) and "password=" not in found.value:
                return found.evidence
        return self.section.evidence


@dataclass(frozen=True)
class Dovecot:
    """Text: `version: 2.3.19.1`, `changed: 2026-11-22 06:00:00 +0000`, when a file was changed, `unread:
    /etc/dovecot/x.conf: permission denied` for a file that is there, `pid: 40 tail` where master.pid names a process
    that is another program, `missing: /etc/dovecot/cert.pem` for a file whose content is the value of a setting, or for
    a program of a protocol, that is not there; then the files that were read, each behind a line `==>
    /etc/dovecot/dovecot.conf <==` as head(1) prints it, the main file first. `version` is empty where not known."""

    version: tuple[int, ...]
    main: str
    tree: Tree
    unread: Mapping[str, str]
    changed: float = 0.0
    """when the last of the files was changed, in seconds since 1970; 0 where that is not known"""
    pid_of: tuple[int, str] = (0, "")
    """the number in master.pid and the name of its process, where that is another program than Dovecot"""
    missing: frozenset[str] = frozenset()
    """files named by `<`, and programs of protocols, that are not there"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above; without such a line all of it is dovecot.conf."""
        parts = _SECTION.split(text)
        head, names, bodies = parts[0], parts[1::2], parts[2::2]
        files: dict[str, str] = {}
        for name, body in zip(names, bodies, strict=True):
            files.setdefault(name, body)
        main = names[0] if names else MAIN
        found = _VERSION.search(head)
        version = tuple(int(n) for n in found[1].split(".")) if found else ()
        if not names:
            files = {MAIN: _ABOUT.sub("", head)}
        unread = dict(_UNREAD.findall(head)) if names else {}
        of_2_4 = any(_OF_2_4.search(body) for body in files.values())
        minor = 4 if (version[:2] >= (2, 4) if version else of_2_4) else 3
        changed = max(map(seconds, _CHANGED.findall(head)), default=0.0)
        pid = _PID.search(head)
        other = (int(pid[1]), pid[2]) if pid else (0, "")
        tree = Reader(files, unread, minor).read(main)
        return cls(version, main, tree, unread, changed, other, frozenset(_GONE.findall(head)))

    # ---- release

    @property
    def modern(self) -> bool:
        """Whether it is read as 2.4 reads it."""
        return self.tree.minor > 3

    @property
    def release(self) -> str:
        """The version as Dovecot writes it; `2.3` or `2.4` where only that much is known."""
        return ".".join(map(str, self.version)) or f"2.{self.tree.minor}"

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Why Dovecot would not start on these files; the first is what it says."""
        return (*self.tree.problems, *(() if self.tree.problems else self._checked()))

    def _checked(self) -> tuple[Problem, ...]:
        """What is found once everything was read (auth_passdb_settings_check() and the like)."""
        found: list[Problem] = []
        for kind in ("passdb", "userdb") if not self.modern else ():
            for place in self.places:
                for section in place.of(kind):
                    if not section.value("driver"):
                        words = f"{kind} is missing driver"
                        found.append(Problem("incomplete", words, section.path, section.line, kind))
        required = self.get("ssl")
        if self.modern and self.value("ssl") == "required" and self.is_yes("auth_allow_cleartext") and required:
            words = "auth_allow_cleartext=yes has no effect with ssl=required"
            found.append(Problem("value", words, required.path, required.line, "auth_allow_cleartext"))
        return tuple(found[:PROBLEMS])

    # ---- settings

    @property
    def top(self) -> Section:
        """All that stands in no block."""
        return self.tree.top

    @property
    def places(self) -> tuple[Section, ...]:
        """The top and the scopes in it."""
        return (self.top, *self.top.of("protocol", "local", "local_name", "remote"))

    @property
    def smtp(self) -> Section | None:
        """`protocol smtp { }`, which counts where a mail server asks."""
        return self.top.sections.get(("protocol", "smtp"))

    def get(self, name: str) -> Setting | None:
        """The setting of this name, as it counts for SMTP; None where the default applies."""
        if self.smtp is not None and name in self.smtp.settings:
            return self.smtp.settings[name]
        return self.top.settings.get(name)

    def default(self, name: str) -> str:
        """What applies where nothing is set."""
        return default(name, self.tree.minor)

    def value(self, name: str) -> str:
        """A setting, or its default."""
        found = self.get(name)
        return found.value if found else self.default(name)

    def is_yes(self, name: str) -> bool:
        """A setting that is yes or no (get_bool() of lib-settings)."""
        return self.value(name).lower() in _YES

    def evidence(self, name: str) -> Evidence:
        """The line that sets it, or that none does."""
        found = self.get(name)
        if found is not None:
            return found.evidence
        for members in (s.lists.get(name) for s in self.places):
            if members:
                return next(iter(members.values())).evidence
        return Evidence(self.main, f"no {name}: the default applies ({self.default(name) or 'empty'})")

    def members(self, name: str) -> tuple[str, ...]:
        """A setting that is a list of words. In 2.4 a block adds to the default what it says yes to."""
        if not self.modern:
            return tuple(self.value(name).replace(",", " ").split()) if name == "listen" else _words(self.value(name))
        known = dict.fromkeys(words_of(self.default(name)))
        for place in (self.top, self.smtp):
            if place is None or name not in place.lists:
                continue
            if name in place.whole:
                known = {}
            for word, said in place.lists[name].items():
                known.pop(word, None)
                if said.value.lower() in _YES:
                    known[word] = None
        return tuple(known)

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """auth_mechanisms in capitals, in order."""
        return tuple(word.upper() for word in self.members("auth_mechanisms"))

    @property
    def protocols(self) -> tuple[str, ...]:
        """What Dovecot itself serves."""
        return tuple(p for p in self.members("protocols") if p != "none")

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs of these protocols, as their files are called (imap/imap-settings.c and its like). Where none is
        named, the package's own file names those that are installed, or nothing is known."""
        if self.get("protocols") is None and not any("protocols" in p.lists for p in self.places):
            return ()
        return tuple(_PROGRAMS.get(name, "") for name in self.protocols if name in _PROGRAMS)

    @property
    def realm(self) -> str:
        """What is put behind a name without `@`; empty: nothing."""
        return self.value("auth_default_domain" if self.modern else "auth_default_realm")

    @property
    def user(self) -> str:
        """As whom its auth service works."""
        auth = self.service("auth")
        named = auth.value("user") if auth else ""
        return self.expanded(named) or self.value("default_internal_user")

    def expanded(self, name: str) -> str:
        """A user or group; `$default_internal_user` by the setting (master-settings.c, expand_user())."""
        return self.value(name.removeprefix("$SET:").removeprefix("$")) if name.startswith("$default_") else name

    @cached_property
    def of_files(self) -> tuple[tuple[str, Setting], ...]:
        """The settings whose value is the content of a file, with their names."""
        found: list[tuple[str, Setting]] = []
        todo = [self.top]
        for section in todo:  # it grows meanwhile
            found += ((name, said) for name, said in section.settings.items() if said.file)
            todo += section.sections.values()
        return tuple(found)

    # ---- services

    def service(self, name: str) -> Section | None:
        """`service NAME { }`, None where nothing is said of it."""
        return self.top.sections.get(("service", name))

    def limit(self, service: str, name: str, otherwise: int) -> int:
        """A number that a service is confined by; 0 is the default of all services."""
        section = self.service(service)
        words = section.value(name) if section else ""
        if words == "unlimited":
            return 2**31
        found = int(words[:10]) if words.isascii() and words.isdigit() else 0
        common = self.value(f"default_{name}")
        return found or otherwise or (int(common[:10]) if common.isascii() and common.isdigit() else 0)

    @property
    def base(self) -> str:
        """base_dir without a slash at its end."""
        return self.value("base_dir").rstrip("/") or "/run/dovecot"

    @cached_property
    def listeners(self) -> tuple[AuthListener, ...]:
        """The sockets of `service auth`: those that are written, then those that are built in."""
        auth = self.service("auth")
        found = [self._listener(s) for s in (auth.of("unix_listener") if auth else ())]
        taken = {x.path for x in found}
        for name, mode, user, kind in _BUILT_IN:
            path = f"{self.base}/{name}"
            if path not in taken:
                owner = self.value("default_internal_user") if user else ""
                found.append(AuthListener(path, mode, owner, "", kind, Section("service", "auth"), builtin=True))
        for section in auth.of("inet_listener") if auth else ():
            port = section.value("port")
            number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
            kind = self._type(section, section.name)
            address = section.value("address") or section.value("listen")
            found.append(AuthListener("", 0o666, "", "", kind, section, number, address))
        return tuple(found)

    def _listener(self, section: Section) -> AuthListener:
        name = section.value("path") or section.name
        path = name if name.startswith("/") else f"{self.base}/{name}"
        built_in = next((b for b in _BUILT_IN if path == f"{self.base}/{b[0]}"), None)
        mode = _octal(section.value("mode"), built_in[1] if built_in else 0o600)
        owner = self.value("default_internal_user") if built_in and built_in[2] else ""
        user = self.expanded(section.value("user", owner))
        return AuthListener(path, mode, user, self.expanded(section.value("group")), self._type(section, path), section)

    def _type(self, section: Section, path: str) -> ListenerType:
        named = section.value("type") if self.modern else ""
        by_name = _TYPE_BY_NAME.get(path.rpartition("/")[2].rpartition("-")[2], "auth")
        return _TYPES.get(named, by_name) if named else by_name

    # ---- databases

    @cached_property
    def passdbs(self) -> tuple[Passdb, ...]:
        """The password databases in the order in which they are asked; those of `protocol smtp` first."""
        sections = [s for place in (self.smtp, self.top) if place is not None for s in place.of("passdb")]
        return tuple(self._new(s) if self.modern else self._old(s) for s in sections)

    def _old(self, section: Section) -> Passdb:
        driver, args = section.value("driver"), section.value("args")
        scheme, form, rest = _arguments(args)
        words = rest.split()
        last = words[-1] if words and "=" not in words[-1] else ""
        return Passdb(
            driver,
            section.name,
            section,
            path=rest if driver == "passwd-file" else "",
            scheme=(scheme or ("PLAIN" if driver == "static" else "MD5" if driver == "sql" else "CRYPT")).upper(),
            format=form,
            service=(last or "dovecot") if driver == "pam" else "",
            settings_file=last if driver in ("sql", "ldap", "dict") else "",
            mechanisms=_words(section.value("mechanisms").upper()),
        )

    def _new(self, section: Section) -> Passdb:
        driver = section.value("driver") or section.name
        block = self.top.sections.get((f"passdb_{driver.replace('-', '_')}", ""))

        def value(name: str, otherwise: str = "") -> str:
            for place in (section, block, self.top):
                if place is not None and (found := place.settings.get(name)):
                    return found.value
            return otherwise

        wanted = section.lists.get("passdb_mechanisms_filter", {})
        return Passdb(
            driver,
            section.name,
            section,
            path=value("passwd_file_path") if driver == "passwd-file" else "",
            scheme=value("passdb_default_password_scheme", self._scheme_of(driver)).upper(),
            format=section.value("auth_username_format"),
            service=value("passdb_pam_service_name", "dovecot") if driver == "pam" else "",
            mechanisms=tuple(m.upper() for m, said in wanted.items() if said.value.lower() in _YES),
        )

    def _scheme_of(self, driver: str) -> str:
        if driver in ("passwd-file", "sql") or (driver in ("ldap", "passwd") and self.version >= (2, 4, 3)):
            return "CRYPT"
        return "PLAIN"

    @property
    def has_lookup(self) -> bool:
        """Whether some passdb tells stored passwords, so that Dovecot offers challenges at all."""
        return any(p.has_lookup for p in self.passdbs if not p.deny)


_BUILT_IN: tuple[tuple[str, int, bool, ListenerType], ...] = (
    ("auth-client", 0o600, True, "auth"),
    ("auth-login", 0o600, True, "login"),
    ("login/login", 0o666, False, "login"),
    ("token-login/tokenlogin", 0o666, False, "token-login"),
    ("auth-userdb", 0o666, True, "userdb"),
    ("auth-master", 0o600, False, "master"),
)
"""Path below base_dir, mode, whether default_internal_user owns it, and its type (auth/auth-settings.c)."""


_PROGRAMS: Mapping[str, str] = {
    "imap": "imap", "imaps": "imap", "pop3": "pop3", "pop3s": "pop3", "lmtp": "lmtp", "submission": "submission",
    "sieve": "managesieve",
}  # fmt: skip


def _octal(text: str, otherwise: int) -> int:
    """A mode: with a 0 before it in octal, else a decimal number, as Dovecot takes it."""
    if not re.fullmatch(r"[0-9]{1,6}", text):
        return otherwise
    if text[0] == "0":
        return int(text, 8) if re.fullmatch(r"[0-7]+", text) else otherwise
    return int(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ARGUMENT = re.compile(r"[ \t]*(scheme|username_format|cache_key|blocking)=(\S*)[ \t]*")


def _arguments(args: str) -> tuple[str, str, str]:
    """Scheme, username_format and what is left of `args`, options in any order before the path
    (passdb-passwd-file.c)."""
    scheme, form, at = "", "", 0
    while m := _ARGUMENT.match(args, at):
        scheme = m[2] if m[1] == "scheme" else scheme
        form = m[2] if m[1] == "username_format" else form
        at = m.end()
    return scheme, form, args[at:].strip()

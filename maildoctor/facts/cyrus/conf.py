"""Configuration that libsasl reads for one application: `Sendmail.conf`, `smtpd.conf`, … as lib/config.c reads it.

A line is refused, and with it the whole file, unless it is empty, a `#` comment or `key:value`. What libsasl accepts
without a word (a misspelt key, a comment behind a value, commas between mechanisms) is what the properties tell.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts import of_file

_BLANKS = " \t\n\v\f\r"
_LONGEST = 4095
"""lib/config.c reads with fgets() into 4096 bytes; what is longer is read on as the next line."""

_ENOUGH = 100
"""Broken lines kept: the first one already stops libsasl."""

_ENTRY = re.compile(r"([A-Za-z0-9_-]*):[ \t\n\v\f\r]*")
_KEY = re.compile(r"[A-Za-z0-9_-]*")
_NUMBER = re.compile(r"[ \t\n\v\f\r]*([-+]?[0-9]{1,18})")

_READERS = {
    "libsasl": (
        "pwcheck_method auxprop_plugin mech_list client_mech_list log_level auto_transition canon_user_plugin"
        " plugin_list"
    ),
    "saslauthd": "saslauthd_path",
    "authdaemond": "authdaemond_path",
    "sasldb": "sasldb_path sasldb_mapsize sasldb_maxreaders",
    "sql": (
        "sql_engine sql_hostnames sql_user sql_passwd sql_database sql_select sql_insert sql_update sql_usessl"
        " sql_statement"
    ),
    "ldapdb": "ldapdb_uri ldapdb_id ldapdb_mech ldapdb_pw ldapdb_rc ldapdb_starttls ldapdb_canon_attr",
    "gssapiv2": "keytab ccache_store ad_compat service_principal",
    "kerberos4": "srvtab",
    "digestmd5": "reauth_timeout",
    "scram": "scram_iteration_counter scram_secret_generate",
    "otp": "otp_mda opiekeys",
    "srp": "srp_mda",
    "ntlm": "ntlm_server ntlm_v2",
}

OPTIONS: Mapping[str, str] = {option: reader for reader, options in _READERS.items() for option in options.split()}
"""Every option libsasl 1.5 to 2.1.28 asks for, and who asks: `libsasl`, a verifier, or a plug-in by its file's name.

Source: the getopt() calls in lib/, plugins/ and sasldb/. The manual's `authdaemon_path` is asked for by nobody."""

PWCHECK_METHODS = frozenset({"auxprop", "auxprop-hashed", "saslauthd", "pwcheck", "authdaemond", "alwaystrue"})
"""Verifiers in lib/checkpw.c of 2.1.x. `auxprop-hashed` is compiled out of 2.1.28; the last four depend on the build"""

PWCHECK_METHODS_OF_SASL_1 = frozenset({"sasldb", "passwd", "shadow", "pam", "sia", "kerberos_v4", "pwcheck"})
"""Verifiers of 1.5.x, lower-cased; libsasl 2 knows none of them but `pwcheck`."""

DEFAULT_PWCHECK = "auxprop"


@dataclass(frozen=True, slots=True)
class Setting:
    """A value as written, the number of its line, from 1, and the option as it is spelled there with the blanks before
    it, where that is not in lower case at the start of the line."""

    value: str
    line: int
    spelled: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """A line libsasl refuses; it stops reading at the first one (SASL_CONFIGERR, before 2.1.27 SASL_FAIL)."""

    number: int
    text: str
    problem: str


@dataclass(frozen=True, slots=True)
class UnknownOption:
    """An option nobody asks for, so that it has no effect and raises no complaint."""

    name: str
    line: int

    @property
    def suggestion(self) -> str | None:
        """The real option most like it; None where nothing is near."""
        return next(iter(difflib.get_close_matches(self.name[:64], OPTIONS, 1, 0.75)), None)


@dataclass(frozen=True, slots=True)
class SaslConf:
    """One application's configuration file.

    `options`: lower-cased key to the setting that counts, which is the *first* of several (sasl_config_getstring).
    `repeated`: the later ones, which are never looked at. `crlf`: some line ends in CR LF; harmless since 2.1.23,
    which cuts white space off the end, before that the CR belongs to the value. `overlong`: lines over 4095 bytes.
    `unended`: its last line has no end. `prefix`: what stands before each option there, as `sasl_` of imapd.conf.
    """

    path: str
    options: Mapping[str, Setting]
    broken: tuple[Broken, ...]
    repeated: tuple[tuple[str, Setting], ...]
    overlong: tuple[int, ...]
    crlf: bool
    unended: bool = False
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read any text; a first line `# path: /etc/sasl2/Sendmail.conf` names the file and is not counted."""
        path, body = of_file(text, "Sendmail.conf")
        options: dict[str, Setting] = {}
        broken: list[Broken] = []
        repeated: list[tuple[str, Setting]] = []
        for number, line, indent in _lines(body):
            entry = _ENTRY.match(line)
            value = line[entry.end() :] if entry else ""
            if entry is None or not value:
                if len(broken) < _ENOUGH:
                    broken.append(Broken(number, line[:200], _problem(line)))
                continue
            key, spelled = entry[1].lower(), indent + entry[1]
            setting = Setting(value, number, "" if spelled == key else spelled)
            if key in options:
                repeated.append((key, setting))
            else:
                options[key] = setting
        return cls(
            path=path,
            options=options,
            broken=tuple(broken),
            repeated=tuple(repeated),
            overlong=tuple(n for n, line in enumerate(body.split("\n"), 1) if len(line) > _LONGEST),
            crlf="\r\n" in body,
            unended=bool(body) and not body.endswith("\n"),
        )

    def value(self, name: str) -> str | None:
        """What libsasl gets when it asks for the option `name` (lower case); None: not set."""
        setting = self.options.get(name)
        return setting.value if setting else None

    @property
    def unknown_options(self) -> tuple[UnknownOption, ...]:
        """Options that nobody reads."""
        return tuple(UnknownOption(name, s.line) for name, s in self.options.items() if name not in OPTIONS)

    @property
    def mechs(self) -> tuple[str, ...] | None:
        """`mech_list`, cut at white space only (lib/server.c). None: not set, every loaded mechanism is offered.

        Names are compared without regard to case. A comma is part of the name, which then equals no mechanism and is
        passed over in silence; where that leaves none, AUTH is not offered.
        """
        return self._words("mech_list")

    @property
    def client_mechs(self) -> tuple[str, ...] | None:
        """`client_mech_list`, likewise for the client side (2.1.23 and later)."""
        return self._words("client_mech_list")

    @property
    def commas_in_mech_list(self) -> bool:
        """Whether some word of `mech_list` holds a comma, see `mechs`."""
        return "," in (self.value("mech_list") or "")

    @property
    def pwcheck_methods(self) -> tuple[str, ...]:
        """`pwcheck_method`, cut at white space; default auxprop. Tried in order until one says yes; case is ignored.

        They serve plain-text mechanisms (PLAIN, LOGIN) only.
        """
        return self._words("pwcheck_method") or (DEFAULT_PWCHECK,)

    def verifies_by(self, method: str) -> bool:
        """Whether `pwcheck_method` names this verifier, without regard to case."""
        return method in (m.lower() for m in self.pwcheck_methods)

    @property
    def unknown_pwcheck(self) -> tuple[str, ...]:
        """Verifiers that libsasl 2 has not; see `PWCHECK_METHODS_OF_SASL_1` for those that version 1 had."""
        return tuple(m for m in self.pwcheck_methods if m.lower() not in PWCHECK_METHODS)

    @property
    def auxprop_plugins(self) -> tuple[str, ...] | None:
        """`auxprop_plugin`, cut at white space, asked in order (lib/auxprop.c). None: all that are loaded."""
        return self._words("auxprop_plugin")

    @property
    def sasldb_path(self) -> str | None:
        """None: the path compiled in, see `default_sasldb`."""
        return self.value("sasldb_path")

    @property
    def saslauthd_path(self) -> str | None:
        """The socket, `/mux` included. None: `mux` in the directory compiled in."""
        return self.value("saslauthd_path")

    @property
    def log_level(self) -> int:
        """`log_level` as atoi() reads it; default 1, errors (SASL_LOG_ERR). 0 none … 7 traces with passwords."""
        text = self.value("log_level")
        if text is None:
            return 1
        number = _NUMBER.match(text)
        return int(number[1]) if number else 0

    @property
    def commented_values(self) -> tuple[tuple[str, Setting], ...]:
        """Options whose value holds ` #`: libsasl has no comments behind values, the words are part of it."""
        return tuple((name, s) for name, s in self.options.items() if " #" in s.value or "\t#" in s.value)

    def options_for(self, reader: str) -> Mapping[str, Setting]:
        """The options set that `reader` asks for: `libsasl`, `saslauthd`, `sasldb`, `sql`, … as in `OPTIONS`."""
        return {name: s for name, s in self.options.items() if OPTIONS.get(name) == reader}

    def _words(self, name: str) -> tuple[str, ...] | None:
        value = self.value(name)
        return None if value is None else tuple(w for w in re.split(f"[{_BLANKS}]+", value) if w)


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """What lib/config.c takes for lines with something in them, and where: white space cut at both ends; and the one
    before it."""
    for number, physical in enumerate(text.split("\n"), 1):
        for start in range(0, len(physical) or 1, _LONGEST):
            whole = physical[start : start + _LONGEST].split("\0", 1)[0]
            line = whole.strip(_BLANKS)
            if line and line[0] != "#":
                yield number, line, whole[: len(whole) - len(whole.lstrip(_BLANKS))]


def _problem(line: str) -> str:
    key = _KEY.match(line)
    rest = line[key.end() :] if key else line
    after = rest.lstrip(_BLANKS)
    if rest.startswith(":"):
        return "there is no value behind the colon"
    if after.startswith("="):
        return "`=` where a colon must be"
    if after.startswith(":"):
        return "white space before the colon"
    if ":" in rest and not rest[0].isspace():
        return f"{rest[0]!r} cannot be part of an option's name"
    return "no colon behind the option's name"


_DEBIAN = frozenset({"debian", "ubuntu", "raspbian", "linuxmint", "devuan", "kali", "pop"})
_REDHAT = frozenset({"fedora", "rhel", "centos", "rocky", "almalinux", "ol", "amzn", "scientific"})
_LIB64 = ("x86_64", "aarch64", "ppc64", "s390x")


def config_search(distribution: str, triplet: str, version: int) -> tuple[str, ...]:
    """Directories searched for NAME.conf, in order; the first usable file wins.

    `distribution`: ID of os-release, e.g. `debian`. `triplet`: e.g. `x86_64-linux-gnu`. `version`: 1 or 2 of libsasl.
    Sources: debian/rules and a running Debian 12; Fedora's spec file; configure.ac (2.1.x) and configure.in (1.5.x) of
    Cyrus SASL for the rest; FreeBSD from its port's conventions, not verified. Better: a path read out of the library.
    """
    plugins = plugin_search(distribution, triplet, version)
    if version == 1:
        return plugins
    if distribution in _DEBIAN:
        return ("/etc/sasl2", "/etc/sasl", *plugins, "/usr/lib/sasl2")
    if distribution == "freebsd":
        return (*plugins, "/usr/local/etc/sasl2")
    return (*plugins, "/etc/sasl2")


def plugin_search(distribution: str, triplet: str, version: int) -> tuple[str, ...]:
    """Directories plug-ins are loaded from where SASL_PATH is not set; arguments and sources as `config_search`."""
    prefix = "/usr/local" if distribution == "freebsd" else "/usr"
    name = "sasl" if version == 1 else "sasl2"
    if distribution in _DEBIAN and version != 1 and triplet:
        return (f"/usr/lib/{triplet}/{name}",)
    if distribution in _REDHAT and triplet.startswith(_LIB64):
        return (f"/usr/lib64/{name}",)
    return (f"{prefix}/lib/{name}",)


def default_sasldb(distribution: str, version: int) -> str:
    """The password file where `sasldb_path` is not set; arguments and sources as `config_search`."""
    directory = "/usr/local/etc" if distribution == "freebsd" else "/etc"
    return f"{directory}/sasldb" if version == 1 else f"{directory}/sasldb2"

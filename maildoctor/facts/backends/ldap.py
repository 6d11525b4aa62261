"""LDAP behind saslauthd: its file as lak.c reads it, and what the directory said to the same questions."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look
from maildoctor.model import Evidence

KEYS = frozenset({
    "ldap_servers", "ldap_bind_dn", "ldap_bind_pw", "ldap_password", "ldap_version", "ldap_search_base", "ldap_filter",
    "ldap_password_attr", "ldap_group_dn", "ldap_group_attr", "ldap_group_filter", "ldap_group_search_base",
    "ldap_group_scope", "ldap_group_match_method", "ldap_default_realm", "ldap_default_domain", "ldap_auth_method",
    "ldap_timeout", "ldap_size_limit", "ldap_time_limit", "ldap_deref", "ldap_referrals", "ldap_restart", "ldap_scope",
    "ldap_use_sasl", "ldap_id", "ldap_sasl_authc_id", "ldap_authz_id", "ldap_sasl_authz_id", "ldap_realm",
    "ldap_sasl_realm", "ldap_mech", "ldap_sasl_mech", "ldap_sasl_secprops", "ldap_start_tls", "ldap_tls_check_peer",
    "ldap_tls_cacert_file", "ldap_tls_cacert_dir", "ldap_tls_ciphers", "ldap_tls_cert", "ldap_tls_key", "ldap_debug",
})  # fmt: skip
"""What lak_config_read() knows (saslauthd/lak.c)."""

_CHOICES = {
    "ldap_auth_method": ("bind", "custom", "fastbind"),
    "ldap_scope": ("sub", "one", "base"),
    "ldap_group_scope": ("sub", "one", "base"),
    "ldap_group_match_method": ("attr", "filter"),
    "ldap_deref": ("search", "find", "always", "never"),
}
_SWITCHES = frozenset(("ldap_referrals", "ldap_restart", "ldap_use_sasl", "ldap_start_tls", "ldap_tls_check_peer"))
_ENTRY = re.compile(r"([A-Za-z0-9_-]*)(:?)[ \t\r\f\v]*(.*)")
_ASKED = re.compile(r">> (?:ask|user (\S{1,200})) (\S+)")
_RESULT = re.compile(r"(\d{1,4}) (\w+)(.*)")
_PORTS = {"ldap": 389, "ldaps": 636}


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the file."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Server:
    """One of ldap_servers."""

    uri: str
    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, uri: str) -> Self:
        """From a URI of LDAP; the host is empty where there is none."""
        m = re.match(r"(?i)(ldaps?|ldapi)://(\[[^\]]*\]|[^:/?]*)(?::([0-9]{1,5}))?", uri)
        if m is None:
            return cls(uri, "", "", 0)
        scheme = m[1].lower()
        return cls(uri, scheme, m[2].strip("[]").lower() or "localhost", int(m[3] or _PORTS.get(scheme, 0)))

    @property
    def is_own(self) -> bool:
        """Whether it is on the loopback of this host."""
        return self.host in ("localhost", "::1") or bool(re.fullmatch(r"127(\.[0-9]{1,3}){3}", self.host))


@dataclass(frozen=True, slots=True)
class Asked:
    """What one server said. Each is empty where it did not come to that; `refused`: why there was no connection."""

    uri: str
    refused: str
    tls: str
    bind: str
    base: str
    search: str
    trouble: str
    dn: str = ""
    """of the one entry that was found, where its state was asked for"""
    state: tuple[tuple[str, str], ...] = ()
    """what the directory shows of the state of the account: attribute and value"""
    has_policy: bool = False
    """whether the directory has password policies"""

    @property
    def lock(self) -> tuple[str, str, str]:
        """Attribute, value, and what it means, of what stops the owner of the entry; empty where nothing is seen."""
        for name, value in self.state:
            words = _means(name, value)
            if words:
                return name, value, words
        return "", "", ""

    def code(self, word: str) -> int | None:
        """The result code of `bind`, `base` or `search`."""
        m = _RESULT.match(getattr(self, word))
        return int(m[1]) if m else None

    @property
    def entries(self) -> int | None:
        """How many entries the search gave, at most one."""
        m = re.search(r"entries=([0-9]{1,9})", self.search)
        return int(m[1]) if m else None


@dataclass(frozen=True, slots=True)
class LdapStore:
    """saslauthd's file for LDAP.

    Text: `# path: /etc/saslauthd.conf` and its lines; then `>> ask URI` and what that server said, a line each
    (`connect: …`, `bind: 0 success`); `>> verifies: PATH`, a file of authorities by which a server's certificate is
    accepted that the settings refuse; `>> user NAME URI` and what was said to the filter for that name; `>> unasked URI
    because WHY`; `>> missing: PATH` for a file that it names; `>> base: DN` of ldap.conf; `>> filter: TEXT` as it was
    asked; `ls -ld` lines; `>> absent` where the file is not there.
    """

    path: str
    missing: bool
    settings: Mapping[str, Setting]
    broken: tuple[tuple[int, str, str], ...]
    """line, text and what is wrong with it: the first ends the reading, and no login is asked"""
    ignored: tuple[tuple[int, str, str], ...]
    """lines that are passed over by 2.1.28, and end the reading of later releases"""
    asked: tuple[Asked, ...]
    users: tuple[tuple[str, Asked], ...]
    """names that were looked up, and what was said"""
    not_asked: Mapping[str, str]
    absent: frozenset[str]
    base_of_ldap_conf: str
    filter_asked: str
    files: Mapping[str, Look]
    verifies: str = ""
    """a file by which the certificate of the directory is accepted, where that of the settings does not do"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        body, _, rest = text.partition("\n>> ")
        rest = f">> {rest}" if rest else ""
        first, _, lines = body.partition("\n")
        path = first.removeprefix("# path: ").strip() if first.startswith("# path: ") else "/etc/saslauthd.conf"
        lines = lines if first.startswith("# path: ") else body
        settings: dict[str, Setting] = {}
        broken: list[tuple[int, str, str]] = []
        ignored: list[tuple[int, str, str]] = []
        missing = bool(re.search(r"(?m)^>> absent$", rest))
        for number, line in enumerate(lines.split("\n"), 1):
            stripped = line.lstrip(" \t\r\f\v")
            if not stripped or stripped.startswith("#"):
                continue
            m = _ENTRY.match(stripped)
            if m is None or not m[2] or not m[3]:
                what = "there is no value" if m and m[2] else "no colon follows the name at once"
                broken.append((number, stripped[:200], what))
                continue
            key, value = m[1].lower(), m[3]
            if key not in KEYS:
                ignored.append((number, stripped[:200], f"{key or 'it'} is no setting"))
            elif key in _CHOICES and value.lower() not in _CHOICES[key]:
                ignored.append((number, stripped[:200], f"{key} is one of {', '.join(_CHOICES[key])}"))
            else:
                settings[key] = Setting(value, number)
        marks = re.findall(r"(?m)^>> (missing|base|filter|unasked|verifies): ?(.*)$", rest)
        not_asked = dict(m.partition(" because ")[::2] for kind, m in marks if kind == "unasked")
        return cls(
            path,
            missing,
            settings,
            tuple(broken[:5]),
            tuple(ignored[:5]),
            tuple(a for name, a in _asked(rest) if not name),
            tuple((name, a) for name, a in _asked(rest) if name),
            not_asked,
            frozenset(m.strip() for kind, m in marks if kind == "missing"),
            next((m.strip() for kind, m in marks if kind == "base"), ""),
            next((m for kind, m in marks if kind == "filter"), ""),
            {x.path: x for x in map(Look.parse, rest.splitlines()) if x},
            next((m.strip() for kind, m in marks if kind == "verifies"), ""),
        )

    def value(self, name: str, otherwise: str = "") -> str:
        """What a setting is."""
        found = self.settings.get(name)
        return found.value if found else otherwise

    def on(self, name: str) -> bool:
        """Whether a switch is on (lak_config_switch())."""
        word = self.value(name)
        return word[:1] in ("1", "y", "t") or word[:2] == "on"

    @property
    def version(self) -> int:
        """The version of LDAP that is spoken: 3 where TLS or SASL is wanted whatever is written, else a number that is
        no version leaves 2 (lak_config_read(), lak_connect())."""
        if self.on("ldap_start_tls") or self.on("ldap_use_sasl"):
            return 3
        word = re.match(r"-?[0-9]{1,9}", self.value("ldap_version", "3"))
        return 3 if word and int(word[0]) == 3 else 2

    @property
    def misread(self) -> tuple[tuple[str, str], ...]:
        """Switches whose word lak_config_switch() takes for no, as it looks at lower-case letters alone, though yes was
        meant: name and word."""
        found = ((name, self.value(name)) for name in sorted(_SWITCHES) if name in self.settings)
        meant = ("yes", "true", "on", "1", "enable", "enabled", "y", "t")
        return tuple((n, w) for n, w in found if not self.on(n) and w.strip().lower() in meant)

    @property
    def never_waits(self) -> bool:
        """ldap_timeout of nothing, or of a word that is no number: libldap refuses a search that may take no time
        (libldap/search.c, LDAP_PARAM_ERROR)."""
        word = self.settings.get("ldap_timeout")
        number = re.match(r"-?[0-9]{1,9}", word.value) if word else None
        return word is not None and (number is None or int(number[0]) <= 0)

    def evidence(self, name: str) -> Evidence:
        """The line that sets it, or that none does."""
        found = self.settings.get(name)
        where = f"{self.path}:{found.line}" if found else self.path
        return Evidence(where, f"{name}: {found.value}" if found else f"{name} is not set")

    @property
    def servers(self) -> tuple[Server, ...]:
        """ldap_servers; several are tried in order."""
        return tuple(map(Server.parse, self.value("ldap_servers", "ldap://localhost/").split()[:10]))

    @property
    def filter(self) -> str:
        """ldap_filter."""
        return self.value("ldap_filter", "uid=%u")

    @property
    def method(self) -> str:
        """bind, custom or fastbind."""
        word = self.value("ldap_auth_method", "bind").lower()
        return "fastbind" if self.on("ldap_use_sasl") and word == "bind" else word

    def question(
        self, server: Server, filter_: str, most: str = "", state: bool = False, address: str = "", ca: str = ""
    ) -> str:
        """The words of the door's verb `directory`; `ca`: another file than ldap_tls_cacert_file."""
        words = {
            "uri": server.uri,
            "conf": self.path,
            "bind": self.value("ldap_bind_dn"),
            "base": self.value("ldap_search_base", self.base_of_ldap_conf),
            "scope": self.value("ldap_scope", "sub").lower(),
            "filter": filter_,
            "most": most,
            "attribute": self.value("ldap_password_attr", "userPassword") if self.method == "custom" else "",
            "tls": "start" if self.on("ldap_start_tls") else "",
            "ca": ca or self.value("ldap_tls_cacert_file"),
            "state": "yes" if state else "",
            "address": address,
        }
        return " ".join(shlex.quote(f"{name}={value}") for name, value in words.items() if value)

    @property
    def proof(self) -> Evidence | None:
        """That a directory let saslauthd's name in, and has an entry that the filter can find."""
        for one in self.asked:
            if one.code("bind") == 0 and one.code("search") in (0, 4) and one.entries:
                name = self.value("ldap_bind_dn") or "anonymous"
                return Evidence(one.uri, f"bind as {name}: success; {self.filter_asked}: an entry is found")
        return None


def _asked(text: str) -> list[tuple[str, Asked]]:
    found: list[tuple[str, str, dict[str, str], list[str]]] = []
    for line in text.splitlines():
        if m := _ASKED.fullmatch(line.strip()):
            found.append((m[1] or "", m[2], {}, []))
        elif line.startswith(">> "):
            found.append(("", "", {}, []))
        elif found and ": " in line:
            word, _, value = line.partition(": ")
            found[-1][2].setdefault(word.strip(), value.strip())
            found[-1][3].extend([value.strip()] if word.strip() == "state" else [])
    return [
        (
            name,
            Asked(
                uri,
                "" if said.get("connect", "ok").endswith("ok") else said["connect"],
                said.get("tls", ""),
                said.get("bind", ""),
                said.get("base", ""),
                said.get("search", ""),
                said.get("broken", said.get("silent", "")),
                said.get("dn", ""),
                tuple((n, v) for v, _, n in (x.partition(" of ") for x in states)),
                "policy" in said,
            ),
        )
        for name, uri, said, states in found
        if uri
    ]


def _means(name: str, value: str) -> str:
    """What an attribute says against its owner; empty where nothing."""
    low = value.lower()
    number = int(value) if re.fullmatch(r"[0-9]{1,20}", value) else 0
    if name == "pwdAccountLockedTime":
        return "locked by an administrator" if value.startswith("0000") else f"locked since {value}"
    if name in ("nsAccountLock", "loginDisabled"):
        return "disabled" if low == "true" else ""
    if name == "accountUnlockTime":
        return "locked until it is unlocked by hand" if value.startswith("1970") else f"locked until {value}"
    if name == "userAccountControl":
        return "disabled" if number & _DISABLED else ""
    if name == "lockoutTime":
        return "locked after too many failed logins" if number else ""
    return "locked until its password is changed" if name == "pwdLastSet" and value == "0" else ""


_DISABLED = 2
"""ADS_UF_ACCOUNTDISABLE."""


def widest(filter_: str) -> str:
    """The filter as it would be if any name fitted: it finds something where anybody's would."""
    return re.sub(r"%[uUdrRsD1-9]", "*", filter_).replace("%%", "%")


def expanded(filter_: str, user: str, realm: str, service: str) -> str:
    """lak_expand_tokens(): `user` as saslauthd got it, perhaps with `@`; tokens without a value drop out."""
    name, _, domain = user.partition("@")
    labels = list(reversed((domain or realm).split("."))) if domain or realm else []
    values = {"u": user, "U": name, "d": domain, "r": realm, "R": f"@{realm}" if realm else "", "s": service, "%": "%"}

    def replaced(m: re.Match[str]) -> str:
        letter = m[1]
        if letter.isdigit():
            at = int(letter) - 1
            return _escaped(labels[at]) if 0 <= at < len(labels) else ""
        return _escaped(values.get(letter, ""))

    return re.sub(r"%(.)", replaced, filter_)


def _escaped(text: str) -> str:
    return re.sub(r"[*()\\]", lambda m: f"\\{ord(m[0]):02x}", text)

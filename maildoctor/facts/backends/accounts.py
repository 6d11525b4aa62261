"""The system's own accounts: who could log in by a password of shadow(5), and by which hash."""

import re
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args

from maildoctor.facts.paths import Look
from maildoctor.model import Evidence

State = Literal["usable", "locked", "no-hash", "empty", "none", "expired", "password-expired", "must-change"]
"""Of one account. `locked`: its hash is put out of use; `no-hash`: what stands there is none, as a password in clear;
`none`: it has no line in shadow; `expired`: the
account is; `must-change`: its password counts as never set."""

Crypt = Literal["libxcrypt", "glibc", "musl", ""]
"""Whose crypt(3) is installed; empty where that cannot be told."""

_ROW = re.compile(
    r"(?P<name>\S{1,64}) uid=(?P<uid>[0-9]{1,10}) gid=(?P<gid>[0-9]{1,10}) shell=(?P<shell>\S{0,200})"
    r"(?: groups=(?P<groups>\S*))? (?P<state>[a-z-]{1,20})"
    r"(?: (?P<scheme>[\w.$-]{1,30}))?(?: (?P<until>\d{4}-\d\d-\d\d))?"
)

_OLD = frozenset({"des", "md5", "sha256", "sha512"})
_SCHEMES: dict[Crypt, frozenset[str]] = {
    "glibc": _OLD,  # crypt/crypt-entry.c
    "musl": _OLD | {"bcrypt"},  # src/crypt/crypt_r.c
    "libxcrypt": _OLD | {
        "bsdi", "bcrypt", "yescrypt", "gost-yescrypt", "scrypt", "sha1", "sunmd5", "nt", "sm3", "sm3-yescrypt",
    },
}  # fmt: skip
"""What each crypt(3) can compute: crypt(5) of libxcrypt, the sources of the others."""


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """One user of /etc/passwd who could log in; `scheme`: of the hash; `until`: since when it is expired."""

    name: str
    uid: int
    gid: int
    shell: str
    groups: tuple[str, ...]
    state: State
    scheme: str = ""
    until: str = ""

    @property
    def words(self) -> str:
        """What is wrong with it, for people; empty where nothing is."""
        return {
            "usable": "",
            "locked": "its password is locked",
            "no-hash": "what stands as its password in /etc/shadow is no hash, so that nothing matches it",
            "empty": "it has no password",
            "none": "it has no line in /etc/shadow",
            "expired": f"the account expired on {self.until}" if self.until else "the account is expired",
            "password-expired": f"its password expired on {self.until}" if self.until else "its password is expired",
            "must-change": "its password must be changed at the next login",
        }[self.state]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Text: `NAME uid=N gid=N shell=PATH [groups=A,B] STATE [SCHEME] [DATE]` for each user who could log in; `passwd:
    shadowed` where passwords stand in shadow; `crypt: libxcrypt`; `shadow: PATH` with its `ls -ld` line; `elsewhere:
    sss ldap` for sources of users beside the files; `more: N` for those left out."""

    all: tuple[SystemAccount, ...]
    shadowed: bool
    crypt: Crypt
    shadow: Look | None
    elsewhere: tuple[str, ...]
    more: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        rows = [m for m in map(_ROW.fullmatch, text.splitlines()) if m]
        words = {m[1]: m[2].strip() for m in re.finditer(r"(?m)^(\w{1,20}):[ \t]?(.*)$", text)}
        crypt = words.get("crypt", "")
        more = words.get("more", "")
        return cls(
            tuple(
                SystemAccount(
                    m["name"],
                    int(m["uid"]),
                    int(m["gid"]),
                    m["shell"],
                    tuple(filter(None, (m["groups"] or "").split(","))),
                    cast(State, m["state"]),
                    m["scheme"] or "",
                    m["until"] or "",
                )
                for m in rows
                if m["state"] in get_args(State)
            ),
            words.get("passwd") == "shadowed",
            cast(Crypt, crypt) if crypt in get_args(Crypt) else "",
            next((x for x in map(Look.parse, text.splitlines()) if x), None),
            tuple(words.get("elsewhere", "").split()),
            int(more) if re.fullmatch(r"[0-9]{1,9}", more) else 0,
        )

    def computes(self, account: SystemAccount) -> bool:
        """Whether the installed crypt(3) knows the scheme of this hash; so it is taken where that is not known."""
        return not self.crypt or account.scheme not in _ALL or account.scheme in _SCHEMES[self.crypt]

    @property
    def usable(self) -> tuple[SystemAccount, ...]:
        """Those who can log in by their password."""
        return tuple(a for a in self.all if a.state == "usable" and self.computes(a))

    def named(self, name: str) -> SystemAccount | None:
        """The account of this name."""
        return next((a for a in self.all if a.name == name), None)

    @property
    def proof(self) -> Evidence | None:
        """That at least one account has a password that crypt(3) can check."""
        if not self.usable:
            return None
        names = ", ".join(a.name for a in self.usable[:5]) + (", …" if len(self.usable) > 5 else "")
        number = len(self.usable)
        return Evidence("/etc/shadow", f"{number} account{'s' * (number != 1)} with a usable password: {names}")


_ALL = frozenset[str]().union(*_SCHEMES.values())

"""Under which names Dovecot's LDAP settings look for a user, and which entries the directory has. Sources:
auth/db-ldap.c, passdb-ldap.c (auth_bind_userdn, pass_filter), auth/auth-request-var-expand.c."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self

Part = Literal["user", "name", "domain"]

_SETTING = re.compile(
    r"(?m)^[ \t]*(?:passdb_ldap_)?(auth_bind_userdn|bind_userdn|pass_filter|filter)[ \t]*=[ \t]*(\S.*)$"
)
_KEYS = {"bind_userdn": "auth_bind_userdn", "filter": "pass_filter"}
_VARIABLE = re.compile(r"%(?:\{([\w| ]{1,30})\}|(L?)([und]))")
_PARTS: Mapping[str, Part] = {
    "u": "user", "user": "user", "n": "name", "username": "name", "user|username": "name", "d": "domain",
    "domain": "domain", "user|domain": "domain",
}  # fmt: skip
_COMPARED = re.compile(r"\(([A-Za-z][\w-]{0,60})=([^()*]{1,200})\)")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry. `values`: attribute in lower case and value; `whole`: whether all its attributes are shown."""

    dn: str
    values: tuple[tuple[str, str], ...]

    @property
    def whole(self) -> bool:
        """A search that names attributes shows objectClass only if it names that too."""
        return any(name == "objectclass" for name, _ in self.values)

    def has(self, name: str, value: str) -> bool:
        """Whether it has this value; directories compare names of people without regard to case."""
        return (name.lower(), value.lower()) in {(n, v.lower()) for n, v in self.values}


@dataclass(frozen=True, slots=True)
class DirectoryNames:
    """Text: `>> settings: PATH` and the file of settings; then `>> entries`, blocks of LDIF with an empty line between
    them, and `tried: NAME` for each name that Dovecot refused after it had asked LDAP."""

    path: str
    settings: Mapping[str, str]
    entries: tuple[Entry, ...]
    tried: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        head, _, rest = text.partition(">> entries\n")
        m = re.search(r"(?m)^>> settings: (/\S*)$", head)
        settings = {_KEYS.get(name, name): value.strip() for name, value in _SETTING.findall(head)}
        entries = tuple(_entries(rest))
        return cls(m[1] if m else "", settings, entries, tuple(re.findall(r"(?m)^tried: (\S{1,255})$", rest)))

    def at(self, dn: str) -> Entry | None:
        """The entry of this name, as directories compare them."""
        return next((e for e in self.entries if _plain(e.dn) == _plain(dn)), None)

    @property
    def compared(self) -> tuple[tuple[str, str], ...]:
        """Attribute and template of each comparison of the filter that has a variable."""
        found = _COMPARED.findall(self.settings.get("pass_filter", "")[:2000])
        return tuple((name, template) for name, template in found if _VARIABLE.search(template))


def expanded(template: str, user: str, other: bool = False) -> str:
    """With the variables put in; `other`: the whole name where the name without domain is meant, and the reverse."""
    name, _, domain = user.partition("@")
    values: dict[Part, str] = {"user": name if other else user, "name": user if other else name, "domain": domain}

    def put(m: re.Match[str]) -> str:
        part = _PARTS.get((m[1] or m[3]).replace(" ", ""))
        return m[0] if part is None else values[part].lower() if m[2] else values[part]

    return _VARIABLE.sub(put, template)


def _plain(dn: str) -> str:
    return re.sub(r"\s*([,=])\s*", r"\1", dn.strip()).lower()


def _entries(text: str) -> Iterator[Entry]:
    for block in re.split(r"\n[ \t]*\n|(?=^dn:)", text, flags=re.MULTILINE):
        rows = [
            m for m in (re.fullmatch(r"([A-Za-z][\w;-]{0,60}): ?(\S.{0,400})", row) for row in block.split("\n")) if m
        ]
        if rows and rows[0][1].lower() == "dn":
            yield Entry(rows[0][2].strip(), tuple((m[1].lower(), m[2].strip()) for m in rows[1:]))

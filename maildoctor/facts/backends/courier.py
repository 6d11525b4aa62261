"""Which modules Courier's authdaemond asks, and which of them somebody has set up. Sources: courier-authlib,
authdaemond.c (authmodulelist), authmysqlrc, authpgsqlrc and authldaprc as they are shipped."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.model import Evidence

OF_MODULE: Mapping[str, tuple[str, str, str]] = {
    "authmysql": ("authmysqlrc", "MYSQL_SERVER", r"mysql\.example\.com"),
    "authpgsql": ("authpgsqlrc", "PGSQL_HOST", r"pgsql\.example\.com"),
    "authldap": ("authldaprc", "LDAP_BASEDN", r"(?i)o ?= ?example, ?c ?= ?com|dc=example,dc=com"),
    "authsqlite": ("authsqliterc", "SQLITE_DATABASE", r"/path/to/.*"),
}
"""File, the setting that whoever uses the module has to change, and how it is shipped."""


@dataclass(frozen=True, slots=True)
class CourierAuth:
    """Text: `>> PATH` and the lines of authdaemonrc and of the files of modules; of these only names, servers and
    bases are wanted."""

    path: str
    listed: tuple[str, ...]
    evidence: Evidence
    set_up: Mapping[str, Evidence]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        files = dict(re.findall(r"(?ms)^>> (/\S+)\n(.*?)(?=^>> |\Z)", text))
        path = next((p for p in files if p.endswith("/authdaemonrc")), "")
        rows = re.findall(r"(?m)^[ \t]*authmodulelist[ \t]*=[ \t]*(.*?)[ \t]*$", files.get(path, ""))
        last = rows[-1] if rows else ""
        set_up = dict(_set_up(files))
        return cls(path, tuple(last.strip("\"'").split()), Evidence(path, f"authmodulelist={last}"), set_up)


def _set_up(files: Mapping[str, str]) -> Iterator[tuple[str, Evidence]]:
    for module, (file, name, shipped) in OF_MODULE.items():
        for path, body in files.items():
            m = re.search(rf"(?m)^{name}[ \t]+(\S.*?)[ \t]*$", body) if path.endswith(f"/{file}") else None
            if m and not re.fullmatch(shipped, m[1]):
                yield module, Evidence(path, m[0].strip())

"""What Dovecot's auth service needs beside its configuration: modules for databases and mechanisms, and the files and
servers of SQL and LDAP. Sources: auth/db-sql.c, db-ldap.c, lib-sql/driver-*.c, passdb.c."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from maildoctor.facts.paths import Look, Paths, Trail
from maildoctor.model import Evidence

_MODULE_OF: Mapping[str, str] = {
    "ldap": "libauthdb_ldap.so",
    "lua": "libauthdb_lua.so",
    "imap": "libauthdb_imap.so",
    "mysql": "libdriver_mysql.so",
    "pgsql": "libdriver_pgsql.so",
    "sqlite": "libdriver_sqlite.so",
    "cassandra": "libdriver_cassandra.so",
    "gssapi": "libmech_gssapi.so",
    "gss-spnego": "libmech_gssapi.so",
}
"""Which file brings a driver or a mechanism, where it is no part of the auth service itself."""

_SOCKETS: Mapping[str, tuple[str, ...]] = {
    "mysql": ("/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock"),
    "pgsql": ("/run/postgresql/.s.PGSQL.{port}", "/var/run/postgresql/.s.PGSQL.{port}"),
}
"""Where the libraries of MySQL and PostgreSQL look for a server on this host, by how distributions build them."""
_PORTS = {"mysql": "3306", "pgsql": "5432", "ldap": "389", "ldaps": "636"}


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """One server that is asked. `sockets`: paths, one of which must be there; or `host` and `port` by TCP."""

    kind: str
    host: str
    port: int
    sockets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """For people: a path or `host:port`."""
        return self.sockets[0] if self.sockets else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether it is on this host."""
        return bool(self.sockets) or self.host in ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file of 2.3 that says how SQL or LDAP is asked; passwords in it are struck out. `reason`: why it could not be
    read."""

    path: str
    trail: Trail
    settings: Mapping[str, str]
    reason: str = ""

    @property
    def file(self) -> Look | None:
        """The file itself."""
        return self.trail.file

    @property
    def missing(self) -> bool:
        """Whether it was looked for and is not there."""
        return self.file is None and not self.reason

    @property
    def evidence(self) -> Evidence:
        """How it lies there."""
        return self.file.evidence if self.file else Evidence(f"ls -ld {self.path}", self.reason or "missing")


_BLOCK = re.compile(r"(?m)^>> settings: (/\S.*)$\n?")
_LINE = re.compile(r"(?m)^[ \t]*([a-z_]{1,60})[ \t]*=[ \t]*(.*?)[ \t]*$")


@dataclass(frozen=True, slots=True)
class DovecotDatabases:
    """Text: `modules: FOLDER` and `module: NAME` for each file in it, `socket: PATH there` or `missing`, `port: ADDRESS
    N` for each listening port of this host and `ports: unknown` where they could not be seen; then for each file of
    settings a line `>> settings: PATH`, its `ls -ld` lines, `unseen: WHY`, and its text."""

    folder: str
    modules: frozenset[str]
    sockets: Mapping[str, bool]
    ports: frozenset[int] | None
    files: Mapping[str, SettingsFile]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        parts = _BLOCK.split(text)
        head = parts[0]
        folder = re.search(r"(?m)^modules: (/\S.*)$", head)
        return cls(
            folder[1] if folder else "",
            frozenset(re.findall(r"(?m)^module: (\S{1,200})$", head)),
            {m[1]: m[2] == "there" for m in re.finditer(r"(?m)^socket: (/\S{1,400}) (there|missing)$", head)},
            None
            if "ports: unknown" in head
            else frozenset(int(m[1]) for m in re.finditer(r"(?m)^port: \S{1,60} (\d{1,5})$", head)),
            {path: _file(path, body) for path, body in zip(parts[1::2], parts[2::2], strict=True)},
        )

    def lacks(self, driver: str) -> str:
        """The file that a driver or mechanism needs and that is not there; empty where it needs none, or nobody
        looked."""
        wanted = _MODULE_OF.get(driver.lower(), "")
        return wanted if self.folder and wanted and wanted not in self.modules else ""

    def is_down(self, server: DatabaseServer) -> bool | None:
        """Whether nothing listens where a server on this host is asked; None where that is not known."""
        if server.sockets:
            known = [self.sockets[path] for path in server.sockets if path in self.sockets]
            return None if len(known) < len(server.sockets) else not any(known)
        if not server.is_local or self.ports is None:
            return None
        return server.port not in self.ports


def _file(path: str, body: str) -> SettingsFile:
    files = "\n".join(row for row in body.split("\n") if Look.parse(row))
    trail = Paths.parse(f"{files}\n[configuration] {path}").trails[-1]
    reason = next((row.removeprefix("unseen: ") for row in body.split("\n") if row.startswith("unseen: ")), "")
    return SettingsFile(path, trail, dict(_LINE.findall(body)), reason)


_CONNECT = re.compile(r"\b(host|port|hostaddr)=('[^']*'|\S+)")


def servers(driver: str, settings: Mapping[str, str]) -> Iterator[DatabaseServer]:
    """The servers that a file of settings names: `driver` is `sql` or `ldap`."""
    if driver == "ldap":
        yield from ldap_servers(settings.get("uris", "") or settings.get("hosts", "") or "localhost")
        return
    kind = settings.get("driver", "")
    if kind not in ("mysql", "pgsql"):
        return
    words = [(m[1], m[2].strip("'")) for m in _CONNECT.finditer(settings.get("connect", ""))]
    port = next((value for name, value in words if name == "port"), "")
    hosts = [value for name, value in words if name in ("host", "hostaddr")]
    for host in hosts or [""]:
        yield sql_server(kind, host, port)


def sql_server(kind: str, host: str, port: str = "") -> DatabaseServer:
    """A server of MySQL or PostgreSQL as its library finds it: `localhost` is a socket for MySQL, no host one for
    both, a host with a slash the path of one, or of its folder."""
    number = port if re.fullmatch(r"\d{1,5}", port) else _PORTS[kind]
    if host.startswith("/"):
        path = host if kind == "mysql" else f"{host.rstrip('/')}/.s.PGSQL.{number}"
        return DatabaseServer(kind, "", 0, (path,))
    if not host or (kind == "mysql" and host == "localhost"):
        return DatabaseServer(kind, "", 0, tuple(p.format(port=number) for p in _SOCKETS[kind]))
    return DatabaseServer(kind, host, int(number))


def ldap_servers(words: str) -> Iterator[DatabaseServer]:
    """Servers out of `uris` or `hosts`."""
    for word in re.split(r"[ ,]+", words.strip()):
        m = re.fullmatch(r"(?:(ldaps?|ldapi)://)?(\[[0-9a-fA-F:.]+\]|[^:/\s]*)(?::(\d{1,5}))?/?.*", word)
        if not m or m[1] == "ldapi" or not word:
            continue
        yield DatabaseServer("ldap", m[2].strip("[]") or "localhost", int(m[3] or _PORTS[m[1] or "ldap"]))

"""smtpd.conf of OpenSMTPD, as far as it speaks of logins: parse.y, smtpd.conf(5)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from maildoctor.model import Evidence

DEFAULT = "/etc/smtpd.conf"

_SECTION = re.compile(r"(?m)^==> (/\S{1,4000}) <==$\n?")
_PIECE = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#|[{}(),]|[^\s\"'{}(),#]+")
_PORTS: Mapping[str, int] = {"smtp": 25, "smtps": 465, "submissions": 465, "submission": 587}
_OLD = ("accept", "reject")
"""Statements of releases before 6.4."""
_DEPTH = 8
_MACROS = 400


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement by its words, quotes taken off, and where it begins. `quoted`: words that stood in quotes."""

    words: tuple[str, ...]
    path: str
    line: int

    @property
    def evidence(self) -> Evidence:
        """The line."""
        return Evidence(f"{self.path}:{self.line}", " ".join(self.words)[:300])


@dataclass(frozen=True, slots=True)
class SmtpListener:
    """A `listen on`. `tls`: tls, tls-require, smtps, or empty; `auth`: auth, auth-optional, or empty; `table`: of
    credentials, empty: the system's accounts are asked."""

    address: str
    port: int
    tls: str
    auth: str
    table: str
    pki: str
    statement: Statement

    @property
    def offers_auth(self) -> bool:
        """Whether users can log in there (smtp_session.c, ADVERTISE_AUTH): in TLS only."""
        return bool(self.auth and self.tls)

    @property
    def is_loopback(self) -> bool:
        """Whether only this host reaches it."""
        return self.address.startswith("127.") or self.address in ("::1", "localhost", "lo", "lo0")


@dataclass(frozen=True, slots=True)
class Action:
    """An `action`: its name and what it does (`relay`, `maildir`, `mbox`, …)."""

    name: str
    kind: str
    logs_in: bool
    statement: Statement


@dataclass(frozen=True)
class OpenSmtpd:
    """Text: `users: TABLE NAME …` of a table of credentials in a file; `no bundle: PATH`, the certificates of
    authorities without which smtpd ends; `changed: SECONDS`, when the last of the files was; then the files, smtpd.conf
    first and those that it includes, each behind a line `==> PATH <==`. Without such a line all of it is smtpd.conf."""

    path: str
    statements: tuple[Statement, ...]
    missing: tuple[str, ...] = ()
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lacks_bundle: str = ""
    changed: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text described above."""
        parts = _SECTION.split(text)
        files = dict(zip(parts[1::2], parts[2::2], strict=True))
        path = next(iter(files), DEFAULT)
        head = parts[0] if files else ""
        missing: list[str] = []
        statements = tuple(_statements(path, files or {path: text}, {}, missing, 0))
        users = {m[1]: tuple(m[2].split()) for m in re.finditer(r"(?m)^users: (\S{1,100}) ?(.*)$", head)}
        bundle = re.search(r"(?m)^no bundle: (/\S{1,400})$", head)
        changed = re.search(r"(?m)^changed: ([0-9]{1,12}(?:\.[0-9]{1,9})?)$", head)
        return cls(
            path,
            statements,
            tuple(missing),
            users,
            bundle[1] if bundle else "",
            float(changed[1]) if changed else 0.0,
        )

    def _named(self, word: str) -> Iterator[Statement]:
        return (s for s in self.statements if s.words[0] == word)

    @cached_property
    def listeners(self) -> tuple[SmtpListener, ...]:
        """Where it takes mail from the network."""
        return tuple(
            _listener(s) for s in self._named("listen") if len(s.words) > 2 and s.words[1:3] != ("on", "socket")
        )

    @property
    def logins(self) -> tuple[SmtpListener, ...]:
        """Those on which users can log in."""
        return tuple(x for x in self.listeners if x.offers_auth)

    @property
    def is_old(self) -> bool:
        """Whether it is written for a release before 6.4."""
        return any(s.words[0] in _OLD for s in self.statements)

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """What becomes of mail."""
        return tuple(
            Action(s.words[1], s.words[2], "auth" in s.words[3:] and "relay" in s.words, s)
            for s in self._named("action")
            if len(s.words) > 2
        )

    @property
    def matches(self) -> tuple[Statement, ...]:
        """The rules, in their order."""
        return tuple(self._named("match"))

    @cached_property
    def tables(self) -> Mapping[str, str]:
        """Tables by name, as `file:/etc/smtpd/creds`."""
        return {s.words[1]: s.words[2].removeprefix("=") for s in self._named("table") if len(s.words) > 2}

    @property
    def pki(self) -> tuple[str, ...]:
        """Names of the certificates."""
        return tuple(dict.fromkeys(s.words[1] for s in self._named("pki") if len(s.words) > 1))

    @property
    def logs_in_elsewhere(self) -> bool:
        """Whether it is given a login for another server (`relay host smtp+tls://label@… auth <secrets>`)."""
        return any(a.logs_in for a in self.actions) or any(
            "via" in s.words and "auth" in s.words for s in self.statements if s.words[0] == "accept"
        )


def _statements(
    path: str, files: Mapping[str, str], macros: dict[str, str], missing: list[str], depth: int
) -> Iterator[Statement]:
    for line, words in _lines(files.get(path, "")):
        if len(words) > 1 and words[1] == "=" and re.fullmatch(r"\w{1,100}", words[0]):
            if len(macros) < _MACROS:
                macros[words[0]] = " ".join(words[2:])
            continue
        known = tuple(macros.get(w[1:], w) if w.startswith("$") else w for w in words)
        if known[0] == "include" and len(known) > 1:
            wanted = known[1]
            if wanted in files and depth < _DEPTH:
                yield from _statements(wanted, files, macros, missing, depth + 1)
            else:
                missing.append(wanted)
        else:
            yield Statement(known, path, line)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each statement by its words: a backslash continues, and what is in braces may have several lines."""
    words: list[str] = []
    first, depth = 0, 0
    for number, line in enumerate(text.split("\n"), 1):
        more = line.rstrip().endswith("\\")
        for piece in _PIECE.findall(line.rstrip()[:-1] if more else line):
            if piece == "#":
                break
            if not words:
                first = number
            depth += (piece == "{") - (piece == "}")
            words.extend(_words(piece))
        if words and not more and depth <= 0:
            yield first, words
            words, depth = [], 0
    if words:
        yield first, words


def _words(piece: str) -> Iterator[str]:
    """`name="value"` may stand without blanks."""
    if piece[0] in "\"'" and len(piece) > 1:
        yield piece[1:-1]
        return
    name, equals, value = piece.partition("=")
    if equals and re.fullmatch(r"\w{1,100}", name):
        yield from (w for w in (name, "=", value) if w)
    else:
        yield piece


def _behind(words: Sequence[str], *names: str) -> str:
    """The word behind one of these."""
    at = next((i for i, w in enumerate(words) if w in names), -1)
    return words[at + 1] if 0 <= at < len(words) - 1 else ""


def _listener(statement: Statement) -> SmtpListener:
    words = statement.words[3:]
    tls = next((w for w in words if w in ("tls", "tls-require", "smtps", "secure")), "")
    auth = next((w for w in words if w in ("auth", "auth-optional")), "")
    port = _behind(words, "port")
    known = int(port) if re.fullmatch(r"[0-9]{1,5}", port) else _PORTS.get(port, 465 if tls == "smtps" else 25)
    table = _behind(words, auth) if auth else ""
    return SmtpListener(
        statement.words[2],
        known,
        tls,
        auth,
        table[1:-1] if table.startswith("<") and table.endswith(">") else "",
        _behind(words, "pki"),
        statement,
    )

"""Logins at other servers with the entries of this host's own authinfo map.

HERE ALONE a secret leaves a map. `entry` reads one entry; its password goes into a `Secret` at once, and nothing else
of the map is kept. What is noted in transcripts names keys, users, realms and mechanisms, never a value that is secret.

Rules: sendmail/usersmtp.c, getauth(), smtpauth(), getsimple() and saslgetrealm().
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from maildoctor.filesystem import FileView
from maildoctor.sasl import MECHANISMS, NEEDS_SECRET, Exchange, Login, SaslError, Secret, exchange
from maildoctor.sasldb import NotADatabase
from maildoctor.sasldb.entries import tokens, unveiled
from maildoctor.smtp.hiding import forms
from maildoctor.smtp.scripts import Approach, login, relayed
from maildoctor.smtp.scripts import Exchange as AnyExchange
from maildoctor.smtp.session import Script, Session

if TYPE_CHECKING:
    from maildoctor.probe.attempts import Relay, Talk

_TOKENS = 6
"""More are not read (SASL_ENTRIES)."""
_ENDINGS = (".db", ".pag", ".cdb", ".lmdb")
_HEAD = 4096
_REALM = re.compile(rb'(?:^|[,\s])realm\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))', re.IGNORECASE)
_LONGEST = 200


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One entry. `values`: U, I, R and M as far as it has them, decoded; `fault`: why sendmail would not use it."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    secret: Secret | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a map has for a server: its entry, None where it has none; then `nearest` is the key most like the first."""

    entry: Entry | None
    nearest: str = ""


def entry(files: FileView, path: str, keys: Sequence[str]) -> Found:
    """The first of these keys in a map, built or its text. Raises OSError, NotADatabase."""
    data = files.read(path)
    values = unveiled(data, is_built=path.endswith(_ENDINGS) or b"\0" in data[:_HEAD])
    for key in keys:
        if (value := values.get(key.encode())) is not None:
            return Found(_entry(key, value))
    return Found(None, _nearest(keys[0], [k.decode("utf-8", "replace") for k in values]))


def same(one: Found, other: Found) -> bool:
    """Whether two maps say the same of a server. Tells nothing but that."""
    if one.entry is None or other.entry is None:
        return one.entry is other.entry
    first, second = one.entry, other.entry
    if (first.secret is None) != (second.secret is None) or dict(first.values) != dict(second.values):
        return False
    return first.secret is None or second.secret is None or first.secret.reveal() == second.secret.reveal()


def _entry(key: str, value: bytes) -> Entry:
    found = tokens(value.decode("utf-8", "surrogateescape").strip())[:_TOKENS]
    if not found:
        return Entry(key, fault='it is no list of quoted items "U:name" "P:password"')
    values: dict[str, str] = {}
    secret = None
    for letter, mark, content in found:
        try:
            raw = content.encode("utf-8", "surrogateescape") if mark == ":" else b64decode(content, validate=True)
        except ValueError:
            return Entry(key, fault=f"{letter}= announces base64, and what follows is none")
        if letter == "P":
            secret = Secret(raw)
        else:
            values[letter] = raw.decode("utf-8", "backslashreplace")
    if not values.get("U") and not values.get("I"):
        return Entry(key, values, fault="it names no user (U: or I:)")
    if secret is None or not secret.reveal():
        return Entry(key, values, fault="it has no password (P:)")
    return Entry(key, values, secret)


def _nearest(key: str, keys: Sequence[str]) -> str:
    """The key of a login most like this one."""
    from difflib import get_close_matches

    logins = [k for k in keys if k.startswith("authinfo:")]
    close = get_close_matches(key, logins, n=1, cutoff=0.0) if logins else []
    return close[0] if close else ""


@dataclass(frozen=True, slots=True, eq=False)
class HubLogin:
    """How this host logs in at one server. `notes` are for the transcript; `mechanisms` those that sendmail would try,
    in its order; `own_realm` the realm of an entry without `R:`; `host` is what the server is called."""

    found: Found
    notes: tuple[str, ...]
    mechanisms: tuple[str, ...]
    own_realm: str
    host: str

    def exchange(self, mechanism: str, port: int, note: Callable[[str], None], overheard: bool = False) -> AnyExchange:
        """The client's half of one login; `overheard`: without TLS. Raises SaslError."""
        who = replace(self._login(port), overheard=overheard)
        if mechanism == "DIGEST-MD5":
            return _InServersRealm(who, self._realm, note)
        if mechanism == "CRAM-MD5" and "@" not in who.authid and self._realm:
            who = replace(who, authid=f"{who.authid}@{self._realm}")
        return exchange(mechanism, who)

    @property
    def _realm(self) -> str:
        return self.found.entry.values.get("R", self.own_realm) if self.found.entry else ""

    def _login(self, port: int) -> Login:
        one = self.found.entry
        if one is None or one.secret is None:
            raise SaslError("there is no entry to log in with")
        user, authid = (one.values.get(a) or one.values.get(b, "") for a, b in (("U", "I"), ("I", "U")))
        return Login(authid, one.secret, authzid=user if user != authid else "", host=self.host, port=port)


class _InServersRealm:
    """DIGEST-MD5 as sendmail's client does it: a server with one realm has its way, `R:` only chooses among several."""

    def __init__(self, who: Login, realm: str, note: Callable[[str], None]) -> None:
        self._who, self._realm, self._note = who, realm, note
        self._inner: Exchange | None = None

    @property
    def reported(self) -> str:
        """What the server said of the failure."""
        return self._inner.reported if self._inner is not None else ""

    @property
    def remark(self) -> str:
        """What is weak in the server's demand."""
        return self._inner.remark if self._inner is not None else ""

    def first(self) -> bytes | None:
        """The server speaks first."""
        return None

    def answer(self, challenge: bytes) -> bytes:
        """The answer to a challenge. Raises SaslError."""
        if self._inner is None:
            self._inner = exchange("DIGEST-MD5", replace(self._who, realm=self._chosen(challenge)))
        return self._inner.answer(challenge)

    def finish(self, extra: bytes | None) -> None:
        """The server says that it went well. Raises ServerNotProven."""
        if self._inner is not None:
            self._inner.finish(extra)

    def _chosen(self, challenge: bytes) -> str:
        reported = [(a or b).decode("utf-8", "backslashreplace") for a, b in _REALM.findall(challenge[: 64 * 1024])]
        realms = ", ".join(reported)[:_LONGEST]
        self._note(f"realms {realms}")
        if len(reported) < 2:
            return ""
        if self._realm.lower() not in (t.lower() for t in reported):
            raise SaslError(f"the server has the realms {realms}, and the entry names another", realms)
        return self._realm


def logged_in(
    hub: HubLogin,
    talk: "Talk",
    looked: Session,
    approach: Approach,
    in_clear: bool,
    relay: "Relay | None" = None,
) -> Iterator[Session]:
    """Log in as sendmail does: by one mechanism after the other until one is accepted; those that need a ticket
    or a certificate are left out. A relay test follows if it was asked for. What the map says is noted in the look."""
    from maildoctor.probe.attempts import offered, outcome

    for words in hub.notes:
        looked.note(words)
    one = hub.found.entry
    if one is None or one.fault:
        return
    there = offered(looked.lines)
    if taken := next((m for m in hub.mechanisms if m in there), ""):
        looked.note(f"authinfo-takes {taken}")
    for mechanism in hub.mechanisms:
        if mechanism not in there or mechanism not in MECHANISMS or mechanism not in NEEDS_SECRET:
            continue
        script = _script(hub, approach, mechanism, in_clear)
        notes = (f"user {one.values.get('I') or one.values.get('U')}", f"authinfo {one.key}")
        session = talk(f"login {mechanism}", notes, script)
        yield session
        if outcome(session) == "ok":
            if relay is not None:
                yield talk("relay-auth", (notes[1],), relayed(relay.sender, relay.recipient, script))
            return
        if session.trouble:
            return


def _script(hub: HubLogin, approach: Approach, mechanism: str, in_clear: bool) -> Callable[[Session], Script]:
    def script(session: Session) -> Script:
        def begin(name: str, certificate: bytes) -> AnyExchange:
            def note(words: str) -> None:
                what, _, realms = words.partition(" ")
                session.note(f"{what} {session.masked(realms)}")

            return hub.exchange(name, approach.port, note, overheard=not certificate)

        one = hub.found.entry
        hidden = forms(one.secret, one.values.get("I", ""), one.values.get("U", "")) if one and one.secret else []
        return login(approach, lambda _: mechanism, begin, hidden=hidden, in_clear=in_clear)(session)

    return script


__all__ = ["Entry", "Found", "HubLogin", "NotADatabase", "entry", "logged_in", "same"]

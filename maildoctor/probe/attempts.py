"""What is tried beyond a look, if it was asked for: logins, a relay test, a message. One after the other: a server that
counts failures is not to be pressed."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import new as hashed

from maildoctor.probe.mailbox import header_of
from maildoctor.sasl import (
    BINDING,
    MECHANISMS,
    NEEDS_SECRET,
    PLAINTEXT,
    TOKEN,
    Channel,
    Exchange,
    Login,
    exchange,
)
from maildoctor.smtp.hiding import forms
from maildoctor.smtp.replies import Reply
from maildoctor.smtp.scripts import Approach, exposed, login, look, relayed, sent
from maildoctor.smtp.session import Script, Session

_ENDS_IT = ("untrusted", "refused", "timeout", "unreachable")
"""Troubles that the next mechanism would meet as well."""

PENALTY_OVER = 16.0
"""Seconds after which Dovecot has forgotten all failed logins of an address (auth/auth-penalty.c: 15). Before that it
delays the next one, a right one too, by 4, 8 and 15 s; Postfix waits 10 s for it (xsasl_dovecot_server.c)."""
_NO_PENALTY = ("sendmail", "opensmtpd")
"""Servers that check passwords without Dovecot: what they delay ends with the connection."""
_SHORT = 1.0

MOST_REFUSED = 4
"""Refused logins at one host in one run: fail2ban bans at the fifth, unless told otherwise (maxretry)."""

BY_PASSWORD = tuple(m for m in MECHANISMS if m not in TOKEN and m != "EXTERNAL")
"""What is tried unless mechanisms are named: a password is no bearer token, and we have no certificate."""


@dataclass(frozen=True, slots=True)
class Relay:
    """A sender, empty for <>, and a recipient elsewhere."""

    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message, its text with CRLF line ends. `token` stands in its Message-ID; `mailbox` is where on this machine
    it should arrive, empty where that is not known; `patience`: seconds to wait for it."""

    sender: str
    recipient: str
    text: bytes
    token: str
    mailbox: str = ""
    patience: float = 10.0


Talk = Callable[[str, tuple[str, ...], Callable[[Session], Script]], Session]
"""Has one conversation: its purpose, more notes for its head, its script."""
Leave = Callable[[str, tuple[str, ...], str, str], Session]
"""A conversation that is not had: its purpose, more notes for its head, its outcome as a code, why not."""


@dataclass(slots=True)
class Standing:
    """How we stand with one host, all its ports together. `pause`: seconds between a refused login and the next one;
    `heard`: it has heard a secret, and may repeat it."""

    pause: float
    refused: int = 0
    received: bool = False
    _since: float | None = None

    def wait(self, looked: Session, sleep: Callable[[float], None] = time.sleep) -> None:
        """Let the host forget the last refused login; another that logs in before would be judged through its delay."""
        if self._since is None:
            return
        banner = next((line.lower() for line in looked.lines if line[:1] == "<"), "")
        pause = min(self.pause, _SHORT) if any(word in banner for word in _NO_PENALTY) else self.pause
        sleep(max(0.0, self._since + pause - time.monotonic()))
        self._since = None

    def after(self, session: Session) -> None:
        """Take note of what came of a conversation."""
        self.received = self.received or session.hidden.closed
        if outcome(session) == "failed":
            self.refused += 1
            self._since = time.monotonic()


@dataclass(frozen=True, slots=True)
class Attempts:
    """Whatever is to be tried at one server. `safe` approaches with a verified certificate, `open` without one."""

    talk: Talk
    leave: Leave
    looked: Session
    safe: Approach
    open: Approach
    who: Login | None
    mechs: tuple[str, ...]
    in_clear: bool
    refused_before: bool = False
    """another port of this host refused the login: one mechanism is tried"""
    certified: bool = False
    """we showed a certificate of our own"""
    standing: Standing = field(default_factory=lambda: Standing(0.0))
    spare: int = 0
    """refused logins that are kept for other ports of this host"""

    def all(self, relay: Relay | None, message: Message | None) -> Iterator[Session]:
        """The conversations, in the order in which they were had."""
        working: list[Callable[[Session], Script]] = []
        for session, script in self._logins():
            yield session
            if outcome(session) == "ok":
                working.append(script)
        if relay is not None:
            yield self._talk("relay", relayed(relay.sender, relay.recipient, look(self.open)))
            # who may relay may differ by mechanism: sendmail's TrustAuthMech
            for script in working:
                yield self._talk("relay-auth", relayed(relay.sender, relay.recipient, script))
        if message is not None and (working or self.who is None):
            before = working[0] if working else look(self.open)
            session = self._talk("send", sent(message.sender, message.recipient, message.text, before))
            if outcome(session, last=True) == "sent":
                _wait_for(message, session)
            yield session

    def _logins(self) -> Iterator[tuple[Session, Callable[[Session], Script]]]:
        """A login by each mechanism; no further where a challenge and a password were both refused, for the name or the
        password is wrong then, and who fails too often is banned."""
        if self.who is None:
            return
        words: dict[str, str] = {}
        for mechanism in self._order():
            if self._banned_soon():
                yield self._left_out(mechanism, self.who, "not-sent", self._too_many())
                return
            session, script = self._login(mechanism, self.who)
            yield session, script
            if session.trouble in _ENDS_IT:
                return
            words[mechanism] = outcome(session)
            refused = {m in PLAINTEXT for m, word in words.items() if word == "failed"}
            if not self.mechs and "ok" not in words.values() and len(refused) >= (1 if self.refused_before else 2):
                break
        # wrong realm or wrong password? the same name with the likely realms tells
        last = next((m for m, word in reversed(words.items()) if word == "failed"), "")
        wrong = bool(last) and set(words.values()) <= {"failed", "not-sent", "withheld"}
        if wrong and not self.refused_before and self.who.authid and "@" not in self.who.authid:
            for realm in _realms(self.looked.lines, self.safe.server_name):
                if self._banned_soon(self.spare):
                    return
                yield self._login(last, replace(self.who, authid=f"{self.who.authid}@{realm}"))

    def _order(self) -> Sequence[str]:
        """The mechanisms to try: the strongest, then one of the other kind, then the rest."""
        if self.mechs:
            return self.mechs
        known = (("EXTERNAL",) if self.certified else ()) + BY_PASSWORD
        there = [m for m in known if m in offered(self.looked.lines)]
        first = [next((m for m in there if (m in PLAINTEXT) is kind), "") for kind in (False, True)]
        return list(dict.fromkeys(m for m in (*first, *there) if m))

    def _banned_soon(self, spare: int = 0) -> bool:
        # who names mechanisms wants each of them
        return self.standing.refused >= max(MOST_REFUSED - spare, len(self.mechs))

    def _too_many(self) -> str:
        return f"this host has refused {self.standing.refused} logins now, and more could have us banned"

    def _left_out(
        self, mechanism: str, who: Login, outcome: str, why: str
    ) -> tuple[Session, Callable[[Session], Script]]:
        notes = (f"user {who.authid}", f"mechanism {mechanism}")
        return self.leave(f"login {mechanism}", notes, outcome, why), look(self.open)

    def _login(self, mechanism: str, who: Login) -> tuple[Session, Callable[[Session], Script]]:
        if not self.in_clear and mechanism in NEEDS_SECRET and not _in_tls(self.looked):
            return self._left_out(mechanism, who, "withheld", exposed(mechanism))
        script = login(
            self.safe, lambda _: mechanism, beginning(self.safe, who), hidden=secrets_of(who), in_clear=self.in_clear
        )
        return self._talk(f"login {mechanism}", script, f"user {who.authid}"), script

    def _talk(self, purpose: str, script: Callable[[Session], Script], *notes: str) -> Session:
        """Have one conversation. A server that heard the password in an earlier one may repeat it in its banner."""
        said_before = "\n".join(self.looked.lines)

        def played(session: Session) -> Script:
            for word in secrets_of(self.who):
                session.hidden.parts(word, said_before)
            yield from script(session)

        return self.talk(purpose, notes, played)


def _in_tls(looked: Session) -> bool:
    return any(line.startswith("=== tls ") for line in looked.lines)


def secrets_of(who: Login | None) -> list[bytes]:
    """What is never to be seen of a login."""
    return forms(who.secret, who.authid, who.authzid) if who is not None and who.secret is not None else []


def best(mechs: Iterable[str]) -> Callable[[Reply], str]:
    """Chooses the first of `mechs` that a reply to EHLO offers."""

    def choose(hello: Reply) -> str:
        there = {word for line in hello.lines for word in _auth_words(line)}
        return next((m for m in mechs if m in there), "")

    return choose


def beginning(approach: Approach, who: Login) -> Callable[[str, bytes], Exchange]:
    """Makes the exchange of one login with the server of `approach`."""

    def begin(mechanism: str, certificate: bytes) -> Exchange:
        channel = _channel(certificate) if mechanism in BINDING and certificate else None
        at = replace(who, host=approach.server_name, port=approach.port, channel=channel, overheard=not certificate)
        return exchange(mechanism, at)

    return begin


def _wait_for(message: Message, session: Session) -> None:
    """Note the header with which the message arrived."""
    if not message.mailbox:
        session.note("arrival unknown: no mailbox was named to look into (--mailbox)")
        return
    try:
        header = header_of(message.mailbox, message.token, message.patience)
    except OSError as error:
        session.note(f"arrival unknown: {message.mailbox}: {error.strerror}")
        return
    if header is None:
        session.note(f"arrival none: it is not in {message.mailbox} after {message.patience:g} s")
        return
    session.note(f"arrival {message.mailbox}")
    for line in header:
        if line.lower().startswith(("received:", "authentication-results:")):
            session.note(f"header {line}")


def outcome(session: Session, last: bool = False) -> str:
    """The word that says what came of it; empty where nothing did. `last`: of what was done after the login."""
    reported = [line for line in session.lines if line.startswith("=== outcome ")]
    noted = reported[-1 if last else 0] if reported else ""
    return noted.removeprefix("=== outcome ").partition(" ")[0]


def offered(lines: Iterable[str]) -> frozenset[str]:
    """Mechanisms that any EHLO of a transcript names."""
    return frozenset(word for line in lines if line[:1] == "<" for word in _auth_words(line[8:]))


def _auth_words(line: str) -> list[str]:
    """`AUTH PLAIN LOGIN` and the old form `AUTH=PLAIN LOGIN` (RFC 4954)."""
    return line[5:].upper().split() if line[:5].upper() in ("AUTH ", "AUTH=") else []


def _realms(lines: Iterable[str], asked: str) -> list[str]:
    """The name by which the server greets, its domain, and the name by which it was asked for: users stay in the realm
    of the old name when a host is renamed."""
    greeting = next(
        (m for line in lines if (m := re.match(r"<[-~]  250[ -]([A-Za-z0-9.-]{1,253})(?: |$)", line))), None
    )
    host = greeting[1].lower() if greeting else ""
    domain = host.partition(".")[2]
    names = dict.fromkeys((host, domain, asked.lower()))
    return [name for name in names if re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*", name)]


def _channel(certificate: bytes) -> Channel:
    """tls-server-end-point (RFC 5929 section 4.1): the digest of the certificate by the hash of its own signature, and
    SHA-256 in place of MD5 and SHA-1."""
    name = "sha256"
    try:
        from cryptography import x509

        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
        name = algorithm.name if algorithm and algorithm.name not in ("md5", "sha1") else name
    except (ImportError, ValueError):
        pass
    return Channel("tls-server-end-point", hashed(name, certificate).digest())

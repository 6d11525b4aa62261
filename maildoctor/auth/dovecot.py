"""What Dovecot is to a mail server that asks it: who asks at which socket, and what may be asked for."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from maildoctor.auth.service import LoginService
from maildoctor.facts.dovecot.settings import AuthListener, Dovecot, Passdb
from maildoctor.facts.dovecot.sockets import DovecotSockets, seen_by
from maildoctor.facts.dovecot.users import DovecotUser, PasswdFiles
from maildoctor.facts.postfix.server import Postfix, Smtpd
from maildoctor.facts.system import System

_MECHANISMS: Mapping[str, tuple[int, ...]] = {
    "PLAIN": (), "LOGIN": (), "CRAM-MD5": (), "DIGEST-MD5": (), "EXTERNAL": (), "OTP": (), "SCRAM-SHA-1": (),
    "SCRAM-SHA-256": (2, 3, 10), "ANONYMOUS": (), "OAUTHBEARER": (), "XOAUTH2": (), "APOP": (), "NTLM": (),
    "GSSAPI": (), "GSS-SPNEGO": (), "SCRAM-SHA-1-PLUS": (2, 4), "SCRAM-SHA-256-PLUS": (2, 4),
}  # fmt: skip
"""The mechanisms that Dovecot knows, and since when (auth/mech.c)."""
CHALLENGES = frozenset({
    "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "APOP", "OTP", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS",
})  # fmt: skip
"""Mechanisms that need the stored password (MECH_PASSDB_NEED_LOOKUP_CREDENTIALS and the like)."""

_FLAGS = {
    "PLAIN": {"plaintext"}, "LOGIN": {"plaintext"}, "XOAUTH2": {"plaintext"}, "OAUTHBEARER": {"plaintext"},
    "CRAM-MD5": {"dictionary", "active"}, "DIGEST-MD5": {"dictionary", "active", "mutual-auth"},
    "OTP": {"dictionary", "active"}, "APOP": {"private", "dictionary", "active"}, "NTLM": {"dictionary", "active"},
    "SCRAM-SHA-1": {"mutual-auth"}, "SCRAM-SHA-256": {"mutual-auth"}, "ANONYMOUS": {"anonymous"},
}  # fmt: skip
"""What Dovecot says of each mechanism (auth/mech-*.c)."""
_REFUSED = {
    "noplaintext": "plaintext",
    "noactive": "active",
    "nodictionary": "dictionary",
    "noanonymous": "anonymous",
}
_DEMANDED = {"mutual_auth": "mutual-auth", "forward_secrecy": "forward-secrecy"}


def unknown_mechanisms(dovecot: Dovecot) -> list[str]:
    """Names in auth_mechanisms that this release does not know."""
    version = dovecot.version or (2, dovecot.tree.minor, 99)
    return [m for m in dovecot.mechanisms if m not in _MECHANISMS or version < _MECHANISMS[m]]


def servable(dovecot: Dovecot, files: PasswdFiles) -> list[str]:
    """Mechanisms without a password on the wire that this release has, and the stored passwords of all users can serve;
    DIGEST-MD5 only where realms are named for it. None where users are kept elsewhere too."""
    asked = [(p, files.at(p.path)) for p in dovecot.passdbs if p.verifies]
    rows = [(p, u) for p, f in asked if f and p.driver == "passwd-file" and not f.reason for u in f.users.values()]
    if not rows or any(f is None or f.reason for _, f in asked):
        return []
    version = dovecot.version or (2, dovecot.tree.minor, 99)
    wanted = ["SCRAM-SHA-256", "SCRAM-SHA-1", *(["DIGEST-MD5"] if dovecot.value("auth_realms") else []), "CRAM-MD5"]
    return [m for m in wanted if version >= _MECHANISMS[m] and all(u.serves(m, p.scheme) for p, u in rows)]


_FEW = 3
"""Users that are named."""


def is_asked(service: LoginService) -> bool:
    """Whether the logins of this mail server are Dovecot's to decide."""
    return service.provider == "dovecot" and service.wanted


@dataclass(frozen=True, slots=True)
class Asker:
    """One program of a mail server that asks: `written`: the socket as its configuration has it; `path`: as the host
    sees that, or `ADDRESS:PORT`."""

    smtpd: Smtpd
    written: str
    path: str

    @property
    def name(self) -> str:
        """`submission/inet`."""
        return self.smtpd.name

    @property
    def queue(self) -> str:
        """The queue directory."""
        return self.smtpd.value("queue_directory").rstrip("/")

    @property
    def in_clear(self) -> bool:
        """Whether it offers AUTH without TLS, too."""
        in_tls = self.smtpd.is_yes("smtpd_tls_auth_only") or self.smtpd.is_yes("smtpd_tls_wrappermode")
        return not in_tls and self.smtpd.value("smtpd_tls_security_level") != "encrypt"

    def offered(self, mechanisms: Collection[str], tls: bool) -> list[str]:
        """Which of Dovecot's mechanisms it shows (xsasl/xsasl_dovecot_server.c)."""
        options = "smtpd_sasl_tls_security_options" if tls else "smtpd_sasl_security_options"
        words = set(self.smtpd.value(options).replace(",", " ").split())
        refused = {flag for word, flag in _REFUSED.items() if word in words} | {"private"}
        demanded = {flag for word, flag in _DEMANDED.items() if word in words}
        flags = {m: _FLAGS.get(m, set()) for m in mechanisms}
        return [m for m in mechanisms if not (flags[m] & refused) and demanded <= flags[m]]


def askers(postfix: Postfix) -> list[Asker]:
    """The smtpd services that ask Dovecot."""
    return [
        Asker(smtpd, written, seen_by(written, smtpd.value("queue_directory"), smtpd.chrooted))
        for smtpd in postfix.logins
        if smtpd.value("smtpd_sasl_type") == "dovecot" and (written := smtpd.value("smtpd_sasl_path"))
    ]


def groups_of(user: str, system: System | None) -> frozenset[str]:
    """All groups of an account."""
    if system is None:
        return frozenset()
    own = system.primary_groups.get(user)
    return frozenset((*system.groups_of(user), *((own,) if own else ())))


def listener_at(dovecot: Dovecot, path: str) -> AuthListener | None:
    """The listener that makes the socket of this path."""
    return next((x for x in dovecot.listeners if x.path == path), None)


def offered(dovecot: Dovecot, sockets: DovecotSockets | None) -> tuple[str, ...]:
    """The mechanisms that Dovecot offers: as a socket says, else as they are configured."""
    for socket in sockets.all.values() if sockets else ():
        if socket.handshake is not None and socket.handshake.ready:
            return tuple(socket.handshake.mechanisms)
    return dovecot.mechanisms


def served(dovecot: Dovecot, files: PasswdFiles) -> Mapping[str, tuple[bool, tuple[str, ...]]]:
    """For each mechanism whether the stored password of somebody can serve it, and of whom, if they are few. Empty
    where others than passwd-files are asked, or one could not be read."""
    rows: list[tuple[Passdb, DovecotUser]] = []
    for passdb in dovecot.passdbs:
        file = files.at(passdb.path)
        if not passdb.verifies or file is None or file.reason:
            return {}
        rows += ((passdb, user) for user in file.users.values())
    found: dict[str, tuple[bool, tuple[str, ...]]] = {}
    for mechanism in dovecot.mechanisms:
        able = [user.name for passdb, user in rows if user.serves(mechanism, passdb.scheme)]
        found[mechanism] = bool(able), tuple(able) if len(able) <= _FEW else ()
    return found


def stores(dovecot: Dovecot) -> tuple[str, ...]:
    """Whom Dovecot asks, in order."""
    return tuple(dict.fromkeys(p.driver for p in dovecot.passdbs if p.verifies))


def with_socket(postfix: Postfix, sockets: DovecotSockets) -> Iterator[Asker]:
    """Those that ask at a socket which was looked at, one for each socket."""
    seen = set[str]()
    for asker in askers(postfix):
        if asker.path not in seen and sockets.at(asker.path) is not None:
            seen.add(asker.path)
            yield asker

"""What to type into a mail program, and whether a login proves it."""

from maildoctor.auth.service import LoginService
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.exim.conf import Exim
from maildoctor.facts.names import Names
from maildoctor.facts.wire import DISTRUSTED, Conversation, Wire
from maildoctor.guide.ground import Ground
from maildoctor.guide.step import ClientSettings

_WORDS = {
    "PLAIN": "normal password",
    "LOGIN": "normal password",
    "CRAM-MD5": "encrypted password",
    "DIGEST-MD5": "encrypted password",
    "GSSAPI": "Kerberos",
    "XOAUTH2": "OAuth2",
    "OAUTHBEARER": "OAuth2",
}
"""What mail programs call it in their settings."""


def client_settings(ground: Ground) -> ClientSettings | None:
    """From what the server offers on the port that matters most; None where it offers no login, or none is wanted."""
    if not ground.serves:
        return None
    wire = ground.facts.get(Wire)
    talks = [c for c in wire.per_endpoint if c.hello and c.hello.auth] if wire else []
    best = min(talks, key=lambda c: _PORTS.index(c.port) if c.port in _PORTS else len(_PORTS), default=None)
    if best is None or best.hello is None:
        return None
    logins, exim = ground.report.logins, ground.facts.get(Exim)
    named = {a.name.upper(): a.mechanism for a in exim.servers} if exim else {}  # what Exim's log has instead
    done = {named.get(m, m): n for m, n in logins.mechs} if logins else {}
    # a login by one mechanism shows nothing of another, which may ask another store
    offered = [m for m in best.hello.auth if m in done] or best.hello.auth
    mechanism = next((m for m in _PREFERRED if m in offered), offered[0])
    count, by = done.get(mechanism, 0), f", by {mechanism}"
    if logins and not done and ground.mta == "opensmtpd":  # its log names no mechanism, and it has one store
        count, by = logins.succeeded, ""
    return ClientSettings(
        server=_server(ground, best),
        port=best.port,
        tls="none" if best.in_tls is None else "TLS" if best.implicit else "STARTTLS",
        user=_user(ground),
        mechanism=mechanism,
        method=_WORDS.get(mechanism, mechanism),
        proof=f"{count} login{'s' * (count != 1)} since the mail server was started{by}" if count else "",
        remark=_remark(best),
    )


_PORTS = (587, 465, 2525, 25)
_PREFERRED = ("PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5")


def _server(ground: Ground, talk: Conversation) -> str:
    names = ground.facts.get(Names)
    said = talk.hello.name if talk.hello else ""
    full = names.canonical if names and "." in names.canonical else ""
    return ground.asked.host or full or said


def _user(ground: Ground) -> str:
    """With the realm where the name alone is looked up in another one, and where Dovecot's names have a domain."""
    service: LoginService | None = ground.service
    sasldb = ground.facts.get(SaslDb)
    name = ground.user
    if service is None or ground.store != "sasldb" or sasldb is None or "@" in name:
        return name
    users = [u for u in sasldb.users if not name or u.name == name]
    if found := [u for u in users if u.realm == service.realm]:
        return name or found[0].name
    return f"{users[0].name}@{users[0].realm}" if users else name


def _remark(talk: Conversation) -> str:
    if talk.in_tls is None:
        return "the password is sent in clear: set up a certificate first"
    if talk.verified[0] in DISTRUSTED:
        return "no known authority vouches for the certificate: mail programs ask whether to trust it"
    return ""

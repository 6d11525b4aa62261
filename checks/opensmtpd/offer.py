"""CONF: whether OpenSMTPD is to let users log in at all."""

from maildoctor.api import Evidence, Findings, LoginService, Unknown, Wanted, check, found, known, shown_otherwise
from maildoctor.api.host import Addresses, Listeners, LoginHistory, Names, Services, System
from maildoctor.api.opensmtpd import OpenSmtpd, set_up_opensmtpd
from maildoctor.api.wire import Wire

_STOCK = """table aliases file:/etc/aliases
listen on localhost
action "local" maildir alias <aliases>
action "relay" relay
match for local action "local"
match from local for any action "relay"
"""
_PKI = 'pki "mail.example.com" cert "/etc/smtpd/host.pem"\npki "mail.example.com" key "/etc/smtpd/host.key"\n'
_SUBMISSION = "listen on 0.0.0.0 port 587 tls-require pki mail.example.com auth\n"
_SECRETS = 'action "out" relay host smtp+tls://me@hub.example.com:587 auth <secrets>\n'


@check(
    "CONF981",
    "opensmtpd-auth-not-set-up",
    "error",
    rung="offer",
    role="cause",
    explains=("no-offer", "no-starttls", "WIRE023", "WIRE025"),
    fails=[
        {"smtpd": _STOCK, "system": "ID=debian\npeople: anna"},
        {"smtpd": f"no bundle: /etc/ssl/certs/ca-certificates.crt\n==> /etc/smtpd.conf <==\n{_STOCK}"},
        {"smtpd": _PKI + _STOCK.replace("localhost", "192.0.2.1 tls pki mail.example.com"), "addresses": "2001:db8::1"},
        {"smtpd": _PKI + _SUBMISSION.replace(" auth", "") + _STOCK},
        {"smtpd": "listen on 0.0.0.0 port submission\naccept from local for any relay"},
        {"smtpd": f'{_STOCK}match auth from any for any action "relay"'},
    ],
    passes=[
        {"smtpd": _PKI + _SUBMISSION + _STOCK},
        {"smtpd": _PKI + _SUBMISSION.replace("auth", "auth-optional <users>") + _STOCK},
        {"smtpd": _STOCK + _SECRETS},
        {"smtpd": f'==> /etc/smtpd.conf <==\n{_STOCK}\ninclude "/etc/smtpd/more.conf"'},
        {"smtpd": _STOCK, "services": "service: opensmtpd\nservice: postfix", "listeners": "0.0.0.0 25 40 master"},
    ],
    refs=("OpenSMTPD: smtpd.conf(5), listen on; smtp_session.c, ADVERTISE_AUTH",),
)
def opensmtpd_auth_not_set_up(
    smtpd: OpenSmtpd,
    services: Services | Unknown,
    listeners: Listeners | Unknown,
    system: System | Unknown,
    history: LoginHistory | Unknown,
    service: LoginService | Unknown,
    names: Names | Unknown,
    addresses: Addresses | Unknown,
    wire: Wire | Unknown,
) -> Findings:
    """SMTP AUTH is not set up here: no listener of OpenSMTPD offers it.

    AUTH is offered where `listen on` says auth or auth-optional, in TLS only, which needs a pki. A host that only
    sends, or takes mail for its own users, needs no more; it is an error where something else here is for logins.

    Advice: if users are to log in here, have a certificate (pki), listen on port 587 with tls-require and auth, let
    who logged in send everywhere (match auth from any), and restart; then run maildoctor check again.
    """
    if smtpd.logins or smtpd.logs_in_elsewhere:
        return
    if shown_otherwise("opensmtpd", services, listeners, history, wire):
        return
    if smtpd.missing:
        yield Unknown(f"{smtpd.missing[0]}, which {smtpd.path} includes, could not be read", "run as root")
        return
    realm = service.realm if isinstance(service, LoginService) else ""
    realm = realm or (names.canonical.lower() if isinstance(names, Names) else "")
    by_ipv6 = isinstance(addresses, Addresses) and any(":" in a for a in addresses.shown())
    meant = _meant_for_logins(smtpd)
    yield found(
        "SMTP AUTH is not set up here: no listener of OpenSMTPD says auth",
        evidence=[
            *([x.statement.evidence for x in smtpd.listeners[:3]] or [Evidence(smtpd.path, "no listen on")]),
            *meant,
        ],
        fix=set_up_opensmtpd(Wanted("opensmtpd"), known(system), smtpd, realm, by_ipv6).steps,
        severity=None if meant else "warning",
        path=smtpd.path,
    )


def _meant_for_logins(smtpd: OpenSmtpd) -> list[Evidence]:
    """What shows that users are to log in all the same: a port for nothing else that the network reaches, a rule for
    who logged in."""
    ports = [x.statement.evidence for x in smtpd.listeners if x.port in (465, 587) and not x.is_loopback]
    return ports + [m.evidence for m in smtpd.matches if "auth" in m.words and "!" not in m.words]

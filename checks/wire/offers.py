"""WIRE: which logins servers offer, in clear and within TLS."""

from maildoctor.api import (
    Evidence,
    Findings,
    LoginService,
    Restart,
    SetPostfix,
    Severity,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    gaps,
    inspect,
    known,
    restart,
    set_macro,
)
from maildoctor.api.cyrus import Plugins, SaslConf, mechanisms
from maildoctor.api.host import Listeners
from maildoctor.api.sendmail import Daemon, SendmailCf
from maildoctor.api.wire import Conversation, Wire

_HEAD = "=== connect 192.0.2.1:{0} auto for mail.example.com\n=== purpose look\n"
_OWN = "=== connect 127.0.0.1:{0} auto\n=== purpose look\n"
_EHLO = "<-  220 mail.example.com ESMTP {0}\n -> EHLO maildoctor.invalid\n<-  250-mail.example.com\n"
_TLS = (
    " -> STARTTLS\n<-  220 ready\n=== tls TLSv1.3 X 256 bits\n ~> EHLO maildoctor.invalid\n<~  250-mail.example.com\n"
)


def _look(port: int, clear: str, tls: str, program: str = "Sendmail 8.17.1/8.17.1; now", head: str = _HEAD) -> str:
    """A look at a port that says these words in clear and in TLS."""
    return (
        f"{head.format(port)}{_EHLO.format(program)}<-  250-{clear}\n<-  250 STARTTLS\n{_TLS}<~  250-{tls}\n"
        "<~  250 HELP\n ~> QUIT\n"
    )


_GOOD = _look(587, "AUTH CRAM-MD5", "AUTH CRAM-MD5 PLAIN LOGIN")
_TOKENS = frozenset({"XOAUTH2", "OAUTHBEARER"})
_READABLE = frozenset({"PLAIN", "LOGIN"}) | _TOKENS
"""Mechanisms that show the password, or a token that is as good."""


def _auth(c: Conversation) -> frozenset[str]:
    """All mechanisms that it names, in clear or in TLS."""
    return frozenset(m for hello in (c.in_clear, c.in_tls) if hello for m in hello.auth)


def _seen_whole(c: Conversation) -> bool:
    """Whether the offer was seen in clear and in TLS, and nothing hides it."""
    hello = c.hello
    if hello is None or not hello.esmtp or c.masked or c.trouble_kind not in ("", "no-starttls", "untrusted"):
        return False
    return not hello.starttls or c.in_tls is not None


def _no_auth(c: Conversation) -> bool | None:
    hello = c.hello
    nothing = hello is not None and "AUTH" not in hello.keywords and not _auth(c) and not hello.only_old_form
    if hello is not None and c.server == "sendmail" and hello.keywords == ("ENHANCEDSTATUSCODES",):
        return None  # it refuses this client altogether
    return True if c.port in (465, 587, 2525) and nothing and _seen_whole(c) else None


def _for_logins(cf: SendmailCf | Unknown) -> bool:
    """Whether sendmail is set up for logins; true where sendmail.cf is not known."""
    return isinstance(cf, Unknown) or bool(cf.trusted_mechs) or cf.auth_mechanisms_line is not None


def _for_itself(listeners: Listeners | Unknown) -> frozenset[int]:
    """Ports that only this machine can reach, where that is known."""
    every = () if isinstance(listeners, Unknown) else listeners.all
    return frozenset(x.port for x in every) - {x.port for x in every if not x.local_only}


@check(
    "WIRE010",
    "no-auth-on-submission-port",
    "error",
    rung="offer",
    role="symptom",
    scope=("listener",),
    shows=("no-offer", "no-starttls"),
    fails=[
        {"wire": _look(587, "HELP", "HELP")},
        {"wire": _look(587, "HELP", "HELP", head=_OWN), "cf": "O AuthMechanisms=PLAIN", "listeners": "0.0.0.0 587 4 x"},
    ],
    passes=[
        {"wire": _GOOD},
        {"wire": _look(25, "HELP", "HELP")},
        {"wire": _look(587, "HELP", "AUTH PLAIN")},
        {"wire": _look(587, "HELP", "HELP", head=_OWN), "cf": "O DaemonPortOptions=Port=587", "listeners": ""},
        {"wire": _look(587, "HELP", "HELP", head=_OWN), "listeners": "127.0.0.1 587 4 x"},
        {"wire": _HEAD.format(587) + _EHLO.format("Sendmail 8.17.1/8.17.1; now") + "<-  250 ENHANCEDSTATUSCODES\n"},
    ],
    refs=("RFC 6409 section 4.3: a submission server asks for a login", "RFC 4954 section 3"),
)
def no_auth_on_submission_port(wire: Wire, cf: SendmailCf | Unknown, listeners: Listeners | Unknown) -> Findings:
    """A port for submission offers no login at all, neither in clear nor within TLS.

    Clients say "server does not support authentication", or hand in without a login and get "relaying denied". On port
    25, where servers meet, it is as it should be.

    Advice: see on the server why no mechanism is left: logins not switched on for this port or not for this client's
    address (sendmail: Srv_Features; Postfix: smtpd_sasl_exceptions_networks; Exim: auth_advertise_hosts), no mechanism
    that can be loaded, an authentication service that does not run; maildoctor check looks for all of that.
    """
    closed = _for_itself(listeners)
    servers = wire.per_endpoint if _for_logins(cf) else [c for c in wire.per_endpoint if c.server != "sendmail"]
    for ports, _ in wire.together((c, _no_auth(c)) for c in servers if c.port not in closed):
        c = ports.first
        tls = " (nor STARTTLS)" if not c.in_tls else ""
        outside = isinstance(listeners, Unknown)
        yield found(
            f"{ports.endpoint} offers no AUTH{tls}: nobody can log in there{_another_host(c)}",
            evidence=ports.evidence("220", "250"),
            fix=_why_no_auth(c.server),
            severity="warning" if all(x.port == 2525 or (x.loopback and outside) for x in ports.all) else None,
            endpoint=ports.endpoint,
        )


def _another_host(c: Conversation) -> str:
    """Where a host of another domain greets, what that may mean: networks redirect ports to a server of their own."""
    greets = next(iter(c.banner.removeprefix("220").split()), "").lower().rstrip(".")
    asked = c.host.lower().rstrip(".")
    named = all("." in name and any(letter.isalpha() for letter in name) for name in (greets, asked))
    if not named or greets.split(".")[-2:] == asked.split(".")[-2:]:
        return ""
    return f" (it calls itself {greets}: the network may redirect the port to a server of its own)"


def _why_no_auth(server: str) -> list[Step]:
    return {
        "sendmail": [inspect("maildoctor check")],
        "postfix": [inspect("postconf smtpd_sasl_auth_enable smtpd_sasl_exceptions_networks; postconf -Mf")],
        "exim": [inspect("exim -bP auth_advertise_hosts authenticator_list")],
        "opensmtpd": [inspect("grep -E '^listen' /etc/smtpd.conf /etc/mail/smtpd.conf")],
        "dovecot": [inspect("doveconf auth_mechanisms")],
        "exchange": [by_hand("Get-ReceiveConnector | Format-List Name,Bindings,AuthMechanism,PermissionGroups")],
    }.get(server, [])


def _readable_in_clear(c: Conversation) -> str | None:
    """Mechanisms offered in clear that show the password, though TLS is to be had."""
    clear = c.in_clear
    if clear is None or c.masked or not clear.starttls:
        return None
    return " ".join(m for m in clear.auth if m in _READABLE) or None


_LENIENT = ("dovecot", "")
"""Dovecot takes a connection from its own machine for safe; of one that we do not know it cannot be told."""


@check(
    "WIRE011",
    "password-asked-for-in-clear",
    "warning",
    rung="offer",
    role="symptom",
    scope=("listener",),
    fails=[
        {"wire": _look(587, "AUTH PLAIN LOGIN", "AUTH PLAIN LOGIN")},
        {"wire": _look(587, "AUTH XOAUTH2", "AUTH XOAUTH2", program="Postfix")},
    ],
    passes=[{"wire": _GOOD}],
    refs=("RFC 4954 section 4: PLAIN only under TLS", "RFC 8314 section 3"),
)
def password_asked_for_in_clear(wire: Wire) -> Findings:
    """Mechanisms that send what opens the account as it is, a password or a token, are offered before TLS.

    A client that is not told to insist on TLS sends it in clear, in base64, which hides nothing; whoever takes STARTTLS
    out of the way gets it from all the others too. PLAIN and LOGIN send the password, XOAUTH2 and OAUTHBEARER a token,
    which serves whoever has it until it expires.

    Advice: let the server offer these mechanisms after STARTTLS only.
    """
    for ports, names in wire.together((c, _readable_in_clear(c)) for c in wire.per_endpoint):
        c = ports.first
        yield found(
            f"{ports.endpoint} offers {names} before TLS: {_sent(names)} can be read on the way",
            evidence=ports.evidence("AUTH"),
            fix=_after_tls_only(c.server),
            severity="info" if c.loopback and c.server in _LENIENT else None,
            endpoint=ports.endpoint,
        )


def _sent(names: str) -> str:
    """What a client sends by one of these mechanisms."""
    tokens = _TOKENS & set(names.split())
    if not tokens:
        return "the password"
    return "the password or token" if set(names.split()) - tokens else "the token"


def _after_tls_only(server: str) -> list[Step]:
    if server == "sendmail":
        return set_macro("/etc/mail/sendmail.cf", "confAUTH_OPTIONS", "A", "p")
    return {
        "postfix": [SetPostfix("smtpd_tls_auth_only", "yes"), Restart("postfix")],
        "exim": [by_hand("in each plaintext authenticator: server_advertise_condition = ${if def:tls_in_cipher}")],
        "dovecot": [edit("dovecot.conf", "disable_plaintext_auth = yes (2.4: auth_allow_cleartext = no)")],
        "opensmtpd": [edit("smtpd.conf", "put tls-require auth behind each listen")],
        "exchange": [by_hand("Set-ReceiveConnector NAME -AuthMechanism Tls,BasicAuth,BasicAuthRequireTLS")],
    }.get(server, [])


def _only_old_form(c: Conversation) -> bool | None:
    return True if c.hello is not None and c.hello.only_old_form and not c.masked else None


@check(
    "WIRE012",
    "only-the-old-auth-form",
    "warning",
    rung="offer",
    role="symptom",
    scope=("listener",),
    fails=[{"wire": _look(587, "AUTH=PLAIN LOGIN", "AUTH=PLAIN LOGIN", program="")}],
    passes=[{"wire": _GOOD}, {"wire": _look(587, "AUTH=LOGIN", "AUTH PLAIN\n<~  250-AUTH=PLAIN", program="")}],
    refs=("RFC 4954 section 3: the keyword is AUTH, its parameters follow after a blank",),
)
def only_the_old_auth_form(wire: Wire) -> Findings:
    """The server writes only `AUTH=`, the form of a draft of 1998, and not `AUTH `.

    Clients that go by the standard see no offer and do not log in.

    Advice: let the server write the standard form too; Postfix and Exim write `AUTH=` beside it where old clients need
    it (Postfix: broken_sasl_auth_clients=yes).
    """
    for ports, _ in wire.together((c, _only_old_form(c)) for c in wire.per_endpoint):
        yield found(
            f"{ports.endpoint} writes AUTH= only, which clients of today do not read",
            evidence=ports.evidence("AUTH="),
            endpoint=ports.endpoint,
        )


def _empty_offer(c: Conversation) -> bool | None:
    hello = c.hello
    return True if hello and "AUTH" in hello.keywords and not hello.auth and not c.masked else None


@check(
    "WIRE013",
    "auth-without-a-mechanism",
    "error",
    rung="offer",
    role="symptom",
    scope=("listener",),
    shows=("no-offer",),
    fails=[{"wire": _look(587, "AUTH", "AUTH")}],
    passes=[{"wire": _GOOD}, {"wire": _look(25, "HELP", "HELP")}],
    refs=("RFC 4954 section 3: AUTH is followed by a list of mechanisms",),
)
def auth_without_a_mechanism(wire: Wire) -> Findings:
    """AUTH is offered without any mechanism behind it.

    Logins are switched on, and none of the mechanisms is left: not installed, not loadable, or excluded by the options.

    Advice: see which mechanisms the server has and which its options exclude; maildoctor check does that.
    """
    for ports, _ in wire.together((c, _empty_offer(c)) for c in wire.per_endpoint):
        yield found(
            f"{ports.endpoint} offers AUTH and names no mechanism",
            evidence=ports.evidence("AUTH"),
            fix=_why_no_auth(ports.first.server),
            severity=_by_port(ports.all),
            endpoint=ports.endpoint,
        )


def _by_port(conversations: tuple[Conversation, ...]) -> Severity:
    return "error" if any(c.port in (465, 587) for c in conversations) else "warning"


_SPOKEN = ("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "CRAM-MD5", "DIGEST-MD5")


def _unusual(c: Conversation) -> tuple[str, bool] | None:
    """The offer, where mail programs find nothing in it; True where they find hardly anything."""
    hello = c.in_tls  # without TLS that is the fault to fix first
    if hello is None or not hello.auth or not _seen_whole(c) or not _READABLE.isdisjoint(hello.auth):
        return None
    some = any(m in _SPOKEN or m.startswith("SCRAM-") for m in hello.auth)
    return " ".join(hello.auth[:6]), some


@check(
    "WIRE014",
    "offer-fits-few-clients",
    "warning",
    rung="offer",
    role="symptom",
    scope=("listener",),
    shows=("no-offer",),
    fails=[
        {"wire": _look(587, "AUTH GSSAPI NTLM", "AUTH GSSAPI NTLM")},
        {"wire": _look(587, "AUTH DIGEST-MD5 CRAM-MD5", "AUTH DIGEST-MD5 CRAM-MD5")},
    ],
    passes=[{"wire": _GOOD}, {"wire": _look(587, "HELP", "AUTH XOAUTH2")}, {"wire": _look(25, "HELP", "HELP")}],
    refs=("RFC 8314 section 3: PLAIN within TLS is what all clients can do",),
)
def offer_fits_few_clients(wire: Wire) -> Findings:
    """Within TLS the server offers no mechanism that all mail programs can speak.

    Outlook and telephones can do PLAIN or LOGIN, or a token (XOAUTH2) of a large provider; some programs can do
    CRAM-MD5; GSSAPI, NTLM, EXTERNAL and OTP need a domain, a certificate or a list of passwords.

    Advice: offer PLAIN and LOGIN within TLS too, where people's own mail programs are to log in; the password is safe
    there.
    """
    for ports, (names, some) in wire.together((c, _unusual(c)) for c in wire.per_endpoint):
        who = "Outlook and telephones need PLAIN or LOGIN" if some else "hardly any mail program can log in"
        yield found(
            f"{ports.endpoint} offers {names} only: {who}",
            evidence=ports.evidence("AUTH"),
            severity="info" if some else None,
            endpoint=ports.endpoint,
        )


# ---- what the configuration foretells


_JUDGED = frozenset({"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"}) | {
    f"SCRAM-SHA-{size}" for size in ("1", "224", "256", "384", "512")
}
"""Mechanisms whose offer depends on nothing but files: GSSAPI asks for a keytab, EXTERNAL for a certificate."""

_PLUGIN = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/lib{0}.so -> /usr/lib/sasl2/lib{0}.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname lib{0}.so.2\n"
)
_PLUGINS = _PLUGIN.format("plain") + _PLUGIN.format("login") + _PLUGIN.format("crammd5")
_CF = "O AuthMechanisms=PLAIN LOGIN CRAM-MD5\nO AuthOptions=A p\nO DaemonPortOptions=Name=MTA, Port=587"
_OWN_HOST = {
    "cf": _CF,
    "service": "mechanisms: PLAIN LOGIN CRAM-MD5\nrequires: A p",
    "plugins": _PLUGINS,
    "listeners": "0.0.0.0 587 40 sendmail-mta",
}


@check(
    "WIRE015",
    "offer-differs-from-files",
    "warning",
    rung="offer",
    role="symptom",
    scope=("listener",),
    shows=("no-offer", "no-starttls"),
    fails=[
        {**_OWN_HOST, "wire": _look(587, "AUTH CRAM-MD5", "AUTH CRAM-MD5 PLAIN")},
        {**_OWN_HOST, "wire": _look(587, "AUTH CRAM-MD5 DIGEST-MD5", "AUTH CRAM-MD5 PLAIN LOGIN DIGEST-MD5")},
    ],
    passes=[
        {**_OWN_HOST, "wire": _look(587, "AUTH CRAM-MD5", "AUTH CRAM-MD5 PLAIN LOGIN")},
        {**_OWN_HOST, "wire": _look(587, "HELP", "HELP")},
        {**_OWN_HOST, "wire": _look(587, "AUTH CRAM-MD5", "AUTH CRAM-MD5 PLAIN GSSAPI LOGIN")},
        {**_OWN_HOST, "wire": _look(587, "HELP", "AUTH PLAIN", program="Postfix")},
        {**_OWN_HOST, "wire": _look(25, "HELP", "AUTH PLAIN")},
    ],
    refs=("sendmail: sendmail/srvrsmtp.c, saslmechs(): the list of libsasl cut by AuthMechanisms",),
)
def offer_differs_from_files(
    wire: Wire,
    cf: SendmailCf,
    service: LoginService,
    plugins: Plugins,
    conf: SaslConf | Unknown,
    listeners: Listeners,
) -> Findings:
    """Sendmail offers other mechanisms than its files foretell.

    The running daemon read other files, or older ones: it was started before they were changed, with another
    configuration (-C), or another program or a proxy answers in its place.

    Advice: restart sendmail; if the difference stays, see with which options it is started, and whether something
    stands between.
    """
    yield from gaps(conf)
    if isinstance(conf, Unknown) and list(gaps(conf)):
        return
    table = mechanisms(service, known(conf), plugins, None)
    foretold = {tls: frozenset(table.offered(tls)) & _JUDGED for tls in (False, True)}
    daemons = cf.daemons
    holders: dict[int, set[str]] = {}
    for listener in listeners.all:
        holders.setdefault(listener.port, set()).add(listener.program)
    for ports, (missing, extra, tls) in wire.together(
        (c, _difference(c, foretold)) for c in wire.per_endpoint if _is_sendmail(c, daemons, holders.get(c.port, set()))
    ):
        what = [f"{' '.join(missing)} not offered, though the files say so"] if missing else []
        what += [f"{' '.join(extra)} offered, of which the files say nothing"] if extra else []
        yield found(
            f"{ports.endpoint} {'in TLS' if tls else 'in clear'}: {'; '.join(what)}",
            evidence=[
                *ports.evidence("AUTH"),
                Evidence(cf.path, f"AuthMechanisms: {' '.join(cf.auth_mechanisms) or 'none'}"),
            ],
            fix=[restart()],
            endpoint=ports.endpoint,
        )


def _is_sendmail(c: Conversation, daemons: tuple[Daemon, ...], holders: set[str]) -> bool:
    """Whether the sendmail of sendmail.cf answers there, and offers AUTH: to offer none at all is another matter."""
    if c.server != "sendmail" or c.masked or not _auth(c):
        return False
    others = holders - {"?"}
    held = all(h.startswith(("sendmail", "sm-mta", "systemd", "init", "inetd", "xinetd")) for h in others)
    return held and any(d.port == c.port and not d.auth_off for d in daemons)


_Difference = tuple[tuple[str, ...], tuple[str, ...], bool]


def _difference(c: Conversation, foretold: dict[bool, frozenset[str]]) -> _Difference | None:
    """What is missing and what is too much, in TLS where there is TLS, else in clear."""
    for tls, hello in ((True, c.in_tls), (False, c.in_clear)):
        if hello is not None and hello.esmtp:
            there = frozenset(hello.auth) & _JUDGED
            if there != foretold[tls]:
                return tuple(sorted(foretold[tls] - there)), tuple(sorted(there - foretold[tls])), tls
    return None


_CLIENT = (
    "=== connect 192.0.2.1:587 auto for mail.example.com\n=== purpose look\n=== pasted\n"
    "<-  220 mail.example.com ESMTP\n -> EHLO me\n"
)


@check(
    "WIRE090",
    "no-tls-begun",
    "warning",
    rung="offer",
    role="symptom",
    scope=("listener",),
    witnesses=("MECH130", "CONF507"),
    fails=[{"wire": _CLIENT + "<-  250-mail.example.com\n<-  250-STARTTLS\n<-  250 HELP\n"}],
    passes=[
        {"wire": _CLIENT + "<-  250-mail.example.com\n<-  250-STARTTLS\n<-  250 AUTH PLAIN\n"},
        {
            "wire": _CLIENT
            + "<-  250-mail.example.com\n<-  250-STARTTLS\n<-  250 HELP\n -> STARTTLS\n<-  220 go ahead\n"
        },
        {"wire": _CLIENT.replace("=== pasted\n", "") + "<-  250-mail.example.com\n<-  250-STARTTLS\n<-  250 HELP\n"},
    ],
    refs=("RFC 4954 section 4: a server may offer AUTH only once TLS protects it",),
)
def no_tls_begun(wire: Wire) -> Findings:
    """A client did not begin TLS, and without it the server offers no AUTH.

    Most servers are told to offer AUTH only once TLS is on (Postfix: smtpd_tls_auth_only; Exim:
    server_advertise_condition; Sendmail: AuthOptions p; Dovecot: ssl=required). A client that does not use STARTTLS
    sees no AUTH and says that the server cannot do it. What is offered in TLS this conversation does not show.

    Advice: let the client begin TLS (starttls() before login() in Python, --tls in swaks, --ssl-reqd in curl, tls://
    before the name of the server in Roundcube, SMTPSecure = 'tls' in PHPMailer, mail.smtp.starttls.enable in JavaMail,
    requireTLS in Nodemailer), or use port 465. If EHLO has no AUTH in TLS either, the server does not offer it on this
    port.
    """
    for c in wire.all:
        seen = "pasted" in c.notes and c.in_clear is not None and c.in_tls is None and not c.trouble
        if seen and c.in_clear and c.in_clear.starttls and not c.in_clear.auth and c.reply_to("STARTTLS") is None:
            yield found(
                f"{c.endpoint} offers STARTTLS and no AUTH without it, and the client did not begin TLS",
                evidence=[c.evidence("250", "503")],
                endpoint=c.endpoint,
            )


@check(
    "WIRE085",
    "client-in-clear-on-a-tls-port",
    "warning",
    rung="tls",
    role="symptom",
    scope=("listener",),
    fails=[{"wire": "=== connect mail.example.com:465 clear\n=== purpose look\n=== pasted\n"}],
    passes=[
        {"wire": _CLIENT + "<-  250-mail.example.com\n<-  250-STARTTLS\n<-  250 AUTH PLAIN\n"},
        {"wire": "=== connect mail.example.com:465 implicit\n=== purpose look\n=== pasted\n"},
    ],
    refs=("RFC 8314 section 3.3: on port 465 TLS begins with the first byte",),
)
def client_in_clear_on_a_tls_port(wire: Wire) -> Findings:
    """A client waited in clear for a greeting on port 465, where TLS begins with the first byte.

    The server waits for the client to begin TLS, and the client waits for the server to greet: in the end one of them
    hangs up, and no login was tried.

    Advice: let the client use TLS from the first byte on this port (JavaMail: mail.smtp.ssl.enable or the protocol
    smtps; PHPMailer: SMTPSecure = 'ssl'; Nodemailer: secure: true; smtplib: SMTP_SSL), or port 587 with STARTTLS.
    """
    for c in wire.all:
        if "pasted" in c.notes and c.mode == "clear" and c.port == 465:
            yield found(
                f"{c.endpoint} begins with TLS, and the client waited there in clear: none of them says a word",
                evidence=[Evidence(c.endpoint, "port 465, TLS (isSSL) false, no reply")],
                endpoint=c.endpoint,
            )

"""Which mechanisms Dovecot offers a mail server, whether its auth service can start with them, and what is left of them
for clients."""

from difflib import get_close_matches

from maildoctor.api import (
    AddLine,
    Findings,
    LoginService,
    Restart,
    SetInLine,
    SetPostfix,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
    shown,
)
from maildoctor.api.dovecot import (
    CHALLENGES,
    Dovecot,
    DovecotSockets,
    PasswdFiles,
    askers,
    is_asked,
    offered,
    servable,
    unknown_mechanisms,
)
from maildoctor.api.postfix import Postfix

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_LIBSASL = "service: postfix /etc/postfix/main.cf\nwanted"
_HEAD = "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\n"
_FILE = "passdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}\n"
_PAM = "passdb {\n  driver = pam\n}\n"
_GOOD = f"{_HEAD}auth_mechanisms = plain login\n{_FILE}"
_MAIN = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n"
    "smtpd_sasl_path = private/auth\nsmtpd_tls_security_level = may\n{}\n"
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd"
)
_POSTFIX = _MAIN.format("smtpd_tls_auth_only = yes")
_CLEAR = _MAIN.format(
    "smtpd_sasl_security_options = noanonymous, noplaintext\nsmtpd_sasl_tls_security_options = noanonymous"
)
_HIDES = _MAIN.format(
    "smtpd_sasl_security_options = noanonymous, noplaintext\nsmtpd_sasl_tls_security_options = noanonymous, noplaintext"
)
_STRONG = f"{_HEAD}auth_mechanisms = scram-sha-256 plain login\n{_FILE}"
_SAID = (
    ">> socket: /var/spool/postfix/private/auth\nsrw-rw---- postfix postfix /var/spool/postfix/private/auth\n"
    "connect: ok\nVERSION 1 2\nMECH PLAIN plaintext\nMECH LOGIN plaintext\nSPID\nDONE"
)


def _with(dovecot: Dovecot, words: str, service: LoginService) -> list[Step]:
    """auth_mechanisms with this value, where it stands or at the end of the main file, and both told."""
    old = dovecot.get("auth_mechanisms")
    steps: list[Step]
    if old is not None and old.written.startswith("auth_mechanisms"):
        steps = [SetInLine(old.path, old.line, "auth_mechanisms", words, old.value)]
    else:
        steps = [AddLine(dovecot.main, f"auth_mechanisms = {words}")]
    return [*steps, Restart("dovecot"), Restart(service.product)]


def _words(mechanisms: list[str]) -> str:
    return " ".join(m.lower() for m in mechanisms)


@check(
    "CONF067",
    "dovecot-mechanism-not-built-in",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN066", "no-answer", "no-offer", "no-starttls"),
    witnesses=("CONF660",),
    fails=[
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_mechanisms = plain logn\n{_FILE}"},
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_mechanisms = plain,login\n{_FILE}"},
        {
            "service": _ASKED,
            "dovecot": f"{_HEAD.replace('2.3.19.1', '2.3.4')}auth_mechanisms = plain scram-sha-256\n{_FILE}",
        },
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD},
        {"service": _LIBSASL, "dovecot": f"{_HEAD}auth_mechanisms = plain logn\n{_FILE}"},
    ],
    refs=("dovecot: auth/mech.c, mech_register_init()",),
)
def mechanism_unknown(service: LoginService, dovecot: Dovecot) -> Findings:
    """auth_mechanisms names a mechanism that this Dovecot does not know, so its auth service cannot start.

    It is found at the first login only: the auth service starts when somebody asks it. Names are parted by blanks, not
    by commas.

    Advice: correct or remove the name; SCRAM-SHA-256 came with 2.3.10, SHA-512 with none.
    """
    bad = unknown_mechanisms(dovecot) if is_asked(service) else []
    if not bad:
        return
    whole = " ".join(dovecot.mechanisms).replace(",", " ").split()
    meant = (
        m if m not in bad else next(iter(get_close_matches(m, ("PLAIN", "LOGIN", *CHALLENGES), 1)), "") for m in whole
    )
    good = list(dict.fromkeys(m for m in meant if m and (m not in bad or "," in dovecot.value("auth_mechanisms"))))
    yield found(
        f"Dovecot {dovecot.release} knows no mechanism {' '.join(bad)} (auth_mechanisms): its auth service cannot"
        " start",
        evidence=[dovecot.evidence("auth_mechanisms")],
        fix=_with(dovecot, _words(good or ["PLAIN", "LOGIN"]), service),
        setting="auth_mechanisms",
    )


@check(
    "CONF068",
    "dovecot-challenge-without-lookup",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN066", "no-answer", "no-offer", "no-starttls"),
    witnesses=("CONF660",),
    fails=[
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_mechanisms = plain cram-md5\n{_PAM}"},
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_mechanisms = plain login"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_mechanisms = plain cram-md5\n{_FILE}"},
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_mechanisms = plain login\n{_PAM}"},
        {"service": _ASKED, "dovecot": f"{_HEAD}auth_mechanisms = external gssapi"},
    ],
    refs=("dovecot: auth/auth.c, auth_mech_list_verify_passdb()",),
)
def challenge_without_lookup(service: LoginService, dovecot: Dovecot) -> Findings:
    """No passdb can serve a mechanism of auth_mechanisms, so Dovecot's auth service cannot start.

    CRAM-MD5, DIGEST-MD5 and SCRAM need the stored password; PAM only says yes or no to a password that is sent. Without
    any passdb nothing can be verified at all.

    Advice: offer PLAIN and LOGIN alone, in TLS, or keep the users in a passwd-file or database.
    """
    if not is_asked(service) or dovecot.problems:
        return
    passdbs = [p for p in dovecot.passdbs if not p.master]
    if not passdbs:
        needy = [m for m in dovecot.mechanisms if m in CHALLENGES or m in ("PLAIN", "LOGIN", "EXTERNAL")]
        needy = [m for m in needy if m != "EXTERNAL"] or []
        if needy:
            yield found(
                f"Dovecot has no passdb, and {needy[0]} needs one: its auth service cannot start",
                evidence=[dovecot.evidence("auth_mechanisms")],
                fix=[
                    edit(dovecot.main, "add a passdb, as passdb pam, or include the file that has it"),
                    inspect("doveconf -n passdb"),
                    Restart("dovecot"),
                    Restart(service.product),
                ],
                setting="passdb",
            )
        return
    needy = [m for m in dovecot.mechanisms if m in CHALLENGES]
    if needy and not any(p.has_lookup for p in passdbs):
        left = [m for m in dovecot.mechanisms if m not in CHALLENGES] or ["PLAIN", "LOGIN"]
        drivers = " ".join(dict.fromkeys(p.driver for p in passdbs))
        yield found(
            f"Dovecot cannot offer {' '.join(needy)}: passdb {drivers} tells no stored password, so its auth service"
            " cannot start",
            evidence=[dovecot.evidence("auth_mechanisms"), passdbs[0].evidence],
            fix=_with(dovecot, _words(left), service),
            setting="auth_mechanisms",
        )


@check(
    "CONF070",
    "dovecot-login-not-offered",
    "warning",
    rung="offer",
    role="cause",
    witnesses=("MECH500", "SASL502"),
    fails=[
        {"service": _ASKED, "postfix": _POSTFIX, "dovecot": f"{_HEAD}{_FILE}"},
        {"service": _ASKED, "postfix": _CLEAR, "dovecot": f"{_HEAD}auth_mechanisms = plain\n{_FILE}"},
        {"service": _ASKED, "postfix": _CLEAR, "dovecot": f"{_HEAD}auth_mechanisms = plain login\n{_FILE}"},
        {
            "service": _ASKED,
            "postfix": _CLEAR,
            "dovecot": f"{_HEAD}auth_mechanisms = plain\nauth_realms = mail.example.com\n{_FILE}",
            "files": ">> file: /etc/dovecot/users\nanna\tPLAIN\ttext",
        },
    ],
    passes=[
        {"service": _ASKED, "postfix": _POSTFIX, "dovecot": _GOOD},
        {
            "service": _ASKED,
            "postfix": _CLEAR,
            "dovecot": _STRONG,
        },
        {"service": _LIBSASL, "postfix": _POSTFIX, "dovecot": f"{_HEAD}{_FILE}"},
    ],
    refs=("dovecot: auth/auth-settings.c: auth_mechanisms is plain", "postfix: smtpd/smtpd_sasl_glue.c"),
)
def login_not_offered(
    service: LoginService,
    postfix: Postfix,
    dovecot: Dovecot,
    sockets: DovecotSockets | Unknown,
    files: PasswdFiles | Unknown,
) -> Findings:
    """Dovecot's auth_mechanisms leaves clients without a mechanism: LOGIN is missing, or smtpd finds none that its
    security options let it offer.

    The default is plain alone, and Outlook and older devices log in by LOGIN only. An smtpd that may offer nothing in
    clear, because of noplaintext, ends with `fatal: no SASL authentication mechanisms` as soon as a client connects.

    Advice: auth_mechanisms = plain login; and let Postfix offer AUTH in TLS alone (smtpd_tls_auth_only = yes), or,
    where passwords are stored as {PLAIN}, name mechanisms too that send none: scram-sha-256, cram-md5.
    """
    if not is_asked(service) or dovecot.problems or unknown_mechanisms(dovecot):
        return
    names = offered(dovecot, None if isinstance(sockets, Unknown) else sockets)
    dead = [a for a in askers(postfix) if a.in_clear and not a.offered(names, tls=False)]
    lacking = "PLAIN" in names and "LOGIN" not in names
    if not names or (not dead and not lacking):
        return
    only = " ".join(names)
    if dead:
        options = dead[0].smtpd.evidence("smtpd_sasl_security_options")
        missing = ", LOGIN is missing" if lacking else ""
        strong = [] if isinstance(files, Unknown) else servable(dovecot, files)
        words = _words([*strong, *names, *(["LOGIN"] if lacking else [])])
        more = _with(dovecot, words, service) if lacking or strong else [Restart("postfix")]
        in_tls = [] if strong else [SetPostfix("smtpd_tls_auth_only", "yes")]
        yield found(
            f"auth_mechanisms has only {only}{missing}: {dead[0].name} may offer none of it without TLS"
            f" (smtpd_sasl_security_options), and ends at each connection",
            evidence=[dovecot.evidence("auth_mechanisms"), options],
            severity="error",
            fix=[*in_tls, *more],
            setting="auth_mechanisms",
        )
        return
    yield found(
        f"auth_mechanisms has {only} without LOGIN: clients that know LOGIN only, as Outlook, cannot log in",
        evidence=[dovecot.evidence("auth_mechanisms")],
        fix=_with(dovecot, _words([*names, "LOGIN"]), service),
        setting="auth_mechanisms",
    )


@check(
    "MECH065",
    "plaintext-hidden-in-tls",
    "error",
    rung="offer",
    role="cause",
    scope=("mechanism",),
    explains=("no-offer",),
    witnesses=("SASL502",),
    fails=[
        {
            "service": _ASKED,
            "postfix": _HIDES,
            "dovecot": _STRONG,
        }
    ],
    passes=[
        {
            "service": _ASKED,
            "postfix": _CLEAR,
            "dovecot": _STRONG,
        },
        {"service": _ASKED, "postfix": _HIDES, "dovecot": f"{_HEAD}auth_mechanisms = scram-sha-256\n{_FILE}"},
        {"service": _LIBSASL, "postfix": _HIDES, "dovecot": _GOOD},
    ],
    refs=("postfix: xsasl/xsasl_dovecot_server.c, xsasl_dovecot_parse_reply()",),
)
def plaintext_hidden(
    service: LoginService, postfix: Postfix, dovecot: Dovecot, sockets: DovecotSockets | Unknown
) -> Findings:
    """Postfix hides PLAIN and LOGIN in TLS too, though Dovecot offers them: smtpd_sasl_tls_security_options has
    noplaintext.

    Most mail programs know PLAIN and LOGIN only. In TLS the password is protected by the connection; noplaintext is
    meant for connections without it. Without a value of its own the option is that without TLS.

    Advice: smtpd_sasl_tls_security_options = noanonymous.
    """
    if not is_asked(service) or dovecot.problems:
        return
    names = offered(dovecot, None if isinstance(sockets, Unknown) else sockets)
    common = [m for m in ("PLAIN", "LOGIN") if m in names]
    hiding = [a for a in askers(postfix) if common and not set(common) & {*a.offered(names, tls=True)}]
    for asker in hiding[:1]:
        own = "smtpd_sasl_tls_security_options"
        refers = (
            "smtpd_sasl_tls_security_options" not in postfix.main.parameters and own not in asker.smtpd.service.options
        )
        shown_by = asker.smtpd.evidence("smtpd_sasl_security_options" if refers else own)
        yield found(
            f"{own} = {asker.smtpd.value(own)}: noplaintext hides {' '.join(common)} from clients in TLS",
            evidence=[shown_by, dovecot.evidence("auth_mechanisms")],
            fix=[
                SetPostfix(own, "noanonymous")
                if own not in asker.smtpd.service.options
                else edit(asker.smtpd.evidence(own).source, "-o smtpd_sasl_tls_security_options=noanonymous"),
                Restart("postfix"),
            ],
            mechanism="PLAIN",
            setting=own,
        )


@check(
    "MECH066",
    "dovecot-mechanisms-not-taken-over",
    "warning",
    rung="offer",
    role="cause",
    fails=[{"service": _ASKED, "dovecot": f"{_HEAD}auth_mechanisms = plain login cram-md5\n{_FILE}", "sockets": _SAID}],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "sockets": _SAID},
        {"service": _ASKED, "dovecot": _GOOD, "sockets": _SAID.replace("DONE", "end: closed")},
    ],
    refs=("dovecot: auth/auth.c: the list is made once, at the start",),
)
def not_taken_over(service: LoginService, dovecot: Dovecot, sockets: DovecotSockets) -> Findings:
    """The running auth service offers other mechanisms than auth_mechanisms has: it was not reloaded.

    Advice: doveadm reload, then reload the mail server, which keeps the list that it was once told.
    """
    if not is_asked(service) or dovecot.problems or dovecot.unread or unknown_mechanisms(dovecot):
        return
    wanted = {m for m in dovecot.mechanisms if not m.endswith("-PLUS")}
    for socket in sockets.all.values():
        said = socket.handshake
        if said is None or not said.ready or not said.mechanisms:
            continue
        have = {m for m in said.mechanisms if not m.endswith("-PLUS")}
        if have == wanted or "DOVECOT-TOKEN" in have:
            yield shown(" ".join(said.mechanisms), socket.evidence(f"MECH {' '.join(said.mechanisms)}"))
            continue
        yield found(
            f"Dovecot offers {' '.join(said.mechanisms)}, auth_mechanisms has {' '.join(dovecot.mechanisms)}:"
            " it was not reloaded since",
            evidence=[socket.evidence(f"MECH {' '.join(said.mechanisms)}"), dovecot.evidence("auth_mechanisms")],
            fix=[Restart("dovecot"), Restart(service.product)],
            path=socket.path,
        )


@check(
    "CONF071",
    "dovecot-exim-needs-legacy-socket",
    "info",
    rung="none",
    role="note",
    fails=[
        {
            "service": _ASKED,
            "dovecot": f"{_HEAD.replace('2.3.19.1', '2.4.1')}dovecot_config_version = 2.4.0\n"
            "dovecot_storage_version = 2.4.0\nservice auth {\n  unix_listener auth-exim {\n  }\n}",
        }
    ],
    passes=[{"service": _ASKED, "dovecot": _GOOD}],
    refs=("dovecot commit baf790336b: auth: Add auth-legacy socket type", "exim: auths/dovecot.c"),
)
def exim_needs_legacy(service: LoginService, dovecot: Dovecot) -> Findings:
    """Exim before 4.99 waits for Dovecot to speak first, which 2.4 does not do: each login hangs.

    Advice: type = auth-legacy in the unix_listener that Exim uses (2.4.1 and later).
    """
    if not dovecot.modern:
        return
    for listener in dovecot.listeners:
        if "exim" in f"{listener.user} {listener.group} {listener.path}".lower() and listener.type == "auth":
            yield found(
                f"Exim before 4.99 hangs at {listener.path}: the listener is of type auth",
                evidence=[listener.evidence],
                fix=[by_hand("type = auth-legacy in unix_listener {socket}", socket=listener.path), Restart("dovecot")],
                path=listener.path,
            )

"""MECH: mechanisms that are configured, trusted, loadable, offered, and those that a user can really use."""

import re

from maildoctor.api import (
    Absent,
    Account,
    AddServiceKey,
    Chown,
    Evidence,
    Findings,
    Install,
    LoginService,
    Step,
    Unknown,
    amend,
    by_hand,
    certificate,
    change,
    check,
    found,
    gaps,
    is_plain,
    known,
    set_option,
    taking_effect,
)
from maildoctor.api.backends import Kerberos
from maildoctor.api.cyrus import (
    PLAINTEXT,
    WITHOUT_SECRET,
    Plugins,
    Saslauthd,
    SaslConf,
    SaslDb,
    Shipped,
    lacks,
    mechanisms,
    plugin_of,
    uses_sasldb,
)
from maildoctor.api.host import LoginHistory, Look, System, may
from maildoctor.api.sendmail import MailMaps, authinfo_mechanisms

_PLAIN = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libplain.so.2\n"
)
_CRAM = _PLAIN + (
    "plugin: /usr/lib/sasl2/libcrammd5.so -> /usr/lib/sasl2/libcrammd5.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libcrammd5.so.2\n"
)
_GSSAPI = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libgssapiv2.so -> /usr/lib/sasl2/libgssapiv2.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libgssapiv2.so.2"
)
_USER = "test@mail.example.com: userPassword"


def _nobody_yet(service: LoginService, conf: SaslConf | Unknown, sasldb: SaslDb | Unknown) -> bool:
    """Users are meant to be in the user database that is asked, and nobody is: it lacks, is damaged, or is of another
    kind. Whom it will hold can be served by what is there for them."""
    empty = isinstance(sasldb, Absent) or (isinstance(sasldb, SaslDb) and not sasldb.users)
    by_daemon = isinstance(conf, SaslConf) and conf.verifies_by("saslauthd")
    return service.wanted and empty and not by_daemon and uses_sasldb(known(conf))


@check(
    "MECH001",
    "plug-in-not-installed",
    "error",
    rung="mechanism",
    role="cause",
    scope=("mechanism",),
    explains=("no-offer", "MAP012"),
    fails=[
        {"service": "mechanisms: CRAM-MD5 PLAIN", "plugins": _PLAIN, "sasldb": _USER},
        {"service": "wanted\nmechanisms: CRAM-MD5 PLAIN", "plugins": _PLAIN, "sasldb": "# empty"},
    ],
    passes=[
        {"service": "mechanisms: CRAM-MD5 PLAIN", "plugins": _CRAM, "sasldb": _USER},
        {"service": "mechanisms: CRAM-MD5 PLAIN", "plugins": _PLAIN},
        {"service": "mechanisms: GSSAPI PLAIN", "plugins": _PLAIN, "sasldb": _USER},
        {"service": "wanted\nmechanisms: GSSAPI PLAIN", "plugins": _PLAIN, "sasldb": "# empty"},
        {
            "service": "mechanisms: SCRAM-SHA-1 PLAIN",
            "plugins": _PLAIN,
            "sasldb": _USER,
            "shipped": "/usr/lib/sasl2/libplain.so",
        },
    ],
    refs=("sendmail: sendmail/srvrsmtp.c, saslmechs(): the list of libsasl cut by AuthMechanisms",),
)
def plug_in_not_installed(
    service: LoginService,
    plugins: Plugins,
    conf: SaslConf | Unknown,
    sasldb: SaslDb | Unknown,
    maps: MailMaps | Unknown,
    shipped: Shipped | Unknown,
    history: LoginHistory | Unknown,
) -> Findings:
    """A mechanism is configured, and users or authinfo entries need it, but its plug-in is not installed.

    libsasl can offer only what it can load; the name in AuthMechanisms has no effect, and clients that insist on the
    mechanism fail.

    Advice: install the package with the plug-in, or remove the mechanism from AuthMechanisms.
    """
    if not plugins.plugins:
        return
    yield from gaps(conf, sasldb, maps)
    asked = authinfo_mechanisms(known(maps))
    table = mechanisms(service, known(conf), plugins, known(sasldb), also=tuple(asked))
    explicit = service.chosen
    secrets, unsettled = _are_stored(sasldb, history), _nobody_yet(service, conf, sasldb)
    for offer in table.all:
        if offer.loads or plugins.by_mechanism(offer.name):
            continue
        served = (
            offer.users or (offer.name in _OF_SECRETS and secrets) or (unsettled and offer.name not in WITHOUT_SECRET)
        )
        wanted = explicit and offer.configured and offer.listed and served and uses_sasldb(known(conf))
        if not wanted and offer.name not in asked:
            continue
        if (
            offer.name not in asked
            and isinstance(shipped, Shipped)
            and not shipped.plugin(plugin_of(offer.name))
            and shipped.plugin("plain")
        ):
            continue  # this release has no such plug-in, and its users other mechanisms: one .mc for several releases
        verb = "configured" if offer.configured else "wanted"
        why = (
            f"the authinfo entry for {asked[offer.name]} asks for it"
            if offer.name in asked
            else f"{offer.users} user(s) could log in by it"
            if offer.users
            else "users who log in by stored passwords could log in by it"
        )
        yield found(
            f"{offer.name} is {verb}, but its plug-in is not installed; {why}",
            evidence=[
                service.evidence("mechanisms"),
                Evidence(
                    plugins.directories[0].path if plugins.directories else "plug-ins", f"no plug-in for {offer.name}"
                ),
            ],
            fix=taking_effect(service, Install(offer.name)),
            mech=offer.name,
        )


_OF_SECRETS = frozenset({"CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"})


def _are_stored(sasldb: SaslDb | Unknown, history: LoginHistory | Unknown) -> bool:
    """Whether the log shows what the user database would, where that cannot be read: somebody logs in by what needs the
    stored password."""
    if isinstance(sasldb, SaslDb | Absent) or isinstance(history, Unknown):
        return False
    return any(r.succeeded and r.mechanism in _OF_SECRETS for r in history.by_mechanism.values())


@check(
    "MECH002",
    "not-trusted-to-relay",
    "error",
    rung="policy",
    role="derived",
    witnesses=("RELAY120",),
    fails=[
        {"service": "wanted\nmechanisms: CRAM-MD5 PLAIN\ntrusted: CRAM-MD5", "plugins": _CRAM, "sasldb": _USER},
        {"service": "wanted\nmechanisms: CRAM-MD5\ntrusted: CRAM-MD5,PLAIN", "plugins": _CRAM, "sasldb": _USER},
        {"service": "wanted\nmechanisms: CRAM-MD5 PLAIN\ntrusted: PLAIN", "plugins": _CRAM, "sasldb": "# empty"},
    ],
    passes=[
        {"service": "wanted\nmechanisms: CRAM-MD5 PLAIN\ntrusted: CRAM-MD5 PLAIN", "plugins": _CRAM, "sasldb": _USER},
        {"service": "mechanisms: CRAM-MD5 PLAIN", "plugins": _CRAM, "sasldb": "# empty"},
    ],
    refs=("sendmail: cf/m4/proto.m4, ruleset Rcpt_ok: $={TrustAuthMech}; cf/README, TRUST_AUTH_MECH",),
)
def not_trusted_to_relay(
    service: LoginService,
    conf: SaslConf | Unknown,
    plugins: Plugins | Unknown,
    sasldb: SaslDb | Unknown,
    saslauthd: Saslauthd | Unknown,
) -> Findings:
    """A mechanism is offered but not trusted: who logs in by it gets 235, and then "Relaying denied".

    AuthMechanisms says what is offered, the class {TrustAuthMech} whose users may relay; nothing warns when they
    differ, and the log holds only the rejected recipient.

    Advice: list the mechanism in TRUST_AUTH_MECH in sendmail.mc, rebuild sendmail.cf and restart sendmail.
    """
    yield from gaps(conf, plugins, sasldb, saslauthd)
    table = mechanisms(service, known(conf), known(plugins), known(sasldb))
    serves, unsettled = _verifier_serves(conf, saslauthd), _nobody_yet(service, conf, sasldb)
    bad = [
        o.name
        for o in table.all
        if o.offered(tls=True)
        and not o.trusted
        and (o.users or (serves and o.name in PLAINTEXT) or (unsettled and o.name not in WITHOUT_SECRET))
    ]
    if not bad:
        return
    odd = [m for m in service.trusted or () if not re.fullmatch(r"[A-Za-z0-9_-]+", m)]
    names = dict.fromkeys([*(m for m in service.trusted or () if m not in odd), *bad])
    yield found(
        f"{' '.join(bad)}: offered by {service.option('mechanisms')} but not in the class TrustAuthMech, so a login by "
        "it does not allow relaying"
        + (f"; {odd[0][:60]} in it is no mechanism: separate the names with blanks" if odd else ""),
        evidence=[service.evidence("mechanisms"), service.evidence("trusted")],
        fix=change(service, "trusted", list(names)),
        subject="TrustAuthMech",
    )


def _verifier_serves(conf: SaslConf | Unknown, saslauthd: Saslauthd | Unknown) -> bool:
    return (
        isinstance(conf, SaslConf)
        and conf.verifies_by("saslauthd")
        and isinstance(saslauthd, Saslauthd)
        and bool(saslauthd.processes)
    )


@check(
    "MECH003",
    "trusted-but-not-offered",
    "error",
    rung="offer",
    role="derived",
    explains=("no-offer",),
    fails=[{"service": "wanted\nmechanisms: GSSAPI\ntrusted: CRAM-MD5 PLAIN", "plugins": _CRAM, "sasldb": _USER}],
    passes=[
        {"service": "wanted\nmechanisms: CRAM-MD5 PLAIN\ntrusted: CRAM-MD5 PLAIN", "plugins": _CRAM, "sasldb": _USER},
        {"service": "wanted\nmechanisms: PLAIN\ntrusted: CRAM-MD5 PLAIN", "plugins": _PLAIN, "sasldb": _USER},
    ],
    refs=("sendmail: cf/README, confAUTH_MECHANISMS",),
)
def trusted_but_not_offered(
    service: LoginService, plugins: Plugins, conf: SaslConf | Unknown, sasldb: SaslDb
) -> Findings:
    """A mechanism is trusted to relay, loads, and users have secrets for it, but AuthMechanisms leaves it out.

    EHLO names only what AuthMechanisms lists, so clients that know no other mechanism cannot log in. PLAIN and LOGIN
    are not in sendmail's default list either.

    Advice: add the mechanisms to confAUTH_MECHANISMS in sendmail.mc, rebuild sendmail.cf and restart sendmail.
    """
    table = mechanisms(service, known(conf), plugins, sasldb)
    bad = [o.name for o in table.all if o.trusted and o.loads and o.users and o.listed and not o.configured]
    if bad:
        yield found(
            f"{' '.join(bad)}: trusted (TrustAuthMech) but not listed in AuthMechanisms, so never offered",
            evidence=[service.evidence("mechanisms"), service.evidence("trusted")],
            fix=change(service, "mechanisms", list(dict.fromkeys([*(service.mechanisms or ()), *bad]))),
            option=service.option("mechanisms"),
        )


@check(
    "MECH004",
    "hidden-by-mech-list",
    "error",
    rung="offer",
    role="cause",
    explains=("no-offer", "MECH003"),
    fails=[
        {"service": "mechanisms: CRAM-MD5 PLAIN", "plugins": _CRAM, "sasldb": _USER, "conf": "mech_list: PLAIN LOGIN"}
    ],
    passes=[
        {
            "service": "mechanisms: CRAM-MD5 PLAIN",
            "plugins": _CRAM,
            "sasldb": _USER,
            "conf": "mech_list: PLAIN CRAM-MD5",
        },
        {"service": "", "plugins": _CRAM, "sasldb": _USER, "conf": "mech_list: PLAIN"},
    ],
    refs=("libsasl: lib/server.c, mech_list; doc/options.html",),
)
def hidden_by_mech_list(service: LoginService, conf: SaslConf, plugins: Plugins, sasldb: SaslDb) -> Findings:
    """mech_list in Sendmail.conf hides mechanisms that sendmail.cf asks for and users could use.

    What is offered is the list of libsasl cut by AuthMechanisms; libsasl's list is cut by mech_list before. Two lists
    that differ leave less than either says, which may be meant as long as something is left before TLS too.

    Advice: name the wanted mechanisms in mech_list too, or delete the line; then restart sendmail.
    """
    if conf.mechs is None or not service.chosen:
        return
    table = mechanisms(service, conf, plugins, sasldb)
    bad = [o.name for o in table.all if o.configured and o.loads and o.users and not o.listed]
    if bad:
        comma = "; a comma in mech_list is part of a name: separate with blanks" if conf.commas_in_mech_list else ""
        nothing = "; before TLS nothing is left to offer" if not table.offered(tls=False) else ""
        line = conf.options["mech_list"]
        names = " ".join(o.name for o in table.all if o.configured and re.fullmatch(r"[A-Z0-9_-]+", o.name))
        yield found(
            f"mech_list in {conf.path} allows only {' '.join(conf.mechs)} and hides {' '.join(bad)}{comma}{nothing}",
            evidence=[Evidence(f"{conf.path}:{line.line}", f"mech_list: {line.value}"), service.evidence("mechanisms")],
            fix=taking_effect(service, set_option(conf, "mech_list", names)),
            severity="info" if table.offered(tls=False) else "error",
            option="mech_list",
        )


@check(
    "MECH005",
    "options-leave-nothing",
    "error",
    rung="offer",
    role="cause",
    explains=("no-offer",),
    fails=[{"service": "mechanisms: CRAM-MD5 PLAIN\nrequires: A f m p y", "plugins": _CRAM}],
    passes=[{"service": "mechanisms: CRAM-MD5 PLAIN\nrequires: A p y", "plugins": _CRAM}],
    refs=("sendmail: doc/op, AuthOptions; libsasl: plugins/*.c, security_flags",),
)
def options_leave_nothing(service: LoginService, plugins: Plugins, conf: SaslConf | Unknown) -> Findings:
    """AuthOptions asks for properties that the mechanisms do not have, so they are not offered.

    f asks for forward secrecy (only SRP and OTP have it), m for mutual authentication, a for safety from active and d
    from dictionary attacks. What does not have all of them is left out without a word.

    Advice: drop the letters from confAUTH_OPTIONS that no mechanism in use has (f, m, d, a), rebuild and restart.
    """
    table = mechanisms(service, known(conf), plugins, None)
    asked = service.requires & frozenset("adfmc")
    ready = [o for o in table.all if o.loads and o.configured and o.listed and o.name != "EXTERNAL"]
    lost = [o for o in ready if lacks(o.name, asked)]
    if not lost:
        return
    nothing = len(lost) == len(ready)
    guilty = "".join(sorted({x for o in lost for x in lacks(o.name, asked)}))
    yield found(
        f"{service.option('requires')} ({' '.join(sorted(asked))}) excludes {' '.join(o.name for o in lost)}:"
        f" {'no mechanism is left to offer' if nothing else 'they are not offered'}",
        evidence=[
            service.evidence("requires"),
            *(
                Evidence(
                    o.plugin.path if o.plugin else o.name, f"{o.name} has no {' '.join(sorted(lacks(o.name, asked)))}"
                )
                for o in lost[:8]
            ),
        ],
        fix=_without(service, guilty),
        severity="error" if nothing else "info" if table.offered(tls=True) else "warning",
        option=service.option("requires"),
    )


def _without(service: LoginService, letters: str) -> list[Step]:
    if service.product != "sendmail":
        return amend(service, f"take {{letters}} out of {service.option('requires')}", letters=list(letters))
    words = service.value("requires").replace(",", " ").split()
    return change(service, "requires", [word for word in words if word[0] not in letters])


@check(
    "MECH006",
    "gssapi-without-keytab",
    "warning",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    explains=("no-offer",),
    witnesses=("KRB100", "KRB101", "KRB102"),
    fails=[
        {
            "service": "mechanisms: GSSAPI PLAIN",
            "system": "keytab: missing",
            "plugins": _GSSAPI,
        }
    ],
    passes=[
        {
            "service": "mechanisms: GSSAPI PLAIN",
            "system": "keytab: /etc/krb5.keytab",
            "plugins": _GSSAPI,
        }
    ],
    refs=("libsasl: plugins/gssapi.c, keytab; krb5.conf(5)",),
)
def gssapi_without_keytab(
    service: LoginService,
    plugins: Plugins,
    system: System,
    conf: SaslConf | Unknown,
    kerberos: Kerberos | Unknown,
) -> Findings:
    """GSSAPI is offered, but the host has no keytab: no GSSAPI login can succeed.

    Clients that prefer GSSAPI fail or fall back; the others log in as if nothing were wrong.

    Advice: install a keytab for smtp/HOST, or remove GSSAPI from confAUTH_MECHANISMS (or from mech_list).
    """
    table = mechanisms(service, known(conf), plugins, None)
    keytab = conf.value("keytab") if isinstance(conf, SaslConf) else None
    rest = [name for name in service.mechanisms or () if name not in ("GSSAPI", "GSS-SPNEGO")]
    principal = f"smtp/{service.realm}"
    if (
        system.keytab == ""
        and keytab is None
        and any(name in table.offered(tls=True) for name in ("GSSAPI", "GSS-SPNEGO"))
    ):
        yield found(
            "GSSAPI is offered, but there is no keytab (/etc/krb5.keytab is missing)",
            evidence=[service.evidence("mechanisms"), Evidence("ls -l /etc/krb5.keytab", "missing")],
            fix=[AddServiceKey(principal, "/etc/krb5.keytab")]
            if isinstance(kerberos, Kerberos) and kerberos.kdc_is_here and service.realm and is_plain(principal)
            else change(service, "mechanisms", rest)
            if rest
            else amend(service, f"take GSSAPI out of {service.option('mechanisms')}, or fetch a keytab for smtp/HOST"),
            severity="error" if system.kerberos else None,
            mech="GSSAPI",
        )


@check(
    "MECH010",
    "gssapi-keytab-unreadable",
    "error",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    fails=[
        {
            "service": "mechanisms: GSSAPI PLAIN\naccount: smmta smmsp",
            "system": "keytab: /etc/krb5.keytab\n-rw------- root root /etc/krb5.keytab",
            "plugins": _GSSAPI,
        },
        {
            "service": "mechanisms: GSSAPI PLAIN\naccount: smmta smmsp",
            "system": "keytab: /etc/krb5.keytab\n-rw-r----- root keys /etc/krb5.keytab",
            "plugins": _GSSAPI,
        },
    ],
    passes=[
        {
            "service": "mechanisms: GSSAPI PLAIN\naccount: smmta smmsp",
            "system": "keytab: /etc/krb5.keytab\n-rw-r----- root smmsp /etc/krb5.keytab",
            "plugins": _GSSAPI,
        },
        {
            "service": "mechanisms: GSSAPI PLAIN",
            "system": "keytab: /etc/krb5.keytab\n-rw------- root root /etc/krb5.keytab",
            "plugins": _GSSAPI,
        },
    ],
    refs=("sendmail: doc/op, RunAsUser", "libsasl: plugins/gssapi.c; krb5.conf(5)"),
)
def keytab_unreadable(service: LoginService, plugins: Plugins, system: System, conf: SaslConf | Unknown) -> Findings:
    """GSSAPI is offered, but the user that sendmail runs as may not read the keytab: no GSSAPI login can succeed.

    RunAsUser makes sendmail give up root before the first login; the log then says "generic failure" and "Permission
    denied" of the keytab.

    Advice: let the group of that user read the keytab, or give the user one of its own (option keytab in
    Sendmail.conf), or take RunAsUser out. Other services share /etc/krb5.keytab: add a right, do not take it from
    them; whoever is in that group can then read their keys too.
    """
    account, file = service.account, system.keytab_file
    if account is None or file is None or file.has_acl:
        return
    own = isinstance(conf, SaslConf) and conf.value("keytab") is not None
    offered = mechanisms(service, known(conf), plugins, None).offered(tls=True)
    # sendmail/main.c, drop_privileges(): setgroups() leaves it one group, whatever /etc/group says
    joined = () if service.product == "sendmail" else system.groups_of(account.user)
    if own or not {"GSSAPI", "GSS-SPNEGO"} & set(offered) or may(file, account.user, {*account.groups, *joined}, 4):
        return
    yield found(
        f"{service.option('account')} is {account.user}, who has no permission to read the keytab {file.path}",
        evidence=[service.evidence("account"), file.evidence],
        fix=[_read_by(account, file)],
        mech="GSSAPI",
    )


def _read_by(account: Account, file: Look) -> Step:
    """The keytab for the account's group, where that takes nothing from another one."""
    if account.groups and (file.group in ("root", "wheel") or not file.mode & 0o040):
        mode = f"{file.mode | 0o040:04o}"
        return Chown(f":{account.groups[0]}", (file.path,), f":{file.group}", mode, file.octal)
    return by_hand(
        "give {user} a keytab of its own with the keys of smtp/HOST (kadmin: ktadd -k FILE smtp/HOST), and name it by "
        "the option keytab in the configuration of libsasl",
        user=account.user,
    )


@check(
    "MECH007",
    "plain-text-without-tls",
    "warning",
    rung="offer",
    role="risk",
    explains=("WIRE011", "WIRE023"),
    fails=[{"service": "mechanisms: PLAIN LOGIN\nrequires: A", "plugins": _PLAIN}],
    passes=[
        {"service": "mechanisms: PLAIN LOGIN\nrequires: A p", "plugins": _PLAIN},
        {"service": "mechanisms: CRAM-MD5\nrequires: A", "plugins": _CRAM},
        {"service": "service: postfix /etc/postfix/main.cf\nmechanisms: PLAIN LOGIN", "plugins": _PLAIN},
    ],
    refs=("RFC 4954 section 4: PLAIN only under TLS; sendmail: doc/op, AuthOptions p",),
)
def plain_text_without_tls(service: LoginService, plugins: Plugins | Unknown, conf: SaslConf | Unknown) -> Findings:
    """Mechanisms that send the password itself are offered without TLS.

    Whoever can listen on the way gets the password, in base64, which hides nothing.

    Advice: add p to confAUTH_OPTIONS (define(`confAUTH_OPTIONS', `A p')), rebuild sendmail.cf and restart: PLAIN and
    LOGIN are then offered after STARTTLS only.
    """
    if not service.offer_known:
        yield Unknown(f"what {service.product} offers is not known")
        return
    if service.product == "postfix":  # each smtpd has settings of its own, which its checks judge (TLS049)
        return
    yield from gaps(conf, plugins)
    bad = [
        name for name in mechanisms(service, known(conf), known(plugins), None).offered(tls=False) if name in PLAINTEXT
    ]
    if bad:
        letters = f"{service.value('requires') or 'A'} p"
        yield found(
            f"{' and '.join(bad)} {'is' if len(bad) == 1 else 'are'} offered without TLS: "
            f"{service.option('requires')} lacks p",
            evidence=[service.evidence("requires"), service.evidence("mechanisms")],
            fix=change(service, "requires", letters.split()),
            option=service.option("requires"),
        )


@check(
    "MECH008",
    "offered-but-nobody-can-serve-it",
    "error",
    rung="account",
    role="cause",
    scope=("mechanism",),
    witnesses=("SASL502",),
    fails=[
        {
            "service": "mechanisms: CRAM-MD5 PLAIN",
            "plugins": _CRAM,
            "conf": "pwcheck_method: saslauthd",
        }
    ],
    passes=[
        {
            "service": "mechanisms: CRAM-MD5 PLAIN",
            "plugins": _CRAM,
            "conf": "pwcheck_method: saslauthd\nmech_list: PLAIN",
        },
        {
            "service": "mechanisms: CRAM-MD5 PLAIN",
            "plugins": _CRAM,
            "conf": "pwcheck_method: saslauthd",
            "sasldb": _USER,
        },
    ],
    refs=("libsasl: plugins/cram.c: asks auxprop for the plain password; saslauthd(8) knows only name and password",),
)
def offered_but_nobody_can_serve_it(
    service: LoginService, conf: SaslConf, plugins: Plugins, sasldb: SaslDb | Unknown
) -> Findings:
    """A challenge mechanism is offered, but passwords are checked by saslauthd, which cannot serve it.

    saslauthd can only be asked whether a name and a password fit (PLAIN, LOGIN). CRAM-MD5, DIGEST-MD5 and SCRAM need
    the stored password from a sasldb; without one a client that picks them gets 535 though its password is right.

    Advice: offer PLAIN and LOGIN only (mech_list: PLAIN LOGIN), or store the users with saslpasswd2 as well.
    """
    if not service.offer_known:
        yield Unknown(f"what {service.product} offers is not known")
        return
    if not conf.verifies_by("saslauthd") or not uses_sasldb(conf):
        return
    yield from gaps(sasldb)
    if isinstance(sasldb, SaslDb) and sasldb.users:
        return
    offered = mechanisms(service, conf, plugins, None).offered(tls=True)
    bad = [n for n in offered if n not in PLAINTEXT and n not in WITHOUT_SECRET and n != "OTP"]
    if bad:
        yield found(
            f"{' '.join(bad)} offered, but pwcheck_method saslauthd cannot serve it and no sasldb has secrets",
            evidence=[
                Evidence(conf.path, f"pwcheck_method: {' '.join(conf.pwcheck_methods)}"),
                service.evidence("mechanisms"),
            ],
            fix=_only(service, conf, [n for n in offered if n not in bad]),
            mech=" ".join(bad),
        )


def _only(service: LoginService, conf: SaslConf, kept: list[str]) -> list[Step]:
    """What can be served is offered still, and PLAIN and LOGIN at last, or AUTH would be gone."""
    wanted = [*kept, *(() if set(kept) & PLAINTEXT else ("PLAIN", "LOGIN"))]
    steps = taking_effect(service, set_option(conf, "mech_list", " ".join(wanted)))
    cut = service.mechanisms is not None and not set(wanted) <= set(service.mechanisms)
    if not cut:
        return steps
    trusted = service.trusted is None or set(wanted) <= set(service.trusted)
    more = [] if trusted else change(service, "trusted", [*dict.fromkeys((*(service.trusted or ()), *wanted))])
    offer = change(service, "mechanisms", wanted)
    return [steps[0], *more[:1], *offer]


@check(
    "MECH009",
    "no-tls-for-plain",
    "error",
    rung="tls",
    role="derived",
    explains=("no-offer", "no-starttls"),
    fails=[
        {
            "service": "mechanisms: PLAIN LOGIN\nrequires: A p\nwithout TLS: no certificate and key are configured",
            "plugins": _PLAIN,
        }
    ],
    passes=[
        {
            "service": "mechanisms: PLAIN CRAM-MD5\nrequires: A p",
            "plugins": _CRAM,
        },
        {
            "service": "mechanisms: PLAIN LOGIN\nrequires: A p",
            "plugins": _PLAIN,
        },
    ],
    refs=("sendmail: sendmail/srvrsmtp.c: without a usable certificate STARTTLS is not offered",),
)
def no_tls_for_plain(service: LoginService, plugins: Plugins, conf: SaslConf | Unknown) -> Findings:
    """Only PLAIN and LOGIN are left, allowed under TLS alone (AuthOptions p), and no certificate is configured.

    Without a certificate and key STARTTLS is never offered, so no mechanism ever is.

    Advice: configure a certificate and key, and a CA file and folder, without which sendmail offers no STARTTLS either
    (confSERVER_CERT, confSERVER_KEY, confCACERT, confCACERT_PATH), rebuild sendmail.cf and restart.
    """
    table = mechanisms(service, known(conf), plugins, None)
    if not service.without_tls or table.offered(tls=False) or not table.offered(tls=True):
        return
    yield found(
        f"{' '.join(table.offered(tls=True))} may be offered under TLS only ({service.option('requires')} p), and "
        + service.without_tls,
        evidence=[service.evidence("requires"), service.evidence("certificate")],
        fix=certificate(service),
        option=service.option("certificate"),
    )

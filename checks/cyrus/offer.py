"""MECH: what is left to offer where two lists meet, and whether common mail programs can speak it."""

from maildoctor.api import Evidence, Findings, LoginService, Unknown, change, check, found, gaps, known, set_option
from maildoctor.api.cyrus import Plugins, SaslConf, mechanisms
from maildoctor.api.sendmail import SendmailCf

_PLAIN = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libplain.so.2\n"
)
_CRAM = _PLAIN + (
    "plugin: /usr/lib/sasl2/libcrammd5.so -> /usr/lib/sasl2/libcrammd5.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libcrammd5.so.2\n"
)
_ANONYMOUS = _PLAIN + (
    "plugin: /usr/lib/sasl2/libanonymous.so -> /usr/lib/sasl2/libanonymous.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libanonymous.so.2\n"
)
_BUILT_IN = "EXTERNAL"
"""Offered only to a client that has shown a certificate."""


@check(
    "MECH011",
    "lists-share-no-mechanism",
    "error",
    rung="offer",
    role="cause",
    explains=("no-offer", "MECH003", "MECH004", "MECH008", "MECH009"),
    fails=[
        {"service": "mechanisms: CRAM-MD5", "plugins": _CRAM, "conf": "mech_list: PLAIN LOGIN"},
        {
            "service": "mechanisms: CRAM-MD5\ntrusted: PLAIN LOGIN CRAM-MD5",
            "plugins": _CRAM,
            "conf": "mech_list: PLAIN LOGIN",
        },
        {
            "service": "wanted\nmechanisms: EXTERNAL GSSAPI KERBEROS_V4 DIGEST-MD5 CRAM-MD5",
            "plugins": _CRAM,
            "conf": "mech_list: PLAIN LOGIN",
        },
    ],
    passes=[
        {"service": "mechanisms: CRAM-MD5 PLAIN", "plugins": _CRAM, "conf": "mech_list: PLAIN LOGIN"},
        {"service": "mechanisms: CRAM-MD5", "plugins": _CRAM, "conf": ""},
        {"service": "", "plugins": _CRAM, "conf": "mech_list: PLAIN"},
    ],
    refs=(
        "sendmail: sendmail/srvrsmtp.c, saslmechs(): what libsasl lists, cut by AuthMechanisms",
        "sendmail: sendmail/conf.h, AUTH_MECHANISMS: PLAIN and LOGIN are not in the default",
    ),
)
def lists_share_no_mechanism(service: LoginService, conf: SaslConf, plugins: Plugins) -> Findings:
    """The mail server's list of mechanisms and mech_list of libsasl have nothing in common: AUTH is not offered.

    Each list is right by itself. What is offered is what stands in both; where the mail server's own list is not set,
    its default counts, and sendmail's has neither PLAIN nor LOGIN.

    Advice: name the wanted mechanisms in both lists (PLAIN and LOGIN for ordinary mail programs), or delete the line
    mech_list; then restart the mail server.
    """
    if conf.mechs is None or service.mechanisms is None or not conf.mechs or not service.mechanisms:
        return
    table = mechanisms(service, conf, plugins, None)
    if any(o.configured and o.listed and o.name != _BUILT_IN for o in table.all):
        return
    line = conf.options["mech_list"]
    option = service.option("mechanisms")
    ready = [o.name for o in table.all if o.listed and o.loads and o.name != _BUILT_IN]
    named = {m.upper() for m in (*conf.mechs, *service.mechanisms)} - {_BUILT_IN}
    if service.chosen and service.trusted and named <= {m.upper() for m in service.trusted}:
        # whose users may relay has all of both: it is the list that the two others were cut from
        ready = [o.name for o in table.all if o.trusted and o.loads and o.name != _BUILT_IN]
        both = [set_option(conf, "mech_list", " ".join(ready)), *change(service, "mechanisms", ready)]
    else:
        both = change(service, "mechanisms", ready)
    whose = "" if service.chosen else ", which is not set, so that its default applies,"
    yield found(
        f"mech_list in {conf.path} ({' '.join(conf.mechs[:8])}) and {option}{whose}"
        f" ({' '.join(service.mechanisms[:8])}) have no mechanism in common: nothing is left to offer",
        evidence=[Evidence(f"{conf.path}:{line.line}", f"mech_list: {line.value}"), service.evidence("mechanisms")],
        fix=both
        if ready
        else [set_option(conf, "mech_list", " ".join(m for m in service.mechanisms if m != _BUILT_IN))],
        option=option,
    )


@check(
    "MECH012",
    "no-password-mechanism",
    "warning",
    rung="offer",
    role="derived",
    explains=("WIRE014",),
    fails=[
        {
            "service": "wanted\nmechanisms: EXTERNAL GSSAPI KERBEROS_V4 DIGEST-MD5 CRAM-MD5",
            "plugins": _CRAM,
            "cf": "O DaemonPortOptions=Name=MSA, Port=587",
        },
        {
            "service": "wanted\nmechanisms: CRAM-MD5 PLAIN",
            "plugins": _CRAM,
            "conf": "mech_list: CRAM-MD5",
            "cf": "O DaemonPortOptions=Name=MSA, Port=587",
        },
    ],
    passes=[
        {
            "service": "wanted\nmechanisms: CRAM-MD5 PLAIN\nrequires: A p",
            "plugins": _CRAM,
            "cf": "O DaemonPortOptions=Name=MSA, Port=587",
        },
        {"service": "wanted\nmechanisms: CRAM-MD5", "plugins": _CRAM, "cf": "O DaemonPortOptions=Name=MTA, Port=25"},
        {"service": "mechanisms: CRAM-MD5", "plugins": _CRAM, "cf": "O DaemonPortOptions=Name=MSA, Port=587"},
    ],
    refs=(
        "RFC 8314 section 3: a password in TLS is what every mail program can do",
        "sendmail: sendmail/conf.h, AUTH_MECHANISMS: PLAIN and LOGIN are not in the default",
    ),
)
def no_password_mechanism(
    service: LoginService, plugins: Plugins, cf: SendmailCf, conf: SaslConf | Unknown
) -> Findings:
    """In TLS neither PLAIN nor LOGIN is offered, and Outlook, telephones and most devices speak nothing else.

    Thunderbird, msmtp and swaks can do CRAM-MD5, DIGEST-MD5 or SCRAM too; Outlook shows "none of the authentication
    methods supported by this client are supported by your server".

    Advice: add PLAIN and LOGIN to confAUTH_MECHANISMS and TRUST_AUTH_MECH (and to mech_list, where it is set), with
    confAUTH_OPTIONS `A p' so that they are offered in TLS only; rebuild sendmail.cf and restart.
    """
    yield from gaps(conf)
    if isinstance(conf, Unknown) and list(gaps(conf)):
        return
    public = {d.port for d in cf.daemons if not (d.address or "").startswith("127.")}
    offered = mechanisms(service, known(conf), plugins, None).offered(tls=True)
    if not service.wanted or not public & {587, 465} or not offered or {"PLAIN", "LOGIN"} & set(offered):
        return
    yield found(
        f"In TLS only {' '.join(offered[:8])} is offered: Outlook and telephones need PLAIN or LOGIN",
        evidence=[service.evidence("mechanisms")],
        fix=change(service, "mechanisms", [*(m for m in offered if m != _BUILT_IN), "PLAIN", "LOGIN"]),
        option=service.option("mechanisms"),
    )


@check(
    "MECH013",
    "anonymous-is-offered",
    "error",
    rung="policy",
    role="risk",
    scope=("mechanism",),
    fails=[
        {"service": "wanted\nmechanisms: ANONYMOUS PLAIN\ntrusted: ANONYMOUS PLAIN", "plugins": _ANONYMOUS, "conf": ""},
        {"service": "wanted\nmechanisms: ANONYMOUS PLAIN\ntrusted: PLAIN", "plugins": _ANONYMOUS, "conf": ""},
    ],
    passes=[
        {"service": "wanted\nmechanisms: ANONYMOUS PLAIN\nrequires: y", "plugins": _ANONYMOUS, "conf": ""},
        {"service": "wanted\nmechanisms: PLAIN", "plugins": _ANONYMOUS, "conf": ""},
        {"service": "wanted\nmechanisms: ANONYMOUS", "plugins": _ANONYMOUS, "conf": "mech_list: PLAIN"},
    ],
    refs=(
        "RFC 4505: whoever sends anything at all is logged in",
        "sendmail: cf/m4/proto.m4, trust_auth; AuthOptions y (srvrsmtp.c)",
    ),
)
def anonymous_login(service: LoginService, plugins: Plugins, conf: SaslConf | Unknown) -> Findings:
    """ANONYMOUS is offered: whoever asks is logged in, without a password.

    Where the mechanism is trusted to relay too, or every mechanism is, the server is an open relay.

    Advice: take ANONYMOUS off the lists of mechanisms, or demand `y` (no anonymous) of them; restart the mail server.
    """
    yield from gaps(conf)
    offer = mechanisms(service, known(conf), plugins, None).named("ANONYMOUS")
    if offer is None or not service.offer_known or not (offer.offered(False) or offer.offered(True)):
        return
    rest = [m for m in service.mechanisms or () if m.upper() != "ANONYMOUS"]
    yield found(
        "ANONYMOUS is offered: everybody is logged in without a password"
        + (", and may relay" if offer.trusted else ", though not trusted to relay"),
        severity="error" if offer.trusted else "warning",
        evidence=[service.evidence("mechanisms"), service.evidence("trusted")],
        fix=change(service, "mechanisms", rest) if rest else [],
        mechanism="ANONYMOUS",
    )

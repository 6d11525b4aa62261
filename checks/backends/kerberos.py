"""KRB: the service's keytab and its KDC."""

import re

from maildoctor.api import (
    AddServiceKey,
    Evidence,
    Findings,
    LoginService,
    SaslApplication,
    Start,
    Step,
    Unknown,
    by_hand,
    check,
    chmod,
    found,
    inspect,
    is_plain,
    known,
    shown,
)
from maildoctor.api.backends import KdcAnswer, Kerberos, Verifier
from maildoctor.api.cyrus import Plugins, SaslConf, mechanisms
from maildoctor.api.host import Listeners, LoginHistory, Names, Processes

_PLUGINS = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libgssapiv2.so -> /usr/lib/sasl2/libgssapiv2.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libgssapiv2.so.2\n"
)
_SERVICE = "mechanisms: GSSAPI PLAIN\nrealm: mail.example.com"
_KEY = "smtp/mail.example.com@EXAMPLE.COM kvno=2 enctype=aes256-cts-hmac-sha1-96 written=1700000000"
_KEYTAB = ">> keytab: /etc/krb5.keytab\n"
_OWN_KDC = ">> krb5.conf: /etc/krb5.conf\n[libdefaults]\ndefault_realm = X\n[realms]\nX = {\n kdc = 127.0.0.1\n}"
_NO_KDC = "\n>> ask 127.0.0.1:88 smtp/mail.example.com@X\nconnect: "
_ASKS = "pwcheck_method: saslauthd"
_VERIFIES = ">> verify: host/\n"
_KERBEROS5 = "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a kerberos5"


_BY_TICKET = frozenset({"GSSAPI", "GSS-SPNEGO"})


def _offered(service: LoginService, conf: SaslConf | Unknown, plugins: Plugins | Unknown) -> frozenset[str]:
    if service.provider != "libsasl" or not isinstance(plugins, Plugins):
        return frozenset()
    return frozenset(mechanisms(service, known(conf), plugins, None).offered(tls=True))


def _offers(service: LoginService, conf: SaslConf | Unknown, plugins: Plugins | Unknown) -> bool:
    return bool(_BY_TICKET & _offered(service, conf, plugins))


def _own_names(names: Names | Unknown) -> list[str]:
    """What this host is called, in lower case, its full name first."""
    if not isinstance(names, Names):
        return []
    return [n.lower() for n in dict.fromkeys((names.canonical, *names.aliases, names.hostname)) if n]


def _new_key(path: str, wanted: str) -> Step:
    """How the key of a principal comes into the keytab."""
    return by_hand("kadmin -q 'addprinc -randkey {name}' && kadmin -q 'ktadd -k {path} {name}'", name=wanted, path=path)


@check(
    "KRB001",
    "keytab-lacks-this-service",
    "error",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    witnesses=("KRB101", "KRB104"),
    fails=[
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY.replace("mail.", "old."),
        },
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _KEYTAB + _KEY.replace("smtp/", "host/")},
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _KEYTAB},
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": ">> keytab: /etc/mail/k\n>> missing"},
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _KEYTAB + ">> unreadable: this is no keytab"},
    ],
    passes=[
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _KEYTAB + _KEY},
        {"service": "mechanisms: PLAIN\nrealm: a.b", "plugins": _PLUGINS, "kerberos": _KEYTAB + _KEY},
        {
            "service": _SERVICE.replace("mail.", "www."),
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB
            + _KEY
            + "\n>> krb5.conf: /etc/krb5.conf\n[libdefaults]\nignore_acceptor_hostname = true",
        },
    ],
    refs=(
        "libsasl: plugins/gssapi.c, gssapi_server_mech_authneg(): service@serverFQDN; sendmail: AuthRealm or $j",
        "MIT krb5: src/lib/krb5/keytab/kt_file.c",
    ),
)
def keytab_lacks_this_service(
    service: LoginService,
    plugins: Plugins,
    kerberos: Kerberos,
    conf: SaslConf | Unknown,
    application: SaslApplication | Unknown,
    names: Names | Unknown,
) -> Findings:
    """GSSAPI is offered, but the keytab holds no key of this service: no GSSAPI login can succeed.

    The server asks for the key of smtp/HOST, HOST being its own full name (AuthRealm, else $j), in lower case. The log
    says "No key table entry found matching".

    Advice: make the principal smtp/HOST at the KDC and put its key into the keytab (`ktadd`), or correct the server's
    name.
    """
    if not _offers(service, conf, plugins):
        return
    word = application.protocol if isinstance(application, SaslApplication) else "smtp"
    host = service.realm if service.product == "sendmail" and service.realm_unknown is None else ""
    path, wanted = kerberos.path, f"{word}/{host or 'HOST'}"
    if kerberos.state == "missing" and path == "/etc/krb5.keytab":
        return
    aliases = {n.lower() for n in (*names.aliases, names.canonical)} if isinstance(names, Names) else set[str]()
    keys = kerberos.of_service(word)
    if kerberos.state == "listed" and keys:
        mine = kerberos.of_host(word, host) if host else keys
        answers = [a for a in kerberos.answered(word) if a.is_known]
        alone = _offered(service, conf, plugins) <= _BY_TICKET | {"EXTERNAL"}  # else it shows nothing of passwords
        if alone and (proof := kerberos.proof(word, host)) and (answers or not kerberos.asked):
            yield shown(f"GSSAPI, the keytab has the key of {wanted}", proof, *(a.evidence for a in answers[:1]))
        if mine or kerberos.any_host or aliases & {k.name.partition("/")[2] for k in keys}:
            return
    there = ", ".join(kerberos.principals[:4])
    what = {
        "missing": f"the keytab {path} does not exist",
        "unreadable": f"the keytab {path} cannot be read: {kerberos.reason}",
        "listed": f"the keytab {path} has no key of {wanted}" + (f", but of {there}" if there else "; it is empty"),
    }[kerberos.state]
    yield found(
        f"GSSAPI is offered, but {what}",
        evidence=[
            Evidence(f"klist -k {path}", there or kerberos.reason or "no entries"),
            *([Evidence(kerberos.named_by, f"keytab: {path}")] if kerberos.named_by else []),
            service.evidence("realm"),
        ],
        fix=[
            by_hand(f"kadmin -q 'addprinc -randkey {wanted}'")
            if not host
            else AddServiceKey(wanted, path)
            if kerberos.kdc_is_here and is_plain(wanted) and is_plain(path)
            else by_hand(
                "kadmin -q 'addprinc -randkey {name}' && kadmin -q 'ktadd -k {path} {name}'", name=wanted, path=path
            ),
            inspect("klist -k {path}", path=path),
        ],
        mech="GSSAPI",
    )


@check(
    "KRB002",
    "keytab-of-old-kinds",
    "warning",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    fails=[
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _KEYTAB + _KEY.replace("aes256-cts-hmac-sha1-96", e)}
        for e in ("arcfour-hmac", "des-cbc-crc", "des3-cbc-sha1")
    ],
    passes=[{"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _KEYTAB + _KEY}],
    refs=("MIT krb5: 1.18 has no DES; 1.21: allow_rc4 and allow_des3 are off; RFC 8429",),
)
def keytab_of_old_kinds(
    service: LoginService, plugins: Plugins, kerberos: Kerberos, conf: SaslConf | Unknown
) -> Findings:
    """The keys of this service are all of old kinds (DES, 3DES, RC4), which newer Kerberos refuses.

    Advice: make new keys: ktadd -e aes256-cts-hmac-sha1-96:normal.
    """
    if not _offers(service, conf, plugins):
        return
    keys = kerberos.of_service("smtp")
    if keys and all(k.is_old for k in keys):
        kinds = ", ".join(sorted({k.enctype for k in keys}))
        yield found(
            f"The keytab {kerberos.path} has keys of {keys[0].name} of kind {kinds} alone",
            evidence=[Evidence(f"klist -ke {kerberos.path}", f"{k.principal} ({k.enctype})") for k in keys[:4]],
            fix=[
                by_hand(
                    "kadmin -q 'ktadd -k {path} -e aes256-cts-hmac-sha1-96:normal {name}'",
                    path=kerberos.path,
                    name=keys[0].name,
                )
            ],
            severity="error" if all(k.enctype.startswith("des-") for k in keys) else None,
            mech="GSSAPI",
        )


@check(
    "KRB003",
    "kdc-does-not-run",
    "error",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    witnesses=("KRB105",),
    fails=[
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + "\n" + _OWN_KDC,
            "listeners": "0.0.0.0 25 7 sendmail",
            "processes": "7 root 1.0 /usr/sbin/sendmail sendmail: MTA: accepting connections",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _NO_KDC + "127.0.0.1:88 Connection refused\n" + _OWN_KDC,
            "listeners": "",
            "processes": "9 root 1.0 /usr/sbin/krb5kdc krb5kdc -P /run/krb5kdc.pid",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB
            + _KEY
            + _NO_KDC.replace("127.0.0.1", "kdc.example.com")
            + "kdc.example.com:88 no answer within 2 s\n"
            + _OWN_KDC.replace("127.0.0.1", "kdc.example.com"),
            "listeners": "",
            "processes": "",
        },
    ],
    passes=[
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _NO_KDC + "127.0.0.1:88 ok\nanswer: 0 AS_REP\n" + _OWN_KDC,
            "listeners": "",
            "processes": "",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + "\n" + _OWN_KDC,
            "listeners": "0.0.0.0 88 7 krb5kdc",
            "processes": "",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + "\n" + _OWN_KDC,
            "listeners": "",
            "processes": "9 root 1.0 /usr/sbin/krb5kdc krb5kdc -P /run/krb5kdc.pid",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + "\n" + _OWN_KDC.replace("127.0.0.1", "kdc.example.com"),
            "listeners": "",
            "processes": "",
        },
    ],
    refs=("krb5.conf(5), [realms] kdc; krb5kdc(8)",),
)
def kdc_does_not_run(
    service: LoginService,
    plugins: Plugins | Unknown,
    kerberos: Kerberos,
    listeners: Listeners,
    processes: Processes,
    conf: SaslConf | Unknown,
    verifier: Verifier | Unknown,
) -> Findings:
    """The KDC of the realm is this host, and no KDC runs on it.

    Nobody gets a ticket, so no GSSAPI login begins, and saslauthd -a kerberos5 refuses every password.

    Advice: start the KDC (krb5kdc), or name the one that runs in krb5.conf.
    """
    asks = isinstance(verifier, Verifier) and verifier.mechanism == "kerberos5"
    if not (asks or _offers(service, conf, plugins)):
        return
    realm = kerberos.realm
    kdcs = kerberos.kdcs.get(realm, ())
    silent = [a for a in kerberos.asked if a.refused]
    if len(silent) < len(kerberos.asked):
        return
    own = [k for k in kdcs if re.match(r"(?:(?:tcp|udp)/)?(?:127\.|localhost\b|\[?::1)", k)]
    if not own or len(own) != len(kdcs):
        far = [a for a in silent if not a.kdc.startswith("127.")]
        if far and len({a.kdc for a in far}) == len(kdcs):
            yield found(
                f"No KDC of realm {realm} answers: {far[0].refused}",
                evidence=[Evidence(kerberos.conf, f"{realm}: kdc = {' '.join(kdcs)}"), *(a.evidence for a in far[:3])],
                fix=[by_hand("start the KDC, open port 88 to it, or name in krb5.conf the one that runs")],
                realm=realm,
                mech="PLAIN" if asks else "GSSAPI",
            )
        return
    m = re.search(r":([0-9]{1,5})$", own[0])
    port = int(m[1]) if m and "::1" not in own[0] else 88
    runs = any(re.match(r"krb5kdc|kdc\b", p.program.rpartition("/")[2]) for p in processes.all)
    if silent or (not runs and not listeners.on(port)):
        yield found(
            f"The KDC of realm {realm} is this host ({own[0]}), and no KDC (krb5kdc) "
            + ("answers, though one runs" if runs else "runs"),
            evidence=[
                Evidence(kerberos.conf, f"{realm}: kdc = {own[0]}"),
                *(a.evidence for a in silent[:1]),
                *([] if listeners.on(port) else [Evidence("ss -ltn", f"nothing listens on port {port}")]),
                Evidence("ps", "krb5kdc runs" if runs else "no krb5kdc"),
            ],
            fix=[Start("krb5kdc", at_boot=True)],
            realm=realm,
            mech="PLAIN" if asks else "GSSAPI",
        )


@check(
    "KRB004",
    "saslauthd-lacks-a-host-key",
    "error",
    rung="verifier",
    role="cause",
    fails=[
        {"conf": _ASKS, "verifier": _KERBEROS5, "kerberos": _KEYTAB + _VERIFIES + ">> missing"},
        {"conf": _ASKS, "verifier": _KERBEROS5, "kerberos": _KEYTAB + _VERIFIES + _KEY},
        {
            "conf": _ASKS,
            "verifier": _KERBEROS5,
            "kerberos": _KEYTAB + _VERIFIES + _KEY.replace("smtp/mail.", "host/old."),
            "names": "hostname: mail\n192.0.2.1 mail.example.com mail",
        },
        {
            "conf": _ASKS,
            "verifier": _KERBEROS5 + " -O /etc/saslauthd.conf",
            "kerberos": _KEYTAB + ">> verify: smtp/imap.example.com\n" + _KEY,
        },
    ],
    passes=[
        {"conf": _ASKS, "verifier": _KERBEROS5, "kerberos": _KEYTAB + _VERIFIES + _KEY.replace("smtp/", "host/")},
        {
            "conf": _ASKS,
            "verifier": _KERBEROS5,
            "kerberos": _KEYTAB + _VERIFIES + _KEY.replace("smtp/", "host/"),
            "names": "hostname: mail\n192.0.2.1 mail.example.com mail",
        },
        {
            "conf": "pwcheck_method: auxprop",
            "verifier": _KERBEROS5,
            "kerberos": _KEYTAB + _VERIFIES + ">> missing",
        },
        {
            "conf": _ASKS,
            "verifier": _KERBEROS5 + " -O /etc/saslauthd.conf",
            "kerberos": _KEYTAB + ">> verify: smtp/mail.example.com\n" + _KEY,
        },
    ],
    refs=(
        "libsasl: saslauthd/auth_krb5.c: krb5_sname_to_principal() of krb5_servername (`host`) and "
        "krb5_verify_principal; krb5_verify_init_creds() with ap_req_nofail",
    ),
)
def saslauthd_lacks_a_host_key(
    conf: SaslConf, verifier: Verifier, kerberos: Kerberos, names: Names | Unknown
) -> Findings:
    """saslauthd -a kerberos5 makes sure of the KDC by a key of this host, and has none.

    With the password it gets a ticket, and asks the KDC for one more, for host/HOST, which it reads with the key of the
    keytab. Every password is refused without it, the right one too: "krb5_verify_init_creds failed".

    Advice: make the principal host/HOST at the KDC and put its key into the keytab (`ktadd`), readable for saslauthd's
    user; or name a principal whose key is there by krb5_servername and krb5_verify_principal in /etc/saslauthd.conf.
    """
    if not conf.verifies_by("saslauthd") or verifier.mechanism != "kerberos5":
        return
    word, _, host = (kerberos.verifies or "host/").partition("/")
    own = [host.lower()] if host else _own_names(names)
    there = kerberos.of_service(word)
    if kerberos.state == "listed" and there and (not own or any(kerberos.of_host(word, n) for n in own)):
        proof = next(filter(None, (kerberos.proof(word, n) for n in own)), None)
        answers = [a for a in kerberos.answered(word) if a.is_known]
        if proof and verifier.proof and answers:
            yield shown(
                "saslauthd -a kerberos5, the KDC and the key of this host", verifier.proof, proof, answers[0].evidence
            )
        return
    full = next((n for n in own if "." in n), "")
    wanted = f"{word}/{full or 'HOST'}"
    what = {
        "missing": "does not exist",
        "unreadable": f"cannot be read: {kerberos.reason}",
        "listed": f"has no key of {wanted}",
    }[kerberos.state]
    keys = ", ".join(kerberos.principals[:4])
    yield found(
        f"saslauthd -a kerberos5 needs the key of {wanted}, and the keytab {kerberos.path} {what}"
        + (f", only of {keys}" if keys else ""),
        evidence=[verifier.evidence(), Evidence(f"klist -k {kerberos.path}", keys or kerberos.reason or "missing")],
        fix=[_new_key(kerberos.path, wanted), inspect("klist -k {path}", path=kerberos.path)],
        path=kerberos.path,
    )


def _needed(
    service: LoginService,
    conf: SaslConf | Unknown,
    plugins: Plugins | Unknown,
    verifier: Verifier | Unknown,
    kerberos: Kerberos,
) -> list[tuple[KdcAnswer, str]]:
    """What the KDC said of the principals that logins need, each with the mechanism that needs it."""
    found = []
    asks = isinstance(verifier, Verifier) and isinstance(conf, SaslConf) and conf.verifies_by("saslauthd")
    if asks and isinstance(verifier, Verifier) and verifier.mechanism == "kerberos5":
        word = (kerberos.verifies or "host/").partition("/")[0]
        found += [(a, "PLAIN") for a in kerberos.answered(word)]
    if _offers(service, conf, plugins):
        taken = {a.principal for a, _ in found}
        found += [(a, "GSSAPI") for a in kerberos.asked if a.principal not in taken and not _is_host(a, kerberos)]
    return [(a, mech) for a, mech in found if not a.refused]


def _is_host(answer: KdcAnswer, kerberos: Kerberos) -> bool:
    return bool(kerberos.verifies) and answer.principal.startswith(kerberos.verifies.partition("/")[0] + "/")


_ASK = "\n>> ask 127.0.0.1:88 smtp/mail.example.com@EXAMPLE.COM\nconnect: 127.0.0.1:88 ok\n"
_AES256 = "aes256-cts-hmac-sha1-96"
_AES128 = "aes128-cts-hmac-sha1-96"
_TICKET = _ASK + "answer: 0 AS_REP\nticket: "
_PREAUTH = _ASK + "answer: 25 KDC_ERR_PREAUTH_REQUIRED\n"


@check(
    "KRB005",
    "kdc-clock-differs",
    "error",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    witnesses=("KRB103",),
    fails=[
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _TICKET + f"{_AES256} kvno=2\nclock: {ahead}",
        }
        for ahead in ("+3600", "-301")
    ],
    passes=[
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _TICKET + f"{_AES256} kvno=2\nclock: +12",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB
            + _KEY
            + _TICKET
            + f"{_AES256} kvno=2\nclock: +900\n>> krb5.conf: /etc/krb5.conf\n[libdefaults]\nclockskew = 1800",
        },
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _KEYTAB + _KEY},
    ],
    refs=(
        "RFC 4120, sections 3.2.3 and 7.5.9: KRB_AP_ERR_SKEW; stime of KRB-ERROR; krb5.conf(5), clockskew: 300 seconds",
    ),
)
def kdc_clock_differs(
    service: LoginService,
    plugins: Plugins | Unknown,
    kerberos: Kerberos,
    conf: SaslConf | Unknown,
    verifier: Verifier | Unknown,
) -> Findings:
    """The clocks of this host and of the KDC are further apart than Kerberos allows.

    A client takes the time from the KDC, so `kinit` goes well, and the mail server then refuses its ticket: "Clock skew
    too great", "Ticket not yet valid".

    Advice: set both clocks and keep them right by NTP (chrony).
    """
    for said, mech in _needed(service, conf, plugins, verifier, kerberos):
        if said.ahead is not None and abs(said.ahead) > kerberos.skew:
            way = "ahead of" if said.ahead > 0 else "behind"
            yield found(
                f"The clock of the KDC {said.kdc} is {abs(said.ahead)} s {way} ours; Kerberos allows {kerberos.skew} s",
                evidence=[Evidence(f"KDC {said.kdc}", f"its time is {said.ahead:+d} s from that of this host")],
                fix=[
                    inspect("date -u"),
                    by_hand(
                        "set the clock that is wrong, and keep both right by NTP: chronyc makestep; chronyc tracking"
                    ),
                ],
                realm=said.principal.rpartition("@")[2],
                mech=mech,
            )
            return


@check(
    "KRB006",
    "keytab-differs-from-the-kdc",
    "error",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    witnesses=("KRB101",),
    fails=[
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _TICKET + f"{_AES256} kvno=3\nclock: +0",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY.replace("aes256", "aes128") + _TICKET + f"{_AES256} kvno=2",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY.replace("aes256", "aes128") + _PREAUTH + f"key: {_AES256}\nkey: {_AES128}",
        },
        {
            "service": "mechanisms: PLAIN\nrealm: mail.example.com",
            "plugins": _PLUGINS,
            "conf": _ASKS,
            "verifier": _KERBEROS5,
            "kerberos": _KEYTAB
            + _VERIFIES
            + _KEY.replace("smtp/", "host/")
            + (_TICKET + f"{_AES256} kvno=5").replace("smtp/", "host/"),
        },
    ],
    passes=[
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _TICKET + f"{_AES256} kvno=2",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB
            + _KEY.replace("kvno=2", "kvno=1")
            + "\n"
            + _KEY
            + _PREAUTH
            + f"key: {_AES256}\nkey: {_AES128}",
        },
        {  # an old keytab has one octet for the version
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _TICKET + f"{_AES256} kvno=258",
        },
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _KEYTAB + _KEY + _ASK + "answer: 6 unknown"},
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY.replace("aes256", "aes128") + _TICKET + f"{_AES256} kvno=2",
            "history": "# path: /var/log/mail.log\n# since: 2026-11-22T08:00:00Z\nNov 22 09:00:03 mail sm-mta[8]: "
            "AUTH=server, relay=client.example.com [192.0.2.9], authid=bob, mech=GSSAPI, bits=56",
        },
    ],
    refs=(
        "MIT krb5: src/lib/krb5/krb/rd_req_dec.c: KRB_AP_ERR_BADKEYVER, KRB_AP_ERR_NOKEY; src/kdc/kdc_util.c",
        "RFC 4120, section 5.3: etype and kvno of a ticket's enc-part; section 5.2.7.5: PA-ETYPE-INFO2",
    ),
)
def keytab_differs_from_the_kdc(
    service: LoginService,
    plugins: Plugins | Unknown,
    kerberos: Kerberos,
    conf: SaslConf | Unknown,
    verifier: Verifier | Unknown,
    history: LoginHistory | Unknown,
) -> Findings:
    """The KDC makes tickets for this service with a key that is not in the keytab.

    A keytab is a copy. Whoever runs `ktadd` again, or sets the service's password, makes new keys of a new version
    (kvno), and the old copy opens no new ticket. A copy made for one kind of key (`ktutil`, `ktpass /crypto`) lacks the
    stronger one that the KDC takes. The log says "Cannot find key", "Request ticket server … kvno … not found in
    keytab", "Decrypt integrity check failed".

    Advice: get the keys once more from the KDC into the keytab, with all their kinds: `ktadd`; users whose ticket is of
    an older key get a new one by kinit.
    """
    by_mechanism = history.by_mechanism if isinstance(history, LoginHistory) else {}
    for said, mech in _needed(service, conf, plugins, verifier, kerberos):
        record = by_mechanism.get(mech)
        if said.key is None or (record and record.succeeded and not record.failing_now):
            continue
        name = said.principal.rpartition("@")[0]
        own = [k for k in kerberos.keys if k.name == name]
        enctype, kvno = said.key
        same_kind = [k for k in own if k.enctype == enctype]
        if not own or any(kvno is None or k.kvno in (kvno, kvno & 0xFF) for k in same_kind):
            continue
        newest = max(k.kvno for k in own)
        if same_kind:
            what = (
                f"the KDC has version (kvno) {kvno} of the key of {name}, and the keytab {kerberos.path} only {newest}"
            )
        else:
            kinds = ", ".join(sorted({k.enctype for k in own}))
            what = (
                f"the keytab {kerberos.path} lacks the key of {name} of enctype {enctype}, which the KDC takes, and "
                f"has only {kinds}"
            )
        yield found(
            what[0].upper() + what[1:],
            evidence=[
                said.evidence,
                *(Evidence(f"klist -ke {kerberos.path}", f"{k.kvno} {k.principal} ({k.enctype})") for k in own[:4]),
            ],
            fix=[
                by_hand("kadmin -q 'ktadd -k {path} {name}'", path=kerberos.path, name=name),
                inspect("klist -ke {path}", path=kerberos.path),
            ],
            path=kerberos.path,
            mech=mech,
        )


@check(
    "KRB007",
    "kdc-does-not-know-the-service",
    "error",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    fails=[
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _ASK + "answer: 6 KDC_ERR_C_PRINCIPAL_UNKNOWN\nclock: +0",
            "processes": "9 root 1.0 /usr/sbin/krb5kdc krb5kdc -P /run/krb5kdc.pid",
        },
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _ASK + "answer: 68 KDC_ERR_WRONG_REALM\nclock: +0",
        },
    ],
    passes=[
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _KEYTAB + _KEY + _TICKET + f"{_AES256} kvno=2"},
        {  # a KDC of another make looks services up by the name of their account
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _KEYTAB + _KEY + _ASK + "answer: 6 KDC_ERR_C_PRINCIPAL_UNKNOWN\nclock: +0",
            "processes": "9 root 1.0 /usr/sbin/samba samba: task[kdc]",
        },
    ],
    refs=("RFC 4120, section 7.5.9: KDC_ERR_C_PRINCIPAL_UNKNOWN, KDC_ERR_WRONG_REALM",),
)
def kdc_does_not_know_the_service(
    service: LoginService,
    plugins: Plugins | Unknown,
    kerberos: Kerberos,
    conf: SaslConf | Unknown,
    verifier: Verifier | Unknown,
    processes: Processes | Unknown,
) -> Findings:
    """The keytab holds a key of this service, and the KDC knows no such principal: no client gets a ticket for it.

    Advice: make the principal at the KDC and put its new key into the keytab (`ktadd`), or name the right KDC and realm
    in krb5.conf.
    """
    running = processes.all if isinstance(processes, Processes) else ()
    mit = any(re.match(r"krb5kdc|kdc\b", p.program.rpartition("/")[2]) for p in running)
    for said, mech in _needed(service, conf, plugins, verifier, kerberos):
        name, _, realm = said.principal.rpartition("@")
        if not any(k.principal == said.principal for k in kerberos.keys):
            continue
        if said.code == 68 or (said.code == 6 and mit and said.kdc.startswith(("127.", "localhost:", "::1"))):
            what = f"no principal {name}" if said.code == 6 else f"no realm {realm}"
            yield found(
                f"The KDC {said.kdc} has {what}, so no client gets a ticket for this service",
                evidence=[
                    said.evidence,
                    *(Evidence(kerberos.conf, f"default_realm = {r}") for r in [kerberos.realm] if r),
                ],
                fix=[_new_key(kerberos.path, name)]
                if said.code == 6
                else [by_hand("correct default_realm and kdc in /etc/krb5.conf")],
                realm=realm,
                mech=mech,
            )


@check(
    "KRB008",
    "keytab-open-to-all",
    "warning",
    rung="none",
    role="risk",
    fails=[
        {"kerberos": _KEYTAB + "-rw-r--r-- root root /etc/krb5.keytab\n" + _KEY},
        {"kerberos": _KEYTAB + "-rw-rw-rw- root root /etc/krb5.keytab\n" + _KEY},
    ],
    passes=[
        {"kerberos": _KEYTAB + "-rw-r----- root smmsp /etc/krb5.keytab\n" + _KEY},
        {"kerberos": _KEYTAB + "-rw-r--r-- root root /etc/krb5.keytab"},
    ],
    refs=("RFC 4120, section 10: whoever has the key of a service can act as that service; krb5.conf(5), keytab",),
)
def keytab_open_to_all(kerberos: Kerberos) -> Findings:
    """Every user of this host can read the keytab, or write it, and act as any service whose key is in it.

    Logins go well all the same; nothing in a log tells.

    Advice: let only root, and the group of the service that needs it, read the keytab. Whoever could read it may have
    its keys: make new ones (`ktadd`).
    """
    look = kerberos.look
    if look is None or not kerberos.keys or not look.mode & 0o006:
        return
    verb = "write" if look.mode & 0o002 else "read"
    yield found(
        f"Every user of this host can {verb} the keytab {look.path} (mode {look.octal})",
        evidence=[look.evidence, Evidence(f"klist -k {kerberos.path}", ", ".join(kerberos.principals[:4]))],
        fix=[
            chmod("o-rwx", look),
            by_hand(
                "make new keys, for others may have these: kadmin -q 'ktadd -k {path} {name}'",
                path=kerberos.path,
                name=kerberos.keys[0].name,
            ),
        ],
        path=look.path,
    )


_MAPS_TO = (
    _KEYTAB + _KEY + "\n>> krb5.conf: /etc/krb5.conf\n[libdefaults]\ndefault_realm = EXAMPLE.COM\n[domain_realm]\n"
)


@check(
    "KRB009",
    "host-in-another-realm",
    "error",
    rung="verifier",
    role="cause",
    scope=("mechanism",),
    witnesses=("KRB101", "KRB104"),
    fails=[
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _MAPS_TO + ".example.com = OLD.COM"},
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _MAPS_TO + "mail.example.com = example.com"},
    ],
    passes=[
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _MAPS_TO + ".example.com = EXAMPLE.COM"},
        {
            "service": _SERVICE,
            "plugins": _PLUGINS,
            "kerberos": _MAPS_TO + ".example.com = OLD.COM\nmail.example.com = EXAMPLE.COM",
        },
        {"service": _SERVICE, "plugins": _PLUGINS, "kerberos": _MAPS_TO + ".example.org = OLD.COM"},
    ],
    refs=(
        "MIT krb5: src/lib/krb5/os/hostrealm_profile.c, sn2princ.c: the host's own name, else the nearest domain",
        "krb5.conf(5), [domain_realm]",
    ),
)
def host_in_another_realm(
    service: LoginService,
    plugins: Plugins,
    kerberos: Kerberos,
    conf: SaslConf | Unknown,
    application: SaslApplication | Unknown,
) -> Findings:
    """[domain_realm] of krb5.conf puts this host into another realm than that of its keys.

    Programs here, and clients that have the same krb5.conf, then ask for smtp/HOST in that realm: they get no ticket
    ("Server not found in Kerberos database", "Cannot find KDC for realm"), or the key is not in the keytab. A realm's
    name is compared letter by letter, and is in capitals by custom.

    Advice: name the realm of the keytab (klist -k) in [domain_realm], here and on the clients, or put a key of the
    realm that is meant into the keytab.
    """
    if not _offers(service, conf, plugins) or service.realm_unknown is not None or "." not in service.realm:
        return
    word = application.protocol if isinstance(application, SaslApplication) else "smtp"
    name, realm = kerberos.mapped(service.realm)
    keys = kerberos.of_host(word, service.realm)
    realms = sorted({k.realm for k in keys})
    if not realm or not realms or realm in realms:
        return
    yield found(
        f"{kerberos.conf} puts {service.realm} into the realm {realm} ([domain_realm], {name}), and its keys are"
        f" those of {', '.join(realms)}: GSSAPI finds no ticket or no key",
        evidence=[
            Evidence(kerberos.conf, f"[domain_realm] {name} = {realm}"),
            Evidence(f"klist -k {kerberos.path}", keys[0].principal),
            *(Evidence(kerberos.conf, f"default_realm = {r}") for r in [kerberos.realm] if r),
            *(Evidence(kerberos.conf, f"no kdc of {realm} in [realms]") for _ in [0] if not kerberos.kdcs.get(realm)),
        ],
        fix=[
            by_hand("in {path}, [domain_realm]: {name} = {realm}", path=kerberos.conf, name=name, realm=realms[0]),
            inspect("klist -k {path}", path=kerberos.path),
        ],
        mechanism="GSSAPI",
    )

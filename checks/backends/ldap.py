"""LDAP behind saslauthd: its settings, and what the directory said."""

import re
from collections.abc import Iterator

from maildoctor.api import (
    Evidence,
    Findings,
    Found,
    Restart,
    SeparateByColon,
    SetOption,
    Start,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
    shown,
)
from maildoctor.api.backends import LdapStore, Verifier
from maildoctor.api.cyrus import SaslConf
from maildoctor.api.host import Listeners, LoginHistory, Logins, may

_CONF = "pwcheck_method: saslauthd"
_BY_LDAP = "7 root 1000.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a ldap"
_WITH_R = _BY_LDAP + " -r"
_GOOD = (
    "# path: /etc/saslauthd.conf\nldap_servers: ldap://127.0.0.1/\nldap_search_base: dc=example,dc=com\n"
    "ldap_filter: (uid=%U)\nldap_bind_dn: cn=mail,dc=example,dc=com\nldap_password: ***"
)
_ASK = "\n>> filter: (uid=*)\n>> ask ldap://127.0.0.1/\nconnect: 127.0.0.1:389 ok\n"
_BIND = "bind: 0 success\n"
_ADDRESS = re.compile(
    r"\(?\b(mail|mailLocalAddress|rfc822Mailbox|userPrincipalName|proxyAddresses)=(?:smtp:)?%[uU](?=[)*]|$)",
    re.IGNORECASE,
)


def _asked(conf: SaslConf, verifier: Verifier) -> bool:
    return conf.verifies_by("saslauthd") and verifier.mechanism == "ldap"


def _restart(store: LdapStore, change: str) -> list[Step]:
    return [edit(store.path, change), Restart("saslauthd")]


@check(
    "LDAP001",
    "ldap-settings-missing",
    "error",
    rung="verifier",
    role="cause",
    fails=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": "# path: /etc/saslauthd.conf\n>> absent"},
        {
            "conf": _CONF,
            "verifier": _BY_LDAP.replace(" root ", " saslauth "),
            "ldap": _GOOD + "\n>> looks\n-rw------- root root /etc/saslauthd.conf",
        },
    ],
    passes=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD},
        {"conf": "pwcheck_method: auxprop", "verifier": _BY_LDAP, "ldap": "# path: /etc/saslauthd.conf\n>> absent"},
    ],
    refs=("libsasl: saslauthd/lak.c, lak_config_read(): `Could not open saslauthd config file`, at each login",),
)
def ldap_settings_missing(conf: SaslConf, verifier: Verifier, ldap: LdapStore) -> Findings:
    """saslauthd asks LDAP, and the file that says which directory is not there, or not readable for it.

    It starts all the same, and refuses every login. The log says "Could not open saslauthd config file".

    Advice: write the file, or name the right one with saslauthd's option -O.
    """
    if not _asked(conf, verifier):
        return
    one, look = verifier.serving, ldap.files.get(ldap.path)
    if ldap.missing:
        yield found(
            f"{ldap.path} does not exist, and saslauthd -a ldap refuses every login without it",
            evidence=[verifier.evidence(), Evidence(f"ls -l {ldap.path}", "No such file or directory")],
            fix=_restart(ldap, "write ldap_servers, ldap_search_base, ldap_filter into it, mode 0600"),
            path=ldap.path,
        )
    elif one and look and one.user not in ("root", "0") and not (look.has_acl or may(look, one.user, (look.group,), 4)):
        yield found(
            f"saslauthd runs as {one.user}, who may not read {ldap.path}",
            evidence=[one.evidence, look.evidence],
            fix=[edit(ldap.path, "give it to the user {user}", user=one.user), Restart("saslauthd")],
            path=ldap.path,
        )


@check(
    "LDAP002",
    "ldap-settings-syntax",
    "error",
    rung="verifier",
    role="cause",
    fails=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_scope = sub"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_search_base:"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_serachbase: dc=x"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_auth_method: simple"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_version: 2"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_version: v3"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_start_tls: Yes"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_timeout: 0"},
    ],
    passes=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\n# ldap_scope = sub\n\n  ldap_scope: one"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_version: 2\nldap_start_tls: yes"},
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\nldap_version: 3\nldap_start_tls: off\nldap_timeout: 5",
        },
    ],
    refs=(
        "libsasl: saslauthd/lak.c, lak_config_read(), lak_config_switch(), lak_connect(); LDAP_SASLAUTHD",
        "OpenLDAP: servers/slapd/bind.c: `historical protocol version requested, use LDAPv3 instead`",
    ),
)
def ldap_settings_syntax(conf: SaslConf, verifier: Verifier, ldap: LdapStore) -> Findings:
    """A line of saslauthd's file for LDAP cannot be read, or has a value by which no login can succeed.

    A line is `name: value`, the colon right behind the name, the value not empty. One other line and saslauthd refuses
    every login; up to release 2.1.28 the log holds only "reason=Unknown". A name or word that it does not know is
    passed over in silence, and in later releases ends the reading too.

    Words for yes and no are read by their first letters in lower case: Yes, TRUE and On are no. LDAPv2, which
    ldap_version 2 asks for, is refused by every directory of today ("Protocol error").

    Advice: correct the line, then restart saslauthd.
    """
    if not _asked(conf, verifier):
        return
    if not ldap.broken:
        yield from _values(ldap)
    for number, text, problem in ldap.broken[:1]:
        yield found(
            f"{ldap.path} line {number} cannot be read, so every login is refused: {problem}",
            evidence=[Evidence(f"{ldap.path}:{number}", text)],
            fix=[SeparateByColon(ldap.path), Restart("saslauthd")]
            if re.match(r"[A-Za-z0-9_-]+[ \t]*=", text)
            else _restart(ldap, "write each line as `name: value`"),
            path=ldap.path,
        )
    if not ldap.broken:
        for number, text, problem in ldap.ignored:
            yield found(
                f"{ldap.path} line {number} has no effect: {problem}",
                evidence=[Evidence(f"{ldap.path}:{number}", text)],
                fix=_restart(ldap, "correct the line"),
                severity="warning",
                path=ldap.path,
                line=text.partition(":")[0],
            )


def _values(ldap: LdapStore) -> Iterator[Found]:
    """Values that are read, and do not say what was meant."""
    if ldap.version == 2:
        word = ldap.value("ldap_version")
        yield found(
            f"{ldap.path} has ldap_version: {word}, so saslauthd asks in LDAPv2, which directories refuse (Protocol"
            " error, historical protocol version)",
            evidence=[ldap.evidence("ldap_version")],
            fix=_restart(ldap, "set ldap_version: 3, or take the line out"),
            path=ldap.path,
            line="ldap_version",
        )
    for name, word in ldap.misread:
        needed = name == "ldap_start_tls" and any(a.code("bind") in _WANTS_TLS for a in ldap.asked)
        yield found(
            f"{ldap.path} has {name}: {word}, which saslauthd reads as no: it knows yes, true, on and 1, in lower case",
            evidence=[ldap.evidence(name)],
            fix=_restart(ldap, f"set {name}: yes"),
            severity=None if needed or name == "ldap_use_sasl" else "warning",
            path=ldap.path,
            line=name,
        )
    if ldap.never_waits and ldap.method != "fastbind":
        yield found(
            f"{ldap.path} has ldap_timeout: {ldap.value('ldap_timeout')}: no search may take any time, so all fail",
            evidence=[ldap.evidence("ldap_timeout")],
            fix=_restart(ldap, "set ldap_timeout: 5, or take the line out"),
            path=ldap.path,
            line="ldap_timeout",
        )


_WANTS_TLS = (8, 13)
"""strongerAuthRequired, confidentialityRequired."""


@check(
    "LDAP003",
    "ldap-filter-finds-nobody",
    "error",
    rung="account",
    role="cause",
    explains=("LDAP006", "LDAP008"),
    fails=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_filter: (mail=%u)"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_filter: (mail=%U@%d)"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_filter: (&(uid=%u)(objectClass=person)"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_filter: (uid=$user)"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_auth_method: fastbind"},
    ],
    passes=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD},
        {"conf": _CONF, "verifier": _WITH_R, "ldap": _GOOD + "\nldap_filter: (mail=%u)"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_filter: (mail=%u%R)\nldap_default_realm: x.org"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_filter: (|(uid=%u)(mail=%u))"},
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\nldap_auth_method: fastbind\nldap_filter: uid=%u,ou=people,dc=x",
        },
    ],
    refs=("libsasl: saslauthd/lak.c, lak_expand_tokens(); lib/checkpw.c: the domain is cut off the name",),
)
def ldap_filter_finds_nobody(conf: SaslConf, verifier: Verifier, ldap: LdapStore) -> Findings:
    """ldap_filter cannot find anybody by the name that saslauthd has.

    libsasl cuts the domain off a name. Without option -r of saslauthd %u and %U are the bare name, and %d is empty;
    %r and %R are the domain, or ldap_default_realm where the client sent none.

    Advice: for addresses write `mail=%u%R` and set ldap_default_realm, or run saslauthd with -r; for bare names write
    `uid=%U`.
    """
    flags = verifier.flags
    if not _asked(conf, verifier) or ldap.missing or ldap.broken or flags is None:
        return
    words, evidence = ldap.filter, [ldap.evidence("ldap_filter"), verifier.evidence()]
    letters = set(re.findall(r"%(.)", words))
    problem, change = "", "set ldap_filter: uid=%U, or what holds the name in your directory"
    if ldap.method == "fastbind":
        if not ldap.on("ldap_use_sasl") and (words.lstrip().startswith("(") or "," not in words):
            problem = "with ldap_auth_method fastbind it must be the name of the entry (DN), and is a filter"
            change = "set ldap_filter: uid=%u, and behind it where the users are; or ldap_auth_method: bind"
            evidence.append(ldap.evidence("ldap_auth_method"))
    elif words.count("(") != words.count(")"):
        problem, change = "its parentheses do not match", "write ldap_filter with as many `(` as `)`"
    elif not letters & set("uUrRd123456789"):
        problem = "the user's name is not in it (%u or %U)"
    elif not flags.joins_realm and "d" in letters and "|" not in words:
        problem = "%d is empty, for saslauthd runs without -r"
        change = "set ldap_filter with %R in place of @%d, and ldap_default_realm: your mail domain"
    elif not flags.joins_realm and "|" not in words and (m := _ADDRESS.search(words)):
        problem = f"{m[1]} holds whole addresses, and the name has no domain, for saslauthd runs without -r"
        change = "set ldap_filter: mail=%u%R, and ldap_default_realm: your mail domain"
    if problem:
        yield found(
            f"ldap_filter {words} finds nobody: {problem}",
            evidence=evidence,
            fix=_restart(ldap, change),
            option="ldap_filter",
        )


@check(
    "LDAP004",
    "ldap-server-unreachable",
    "error",
    rung="verifier",
    role="cause",
    explains=("LDAP005", "LDAP006"),
    fails=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD, "listeners": "127.0.0.1 25 7 sendmail"},
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\n>> ask ldap://127.0.0.1/\nconnect: 127.0.0.1:389 Connection refused",
        },
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_servers: 127.0.0.1"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + "\nldap_scope = sub", "listeners": "127.0.0.1 25 7 x"},
    ],
    passes=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD, "listeners": "0.0.0.0 389 7 slapd"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + _ASK + _BIND},
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\nldap_servers: ldap://ldap.example.com/",
            "listeners": "127.0.0.1 25 7 sendmail",
        },
    ],
    refs=("libsasl: saslauthd/lak.c, lak_connect(); ldap_initialize(3)",),
)
def ldap_server_unreachable(
    conf: SaslConf, verifier: Verifier, ldap: LdapStore, listeners: Listeners | Unknown
) -> Findings:
    """saslauthd asks an LDAP server that nothing answers for.

    Every login is refused; the reason stands in the log at level debug alone ("Can't contact LDAP server").

    Advice: start the directory (slapd), or name the right one in ldap_servers and restart saslauthd.
    """
    if not _asked(conf, verifier) or ldap.missing or any("ldap_servers" in text for _, text, _ in ldap.broken):
        return
    dead: list[tuple[str, Evidence]] = []
    for server in ldap.servers:
        asked = next((a for a in ldap.asked if a.uri == server.uri), None)
        if not server.scheme:
            dead.append((f"{server.uri} is no URI of LDAP", ldap.evidence("ldap_servers")))
        elif asked is not None:
            if asked.refused:
                dead.append((f"{server.uri} does not answer", Evidence(server.uri, asked.refused)))
        elif server.is_own and server.port and isinstance(listeners, Listeners) and not listeners.on(server.port):
            none = Evidence("ss -ltn", f"nothing listens on port {server.port}")
            dead.append((f"nothing listens on port {server.port} of this host", none))
    if dead and len(dead) == len(ldap.servers):
        own = any(s.is_own for s in ldap.servers)
        yield found(
            f"saslauthd cannot reach the LDAP server (slapd): {dead[0][0]}",
            evidence=[ldap.evidence("ldap_servers"), *(e for _, e in dead[:3])],
            fix=[
                inspect("ss -ltnp"),
                Start("slapd", at_boot=True)
                if own
                else edit(ldap.path, "name a server that answers: ldap_servers: ldap://HOST/"),
            ],
            server=ldap.servers[0].uri,
        )


@check(
    "LDAP005",
    "ldap-login-of-saslauthd-refused",
    "error",
    rung="verifier",
    role="cause",
    explains=("LDAP006",),
    fails=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + _ASK + "bind: 49 invalidCredentials"},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + _ASK + "tls: 2 protocolError (unsupported extended)"},
    ],
    passes=[{"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + _ASK + _BIND + "base: 0 success"}],
    refs=("libsasl: saslauthd/lak.c, lak_bind(); RFC 4511: result codes",),
)
def ldap_bind_refused(conf: SaslConf, verifier: Verifier, ldap: LdapStore) -> Findings:
    """The directory refuses the name and password that saslauthd itself binds with.

    No user is ever looked up then. The log says "insufficient access" at level debug alone.

    Advice: correct ldap_bind_dn and ldap_password, then restart saslauthd; code 49 is a wrong password or a name that
    is not there, 34 a name that is no DN, 8 or 13 that TLS is asked for (ldap_start_tls: yes).
    """
    if not _asked(conf, verifier):
        return
    let_in = [a for a in ldap.asked if a.code("bind") == 0]
    if let_in and verifier.proof and not ldap.broken:
        who = ldap.value("ldap_bind_dn") or "nobody (anonymous)"
        said = Evidence(let_in[0].uri, f"bind as {who}: {let_in[0].bind}")
        yield shown(f"saslauthd -a ldap, {let_in[0].uri} lets it in", verifier.proof, said)
    bad = [a for a in ldap.asked if a.code("bind") or (a.tls and a.tls[0].isdigit())]
    if bad and len(bad) == len(ldap.servers):
        first = bad[0]
        what, name = first.bind or first.tls, ldap.value("ldap_bind_dn") or "nobody (anonymous)"
        tls = not first.bind
        wants_tls = first.code("bind") in _WANTS_TLS
        yield found(
            f"{first.uri} refuses {'StartTLS' if tls else f'the bind as {name}'}: {what}",
            evidence=[
                Evidence(first.uri, f"{'tls' if tls else 'bind'}: {what}"),
                ldap.evidence("ldap_start_tls" if tls else "ldap_bind_dn"),
            ],
            fix=_restart(
                ldap,
                "take ldap_start_tls out, or set up TLS in the directory"
                if tls
                else "set ldap_start_tls: yes (or ldaps:// in ldap_servers), and a certificate in the directory:"
                " it takes no password without TLS"
                if wants_tls
                else "correct ldap_bind_dn and ldap_password; try them: ldapwhoami -x -D DN -W",
            ),
            server=first.uri,
        )


@check(
    "LDAP006",
    "ldap-search-finds-nothing",
    "error",
    rung="account",
    role="cause",
    fails=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + _ASK + _BIND + "base: 32 noSuchObject"},
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + _ASK + _BIND + "base: 0 success\nsearch: 0 success entries=0",
        },
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD
            + "\nldap_auth_method: custom"
            + _ASK
            + _BIND
            + "base: 0 success\nsearch: 0 success entries=1 userPassword=no",
        },
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + _ASK + _BIND + "base: 0 success\nsearch: 4 sizeLimitExceeded entries=1",
        },
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _GOOD + _ASK + _BIND},
    ],
    refs=("libsasl: saslauthd/lak.c, lak_search(): exactly one entry must be found",),
)
def ldap_search_finds_nothing(conf: SaslConf, verifier: Verifier, ldap: LdapStore) -> Findings:
    """The directory has no entry that saslauthd's search could find, whatever the name.

    The base does not exist, the scope does not reach the users, the filter asks for an attribute or class that they do
    not have, or the name that saslauthd binds with may not see them.

    Advice: correct ldap_search_base, ldap_scope or ldap_filter, or let ldap_bind_dn read the entries; then restart
    saslauthd.
    """
    if not _asked(conf, verifier):
        return
    if ldap.proof and not ldap.broken:
        yield shown(f"saslauthd -a ldap, {ldap.filter_asked} finds users", ldap.proof)
    bad = [
        a
        for a in ldap.asked
        if a.code("base") or (a.code("search") is not None and not a.entries) or a.search.endswith("=no")
    ]
    if not bad or len(bad) != len(ldap.servers):
        return
    first, base = bad[0], ldap.value("ldap_search_base") or ldap.base_of_ldap_conf or "(none)"
    if first.code("base"):
        what, option = f"the base {base} of its search: {first.base}", "ldap_search_base"
    elif first.search.endswith("=no"):
        attribute = ldap.value("ldap_password_attr", "userPassword")
        what, option = f"{attribute}, which ldap_auth_method custom reads: nobody may see it", "ldap_auth_method"
    else:
        scope = ldap.value("ldap_scope", "sub")
        what, option = f"{ldap.filter_asked} below {base} (scope {scope}): {first.search}", "ldap_filter"
    name = ldap.value("ldap_bind_dn") or "nobody (anonymous)"
    yield found(
        f"saslauthd's search of the directory finds no user: {what}",
        evidence=[
            ldap.evidence(option),
            ldap.evidence("ldap_search_base"),
            Evidence(first.uri, f"as {name}: {first.search or f'base: {first.base}'}"),
        ],
        fix=[
            inspect(
                "ldapsearch -x -H {uri} -b {base} -D {name} -W {filter}",
                uri=first.uri,
                base=base,
                name=ldap.value("ldap_bind_dn"),
                filter=ldap.filter_asked or "(objectClass=*)",
            ),
            *_restart(ldap, f"correct {option}"),
        ],
        option=option,
    )


@check(
    "LDAP007",
    "ldap-tls-settings",
    "error",
    rung="verifier",
    role="cause",
    witnesses=("NET172",),
    fails=[
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\nldap_servers: ldaps://ldap.example.com/\nldap_start_tls: yes",
        },
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\nldap_start_tls: yes\nldap_tls_cacert_file: /etc/ssl/ca.pem\n>> missing: /etc/ssl/ca.pem",
        },
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\nldap_servers: ldaps://127.0.0.1/\nldap_tls_cacert_file: /etc/ssl/ca.pem\n"
            ">> ask ldaps://127.0.0.1/\nconnect: 127.0.0.1:636 ok\ntls: self-signed certificate in chain\n"
            "bind: 0 success",
        },
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\nldap_start_tls: yes\nldap_tls_cacert_file: /etc/ldap/old.pem\n"
            ">> ask ldap://127.0.0.1/\nconnect: 127.0.0.1:389 ok\ntls: unable to get local issuer certificate\n"
            ">> verifies: /etc/ldap/ca.pem",
        },
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\nldap_start_tls: yes\nldap_tls_cacert_file: /etc/ssl/ca.pem",
        },
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _GOOD + "\nldap_tls_cacert_file: /etc/ssl/ca.pem\n>> missing: /etc/ssl/ca.pem",
        },
    ],
    refs=("libsasl: saslauthd/lak.c, lak_connect(): ldap_start_tls_s(), LDAP_OPT_X_TLS_CACERTFILE; ldap.conf(5)",),
)
def ldap_tls_settings(conf: SaslConf, verifier: Verifier, ldap: LdapStore) -> Findings:
    """saslauthd's TLS to the directory cannot work as it is set up.

    StartTLS in a connection that is TLS already fails, and so does one whose CA file is not there or knows nothing of
    the directory's certificate, where certificates are checked.

    Advice: use either ldaps:// or ldap_start_tls, and name the CA that signed the directory's certificate.
    """
    if not _asked(conf, verifier) or ldap.missing or ldap.broken:
        return
    schemes = [s.scheme for s in ldap.servers]
    starts = ldap.on("ldap_start_tls")
    if starts and schemes and all(s == "ldaps" for s in schemes):
        yield found(
            "ldap_start_tls is set, and the server is ldaps://, where TLS has begun already: every bind fails",
            evidence=[ldap.evidence("ldap_start_tls"), ldap.evidence("ldap_servers")],
            fix=_restart(ldap, "take ldap_start_tls out, or write ldap:// in ldap_servers"),
            option="ldap_start_tls",
        )
    unchecked = bool(ldap.value("ldap_tls_check_peer")) and not ldap.on("ldap_tls_check_peer")
    if not (starts or "ldaps" in schemes):
        return
    for option in ("ldap_tls_cacert_file", "ldap_tls_cacert_dir", "ldap_tls_cert", "ldap_tls_key"):
        path = ldap.value(option)
        if path and path in ldap.absent and not (unchecked and "cacert" in option):
            yield found(
                f"{path} ({option}) does not exist, so TLS to the directory fails",
                evidence=[ldap.evidence(option), Evidence(f"ls -l {path}", "No such file or directory")],
                fix=_restart(ldap, f"name a file that exists in {option}"),
                option=option,
            )
            return
    bad = [a for a in ldap.asked if a.tls and a.tls != "ok" and not a.tls[0].isdigit()]
    if bad and len(bad) == len(ldap.servers) and not unchecked:
        yield found(
            f"The certificate of {bad[0].uri} is refused: {bad[0].tls}",
            evidence=[Evidence(bad[0].uri, f"tls: {bad[0].tls}"), ldap.evidence("ldap_tls_cacert_file")],
            fix=[_authority(ldap), Restart("saslauthd")]
            if ldap.verifies
            else _restart(ldap, "name the CA that signed the directory's certificate in ldap_tls_cacert_file"),
            option="ldap_tls_cacert_file",
        )


def _authority(ldap: LdapStore) -> Step:
    """The file by which the directory's certificate was accepted in a handshake."""
    name = "ldap_tls_cacert_file"
    return SetOption(ldap.path, name, ldap.verifies, ldap.value(name))


_BOB_SEARCHED = (
    _GOOD
    + _ASK
    + _BIND
    + "base: 0 success\nsearch: 0 success entries=1\n>> user bob ldap://127.0.0.1/\n"
    + _BIND
    + "base: 0 success\nsearch: 0 success entries="
)


@check(
    "LDAP008",
    "user-not-in-the-directory",
    "warning",
    rung="account",
    role="cause",
    scope=("user",),
    fails=[
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _BOB_SEARCHED + "0",
            "logins": "",
        },
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _BOB_SEARCHED + "2",
            "logins": "",
        },
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _BOB_SEARCHED + "1",
            "logins": "",
        }
    ],
    refs=("libsasl: saslauthd/lak.c, lak_search(): `Entry not found`, `Duplicate entries found`",),
)
def user_not_in_the_directory(
    conf: SaslConf, verifier: Verifier, ldap: LdapStore, logins: Logins, history: LoginHistory | Unknown
) -> Findings:
    """Somebody who tries to log in is not found by saslauthd's search of the directory, or found twice.

    Exactly one entry must be found; the search asks for the name as saslauthd has it, without the domain where it runs
    without -r.

    Advice: have the user log in with the name that the directory has, or make ldap_filter find the name that is sent.
    """
    if not _asked(conf, verifier):
        return
    nobody = isinstance(history, LoginHistory) and bool(history.failed) and not history.succeeded
    for name, said in ldap.users:
        number = said.entries
        if number is None or number == 1:
            continue
        seen = logins.names.get(name.partition("@")[0])
        how = "finds no entry" if number == 0 else "finds more than one entry"
        yield found(
            f"The search for {name}, who tries to log in, {how} ({ldap.filter})",
            evidence=[
                Evidence(said.uri, f"{name}: {said.search}"),
                ldap.evidence("ldap_filter"),
                *([Evidence(logins.path, seen.last)] if seen else []),
            ],
            fix=[
                inspect(
                    "ldapsearch -x -H {uri} -b {base} {filter}",
                    uri=said.uri,
                    base=ldap.value("ldap_search_base"),
                    filter=ldap.filter_asked or "(objectClass=*)",
                ),
                edit(ldap.path, "make ldap_filter find exactly the entry of the name that users send"),
            ],
            severity="error" if nobody else None,
            rung=None,
            direction=None,
            **({"filter": ldap.filter[:80]} if nobody else {"user": name}),
        )


_FOUND = "base: 0 success\nsearch: 0 success entries=1"
_BOB = _GOOD + _ASK + _BIND + _FOUND + "\n>> user bob ldap://127.0.0.1/\nconnect: 127.0.0.1:389 ok\n" + _BIND + _FOUND
_BOB += "\ndn: uid=bob,ou=people,dc=example,dc=com\n"
_TRIES = (
    "Jan  1 01:02:03 mail sm-mta[7]: 1A: AUTH failure (PLAIN): authentication failure (-13) SASL(-13): authentication "
    "failure: checkpass failed, user=bob, relay=[192.0.2.1]"
)


@check(
    "LDAP009",
    "user-locked-in-the-directory",
    "error",
    rung="account",
    role="cause",
    scope=("user",),
    fails=[
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _BOB + f"state: {state}", "logins": _TRIES}
        for state in (
            "000001010000Z of pwdAccountLockedTime",
            "20261122080000Z of pwdAccountLockedTime",
            "TRUE of nsAccountLock",
            "514 of userAccountControl",
            "133456789012345678 of lockoutTime",
            "0 of pwdLastSet",
        )
    ],
    passes=[
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _BOB + "state: set of pwdChangedTime\npolicy: yes",
            "logins": _TRIES,
        },
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _BOB + "state: 512 of userAccountControl", "logins": _TRIES},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _BOB + "state: 0 of lockoutTime", "logins": _TRIES},
        {"conf": _CONF, "verifier": _BY_LDAP, "ldap": _BOB, "logins": _TRIES},
        {
            "conf": _CONF,
            "verifier": _BY_LDAP,
            "ldap": _BOB.replace("ldap_filter", "ldap_auth_method: custom\nldap_filter")
            + "state: TRUE of nsAccountLock",
            "logins": _TRIES,
        },
    ],
    refs=(
        "OpenLDAP: servers/slapd/overlays/ppolicy.c, account_locked(): the bind fails with 49 as for a wrong password; "
        "slapo-ppolicy(5)",
        "libsasl: saslauthd/lak.c, lak_auth_bind(): the bind alone decides; shadowExpire does not count",
    ),
)
def user_locked_in_the_directory(
    conf: SaslConf, verifier: Verifier, ldap: LdapStore, logins: Logins, history: LoginHistory | Unknown
) -> Findings:
    """Somebody who tries to log in has an account that the directory has locked.

    saslauthd binds with the user's name and password, and the directory refuses a locked account as it refuses a wrong
    password: "Invalid credentials (49)".

    Advice: unlock the account in the directory: delete pwdAccountLockedTime (OpenLDAP) or nsAccountLock (389, FreeIPA)
    of its entry, enable it (Active Directory). Find the device that still sends the old password first.
    """
    if not _asked(conf, verifier) or ldap.method == "custom":
        return
    others = isinstance(history, LoginHistory) and history.succeeded
    for name, said in ldap.users:
        seen = logins.names.get(name.partition("@")[0])
        attribute, value, words = said.lock
        if attribute:
            yield found(
                f"{name} tries to log in, and the account is {words} in the directory: {attribute} is {value}",
                evidence=[
                    Evidence(said.uri, f"{said.dn}: {attribute}: {value}"),
                    *([Evidence(logins.path, seen.last)] if seen else []),
                ],
                fix=[
                    inspect(
                        "ldapsearch -x -H {uri} -b {dn} -s base {attribute}",
                        uri=said.uri,
                        dn=said.dn,
                        attribute=attribute,
                    ),
                    _unlocking(attribute, said.uri, said.dn, name),
                ],
                severity="warning" if others else None,
                user=name,
            )
        elif said.entries == 1 and said.has_policy and not said.state:
            who = ldap.value("ldap_bind_dn") or "nobody (anonymous)"
            yield Unknown(
                f"whether {name} is locked (pwdAccountLockedTime) may not be seen by {who} in {said.uri}",
                "ask as the directory's administrator: ldapsearch … pwdAccountLockedTime",
            )


def _unlocking(attribute: str, uri: str, dn: str, name: str) -> Step:
    if attribute in ("userAccountControl", "lockoutTime", "pwdLastSet"):
        verb = {"userAccountControl": "enable", "lockoutTime": "unlock"}.get(attribute, "setpassword")
        return by_hand(f"samba-tool user {verb} {{name}}, or in Active Directory Users and Computers", name=name)
    return by_hand(
        "printf 'dn: %s\\nchangetype: modify\\ndelete: {attribute}\\n' {dn} | ldapmodify -x -H {uri} -D ADMIN_DN -W",
        attribute=attribute,
        dn=dn,
        uri=uri,
    )

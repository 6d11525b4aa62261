"""MAP: logins at other servers, as far as this host's own files and log tell. What the other server says to them is
judged in wire_hub.py."""

import re

from maildoctor.api import BuildMap, Evidence, Findings, Unknown, check, edit, found, known, private, rebuild
from maildoctor.api.cyrus import Plugins
from maildoctor.api.host import LoginHistory, Logins, Names, own_name
from maildoctor.api.sendmail import (
    MailMap,
    MailMaps,
    SendmailCf,
    SendmailProgram,
    client_entries,
    client_login,
    consulted,
    consulted_entries,
    entry_for,
    looked_up,
)

_ENTRY = 'entry: authinfo:hub.example.com\t"U:relay" "P:***"\n'
_AUTHINFO = "[map authinfo] hash /etc/mail/authinfo\n-rw------- root root /etc/mail/authinfo.db\n"
_ACCESS = "[map access] hash /etc/mail/access\n-rw-r--r-- root root /etc/mail/access.db\n"
_CLOSED = "[map access] hash /etc/mail/access\n-rw------- root root /etc/mail/access.db\n"
_PLUGINS = (
    "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so.2\n"
    "ELF 64-bit LSB shared object, x86-64, soname libplain.so.2"
)
_WITHOUT = "Oct  4 10:11:12 mail sm-mta[1]: AUTH=client, relay=mx1.example.com., mech=, bits=0"


def _keys(m: MailMap) -> str:
    return ", ".join(sorted(e.key for e in client_entries(m))[:4])


@check(
    "MAP009",
    "authinfo-not-named",
    "error",
    rung="account",
    role="cause",
    direction="relay",
    fails=[
        {"cf": "DShub.example.com", "maps": _AUTHINFO.replace("map ", "unnamed ", 1) + _ENTRY},
        {"cf": "Kaccess hash /etc/mail/access", "maps": _AUTHINFO.replace("map ", "unnamed ", 1) + _ENTRY},
    ],
    passes=[
        {"cf": "Kauthinfo hash /etc/mail/authinfo", "maps": _AUTHINFO + _ENTRY},
        {"cf": "Kaccess hash /etc/mail/access", "maps": _ACCESS + _ENTRY},
        {
            "cf": "Kaccess hash /etc/mail/access",
            "maps": _CLOSED + _ENTRY + _AUTHINFO.replace("map ", "unnamed ", 1) + _ENTRY,
        },
    ],
    refs=("sendmail: cf/m4/proto.m4, ruleset authinfo; cf/feature/authinfo.m4",),
)
def authinfo_not_named(cf: SendmailCf, maps: MailMaps) -> Findings:
    """There is a file of logins for other servers, but sendmail.cf does not name it, so it is never read.

    Without FEATURE(`authinfo') sendmail looks for AuthInfo: entries in the access map. Mail goes out without a login,
    and nothing in the log tells why.

    Advice: add FEATURE(`authinfo') to sendmail.mc, rebuild sendmail.cf and restart sendmail.
    """
    asked = consulted_entries(cf, maps)
    served = {e.key.lower() for e in asked[1]} if asked else set[str]()
    for m in maps.unnamed:
        if {e.key.lower() for e in client_entries(m)} <= served:
            continue
        instead = consulted(cf)
        lookup = f"asks the map {instead.name} ({instead.path}) instead" if instead else "asks no map at all"
        yield found(
            f"{m.path} holds logins ({_keys(m)}), but sendmail.cf does not name this map: ruleset authinfo {lookup}",
            evidence=[
                *([seen.evidence] if (seen := m.built or m.source) else []),
                Evidence(cf.path, "no line that begins with Kauthinfo"),
            ],
            fix=rebuild(cf.path, "FEATURE(`authinfo', `hash {map}')dnl", map=m.path),
            severity=None if cf.smart_host else "warning",
            file=m.path,
        )


@check(
    "MAP010",
    "authinfo-tag-ignored",
    "warning",
    rung="account",
    role="note",
    direction="relay",
    scope=("map",),
    fails=[{"cf": "Kauthinfo hash /etc/mail/authinfo\nKaccess hash /etc/mail/access", "maps": _CLOSED + _ENTRY}],
    passes=[
        {"cf": "Kaccess hash /etc/mail/access", "maps": _CLOSED + _ENTRY},
        {
            "cf": "Kauthinfo hash /etc/mail/authinfo\nKaccess hash /etc/mail/access",
            "maps": _CLOSED + _ENTRY + _AUTHINFO + _ENTRY,
        },
    ],
    refs=("sendmail: cf/m4/proto.m4, ruleset authinfo",),
)
def authinfo_tag_ignored(cf: SendmailCf, maps: MailMaps) -> Findings:
    """The access map has AuthInfo: entries, but with FEATURE(`authinfo') only the authinfo map is asked for them.

    Advice: move the entries into the authinfo map and rebuild both maps, or drop FEATURE(`authinfo').
    """
    access, authinfo = maps.named("access"), maps.named("authinfo")
    if access is None or "authinfo" not in cf.maps:
        return
    served = {e.key.lower() for e in client_entries(authinfo)} if authinfo else set[str]()
    lost = [e for e in client_entries(access) if e.key.lower() not in served]
    if lost:
        line = cf.maps["authinfo"].line
        yield found(
            f"{', '.join(e.key for e in lost[:4])} in the access map: never looked up there, because sendmail.cf has"
            " an authinfo map",
            evidence=[
                *(Evidence(access.path, f"{e.key} {e.shape}".rstrip()) for e in lost[:4]),
                Evidence(f"{cf.path}:{line}", f"Kauthinfo {cf.maps['authinfo'].type} {cf.maps['authinfo'].arguments}"),
            ],
            map="access",
        )


@check(
    "MAP011",
    "readable-passwords-in-access-map",
    "warning",
    rung="account",
    role="risk",
    direction="relay",
    scope=("map",),
    fails=[{"maps": _ACCESS + _ENTRY}],
    passes=[{"maps": _CLOSED + _ENTRY}, {"maps": _ACCESS}],
    refs=('sendmail: cf/README, "the map must not be readable by untrusted users"',),
)
def readable_passwords_in_access_map(maps: MailMaps) -> Findings:
    """The access map holds passwords for other servers, and every user of this system can read it.

    Access maps are commonly world-readable, and sendmail does not mind.

    Advice: chmod 600 for the map and for its source, or keep the entries in an authinfo map (FEATURE(`authinfo')).
    """
    access = maps.named("access")
    if access is None or not client_entries(access):
        return
    open_ = [x for x in (access.source, access.built) if x is not None and x.kind == "-" and x.mode & 0o004]
    if open_:
        yield found(
            f"{' and '.join(x.path for x in open_)}: world-readable, with AuthInfo entries ({_keys(access)}), which"
            " hold passwords",
            evidence=[x.evidence for x in open_],
            fix=[private(open_)],
            map="access",
        )


@check(
    "MAP012",
    "authinfo-without-a-mechanism",
    "error",
    rung="mechanism",
    role="derived",
    direction="relay",
    fails=[
        {
            "cf": "Kauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + 'entry: authinfo:hub.example.com\t"U:relay" "P:***" "M:PLAIN,LOGIN"',
            "plugins": _PLUGINS,
        },
        {
            "cf": "Kauthinfo hash /etc/mail/authinfo\nO AuthMechanisms=GSSAPI",
            "maps": _AUTHINFO + _ENTRY,
            "plugins": _PLUGINS,
        },
    ],
    passes=[
        {
            "cf": "Kauthinfo hash /etc/mail/authinfo\nO AuthMechanisms=CRAM-MD5",
            "maps": _AUTHINFO + 'entry: authinfo:hub.example.com\t"U:relay" "P:***" "M:PLAIN LOGIN"',
            "plugins": _PLUGINS,
        },
        {
            "cf": "Kauthinfo hash /etc/mail/authinfo\nO AuthMechanisms=PLAIN",
            "maps": _AUTHINFO + _ENTRY,
            "plugins": _PLUGINS,
        },
    ],
    refs=("sendmail: sendmail/usersmtp.c, smtpauth(): M: or AuthMechanisms, cut by what the server offers",),
)
def authinfo_without_a_mechanism(
    cf: SendmailCf, maps: MailMaps, plugins: Plugins, names: Names | Unknown, program: SendmailProgram | Unknown
) -> Findings:
    """An entry of authinfo leaves no mechanism that this host could log in by.

    The mechanisms are those of the entry's M:, else AuthMechanisms, as far as a plug-in for them loads; the names are
    separated by blanks. With none left sendmail breaks the connection off and the mail stays in the queue.

    Advice: name mechanisms in M: that are installed here and that the other server offers, then rebuild the map.
    """
    asked = consulted_entries(cf, maps)
    if asked is None or not plugins.plugins:
        return
    realm = own_name(cf, names, known(program)) if isinstance(names, Names) else "(of this host)"
    m, entries = asked
    for entry in entries:
        login = client_login(entry, cf, plugins, realm)
        if login is None or login.loadable:
            continue
        odd = next((w for w in login.mechanisms if not re.fullmatch(r"[A-Z0-9_-]+", w)), "")
        why = f"{odd[:40]} is no mechanism: separate the names with blanks" if odd else "no plug-in for any loads"
        source = "its M:" if login.own_list else "AuthMechanisms"
        yield found(
            f"{entry.key} in {m.path} asks for {' '.join(login.mechanisms)[:80]} ({source}), and {why}",
            evidence=[
                Evidence(m.path, f"{entry.key} {entry.shape}"),
                Evidence("ruleset authinfo", login.words),
                Evidence("plug-ins", f"load: {' '.join(plugins.mechanisms) or 'none'}"),
            ],
            key=entry.key[:80],
        )


_PLAIN_ONLY = 'entry: authinfo:hub.example.com\t"U:relay" "P:***" "M:PLAIN"'
_UNFIT = (
    "Oct  4 10:11:12 mail sm-mta[1]: 6A1: AUTH=client, available mechanisms= do not fulfill requirements\n"
    "Oct  4 10:11:12 mail sm-mta[1]: AUTH=client, relay=hub.example.com., temporary failure, connection abort"
)


@check(
    "MAP027",
    "authinfo-mechanisms-unfit",
    "error",
    rung="offer",
    role="cause",
    direction="relay",
    witnesses=("SASL131", "SASL132"),
    fails=[
        {"cf": "Kauthinfo hash /etc/mail/authinfo", "maps": _AUTHINFO + _PLAIN_ONLY, "history": _UNFIT},
        {
            "cf": "Kauthinfo hash /etc/mail/authinfo\nO AuthMechanisms=GSSAPI",
            "maps": _AUTHINFO + _ENTRY,
            "history": _UNFIT,
        },
    ],
    passes=[
        {
            "cf": "Kauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + _PLAIN_ONLY,
            "history": _UNFIT
            + "\nOct  4 10:12:12 mail sm-mta[2]: AUTH=client, relay=hub.example.com., mech=PLAIN, bits=0",
        },
        {"cf": "Kauthinfo hash /etc/mail/authinfo", "maps": _AUTHINFO + _PLAIN_ONLY, "history": ""},
        {"cf": "Kauthinfo hash /etc/mail/authinfo", "maps": _AUTHINFO, "history": _UNFIT},
    ],
    refs=(
        "sendmail: sendmail/usersmtp.c, smtpauth(): the offer is cut to M:, else to AuthMechanisms; attemptauth():"
        " `available mechanisms=… do not fulfill requirements`, with those that are left",
    ),
)
def authinfo_mechanisms_unfit(
    cf: SendmailCf,
    maps: MailMaps,
    history: LoginHistory,
    plugins: Plugins | Unknown,
    names: Names | Unknown,
    program: SendmailProgram | Unknown,
) -> Findings:
    """The other server offers none of the mechanisms to which M: of its authinfo entry, or AuthMechanisms, limits them.

    Sendmail breaks the connection off and the mail stays in the queue ("Deferred: Temporary AUTH failure"). How-tos
    for one provider often have M:PLAIN, which another server offers in TLS only, or not at all.

    Advice: take "M:…" out of the entry, so that all mechanisms of AuthMechanisms may be used, or name one that the
    other server offers (swaks --server HOST --quit-after EHLO --tls shows it); rebuild the map.
    """
    asked = consulted_entries(cf, maps)
    if asked is None:
        return
    m, entries = asked
    realm = own_name(cf, names, known(program)) if isinstance(names, Names) else "(of this host)"
    for relay, line in history.unfit.items():
        entry = entry_for(looked_up(relay, "", parents=m.name != "authinfo"), entries)
        login = client_login(entry, cf, known(plugins) or Plugins.parse(""), realm) if entry else None
        if entry is None or login is None:
            continue
        own = login.own_list
        wanted = " ".join(login.mechanisms)[:80]
        yield found(
            f"{relay} offers none of the mechanisms that {entry.key} in {m.path} may use: "
            + (f"its M: allows {wanted} only" if own else f"AuthMechanisms allows {wanted} only"),
            evidence=[Evidence(history.path, line), Evidence(m.path, f"{entry.key} {entry.shape}")],
            fix=[
                edit(
                    m.path, "take the item M: out of the entry {key}, or name a mechanism of the server", key=entry.key
                ),
                BuildMap(m.type, m.path),
            ]
            if own
            else rebuild(cf.path, "add a mechanism of the server to confAUTH_MECHANISMS"),
            key=entry.key[:80],
        )


@check(
    "MAP013",
    "handed-over-without-login",
    "warning",
    rung="account",
    role="symptom",
    direction="relay",
    fails=[
        {
            "cf": "DSexample.com\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + 'entry: authinfo:example.com\t"U:relay" "P:***"',
            "logins": _WITHOUT,
        }
    ],
    passes=[
        {"cf": "DSexample.com\nKauthinfo hash /etc/mail/authinfo", "maps": _AUTHINFO, "logins": _WITHOUT},
        {"cf": "Kauthinfo hash /etc/mail/authinfo", "maps": _AUTHINFO + _ENTRY, "logins": _WITHOUT},
        {
            "cf": "DSexample.com\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + 'entry: authinfo:mx1.example.com\t"U:relay" "P:***"',
            "logins": _WITHOUT,
        },
        {
            "cf": "DSexample.com\nKauthinfo hash /etc/mail/authinfo",
            "maps": _AUTHINFO + 'entry: authinfo:mx2.example.com\t"U:relay" "P:***"',
            "logins": _WITHOUT + "\n" + _WITHOUT.replace("mx1", "mx2").replace("mech=,", "mech=PLAIN,"),
        },
    ],
    refs=("sendmail: sendmail/deliver.c and usersmtp.c, getauth(): {server_name} is the name behind the MX record",),
)
def handed_over_without_login(cf: SendmailCf, maps: MailMaps, logins: Logins) -> Findings:
    """The log says that mail went to the smart host's server without a login, and authinfo has no entry by its name.

    Sendmail looks for the name that the smart host's MX record leads to (relay= in the log), not for the name in
    SMART_HOST. `mech=, bits=0` in a line of AUTH=client is no success: it means that there was no login.

    Advice: make the key of the entry AuthInfo: and the name that stands in relay=, rebuild the map, or put the smart
    host in [brackets] so that its MX records are not asked.
    """
    asked = consulted_entries(cf, maps)
    if asked is None or not asked[1] or cf.smart_host is None or any(s.mech for s in logins.handed_over.values()):
        return
    m, entries = asked
    if any(re.fullmatch(r"authinfo:(\[?[0-9a-f:.]+\]?|ipv6:.*)?", e.key.lower()) for e in entries):
        return  # by the address, which the log does not tell
    for sent in logins.handed_over.values():
        if entry_for(looked_up(sent.relay, "", parents=m.name != "authinfo"), entries):
            continue
        yield found(
            f"Mail went to {sent.relay} without a login: {m.path} has {_keys(m)}, and no AuthInfo:{sent.relay}",
            evidence=[
                Evidence(logins.path, sent.line),
                Evidence(f"{cf.path}:{cf.smart_host.line}", f"DS{cf.smart_host.host}"),
            ],
            fix=[edit(m.path, 'AuthInfo:{host} "U:user" "P:password"', host=sent.relay)],
            relay=sent.relay[:80],
        )
        return
